"""The intake timer: a submission is answered within 8 working hours, whatever the procedure.

A timer of its own beside the limit (domain.md 3.2, rule 1): it starts with the submission (T02,
T03), a request for completion ends it (T06), a resubmission starts a new one (T07).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from agencies.working_time import Calendar

ANSWER_MINUTES = 8 * 60  # working minutes, domain.md 3.2


@dataclass(frozen=True, slots=True)
class IntakeTimer:
    """One wait for an answer: accept, ask or refuse; `answered_at` is None while it runs."""

    started_at: datetime
    answer_by: datetime
    answered_at: datetime | None = None

    def is_overdue(self, now: datetime) -> bool:
        """Whether the answer came late, or has not come by now and is late already."""
        return (self.answered_at or now) > self.answer_by


def answer_by(submitted_at: datetime, calendar: Calendar) -> datetime:
    """Return by when a submission must be answered, on the whole minute.

    Outside working hours the eight hours count from the next opening. Raises CalendarError for a
    moment without offset or outside the calendar's years.
    """
    return calendar.add_working_minutes(submitted_at, ANSWER_MINUTES)


def intake_timers(steps: Iterable[tuple[datetime, bool]], calendar: Calendar) -> list[IntakeTimer]:
    """Return the timers of a history, oldest first.

    A step is the moment of an act and whether the submission waits for an answer after it.
    """
    timers: list[IntakeTimer] = []
    started_at: datetime | None = None
    for at, waits in steps:
        if waits and started_at is None:
            started_at = at
        elif not waits and started_at is not None:
            timers.append(IntakeTimer(started_at, answer_by(started_at, calendar), at))
            started_at = None
    if started_at is not None:
        timers.append(IntakeTimer(started_at, answer_by(started_at, calendar)))
    return timers
