"""A dossier goes all the way through the API, each officer doing what is theirs."""

from __future__ import annotations

from typing import Any

import time_machine

from dossiers.chain import chain_faults
from dossiers.models import Dossier, OutboxMessage
from tests.dossiers.conftest import OfficerClient
from tests.province import Province


@time_machine.travel("2026-08-20T08:30+07:00", tick=False)  # Thursday before a make-up Saturday
def test_a_dossier_goes_from_the_counter_to_its_result(province: Province) -> None:
    desk, head = OfficerClient(province.receptionist), OfficerClient(province.head)
    specialist, clerk = OfficerClient(province.specialist), OfficerClient(province.clerk)

    logged = desk.post("/api/v1/dossiers/", province.body(), headers={"Idempotency-Key": "k1"})
    assert logged.status_code == 201, logged.json()
    answer: dict[str, Any] = logged.json()
    assert answer["code"] == "H01.01.01-260820-0001"
    assert answer["state"] == "received"
    assert answer["national_status"] == 2
    # domain.md 3.4: five working days from Thu 20/08/2026, Sat 22/08 is a make-up day.
    assert answer["due_at"] == "2026-08-26T17:00:00+07:00"
    assert answer["due_on"] == "2026-08-26"

    code = answer["code"]
    seen = desk.get(f"/api/v1/dossiers/{code}/").json()
    assert seen["version"] == 2
    assert [event["act"] for event in seen["events"]] == ["register", "receive"]
    assert seen["allowed"] == ["transfer", "request_withdrawal"]

    steps: list[tuple[OfficerClient, str, dict[str, Any], str, int]] = [
        (desk, "transfer", {}, "awaiting_assignment", 4),
        (head, "assign", {"assignee": "thuly"}, "in_progress", 4),
        (specialist, "request_supplement", {"reason": "Thiếu bản vẽ"}, "awaiting_supplement", 5),
        (desk, "accept_supplement", {"papers": ["Bản vẽ"]}, "in_progress", 4),
        (specialist, "propose", {}, "awaiting_signature", 4),
        (head, "approve", {}, "signed", 4),
        (clerk, "publish", {"result_number": "12/GP"}, "settled", 9),
        (desk, "return_result", {}, "returned", 10),
    ]
    for version, step in enumerate(steps, start=2):
        who, act, data, state, national = step
        done = who.act(code, act, version, **data)
        assert done.status_code == 200, (act, done.json())
        assert (done.json()["state"], done.json()["national_status"]) == (state, national)

    dossier = Dossier.objects.get(code=code)
    assert chain_faults(dossier) == []
    assert OutboxMessage.objects.filter(event__dossier=dossier).count() == 10
    papers = desk.get(f"/api/v1/dossiers/{code}/papers/").json()
    assert [paper["kind"] for paper in papers] == ["receipt", "supplement_request"]
    pdf = desk.get(papers[0]["url"])
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF-")


def test_the_same_key_gives_the_same_answer_and_another_body_conflicts(province: Province) -> None:
    desk = OfficerClient(province.receptionist)
    body, key = province.body(), {"Idempotency-Key": "k1"}
    first = desk.post("/api/v1/dossiers/", body, headers=key)
    again = desk.post("/api/v1/dossiers/", body, headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert Dossier.objects.count() == 1
    other = desk.post("/api/v1/dossiers/", {**body, "channel": "post"}, headers=key)
    assert other.status_code == 409
    assert set(other.json()) == {"detail"}


def test_a_stranger_gets_404(province: Province) -> None:
    code = province.log().code
    stranger = OfficerClient(province.stranger)
    assert stranger.get(f"/api/v1/dossiers/{code}/").status_code == 404
    assert stranger.act(str(code), "transfer", 2).status_code == 404
    assert stranger.get("/api/v1/dossiers/").json()["results"] == []


def test_an_act_that_is_not_open_conflicts_before_its_data_are_looked_at(
    province: Province,
) -> None:
    code = str(province.log().code)
    desk = OfficerClient(province.receptionist)
    for act in ("approve", "reopen", "refuse"):
        answer = desk.act(code, act, 2, reason={"no": "text"})
        assert answer.status_code == 409
        assert answer.json()["allowed"] == ["transfer", "request_withdrawal"]
    stale = desk.act(code, "transfer", 1)
    assert stale.status_code == 409
    assert desk.act(code, "fly", 2).status_code == 400
    missing = desk.act(code, "request_withdrawal", 2)
    assert missing.status_code == 400
    assert "reason" in missing.json()["errors"]
