"""A changed calendar: rehearsed over the open dossiers, applied once, carried out one by one."""

from __future__ import annotations

import datetime as dt
import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.db import (
    DatabaseError,
    IntegrityError,
    close_old_connections,
    connection,
    connections,
    transaction,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.roles import Role
from agencies import calendar_data
from agencies.calendars import DayChange, calendar_of, with_changes
from agencies.models import Agency, Calendar, CalendarDay
from dossiers import clock, deadlines, rehearsing, shifts
from dossiers.chain import chain_faults
from dossiers.clockwork import changes_of, explain, pause_spans, recompute
from dossiers.deadlines import Limit, Unit
from dossiers.models import (
    CalendarChange,
    CalendarMove,
    CalendarShift,
    Dossier,
    DueDateChange,
    DueOrigin,
    OutboxMessage,
    Pause,
)
from dossiers.recording import ActDataError
from dossiers.services import calendar_changing, closing, processing
from dossiers.services.adjusting import adjust_due
from dossiers.services.calendar_changing import ChangeError, Decision
from dossiers.verifying import verify_these
from dossiers.workflow import State
from procedures.models import ProcedureVersion
from tests.budgets import count_queries
from tests.dossiers import stages
from tests.factories import local
from tests.province import Province, give_role, make_province

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agencies import working_time
    from agencies.models import Officer
    from dossiers.shifts import Shift

MONDAY = local("2026-11-02 09:00")
DUE = local("2026-11-09 17:00")  # five working days later
LATER = local("2026-11-10 17:00")
OFF = DayChange(dt.date(2026, 11, 5), "swapped_off", "Nghỉ hoán đổi")
WORKED = DayChange(dt.date(2026, 11, 7), "make_up", "Làm bù")  # a Saturday
MOVE_ALL = Decision("move", "move", "Uỷ ban tỉnh cho nghỉ tránh bão")


@pytest.fixture
def today() -> Any:
    with time_machine.travel(local("2026-11-03 10:00"), tick=False) as traveller:
        yield traveller


@pytest.fixture
def dossier(province: Province) -> Dossier:
    with time_machine.travel(MONDAY, tick=False):
        return stages.in_progress(province)


def rehearsed(
    province: Province, *days: DayChange, by: Officer | None = None, number: str = "77/TB-UBND"
) -> CalendarChange:
    change = calendar_changing.propose(
        Calendar.objects.get(),
        by=by or province.reformer,
        number=number,
        announced_on=dt.date(2026, 11, 2),
        days=days,
    )
    return calendar_changing.rehearse(change)


def applied(
    province: Province,
    change: CalendarChange,
    decision: Decision = Decision(),  # noqa: B008
) -> CalendarChange:
    return calendar_changing.apply(
        change, by=province.reformer, decision=decision, digest=bytes(change.digest)
    )


def carried_out(
    province: Province, *days: DayChange, decision: Decision = MOVE_ALL, number: str = "77/TB-UBND"
) -> CalendarChange:
    change = applied(province, rehearsed(province, *days, number=number), decision)
    assert calendar_changing.carry_out(change.pk)
    return CalendarChange.objects.get(pk=change.pk)


def again(dossier: Dossier) -> Dossier:
    return Dossier.objects.for_page().get(pk=dossier.pk)


def administrator(province: Province) -> Officer:
    give_role(province.stranger, province.root, Role.ADMINISTRATOR)
    return province.stranger


# The arithmetic

OLD = calendar_data.default_calendar()
moments = st.integers(0, 353 * 24 * 60).map(
    lambda minute: local("2026-01-01 00:00") + dt.timedelta(minutes=minute)
)
limits = st.one_of(
    st.builds(lambda n: Limit(n, Unit.WORKING_DAY), st.decimals("0.25", 30, places=2)),
    st.builds(lambda n: Limit(n, Unit.WORKING_HOUR), st.decimals("0.5", 90, places=1)),
    st.builds(lambda n: Limit(n, Unit.DAY), st.decimals(1, 60, places=0)),
    st.builds(lambda n: Limit(n, Unit.MONTH), st.decimals(1, 3, places=0)),
    st.just(Limit(None, Unit.SAME_DAY)),
)
changed_days = st.lists(
    st.tuples(
        st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31)), st.sampled_from(["holiday", ""])
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda pair: pair[0],
).map(lambda pairs: [DayChange(on, kind, "Thử", "thử") for on, kind in pairs])


@st.composite
def promised(draw: st.DrawFn) -> tuple[Dossier, list[Pause]]:
    """Draw a dossier as OLD promised it and its pauses, neither of them stored."""
    received = draw(moments)
    limit = draw(limits)
    pauses, at = [], received
    for gap, length in draw(
        st.lists(st.tuples(st.integers(1, 400), st.integers(1, 500)), max_size=3)
    ):
        start = at + dt.timedelta(hours=gap)
        at = start + dt.timedelta(hours=length)
        restarts = draw(st.booleans())
        pauses.append(
            Pause(state=State.AWAITING_SUPPLEMENT, started_at=start, ended_at=at, restarts=restarts)
        )
    dossier = taken_in(limit, received)
    dossier.due_at = recompute(dossier, pause_spans(pauses), OLD)
    return dossier, pauses


def taken_in(limit: Limit, received: dt.datetime) -> Dossier:
    base = deadlines.due_at(limit, received, OLD)
    return Dossier(
        version=ProcedureVersion(supplement_policy="restart", same_day_cutoff=limit.cutoff),
        limit_value=limit.value,
        limit_unit=limit.unit.value,
        received_at=received,
        due_original_at=base,
        due_at=base,
        due_statutory_at=base,
    )


def shifted(
    case: tuple[Dossier, list[Pause]],
    old: working_time.Calendar,
    new: working_time.Calendar,
    changes: Sequence[DueDateChange] = (),
) -> Shift | None:
    return rehearsing.shift_of(*case, changes, rehearsing.Calendars(old, new, ()))


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(promised(), changed_days)
def test_what_the_query_leaves_out_never_moves(
    case: tuple[Dossier, list[Pause]], days: list[DayChange]
) -> None:
    dossier, pauses = case
    assert dossier.due_at is not None
    assert dossier.received_at is not None
    start, end = shifts.reach(day.on for day in days)
    touched = any(p.ended_at >= start and p.started_at < end for p in pauses if p.ended_at)
    if dossier.received_at >= end or (dossier.due_at < start and not touched):
        assert shifted(case, OLD, with_changes(OLD, days)) is None


@settings(max_examples=200, deadline=None)
@given(promised(), changed_days)
def test_a_change_and_its_undoing_lead_back(
    case: tuple[Dossier, list[Pause]], days: list[DayChange]
) -> None:
    new, dossier = with_changes(OLD, days), case[0]
    due = dossier.due_at
    assert due is not None
    there = shifted(case, OLD, new)
    if there is None:
        return
    assert there.due_after != due
    assert (there.minutes > 0) is (there.due_after > due)
    assert there.statutory_after == there.due_after
    dossier.due_at = there.due_after
    applied_once = DueDateChange(
        origin=DueOrigin.CALENDAR, due_before=due, due_after=dossier.due_at
    )
    back = shifted(case, new, OLD, [applied_once])
    assert back is not None
    assert back.due_after == due
    assert back.minutes == -there.minutes


def test_a_move_is_measured_by_the_calendar_that_worked_the_day() -> None:
    dossier = taken_in(Limit(Decimal(8), Unit.WORKING_HOUR), local("2026-11-04 09:00"))
    assert dossier.due_at == local("2026-11-05 09:00")
    found = shifted((dossier, []), OLD, with_changes(OLD, [OFF]))
    assert found is not None
    assert (found.due_after, found.minutes) == (local("2026-11-06 09:00"), 480)


# The rehearsal


def test_a_rehearsal_counts_by_agency_and_changes_nothing(
    province: Province, dossier: Dossier, today: Any
) -> None:
    paused = stages.awaiting_supplement(province)
    stages.settled(province)
    elsewhere = province.log(competent_agency=province.elsewhere)
    before = {d.pk: (d.due_at, d.event_count) for d in Dossier.objects.all()}
    change = rehearsed(province, OFF)
    assert before == {d.pk: (d.due_at, d.event_count) for d in Dossier.objects.all()}
    assert not CalendarDay.objects.filter(on=OFF.on).exists()
    assert Calendar.objects.get().version == change.base_version
    lines = {line["agency"]: line for line in change.counts}
    assert lines[province.department.pk] == {
        "agency": province.department.pk, "earlier": 0, "later": 2, "unchanged": 0,
        "resting": 0, "median": 480, "most": 480,
    }  # fmt: skip
    assert lines[province.elsewhere.pk]["later"] == 1
    rows = {row.dossier_id: row for row in change.shifts.all()}
    assert set(rows) == {dossier.pk, paused.pk, elsewhere.pk}
    assert (rows[dossier.pk].due_before, rows[dossier.pk].due_after) == (DUE, LATER)


def test_a_day_worked_brings_dates_earlier_and_a_day_beyond_the_span_none(
    province: Province, dossier: Dossier, today: Any
) -> None:
    change = rehearsed(province, WORKED)
    assert change.shifts.get().due_after == local("2026-11-07 17:00")
    assert change.shifts.get().minutes == -480
    assert not rehearsed(province, DayChange(dt.date(2026, 12, 3), "holiday", "Lễ")).shifts.exists()
    assert not rehearsed(
        province, DayChange(dt.date(2026, 10, 30), "holiday", "Lễ")
    ).shifts.exists()


def test_a_day_off_and_its_make_up_day_cancel_out(
    province: Province, dossier: Dossier, today: Any
) -> None:
    assert not rehearsed(province, OFF, WORKED).shifts.exists()


def test_a_date_somebody_set_never_moves_and_a_new_day_off_under_it_is_told(
    province: Province, dossier: Dossier, today: Any
) -> None:
    adjust_due(
        dossier, by=province.reformer, new_due=local("2026-11-05 17:00"), origin="correction",
        reference="1", reason="Làm sớm",
    )  # fmt: skip
    change = rehearsed(province, OFF)
    assert not change.shifts.exists()
    [line] = change.counts
    assert (line["resting"], line["unchanged"], line["later"]) == (1, 1, 0)


def test_a_pause_after_an_overdue_date_is_found(province: Province, dossier: Dossier) -> None:
    with time_machine.travel(local("2026-11-16 07:00"), tick=False):
        processing.request_supplement(dossier, by=province.specialist, reason="Thiếu")
    with time_machine.travel(local("2026-11-20 17:00"), tick=False):  # five working days
        processing.accept_supplement(dossier, by=province.receptionist)
    with time_machine.travel(local("2026-11-23 10:00"), tick=False):
        assert again(dossier).due_at == local("2026-11-16 17:00")
        # The 18th lies in the pause and after the date itself.
        change = rehearsed(province, DayChange(dt.date(2026, 11, 18), "holiday", "Lễ"))
        assert change.shifts.get().due_after == local("2026-11-13 17:00")


def test_an_agency_with_a_calendar_of_its_own_is_left_alone(
    province: Province, dossier: Dossier, today: Any
) -> None:
    own = Calendar.objects.create(
        name="Lịch riêng", loaded_until=dt.date(2027, 12, 31), rest_weekdays=[5, 6]
    )
    Agency.objects.filter(pk=province.centre.pk).update(calendar=own)
    province_wide = Calendar.objects.order_by("pk").first()
    assert province_wide is not None
    assert not rehearsing.open_under(province_wide.pk).exists()
    assert rehearsing.open_under(own.pk).get() == dossier


@pytest.mark.parametrize(
    ("days", "told"),
    [
        ([DayChange(dt.date(2026, 11, 6), "make_up", "Bù")], "làm bù chỉ vào ngày nghỉ"),
        ([DayChange(dt.date(2026, 11, 7), "swapped_off", "Nghỉ")], "vốn là ngày nghỉ hằng tuần"),
        ([DayChange(dt.date(2026, 11, 6), "")], "không có gì để bỏ"),
        ([DayChange(dt.date(2026, 11, 24), "holiday", "Lễ")], "đã có ngày đó"),
        ([DayChange(dt.date(2031, 11, 24), "holiday", "Lễ")], "Lịch chỉ có dữ liệu"),
        ([OFF, OFF], "hai dòng"),
        ([DayChange(dt.date(2026, 11, 6), "holiday", " ")], "tên của ngày"),
        ([], "từ 1 đến 31"),
    ],
)
def test_a_day_that_makes_no_sense_is_refused(
    province: Province, days: list[DayChange], told: str
) -> None:
    with pytest.raises(ActDataError) as caught:
        rehearsed(province, *days)
    assert told in caught.value.errors["days"]
    assert not CalendarChange.objects.exists()


# The application


def test_by_default_every_promise_stands_and_the_new_days_bind_new_dossiers(
    province: Province, dossier: Dossier, today: Any
) -> None:
    version = Calendar.objects.get().version
    change = carried_out(province, OFF, decision=Decision())
    assert change.finished_at is not None
    assert Calendar.objects.get().version == change.version_after == version + 1
    day = CalendarDay.objects.get(on=OFF.on)
    assert (day.kind, day.source) == ("swapped_off", "77/TB-UBND, 02/11/2026")
    kept = again(dossier)
    assert (kept.due_at, kept.event_count) == (DUE, dossier.event_count)
    assert kept.due_statutory_at == DUE
    assert verify_these([kept.pk]).findings == []
    move = CalendarMove.objects.get(dossier=dossier)
    assert (move.outcome, move.direction) == ("kept", "later")
    assert (move.due_before, move.due_by_rule, move.due_after) == (DUE, LATER, DUE)
    assert not DueDateChange.objects.exists()
    new = province.log()
    assert (new.due_at, new.calendar_version) == (local("2026-11-11 17:00"), version + 1)
    told = explain(kept)
    assert told is not None
    assert told.due_at == DUE


def test_a_promise_moves_later_by_choice_with_event_receipt_and_message(
    province: Province, dossier: Dossier, today: Any
) -> None:
    old = dossier.slips.get(kind="receipt")
    change = carried_out(province, OFF)
    moved = again(dossier)
    assert (moved.due_at, moved.due_on) == (LATER, LATER.date())
    assert (moved.due_original_at, moved.due_statutory_at) == (DUE, LATER)
    assert moved.calendar_version == change.version_after
    assert (moved.state, moved.holder_officer) == (dossier.state, province.specialist)
    event = moved.events.get(act="adjust_due")
    assert (event.actor, event.actor_role) == (None, Role.SYSTEM)
    assert event.data["origin"] == "calendar"
    assert event.data["reference"] == "77/TB-UBND"
    assert (event.data["change"], event.data["applied_by"]) == (change.pk, province.reformer.pk)
    assert "77/TB-UBND" in event.reason
    assert "tránh bão" in event.reason
    move = CalendarMove.objects.get(dossier=dossier)
    assert (move.outcome, move.event, move.due_after) == ("moved", event, LATER)
    assert DueDateChange.objects.get().origin == "calendar"
    receipt = moved.slips.order_by("-pk").first()
    assert receipt is not None
    assert receipt.replaces_id == old.pk
    assert OutboxMessage.objects.filter(event=event).exists()
    assert chain_faults(moved) == []
    assert verify_these([moved.pk]).findings == []


def test_a_committed_time_and_the_law_s_move_each_by_its_own_limit(
    province: Province, today: Any
) -> None:
    province.procedure.versions.update(
        committed_value=3, committed_unit="working_day", committed_decision="12/QĐ-UBND"
    )
    with time_machine.travel(MONDAY, tick=False):
        dossier = stages.in_progress(province)
    assert again(dossier).due_at == local("2026-11-05 17:00")
    assert again(dossier).due_statutory_at == DUE
    carried_out(province, OFF)
    moved = again(dossier)
    assert (moved.due_at, moved.due_statutory_at) == (local("2026-11-06 17:00"), LATER)
    assert verify_these([moved.pk]).findings == []


def test_each_direction_is_decided_for_itself(
    province: Province, dossier: Dossier, today: Any
) -> None:
    with time_machine.travel(local("2026-11-06 09:00"), tick=False):
        late = stages.in_progress(province)  # due on Friday 13th, after both days
    with time_machine.travel(local("2026-11-03 08:00"), tick=False):
        early = stages.in_progress(province)  # due on Tuesday 10th
    days = (WORKED, DayChange(dt.date(2026, 11, 13), "holiday", "Lễ"))
    carried_out(province, *days, decision=Decision(earlier="move"))
    assert again(early).due_at == local("2026-11-09 17:00")
    assert again(late).due_at == local("2026-11-12 17:00")
    outcomes = set(CalendarMove.objects.values_list("outcome", "direction"))
    assert outcomes == {("moved", "earlier")}


def test_running_twice_or_killed_in_the_middle_moves_each_once(
    province: Province, today: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(MONDAY, tick=False):
        made = [stages.in_progress(province) for _ in range(5)]
    monkeypatch.setattr(calendar_changing, "MOVED_AT_ONCE", 2)
    change = applied(province, rehearsed(province, OFF), MOVE_ALL)
    real, calls = calendar_changing._deal, []

    def dying(*args: Any) -> None:
        calls.append(args)
        if len(calls) == 4:
            raise KeyboardInterrupt
        real(*args)

    monkeypatch.setattr(calendar_changing, "_deal", dying)
    with pytest.raises(KeyboardInterrupt):
        calendar_changing.carry_out(change.pk)
    assert CalendarMove.objects.count() == 3
    assert CalendarChange.objects.get().finished_at is None
    monkeypatch.setattr(calendar_changing, "_deal", real)
    today.shift(dt.timedelta(minutes=4))
    assert clock.sweep()["calendars"] == 0  # its worker may still be alive
    today.shift(dt.timedelta(minutes=2))
    assert clock.sweep()["calendars"] == 1
    assert CalendarChange.objects.get().finished_at is not None
    assert calendar_changing.carry_out(change.pk)
    clock.change_calendar(change.pk)
    assert clock.sweep()["calendars"] == 0
    assert CalendarMove.objects.filter(outcome="moved").count() == 5
    for dossier in made:
        assert again(dossier).due_at == LATER
        assert dossier.events.filter(act="adjust_due").count() == 1


def test_work_stops_when_time_is_up_and_goes_on(
    province: Province, today: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(MONDAY, tick=False):
        for _ in range(3):
            stages.in_progress(province)
    monkeypatch.setattr(calendar_changing, "MOVED_AT_ONCE", 1)
    monkeypatch.setattr(rehearsing, "CHUNK", 2)
    change = applied(province, rehearsed(province, OFF), MOVE_ALL)
    looks = iter([True, True, False])
    assert not calendar_changing.carry_out(change.pk, goes_on=lambda: next(looks))
    assert CalendarMove.objects.count() == 2
    assert calendar_changing.carry_out(change.pk)
    kept = applied(province, rehearsed(province, WORKED, number="78"), Decision())
    assert calendar_changing.carry_out(kept.pk)
    assert kept.moves.filter(outcome="kept").count() == 3


def test_what_changed_since_the_rehearsal_is_computed_anew_and_told(
    province: Province, dossier: Dossier, today: Any
) -> None:
    ended, corrected = stages.in_progress(province), stages.in_progress(province)
    change = rehearsed(province, OFF)
    assert change.shifts.count() == 3
    closing.stop(ended, by=province.head, reason="Trùng")
    adjust_due(
        corrected, by=province.reformer, new_due=local("2026-11-20 17:00"), origin="correction",
        reference="1", reason="Nhầm",
    )  # fmt: skip
    new = province.log()
    change = applied(province, change, MOVE_ALL)
    # And between the list and its turn:
    real = calendar_changing._planned

    def planned(change_id: int) -> CalendarChange | None:
        found = real(change_id)
        closing.stop(dossier, by=province.head, reason="Trùng")
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calendar_changing, "_planned", planned)
        assert calendar_changing.carry_out(change.pk)
    change.refresh_from_db()
    assert change.differences == {"added": 1, "gone": 2, "altered": 0}
    assert bytes(change.digest) != bytes(change.plan_digest)
    assert dict(change.moves.values_list("dossier", "outcome")) == {
        dossier.pk: "overtaken", new.pk: "moved",
    }  # fmt: skip
    assert again(corrected).due_at == local("2026-11-20 17:00")


def test_a_kept_promise_stays_kept_through_pauses_and_later_changes(
    province: Province, dossier: Dossier, today: Any
) -> None:
    carried_out(province, OFF, decision=Decision())
    with time_machine.travel(local("2026-11-06 07:00"), tick=False):
        processing.request_supplement(dossier, by=province.specialist, reason="Thiếu")
    with time_machine.travel(local("2026-11-09 07:00"), tick=False):  # one working day
        processing.accept_supplement(dossier, by=province.receptionist)
    assert again(dossier).due_at == local("2026-11-10 17:00")
    with time_machine.travel(local("2026-11-09 08:00"), tick=False):
        carried_out(province, DayChange(dt.date(2026, 11, 10), "holiday", "Lễ"), number="78")
    assert again(dossier).due_at == local("2026-11-10 17:00")


def test_a_promise_moved_once_and_kept_the_next_time_is_kept(
    province: Province, dossier: Dossier, today: Any
) -> None:
    carried_out(province, OFF)
    tenth = DayChange(LATER.date(), "holiday", "Lễ")
    carried_out(province, tenth, decision=Decision(), number="78")
    assert again(dossier).due_at == LATER
    with time_machine.travel(local("2026-11-06 07:00"), tick=False):
        processing.request_supplement(dossier, by=province.specialist, reason="Thiếu")
    with time_machine.travel(local("2026-11-09 07:00"), tick=False):  # one working day
        processing.accept_supplement(dossier, by=province.receptionist)
    assert again(dossier).due_at == local("2026-11-11 17:00")  # the limit alone gives the 12th
    assert verify_these([dossier.pk]).findings == []


def test_an_adjusted_date_takes_the_place_of_a_kept_promise(
    province: Province, dossier: Dossier, today: Any
) -> None:
    carried_out(province, OFF, decision=Decision())
    assert again(dossier).due_base_at == DUE
    adjust_due(
        dossier, by=province.reformer, new_due=local("2026-11-20 17:00"), origin="correction",
        reference="1", reason="Nhầm",
    )  # fmt: skip
    assert again(dossier).due_base_at is None
    with time_machine.travel(local("2026-11-06 07:00"), tick=False):
        processing.request_supplement(dossier, by=province.specialist, reason="Thiếu")
    with time_machine.travel(local("2026-11-09 07:00"), tick=False):  # one working day
        processing.accept_supplement(dossier, by=province.receptionist)
    assert again(dossier).due_at == local("2026-11-23 17:00")


def test_a_date_another_system_confirmed_is_its_word_and_moves_with_no_calendar(
    province: Province, dossier: Dossier, today: Any
) -> None:
    adjust_due(dossier, by=None, new_due=DUE, origin="external", reference="M", reason="Bộ báo")
    assert not rehearsed(province, OFF).shifts.exists()
    assert verify_these([dossier.pk]).findings == []


def test_a_promise_kept_while_the_clock_stands_counts_the_whole_pause(
    province: Province, dossier: Dossier
) -> None:
    with time_machine.travel(local("2026-11-03 07:00"), tick=False):
        processing.request_supplement(dossier, by=province.specialist, reason="Thiếu")
    with time_machine.travel(local("2026-11-04 07:00"), tick=False):
        carried_out(province, OFF, decision=Decision())
    with time_machine.travel(local("2026-11-06 07:00"), tick=False):  # 3rd and 4th: two days
        processing.accept_supplement(dossier, by=province.receptionist)
    assert again(dossier).due_at == local("2026-11-11 17:00")


def test_a_moved_promise_goes_on_by_the_limit(
    province: Province, dossier: Dossier, today: Any
) -> None:
    carried_out(province, OFF)
    with time_machine.travel(local("2026-11-06 07:00"), tick=False):
        processing.request_supplement(dossier, by=province.specialist, reason="Thiếu")
    with time_machine.travel(local("2026-11-09 07:00"), tick=False):
        processing.accept_supplement(dossier, by=province.receptionist)
    assert again(dossier).due_at == local("2026-11-11 17:00")
    with time_machine.travel(local("2026-11-09 08:00"), tick=False):
        carried_out(province, DayChange(OFF.on, ""), number="79")
    fresh = again(dossier)
    assert fresh.due_at == local("2026-11-10 17:00")
    spans, calendar = pause_spans(fresh.pauses.all()), calendar_of(province.centre)
    assert recompute(fresh, spans, calendar, changes_of(fresh)) == fresh.due_at
    assert fresh.events.filter(act="adjust_due").count() == 2
    assert not CalendarDay.objects.filter(on=OFF.on).exists()


def test_a_restart_after_a_kept_promise_gives_the_whole_limit(
    province: Province, today: Any
) -> None:
    province.procedure.versions.update(supplement_policy="restart")
    with time_machine.travel(MONDAY, tick=False):
        dossier = stages.awaiting_supplement(province)
    carried_out(province, OFF, decision=Decision())
    with time_machine.travel(local("2026-11-04 09:00"), tick=False):
        processing.accept_supplement(dossier, by=province.receptionist)
    assert again(dossier).due_at == local("2026-11-12 17:00")  # five days without the 5th


# Who, and once


def test_who_keeps_calendars_may_not_move_promises_and_others_nothing(
    province: Province, dossier: Dossier, today: Any
) -> None:
    keeper = administrator(province)
    change = rehearsed(province, OFF, by=keeper)
    for decision, field in (
        (Decision(later="move", later_reason="Bão"), "later"),
        (Decision(earlier="move"), "earlier"),
    ):
        with pytest.raises(ActDataError) as caught:
            calendar_changing.apply(
                change, by=keeper, decision=decision, digest=bytes(change.digest)
            )
        assert list(caught.value.errors) == [field]
    with pytest.raises(ActDataError) as caught:
        applied(province, change, Decision(later="move", later_reason=" "))
    assert list(caught.value.errors) == ["later_reason"]
    for officer in (province.head, province.receptionist, province.clerk):
        with pytest.raises(ActDataError):
            rehearsed(province, OFF, by=officer)
        with pytest.raises(ActDataError):
            calendar_changing.apply(
                change, by=officer, decision=Decision(), digest=bytes(change.digest)
            )
    done = calendar_changing.apply(
        change, by=keeper, decision=Decision(), digest=bytes(change.digest)
    )
    assert done.applied_by == keeper


def test_an_old_rehearsal_is_not_applied(province: Province, dossier: Dossier, today: Any) -> None:
    first, second = rehearsed(province, OFF), rehearsed(province, WORKED, number="78")
    same_day = rehearsed(province, DayChange(OFF.on, "holiday", "Lễ"), number="79")
    with pytest.raises(ChangeError):
        calendar_changing.apply(
            first, by=province.reformer, decision=Decision(), digest=bytes(second.digest)
        )
    first = applied(province, first)
    with pytest.raises(ChangeError):  # by an older calendar
        applied(province, second)
    second = calendar_changing.rehearse(second)
    with pytest.raises(ChangeError, match="đang được thực hiện"):
        applied(province, second)
    assert calendar_changing.carry_out(first.pk)
    second = applied(province, second)
    with pytest.raises(ChangeError):  # its day is something else now
        calendar_changing.rehearse(same_day)
    for done in (first, second):
        with pytest.raises(ChangeError):
            applied(province, done)
        with pytest.raises(ChangeError):
            calendar_changing.rehearse(done)
    assert Calendar.objects.get().version == second.version_after


def test_the_database_refuses_what_the_services_never_do(
    province: Province, dossier: Dossier, today: Any
) -> None:
    change = carried_out(province, OFF)
    move = change.moves.get()
    for changes in ({"pk": None}, {"pk": None, "event": None, "due_after": None}):
        broken = CalendarMove.objects.get(pk=move.pk)
        for name, value in changes.items():
            setattr(broken, name, value)
        with pytest.raises(IntegrityError), transaction.atomic():
            broken.save(force_insert=True)
    other = rehearsed(province, WORKED, number="78")
    everything = CalendarChange.objects.filter(pk=other.pk)
    for broken_by in (
        {"applied_at": MONDAY},
        {"finished_at": MONDAY},
        {"later": "move"},
        {"version_after": change.version_after},
        {
            "version_after": change.version_after,
            "applied_at": MONDAY,
            "applied_by": province.reformer,
        },
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            everything.update(**broken_by)
    for table in (CalendarMove.objects, change.days):
        with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic():
            table.all().delete()


def test_forgotten_rehearsals_lose_their_lists_and_are_rehearsed_again(
    province: Province, dossier: Dossier, today: Any
) -> None:
    change = rehearsed(province, OFF)
    today.shift(dt.timedelta(days=31))
    assert clock.sweep()["rehearsals"] == 1
    change.refresh_from_db()
    assert change.rehearsed_at is None
    with pytest.raises(ChangeError):
        applied(province, change)
    assert calendar_changing.rehearse(change).rehearsed_at is not None
    anew = CalendarChange.objects.get(pk=change.pk)
    assert calendar_changing.carry_out(applied(province, anew).pk)
    today.shift(dt.timedelta(days=31))
    assert clock.sweep()["rehearsals"] == 1
    last = CalendarChange.objects.get(pk=change.pk)
    assert last.rehearsed_at is not None
    assert last.shifts.get().stage == "planned"


def test_a_rehearsal_runs_as_many_queries_for_one_as_for_many(
    province: Province, today: Any
) -> None:
    with time_machine.travel(MONDAY, tick=False):
        province.log()
        with count_queries() as one:
            rehearsed(province, OFF)
        for _ in range(9):
            province.log()
    with count_queries() as many:
        rehearsed(province, OFF)
    assert len(many) == len(one), str(many)
    assert CalendarShift.objects.count() == 11


# Together


def _in_thread(work: Any) -> tuple[threading.Thread, list[Any]]:
    results: list[Any] = []

    def run() -> None:
        close_old_connections()
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001 - it is the answer
            results.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


@pytest.mark.django_db(transaction=True)
def test_two_officers_apply_the_same_change_once() -> None:
    province = make_province()
    province.log()
    day = CalendarDay.objects.filter(kind="make_up").order_by("-on").first()
    assert day is not None
    change = rehearsed(province, DayChange(day.on, ""))
    version = Calendar.objects.get().version
    pairs = [_in_thread(lambda: applied(province, change)) for _ in range(2)]
    for thread, _results in pairs:
        thread.join(30)
    outcomes = [type(results[0]) for _thread, results in pairs]
    assert sorted(kind.__name__ for kind in outcomes) == ["CalendarChange", "ChangeError"]
    assert Calendar.objects.get().version == version + 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_deal_with_each_dossier_once() -> None:
    province = make_province()
    with time_machine.travel(MONDAY, tick=False):
        made = [stages.in_progress(province) for _ in range(6)]
        change = applied(province, rehearsed(province, OFF), MOVE_ALL)
    pairs = [_in_thread(lambda: calendar_changing.carry_out(change.pk)) for _ in range(3)]
    for thread, _results in pairs:
        thread.join(60)
    assert [results for _thread, results in pairs] == [[True]] * 3
    assert CalendarMove.objects.filter(outcome="moved").count() == len(made)
    for dossier in made:
        assert dossier.events.filter(act="adjust_due").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_change_waits_for_an_acceptance_under_way_and_finds_it() -> None:
    province = make_province()
    with time_machine.travel(MONDAY, tick=False):
        change = rehearsed(province, OFF)
        reading = threading.Event()
        go_on = threading.Event()

        def slow_acceptance() -> Dossier:
            with transaction.atomic():
                found = province.log()
                reading.set()
                assert go_on.wait(20)
            return found

        accepting, accepted = _in_thread(slow_acceptance)
        assert reading.wait(20)
        applying, results = _in_thread(lambda: applied(province, change, MOVE_ALL))
        applying.join(0.5)
        assert applying.is_alive(), results  # it waits for the dossier
        go_on.set()
        accepting.join(20)
        applying.join(20)
        assert isinstance(results[0], CalendarChange), results
        assert accepted[0].due_at == DUE
        assert calendar_changing.carry_out(change.pk)
        assert again(accepted[0]).due_at == LATER
        # Another process would see the same: the version tells.
        assert not calendar_of(province.centre).is_working_day(OFF.on)
        assert province.log().due_at == LATER
    assert connection.vendor == "postgresql"
