"""Read provinces and communes from the two public lists (national-portal-and-data.md 4.3).

`administrative-units.json` is a list of provinces with their communes; `provinces.json` names the
current provinces again and the 29 that were merged away on 01/07/2025. Keys are GSO codes, never names.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.folding import fold, sort_key, tidy
from agencies.import_report import Outcome, Report
from agencies.models import AdministrativeUnit

# Nghị quyết 202/2025/QH15: the merged provinces worked until the day before.
LAST_DAY_OF_63 = dt.date(2025, 6, 30)
_LOCK = 5_300_402  # pg_advisory_xact_lock: two imports take turns
_PROVINCE_CODE = re.compile(r"\d{2}", re.ASCII)
_COMMUNE_CODE = re.compile(r"\d{5}", re.ASCII)
_FIELDS = ["name", "name_sort", "parent", "successor_name", "valid_to"]


@dataclass(frozen=True, slots=True)
class _Row:
    """One unit as a file says it; a merged province has no code there."""

    file: str
    position: int
    code: str
    name: str
    province_code: str = ""
    merged_into: str = ""
    is_repeated: bool = False  # provinces.json says again what the other list owns


def import_units(paths: Iterable[Path], *, report: Report, dry_run: bool = False) -> None:
    """Read the lists, in either order, in one transaction; a dry run does all and keeps nothing."""
    rows: list[_Row] = []
    for path in dict.fromkeys(paths):
        try:
            data = json.loads(path.read_bytes().decode("utf-8-sig"))
        except OSError as error:
            report.unreadable[str(path)] = error.strerror or str(error)
            continue
        except (ValueError, RecursionError):
            report.unreadable[str(path)] = _("không phải JSON hợp lệ")
            continue
        found = _rows(data, path.name)
        if found is None:
            report.unreadable[str(path)] = _("không phải danh sách tỉnh hay đơn vị hành chính")
            continue
        rows += found
    report.understood = len(rows)
    with transaction.atomic(), transaction.atomic() if dry_run else nullcontext():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        _Writing(report).run(rows)
        if dry_run:
            transaction.set_rollback(True)


def _rows(data: Any, file: str) -> list[_Row] | None:
    """Return the units of either list; None when it is neither."""
    if isinstance(data, list):
        rows: list[_Row] = []
        for province in _objects(data):
            code = _text(province.get("Code"))
            rows.append(_Row(file, len(rows) + 1, code, _name(province)))
            for commune in _objects(province.get("Wards")):
                rows.append(
                    _Row(
                        file,
                        len(rows) + 1,
                        _text(commune.get("Code")),
                        _name(commune),
                        province_code=_text(commune.get("ProvinceCode")) or code,
                    )
                )
        return rows
    if isinstance(data, dict) and ({"current", "defunct"} & data.keys()):
        current = _objects(data.get("current"))
        rows = [
            _Row(file, position, _text(row.get("code")), _text(row.get("name")), is_repeated=True)
            for position, row in enumerate(current, start=1)
        ]
        rows += [
            _Row(
                file,
                position,
                "",
                _text(row.get("name")),
                merged_into=_text(row.get("merged_into")) or "?",
            )
            for position, row in enumerate(_objects(data.get("defunct")), start=len(current) + 1)
        ]
        return rows
    return None


class _Writing:
    def __init__(self, report: Report) -> None:
        self.report = report
        units = AdministrativeUnit.objects.all()
        self.by_code = {unit.code: unit for unit in units}
        self.merged = {
            unit.name: unit
            for unit in units
            if unit.kind == AdministrativeUnit.Kind.PROVINCE and unit.successor_name
        }
        self.created: list[AdministrativeUnit] = []
        self.changed: list[AdministrativeUnit] = []
        self.seen: dict[str, tuple[str, int]] = {}

    def run(self, rows: Sequence[_Row]) -> None:
        """Provinces come before what points to them: communes, and the provinces merged into them."""
        for choose in (_is_province, _is_repeated, _is_commune, _is_merged):
            for row in filter(choose, rows):
                outcome, reasons = self.take(row)
                self.report.add(row.file, row.position, row.code or row.name, outcome, reasons)
            self.save()

    def save(self) -> None:
        AdministrativeUnit.objects.bulk_create(self.created)
        AdministrativeUnit.objects.bulk_update(self.changed, _FIELDS, batch_size=500)
        self.created, self.changed = [], []

    def take(self, row: _Row) -> tuple[Outcome, tuple[str, ...]]:
        if not row.name or len(row.name) > 200:
            return "refused", (_("Không có tên, hoặc tên quá dài."),)
        if row.merged_into:
            return self.take_merged(row)
        pattern = _COMMUNE_CODE if row.province_code else _PROVINCE_CODE
        if not pattern.fullmatch(row.code):
            return "refused", (
                _("Mã đơn vị hành chính sai dạng: “%(code)s”.") % {"code": row.code},
            )
        parent = None
        if row.province_code:
            parent = self.by_code.get(row.province_code)
            if parent is None:
                return "refused", (
                    _("Không có tỉnh mang mã “%(code)s”.") % {"code": row.province_code},
                )
        unit = self.by_code.get(row.code)
        if row.is_repeated and unit is not None:
            if fold(unit.name) != fold(row.name):
                reason = _("Danh sách kia gọi là %(name)s, giữ tên đó.") % {"name": unit.name}
                return "unchanged", (reason,)
            return "unchanged", ()
        if row.code in self.seen:
            file, position = self.seen[row.code]
            return "refused", (
                _("Mã lặp lại, đã có ở %(file)s:%(position)d.")
                % {"file": file, "position": position},
            )
        self.seen[row.code] = (row.file, row.position)
        kind = (
            AdministrativeUnit.Kind.COMMUNE
            if row.province_code
            else AdministrativeUnit.Kind.PROVINCE
        )
        wanted = {"name": row.name, "parent_id": parent.pk if parent else None, "valid_to": None}
        return self.put(row.code, kind, wanted, unit), ()

    def take_merged(self, row: _Row) -> tuple[Outcome, tuple[str, ...]]:
        """Take a province merged away: the lists give it no code, and its old one may be reused."""
        # Folded: the lists write Khánh Hoà and Khánh Hòa.
        provinces = {
            fold(unit.name): unit.name
            for unit in self.by_code.values()
            if _PROVINCE_CODE.fullmatch(unit.code)
        }
        successor = provinces.get(fold(row.merged_into))
        if successor is None:
            return "refused", (
                _("Không có tỉnh “%(name)s” để nhập vào.") % {"name": row.merged_into},
            )
        unit = self.merged.get(row.name)
        wanted = {
            "name": row.name,
            "successor_name": successor,
            "valid_to": unit.valid_to if unit and unit.valid_to else LAST_DAY_OF_63,
        }
        # Yên Bái's 15 is Lào Cai's today, so the old codes cannot be keys; ours begin with M.
        code = unit.code if unit else f"M{self.next_number():02d}"
        outcome = self.put(code, AdministrativeUnit.Kind.PROVINCE, wanted, unit)
        self.merged[row.name] = self.by_code[code]
        return outcome, ()

    def next_number(self) -> int:
        taken = [int(code[1:]) for code in self.by_code if re.fullmatch(r"M\d+", code)]
        return max(taken, default=0) + 1

    def put(
        self,
        code: str,
        kind: AdministrativeUnit.Kind,
        wanted: dict[str, Any],
        unit: AdministrativeUnit | None,
    ) -> Outcome:
        """Plan a unit as created, changed or left alone."""
        if unit is None:
            unit = AdministrativeUnit(code=code, kind=kind, **wanted)
            unit.name_sort = sort_key(unit.name)
            self.by_code[code] = unit
            self.created.append(unit)
            return "created"
        if all(getattr(unit, name) == value for name, value in wanted.items()):
            return "unchanged"
        for name, value in wanted.items():
            setattr(unit, name, value)
        unit.name_sort = sort_key(unit.name)
        self.changed.append(unit)
        return "changed"


def _objects(said: Any) -> list[dict[str, Any]]:
    return [row for row in said if isinstance(row, dict)] if isinstance(said, list) else []


def _is_province(row: _Row) -> bool:
    return not (row.province_code or row.merged_into or row.is_repeated)


def _is_repeated(row: _Row) -> bool:
    return row.is_repeated


def _is_commune(row: _Row) -> bool:
    return bool(row.province_code)


def _is_merged(row: _Row) -> bool:
    return bool(row.merged_into)


def _name(row: dict[str, Any]) -> str:
    return _text(row.get("FullName")) or _text(row.get("Name"))


def _text(said: Any) -> str:
    return tidy(said).replace("\x00", "") if isinstance(said, str) else ""
