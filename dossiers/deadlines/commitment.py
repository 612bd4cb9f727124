"""Cam kết cắt giảm thời gian: the time a province commits to, shorter than the law's.

Source: domain.md 3.10; the rounding is its decision: always down, so that the cut is never below
what was ordered.
"""

from calendar import monthrange
from decimal import ROUND_FLOOR, Decimal

from dossiers.deadlines.limit import HOURS_A_DAY, Limit, LimitError, Unit

ORDERED_CUT = Decimal("0.1")
LONGEST_IN_HOURS = 5  # working days: up to here the cut is made in working hours
HALF_HOUR = Decimal("0.5")

_SHORT_YEAR = 2001  # no leap year: its February is the shortest


def committed_limit(limit: Limit, cut: Decimal = ORDERED_CUT) -> Limit | None:
    """Return the limit less a share of it, None where nothing is left to cut.

    More than 5 working days: whole working days, rounded down (15 give 13). Up to 5: working hours,
    rounded down to half an hour (3 days give 21.5 hours). Working hours likewise, days to whole
    days; months become days, counted from the shortest months there are, so that the cut is kept
    whenever the clock starts. Raises LimitError naming `cut` outside 0 to 1.
    """
    if not 0 < cut < 1:
        raise LimitError("cut", "a cut lies between 0 and 1")
    if limit.value is None:
        return None
    kept = limit.value * (1 - cut)
    if limit.unit is Unit.WORKING_DAY and limit.value > LONGEST_IN_HOURS:
        return _rounded_down(kept, Unit.WORKING_DAY, Decimal(1), limit)
    if limit.unit is Unit.WORKING_DAY:
        return _rounded_down(kept * HOURS_A_DAY, Unit.WORKING_HOUR, HALF_HOUR, limit)
    if limit.unit is Unit.WORKING_HOUR:
        return _rounded_down(kept, Unit.WORKING_HOUR, HALF_HOUR, limit)
    if limit.unit is Unit.DAY:
        return _rounded_down(kept, Unit.DAY, Decimal(1), limit)
    if limit.unit is Unit.MONTH:
        days = fewest_days(limit.whole) + limit.rest
        return _rounded_down(days * (1 - cut), Unit.DAY, Decimal(1), limit)
    return None


def _rounded_down(kept: Decimal, unit: Unit, step: Decimal, limit: Limit) -> Limit | None:
    value = (kept / step).to_integral_value(ROUND_FLOOR) * step
    if not value:
        return None
    return Limit(value, unit, cutoff=limit.cutoff, time_of_day=limit.time_of_day)


def fewest_days(months: int) -> int:
    """Return the days of the shortest run of so many months."""
    lengths = [monthrange(_SHORT_YEAR, month)[1] for month in range(1, 13)]
    years, rest = divmod(months, 12)
    runs = [sum((lengths * 2)[first : first + rest]) for first in range(12)]
    return years * sum(lengths) + min(runs)
