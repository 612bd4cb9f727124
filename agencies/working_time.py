"""Working days, working hours, duty days and swapped days: pure arithmetic over a calendar.

All moments are aware datetimes; legal days are local days of Vietnam. Source: domain.md 3.4, 3.9.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from threading import Lock
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

LOCAL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")

SATURDAY, SUNDAY = 5, 6
FIRST_YEAR = 1990  # older moments are typing errors; the zone has had one offset since 1975
LAST_YEAR = 2500  # far beyond every limit: moments may be given up to 2199 (dossiers/deadlines/)

_FIRST_DAY = date(FIRST_YEAR, 1, 1).toordinal()
_MINUTE = timedelta(minutes=1)
_MINUTE_US = 60_000_000


class CalendarError(ValueError):
    """The calendar is asked for a moment without offset or outside the years it can answer for."""


class DayKind(StrEnum):
    """What a decree or an announcement makes of one day."""

    HOLIDAY = "holiday"
    SWAPPED_OFF = "swapped_off"
    MAKE_UP = "make_up"


class Rest(StrEnum):
    """Why nobody works on a day."""

    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    SWAPPED_OFF = "swapped_off"


@dataclass(frozen=True, slots=True)
class Window:
    """One stretch of working time, whole minutes, local time; `closes` is outside it."""

    opens: time
    closes: time

    def __post_init__(self) -> None:
        for moment in (self.opens, self.closes):
            if moment.second or moment.microsecond or moment.tzinfo is not None:
                raise ValueError("a working window opens and closes on a whole local minute")
        if self.opens >= self.closes:
            raise ValueError("a working window closes after it opens, on the same day")


# domain.md 3.4: the default windows, 8.0 hours.
DEFAULT_WINDOWS = (Window(time(7), time(11, 30)), Window(time(13, 30), time(17)))


@dataclass(frozen=True, slots=True)
class Season:
    """Working windows from a (month, day) of each year until the next season starts.

    `valid_from` and `valid_until` are the first and the last day of the decision that set them;
    None is open. Of the decisions in force on a day the one valid from the latest day alone counts.
    """

    starts: tuple[int, int]
    windows: tuple[Window, ...]
    valid_from: date | None = None
    valid_until: date | None = None

    def __post_init__(self) -> None:
        date(2000, *self.starts)
        _check_windows(self.windows)
        if self.valid_from and self.valid_until and self.valid_from > self.valid_until:
            raise ValueError("a season's last day is not before its first")

    def is_valid_on(self, on: date) -> bool:
        """Whether the decision that set the season is in force on a day."""
        if self.valid_from is not None and on < self.valid_from:
            return False
        return self.valid_until is None or on <= self.valid_until


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day that is not what its weekday says, with the text that makes it so.

    `windows` are this day's own working windows (a make-up morning); None keeps the season's.
    """

    on: date
    kind: DayKind
    name: str
    source: str
    windows: tuple[Window, ...] | None = None

    def __post_init__(self) -> None:
        if self.windows is not None:
            _check_windows(self.windows)


@dataclass(frozen=True, slots=True)
class FixedHoliday:
    """A holiday of the solar calendar, known for years whose calendar nobody has announced."""

    month: int
    day: int
    name: str
    from_year: int | None = None


# BLLĐ 2019 Điều 112; NQ 28/2026/QH16 adds 24/11 from 2026 only (domain.md 3.9, rule 6).
FIXED_HOLIDAYS = (
    FixedHoliday(1, 1, "Tết Dương lịch"),
    FixedHoliday(4, 30, "Ngày Chiến thắng"),
    FixedHoliday(5, 1, "Ngày Quốc tế lao động"),
    FixedHoliday(9, 2, "Quốc khánh"),
    FixedHoliday(11, 24, "Ngày Văn hóa Việt Nam", from_year=2026),
)


def _check_windows(windows: tuple[Window, ...]) -> None:
    if not windows:
        raise ValueError("a working day has at least one working window")
    for earlier, later in pairwise(windows):
        if earlier.closes > later.opens:
            raise ValueError("working windows are in order and do not overlap")


class _Hours(NamedTuple):
    """Working windows in minutes since midnight."""

    spans: tuple[tuple[int, int], ...]
    minutes: int
    opens: int
    closes: int
    closing: time  # end of the last window

    def worked_by(self, minute: int) -> int:
        """Count the working minutes of the day before `minute`."""
        worked = 0
        for opens, closes in self.spans:
            if minute <= opens:
                break
            worked += min(minute, closes) - opens
        return worked


def _hours(windows: tuple[Window, ...]) -> _Hours:
    spans = tuple((_minute_of(w.opens), _minute_of(w.closes)) for w in windows)
    return _Hours(
        spans=spans,
        minutes=sum(closes - opens for opens, closes in spans),
        opens=spans[0][0],
        closes=spans[-1][1],
        closing=windows[-1].closes,
    )


def _minute_of(moment: time) -> int:
    return moment.hour * 60 + moment.minute


class _Table:
    """Days since FIRST_YEAR laid out for look-up; grows by whole years, never changes a day.

    Positions ("working minutes since FIRST_YEAR") turn hours arithmetic into additions.
    """

    __slots__ = ("day_minutes", "day_rank", "hours", "lock", "until", "work_ends", "workdays")

    def __init__(self) -> None:
        self.until = _FIRST_DAY  # first ordinal not laid out yet
        self.hours: list[_Hours | None] = []  # per day, None on a day off
        self.day_rank: list[int] = [0]  # working days before the day
        self.day_minutes: list[int] = [0]  # working minutes before the day
        self.workdays: list[int] = []  # ordinals of the working days
        self.work_ends: list[int] = []  # position at the end of each working day
        self.lock = Lock()


@dataclass(frozen=True, eq=False)
class Calendar:
    """Lịch làm việc: which days and hours count, which days the counter is open.

    Clock days and counter days are apart (domain.md 3.9): a Saturday on duty receives dossiers and
    never counts; a make-up Saturday is a working day. Two calendars are equal when they are the
    same object, so one may key a cache.
    """

    special_days: Mapping[date, SpecialDay] = field(default_factory=dict)
    seasons: tuple[Season, ...] = (Season((1, 1), DEFAULT_WINDOWS),)
    loaded_from: date | None = None  # first day of the first loaded year
    loaded_until: date | None = None  # last day of the last loaded year
    rest_weekdays: frozenset[int] = frozenset({SATURDAY, SUNDAY})
    counter_weekdays: frozenset[int] = frozenset({SATURDAY})
    fixed_holidays: tuple[FixedHoliday, ...] = FIXED_HOLIDAYS
    unannounced_years: frozenset[int] = frozenset()  # loaded by rule, no decision published yet
    _table: _Table = field(init=False, repr=False, default_factory=_Table)

    def __post_init__(self) -> None:
        if self.rest_weekdays >= frozenset(range(7)):
            raise ValueError("a week has at least one working day")
        if not self.seasons:
            raise ValueError("a calendar has at least one season")
        if any(on != day.on for on, day in self.special_days.items()):
            raise ValueError("special days are keyed by their own date")
        own = MappingProxyType(dict(self.special_days))
        object.__setattr__(self, "special_days", own)
        object.__setattr__(self, "seasons", tuple(sorted(self.seasons, key=lambda s: s.starts)))

    def with_days(self, *days: SpecialDay) -> "Calendar":
        """Return a calendar with these days added or replaced, for a rehearsal."""
        return replace(self, special_days={**self.special_days, **{day.on: day for day in days}})

    def without_days(self, *dates: date) -> "Calendar":
        """Return a calendar in which these dates are ordinary again, for a rehearsal."""
        kept = {on: day for on, day in self.special_days.items() if on not in dates}
        return replace(self, special_days=kept)

    def special(self, on: date) -> SpecialDay | None:
        """Return what makes the day special: as entered, else a fixed holiday of an unloaded year."""
        found = self.special_days.get(on)
        if found is not None or self.is_loaded(on):
            return found
        # domain.md 3.4: beyond the loaded years only weekends and fixed-date holidays are skipped.
        for holiday in self.fixed_holidays:
            if (on.month, on.day) == (holiday.month, holiday.day) and (
                holiday.from_year is None or on.year >= holiday.from_year
            ):
                return SpecialDay(on, DayKind.HOLIDAY, holiday.name, "")
        return None

    def is_loaded(self, on: date) -> bool:
        """Whether the year of this day has been entered, so that the answer is not provisional."""
        return (
            self.loaded_from is not None
            and self.loaded_until is not None
            and self.loaded_from <= on <= self.loaded_until
        )

    def is_working_day(self, on: date) -> bool:
        """Whether the clock runs on this day."""
        return self.why_not(on) is None

    def why_not(self, on: date) -> Rest | None:
        """Return why nobody works on this day, None on a working day."""
        special = self.special(on)
        if special is not None:
            # domain.md rule 5: a make-up Saturday IS a working day.
            return None if special.kind is DayKind.MAKE_UP else Rest(special.kind.value)
        return Rest.WEEKEND if on.weekday() in self.rest_weekdays else None

    def is_make_up_day(self, on: date) -> bool:
        """Whether this is a working day only because of a swap."""
        special = self.special_days.get(on)
        return special is not None and special.kind is DayKind.MAKE_UP

    def is_duty_day(self, on: date) -> bool:
        """Whether the counter receives although the clock stands still (domain.md 3.9)."""
        # Sundays, holidays and days swapped off are never counter days, whatever their weekday.
        return on.weekday() in self.counter_weekdays and self.why_not(on) is Rest.WEEKEND

    def is_counter_day(self, on: date) -> bool:
        """Whether the counter receives: on every working day and on duty days."""
        return self.is_working_day(on) or self.is_duty_day(on)

    def windows_on(self, on: date) -> tuple[Window, ...]:
        """Return the working windows of a day, none on a day off."""
        if not self.is_working_day(on):
            return ()
        special = self.special(on)
        if special is not None and special.windows is not None:
            return special.windows
        return self._season_windows(on)

    def _season_windows(self, on: date) -> tuple[Window, ...]:
        in_force = [season for season in self.seasons if season.is_valid_on(on)]
        if not in_force:
            return DEFAULT_WINDOWS
        newest = max(season.valid_from or date.min for season in in_force)
        decided = [s for s in in_force if (s.valid_from or date.min) == newest]
        # Before the first season of the year the last one of the year before still runs.
        begun = [season for season in decided if season.starts <= (on.month, on.day)]
        return (begun or decided)[-1].windows

    def next_working_day(self, after: date) -> date:
        """Return the first working day after a day."""
        return self.add_working_days(after, 1)

    def add_working_days(self, start: date, days: int) -> date:
        """Return the n-th working day after a day; 0 is the day itself when it is worked.

        A day off with 0 gives the next working day, so the answer is always a working day.
        """
        ordinal = start.toordinal()
        return date.fromordinal(
            self.nth_workday(ordinal, days) if days else self.workday_from(ordinal)
        )

    def working_days_between(self, after: date, until: date) -> int:
        """Count the working days after one day up to and including another, negative backwards."""
        low, high = after.toordinal() + 1, until.toordinal() + 1
        table = self._reach(max(low, high))
        return table.day_rank[high - _FIRST_DAY] - table.day_rank[low - _FIRST_DAY]

    def normalise(self, moment: datetime) -> datetime:
        """Return the moment itself inside a working window, else the next opening (domain.md 3.4).

        Windows hold their opening minute and not their closing one: 11:30 sharp is lunch break.
        """
        local = to_local(moment)
        ordinal = local.toordinal()
        hours = self._reach(ordinal).hours[ordinal - _FIRST_DAY]
        if hours is not None:
            minute = local.hour * 60 + local.minute
            for opens, closes in hours.spans:
                if minute < opens:
                    return self.moment(ordinal, opens)
                if minute < closes:
                    return local
        following = self.nth_workday(ordinal, 1)
        return self.moment(following, self.hours_of(following).opens)

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Return the exact working time between two moments, negative when `end` comes first."""
        passed = self._position(to_local(end)) - self._position(to_local(start))
        return timedelta(microseconds=passed)

    def working_minutes_between(self, start: datetime, end: datetime) -> int:
        """Count the whole working minutes between two moments, negative when `end` comes first."""
        if end < start:
            return -self.working_minutes_between(end, start)
        return self.working_time_between(start, end) // _MINUTE

    def add_working_minutes(self, start: datetime, minutes: int) -> datetime:
        """Return the moment at which that many more working minutes have passed.

        The start is rounded up to the minute. The end of a window belongs to it: 8 hours from an
        opening end at that day's closing, not at the next opening. 0 returns the rounded start.
        """
        if minutes < 0:
            raise ValueError("minutes must not be negative")
        local = ceil_minute(to_local(start))
        if minutes == 0:
            return local
        ordinal = local.toordinal()
        table = self._reach(ordinal)
        index = ordinal - _FIRST_DAY
        position = table.day_minutes[index]
        hours = table.hours[index]
        if hours is not None:
            position += hours.worked_by(local.hour * 60 + local.minute)
        target = position + minutes
        rank = bisect_left(table.work_ends, target, table.day_rank[index])
        while rank >= len(table.workdays):
            table = self._reach(table.until)
            rank = bisect_left(table.work_ends, target, rank)
        day = table.workdays[rank]
        left = target - table.day_minutes[day - _FIRST_DAY]
        for opens, closes in self.hours_of(day).spans:
            if left <= closes - opens:
                return self.moment(day, opens + left)
            left -= closes - opens
        raise AssertionError("the day holds the minutes its table says")  # pragma: no cover

    # Ordinals instead of dates: the fast road of dossiers/deadlines/.

    def hours_of(self, ordinal: int) -> _Hours:
        """Return the working hours of a day known to be worked."""
        hours = self._reach(ordinal).hours[ordinal - _FIRST_DAY]
        if hours is None:
            raise CalendarError("not a working day")
        return hours

    def hours_or_none(self, ordinal: int) -> _Hours | None:
        """Return the working hours of a day, None on a day off."""
        return self._reach(ordinal).hours[ordinal - _FIRST_DAY]

    def workday_from(self, ordinal: int) -> int:
        """Return this day when it is worked, else the next working day."""
        table = self._reach(ordinal)
        if table.hours[ordinal - _FIRST_DAY] is not None:
            return ordinal
        return self.nth_workday(ordinal, 1)

    def nth_workday(self, ordinal: int, days: int) -> int:
        """Return the n-th working day after a day, n >= 1."""
        table = self._reach(ordinal)
        rank = table.day_rank[ordinal - _FIRST_DAY + 1] + days - 1
        while rank >= len(table.workdays):
            table = self._reach(table.until)
        return table.workdays[rank]

    def moment(self, ordinal: int, minute: int) -> datetime:
        """Return a local moment from a day and its minutes since midnight."""
        day = date.fromordinal(ordinal)
        return datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=LOCAL_ZONE)

    def position(self, ordinal: int, us: int) -> int:
        """Return the working microseconds since FIRST_YEAR up to a moment of a day.

        `us` is the time since its midnight. The working time between two moments is a difference.
        """
        table = self._reach(ordinal)
        index = ordinal - _FIRST_DAY
        position = table.day_minutes[index] * _MINUTE_US
        hours = table.hours[index]
        if hours is not None:
            for opens, closes in hours.spans:
                opening = opens * _MINUTE_US
                if us <= opening:
                    break
                position += min(us, closes * _MINUTE_US) - opening
        return position

    def _position(self, local: datetime) -> int:
        """Return the position of a moment in LOCAL_ZONE."""
        us = (local.hour * 60 + local.minute) * _MINUTE_US
        return self.position(local.toordinal(), us + local.second * 1_000_000 + local.microsecond)

    def _reach(self, ordinal: int) -> _Table:
        """Return the table, laid out at least one year beyond this day."""
        table = self._table
        if _FIRST_DAY <= ordinal < table.until:
            return table
        if ordinal < _FIRST_DAY:
            raise CalendarError(f"no calendar before {FIRST_YEAR}")
        with table.lock:
            while ordinal >= table.until:
                year = date.fromordinal(table.until).year
                if year > LAST_YEAR:
                    raise CalendarError(f"no calendar after {LAST_YEAR}")
                self._lay_out(table, year)
        return table

    def _lay_out(self, table: _Table, year: int) -> None:
        cache: dict[tuple[Window, ...], _Hours] = {}
        first, after = date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
        rank, minutes = table.day_rank[-1], table.day_minutes[-1]
        for ordinal in range(first, after):
            windows = self.windows_on(date.fromordinal(ordinal))
            hours = None
            if windows:
                hours = cache.get(windows) or cache.setdefault(windows, _hours(windows))
                rank += 1
                minutes += hours.minutes
                # work_ends first: a reader in another thread trusts the length of `workdays`.
                table.work_ends.append(minutes)
                table.workdays.append(ordinal)
            table.hours.append(hours)
            table.day_rank.append(rank)
            table.day_minutes.append(minutes)
        # Last of all: readers without the lock look at nothing beyond it.
        table.until = after


def to_local(moment: datetime) -> datetime:
    """Return the moment in local time; raises CalendarError without an offset or off the years."""
    if moment.tzinfo is LOCAL_ZONE:
        if FIRST_YEAR <= moment.year <= LAST_YEAR:
            return moment
    elif moment.utcoffset() is None:
        raise CalendarError("a moment needs an offset from UTC")
    # Converting at the very ends of the datetime range would overflow: look at the year first.
    elif FIRST_YEAR - 1 <= moment.year <= LAST_YEAR:
        local = moment.astimezone(LOCAL_ZONE)
        if local.year >= FIRST_YEAR:
            return local
    raise CalendarError(f"a moment lies between {FIRST_YEAR} and {LAST_YEAR}")


def special_days(days: Iterable[SpecialDay]) -> dict[date, SpecialDay]:
    """Key special days by their date; raises ValueError when two speak of the same day."""
    keyed: dict[date, SpecialDay] = {}
    for day in days:
        if day.on in keyed:
            raise ValueError(f"{day.on} is entered twice")
        keyed[day.on] = day
    return keyed


def ceil_minute(local: datetime) -> datetime:
    """Round a moment up to the whole minute (domain.md 3.4: to the minute, rounded up)."""
    if local.second or local.microsecond:
        return local.replace(second=0, microsecond=0) + _MINUTE
    return local
