"""Asking other agencies: the clock runs on, several are asked at once, silence is written down."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
import time_machine

from dossiers import nightly
from dossiers.models import Consultation, Dossier
from dossiers.recording import ActDataError, open_acts
from dossiers.services import closing, consulting
from dossiers.workflow import Act, IllegalTransitionError
from tests.dossiers.conftest import OfficerClient
from tests.dossiers.stages import in_progress
from tests.factories import AgencyFactory

if TYPE_CHECKING:
    from tests.province import Province

at = dt.datetime.fromisoformat


def asked(province: Province) -> Dossier:
    return consulting.consult(
        in_progress(province),
        by=province.specialist,
        agency=province.elsewhere,
        question="Thửa đất có trong quy hoạch không?",
    )


def test_the_clock_runs_on_while_another_agency_is_asked(province: Province) -> None:
    """Rule 9 of domain.md 11."""
    dossier = asked(province)
    assert dossier.state == "consulting"
    assert not dossier.is_paused
    assert not dossier.pauses.exists()
    assert dossier.due_at == dossier.due_original_at
    assert dossier.events.get(act="consult").clock_effect == "none"
    assert dossier.holder_agency == province.department


def test_who_is_asked_sees_it_and_answers_and_then_sees_it_no_more(province: Province) -> None:
    dossier = in_progress(province)
    theirs = OfficerClient(province.stranger)
    assert theirs.get(f"/api/v1/dossiers/{dossier.code}/").status_code == 404
    dossier = consulting.consult(
        dossier, by=province.specialist, agency=province.elsewhere, question="Có ý kiến gì?"
    )
    seen = theirs.get(f"/api/v1/dossiers/{dossier.code}/")
    assert seen.status_code == 200
    assert seen.json()["allowed"] == ["answer_consultation"]
    done = theirs.act(
        dossier.code, "answer_consultation", dossier.event_count, answer="Không vướng quy hoạch"
    )
    assert done.status_code == 200, done.json()
    dossier.refresh_from_db()
    assert (dossier.state, dossier.holder_officer) == ("in_progress", province.specialist)
    row = Consultation.objects.get()
    assert (row.outcome, row.answer) == ("answered", "Không vướng quy hoạch")
    assert dossier.events.get(act="answer_consultation").agency == province.elsewhere
    assert theirs.get(f"/api/v1/dossiers/{dossier.code}/").status_code == 404


def test_the_last_answer_gives_it_back(province: Province) -> None:
    third = AgencyFactory.create(code="H01.19", name="Sở Thứ ba", parent=province.root)
    dossier = consulting.consult(
        asked(province), by=province.specialist, agency=third, question="Còn ý kiến gì?"
    )
    assert dossier.consulted_agencies == [province.elsewhere.pk, third.pk]
    dossier = consulting.answer_consultation(dossier, by=province.stranger, answer="Đồng ý")
    assert dossier.state == "consulting"
    with pytest.raises(IllegalTransitionError):
        consulting.answer_consultation(dossier, by=province.stranger, answer="Lần nữa")
    with time_machine.travel(dossier.consultations.last().answer_by + dt.timedelta(minutes=1)):  # type: ignore[union-attr]
        assert nightly.pass_time()["no_opinion"] == 1
        assert nightly.pass_time()["no_opinion"] == 0
    dossier.refresh_from_db()
    assert dossier.state == "in_progress"
    silent = dossier.consultations.get(agency=third)
    assert silent.outcome == "no_opinion"
    assert silent.answered_event is not None
    assert silent.answered_event.actor_role == "system"


def test_an_agency_is_asked_once_at_a_time_and_never_the_holder(province: Province) -> None:
    dossier = asked(province)
    for agency in (province.elsewhere, province.department):
        with pytest.raises(ActDataError) as refused:
            consulting.consult(dossier, by=province.specialist, agency=agency, question="?")
        assert set(refused.value.errors) == {"agency"}


def test_the_machine_does_not_answer_before_the_time_is_over(province: Province) -> None:
    dossier = asked(province)
    with pytest.raises(ActDataError):
        consulting.answer_consultation(dossier, by=None, agency=province.elsewhere)
    assert nightly.pass_time()["no_opinion"] == 0


def test_its_deadline_is_the_versions_on_the_calendar_of_who_is_asked(province: Province) -> None:
    province.procedure.versions.update(consultation_days=2)
    with time_machine.travel(at("2026-11-20T09:00+07:00"), tick=False):
        dossier = asked(province)
    # Fri 20/11; Tue 24/11 is a holiday (rule 6): Mon 23, then Wed 25.
    assert dossier.consultations.get().answer_by == at("2026-11-25T17:00+07:00")
    with pytest.raises(ActDataError) as refused, time_machine.travel(at("2026-11-20T09:00+07:00")):
        consulting.consult(
            in_progress(province),
            by=province.specialist,
            agency=province.elsewhere,
            question="?",
            answer_by=dt.date(2026, 11, 19),
        )
    assert set(refused.value.errors) == {"answer_by"}


def test_nobody_is_asked_any_more_about_what_was_stopped(province: Province) -> None:
    dossier = closing.stop(asked(province), by=province.head, reason="Người nộp đã mất")
    assert dossier.consulted_agencies == []
    assert dossier.consultations.get().outcome == "called_off"
    assert Act.ANSWER_CONSULTATION not in open_acts(dossier, province.stranger)
