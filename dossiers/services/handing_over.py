"""Handing an officer's work over: many dossiers, one act each, what could not be done told by code.

Each dossier is its own T12 (domain.md 2.5), done or refused by itself: nothing is lost when one
fails, and the same request again finds done what was done.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.roles import Role
from agencies.models import Officer
from dossiers.models import Dossier
from dossiers.recording import ActDataError, StaleVersionError
from dossiers.services import processing
from dossiers.workflow import Act, IllegalTransitionError, State, leads_on

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Mapping, Sequence

    from agencies.models import Agency
    from dossiers.models import DossierQuerySet


class Outcome(StrEnum):
    """What became of one dossier."""

    DONE = "done"
    ALREADY = "already"  # it is theirs already: the request came twice
    STALE = "stale"  # somebody acted on it since the page was shown
    ILLEGAL = "illegal"  # its state lets nobody assign it, or the head does not hold it
    NO_COLLEAGUE = "no_colleague"  # nobody chosen is a specialist where it lies


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A dossier by its public code, what became of it, and to whom it went."""

    code: str
    outcome: Outcome
    to: str = ""


def held_by(officer: Officer) -> DossierQuerySet:
    """Return the unfinished dossiers an officer holds, the soonest due first."""
    return (
        Dossier.objects.open()
        .filter(holder_officer=officer)
        .select_related("procedure", "holder_agency")
        .order_by("due_at", "pk")
    )


def may_change_hands(dossier: Dossier) -> bool:
    """Tell whether the table knows an assignment in the dossier's state."""
    return leads_on(Act.ASSIGN, State(dossier.state))


def hand_over(
    versions: Mapping[str, int],
    *,
    among: DossierQuerySet,
    by: Officer,
    giver: Officer,
    to: Collection[Officer],
    reason: str,
    today: dt.date | None = None,
) -> list[HandedOver]:
    """Bàn giao công việc: dossiers of one officer go to one or several colleagues (T12).

    `versions` names each dossier by its public code, with the version of the page it was chosen
    on; `among` is what `by` may see, and what is not in it is refused like what is not there. Of
    several colleagues who holds least takes the next, the soonest due first; an empty `to`
    means all of the agency. Raises ActDataError without a reason; what fails for one dossier is
    told in its row.
    """
    if not reason.strip():
        raise ActDataError({"reason": _("Hãy ghi lý do.")})
    today = today or timezone.localdate()
    found = {
        dossier.public_code: dossier
        for dossier in among.filter(
            Q(code__in=versions) | Q(code__isnull=True, tracking_code__in=versions)
        )
        .select_related("holder_agency", "holder_officer")
        .order_by("due_at", "pk")
    }
    loads = _Loads(to, giver, today)
    rows = [
        _one(dossier, versions[code], by, giver, to, reason, loads)
        for code, dossier in found.items()
        if code in versions
    ]
    rows += [HandedOver(code, Outcome.ILLEGAL) for code in versions if code not in found]
    return rows


def _one(
    dossier: Dossier,
    version: int,
    by: Officer,
    giver: Officer,
    to: Collection[Officer],
    reason: str,
    loads: _Loads,
) -> HandedOver:
    code = dossier.public_code
    holder = dossier.holder_officer
    if holder is None or holder.pk != giver.pk:
        wanted = {officer.pk for officer in to}
        if holder is not None and (holder.pk in wanted or not wanted):
            return HandedOver(code, Outcome.ALREADY, holder.full_name)
        return HandedOver(code, Outcome.STALE)
    colleague = loads.lightest(dossier.holder_agency)
    if colleague is None:
        return HandedOver(code, Outcome.NO_COLLEAGUE)
    try:
        processing.assign(dossier, by=by, version=version, assignee=colleague, note=reason.strip())
    except StaleVersionError:
        return HandedOver(code, Outcome.STALE)
    except IllegalTransitionError:
        return HandedOver(code, Outcome.ILLEGAL)
    except ActDataError:
        return HandedOver(code, Outcome.NO_COLLEAGUE)
    loads.add(colleague)
    return HandedOver(code, Outcome.DONE, colleague.full_name)


class _Loads:
    """Who holds how much, read once for each agency and counted on as work is given."""

    def __init__(self, chosen: Collection[Officer], giver: Officer, today: dt.date) -> None:
        self.chosen = {officer.pk for officer in chosen}
        self.giver = giver
        self.today = today
        self.there: dict[int, list[Officer]] = {}
        self.held: dict[int, int] = {}

    def lightest(self, agency: Agency) -> Officer | None:
        if agency.pk not in self.there:
            found = colleagues_in(agency, self.giver, self.today)
            if self.chosen:
                found = [officer for officer in found if officer.pk in self.chosen]
            for load, officer in with_load(found):
                self.held.setdefault(officer.pk, load)
            self.there[agency.pk] = found
        return min(
            self.there[agency.pk],
            key=lambda officer: (self.held[officer.pk], officer.name_sort, officer.pk),
            default=None,
        )

    def add(self, officer: Officer) -> None:
        self.held[officer.pk] += 1


def colleagues_in(agency: Agency, giver: Officer, today: dt.date) -> list[Officer]:
    """Return the specialists of an agency but the one who hands over. Runs one query."""
    return list(
        Officer.objects.working_in(agency, today, Role.SPECIALIST)
        .exclude(pk=giver.pk)
        .select_related("user")
        .order_by("name_sort", "pk")
    )


def with_load(officers: Sequence[Officer]) -> list[tuple[int, Officer]]:
    """Return each officer with the number of open dossiers they hold. Runs one query."""
    counted: dict[int, int] = defaultdict(int)
    rows = Dossier.objects.open().filter(holder_officer__in=officers).order_by()
    counted.update(rows.values_list("holder_officer").annotate(count=Count("pk")))
    return [(counted[officer.pk], officer) for officer in officers]
