"""GET /healthz tells database, queue, beat and disk apart."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import redis

from motcua import health

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
