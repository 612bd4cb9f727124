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
    rows = list(
        OfficerRole.objects.filter(
            Q(valid_from__isnull=True) | Q(valid_from__lte=today),
            Q(valid_to__isnull=True) | Q(valid_to__gte=today),
            officer=officer,
        ).values_list("role", "agency_id", "agency__path", "agency__parent_id")
    )
    # The officer's own memory of roles is filled by the same query (Officer.held_roles).
    officer.__dict__.setdefault("_held_roles", {})[today] = [(r[0], r[1]) for r in rows]
    ids, paths, everything = set(), set(), False
    for role, agency_id, path, parent_id in rows:
        if role in BLIND_ROLES:
            continue
        ids.add(agency_id)
        if role in WIDE_ROLES:
            paths.add(path)
            # The reform office sits at the root: it sees all (domain.md 2.1, R11).
            everything = everything or (role == Role.REFORM_OFFICER and parent_id is None)
    return Scope(frozenset(ids), frozenset(paths), everything, frozenset(Role(r[0]) for r in rows))
