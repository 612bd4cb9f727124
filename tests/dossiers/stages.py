"""Dossiers brought to any state by the services, and what each act is expected to do from there."""

# ruff: noqa: E501 - the table is aligned by hand, like the one it mirrors
from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from agencies.calendars import calendar_of
from agencies.models import Agency
from dossiers.models import local_day
from dossiers.services import (
    approval,
    closing,
    consulting,
    correcting,
    intake,
    pausing,
    payment,
    processing,
    waiting,
)
from dossiers.services.intake import FeeItem
from dossiers.workflow import Act

if TYPE_CHECKING:
    from collections.abc import Callable

    from dossiers.models import Dossier
    from procedures.models import Procedure
    from tests.province import Province

WHY: dict[str, Any] = {"reason": "Lý do thử nghiệm"}
FEE = FeeItem("Lệ phí thẩm định", Decimal(50_000))
OWED: dict[str, Any] = {"amount_vnd": Decimal(250_000), "payee": "Kho bạc Nhà nước khu vực XX"}
BASIS = "Điều 12 Luật Thử nghiệm"


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
    return closing.publish(signed(p), by=p.clerk, result_number="12/KQ")


def settled_owing(p: Province) -> Dossier:
    """A result ready while a fee of the counter is still due."""
    dossier = processing.assign(
        processing.transfer(p.log(fees=[FEE]), by=p.receptionist), by=p.head
    )
    proposed = processing.propose(dossier, by=p.specialist)
    return closing.publish(
        processing.approve(proposed, by=p.head), by=p.clerk, result_number="12/KQ"
    )


def withdrawal_requested(p: Province) -> Dossier:
    return closing.request_withdrawal(in_progress(p), by=p.receptionist, reason="Không cần nữa")


def withdrawal_while_waiting(p: Province) -> Dossier:
    """The applicant is asked for papers and wants the dossier back instead."""
    return closing.request_withdrawal(awaiting_supplement(p), by=p.receptionist, reason="Thôi")


def consulted(p: Province) -> Dossier:
    return consulting.consult(in_progress(p), by=p.specialist, agency=p.asked, question="Có hợp?")


def consulted_twice(p: Province) -> Dossier:
    return consulting.consult(consulted(p), by=p.specialist, agency=p.root, question="Có hợp?")


def awaiting_payment(p: Province) -> Dossier:
    return payment.request_payment(in_progress(p), by=p.specialist, **OWED)


def to_sign_once_paid(p: Province) -> Dossier:
    """A payment for a procedure whose result is ready to sign once it is paid (T20)."""
    p.procedure.versions.update(signs_after_payment=True)
    return awaiting_payment(p)


def suspended(p: Province) -> Dossier:
    return pausing.suspend(
        in_progress(p),
        by=p.head,
        reason="Toà yêu cầu",
        legal_basis=BASIS,
        resume_expected=in_a_month(p),
    )


def denied(p: Province) -> Dossier:
    return processing.propose_denial(in_progress(p), by=p.specialist, reason="Không đủ điều kiện")


def returned(p: Province) -> Dossier:
    return closing.return_result(settled(p), by=p.receptionist)


def stopped(p: Province) -> Dossier:
    return closing.stop(in_progress(p), by=p.head, reason="Trùng hồ sơ")


def asked_to_stop(p: Province) -> Dossier:
    """The specialist has put a stop before the signer."""
    return approval.ask(Act.STOP, in_progress(p), by=p.specialist, **WHY)


def asked_to_reopen(p: Province) -> Dossier:
    """One of the two people has asked to reopen a stopped dossier (T37)."""
    return approval.ask(Act.REOPEN, stopped(p), by=p.supervisor, reason="Dừng nhầm", given=WHY)


# Dossiers whose applicant kept silent too long: what happened is told as of its own day.


def days_ago(days: int) -> dt.datetime:
    return timezone.now() - dt.timedelta(days=days)


def completion_overdue(p: Province) -> Dossier:
    registered = intake.register(p.submission(papers=[]), by=p.receptionist, at=days_ago(60))
    return intake.request_completion(
        registered,
        by=p.receptionist,
        reason="Thiếu bản vẽ",
        reply_by=local_day(days_ago(30)),
        at=days_ago(59),
    )


def _worked_on_long_ago(p: Province) -> Dossier:
    dossier = p.log(received_at=days_ago(60), reason="Nhập từ sổ giấy")
    processing.transfer(dossier, by=p.receptionist, at=days_ago(59))
    return processing.assign(dossier, by=p.head, at=days_ago(58))


def supplement_overdue(p: Province) -> Dossier:
    """Asked for papers, reminded, and silent past the deadline and its grace (T18)."""
    asked = processing.request_supplement(
        _worked_on_long_ago(p),
        by=p.specialist,
        reason="Thiếu bản vẽ",
        reply_by=local_day(days_ago(30)),
        at=days_ago(57),
    )
    return waiting.remind_applicant(asked, by=p.receptionist, at=days_ago(33))


def payment_overdue(p: Province) -> Dossier:
    """Told of a sum, by a notice that was served, and not paid by its day and grace (T21)."""
    asked = payment.request_payment(
        _worked_on_long_ago(p),
        by=p.specialist,
        **OWED,
        pay_by=local_day(days_ago(30)),
        at=days_ago(57),
    )
    return waiting.remind_applicant(
        asked, by=p.receptionist, served_on=local_day(days_ago(50)), at=days_ago(49)
    )


# What acts are given that depends on the day.


def in_a_month(p: Province) -> dt.date:
    return timezone.localdate() + dt.timedelta(days=30)


def new_date(p: Province) -> dt.date:
    """Return a working day three weeks on: after the promise of any dossier made today."""
    day, calendar = timezone.localdate() + dt.timedelta(days=21), calendar_of(p.centre)
    while not calendar.is_working_day(day):
        day += dt.timedelta(days=1)
    return day


def _submission(p: Province, procedure: Procedure | None, changes: dict[str, Any]) -> Any:
    if procedure is not None:
        changes["procedure"] = procedure
    return p.submission(**changes)


@dataclass(frozen=True)
class Expected:
    """One act on one dossier: who does it where, and what must be true after it.

    Values of `data` that can be called are asked of the province first.
    """

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
    case: str = ""  # which of several ways of the same act
    # Without a version it may be done again at once: it changes hands, or reminds once more.
    repeats: bool = False
    loses_sight: bool = False  # whoever did it sees the dossier no more
    makes_new: bool = False  # the service returns another dossier, which the act made
    asks: Act | None = None  # the act that is only put before those who decide it

    @property
    def name(self) -> str:
        return f"{self.act.value}-{self.case}" if self.case else self.act.value

    def given(self, province: Province) -> dict[str, Any]:
        """Return the data of the service."""
        return {
            name: value(province) if callable(value) else value for name, value in self.data.items()
        }

    def typed(self, province: Province) -> dict[str, Any]:
        """Return the same data as a form is filled in with."""
        return {name: _as_typed(value) for name, value in self.given(province).items()}

    def do(self, province: Province, dossier: Dossier, **more: Any) -> Dossier:
        actor = getattr(province, self.actor)
        return self.service(dossier, by=actor, **{**self.given(province), **more})


def _as_typed(value: Any) -> Any:
    if isinstance(value, Agency):
        return value.code
    return value.isoformat() if isinstance(value, dt.date) else str(value)


DESK, DEPARTMENT = "centre", "department"
ASKED = {"agency": attrgetter("asked"), "question": "Có phù hợp quy hoạch?"}
ASKED_TOO = {**ASKED, "agency": attrgetter("root")}
PAID: dict[str, Any] = {"receipt_number": "BL-0012", "amount_vnd": Decimal(250_000)}
PAUSED = {**WHY, "legal_basis": BASIS, "resume_expected": in_a_month}
NOTE = {"note": "Đã báo qua điện thoại"}

# fmt: off
EVERY_ACT = [
    #        act                      from                      service                         by              to                      role                at          then at      the clock
    Expected(Act.SUBMIT,              online_draft,             intake.submit_draft,            "receptionist", "submitted",            "receptionist",     DESK,       DESK),
    Expected(Act.REGISTER,            draft,                    intake.submit_draft,            "receptionist", "submitted",            "receptionist",     DESK,       DESK),
    Expected(Act.RECEIVE,             submitted,                intake.receive,                 "receptionist", "received",             "receptionist",     DESK,       DESK,        "start", paper="receipt"),
    Expected(Act.SETTLE_AT_ONCE,      at_once,                  intake.settle_at_once,          "receptionist", "settled",              "receptionist",     DESK,       DESK,        "start_stop"),
    Expected(Act.REQUEST_COMPLETION,  submitted,                intake.request_completion,      "receptionist", "awaiting_completion",  "receptionist",     DESK,       DESK,        data=WHY, paper="supplement_request"),
    Expected(Act.RESUBMIT,            awaiting_completion,      intake.resubmit,                "receptionist", "submitted",            "receptionist",     DESK,       DESK),
    Expected(Act.LAPSE_COMPLETION,    completion_overdue,       waiting.lapse_completion,       "receptionist", "refused",              "receptionist",     DESK,       DESK,        data=NOTE, paper="refusal"),
    Expected(Act.REFUSE,              submitted,                intake.refuse,                  "receptionist", "refused",              "receptionist",     DESK,       DESK,        data=WHY, paper="refusal"),
    Expected(Act.CANCEL,              submitted,                intake.cancel,                  "receptionist", "withdrawn",            "receptionist",     DESK,       DESK,        data=WHY),
    Expected(Act.CANCEL,              draft,                    intake.cancel,                  "receptionist", "withdrawn",            "receptionist",     DESK,       DESK,        data=WHY, case="draft"),
    Expected(Act.TRANSFER,            received,                 processing.transfer,            "receptionist", "awaiting_assignment",  "receptionist",     DESK,       DEPARTMENT),
    Expected(Act.ASSIGN,              awaiting_assignment,      processing.assign,              "head",         "in_progress",          "head",             DEPARTMENT, DEPARTMENT,  repeats=True),
    Expected(Act.ASSIGN,              awaiting_supplement,      processing.assign,              "head",         "awaiting_supplement",  "head",             DEPARTMENT, DEPARTMENT,  repeats=True, case="over"),
    Expected(Act.REDIRECT,            in_progress,              processing.redirect,            "head",         "awaiting_assignment",  "head",             DEPARTMENT, "elsewhere", data={**WHY, "agency": attrgetter("elsewhere")}, loses_sight=True),
    Expected(Act.CONSULT,             in_progress,              consulting.consult,             "specialist",   "consulting",           "specialist",       DEPARTMENT, DEPARTMENT,  data=ASKED, paper="consultation"),
    Expected(Act.CONSULT,             consulted,                consulting.consult,             "head",         "consulting",           "head",             DEPARTMENT, DEPARTMENT,  data=ASKED_TOO, paper="consultation", case="another"),
    Expected(Act.ANSWER_CONSULTATION, consulted,                consulting.answer_consultation, "adviser",      "in_progress",          "consulted_agency", "asked",    DEPARTMENT,  data={"answer": "Phù hợp"}, loses_sight=True),
    Expected(Act.ANSWER_CONSULTATION, consulted_twice,          consulting.answer_consultation, "adviser",      "consulting",           "consulted_agency", "asked",    DEPARTMENT,  data={"answer": "Phù hợp"}, loses_sight=True, case="first"),
    Expected(Act.REQUEST_SUPPLEMENT,  in_progress,              processing.request_supplement,  "specialist",   "awaiting_supplement",  "specialist",       DEPARTMENT, DEPARTMENT,  "pause", data=WHY, paper="supplement_request"),
    Expected(Act.ACCEPT_SUPPLEMENT,   awaiting_supplement,      processing.accept_supplement,   "receptionist", "in_progress",          "receptionist",     DESK,       DEPARTMENT,  "resume"),
    Expected(Act.LAPSE_SUPPLEMENT,    supplement_overdue,       waiting.lapse_supplement,       "head",         "stopped",              "head",             DEPARTMENT, DESK,        "stop", data=NOTE, paper="stop_notice"),
    Expected(Act.REQUEST_PAYMENT,     in_progress,              payment.request_payment,        "specialist",   "awaiting_payment",     "specialist",       DEPARTMENT, DEPARTMENT,  "pause", data=OWED, paper="payment_notice"),
    Expected(Act.CONFIRM_PAYMENT,     awaiting_payment,         payment.confirm_payment,        "receptionist", "in_progress",          "receptionist",     DESK,       DEPARTMENT,  "resume", data=PAID),
    Expected(Act.CONFIRM_PAYMENT,     to_sign_once_paid,        payment.confirm_payment,        "receptionist", "awaiting_signature",   "receptionist",     DESK,       DEPARTMENT,  "resume", data=PAID, case="to_sign"),
    Expected(Act.RECORD_PAYMENT,      settled_owing,            payment.record_payment,         "receptionist", "settled",              "receptionist",     DESK,       DESK,        data={**PAID, "amount_vnd": FEE.amount_vnd}),
    Expected(Act.LAPSE_PAYMENT,       payment_overdue,          waiting.lapse_payment,          "head",         "stopped",              "signer",           DEPARTMENT, DESK,        "stop", data=NOTE, paper="stop_notice"),
    Expected(Act.SUSPEND,             in_progress,              pausing.suspend,                "head",         "suspended",            "signer",           DEPARTMENT, DEPARTMENT,  "pause", data=PAUSED, paper="suspension_notice"),
    Expected(Act.RESUME,              suspended,                pausing.resume,                 "head",         "in_progress",          "head",             DEPARTMENT, DEPARTMENT,  "resume"),
    Expected(Act.EXTEND,              in_progress,              pausing.extend,                 "head",         "in_progress",          "signer",           DEPARTMENT, DEPARTMENT,  data={**WHY, "new_due_on": new_date}, paper="apology"),
    Expected(Act.PROPOSE,             in_progress,              processing.propose,             "specialist",   "awaiting_signature",   "specialist",       DEPARTMENT, DEPARTMENT),
    Expected(Act.SEND_BACK,           awaiting_signature,       processing.send_back,           "head",         "in_progress",          "head",             DEPARTMENT, DEPARTMENT,  data=WHY),
    Expected(Act.APPROVE,             awaiting_signature,       processing.approve,             "head",         "signed",               "signer",           DEPARTMENT, DEPARTMENT),
    Expected(Act.PUBLISH,             signed,                   closing.publish,                "clerk",        "settled",              "clerk",            DEPARTMENT, DESK,        "stop", data={"result_number": "12/KQ"}),
    Expected(Act.RETURN_RESULT,       settled,                  closing.return_result,          "receptionist", "returned",             "returner",         DESK,       DESK),
    Expected(Act.REMIND_COLLECTION,   settled,                  waiting.remind_collection,      "receptionist", "settled",              "returner",         DESK,       DESK,        data=NOTE, repeats=True),
    Expected(Act.REQUEST_WITHDRAWAL,  in_progress,              closing.request_withdrawal,     "receptionist", "withdrawal_requested", "receptionist",     DESK,       DEPARTMENT,  data=WHY),
    Expected(Act.REQUEST_WITHDRAWAL,  awaiting_supplement,      closing.request_withdrawal,     "receptionist", "withdrawal_requested", "receptionist",     DESK,       DEPARTMENT,  "resume", data=WHY, case="waiting"),
    Expected(Act.GRANT_WITHDRAWAL,    withdrawal_requested,     closing.grant_withdrawal,       "head",         "withdrawn",            "head",             DEPARTMENT, DESK,        "stop", paper="stop_notice"),
    Expected(Act.REFUSE_WITHDRAWAL,   withdrawal_requested,     closing.refuse_withdrawal,      "head",         "in_progress",          "head",             DEPARTMENT, DEPARTMENT,  data=WHY, paper="withdrawal_refusal"),
    Expected(Act.REFUSE_WITHDRAWAL,   withdrawal_while_waiting, closing.refuse_withdrawal,      "head",         "awaiting_supplement",  "head",             DEPARTMENT, DEPARTMENT,  "pause", data=WHY, paper="withdrawal_refusal", case="waiting"),
    Expected(Act.PROPOSE_DENIAL,      in_progress,              processing.propose_denial,      "specialist",   "awaiting_signature",   "specialist",       DEPARTMENT, DEPARTMENT,  data=WHY),
    Expected(Act.STOP,                in_progress,              closing.stop,                   "head",         "stopped",              "signer",           DEPARTMENT, DESK,        "stop", data=WHY, paper="stop_notice"),
    Expected(Act.STOP,                asked_to_stop,            closing.stop,                   "head",         "stopped",              "signer",           DEPARTMENT, DESK,        "stop", data=WHY, paper="stop_notice", case="asked"),
    Expected(Act.CORRECT_RESULT,      settled,                  correcting.correct_result,      "head",         "settled",              "head",             DEPARTMENT, DESK,        data=WHY, makes_new=True),
    Expected(Act.REOPEN,              asked_to_reopen,          correcting.reopen,              "reformer",     "in_progress",          "reform_officer",   "root",     DEPARTMENT,  data={**WHY, "to": "in_progress"}, clock="resume"),
    Expected(Act.ASK_APPROVAL,        in_progress,              partial(approval.ask, Act.STOP), "specialist",  "in_progress",          "specialist",       DEPARTMENT, DEPARTMENT,  data=WHY, asks=Act.STOP),
    Expected(Act.DECLINE,             asked_to_stop,            approval.decline,               "head",         "in_progress",          "signer",           DEPARTMENT, DEPARTMENT,  data=WHY),
    Expected(Act.RETRACT,             asked_to_stop,            approval.retract,               "specialist",   "in_progress",          "specialist",       DEPARTMENT, DEPARTMENT,  data=NOTE),
    Expected(Act.REMIND_APPLICANT,    awaiting_supplement,      waiting.remind_applicant,       "receptionist", "awaiting_supplement",  "receptionist",     DESK,       DEPARTMENT,  data=NOTE, repeats=True),
]

# The acts that make the dossier: T01-T04 at a counter.
MAKING: dict[str, Callable[[Province], Dossier]] = {
    "T01-save_draft": draft,
    "T02-submit": lambda p: submitted(p, channel="online"),
    "T03-register": submitted,
    "T03+T04-log": lambda p: p.log(),
}
# fmt: on
