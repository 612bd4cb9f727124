"""Watching over dossiers: the board of those who answer for a unit, a branch or the province."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.roles import Role
from agencies.access import officer_required, scope_for, the_officer
from agencies.calendars import calendar_of
from dossiers import boards, pages, steps
from dossiers.clockwork import explain
from dossiers.models import Dossier, DossierEvent, DossierQuerySet, local_day
from dossiers.views import rows
from dossiers.views.processing import not_stored
from dossiers.views.sights import Sight

if TYPE_CHECKING:
    import datetime as dt

    from agencies.working_time import Calendar

_ICONS = {
    "qua-han": "overdue",
    "hom-nay": "soon",
    "sap-den-han": "soon",
    "tam-dung": "pause",
    "con-han": "clock",
}


@not_stored
@officer_required(Role.HEAD, Role.SUPERVISOR, Role.REFORM_OFFICER)
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Show what is overdue, due today and due soon in sight, who holds it and since when."""
    officer, scope, now = the_officer(request), scope_for(request), timezone.now()
    sight = Sight.of(request)
    group = request.GET.get("nhom", "")
    group = group if group in boards.GROUPS else "qua-han"
    dossiers = sight.open
    calendar = calendar_of(officer.agency)
    bounds = boards.Bounds.at(now, calendar)
    counted = boards.counts(dossiers, bounds)
    counts = counted.groups
    listed = steps.with_trail(rows.slim(dossiers.filter(bounds.condition(group)))).annotate(
        last_event_at=Subquery(
            DossierEvent.objects.filter(dossier=OuterRef("pk")).order_by("-seq").values("at")[:1]
        )
    )
    cursor = request.GET.get("sau", "")
    try:
        found, following = pages.page_of(listed, cursor)
    except pages.CursorError:
        return redirect("board")
    template = "dossiers/supervision/board.html"
    if request.htmx and request.htmx.target == "dossiers":  # type: ignore[attr-defined]
        template += "#dossiers"
    total = sum(counts.values())
    here = _query(request, nhom=group, **({"sau": cursor} if cursor else {}))
    why = f"?{here}&vi-sao="
    return render(
        request,
        template,
        {
            "now": now,
            "officer_agency": officer.agency,
            "sight": sight,
            "tab": "board",
            "group": group,
            "group_label": boards.GROUPS[group],
            "group_count": counts[group],
            "need_apology": counted.need_apology,
            "list_query": sight.query.removeprefix("?"),
            "total": total,
            "stats": [
                {
                    "group": name,
                    "label": label,
                    "count": counts[name],
                    "icon": _ICONS[name],
                    "url": f"?{_query(request, nhom=name)}",
                    "tone": _tone(name, counts[name]),
                }
                for name, label in boards.GROUPS.items()
            ],
            "rows": [
                rows.row_of(
                    dossier,
                    now,
                    calendar,
                    officer,
                    why=why,
                    late_step=_late_step(dossier, now, calendar),
                )
                for dossier in found
            ],
            "why": _why(request.GET.get("vi-sao", ""), Dossier.objects.visible_to(scope)),
            "today": local_day(now),
            "first_url": f"?{_query(request, nhom=group)}" if cursor else "",
            "next_url": f"?{_query(request, nhom=group, sau=following)}" if following else "",
        },
    )


def _late_step(dossier: Dossier, now: dt.datetime, calendar: Calendar) -> str:
    """Say by how much the internal step is late, empty where it is not: never a legal date."""
    step = steps.clock_of_row(dossier, now, calendar)
    if step is None or not step.is_late:
        return ""
    return _("Trễ bước %(hours)s giờ") % {"hours": step.over_hours}


def _tone(group: str, count: int) -> str:
    if not count:
        return ""
    return {"qua-han": "overdue", "hom-nay": "soon", "sap-den-han": "soon"}.get(group, "")


def _query(request: HttpRequest, **changes: str) -> str:
    query = request.GET.copy()
    for name in ("nhom", "sau", "vi-sao"):
        query.pop(name, None)
    for name, value in changes.items():
        query[name] = value
    return query.urlencode()


def _why(code: str, in_sight: DossierQuerySet) -> dict[str, Any] | None:
    """Return the dossier whose date is asked about and the days of it; None where none is.

    The same explanation as on the dossier's page and the citizen's. Runs three queries when asked.
    """
    dossier = in_sight.for_page().with_public_code(code).first() if 0 < len(code) <= 40 else None
    explanation = explain(dossier) if dossier else None
    return {"dossier": dossier, "explanation": explanation} if explanation else None
