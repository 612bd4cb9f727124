"""The survey slip: printed beside forms 01 to 03, answered by whoever holds it, online or on paper."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe

from accounts.client_address import client_address
from accounts.tries import TooManyTriesError
from agencies.access import officer_required, the_officer
from dossiers import sheets, surveys
from dossiers.api import pdf_response
from dossiers.models import PaperSlip
from dossiers.survey_forms import PaperSurveyForm, SurveyForm
from dossiers.views.processing import find

not_stored = cache_control(private=True, no_store=True)


@not_stored
@require_http_methods(["GET", "HEAD", "POST"])
def survey_answer(request: HttpRequest, token: str) -> HttpResponse:
    """Ask how it went, without signing in; a slip is answered once. Runs at most three queries.

    A wrong token is a plain 404; refused answers are counted by slip and by network.
    """
    slip = surveys.slip_of(token)
    try:
        if slip is None:
            if request.method == "POST":
                surveys.let_try(token[:64], client_address(request), is_wrong=True)
            raise Http404
        return _survey(request, token, slip)
    except TooManyTriesError as error:
        response = _page(request, "wait", status=HTTPStatus.TOO_MANY_REQUESTS)
        response["Retry-After"] = str(error.retry_after)
        return response


def _survey(request: HttpRequest, token: str, slip: PaperSlip) -> HttpResponse:
    is_answered = hasattr(slip, "survey_answer")
    is_open = surveys.is_open(slip, timezone.now())
    if request.method == "POST":
        refused = is_answered or not is_open
        surveys.let_try(token, client_address(request), is_wrong=refused)
    if is_answered:
        return _page(request, "thanks")
    questions = surveys.questions_of(slip) if is_open else []
    if not questions:
        return _page(request, "closed")
    if request.method != "POST":
        return _form(request, slip, SurveyForm(questions=questions))
    form = SurveyForm(request.POST, questions=questions)
    if not form.is_valid():
        return _form(request, slip, form, status=HTTPStatus.BAD_REQUEST)
    # Where another click was first, its answer stands; the page it leads to says so.
    with suppress(surveys.AlreadyAnsweredError, surveys.ClosedError):
        surveys.answer(slip, form.scores, comment=form.cleaned_data["comment"])
    return _closed(redirect("survey-answer", token))


def _form(
    request: HttpRequest, slip: PaperSlip, form: SurveyForm, status: HTTPStatus = HTTPStatus.OK
) -> HttpResponse:
    return _page(
        request,
        "form",
        status=status,
        form=form,
        # Neither code nor name: a slip may be found by anybody.
        procedure=slip.dossier.version.name,
        agency=slip.dossier.competent_agency.name,
        kind=slip.get_kind_display(),
    )


def _page(
    request: HttpRequest, part: str, status: HTTPStatus = HTTPStatus.OK, **context: Any
) -> HttpResponse:
    page = {"part": part, "place": "home", "form": None, **context}
    return _closed(render(request, "dossiers/surveys/answer.html", page, status=status))


def _closed(response: HttpResponse) -> HttpResponse:
    """Keep the page out of search engines; its address stays on this site (same-origin)."""
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response["Referrer-Policy"] = "same-origin"
    return response


@not_stored
@officer_required()
@require_safe
def dossier_survey(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Give the survey slip of a form as PDF, to hand out with it; to those who see the dossier."""
    dossier, _officer = find(request, code)
    slips = dossier.slips.select_related(
        "agency__parent", "dossier__version", "dossier__competent_agency"
    )
    slip = slips.filter(pk=pk).first() if pk < 2**63 else None
    if slip is None or slip.kind not in surveys.WITH_SURVEY:
        raise Http404
    return pdf_response(sheets.survey(slip), f"khao-sat-{slip.kind}-{slip.number}.pdf")


@not_stored
@officer_required(*surveys.ENTERING_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def survey_enter(request: HttpRequest) -> HttpResponse:
    """Type in what was marked on a paper slip: scan it, mark the same, take the next.

    Shows no more of the dossier than the slip itself does. Runs at most six queries.
    """
    officer = the_officer(request)
    typed = request.GET.get("phieu", "")[:300]
    if not typed:
        return _enter(request)
    slip = surveys.slip_scanned(typed)
    if slip is None or not surveys.may_enter(officer, slip, timezone.localdate()):
        fault = _("Không có phiếu này, hoặc phiếu do nơi khác phát. Hãy quét lại mã trên phiếu.")
        return _enter(request, typed=typed, fault=fault, status=HTTPStatus.NOT_FOUND)
    if hasattr(slip, "survey_answer"):
        return _enter(request, typed=typed, fault=_("Phiếu này đã được trả lời, không nhập nữa."))
    form = PaperSurveyForm(
        request.POST or None,
        questions=surveys.questions_of(slip),
        issued_on=timezone.localdate(slip.issued_at),
    )
    status = HTTPStatus.OK
    if request.method == "POST":
        if form.is_valid():
            try:
                surveys.answer(
                    slip,
                    form.scores,
                    comment=form.cleaned_data["comment"],
                    on_paper=form.cleaned_data["answered_on"],
                    by=officer,
                )
            except surveys.AlreadyAnsweredError:
                messages.info(request, _("Phiếu này đã được trả lời, không nhập nữa."))
            except surveys.ClosedError:
                form.add_error("answered_on", _("Ngày này phiếu đã hết hạn trả lời."))
            else:
                messages.success(request, _("Đã ghi phiếu. Quét phiếu tiếp theo."))
            if not form.errors:
                return redirect("survey-enter")
        status = HTTPStatus.BAD_REQUEST
    return _enter(request, typed=typed, slip=slip, form=form, status=status)


def _enter(
    request: HttpRequest, status: HTTPStatus = HTTPStatus.OK, **context: Any
) -> HttpResponse:
    page = {"typed": "", "fault": "", "slip": None, "form": None, "place": "survey-enter"}
    return render(request, "dossiers/surveys/enter.html", {**page, **context}, status=status)
