"""Each kind of dirt of national-portal-and-data.md 4.1 on a made row."""

from __future__ import annotations

import json
import unicodedata
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from procedures.models import (
    ChannelLimit,
    Fee,
    Procedure,
    ProcedureCase,
    ProcedureVersion,
    RequiredDocument,
    Sector,
)
from tests.procedures.rows import catalogue, detail, reasons, run, with_case, with_fee

pytestmark = pytest.mark.django_db


def test_a_clean_row_comes_in_without_a_word(tmp_path: Path) -> None:
    report = run(tmp_path, catalogue(), detail())
    assert (report.counts.created, report.counts.changed, report.counts.warned) == (1, 1, 0)
    version = ProcedureVersion.objects.get()
    assert version.number == 1
    assert version.valid_from is None
    assert version.executing_agencies == ["Ủy ban nhân dân cấp xã"]
    assert version.cases.get().limit_value == 5
    limit = version.channel_limits.get()
    assert (limit.channel, limit.limit_value) == ("in_person", Decimal("7.5"))
    assert limit.fees.get().amount_vnd == 8000
    assert version.required_documents.get().attachments == [{"id": "a1", "name": "to-khai.doc"}]
    assert Sector.objects.get().code == "G15-TP07"


@pytest.mark.parametrize(
    ("said", "key"),
    [
        (" 1.014325", "1.014325"),
        ("1.014325\u00a0", "1.014325"),
        ("\ufeff1.014325", "1.014325"),
        ("1.014 325", "1.014325"),
        ("１.014325", "1.014325"),
        ("1.014955-xoa", "1.014955-Xoa"),
    ],
)
def test_a_code_that_can_be_mended_is_mended_and_told(tmp_path: Path, said: str, key: str) -> None:
    report = run(tmp_path, catalogue(said))
    procedure = Procedure.objects.get()
    assert (procedure.code, procedure.code_is_mended) == (key, True)
    assert "đã sửa" in reasons(report)


@pytest.mark.parametrize("said", ["1.000948.H38", "1.000948.000.00.00.H38", "1.000948.G15"])
def test_a_local_suffix_is_no_part_of_the_key_and_no_dirt(tmp_path: Path, said: str) -> None:
    report = run(tmp_path, catalogue(said))
    assert Procedure.objects.get().code == "1.000948"
    assert report.counts.warned == 0


@pytest.mark.parametrize("said", ["1.0133611", "2.009182739"])
def test_seven_or_nine_digits_come_in_whole_with_a_warning(tmp_path: Path, said: str) -> None:
    report = run(tmp_path, catalogue(said))
    assert Procedure.objects.get().code == said
    assert "chữ số" in reasons(report)


def test_a_code_ending_in_xoa_comes_in_as_withdrawn_beside_the_living_one(tmp_path: Path) -> None:
    run(tmp_path, catalogue("1.014955-Xoa"), catalogue("1.014955"))
    assert dict(Procedure.objects.values_list("code", "is_withdrawn")) == {
        "1.014955-Xoa": True,
        "1.014955": False,
    }


@pytest.mark.parametrize("code", ["5.000001", "6.000001"])
def test_internal_codes_come_in_and_citizens_do_not_see_them(tmp_path: Path, code: str) -> None:
    run(tmp_path, catalogue(code))
    assert Procedure.objects.get().is_internal
    assert not Procedure.objects.public().exists()


@pytest.mark.parametrize(
    "said",
    ["", "   ", "7.000001", "1.00001", "1.0000000000", "abc", None, 1.5, ["1.000001"], "1000948"],
)
def test_what_is_no_code_is_refused_by_line(tmp_path: Path, said: Any) -> None:
    report = run(tmp_path, catalogue("1.000002"), catalogue() | {"code": said})
    assert (report.counts.created, report.counts.refused) == (1, 1)
    assert report.remarks[0].line == 2


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("Đăng ký\nkhai sinh", "xuống dòng"),
        (" Đăng ký khai sinh ", "đầu hoặc cuối"),
        ("Đăng ký  khai sinh", "thừa"),
        (unicodedata.normalize("NFD", "Đăng ký khai sinh"), "NFC"),
        ("Đăng ký\x00 khai sinh", "không đọc được"),
    ],
)
def test_a_name_is_made_tidy_and_told(tmp_path: Path, name: str, word: str) -> None:
    report = run(tmp_path, catalogue(name=name))
    assert Procedure.objects.get().name == "Đăng ký khai sinh"
    assert word in reasons(report)


def test_a_very_long_name_comes_in_whole_and_an_endless_one_is_cut(tmp_path: Path) -> None:
    run(tmp_path, catalogue("1.000001", name="x" * 1192), catalogue("1.000002", name="y" * 9000))
    assert [len(p.name) for p in Procedure.objects.order_by("code")] == [1192, 1500]


def test_a_name_is_not_a_key(tmp_path: Path) -> None:
    report = run(tmp_path, catalogue("1.000001"), catalogue("1.000002"))
    assert report.counts.created == 2


def test_blank_departments_are_left_out_and_a_blank_promulgator_is_told(tmp_path: Path) -> None:
    row = catalogue(departments=["", "Sở Tư pháp", " "], departmentPromulgate=" ")
    report = run(tmp_path, row)
    assert ProcedureVersion.objects.get().executing_agencies == ["Sở Tư pháp"]
    assert "phần tử trống" in reasons(report)
    assert "Cơ quan ban hành để trống" in reasons(report)


def test_two_sectors_keep_their_order(tmp_path: Path) -> None:
    run(tmp_path, catalogue(categories=["Thuế", "Đất đai"], categoryIds=["a", "b"]))
    rows = ProcedureVersion.objects.get().sector_rows.values_list("sector__name", flat=True)
    assert list(rows) == ["Thuế", "Đất đai"]


@pytest.mark.parametrize(
    ("qty", "unit", "value", "stored", "text"),
    [
        (5, "WORKING_DAY", Decimal(5), "working_day", ""),
        (6.25, "WORKING_DAY", Decimal("6.25"), "working_day", ""),
        ("7,5", "WORKING_DAY", Decimal("7.5"), "working_day", ""),
        ("7.5", "DAY", Decimal("7.5"), "day", ""),
        (20, "DAY", Decimal(20), "day", ""),
        (15, "HOUR", Decimal(15), "working_hour", ""),
        (2, "MONTH", Decimal(2), "month", ""),
        (3, "OTHER", Decimal(3), "other", ""),
        ("Theo mô tả", "OTHER", None, "other", "Theo mô tả"),
        ("x" * 2000, "OTHER", None, "other", "x" * 2000),
        (None, "WORKING_DAY", None, "working_day", ""),
        (None, None, None, "other", ""),
        (0, "WORKING_DAY", Decimal(0), "working_day", ""),
        (-1, "DAY", None, "day", "-1"),
        (10**12, "DAY", None, "day", "1000000000000"),
        ("10-25", "DAY", None, "day", "10-25"),
        (5, "FORTNIGHT", Decimal(5), "other", "5 FORTNIGHT"),
        (True, "DAY", None, "day", "True"),
        ([5], "DAY", None, "day", "[5]"),
        (1.23456, "DAY", Decimal("1.235"), "day", ""),
    ],
)
def test_a_limit_is_read_in_its_unit_and_what_is_no_number_is_kept_as_said(
    tmp_path: Path, qty: Any, unit: Any, value: Decimal | None, stored: str, text: str
) -> None:
    report = run(tmp_path, with_case(qty, unit))
    assert report.counts.created == 1
    case = ProcedureCase.objects.get()
    assert (case.limit_value, case.limit_unit, case.limit_text) == (value, stored, text)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "1e-400", "9" * 60])
def test_numbers_beyond_reason_are_warned_and_break_nothing(tmp_path: Path, number: str) -> None:
    line = json.dumps(with_case("@", "WORKING_DAY"), ensure_ascii=False).replace('"@"', number)
    report = run(tmp_path, line)
    assert (report.counts.created, report.counts.warned) == (1, 1)
    assert ProcedureCase.objects.get().limit_value in {None, 0}


def test_a_repeated_case_code_is_told_and_both_cases_are_kept(tmp_path: Path) -> None:
    case = {"case_code": "1.000001.01", "qty": 20, "unit": "DAY"}
    report = run(tmp_path, detail(processing_cases=[case, case | {"qty": 10}]))
    assert list(ProcedureCase.objects.values_list("position", "code", "limit_value")) == [
        (0, "1.000001.01", Decimal(20)),
        (1, "1.000001.01", Decimal(10)),
    ]
    assert "lặp lại" in reasons(report)


@pytest.mark.parametrize(
    ("value", "amount", "said"),
    [
        (100000, 100000, ""),
        (0, 0, ""),
        (None, None, ""),
        ("8.000 đồng", 8000, ""),
        ("1.250.000", 1250000, ""),
        (90, None, "90"),
        ("5 USD", None, "5 USD"),
        (-5, None, "-5"),
        (10**20, None, str(10**20)),
        ({"a": 1}, None, "{'a': 1}"),
    ],
)
def test_a_fee_is_dong_or_is_kept_as_said(
    tmp_path: Path, value: Any, amount: int | None, said: str
) -> None:
    run(tmp_path, with_fee(value, "Theo quy định"))
    fee = Fee.objects.get()
    assert (fee.amount_vnd, fee.amount_said, fee.text) == (amount, said, "Theo quy định")


def test_an_unknown_channel_and_a_paper_without_a_name_are_left_out_and_told(
    tmp_path: Path,
) -> None:
    row = detail(
        channels=[{"method": "PIGEON"}, {"method": "POSTAL", "fees": None, "processing": None}],
        checklist_raw=[
            {"group": None, "items": [{"name": ""}, {"name": "Đơn", "copy_qty": "hai"}]}
        ],
    )
    report = run(tmp_path, row)
    assert ChannelLimit.objects.get().channel == "post"
    paper = RequiredDocument.objects.get()
    assert (paper.name, paper.copies) == ("Đơn", 0)
    assert "PIGEON" in reasons(report)
    assert "không tên" in reasons(report)


@pytest.mark.parametrize(
    "changes",
    [
        {"channels": "x", "processing_cases": 5, "checklist_raw": {}, "legal_basis": [1]},
        {"channels": [{"method": "DIRECT", "fees": [None], "processing": 3}]},
        {"category": "Hộ tịch", "source": [], "steps_raw": ["x"], "results": [{}, 5]},
        {"name": ["x"], "requirements": {"a": 1}} | {"name": "Tên"},
        {"source": {"url": "javascript:alert(1)"}},
    ],
)
def test_values_of_the_wrong_kind_are_warned_and_break_nothing(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    report = run(tmp_path, detail(**changes))
    assert (report.counts.created, report.counts.warned, report.counts.refused) == (1, 1, 0)
    assert "javascript" not in str(ProcedureVersion.objects.get().source)


@pytest.mark.parametrize(
    "line",
    [
        "không phải JSON",
        "[1, 2]",
        "null",
        b'{"code": "\xff\xfe"}',
        '{"code": "1.000009", "name": "Chỉ có tên"}',
        '{"code": "1.000009", "categories": [], "channels": []}',
        "[" * 100_000,
        '{"a": ' + "9" * 5000 + "}",
        json.dumps({"code": "1.000009", "categories": ["Thuế"]}),
        json.dumps({"code": "1.000009", "channels": []}),
    ],
)
def test_a_line_that_is_no_row_is_refused_and_the_others_come_in(
    tmp_path: Path, line: str | bytes
) -> None:
    report = run(tmp_path, catalogue("1.000001"), line, catalogue("1.000002"))
    assert (report.counts.read, report.counts.created, report.counts.refused) == (3, 2, 1)
    assert report.remarks[0].line == 2


def test_blank_lines_a_byte_order_mark_and_windows_ends_are_no_rows(tmp_path: Path) -> None:
    first = b"\xef\xbb\xbf" + json.dumps(catalogue()).encode() + b"\r"
    report = run(tmp_path, first, "", "   ", catalogue("1.000002"))
    assert (report.counts.read, report.counts.created) == (2, 2)


def test_a_line_longer_than_any_procedure_is_refused_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("procedures.importing.LONGEST_LINE", 2000)
    report = run(tmp_path, catalogue("1.000001"), "x" * 9000, catalogue("1.000002"))
    assert (report.counts.created, report.counts.refused) == (2, 1)
    assert [remark.line for remark in report.remarks] == [2]
