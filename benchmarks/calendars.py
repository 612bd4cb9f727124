"""A changed calendar: how long the rehearsal over many open dossiers takes, and carrying it out."""

from __future__ import annotations

import datetime as dt
import time
from decimal import Decimal
from typing import TYPE_CHECKING

import psycopg
from django.db import connection
from django.utils import timezone

from agencies.calendars import DayChange, calendar_of
from agencies.models import Agency, Calendar
from agencies.working_time import LOCAL_ZONE
from benchmarks.figures import Figure
from dossiers.deadlines import Limit, Unit, due_at
from dossiers.models import CalendarMove, CalendarShift, Dossier
from dossiers.opening import version_for
from dossiers.services import calendar_changing, intake
from dossiers.services.calendar_changing import Decision
from dossiers.services.intake import Person, Submission

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agencies.models import Officer
    from benchmarks.made import Province
    from dossiers.models import CalendarChange

LIMIT = Limit(Decimal(10), Unit.WORKING_DAY)
MOVED = 300  # promises moved one by one, each with its event, receipt and message
ROUNDS = 3


def change_calendar(province: Province, *, size: int, url: str) -> list[Figure]:
    """Rehearse a day off over `size` open dossiers, then keep all promises, then move some."""
    _open_dossiers(province, size)
    today = timezone.localdate()
    calendar = calendar_of(province.receptionist.agency)
    off = calendar.add_working_days(today, 2)
    change = _proposed(province.reformer, off, number="1/TB")
    ours, limits, processor = [], [], []
    for _round in range(ROUNDS):
        start, worked = time.perf_counter(), time.process_time()
        change = calendar_changing.rehearse(change)
        ours.append(time.perf_counter() - start)
        processor.append(time.process_time() - worked)
        limits.append(_read_and_copied_back(change, url))
    listed = CalendarShift.objects.filter(change=change).count()
    assert listed > size * 0.9, listed
    change = _applied(change, province.reformer, Decision())
    start = time.perf_counter()
    assert calendar_changing.carry_out(change.pk)
    kept_in = time.perf_counter() - start
    kept = CalendarMove.objects.filter(change=change, outcome="kept").count()
    assert kept == listed, (kept, listed)
    moved_in = _move_some(province, calendar.add_working_days(today, 3))
    return [
        Figure(
            "calendar_rehearsal",
            f"rehearsal of a day off over {listed:,} open dossiers that move",
            listed / min(ours),
            "dossiers/s",
            listed / min(limits),
            "psycopg reading the same columns and COPYing the same lines back, nothing computed",
            note=f"{min(ours):.1f} s, of them {min(processor):.1f} s of this process's processor;"
            " both calendars, the list written, counts by agency and digest",
        ),
        Figure(
            "calendar_kept",
            "promises kept and written down",
            kept / kept_in,
            "dossiers/s",
            note=f"{kept_in:.1f} s with the list of the day of application",
        ),
        Figure(
            "calendar_moved",
            "promises moved, each with event, new receipt and message",
            MOVED / moved_in,
            "dossiers/s",
            note=f"one transaction a dossier, {MOVED} of them; the queue knocked at for each paper",
        ),
    ]


def _open_dossiers(province: Province, size: int) -> None:
    """Make open dossiers like one that was logged, spread over units and the last working days."""
    # Those of other parts stay out.
    Dossier.objects.open().update(due_at=None, due_on=None, due_promised_at=None)
    pattern = _logged(province)
    calendar = calendar_of(province.receptionist.agency)
    agencies = list(Agency.objects.order_by("pk").values_list("pk", flat=True))
    rows = []
    for place, received in zip(range(size), _moments(timezone.localdate()), strict=False):
        due = due_at(LIMIT, received, calendar)
        assert due is not None
        rows.append((f"H01-LICH-{place}", f"LICH{place:012d}", agencies[place % len(agencies)],
                     received, received.date(), due, due.date()))  # fmt: skip
    made = {
        "code": "n.code", "tracking_code": "n.tracking", "competent_agency_id": "n.agency",
        "received_at": "n.received", "received_on": "n.received_on", "due_at": "n.due",
        "due_original_at": "n.due", "due_on": "n.due_on",
    }  # fmt: skip
    columns = [str(f.column) for f in Dossier._meta.concrete_fields if f.column != "id"]
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE n (code text, tracking text, agency int, received timestamptz,"
            " received_on date, due timestamptz, due_on date)"
        )
        with cursor.copy("COPY n FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(
            f"INSERT INTO dossiers_dossier ({', '.join(columns)})"
            f" SELECT {', '.join(made.get(name, f'd.{name}') for name in columns)}"
            " FROM n, dossiers_dossier d WHERE d.id = %s",
            [pattern.pk],
        )
        cursor.execute("DROP TABLE n")
        cursor.execute("ANALYZE dossiers_dossier")


def _moments(today: dt.date) -> Iterator[dt.datetime]:
    """Yield moments of receipt of the last week, minute by minute through the days."""
    while True:
        for days in range(1, 8):
            for minute in range(7 * 60, 17 * 60):
                day = today - dt.timedelta(days=days)
                yield dt.datetime.combine(day, dt.time(minute // 60, minute % 60), LOCAL_ZONE)


def _logged(province: Province) -> Dossier:
    """Log one ordinary dossier with the limit that all of them get."""
    kind = next(kind for kind in province.kinds if kind.settled_by is None and kind.limit == LIMIT)
    receptionist = province.receptionist
    chosen = version_for(kind.code, on=timezone.localdate(), officer=receptionist, case="")
    return intake.log_submission(
        Submission(
            version=chosen.version,
            case=chosen.case,
            channel="in_person",
            competent_agency=chosen.competent_agency,
            owner=Person("Nguyễn Thị Ánh Tuyết", personal_id="089187004215"),
        ),
        by=receptionist,
    )


def _proposed(by: Officer, off: dt.date, *, number: str) -> CalendarChange:
    return calendar_changing.propose(
        Calendar.objects.order_by("pk")[0],
        by=by,
        number=number,
        announced_on=timezone.localdate(),
        days=[DayChange(off, "holiday", "Nghỉ thử")],
    )


def _applied(change: CalendarChange, by: Officer, decision: Decision) -> CalendarChange:
    return calendar_changing.apply(change, by=by, decision=decision, digest=bytes(change.digest))


def _read_and_copied_back(change: CalendarChange, url: str) -> float:
    """Return how long the same rows take to read and the same lines to write, without a thought."""
    lines = list(
        CalendarShift.objects.filter(change=change).values_list(
            "dossier_id", "agency_id", "due_before", "due_after", "minutes"
        )
    )
    start = time.perf_counter()
    with psycopg.connect(url) as reading, reading.cursor(name="rows") as rows:
        rows.itersize = 2000
        rows.execute(
            "SELECT id, code, competent_agency_id, version_id, limit_value, limit_unit, due_reason,"
            " received_at, due_original_at, due_at FROM dossiers_dossier"
            " WHERE received_at IS NOT NULL AND settled_at IS NULL AND due_at IS NOT NULL ORDER BY id"
        )
        for _row in rows:
            pass
        with reading.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE back (LIKE dossiers_calendarshift INCLUDING INDEXES)")
            with cursor.copy(
                "COPY back (id, change_id, stage, dossier_id, agency_id, due_before, due_after,"
                " minutes) FROM STDIN"
            ) as copy:
                for place, line in enumerate(lines):
                    copy.write_row((place, change.pk, "rehearsed", *line))
    return time.perf_counter() - start


def _move_some(province: Province, off: dt.date) -> float:
    """Move MOVED promises later and return how long that took."""
    keep = Dossier.objects.open().filter(code__startswith="H01-LICH-").order_by("pk")
    few = list(keep.values_list("pk", flat=True)[:MOVED])
    Dossier.objects.open().exclude(pk__in=few).update(due_at=None, due_on=None)
    Dossier.objects.filter(pk__in=few).update(due_base_at=None, due_base_from=None)
    # Those few by the calendar of now, so that the limit gives their dates.
    calendar = calendar_of(province.receptionist.agency)
    for dossier in Dossier.objects.filter(pk__in=few):
        assert dossier.received_at is not None
        due = due_at(LIMIT, dossier.received_at, calendar)
        assert due is not None
        Dossier.objects.filter(pk=dossier.pk).update(
            due_at=due, due_on=due.date(), due_original_at=due
        )
    change = calendar_changing.rehearse(_proposed(province.reformer, off, number="2/TB"))
    change = _applied(change, province.reformer, Decision(later="move", later_reason="Thử"))
    start = time.perf_counter()
    assert calendar_changing.carry_out(change.pk)
    spent = time.perf_counter() - start
    assert CalendarMove.objects.filter(change=change, outcome="moved").count() == MOVED
    return spent
