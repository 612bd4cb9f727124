"""Why the due date is what it is, day by day, from the same rules as the date itself.

Source: design.md 4.1, domain.md 3.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext

from agencies.working_time import Calendar
from dossiers.deadlines.due import decided_date, due_with_pauses, is_provisional, receipt
from dossiers.deadlines.limit import Limit
from dossiers.deadlines.notes import DayNote
from dossiers.deadlines.pauses import Pause, SupplementPolicy, counted_pauses, last_restart
from dossiers.deadlines.story import Story
from dossiers.deadlines.summary import summary


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the due date is what it is; `days` runs from the day of receipt to `due_on`."""

    due_at: datetime | None
    due_on: date | None
    provisional: bool
    days: tuple[DayNote, ...]
    summary: str


def explain(
    limit: Limit,
    received_at: datetime,
    calendar: Calendar,
    pauses: Iterable[Pause] = (),
    due_override: datetime | None = None,
    *,
    policy: SupplementPolicy = SupplementPolicy.RESUME,
    now: datetime | None = None,
) -> Explanation:
    """Return the due date and the story of each day up to it, from the same rules as `due_at`.

    `due_override` is a date somebody decided (an extension, an imported date, unit OTHER): the
    days then run to it. Raises LimitError as `due_with_pauses`, or naming `due_on`.
    """
    local = receipt(received_at)
    given = tuple(pauses)
    due = due_with_pauses(limit, local, calendar, given, policy, now=now)
    if due_override is not None:
        due = decided_date(due_override, local)
    if due is None:
        return Explanation(None, None, False, (), gettext("Thủ tục này không hẹn ngày trả."))
    ended = counted_pauses(given, now)
    story = Story(
        limit,
        local,
        calendar,
        ended,
        due,
        last_restart(ended, local, policy),
        due_override is not None,
    )
    days = story.days()  # told before they are summed up
    return Explanation(due, due.date(), is_provisional(local, due, calendar), days, summary(story))
