"""What each act asks for: one form per act, read by the pages and by the API alike.

A form gives typed data to its service and holds no rule of its own; whether the act is open is
asked before (dossiers.workflow). An act without a form here is not built yet.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.roles import Role
from accounts.templatetags.motcua import vn_date, vn_number
from agencies.calendars import calendar_of
from agencies.models import Agency, Officer
from dossiers import deadlines
from dossiers.deadlines import LimitError
from dossiers.models import (
    Delivery,
    DossierDocument,
    DueOrigin,
    FeeDue,
    ResultChannel,
    Seal,
    Signature,
)
from dossiers.opening import may_settle
from dossiers.recording import acts_to_propose
from dossiers.services import (
    adjusting,
    approval,
    chains,
    closing,
    consulting,
    correcting,
    intake,
    pausing,
    payment,
    processing,
    waiting,
)
from dossiers.services.intake import Paper
from dossiers.workflow import Act, State
from procedures.models import ProcedureVersion

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from dossiers.models import ActProposal, Dossier

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


class AgencyField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """An agency of the province that exists today, by its code."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(
            Agency.objects.all(), to_field_name="code", empty_label=_("Chọn cơ quan"), **rest
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> AgencyField:
        # Each form asks for the agencies of its own day.
        field: AgencyField = super().__deepcopy__(memo)
        field.queryset = (
            Agency.objects.all().valid_on(timezone.localdate()).order_by("name_sort", "pk")
        )
        return field


def _text(label: Any, *, required: bool = False, length: int = REASON_LENGTH) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=length,
        widget=forms.Textarea(attrs={"rows": 3}) if length >= REASON_LENGTH else forms.TextInput,
    )


def _amount(label: Any, *, required: bool = False) -> forms.DecimalField:
    """A sum in whole đồng."""
    return forms.DecimalField(
        label=label, required=required, min_value=1, max_digits=15, decimal_places=0
    )


def _signature() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("Chữ ký"), required=False, choices=Signature.choices, initial=Signature.HAND
    )


class ActForm(forms.Form):
    """The data of one act on one dossier."""

    act: ClassVar[Act]
    service: ClassVar[Any]

    def __init__(self, dossier: Dossier, data: Mapping[str, Any] | None = None) -> None:
        self.dossier = dossier
        super().__init__(data)

    def perform(self, *, by: Officer, version: int | None) -> Dossier:
        """Do the act with the cleaned data, or ask for it where others decide.

        Raises what the service raises.
        """
        if self.act in acts_to_propose(self.dossier, by):
            return approval.ask(
                self.act,
                self.dossier,
                by=by,
                version=version,
                given=self.given(),
                reason=self.cleaned_data.get("reason", ""),
            )
        done: Dossier = type(self).service(
            self.dossier, by=by, version=version, **self.cleaned_data
        )
        return done

    def fill_in(self, asked: ActProposal | None) -> None:
        """Begin with what somebody filled in before who put the act before us."""
        for name, value in (asked.given if asked else {}).items():
            if name in self.fields:
                self.initial[name] = "\n".join(value) if isinstance(value, list) else value

    def given(self) -> dict[str, Any]:
        """Return what was filled in, as typed: JSON that fills in the same form again."""
        return {name: self[name].data for name in self.fields if self[name].data not in (None, "")}


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
    signer = forms.ChoiceField(label=_("Người ký"), required=False)
    signature = _signature()

    def __init__(self, dossier: Dossier, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(dossier, data)
        self.signers = {
            officer.user.username: officer
            for officer in intake.signers_of(dossier.competent_agency)
        }
        field = self.fields["signer"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        names = [(name, str(officer)) for name, officer in self.signers.items()]
        field.choices = names if len(names) == 1 else [("", _("Chọn")), *names]

    def clean_signer(self) -> Officer | None:
        return self.signers.get(self.cleaned_data["signer"])

    def clean_signature(self) -> str:
        return self.cleaned_data["signature"] or Signature.HAND.value


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


class LapseForm(ActForm):
    note = _text(_("Ý kiến"))


class LapseCompletionForm(LapseForm):
    act = Act.LAPSE_COMPLETION
    service = staticmethod(waiting.lapse_completion)


class LapseSupplementForm(LapseForm):
    act = Act.LAPSE_SUPPLEMENT
    service = staticmethod(waiting.lapse_supplement)


class LapsePaymentForm(LapseForm):
    act = Act.LAPSE_PAYMENT
    service = staticmethod(waiting.lapse_payment)


class RemindApplicantForm(ActForm):
    act = Act.REMIND_APPLICANT
    service = staticmethod(waiting.remind_applicant)
    note = _text(_("Lời nhắc"))
    served_on = forms.DateField(
        label=_("Ngày người nộp nhận thông báo"),
        required=False,
        help_text=_("Thông báo chưa giao thì chưa dừng được vì quá hạn nộp."),
    )

    def __init__(self, dossier: Dossier, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(dossier, data)
        if dossier.state != State.AWAITING_PAYMENT:
            del self.fields["served_on"]


class RemindCollectionForm(ActForm):
    act = Act.REMIND_COLLECTION
    service = staticmethod(waiting.remind_collection)
    note = _text(_("Lời nhắc"))


class CancelForm(ActForm):
    act = Act.CANCEL
    service = staticmethod(intake.cancel)
    reason = _text(_("Lý do người nộp xin huỷ"), required=True)


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


class RedirectForm(ActForm):
    act = Act.REDIRECT
    service = staticmethod(processing.redirect)
    agency = AgencyField(label=_("Cơ quan có thẩm quyền"))
    reason = _text(_("Vì sao hồ sơ không thuộc đơn vị này"), required=True)

    def __init__(self, dossier: Dossier, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(dossier, data)
        field = self.fields["agency"]
        assert isinstance(field, AgencyField)  # noqa: S101 - declared above
        # Offered are those that can take it; of any other named, the service says why it cannot.
        field.choices = self._offered
        named = [str(name) for name in dossier.version.executing_agencies]
        if named:
            self.fields["agency"].help_text = _("Theo thủ tục: %(names)s.") % {
                "names": "; ".join(named)
            }

    def _offered(self) -> list[tuple[str, str]]:
        """Return the choices of a page that is shown. Runs two queries."""
        today = timezone.localdate()
        found = may_settle(self.dossier, on=today).with_a(Role.HEAD, today)
        others = found.exclude(pk=self.dossier.holder_agency_id).order_by("name_sort", "pk")
        return [("", str(_("Chọn cơ quan"))), *((each.code, each.name) for each in others)]


class ConsultForm(ActForm):
    act = Act.CONSULT
    service = staticmethod(consulting.consult)
    agency = AgencyField(label=_("Cơ quan được lấy ý kiến"))
    question = _text(_("Nội dung cần lấy ý kiến"), required=True)
    answer_by = forms.DateField(label=_("Hạn trả lời"), required=False)

    def __init__(self, dossier: Dossier, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(dossier, data)
        self.fields["answer_by"].help_text = _(
            "Để trống: %(days)s ngày làm việc. Đồng hồ của hồ sơ không dừng."
        ) % {"days": dossier.version.consultation_days}


class AnswerConsultationForm(ActForm):
    act = Act.ANSWER_CONSULTATION
    service = staticmethod(consulting.answer_consultation)
    answer = _text(_("Ý kiến trả lời"), required=True)


class RequestSupplementForm(RequestCompletionForm):
    act = Act.REQUEST_SUPPLEMENT
    service = staticmethod(processing.request_supplement)
    reply_by = forms.DateField(label=_("Hạn bổ sung"), required=False)
    # domain.md 3.6: the national measure calls it late whatever the clock says.
    late_accepted = forms.BooleanField(
        label=_("Tôi biết: yêu cầu bổ sung từ lần thứ hai thì hồ sơ bị tính là quá hạn"),
        error_messages={
            "required": _(
                "Đây là lần yêu cầu bổ sung thứ hai trở đi: chỉ số quốc gia tính hồ sơ là quá hạn. "
                "Hãy đánh dấu nếu vẫn yêu cầu."
            )
        },
    )

    def __init__(self, dossier: Dossier, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(dossier, data)
        self.fields["reply_by"].help_text = _("Để trống: %(days)s ngày.") % {
            "days": dossier.version.supplement_days
        }
        if not dossier.supplement_count:
            del self.fields["late_accepted"]

    def clean(self) -> dict[str, Any]:
        super().clean()
        self.cleaned_data.pop("late_accepted", None)
        return self.cleaned_data


class RequestPaymentForm(ActForm):
    act = Act.REQUEST_PAYMENT
    service = staticmethod(payment.request_payment)
    amount_vnd = _amount(_("Số tiền, đồng"), required=True)
    name = _text(_("Khoản thu"), length=300)
    payee = _text(_("Nơi thu"), required=True, length=300)
    notice_number = _text(_("Số thông báo"), length=60)
    pay_by = forms.DateField(label=_("Hạn nộp"), required=False)
    is_served = forms.BooleanField(
        label=_("Đã giao thông báo tận tay người nộp hôm nay"), required=False
    )

    def __init__(self, dossier: Dossier, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(dossier, data)
        self.fields["pay_by"].help_text = _("Để trống: %(days)s ngày.") % {
            "days": dossier.version.payment_days
        }


class PaymentForm(ActForm):
    """A receipt of money; says what is still to be paid, and of which notices."""

    def __init__(self, dossier: Dossier, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(dossier, data)
        open_fees = list(dossier.fees_due.open())
        self.fields["amount_vnd"].help_text = _("Còn phải nộp %(left)s đồng.") % {
            "left": vn_number(sum((fee.left_vnd for fee in open_fees), start=Decimal(0)))
        }
        numbers = [fee.notice_number for fee in open_fees if fee.notice_number]
        self.fields["notice_number"].help_text = (
            _("Để trống: theo số tiền. Thông báo còn nợ: %(numbers)s.")
            % {"numbers": "; ".join(numbers)}
            if numbers
            else _("Để trống: theo số tiền.")
        )


class ConfirmPaymentForm(PaymentForm):
    act = Act.CONFIRM_PAYMENT
    service = staticmethod(payment.confirm_payment)
    receipt_number = _text(_("Số biên lai, chứng từ"), length=40)
    amount_vnd = _amount(_("Số tiền trên biên lai, đồng"))
    notice_number = _text(_("Của thông báo số"), length=60)
    exempt_reason = _text(_("Lý do được miễn, giảm"), length=500)


class RecordPaymentForm(PaymentForm):
    act = Act.RECORD_PAYMENT
    service = staticmethod(payment.record_payment)
    receipt_number = _text(_("Số biên lai, chứng từ"), required=True, length=40)
    amount_vnd = _amount(_("Số tiền trên biên lai, đồng"), required=True)
    notice_number = _text(_("Của thông báo số"), length=60)


class SuspendForm(ActForm):
    act = Act.SUSPEND
    service = staticmethod(pausing.suspend)
    legal_basis = _text(_("Căn cứ pháp lý"), required=True, length=500)
    reason = _text(_("Lý do tạm dừng"), required=True)
    resume_expected = forms.DateField(label=_("Dự kiến tiếp tục ngày"))


class ResumeForm(ActForm):
    act = Act.RESUME
    service = staticmethod(pausing.resume)
    note = _text(_("Ghi chú"))


class ExtendForm(ActForm):
    act = Act.EXTEND
    service = staticmethod(pausing.extend)
    new_due_on = forms.DateField(label=_("Hẹn lại ngày"))
    reason = _text(_("Lý do chưa giải quyết xong"), required=True)

    def __init__(self, dossier: Dossier, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(dossier, data)
        last = pausing.last_new_date(dossier, timezone.localdate())
        said = [str(_("Chỉ một lần. Ngày hẹn đầu vẫn giữ trong số liệu."))]
        if last is not None:
            said.append(
                str(
                    _("Sau ngày %(last)s phải do lãnh đạo ký quyết định.") % {"last": vn_date(last)}
                )
            )
        self.fields["new_due_on"].help_text = " ".join(said)


class AcceptSupplementForm(ResubmitForm):
    act = Act.ACCEPT_SUPPLEMENT
    service = staticmethod(processing.accept_supplement)
    note = _text(_("Ghi chú"))


class ProposeForm(ActForm):
    act = Act.PROPOSE
    service = staticmethod(processing.propose)
    note = _text(_("Nội dung trình"))


class ProposeDenialForm(ActForm):
    act = Act.PROPOSE_DENIAL
    service = staticmethod(processing.propose_denial)
    reason = _text(_("Vì sao không đủ điều kiện, căn cứ pháp lý"), required=True)


class SendBackForm(ActForm):
    act = Act.SEND_BACK
    service = staticmethod(processing.send_back)
    reason = _text(_("Cần làm lại điều gì"), required=True)


class ApproveForm(ActForm):
    act = Act.APPROVE
    service = staticmethod(processing.approve)
    signature = _signature()
    note = _text(_("Ý kiến"))

    def clean_signature(self) -> str:
        return self.cleaned_data["signature"] or Signature.HAND.value


class PublishForm(ActForm):
    act = Act.PUBLISH
    service = staticmethod(closing.publish)
    result_number = _text(_("Số, ký hiệu kết quả"), required=True, length=60)
    seal = forms.ChoiceField(
        label=_("Con dấu"), required=False, choices=Seal.choices, initial=Seal.INK
    )
    note = _text(_("Ghi chú"))

    def clean_seal(self) -> str:
        return self.cleaned_data["seal"] or Seal.INK.value


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
    tracking_number = _text(_("Số vận đơn bưu chính"), length=40)
    note = _text(_("Ghi chú ký nhận"), length=500)

    def __init__(self, dossier: Dossier, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(dossier, data)
        self.fields["channel"].initial = dossier.result_channel
        # With a chain the results of its parts are handed over, and what is due for them is taken.
        left = Decimal(0)
        if dossier.owes or dossier.is_chain:
            due = FeeDue.objects.open().filter(Q(dossier=dossier) | Q(dossier__parent=dossier))
            left = sum((fee.left_vnd for fee in due), start=left)
        if left:
            self.fields["fees_taken"].help_text = _("%(left)s đồng; phải có số biên lai.") % {
                "left": vn_number(left)
            }
        else:
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
    refunds = forms.ChoiceField(
        label=_("Phí, lệ phí đã thu"),
        required=False,
        choices=[("", _("Chọn")), ("yes", _("Hoàn trả")), ("no", _("Không hoàn trả"))],
        help_text=_("Phiên bản thủ tục chưa quy định: người cho rút quyết định."),
    )

    def __init__(self, dossier: Dossier, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(dossier, data)
        rule = dossier.version.withdrawal_refund
        is_left_open = rule == ProcedureVersion.WithdrawalRefund.DECIDED
        if not is_left_open or not dossier.fees_due.taken().exists():
            del self.fields["refunds"]

    def clean_refunds(self) -> bool | None:
        return {"yes": True, "no": False}.get(self.cleaned_data["refunds"])


class RefuseWithdrawalForm(ActForm):
    act = Act.REFUSE_WITHDRAWAL
    service = staticmethod(closing.refuse_withdrawal)
    reason = _text(_("Lý do không cho rút"), required=True)


class CorrectResultForm(ActForm):
    act = Act.CORRECT_RESULT
    service = staticmethod(correcting.correct_result)
    reason = _text(_("Sai sót cần đính chính"), required=True)


class ReopenForm(ActForm):
    act = Act.REOPEN
    service = staticmethod(correcting.reopen)
    to = forms.ChoiceField(label=_("Mở lại về trạng thái"))
    reason = _text(_("Lý do mở lại"), required=True)

    def __init__(self, dossier: Dossier, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(dossier, data)
        ways = correcting.ways_back(dossier)
        field = self.fields["to"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [(way.value, way.label) for way in ways]


class AdjustDueForm(ActForm):
    act = Act.ADJUST_DUE
    service = staticmethod(adjusting.adjust_due)
    new_due_on = forms.DateField(label=_("Ngày hẹn trả mới"))
    reference = _text(_("Số văn bản, số thông điệp"), required=True, length=200)
    reason = _text(_("Vì sao điều chỉnh"), required=True, length=500)
    origin = forms.ChoiceField(
        label=_("Ai báo ngày mới"),
        required=False,
        choices=[(origin.value, origin.label) for origin in adjusting.ORIGINS],
        initial=DueOrigin.CORRECTION,
        help_text=_("Một thông điệp của hệ thống khác gửi lại lần nữa thì không đổi gì thêm."),
    )

    def clean_new_due_on(self) -> dt.datetime:
        """Return the end of the day: what a bare date promises."""
        calendar = calendar_of(self.dossier.clock_agency)
        try:
            return deadlines.end_of_day(self.cleaned_data["new_due_on"], calendar)
        except LimitError as error:
            raise forms.ValidationError(error.message) from error

    def clean_origin(self) -> str:
        return self.cleaned_data["origin"] or DueOrigin.CORRECTION.value

    def clean(self) -> dict[str, Any]:
        super().clean()
        if "new_due_on" in self.cleaned_data:
            self.cleaned_data["new_due"] = self.cleaned_data.pop("new_due_on")
        return self.cleaned_data


class ProposalForm(ActForm):
    """About one of the acts that are asked for; which, where there are several."""

    asked = forms.ChoiceField(label=_("Đề nghị"), required=False)

    def __init__(self, dossier: Dossier, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(dossier, data)
        field = self.fields["asked"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        acts = [(act.value, act.label) for act in dossier.asked_acts]
        field.choices = acts if len(acts) == 1 else [("", _("Chọn đề nghị")), *acts]
        field.initial = acts[0][0] if len(acts) == 1 else ""


class RetractForm(ProposalForm):
    act = Act.RETRACT
    service = staticmethod(approval.retract)
    note = _text(_("Vì sao rút"))


class DeclineForm(ProposalForm):
    act = Act.DECLINE
    service = staticmethod(approval.decline)
    reason = _text(_("Vì sao không chấp thuận"), required=True)


class DecideChainForm(ActForm):
    act = Act.DECIDE_CHAIN
    service = staticmethod(chains.decide_chain)
    decision = forms.ChoiceField(
        label=_("Quyết định"),
        choices=[
            ("go_on", _("Tiếp tục, không có hồ sơ thành phần đó")),
            ("stop", _("Dừng cả hồ sơ liên thông")),
        ],
    )
    reason = _text(_("Lý do và căn cứ pháp lý"), required=True)


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
        LapseCompletionForm,
        LapseSupplementForm,
        LapsePaymentForm,
        RemindApplicantForm,
        RemindCollectionForm,
        CancelForm,
        RedirectForm,
        ConsultForm,
        AnswerConsultationForm,
        RequestPaymentForm,
        ConfirmPaymentForm,
        RecordPaymentForm,
        SuspendForm,
        ResumeForm,
        ExtendForm,
        ProposeDenialForm,
        RefuseWithdrawalForm,
        CorrectResultForm,
        ReopenForm,
        DeclineForm,
        RetractForm,
        AdjustDueForm,
        DecideChainForm,
    )
}
