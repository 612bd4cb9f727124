"""Sổ theo dõi hồ sơ: an officer asks for the register of some days and takes its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from agencies.access import officer_required, scope_for, the_officer
from agencies.models import Agency
from dossiers import registers, tasks
from dossiers.models import Register
from dossiers.register_forms import RegisterForm
from dossiers.views.processing import not_stored

if TYPE_CHECKING:
    from agencies.models import Officer

SHOWN = 20
LARGEST_ID = 2**63
TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@not_stored
@officer_required()
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Show the form and the registers asked for (GET); write one down and make it (POST).

    A short one is made at once, a long one by the queue: the page says when it is there.
    """
    officer = the_officer(request)
    agencies = _agencies_in_sight(request)
    if not agencies:
        raise Http404
    own = next((each for each in agencies if each.pk == officer.agency_id), agencies[0])
    form = RegisterForm(
        request.POST if request.method == "POST" else None, agencies=agencies, own=own
    )
    if request.method != "POST" or not form.is_valid():
        return _page(request, form, officer, status=422 if form.is_bound else 200)
    asked = form.cleaned_data
    try:
        row = registers.ask(asked["agency"], asked["start"], asked["end"], by=officer)
    except registers.TooLongError as error:
        text = _(
            "Kỳ này có %(count)s hồ sơ, nhiều hơn một sổ chứa được: hãy chia thành kỳ ngắn hơn."
        )
        form.add_error("end", text % {"count": f"{error.count:,}".replace(",", ".")})
        return _page(request, form, officer, status=422)
    if (row.row_count or 0) <= registers.AT_ONCE_ROWS:
        registers.ensure_made(row.pk)
        messages.success(request, _("Đã lập sổ."))
    else:
        tasks.knock_register(row.pk)
        messages.success(request, _("Đang lập sổ; vài phút nữa tải lại trang này để lấy tệp."))
    return redirect("register")


@not_stored
@officer_required()
@require_safe
def register_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a register as PDF to those who see its agency."""
    return _file(request, pk, "pdf")


@not_stored
@officer_required()
@require_safe
def register_xlsx(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a register as a workbook to those who see its agency."""
    return _file(request, pk, "xlsx")


def _file(request: HttpRequest, pk: int, extension: str) -> HttpResponse:
    row = (
        Register.objects.select_related("agency").filter(pk=pk).first() if pk < LARGEST_ID else None
    )
    if row is None or not scope_for(request).covers(row.agency):
        raise Http404
    content = registers.content_of(row, extension)
    if content is None:
        raise Http404
    name = f"so-theo-doi_{row.agency.code}_{row.start:%Y%m%d}-{row.end:%Y%m%d}.{extension}"
    disposition = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return HttpResponse(
        content, content_type=TYPES[extension], headers={"Content-Disposition": disposition}
    )


def _page(
    request: HttpRequest, form: RegisterForm, officer: Officer, *, status: int
) -> HttpResponse:
    asked = Register.objects.filter(asked_by=officer).select_related("agency")[:SHOWN]
    return render(
        request,
        "dossiers/processing/register.html",
        {
            "place": "dossier-list",
            "form": form,
            "lines": [_line(row) for row in asked],
            "pdf_rows": registers.PDF_ROWS,
        },
        status=status,
    )


def _line(row: Register) -> dict[str, object]:
    """Return one register as the page lists it."""
    is_given_up = row.rendered_at is None and row.tries >= registers.MOST_TRIES
    return {
        "row": row,
        "pdf_url": reverse("register-pdf", args=[row.pk]) if row.pdf else "",
        "xlsx_url": reverse("register-xlsx", args=[row.pk]) if row.xlsx else "",
        "is_waiting": row.rendered_at is None and not is_given_up,
        "is_given_up": is_given_up,
        "is_gone": row.rendered_at is not None and not (row.pdf or row.xlsx),
    }


def _agencies_in_sight(request: HttpRequest) -> list[Agency]:
    scope = scope_for(request)
    agencies = Agency.objects.all() if scope.sees_everything else scope.agencies()
    return list(
        agencies.only("pk", "code", "name", "short_name", "path", "level").order_by("name_sort")
    )
