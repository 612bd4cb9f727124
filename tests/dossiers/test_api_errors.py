"""Bad input of the officers' API: a clear 400 naming the field, never a 500, and nothing lost."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.test import APIClient

from accounts.api_fields import LinesField, PhoneField
from agencies.calendars import load_default_calendar
from dossiers.act_forms import ACT_FORMS
from dossiers.api import act_data
from dossiers.models import Dossier, IdempotencyKey
from tests.dossiers.conftest import OfficerClient
from tests.factories import ProcedureFactory, UserFactory

if TYPE_CHECKING:
    from tests.province import Province

TABLE = "/api/v1/dossiers/"
APPLICANT = {"name": "Lê Thử", "kind": "citizen", "personal_id": "089187004215"}
KEY = {"Idempotency-Key": "k"}
NUL = "a\x00b"
HUGE = 10**400


def errors_of(answer: Any) -> set[str]:
    """Return the fields a 400 names, after looking at the shape every 400 has."""
    assert answer.status_code == 400, (answer.status_code, answer.content)
    told = answer.json()
    assert set(told) == {"detail", "errors"}
    assert isinstance(told["detail"], str)
    assert told["detail"]
    for texts in told["errors"].values():
        assert texts
        assert all(isinstance(text, str) and text for text in texts)
    return set(told["errors"])


def raw(client: APIClient, body: Any, url: str = TABLE, **headers: str) -> Any:
    return client.generic("POST", url, body, content_type="application/json", headers=headers)


# Logging

BAD_FIELDS: list[tuple[str, Any, str]] = [
    ("procedure", None, "procedure"),
    ("procedure", "", "procedure"),
    ("procedure", 5, "procedure"),
    ("procedure", True, "procedure"),
    ("procedure", ["1.000001"], "procedure"),
    ("procedure", "9.999999", "procedure"),
    ("procedure", "9" * 41, "procedure"),
    ("procedure", NUL, "procedure"),
    ("procedure", "\ud800", "procedure"),
    ("case", "không có", "case"),
    ("case", 7, "case"),
    ("case", "c" * 41, "case"),
    ("channel", None, "channel"),
    ("channel", "fax", "channel"),
    ("channel", {"in": "person"}, "channel"),
    ("agency", "H99", "agency"),
    ("agency", "a" * 21, "agency"),
    ("agency", 1, "agency"),
    ("applicant", None, "applicant"),
    ("applicant", [], "applicant"),
    ("applicant", "Lê Thử", "applicant"),
    ("applicant", {**APPLICANT, "name": "x" * 201}, "applicant.name"),
    ("applicant", {**APPLICANT, "name": "   "}, "applicant.name"),
    ("applicant", {**APPLICANT, "name": NUL}, "applicant.name"),
    ("applicant", {**APPLICANT, "name": 12}, "applicant.name"),
    ("applicant", {**APPLICANT, "kind": "alien"}, "applicant.kind"),
    ("applicant", {**APPLICANT, "personal_id": None}, "applicant.personal_id"),
    ("applicant", {**APPLICANT, "personal_id": 89187004215}, "applicant.personal_id"),
    ("applicant", {**APPLICANT, "personal_id": "1" * 31}, "applicant.personal_id"),
    ("applicant", {**APPLICANT, "id_kind": "library card"}, "applicant.id_kind"),
    ("applicant", {**APPLICANT, "phone": "0" * 31}, "applicant.phone"),
    ("applicant", {**APPLICANT, "address": "a" * 301}, "applicant.address"),
    ("representative", "Lê", "representative"),
    ("representative", {"name": "Lê"}, "representative.personal_id"),
    ("papers", "đơn", "papers"),
    ("papers", {"name": "đơn"}, "papers"),
    ("papers", [[]], "papers.0"),
    ("papers", [{"kind": "copy"}], "papers.0.name"),
    ("papers", [{"name": "Đơn", "kind": "stone"}], "papers.0.kind"),
    ("papers", [{"name": "Đơn", "quantity": 0}], "papers.0.quantity"),
    ("papers", [{"name": "Đơn", "quantity": 1000}], "papers.0.quantity"),
    ("papers", [{"name": "Đơn", "quantity": 1.5}], "papers.0.quantity"),
    ("papers", [{"name": "Đơn"}, {"name": NUL}], "papers.1.name"),
    ("papers", [{"name": "Đơn"}] * 201, "papers"),
    ("received_at", "hôm qua", "received_at"),
    ("received_at", 20260101, "received_at"),
    ("received_at", "9999-12-31T23:59:59+07:00", "received_at"),
    ("received_at", "9999-12-31T23:59:59-23:00", "received_at"),
    ("received_at", "0001-01-01T00:00:00+14:00", "received_at"),
    ("received_at", "1989-12-31T10:00", "received_at"),
    ("received_at", "2026-02-30T10:00", "received_at"),
    ("received_at", [], "received_at"),
    ("reason", "r" * 501, "reason"),
    ("reason", {}, "reason"),
    ("due_on", "30/12/2026", "due_on"),
    ("due_on", 5, "due_on"),
    ("due_on", "9999-12-31", "due_on"),
]


def test_a_wrong_field_is_named_and_nothing_is_logged(province: Province) -> None:
    desk = OfficerClient(province.receptionist)
    missed = []
    for field, value, named in BAD_FIELDS:
        # The test client refuses what our own parser should see, so the body goes as text.
        body = json.dumps({**province.body(), field: value}, ensure_ascii=True)
        told = errors_of(raw(desk, body, **KEY))
        if named not in told:
            missed.append((field, str(value)[:40], told))
    assert not missed
    assert not Dossier.objects.exists()
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize("field", ["procedure", "channel", "applicant"])
def test_a_missing_field_is_named(province: Province, field: str) -> None:
    body = province.body()
    del body[field]
    answer = OfficerClient(province.receptionist).post(TABLE, body, headers=KEY)
    assert errors_of(answer) == {field}


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", str(HUGE), "1e20"]
)
def test_numbers_that_no_field_can_hold_are_refused(province: Province, number: str) -> None:
    desk = OfficerClient(province.receptionist)
    body = json.dumps(province.body(papers=[{"name": "Đơn", "quantity": "@"}]))
    answer = raw(desk, body.replace('"@"', number), **KEY)
    named = errors_of(answer)
    assert named <= {"papers.0.quantity", "body"}  # NaN and Infinity are no JSON at all
    assert not Dossier.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "null",
        "[]",
        "[1, 2]",
        '"text"',
        "17",
        "true",
        '{"a": ' * 5000,
        "[" * 100_000,
        b"\xff\xfe",
        '{"\\u0000": 1}',
    ],
    ids=str,
)
def test_a_body_that_is_no_object_is_refused(province: Province, body: str | bytes) -> None:
    errors_of(raw(OfficerClient(province.receptionist), body, **KEY))
    assert not Dossier.objects.exists()


@pytest.mark.parametrize("key", ["", "   ", "k" * 201, "a\tb"])
def test_the_idempotency_key_is_asked_for_by_its_name(province: Province, key: str) -> None:
    headers = {"Idempotency-Key": key} if key else {}
    answer = OfficerClient(province.receptionist).post(TABLE, province.body(), headers=headers)
    assert errors_of(answer) == {"Idempotency-Key"}


def test_a_name_of_200_characters_is_taken_and_one_of_201_is_not(province: Province) -> None:
    desk = OfficerClient(province.receptionist)
    for length, status in ((200, 201), (201, 400)):
        name = ("Ngọc " * 50)[:length].strip().ljust(length, "a")
        body = province.body(applicant={**APPLICANT, "name": name})
        answer = desk.post(TABLE, body, headers={"Idempotency-Key": f"k{length}"})
        assert answer.status_code == status
    assert len(Dossier.objects.get().owner_name) == 200


def test_a_warned_identity_number_is_accepted(province: Province) -> None:
    body = province.body(applicant={**APPLICANT, "personal_id": "123"})
    answer = OfficerClient(province.receptionist).post(TABLE, body, headers=KEY)
    assert answer.status_code == 201


def test_a_procedure_the_province_does_not_offer_names_procedure(province: Province) -> None:
    other = ProcedureFactory.create(offering=False)
    body = province.body(procedure=other.code)
    answer = OfficerClient(province.receptionist).post(TABLE, body, headers=KEY)
    assert errors_of(answer) == {"procedure"}


def test_fields_nobody_asked_for_are_left_alone(province: Province) -> None:
    body = province.body(state="settled", code="H01-1", colour=["red"])
    answer = OfficerClient(province.receptionist).post(TABLE, body, headers=KEY)
    assert answer.status_code == 201
    assert answer.json()["state"] == "received"


# When it was received

FRIDAY = "2026-11-20T10:00+07:00"  # a Friday


@time_machine.travel(FRIDAY, tick=False)
def test_an_instant_without_offset_is_local(province: Province) -> None:
    desk = OfficerClient(province.receptionist)
    body = province.body(received_at="2026-11-19T08:00:00", reason="Mất điện")
    code = desk.post(TABLE, body, headers=KEY).json()["code"]
    assert code.split("-")[1] == "261119"
    seen = desk.get(f"{TABLE}{code}/").json()
    assert seen["received_at"] == "2026-11-19T08:00:00+07:00"


@time_machine.travel(FRIDAY, tick=False)
def test_a_moment_in_another_zone_has_the_local_day(province: Province) -> None:
    desk = OfficerClient(province.receptionist)
    body = province.body(received_at="2026-11-18T18:30:00Z", reason="Mất điện")
    code = desk.post(TABLE, body, headers=KEY).json()["code"]
    assert code.split("-")[1] == "261119"
    assert desk.get(f"{TABLE}{code}/").json()["received_at"] == "2026-11-19T01:30:00+07:00"


@time_machine.travel(FRIDAY, tick=False)
def test_the_future_is_refused_but_a_clock_ahead_by_seconds_is_not(province: Province) -> None:
    desk = OfficerClient(province.receptionist)
    ahead = province.body(received_at="2026-11-20T10:00:50+07:00")
    assert desk.post(TABLE, ahead, headers=KEY).status_code == 201
    assert Dossier.objects.get().received_at == timezone.now()
    future = province.body(received_at="2026-11-20T10:02+07:00", reason="r")
    answer = desk.post(TABLE, future, headers={"Idempotency-Key": "k2"})
    assert errors_of(answer) == {"received_at"}


@time_machine.travel(FRIDAY, tick=False)
def test_a_late_entry_needs_a_reason_and_is_marked_for_ever(province: Province) -> None:
    desk = OfficerClient(province.receptionist)
    late = province.body(received_at="2026-11-19T09:00:00+07:00")
    assert errors_of(desk.post(TABLE, late, headers=KEY)) == {"reason"}
    blank = {**late, "reason": "   "}
    assert errors_of(desk.post(TABLE, blank, headers=KEY)) == {"reason"}
    # The failed tries did not burn the key.
    answer = desk.post(TABLE, {**late, "reason": "Mất điện cả ngày"}, headers=KEY)
    assert answer.status_code == 201
    dossier = Dossier.objects.get()
    assert (dossier.entry, dossier.late_reason) == ("late", "Mất điện cả ngày")
    event = dossier.events.get(act="receive")
    assert event.data["late_entry"] is True
    assert event.reason == "Mất điện cả ngày"
    assert event.at == dt.datetime.fromisoformat("2026-11-19T09:00:00+07:00")
    assert event.recorded_at > event.at


# The date an officer sets


def test_a_date_is_set_only_where_the_procedure_states_no_limit(province: Province) -> None:
    body = province.body(due_on="2030-01-04", reason="r")
    answer = OfficerClient(province.receptionist).post(TABLE, body, headers=KEY)
    assert errors_of(answer) == {"due_on"}


@time_machine.travel(FRIDAY, tick=False)
@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"due_on": "2026-11-27"}, {"reason"}),
        ({"due_on": "2026-11-27", "reason": "  "}, {"reason"}),
        ({"due_on": "2026-11-19", "reason": "r"}, {"due_on"}),  # before the receipt
        ({"due_on": "2026-11-22", "reason": "r"}, {"due_on"}),  # a Sunday
        ({"due_on": "2026-11-24", "reason": "r"}, {"due_on"}),  # the holiday of 24/11
        ({"due_on": "9999-12-31", "reason": "r"}, {"due_on"}),
        ({"due_on": "2200-01-01", "reason": "r"}, {"due_on"}),
        ({"due_on": "0001-01-01", "reason": "r"}, {"due_on"}),
        ({"due_on": "2026-11-27", "reason": "r"}, None),
        ({"due_on": "2026-11-20", "reason": "r"}, None),  # the day of receipt
        ({}, None),  # no limit, no date
    ],
)
def test_the_rules_of_a_date_set_by_hand(
    province: Province, given: dict[str, str], named: set[str] | None
) -> None:
    procedure = ProcedureFactory.create(cases=[(None, "other")], offering=province.department)
    body = province.body(procedure=procedure.code, **given)
    answer = OfficerClient(province.receptionist).post(TABLE, body, headers=KEY)
    if named is not None:
        assert errors_of(answer) == named
        assert not Dossier.objects.exists()
        return
    assert answer.status_code == 201, answer.json()
    told = answer.json()
    assert told["due_on"] == given.get("due_on")
    if given:
        assert told["due_at"] == f"{given['due_on']}T17:00:00+07:00"
        assert Dossier.objects.get().due_reason == "r"
    else:
        assert told["due_at"] is None


# Reading and acting


def cursor(place: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "bad",
    [
        "x",
        "====",
        "ếế",
        "A" * 5000,
        cursor({}),
        cursor([]),
        cursor(["2026-01-01T00:00:00", 1]),  # no offset
        cursor(["2026-13-01T00:00:00+07:00", 1]),
        cursor([None, "1"]),
        cursor([None, 2**70]),
        cursor([1, 1]),
    ],
    ids=str,
)
def test_a_malformed_cursor_names_cursor(province: Province, bad: str) -> None:
    answer = OfficerClient(province.receptionist).get(TABLE, {"cursor": bad})
    assert errors_of(answer) == {"cursor"}


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"overdue": "yes"}, "overdue"),
        ({"agency": "H99"}, "agency"),
        ({"agency": "H" * 99}, "agency"),
    ],
)
def test_a_wrong_question_to_the_list_names_its_part(
    province: Province, asked: dict[str, str], named: str
) -> None:
    assert errors_of(OfficerClient(province.receptionist).get(TABLE, asked)) == {named}


def test_a_code_that_is_nobodys_is_404(province: Province) -> None:
    client = OfficerClient(province.receptionist)
    own = province.log().code
    paths = ["", "acts/", "papers/", "papers/1.pdf"]
    wrong = ["H01-1", "x" * 300, "%20", "%F0%9F%98%80", "..%2F"]
    urls = [f"{TABLE}{code}/{path}" for code in wrong for path in paths]
    urls += [f"{TABLE}{own}/papers/{pk}.pdf" for pk in (0, 2**31, 2**63, 10**20)]
    for url in urls:
        ask: Any = client.post if url.endswith("acts/") else client.get
        answer = ask(url, {"act": "transfer", "version": 1})
        assert answer.status_code == 404, url
        assert set(answer.json()) == {"detail"}, url


WRONG_ACTS: list[tuple[Any, str]] = [
    ([], "act"),
    ("transfer", "act"),
    ({}, "act"),
    ({"act": None}, "act"),
    ({"act": "fly", "version": 2}, "act"),
    ({"act": 1, "version": 2}, "act"),
    ({"act": ["transfer"], "version": 2}, "act"),
    ({"act": "transfer"}, "version"),
    ({"act": "transfer", "version": None}, "version"),
    ({"act": "transfer", "version": "2"}, "version"),
    ({"act": "transfer", "version": 2.0}, "version"),
    ({"act": "transfer", "version": True}, "version"),
    ({"act": "transfer", "version": 2, "note": 5}, "note"),
    ({"act": "transfer", "version": 2, "note": ["a"]}, "note"),
    ({"act": "transfer", "version": 2, "note": "n" * 2001}, "note"),
    ({"act": "transfer", "version": 2, "note": "a\x00"}, "note"),
    ({"act": "request_withdrawal", "version": 2}, "reason"),
    ({"act": "request_withdrawal", "version": 2, "reason": "  "}, "reason"),
    ({"act": "request_withdrawal", "version": 2, "reason": {"no": "text"}}, "reason"),
]


def test_wrong_data_of_an_act_is_named_and_changes_nothing(province: Province) -> None:
    dossier = province.log()
    desk = OfficerClient(province.receptionist)
    for body, named in WRONG_ACTS:
        told = errors_of(desk.post(f"{TABLE}{dossier.code}/acts/", body))
        assert named in told, body
    dossier.refresh_from_db()
    assert (dossier.state, dossier.event_count) == ("received", 2)


@pytest.mark.parametrize("version", [0, 1, 3, -1, 10**14])
def test_a_stale_version_is_409_with_what_is_open(province: Province, version: int) -> None:
    code = province.log().code
    answer = OfficerClient(province.receptionist).act(str(code), "transfer", version, note=5)
    assert answer.status_code == 409
    assert set(answer.json()) == {"detail", "allowed"}
    assert answer.json()["allowed"] == ["transfer", "request_withdrawal"]


def test_a_known_act_that_is_not_built_is_409(province: Province) -> None:
    code = province.log().code
    answer = OfficerClient(province.receptionist).act(str(code), "correct_result", 2)
    assert answer.status_code == 409


def test_an_officer_without_the_role_may_not_log(province: Province) -> None:
    answer = OfficerClient(province.specialist).post(TABLE, province.body(), headers=KEY)
    assert answer.status_code == 403
    assert set(answer.json()) == {"detail"}
    assert not Dossier.objects.exists()
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize("header", [None, "Bearer ", "Bearer nonsense", "Token x", "Bearer a b"])
def test_without_a_token_it_is_401(province: Province, header: str | None) -> None:
    code = province.log().code
    client = APIClient()
    if header:
        client.credentials(HTTP_AUTHORIZATION=header)
    for path in ("", f"{code}/", f"{code}/papers/"):
        answer = client.get(TABLE + path)
        assert answer.status_code == 401
        assert set(answer.json()) == {"detail"}
        assert answer["WWW-Authenticate"]
    assert client.post(TABLE, {}).status_code == 401
    assert client.post(f"{TABLE}{code}/acts/", {}).status_code == 401


def test_an_account_that_is_no_officer_is_refused(db: Any) -> None:
    client = APIClient()
    client.force_authenticate(UserFactory.create())
    answer = client.get(TABLE)
    assert answer.status_code == 403
    assert set(answer.json()) == {"detail"}


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_method_that_is_not_there_is_405(province: Province, method: str) -> None:
    answer = getattr(OfficerClient(province.receptionist), method)(TABLE)
    assert answer.status_code == 405
    assert set(answer.json()) == {"detail"}


def test_another_content_type_is_415(province: Province) -> None:
    answer = OfficerClient(province.receptionist).generic(
        "POST", TABLE, "a=b", content_type="application/x-www-form-urlencoded", headers=KEY
    )
    assert answer.status_code == 415
    assert set(answer.json()) == {"detail"}


def test_pages_follow_one_another_without_loss_or_repeat(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dossiers.pages.PAGE_SIZE", 2)
    monkeypatch.setattr("dossiers.pages.page_of.__defaults__", (2,))
    undated = ProcedureFactory.create(cases=[(None, "none")], offering=province.department)
    codes = {province.log().code for _ in range(3)}
    codes |= {province.log(procedure=undated).code for _ in range(2)}
    client = OfficerClient(province.receptionist)
    url, seen = f"{TABLE}?agency=H01.07", []
    while url:
        answer = client.get(url).json()
        assert len(answer["results"]) <= 2
        seen += [row["code"] for row in answer["results"]]
        url = answer["next"]
    assert len(seen) == len(codes)
    assert set(seen) == codes


# The calculator


def due(**asked: str) -> Any:
    return APIClient().get("/api/v1/due-date/", asked)


THURSDAY = "2026-08-20T08:30:00"  # before the make-up Saturday of 22/08


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({}, "received_at"),
        ({"received_at": THURSDAY, "value": "1"}, "unit"),
        ({"received_at": THURSDAY, "value": "1", "unit": "week"}, "unit"),
        ({"received_at": THURSDAY, "value": "1", "unit": "other"}, "unit"),
        ({"received_at": THURSDAY, "value": "1", "unit": "WORKING_DAY"}, "unit"),
        ({"received_at": "hôm nay", "value": "1", "unit": "day"}, "received_at"),
        ({"received_at": "9999-12-31T23:59", "value": "1", "unit": "day"}, "received_at"),
        ({"received_at": "0001-01-01T00:00:00+14:00", "value": "1", "unit": "day"}, "received_at"),
        ({"received_at": THURSDAY, "unit": "day"}, "value"),
        ({"received_at": THURSDAY, "value": "", "unit": "working_day"}, "value"),
        ({"received_at": THURSDAY, "value": "0", "unit": "working_day"}, "value"),
        ({"received_at": THURSDAY, "value": "-1", "unit": "month"}, "value"),
        ({"received_at": THURSDAY, "value": "NaN", "unit": "day"}, "value"),
        ({"received_at": THURSDAY, "value": "sNaN", "unit": "day"}, "value"),
        ({"received_at": THURSDAY, "value": "Infinity", "unit": "day"}, "value"),
        ({"received_at": THURSDAY, "value": "1e400", "unit": "day"}, "value"),
        ({"received_at": THURSDAY, "value": "1e-400", "unit": "day"}, "value"),
        ({"received_at": THURSDAY, "value": "1" * 5000, "unit": "day"}, "value"),
        ({"received_at": THURSDAY, "value": "ba", "unit": "day"}, "value"),
        ({"received_at": THURSDAY, "value": "3661", "unit": "day"}, "value"),
        ({"received_at": THURSDAY, "value": "3661", "unit": "working_day"}, "value"),
        ({"received_at": THURSDAY, "value": "121", "unit": "month"}, "value"),
        ({"received_at": THURSDAY, "value": "30001", "unit": "working_hour"}, "value"),
        ({"received_at": THURSDAY, "value": "NaN", "unit": "none"}, "value"),
        ({"received_at": THURSDAY, "value": "x", "unit": "same_day"}, "value"),
    ],
    ids=str,
)
def test_the_calculator_names_what_is_wrong(asked: dict[str, str], named: str) -> None:
    load_default_calendar()
    assert named in errors_of(due(**asked))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("unit", "value", "due_at"),
    [
        ("working_day", "5", "2026-08-26T17:00:00+07:00"),
        ("working_day", "0.5", "2026-08-21T11:00:00+07:00"),
        ("working_hour", "4", "2026-08-20T14:30:00+07:00"),
        ("working_hour", "8", "2026-08-21T08:30:00+07:00"),
        (
            "day",
            "10",
            "2026-09-03T17:00:00+07:00",
        ),  # 30/08 is a Sunday, then swapped off and holidays
        ("month", "1", "2026-09-21T17:00:00+07:00"),  # 20/09 is a Sunday
        ("same_day", None, "2026-08-20T17:00:00+07:00"),
        ("same_day", "0", "2026-08-20T17:00:00+07:00"),
        ("none", None, None),
        ("none", "0", None),
        ("working_day", "3660", None),
        ("working_hour", "30000", None),
        ("month", "120", None),
    ],
)
def test_every_unit_gives_its_date(unit: str, value: str | None, due_at: str | None) -> None:
    load_default_calendar()
    asked = {"received_at": THURSDAY, "unit": unit} | ({"value": value} if value else {})
    answer = due(**asked)
    assert answer.status_code == 200, answer.json()
    told = answer.json()
    assert set(told) == {"due_at", "due_on", "provisional", "days"}
    if unit == "none":
        assert (told["due_at"], told["due_on"], told["days"]) == (None, None, [])
        return
    if due_at:
        assert told["due_at"] == due_at
    days = told["days"]
    assert told["due_on"] == told["due_at"][:10]
    assert (days[0]["date"], days[-1]["date"]) == ("2026-08-20", told["due_on"])
    assert days[0]["why"] == "received"
    for day in days:
        assert set(day) == {"date", "counts", "why", "text"}
        assert day["text"]
    reasons = {
        "received",
        "counted",
        "weekend",
        "holiday",
        "swapped_off",
        "make_up",
        "paused",
        "rolled",
    }
    assert {day["why"] for day in days} <= reasons
    first_day_counts = unit in {"working_hour", "same_day"}
    assert days[0]["counts"] is first_day_counts


@pytest.mark.django_db
def test_the_days_of_a_limit_count_exactly_what_it_uses_up() -> None:
    load_default_calendar()
    told = due(received_at=THURSDAY, value="5", unit="working_day").json()
    assert [(d["date"][8:], d["counts"], d["why"]) for d in told["days"]] == [
        ("20", False, "received"),
        ("21", True, "counted"),
        ("22", True, "make_up"),
        ("23", False, "weekend"),
        ("24", True, "counted"),
        ("25", True, "counted"),
        ("26", True, "counted"),
    ]


@pytest.mark.django_db
def test_same_day_after_the_cut_off_is_settled_the_next_working_day() -> None:
    load_default_calendar()
    told = due(received_at="2026-08-20T15:01:00", unit="same_day").json()
    assert told["due_at"] == "2026-08-21T17:00:00+07:00"
    assert [day["counts"] for day in told["days"]] == [False, True]


@pytest.mark.django_db
@pytest.mark.parametrize("sign", ["%2B", "+", "%20"])
def test_a_plus_that_became_a_blank_is_still_an_offset(sign: str) -> None:
    load_default_calendar()
    answer = APIClient().get(
        f"/api/v1/due-date/?received_at=2026-08-20T08:30:00{sign}07:00&value=5&unit=working_day"
    )
    assert answer.status_code == 200, answer.json()
    assert answer.json()["due_on"] == "2026-08-26"


@pytest.mark.django_db
def test_a_date_beyond_the_loaded_calendar_is_provisional() -> None:
    load_default_calendar()
    assert due(received_at=THURSDAY, value="5", unit="working_day").json()["provisional"] is False
    assert due(received_at=THURSDAY, value="60", unit="month").json()["provisional"] is True


@pytest.mark.django_db
def test_the_calculator_needs_no_token_and_ignores_a_bad_one() -> None:
    load_default_calendar()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer nonsense")
    answer = client.get(
        "/api/v1/due-date/", {"received_at": THURSDAY, "value": "5", "unit": "working_day"}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("shape", ["list", "object", "field"])
def test_a_body_of_any_depth_is_answered(province: Province, shape: str) -> None:
    """Deep enough to parse and too deep to walk: somewhere below Python's limit of recursion."""
    desk = OfficerClient(province.receptionist)
    for depth in [10, 100, 500, *range(880, 1010, 6), 5000]:
        lists = "[" * depth + "]" * depth
        body = {
            "list": lists,
            "object": '{"a":' * depth + "1" + "}" * depth,
            "field": f'{{"procedure": "1", "channel": "post", "papers": {lists}}}',
        }[shape]
        errors_of(raw(desk, body, **KEY))


def test_a_body_too_large_to_be_one_is_refused_unread(province: Province) -> None:
    body = json.dumps(province.body(reason="r" * 3_000_000))
    errors_of(raw(OfficerClient(province.receptionist), body, **KEY))
    assert not Dossier.objects.exists()


# What text may hold

BELL, OVERRIDE = "a\u0007b", "a\u202ec"


@pytest.mark.parametrize("name", [BELL, OVERRIDE, "a\nb", "a\tb", "a\u2028b", "a\u2066b", "a\x85b"])
def test_control_characters_have_no_place_in_a_line(province: Province, name: str) -> None:
    desk = OfficerClient(province.receptionist)
    body = province.body(applicant={**APPLICANT, "name": name, "address": name})
    told = errors_of(desk.post(TABLE, body, headers=KEY))
    assert told == {"applicant.name", "applicant.address"}
    body = province.body(papers=[{"name": name}])
    assert errors_of(desk.post(TABLE, body, headers=KEY)) == {"papers.0.name"}


def test_a_reason_may_have_lines_but_nothing_that_turns_them_around() -> None:
    field = LinesField()
    assert field.run_validation("Mất điện\r\n\tcả ngày\n") == "Mất điện\r\n\tcả ngày"
    for text in (BELL, OVERRIDE):
        with pytest.raises(ValidationError):
            field.run_validation(text)


@pytest.mark.parametrize("phone", ["hello", "123", "0912 345 678 nhà", "+-.()", "٠٩١٢٣٤٥٦٧٨"])
def test_a_telephone_number_is_a_number(province: Province, phone: str) -> None:
    body = province.body(applicant={**APPLICANT, "phone": phone})
    answer = OfficerClient(province.receptionist).post(TABLE, body, headers=KEY)
    assert errors_of(answer) == {"applicant.phone"}


@pytest.mark.parametrize("phone", ["", "0912 345 678", "+84 (296) 3.850-850", "111222"])
def test_a_telephone_number_is_taken_as_people_write_it(phone: str) -> None:
    assert PhoneField(allow_blank=True).run_validation(phone) == phone


def test_an_act_refuses_control_characters_by_its_field(province: Province) -> None:
    dossier = province.log()
    kinds = [kind for kind in ACT_FORMS.values() if "reason" in kind(dossier).fields]
    assert kinds
    for kind in kinds:
        with pytest.raises(ValidationError) as caught:
            act_data(kind(dossier), {"reason": OVERRIDE})
        assert set(caught.value.detail) == {"reason"}


@pytest.mark.parametrize("accept", ["application/pdf", "*/*", "application/json", "text/html"])
def test_a_paper_is_sent_to_whoever_asks_for_a_pdf(
    province: Province, accept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dossiers.api.ensure_rendered", lambda _slip: b"%PDF-1.7")
    dossier = province.log()
    url = f"{TABLE}{dossier.code}/papers/{dossier.slips.get().pk}.pdf"
    answer = OfficerClient(province.receptionist).get(url, headers={"Accept": accept})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    missing = OfficerClient(province.stranger).get(url, headers={"Accept": accept})
    assert (missing.status_code, missing["Content-Type"]) == (404, "application/json")
