"""Sổ theo dõi hồ sơ (Mẫu 06 of TT 01/2018, 07 of TT 03/2025) as PDF and as a workbook.

A register may be hundreds of pages, and WeasyPrint keeps every page it sets in memory: 300 pages at
once take some 900 MB. So it is set in chunks. A chunk gives all its pages but the last, whose rows
begin the next one: no page ends half empty, and a row never stands on two pages. One chunk is a
tagged PDF/A-2a; several are PDF/A-2u, joined by pikepdf, for the tree of tags of one file cannot
take in another's, and the workbook is then the form that a screen reader reads. Figures of memory:
docs/benchmarks.md.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import gettext

from accounts.printing import PDF_VARIANT, as_archive_file, press
from dossiers.paperwork.layouts import Layout

WHOLE_ROWS = 480  # set as one tagged file: about 50 pages of usual rows
CHUNK_ROWS = 200  # set at once of a longer one
CHUNK_PAGES = 60  # a tagged file has no more, a chunk gives no more
JOINED_VARIANT = "pdf/a-2u"

XLSX_FONT = {"font_name": "Times New Roman", "font_size": 11}


@dataclass(frozen=True, slots=True)
class Entry:
    """Dòng của sổ: one dossier, or a number that became none."""

    number: str  # in the register, as the receipt prints it; empty where none was given
    code: str
    procedure: str
    sets: str
    owner: str
    contact: str
    agency: str
    received: dt.datetime | None
    due: dt.datetime | None
    returned: dt.datetime | None
    channel: str
    receiver: str
    note: str


@dataclass(frozen=True, slots=True)
class Cover:
    """Bìa sổ: whose register it is, of which days, as it stood when."""

    layout: Layout
    superior: str
    agency: str
    desk: str
    volume: str
    start: dt.date
    end: dt.date
    made_at: dt.datetime
    place_and_date: str
    count: int


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name on the form and its width in the workbook, in letters."""

    name: str
    title: str
    width: int


def columns() -> tuple[Column, ...]:
    """Return the columns in the order of the form (domain.md 4; from knowledge, not confirmed)."""
    return (
        Column("number", gettext("STT"), 7),
        Column("code", gettext("Mã hồ sơ"), 24),
        Column("procedure", gettext("Tên thủ tục hành chính"), 48),
        Column("sets", gettext("Số lượng hồ sơ (bộ)"), 9),
        Column("owner", gettext("Tên cá nhân, tổ chức"), 28),
        Column("contact", gettext("Địa chỉ, số điện thoại"), 40),
        Column("agency", gettext("Cơ quan chủ trì giải quyết"), 30),
        Column("received", gettext("Nhận hồ sơ"), 17),
        Column("due", gettext("Hẹn trả kết quả"), 17),
        Column("returned", gettext("Trả kết quả"), 17),
        Column("channel", gettext("Phương thức nhận kết quả"), 17),
        Column("receiver", gettext("Ký nhận"), 24),
        Column("note", gettext("Ghi chú"), 36),
    )


@dataclass(frozen=True, slots=True)
class Printed:
    """What was written: how many pages, and whether they are tagged for a screen reader."""

    pages: int
    is_tagged: bool


def to_pdf(cover: Cover, entries: Iterable[Entry], target: Path, work: Path) -> Printed:
    """Write the register to `target`; `work` is an empty folder for what is joined.

    Reads the entries once, in order, and keeps a chunk of them. The file is not synced to the disk.
    """
    waiting = iter(entries)
    held = list(itertools.islice(waiting, WHOLE_ROWS + 1))
    size = WHOLE_ROWS if len(held) <= WHOLE_ROWS else CHUNK_ROWS
    parts: list[Path] = []
    pages = 0
    while True:
        # One more than is set tells whether anything follows.
        held += itertools.islice(waiting, max(0, size + 1 - len(held)))
        is_last = len(held) <= size
        made = _set_chunk(cover, held[:size], first_page=pages + 1, is_last=is_last)
        pages += made.pages
        if made.is_whole and not parts:
            target.write_bytes(made.pdf)
            return Printed(pages, is_tagged=True)
        part = work / f"{len(parts):04d}.pdf"
        part.write_bytes(made.pdf)
        parts.append(part)
        if made.is_whole:
            _join(parts, target)
            return Printed(pages, is_tagged=False)
        held = held[made.rows :]
        size = CHUNK_ROWS


@dataclass(frozen=True, slots=True)
class _Chunk:
    pdf: bytes
    pages: int
    rows: int
    is_whole: bool  # the end of the register: no row is left over


def _set_chunk(cover: Cover, entries: list[Entry], *, first_page: int, is_last: bool) -> _Chunk:
    """Set a chunk and return the pages that are full; all of them when no row follows."""
    html = render_to_string(
        "dossiers/paper/register.html",
        {
            "cover": cover,
            "paper": cover,
            "columns": columns(),
            "entries": [(place, entry) for place, entry in enumerate(entries)],
            "with_cover": first_page == 1,
            "first_page": first_page,
            "with_end": is_last,
        },
    )
    with press(html, "paper-register.css") as document:
        count = len(document.pages)
        if is_last and count <= CHUNK_PAGES:
            if first_page == 1:
                return _Chunk(as_archive_file(document, PDF_VARIANT), count, len(entries), True)
            made = as_archive_file(document, JOINED_VARIANT, tagged=False)
            return _Chunk(made, count, len(entries), True)
        kept = min(CHUNK_PAGES, count - 1)
        rows = _first_row_of(document.pages[kept:], default=len(entries))
        made = as_archive_file(document.copy(document.pages[:kept]), JOINED_VARIANT, tagged=False)
    if rows == 0:
        raise ValueError("a row of the register is taller than a page")
    return _Chunk(made, kept, rows, False)


def _first_row_of(pages: Iterable[Any], *, default: int) -> int:
    """Return the place of the first row on these pages, by the name each row has in the HTML."""
    places = (
        int(anchor.removeprefix("row-"))
        for page in pages
        for anchor in page.anchors
        if anchor.startswith("row-")
    )
    return min(places, default=default)


def _join(parts: list[Path], target: Path) -> None:
    """Join PDF/A-2u parts; the first gives the file its metadata, language and colour profile."""
    import pikepdf

    with pikepdf.open(parts[0]) as joined:
        for part in parts[1:]:
            with pikepdf.open(part) as following:
                joined.pages.extend(following.pages)
        joined.save(
            target,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            deterministic_id=True,
        )


# XLSX


class Workbook:
    """The register as a workbook, written row by row: memory does not grow with it."""

    def __init__(self, file: Path, cover: Cover) -> None:
        """Begin the file with the head of the table; a name that begins with "=" stays a name."""
        import xlsxwriter

        self._book = xlsxwriter.Workbook(
            str(file),
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "tmpdir": str(file.parent),
                "default_format_properties": dict(XLSX_FONT),
            },
        )
        self._book.set_properties(
            {
                "title": gettext("Sổ theo dõi hồ sơ"),
                "author": cover.agency,
                "created": cover.made_at.replace(tzinfo=None),
            }
        )
        make = partial(self._format, self._book)
        head = make(bold=True, border=1, align="center", valign="vcenter", text_wrap=True)
        self._text = make(border=1, text_wrap=True, valign="top")
        self._moment = make(border=1, num_format="hh:mm dd/mm/yyyy", valign="top", align="left")
        self._columns = columns()
        self._sheet = sheet = self._book.add_worksheet(gettext("Sổ theo dõi"))
        for place, column in enumerate(self._columns):
            sheet.set_column(place, place, column.width)
            sheet.write_string(0, place, column.title, head)
        sheet.freeze_panes(1, 2)
        sheet.repeat_rows(0)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.set_footer('&C&"Times New Roman,Regular"&11&P/&N')
        self._line = 0
        self._cover = cover

    @staticmethod
    def _format(book: Any, **wanted: Any) -> Any:
        return book.add_format({**XLSX_FONT, **wanted})

    def noting(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Write each entry as it passes by, so that both files hold the very same rows."""
        for entry in entries:
            self._line += 1
            for place, column in enumerate(self._columns):
                value = getattr(entry, column.name)
                if isinstance(value, dt.datetime):
                    self._sheet.write_datetime(
                        self._line, place, value.replace(tzinfo=None), self._moment
                    )
                else:
                    self._sheet.write_string(self._line, place, value or "", self._text)
            yield entry

    def abandon(self) -> None:
        """Close what is open after a failure; what was written is thrown away with its folder."""
        from xlsxwriter.exceptions import XlsxWriterException

        with contextlib.suppress(OSError, XlsxWriterException):
            self._book.close()

    def close(self) -> int:
        """Write the sheet that says what this is, end the file, return how many rows it has."""
        cover = self._cover
        notes = self._book.add_worksheet(gettext("Thông tin"))
        lines = (
            (gettext("Sổ"), cover.layout.title.capitalize()),
            (gettext("Mẫu"), cover.layout.form),
            (gettext("Cơ quan"), cover.agency),
            (gettext("Quyển số"), cover.volume),
            (gettext("Từ ngày"), f"{cover.start:%d/%m/%Y}"),
            (gettext("Đến ngày"), f"{cover.end:%d/%m/%Y}"),
            (gettext("Số dòng"), str(self._line)),
            (gettext("Số liệu lúc"), f"{cover.made_at:%H:%M %d/%m/%Y}"),
        )
        for line, (name, value) in enumerate(lines):
            notes.write_string(line, 0, name)
            notes.write_string(line, 1, value)
        notes.set_column(0, 0, 16)
        notes.set_column(1, 1, 80)
        self._book.close()
        return self._line
