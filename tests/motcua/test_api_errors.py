"""400 is {detail, errors: {field: [text]}}, every other error {detail}, and never a 500."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DataError
from django.utils import translation
from rest_framework import exceptions, serializers

from accounts.api_input import CarefulJSONParser
from motcua.api_errors import flatten, handle

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


# Words

ENGLISH = re.compile(r"[A-Za-z]{2,}.* [A-Za-z]{2,}")


def speaks_english(text: str) -> bool:
    """Tell whether a text is a sentence without one Vietnamese letter."""
    return text.isascii() and ENGLISH.search(text) is not None


class EveryField(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=3, min_length=2)
    whole = serializers.IntegerField(min_value=1, max_value=2)
    real = serializers.FloatField(max_value=2)
    decimal = serializers.DecimalField(max_digits=3, decimal_places=1)
    truth = serializers.BooleanField()
    day = serializers.DateField()
    moment = serializers.DateTimeField()
    choice = serializers.ChoiceField(choices=["person"])
    several = serializers.ListField(child=serializers.IntegerField(), max_length=1)
    table = serializers.DictField()
    address = serializers.URLField()


VALUES: list[Any] = [
    None, "", "fax", "abcd", 0, 9, 9.99, 1e30, True, [], [1, 2], ["x"], {}, {"a": 1}, "2026-13-40",
    "2026-01-01", "2026-01-01T00:00", "9999-12-31T23:59:59-14:00", "9" * 1001,
]  # fmt: skip


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_field_complains_in_vietnamese(language: str) -> None:
    said: set[str] = set()
    with translation.override(language):
        for value in VALUES:
            asked = EveryField(data=dict.fromkeys(EveryField().fields, value))
            if not asked.is_valid():
                said |= {text for texts in flatten(asked.errors).values() for text in texts}
        bodies: list[Any] = [None, [], "text", 5, {}]
        for body in bodies:
            asked = EveryField(data=body)
            assert not asked.is_valid()
            said |= {text for texts in flatten(asked.errors).values() for text in texts}
        many = EveryField(data={"a": 1}, many=True)  # wrong on purpose
        assert not many.is_valid()
        said |= {text for texts in flatten(many.errors).values() for text in texts}
    assert len(said) > 15
    assert not [text for text in said if speaks_english(text)]


REQUESTS: list[tuple[str, str, bytes, dict[str, str], int]] = [
    ("GET", "/api/v1/dossiers/", b"", {}, 401),
    ("GET", "/api/v1/dossiers/", b"", {"Authorization": "Bearer abc"}, 401),
    ("GET", "/api/v1/dossiers/", b"", {"Authorization": "Bearer"}, 401),
    ("GET", "/api/v1/dossiers/", b"", {"Authorization": "Bearer a b"}, 401),
    ("PUT", "/api/v1/tracking/", b"{}", {}, 405),
    ("GET", "/api/v1/due-date/", b"", {"Accept": "application/pdf"}, 406),
    ("POST", "/api/v1/tracking/", b"x", {"Content-Type": "text/plain"}, 415),
    ("POST", "/api/v1/tracking/", b"{", {}, 400),
    ("POST", "/api/v1/tracking/", b"[]", {}, 400),
    ("POST", "/api/v1/tracking/", b'{"code": 1, "proof": null}', {}, 400),
    ("POST", "/api/v1/token/", b'{"username": true}', {}, 400),
    ("GET", "/api/v1/due-date/?unit=year&received_at=x", b"", {}, 400),
    ("GET", "/api/v1/due-date/?unit=none&received_at=2026-01-05&value=x", b"", {}, 400),
    ("GET", "/api/v1/nowhere/", b"", {}, 404),
]


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["vi", "en-US,en"])
@pytest.mark.parametrize(("method", "url", "body", "headers", "status"), REQUESTS)
def test_every_refusal_is_in_vietnamese(
    client: Client,
    method: str,
    url: str,
    body: bytes,
    headers: dict[str, str],
    status: int,
    language: str,
) -> None:
    kind = headers.get("Content-Type", "application/json")
    given = {k: v for k, v in headers.items() if k != "Content-Type"}
    answer = client.generic(
        method, url, body, content_type=kind, headers={**given, "Accept-Language": language}
    )
    assert answer.status_code == status, answer.content
    told = answer.json()
    said = [told["detail"], *(t for texts in told.get("errors", {}).values() for t in texts)]
    assert not [text for text in said if not text or speaks_english(text)]


def test_what_concerns_no_field_names_the_body_or_the_parameter(client: Client) -> None:
    def named(method: str, url: str, body: str = "") -> set[str]:
        answer = client.generic(method, url, body, content_type="application/json")
        assert answer.status_code == 400
        return set(answer.json()["errors"])

    assert named("POST", "/api/v1/tracking/", "{") == {"body"}
    assert named("GET", "/api/v1/due-date/?unit=day&value=%00") == {"value"}
    assert named("GET", "/api/v1/due-date/?%ff=1") == {"query"}
    assert named("GET", "/api/v1/due-date/") == {"received_at", "unit"}


def test_a_body_too_large_is_refused_without_an_alarm(
    client: Client, db: Any, caplog: pytest.LogCaptureFixture
) -> None:
    body = '{"code": "' + "a" * 3_000_000 + '"}'
    answer = client.generic("POST", "/api/v1/tracking/", body, content_type="application/json")
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"body"}
    assert not [record for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}]
    assert not [record for record in caplog.records if record.exc_info]
