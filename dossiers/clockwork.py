"""The clock of a stored dossier: its limit, pauses and calendar handed to the pure `deadlines`."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from agencies.calendars import calendar_for_promise, calendar_of
from dossiers import deadlines
from dossiers.deadlines import (
    Explanation,
    Limit,
    LimitError,
    PauseKind,
    SupplementPolicy,
    TimeOfDay,
    Unit,
)
from dossiers.models import Dossier, DossierEvent, DueDateChange, DueOrigin, Pause, local_day
from dossiers.workflow import ClockEffect, State
from procedures.models import ChannelLimit, ProcedureCase

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from django.db.models import QuerySet

    from agencies.working_time import Calendar
    from procedures.models import ProcedureVersion


PAUSE_KINDS = {
    State.AWAITING_SUPPLEMENT: PauseKind.SUPPLEMENT,
    State.AWAITING_PAYMENT: PauseKind.PAYMENT,
    State.SUSPENDED: PauseKind.SUSPENSION,
}

# Saved with every act (`recording.Record.write`), so that no service has to name them.
CLOCK_FIELDS = (
    "due_at", "due_on", "due_statutory_at", "due_promised_at", "due_base_at", "due_base_from",
    "answer_by_at",
)  # fmt: skip

# The limit.


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


def committed_limit_of(version: ProcedureVersion, on: dt.date) -> Limit | None:
    """Return the time the province commits to on a day (domain.md 3.10), None without one."""
    if not version.committed_unit or version.committed_value is None:
        return None
    if version.committed_from is not None and on < version.committed_from:
        return None
    if version.committed_until is not None and on > version.committed_until:
        return None
    return counted_limit(version.committed_value, version.committed_unit, version.same_day_cutoff)


def binding_limit(
    version: ProcedureVersion,
    statutory: Limit,
    received_at: dt.datetime,
    calendar: Calendar,
) -> Limit:
    """Return the limit of the appointment: the committed one where it ends before the law's.

    A commitment that would end later than the law binds nobody. Raises LimitError.
    """
    committed = committed_limit_of(version, local_day(received_at))
    if committed is None:
        return statutory
    by_law = deadlines.due_at(statutory, received_at, calendar)
    promised = deadlines.due_at(committed, received_at, calendar)
    if by_law is None or (promised is not None and promised < by_law):
        return committed
    return statutory


def statutory_limit_of(dossier: Dossier) -> Limit:
    """Return the law's limit of the day of receipt, as the dossier keeps it; reads `version`."""
    return counted_limit(dossier.limit_value, dossier.limit_unit, dossier.version.same_day_cutoff)


def limit_of(dossier: Dossier) -> Limit:
    """Return the limit of the appointment: what the province committed to, else the law's."""
    if dossier.committed_unit:
        return counted_limit(
            dossier.committed_value, dossier.committed_unit, dossier.version.same_day_cutoff
        )
    return statutory_limit_of(dossier)


def counted_limit(value: Decimal | None, unit: str, cutoff: dt.time) -> Limit:
    """Return a limit under the province's policy of the time of day; raises LimitError."""
    return _limit(value, unit, cutoff, settings.MOTCUA_DUE_TIME)


@lru_cache(maxsize=1024)
def _limit(value: Decimal | None, unit: str, cutoff: dt.time, time_of_day: str) -> Limit:
    """Return a limit; a province has a few dozen, and each is divided into its parts."""
    return Limit(value, Unit(unit), cutoff=cutoff, time_of_day=TimeOfDay(time_of_day))


# The dates, from acceptance on.


def start_clock(
    dossier: Dossier, calendar: Calendar, *, at: dt.datetime, due_on: dt.date | None = None
) -> None:
    """Set every date of a dossier accepted at a moment, from the limit it already keeps.

    `due_on` is a date the officer sets where no limit is stated. Sets the columns of START_FIELDS
    on the instance, which the caller saves with its event. Raises LimitError.
    """
    by_law = statutory_limit_of(dossier)
    dossier.due_statutory_at = deadlines.due_at(by_law, at, calendar)
    if due_on is not None:
        due: dt.datetime | None = deadlines.end_of_day(due_on, calendar)
    else:
        binding = binding_limit(dossier.version, by_law, at, calendar)
        if binding is not by_law:
            dossier.committed_value, dossier.committed_unit = binding.value, binding.unit.value
            dossier.committed_decision = dossier.version.committed_decision
        due = deadlines.due_at(binding, at, calendar)
    dossier.due_original_at = due
    set_due(dossier, due)


START_FIELDS = (
    "due_original_at", "committed_value", "committed_unit", "committed_decision", *CLOCK_FIELDS,
)  # fmt: skip


def set_due(dossier: Dossier, due: dt.datetime | None) -> None:
    """Set the appointment and its local day on the instance."""
    dossier.due_at = due
    dossier.due_on = local_day(due) if due else None


def transfer_by(dossier: Dossier, calendar: Calendar) -> dt.datetime | None:
    """Return by when the counter hands the dossier over (T11), None before acceptance.

    Reads `version`: its own cut-off, else the province's. Raises LimitError.
    """
    if dossier.received_at is None:
        return None
    return deadlines.transfer_by(
        dossier.received_at,
        calendar,
        cutoff=dossier.version.transfer_cutoff
        or dt.time.fromisoformat(settings.MOTCUA_TRANSFER_CUTOFF),
        morning=settings.MOTCUA_TRANSFER_MORNING,
    )


def answer_by(
    dossier: Dossier, events: Sequence[DossierEvent], before: dt.datetime | None
) -> dt.datetime | None:
    """Return by when the submission must be answered after these acts, None when no more.

    The timer starts with the act by which the submission begins to wait (T02, T03, T07) and ends
    with any act that leaves that state (T04, T06, T09). Runs one query when it starts.
    """
    if dossier.state != State.SUBMITTED:
        return None
    for event in reversed(events):
        if event.from_state != State.SUBMITTED:
            return deadlines.answer_by(event.at, calendar_of(dossier.receiving_agency))
    return before


def intake_timers(
    events: Iterable[DossierEvent], calendar: Calendar
) -> list[deadlines.IntakeTimer]:
    """Return the waits of a submission for its answer, as the events tell them."""
    steps = [(event.at, event.to_state == State.SUBMITTED) for event in events]
    return deadlines.intake_timers(steps, calendar)


def fill(dossier: Dossier, calendar: Calendar) -> bool:
    """Set the statutory date or the intake timer where it is empty; tells whether it did.

    For dossiers written before these were kept: never for an imported date or one an officer set,
    whose law nobody knows. Reads the dossier's pauses and events. Saves nothing.
    """
    if dossier.state == State.SUBMITTED and dossier.answer_by_at is None:
        timers = intake_timers(dossier.events.all(), calendar)
        if timers and timers[-1].answered_at is None:
            dossier.answer_by_at = timers[-1].answer_by
            return True
    if dossier.is_open and dossier.due_statutory_at is None and not dossier.due_reason:
        if dossier.due_original_at != _unpaused(dossier, calendar):
            return False
        spans = pause_spans(dossier.pauses.all())
        dossier.due_statutory_at = _by_limit(dossier, statutory_limit_of(dossier), spans, calendar)
    return dossier.due_statutory_at is not None


# Pauses.


def pause_spans(pauses: Iterable[Pause]) -> list[deadlines.Pause]:
    """Return stored pauses as the clock wants them; a policy changed later restarts none of them."""
    return [
        deadlines.Pause(
            pause.counted_from or pause.started_at,
            pause.ended_at,
            PAUSE_KINDS[State(pause.state)],
            restarts=pause.restarts if pause.ended_at else None,
        )
        for pause in pauses
    ]


def end_pause(dossier: Dossier, *, at: dt.datetime, restarts: bool = False) -> bool:
    """End the open pause of a locked dossier and move its dates; False when none was open.

    Sets the columns of CLOCK_FIELDS on the instance, which the record of the act saves. Runs three
    queries: the end with the pauses, the changes from outside, the calendar's version.
    """
    pauses = list(Pause.objects.raw(_END_PAUSE, [at, restarts, dossier.pk, dossier.pk]))
    ended = any(getattr(pause, "has_just_ended") for pause in pauses)  # noqa: B009 - of the query
    if ended:
        move_dates(dossier, pauses, changes_of(dossier))
    return ended


# The end and all pauses in one round trip; the table is read as it was before the end.
_END_PAUSE = """
with ended as (
    update dossiers_pause set ended_at = %s, restarts = %s
    where dossier_id = %s and ended_at is null
    returning *
)
select *, true as has_just_ended from ended
union all
select *, false from dossiers_pause
where dossier_id = %s and id not in (select id from ended)
order by started_at, id
"""


# Changes that follow from the pauses; every other changed the dates for a reason of its own.
BY_PAUSES = (DueOrigin.PAUSE, DueOrigin.RESTART)


def changes_of(dossier: Dossier) -> list[DueDateChange]:
    """Return the changes of a dossier's dates that no pause made, oldest first.

    Runs one query, none where the dossier was locked without any (`recording.locked_for_act`).
    """
    if not getattr(dossier, "dates_changed", True):
        return []
    return list(made_by_no_pause(dossier.due_date_changes.all()))


def made_by_no_pause(changes: QuerySet[DueDateChange]) -> QuerySet[DueDateChange]:
    """Narrow changes to those that no pause made, oldest first."""
    return changes.exclude(origin__in=BY_PAUSES).order_by("at", "pk")


def move_dates(
    dossier: Dossier, pauses: Iterable[Pause], changes: Sequence[DueDateChange] = ()
) -> None:
    """Set all dates of a dossier anew from its receipt, its pauses and what changed from outside.

    The statutory date moves by the same pauses under the law's own limit; the date of an apology by
    the working time paused since it was given, so that in days, after a restart or by another
    system's word the appointment may pass it: both are kept, the applicant reads the later
    (`Dossier.due_told_at`). Holds the calendar until the act is committed.
    """
    calendar, _version = calendar_for_promise(dossier.clock_agency)
    spans = pause_spans(pauses)
    set_due(dossier, recompute(dossier, spans, calendar, changes))
    if dossier.due_statutory_at is not None:
        by_law = _by_limit(dossier, statutory_limit_of(dossier), spans, calendar)
        dossier.due_statutory_at = by_law or dossier.due_statutory_at
    promises = [change for change in changes if change.promised_after is not None]
    if promises:
        dossier.due_promised_at = _moved_since(promises[-1], spans, calendar)


def recompute(
    dossier: Dossier,
    spans: Sequence[deadlines.Pause],
    calendar: Calendar,
    changes: Sequence[DueDateChange] = (),
) -> dt.datetime | None:
    """Return the appointment moved by the pauses, always from the receipt and never from the last.

    The latest date set from outside (another system, a correction, an apology that moves the
    appointment), or kept when the calendar changed, takes the place of the receipt; a date the
    officer set, or an imported one, has no limit to recompute from: the working time paused is
    added to either (domain.md 3.5). A restart after such a date gives the full limit again, and
    neither makes the other earlier.
    """
    return _recomputed(dossier, spans, calendar, changes)[0]


def _recomputed(
    dossier: Dossier,
    spans: Sequence[deadlines.Pause],
    calendar: Calendar,
    changes: Sequence[DueDateChange],
) -> tuple[dt.datetime | None, bool]:
    """Return the appointment as `recompute`, and whether it is the limit that gives it."""
    by_limit = None
    if not dossier.due_reason:
        by_limit = _by_limit(dossier, limit_of(dossier), spans, calendar)
    decided = _decided(dossier, changes)
    if decided is not None:
        date, since = decided
        moved = deadlines.decided_with_pauses(date, since, calendar, spans)
        if by_limit is not None and by_limit >= moved and _restarted_after(since, spans):
            return by_limit, True
        return moved, False
    if by_limit is not None and _is_promised_by_limit(dossier, calendar, changes):
        return by_limit, True
    if dossier.due_original_at is None or dossier.received_at is None:
        return None, False
    moved = deadlines.decided_with_pauses(
        dossier.due_original_at, dossier.received_at, calendar, spans
    )
    return moved, False


def _decided(
    dossier: Dossier, changes: Sequence[DueDateChange]
) -> tuple[dt.datetime, dt.datetime] | None:
    """Return the date that stands in the place of the receipt and since when, None without one."""
    if dossier.due_base_at is not None and dossier.due_base_from is not None:
        return dossier.due_base_at, dossier.due_base_from
    outside = [change for change in changes if sets_the_date(change)]
    if not outside:
        return None
    date = outside[-1].promised_after or outside[-1].due_after
    return (date, outside[-1].at) if date is not None else None


def dates_under(
    dossier: Dossier,
    spans: Sequence[deadlines.Pause],
    calendar: Calendar,
    *,
    before: Calendar,
    changes: Sequence[DueDateChange] = (),
) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Return the appointment and the law's date a dossier would have under another calendar.

    For the rehearsal of an announcement, and for applying it (`change_due`, origin CALENDAR). A
    date that the limit does not give under the calendar `before` (an imported one, one an officer
    or another system set, one kept before) stays. Sets nothing.
    """
    stored = dossier.due_at, dossier.due_statutory_at
    due, is_by_limit = _recomputed(dossier, spans, before, changes)
    if not is_by_limit or due != dossier.due_at:
        return stored
    moved = _by_limit(dossier, limit_of(dossier), spans, calendar)
    if moved is None:
        return stored
    if dossier.due_statutory_at is None:
        return moved, None
    by_law = _by_limit(dossier, statutory_limit_of(dossier), spans, calendar)
    return moved, by_law or dossier.due_statutory_at


def sets_the_date(change: DueDateChange) -> bool:
    """Whether a change set the appointment itself, so that no limit gives it any more."""
    if change.origin in {DueOrigin.EXTERNAL, DueOrigin.CORRECTION}:
        return change.due_after is not None
    return change.origin == DueOrigin.APOLOGY and change.due_after != change.due_before


def _by_limit(
    dossier: Dossier, limit: Limit, spans: Sequence[deadlines.Pause], calendar: Calendar
) -> dt.datetime | None:
    assert dossier.received_at is not None  # noqa: S101 - only received dossiers have a clock
    try:
        return deadlines.due_with_pauses(
            limit, dossier.received_at, calendar, spans, _policy(dossier)
        )
    except LimitError:
        return None


def _is_promised_by_limit(
    dossier: Dossier, calendar: Calendar, changes: Sequence[DueDateChange]
) -> bool:
    """Whether the limit under the calendar of today still gives the date first promised.

    It does not for an imported date, nor where a day was announced since: then the promise stands,
    unless the announcement was applied to the dossier.
    """
    if any(change.origin == DueOrigin.CALENDAR for change in changes):
        return True
    return _unpaused(dossier, calendar) == dossier.due_original_at


def _unpaused(dossier: Dossier, calendar: Calendar) -> dt.datetime | None:
    assert dossier.received_at is not None  # noqa: S101 - as above
    return deadlines.due_at(limit_of(dossier), dossier.received_at, calendar)


def _moved_since(
    change: DueDateChange, spans: Sequence[deadlines.Pause], calendar: Calendar
) -> dt.datetime | None:
    date = change.due_after if change.promised_after is None else change.promised_after
    if date is None:
        return None
    return deadlines.decided_with_pauses(date, change.at, calendar, spans)


def _restarted_after(moment: dt.datetime, spans: Sequence[deadlines.Pause]) -> bool:
    return any(pause.restarts and pause.ended_at and pause.ended_at > moment for pause in spans)


def _policy(dossier: Dossier) -> SupplementPolicy:
    return SupplementPolicy(dossier.version.supplement_policy)


# Changes from outside.


def change_due(
    dossier: Dossier,
    new_due: dt.datetime,
    *,
    origin: DueOrigin,
    reason: str,
    event: DossierEvent,
    reference: str = "",
    is_late: bool = False,
    new_statutory: dt.datetime | None = None,
) -> DueDateChange:
    """Set a date of a locked dossier that no pause gives, and return the row that says whence.

    `event` is the act that does it, appended and not yet written: the record saves the dates, the
    caller saves the returned row after it. `reference` is the number of the announcement or the id
    of the message. An apology sets the promised date (`promise`), every other origin the
    appointment; the first promise stays, and so does the statutory date unless a calendar moved it
    (`new_statutory`). Raises LimitError naming `due_on` for a dossier without a running clock or a
    date before its receipt: no date is moved after the end, for that would make the late ones
    punctual.
    """
    if dossier.settled_at is not None:
        raise LimitError("due_on", _("Hồ sơ đã kết thúc xử lý, không đổi ngày hẹn trả."))
    if dossier.received_at is None or new_due < dossier.received_at:
        raise LimitError("due_on", _("Ngày hẹn trả không được trước ngày tiếp nhận."))
    due_before, promised_before = dossier.due_at, dossier.due_promised_at
    if origin is DueOrigin.APOLOGY:
        promise(dossier, new_due, is_late=is_late)
    else:
        set_due(dossier, new_due)
        let_go(dossier)
    if new_statutory is not None:
        dossier.due_statutory_at = new_statutory
    return DueDateChange(
        dossier=dossier,
        event=event,
        at=event.at,
        due_before=due_before,
        due_after=dossier.due_at,
        promised_before=promised_before,
        promised_after=dossier.due_promised_at if origin is DueOrigin.APOLOGY else None,
        origin=origin,
        reference=reference,
        reason=reason,
    )


def promise(dossier: Dossier, new_due: dt.datetime, *, is_late: bool = False) -> None:
    """Set the date an apology promises; the appointment moves only where the province says so.

    Visible policy MOTCUA_APOLOGY_MOVES_DUE (domain.md 3.7); a late apology
    never moves it (T24). Sets CLOCK_FIELDS on the instance.
    """
    dossier.due_promised_at = new_due
    if settings.MOTCUA_APOLOGY_MOVES_DUE and not is_late:
        set_due(dossier, new_due)
        let_go(dossier)


def hold(dossier: Dossier, *, since: dt.datetime) -> None:
    """Let the appointment stand as somebody's word: from now on only pauses after `since` move it.

    Sets CLOCK_FIELDS on the instance.
    """
    dossier.due_base_at, dossier.due_base_from = dossier.due_at, since


def let_go(dossier: Dossier) -> None:
    """Forget a promise kept when the calendar changed: its date has been set anew."""
    dossier.due_base_at = dossier.due_base_from = None


def note_due_change(
    dossier: Dossier, event: DossierEvent, *, before: dt.datetime | None, reason: str
) -> bool:
    """Keep the old date beside the new when a pause moved it; tells whether it did."""
    if dossier.due_at == before:
        return False
    restarted = event.clock_effect == ClockEffect.RESTART
    DueDateChange.objects.create(
        dossier=dossier,
        event=event,
        at=event.at,
        due_before=before,
        due_after=dossier.due_at,
        origin=DueOrigin.RESTART if restarted else DueOrigin.PAUSE,
        reason=reason,
    )
    return True


# Why this date.


def explain(
    dossier: Dossier,
    *,
    pauses: Iterable[Pause] | None = None,
    calendar: Calendar | None = None,
    due_at: dt.datetime | None = None,
) -> Explanation | None:
    """Return why the dossier's date is what it is, None without one.

    The date is the one the applicant reads, or `due_at` as a paper says it. The stored date stands:
    where the rules of today would give another (an imported date, a date set by an officer or an
    apology, a day announced later), the explanation runs to the stored one. Runs one query for
    pauses and one for the calendar's version, unless these are given.
    """
    told_at = due_at or dossier.due_told_at
    if dossier.received_at is None or told_at is None:
        return None
    calendar = calendar or calendar_of(dossier.clock_agency)
    spans = pause_spans(dossier.pauses.all() if pauses is None else pauses)
    try:
        told = explain_by_limit(dossier, spans, calendar)
        if told.due_at != told_at:
            told = deadlines.explain(
                limit_of(dossier),
                dossier.received_at,
                calendar,
                spans,
                told_at,
                policy=_policy(dossier),
            )
    except LimitError:
        return None
    return told


def explain_by_limit(
    dossier: Dossier, spans: Sequence[deadlines.Pause], calendar: Calendar
) -> Explanation:
    """Return what the limit alone gives and why; raises LimitError."""
    assert dossier.received_at is not None  # noqa: S101 - asked of received dossiers only
    return deadlines.explain(
        limit_of(dossier), dossier.received_at, calendar, spans, policy=_policy(dossier)
    )


def let_stand(dossier: Dossier, *, since: dt.datetime, until: dt.datetime) -> None:
    """Let the clock have stood for a stretch that is over, and move the dates as `end_pause`."""
    Pause.objects.create(dossier=dossier, state=State.SUSPENDED, started_at=since, ended_at=until)
    move_dates(dossier, list(dossier.pauses.all()), changes_of(dossier))
