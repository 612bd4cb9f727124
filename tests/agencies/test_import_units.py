"""Provinces, communes and the provinces merged away, from the two public lists."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from agencies.models import AdministrativeUnit

UNITS: list[Any] = [
    {
        "Code": "91",
        "FullName": "Tỉnh An Giang",
        "Wards": [
            {"Code": "30337", "FullName": "Phường Long Xuyên", "ProvinceCode": "91"},
            {"Code": "30340", "FullName": " Xã  Tân An", "ProvinceCode": "91"},
        ],
    },
    {
        "Code": "56",
        "FullName": "Tỉnh Khánh Hoà",
        "Wards": [{"Code": "22333", "FullName": "Xã Tân An", "ProvinceCode": "56"}],
    },
]
PROVINCES: dict[str, Any] = {
    "current": [
        {"code": "91", "name": "Tỉnh An Giang"},
        {"code": "56", "name": "Tỉnh Khánh Hòa"},
        {"code": "96", "name": "Tỉnh Cà Mau"},
    ],
    "defunct": [
        {"name": "Kiên Giang", "merged_into": "Tỉnh An Giang"},
        {"name": "Ninh Thuận", "merged_into": "Tỉnh Khánh Hòa"},
    ],
}


def load(tmp_path: Path, *contents: Any, **options: Any) -> tuple[dict[str, Any], str]:
    paths = []
    for number, content in enumerate(contents):
        path = tmp_path / f"{number}.json"
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        path.write_text(text, encoding="utf-8")
        paths.append(str(path))
    out, err = io.StringIO(), io.StringIO()
    call_command("import_units", *paths, json=True, stdout=out, stderr=err, **options)
    return json.loads(out.getvalue()), err.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize("contents", [(UNITS, PROVINCES), (PROVINCES, UNITS)])
def test_both_lists_come_in_whatever_their_order(tmp_path: Path, contents: Any) -> None:
    summary, _err = load(tmp_path, *contents)
    assert (summary["created"], summary["refused"], summary["warned"]) == (8, 0, 0)
    commune = AdministrativeUnit.objects.get(code="30340")
    assert (commune.name, commune.kind) == ("Xã Tân An", "commune")
    assert commune.parent is not None
    assert commune.parent.code == "91"
    merged = AdministrativeUnit.objects.get(name="Ninh Thuận")
    # The lists write Khánh Hoà and Khánh Hòa: one province, under the name of the fuller list.
    assert merged.successor_name == "Tỉnh Khánh Hoà"
    assert merged.valid_to == dt.date(2025, 6, 30)
    assert not AdministrativeUnit.objects.filter(name_sort="").exists()


@pytest.mark.django_db
def test_a_second_run_changes_nothing_and_a_new_name_is_taken_over(tmp_path: Path) -> None:
    load(tmp_path, UNITS, PROVINCES)
    keys = set(AdministrativeUnit.objects.values_list("pk", "code", "name"))
    summary, _err = load(tmp_path, UNITS, PROVINCES)
    assert (summary["unchanged"], summary["created"], summary["changed"]) == (10, 0, 0)
    assert set(AdministrativeUnit.objects.values_list("pk", "code", "name")) == keys
    summary, _err = load(tmp_path, [{"Code": "91", "FullName": "Thành phố An Giang"}])
    assert summary["changed"] == 1
    assert AdministrativeUnit.objects.get(code="91").name == "Thành phố An Giang"


@pytest.mark.django_db
def test_one_name_in_two_provinces_is_two_communes(tmp_path: Path) -> None:
    load(tmp_path, UNITS)
    assert AdministrativeUnit.objects.filter(name="Xã Tân An").count() == 2


@pytest.mark.django_db
def test_bad_units_are_refused_and_the_others_come_in(tmp_path: Path) -> None:
    bad = [
        *UNITS,
        {"Code": "9", "FullName": "Tỉnh Không Mã"},
        {"Code": "91", "FullName": "Tỉnh Lặp"},
        {"Code": "12", "FullName": ""},
        {"Code": "13", "FullName": "x" * 300},
        {"Code": None, "FullName": 5, "Wards": [{"Code": "1"}, "x", {"FullName": "Xã"}]},
        {"Code": "14", "FullName": "Tỉnh Ít", "Wards": 5},
        "x",
    ]
    summary, err = load(tmp_path, bad, {"defunct": [{"name": "Bình Thuận", "merged_into": "Đâu"}]})
    assert (summary["created"], summary["refused"]) == (6, 8)
    assert "Mã lặp lại" in err


@pytest.mark.django_db
def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    summary, _err = load(tmp_path, UNITS, PROVINCES, dry_run=True)
    assert summary["created"] == 8
    assert not AdministrativeUnit.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content", ["", "{", "5", "{}", "[]", '{"current": 5}', "[" * 100_000, "null"]
)
def test_it_fails_when_nothing_could_be_read(tmp_path: Path, content: str) -> None:
    with pytest.raises(CommandError):
        load(tmp_path, content)


@pytest.mark.django_db
def test_a_missing_file_is_named(tmp_path: Path) -> None:
    err = io.StringIO()
    with pytest.raises(CommandError):
        call_command("import_units", str(tmp_path / "khong-co.json"), stderr=err)
    assert "khong-co.json" in err.getvalue()


@pytest.mark.data
@pytest.mark.django_db
def test_the_public_lists_come_in(shared_data: Path) -> None:
    paths = [str(shared_data / name) for name in ("administrative-units.json", "provinces.json")]
    call_command("import_units", *paths, stderr=io.StringIO())
    units = AdministrativeUnit.objects
    assert units.filter(kind="commune").count() == 3321
    assert units.filter(kind="province", valid_to=None).count() == 34
    merged = units.exclude(successor_name="")
    assert merged.count() == 29
    current = set(units.filter(valid_to=None, kind="province").values_list("name", flat=True))
    assert set(merged.values_list("successor_name", flat=True)) <= current
