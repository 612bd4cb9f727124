"""The schema is valid and true, and random input over it never breaks the server."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from knox.models import AuthToken
from rest_framework.test import APIClient
from schemathesis import GenerationMode

from dossiers.models import Dossier
from dossiers.services import processing
from tests.province import make_province

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.province import Province

SCHEMA = "/api/schema/"
EXAMPLES = 25  # of each operation and mode; the run is bounded by SECONDS as well
SECONDS = 50
NO_TOKEN_NEEDED = {
    "/api/v1/procedures/",
    "/api/v1/due-date/",
    "/api/v1/token/",
    "/api/v1/tracking/",
}
# What a person, a broken program and an attacker type.
NASTY = [
    "",
    " ",
    "0",
    "-1",
    "1",
    "NaN",
    "-Infinity",
    "1e400",
    "1E+9999999999",
    "9" * 4000,
    "9999-12-31",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "2026-02-30",
    "null",
    "true",
    "[]",
    '{"$ne": 1}',
    "' OR 1=1 --",
    "%00",
    "%",
    "\\",
    "a\x00b",
    "\x1b[0m",
    "٣٤",
    "Nguyễn Thị Ánh Tuyết",
    "\U0001f642" * 300,
    "\u202e\ufeff",
    "ư" * 5000,
]


@pytest.fixture
def document() -> dict[str, Any]:
    answer = APIClient().get(f"{SCHEMA}?format=json")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


@pytest.fixture
def here(db: Any) -> Province:
    """A province with dossiers; what each case does to it is undone."""
    province = make_province()
    for _ in range(3):
        province.log()
    processing.transfer(province.log(), by=province.receptionist)
    return province


@pytest.fixture
def _connection_stays_open() -> Iterator[None]:
    """Keep the test's transaction over a request through WSGI, as Django's own client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.django_db
def test_the_schema_is_valid_openapi(document: dict[str, Any]) -> None:
    validate_schema(document)
    assert document["openapi"].startswith("3.")


def test_the_schema_is_made_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=io.StringIO())
    assert capsys.readouterr().err == ""


@pytest.mark.django_db
def test_the_schema_names_the_whole_api(document: dict[str, Any]) -> None:
    operations = {
        (path, method) for path, methods in document["paths"].items() for method in methods
    }
    assert {
        ("/api/v1/procedures/", "get"),
        ("/api/v1/due-date/", "get"),
        ("/api/v1/token/", "post"),
        ("/api/v1/dossiers/", "get"),
        ("/api/v1/dossiers/", "post"),
        ("/api/v1/dossiers/{code}/", "get"),
        ("/api/v1/dossiers/{code}/clock/", "get"),
        ("/api/v1/dossiers/{code}/papers/", "get"),
        ("/api/v1/dossiers/{code}/acts/", "post"),
        ("/api/v1/tracking/", "post"),
        ("/api/v1/reports/settlement/", "get"),
    } <= operations
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation.get("operationId"), (path, method)
            assert operation["responses"], (path, method)
            needs_token = bool(operation.get("security")) and {} not in operation["security"]
            is_open = path in NO_TOKEN_NEEDED or path == SCHEMA
            assert needs_token != is_open, (path, method)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.usefixtures("_connection_stays_open")
def test_random_input_never_breaks_the_server(here: Province, mode: GenerationMode) -> None:
    _row, token = AuthToken.objects.create(here.receptionist.user)
    codes = ["H01.01.01-000000-0001", *_codes()]
    schema = schemathesis.openapi.from_wsgi(SCHEMA, WSGIHandler())
    operations = [_valid(found) for found in schema.get_all_operations()]
    assert len(operations) >= 10
    tried: list[tuple[int, str]] = []
    for operation in operations:
        # On a busy machine each operation gets its share of the time, and no more.
        until = time.monotonic() + SECONDS / 2 / len(operations)
        try:
            _try(operation, mode, codes=codes, token=token, until=until, tried=tried)
        except Unsatisfiable:
            continue  # an operation that takes nothing cannot be given wrong data
    assert [told for status, told in tried if status >= 500] == []
    assert len(tried) > 50
    if mode is GenerationMode.NEGATIVE:
        assert 400 in {status for status, _told in tried}


def _valid(found: Any) -> Any:
    return found.ok()


def _try(
    operation: Any,
    mode: GenerationMode,
    *,
    codes: list[str],
    token: str,
    until: float,
    tried: list[tuple[int, str]],
) -> None:
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), code=st.sampled_from(codes))
    def run(case: Any, code: str) -> None:
        if time.monotonic() > until:
            return
        if "code" in case.path_parameters and code in codes[1:]:
            case.path_parameters["code"] = code
        answer = _isolated(lambda: case.call(headers={"Authorization": f"Bearer {token}"}))
        tried.append(
            (answer.status_code, f"{case.method} {case.formatted_path} {case.query} {case.body!r}")
        )

    run()


def _codes() -> list[str]:
    return [str(code) for code in Dossier.objects.values_list("code", flat=True)]


def _isolated(call: Any) -> Any:
    """Undo what one case did, even where it made the database refuse a statement."""
    point = transaction.savepoint()
    try:
        return call()
    finally:
        connection.needs_rollback = False
        transaction.savepoint_rollback(point)


def test_nasty_text_in_every_parameter_is_answered(
    here: Province, document: dict[str, Any]
) -> None:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(here.reformer.user)
    tried = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            asked = [p["name"] for p in operation.get("parameters", []) if p["in"] == "query"]
            if method != "get" or not asked:
                continue
            url = path.replace("{code}", _codes()[0])
            usual = {"received_at": "2026-08-20T08:30:00", "unit": "day", "value": "1"}
            for name in asked:
                for text in NASTY:
                    query = {key: value for key, value in usual.items() if key in asked}
                    query[name] = text
                    answer = _isolated(lambda url=url, query=query: client.get(url, query))
                    assert answer.status_code < 500, (path, query)
                    if answer.status_code == 400:
                        assert set(answer.json()) == {"detail", "errors"}, (path, query)
                    tried += 1
    assert tried > 10 * len(NASTY)


def test_nasty_text_in_every_field_of_a_body_is_answered(here: Province) -> None:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(here.receptionist.user)
    code = _codes()[0]
    acts = f"/api/v1/dossiers/{code}/acts/"
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("/api/v1/token/", {"username": "tiepnhan", "password": "x"}),
        ("/api/v1/tracking/", {"code": code, "proof": "4215"}),
        ("/api/v1/dossiers/", here.body(received_at="2026-08-20T08:30", reason="r", due_on=None)),
        (acts, {"act": "request_withdrawal", "version": 2, "reason": "r"}),
        (acts, {"act": "transfer", "version": 2, "note": "n"}),
    ]
    odd: list[Any] = [
        *NASTY,
        None,
        True,
        0,
        -1,
        10**14,
        1.5,
        [],
        {},
        [[]],
        [None],
        {"a": {"b": []}},
    ]
    for url, body in bodies:
        for name in body:
            for value in odd:
                answer = _isolated(
                    lambda url=url, body=body, name=name, value=value: client.post(
                        url, {**body, name: value}, headers={"Idempotency-Key": "k"}
                    )
                )
                assert answer.status_code < 500, (url, name, value)
                if answer.status_code == 400:
                    assert set(answer.json()) == {"detail", "errors"}, (url, name, value)
        for whole in odd:
            answer = _isolated(
                lambda url=url, whole=whole: client.post(
                    url, whole, headers={"Idempotency-Key": "k"}, format="json"
                )
            )
            assert answer.status_code < 500, (url, whole)
