"""What is told of one day between receipt and due date."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Why(StrEnum):
    """Why a day counts or does not: the values of the API, no others."""

    RECEIVED = "received"
    COUNTED = "counted"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    SWAPPED_OFF = "swapped_off"
    MAKE_UP = "make_up"
    PAUSED = "paused"
    ROLLED = "rolled"


@dataclass(frozen=True, slots=True)
class DayNote:
    """One day between receipt and due date; `number` is the running count in the limit's unit.

    Months are counted in days. `text` is one full Vietnamese sentence naming the day.
    """

    date: date
    counts: bool
    why: Why
    text: str
    number: int | Decimal | None
