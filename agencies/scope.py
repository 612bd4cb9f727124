"""What an officer's roles let them see: resolved once per request, applied in one queryset method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from accounts.roles import Role
from agencies.models import Agency, AgencyQuerySet, Officer, OfficerRole

if TYPE_CHECKING:
    import datetime as dt


# These see their agency and all below it; the rest see their agency alone (domain.md 2.1).
WIDE_ROLES = frozenset({Role.REFORM_OFFICER, Role.SUPERVISOR, Role.HEAD})
# The administrator keeps accounts and calendars and has no right on dossier content.
BLIND_ROLES = frozenset({Role.ADMINISTRATOR})


@dataclass(frozen=True, slots=True)
class Scope:
    """Agencies an officer sees: exact ids, path prefixes, or everything in the province."""

    agency_ids: frozenset[int] = frozenset()
    paths: frozenset[str] = frozenset()
    sees_everything: bool = False
    roles: frozenset[Role] = frozenset()

    def agencies(self) -> AgencyQuerySet:
        """Return the agencies in sight, as a queryset to nest."""
        seen = Q(pk__in=self.agency_ids)
        for path in self.paths:
            seen |= Q(path__startswith=path)
        return Agency.objects.filter(seen)

    def covers(self, agency: Agency) -> bool:
        """Tell whether an agency is in sight; runs no query."""
        return (
            self.sees_everything
            or agency.pk in self.agency_ids
            or any(agency.path.startswith(path) for path in self.paths)
        )


def scope_of(officer: Officer, today: dt.date) -> Scope:
    """Return what the officer sees on the day. Runs one query."""
    rows = OfficerRole.objects.held_by(today, officer=officer.pk).select_related("agency")
    return _scope_from(officer, list(rows), today)


def officer_and_scope(user_id: int, today: dt.date) -> tuple[Officer | None, Scope]:
    """Return the officer behind an account and what they see.

    Runs one query, two for who holds no role but by delegation.
    """
    rows = list(
        OfficerRole.objects.held_by(today, user=user_id).select_related(
            "agency", "officer__agency", "officer__desk"
        )
    )
    officer = next((row.officer for row in rows if row.officer.user_id == user_id), None)
    if officer is None:
        officer = Officer.objects.select_related("agency", "desk").filter(user_id=user_id).first()
    return officer, _scope_from(officer, rows, today) if officer and rows else Scope()


def _scope_from(officer: Officer, rows: list[OfficerRole], today: dt.date) -> Scope:
    # The officer's own memory of roles is filled by the same query (Officer.held_roles).
    officer.remember_roles(today, rows)
    ids: set[int] = set()
    paths: set[str] = set()
    everything = False
    for row in rows:
        if row.role in BLIND_ROLES:
            continue
        ids.update((row.agency_id, *row.taken_over))
        if row.role in WIDE_ROLES and row.agency.path:
            paths.add(row.agency.path)
            # The reform office of the province sees all (domain.md 2.1, R11).
            everything = everything or (
                row.role == Role.REFORM_OFFICER and row.agency.parent_id is None
            )
    return Scope(
        frozenset(ids), frozenset(paths), everything, frozenset(Role(r.role) for r in rows)
    )
