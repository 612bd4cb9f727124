"""Whose time was it: every working minute of a dossier belongs to exactly one holder.

Source: design.md 4.8.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from agencies.working_time import Calendar

Holder = TypeVar("Holder", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Hold(Generic[Holder]):
    """From when somebody holds the dossier, until the next hold begins."""

    since: datetime
    holder: Holder


def shares(
    holds: Iterable[Hold[Holder]], start: datetime, end: datetime, calendar: Calendar
) -> dict[Holder, int]:
    """Return the working minutes each holder had it between two moments, in order of first holding.

    `holds` come in the order they happened; one entered afterwards with an earlier moment begins
    when the one before it did. The time before the first hold is the first holder's. The minutes
    add up to `calendar.working_minutes_between(start, end)` exactly: each share is the difference
    of two counts from the start, so a broken minute is nobody's twice.
    """
    turns = list(holds)
    minutes: dict[Holder, int] = {}
    passed, latest = 0, start
    ends = [turn.since for turn in turns[1:]] + [end]
    for turn, until in zip(turns, ends, strict=False):  # nobody held it: nobody's share ends
        latest = max(latest, min(until, end))
        counted = calendar.working_minutes_between(start, latest)
        minutes[turn.holder] = minutes.get(turn.holder, 0) + counted - passed
        passed = counted
    return {holder: held for holder, held in minutes.items() if held}
