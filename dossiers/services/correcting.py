"""After the end: a result corrected by a new dossier (T36), a dossier reopened by two people (T37)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.postgres.search import SearchVector
from django.db import transaction
from django.db.models import Q, Value
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.folding import fold
from accounts.personal_data import normalise_number
from agencies.calendars import calendar_for_promise
from dossiers import paper_issue, tracking_codes
from dossiers.chain import utc_text
from dossiers.clockwork import end_pause, let_stand, note_due_change, start_clock
from dossiers.fees import Ledger
from dossiers.models import ActProposal, Dossier
from dossiers.receipts import give_code, second_fact
from dossiers.recording import ActDataError, Record, begin
from dossiers.services import chains
from dossiers.services.consulting import call_off
from dossiers.workflow import (
    Act,
    ClockEffect,
    PaperKind,
    Standing,
    State,
    check,
    ways_to_reopen,
)

if TYPE_CHECKING:
    import datetime as dt

    from agencies.models import Officer

# What the new dossier has of the old: the same owner, procedure, places and limit.
_SAME = (
    "procedure", "version", "case", "sector", "receiving_agency", "supporting_agency",
    "object_agency", "collecting_agency", "competent_agency", "desk", "channel", "result_channel",
    "owner_kind", "owner_name",
    "owner_id_kind", "owner_id_sealed", "owner_id_digest", "owner_phone_sealed",
    "owner_address_sealed", "owner_email_sealed", "representative_name",
    "representative_id_sealed", "representative_phone_sealed", "summary", "limit_value",
    "limit_unit",
)  # fmt: skip


def correct_result(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    reason: str,
    at: dt.datetime | None = None,
) -> Dossier:
    """Đính chính kết quả: a new dossier with its own clock; the old one stays closed (T36).

    Returns the new dossier, which names the old in `corrects`. Raises ActDataError when one that
    corrects it is open already.
    """
    with transaction.atomic():
        step = begin(Act.CORRECT_RESULT, dossier, by=by, version=version, at=at, reason=reason)
        old = step.dossier
        if old.corrections.filter(settled_at__isnull=True).exists():
            raise ActDataError({"reason": _("Đã có hồ sơ đính chính đang giải quyết.")})
        code = tracking_codes.make()
        new = Dossier(
            tracking_code=code,
            holder_agency=old.competent_agency,
            created_by=by,
            submitted_at=step.at,
            corrects=old,
            owner_search=SearchVector(Value(fold(old.owner_name)), config="simple"),
            id_proof=second_fact(code, normalise_number(old.owner_id)),
            phone_proof=second_fact(code, normalise_number(old.owner_phone)),
            last_digest=b"",
            **{name: getattr(old, name) for name in _SAME},
        )
        roles = by.roles_in([old.competent_agency_id], timezone.localdate())
        opening = check(
            Act.CORRECT_RESULT, state=None, standing=Standing(at_holder=roles, at_competent=roles)
        )
        record = Record(new, by, step.record.recorded_at)
        number = give_code(new, record, at=step.at, paper=PaperKind.RECEIPT)
        calendar, new.calendar_version = calendar_for_promise(new.receiving_agency)
        start_clock(new, calendar, at=step.at)
        event = record.append(
            opening,
            at=step.at,
            agency=old.competent_agency,
            reason=reason,
            data={"code": new.code, "corrects": old.code},
        )
        record.write()
        step.append(
            reason=reason, data={"corrected_by": new.code}, holder_officer=old.holder_officer
        )
        step.record.write()
        paper_issue.issue(
            PaperKind.RECEIPT,
            dossier=new,
            event=event,
            agency=new.receiving_agency,
            officer=by,
            at=step.at,
            number=number,
        )
        return new


def reopen(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    to: str,
    reason: str,
    at: dt.datetime | None = None,
) -> Dossier:
    """Mở lại: two people in two roles lead a dossier back to a state; nothing is overwritten (T37).

    The first has asked for it (services.approval), the second does it: both stand in the event with
    the end it undoes. The date is recomputed from the events: the time a stopped or withdrawn
    dossier lay closed stands like a pause, the time after a wrong result runs. What the end called
    off is due again, and the money that came since pays for it. Raises
    IllegalTransitionError when one person would be both, ActDataError naming `to`.
    """
    with transaction.atomic():
        step = begin(Act.REOPEN, dossier, by=by, version=version, at=at, reason=reason)
        locked = step.dossier
        asked = locked.proposals.get(outcome=ActProposal.Outcome.OPEN, act=Act.REOPEN)
        ways = ways_to_reopen(State(locked.state), is_received=locked.received_at is not None)
        # What is to be signed is what was proposed: nothing must come back as a grant that was none.
        proposed = _last_proposed(locked) if to == State.AWAITING_SIGNATURE else ""
        if to not in ways or (to == State.AWAITING_SIGNATURE and not proposed):
            raise ActDataError({"to": _("Không mở lại được về trạng thái này.")})
        chosen = State(to)
        before, ended = locked.due_at, locked.settled_at
        data: dict[str, Any] = {
            "to": chosen.value,
            "asked_by": asked.asked_by_id,
            "settled_at": utc_text(ended) if ended else None,
            "returned_at": utc_text(locked.returned_at) if locked.returned_at else None,
        }
        lay_closed = _clear_the_end(locked, chosen, at=step.at)
        if chosen is State.AWAITING_SIGNATURE:
            # What is to be signed is what was proposed: a denial must not come back as a grant.
            locked.result_kind = proposed
        ledger = Ledger(locked)
        if locked.state in {State.STOPPED, State.WITHDRAWN, State.REFUSED}:
            ledger.renew(at=step.at)
            locked.payment_state = ledger.state
        event = step.append(
            reason=reason,
            data=data,
            clock=ClockEffect.RESUME if lay_closed else None,
            chosen=chosen,
            holder_agency=_holder_in(locked, chosen),
            holder_officer=_last_specialist(locked) if chosen is State.IN_PROGRESS else None,
        )
        asked_agencies, locked.consulted_agencies = locked.consulted_agencies, []
        step.record.write(
            fields=[
                "due_at", "due_on", "settled_at", "settled_on", "returned_at", "returned_on",
                "result_kind", "result_number", "delivery_state", "consulted_agencies",
                "payment_state",
            ]
        )  # fmt: skip
        ledger.save(event)
        if asked_agencies:
            call_off(locked, event)
        note_due_change(locked, event, before=before, reason=_("Mở lại hồ sơ"))
        chains.follow(locked, at=step.at)
        return locked


def ways_back(dossier: Dossier) -> tuple[State, ...]:
    """Return the states T37 may lead a dossier back to: to be signed is only what was proposed.

    Runs one query where the table would let it go back to the signer.
    """
    ways = ways_to_reopen(State(dossier.state), is_received=dossier.received_at is not None)
    return tuple(
        way for way in ways if way is not State.AWAITING_SIGNATURE or _last_proposed(dossier)
    )


def _clear_the_end(dossier: Dossier, chosen: State, *, at: dt.datetime) -> bool:
    """Take back the end, and let the clock stand for the time nobody was to work on it.

    Tells whether the clock stood and runs again.
    """
    stood = dossier.is_paused
    if dossier.is_paused:
        end_pause(dossier, at=at)
    dossier.returned_at = dossier.returned_on = None
    if chosen is State.SETTLED:
        dossier.delivery_state = "due"
        return stood
    if dossier.state in {State.STOPPED, State.WITHDRAWN} and dossier.settled_at is not None:
        let_stand(dossier, since=dossier.settled_at, until=at)
        stood = True
    dossier.settled_at = dossier.settled_on = None
    dossier.result_kind = dossier.result_number = ""
    dossier.delivery_state = "none"
    return stood


def _holder_in(dossier: Dossier, chosen: State) -> Any:
    """Return who holds a dossier in a state: the counter at both ends, the settling agency between."""
    if chosen in {State.SUBMITTED, State.RECEIVED, State.SETTLED}:
        return dossier.receiving_agency
    return dossier.competent_agency


def _last_proposed(dossier: Dossier) -> str:
    """Return the kind of the result that lay before the signer last, empty where none stands.

    What was sent back (T26), or lost its ground when the dossier was reopened for work, does not.
    What waited for its payment alone (T20) is a grant: nobody pays for a denial.
    """
    kinds = {Act.PROPOSE: "granted", Act.PROPOSE_DENIAL: "denied", Act.CONFIRM_PAYMENT: "granted"}
    telling = dossier.events.filter(
        Q(act__in=[Act.PROPOSE, Act.PROPOSE_DENIAL, Act.SEND_BACK])
        | Q(act=Act.CONFIRM_PAYMENT, to_state=State.AWAITING_SIGNATURE)
        | Q(act=Act.REOPEN) & ~Q(to_state__in=[State.AWAITING_SIGNATURE, State.SETTLED])
    )
    act = telling.order_by("-seq").values_list("act", flat=True).first()
    return kinds.get(Act(act), "") if act else ""


def _last_specialist(dossier: Dossier) -> Officer | None:
    last = (
        dossier.events.filter(to_state=State.IN_PROGRESS, holder_officer__isnull=False)
        .select_related("holder_officer")
        .order_by("-seq")
        .first()
    )
    return last.holder_officer if last else None
