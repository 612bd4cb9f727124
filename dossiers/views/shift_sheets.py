"""Sổ thu: the cash an officer took on a day, to read, print, save as CSV; who leads sees the others."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import Role
from accounts.sheet_cells import plain
from accounts.templatetags.motcua import vn_date, vn_datetime
from agencies.access import officer_required, scope_for, the_officer
from agencies.models import Officer
from agencies.scope import WIDE_ROLES
from dossiers import search, takings
from dossiers.models import Dossier
from dossiers.paperwork.wording import money_in_words
from dossiers.recording import ActDataError
from dossiers.refund_forms import RefundForm
from dossiers.services import refunding
from dossiers.tracking_codes import normalise, normalise_code
from dossiers.views import rows
from dossiers.views.processing import not_stored

if TYPE_CHECKING:
    from agencies.models import OfficerQuerySet
    from dossiers.takings import ShiftSheet

_TAKES = frozenset({Role.RECEPTIONIST, Role.RETURNER})

keeps_or_reads = officer_required(*_TAKES, *WIDE_ROLES)


@not_stored
@keeps_or_reads
@require_http_methods(["GET", "HEAD", "POST"])
def shift_sheet(request: HttpRequest) -> HttpResponse:
    """Show the sheet of one officer on one day; a POST gives cash back and shows it there."""
    day, officer = _day(request), _whose(request)
    if request.method != "POST":
        return _page(request, officer, day)
    if not _may_refund(request):
        raise Http404
    form = RefundForm(request.POST)
    if not form.is_valid():
        return _page(request, the_officer(request), timezone.localdate(), form=form, status=422)
    typed = search.readable(form.cleaned_data.pop("code"))
    dossier = (
        Dossier.objects.visible_to(scope_for(request))
        .for_page()
        .filter(code__iexact=normalise_code(typed))
        .first()
        or Dossier.objects.visible_to(scope_for(request))
        .for_page()
        .filter(tracking_code=normalise(typed))
        .first()
    )
    try:
        if dossier is None:
            raise ActDataError({"code": _("Không có hồ sơ mang mã này.")})
        refunding.refund(dossier, by=the_officer(request), **form.cleaned_data)
    except ActDataError as error:
        for name, text in error.errors.items():
            form.add_error(name if name in form.fields else None, text)
        return _page(request, the_officer(request), timezone.localdate(), form=form, status=422)
    messages.success(request, _("Đã ghi hoàn tiền của %(code)s.") % {"code": dossier.public_code})
    return redirect("shift-sheet")


@not_stored
@keeps_or_reads
@require_safe
def shift_sheet_csv(request: HttpRequest) -> HttpResponse:
    """Give the same sheet as a CSV that a spreadsheet opens."""
    sheet = takings.sheet_of(_whose(request), _day(request))
    response = HttpResponse(_written(sheet), content_type="text/csv; charset=utf-8")
    name = f"so-thu-{sheet.officer.user.username}-{sheet.day:%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _page(
    request: HttpRequest,
    officer: Officer,
    day: dt.date,
    *,
    form: RefundForm | None = None,
    status: int = 200,
) -> HttpResponse:
    sheet, today = takings.sheet_of(officer, day), timezone.localdate()
    is_own = officer.pk == the_officer(request).pk
    return render(
        request,
        "dossiers/desk/shift_sheet.html",
        {
            "place": "shift-sheet",
            "sheet": sheet,
            "is_own": is_own,
            "in_words": money_in_words(int(abs(sheet.balance_vnd))),
            "receipts": [
                {
                    "receipt": receipt,
                    "fees": [
                        {"fee": fee, "url": rows.address(fee.dossier)} for fee in receipt.fees
                    ],
                }
                for receipt in sheet.receipts
            ],
            "refunds": [
                {"refund": refund, "url": rows.address(refund.dossier)} for refund in sheet.refunds
            ],
            "others": takings.tills(_others(request), day) if _leads(request) else [],
            "leads": _leads(request),
            "form": form or RefundForm() if is_own and _may_refund(request) else None,
            "today": today,
            "before_url": _url(request, officer, day - dt.timedelta(days=1)),
            "after_url": _url(request, officer, day + dt.timedelta(days=1)) if day < today else "",
            "csv_url": _url(request, officer, day, name="shift-sheet-csv"),
        },
        status=status,
    )


def _may_refund(request: HttpRequest) -> bool:
    return not scope_for(request).roles.isdisjoint(_TAKES)


def _leads(request: HttpRequest) -> bool:
    scope = scope_for(request)
    return scope.sees_everything or bool(scope.paths)


def _others(request: HttpRequest) -> OfficerQuerySet:
    """Return the officers whose sheets may be read: of the agencies below a wide role."""
    scope = scope_for(request)
    found = Officer.objects.select_related("agency", "user").order_by("name_sort", "pk")
    if scope.sees_everything:
        return found
    # What a narrow role lets one see of dossiers is no right over a colleague's till.
    led = [
        agency.pk
        for agency in scope.agencies()
        if any(agency.path.startswith(path) for path in scope.paths)
    ]
    return found.filter(agency__in=led)


def _whose(request: HttpRequest) -> Officer:
    """Return whose sheet is asked for, oneself unless said; 404 for one that is not one's to read."""
    own, named = the_officer(request), request.GET.get("can-bo", "")
    if not named or named == request.user.get_username():
        return own
    found = _others(request).filter(user__username=named[:150]) if _leads(request) else None
    officer = found.first() if found is not None else None
    if officer is None:
        raise Http404
    return officer


def _day(request: HttpRequest) -> dt.date:
    """Return the day asked for; today for none, for what is no day, and for one to come."""
    today = timezone.localdate()
    try:
        day = dt.date.fromisoformat(request.GET.get("ngay", ""))
    except ValueError:
        return today
    return min(max(day, dt.date(2000, 1, 1)), today)


def _url(request: HttpRequest, officer: Officer, day: dt.date, *, name: str = "shift-sheet") -> str:
    asked = {"ngay": day.isoformat()}
    if officer.pk != the_officer(request).pk:
        asked["can-bo"] = officer.user.get_username()
    return f"{reverse(name)}?{urlencode(asked)}"


def _written(sheet: ShiftSheet) -> str:
    out = io.StringIO()
    out.write("\ufeff")  # by which a spreadsheet knows UTF-8
    writer = csv.writer(out, delimiter=";")
    writer.writerow([_("Sổ thu"), sheet.officer.full_name, vn_date(sheet.day)])
    writer.writerow(
        [_("Lúc"), _("Biên lai, phiếu chi"), _("Mã hồ sơ"), _("Người nộp"), _("Khoản"), _("Đồng")]
    )
    lines: list[list[Any]] = [
        [
            vn_datetime(fee.paid_at),
            fee.receipt_number,
            fee.dossier.public_code,
            fee.dossier.owner_name,
            fee.name,
            int(fee.amount_vnd),
        ]
        for receipt in sheet.receipts
        for fee in receipt.fees
    ]
    lines += [
        [
            vn_datetime(refund.at),
            refund.voucher_number,
            refund.dossier.public_code,
            refund.dossier.owner_name,
            _("Hoàn tiền: %(why)s") % {"why": refund.reason},
            -int(refund.amount_vnd),
        ]
        for refund in sheet.refunds
    ]
    for line in lines:
        writer.writerow([plain(cell) if isinstance(cell, str) else cell for cell in line])
    writer.writerow(["", "", "", "", _("Phải nộp quỹ"), int(sheet.balance_vnd)])
    return out.getvalue()
