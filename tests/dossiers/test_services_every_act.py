"""What is true of every act: one event, one outbox row, once, by the right officer, or nothing at all."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.db import connection, transaction

from dossiers.act_forms import ACT_FORMS
from dossiers.chain import chain_faults
from dossiers.models import Dossier, DossierEvent, OutboxMessage, PaperSlip
from dossiers.recording import ActDataError, StaleVersionError, open_acts
from dossiers.workflow import TRANSITIONS, Act, IllegalTransitionError
from tests.dossiers.conftest import OfficerClient
from tests.dossiers.stages import EVERY_ACT, Expected

if TYPE_CHECKING:
    from tests.province import Province

MONDAY = "2026-11-16T09:00+07:00"
every_act = pytest.mark.parametrize("expected", EVERY_ACT, ids=lambda e: e.act.value)


def test_no_act_is_left_out() -> None:
    assert {e.act for e in EVERY_ACT} == {row.act for row in TRANSITIONS if row.sources}
    assert {e.act for e in EVERY_ACT} == set(ACT_FORMS)


def database_clock() -> dt.datetime:
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        now: dt.datetime = cursor.fetchone()[0]
        return now


@time_machine.travel(MONDAY, tick=False)
@every_act
def test_it_moves_the_dossier_and_leaves_one_event_that_says_so(
    province: Province, expected: Expected
) -> None:
    before = expected.stage(province)
    state, version = before.state, before.event_count
    slips = before.slips.count()
    asked_at = database_clock()

    done = expected.do(province, before, version=version)

    dossier = Dossier.objects.get(pk=before.pk)
    assert (done.state, done.event_count) == (dossier.state, dossier.event_count)
    assert dossier.state == expected.target
    assert dossier.event_count == version + 1
    assert dossier.previous_state == state
    event = dossier.events.get(seq=version + 1)
    actor = getattr(province, expected.actor)
    assert (event.act, event.from_state, event.to_state) == (expected.act, state, expected.target)
    assert (event.actor, event.actor_role) == (actor, expected.role)
    assert event.agency == getattr(province, expected.agency)
    assert event.holder_agency == dossier.holder_agency == getattr(province, expected.holder)
    assert event.holder_officer == dossier.holder_officer
    assert event.clock_effect == expected.clock
    assert event.reason == expected.data.get("reason", "")
    assert event.due_at == dossier.due_at
    # When it happened in law, and when the database learned of it by its own clock.
    assert event.at == dt.datetime.fromisoformat(MONDAY)
    assert asked_at <= event.recorded_at <= database_clock()
    assert OutboxMessage.objects.get(event=event).payload_version == 1
    assert OutboxMessage.objects.filter(event__dossier=dossier).count() == version + 1
    assert chain_faults(dossier) == []
    new = dossier.slips.order_by("pk")[slips:]
    assert [slip.kind for slip in new] == ([expected.paper] if expected.paper else [])
    assert all(slip.event_id == event.pk for slip in new)


@every_act
def test_a_second_click_changes_nothing(province: Province, expected: Expected) -> None:
    seen = expected.stage(province)
    expected.do(province, seen, version=seen.event_count)
    before = everything(seen)
    for version in (None, seen.event_count):
        with pytest.raises((IllegalTransitionError, StaleVersionError)):
            expected.do(province, seen, version=version)
    assert everything(seen) == before


@every_act
def test_a_stale_version_changes_nothing(province: Province, expected: Expected) -> None:
    seen = expected.stage(province)
    before = everything(seen)
    with pytest.raises(StaleVersionError):
        expected.do(province, seen, version=seen.event_count - 1)
    assert everything(seen) == before


@every_act
def test_an_officer_of_another_agency_may_not_and_does_not_even_see_it(
    province: Province, expected: Expected
) -> None:
    dossier = expected.stage(province)
    before = everything(dossier)
    with pytest.raises(IllegalTransitionError):
        expected.service(dossier, by=province.stranger, **expected.data)
    answer = OfficerClient(province.stranger).act(
        dossier.public_code, expected.act.value, dossier.event_count, **expected.data
    )
    assert answer.status_code == 404
    assert everything(dossier) == before


@every_act
def test_a_rollback_leaves_neither_event_nor_message_nor_paper(
    province: Province, expected: Expected
) -> None:
    dossier = expected.stage(province)
    before = everything(dossier)

    class PowerCutError(Exception):
        pass

    def cut() -> None:
        with transaction.atomic():
            expected.do(province, dossier)
            raise PowerCutError

    with pytest.raises(PowerCutError):
        cut()
    assert everything(dossier) == before


@pytest.mark.parametrize(
    "expected", [e for e in EVERY_ACT if "reason" in e.data], ids=lambda e: e.act.value
)
def test_an_act_that_needs_a_reason_refuses_a_blank_one(
    province: Province, expected: Expected
) -> None:
    dossier = expected.stage(province)
    before = everything(dossier)
    for blank in ("", "  \n"):
        with pytest.raises(ActDataError) as refused:
            expected.do(province, dossier, reason=blank)
        assert set(refused.value.errors) == {"reason"}
    assert everything(dossier) == before


@every_act
def test_the_api_does_it_and_says_what_is_open_next(province: Province, expected: Expected) -> None:
    dossier = expected.stage(province)
    actor = getattr(province, expected.actor)
    assert expected.act in open_acts(dossier, actor)
    client = OfficerClient(actor)
    answer = client.act(
        dossier.public_code, expected.act.value, dossier.event_count, **expected.data
    )
    assert answer.status_code == 200, answer.json()
    told = answer.json()
    assert told["state"] == expected.target
    assert told["version"] == dossier.event_count + 1
    assert told["events"][-1]["act"] == expected.act.value
    now = Dossier.objects.get(pk=dossier.pk)
    assert told["allowed"] == [act.value for act in open_acts(now, actor)]
    again = client.act(now.public_code, expected.act.value, dossier.event_count, **expected.data)
    assert again.status_code == 409
    assert again.json()["allowed"] == told["allowed"]


def test_a_finished_dossier_stays_as_it_is(province: Province) -> None:
    stopping = next(e for e in EVERY_ACT if e.act is Act.STOP)
    dossier = stopping.do(province, stopping.stage(province))
    for act in Act:
        answer = OfficerClient(province.head).act(str(dossier.code), act, dossier.event_count)
        assert answer.status_code == 409
        assert answer.json()["allowed"] == []


def everything(dossier: Dossier) -> Any:
    """Return all that an act could have changed."""
    return (
        Dossier.objects.filter(pk=dossier.pk).values().get(),
        list(DossierEvent.objects.filter(dossier=dossier).values_list("seq", "digest")),
        OutboxMessage.objects.filter(event__dossier=dossier).count(),
        PaperSlip.objects.filter(dossier=dossier).count(),
        list(dossier.pauses.values_list("started_at", "ended_at")),
        list(dossier.supplement_rounds.values_list("number", "answered_at")),
        dossier.documents.count(),
        dossier.deliveries.count(),
        dossier.due_date_changes.count(),
    )
