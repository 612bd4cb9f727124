"""Ngày hẹn trả: when a limit ends, without pauses and with them.

All moments are aware datetimes; answers are in local time of Vietnam on whole minutes. Source:
domain.md 3.3-3.5.
"""

import calendar as months
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.utils.translation import gettext

from agencies.working_time import (
    FIRST_YEAR,
    LOCAL_ZONE,
    Calendar,
    CalendarError,
    ceil_minute,
    to_local,
)
from dossiers.deadlines.limit import DATELESS_UNITS, Limit, LimitError, TimeOfDay, Unit
from dossiers.deadlines.pauses import (
    DAY_US,
    LAST_RECEIPT_YEAR,
    MINUTE_US,
    Pause,
    SupplementPolicy,
    counted_pauses,
    last_restart,
    paused_spans,
)

# domain.md 3.4: a receipt on a duty day keeps that day as day 0 for these units only.
DUTY_DAY_UNITS = frozenset({Unit.WORKING_DAY, Unit.DAY, Unit.MONTH})
LONGEST_EXPLANATION = 12_000  # days; longer than any limit with its pauses is a typing error


def due_at(limit: Limit, received_at: datetime, calendar: Calendar) -> datetime | None:
    """Return when the limit ends without pauses, None where the unit promises no date.

    Raises LimitError naming `received_at` for a moment without offset or outside 1990-2199, or
    `value` where the calendar has too little working time.
    """
    local = receipt(received_at)
    try:
        return end_of_limit(limit, local, calendar)
    except CalendarError:
        raise LimitError("value", gettext("Thời hạn dài hơn lịch làm việc.")) from None


def end_of_limit(limit: Limit, local: datetime, calendar: Calendar) -> datetime | None:
    """Return when a limit from a local moment ends; raises CalendarError beyond all calendars."""
    unit = limit.unit
    if unit is Unit.WORKING_DAY:
        return _after_working_days(limit, local, calendar)
    if unit is Unit.WORKING_HOUR:
        # domain.md 3.4: windows are consumed from the normalised receipt, which is the next
        # working minute; lunch, nights and days off hold none.
        return calendar.add_working_minutes(local, limit.rest)
    if unit is Unit.SAME_DAY:
        return closing(same_day(limit, local, calendar), calendar)
    if unit in DATELESS_UNITS:
        return None
    raw = last_day(limit, local, calendar)
    return promised(limit, local, calendar.workday_from(raw), calendar)


def due_with_pauses(
    limit: Limit,
    received_at: datetime,
    calendar: Calendar,
    pauses: Iterable[Pause],
    policy: SupplementPolicy = SupplementPolicy.RESUME,
    *,
    now: datetime | None = None,
) -> datetime | None:
    """Return the due moment moved by the pauses, always from the receipt (domain.md 3.5).

    A pause that has not ended moves nothing yet, unless `now` is given: then it is counted up to
    now. Overlapping pauses count once. Under RESTART the full limit runs again from the last
    accepted supplement and only what pauses after it is added; never earlier than `due_at`.
    Raises LimitError naming `received_at` or `pauses`.
    """
    original = due_at(limit, received_at, calendar)
    if original is None:
        return None
    local = receipt(received_at)
    ended = counted_pauses(pauses, now)
    origin = last_restart(ended, local, policy) or local
    spans = paused_spans(ended, origin)
    if origin is local and not spans:
        return original
    try:
        due = _resumed(limit, origin, calendar, spans)
    except CalendarError:
        raise LimitError("pauses", gettext("Thời gian tạm dừng quá dài.")) from None
    # A supplement accepted on a duty day makes that day 0, which may lie before the day 0 of a
    # receipt after closing: pausing must still never make the date earlier.
    return max(original, due)


def _resumed(
    limit: Limit, local: datetime, calendar: Calendar, spans: Sequence[tuple[int, int]]
) -> datetime:
    if limit.unit in {Unit.DAY, Unit.MONTH}:
        # domain.md 3.5: days and months move by the local midnights inside the pauses, then roll
        # once. A midnight belongs to the pause that ends with it, so that splitting changes
        # nothing; those up to the opening of day 0 come before the clock.
        zero = day_zero(limit.unit, local, calendar)
        midnights = sum(max(0, end // DAY_US - max(start // DAY_US, zero)) for start, end in spans)
        raw = last_day(limit, local, calendar) + midnights
        return promised(limit, local, calendar.workday_from(raw), calendar)
    due = end_of_limit(limit, local, calendar)
    if due is None:  # pragma: no cover
        raise AssertionError("a dateless unit has no pauses to resume from")
    return moved(due, calendar, spans)


def moved(due: datetime, calendar: Calendar, spans: Iterable[tuple[int, int]]) -> datetime:
    """Return the due moment later by the working time of the spans (domain.md 3.5)."""
    # "The sum of paused working minutes, counted from the due instant, not rounded": exact times
    # are summed first and only then cut to whole minutes, so splitting a pause changes nothing.
    paused = sum(_worked(calendar, end) - _worked(calendar, start) for start, end in spans)
    minutes = paused // MINUTE_US
    # A date somebody decided may carry seconds: without a paused minute it stands as it is.
    return calendar.add_working_minutes(due, minutes) if minutes else due


def _worked(calendar: Calendar, us: int) -> int:
    return calendar.position(*divmod(us, DAY_US))


def decided_with_pauses(
    decided: datetime,
    received_at: datetime,
    calendar: Calendar,
    pauses: Iterable[Pause],
    *,
    now: datetime | None = None,
) -> datetime:
    """Return a date somebody decided, which has no limit, moved by the paused working time.

    Overlapping pauses count once, as in `due_with_pauses`. Raises LimitError naming `due_on`,
    `received_at` or `pauses`.
    """
    local = receipt(received_at)
    return moved(
        decided_date(decided, local), calendar, paused_spans(counted_pauses(pauses, now), local)
    )


def receipt(received_at: datetime) -> datetime:
    """Return the moment of receipt in local time; raises LimitError naming `received_at`."""
    try:
        local = to_local(received_at)
    except CalendarError:
        local = None
    if local is not None and local.year <= LAST_RECEIPT_YEAR:
        return local
    if received_at.utcoffset() is None:
        raise LimitError("received_at", gettext("Thời điểm tiếp nhận phải có múi giờ."))
    raise LimitError(
        "received_at",
        gettext("Thời điểm tiếp nhận phải từ năm %(first)s đến năm %(last)s.")
        % {"first": FIRST_YEAR, "last": LAST_RECEIPT_YEAR},
    )


def day_zero(unit: Unit, local: datetime, calendar: Calendar) -> int:
    """Return the ordinal of day 0 (domain.md 3.4, normalise receipt time)."""
    ordinal = local.toordinal()
    hours = calendar.hours_or_none(ordinal)
    if hours is not None:
        # Before opening and in the lunch break it is the same day; at or after closing it is the
        # next working day, even where the day between is a duty day.
        if local.hour * 60 + local.minute < hours.closes:
            return ordinal
    elif unit in DUTY_DAY_UNITS and calendar.is_duty_day(local.date()):
        # A non-working counter day stays day 0 whatever the hour: it has no windows.
        return ordinal
    return calendar.nth_workday(ordinal, 1)


def same_day(limit: Limit, local: datetime, calendar: Calendar) -> int:
    """Return the day a same-day procedure is settled (domain.md 3.3, 3.4)."""
    zero = day_zero(limit.unit, local, calendar)
    # The cut-off is compared with the clock on the wall, not with the normalised time: "tiếp nhận
    # sau 11 giờ 30" is said of the person at the counter. A receipt counted from a later opening
    # is always before that day's cut-off.
    if zero == local.toordinal() and local.time() > limit.cutoff:
        return calendar.nth_workday(zero, 1)
    return zero


def _after_working_days(limit: Limit, local: datetime, calendar: Calendar) -> datetime:
    zero = day_zero(limit.unit, local, calendar)
    whole, minutes = limit.whole, limit.rest
    # Day 0 does not count: due on the n-th following working day (domain.md rule 3).
    day = calendar.nth_workday(zero, whole) if whole else zero
    if not minutes:
        return promised(limit, local, day, calendar)
    if limit.time_of_day is TimeOfDay.END_OF_DAY:
        # 7.5 days: 7 whole days, then 4 hours from the opening of the 8th.
        following = calendar.nth_workday(day, 1)
        opening = calendar.moment(following, calendar.hours_of(following).opens)
        return calendar.add_working_minutes(opening, minutes)
    # SAME_CLOCK_TIME: the whole days, then the fraction from that clock time. Without whole days
    # that is the receipt itself, which may lie on a duty day.
    start = promised(limit, local, day, calendar) if whole else local
    return calendar.add_working_minutes(start, minutes)


def last_day(limit: Limit, local: datetime, calendar: Calendar) -> int:
    """Return the last day of a limit in days or months, holidays inside counted, not rolled."""
    zero = day_zero(limit.unit, local, calendar)
    if limit.unit is Unit.DAY:
        return zero + limit.whole
    # The same day number n months later, clamped to the month's end.
    start = date.fromordinal(zero)
    year, month = divmod(start.year * 12 + start.month - 1 + limit.whole, 12)
    day = min(start.day, months.monthrange(year, month + 1)[1])
    return date(year, month + 1, day).toordinal() + limit.rest


def promised(limit: Limit, local: datetime, day: int, calendar: Calendar) -> datetime:
    """Return the moment of the due day: one policy for all units (domain.md 3.4)."""
    if limit.time_of_day is TimeOfDay.END_OF_DAY:
        return closing(day, calendar)
    hours = calendar.hours_of(day)
    # The clock time of the normalised receipt, up to the minute. Seasons and short days may put
    # it outside the due day's windows: then the last working minute before it, never a later one,
    # or the opening. A receipt on a duty day keeps its own clock time.
    start = local
    if not calendar.is_duty_day(local.date()):
        start = calendar.normalise(local)
    start = ceil_minute(start)
    minute = start.hour * 60 + start.minute
    if start.date() != local.date() and not minute:
        minute = 24 * 60  # a duty-day receipt in the last minute of the day
    fitted = hours.opens
    for opens, closes in hours.spans:
        if minute < opens:
            break
        fitted = min(minute, closes)
    return calendar.moment(day, fitted)


def closing(ordinal: int, calendar: Calendar) -> datetime:
    """Return the end of the day's last window: 11:30 on a morning-only day."""
    return datetime.combine(
        date.fromordinal(ordinal), calendar.hours_of(ordinal).closing, LOCAL_ZONE
    )


def end_of_day(on: date, calendar: Calendar) -> datetime:
    """Return the moment promised by a bare date an officer gave: the end of its last window.

    On a day off it is the closing time of the next working day's windows, on the date given: the
    caller decides whether such a date is refused or only warned of.
    """
    if not FIRST_YEAR <= on.year <= LAST_RECEIPT_YEAR:
        raise LimitError("due_on", gettext("Ngày hẹn trả không hợp lệ."))
    day = calendar.workday_from(on.toordinal())
    return datetime.combine(on, calendar.hours_of(day).closing, LOCAL_ZONE)


def decided_date(due_override: datetime, local: datetime) -> datetime:
    """Return a date somebody decided in local time; raises LimitError naming `due_on`."""
    try:
        due = to_local(due_override)
    except CalendarError:
        raise LimitError("due_on", gettext("Ngày hẹn trả không hợp lệ.")) from None
    if due.toordinal() - local.toordinal() > LONGEST_EXPLANATION:
        raise LimitError("due_on", gettext("Ngày hẹn trả quá xa ngày tiếp nhận."))
    return due


def is_provisional(received_at: datetime, due: datetime | None, calendar: Calendar) -> bool:
    """Whether the date rests on years whose calendar is not loaded (domain.md 3.4)."""
    if due is None:
        return False
    return not (
        calendar.is_loaded(to_local(received_at).date())
        and calendar.is_loaded(to_local(due).date())
    )
