"""The whole table: every act, from every state, by every role, against domain.md 2.3-2.5 as read anew."""

from __future__ import annotations

import dataclasses
import itertools
import re
from typing import TYPE_CHECKING, Any, NamedTuple

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
    MACHINE,
    NATIONAL_STATUS,
    PAUSED_STATES,
    RUNNING_STATES,
    TRANSITIONS,
    Act,
    Aim,
    ClockEffect,
    Facts,
    IllegalTransitionError,
    Opening,
    PaperKind,
    Place,
    Standing,
    State,
    acts_open_to,
    acts_to_ask,
    check,
    check_asking,
    check_declining,
    leads_on,
    national_status,
    target_of,
    ways_to_reopen,
)

if TYPE_CHECKING:
    from pathlib import Path

# Written from domain.md 2.5 by hand and not from the code. "-" is no dossier yet. The target: "="
# the same state, "<" the one before, "?" the one chosen. Behind a role: "*" counts at the counter
# too when the dossier is elsewhere, "+" at the settling agency alone, "!" only where an opinion is
# asked, "^" only over the province. After "|" who may ask for it. The counter does for the
# applicant what has no citizens' account yet (T01, T02, T07, T10, T31).
LAW = """
T01 save_draft          -                    draft                 receptionist applicant
T01 save_draft          draft                =                     receptionist applicant
T02 submit              -                    submitted             receptionist applicant representative
T02 submit              draft                submitted             receptionist applicant representative
T03 register            -                    submitted             receptionist courier
T03 register            draft                submitted             receptionist courier
T04 receive             submitted            received              receptionist
T05 settle_at_once      submitted            settled               receptionist
T06 request_completion  submitted            awaiting_completion   receptionist
T07 resubmit            awaiting_completion  submitted             receptionist applicant representative
T08 lapse_completion    awaiting_completion  refused               receptionist | system
T09 refuse              submitted            refused               receptionist
T10 cancel              draft                withdrawn             receptionist* applicant* representative*
T10 cancel              submitted            withdrawn             receptionist* applicant* representative*
T11 transfer            received             awaiting_assignment   receptionist
T12 assign              awaiting_assignment  in_progress           head
T12 assign              in_progress          =                     head
T12 assign              consulting           =                     head
T12 assign              awaiting_supplement  =                     head
T12 assign              awaiting_payment     =                     head
T12 assign              suspended            =                     head
T13 redirect            awaiting_assignment  awaiting_assignment   head | specialist
T13 redirect            in_progress          awaiting_assignment   head | specialist
T14 consult             in_progress          consulting            specialist head
T14 consult             consulting           =                     specialist head
T15 answer_consultation consulting           in_progress           consulted_agency! head! specialist! system!
T16 request_supplement  in_progress          awaiting_supplement   specialist head signer | specialist head
T17 accept_supplement   awaiting_supplement  in_progress           receptionist*
T18 lapse_supplement    awaiting_supplement  stopped               head signer | system
T19 request_payment     in_progress          awaiting_payment      specialist receptionist*
T20 confirm_payment     awaiting_payment     in_progress           receptionist* system*
T21 lapse_payment       awaiting_payment     stopped               signer | system
T22 suspend             awaiting_assignment  suspended             signer | specialist head
T22 suspend             in_progress          suspended             signer | specialist head
T22 suspend             consulting           suspended             signer | specialist head
T22 suspend             awaiting_signature   suspended             signer | specialist head
T22 suspend             signed               suspended             signer | specialist head
T23 resume              suspended            <                     head signer
T24 extend              awaiting_assignment  =                     signer | specialist head
T24 extend              in_progress          =                     signer | specialist head
T24 extend              consulting           =                     signer | specialist head
T24 extend              awaiting_signature   =                     signer | specialist head
T24 extend              signed               =                     signer | specialist head
T25 propose             in_progress          awaiting_signature    specialist
T26 send_back           awaiting_signature   in_progress           signer head
T27 approve             awaiting_signature   signed                signer
T28 publish             signed               settled               clerk
T29 return_result       settled              returned              returner* courier* system*
T30 remind_collection   settled              =                     returner* system*
T31 request_withdrawal  received             withdrawal_requested  receptionist* applicant* representative*
T31 request_withdrawal  awaiting_assignment  withdrawal_requested  receptionist* applicant* representative*
T31 request_withdrawal  in_progress          withdrawal_requested  receptionist* applicant* representative*
T31 request_withdrawal  consulting           withdrawal_requested  receptionist* applicant* representative*
T31 request_withdrawal  awaiting_signature   withdrawal_requested  receptionist* applicant* representative*
T31 request_withdrawal  awaiting_supplement  withdrawal_requested  receptionist* applicant* representative*
T31 request_withdrawal  awaiting_payment     withdrawal_requested  receptionist* applicant* representative*
T32 grant_withdrawal    withdrawal_requested withdrawn             head signer
T33 refuse_withdrawal   withdrawal_requested <                     head
T34 propose_denial      in_progress          awaiting_signature    specialist
T35 stop                awaiting_assignment  stopped               signer | specialist head
T35 stop                in_progress          stopped               signer | specialist head
T35 stop                consulting           stopped               signer | specialist head
T35 stop                awaiting_signature   stopped               signer | specialist head
T35 stop                signed               stopped               signer | specialist head
T36 correct_result      -                    awaiting_assignment   head+
T36 correct_result      settled              =                     head+
T36 correct_result      returned             =                     head+
B3  remind_applicant    awaiting_completion  =                     receptionist* system*
B3  remind_applicant    awaiting_supplement  =                     receptionist* system*
B3  remind_applicant    awaiting_payment     =                     receptionist* system*
B6  open_part           -                    awaiting_assignment   system
"""
# T37 leads on from every state a dossier was ever submitted in; B4 moves the date of a running one.
for _state in State:
    if _state not in {State.DRAFT, State.SUBMITTED, State.AWAITING_COMPLETION}:
        LAW += f"T37 reopen {_state.value} ? reform_officer^ | supervisor reform_officer\n"
    if _state in RUNNING_STATES:
        LAW += f"B4 adjust_due {_state.value} = reform_officer^ system^\n"
    # Where a payment is waited for, T20 takes it.
    if _state not in {State.DRAFT, State.AWAITING_PAYMENT}:
        LAW += f"B10 record_payment {_state.value} = receptionist* returner* system*\n"

# domain.md 2.5, column "Clock"; what is not here leaves it alone.
CLOCK = {
    "T04": "start",
    "T05": "start_stop",
    "T16": "pause",
    "T17": "resume",
    "T18": "stop",
    "T19": "pause",
    "T20": "resume",
    "T21": "stop",
    "T22": "pause",
    "T23": "resume",
    "T28": "stop",
    "T32": "stop",
    "T35": "stop",
    "T36 new": "start",
    "B6 new": "start",
    "B7": "stop",
}
# Column "Doc", by purpose.
PAPERS = {
    "T04": "receipt",
    "T06": "supplement_request",
    "T08": "refusal",
    "T09": "refusal",
    "T14": "consultation",
    "T16": "supplement_request",
    "T18": "stop_notice",
    "T19": "payment_notice",
    "T21": "stop_notice",
    "T22": "suspension_notice",
    "T24": "apology",
    "T32": "stop_notice",
    "T33": "withdrawal_refusal",
    "T35": "stop_notice",
    "T36 new": "receipt",
}
REASONED = {
    "T06",
    "T09",
    "T10",
    "T13",
    "T16",
    "T22",
    "T24",
    "T26",
    "T31",
    "T33",
    "T34",
    "T35",
    "T36",
    "T37",
    "B2",
    "B4",
    "B5",
    "B8",
}

# domain.md 2.4, in its order.
NATIONAL = """
draft - submitted 1 awaiting_completion 1 refused 3 received 2 awaiting_assignment 4 in_progress 4
consulting 4 awaiting_supplement 5 awaiting_payment 6 suspended 4 awaiting_signature 4 signed 4
settled 9 returned 10 withdrawal_requested 4 withdrawn 7 stopped 8
"""


PLACES = {
    "": ("at_holder",),
    "*": ("at_holder", "at_counter"),
    "+": ("at_competent",),
    "!": ("at_consulted",),
    "^": ("in_province",),
}
AIMS = {"=": "same", "<": "previous", "?": "chosen"}


class Row(NamedTuple):
    number: str
    target: str
    # (place, role) pairs that do it, and the roles that may ask for it in the same places.
    by: frozenset[tuple[str, str]]
    asked_by: frozenset[tuple[str, str]]


def the_law() -> dict[tuple[str, str], Row]:
    found = {}
    for line in LAW.split("\n"):
        if line:
            named, _bar, askers = line.partition("|")
            number, act, source, target, *roles = named.split()
            named_at = [
                (role.rstrip("*+!^"), PLACES[role[len(role.rstrip("*+!^")) :]]) for role in roles
            ]
            found[act, source] = Row(
                number,
                AIMS.get(target, target),
                frozenset((p, role) for role, places in named_at for p in places),
                # Whoever may only ask does so where it is decided.
                frozenset((p, role) for role in askers.split() for p in named_at[0][1]),
            )
    return found


# What the guards ask is met, so that the bare table shows; the guards have their own tests.
ALLOWING = Facts(
    settles_at_once=True,
    reply_is_overdue=True,
    is_reminded=True,
    is_notice_served=True,
    fee_outstanding=True,
    open_consultations=1,
    asked=(("reopen", "supervisor"),),
)


def standing_at(place: str, *roles: Role) -> Standing:
    return Standing(**{place: frozenset(roles)})


def test_the_whole_matrix_is_what_the_law_says() -> None:
    law = the_law()
    seen = 0
    sources = [None, *State]
    places = ["at_holder", "at_counter", "at_competent", "at_consulted", "in_province"]
    for act, source, role, place in itertools.product(Act, sources, Role, places):
        row = law.get((act.value, source.value if source else "-"))
        expected = row.target if row and (place, role.value) in row.by else None
        try:
            opening = check(act, state=source, standing=standing_at(place, role), facts=ALLOWING)
        except IllegalTransitionError:
            found = None
        else:
            found = opening.row.target.value
            assert opening.role is role
        assert found == expected, (act, source, role, place)
        seen += 1
    assert seen == 47 * 19 * 14 * 5


def test_who_may_ask_is_what_the_law_says_where_they_may_not_decide() -> None:
    law = the_law()
    facts = dataclasses.replace(ALLOWING, asked=(), supplement_by=Role.HEAD, apology_by=Role.SIGNER)
    for state, role, (place, marks) in itertools.product(
        State, Role, [("at_holder", ""), ("at_counter", "*"), ("in_province", "^")]
    ):
        standing = standing_at(place, role)
        asked = set(acts_to_ask(state, standing, facts))
        may = {
            act
            for act in Act
            if (row := law.get((act.value, state.value))) and (place, role.value) in row.asked_by
        }
        decided = set(acts_open_to(state, standing, facts))
        assert asked == may - decided, (state, role, place, marks)
        # The same is not asked for twice; what is of another kind may be.
        again = dataclasses.replace(facts, asked=tuple((act.value, role.value) for act in asked))
        assert not acts_to_ask(state, standing, again)
        for act in asked:
            known = dataclasses.replace(facts, asked=((act.value, role.value),))
            assert set(acts_to_ask(state, standing, known)) == asked - {act}


def test_acts_open_to_says_what_check_allows() -> None:
    some_facts = [Facts(), ALLOWING, Facts(supplement_rounds=1), Facts(fee_outstanding=True)]
    for state, role, facts in itertools.product(State, Role, some_facts):
        for standing in (
            Standing(at_holder=frozenset({role})),
            Standing(at_counter=frozenset({role})),
            Standing(*[frozenset({role})] * 5),
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
    with pytest.raises(
        IllegalTransitionError, match=r"^approve is not open in received$"
    ) as refused:
        check(Act.APPROVE, state=State.RECEIVED, standing=Standing())
    assert (refused.value.act, refused.value.state) == (Act.APPROVE, State.RECEIVED)


def test_nobody_without_a_role_may_do_anything() -> None:
    for state in State:
        assert acts_open_to(state, Standing()) == []


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.number}-{row.act}")
def test_clock_paper_and_reason_are_those_of_the_law(row: object) -> None:
    assert isinstance(row, type(TRANSITIONS[0]))
    # T36 and B6 have rows for the dossier that is there and one for the dossier they make.
    makes_one = row.number in {"T36", "B6"} and not row.sources
    number = f"{row.number} new" if makes_one else row.number
    assert row.clock == ClockEffect(CLOCK.get(number, "none"))
    wanted = PAPERS.get(number)
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


def test_only_a_correction_and_two_people_lead_out_of_a_final_state() -> None:
    assert {state.value for state in FINAL_STATES} == {
        "refused",
        "returned",
        "withdrawn",
        "stopped",
    }
    leaving = {
        row.act for row in TRANSITIONS if row.sources & FINAL_STATES and row.target is not Aim.SAME
    }
    # A part of an interlinked request that begins later opens its chain again.
    assert leaving == {Act.REOPEN, Act.OPEN_PART}


def test_every_state_is_reached_and_left() -> None:
    ways = [row for row in TRANSITIONS if row.act not in {Act.REOPEN, Act.MIRROR, Act.OPEN_PART}]
    assert {row.target for row in ways} - set(Aim) == set(State)
    left = {source for row in ways if row.target is not Aim.SAME for source in row.sources}
    assert set(State) - left == FINAL_STATES


def test_groups_of_states_part_the_life_of_a_dossier() -> None:
    groups = [INTAKE_STATES, RUNNING_STATES, ENDED_STATES]
    assert set().union(*groups) == set(State)
    assert sum(len(group) for group in groups) == len(State)
    assert PAUSED_STATES < RUNNING_STATES
    assert {row.target for row in TRANSITIONS if row.clock is ClockEffect.PAUSE} <= PAUSED_STATES
    for row in TRANSITIONS:
        stops = row.clock in {ClockEffect.STOP, ClockEffect.START_STOP}
        enters_the_end = row.target in ENDED_STATES and not row.sources & ENDED_STATES
        # T10 ends what was never received: no clock ran.
        assert stops == (enters_the_end and row.act is not Act.CANCEL), row.act


def test_acts_have_the_37_names_of_the_law_and_14_roles() -> None:
    numbers = {row.number for row in TRANSITIONS}
    assert {f"T{n:02}" for n in range(1, 38)} == {n for n in numbers if n.startswith("T")}
    assert list(Act)[:37] == list(dict.fromkeys(row.act for row in TRANSITIONS))[:37]
    assert len(Act) == 37 + 10
    assert len(Role) == 14
    assert len(State) == 18


def test_settling_at_once_asks_a_procedure_that_knows_no_appointment() -> None:
    standing = Standing(at_holder=frozenset({Role.RECEPTIONIST}))
    assert Act.SETTLE_AT_ONCE not in acts_open_to(State.SUBMITTED, standing)
    assert Act.SETTLE_AT_ONCE in acts_open_to(State.SUBMITTED, standing, ALLOWING)


def test_a_counter_takes_only_what_is_owed_and_a_callback_is_never_refused() -> None:
    counter = Standing(at_counter=frozenset({Role.RECEPTIONIST, Role.RETURNER}))
    for state in set(State) - {State.DRAFT, State.AWAITING_PAYMENT}:
        assert Act.RECORD_PAYMENT not in acts_open_to(state, counter)
        assert Act.RECORD_PAYMENT in acts_open_to(state, counter, Facts(fee_outstanding=True))
        assert Act.RECORD_PAYMENT in acts_open_to(state, MACHINE)
    tracked = Facts(is_tracked_only=True)
    assert Act.RECORD_PAYMENT in acts_open_to(State.AWAITING_PAYMENT, MACHINE, tracked)


def test_a_withdrawal_is_asked_for_only_before_the_result_is_signed() -> None:
    """T33 refuses one of a signed result; a single dossier never gets there, only a chain's part.

    So the table needs no guard of its own for it: T31 is the guard.
    """
    asking = {row.sources for row in TRANSITIONS if row.act is Act.REQUEST_WITHDRAWAL}
    signed_or_later = {State.SIGNED, State.SETTLED, State.RETURNED}
    assert not any(sources & signed_or_later for sources in asking)
    head = Standing(at_holder=frozenset({Role.HEAD}))
    waiting = State.WITHDRAWAL_REQUESTED
    assert Act.REFUSE_WITHDRAWAL in acts_open_to(waiting, head)
    chain = Facts(is_chain=True)
    assert Act.REFUSE_WITHDRAWAL not in acts_open_to(waiting, head, chain)
    for facts in (Facts(is_chain=True, parts_settled=1), Facts(is_chain=True, parts_open=1)):
        assert Act.REFUSE_WITHDRAWAL in acts_open_to(waiting, head, facts)
        assert Act.GRANT_WITHDRAWAL not in acts_open_to(waiting, head, facts)


def test_the_second_supplement_needs_the_head() -> None:
    """T16: the first time only without extra approval."""
    again = Facts(supplement_rounds=1)
    specialist = Standing(at_holder=frozenset({Role.SPECIALIST}))
    assert Act.REQUEST_SUPPLEMENT in acts_open_to(State.IN_PROGRESS, specialist)
    assert Act.REQUEST_SUPPLEMENT not in acts_open_to(State.IN_PROGRESS, specialist, again)
    both = Standing(at_holder=frozenset({Role.SPECIALIST, Role.HEAD}))
    opening = check(Act.REQUEST_SUPPLEMENT, state=State.IN_PROGRESS, standing=both, facts=again)
    assert opening.role is Role.HEAD


EVERYBODY = Standing(*[frozenset(Role)] * 5)


def open_to_somebody(facts: Facts, *, state: State | None = None) -> set[str]:
    """The acts that somebody may do on a dossier that is there, in one state or in any."""
    states = [state] if state else list(State)
    return {act.value for each in states for act in acts_open_to(each, EVERYBODY, facts)}


# What a guard asks beside the state (domain.md 2.5): an act, the state, facts that let it happen
# and facts that do not.
GUARDS = [
    ("settle_at_once", "submitted", {"settles_at_once": True}, {}),
    ("lapse_completion", "awaiting_completion", {"reply_is_overdue": True}, {"is_reminded": True}),
    (
        "lapse_payment",
        "awaiting_payment",
        {"reply_is_overdue": True, "is_notice_served": True},
        {"reply_is_overdue": True, "is_reminded": True},
    ),
    (
        "lapse_supplement",
        "awaiting_supplement",
        {"reply_is_overdue": True, "is_reminded": True},
        {"reply_is_overdue": True},
    ),
    (
        "lapse_supplement",
        "awaiting_supplement",
        {"reply_is_overdue": True, "is_reminded": True},
        {"is_reminded": True},
    ),
    ("extend", "in_progress", {}, {"is_extended": True}),
    ("mirror", "in_progress", {"is_tracked_only": True}, {}),
    ("reopen", "stopped", {"asked": (("reopen", "supervisor"),)}, {}),
    (
        "reopen",
        "stopped",
        {"asked": (("reopen", "supervisor"),)},
        {"asked": (("stop", "supervisor"),)},
    ),
    ("decide_chain", "in_progress", {"is_chain": True, "parts_undecided": 1}, {"is_chain": True}),
    (
        "grant_withdrawal",
        "withdrawal_requested",
        {"is_chain": True},
        {"is_chain": True, "parts_open": 1},
    ),
    (
        "grant_withdrawal",
        "withdrawal_requested",
        {"is_chain": True},
        {"is_chain": True, "parts_settled": 1},
    ),
    (
        "refuse_withdrawal",
        "withdrawal_requested",
        {"is_chain": True, "parts_open": 1},
        {"is_chain": True},
    ),
    (
        "refuse_withdrawal",
        "withdrawal_requested",
        {"is_chain": True, "parts_settled": 1},
        {"is_chain": True},
    ),
    ("grant_withdrawal", "withdrawal_requested", {"parts_open": 1}, {"is_tracked_only": True}),
    ("refuse_withdrawal", "withdrawal_requested", {}, {"is_tracked_only": True}),
]


@pytest.mark.parametrize(("act", "state", "allowing", "refusing"), GUARDS)
def test_a_guard_asks_for_more_than_the_state(
    act: str, state: str, allowing: dict[str, Any], refusing: dict[str, Any]
) -> None:
    assert act in open_to_somebody(Facts(**allowing), state=State(state))
    assert act not in open_to_somebody(Facts(**refusing), state=State(state))


OF_TRACKED = """
save_draft record_payment submit register receive request_completion resubmit lapse_completion refuse cancel transfer
return_result remind_collection remind_applicant adjust_due mirror
"""
OF_CHAIN = """
save_draft record_payment submit register receive request_completion resubmit lapse_completion refuse cancel extend
return_result remind_collection request_withdrawal grant_withdrawal remind_applicant adjust_due
open_part close_chain decide_chain
"""


def test_a_ministrys_dossier_is_only_taken_in_sent_on_and_handed_over() -> None:
    """Domain.md 6.4: what another system settles the province tracks."""
    facts = dataclasses.replace(ALLOWING, is_tracked_only=True)
    assert open_to_somebody(facts) == set(OF_TRACKED.split())
    for act in (Act.SAVE_DRAFT, Act.SUBMIT, Act.REGISTER):
        assert check(act, state=None, standing=EVERYBODY, facts=facts).row.sources == frozenset()
    for act in (Act.CORRECT_RESULT, Act.OPEN_PART):
        with pytest.raises(IllegalTransitionError):
            check(act, state=None, standing=EVERYBODY, facts=facts)


def test_of_a_chain_the_work_is_done_on_its_parts() -> None:
    """Domain.md 6.4: it is taken in, withdrawn, promised and handed over as one."""
    facts = dataclasses.replace(ALLOWING, is_chain=True, parts_undecided=1)
    of_chain = set(OF_CHAIN.split())
    assert open_to_somebody(facts) == of_chain
    with_parts = dataclasses.replace(facts, parts_open=1)
    assert open_to_somebody(with_parts) == of_chain - {"grant_withdrawal"} | {"refuse_withdrawal"}
    for act in (Act.SAVE_DRAFT, Act.SUBMIT, Act.REGISTER, Act.OPEN_PART):
        assert check(act, state=None, standing=EVERYBODY, facts=facts)
    assert not open_to_somebody(ALLOWING) & {"open_part", "close_chain", "decide_chain"}


def test_a_payment_leads_where_the_version_says() -> None:
    """T20: back to work, or to the signature where nothing else is missing."""
    for signs, state in ((False, State.IN_PROGRESS), (True, State.AWAITING_SIGNATURE)):
        facts = Facts(signs_after_payment=signs)
        opening = check(
            Act.CONFIRM_PAYMENT, state=State.AWAITING_PAYMENT, standing=MACHINE, facts=facts
        )
        assert opening.row.target is state


def test_only_the_last_opinion_ends_the_consultation() -> None:
    """T15."""
    for open_ones, target in ((0, State.IN_PROGRESS), (1, State.IN_PROGRESS), (2, Aim.SAME)):
        facts = Facts(open_consultations=open_ones)
        opening = check(
            Act.ANSWER_CONSULTATION, state=State.CONSULTING, standing=MACHINE, facts=facts
        )
        assert opening.row.target is target


@pytest.mark.parametrize(
    ("by", "deciding"),
    [
        (Role.SPECIALIST, {Role.SPECIALIST, Role.HEAD, Role.SIGNER}),
        (Role.HEAD, {Role.HEAD, Role.SIGNER}),
        (Role.SIGNER, {Role.SIGNER}),
    ],
)
def test_the_version_says_who_decides_and_those_above_may_too(
    by: Role, deciding: set[Role]
) -> None:
    standing = Standing(at_holder=frozenset(Role))

    def deciders(act: Act, facts: Facts) -> frozenset[Role]:
        return check(act, state=State.IN_PROGRESS, standing=standing, facts=facts).roles

    first = Facts(supplement_by=by, further_supplement_by=Role.SIGNER)
    assert deciders(Act.REQUEST_SUPPLEMENT, first) == deciding
    later = Facts(supplement_rounds=1, supplement_by=Role.SIGNER, further_supplement_by=by)
    assert deciders(Act.REQUEST_SUPPLEMENT, later) == deciding
    apology = Facts(apology_by=by)
    assert deciders(Act.EXTEND, apology) == deciding & {Role.HEAD, Role.SIGNER}


def test_without_a_word_of_the_version_the_law_decides() -> None:
    """T16: the first request is the specialist's, a further one the head's. T24: the signer's."""
    standing = Standing(at_holder=frozenset(Role))
    for facts, act, roles in (
        (Facts(), Act.REQUEST_SUPPLEMENT, {Role.SPECIALIST, Role.HEAD, Role.SIGNER}),
        (Facts(supplement_rounds=1), Act.REQUEST_SUPPLEMENT, {Role.HEAD, Role.SIGNER}),
        (Facts(), Act.EXTEND, {Role.SIGNER}),
    ):
        opening = check(act, state=State.IN_PROGRESS, standing=standing, facts=facts)
        assert opening.roles == roles


def test_the_second_of_the_two_who_reopen_has_the_other_role() -> None:
    """T37."""
    both = Standing(in_province=frozenset({Role.SUPERVISOR, Role.REFORM_OFFICER}))
    for asked_by, decides in (("supervisor", "reform_officer"), ("reform_officer", "supervisor")):
        facts = Facts(asked=((Act.REOPEN, Role(asked_by)),))
        opening = check(Act.REOPEN, state=State.STOPPED, standing=both, facts=facts)
        assert opening.roles == {Role(decides)}


def test_the_event_names_the_first_of_the_roles_held() -> None:
    row = TRANSITIONS[0]
    assert Opening(row, frozenset({Role.SIGNER, Role.SPECIALIST, Role.HEAD})).role is (
        next(role for role in Role if role in {Role.SIGNER, Role.SPECIALIST, Role.HEAD})
    )
    assert Opening(row, frozenset({Role.SYSTEM, Role.RECEPTIONIST})).role is Role.RECEPTIONIST


def test_each_place_counts_the_roles_held_there() -> None:
    names = ["at_holder", "at_counter", "at_competent", "at_consulted", "in_province"]
    roles = [Role.HEAD, Role.RECEPTIONIST, Role.SIGNER, Role.CONSULTED_AGENCY, Role.SUPERVISOR]
    standing = Standing(*[frozenset({role}) for role in roles])
    of = {name: {role} for name, role in zip(names, roles, strict=True)}
    assert {place: standing.at(place) for place in Place} == {
        Place.HOLDER: of["at_holder"],
        Place.COUNTER: of["at_holder"] | of["at_counter"],
        Place.COMPETENT: of["at_competent"],
        Place.CONSULTED: of["at_consulted"],
        Place.PROVINCE: of["in_province"],
    }
    assert all(MACHINE.at(place) == {Role.SYSTEM} for place in Place)


def test_open_acts_come_once_and_in_the_order_of_the_table() -> None:
    order = list(dict.fromkeys(row.act for row in TRANSITIONS))
    asking = Facts(supplement_by=Role.HEAD)
    specialist = Standing(at_holder=frozenset({Role.SPECIALIST}))
    for state in State:
        for found in (
            acts_open_to(state, EVERYBODY, ALLOWING),
            list(acts_to_ask(state, specialist, asking)),
        ):
            assert found == [act for act in order if act in found]
    assert acts_to_ask(State.IN_PROGRESS, specialist, asking) == (
        Act.REDIRECT,
        Act.REQUEST_SUPPLEMENT,
        Act.SUSPEND,
        Act.EXTEND,
        Act.STOP,
    )


def test_who_may_not_decide_puts_it_before_those_who_do() -> None:
    """B1: the row of the asking, with the roles that may ask."""
    specialist = Standing(at_holder=frozenset({Role.SPECIALIST, Role.RECEPTIONIST}))
    opening = check_asking(Act.STOP, state=State.IN_PROGRESS, standing=specialist)
    assert (opening.row.act, set(opening.roles)) == (Act.ASK_APPROVAL, {Role.SPECIALIST})
    by_version = Facts(supplement_by=Role.HEAD)
    opening = check_asking(
        Act.REQUEST_SUPPLEMENT, state=State.IN_PROGRESS, standing=specialist, facts=by_version
    )
    assert (opening.row.number, opening.role) == ("B1", Role.SPECIALIST)
    # The rows of one act differ by state: the row of this state says where the role must be held.
    assert check_asking(Act.REDIRECT, state=State.IN_PROGRESS, standing=specialist)


@pytest.mark.parametrize(
    ("act", "state", "role", "facts"),
    [
        ("stop", "in_progress", "signer", Facts()),  # decides it themselves
        ("stop", "in_progress", "receptionist", Facts()),  # not theirs to ask
        ("stop", "settled", "specialist", Facts()),  # no such row
        ("extend", "in_progress", "specialist", Facts(is_extended=True)),  # a guard
        ("stop", "in_progress", "specialist", Facts(asked=((Act("stop"), Role("specialist")),))),
        ("request_supplement", "in_progress", "specialist", Facts()),  # theirs by the version
    ],
)
def test_what_is_not_to_be_asked_is_refused(act: str, state: str, role: str, facts: Facts) -> None:
    standing = Standing(at_holder=frozenset({Role(role)}))
    with pytest.raises(IllegalTransitionError) as refused:
        check_asking(Act(act), state=State(state), standing=standing, facts=facts)
    assert (refused.value.act, refused.value.state) == (Act.ASK_APPROVAL, State(state))


def test_who_decides_what_is_asked_may_decline_it() -> None:
    """B2."""
    asked = Facts(asked=((Act("stop"), Role("specialist")),))
    signer = Standing(at_holder=frozenset({Role.SIGNER, Role.HEAD}))
    opening = check_declining(Act.STOP, state=State.IN_PROGRESS, standing=signer, facts=asked)
    assert (opening.row.number, opening.row.act, set(opening.roles)) == (
        "B2",
        Act.DECLINE,
        {Role.SIGNER},
    )
    head = Standing(at_holder=frozenset({Role.HEAD}))
    extension = Facts(asked=((Act("extend"), Role("specialist")),), apology_by=Role.HEAD)
    assert (
        check_declining(Act.EXTEND, state=State.IN_PROGRESS, standing=head, facts=extension).role
        is Role.HEAD
    )
    for standing, facts in ((head, asked), (signer, Facts())):
        with pytest.raises(IllegalTransitionError) as refused:
            check_declining(Act.STOP, state=State.IN_PROGRESS, standing=standing, facts=facts)
        assert (refused.value.act, refused.value.state) == (Act.DECLINE, State.IN_PROGRESS)


def test_an_act_leads_on_where_the_table_has_a_row_for_it() -> None:
    assert leads_on(Act.APPROVE, State.AWAITING_SIGNATURE)
    assert not leads_on(Act.APPROVE, State.IN_PROGRESS)
    assert leads_on(Act.SAVE_DRAFT, State.DRAFT)
    assert not leads_on(Act.REFUSE, State.DRAFT)


def test_a_dossier_reopens_before_or_after_acceptance_as_it_was() -> None:
    """T37: never past the acceptance, never into a state that an act of its own must explain."""
    after = ["received", "awaiting_assignment", "in_progress", "awaiting_signature"]
    for state in State:
        never_received = ["submitted"] if state in {State.REFUSED, State.WITHDRAWN} else []
        assert list(ways_to_reopen(state, is_received=False)) == never_received
        expected = [each for each in after if each != state]
        if state is State.RETURNED:
            expected.append("settled")
        if state in INTAKE_STATES:
            expected = never_received
        assert list(ways_to_reopen(state, is_received=True)) == expected


def test_a_row_leads_to_its_state_the_same_the_one_before_or_the_one_chosen() -> None:
    def led(act: Act, state: State, *, chosen: State | None = None, received: bool = True) -> State:
        row = next(row for row in TRANSITIONS if row.act is act and state in row.sources)
        return target_of(row, state, previous="consulting", chosen=chosen, is_received=received)

    assert led(Act.APPROVE, State.AWAITING_SIGNATURE) is State.SIGNED
    assert led(Act.EXTEND, State.CONSULTING, chosen=State.SETTLED) is State.CONSULTING
    assert led(Act.RESUME, State.SUSPENDED, chosen=State.SETTLED) is State.CONSULTING
    assert led(Act.MIRROR, State.IN_PROGRESS, chosen=State.SETTLED) is State.SETTLED
    assert led(Act.REOPEN, State.STOPPED, chosen=State.RECEIVED) is State.RECEIVED
    assert led(Act.REOPEN, State.WITHDRAWN, chosen=State.SUBMITTED, received=False) is (
        State.SUBMITTED
    )
    for chosen, received in ((State.SETTLED, True), (State.RECEIVED, False), (None, True)):
        with pytest.raises(ValueError, match=f"^{chosen}$"):
            led(Act.REOPEN, State.STOPPED, chosen=chosen, received=received)
    with pytest.raises(ValueError, match=r"^None$"):
        led(Act.MIRROR, State.IN_PROGRESS)


def test_every_built_act_on_a_dossier_has_its_form_and_its_address() -> None:
    # A draft is written over on the desk's own page.
    built = {row.act for row in TRANSITIONS if row.sources} - {Act.SAVE_DRAFT}
    assert built - {Act.ASK_APPROVAL, Act.MIRROR, Act.OPEN_PART, Act.CLOSE_CHAIN} == set(ACT_FORMS)
    built = set(ACT_FORMS)
    assert built <= set(SEGMENTS)
    assert len(set(SEGMENTS.values())) == len(SEGMENTS)


def test_an_act_that_needs_a_reason_asks_for_it_in_its_form() -> None:
    for row in TRANSITIONS:
        if row.needs_reason and row.sources and row.act is not Act.MIRROR:
            assert ACT_FORMS[row.act].base_fields["reason"].required, row.act


def test_the_printed_workflow_is_fresh() -> None:
    """Mend it with: manage.py print_workflow."""
    assert (settings.BASE_DIR / PAGE).read_text(encoding="utf-8") == workflow_page()


def test_the_printed_workflow_names_every_row() -> None:
    page = workflow_page()
    for row in TRANSITIONS:
        assert re.search(rf"^\| {row.number} \| `{row.act.value}` ", page, re.MULTILINE)
        for source in row.sources:
            if isinstance(row.target, State):
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
