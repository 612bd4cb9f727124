"""Dossiers brought to any state by the services, and what each act is expected to do from there."""

# ruff: noqa: E501 - the table is aligned by hand, like the one it mirrors
from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dossiers.services import closing, intake, processing
from dossiers.workflow import Act

if TYPE_CHECKING:
    from collections.abc import Callable

    from dossiers.models import Dossier
    from procedures.models import Procedure
    from tests.province import Province


def draft(p: Province, procedure: Procedure | None = None, **changes: Any) -> Dossier:
    return intake.save_draft(_submission(p, procedure, changes), by=p.receptionist)


def submitted(p: Province, procedure: Procedure | None = None, **changes: Any) -> Dossier:
    changes = {"papers": [], **changes}  # listed later: nobody vouched for them
    return intake.register(_submission(p, procedure, changes), by=p.receptionist)


def at_once(p: Province) -> Dossier:
    """A submission for a procedure without an appointment (T05)."""
    p.procedure.versions.update(settles_at_once=True)
    return submitted(p)


def online_draft(p: Province) -> Dossier:
    return draft(p, channel="online")


def awaiting_completion(p: Province) -> Dossier:
    return intake.request_completion(submitted(p), by=p.receptionist, reason="Thiếu bản vẽ")


def received(p: Province) -> Dossier:
    return p.log()


def awaiting_assignment(p: Province) -> Dossier:
    return processing.transfer(received(p), by=p.receptionist)


def in_progress(p: Province) -> Dossier:
    return processing.assign(awaiting_assignment(p), by=p.head)


def awaiting_supplement(p: Province) -> Dossier:
    return processing.request_supplement(in_progress(p), by=p.specialist, reason="Thiếu bản vẽ")


def awaiting_signature(p: Province) -> Dossier:
    return processing.propose(in_progress(p), by=p.specialist)


def signed(p: Province) -> Dossier:
    return processing.approve(awaiting_signature(p), by=p.head)


def settled(p: Province) -> Dossier:
    return closing.publish(signed(p), by=p.clerk)


def withdrawal_requested(p: Province) -> Dossier:
    return closing.request_withdrawal(in_progress(p), by=p.receptionist, reason="Không cần nữa")


def _submission(p: Province, procedure: Procedure | None, changes: dict[str, Any]) -> Any:
    if procedure is not None:
        changes["procedure"] = procedure
    return p.submission(**changes)


@dataclass(frozen=True)
class Expected:
    """One act on one dossier: who does it where, and what must be true after it."""

    act: Act
    stage: Callable[[Province], Dossier]
    service: Callable[..., Dossier]
    actor: str
    target: str
    role: str
    agency: str  # where it is done
    holder: str  # who has it afterwards
    clock: str = "none"
    data: dict[str, Any] = field(default_factory=dict)
    paper: str | None = None

    def do(self, province: Province, dossier: Dossier, **more: Any) -> Dossier:
        return self.service(dossier, by=getattr(province, self.actor), **{**self.data, **more})


WHY = {"reason": "Lý do thử nghiệm"}
DESK, DEPARTMENT = "centre", "department"

# fmt: off
EVERY_ACT = [
    #        act                     from                  service                        by              to                      role            at          then at     the clock
    Expected(Act.SUBMIT,             online_draft,         intake.submit_draft,           "receptionist", "submitted",            "receptionist", DESK,       DESK),
    Expected(Act.REGISTER,           draft,                intake.submit_draft,           "receptionist", "submitted",            "receptionist", DESK,       DESK),
    Expected(Act.RECEIVE,            submitted,            intake.receive,                "receptionist", "received",             "receptionist", DESK,       DESK,       "start", paper="receipt"),
    Expected(Act.SETTLE_AT_ONCE,     at_once,              intake.settle_at_once,         "receptionist", "settled",              "receptionist", DESK,       DESK,       "start_stop"),
    Expected(Act.REQUEST_COMPLETION, submitted,            intake.request_completion,     "receptionist", "awaiting_completion",  "receptionist", DESK,       DESK,       data=WHY, paper="supplement_request"),
    Expected(Act.RESUBMIT,           awaiting_completion,  intake.resubmit,               "receptionist", "submitted",            "receptionist", DESK,       DESK),
    Expected(Act.REFUSE,             submitted,            intake.refuse,                 "receptionist", "refused",              "receptionist", DESK,       DESK,       data=WHY, paper="refusal"),
    Expected(Act.TRANSFER,           received,             processing.transfer,           "receptionist", "awaiting_assignment",  "receptionist", DESK,       DEPARTMENT),
    Expected(Act.ASSIGN,             awaiting_assignment,  processing.assign,             "head",         "in_progress",          "head",         DEPARTMENT, DEPARTMENT),
    Expected(Act.REQUEST_SUPPLEMENT, in_progress,          processing.request_supplement, "specialist",   "awaiting_supplement",  "specialist",   DEPARTMENT, DEPARTMENT, "pause", data=WHY, paper="supplement_request"),
    Expected(Act.ACCEPT_SUPPLEMENT,  awaiting_supplement,  processing.accept_supplement,  "receptionist", "in_progress",          "receptionist", DESK,       DEPARTMENT, "resume"),
    Expected(Act.PROPOSE,            in_progress,          processing.propose,            "specialist",   "awaiting_signature",   "specialist",   DEPARTMENT, DEPARTMENT),
    Expected(Act.SEND_BACK,          awaiting_signature,   processing.send_back,          "head",         "in_progress",          "head",         DEPARTMENT, DEPARTMENT, data=WHY),
    Expected(Act.APPROVE,            awaiting_signature,   processing.approve,            "head",         "signed",               "signer",       DEPARTMENT, DEPARTMENT),
    Expected(Act.PUBLISH,            signed,               closing.publish,               "clerk",        "settled",              "clerk",        DEPARTMENT, DESK,       "stop"),
    Expected(Act.RETURN_RESULT,      settled,              closing.return_result,         "receptionist", "returned",             "returner",     DESK,       DESK),
    Expected(Act.REQUEST_WITHDRAWAL, in_progress,          closing.request_withdrawal,    "receptionist", "withdrawal_requested", "receptionist", DESK,       DEPARTMENT, data=WHY),
    Expected(Act.GRANT_WITHDRAWAL,   withdrawal_requested, closing.grant_withdrawal,      "head",         "withdrawn",            "head",         DEPARTMENT, DESK,       "stop", paper="stop_notice"),
    Expected(Act.STOP,               in_progress,          closing.stop,                  "head",         "stopped",              "signer",       DEPARTMENT, DESK,       "stop", data=WHY, paper="stop_notice"),
]
# fmt: on
