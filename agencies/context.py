"""What every template knows: the site, and the officer who is looking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from accounts.roles import Role
from agencies.access import officer_of, scope_for
from agencies.staffing import KEEPING_ROLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest

_RECEIVES = frozenset({Role.RECEPTIONIST})
_PROCESSES = frozenset(
    {Role.RECEPTIONIST, Role.HEAD, Role.SPECIALIST, Role.SIGNER, Role.CLERK, Role.RETURNER}
)
_HANDS_OVER = frozenset({Role.RETURNER, Role.COURIER})
_KEEPS_CALENDARS = frozenset({Role.ADMINISTRATOR, Role.REFORM_OFFICER})
_SUPERVISES = frozenset({Role.HEAD, Role.SUPERVISOR, Role.REFORM_OFFICER})


@dataclass(frozen=True, slots=True)
class Looking:
    """The officer who looks at a page, as templates/base_office.html wants them."""

    full_name: str
    title: str
    agency_name: str
    may_receive: bool
    may_process: bool
    may_supervise: bool
    may_report: bool
    may_administer: bool
    may_keep_calendars: bool = False
    may_hand_over: bool = False
    may_keep_officers: bool = False
    inbox_count: int | None = None


def officer(request: HttpRequest) -> dict[str, Any]:
    """Give every template `site` and `officer`; asks the database only when a page reads `officer`."""
    return {
        "site": {
            "name": settings.SITE_NAME,
            "owner": _("UBND tỉnh %(province)s") % {"province": settings.PROVINCE_NAME},
            "hotline": settings.HOTLINE,
        },
        "officer": SimpleLazyObject(lambda: looking(request)),
    }


def looking(request: HttpRequest) -> Looking | None:
    """Return who is looking, None for a citizen. Shares the one query of agencies.access."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    found = officer_of(request)
    if found is None:
        if not user.is_staff:
            return None
        return Looking(
            full_name=str(user),
            title=_("quản trị hệ thống"),
            agency_name="",
            may_receive=False,
            may_process=False,
            may_supervise=False,
            may_report=False,
            may_administer=True,
            may_keep_officers=user.is_superuser,
        )
    roles = scope_for(request).roles
    return Looking(
        full_name=found.full_name,
        title=found.title or _title(roles),
        agency_name=found.agency.label,
        may_receive=not roles.isdisjoint(_RECEIVES),
        may_process=not roles.isdisjoint(_PROCESSES),
        may_supervise=not roles.isdisjoint(_SUPERVISES),
        may_report=bool(roles - {Role.ADMINISTRATOR}),
        may_administer=user.is_staff,
        may_keep_calendars=not roles.isdisjoint(_KEEPS_CALENDARS),
        may_hand_over=not roles.isdisjoint(_HANDS_OVER),
        # By a role of one's own: who stands in for a head keeps nobody (agencies.staffing).
        may_keep_officers=user.is_superuser
        or any(role in KEEPING_ROLES for role, _place in found.own_roles(timezone.localdate())),
    )


def _title(roles: Iterable[Role]) -> str:
    """Name the first role in the order of domain.md 2.1; no title is better than a wrong one."""
    held = sorted(roles, key=list(Role).index)
    return str(held[0].label).lower() if held else ""
