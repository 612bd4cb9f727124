"""Leaving and moving: with empty hands, and then nothing is left of the account but its past."""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from accounts import second_factor
from accounts.models import OfficeSession, RecoveryCode, SecondFactor, User
from accounts.roles import Role
from agencies import staffing
from agencies.models import Delegation, Officer
from agencies.staffing import keeper_for
from dossiers.chain import chain_faults
from dossiers.models import Dossier
from dossiers.recording import ActDataError
from dossiers.services import leaving, processing
from dossiers.services.handing_over import held_by
from dossiers.services.leaving import WorkLeftError
from tests.accounts.test_second_factor import code_for, kinds, signed_in
from tests.agencies.test_delegations import give
from tests.budgets import count_queries
from tests.dossiers import stages
from tests.dossiers.pages import browser_of, page
from tests.dossiers.test_hand_over import PAGE, held, specialist, versions
from tests.factories import OfficerFactory
from tests.province import Province, give_role, make_province

if TYPE_CHECKING:
    from agencies.staffing import Keeper

MONDAY = "2026-08-03T09:00+07:00"
LEAVE = "/can-bo/nguoi/thuly/thoi-viec/"
MOVE = "/can-bo/nguoi/thuly/dieu-chuyen/"


@pytest.fixture
def colleague(province: Province) -> Officer:
    return specialist(province, "an", "Lê Văn An")


def head_of(province: Province) -> Keeper:
    found = keeper_for(province.head.user, province.head, timezone.localdate())
    assert found is not None
    return found


@time_machine.travel(MONDAY, tick=False)
def test_the_wizard_hands_over_first_and_then_closes_everything(
    province: Province, colleague: Officer
) -> None:
    officer, user = province.specialist, province.specialist.user
    dossiers = held(province, 3)
    desk = signed_in("thuly")
    _token, key = AuthToken.objects.create(user)
    secret = second_factor.new_secret()
    second_factor.add_app(user, secret, code_for(secret))
    second_factor.new_recovery_codes(user)
    give(officer, colleague, province.department, Role.SPECIALIST)
    client = browser_of(province.head)
    text = page(client.get(LEAVE))
    assert "3 hồ sơ" in text
    assert f'href="{PAGE}?tu=thuly"' in text
    assert "disabled" in text
    refused = client.post(LEAVE, follow=True)
    assert "Còn 3 hồ sơ chưa bàn giao" in page(refused)
    assert User.objects.get(pk=user.pk).is_active

    answer = client.post(
        f"{PAGE}?tu=thuly",
        {
            "dossier": [f"{code}@{number}" for code, number in versions(dossiers).items()],
            "to": ["an"],
            "reason": "Chuyển công tác",
        },
    )
    assert answer.status_code == 200, page(answer)
    text = page(client.get(LEAVE))
    assert "Không còn hồ sơ nào" in text
    assert "disabled" not in text
    assert "đã thôi việc" in page(client.post(LEAVE, follow=True))

    assert not User.objects.get(pk=user.pk).is_active
    assert not held_by(officer).exists()
    assert set(officer.roles.values_list("valid_to", flat=True)) == {dt.date(2026, 8, 3)}
    for gone in (OfficeSession, AuthToken, SecondFactor, RecoveryCode):
        assert not gone.objects.filter(user=user).exists()
    assert Delegation.objects.get().revoked_by == province.head
    assert desk.get("/hop-viec/").status_code == 302
    assert Client().get("/api/v1/dossiers/", HTTP_AUTHORIZATION=f"Bearer {key}").status_code == 401
    with pytest.raises(AssertionError, match="không đúng"):
        signed_in("thuly")
    assert kinds(user)[-4:] == ["session_ended", "token_ended", "left", "sign_in_failed"]
    # The past stays: what was done bears the name still, and every chain is whole.
    assert all(dossier.events.filter(holder_officer=officer).exists() for dossier in dossiers)
    assert [chain_faults(dossier) for dossier in Dossier.objects.all()] == [[], [], []]
    assert client.get(LEAVE).status_code == 404
    assert "đã khoá" in page(client.get("/can-bo/nguoi/thuly/"))
    assert browser_of(province.reformer).get("/can-bo/nguoi/thuly/dieu-chuyen/").status_code == 404


@time_machine.travel(MONDAY, tick=False)
def test_nothing_is_assigned_to_somebody_who_left(province: Province, colleague: Officer) -> None:
    waiting = stages.awaiting_assignment(province)
    leaving.leave(by=head_of(province), officer=province.specialist)
    with pytest.raises(ActDataError):
        processing.assign(waiting, by=province.head, assignee=province.specialist)
    processing.assign(waiting, by=province.head)  # the least loaded
    assert not held_by(province.specialist).exists()


@time_machine.travel(MONDAY, tick=False)
def test_what_is_sent_back_to_somebody_who_left_waits_in_the_agency(
    province: Province, colleague: Officer
) -> None:
    proposed = stages.awaiting_signature(province)
    assert proposed.holder_officer is None
    leaving.leave(by=head_of(province), officer=province.specialist)
    back = processing.send_back(proposed, by=province.head, reason="Sửa căn cứ")
    assert (back.state, back.holder_officer) == ("in_progress", None)
    assert not held_by(province.specialist).exists()
    assert chain_faults(back) == []
    taken = processing.assign(back, by=province.head, assignee=colleague)
    assert taken.holder_officer == colleague


@time_machine.travel(MONDAY, tick=False)
def test_whoever_keeps_but_does_not_head_is_told_who_hands_over(province: Province) -> None:
    held(province)
    client = browser_of(province.reformer)
    text = page(client.get(LEAVE))
    assert province.head.full_name in text
    assert f'href="{PAGE}?tu=thuly"' not in text
    with count_queries() as counted:
        client.get(LEAVE)
    # Who asks, what they keep, the officer, roles, the work by agency, its agencies, their heads.
    assert len(counted) <= 7, str(counted)


@time_machine.travel(MONDAY, tick=False)
def test_strangers_let_nobody_go(province: Province) -> None:
    for officer in (province.stranger, province.clerk, province.specialist):
        client = browser_of(officer)
        assert client.get(LEAVE).status_code == client.post(LEAVE).status_code == 404
        assert client.get(MOVE).status_code == client.post(MOVE).status_code == 404
    user = User.objects.get(username="thuly")
    assert user.is_active


@time_machine.travel(MONDAY, tick=False)
def test_an_officer_moves_with_empty_hands(province: Province, colleague: Officer) -> None:
    officer = province.specialist
    (dossier,) = held(province)
    client = browser_of(province.reformer)
    where = page(client.get(MOVE))
    assert 'value="H01.08"' in where
    assert 'value="H01.07"' not in where  # where they are
    url = f"{MOVE}?co_quan=H01.08"
    assert "1 hồ sơ" in page(client.get(url))
    body = {"roles": ["specialist", "clerk"], "title": "Chuyên viên chính"}
    refused = client.post(url, body)
    assert refused.status_code == 422
    assert "Còn 1 hồ sơ chưa bàn giao" in page(refused)
    processing.assign(dossier, by=province.head, assignee=colleague)
    assert client.post(url, {**body, "roles": []}).status_code == 422
    assert client.post(url, body)["Location"] == "/can-bo/nguoi/thuly/"
    officer.refresh_from_db()
    assert (officer.agency, officer.title) == (province.elsewhere, "Chuyên viên chính")
    today = dt.date(2026, 8, 3)
    assert set(officer.roles.values_list("agency__code", "role", "valid_from", "valid_to")) == {
        ("H01.07", "specialist", None, today),
        ("H01.08", "specialist", today, None),
        ("H01.08", "clerk", today, None),
    }
    assert kinds(officer.user) == ["role_ended", "role_given", "role_given", "transferred"]
    for broken in ("?co_quan=H01.08", "?co_quan=H99"):
        assert client.post(f"{MOVE}{broken}", {"roles": []}).status_code in {404, 422}
    # A head keeps only one side of it.
    assert browser_of(province.head).get(url).status_code == 404


@time_machine.travel(MONDAY, tick=False)
def test_what_is_held_where_one_stays_a_specialist_stays(province: Province) -> None:
    officer = province.specialist
    give_role(officer, province.elsewhere, Role.SPECIALIST)
    held(province)
    Dossier.objects.update(holder_agency=province.elsewhere)
    keeper = keeper_for(province.reformer.user, province.reformer, dt.date(2026, 8, 3))
    assert keeper is not None
    leaving.transfer(by=keeper, officer=officer, to=province.centre, roles=[Role.CLERK])
    assert held_by(officer).count() == 1
    with pytest.raises(WorkLeftError, match="1 dossiers"):
        leaving.leave(by=keeper, officer=officer)


def test_an_assignment_and_a_leaving_at_once_leave_nothing_behind(transactional_db: Any) -> None:
    """Both take the account's lock: one of them sees what the other did."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dossiers.tasks.knock", lambda slip_id: True)
        province = make_province()
        OfficerFactory.create(agency=province.department, roles=[Role.SPECIALIST])
        waiting = stages.awaiting_assignment(province)
        told: list[Any] = []
        assigned = threading.Event()

        def leave() -> None:
            assigned.wait(10)
            try:
                leaving.leave(by=head_of(province), officer=province.specialist)
            except WorkLeftError as error:
                told.append(error.count)
            connection.close()

        thread = threading.Thread(target=leave)
        thread.start()
        with transaction.atomic():
            processing.assign(waiting, by=province.head, assignee=province.specialist)
            assigned.set()
            thread.join(1)
            assert thread.is_alive()  # waits for the lock that the assignment holds
        thread.join(10)
        assert told == [1]

        # The other way round: the assignment waits, and finds them gone.
        processing.assign(
            waiting, by=province.head,
            assignee=Officer.objects.exclude(pk=province.specialist.pk).get(
                roles__role="specialist", agency=province.department
            ),
        )  # fmt: skip
        gone = threading.Event()

        def assign() -> None:
            gone.wait(10)
            try:
                processing.assign(waiting, by=province.head, assignee=province.specialist)
            except ActDataError as error:
                told.append(error.errors)
            connection.close()

        thread = threading.Thread(target=assign)
        thread.start()
        with transaction.atomic():
            leaving.leave(by=head_of(province), officer=province.specialist)
            gone.set()
            thread.join(1)
            assert thread.is_alive()
        thread.join(10)
        assert told[1:] == [{"assignee": "Người được giao vừa thôi việc."}]
        assert not held_by(province.specialist).exists()


@time_machine.travel(MONDAY, tick=False)
def test_the_account_that_installed_the_portal_lets_go_too(province: Province) -> None:
    root = User.objects.create_superuser("goc", password="x" * 12, full_name="Quản trị gốc")
    client = Client()
    client.force_login(root)
    give(province.specialist, province.clerk, province.department, Role.SPECIALIST)
    assert client.post(LEAVE)["Location"] == "/can-bo/"
    assert not User.objects.get(username="thuly").is_active
    keeper = keeper_for(root, None, dt.date(2026, 8, 3))
    assert keeper is not None
    left = Officer.objects.get(user__username="thuly")
    with pytest.raises(staffing.StaffingError):
        staffing.let_go(by=keeper, officer=left)
