"""When the applicant is waited for: reminders and lapses, T08, T18, T21, T30 of domain.md 2.5.

The machine reminds and, when the time is over, asks for the lapse; an officer confirms it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from dossiers import paper_issue
from dossiers.fees import Ledger
from dossiers.models import local_day
from dossiers.recording import ActDataError, begin
from dossiers.services.closing import end_without_result
from dossiers.workflow import Act, PaperKind, State

if TYPE_CHECKING:
    import datetime as dt

    from agencies.models import Officer
    from dossiers.models import Dossier


def lapse_completion(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    note: str = "",
    at: dt.datetime | None = None,
) -> Dossier:
    """Hết hạn hoàn thiện: what was asked for before acceptance never came (T08, Mẫu 03)."""
    with transaction.atomic():
        step = begin(Act.LAPSE_COMPLETION, dossier, by=by, version=version, at=at)
        reason = note.strip() or _("Quá thời hạn hoàn thiện hồ sơ mà người nộp không hoàn thiện.")
        ledger = Ledger.ended(step.dossier, at=step.at)
        event = step.append(reason=reason)
        step.record.write(fields=["payment_state"])
        ledger.save(event)
        paper_issue.issue(
            PaperKind.REFUSAL,
            dossier=step.dossier,
            event=event,
            agency=step.dossier.receiving_agency,
            officer=by,
            at=step.at,
        )
        return step.dossier


def lapse_supplement(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    note: str = "",
    at: dt.datetime | None = None,
) -> Dossier:
    """Hết hạn bổ sung: reminded, and silent past the deadline and its grace (T18, Mẫu 05)."""
    reason = note.strip() or _("Quá thời hạn bổ sung hồ sơ mà người nộp không bổ sung.")
    return end_without_result(
        Act.LAPSE_SUPPLEMENT, dossier, by=by, version=version, reason=reason, at=at
    )


def lapse_payment(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    note: str = "",
    at: dt.datetime | None = None,
) -> Dossier:
    """Hết hạn nộp: the notified amount was not paid by its deadline and grace (T21, Mẫu 05)."""
    reason = note.strip() or _("Quá thời hạn thực hiện nghĩa vụ tài chính mà người nộp chưa nộp.")
    return end_without_result(
        Act.LAPSE_PAYMENT, dossier, by=by, version=version, reason=reason, at=at
    )


def remind_applicant(
    dossier: Dossier,
    *,
    by: Officer | None,
    version: int | None = None,
    note: str = "",
    served_on: dt.date | None = None,
    at: dt.datetime | None = None,
) -> Dossier:
    """Nhắc người nộp: papers or a payment are still waited for (B3); no lapse without it (T18).

    `served_on` is the day the applicant got the notice of the payment, without which nobody is
    stopped for not paying (T21). Raises ActDataError naming it: nothing was notified, or not then.
    """
    return _remind(
        Act.REMIND_APPLICANT,
        dossier,
        by=by,
        version=version,
        note=note,
        served_on=served_on,
        at=at,
    )


def remind_collection(
    dossier: Dossier,
    *,
    by: Officer | None,
    version: int | None = None,
    note: str = "",
    at: dt.datetime | None = None,
) -> Dossier:
    """Nhắc đến nhận: the result lies at the counter; the dossier stays settled, never late (T30)."""
    return _remind(Act.REMIND_COLLECTION, dossier, by=by, version=version, note=note, at=at)


def _remind(
    act: Act,
    dossier: Dossier,
    *,
    by: Officer | None,
    version: int | None,
    note: str,
    served_on: dt.date | None = None,
    at: dt.datetime | None,
) -> Dossier:
    """Write the reminder down; its outbox row carries it to whoever tells the applicant."""
    with transaction.atomic():
        step = begin(act, dossier, by=by, version=version, at=at)
        locked = step.dossier
        data: dict[str, Any] = {}
        if served_on is not None:
            _serve(locked, served_on, today=local_day(step.at))
            data["served_on"] = served_on.isoformat()
        step.append(reason=note, data=data, holder_officer=locked.holder_officer)
        locked.reminded_at = step.at
        step.record.write()
        return locked


def _serve(dossier: Dossier, on: dt.date, *, today: dt.date) -> None:
    """Write down when the notice of the payment waited for was served; raise ActDataError."""
    asked = (
        dossier.events.filter(act=Act.REQUEST_PAYMENT)
        .order_by("-seq")
        .values_list("at", flat=True)
        .first()
    )
    if dossier.state != State.AWAITING_PAYMENT or asked is None:
        raise ActDataError({"served_on": _("Không có thông báo nộp tiền nào đang chờ.")})
    if not local_day(asked) <= on <= today:
        raise ActDataError(
            {"served_on": _("Ngày giao thông báo từ ngày ra thông báo đến hôm nay.")}
        )
    dossier.notice_served_on = on
    dossier.fees_due.open().filter(pay_by__isnull=False).update(served_on=on)
