"""The catalogue for citizens: find a procedure, read what it asks for."""

from __future__ import annotations

import hashlib

from django.core.cache import cache
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts.printing import qr_image, to_pdf
from agencies.models import Agency, Desk
from procedures import notice_board as boards
from procedures.models import Procedure
from procedures.search import LONGEST_QUERY, understand
from procedures.sheet import Figure, first_sector, sheet_of, version_rows, wait_of

PAGE_SIZE = 20
LONGEST_BOARD = 120  # lines on one page of the screen; of a longer board a sector is chosen first


@require_safe
def procedure_list(request: HttpRequest) -> HttpResponse:
    """Show the catalogue, or what was searched for, best match first. Runs five queries."""
    today = timezone.localdate()
    query = request.GET.get("q", "").replace("\x00", "")[:LONGEST_QUERY]
    only_offered = bool(request.GET.get("offered"))
    found = Procedure.objects.public().search(query, today=today).with_version(today)
    if only_offered:
        found = found.offered_on(today)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    versions = version_rows([procedure.version_id_now for procedure in page])
    rows: list[tuple[Procedure, str, Figure | None]] = []
    for procedure in page:
        version = versions.get(procedure.version_id_now)
        wait = wait_of(list(version.cases.all())) if version and version.cases.all() else None
        rows.append((procedure, first_sector(version), wait))
    template = "procedures/list.html"
    if _wants_fragment(request):
        template += "#procedures"
    response = render(
        request,
        template,
        {"query": query, "only_offered": only_offered, "page_obj": page, "rows": rows},
    )
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
def procedure_detail(request: HttpRequest, code: str) -> HttpResponse:
    """Show one procedure; an internal one is not for citizens. Runs at most ten queries."""
    key = understand(code).code
    today = timezone.localdate()
    procedure = (
        Procedure.objects.with_offered(today)
        .with_version(today)
        .select_related("offering__competent_agency")
        .filter(code=key, is_internal=False)
        .first()
    )
    if procedure is None:
        raise Http404
    if key != code:
        return redirect(procedure)  # 1.000948.H01, as it is printed on decisions
    desks = Desk.objects.none()
    if procedure.is_offered:
        desks = Desk.objects.filter(kind=Desk.Kind.PROVINCE).order_by("pk")[:3]
    return render(
        request,
        "procedures/detail.html",
        {
            "procedure": procedure,
            "sheet": sheet_of(procedure, procedure.version_id_now, on=today),
            "desks": desks,
            "place": "procedure-list",
        },
    )


@require_safe
def notice_board_list(request: HttpRequest) -> HttpResponse:
    """Show which counters and agencies have a board. Runs one query."""
    today = timezone.localdate()
    agencies = list(boards.places(today).prefetch_related("desks"))
    desks = [(agency, desk) for agency in agencies for desk in agency.desks.all()[:1]]
    return render(
        request,
        "procedures/notice_board_list.html",
        {
            "centres": [row for row in desks if row[1].kind == Desk.Kind.PROVINCE],
            "communes": [row for row in desks if row[1].kind == Desk.Kind.COMMUNE],
            "others": [agency for agency in agencies if not agency.desks.all()],
            "place": "procedure-list",
        },
    )


@require_safe
def notice_board(request: HttpRequest, code: str) -> HttpResponse:
    """Show what a counter takes in, by sector; of a long board one sector. Runs eight queries."""
    board, key = _board(request, code)
    whole = board.count <= LONGEST_BOARD
    shown = board.only(key) if key else board
    return render(
        request,
        "procedures/notice_board.html",
        {
            "board": board,
            "groups": shown.groups if key or whole else [],
            "chosen": key,
            "sectors": board.groups if not whole or key else [],
            "can_print": shown.count <= boards.MOST_PRINTED,
            "qr": qr_image(boards.public_url(board.url)),
            "place": "procedure-list",
        },
    )


@cache_control(public=True, max_age=600)
@require_safe
def notice_board_pdf(request: HttpRequest, code: str) -> HttpResponse:
    """Give the board, or a sector of it, as PDF to hang at the counter. Runs eight queries.

    A board too long for one file leads back to the choice of a sector. A process prints the same
    board once a day: who asks again is answered from its memory, so that nobody can keep the
    printer busy by asking.
    """
    board, key = _board(request, code)
    if key:
        board = board.only(key)
    if board.count > boards.MOST_PRINTED:
        return redirect(board.url)
    digest = hashlib.sha256(repr(board).encode()).hexdigest()
    content = cache.get_or_set(f"notice-board.{digest}", lambda: _print(board), 24 * 3600)
    name = f"niem-yet-{board.agency_code}-{board.on:%Y%m%d}.pdf"
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )


def _board(request: HttpRequest, code: str) -> tuple[boards.Board, str]:
    """Return the board of an agency and the sector chosen, if any; 404 for what is not there."""
    today = timezone.localdate()
    agency = (
        Agency.objects.valid_on(today).select_related("parent").filter(code__iexact=code).first()
    )
    if agency is None:
        raise Http404
    board = boards.board_of(agency, on=today)
    key = request.GET.get("linh-vuc", "")
    if (not board.desk and not board.count) or (key and not board.only(key).count):
        raise Http404
    return board, key


def _print(board: boards.Board) -> bytes:
    with translation.override("vi"):
        html = render_to_string(
            "procedures/paper/notice_board.html",
            {
                "board": board,
                "address": boards.public_url(board.url),
                "qr": qr_image(boards.public_url(board.url)),
                "groups": [
                    (
                        group,
                        [(line, qr_image(boards.public_url(line.url))) for line in group.lines],
                    )
                    for group in board.groups
                ],
            },
        )
        return to_pdf(html, sheet="paper-sheets.css")


def _wants_fragment(request: HttpRequest) -> bool:
    htmx = getattr(request, "htmx", None)
    return bool(htmx and not htmx.boosted and not htmx.history_restore_request)
