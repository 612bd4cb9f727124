"""What is true of a province's dossiers whatever was done to them, together or half.

Each function returns its faults in words, none where all is well. The benchmark of acts done
together asks the same (benchmarks.together).
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import connection

from agencies.models import Agency
from dossiers.chain import faults_in
from dossiers.codes import read_code
from dossiers.models import (
    Consultation,
    DayNumber,
    Dossier,
    OutboxMessage,
    PaperNumber,
    PaperSlip,
    VoidNumber,
)
from dossiers.workflow import PAUSED_STATES, TRANSITIONS, Act, Aim, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dossiers.models import DossierEvent
    from dossiers.workflow import Transition


def whole_database() -> dict[str, tuple[int, str]]:
    """Return each table with its count of rows and a sum over a hash of each. Runs one query.

    A sum of 64-bit hashes knows no order of the rows: to sort their texts took nine tenths of the
    time of the tests that ask this after every cut.
    """
    with connection.cursor() as cursor:
        cursor.execute(_whole_database_query())
        return {table: (count, str(digest)) for table, count, digest in cursor.fetchall()}


@cache
def _whole_database_query() -> str:
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    name = connection.ops.quote_name
    return " union all ".join(
        f"select '{table}', count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)"  # noqa: S608
        f" from {name(table)} t"
        for table in tables
    )


def number_faults(agencies: Iterable[Agency] | None = None) -> list[str]:
    """Return what is wrong with codes and paper numbers: repeated, missing, or above the counter.

    Of all agencies, or of those named: imported codes have gaps of their own.
    """
    agencies = list(Agency.objects.all() if agencies is None else agencies)
    faults: list[str] = []
    codes: dict[tuple[int, Any], list[int]] = defaultdict(list)
    rows = Dossier.objects.filter(code__isnull=False, receiving_agency__in=agencies)
    for agency, on, code in rows.values_list("receiving_agency", "received_on", "code"):
        read = read_code(str(code))
        if read is None:
            faults.append(f"{code} is no code")
        else:
            codes[agency, on].append(read[2])
    void = VoidNumber.objects.filter(agency__in=agencies)
    for agency, on, number in void.values_list("agency", "on", "number"):
        codes[agency, on].append(number)
    counted = DayNumber.objects.filter(agency__in=agencies)
    days = {(a, on): last for a, on, last in counted.values_list("agency", "on", "last")}
    faults += _not_in_order("codes", codes, days)

    papers: dict[tuple[int, int, str], list[int]] = defaultdict(list)
    slips = PaperSlip.objects.filter(agency__in=agencies)
    for agency, year, kind, number in slips.values_list("agency", "year", "kind", "number"):
        papers[agency, year, kind].append(number)
    counters = {
        (agency, year, kind): last
        for agency, year, kind, last in PaperNumber.objects.filter(agency__in=agencies).values_list(
            "agency", "year", "kind", "last"
        )
    }
    return faults + _not_in_order("papers", papers, counters)


def _not_in_order(what: str, given: dict[Any, list[int]], counters: dict[Any, int]) -> list[str]:
    return [
        f"{what} of {key}: {sorted(given.get(key, []))} beside a counter of {counters.get(key, 0)}"
        for key in {*given, *counters}
        if sorted(given.get(key, [])) != list(range(1, counters.get(key, 0) + 1))
    ]


def history_faults(dossier: Dossier) -> list[str]:
    """Return where a dossier's events break the table, or its row says other than its events."""
    events = list(dossier.events.order_by("seq"))
    faults = [str(fault) for fault in faults_in(dossier, events)]
    state = previous = ""
    for event in events:
        if event.from_state != state:
            faults.append(f"event {event.seq} leaves {event.from_state}, the dossier was {state}")
        row = _row_of(event, previous)
        if row is None:
            faults.append(
                f"event {event.seq}: no row lets {event.actor_role} {event.act} lead from "
                f"{event.from_state or 'nothing'} to {event.to_state}"
            )
        if event.to_state != event.from_state:
            previous = event.from_state
        state = event.to_state
    return [*faults, *_row_faults(dossier, events, previous), *_beside_faults(dossier, events)]


def _row_of(event: DossierEvent, previous: str) -> Transition | None:
    """Return the row of the table by which an event happened, None where there is none."""
    act, source = Act(event.act), event.from_state
    for row in TRANSITIONS:
        if row.act is not act or (State(source) not in row.sources if source else row.sources):
            continue
        aims = {Aim.SAME: source, Aim.PREVIOUS: previous, Aim.CHOSEN: event.to_state}
        if event.to_state != (aims[row.target] if isinstance(row.target, Aim) else row.target):
            continue
        if event.actor_role in _roles_of(row, event):
            return row
    return None


def _roles_of(row: Transition, event: DossierEvent) -> set[str]:
    """Return who may do it: about a proposal that stands in the rows of the act asked for."""
    named = {Act.ASK_APPROVAL: "asked", Act.DECLINE: "declined", Act.RETRACT: "retracted"}
    if row.act not in named:
        return set(row.roles)
    wanted = event.data[named[row.act]]
    return {
        role
        for other in TRANSITIONS
        if other.act == wanted and State(event.from_state) in other.sources
        for role in (other.roles if row.act is Act.DECLINE else other.proposers)
    }


def _row_faults(dossier: Dossier, events: list[DossierEvent], previous: str) -> list[str]:
    """Compare the dossier's row with what its events say."""
    last = events[-1]
    acts = [event.act for event in events]
    said = {
        "state": last.to_state,
        "previous_state": previous,
        "event_count": len(events),
        "holder_agency_id": last.holder_agency_id,
        "holder_officer_id": last.holder_officer_id,
        "due_at": last.due_at,
        "supplement_count": acts.count(Act.REQUEST_SUPPLEMENT),
        "is_paused": last.to_state in PAUSED_STATES,
        "consulted_agencies": _still_asked(events),
    }
    return [
        f"{name} is {getattr(dossier, name)}, its events say {value}"
        for name, value in said.items()
        if getattr(dossier, name) != value
    ]


def _still_asked(events: list[DossierEvent]) -> list[int]:
    asked: list[int] = []
    for event in events:
        if event.act == Act.CONSULT:
            asked.append(event.data["agency"])
        elif event.act == Act.ANSWER_CONSULTATION:
            asked.remove(event.data["agency"])
        elif event.to_state in {State.STOPPED, State.WITHDRAWN} or event.act == Act.REOPEN:
            asked = []
    return asked


def _is_of_a_draft(event: DossierEvent) -> bool:
    """Tell whether nothing was handed in yet, nor by it: nobody else is told (T01, T10)."""
    return event.act == Act.SAVE_DRAFT or (
        event.act == Act.CANCEL and event.from_state == State.DRAFT
    )


def _people_behind(event: DossierEvent) -> list[int]:
    people = (event.actor_id, event.data.get("on_behalf_of"))
    return sorted({pk for pk in people if pk is not None})


def _beside_faults(dossier: Dossier, events: list[DossierEvent]) -> list[str]:
    """Compare the rows beside the dossier with it: nothing half, nothing left open, nothing twice."""
    faults = []
    open_pauses = dossier.pauses.filter(ended_at__isnull=True).count()
    if open_pauses != int(dossier.is_paused):
        faults.append(f"{open_pauses} pauses are open in {dossier.state}")
    proposals = {
        row.act: {"role": row.asked_event.actor_role, "people": _people_behind(row.asked_event)}
        for row in dossier.proposals.filter(outcome="open").select_related("asked_event")
    }
    if proposals != dossier.asked:
        faults.append(f"asked for {proposals}, the dossier says {dossier.asked}")
    consulted = dossier.consultations.filter(outcome=Consultation.Outcome.OPEN).order_by("pk")
    if list(consulted.values_list("agency", flat=True)) != dossier.consulted_agencies:
        faults.append("the open consultations are not those the dossier knows")
    faults += money_faults(dossier)
    messages = OutboxMessage.objects.filter(event__dossier=dossier).values_list("event", flat=True)
    told = [event.pk for event in events if not _is_of_a_draft(event)]
    if sorted(messages) != sorted(told):
        faults.append(f"{len(messages)} messages for {len(told)} events that are told")
    slips = defaultdict(list)
    for slip in dossier.slips.all():
        slips[slip.event_id].append(slip.kind)
    if set(slips) - {event.pk for event in events}:
        faults.append("a slip belongs to an event of another dossier")
    for event in events:
        wanted = {row.paper for row in TRANSITIONS if row.act == event.act and row.paper}
        if event.act == Act.CORRECT_RESULT and event.from_state:
            wanted = set()  # the receipt is the new dossier's
        given = slips[event.pk]
        # T17 and B4 give a new receipt only where the date changed.
        if given != [str(kind) for kind in wanted] and not (
            event.act in {Act.ACCEPT_SUPPLEMENT, Act.ADJUST_DUE} and given in ([], ["receipt"])
        ):
            faults.append(f"event {event.seq} {event.act} has the papers {given}")
    return faults


def money_faults(dossier: Dossier) -> list[str]:
    """Compare what is owed, what came in and what goes back: no đồng is lost or counted twice."""
    faults = []
    fees = list(dossier.fees_due.all())
    owes = any(fee.is_open for fee in fees)
    if owes is not dossier.owes:
        faults.append(f"payment is {dossier.payment_state}, unpaid fees: {owes}")
    refunds = list(dossier.refunds_due.filter(called_off__isnull=True))
    if refunds and not owes and dossier.payment_state != "refund":
        faults.append(f"payment is {dossier.payment_state} with money to give back")
    for payment in dossier.payments.all():
        shared = sum(share.amount_vnd for share in payment.shares.all())
        kept = sum(refund.amount_vnd for refund in refunds if refund.payment_id == payment.pk)
        if shared + kept != payment.amount_vnd:
            faults.append(f"{payment}: {payment.amount_vnd} came in, {shared} + {kept} are told of")
    for fee in fees:
        shared = sum(share.amount_vnd for share in fee.shares.all())
        if shared and shared != fee.paid_vnd:
            faults.append(f"{fee}: {fee.paid_vnd} paid, shares of {shared}")
    return faults
