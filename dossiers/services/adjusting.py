"""When a date moves by no act of the law's own table: B4, and the moves of a changed calendar."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from agencies.calendars import calendar_of
from agencies.working_time import CalendarError, to_local
from dossiers import paper_issue
from dossiers.clockwork import change_due, hold
from dossiers.deadlines import LAST_RECEIPT_YEAR
from dossiers.models import Dossier, DueOrigin
from dossiers.recording import ActDataError, begin
from dossiers.services import chains
from dossiers.workflow import Act, PaperKind

if TYPE_CHECKING:
    from agencies.models import Officer
    from dossiers.models import CalendarChange, DossierEvent
    from dossiers.recording import Step
    from dossiers.shifts import Shift

# Who may say them by B4: the reform office corrects, another system tells.
ORIGINS = (DueOrigin.CORRECTION, DueOrigin.EXTERNAL)


def adjust_due(
    dossier: Dossier,
    *,
    by: Officer | None,
    new_due: dt.datetime,
    origin: str,
    reference: str,
    reason: str,
    version: int | None = None,
    at: dt.datetime | None = None,
) -> Dossier:
    """Điều chỉnh ngày hẹn: another system or the reform office says a new date (B4).

    The first promise and an apology's date stay; later pauses are added to the new date. A date
    that changed gives a receipt that names the old one. The message of another system, known by
    its `reference`, changes nothing a second time. Raises ActDataError naming `new_due_on`,
    `origin` or `reference`.
    """
    with transaction.atomic():
        step = begin(Act.ADJUST_DUE, dossier, by=by, version=version, at=at, reason=reason)
        locked = step.dossier
        known, number = _origin(origin), reference.strip()
        if known is DueOrigin.EXTERNAL and _is_known(locked, number):
            return locked
        due = _checked(locked, new_due, by=by)
        if due == locked.due_at and known is not DueOrigin.EXTERNAL:
            raise ActDataError({"new_due_on": _("Ngày này là ngày hẹn trả hiện nay.")})
        if not number:
            raise ActDataError({"reference": _("Hãy ghi số văn bản hoặc số thông điệp.")})
        _write(step, due, origin=known, reference=number, reason=reason, by=by)
        chains.follow(locked, at=step.at)
        return locked


def move_with_calendar(
    dossier: Dossier, *, change: CalendarChange, shift: Shift, reason: str
) -> tuple[Dossier, DossierEvent]:
    """Dời ngày hẹn theo lịch mới: the machine does what was decided for a whole announcement (B4).

    Call inside the transaction that holds the dossier. Its event names the change and who applied
    it; the date stays one that the limit gives, now by the new version of the calendar, and the
    law's date moves with it.
    """
    step = begin(Act.ADJUST_DUE, dossier, by=None, reason=reason)
    step.dossier.calendar_version = change.version_after
    event = _write(
        step,
        shift.due_after,
        origin=DueOrigin.CALENDAR,
        reference=change.number,
        reason=reason,
        by=None,
        new_statutory=shift.statutory_after,
        more={"change": change.pk, "applied_by": change.applied_by_id},
    )
    chains.follow(step.dossier, at=step.at)
    return step.dossier, event


def _write(
    step: Step,
    due: dt.datetime,
    *,
    origin: DueOrigin,
    reference: str,
    reason: str,
    by: Officer | None,
    new_statutory: dt.datetime | None = None,
    more: dict[str, Any] | None = None,
) -> DossierEvent:
    """Write the new date, its event, why it moved and, where it did, the receipt of it."""
    locked, before = step.dossier, step.dossier.due_at
    event = step.append(
        reason=reason,
        data={
            "origin": origin.value,
            "reference": reference,
            "due_before": before.isoformat() if before else None,
            "new_due": due.isoformat(),
            **(more or {}),
        },
        holder_officer=locked.holder_officer,
    )
    if due == before:
        # Nothing moves, but from now on it is the other system's word and no limit gives it.
        hold(locked, since=step.at)
        step.record.write()
        return event
    change = change_due(
        locked,
        due,
        origin=origin,
        reason=reason[:500],
        event=event,
        reference=reference[:200],
        new_statutory=new_statutory,
    )
    step.record.write(fields=["calendar_version"])
    change.save()
    paper_issue.issue(
        PaperKind.RECEIPT,
        dossier=locked,
        event=event,
        agency=locked.receiving_agency,
        officer=by,
        at=step.at,
        replaces=locked.slips.filter(kind=PaperKind.RECEIPT).order_by("-pk").first(),
    )
    return event


def _origin(origin: str) -> DueOrigin:
    if origin not in ORIGINS:
        raise ActDataError({"origin": _("Nguồn thay đổi ngày hẹn không hợp lệ.")})
    return DueOrigin(origin)


def _is_known(dossier: Dossier, reference: str) -> bool:
    """Tell whether a message was dealt with before; its event stands even where no date moved."""
    return bool(reference) and (
        dossier.events.filter(
            act=Act.ADJUST_DUE, data__origin=DueOrigin.EXTERNAL.value, data__reference=reference
        ).exists()
    )


def _checked(dossier: Dossier, new_due: dt.datetime, *, by: Officer | None) -> dt.datetime:
    """Return the new date in local time; raise ActDataError for one nobody can keep.

    An officer promises on a working day; what another system promised is its own word.
    """
    try:
        due = to_local(new_due)
    except CalendarError as error:
        raise ActDataError({"new_due_on": _("Ngày hẹn trả không hợp lệ.")}) from error
    if due.year > LAST_RECEIPT_YEAR:
        raise ActDataError({"new_due_on": _("Ngày hẹn trả không hợp lệ.")})
    if dossier.received_at is not None and due < dossier.received_at:
        raise ActDataError({"new_due_on": _("Ngày hẹn trả không được trước ngày tiếp nhận.")})
    if by is not None and not calendar_of(dossier.receiving_agency).is_working_day(due.date()):
        raise ActDataError({"new_due_on": _("Ngày hẹn trả phải là ngày làm việc.")})
    return due
