"""What a ministry's system settles: told by machine, closed by nobody here (domain.md 6.4, B5)."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.utils import timezone

from accounts.roles import Role
from dossiers.chain import chain_faults
from dossiers.models import MirrorMessage
from dossiers.recording import ActDataError
from dossiers.services import closing, mirroring, processing
from dossiers.workflow import (
    MACHINE,
    TRANSITIONS,
    Act,
    Facts,
    IllegalTransitionError,
    Standing,
    State,
    acts_open_to,
    acts_to_ask,
    check,
)
from tests.factories import local

if TYPE_CHECKING:
    from dossiers.models import Dossier
    from tests.province import Province

SYSTEM = "Hệ thống đăng ký doanh nghiệp của Bộ Tài chính"
# What an officer of the province may still do with a tracked dossier, whatever its state.
OPEN_TO_OFFICERS = {
    "save_draft", "submit", "register", "receive", "request_completion", "resubmit",
    "lapse_completion", "refuse", "cancel", "transfer", "return_result", "remind_collection",
    "remind_applicant", "adjust_due",
}  # fmt: skip


@pytest.fixture
def tracked(province: Province) -> Any:
    """A dossier of a procedure that the ministry settles, received Monday 24/8/2026 at 8:00."""
    province.procedure.versions.update(system_of_record=SYSTEM)
    with time_machine.travel("2026-08-24T08:00+07:00", tick=False):
        dossier = processing.transfer(province.log(), by=province.receptionist)
    with time_machine.travel("2026-09-30T08:00+07:00", tick=False):
        yield dossier


def tell(dossier: Dossier, state: int, at: str, reference: str = "", **more: Any) -> MirrorMessage:
    return mirroring.mirror(
        dossier,
        state=state,
        at=local(at),
        reference=reference or f"{state}@{at}",
        reason=more.pop("reason", "Theo tin của hệ thống"),
        **more,
    )


def test_each_national_number_leads_to_its_state(tracked: Dossier) -> None:
    told = [
        (4, "2026-08-24 09:00", "in_progress"),
        (5, "2026-08-24 10:00", "awaiting_supplement"),
        (6, "2026-08-24 11:00", "awaiting_payment"),
        (4, "2026-08-24 13:30", "in_progress"),
        (9, "2026-08-26 09:00", "settled"),
        (10, "2026-08-27 09:00", "returned"),
    ]
    for number, at, state in told:
        message = tell(tracked, number, at)
        assert message.outcome == "applied"
        assert message.dossier.state == state
        assert message.dossier.national_status == number
    tracked.refresh_from_db()
    assert tracked.settled_at == local("2026-08-26 09:00")
    assert tracked.returned_at == local("2026-08-27 09:00")
    assert (tracked.result_kind, tracked.delivery_state) == ("granted", "done")
    assert tracked.holder_agency == tracked.receiving_agency
    assert chain_faults(tracked) == []


@pytest.mark.parametrize(("number", "state"), [(7, "withdrawn"), (8, "stopped")])
def test_an_end_without_result_is_an_end(tracked: Dossier, number: int, state: str) -> None:
    dossier = tell(tracked, number, "2026-08-25 09:00").dossier
    assert dossier.state == state
    assert dossier.settled_at == local("2026-08-25 09:00")
    assert (dossier.result_kind, dossier.delivery_state) == ("", "none")


def test_ten_without_nine_is_the_end_too(tracked: Dossier) -> None:
    dossier = tell(tracked, 10, "2026-08-26 09:00", result_number="12/GCN").dossier
    assert dossier.settled_at == dossier.returned_at == local("2026-08-26 09:00")
    assert dossier.result_number == "12/GCN"


def test_a_supplement_stops_the_clock_and_moves_the_date(tracked: Dossier) -> None:
    # Received Monday 24/8, five working days: 25-28/8, then Thursday 3/9, for 31/8 is swapped off
    # and 1-2/9 are National Day.
    assert tracked.due_at == local("2026-09-03 17:00")
    dossier = tell(tracked, 5, "2026-08-25 08:00").dossier
    assert dossier.paused_at == local("2026-08-25 08:00")
    assert dossier.supplement_count == 1
    dossier = tell(tracked, 4, "2026-08-27 08:00").dossier
    # Two working days stood: Thursday 3/9 and two more make Monday 7/9.
    assert dossier.due_original_at == local("2026-09-03 17:00")
    assert dossier.due_at == local("2026-09-07 17:00")
    assert not dossier.is_paused
    pause = dossier.pauses.get()
    assert (pause.state, pause.ended_at) == ("awaiting_supplement", local("2026-08-27 08:00"))
    change = dossier.due_date_changes.get()
    assert change.due_after == dossier.due_at
    asked = dossier.supplement_rounds.get()
    assert (asked.requested_by, asked.answered_at) == (None, local("2026-08-27 08:00"))
    effects = list(dossier.events.filter(act=Act.MIRROR).values_list("clock_effect", flat=True))
    assert effects == ["pause", "resume"]


def test_a_restart_counts_the_whole_limit_again(province: Province, tracked: Dossier) -> None:
    province.procedure.versions.update(supplement_policy="restart")
    tell(tracked, 5, "2026-08-25 08:00")
    dossier = tell(tracked, 4, "2026-08-27 08:00").dossier
    assert dossier.events.last().clock_effect == "restart"  # type: ignore[union-attr]
    # From Thursday 27/8: 28/8, 3/9, 4/9, 7/9 and Tuesday 8/9.
    assert dossier.due_at == local("2026-09-08 17:00")


def test_a_known_reference_changes_nothing(tracked: Dossier) -> None:
    first = tell(tracked, 5, "2026-08-25 08:00", "tin-1")
    tell(tracked, 4, "2026-08-26 08:00", "tin-2")
    again = tell(tracked, 5, "2026-08-25 08:00", "tin-1")
    assert again.pk == first.pk
    tracked.refresh_from_db()
    assert tracked.state == "in_progress"
    assert tracked.mirror_messages.count() == 2
    assert tracked.pauses.count() == 1


def test_a_reference_that_says_something_else_is_an_error(tracked: Dossier) -> None:
    tell(tracked, 5, "2026-08-25 08:00", "tin-1")
    with pytest.raises(ActDataError) as raised:
        tell(tracked, 9, "2026-08-25 08:00", "tin-1")
    assert list(raised.value.errors) == ["reference"]


def test_what_comes_late_is_kept_and_moves_nothing_back(tracked: Dossier) -> None:
    tell(tracked, 9, "2026-08-26 09:00")
    late = tell(tracked, 5, "2026-08-25 08:00", reason="Thiếu bản sao")
    assert (late.outcome, late.event) == ("late", None)
    tracked.refresh_from_db()
    assert tracked.state == "settled"
    assert tracked.settled_at == local("2026-08-26 09:00")
    assert not tracked.pauses.exists()
    assert tracked.mirror_messages.get(outcome="late").reason == "Thiếu bản sao"


def test_a_newer_word_after_the_result_opens_it_again_with_an_event(tracked: Dossier) -> None:
    tell(tracked, 9, "2026-08-26 09:00")
    dossier = tell(tracked, 4, "2026-08-27 09:00").dossier
    assert (dossier.state, dossier.settled_at, dossier.delivery_state) == (
        "in_progress",
        None,
        "none",
    )
    assert dossier.holder_agency == dossier.competent_agency
    assert dossier.events.filter(act=Act.MIRROR).count() == 2


def test_the_same_state_again_is_heard_but_no_act(tracked: Dossier) -> None:
    tell(tracked, 5, "2026-08-25 08:00")
    same = tell(tracked, 5, "2026-08-25 09:00")
    assert (same.outcome, same.event) == ("same", None)
    assert same.dossier.supplement_count == 1
    # It was heard at nine: what is told of half past eight comes too late.
    assert tell(tracked, 4, "2026-08-25 08:30").outcome == "late"


def test_what_cannot_be_is_kept_as_refused(province: Province, tracked: Dossier) -> None:
    assert tell(tracked, 4, "2026-08-24 07:00").outcome == "refused"  # before it was received
    tell(tracked, 10, "2026-08-26 09:00")
    assert tell(tracked, 4, "2026-08-27 09:00").outcome == "refused"  # handed over already


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"state": 3}, "state"),
        ({"at": dt.datetime(2027, 1, 1, 8, tzinfo=dt.UTC)}, "at"),
        ({"at": dt.datetime(2026, 8, 25, 8)}, "at"),  # noqa: DTZ001 - what is refused
        ({"reference": " "}, "reference"),
        ({"reference": "x" * 101}, "reference"),
        ({"reason": ""}, "reason"),
        ({"result_number": "9" * 61}, "result_number"),
    ],
)
def test_a_faulty_message_names_its_field(
    tracked: Dossier, changes: dict[str, Any], field: str
) -> None:
    said: dict[str, Any] = {
        "state": 4,
        "at": local("2026-08-25 08:00"),
        "reference": "tin-1",
        "reason": "Theo tin của hệ thống",
    }
    with pytest.raises(ActDataError) as raised:
        mirroring.mirror(tracked, **{**said, **changes})
    assert list(raised.value.errors) == [field]
    assert not MirrorMessage.objects.exists()


def test_what_the_province_settles_itself_is_told_by_nobody(province: Province) -> None:
    dossier = province.log()
    with pytest.raises(IllegalTransitionError):
        mirroring.mirror(
            dossier, state=9, at=timezone.now(), reference="tin-1", reason="Nhầm hồ sơ"
        )
    assert not MirrorMessage.objects.exists()


def test_nobody_here_closes_or_works_on_a_tracked_dossier() -> None:
    """Every act in every state for every officer's role, in all places at once."""
    facts = Facts(is_tracked_only=True, reply_is_overdue=True, is_reminded=True)
    for state, role in itertools.product(State, set(Role) - {Role.SYSTEM}):
        everywhere = Standing(*[frozenset({role})] * 5)
        offered = {*acts_open_to(state, everywhere, facts), *acts_to_ask(state, everywhere, facts)}
        assert offered <= OPEN_TO_OFFICERS, (state, role)
        for act in set(Act) - OPEN_TO_OFFICERS:
            with pytest.raises(IllegalTransitionError):
                check(act, state=state, standing=everywhere, facts=facts)


def test_the_machine_alone_mirrors_and_only_what_is_tracked() -> None:
    rows = [row for row in TRANSITIONS if row.act is Act.MIRROR]
    assert {role for row in rows for role in row.roles} == {Role.SYSTEM}
    assert not any(row.proposers for row in rows)
    for state in State:
        assert Act.MIRROR not in acts_open_to(state, MACHINE, Facts())


def test_the_counter_hands_over_what_the_ministry_settled(
    province: Province, tracked: Dossier
) -> None:
    tell(tracked, 9, "2026-08-26 09:00")
    done = closing.return_result(tracked, by=province.receptionist)
    assert done.state == "returned"
    assert done.settled_at == local("2026-08-26 09:00")


def test_no_officer_stops_or_publishes_it(province: Province, tracked: Dossier) -> None:
    with pytest.raises(IllegalTransitionError):
        processing.assign(tracked, by=province.head)
    with pytest.raises(IllegalTransitionError):
        closing.stop(tracked, by=province.head, reason="Trùng hồ sơ")
    with pytest.raises(IllegalTransitionError):
        closing.request_withdrawal(tracked, by=province.receptionist, reason="Không cần nữa")
