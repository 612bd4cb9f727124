"""Who is asking: the officer behind a request and what they may see, resolved once per request."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect
from rest_framework.permissions import BasePermission

from accounts.roles import Role
from accounts.second_factor import is_set_up
from agencies.models import Officer
from agencies.scope import Scope, officer_and_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http.response import HttpResponseBase
    from rest_framework.request import Request
    from rest_framework.views import APIView

    View = Callable[..., HttpResponseBase]


def officer_of(request: HttpRequest | Request) -> Officer | None:
    """Return the officer who asks, or None. One query with the roles, remembered on the request."""
    return _asking(request)[0]


def scope_for(request: HttpRequest | Request) -> Scope:
    """Return what the asking officer sees today; empty for anybody else. Shares that query."""
    return _asking(request)[1]


def _asking(request: HttpRequest | Request) -> tuple[Officer | None, Scope]:
    # DRF wraps the request: remember on the innermost one, which pages and API share. The account
    # is part of the memory, for DRF learns it only after the middleware has looked.
    inner: Any = getattr(request, "_request", request)
    user_id = request.user.pk
    remembered: dict[Any, tuple[Officer | None, Scope]] = inner.__dict__.setdefault(
        "motcua_asking", {}
    )
    if user_id not in remembered:
        remembered[user_id] = (
            officer_and_scope(user_id, timezone.localdate()) if user_id else (None, Scope())
        )
    return remembered[user_id]


def the_officer(request: HttpRequest | Request) -> Officer:
    """Return the officer who asks; 404 for a signed-in user who is none."""
    officer = officer_of(request)
    if officer is None:
        raise Http404
    return officer


def officer_required(*roles: Role) -> Callable[[View], View]:
    """Let only officers in, with one of the roles if any are named; others sign in or get 404.

    Out of sight is 404, not 403 (style.md 6): a door that one may not open is not shown either.
    """

    def wrap(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                if getattr(request, "htmx", False):
                    # A fragment must not take in the sign-in page: the whole page goes there.
                    came_from = request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
                    return HttpResponseClientRedirect(redirect_to_login(came_from).url)
                return redirect_to_login(request.get_full_path())
            the_officer(request)
            held = scope_for(request).roles
            if roles and held.isdisjoint(roles):
                raise Http404
            return view(request, *args, **kwargs)

        return guarded

    return wrap


def must_enrol(request: HttpRequest | Request) -> bool:
    """Tell whether the asker holds a role that works only with a second factor (the settings).

    Runs no query where no role does; else shares the one of `scope_for`.
    """
    compelled = frozenset(settings.SECOND_FACTOR_ROLES)
    if not compelled:
        return False
    held = {role.value for role in scope_for(request).roles}
    if getattr(request.user, "is_staff", False):
        held.add(Role.ADMINISTRATOR.value)  # the admin's pages ask for no role
    return not compelled.isdisjoint(held)


class IsOfficer(BasePermission):
    """Let only officers use an endpoint."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Refuse who must have a second factor and has none: a token stands for a password alone."""
        if not request.user.is_authenticated or officer_of(request) is None:
            return False
        return not must_enrol(request) or is_set_up(request.user)
