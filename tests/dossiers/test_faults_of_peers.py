"""The faults seen in other systems' clocks, each tried here by name.

Sources: national-portal-and-data.md 1.1 and 1.2, anchors-systems.md (lessons from other SLA
engines), domain.md 3.4 (faults seen in a real system).
"""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from rest_framework.test import APIClient

from agencies import calendars
from agencies.calendar_data import default_calendar
from agencies.models import Calendar as StoredCalendar
from agencies.working_time import LOCAL_ZONE, Calendar, Season, Window
from dossiers import boards, clockwork
from dossiers.deadlines import (
    Limit,
    LimitError,
    Pause,
    Timeliness,
    Unit,
    due_at,
    due_with_pauses,
    live,
    open_timeliness,
    timeliness,
)
from dossiers.models import Dossier, DueOrigin
from dossiers.services import closing, intake, processing
from dossiers.tracking import track
from tests.dossiers.test_clockwork import (
    DUE,
    PROMISED,
    answer,
    ask,
    in_progress,
    set_from_outside,
    stored,
)

if TYPE_CHECKING:
    from tests.province import Province

CALENDAR = default_calendar()
at = dt.datetime.fromisoformat


def local(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=LOCAL_ZONE)


def due(value: str, unit: str, received: str, calendar: Calendar = CALENDAR) -> dt.datetime:
    answer = due_at(Limit(Decimal(value), Unit(unit)), local(received), calendar)
    assert answer is not None
    return answer


# OpenCPS v2 (1.1, "What is wrong with it", "Due-date computation", what users asked for)


def test_opencps_4_a_dossier_without_a_due_date_is_never_early() -> None:
    assert timeliness(None, local("2026-11-09T09:00")) is Timeliness.ON_TIME
    assert open_timeliness(None, dt.date(2026, 11, 9)) is Timeliness.IN_TIME


def test_opencps_4_early_needs_no_extension() -> None:
    assert timeliness(local("2026-11-10T17:00"), local("2026-11-09T09:00")) is Timeliness.EARLY


@pytest.mark.django_db
def test_opencps_5_configured_hours_are_the_hours_counted() -> None:
    """Theirs split "07:30-11:30" on a comma and read the end of the afternoon as its start."""
    calendars.load_default_calendar()
    row = StoredCalendar.objects.get()
    row.windows.all().delete()
    row.windows.create(opens=dt.time(7, 30), closes=dt.time(11, 45))
    row.windows.create(opens=dt.time(13, 15), closes=dt.time(16, 20))
    StoredCalendar.objects.update(version=2)
    read = calendars.calendar_of()
    assert read.normalise(local("2026-11-09T06:00")) == local("2026-11-09T07:30")
    assert read.normalise(local("2026-11-09T12:00")) == local("2026-11-09T13:15")
    assert due("2", "working_day", "2026-11-09T09:00", read) == local("2026-11-11T16:20")
    assert due("5", "working_hour", "2026-11-09T07:30", read) == local("2026-11-09T14:00")


def test_opencps_6_no_date_is_computed_from_a_duration_of_nought() -> None:
    for unit in ("working_hour", "working_day", "day", "month"):
        with pytest.raises(LimitError) as refused:
            Limit(Decimal(0), Unit(unit))
        assert refused.value.field == "value"


def test_opencps_7_an_error_is_raised_and_names_its_field() -> None:
    with pytest.raises(LimitError) as refused:
        due_at(Limit(Decimal(5), Unit.DAY), dt.datetime(2026, 11, 9, 9), CALENDAR)  # noqa: DTZ001
    assert refused.value.field == "received_at"


def test_opencps_the_receipt_is_not_rounded_to_a_quarter_of_an_hour() -> None:
    assert due("1", "working_hour", "2026-11-09T08:01") == local("2026-11-09T09:01")
    assert due("0.25", "working_hour", "2026-11-09T08:07") == local("2026-11-09T08:22")


def test_opencps_agencies_with_other_hours_do_not_lend_them_to_each_other() -> None:
    """Theirs kept the hours in static fields, so that two agencies at once shared one's."""
    late = Calendar(seasons=(Season((1, 1), (Window(dt.time(9), dt.time(18)),)),))

    def one(number: int) -> tuple[int, dt.datetime]:
        calendar = (CALENDAR, late)[number % 2]
        return number % 2, due("3", "working_hour", "2026-11-09T07:00", calendar)

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(one, range(400)))
    assert answers == {(0, local("2026-11-09T10:00")), (1, local("2026-11-09T12:00"))}


def test_opencps_there_is_one_answer_wherever_one_asks(province: Province) -> None:
    """Theirs had five implementations; the API, the counter and the stored date are one."""
    moment = "2026-08-20T08:30:00"
    asked = APIClient().get(
        "/api/v1/due-date/", {"received_at": moment, "value": "5", "unit": "working_day"}
    )
    with time_machine.travel(f"{moment}+07:00", tick=False):
        dossier = stored(province.log())
    told = clockwork.explain(dossier)
    assert told is not None
    assert dossier.due_at == told.due_at == due("5", "working_day", moment)
    assert dt.datetime.fromisoformat(asked.json()["due_at"]) == dossier.due_at


def test_opencps_1254_four_rounds_of_supplements_make_nothing_overdue(province: Province) -> None:
    dossier = in_progress(province)
    for day in (10, 11, 12, 13):
        dossier = ask(province, dossier, f"2026-11-{day}T08:00+07:00")
        dossier = answer(province, dossier, f"2026-11-{day}T16:00+07:00")
    # Four times six working hours after Monday 16/11 17:00.
    assert dossier.due_at == at("2026-11-19T17:00+07:00")
    assert not Dossier.objects.overdue(at("2026-11-19T17:00+07:00")).exists()
    assert Dossier.objects.overdue(at("2026-11-19T17:01+07:00")).exists()


def test_opencps_602_and_670_what_was_just_filed_is_not_overdue(province: Province) -> None:
    with time_machine.travel("2026-11-09T09:00+07:00", tick=False):
        waiting = intake.register(province.submission(), by=province.receptionist)
        accepted = province.log()
    assert (stored(waiting).received_at, stored(waiting).due_at) == (None, None)
    assert stored(accepted).due_at == at("2026-11-16T17:00+07:00")
    for moment in ("2026-11-09T09:01+07:00", "2026-11-16T17:00+07:00"):
        assert not Dossier.objects.overdue(at(moment)).exists()


# The provincial system of 1.2, and domain.md 3.4


def test_td_a_make_up_saturday_is_worked() -> None:
    assert due("5", "working_day", "2026-08-20T09:00") == local("2026-08-26T17:00")
    assert due("2", "working_day", "2026-01-08T09:00") == local("2026-01-10T17:00")


def test_td_hours_stop_for_lunch_and_go_on_after_it() -> None:
    assert due("1", "working_hour", "2026-11-09T11:00") == local("2026-11-09T14:00")
    assert due("1", "working_hour", "2026-11-09T12:00") == local("2026-11-09T14:30")


def test_td_hours_that_run_over_into_the_next_day_stop_for_its_lunch_too() -> None:
    assert due("6", "working_hour", "2026-11-09T16:00") == local("2026-11-10T14:00")


@pytest.mark.parametrize("received", ["0001-01-01T00:00+00:00", "9999-12-31T23:59+00:00"])
def test_td_no_error_becomes_the_year_one(received: str) -> None:
    with pytest.raises(LimitError):
        due_at(Limit(Decimal(5), Unit.WORKING_DAY), at(received), CALENDAR)


def test_td_what_is_overdue_is_not_in_time(province: Province) -> None:
    """Theirs asked the same condition for both, so that the two columns were equal."""
    in_progress(province)
    dossiers = Dossier.objects.open()
    for moment in ("2026-11-12T09:00", "2026-11-16T16:59", "2026-11-16T17:01", "2026-12-01T09:00"):
        bounds = boards.Bounds.at(local(moment), CALENDAR)
        counts = boards.counts(dossiers, bounds).groups
        assert sum(counts.values()) == 1
        is_late = live(DUE, local(moment), CALENDAR) is Timeliness.OVERDUE
        assert counts["qua-han"] == is_late
        assert Dossier.objects.overdue(local(moment)).count() == is_late


def test_td_paused_or_late_is_not_both_at_once(province: Province) -> None:
    """Theirs had one "|" where a logical or was meant."""
    ask(province, in_progress(province))
    long_after = at("2027-03-01T09:00+07:00")
    assert not Dossier.objects.overdue(long_after).exists()
    assert live(DUE, long_after, CALENDAR, paused=True) is Timeliness.PAUSED


def test_td_no_act_sets_the_end_to_the_due_date(province: Province) -> None:
    """Theirs had a command that "resets" an overdue dossier: its end becomes the promised date."""
    dossier = in_progress(province)
    with time_machine.travel("2026-11-20T10:00+07:00", tick=False):
        done = processing.approve(
            processing.propose(dossier, by=province.specialist), by=province.head
        )
        done = stored(closing.publish(done, by=province.clerk, result_number="12/KQ"))
    assert done.settled_at == at("2026-11-20T10:00+07:00")
    assert timeliness(done.due_at, done.settled_at) is Timeliness.LATE
    with pytest.raises(LimitError) as refused:
        clockwork.change_due(
            done,
            at("2026-12-01T17:00+07:00"),
            origin=DueOrigin.CORRECTION,
            reason="Đặt lại",
            event=done.events.latest("seq"),
        )
    assert refused.value.field == "due_on"


def test_td_a_supplement_adds_working_time_and_no_day_on_top(province: Province) -> None:
    """Theirs added the calendar days waited less one, and then a working day."""
    done = answer(province, ask(province, in_progress(province)))
    assert done.due_at == at("2026-11-18T17:00+07:00")
    weekend = answer(
        province,
        ask(province, in_progress(province), "2026-11-13T17:00+07:00"),
        "2026-11-16T07:00+07:00",
    )
    assert weekend.due_at == DUE  # nobody worked, so nothing is added


def test_td_the_holidays_of_both_years_are_loaded() -> None:
    assert due("3", "working_day", "2026-12-30T09:00") == local("2027-01-05T17:00")


# Other engines


def test_glpi_10594_a_pause_is_counted_as_the_limit_is() -> None:
    """Theirs took calendar days off a target in working days."""
    over_the_weekend = [Pause(local("2026-11-13T07:00"), local("2026-11-17T07:00"))]
    five = Limit(Decimal(5), Unit.WORKING_DAY)
    # Two working days, Friday and Monday, and not four.
    assert due_with_pauses(five, local("2026-11-09T09:00"), CALENDAR, over_the_weekend) == local(
        "2026-11-18T17:00"
    )
    days = Limit(Decimal(7), Unit.DAY)
    assert due_with_pauses(days, local("2026-11-09T09:00"), CALENDAR, over_the_weekend) == local(
        "2026-11-20T17:00"
    )


@pytest.mark.parametrize("unit", ["working_day", "day", "month"])
def test_glpi_22678_no_date_falls_on_midnight(unit: str) -> None:
    answer = due("2", unit, "2026-11-09T09:00")
    assert (answer.hour, answer.minute) == (17, 0)


def test_frappe_2449_what_was_held_is_added_to_the_due_date_and_not_to_the_receipt() -> None:
    """Added to the receipt, ten minutes before closing would have cost a whole day."""
    ten_minutes = [Pause(local("2026-11-10T10:00"), local("2026-11-10T10:10"))]
    five = Limit(Decimal(5), Unit.WORKING_DAY)
    moved = due_with_pauses(five, local("2026-11-09T16:55"), CALENDAR, ten_minutes)
    assert moved == local("2026-11-17T07:10")


@pytest.mark.parametrize("worked", range(7))
def test_osticket_6739_any_week_will_do(worked: int) -> None:
    """Theirs was wrong unless certain weekdays were in the schedule."""
    one_day = Calendar(rest_weekdays=frozenset(range(7)) - {worked}, counter_weekdays=frozenset())
    answer = due("2", "working_day", "2026-11-02T09:00", one_day)
    assert answer.weekday() == worked
    first = dt.date(2026, 11, 2) + dt.timedelta(days=worked)
    # That day is day 0, whether it was received on it or counts from it.
    assert answer.date() == first + dt.timedelta(days=14)


def test_dynamics_the_timer_stands_still_on_a_holiday() -> None:
    assert due("8", "working_hour", "2026-11-23T16:00") == local("2026-11-25T16:00")
    assert (
        CALENDAR.working_minutes_between(local("2026-11-24T00:00"), local("2026-11-25T00:00")) == 0
    )


def test_zammad_3180_no_minute_is_lost_at_midnight() -> None:
    windows = (Window(dt.time(0), dt.time(12)), Window(dt.time(12), dt.time(23, 59)))
    round_the_clock = Calendar(
        seasons=(Season((1, 1), windows),),
        rest_weekdays=frozenset(),
        counter_weekdays=frozenset(),
        fixed_holidays=(),
    )
    start, end = local("2026-11-09T00:00"), local("2026-11-12T00:00")
    # The minute before midnight is no working time, and the only one that is not.
    assert round_the_clock.working_minutes_between(start, end) == 3 * (24 * 60 - 1)
    assert due("24", "working_hour", "2026-11-09T00:00", round_the_clock) == local(
        "2026-11-10T00:01"
    )


def test_zammad_390_only_days_somebody_announced_are_off() -> None:
    """Theirs took observed days off from a careless feed; ours each name their announcement."""
    assert all(day.source for day in CALENDAR.special_days.values())
    assert CALENDAR.is_working_day(dt.date(2026, 12, 24))


def test_alaveteli_6679_and_froide_281_who_was_given_a_new_date_is_not_told_of_lateness(
    province: Province,
) -> None:
    dossier = in_progress(province)
    set_from_outside(province, dossier, PROMISED, DueOrigin.APOLOGY)
    between: Any = at("2026-11-20T09:00+07:00")
    seen = track(str(dossier.code), "4215", address="192.0.2.1", now=between)
    assert seen.timeliness is Timeliness.IN_TIME
    assert "Quá hạn" not in seen.timeliness_text
    # And the figures know nothing of it.
    assert Dossier.objects.overdue(between).get() == dossier
