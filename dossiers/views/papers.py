"""The papers of a dossier: what each is and whether its seal holds, its PDF, its counted copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.templatetags.motcua import vn_datetime
from agencies.access import officer_required
from dossiers import paper_issue
from dossiers.api import pdf_response
from dossiers.models import ReadingWay
from dossiers.paper_files import ensure_rendered
from dossiers.paperwork import render as render_paper
from dossiers.paperwork import signing
from dossiers.paperwork.layouts import layout_named
from dossiers.readings import note_reading
from dossiers.views import rows
from dossiers.views.processing import find, not_stored, slip_name

if TYPE_CHECKING:
    from agencies.models import Officer
    from dossiers.models import Dossier, PaperSlip

LARGEST_ID = 2**63


@not_stored
@officer_required()
@require_safe
def dossier_paper_page(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Show a paper: its form and number, whether it is signed and the seal holds, its copies."""
    dossier, _officer, slip = _opened(request, code, pk)
    layout = layout_named(slip.kind, slip.form)
    newer = dossier.slips.filter(replaces=slip).first()
    address = [rows.address_code(dossier), slip.pk]
    return render(
        request,
        "dossiers/processing/paper.html",
        {
            "dossier": dossier,
            "place": "dossier-list",
            "public_code": dossier.public_code,
            "dossier_url": rows.address(dossier),
            "slip": slip,
            "name": slip_name(slip),
            "title": layout.title.capitalize(),
            "facts": [
                (_("Mẫu"), slip.form),
                (_("Số"), f"{layout.number_words(slip.number)}/{slip.year}"),
                (_("Cơ quan ban hành"), slip.agency.name),
                (_("Lập lúc"), vn_datetime(slip.issued_at)),
                (_("Người lập"), slip.issued_by.full_name if slip.issued_by else ""),
                (_("Hẹn trả ghi trên giấy"), vn_datetime(slip.due_at) if slip.due_at else ""),
                (_("Thay cho"), slip_name(slip.replaces) if slip.replaces else ""),
            ],
            "signature": _signature(signing.verify(ensure_rendered(slip))),
            "newer": {
                "name": slip_name(newer),
                "url": reverse("dossier-paper-page", args=[address[0], newer.pk]),
            }
            if newer
            else None,
            "pdf_url": reverse("dossier-paper", args=address),
            "reprint_url": reverse("dossier-paper-reprint", args=address),
            "copies": [
                {
                    "copy": copy,
                    "url": reverse("dossier-paper-copy", args=[*address, copy.number]),
                }
                for copy in slip.reprints.select_related("printed_by")
            ],
        },
    )


def _signature(report: signing.SignatureReport) -> dict[str, str]:
    """Return what a signature's report says to an officer: a kind of alert, an icon, a sentence."""
    if not report.is_signed:
        return {"kind": "", "icon": "info", "text": _("Chưa ký số.")}
    words = {
        "signer": report.signer or _("không rõ"),
        "when": vn_datetime(report.at) if report.at else _("không rõ"),
    }
    if report.is_valid:
        text = _("Đã ký số bởi %(signer)s lúc %(when)s, hợp lệ.") % words
        return {"kind": "good", "icon": "good", "text": text}
    text = _("Chữ ký không hợp lệ (ghi tên %(signer)s, lúc %(when)s).") % words
    return {"kind": "wrong", "icon": "warn", "text": text}


@not_stored
@officer_required()
@require_safe
def dossier_paper(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Give a paper as PDF to those who may see the dossier."""
    _dossier, _officer, slip = _opened(request, code, pk)
    return pdf_response(ensure_rendered(slip), f"{slip.kind}-{slip.number}.pdf")


@not_stored
@officer_required()
@require_POST
def dossier_paper_reprint(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Count one more copy and lead to its PDF, which bears its number and day."""
    dossier, officer, slip = _opened(request, code, pk)
    copy = paper_issue.reprint(slip, officer=officer)
    return redirect("dossier-paper-copy", rows.address_code(dossier), slip.pk, copy.number)


@not_stored
@officer_required()
@require_safe
def dossier_paper_copy(request: HttpRequest, code: str, pk: int, number: int) -> HttpResponse:
    """Give a counted copy as PDF; the same copy is the same every time."""
    _dossier, _officer, slip = _opened(request, code, pk)
    copy = slip.reprints.filter(number=number).first() if number < 2**15 else None
    if copy is None:
        raise Http404
    name = f"{slip.kind}-{slip.number}-ban-sao-{copy.number}.pdf"
    return pdf_response(render_paper(slip, reprint=copy), name)


@not_stored
@officer_required()
@require_POST
def dossier_control_slip(request: HttpRequest, code: str) -> HttpResponse:
    """Issue the control slip of the dossier as it stands, or lead to the one that says so already."""
    dossier, officer = find(request, code)
    try:
        slip = paper_issue.control_slip(dossier, officer=officer)
    except paper_issue.NothingToShowError:
        messages.error(
            request, _("Hồ sơ chưa tiếp nhận hoặc không có diễn biến, nên chưa có phiếu kiểm soát.")
        )
        return redirect(rows.address(dossier))
    return redirect("dossier-paper-page", rows.address_code(dossier), slip.pk)


def _opened(request: HttpRequest, code: str, pk: int) -> tuple[Dossier, Officer, PaperSlip]:
    """Return a dossier in sight, who asks and its paper; that it was read is written down."""
    dossier, officer = find(request, code)
    slip = _slip(dossier, pk)
    if request.method == "GET":
        note_reading(dossier, by=officer, way=ReadingWay.PAPER)
    return dossier, officer, slip


def _slip(dossier: Dossier, pk: int) -> PaperSlip:
    """Return a paper of this very dossier; 404 for any other."""
    slip = (
        dossier.slips.select_related("agency", "issued_by", "replaces").filter(pk=pk).first()
        if pk < LARGEST_ID
        else None
    )
    if slip is None:
        raise Http404
    return slip
