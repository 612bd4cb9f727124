"""One puts an act before those who decide it: asked for (B1), done, declined (B2) or taken back (B9).

Who may ask for what stands in the table's rows (domain.md 2.5, column "Who": R06 proposes, R05 or
R07 decides). Doing the act itself settles what was asked, in `recording`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from dossiers.models import ActProposal
from dossiers.recording import (
    ActDataError,
    acts_to_decide,
    acts_to_retract,
    locked_for_act,
    people_behind,
    standing_for,
    step_on,
)
from dossiers.workflow import (
    Act,
    IllegalTransitionError,
    State,
    check_asking,
    check_declining,
    check_retracting,
    needs_reason,
)

if TYPE_CHECKING:
    import datetime as dt

    from agencies.models import Officer
    from dossiers.models import Dossier


def ask(
    act: Act,
    dossier: Dossier,
    *,
    by: Officer | None,
    version: int | None = None,
    given: dict[str, Any] | None = None,
    reason: str = "",
    at: dt.datetime | None = None,
) -> Dossier:
    """Trình đề nghị: an act with its data waits for those who decide it (B1); nothing else moves.

    `given` is what the act's form was filled in with, as typed; the reason is kept with it. Raises
    IllegalTransitionError when it is not theirs to ask or the same is asked already, ActDataError
    without a reason for an act that needs one, StaleVersionError as `begin` does.
    """
    with transaction.atomic():
        locked = locked_for_act(dossier)
        standing, state = standing_for(locked, by), State(locked.state)
        opening = check_asking(act, state=state, standing=standing, facts=locked.facts)
        if needs_reason(act, state) and not reason.strip():
            raise ActDataError({"reason": _("Hãy ghi lý do.")})
        step = step_on(locked, opening, standing, by=by, version=version, at=at)
        event = step.append(
            reason=reason, data={"asked": act.value}, holder_officer=locked.holder_officer
        )
        people = people_behind(by, event.data.get("on_behalf_of"))
        said = {"role": event.actor_role, "people": sorted(people)}
        locked.asked = {**locked.asked, act.value: said}
        step.record.write()
        ActProposal.objects.create(
            dossier=locked,
            act=act,
            given={**({"reason": reason} if reason else {}), **(given or {})},
            asked_by=by,
            asked_event=event,
        )
        return locked


def decline(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    asked: str = "",
    reason: str,
    at: dt.datetime | None = None,
) -> Dossier:
    """Không chấp thuận: what was asked for is not done, and why (B2).

    `asked` names the act where more than one waits for the officer. Raises IllegalTransitionError
    when nothing is asked for or it is not theirs to decide, ActDataError naming `asked`, or
    `reason` when it is blank.
    """
    with transaction.atomic():
        locked = locked_for_act(dossier)
        standing, state = standing_for(locked, by), State(locked.state)
        act = _named(asked, acts_to_decide(locked, by), IllegalTransitionError(Act.DECLINE, state))
        opening = check_declining(act, state=state, standing=standing, facts=locked.facts)
        if not reason.strip():
            raise ActDataError({"reason": _("Hãy ghi lý do.")})
        step = step_on(locked, opening, standing, by=by, version=version, at=at)
        step.append(
            reason=reason,
            data={"declined": act.value},
            holder_officer=locked.holder_officer,
        )
        step.record.write()
        return locked


def retract(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    asked: str = "",
    note: str = "",
    at: dt.datetime | None = None,
) -> Dossier:
    """Rút đề nghị: who asked for an act takes it back before it is decided (B9).

    `asked` names the act where the officer asked for more than one. Raises IllegalTransitionError
    when they asked for nothing or hold the role no more, ActDataError naming `asked`.
    """
    with transaction.atomic():
        locked = locked_for_act(dossier)
        standing, state = standing_for(locked, by), State(locked.state)
        act = _named(asked, acts_to_retract(locked, by), IllegalTransitionError(Act.RETRACT, state))
        opening = check_retracting(act, state=state, standing=standing, facts=locked.facts)
        step = step_on(locked, opening, standing, by=by, version=version, at=at)
        step.append(
            reason=note,
            data={"retracted": act.value},
            holder_officer=locked.holder_officer,
        )
        step.record.write()
        return locked


def _named(asked: str, theirs: list[Act], refusal: IllegalTransitionError) -> Act:
    """Return the one of an officer's acts that is named, or their only one."""
    if not theirs or (asked and asked not in theirs):
        raise refusal
    if not asked and len(theirs) > 1:
        raise ActDataError({"asked": _("Có nhiều đề nghị đang chờ: hãy chọn một.")})
    return Act(asked) if asked else theirs[0]
