"""Whose time was it: the shares of the holders add up to the whole (design.md 4.8)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import time_machine
from hypothesis import given
from hypothesis import strategies as st

from agencies.calendar_data import default_calendar
from agencies.working_time import LOCAL_ZONE
from dossiers import history
from dossiers.deadlines import Hold, shares
from dossiers.models import Dossier
from dossiers.services import closing, processing

if TYPE_CHECKING:
    from tests.province import Province

CALENDAR = default_calendar()
at = dt.datetime.fromisoformat


def local(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=LOCAL_ZONE)


def test_each_hold_lasts_until_the_next() -> None:
    # Monday; 08:00-10:00 the counter, then the department over lunch, then the counter again.
    holds = [
        Hold(local("2026-11-09T08:00"), "quầy"),
        Hold(local("2026-11-09T10:00"), "sở"),
        Hold(local("2026-11-09T14:00"), "quầy"),
    ]
    held = shares(holds, local("2026-11-09T08:00"), local("2026-11-09T15:00"), CALENDAR)
    assert held == {"quầy": 120 + 60, "sở": 90 + 30}
    assert list(held) == ["quầy", "sở"]


def test_what_was_held_outside_the_span_or_outside_hours_is_nobodys() -> None:
    holds = [
        Hold(local("2026-11-09T06:00"), "sớm"),
        Hold(local("2026-11-09T09:00"), "giữa"),
        Hold(local("2026-11-09T18:00"), "đêm"),
        Hold(local("2026-11-10T09:00"), "muộn"),
    ]
    held = shares(holds, local("2026-11-09T08:00"), local("2026-11-09T20:00"), CALENDAR)
    assert held == {"sớm": 60, "giữa": 150 + 210}
    assert shares([], local("2026-11-09T08:00"), local("2026-11-09T20:00"), CALENDAR) == {}


def test_an_act_entered_afterwards_takes_no_minute_twice() -> None:
    holds = [
        Hold(local("2026-11-09T08:00"), "a"),
        Hold(local("2026-11-09T10:00"), "b"),
        Hold(local("2026-11-09T09:00"), "c"),  # written later than b, with an earlier moment
    ]
    held = shares(holds, local("2026-11-09T08:00"), local("2026-11-09T11:00"), CALENDAR)
    assert held == {"a": 120, "c": 60}


def test_half_minutes_are_lost_to_nobody() -> None:
    start = local("2026-11-09T08:00:30")
    holds = [Hold(start + n * dt.timedelta(seconds=30), f"{n % 3}") for n in range(120)]
    held = shares(holds, start, start + dt.timedelta(hours=1), CALENDAR)
    assert sum(held.values()) == 60


@given(
    st.datetimes(
        dt.datetime(2019, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
        dt.datetime(2027, 12, 31),  # noqa: DTZ001
        timezones=st.just(LOCAL_ZONE),
    ),
    st.lists(st.tuples(st.integers(-86_400, 40 * 86_400), st.integers(0, 4)), min_size=1),
    st.integers(0, 60 * 86_400),
)
def test_the_shares_add_up_to_the_whole(
    start: dt.datetime, turns: list[tuple[int, int]], lasted: int
) -> None:
    holds = [Hold(start + dt.timedelta(seconds=after), holder) for after, holder in turns]
    end = start + dt.timedelta(seconds=lasted)
    held = shares(holds, start, end, CALENDAR)
    assert sum(held.values()) == CALENDAR.working_minutes_between(start, end)
    assert all(minutes > 0 for minutes in held.values())
    assert set(held) <= {holder for _after, holder in turns}


# From the events of a dossier.


def settled_dossier(province: Province) -> Dossier:
    """Received Monday 9 o'clock; each act an hour or more after the other, settled on Friday."""
    steps = iter(
        [
            "2026-11-09T09:00", "2026-11-09T10:00", "2026-11-09T11:00", "2026-11-10T09:00",
            "2026-11-11T09:00", "2026-11-12T09:00", "2026-11-12T10:00", "2026-11-13T09:30:20",
        ]
    )  # fmt: skip

    def travel() -> time_machine.travel:
        return time_machine.travel(f"{next(steps)}+07:00", tick=False)

    with travel():
        dossier = province.log()
    with travel():
        dossier = processing.transfer(dossier, by=province.receptionist)
    with travel():
        dossier = processing.assign(dossier, by=province.head)
    with travel():
        dossier = processing.request_supplement(dossier, by=province.specialist, reason="Thiếu")
    with travel():
        dossier = processing.accept_supplement(dossier, by=province.receptionist)
    with travel():
        dossier = processing.propose(dossier, by=province.specialist)
    with travel():
        dossier = processing.approve(dossier, by=province.head)
    with travel():
        return closing.publish(dossier, by=province.clerk, result_number="12/KQ")


def test_every_working_minute_of_a_dossier_is_one_holders(province: Province) -> None:
    dossier = settled_dossier(province)
    events = list(dossier.events.select_related("holder_agency", "holder_officer").order_by("seq"))
    held = history.time_of_holders(dossier, events, at("2027-01-01T00:00+07:00"), CALENDAR)
    assert {(holder.kind, holder.agency_name): minutes for holder, minutes in held.items()} == {
        ("agency", province.centre.label): 60,
        # An hour to assign; Thursday 9:00 to Friday 9:30 to sign and publish.
        ("agency", province.department.label): 60 + 510,
        # Monday 11:00 to Tuesday 9:00, and the day after the papers came.
        ("officer", province.department.label): 30 + 210 + 120 + 480,
        ("applicant", ""): 480,
    }
    assert dossier.received_at is not None
    assert dossier.settled_at is not None
    total = CALENDAR.working_minutes_between(dossier.received_at, dossier.settled_at)
    assert sum(held.values()) == total == 1950
    officer = next(holder for holder in held if holder.kind is history.HolderKind.OFFICER)
    assert officer.name == f"{province.specialist.full_name}, {province.department.label}"


def test_the_page_says_the_same_by_agency(province: Province) -> None:
    dossier = settled_dossier(province)
    events = list(dossier.events.select_related("holder_agency", "holder_officer").order_by("seq"))
    told = history.shares(dossier, events, at("2027-01-01T00:00+07:00"), CALENDAR)
    assert [(share.tone, share.minutes) for share in told] == [
        ("brand", 1410),
        ("paused", 480),
        ("soft", 60),
    ]
    assert round(sum(share.percent for share in told), 6) == 100


def test_before_acceptance_the_time_is_nobodys(province: Province) -> None:
    waiting = Dossier(receiving_agency=province.centre)
    assert history.time_of_holders(waiting, [], at("2027-01-01T00:00+07:00"), CALENDAR) == {}
    assert history.shares(waiting, [], at("2027-01-01T00:00+07:00"), CALENDAR) == []
