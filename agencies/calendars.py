"""The province's calendars as pure `working_time.Calendar` objects, read once per version.

A process keeps what it read and asks only for the version number, so a day that the reform office
adds is seen by every web and worker process at its next computation.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading

from agencies import calendar_data, working_time
from agencies.models import Agency, Calendar, CalendarDay, WorkingWindow

DEFAULT_NAME = "Lịch chung của tỉnh"

_read: dict[tuple[int, int], working_time.Calendar] = {}
_lock = threading.Lock()


def calendar_of(agency: Agency | None = None) -> working_time.Calendar:
    """Return the calendar an agency works by: its own, else the province's.

    Runs one query (the version), and three more when that version was not read before. A province
    that has loaded no calendar works by the seeded one (domain.md 3.9).
    """
    return calendar_with_version(agency)[0]


def calendar_with_version(agency: Agency | None = None) -> tuple[working_time.Calendar, int]:
    """Return the calendar and the version that a promise made by it names."""
    wanted = Calendar.objects.order_by("pk")
    if agency is not None and agency.calendar_id:
        wanted = wanted.filter(pk=agency.calendar_id)
    row = wanted.first()
    if row is None:
        return calendar_data.default_calendar(), 0
    key = (row.pk, row.version)
    if key not in _read:
        built = _build(row)
        with _lock:
            # Older versions of the same calendar are of no further use to new promises.
            for stale in [k for k in _read if k[0] == row.pk]:
                del _read[stale]
            _read[key] = built
    return _read.get(key) or _build(row), row.version


def _build(row: Calendar) -> working_time.Calendar:
    seasons: dict[tuple[int, int], list[working_time.Window]] = {}
    for window in WorkingWindow.objects.filter(calendar=row):
        start = (window.season_month, window.season_day)
        seasons.setdefault(start, []).append(working_time.Window(window.opens, window.closes))
    days = [
        working_time.SpecialDay(day.on, working_time.DayKind(day.kind), day.name, day.source)
        for day in CalendarDay.objects.filter(calendar=row)
    ]
    built = working_time.Calendar(
        special_days=working_time.special_days(days),
        loaded_from=row.loaded_from,
        loaded_until=row.loaded_until,
        rest_weekdays=frozenset(row.rest_weekdays),
        counter_weekdays=frozenset(row.counter_weekdays),
        unannounced_years=frozenset(row.unannounced_years),
    )
    if not seasons:
        return built
    return dataclasses.replace(
        built,
        seasons=tuple(working_time.Season(start, tuple(w)) for start, w in seasons.items()),
    )


def load_default_calendar() -> Calendar:
    """Write the seeded calendar 2019-2027 into the database; does nothing when it is there.

    The rows are the province's from then on: an announcement is added to them, with its number,
    and never computed (domain.md 3.9).
    """
    seed = calendar_data.default_calendar()
    row, is_new = Calendar.objects.get_or_create(
        name=DEFAULT_NAME,
        defaults={
            "loaded_from": dt.date(calendar_data.YEARS[0].year, 1, 1),
            "loaded_until": dt.date(calendar_data.YEARS[-1].year, 12, 31),
            "unannounced_years": sorted(seed.unannounced_years),
            "rest_weekdays": sorted(seed.rest_weekdays),
            "counter_weekdays": sorted(seed.counter_weekdays),
        },
    )
    if is_new:
        CalendarDay.objects.bulk_create(
            CalendarDay(
                calendar=row, on=day.on, kind=day.kind.value, name=day.name, source=day.source
            )
            for day in seed.special_days.values()
        )
        WorkingWindow.objects.bulk_create(
            WorkingWindow(
                calendar=row,
                season_month=season.starts[0],
                season_day=season.starts[1],
                opens=window.opens,
                closes=window.closes,
            )
            for season in seed.seasons
            for window in season.windows
        )
    return row
