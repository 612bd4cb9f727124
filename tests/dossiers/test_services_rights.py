"""Corners of the acts where a right, a state or a date of the law could slip."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from accounts.roles import Role
from dossiers.models import Dossier
from dossiers.next_acts import waiting_for
from dossiers.recording import ActDataError, acts_to_propose, open_acts
from dossiers.services import (
    approval,
    closing,
    consulting,
    correcting,
    intake,
    pausing,
    payment,
    processing,
    waiting,
)
from dossiers.workflow import Act, IllegalTransitionError
from tests.dossiers.conftest import OfficerClient
from tests.dossiers.stages import (
    OWED,
    WHY,
    at_once,
    awaiting_payment,
    completion_overdue,
    consulted_twice,
    denied,
    in_progress,
    received,
    settled,
    stopped,
    submitted,
    supplement_overdue,
    to_sign_once_paid,
)
from tests.dossiers.truth import history_faults
from tests.factories import OfficerFactory
from tests.province import give_role

if TYPE_CHECKING:
    from django.test import Client

    from tests.province import Province


def reopened(province: Province, dossier: Dossier, to: str) -> Dossier:
    approval.ask(Act.REOPEN, dossier, by=province.supervisor, **WHY)
    return correcting.reopen(dossier, by=province.reformer, to=to, **WHY)


def test_a_withdrawal_refused_before_the_transfer_leaves_the_dossier_to_the_counter(
    province: Province,
) -> None:
    """Only the counter transfers: held by the settling agency it would lie there for ever."""
    dossier = closing.request_withdrawal(received(province), by=province.receptionist, **WHY)
    dossier = closing.refuse_withdrawal(dossier, by=province.head, **WHY)
    assert (dossier.state, dossier.holder_agency) == ("received", province.centre)
    dossier = processing.transfer(dossier, by=province.receptionist)
    assert (dossier.state, dossier.holder_agency) == ("awaiting_assignment", province.department)
    assert history_faults(dossier) == []


def test_an_opinion_is_given_only_for_an_agency_in_which_one_may_give_it(
    province: Province,
) -> None:
    """A role elsewhere opens the act; it must not answer for another agency that is asked too."""
    dossier = consulted_twice(province)
    give_role(province.clerk, province.asked, Role.CLERK)
    give_role(province.clerk, province.root, Role.HEAD)
    answered = consulting.answer_consultation(dossier, by=province.clerk, answer="Phù hợp")
    # Asked first was the agency in which they only keep the seal.
    assert answered.consulted_agencies == [province.asked.pk]
    event = answered.events.get(seq=answered.event_count)
    assert (event.agency, event.actor_role) == (province.root, "head")
    with pytest.raises(IllegalTransitionError):
        consulting.answer_consultation(dossier, by=province.clerk, answer="Phù hợp")


def test_only_the_settling_agency_corrects_a_result(province: Province) -> None:
    dossier = settled(province)
    give_role(province.receptionist, province.centre, Role.HEAD)
    assert dossier.holder_agency == province.centre
    assert Act.CORRECT_RESULT not in open_acts(dossier, province.receptionist)
    with pytest.raises(IllegalTransitionError):
        correcting.correct_result(dossier, by=province.receptionist, **WHY)
    correcting.correct_result(dossier, by=province.head, **WHY)
    assert dossier.events.get(act="correct_result").agency == province.department


@pytest.mark.parametrize("end", ["stopped", "settled"])
def test_a_denial_reopened_for_signature_is_still_a_denial(province: Province, end: str) -> None:
    dossier = denied(province)
    if end == "settled":
        processing.approve(dossier, by=province.head)
        closing.publish(dossier, by=province.clerk, result_number="12/QĐ")
    else:
        closing.stop(dossier, by=province.head, **WHY)
    dossier = reopened(province, dossier, "awaiting_signature")
    assert (dossier.result_kind, dossier.result_number) == ("denied", "")
    processing.approve(dossier, by=province.head)
    assert (
        closing.publish(dossier, by=province.clerk, result_number="12/KQ").result_kind == "denied"
    )


def test_a_round_that_lapsed_is_not_answered_by_the_papers_of_the_next(
    province: Province,
) -> None:
    """The national measure subtracts answered rounds: a lapsed one must not look answered."""
    dossier = waiting.lapse_supplement(supplement_overdue(province), by=province.head)
    dossier = reopened(province, dossier, "in_progress")
    processing.request_supplement(dossier, by=province.head, **WHY)
    processing.accept_supplement(dossier, by=province.receptionist)
    rounds = dossier.supplement_rounds.order_by("number").values_list("answered_at", "due_after")
    assert [(at is None, due is None) for at, due in rounds] == [(True, True), (False, False)]


def test_a_completion_that_lapsed_is_not_answered_by_the_papers_of_the_next(
    province: Province,
) -> None:
    dossier = waiting.lapse_completion(completion_overdue(province), by=province.receptionist)
    dossier = reopened(province, dossier, "submitted")
    intake.request_completion(dossier, by=province.receptionist, **WHY)
    intake.resubmit(dossier, by=province.receptionist)
    rounds = dossier.supplement_rounds.order_by("number").values_list("answered_at", flat=True)
    assert [at is None for at in rounds] == [True, False]


SUM = {"amount_vnd": OWED["amount_vnd"]}
FURTHEST: dict[str, tuple[Any, Any, str, str, int]] = {
    "request_completion": (submitted, intake.request_completion, "receptionist", "reply_by", 90),
    "request_supplement": (
        in_progress,
        processing.request_supplement,
        "specialist",
        "reply_by",
        90,
    ),
    "request_payment": (in_progress, payment.request_payment, "specialist", "pay_by", 90),
    "suspend": (in_progress, pausing.suspend, "head", "resume_expected", 365),
}


@pytest.mark.parametrize("act", FURTHEST)
def test_a_last_day_is_no_further_off_than_the_version_allows(province: Province, act: str) -> None:
    stage, service, actor, field, days = FURTHEST[act]
    dossier, by = stage(province), getattr(province, actor)
    data: dict[str, Any] = {
        "request_payment": OWED,
        "suspend": {**WHY, "legal_basis": "Điều 12"},
    }.get(act, WHY)
    furthest = timezone.localdate() + dt.timedelta(days=days)
    for wrong in (furthest + dt.timedelta(days=1), dt.date.max):
        with pytest.raises(ActDataError) as refused:
            service(dossier, by=by, **data, **{field: wrong})
        assert set(refused.value.errors) == {field}
        assert f"{furthest:%d/%m/%Y}" in refused.value.errors[field]
    assert service(dossier, by=by, **data, **{field: furthest}).state != dossier.state


def test_the_version_sets_how_far_off(province: Province) -> None:
    province.procedure.versions.update(longest_reply_days=10)
    furthest = timezone.localdate() + dt.timedelta(days=10)
    dossier = in_progress(province)
    with pytest.raises(ActDataError):
        processing.request_supplement(
            dossier, by=province.specialist, reply_by=furthest + dt.timedelta(days=1), **WHY
        )
    done = processing.request_supplement(dossier, by=province.specialist, reply_by=furthest, **WHY)
    assert done.reply_by == furthest


@pytest.mark.parametrize("act", ["request_supplement", "request_payment"])
def test_the_last_day_there_is_breaks_no_page(province: Province, act: str) -> None:
    """There is no day after 31/12/9999 for a grace to end on; rows of before may have it."""
    dossier = in_progress(province)
    if act == "request_supplement":
        processing.request_supplement(dossier, by=province.specialist, **WHY)
    else:
        payment.request_payment(dossier, by=province.specialist, **OWED)
    Dossier.objects.update(reply_by=dt.date.max)
    answer = OfficerClient(province.head).get(f"/api/v1/dossiers/{dossier.code}/")
    assert answer.status_code == 200
    assert f"lapse_{act.split('_')[1]}" not in answer.json()["allowed"]


def test_a_day_no_calendar_knows_is_refused_by_name(province: Province) -> None:
    with pytest.raises(ActDataError) as refused:
        consulting.consult(
            in_progress(province),
            by=province.specialist,
            agency=province.asked,
            question="Có phù hợp?",
            answer_by=dt.date.max,
        )
    assert set(refused.value.errors) == {"answer_by"}


def test_money_is_asked_for_by_who_holds_the_dossier_or_by_the_counter(province: Province) -> None:
    """T19: a specialist of the receiving agency has no say while another agency settles it."""
    dossier = in_progress(province)
    passer_by = OfficerFactory.create(agency=province.centre, roles=[Role.SPECIALIST])
    assert Act.REQUEST_PAYMENT not in open_acts(dossier, passer_by)
    with pytest.raises(IllegalTransitionError):
        payment.request_payment(dossier, by=passer_by, **OWED)
    assert Act.REQUEST_PAYMENT in open_acts(dossier, province.specialist)
    done = payment.request_payment(dossier, by=province.receptionist, **OWED)
    event = done.events.latest("seq")
    assert (event.actor_role, event.agency) == ("receptionist", province.centre)


def test_the_reform_office_of_one_agency_is_not_that_of_the_province(province: Province) -> None:
    """R11 sees all only at the root (domain.md 2.1): what it does over the province needs the same."""
    local = OfficerFactory.create(agency=province.department, roles=[Role.REFORM_OFFICER])
    dossier = stopped(province)
    assert Act.REOPEN not in acts_to_propose(dossier, local)
    with pytest.raises(IllegalTransitionError):
        approval.ask(Act.REOPEN, dossier, by=local, **WHY)
    asked = approval.ask(Act.REOPEN, dossier, by=province.supervisor, **WHY)
    assert Act.REOPEN not in open_acts(asked, local)
    assert Act.REOPEN in open_acts(asked, province.reformer)
    with pytest.raises(IllegalTransitionError):
        correcting.reopen(asked, by=local, to="in_progress", **WHY)
    today = timezone.localdate()
    assert not Dossier.objects.filter(waiting_for(local, today), pk=asked.pk).exists()
    assert Dossier.objects.filter(waiting_for(province.reformer, today), pk=asked.pk).exists()
    running = in_progress(province)
    assert Act.ADJUST_DUE not in open_acts(running, local)
    assert Act.ADJUST_DUE in open_acts(running, province.reformer)


def test_the_machine_exempts_nobody(province: Province) -> None:
    dossier = awaiting_payment(province)
    with pytest.raises(ActDataError) as refused:
        payment.confirm_payment(dossier, by=None, exempt_reason="Hộ nghèo")
    assert set(refused.value.errors) == {"receipt_number"}
    paid = payment.confirm_payment(dossier, by=None, receipt_number="BL-1", **SUM)
    assert paid.state == "in_progress"


def test_one_person_in_both_roles_does_not_reopen(province: Province, client: Client) -> None:
    dossier = stopped(province)
    both = province.supervisor
    give_role(both, province.root, Role.REFORM_OFFICER)
    dossier = approval.ask(Act.REOPEN, dossier, by=both, **WHY)
    with pytest.raises(IllegalTransitionError):
        correcting.reopen(dossier, by=both, to="in_progress", **WHY)
    with pytest.raises(IllegalTransitionError):
        approval.decline(dossier, by=both, **WHY)
    # Nor is it offered: not on a page, not in the inbox, not by the API. It may be taken back.
    assert open_acts(dossier, both) == [Act.RETRACT]
    assert not Dossier.objects.filter(waiting_for(both, timezone.localdate())).exists()
    client.force_login(both.user)
    page = client.get(f"/ho-so/{dossier.code}/").content.decode()
    assert "Quyết định: Mở lại" not in page
    assert "Cần người thứ hai, ở vai trò còn lại, quyết định" in page
    # Asked as reform officer, it waits for a supervisor, and the other way round.
    assert dossier.asked["reopen"]["role"] == "reform_officer"
    other = OfficerFactory.create(agency=province.centre, roles=[Role.SUPERVISOR])
    assert Dossier.objects.filter(waiting_for(other, timezone.localdate())).exists()
    assert correcting.reopen(dossier, by=other, to="in_progress", **WHY).state == "in_progress"


def test_nothing_is_reopened_for_signature_that_was_never_proposed(
    province: Province, client: Client
) -> None:
    """T37: what nobody proposed would be signed and published as a grant."""
    dossier = stopped(province)
    dossier = approval.ask(Act.REOPEN, dossier, by=province.supervisor, **WHY)
    with pytest.raises(ActDataError) as refused:
        correcting.reopen(dossier, by=province.reformer, to="awaiting_signature", **WHY)
    assert set(refused.value.errors) == {"to"}
    client.force_login(province.reformer.user)
    page = client.get(f"/ho-so/{dossier.code}/mo-lai/").content.decode()
    assert 'value="in_progress"' in page
    assert 'value="awaiting_signature"' not in page


def test_what_was_settled_at_once_is_not_reopened_for_signature(province: Province) -> None:
    dossier = intake.settle_at_once(at_once(province), by=province.receptionist)
    approval.ask(Act.REOPEN, dossier, by=province.supervisor, **WHY)
    with pytest.raises(ActDataError):
        correcting.reopen(dossier, by=province.reformer, to="awaiting_signature", **WHY)


def test_a_result_that_waited_only_for_its_payment_may_be_reopened_for_signature(
    province: Province,
) -> None:
    """T20 puts what was ready before the signer: nobody pays for a denial."""
    dossier = payment.confirm_payment(
        to_sign_once_paid(province), by=province.receptionist, receipt_number="BL-1", **SUM
    )
    dossier = closing.stop(dossier, by=province.head, **WHY)
    dossier = reopened(province, dossier, "awaiting_signature")
    assert dossier.result_kind == "granted"
