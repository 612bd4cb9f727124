"""Financial obligations found while processing: T19, T20 of domain.md 2.5 (T21 in `waiting`)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from dossiers import paper_issue
from dossiers.clockwork import end_pause, note_due_change
from dossiers.models import Dossier, FeeDue, Pause, local_day
from dossiers.recording import ActDataError, begin
from dossiers.services import chains
from dossiers.workflow import Act, PaperKind, State

if TYPE_CHECKING:
    from agencies.models import Officer


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
    at: dt.datetime | None = None,
) -> Dossier:
    """Yêu cầu nghĩa vụ tài chính: the clock pauses until it is paid (T19).

    `amount_vnd` in whole đồng. Raises ActDataError naming `amount_vnd`, `payee` or `pay_by`.
    """
    with transaction.atomic():
        step = begin(Act.REQUEST_PAYMENT, dossier, by=by, version=version, at=at)
        locked = step.dossier
        if amount_vnd <= 0 or amount_vnd != amount_vnd.to_integral_value():
            raise ActDataError({"amount_vnd": _("Số tiền là số nguyên đồng, lớn hơn 0.")})
        if not payee.strip():
            raise ActDataError({"payee": _("Hãy ghi nơi thu.")})
        today = local_day(step.at)
        pay_by = pay_by or today + dt.timedelta(days=locked.version.payment_days)
        if pay_by < today:
            raise ActDataError({"pay_by": _("Hạn nộp không được trước ngày yêu cầu.")})
        event = step.append(
            data={
                "amount_vnd": int(amount_vnd),
                "payee": payee,
                "notice_number": notice_number,
                "pay_by": pay_by.isoformat(),
            },
            holder_officer=locked.holder_officer,
        )
        locked.paused_at, locked.reply_by = step.at, pay_by
        locked.payment_state = "due"
        step.record.write(fields=["payment_state"])
        Pause.objects.create(dossier=locked, state=State.AWAITING_PAYMENT, started_at=step.at)
        FeeDue.objects.create(
            dossier=locked,
            name=name.strip() or _("Nghĩa vụ tài chính"),
            amount_vnd=amount_vnd,
            payee=payee,
            notice_number=notice_number,
            pay_by=pay_by,
        )
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


def confirm_payment(
    dossier: Dossier,
    *,
    by: Officer | None,
    version: int | None = None,
    receipt_number: str = "",
    exempt_reason: str = "",
    at: dt.datetime | None = None,
) -> Dossier:
    """Xác nhận đã nộp: paid in full or exempt; the clock resumes (T20).

    `by` of None is a payment callback, which may come twice: one whose receipt is known already
    changes nothing. Raises ActDataError naming `receipt_number` when neither receipt nor exemption
    is given.
    """
    with transaction.atomic():
        if by is None and _is_known(dossier, receipt_number):
            return dossier
        step = begin(Act.CONFIRM_PAYMENT, dossier, by=by, version=version, at=at)
        locked = step.dossier
        # A callback knows of payments; whom to exempt is an officer's word.
        if not receipt_number.strip() and (by is None or not exempt_reason.strip()):
            raise ActDataError(
                {"receipt_number": _("Hãy ghi số biên lai, hoặc lý do được miễn, giảm.")}
            )
        before = locked.due_at
        end_pause(locked, at=step.at)
        stays = step.opening.row.target is State.IN_PROGRESS
        event = step.append(
            reason=exempt_reason,
            data={"receipt_number": receipt_number} if receipt_number else {"exempt": True},
            holder_officer=locked.holder_officer if stays else None,
        )
        locked.fees_due.filter(paid_at__isnull=True, pay_by__isnull=False).update(
            paid_at=step.at, receipt_number=receipt_number, exempt_reason=exempt_reason
        )
        owes = locked.fees_due.filter(paid_at__isnull=True).exists()
        locked.payment_state = "due" if owes else "paid"
        step.record.write(fields=["due_at", "due_on", "payment_state"])
        note_due_change(locked, event, before=before, reason=_("Đã thực hiện nghĩa vụ tài chính"))
        chains.follow(locked, at=step.at)
        return locked


def _is_known(dossier: Dossier, receipt_number: str) -> bool:
    """Tell whether a receipt was written down before; locks, so that two callbacks queue up."""
    Dossier.objects.select_for_update(no_key=True).only("pk").get(pk=dossier.pk)
    return (
        bool(receipt_number)
        and FeeDue.objects.filter(
            dossier=dossier, receipt_number=receipt_number, paid_at__isnull=False
        ).exists()
    )
