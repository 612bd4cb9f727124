"""Lịch làm việc: the days of the calendar, a change rehearsed before it is saved, and applied once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Subquery
from django.db.utils import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Role
from accounts.templatetags.motcua import vn_datetime
from agencies.access import officer_required, scope_for, the_officer
from agencies.models import Agency, Calendar
from dossiers import clock, rehearsing
from dossiers.calendar_forms import DAY_ROWS, AnnouncementForm, DayRows, DecisionForm
from dossiers.models import CalendarChange, CalendarMove, CalendarShift, Dossier
from dossiers.recording import ActDataError
from dossiers.services import calendar_changing
from dossiers.services.calendar_changing import ChangeError
from dossiers.shifts import MINUTES_A_DAY
from dossiers.views.processing import not_stored

if TYPE_CHECKING:
    from agencies.scope import Scope
    from dossiers.models import CalendarChangeDay

PAGE_SIZE = 50
# Above this many dossiers within reach the queue rehearses and the page tells so: about a second.
REHEARSED_AT_ONCE = 20_000
CHANGES_SHOWN = 20

keeper_required = officer_required(Role.ADMINISTRATOR, Role.REFORM_OFFICER)
Stage = CalendarShift.Stage


@not_stored
@keeper_required
@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """Show the special days of a year, and the changes of the calendar with what became of them."""
    calendars = list(Calendar.objects.order_by("pk"))
    chosen = next(
        (each for each in calendars if str(each.pk) == request.GET.get("lich")),
        calendars[0] if calendars else None,
    )
    year = _year(request.GET.get("nam", ""), chosen)
    changes = (
        CalendarChange.objects.filter(calendar=chosen)
        .select_related("applied_by", "rehearsed_by")
        .prefetch_related("days")[:CHANGES_SHOWN]
        if chosen
        else []
    )
    return render(
        request,
        "dossiers/calendar/calendar.html",
        {
            "place": "calendar",
            "calendars": calendars,
            "chosen": chosen,
            "year": year,
            "years": range(chosen.loaded_from.year, chosen.loaded_until.year + 1) if chosen else (),
            "days": chosen.days.filter(on__year=year) if chosen else (),
            "is_unannounced": chosen is not None and year in chosen.unannounced_years,
            "changes": [(change, _status(change)) for change in changes],
        },
    )


def _year(asked: str, chosen: Calendar | None) -> int:
    today = timezone.localdate().year
    if not asked.isdecimal() or len(asked) != 4 or chosen is None:
        return today
    return min(max(int(asked), chosen.loaded_from.year), chosen.loaded_until.year)


def _status(change: CalendarChange) -> tuple[str, str]:
    """Return the word and the sign for where a change stands."""
    if change.finished_at:
        return _("Đã áp dụng"), "good"
    if change.applied_at:
        return _("Đang thực hiện"), "clock"
    if change.rehearsed_at:
        return _("Đã thử, chưa áp dụng"), "eye"
    return _("Chưa thử xong"), "clock"


@not_stored
@keeper_required
@require_http_methods(["GET", "HEAD", "POST"])
def calendar_rehearse(request: HttpRequest) -> HttpResponse:
    """Ask for the days of an announcement (GET), rehearse them (POST); nothing is changed yet."""
    if not Calendar.objects.exists():
        raise Http404
    status = 200
    if request.method != "POST":
        form, rows = AnnouncementForm(), DayRows(prefix="days")
        if request.GET.get("lich", "").isdecimal():
            form.initial["calendar"] = request.GET["lich"]
    elif "more" in request.POST:
        form, rows = _with_more_rows(request)
    else:
        form, rows = AnnouncementForm(request.POST), DayRows(request.POST, prefix="days")
        change = _proposed(request, form, rows)
        if change is not None:
            return redirect("calendar-change", pk=_rehearsed(request, change))
        status = 422
    return render(
        request,
        "dossiers/calendar/rehearse.html",
        {"place": "calendar", "form": form, "rows": rows, "most": calendar_changing.MOST_DAYS},
        status=status,
    )


def _with_more_rows(request: HttpRequest) -> tuple[AnnouncementForm, Any]:
    """Give the typed form back with rows to spare, for who has no script; nothing is judged yet."""
    data = request.POST.copy()
    asked = data.get("days-TOTAL_FORMS", "")
    rows = int(asked) if asked.isdecimal() and len(asked) < 4 else 0
    data["days-TOTAL_FORMS"] = str(min(rows + DAY_ROWS, calendar_changing.MOST_DAYS))
    form, more = AnnouncementForm(data), DayRows(data, prefix="days")
    for each in (form, *more.forms):
        each.is_valid()
        each.errors.clear()
    return form, more


def _proposed(request: HttpRequest, form: AnnouncementForm, rows: Any) -> CalendarChange | None:
    """Write the change down when everything about it is right; else the forms say what is not."""
    # Both, so that all faults show at once.
    if not all([form.is_valid(), rows.is_valid()]):
        return None
    given = form.cleaned_data
    days = rows.days_of(given["calendar"])
    if any(each.errors for each in rows.forms):
        return None
    try:
        return calendar_changing.propose(
            given["calendar"],
            by=the_officer(request),
            number=given["number"],
            announced_on=given["announced_on"],
            days=days,
        )
    except ActDataError as error:
        for name, text in error.errors.items():
            form.add_error(name if name in form.fields else None, text)
    return None


def _rehearsed(request: HttpRequest, change: CalendarChange) -> int:
    """Rehearse a change now, or leave it to the queue where a page would wait too long."""
    days = rehearsing.calendars_of(change).days
    is_large = rehearsing.within_reach(change.calendar_id, days).count() > REHEARSED_AT_ONCE
    if not (is_large and clock.knock_for_calendar(clock.rehearse_calendar, change.pk)):
        try:
            calendar_changing.rehearse(change)
        except ChangeError as error:
            messages.error(request, str(error))
    return change.pk


@not_stored
@keeper_required
@require_safe
def calendar_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what a change would move, or has moved, by agency and dossier by dossier."""
    return _change_page(request, _find(pk))


def _find(pk: int) -> CalendarChange:
    found = CalendarChange.objects.select_related("calendar", "rehearsed_by", "applied_by")
    return get_object_or_404(found.filter(pk__lt=2**63), pk=pk)


@not_stored
@keeper_required
@require_POST
def calendar_rehearse_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Rehearse the same days over the dossiers and the calendar of now."""
    return redirect("calendar-change", pk=_rehearsed(request, _find(pk)))


@not_stored
@keeper_required
@require_POST
def calendar_apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Apply a rehearsed change as it was decided; what cannot be done says why."""
    change = _find(pk)
    form = _decision_form(request, change, request.POST)
    if not form.is_valid():
        return _change_page(request, change, form, status=422)
    typed = request.POST.get("digest", "")
    try:
        done = calendar_changing.apply(
            change,
            by=the_officer(request),
            decision=form.decision(),
            digest=bytes.fromhex(typed) if _HEX.fullmatch(typed) else b"",
        )
    except ActDataError as error:
        for name, text in error.errors.items():
            form.add_error(name if name in form.fields else None, text)
        return _change_page(request, change, form, status=422)
    except ChangeError as error:
        messages.error(request, str(error))
        return redirect("calendar-change", pk=pk)
    except OperationalError:
        # Acts that began by the old calendar hold it longer than the database lets us wait.
        messages.error(request, _("Đang có hồ sơ được tiếp nhận theo lịch cũ. Hãy thử lại."))
        return redirect("calendar-change", pk=pk)
    clock.knock_for_calendar(clock.change_calendar, done.pk)
    messages.success(
        request,
        _("Đã áp dụng thay đổi lịch theo %(number)s. Lịch nay ở phiên bản %(version)s.")
        % {"number": done.number, "version": done.version_after},
    )
    return redirect("calendar-change", pk=pk)


_HEX = re.compile(r"[0-9a-f]{64}")


def _decision_form(request: HttpRequest, change: CalendarChange, data: Any = None) -> DecisionForm:
    totals = _totals(change)
    return DecisionForm(
        data,
        may_move=Role.REFORM_OFFICER in scope_for(request).roles,
        has_later=bool(totals["later"]),
        has_earlier=bool(totals["earlier"]),
    )


def _totals(change: CalendarChange) -> dict[str, int]:
    names = ("later", "earlier", "unchanged", "resting")
    return {name: sum(line[name] for line in change.counts) for name in names}


def _change_page(
    request: HttpRequest,
    change: CalendarChange,
    form: DecisionForm | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    scope = scope_for(request)
    word, sign = _status(change)
    agencies = Agency.objects.in_bulk([line["agency"] for line in change.counts])
    chosen = next((a for a in agencies.values() if a.code == request.GET.get("co-quan")), None)
    lines = [
        {
            **line,
            "name": agencies[line["agency"]].label,
            "url": f"?co-quan={agencies[line['agency']].code}#dossiers",
            "median": working_words(line["median"], is_short=True),
            "most": working_words(line["most"], is_short=True),
        }
        for line in change.counts
        if line["agency"] in agencies
    ]
    lines.sort(key=lambda line: (-(line["later"] + line["earlier"]), line["name"]))
    may_see = Role.REFORM_OFFICER in scope.roles
    page, listed = _listed(request, change, scope, chosen) if may_see else (None, [])
    return render(
        request,
        "dossiers/calendar/change.html",
        {
            "place": "calendar",
            "change": change,
            "status": word,
            "status_icon": sign,
            "days": [(day, _becomes(day)) for day in change.days.all()],
            "facts": _facts(change),
            "totals": _totals(change),
            "total": sum(_totals(change).values()) - _totals(change)["resting"],
            "lines": lines,
            "may_see": may_see,
            "may_move": may_see,
            "chosen": chosen,
            "page": page,
            "listed": listed,
            "form": form or (None if change.is_applied else _decision_form(request, change)),
            "digest": bytes(change.digest).hex(),
            "is_stale": not change.is_applied and change.calendar.version != change.base_version,
            "outcomes": _outcomes(change) if change.is_applied else (),
            "left": _left(change) if change.planned_at and not change.finished_at else None,
        },
        status=status,
    )


def _listed(
    request: HttpRequest, change: CalendarChange, scope: Scope, chosen: Agency | None
) -> tuple[Any, list[dict[str, Any]]]:
    """Return a page of the dossiers in sight: those of the day of application once it has come."""
    rows = (
        CalendarShift.objects.filter(
            change=change, stage=Stage.PLANNED if change.planned_at else Stage.REHEARSED
        )
        .select_related("dossier", "agency")
        .only("due_before", "due_after", "minutes", "dossier__code", "dossier__tracking_code", "agency__name",
              "agency__short_name")
        .order_by("agency", "dossier")
    )  # fmt: skip
    if not scope.sees_everything:
        rows = rows.filter(dossier__in=Dossier.objects.visible_to(scope))
    if chosen is not None:
        rows = rows.filter(agency=chosen)
    if change.planned_at:
        done = CalendarMove.objects.filter(change=change, dossier=OuterRef("dossier"))
        rows = rows.annotate(outcome=Subquery(done.values("outcome")[:1]))
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    labels = dict(CalendarMove.Outcome.choices)
    return page, [
        {
            "code": row.dossier.public_code,
            "url": reverse("dossier-detail", args=[row.dossier.public_code]),
            "agency": row.agency.label,
            "due_before": row.due_before,
            "due_after": row.due_after,
            "moved": _moved(row.minutes),
            "outcome": labels.get(getattr(row, "outcome", None) or "", ""),
        }
        for row in page.object_list
    ]


def _moved(minutes: int) -> str:
    words = {"time": working_words(abs(minutes))}
    return (_("sớm hơn %(time)s") if minutes < 0 else _("muộn hơn %(time)s")) % words


def working_words(minutes: int, *, is_short: bool = False) -> str:
    """Say an amount of working time in days of eight hours, hours and minutes."""
    days, rest = divmod(minutes, MINUTES_A_DAY)
    hours, rest = divmod(rest, 60)
    parts = [
        (_("%(number)s ngày") if is_short else _("%(number)s ngày làm việc")) % {"number": days}
        if days
        else "",
        _("%(number)s giờ") % {"number": hours} if hours else "",
        _("%(number)s phút") % {"number": rest} if rest else "",
    ]
    return " ".join(part for part in parts if part)


def _becomes(day: CalendarChangeDay) -> str:
    """Say what becomes of a day."""
    if not day.kind:
        return _("bỏ “%(before)s”, trở lại như ngày thường") % {"before": day.name_before}
    said = f"{day.get_kind_display()}: {day.name}"
    if not day.kind_before:
        return said
    return _("%(said)s (trước là “%(before)s”)") % {"said": said, "before": day.name_before}


def _facts(change: CalendarChange) -> list[tuple[str, str]]:
    shown = CalendarChange.Choice
    return [
        (_("Văn bản"), rehearsing.source_of(change)),
        (_("Lịch"), change.calendar.name),
        (_("Người thử"), change.rehearsed_by.full_name),
        (_("Thử lúc"), vn_datetime(change.rehearsed_at)),
        (_("Người áp dụng"), change.applied_by.full_name if change.applied_by else ""),
        (_("Áp dụng lúc"), vn_datetime(change.applied_at)),
        (_("Phiên bản lịch"), str(change.version_after or "")),
        (_("Hẹn muộn hơn"), str(shown(change.later).label) if change.is_applied else ""),
        (_("Vì sao"), change.later_reason),
        (_("Hẹn sớm hơn"), str(shown(change.earlier).label) if change.is_applied else ""),
        (_("Xong lúc"), vn_datetime(change.finished_at)),
    ]


def _outcomes(change: CalendarChange) -> list[tuple[str, int]]:
    """Return how many promises of an applied change came to what. Runs one query."""
    counted = dict(change.moves.order_by().values_list("outcome").annotate(Count("pk")))
    return [(str(outcome.label), counted.get(outcome.value, 0)) for outcome in CalendarMove.Outcome]


def _left(change: CalendarChange) -> int:
    listed = change.shifts.filter(stage=Stage.PLANNED).count()
    return max(0, listed - change.moves.count())
