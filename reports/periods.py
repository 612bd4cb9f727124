"""Kỳ báo cáo: the two systems of periods side by side, and free ranges of days; pure, no clock.

A reporting period (NĐ 09/2019, Điều 12; from knowledge, not confirmed, domain.md 7.2) runs from the
15th to the 14th; a period of the indicators of QĐ 766/QĐ-TTg is a real one of the calendar. All days
are local dates, both ends inside, and `today` is an argument.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from django.utils.translation import gettext as _

# Outside these years a date is a slip of the keyboard, and arithmetic on it may overflow.
FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(2199, 12, 31)


class PeriodError(ValueError):
    """A day, a range or the code of a period that cannot be."""


class System(StrEnum):
    """Whose periods these are."""

    REPORTING = "nd09"
    INDICATORS = "qd766"
    FREE = "free"

    @property
    def label(self) -> str:
        """Name the system as its decree does."""
        return {
            System.REPORTING: _("Kỳ báo cáo (NĐ 09/2019)"),
            System.INDICATORS: _("Kỳ bộ chỉ số (QĐ 766)"),
            System.FREE: _("Từ ngày đến ngày"),
        }[self]


class Span(StrEnum):
    """How long a period is."""

    MONTH = "m"
    QUARTER = "q"
    HALF = "h"
    YEAR = "y"


SPANS: dict[System, tuple[Span, ...]] = {
    System.REPORTING: (Span.MONTH, Span.QUARTER, Span.HALF, Span.YEAR),
    System.INDICATORS: (Span.MONTH, Span.QUARTER, Span.YEAR),
}
_MONTHS = {Span.MONTH: 1, Span.QUARTER: 3, Span.HALF: 6, Span.YEAR: 12}
_CODE = re.compile(r"(nd09|qd766)-([0-9]{4})-([mqhy])([0-9]{1,2})?", re.ASCII)
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of local days, both inside; of a system it has a span, a year and a number."""

    start: date
    end: date
    system: System = System.FREE
    span: Span | None = None
    year: int = 0
    number: int = 0

    @property
    def code(self) -> str:
        """Return the code that `from_code` reads; empty for a free range."""
        if self.span is None:
            return ""
        number = "" if self.span is Span.YEAR else str(self.number)
        return f"{self.system}-{self.year}-{self.span}{number}"

    @property
    def label(self) -> str:
        """Name the period as a report does: "Tháng 11/2026", "Quý IV/2026"."""
        words = {"year": self.year, "number": self.number}
        if self.span is Span.MONTH:
            return _("Tháng %(number)s/%(year)s") % words
        if self.span is Span.QUARTER:
            words["number"] = ("I", "II", "III", "IV")[self.number - 1]  # type: ignore[assignment]
            return _("Quý %(number)s/%(year)s") % words
        if self.span is Span.HALF:
            if self.number == 1:
                return _("6 tháng đầu năm %(year)s") % words
            return _("6 tháng cuối năm %(year)s") % words
        if self.span is Span.YEAR:
            return _("Năm %(year)s") % words
        return self.days_label

    @property
    def days_label(self) -> str:
        """Name the days: "15/10/2026 - 14/11/2026"."""
        return f"{self.start:%d/%m/%Y} - {self.end:%d/%m/%Y}"

    @property
    def sentence(self) -> str:
        """Say the days as a state document does."""
        return _("Từ %(start)s đến %(end)s") % {
            "start": long_day(self.start),
            "end": long_day(self.end),
        }

    def holds(self, day: date) -> bool:
        """Tell whether a day lies inside."""
        return self.start <= day <= self.end

    def before(self) -> Period:
        """Return the period that ends the day before this one starts, of the same kind."""
        return self._neighbour(-1)

    def after(self) -> Period:
        """Return the period that starts the day after this one ends, of the same kind."""
        return self._neighbour(1)

    def _neighbour(self, step: int) -> Period:
        if self.span is None:
            days = (self.end - self.start + timedelta(days=1)) * step
            try:
                return free(self.start + days, self.end + days)
            except OverflowError as error:
                raise PeriodError(_("Không có kỳ báo cáo này.")) from error
        per_year = 12 // _MONTHS[self.span]
        index = self.year * per_year + self.number - 1 + step
        return of(self.system, self.span, index // per_year, index % per_year + 1)


def long_day(day: date) -> str:
    """Write a day as NĐ 30/2020 wants it: days below 10 and months below 3 padded (domain.md 4.1)."""
    month = f"{day:%m}" if day.month < 3 else str(day.month)
    return _("ngày %(day)s tháng %(month)s năm %(year)s") % {
        "day": f"{day:%d}",
        "month": month,
        "year": day.year,
    }


def parse_day(text: str) -> date:
    """Return the day written YYYY-MM-DD; raise PeriodError for anything else."""
    if not _ISO_DAY.fullmatch(text):
        raise PeriodError(_("Không đọc được ngày, viết như 2026-11-22."))
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise PeriodError(_("Không có ngày này trong lịch.")) from error
    if not FIRST_DAY <= day <= LAST_DAY:
        raise PeriodError(_("Năm phải trong khoảng từ 1900 đến 2199."))
    return day


def free(start: date, end: date) -> Period:
    """Return the range of days; raise PeriodError when it ends before it starts."""
    if start > end:
        raise PeriodError(_("Ngày cuối kỳ phải từ ngày đầu kỳ trở đi."))
    return Period(start, end)


def of(system: System, span: Span, year: int, number: int = 1) -> Period:
    """Return the numbered period of a year; raise PeriodError where the system has none such."""
    months = _MONTHS[span]
    if span not in SPANS.get(system, ()) or not 1 <= number <= 12 // months:
        raise PeriodError(_("Không có kỳ báo cáo này."))
    if not FIRST_DAY.year < year < LAST_DAY.year:
        raise PeriodError(_("Năm phải trong khoảng từ 1900 đến 2199."))
    first, last = (number - 1) * months + 1, number * months
    if system is System.INDICATORS:
        start = date(year, first, 1)
        end = date(year, last, calendar.monthrange(year, last)[1])
    else:
        start = date(year - 1, 12, 15) if first == 1 else date(year, first - 1, 15)
        end = date(year, last, 14)
    return Period(start, end, system, span, year, number)


def from_code(code: str) -> Period:
    """Return the period of a code such as nd09-2026-m11; raise PeriodError when there is none."""
    match = _CODE.fullmatch(code)
    if match is None or (match[3] == Span.YEAR) != (match[4] is None):
        raise PeriodError(_("Không có kỳ báo cáo này."))
    return of(System(match[1]), Span(match[3]), int(match[2]), int(match[4] or 1))


def containing(system: System, span: Span, day: date) -> Period:
    """Return the period of a system that holds the day."""
    months = _MONTHS[span]
    found = of(system, span, day.year, (day.month - 1) // months + 1)
    # The reporting year is half a month ahead: 15/12 belongs to the next one.
    return found if found.holds(day) else found.after()


def recent(system: System, span: Span, today: date, count: int) -> list[Period]:
    """Return the period that runs today and those before it, newest first."""
    found = [containing(system, span, today)]
    while len(found) < count:
        found.append(found[-1].before())
    return found
