"""Financial obligations while processing: the clock stands, a payment is written down once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from dossiers import nightly
from dossiers.models import Dossier
from dossiers.recording import ActDataError
from dossiers.services import payment, waiting
from dossiers.workflow import IllegalTransitionError
from tests.dossiers.stages import in_progress

if TYPE_CHECKING:
    from tests.province import Province

at = dt.datetime.fromisoformat
MONDAY = at("2026-08-10T09:00+07:00")


def owing(province: Province, **changes: Any) -> Dossier:
    given: dict[str, Any] = {
        "amount_vnd": Decimal(1_250_000),
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
        dossier = payment.confirm_payment(dossier, by=province.receptionist, receipt_number="BL-77")
    assert dossier.due_at == at("2026-08-19T17:00+07:00")
    assert dossier.due_original_at == at("2026-08-17T17:00+07:00")
    assert (dossier.state, dossier.payment_state, dossier.reply_by) == ("in_progress", "paid", None)
    assert dossier.holder_officer == province.specialist
    fee = dossier.fees_due.get()
    assert (fee.receipt_number, fee.paid_at) == ("BL-77", at("2026-08-12T09:00+07:00"))
    assert dossier.due_date_changes.count() == 1


def test_a_callback_that_comes_twice_pays_once(province: Province) -> None:
    """Rule 25: a callback never moves a business step twice."""
    dossier = payment.confirm_payment(owing(province), by=None, receipt_number="GD-1")
    again = payment.confirm_payment(dossier, by=None, receipt_number="GD-1")
    assert again.event_count == dossier.event_count
    assert dossier.events.filter(act="confirm_payment").count() == 1
    with pytest.raises(IllegalTransitionError):
        payment.confirm_payment(dossier, by=None, receipt_number="GD-2")


def test_exempt_with_a_reason_needs_no_receipt(province: Province) -> None:
    dossier = owing(province)
    with pytest.raises(ActDataError) as refused:
        payment.confirm_payment(dossier, by=province.receptionist)
    assert set(refused.value.errors) == {"receipt_number"}
    dossier = payment.confirm_payment(
        dossier, by=province.receptionist, exempt_reason="Hộ nghèo, Điều 9"
    )
    assert dossier.fees_due.get().exempt_reason == "Hộ nghèo, Điều 9"


def test_the_version_sends_it_straight_to_the_signer(province: Province) -> None:
    province.procedure.versions.update(signs_after_payment=True)
    dossier = payment.confirm_payment(
        owing(province), by=province.receptionist, receipt_number="BL-1"
    )
    assert (dossier.state, dossier.holder_officer) == ("awaiting_signature", None)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"amount_vnd": Decimal(0)}, "amount_vnd"),
        ({"amount_vnd": Decimal("1.5")}, "amount_vnd"),
        ({"payee": " "}, "payee"),
        ({"pay_by": dt.date(2020, 1, 1)}, "pay_by"),
    ],
)
def test_a_wrong_notice_names_its_field_and_changes_nothing(
    province: Province, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(ActDataError) as refused:
        owing(province, **given)
    assert set(refused.value.errors) == {field}
    assert not Dossier.objects.filter(state="awaiting_payment").exists()


def test_not_paid_in_time_the_machine_asks_and_the_signer_stops_it(province: Province) -> None:
    with time_machine.travel(MONDAY, tick=False):
        dossier = owing(province, pay_by=dt.date(2026, 8, 20))
        with pytest.raises(IllegalTransitionError):
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
