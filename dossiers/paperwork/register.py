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
import gc
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import gettext

from accounts.printing import PDF_VARIANT, as_archive_file, press
from dossiers.paperwork.layouts import Layout

WHOLE_PAGES = 59  # beside the cover, as far as they can be told before: set as one tagged file
CHUNK_ROWS = 200  # set at once of a longer one
CHUNK_HEIGHT_PAGES = 30  # and less where its rows are tall
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
    # The root of the last day (dossiers.day_roots), for whoever later asks whether the history of
    # that day is still the one that was printed; empty while the day is open.
    root: str


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
    # One row more than is set tells whether anything follows.
    held, size = _take([], waiting, WHOLE_PAGES)
    if size < len(held):
        held, size = _take(held, waiting, CHUNK_HEIGHT_PAGES, most=CHUNK_ROWS)
    parts: list[Path] = []
    pages = 0
    while True:
        is_last = size == len(held)
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
        held, size = _take(held[made.rows :], waiting, CHUNK_HEIGHT_PAGES, most=CHUNK_ROWS)


# As css/paper-register.css has them: letters of 8.6 pt that a line of each column holds, and how many
# the template prints; the height of a line, what a row has beside its lines, and what a page has for
# rows, in tenths of a millimetre: whole numbers, so that two sums of the same rows are the same.
_LETTERS = {
    "code": (14, 60),
    "procedure": (24, 400),
    "owner": (13, 200),
    "contact": (19, 300),
    "agency": (14, 200),
    "channel": (8, 60),
    "receiver": (10, 120),
    "note": (13, 300),
}
_LINE, _BESIDE, _PAGE = 37, 12, 1680


def height_of(entry: Entry) -> int:
    """Return about how many tenths of a millimetre a row is tall, never more than a page."""
    lines = max(
        -(-min(len(getattr(entry, name)), printed) // letters)
        for name, (letters, printed) in _LETTERS.items()
    )
    return min(_PAGE, max(2, lines) * _LINE + _BESIDE)


def rows_within(entries: Sequence[Entry], pages: int) -> int:
    """Return how many of the entries stand on about so many pages; one at least, if there is one."""
    room = _Room(pages)
    for place, entry in enumerate(entries):
        if not room.takes(entry):
            return max(1, place)
    return len(entries)


def _take(
    held: list[Entry], waiting: Iterator[Entry], pages: int, most: int = 100_000
) -> tuple[list[Entry], int]:
    """Fill up what is held to one row more than is set on so many pages; return it and how many are."""
    room = _Room(pages)
    fits = all(room.takes(entry) for entry in held)
    while fits and len(held) <= most:
        entry = next(waiting, None)
        if entry is None:
            break
        held.append(entry)
        fits = room.takes(entry)
    return held, min(most, rows_within(held, pages))


class _Room:
    """Pages that rows fill one after the other; a row stands on one page."""

    def __init__(self, pages: int) -> None:
        self._pages = pages
        self._left = 0

    def takes(self, entry: Entry) -> bool:
        """Put the next row down; False when it needs a page more than there are."""
        height = height_of(entry)
        if height > self._left:
            self._pages -= 1
            self._left = _PAGE
        self._left -= height
        return self._pages >= 0


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
        # The layout leaves dead boxes in circles, a tenth of what it took; the tags want as much.
        gc.collect()
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
            (gettext("Mốc toàn vẹn ngày cuối"), cover.root or gettext("chưa chốt")),
            (gettext("Số dòng"), str(self._line)),
            (gettext("Số liệu lúc"), f"{cover.made_at:%H:%M %d/%m/%Y}"),
        )
        for line, (name, value) in enumerate(lines):
            notes.write_string(line, 0, name)
            notes.write_string(line, 1, value)
        notes.set_column(0, 0, 24)
        notes.set_column(1, 1, 80)
        self._book.close()
        return self._line
