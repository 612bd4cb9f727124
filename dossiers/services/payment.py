"""Money of a dossier: obligations found while processing (T19, T20) and what is paid (B10).

domain.md 2.5 and rule 25: a payment moves no business step before all that was notified is paid,
and none is ever lost. T21 is in `waiting`, what is taken with the result (T29) in `closing`.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.templatetags.motcua import vn_number
from dossiers import paper_issue
from dossiers.clockwork import end_pause, note_due_change
from dossiers.fees import Ledger
from dossiers.models import Dossier, FeeDue, Pause, local_day
from dossiers.recording import (
    ActDataError,
    begin,
    check_answer_by,
    locked_for_act,
    standing_for,
    step_on,
)
from dossiers.services import chains
from dossiers.workflow import (
    Act,
    PaperKind,
    State,
    acts_open_to,
    check,
    part_payment,
)

if TYPE_CHECKING:
    from agencies.models import Officer
    from dossiers.recording import Step


def request_payment(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    amount_vnd: Decimal,
    name: str = "",
    payee: str,
    notice_number: str = "",
    pay_by: dt.date | None = None,
    is_served: bool = False,
    at: dt.datetime | None = None,
) -> Dossier:
    """Yêu cầu nghĩa vụ tài chính: the clock pauses until it is paid (T19).

    `amount_vnd` in whole đồng; `is_served`: the applicant got the notice at once, else `remind`
    writes down when. A notice that is open already, after T37, is asked for again and not twice.
    Raises ActDataError naming `amount_vnd`, `payee`, `pay_by` or `notice_number`.
    """
    with transaction.atomic():
        step = begin(Act.REQUEST_PAYMENT, dossier, by=by, version=version, at=at)
        locked = step.dossier
        _check_amount(amount_vnd)
        if not payee.strip():
            raise ActDataError({"payee": _("Hãy ghi nơi thu.")})
        today, number = local_day(step.at), notice_number.strip()
        if pay_by is None:
            pay_by = today + dt.timedelta(days=locked.version.payment_days)
        else:
            check_answer_by(locked, "pay_by", _("Hạn nộp"), pay_by, today=today)
        fee = _open_notice(locked, number)
        if fee is not None and fee.left_vnd != amount_vnd:
            raise ActDataError(
                {
                    "notice_number": _(
                        "Thông báo số %(number)s đang còn %(left)s đồng chưa nộp; số tiền khác thì "
                        "phải là thông báo khác."
                    )
                    % {"number": number, "left": vn_number(fee.left_vnd)}
                }
            )
        event = step.append(
            data={
                "amount_vnd": int(amount_vnd),
                "payee": payee,
                "notice_number": number,
                "pay_by": pay_by.isoformat(),
                **({"served_on": today.isoformat()} if is_served else {}),
            },
            holder_officer=locked.holder_officer,
        )
        locked.paused_at, locked.reply_by = step.at, pay_by
        locked.notice_served_on = today if is_served else None
        fee = fee or FeeDue(
            dossier=locked,
            name=name.strip() or _("Nghĩa vụ tài chính"),
            amount_vnd=amount_vnd,
            notice_number=number,
        )
        fee.payee, fee.pay_by, fee.served_on = payee, pay_by, locked.notice_served_on
        fee.save()
        is_part = locked.payment_state == "part" or fee.paid_vnd > 0
        locked.payment_state = "part" if is_part else "due"
        step.record.write(fields=["payment_state"])
        Pause.objects.create(dossier=locked, state=State.AWAITING_PAYMENT, started_at=step.at)
        paper_issue.issue(
            PaperKind.PAYMENT_NOTICE,
            dossier=locked,
            event=event,
            agency=locked.competent_agency,
            officer=by,
            at=step.at,
        )
        chains.follow(locked, at=step.at)
        return locked


def _open_notice(dossier: Dossier, number: str) -> FeeDue | None:
    if not number:
        return None
    return dossier.fees_due.open().filter(notice_number=number).order_by("pk").first()


def confirm_payment(
    dossier: Dossier,
    *,
    by: Officer | None,
    version: int | None = None,
    receipt_number: str = "",
    amount_vnd: Decimal | None = None,
    notice_number: str = "",
    exempt_reason: str = "",
    at: dt.datetime | None = None,
) -> Dossier:
    """Xác nhận đã nộp: once all that was notified is paid or exempt, the clock resumes (T20).

    A payment of less is written down where the dossier stands (B10), one of more is owed back.
    `exempt_reason` exempts from what this payment leaves. `by` of None is a payment callback: it
    may come twice, which changes nothing, or when nothing is waited for any more (B10). Raises
    ActDataError naming `receipt_number`, `amount_vnd` or `notice_number`.
    """
    return _take(
        Act.CONFIRM_PAYMENT,
        dossier,
        by=by,
        version=version,
        receipt_number=receipt_number,
        amount_vnd=amount_vnd,
        notice_number=notice_number,
        exempt_reason=exempt_reason,
        at=at,
    )


def record_payment(
    dossier: Dossier,
    *,
    by: Officer | None,
    version: int | None = None,
    receipt_number: str,
    amount_vnd: Decimal | None,
    notice_number: str = "",
    at: dt.datetime | None = None,
) -> Dossier:
    """Ghi nhận khoản nộp: money came in, and the dossier stays where it is (B10).

    Raises as `confirm_payment`.
    """
    return _take(
        Act.RECORD_PAYMENT,
        dossier,
        by=by,
        version=version,
        receipt_number=receipt_number,
        amount_vnd=amount_vnd,
        notice_number=notice_number,
        exempt_reason="",
        at=at,
    )


def _take(
    act: Act,
    dossier: Dossier,
    *,
    by: Officer | None,
    version: int | None,
    receipt_number: str,
    amount_vnd: Decimal | None,
    notice_number: str,
    exempt_reason: str,
    at: dt.datetime | None,
) -> Dossier:
    receipt, notice, why = receipt_number.strip(), notice_number.strip(), exempt_reason.strip()
    with transaction.atomic():
        step = _begin(act, dossier, by=by, version=version, at=at)
        locked = step.dossier
        ledger = Ledger(locked)
        if by is None and receipt and ledger.known(receipt) == amount_vnd:
            return locked
        # A callback knows of payments; whom to exempt is an officer's word.
        exempts = by is not None and bool(why)
        if receipt or amount_vnd is not None:
            check_receipt(ledger, receipt, amount_vnd)
            _check_notice(ledger, notice, by=by)
        elif not exempts and (ledger.notified_left_vnd or act is Act.RECORD_PAYMENT):
            raise ActDataError(
                {"receipt_number": _("Hãy ghi số biên lai, hoặc lý do được miễn, giảm.")}
            )
        data: dict[str, Any] = {}
        if amount_vnd is not None:
            data = {"receipt_number": receipt, "received_vnd": int(amount_vnd)}
            if notice:
                data["notice_number"] = notice
            excess = ledger.take(
                amount_vnd, receipt_number=receipt, notice_number=notice, by=by, at=step.at
            )
            if excess:
                data["excess_vnd"] = int(excess)
        if exempts and (exempted := ledger.exempt(reason=why, at=step.at)):
            data["exempt_vnd"] = int(exempted)
        locked.payment_state = ledger.state
        if step.opening.row.act is Act.CONFIRM_PAYMENT and not ledger.notified_left_vnd:
            return _go_on(step, ledger, data, reason=why if exempts else "")
        if left := ledger.left_vnd:
            data["missing_vnd"] = int(left)
        event = step.record.append(
            part_payment(step.opening),
            at=step.at,
            agency=step.agency,
            data=data,
            holder_officer=locked.holder_officer,
        )
        step.record.write(fields=["payment_state"])
        ledger.save(event)
        return locked


def _begin(
    act: Act, dossier: Dossier, *, by: Officer | None, version: int | None, at: dt.datetime | None
) -> Step:
    """Begin as `begin` does; what a callback brings is T20 or B10 as the dossier stands now."""
    if by is not None:
        return begin(act, dossier, by=by, version=version, at=at)
    locked = locked_for_act(dossier)
    standing, state, facts = standing_for(locked, by), State(locked.state), locked.facts
    waits = Act.CONFIRM_PAYMENT in acts_open_to(state, standing, facts)
    opening = check(
        Act.CONFIRM_PAYMENT if waits else Act.RECORD_PAYMENT,
        state=state,
        standing=standing,
        facts=facts,
    )
    return step_on(locked, opening, standing, by=by, version=version, at=at)


def _go_on(step: Step, ledger: Ledger, data: dict[str, Any], *, reason: str) -> Dossier:
    """Do T20: nothing that was notified is left to pay."""
    locked, before = step.dossier, step.dossier.due_at
    end_pause(locked, at=step.at)
    stays = step.opening.row.target is State.IN_PROGRESS
    event = step.append(
        reason=reason, data=data, holder_officer=locked.holder_officer if stays else None
    )
    step.record.write(fields=["due_at", "due_on", "payment_state"])
    ledger.save(event)
    note_due_change(locked, event, before=before, reason=_("Đã thực hiện nghĩa vụ tài chính"))
    chains.follow(locked, at=step.at)
    return locked


def check_receipt(ledger: Ledger, receipt: str, amount: Decimal | None) -> None:
    """Raise ActDataError for money without its receipt or sum, or a receipt written down before."""
    if not receipt:
        raise ActDataError({"receipt_number": _("Hãy ghi số biên lai của số tiền đã thu.")})
    if amount is None:
        raise ActDataError({"amount_vnd": _("Hãy ghi số tiền trên biên lai.")})
    _check_amount(amount)
    known = ledger.known(receipt)
    if known is not None:
        raise ActDataError(
            {
                "receipt_number": _("Biên lai số %(number)s đã được ghi, %(amount)s đồng.")
                % {"number": receipt, "amount": vn_number(known)}
            }
        )


def _check_amount(amount: Decimal) -> None:
    if amount <= 0 or amount != amount.to_integral_value():
        raise ActDataError({"amount_vnd": _("Số tiền là số nguyên đồng, lớn hơn 0.")})


def _check_notice(ledger: Ledger, notice: str, *, by: Officer | None) -> None:
    """Raise ActDataError where an officer names a notice with nothing open.

    What another system took is taken: it is kept, and owed back.
    """
    is_open = any(fee.is_open and fee.notice_number == notice for fee in ledger.fees)
    if by is not None and notice and not is_open:
        raise ActDataError(
            {"notice_number": _("Không có khoản chưa nộp nào của thông báo số này.")}
        )
