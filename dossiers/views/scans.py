"""The files of a paper that was handed in: seen, added, put in order, used again, taken off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.roles import Role
from agencies.access import officer_required, scope_for
from dossiers import scans
from dossiers.models import Dossier, DossierDocument, ReadingWay, Scan
from dossiers.readings import note_reading
from dossiers.recording import ActDataError
from dossiers.views import rows
from dossiers.views.processing import find, not_stored

if TYPE_CHECKING:
    from agencies.models import Officer

# Whoever takes papers in or works on them.
_MAY_ADD = (Role.RECEPTIONIST, Role.SPECIALIST, Role.CLERK, Role.HEAD)


def _find(request: HttpRequest, code: str, pk: int) -> tuple[DossierDocument, Dossier, Officer]:
    dossier, officer = find(request, code)
    document = DossierDocument.objects.filter(pk=pk, dossier=dossier).first()
    if document is None:
        raise Http404
    document.dossier = dossier
    return document, dossier, officer


def _scan(document: DossierDocument, pk: int) -> Scan:
    scan = Scan.objects.filter(pk=pk, document=document).first()
    if scan is None:
        raise Http404
    scan.document = document
    return scan


def _back(document: DossierDocument) -> HttpResponse:
    code = rows.address_code(document.dossier)
    return redirect(reverse("document", args=[code, document.pk]))


def _may_add(request: HttpRequest) -> bool:
    return not scope_for(request).roles.isdisjoint(_MAY_ADD)


@not_stored
@officer_required()
@require_safe
def document(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Show a paper's files in their order, and what the owner gave before of the same paper."""
    paper, dossier, officer = _find(request, code, pk)
    if request.method == "GET":
        note_reading(dossier, by=officer, way=ReadingWay.SCAN)
    seen = Dossier.objects.visible_to(scope_for(request))
    may_add = _may_add(request)
    return render(
        request,
        "dossiers/processing/document.html",
        {
            "document": paper,
            "dossier": dossier,
            "code": rows.address_code(dossier),
            "public_code": dossier.public_code,
            "url": rows.address(dossier),
            "scans": scans.on_paper(paper).select_related("added_by"),
            "removed": Scan.objects.filter(document=paper, removed_at__isnull=False).select_related(
                "removed_by"
            ),
            "candidates": scans.candidates(paper, seen) if may_add else [],
            "may_add": may_add,
            "most_mb": scans.MOST_BYTES // 2**20,
            "place": "dossier-list",
        },
    )


@officer_required(*_MAY_ADD)
@require_POST
def scan_add(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Keep the files that were sent; each that cannot be kept is named with the reason."""
    paper, _dossier, officer = _find(request, code, pk)
    sent = request.FILES.getlist("files")
    if not sent:
        messages.error(request, _("Hãy chọn ít nhất một tệp."))
        return _back(paper)
    # One byte more than is allowed tells that it is too much; the rest is not read.
    files = [(file.name or "", file.read(scans.MOST_BYTES + 1)) for file in sent]
    kept, refused = scans.attach(paper, files, by=officer)
    if kept:
        messages.success(
            request,
            ngettext("Đã thêm %(count)s tệp.", "Đã thêm %(count)s tệp.", len(kept))
            % {"count": len(kept)},
        )
    for name, why in refused:
        messages.error(request, f"{name}: {why}")
    return _back(paper)


@officer_required(*_MAY_ADD)
@require_POST
def scan_reuse(request: HttpRequest, code: str, pk: int, scan: int) -> HttpResponse:
    """Put a file that the owner gave before on this paper too."""
    paper, _dossier, officer = _find(request, code, pk)
    seen = Dossier.objects.visible_to(scope_for(request))
    found = next((each for each in scans.candidates(paper, seen) if each.pk == scan), None)
    if found is None:
        # Used already by the click before, or no longer in sight: the page shows which.
        return _back(paper)
    try:
        scans.reuse(paper, found, by=officer)
    except scans.ScanError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Đã dùng lại giấy tờ của hồ sơ trước."))
    return _back(paper)


@officer_required()
@require_safe
def scan_file(request: HttpRequest, code: str, pk: int, scan: int) -> HttpResponse:
    """Send a file to be looked at; that it was is written down."""
    paper, dossier, officer = _find(request, code, pk)
    found = _scan(paper, scan)
    try:
        content = scans.read(found)
    except scans.ScanError as error:
        messages.error(request, str(error))
        return _back(paper)
    if request.method == "GET":
        note_reading(dossier, by=officer, way=ReadingWay.SCAN)
    answer = HttpResponse(content, content_type=found.content_type)
    answer["Content-Disposition"] = f'inline; filename="{found.digest[:12]}"'
    # PDF, JPEG or PNG by its own bytes, and the browser is told to make nothing else of it.
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer


@officer_required(*_MAY_ADD)
@require_POST
def scan_up(request: HttpRequest, code: str, pk: int, scan: int) -> HttpResponse:
    """Put a file before the one above it."""
    paper, _dossier, _officer = _find(request, code, pk)
    scans.move(_scan(paper, scan), up=True)
    return _back(paper)


@officer_required(*_MAY_ADD)
@require_POST
def scan_down(request: HttpRequest, code: str, pk: int, scan: int) -> HttpResponse:
    """Put a file behind the one below it."""
    paper, _dossier, _officer = _find(request, code, pk)
    scans.move(_scan(paper, scan), up=False)
    return _back(paper)


@officer_required(*_MAY_ADD)
@require_POST
def scan_remove(request: HttpRequest, code: str, pk: int, scan: int) -> HttpResponse:
    """Take a file off the paper, with the reason; it stays in the list of what was taken off."""
    paper, _dossier, officer = _find(request, code, pk)
    try:
        scans.remove(_scan(paper, scan), by=officer, why=request.POST.get("why", ""))
    except ActDataError as error:
        messages.error(request, " ".join(str(text) for text in error.errors.values()))
    return _back(paper)
