"""400 is {detail, errors: {field: [text]}}, every other error {detail}, and never a 500."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DataError
from rest_framework import exceptions

from motcua.api_errors import flatten, handle
from motcua.api_input import CarefulJSONParser

if TYPE_CHECKING:
    from django.test import Client


def parse(body: bytes) -> Any:
    return CarefulJSONParser().parse(io.BytesIO(body))


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"a": NaN}', b'{"a": -Infinity}', b"\xff\xfe", b"[" * 100_000],
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(exceptions.ParseError):
        parse(body)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"value": 1e400}', "value"),
        (b'{"value": -1e400}', "value"),
        (b'{"value": 99999999999999999999}', "value"),
        (b'{"owner": {"name": "a\\u0000b"}}', "owner.name"),
        (b'{"papers": [{"name": "\\ud800"}]}', "papers.0.name"),
        (b'{"a\\u0000": 1}', "non_field_errors"),
        (b'"\\u0000"', "non_field_errors"),
    ],
)
def test_what_no_column_holds_names_its_field(body: bytes, field: str) -> None:
    with pytest.raises(exceptions.ValidationError) as caught:
        parse(body)
    assert list(flatten(caught.value.detail)) == [field]


def test_a_plain_body_passes() -> None:
    assert parse('{"a": ["Nguyễn 😀", 1.5, null, true]}'.encode()) == {
        "a": ["Nguyễn 😀", 1.5, None, True]
    }


def test_nested_errors_are_joined_by_dots() -> None:
    detail = {
        "applicant": {"name": ["thiếu"], "non_field_errors": ["sai"]},
        "papers": [{}, {"kind": ["lạ"]}],
    }
    assert flatten(detail) == {
        "applicant.name": ["thiếu"],
        "applicant": ["sai"],
        "papers.1.kind": ["lạ"],
    }


@pytest.mark.parametrize("error", [DataError("year 9999"), OverflowError("too large")])
def test_a_value_the_database_cannot_hold_is_400(error: Exception) -> None:
    response = handle(error, {})
    assert response is not None
    assert response.status_code == 400
    assert set(response.data) == {"detail", "errors"}


def test_every_other_error_has_detail_and_what_is_allowed() -> None:
    error = exceptions.APIException({"detail": "stale", "allowed": ["assign"], "inner": "x"})
    error.status_code = 409
    response = handle(error, {})
    assert response is not None
    assert response.data == {"detail": "stale", "allowed": ["assign"]}


@pytest.mark.parametrize("query", ["q=%00", "q=%ff", "%00=1"])
def test_an_unreadable_query_is_400(client: Client, query: str) -> None:
    answer = client.get(f"/api/schema/?{query}")
    assert answer.status_code == 400
    assert set(answer.json()) == {"detail", "errors"}


def test_an_unknown_address_of_the_api_is_404_in_json(client: Client) -> None:
    answer = client.get("/api/v1/no-such-thing/")
    assert answer.status_code == 404
    assert set(answer.json()) == {"detail"}


def test_html_pages_carry_a_policy_without_inline_code(client: Client) -> None:
    policy = client.get("/healthz").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
