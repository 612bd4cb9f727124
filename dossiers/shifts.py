"""Ngày hẹn dời theo lịch: what a due date rests on, and where a changed calendar would put it.

Pure: calendars and dates are arguments. All moments are aware datetimes; answers are local moments
of Vietnam on whole minutes, amounts are working minutes. Source: domain.md 3.5, 3.9.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from agencies.working_time import LOCAL_ZONE, to_local
from dossiers import deadlines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agencies.working_time import Calendar

MINUTES_A_DAY = deadlines.HOURS_A_DAY * 60


@dataclass(frozen=True, slots=True)
class Shift:
    """Where a changed calendar puts a date that the limit gave."""

    due_before: dt.datetime
    due_after: dt.datetime
    statutory_after: dt.datetime | None  # the law's own date, which moves with it
    minutes: int  # working time of the move, negative when the date comes earlier


@lru_cache(maxsize=1024)  # thousands of dossiers go from the same evening to the same evening
def working_minutes(before: dt.datetime, after: dt.datetime, old: Calendar, new: Calendar) -> int:
    """Return the working time between two dates by the calendar that sees more of it.

    A date that leaves a day off is measured by the days of before, where that day was worked.
    """
    measured = (each.working_minutes_between(before, after) for each in (old, new))
    return max(measured, key=abs)


def falls_on_a_new_day_off(due_at: dt.datetime, old: Calendar, new: Calendar) -> bool:
    """Tell whether a date lies on a day that was worked and will not be."""
    local = to_local(due_at).date()
    return old.is_working_day(local) and not new.is_working_day(local)


def reach(days: Iterable[dt.date]) -> tuple[dt.datetime, dt.datetime]:
    """Return from when until when a change of these days can matter, at local midnights.

    A date moves only where the stretch from its receipt to its end, or one of its pauses, touches
    a changed day: nothing that ended before the first or began after the last needs computing.
    """
    given = sorted(days)
    start = dt.datetime.combine(given[0], dt.time(), LOCAL_ZONE)
    return start, dt.datetime.combine(given[-1] + dt.timedelta(days=1), dt.time(), LOCAL_ZONE)
