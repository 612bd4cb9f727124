"""The official on-time test of the national measure (domain.md 3.6)."""

from __future__ import annotations

import datetime as dt

import pytest

from agencies.working_time import LOCAL_ZONE
from dossiers.deadlines.national import Request, is_on_time


def local(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=LOCAL_ZONE)


DUE = local("2026-11-20T17:00")
PERIOD_ENDS = local("2026-11-30T23:59")


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        ("2026-11-18T09:00", True),
        ("2026-11-20T17:00", True),
        ("2026-11-20T17:00:01", False),
        ("2026-12-05T09:00", False),
    ],
)
def test_early_and_equal_are_both_good(ended: str, expected: bool) -> None:
    assert is_on_time(DUE, local(ended), PERIOD_ENDS) is expected


def test_an_open_dossier_is_judged_at_the_end_of_the_period() -> None:
    assert is_on_time(DUE, None, local("2026-11-20T17:00"))
    assert not is_on_time(DUE, None, local("2026-11-20T17:01"))
    # What ended after the period was open at its end.
    assert is_on_time(DUE, local("2026-12-05T09:00"), local("2026-11-19T23:59"))


def test_while_papers_are_owed_the_request_is_the_end() -> None:
    asked = Request(local("2026-11-18T09:00"))
    assert is_on_time(DUE, None, PERIOD_ENDS, [asked])
    assert not is_on_time(DUE, None, PERIOD_ENDS, [Request(local("2026-11-23T09:00"))])


def test_what_was_waited_for_papers_is_taken_off() -> None:
    waited = Request(local("2026-11-16T09:00"), local("2026-11-19T09:00"))  # three days
    assert is_on_time(DUE, local("2026-11-23T17:00"), PERIOD_ENDS, [waited])
    assert not is_on_time(DUE, local("2026-11-23T17:01"), PERIOD_ENDS, [waited])
    assert not is_on_time(DUE, None, PERIOD_ENDS, [waited])


def test_a_second_request_makes_it_late_whatever_the_clock_says() -> None:
    requests = [
        Request(local("2026-11-10T09:00"), local("2026-11-10T09:30")),
        Request(local("2026-11-11T09:00")),
    ]
    assert not is_on_time(DUE, local("2026-11-12T09:00"), PERIOD_ENDS, requests)
    assert not is_on_time(None, local("2026-11-12T09:00"), PERIOD_ENDS, requests)
    assert is_on_time(DUE, local("2026-11-12T09:00"), PERIOD_ENDS, requests[:1])


def test_without_any_date_nothing_is_late() -> None:
    assert is_on_time(None, local("2027-11-12T09:00"), PERIOD_ENDS)
