"""The clock of a stored dossier: its limit, pauses and calendar handed to the pure `deadlines`."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from agencies.calendars import calendar_of
from dossiers import deadlines
from dossiers.deadlines import Explanation, Limit, LimitError, PauseKind, SupplementPolicy, Unit
from dossiers.models import Dossier, DossierEvent, DueDateChange, Pause, local_day
from dossiers.workflow import State
from procedures.models import ChannelLimit, ProcedureCase

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable
    from decimal import Decimal

    from agencies.working_time import Calendar


PAUSE_KINDS = {
    State.AWAITING_SUPPLEMENT: PauseKind.SUPPLEMENT,
    State.AWAITING_PAYMENT: PauseKind.PAYMENT,
    State.SUSPENDED: PauseKind.SUSPENSION,
}


def stated_limit(
    case: ProcedureCase | None, channel_limits: Iterable[ChannelLimit], channel: str
) -> Limit:
    """Return the limit that binds: the case's, else the channel's, else none.

    The unit OTHER says something no calendar can compute, so it binds nobody; 0 of a counted unit
    means the same day (domain.md 3.4). Raises LimitError when a stored limit is out of all bounds.
    """
    stated: list[ProcedureCase | ChannelLimit] = [case] if case else []
    stated += [row for row in channel_limits if row.channel == channel]
    for row in stated:
        unit = Unit(row.limit_unit)
        if unit is Unit.OTHER or (row.limit_value is None and unit not in _UNCOUNTED):
            continue
        if row.limit_value == 0 and unit not in _UNCOUNTED:
            return Limit(None, Unit.SAME_DAY)
        return Limit(row.limit_value, unit)
    return Limit(None, Unit.NONE)


_UNCOUNTED = {Unit.SAME_DAY, Unit.NONE}


def limit_of(dossier: Dossier) -> Limit:
    """Return the limit of the day of receipt, as the dossier keeps it; reads `version`."""
    return _limit(dossier.limit_value, dossier.limit_unit, dossier.version.same_day_cutoff)


@lru_cache(maxsize=1024)
def _limit(value: Decimal | None, unit: str, cutoff: dt.time) -> Limit:
    """Return a limit; a province has a few dozen, and each is divided into its parts."""
    return Limit(value, Unit(unit), cutoff=cutoff)


def pause_spans(pauses: Iterable[Pause]) -> list[deadlines.Pause]:
    return [
        deadlines.Pause(p.counted_from or p.started_at, p.ended_at, PAUSE_KINDS[State(p.state)])
        for p in pauses
    ]


def recompute(dossier: Dossier, pauses: Iterable[Pause]) -> dt.datetime | None:
    """Return the due instant moved by the pauses, always from the receipt and never from the last.

    A date the officer set, or an imported one, has no limit to recompute from: the working time
    paused is added to it (domain.md 3.5).
    """
    assert dossier.received_at is not None  # noqa: S101 - only received dossiers have a clock
    calendar = calendar_of(dossier.receiving_agency)
    spans = pause_spans(pauses)
    limit = limit_of(dossier)
    due = None
    if not dossier.due_reason:
        try:
            due = deadlines.due_with_pauses(
                limit,
                dossier.received_at,
                calendar,
                spans,
                SupplementPolicy(dossier.version.supplement_policy),
            )
            base = deadlines.due_at(limit, dossier.received_at, calendar)
        except LimitError:
            due = base = None
        if due is not None and base == dossier.due_original_at:
            return due
    if dossier.due_original_at is None:
        return None
    return deadlines.decided_with_pauses(
        dossier.due_original_at, dossier.received_at, calendar, spans
    )


def explain(
    dossier: Dossier,
    *,
    pauses: Iterable[Pause] | None = None,
    calendar: Calendar | None = None,
) -> Explanation | None:
    """Return why the dossier's date is what it is, None without one.

    The stored date stands: where the rules of today would give another (an imported date, a date
    set by an officer, a day announced later), the explanation runs to the stored one. Runs one
    query for pauses and one for the calendar's version, unless these are given.
    """
    if dossier.received_at is None or dossier.due_at is None:
        return None
    calendar = calendar or calendar_of(dossier.receiving_agency)
    spans = pause_spans(dossier.pauses.all() if pauses is None else pauses)
    limit = limit_of(dossier)
    policy = SupplementPolicy(dossier.version.supplement_policy)
    try:
        told = deadlines.explain(limit, dossier.received_at, calendar, spans, policy=policy)
        if told.due_at != dossier.due_at:
            told = deadlines.explain(
                limit, dossier.received_at, calendar, spans, dossier.due_at, policy=policy
            )
    except LimitError:
        return None
    return told


def end_pause(dossier: Dossier, *, at: dt.datetime, restarts: bool = False) -> bool:
    """End the open pause of a locked dossier and move its due date; False when none was open.

    Sets `due_at` and `due_on` on the instance, which the caller saves with its event.
    """
    ended = Pause.objects.filter(dossier=dossier, ended_at__isnull=True).update(
        ended_at=at, restarts=restarts
    )
    if ended:
        dossier.due_at = recompute(dossier, list(dossier.pauses.all()))
        dossier.due_on = local_day(dossier.due_at) if dossier.due_at else None
    return bool(ended)


def note_due_change(
    dossier: Dossier, event: DossierEvent, *, before: dt.datetime | None, reason: str
) -> bool:
    """Keep the old date beside the new when an act moved it; tells whether it did."""
    if dossier.due_at == before:
        return False
    DueDateChange.objects.create(
        dossier=dossier,
        event=event,
        at=event.at,
        due_before=before,
        due_after=dossier.due_at,
        reason=reason,
    )
    return True
