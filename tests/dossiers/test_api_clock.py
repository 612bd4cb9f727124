"""The clock of a dossier over the API."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from agencies.calendar_data import default_calendar
from dossiers.models import Dossier, DossierReading, DueOrigin
from dossiers.services import closing, intake, processing
from tests.budgets import count_queries
from tests.dossiers.conftest import OfficerClient
from tests.dossiers.test_clockwork import (
    PROMISED,
    answer,
    ask,
    in_progress,
    set_from_outside,
    stored,
)

if TYPE_CHECKING:
    from tests.province import Province

BUDGET = 8
CALENDAR = default_calendar()
KEYS = {
    "due_original", "due_current", "due_statutory", "due_promised", "provisional", "days",
    "pauses", "changes", "holders", "total_working_minutes", "transfer_by", "intake",
}  # fmt: skip


def clock(province: Province, dossier: Dossier, now: str = "2026-11-16T09:00+07:00") -> Any:
    with time_machine.travel(now, tick=False):
        found = OfficerClient(province.head).get(f"/api/v1/dossiers/{dossier.public_code}/clock/")
    assert found.status_code == 200, found.json()
    told = found.json()
    assert set(told) == KEYS
    return told


def test_it_tells_every_date_day_pause_change_and_holder(province: Province) -> None:
    dossier = answer(province, ask(province, in_progress(province)))
    told = clock(province, dossier)
    assert told["due_original"] == "2026-11-16T17:00:00+07:00"
    assert told["due_current"] == told["due_statutory"] == "2026-11-18T17:00:00+07:00"
    assert told["due_promised"] is None
    assert told["provisional"] is False
    assert told["transfer_by"] == "2026-11-09T17:00:00+07:00"
    assert told["days"][0] == {
        "date": "2026-11-09",
        "kind": "received",
        "words": "Thứ Hai 09/11/2026: ngày tiếp nhận, chưa tính vào thời hạn.",
        "counted": False,
    }
    assert [(day["date"], day["kind"]) for day in told["days"]][-1] == ("2026-11-18", "counted")
    assert told["pauses"] == [
        {
            "from": "2026-11-11T10:00:00+07:00",
            "to": "2026-11-13T10:00:00+07:00",
            "why": "Chờ bổ sung",
            "working_minutes": 960,
        }
    ]
    assert told["changes"] == [
        {
            "at": "2026-11-13T10:00:00+07:00",
            "from": "2026-11-16T17:00:00+07:00",
            "to": "2026-11-18T17:00:00+07:00",
            "origin": "pause",
            "reference": "",
            "reason": "Nhận bổ sung lần 1",
        }
    ]
    assert [(holder["kind"], holder["working_minutes"]) for holder in told["holders"]] == [
        ("officer", 1020 + 420),
        ("applicant", 960),
    ]
    assert told["total_working_minutes"] == 1020 + 960 + 420


def test_the_shares_add_up_to_the_total_and_stop_with_the_end(province: Province) -> None:
    dossier = in_progress(province)
    open_now = clock(province, dossier, "2026-11-12T11:17:45+07:00")
    assert open_now["total_working_minutes"] == sum(
        holder["working_minutes"] for holder in open_now["holders"]
    )
    with time_machine.travel("2026-11-12T14:20:05+07:00", tick=False):
        done = processing.propose(dossier, by=province.specialist)
        done = closing.publish(
            processing.approve(done, by=province.head), by=province.clerk, result_number="12/KQ"
        )
    told = clock(province, done, "2027-01-04T09:00+07:00")
    assert stored(done).received_at is not None
    total = CALENDAR.working_minutes_between(
        dt.datetime.fromisoformat("2026-11-09T09:00+07:00"),
        dt.datetime.fromisoformat("2026-11-12T14:20:05+07:00"),
    )
    assert told["total_working_minutes"] == total
    assert sum(holder["working_minutes"] for holder in told["holders"]) == total


def test_an_apology_is_told_as_the_date_it_promised(province: Province) -> None:
    dossier = in_progress(province)
    set_from_outside(province, dossier, PROMISED, DueOrigin.APOLOGY)
    told = clock(province, dossier)
    assert told["due_current"] == "2026-11-16T17:00:00+07:00"
    assert told["due_promised"] == "2026-11-27T17:00:00+07:00"
    (change,) = told["changes"]
    assert (change["from"], change["to"], change["origin"], change["reference"]) == (
        "2026-11-16T17:00:00+07:00",
        "2026-11-27T17:00:00+07:00",
        "apology",
        "12/CĐ-UBND",
    )
    assert told["days"][-1]["date"] == "2026-11-27"


def test_an_open_pause_has_no_end_and_counts_up_to_now(province: Province) -> None:
    told = clock(province, ask(province, in_progress(province)), "2026-11-12T09:00+07:00")
    (pause,) = told["pauses"]
    assert (pause["to"], pause["working_minutes"]) == (None, 420)
    assert told["holders"][-1]["holder"] == "Người dân (đồng hồ dừng)"


def test_before_acceptance_only_the_intake_timer_runs(province: Province) -> None:
    with time_machine.travel("2026-11-09T10:00+07:00", tick=False):
        waiting = intake.register(province.submission(), by=province.receptionist)
        reader = OfficerClient(province.receptionist)
    with time_machine.travel("2026-11-10T10:01+07:00", tick=False):
        told = reader.get(f"/api/v1/dossiers/{waiting.public_code}/clock/").json()
    assert told["intake"] == [
        {
            "started_at": "2026-11-09T10:00:00+07:00",
            "answer_by": "2026-11-10T10:00:00+07:00",
            "answered_at": None,
            "overdue": True,
        }
    ]
    assert (told["due_current"], told["days"], told["holders"]) == (None, [], [])
    assert (told["total_working_minutes"], told["transfer_by"]) == (0, None)


def test_a_procedure_without_a_date_tells_no_days(province: Province) -> None:
    told = clock(province, in_progress(province, limit=(None, "none")))
    assert (told["due_current"], told["due_statutory"], told["days"]) == (None, None, [])
    assert told["total_working_minutes"] > 0


def test_who_may_not_see_the_dossier_does_not_see_its_clock(province: Province) -> None:
    dossier = in_progress(province)
    address = f"/api/v1/dossiers/{dossier.code}/clock/"
    assert OfficerClient(province.stranger).get(address).status_code == 404
    assert not DossierReading.objects.exists()
    assert OfficerClient(province.head).get(address).status_code == 200
    assert DossierReading.objects.get().officer == province.head


@pytest.mark.parametrize("rounds", [0, 6])
def test_it_runs_at_most_8_queries_whatever_the_history(province: Province, rounds: int) -> None:
    dossier = in_progress(province)
    for number in range(rounds):
        dossier = ask(province, dossier, f"2026-11-1{number}T10:00+07:00")
        dossier = answer(province, dossier, f"2026-11-1{number}T11:00+07:00")
    reader = OfficerClient(province.reformer)
    reader.get(f"/api/v1/dossiers/{dossier.code}/clock/")  # the calendar is read once a process
    with count_queries() as counted:
        told = reader.get(f"/api/v1/dossiers/{dossier.code}/clock/").json()
    assert len(told["pauses"]) == rounds
    assert len(counted) <= BUDGET, str(counted)
