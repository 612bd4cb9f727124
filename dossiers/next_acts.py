"""What an officer is expected to do next: read from the table of transitions, ordered by law.

Pure but for `waiting_for`, which builds a condition and asks nothing. An inbox shows the acts that
lead a dossier on; what may also be done (refuse, ask for papers, withdraw) stands on its page.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from accounts.roles import Role
from dossiers.act_forms import ACT_FORMS
from dossiers.workflow import TRANSITIONS, Act, Aim, Place, State

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection

    from agencies.models import Officer

# Acts that turn aside or wait for somebody's wish: open, but no dossier lies in an inbox for them.
ASIDE = frozenset(
    {
        Act.REQUEST_COMPLETION,
        Act.REFUSE,
        Act.CANCEL,
        Act.REDIRECT,
        Act.CONSULT,
        Act.REQUEST_SUPPLEMENT,
        Act.LAPSE_COMPLETION,
        Act.LAPSE_SUPPLEMENT,
        Act.LAPSE_PAYMENT,
        Act.REQUEST_PAYMENT,
        Act.SUSPEND,
        Act.RESUME,
        Act.EXTEND,
        Act.SEND_BACK,
        Act.REMIND_COLLECTION,
        Act.REQUEST_WITHDRAWAL,
        Act.REFUSE_WITHDRAWAL,
        Act.PROPOSE_DENIAL,
        Act.STOP,
        Act.CORRECT_RESULT,
        Act.REOPEN,
        Act.ASK_APPROVAL,
        Act.DECLINE,
        Act.RETRACT,
        Act.REMIND_APPLICANT,
        Act.ADJUST_DUE,
        Act.MIRROR,
        Act.OPEN_PART,
        Act.CLOSE_CHAIN,
        Act.RECORD_PAYMENT,
    }
)
# They end or refuse: black-edged, never the first button (look: "a grave act").
GRAVE = frozenset(
    {
        Act.REFUSE,
        Act.CANCEL,
        Act.STOP,
        Act.PROPOSE_DENIAL,
        Act.REFUSE_WITHDRAWAL,
        Act.LAPSE_COMPLETION,
        Act.LAPSE_SUPPLEMENT,
        Act.LAPSE_PAYMENT,
        Act.DECLINE,
        Act.DECIDE_CHAIN,
    }
)

# Nothing in these forms is required, yet nobody does them without looking: a name to choose, a
# number to write, papers to take in, a proof to see, an end to confirm.
_LOOKED_AT = frozenset(
    {
        Act.ASSIGN,
        Act.PUBLISH,
        Act.RETURN_RESULT,
        Act.RESUBMIT,
        Act.ACCEPT_SUPPLEMENT,
        Act.GRANT_WITHDRAWAL,
        Act.CONFIRM_PAYMENT,
        Act.RESUME,
        Act.RETRACT,
        Act.REMIND_APPLICANT,
        Act.REMIND_COLLECTION,
        Act.LAPSE_COMPLETION,
        Act.LAPSE_SUPPLEMENT,
        Act.LAPSE_PAYMENT,
    }
)

# The last part of an act's address: what the citizen's language calls it, without marks.
SEGMENTS: dict[Act, str] = {
    Act.SUBMIT: "nop",
    Act.REGISTER: "ghi-nhan",
    Act.RECEIVE: "tiep-nhan",
    Act.SETTLE_AT_ONCE: "tra-ngay",
    Act.REQUEST_COMPLETION: "yeu-cau-hoan-thien",
    Act.RESUBMIT: "nhan-hoan-thien",
    Act.REFUSE: "tu-choi-tiep-nhan",
    Act.CANCEL: "huy",
    Act.TRANSFER: "chuyen",
    Act.ASSIGN: "phan-cong",
    Act.REDIRECT: "chuyen-lai",
    Act.CONSULT: "lay-y-kien",
    Act.ANSWER_CONSULTATION: "tra-loi-y-kien",
    Act.REQUEST_SUPPLEMENT: "yeu-cau-bo-sung",
    Act.ACCEPT_SUPPLEMENT: "nhan-bo-sung",
    Act.REQUEST_PAYMENT: "yeu-cau-nop-tien",
    Act.CONFIRM_PAYMENT: "xac-nhan-da-nop",
    Act.RECORD_PAYMENT: "ghi-nhan-khoan-nop",
    Act.SUSPEND: "tam-dung",
    Act.RESUME: "tiep-tuc",
    Act.EXTEND: "xin-loi-hen-lai",
    Act.PROPOSE: "trinh-ky",
    Act.SEND_BACK: "tra-lai",
    Act.APPROVE: "ky-duyet",
    Act.PUBLISH: "phat-hanh",
    Act.RETURN_RESULT: "tra-ket-qua",
    Act.REMIND_COLLECTION: "nhac-nhan",
    Act.REQUEST_WITHDRAWAL: "yeu-cau-rut",
    Act.GRANT_WITHDRAWAL: "cho-rut",
    Act.REFUSE_WITHDRAWAL: "khong-cho-rut",
    Act.PROPOSE_DENIAL: "trinh-tu-choi",
    Act.STOP: "dung-giai-quyet",
    Act.CORRECT_RESULT: "dinh-chinh",
    Act.REOPEN: "mo-lai",
    Act.LAPSE_COMPLETION: "het-han-hoan-thien",
    Act.LAPSE_SUPPLEMENT: "het-han-bo-sung",
    Act.LAPSE_PAYMENT: "het-han-nop-tien",
    Act.REMIND_APPLICANT: "nhac-nguoi-nop",
    Act.DECLINE: "khong-chap-thuan",
    Act.RETRACT: "rut-de-nghi",
    Act.ADJUST_DUE: "dieu-chinh-ngay-hen",
    Act.DECIDE_CHAIN: "quyet-dinh-lien-thong",
}
ICONS: dict[Act, str] = {
    Act.SUBMIT: "file",
    Act.REGISTER: "file",
    Act.RECEIVE: "check",
    Act.SETTLE_AT_ONCE: "good",
    Act.REQUEST_COMPLETION: "fileadd",
    Act.RESUBMIT: "check",
    Act.REFUSE: "refuse",
    Act.TRANSFER: "arrow",
    Act.ASSIGN: "users",
    Act.REQUEST_SUPPLEMENT: "fileadd",
    Act.ACCEPT_SUPPLEMENT: "check",
    Act.PROPOSE: "pen",
    Act.SEND_BACK: "undo",
    Act.APPROVE: "pen",
    Act.PUBLISH: "stamp",
    Act.RETURN_RESULT: "good",
    Act.STOP: "stop",
    Act.REQUEST_WITHDRAWAL: "undo",
    Act.GRANT_WITHDRAWAL: "check",
    Act.CANCEL: "refuse",
    Act.REDIRECT: "undo",
    Act.CONSULT: "users",
    Act.ANSWER_CONSULTATION: "pen",
    Act.REQUEST_PAYMENT: "fileadd",
    Act.CONFIRM_PAYMENT: "check",
    Act.RECORD_PAYMENT: "coin",
    Act.SUSPEND: "pause",
    Act.RESUME: "right",
    Act.EXTEND: "clock",
    Act.PROPOSE_DENIAL: "refuse",
    Act.REFUSE_WITHDRAWAL: "refuse",
    Act.LAPSE_COMPLETION: "stop",
    Act.LAPSE_SUPPLEMENT: "stop",
    Act.LAPSE_PAYMENT: "stop",
    Act.REMIND_APPLICANT: "clock",
    Act.REMIND_COLLECTION: "clock",
    Act.CORRECT_RESULT: "pen",
    Act.REOPEN: "undo",
    Act.DECLINE: "refuse",
    Act.RETRACT: "undo",
    Act.DECIDE_CHAIN: "pen",
    Act.ADJUST_DUE: "calendar",
}


@functools.cache
def turns_aside(act: Act, state: State) -> bool:
    """Tell whether an act in a state leads nowhere on: turned aside, or only changing hands."""
    return act in ASIDE or not any(
        row.act is act and state in row.sources and row.target is not Aim.SAME
        for row in TRANSITIONS
    )


def in_order(acts: list[Act], state: State, asked: Collection[str] = ()) -> list[Act]:
    """Return the acts that have a form: those asked for first, then those that lead on."""
    built = [act for act in acts if act in ACT_FORMS]
    return sorted(built, key=lambda act: (act not in asked, turns_aside(act, state), act in GRAVE))


@functools.cache
def asks_first(act: Act) -> bool:
    """Tell whether a page stands before the act because something has to be filled in or seen."""
    fields = ACT_FORMS[act].base_fields.values()  # the class's: making a form may ask the database
    return act in _LOOKED_AT or any(field.required for field in fields)


def waiting_for(officer: Officer, today: dt.date, *, whole_unit: bool = False) -> Q:
    """Return the condition of dossiers that wait for an act the officer may do.

    A specialist sees what is theirs or nobody's; `whole_unit` shows colleagues' dossiers too.
    Reads the officer's remembered roles.
    """
    roles_at: dict[int, set[Role]] = defaultdict(set)
    for role, agency_id in officer.held_roles(today):
        roles_at[agency_id].add(Role(role))
    found = Q(pk__in=[])
    for agency_id, roles in roles_at.items():
        work = _work_of(frozenset(roles))
        mine = Q(holder_agency=agency_id)
        found |= mine & Q(state__in=sorted(work.shared))
        if work.own:
            theirs = Q(state__in=sorted(work.own))
            if not whole_unit:
                # Whoever is away has given their work to the officer along with the role.
                away = officer.stands_for(Role.SPECIALIST, agency_id, today)
                theirs &= (
                    Q(holder_officer__in=[officer.pk, *away])
                    if away
                    else Q(holder_officer=officer.pk)
                ) | Q(holder_officer__isnull=True)
            found |= mine & theirs
        if work.counter:
            found |= Q(receiving_agency=agency_id, state__in=sorted(work.counter))
        if work.consulted:
            found |= Q(state=State.CONSULTING, consulted_agencies__contains=[agency_id])
        if work.asked:
            found |= mine & _IS_ASKED & Q(asked__has_any_keys=sorted(work.asked))
        if Role.HEAD in roles:
            # A part of a chain ended without a result: what now (B8)?
            found |= mine & Q(state=State.IN_PROGRESS, parts_undecided__gt=0)
        if Role.REFORM_OFFICER in roles and agency_id in officer.roots(today):
            found |= _reopening(Role.SUPERVISOR, officer)
        if Role.SUPERVISOR in roles:
            found |= Q(receiving_agency=agency_id) & _reopening(Role.REFORM_OFFICER, officer)
    return found


# As the index of what is asked for has it, so that it is used.
_IS_ASKED = ~Q(asked={})


def _reopening(asked_by: Role, officer: Officer) -> Q:
    """Return the condition of dossiers that somebody else in a role asked to reopen (T37)."""
    theirs = Q(asked__reopen__people__contains=officer.pk)
    return _IS_ASKED & Q(asked__reopen__role=asked_by.value) & ~theirs


def states_waiting_for(officer: Officer, today: dt.date) -> frozenset[State]:
    """Return the states in which something waits for the officer somewhere."""
    roles = frozenset(Role(role) for role, _agency in officer.held_roles(today))
    work = _work_of(roles)
    found = work.own | work.shared | work.counter
    if work.consulted:
        found |= {State.CONSULTING}
    if Role.HEAD in roles:
        found |= {State.IN_PROGRESS}
    for row in TRANSITIONS:
        if row.proposers and row.roles & roles:
            found |= row.sources
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class _Work:
    """Where something waits for a set of roles: states, and acts that are asked for."""

    own: frozenset[State]  # a specialist's
    shared: frozenset[State]  # the unit's
    counter: frozenset[State]  # what the receiving agency does, wherever the dossier lies
    consulted: bool  # an opinion is asked
    asked: frozenset[Act]  # acts the roles decide when others ask for them


@functools.cache
def _work_of(roles: frozenset[Role]) -> _Work:
    own: set[State] = set()
    shared: set[State] = set()
    counter: set[State] = set()
    asked: set[Act] = set()
    consulted = False
    for row in TRANSITIONS:
        held = row.roles & roles
        if not held or row.act not in ACT_FORMS:
            continue
        if row.proposers and row.place is not Place.PROVINCE:
            asked.add(row.act)
        if row.act in ASIDE or row.target is Aim.SAME or row.act is Act.DECIDE_CHAIN:
            continue
        if row.place is Place.CONSULTED:
            consulted = True
        elif held == {Role.SPECIALIST}:
            own |= row.sources
        else:
            shared |= row.sources
            if row.place is Place.COUNTER:
                counter |= row.sources
    return _Work(
        frozenset(own - shared), frozenset(shared), frozenset(counter), consulted, frozenset(asked)
    )
