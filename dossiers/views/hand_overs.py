"""Bàn giao hồ sơ giấy: the sheets, writing one, receiving one, where the papers of a dossier are."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies.access import officer_required, scope_for, the_officer
from agencies.models import Agency
from dossiers import hand_overs, sheets
from dossiers.api import pdf_response
from dossiers.hand_over_forms import HandOverForm, PutForm
from dossiers.hand_overs import MOST_ITEMS, POST, POST_KEY, HandOverError, Place
from dossiers.models import Dossier, HandOver
from dossiers.views.processing import find
from dossiers.views.rows import address_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from agencies.models import Officer
    from dossiers.models import HandOverItem, HandOverQuerySet

PAGE_SIZE = 30
PLACE = "hand-over-list"  # of the navigation

# Names of owners stand on these pages.
not_stored = cache_control(private=True, no_store=True)


@not_stored
@officer_required()
@require_safe
def hand_over_list(request: HttpRequest) -> HttpResponse:
    """Show the sheets that wait to be received, those written here, or all in sight.

    Those written here come with the trips of the post. Runs three queries, there four.
    """
    officer, today = the_officer(request), timezone.localdate()
    mine = hand_overs.handling_agencies(officer, today)
    seen = HandOver.objects.visible_to(scope_for(request))
    tab = request.GET.get("xem", "")
    if tab not in {"cho-nhan", "da-giao", "tat-ca"}:
        tab = "cho-nhan" if mine else "tat-ca"
    found: HandOverQuerySet = {
        "cho-nhan": _awaited(seen, mine),
        "da-giao": seen.filter(agency__in=mine),
        "tat-ca": seen,
    }[tab]
    # The counts are made for the rows of a page, not for all that are counted.
    page = Paginator(found.order_by("-created_at", "-pk"), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    shown = HandOver.objects.filter(pk__in=[each.pk for each in page]).for_page().with_counts()
    return render(
        request,
        "dossiers/hand_overs/list.html",
        {
            "page_obj": page,
            "sheets": [
                (sheet, hand_overs.difference(sheet.missing_count) if sheet.received_at else "")
                for sheet in shown.order_by("-created_at", "-pk")
            ],
            "tab": tab,
            "may_write": bool(mine),
            "trips": hand_overs.post_trips(mine, today.replace(day=1), today)
            if mine and tab == "da-giao"
            else None,
            "place": PLACE,
        },
    )


def _awaited(seen: HandOverQuerySet, mine: list[int]) -> HandOverQuerySet:
    """Return what waits to be ticked by the agencies; what the post takes, by who gave it."""
    ours = Q(to_agency__in=mine) | Q(to_agency__isnull=True, from_agency__in=mine)
    return seen.under_way().filter(ours)


@not_stored
@officer_required()
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over_new(request: HttpRequest) -> HttpResponse:
    """Choose from where to where, tick what goes, write the sheet. Runs at most eight queries."""
    officer = the_officer(request)
    today = timezone.localdate()
    desks = _desks(officer)
    if not desks:
        raise Http404
    asked = request.POST if request.method == "POST" else request.GET
    source, desk = _source(asked.get("tu", ""), asked.get("noi", ""), desks)
    target = _target(asked.get("den", ""), source, desk)
    if target is None:
        return _choose(request, source, desk, desks)
    with_post = POST in {source, target}
    scope = scope_for(request)
    fault, status = "", HTTPStatus.OK
    if request.method == "POST":
        ticked = request.POST.getlist("dossier")[: MOST_ITEMS * 2]
        form = HandOverForm(request.POST, scope=scope, ticked=ticked, with_post=with_post)
        status = HTTPStatus.BAD_REQUEST
        if form.is_valid():
            try:
                sheet = hand_overs.write(
                    source,
                    target,
                    form.cleaned_data["dossier_ids"],
                    by=officer,
                    is_sealed=form.cleaned_data["is_sealed"],
                    note=form.cleaned_data["note"],
                    courier=form.cleaned_data.get("courier", ""),
                )
            except HandOverError as error:
                fault, status = str(error), HTTPStatus.CONFLICT
            else:
                messages.success(
                    request,
                    _("Đã lập phiếu bàn giao số %(number)s. In phiếu để hai bên ký.")
                    % {"number": f"{sheet.number}/{sheet.year}"},
                )
                return redirect(sheet)
    else:
        ticked = []
        form = HandOverForm(scope=scope, ticked=[], with_post=with_post)
    waiting = (
        hand_overs.proposed(source, desk, target, today)
        .visible_to(scope)
        .select_related("procedure", "paper_file")
    )
    return render(
        request,
        "dossiers/hand_overs/new.html",
        {
            "form": form,
            "fault": fault,
            "source": source,
            "target": target,
            "desk": desk,
            "rows": [(d, _shelf(d), d.code in ticked) for d in waiting[:MOST_ITEMS]],
            "place": PLACE,
        },
        status=status,
    )


def _choose(request: HttpRequest, source: Place, desk: Agency, desks: list[Agency]) -> HttpResponse:
    """Ask where the papers go: those that are awaited first, then any agency."""
    today = timezone.localdate()
    base = {"noi": desk.code, "tu": source.key}
    waiting = (
        [(Place(desk), hand_overs.proposed(POST, desk, None, today).count())]
        if source is POST
        else hand_overs.targets(source, desk, today)
    )
    return render(
        request,
        "dossiers/hand_overs/choose.html",
        {
            "source": source,
            "desk": desk,
            "desks": desks,
            "sources": [
                (each, each == source and each_desk == desk,
                 f"?{urlencode({'noi': each_desk.code, 'tu': each.key})}",
                 _("Bưu chính giao tới %(agency)s") % {"agency": each_desk.label}
                 if each is POST else each.name)
                for each_desk in desks for each in (Place(each_desk), POST)
            ],
            "waiting": [
                (target, count, f"?{urlencode({**base, 'den': target.key})}")
                for target, count in waiting
            ],
            "agencies": []
            if source is POST
            else Agency.objects.valid_on(today)
            .exclude(pk=desk.pk)
            .order_by("level", "name_sort")
            .only("code", "name"),
            "post_key": POST_KEY,
            "place": PLACE,
        },
    )  # fmt: skip


def _desks(officer: Officer) -> list[Agency]:
    """Return the agencies whose papers the officer carries, their own first. Runs one query."""
    mine = hand_overs.handling_agencies(officer, timezone.localdate())
    found = list(Agency.objects.filter(pk__in=mine).order_by("code"))
    return sorted(found, key=lambda agency: agency.pk != officer.agency_id)


def _source(key: str, desk_code: str, desks: list[Agency]) -> tuple[Place, Agency]:
    """Return where the papers come from and the agency that writes; 404 for one of others."""
    by_code = {agency.code: agency for agency in desks}
    desk = by_code.get(desk_code or (key if key != POST_KEY else ""), desks[0])
    if (desk_code and desk_code not in by_code) or key not in {"", POST_KEY, desk.code}:
        raise Http404
    return (POST if key == POST_KEY else Place(desk)), desk


def _target(key: str, source: Place, desk: Agency) -> Place | None:
    """Return where the papers go, None while it is not chosen; 404 for nowhere."""
    if not key:
        return None
    if source is POST:
        if key != desk.code:
            raise Http404
        return Place(desk)
    if key == POST_KEY:
        return POST
    agency = Agency.objects.valid_on(timezone.localdate()).filter(code=key).first()
    if agency is None or agency == desk:
        raise Http404
    return Place(agency)


def _shelf(dossier: Dossier) -> str:
    file = getattr(dossier, "paper_file", None)
    return file.shelf if file else ""


@not_stored
@officer_required()
@require_safe
def hand_over_detail(request: HttpRequest, agency: str, year: int, number: int) -> HttpResponse:
    """Show a sheet: what is on it, what arrived, what to do. Runs three queries."""
    return _detail(request, _sheet(request, agency, year, number))


@not_stored
@officer_required()
@require_safe
def hand_over_pdf(request: HttpRequest, agency: str, year: int, number: int) -> HttpResponse:
    """Give a sheet as PDF to sign, with what was ticked until now. Runs three queries."""
    sheet = _sheet(request, agency, year, number)
    name = f"phieu-ban-giao-{sheet.agency.code}-{sheet.year}-{sheet.number}.pdf"
    return pdf_response(sheets.hand_over(sheet, _items(sheet)), name)


@not_stored
@officer_required()
@require_POST
def hand_over_receive(request: HttpRequest, agency: str, year: int, number: int) -> HttpResponse:
    """Tick what arrived; `act` says whether all did, or whether the rest is signed as missing."""
    sheet = _sheet(request, agency, year, number)
    act = request.POST.get("act", "")
    rows = _items(sheet)
    ticked = [row.pk for row in rows] if act == "all" else _ticked(request)

    def receive() -> str:
        found = hand_overs.receive(
            sheet,
            ticked,
            by=the_officer(request),
            shelf=request.POST.get("shelf", "").strip()[:60],
            closes=act == "close",
            notes={row.pk: request.POST.get(f"note-{row.pk}", "") for row in rows},
            courier=request.POST.get("courier", "").strip()[:200],
        )
        said = ngettext(
            "Đã ghi nhận %(count)d hồ sơ", "Đã ghi nhận %(count)d hồ sơ", found.ticked
        ) % {"count": found.ticked}
        missing = hand_overs.difference(found.missing) if found.is_closed else ""
        return f"{said}; {missing}." if missing else f"{said}."

    return _done(request, sheet, receive)


@not_stored
@officer_required()
@require_POST
def hand_over_take_back(request: HttpRequest, agency: str, year: int, number: int) -> HttpResponse:
    """Say that files reported missing are still with the giving side."""
    sheet = _sheet(request, agency, year, number)

    def take_back() -> str:
        count = hand_overs.take_back(sheet, _ticked(request), by=the_officer(request))
        return ngettext(
            "%(count)d hồ sơ vẫn ở bên giao.", "%(count)d hồ sơ vẫn ở bên giao.", count
        ) % {"count": count}

    return _done(request, sheet, take_back)


@not_stored
@officer_required()
@require_POST
def hand_over_cancel(request: HttpRequest, agency: str, year: int, number: int) -> HttpResponse:
    """Cancel a sheet that nobody has ticked yet."""
    sheet = _sheet(request, agency, year, number)

    def cancel() -> str:
        hand_overs.cancel(sheet, by=the_officer(request), reason=request.POST.get("reason", ""))
        return _("Đã huỷ phiếu; hồ sơ giấy ở lại bên giao.")

    return _done(request, sheet, cancel)


@not_stored
@officer_required()
@require_http_methods(["GET", "HEAD", "POST"])
def dossier_place(request: HttpRequest, code: str) -> HttpResponse:
    """Show where the papers of a dossier are and were; who has them says on which shelf."""
    dossier, officer = find(request, code)
    agencies = _desks(officer)
    fault, status = "", HTTPStatus.OK
    form = None
    if request.method == "POST":
        if not agencies:
            raise Http404
        form = PutForm(request.POST, agencies=agencies)
        status = HTTPStatus.BAD_REQUEST
        if form.is_valid():
            chosen = next(a for a in agencies if a.code == form.cleaned_data["agency"])
            try:
                hand_overs.put(dossier, chosen, form.cleaned_data["shelf"], by=officer)
            except HandOverError as error:
                fault, status = str(error), HTTPStatus.CONFLICT
            else:
                messages.success(request, _("Đã ghi nơi để hồ sơ giấy."))
                return redirect("dossier-place", address_code(dossier))
    elif agencies:
        form = PutForm(agencies=agencies, initial={"shelf": _shelf(dossier)})
    moves = dossier.paper_moves.select_related("agency", "by", "handover__agency").order_by(
        "-at", "-pk"
    )
    return render(
        request,
        "dossiers/hand_overs/place.html",
        {
            "dossier": dossier,
            "public_code": dossier.public_code,
            "dossier_url": reverse("dossier-detail", args=[address_code(dossier)]),
            "form": form,
            "fault": fault,
            "moves": moves[:100],
            "place": "dossier-list",
        },
        status=status,
    )


def _sheet(request: HttpRequest, agency: str, year: int, number: int) -> HandOver:
    """Return a sheet in sight; 404 out of sight."""
    if year >= 2**15 or number >= 2**31:  # more than the columns hold
        raise Http404
    seen = HandOver.objects.visible_to(scope_for(request)).for_page()
    return get_object_or_404(seen, agency__code=agency, year=year, number=number)


def _items(sheet: HandOver) -> list[HandOverItem]:
    return list(
        sheet.items.select_related("dossier__procedure", "received_by").order_by("position")
    )


def _detail(
    request: HttpRequest, sheet: HandOver, fault: str = "", status: int = HTTPStatus.OK
) -> HttpResponse:
    officer, today = the_officer(request), timezone.localdate()
    items = _items(sheet)
    missing = [item for item in items if item.is_missing]
    arrived = [item for item in items if item.received_at]
    receives = hand_overs.may_handle(officer, sheet.receiving_agency_id, today)
    gives = hand_overs.may_handle(officer, sheet.giving_agency_id, today)
    open_rows = bool(missing) and sheet.cancelled_at is None
    # A sheet may name dossiers that the reader does not see: their pages are not linked.
    seen = set(
        Dossier.objects.visible_to(scope_for(request))
        .filter(pk__in=[item.dossier_id for item in items])
        .values_list("pk", flat=True)
    )
    return render(
        request,
        "dossiers/hand_overs/detail.html",
        {
            "sheet": sheet,
            "rows": [
                (
                    item,
                    reverse("dossier-detail", args=[address_code(item.dossier)])
                    if item.dossier_id in seen
                    else "",
                )
                for item in items
            ],
            "arrived_count": len(arrived),
            "missing_count": len(missing),
            "difference": hand_overs.difference(len(missing)) if sheet.received_at else "",
            "by_post": sheet.to_agency is None,
            "may_receive": receives and open_rows,
            "may_take_back": gives and open_rows and sheet.received_at is not None,
            "may_cancel": sheet.is_under_way
            and not arrived
            and hand_overs.may_handle(officer, sheet.agency_id, today),
            "fault": fault,
            "place": PLACE,
        },
        status=status,
    )


def _done(request: HttpRequest, sheet: HandOver, act: Callable[[], str]) -> HttpResponse:
    """Do an act on a sheet and lead back to it; what does not go is said on the page."""
    try:
        said = act()
    except HandOverError as error:
        return _detail(request, sheet, fault=str(error), status=HTTPStatus.CONFLICT)
    messages.success(request, said)
    return redirect(sheet)


def _ticked(request: HttpRequest) -> list[int]:
    """Return the ids of the ticked rows; what is no number is none of ours."""
    asked: list[Any] = request.POST.getlist("item")[: MOST_ITEMS * 2]
    return [int(pk) for pk in asked if pk.isascii() and pk.isdigit() and len(pk) < 19]
