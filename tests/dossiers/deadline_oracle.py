"""The slow, obvious oracle of the clock: domain.md 3.4 and 3.5 spelt out minute by minute.

Independent of agencies.working_time and dossiers.deadlines: of the calendar it reads only what
was entered (special days, seasons, weekdays), and it walks. Local times are naive here on purpose.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cache
from itertools import pairwise

from agencies.calendar_data import default_calendar
from agencies.working_time import (
    DEFAULT_WINDOWS,
    LOCAL_ZONE,
    Calendar,
    DayKind,
    Season,
    SpecialDay,
    Window,
)
from dossiers.deadlines import (
    Limit,
    Pause,
    PauseKind,
    SupplementPolicy,
    TimeOfDay,
    Unit,
    committed_limit,
    due_at,
    due_with_pauses,
)

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Case:
    """One question to the clock; `cut_from` is the law's limit where the engine made `limit` of it."""

    limit: Limit
    received_at: datetime
    pauses: tuple[Pause, ...]
    policy: SupplementPolicy
    calendar: Calendar
    cut_from: Limit | None = None


def engine_answer(case: Case) -> datetime | None:
    """Return what the product says."""
    if not case.pauses:
        return due_at(case.limit, case.received_at, case.calendar)
    return due_with_pauses(case.limit, case.received_at, case.calendar, case.pauses, case.policy)


def oracle_answer(case: Case) -> datetime | None:
    """Return what the law says, slowly."""
    if case.cut_from is not None:
        case = replace(case, limit=committed(case.cut_from))
    due = _due(case)
    return None if due is None else due.replace(tzinfo=LOCAL_ZONE)


# Which days and minutes are worked.


def works(calendar: Calendar, day: date) -> bool:
    """Say whether a day is worked: make-up days, or Monday to Friday and not a holiday."""
    if day in calendar.special_days:
        return calendar.special_days[day].kind is DayKind.MAKE_UP
    if day.weekday() in calendar.rest_weekdays:
        return False
    return not _fixed_holiday(calendar, day)


def _fixed_holiday(calendar: Calendar, day: date) -> bool:
    if calendar.loaded_from and calendar.loaded_until:  # noqa: SIM102
        if calendar.loaded_from <= day <= calendar.loaded_until:
            return False
    for holiday in calendar.fixed_holidays:
        since = holiday.from_year or 0
        if (holiday.month, holiday.day) == (day.month, day.day) and day.year >= since:
            return True
    return False


def on_duty(calendar: Calendar, day: date) -> bool:
    """Say whether the counter is open on a day that is not worked."""
    return (
        day.weekday() in calendar.counter_weekdays
        and day.weekday() in calendar.rest_weekdays
        and day not in calendar.special_days
        and not _fixed_holiday(calendar, day)
    )


def season_windows(calendar: Calendar, day: date) -> tuple[Window, ...]:
    """Go back from the day to the last beginning of a season of the newest decision in force."""
    decisions = {
        season.valid_from
        for season in calendar.seasons
        if (season.valid_from or date.min) <= day <= (season.valid_until or date.max)
    }
    if not decisions:
        return DEFAULT_WINDOWS
    newest = max(decisions, key=lambda since: since or date.min)
    seasons = {
        season.starts: season.windows
        for season in calendar.seasons
        if season.valid_from == newest and day <= (season.valid_until or date.max)
    }
    while (day.month, day.day) not in seasons:
        day -= DAY
    return seasons[day.month, day.day]


@cache
def minutes_of(calendar: Calendar, day: date) -> tuple[int, ...]:
    """List the minutes of a day that are worked, each by its beginning."""
    if not works(calendar, day):
        return ()
    special = calendar.special_days.get(day)
    own = special.windows if special is not None else None
    minutes: list[int] = []
    for window in own or season_windows(calendar, day):
        opens = window.opens.hour * 60 + window.opens.minute
        closes = window.closes.hour * 60 + window.closes.minute
        minutes.extend(range(opens, closes))
    return tuple(minutes)


def at_minute(day: date, minute: int) -> datetime:
    """Return the beginning of a minute of a day."""
    return datetime.combine(day, time()) + minute * MINUTE


def opening(calendar: Calendar, day: date) -> datetime:
    """Return when a working day opens."""
    return at_minute(day, minutes_of(calendar, day)[0])


def closing(calendar: Calendar, day: date) -> datetime:
    """Return when the last minute of a working day is over."""
    return at_minute(day, minutes_of(calendar, day)[-1] + 1)


def following(calendar: Calendar, day: date) -> date:
    """Return the next working day."""
    day += DAY
    while not works(calendar, day):
        day += DAY
    return day


def walk(calendar: Calendar, start: datetime, minutes: int) -> datetime:
    """Let working minutes pass one by one; only whole minutes after the start count."""
    if start.second or start.microsecond:
        start = start.replace(second=0, microsecond=0) + MINUTE
    if minutes == 0:
        return start
    day, first = start.date(), start.hour * 60 + start.minute
    while True:
        for minute in minutes_of(calendar, day):
            if minute < first:
                continue
            minutes -= 1
            if minutes == 0:
                return at_minute(day, minute + 1)
        day, first = day + DAY, 0


def normalise(calendar: Calendar, moment: datetime) -> datetime:
    """Return the first moment from this one on that lies in a worked minute."""
    day, now = moment.date(), moment.hour * 60 + moment.minute
    for minute in minutes_of(calendar, day):
        if minute == now:
            return moment
        if minute > now:
            return at_minute(day, minute)
    return opening(calendar, following(calendar, day))


# The limit.


def committed(limit: Limit) -> Limit:
    """Cut a tenth off the law's limit, trying ever shorter ones until a tenth is off."""
    if limit.value is None:
        return limit
    value, unit, step = limit.value, limit.unit, Decimal(1)
    if unit is Unit.MONTH:
        value, unit = Decimal(shortest(limit)), Unit.DAY
    elif unit is Unit.WORKING_DAY and value <= 5:
        value, unit = value * 8, Unit.WORKING_HOUR
    if unit is Unit.WORKING_HOUR:
        step = Decimal("0.5")
    shorter = Decimal(0)
    while (shorter + step) / value <= Decimal("0.9"):
        shorter += step
    if shorter == 0:
        return limit
    return Limit(shorter, unit, cutoff=limit.cutoff, time_of_day=limit.time_of_day)


@cache
def shortest(limit: Limit) -> int:
    """Count the days of a limit in months from the first of every month, and take the fewest."""
    assert limit.value is not None
    whole = int(limit.value)
    rest = int(((limit.value - whole) * 30).to_integral_value(ROUND_CEILING))
    counts = []
    for first in range(1, 13):
        start = date(2001, first, 1)
        end = start
        for _ in range(whole):
            end = (end + 31 * DAY).replace(day=1)
        # Leap days are left out: the year 2001 has none, and no later one is to lend its own.
        leap = sum(1 for n in range((end - start).days) if (d := start + n * DAY).day == 29
                   and d.month == 2)  # fmt: skip
        counts.append((end - start).days - leap + rest)
    return min(counts)


def day_zero(case: Case, start: datetime) -> date:
    """Return day 0 of a limit in days."""
    if case.limit.unit is not Unit.SAME_DAY and on_duty(case.calendar, start.date()):
        return start.date()
    return normalise(case.calendar, start).date()


def promised(case: Case, start: datetime, day: date) -> datetime:
    """Return the moment of the due day by the province's policy."""
    if case.limit.time_of_day is TimeOfDay.END_OF_DAY:
        return closing(case.calendar, day)
    clock = start if on_duty(case.calendar, start.date()) else normalise(case.calendar, start)
    minute = clock.hour * 60 + clock.minute
    if clock.second or clock.microsecond:
        minute += 1
    # Latest moment of the day's working time not after the clock time.
    moments = set(minutes_of(case.calendar, day))
    moments |= {m + 1 for m in moments}
    reached = [m for m in moments if m <= minute]
    return at_minute(day, max(reached)) if reached else opening(case.calendar, day)


def raw_last_day(case: Case, start: datetime) -> date:
    """Return the last day of a limit in days or months before it rolls."""
    limit, zero = case.limit, day_zero(case, start)
    assert limit.value is not None
    if limit.unit is Unit.DAY:
        return zero + int(limit.value.to_integral_value(ROUND_CEILING)) * DAY
    whole = int(limit.value)
    year, month = zero.year, zero.month
    for _ in range(whole):
        month += 1
        if month == 13:
            year, month = year + 1, 1
    day = zero.day
    while True:
        try:
            last = date(year, month, day)
            break
        except ValueError:
            day -= 1
    rest = (limit.value - whole) * 30
    return last + int(rest.to_integral_value(ROUND_CEILING)) * DAY


def rolled(calendar: Calendar, day: date) -> date:
    """Return the day itself when worked, else the next working day."""
    return day if works(calendar, day) else following(calendar, day)


def unpaused(case: Case, start: datetime) -> datetime | None:
    """Return the due moment of a limit that starts now and is never paused."""
    limit, calendar = case.limit, case.calendar
    if limit.unit in {Unit.NONE, Unit.OTHER}:
        return None
    if limit.unit is Unit.SAME_DAY:
        counted = normalise(calendar, start)
        day = counted.date()
        if day == start.date() and start.time() > limit.cutoff:
            day = following(calendar, day)
        return closing(calendar, day)
    assert limit.value is not None
    if limit.unit is Unit.WORKING_HOUR:
        minutes = (limit.value * 60).to_integral_value(ROUND_CEILING)
        return walk(calendar, normalise(calendar, start), int(minutes))
    if limit.unit is Unit.WORKING_DAY:
        day = day_zero(case, start)
        whole = int(limit.value)
        for _ in range(whole):
            day = following(calendar, day)
        rest = int(((limit.value - whole) * 8 * 60).to_integral_value(ROUND_FLOOR))
        if whole == 0 and rest == 0:
            rest = 1
        if rest == 0:
            return promised(case, start, day)
        if limit.time_of_day is TimeOfDay.END_OF_DAY:
            return walk(calendar, opening(calendar, following(calendar, day)), rest)
        return walk(calendar, promised(case, start, day) if whole else start, rest)
    return promised(case, start, rolled(calendar, raw_last_day(case, start)))


# Pauses.


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(LOCAL_ZONE).replace(tzinfo=None)


def _due(case: Case) -> datetime | None:
    received = _naive(case.received_at)
    original = unpaused(case, received)
    if original is None:
        return None
    pauses = [
        (_naive(p.started_at), _naive(p.ended_at), p.kind, p.restarts)
        for p in case.pauses
        if p.ended_at
    ]
    start = received
    for _, end, kind, says in pauses:
        restarts = case.policy is SupplementPolicy.RESTART if says is None else says
        if restarts and kind is PauseKind.SUPPLEMENT and end > start:
            start = end
    restarted = unpaused(case, start)
    assert restarted is not None
    stops = [(max(a, start), b) for a, b, _, _ in pauses if b > start]
    if case.limit.unit in {Unit.DAY, Unit.MONTH}:
        midnights: set[datetime] = set()
        for a, b in stops:
            midnight = datetime.combine(a.date() + DAY, time())
            while midnight <= b:
                midnights.add(midnight)
                midnight += DAY
        zero = datetime.combine(day_zero(case, start), time())
        moved = sum(1 for midnight in midnights if midnight > zero)
        due = promised(case, start, rolled(case.calendar, raw_last_day(case, start) + moved * DAY))
    else:
        due = walk(case.calendar, restarted, paused_minutes(case.calendar, stops))
    return max(original, due)


def paused_minutes(calendar: Calendar, stops: list[tuple[datetime, datetime]]) -> int:
    """Add up the paused part of every worked minute, then drop the last broken minute."""
    total = 0
    if not stops:
        return 0
    day, last = min(a for a, _ in stops).date(), max(b for _, b in stops).date()
    while day <= last:
        midnight = datetime.combine(day, time())
        touching = [
            ((a - midnight) // MICROSECOND, (b - midnight) // MICROSECOND)
            for a, b in stops
            if a.date() <= day <= b.date()
        ]
        for minute in minutes_of(calendar, day) if touching else ():
            total += _covered(touching, minute * 60_000_000, (minute + 1) * 60_000_000)
        day += DAY
    return total // 60_000_000


def _covered(stops: list[tuple[int, int]], begins: int, ends: int) -> int:
    """Return how much of one minute is paused, however many pauses overlap; microseconds."""
    for a, b in stops:
        if a <= begins and ends <= b:
            return ends - begins
    pieces = sorted({begins, ends, *(t for stop in stops for t in stop if begins < t < ends)})
    return sum(
        later - earlier
        for earlier, later in pairwise(pieces)
        if any(a <= earlier and later <= b for a, b in stops)
    )


# Random questions.


@cache
def calendars() -> tuple[Calendar, ...]:
    """The province's calendar and four others: winter hours, a make-up morning, no duty days,
    hours decided anew.
    """
    plain = default_calendar()
    summer = (Window(time(7), time(11)), Window(time(13), time(17)))
    winter = (Window(time(7, 30), time(12)), Window(time(13), time(16, 30)))
    seasonal = Calendar(
        plain.special_days,
        seasons=(Season((4, 16), summer), Season((10, 16), winter)),
        loaded_from=plain.loaded_from,
        loaded_until=plain.loaded_until,
    )
    morning = (Window(time(7), time(11, 30)),)
    short = plain.with_days(
        *(
            SpecialDay(on, DayKind.MAKE_UP, "làm bù buổi sáng", "", morning)
            for on in (date(2026, 1, 10), date(2026, 8, 22), date(2024, 5, 4), date(2021, 7, 3))
        )
    )
    bare = Calendar(counter_weekdays=frozenset())
    # Winter hours decided for one winter, and new hours for good since 2025.
    decided = Calendar(
        plain.special_days,
        seasons=(
            Season((1, 1), DEFAULT_WINDOWS),
            Season((10, 16), winter, date(2022, 10, 16), date(2023, 4, 15)),
            Season((4, 16), summer, date(2025, 4, 16)),
            Season((10, 16), winter, date(2025, 4, 16)),
        ),
        loaded_from=plain.loaded_from,
        loaded_until=plain.loaded_until,
    )
    return plain, seasonal, short, bare, decided


# Limits of the national catalogue with their frequency (national-portal-and-data.md 4.1).
_WORKING_DAYS = {
    "10": 208, "5": 160, "15": 106, "20": 101, "8": 82, "17": 71, "7": 52, "3": 43, "30": 42,
    "4": 42, "12": 39, "18": 34, "14": 30, "1": 27, "7.5": 26, "22": 26, "19": 25, "11": 25,
    "2": 24, "17.5": 17, "16.5": 15, "3.5": 14, "21.5": 9, "22.5": 6, "12.5": 6, "11.5": 5,
    "6.5": 4, "6.25": 4, "4.75": 4, "8.5": 3, "26.5": 3,
}  # fmt: skip
_DAYS = {"15": 30, "10": 27, "20": 24, "25": 24, "35": 16, "45": 10, "6": 9, "30": 7, "0.5": 2}
_HOURS = {"15": 7, "1": 3, "8": 3, "4": 3, "7.5": 2, "0.25": 1, "2.333": 1}
_MONTHS = {"2": 4, "1": 4, "3": 2, "1.5": 2, "6": 1}
_EXTREMES = {
    Unit.WORKING_DAY: ("3660", "0.001", "0.5", "1000.9999", "260.25"),
    Unit.DAY: ("3660", "0.001", "365", "1000.5"),
    Unit.MONTH: ("120", "0.001", "119.99", "13", "0.5"),
    Unit.WORKING_HOUR: ("30000", "0.0001", "2000.7", "100"),
}


def _pick(random_: random.Random, weights: dict[str, int]) -> str:
    return random_.choices(list(weights), list(weights.values()))[0]


def _limit(random_: random.Random) -> Limit:
    policy = TimeOfDay.END_OF_DAY if random_.random() < 0.8 else TimeOfDay.SAME_CLOCK_TIME
    draw = random_.random()
    if draw < 0.003:
        unit = random_.choice(list(_EXTREMES))
        return Limit(Decimal(random_.choice(_EXTREMES[unit])), unit, time_of_day=policy)
    if draw < 0.72:
        unit, value = Unit.WORKING_DAY, _pick(random_, _WORKING_DAYS)
    elif draw < 0.82:
        unit, value = Unit.DAY, _pick(random_, _DAYS)
    elif draw < 0.90:
        unit, value = Unit.WORKING_HOUR, _pick(random_, _HOURS)
    elif draw < 0.94:
        unit, value = Unit.MONTH, _pick(random_, _MONTHS)
    elif draw < 0.99:
        cutoff = random_.choice((time(15), time(15), time(11, 30), time(12), time(17)))
        return Limit(None, Unit.SAME_DAY, cutoff=cutoff, time_of_day=policy)
    else:
        return Limit(None, random_.choice((Unit.NONE, Unit.OTHER)))
    return Limit(Decimal(value), unit, time_of_day=policy)


# Where mistakes live: openings, breaks, closings, cut-offs, midnight.
_SHARP = ("00:00", "06:59", "07:00", "11:29", "11:30", "13:29", "13:30", "15:00", "15:01",
          "16:59", "17:00", "17:01", "23:59")  # fmt: skip


def _moment(random_: random.Random, day: date) -> datetime:
    if random_.random() < 0.3:
        clock = time.fromisoformat(random_.choice(_SHARP))
    else:
        minute = random_.randrange(24 * 60 if random_.random() < 0.2 else 11 * 60)
        minute = (minute + 7 * 60) % (24 * 60)
        clock = time(minute // 60, minute % 60)
    if random_.random() < 0.2:
        clock = clock.replace(
            second=random_.randrange(60), microsecond=random_.choice((0, 0, 1, 999_999))
        )
    return datetime.combine(day, clock, LOCAL_ZONE)


def _pauses(random_: random.Random, received: datetime) -> tuple[Pause, ...]:
    if random_.random() < 0.7:
        return ()
    pauses = []
    for _ in range(random_.choice((1, 1, 1, 2, 3))):
        # Some begin before the receipt, overlap each other or lie beyond the date.
        start = _moment(random_, received.date() + random_.randrange(-1, 15) * DAY)
        if random_.random() < 0.3:
            end = start + timedelta(minutes=random_.randrange(0, 600))
        else:
            end = _moment(random_, start.date() + random_.randrange(0, 12) * DAY)
        if end < start:
            start, end = end, start
        # What the event said, or nothing, which leaves it to the policy.
        restarts = random_.choices((None, True, False), (8, 1, 1))[0]
        pauses.append(Pause(start, end, random_.choice(list(PauseKind)), restarts))
    return tuple(pauses)


def random_cases(n: int, seed: int) -> Iterator[Case]:
    """Yield n questions: the catalogue's mix of limits, a few extremes, years 2019-2027."""
    random_ = random.Random(seed)
    first = date(2019, 1, 1).toordinal()
    days = date(2027, 12, 31).toordinal() - first + 1
    for _ in range(n):
        received = _moment(random_, date.fromordinal(first + random_.randrange(days)))
        limit, cut_from = _limit(random_), None
        if random_.random() < 0.1 and (shorter := committed_limit(limit)) is not None:
            limit, cut_from = shorter, limit
        yield Case(
            limit=limit,
            cut_from=cut_from,
            received_at=received,
            pauses=_pauses(random_, received),
            policy=random_.choices(list(SupplementPolicy), (4, 1))[0],
            calendar=random_.choices(calendars(), (6, 2, 1, 1, 1))[0],
        )


def disagreements(n: int, seed: int) -> Iterator[tuple[Case, datetime | None, datetime | None]]:
    """Yield each of n random cases in which engine and oracle differ, with both answers."""
    for case in random_cases(n, seed):
        engine, oracle = engine_answer(case), oracle_answer(case)
        if engine != oracle:
            yield case, engine, oracle
