"""Biểu II.06a/VPCP/KSTT: receipt and settlement of dossiers in any stretch of local days.

Counted live from the dossiers by the days on which things happened in law (`at`), so what was
entered or imported a second ago is in it. Classes: domain.md 3.7; columns and identities: 7.2.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import structlog
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.folding import sort_key
from agencies.models import Agency
from agencies.scope import Scope
from reports.periods import Period

logger = structlog.get_logger(__name__)


class IdentityError(ArithmeticError):
    """A row breaks an identity of the table: nothing of it may be shown."""


class UnknownAgencyError(LookupError):
    """No agency of this code is in sight."""


class By(StrEnum):
    """What a row stands for."""

    SECTOR = "sector"
    AGENCY = "agency"


class Counted(StrEnum):
    """Where a dossier is counted: two different reports, once in each (domain.md 6.4)."""

    SETTLING = "settling"
    RECEIVING = "receiving"


# Up to so many agencies are looked up one by one in the indexes by day and agency.
FEW_AGENCIES = 12

# domain.md 7.2: left side = right side, in the numbers of the columns.
IDENTITIES = ("(3) = (4) + (5) + (6)", "(7) = (8) + (9) + (10)", "(11) = (12) + (13)", "(3) = (7) + (11)")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figures:
    """The columns (3)-(13) of one row, each counted on its own and not from the others."""

    received_total: int = 0
    received_online: int = 0
    received_direct: int = 0
    carried_over: int = 0
    settled_total: int = 0
    settled_early: int = 0
    settled_on_time: int = 0
    settled_late: int = 0
    open_total: int = 0
    open_in_time: int = 0
    open_overdue: int = 0

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            **{name: getattr(self, name) + getattr(other, name) for name in FIGURE_NAMES}
        )

    def broken_identities(self) -> list[str]:
        """Return the identities of domain.md 7.2 that do not hold; empty when all do."""
        new = self.received_online + self.received_direct
        settled = self.settled_early + self.settled_on_time + self.settled_late
        held = (
            self.received_total == new + self.carried_over,
            self.settled_total == settled,
            self.open_total == self.open_in_time + self.open_overdue,
            self.received_total == self.settled_total + self.open_total,
        )
        broken = [text for text, holds in zip(IDENTITIES, held, strict=True) if not holds]
        return broken + [f"{name} < 0" for name in FIGURE_NAMES if getattr(self, name) < 0]

    def as_dict(self) -> dict[str, int]:
        """Return the figures by name, in the order of the columns."""
        return {name: getattr(self, name) for name in FIGURE_NAMES}

    @property
    def on_time_rate(self) -> Decimal | None:
        """Return ((8) + (9)) / (7) in percent, None when nothing was settled."""
        return percent(self.settled_early + self.settled_on_time, self.settled_total)

    @property
    def on_time_rate_with_open(self) -> Decimal | None:
        """Return ((8) + (9) + (12)) / (3) in percent, as indicator 2.1 of QĐ 766 counts."""
        good = self.settled_early + self.settled_on_time + self.open_in_time
        return percent(good, self.received_total)

    @property
    def online_rate(self) -> Decimal | None:
        """Return (4) / ((4) + (5)) in percent: over new receipts, never over (3)."""
        return percent(self.received_online, self.received_online + self.received_direct)


FIGURE_NAMES = tuple(field.name for field in dataclasses.fields(Figures))


def percent(part: int, whole: int) -> Decimal | None:
    """Return part of whole in percent, unrounded; None when there is no whole (null is not 0)."""
    return Decimal(part) * 100 / Decimal(whole) if whole else None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: an agency with only its own dossiers, or a sector."""

    code: str
    name: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate with its formula, numerator and denominator: no rate is shown without them."""

    name: str
    formula: str
    part: int
    whole: int

    @property
    def value(self) -> Decimal | None:
        return percent(self.part, self.whole)


@dataclass(frozen=True, slots=True)
class Settlement:
    """The table for a period and an agency with all below it; checked before it exists."""

    period: Period
    agency_code: str
    agency_name: str
    agency_count: int
    by: By
    rows: tuple[Row, ...]
    totals: Figures
    # The day to whose end an open dossier is judged.
    judged_on: date
    counted_at: datetime
    counted: Counted = Counted.SETTLING

    @property
    def is_running(self) -> bool:
        """Tell whether the period had not ended when it was counted."""
        return self.judged_on <= timezone.localdate(self.counted_at) <= self.period.end

    @property
    def rates(self) -> tuple[Rate, ...]:
        """Return the rates of domain.md 7.2, each with what it is counted from."""
        f = self.totals
        on_time = f.settled_early + f.settled_on_time
        return (
            Rate(
                _("Trước hạn và đúng hạn trên đã giải quyết"),
                "((8) + (9)) / (7)",
                on_time,
                f.settled_total,
            ),
            Rate(
                _("Đúng hạn tính cả hồ sơ đang giải quyết trong hạn"),
                "((8) + (9) + (12)) / (3)",
                on_time + f.open_in_time,
                f.received_total,
            ),
            Rate(
                _("Nộp trực tuyến trên tiếp nhận mới"),
                "(4) / ((4) + (5))",
                f.received_online,
                f.received_online + f.received_direct,
            ),
        )


def agencies_in_sight(scope: Scope) -> list[Agency]:
    """Return the agencies whose figures the scope shows, in the order of the tree. Runs one query."""
    found = Agency.objects.all() if scope.sees_everything else scope.agencies()
    return in_tree_order(
        found.only("id", "code", "name", "short_name", "level", "path", "valid_from", "valid_to")
    )


# Bodies of the province, then those of the ministries, then districts of old and communes.
LEVELS = (
    Agency.Level.PROVINCE,
    Agency.Level.VERTICAL,
    Agency.Level.DISTRICT,
    Agency.Level.COMMUNE,
)
_Place = tuple[int, tuple[int, ...], str]


def in_tree_order(agencies: Iterable[Agency]) -> list[Agency]:
    """Return each agency right before those below it, side by side by level and then by code.

    Parts of a code are compared as numbers: H01.11 stands before H01.109. Runs no query of its own.
    """
    places: dict[int, tuple[_Place, ...]] = {}
    above: list[Agency] = []
    listed = sorted(agencies, key=lambda agency: (agency.path, agency.code))
    for agency in listed:
        while above and not (above[-1].path and agency.path.startswith(above[-1].path)):
            above.pop()
        numbers = tuple(int(digits) for digits in re.findall(r"[0-9]+", agency.code))
        place = (LEVELS.index(Agency.Level(agency.level)), numbers, agency.code)
        places[agency.pk] = (*(places[above[-1].pk] if above else ()), place)
        above.append(agency)
    return sorted(listed, key=lambda agency: places[agency.pk])


def agency_asked(code: str, in_sight: Sequence[Agency], own: Agency | None) -> Agency:
    """Return the agency a code asks for, without a code the one to begin with.

    Raises UnknownAgencyError as `pick_agency` and `default_agency` do.
    """
    return pick_agency(code, in_sight) if code else default_agency(in_sight, own)


def pick_agency(code: str, in_sight: Sequence[Agency]) -> Agency:
    """Return the agency in sight that bears, or else once bore, the code.

    An old code may have passed to several agencies: the first of the tree then answers. Runs one
    query when the code is not a present one. Raises UnknownAgencyError.
    """
    wanted = code.strip().upper()
    for agency in in_sight:
        if agency.code.upper() == wanted:
            return agency
    if wanted and len(wanted) <= 20:
        once = set(Agency.objects.with_code(wanted).values_list("pk", flat=True))
        for agency in in_sight:
            if agency.pk in once:
                return agency
    raise UnknownAgencyError(code)


def default_agency(in_sight: Sequence[Agency], own: Agency | None) -> Agency:
    """Return the root of the province if in sight, else the officer's own agency, else the first.

    Raises UnknownAgencyError when nothing is in sight. Runs no query.
    """
    for agency in in_sight:
        if agency.code == settings.PROVINCE_CODE:
            return agency
    for agency in in_sight:
        if own is not None and agency.pk == own.pk:
            return agency
    if not in_sight:
        raise UnknownAgencyError
    return in_sight[0]


def at_or_below(agency: Agency, in_sight: Sequence[Agency]) -> list[Agency]:
    """Return the agency and all below it, as far as they are in sight; runs no query."""
    return [
        unit
        for unit in in_sight
        if unit.pk == agency.pk or (agency.path and unit.path.startswith(agency.path))
    ]


# The dossiers of a period in three parts that do not overlap, each found by its own index
# (measurements D: one condition with OR reads the whole table): received in it; carried into it and
# ended since; carried into it and open to this day.
# `ended_on` is never before `received_on`: an imported dossier may be settled before it was
# received, and counts as settled on the day of receipt, or (3) = (7) + (11) would not hold.
# An open dossier is judged by the promise as it stood at the end of the day, so that a later
# extension or pause changes no past period: what the last change before that moment left, else what
# the first one after it found, else the present one. CASE asks that of open dossiers alone.
# For many agencies "+ 0" keeps PostgreSQL from reading the whole index of agencies to narrow down
# nothing; the literal `are_few` leaves one of the two conditions when the query is planned.
# A chain (domain.md 6.4) is one request: the receiving points count it whole and not its parts, the
# settling agencies count each part where it is settled and not the whole.
_WHERE_COUNTED = {
    Counted.SETTLING: ("d.competent_agency_id", "NOT d.is_chain"),
    Counted.RECEIVING: ("d.receiving_agency_id", "d.parent_id IS NULL"),
}
_PICKED = "d.id, {place} AS agency_id, d.sector_id, d.procedure_id, d.channel, d.received_on"
_HERE = """{counts}
      AND (%(are_few)s AND {place} = ANY(%(agencies)s)
           OR NOT %(are_few)s AND {place} + 0 = ANY(%(agencies)s))"""
# Whether the open dossier `{row}` was past its promise, as it stood at the end of the day.
_PAST_PROMISE = """((SELECT promise.due FROM (
                        (SELECT c.due_after AS due, 1 AS turn FROM dossiers_duedatechange c
                         WHERE c.dossier_id = {row}.id AND c.at < %(cut)s
                         ORDER BY c.at DESC, c.id DESC LIMIT 1)
                        UNION ALL
                        (SELECT c.due_before, 2 FROM dossiers_duedatechange c
                         WHERE c.dossier_id = {row}.id AND c.at >= %(cut)s
                         ORDER BY c.at, c.id LIMIT 1)
                        UNION ALL
                        SELECT {row}.due_at, 3
                        ORDER BY turn LIMIT 1
                      ) AS promise) AT TIME ZONE %(zone)s)::date < %(judged_on)s"""
_STOOD = """EXISTS (
                        SELECT 1 FROM dossiers_pause s
                        WHERE s.dossier_id = {row}.id AND s.started_at < %(cut)s
                          AND (s.ended_at IS NULL OR s.ended_at >= %(cut)s))"""
# A chain is overdue as soon as one of its parts is, or was late; what a part waits for stops it no
# longer than the part. Asked of open chains alone.
_PART_OVERDUE = f"""EXISTS (
                        SELECT 1 FROM dossiers_dossier k
                        WHERE k.parent_id = j.id AND k.received_at < %(cut)s
                          AND CASE WHEN k.settled_at < %(cut)s THEN k.settled_at > k.due_at
                              ELSE {_PAST_PROMISE.format(row="k")} AND NOT {_STOOD.format(row="k")}
                              END)"""  # noqa: S608 constants of this module
_PART_STOOD = f"""EXISTS (
                        SELECT 1 FROM dossiers_dossier k
                        WHERE k.parent_id = j.id AND {_STOOD.format(row="k")})"""  # noqa: S608 constants of this module


def facts(counted: Counted) -> str:
    """Return the common part of the queries: one row for each dossier of the period."""
    place, counts = _WHERE_COUNTED[counted]
    picked, here = _PICKED.format(place=place), _HERE.format(place=place, counts=counts)
    return f"""
WITH picked AS (
    SELECT {picked}, d.settled_on, d.settled_at, d.due_on, d.due_at, d.paused_at,
           CASE WHEN d.settled_on < d.received_on THEN d.received_on ELSE d.settled_on END AS ended_on,
           d.is_chain, d.part_due_at
    FROM dossiers_dossier d
    WHERE d.received_on BETWEEN %(start)s AND %(end)s
      AND {here}
    UNION ALL
    SELECT {picked}, d.settled_on, d.settled_at, d.due_on, d.due_at, d.paused_at, d.settled_on,
           d.is_chain, d.part_due_at
    FROM dossiers_dossier d
    WHERE d.settled_on >= %(start)s AND d.received_on < %(start)s
      AND {here}
    UNION ALL
    SELECT {picked}, NULL, NULL, d.due_on, d.due_at, d.paused_at, NULL,
           d.is_chain, d.part_due_at
    FROM dossiers_dossier d
    WHERE d.received_at IS NOT NULL AND d.settled_at IS NULL AND d.received_on < %(start)s
      AND {here}
),
judged AS (
    SELECT p.*, (p.ended_on <= %(end)s) IS TRUE AS is_settled FROM picked p
),
fact AS (
    SELECT j.agency_id, j.sector_id, j.procedure_id, j.is_settled,
           CASE WHEN j.received_on < %(start)s THEN 'carried'
                WHEN j.channel = 'online' THEN 'online' ELSE 'direct' END AS origin,
           CASE WHEN j.is_settled AND j.settled_at > j.due_at THEN 'late'
                WHEN j.is_settled AND j.settled_at > j.part_due_at THEN 'late'
                WHEN j.is_settled AND j.settled_on < j.due_on THEN 'early'
                WHEN j.is_settled THEN 'on_time'
                WHEN {_PAST_PROMISE.format(row="j")}
                     AND (j.paused_at < %(cut)s) IS NOT TRUE
                     AND NOT {_STOOD.format(row="j")}
                     AND NOT (j.is_chain AND {_PART_STOOD})
                THEN 'overdue'
                WHEN j.is_chain AND {_PART_OVERDUE} THEN 'overdue'
                ELSE 'in_time' END AS outcome
    FROM judged j
)
"""  # noqa: S608 constants of this module


FACTS = facts(Counted.SETTLING)
# Sums and their parts are counted apart, so that the identities check something.
COUNTS = """
    count(*) AS received_total,
    count(*) FILTER (WHERE origin = 'online') AS received_online,
    count(*) FILTER (WHERE origin = 'direct') AS received_direct,
    count(*) FILTER (WHERE origin = 'carried') AS carried_over,
    count(*) FILTER (WHERE is_settled) AS settled_total,
    count(*) FILTER (WHERE outcome = 'early') AS settled_early,
    count(*) FILTER (WHERE outcome = 'on_time') AS settled_on_time,
    count(*) FILTER (WHERE outcome = 'late') AS settled_late,
    count(*) FILTER (WHERE NOT is_settled) AS open_total,
    count(*) FILTER (WHERE outcome = 'in_time') AS open_in_time,
    count(*) FILTER (WHERE outcome = 'overdue') AS open_overdue
"""
# The grand total is counted by the same pass and not from the rows, which must sum to it.
_BY_AGENCY = f"""
SELECT GROUPING(agency_id) = 1 AS is_sum, agency_id AS key, '' AS code, '' AS name, {COUNTS}
FROM fact GROUP BY GROUPING SETS ((agency_id), ())
"""  # noqa: S608 constants of this module
# Zero rows: the first sector of every procedure that an agency of the report takes in and settles
# (where no agency is named, the receiving commune settles it). A period older than every offering
# has the sectors offered today: a table of zeros says more than no table. A receiving point may take
# in anything, so its table has the sectors it had dossiers of.
_BY_SECTOR = f""",
settled_here AS (
    SELECT o.procedure_id,
           (o.valid_from IS NULL OR o.valid_from <= %(end)s)
           AND (o.valid_to IS NULL OR o.valid_to >= %(start)s) AS is_in_period,
           (o.valid_from IS NULL OR o.valid_from <= %(today)s)
           AND (o.valid_to IS NULL OR o.valid_to >= %(today)s) AS is_today
    FROM procedures_offering o
    WHERE %(has_zero_rows)s
      AND (o.competent_agency_id = ANY(%(agencies)s)
           OR o.competent_agency_id IS NULL AND %(settles_unnamed)s)
),
offered AS (
    SELECT DISTINCT first.sector_id
    FROM settled_here o
    CROSS JOIN LATERAL (
        SELECT s.sector_id FROM procedures_procedureversion v
        JOIN procedures_proceduresector s ON s.version_id = v.id
        WHERE v.procedure_id = o.procedure_id
        ORDER BY v.number DESC, s.position LIMIT 1
    ) AS first
    WHERE o.is_in_period
       OR o.is_today AND NOT EXISTS (SELECT FROM settled_here WHERE is_in_period)
),
line AS (
    SELECT GROUPING(sector_id) = 1 AS is_sum, sector_id, {COUNTS}
    FROM fact GROUP BY GROUPING SETS ((sector_id), ())
)
SELECT coalesce(line.is_sum, false), sector.id, coalesce(sector.code, ''), coalesce(sector.name, ''),
       {", ".join(f"coalesce(line.{name}, 0)" for name in FIGURE_NAMES)}
FROM line
FULL JOIN (
    SELECT s.id, s.code, s.name FROM procedures_sector s
    WHERE s.id IN (SELECT sector_id FROM offered UNION SELECT sector_id FROM line)
) AS sector ON sector.id = line.sector_id
"""  # noqa: S608 constants of this module


_QUERIES = {
    (counted, by): facts(counted) + (_BY_AGENCY if by is By.AGENCY else _BY_SECTOR)
    for counted in Counted
    for by in By
}


def count(
    period: Period,
    *,
    agency: Agency,
    in_sight: Sequence[Agency],
    by: By,
    today: date,
    counted: Counted = Counted.SETTLING,
) -> Settlement:
    """Return the table of the agency and all below it that is in sight. Runs one query.

    `counted` says whether dossiers stand with those who settle or with those who received them.
    An open dossier is judged to the end of the period or, while it runs, of today (domain.md 3.6).
    Raises IdentityError when a figure contradicts another; that is logged as a fault of ours.
    """
    agencies = at_or_below(agency, in_sight)
    judged_on = min(period.end, today)
    with connection.cursor() as cursor:
        cursor.execute(
            _QUERIES[counted, by],
            parameters(period, agencies, judged_on)
            | {"today": today, "has_zero_rows": counted is Counted.SETTLING},
        )
        found = cursor.fetchall()
    sums = [Figures(*line[4:]) for line in found if line[0]]
    lines = [(*line[1:4], Figures(*line[4:])) for line in found if not line[0]]
    report = Settlement(
        period=period,
        agency_code=agency.code,
        agency_name=agency.name,
        agency_count=len(agencies),
        by=by,
        counted=counted,
        rows=_agency_rows(lines, agencies, period) if by is By.AGENCY else _sector_rows(lines),
        totals=sums[0],
        judged_on=judged_on,
        counted_at=timezone.now(),
    )
    check(report)
    return report


def parameters(period: Period, agencies: Sequence[Agency], judged_on: date) -> dict[str, Any]:
    """Return what FACTS and the queries on it ask for."""
    midnight = datetime.combine(judged_on + timedelta(days=1), time())
    return {
        "start": period.start,
        "end": period.end,
        "judged_on": judged_on,
        "cut": timezone.make_aware(midnight),
        "zone": settings.TIME_ZONE,
        "agencies": [agency.pk for agency in agencies],
        "are_few": len(agencies) <= FEW_AGENCIES,
        "settles_unnamed": any(
            agency.level in {Agency.Level.COMMUNE, Agency.Level.DISTRICT}
            or agency.code == settings.PROVINCE_CODE
            for agency in agencies
        ),
    }


def _agency_rows(
    lines: Sequence[tuple[Any, ...]], agencies: Sequence[Agency], period: Period
) -> tuple[Row, ...]:
    """Return a row for every agency that worked in the period or has dossiers in it, as the tree."""
    figures = {key: counted for key, __, ___, counted in lines}
    return tuple(
        Row(agency.code, agency.name, figures.get(agency.pk, Figures()))
        for agency in in_tree_order(agencies)
        if agency.pk in figures
        or (
            (agency.valid_from is None or agency.valid_from <= period.end)
            and (agency.valid_to is None or agency.valid_to >= period.start)
        )
    )


def _sector_rows(lines: Sequence[tuple[Any, ...]]) -> tuple[Row, ...]:
    """Return the sectors in Vietnamese order, what has none last."""
    named = sorted(
        (line for line in lines if line[0] is not None), key=lambda line: sort_key(line[2])
    )
    unknown = [line for line in lines if line[0] is None]
    return tuple(
        Row(code, name or _("Chưa xác định lĩnh vực"), figures)
        for __, code, name, figures in (*named, *unknown)
    )


def check(report: Settlement) -> None:
    """Raise IdentityError unless every row, the totals and their sum agree (domain.md 7.2)."""
    summed = sum((row.figures for row in report.rows), Figures())
    faults = [
        (name, broken)
        for name, figures in [
            *((row.code or row.name, row.figures) for row in report.rows),
            ("totals", report.totals),
        ]
        if (broken := figures.broken_identities())
    ]
    if summed != report.totals:
        faults.append(("totals", ["Σ"]))
    if faults:
        logger.error(
            "settlement_identity_broken",
            start=report.period.start.isoformat(),
            end=report.period.end.isoformat(),
            agency=report.agency_code,
            by=report.by.value,
            faults=faults,
        )
        raise IdentityError(faults)
