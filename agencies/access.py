"""Who is asking: the officer behind a request and what they may see, resolved once per request."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework.permissions import BasePermission

from accounts.roles import Role
from agencies.models import Officer
from agencies.scope import Scope, scope_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from rest_framework.request import Request
    from rest_framework.views import APIView

    View = Callable[..., HttpResponse]


def officer_of(request: HttpRequest | Request) -> Officer | None:
    """Return the officer who asks, or None; runs one query, remembered on the request."""
    # DRF wraps the request: remember on the innermost one, which pages and API share.
    inner: Any = getattr(request, "_request", request)
    if not hasattr(inner, "motcua_officer"):
        user = request.user
        inner.motcua_officer = (
            Officer.objects.select_related("agency", "desk").filter(user=user).first()
            if user.is_authenticated
            else None
        )
    officer: Officer | None = inner.motcua_officer
    return officer


def scope_for(request: HttpRequest | Request) -> Scope:
    """Return what the asking officer sees today; empty for anybody else. One query, remembered."""
    inner: Any = getattr(request, "_request", request)
    if not hasattr(inner, "motcua_scope"):
        officer = officer_of(request)
        inner.motcua_scope = scope_of(officer, timezone.localdate()) if officer else Scope()
    scope: Scope = inner.motcua_scope
    return scope


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
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            the_officer(request)
            held = scope_for(request).roles
            if roles and held.isdisjoint(roles):
                raise Http404
            return view(request, *args, **kwargs)

        return guarded

    return wrap


class IsOfficer(BasePermission):
    """Let only officers use an endpoint."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user.is_authenticated and officer_of(request) is not None)
