"""Errors of the API: 400 is {detail, errors: {field: [text]}}, every other error {detail}."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import defaults
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from accounts.api_input import WHOLE
from accounts.api_words import EXCEPTIONS

BODY = "body"  # names the body where no field of it can be named
TOO_LARGE = gettext_lazy("Nội dung gửi lên quá lớn.")


def handle(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Return the answer for an error a view raised; None leaves it to Django as a fault of ours."""
    named = BODY
    if isinstance(exc, DataError | OverflowError):
        # Well formed, but outside what a column holds (year 9999, a number too large).
        set_rollback()
        named = WHOLE
        exc = exceptions.ParseError(_("Có giá trị nằm ngoài phạm vi cho phép."))
    elif isinstance(exc, RequestDataTooBig):
        # Left to Django it would be logged as an attack, with a traceback.
        exc = exceptions.ParseError(TOO_LARGE)
    response = exception_handler(exc, context)
    if response is None:
        return None
    if response.status_code != status.HTTP_400_BAD_REQUEST:
        extra = {
            name: value
            for name, value in (response.data or {}).items()
            if name in {"detail", "allowed"}
        }
        response.data = {"detail": response.status_text, **extra}
        if isinstance(exc, exceptions.AuthenticationFailed) and str(exc.detail).isascii():
            response.data["detail"] = EXCEPTIONS["AuthenticationFailed"]  # knox speaks English
        return response
    if isinstance(exc, exceptions.ValidationError):
        errors = flatten(response.data)
        response.data = {"detail": _("Dữ liệu gửi lên chưa đúng."), "errors": errors}
    else:
        detail = str(response.data.get("detail", ""))
        response.data = {"detail": detail, "errors": {named: [detail]}}
    return response


def flatten(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Return DRF's nested error detail as {dotted.path: [text]}."""
    if isinstance(detail, dict):
        found: dict[str, list[str]] = {}
        for key, inner in detail.items():
            name = path if key == WHOLE and path else f"{path}.{key}" if path else str(key)
            for inner_path, texts in flatten(inner, name).items():
                found.setdefault(inner_path, []).extend(texts)
        return found
    if isinstance(detail, list | tuple):
        found = {}
        for position, inner in enumerate(detail):
            if isinstance(inner, dict | list | tuple):
                for inner_path, texts in flatten(inner, f"{path}.{position}".lstrip(".")).items():
                    found.setdefault(inner_path, []).extend(texts)
            else:
                found.setdefault(path or WHOLE, []).append(_text(inner))
        return found
    return {path or WHOLE: [_text(detail)]}


def _text(error: Any) -> str:
    text = str(error)
    # The one sentence the framework keeps out of its tables: for a body that is `null`.
    return _("Chưa có dữ liệu gửi lên.") if text == "No data provided" else text


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer a request Django itself refused (handler400)."""
    if request.path.startswith("/api/"):
        too_big = isinstance(exception, RequestDataTooBig)
        name, detail = (BODY, TOO_LARGE) if too_big else (WHOLE, _("Yêu cầu không hợp lệ."))
        return JsonResponse({"detail": detail, "errors": {name: [detail]}}, status=400)
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 403 (handler403)."""
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": _("Bạn không có quyền làm việc này.")}, status=403)
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 404 (handler404)."""
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": _("Không tìm thấy.")}, status=404)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase | HttpResponse:
    """Answer 500 (handler500)."""
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": _("Hệ thống gặp lỗi, xin thử lại sau.")}, status=500)
    return defaults.server_error(request)
