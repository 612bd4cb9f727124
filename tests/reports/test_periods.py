from datetime import date, timedelta

import pytest

from reports import periods
from reports.periods import PeriodError, Span, System

TABLE = [
    # code, first day, last day, label
    ("nd09-2026-m11", date(2026, 10, 15), date(2026, 11, 14), "Tháng 11/2026"),
    ("nd09-2026-m1", date(2025, 12, 15), date(2026, 1, 14), "Tháng 1/2026"),
    ("nd09-2024-m3", date(2024, 2, 15), date(2024, 3, 14), "Tháng 3/2024"),
    ("nd09-2026-q1", date(2025, 12, 15), date(2026, 3, 14), "Quý I/2026"),
    ("nd09-2026-q2", date(2026, 3, 15), date(2026, 6, 14), "Quý II/2026"),
    ("nd09-2026-q4", date(2026, 9, 15), date(2026, 12, 14), "Quý IV/2026"),
    ("nd09-2026-h1", date(2025, 12, 15), date(2026, 6, 14), "6 tháng đầu năm 2026"),
    ("nd09-2026-h2", date(2026, 6, 15), date(2026, 12, 14), "6 tháng cuối năm 2026"),
    ("nd09-2026-y", date(2025, 12, 15), date(2026, 12, 14), "Năm 2026"),
    ("qd766-2026-m11", date(2026, 11, 1), date(2026, 11, 30), "Tháng 11/2026"),
    ("qd766-2024-m2", date(2024, 2, 1), date(2024, 2, 29), "Tháng 2/2024"),
    ("qd766-2025-m2", date(2025, 2, 1), date(2025, 2, 28), "Tháng 2/2025"),
    ("qd766-2026-q3", date(2026, 7, 1), date(2026, 9, 30), "Quý III/2026"),
    ("qd766-2026-y", date(2026, 1, 1), date(2026, 12, 31), "Năm 2026"),
]


@pytest.mark.parametrize(("code", "start", "end", "label"), TABLE)
def test_a_period_has_the_days_of_its_decree(code: str, start: date, end: date, label: str) -> None:
    period = periods.from_code(code)
    assert (period.start, period.end, period.label) == (start, end, label)
    assert period.code == code


@pytest.mark.parametrize("system", [System.REPORTING, System.INDICATORS])
def test_the_periods_of_a_system_follow_each_other_without_gap_or_overlap(system: System) -> None:
    for span in periods.SPANS[system]:
        period = periods.of(system, span, 2019)
        while period.end.year < 2028:
            following = period.after()
            assert following.start == period.end + timedelta(days=1)
            assert following.before() == period
            period = following


@pytest.mark.parametrize("system", [System.REPORTING, System.INDICATORS])
def test_every_period_starts_on_the_1st_or_the_15th(system: System) -> None:
    """Half-months (1-14, 15-end) are then whole cells of both systems."""
    for span in periods.SPANS[system]:
        for period in periods.recent(system, span, date(2026, 11, 22), 30):
            assert period.start.day in {1, 15}
            assert (period.end + timedelta(days=1)).day in {1, 15}


@pytest.mark.parametrize(
    ("system", "span", "day", "code"),
    [
        (System.REPORTING, Span.MONTH, date(2026, 11, 14), "nd09-2026-m11"),
        (System.REPORTING, Span.MONTH, date(2026, 11, 15), "nd09-2026-m12"),
        (System.REPORTING, Span.MONTH, date(2026, 12, 15), "nd09-2027-m1"),
        (System.REPORTING, Span.QUARTER, date(2026, 12, 31), "nd09-2027-q1"),
        (System.REPORTING, Span.HALF, date(2026, 6, 15), "nd09-2026-h2"),
        (System.REPORTING, Span.YEAR, date(2026, 12, 15), "nd09-2027-y"),
        (System.INDICATORS, Span.MONTH, date(2026, 12, 31), "qd766-2026-m12"),
        (System.INDICATORS, Span.YEAR, date(2026, 12, 31), "qd766-2026-y"),
    ],
)
def test_a_day_belongs_to_one_period_of_each_kind(
    system: System, span: Span, day: date, code: str
) -> None:
    assert periods.containing(system, span, day).code == code


@pytest.mark.parametrize(
    "code",
    [
        "",
        "nd09-2026-m13",
        "nd09-2026-m0",
        "nd09-2026-q5",
        "nd09-2026-y1",
        "nd09-2026-m",
        "qd766-2026-h1",
        "qd766-0001-m1",
        "qd766-9999-y",
        "free-2026-m1",
        "nd09-2026-m١",
    ],
)
def test_a_period_that_does_not_exist_is_refused(code: str) -> None:
    with pytest.raises(PeriodError):
        periods.from_code(code)


@pytest.mark.parametrize(
    "text",
    ["", "2026-02-29", "2026-13-01", "22/11/2026", "20261122", "2026-W47-7", "9999-12-31", "0001-01-01",
     "２０２６-11-22", "2026-11-22T00:00", "NaN", "1e400", "x" * 200],
)  # fmt: skip
def test_a_day_that_does_not_exist_is_refused_in_words(text: str) -> None:
    with pytest.raises(PeriodError, match=r"\w"):
        periods.parse_day(text)


def test_a_free_range_may_be_one_day_but_not_end_before_it_starts() -> None:
    day = date(2023, 3, 5)
    assert periods.free(day, day).days_label == "05/03/2023 - 05/03/2023"
    with pytest.raises(PeriodError):
        periods.free(day, day - timedelta(days=1))


def test_the_neighbours_of_a_free_range_are_as_long_as_itself() -> None:
    week = periods.free(date(2026, 11, 16), date(2026, 11, 22))
    assert week.before() == periods.free(date(2026, 11, 9), date(2026, 11, 15))
    assert week.after() == periods.free(date(2026, 11, 23), date(2026, 11, 29))


def test_days_are_written_as_a_state_document_does() -> None:
    period = periods.free(date(2023, 1, 1), date(2023, 6, 7))
    assert period.sentence == "Từ ngày 01 tháng 01 năm 2023 đến ngày 07 tháng 6 năm 2023"
