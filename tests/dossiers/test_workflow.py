"""The whole table: every act, from every state, by every role, against domain.md 2.3-2.5 as read anew."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, NamedTuple

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from accounts.roles import Role
from dossiers.act_forms import ACT_FORMS
from dossiers.management.commands.print_workflow import PAGE, workflow_page
from dossiers.next_acts import SEGMENTS
from dossiers.workflow import (
    ENDED_STATES,
    FINAL_STATES,
    INTAKE_STATES,
    NATIONAL_STATUS,
    PAUSED_STATES,
    RUNNING_STATES,
    TRANSITIONS,
    Act,
    ClockEffect,
    Facts,
    IllegalTransitionError,
    PaperKind,
    Standing,
    State,
    acts_open_to,
    check,
    national_status,
)

if TYPE_CHECKING:
    from pathlib import Path

# Written from domain.md 2.5 by hand and not from the code. "-" is no dossier yet; a star behind a
# role: it counts at the counter too, when the dossier is elsewhere. The counter does for the
# applicant what has no citizens' account yet (T01, T02, T07, T31).
LAW = """
T01 save_draft          -                    draft                 receptionist applicant
T02 submit              -                    submitted             receptionist applicant representative
T02 submit              draft                submitted             receptionist applicant representative
T03 register            -                    submitted             receptionist
T03 register            draft                submitted             receptionist
T04 receive             submitted            received              receptionist
T05 settle_at_once      submitted            settled               receptionist
T06 request_completion  submitted            awaiting_completion   receptionist
T07 resubmit            awaiting_completion  submitted             receptionist applicant
T09 refuse              submitted            refused               receptionist
T11 transfer            received             awaiting_assignment   receptionist
T12 assign              awaiting_assignment  in_progress           head
T16 request_supplement  in_progress          awaiting_supplement   specialist head
T17 accept_supplement   awaiting_supplement  in_progress           receptionist*
T25 propose             in_progress          awaiting_signature    specialist
T26 send_back           awaiting_signature   in_progress           signer head
T27 approve             awaiting_signature   signed                signer
T28 publish             signed               settled               clerk
T29 return_result       settled              returned              returner*
T31 request_withdrawal  received             withdrawal_requested  receptionist* applicant* representative*
T31 request_withdrawal  awaiting_assignment  withdrawal_requested  receptionist* applicant* representative*
T31 request_withdrawal  in_progress          withdrawal_requested  receptionist* applicant* representative*
T31 request_withdrawal  consulting           withdrawal_requested  receptionist* applicant* representative*
T31 request_withdrawal  awaiting_signature   withdrawal_requested  receptionist* applicant* representative*
T31 request_withdrawal  awaiting_supplement  withdrawal_requested  receptionist* applicant* representative*
T31 request_withdrawal  awaiting_payment     withdrawal_requested  receptionist* applicant* representative*
T32 grant_withdrawal    withdrawal_requested withdrawn             head signer
T35 stop                awaiting_assignment  stopped               signer
T35 stop                in_progress          stopped               signer
T35 stop                consulting           stopped               signer
T35 stop                awaiting_signature   stopped               signer
T35 stop                signed               stopped               signer
"""

# domain.md 2.5, column "Clock"; what is not here leaves it alone.
CLOCK = {
    "T04": "start",
    "T05": "start_stop",
    "T16": "pause",
    "T17": "resume",
    "T28": "stop",
    "T32": "stop",
    "T35": "stop",
}
# Column "Doc", by purpose.
PAPERS = {
    "T04": "receipt",
    "T06": "supplement_request",
    "T09": "refusal",
    "T16": "supplement_request",
    "T32": "stop_notice",
    "T35": "stop_notice",
}
REASONED = {"T06", "T09", "T16", "T26", "T31", "T35"}

# domain.md 2.4, in its order.
NATIONAL = """
draft - submitted 1 awaiting_completion 1 refused 3 received 2 awaiting_assignment 4 in_progress 4
consulting 4 awaiting_supplement 5 awaiting_payment 6 suspended 4 awaiting_signature 4 signed 4
settled 9 returned 10 withdrawal_requested 4 withdrawn 7 stopped 8
"""


class Row(NamedTuple):
    number: str
    target: str
    at_holder: frozenset[str]
    at_counter: frozenset[str]


def the_law() -> dict[tuple[str, str], Row]:
    found = {}
    for line in LAW.split("\n"):
        if line:
            number, act, source, target, *roles = line.split()
            found[act, source] = Row(
                number,
                target,
                frozenset(role.rstrip("*") for role in roles),
                frozenset(role.rstrip("*") for role in roles if role.endswith("*")),
            )
    return found


# What the guards ask is met, so that the bare table shows; the guards have their own tests.
ALLOWING = Facts(settles_at_once=True)


def test_the_whole_matrix_is_what_the_law_says() -> None:
    law = the_law()
    seen = 0
    sources = [None, *State]
    for act, source, role in itertools.product(Act, sources, Role):
        row = law.get((act.value, source.value if source else "-"))
        for place, standing in (
            ("at_holder", Standing(at_holder=frozenset({role}))),
            ("at_counter", Standing(at_counter=frozenset({role}))),
        ):
            expected = row.target if row and role.value in getattr(row, place) else None
            try:
                opening = check(act, state=source, standing=standing, facts=ALLOWING)
            except IllegalTransitionError:
                found = None
            else:
                found = opening.row.target.value
                assert opening.role is role
            assert found == expected, (act, source, role, place)
            seen += 1
    assert seen == 37 * 19 * 14 * 2


def test_acts_open_to_says_what_check_allows() -> None:
    some_facts = [Facts(), ALLOWING, Facts(supplement_rounds=1), Facts(fee_outstanding=True)]
    for state, role, facts in itertools.product(State, Role, some_facts):
        for standing in (
            Standing(at_holder=frozenset({role})),
            Standing(at_counter=frozenset({role})),
            Standing(frozenset({role}), frozenset({role})),
        ):
            allowed = []
            for act in Act:
                try:
                    check(act, state=state, standing=standing, facts=facts)
                except IllegalTransitionError:
                    continue
                allowed.append(act)
            assert sorted(acts_open_to(state, standing, facts)) == sorted(allowed)


def test_a_refusal_names_the_act_and_the_state() -> None:
    with pytest.raises(IllegalTransitionError, match="approve is not open in received") as refused:
        check(Act.APPROVE, state=State.RECEIVED, standing=Standing())
    assert (refused.value.act, refused.value.state) == (Act.APPROVE, State.RECEIVED)


def test_nobody_without_a_role_may_do_anything() -> None:
    for state in State:
        assert acts_open_to(state, Standing()) == []


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.number}-{row.act}")
def test_clock_paper_and_reason_are_those_of_the_law(row: object) -> None:
    assert isinstance(row, type(TRANSITIONS[0]))
    assert row.clock == ClockEffect(CLOCK.get(row.number, "none"))
    wanted = PAPERS.get(row.number)
    assert row.paper == (PaperKind(wanted) if wanted else None)
    assert row.needs_reason == (row.number in REASONED)


def test_every_state_has_its_national_number() -> None:
    words = NATIONAL.split()
    law = {
        name: None if number == "-" else int(number)
        for name, number in zip(words[::2], words[1::2], strict=True)
    }
    assert [state.value for state in State] == list(law)
    assert {state.value: national_status(state) for state in State} == law
    assert set(NATIONAL_STATUS) == set(State)


def test_no_act_leads_out_of_a_final_state_and_every_other_state_of_the_built_acts_has_one() -> (
    None
):
    sources = {source for row in TRANSITIONS for source in row.sources}
    assert {state.value for state in FINAL_STATES} == {
        "refused",
        "returned",
        "withdrawn",
        "stopped",
    }
    assert not sources & FINAL_STATES
    reached = {row.target for row in TRANSITIONS}
    assert reached - FINAL_STATES <= sources


def test_groups_of_states_part_the_life_of_a_dossier() -> None:
    groups = [INTAKE_STATES, RUNNING_STATES, ENDED_STATES]
    assert set().union(*groups) == set(State)
    assert sum(len(group) for group in groups) == len(State)
    assert PAUSED_STATES < RUNNING_STATES
    assert {row.target for row in TRANSITIONS if row.clock is ClockEffect.PAUSE} <= PAUSED_STATES
    for row in TRANSITIONS:
        stops = row.clock in {ClockEffect.STOP, ClockEffect.START_STOP}
        enters_the_end = row.target in ENDED_STATES and not row.sources & ENDED_STATES
        assert stops == enters_the_end, row.act


def test_acts_have_the_37_names_of_the_law_and_14_roles() -> None:
    assert len(Act) == 37
    assert len(Role) == 14
    assert len(State) == 18


def test_settling_at_once_asks_a_procedure_that_knows_no_appointment() -> None:
    standing = Standing(at_holder=frozenset({Role.RECEPTIONIST}))
    assert Act.SETTLE_AT_ONCE not in acts_open_to(State.SUBMITTED, standing)
    assert Act.SETTLE_AT_ONCE in acts_open_to(State.SUBMITTED, standing, ALLOWING)


def test_the_second_supplement_needs_the_head() -> None:
    """T16: the first time only without extra approval."""
    again = Facts(supplement_rounds=1)
    specialist = Standing(at_holder=frozenset({Role.SPECIALIST}))
    assert Act.REQUEST_SUPPLEMENT in acts_open_to(State.IN_PROGRESS, specialist)
    assert Act.REQUEST_SUPPLEMENT not in acts_open_to(State.IN_PROGRESS, specialist, again)
    both = Standing(at_holder=frozenset({Role.SPECIALIST, Role.HEAD}))
    opening = check(Act.REQUEST_SUPPLEMENT, state=State.IN_PROGRESS, standing=both, facts=again)
    assert opening.role is Role.HEAD


def test_every_built_act_on_a_dossier_has_its_form_and_its_address() -> None:
    built = {row.act for row in TRANSITIONS if row.sources}
    assert built == set(ACT_FORMS)
    assert built <= set(SEGMENTS)
    assert len(set(SEGMENTS.values())) == len(SEGMENTS)


def test_an_act_that_needs_a_reason_asks_for_it_in_its_form() -> None:
    for row in TRANSITIONS:
        if row.needs_reason:
            assert ACT_FORMS[row.act].base_fields["reason"].required, row.act


def test_the_printed_workflow_is_fresh() -> None:
    """Mend it with: manage.py print_workflow."""
    assert (settings.BASE_DIR / PAGE).read_text(encoding="utf-8") == workflow_page()


def test_the_printed_workflow_names_every_row() -> None:
    page = workflow_page()
    for row in TRANSITIONS:
        assert re.search(rf"^\| {row.number} \| `{row.act.value}` ", page, re.MULTILINE)
        for source in row.sources:
            assert f"    {source.value} --> {row.target.value}: {row.act.value}\n" in page
    assert page.count("```") == 2


def test_print_workflow_writes_the_page_and_finds_a_stale_one(
    settings: object, tmp_path: Path
) -> None:
    settings.BASE_DIR = tmp_path  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="stale"):
        call_command("print_workflow", "--check")
    call_command("print_workflow")
    call_command("print_workflow", "--check")
    page = tmp_path / PAGE
    page.write_text(page.read_text(encoding="utf-8").replace("T04", "T40"), encoding="utf-8")
    with pytest.raises(CommandError, match="stale"):
        call_command("print_workflow", "--check")
