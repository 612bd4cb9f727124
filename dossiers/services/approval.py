"""One puts an act before those who decide it: asked for (B1), done, or declined (B2).

Who may ask for what stands in the table's rows (domain.md 2.5, column "Who": R06 proposes, R05 or
R07 decides). Doing the act itself settles what was asked, in `recording`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from dossiers.models import ActProposal
from dossiers.recording import ActDataError, locked_for_act, standing_for, step_on
from dossiers.workflow import Act, State, check_asking, check_declining

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

    `given` is what the act's form was filled in with, as typed. Raises IllegalTransitionError when
    it is not theirs to ask or something is asked already, StaleVersionError as `begin` does.
    """
    with transaction.atomic():
        locked = locked_for_act(dossier)
        standing = standing_for(locked, by)
        opening = check_asking(
            act, state=State(locked.state), standing=standing, facts=locked.facts
        )
        step = step_on(locked, opening, standing, by=by, version=version, at=at)
        event = step.append(
            reason=reason, data={"asked": act.value}, holder_officer=locked.holder_officer
        )
        locked.asked_act, locked.asked_by = act.value, opening.role.value
        step.record.write()
        ActProposal.objects.create(
            dossier=locked, act=act, given=given or {}, asked_by=by, asked_event=event
        )
        return locked


def decline(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    reason: str,
    at: dt.datetime | None = None,
) -> Dossier:
    """Không chấp thuận: what was asked for is not done, and why (B2).

    Raises IllegalTransitionError when nothing is asked for or it is not theirs to decide,
    ActDataError without a reason.
    """
    with transaction.atomic():
        locked = locked_for_act(dossier)
        standing = standing_for(locked, by)
        opening = check_declining(state=State(locked.state), standing=standing, facts=locked.facts)
        if not reason.strip():
            raise ActDataError({"reason": _("Hãy ghi lý do.")})
        step = step_on(locked, opening, standing, by=by, version=version, at=at)
        step.append(
            reason=reason,
            data={"declined": locked.asked_act},
            holder_officer=locked.holder_officer,
        )
        step.record.write()
        return locked
