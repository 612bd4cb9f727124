"""Towards the end: T28, T29, T31-T33, T35 of domain.md 2.5."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Exists
from django.utils.translation import gettext as _

from accounts.folding import tidy
from accounts.personal_data import seal
from dossiers import paper_issue
from dossiers.clockwork import end_pause, note_due_change
from dossiers.fees import Ledger
from dossiers.models import Delivery, Dossier, Pause, ResultChannel, Seal, local_day
from dossiers.models.dossier import open_corrections
from dossiers.recording import ActDataError, begin, locked_for_act
from dossiers.services import chains
from dossiers.services.consulting import call_off
from dossiers.services.payment import check_receipt
from dossiers.workflow import PAUSED_STATES, Act, ClockEffect, PaperKind, State, leads_on
from procedures.models import ProcedureVersion

if TYPE_CHECKING:
    from agencies.models import Officer


def publish(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    result_number: str = "",
    seal: str = Seal.INK,
    note: str = "",
    at: dt.datetime | None = None,
) -> Dossier:
    """Phát hành kết quả: numbered and sealed, back at the counter; the clock stops (T28).

    Raises ActDataError naming `result_number`: domain.md 2.5 asks for number, date and seal.
    """
    with transaction.atomic():
        step = begin(Act.PUBLISH, dossier, by=by, version=version, at=at)
        locked, result_number = step.dossier, result_number.strip()
        if not result_number:
            raise ActDataError({"result_number": _("Hãy ghi số, ký hiệu kết quả.")})
        locked.settled_at, locked.settled_on = step.at, local_day(step.at)
        # A denial was proposed as one (T34); it is a result like another (domain.md 2.4).
        locked.result_kind = locked.result_kind or "granted"
        locked.result_number = result_number
        locked.delivery_state = "due"
        step.append(reason=note, data={"result_number": result_number, "seal": Seal(seal).value})
        step.record.write(
            fields=["settled_at", "settled_on", "result_kind", "result_number", "delivery_state"]
        )
        chains.follow(locked, at=step.at)
        return locked


def return_result(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    receiver: str = "",
    proof: str = Delivery.Proof.RECEIPT,
    channel: str = ResultChannel.COUNTER,
    fees_taken: bool = False,
    receipt_number: str = "",
    tracking_number: str = "",
    note: str = "",
    at: dt.datetime | None = None,
) -> Dossier:
    """Trả kết quả: identity or receipt shown, nothing left to pay (T29).

    Raises ActDataError naming `fees_taken` while a fee is due: its amount is taken in this act; and
    `receipt_number` where it is taken without one.
    `tracking_number` is the post's, `note` what was signed and where.
    """
    with transaction.atomic():
        step = begin(Act.RETURN_RESULT, dossier, by=by, version=version, at=at)
        locked = step.dossier
        data: dict[str, Any] = {"channel": channel, "proof": proof}
        ledger = Ledger(locked) if locked.owes else None
        if ledger is not None:
            if not fees_taken:
                raise ActDataError(
                    {"fees_taken": _("Còn phí, lệ phí chưa thu: hãy thu đủ trước khi trả kết quả.")}
                )
            receipt, amount = receipt_number.strip(), ledger.left_vnd
            check_receipt(ledger, receipt, amount)
            ledger.take(amount, receipt_number=receipt, by=by, at=step.at)
            data |= {"receipt_number": receipt, "received_vnd": int(amount)}
            locked.payment_state = ledger.state
        locked.returned_at, locked.returned_on = step.at, local_day(step.at)
        locked.delivery_state = "done"
        # The receiver's name is personal data: it stands sealed beside the event, not in it.
        if tracking_number:
            data["tracking_number"] = tracking_number
        event = step.append(reason=note, data=data)
        step.record.write(fields=["returned_at", "returned_on", "delivery_state", "payment_state"])
        if ledger is not None:
            ledger.save(event)
        Delivery.objects.create(
            dossier=locked,
            event=event,
            channel=channel,
            receiver_sealed=seal(tidy(receiver) or locked.owner_name),
            proof=proof,
        )
        if locked.is_chain:
            # One hand-over: every result of a part that still lies at the counter goes with it, but
            # for one that is being corrected.
            lying = locked.parts.filter(~Exists(open_corrections()), state=State.SETTLED)
            for part in lying.order_by("link__position"):
                return_result(
                    part,
                    by=by,
                    receiver=receiver,
                    proof=proof,
                    channel=channel,
                    fees_taken=fees_taken,
                    receipt_number=receipt_number,
                    tracking_number=tracking_number,
                    note=note,
                    at=step.at,
                )
            return locked_for_act(locked)
        return locked


def request_withdrawal(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    reason: str,
    at: dt.datetime | None = None,
) -> Dossier:
    """Ghi yêu cầu rút: the applicant asks for the dossier back; the settling head answers (T31)."""
    with transaction.atomic():
        step = begin(Act.REQUEST_WITHDRAWAL, dossier, by=by, version=version, at=at, reason=reason)
        locked = step.dossier
        # Where the clock stood it runs again: the ball is the agency's, and the time that stood
        # moves the date like any other pause (domain.md 3.5).
        before = locked.due_at
        effect = ClockEffect.RESUME if end_pause(locked, at=step.at) else None
        event = step.append(reason=reason, clock=effect, holder_officer=locked.holder_officer)
        step.record.write(fields=["due_at", "due_on"])
        note_due_change(locked, event, before=before, reason=_("Ghi yêu cầu rút hồ sơ"))
        if locked.is_chain:
            # Every part is asked for; each agency answers for its own (domain.md 6.4). Of what a
            # ministry's system settles, that system tells the withdrawal.
            for part in locked.parts.select_related("version").order_by("link__position"):
                can_be_asked = leads_on(Act.REQUEST_WITHDRAWAL, State(part.state))
                if can_be_asked and not part.version.system_of_record:
                    request_withdrawal(part, by=by, reason=reason, at=step.at)
            return locked_for_act(locked)
        chains.follow(locked, at=step.at)
        return locked


def grant_withdrawal(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    note: str = "",
    refunds: bool | None = None,
    at: dt.datetime | None = None,
) -> Dossier:
    """Đồng ý cho rút: no result was issued; papers go back, the clock stops (T32, Mẫu 05).

    Fees paid are owed back or kept as the version says; `refunds` says it where the version leaves
    it to who decides. Raises ActDataError naming `refunds`: not said, or not what the version says.
    """
    return end_without_result(
        Act.GRANT_WITHDRAWAL, dossier, by=by, version=version, reason=note, refunds=refunds, at=at
    )


def refuse_withdrawal(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    reason: str,
    at: dt.datetime | None = None,
) -> Dossier:
    """Không cho rút: back to the state of before; what was waited for is waited for again (T33)."""
    with transaction.atomic():
        step = begin(Act.REFUSE_WITHDRAWAL, dossier, by=by, version=version, at=at, reason=reason)
        locked = step.dossier
        waits = locked.previous_state in PAUSED_STATES
        if locked.previous_state == State.RECEIVED:
            # The counter has still to send it on, which nobody else may.
            locked.holder_agency = locked.receiving_agency
        event = step.append(
            reason=reason,
            clock=ClockEffect.PAUSE if waits else None,
            holder_officer=locked.holder_officer,
        )
        if waits:
            locked.paused_at = step.at
            locked.reply_by = _reply_by_again(locked)
            locked.notice_served_on = _served_on_again(locked)
            Pause.objects.create(dossier=locked, state=locked.state, started_at=step.at)
        step.record.write()
        paper_issue.issue(
            PaperKind.WITHDRAWAL_REFUSAL,
            dossier=locked,
            event=event,
            agency=locked.competent_agency,
            officer=by,
            at=step.at,
        )
        if locked.is_chain:
            # What happened to its parts while the answer was waited for counts now.
            chains.advance(locked, at=step.at)
        chains.follow(locked, at=step.at)
        return locked


def _reply_by_again(dossier: Dossier) -> dt.date | None:
    """Return until when the papers or the payment were waited for before the withdrawal."""
    if dossier.state == State.AWAITING_PAYMENT:
        owed = dossier.fees_due.open().filter(pay_by__isnull=False)
        return owed.values_list("pay_by", flat=True).order_by("-pk").first()
    asked = dossier.supplement_rounds.filter(answered_at__isnull=True, before_acceptance=False)
    return asked.values_list("reply_by", flat=True).order_by("-pk").first()


def _served_on_again(dossier: Dossier) -> dt.date | None:
    """Return when the last of the notices still unpaid was served, None while one is not."""
    owed = dossier.fees_due.open().filter(pay_by__isnull=False)
    served = list(owed.values_list("served_on", flat=True))
    return None if None in served else max(filter(None, served), default=None)


def stop(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    reason: str,
    at: dt.datetime | None = None,
) -> Dossier:
    """Dừng giải quyết: no decision will come, for a legal reason; the clock stops (T35, Mẫu 05)."""
    return end_without_result(Act.STOP, dossier, by=by, version=version, reason=reason, at=at)


def _gives_back(dossier: Dossier, said: bool | None) -> bool:
    """Tell whether a withdrawal gives fees back; raise ActDataError naming `refunds`."""
    rule = dossier.version.withdrawal_refund
    rules = ProcedureVersion.WithdrawalRefund
    if rule == rules.DECIDED:
        if said is None and dossier.fees_due.taken().exists():
            raise ActDataError({"refunds": _("Hãy cho biết phí, lệ phí đã thu có hoàn trả không.")})
        return bool(said)
    if said is not None and said is not (rule == rules.ALL):
        raise ActDataError(
            {"refunds": _("Thủ tục quy định: %(rule)s.") % {"rule": str(rules(rule).label).lower()}}
        )
    return rule == rules.ALL


def end_without_result(
    act: Act,
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None,
    reason: str,
    refunds: bool | None = None,
    at: dt.datetime | None,
) -> Dossier:
    """End a dossier that has no result and never will, and issue the notice that says so.

    What was not paid in full is no longer due, and what was paid of it is owed back.
    """
    with transaction.atomic():
        step = begin(act, dossier, by=by, version=version, at=at, reason=reason)
        locked = step.dossier
        before = locked.due_at
        # What the applicant did not use of a pause was never the agency's time.
        if locked.is_paused:
            end_pause(locked, at=step.at)
        locked.settled_at, locked.settled_on = step.at, local_day(step.at)
        locked.result_kind = ""
        ledger = Ledger(locked)
        data: dict[str, Any] = {}
        if called_off := ledger.call_off(at=step.at):
            data["called_off_vnd"] = int(called_off)
        if act is Act.GRANT_WITHDRAWAL and _gives_back(locked, refunds):
            ledger.give_back()
        if owed_back := ledger.refund_vnd:
            data["refund_vnd"] = int(owed_back)
        locked.payment_state = ledger.state
        event = step.append(reason=reason, data=data)
        asked, locked.consulted_agencies = locked.consulted_agencies, []
        step.record.write(
            fields=[
                "settled_at", "settled_on", "result_kind", "due_at", "due_on", "consulted_agencies",
                "payment_state",
            ]
        )  # fmt: skip
        ledger.save(event)
        if asked:
            call_off(locked, event)
        note_due_change(locked, event, before=before, reason=_("Kết thúc khi đang tạm dừng"))
        paper_issue.issue(
            PaperKind.STOP_NOTICE,
            dossier=locked,
            event=event,
            agency=locked.competent_agency,
            officer=by,
            at=step.at,
        )
        chains.follow(locked, at=step.at)
        return locked
