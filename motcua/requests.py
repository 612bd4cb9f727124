"""What happens around every request: its line in the log, the refusal of unreadable addresses."""

import time
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

import structlog
from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

logger = structlog.get_logger(__name__)

Handler = Callable[[HttpRequest], HttpResponse]


def log_request(get_response: Handler) -> Handler:
    """Write one line a request: the route and not the path, which may carry a token or a code."""

    def middleware(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = get_response(request)
        match = request.resolver_match
        logger.info(
            "request",
            method=request.method,
            route=match.view_name or match.route if match else "",
            status=response.status_code,
            ms=round((time.perf_counter() - started) * 1000),
        )
        return response

    return middleware


def refuse_unreadable_address(get_response: Handler) -> Handler:
    """Answer 400 to a path or query with NUL or broken UTF-8: PostgreSQL takes neither."""

    def middleware(request: HttpRequest) -> HttpResponse:
        named = _unreadable_part(request)
        if named is not None:
            detail = _("Địa chỉ chứa ký tự không đọc được.")
            if request.path.startswith("/api/"):
                return JsonResponse({"detail": detail, "errors": {named: [detail]}}, status=400)
            return HttpResponse(detail, status=400, content_type="text/plain; charset=utf-8")
        return get_response(request)

    return middleware


def _unreadable_part(request: HttpRequest) -> str | None:
    """Return "path", or the query parameter that cannot be read, or None when all can."""
    if "\x00" in request.path or "\ufffd" in request.path:
        return "path"
    for pair in request.META.get("QUERY_STRING", "").split("&"):
        name, _sign, value = (_readable(part) for part in pair.partition("="))
        if name is None:
            return "query"
        if value is None:
            return name
    return None


def _readable(quoted: str) -> str | None:
    try:
        text = unquote_to_bytes(quoted.replace("+", " ")).decode()
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text


class ContentSecurityPolicy(CSPMiddleware):
    """django-csp for one policy without exceptions, put together once and not at every answer."""

    def __init__(self, get_response: Handler) -> None:
        super().__init__(get_response)
        self.policy = build_policy()

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Add the policy; a nonce or a view's own rules are left to django-csp."""
        if settings.DEBUG or any(
            name.startswith("_csp_") for name in (*vars(request), *vars(response))
        ):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, self.policy)
        return response


def province(request: HttpRequest) -> dict[str, str]:
    """Give every template the names of the site and of the province."""
    return {"site_name": settings.SITE_NAME, "province_name": settings.PROVINCE_NAME}
