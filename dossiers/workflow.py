"""The life of a dossier as one table: acts, who may do them where, what the clock does, which paper.

Buttons, API, checks, tests and docs/workflow.md are all read from TRANSITIONS. Pure: no database,
no request. States, acts and national numbers: domain.md 2.3-2.5; the approvals and guards are a
synthesis of NĐ 61/2018 and NĐ 118/2025 practice, tagged there as not confirmed.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.roles import Role

if TYPE_CHECKING:
    from collections.abc import Iterable


class State(models.TextChoices):
    """Trạng thái: where a dossier stands; the labels are the words an officer reads."""

    DRAFT = "draft", _("Bản nháp")
    SUBMITTED = "submitted", _("Chờ tiếp nhận")
    AWAITING_COMPLETION = "awaiting_completion", _("Chờ hoàn thiện trước tiếp nhận")
    REFUSED = "refused", _("Từ chối tiếp nhận")
    RECEIVED = "received", _("Đã tiếp nhận")
    AWAITING_ASSIGNMENT = "awaiting_assignment", _("Chờ phân công")
    IN_PROGRESS = "in_progress", _("Đang thụ lý")
    CONSULTING = "consulting", _("Đang xin ý kiến")
    AWAITING_SUPPLEMENT = "awaiting_supplement", _("Chờ bổ sung")
    AWAITING_PAYMENT = "awaiting_payment", _("Chờ nghĩa vụ tài chính")
    SUSPENDED = "suspended", _("Tạm dừng")
    AWAITING_SIGNATURE = "awaiting_signature", _("Trình ký")
    SIGNED = "signed", _("Chờ phát hành")
    SETTLED = "settled", _("Chờ trả kết quả")
    RETURNED = "returned", _("Đã trả kết quả")
    WITHDRAWAL_REQUESTED = "withdrawal_requested", _("Yêu cầu rút hồ sơ")
    WITHDRAWN = "withdrawn", _("Đã rút")
    STOPPED = "stopped", _("Dừng xử lý")


# domain.md 2.4: the number sent to the national portal; a draft is never sent.
NATIONAL_STATUS: dict[State, int | None] = {
    State.DRAFT: None,
    State.SUBMITTED: 1,
    State.AWAITING_COMPLETION: 1,
    State.REFUSED: 3,
    State.RECEIVED: 2,
    State.AWAITING_ASSIGNMENT: 4,
    State.IN_PROGRESS: 4,
    State.CONSULTING: 4,
    State.AWAITING_SUPPLEMENT: 5,
    State.AWAITING_PAYMENT: 6,
    State.SUSPENDED: 4,
    State.AWAITING_SIGNATURE: 4,
    State.SIGNED: 4,
    State.SETTLED: 9,
    State.RETURNED: 10,
    State.WITHDRAWAL_REQUESTED: 4,
    State.WITHDRAWN: 7,
    State.STOPPED: 8,
}


class Act(models.TextChoices):
    """Hành vi: the acts T01-T37 of domain.md 2.5 and those of bookkeeping; labels are on buttons."""

    SAVE_DRAFT = "save_draft", _("Lưu nháp")
    SUBMIT = "submit", _("Nộp hồ sơ")
    REGISTER = "register", _("Ghi nhận hồ sơ nộp")
    RECEIVE = "receive", _("Tiếp nhận")
    SETTLE_AT_ONCE = "settle_at_once", _("Trả kết quả ngay")
    REQUEST_COMPLETION = "request_completion", _("Yêu cầu hoàn thiện")
    RESUBMIT = "resubmit", _("Nhận hồ sơ đã hoàn thiện")
    LAPSE_COMPLETION = "lapse_completion", _("Hết hạn hoàn thiện")
    REFUSE = "refuse", _("Từ chối tiếp nhận")
    CANCEL = "cancel", _("Huỷ hồ sơ chưa tiếp nhận")
    TRANSFER = "transfer", _("Chuyển cơ quan giải quyết")
    ASSIGN = "assign", _("Phân công")
    REDIRECT = "redirect", _("Chuyển lại đúng đơn vị")
    CONSULT = "consult", _("Lấy ý kiến")
    ANSWER_CONSULTATION = "answer_consultation", _("Trả lời ý kiến")
    REQUEST_SUPPLEMENT = "request_supplement", _("Yêu cầu bổ sung")
    ACCEPT_SUPPLEMENT = "accept_supplement", _("Nhận bổ sung")
    LAPSE_SUPPLEMENT = "lapse_supplement", _("Hết hạn bổ sung")
    REQUEST_PAYMENT = "request_payment", _("Yêu cầu nghĩa vụ tài chính")
    CONFIRM_PAYMENT = "confirm_payment", _("Xác nhận đã nộp")
    LAPSE_PAYMENT = "lapse_payment", _("Hết hạn nộp")
    SUSPEND = "suspend", _("Tạm dừng")
    RESUME = "resume", _("Tiếp tục xử lý")
    EXTEND = "extend", _("Xin lỗi, hẹn lại")
    PROPOSE = "propose", _("Trình ký")
    SEND_BACK = "send_back", _("Trả lại để làm lại")
    APPROVE = "approve", _("Ký duyệt")
    PUBLISH = "publish", _("Phát hành kết quả")
    RETURN_RESULT = "return_result", _("Trả kết quả")
    REMIND_COLLECTION = "remind_collection", _("Nhắc đến nhận")
    REQUEST_WITHDRAWAL = "request_withdrawal", _("Ghi yêu cầu rút")
    GRANT_WITHDRAWAL = "grant_withdrawal", _("Đồng ý cho rút")
    REFUSE_WITHDRAWAL = "refuse_withdrawal", _("Không cho rút")
    PROPOSE_DENIAL = "propose_denial", _("Trình từ chối giải quyết")
    STOP = "stop", _("Dừng giải quyết")
    CORRECT_RESULT = "correct_result", _("Đính chính kết quả")
    REOPEN = "reopen", _("Mở lại")
    # Beside the 37: what keeps the log whole where the law's table names no act of its own.
    ASK_APPROVAL = "ask_approval", _("Trình đề nghị")
    DECLINE = "decline", _("Không chấp thuận đề nghị")
    RETRACT = "retract", _("Rút đề nghị")
    REMIND_APPLICANT = "remind_applicant", _("Nhắc người nộp")
    ADJUST_DUE = "adjust_due", _("Điều chỉnh ngày hẹn")
    MIRROR = "mirror", _("Ghi theo hệ thống của bộ")
    OPEN_PART = "open_part", _("Mở hồ sơ thành phần")
    CLOSE_CHAIN = "close_chain", _("Đủ kết quả các hồ sơ thành phần")
    DECIDE_CHAIN = "decide_chain", _("Quyết định về hồ sơ liên thông")
    RECORD_PAYMENT = "record_payment", _("Ghi nhận khoản nộp")


class ClockEffect(StrEnum):
    """What an act does to the legal clock (domain.md 2.5); START_STOP is T05's both at once."""

    NONE = "none"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    RESTART = "restart"
    STOP = "stop"
    START_STOP = "start_stop"


class PaperKind(models.TextChoices):
    """Mẫu giấy tờ: by purpose, for the form numbers differ between TT 01/2018 and TT 03/2025."""

    RECEIPT = "receipt", _("Giấy tiếp nhận hồ sơ và hẹn trả kết quả")
    SUPPLEMENT_REQUEST = "supplement_request", _("Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ")
    REFUSAL = "refusal", _("Phiếu từ chối tiếp nhận giải quyết hồ sơ")
    APOLOGY = "apology", _("Văn bản xin lỗi và đề nghị gia hạn")
    STOP_NOTICE = "stop_notice", _("Thông báo dừng giải quyết hồ sơ")
    CONTROL_SLIP = "control_slip", _("Phiếu kiểm soát quá trình giải quyết hồ sơ")
    CONSULTATION = "consultation", _("Phiếu lấy ý kiến")
    PAYMENT_NOTICE = "payment_notice", _("Thông báo nghĩa vụ tài chính")
    SUSPENSION_NOTICE = "suspension_notice", _("Thông báo tạm dừng giải quyết hồ sơ")
    WITHDRAWAL_REFUSAL = "withdrawal_refusal", _("Thông báo không đồng ý cho rút hồ sơ")
    ACKNOWLEDGEMENT = "acknowledgement", _("Xác nhận đã nhận hồ sơ nộp trực tuyến")


class Place(StrEnum):
    """In which agency the actor must hold the role."""

    HOLDER = "holder"  # the agency that holds the dossier now: the rule of domain.md 2.5 (b)
    COUNTER = "counter"  # the receiving agency, or the holder: what the counter does for a citizen
    COMPETENT = "competent"  # the settling agency, wherever the papers lie
    CONSULTED = "consulted"  # an agency whose opinion is asked and not yet given
    # Over the whole province: the reform office at its root; over a counter: its supervisor.
    PROVINCE = "province"


class Move(StrEnum):
    """Who holds the dossier after the act."""

    STAY = "stay"
    TO_COUNTER = "to_counter"  # the receiving agency: papers to ask for, a result to hand over
    TO_COMPETENT = "to_competent"  # the settling agency
    TO_NAMED = "to_named"  # the agency the act names


class Aim(StrEnum):
    """Where an act leads when it is not always the same state."""

    SAME = "same"  # it stays where it is
    PREVIOUS = "previous"  # back to the state before this one
    CHOSEN = "chosen"  # the act names it


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table: an act from some states to one, by whom, with what consequences."""

    number: str  # T01-T37, domain.md 2.5
    act: Act
    sources: frozenset[State]  # empty: the act makes the dossier
    target: State | Aim
    roles: frozenset[Role]
    clock: ClockEffect = ClockEffect.NONE
    paper: PaperKind | None = None
    needs_reason: bool = False
    place: Place = Place.HOLDER
    move: Move = Move.STAY
    # Who may put the act before those who decide it, where the version or the law leaves it to them.
    proposers: frozenset[Role] = frozenset()


def _row(
    number: str,
    act: Act,
    sources: Iterable[State],
    target: State | Aim,
    roles: Iterable[Role],
    proposers: Iterable[Role] = (),
    **rest: Any,
) -> Transition:
    return Transition(
        number,
        act,
        frozenset(sources),
        target,
        frozenset(roles),
        proposers=frozenset(proposers),
        **rest,
    )


A, S, R, C, P = Act, State, Role, ClockEffect, PaperKind
_COUNTER: dict[str, Any] = {"place": Place.COUNTER}
_COMPETENT: dict[str, Any] = {"place": Place.COMPETENT}
_CITIZEN = [R.RECEPTIONIST, R.APPLICANT, R.REPRESENTATIVE]

# "Processing states" of domain.md 2.4; T31 takes them without `signed`, with what waits.
PROCESSING = [S.AWAITING_ASSIGNMENT, S.IN_PROGRESS, S.CONSULTING, S.AWAITING_SIGNATURE, S.SIGNED]
_WITHDRAWABLE = [
    S.RECEIVED, S.AWAITING_ASSIGNMENT, S.IN_PROGRESS, S.CONSULTING, S.AWAITING_SIGNATURE,
    S.AWAITING_SUPPLEMENT, S.AWAITING_PAYMENT,
]  # fmt: skip
# Work may change hands while it goes on.
_ASSIGNED = [S.IN_PROGRESS, S.CONSULTING, S.AWAITING_SUPPLEMENT, S.AWAITING_PAYMENT, S.SUSPENDED]
_RUNNING = [
    S.RECEIVED, *PROCESSING, S.AWAITING_SUPPLEMENT, S.AWAITING_PAYMENT, S.SUSPENDED,
    S.WITHDRAWAL_REQUESTED,
]  # fmt: skip
_ENDED = [S.SETTLED, S.RETURNED, S.WITHDRAWN, S.STOPPED]
_WAITING_FOR_APPLICANT = [S.AWAITING_COMPLETION, S.AWAITING_SUPPLEMENT, S.AWAITING_PAYMENT]
_ANY_BUT_DRAFT = [state for state in S if state is not S.DRAFT]
# What T37 may lead back to. Nobody reopens into a state that an act of its own must explain.
REOPENED_TO = (
    S.SUBMITTED, S.RECEIVED, S.AWAITING_ASSIGNMENT, S.IN_PROGRESS, S.AWAITING_SIGNATURE, S.SETTLED,
)  # fmt: skip

# Aligned by hand: it is a legal document. What is not in this table cannot happen.
# T33's ground, a result signed already, is T31's own guard: none is asked for once it is signed, so
# no fact is asked again there. Only a chain gets that far, by a part with its result (below).
# T16, T22, T24, T35: R06 proposes, R05 or R07 decides; T16 and T24 by whom the version says. T08,
# T18, T21: the system proposes when the time is over, an officer confirms. T37: two people.
# fmt: off
TRANSITIONS: tuple[Transition, ...] = (
    #            act                     from                         to                      by
    _row("T01", A.SAVE_DRAFT,            [],                          S.DRAFT,                [R.RECEPTIONIST, R.APPLICANT]),
    _row("T01", A.SAVE_DRAFT,            [S.DRAFT],                   Aim.SAME,               [R.RECEPTIONIST, R.APPLICANT]),
    _row("T02", A.SUBMIT,                [],                          S.SUBMITTED,            _CITIZEN),
    _row("T02", A.SUBMIT,                [S.DRAFT],                   S.SUBMITTED,            _CITIZEN),
    _row("T03", A.REGISTER,              [],                          S.SUBMITTED,            [R.RECEPTIONIST, R.COURIER]),
    _row("T03", A.REGISTER,              [S.DRAFT],                   S.SUBMITTED,            [R.RECEPTIONIST, R.COURIER]),
    _row("T04", A.RECEIVE,               [S.SUBMITTED],               S.RECEIVED,             [R.RECEPTIONIST],         clock=C.START, paper=P.RECEIPT),
    _row("T05", A.SETTLE_AT_ONCE,        [S.SUBMITTED],               S.SETTLED,              [R.RECEPTIONIST],         clock=C.START_STOP),
    _row("T06", A.REQUEST_COMPLETION,    [S.SUBMITTED],               S.AWAITING_COMPLETION,  [R.RECEPTIONIST],         needs_reason=True, paper=P.SUPPLEMENT_REQUEST),
    _row("T07", A.RESUBMIT,              [S.AWAITING_COMPLETION],     S.SUBMITTED,            _CITIZEN),
    _row("T08", A.LAPSE_COMPLETION,      [S.AWAITING_COMPLETION],     S.REFUSED,              [R.RECEPTIONIST],         [R.SYSTEM], paper=P.REFUSAL),
    _row("T09", A.REFUSE,                [S.SUBMITTED],               S.REFUSED,              [R.RECEPTIONIST],         needs_reason=True, paper=P.REFUSAL),
    _row("T10", A.CANCEL,                [S.DRAFT, S.SUBMITTED],      S.WITHDRAWN,            _CITIZEN,                 needs_reason=True, **_COUNTER),
    _row("T11", A.TRANSFER,              [S.RECEIVED],                S.AWAITING_ASSIGNMENT,  [R.RECEPTIONIST],         move=Move.TO_COMPETENT),
    _row("T12", A.ASSIGN,                [S.AWAITING_ASSIGNMENT],     S.IN_PROGRESS,          [R.HEAD]),
    _row("T12", A.ASSIGN,                _ASSIGNED,                   Aim.SAME,               [R.HEAD]),
    _row("T13", A.REDIRECT,              [S.AWAITING_ASSIGNMENT, S.IN_PROGRESS], S.AWAITING_ASSIGNMENT, [R.HEAD],       [R.SPECIALIST], needs_reason=True, move=Move.TO_NAMED),
    _row("T14", A.CONSULT,               [S.IN_PROGRESS],             S.CONSULTING,           [R.SPECIALIST, R.HEAD],   paper=P.CONSULTATION),
    _row("T14", A.CONSULT,               [S.CONSULTING],              Aim.SAME,               [R.SPECIALIST, R.HEAD],   paper=P.CONSULTATION),
    _row("T15", A.ANSWER_CONSULTATION,   [S.CONSULTING],              S.IN_PROGRESS,          [R.CONSULTED_AGENCY, R.HEAD, R.SPECIALIST, R.SYSTEM], place=Place.CONSULTED),
    _row("T15", A.ANSWER_CONSULTATION,   [S.CONSULTING],              Aim.SAME,               [R.CONSULTED_AGENCY, R.HEAD, R.SPECIALIST, R.SYSTEM], place=Place.CONSULTED),
    _row("T16", A.REQUEST_SUPPLEMENT,    [S.IN_PROGRESS],             S.AWAITING_SUPPLEMENT,  [R.SPECIALIST, R.HEAD, R.SIGNER], [R.SPECIALIST, R.HEAD], clock=C.PAUSE, needs_reason=True, paper=P.SUPPLEMENT_REQUEST),
    _row("T17", A.ACCEPT_SUPPLEMENT,     [S.AWAITING_SUPPLEMENT],     S.IN_PROGRESS,          [R.RECEPTIONIST],         clock=C.RESUME, **_COUNTER),
    _row("T18", A.LAPSE_SUPPLEMENT,      [S.AWAITING_SUPPLEMENT],     S.STOPPED,              [R.HEAD, R.SIGNER],       [R.SYSTEM], clock=C.STOP, paper=P.STOP_NOTICE, move=Move.TO_COUNTER),
    _row("T19", A.REQUEST_PAYMENT,       [S.IN_PROGRESS],             S.AWAITING_PAYMENT,     [R.SPECIALIST],           clock=C.PAUSE, paper=P.PAYMENT_NOTICE),
    _row("T19", A.REQUEST_PAYMENT,       [S.IN_PROGRESS],             S.AWAITING_PAYMENT,     [R.RECEPTIONIST],         clock=C.PAUSE, paper=P.PAYMENT_NOTICE, **_COUNTER),
    _row("T20", A.CONFIRM_PAYMENT,       [S.AWAITING_PAYMENT],        S.IN_PROGRESS,          [R.RECEPTIONIST, R.SYSTEM], clock=C.RESUME, **_COUNTER),
    _row("T20", A.CONFIRM_PAYMENT,       [S.AWAITING_PAYMENT],        S.AWAITING_SIGNATURE,   [R.RECEPTIONIST, R.SYSTEM], clock=C.RESUME, **_COUNTER),
    _row("T21", A.LAPSE_PAYMENT,         [S.AWAITING_PAYMENT],        S.STOPPED,              [R.SIGNER],               [R.SYSTEM], clock=C.STOP, paper=P.STOP_NOTICE, move=Move.TO_COUNTER),
    _row("T22", A.SUSPEND,               PROCESSING,                  S.SUSPENDED,            [R.SIGNER],               [R.SPECIALIST, R.HEAD], clock=C.PAUSE, needs_reason=True, paper=P.SUSPENSION_NOTICE),
    _row("T23", A.RESUME,                [S.SUSPENDED],               Aim.PREVIOUS,           [R.HEAD, R.SIGNER],       clock=C.RESUME),
    _row("T24", A.EXTEND,                PROCESSING,                  Aim.SAME,               [R.SIGNER, R.HEAD],       [R.SPECIALIST, R.HEAD], needs_reason=True, paper=P.APOLOGY),
    _row("T25", A.PROPOSE,               [S.IN_PROGRESS],             S.AWAITING_SIGNATURE,   [R.SPECIALIST]),
    _row("T26", A.SEND_BACK,             [S.AWAITING_SIGNATURE],      S.IN_PROGRESS,          [R.SIGNER, R.HEAD],       needs_reason=True),
    _row("T27", A.APPROVE,               [S.AWAITING_SIGNATURE],      S.SIGNED,               [R.SIGNER]),
    _row("T28", A.PUBLISH,               [S.SIGNED],                  S.SETTLED,              [R.CLERK],                clock=C.STOP, move=Move.TO_COUNTER),
    _row("T29", A.RETURN_RESULT,         [S.SETTLED],                 S.RETURNED,             [R.RETURNER, R.COURIER, R.SYSTEM], **_COUNTER),
    _row("T30", A.REMIND_COLLECTION,     [S.SETTLED],                 Aim.SAME,               [R.RETURNER, R.SYSTEM],   **_COUNTER),
    _row("T31", A.REQUEST_WITHDRAWAL,    _WITHDRAWABLE,               S.WITHDRAWAL_REQUESTED, _CITIZEN,                 needs_reason=True, move=Move.TO_COMPETENT, **_COUNTER),
    _row("T32", A.GRANT_WITHDRAWAL,      [S.WITHDRAWAL_REQUESTED],    S.WITHDRAWN,            [R.HEAD, R.SIGNER],       clock=C.STOP, paper=P.STOP_NOTICE, move=Move.TO_COUNTER),
    _row("T33", A.REFUSE_WITHDRAWAL,     [S.WITHDRAWAL_REQUESTED],    Aim.PREVIOUS,           [R.HEAD],                 needs_reason=True, paper=P.WITHDRAWAL_REFUSAL),
    _row("T34", A.PROPOSE_DENIAL,        [S.IN_PROGRESS],             S.AWAITING_SIGNATURE,   [R.SPECIALIST],           needs_reason=True),
    _row("T35", A.STOP,                  PROCESSING,                  S.STOPPED,              [R.SIGNER],               [R.SPECIALIST, R.HEAD], clock=C.STOP, needs_reason=True, paper=P.STOP_NOTICE, move=Move.TO_COUNTER),
    _row("T36", A.CORRECT_RESULT,        [S.SETTLED, S.RETURNED],     Aim.SAME,               [R.HEAD],                 needs_reason=True, **_COMPETENT),
    _row("T36", A.CORRECT_RESULT,        [],                          S.AWAITING_ASSIGNMENT,  [R.HEAD],                 clock=C.START, paper=P.RECEIPT, needs_reason=True, **_COMPETENT),
    _row("T37", A.REOPEN,                _ANY_BUT_DRAFT,              Aim.CHOSEN,             [R.SUPERVISOR, R.REFORM_OFFICER], [R.SUPERVISOR, R.REFORM_OFFICER], needs_reason=True, place=Place.PROVINCE, move=Move.TO_NAMED),
    # Beside the law's table (domain.md 2.5 guard c: no act without an event).
    _row("B1",  A.ASK_APPROVAL,          _ANY_BUT_DRAFT,              Aim.SAME,               []),
    _row("B2",  A.DECLINE,               _ANY_BUT_DRAFT,              Aim.SAME,               [],                       needs_reason=True),
    _row("B3",  A.REMIND_APPLICANT,      _WAITING_FOR_APPLICANT,      Aim.SAME,               [R.RECEPTIONIST, R.SYSTEM], **_COUNTER),
    _row("B4",  A.ADJUST_DUE,            _RUNNING,                    Aim.SAME,               [R.REFORM_OFFICER, R.SYSTEM], needs_reason=True, place=Place.PROVINCE),
    _row("B5",  A.MIRROR,                [*_RUNNING, S.SETTLED],      Aim.CHOSEN,             [R.SYSTEM],               needs_reason=True, move=Move.TO_NAMED),
    # Liên thông (domain.md 6.4): a chain follows its parts by itself, but for what failed in it.
    _row("B6",  A.OPEN_PART,             [],                          S.AWAITING_ASSIGNMENT,  [R.SYSTEM],               clock=C.START),
    _row("B6",  A.OPEN_PART,             [S.RECEIVED, *_ENDED],       S.IN_PROGRESS,          [R.SYSTEM]),
    _row("B6",  A.OPEN_PART,             [S.IN_PROGRESS],             Aim.SAME,               [R.SYSTEM]),
    _row("B7",  A.CLOSE_CHAIN,           [S.IN_PROGRESS],             S.SETTLED,              [R.SYSTEM],               clock=C.STOP, move=Move.TO_COUNTER),
    _row("B8",  A.DECIDE_CHAIN,          [S.IN_PROGRESS],             Aim.CHOSEN,             [R.HEAD],                 needs_reason=True),
    # Who asked (B1) takes it back before it is decided.
    _row("B9",  A.RETRACT,               _ANY_BUT_DRAFT,              Aim.SAME,               []),
    # Money moves no dossier and is never lost (domain.md 2.1, rule 25): what is not the whole of
    # T20, or comes when nothing is waited for, is written down where the dossier stands.
    _row("B10", A.RECORD_PAYMENT,        _ANY_BUT_DRAFT,              Aim.SAME,               [R.RECEPTIONIST, R.RETURNER, R.SYSTEM], **_COUNTER),
)
# fmt: on

# domain.md 2.3: 3, 10, 7, 8 are ends; only T36 beside it and T37 by two people lead on from them.
FINAL_STATES = frozenset({S.REFUSED, S.RETURNED, S.WITHDRAWN, S.STOPPED})
# Before acceptance: not counted as received (domain.md 2.3, states 1 and 3).
INTAKE_STATES = frozenset({S.DRAFT, S.SUBMITTED, S.AWAITING_COMPLETION, S.REFUSED})
# The clock stands while the applicant (or a court) holds the ball (domain.md 3.5).
PAUSED_STATES = frozenset({S.AWAITING_SUPPLEMENT, S.AWAITING_PAYMENT, S.SUSPENDED})
# The result exists or never will: the agency's time is over (domain.md 3.6).
ENDED_STATES = frozenset(_ENDED)
RUNNING_STATES = frozenset(State) - INTAKE_STATES - ENDED_STATES


class IllegalTransitionError(Exception):
    """The act is not open to this actor in this state."""

    def __init__(self, act: Act, state: State | None) -> None:
        super().__init__(f"{act} is not open in {state}")
        self.act = act
        self.state = state


@dataclass(frozen=True, slots=True)
class Standing:
    """The roles an actor holds in the agencies that a dossier knows, and over all of them."""

    at_holder: frozenset[Role] = frozenset()
    at_counter: frozenset[Role] = frozenset()
    at_competent: frozenset[Role] = frozenset()
    at_consulted: frozenset[Role] = frozenset()
    in_province: frozenset[Role] = frozenset()

    def at(self, place: Place) -> frozenset[Role]:
        """Return the roles that count for an act done in a place."""
        match place:
            case Place.HOLDER:
                return self.at_holder
            case Place.COUNTER:
                return self.at_holder | self.at_counter
            case Place.COMPETENT:
                return self.at_competent
            case Place.CONSULTED:
                return self.at_consulted
            case Place.PROVINCE:
                return self.in_province

    def roles_for(self, row: Transition) -> frozenset[Role]:
        return self.at(row.place) & row.roles


# The machine stands everywhere; what it may do is what the table gives R14.
MACHINE = Standing(*[frozenset({Role.SYSTEM})] * 5)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the guards of domain.md 2.5 ask of a dossier beyond its state, and its version's rules."""

    is_received: bool = True
    settles_at_once: bool = False
    supplement_rounds: int = 0
    fee_outstanding: bool = False
    # Who decides, where the law leaves it open: data on the procedure version.
    supplement_by: Role = Role.SPECIALIST
    further_supplement_by: Role = Role.HEAD
    apology_by: Role = Role.SIGNER
    signs_after_payment: bool = False
    # A ministry's own system settles it and the province only tracks (domain.md 6.4).
    is_tracked_only: bool = False
    is_extended: bool = False
    reply_is_overdue: bool = False
    # Told at least as long before a lapse as the version says (T18, T21).
    is_reminded: bool = False
    # A new dossier is to correct its result (T36).
    is_being_corrected: bool = False
    is_notice_served: bool = False
    open_consultations: int = 0
    # The acts put before those who decide them, each with the role of who put it.
    asked: tuple[tuple[str, str], ...] = ()
    # A chain and how its parts stand (domain.md 6.4).
    is_chain: bool = False
    parts_open: int = 0
    parts_settled: int = 0
    parts_undecided: int = 0

    def role_that_asked(self, act: Act) -> str:
        """Return the role in which an act was put before those who decide it, empty if none was."""
        return next((role for asked, role in self.asked if asked == act), "")


@dataclass(frozen=True, slots=True)
class Opening:
    """A row that is open to an actor, and the roles by which it is."""

    row: Transition
    roles: frozenset[Role] = field(default_factory=frozenset)

    @property
    def role(self) -> Role:
        """The role to name in the event: the first the table lists among those held."""
        return min(self.roles, key=list(Role).index)


# Who may decide what may be decided by those below.
_AND_ABOVE: dict[Role, frozenset[Role]] = {
    Role.SPECIALIST: frozenset({Role.SPECIALIST, Role.HEAD, Role.SIGNER}),
    Role.HEAD: frozenset({Role.HEAD, Role.SIGNER}),
    Role.SIGNER: frozenset({Role.SIGNER}),
}
# What the province still does with a dossier that a ministry's system settles: it takes it in,
# sends it on, hands the result over and writes down what the other system says.
_OF_TRACKED = frozenset(
    {
        A.SAVE_DRAFT, A.SUBMIT, A.REGISTER, A.RECEIVE, A.REQUEST_COMPLETION, A.RESUBMIT,
        A.LAPSE_COMPLETION, A.REFUSE, A.CANCEL, A.TRANSFER, A.RETURN_RESULT, A.REMIND_COLLECTION,
        A.REMIND_APPLICANT, A.ADJUST_DUE, A.MIRROR, A.RECORD_PAYMENT,
    }
)  # fmt: skip
# What is done with a chain itself: it is taken in, withdrawn, promised and handed over as one. The
# work is done on its parts.
_OF_CHAIN = frozenset(
    {
        A.SAVE_DRAFT, A.SUBMIT, A.REGISTER, A.RECEIVE, A.REQUEST_COMPLETION, A.RESUBMIT,
        A.LAPSE_COMPLETION, A.REFUSE, A.CANCEL, A.EXTEND, A.RETURN_RESULT, A.REMIND_COLLECTION,
        A.REQUEST_WITHDRAWAL, A.GRANT_WITHDRAWAL, A.REFUSE_WITHDRAWAL, A.ASK_APPROVAL, A.DECLINE,
        A.RETRACT, A.REMIND_APPLICANT, A.ADJUST_DUE, A.OPEN_PART, A.CLOSE_CHAIN, A.DECIDE_CHAIN,
        A.RECORD_PAYMENT,
    }
)  # fmt: skip
_OF_CHAIN_ALONE = frozenset({A.CLOSE_CHAIN, A.DECIDE_CHAIN})


def _deciders(row: Transition, facts: Facts) -> frozenset[Role]:
    """Return the roles that decide by a row, as the version says where the law leaves it open."""
    if row.act is Act.REQUEST_SUPPLEMENT:
        by = facts.further_supplement_by if facts.supplement_rounds else facts.supplement_by
        return row.roles & _AND_ABOVE[by]
    if row.act is Act.EXTEND:
        return row.roles & _AND_ABOVE[facts.apology_by]
    if row.act is Act.REOPEN:
        # Two people in two roles: the second decides what the first has asked for.
        first = facts.role_that_asked(Act.REOPEN)
        return frozenset({Role.SUPERVISOR, Role.REFORM_OFFICER} - {first} if first else ())
    if row.act is Act.RECORD_PAYMENT and not facts.fee_outstanding:
        # A counter takes only what is owed; what another system took cannot be refused any more.
        return frozenset({Role.SYSTEM})
    return row.roles


def _guard_passes(row: Transition, state: State | None, facts: Facts) -> bool:
    """Tell whether what the dossier is lets the row happen, whoever acts."""
    if facts.is_tracked_only and row.act not in _OF_TRACKED:
        return False
    if facts.is_chain:
        if row.act not in _OF_CHAIN:
            return False
    elif row.act in _OF_CHAIN_ALONE or (row.act is Act.OPEN_PART and row.sources):
        return False
    match row.act:
        case Act.GRANT_WITHDRAWAL if facts.is_chain:
            # Each part answers first; what has a result is not withdrawn (T32).
            return not facts.parts_open and not facts.parts_settled
        case Act.REFUSE_WITHDRAWAL if facts.is_chain:
            return bool(facts.parts_open or facts.parts_settled)
        case Act.DECIDE_CHAIN:
            return bool(facts.parts_undecided)
        case Act.SETTLE_AT_ONCE:
            return facts.settles_at_once
        case Act.MIRROR:
            return facts.is_tracked_only
        case Act.EXTEND:
            return not facts.is_extended
        case Act.RETURN_RESULT | Act.REMIND_COLLECTION:
            # Whoever came for it would take the wrong one home; the new one is handed over (T36).
            return not facts.is_being_corrected
        case Act.REOPEN:
            return bool(ways_to_reopen(state, is_received=facts.is_received))
        case Act.LAPSE_COMPLETION:
            return facts.reply_is_overdue
        case Act.LAPSE_PAYMENT:
            return facts.reply_is_overdue and facts.is_notice_served
        case Act.RECORD_PAYMENT:
            # Where a payment is waited for, T20 takes it and sees whether it is all of it.
            return state is not State.AWAITING_PAYMENT or facts.is_tracked_only
        case Act.LAPSE_SUPPLEMENT:
            return facts.reply_is_overdue and facts.is_reminded
        case Act.ANSWER_CONSULTATION:
            is_last = facts.open_consultations <= 1
            return is_last is (row.target is not Aim.SAME)
        case Act.CONFIRM_PAYMENT:
            return facts.signs_after_payment is (row.target is State.AWAITING_SIGNATURE)
    return True


def check(
    act: Act, *, state: State | None, standing: Standing, facts: Facts | None = None
) -> Opening:
    """Return the row that lets the act happen; raise IllegalTransitionError when none does.

    `state` is None for an act that makes the dossier.
    """
    known = facts or Facts()
    for row in TRANSITIONS:
        if row.act is not act or (state not in row.sources if state else row.sources):
            continue
        roles = standing.roles_for(row) & _deciders(row, known)
        if roles and _guard_passes(row, state, known):
            return Opening(row, roles)
    raise IllegalTransitionError(act, state)


def check_asking(
    act: Act, *, state: State, standing: Standing, facts: Facts | None = None
) -> Opening:
    """Return the row of B1 by which an actor puts an act before those who decide it.

    Raises IllegalTransitionError when it is not theirs to ask, when they may decide it themselves,
    or when the same is asked already.
    """
    known = facts or Facts()
    if act in acts_to_ask(state, standing, known):
        for row in TRANSITIONS:
            if row.act is act and state in row.sources:
                return Opening(_ASKING, standing.at(row.place) & row.proposers)
    raise IllegalTransitionError(Act.ASK_APPROVAL, state)


def check_declining(act: Act, *, state: State, standing: Standing, facts: Facts) -> Opening:
    """Return the row of B2 by which who decides an act that is asked for declines it.

    Raises IllegalTransitionError when it is not asked for, or not theirs to decide.
    """
    if facts.role_that_asked(act) and act in acts_open_to(state, standing, facts):
        opening = check(act, state=state, standing=standing, facts=facts)
        return Opening(_DECLINING, opening.roles)
    raise IllegalTransitionError(Act.DECLINE, state)


def check_retracting(act: Act, *, state: State, standing: Standing, facts: Facts) -> Opening:
    """Return the row of B9 by which an act is asked for no more; who asked is asked of the dossier.

    Raises IllegalTransitionError when it is not asked for, or no role of theirs may ask for it.
    """
    if facts.role_that_asked(act):
        for row in TRANSITIONS:
            roles = standing.at(row.place) & row.proposers
            if row.act is act and state in row.sources and roles:
                return Opening(_RETRACTING, roles)
    raise IllegalTransitionError(Act.RETRACT, state)


def part_payment(opening: Opening) -> Opening:
    """Return the row of B10 for a payment that does not do what T20 wants, by the same roles."""
    return Opening(_BOOKING, opening.roles)


_BOOKING = next(row for row in TRANSITIONS if row.act is Act.RECORD_PAYMENT)
_ASKING = next(row for row in TRANSITIONS if row.act is Act.ASK_APPROVAL)
_DECLINING = next(row for row in TRANSITIONS if row.act is Act.DECLINE)
_RETRACTING = next(row for row in TRANSITIONS if row.act is Act.RETRACT)


def acts_open_to(state: State, standing: Standing, facts: Facts | None = None) -> list[Act]:
    """Return the acts an actor may do now, in the order of the table."""
    return list(_acts_open_to(state, standing, facts or Facts()))


@functools.lru_cache(maxsize=4096)  # a list asks the same of most of its rows
def _acts_open_to(state: State, standing: Standing, facts: Facts) -> tuple[Act, ...]:
    found: list[Act] = []
    for row in TRANSITIONS:
        if row.act in found or state not in row.sources:
            continue
        if standing.roles_for(row) & _deciders(row, facts) and _guard_passes(row, state, facts):
            found.append(row.act)
    return tuple(found)


@functools.lru_cache(maxsize=4096)
def acts_to_ask(state: State, standing: Standing, facts: Facts) -> tuple[Act, ...]:
    """Return the acts an actor may put before those who decide them, in the order of the table.

    What is asked for already is not asked for twice.
    """
    found: list[Act] = []
    for row in TRANSITIONS:
        if row.act in found or state not in row.sources or not _guard_passes(row, state, facts):
            continue
        if facts.role_that_asked(row.act):
            continue
        held = standing.at(row.place)
        if held & row.proposers and not held & _deciders(row, facts):
            found.append(row.act)
    return tuple(found)


def is_told(before: str, after: str) -> bool:
    """Tell whether other systems hear of an act: never of a draft, nor that one was thrown away.

    domain.md 2.4: a draft is never sent; T10 deletes what was not submitted.
    """
    return after != State.DRAFT and (before, after) != (State.DRAFT, State.WITHDRAWN)


@functools.cache
def place_of(act: Act, state: State) -> Place | None:
    """Return where the role of an act that is asked for must be held; None where it leads nowhere."""
    return next((row.place for row in TRANSITIONS if row.act is act and state in row.sources), None)


@functools.cache
def needs_reason(act: Act, state: State) -> bool:
    """Tell whether an act may not be done in a state without saying why."""
    return any(row.needs_reason for row in TRANSITIONS if row.act is act and state in row.sources)


def leads_on(act: Act, state: State) -> bool:
    """Tell whether the table knows the act in a state, whoever does it."""
    return any(row.act is act and state in row.sources for row in TRANSITIONS)


def target_of(
    row: Transition, state: State, *, previous: str, chosen: State | None, is_received: bool
) -> State:
    """Return the state a row leads to from a state.

    Raises ValueError when the row wants a state to be chosen and none is, or one it may not be.
    """
    if isinstance(row.target, State):
        return row.target
    if row.target is Aim.SAME:
        return state
    if row.target is Aim.PREVIOUS:
        return State(previous)
    if chosen is None or (
        row.act is Act.REOPEN and chosen not in ways_to_reopen(state, is_received=is_received)
    ):
        raise ValueError(chosen)
    return chosen


def ways_to_reopen(state: State | None, *, is_received: bool) -> tuple[State, ...]:
    """Return the states T37 may lead back to from a state: never one that skips the acceptance.

    What was never received goes back before acceptance, what was received never does; a hand-over
    written down by mistake goes back to waiting for it.
    """
    if state in INTAKE_STATES or not is_received:
        return (State.SUBMITTED,) if state in {State.REFUSED, State.WITHDRAWN} else ()
    back = tuple(
        found for found in REOPENED_TO if found not in {State.SUBMITTED, State.SETTLED, state}
    )
    return (*back, State.SETTLED) if state is State.RETURNED else back


def national_status(state: State | str) -> int | None:
    """Return the number 1-10 of domain.md 2.3 for a state."""
    return NATIONAL_STATUS[State(state)]
