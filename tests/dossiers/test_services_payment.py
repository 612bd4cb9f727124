"""Financial obligations while processing: the clock stands, a payment is written down once."""

from __future__ import annotations

import datetime as dt
import importlib
import pkgutil
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.db.migrations import RunSQL
from hypothesis import given, settings
from hypothesis import strategies as st

from dossiers import migrations, nightly
from dossiers.fees import shares_of
from dossiers.models import Dossier, FeeDue
from dossiers.recording import ActDataError
from dossiers.services import approval, closing, correcting, payment, processing, waiting
from dossiers.services.intake import FeeItem
from dossiers.workflow import Act, IllegalTransitionError
from tests.dossiers.conftest import OfficerClient
from tests.dossiers.pages import browser_of, page
from tests.dossiers.stages import in_progress
from tests.dossiers.superuser import sql
from tests.dossiers.truth import history_faults

if TYPE_CHECKING:
    from tests.province import Province

at = dt.datetime.fromisoformat
MONDAY = at("2026-08-10T09:00+07:00")
VND = Decimal  # whole đồng
WHOLE = VND(1_250_000)


def owing(province: Province, **changes: Any) -> Dossier:
    given: dict[str, Any] = {
        "amount_vnd": VND(1_250_000),
        "payee": "Chi cục Thuế khu vực",
        "notice_number": "125/TB-CCT",
        **changes,
    }
    return payment.request_payment(in_progress(province), by=province.specialist, **given)


def test_the_clock_stands_until_it_is_paid(province: Province) -> None:
    """Rule 8 of domain.md 11: the working time paused moves the date."""
    with time_machine.travel(MONDAY, tick=False):
        dossier = owing(province)
    assert (dossier.state, dossier.payment_state, dossier.is_paused) == (
        "awaiting_payment",
        "due",
        True,
    )
    assert dossier.reply_by == dt.date(2026, 9, 9)
    assert dossier.due_at == at("2026-08-17T17:00+07:00")
    with time_machine.travel(at("2026-08-12T09:00+07:00"), tick=False):
        dossier = payment.confirm_payment(
            dossier, by=province.receptionist, receipt_number="BL-77", amount_vnd=WHOLE
        )
    assert dossier.due_at == at("2026-08-19T17:00+07:00")
    assert dossier.due_original_at == at("2026-08-17T17:00+07:00")
    assert (dossier.state, dossier.payment_state, dossier.reply_by) == ("in_progress", "paid", None)
    assert dossier.holder_officer == province.specialist
    fee = dossier.fees_due.get()
    assert (fee.receipt_number, fee.paid_at) == ("BL-77", at("2026-08-12T09:00+07:00"))
    assert dossier.due_date_changes.count() == 1


def test_a_callback_that_comes_twice_pays_once(province: Province) -> None:
    """Rule 25: a callback never moves a business step twice."""
    dossier = payment.confirm_payment(
        owing(province), by=None, receipt_number="GD-1", amount_vnd=WHOLE
    )
    again = payment.confirm_payment(dossier, by=None, receipt_number="GD-1", amount_vnd=WHOLE)
    assert again.event_count == dossier.event_count
    assert dossier.events.filter(act="confirm_payment").count() == 1
    assert dossier.payments.count() == 1


def test_a_known_receipt_with_another_sum_is_no_repetition(province: Province) -> None:
    dossier = payment.confirm_payment(
        owing(province), by=None, receipt_number="GD-1", amount_vnd=WHOLE
    )
    for by in (None, province.receptionist):
        with pytest.raises((ActDataError, IllegalTransitionError)):
            payment.confirm_payment(dossier, by=by, receipt_number="GD-1", amount_vnd=VND(900_000))
    assert dossier.payments.get().amount_vnd == WHOLE


def test_less_than_what_is_due_is_kept_and_moves_nothing(province: Province) -> None:
    with time_machine.travel(MONDAY, tick=False):
        dossier = owing(province)
    due = dossier.due_at
    with time_machine.travel(at("2026-08-11T09:00+07:00"), tick=False):
        dossier = payment.confirm_payment(
            dossier, by=province.receptionist, receipt_number="BL-1", amount_vnd=VND(500_000)
        )
    assert (dossier.state, dossier.payment_state, dossier.is_paused, dossier.due_at) == (
        "awaiting_payment",
        "part",
        True,
        due,
    )
    assert dossier.reply_by == dt.date(2026, 9, 9)
    assert dossier.holder_officer == province.specialist
    fee = dossier.fees_due.get()
    assert (fee.paid_vnd, fee.left_vnd, fee.paid_at) == (VND(500_000), VND(750_000), None)
    event = dossier.events.order_by("-seq")[0]
    assert (event.act, event.actor_role, event.clock_effect) == (
        "record_payment",
        "receptionist",
        "none",
    )
    assert event.data == {
        "receipt_number": "BL-1",
        "received_vnd": 500_000,
        "missing_vnd": 750_000,
    }
    with time_machine.travel(at("2026-08-12T09:00+07:00"), tick=False):
        dossier = payment.confirm_payment(
            dossier, by=None, receipt_number="GD-2", amount_vnd=VND(750_000)
        )
    assert (dossier.state, dossier.payment_state) == ("in_progress", "paid")
    assert dossier.due_at == at("2026-08-19T17:00+07:00")  # the whole wait was the applicant's
    assert history_faults(dossier) == []


def test_more_than_what_is_due_is_owed_back(province: Province) -> None:
    dossier = payment.confirm_payment(
        owing(province), by=None, receipt_number="GD-1", amount_vnd=VND(1_300_000)
    )
    assert (dossier.state, dossier.payment_state) == ("in_progress", "refund")
    refund = dossier.refunds_due.get()
    assert (refund.amount_vnd, refund.why, refund.payment) == (
        VND(50_000),
        "excess",
        dossier.payments.get(),
    )
    assert dossier.events.get(act="confirm_payment").data["excess_vnd"] == 50_000
    assert history_faults(dossier) == []


def test_one_receipt_pays_the_obligation_it_names_and_no_other(province: Province) -> None:
    """A fee of the counter and a notified sum: what is paid for one leaves the other due."""
    fees = [FeeItem("Lệ phí thẩm định", VND(50_000))]
    dossier = _owing_too(province, fees)
    dossier = payment.confirm_payment(
        dossier,
        by=None,
        receipt_number="GD-1",
        amount_vnd=WHOLE,
        notice_number="125/TB-CCT",
    )
    assert (dossier.state, dossier.payment_state) == ("in_progress", "due")
    paid = {fee.name: fee.paid_vnd for fee in dossier.fees_due.all()}
    assert paid == {"Lệ phí thẩm định": 0, "Nghĩa vụ tài chính": WHOLE}


def test_without_a_name_the_amount_says_what_is_paid(province: Province) -> None:
    dossier = _owing_too(province, [FeeItem("Lệ phí thẩm định", VND(50_000))])
    dossier = payment.confirm_payment(
        dossier, by=province.receptionist, receipt_number="BL-1", amount_vnd=VND(50_000)
    )
    assert (dossier.state, dossier.payment_state) == ("awaiting_payment", "due")
    assert {fee.name: bool(fee.paid_at) for fee in dossier.fees_due.all()} == {
        "Lệ phí thẩm định": True,
        "Nghĩa vụ tài chính": False,
    }


def test_a_callback_for_an_unknown_notice_is_kept_and_pays_nothing(province: Province) -> None:
    dossier = payment.confirm_payment(
        owing(province), by=None, receipt_number="GD-1", amount_vnd=WHOLE, notice_number="9/TB"
    )
    assert (dossier.state, dossier.payment_state) == ("awaiting_payment", "due")
    assert dossier.refunds_due.get().amount_vnd == WHOLE
    assert history_faults(dossier) == []


def test_an_officer_who_names_an_unknown_notice_is_told(province: Province) -> None:
    with pytest.raises(ActDataError) as refused:
        payment.confirm_payment(
            owing(province),
            by=province.receptionist,
            receipt_number="BL-1",
            amount_vnd=WHOLE,
            notice_number="9/TB",
        )
    assert set(refused.value.errors) == {"notice_number"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "receipt_number"),
        ({"receipt_number": "BL-1"}, "amount_vnd"),
        ({"amount_vnd": VND(5)}, "receipt_number"),
        ({"receipt_number": "BL-1", "amount_vnd": VND(0)}, "amount_vnd"),
        ({"receipt_number": "BL-1", "amount_vnd": VND("0.5")}, "amount_vnd"),
    ],
)
def test_a_payment_without_its_receipt_or_sum_names_the_field(
    province: Province, given: dict[str, Any], field: str
) -> None:
    dossier = owing(province)
    with pytest.raises(ActDataError) as refused:
        payment.confirm_payment(dossier, by=province.receptionist, **given)
    assert set(refused.value.errors) == {field}


def test_an_exemption_is_no_payment(province: Province) -> None:
    dossier = payment.confirm_payment(
        owing(province), by=province.receptionist, exempt_reason="Hộ nghèo, Điều 9"
    )
    fee = dossier.fees_due.get()
    assert (fee.exempt_reason, fee.exempt_vnd, fee.paid_vnd, fee.paid_at) == (
        "Hộ nghèo, Điều 9",
        WHOLE,
        VND(0),
        None,
    )
    assert fee.exempted_at is not None
    assert (dossier.state, dossier.payment_state) == ("in_progress", "exempt")
    assert dossier.events.get(act="confirm_payment").data == {"exempt_vnd": 1_250_000}


def test_a_reduction_exempts_from_what_the_payment_leaves(province: Province) -> None:
    dossier = payment.confirm_payment(
        owing(province),
        by=province.receptionist,
        receipt_number="BL-1",
        amount_vnd=VND(625_000),
        exempt_reason="Giảm 50%, Điều 9",
    )
    fee = dossier.fees_due.get()
    assert (fee.paid_vnd, fee.exempt_vnd, fee.left_vnd) == (VND(625_000), VND(625_000), VND(0))
    assert (dossier.state, dossier.payment_state) == ("in_progress", "paid")
    assert history_faults(dossier) == []


def test_a_notice_open_already_is_asked_for_again_and_not_twice(province: Province) -> None:
    """After T37 the notice stands; a second one of the same number would be paid twice."""
    dossier = reopened(province, owing(province))
    assert (dossier.state, dossier.payment_state) == ("in_progress", "due")
    again: dict[str, Any] = {
        "amount_vnd": WHOLE,
        "payee": "Chi cục Thuế khu vực",
        "notice_number": "125/TB-CCT",
    }
    with pytest.raises(ActDataError) as refused:
        payment.request_payment(dossier, by=province.specialist, **{**again, "amount_vnd": VND(7)})
    assert set(refused.value.errors) == {"notice_number"}
    dossier = payment.request_payment(dossier, by=province.specialist, **again)
    assert dossier.fees_due.get().left_vnd == WHOLE


def reopened(province: Province, dossier: Dossier) -> Dossier:
    """Lead a dossier back to work by two people (T37)."""
    asked = approval.ask(
        Act.REOPEN,
        dossier,
        by=province.supervisor,
        reason="Nhầm",
        given={"to": "in_progress", "reason": "Nhầm"},
    )
    return correcting.reopen(asked, by=province.reformer, to="in_progress", reason="Nhầm")


def _owing_too(province: Province, fees: list[FeeItem]) -> Dossier:
    dossier = processing.transfer(province.log(fees=fees), by=province.receptionist)
    return payment.request_payment(
        processing.assign(dossier, by=province.head),
        by=province.specialist,
        amount_vnd=WHOLE,
        payee="Chi cục Thuế khu vực",
        notice_number="125/TB-CCT",
    )


def test_the_version_sends_it_straight_to_the_signer(province: Province) -> None:
    province.procedure.versions.update(signs_after_payment=True)
    dossier = payment.confirm_payment(
        owing(province), by=province.receptionist, receipt_number="BL-1", amount_vnd=WHOLE
    )
    assert (dossier.state, dossier.holder_officer) == ("awaiting_signature", None)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"amount_vnd": VND(0)}, "amount_vnd"),
        ({"amount_vnd": VND("1.5")}, "amount_vnd"),
        ({"payee": " "}, "payee"),
        ({"pay_by": dt.date(2020, 1, 1)}, "pay_by"),
        ({"pay_by": dt.date(2126, 1, 1)}, "pay_by"),
    ],
)
def test_a_wrong_notice_names_its_field_and_changes_nothing(
    province: Province, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(ActDataError) as refused:
        owing(province, **given)
    assert set(refused.value.errors) == {field}
    assert not Dossier.objects.filter(state="awaiting_payment").exists()


def unpaid(province: Province) -> Dossier:
    """Return a dossier whose notice was served on its day, in August 2026."""
    with time_machine.travel(MONDAY, tick=False):
        return owing(province, pay_by=dt.date(2026, 8, 20), is_served=True)


def test_not_paid_in_time_the_machine_asks_and_the_signer_stops_it(province: Province) -> None:
    dossier = unpaid(province)
    with time_machine.travel(MONDAY, tick=False), pytest.raises(IllegalTransitionError):
        waiting.lapse_payment(dossier, by=province.head)
    with time_machine.travel(at("2026-08-23T06:00+07:00"), tick=False):
        assert nightly.pass_time()["lapses"] == 0  # three days of grace
    with time_machine.travel(at("2026-08-24T06:00+07:00"), tick=False):
        assert nightly.pass_time()["lapses"] == 1
        assert nightly.pass_time()["lapses"] == 0
    with time_machine.travel(at("2026-08-24T09:00+07:00"), tick=False):
        dossier.refresh_from_db()
        assert dossier.asked == {"lapse_payment": {"role": "system", "people": []}}
        dossier = waiting.lapse_payment(dossier, by=province.head)
    assert (dossier.state, dossier.is_paused) == ("stopped", False)
    assert dossier.proposals.get().outcome == "done"
    assert dossier.slips.filter(kind="stop_notice").count() == 1
    assert dossier.settled_at is not None
    assert dossier.due_at is not None
    assert dossier.settled_at < dossier.due_at  # the applicant's silence made nobody late


def test_nobody_is_stopped_for_a_notice_that_was_not_served(province: Province) -> None:
    """T21 asks for a notice served, and long enough before for the version (domain.md 2.5)."""
    with time_machine.travel(MONDAY, tick=False):
        dossier = owing(province, pay_by=dt.date(2026, 8, 20))
    with time_machine.travel(at("2026-08-25T09:00+07:00"), tick=False):
        assert nightly.pass_time()["lapses"] == 0
        dossier.refresh_from_db()
        with pytest.raises(IllegalTransitionError):
            waiting.lapse_payment(dossier, by=province.head)
        for wrong in (dt.date(2026, 8, 9), dt.date(2026, 8, 26)):
            with pytest.raises(ActDataError) as refused:
                waiting.remind_applicant(dossier, by=province.receptionist, served_on=wrong)
            assert set(refused.value.errors) == {"served_on"}
        dossier = waiting.remind_applicant(
            dossier, by=province.receptionist, served_on=dt.date(2026, 8, 25)
        )
        assert dossier.fees_due.get().served_on == dt.date(2026, 8, 25)
    two_days_later = time_machine.travel(at("2026-08-27T09:00+07:00"), tick=False)
    with two_days_later, pytest.raises(IllegalTransitionError):
        waiting.lapse_payment(dossier, by=province.head)
    with time_machine.travel(at("2026-08-28T09:00+07:00"), tick=False):
        assert waiting.lapse_payment(dossier, by=province.head).state == "stopped"


def test_a_notice_served_stays_served_when_a_withdrawal_is_refused(province: Province) -> None:
    dossier = unpaid(province)
    with time_machine.travel(at("2026-08-12T09:00+07:00"), tick=False):
        asked = closing.request_withdrawal(dossier, by=province.receptionist, reason="Thôi")
        back = closing.refuse_withdrawal(asked, by=province.head, reason="Đã trình ký")
    assert (back.state, back.reply_by, back.notice_served_on) == (
        "awaiting_payment",
        dt.date(2026, 8, 20),
        dt.date(2026, 8, 10),
    )


def test_what_is_paid_while_a_withdrawal_is_asked_for_is_not_lost(province: Province) -> None:
    dossier = closing.request_withdrawal(owing(province), by=province.receptionist, reason="Thôi")
    dossier = payment.confirm_payment(dossier, by=None, receipt_number="GD-1", amount_vnd=WHOLE)
    assert (dossier.state, dossier.payment_state) == ("withdrawal_requested", "paid")
    dossier = closing.refuse_withdrawal(dossier, by=province.head, reason="Đã trình ký")
    # Nothing is left to pay: T20 needs no further receipt.
    dossier = payment.confirm_payment(dossier, by=province.receptionist)
    assert (dossier.state, dossier.payment_state) == ("in_progress", "paid")


def stopped_unpaid(province: Province) -> Dossier:
    dossier = unpaid(province)
    with time_machine.travel(at("2026-08-24T09:00+07:00"), tick=False):
        return waiting.lapse_payment(dossier, by=province.head)


def test_the_lapse_calls_the_obligation_off(province: Province) -> None:
    dossier = stopped_unpaid(province)
    fee = dossier.fees_due.get()
    assert (fee.cancelled_at, fee.left_vnd) == (dossier.settled_at, VND(0))
    assert dossier.payment_state == "void"
    assert dossier.events.get(act="lapse_payment").data == {"called_off_vnd": 1_250_000}


def test_money_that_comes_after_the_lapse_is_kept_to_be_given_back(province: Province) -> None:
    """Rule 25: a callback never moves, doubles or loses a business step."""
    dossier = stopped_unpaid(province)
    with time_machine.travel(at("2026-08-26T09:00+07:00"), tick=False):
        dossier = payment.confirm_payment(
            dossier, by=None, receipt_number="GD-9", amount_vnd=WHOLE, notice_number="125/TB-CCT"
        )
        again = payment.confirm_payment(
            dossier, by=None, receipt_number="GD-9", amount_vnd=WHOLE, notice_number="125/TB-CCT"
        )
    assert again.event_count == dossier.event_count
    assert (dossier.state, dossier.payment_state) == ("stopped", "refund")
    assert dossier.refunds_due.get().amount_vnd == WHOLE
    event = dossier.events.order_by("-seq")[0]
    assert (event.act, event.actor_role, event.from_state, event.to_state) == (
        "record_payment",
        "system",
        "stopped",
        "stopped",
    )
    assert history_faults(dossier) == []


def test_reopened_it_is_due_again_and_the_late_money_pays_it(province: Province) -> None:
    dossier = stopped_unpaid(province)
    with time_machine.travel(at("2026-08-25T09:00+07:00"), tick=False):
        dossier = payment.confirm_payment(
            dossier, by=None, receipt_number="GD-9", amount_vnd=VND(250_000)
        )
    with time_machine.travel(at("2026-08-26T09:00+07:00"), tick=False):
        dossier = reopened(province, dossier)
        fee = dossier.fees_due.get()
        assert (fee.left_vnd, fee.paid_vnd, fee.cancelled_at) == (
            VND(1_000_000),
            VND(250_000),
            None,
        )
        assert (dossier.state, dossier.payment_state) == ("in_progress", "part")
        assert dossier.refunds_due.get().called_off is not None
        dossier = payment.record_payment(
            dossier, by=province.receptionist, receipt_number="BL-3", amount_vnd=VND(1_000_000)
        )
    assert (dossier.state, dossier.payment_state) == ("in_progress", "paid")
    assert history_faults(dossier) == []


def test_a_part_paid_before_the_lapse_goes_back(province: Province) -> None:
    dossier = unpaid(province)
    with time_machine.travel(at("2026-08-12T09:00+07:00"), tick=False):
        dossier = payment.confirm_payment(
            dossier, by=None, receipt_number="GD-1", amount_vnd=VND(200_000)
        )
    with time_machine.travel(at("2026-08-24T09:00+07:00"), tick=False):
        dossier = waiting.lapse_payment(dossier, by=province.head)
    assert dossier.payment_state == "refund"
    assert [(r.amount_vnd, r.why) for r in dossier.refunds_due.all()] == [(VND(200_000), "ended")]
    assert dossier.events.get(act="lapse_payment").data == {
        "called_off_vnd": 1_050_000,
        "refund_vnd": 200_000,
    }
    assert history_faults(dossier) == []


def withdrawn(province: Province, **given: Any) -> Dossier:
    paid = [FeeItem("Lệ phí thẩm định", VND(50_000), is_paid=True, receipt_number="BL-5")]
    dossier = processing.transfer(province.log(fees=paid), by=province.receptionist)
    asked = closing.request_withdrawal(dossier, by=province.receptionist, reason="Thôi")
    return closing.grant_withdrawal(asked, by=province.head, **given)


@pytest.mark.parametrize(
    ("rule", "said", "refunded"),
    [
        ("all", None, [50_000]),
        ("none", None, []),
        ("decided", True, [50_000]),
        ("decided", False, []),
    ],
)
def test_the_version_says_whether_a_withdrawal_gives_fees_back(
    province: Province, rule: str, said: bool | None, refunded: list[int]
) -> None:
    province.procedure.versions.update(withdrawal_refund=rule)
    dossier = withdrawn(province, refunds=said)
    assert [refund.amount_vnd for refund in dossier.refunds_due.all()] == refunded
    assert dossier.payment_state == ("refund" if refunded else "paid")
    assert history_faults(dossier) == []


def test_reopened_after_a_withdrawal_nothing_is_given_back(province: Province) -> None:
    dossier = reopened(province, withdrawn(province, refunds=True))
    assert dossier.payment_state == "paid"
    refund = dossier.refunds_due.get()
    assert refund.called_off == dossier.events.get(act="reopen")
    assert dossier.fees_due.get().paid_vnd == 50_000
    assert history_faults(dossier) == []


@pytest.mark.parametrize(("rule", "said"), [("decided", None), ("all", False), ("none", True)])
def test_a_withdrawal_that_does_not_say_so_is_asked(
    province: Province, rule: str, said: bool | None
) -> None:
    province.procedure.versions.update(withdrawal_refund=rule)
    with pytest.raises(ActDataError) as refused:
        withdrawn(province, refunds=said)
    assert set(refused.value.errors) == {"refunds"}


def test_page_and_api_say_what_is_missing(province: Province) -> None:
    dossier = owing(province)
    browser = browser_of(province.receptionist)
    url = f"/ho-so/{dossier.code}/xac-nhan-da-nop/"
    assert "Còn phải nộp 1.250.000 đồng." in page(browser.get(url))
    answer = browser.post(
        url,
        {"version": dossier.event_count, "receipt_number": "BL-1", "amount_vnd": "500000"},
        follow=True,
    )
    text = page(answer)
    assert "Còn thiếu 750.000 đồng, chưa nộp đủ. Hồ sơ vẫn chờ nộp." in text
    assert "đã xong" not in text
    assert "thu một phần 500.000 đ, còn thiếu 750.000 đ" in text
    assert "Chưa ghi ngày giao thông báo nộp tiền" in text
    client = OfficerClient(province.receptionist)
    said = client.act(
        str(dossier.code),
        "confirm_payment",
        dossier.event_count + 1,
        receipt_number="BL-2",
        amount_vnd=800_000,
    ).json()
    assert said["state"] == "in_progress"
    assert said["payment"] == {
        "state": "refund",
        "left_vnd": 0,
        "paid_vnd": 1_250_000,
        "exempt_vnd": 0,
        "refund_vnd": 50_000,
    }
    assert "Phải hoàn trả 50.000 đ: Nộp thừa" in page(browser.get(f"/ho-so/{dossier.code}/"))


def test_a_receipt_typed_again_is_told_and_nothing_typed_is_lost(province: Province) -> None:
    given: dict[str, Any] = {"receipt_number": "BL-1", "amount_vnd": VND(500_000)}
    dossier = payment.confirm_payment(owing(province), by=province.receptionist, **given)
    answer = browser_of(province.receptionist).post(
        f"/ho-so/{dossier.code}/xac-nhan-da-nop/",
        {"version": dossier.event_count, **given},
    )
    assert answer.status_code == 422
    assert "Biên lai số BL-1 đã được ghi, 500.000 đồng." in page(answer)
    assert 'value="BL-1"' in page(answer)


def test_what_was_written_as_paid_before_is_told_apart(province: Province) -> None:
    """The migration: an exemption stood as a payment, and no row said how much was paid."""
    (name,) = (
        module.name
        for module in pkgutil.iter_modules(migrations.__path__)
        if module.name.endswith("_keep_every_payment")
    )
    migration = importlib.import_module(f"{migrations.__name__}.{name}").Migration
    forwards = next(each.sql for each in migration.operations if isinstance(each, RunSQL))
    assert isinstance(forwards, str)
    dossiers = {name: province.log() for name in ("paid", "exempt", "unpaid", "no fee")}
    sql("set constraints all immediate")
    sql("alter table dossiers_feedue drop constraint feedue_paid_means_in_full")
    for name, more in (
        ("paid", {"paid_at": MONDAY, "receipt_number": "BL-1"}),
        ("exempt", {"paid_at": MONDAY, "exempt_reason": "Hộ nghèo"}),
        ("unpaid", {}),
    ):
        FeeDue.objects.create(dossier=dossiers[name], name=name, amount_vnd=WHOLE, **more)
    for name, state in (
        ("paid", "paid"),
        ("exempt", "paid"),
        ("unpaid", "due"),
        ("no fee", "paid"),
    ):
        Dossier.objects.filter(pk=dossiers[name].pk).update(payment_state=state)
    sql(forwards)
    fees = {fee.name: fee for fee in FeeDue.objects.all()}
    assert (fees["paid"].paid_vnd, fees["paid"].paid_at) == (WHOLE, MONDAY)
    exempt = fees["exempt"]
    assert (exempt.paid_vnd, exempt.paid_at, exempt.exempt_vnd, exempt.exempted_at) == (
        VND(0),
        None,
        WHOLE,
        MONDAY,
    )
    assert fees["unpaid"].left_vnd == WHOLE
    states = {name: Dossier.objects.get(pk=dossier.pk) for name, dossier in dossiers.items()}
    assert {name: dossier.payment_state for name, dossier in states.items()} == {
        "paid": "paid",
        "exempt": "exempt",
        "unpaid": "due",
        "no fee": "paid",
    }


@settings(max_examples=200)
@given(
    owed=st.lists(st.integers(1, 10**9), max_size=5),
    amount=st.integers(1, 10**10),
    named=st.integers(0, 5),
)
def test_no_dong_is_lost_or_paid_twice(owed: list[int], amount: int, named: int) -> None:
    fees = [FeeDue(amount_vnd=VND(each), notice_number=str(n)) for n, each in enumerate(owed)]
    notice = str(named) if named < len(owed) else ""
    shares, left = shares_of(VND(amount), fees, notice_number=notice)
    assert sum(part for _fee, part in shares) + left == amount
    assert all(0 < part <= fee.left_vnd for fee, part in shares)
    assert len({id(fee) for fee, _part in shares}) == len(shares)
    assert not notice or all(fee.notice_number == notice for fee, _part in shares)
    if left:
        assert sum(part for _fee, part in shares) == sum(
            fee.left_vnd for fee in fees if not notice or fee.notice_number == notice
        )
