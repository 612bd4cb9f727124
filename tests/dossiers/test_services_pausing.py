"""Pauses by law and apologies: what the clock does, what stays, who signs."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from accounts.roles import Role
from dossiers.models import Dossier
from dossiers.recording import ActDataError
from dossiers.services import consulting, pausing, processing
from dossiers.workflow import IllegalTransitionError, national_status
from tests.dossiers.stages import awaiting_assignment, in_a_month, in_progress, signed
from tests.factories import OfficerFactory
from tests.province import give_role

if TYPE_CHECKING:
    from tests.province import Province

at = dt.datetime.fromisoformat
MONDAY = at("2026-08-10T09:00+07:00")
DUE = at("2026-08-17T17:00+07:00")


def suspended(province: Province, dossier: Dossier, **changes: Any) -> Dossier:
    given: dict[str, Any] = {
        "reason": "Chờ bản án",
        "legal_basis": "Điều 12 Luật Thử nghiệm",
        "resume_expected": dt.date(2026, 9, 1),
        **changes,
    }
    return pausing.suspend(dossier, by=province.head, **given)


def test_a_pause_is_sent_as_4_and_moves_the_date_by_what_it_took(province: Province) -> None:
    """Rule 13 of domain.md 11: never 8 for a pause."""
    with time_machine.travel(MONDAY, tick=False):
        dossier = suspended(province, in_progress(province))
    assert national_status(dossier.state) == 4
    assert dossier.is_paused
    with time_machine.travel(at("2026-08-13T09:00+07:00"), tick=False):
        dossier = pausing.resume(dossier, by=province.head)
    assert dossier.due_at == at("2026-08-20T17:00+07:00")
    assert dossier.due_original_at == DUE


@pytest.mark.parametrize(
    "stage", [awaiting_assignment, in_progress, signed], ids=lambda stage: stage.__name__
)
def test_it_goes_on_where_it_stood_with_who_had_it(province: Province, stage: Any) -> None:
    before = stage(province)
    dossier = pausing.resume(
        suspended(province, before, resume_expected=in_a_month(province)), by=province.head
    )
    assert (dossier.state, dossier.holder_officer) == (before.state, before.holder_officer)


def test_it_goes_on_asking_who_was_asked(province: Province) -> None:
    dossier = consulting.consult(
        in_progress(province), by=province.specialist, agency=province.elsewhere, question="?"
    )
    dossier = suspended(province, dossier, resume_expected=in_a_month(province))
    with pytest.raises(IllegalTransitionError):
        consulting.answer_consultation(dossier, by=province.stranger, answer="Đồng ý")
    dossier = pausing.resume(dossier, by=province.head)
    dossier = consulting.answer_consultation(dossier, by=province.stranger, answer="Đồng ý")
    assert dossier.state == "in_progress"


def test_an_act_that_stays_does_not_hide_where_it_goes_back_to(province: Province) -> None:
    """Work changes hands while it is suspended: it still goes back to where it stood."""
    other = OfficerFactory.create(agency=province.department, roles=[Role.SPECIALIST])
    dossier = suspended(province, in_progress(province), resume_expected=in_a_month(province))
    dossier = processing.assign(dossier, by=province.head, assignee=other)
    assert (dossier.state, dossier.is_paused) == ("suspended", True)
    dossier = pausing.resume(dossier, by=province.head)
    assert (dossier.state, dossier.holder_officer) == ("in_progress", other)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"legal_basis": " "}, "legal_basis"),
        ({"resume_expected": dt.date(2020, 1, 1)}, "resume_expected"),
    ],
)
def test_a_pause_without_its_basis_names_the_field(
    province: Province, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(ActDataError) as refused:
        suspended(province, in_progress(province), **given)
    assert set(refused.value.errors) == {field}


# Apology and new appointment


def extended(province: Province, dossier: Dossier, on: dt.date, **changes: Any) -> Dossier:
    return pausing.extend(
        dossier, **{"by": province.head, "reason": "Chờ xác minh", "new_due_on": on, **changes}
    )


def test_an_apology_keeps_the_first_promise_and_the_legal_date(province: Province) -> None:
    """Rule 15 of domain.md 11: before the date, once, and it erases no lateness."""
    with time_machine.travel(MONDAY, tick=False):
        dossier = extended(province, in_progress(province), dt.date(2026, 8, 20))
    assert dossier.due_at == dossier.due_original_at == DUE
    assert dossier.due_promised_at == at("2026-08-20T17:00+07:00")
    event = dossier.events.get(act="extend")
    assert (event.clock_effect, event.data["late"]) == ("none", False)
    assert dossier.slips.get(kind="apology").agency == province.department
    with pytest.raises(IllegalTransitionError), time_machine.travel(MONDAY):
        extended(province, dossier, dt.date(2026, 8, 24))


@pytest.mark.parametrize(
    ("now", "late"),
    [
        ("2026-08-16T16:59+07:00", False),
        ("2026-08-17T00:00+07:00", True),
        ("2026-08-18T09:00+07:00", True),
    ],
)
def test_less_than_a_day_before_the_date_it_is_a_late_apology(
    province: Province, now: str, late: bool
) -> None:
    with time_machine.travel(MONDAY, tick=False):
        dossier = in_progress(province)
    with time_machine.travel(at(now), tick=False):
        dossier = extended(province, dossier, dt.date(2026, 8, 20))
    assert dossier.events.get(act="extend").data["late"] is late
    assert dossier.due_at == DUE


@pytest.mark.parametrize(
    "on",
    [dt.date(2026, 8, 17), dt.date(2026, 8, 14), dt.date(2026, 8, 23), dt.date(2026, 9, 2)],
    ids=["the same day", "earlier", "a Sunday", "a holiday"],
)
def test_a_new_date_is_later_and_a_working_day(province: Province, on: dt.date) -> None:
    with time_machine.travel(MONDAY, tick=False), pytest.raises(ActDataError) as refused:
        extended(province, in_progress(province), on)
    assert set(refused.value.errors) == {"new_due_on"}


def test_above_the_cap_only_the_signer_promises(province: Province) -> None:
    """domain.md 3.8: not longer than the original time, above it R07."""
    province.procedure.versions.update(apology_signed_by="head")
    deputy = OfficerFactory.create(agency=province.department, roles=[Role.HEAD])
    with time_machine.travel(MONDAY, tick=False):
        dossier = in_progress(province)
        with pytest.raises(ActDataError) as refused:
            extended(province, dossier, dt.date(2026, 8, 25), by=deputy)
        assert "24/08/2026" in refused.value.errors["new_due_on"]
        assert extended(
            province, in_progress(province), dt.date(2026, 8, 24), by=deputy
        ).due_promised_at
        signer = OfficerFactory.create(agency=province.department, roles=[Role.SIGNER])
        assert extended(province, dossier, dt.date(2026, 8, 25), by=signer).due_promised_at


def test_only_the_settling_agencys_signer_apologises(province: Province) -> None:
    dossier = in_progress(province)
    give_role(province.receptionist, province.centre, Role.SIGNER)
    for officer in (province.receptionist, province.specialist, province.clerk):
        with pytest.raises(IllegalTransitionError):
            extended(province, dossier, dt.date(2099, 1, 5), by=officer)
