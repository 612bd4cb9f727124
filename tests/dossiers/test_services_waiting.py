"""When the applicant is silent: reminded once, asked for by the machine, confirmed by an officer."""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.db import connection

from dossiers import nightly
from dossiers.models import Dossier
from dossiers.services import intake, posting, processing, waiting
from dossiers.workflow import IllegalTransitionError
from tests.dossiers.stages import in_progress, settled, submitted
from tests.province import make_province

if TYPE_CHECKING:
    from tests.province import Province

at = dt.datetime.fromisoformat
MONDAY = at("2026-08-10T09:00+07:00")


def asked_for_papers(province: Province) -> Dossier:
    with time_machine.travel(MONDAY, tick=False):
        return processing.request_supplement(
            in_progress(province),
            by=province.specialist,
            reason="Thiếu bản vẽ",
            reply_by=dt.date(2026, 8, 20),
        )


def night_of(day: str) -> dict[str, int]:
    with time_machine.travel(at(f"{day}T05:20+07:00"), tick=False):
        return nightly.pass_time()


def test_silence_is_reminded_of_then_asked_for_then_confirmed(province: Province) -> None:
    dossier = asked_for_papers(province)
    assert night_of("2026-08-16")["reminded"] == 0
    assert night_of("2026-08-17")["reminded"] == 1
    assert night_of("2026-08-18")["reminded"] == 0
    assert night_of("2026-08-23")["lapses"] == 0
    assert night_of("2026-08-24")["lapses"] == 1
    dossier.refresh_from_db()
    assert (dossier.state, dossier.asked_acts) == ("awaiting_supplement", ["lapse_supplement"])
    with time_machine.travel(at("2026-08-24T09:00+07:00"), tick=False):
        dossier = waiting.lapse_supplement(dossier, by=province.head)
    assert (dossier.state, dossier.national_status) == ("stopped", 8)
    assert dossier.slips.filter(kind="stop_notice").exists()
    assert dossier.holder_agency == province.centre


def test_nothing_lapses_that_nobody_was_reminded_of(province: Province) -> None:
    dossier = asked_for_papers(province)
    with time_machine.travel(at("2026-08-24T09:00+07:00"), tick=False):
        with pytest.raises(IllegalTransitionError):
            waiting.lapse_supplement(dossier, by=province.head)
        dossier = waiting.remind_applicant(dossier, by=province.receptionist)


def test_a_reminder_gives_the_applicant_the_days_of_the_version(province: Province) -> None:
    """T18: a reminder minutes before the lapse reminds nobody of anything."""
    dossier = asked_for_papers(province)
    with time_machine.travel(at("2026-08-24T09:00+07:00"), tick=False):
        dossier = waiting.remind_applicant(dossier, by=province.receptionist)
    for early in ("2026-08-24T09:05+07:00", "2026-08-26T16:00+07:00"):
        with time_machine.travel(at(early), tick=False), pytest.raises(IllegalTransitionError):
            waiting.lapse_supplement(dossier, by=province.head)
    assert night_of("2026-08-26")["lapses"] == 0
    assert night_of("2026-08-27")["lapses"] == 1  # three days, the version's
    dossier.refresh_from_db()
    with time_machine.travel(at("2026-08-27T09:00+07:00"), tick=False):
        assert waiting.lapse_supplement(dossier, by=province.head).state == "stopped"


def test_an_answer_after_the_machine_asked_overtakes_it(province: Province) -> None:
    dossier = asked_for_papers(province)
    night_of("2026-08-17")
    night_of("2026-08-24")
    with time_machine.travel(at("2026-08-24T09:00+07:00"), tick=False):
        dossier = processing.accept_supplement(dossier, by=province.receptionist)
    assert (dossier.state, dossier.asked_acts, dossier.reply_by) == ("in_progress", [], None)
    assert dossier.proposals.get().outcome == "overtaken"


def test_what_was_asked_before_acceptance_lapses_into_a_refusal(province: Province) -> None:
    with time_machine.travel(MONDAY, tick=False):
        dossier = intake.request_completion(
            submitted(province), by=province.receptionist, reason="Thiếu bản vẽ"
        )
    assert dossier.reply_by == dt.date(2026, 9, 9)  # thirty days: the version's
    assert night_of("2026-09-12")["lapses"] == 0
    assert night_of("2026-09-13")["lapses"] == 1
    with time_machine.travel(at("2026-09-14T09:00+07:00"), tick=False):
        dossier.refresh_from_db()
        dossier = waiting.lapse_completion(dossier, by=province.receptionist)
    assert (dossier.state, dossier.national_status) == ("refused", 3)
    assert dossier.slips.filter(kind="refusal").exists()


def test_nobody_is_reminded_of_a_result_that_the_post_has(province: Province) -> None:
    with time_machine.travel("2026-08-20T10:00+07:00", tick=False):
        province.procedure.versions.update(collection_reminder_days=5)
        dossier = settled(province)
        posting.send(dossier, by=province.receptionist, tracking_number="RA1")
    assert night_of("2026-08-25")["collect"] == 0
    with time_machine.travel("2026-08-25T10:00+07:00", tick=False):
        posting.bring_back(dossier, by=province.receptionist)
    assert night_of("2026-08-26")["collect"] == 1


def test_a_result_nobody_collects_is_reminded_of_and_never_late(province: Province) -> None:
    """Rule 12 of domain.md 11."""
    with time_machine.travel(MONDAY, tick=False):
        dossier = settled(province)
    assert night_of("2026-08-24")["collect"] == 0
    assert night_of("2026-08-25")["collect"] == 1
    assert night_of("2026-08-26")["collect"] == 0
    assert night_of("2026-09-09")["collect"] == 1
    dossier.refresh_from_db()
    assert (dossier.state, dossier.national_status) == ("settled", 9)
    assert not Dossier.objects.overdue(at("2027-08-26T09:00+07:00")).exists()
    assert dossier.events.filter(act="remind_collection", actor_role="system").count() == 2


def test_one_that_fails_stops_no_other(province: Province, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = asked_for_papers(province), asked_for_papers(province)
    real = waiting.remind_applicant

    def fails_once(dossier: Dossier, **rest: object) -> Dossier:
        if dossier.pk == first.pk:
            raise RuntimeError("a disk is full")
        return real(dossier, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(waiting, "remind_applicant", fails_once)
    assert night_of("2026-08-17")["reminded"] == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.reminded_at is None
    assert second.reminded_at is not None


@pytest.mark.django_db(transaction=True)
def test_two_nights_at_once_remind_once() -> None:
    dossier = asked_for_papers(make_province())
    together = threading.Barrier(2)

    def night() -> None:
        together.wait()
        try:
            night_of_day()
        finally:
            connection.close()

    def night_of_day() -> None:
        nightly.remind_applicants(dt.date(2026, 8, 17))

    workers = [threading.Thread(target=night) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert dossier.events.filter(act="remind_applicant").count() == 1
