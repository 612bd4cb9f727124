"""Biểu II.06a as a PDF in the style of NĐ 30/2020 and as a workbook; both say the same numbers.

The columns stand here once (domain.md 7.2), and screen, PDF and XLSX are all drawn from them.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports import charts, periods
from reports.settlement import FIGURE_NAMES, IDENTITIES, By, Counted, Row, Settlement

FORM = "II.06a/VPCP/KSTT"
PDF_VARIANT = "pdf/a-2a"  # archive and access at once (measurements.md B)
FONT = "Tinos"  # Times metric; fonts-croscore draws every Vietnamese letter
XLSX_FONT = {"font_name": "Times New Roman", "font_size": 12}
SCREEN_LATE = frozenset({"settled_late", "open_overdue"})


@dataclass(frozen=True, slots=True)
class Column:
    """One numbered column of figures and the group it stands under."""

    name: str
    number: int
    title: str | Promise
    short: str | Promise  # on the screen, where a heading does not wrap
    is_first_of_group: bool = False

    @property
    def is_late(self) -> bool:
        return self.name in SCREEN_LATE


@dataclass(frozen=True, slots=True)
class Group:
    """The heading over several columns."""

    title: str | Promise
    short: str | Promise
    columns: tuple[Column, ...]


Text = str | Promise


def _group(title: Text, short: Text, *columns: tuple[str, int, Text]) -> Group:
    return Group(
        title,
        short,
        tuple(
            Column(name, number, words, SHORT.get(name, words), is_first_of_group=not place)
            for place, (name, number, words) in enumerate(columns)
        ),
    )


SHORT = {
    "received_total": gettext_lazy("Tổng"),
    "received_direct": gettext_lazy("Trực tiếp, BCCI"),
    "carried_over": gettext_lazy("Kỳ trước"),
    "settled_total": gettext_lazy("Tổng"),
    "open_total": gettext_lazy("Tổng"),
}


# TT 01/2020/TT-VPCP, Biểu số II.06a: the order and the numbers of the columns (domain.md 7.2).
GROUPS = (
    _group(
        gettext_lazy("Số hồ sơ tiếp nhận"),
        gettext_lazy("Tiếp nhận"),
        ("received_total", 3, gettext_lazy("Tổng số")),
        ("received_online", 4, gettext_lazy("Trực tuyến")),
        ("received_direct", 5, gettext_lazy("Trực tiếp, dịch vụ bưu chính")),
        ("carried_over", 6, gettext_lazy("Từ kỳ trước")),
    ),
    _group(
        gettext_lazy("Số hồ sơ đã giải quyết"),
        gettext_lazy("Đã giải quyết"),
        ("settled_total", 7, gettext_lazy("Tổng số")),
        ("settled_early", 8, gettext_lazy("Trước hạn")),
        ("settled_on_time", 9, gettext_lazy("Đúng hạn")),
        ("settled_late", 10, gettext_lazy("Quá hạn")),
    ),
    _group(
        gettext_lazy("Số hồ sơ đang giải quyết"),
        gettext_lazy("Đang giải quyết"),
        ("open_total", 11, gettext_lazy("Tổng số")),
        ("open_in_time", 12, gettext_lazy("Trong hạn")),
        ("open_overdue", 13, gettext_lazy("Quá hạn")),
    ),
)
COLUMNS = tuple(column for group in GROUPS for column in group.columns)
if tuple(column.name for column in COLUMNS) != FIGURE_NAMES:
    raise AssertionError("the columns of the table are not the figures that are counted")


def subject_of(by: By, counted: Counted) -> str:
    """Return the heading of column (2)."""
    if by is By.SECTOR:
        return _("Lĩnh vực giải quyết")
    if counted is Counted.RECEIVING:
        return _("Nơi tiếp nhận")
    return _("Cơ quan, đơn vị giải quyết")


def place_of(counted: Counted) -> str:
    """Name the report by where it counts a dossier (domain.md 6.4)."""
    if counted is Counted.RECEIVING:
        return _("Theo nơi tiếp nhận")
    return _("Theo cơ quan giải quyết")


def title() -> str:
    """Return the title of the table as the circular prints it."""
    return _("TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH")


def notes(report: Settlement) -> list[str]:
    """Return how dossiers were classed: the mapping must stand in a footnote (domain.md 3.7)."""
    found = [
        _(
            "Đã giải quyết gồm hồ sơ có kết quả (kể cả từ chối giải quyết), hồ sơ công dân rút và "
            "hồ sơ dừng giải quyết sau khi tiếp nhận, xếp theo thời điểm kết thúc xử lý so với "
            "thời điểm hẹn trả."
        ),
        _(
            "Trong hạn gồm cả hồ sơ đang chờ bổ sung, chờ thực hiện nghĩa vụ tài chính hoặc tạm "
            "dừng, và hồ sơ không có ngày hẹn trả."
        ),
        _(
            "Hồ sơ từ chối tiếp nhận không thuộc biểu này. Hồ sơ thuộc nhiều lĩnh vực tính một lần, "
            "theo lĩnh vực đầu tiên của thủ tục."
        ),
        _("Hồ sơ đang giải quyết được xét theo ngày hẹn trả còn hiệu lực đến hết ngày %(day)s.")
        % {"day": f"{report.judged_on:%d/%m/%Y}"},
        _(
            "Số liệu tính theo nơi tiếp nhận: hồ sơ liên thông tính một lần, là quá hạn khi một hồ "
            "sơ thành phần quá hạn."
        )
        if report.counted is Counted.RECEIVING
        else _(
            "Số liệu tính theo cơ quan giải quyết: hồ sơ liên thông tính theo từng hồ sơ thành "
            "phần, mỗi hồ sơ một lần ở cơ quan giải quyết nó."
        ),
    ]
    if report.is_running:
        found.append(_("Kỳ báo cáo chưa kết thúc: đây là số liệu tại thời điểm lập."))
    return found


def file_name(report: Settlement, extension: str) -> str:
    """Return a file name that sorts by agency and period."""
    return (
        f"II.06a_{report.agency_code}_{report.period.start:%Y%m%d}-{report.period.end:%Y%m%d}"
        f"_{report.by}{'_receiving' if report.counted is Counted.RECEIVING else ''}.{extension}"
    )


# PDF


def to_html(report: Settlement, *, today: date) -> str:
    """Return the sheet as HTML with its own stylesheet inside."""
    is_province = report.agency_code == settings.PROVINCE_CODE
    province = settings.PROVINCE_NAME
    # TT 01/2020: agencies report to the province's committee, the province to the government.
    recipient = (
        _("Văn phòng Chính phủ")
        if is_province
        else _("Uỷ ban nhân dân tỉnh %(name)s") % {"name": province}
    )
    return render_to_string(
        "reports/paper/settlement.html",
        {
            "report": report,
            "form": FORM,
            "title": title(),
            "subject": subject_of(report.by, report.counted),
            "groups": GROUPS,
            "columns": COLUMNS,
            "lines": [(row, list(row.figures.as_dict().values())) for row in report.rows],
            "totals": list(report.totals.as_dict().values()),
            "notes": notes(report),
            "identities": IDENTITIES,
            "chart": charts.settled_bars(report),
            "is_province": is_province,
            "province": province,
            "recipient": recipient,
            "written_on": periods.long_day(today),
            "styles": _stylesheet(),
        },
    )


def to_pdf(report: Settlement, *, today: date) -> bytes:
    """Return the sheet as PDF/A-2a: tagged, with its fonts inside. About 1 s per 100 rows."""
    import weasyprint  # heavy, and absent from web processes that print nothing

    # Nothing is fetched: whatever a name in the database contains, no address is followed.
    html = weasyprint.HTML(
        string=to_html(report, today=today),
        url_fetcher=weasyprint.urls.URLFetcher(allowed_protocols=[]),
    )
    rendered = html.write_pdf(pdf_variant=PDF_VARIANT, pdf_tags=True)
    if rendered is None:
        raise AssertionError("write_pdf without a target returns the bytes")
    return bytes(rendered)


def _stylesheet() -> str:
    # Inline in the page: fonts of a separate CSS object are silently lost (measurements.md B).
    found = finders.find("css/paper-report.css")
    if not isinstance(found, str):
        raise FileNotFoundError("css/paper-report.css")
    return Path(found).read_text(encoding="utf-8")


# XLSX


def to_xlsx(report: Settlement) -> bytes:
    """Return the workbook: typed cells, frozen head, print area; sheets for rates and notes."""
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(
        buffer,
        # A name that begins with "=" stays a name.
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            # Cells nobody wrote to, and what a reader adds, are in the same type.
            "default_format_properties": dict(XLSX_FONT),
        },
    ) as book:
        book.set_properties(
            {
                "title": f"{FORM} {report.period.label}",
                "subject": title(),
                "author": report.agency_name,
            }
        )
        # `now` of the count, so that the same report makes the same file.
        book.set_properties({"created": timezone.localtime(report.counted_at).replace(tzinfo=None)})
        made = _Formats(book)
        _write_table(book.add_worksheet("II.06a"), report, made)
        _write_rates(book.add_worksheet(_("Tỷ lệ")), report, made)
        _write_notes(book.add_worksheet(_("Ghi chú")), report, made)
    return buffer.getvalue()


class _Formats:
    """The cell formats of the workbook: Times, thin rules, thousands grouped by the reader's locale."""

    def __init__(self, book: Any) -> None:
        make = partial(self._make, book)
        self.plain = make()
        self.title = make(bold=True, font_size=14, align="center")
        self.centre = make(align="center")
        self.italic = make(italic=True, align="right")
        self.head = make(bold=True, border=1, align="center", valign="vcenter", text_wrap=True)
        self.mark = make(italic=True, border=1, align="center")
        self.text = make(border=1, text_wrap=True, valign="vcenter")
        self.figure = make(border=1, num_format="#,##0", valign="vcenter")
        self.sum_text = make(border=1, bold=True)
        self.sum_figure = make(border=1, bold=True, num_format="#,##0")
        self.rate = make(border=1, num_format="0.00%")
        self.wrapped = make(text_wrap=True, valign="top")
        self.moment = make(num_format="hh:mm dd/mm/yyyy", align="left")
        self.count = make(num_format="#,##0", align="left")
        self.day = make(num_format="dd/mm/yyyy", align="left")

    @staticmethod
    def _make(book: Any, **wanted: Any) -> Any:
        return book.add_format({**XLSX_FONT, **wanted})


HEAD_ROW = 5  # zero-based: the first of the three rows of the head


def _write_table(sheet: Any, report: Settlement, made: _Formats) -> None:
    last = len(COLUMNS) + 1
    sheet.merge_range(0, 0, 0, last, _("Biểu số %(form)s") % {"form": FORM}, made.centre)
    sheet.merge_range(1, 0, 1, last, title(), made.title)
    sheet.merge_range(
        2, 0, 2, last, _("Kỳ báo cáo: %(period)s") % {"period": _period_words(report)}, made.centre
    )
    sheet.merge_range(
        3, 0, 3, last, _("Đơn vị báo cáo: %(name)s") % {"name": report.agency_name}, made.centre
    )
    sheet.merge_range(4, 0, 4, last, _("Đơn vị tính: số hồ sơ"), made.italic)

    sheet.merge_range(HEAD_ROW, 0, HEAD_ROW + 1, 0, _("TT"), made.head)
    sheet.merge_range(
        HEAD_ROW, 1, HEAD_ROW + 1, 1, subject_of(report.by, report.counted), made.head
    )
    at = 2
    for group in GROUPS:
        sheet.merge_range(
            HEAD_ROW, at, HEAD_ROW, at + len(group.columns) - 1, str(group.title), made.head
        )
        for column in group.columns:
            sheet.write_string(HEAD_ROW + 1, at, str(column.title), made.head)
            at += 1
    for place in range(last + 1):
        sheet.write_string(HEAD_ROW + 2, place, f"({place + 1})", made.mark)

    line = HEAD_ROW + 3
    for number, row in enumerate(report.rows, start=1):
        sheet.write_number(line, 0, number, made.figure)
        sheet.write_string(line, 1, row.name, made.text)
        _write_figures(sheet, line, row, made.figure)
        line += 1
    sheet.write_blank(line, 0, None, made.sum_text)
    sheet.write_string(line, 1, _("Tổng số"), made.sum_text)
    _write_figures(sheet, line, Row("", "", report.totals), made.sum_figure)

    sheet.set_column(0, 0, 5)
    sheet.set_column(1, 1, 44)
    sheet.set_column(2, last, 11)
    sheet.set_row(HEAD_ROW + 1, 48)
    sheet.freeze_panes(HEAD_ROW + 3, 2)
    sheet.repeat_rows(HEAD_ROW, HEAD_ROW + 2)
    sheet.print_area(0, 0, line, last)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=1.18, right=0.6, top=0.8, bottom=0.8)  # inches: 30, 15, 20, 20 mm
    sheet.set_footer('&C&"Times New Roman,Regular"&12&P/&N')


def _write_figures(sheet: Any, line: int, row: Row, figure: Any) -> None:
    for place, value in enumerate(row.figures.as_dict().values(), start=2):
        sheet.write_number(line, place, value, figure)


def _write_rates(sheet: Any, report: Settlement, made: _Formats) -> None:
    heads = (_("Tỷ lệ"), _("Công thức"), _("Tử số"), _("Mẫu số"), _("Giá trị"))
    for place, head in enumerate(heads):
        sheet.write_string(0, place, head, made.head)
    for line, rate in enumerate(report.rates, start=1):
        sheet.write_string(line, 0, rate.name, made.text)
        sheet.write_string(line, 1, rate.formula, made.text)
        sheet.write_number(line, 2, rate.part, made.figure)
        sheet.write_number(line, 3, rate.whole, made.figure)
        if rate.whole:
            sheet.write_number(line, 4, rate.part / rate.whole, made.rate)
        else:
            sheet.write_string(line, 4, _("chưa xác định"), made.text)
    sheet.set_column(0, 0, 56)
    sheet.set_column(1, 4, 24)
    sheet.freeze_panes(1, 0)
    sheet.print_area(0, 0, len(report.rates), 4)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _write_notes(sheet: Any, report: Settlement, made: _Formats) -> None:
    facts: list[tuple[str, str | int | date]] = [
        (_("Từ ngày"), report.period.start),
        (_("Đến ngày"), report.period.end),
        (_("Mã cơ quan"), report.agency_code),
        (_("Số đơn vị"), report.agency_count),
        (_("Lập lúc"), timezone.localtime(report.counted_at).replace(tzinfo=None)),
        (_("Đẳng thức đã kiểm"), "; ".join(IDENTITIES)),
    ]
    for line, (name, value) in enumerate(facts):
        sheet.write_string(line, 0, name, made.plain)
        if isinstance(value, datetime):
            sheet.write_datetime(line, 1, value, made.moment)
        elif isinstance(value, int):
            sheet.write_number(line, 1, value, made.count)
        elif isinstance(value, date):
            sheet.write_datetime(line, 1, value, made.day)
        else:
            sheet.write_string(line, 1, value, made.wrapped)
    for line, note in enumerate(notes(report), start=len(facts) + 1):
        sheet.write_string(line, 1, note, made.wrapped)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 100)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _period_words(report: Settlement) -> str:
    if report.period.span is None:
        return report.period.days_label
    return f"{report.period.label} ({report.period.days_label})"
