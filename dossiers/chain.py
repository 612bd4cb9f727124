"""The keyed digests of history, and what they and the events say against a stored row.

Who changes the database without `settings.CHAIN_KEY` cannot make a digest that fits. Each event is
chained to the one before it in its dossier; a reading stands alone, so that two officers who read
at once wait for nobody; the roots of the days (`day_roots`) hold both together (domain.md 2.6).
"""

from __future__ import annotations

import datetime as dt
import hmac
import json
from functools import lru_cache
from json.encoder import encode_basestring as quoted
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from django.conf import settings

from agencies.working_time import LOCAL_ZONE
from dossiers.workflow import ENDED_STATES, Act, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dossiers.models import Dossier, DossierEvent

# The acts that accept a dossier: they give it its code, its day of receipt and its first promise.
ACCEPTING_ACTS = frozenset({Act.RECEIVE, Act.SETTLE_AT_ONCE, Act.OPEN_PART})


_SAID_BY_EVENTS = (
    "state",
    "previous_state",
    "holder_agency",
    "holder_officer",
    "due_at",
    "due_on",
    "received_at",
    "received_on",
    "settled_at",
    "settled_on",
    "returned_at",
    "returned_on",
    "due_original_at",
    "code",
)


class Fault(NamedTuple):
    """What is wrong with one row, in words that hold no personal data."""

    row: str
    what: str

    def __str__(self) -> str:
        return f"{self.row} {self.what}"


class StoredEvent(NamedTuple):
    """A row of DossierEvent as the server sends it; `data` is JSON text in any order of keys."""

    dossier_id: int
    seq: int
    at: dt.datetime
    recorded_at: dt.datetime
    act: str
    from_state: str
    to_state: str
    actor_id: int | None
    actor_role: str
    agency_id: int
    holder_agency_id: int
    holder_officer_id: int | None
    reason: str
    clock_effect: str
    due_at: dt.datetime | None
    data: str
    digest: bytes


class StoredDossier(NamedTuple):
    """The columns of a dossier that its events say too."""

    pk: int
    code: str | None
    tracking_code: str
    event_count: int
    last_digest: bytes
    state: str
    previous_state: str
    holder_agency_id: int
    holder_officer_id: int | None
    received_at: dt.datetime | None
    received_on: dt.date | None
    due_original_at: dt.datetime | None
    due_at: dt.datetime | None
    due_on: dt.date | None
    settled_at: dt.datetime | None
    settled_on: dt.date | None
    returned_at: dt.datetime | None
    returned_on: dt.date | None


class _Reading(Protocol):
    @property
    def officer_id(self) -> int: ...
    @property
    def at(self) -> dt.datetime: ...
    @property
    def way(self) -> str: ...


def event_digest(
    event: DossierEvent | StoredEvent,
    tracking_code: str,
    previous: bytes,
    *,
    data: str | None = None,
) -> bytes:
    """Return the keyed digest of an event over everything it says and the digest before it.

    `data` is the event's data `as_json`, for who has it written already.
    """
    # JSON with its keys sorted, written out: an encoder called for each event takes longer than
    # the digest, and a bulk load calls it for millions.
    message = (
        f'{{"act":{quoted(event.act)},"actor":{_number(event.actor_id)},'
        f'"agency":{_number(event.agency_id)},"at":{_moment(event.at)},'
        f'"clock":{quoted(event.clock_effect)},"data":{data or as_json(event.data)},'
        f'"dossier":{quoted(tracking_code)},"due":{_moment(event.due_at)},'
        f'"from":{quoted(event.from_state)},'
        f'"holder":[{_number(event.holder_agency_id)},{_number(event.holder_officer_id)}],'
        f'"reason":{quoted(event.reason)},"recorded_at":{_moment(event.recorded_at)},'
        f'"role":{quoted(event.actor_role)},"seq":{_number(event.seq)},'
        f'"to":{quoted(event.to_state)}}}'
    )
    return hmac.digest(settings.CHAIN_KEY, previous + message.encode(), "sha256")


as_json = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def _number(value: int | None) -> int | str:
    return "null" if value is None else value


def _moment(value: dt.datetime | None) -> str:
    return f'"{utc_text(value)}"' if value else "null"


# The events of a dossier share their moments, and those of a bulk load the one they were recorded
# at. Equal moments read alike, but for the hour that a clock set back has twice: ours was last set
# back in 1975.
@lru_cache(maxsize=1024)
def utc_text(value: dt.datetime) -> str:
    """Return a moment in UTC as ISO 8601."""
    return value.astimezone(dt.UTC).isoformat()


@lru_cache(maxsize=4096)
def as_sorted(text: str) -> str:
    """Return JSON text with its keys sorted; the events of a bulk load share a few."""
    return as_json(json.loads(text))


def reading_digest(reading: _Reading, tracking_code: str) -> bytes:
    """Return the keyed digest of a reading: who read which dossier, when and in what way."""
    message = (
        f'{{"at":{_moment(reading.at)},"dossier":{quoted(tracking_code)},'
        f'"officer":{_number(reading.officer_id)},"way":{quoted(reading.way)}}}'
    )
    return hmac.digest(key_for("readings"), message.encode(), "sha256")


def key_for(purpose: str) -> bytes:
    """Return a key of one purpose, so that what is signed for one proves nothing for another.

    No event's message reads like this one: each of them ends in JSON.
    """
    return _derived(settings.CHAIN_KEY, purpose)


@lru_cache(maxsize=16)
def _derived(key: bytes, purpose: str) -> bytes:
    return hmac.digest(key, b"motcua: " + purpose.encode(), "sha256")


def chain_faults(dossier: Dossier) -> list[str]:
    """Return what is wrong with a dossier's history; nothing, if nobody touched it.

    Runs one query.
    """
    return [str(fault) for fault in faults_in(dossier, dossier.events.order_by("seq"))]


def faults_in(
    dossier: Dossier | StoredDossier, events: Iterable[DossierEvent | StoredEvent]
) -> list[Fault]:
    """Return what is wrong with a history read before, in the order of `seq`.

    First the chain, then the columns of the dossier that its events say otherwise.
    """
    faults: list[Fault] = []
    previous = b""
    count = 0
    entered: dict[str, DossierEvent | StoredEvent] = {}
    event: DossierEvent | StoredEvent | None = None
    for event in events:
        count += 1
        if event.seq != count:
            faults.append(Fault(f"event {count}", "is missing"))
            count = event.seq
        data = as_sorted(event.data) if isinstance(event.data, str) else None
        digest = bytes(event.digest)
        if event_digest(event, dossier.tracking_code, previous, data=data) != digest:
            faults.append(Fault(f"event {event.seq}", "does not match its digest"))
        previous = digest
        if event.act in ACCEPTING_ACTS or (
            event.act == Act.CORRECT_RESULT and not event.from_state
        ):
            entered.setdefault("received", event)
        if event.to_state != event.from_state:
            entered["moved"] = event
        if event.to_state in ENDED_STATES and event.from_state not in ENDED_STATES:
            entered["settled"] = event
        if event.to_state == State.RETURNED != event.from_state:
            entered["returned"] = event
    if count != dossier.event_count:
        faults.append(
            Fault("the dossier", f"counts {dossier.event_count} events, {count} are there")
        )
    if previous != bytes(dossier.last_digest):
        faults.append(Fault("the last event", "is not the one the dossier remembers"))
    if event is not None and not faults:
        faults.extend(_contradictions(dossier, event, entered))
    return faults


def _contradictions(
    dossier: Dossier | StoredDossier,
    last: DossierEvent | StoredEvent,
    entered: dict[str, DossierEvent | StoredEvent],
) -> Iterator[Fault]:
    """Yield the columns of a dossier that an unbroken history contradicts."""
    received = entered.get("received")
    # What was reopened (T37) ended once and does not any more; what was cancelled (T10) never did.
    returned = entered.get("returned") if dossier.state == State.RETURNED else None
    settled = entered.get("settled") if received and dossier.state in ENDED_STATES else None
    told = _data_of(received) if received is not None else {}
    # An old system's promise may have moved before it came to us; its events do not say.
    promised = received is not None and not told.get("imported")
    here = (
        dossier.state,
        dossier.previous_state,
        dossier.holder_agency_id,
        dossier.holder_officer_id,
        dossier.due_at,
        dossier.due_on,
        dossier.received_at,
        dossier.received_on,
        dossier.settled_at,
        dossier.settled_on,
        dossier.returned_at,
        dossier.returned_on,
        dossier.due_original_at if promised else None,
        dossier.code if "code" in told else None,
    )
    there = (
        last.to_state,
        entered["moved"].from_state,
        last.holder_agency_id,
        last.holder_officer_id,
        last.due_at,
        _day_of(last.due_at),
        received and received.at,
        _day_of(received and received.at),
        settled and settled.at,
        _day_of(settled and settled.at),
        returned and returned.at,
        _day_of(returned and returned.at),
        received.due_at if promised and received else None,
        told.get("code"),
    )
    if here != there:
        for column, stands, said in zip(_SAID_BY_EVENTS, here, there, strict=True):
            if stands != said:
                yield Fault("the dossier", f"says {column} otherwise than its events")


def _data_of(event: DossierEvent | StoredEvent) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(event.data) if isinstance(event.data, str) else event.data
    return data


@lru_cache(maxsize=1024)
def _day_of(instant: dt.datetime | None) -> dt.date | None:
    return instant.astimezone(LOCAL_ZONE).date() if instant else None
