"""POST /api/v1/tracking/: found by two facts, one answer for every failure, blocked after five."""

from __future__ import annotations

import datetime as dt
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.client_address import network_of
from accounts.models import WrongTry
from accounts.tries import forget_tries_before
from dossiers import tracking, tracking_codes
from dossiers.models import Dossier, DossierEvent
from tests.factories import DossierFactory, local
from tests.province import Province

URL = "/api/v1/tracking/"
RIGHT = "7890"  # the factory's identity number ends with it; its telephone with 3456


def ask(code: Any, proof: Any, address: str = "203.0.113.5", **more: Any) -> Any:
    return Client(REMOTE_ADDR=address).post(
        URL, {"code": code, "proof": proof, **more}, content_type="application/json"
    )


def age_attempts(**age: Any) -> None:
    """Let time pass over the wrong tries."""
    for attempt in WrongTry.objects.all():
        attempt.at -= dt.timedelta(**age)
        attempt.save(update_fields=["at"])


# The answer


@time_machine.travel("2026-08-20T08:30+07:00", tick=False)
def test_two_facts_open_the_dossier(province: Province) -> None:
    dossier = province.log()
    answer = ask(dossier.code, "4215")
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == [
        "code", "procedure", "state_label", "national_status", "holder", "received_at", "due_at",
        "days", "todo", "timeline",
    ]  # fmt: skip
    assert body["code"] == "H01.01.01-260820-0001"
    assert body["procedure"] == province.procedure.name
    assert body["state_label"] == "Đã tiếp nhận"
    assert body["national_status"] == 2
    assert body["holder"] == "Trung tâm Phục vụ hành chính công"
    assert body["received_at"] == "2026-08-20T08:30:00+07:00"
    assert body["due_at"] == "2026-08-26T17:00:00+07:00"
    # Thu 20 received, Fri, make-up Sat, off Sun, Mon, Tue, Wed.
    assert [(day["date"], day["counts"], day["why"]) for day in body["days"]] == [
        ("2026-08-20", False, "received"),
        ("2026-08-21", True, "counted"),
        ("2026-08-22", True, "make_up"),
        ("2026-08-23", False, "weekend"),
        ("2026-08-24", True, "counted"),
        ("2026-08-25", True, "counted"),
        ("2026-08-26", True, "counted"),
    ]
    assert all(set(day) == {"date", "counts", "why", "text"} for day in body["days"])
    assert body["timeline"] == [
        {
            "at": "2026-08-20T08:30:00+07:00",
            "label": "Đã nộp hồ sơ",
            "agency": "Trung tâm Phục vụ hành chính công",
        },
        {
            "at": "2026-08-20T08:30:00+07:00",
            "label": "Đã tiếp nhận",
            "agency": "Trung tâm Phục vụ hành chính công",
        },
    ]
    assert body["todo"].startswith("Bạn chưa cần làm gì")


def test_both_codes_and_each_second_fact_open_it(db: Any) -> None:
    code = tracking_codes.make()
    dossier = DossierFactory.create(code="H01.151-260825-0012", tracking_code=code)
    typed_codes = [
        dossier.code, "h01.151 260825 0012", " hO1.15l–26O825–oo12 ", "H011512608250012",
        code, tracking_codes.grouped(code).lower(), code.replace("0", "O").replace("1", "l"),
    ]  # fmt: skip
    for typed in typed_codes:
        assert ask(typed, RIGHT).status_code == 200, typed
    for proof in [RIGHT, "3456", " 78 90 ", "7-8-9-0", "001234567890", "0900 123 456", "7890"]:
        assert ask(dossier.code, proof).status_code == 200, proof
    assert not WrongTry.objects.exists()


def test_an_old_code_with_letters_is_found_in_either_case(db: Any) -> None:
    DossierFactory.create(code="Hs/2020.a-0O1i")
    assert ask("HS/2020.A-0O1I", RIGHT).status_code == 200
    assert ask("hs 2020 a 0011", RIGHT).status_code == 200


def test_a_letter_in_the_second_fact_may_be_small(db: Any) -> None:
    DossierFactory.create(code="H01-260825-0001", id_number="C01234AB9")
    assert ask("H01-260825-0001", "4ab9").status_code == 200


def test_before_acceptance_the_tracking_code_opens_it(db: Any) -> None:
    code = tracking_codes.make()
    DossierFactory.create(submitted_only=True, tracking_code=code)
    body = ask(code, RIGHT).json()
    assert body["code"] == tracking_codes.grouped(code)
    assert (body["received_at"], body["due_at"], body["days"]) == (None, None, [])
    assert body["national_status"] == 1


def test_a_draft_is_nobodys_to_see(db: Any) -> None:
    code = tracking_codes.make()
    DossierFactory.create(submitted_only=True, state="draft", tracking_code=code)
    assert ask(code, RIGHT).status_code == 404


# The failures


@pytest.mark.parametrize("value", [None, "", "   ", 7890, 1.5, True, ["7890"], {"a": 1}])
@pytest.mark.parametrize("field", ["code", "proof"])
def test_what_is_no_text_is_a_bad_request_naming_the_field(db: Any, field: str, value: Any) -> None:
    body = {"code": "H01-260825-0001", "proof": "7890", field: value}
    answer = ask(**body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"detail", "errors"}
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize(
    "body", ["", "{}", "[]", "null", '"x"', "{", '{"code": "a\\u0000"}', "NaN"]
)
def test_a_body_that_is_no_object_is_a_bad_request(db: Any, body: str) -> None:
    answer = Client().post(URL, body, content_type="application/json")
    assert answer.status_code == 400
    assert set(answer.json()) == {"detail", "errors"}
    assert not WrongTry.objects.exists()


def test_a_token_that_ran_out_keeps_nobody_from_looking(db: Any) -> None:
    answer = Client().post(
        URL,
        {"code": "x", "proof": "y"},
        content_type="application/json",
        headers={"Authorization": "Bearer nonsense"},
    )
    assert answer.status_code == 404


def test_every_failure_is_the_same_answer_byte_for_byte(db: Any) -> None:
    received = DossierFactory.create(code="H01.151-260825-0012")
    bare = DossierFactory.create(
        code="H01.151-260825-0013", id_number="", phone_number="", id_proof=b"", phone_proof=b""
    )
    draft = DossierFactory.create(
        submitted_only=True, state="draft", tracking_code=tracking_codes.make()
    )
    tries = [
        (received.code, "0000"),
        (received.tracking_code, "0000"),
        (received.code, "789"),  # too short, though the end of the right one
        (received.code, "---"),
        (bare.code, RIGHT),
        (bare.code, "...."),
        (draft.tracking_code, RIGHT),
        ("H01.151-260825-9999", RIGHT),
        ("ZZZZZZZZZ", RIGHT),  # beyond the end of the index
        ("0", RIGHT),
        ("không phải mã", RIGHT),
        ("---", RIGHT),
        ("9" * 5000, RIGHT),
        (received.code, "9" * 5000),
        ("' OR 1=1 --", "' OR 1=1 --"),
        ("%s%(code)s", "%"),
    ]
    answers = [ask(code, proof) for code, proof in tries]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(answer.items())) for answer in answers}) == 1
    assert set(answers[0].json()) == {"detail"}
    assert answers[0]["Cache-Control"] == "private, no-store"


def test_what_the_framework_answers_is_the_same_byte_for_byte(db: Any, settings: Any) -> None:
    settings.TRACKING_TRIES_PER_CODE = 1
    right = DossierFactory.create(code="H01.151-260825-0012").code
    wrong = DossierFactory.create(code="H01.151-260825-0013").code
    for code, proof, status in [(right, RIGHT, 200), (wrong, "0000", 404), (wrong, "0000", 429)]:
        answers = []
        for accept in (
            "application/json",
            "application/json, */*;q=0.1",
        ):  # the second is no plain one
            answers.append(
                Client().post(
                    URL,
                    {"code": f" {code} ", "proof": proof},
                    content_type="application/json",
                    headers={"Accept": accept},
                )
            )
            if status == 404:
                WrongTry.objects.all().delete()
        if status == 404:
            ask(code, proof)
        assert [answer.status_code for answer in answers] == [status, status]
        assert answers[0].content == answers[1].content
        assert dict(answers[0].items()) == dict(answers[1].items())


def test_an_empty_database_answers_the_same(db: Any) -> None:
    assert ask("H01.151-260825-0012", RIGHT).status_code == 404


# The limits


def test_after_five_wrong_tries_a_code_is_blocked_for_the_right_answer_too(db: Any) -> None:
    dossier = DossierFactory.create(code="H01.151-260825-0012")
    for _ in range(5):
        assert ask(dossier.code, "0000").status_code == 404
    blocked = [ask(dossier.code, "0000"), ask(dossier.code, RIGHT)]
    assert [answer.status_code for answer in blocked] == [429, 429]
    assert blocked[0].content == blocked[1].content
    assert set(blocked[0].json()) == {"detail"}
    assert 14 * 60 < int(blocked[0]["Retry-After"]) <= 15 * 60
    # From another network just the same, and not counted: the block does not grow.
    assert ask(dossier.code, RIGHT, address="198.51.100.1").status_code == 429
    assert WrongTry.objects.count() == 10  # five tries, each for its code and its network

    age_attempts(minutes=14, seconds=55)
    assert int(ask(dossier.code, RIGHT)["Retry-After"]) <= 5
    age_attempts(seconds=10)
    assert ask(dossier.code, RIGHT).status_code == 200


def test_the_block_slides_each_try_leaving_on_its_own(db: Any) -> None:
    dossier = DossierFactory.create(code="H01.151-260825-0012")
    for _ in range(4):
        ask(dossier.code, "0000")
    age_attempts(minutes=10)
    ask(dossier.code, "0000")
    assert ask(dossier.code, RIGHT).status_code == 429
    age_attempts(minutes=6)  # the first four are gone, the fifth is six minutes old
    assert ask(dossier.code, RIGHT).status_code == 200
    for _ in range(4):
        assert ask(dossier.code, "0000").status_code == 404
    assert ask(dossier.code, RIGHT).status_code == 429


def test_a_dossiers_two_codes_and_all_their_spellings_count_together(db: Any) -> None:
    code = tracking_codes.make()
    DossierFactory.create(code="H01.151-260825-0012", tracking_code=code)
    spellings = ["H01.151-260825-0012", "h01.151 260825 oo12", code, code.lower(), "-".join(code)]
    for typed in spellings:
        assert ask(typed, "0000").status_code == 404
    for typed in spellings:
        assert ask(typed, RIGHT).status_code == 429


def test_a_code_that_does_not_exist_is_blocked_the_same_way(db: Any) -> None:
    DossierFactory.create(code="H01.151-260825-0012")
    for typed in ["H01.151-260825-9999", "h01.151 260825 9999", "H0l.151-260825-9999"] * 2:
        answer = ask(typed, RIGHT)
    assert answer.status_code == 429
    assert ask("H01.151-260825-9998", RIGHT).status_code == 404


def test_right_answers_are_never_counted(db: Any) -> None:
    dossier = DossierFactory.create(code="H01.151-260825-0012")
    for _ in range(40):
        assert ask(dossier.code, RIGHT).status_code == 200
    assert not WrongTry.objects.exists()


def test_a_network_is_blocked_after_thirty_wrong_tries_over_any_codes(db: Any) -> None:
    dossier = DossierFactory.create(code="H01.151-260825-0012")
    for number in range(30):
        assert ask(f"H01.9-{number}", "0000", address=f"203.0.113.{number}").status_code == 404
    assert ask(dossier.code, RIGHT, address="203.0.113.77").status_code == 429
    assert ask(dossier.code, RIGHT, address="::ffff:203.0.113.7").status_code == 429
    assert ask(dossier.code, RIGHT, address="203.0.114.77").status_code == 200
    age_attempts(minutes=15, seconds=1)
    assert ask(dossier.code, RIGHT, address="203.0.113.77").status_code == 200


def test_an_ipv6_network_is_a_56(db: Any) -> None:
    dossier = DossierFactory.create(code="H01.151-260825-0012")
    for number in range(30):
        assert (
            ask(f"H01.9-{number}", "0", address=f"2001:db8:0:12{number:02x}::1").status_code == 404
        )
    assert ask(dossier.code, RIGHT, address="2001:db8:0:12ff::9").status_code == 429
    assert ask(dossier.code, RIGHT, address="2001:db8:0:1300::9").status_code == 200


def test_the_limits_are_settings(db: Any, settings: Any) -> None:
    settings.TRACKING_TRIES_PER_CODE = 2
    settings.TRACKING_TRIES_PER_NETWORK = 3
    settings.TRACKING_WINDOW = 60
    statuses = [ask("H01.9-1", "0").status_code for _ in range(3)]
    assert statuses == [404, 404, 429]
    assert int(ask("H01.9-1", "0")["Retry-After"]) <= 60
    assert [ask("H01.9-2", "0").status_code for _ in range(2)] == [404, 429]


def test_a_forwarded_address_counts_only_behind_our_own_proxy(db: Any, settings: Any) -> None:
    settings.TRACKING_TRIES_PER_NETWORK = 1

    def ask_by(proxy: str, forwarded: str) -> int:
        return Client(REMOTE_ADDR=proxy, HTTP_X_FORWARDED_FOR=forwarded).post(
            URL, {"code": f"H01.9-{forwarded}", "proof": "0"}, content_type="application/json"
        ).status_code  # fmt: skip

    assert ask_by("203.0.113.5", "198.51.100.1") == 404
    assert ask_by("203.0.113.5", "198.51.101.1") == 429  # no proxy of ours: it may say anything
    settings.TRUSTED_PROXIES = ["203.0.114.0/24"]
    assert ask_by("203.0.114.5", "198.51.100.1") == 404
    assert ask_by("203.0.114.5", "192.0.2.9, 198.51.100.77") == 429  # only the nearest hop is told


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.5", "203.0.113.0/24"),
        ("::ffff:203.0.113.5", "203.0.113.0/24"),
        ("2001:db8:0:12ab::1", "2001:db8:0:1200::/56"),
        ("fe80::1%eth0", "fe80::/56"),
        ("", ""),
        ("nonsense", "nonsense"),
    ],
)
def test_networks_are_those_a_provider_hands_out(address: str, network: str) -> None:
    assert network_of(address) == network


def test_what_is_kept_of_a_try_names_nobody(db: Any) -> None:
    ask("H01.151-260825-0012", "0000")
    kept = b"".join(bytes(row.subject) for row in WrongTry.objects.all())
    assert len(kept) == 32
    assert b"H01" not in kept


def test_old_attempts_are_forgotten(db: Any) -> None:
    ask("H01.151-260825-0012", "0000")
    age_attempts(minutes=20)
    ask("H01.151-260825-0012", "0000")
    assert forget_tries_before(timezone.now() - dt.timedelta(seconds=60)) == 2
    assert WrongTry.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_burst_squeezes_in_no_sixth_wrong_answer() -> None:
    dossier = DossierFactory.create(code="H01.151-260825-0012")
    start = threading.Barrier(16)

    def guess(number: int) -> int:
        try:
            start.wait(timeout=30)
            return int(ask(dossier.code, f"{number:04d}", f"10.0.{number}.1").status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(guess, range(16)))
    assert (statuses.count(404), statuses.count(429)) == (5, 11)


@pytest.mark.django_db(transaction=True)
def test_a_burst_from_a_network_stops_at_its_limit_too(settings: Any) -> None:
    settings.TRACKING_TRIES_PER_NETWORK = 6
    start = threading.Barrier(12)

    def guess(number: int) -> int:
        try:
            start.wait(timeout=30)
            return int(ask(f"H01.9-{number}", "0000").status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(guess, range(12)))
    assert (statuses.count(404), statuses.count(429)) == (6, 6)


# What it costs


def with_events(count: int) -> Dossier:
    dossier = DossierFactory.create()
    DossierEvent.objects.bulk_create(
        DossierEvent(
            dossier=dossier,
            seq=seq,
            at=local("2026-08-03 08:30") + dt.timedelta(minutes=seq),
            act="assign",
            to_state="in_progress",
            actor_role="head",
            agency=dossier.receiving_agency,
            holder_agency=dossier.receiving_agency,
            digest=b"",
        )
        for seq in range(1, count + 1)
    )
    return dossier


def statements(code: str, proof: str) -> list[str]:
    with CaptureQueriesContext(connection) as caught:
        ask(code, proof)
    return [query["sql"].split("\n")[0][:40] for query in caught]


def test_a_look_up_takes_at_most_three_queries_and_as_many_for_every_outcome(
    province: Province,
) -> None:
    one, many = with_events(1), with_events(30)
    first = statements(str(one.code), RIGHT)
    assert len(first) <= 3  # the calendar, when nobody in this process has read it
    counts = [
        len(statements(str(one.code), RIGHT)),
        len(statements(str(many.code), RIGHT)),
        len(statements(str(many.code), "0000")),
        len(statements("H01.9-260825-0001", "0000")),
    ]
    assert counts == [2, 2, 2, 2]


def test_wrong_proof_and_no_such_code_run_the_very_same_statements(db: Any) -> None:
    dossier = with_events(30)

    def shapes(code: str) -> list[str]:
        with CaptureQueriesContext(connection) as caught:
            ask(code, "0000")
        texts = [query["sql"].replace(tracking_codes.fold(code), "?") for query in caught]
        return [re.sub(r"\\x[0-9a-f]{32}", "?", text) for text in texts]

    assert shapes(str(dossier.code)) == shapes("H01.001-260803-9999")


def test_the_look_up_reads_indexes_alone(db: Any) -> None:
    DossierFactory.create(code="H01.151-260825-0012")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        values: dict[str, str | int] = {"code": "H011512608250012", "likely_way": 1}
        cursor.execute(f"EXPLAIN {tracking._BY_CODE}", values)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    # Also the proof that the index of the migration folds as `fold_sql` does.
    assert "Index Scan using dossier_by_folded_code" in plan
    assert "Seq Scan on dossiers_dossier" not in plan


@pytest.mark.parametrize(
    "code", ["H01.151-260825-0012", "oil-OIL/1_0.x", "Hs 2020–7—8\N{NO-BREAK SPACE}9"]
)
def test_the_database_folds_a_code_as_we_do(db: Any, code: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {tracking_codes.fold_sql('%s::text')}", [code])
        assert cursor.fetchone() == (tracking_codes.fold(code),)
