"""Towards the end: the result, handing it over, withdrawing, stopping."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import time_machine

from accounts.personal_data import unseal
from dossiers.models import Delivery, Dossier
from dossiers.recording import ActDataError
from dossiers.services import closing, processing
from dossiers.services.intake import FeeItem
from dossiers.workflow import IllegalTransitionError
from tests.dossiers.conftest import OfficerClient
from tests.dossiers.pages import browser_of, page
from tests.dossiers.stages import (
    awaiting_signature,
    awaiting_supplement,
    in_progress,
    received,
    settled,
    settled_owing,
    signed,
    submitted,
)

if TYPE_CHECKING:
    from tests.province import Province

at = dt.datetime.fromisoformat
MONDAY = "2026-11-16T09:00+07:00"


@time_machine.travel(MONDAY, tick=False)
def test_publishing_stops_the_clock_and_brings_the_result_to_the_counter(
    province: Province,
) -> None:
    done = closing.publish(signed(province), by=province.clerk, result_number="12/GP")
    row = Dossier.objects.get(pk=done.pk)
    assert (row.state, row.national_status) == ("settled", 9)
    assert (row.settled_at, row.settled_on) == (at(MONDAY), dt.date(2026, 11, 16))
    assert (row.result_kind, row.result_number) == ("granted", "12/GP")
    assert (row.delivery_state, row.holder_agency) == ("due", province.centre)
    assert row.events.get(act="publish").data == {"result_number": "12/GP", "seal": "ink"}
    approved = row.events.get(act="approve")
    assert (approved.actor, approved.data) == (province.head, {"signature": "hand"})
    assert not row.is_open


@pytest.mark.parametrize("number", ["", "  "])
def test_a_result_is_published_with_its_number(province: Province, number: str) -> None:
    with pytest.raises(ActDataError) as refused:
        closing.publish(signed(province), by=province.clerk, result_number=number)
    assert set(refused.value.errors) == {"result_number"}


def test_the_page_says_plainly_that_nothing_was_signed_digitally(province: Province) -> None:
    dossier = settled(province)
    text = page(browser_of(province.clerk).get(f"/ho-so/{dossier.code}/"))
    assert "Ký tay, không ký số" in text
    assert "Đóng dấu mực, không có chữ ký số của cơ quan" in text
    assert province.head.full_name in text


def test_money_is_not_taken_at_the_hand_over_without_a_receipt(province: Province) -> None:
    dossier = settled_owing(province)
    for number in ("", " "):
        with pytest.raises(ActDataError) as refused:
            closing.return_result(
                dossier, by=province.receptionist, fees_taken=True, receipt_number=number
            )
        assert set(refused.value.errors) == {"receipt_number"}
    done = closing.return_result(
        dossier, by=province.receptionist, fees_taken=True, receipt_number="BL-9"
    )
    assert (done.state, done.payment_state) == ("returned", "paid")
    paid = done.payments.get()
    assert (paid.amount_vnd, paid.receipt_number) == (Decimal(50_000), "BL-9")
    assert done.events.get(act="return_result").data["received_vnd"] == 50_000


def test_a_result_that_nobody_collects_is_never_overdue(province: Province) -> None:
    with time_machine.travel(MONDAY, tick=False):
        settled(province)
    assert not Dossier.objects.overdue(at("2027-11-16T09:00+07:00")).exists()


@time_machine.travel(MONDAY, tick=False)
def test_handing_over_keeps_who_took_it_sealed(province: Province) -> None:
    done = closing.return_result(
        settled(province), by=province.receptionist, receiver="  Trần  Văn Mẫu ", proof="identity"
    )
    row = Dossier.objects.get(pk=done.pk)
    assert (row.state, row.national_status, row.delivery_state) == ("returned", 10, "done")
    assert (row.returned_at, row.returned_on) == (at(MONDAY), dt.date(2026, 11, 16))
    delivery = Delivery.objects.get(dossier=row)
    assert unseal(delivery.receiver_sealed) == "Trần Văn Mẫu"
    assert "Mẫu".encode() not in bytes(delivery.receiver_sealed)
    assert (delivery.proof, delivery.channel) == ("identity", "counter")
    assert delivery.event.data == {"channel": "counter", "proof": "identity"}


def test_the_owner_is_who_takes_it_when_nobody_else_is_named(province: Province) -> None:
    closing.return_result(settled(province), by=province.receptionist)
    assert unseal(Delivery.objects.get().receiver_sealed) == "Nguyễn Thị Ánh Tuyết"


@time_machine.travel(MONDAY, tick=False)
def test_no_result_is_handed_over_while_a_fee_is_due(province: Province) -> None:
    fees = [
        FeeItem("Phí", Decimal(150_000)),
        FeeItem("Lệ phí", Decimal(1), is_paid=True, receipt_number="BL0"),
    ]
    dossier = province.log(fees=fees)
    dossier = processing.transfer(dossier, by=province.receptionist)
    dossier = processing.assign(dossier, by=province.head)
    dossier = processing.propose(dossier, by=province.specialist)
    dossier = processing.approve(dossier, by=province.head)
    dossier = closing.publish(dossier, by=province.clerk, result_number="12/KQ")
    with pytest.raises(ActDataError) as refused:
        closing.return_result(dossier, by=province.receptionist)
    assert set(refused.value.errors) == {"fees_taken"}
    desk = OfficerClient(province.receptionist)
    version = dossier.event_count
    for wrong in ({}, {"fees_taken": False}, {"fees_taken": "yes"}, {"fees_taken": 1}):
        answer = desk.act(str(dossier.code), "return_result", version, **wrong)
        assert answer.status_code == 400
        assert set(answer.json()["errors"]) == {"fees_taken"}
    answer = desk.act(
        str(dossier.code), "return_result", version, fees_taken=True, receipt_number="BL1"
    )
    assert answer.status_code == 200
    dossier.refresh_from_db()
    assert (dossier.payment_state, dossier.state) == ("paid", "returned")
    assert sorted(dossier.fees_due.values_list("receipt_number", "paid_at")) == [
        ("BL0", at(MONDAY)),
        ("BL1", at(MONDAY)),
    ]


@pytest.mark.parametrize(
    "data",
    [{"proof": "a smile"}, {"channel": "pigeon"}, {"receiver": "x" * 201}, {"proof": 1}],
    ids=str,
)
def test_wrong_data_of_a_delivery_is_named(province: Province, data: dict[str, object]) -> None:
    dossier = settled(province)
    answer = OfficerClient(province.receptionist).act(
        str(dossier.code), "return_result", dossier.event_count, **data
    )
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == set(data)


def test_the_counter_may_not_hand_over_before_publication(province: Province) -> None:
    with pytest.raises(IllegalTransitionError):
        closing.return_result(signed(province), by=province.receptionist)


def test_a_number_too_long_for_a_result_is_named(province: Province) -> None:
    dossier = signed(province)
    answer = OfficerClient(province.clerk).act(
        str(dossier.code), "publish", dossier.event_count, result_number="n" * 61
    )
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"result_number"}


# Withdrawing and stopping


def test_a_wish_to_withdraw_goes_to_the_settling_agency_and_is_not_yet_granted(
    province: Province,
) -> None:
    at_counter = received(province)
    asked = closing.request_withdrawal(at_counter, by=province.receptionist, reason="Không cần")
    assert asked.holder_agency == province.department
    assert asked.national_status == 4  # 7 only when granted (domain.md 2.4)
    assert asked.previous_state == "received"
    assert asked.settled_at is None


def test_the_specialist_keeps_a_dossier_whose_withdrawal_is_asked(province: Province) -> None:
    asked = closing.request_withdrawal(
        in_progress(province), by=province.receptionist, reason="Không cần"
    )
    assert asked.holder_officer == province.specialist


def test_a_wish_to_withdraw_ends_the_waiting_and_moves_the_date(province: Province) -> None:
    with time_machine.travel("2026-11-09T09:00+07:00", tick=False):
        dossier = awaiting_supplement(province)
    before = dossier.due_at
    with time_machine.travel("2026-11-10T09:00+07:00", tick=False):
        closing.request_withdrawal(dossier, by=province.receptionist, reason="Không cần")
    row = Dossier.objects.get(pk=dossier.pk)
    assert row.paused_at is None
    assert row.pauses.get().ended_at == at("2026-11-10T09:00+07:00")
    assert before == at("2026-11-16T17:00+07:00")
    assert row.due_at == at("2026-11-17T17:00+07:00")
    event = row.events.get(act="request_withdrawal")
    assert (event.clock_effect, event.due_at) == ("resume", row.due_at)
    assert row.due_date_changes.get().due_before == before


@time_machine.travel(MONDAY, tick=False)
def test_a_granted_withdrawal_ends_the_dossier_with_a_notice(province: Province) -> None:
    asked = closing.request_withdrawal(
        in_progress(province), by=province.receptionist, reason="Không cần"
    )
    done = closing.grant_withdrawal(asked, by=province.head)
    row = Dossier.objects.get(pk=done.pk)
    assert (row.state, row.national_status, row.settled_at) == ("withdrawn", 7, at(MONDAY))
    assert (row.holder_agency, row.result_kind) == (province.centre, "")
    notice = row.slips.get(kind="stop_notice")
    assert notice.agency == province.department


@pytest.mark.parametrize("stage", [submitted, signed, settled], ids=lambda stage: stage.__name__)
def test_what_is_not_received_or_signed_already_cannot_be_withdrawn(
    province: Province, stage: object
) -> None:
    dossier = stage(province)  # type: ignore[operator]
    for officer in (province.receptionist, province.head):
        with pytest.raises(IllegalTransitionError):
            closing.request_withdrawal(dossier, by=officer, reason="Không cần")


@time_machine.travel(MONDAY, tick=False)
def test_the_signer_stops_a_dossier_for_a_legal_reason(province: Province) -> None:
    done = closing.stop(awaiting_signature(province), by=province.head, reason="Người nộp đã mất")
    row = Dossier.objects.get(pk=done.pk)
    assert (row.state, row.national_status, row.settled_at) == ("stopped", 8, at(MONDAY))
    assert row.settled_on == dt.date(2026, 11, 16)
    assert (row.holder_agency, row.result_kind) == (province.centre, "")
    assert row.slips.get(kind="stop_notice").number == 1
    assert row.events.get(act="stop").reason == "Người nộp đã mất"
    for officer in (province.specialist, province.clerk, province.receptionist):
        with pytest.raises(IllegalTransitionError):
            closing.stop(in_progress(province), by=officer, reason="r")


def test_a_stopped_dossier_is_told_of_on_paper(province: Province) -> None:
    dossier = closing.stop(in_progress(province), by=province.head, reason="Hồ sơ trùng")
    client = OfficerClient(province.head)
    papers = client.get(f"/api/v1/dossiers/{dossier.code}/papers/").json()
    assert [paper["kind"] for paper in papers] == ["receipt", "stop_notice"]
    assert client.get(papers[1]["url"]).content.startswith(b"%PDF-")
