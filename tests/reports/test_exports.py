"""The PDF and the workbook are read back and must say the same numbers as the count."""

from __future__ import annotations

import dataclasses
import io
import re
import zipfile
from datetime import date, datetime
from typing import Any

import openpyxl
import pypdf
import pytest

from agencies.scope import Scope
from reports import charts, exports, periods, settlement
from reports.settlement import By, Figures, Row, Settlement
from tests.factories import local
from tests.reports import made

HALF_YEAR = periods.free(date(2023, 1, 1), date(2023, 6, 7))
TODAY = date(2026, 11, 22)


def made_report(rows: int, by: By = By.AGENCY) -> Settlement:
    """Make a report without a database: every cell of it is different."""
    lines = []
    for n in range(rows):
        f = Figures(
            received_online=1000 + n, received_direct=2000 + n, carried_over=3 * n,
            settled_early=700 + n, settled_on_time=800 + n, settled_late=n,
            open_overdue=n,
        )  # fmt: skip
        total = f.received_online + f.received_direct + f.carried_over
        settled = f.settled_early + f.settled_on_time + f.settled_late
        lines.append(
            Row(
                f"H01.{n:03d}",
                f"Uỷ ban nhân dân xã Ỷ La thứ {n}",
                dataclasses.replace(
                    f,
                    received_total=total,
                    settled_total=settled,
                    open_total=total - settled,
                    open_in_time=total - settled - n,
                ),
            )
        )
    report = Settlement(
        period=periods.from_code("nd09-2026-m11"),
        agency_code="H01",
        agency_name="Uỷ ban nhân dân tỉnh An Giang",
        agency_count=rows,
        by=by,
        rows=tuple(lines),
        totals=sum((line.figures for line in lines), Figures()),
        judged_on=date(2026, 11, 14),
        counted_at=local("2026-11-15 06:00"),
    )
    settlement.check(report)
    return report


def read(pdf: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf))


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in read(pdf).pages)


def figures_in_pdf(pdf: bytes, report: Settlement) -> dict[str, list[int]]:
    """Return the eleven figures that stand after each name, read from the text of the pages."""
    flat = re.sub(r"\s+", " ", text_of(pdf))
    found = {}
    for name in [*(row.name for row in report.rows), "Tổng số"]:
        # The name stands in the chart as well, there with a single figure.
        numbers = re.search(rf"{re.escape(name)}((?: [0-9.]+){{11}})", flat)
        assert numbers is not None, f"no figures after {name}"
        found[name] = [int(number.replace(".", "")) for number in numbers[1].split()]
    return found


def figures_in_xlsx(content: bytes) -> dict[str, list[int]]:
    sheet = openpyxl.load_workbook(io.BytesIO(content))["II.06a"]
    rows = sheet.iter_rows(min_row=exports.HEAD_ROW + 4, values_only=True)
    return {str(row[1]): [int(str(value)) for value in row[2:]] for row in rows}


def fonts_in(pdf: bytes) -> set[tuple[str, bool]]:
    """Return (name, whether its file is inside) of every font of every page."""
    found = set()

    def look(resources: Any) -> None:
        for reference in resources.get("/Font", {}).values():
            font = reference.get_object()
            inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
            descriptor = inner["/FontDescriptor"].get_object()
            name = str(font["/BaseFont"]).split("+")[-1].lstrip("/")
            found.add((name, any(f"/FontFile{n}" in descriptor for n in ("", "2", "3"))))
        for reference in resources.get("/XObject", {}).values():
            look(reference.get_object().get("/Resources", {}))

    for page in read(pdf).pages:
        look(page["/Resources"])
    return found


@pytest.fixture(scope="module")
def long_report() -> Settlement:
    return made_report(45)


@pytest.fixture(scope="module")
def long_pdf(long_report: Settlement) -> bytes:
    return exports.to_pdf(long_report, today=TODAY)


def test_the_pdf_and_the_workbook_say_the_same_numbers(
    long_report: Settlement, long_pdf: bytes
) -> None:
    counted = {row.name: list(row.figures.as_dict().values()) for row in long_report.rows}
    counted["Tổng số"] = list(long_report.totals.as_dict().values())
    assert figures_in_pdf(long_pdf, long_report) == counted
    assert figures_in_xlsx(exports.to_xlsx(long_report)) == counted


@pytest.mark.django_db
def test_tien_giang_says_45981_on_paper_and_in_the_workbook() -> None:
    here = made.province()
    made.tien_giang(here.commune, here.birth)
    in_sight = settlement.agencies_in_sight(Scope(sees_everything=True))
    for by in By:
        report = settlement.count(
            HALF_YEAR, agency=here.root, in_sight=in_sight, by=by, today=TODAY
        )
        pdf = exports.to_pdf(report, today=TODAY)
        on_paper = figures_in_pdf(pdf, report)
        assert on_paper == figures_in_xlsx(exports.to_xlsx(report))
        assert on_paper["Tổng số"][:4] == [45_981, 18_320, 25_079, 2_582]
        text = re.sub(r"\s+", " ", text_of(pdf))
        assert "18.320 / 43.399 42,21 %" in text
        assert "40.902 / 43.889 93,19 %" in text


def test_only_one_family_is_embedded_and_every_font_of_it(long_pdf: bytes) -> None:
    """Debian's old Liberation lacks ơ ư: a missing letter would bring in another family."""
    fonts = fonts_in(long_pdf)
    assert {name.split("-")[0] for name, _ in fonts} == {"Tinos"}
    assert all(inside for _, inside in fonts)


def _object_count(reader: pypdf.PdfReader) -> int:
    return len(reader.xref_objStm) + len(reader.xref.get(0, {}))


def test_the_pdf_is_an_accessible_archive_file(long_pdf: bytes) -> None:
    reader = read(long_pdf)
    root: Any = reader.trailer["/Root"].get_object()
    assert root["/Lang"] == "vi"
    assert root["/MarkInfo"]["/Marked"]
    metadata = root["/Metadata"].get_object().get_data().decode()
    assert 'pdfaid:part="2"' in metadata or "<pdfaid:part>2<" in metadata
    assert 'pdfaid:conformance="A"' in metadata or "<pdfaid:conformance>A<" in metadata
    assert reader.metadata is not None
    assert reader.metadata.title is not None
    assert "II.06a/VPCP/KSTT" in reader.metadata.title
    nodes: list[Any] = [reader.get_object(index) for index in range(1, _object_count(reader) + 1)]
    figures = [node for node in nodes if isinstance(node, dict) and node.get("/S") == "/Figure"]
    assert figures
    assert all("trước hạn" in str(node["/Alt"]) for node in figures)


def test_the_head_of_the_table_comes_again_and_the_first_page_has_no_number(
    long_pdf: bytes,
) -> None:
    pages = [re.sub(r"\s+", " ", page.extract_text()) for page in read(long_pdf).pages]
    table_pages = [page for page in pages if re.search(r"xã Ỷ La thứ \d+( [0-9.]+){11}", page)]
    assert len(table_pages) > 2
    marks = " ".join(f"({n})" for n in range(1, 14))
    assert all(marks in page for page in table_pages)
    assert "CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM" in pages[0]
    assert not re.search(r"(^| )1( |$)", pages[0][:30])
    assert pages[1].startswith("2 ") or pages[1].rstrip().endswith(" 2")


@pytest.mark.parametrize("rows", [0, 8, 14, 27])
def test_those_who_sign_share_the_last_page_with_the_notes_and_the_chart(rows: int) -> None:
    # A running period has a note more, which is the longest the last page gets.
    report = dataclasses.replace(
        made_report(rows), judged_on=date(2026, 11, 10), counted_at=local("2026-11-10 06:00")
    )
    assert report.is_running
    last = read(exports.to_pdf(report, today=TODAY)).pages[-1].extract_text()
    above = "Hồ sơ đã giải quyết" if rows else "Tỷ lệ"
    for words in (above, "Ghi chú", "Kỳ báo cáo chưa kết thúc", "NGƯỜI LẬP BIỂU"):
        assert words in last


def test_the_pages_are_a4_landscape(long_pdf: bytes) -> None:
    for page in read(long_pdf).pages:
        assert (round(page.mediabox.width), round(page.mediabox.height)) == (842, 595)


def test_an_empty_report_prints_zeros_and_no_picture() -> None:
    report = made_report(0)
    flat = re.sub(r"\s+", " ", text_of(exports.to_pdf(report, today=TODAY)))
    assert "Tổng số 0 0 0 0 0 0 0 0 0 0 0" in flat
    assert flat.count("chưa xác định") == 3
    assert charts.settled_bars(report) is None
    assert figures_in_xlsx(exports.to_xlsx(report)) == {"Tổng số": [0] * 11}


def test_the_workbook_has_typed_cells_a_frozen_head_and_print_areas(
    long_report: Settlement,
) -> None:
    book = openpyxl.load_workbook(io.BytesIO(exports.to_xlsx(long_report)))
    sheet = book["II.06a"]
    assert sheet.freeze_panes == "C9"
    assert sheet.print_title_rows == "$6:$8"
    assert "$A$1:$M$54" in str(sheet.print_area)
    assert sheet.page_setup.orientation == "landscape"
    figure_cells = [cell for row in sheet["C9:M54"] for cell in row]
    assert all(cell.data_type == "n" for cell in figure_cells)
    assert all(cell.number_format == "#,##0" for cell in figure_cells)
    rates = book["Tỷ lệ"]
    assert rates["E2"].number_format == "0.00%"
    f = long_report.totals
    assert rates["E2"].value == pytest.approx(
        (f.settled_early + f.settled_on_time) / f.settled_total
    )
    notes = book["Ghi chú"]
    assert notes["B1"].value.date() == date(2026, 10, 15)
    assert (notes["A4"].value, notes["B4"].value) == ("Số đơn vị", 45)
    assert notes["B5"].value == datetime(2026, 11, 15, 6, 0)  # noqa: DTZ001 cells have no zone


def test_every_sheet_of_the_workbook_is_in_times(long_report: Settlement) -> None:
    content = exports.to_xlsx(long_report)
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert len(book.sheetnames) == 3
    fonts = {
        cell.font.name
        for sheet in book
        for row in sheet.iter_rows(max_row=sheet.max_row + 1, max_col=sheet.max_column + 1)
        for cell in row
    }
    assert fonts == {"Times New Roman"}
    assert b"Calibri" not in zipfile.ZipFile(io.BytesIO(content)).read("xl/styles.xml")


def test_a_name_that_looks_like_a_formula_or_markup_stays_a_name() -> None:
    report = made_report(1)
    for name in ('=HYPERLINK("http://example.invalid")', "<img src=http://example.invalid/x>"):
        bad = dataclasses.replace(report, rows=(dataclasses.replace(report.rows[0], name=name),))
        assert name in figures_in_xlsx(exports.to_xlsx(bad))
        # On paper a long name may break anywhere, so blanks are taken out.
        assert re.sub(r"\s", "", name) in re.sub(
            r"\s", "", text_of(exports.to_pdf(bad, today=TODAY))
        )


def test_the_chart_shows_the_busiest_rows_and_says_how_many_it_left_out() -> None:
    chart = charts.settled_bars(made_report(45))
    assert chart is not None
    assert len(chart.bars) == charts.LONGEST_CHART
    assert chart.left_out == 45 - charts.LONGEST_CHART
    assert chart.bars[0].total == max(bar.total for bar in chart.bars)
    widest = sum(float(part.width) for part in chart.bars[0].parts)
    assert widest == pytest.approx(charts.BAR_WIDTH, abs=0.2)
