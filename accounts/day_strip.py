"""Dải ngày: the days from receipt to promise, arranged for the page; pure, no clock, no database.

Takes any explanation shaped like the one of `dossiers.deadlines` (domain.md 3): this app lies
below that one, so it names the shape and not the class. Days are local dates, and `today` is an
argument: of a settled dossier pass the day it was settled, so that no later day counts as past.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext, pgettext

LINE_DAYS = 14  # more days than this no longer fit on one line
STRIP_DAYS = 45  # more than this are told by the week


class DayNote(Protocol):
    """What one day did to the clock."""

    @property
    def date(self) -> date: ...
    @property
    def counts(self) -> bool: ...
    @property
    def why(self) -> str: ...
    @property
    def text(self) -> str: ...  # one full sentence that names the day
    @property
    def number(self) -> int | Decimal | None: ...


class Explanation(Protocol):
    """A due date and the days that led to it."""

    @property
    def due_at(self) -> datetime | None: ...
    @property
    def due_on(self) -> date | None: ...
    @property
    def provisional(self) -> bool: ...
    @property
    def summary(self) -> str: ...
    @property
    def days(self) -> Sequence[DayNote]: ...


@dataclass(frozen=True, slots=True)
class Day:
    """One cell of the strip: how it looks and the one sentence that says the same."""

    date: date
    kind: str  # received, start, counted, to-come, weekend, holiday, paused, rolled
    weekday: str
    month: str  # "/11" where the month must be said, else empty
    mark: str
    icon: str
    is_due: bool
    is_today: bool
    is_make_up: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days folded into one line."""

    starts_on: date
    ends_on: date
    sentence: str


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One sign of the strip and its meaning."""

    sign: str
    text: str


@dataclass(frozen=True, slots=True)
class Strip:
    """Everything `_deadline.html` shows."""

    days: tuple[Day, ...]
    layout: str  # "line" or "weeks"
    starts_in_column: int  # 1 is Monday
    legend: tuple[LegendEntry, ...]
    words: tuple[str, ...]
    weeks: tuple[Week, ...]
    counted: int
    to_count: int
    is_folded: bool

    @property
    def progress(self) -> list[tuple[str, int]]:
        """Return the days used so far as the one part of a bar."""
        return [("brand", self.counted)]


_KINDS = {
    "received": "received",
    "weekend": "weekend",
    "holiday": "holiday",
    "swapped_off": "holiday",
    "paused": "paused",
    "rolled": "rolled",
}
_TOLD_APART = frozenset({"received", "holiday", "swapped_off", "make_up", "rolled"})
_ICONS = {
    "received": "file",
    "start": "clock",
    "holiday": "lantern",
    "paused": "pause",
    "rolled": "arrow",
}

_WEEKDAYS = (
    gettext_noop("Thứ Hai"),
    gettext_noop("Thứ Ba"),
    gettext_noop("Thứ Tư"),
    gettext_noop("Thứ Năm"),
    gettext_noop("Thứ Sáu"),
    gettext_noop("Thứ Bảy"),
    gettext_noop("Chủ nhật"),
)


def weekday_name(day: date) -> str:
    """Return the weekday in full: "Thứ Hai" ... "Chủ nhật"."""
    return _(_WEEKDAYS[day.weekday()])


def weekday_within(day: date) -> str:
    """Return the weekday within a sentence: "thứ Hai", but "Chủ nhật" keeps its capital."""
    name = weekday_name(day)
    return name if day.isoweekday() == 7 else f"{name[:1].lower()}{name[1:]}"


def _weekday_letters(day: date) -> str:
    return (
        pgettext("weekday", "T2"),
        pgettext("weekday", "T3"),
        pgettext("weekday", "T4"),
        pgettext("weekday", "T5"),
        pgettext("weekday", "T6"),
        pgettext("weekday", "T7"),
        pgettext("weekday", "CN"),
    )[day.weekday()]


def _kind(note: DayNote, today: date) -> str:
    if note.why in {"counted", "make_up"} or (note.counts and note.why not in _KINDS):
        return "counted" if note.date <= today else "to-come"
    return _KINDS.get(note.why, "rolled")


def _mark(note: DayNote) -> str:
    if not note.counts or note.number is None:
        return ""
    if isinstance(note.number, Decimal):
        return f"{round(note.number, 1).normalize():f}".replace(".", ",")
    return str(note.number)


def _sentence(note: DayNote, *, due_on: date | None, today: date) -> str:
    """Return the day's own sentence, with what the strip shows beside it: due, today."""
    sentences = [note.text]
    if note.date == due_on:
        sentences.append(_("Đây là ngày hẹn trả."))
    if note.date == today:
        sentences.append(_("Đây là hôm nay."))
    return " ".join(sentences)


def _start(notes: Sequence[DayNote]) -> date | None:
    """Return the day the limit starts where it is later than the day of receipt."""
    received = [note.date for note in notes if note.why == "received"]
    return received[-1] if len(received) > 1 else None


def _cell(
    note: DayNote, *, first: date, start: date | None, due_on: date | None, today: date
) -> Day:
    kind = "start" if note.date == start else _kind(note, today)
    day = note.date
    mark = _mark(note)
    icon = "" if mark else _ICONS.get(kind, "check" if note.counts else "")
    return Day(
        date=day,
        kind=kind,
        weekday=_weekday_letters(day),
        month=f"/{day:%m}" if day == first or day.day == 1 else "",
        mark=mark,
        icon=icon,
        is_due=day == due_on,
        is_today=day == today,
        is_make_up=note.why == "make_up",
        sentence=_sentence(note, due_on=due_on, today=today),
    )


def _legend(days: Sequence[Day]) -> tuple[LegendEntry, ...]:
    kinds = {day.kind for day in days}
    entries = [
        ("received", _("Ngày nhận"), "received" in kinds),
        ("start", _("Bắt đầu tính"), "start" in kinds),
        ("counted", _("Đã tính"), "counted" in kinds),
        ("to-come", _("Sẽ tính"), "to-come" in kinds),
        ("make-up", _("Ngày làm bù, có tính"), any(day.is_make_up for day in days)),
        ("weekend", _("Cuối tuần, không tính"), "weekend" in kinds),
        ("holiday", _("Ngày nghỉ, không tính"), "holiday" in kinds),
        ("paused", _("Tạm dừng, không tính"), "paused" in kinds),
        ("rolled", _("Dời sang ngày làm việc"), "rolled" in kinds),
        ("due", _("Ngày hẹn trả"), any(day.is_due for day in days)),
        ("today", _("Hôm nay"), any(day.is_today for day in days)),
    ]
    return tuple(LegendEntry(sign, text) for sign, text, shown in entries if shown)


def _weeks(notes: Sequence[DayNote], *, due_on: date | None) -> tuple[Week, ...]:
    grouped: dict[date, list[DayNote]] = {}
    for note in notes:
        grouped.setdefault(note.date - timedelta(days=note.date.weekday()), []).append(note)
    weeks = []
    for of_week in grouped.values():
        counted = sum(1 for note in of_week if note.counts)
        paused = sum(1 for note in of_week if note.why == "paused")
        sentences = [
            ngettext("Tính %(count)d ngày.", "Tính %(count)d ngày.", counted) % {"count": counted}
        ]
        if paused:
            sentences.append(
                ngettext("Tạm dừng %(count)d ngày.", "Tạm dừng %(count)d ngày.", paused)
                % {"count": paused}
            )
        sentences += [note.text for note in of_week if note.why in _TOLD_APART]
        if due_on is not None and of_week[-1].date == due_on:
            sentences.append(_("Ngày hẹn trả %(date)s.") % {"date": f"{due_on:%d/%m/%Y}"})
        weeks.append(Week(of_week[0].date, of_week[-1].date, " ".join(sentences)))
    return tuple(weeks)


def arrange(explanation: Explanation, *, today: date, layout: str = "") -> Strip:
    """Arrange the days of an explanation into a strip, or into weeks when they are very many."""
    notes = explanation.days
    due_on = explanation.due_on
    is_folded = len(notes) > STRIP_DAYS
    # Of a very long run only the last two weeks are drawn: they are what decides the day.
    drawn = notes[-LINE_DAYS:] if is_folded else notes
    start = _start(notes)
    days = tuple(
        _cell(note, first=drawn[0].date, start=start, due_on=due_on, today=today) for note in drawn
    )
    return Strip(
        days=days,
        layout="weeks" if layout == "weeks" or len(days) > LINE_DAYS else "line",
        starts_in_column=days[0].date.isoweekday() if days else 1,
        legend=_legend(days),
        words=() if is_folded else tuple(day.sentence for day in days),
        weeks=_weeks(notes, due_on=due_on) if is_folded else (),
        counted=sum(1 for note in notes if note.counts and note.date <= today),
        to_count=sum(1 for note in notes if note.counts),
        is_folded=is_folded,
    )
