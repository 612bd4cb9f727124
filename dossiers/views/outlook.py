"""The pages beside the board: where the time went, the next ten days, the units, the list as a file."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.roles import Role
from accounts.sheet_cells import plain
from accounts.templatetags.motcua import vn_datetime
from agencies.access import officer_required, scope_for, the_officer
from agencies.calendars import calendar_of
from dossiers import boards, outlook
from dossiers.models import local_day
from dossiers.views import rows
from dossiers.views.processing import not_stored
from dossiers.views.sights import Sight

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from agencies.working_time import Calendar
    from dossiers.models import DossierQuerySet
    from dossiers.outlook import Cause, Outlook

supervisor_required = officer_required(Role.HEAD, Role.SUPERVISOR, Role.REFORM_OFFICER)
_MOST_CULPRITS = 12
_CHUNK = 500
MOST_HOLDERS = 50


def _frame(request: HttpRequest, sight: Sight, tab: str) -> dict[str, Any]:
    return {
        "sight": sight,
        "tab": tab,
        "now": timezone.now(),
        "officer_agency": the_officer(request).agency,
        "place": "board",
    }


@not_stored
@supervisor_required
@require_safe
def board_causes(request: HttpRequest) -> HttpResponse:
    """Show whose working time the overdue dossiers in sight have used, by dossier and in all."""
    officer, sight = the_officer(request), Sight.of(request)
    frame = _frame(request, sight, "causes")
    now, calendar = frame["now"], calendar_of(officer.agency)
    bounds = boards.Bounds.at(now, calendar)
    overdue = sight.open.filter(bounds.condition("qua-han"))
    # The latest promise broken first: what lies longest is explained first.
    listed = list(rows.slim(overdue).order_by("due_at", "pk")[: outlook.MOST_EXPLAINED + 1])
    found = outlook.causes(listed[: outlook.MOST_EXPLAINED], now, calendar)
    ranked = outlook.culprits(found)
    top = max((each.minutes for each in ranked), default=0)
    return render(
        request,
        "dossiers/supervision/causes.html",
        {
            **frame,
            "is_cut": len(listed) > outlook.MOST_EXPLAINED,
            "most": outlook.MOST_EXPLAINED,
            "culprits": [
                {
                    "each": each,
                    "parts": [("brand", each.minutes)],
                    "top": top,
                }
                for each in ranked[:_MOST_CULPRITS]
            ],
            "left_out": max(0, len(ranked) - _MOST_CULPRITS),
            "rows": [
                {
                    "row": rows.row_of(cause.dossier, now, calendar),
                    "parts": [(spent.tone, spent.minutes) for spent in cause.spent],
                    "words": _told(cause),
                    "most": cause.most,
                }
                for cause in found
            ],
        },
    )


def _told(cause: Cause) -> str:
    return "; ".join(
        _("%(name)s %(hours)s giờ")
        % {"name": spent.holder.name, "hours": f"{spent.hours:.1f}".replace(".", ",")}
        for spent in cause.spent
    )


@not_stored
@supervisor_required
@require_safe
def board_ahead(request: HttpRequest) -> HttpResponse:
    """Show what falls due in the next ten working days against the pace of the last twenty."""
    officer, sight = the_officer(request), Sight.of(request)
    frame = _frame(request, sight, "ahead")
    calendar = calendar_of(officer.agency)
    found = outlook.ahead(sight.open, sight.dossiers, local_day(frame["now"]), calendar)
    return render(
        request,
        "dossiers/supervision/ahead.html",
        {**frame, "outlook": found, "chart": _chart(found), "pace": float(found.pace)},
    )


# The drawing of the ten days, in its own units: 600 wide, 200 high, the axis at 170.
_LEFT, _STEP, _FLOOR, _TALL = 44, 55, 170, 140


def _chart(found: Outlook) -> dict[str, Any]:
    """Lay out the columns (due, late already) and the line of what the pace can do."""
    top = max([1, *(day.to_do for day in found.days), *(int(day.can_do) + 1 for day in found.days)])
    scale = _TALL / top
    columns, points = [], []
    for number, day in enumerate(found.days):
        x = _LEFT + number * _STEP
        height, behind = day.to_do * scale, day.behind * scale
        columns.append(
            {
                "day": day,
                "can_do": float(day.can_do),
                "x": x,
                "middle": x + 18,
                "y": f"{_FLOOR - height:.1f}",
                "height": f"{height:.1f}",
                "behind_height": f"{behind:.1f}",
                "label_y": f"{_FLOOR - height - 5:.1f}",
            }
        )
        points.append(f"{x + 18},{_FLOOR - float(day.can_do) * scale:.1f}")
    return {"columns": columns, "points": " ".join(points), "floor": _FLOOR}


@not_stored
@supervisor_required
@require_safe
def board_loads(request: HttpRequest) -> HttpResponse:
    """Show who holds how much of what is in sight, those who cannot work on it first."""
    officer, sight = the_officer(request), Sight.of(request)
    frame = _frame(request, sight, "loads")
    bounds = boards.Bounds.at(frame["now"], calendar_of(officer.agency))
    return render(
        request,
        "dossiers/supervision/loads.html",
        {
            **frame,
            "loads": _loads(sight.open, bounds),
            "most": MOST_HOLDERS,
            "may_hand_over": Role.HEAD in scope_for(request).roles,
        },
    )


def _loads(dossiers: DossierQuerySet, bounds: boards.Bounds) -> list[dict[str, Any]]:
    """Return who holds how much, the most overdue first. Runs one query."""
    found = (
        dossiers.order_by()
        .values(
            "holder_officer__full_name",
            "holder_officer__user__username",
            "holder_officer__user__is_active",
            "holder_agency__name",
            "holder_agency__short_name",
        )
        .annotate(
            total=Count("pk"),
            overdue=Count("pk", filter=bounds.condition("qua-han")),
            today=Count("pk", filter=bounds.condition("hom-nay")),
            ahead=Count("pk", filter=bounds.condition("sap-den-han")),
            paused=Count("pk", filter=bounds.condition("tam-dung")),
        )
        # First those whose account is locked: their dossiers wait for a hand-over.
        .order_by(
            Coalesce("holder_officer__user__is_active", Value(True)),
            "-overdue",
            "-total",
            "holder_agency__name",
        )[:MOST_HOLDERS]
    )
    loads = []
    for row in found:
        agency = row["holder_agency__short_name"] or row["holder_agency__name"]
        soon = row["today"] + row["ahead"]
        in_time = row["total"] - row["overdue"] - soon - row["paused"]
        loads.append(
            {
                "name": row["holder_officer__full_name"] or agency,
                "agency": agency if row["holder_officer__full_name"] else "",
                "username": row["holder_officer__user__username"] or "",
                "is_locked": row["holder_officer__user__is_active"] is False,
                "total": row["total"],
                "overdue": row["overdue"],
                "soon": soon,
                "in_time": in_time,
                "paused": row["paused"],
                "parts": [
                    ("overdue", row["overdue"]),
                    ("soon", soon),
                    ("brand", in_time),
                    ("paused", row["paused"]),
                ],
            }
        )
    top = max((load["total"] for load in loads), default=0)
    return [{**load, "most": top} for load in loads]


@not_stored
@supervisor_required
@require_safe
def board_units(request: HttpRequest) -> HttpResponse:
    """Show how every unit in sight stands, the most overdue first, each with its board."""
    officer, sight = the_officer(request), Sight.of(request)
    frame = _frame(request, sight, "units")
    bounds = boards.Bounds.at(frame["now"], calendar_of(officer.agency))
    found = outlook.by_agency(sight.open, bounds)
    top = max((row["total"] for row in found), default=0)
    units = [
        {
            **row,
            "soon": row["hom_nay"] + row["sap_den_han"],
            "parts": [
                ("overdue", row["qua_han"]),
                ("soon", row["hom_nay"] + row["sap_den_han"]),
                ("brand", row["con_han"]),
                ("paused", row["tam_dung"]),
            ],
            "share": 100 * row["qua_han"] / row["total"],
        }
        for row in found
    ]
    sums = {
        key: sum(unit[key] for unit in units)
        for key in ("qua_han", "apologies", "soon", "con_han", "tam_dung", "total")
    }
    return render(
        request,
        "dossiers/supervision/units.html",
        {**frame, "units": units, "sums": sums, "top": top},
    )


@not_stored
@supervisor_required
@require_safe
def board_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Send the dossiers of one group of the board as CSV, all pages of it, soonest due first.

    UTF-8 with a mark for spreadsheet programs; moments are local. Owners' numbers are not in it.
    """
    officer, sight, now = the_officer(request), Sight.of(request), timezone.now()
    calendar = calendar_of(officer.agency)
    group = request.GET.get("nhom", "")
    group = group if group in boards.GROUPS else "qua-han"
    bounds = boards.Bounds.at(now, calendar)
    listed = rows.slim(sight.open.filter(bounds.condition(group))).order_by("due_at", "pk")
    answer = StreamingHttpResponse(
        _lines(listed.iterator(chunk_size=_CHUNK), now, calendar),
        content_type="text/csv; charset=utf-8",
    )
    name = f"{group}-{local_day(now):%Y%m%d}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


class _Line:
    """What `csv.writer` writes to: it gives the line back."""

    def write(self, line: str) -> str:
        return line


def _lines(dossiers: Iterator[Any], now: dt.datetime, calendar: Calendar) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield "\ufeff"
    yield writer.writerow(
        [
            _("Mã hồ sơ"), _("Thủ tục"), _("Chủ hồ sơ"), _("Trạng thái"), _("Đồng hồ"),
            _("Tiếp nhận"), _("Hẹn trả"), _("Hẹn lại"), _("Người giữ"), _("Cơ quan giữ"),
        ]
    )  # fmt: skip
    for dossier in dossiers:
        yield writer.writerow(
            [
                plain(str(text))
                for text in (
                    dossier.public_code,
                    dossier.procedure.name,
                    dossier.owner_name,
                    dossier.get_state_display(),
                    rows.clock_of(dossier, now, calendar).text,
                    vn_datetime(dossier.received_at),
                    vn_datetime(dossier.due_at),
                    vn_datetime(dossier.due_promised_at),
                    dossier.holder_officer.full_name if dossier.holder_officer else "",
                    dossier.holder_agency.label,
                )
            ]
        )
