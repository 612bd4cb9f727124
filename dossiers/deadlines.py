"""Thời hạn: due dates, pauses, what is left, and why the date is what it is, day by day.

Pure: the calendar and "now" are arguments, nothing is read from anywhere. All moments are aware
datetimes, answers are in local time of Vietnam on whole minutes. Source: domain.md 3.
"""

import calendar as months
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction
from functools import cache
from typing import Self

from django.utils.translation import get_language, gettext

from agencies.working_time import (
    FIRST_YEAR,
    LOCAL_ZONE,
    Calendar,
    CalendarError,
    Rest,
    ceil_minute,
    to_local,
)

LAST_RECEIPT_YEAR = 2199  # leaves the calendar three centuries of room for limits and pauses

MAX_DAYS = 3660  # domain.md 3.4
MAX_MONTHS = 120
MAX_HOURS = 30_000
MAX_DECIMALS = 4
HOURS_A_DAY = 8  # domain.md 3.4: a fraction of a working day is that fraction of 8 working hours
DAYS_A_MONTH = 30  # domain.md 3.4: a fraction of a month is that fraction of 30 days
LONGEST_EXPLANATION = 12_000  # days; longer than any limit with its pauses is a typing error

_TWO = tuple(f"{n:02}" for n in range(32))  # thousands of days are printed in one explanation
_DAY_US = 86_400_000_000
_MINUTE_US = 60_000_000


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


class SupplementPolicy(StrEnum):
    """What an accepted supplement does to the clock, set on the procedure version (3.5)."""

    RESUME = "resume"
    RESTART = "restart"


class PauseKind(StrEnum):
    """What the clock waits for: states 5 and 6 and `suspended` (domain.md 3.5)."""

    SUPPLEMENT = "supplement"
    PAYMENT = "payment"
    SUSPENSION = "suspension"


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


class LimitError(ValueError):
    """A limit, a moment or a pause that no date can be computed from; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


_COUNTED_UNITS = frozenset({Unit.WORKING_HOUR, Unit.WORKING_DAY, Unit.DAY, Unit.MONTH})
_DATELESS_UNITS = frozenset({Unit.NONE, Unit.OTHER})
# domain.md 3.4: a receipt on a duty day keeps that day as day 0 for these units only.
_DUTY_DAY_UNITS = frozenset({Unit.WORKING_DAY, Unit.DAY, Unit.MONTH})
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
    _whole: int = field(init=False, repr=False, compare=False)
    _rest: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        whole, rest = _divide(_checked(self.value, self.unit), self.unit)
        object.__setattr__(self, "_whole", whole)
        object.__setattr__(self, "_rest", rest)

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
        if unit in _COUNTED_UNITS:
            raise LimitError("value", gettext("Thời hạn phải có số lượng."))
        return None
    if not value.is_finite():
        raise LimitError("value", gettext("Thời hạn phải là một số hữu hạn."))
    # domain.md 3.4: greater than 0; 0 is allowed for same day and none.
    if value < 0 or (value == 0 and unit in _COUNTED_UNITS):
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
    if value is None or unit not in _COUNTED_UNITS:
        return 0, 0
    exact = Fraction(value)
    if unit is Unit.WORKING_HOUR:
        # Exact to the minute, rounded up.
        return 0, _ceil(exact * 60)
    whole = int(exact)
    rest = exact - whole
    if unit is Unit.DAY:
        # Rounded up to a whole day.
        return _ceil(exact), 0
    if unit is Unit.MONTH:
        return whole, _ceil(rest * DAYS_A_MONTH)
    # "Never longer than the law gives": minutes of a day's fraction are rounded down, but a limit
    # below one minute is still one minute, since every limit leads to a date after the receipt.
    minutes = int(rest * HOURS_A_DAY * 60)
    return whole, minutes if whole else max(minutes, 1)


def _ceil(number: Fraction) -> int:
    return -(-number.numerator // number.denominator)


@dataclass(frozen=True, slots=True)
class Pause:
    """Tạm dừng: the clock stands still from `started_at` to `ended_at`, None while it lasts."""

    started_at: datetime
    ended_at: datetime | None = None
    kind: PauseKind = PauseKind.SUPPLEMENT


Spans = list[tuple[int, int]]


def due_at(limit: Limit, received_at: datetime, calendar: Calendar) -> datetime | None:
    """Return when the limit ends without pauses, None where the unit promises no date.

    Raises LimitError naming `received_at` for a moment without offset or outside 1990-2199, or
    `value` where the calendar has too little working time.
    """
    local = _receipt(received_at)
    try:
        return _due_at(limit, local, calendar)
    except CalendarError:
        raise LimitError("value", gettext("Thời hạn dài hơn lịch làm việc.")) from None


def _due_at(limit: Limit, local: datetime, calendar: Calendar) -> datetime | None:
    unit = limit.unit
    if unit is Unit.WORKING_DAY:
        return _after_working_days(limit, local, calendar)
    if unit is Unit.WORKING_HOUR:
        # domain.md 3.4: windows are consumed from the normalised receipt, which is the next
        # working minute; lunch, nights and days off hold none.
        return calendar.add_working_minutes(local, limit._rest)
    if unit is Unit.SAME_DAY:
        return _closing(_same_day(limit, local, calendar), calendar)
    if unit in _DATELESS_UNITS:
        return None
    raw = _last_day(limit, local, calendar)
    return _promised(limit, local, calendar.workday_from(raw), calendar)


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
    local = _receipt(received_at)
    ended = _ended(pauses, now)
    origin = _restart(ended, local, policy) or local
    spans = _spans(ended, origin)
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
        zero = _day_zero(limit.unit, local, calendar)
        midnights = sum(
            max(0, end // _DAY_US - max(start // _DAY_US, zero)) for start, end in spans
        )
        raw = _last_day(limit, local, calendar) + midnights
        return _promised(limit, local, calendar.workday_from(raw), calendar)
    due = _due_at(limit, local, calendar)
    if due is None:  # pragma: no cover
        raise AssertionError("a dateless unit has no pauses to resume from")
    return _moved(due, calendar, spans)


def _moved(due: datetime, calendar: Calendar, spans: Iterable[tuple[int, int]]) -> datetime:
    # "The sum of paused working minutes, counted from the due instant, not rounded": exact times
    # are summed first and only then cut to whole minutes, so splitting a pause changes nothing.
    paused = sum(
        (calendar.working_time_between(_from_us(start), _from_us(end)) for start, end in spans),
        timedelta(),
    )
    minutes = paused // timedelta(minutes=1)
    # A date somebody decided may carry seconds: without a paused minute it stands as it is.
    return calendar.add_working_minutes(due, minutes) if minutes else due


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
    local = _receipt(received_at)
    return _moved(_override(decided, local), calendar, _spans(_ended(pauses, now), local))


def _receipt(received_at: datetime) -> datetime:
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


def _day_zero(unit: Unit, local: datetime, calendar: Calendar) -> int:
    """Return the ordinal of day 0 (domain.md 3.4, normalise receipt time)."""
    ordinal = local.toordinal()
    hours = calendar.hours_or_none(ordinal)
    if hours is not None:
        # Before opening and in the lunch break it is the same day; at or after closing it is the
        # next working day, even where the day between is a duty day.
        if local.hour * 60 + local.minute < hours.closes:
            return ordinal
    elif unit in _DUTY_DAY_UNITS and calendar.is_duty_day(local.date()):
        # A non-working counter day stays day 0 whatever the hour: it has no windows.
        return ordinal
    return calendar.nth_workday(ordinal, 1)


def _same_day(limit: Limit, local: datetime, calendar: Calendar) -> int:
    """Return the day a same-day procedure is settled (domain.md 3.3, 3.4)."""
    zero = _day_zero(limit.unit, local, calendar)
    # The cut-off is compared with the clock on the wall, not with the normalised time: "tiếp nhận
    # sau 11 giờ 30" is said of the person at the counter. A receipt counted from a later opening
    # is always before that day's cut-off.
    if zero == local.toordinal() and local.time() > limit.cutoff:
        return calendar.nth_workday(zero, 1)
    return zero


def _after_working_days(limit: Limit, local: datetime, calendar: Calendar) -> datetime:
    zero = _day_zero(limit.unit, local, calendar)
    whole, minutes = limit._whole, limit._rest
    # Day 0 does not count: due on the n-th following working day (domain.md rule 3).
    day = calendar.nth_workday(zero, whole) if whole else zero
    if not minutes:
        return _promised(limit, local, day, calendar)
    if limit.time_of_day is TimeOfDay.END_OF_DAY:
        # 7.5 days: 7 whole days, then 4 hours from the opening of the 8th.
        following = calendar.nth_workday(day, 1)
        opening = calendar.moment(following, calendar.hours_of(following).opens)
        return calendar.add_working_minutes(opening, minutes)
    # SAME_CLOCK_TIME: the whole days, then the fraction from that clock time. Without whole days
    # that is the receipt itself, which may lie on a duty day.
    start = _promised(limit, local, day, calendar) if whole else local
    return calendar.add_working_minutes(start, minutes)


def _last_day(limit: Limit, local: datetime, calendar: Calendar) -> int:
    """Return the last day of a limit in days or months, holidays inside counted, not rolled."""
    zero = _day_zero(limit.unit, local, calendar)
    if limit.unit is Unit.DAY:
        return zero + limit._whole
    # The same day number n months later, clamped to the month's end.
    start = date.fromordinal(zero)
    year, month = divmod(start.year * 12 + start.month - 1 + limit._whole, 12)
    day = min(start.day, months.monthrange(year, month + 1)[1])
    return date(year, month + 1, day).toordinal() + limit._rest


def _promised(limit: Limit, local: datetime, day: int, calendar: Calendar) -> datetime:
    """Return the moment of the due day: one policy for all units (domain.md 3.4)."""
    if limit.time_of_day is TimeOfDay.END_OF_DAY:
        return _closing(day, calendar)
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


def _closing(ordinal: int, calendar: Calendar) -> datetime:
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


def _ended(pauses: Iterable[Pause], now: datetime | None) -> list[Pause]:
    """Return the pauses that count, with local moments; raises LimitError naming `pauses`."""
    ended: list[Pause] = []
    for pause in pauses:
        end = pause.ended_at
        if end is None:
            if now is None or now <= pause.started_at:
                continue
            end = now
        try:
            start, end = to_local(pause.started_at), to_local(end)
        except CalendarError:
            raise LimitError("pauses", gettext("Thời điểm tạm dừng không hợp lệ.")) from None
        if end < start or end.year > LAST_RECEIPT_YEAR:
            raise LimitError("pauses", gettext("Thời điểm kết thúc tạm dừng không hợp lệ."))
        ended.append(Pause(start, end, pause.kind))
    return ended


def _restart(ended: Sequence[Pause], local: datetime, policy: SupplementPolicy) -> datetime | None:
    """Return the last acceptance of a supplement under RESTART; payments always resume."""
    if policy is not SupplementPolicy.RESTART:
        return None
    ends = [
        pause.ended_at
        for pause in ended
        if pause.kind is PauseKind.SUPPLEMENT and pause.ended_at and pause.ended_at > local
    ]
    return max(ends, default=None)


def _spans(ended: Iterable[Pause], origin: datetime) -> Spans:
    """Return the pauses as disjoint spans in microseconds, cut off before the clock started."""
    merged: Spans = []
    first = _us(origin)
    for pause in sorted(ended, key=lambda each: each.started_at):
        if pause.ended_at is None:  # pragma: no cover
            continue
        start, end = max(_us(pause.started_at), first), _us(pause.ended_at)
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif start < end:
            merged.append((start, end))
    return merged


def _us(local: datetime) -> int:
    """Return a local moment as microseconds since the ordinal 0; its days are ordinals."""
    return (
        local.toordinal() * _DAY_US
        + (local.hour * 60 + local.minute) * _MINUTE_US
        + local.second * 1_000_000
        + local.microsecond
    )


def _from_us(us: int) -> datetime:
    ordinal, rest = divmod(us, _DAY_US)
    day = datetime.combine(date.fromordinal(ordinal), time(), LOCAL_ZONE)
    return day + timedelta(microseconds=rest)


def is_provisional(received_at: datetime, due: datetime | None, calendar: Calendar) -> bool:
    """Whether the date rests on years whose calendar is not loaded (domain.md 3.4)."""
    if due is None:
        return False
    return not (
        calendar.is_loaded(to_local(received_at).date())
        and calendar.is_loaded(to_local(due).date())
    )


# How a dossier stands to its date (domain.md 3.7).


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


# Why this date: the explanation, day by day.


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
    local = _receipt(received_at)
    given = tuple(pauses)
    due = due_with_pauses(limit, local, calendar, given, policy, now=now)
    if due_override is not None:
        due = _override(due_override, local)
    if due is None:
        return Explanation(None, None, False, (), gettext("Thủ tục này không hẹn ngày trả."))
    ended = _ended(given, now)
    story = _Story(
        limit, local, calendar, ended, due, _restart(ended, local, policy), due_override is not None
    )
    return Explanation(
        due, due.date(), is_provisional(local, due, calendar), story.days(), story.summary()
    )


def _override(due_override: datetime, local: datetime) -> datetime:
    try:
        due = to_local(due_override)
    except CalendarError:
        raise LimitError("due_on", gettext("Ngày hẹn trả không hợp lệ.")) from None
    if due.toordinal() - local.toordinal() > LONGEST_EXPLANATION:
        raise LimitError("due_on", gettext("Ngày hẹn trả quá xa ngày tiếp nhận."))
    return due


@dataclass(frozen=True, slots=True)
class _Words:
    """What every story says, in one language."""

    weekdays: tuple[str, ...]
    counted: dict[Unit, str]
    weekend: str
    off_counted: str
    last_off: str
    duration: tuple[str, str, str]  # hours, minutes, both


@cache
def _words(language: str | None) -> _Words:
    """Return the words of the language in force; twenty look-ups a story would cost a sixth of it."""
    return _Words(
        weekdays=(
            gettext("Thứ Hai"),
            gettext("Thứ Ba"),
            gettext("Thứ Tư"),
            gettext("Thứ Năm"),
            gettext("Thứ Sáu"),
            gettext("Thứ Bảy"),
            gettext("Chủ nhật"),
        ),
        counted={
            Unit.WORKING_HOUR: gettext("%(day)s: tính %(used)s làm việc, cộng dồn %(total)s."),
            Unit.WORKING_DAY: gettext("%(day)s: ngày làm việc thứ %(number)s."),
            Unit.DAY: gettext("%(day)s: ngày thứ %(number)s."),
            Unit.MONTH: gettext("%(day)s: ngày thứ %(number)s của thời hạn."),
            Unit.SAME_DAY: gettext("%(day)s: giải quyết và trả kết quả trong ngày này."),
        },
        weekend=gettext("%(day)s: ngày nghỉ hằng tuần, không tính."),
        off_counted=gettext("%(day)s: ngày thứ %(number)s, ngày nghỉ vẫn tính."),
        last_off=gettext(
            "%(day)s: ngày thứ %(number)s, là ngày nghỉ nên hạn dời sang ngày làm việc tiếp theo."
        ),
        duration=(
            gettext("%(hours)s giờ"),
            gettext("%(minutes)s phút"),
            gettext("%(hours)s giờ %(minutes)s phút"),
        ),
    )


class _Story:
    """The days between receipt and due date, told in order."""

    def __init__(
        self,
        limit: Limit,
        local: datetime,
        calendar: Calendar,
        ended: Sequence[Pause],
        due: datetime,
        restart: datetime | None,
        overridden: bool,
    ) -> None:
        self.limit = limit
        self.calendar = calendar
        self.due = due
        self.overridden = overridden
        self.received = local
        self.origin = restart or local
        self.spans = _spans(ended, local)
        # An officer's date without a limit is told in working days.
        self.unit = Unit.WORKING_DAY if limit.unit in _DATELESS_UNITS else limit.unit
        self.zero = _day_zero(self.unit, self.origin, calendar)
        self.first = local.toordinal()
        self.last = due.toordinal()
        words = _words(get_language())
        self.weekdays = words.weekdays
        self.counted_text = words.counted[self.unit]
        self.weekend_text = words.weekend
        self.off_counted_text = words.off_counted
        self.last_off_text = words.last_off
        self.hours_text, self.minutes_text, self.mixed_text = words.duration
        self.off_days = 0
        self.rolled = False
        # What the limit holds and what the days so far have used of it.
        self.used: int | Fraction = 0
        self.target = self._target()
        self.whole_target = 0 if self.target is None else int(self.target)

    def _target(self) -> int | Fraction | None:
        """Return the limit in the unit its days use up; None where nobody set a limit."""
        if self.limit.unit is Unit.SAME_DAY:
            return 1
        if self.limit.unit in _DATELESS_UNITS or self.limit.value is None:
            return None
        if self.unit is Unit.WORKING_HOUR:
            return self.limit._rest
        if self.unit in {Unit.DAY, Unit.MONTH}:
            return _last_day(self.limit, self.origin, self.calendar) - self.zero
        exact = Fraction(self.limit.value)
        # Whole numbers stay ints: a limit of ten years is told in thousands of additions.
        return exact.numerator if exact.denominator == 1 else exact

    def used_up(self) -> bool:
        if self.target is None or self.used < self.whole_target:
            return False
        return self.used >= self.target

    def days(self) -> tuple[DayNote, ...]:
        """Return a note for each day; the day of receipt is there even where the date is past."""
        origin = self.origin.toordinal()
        settled_on = (
            _same_day(self.limit, self.origin, self.calendar)
            if self.unit is Unit.SAME_DAY
            else None
        )
        notes: list[DayNote] = []
        for ordinal in range(self.first, max(self.first, self.last) + 1):
            on = date.fromordinal(ordinal)
            if ordinal < origin:
                notes.append(self._before_restart(on, ordinal))
            elif ordinal == origin or ordinal == self.zero:
                notes.append(self._received(on, ordinal, settled_on))
            elif ordinal < self.zero:
                notes.append(self._off(on))
            elif self.unit is Unit.SAME_DAY:
                notes.append(self._on_same_day(on, ordinal, settled_on))
            elif self.unit in {Unit.DAY, Unit.MONTH}:
                notes.append(self._calendar_day(on, ordinal))
            else:
                notes.append(self._working_day(on, ordinal))
        return tuple(notes)

    def _name(self, on: date) -> str:
        return f"{self.weekdays[on.weekday()]} {_TWO[on.day]}/{_TWO[on.month]}/{on.year}"

    def _duration(self, minutes: int) -> str:
        hours, rest = divmod(minutes, 60)
        text = (
            self.mixed_text if hours and rest else self.hours_text if hours else self.minutes_text
        )
        return text % {"hours": hours, "minutes": rest}

    def _before_restart(self, on: date, ordinal: int) -> DayNote:
        day = self._name(on)
        if ordinal == self.first:
            text = gettext("%(day)s: ngày tiếp nhận; thời hạn được tính lại khi bổ sung đủ hồ sơ.")
            return DayNote(on, False, Why.RECEIVED, text % {"day": day}, None)
        text = gettext("%(day)s: trước khi bổ sung đủ hồ sơ, thời hạn tính lại từ đầu, không tính.")
        return DayNote(on, False, Why.PAUSED, text % {"day": day}, None)

    def _received(self, on: date, ordinal: int, settled_on: int | None) -> DayNote:
        """Tell the day of receipt, and day 0 where the receipt counts from a later opening."""
        words: dict[str, object] = {"day": self._name(on)}
        if ordinal == settled_on:
            self.used = 1
            return DayNote(on, True, Why.RECEIVED, self.counted_text % words, 1)
        if ordinal < self.zero:
            words["next"] = self._name(date.fromordinal(self.zero))
            if self.calendar.is_working_day(on):
                text = gettext("%(day)s: tiếp nhận sau giờ làm việc, được tính từ đầu %(next)s.")
            else:
                text = gettext("%(day)s: tiếp nhận vào ngày nghỉ, được tính từ đầu %(next)s.")
            return DayNote(on, False, Why.RECEIVED, text % words, None)
        if self.unit is Unit.WORKING_HOUR:
            used = self._unpaused(ordinal)
            if used:
                self._use(used)
                number = self._number()
                words |= {"used": self._duration(used), "total": self._duration(int(self.used))}
                text = gettext(
                    "%(day)s: ngày tiếp nhận, tính %(used)s làm việc, cộng dồn %(total)s."
                )
                return DayNote(on, True, Why.RECEIVED, text % words, number)
        if ordinal != self.origin.toordinal():
            text = gettext("%(day)s: hồ sơ được tính là tiếp nhận từ đầu giờ, chưa tính ngày này.")
        elif self.origin is not self.received:
            text = gettext("%(day)s: bổ sung đủ hồ sơ, thời hạn tính lại từ sau ngày này.")
        elif self.calendar.is_working_day(on):
            text = gettext("%(day)s: ngày tiếp nhận, chưa tính vào thời hạn.")
        else:
            text = gettext("%(day)s: tiếp nhận vào ngày trực, chưa tính vào thời hạn.")
        return DayNote(on, False, Why.RECEIVED, text % words, None)

    def _on_same_day(self, on: date, ordinal: int, settled_on: int | None) -> DayNote:
        if ordinal == settled_on:
            self.used = 1
            text = self.counted_text % {"day": self._name(on)}
            return DayNote(on, True, self._why_counted(on), text, 1)
        if self.calendar.why_not(on) is not None:
            return self._off(on)
        return self._after_the_limit(on, ordinal)

    def _calendar_day(self, on: date, ordinal: int) -> DayNote:
        """Tell a day of a limit in days or months: every day counts, days off too (rule 4)."""
        if self.used_up():
            if self.calendar.why_not(on) is not None:
                return self._off(on)
            return self._after_the_limit(on, ordinal)
        if self._midnight_paused(ordinal):
            return self._paused(on)
        self.used += 1
        number = int(self.used)
        text = self.counted_text
        if self.calendar.why_not(on) is not None:
            last = self.used_up() and ordinal < self.last
            self.rolled = self.rolled or last
            text = self.last_off_text if last else self.off_counted_text
        return DayNote(
            on, True, Why.COUNTED, text % {"day": self._name(on), "number": number}, number
        )

    def _working_day(self, on: date, ordinal: int) -> DayNote:
        """Tell a day of a limit in working days or hours; days off are skipped."""
        hours = self.calendar.hours_or_none(ordinal)
        if hours is None:
            return self._off(on)
        if self.used_up():
            return self._after_the_limit(on, ordinal)
        minutes = self._unpaused(ordinal)
        # Under SAME_CLOCK_TIME the due moment may be the opening itself: still the n-th day.
        if not minutes and (ordinal < self.last or self.unit is Unit.WORKING_HOUR):
            return self._paused(on)
        if self.unit is Unit.WORKING_HOUR:
            self._use(minutes)
        else:
            self._use(Fraction(minutes, hours.minutes) if minutes < hours.minutes else 1)
            if ordinal == self.last and not self.overridden and self.target is not None:
                self.used = self.target  # the date is the limit's: seasons never leave a remainder
        number = self._number()
        words = {"day": self._name(on), "number": _vietnamese(number)}
        if self.unit is Unit.WORKING_HOUR or isinstance(number, Decimal):
            words["used"] = self._duration(minutes)
        if self.unit is Unit.WORKING_HOUR:
            words["total"] = self._duration(int(self.used))
        why = self._why_counted(on)
        if why is Why.MAKE_UP:
            special = self.calendar.special(on)
            words["name"] = gettext(special.name) if special and special.name else ""
            if self.unit is Unit.WORKING_HOUR:
                text = gettext(
                    "%(day)s: ngày làm bù %(name)s, tính %(used)s làm việc, cộng dồn %(total)s."
                )
            else:
                text = gettext("%(day)s: ngày làm bù %(name)s, ngày làm việc thứ %(number)s.")
        elif self.unit is Unit.WORKING_DAY and isinstance(number, Decimal):
            text = gettext("%(day)s: tính %(used)s làm việc, cộng dồn %(number)s ngày làm việc.")
        else:
            text = self.counted_text
        return DayNote(on, True, why, text % words, number)

    def _use(self, amount: int | Fraction) -> None:
        self.used += amount
        if self.target is not None and self.used > self.target:
            self.used = self.target

    def _number(self) -> int | Decimal:
        if self.unit is Unit.WORKING_HOUR:
            return _hours(int(self.used))
        return _decimal(self.used)

    def _why_counted(self, on: date) -> Why:
        return Why.MAKE_UP if self.calendar.is_make_up_day(on) else Why.COUNTED

    def _paused(self, on: date) -> DayNote:
        text = gettext("%(day)s: tạm dừng tính thời hạn, không tính.") % {"day": self._name(on)}
        return DayNote(on, False, Why.PAUSED, text, None)

    def _after_the_limit(self, on: date, ordinal: int) -> DayNote:
        """Tell a working day after the limit is used up: rolled, paused or decided by somebody."""
        words = {"day": self._name(on)}
        if ordinal < self.last and self._midnight_paused(ordinal):
            return self._paused(on)
        if self.overridden:
            text = gettext("%(day)s: ngoài thời hạn, theo ngày hẹn trả đã ấn định, không tính.")
        elif self.spans:
            text = gettext("%(day)s: hạn trả kết quả dời theo thời gian tạm dừng, không tính.")
        else:
            self.rolled = True
            text = gettext("%(day)s: ngày làm việc đầu tiên sau ngày nghỉ, hạn dời sang ngày này.")
        return DayNote(on, False, Why.ROLLED, text % words, None)

    def _off(self, on: date) -> DayNote:
        rest = self.calendar.why_not(on)
        words = {"day": self._name(on)}
        if rest is None or rest is Rest.WEEKEND:
            return DayNote(on, False, Why.WEEKEND, self.weekend_text % words, None)
        self.off_days += 1
        special = self.calendar.special(on)
        words["name"] = name = gettext(special.name) if special and special.name else ""
        if rest is Rest.SWAPPED_OFF:
            text = gettext("%(day)s: nghỉ hoán đổi, %(name)s, không tính.")
        elif name.startswith("Nghỉ "):
            words["name"] = name[0].lower() + name[1:]
            text = gettext("%(day)s: %(name)s, không tính.")
        elif name.startswith("Tết "):
            text = gettext("%(day)s: nghỉ %(name)s, không tính.")
        else:
            text = gettext("%(day)s: nghỉ lễ %(name)s, không tính.")
        return DayNote(on, False, Why(rest.value), text % words, None)

    def _midnight_paused(self, ordinal: int) -> bool:
        midnight = ordinal * _DAY_US
        return any(start < midnight <= end for start, end in self.spans)

    def _unpaused(self, ordinal: int) -> int:
        """Count the working minutes of a day the clock ran, within the limit's own hours."""
        hours = self.calendar.hours_of(ordinal)
        if not self.spans and self.zero < ordinal < self.last:
            return hours.minutes
        midnight = ordinal * _DAY_US
        low, high = midnight, min(midnight + _DAY_US, _us(self.due))
        if self.unit is Unit.WORKING_HOUR:
            low = max(low, _us(ceil_minute(self.origin)))
        touching = [span for span in self.spans if span[0] < high and span[1] > low]
        running = 0
        for opens, closes in hours.spans:
            start = max(low, midnight + opens * _MINUTE_US)
            end = min(high, midnight + closes * _MINUTE_US)
            if start < end:
                running += end - start
                running -= sum(max(0, min(end, b) - max(start, a)) for a, b in touching)
        return running // _MINUTE_US

    def summary(self) -> str:
        """Return in a sentence or two why this date; after `days`."""
        words = {
            "value": _vietnamese(_decimal(Fraction(self.limit.value or 0))),
            "received": self._name(self.origin.date()),
            "start": self._name(date.fromordinal(self.zero)),
            "cutoff": f"{self.limit.cutoff:%H:%M}",
            "due": f"{self.due:%H:%M} {self._name(self.due.date())}",
        }
        is_later = self.zero > self.origin.toordinal() and not self.overridden
        first = [self._later_start(), self._later_sentence()] if is_later else []
        sentences = [text % words for text in first or [self._first_sentence()]]
        if self.off_days and self.unit in {Unit.WORKING_DAY, Unit.WORKING_HOUR}:
            text = gettext("Trong đó có %(days)s ngày nghỉ lễ, nghỉ hoán đổi không tính.")
            sentences.append(text % {"days": self.off_days})
        if self.rolled:
            sentences.append(
                gettext("Ngày cuối là ngày nghỉ nên hạn dời sang ngày làm việc tiếp theo.")
            )
        if self.spans:
            sentences.append(gettext("Thời gian tạm dừng không tính vào thời hạn."))
        if is_provisional(self.received, self.due, self.calendar):
            sentences.append(
                gettext("Ngày hẹn là tạm tính vì chưa có lịch nghỉ của năm %(year)s.")
                % {"year": self.due.year}
            )
        elif self.calendar.unannounced_years.intersection(
            range(self.received.year, self.due.year + 1)
        ):
            sentences.append(
                gettext("Lịch nghỉ năm %(year)s là lịch dự kiến, chưa công bố đầy đủ.")
                % {"year": self.due.year}
            )
        return " ".join(sentences)

    def _later_start(self) -> str:
        """Say why the limit starts later than the receipt or supplement (domain.md 3.4)."""
        after_hours = self.calendar.is_working_day(self.origin.date())
        if self.origin is not self.received:
            if after_hours:
                return gettext("Bổ sung sau giờ làm việc %(received)s nên tính từ %(start)s.")
            return gettext("Bổ sung vào ngày nghỉ %(received)s nên tính từ %(start)s.")
        if after_hours:
            return gettext("Tiếp nhận sau giờ làm việc %(received)s nên tính từ %(start)s.")
        return gettext("Tiếp nhận vào ngày nghỉ %(received)s nên tính từ %(start)s.")

    def _later_sentence(self) -> str:
        """Return the sentence that follows `_later_start` and does not name its day again."""
        if self.unit is Unit.WORKING_HOUR:
            return gettext("Thời hạn %(value)s giờ làm việc kể từ đầu giờ, hẹn trả %(due)s.")
        if self.unit is Unit.WORKING_DAY:
            return gettext(
                "Thời hạn %(value)s ngày làm việc, không kể ngày bắt đầu tính, hẹn trả %(due)s."
            )
        if self.unit is Unit.DAY:
            return gettext(
                "Thời hạn %(value)s ngày kể cả ngày nghỉ, không kể ngày bắt đầu tính, "
                "hẹn trả %(due)s."
            )
        if self.unit is Unit.MONTH:
            return gettext("Thời hạn %(value)s tháng kể từ ngày bắt đầu tính, hẹn trả %(due)s.")
        return gettext("Giải quyết trong ngày bắt đầu tính, hẹn trả %(due)s.")

    def _first_sentence(self) -> str:
        if self.overridden:
            return gettext("Tiếp nhận %(received)s, ngày hẹn trả được ấn định là %(due)s.")
        if self.unit is Unit.WORKING_HOUR:
            return gettext(
                "Thời hạn %(value)s giờ làm việc kể từ khi tiếp nhận %(received)s, hẹn trả %(due)s."
            )
        if self.unit is Unit.WORKING_DAY:
            return gettext(
                "Thời hạn %(value)s ngày làm việc, không kể ngày tiếp nhận %(received)s, "
                "hẹn trả %(due)s."
            )
        if self.unit is Unit.DAY:
            return gettext(
                "Thời hạn %(value)s ngày kể cả ngày nghỉ, không kể ngày tiếp nhận %(received)s, "
                "hẹn trả %(due)s."
            )
        if self.unit is Unit.MONTH:
            return gettext(
                "Thời hạn %(value)s tháng kể từ ngày tiếp nhận %(received)s, hẹn trả %(due)s."
            )
        return gettext(
            "Giải quyết trong ngày, tiếp nhận sau %(cutoff)s thì trả trong ngày làm việc tiếp "
            "theo: tiếp nhận %(received)s, hẹn trả %(due)s."
        )


def _hours(minutes: int) -> int | Decimal:
    hours, rest = divmod(minutes, 60)
    return _decimal(Fraction(minutes, 60)) if rest else hours


def _decimal(number: int | Fraction) -> int | Decimal:
    """Return a whole number as int, else a decimal of at most two places, for people."""
    if isinstance(number, int):
        return number
    if number.denominator == 1:
        return number.numerator
    exact = Decimal(number.numerator) / Decimal(number.denominator)
    return exact.quantize(Decimal("0.01")).normalize()


def _vietnamese(number: int | Decimal) -> str:
    """Print a number with the decimal comma."""
    return str(number) if isinstance(number, int) else f"{number:f}".replace(".", ",")
