"""Hồ sơ liên thông: one parent, parts in several agencies, one appointment (domain.md 6.4).

The parent is what the citizen handed in and is told about; each part is a dossier with its own
code, clock and state in the agency that settles it. The parent works by itself: the machine opens
the parts (B6), moves its date with theirs (B4) and settles it when all have a result (B7). A part
that ended without one is put before the head of the receiving centre (B8).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.search import SearchVector
from django.db import transaction
from django.db.models import Value
from django.utils.translation import gettext as _

from accounts.folding import fold
from accounts.personal_data import normalise_number
from agencies.calendars import calendar_for_promise, calendar_of
from dossiers import deadlines, paper_issue, tracking_codes
from dossiers.clockwork import note_due_change, start_clock, stated_limit
from dossiers.deadlines import LimitError
from dossiers.fees import Ledger
from dossiers.models import Dossier, DossierDocument, local_day
from dossiers.receipts import give_code, second_fact
from dossiers.recording import ActDataError, Record, begin, database_now, locked_for_act
from dossiers.workflow import (
    ENDED_STATES,
    MACHINE,
    Act,
    ClockEffect,
    PaperKind,
    State,
    check,
)
from procedures.models import Authority, ProcedureLink, Sector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agencies.models import Agency, Officer
    from dossiers.deadlines import Limit
    from dossiers.models import DossierEvent
    from procedures.models import ProcedureCase, ProcedureVersion

# What a part has of its parent: the same owner, counter and way of handing in and over.
_SAME = (
    "receiving_agency", "supporting_agency_id", "object_agency_id", "collecting_agency_id",
    "desk_id", "created_by_id", "channel", "result_channel", "owner_kind", "owner_name", "owner_id_kind",
    "owner_id_sealed", "owner_id_digest", "owner_phone_sealed", "owner_address_sealed",
    "owner_email_sealed", "representative_name", "representative_id_sealed",
    "representative_phone_sealed", "summary", "entry", "late_reason", "papers_vouched",
)  # fmt: skip
_WITH_RESULT = frozenset({State.SETTLED, State.RETURNED})
_FOLLOWED = [
    "due_at", "due_on", "settled_at", "settled_on", "returned_at", "returned_on", "result_kind",
    "delivery_state", "parts_open", "parts_settled", "parts_undecided", "part_agencies",
    "part_due_at", "paused_at",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What a part will be: its procedure's version of the day, case, limit and agency."""

    link: ProcedureLink
    version: ProcedureVersion
    case: ProcedureCase | None
    limit: Limit
    agency: Agency

    @property
    def starts_after(self) -> bool:
        return self.link.starts == ProcedureLink.Starts.AFTER

    def due_from(self, start: dt.datetime) -> dt.datetime | None:
        """Return the date its own limit and calendar give from a start; raise LimitError."""
        return deadlines.due_at(self.limit, start, calendar_of(self.agency))


def plans_of(chain: Dossier) -> list[Plan]:
    """Return what the parts of a chain are to be, in order, by the rules of its day of receipt.

    Runs one query for the links and three for each. Raises ActDataError naming `procedure` when
    the catalogue does not say enough, `object_agency` when the place of the object is missing.
    """
    links = list(chain.version.links.select_related("procedure", "agency"))
    if not links:
        raise ActDataError({"procedure": _("Thủ tục liên thông chưa khai báo thành phần.")})
    return [_plan(chain, link) for link in links]


def _plan(chain: Dossier, link: ProcedureLink) -> Plan:
    day = chain.received_on or local_day(chain.submitted_at or database_now())
    version = (
        link.procedure.versions.valid_on(day).first()
        or link.procedure.versions.order_by("number").first()
    )
    if version is None:
        raise ActDataError({"procedure": _("Thủ tục thành phần chưa có phiên bản nào.")})
    case = version.cases.order_by("position").first()
    try:
        stated = stated_limit(case, version.channel_limits.all(), chain.channel)
        limit = deadlines.Limit(stated.value, stated.unit, cutoff=version.same_day_cutoff)
    except LimitError as error:
        raise ActDataError({"procedure": error.message}) from error
    return Plan(link, version, case, limit, _agency(chain, link))


def _agency(chain: Dossier, link: ProcedureLink) -> Agency:
    """Return which agency settles a part: by the link and the object, never by the counter alone."""
    if link.authority == Authority.FIXED and link.agency is not None:
        return link.agency
    if link.authority == Authority.OBJECT:
        if chain.object_agency is None:
            raise ActDataError(
                {"object_agency": _("Hãy chọn xã, phường nơi có đối tượng của hồ sơ.")}
            )
        return chain.object_agency
    return chain.receiving_agency


def appointment(
    plans: Sequence[Plan],
    received_at: dt.datetime,
    parts: dict[int, Dossier] | None = None,
    passed_over: frozenset[int] = frozenset(),
) -> dt.datetime | None:
    """Return the one appointment of a chain: the last date of its parts (domain.md 6.4).

    A part not made yet is dated from the date of the one it waits for. Without a date for one of
    them there is none for the whole. `parts` are those made, by link; `passed_over` the links that
    count no more. Raises LimitError.
    """
    made = parts or {}
    latest: dt.datetime | None = None
    before: dt.datetime | None = received_at
    for plan in plans:
        if plan.link.pk in passed_over:
            continue
        start = before if plan.starts_after else received_at
        part = made.get(plan.link.pk)
        due = part.due_at if part is not None else _planned(plan, start)
        if due is None:
            return None
        latest = due if latest is None else max(latest, due)
        before = due
    return latest


def _planned(plan: Plan, start: dt.datetime | None) -> dt.datetime | None:
    return plan.due_from(start) if start is not None else None


def promise_of(chain: Dossier, *, at: dt.datetime) -> dt.datetime | None:
    """Return the appointment to promise at the acceptance; raise ActDataError, LimitError."""
    return appointment(plans_of(chain), at)


def open_parts(chain: Dossier, *, at: dt.datetime) -> list[Dossier]:
    """Make the parts that start at once, in the transaction of the acceptance (B6)."""
    advance(chain, at=at)
    return list(chain.parts.order_by("link__position"))


def follow(part: Dossier, *, at: dt.datetime) -> None:
    """Let the chain of a part follow an act on it; does nothing for a dossier that is no part.

    Called at the end of every act that may move a part's date or end, in its transaction, which
    has locked the chain already (`recording.locked_for_act`).
    """
    if part.parent_id is not None:
        advance(locked_for_act(Dossier(pk=part.parent_id)), at=at)


def advance(chain: Dossier, *, at: dt.datetime) -> None:
    """Bring a locked chain to where its parts stand: parts to open, date, counts, end."""
    advancing = _Advance(chain, at)
    advancing.reopen()
    advancing.open_due_parts()
    advancing.count()
    advancing.move_date()
    advancing.close()
    advancing.write()


class _Advance:
    """One look at a chain and its parts, and the machine's acts that follow from it."""

    def __init__(self, chain: Dossier, at: dt.datetime) -> None:
        self.chain, self.at = chain, at
        self.plans = plans_of(chain)
        found = chain.parts.select_related("competent_agency")
        self.parts: dict[int, Dossier] = {part.link_id or 0: part for part in found}
        self.record = Record(chain, None, database_now())
        # Parts ended without a result, and those of them that were decided to be passed over.
        self.failed = {
            link
            for link, part in self.parts.items()
            if part.state in ENDED_STATES and part.state not in _WITH_RESULT
        }
        self.passed_over = frozenset(self._passed_over())
        self.due_before = chain.due_at
        self.renewed: tuple[Ledger, DossierEvent] | None = None

    def _passed_over(self) -> set[int]:
        """Return the failed links that a head decided to go on without; asks only where some are."""
        if not self.failed:
            return set()
        decided: dict[int, dt.datetime] = {}
        for event in self.chain.events.filter(act=Act.DECIDE_CHAIN).order_by("seq"):
            decided |= dict.fromkeys(event.data.get("without", []), event.at)
        found = set()
        for link in self.failed:
            part = self.parts[link]
            when = decided.get(part.pk)
            # One that was reopened and ended again wants a new decision.
            if when is not None and part.settled_at is not None and when >= part.settled_at:
                found.add(link)
        return found

    @property
    def undecided(self) -> set[int]:
        return self.failed - self.passed_over

    def _do(self, act: Act, **given: Any) -> DossierEvent:
        opening = check(
            act, state=State(self.chain.state), standing=MACHINE, facts=self.chain.facts
        )
        return self.record.append(opening, at=self.at, agency=self.chain.holder_agency, **given)

    def reopen(self) -> None:
        """Take back the end of a chain whose part was reopened (T37)."""
        chain = self.chain
        is_open = any(part.state not in ENDED_STATES for part in self.parts.values())
        if chain.settled_at is None or not is_open:
            return
        data = {
            "settled_at": chain.settled_at.isoformat(),
            "returned_at": chain.returned_at.isoformat() if chain.returned_at else None,
        }
        ledger = Ledger(chain)
        if chain.state not in _WITH_RESULT:
            ledger.renew(at=self.at)
            chain.payment_state = ledger.state
        chain.settled_at = chain.settled_on = chain.returned_at = chain.returned_on = None
        chain.result_kind, chain.delivery_state = "", "none"
        event = self._do(Act.OPEN_PART, data=data, reason=_("Hồ sơ thành phần được mở lại."))
        self.renewed = ledger, event

    def open_due_parts(self) -> None:
        """Make the parts whose turn it is: at once, or the one before has its result."""
        if self.chain.state not in {State.RECEIVED, State.IN_PROGRESS}:
            return
        made = []
        ready = True
        for plan in self.plans:
            part = self.parts.get(plan.link.pk)
            if part is None and (ready or not plan.starts_after):
                part = self.parts[plan.link.pk] = _make(self.chain, plan, at=self.at)
                made.append(part.code)
            # What comes after waits for this one's result, or for the decision to do without.
            ready = part is not None and (
                part.state in _WITH_RESULT or plan.link.pk in self.passed_over
            )
        if made:
            codes = ", ".join(str(code) for code in made)
            self._do(Act.OPEN_PART, data={"parts": made}, reason=codes)

    def move_date(self) -> None:
        """Move the appointment with the parts' dates, never before the first promise (B4)."""
        chain = self.chain
        if chain.due_original_at is None or chain.received_at is None or chain.settled_at:
            return
        try:
            due = appointment(self.plans, chain.received_at, self.parts, self.passed_over)
        except LimitError:
            return  # a date no calendar can answer for moves nothing
        if due is None:
            return
        due = max(due, chain.due_original_at)
        if due == chain.due_at:
            return
        chain.due_at, chain.due_on = due, local_day(due)
        self._do(Act.ADJUST_DUE, reason=_date_moved(), holder_officer=chain.holder_officer)

    def count(self) -> None:
        chain, parts = self.chain, list(self.parts.values())
        open_parts = [part for part in parts if part.state not in ENDED_STATES]
        chain.parts_open = len(open_parts)
        chain.parts_settled = sum(part.state in _WITH_RESULT for part in parts)
        chain.parts_undecided = len(self.undecided)
        chain.part_agencies = sorted({part.competent_agency_id for part in parts})
        running = [p.due_at for p in open_parts if p.due_at is not None and not p.is_paused]
        late = [
            p.due_at
            for p in parts
            if p.due_at is not None and p.settled_at is not None and p.settled_at > p.due_at
        ]
        # A part that was late has made the chain late for good.
        chain.part_due_at = min([*running, *late], default=None)
        # The chain stands only while every open part does.
        stood = [part.paused_at for part in open_parts if part.paused_at is not None]
        stands = bool(stood) and len(stood) == len(open_parts)
        chain.paused_at = min(stood) if stands else None

    def close(self) -> None:
        """Settle the chain when every part has its result, or was decided to be done without."""
        chain = self.chain
        is_whole = len(self.parts) == len(self.plans)
        if (
            chain.state != State.IN_PROGRESS
            or not is_whole
            or chain.parts_open
            or chain.parts_undecided
        ):
            return
        late = [
            part.due_at
            for part in self.parts.values()
            if part.due_at and part.settled_at and part.settled_at > part.due_at
        ]
        chain.part_due_at = min(late, default=None)
        ends = [part.settled_at for part in self.parts.values() if part.settled_at is not None]
        chain.settled_at = max(ends)
        chain.settled_on = local_day(chain.settled_at)
        kinds = {part.result_kind for part in self.parts.values() if part.state in _WITH_RESULT}
        chain.result_kind = "denied" if kinds == {"denied"} else "granted"
        chain.delivery_state = "due"
        self._do(Act.CLOSE_CHAIN, data={"parts": [part.code for part in self.parts.values()]})

    def write(self) -> None:
        """Save the chain with its events; without any, only what is counted of its parts."""
        if not self.record.events:
            self.chain.save(update_fields=_FOLLOWED)
            return
        self.record.write(fields=[*_FOLLOWED, "payment_state"])
        if self.renewed is not None:
            ledger, event = self.renewed
            ledger.save(event)
        moved = next((e for e in self.record.events if e.act == Act.ADJUST_DUE), None)
        if moved is not None:
            note_due_change(self.chain, moved, before=self.due_before, reason=_date_moved())


def _date_moved() -> str:
    return _("Ngày hẹn của hồ sơ thành phần thay đổi.")


def _make(chain: Dossier, plan: Plan, *, at: dt.datetime) -> Dossier:
    """Make one part: received in the same moment, lying in the agency that settles it (B6).

    It has a code and a clock of its own and no receipt: the citizen has one appointment.
    """
    code = tracking_codes.make()
    part = Dossier(
        tracking_code=code,
        parent=chain,
        link=plan.link,
        procedure=plan.link.procedure,
        version=plan.version,
        case=plan.case,
        sector=Sector.objects.filter(proceduresector__version=plan.version)
        .order_by("proceduresector__position")
        .first(),
        competent_agency=plan.agency,
        holder_agency=plan.agency,
        submitted_at=at,
        limit_value=plan.limit.value,
        limit_unit=plan.limit.unit.value,
        owner_search=SearchVector(Value(fold(chain.owner_name)), config="simple"),
        id_proof=second_fact(code, normalise_number(chain.owner_id)),
        phone_proof=second_fact(code, normalise_number(chain.owner_phone)),
        last_digest=b"",
        **{name: getattr(chain, name) for name in _SAME},
    )
    calendar, part.calendar_version = calendar_for_promise(part.clock_agency)
    record = Record(part, None, at)
    give_code(part, record, at=at, paper=None)
    try:
        start_clock(part, calendar, at=at)
    except LimitError as error:
        raise ActDataError({"procedure": error.message}) from error
    record.append(
        check(Act.OPEN_PART, state=None, standing=MACHINE),
        at=at,
        agency=part.receiving_agency,
        data={
            "limit": [
                str(part.limit_value) if part.limit_value is not None else None,
                part.limit_unit,
            ],
            "calendar_version": part.calendar_version,
            "code": part.code,
            "parent": chain.code,
        },
    )
    record.write()
    _hand_papers_on(chain, part)
    return part


def _hand_papers_on(chain: Dossier, part: Dossier) -> None:
    """List with the part what was handed in with the chain: who settles it works from it."""
    DossierDocument.objects.bulk_create(
        DossierDocument(
            dossier=part,
            position=each.position,
            name=each.name,
            kind=each.kind,
            quantity=each.quantity,
        )
        for each in chain.documents.order_by("position", "id")
    )


def decide_chain(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    decision: str,
    reason: str,
    at: dt.datetime | None = None,
) -> Dossier:
    """Quyết định về hồ sơ liên thông: a part ended without a result, and what now (B8).

    `decision` is "go_on", without that part, or "stop" the whole. By the head of the receiving
    centre. Raises ActDataError naming `decision`: unknown, or to stop while parts are open, each of
    which only its own agency may stop.
    """
    with transaction.atomic():
        step = begin(Act.DECIDE_CHAIN, dossier, by=by, version=version, at=at, reason=reason)
        chain = step.dossier
        if decision not in {"go_on", "stop"}:
            raise ActDataError({"decision": _("Hãy chọn tiếp tục hoặc dừng.")})
        stops = decision == "stop"
        if stops and chain.parts_open:
            raise ActDataError(
                {"decision": _("Còn hồ sơ thành phần đang giải quyết, chưa dừng được.")}
            )
        failed = chain.parts.filter(state__in=[State.WITHDRAWN, State.STOPPED])
        ledger = None
        if stops:
            chain.settled_at, chain.settled_on = step.at, local_day(step.at)
            chain.parts_undecided = 0
            ledger = Ledger.ended(chain, at=step.at)
        event = step.append(
            reason=reason,
            data={"decision": decision, "without": list(failed.values_list("pk", flat=True))},
            chosen=State.STOPPED if stops else State.IN_PROGRESS,
            clock=ClockEffect.STOP if stops else ClockEffect.NONE,
        )
        step.record.write(fields=[*_FOLLOWED, "payment_state"])
        if ledger is None:
            advance(chain, at=step.at)
            return chain
        ledger.save(event)
        paper_issue.issue(
            PaperKind.STOP_NOTICE,
            dossier=chain,
            event=event,
            agency=chain.receiving_agency,
            officer=by,
            at=step.at,
        )
        return chain
