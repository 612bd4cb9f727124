"""What each act asks for: one form per act, read by the pages and by the API alike.

A form gives typed data to its service and holds no rule of its own; whether the act is open is
asked before (dossiers.workflow). An act without a form here is not built yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.roles import Role
from agencies.models import Officer
from dossiers.models import Delivery, DossierDocument, ResultChannel
from dossiers.services import closing, intake, processing
from dossiers.services.intake import Paper
from dossiers.workflow import Act

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dossiers.models import Dossier

REASON_LENGTH = 2000
MAX_LINES = 100


class LinesField(forms.Field):
    """A list of short texts: a JSON list from the API, one a line from a page."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> list[str]:
        if value in (None, ""):
            return []
        lines = value if isinstance(value, list) else str(value).splitlines()
        if any(not isinstance(line, str) for line in lines):
            raise forms.ValidationError(_("Mỗi dòng là một đoạn chữ."))
        cleaned = [line.strip() for line in lines if line.strip()]
        if len(cleaned) > MAX_LINES or any(len(line) > REASON_LENGTH for line in cleaned):
            raise forms.ValidationError(
                _("Nhiều nhất %(lines)s dòng, mỗi dòng tới %(length)s ký tự."),
                params={"lines": MAX_LINES, "length": REASON_LENGTH},
            )
        if any("\x00" in line for line in cleaned):
            raise forms.ValidationError(_("Có ký tự không đọc được."))
        return cleaned


def _text(label: Any, *, required: bool = False, length: int = REASON_LENGTH) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=length,
        widget=forms.Textarea(attrs={"rows": 3}) if length >= REASON_LENGTH else forms.TextInput,
    )


class ActForm(forms.Form):
    """The data of one act on one dossier."""

    act: ClassVar[Act]
    service: ClassVar[Any]

    def __init__(self, dossier: Dossier, data: Mapping[str, Any] | None = None) -> None:
        self.dossier = dossier
        super().__init__(data)

    def perform(self, *, by: Officer, version: int | None) -> Dossier:
        """Do the act with the cleaned data; raises what the service raises."""
        done: Dossier = type(self).service(
            self.dossier, by=by, version=version, **self.cleaned_data
        )
        return done


class SubmitForm(ActForm):
    act = Act.SUBMIT
    service = staticmethod(intake.submit_draft)


class RegisterForm(ActForm):
    act = Act.REGISTER
    service = staticmethod(intake.submit_draft)


class ReceiveForm(ActForm):
    act = Act.RECEIVE
    service = staticmethod(intake.receive)
    due_on = forms.DateField(
        label=_("Ngày hẹn trả do cán bộ ấn định"),
        required=False,
        help_text=_("Chỉ khi thủ tục không quy định thời hạn."),
    )
    reason = _text(_("Lý do ấn định"), length=500)  # as long as the dossier's own column


class SettleAtOnceForm(ActForm):
    act = Act.SETTLE_AT_ONCE
    service = staticmethod(intake.settle_at_once)
    result_number = _text(_("Số kết quả"), length=60)


class RequestCompletionForm(ActForm):
    act = Act.REQUEST_COMPLETION
    service = staticmethod(intake.request_completion)
    reason = _text(_("Lý do"), required=True)
    items = LinesField(
        label=_("Giấy tờ cần hoàn thiện"),
        required=False,
        help_text=_("Mỗi dòng một giấy tờ. Nêu đủ trong một lần."),
    )
    reply_by = forms.DateField(label=_("Hạn hoàn thiện"), required=False)


class ResubmitForm(ActForm):
    act = Act.RESUBMIT
    service = staticmethod(intake.resubmit)
    papers = LinesField(
        label=_("Giấy tờ nhận thêm"), required=False, help_text=_("Mỗi dòng một giấy tờ.")
    )

    def clean_papers(self) -> list[Paper]:
        return _papers(self.cleaned_data["papers"])


class RefuseForm(ActForm):
    act = Act.REFUSE
    service = staticmethod(intake.refuse)
    reason = _text(_("Lý do và căn cứ pháp lý"), required=True)


class TransferForm(ActForm):
    act = Act.TRANSFER
    service = staticmethod(processing.transfer)
    note = _text(_("Ghi chú bàn giao"))


class AssignForm(ActForm):
    act = Act.ASSIGN
    service = staticmethod(processing.assign)
    assignee = forms.ChoiceField(label=_("Chuyên viên thụ lý"), required=False)
    note = _text(_("Ý kiến chỉ đạo"))

    def __init__(self, dossier: Dossier, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(dossier, data)
        self.specialists = {
            officer.user.username: officer
            for officer in Officer.objects.working_in(
                dossier.holder_agency, timezone.localdate(), Role.SPECIALIST
            ).select_related("user")
        }
        field = self.fields["assignee"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        names = [(name, str(officer)) for name, officer in self.specialists.items()]
        field.choices = names if len(names) == 1 else [("", _("Người đang ít việc nhất")), *names]

    def clean_assignee(self) -> Officer | None:
        return self.specialists.get(self.cleaned_data["assignee"])


class RequestSupplementForm(RequestCompletionForm):
    act = Act.REQUEST_SUPPLEMENT
    service = staticmethod(processing.request_supplement)
    reply_by = forms.DateField(
        label=_("Hạn bổ sung"),
        required=False,
        help_text=_("Để trống: %(days)s ngày.") % {"days": processing.DEFAULT_REPLY_DAYS},
    )


class AcceptSupplementForm(ResubmitForm):
    act = Act.ACCEPT_SUPPLEMENT
    service = staticmethod(processing.accept_supplement)
    note = _text(_("Ghi chú"))


class ProposeForm(ActForm):
    act = Act.PROPOSE
    service = staticmethod(processing.propose)
    note = _text(_("Nội dung trình"))


class SendBackForm(ActForm):
    act = Act.SEND_BACK
    service = staticmethod(processing.send_back)
    reason = _text(_("Cần làm lại điều gì"), required=True)


class ApproveForm(ActForm):
    act = Act.APPROVE
    service = staticmethod(processing.approve)
    note = _text(_("Ý kiến"))


class PublishForm(ActForm):
    act = Act.PUBLISH
    service = staticmethod(closing.publish)
    result_number = _text(_("Số, ký hiệu kết quả"), length=60)
    note = _text(_("Ghi chú"))


class ReturnResultForm(ActForm):
    act = Act.RETURN_RESULT
    service = staticmethod(closing.return_result)
    receiver = forms.CharField(
        label=_("Người nhận"),
        required=False,
        max_length=200,
        help_text=_("Để trống nếu chủ hồ sơ nhận."),
    )
    proof = forms.ChoiceField(
        label=_("Giấy tờ xuất trình"),
        required=False,
        choices=Delivery.Proof.choices,
        initial=Delivery.Proof.RECEIPT,
    )
    channel = forms.ChoiceField(
        label=_("Hình thức trả"), required=False, choices=ResultChannel.choices
    )
    fees_taken = forms.BooleanField(label=_("Đã thu đủ phí, lệ phí còn lại"), required=False)
    receipt_number = _text(_("Số biên lai"), length=40)

    def __init__(self, dossier: Dossier, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(dossier, data)
        self.fields["channel"].initial = dossier.result_channel
        if dossier.payment_state != "due":
            del self.fields["fees_taken"], self.fields["receipt_number"]

    def clean_proof(self) -> str:
        return self.cleaned_data["proof"] or Delivery.Proof.RECEIPT.value

    def clean_channel(self) -> str:
        return self.cleaned_data["channel"] or self.dossier.result_channel


class RequestWithdrawalForm(ActForm):
    act = Act.REQUEST_WITHDRAWAL
    service = staticmethod(closing.request_withdrawal)
    reason = _text(_("Lý do người nộp xin rút"), required=True)


class GrantWithdrawalForm(ActForm):
    act = Act.GRANT_WITHDRAWAL
    service = staticmethod(closing.grant_withdrawal)
    note = _text(_("Ý kiến"))


class StopForm(ActForm):
    act = Act.STOP
    service = staticmethod(closing.stop)
    reason = _text(_("Lý do và căn cứ pháp lý"), required=True)


def _papers(names: list[str]) -> list[Paper]:
    return [Paper(name, kind=DossierDocument.Kind.COPY) for name in names]


ACT_FORMS: dict[Act, type[ActForm]] = {
    form.act: form
    for form in (
        SubmitForm,
        RegisterForm,
        ReceiveForm,
        SettleAtOnceForm,
        RequestCompletionForm,
        ResubmitForm,
        RefuseForm,
        TransferForm,
        AssignForm,
        RequestSupplementForm,
        AcceptSupplementForm,
        ProposeForm,
        SendBackForm,
        ApproveForm,
        PublishForm,
        ReturnResultForm,
        RequestWithdrawalForm,
        GrantWithdrawalForm,
        StopForm,
    )
}
