"""By when an accepted dossier leaves the counter: the 15:00 rule that moves no due date.

Apart from the cut-off of same-day procedures (domain.md 3.3, T11, rule 2).
"""

from datetime import datetime, time

from agencies.working_time import Calendar
from dossiers.deadlines.due import closing, receipt

TRANSFER_CUTOFF = time(15)
MORNING_MINUTES = 60  # decision: "the start of the next working day" is its first working hour


def transfer_by(
    received_at: datetime,
    calendar: Calendar,
    *,
    cutoff: time = TRANSFER_CUTOFF,
    morning: int = MORNING_MINUTES,
) -> datetime:
    """Return by when a dossier is handed to the settling agency.

    Received up to the cut-off of a working day: by that day's closing. Later, or on a day off: in
    the first `morning` working minutes of the next working day. Raises LimitError naming
    `received_at`.
    """
    local = receipt(received_at)
    today = local.toordinal()
    hours = calendar.hours_or_none(today)
    if hours is not None and local.time() <= min(cutoff, hours.closing):
        return closing(today, calendar)
    following = calendar.nth_workday(today, 1)
    opening = calendar.moment(following, calendar.hours_of(following).opens)
    return calendar.add_working_minutes(opening, morning)
