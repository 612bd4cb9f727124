"""After the end: corrections are new dossiers, reopening needs two people, nothing is overwritten."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from accounts.roles import Role
from agencies.models import Agency
from dossiers.chain import chain_faults
from dossiers.models import Dossier
from dossiers.recording import ActDataError, open_acts
from dossiers.services import (
    approval,
    closing,
    consulting,
    correcting,
    intake,
    processing,
    waiting,
)
from dossiers.workflow import Act, IllegalTransitionError
from tests.dossiers.stages import in_progress, settled, signed, submitted, withdrawal_requested
from tests.factories import AgencyFactory, OfficerFactory
from tests.province import give_role

if TYPE_CHECKING:
    from django.test import Client

    from agencies.models import Officer
    from tests.province import Province

at = dt.datetime.fromisoformat
MONDAY = at("2026-08-10T09:00+07:00")


@pytest.fixture
def supervisor(province: Province) -> Officer:
    return OfficerFactory.create(agency=province.centre, roles=[Role.SUPERVISOR])


def reopened(province: Province, supervisor: Officer, dossier: Dossier, to: str) -> Dossier:
    dossier = approval.ask(Act.REOPEN, dossier, by=supervisor, reason="Kết quả ghi sai tên")
    return correcting.reopen(dossier, by=province.reformer, to=to, reason="Đồng ý mở lại")


# T36


def test_a_correction_is_a_new_dossier_with_its_own_clock(province: Province) -> None:
    with time_machine.travel(MONDAY, tick=False):
        old = settled(province)
    with time_machine.travel(at("2026-09-07T09:00+07:00"), tick=False):
        new = correcting.correct_result(old, by=province.head, reason="Sai năm sinh")
    old.refresh_from_db()
    assert (old.state, old.settled_at) == ("settled", MONDAY)
    assert new.corrects == old
    assert new.code != old.code
    assert (new.state, new.holder_agency) == ("awaiting_assignment", province.department)
    assert (new.received_at, new.due_at) == (
        at("2026-09-07T09:00+07:00"),
        at("2026-09-14T17:00+07:00"),
    )
    assert new.owner_name == old.owner_name
    assert new.owner_id == old.owner_id
    assert new.id_proof != old.id_proof  # bound to its own tracking code
    assert old.events.last().data == {"corrected_by": new.code}  # type: ignore[union-attr]
    assert new.slips.get().kind == "receipt"
    assert not chain_faults(Dossier.objects.get(pk=new.pk))
    assert not chain_faults(Dossier.objects.get(pk=old.pk))


def test_a_correction_keeps_every_place_of_the_old(province: Province) -> None:
    old = settled(province)
    Dossier.objects.filter(pk=old.pk).update(
        supporting_agency=province.elsewhere,
        object_agency=province.asked,
        collecting_agency=province.elsewhere,
    )
    new = correcting.correct_result(old, by=province.head, reason="Sai năm sinh")
    kept = Dossier.objects.get(pk=new.pk)
    assert (kept.supporting_agency, kept.object_agency, kept.collecting_agency) == (
        province.elsewhere,
        province.asked,
        province.elsewhere,
    )


def test_one_correction_at_a_time(province: Province) -> None:
    old = settled(province)
    correcting.correct_result(old, by=province.head, reason="Sai năm sinh")
    old.refresh_from_db()
    with pytest.raises(ActDataError):
        correcting.correct_result(old, by=province.head, reason="Sai nữa")


def test_a_receptionist_corrects_nothing(province: Province) -> None:
    for officer in (province.receptionist, province.specialist, province.stranger):
        with pytest.raises(IllegalTransitionError):
            correcting.correct_result(settled(province), by=officer, reason="Sai")


# T37


def test_two_people_in_two_roles_reopen(province: Province, supervisor: Officer) -> None:
    with time_machine.travel(MONDAY, tick=False):
        dossier = settled(province)
        due = dossier.due_at
    with time_machine.travel(at("2026-08-12T09:00+07:00"), tick=False):
        dossier = reopened(province, supervisor, dossier, "in_progress")
    assert (dossier.state, dossier.holder_agency) == ("in_progress", province.department)
    assert dossier.holder_officer == province.specialist
    assert (dossier.settled_at, dossier.returned_at, dossier.result_kind) == (None, None, "")
    assert dossier.due_at == due  # a wrong result is the agency's: its time runs on
    event = dossier.events.get(act="reopen")
    assert event.actor == province.reformer
    assert event.data["asked_by"] == supervisor.pk
    assert at(event.data["settled_at"]) == MONDAY
    assert not chain_faults(Dossier.objects.get(pk=dossier.pk))
    dossier = processing.propose(dossier, by=province.specialist)
    dossier = processing.approve(dossier, by=province.head)
    assert closing.publish(dossier, by=province.clerk, result_number="12/KQ").state == "settled"


def test_nobody_reopens_alone_whatever_roles_they_hold(province: Province) -> None:
    both = OfficerFactory.create(agency=province.centre, roles=[Role.SUPERVISOR])
    give_role(both, province.root, Role.REFORM_OFFICER)
    dossier = settled(province)
    with pytest.raises(IllegalTransitionError):
        correcting.reopen(dossier, by=both, to="in_progress", reason="Một mình")
    dossier = approval.ask(Act.REOPEN, dossier, by=both, reason="Một mình")
    with pytest.raises(IllegalTransitionError):
        correcting.reopen(dossier, by=both, to="in_progress", reason="Một mình")
    dossier.refresh_from_db()
    assert dossier.state == "settled"


def test_two_of_one_role_do_not_reopen(province: Province, supervisor: Officer) -> None:
    colleague = OfficerFactory.create(agency=province.centre, roles=[Role.SUPERVISOR])
    dossier = approval.ask(Act.REOPEN, settled(province), by=supervisor, reason="Sai")
    with pytest.raises(IllegalTransitionError):
        correcting.reopen(dossier, by=colleague, to="in_progress", reason="Cũng giám sát")


def test_a_supervisor_of_another_centre_does_not_ask(province: Province) -> None:
    other = OfficerFactory.create(agency=province.elsewhere, roles=[Role.SUPERVISOR])
    with pytest.raises(IllegalTransitionError):
        approval.ask(Act.REOPEN, settled(province), by=other, reason="Sai")


def test_the_time_a_stopped_dossier_lay_closed_is_nobodys(
    province: Province, supervisor: Officer
) -> None:
    with time_machine.travel(MONDAY, tick=False):
        dossier = closing.stop(in_progress(province), by=province.head, reason="Trùng hồ sơ")
    with time_machine.travel(at("2026-08-12T09:00+07:00"), tick=False):
        dossier = reopened(province, supervisor, dossier, "awaiting_assignment")
    assert dossier.due_at == at("2026-08-19T17:00+07:00")
    assert dossier.due_original_at == at("2026-08-17T17:00+07:00")
    assert dossier.due_date_changes.count() == 1
    assert dossier.holder_officer is None


def test_what_was_refused_goes_back_to_the_counter(province: Province, supervisor: Officer) -> None:
    dossier = intake.refuse(submitted(province), by=province.receptionist, reason="Sai tuyến")
    dossier = reopened(province, supervisor, dossier, "submitted")
    assert (dossier.state, dossier.holder_agency) == ("submitted", province.centre)
    assert intake.receive(dossier, by=province.receptionist).code


def test_a_hand_over_written_by_mistake_goes_back_to_waiting(
    province: Province, supervisor: Officer
) -> None:
    dossier = closing.return_result(settled(province), by=province.receptionist)
    settled_at = dossier.settled_at
    dossier = reopened(province, supervisor, dossier, "settled")
    assert (dossier.state, dossier.settled_at, dossier.returned_at) == (
        "settled",
        settled_at,
        None,
    )
    assert dossier.delivery_state == "due"
    again = closing.return_result(dossier, by=province.receptionist)
    assert again.state == "returned"


@pytest.mark.parametrize("to", ["settled", "stopped", "draft", "submitted", "nowhere", ""])
def test_it_leads_back_only_where_an_act_leads_on(
    province: Province, supervisor: Officer, to: str
) -> None:
    dossier = approval.ask(Act.REOPEN, settled(province), by=supervisor, reason="Sai")
    with pytest.raises(ActDataError) as refused:
        correcting.reopen(dossier, by=province.reformer, to=to, reason="Mở")
    assert set(refused.value.errors) == {"to"}


def test_a_reopened_dossier_asks_nobody_for_an_opinion(
    province: Province, supervisor: Officer
) -> None:
    dossier = consulting.consult(
        in_progress(province), by=province.specialist, agency=province.elsewhere, question="?"
    )
    dossier = reopened(province, supervisor, dossier, "awaiting_assignment")
    assert dossier.consulted_agencies == []
    assert dossier.consultations.get().outcome == "called_off"


def test_a_result_that_is_being_corrected_is_not_handed_over(
    province: Province, client: Client
) -> None:
    """T29: whoever comes for it would take the wrong one home."""
    old = settled(province)
    new = correcting.correct_result(old, by=province.head, reason="Sai năm sinh")
    seen = Dossier.objects.for_page().get(pk=old.pk)
    for act, service in (
        (Act.RETURN_RESULT, closing.return_result),
        (Act.REMIND_COLLECTION, waiting.remind_collection),
    ):
        assert act not in open_acts(seen, province.receptionist)
        with pytest.raises(IllegalTransitionError):
            service(old, by=province.receptionist)
    client.force_login(province.receptionist.user)
    page = client.get(f"/ho-so/{old.code}/").content.decode()
    assert "Kết quả đang được đính chính" in page
    assert f"{old.code}/tra-ket-qua/" not in client.get("/hop-viec/").content.decode()
    closing.stop(new, by=province.head, reason="Không sai")
    seen = Dossier.objects.for_page().get(pk=old.pk)
    assert Act.RETURN_RESULT in open_acts(seen, province.receptionist)
    assert closing.return_result(old, by=province.receptionist).state == "returned"


# T33, T34, T10


def test_a_refused_withdrawal_goes_back_and_waits_again(province: Province) -> None:
    with time_machine.travel(MONDAY, tick=False):
        dossier = processing.request_supplement(
            in_progress(province), by=province.specialist, reason="Thiếu bản vẽ"
        )
        reply_by = dossier.reply_by
    with time_machine.travel(at("2026-08-11T09:00+07:00"), tick=False):
        dossier = closing.request_withdrawal(
            dossier, by=province.receptionist, reason="Không cần nữa"
        )
        assert not dossier.is_paused
    with time_machine.travel(at("2026-08-12T09:00+07:00"), tick=False):
        dossier = closing.refuse_withdrawal(dossier, by=province.head, reason="Sắp có kết quả")
    assert (dossier.state, dossier.is_paused, dossier.reply_by) == (
        "awaiting_supplement",
        True,
        reply_by,
    )
    assert dossier.events.last().clock_effect == "pause"  # type: ignore[union-attr]
    with time_machine.travel(at("2026-08-13T09:00+07:00"), tick=False):
        dossier = processing.accept_supplement(dossier, by=province.receptionist)
    # Paused Mon-Tue and Wed-Thu, running Tue-Wed: two working days later than Mon 17/08.
    assert dossier.due_at == at("2026-08-19T17:00+07:00")


def test_a_refused_withdrawal_gives_it_back_to_who_had_it(province: Province) -> None:
    dossier = closing.refuse_withdrawal(
        withdrawal_requested(province), by=province.head, reason="Sắp có kết quả"
    )
    assert (dossier.state, dossier.holder_officer) == ("in_progress", province.specialist)
    assert dossier.slips.filter(kind="withdrawal_refusal").exists()


def test_a_refusal_on_the_merits_is_a_result(province: Province) -> None:
    """Rule 14 of domain.md 11: 9 then 10, never 3."""
    dossier = processing.propose_denial(
        in_progress(province), by=province.specialist, reason="Không đủ điều kiện, Điều 5"
    )
    dossier = processing.approve(dossier, by=province.head)
    dossier = closing.publish(dossier, by=province.clerk, result_number="12/QĐ")
    assert (dossier.state, dossier.national_status, dossier.result_kind) == ("settled", 9, "denied")


def test_a_denial_sent_back_and_proposed_anew_is_granted(province: Province) -> None:
    dossier = processing.propose_denial(
        in_progress(province), by=province.specialist, reason="Không đủ điều kiện"
    )
    dossier = processing.send_back(dossier, by=province.head, reason="Đủ điều kiện")
    assert dossier.holder_officer == province.specialist
    dossier = processing.propose(dossier, by=province.specialist)
    dossier = closing.publish(
        processing.approve(dossier, by=province.head), by=province.clerk, result_number="12/KQ"
    )
    assert dossier.result_kind == "granted"
    assert signed(province).result_kind == "granted"


def test_cancelled_before_acceptance_it_was_never_received(province: Province) -> None:
    """Rule 13 of domain.md 11: 7 counts only after acceptance."""
    dossier = intake.cancel(submitted(province), by=province.receptionist, reason="Người nộp đổi ý")
    assert (dossier.state, dossier.national_status) == ("withdrawn", None)
    assert (dossier.code, dossier.received_at, dossier.settled_at) == (None, None, None)
    with pytest.raises(IllegalTransitionError):
        intake.cancel(
            processing.transfer(province.log(), by=province.receptionist),
            by=province.receptionist,
            reason="Muộn rồi",
        )


def test_it_goes_to_the_right_unit_and_counts_there(province: Province) -> None:
    """Rule 22 of domain.md 11: authority is the procedure's, not the counter's (T13)."""
    dossier = in_progress(province)
    due = dossier.due_at
    dossier = processing.redirect(
        dossier, by=province.head, agency=province.elsewhere, reason="Đất thuộc huyện bên"
    )
    assert (dossier.state, dossier.holder_officer, dossier.due_at) == (
        "awaiting_assignment",
        None,
        due,
    )
    assert dossier.holder_agency == dossier.competent_agency == province.elsewhere
    assert processing.assign(dossier, by=province.stranger).state == "in_progress"
    for agency in (province.elsewhere, province.centre):
        with pytest.raises(ActDataError) as refused:
            processing.redirect(dossier, by=province.stranger, agency=agency, reason="x")
        assert set(refused.value.errors) == {"agency"}


def with_head(**about: Any) -> Agency:
    """Return an agency that could take a dossier, were it competent."""
    agency = AgencyFactory.create(**about)
    OfficerFactory.create(agency=agency, roles=[Role.HEAD])
    return agency


def test_it_goes_only_where_the_procedure_is_done(province: Province, client: Client) -> None:
    """T13: the procedure says at which level it is settled; one that ended settles nothing."""
    levels = Agency.Level
    province.procedure.versions.update(executing_agencies=["Sở Thử nghiệm"])
    ward = with_head(name="UBND phường Thử", level=levels.COMMUNE, parent=province.root)
    ended = with_head(parent=province.root, valid_to=dt.date(2025, 6, 30))
    tax = with_head(name="Thuế tỉnh", level=levels.VERTICAL, parent=province.root)
    headless = AgencyFactory.create(parent=province.root)
    dossier = in_progress(province)
    for agency in (ward, ended, tax, headless):
        with pytest.raises(ActDataError) as refused:
            processing.redirect(dossier, by=province.head, agency=agency, reason="x")
        assert set(refused.value.errors) == {"agency"}
    client.force_login(province.head.user)
    page = client.get(f"/ho-so/{dossier.code}/chuyen-lai/").content.decode()
    assert f'value="{province.elsewhere.code}"' in page
    for agency in (ward, ended, tax, headless, province.department):
        assert f'value="{agency.code}"' not in page
    # Named in the version of the day, communes may take it too.
    province.procedure.versions.update(
        executing_agencies=["Sở Thử nghiệm", "Ủy ban nhân dân cấp xã"]
    )
    assert (
        processing.redirect(
            dossier, by=province.head, agency=ward, reason="Thuộc xã"
        ).competent_agency
        == ward
    )
