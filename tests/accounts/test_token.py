"""The API's token: given for a right password, never by guessing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from rest_framework.test import APIClient

from accounts.models import WrongTry
from tests.factories import OfficerFactory

if TYPE_CHECKING:
    from accounts.models import User

PASSWORD = "mat-khau-thu-nghiem"


@pytest.fixture
def user(db: Any) -> User:
    return OfficerFactory.create(user__username="tiepnhan").user


def ask(**body: Any) -> Any:
    return APIClient().post("/api/v1/token/", body)


def test_a_right_password_gives_a_token_that_opens_the_api(user: User) -> None:
    answer = ask(username="tiepnhan", password=PASSWORD)
    assert answer.status_code == 200
    assert set(answer.json()) == {"token"}
    client = APIClient()
    bearer = {"Authorization": f"Bearer {answer.json()['token']}"}
    assert client.get("/api/v1/dossiers/", headers=bearer).status_code == 200
    assert client.get("/api/v1/dossiers/").status_code == 401


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(user: User) -> None:
    wrong, unknown = ask(username="tiepnhan", password="x"), ask(username="ai", password="x")
    assert (wrong.status_code, wrong.json()) == (401, unknown.json())
    assert set(wrong.json()) == {"detail"}


def test_missing_fields_are_named(db: Any) -> None:
    answer = ask()
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"username", "password"}


def test_five_wrong_passwords_block_the_right_one_too(user: User) -> None:
    for _try in range(5):
        assert ask(username="TiepNhan", password="x").status_code == 401
    blocked = ask(username="tiepnhan", password=PASSWORD)
    assert blocked.status_code == 429
    assert int(blocked["Retry-After"]) > 0
    assert WrongTry.objects.count() == 10  # blocked tries are not counted


def test_an_inactive_account_gets_no_token(user: User) -> None:
    user.is_active = False
    user.save()
    assert ask(username="tiepnhan", password=PASSWORD).status_code == 401


def test_the_sign_in_page_is_guarded_as_well(user: User) -> None:
    client = APIClient()
    for _try in range(5):
        client.post("/dang-nhap/", {"username": "tiepnhan", "password": "x"}, format="multipart")
    page = client.post(
        "/dang-nhap/", {"username": "tiepnhan", "password": PASSWORD}, format="multipart"
    )
    assert page.status_code == 200
    assert "thử sai nhiều lần" in page.content.decode()
