"""The catalogue for citizens: find a procedure, read what it asks for."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from agencies.models import Desk
from procedures.models import Procedure
from procedures.search import LONGEST_QUERY, understand
from procedures.sheet import Figure, first_sector, sheet_of, version_rows, wait_of

PAGE_SIZE = 20


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
            "sheet": sheet_of(procedure, procedure.version_id_now),
            "desks": desks,
            "place": "procedure-list",
        },
    )


def _wants_fragment(request: HttpRequest) -> bool:
    htmx = getattr(request, "htmx", None)
    return bool(htmx and not htmx.boosted and not htmx.history_restore_request)
