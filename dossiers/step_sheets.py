"""Internal steps as a sheet: a CSV that a spreadsheet writes, and a text of branches people type.

One line a step, semicolons or commas; hours of working time; branches one a line, as in the form:
"KY", "KY: khi đủ điều kiện", "+Y1" (side by side), "<TD: làm lại" (sent back).
"""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from accounts.folding import fold
from accounts.sheet_cells import plain
from agencies.models import Agency
from dossiers.processes import StepRow
from dossiers.step_plans import FORWARD, PARALLEL, REWORK, Branch
from dossiers.workflow import State
from procedures.process_models import STEP_CODE, STEP_ROLES, SignType, Step, StepUnit

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_STEPS = 60
MOST_BYTES = 200_000
LONGEST_HOURS = 30_000  # domain.md 3.4
COLUMNS = (
    "ma_buoc", "ten_buoc", "nguoi_lam", "don_vi", "co_quan", "trang_thai", "gio_truc_tiep",
    "gio_truc_tuyen", "gio_buu_chinh", "buoc_tiep_theo", "dau_vao", "dau_ra",
    "dung_khong_tinh", "thu_phi", "loai_chu_ky",
)  # fmt: skip
_NEEDED = ("ma_buoc", "ten_buoc", "nguoi_lam", "don_vi", "trang_thai", "gio_truc_tiep")
_SIGNS = {PARALLEL: "+", REWORK: "<", FORWARD: ""}
_BRANCH = re.compile(rf"^([+<]?)\s*({STEP_CODE})\s*(?::\s*(.*))?$")
_YES, _NO = {"co", "x", "1", "true", "yes"}, {"", "khong", "0", "false", "no"}


class SheetError(ValueError):
    """The sheet cannot be read; `faults` says what is wrong, by line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def read_branches(text: str) -> tuple[Branch, ...]:
    """Read branches, one a line or parted by semicolons; raise ValueError naming what is wrong."""
    found: dict[str, Branch] = {}
    for line in re.split(r"[\n;]", text):
        if not line.strip():
            continue
        match = _BRANCH.match(line.strip())
        if match is None:
            raise ValueError(_("Không đọc được nhánh “%(line)s”.") % {"line": line.strip()[:60]})
        sign, code, condition = match.groups()
        if code in found:
            raise ValueError(_("Nhánh tới bước %(code)s ghi hai lần.") % {"code": code})
        kind = {"+": PARALLEL, "<": REWORK, "": FORWARD}[sign]
        found[code] = Branch(code, kind, (condition or "").strip()[:300])
    return tuple(found.values())


def write_branches(branches: Iterable[Branch], separator: str = "\n") -> str:
    """Write branches so that `read_branches` reads them."""
    return separator.join(
        f"{_SIGNS[branch.kind]}{branch.to}{f': {branch.condition}' if branch.condition else ''}"
        for branch in branches
    )


def read_hours(text: str) -> int | None:
    """Read hours as "1,5" into working minutes, None where nothing is written.

    Raises ValueError for what is no number of hours or beyond all limits.
    """
    typed = text.strip().replace(",", ".")
    if not typed:
        return None
    try:
        hours = Decimal(typed)
    except InvalidOperation:
        hours = Decimal(-1)
    if not (hours.is_finite() and 0 <= hours <= LONGEST_HOURS):
        raise ValueError(_("Hãy ghi số giờ làm việc, ví dụ 1,5."))
    return round(hours * 60)


def write_hours(minutes: int | None) -> str:
    """Write working minutes as hours so that `read_hours` gives them back."""
    if minutes is None:
        return ""
    return f"{minutes / 60:.4f}".rstrip("0").rstrip(".").replace(".", ",")


def write_sheet(rows: Iterable[StepRow]) -> str:
    """Write steps as a CSV with a mark by which spreadsheets see that it is UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(COLUMNS)
    for row in rows:
        step = row.step
        writer.writerow(
            [
                step.code,
                plain(step.name),
                step.role,
                step.unit,
                step.agency.code if step.agency else "",
                step.state,
                write_hours(step.minutes_in_person),
                write_hours(step.minutes_online),
                write_hours(step.minutes_post),
                plain(write_branches(row.branches, " ; ")),
                plain(step.input_paper),
                plain(step.output_paper),
                "co" if step.may_pause else "khong",
                "co" if step.takes_fee else "khong",
                step.sign_type,
            ]
        )
    return "\ufeff" + out.getvalue()


def read_sheet(content: bytes) -> list[StepRow]:
    """Read a CSV of steps; raise SheetError with every fault and its line."""
    if len(content) > MOST_BYTES:
        raise SheetError([_("Tệp quá lớn.")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SheetError([_("Tệp phải là CSV mã UTF-8.")]) from None
    if "\x00" in text:
        raise SheetError([_("Tệp phải là CSV mã UTF-8.")])
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in head else ",")
    names = [(name or "").strip().lower() for name in reader.fieldnames or []]
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise SheetError([_("Thiếu cột: %(names)s.") % {"names": ", ".join(missing)}])
    reader.fieldnames = names
    faults: list[str] = []
    rows: list[StepRow] = []
    try:
        lines = list(enumerate(reader, start=2))
    except csv.Error:
        raise SheetError([_("Tệp phải là CSV mã UTF-8.")]) from None
    if len(lines) > MOST_STEPS:
        raise SheetError([_("Quy trình có nhiều nhất %(most)d bước.") % {"most": MOST_STEPS}])
    agencies = {agency.code: agency for agency in Agency.objects.all().only("code", "name")}
    for number, line in lines:
        cells = {name: _cell(line.get(name)) for name in COLUMNS}
        if not any(cells.values()):
            continue
        wrong: list[str] = []
        row = _row(cells, agencies, wrong)
        if any(other.step.code == row.step.code for other in rows):
            wrong.append(_("mã bước %(code)s có hai lần") % {"code": row.step.code})
        faults += [_("Dòng %(number)d: %(text)s.") % {"number": number, "text": w} for w in wrong]
        rows.append(row)
    if not rows and not faults:
        faults.append(_("Tệp không có bước nào."))
    known = {row.step.code for row in rows}
    faults += [
        _("Bước %(code)s dẫn tới bước %(to)s không có.") % {"code": row.step.code, "to": branch.to}
        for row in rows
        for branch in row.branches
        if branch.to not in known or branch.to == row.step.code
    ]
    if faults:
        raise SheetError(faults)
    return rows


def _cell(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    return text[1:] if text[:1] == "'" and text[1:2] in {"=", "+", "-", "@"} else text


def _row(cells: dict[str, str], agencies: dict[str, Agency], wrong: list[str]) -> StepRow:
    def minutes(column: str) -> int | None:
        try:
            return read_hours(cells[column])
        except ValueError as error:
            wrong.append(f"{column}: {str(error).rstrip('.')}")
            return None

    code = cells["ma_buoc"].upper()
    if not re.fullmatch(STEP_CODE, code):
        wrong.append(_("mã bước gồm chữ in không dấu và số, ví dụ TN"))
    if not cells["ten_buoc"]:
        wrong.append(_("chưa có tên bước"))
    branches: tuple[Branch, ...] = ()
    try:
        branches = read_branches(cells["buoc_tiep_theo"])
    except ValueError as error:
        wrong.append(str(error).rstrip("."))
    unit = _choice(cells["don_vi"], StepUnit.choices, "don_vi", wrong)
    agency = agencies.get(cells["co_quan"])
    if (unit == StepUnit.NAMED) != (agency is not None):
        wrong.append(_("cột co_quan ghi mã cơ quan khi và chỉ khi don_vi là named"))
    step = Step(
        code=code[:12],
        name=cells["ten_buoc"][:200],
        role=_choice(
            cells["nguoi_lam"], [(r.value, r.label) for r in STEP_ROLES], "nguoi_lam", wrong
        ),
        unit=unit,
        agency=agency,
        state=_choice(cells["trang_thai"], State.choices, "trang_thai", wrong),
        minutes_in_person=minutes("gio_truc_tiep") or 0,
        minutes_online=minutes("gio_truc_tuyen"),
        minutes_post=minutes("gio_buu_chinh"),
        input_paper=cells["dau_vao"][:300],
        output_paper=cells["dau_ra"][:300],
        may_pause=_flag(cells["dung_khong_tinh"], "dung_khong_tinh", wrong, default=True),
        takes_fee=_flag(cells["thu_phi"], "thu_phi", wrong, default=False),
        sign_type=_choice(
            cells["loai_chu_ky"] or SignType.NONE.value, SignType.choices, "loai_chu_ky", wrong
        ),
    )
    return StepRow(step, branches)


def _choice(text: str, choices: Iterable[tuple[Any, Any]], column: str, wrong: list[str]) -> str:
    """Read a choice by its value or its Vietnamese name, with or without marks."""
    for value, label in choices:
        if fold(text) in {fold(str(value)), fold(str(label))}:
            return str(value)
    wrong.append(_("cột %(column)s: không hiểu “%(text)s”") % {"column": column, "text": text[:40]})
    return ""


def _flag(text: str, column: str, wrong: list[str], *, default: bool) -> bool:
    folded = fold(text)
    if not folded:
        return default
    if folded not in _YES | _NO:
        wrong.append(
            _("cột %(column)s: không hiểu “%(text)s”") % {"column": column, "text": text[:40]}
        )
    return folded in _YES
