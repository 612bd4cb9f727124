"""Tỷ lệ đúng hạn theo đêm: the month so far, kept for each agency, sector and procedure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Sum

from agencies.models import Agency
from reports import periods, settlement
from reports.models import OnTimeRate
from reports.settlement import Figures

# domain.md 7.4: the target every province of the seeds sets itself, in percent.
ON_TIME_TARGET = Decimal(98)

STORED = (
    "received_online",
    "received_direct",
    "carried_over",
    "settled_early",
    "settled_on_time",
    "settled_late",
    "open_in_time",
    "open_overdue",
)
KEYS = ("day", "grain", "agency_id", "sector_id", "procedure_id")
UPSERT = f"""
INSERT INTO reports_ontimerate
    ({", ".join(KEYS)}, month_start, computed_at, {", ".join(STORED)})
{settlement.FACTS},
line AS (
    SELECT CASE WHEN GROUPING(sector_id, procedure_id) = 3 THEN 'agency'
                WHEN GROUPING(procedure_id) = 1 THEN 'sector' ELSE 'procedure' END AS grain,
           agency_id, sector_id, procedure_id, {settlement.COUNTS}
    FROM fact
    GROUP BY GROUPING SETS ((agency_id), (agency_id, sector_id), (agency_id, procedure_id))
)
SELECT %(judged_on)s, grain, agency_id, sector_id, procedure_id, %(start)s, %(computed_at)s,
       {", ".join(STORED)}
FROM line
ON CONFLICT ({", ".join(KEYS)}) DO UPDATE SET
    month_start = excluded.month_start,
    computed_at = excluded.computed_at,
    {", ".join(f"{name} = excluded.{name}" for name in STORED)}
"""  # noqa: S608 constants of these modules
# One night at a time: two workers on the same day would only wait for each other's rows.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('reports.ontimerate'), %s)"


def compute(day: date, *, now: datetime) -> int:
    """Count the month up to a day for every agency, and return how many rows that made.

    May run twice and side by side: the rows are replaced, and one that no dossier answers for any
    more is taken away. Runs four queries in one transaction.
    """
    period = periods.free(day.replace(day=1), day)
    agencies = list(Agency.objects.only("id", "code", "level"))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK, [day.toordinal()])
        asked = settlement.parameters(period, agencies, judged_on=day)
        cursor.execute(UPSERT, asked | {"computed_at": now})
        made = int(cursor.rowcount)
        OnTimeRate.objects.filter(day=day).exclude(computed_at=now).delete()
    return made


@dataclass(frozen=True, slots=True)
class Night:
    """The month so far as one night knew it."""

    day: date
    computed_at: datetime
    figures: Figures


def nights(agency_ids: list[int], *, count: int) -> list[Night]:
    """Return the last nights of the agencies together, oldest first. Runs one query."""
    rows = (
        OnTimeRate.objects.of_agencies(agency_ids)
        .values("day")
        .annotate(at=Max("computed_at"), **{f"sum_{name}": Sum(name) for name in STORED})
        .order_by("-day")[:count]
    )
    found: list[Any] = list(rows)
    return [
        Night(
            row["day"],
            row["at"],
            OnTimeRate(**{name: row[f"sum_{name}"] for name in STORED}).figures,
        )
        for row in reversed(found)
    ]
