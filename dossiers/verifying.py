"""Look through the whole history for what somebody changed past the product.

Four looks: each dossier's chain and columns, the rows that hang on events, each reading, and the
roots of the days in the database, in the file and as the rows give them again. Everything streams:
memory holds a batch of dossiers and one sum a day.
"""

from __future__ import annotations

import datetime as dt
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import groupby
from multiprocessing import get_context
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import django
import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, Min

from dossiers.chain import Fault, StoredDossier, StoredEvent, faults_in
from dossiers.day_roots import (
    DayTally,
    Root,
    RowKey,
    StoredReading,
    binary_cursor,
    lock_roots,
    read_file,
    tally_days,
)
from dossiers.models import DayRoot, Dossier, HistoryCheck
from dossiers.sketches import Sketch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

logger = structlog.get_logger(__name__)

BATCH = 1000  # dossiers held in memory with their events
SHARES = 8  # of the dossiers for each process, for some take longer
LOOKS = 5  # at a dossier that is being worked on
MOST_FINDINGS = 10_000  # then it stops: the key is another, or whole tables went
KEPT_FINDINGS = 200  # in the row of a check; all of them are logged
_ORPHANS = 1000  # named at most of one table

_DOSSIER_COLUMNS = ", ".join(f"{'id' if name == 'pk' else name}" for name in StoredDossier._fields)
_EVENT_COLUMNS = ", ".join(
    "data::text" if name == "data" else f'"{name}"' for name in StoredEvent._fields
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that is not as it was written, named without personal data.

    `dossier` is the primary key, for a dossier that is gone has nothing else; `code` its code.
    """

    row: str
    what: str
    dossier: int | None = None
    code: str = ""

    def __str__(self) -> str:
        where = self.code or (f"dossier #{self.dossier}" if self.dossier else "")
        return f"{where}: {self.row} {self.what}" if where else f"{self.row} {self.what}"


@dataclass(slots=True)
class Outcome:
    """What was looked at, and what was found."""

    dossiers: int = 0
    events: int = 0
    readings: int = 0
    findings: list[Finding] = field(default_factory=list)

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.dossiers + other.dossiers,
            self.events + other.events,
            self.readings + other.readings,
            self.findings + other.findings,
        )


# Dossiers


def verify_dossiers(
    *, above: int = 0, up_to: int | None = None, only: Sequence[int] | None = None
) -> Iterator[Outcome]:
    """Yield an outcome for each batch of dossiers: a range of primary keys, or those named.

    Runs two queries a batch and three more for each suspect. Stops after MOST_FINDINGS.
    """
    found = 0
    while True:
        with binary_cursor() as cursor:
            query = f"select {_DOSSIER_COLUMNS} from dossiers_dossier where id > %s"  # noqa: S608
            parameters: list[Any] = [above]
            if up_to is not None:
                query += " and id <= %s"
                parameters.append(up_to)
            if only is not None:
                query += " and id = any(%s::bigint[])"
                parameters.append(list(only))
            cursor.execute(f"{query} order by id limit %s", [*parameters, BATCH])
            dossiers = [StoredDossier._make(row) for row in cursor.fetchall()]
        if not dossiers:
            return
        above = dossiers[-1].pk
        events = _events_of([dossier.pk for dossier in dossiers])
        outcome = Outcome(len(dossiers), len(events))
        history = {pk: list(rows) for pk, rows in groupby(events, attrgetter("dossier_id"))}
        for dossier in dossiers:
            # An act may have been done between the two queries.
            if faults_in(dossier, history.get(dossier.pk, ())):
                outcome.findings.extend(_look_again(dossier.pk))
        found += len(outcome.findings)
        if found >= MOST_FINDINGS:
            what = f"found so much that it stopped after dossier #{above}"
            outcome.findings.append(Finding("the verification", what))
            yield outcome
            return
        yield outcome


def _events_of(dossiers: list[int]) -> list[StoredEvent]:
    with binary_cursor() as cursor:
        cursor.execute(
            f"select {_EVENT_COLUMNS} from dossiers_dossierevent"  # noqa: S608 - names of ours
            " where dossier_id = any(%s::bigint[]) order by dossier_id, seq",
            [dossiers],
        )
        return list(map(StoredEvent._make, cursor.fetchall()))


def _dossier(pk: int) -> StoredDossier | None:
    with binary_cursor() as cursor:
        cursor.execute(
            f"select {_DOSSIER_COLUMNS} from dossiers_dossier where id = %s",  # noqa: S608
            [pk],
        )
        row = cursor.fetchone()
    return StoredDossier._make(row) if row else None


def _look_again(pk: int) -> list[Finding]:
    """Return what is wrong with a dossier, read between two acts and not across one."""
    dossier = _dossier(pk)
    faults: list[Fault] = []
    for _look in range(LOOKS):
        if dossier is None:
            return []
        faults = faults_in(dossier, _events_of([pk]))
        before, dossier = dossier, _dossier(pk)
        if before == dossier:
            break
    code = (dossier.code if dossier else "") or ""
    return [Finding(fault.row, fault.what, pk, code) for fault in faults]


# Rows that hang on events

# Each query gives: primary key, dossier, what is wrong. A superuser's DELETE asks no foreign key.
_HANGING = {
    "event": (
        "select e.seq, e.dossier_id, 'belongs to a dossier that is gone'"
        " from dossiers_dossierevent e left join dossiers_dossier d on d.id = e.dossier_id"
        " where d.id is null"
    ),
    "message of event": (
        "select m.event_id, null::bigint, 'is there and its event is gone'"
        " from dossiers_outboxmessage m left join dossiers_dossierevent e on e.id = m.event_id"
        " where e.id is null"
    ),
    "paper": (
        "select s.id, s.dossier_id, 'is of an event that is gone or another dossier''s'"
        " from dossiers_paperslip s left join dossiers_dossierevent e on e.id = s.event_id"
        " where e.dossier_id is distinct from s.dossier_id"
    ),
    "delivery": (
        "select s.id, s.dossier_id, 'is of an event that is gone or another dossier''s'"
        " from dossiers_delivery s left join dossiers_dossierevent e on e.id = s.event_id"
        " where e.dossier_id is distinct from s.dossier_id"
    ),
    "changed date": (
        "select c.id, c.dossier_id, 'is not the date its event left'"
        " from dossiers_duedatechange c left join dossiers_dossierevent e on e.id = c.event_id"
        " where e.dossier_id is distinct from c.dossier_id or e.due_at is distinct from c.due_after"
    ),
    "event ": (
        "select e.seq, e.dossier_id, 'moved the date and no row says from which'"
        " from dossiers_dossierevent e join dossiers_dossierevent p"
        " on p.dossier_id = e.dossier_id and p.seq = e.seq - 1"
        " where p.due_at <> e.due_at and not exists"
        " (select from dossiers_duedatechange c where c.event_id = e.id and c.due_before = p.due_at)"
    ),
    "receipt": (
        "select s.id, s.dossier_id, 'prints another date than its event left'"
        " from dossiers_paperslip s join dossiers_dossierevent e on e.id = s.event_id"
        " where s.kind = 'receipt' and s.due_at is distinct from e.due_at"
    ),
}


def verify_hanging(only: Sequence[int] | None = None) -> Outcome:
    """Look at the rows that name an event: papers, deliveries, messages, changed dates."""
    outcome = Outcome()
    for name, query in _HANGING.items():
        wrapped = f"select * from ({query}) as wrong (row, dossier, what)"  # noqa: S608 - ours
        parameters: list[Any] = []
        if only is not None:
            wrapped += " where dossier = any(%s)"
            parameters.append(list(only))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("set local statement_timeout = 0")  # joins of whole tables
            cursor.execute(f"{wrapped} order by dossier, row limit {_ORPHANS}", parameters)
            for row, dossier, what in cursor.fetchall():
                outcome.findings.append(Finding(f"{name.strip()} {row}", what, dossier))
    return outcome


# Readings and the roots of the days


def verify_days(since: dt.date | None = None, until: dt.date | None = None) -> Outcome:
    """Look at the readings and at the roots: in the file, in the database, as the rows give them.

    Of the days from `since` to `until`; the chain of the roots is looked through whole.
    """
    outcome = Outcome()
    expected = _roots(outcome.findings)
    signed_from = _first_signed_reading()

    def look(reading: StoredReading, digest: bytes) -> None:
        if reading.tracking_code is None:
            what = "belongs to a dossier that is gone"
        elif reading.digest is None:
            if signed_from is None or reading.pk < signed_from:
                return
            what = "carries no digest"
        elif bytes(reading.digest) != digest:
            what = "does not match its digest"
        else:
            return
        if len(outcome.findings) < MOST_FINDINGS:
            outcome.findings.append(Finding(f"reading {reading.pk}", what, reading.dossier_id))

    tallies = tally_days(since, until, look=look)
    outcome.readings = sum(tally.readings.count for tally in tallies.values())
    closed = max(expected, default=None)
    for day in sorted(tallies.keys() | expected.keys()):
        if closed is None or day > closed:
            continue  # still open
        if (since is not None and day < since) or (until is not None and day > until):
            continue
        root, tally = expected.get(day), tallies.get(day)
        if root is None:
            outcome.findings.append(Finding(f"day {day}", "has rows and no root"))
        elif not root.tells(tally or DayTally()):
            outcome.findings.extend(_differences(root, tally or DayTally()))
    return outcome


def _first_signed_reading() -> int | None:
    """Return the first reading with a digest: those before it were made by version 0.1."""
    with connection.cursor() as cursor:
        cursor.execute("select min(id) from dossiers_dossierreading where digest is not null")
        pk: int | None = cursor.fetchone()[0]
        return pk


def _roots(findings: list[Finding]) -> dict[dt.date, Root]:
    """Return each day's root, the file's before the database's; adds what is wrong with them."""
    # Under the lock: a day that is being closed now has its line before its row is committed.
    with transaction.atomic():
        lock_roots()
        stored = [Root.of_row(row) for row in DayRoot.objects.order_by("day")]
        told, wrong = read_file()
    findings.extend(Finding(f"line {number} of the file of roots", what) for number, what in wrong)
    rows: dict[dt.date, Root] = {}
    previous = b""
    after: dt.date | None = None
    for root in stored:
        rows[root.day] = root
        if not root.is_genuine:
            findings.append(Finding(f"root of {root.day}", "was not made with the key"))
        elif root.previous != previous or (after and root.day != after + dt.timedelta(days=1)):
            findings.append(Finding(f"root of {root.day}", "does not follow the one before it"))
        previous, after = root.root, root.day
    if rows and not told and not wrong:
        findings.append(Finding("the file of roots", "is not there or empty"))
    elif told or wrong:
        for day in sorted(rows.keys() | told.keys()):
            if day not in rows:
                findings.append(Finding(f"root of {day}", "is in the file and not in the database"))
            elif day not in told:
                findings.append(Finding(f"root of {day}", "is in the database and not in the file"))
            elif rows[day] != told[day]:
                findings.append(Finding(f"root of {day}", "is another in the file"))
    genuine = {day: root for day, root in rows.items() if root.is_genuine}
    return {**genuine, **told}


def _differences(root: Root, tally: DayTally) -> Iterator[Finding]:
    """Name the rows by which a day is not what it was when it was closed."""
    for name, then, now in (
        ("events", root.event_count, tally.events.count),
        ("readings", root.reading_count, tally.readings.count),
    ):
        if then != now:
            yield Finding(f"day {root.day}", f"had {then} {name} when it was closed, has {now}")
    if (root.event_count, root.reading_count) == (tally.events.count, tally.readings.count):
        yield Finding(f"day {root.day}", "had as many rows when it was closed, but others")
    again = tally_days(root.day, root.day, sketching=True).get(root.day)
    sketch = again.sketch if again and again.sketch else Sketch()
    differ = Sketch.from_bytes(root.sketch).minus(sketch).differences()
    gone = {RowKey.unpacked(key)[:3]: RowKey.unpacked(key) for key in differ.above}
    new = {RowKey.unpacked(key)[:3]: RowKey.unpacked(key) for key in differ.below}
    codes = _codes({key.dossier_id for key in (*gone.values(), *new.values())})
    for place, key in sorted((gone | new).items()):
        if place not in new:
            what = f"was there when {root.day} was closed, and is gone"
        elif place not in gone:
            what = f"was not there when {root.day} was closed"
        else:
            what = f"was another when {root.day} was closed"
        yield Finding(str(key), what, key.dossier_id, codes.get(key.dossier_id, ""))
    if not differ.is_complete:
        yield Finding(f"day {root.day}", "differs in more rows than can be named")


def _codes(dossiers: Iterable[int]) -> dict[int, str]:
    rows = Dossier.objects.filter(pk__in=dossiers).values_list("pk", "code")
    return {pk: code or "" for pk, code in rows}


# Whole runs


def dossiers_recorded_since(since: dt.date, until: dt.date | None = None) -> list[int]:
    """Return the dossiers with an event recorded on the local days from `since` to `until`."""
    query = (
        "select distinct dossier_id from dossiers_dossierevent"
        " where recorded_at >= %s::date::timestamp at time zone %s"
    )
    parameters: list[Any] = [since, settings.TIME_ZONE]
    if until is not None:
        query += " and recorded_at < (%s::date + 1)::timestamp at time zone %s"
        parameters += [until, settings.TIME_ZONE]
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return [row[0] for row in cursor.fetchall()]


def verify_recorded(since: dt.date, until: dt.date | None = None) -> Outcome:
    """Look at all that was recorded on some days: their dossiers from the first event on."""
    return verify_these(dossiers_recorded_since(since, until)) + verify_days(since, until)


def verify_these(only: Sequence[int]) -> Outcome:
    """Look at some dossiers and what hangs on their events; not at the days."""
    outcome = Outcome()
    for start in range(0, len(only), BATCH):
        part = only[start : start + BATCH]
        for each in verify_dossiers(only=part):
            outcome += each
        outcome += verify_hanging(part)
    return outcome


def verify_everything(*, processes: int = 1, tell: Callable[[int], None] | None = None) -> Outcome:
    """Look at every dossier, row and day; `tell` hears now and then how many dossiers are done.

    With more processes the dossiers are shared among them, while this one looks at the rest.
    """
    outcome = Outcome()
    if processes == 1:
        for each in verify_dossiers():
            outcome += each
            if tell:
                tell(outcome.dossiers)
        return outcome + verify_hanging() + verify_days()
    name = str(connection.settings_dict["NAME"])
    # Spawned, not forked: a forked child would share our connection to the database.
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=django.setup
    ) as pool:
        parts = [pool.submit(_verify_range, name, *ends) for ends in _ranges(processes * SHARES)]
        rest = verify_hanging() + verify_days()
        for part in parts:
            outcome += part.result()
            if tell:
                tell(outcome.dossiers)
    return outcome + rest


def _ranges(count: int) -> list[tuple[int, int]]:
    """Return ranges of primary keys that share the dossiers out: above, up to."""
    ends = Dossier.objects.aggregate(first=Min("pk"), last=Max("pk"))
    if ends["first"] is None:
        return []
    first, last = ends["first"] - 1, ends["last"]
    step = max(1, -(-(last - first) // count))
    return [(above, min(above + step, last)) for above in range(first, last, step)]


def _verify_range(database: str, above: int, up_to: int) -> Outcome:
    connection.settings_dict["NAME"] = database  # in a test it is not the one of the settings
    outcome = Outcome()
    for each in verify_dossiers(above=above, up_to=up_to):
        outcome += each
    return outcome


def newest_closed_day() -> dt.date | None:
    """Return the last day that has a root. Runs one query."""
    day: dt.date | None = DayRoot.objects.aggregate(last=Max("day"))["last"]
    return day


def first_day_to_verify() -> dt.date | None:
    """Return the day after the last that a noted run looked at, else the first with a root."""
    up_to: dt.date | None = HistoryCheck.objects.aggregate(last=Max("up_to"))["last"]
    if up_to is not None:
        return up_to + dt.timedelta(days=1)
    first: dt.date | None = DayRoot.objects.aggregate(first=Min("day"))["first"]
    return first


def note(
    outcome: Outcome, *, is_whole: bool, up_to: dt.date | None, started: float
) -> HistoryCheck:
    """Keep what a run found, for /healthz and the administrator, and log each finding as an error.

    `up_to` is the last closed day when the run began, `started` is of `time.monotonic`.
    """
    for finding in outcome.findings:
        told = {name: value for name, value in asdict(finding).items() if value}
        logger.error("history finding", **told)
    return HistoryCheck.objects.create(
        is_whole=is_whole,
        up_to=up_to,
        dossier_count=outcome.dossiers,
        event_count=outcome.events,
        reading_count=outcome.readings,
        finding_count=len(outcome.findings),
        findings=[str(finding) for finding in outcome.findings[:KEPT_FINDINGS]],
        seconds=round(time.monotonic() - started, 3),
    )
