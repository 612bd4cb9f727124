"""The only way an act is written: lock, check the table, append the event, chain it, queue it.

Nothing else writes `dossier.state`. Each event carries a keyed digest over itself and the digest
before it in its dossier (`chain`); the dossier keeps the count and the last digest, so a changed,
removed, back-dated or cut-off row shows (design.md 2).
"""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from django.db import connection
from django.db.models import Exists, OuterRef
from django.db.models.sql import InsertQuery
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Role
from dossiers.chain import event_digest
from dossiers.clockwork import BY_PAUSES, CLOCK_FIELDS, answer_by
from dossiers.models import ActProposal, Dossier, DossierEvent, DueDateChange, OutboxMessage
from dossiers.models.base import DatabaseClock
from dossiers.workflow import (
    MACHINE,
    PAUSED_STATES,
    Act,
    ClockEffect,
    IllegalTransitionError,
    Move,
    Opening,
    Place,
    Standing,
    State,
    Transition,
    acts_open_to,
    acts_to_ask,
    check,
    check_retracting,
    is_told,
    place_of,
    target_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from agencies.models import Agency, Officer

logger = structlog.get_logger(__name__)

PAYLOAD_VERSION = 1
CLOCK_BREATH = dt.timedelta(seconds=5)


class StaleVersionError(Exception):
    """Somebody else acted on the dossier since the actor looked at it."""


class ActDataError(ValueError):
    """What was given with an act is missing or wrong; `errors` names each field."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, text in errors.items()))
        self.errors = errors


def check_answer_by(
    dossier: Dossier, field: str, label: str, day: dt.date, *, today: dt.date
) -> None:
    """Raise ActDataError naming `field` for a last day somebody chose to answer or pay by.

    Not before the day it is set, nor further off than the version allows (`longest_reply_days`:
    configurable, domain.md 2.5 names no maximum).
    """
    last = today + dt.timedelta(days=dossier.version.longest_reply_days)
    if day < today:
        raise ActDataError(
            {field: _("%(label)s không được trước ngày yêu cầu.") % {"label": label}}
        )
    if day > last:
        raise ActDataError(
            {
                field: _("%(label)s xa nhất theo thủ tục là %(last)s.")
                % {"label": label, "last": f"{last:%d/%m/%Y}"}
            }
        )


def moment_of_act(recorded_at: dt.datetime) -> dt.datetime:
    """Return when an act done now happens: never after it was recorded.

    Two clocks tell the time, ours and the database's; where they differ by less than a breath the
    earlier one is taken, so that no event follows its own record.
    """
    now = timezone.now()
    return recorded_at if dt.timedelta(0) < now - recorded_at < CLOCK_BREATH else now


def database_now() -> dt.datetime:
    """Return the database's clock. Runs one query."""
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        now: dt.datetime = cursor.fetchone()[0]
        return now


def _still_here(officer: Officer) -> Officer | None:
    """Return the officer, None when their account is locked. Runs one query, and holds its lock.

    Who is leaving holds the same one (services.leaving): either they are seen to be gone, or they
    are seen to hold this dossier.
    """
    account = User.objects.select_for_update(no_key=True).filter(pk=officer.user_id, is_active=True)
    return officer if account.values_list("pk", flat=True).first() else None


@dataclass
class Record:
    """The acts done on one dossier in one transaction, written together."""

    dossier: Dossier
    officer: Officer | None
    recorded_at: dt.datetime
    events: list[DossierEvent] = field(default_factory=list)
    # What was asked for and is settled by an act of this record.
    _settled: list[tuple[str, DossierEvent, ActProposal.Outcome]] = field(default_factory=list)

    def append(
        self,
        opening: Opening,
        *,
        at: dt.datetime,
        agency: Agency | None = None,
        reason: str = "",
        data: dict[str, Any] | None = None,
        clock: ClockEffect | None = None,
        holder_officer: Officer | None = None,
        holder_agency: Agency | None = None,
        chosen: State | None = None,
    ) -> DossierEvent:
        """Move the dossier by one row of the table and add its event; nothing is saved yet.

        `data` may hold only JSON that survives a round trip (text, whole numbers, lists, null).
        `holder_agency` and `chosen` are for rows that leave them to the act. A new holder who has
        left is none: the dossier waits in its agency. Raises ValueError when a row wants a state to
        be chosen and none is, or one it may not be.
        """
        dossier, row = self.dossier, opening.row
        role, principal = _acting(self.officer, opening, dossier, _place_asked(row, dossier, data))
        before = dossier.state if dossier.event_count else ""
        held_by = dossier.holder_agency_id
        after = target_of(
            row,
            State(before or row.target),
            previous=dossier.previous_state,
            chosen=chosen,
            is_received=dossier.received_at is not None,
        )
        if row.move is Move.TO_COUNTER:
            # A result lies where it is handed over, papers where they were taken in.
            dossier.holder_agency = (
                dossier.collecting_place if after is State.SETTLED else dossier.receiving_agency
            )
        elif row.move is Move.TO_COMPETENT:
            dossier.holder_agency = dossier.competent_agency
        elif row.move is Move.TO_NAMED and holder_agency is not None:
            dossier.holder_agency = holder_agency
        if holder_officer is not None and holder_officer.pk != dossier.holder_officer_id:
            holder_officer = _still_here(holder_officer)
        dossier.holder_officer = holder_officer
        if after != before:
            # An act that stays where it is does not hide the state one goes back to (T23, T33).
            dossier.previous_state = before
            dossier.state = after
            dossier.reply_by = dossier.reminded_at = dossier.notice_served_on = None
        if dossier.state not in PAUSED_STATES and not dossier.is_chain:
            # A chain stands while its parts do, whatever is done with itself (services.chains).
            dossier.paused_at = None
        dossier.event_count += 1
        event = DossierEvent(
            dossier=dossier,
            seq=dossier.event_count,
            at=at,
            recorded_at=self.recorded_at,
            act=row.act,
            from_state=before,
            to_state=after,
            actor=self.officer,
            actor_role=role,
            agency=agency or dossier.holder_agency,
            holder_agency=dossier.holder_agency,
            holder_officer=holder_officer,
            reason=reason,
            clock_effect=clock or row.clock,
            due_at=dossier.due_at,
            data={**(data or {}), "on_behalf_of": principal} if principal else data or {},
        )
        self.events.append(event)
        if dossier.asked and before:
            moved = dossier.holder_agency_id != held_by
            outcomes = {act: _outcome(act, event, dossier, moved=moved) for act in dossier.asked}
            self._settled += [(act, event, found) for act, found in outcomes.items() if found]
            dossier.asked = {act: said for act, said in dossier.asked.items() if not outcomes[act]}
        return event

    def write(self, *, fields: Iterable[str] = ()) -> None:
        """Save the dossier, then its events chained, with their outbox rows.

        Runs two queries, and one more when the intake timer starts.
        """
        dossier = self.dossier
        dossier.answer_by_at = answer_by(dossier, self.events, dossier.answer_by_at)
        digest = bytes(dossier.last_digest)
        for event in self.events:
            # The due date as the act leaves it: set here, for an act may move it after `append`.
            if event is self.events[-1]:
                event.due_at = dossier.due_at
            digest = event.digest = event_digest(event, dossier.tracking_code, digest)
        dossier.last_digest = digest
        if dossier._state.adding:
            dossier.save(force_insert=True)
        else:
            dossier.save(
                update_fields={
                    "state",
                    "previous_state",
                    "holder_agency",
                    "holder_officer",
                    "paused_at",
                    "reply_by",
                    "reminded_at",
                    "notice_served_on",
                    "asked",
                    "event_count",
                    "last_digest",
                    *CLOCK_FIELDS,
                    *fields,
                }
            )
        for event in self.events:
            event.dossier_id = dossier.pk
        _insert(self.events)
        for act, decided, outcome in self._settled:
            ActProposal.objects.filter(
                dossier=dossier, act=act, outcome=ActProposal.Outcome.OPEN
            ).update(outcome=outcome, decided_event=decided)
        for event in self.events:
            logger.info(
                "act",
                act=str(event.act),
                dossier=dossier.pk,
                seq=event.seq,
                by=self.officer.pk if self.officer else None,
            )


# Both in one statement: every act runs it, and each round trip is a tenth of its time.
_WITH_MESSAGES = """
with event as ({events}),
told as (
    insert into {outbox} (event_id, payload_version)
    select id, %s from event where seq = any(%s)
)
select id, seq from event
"""


def _insert(events: list[DossierEvent]) -> None:
    """Insert the events of a dossier and the messages of those that are told. One query."""
    if not events:
        return
    meta = DossierEvent._meta
    query = InsertQuery(DossierEvent)
    query.insert_values([f for f in meta.concrete_fields if not f.primary_key], [*events])
    compiler = query.get_compiler(connection=connection)
    compiler.returning_fields = [meta.pk, meta.get_field("seq")]
    [(statement, values)] = compiler.as_sql()
    told = [event.seq for event in events if is_told(event.from_state, event.to_state)]
    with connection.cursor() as cursor:
        cursor.execute(
            _WITH_MESSAGES.format(events=statement, outbox=OutboxMessage._meta.db_table),
            [*values, PAYLOAD_VERSION, told],
        )
        ids = {seq: pk for pk, seq in cursor.fetchall()}
    for event in events:
        event.pk = ids[event.seq]
        event._state.adding, event._state.db = False, connection.alias


def _outcome(
    asked: str, event: DossierEvent, dossier: Dossier, *, moved: bool
) -> ActProposal.Outcome | None:
    """Return what an event made of an act that was asked for: None while it still waits."""
    if event.act == asked:
        return ActProposal.Outcome.DONE
    if event.act == Act.DECLINE and event.data["declined"] == asked:
        return ActProposal.Outcome.DECLINED
    if event.act == Act.RETRACT and event.data["retracted"] == asked:
        return ActProposal.Outcome.RETRACTED
    place = place_of(Act(asked), State(dossier.state))
    # What was put before the holder's own people is not the next holder's to decide (T13).
    if place is None or (moved and place is Place.HOLDER):
        return ActProposal.Outcome.OVERTAKEN
    return None


@dataclass(frozen=True)
class Step:
    """A dossier locked for one act that the table allows, and the record to write it with."""

    dossier: Dossier
    record: Record
    opening: Opening
    at: dt.datetime
    agency: Agency

    def append(
        self,
        *,
        reason: str = "",
        data: dict[str, Any] | None = None,
        clock: ClockEffect | None = None,
        holder_officer: Officer | None = None,
        holder_agency: Agency | None = None,
        chosen: State | None = None,
    ) -> DossierEvent:
        return self.record.append(
            self.opening,
            at=self.at,
            agency=self.agency,
            reason=reason,
            data=data,
            clock=clock,
            holder_officer=holder_officer,
            holder_agency=holder_agency,
            chosen=chosen,
        )


def begin(
    act: Act,
    dossier: Dossier,
    *,
    by: Officer | None,
    version: int | None = None,
    at: dt.datetime | None = None,
    reason: str = "",
) -> Step:
    """Lock the dossier and check that the act is open; call inside a transaction.

    `by` of None is the machine (R14): it may do what the table gives it and nothing else.

    Raises IllegalTransitionError when the table does not let this officer do it now,
    StaleVersionError when `version` is not the dossier's, ActDataError without a needed reason.
    Runs three queries: the lock, the dossier with the clock, the roles.
    """
    locked = locked_for_act(dossier)
    standing = standing_for(locked, by)
    opening = check(act, state=State(locked.state), standing=standing, facts=locked.facts)
    if _asked_for_it_too(act, locked, opening, by):
        raise IllegalTransitionError(act, State(locked.state))
    if opening.row.needs_reason and not reason.strip():
        raise ActDataError({"reason": _("Hãy ghi lý do.")})
    return step_on(locked, opening, standing, by=by, version=version, at=at)


def locked_for_act(dossier: Dossier) -> Dossier:
    """Lock a dossier and return it as it is now, with the database's clock.

    Runs two queries, three for a part of a chain.

    The chain is locked before its part, whichever of them is acted on: nobody waits in a circle.
    """
    if dossier.parent_id is not None:
        Dossier.objects.select_for_update(no_key=True).only("pk").get(pk=dossier.parent_id)
    # Lock first and read after: a locking query that joins the holder finds no row at all when the
    # act we waited for moved the dossier, for PostgreSQL rechecks the join with the holder of before.
    Dossier.objects.select_for_update(no_key=True).only("pk").get(pk=dossier.pk)
    with_clock = Dossier.objects.for_page().annotate(
        read_at=DatabaseClock(),
        dates_changed=Exists(
            DueDateChange.objects.filter(dossier=OuterRef("pk")).exclude(origin__in=BY_PAUSES)
        ),
    )  # type: ignore[no-redef]
    return with_clock.get(pk=dossier.pk)


def standing_for(dossier: Dossier, by: Officer | None) -> Standing:
    """Return the roles an officer, or the machine, has towards a dossier today."""
    return MACHINE if by is None else dossier.standing_of(by, timezone.localdate())


def step_on(
    locked: Dossier,
    opening: Opening,
    standing: Standing,
    *,
    by: Officer | None,
    version: int | None,
    at: dt.datetime | None,
) -> Step:
    """Return the step of an act that is open; raise StaleVersionError as `begin` does."""
    if version is not None and version != locked.event_count:
        raise StaleVersionError
    recorded_at = locked.read_at
    return Step(
        dossier=locked,
        record=Record(locked, by, recorded_at),
        opening=opening,
        at=at or moment_of_act(recorded_at),
        agency=_place_of(locked, opening, standing, by),
    )


def _place_of(dossier: Dossier, opening: Opening, standing: Standing, by: Officer | None) -> Agency:
    """Return the agency in which the act is done: the first of its places where the role is held.

    Who took over the dossiers of an agency that ended acts in their own: no event is written into
    an agency that is no more.
    """
    if opening.row.place is not Place.COMPETENT and opening.roles & standing.at_holder:
        return _acting_for(dossier.holder_agency, by)
    match opening.row.place:
        case Place.COUNTER:
            return _acting_for(dossier.receiving_agency, by)
        case Place.COMPETENT:
            return _acting_for(dossier.competent_agency, by)
        case _:
            return by.agency if by else dossier.holder_agency


def _acting_for(agency: Agency, by: Officer | None) -> Agency:
    today = timezone.localdate()
    has_ended = agency.valid_to is not None and agency.valid_to < today
    return by.agency if by is not None and has_ended else agency


def open_acts(dossier: Dossier, officer: Officer) -> list[Act]:
    """Return the acts the officer may do on the dossier now; reads `version` and the roles.

    Who may do what is asked for may also decline it; who asked may take it back, and where two
    people are needed does not do it (T37).
    """
    facts, state = dossier.facts, State(dossier.state)
    standing = dossier.standing_of(officer, timezone.localdate())
    acts = acts_open_to(state, standing, facts)
    if not facts.asked:
        return acts
    if Act.REOPEN in acts:
        opening = check(Act.REOPEN, state=state, standing=standing, facts=facts)
        if _asked_for_it_too(Act.REOPEN, dossier, opening, officer):
            acts.remove(Act.REOPEN)
    if any(act in acts for act in dossier.asked):
        acts.append(Act.DECLINE)
    if acts_to_retract(dossier, officer):
        acts.append(Act.RETRACT)
    return acts


def acts_to_decide(dossier: Dossier, officer: Officer) -> list[Act]:
    """Return the acts that others put before the officer; reads as `open_acts`."""
    acts = open_acts(dossier, officer)
    return [act for act in dossier.asked_acts if act in acts]


def acts_to_retract(dossier: Dossier, officer: Officer) -> list[Act]:
    """Return what the officer asked for, or somebody for them, and may still take back."""
    state, facts = State(dossier.state), dossier.facts
    found = []
    for act in dossier.asked_acts:
        if officer.pk not in dossier.asked[act]["people"]:
            continue
        standing = dossier.standing_of(officer, timezone.localdate())
        with contextlib.suppress(IllegalTransitionError):
            check_retracting(act, state=state, standing=standing, facts=facts)
            found.append(act)
    return found


def _asked_for_it_too(act: Act, dossier: Dossier, opening: Opening, by: Officer | None) -> bool:
    """Tell whether who is about to reopen is who asked for it, be it in somebody else's name (T37)."""
    if act is not Act.REOPEN or act not in dossier.asked:
        return False
    _role, principal = _acting(by, opening, dossier, opening.row.place)
    return not people_behind(by, principal).isdisjoint(dossier.asked[act]["people"])


def acts_to_propose(dossier: Dossier, officer: Officer) -> tuple[Act, ...]:
    """Return the acts the officer may put before those who decide them; reads as `open_acts`."""
    return acts_to_ask(
        State(dossier.state), dossier.standing_of(officer, timezone.localdate()), dossier.facts
    )


def people_behind(by: Officer | None, principal: int | None) -> frozenset[int]:
    """Return the ids of who does an act and of whom they do it for.

    What two people must do (T37) is done by none who is behind both.
    """
    ids = (by.pk if by else None, principal)
    return frozenset(officer_id for officer_id in ids if officer_id is not None)


def _place_asked(row: Transition, dossier: Dossier, data: dict[str, Any] | None) -> Place:
    """Return where the role of an act must be held: about a proposal, where that is asked for."""
    named = {Act.ASK_APPROVAL: "asked", Act.DECLINE: "declined", Act.RETRACT: "retracted"}
    key = named.get(row.act)
    if key is None or data is None:
        return row.place
    return place_of(Act(data[key]), State(dossier.state)) or row.place


def _acting(
    officer: Officer | None, opening: Opening, dossier: Dossier, place: Place
) -> tuple[Role, int | None]:
    """Return the role an act is done in, and for whom when it is held by delegation alone.

    A role of one's own comes first. Reads the officer's remembered roles.
    """
    if officer is None:
        return Role.SYSTEM, None
    today = timezone.localdate()
    here = _counting(place, dossier, officer)
    own = {Role(role) for role, agency_id in officer.own_roles(today) if here(role, agency_id)}
    held = opening.roles & own
    if held or not opening.roles:
        return Opening(opening.row, held or opening.roles).role, None
    role = opening.role
    givers = (
        officer.stands_for(role, agency_id, today)
        for given, agency_id in officer.held_roles(today)
        if given == role and here(given, agency_id)
    )
    return role, next((found[0] for found in givers if found), None)


def _counting(place: Place, dossier: Dossier, officer: Officer) -> Callable[[str, int], bool]:
    """Return what tells whether a role in an agency counts for an act done in a place.

    The same as `Dossier.standing_of`, asked of one role.
    """
    match place:
        case Place.HOLDER:
            ids = {dossier.holder_agency_id}
        case Place.COUNTER:
            ids = {dossier.holder_agency_id, dossier.receiving_agency_id}
        case Place.COMPETENT:
            ids = {dossier.holder_agency_id, dossier.competent_agency_id}
        case Place.CONSULTED:
            ids = set(dossier.consulted_agencies)
        case Place.PROVINCE:
            today = timezone.localdate()
            return lambda role, agency_id: dossier.is_under(officer, role, agency_id, today)
    return lambda _role, agency_id: agency_id in ids
