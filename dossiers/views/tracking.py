"""The citizen's pages: home, look-up, a dossier by code and second fact, a dossier by its QR."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from accounts.client_address import client_address
from dossiers import (
    qr_tokens,
    survey_tokens,
    surveys,
    throttle,
    tracking,
    tracking_codes,
)
from dossiers.tracking_forms import SLIP, LookUpForm, has_slip
from dossiers.tracking_words import NOT_FOUND, wait_of
from dossiers.workflow import State

# A situation in a citizen's life, its icon, and the words it is searched by.
LIFE_EVENTS = [
    ("baby", _("Sinh con"), "khai sinh"),
    ("rings", _("Kết hôn"), "kết hôn"),
    ("land", _("Nhà đất, sổ đỏ"), "đất đai"),
    ("build", _("Xây, sửa nhà"), "giấy phép xây dựng"),
    ("shop", _("Mở cửa hàng, công ty"), "đăng ký kinh doanh"),
    ("care", _("Trợ cấp, bảo trợ"), "trợ cấp"),
    ("bike", _("Xe cộ, bằng lái"), "giấy phép lái xe"),
    ("lotus", _("Người thân qua đời"), "khai tử"),
]

# The work is over for the owner, with or without a result: what is asked then is how it went.
FINISHED = frozenset({State.RETURNED, State.WITHDRAWN, State.STOPPED, State.REFUSED})

# No `never_cache`: what is personal is not to be stored at all, not even to be asked again.
not_stored = cache_control(private=True, no_store=True)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Ask one question with one box: a code leads to the dossier, words to the catalogue."""
    return render(request, "home.html", {"life_events": LIFE_EVENTS})


@not_stored
@require_http_methods(["GET", "HEAD", "POST"])
def dossier_track(request: HttpRequest) -> HttpResponse:
    """Ask for code and second fact; from the home page's box, sort a code from words first."""
    typed = request.POST.get("q", "").strip()
    if not typed:
        return _form(request, LookUpForm())
    if tracking_codes.looks_like_code(typed):
        return _form(request, LookUpForm.for_code(typed), slip=str(SLIP) if has_slip(typed) else "")
    words = urlencode({"q": typed[: tracking_codes.LONGEST]})
    return redirect(f"{reverse('procedure-list')}?{words}")


@not_stored
@require_http_methods(["GET", "HEAD", "POST"])
def dossier_track_result(request: HttpRequest) -> HttpResponse:
    """Show a dossier to whoever holds its code and second fact; neither ever stands in a URL."""
    if request.method != "POST":
        return redirect("dossier-track")
    form = LookUpForm(request.POST)
    if not form.is_valid():
        return _form(request, form, status=HTTPStatus.BAD_REQUEST)
    now = timezone.now()
    try:
        seen = tracking.track(
            form.cleaned_data["code"],
            form.cleaned_data["proof"],
            address=client_address(request),
            now=now,
        )
    except tracking.NotFoundError:
        return _form(request, form, failure=str(NOT_FOUND), status=HTTPStatus.NOT_FOUND)
    except throttle.TooManyTriesError as error:
        failure = wait_of(error.retry_after)
        response = _form(request, form, failure=failure, status=HTTPStatus.TOO_MANY_REQUESTS)
        response["Retry-After"] = str(error.retry_after)
        return response
    return _page(request, seen)


@not_stored
@require_GET
def dossier_by_qr(request: HttpRequest, token: str) -> HttpResponse:
    """Show the dossier of a receipt's QR; a wrong, foreign or revoked token is one plain 404."""
    digest = qr_tokens.digest_of(token)
    try:
        if digest is None:
            raise tracking.NotFoundError
        seen = tracking.by_qr(digest, now=timezone.now())
    except tracking.NotFoundError:
        return _closed(render(request, "404.html", status=HTTPStatus.NOT_FOUND))
    return _page(request, seen)


def _form(
    request: HttpRequest,
    form: LookUpForm,
    *,
    slip: str = "",
    failure: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    # Not `no-referrer` here: under it a browser posts the form with "Origin: null", which the
    # protection against forged requests has to refuse.
    context = {"form": form, "slip": slip, "failure": failure, "place": "home"}
    return render(request, "dossiers/tracking/track.html", context, status=status)


def _page(request: HttpRequest, seen: tracking.TrackingView) -> HttpResponse:
    today = timezone.localdate(seen.settled_at) if seen.settled_at else timezone.localdate()
    slip = None
    if seen.state in FINISHED:
        slip = surveys.open_slip_of(seen.dossier_id, timezone.now())
    context = {
        "seen": seen,
        "today": today,
        "place": "home",
        "survey_url": reverse("survey-answer", args=[survey_tokens.make(slip.pk)]) if slip else "",
    }
    return _closed(render(request, "dossiers/tracking/result.html", context))


def _closed(response: HttpResponse) -> HttpResponse:
    """Keep a page out of search engines, and its address out of what the browser tells others."""
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response["Referrer-Policy"] = "no-referrer"
    return response
