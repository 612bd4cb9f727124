"""The forms of the reform office: one step with its branches, the decision, a sheet of steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency
from dossiers.step_plans import Branch
from dossiers.step_sheets import (
    MOST_BYTES,
    read_branches,
    read_hours,
    write_branches,
    write_hours,
)
from dossiers.workflow import State
from procedures.models import Procedure, ProcedureCase, ProcedureVersion
from procedures.process_models import InternalProcess, Step, StepUnit

if TYPE_CHECKING:
    import datetime as dt


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        input_formats=["%Y-%m-%d", "%d/%m/%Y"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )


class HoursField(forms.CharField):
    """Working time typed in hours ("1,5"), given as whole minutes or None."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(max_length=12, **rest)
        self.widget.attrs["inputmode"] = "decimal"

    def clean(self, value: Any) -> int | None:
        """Return minutes; a blank field that may be blank gives None."""
        text: str = super().clean(value)
        try:
            return read_hours(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class StepForm(forms.ModelForm):  # type: ignore[type-arg] # not generic at run time
    """One step of a draft."""

    state = forms.ChoiceField(label=_("Trạng thái hồ sơ"))
    hours_in_person = HoursField(label=_("Giờ làm việc, nộp trực tiếp"))
    hours_online = HoursField(
        label=_("Giờ làm việc, nộp trực tuyến"),
        required=False,
        help_text=_("Để trống: như nộp trực tiếp."),
    )
    hours_post = HoursField(
        label=_("Giờ làm việc, nộp qua bưu chính"),
        required=False,
        help_text=_("Để trống: như nộp trực tiếp."),
    )
    branches = forms.CharField(
        label=_("Bước tiếp theo"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_(
            "Mỗi dòng một nhánh: “KY” đi tiếp, “KY: khi đủ điều kiện” có điều kiện, “+Y1” song "
            "song, “<TD: làm lại” trả lại bước trước. Bước cuối để trống."
        ),
    )

    class Meta:
        model = Step
        fields = [
            "code", "name", "role", "unit", "agency", "state", "hours_in_person", "hours_online",
            "hours_post", "branches", "input_paper", "output_paper", "sign_type", "may_pause",
            "takes_fee",
        ]  # fmt: skip

    def __init__(
        self, draft: InternalProcess, data: Any = None, *, step: Step | None = None
    ) -> None:
        self.draft = draft
        initial: dict[str, Any] = {}
        if step is not None:
            initial = {
                "hours_in_person": write_hours(step.minutes_in_person),
                "hours_online": write_hours(step.minutes_online),
                "hours_post": write_hours(step.minutes_post),
                "branches": write_branches(
                    Branch(b.to.code, b.kind, b.condition)
                    for b in step.branches.select_related("to")
                ),
            }
        super().__init__(data, instance=step, initial=initial)
        state = self.fields["state"]
        agency = self.fields["agency"]
        assert isinstance(state, forms.ChoiceField)  # noqa: S101 - declared above
        assert isinstance(agency, forms.ModelChoiceField)  # noqa: S101 - of the model
        state.choices = [("", "–"), *((s.value, s.label) for s in State if s is not State.DRAFT)]
        agency.queryset = Agency.objects.order_by("name_sort", "pk")
        agency.to_field_name = "code"
        agency.empty_label = _("Không nêu")
        if step is not None and step.agency is not None:
            self.initial["agency"] = step.agency.code

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if self.draft.steps.exclude(pk=self.instance.pk).filter(code=code).exists():
            raise forms.ValidationError(_("Mã bước này đã có."))
        return code

    def clean_branches(self) -> tuple[Branch, ...]:
        try:
            return read_branches(self.cleaned_data["branches"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def clean(self) -> dict[str, Any]:
        """Ask for an agency where one is to be named, and for none elsewhere."""
        super().clean()
        given = self.cleaned_data
        is_named = given.get("unit") == StepUnit.NAMED
        if is_named and given.get("agency") is None and "agency" not in self.errors:
            self.add_error("agency", _("Hãy chọn cơ quan khi đơn vị là “cơ quan nêu tên”."))
        if not is_named:
            given["agency"] = None
        return given

    def filled(self) -> Step:
        """Return the step as typed, not saved."""
        step: Step = self.save(commit=False)
        step.minutes_in_person = self.cleaned_data["hours_in_person"] or 0
        step.minutes_online = self.cleaned_data["hours_online"]
        step.minutes_post = self.cleaned_data["hours_post"]
        return step


class DraftForm(forms.Form):
    """For which procedure and case a process is drafted."""

    procedure = forms.CharField(label=_("Mã thủ tục"), max_length=30)
    case = forms.CharField(
        label=_("Mã trường hợp"),
        max_length=40,
        required=False,
        help_text=_("Để trống: mọi trường hợp."),
    )

    def __init__(self, today: dt.date, data: Any = None) -> None:
        super().__init__(data)
        self.today = today
        self.version: ProcedureVersion | None = None
        self.chosen_case: ProcedureCase | None = None

    def clean_procedure(self) -> str:
        code: str = self.cleaned_data["procedure"].strip()
        procedure = Procedure.objects.filter(code=code, offering__isnull=False).first()
        if procedure is not None:
            self.version = procedure.versions.valid_on(self.today).first()
        if self.version is None:
            raise forms.ValidationError(_("Tỉnh không tiếp nhận thủ tục này."))
        return code

    def clean_case(self) -> str:
        code: str = self.cleaned_data["case"].strip()
        if code and self.version is not None:
            self.chosen_case = self.version.cases.filter(code=code).first()
            if self.chosen_case is None:
                raise forms.ValidationError(_("Thủ tục không có trường hợp này."))
        return code


class FeeRuleForm(forms.ModelForm):  # type: ignore[type-arg] # not generic at run time
    """When the fee is collected in a process."""

    class Meta:
        model = InternalProcess
        fields = ["fee_rule"]


class PublishForm(forms.Form):
    """The decision that approves a process, and from when it binds."""

    decision_number = forms.CharField(label=_("Quyết định phê duyệt số"), max_length=60)
    decision_on = _day(_("Ngày quyết định"))
    valid_from = _day(_("Áp dụng từ ngày"))


class SheetForm(forms.Form):
    """A sheet of steps that replaces those of a draft."""

    sheet = forms.FileField(
        label=_("Bảng bước (CSV)"),
        help_text=_("Cột như trong bảng tải về; thay toàn bộ bước của bản nháp."),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )

    def clean_sheet(self) -> bytes:
        """Return the content; larger than any process it is not even read."""
        sheet = self.cleaned_data["sheet"]
        if sheet.size > MOST_BYTES:
            raise forms.ValidationError(_("Tệp quá lớn."))
        content: bytes = sheet.read()
        return content
