"""GET /healthz tells database, queue, beat and disk apart."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import redis
import time_machine
from django.utils import timezone

from dossiers.models import HistoryCheck
from motcua import health
from tests.province import make_province

if TYPE_CHECKING:
    from django.test import Client


class FakeRedis:
    """Holds what the beat last wrote."""

    def __init__(self, heard: int | None) -> None:
        """Take the second the beat was last heard."""
        self.heard = heard

    def __enter__(self) -> FakeRedis:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ping(self) -> bool:
        return True

    def get(self, _name: str) -> bytes | None:
        return None if self.heard is None else str(self.heard).encode()


@pytest.fixture
def _living_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_redis", lambda: FakeRedis(int(time.time())))


@pytest.mark.django_db
@pytest.mark.usefixtures("_living_redis")
def test_a_healthy_house_says_ok_of_each_part(client: Client) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == dict.fromkeys(
        ["status", "database", "queue", "beat", "disk", "history"], "ok"
    )


@pytest.mark.usefixtures("_living_redis")
def test_without_the_database_it_answers_503_and_names_nobody(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise psycopg.OperationalError("connection to db.internal as motcua_web failed")

    monkeypatch.setattr(psycopg, "connect", refuse)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "fails: OperationalError"
    assert answer.json()["queue"] == "ok"
    assert b"internal" not in answer.content


@pytest.mark.django_db
def test_without_the_queue_the_rest_is_still_told(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise redis.ConnectionError("no")

    monkeypatch.setattr(health, "_redis", refuse)
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "fails",
        "database": "ok",
        "queue": "fails: ConnectionError",
        "beat": "fails: ConnectionError",
        "disk": "ok",
        "history": "ok",
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("age", "word"), [(None, "fails: not heard yet"), (60, "ok"), (600, "fails: silent for 60")]
)
def test_a_silent_beat_is_told(
    client: Client, monkeypatch: pytest.MonkeyPatch, age: int | None, word: str
) -> None:
    heard = None if age is None else int(time.time()) - age
    monkeypatch.setattr(health, "_redis", lambda: FakeRedis(heard))
    assert client.get("/healthz").json()["beat"].startswith(word)


@pytest.mark.django_db
@pytest.mark.usefixtures("_living_redis")
def test_a_full_disk_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "SMALLEST_FREE", 10**18)
    answer = client.get("/healthz")
    assert answer.json()["disk"].startswith("fails: ")
    assert answer.json()["disk"].endswith(" MB free")


def check(*, found: int, is_whole: bool) -> None:
    HistoryCheck.objects.create(
        is_whole=is_whole,
        dossier_count=1,
        event_count=2,
        reading_count=0,
        finding_count=found,
        seconds=1,
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_living_redis")
def test_a_finding_is_told_until_the_whole_history_is_clean_again(client: Client) -> None:
    for found, is_whole, word in (
        (0, False, "ok"),
        (3, False, "fails: 3 findings"),
        (0, False, "fails: 3 findings"),  # another day was clean
        (0, True, "ok"),
        (1, True, "fails: 1 findings"),
    ):
        check(found=found, is_whole=is_whole)
        answer = client.get("/healthz")
        assert answer.status_code == 200
        assert answer.json()["history"] == word


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_living_redis")
def test_days_that_stay_open_are_told(client: Client) -> None:
    make_province().log()
    today = timezone.localdate()
    for ahead, word in (
        (0, "ok"),
        (2, "ok"),
        (3, f"fails: no root since {today - dt.timedelta(days=1)}"),
    ):
        with time_machine.travel(timezone.now() + dt.timedelta(days=ahead)):
            assert client.get("/healthz").json()["history"] == word, ahead
