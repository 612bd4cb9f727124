"""A date moved from outside the acts of the law: another system, the calendar, a correction (B4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from agencies.calendars import calendar_of
from dossiers import deadlines, paper_issue
from dossiers.clockwork import change_due
from dossiers.deadlines import LimitError
from dossiers.models import Dossier, DueOrigin
from dossiers.recording import ActDataError, begin
from dossiers.workflow import Act, PaperKind

if TYPE_CHECKING:
    import datetime as dt

    from agencies.models import Officer


def adjust_due(
    dossier: Dossier,
    *,
    by: Officer | None,
    version: int | None = None,
    new_due_on: dt.date,
    reference: str,
    reason: str,
    origin: str = DueOrigin.CORRECTION,
    at: dt.datetime | None = None,
) -> Dossier:
    """Điều chỉnh ngày hẹn: a new date beside the old, with whence it comes, and a new receipt (B4).

    The promise is the end of the working time of `new_due_on`. The first promise and the law's date
    stay. A message of another system that comes twice (same origin and `reference`) changes
    nothing. Raises ActDataError naming `new_due_on` or `reference`.
    """
    with transaction.atomic():
        if by is None and _is_known(dossier, origin, reference):
            return dossier
        step = begin(Act.ADJUST_DUE, dossier, by=by, version=version, at=at, reason=reason)
        locked = step.dossier
        if not reference.strip():
            raise ActDataError({"reference": _("Hãy ghi số, ký hiệu văn bản hoặc mã tin.")})
        calendar = calendar_of(locked.clock_agency)
        try:
            new_due = deadlines.end_of_day(new_due_on, calendar)
        except LimitError as error:
            raise ActDataError({"new_due_on": error.message}) from error
        if not calendar.is_working_day(new_due_on):
            raise ActDataError({"new_due_on": _("Ngày hẹn trả phải là ngày làm việc.")})
        if new_due == locked.due_at:
            raise ActDataError({"new_due_on": _("Ngày hẹn trả không thay đổi.")})
        event = step.append(
            reason=reason,
            data={"origin": str(origin), "reference": reference, "new_due": new_due.isoformat()},
            holder_officer=locked.holder_officer,
        )
        try:
            change = change_due(
                locked,
                new_due,
                origin=DueOrigin(origin),
                reference=reference,
                reason=reason,
                event=event,
            )
        except LimitError as error:
            raise ActDataError({"new_due_on": error.message}) from error
        step.record.write()
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
        return locked


def _is_known(dossier: Dossier, origin: str, reference: str) -> bool:
    """Tell whether a message was carried out before; locks, so that two of them queue up."""
    Dossier.objects.select_for_update(no_key=True).only("pk").get(pk=dossier.pk)
    return dossier.due_date_changes.filter(origin=origin, reference=reference).exists()
