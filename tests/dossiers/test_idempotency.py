"""One answer for one key of one user, however often and however concurrently it is asked."""

from __future__ import annotations

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.roles import Role
from dossiers import idempotency
from dossiers.models import DayNumber, Dossier, IdempotencyKey
from dossiers.services import processing
from tests.dossiers.conftest import OfficerClient
from tests.factories import OfficerFactory, UserFactory
from tests.province import make_province

if TYPE_CHECKING:
    from tests.province import Province

TABLE = "/api/v1/dossiers/"
KEY = {"Idempotency-Key": "3f6c-k"}


@pytest.mark.django_db(transaction=True)
def test_one_key_at_four_counters_at_once_makes_one_dossier(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dossiers.tasks.knock", lambda slip_id: True)
    province = make_province()
    start = Barrier(4)
    body = province.body()

    def send(_index: int) -> tuple[int, Any]:
        try:
            client = OfficerClient(province.receptionist)
            start.wait(timeout=20)
            answer = client.post(TABLE, body, headers=KEY)
            return answer.status_code, answer.json()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))

    assert [status for status, _ in answers] == [201] * 4
    assert answers == [answers[0]] * 4
    dossier = Dossier.objects.get()
    assert answers[0][1]["code"] == dossier.code
    # The losers gave their numbers back.
    assert DayNumber.objects.get().last == 1
    assert dossier.events.count() == 2


def test_the_same_key_gives_the_same_answer_even_after_the_dossier_moved_on(
    province: Province,
) -> None:
    desk = OfficerClient(province.receptionist)
    first = desk.post(TABLE, province.body(), headers=KEY)
    processing.transfer(Dossier.objects.get(), by=province.receptionist)
    again = desk.post(TABLE, province.body(), headers=KEY)
    assert (again.status_code, again.json()) == (201, first.json())
    assert set(first.json()) == {
        "code", "tracking_code", "state", "national_status", "due_at", "due_on",
    }  # fmt: skip
    assert Dossier.objects.count() == 1


def test_the_same_body_in_another_order_is_the_same_body(province: Province) -> None:
    desk = OfficerClient(province.receptionist)
    body = province.body()
    first = desk.post(TABLE, body, headers=KEY)
    turned = json.dumps(dict(reversed(list(body.items()))), indent=2)
    again = desk.generic("POST", TABLE, turned, content_type="application/json", headers=KEY)
    assert (again.status_code, again.json()) == (201, first.json())


@pytest.mark.parametrize(
    "changes", [{"channel": "post"}, {"papers": []}, {"reason": ""}, {"extra": 1}], ids=str
)
def test_another_body_under_the_same_key_is_409(
    province: Province, changes: dict[str, Any]
) -> None:
    desk = OfficerClient(province.receptionist)
    desk.post(TABLE, province.body(), headers=KEY)
    answer = desk.post(TABLE, province.body(**changes), headers=KEY)
    assert answer.status_code == 409
    assert set(answer.json()) == {"detail"}
    # A body that is wrong besides is another body all the same.
    assert desk.post(TABLE, {}, headers=KEY).status_code == 409
    assert Dossier.objects.count() == 1


def test_a_refused_body_does_not_burn_the_key(province: Province) -> None:
    desk = OfficerClient(province.receptionist)
    assert desk.post(TABLE, province.body(channel="fax"), headers=KEY).status_code == 400
    assert desk.post(TABLE, province.body(procedure="9.9"), headers=KEY).status_code == 400
    late = province.body(received_at="2020-01-06T09:00")
    assert desk.post(TABLE, late, headers=KEY).status_code == 400
    assert not IdempotencyKey.objects.exists()
    assert desk.post(TABLE, province.body(), headers=KEY).status_code == 201


def test_a_key_belongs_to_one_user(province: Province) -> None:
    colleague = OfficerFactory.create(agency=province.centre, roles=[Role.RECEPTIONIST])
    codes = set()
    for officer in (province.receptionist, colleague):
        answer = OfficerClient(officer).post(TABLE, province.body(), headers=KEY)
        assert answer.status_code == 201
        codes.add(answer.json()["code"])
    assert len(codes) == 2


def test_an_act_and_its_key_are_there_both_or_neither(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("power cut")

    desk = OfficerClient(province.receptionist)
    with monkeypatch.context() as patch:
        patch.setattr(IdempotencyKey.objects, "create", broken)
        with pytest.raises(RuntimeError, match="power cut"):
            desk.post(TABLE, province.body(), headers=KEY)
    assert not Dossier.objects.exists()
    assert not DayNumber.objects.exists()


def test_keys_are_forgotten_by_age(db: Any) -> None:
    user = UserFactory.create()
    for days in (1, 40):
        key = IdempotencyKey.objects.create(user=user, key=f"k{days}", body_digest="")
        IdempotencyKey.objects.filter(pk=key.pk).update(
            created_at=timezone.now() - dt.timedelta(days=days)
        )
    assert idempotency.forget_before(timezone.now() - dt.timedelta(days=30)) == 1
    assert IdempotencyKey.objects.get().key == "k1"
