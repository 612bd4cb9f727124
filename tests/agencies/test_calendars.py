"""The stored calendar as the pure one: seasons with the dates of the decision that set them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from agencies import calendars
from agencies.calendar_data import default_calendar
from agencies.models import Calendar, WorkingWindow
from agencies.working_time import DEFAULT_WINDOWS, Window

pytestmark = pytest.mark.django_db

WINTER = (Window(dt.time(7, 30), dt.time(11, 30)), Window(dt.time(13), dt.time(17)))


def decide(row: Calendar, windows: tuple[Window, ...], **more: Any) -> None:
    """Add windows as the reform office does, and count the version on."""
    for window in windows:
        row.windows.create(opens=window.opens, closes=window.closes, **more)
    Calendar.objects.filter(pk=row.pk).update(version=F("version") + 1)


def test_the_stored_calendar_is_the_seeded_one() -> None:
    calendars.load_default_calendar()
    read, seeded = calendars.calendar_of(), default_calendar()
    assert read.special_days == seeded.special_days
    assert read.seasons == seeded.seasons


def test_a_decision_on_winter_hours_moves_no_day_before_it() -> None:
    row = calendars.load_default_calendar()
    assert calendars.calendar_of().windows_on(dt.date(2025, 11, 3)) == DEFAULT_WINDOWS
    winter = {"season_month": 10, "season_day": 16, "valid_from": dt.date(2026, 10, 16)}
    decide(row, WINTER, **winter, valid_until=dt.date(2027, 4, 15))
    read = calendars.calendar_of()
    assert read.windows_on(dt.date(2025, 11, 3)) == DEFAULT_WINDOWS
    assert read.windows_on(dt.date(2026, 10, 15)) == DEFAULT_WINDOWS
    assert read.windows_on(dt.date(2026, 10, 16)) == WINTER
    assert read.windows_on(dt.date(2027, 4, 15)) == WINTER
    assert read.windows_on(dt.date(2027, 4, 19)) == DEFAULT_WINDOWS


@pytest.mark.parametrize(
    "wrong",
    [
        {"season_month": 1, "season_day": 1},
        {"valid_from": dt.date(2026, 1, 2), "valid_until": dt.date(2026, 1, 1)},
    ],
    ids=str,
)
def test_windows_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    row = calendars.load_default_calendar()
    with pytest.raises(IntegrityError, match="workingwindow"), transaction.atomic():
        WorkingWindow.objects.create(calendar=row, opens=dt.time(7), closes=dt.time(11), **wrong)
    dated = {"valid_from": dt.date(2026, 1, 1), "opens": dt.time(7), "closes": dt.time(11)}
    row.windows.create(**dated)
    with pytest.raises(IntegrityError, match="workingwindow_once_dated"), transaction.atomic():
        row.windows.create(**dated)
