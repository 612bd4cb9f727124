"""The internal steps of a procedure as a graph: what is wrong with it, where a dossier is in it.

Pure: no database, no request. Times are whole working minutes. A step covers one state of
dossiers.workflow; the law's table stays the only judge of what may happen (domain.md 3.11, 6.3).
"""

from __future__ import annotations

import functools
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.roles import Role
from dossiers.workflow import (
    ENDED_STATES,
    FINAL_STATES,
    PAUSED_STATES,
    RUNNING_STATES,
    TRANSITIONS,
    Act,
    Aim,
    State,
    national_status,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CHANNELS = ("in_person", "online", "post")
# domain.md 6.3: a process ends in these national states only.
NATIONAL_ENDS = frozenset({9, 8, 3, 7})
# A dossier begins where it lies before or at its acceptance.
FIRST_STATES = frozenset({State.SUBMITTED, State.RECEIVED})
# The committed time runs in these alone: it neither began before, nor stands, nor is over.
COUNTED_STATES = RUNNING_STATES - PAUSED_STATES - {State.WITHDRAWAL_REQUESTED}
# What stops a step for a while and gives it back.
INTERRUPTING_STATES = PAUSED_STATES | {State.WITHDRAWAL_REQUESTED}
INTAKE_MINUTES = 8 * 60  # domain.md 3.2: a submission is answered within 8 working hours
# Acts that lead elsewhere than the course of a dossier: no step is built on them.
_OFF_COURSE = frozenset(
    {
        Act.REOPEN,
        Act.MIRROR,
        Act.ADJUST_DUE,
        Act.ASK_APPROVAL,
        Act.DECLINE,
        Act.RETRACT,
        Act.CORRECT_RESULT,
    }
)
# Where the fee is taken by each rule (domain.md 6.2: 1, 2, 4; and T19).
FEE_STATES: dict[str, frozenset[State]] = {
    "at_reception": frozenset({State.SUBMITTED, State.RECEIVED}),
    "at_supplement": frozenset({State.AWAITING_SUPPLEMENT}),
    "in_processing": frozenset({State.AWAITING_PAYMENT}),
    "at_return": frozenset({State.SETTLED}),
}
FORWARD, PARALLEL, REWORK = "forward", "parallel", "rework"


@dataclass(frozen=True, slots=True)
class Branch:
    """A way from one step to another: taken alone, together with others, or back to do it again."""

    to: str
    kind: str = FORWARD
    condition: str = ""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step as the graph sees it; `minutes` by channel in the order of CHANNELS."""

    code: str
    name: str
    role: Role
    state: State
    minutes: tuple[int, int, int] = (0, 0, 0)
    unit: str = "settling"
    agency_id: int | None = None
    may_pause: bool = True
    takes_fee: bool = False
    signs: bool = False
    branches: tuple[Branch, ...] = ()

    @property
    def leads_to(self) -> tuple[str, ...]:
        """The steps that follow, without those it goes back to."""
        return tuple(branch.to for branch in self.branches if branch.kind != REWORK)


@dataclass(frozen=True, slots=True)
class Fault:
    """What keeps a process from being published; `code` names the step, empty: the whole of it."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Stage:
    """The steps a dossier is in at once: one state, entered together and going on within it."""

    state: State
    codes: tuple[str, ...]
    name: str
    minutes: tuple[int, int, int]
    may_pause: bool

    def allotted(self, channel: str) -> int:
        """Return the working minutes the longest way through the stage may take."""
        return self.minutes[CHANNELS.index(channel)]


@dataclass(frozen=True, slots=True)
class Position:
    """Where the events leave a dossier: its stage, since which event, in which it stood still."""

    stage: Stage
    since: int
    # Pairs of events between which the clock stood; an open one ends with None.
    pauses: tuple[tuple[int, int | None], ...] = ()


class Plan:
    """The steps of one process, in their order; read many times, changed never."""

    def __init__(self, steps: Sequence[PlannedStep]) -> None:
        self.steps = tuple(steps)
        self.by_code = {step.code: step for step in self.steps}
        self.states = frozenset(step.state for step in self.steps)
        # A list of fifty dossiers has a dozen histories: each is read once by each process.
        self.position_after = functools.lru_cache(maxsize=2048)(self._position_after)

    @property
    def starts(self) -> list[PlannedStep]:
        reached = {code for step in self.steps for code in step.leads_to}
        return [step for step in self.steps if step.code not in reached]

    @property
    def has_circle(self) -> bool:
        return bool(_circle(self))

    def levels(self) -> list[list[PlannedStep]]:
        """Return the steps by how far they are from the start, for a drawing; all in a circle last."""
        depth: dict[str, int] = {}
        waiting = deque((step.code, 0) for step in self.starts)
        most = len(self.steps)
        while waiting:
            code, far = waiting.popleft()
            if code in self.by_code and depth.get(code, -1) < far < most:
                depth[code] = far
                waiting.extend((to, far + 1) for to in self.by_code[code].leads_to)
        last = max(depth.values(), default=-1) + 1
        found: dict[int, list[PlannedStep]] = {}
        for step in self.steps:
            found.setdefault(depth.get(step.code, last), []).append(step)
        return [found[far] for far in sorted(found)]

    def longest(
        self, start: str, channel: int, *, within: frozenset[str] | None = None
    ) -> tuple[int, list[str]]:
        """Return the most minutes a way from a step may take, and the steps on that way.

        Only for a graph without a circle. `within` keeps to some of the steps, which then all
        count; else those count in which the committed time runs.
        """
        best: dict[str, tuple[int, list[str]]] = {}

        def from_step(code: str) -> tuple[int, list[str]]:
            if code not in best:
                step = self.by_code[code]
                counts = within is not None or step.state in COUNTED_STATES
                ways = [
                    from_step(to)
                    for to in step.leads_to
                    if to in self.by_code and (within is None or to in within)
                ]
                most, way = max(ways, key=lambda found: found[0], default=(0, []))
                best[code] = (most + (step.minutes[channel] if counts else 0), [code, *way])
            return best[code]

        return from_step(start)

    def _position_after(self, states: tuple[str, ...]) -> Position | None:
        """Return where a dossier is that went through these states, one for each event.

        None between two steps and at the end: nobody's step runs then.
        """
        stage: Stage | None = None
        since = 0
        pauses: list[tuple[int, int | None]] = []
        stands_since: int | None = None
        runs = False
        before = ""
        for index, value in enumerate(states):
            if value == before:
                continue
            before, state = value, State(value)
            if state in INTERRUPTING_STATES and stage is not None:
                if runs and stands_since is None:
                    stands_since = index
                continue
            if stage is not None and runs and state == stage.state:
                if stands_since is not None:
                    pauses.append((stands_since, index))
                    stands_since = None
                continue
            if state is State.CONSULTING and state not in self.states:
                continue  # asked within the step: no clock stands for it (domain.md 3.5)
            stands_since = None
            runs = state in self.states
            if runs:
                stage, since, pauses = self._enter(stage, state), index, []
        if stage is None or not runs or State(states[-1]) in ENDED_STATES:
            return None
        if stands_since is not None:
            pauses.append((stands_since, None))
        return Position(stage, since, tuple(pauses))

    def _enter(self, stage: Stage | None, state: State) -> Stage:
        """Return the stage a dossier comes into: the nearest steps of the state from where it was."""
        found: list[str] = []
        if stage is not None:
            found = self._nearest(stage.codes, state, back=False) or self._nearest(
                stage.codes, state, back=True
            )
        if not found:
            into = {
                to
                for step in self.steps
                if step.state == state
                for to in step.leads_to
                if self.by_code[to].state == state
            }
            # Where nothing leads there (a dossier moved by other acts), its first steps.
            found = [s.code for s in self.steps if s.state == state and s.code not in into][:1]
        return self._stage(tuple(found))

    def _nearest(self, codes: Iterable[str], state: State, *, back: bool) -> list[str]:
        level, seen = list(codes), set(codes)
        while level:
            following: list[str] = []
            for code in level:
                for branch in self.by_code[code].branches:
                    if branch.to not in seen and (back or branch.kind != REWORK):
                        seen.add(branch.to)
                        following.append(branch.to)
            found = [code for code in following if self.by_code[code].state == state]
            if found:
                return found
            level = following
        return []

    @functools.cached_property
    def _stages(self) -> dict[tuple[str, ...], Stage]:
        return {}

    def _stage(self, entries: tuple[str, ...]) -> Stage:
        if entries not in self._stages:
            state = self.by_code[entries[0]].state
            codes = list(entries)
            for code in codes:  # grows while it is read
                codes += [
                    to
                    for to in self.by_code[code].leads_to
                    if to not in codes and self.by_code[to].state == state
                ]
            within = frozenset(codes)
            steps = [step for step in self.steps if step.code in within]
            self._stages[entries] = Stage(
                state=state,
                codes=tuple(step.code for step in steps),
                name=", ".join(step.name for step in steps),
                minutes=(
                    max(self.longest(code, 0, within=within)[0] for code in entries),
                    max(self.longest(code, 1, within=within)[0] for code in entries),
                    max(self.longest(code, 2, within=within)[0] for code in entries),
                ),
                may_pause=all(step.may_pause for step in steps),
            )
        return self._stages[entries]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a process must agree with beyond itself.

    `limits` gives the most working minutes by channel (None: no limit); `empty_units` the names of
    agencies in which nobody holds the role of a step; `has_fee` whether the procedure costs
    something; `signs_after_payment` as the version says.
    """

    limits: Mapping[str, int | None]
    empty_units: Mapping[str, Sequence[str]]
    fee_rule: str = "none"
    has_fee: bool = False
    signs_after_payment: bool = False


def faults_in(plan: Plan, rules: Rules) -> list[Fault]:
    """Return what keeps a process from being published; nothing, when it may be (domain.md 6.3)."""
    if not plan.steps:
        return [Fault("", _("Quy trình chưa có bước nào."))]
    faults = _shape_faults(plan)
    if not faults:
        # Sums and ways make sense only in one connected graph without a circle.
        faults = [*_condition_faults(plan), *_join_faults(plan), *_time_faults(plan, rules)]
        faults += _fee_faults(plan, rules)
    faults += _state_faults(plan)
    faults += [
        _fault(
            step,
            _("chưa có ai giữ vai trò %(role)s ở %(agencies)s")
            % {
                "role": str(step.role.label).lower(),
                "agencies": _few(rules.empty_units[step.code]),
            },
        )
        for step in plan.steps
        if rules.empty_units.get(step.code)
    ]
    return faults


def _fault(step: PlannedStep, text: str) -> Fault:
    return Fault(
        step.code,
        _("Bước %(code)s “%(name)s”: %(text)s.")
        % {"code": step.code, "name": step.name, "text": text},
    )


def _few(names: Sequence[str]) -> str:
    """Name three at most and count the rest."""
    if len(names) <= 3:
        return ", ".join(names)
    return _("%(names)s và %(count)d cơ quan khác") % {
        "names": ", ".join(names[:3]),
        "count": len(names) - 3,
    }


def _shape_faults(plan: Plan) -> list[Fault]:
    """One start, everything reached from it, no circle, ends where the law has ends."""
    faults = [
        _fault(step, _("dẫn tới bước %(to)s không có trong quy trình") % {"to": branch.to})
        for step in plan.steps
        for branch in step.branches
        if branch.to not in plan.by_code
    ]
    if faults:
        return faults
    starts = plan.starts
    circle = _circle(plan)
    if circle:
        return [
            _fault(
                plan.by_code[circle[0]],
                _("nằm trong vòng lặp %(way)s; nhánh quay lại phải ghi là “trả lại”")
                % {"way": " → ".join([*circle, circle[0]])},
            )
        ]
    if len(starts) > 1:
        faults.append(
            Fault(
                "",
                _("Quy trình phải có đúng một bước đầu, hiện có %(count)d: %(codes)s.")
                % {"count": len(starts), "codes": ", ".join(step.code for step in starts)},
            )
        )
    elif starts[0].state not in FIRST_STATES:
        faults.append(
            _fault(
                starts[0],
                _("là bước đầu nên phải ở trạng thái “Chờ tiếp nhận” hoặc “Đã tiếp nhận”"),
            )
        )
    reached = _reached(plan, starts[0].code, frozenset())
    if len(starts) == 1:
        faults += [
            _fault(step, _("không nối với bước đầu"))
            for step in plan.steps
            if step.code not in reached
        ]
    ends = [step for step in plan.steps if not step.leads_to]
    faults += [
        _fault(
            step,
            _(
                "là bước cuối nhưng trạng thái “%(state)s” không phải trạng thái kết thúc "
                "(đã xử lý xong, dừng xử lý, không tiếp nhận, rút hồ sơ)"
            )
            % {"state": step.state.label},
        )
        for step in ends
        if national_status(step.state) not in NATIONAL_ENDS
    ]
    if not any(step.state is State.SETTLED for step in ends):
        faults.append(
            Fault("", _("Không bước cuối nào có kết quả (trạng thái “Chờ trả kết quả”)."))
        )
    return faults


def _circle(plan: Plan) -> list[str]:
    """Return a circle of steps that lead forward to one another, empty if there is none."""
    done: set[str] = set()

    def visit(code: str, way: list[str]) -> list[str]:
        if code in way:
            return way[way.index(code) :]
        if code in done:
            return []
        for to in plan.by_code[code].leads_to:
            found = visit(to, [*way, code]) if to in plan.by_code else []
            if found:
                return found
        done.add(code)
        return []

    for step in plan.steps:
        found = visit(step.code, [])
        if found:
            return found
    return []


def _reached(plan: Plan, start: str, without: frozenset[str]) -> set[str]:
    if start in without:
        return set()
    seen, waiting = {start}, deque([start])
    while waiting:
        for to in plan.by_code[waiting.popleft()].leads_to:
            if to not in seen and to not in without:
                seen.add(to)
                waiting.append(to)
    return seen


def _condition_faults(plan: Plan) -> list[Fault]:
    faults = []
    for step in plan.steps:
        choices = [branch for branch in step.branches if branch.kind == FORWARD]
        if len(choices) > 1 and not all(branch.condition.strip() for branch in choices):
            faults.append(
                _fault(
                    step,
                    _("có nhiều nhánh (%(codes)s) nên mỗi nhánh phải ghi khi nào đi nhánh đó")
                    % {"codes": ", ".join(branch.to for branch in choices)},
                )
            )
    return faults


def _join_faults(plan: Plan) -> list[Fault]:
    """What is done side by side must come together again before any end."""
    faults = []
    for step in plan.steps:
        together = [branch.to for branch in step.branches if branch.kind == PARALLEL]
        if len(together) == 1:
            faults.append(_fault(step, _("chỉ có một nhánh song song; cần ít nhất hai")))
        elif together and not any(
            _all_pass(plan, together, join.code) for join in plan.steps if join.code not in together
        ):
            faults.append(
                _fault(
                    step,
                    _("các nhánh song song %(codes)s không gặp lại nhau ở một bước")
                    % {"codes": ", ".join(together)},
                )
            )
    return faults


def _all_pass(plan: Plan, starts: Iterable[str], through: str) -> bool:
    """Tell whether every way from each of the steps to an end goes through a step."""
    return all(
        not any(
            not plan.by_code[code].leads_to for code in _reached(plan, start, frozenset({through}))
        )
        for start in starts
    )


def _time_faults(plan: Plan, rules: Rules) -> list[Fault]:
    faults = []
    start = plan.starts[0].code
    for place, channel in enumerate(CHANNELS):
        limit = rules.limits.get(channel)
        minutes, way = plan.longest(start, place)
        if limit is not None and minutes > limit:
            faults.append(
                Fault(
                    "",
                    _(
                        "Kênh %(channel)s: các bước %(way)s cộng lại %(sum)s giờ, "
                        "quá thời hạn %(limit)s giờ làm việc."
                    )
                    % {
                        "channel": channel_words(channel),
                        "way": " → ".join(way),
                        "sum": hours_text(minutes),
                        "limit": hours_text(limit),
                    },
                )
            )
    faults += [
        _fault(step, _("chưa ghi thời gian"))
        for step in plan.steps
        if step.state in COUNTED_STATES and step.role is not Role.SYSTEM and not min(step.minutes)
    ]
    faults += [
        _fault(step, _("trả lời việc nộp trong 8 giờ làm việc, không được dài hơn"))
        for step in plan.steps
        if step.state is State.SUBMITTED and max(step.minutes) > INTAKE_MINUTES
    ]
    return faults


def _fee_faults(plan: Plan, rules: Rules) -> list[Fault]:
    taking = [step for step in plan.steps if step.takes_fee]
    if rules.fee_rule not in FEE_STATES:
        if taking:
            return [_fault(step, _("thu phí nhưng quy trình ghi là không thu")) for step in taking]
        if rules.has_fee:
            return [
                Fault(
                    "", _("Thủ tục có phí, lệ phí: quy trình phải nêu khi nào thu và bước nào thu.")
                )
            ]
        return []
    if not taking:
        return [Fault("", _("Chưa có bước nào thu phí, lệ phí như quy trình nêu."))]
    faults = [
        _fault(
            step,
            _("thu phí ở trạng thái “%(state)s”, không đúng lúc quy trình nêu")
            % {"state": step.state.label},
        )
        for step in taking
        if step.state not in FEE_STATES[rules.fee_rule]
    ]
    # A supplement, and with it its fee, is asked of some only; any other fee is everybody's.
    codes = frozenset(step.code for step in taking)
    if rules.fee_rule != "at_supplement":
        free = _reached(plan, plan.starts[0].code, codes)
        faults += [
            _fault(plan.by_code[code], _("có kết quả mà không qua bước thu phí nào"))
            for code in sorted(free)
            if plan.by_code[code].state is State.SETTLED and not plan.by_code[code].leads_to
        ]
    if rules.signs_after_payment and rules.fee_rule == "in_processing":
        before = _reached(plan, plan.starts[0].code, codes)
        faults += [
            _fault(
                plan.by_code[code], _("phải sau bước thu phí: thủ tục nộp tiền xong mới trình ký")
            )
            for code in sorted(before)
            if plan.by_code[code].state is State.AWAITING_SIGNATURE
        ]
    return faults


def _state_faults(plan: Plan) -> list[Fault]:
    """The law's table must let each role work in its state, and lead from each state to the next."""
    faults = []
    for step in plan.steps:
        roles = working_roles(step.state)
        if (
            step.role is not Role.SYSTEM
            and step.state not in FINAL_STATES
            and step.role not in roles
        ):
            faults.append(
                _fault(
                    step,
                    _("vai trò %(role)s không có việc gì ở trạng thái “%(state)s”")
                    % {"role": str(step.role.label).lower(), "state": step.state.label},
                )
            )
        if step.state is State.AWAITING_SIGNATURE and not step.signs:
            faults.append(_fault(step, _("là bước ký nên phải nêu loại chữ ký")))
        for branch in step.branches:
            to = plan.by_code.get(branch.to)
            if to is not None and not _may_come(step.state, to.state, plan.states):
                faults.append(
                    _fault(
                        step,
                        _(
                            "không hành vi nào đưa hồ sơ từ “%(before)s” sang “%(after)s” (bước %(to)s)"
                        )
                        % {"before": step.state.label, "after": to.state.label, "to": to.code},
                    )
                )
    return faults


@functools.cache
def working_roles(state: State) -> frozenset[Role]:
    """Return the roles that do or ask for something in a state, by the table of the law."""
    return frozenset(
        role
        for row in TRANSITIONS
        if state in row.sources and row.act not in _OFF_COURSE
        for role in row.roles | row.proposers
    )


@functools.cache
def _moves(state: State) -> frozenset[State]:
    found: set[State] = set()
    for row in TRANSITIONS:
        if state not in row.sources or row.act in _OFF_COURSE:
            continue
        if isinstance(row.target, State):
            found.add(row.target)
        elif row.target is Aim.PREVIOUS:
            # Back to where it was interrupted, wherever the same row's act may interrupt.
            found |= COUNTED_STATES
    return frozenset(found)


@functools.cache
def _may_come(before: State, after: State, covered: frozenset[State]) -> bool:
    """Tell whether the table leads from a state to another, through none that has steps itself."""
    if before is after:
        return True
    seen, waiting = {before}, deque([before])
    while waiting:
        for state in _moves(waiting.popleft()):
            if state is after:
                return True
            if state not in seen and state not in covered:
                seen.add(state)
                waiting.append(state)
    return False


def hours_text(minutes: int) -> str:
    """Write working minutes as hours: 90 as "1,5"."""
    return f"{minutes / 60:.2f}".rstrip("0").rstrip(".").replace(".", ",")


def rough_hours_text(minutes: int) -> str:
    """Write by how much something is over: tenths of an hour, rounded up, whole ones beyond ten."""
    tenths = -(-minutes // 6)
    return str(tenths // 10) if tenths >= 100 else hours_text(tenths * 6)


def channel_words(channel: str) -> str:
    """Name a channel as in a sentence."""
    return {"in_person": _("trực tiếp"), "online": _("trực tuyến"), "post": _("bưu chính")}[channel]
