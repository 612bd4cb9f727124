"""How a dossier stands to its date: early, on time or late; in time, soon or overdue.

Source: domain.md 3.6, 3.7.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from django.utils.translation import gettext

from agencies.working_time import Calendar, to_local


class Timeliness(StrEnum):
    """How a dossier stands to its date (domain.md 3.7); the last three only on a live board."""

    EARLY = "early"
    ON_TIME = "on_time"
    LATE = "late"
    IN_TIME = "in_time"
    OVERDUE = "overdue"
    SOON = "soon"
    TODAY = "today"
    PAUSED = "paused"
    NONE = "none"


def timeliness(due: datetime | None, settled_at: datetime | None) -> Timeliness | None:
    """Class a settled dossier: early, on time or late; None while it is not settled.

    Instants are compared, as the national KPI does: 17:30 on the due day is late.
    """
    if settled_at is None:
        return None
    if due is None:
        return Timeliness.ON_TIME  # no due date: never early
    if settled_at > due:
        return Timeliness.LATE
    if to_local(settled_at).date() < to_local(due).date():
        return Timeliness.EARLY
    return Timeliness.ON_TIME


def open_timeliness(due: datetime | None, day: date, *, paused: bool = False) -> Timeliness:
    """Class an open dossier in a report to the end of a local day: in time or overdue."""
    if due is None or paused or to_local(due).date() >= day:
        return Timeliness.IN_TIME
    return Timeliness.OVERDUE


def live(
    due: datetime | None,
    now: datetime,
    calendar: Calendar,
    *,
    paused: bool = False,
    soon_days: int = 2,
) -> Timeliness:
    """Class an open dossier on a live board: in_time, soon, today, overdue, paused or none.

    Soon: at most `soon_days` more working days until the due day.
    """
    if paused:
        return Timeliness.PAUSED
    if due is None:
        return Timeliness.NONE
    if due < now:
        return Timeliness.OVERDUE
    due_on, today = to_local(due).date(), to_local(now).date()
    if due_on == today:
        return Timeliness.TODAY
    if calendar.working_days_between(today, due_on) <= soon_days:
        return Timeliness.SOON
    return Timeliness.IN_TIME


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left: working minutes (negative when overdue), working days, and the phrase."""

    working_minutes: int
    working_days: int
    text: str


def remaining(
    due: datetime | None, now: datetime, calendar: Calendar, *, paused: bool = False
) -> Remaining:
    """Return the working time between now and the due moment, with a phrase for people."""
    if due is None:
        return Remaining(0, 0, gettext("Không có ngày hẹn trả"))
    minutes = calendar.working_minutes_between(now, due)
    due_on, today = to_local(due).date(), to_local(now).date()
    days = calendar.working_days_between(today, due_on)
    return Remaining(minutes, days, _left(due, now, minutes, days, paused=paused))


def _left(due: datetime, now: datetime, minutes: int, days: int, *, paused: bool) -> str:
    if paused:
        return gettext("Đang tạm dừng tính thời hạn")
    due_on, today = to_local(due).date(), to_local(now).date()
    if due < now:
        if days < 0:
            return gettext("Quá hạn %(days)s ngày làm việc") % {"days": -days}
        if minutes <= -60:
            return gettext("Quá hạn %(hours)s giờ làm việc") % {"hours": -minutes // 60}
        return gettext("Quá hạn dưới 1 giờ làm việc")
    if due_on == today:
        return gettext("Đến hạn hôm nay")
    if days == 0:  # an officer's date on a day off
        return gettext("Còn %(days)s ngày") % {"days": (due_on - today).days}
    return gettext("Còn %(days)s ngày làm việc") % {"days": days}
