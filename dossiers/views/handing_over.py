"""Handing over: the head gives the work of who leaves or is away to their colleagues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.roles import Role
from agencies.access import officer_required, scope_for, the_officer
from agencies.calendars import calendar_of
from agencies.models import Officer, OfficerRole
from dossiers.models import Dossier
from dossiers.recording import ActDataError
from dossiers.services import handing_over
from dossiers.services.handing_over import HandedOver, Outcome
from dossiers.together import read_versions
from dossiers.views import rows
from dossiers.views.processing import not_stored

if TYPE_CHECKING:
    import datetime as dt

    from agencies.working_time import Calendar

MOST_AT_ONCE = 100  # dossiers of one page; each is an act of its own


@not_stored
@officer_required(Role.HEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest) -> HttpResponse:
    """Choose from whom, which dossiers, to whom and why; then say what became of each."""
    officer, today = the_officer(request), timezone.localdate()
    headed = [agency_id for role, agency_id in officer.held_roles(today) if role == Role.HEAD]
    username = request.GET.get("tu", "")
    if not username:
        if request.method == "POST":
            raise Http404
        return render(
            request,
            "dossiers/supervision/hand_over_from.html",
            {"holders": _holders(headed, today), "place": "board"},
        )
    giver = Officer.objects.select_related("user", "agency").filter(user__username=username).first()
    if giver is None:
        raise Http404
    return _from(request, officer, giver, headed, today)


def _from(
    request: HttpRequest, officer: Officer, giver: Officer, headed: list[int], today: dt.date
) -> HttpResponse:
    done: list[HandedOver] = []
    errors: dict[str, str] = {}
    reason = request.POST.get("reason", "")
    names = request.POST.getlist("to")
    chosen = request.POST.getlist("dossier") if request.method == "POST" else None
    if chosen is not None:
        versions = read_versions(chosen, 2 * MOST_AT_ONCE)
        to = list(Officer.objects.filter(user__username__in=names).exclude(pk=giver.pk))
        if not versions:
            errors["dossier"] = _("Hãy chọn ít nhất một hồ sơ.")
        if len(to) < len(set(names)):
            errors["to"] = _("Hãy chọn lại người nhận.")
        if not errors:
            try:
                done = handing_over.hand_over(
                    versions,
                    among=Dossier.objects.visible_to(scope_for(request)),
                    by=officer,
                    giver=giver,
                    to=to,
                    reason=reason,
                )
            except ActDataError as error:
                errors |= error.errors
    held = handing_over.held_by(giver).filter(holder_agency__in=headed)
    dossiers = list(held[: MOST_AT_ONCE + 1])
    if not dossiers and not done:
        # Nothing here that this head could give away: no more is told than of a stranger.
        raise Http404
    agencies = {dossier.holder_agency_id: dossier.holder_agency for dossier in dossiers}
    colleagues = {
        colleague.pk: colleague
        for agency in agencies.values()
        for colleague in handing_over.colleagues_in(agency, giver, today)
    }
    now, calendar = timezone.now(), calendar_of(officer.agency)
    return render(
        request,
        "dossiers/supervision/hand_over.html",
        {
            "giver": giver,
            "is_active": giver.user.is_active,
            "lines": [_line(dossier, chosen, now, calendar) for dossier in dossiers][:MOST_AT_ONCE],
            "is_cut": len(dossiers) > MOST_AT_ONCE,
            "most": MOST_AT_ONCE,
            "colleagues": [
                {
                    "officer": colleague,
                    "load": load,
                    "is_chosen": colleague.user.username in names,
                }
                for load, colleague in handing_over.with_load(list(colleagues.values()))
            ],
            "reason": reason,
            "errors": errors,
            "done": [row for row in done if row.outcome in {Outcome.DONE, Outcome.ALREADY}],
            "failed": [(row.code, _why(row.outcome)) for row in done if row.outcome in _FAILED],
            "place": "board",
        },
        status=422 if errors else 200,
    )


_FAILED = frozenset({Outcome.STALE, Outcome.ILLEGAL, Outcome.NO_COLLEAGUE})


def _why(outcome: Outcome) -> str:
    return {
        Outcome.STALE: _("hồ sơ vừa được người khác xử lý; hãy xem lại rồi bàn giao tiếp"),
        Outcome.ILLEGAL: _(
            "trạng thái hiện tại không cho phân công, hoặc việc này không thuộc bạn"
        ),
        Outcome.NO_COLLEAGUE: _("không ai được chọn là chuyên viên của cơ quan đang giữ hồ sơ"),
    }[outcome]


def _line(
    dossier: Dossier, chosen: list[str] | None, now: dt.datetime, calendar: Calendar
) -> dict[str, Any]:
    value = f"{dossier.public_code}@{dossier.event_count}"
    may = handing_over.may_change_hands(dossier)
    codes = None if chosen is None else {text.rpartition("@")[0] for text in chosen}
    return {
        "dossier": dossier,
        "value": value,
        "url": rows.address(dossier),
        "clock": rows.clock_of(dossier, now, calendar),
        "may": may,
        "is_chosen": may and (codes is None or dossier.public_code in codes),
    }


def _holders(headed: list[int], today: dt.date) -> list[dict[str, Any]]:
    """Return who holds open dossiers in the agencies, those who can no longer work on them first.

    Runs two queries.
    """
    working = set(
        OfficerRole.objects.on(today)
        .filter(agency__in=headed, role=Role.SPECIALIST)
        .values_list("officer_id", flat=True)
    )
    now = timezone.now()
    found = (
        Dossier.objects.open()
        .filter(holder_agency__in=headed, holder_officer__isnull=False)
        .order_by()
        .values(
            officer_id=F("holder_officer"),
            name=F("holder_officer__full_name"),
            title=F("holder_officer__title"),
            sort=F("holder_officer__name_sort"),
            username=F("holder_officer__user__username"),
            is_active=F("holder_officer__user__is_active"),
        )
        .annotate(
            count=Count("pk"),
            overdue=Count("pk", filter=Q(due_at__lt=now, paused_at__isnull=True)),
        )
    )
    holders = [
        {**row, "works_here": row["is_active"] and row["officer_id"] in working} for row in found
    ]
    return sorted(holders, key=lambda row: (row["works_here"], row["is_active"], row["sort"]))
