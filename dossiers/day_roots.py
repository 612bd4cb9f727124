"""The root of a day: one keyed line for all that was recorded on it, kept in two places.

The chain of a dossier shows no cut where its last events and the dossier's own count went together,
nor a dossier that went whole. The root of the day does: it is a keyed sum over the digests of the
day's events and readings (an additive multiset hash, Clarke et al. 2003: in any order, so one pass
over a table in bounded memory gives every day), chained to the day before. It is a row of DayRoot
and a line of the file `settings.ROOTS_FILE`, which no superuser of the database writes.

Days are local, Asia/Ho_Chi_Minh; an event belongs to the day of `recorded_at`, a reading to that
of `at`, both by the database's clock. Source: domain.md 2.6; docs/adr/0010.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hmac
import os
import re
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
import structlog
from django.conf import settings
from django.db import connection, transaction
from psycopg.pq import Format

from agencies.working_time import LOCAL_ZONE
from dossiers.chain import key_for, reading_digest
from dossiers.models import DayRoot, local_day
from dossiers.recording import database_now
from dossiers.sketches import Sketch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

logger = structlog.get_logger(__name__)

# Between reading the clock and committing lie seconds; an act that took an hour was given up.
CLOSING_MARGIN = dt.timedelta(hours=1)
PATIENCE = 60.0  # seconds to wait for transactions that are still writing
_ONE_AT_A_TIME = 0x6D63_6461  # key of the advisory lock
_FETCH = 5000  # rows held in memory
_MODULUS = 2**256
_LINE = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d) v1 events=(?P<event_count>\d+):(?P<events_digest>[0-9a-f]{64}) "
    r"readings=(?P<reading_count>\d+):(?P<readings_digest>[0-9a-f]{64}) "
    r"sketch=(?P<sketch>[0-9A-Za-z+/=]+) previous=(?P<previous>(?:[0-9a-f]{64})?) "
    r"root=(?P<root>[0-9a-f]{64})"
)


class RootFileError(Exception):
    """A line of the file of roots is none, or two lines tell one day differently."""


class StoredReading(NamedTuple):
    """A row of DossierReading with its local day and the tracking code of its dossier."""

    day: dt.date
    dossier_id: int
    pk: int
    tracking_code: str | None
    officer_id: int
    at: dt.datetime
    way: str
    digest: bytes | None


class RowKey(NamedTuple):
    """What a sketch keeps of a row: enough to name it, nothing to read in it."""

    is_reading: bool
    dossier_id: int
    row: int  # `seq` of an event, primary key of a reading
    digest_start: int

    def packed(self) -> int:
        """Return the key as a number below 2**160."""
        return self.is_reading << 152 | self.dossier_id << 104 | self.row << 64 | self.digest_start

    @classmethod
    def unpacked(cls, key: int) -> RowKey:
        """Read what `packed` made."""
        return cls(bool(key >> 152), key >> 104 & 2**48 - 1, key >> 64 & 2**40 - 1, key & 2**64 - 1)

    def __str__(self) -> str:
        return f"{'reading' if self.is_reading else 'event'} {self.row}"


@dataclass(slots=True)
class Tally:
    """A count and a keyed sum of digests."""

    count: int = 0
    total: int = 0

    def add(self, key: bytes, digest: bytes) -> None:
        self.count += 1
        self.total += int.from_bytes(hmac.digest(key, digest, "sha256"), "big")

    def digest(self, what: str, day: dt.date) -> bytes:
        """Return what stands for the sum outside: nobody without the key can add to it."""
        message = f"{what} {day} {self.count} {self.total % _MODULUS:064x}"
        return hmac.digest(key_for("day tally"), message.encode(), "sha256")


@dataclass(slots=True)
class DayTally:
    """What one day recorded, and where it was asked for, its sketch."""

    events: Tally = field(default_factory=Tally)
    readings: Tally = field(default_factory=Tally)
    sketch: Sketch | None = None


@dataclass(frozen=True, slots=True)
class Root:
    """A day's root wherever it stands: in its row or in its line."""

    day: dt.date
    event_count: int
    events_digest: bytes
    reading_count: int
    readings_digest: bytes
    sketch: bytes
    previous: bytes
    root: bytes

    @classmethod
    def of(cls, day: dt.date, tally: DayTally, previous: bytes) -> Root:
        """Sign a day's tally, chained to the root before it."""
        unsigned = cls(
            day=day,
            event_count=tally.events.count,
            events_digest=tally.events.digest("events", day),
            reading_count=tally.readings.count,
            readings_digest=tally.readings.digest("readings", day),
            sketch=(tally.sketch or Sketch()).to_bytes(),
            previous=previous,
            root=b"",
        )
        return replace(unsigned, root=unsigned.signature())

    @classmethod
    def of_row(cls, row: DayRoot) -> Root:
        """Read a row."""
        # The driver gives bytes or a memoryview, after what was just made and what was read.
        columns: dict[str, Any] = {
            name: value if isinstance(value := getattr(row, name), int | dt.date) else bytes(value)
            for name in cls.__slots__
        }
        return cls(**columns)

    @classmethod
    def of_line(cls, line: str) -> Root:
        """Read a line; raises RootFileError for one that is none."""
        read = _LINE.fullmatch(line)
        if read is None:
            raise RootFileError("is not the line of a day")
        try:
            return cls(
                day=dt.date.fromisoformat(read["day"]),
                event_count=int(read["event_count"]),
                events_digest=bytes.fromhex(read["events_digest"]),
                reading_count=int(read["reading_count"]),
                readings_digest=bytes.fromhex(read["readings_digest"]),
                sketch=base64.b64decode(read["sketch"], validate=True),
                previous=bytes.fromhex(read["previous"]),
                root=bytes.fromhex(read["root"]),
            )
        except (ValueError, binascii.Error):
            raise RootFileError("is not the line of a day") from None

    def body(self) -> str:
        """Return all that the root signs, as its line begins."""
        return (
            f"{self.day} v1 events={self.event_count}:{self.events_digest.hex()} "
            f"readings={self.reading_count}:{self.readings_digest.hex()} "
            f"sketch={base64.b64encode(self.sketch).decode()} previous={self.previous.hex()}"
        )

    def line(self) -> str:
        """Return the line of the file, without its end."""
        return f"{self.body()} root={self.root.hex()}"

    def signature(self) -> bytes:
        """Return the root that these figures must have."""
        return hmac.digest(key_for("day root"), self.body().encode(), "sha256")

    @property
    def is_genuine(self) -> bool:
        """Whether it was made with the key."""
        return hmac.compare_digest(self.root, self.signature())

    def tells(self, tally: DayTally) -> bool:
        """Return whether a day still holds what it held when it was closed."""
        return (
            self.event_count == tally.events.count
            and self.reading_count == tally.readings.count
            and self.events_digest == tally.events.digest("events", self.day)
            and self.readings_digest == tally.readings.digest("readings", self.day)
        )


# Reading the tables


def tally_days(
    since: dt.date | None = None,
    until: dt.date | None = None,
    *,
    sketching: bool = False,
    look: Callable[[StoredReading, bytes], None] | None = None,
) -> dict[dt.date, DayTally]:
    """Return what each local day recorded, both ends included; in bounded memory, one pass a table.

    `look` is shown every reading with the digest it should have. Sketches only where asked for.
    """
    days: dict[dt.date, DayTally] = {}
    key = key_for("day events")

    def of(day: dt.date) -> DayTally:
        if day not in days:
            days[day] = DayTally(sketch=Sketch() if sketching else None)
        return days[day]

    for day, dossier_id, seq, digest in _rows(
        "select (recorded_at at time zone %s)::date, dossier_id, seq, digest"
        " from dossiers_dossierevent",
        "recorded_at",
        since,
        until,
    ):
        tally = of(day)
        tally.events.add(key, digest)
        if tally.sketch is not None:
            start = int.from_bytes(digest[:8], "big")
            tally.sketch.add(RowKey(False, dossier_id, seq, start).packed())
    key = key_for("day readings")
    for row in _rows(
        "select (r.at at time zone %s)::date, r.dossier_id, r.id, d.tracking_code, r.officer_id,"
        " r.at, r.way, r.digest from dossiers_dossierreading r"
        " left join dossiers_dossier d on d.id = r.dossier_id",
        "r.at",
        since,
        until,
    ):
        reading = StoredReading._make(row)
        # What it says and not the digest it carries: those of before version 0.2 carry none.
        digest = reading_digest(reading, reading.tracking_code or "")
        if look is not None:
            look(reading, digest)
        tally = of(reading.day)
        tally.readings.add(key, digest)
        if tally.sketch is not None:
            start = int.from_bytes(digest[:8], "big")
            tally.sketch.add(RowKey(True, reading.dossier_id, reading.pk, start).packed())
    return days


def _rows(
    select: str, column: str, since: dt.date | None, until: dt.date | None
) -> Iterator[tuple[Any, ...]]:
    """Yield rows of a table in any order from a cursor on the server."""
    parameters: list[Any] = [settings.TIME_ZONE]
    conditions = []
    if since is not None:
        conditions.append(f"{column} >= %s")
        parameters.append(_midnight(since))
    if until is not None:
        conditions.append(f"{column} < %s")
        parameters.append(_midnight(until + dt.timedelta(days=1)))
    if conditions:
        select += f" where {' and '.join(conditions)}"
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("set local statement_timeout = 0")
        with binary_cursor(chunked=True) as cursor:
            cursor.execute(select, parameters)
            while rows := cursor.fetchmany(_FETCH):
                yield from rows


@contextmanager
def binary_cursor(*, chunked: bool = False) -> Iterator[psycopg.Cursor[Any]]:
    """Open a cursor, `chunked` on the server in a transaction, whose rows come in binary format.

    Moments and digests are read several times as fast so: Django's cursors take text alone, of
    which Python makes the moments.
    """
    connection.ensure_connection()
    cursor: psycopg.Cursor[Any]
    if chunked:
        cursor = psycopg.ServerCursor(connection.connection, name="history")
    else:
        cursor = psycopg.Cursor(connection.connection)
    cursor.format = Format.BINARY
    with cursor, connection.wrap_database_errors:
        yield cursor


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=LOCAL_ZONE)


# Closing days


def close_days(*, patience: float = PATIENCE) -> list[DayRoot]:
    """Make the roots of all days that are over, in order, and give each its line in the file.

    May run twice and at once; a day that is closed stays so. A day is over an hour after its
    midnight, when no transaction runs that may have recorded before it: until then nothing is
    made, and the next run makes up what is missing. Raises OSError when the file refuses, and then
    closes no day.
    """
    last_day = local_day(database_now() - CLOSING_MARGIN) - dt.timedelta(days=1)
    if not _writers_are_done(patience):
        logger.warning("days not closed", why="a transaction is still writing")
        return []
    made = []
    while (root := _close_next(last_day)) is not None:
        made.append(root)
    return made


def _writers_are_done(patience: float) -> bool:
    """Wait until every transaction that writes now is over; False when one outlasts our patience.

    An act reads the clock after its first write (the lock on its dossier or its number), so who
    recorded before the midnight that is an hour ago and has not committed yet is among them. Each
    holds a lock on its own number, which every role may see, and a prepared one does too;
    pg_stat_activity hides the others' times, and a snapshot leaves out who came last.
    """
    started = time.monotonic()
    waited_for = _writing()
    while waited_for:
        if time.monotonic() - started >= patience:
            return False
        time.sleep(0.2)
        waited_for &= _writing()
    return True


def _writing() -> set[str]:
    """Return the numbers of the transactions of others that have written here."""
    with connection.cursor() as cursor:
        # A prepared one has no process: which database it is of, we do not ask.
        cursor.execute(
            "select l.transactionid::text from pg_locks l left join pg_stat_activity a using (pid)"
            " where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted"
            " and l.pid is distinct from pg_backend_pid()"
            " and coalesce(a.datname, current_database()) = current_database()"
        )
        return {row[0] for row in cursor.fetchall()}


def _close_next(last_day: dt.date) -> DayRoot | None:
    """Close the next open day up to the last, None when there is none or somebody is at it."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])
            if not cursor.fetchone()[0]:
                return None
        newest = DayRoot.objects.order_by("-day").first()
        day = newest.day + dt.timedelta(days=1) if newest else _first_day()
        if day is None or day > last_day:
            append_lines(Root.of_row(row) for row in DayRoot.objects.order_by("day"))
            return None
        tally = tally_days(day, day, sketching=True).get(day) or DayTally(sketch=Sketch())
        root = Root.of(day, tally, bytes(newest.root) if newest else b"")
        row = DayRoot.objects.create(**asdict(root))
        # Before the commit: should it fail, the line says what the next run will say again.
        append_lines([root])
    logger.info("day closed", day=day.isoformat(), events=root.event_count)
    return row


def lock_roots() -> None:
    """Wait until nobody closes a day; holds to the end of the transaction. Runs one query."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])


def _first_day() -> dt.date | None:
    """Return the first day on which anything was recorded. Reads both tables once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select (least((select min(recorded_at) from dossiers_dossierevent),"
            " (select min(at) from dossiers_dossierreading)) at time zone %s)::date",
            [settings.TIME_ZONE],
        )
        day: dt.date | None = cursor.fetchone()[0]
        return day


def root_of(day: dt.date) -> str:
    """Return a day's root for print, in groups of eight; empty while the day is open. One query."""
    row = DayRoot.objects.filter(day=day).first()
    text = bytes(row.root).hex() if row else ""
    return " ".join(text[start : start + 8] for start in range(0, len(text), 8))


# The file


def read_file() -> tuple[dict[dt.date, Root], list[tuple[int, str]]]:
    """Return the file's roots by day, and its wrong lines by number with what is wrong.

    A line that a killed worker left half written, and wrote again after it, is passed over.
    """
    roots: dict[dt.date, Root] = {}
    wrong: list[tuple[int, str]] = []
    try:
        lines = Path(settings.ROOTS_FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return roots, wrong
    for number, line in enumerate(lines, start=1):
        try:
            root = Root.of_line(line)
        except RootFileError as error:
            if number == len(lines) or not lines[number].startswith(line):
                wrong.append((number, str(error)))
            continue
        if not root.is_genuine:
            wrong.append((number, f"({root.day}) was not made with the key"))
        elif root.day in roots:
            wrong.append((number, f"tells {root.day} a second time"))
        else:
            roots[root.day] = root
    return roots, wrong


def append_lines(roots: Iterable[Root]) -> int:
    """Add the lines of those days the file does not tell yet; return how many. Flushed to the disk.

    Call under the lock. Raises OSError.
    """
    told, _wrong = read_file()
    missing = []
    for root in roots:
        if root.day not in told:
            # A row made without the key gets no line that lends it one.
            missing += [root] if root.is_genuine else []
        elif told[root.day] != root:
            logger.error("history finding", day=root.day.isoformat(), what="file tells otherwise")
    if not missing:
        return 0
    path = Path(settings.ROOTS_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        text = "\n" * torn + "".join(f"{root.line()}\n" for root in missing)
        written = text.encode()
        while written:
            written = written[os.write(descriptor, written) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return len(missing)
