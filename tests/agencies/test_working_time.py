"""The working calendar: which days and minutes count."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.calendar_data import YEARS, default_calendar
from agencies.working_time import (
    DEFAULT_WINDOWS,
    LOCAL_ZONE,
    Calendar,
    CalendarError,
    DayKind,
    Rest,
    Season,
    SpecialDay,
    Window,
    special_days,
    to_local,
)

CALENDAR = default_calendar()


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL_ZONE)


def days_off(year: int) -> set[str]:
    """Weekdays on which nobody works, as the announcements list them."""
    first = date(year, 1, 1).toordinal()
    days = [date.fromordinal(first + n) for n in range(366)]
    return {
        f"{day.day}/{day.month}"
        for day in days
        if day.year == year and day.weekday() < 5 and not CALENDAR.is_working_day(day)
    }


# domain.md 3.9 and national-portal-and-data.md 4.4, weekdays only.
OFF = {
    2019: "1/1 4/2 5/2 6/2 7/2 8/2 15/4 29/4 30/4 1/5 2/9",
    2020: "1/1 23/1 24/1 27/1 28/1 29/1 2/4 30/4 1/5 2/9",
    2021: "1/1 10/2 11/2 12/2 15/2 16/2 21/4 30/4 3/5 2/9 3/9",
    2022: "3/1 31/1 1/2 2/2 3/2 4/2 11/4 2/5 3/5 1/9 2/9",
    2023: "2/1 20/1 23/1 24/1 25/1 26/1 1/5 2/5 3/5 1/9 4/9",
    2024: "1/1 8/2 9/2 12/2 13/2 14/2 18/4 29/4 30/4 1/5 2/9 3/9",
    2025: "1/1 27/1 28/1 29/1 30/1 31/1 7/4 30/4 1/5 2/5 1/9 2/9",
    2026: "1/1 2/1 16/2 17/2 18/2 19/2 20/2 27/4 30/4 1/5 31/8 1/9 2/9 24/11",
    2027: "1/1 4/2 5/2 8/2 9/2 10/2 16/4 30/4 3/5 2/9 3/9 24/11",
}
MAKE_UP = "2019-01-05 2019-05-04 2024-05-04 2025-04-26 2026-01-10 2026-08-22"


@pytest.mark.parametrize("year", OFF)
def test_the_seeded_years_are_the_announced_ones(year: int) -> None:
    assert days_off(year) == set(OFF[year].split())


def test_make_up_saturdays_are_working_days() -> None:
    first, last = date(2019, 1, 1), date(2027, 12, 31)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    worked = [str(day) for day in days if day.weekday() >= 5 and CALENDAR.is_working_day(day)]
    assert worked == MAKE_UP.split()
    assert all(CALENDAR.is_make_up_day(date.fromisoformat(day)) for day in worked)


def test_the_new_year_swap_of_2026_names_its_letter() -> None:
    for on in (date(2026, 1, 2), date(2026, 1, 10)):
        assert "12729/VPCP-KGVX" in CALENDAR.special_days[on].source


def test_every_seeded_day_has_a_name_and_a_source() -> None:
    assert [year.year for year in YEARS] == list(range(2019, 2028))
    assert all(day.name and day.source for year in YEARS for day in year.days)
    assert CALENDAR.unannounced_years == {2027}


def test_culture_day_is_a_holiday_from_2026_only() -> None:
    assert CALENDAR.is_working_day(date(2025, 11, 24))
    assert CALENDAR.why_not(date(2026, 11, 24)) is Rest.HOLIDAY
    assert CALENDAR.why_not(date(2031, 11, 24)) is Rest.HOLIDAY
    assert Calendar().is_working_day(date(2025, 11, 24))


def test_beyond_the_loaded_years_only_weekends_and_fixed_holidays_are_off() -> None:
    assert CALENDAR.why_not(date(2028, 5, 1)) is Rest.HOLIDAY
    assert CALENDAR.is_working_day(date(2028, 1, 26))  # Tết 2028, not announced
    assert not CALENDAR.is_loaded(date(2028, 1, 1))
    assert CALENDAR.is_loaded(date(2027, 12, 31))


def test_saturdays_receive_but_do_not_count() -> None:
    saturday = date(2026, 11, 14)
    assert CALENDAR.is_duty_day(saturday)
    assert CALENDAR.is_counter_day(saturday)
    assert not CALENDAR.is_working_day(saturday)
    assert CALENDAR.why_not(saturday) is Rest.WEEKEND


@pytest.mark.parametrize(
    "day",
    ["2026-11-15", "2022-04-30", "2026-01-10", "2026-11-24"],
    ids=["Sunday", "holiday on a Saturday", "make-up Saturday", "holiday"],
)
def test_other_days_are_not_duty_days(day: str) -> None:
    assert not CALENDAR.is_duty_day(date.fromisoformat(day))


def test_a_make_up_saturday_is_open_at_the_counter() -> None:
    assert CALENDAR.is_counter_day(date(2026, 1, 10))
    assert not CALENDAR.is_counter_day(date(2026, 11, 15))


@pytest.mark.parametrize(
    ("moment", "counted"),
    [
        ("2026-11-20T06:00", "2026-11-20T07:00"),  # Friday, before opening
        ("2026-11-20T07:00", "2026-11-20T07:00"),
        ("2026-11-20T07:00:30", "2026-11-20T07:00:30"),
        ("2026-11-20T11:29:59", "2026-11-20T11:29:59"),
        ("2026-11-20T11:30", "2026-11-20T13:30"),  # lunch
        ("2026-11-20T13:29", "2026-11-20T13:30"),
        ("2026-11-20T16:59", "2026-11-20T16:59"),
        ("2026-11-20T17:00", "2026-11-23T07:00"),  # closing
        ("2026-11-20T23:59", "2026-11-23T07:00"),
        ("2026-11-21T09:00", "2026-11-23T07:00"),  # Saturday on duty: hours do not run
        ("2026-11-24T09:00", "2026-11-25T07:00"),  # holiday
        ("2026-01-09T17:00", "2026-01-10T07:00"),  # before a make-up Saturday
    ],
)
def test_a_moment_counts_from_the_next_working_minute(moment: str, counted: str) -> None:
    assert CALENDAR.normalise(local(moment)) == local(counted)


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2026-11-20T16:00", 60, "2026-11-20T17:00"),  # the closing belongs to the day
        ("2026-11-20T16:00", 61, "2026-11-23T07:01"),
        ("2026-11-20T17:00", 60, "2026-11-23T08:00"),
        ("2026-11-20T11:00", 30, "2026-11-20T11:30"),
        ("2026-11-20T11:00", 31, "2026-11-20T13:31"),
        ("2026-11-20T07:00", 480, "2026-11-20T17:00"),
        ("2026-11-23T16:30", 60, "2026-11-25T07:30"),  # over 24/11
        ("2026-08-21T16:30", 60, "2026-08-22T07:30"),  # into a make-up Saturday
        ("2026-11-20T09:00:30", 1, "2026-11-20T09:02"),
        ("2026-11-20T09:00:00.000001", 1, "2026-11-20T09:02"),
        ("2026-11-20T18:00", 0, "2026-11-20T18:00"),
        ("2026-11-20T18:00:30.5", 0, "2026-11-20T18:01"),
    ],
)
def test_minutes_skip_lunch_nights_and_days_off(start: str, minutes: int, end: str) -> None:
    assert CALENDAR.add_working_minutes(local(start), minutes) == local(end)


def test_negative_minutes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^minutes must not be negative$"):
        CALENDAR.add_working_minutes(local("2026-11-20T09:00"), -1)


def test_working_time_between_is_exact_and_signed() -> None:
    friday, monday = local("2026-11-20T16:30:15"), local("2026-11-23T07:30")
    assert CALENDAR.working_time_between(friday, monday) == timedelta(minutes=59, seconds=45)
    assert CALENDAR.working_minutes_between(friday, monday) == 59
    assert CALENDAR.working_minutes_between(monday, friday) == -59
    assert CALENDAR.working_time_between(monday, friday) == -timedelta(minutes=59, seconds=45)
    moment = timedelta(seconds=1, microseconds=7)
    nine = local("2026-11-20T09:00")
    assert CALENDAR.working_time_between(nine, nine + moment) == moment
    assert CALENDAR.working_minutes_between(nine, nine) == 0
    lunch, before = local("2026-11-20T12:00"), local("2026-11-20T06:00")
    assert CALENDAR.working_time_between(before, lunch) == timedelta(hours=4, minutes=30)


def test_working_days_are_added_and_counted() -> None:
    thursday = date(2026, 2, 12)
    assert CALENDAR.add_working_days(thursday, 3) == date(2026, 2, 24)
    assert CALENDAR.add_working_days(thursday, 0) == thursday
    assert CALENDAR.add_working_days(date(2026, 2, 14), 0) == date(2026, 2, 23)
    assert CALENDAR.next_working_day(thursday) == date(2026, 2, 13)
    assert CALENDAR.working_days_between(thursday, date(2026, 2, 24)) == 3
    assert CALENDAR.working_days_between(date(2026, 2, 24), thursday) == -3


def test_seasons_and_short_days_have_their_own_windows() -> None:
    summer = (Window(time(7), time(11)), Window(time(13), time(17)))
    winter = (Window(time(7, 30), time(11, 30)), Window(time(13), time(17)))
    morning = (Window(time(7), time(11, 30)),)
    make_up = SpecialDay(date(2026, 8, 22), DayKind.MAKE_UP, "buổi sáng", "", morning)
    calendar = Calendar(
        {make_up.on: make_up}, seasons=(Season((10, 16), winter), Season((4, 16), summer))
    )
    assert calendar.windows_on(date(2026, 4, 15)) == winter
    assert calendar.windows_on(date(2026, 4, 16)) == summer
    assert calendar.windows_on(date(2026, 10, 16)) == winter
    assert calendar.windows_on(make_up.on) == morning
    assert calendar.windows_on(date(2026, 8, 23)) == ()
    assert CALENDAR.windows_on(date(2026, 8, 24)) == DEFAULT_WINDOWS
    assert calendar.add_working_minutes(local("2026-08-22T11:00"), 60) == local("2026-08-24T07:30")


def test_hours_decided_later_move_no_day_before_them() -> None:
    summer = (Window(time(7), time(11)), Window(time(13), time(17)))
    winter = (Window(time(7, 30), time(11, 30)), Window(time(13), time(17)))
    one_winter = (Window(time(8), time(12)), Window(time(13), time(17)))
    calendar = Calendar(
        seasons=(
            Season((1, 1), DEFAULT_WINDOWS),
            Season((10, 16), one_winter, date(2022, 10, 17), date(2023, 4, 14)),
            Season((4, 16), summer, date(2025, 4, 16)),
            Season((10, 16), winter, date(2025, 4, 16)),
        )
    )
    expected = {
        date(2022, 10, 14): DEFAULT_WINDOWS,
        date(2022, 10, 17): one_winter,
        date(2023, 1, 4): one_winter,  # over the new year, and not the season of 1 January
        date(2023, 4, 14): one_winter,
        date(2023, 4, 17): DEFAULT_WINDOWS,
        date(2025, 4, 15): DEFAULT_WINDOWS,
        date(2025, 4, 16): summer,
        date(2025, 10, 15): summer,
        date(2025, 10, 16): winter,
        date(2026, 2, 2): winter,  # the newest decision alone, though an older one names 1 January
        date(2027, 6, 1): summer,
    }
    assert {day: calendar.windows_on(day) for day in expected} == expected


def test_without_a_decision_in_force_the_usual_hours_are_worked() -> None:
    later = (Window(time(9), time(17)),)
    calendar = Calendar(seasons=(Season((1, 1), later, date(2026, 1, 1), date(2026, 6, 30)),))
    assert calendar.windows_on(date(2025, 12, 31)) == DEFAULT_WINDOWS
    assert calendar.windows_on(date(2026, 1, 5)) == later
    assert calendar.windows_on(date(2026, 7, 1)) == DEFAULT_WINDOWS


def test_a_rehearsed_day_changes_a_copy_only() -> None:
    swapped = SpecialDay(date(2027, 1, 4), DayKind.SWAPPED_OFF, "thử", "thử")
    rehearsed = CALENDAR.with_days(swapped)
    assert rehearsed.why_not(swapped.on) is Rest.SWAPPED_OFF
    assert CALENDAR.is_working_day(swapped.on)
    assert rehearsed.without_days(swapped.on).is_working_day(swapped.on)
    assert rehearsed.is_loaded(date(2027, 1, 1))


def test_moments_of_other_zones_are_taken_in_local_time() -> None:
    assert to_local(datetime(2026, 11, 20, 17, 30, tzinfo=UTC)) == local("2026-11-21T00:30")
    assert CALENDAR.normalise(datetime(2026, 11, 20, 10, tzinfo=UTC)) == local("2026-11-23T07:00")


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 1, 1),  # noqa: DTZ001 - the point of the test
        datetime.min.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        datetime.max.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=LOCAL_ZONE),
        datetime(1989, 12, 31, 16, 59, tzinfo=UTC),
    ],
)
def test_moments_no_calendar_can_answer_for_are_refused(moment: datetime) -> None:
    words = "a moment needs an offset from UTC"
    if moment.tzinfo is not None:
        words = "a moment lies between 1990 and 2500"
    with pytest.raises(CalendarError, match=f"^{words}$"):
        to_local(moment)


@pytest.mark.parametrize("zone", [UTC, LOCAL_ZONE])
def test_the_first_and_the_last_year_are_answered_for(zone: tzinfo) -> None:
    first, last = datetime(1990, 1, 1, 8, tzinfo=zone), datetime(2500, 12, 31, 8, tzinfo=zone)
    assert to_local(first) == first
    assert to_local(last) == last
    assert to_local(datetime(1989, 12, 31, 17, tzinfo=UTC)) == local("1990-01-01T00:00")
    assert to_local(first).tzinfo is LOCAL_ZONE


def test_a_day_off_has_no_hours() -> None:
    sunday = date(2026, 11, 22).toordinal()
    assert CALENDAR.hours_or_none(sunday) is None
    with pytest.raises(CalendarError, match=r"^not a working day$"):
        CALENDAR.hours_of(sunday)


def test_an_unloaded_year_knows_its_fixed_holidays_by_name() -> None:
    bare = Calendar()
    for month, day, name in (
        (1, 1, "Tết Dương lịch"),
        (4, 30, "Ngày Chiến thắng"),
        (5, 1, "Ngày Quốc tế lao động"),
        (9, 2, "Quốc khánh"),
        (11, 24, "Ngày Văn hóa Việt Nam"),
    ):
        on = date(2026, month, day)
        assert bare.special(on) == SpecialDay(on, DayKind.HOLIDAY, name, "")
    assert bare.special(date(2025, 11, 24)) is None
    assert bare.special(date(1990, 9, 2)) is not None


def test_the_loaded_years_reach_from_their_first_to_their_last_day() -> None:
    loaded = Calendar(loaded_from=date(2025, 1, 1), loaded_until=date(2026, 12, 31))
    expected = {"2024-12-31": False, "2025-01-01": True, "2026-12-31": True, "2027-01-01": False}
    assert {day: loaded.is_loaded(date.fromisoformat(day)) for day in expected} == expected
    assert not Calendar(loaded_from=date(2025, 1, 1)).is_loaded(date(2025, 6, 1))


def test_the_first_day_is_in_the_table_and_the_day_before_is_not() -> None:
    assert Calendar().add_working_days(date(1990, 1, 1), 1) == date(1990, 1, 2)
    with pytest.raises(CalendarError, match=r"^no calendar before 1990$"):
        Calendar().add_working_days(date(1989, 12, 31), 1)


@pytest.mark.parametrize("last", [1993, 1994])
def test_the_table_ends_with_the_last_year(monkeypatch: pytest.MonkeyPatch, last: int) -> None:
    monkeypatch.setattr("agencies.working_time.LAST_YEAR", last)
    calendar = Calendar()
    assert calendar.add_working_days(date(last, 12, 29), 1) == date(last, 12, 30)
    for beyond, days in ((date(last, 12, 29), 3), (date(last + 1, 1, 1), 1)):
        with pytest.raises(CalendarError, match=f"^no calendar after {last}$"):
            calendar.add_working_days(beyond, days)


def test_a_calendar_keeps_its_days_whatever_becomes_of_the_mapping() -> None:
    day = SpecialDay(date(2026, 11, 16), DayKind.HOLIDAY, "thử", "thử")
    given = {day.on: day}
    calendar = Calendar(given)
    given.clear()
    assert calendar.why_not(day.on) is Rest.HOLIDAY
    with pytest.raises(TypeError):
        calendar.special_days[day.on] = day  # type: ignore[index]


def test_days_outside_the_table_are_refused() -> None:
    with pytest.raises(CalendarError, match=r"^no calendar before 1990$"):
        CALENDAR.add_working_days(date(1989, 12, 31), 1)
    for beyond, days in ((date(2501, 1, 1), 1), (date(2500, 12, 30), 10)):
        with pytest.raises(CalendarError, match=r"^no calendar after 2500$"):
            CALENDAR.add_working_days(beyond, days)
    assert CALENDAR.add_working_days(date(1990, 1, 1), 1) == date(1990, 1, 2)
    assert CALENDAR.add_working_days(date(2500, 12, 30), 1) == date(2500, 12, 31)
    with pytest.raises(CalendarError, match=r"^not a working day$"):
        CALENDAR.hours_of(date(2026, 11, 22).toordinal())


def test_calendars_that_cannot_be_are_refused() -> None:
    day = SpecialDay(date(2026, 1, 1), DayKind.HOLIDAY, "a", "b")
    with pytest.raises(ValueError, match=r"^a week has at least one working day$"):
        Calendar(rest_weekdays=frozenset(range(7)))
    with pytest.raises(ValueError, match=r"^a week has at least one working day$"):
        Calendar(rest_weekdays=frozenset(range(8)))
    assert Calendar(rest_weekdays=frozenset(range(1, 7))).is_working_day(date(2026, 11, 23))
    with pytest.raises(ValueError, match=r"^a calendar has at least one season$"):
        Calendar(seasons=())
    with pytest.raises(ValueError, match=r"^special days are keyed by their own date$"):
        Calendar({date(2026, 1, 2): day})
    with pytest.raises(ValueError, match=r"^2026-01-01 is entered twice$"):
        special_days([day, day])
    assert special_days([day]) == {day.on: day}
    same_day = "^a working window closes after it opens, on the same day$"
    for closes in (time(9), time(8)):
        with pytest.raises(ValueError, match=same_day):
            Window(time(9), closes)
    whole = "^a working window opens and closes on a whole local minute$"
    for odd in (time(9, 30, 15), time(9, 30, 0, 1), time(9, 30, tzinfo=UTC)):
        with pytest.raises(ValueError, match=whole):
            Window(time(7), odd)
        with pytest.raises(ValueError, match=whole):
            Window(odd, time(17))
    one = "^a working day has at least one working window$"
    with pytest.raises(ValueError, match=one):
        Season((1, 1), ())
    with pytest.raises(ValueError, match=one):
        SpecialDay(date(2026, 1, 1), DayKind.MAKE_UP, "a", "b", ())
    overlapping = (Window(time(7), time(12)), Window(time(11), time(17)))
    order = "^working windows are in order and do not overlap$"
    with pytest.raises(ValueError, match=order):
        Season((1, 1), overlapping)
    with pytest.raises(ValueError, match=order):
        SpecialDay(date(2026, 1, 1), DayKind.MAKE_UP, "a", "b", overlapping)
    Season((1, 1), (Window(time(7), time(12)), Window(time(12), time(17))))
    with pytest.raises(ValueError, match="day"):
        Season((2, 30), DEFAULT_WINDOWS)
    Season((2, 29), DEFAULT_WINDOWS)
    with pytest.raises(ValueError, match=r"^a season's last day is not before its first$"):
        Season((1, 1), DEFAULT_WINDOWS, date(2026, 2, 1), date(2026, 1, 31))
    Season((1, 1), DEFAULT_WINDOWS, date(2026, 2, 1), date(2026, 2, 1))


def test_many_threads_read_a_growing_calendar() -> None:
    calendar = Calendar()
    starts = [date(1990 + n, 6, 1) for n in range(120)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda day: calendar.add_working_days(day, 300), starts))
    alone = Calendar()
    assert answers == [alone.add_working_days(day, 300) for day in starts]


moments = st.datetimes(
    datetime(2019, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2028, 12, 31),  # noqa: DTZ001
    timezones=st.just(LOCAL_ZONE),
)


@given(moments, st.integers(1, 20_000))
def test_minutes_added_are_minutes_between(start: datetime, minutes: int) -> None:
    end = CALENDAR.add_working_minutes(start, minutes)
    whole = start.replace(second=0, microsecond=0)
    whole += timedelta(minutes=1) if whole != start else timedelta()
    assert CALENDAR.working_minutes_between(whole, end) == minutes


@given(moments, moments, moments)
def test_working_time_adds_up(a: datetime, b: datetime, c: datetime) -> None:
    parts = CALENDAR.working_time_between(a, b) + CALENDAR.working_time_between(b, c)
    assert parts == CALENDAR.working_time_between(a, c)
