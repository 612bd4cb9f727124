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
from dossiers.recording import (
    ActDataError,
    StaleVersionError,
    acts_to_propose,
    open_acts,
)
from dossiers.workflow import TRANSITIONS, Act, Aim, IllegalTransitionError, State
from tests.dossiers.conftest import OfficerClient
from tests.dossiers.stages import EVERY_ACT, Expected

if TYPE_CHECKING:
    from tests.province import Province

MONDAY = "2026-11-16T09:00+07:00"
every_act = pytest.mark.parametrize("expected", EVERY_ACT, ids=lambda e: e.name)
# In the table, and done by the clock or by another system: no officer does them from a form.
# Those of an interlinked request need its parts: tests/dossiers/test_chains.py.
NOT_BY_FORM = {
    Act.ADJUST_DUE, Act.MIRROR, Act.OPEN_PART, Act.CLOSE_CHAIN, Act.DECIDE_CHAIN,
    Act.SAVE_DRAFT,  # on the desk's own page: tests/dossiers/test_page_desk.py
}  # fmt: skip


def test_no_act_is_left_out() -> None:
    on_a_dossier = {row.act for row in TRANSITIONS if row.sources}
    assert {e.act for e in EVERY_ACT} == on_a_dossier - NOT_BY_FORM
    # What is asked for is asked by the form of the act itself.
    assert {e.act for e in EVERY_ACT} - {Act.ASK_APPROVAL} == set(ACT_FORMS) - NOT_BY_FORM


def test_no_row_of_the_table_is_left_out() -> None:
    """An act with several targets is done to each of them."""
    done = {(e.act, e.target) for e in EVERY_ACT}
    kept = {act for act, target in done if (act, "same") in _targets()}
    missing = {
        (act, target)
        for act, target in _targets()
        if act not in NOT_BY_FORM and target in State.values and (act, target) not in done
    }
    assert missing == set()
    assert kept == {
        row.act for row in TRANSITIONS if row.target is Aim.SAME and row.act not in NOT_BY_FORM
    }


def _targets() -> set[tuple[Act, str]]:
    return {(row.act, row.target.value) for row in TRANSITIONS if row.sources}


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
    state, version, previous = before.state, before.event_count, before.previous_state
    slips = before.slips.count()
    asked_at = database_clock()

    done = expected.do(province, before, version=version)

    dossier = Dossier.objects.get(pk=before.pk)
    if not expected.makes_new:
        assert (done.state, done.event_count) == (dossier.state, dossier.event_count)
    assert dossier.state == expected.target
    assert dossier.event_count == version + 1
    # An act that stays where it is hides no state that one goes back to.
    assert dossier.previous_state == (state if state != expected.target else previous)
    event = dossier.events.get(seq=version + 1)
    actor = getattr(province, expected.actor)
    assert (event.act, event.from_state, event.to_state) == (expected.act, state, expected.target)
    assert (event.actor, event.actor_role) == (actor, expected.role)
    assert event.agency == getattr(province, expected.agency)
    assert event.holder_agency == dossier.holder_agency == getattr(province, expected.holder)
    assert event.holder_officer == dossier.holder_officer
    assert event.clock_effect == expected.clock
    words = [expected.data.get(name) for name in ("reason", "note", "answer")]
    assert event.reason == next(filter(None, words), "")
    assert event.due_at == dossier.due_at
    # When it happened in law, and when the database learned of it by its own clock.
    assert event.at == dt.datetime.fromisoformat(MONDAY)
    assert asked_at <= event.recorded_at <= database_clock()
    told = [message.event for message in OutboxMessage.objects.filter(event__dossier=dossier)]
    # One message for each event, but for what was never handed in (T01).
    inside = {"save_draft"} | ({"cancel"} if expected.case == "draft" else set())
    assert sorted(e.seq for e in told) == [
        e.seq for e in dossier.events.order_by("seq") if e.act not in inside
    ]
    assert {message.payload_version for message in OutboxMessage.objects.all()} <= {1}
    assert chain_faults(dossier) == []
    new = dossier.slips.order_by("pk")[slips:]
    assert [slip.kind for slip in new] == ([expected.paper] if expected.paper else [])
    assert all(slip.event_id == event.pk for slip in new)


@every_act
def test_a_second_click_changes_nothing(province: Province, expected: Expected) -> None:
    seen = expected.stage(province)
    expected.do(province, seen, version=seen.event_count)
    before = everything(seen)
    for version in [seen.event_count] if expected.repeats else [None, seen.event_count]:
        with pytest.raises((IllegalTransitionError, StaleVersionError, ActDataError)):
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
        expected.service(dossier, by=province.stranger, **expected.given(province))
    answer = OfficerClient(province.stranger).act(
        dossier.public_code,
        asked_of_the_api(expected),
        dossier.event_count,
        **expected.typed(province),
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
    "expected",
    [e for e in EVERY_ACT if "reason" in e.data],
    ids=lambda e: e.name,
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
    act, typed = asked_of_the_api(expected), expected.typed(province)
    if expected.asks:
        assert act in acts_to_propose(dossier, actor)
    else:
        assert act in open_acts(dossier, actor)
    client = OfficerClient(actor)
    answer = client.act(dossier.public_code, act, dossier.event_count, **typed)
    assert answer.status_code == 200, answer.json()
    told = answer.json()
    if expected.makes_new:
        assert Dossier.objects.get(code=told["code"]).corrects == dossier
        return
    assert told["state"] == expected.target
    assert told["version"] == dossier.event_count + 1
    assert told["events"][-1]["act"] == expected.act.value
    now = Dossier.objects.get(pk=dossier.pk)
    assert told["allowed"] == [act.value for act in open_acts(now, actor)]
    again = client.act(now.public_code, act, dossier.event_count, **typed)
    if expected.loses_sight:
        assert again.status_code == 404
        return
    assert again.status_code == 409
    assert again.json()["allowed"] == told["allowed"]


def asked_of_the_api(expected: Expected) -> str:
    return (expected.asks or expected.act).value


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
        dossier.fees_due.count(),
        list(dossier.consultations.values_list("agency", "outcome")),
        list(dossier.proposals.values_list("act", "outcome")),
        dossier.corrections.count(),
    )
