"""Thời hạn: due dates, pauses, what is left, and why the date is what it is, day by day.

Pure: the calendar and "now" are arguments, nothing is read from anywhere. All moments are aware
datetimes, answers are in local time of Vietnam on whole minutes. Source: domain.md 3.
"""

from dossiers.deadlines.commitment import ORDERED_CUT, committed_limit
from dossiers.deadlines.due import (
    LONGEST_EXPLANATION,
    decided_with_pauses,
    due_at,
    due_with_pauses,
    end_of_day,
    is_provisional,
)
from dossiers.deadlines.explanation import Explanation, explain
from dossiers.deadlines.holders import Hold, shares
from dossiers.deadlines.intake import ANSWER_MINUTES, IntakeTimer, answer_by, intake_timers
from dossiers.deadlines.limit import (
    DAYS_A_MONTH,
    HOURS_A_DAY,
    MAX_DAYS,
    MAX_DECIMALS,
    MAX_HOURS,
    MAX_MONTHS,
    Limit,
    LimitError,
    TimeOfDay,
    Unit,
)
from dossiers.deadlines.notes import DayNote, Why
from dossiers.deadlines.pauses import LAST_RECEIPT_YEAR, Pause, PauseKind, SupplementPolicy
from dossiers.deadlines.standing import (
    Remaining,
    Timeliness,
    live,
    open_timeliness,
    remaining,
    timeliness,
)
from dossiers.deadlines.transfer import MORNING_MINUTES, TRANSFER_CUTOFF, transfer_by

__all__ = [
    "ANSWER_MINUTES",
    "DAYS_A_MONTH",
    "HOURS_A_DAY",
    "LAST_RECEIPT_YEAR",
    "LONGEST_EXPLANATION",
    "MAX_DAYS",
    "MAX_DECIMALS",
    "MAX_HOURS",
    "MAX_MONTHS",
    "MORNING_MINUTES",
    "ORDERED_CUT",
    "TRANSFER_CUTOFF",
    "DayNote",
    "Explanation",
    "Hold",
    "IntakeTimer",
    "Limit",
    "LimitError",
    "Pause",
    "PauseKind",
    "Remaining",
    "SupplementPolicy",
    "TimeOfDay",
    "Timeliness",
    "Unit",
    "Why",
    "answer_by",
    "committed_limit",
    "decided_with_pauses",
    "due_at",
    "due_with_pauses",
    "end_of_day",
    "explain",
    "intake_timers",
    "is_provisional",
    "live",
    "open_timeliness",
    "remaining",
    "shares",
    "timeliness",
    "transfer_by",
]
