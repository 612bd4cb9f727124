"""Inside the settling agency: who has the dossier, and what a supplement does to the clock."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from accounts.roles import Role
from agencies.models import OfficerRole
from dossiers.models import Dossier, Pause
from dossiers.recording import ActDataError
from dossiers.services import processing
from dossiers.services.intake import Paper
from dossiers.workflow import IllegalTransitionError
from tests.dossiers.conftest import OfficerClient
from tests.dossiers.stages import awaiting_assignment, awaiting_supplement, in_progress
from tests.factories import OfficerFactory, ProcedureFactory

if TYPE_CHECKING:
    from agencies.models import Officer
    from tests.province import Province

at = dt.datetime.fromisoformat


def colleague(province: Province) -> Officer:
    return OfficerFactory.create(agency=province.department, roles=[Role.SPECIALIST])


# Who has it


def test_the_named_specialist_takes_it_else_the_least_loaded(province: Province) -> None:
    alone = processing.assign(awaiting_assignment(province), by=province.head)
    assert alone.holder_officer == province.specialist
    other = colleague(province)
    spared = processing.assign(awaiting_assignment(province), by=province.head)
    assert spared.holder_officer == other
    named = processing.assign(awaiting_assignment(province), by=province.head, assignee=other)
    assert named.holder_officer == other
    assert named.events.get(act="assign").data == {"assignee": other.pk}
    assert (
        processing.assign(awaiting_assignment(province), by=province.head).holder_officer
        == province.specialist
    )


def test_a_specialist_of_yesterday_is_given_nothing(province: Province) -> None:
    """The clerk's role of today must not lend its days to another role of theirs."""
    OfficerRole.objects.create(
        officer=province.clerk,
        agency=province.department,
        role=Role.SPECIALIST,
        valid_to=dt.date(2020, 1, 1),
    )
    for _ in range(3):
        done = processing.assign(awaiting_assignment(province), by=province.head)
        assert done.holder_officer == province.specialist
    with pytest.raises(ActDataError):
        processing.assign(awaiting_assignment(province), by=province.head, assignee=province.clerk)


def test_nobody_to_assign_to_names_assignee(province: Province) -> None:
    waiting = awaiting_assignment(province)
    OfficerRole.objects.filter(role=Role.SPECIALIST, agency=province.department).delete()
    with pytest.raises(ActDataError) as refused:
        processing.assign(waiting, by=province.head)
    assert set(refused.value.errors) == {"assignee"}


def test_only_a_specialist_of_the_holding_agency_can_be_given_it(province: Province) -> None:
    waiting = awaiting_assignment(province)
    for officer in (province.stranger, province.clerk, province.receptionist):
        with pytest.raises(ActDataError) as refused:
            processing.assign(waiting, by=province.head, assignee=officer)
        assert set(refused.value.errors) == {"assignee"}
    head = OfficerClient(province.head)
    for name in (province.stranger.user.username, "không ai", "x" * 5000):
        answer = head.act(str(waiting.code), "assign", 3, assignee=name)
        assert answer.status_code == 400, name
        assert set(answer.json()["errors"]) == {"assignee"}


def test_it_leaves_the_specialists_hands_and_comes_back_to_them(province: Province) -> None:
    draft = processing.propose(in_progress(province), by=province.specialist)
    assert draft.holder_officer is None  # whose time runs now is the signer's
    back = processing.send_back(draft, by=province.head, reason="Làm lại")
    assert back.holder_officer == province.specialist
    again = processing.propose(back, by=province.specialist)
    assert processing.approve(again, by=province.head).holder_officer is None


def test_a_role_that_has_ended_opens_nothing(province: Province) -> None:
    waiting = awaiting_assignment(province)
    OfficerRole.objects.filter(officer=province.head).update(valid_to=dt.date(2020, 1, 1))
    province.head.__dict__.pop("_held_roles", None)
    with pytest.raises(IllegalTransitionError):
        processing.assign(waiting, by=province.head)


# What a supplement does to the clock (domain.md 3.5)

RECEIVED = "2026-11-09T09:00+07:00"  # a Monday; five working days: Mon 16/11 17:00
ASKED = "2026-11-11T10:00+07:00"  # Wednesday
ANSWERED = "2026-11-13T10:00+07:00"  # Friday: 16 working hours later


def waiting_for_papers(province: Province, **changes: Any) -> Dossier:
    with time_machine.travel(RECEIVED, tick=False):
        dossier = processing.transfer(province.log(**changes), by=province.receptionist)
        dossier = processing.assign(dossier, by=province.head)
    with time_machine.travel(ASKED, tick=False):
        return processing.request_supplement(
            dossier, by=province.specialist, reason="Thiếu bản vẽ", items=["Bản vẽ"]
        )


def answer(province: Province, dossier: Dossier, moment: str = ANSWERED, **data: Any) -> Dossier:
    with time_machine.travel(moment, tick=False):
        done = processing.accept_supplement(dossier, by=province.receptionist, **data)
    done.refresh_from_db()
    return done


def test_the_clock_stands_from_the_request_on(province: Province) -> None:
    dossier = waiting_for_papers(province)
    dossier.refresh_from_db()
    assert dossier.paused_at == at(ASKED)
    assert dossier.supplement_count == 1
    assert dossier.due_at == at("2026-11-16T17:00+07:00")
    pause = dossier.pauses.get()
    assert (pause.state, pause.started_at, pause.ended_at) == (
        "awaiting_supplement",
        at(ASKED),
        None,
    )
    asked = dossier.supplement_rounds.get()
    assert (asked.number, asked.items, asked.due_before) == (1, ["Bản vẽ"], dossier.due_at)
    assert asked.reply_by == dt.date(2026, 12, 11)  # 30 days where nothing is said
    assert dossier.holder_officer == province.specialist
    assert not Dossier.objects.overdue(at("2027-01-04T09:00+07:00")).exists()


def test_the_working_time_that_stood_moves_the_date(province: Province) -> None:
    dossier = answer(province, waiting_for_papers(province), papers=[Paper("Bản vẽ")])
    # 16 working hours from Mon 16/11 17:00: Wed 18/11 17:00.
    assert dossier.due_at == at("2026-11-18T17:00+07:00")
    assert dossier.due_on == dt.date(2026, 11, 18)
    assert dossier.due_original_at == at("2026-11-16T17:00+07:00")
    assert (dossier.state, dossier.paused_at) == ("in_progress", None)
    assert dossier.pauses.get().ended_at == at(ANSWERED)
    change = dossier.due_date_changes.get()
    assert (change.due_before, change.due_after) == (dossier.due_original_at, dossier.due_at)
    assert change.event.act == "accept_supplement"
    asked = dossier.supplement_rounds.get()
    assert (asked.answered_at, asked.due_after) == (at(ANSWERED), dossier.due_at)
    assert dossier.documents.get(supplement_round=1).name == "Bản vẽ"
    old, new = dossier.slips.filter(kind="receipt").order_by("pk")
    assert (new.replaces, new.due_at) == (old, dossier.due_at)
    assert old.due_at == dossier.due_original_at


def test_an_hour_of_waiting_moves_a_friday_evening_to_monday_morning(province: Province) -> None:
    """domain.md 3.5: paused 1 h, due Fri 17:00 → Mon 08:00; windows open at 07:00."""
    with time_machine.travel("2026-11-06T09:00+07:00", tick=False):  # Friday, due Fri 13/11
        dossier = processing.transfer(province.log(), by=province.receptionist)
        dossier = processing.assign(dossier, by=province.head)
    with time_machine.travel("2026-11-09T09:00+07:00", tick=False):
        dossier = processing.request_supplement(dossier, by=province.specialist, reason="Thiếu")
    done = answer(province, dossier, "2026-11-09T10:00+07:00")
    assert done.due_original_at == at("2026-11-13T17:00+07:00")
    assert done.due_at == at("2026-11-16T08:00+07:00")


def test_waiting_outside_working_time_moves_nothing_and_prints_nothing(province: Province) -> None:
    with time_machine.travel(RECEIVED, tick=False):
        dossier = processing.transfer(province.log(), by=province.receptionist)
        dossier = processing.assign(dossier, by=province.head)
    with time_machine.travel("2026-11-11T18:00+07:00", tick=False):
        dossier = processing.request_supplement(dossier, by=province.specialist, reason="Thiếu")
    done = answer(province, dossier, "2026-11-12T06:00+07:00")
    assert done.due_at == done.due_original_at
    assert not done.due_date_changes.exists()
    assert done.slips.filter(kind="receipt").count() == 1


def test_two_supplements_add_up_from_the_first_promise(province: Province) -> None:
    dossier = answer(province, waiting_for_papers(province))
    with time_machine.travel("2026-11-16T09:00+07:00", tick=False):
        dossier = processing.request_supplement(dossier, by=province.head, reason="Vẫn thiếu")
    assert dossier.supplement_count == 2
    done = answer(province, dossier, "2026-11-17T09:00+07:00")
    # 16 + 8 working hours from Mon 16/11 17:00, never from the moved date plus a day.
    assert done.due_at == at("2026-11-19T17:00+07:00")
    assert done.due_date_changes.count() == 2
    assert list(done.supplement_rounds.values_list("number", flat=True)) == [1, 2]


def test_the_second_supplement_is_the_heads_to_ask(province: Province) -> None:
    dossier = answer(province, waiting_for_papers(province))
    with pytest.raises(IllegalTransitionError):
        processing.request_supplement(dossier, by=province.specialist, reason="Nữa")
    done = processing.request_supplement(dossier, by=province.head, reason="Nữa")
    assert done.events.order_by("seq").last().actor_role == "head"  # type: ignore[union-attr]


def test_where_the_procedure_says_so_the_whole_limit_starts_again(province: Province) -> None:
    province.procedure.versions.update(supplement_policy="restart")
    dossier = answer(province, waiting_for_papers(province))
    # Five working days from Fri 13/11.
    assert dossier.due_at == at("2026-11-20T17:00+07:00")
    assert dossier.events.get(act="accept_supplement").clock_effect == "restart"
    assert dossier.pauses.get().restarts
    assert dossier.due_original_at == at("2026-11-16T17:00+07:00")


def test_calendar_days_are_moved_by_the_midnights_that_passed(province: Province) -> None:
    province.procedure = ProcedureFactory.create(
        cases=[("10", "day")], offering=province.department
    )
    dossier = waiting_for_papers(province)
    assert dossier.due_at == at("2026-11-19T17:00+07:00")
    done = answer(province, dossier)
    # Two midnights: Sat 21/11, rolled to Mon 23/11.
    assert done.due_at == at("2026-11-23T17:00+07:00")


def test_a_date_the_officer_set_is_moved_by_the_working_time_that_stood(province: Province) -> None:
    province.procedure = ProcedureFactory.create(
        cases=[(None, "other")], offering=province.department
    )
    dossier = waiting_for_papers(province, due_on=dt.date(2026, 11, 25), reason="Theo kế hoạch")
    assert dossier.due_at == at("2026-11-25T17:00+07:00")
    done = answer(province, dossier)
    assert done.due_at == at("2026-11-27T17:00+07:00")
    assert done.due_original_at == at("2026-11-25T17:00+07:00")


def test_without_a_date_a_supplement_leaves_none(province: Province) -> None:
    province.procedure = ProcedureFactory.create(
        cases=[(None, "none")], offering=province.department
    )
    done = answer(province, waiting_for_papers(province))
    assert (done.due_at, done.due_on) == (None, None)
    assert not done.due_date_changes.exists()


def test_a_reply_date_in_the_past_is_refused(province: Province) -> None:
    dossier = in_progress(province)
    with pytest.raises(ActDataError) as refused:
        processing.request_supplement(
            dossier, by=province.specialist, reason="r", reply_by=dt.date(2020, 1, 1)
        )
    assert set(refused.value.errors) == {"reply_by"}
    assert not Pause.objects.exists()
    specialist = OfficerClient(province.specialist)
    for bad in ("2020-01-01", "ngày mai", "9999-13-01", 20260101):
        answer = specialist.act(
            str(dossier.code), "request_supplement", 4, reason="r", reply_by=bad
        )
        assert answer.status_code == 400
        assert set(answer.json()["errors"]) == {"reply_by"}


def test_the_counter_takes_the_papers_though_the_dossier_is_elsewhere(province: Province) -> None:
    dossier = awaiting_supplement(province)
    assert dossier.holder_agency == province.department
    done = processing.accept_supplement(dossier, by=province.receptionist, note="Đủ")
    event = done.events.get(act="accept_supplement")
    assert (event.agency, event.holder_agency) == (province.centre, province.department)
    with pytest.raises(IllegalTransitionError):
        processing.accept_supplement(awaiting_supplement(province), by=province.specialist)
