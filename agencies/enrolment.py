"""Who must have a second factor sets it up before anything else: the door in front of every page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.signing_in import has_factor
from agencies.access import must_enrol

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

# What one needs for setting it up, and the way out. The API asks for itself (agencies.access).
_OPEN = frozenset(
    {"account", "account-app", "account-passkey", "account-confirm", "account-password", "sign-out"}
)


class RequireSecondFactor:
    """Lead signed-in holders of settings.SECOND_FACTOR_ROLES to the page where they set one up.

    Reads neither session nor account where no role is named, nor of a visitor without a cookie.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        """Redirect, or return None and let the view answer."""
        if (
            not settings.SECOND_FACTOR_ROLES
            or settings.SESSION_COOKIE_NAME not in request.COOKIES
            or request.path.startswith("/api/")
            or request.resolver_match is None
            or request.resolver_match.view_name in _OPEN
        ):
            return None
        if not request.user.is_authenticated or has_factor(request) or not must_enrol(request):
            return None
        messages.warning(
            request, _("Vai trò của bạn bắt buộc xác thực hai lớp: xin bật trước khi làm việc.")
        )
        return redirect("account")
