"""Delegation: roles given from day to day, counted where roles count, named in what is done."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.db import Error, connection, transaction
from django.utils import timezone

from accounts.roles import Role
from agencies.delegations import DelegationError, delegable_roles, delegate, revoke
from agencies.models import Agency, Delegation, Officer, OfficerRole
from agencies.scope import officer_and_scope, scope_of
from dossiers import next_acts
from dossiers.chain import chain_faults
from dossiers.models import Dossier
from dossiers.services import approval, correcting, processing
from dossiers.workflow import Act, IllegalTransitionError
from tests.budgets import count_queries
from tests.dossiers import stages
from tests.factories import OfficerFactory, UserFactory
from tests.province import Province, give_role, make_province

MONDAY = "2026-08-03T09:00+07:00"
TODAY = dt.date(2026, 8, 3)
FRIDAY = dt.date(2026, 8, 7)


@pytest.fixture
def province(db: Any) -> Province:
    return make_province()


@pytest.fixture
def colleague(province: Province) -> Officer:
    """Somebody of the department who holds no role there yet."""
    return OfficerFactory.create(
        user=UserFactory.create(username="dongnghiep"), agency=province.department
    )


def fresh(officer: Officer) -> Officer:
    """Return the officer as the next request reads them."""
    return Officer.objects.get(pk=officer.pk)


def give(giver: Officer, to: Officer, agency: Agency, *roles: Role, **changes: Any) -> Delegation:
    parts: dict[str, Any] = {
        "by": giver,
        "valid_from": timezone.localdate(),
        "valid_to": FRIDAY,
        "document_number": "12/UQ-STN",
        "reason": "Nghỉ phép",
    }
    return delegate(giver=giver, to=to, agency=agency, roles=list(roles), **{**parts, **changes})


# What it lets one do


@time_machine.travel(MONDAY, tick=False)
def test_roles_count_from_the_first_day_to_the_last(province: Province, colleague: Officer) -> None:
    give(
        province.specialist,
        colleague,
        province.department,
        Role.SPECIALIST,
        valid_from=dt.date(2026, 8, 4),
    )
    held = {
        day: fresh(colleague).roles_in([province.department.pk], dt.date(2026, 8, day))
        for day in (3, 4, 7, 8)
    }
    specialist = frozenset({Role.SPECIALIST})
    assert held == {3: frozenset(), 4: specialist, 7: specialist, 8: frozenset()}


@time_machine.travel(MONDAY, tick=False)
def test_they_count_in_sight_and_in_both_ways_of_asking(
    province: Province, colleague: Officer
) -> None:
    dossier = stages.in_progress(province)
    assert not Dossier.objects.visible_to(scope_of(colleague, TODAY)).exists()
    give(province.specialist, colleague, province.department, Role.SPECIALIST)
    assert list(Dossier.objects.visible_to(scope_of(fresh(colleague), TODAY))) == [dossier]
    officer, scope = officer_and_scope(colleague.user_id, TODAY)
    assert officer == colleague
    assert scope.roles == {Role.SPECIALIST}
    assert officer is not None
    with count_queries() as counted:
        assert officer.held_roles(TODAY) == [("specialist", province.department.pk)]
    assert len(counted) == 0


@time_machine.travel(MONDAY, tick=False)
def test_roles_are_read_by_one_query_with_and_without_delegations(
    province: Province, colleague: Officer
) -> None:
    give(province.specialist, colleague, province.department, Role.SPECIALIST)
    give_role(colleague, province.department, Role.CLERK)
    for officer in (province.specialist, colleague):
        with count_queries() as counted:
            fresh_one = officer_and_scope(officer.user_id, TODAY)[0]
            assert fresh_one is not None
            fresh_one.held_roles(TODAY)
            fresh_one.own_roles(TODAY)
            fresh_one.stands_for(Role.SPECIALIST, province.department.pk, TODAY)
        assert len(counted) == 1, str(counted)
        with count_queries() as counted:
            Officer(pk=officer.pk).held_roles(TODAY)
        assert len(counted) == 1, str(counted)


@time_machine.travel(MONDAY, tick=False)
def test_the_delegate_finds_the_dossiers_of_who_is_away(
    province: Province, colleague: Officer
) -> None:
    dossier = stages.in_progress(province)
    assert dossier.holder_officer == province.specialist
    give(province.specialist, colleague, province.department, Role.SPECIALIST)
    waiting = next_acts.waiting_for(fresh(colleague), TODAY)
    assert list(Dossier.objects.filter(waiting)) == [dossier]


@time_machine.travel(MONDAY, tick=False)
def test_work_may_be_given_to_who_stands_in(province: Province, colleague: Officer) -> None:
    waiting = stages.awaiting_assignment(province)
    give(province.specialist, colleague, province.department, Role.SPECIALIST)
    there = Officer.objects.working_in(province.department, TODAY, Role.SPECIALIST)
    assert set(there) == {province.specialist, colleague}
    done = processing.assign(waiting, by=province.head, assignee=colleague)
    assert done.holder_officer == colleague


# What is written down


@time_machine.travel(MONDAY, tick=False)
def test_an_event_names_whom_it_was_done_for(province: Province, colleague: Officer) -> None:
    dossier = stages.in_progress(province)
    give(province.specialist, colleague, province.department, Role.SPECIALIST)
    done = processing.propose(dossier, by=fresh(colleague))
    event = done.events.latest("seq")
    assert (event.actor, event.actor_role) == (colleague, "specialist")
    assert event.data == {"on_behalf_of": province.specialist.pk}
    assert chain_faults(done) == []


@time_machine.travel(MONDAY, tick=False)
def test_a_role_of_ones_own_comes_first(province: Province, colleague: Officer) -> None:
    dossier = stages.in_progress(province)
    give_role(colleague, province.department, Role.SPECIALIST)
    give(province.specialist, colleague, province.department, Role.SPECIALIST)
    event = processing.propose(dossier, by=fresh(colleague)).events.latest("seq")
    assert "on_behalf_of" not in event.data


@time_machine.travel(MONDAY, tick=False)
def test_a_role_of_ones_own_elsewhere_is_not_the_one_used(
    province: Province, colleague: Officer
) -> None:
    dossier = stages.in_progress(province)
    give_role(colleague, province.elsewhere, Role.SPECIALIST)
    give(province.specialist, colleague, province.department, Role.SPECIALIST)
    event = processing.propose(dossier, by=fresh(colleague)).events.latest("seq")
    assert event.data["on_behalf_of"] == province.specialist.pk


@time_machine.travel(MONDAY, tick=False)
def test_what_is_asked_for_names_whom_it_is_asked_for(
    province: Province, colleague: Officer
) -> None:
    dossier = stages.in_progress(province)
    give(province.specialist, colleague, province.department, Role.SPECIALIST)
    asked = approval.ask(Act.SUSPEND, dossier, by=fresh(colleague), reason="Chờ toà án")
    assert asked.events.latest("seq").data["on_behalf_of"] == province.specialist.pk


# What ends it


@time_machine.travel(MONDAY, tick=False)
def test_revoked_it_ends_at_once_and_is_kept(province: Province, colleague: Officer) -> None:
    given = give(province.specialist, colleague, province.department, Role.SPECIALIST)
    done = revoke(given, by=province.head, reason="Về sớm")
    assert fresh(colleague).held_roles(TODAY) == []
    assert (done.revoked_by, done.revoke_reason) == (province.head, "Về sớm")
    assert Delegation.objects.get().valid_to == FRIDAY
    with pytest.raises(DelegationError):
        revoke(given, by=province.head, reason="Lần nữa")


@time_machine.travel(MONDAY, tick=False)
def test_it_ends_with_the_role_and_with_the_account_of_who_gave_it(
    province: Province, colleague: Officer
) -> None:
    give(province.specialist, colleague, province.department, Role.SPECIALIST)
    province.specialist.user.is_active = False
    province.specialist.user.save()
    assert fresh(colleague).held_roles(TODAY) == []
    province.specialist.user.is_active = True
    province.specialist.user.save()
    assert fresh(colleague).held_roles(TODAY) != []
    OfficerRole.objects.filter(officer=province.specialist).update(valid_to=dt.date(2026, 8, 2))
    assert fresh(colleague).held_roles(TODAY) == []


@time_machine.travel(MONDAY, tick=False)
def test_the_database_keeps_it_as_it_was_given(province: Province, colleague: Officer) -> None:
    given = give(province.specialist, colleague, province.department, Role.SPECIALIST)
    for change in (
        "DELETE FROM agencies_delegation",
        "UPDATE agencies_delegation SET valid_to = '2027-01-01'",
        "UPDATE agencies_delegation SET roles = '{head}'",
    ):
        with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
    revoke(given, by=province.specialist, reason="Về sớm")
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE agencies_delegation SET revoked_at = NULL, revoked_by_id = NULL")


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize(
    "changes",
    [
        {"roles": ["administrator"]},
        {"roles": []},
        {"valid_to": dt.date(2026, 8, 1)},
        {"revoked_at": dt.datetime(2026, 8, 4, tzinfo=dt.UTC)},
    ],
    ids=["administrator", "nothing", "backwards", "by nobody"],
)
def test_the_database_refuses_nonsense(
    province: Province, colleague: Officer, changes: dict[str, Any]
) -> None:
    parts = {
        "giver": province.specialist,
        "delegate": colleague,
        "agency": province.department,
        "roles": ["specialist"],
        "valid_from": TODAY,
        "valid_to": FRIDAY,
        "created_by": province.head,
        "created_at": timezone.now(),
    }
    with pytest.raises(Error), transaction.atomic():
        Delegation.objects.create(**{**parts, **changes})
    Delegation.objects.create(**parts)


# What is refused


@time_machine.travel(MONDAY, tick=False)
def test_what_was_delegated_goes_no_further(province: Province, colleague: Officer) -> None:
    third = OfficerFactory.create(agency=province.department)
    give(province.specialist, colleague, province.department, Role.SPECIALIST)
    assert delegable_roles(fresh(colleague), province.department, TODAY) == []
    with pytest.raises(DelegationError) as refused:
        give(fresh(colleague), third, province.department, Role.SPECIALIST)
    assert set(refused.value.errors) == {"roles"}
    # Nor do rows that nobody should have written let it through.
    Delegation.objects.create(
        giver=colleague,
        delegate=third,
        agency=province.department,
        roles=["specialist"],
        valid_from=TODAY,
        valid_to=FRIDAY,
        created_by=colleague,
        created_at=timezone.now(),
    )
    assert fresh(third).held_roles(TODAY) == []


@time_machine.travel(MONDAY, tick=False)
def test_the_system_is_administered_by_nobody_else(province: Province, colleague: Officer) -> None:
    give_role(province.specialist, province.department, Role.ADMINISTRATOR)
    assert delegable_roles(province.specialist, province.department, TODAY) == [Role.SPECIALIST]
    with pytest.raises(DelegationError) as refused:
        give(province.specialist, colleague, province.department, Role.ADMINISTRATOR)
    assert set(refused.value.errors) == {"roles"}


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"roles": [Role.HEAD]}, "roles"),
        ({"roles": []}, "roles"),
        ({"valid_from": dt.date(2026, 8, 2)}, "valid_from"),
        ({"valid_from": FRIDAY, "valid_to": dt.date(2026, 8, 6)}, "valid_to"),
        ({"document_number": "  "}, "document_number"),
        ({"reason": ""}, "reason"),
        ({"to": "stranger"}, "delegate"),
        ({"to": "specialist"}, "delegate"),
    ],
)
def test_a_wrong_delegation_names_the_field(
    province: Province, colleague: Officer, changes: dict[str, Any], field: str
) -> None:
    to = changes.pop("to", None)
    parts: dict[str, Any] = {
        "by": province.specialist,
        "giver": province.specialist,
        "to": getattr(province, to) if to else colleague,
        "agency": province.department,
        "roles": [Role.SPECIALIST],
        "valid_from": TODAY,
        "valid_to": FRIDAY,
        "document_number": "1",
        "reason": "Nghỉ",
    }
    with pytest.raises(DelegationError) as refused:
        delegate(**{**parts, **changes})
    assert set(refused.value.errors) == {field}
    assert not Delegation.objects.exists()


@time_machine.travel(MONDAY, tick=False)
def test_no_role_is_given_to_two_at_once(province: Province, colleague: Officer) -> None:
    other = OfficerFactory.create(agency=province.department)
    first = give(province.specialist, colleague, province.department, Role.SPECIALIST)
    with pytest.raises(DelegationError) as refused:
        give(province.specialist, other, province.department, Role.SPECIALIST, valid_from=FRIDAY)
    assert "trùng ngày" in refused.value.errors["valid_from"]
    after = {"valid_from": dt.date(2026, 8, 8), "valid_to": dt.date(2026, 8, 9)}
    give(province.specialist, other, province.department, Role.SPECIALIST, **after)
    revoke(first, by=province.specialist, reason="Đổi người")
    give(province.specialist, other, province.department, Role.SPECIALIST)


@time_machine.travel(MONDAY, tick=False)
def test_nobody_who_is_away_stands_in(province: Province, colleague: Officer) -> None:
    give_role(colleague, province.department, Role.SPECIALIST)
    give(colleague, province.specialist, province.department, Role.SPECIALIST)
    with pytest.raises(DelegationError) as refused:
        give(province.specialist, colleague, province.department, Role.SPECIALIST)
    assert set(refused.value.errors) == {"delegate"}


@time_machine.travel(MONDAY, tick=False)
def test_a_head_gives_for_their_people_but_not_the_signature_of_another(
    province: Province, colleague: Officer
) -> None:
    boss = OfficerFactory.create(agency=province.department, roles=[Role.HEAD, Role.SIGNER])
    give(province.specialist, colleague, province.department, Role.SPECIALIST, by=province.head)
    with pytest.raises(PermissionError):
        give(boss, colleague, province.department, Role.SIGNER, by=province.head)
    # Whoever heads the agency above may.
    above = OfficerFactory.create(agency=province.root, roles=[Role.HEAD])
    give(boss, colleague, province.department, Role.SIGNER, by=above)


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize("who", ["stranger", "clerk", "receptionist", "reformer"])
def test_nobody_else_gives_or_takes_back(province: Province, colleague: Officer, who: str) -> None:
    other = getattr(province, who)
    with pytest.raises(PermissionError):
        give(province.specialist, colleague, province.department, Role.SPECIALIST, by=other)
    given = give(province.specialist, colleague, province.department, Role.SPECIALIST)
    with pytest.raises(PermissionError):
        revoke(given, by=other, reason="Vì sao không")


@time_machine.travel(MONDAY, tick=False)
def test_who_stands_in_for_a_head_gives_nobodys_roles(
    province: Province, colleague: Officer
) -> None:
    give(province.head, colleague, province.department, Role.HEAD)
    third = OfficerFactory.create(agency=province.department)
    with pytest.raises(PermissionError):
        give(province.specialist, third, province.department, Role.SPECIALIST, by=fresh(colleague))


# Two people


@pytest.fixture
def supervisor(province: Province) -> Officer:
    return OfficerFactory.create(
        user=UserFactory.create(username="giamsatkhac"),
        agency=province.centre,
        roles=[Role.SUPERVISOR],
    )


@time_machine.travel(MONDAY, tick=False)
def test_one_person_never_reopens_alone_by_delegation(
    province: Province, supervisor: Officer
) -> None:
    dossier = stages.settled(province)
    # The reform officer works at the centre too, and stands in for its supervisor.
    give_role(province.reformer, province.centre, Role.RETURNER)
    give(supervisor, province.reformer, province.centre, Role.SUPERVISOR)
    reformer = fresh(province.reformer)
    again: dict[str, Any] = {"reason": "Sai sót", "to": "in_progress"}
    asked = approval.ask(Act.REOPEN, dossier, by=supervisor, given=again, reason="Sai sót")
    # Asked by the supervisor, decided in the reform office: two people in two roles of their own.
    with transaction.atomic():
        done = correcting.reopen(asked, by=reformer, **again)
        assert "on_behalf_of" not in done.events.latest("seq").data
        transaction.set_rollback(True)


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize("asks", ["giver", "delegate"])
def test_whoever_stands_in_for_the_other_is_the_same_person(
    province: Province, supervisor: Officer, asks: str
) -> None:
    """The supervisor also holds the reform office, whose holder is away, and the other way round."""
    dossier = stages.settled(province)
    give_role(supervisor, province.root, Role.CLERK)
    give(province.reformer, supervisor, province.root, Role.REFORM_OFFICER)
    both = fresh(supervisor)
    again: dict[str, Any] = {"reason": "Sai sót", "to": "in_progress"}
    first, second = (province.reformer, both) if asks == "giver" else (both, both)
    if asks == "giver":
        # The holder asks in the reform office; the delegate decides as supervisor: two people.
        asked = approval.ask(Act.REOPEN, dossier, by=first, given=again, reason="Sai sót")
        done = correcting.reopen(asked, by=second, **again)
        assert done.state == "in_progress"
    else:
        asked = approval.ask(Act.REOPEN, dossier, by=first, given=again, reason="Sai sót")
        with pytest.raises(IllegalTransitionError):
            correcting.reopen(asked, by=second, **again)


@time_machine.travel(MONDAY, tick=False)
def test_who_asked_by_another_hand_does_not_decide_by_their_own(
    province: Province, supervisor: Officer
) -> None:
    """A holds both roles, has B ask as supervisor, and would decide as reform officer."""
    dossier = stages.settled(province)
    hand = OfficerFactory.create(agency=province.centre)
    give_role(supervisor, province.root, Role.REFORM_OFFICER)
    give(supervisor, hand, province.centre, Role.SUPERVISOR)
    again: dict[str, Any] = {"reason": "Sai sót", "to": "in_progress"}
    asked = approval.ask(Act.REOPEN, dossier, by=fresh(hand), given=again, reason="Sai sót")
    assert asked.events.latest("seq").data["on_behalf_of"] == supervisor.pk
    with pytest.raises(IllegalTransitionError):
        correcting.reopen(asked, by=fresh(supervisor), **again)
    assert correcting.reopen(asked, by=province.reformer, **again).state == "in_progress"


@time_machine.travel(MONDAY, tick=False)
def test_two_hands_of_one_person_do_not_make_two_people(
    province: Province, supervisor: Officer
) -> None:
    dossier = stages.settled(province)
    give_role(supervisor, province.root, Role.REFORM_OFFICER)
    left = OfficerFactory.create(agency=province.centre)
    right = OfficerFactory.create(agency=province.root)
    give(supervisor, left, province.centre, Role.SUPERVISOR)
    give(supervisor, right, province.root, Role.REFORM_OFFICER)
    again: dict[str, Any] = {"reason": "Sai sót", "to": "in_progress"}
    asked = approval.ask(Act.REOPEN, dossier, by=fresh(left), given=again, reason="Sai sót")
    with pytest.raises(IllegalTransitionError):
        correcting.reopen(asked, by=fresh(right), **again)
