"""At the counter: what is kept of a submission, and what acceptance makes of it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts.personal_data import unseal
from accounts.roles import Role
from agencies.models import OfficerRole
from dossiers.models import Dossier, DossierDocument, FeeDue, PaperNumber
from dossiers.recording import ActDataError
from dossiers.services import closing, intake
from dossiers.services.intake import FeeItem, Paper, Person
from dossiers.workflow import IllegalTransitionError
from tests.dossiers.conftest import OfficerClient
from tests.dossiers.stages import awaiting_completion, draft, online_draft, submitted
from tests.factories import DossierFactory, OfficerFactory, ProcedureFactory
from tests.province import give_role

if TYPE_CHECKING:
    from tests.province import Province

FRIDAY = "2026-11-20T10:00+07:00"
at = dt.datetime.fromisoformat


@time_machine.travel(FRIDAY, tick=False)
def test_logging_registers_and_receives_in_one_transaction(province: Province) -> None:
    dossier = Dossier.objects.get(pk=province.log().pk)
    assert list(dossier.events.values_list("seq", "act", "from_state", "to_state", "at")) == [
        (1, "register", "", "submitted", at(FRIDAY)),
        (2, "receive", "submitted", "received", at(FRIDAY)),
    ]
    assert dossier.received_at == dossier.submitted_at == at(FRIDAY)
    assert dossier.received_on == dt.date(2026, 11, 20)
    # Five working days after a Friday, Tue 24/11 is a holiday from 2026 (domain.md 3.4).
    assert dossier.due_on == dt.date(2026, 11, 30)
    assert dossier.due_original_at == dossier.due_at == at("2026-11-30T17:00+07:00")
    assert (dossier.limit_value, dossier.limit_unit) == (Decimal(5), "working_day")
    assert dossier.calendar_version
    assert (dossier.state, dossier.entry, dossier.event_count) == ("received", "live", 2)
    assert dossier.receiving_agency == dossier.holder_agency == province.centre
    assert dossier.competent_agency == province.department
    assert dossier.created_by == province.receptionist
    receipt = dossier.slips.get()
    assert (receipt.kind, receipt.number, receipt.due_at) == ("receipt", 1, dossier.due_at)
    assert receipt.qr_digest


def test_a_submission_taken_over_from_another_portal_is_submitted_and_received(
    province: Province,
) -> None:
    dossier = province.log(channel="online")
    assert list(dossier.events.values_list("act", flat=True)) == ["submit", "receive"]


def test_the_owners_numbers_are_sealed_and_still_found(province: Province) -> None:
    dossier = province.log(
        owner=Person("  Lê   Thị  Thử ", personal_id=" 089187004215 ", phone="0900 123 456"),
        representative=Person("Trần Văn Mẫu", personal_id="089099001122", phone="0911222333"),
    )
    row = Dossier.objects.get(pk=dossier.pk)
    assert row.owner_name == "Lê Thị Thử"
    assert b"089187004215" not in bytes(row.owner_id_sealed)
    assert unseal(row.owner_id_sealed) == "089187004215"
    assert row.owner_id_masked != row.owner_id
    assert unseal(row.representative_id_sealed) == "089099001122"
    assert row.representative_name == "Trần Văn Mẫu"
    twin = province.log(owner=Person("Ai Đó", personal_id="089187004215"))
    twin.refresh_from_db()
    assert bytes(twin.owner_id_digest) == bytes(row.owner_id_digest)
    # The second fact is bound to one dossier, or one look-up table would open all of them.
    assert bytes(twin.id_proof) != bytes(row.id_proof)


def test_papers_left_out_are_vouched_for_and_the_event_says_so(province: Province) -> None:
    vouched = province.log()
    listed = province.log(papers=[Paper("Đơn", "original", 2), Paper("Bản vẽ")])
    none = province.log(papers=[])
    assert (vouched.papers_vouched, listed.papers_vouched, none.papers_vouched) == (
        True, False, False,
    )  # fmt: skip
    assert vouched.events.get(seq=2).data["papers_vouched"] is True
    assert "papers_vouched" not in listed.events.get(seq=2).data
    assert list(listed.documents.values_list("position", "name", "kind", "quantity")) == [
        (0, "Đơn", "original", 2),
        (1, "Bản vẽ", "copy", 1),
    ]


def test_only_a_receptionist_in_the_own_agency_may_log(province: Province) -> None:
    submission = province.submission()
    clerk = OfficerFactory.create(agency=province.centre, roles=[Role.CLERK, Role.RETURNER])
    for officer in (clerk, province.head, province.reformer):
        for service in (intake.log_submission, intake.register, intake.save_draft):
            with pytest.raises(IllegalTransitionError):
                service(submission, by=officer)
    assert not Dossier.objects.exists()


@time_machine.travel(FRIDAY, tick=False)
def test_a_late_entry_is_dated_by_the_receipt_and_printed_today(province: Province) -> None:
    received_at = at("2025-12-30T10:00+07:00")
    with pytest.raises(ActDataError) as refused:
        province.log(received_at=received_at)
    assert set(refused.value.errors) == {"reason"}
    dossier = province.log(received_at=received_at, reason="Mất điện")
    assert dossier.entry == "late"
    assert str(dossier.code).split("-")[1] == "251230"
    receipt = dossier.slips.get()
    assert (receipt.issued_at, receipt.year) == (at(FRIDAY), 2026)
    assert PaperNumber.objects.get(kind="receipt").year == 2026


@time_machine.travel(FRIDAY, tick=False)
def test_the_future_is_refused_beyond_a_minute(province: Province) -> None:
    with pytest.raises(ActDataError) as refused:
        province.log(received_at=at("2026-11-20T10:01:01+07:00"), reason="r")
    assert set(refused.value.errors) == {"received_at"}
    ahead = province.log(received_at=at("2026-11-20T10:00:59+07:00"))
    assert (ahead.received_at, ahead.entry) == (at(FRIDAY), "live")


@time_machine.travel(FRIDAY, tick=False)
def test_a_limit_beyond_all_bounds_names_the_procedure(province: Province) -> None:
    procedure = ProcedureFactory.create(cases=[("4000", "working_day")])
    with pytest.raises(ActDataError) as refused:
        province.log(procedure=procedure)
    assert set(refused.value.errors) == {"procedure"}
    assert not Dossier.objects.exists()


def test_a_draft_waits_without_a_code_and_without_a_clock(province: Province) -> None:
    row = Dossier.objects.get(pk=draft(province, papers=[Paper("Đơn")]).pk)
    assert (row.state, row.code, row.submitted_at, row.due_at) == ("draft", None, None, None)
    assert row.public_code == row.tracking_code
    assert row.national_status is None
    assert row.documents.count() == 1


def test_a_draft_is_submitted_by_the_act_of_its_channel(province: Province) -> None:
    for make, act in ((draft, "register"), (online_draft, "submit")):
        dossier = intake.submit_draft(make(province), by=province.receptionist)
        dossier.refresh_from_db()
        assert dossier.submitted_at
        assert [event.act for event in dossier.events.order_by("seq")] == ["save_draft", act]


def test_acceptance_gives_the_code_and_starts_the_clock(province: Province) -> None:
    with time_machine.travel("2026-11-19T10:00+07:00", tick=False):
        waiting = submitted(province, papers=[Paper("Đơn")])
        assert (waiting.code, waiting.received_at, waiting.due_at) == (None, None, None)
    with time_machine.travel(FRIDAY, tick=False):
        intake.receive(waiting, by=province.receptionist)
    row = Dossier.objects.get(pk=waiting.pk)
    # domain.md 3.2: the clock starts at acceptance, not at submission.
    assert row.code == "H01.01.01-261120-0001"
    assert row.received_at == at(FRIDAY)
    assert row.submitted_at == at("2026-11-19T10:00+07:00")
    assert row.due_on == dt.date(2026, 11, 30)
    assert not row.papers_vouched
    assert row.documents.count() == 1


@time_machine.travel(FRIDAY, tick=False)
def test_acceptance_takes_a_date_only_where_no_limit_is_stated(province: Province) -> None:
    with pytest.raises(ActDataError) as refused:
        intake.receive(
            submitted(province), by=province.receptionist, due_on=dt.date(2026, 12, 1), reason="r"
        )
    assert set(refused.value.errors) == {"due_on"}
    free = ProcedureFactory.create(cases=[(None, "none")])
    waiting = submitted(province, procedure=free, papers=[])
    with pytest.raises(ActDataError) as refused:
        intake.receive(waiting, by=province.receptionist, due_on=dt.date(2026, 12, 1))
    assert set(refused.value.errors) == {"reason"}
    done = intake.receive(
        waiting, by=province.receptionist, due_on=dt.date(2026, 12, 1), reason="Theo mùa"
    )
    done.refresh_from_db()
    assert (done.due_at, done.due_reason) == (at("2026-12-01T17:00+07:00"), "Theo mùa")
    assert done.events.get(act="receive").reason == "Theo mùa"


@time_machine.travel(FRIDAY, tick=False)
def test_settled_at_once_is_received_and_settled_without_a_receipt(province: Province) -> None:
    province.procedure.versions.update(settles_at_once=True)
    done = intake.settle_at_once(
        submitted(province), by=province.receptionist, result_number="7/CT"
    )
    row = Dossier.objects.get(pk=done.pk)
    assert (row.state, row.national_status, row.result_number) == ("settled", 9, "7/CT")
    assert row.received_at == row.settled_at == at(FRIDAY)
    assert row.code
    assert (row.limit_unit, row.due_on) == ("same_day", dt.date(2026, 11, 20))
    assert row.delivery_state == "due"
    assert row.events.get(act="settle_at_once").data == {
        "signer": province.head.pk,
        "signature": "hand",
        "result_number": "7/CT",
    }
    assert not row.slips.exists()
    closing.return_result(row, by=province.receptionist)
    row.refresh_from_db()
    assert (row.state, row.delivery_state) == ("returned", "done")


def test_a_procedure_with_an_appointment_cannot_be_settled_at_once(province: Province) -> None:
    with pytest.raises(IllegalTransitionError):
        intake.settle_at_once(submitted(province), by=province.receptionist)


def test_completion_asks_for_all_gaps_once_and_the_answer_closes_the_round(
    province: Province,
) -> None:
    last = timezone.localdate() + dt.timedelta(days=60)
    dossier = intake.request_completion(
        submitted(province),
        by=province.receptionist,
        reason="Thiếu giấy tờ",
        items=["Bản vẽ", "Đơn có chữ ký"],
        reply_by=last,
    )
    asked = dossier.supplement_rounds.get()
    assert asked.before_acceptance
    assert (asked.number, asked.items, asked.reply_by, asked.answered_at) == (
        1, ["Bản vẽ", "Đơn có chữ ký"], last, None,
    )  # fmt: skip
    # Before acceptance no clock runs, and it is no supplement of domain.md 3.6.
    assert (dossier.supplement_count, dossier.paused_at) == (0, None)
    intake.resubmit(dossier, by=province.receptionist, papers=[Paper("Bản vẽ")])
    asked.refresh_from_db()
    assert asked.answered_at
    assert DossierDocument.objects.get(dossier=dossier).supplement_round == 1
    again = intake.request_completion(dossier, by=province.receptionist, reason="Vẫn thiếu")
    assert list(again.supplement_rounds.values_list("number", "items")) == [
        (1, ["Bản vẽ", "Đơn có chữ ký"]),
        (2, ["Vẫn thiếu"]),
    ]


def test_a_date_of_completion_in_the_past_is_refused(province: Province) -> None:
    waiting = submitted(province)
    with pytest.raises(ActDataError) as refused:
        intake.request_completion(
            waiting, by=province.receptionist, reason="r", reply_by=dt.date(2020, 1, 1)
        )
    assert set(refused.value.errors) == {"reply_by"}
    assert not waiting.supplement_rounds.exists()


@pytest.mark.parametrize(("length", "status"), [(500, 200), (501, 400)])
def test_the_reason_of_a_date_is_as_long_as_its_column(
    province: Province, length: int, status: int
) -> None:
    free = ProcedureFactory.create(cases=[(None, "none")])
    waiting = submitted(province, procedure=free)
    answer = OfficerClient(province.receptionist).act(
        waiting.public_code, "receive", 1, due_on="2030-01-04", reason="r" * length
    )
    assert answer.status_code == status
    if status == 400:
        assert set(answer.json()["errors"]) == {"reason"}


def test_a_refused_submission_never_gets_a_code(province: Province) -> None:
    refused = intake.refuse(submitted(province), by=province.receptionist, reason="Không đúng")
    row = Dossier.objects.get(pk=refused.pk)
    assert (row.state, row.national_status, row.code) == ("refused", 3, None)
    with pytest.raises(IllegalTransitionError):
        intake.resubmit(awaiting_then_refused(province), by=province.receptionist)


def awaiting_then_refused(province: Province) -> Dossier:
    back = intake.resubmit(awaiting_completion(province), by=province.receptionist)
    return intake.refuse(back, by=province.receptionist, reason="Không đúng")


FEES = [FeeItem("Phí thẩm định", Decimal(150_000)), FeeItem("Lệ phí", Decimal(20_000))]


@pytest.mark.parametrize("way", ["log", "register", "draft"])
def test_a_fee_stays_due_however_the_submission_came(province: Province, way: str) -> None:
    submission = province.submission(fees=FEES)
    by = province.receptionist
    if way == "log":
        dossier = intake.log_submission(submission, by=by)
    elif way == "register":
        dossier = intake.receive(intake.register(submission, by=by), by=by)
    else:
        saved = intake.submit_draft(intake.save_draft(submission, by=by), by=by)
        dossier = intake.receive(saved, by=by)
    dossier.refresh_from_db()
    assert dossier.payment_state == "due"
    assert dossier.facts.fee_outstanding
    assert list(dossier.fees_due.order_by("pk").values_list("amount_vnd", "paid_at")) == [
        (Decimal(150_000), None),
        (Decimal(20_000), None),
    ]


def test_fees_taken_at_the_counter_are_paid(province: Province) -> None:
    paid = [FeeItem("Phí", Decimal(1), is_paid=True, receipt_number="BL1")]
    dossier = province.log(fees=paid)
    assert dossier.payment_state == "paid"
    assert FeeDue.objects.get().paid_at == dossier.received_at
    assert province.log().payment_state == "none"
    assert province.log(fees=[*paid, *FEES]).payment_state == "due"


# The database refuses nonsense too (style.md 0.8, 14.1): each constraint is tried.

NONSENSE: dict[str, dict[str, Any]] = {
    "dossier_code_iff_received": {"code": None},
    "dossier_due_only_when_received": {"due_on": None},
    "dossier_settled_only_when_received": {"settled_at": at(FRIDAY), "state": "settled"},
    "dossier_returned_only_when_settled": {"returned_at": at(FRIDAY)},
    "dossier_ended_iff_settled_at": {"state": "settled"},
    "dossier_paused_has_start": {"state": "awaiting_supplement"},
    "dossier_promised_only_when_due": {
        "due_at": None,
        "due_on": None,
        "due_promised_at": at(FRIDAY),
    },
    "dossier_answer_only_while_submitted": {"answer_by_at": at(FRIDAY)},
    "dossier_part_has_its_link": {"parent": F("pk")},
    "dossier_keeps_its_national_code": {"national_code": "G22.99-260825-0012"},
}
# Tried where two rows are needed: tests/dossiers/test_chains.py.
OF_TWO_ROWS = {"dossier_part_once"}


@pytest.mark.parametrize("constraint", NONSENSE)
def test_the_database_refuses_nonsense(province: Province, constraint: str) -> None:
    dossier = DossierFactory.create(procedure=province.procedure)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Dossier.objects.filter(pk=dossier.pk).update(**NONSENSE[constraint])


def test_no_constraint_on_dossiers_is_left_untried() -> None:
    assert {constraint.name for constraint in Dossier._meta.constraints} == {
        *NONSENSE,
        *OF_TWO_ROWS,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"received_at": None, "received_on": None},  # a due date without a receipt
        {"received_on": None},
        {"due_at": None},
        {"settled_at": at(FRIDAY), "settled_on": dt.date(2026, 11, 20)},  # ended and in progress
    ],
    ids=str,
)
def test_half_a_fact_is_refused(province: Province, changes: dict[str, Any]) -> None:
    dossier = DossierFactory.create(procedure=province.procedure)
    with pytest.raises(IntegrityError), transaction.atomic():
        Dossier.objects.filter(pk=dossier.pk).update(**changes)


def test_what_is_settled_at_once_names_who_signed_it(province: Province) -> None:
    """T05 is done by two roles: R04, and R07 for the settling agency."""
    province.procedure.versions.update(settles_at_once=True)
    dossier = submitted(province)
    OfficerRole.objects.filter(role=Role.SIGNER).delete()
    with pytest.raises(ActDataError) as nobody:
        intake.settle_at_once(dossier, by=province.receptionist)
    for officer in (province.head, province.clerk):
        give_role(officer, province.department, Role.SIGNER)
    with pytest.raises(ActDataError) as which:
        intake.settle_at_once(dossier, by=province.receptionist)
    with pytest.raises(ActDataError) as none_there:
        intake.settle_at_once(dossier, by=province.receptionist, signer=province.receptionist)
    for refused in (nobody, which, none_there):
        assert set(refused.value.errors) == {"signer"}
    done = intake.settle_at_once(
        dossier, by=province.receptionist, signer=province.clerk, signature="digital"
    )
    data = done.events.get(act="settle_at_once").data
    assert (data["signer"], data["signature"]) == (province.clerk.pk, "digital")
