"""Diễn tập lịch: which open dossiers a changed calendar would move, where to and by how much.

Reads in chunks of CHUNK and keeps nothing but the chunk in memory; the answer is rows of
CalendarShift. Writes no dossier. Source: domain.md 3.9; the arithmetic is `dossiers/shifts.py`.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q

from agencies.calendars import DayChange, calendar_at, with_changes
from agencies.models import Calendar
from dossiers import shifts
from dossiers.clockwork import dates_under, made_by_no_pause, pause_spans
from dossiers.deadlines import LimitError
from dossiers.models import CalendarShift, Dossier, DueDateChange, Pause
from dossiers.shifts import Shift
from procedures.models import ProcedureVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agencies import working_time
    from dossiers.models import CalendarChange, DossierQuerySet

CHUNK = 2000
# What a date is computed from; the version is put on from memory, a province has a few hundred.
_FIELDS = (
    "pk", "code", "competent_agency", "version_id", "limit_value", "limit_unit",
    "committed_value", "committed_unit", "due_reason", "received_at", "due_original_at",
    "due_base_at", "due_base_from", "due_at", "due_statutory_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Calendars:
    """A calendar before and after a change, and the stretch in which that can matter."""

    old: working_time.Calendar
    new: working_time.Calendar
    days: tuple[DayChange, ...]


@dataclass(slots=True)
class Tally:
    """What a walk found, by settling agency."""

    earlier: Counter[int] = field(default_factory=Counter)
    later: Counter[int] = field(default_factory=Counter)
    # Dates somebody decided that lie on a new day off: nothing moves them, a person must look.
    resting: Counter[int] = field(default_factory=Counter)
    digest: bytes = b""


def calendars_of(change: CalendarChange) -> Calendars:
    """Return the calendars before and after a change, applied or not. Runs three queries."""
    days = list(change.days.all())
    after = tuple(DayChange(d.on, d.kind, d.name, source_of(change)) for d in days)
    before = tuple(DayChange(d.on, d.kind_before, d.name_before, d.source_before) for d in days)
    version = Calendar.objects.values_list("version", flat=True).get(pk=change.calendar_id)
    current = calendar_at(change.calendar_id, version)
    if change.is_applied:
        return Calendars(with_changes(current, before), current, after)
    return Calendars(current, with_changes(current, after), after)


def source_of(change: CalendarChange) -> str:
    """Return the announcement as the days of a calendar cite it."""
    return f"{change.number}, {change.announced_on:%d/%m/%Y}"


def open_under(calendar_id: int) -> DossierQuerySet:
    """Return the open dossiers promised by a calendar: its agencies', else the province's."""
    own = Q(receiving_agency__calendar=calendar_id)
    if not Calendar.objects.filter(pk__lt=calendar_id).exists():
        own |= Q(receiving_agency__calendar__isnull=True)
    return Dossier.objects.open().filter(own, is_chain=False)  # a chain has the date of its parts


def within_reach(calendar_id: int, days: Iterable[DayChange]) -> DossierQuerySet:
    """Return the open dossiers with a date that a change of these days can move at all.

    `shifts.reach` says why: the rest ended before the first changed day or began after the last.
    """
    start, end = shifts.reach(day.on for day in days)
    paused_then = Pause.objects.filter(
        dossier=OuterRef("pk"), started_at__lt=end, ended_at__gte=start
    )
    return open_under(calendar_id).filter(
        Q(due_at__gte=start) | Exists(paused_then), received_at__lt=end, due_at__isnull=False
    )


def walk(
    dossiers: DossierQuerySet, calendars: Calendars, tally: Tally
) -> Iterator[list[tuple[Dossier, Shift]]]:
    """Yield the dossiers that move, chunk by chunk, and count them.

    Runs one query streamed by the server and two for the pauses and the changed dates of each
    chunk; call inside a transaction, so that all chunks see the same moment.
    """
    versions = ProcedureVersion.objects.only("same_day_cutoff", "supplement_policy").in_bulk()
    digest = hashlib.sha256()
    rows = dossiers.order_by("pk").only(*_FIELDS).iterator(chunk_size=CHUNK)
    while chunk := _take(rows, CHUNK):
        paused: dict[int, list[Pause]] = defaultdict(list)
        changed: dict[int, list[DueDateChange]] = defaultdict(list)
        keys = [row.pk for row in chunk]
        for pause in Pause.objects.filter(dossier__in=keys):
            paused[pause.dossier_id].append(pause)
        for change in made_by_no_pause(DueDateChange.objects.filter(dossier__in=keys)):
            changed[change.dossier_id].append(change)
        found: list[tuple[Dossier, Shift]] = []
        for row in chunk:
            row.version = versions[row.version_id]
            move = shift_of(row, paused[row.pk], changed[row.pk], calendars)
            if move is None:
                assert row.due_at is not None  # noqa: S101 - the query asked for one
                if shifts.falls_on_a_new_day_off(row.due_at, calendars.old, calendars.new):
                    tally.resting[row.competent_agency_id] += 1
                continue
            (tally.earlier if move.due_after < move.due_before else tally.later)[
                row.competent_agency_id
            ] += 1
            digest.update(
                f"{row.code} {move.due_before.timestamp():.0f} {move.due_after.timestamp():.0f}\n".encode()
            )
            found.append((row, move))
        yield found
    tally.digest = digest.digest()


def shift_of(
    dossier: Dossier,
    pauses: Iterable[Pause],
    changes: Sequence[DueDateChange],
    calendars: Calendars,
) -> Shift | None:
    """Return where a dossier's date would go, None where it stays; reads `version`.

    A date that the old calendar does not give (set by an officer, imported, kept before) is
    somebody's word and stays, whatever the days are.
    """
    before = dossier.due_at
    if before is None:
        return None
    try:
        after, by_law = dates_under(
            dossier, pause_spans(pauses), calendars.new, before=calendars.old, changes=changes
        )
    except LimitError:
        return None
    if after is None or after == before:
        return None
    minutes = shifts.working_minutes(before, after, calendars.old, calendars.new)
    return Shift(before, after, by_law, minutes)


def _take(rows: Iterator[Dossier], count: int) -> list[Dossier]:
    return list(itertools.islice(rows, count))


def list_shifts(change: CalendarChange, stage: CalendarShift.Stage, calendars: Calendars) -> Tally:
    """Write down which dossiers a change moves now, in place of an older list of that stage."""
    tally = Tally()
    with transaction.atomic():
        CalendarShift.objects.filter(change=change, stage=stage).delete()
        dossiers = within_reach(change.calendar_id, calendars.days)
        for found in walk(dossiers, calendars, tally):
            _copy_in(change.pk, stage.value, found)
    return tally


def _copy_in(change_id: int, stage: str, found: list[tuple[Dossier, Shift]]) -> None:
    """COPY lines of a list: half a million are written in seconds."""
    if not found:
        return
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY dossiers_calendarshift "
            "(change_id, stage, dossier_id, agency_id, due_before, due_after, minutes) FROM STDIN"
        ) as copy,
    ):
        for row, move in found:
            copy.write_row(
                (
                    change_id, stage, row.pk, row.competent_agency_id,
                    move.due_before, move.due_after, move.minutes,
                )
            )  # fmt: skip


def counts_of(
    change: CalendarChange, stage: CalendarShift.Stage, tally: Tally
) -> list[dict[str, Any]]:
    """Return one line an agency: how many move where to, stay or need a look, and by how much.

    Median and most in working minutes, without direction. Runs two queries.
    """
    open_by = dict(
        open_under(change.calendar_id)
        .order_by()
        .values_list("competent_agency")
        .annotate(Count("pk"))
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT agency_id, percentile_disc(0.5) WITHIN GROUP (ORDER BY abs(minutes)), "
            "max(abs(minutes)) FROM dossiers_calendarshift WHERE change_id = %s AND stage = %s "
            "GROUP BY agency_id",
            [change.pk, stage.value],
        )
        sizes = {agency: (median, most) for agency, median, most in cursor.fetchall()}
    lines = []
    for agency in sorted({*open_by, *tally.earlier, *tally.later, *tally.resting}):
        earlier, later = tally.earlier[agency], tally.later[agency]
        median, most = sizes.get(agency, (0, 0))
        lines.append(
            {
                "agency": agency,
                "earlier": earlier,
                "later": later,
                "unchanged": max(0, open_by.get(agency, 0) - earlier - later),
                "resting": tally.resting[agency],
                "median": median,
                "most": most,
            }
        )
    return lines


def differences_of(change: CalendarChange) -> dict[str, int]:
    """Return how the list of the day of application differs from the rehearsed one. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE r.id IS NULL), count(*) FILTER (WHERE p.id IS NULL), "
            "count(*) FILTER (WHERE r.due_before <> p.due_before OR r.due_after <> p.due_after) "
            "FROM (SELECT * FROM dossiers_calendarshift WHERE change_id = %s AND stage = %s) r "
            "FULL JOIN (SELECT * FROM dossiers_calendarshift WHERE change_id = %s AND stage = %s) p"
            " ON p.dossier_id = r.dossier_id",
            [change.pk, "rehearsed", change.pk, "planned"],
        )
        added, gone, altered = cursor.fetchone()
    return {"added": added, "gone": gone, "altered": altered}
