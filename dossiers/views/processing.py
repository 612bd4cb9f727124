"""Working on dossiers: the inbox, the list, one dossier, its acts, its papers."""

from __future__ import annotations

import uuid
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import structlog
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts.roles import Role
from accounts.templatetags.motcua import vn_number
from agencies.access import officer_required, scope_for, the_officer
from agencies.calendars import calendar_of
from agencies.context import looking
from agencies.models import Agency, Officer
from dossiers import boards, history, next_acts, pages, rounds, search, steps
from dossiers.act_forms import ACT_FORMS, ActForm
from dossiers.clockwork import explain
from dossiers.fees import Ledger
from dossiers.models import (
    ActProposal,
    Dossier,
    Note,
    ReadingWay,
    ResultChannel,
    Seal,
    Signature,
    local_day,
)
from dossiers.readings import note_reading
from dossiers.recording import ActDataError, StaleVersionError, acts_to_propose, open_acts
from dossiers.tracking_codes import grouped
from dossiers.views import inboxes, rows
from dossiers.workflow import (
    ENDED_STATES,
    PAUSED_STATES,
    TRANSITIONS,
    Act,
    IllegalTransitionError,
    State,
)

if TYPE_CHECKING:
    import datetime as dt

    from django.db.models import QuerySet

    from agencies.working_time import Calendar
    from dossiers.models import DossierEvent, DossierQuerySet

logger = structlog.get_logger(__name__)

# Personal data: neither stored by the browser nor by anything between.
not_stored = cache_control(private=True, no_store=True)

# Where an act may lead back to: names only, never an address from outside.
WAYS_BACK = frozenset({"inbox", "desk-waiting", "board"})


@login_required
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Lead each officer to the place where their day begins."""
    who = looking(request)
    if who is None:
        return redirect("home")
    if who.may_receive:
        return redirect("desk")
    if who.may_supervise and Role.SIGNER not in scope_for(request).roles:
        return redirect("board")
    if who.may_process:
        return redirect("inbox")
    return redirect("admin:index" if who.may_administer else "dossier-list")


@not_stored
@officer_required()
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """Show what waits for the officer, by the clock and not by arrival; filters are the address."""
    officer, now = the_officer(request), timezone.now()
    calendar = calendar_of(officer.agency)
    whole_unit = request.GET.get("xem") == "don-vi"
    typed = search.readable(request.GET.get("q", ""))
    states = next_acts.states_waiting_for(officer, timezone.localdate(now))
    state, group, _agency = _filters(request, [])
    seen = search.found_by(Dossier.objects.visible_to(scope_for(request)), typed)
    if state:
        seen = seen.filter(state=state)
    if group:
        seen = seen.filter(boards.Bounds.at(now, calendar).condition(group))
    try:
        found, cursor = inboxes.page_of(
            rows.slim(seen),
            officer,
            timezone.localdate(now),
            request.GET.get("sau", ""),
            whole_unit=whole_unit,
        )
    except pages.CursorError:
        return redirect("inbox")
    lines = [rows.row_of(dossier, now, calendar, officer) for dossier in found]
    return render(
        request,
        "dossiers/processing/inbox.html",
        {
            "typed": typed,
            "states": [(s.value, s.label) for s in State if s in states],
            "clock_groups": boards.GROUPS.items(),
            "state": state,
            "group": group,
            "is_filtered": bool(typed or state or group),
            "groups": inboxes.grouped(lines),
            "count": len(lines),
            "is_whole": cursor is None and "sau" not in request.GET,
            "whole_unit": whole_unit,
            "may_choose_unit": Role.SPECIALIST in scope_for(request).roles,
            "now": now,
            "first_url": f"?{_query(request, sau=None)}" if "sau" in request.GET else "",
            "next_url": f"?{_query(request, sau=cursor)}" if cursor else "",
        },
    )


@not_stored
@officer_required()
@require_safe
def dossier_list(request: HttpRequest) -> HttpResponse:
    """Find dossiers in sight by code, number or words of the owner's name, and by filters."""
    officer, scope, now = the_officer(request), scope_for(request), timezone.now()
    calendar = calendar_of(officer.agency)
    typed = search.readable(request.GET.get("q", ""))
    agencies = list(_agencies_in_sight(request))
    state, group, agency = _filters(request, agencies)
    dossiers = search.found_by(Dossier.objects.visible_to(scope), typed)
    if state:
        dossiers = dossiers.filter(state=state)
    if agency:
        dossiers = dossiers.filter(competent_agency__path__startswith=agency.path)
    cursor = request.GET.get("sau", "")
    try:
        if group:
            bounds = boards.Bounds.at(now, calendar)
            dossiers = dossiers.open().filter(bounds.condition(group))
            found, following = pages.page_of(rows.slim(dossiers), cursor)
        else:
            found, following = _newest(rows.slim(dossiers), cursor)
    except pages.CursorError:
        return redirect(f"{reverse('dossier-list')}?{_query(request, sau=None)}")
    if typed and len(found) == 1 and search.is_code(typed) and not (state or group or agency):
        # One code, one dossier: a scanned receipt opens it at once.
        if _is_htmx(request):
            return HttpResponseClientRedirect(rows.address(found[0]))
        return redirect(rows.address(found[0]))
    template = "dossiers/processing/list.html"
    if request.htmx and request.htmx.target == "dossiers":  # type: ignore[attr-defined]
        template += "#dossiers"
    return render(
        request,
        template,
        {
            "rows": [rows.row_of(dossier, now, calendar) for dossier in found],
            "search_words": typed,
            "states": [(s.value, s.label) for s in State],
            "groups": boards.GROUPS.items(),
            "agencies": agencies,
            "state": state,
            "group": group,
            "agency": agency,
            "is_filtered": bool(typed or state or group or agency),
            "first_url": f"?{_query(request, sau=None)}" if cursor else "",
            "next_url": f"?{_query(request, sau=following)}" if following else "",
        },
    )


def _newest(dossiers: DossierQuerySet, cursor: str) -> tuple[list[Dossier], str | None]:
    """Return a page of rows, newest first, and the cursor of the next. Runs one query."""
    if cursor:
        if not cursor.isdecimal() or len(cursor) > 18:
            raise pages.CursorError
        dossiers = dossiers.filter(pk__lt=int(cursor))
    found = list(dossiers.order_by("-pk")[: pages.PAGE_SIZE + 1])
    if len(found) <= pages.PAGE_SIZE:
        return found, None
    return found[: pages.PAGE_SIZE], str(found[pages.PAGE_SIZE - 1].pk)


def _filters(request: HttpRequest, agencies: list[Agency]) -> tuple[str, str, Agency | None]:
    """Read the filters of the address; what is unknown filters nothing."""
    state = request.GET.get("trang-thai", "")
    group = request.GET.get("han", "")
    code = request.GET.get("co-quan", "")
    return (
        state if state in State.values else "",
        group if group in boards.GROUPS else "",
        next((agency for agency in agencies if agency.code == code), None),
    )


def _agencies_in_sight(request: HttpRequest) -> Any:
    scope = scope_for(request)
    agencies = Agency.objects.all() if scope.sees_everything else scope.agencies()
    return agencies.only("pk", "code", "name", "short_name", "path").order_by("name_sort")


def _query(request: HttpRequest, **changes: str | None) -> str:
    """Return the query of this address with some parameters replaced or left out."""
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return query.urlencode()


@not_stored
@officer_required()
@require_safe
def dossier_detail(request: HttpRequest, code: str) -> HttpResponse:
    """Show a dossier, what to do next on top; that it was opened is written down."""
    dossier, officer = find(request, code)
    if request.method == "GET":
        note_reading(dossier, by=officer)
    return _detail(request, dossier, officer)


@not_stored
@officer_required()
@require_POST
def dossier_reveal(request: HttpRequest, code: str) -> HttpResponse:
    """Show the owner's numbers whole, once; that they were looked at is written down."""
    dossier, officer = find(request, code)
    note_reading(dossier, by=officer, way=ReadingWay.NUMBERS)
    logger.info("numbers revealed", dossier=dossier.pk, by=officer.pk)
    return _detail(
        request, dossier, officer, is_revealed=True, part="owner" if _is_htmx(request) else ""
    )


def _detail(
    request: HttpRequest,
    dossier: Dossier,
    officer: Officer,
    *,
    is_revealed: bool = False,
    part: str = "",
) -> HttpResponse:
    template = "dossiers/processing/detail.html"
    context: dict[str, Any] = {
        "dossier": dossier,
        "place": "dossier-list",
        "is_revealed": is_revealed,
        "reveal_url": reverse("dossier-reveal", args=[rows.address_code(dossier)]),
    }
    if part:
        return render(request, f"{template}#{part}", context)
    now = timezone.now()
    calendar = calendar_of(dossier.clock_agency)
    events = list(
        history.with_principals(dossier.events.all())
        .select_related("actor", "agency", "holder_agency", "holder_officer")
        .only(
            "dossier_id", "seq", "at", "recorded_at", "act", "to_state", "actor_role", "reason",
            "clock_effect", "due_at", "data",
            "actor__full_name", "holder_officer__full_name",
            "agency__name", "agency__short_name", "holder_agency__name", "holder_agency__short_name",
        )
        .order_by("seq")
    )  # fmt: skip
    slips = list(dossier.slips.order_by("issued_at", "id"))
    papers = {slip.event_id: (_slip_url(dossier, slip.pk), slip_name(slip)) for slip in slips}
    buttons = rows.buttons_of(dossier, officer)
    first = rows.first_of(dossier, buttons)
    asking = [rows.asking_button(dossier, act) for act in acts_to_propose(dossier, officer)]
    # The time of a chain is that of its parts, each told on its own page.
    shares = [] if dossier.is_chain else history.shares(dossier, events, now, calendar)
    documents = list(
        dossier.documents.annotate(
            scan_count=Count("scans", filter=Q(scans__removed_at__isnull=True))
        ).order_by("supplement_round", "position", "id")
    )
    ledger = Ledger(dossier) if dossier.payment_state != "none" else None
    fees = sorted(ledger.fees, key=attrgetter("pk")) if ledger else []
    context |= {
        "parts": _parts(request, dossier, now, calendar),
        "parent": _parent(request, dossier),
        "clock": rows.clock_of(dossier, now, calendar),
        "explanation": explain(
            dossier, pauses=history.pauses_of(events) or _pauses_of(dossier), calendar=calendar
        ),
        # A settled dossier's days are told as they stood when it ended.
        "today": dossier.settled_on or local_day(now),
        "moved_from": dossier.due_original_at
        if dossier.due_original_at != dossier.due_at
        else None,
        "first": first,
        "others": [*(button for button in buttons if button is not first), *asking],
        "asked": _all_asked(dossier, officer),
        "draft_url": rows.draft_url(dossier, buttons),
        "waits_for": _waits_for(dossier),
        "timeline": history.timeline(dossier, events, papers),
        "late_entry": dossier.late_reason,
        "documents": documents,
        "rounds": rounds.compare(dossier.supplement_rounds.order_by("requested_at"), documents)
        if dossier.supplement_count
        else [],
        "address_code": rows.address_code(dossier),
        "slips": [
            {
                "name": slip_name(slip),
                "slip": slip,
                "url": reverse("dossier-paper-page", args=[rows.address_code(dossier), slip.pk]),
                "pdf_url": _slip_url(dossier, slip.pk),
            }
            for slip in slips
        ],
        "control_slip_url": reverse("dossier-control-slip", args=[rows.address_code(dossier)])
        if dossier.received_at and events
        else "",
        "fees": fees,
        "fees_open": ledger.left_vnd if ledger else 0,
        "refunds": ledger.refunds if ledger and ledger.refund_vnd else [],
        "is_unserved": dossier.state == State.AWAITING_PAYMENT and not dossier.notice_served_on,
        "shares": shares,
        "share_parts": [(share.tone, share.minutes) for share in shares],
        "step": steps.clock_of(dossier, events, now, calendar),
        "facts": _facts(dossier, events),
        "public_code": dossier.public_code,
        "holder": rows.holder_of(dossier),
        "notes": Note.objects.filter(dossier=dossier).select_related("author").order_by("at", "id"),
        "note_url": reverse("note-add", args=[rows.address_code(dossier)]),
        "note_token": uuid.uuid4(),
    }
    return render(request, template, context)


def _pauses_of(dossier: Dossier) -> list[Any]:
    """Return the pauses of a dossier whose history was not made here; asks only for a paused one."""
    return list(dossier.pauses.all()) if dossier.is_paused else []


def _parts(
    request: HttpRequest, dossier: Dossier, now: dt.datetime, calendar: Calendar
) -> list[dict[str, Any]]:
    """Return the parts of a chain, each with its page where it is in sight; asks only for a chain."""
    if not dossier.is_chain:
        return []
    seen = Dossier.objects.visible_to(scope_for(request)).filter(parent=dossier)
    in_sight = set(seen.values_list("pk", flat=True))
    parts = (
        dossier.parts.select_related("procedure", "competent_agency")
        .defer("owner_search")
        .order_by("link__position")
    )
    return [
        {
            "dossier": part,
            "url": rows.address(part) if part.pk in in_sight else "",
            "clock": rows.clock_of(part, now, calendar),
        }
        for part in parts
    ]


def _parent(request: HttpRequest, dossier: Dossier) -> dict[str, str] | None:
    """Return the chain of a part, with its page; asks only for a part."""
    if dossier.parent is None:
        return None
    seen = Dossier.objects.visible_to(scope_for(request))
    is_seen = seen.filter(pk=dossier.parent.pk).exists()
    return {
        "code": dossier.parent.public_code,
        "url": rows.address(dossier.parent) if is_seen else "",
    }


def _name_of(agency: Agency | None) -> str:
    return agency.name if agency else ""


def _goes_on(dossier: Dossier) -> str:
    """Name who goes on with a dossier whose agency ended; asks only for such a one."""
    today = timezone.localdate()
    ended = dossier.holder_agency.valid_to
    if ended is None or ended >= today:
        return ""
    return ", ".join(agency.name for agency in dossier.holder_agency.successors(today))


def _facts(dossier: Dossier, events: list[DossierEvent]) -> list[tuple[str, str]]:
    delivery: dict[str, Any] = next(
        (e.data for e in reversed(events) if e.act == Act.RETURN_RESULT), {}
    )
    procedure = dossier.procedure
    signer, signature, seal = _signed(events)
    return [
        (
            _("Thủ tục"),
            format_html(
                '<a href="{}">{}</a>',
                reverse("procedure-detail", args=[procedure.code]),
                procedure.code,
            ),
        ),
        (_("Mã tra cứu"), grouped(dossier.tracking_code)),
        (_("Cơ quan tiếp nhận"), dossier.receiving_agency.name),
        (_("Nơi hỗ trợ nộp"), _name_of(dossier.supporting_agency)),
        (_("Nơi có đối tượng"), _name_of(dossier.object_agency)),
        (_("Cơ quan giải quyết"), dossier.competent_agency.name),
        (_("Cơ quan tiếp tục xử lý"), _goes_on(dossier)),
        (_("Nơi trả kết quả"), _name_of(dossier.collecting_agency)),
        (_("Trường hợp"), dossier.case.name or dossier.case.code if dossier.case else ""),
        (_("Lĩnh vực"), dossier.sector.name if dossier.sector else ""),
        (_("Nộp qua"), dossier.get_channel_display()),
        (
            _("Nhận kết quả"),
            str(ResultChannel(delivery["channel"]).label)
            if delivery.get("channel") in ResultChannel.values
            else dossier.get_result_channel_display(),
        ),
        (_("Số vận đơn bưu chính"), delivery.get("tracking_number", "")),
        (_("Số kết quả"), dossier.result_number),
        (_("Người ký"), signer),
        (_("Chữ ký"), signature),
        (_("Con dấu"), seal),
        (_("Cổng quốc gia"), _("trạng thái %(number)s, %(sync)s")
            % {
                "number": dossier.national_status or "–",
                "sync": dossier.get_sync_state_display().lower(),
            }),
        (_("Cách nhập"), dossier.get_entry_display() if dossier.entry != "live" else ""),
    ]  # fmt: skip


def _signed(events: list[DossierEvent]) -> tuple[str, str, str]:
    """Say who signed the result that stands, how, and how it was sealed; nothing before it is.

    Asks only for the signer of what was settled at once.
    """
    signer = signature = seal = ""
    for event in events:
        if event.act in {Act.REOPEN, Act.PROPOSE, Act.PROPOSE_DENIAL}:
            signer = signature = seal = ""
        elif event.act == Act.APPROVE and event.actor is not None:
            signer, signature = event.actor.full_name, event.data.get("signature", "")
        elif event.act == Act.SETTLE_AT_ONCE:
            named = Officer.objects.filter(pk=event.data.get("signer")).first()
            signer = named.full_name if named else ""
            signature = event.data.get("signature", "")
        elif event.act == Act.PUBLISH:
            seal = event.data.get("seal", "")
    return (
        signer,
        str(Signature(signature).label) if signature in Signature.values else "",
        str(Seal(seal).label) if seal in Seal.values else "",
    )


# Where a ministry's system does what officers do elsewhere.
_SETTLED_THERE = frozenset({State.AWAITING_ASSIGNMENT, State.IN_PROGRESS})


def _waits_for(dossier: Dossier) -> str:
    """Say in one sentence whose turn it is, for those who can do nothing now."""
    state = State(dossier.state)
    if state in ENDED_STATES - {State.SETTLED} or state is State.REFUSED:
        return _("Hồ sơ đã kết thúc, không còn việc phải làm.")
    if state in PAUSED_STATES or state is State.AWAITING_COMPLETION:
        return _("Đang chờ người nộp. Khi họ nộp đủ, quầy tiếp nhận ghi nhận và đồng hồ chạy tiếp.")
    if state is State.SETTLED and dossier.is_being_corrected:
        return _("Kết quả đang được đính chính ở hồ sơ khác: chưa trả kết quả này.")
    if dossier.parts_undecided:
        return _("Đang chờ lãnh đạo của %(agency)s quyết định về hồ sơ liên thông.") % {
            "agency": dossier.holder_agency.name
        }
    if dossier.is_chain and state is State.IN_PROGRESS:
        return _(
            "Các cơ quan đang giải quyết hồ sơ thành phần; đủ kết quả thì hồ sơ này có kết quả."
        )
    if dossier.version.system_of_record and state in _SETTLED_THERE:
        return _("Đang chờ tin của hệ thống %(system)s.") % {
            "system": dossier.version.system_of_record
        }
    row = next(
        (
            row
            for row in TRANSITIONS
            if state in row.sources and not next_acts.turns_aside(row.act, state)
        ),
        None,
    )
    if row is None:
        return ""
    role = min(row.roles, key=list(Role).index)
    agency = dossier.holder_agency.name
    return _("Đang chờ %(role)s của %(agency)s: %(act)s.") % {
        "role": str(Role(role).label).lower(),
        "agency": agency,
        "act": str(row.act.label).lower(),
    }


def slip_name(slip: Any) -> str:
    """Return a paper as a list names it: its kind, number and year."""
    return _("%(kind)s, số %(number)s/%(year)s") % {
        "kind": slip.get_kind_display(),
        "number": slip.number,
        "year": slip.year,
    }


def _slip_url(dossier: Dossier, pk: int) -> str:
    return reverse("dossier-paper", args=[rows.address_code(dossier), pk])


@not_stored
@officer_required()
@require_http_methods(["GET", "HEAD", "POST"])
def dossier_act(request: HttpRequest, code: str, act: Act) -> HttpResponse:
    """Ask what an act needs (GET), do it (POST); what cannot be done says why and loses nothing."""
    dossier, officer = find(request, code)
    asks = act in acts_to_propose(dossier, officer)
    is_open = asks or act in open_acts(dossier, officer)
    if request.method != "POST":
        if not is_open:
            messages.error(request, _not_open(act, dossier))
            return redirect(rows.address(dossier))
        form = prepared(ACT_FORMS[act](dossier))
        if act in dossier.asked:
            form.fill_in(_asked(dossier, act))
        return _act_page(request, dossier, act, form, asks=asks)
    form = prepared(ACT_FORMS[act](dossier, request.POST))
    if not is_open:
        return _turned_away(request, dossier, act, form, _not_open(act, dossier))
    version = request.POST.get("version", "")
    if version != str(dossier.event_count):
        return _turned_away(request, dossier, act, form, _stale(), is_open=True)
    if not form.is_valid():
        return _act_page(request, dossier, act, form, status=422, asks=asks)
    try:
        done = form.perform(by=officer, version=int(version))
    except ActDataError as error:
        for name, text in error.errors.items():
            form.add_error(name if name in form.fields else None, text)
        return _act_page(request, dossier, act, form, status=422, asks=asks)
    except (StaleVersionError, IllegalTransitionError):
        # Somebody was faster between our look and the lock.
        try:
            dossier, officer = find(request, code)
        except Http404:
            messages.error(request, _stale())
            return redirect("inbox")
        still = act in open_acts(dossier, officer) or act in acts_to_propose(dossier, officer)
        return _turned_away(request, dossier, act, form, _stale(), is_open=still)
    # Its page may be theirs no more: what was done is then told where their other work waits.
    is_gone = _left_sight(request, dossier, done)
    if act in done.asked:
        messages.success(request, _put_before(act, done))
    else:
        if fault := _money_fault(act, done):
            messages.warning(request, fault)
        else:
            paper = SafeString("") if is_gone else _paper_made(act, done)
            messages.success(request, _done(act, done) + paper)
    back = request.POST.get("next", "")
    if back in WAYS_BACK:
        return redirect(back)
    return redirect("inbox" if is_gone else rows.address(done))


def _left_sight(request: HttpRequest, before: Dossier, done: Dossier) -> bool:
    """Tell whether the officer sees a dossier no more after their act.

    Runs one query where the act took it from an agency that saw it, and none elsewhere.
    """
    if before.pk == done.pk and _seeing(before) <= _seeing(done):
        return False
    return not Dossier.objects.visible_to(scope_for(request)).filter(pk=done.pk).exists()


def _seeing(dossier: Dossier) -> set[int]:
    """Return the agencies that see a dossier (`visible_to`), as far as an act may change them."""
    return {
        dossier.receiving_agency_id,
        dossier.competent_agency_id,
        dossier.holder_agency_id,
        *dossier.consulted_agencies,
    }


def prepared(form: ActForm) -> ActForm:
    """Give the form's dates a calendar to choose from; typed ones are read day first."""
    for field in form.fields.values():
        if isinstance(field, forms.DateField):
            field.widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
            field.input_formats = ["%Y-%m-%d", "%d/%m/%Y"]
        if field.required:
            field.error_messages["required"] = _("Hãy ghi “%(label)s”.") % {"label": field.label}
        if isinstance(field.widget, forms.Textarea):
            field.widget.attrs["rows"] = 4
    return form


def _act_page(
    request: HttpRequest,
    dossier: Dossier,
    act: Act,
    form: ActForm,
    *,
    status: int = 200,
    fault: str = "",
    is_open: bool = True,
    asks: bool = False,
) -> HttpResponse:
    if request.method != "HEAD":
        note_reading(dossier, by=the_officer(request), way=ReadingWay.FORM)
    template = "dossiers/processing/act.html"
    if _is_htmx(request):
        template += "#form"
        # It opened under the button that was pressed: one goes on typing there.
        for field in list(form.fields.values())[:1]:
            field.widget.attrs["autofocus"] = True
    back = request.POST.get("next") or request.GET.get("next", "")
    rule = next((row for row in TRANSITIONS if row.act is act and row.sources), None)
    return render(
        request,
        template,
        {
            "dossier": dossier,
            "form": form,
            "act": act,
            "button": rows.asking_button(dossier, act) if asks else rows.button_for(dossier, act),
            "paper": rule.paper.label if rule and rule.paper and not asks else "",
            "asked": _asked(dossier, act) if act in dossier.asked else None,
            "asks": asks,
            "clock_effect": rule.clock.value if rule and not asks else "none",
            "fault": fault,
            "is_open": is_open,
            "back": back if back in WAYS_BACK else "",
            "place": "dossier-list",
            "public_code": dossier.public_code,
            "url": rows.address(dossier),
        },
        status=status,
    )


def _turned_away(
    request: HttpRequest,
    dossier: Dossier,
    act: Act,
    form: ActForm,
    fault: str,
    *,
    is_open: bool = False,
) -> HttpResponse:
    """Say why nothing was done; what was typed stays on the page, nothing typed goes back."""
    typed = any(request.POST.get(name, "").strip() for name in form.fields)
    if not typed:
        messages.error(request, fault)
        return redirect(rows.address(dossier))
    # Without its faults: the words are not what was wrong.
    form.is_valid()
    form.errors.clear()
    return _act_page(request, dossier, act, form, status=409, fault=fault, is_open=is_open)


def _not_open(act: Act, dossier: Dossier) -> str:
    return _(
        "Chưa thực hiện được “%(act)s”: hồ sơ đang ở trạng thái “%(state)s” "
        "hoặc việc này thuộc về người khác."
    ) % {"act": act.label, "state": dossier.get_state_display()}


def _stale() -> str:
    return _(
        "Hồ sơ vừa được người khác xử lý. Hãy xem lại diễn biến rồi làm tiếp; chưa có gì thay đổi."
    )


def _put_before(act: Act, dossier: Dossier) -> str:
    return _("Đã trình đề nghị “%(act)s” của hồ sơ %(code)s, chờ người có thẩm quyền.") % {
        "act": act.label,
        "code": dossier.public_code,
    }


def _asked(dossier: Dossier, act: Act) -> ActProposal | None:
    """Return how an act was put before those who decide it. Runs one query."""
    return _waiting(dossier).filter(act=act).first()


def _all_asked(dossier: Dossier, officer: Officer) -> list[dict[str, Any]]:
    """Return what waits for a decision; asks only where something does.

    Whoever asked for what two people must do is told why they do not decide it too (T37).
    """
    if not dossier.asked:
        return []
    return [
        {
            "proposal": row,
            "needs_another": row.act == Act.REOPEN
            and officer.pk in dossier.asked[Act.REOPEN]["people"],
        }
        for row in _waiting(dossier)
    ]


def _waiting(dossier: Dossier) -> QuerySet[ActProposal]:
    return (
        dossier.proposals.select_related("asked_by", "asked_event")
        .filter(outcome=ActProposal.Outcome.OPEN)
        .order_by("pk")
    )


def _done(act: Act, dossier: Dossier) -> SafeString:
    said = _("%(act)s: đã xong hồ sơ %(code)s, nay ở trạng thái “%(state)s”.") % {
        "act": act.label,
        "code": dossier.public_code,
        "state": dossier.get_state_display(),
    }
    return format_html("{}", said)


def _money_fault(act: Act, dossier: Dossier) -> str:
    """Say what a payment lacks or has too much: it is written down, and nobody calls it paid."""
    is_payment = act in {Act.CONFIRM_PAYMENT, Act.RECORD_PAYMENT}
    if not is_payment or dossier.payment_state in {"paid", "exempt"}:
        return ""
    ledger = Ledger(dossier)
    said = []
    if left := ledger.left_vnd:
        said.append(
            _("Đã ghi khoản nộp của hồ sơ %(code)s. Còn thiếu %(left)s đồng, chưa nộp đủ.")
            % {"code": dossier.public_code, "left": vn_number(left)}
        )
    if refund := ledger.refund_vnd:
        said.append(
            _("Hồ sơ %(code)s có %(refund)s đồng nộp thừa hoặc không khớp khoản thu: chờ hoàn trả.")
            % {"code": dossier.public_code, "refund": vn_number(refund)}
        )
    if dossier.state == State.AWAITING_PAYMENT:
        said.append(_("Hồ sơ vẫn chờ nộp."))
    return " ".join(said)


def _paper_made(act: Act, dossier: Dossier) -> SafeString:
    """Link to the paper that the act has just made, for somebody waits for it at the counter."""
    kind = next((row.paper for row in TRANSITIONS if row.act is act and row.paper), None)
    slip = dossier.slips.filter(kind=kind).order_by("-pk").first() if kind else None
    if slip is None:
        return SafeString("")
    return format_html(
        ' <a href="{}" target="_blank" rel="noopener">{}</a>',
        _slip_url(dossier, slip.pk),
        _("Mở để in: %(name)s") % {"name": slip_name(slip)},
    )


def find(request: HttpRequest, code: str) -> tuple[Dossier, Officer]:
    """Return a dossier in sight and who asks; 404 out of sight."""
    officer = the_officer(request)
    seen = steps.with_process(
        Dossier.objects.visible_to(scope_for(request)).for_page().opened_now()
    )
    dossier = seen.with_public_code(code).first() if len(code) <= 40 else None
    if dossier is None:
        raise Http404
    return dossier, officer


def _is_htmx(request: HttpRequest) -> bool:
    return bool(request.htmx)  # type: ignore[attr-defined]
