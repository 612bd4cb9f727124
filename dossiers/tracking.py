"""Tra cứu: what a citizen may see of a dossier, and how it is found by a code and a second fact.

Everything a citizen sees is a field of `TrackingView`, filled from an explicit list of columns: no
name, no number of a person, no officer, no reason or note (design.md 4.2). Finding takes the same
two queries whether the code exists or not, and there is one answer for every failure.
"""

from __future__ import annotations

import datetime as dt
import hmac
import json
import unicodedata
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

import psycopg
from django.db import connection
from django.utils import timezone
from django.utils.translation import get_language, gettext

from accounts.day_strip import weekday_within
from accounts.personal_data import keyed_digest, proof_of
from agencies.calendar_data import default_calendar
from agencies.calendars import calendar_at
from agencies.working_time import CalendarError
from dossiers import clockwork, deadlines, throttle, tracking_codes
from dossiers import tracking_words as words
from dossiers.deadlines import Timeliness
from dossiers.models import Pause
from dossiers.paperwork.wording import money
from dossiers.workflow import FINAL_STATES, PAUSED_STATES, Act, State, national_status

if TYPE_CHECKING:
    from decimal import Decimal

    from django.db.backends.utils import CursorWrapper
    from psycopg._queries import PostgresQuery

    from agencies.working_time import Calendar
    from dossiers.models import Dossier

PROOF_LENGTH = 4
_LONGEST_PROOF = 100  # characters looked at; a whole number with its blanks is far shorter


class NotFoundError(Exception):
    """No dossier answers to this code and this second fact; which of the two is wrong is not told."""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened, or will: when, as far as it is known, and in which agency."""

    label: str
    at: dt.datetime | None = None
    agency: str = ""
    step: str = "done"  # done, current, to-come
    icon_name: str = ""
    clock: str = ""  # pause, resume
    is_latest: bool = False  # `at` is the latest it may be, not when it happened

    @property
    def title(self) -> str:
        return self.label

    @property
    def who(self) -> str:
        return self.agency

    @property
    def when(self) -> str:
        """The instant as a citizen reads it."""
        if self.at is None:
            return ""
        if self.is_latest:
            return gettext("trước %(instant)s") % {"instant": written(self.at)}
        return written(self.at)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a chain, or the chain itself: what it is, who settles it, where it stands."""

    code: str
    procedure: str
    agency: str
    sentence: str
    due_at: dt.datetime | None
    is_ended: bool
    is_late: bool


@dataclass(frozen=True, slots=True)
class TrackingView:
    """Everything a citizen may see of a dossier; what is not a field here is not shown."""

    dossier_id: int = field(repr=False)  # for who asks on; shown nowhere
    code: str
    procedure: str
    procedure_code: str
    state: State
    state_label: str
    national_status: int | None
    holder: str
    held_since: dt.datetime | None
    received_at: dt.datetime | None
    due_at: dt.datetime | None
    due_original_at: dt.datetime | None
    settled_at: dt.datetime | None
    timeliness: Timeliness
    explanation: deadlines.Explanation | None
    todo: str
    counter: str
    counter_address: str
    counter_phone: str
    timeline: tuple[TimelineEntry, ...]
    is_elsewhere: bool
    # Liên thông (domain.md 6.4): the parts of a chain, or the chain that a part belongs to.
    parts: tuple[Part, ...]
    parent: Part | None
    # The ministry's system that settles it, where the province only tracks.
    system_of_record: str
    asked_at: dt.datetime
    calendar: Calendar = field(repr=False)

    # What only the page says is put into words when it asks: the API's answer is made in half
    # the time without.
    @property
    def sentence(self) -> str:
        return words.sentence_of(self.state, self.timeliness)

    @property
    def holder_sentence(self) -> str:
        since = written(self.held_since) if self.held_since else ""
        return words.holder_sentence(self.state, self.holder, since)

    @property
    def timeliness_text(self) -> str:
        return words.timeliness_text(self.timeliness, self._remaining())

    def _remaining(self) -> str:
        is_paused = self.timeliness is Timeliness.PAUSED
        try:
            return deadlines.remaining(
                self.due_at, self.asked_at, self.calendar, paused=is_paused
            ).text
        except CalendarError:
            return gettext("Có ngày hẹn trả")

    @property
    def steps_to_come(self) -> tuple[TimelineEntry, ...]:
        labels = words.steps_to_come(
            self.state, is_elsewhere=self.is_elsewhere, is_chain=bool(self.parts)
        )
        steps = [TimelineEntry(label=label, step="to-come") for label in labels]
        # A date is told only while it can still be kept.
        if (
            steps
            and self.due_at
            and self.timeliness in {Timeliness.IN_TIME, Timeliness.SOON, Timeliness.TODAY}
        ):
            steps[-1] = replace(steps[-1], at=self.due_at, is_latest=True)
        return tuple(steps)

    @property
    def is_promised(self) -> bool:
        """Whether the date is worth showing: there is one, and it was not overtaken by the end."""
        return self.due_at is not None and self.state not in {State.WITHDRAWN, State.STOPPED}

    @property
    def is_moved(self) -> bool:
        """Whether the date is no longer the one first promised."""
        return self.due_original_at is not None and self.due_original_at != self.due_at

    @property
    def is_waiting_for_citizen(self) -> bool:
        return self.state in words.WAITING_FOR_CITIZEN

    @property
    def path(self) -> tuple[TimelineEntry, ...]:
        """What happened and what is to come, oldest first."""
        return self.timeline + self.steps_to_come

    @property
    def days(self) -> tuple[deadlines.DayNote, ...]:
        return self.explanation.days if self.explanation else ()


# The one list of what is read. Of the owner there are the two proofs, which are compared and left
# behind; of the officers and of reasons there is nothing.
_COLUMNS = {
    "id": "d.id",
    "is_hit": "found.is_hit",
    "id_proof": "d.id_proof",
    "phone_proof": "d.phone_proof",
    "tracking_code": "d.tracking_code",
    "code": "d.code",
    "state": "d.state",
    "procedure_name": "version.name",
    "procedure_code": "procedure.code",
    "supplement_policy": "version.supplement_policy",
    "same_day_cutoff": "version.same_day_cutoff",
    "limit_value": "d.limit_value",
    "limit_unit": "d.limit_unit",
    "committed_value": "d.committed_value",
    "committed_unit": "d.committed_unit",
    "payment_state": "d.payment_state",
    "result_channel": "d.result_channel",
    "submitted_at": "d.submitted_at",
    "received_at": "d.received_at",
    # The date an apology promised is what the applicant reads (domain.md 3.7).
    "due_at": "greatest(d.due_promised_at, d.due_at)",
    "due_original_at": "d.due_original_at",
    "settled_at": "d.settled_at",
    "returned_at": "d.returned_at",
    "holder_id": "d.holder_agency_id",
    "holder_name": "holder.name",
    "holder_phone": "holder.phone",
    "receiving_name": "receiving.name",
    "receiving_address": "receiving.address",
    "receiving_phone": "receiving.phone",
    "desk_name": "desk.name",
    "desk_address": "desk.address",
    "is_elsewhere": "d.receiving_agency_id <> d.competent_agency_id",
    "collecting_name": "collecting.name",
    "collecting_address": "collecting.address",
    "collecting_phone": "collecting.phone",
    "system_of_record": "version.system_of_record",
    "part_due_at": "d.part_due_at",
    "paused_at": "d.paused_at",
    "is_chain": "d.is_chain",
    "linked": """CASE WHEN d.is_chain OR d.parent_id IS NOT NULL THEN (
        SELECT json_agg(json_build_array(
            o.code, v.name, a.name, o.state, o.due_at, o.settled_at, o.paused_at, o.part_due_at)
            ORDER BY l.position)
        FROM dossiers_dossier o
        JOIN procedures_procedureversion v ON v.id = o.version_id
        JOIN agencies_agency a ON a.id = o.competent_agency_id
        LEFT JOIN procedures_procedurelink l ON l.id = o.link_id
        WHERE o.parent_id = d.id AND d.is_chain OR o.id = d.parent_id)::text END""",
    "calendar_id": "calendar.id",
    "calendar_version": "calendar.version",
    "reply_by": """(
        SELECT max(reply_by) FROM dossiers_supplementround
        WHERE dossier_id = d.id AND answered_at IS NULL)""",
    "unpaid_vnd": """(
        SELECT sum(amount_vnd - paid_vnd) FROM dossiers_feedue
        WHERE dossier_id = d.id AND paid_at IS NULL AND exempted_at IS NULL
            AND cancelled_at IS NULL)""",
    "pauses": """(
        SELECT json_agg(
            json_build_array(state, coalesce(counted_from, started_at), ended_at, restarts))
        FROM dossiers_pause WHERE dossier_id = d.id)::text""",
    "events": """(
        SELECT json_agg(
            json_build_array(e.at, e.act, e.to_state, e.holder_agency_id, e.clock_effect, a.name)
            ORDER BY e.seq)
        FROM dossiers_dossierevent e JOIN agencies_agency a ON a.id = e.agency_id
        WHERE e.dossier_id = d.id)::text""",
}

_SELECT = f"""
SELECT {", ".join(_COLUMNS.values())}
FROM found
JOIN dossiers_dossier d ON d.id = found.id
JOIN procedures_procedureversion version ON version.id = d.version_id
JOIN procedures_procedure procedure ON procedure.id = d.procedure_id
JOIN agencies_agency holder ON holder.id = d.holder_agency_id
JOIN agencies_agency receiving ON receiving.id = d.receiving_agency_id
JOIN agencies_agency settling ON settling.id = d.competent_agency_id
LEFT JOIN agencies_desk desk ON desk.id = d.desk_id
LEFT JOIN agencies_agency collecting ON collecting.id = d.collecting_agency_id
LEFT JOIN LATERAL (
    SELECT id, version FROM agencies_calendar, (
        SELECT CASE WHEN d.parent_id IS NULL THEN receiving.calendar_id
                    ELSE settling.calendar_id END AS own
    ) AS works_by
    WHERE works_by.own IS NULL OR id = works_by.own ORDER BY id LIMIT 1
) calendar ON true
"""  # noqa: S608 - nothing but the constants above

# An unknown code reads its nearest neighbour, just as an existing one reads itself: the database
# works alike for both, so the time it takes tells nobody which codes exist.
_FOLDED = f'{tracking_codes.fold_sql("code")} COLLATE "C"'
_BY_CODE = f"""
WITH found AS (
    SELECT id, is_hit FROM (
        (SELECT id, {_FOLDED} = %(code)s AS is_hit, 1 AS way FROM dossiers_dossier
         WHERE {_FOLDED} >= %(code)s ORDER BY {_FOLDED} LIMIT 1)
        UNION ALL
        (SELECT id, tracking_code = %(code)s, 2 FROM dossiers_dossier
         WHERE tracking_code >= %(code)s ORDER BY tracking_code LIMIT 1)
        UNION ALL
        (SELECT id, false, 3 FROM dossiers_dossier ORDER BY id LIMIT 1)
    ) AS probe
    ORDER BY is_hit DESC, way = %(likely_way)s DESC, way LIMIT 1
) {_SELECT}
"""  # noqa: S608

_BY_QR = f"""
WITH found AS (
    SELECT dossier_id AS id, true AS is_hit FROM dossiers_paperslip
    WHERE qr_digest = %(digest)s AND qr_revoked_at IS NULL ORDER BY id DESC LIMIT 1
) {_SELECT}
"""  # noqa: S608


_PLANNED_AFTER = 2  # times a connection has asked it


class _Row(NamedTuple):
    """What was read, in the order of `_COLUMNS`."""

    id: int
    is_hit: bool
    id_proof: bytes
    phone_proof: bytes
    tracking_code: str
    code: str | None
    state: str
    procedure_name: str
    procedure_code: str
    supplement_policy: str
    same_day_cutoff: dt.time
    limit_value: Decimal | None
    limit_unit: str
    committed_value: Decimal | None
    committed_unit: str
    payment_state: str
    result_channel: str
    submitted_at: dt.datetime | None
    received_at: dt.datetime | None
    due_at: dt.datetime | None
    due_original_at: dt.datetime | None
    settled_at: dt.datetime | None
    returned_at: dt.datetime | None
    holder_id: int
    holder_name: str
    holder_phone: str
    receiving_name: str
    receiving_address: str
    receiving_phone: str
    desk_name: str | None
    desk_address: str | None
    is_elsewhere: bool
    collecting_name: str | None
    collecting_address: str | None
    collecting_phone: str | None
    system_of_record: str
    part_due_at: dt.datetime | None
    paused_at: dt.datetime | None
    is_chain: bool
    linked: str | None
    calendar_id: int | None
    calendar_version: int | None
    reply_by: dt.date | None
    unpaid_vnd: Decimal | None
    pauses: str | None
    events: str | None


class _Event(NamedTuple):
    at: dt.datetime
    act: Act
    to_state: str
    holder_id: int
    clock_effect: str
    agency: str


def track(code: str, proof: str, *, address: str, now: dt.datetime) -> TrackingView:
    """Return what the holder of a code and a second fact may see.

    `code` and `proof` are as typed, `address` is the asker's. Raises NotFoundError for every
    failure alike and throttle.TooManyTriesError for a code or network that has to wait. Runs two
    queries, and a third when this process has not read the calendar yet.
    """
    folded = tracking_codes.fold(code)
    row = _read(
        _BY_CODE, {"code": folded, "likely_way": 2 if tracking_codes.has_shape(code) else 1}
    )
    # Both digests and both comparisons are made whatever the first one says: equal work.
    of_code = throttle.subject_of_code(folded)
    of_dossier = throttle.subject_of_dossier(row.id if row else 0)
    is_proven = _proves(proof, row)
    is_known = row is not None and row.is_hit and row.state != State.DRAFT
    is_right = is_known & is_proven
    throttle.let_try(of_dossier if is_known else of_code, address, is_wrong=not is_right)
    if row is None or not is_right:
        raise NotFoundError
    return _view(row, now)


def by_qr(digest: bytes, *, now: dt.datetime) -> TrackingView:
    """Return what the bearer of a receipt may see; raises NotFoundError when it was revoked.

    Runs one query, and a second when this process has not read the calendar yet.
    """
    row = _read(_BY_QR, {"digest": digest})
    if row is None or row.state == State.DRAFT:
        raise NotFoundError
    return _view(row, now)


def _read(query: str, values: dict[str, Any]) -> _Row | None:
    with _planned_cursor() as cursor:
        cursor.execute(query, values)
        row = cursor.fetchone()
    return _Row(*row) if row else None


class _PlannedCursor(psycopg.Cursor[Any]):
    """A cursor whose statements the server plans once a connection, not at each look-up.

    To plan this one takes six times as long as to run it, and Django's own cursors write the values
    into the text, so that each is a new statement.
    """

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        super().execute(query, params, **options)
        if self._query is None:  # only a name was sent, and Django's log asks for the text
            self._query = cast("PostgresQuery", SimpleNamespace(query=str(query).encode()))
        return self


def _planned_cursor() -> CursorWrapper:
    """Return such a cursor, counted and logged as Django's own."""
    database: Any = connection  # _prepare_cursor is what its own cursor() ends with
    database.ensure_connection()
    database.connection.prepare_threshold = _PLANNED_AFTER
    wrapped: CursorWrapper = database._prepare_cursor(_PlannedCursor(database.connection))
    return wrapped


def _proves(proof: str, row: _Row | None) -> bool:
    """Whether the second fact is the owner's: the last four of the identity or of the telephone."""
    typed = proof_of(unicodedata.normalize("NFKC", proof[-_LONGEST_PROOF:]))
    digest = keyed_digest("proof", f"{row.tracking_code if row else ''}:{typed}")
    # A dossier without a number has no digest to equal.
    by_id = hmac.compare_digest(digest, bytes(row.id_proof) if row else b"")
    by_phone = hmac.compare_digest(digest, bytes(row.phone_proof) if row else b"")
    return (by_id | by_phone) & (len(typed) == PROOF_LENGTH)


def _view(row: _Row, now: dt.datetime) -> TrackingView:
    state = State(row.state)
    calendar = (
        calendar_at(row.calendar_id, row.calendar_version)
        if row.calendar_id and row.calendar_version
        else default_calendar()
    )
    events = [
        _Event(dt.datetime.fromisoformat(at), Act(act), *rest)
        for at, act, *rest in json.loads(row.events or "[]")
    ]
    timeliness = _timeliness(row, state, calendar, now)
    counter = row.collecting_name or row.desk_name or row.receiving_name
    linked = _linked(row, now)
    # Who is late with a chain is who is late with a part of it.
    late = next((p for p in linked if row.is_chain and p.is_late and not p.is_ended), None)
    return TrackingView(
        dossier_id=row.id,
        code=row.code or tracking_codes.grouped(row.tracking_code),
        procedure=row.procedure_name,
        procedure_code=row.procedure_code,
        state=state,
        state_label=str(state.label),
        national_status=national_status(state),
        holder=row.holder_name,
        held_since=_held_since(events, row.holder_id),
        received_at=row.received_at,
        due_at=row.due_at,
        due_original_at=row.due_original_at,
        settled_at=row.settled_at,
        timeliness=timeliness,
        explanation=_explanation(row, calendar),
        todo=words.todo_of(
            state,
            timeliness,
            counter=counter,
            holder=late.agency if late else row.holder_name,
            holder_phone="" if late else row.holder_phone,
            result_channel=row.result_channel,
            is_fee_due=row.payment_state in {"due", "part"},
            unpaid=money(row.unpaid_vnd) if row.unpaid_vnd else "",
            reply_by=row.reply_by,
        ),
        counter=counter,
        counter_address=row.collecting_address or ""
        if row.collecting_name
        else row.desk_address or row.receiving_address,
        counter_phone=row.collecting_phone or "" if row.collecting_name else row.receiving_phone,
        timeline=_timeline(row, state, events),
        is_elsewhere=row.is_elsewhere,
        parts=linked if row.is_chain else (),
        parent=linked[0] if linked and not row.is_chain else None,
        system_of_record=row.system_of_record,
        asked_at=now,
        calendar=calendar,
    )


def _timeliness(
    row: _Row, state: State, calendar: Calendar, now: dt.datetime
) -> deadlines.Timeliness:
    """Return how the dossier stands to its date; without a date, or ended otherwise, not at all."""
    due_at = _judged_due_at(row.due_at, row.part_due_at, row.settled_at, now)
    if due_at is None or state in {State.WITHDRAWN, State.STOPPED}:
        return Timeliness.NONE
    if row.settled_at is not None:
        return deadlines.timeliness(due_at, row.settled_at) or Timeliness.NONE
    try:
        is_paused = state in PAUSED_STATES or (row.is_chain and row.paused_at is not None)
        return deadlines.live(due_at, now, calendar, paused=is_paused)
    except CalendarError:  # an imported date no calendar can answer for
        return Timeliness.OVERDUE if due_at < now else Timeliness.IN_TIME


def _judged_due_at(
    due_at: dt.datetime | None,
    part_due_at: dt.datetime | None,
    settled_at: dt.datetime | None,
    now: dt.datetime,
) -> dt.datetime | None:
    """Return the date that judges: of a chain the date of a late part, as Dossier.judged_due_at."""
    if part_due_at is None:
        return due_at
    return part_due_at if settled_at is not None or part_due_at < now else due_at


def _linked(row: _Row, now: dt.datetime) -> tuple[Part, ...]:
    """Return the parts of a chain, or of a part its chain, each in plain words."""
    found = []
    for code, procedure, agency, state, *moments in json.loads(row.linked or "[]"):
        due_at, settled_at, paused_at, part_due_at = (
            dt.datetime.fromisoformat(moment) if moment else None for moment in moments
        )
        judged = _judged_due_at(due_at, part_due_at, settled_at, now)
        until = settled_at or (now if paused_at is None else None)
        timeliness = deadlines.timeliness(due_at, settled_at) if settled_at else None
        found.append(
            Part(
                code=code,
                procedure=procedure,
                agency=agency,
                sentence=words.sentence_of(State(state), timeliness or Timeliness.NONE),
                due_at=due_at,
                is_ended=settled_at is not None,
                is_late=judged is not None and until is not None and judged < until,
            )
        )
    return tuple(found)


def _explanation(row: _Row, calendar: Calendar) -> deadlines.Explanation | None:
    """Return the story of the days, None where there is no date or none can be told of it."""
    # What the explanation reads of a dossier; to make a model of sixty fields takes longer.
    promise = SimpleNamespace(
        received_at=row.received_at,
        due_told_at=row.due_at,
        limit_value=row.limit_value,
        limit_unit=row.limit_unit,
        committed_value=row.committed_value,
        committed_unit=row.committed_unit,
        version=SimpleNamespace(
            supplement_policy=row.supplement_policy, same_day_cutoff=row.same_day_cutoff
        ),
    )
    pauses = [
        Pause(
            state=state,
            started_at=dt.datetime.fromisoformat(start),
            ended_at=dt.datetime.fromisoformat(end) if end else None,
            restarts=restarts,
        )
        for state, start, end, restarts in json.loads(row.pauses or "[]")
    ]
    try:
        return clockwork.explain(cast("Dossier", promise), pauses=pauses, calendar=calendar)
    except (CalendarError, deadlines.LimitError):
        return None


def _held_since(events: list[_Event], holder_id: int) -> dt.datetime | None:
    """Return when the present holder got the dossier, None when history does not say."""
    since = None
    for event in reversed(events):
        if event.holder_id != holder_id:
            break
        since = event.at
    return since


def _only_changed_hands(before: _Event | None, event: _Event) -> bool:
    """Tell whether the work only went to another officer, which is the agency's own affair."""
    return event.act is Act.ASSIGN and before is not None and before.to_state == event.to_state


def _timeline(row: _Row, state: State, events: list[_Event]) -> tuple[TimelineEntry, ...]:
    labels = words.act_labels(get_language())
    told = [
        TimelineEntry(
            label=labels[event.act],
            at=event.at,
            agency=event.agency,
            icon_name=words.ACT_ICONS.get(event.act, ""),
            clock=event.clock_effect if event.clock_effect in {"pause", "resume"} else "",
        )
        for before, event in zip([None, *events], events, strict=False)
        if event.act in labels and not _only_changed_hands(before, event)
    ]
    if not told:
        told = _told_by_dates(row, state)
    # A late entry is written after what it precedes.
    told.sort(
        key=lambda entry: entry.at or row.submitted_at or dt.datetime.min.replace(tzinfo=dt.UTC)
    )
    if told and state not in FINAL_STATES:
        told[-1] = replace(told[-1], step="current")
    return tuple(told)


def _told_by_dates(row: _Row, state: State) -> list[TimelineEntry]:
    """Tell a dossier that came without its history by the dates it came with."""
    ended = {State.WITHDRAWN: Act.GRANT_WITHDRAWAL, State.STOPPED: Act.STOP}.get(state, Act.PUBLISH)
    dates = [
        (Act.REGISTER, row.submitted_at),
        (Act.RECEIVE, row.received_at),
        (ended, row.settled_at),
        (Act.RETURN_RESULT, row.returned_at),
    ]
    return [TimelineEntry(label=str(words.ACT_LABELS[act]), at=at) for act, at in dates if at]


def written(instant: dt.datetime) -> str:
    """Write an instant as "14:10, thứ Hai 23/11/2026", in local time."""
    local = timezone.localtime(instant)
    return f"{local:%H:%M}, {weekday_within(local.date())} {local:%d/%m/%Y}"
