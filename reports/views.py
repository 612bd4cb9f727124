"""Trang báo cáo: table II.06a on the screen, as a PDF and as a workbook; the survey beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from agencies.access import officer_required, scope_for, the_officer
from agencies.models import Agency
from agencies.scope import WIDE_ROLES
from dossiers.surveys import ENTERING_ROLES
from reports import charts, exports, satisfaction, settlement, timeliness
from reports.forms import SettlementForm
from reports.periods import Period, PeriodError
from reports.settlement import By, Counted, Row, Settlement, UnknownAgencyError

SHOWN_NIGHTS = 30
NEAR = Decimal(3)  # points below a target that still count as near it
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure as the table shows it."""

    column: exports.Column
    value: int
    url: str


@dataclass(frozen=True, slots=True)
class Line:
    """One row as the table shows it."""

    row: Row
    url: str
    cells: tuple[Cell, ...]


@require_safe
@never_cache
@officer_required()
def report_settlement(request: HttpRequest) -> HttpResponse:
    """Show the table with its rates, its checks and its chart."""
    today = timezone.localdate()
    form, agency, in_sight = _asked(request, today)
    context = {"form": form, "agency": agency, "form_number": exports.FORM}
    if not form.is_valid():
        return render(request, "reports/settlement.html", context | {"report": None}, status=400)
    period: Period = form.cleaned_data["period"]
    by: By = form.cleaned_data["by"]
    counted: Counted = form.cleaned_data["place"]
    report = settlement.count(
        period, agency=agency, in_sight=in_sight, by=by, today=today, counted=counted
    )
    units = [unit.pk for unit in settlement.at_or_below(agency, in_sight)]
    nights = timeliness.nights(units, count=SHOWN_NIGHTS)
    address = reverse("report-settlement")
    board_codes = _board_codes(request, report, today)
    return render(
        request,
        "reports/settlement.html",
        context
        | {
            "report": report,
            "subject": exports.subject_of(by, counted),
            "groups": exports.GROUPS,
            "columns": exports.COLUMNS,
            "lines": [_line(row, report, board_codes) for row in report.rows],
            "totals": _cells(
                Row("", "", report.totals), agency.code if agency.code in board_codes else ""
            ),
            "identities": settlement.IDENTITIES,
            "notes": exports.notes(report),
            "chart": charts.settled_bars(report),
            "groupings": [
                (
                    each,
                    exports.subject_of(each, counted),
                    _query(address, period, agency, each, counted),
                )
                for each in By
            ],
            "places": [
                (each, exports.place_of(each), _query(address, period, agency, by, each))
                for each in Counted
            ],
            "previous_url": _beside(period, Period.before, agency, by, counted),
            "next_url": _beside(period, Period.after, agency, by, counted),
            "pdf_url": _query(reverse("report-settlement-pdf"), period, agency, by, counted),
            "xlsx_url": _query(reverse("report-settlement-xlsx"), period, agency, by, counted),
            "target": timeliness.ON_TIME_TARGET,
            "level": _level(report),
            "nights": nights,
            "trend": [rate for night in nights if (rate := night.figures.on_time_rate) is not None],
        },
    )


@require_safe
@never_cache
@officer_required()
def report_settlement_pdf(request: HttpRequest) -> HttpResponse:
    """Send the table as a PDF to be signed."""
    today = timezone.localdate()
    report = _report(request, today)
    if isinstance(report, HttpResponse):
        return report
    return _file(exports.to_pdf(report, today=today), "application/pdf", report, "pdf")


@require_safe
@never_cache
@officer_required()
def report_settlement_xlsx(request: HttpRequest) -> HttpResponse:
    """Send the table as a workbook."""
    report = _report(request, timezone.localdate())
    if isinstance(report, HttpResponse):
        return report
    return _file(exports.to_xlsx(report), XLSX_TYPE, report, "xlsx")


@require_safe
@never_cache
@officer_required()
def report_satisfaction(request: HttpRequest) -> HttpResponse:
    """Show what the survey slips of a period say, by agency. Runs five queries."""
    today = timezone.localdate()
    form, agency, in_sight = _asked(request, today)
    context = {"form": form, "agency": agency, "report": None, "place": "report-settlement"}
    if not form.is_valid():
        return render(request, "reports/satisfaction.html", context, status=400)
    period: Period = form.cleaned_data["period"]
    report = satisfaction.count(
        period,
        settlement.at_or_below(agency, in_sight),
        counted=form.cleaned_data["place"],
    )
    address = reverse("report-satisfaction")
    return render(
        request,
        "reports/satisfaction.html",
        context
        | {
            "report": report,
            "fewest": satisfaction.FEWEST,
            "places": [
                (
                    each,
                    exports.place_of(each),
                    _query(address, period, agency, form.cleaned_data["by"], each),
                )
                for each in Counted
            ],
            "may_enter": not scope_for(request).roles.isdisjoint(ENTERING_ROLES),
        },
    )


def _asked(request: HttpRequest, today: date) -> tuple[SettlementForm, Agency, list[Agency]]:
    """Return what is asked for; 404 for an agency out of sight and for who sees none."""
    in_sight = settlement.agencies_in_sight(scope_for(request))
    code = request.GET.get("agency", "")
    try:
        agency = settlement.agency_asked(code, in_sight, the_officer(request).agency)
    except UnknownAgencyError as error:
        raise Http404 from error
    return (
        SettlementForm(request.GET, today=today, in_sight=in_sight, shown=agency),
        agency,
        in_sight,
    )


def _report(request: HttpRequest, today: date) -> Settlement | HttpResponse:
    """Return the report a file is made of, or the 400 that says in words what stands in the way."""
    form, agency, in_sight = _asked(request, today)
    if not form.is_valid():
        # Plain text: who asks for a file is often a script, and a download shows no page.
        faults = [
            f"{form.fields[name].label}: {fault}" if form.fields[name].label else str(fault)
            for name, said in form.errors.items()
            for fault in said
        ]
        return HttpResponse(
            "\n".join(faults) + "\n", content_type="text/plain; charset=utf-8", status=400
        )
    return settlement.count(
        form.cleaned_data["period"],
        agency=agency,
        in_sight=in_sight,
        by=form.cleaned_data["by"],
        today=today,
        counted=form.cleaned_data["place"],
    )


def _file(content: bytes, kind: str, report: Settlement, extension: str) -> HttpResponse:
    name = exports.file_name(report, extension)
    disposition = content_disposition_header(as_attachment=True, filename=name)
    return HttpResponse(
        content, content_type=kind, headers={"Content-Disposition": disposition or "attachment"}
    )


def _query(address: str, period: Period, agency: Agency, by: By, counted: Counted) -> str:
    asked = (
        {"period": period.code}
        if period.code
        else {"from": period.start.isoformat(), "to": period.end.isoformat()}
    )
    asked |= {"agency": agency.code, "by": by.value}
    if counted is not Counted.SETTLING:
        asked["place"] = counted.value
    return f"{address}?{urlencode(asked)}"


def _beside(
    period: Period, step: Callable[[Period], Period], agency: Agency, by: By, counted: Counted
) -> str:
    """Return the address of the period before or after; empty at the ends of the calendar."""
    try:
        return _query(reverse("report-settlement"), step(period), agency, by, counted)
    except PeriodError:
        return ""


def _line(row: Row, report: Settlement, board_codes: frozenset[str]) -> Line:
    url = ""
    if report.by is By.AGENCY and row.code != report.agency_code:
        asked = {"from": report.period.start.isoformat(), "to": report.period.end.isoformat()}
        if report.period.code:
            asked = {"period": report.period.code}
        if report.counted is not Counted.SETTLING:
            asked["place"] = report.counted.value
        url = f"{reverse('report-settlement')}?{urlencode(asked | {'agency': row.code})}"
    # The row of the asked agency has only its own dossiers, its board those below as well.
    alone = row.code != report.agency_code or len(report.rows) == 1
    code = row.code if report.by is By.AGENCY and alone and row.code in board_codes else ""
    return Line(row, url, _cells(row, code))


def _cells(row: Row, board_code: str) -> tuple[Cell, ...]:
    """Return the figures; with a code, the overdue ones lead to their dossiers on the board."""
    figures = row.figures.as_dict()
    overdue = (
        f"{reverse('board')}?{urlencode({'co-quan': board_code, 'nhom': 'qua-han'})}"
        if board_code and figures["open_overdue"]
        else ""
    )
    return tuple(
        Cell(column, figures[column.name], overdue if column.name == "open_overdue" else "")
        for column in exports.COLUMNS
    )


def _board_codes(request: HttpRequest, report: Settlement, today: date) -> frozenset[str]:
    """Return the agencies whose board shows the very dossiers of a row: those with none below.

    The board is live, so only a table that reaches today leads there.
    """
    if report.counted is not Counted.SETTLING:
        return frozenset()
    if report.judged_on != today or scope_for(request).roles.isdisjoint(WIDE_ROLES):
        return frozenset()
    codes = {row.code for row in report.rows}
    parents = {code.rpartition(".")[0] for code in codes}
    return frozenset(codes - parents | {report.agency_code})


def _level(report: Settlement) -> str:
    """Return the light of the on-time target; empty when nothing was settled."""
    rate = report.totals.on_time_rate
    if rate is None:
        return ""
    short = timeliness.ON_TIME_TARGET - rate
    return "met" if short <= 0 else "near" if short <= NEAR else "missed"
