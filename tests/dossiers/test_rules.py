"""The rules a naive implementation gets wrong (domain.md 11), where no other test holds them.

docs/rules.md names the test of each rule.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.utils import timezone

from accounts.identity import personal_id_warnings, tax_code_warnings, warnings_for
from agencies.calendar_data import default_calendar
from dossiers import hand_overs, history
from dossiers.chain import chain_faults
from dossiers.deadlines import Timeliness
from dossiers.hand_overs import POST, Place, PostTrips
from dossiers.models import Dossier, DossierEvent, IdKind
from dossiers.recording import open_acts
from dossiers.services import closing
from dossiers.views import rows
from dossiers.workflow import (
    INTAKE_STATES,
    NATIONAL_STATUS,
    PAUSED_STATES,
    RUNNING_STATES,
    TRANSITIONS,
    Act,
    ClockEffect,
    State,
)
from tests.dossiers.pages import browser_of, page
from tests.dossiers.stages import awaiting_assignment, in_progress, settled

if TYPE_CHECKING:
    from agencies.models import Officer
    from tests.province import Province

at = dt.datetime.fromisoformat
CALENDAR = default_calendar()
MONDAY = "2026-11-09T09:00+07:00"


def test_rule_9_asking_another_agency_does_not_stop_the_clock(province: Province) -> None:
    assert State.CONSULTING in RUNNING_STATES - PAUSED_STATES
    asking = {Act.CONSULT, Act.ANSWER_CONSULTATION}
    assert all(row.clock is ClockEffect.NONE for row in TRANSITIONS if row.act in asking)
    with time_machine.travel(MONDAY, tick=False):
        dossier = in_progress(province)
    Dossier.objects.filter(pk=dossier.pk).update(state=State.CONSULTING)
    late = at("2026-11-17T09:00+07:00")
    assert Dossier.objects.overdue(late).get() == dossier
    # And the time is the agency's that asked, not the applicant's.
    event = dossier.events.select_related("holder_agency", "holder_officer").latest("seq")
    event.to_state = State.CONSULTING
    (hold,) = history.holds_of([event])
    assert hold.holder.kind is history.HolderKind.OFFICER
    assert hold.holder.agency_id == province.department.pk


def test_rule_12_a_result_handed_over_late_was_settled_on_time(province: Province) -> None:
    with time_machine.travel(MONDAY, tick=False):
        dossier = settled(province)
    with time_machine.travel("2026-12-30T09:00+07:00", tick=False):
        done = closing.return_result(dossier, by=province.receptionist)
    told = rows.clock_of(Dossier.objects.get(pk=done.pk), at("2027-01-04T09:00+07:00"), CALENDAR)
    assert told.value == Timeliness.EARLY


def test_rule_13_a_pause_is_never_sent_as_a_stop() -> None:
    assert {state for state, number in NATIONAL_STATUS.items() if number == 8} == {State.STOPPED}
    assert {state for state, number in NATIONAL_STATUS.items() if number == 7} == {State.WITHDRAWN}
    received_or_later = set(State) - INTAKE_STATES
    assert {s for s, number in NATIONAL_STATUS.items() if number == 1} & received_or_later == set()


def test_rule_14_not_received_exists_only_at_intake() -> None:
    for row in TRANSITIONS:
        if row.target is State.REFUSED:
            assert row.sources <= INTAKE_STATES, row.act
    assert NATIONAL_STATUS[State.REFUSED] == 3


def trip(source: Place, target: Place, dossier: Dossier, by: Officer, moment: str) -> None:
    with time_machine.travel(moment, tick=False):
        sheet = hand_overs.write(source, target, [dossier.pk], by=by)
        ids = list(sheet.items.values_list("pk", flat=True))
        hand_overs.receive(sheet, ids, by=by)


def test_rule_17_trips_of_the_post_are_no_dossiers(province: Province) -> None:
    """One dossier is sent by post twice and comes back once: three trips, one dossier."""
    centre, department = Place(province.centre), Place(province.department)
    with time_machine.travel("2026-11-02T09:00+07:00", tick=False):
        dossier = awaiting_assignment(province)
        still = awaiting_assignment(province)  # sent by nobody
    trip(centre, POST, dossier, province.receptionist, "2026-11-02T10:00+07:00")
    trip(POST, department, dossier, province.specialist, "2026-11-03T10:00+07:00")
    trip(department, POST, dossier, province.specialist, "2026-11-04T10:00+07:00")
    november = dt.date(2026, 11, 1), dt.date(2026, 11, 30)
    counted = {
        agency.code: (trips.taken, trips.brought)
        for agency in (province.centre, province.department, province.elsewhere)
        for trips in [hand_overs.post_trips([agency.pk], *november)]
    }
    assert counted == {"H01.01.01": (1, 0), "H01.07": (1, 1), "H01.08": (0, 0)}
    both = hand_overs.post_trips([province.centre.pk, province.department.pk], *november)
    assert (both.taken, both.brought) == (2, 1)
    day = dt.date(2026, 11, 3)
    assert hand_overs.post_trips([province.department.pk], day, day) == PostTrips(0, 1)
    # Dossiers are counted where they were received, by the channel they came in by.
    received = Dossier.objects.filter(received_on__range=november).values_list("channel", flat=True)
    assert list(received) == ["in_person", "in_person"]
    shown = page(browser_of(province.specialist).get("/ban-giao/?xem=da-giao"))
    assert "Lượt là lần chuyển giấy, không phải hồ sơ." in shown
    assert still.pk != dossier.pk


def test_rule_17_a_sheet_that_was_never_received_is_no_trip(province: Province) -> None:
    dossier = awaiting_assignment(province)
    sheet = hand_overs.write(Place(province.centre), POST, [dossier.pk], by=province.receptionist)
    today = timezone.localdate()
    assert hand_overs.post_trips([province.centre.pk], today, today) == PostTrips(0, 0)
    hand_overs.cancel(sheet, reason="Nhầm", by=province.receptionist)
    assert hand_overs.post_trips([province.centre.pk], today, today) == PostTrips(0, 0)


def test_rule_17_and_25_a_trip_moves_no_state(province: Province) -> None:
    dossier = awaiting_assignment(province)
    before = (dossier.state, dossier.event_count)
    now = timezone.now().isoformat()
    trip(Place(province.centre), POST, dossier, province.receptionist, now)
    kept = Dossier.objects.get(pk=dossier.pk)
    assert (kept.state, kept.event_count) == before


def test_rule_22_places_are_columns_of_their_own(province: Province) -> None:
    """Where one is helped, received, judged and given the result: four places, four columns."""
    with time_machine.travel(MONDAY, tick=False):
        dossier = province.log(
            supporting_agency=province.elsewhere, collecting_agency=province.elsewhere
        )
    kept = Dossier.objects.get(pk=dossier.pk)
    assert (
        kept.supporting_agency,
        kept.receiving_agency,
        kept.competent_agency,
        kept.collecting_place,
    ) == (province.elsewhere, province.centre, province.department, province.elsewhere)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("095187004215", 0),  # a province merged away keeps its digits, and there is no check digit
        ("089187004216", 0),
        ("999187004215", 1),  # no province ever had it
        ("08918700421", 1),
    ],
)
def test_rule_24_an_identity_number_has_no_check_digit(number: str, expected: int) -> None:
    assert len(personal_id_warnings(number, dt.date(2026, 11, 9))) == expected


def test_rule_24_a_wrong_tax_code_warns_and_stops_nothing(province: Province) -> None:
    assert tax_code_warnings("0100109106") == []
    assert tax_code_warnings("0100109107")
    assert warnings_for(IdKind.TAX_CODE, "0100109107", dt.date(2026, 11, 9))
    submission = province.submission()
    owner = type(submission.owner)(
        "Công ty Thử nghiệm", "organisation", "0100109107", IdKind.TAX_CODE
    )
    assert province.log(owner=owner).code


def test_rule_25_no_axis_moves_another(province: Province) -> None:
    """A failed synchronisation or a payment neither moves, repeats nor loses a step."""
    dossier = Dossier.objects.for_page().get(pk=in_progress(province).pk)
    before = (dossier.state, dossier.event_count, dossier.due_at, bytes(dossier.last_digest))
    acts = open_acts(dossier, province.specialist)
    events = DossierEvent.objects.count()
    for columns in (
        {"sync_state": "failed"},
        {"payment_state": "due"},
        {"payment_state": "paid", "sync_state": "sent"},
        {"delivery_state": "due"},
    ):
        Dossier.objects.filter(pk=dossier.pk).update(**columns)
        now = Dossier.objects.for_page().get(pk=dossier.pk)
        assert (now.state, now.event_count, now.due_at, bytes(now.last_digest)) == before
        assert open_acts(now, province.specialist) == acts
        assert chain_faults(now) == []
    assert DossierEvent.objects.count() == events
