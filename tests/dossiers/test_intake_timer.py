"""Eight working hours to answer a submission, and by when it leaves the counter (domain.md 3.2, 3.3)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.test import override_settings

from agencies.calendar_data import default_calendar
from agencies.working_time import LOCAL_ZONE, Calendar, DayKind, SpecialDay, Window
from dossiers import clockwork
from dossiers.deadlines import IntakeTimer, answer_by, intake_timers, transfer_by
from dossiers.models import Dossier
from dossiers.services import intake
from tests.dossiers.stages import submitted

if TYPE_CHECKING:
    from tests.province import Province

at = dt.datetime.fromisoformat
CALENDAR = default_calendar()


def local(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=LOCAL_ZONE)


@pytest.mark.parametrize(
    ("submitted_at", "expected"),
    [
        ("2026-11-09T07:00", "2026-11-09T17:00"),  # Monday
        ("2026-11-09T10:00", "2026-11-10T10:00"),
        ("2026-11-09T20:00", "2026-11-10T17:00"),  # at night: from the next opening
        ("2026-11-13T16:00", "2026-11-16T16:00"),  # Friday to Monday
        ("2026-11-14T09:00", "2026-11-16T17:00"),  # a Saturday on duty counts nothing
        ("2026-02-13T16:00", "2026-02-23T16:00"),  # over Tết
        ("2026-08-21T16:00", "2026-08-22T16:00"),  # a make-up Saturday counts
    ],
)
def test_a_submission_is_answered_within_eight_working_hours(
    submitted_at: str, expected: str
) -> None:
    assert answer_by(local(submitted_at), CALENDAR) == local(expected)


def test_a_request_ends_the_timer_and_a_resubmission_starts_another() -> None:
    steps = [
        (local("2026-11-09T10:00"), True),
        (local("2026-11-09T11:00"), True),  # an act that leaves it waiting starts nothing new
        (local("2026-11-10T10:01"), False),
        (local("2026-11-11T09:00"), False),
        (local("2026-11-12T07:00"), True),
    ]
    first, second = intake_timers(steps, CALENDAR)
    assert first == IntakeTimer(steps[0][0], local("2026-11-10T10:00"), steps[2][0])
    assert second == IntakeTimer(steps[4][0], local("2026-11-12T17:00"))
    assert first.is_overdue(local("2026-11-10T09:00"))  # a minute late, whenever one asks
    assert not second.is_overdue(local("2026-11-12T17:00"))
    assert second.is_overdue(local("2026-11-12T17:01"))
    assert intake_timers([], CALENDAR) == []


def stored(dossier: Dossier) -> Dossier:
    return Dossier.objects.get(pk=dossier.pk)


def test_the_timer_is_kept_beside_the_limit_and_ends_with_the_answer(province: Province) -> None:
    with time_machine.travel("2026-11-09T10:00+07:00", tick=False):
        waiting = submitted(province)
    assert stored(waiting).answer_by_at == at("2026-11-10T10:00+07:00")
    assert stored(waiting).due_at is None
    assert not Dossier.objects.unanswered(at("2026-11-10T10:00+07:00")).exists()
    assert Dossier.objects.unanswered(at("2026-11-10T10:01+07:00")).get() == waiting
    with time_machine.travel("2026-11-10T11:00+07:00", tick=False):
        accepted = intake.receive(waiting, by=province.receptionist)
    assert stored(accepted).answer_by_at is None
    # Late to answer is not late to settle: the limit runs from the acceptance.
    assert stored(accepted).due_at == at("2026-11-17T17:00+07:00")


def test_a_request_for_completion_stops_it_and_the_papers_start_it_anew(
    province: Province,
) -> None:
    with time_machine.travel("2026-11-09T10:00+07:00", tick=False):
        waiting = submitted(province)
    with time_machine.travel("2026-11-09T11:00+07:00", tick=False):
        asked = intake.request_completion(waiting, by=province.receptionist, reason="Thiếu")
    assert stored(asked).answer_by_at is None
    assert not Dossier.objects.unanswered(at("2026-12-31T10:00+07:00")).exists()
    with time_machine.travel("2026-11-20T09:00+07:00", tick=False):
        back = intake.resubmit(asked, by=province.receptionist)
    assert stored(back).answer_by_at == at("2026-11-23T09:00+07:00")
    timers = clockwork.intake_timers(back.events.order_by("seq"), CALENDAR)
    assert [timer.answered_at is None for timer in timers] == [False, True]


def test_a_submission_accepted_in_one_act_never_waited(province: Province) -> None:
    assert stored(province.log()).answer_by_at is None


def test_a_refusal_is_an_answer(province: Province) -> None:
    refused = intake.refuse(submitted(province), by=province.receptionist, reason="Không đúng")
    assert stored(refused).answer_by_at is None


# The other 15:00 rule.


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("2026-11-09T08:00", "2026-11-09T17:00"),
        ("2026-11-09T15:00", "2026-11-09T17:00"),
        ("2026-11-09T15:00:01", "2026-11-10T08:00"),
        ("2026-11-09T18:00", "2026-11-10T08:00"),
        ("2026-11-13T15:30", "2026-11-16T08:00"),
        ("2026-11-14T08:00", "2026-11-16T08:00"),  # a Saturday on duty
        ("2026-11-15T08:00", "2026-11-16T08:00"),
    ],
)
def test_after_three_it_leaves_the_counter_the_next_working_morning(
    received: str, expected: str
) -> None:
    assert transfer_by(local(received), CALENDAR) == local(expected)


def test_a_day_worked_in_the_morning_only_ends_the_transfer_at_noon() -> None:
    morning = SpecialDay(
        dt.date(2026, 8, 22), DayKind.MAKE_UP, "", "", (Window(dt.time(7), dt.time(11, 30)),)
    )
    short = Calendar({morning.on: morning})
    assert transfer_by(local("2026-08-22T11:30"), short) == local("2026-08-22T11:30")
    assert transfer_by(local("2026-08-22T11:31"), short) == local("2026-08-24T08:00")


def test_the_transfer_rule_moves_no_due_date(province: Province) -> None:
    with time_machine.travel("2026-11-09T15:30+07:00", tick=False):
        late = province.log()
    with time_machine.travel("2026-11-09T08:00+07:00", tick=False):
        early = province.log()
    assert late.due_at == early.due_at
    assert clockwork.transfer_by(late, CALENDAR) == at("2026-11-10T08:00+07:00")
    assert clockwork.transfer_by(early, CALENDAR) == at("2026-11-09T17:00+07:00")
    assert clockwork.transfer_by(Dossier(), CALENDAR) is None


@pytest.mark.parametrize(
    ("of_version", "of_province", "expected"),
    [
        (None, "15:00", "2026-11-10T08:00+07:00"),
        (None, "16:00", "2026-11-09T17:00+07:00"),
        (dt.time(16), "15:00", "2026-11-09T17:00+07:00"),
        (dt.time(11), "16:00", "2026-11-10T08:00+07:00"),
    ],
)
def test_a_version_may_have_its_own_hour_of_transfer(
    province: Province, of_version: Any, of_province: str, expected: str
) -> None:
    province.procedure.versions.update(transfer_cutoff=of_version)
    with time_machine.travel("2026-11-09T15:30+07:00", tick=False):
        dossier = province.log()
    with override_settings(MOTCUA_TRANSFER_CUTOFF=of_province):
        assert clockwork.transfer_by(stored(dossier), CALENDAR) == at(expected)


def test_how_long_the_morning_lasts_is_the_provinces(province: Province) -> None:
    with time_machine.travel("2026-11-09T15:30+07:00", tick=False):
        dossier = province.log()
    with override_settings(MOTCUA_TRANSFER_MORNING=0):
        assert clockwork.transfer_by(dossier, CALENDAR) == at("2026-11-10T07:00+07:00")
