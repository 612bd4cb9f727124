"""What is asked of who changes a calendar: the days of an announcement, and what becomes of promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.calendars import DayChange
from agencies.models import Calendar, CalendarDay
from dossiers.models import CalendarChange
from dossiers.services import calendar_changing
from dossiers.services.calendar_changing import Decision

if TYPE_CHECKING:
    from collections.abc import Mapping

REMOVE = "remove"
KINDS = [
    ("", _("Chọn loại")),
    (CalendarDay.Kind.HOLIDAY.value, _("Nghỉ lễ, tết")),
    (CalendarDay.Kind.SWAPPED_OFF.value, _("Nghỉ hoán đổi")),
    (CalendarDay.Kind.MAKE_UP.value, _("Làm bù")),
    (REMOVE, _("Bỏ, trở lại như ngày thường")),
]


def _date(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        input_formats=["%Y-%m-%d", "%d/%m/%Y"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": _("Hãy ghi ngày như 31/08/2026.")},
    )


class DayForm(forms.Form):
    """One day of the announcement; a row left empty is no day."""

    on = _date(_("Ngày"))
    kind = forms.ChoiceField(label=_("Trở thành"), required=False, choices=KINDS)
    name = forms.CharField(
        label=_("Tên gọi"), required=False, max_length=200,
        widget=forms.TextInput(attrs={"placeholder": _("ví dụ: nghỉ hoán đổi dịp 2/9")}),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        super().clean()
        given = self.cleaned_data
        if any(given.get(name) for name in ("on", "kind", "name")):
            if not given.get("on") and "on" not in self.errors:
                self.add_error("on", _("Hãy ghi ngày."))
            if not given.get("kind") and "kind" not in self.errors:
                self.add_error("kind", _("Hãy chọn loại ngày."))
        return given

    def change(self) -> DayChange | None:
        """Return the day as the service takes it, None for an empty row."""
        given = self.cleaned_data
        if not given.get("on"):
            return None
        if given["kind"] == REMOVE:
            return DayChange(given["on"], "")
        return DayChange(given["on"], given["kind"], given["name"].strip())


class DayFormSet(forms.BaseFormSet):  # type: ignore[type-arg] # not generic at run time
    """The days together: each must change the calendar, and none stands twice."""

    def days_of(self, calendar: Calendar) -> list[DayChange]:
        """Return the days; what is wrong with one stands on its row. Runs one query."""
        rows = [(form, form.change()) for form in self.forms]
        given = [(form, day) for form, day in rows if day is not None]
        days = [day for _form, day in given]
        for place, text in calendar_changing.faults_of(calendar, days).items():
            form, day = given[place]
            form.add_error("name" if day.kind and not day.name else "on", text)
        return days


DAY_ROWS = 4
DayRows = forms.formset_factory(
    DayForm,
    formset=DayFormSet,
    extra=DAY_ROWS,
    max_num=calendar_changing.MOST_DAYS,
    absolute_max=calendar_changing.MOST_DAYS,
    validate_max=True,
)


class AnnouncementForm(forms.Form):
    """The announcement the days come from, and the calendar they change."""

    number = forms.CharField(
        label=_("Số văn bản công bố"), max_length=120,
        help_text=_("Ví dụ 7459/TB-BNV. Số này đứng ở từng ngày của lịch và trên giấy hẹn mới."),
        error_messages={"required": _("Hãy ghi số văn bản công bố.")},
    )  # fmt: skip
    announced_on = _date(_("Ngày văn bản"))
    calendar = forms.ModelChoiceField(
        Calendar.objects.order_by("pk"), label=_("Lịch"), empty_label=None
    )

    def __init__(self, data: Mapping[str, Any] | None = None, **rest: Any) -> None:
        super().__init__(data, **rest)
        self.fields["announced_on"].required = True
        self.fields["announced_on"].error_messages["required"] = _("Hãy ghi ngày văn bản.")
        field = self.fields["calendar"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        known = list(field.queryset or ())
        if len(known) == 1:
            # One calendar for the whole province: nobody has to choose it.
            field.initial, field.widget = known[0].pk, forms.HiddenInput()


class DecisionForm(forms.Form):
    """What becomes of the promises that the change touches: by default every one stands."""

    later = forms.ChoiceField(
        label=_("Hồ sơ mà lịch mới cho ngày hẹn muộn hơn"),
        choices=[
            (CalendarChange.Choice.KEEP.value, _("Giữ ngày đã hẹn với người dân")),
            (CalendarChange.Choice.MOVE.value, _("Dời muộn hơn, in giấy hẹn mới và báo người nộp")),
        ],
        widget=forms.RadioSelect,
        initial=CalendarChange.Choice.KEEP,
    )
    later_confirmed = forms.BooleanField(
        label=_("Tôi biết người dân sẽ nhận kết quả muộn hơn ngày đã hẹn"), required=False
    )
    later_reason = forms.CharField(
        label=_("Vì sao dời muộn hơn"), required=False, max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Chỉ ghi khi dời muộn hơn; câu này đứng trong diễn biến của từng hồ sơ."),
    )  # fmt: skip
    earlier = forms.ChoiceField(
        label=_("Hồ sơ mà lịch mới cho ngày hẹn sớm hơn"),
        choices=[
            (CalendarChange.Choice.KEEP.value, _("Giữ ngày đã hẹn với người dân")),
            (CalendarChange.Choice.MOVE.value, _("Dời sớm hơn, in giấy hẹn mới và báo người nộp")),
        ],
        widget=forms.RadioSelect,
        initial=CalendarChange.Choice.KEEP,
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        may_move: bool,
        has_later: bool,
        has_earlier: bool,
        **rest: Any,
    ) -> None:
        super().__init__(data, **rest)
        if not (may_move and has_later):
            for name in ("later", "later_confirmed", "later_reason"):
                del self.fields[name]
        if not (may_move and has_earlier):
            del self.fields["earlier"]

    def clean(self) -> dict[str, Any]:
        super().clean()
        given = self.cleaned_data
        if given.get("later") == CalendarChange.Choice.MOVE:
            if not given.get("later_confirmed"):
                self.add_error("later_confirmed", _("Hãy đánh dấu nếu vẫn dời muộn hơn."))
            if not given.get("later_reason") and "later_reason" not in self.errors:
                self.add_error("later_reason", _("Hãy ghi vì sao dời ngày hẹn muộn hơn."))
        return given

    def decision(self) -> Decision:
        """Return what was chosen; what was not asked is kept."""
        given, keep = self.cleaned_data, CalendarChange.Choice.KEEP.value
        return Decision(
            earlier=given.get("earlier", keep),
            later=given.get("later", keep),
            later_reason=given.get("later_reason", ""),
        )
