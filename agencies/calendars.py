"""The province's calendars as pure `working_time.Calendar` objects, read once per version.

A process keeps what it read and asks only for the version number, so a day that the reform office
adds is seen by every web and worker process at its next computation.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from agencies import calendar_data, working_time
from agencies.models import Agency, Calendar, CalendarDay, WorkingWindow

DEFAULT_NAME = "Lịch chung của tỉnh"

_read: dict[tuple[int, int], working_time.Calendar] = {}
_lock = threading.Lock()


def calendar_of(agency: Agency | None = None) -> working_time.Calendar:
    """Return the calendar an agency works by: its own, else the province's.

    Runs one query (the version), and one more when that version was not read before. A province
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
    return calendar_at(row.pk, row.version), row.version


def calendar_for_promise(agency: Agency) -> tuple[working_time.Calendar, int]:
    """Return the calendar and version a promise is about to be made or moved by, and hold them.

    As `calendar_with_version`, but inside the transaction of an act: the version stands until the
    act is committed. Whoever applies a change of calendar waits for the acts that began by the old
    one and finds their dates; acts that come later wait for the change and begin by the new.
    """
    # A key-share lock is what any foreign key takes; only `change_days` refuses to share.
    found = Calendar.objects.raw(
        "SELECT id, version FROM agencies_calendar WHERE %(own)s::bigint IS NULL OR id = %(own)s "
        "ORDER BY id LIMIT 1 FOR KEY SHARE",
        {"own": agency.calendar_id},
    )
    for row in found:
        return calendar_at(row.pk, row.version), row.version
    return calendar_data.default_calendar(), 0


def calendar_at(pk: int, version: int) -> working_time.Calendar:
    """Return a calendar whose version the caller has just read.

    Asks nothing when this process knows that version, else runs one query.
    """
    known = _read.get((pk, version))
    if known is not None:
        return known
    built, read_version = _build(pk)
    with _lock:
        # Older versions of the same calendar are of no further use to new promises.
        for stale in [key for key in _read if key[0] == pk]:
            del _read[stale]
        _read[pk, read_version] = built
    return built


def _build(pk: int) -> tuple[working_time.Calendar, int]:
    """Read a calendar whole, in one query and so at one version."""
    windows = WorkingWindow.objects.filter(calendar=OuterRef("pk")).order_by(
        "season_month", "season_day", "opens"
    )
    days = CalendarDay.objects.filter(calendar=OuterRef("pk"))
    row = Calendar.objects.annotate(
        window_rows=ArraySubquery(
            windows.values(
                row=JSONObject(
                    month="season_month",
                    day="season_day",
                    opens="opens",
                    closes="closes",
                    valid_from="valid_from",
                    valid_until="valid_until",
                )
            )
        ),
        day_rows=ArraySubquery(
            days.values(row=JSONObject(on="on", kind="kind", name="name", source="source"))
        ),
    ).get(pk=pk)
    built = working_time.Calendar(
        special_days=working_time.special_days(
            working_time.SpecialDay(
                dt.date.fromisoformat(day["on"]),
                working_time.DayKind(day["kind"]),
                day["name"],
                day["source"],
            )
            for day in row.day_rows
        ),
        loaded_from=row.loaded_from,
        loaded_until=row.loaded_until,
        rest_weekdays=frozenset(row.rest_weekdays),
        counter_weekdays=frozenset(row.counter_weekdays),
        unannounced_years=frozenset(row.unannounced_years),
    )
    seasons = _seasons(row.window_rows)
    return dataclasses.replace(built, seasons=seasons) if seasons else built, row.version


def _seasons(windows: Iterable[dict[str, Any]]) -> tuple[working_time.Season, ...]:
    """Gather the windows, in order of opening, by the season and the decision they belong to."""
    seasons: dict[tuple[Any, ...], list[working_time.Window]] = {}
    for window in windows:
        span = working_time.Window(
            dt.time.fromisoformat(window["opens"]), dt.time.fromisoformat(window["closes"])
        )
        key = (window["month"], window["day"], window["valid_from"], window["valid_until"])
        seasons.setdefault(key, []).append(span)
    return tuple(
        working_time.Season((month, day), tuple(spans), _day(valid_from), _day(valid_until))
        for (month, day, valid_from, valid_until), spans in seasons.items()
    )


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


@dataclasses.dataclass(frozen=True, slots=True)
class DayChange:
    """What an announcement makes of one day; without a kind the day is ordinary again."""

    on: dt.date
    kind: str
    name: str = ""
    source: str = ""


def with_changes(
    calendar: working_time.Calendar, changes: Iterable[DayChange]
) -> working_time.Calendar:
    """Return the calendar as it would be with these days; nothing is written."""
    given = list(changes)
    kept = calendar.without_days(*(change.on for change in given if not change.kind))
    return kept.with_days(
        *(
            working_time.SpecialDay(
                change.on, working_time.DayKind(change.kind), change.name, change.source
            )
            for change in given
            if change.kind
        )
    )


def change_days(calendar: Calendar, changes: Iterable[DayChange]) -> int:
    """Write days into a calendar that the caller has locked FOR UPDATE; return its new version.

    Call inside a transaction, and by way of the rehearsal alone: no promise may move unseen.
    """
    for change in changes:
        if change.kind:
            CalendarDay.objects.update_or_create(
                calendar=calendar,
                on=change.on,
                defaults={"kind": change.kind, "name": change.name, "source": change.source},
            )
        else:
            CalendarDay.objects.filter(calendar=calendar, on=change.on).delete()
    calendar.version += 1
    calendar.save(update_fields=["version"])
    return calendar.version


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
                valid_from=season.valid_from,
                valid_until=season.valid_until,
            )
            for season in seed.seasons
            for window in season.windows
        )
    return row
