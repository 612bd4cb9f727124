"""The dates of a stored dossier: moved by pauses, set from outside, promised in an apology."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import transaction
from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from agencies.calendar_data import default_calendar
from agencies.working_time import DayKind, SpecialDay
from dossiers import clockwork
from dossiers.chain import chain_faults
from dossiers.deadlines import LimitError, Timeliness
from dossiers.models import Dossier, DueDateChange, DueOrigin, Pause
from dossiers.recording import Record, begin, database_now
from dossiers.services import closing, intake, processing
from dossiers.tracking import track
from dossiers.workflow import Act, State
from tests.dossiers.pages import browser_of, page
from tests.factories import ProcedureFactory

if TYPE_CHECKING:
    from tests.province import Province

at = dt.datetime.fromisoformat
CALENDAR = default_calendar()

RECEIVED = "2026-11-09T09:00+07:00"  # Monday
ASKED = "2026-11-11T10:00+07:00"  # Wednesday
ANSWERED = "2026-11-13T10:00+07:00"  # Friday, 16 working hours later
DUE = at("2026-11-16T17:00+07:00")  # five working days
MOVED = at("2026-11-18T17:00+07:00")  # and sixteen hours


def in_progress(province: Province, **settings: Any) -> Dossier:
    procedure = ProcedureFactory.create(
        offering=province.department,
        cases=[settings.pop("limit", ("5", "working_day"))],
        version_settings=settings or None,
    )
    with time_machine.travel(RECEIVED, tick=False):
        dossier = processing.transfer(province.log(procedure=procedure), by=province.receptionist)
        return processing.assign(dossier, by=province.head)


def ask(province: Province, dossier: Dossier, moment: str = ASKED) -> Dossier:
    with time_machine.travel(moment, tick=False):
        return processing.request_supplement(dossier, by=province.head, reason="Thiếu bản vẽ")


def answer(province: Province, dossier: Dossier, moment: str = ANSWERED) -> Dossier:
    with time_machine.travel(moment, tick=False):
        processing.accept_supplement(dossier, by=province.receptionist)
    return stored(dossier)


def stored(dossier: Dossier) -> Dossier:
    return Dossier.objects.get(pk=dossier.pk)


def set_from_outside(
    province: Province,
    dossier: Dossier,
    new_due: str,
    origin: DueOrigin,
    moment: str = "2026-11-10T09:00+07:00",
    **more: Any,
) -> DueDateChange:
    """Do what a service does: an act that changes the date, its event, the row beside it."""
    with time_machine.travel(moment, tick=False), transaction.atomic():
        # Any act will do: the table gets one of its own for this.
        step = begin(Act.PROPOSE, dossier, by=province.specialist)
        event = step.append(reason="Công điện số 12")
        change = clockwork.change_due(
            step.dossier,
            at(new_due),
            origin=origin,
            reason="Công điện số 12",
            event=event,
            reference="12/CĐ-UBND",
            **more,
        )
        step.record.write()
        change.save()
        back = begin(Act.SEND_BACK, step.dossier, by=province.head, reason="Làm tiếp")
        back.append(reason="Làm tiếp", holder_officer=province.specialist)
        back.record.write()
    return change


# The law's own date


def test_the_statutory_date_moves_by_the_same_pause(province: Province) -> None:
    dossier = in_progress(
        province,
        limit=("10", "working_day"),
        committed_value=Decimal(5),
        committed_unit="working_day",
        committed_decision="1234/QĐ-UBND",
    )
    assert (dossier.due_at, dossier.due_statutory_at) == (DUE, at("2026-11-23T17:00+07:00"))
    done = answer(province, ask(province, dossier))
    # 24/11 is a holiday: sixteen hours after Monday 23/11 are Thursday 26/11.
    assert (done.due_at, done.due_statutory_at) == (MOVED, at("2026-11-26T17:00+07:00"))
    assert done.due_original_at == DUE


def test_without_a_commitment_the_two_dates_are_one(province: Province) -> None:
    done = answer(province, ask(province, in_progress(province)))
    assert done.due_at == done.due_statutory_at == MOVED


def test_a_date_the_officer_set_has_no_statutory_one(province: Province) -> None:
    free = ProcedureFactory.create(offering=province.department, cases=[(None, "none")])
    with time_machine.travel(RECEIVED, tick=False):
        dossier = province.log(procedure=free, due_on=dt.date(2026, 11, 20), reason="Hẹn riêng")
    assert stored(dossier).due_at == at("2026-11-20T17:00+07:00")
    assert stored(dossier).due_statutory_at is None


def test_settled_at_once_it_has_both_dates(province: Province) -> None:
    province.procedure.versions.update(settles_at_once=True)
    with time_machine.travel(RECEIVED, tick=False):
        waiting = intake.register(province.submission(), by=province.receptionist)
        done = intake.settle_at_once(waiting, by=province.receptionist)
    assert stored(done).due_at == stored(done).due_statutory_at == at("2026-11-09T17:00+07:00")


# What the event said holds


def test_a_policy_changed_later_restarts_no_pause_of_the_past(province: Province) -> None:
    dossier = answer(province, ask(province, in_progress(province)))
    dossier.version.supplement_policy = "restart"
    dossier.version.save()
    with time_machine.travel("2026-11-16T09:00+07:00", tick=False):
        dossier = closing.request_withdrawal(dossier, by=province.receptionist, reason="Rút")
    clockwork.move_dates(dossier, dossier.pauses.all())
    assert dossier.due_at == MOVED


def test_asking_to_withdraw_restarts_no_limit(province: Province) -> None:
    dossier = ask(province, in_progress(province, supplement_policy="restart"))
    with time_machine.travel(ANSWERED, tick=False):
        closing.request_withdrawal(dossier, by=province.receptionist, reason="Rút")
    assert stored(dossier).due_at == MOVED


def test_a_restart_says_so_in_its_change(province: Province) -> None:
    done = answer(province, ask(province, in_progress(province, supplement_policy="restart")))
    assert done.due_at == at("2026-11-20T17:00+07:00")  # five days from Friday
    assert done.due_date_changes.get().origin == DueOrigin.RESTART
    resumed = answer(province, ask(province, in_progress(province)))
    assert resumed.due_date_changes.get().origin == DueOrigin.PAUSE


# Set from outside


@pytest.mark.parametrize("origin", [DueOrigin.EXTERNAL, DueOrigin.CORRECTION, DueOrigin.CALENDAR])
def test_a_change_from_outside_keeps_the_first_promise_and_says_whence(
    province: Province, origin: DueOrigin
) -> None:
    dossier = in_progress(province)
    change = set_from_outside(province, dossier, "2026-11-25T17:00+07:00", origin)
    done = stored(dossier)
    assert (done.due_original_at, done.due_statutory_at, done.due_promised_at) == (DUE, DUE, None)
    assert (done.due_at, done.due_on) == (at("2026-11-25T17:00+07:00"), dt.date(2026, 11, 25))
    kept = done.due_date_changes.get()
    assert kept == change
    assert (kept.due_before, kept.due_after, kept.origin) == (DUE, done.due_at, origin)
    assert (kept.reference, kept.reason, kept.promised_after) == (
        "12/CĐ-UBND",
        "Công điện số 12",
        None,
    )
    assert kept.event.due_at == done.due_at  # any past day can be rebuilt from the events
    assert chain_faults(done) == []


@pytest.mark.parametrize("origin", [DueOrigin.EXTERNAL, DueOrigin.CORRECTION])
def test_a_later_pause_moves_the_date_set_from_outside(
    province: Province, origin: DueOrigin
) -> None:
    dossier = in_progress(province)
    set_from_outside(province, dossier, "2026-11-19T17:00+07:00", origin)
    done = answer(province, ask(province, stored(dossier)))
    assert done.due_at == at("2026-11-23T17:00+07:00")  # 16 working hours later
    assert done.due_statutory_at == MOVED


def test_a_pause_before_the_change_is_not_counted_again(province: Province) -> None:
    dossier = answer(province, ask(province, in_progress(province)))
    set_from_outside(
        province,
        dossier,
        "2026-11-25T17:00+07:00",
        DueOrigin.EXTERNAL,
        "2026-11-13T14:00+07:00",
    )
    again = ask(province, stored(dossier), "2026-11-16T09:00+07:00")
    done = answer(province, again, "2026-11-16T10:00+07:00")
    assert done.due_at == at("2026-11-26T08:00+07:00")  # one hour, not seventeen


def test_an_announcement_applied_to_a_dossier_leaves_its_limit_in_force(
    province: Province,
) -> None:
    dossier = in_progress(province)
    # The new calendar gave a later date; a pause is counted from the limit, not from that date.
    set_from_outside(province, dossier, "2026-11-17T17:00+07:00", DueOrigin.CALENDAR)
    Dossier.objects.filter(pk=dossier.pk).update(due_original_at=at("2026-11-13T17:00+07:00"))
    done = answer(province, ask(province, stored(dossier)))
    assert done.due_at == MOVED


def test_a_rehearsed_day_off_moves_what_the_limit_gave_and_nothing_that_was_decided(
    province: Province,
) -> None:
    storm = CALENDAR.with_days(
        SpecialDay(dt.date(2026, 11, 12), DayKind.HOLIDAY, "Nghỉ bão", "Công điện thử")
    )
    dossier = stored(in_progress(province))
    tuesday = at("2026-11-17T17:00+07:00")
    assert clockwork.dates_under(dossier, [], storm, before=CALENDAR) == (tuesday, tuesday)
    assert (dossier.due_at, dossier.due_statutory_at) == (DUE, DUE)
    change = set_from_outside(
        province, dossier, tuesday.isoformat(), DueOrigin.CALENDAR, new_statutory=tuesday
    )
    assert stored(dossier).due_statutory_at == tuesday
    # Applied once, the limit still gives it; set by another system, it does not.
    applied = clockwork.dates_under(stored(dossier), [], storm, before=storm, changes=[change])
    assert applied == (tuesday, tuesday)
    other = in_progress(province)
    outside = set_from_outside(province, other, PROMISED, DueOrigin.EXTERNAL)
    kept = clockwork.dates_under(stored(other), [], storm, before=CALENDAR, changes=[outside])
    assert kept == (at(PROMISED), DUE)


def test_a_restart_after_a_change_gives_the_whole_limit_and_never_less_than_the_change(
    province: Province,
) -> None:
    dossier = in_progress(province, supplement_policy="restart")
    set_from_outside(province, dossier, "2026-11-12T17:00+07:00", DueOrigin.CORRECTION)
    done = answer(province, ask(province, stored(dossier)))
    assert done.due_at == at("2026-11-20T17:00+07:00")  # five days from Friday 13/11
    far = in_progress(province, supplement_policy="restart")
    set_from_outside(province, far, "2026-12-01T17:00+07:00", DueOrigin.CORRECTION)
    done = answer(province, ask(province, stored(far)))
    assert done.due_at == at("2026-12-03T17:00+07:00")


def test_a_date_before_the_receipt_or_without_one_is_refused(province: Province) -> None:
    dossier = in_progress(province)
    with pytest.raises(LimitError) as refused:
        set_from_outside(province, dossier, "2026-11-09T08:59+07:00", DueOrigin.EXTERNAL)
    assert refused.value.field == "due_on"
    assert not DueDateChange.objects.exists()
    waiting = intake.register(province.submission(), by=province.receptionist)
    event = waiting.events.get()
    with pytest.raises(LimitError):
        clockwork.change_due(waiting, MOVED, origin=DueOrigin.CORRECTION, reason="r", event=event)


# The date of an apology

PROMISED = "2026-11-27T17:00+07:00"


def test_an_apology_leaves_the_date_the_figures_judge_by(province: Province) -> None:
    dossier = in_progress(province)
    change = set_from_outside(province, dossier, PROMISED, DueOrigin.APOLOGY)
    done = stored(dossier)
    assert (done.due_at, done.due_statutory_at, done.due_original_at) == (DUE, DUE, DUE)
    assert done.due_promised_at == done.due_told_at == at(PROMISED)
    # The reports read the appointment from these two.
    assert (change.due_before, change.due_after) == (DUE, DUE)
    assert (change.promised_before, change.promised_after) == (None, at(PROMISED))
    after = at("2026-11-20T09:00+07:00")
    assert Dossier.objects.overdue(after).get() == done
    assert Dossier.objects.statutory_overdue(after).get() == done


@override_settings(MOTCUA_APOLOGY_MOVES_DUE=True)
def test_a_province_may_let_it_move_the_appointment_and_never_the_law(province: Province) -> None:
    dossier = in_progress(province)
    change = set_from_outside(province, dossier, PROMISED, DueOrigin.APOLOGY)
    done = stored(dossier)
    assert done.due_at == done.due_promised_at == at(PROMISED)
    assert (done.due_statutory_at, done.due_original_at) == (DUE, DUE)
    assert (change.due_before, change.due_after) == (DUE, at(PROMISED))
    paused = answer(province, ask(province, done))
    assert paused.due_at == paused.due_promised_at == at("2026-12-01T17:00+07:00")


def test_a_pause_after_an_apology_moves_all_three_dates(province: Province) -> None:
    dossier = in_progress(province)
    set_from_outside(province, dossier, PROMISED, DueOrigin.APOLOGY)
    done = answer(province, ask(province, stored(dossier)))
    assert (done.due_at, done.due_statutory_at) == (MOVED, MOVED)
    assert done.due_promised_at == at("2026-12-01T17:00+07:00")


def test_the_applicant_reads_the_date_of_the_apology_and_is_not_told_of_lateness_before_it(
    province: Province,
) -> None:
    dossier = in_progress(province)
    set_from_outside(province, dossier, PROMISED, DueOrigin.APOLOGY)
    seen = track(str(dossier.code), "4215", address="192.0.2.1", now=at("2026-11-20T09:00+07:00"))
    assert seen.due_at == at(PROMISED)
    assert seen.due_original_at == DUE
    assert seen.is_moved
    assert seen.timeliness is Timeliness.IN_TIME
    assert seen.explanation is not None
    assert seen.explanation.due_at == at(PROMISED)
    assert seen.explanation.days[-1].date == dt.date(2026, 11, 27)
    late = track(str(dossier.code), "4215", address="192.0.2.1", now=at("2026-11-30T09:00+07:00"))
    assert late.timeliness is Timeliness.OVERDUE


def test_a_restart_beyond_the_apology_is_told_by_everybody_alike(province: Province) -> None:
    """Both dates are kept; the page, the look-up, the new receipt and the days tell the later."""
    dossier = in_progress(province, supplement_policy="restart")
    set_from_outside(province, dossier, "2026-11-17T17:00+07:00", DueOrigin.APOLOGY)
    done = answer(province, ask(province, stored(dossier)))
    assert done.due_at == at("2026-11-20T17:00+07:00")  # five working days from the papers
    assert done.due_promised_at == at("2026-11-19T17:00+07:00")  # and the sixteen hours
    assert done.due_told_at == done.due_at
    seen = track(str(done.code), "4215", address="192.0.2.1", now=at(ANSWERED))
    assert seen.due_at == done.due_told_at
    told = clockwork.explain(done)
    assert told is not None
    assert told.due_at == done.due_told_at
    receipt = done.slips.filter(kind="receipt").order_by("-pk")[0]
    assert receipt.due_at == done.due_told_at
    with time_machine.travel(ANSWERED, tick=False):
        text = page(browser_of(province.head).get(f"/ho-so/{done.code}/"))
    assert "người nộp đọc ngày hẹn trả" in text


def test_the_receipt_after_a_pause_tells_the_date_of_the_apology(province: Province) -> None:
    dossier = in_progress(province)
    set_from_outside(province, dossier, PROMISED, DueOrigin.APOLOGY)
    done = answer(province, ask(province, stored(dossier)))
    receipt = done.slips.filter(kind="receipt").order_by("-pk")[0]
    assert receipt.due_at == done.due_told_at == at("2026-12-01T17:00+07:00")


def test_whatever_pauses_come_after_an_apology_one_date_is_told(province: Province) -> None:
    """The later of the two, never before what either promised, and no pause makes it earlier."""
    limits = [("5", "working_day"), ("20", "working_hour"), ("10", "day"), ("1", "month")]
    dossiers = [
        in_progress(province, limit=limit, supplement_policy=policy)
        for limit in limits
        for policy in ("resume", "restart")
    ]
    hours = st.integers(1, 24 * 60)

    @settings(max_examples=60, deadline=None)
    @given(st.sampled_from(dossiers), st.lists(st.tuples(hours, hours, st.booleans()), max_size=4))
    def holds(dossier: Dossier, stretches: list[tuple[int, int, bool]]) -> None:
        assert dossier.due_original_at is not None
        given_at = at("2026-11-10T09:00+07:00")
        promised = dossier.due_original_at + dt.timedelta(days=3)
        apology = DueDateChange(
            at=given_at,
            origin=DueOrigin.APOLOGY,
            due_before=dossier.due_original_at,
            due_after=dossier.due_original_at,
            promised_after=promised,
        )
        pauses: list[Pause] = []
        moment, told_before = given_at, promised
        for runs, stands, restarts in stretches:
            started = moment + dt.timedelta(hours=runs)
            moment = started + dt.timedelta(hours=stands)
            state = State.AWAITING_SUPPLEMENT if restarts else State.SUSPENDED
            pauses.append(
                Pause(state=state, started_at=started, ended_at=moment, restarts=restarts)
            )
            with transaction.atomic():
                clockwork.move_dates(dossier, pauses, [apology])
            assert dossier.due_at is not None
            assert dossier.due_promised_at is not None
            assert dossier.due_told_at == max(dossier.due_at, dossier.due_promised_at)
            assert dossier.due_told_at >= told_before
            told_before = dossier.due_told_at

    holds()


# One explanation for everybody


def test_the_page_the_receipt_the_look_up_and_the_api_tell_the_same_days(
    province: Province,
) -> None:
    done = answer(province, ask(province, in_progress(province, supplement_policy="resume")))
    told = clockwork.explain(done)
    assert told is not None
    assert told.due_at == MOVED
    seen = track(str(done.code), "4215", address="192.0.2.1", now=at(ANSWERED))
    assert seen.explanation == told
    by_limit = clockwork.explain_by_limit(done, clockwork.pause_spans(done.pauses.all()), CALENDAR)
    assert by_limit == told


def test_recomputing_from_the_receipt_gives_what_is_stored(province: Province) -> None:
    dossier = in_progress(province)
    set_from_outside(province, dossier, "2026-11-19T17:00+07:00", DueOrigin.EXTERNAL)
    done = answer(province, ask(province, stored(dossier)))
    before = (done.due_at, done.due_on, done.due_statutory_at, done.due_promised_at)
    clockwork.move_dates(done, done.pauses.all(), clockwork.changes_of(done))
    assert (done.due_at, done.due_on, done.due_statutory_at, done.due_promised_at) == before


@override_settings(MOTCUA_DUE_TIME="same_clock_time")
def test_a_province_may_promise_the_hour_of_the_receipt(province: Province) -> None:
    dossier = in_progress(province)
    assert dossier.due_at == at("2026-11-16T09:00+07:00")
    told = clockwork.explain(dossier)
    assert told is not None
    assert told.due_at == dossier.due_at


def test_a_record_keeps_the_dates_without_being_told(province: Province) -> None:
    """Services name no column of the clock; the record of the act saves them all."""
    dossier = stored(in_progress(province))
    dossier.due_promised_at = at(PROMISED)
    with transaction.atomic():
        Record(dossier, province.head, database_now()).write()
    assert stored(dossier).due_promised_at == at(PROMISED)


# What an upgrade left empty


def fill_clock(*options: str) -> str:
    out = io.StringIO()
    call_command("fill_clock", *options, stdout=out)
    return out.getvalue().strip()


def test_what_was_written_before_the_columns_were_kept_is_filled_once(province: Province) -> None:
    moved = answer(province, ask(province, in_progress(province)))
    with time_machine.travel(RECEIVED, tick=False):
        waiting = intake.register(province.submission(), by=province.receptionist)
        free = ProcedureFactory.create(offering=province.department, cases=[(None, "none")])
        set_by_hand = province.log(procedure=free, due_on=dt.date(2026, 11, 20), reason="Hẹn riêng")
    imported = in_progress(province)
    Dossier.objects.update(due_statutory_at=None, answer_by_at=None)
    Dossier.objects.filter(pk=imported.pk).update(due_original_at=at("2026-11-12T17:00+07:00"))
    assert fill_clock("--dry-run") == "4 dossiers looked at, 2 filled"
    assert not Dossier.objects.filter(due_statutory_at__isnull=False).exists()
    assert fill_clock() == "4 dossiers looked at, 2 filled"
    assert stored(moved).due_statutory_at == MOVED
    assert stored(waiting).answer_by_at == at("2026-11-10T09:00+07:00")
    assert stored(set_by_hand).due_statutory_at is None
    assert stored(imported).due_statutory_at is None
    assert fill_clock() == "2 dossiers looked at, 0 filled"
