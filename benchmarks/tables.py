"""The official table for a quarter, all units by all sectors: ours, DuckDB's, and a plain recount."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg

from agencies.models import Agency
from agencies.working_time import LOCAL_ZONE
from benchmarks.figures import Bar, Figure
from benchmarks.rounds import best_wall, interleaved
from procedures.models import Sector
from reports import settlement
from reports.periods import Period
from reports.settlement import FIGURE_NAMES, By

if TYPE_CHECKING:
    from pathlib import Path

# What is timed of ours: the product's own facts and counts, in the finest cells of the table.
CROSS = f"""{settlement.FACTS}
SELECT agency_id, sector_id, {settlement.COUNTS} FROM fact GROUP BY agency_id, sector_id
"""
COLUMNS = {
    "id": "BIGINT",
    "competent_agency_id": "INTEGER",
    "sector_id": "INTEGER",
    "channel": "VARCHAR",
    "received_on": "DATE",
    "settled_on": "DATE",
    "settled_at": "TIMESTAMPTZ",
    "due_on": "DATE",
    "due_at": "TIMESTAMPTZ",
    "paused_at": "TIMESTAMPTZ",
}
OTHERS = {
    "change": (
        "dossiers_duedatechange",
        {"id": "BIGINT", "dossier_id": "BIGINT", "at": "TIMESTAMPTZ", "due_before": "TIMESTAMPTZ",
         "due_after": "TIMESTAMPTZ"},
    ),
    "pause": (
        "dossiers_pause",
        {"dossier_id": "BIGINT", "started_at": "TIMESTAMPTZ", "ended_at": "TIMESTAMPTZ"},
    ),
}  # fmt: skip
# The same rules in the columnar engine's own words: one scan, the few open ones joined.
COLUMNAR = """
WITH promise AS (
    SELECT dossier_id,
           arg_max(due_after, ("at", id)) FILTER (WHERE "at" < $cut) AS kept, bool_or("at" < $cut) AS has_kept,
           arg_min(due_before, ("at", id)) FILTER (WHERE "at" >= $cut) AS found,
           bool_or("at" >= $cut) AS has_before
    FROM change GROUP BY dossier_id
), stopped AS (
    SELECT DISTINCT dossier_id FROM pause
    WHERE started_at < $cut AND (ended_at IS NULL OR ended_at >= $cut)
), fact AS (
    SELECT d.competent_agency_id AS agency, d.sector_id AS sector,
           CASE WHEN received_on < $start THEN 'carried' WHEN channel = 'online' THEN 'online'
                ELSE 'direct' END AS origin,
           coalesce(greatest(settled_on, received_on) <= $end, false) AND settled_on IS NOT NULL
               AS is_settled,
           settled_at > due_at AS late, settled_on < due_on AS early,
           CASE WHEN has_kept THEN kept WHEN has_before THEN found ELSE due_at END AS promised,
           coalesce(paused_at < $cut AND settled_on IS NULL, false) OR s.dossier_id IS NOT NULL
               AS paused
    FROM dossier d LEFT JOIN promise p ON p.dossier_id = d.id
    LEFT JOIN stopped s ON s.dossier_id = d.id
    WHERE received_on <= $end AND (received_on >= $start OR settled_on IS NULL OR settled_on >= $start)
), outcome AS (
    SELECT *, CASE WHEN is_settled AND late THEN 'late' WHEN is_settled AND early THEN 'early'
                   WHEN is_settled THEN 'on_time'
                   WHEN coalesce(promised < $cut_start, false) AND NOT paused THEN 'overdue'
                   ELSE 'in_time' END AS outcome
    FROM fact
)
SELECT agency, sector, count(*), count(*) FILTER (WHERE origin = 'online'),
       count(*) FILTER (WHERE origin = 'direct'), count(*) FILTER (WHERE origin = 'carried'),
       count(*) FILTER (WHERE is_settled), count(*) FILTER (WHERE outcome = 'early'),
       count(*) FILTER (WHERE outcome = 'on_time'), count(*) FILTER (WHERE outcome = 'late'),
       count(*) FILTER (WHERE NOT is_settled), count(*) FILTER (WHERE outcome = 'in_time'),
       count(*) FILTER (WHERE outcome = 'overdue')
FROM outcome GROUP BY agency, sector
"""
# The columns in the order of FIGURE_NAMES.
_AT = {name: place for place, name in enumerate(FIGURE_NAMES)}
Cells = dict[tuple[int, int | None], list[int]]


class _Row(NamedTuple):
    id: int
    agency: int
    sector: int | None
    channel: str
    received_on: dt.date
    settled_on: dt.date | None
    settled_at: dt.datetime | None
    due_on: dt.date | None
    due_at: dt.datetime | None
    paused_at: dt.datetime | None


def last_quarter(until: dt.date) -> Period:
    """Return the last whole quarter before a day."""
    first = dt.date(until.year, (until.month - 1) // 3 * 3 + 1, 1)
    end = first - dt.timedelta(days=1)
    return Period(dt.date(end.year, end.month - 2, 1), end)


def official_table(*, until: dt.date, url: str, folder: Path, rounds: int) -> list[Figure]:
    """Count the quarter three ways; every cell of ours must equal the plain recount."""
    import duckdb

    period = last_quarter(until)
    agencies = list(Agency.objects.order_by("path"))
    parameters = settlement.parameters(period, agencies, period.end)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SET timezone = 'UTC'")
        with duckdb.connect(str(folder / "columns.duckdb")) as columns:
            columns.execute("SET TimeZone = 'UTC'")
            columns.execute("SET threads = 2")
            _fill(columns, conn, folder)
            cut_start = dt.datetime.combine(period.end, dt.time(), LOCAL_ZONE)
            asked = {
                "start": period.start,
                "end": period.end,
                "cut": cut_start + dt.timedelta(days=1),
                "cut_start": cut_start,
            }
            ours: Cells = {}
            theirs: Cells = {}

            def count_ours() -> None:
                ours.update((row[:2], list(row[2:])) for row in conn.execute(CROSS, parameters))

            def count_theirs() -> None:
                found = columns.execute(COLUMNAR, asked).fetchall()
                theirs.update((row[:2], list(row[2:])) for row in found)

            count_ours()
            count_theirs()
            our_times, their_times = interleaved([count_ours, count_theirs], rounds)
        plain = _recount(conn, period)
    differing = _differing(ours, plain) + _differing(theirs, plain)
    differing += _differing_rows(period, agencies, plain)
    cells = len(agencies) * Sector.objects.count() * len(FIGURE_NAMES)
    return [
        Figure(
            "official_table",
            "official table for a quarter, all units × sectors",
            best_wall(our_times) * 1000,
            "ms",
            best_wall(their_times) * 1000,
            "DuckDB, two threads, over the same rows in columns",
            Bar(0.7, "<=", "ratio"),
            judged=False,
            note=f"{period.start} to {period.end}; a later work's goal, not judged yet",
        ),
        Figure(
            "official_table_equal",
            f"official table, of {cells:,} cells other than a plain recount",
            differing,
            "",
            bar=Bar(0, "=="),
            note=f"{len(plain):,} agency × sector pairs not empty; by agency and by sector too",
        ),
    ]


def _fill(columns: Any, conn: psycopg.Connection[Any], folder: Path) -> None:
    """Copy the rows into columnar tables."""
    tables = {"dossier": ("dossiers_dossier", COLUMNS), **OTHERS}
    for name, (table, kinds) in tables.items():
        path = folder / f"{name}.csv"
        names = ", ".join(f'"{each}"' for each in kinds)
        condition = "WHERE received_on IS NOT NULL" if name == "dossier" else ""
        query = f"COPY (SELECT {names} FROM {table} {condition}) TO STDOUT (FORMAT csv)"
        with conn.cursor().copy(query) as copy, path.open("wb") as file:
            for part in copy:
                file.write(part)
        typed = ", ".join(f'"{each}" {kind}' for each, kind in kinds.items())
        columns.execute(f"CREATE OR REPLACE TABLE {name} ({typed})")
        columns.execute(f"COPY {name} FROM '{path}' (FORMAT csv, HEADER false)")
        path.unlink()


def _recount(conn: psycopg.Connection[Any], period: Period) -> Cells:
    """Count dossier by dossier, in the words of domain.md 3.7 and 7.2."""
    cut = dt.datetime.combine(period.end + dt.timedelta(days=1), dt.time(), LOCAL_ZONE)
    changes: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for dossier, at, before, after in conn.execute(
        "SELECT dossier_id, at, due_before, due_after FROM dossiers_duedatechange ORDER BY at, id"
    ):
        changes[dossier].append((at, before, after))
    pauses: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for dossier, start, end in conn.execute(
        "SELECT dossier_id, started_at, ended_at FROM dossiers_pause"
    ):
        pauses[dossier].append((start, end))
    cells: Cells = defaultdict(lambda: [0] * len(FIGURE_NAMES))
    with conn.transaction(), conn.cursor(name="recount") as cursor:
        cursor.itersize = 20_000
        cursor.execute(
            f"SELECT {', '.join(COLUMNS)} FROM dossiers_dossier WHERE received_on IS NOT NULL"
        )
        for values in cursor:
            row = _Row(*values)
            if row.received_on > period.end:
                continue
            if row.settled_on and row.settled_on < period.start and row.received_on < period.start:
                continue
            counted = _counted(row, period, cut, changes.get(row.id, []),
                               pauses.get(row.id, []))  # fmt: skip
            cell = cells[row.agency, row.sector]
            for name in counted:
                cell[_AT[name]] += 1
    return dict(cells)


def _counted(
    row: _Row,
    period: Period,
    cut: dt.datetime,
    changes: list[tuple[Any, ...]],
    pauses: list[tuple[Any, ...]],
) -> list[str]:
    """Return the columns a dossier counts in."""
    names = ["received_total"]
    if row.received_on < period.start:
        names.append("carried_over")
    else:
        names.append("received_online" if row.channel == "online" else "received_direct")
    if row.settled_on and max(row.settled_on, row.received_on) <= period.end:
        names.append("settled_total")
        if row.due_at and row.settled_at and row.settled_at > row.due_at:
            names.append("settled_late")
        elif row.due_on and row.settled_on < row.due_on:
            names.append("settled_early")
        else:
            names.append("settled_on_time")
        return names
    names.append("open_total")
    promised = row.due_at
    past = [change for change in changes if change[0] < cut]
    if past:
        promised = past[-1][2]
    elif changes:
        promised = changes[0][1]
    is_paused = any(start < cut and (end is None or end >= cut) for start, end in pauses) or bool(
        row.paused_at and row.paused_at < cut and row.settled_on is None
    )
    is_past = promised is not None and promised.astimezone(LOCAL_ZONE).date() < period.end
    names.append("open_overdue" if is_past and not is_paused else "open_in_time")
    return names


def _differing(found: Cells, plain: Cells) -> int:
    """Return how many numbers differ; a pair that one does not know is all zeros."""
    zeros = [0] * len(FIGURE_NAMES)
    return sum(
        a != b
        for key in found.keys() | plain.keys()
        for a, b in zip(found.get(key, zeros), plain.get(key, zeros), strict=True)
    )


def _differing_rows(period: Period, agencies: list[Agency], plain: Cells) -> int:
    """Return how many numbers of the report by agency and by sector differ from the recount."""
    names = dict(Sector.objects.values_list("pk", "name"))
    codes = {agency.pk: agency.code for agency in agencies}
    differing = 0
    for by in By:
        wanted: dict[str, Counter[str]] = defaultdict(Counter)
        for (agency, sector), numbers in plain.items():
            key = codes[agency] if by is By.AGENCY else names[sector] if sector else ""
            wanted[key].update(dict(zip(FIGURE_NAMES, numbers, strict=True)))
        report = settlement.count(
            period, agency=agencies[0], in_sight=agencies, by=by, today=period.end
        )
        shown = {
            (row.code if by is By.AGENCY else row.name): row.figures.as_dict()
            for row in report.rows
        }
        zeros = dict.fromkeys(FIGURE_NAMES, 0)
        for key in wanted.keys() | shown.keys():
            mine = shown.get(key, zeros)
            differing += sum(mine[name] != wanted[key][name] for name in FIGURE_NAMES)
    return differing
