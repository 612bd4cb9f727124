"""Thời hạn giải quyết: a number and its unit, bounded, divided into whole units and a rest.

Source: domain.md 3.1, 3.4.
"""

from dataclasses import dataclass, field
from datetime import time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction
from typing import Self

from django.utils.translation import gettext

MAX_DAYS = 3660  # domain.md 3.4
MAX_MONTHS = 120
MAX_HOURS = 30_000
MAX_DECIMALS = 4
HOURS_A_DAY = 8  # domain.md 3.4: a fraction of a working day is that fraction of 8 working hours
DAYS_A_MONTH = 30  # domain.md 3.4: a fraction of a month is that fraction of 30 days


class Unit(StrEnum):
    """Unit of a time limit (domain.md 3.1)."""

    WORKING_HOUR = "working_hour"
    WORKING_DAY = "working_day"
    DAY = "day"
    MONTH = "month"
    SAME_DAY = "same_day"
    NONE = "none"
    OTHER = "other"


class TimeOfDay(StrEnum):
    """Which moment of the due day is promised: one policy a province (domain.md 3.4)."""

    END_OF_DAY = "end_of_day"
    SAME_CLOCK_TIME = "same_clock_time"


class LimitError(ValueError):
    """A limit, a moment or a pause that no date can be computed from; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


COUNTED_UNITS = frozenset({Unit.WORKING_HOUR, Unit.WORKING_DAY, Unit.DAY, Unit.MONTH})
DATELESS_UNITS = frozenset({Unit.NONE, Unit.OTHER})
_MAXIMUM = {Unit.WORKING_HOUR: MAX_HOURS, Unit.MONTH: MAX_MONTHS}


@dataclass(frozen=True, slots=True)
class Limit:
    """Thời hạn giải quyết: a number and its unit, as the procedure states it.

    `cutoff` is local time and only of same-day procedures (domain.md 3.3). Raises LimitError.
    """

    value: Decimal | None
    unit: Unit
    cutoff: time = time(15)
    time_of_day: TimeOfDay = TimeOfDay.END_OF_DAY
    # Worked out once: whole units and what the fraction comes to in the next smaller unit.
    whole: int = field(init=False, repr=False, compare=False)
    rest: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        whole, rest = _divide(_checked(self.value, self.unit), self.unit)
        object.__setattr__(self, "whole", whole)
        object.__setattr__(self, "rest", rest)

    @classmethod
    def parse(
        cls,
        value: str | int | Decimal | None,
        unit: str,
        *,
        cutoff: time = time(15),
        time_of_day: TimeOfDay = TimeOfDay.END_OF_DAY,
    ) -> Self:
        """Read a limit from outside; a comma is a decimal separator. Raises LimitError."""
        try:
            known = Unit(unit)
        except ValueError:
            raise LimitError(
                "unit", gettext("Đơn vị thời hạn không hợp lệ: %(unit)s.") % {"unit": unit[:40]}
            ) from None
        if isinstance(value, str):
            text = value.strip()
            if not text:
                return cls(None, known, cutoff, time_of_day)
            try:
                if len(text) > 40 or "_" in text:
                    raise InvalidOperation
                value = Decimal(text.replace(",", "."))
            except InvalidOperation:
                raise LimitError("value", gettext("Thời hạn phải là một số.")) from None
        return cls(None if value is None else Decimal(value), known, cutoff, time_of_day)


def _checked(value: Decimal | None, unit: Unit) -> Decimal | None:
    """Refuse what no calendar can answer; return the number without trailing zeros."""
    if value is None:
        if unit in COUNTED_UNITS:
            raise LimitError("value", gettext("Thời hạn phải có số lượng."))
        return None
    if not value.is_finite():
        raise LimitError("value", gettext("Thời hạn phải là một số hữu hạn."))
    # domain.md 3.4: greater than 0; 0 is allowed for same day and none.
    if value < 0 or (value == 0 and unit in COUNTED_UNITS):
        raise LimitError("value", gettext("Thời hạn phải lớn hơn 0."))
    maximum = _MAXIMUM.get(unit, MAX_DAYS)
    if value > maximum:
        raise LimitError(
            "value", gettext("Thời hạn không được quá %(maximum)s.") % {"maximum": maximum}
        )
    digits, exponent = value.as_tuple().digits, value.as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) else 0
    while decimals > MAX_DECIMALS and digits[-1] == 0:
        digits, decimals = digits[:-1] or (0,), decimals - 1
    if decimals > MAX_DECIMALS:
        raise LimitError(
            "value",
            gettext("Thời hạn có nhiều nhất %(decimals)s chữ số thập phân.")
            % {"decimals": MAX_DECIMALS},
        )
    return value


def _divide(value: Decimal | None, unit: Unit) -> tuple[int, int]:
    """Split into whole units and the fraction's minutes or days (domain.md 3.4, decimals)."""
    if value is None or unit not in COUNTED_UNITS:
        return 0, 0
    exact = Fraction(value)
    if unit is Unit.WORKING_HOUR:
        # Exact to the minute, rounded up.
        return 0, ceiling(exact * 60)
    whole = int(exact)
    rest = exact - whole
    if unit is Unit.DAY:
        # Rounded up to a whole day.
        return ceiling(exact), 0
    if unit is Unit.MONTH:
        return whole, ceiling(rest * DAYS_A_MONTH)
    # "Never longer than the law gives": minutes of a day's fraction are rounded down, but a limit
    # below one minute is still one minute, since every limit leads to a date after the receipt.
    minutes = int(rest * HOURS_A_DAY * 60)
    return whole, minutes if whole else max(minutes, 1)


def ceiling(number: Fraction) -> int:
    return -(-number.numerator // number.denominator)
