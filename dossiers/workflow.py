"""The life of a dossier as one table: acts, who may do them where, what the clock does, which paper.

Buttons, API, checks, tests and docs/workflow.md are all read from TRANSITIONS. Pure: no database,
no request. States, acts and national numbers: domain.md 2.3-2.5; the approvals and guards are a
synthesis of NĐ 61/2018 and NĐ 118/2025 practice, tagged there as not confirmed.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.roles import Role


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
    """Hành vi: the acts T01-T37 of domain.md 2.5; the labels are what a button says."""

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


class Place(StrEnum):
    """In which agency the actor must hold the role."""

    HOLDER = "holder"  # the agency that holds the dossier now: the rule of domain.md 2.5 (b)
    COUNTER = "counter"  # the receiving agency, or the holder: what the counter does for a citizen


class Move(StrEnum):
    """Who holds the dossier after the act."""

    STAY = "stay"
    TO_COUNTER = "to_counter"  # the receiving agency: papers to ask for, a result to hand over
    TO_COMPETENT = "to_competent"  # the settling agency


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table: an act from some states to one, by whom, with what consequences."""

    number: str  # T01-T37, domain.md 2.5
    act: Act
    sources: frozenset[State]  # empty: the act makes the dossier
    target: State
    roles: frozenset[Role]
    clock: ClockEffect = ClockEffect.NONE
    paper: PaperKind | None = None
    needs_reason: bool = False
    place: Place = Place.HOLDER
    move: Move = Move.STAY


def _row(
    number: str,
    act: Act,
    sources: list[State],
    target: State,
    roles: list[Role],
    **rest: ClockEffect | PaperKind | bool | Place | Move | None,
) -> Transition:
    return Transition(number, act, frozenset(sources), target, frozenset(roles), **rest)  # type: ignore[arg-type]


A, S, R, C, P = Act, State, Role, ClockEffect, PaperKind
_COUNTER = {"place": Place.COUNTER}

# "Processing states" of domain.md 2.4; T31 takes them without `signed`, with what waits.
PROCESSING = [S.AWAITING_ASSIGNMENT, S.IN_PROGRESS, S.CONSULTING, S.AWAITING_SIGNATURE, S.SIGNED]
_WITHDRAWABLE = [
    S.RECEIVED, S.AWAITING_ASSIGNMENT, S.IN_PROGRESS, S.CONSULTING, S.AWAITING_SIGNATURE,
    S.AWAITING_SUPPLEMENT, S.AWAITING_PAYMENT,
]  # fmt: skip

# Aligned by hand: it is a legal document. The rows of the acts still to come are added here and
# nowhere else; what is not in this table cannot happen.
# fmt: off
TRANSITIONS: tuple[Transition, ...] = (
    #            act                   from                         to                      by
    _row("T01", A.SAVE_DRAFT,          [],                          S.DRAFT,                [R.RECEPTIONIST, R.APPLICANT]),
    _row("T02", A.SUBMIT,              [],                          S.SUBMITTED,            [R.RECEPTIONIST, R.APPLICANT, R.REPRESENTATIVE]),
    _row("T02", A.SUBMIT,              [S.DRAFT],                   S.SUBMITTED,            [R.RECEPTIONIST, R.APPLICANT, R.REPRESENTATIVE]),
    _row("T03", A.REGISTER,            [],                          S.SUBMITTED,            [R.RECEPTIONIST]),
    _row("T03", A.REGISTER,            [S.DRAFT],                   S.SUBMITTED,            [R.RECEPTIONIST]),
    _row("T04", A.RECEIVE,             [S.SUBMITTED],               S.RECEIVED,             [R.RECEPTIONIST],         clock=C.START, paper=P.RECEIPT),
    _row("T05", A.SETTLE_AT_ONCE,      [S.SUBMITTED],               S.SETTLED,              [R.RECEPTIONIST],         clock=C.START_STOP),
    _row("T06", A.REQUEST_COMPLETION,  [S.SUBMITTED],               S.AWAITING_COMPLETION,  [R.RECEPTIONIST],         needs_reason=True, paper=P.SUPPLEMENT_REQUEST),
    _row("T07", A.RESUBMIT,            [S.AWAITING_COMPLETION],     S.SUBMITTED,            [R.RECEPTIONIST, R.APPLICANT]),
    _row("T09", A.REFUSE,              [S.SUBMITTED],               S.REFUSED,              [R.RECEPTIONIST],         needs_reason=True, paper=P.REFUSAL),
    _row("T11", A.TRANSFER,            [S.RECEIVED],                S.AWAITING_ASSIGNMENT,  [R.RECEPTIONIST],         move=Move.TO_COMPETENT),
    _row("T12", A.ASSIGN,              [S.AWAITING_ASSIGNMENT],     S.IN_PROGRESS,          [R.HEAD]),
    _row("T16", A.REQUEST_SUPPLEMENT,  [S.IN_PROGRESS],             S.AWAITING_SUPPLEMENT,  [R.SPECIALIST, R.HEAD],   clock=C.PAUSE, needs_reason=True, paper=P.SUPPLEMENT_REQUEST),
    _row("T17", A.ACCEPT_SUPPLEMENT,   [S.AWAITING_SUPPLEMENT],     S.IN_PROGRESS,          [R.RECEPTIONIST],         clock=C.RESUME, **_COUNTER),
    _row("T25", A.PROPOSE,             [S.IN_PROGRESS],             S.AWAITING_SIGNATURE,   [R.SPECIALIST]),
    _row("T26", A.SEND_BACK,           [S.AWAITING_SIGNATURE],      S.IN_PROGRESS,          [R.SIGNER, R.HEAD],       needs_reason=True),
    _row("T27", A.APPROVE,             [S.AWAITING_SIGNATURE],      S.SIGNED,               [R.SIGNER]),
    _row("T28", A.PUBLISH,             [S.SIGNED],                  S.SETTLED,              [R.CLERK],                clock=C.STOP, move=Move.TO_COUNTER),
    _row("T29", A.RETURN_RESULT,       [S.SETTLED],                 S.RETURNED,             [R.RETURNER],             **_COUNTER),
    _row("T31", A.REQUEST_WITHDRAWAL,  _WITHDRAWABLE,               S.WITHDRAWAL_REQUESTED, [R.RECEPTIONIST, R.APPLICANT, R.REPRESENTATIVE], needs_reason=True, move=Move.TO_COMPETENT, **_COUNTER),
    _row("T32", A.GRANT_WITHDRAWAL,    [S.WITHDRAWAL_REQUESTED],    S.WITHDRAWN,            [R.HEAD, R.SIGNER],       clock=C.STOP, paper=P.STOP_NOTICE, move=Move.TO_COUNTER),
    _row("T35", A.STOP,                PROCESSING,                  S.STOPPED,              [R.SIGNER],               clock=C.STOP, needs_reason=True, paper=P.STOP_NOTICE, move=Move.TO_COUNTER),
)
# fmt: on

# Derived, never maintained by hand. A state without a way on is final.
FINAL_STATES = frozenset(
    {S.REFUSED, S.RETURNED, S.WITHDRAWN, S.STOPPED}
)  # domain.md 2.3: 3, 10, 7, 8 are ends
# Before acceptance: not counted as received (domain.md 2.3, states 1 and 3).
INTAKE_STATES = frozenset({S.DRAFT, S.SUBMITTED, S.AWAITING_COMPLETION, S.REFUSED})
# The clock stands while the applicant (or a court) holds the ball (domain.md 3.5).
PAUSED_STATES = frozenset({S.AWAITING_SUPPLEMENT, S.AWAITING_PAYMENT, S.SUSPENDED})
# The result exists or never will: the agency's time is over (domain.md 3.6).
ENDED_STATES = frozenset({S.SETTLED, S.RETURNED, S.WITHDRAWN, S.STOPPED})
RUNNING_STATES = frozenset(State) - INTAKE_STATES - ENDED_STATES


class IllegalTransitionError(Exception):
    """The act is not open to this actor in this state."""

    def __init__(self, act: Act, state: State | None) -> None:
        super().__init__(f"{act} is not open in {state}")
        self.act = act
        self.state = state


@dataclass(frozen=True, slots=True)
class Standing:
    """The roles an actor holds in the agency that holds the dossier, and in the receiving one."""

    at_holder: frozenset[Role] = frozenset()
    at_counter: frozenset[Role] = frozenset()

    def roles_for(self, row: Transition) -> frozenset[Role]:
        if row.place is Place.COUNTER:
            return (self.at_holder | self.at_counter) & row.roles
        return self.at_holder & row.roles


@dataclass(frozen=True, slots=True)
class Facts:
    """What the guards of domain.md 2.5 ask of a dossier beyond its state."""

    settles_at_once: bool = False
    supplement_rounds: int = 0
    fee_outstanding: bool = False


@dataclass(frozen=True, slots=True)
class Opening:
    """A row that is open to an actor, and the roles by which it is."""

    row: Transition
    roles: frozenset[Role] = field(default_factory=frozenset)

    @property
    def role(self) -> Role:
        """The role to name in the event: the first the table lists among those held."""
        return min(self.roles, key=list(Role).index)


def _guard_passes(row: Transition, roles: frozenset[Role], facts: Facts) -> bool:
    if row.act is Act.SETTLE_AT_ONCE:
        return facts.settles_at_once
    if row.act is Act.REQUEST_SUPPLEMENT and facts.supplement_rounds:
        # T16: the first time only without extra approval; from the second on the head decides.
        return Role.HEAD in roles
    return True


def check(
    act: Act, *, state: State | None, standing: Standing, facts: Facts | None = None
) -> Opening:
    """Return the row that lets the act happen; raise IllegalTransitionError when none does.

    `state` is None for an act that makes the dossier.
    """
    for row in TRANSITIONS:
        if row.act is not act or (state not in row.sources if state else row.sources):
            continue
        roles = standing.roles_for(row)
        if roles and _guard_passes(row, roles, facts or Facts()):
            if act is Act.REQUEST_SUPPLEMENT and facts and facts.supplement_rounds:
                roles = frozenset({Role.HEAD})
            return Opening(row, roles)
    raise IllegalTransitionError(act, state)


def acts_open_to(state: State, standing: Standing, facts: Facts | None = None) -> list[Act]:
    """Return the acts an actor may do now, in the order of the table."""
    return list(_acts_open_to(state, standing, facts or Facts()))


@functools.lru_cache(maxsize=1024)  # a list asks the same of most of its rows
def _acts_open_to(state: State, standing: Standing, facts: Facts) -> tuple[Act, ...]:
    found: list[Act] = []
    for row in TRANSITIONS:
        if row.act in found or state not in row.sources:
            continue
        roles = standing.roles_for(row)
        if roles and _guard_passes(row, roles, facts):
            found.append(row.act)
    return tuple(found)


def national_status(state: State | str) -> int | None:
    """Return the number 1-10 of domain.md 2.3 for a state."""
    return NATIONAL_STATUS[State(state)]
