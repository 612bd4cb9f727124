"""What a ministry's own system settles, the province only writes down: B5, domain.md 6.4.

Nobody here closes such a dossier: the table lets officers take it in, send it on and hand the
result over (`workflow._OF_TRACKED`), and the machine write what the other system says.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from dossiers.clockwork import end_pause, note_due_change
from dossiers.fees import Ledger
from dossiers.models import Dossier, MirrorMessage, Pause, SupplementRound, local_day
from dossiers.recording import ActDataError, Step, locked_for_act, step_on
from dossiers.services import chains
from dossiers.workflow import (
    ENDED_STATES,
    MACHINE,
    PAUSED_STATES,
    Act,
    ClockEffect,
    IllegalTransitionError,
    State,
    check,
)
from procedures.models import ProcedureVersion

if TYPE_CHECKING:
    from agencies.models import Agency
    from dossiers.models import DossierEvent

# The national number of domain.md 2.3 as the state it stands for here; 1-3 are before acceptance,
# which is the counter's own.
STATE_OF = {
    4: State.IN_PROGRESS,
    5: State.AWAITING_SUPPLEMENT,
    6: State.AWAITING_PAYMENT,
    7: State.WITHDRAWN,
    8: State.STOPPED,
    9: State.SETTLED,
    10: State.RETURNED,
}
# Another system's clock may run ahead of ours by so much.
CLOCK_SKEW = dt.timedelta(minutes=5)
_HEARD = [MirrorMessage.Outcome.APPLIED, MirrorMessage.Outcome.SAME]
_REFERENCE_LENGTH = 100
_NUMBER_LENGTH = 60


@dataclass(frozen=True, slots=True)
class _Said:
    """One message, as it came."""

    national_status: int
    at: dt.datetime
    reference: str
    reason: str
    result_number: str

    @property
    def target(self) -> State:
        return STATE_OF[self.national_status]


def mirror(
    dossier: Dossier,
    *,
    state: int,
    at: dt.datetime,
    reference: str,
    reason: str,
    result_number: str = "",
) -> MirrorMessage:
    """Ghi theo hệ thống của bộ: what the other system says of a tracked dossier becomes true (B5).

    `state` is the national number 4-10 (domain.md 2.3), `at` the aware instant at which it became
    so there. May be told twice: a known `reference` changes nothing and returns what was kept of
    it. A message older than the last one heard moves nothing back and is kept as late; one that
    cannot be (not received yet, ended already) is kept as refused. Raises ActDataError naming the
    field, or `reference` when it comes again with another content; IllegalTransitionError for a
    dossier that the province settles itself.
    """
    said = _Said(state, at, reference.strip(), reason.strip(), result_number.strip())
    _check(said)
    with transaction.atomic():
        locked = locked_for_act(dossier)
        if known := locked.mirror_messages.filter(reference=said.reference).first():
            if not _says_the_same(known, said):
                raise ActDataError({"reference": _("Mã tin này đã dùng cho một nội dung khác.")})
            return known
        if not locked.version.system_of_record:
            raise IllegalTransitionError(Act.MIRROR, State(locked.state))
        outcome = _outcome(locked, said)
        event = _apply(locked, said) if outcome is MirrorMessage.Outcome.APPLIED else None
        return MirrorMessage.objects.create(
            dossier=locked,
            reference=said.reference,
            national_status=said.national_status,
            at=said.at,
            reason=said.reason,
            result_number=said.result_number,
            outcome=outcome,
            event=event,
        )


def _check(said: _Said) -> None:
    """Raise ActDataError naming what is wrong with a message whatever dossier it is about."""
    errors: dict[str, str] = {}
    if said.national_status not in STATE_OF:
        errors["state"] = _("Trạng thái quốc gia phải từ 4 đến 10.")
    if timezone.is_naive(said.at):
        errors["at"] = _("Thời điểm phải có múi giờ.")
    elif said.at > timezone.now() + CLOCK_SKEW:
        errors["at"] = _("Thời điểm không được ở tương lai.")
    if not said.reference or len(said.reference) > _REFERENCE_LENGTH:
        errors["reference"] = _("Mã tin phải có, dài nhất 100 ký tự.")
    if not said.reason:
        errors["reason"] = _("Hãy ghi lý do.")
    if len(said.result_number) > _NUMBER_LENGTH:
        errors["result_number"] = _("Số kết quả dài nhất 60 ký tự.")
    if errors:
        raise ActDataError(errors)


def _says_the_same(known: MirrorMessage, said: _Said) -> bool:
    return (known.national_status, known.at, known.reason, known.result_number) == (
        said.national_status,
        said.at,
        said.reason,
        said.result_number,
    )


def _outcome(dossier: Dossier, said: _Said) -> MirrorMessage.Outcome:
    """Tell what becomes of a message. Runs one query."""
    heard = dossier.mirror_messages.filter(outcome__in=_HEARD).aggregate(last=Max("at"))["last"]
    if heard is not None and said.at < heard:
        return MirrorMessage.Outcome.LATE
    if dossier.received_at is None or said.at < dossier.received_at:
        return MirrorMessage.Outcome.REFUSED
    if said.target == dossier.state and said.result_number in {"", dossier.result_number}:
        return MirrorMessage.Outcome.SAME
    try:
        check(Act.MIRROR, state=State(dossier.state), standing=MACHINE, facts=dossier.facts)
    except IllegalTransitionError:
        return MirrorMessage.Outcome.REFUSED
    return MirrorMessage.Outcome.APPLIED


def _apply(locked: Dossier, said: _Said) -> DossierEvent:
    """Move the dossier to where the other system says it is, with clock, end and event."""
    opening = check(Act.MIRROR, state=State(locked.state), standing=MACHINE, facts=locked.facts)
    step = step_on(locked, opening, MACHINE, by=None, version=None, at=said.at)
    before, was = locked.due_at, State(locked.state)
    restarts = _leave(locked, said)
    event = step.append(
        reason=said.reason,
        data={
            "reference": said.reference,
            "national_status": said.national_status,
            "system": locked.version.system_of_record,
            "result_number": said.result_number,
        },
        clock=_clock_effect(was, said.target, restarts=restarts),
        chosen=said.target,
        holder_agency=_holder(locked, was, said.target),
    )
    _arrive(step, said)
    ledger = _ledger_after(locked, was, said)
    if said.target is not was and said.target in PAUSED_STATES:
        locked.paused_at = said.at
        # More than one request in processing counts as late (domain.md 3.6), whoever asks.
        locked.supplement_count += said.target is State.AWAITING_SUPPLEMENT
    step.record.write(
        fields=[
            "due_at", "due_on", "settled_at", "settled_on", "returned_at", "returned_on",
            "result_kind", "result_number", "delivery_state", "supplement_count",
            "payment_state",
        ]
    )  # fmt: skip
    if ledger is not None:
        ledger.save(event)
    if said.target is not was:
        _wait(locked, said, was)
    why = _("Theo hệ thống %(system)s") % {"system": locked.version.system_of_record}
    note_due_change(locked, event, before=before, reason=why[:500])
    chains.follow(locked, at=said.at)
    return event


def _leave(locked: Dossier, said: _Said) -> bool:
    """End what the state of before was waiting for; tell whether the whole limit runs again."""
    if not locked.is_paused or said.target == locked.state:
        return False
    restarts = (
        locked.state == State.AWAITING_SUPPLEMENT
        and said.target is State.IN_PROGRESS
        and locked.version.supplement_policy == ProcedureVersion.SupplementPolicy.RESTART
    )
    end_pause(locked, at=said.at, restarts=restarts)
    return restarts


def _ledger_after(locked: Dossier, was: State, said: _Said) -> Ledger | None:
    """Return the money of a dossier that ends without a result, or goes on after such an end."""
    without = {State.WITHDRAWN, State.STOPPED}
    if said.target in without and was not in without:
        return Ledger.ended(locked, at=said.at)
    if was in without and said.target not in without:
        ledger = Ledger(locked)
        ledger.renew(at=said.at)
        locked.payment_state = ledger.state
        return ledger
    return None


def _arrive(step: Step, said: _Said) -> None:
    """Write the end, or take it back where the other system goes on after one."""
    locked, target = step.dossier, said.target
    if target not in ENDED_STATES:
        locked.settled_at = locked.settled_on = None
        locked.result_kind, locked.delivery_state = "", "none"
        return
    if locked.settled_at is None:
        # domain.md 3.6: 9 is the end, and 10 where 9 was never told.
        locked.settled_at, locked.settled_on = said.at, local_day(said.at)
    if target in {State.WITHDRAWN, State.STOPPED}:
        locked.settled_at, locked.settled_on = said.at, local_day(said.at)
        locked.result_kind, locked.delivery_state = "", "none"
        return
    locked.result_kind = "granted"
    locked.result_number = said.result_number or locked.result_number
    locked.delivery_state = "due"
    if target is State.RETURNED:
        locked.returned_at, locked.returned_on = said.at, local_day(said.at)
        locked.delivery_state = "done"


def _wait(locked: Dossier, said: _Said, was: State) -> None:
    """Keep rows of what is waited for now, and answer what was waited for before."""
    if was is State.AWAITING_SUPPLEMENT:
        SupplementRound.objects.filter(
            dossier=locked, before_acceptance=False, answered_at__isnull=True
        ).update(answered_at=said.at, due_after=locked.due_at)
    if said.target not in PAUSED_STATES:
        return
    Pause.objects.create(dossier=locked, state=said.target, started_at=said.at)
    if said.target is State.AWAITING_SUPPLEMENT:
        SupplementRound.objects.create(
            dossier=locked,
            number=locked.supplement_count,
            requested_at=said.at,
            requested_by=None,
            reason=said.reason,
            items=[said.reason],
            due_before=locked.due_at,
        )


def _clock_effect(was: State, target: State, *, restarts: bool) -> ClockEffect:
    if target is was:
        return ClockEffect.NONE
    if target in ENDED_STATES:
        return ClockEffect.STOP
    if target in PAUSED_STATES:
        return ClockEffect.PAUSE
    if restarts:
        return ClockEffect.RESTART
    return ClockEffect.RESUME if was in PAUSED_STATES else ClockEffect.NONE


def _holder(locked: Dossier, was: State, target: State) -> Agency:
    """Return who holds it then: the result lies at the counter, the work in the settling agency."""
    if target is State.SETTLED:
        return locked.collecting_place
    if target in ENDED_STATES:
        return locked.receiving_agency
    return locked.competent_agency if was in ENDED_STATES else locked.holder_agency
