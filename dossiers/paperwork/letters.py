"""The letters of the settling agency, on A4 by NĐ 30/2020: they say what was decided and why.

What a letter says beyond the dossier stands in the data of its event, and is read here so that a
letter with an item missing is still a letter: the item is left out or said to be missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from accounts.roles import Role
from agencies.models import Agency
from dossiers.models import DossierEvent, PaperSlip
from dossiers.paperwork import wording
from dossiers.paperwork.layouts import TT_03_2025, Layout
from dossiers.paperwork.parts import Paper, day_in, moment_in, reason_of
from dossiers.workflow import Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter(Paper):
    """What every letter has beside the paper: whom it goes to, who signs, who gets a copy."""

    addressee: str
    received: str
    contact: str
    signer_title: str
    signer: str
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Apology(Letter):
    """Mẫu 04: era A's slip with a new appointment, era B's letter that asks for more time."""

    sector: str
    agency: str
    due_before: str
    due_new: str
    is_late: bool
    asks_for_time: bool  # era B's letter does, era A's slip only names the new day
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopNotice(Letter):
    """Mẫu 05 of TT 03/2025; an ordinary notice before it."""

    trigger: str
    reason: str
    papers_to_return: str
    fees_paid: tuple[str, ...]
    refund: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Consultation(Letter):
    """Phiếu lấy ý kiến: what another agency is asked, and by when."""

    agency: str
    question: str
    answer_by: str
    due: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentNotice(Letter):
    """Thông báo nghĩa vụ tài chính: what to pay, to whom, by when; the clock stands meanwhile."""

    amount: str
    in_words: str
    payee: str
    notice_number: str
    pay_by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspensionNotice(Letter):
    """Thông báo tạm dừng: by which law the clock stands, and when it should run again."""

    legal_basis: str
    reason: str
    since: str
    resume_expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalRefusal(Letter):
    """Thông báo không đồng ý cho rút: what was asked, why not, and that the dossier goes on."""

    requested: str
    wish: str
    reason: str
    due: str


def apology(slip: PaperSlip, layout: Layout, common: dict[str, Any]) -> Apology:
    """Read Mẫu 04; the new date is `new_due` of the event. Runs one query."""
    dossier, event = slip.dossier, slip.event
    before = _before(event)
    # The promise that stood: an apology may move the date or only what is promised (domain.md 3.8).
    due_before = before.due_at if before else event.due_at
    due_new = moment_in(event.data, "new_due")
    return Apology(
        **common,
        **_letter(slip, common),
        sector=wording.plain(dossier.sector.name) if dossier.sector else "",
        agency=wording.plain(slip.agency.name),
        due_before=wording.long_moment(due_before) if due_before else "",
        due_new=wording.long_moment(due_new) if due_new else gettext("sẽ thông báo sau"),
        is_late=due_before is not None and slip.issued_at > due_before,
        asks_for_time=layout.regulation == TT_03_2025,
        reason=reason_of(event),
    )


def stop_notice(slip: PaperSlip, layout: Layout, common: dict[str, Any]) -> StopNotice:
    """Read Mẫu 05. Runs two queries, three where a withdrawal was asked for."""
    dossier = slip.dossier
    originals = dossier.documents.exclude(kind="electronic").count()
    paid = [
        f"{wording.plain(fee.name)}: {wording.money(fee.paid_vnd)}"
        for fee in dossier.fees_due.filter(paid_vnd__gt=0).order_by("pk")
    ]
    trigger, reason = _stop_trigger(slip)
    # Of the act itself: what another payment brings later was not known when it was issued.
    owed_back = slip.event.data.get("refund_vnd")
    return StopNotice(
        **common,
        **_letter(slip, common),
        trigger=trigger,
        reason=reason,
        papers_to_return=wording.count(originals) if originals else "",
        fees_paid=tuple(paid),
        refund=wording.money(owed_back) if owed_back else "",
    )


def consultation(slip: PaperSlip, layout: Layout, common: dict[str, Any]) -> Consultation:
    """Read a request for an opinion: `agency`, `question`, `answer_by` of the event. One query."""
    event = slip.event
    number = event.data.get("agency")
    asked = Agency.objects.filter(pk=number).first() if isinstance(number, int) else None
    answer_by = day_in(event.data, "answer_by")
    name = wording.plain(asked.name) if asked else gettext("Cơ quan, đơn vị được lấy ý kiến")
    return Consultation(
        **common,
        **_letter(slip, common) | {"addressee": name},
        agency=name,
        question=wording.plain(str(event.data.get("question") or "")) or reason_of(event),
        answer_by=wording.long_date(answer_by) if answer_by else "",
        due=wording.long_moment(slip.due_at) if slip.due_at else gettext("không hẹn ngày"),
    )


def payment_notice(slip: PaperSlip, layout: Layout, common: dict[str, Any]) -> PaymentNotice:
    """Read a payment notice: `amount_vnd`, `payee`, `notice_number`, `pay_by` of the event."""
    data = slip.event.data
    amount, pay_by = data.get("amount_vnd"), day_in(data, "pay_by")
    known = isinstance(amount, int) and amount >= 0
    return PaymentNotice(
        **common,
        **_letter(slip, common),
        amount=wording.money(amount) if known else gettext("theo thông báo của cơ quan thu"),
        in_words=wording.money_in_words(amount) if known else "",
        payee=wording.plain(str(data.get("payee") or "")),
        notice_number=wording.plain(str(data.get("notice_number") or "")),
        pay_by=wording.long_date(pay_by) if pay_by else "",
        reason=wording.plain(slip.event.reason),
    )


def suspension_notice(slip: PaperSlip, layout: Layout, common: dict[str, Any]) -> SuspensionNotice:
    """Read a notice of suspension: `legal_basis`, `resume_expected` of the event."""
    event = slip.event
    expected = day_in(event.data, "resume_expected")
    return SuspensionNotice(
        **common,
        **_letter(slip, common),
        legal_basis=wording.plain(str(event.data.get("legal_basis") or "")),
        reason=reason_of(event),
        since=wording.long_moment(event.at),
        resume_expected=wording.long_date(expected) if expected else "",
    )


def withdrawal_refusal(
    slip: PaperSlip, layout: Layout, common: dict[str, Any]
) -> WithdrawalRefusal:
    """Read the answer no to a request to withdraw (T33). Runs one query."""
    request = _withdrawal_request(slip)
    return WithdrawalRefusal(
        **common,
        **_letter(slip, common),
        requested=wording.long_date(timezone.localdate(request.at)) if request else "",
        wish=wording.plain(request.reason) if request else "",
        reason=reason_of(slip.event),
        due=wording.long_moment(slip.due_at) if slip.due_at else "",
    )


def _letter(slip: PaperSlip, common: dict[str, Any]) -> dict[str, Any]:
    """Return what `Letter` itself asks for."""
    dossier = slip.dossier
    at_commune = slip.agency.level == Agency.Level.COMMUNE
    unit = wording.initials(slip.agency.label)
    return {
        "addressee": common["party"].name,
        "received": wording.long_moment(dossier.received_at) if dossier.received_at else "",
        "contact": wording.unbroken(slip.agency.phone or dossier.receiving_agency.phone),
        "signer_title": gettext("TM. UỶ BAN NHÂN DÂN")
        if at_commune
        else gettext("THỦ TRƯỞNG CƠ QUAN"),
        # domain.md 4: the head of the settling agency signs, never the counter; another's name
        # must not stand where the head's goes.
        "signer": common["officer"] if slip.event.actor_role in {Role.HEAD, Role.SIGNER} else "",
        "recipients": (
            gettext("- Như trên;"),
            f"- {common['desk']};",
            gettext("- Lưu: VT, %(unit)s.") % {"unit": unit},
        ),
    }


def _before(event: DossierEvent) -> DossierEvent | None:
    return (
        DossierEvent.objects.filter(dossier=event.dossier_id, seq__lt=event.seq)
        .order_by("-seq")
        .first()
    )


def _withdrawal_request(slip: PaperSlip) -> DossierEvent | None:
    return (
        slip.dossier.events.filter(act=Act.REQUEST_WITHDRAWAL, seq__lt=slip.event.seq)
        .order_by("-seq")
        .first()
    )


def _stop_trigger(slip: PaperSlip) -> tuple[str, str]:
    """Return what set the stop off and the reason given for it (domain.md 4, Mẫu 05)."""
    event = slip.event
    if event.act == Act.GRANT_WITHDRAWAL:
        request = _withdrawal_request(slip)
        if request is None:
            return gettext("yêu cầu rút hồ sơ của người nộp"), reason_of(event)
        day = wording.long_date(timezone.localdate(request.at))
        return gettext("yêu cầu rút hồ sơ của người nộp, %(date)s") % {"date": day}, (
            wording.plain(request.reason) or reason_of(event)
        )
    triggers = {
        Act.LAPSE_SUPPLEMENT: gettext("đã hết thời hạn bổ sung mà hồ sơ chưa được bổ sung"),
        Act.LAPSE_PAYMENT: gettext("đã hết thời hạn nộp mà nghĩa vụ tài chính chưa được thực hiện"),
    }
    return triggers.get(Act(event.act), gettext("căn cứ quy định của pháp luật")), reason_of(event)
