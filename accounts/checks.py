"""What the settings say of accounts must make sense before anybody signs in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import Error, Tags, register

from accounts.roles import OFFICER_ROLES


@register(Tags.security)
def check_second_factor_roles(**_options: Any) -> list[Error]:
    """Refuse a role that does not exist: a slip would leave it without a second factor, unseen."""
    known = {role.value for role in OFFICER_ROLES}
    return [
        Error(
            f"SECOND_FACTOR_ROLES names {name!r}, which is no role of an officer.",
            hint=f"Known: {', '.join(sorted(known))}.",
            id="accounts.E001",
        )
        for name in settings.SECOND_FACTOR_ROLES
        if name not in known
    ]
