"""Finding a procedure: a code, words without marks, initials; what is best comes first."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.db import connection

from procedures.models import Offering, Procedure
from procedures.search import understand, vector_text
from tests.factories import ProcedureFactory
from tests.procedures.rows import catalogue, run

pytestmark = pytest.mark.django_db
WEIRD = [
    "\x00",
    "a\x00b",
    "x" * 10_000,
    "%_",
    "%",
    "\\",
    "'",
    "' OR 1=1 --",
    ":*",
    "a & b | !c <-> (d",
    "~dk",
    "\u0301\u0301",
    "\ud800",
    "🙂",
    "...",
    "1.%",
    "[1-6]",
    "dk " * 500,
    "1" * 300,
]


def made(*names: tuple[str, str], offered: tuple[str, ...] = ()) -> None:
    for code, name in names:
        ProcedureFactory.create(code=code, name=name, offering=code in offered)


def found(query: str) -> list[str]:
    return list(Procedure.objects.search(query).values_list("code", flat=True))


NAMES = (
    ("1.000001", "Thủ tục đăng ký khai sinh"),
    ("1.000002", "Thủ tục đăng ký lại khai sinh"),
    ("1.000003", "Thủ tục đăng ký kết hôn"),
    ("1.000004", "Khai báo đăng kiểm tàu sinh học"),
    ("2.000001", "Đặt cọc xã/phường, giấy phép 3/4"),
)


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("khai sinh", ["1.000001", "1.000002", "1.000004"]),
        ("KHAI SINH dang ky", ["1.000001", "1.000002"]),
        ("dang ky khai si", ["1.000001", "1.000002"]),
        ("đăng ký kết hôn", ["1.000003"]),
        ("dat coc", ["2.000001"]),
        ("phuong", ["2.000001"]),
        ("ket hoa", []),
        ("dkkh", ["1.000003"]),
        ("dk kh", ["1.000003", "1.000001", "1.000002"]),
        ("1.000002", ["1.000002"]),
        (" 1.000002.H01 ", ["1.000002"]),
        ("1.000002.000.00.00.H01", ["1.000002"]),
        ("1000002", ["1.000002"]),
        ("1.00000", ["1.000003", "1.000001", "1.000002", "1.000004"]),
    ],
)
def test_what_is_typed_finds(query: str, codes: list[str]) -> None:
    made(*NAMES)
    result = found(query)
    if query in {"dk kh"}:
        assert result[0] == codes[0]
    else:
        assert result == codes


def test_what_the_province_offers_comes_before_the_rest() -> None:
    made(*NAMES, offered=("1.000002",))
    assert found("khai sinh")[0] == "1.000002"
    assert found("")[0] == "1.000002"


def test_a_whole_code_comes_before_what_is_offered() -> None:
    made(("1.000001", "Một"), ("1.0000011", "Hai"), offered=("1.0000011",))
    assert found("1.000001") == ["1.000001", "1.0000011"]


def test_an_offering_counts_in_its_days_alone() -> None:
    procedure = ProcedureFactory.create(offering=True)
    Offering.objects.update(valid_from=dt.date(2026, 1, 1), valid_to=dt.date(2026, 6, 30))

    def is_offered(day: dt.date) -> bool:
        return Procedure.objects.with_offered(day).get(pk=procedure.pk).is_offered

    assert is_offered(dt.date(2026, 6, 30))
    assert not is_offered(dt.date(2026, 7, 1))
    assert not is_offered(dt.date(2025, 12, 31))


def test_words_typed_with_their_marks_prefer_these_marks() -> None:
    made(("1.000001", "Hồ kinh doanh"), ("1.000002", "Đăng ký hộ kinh doanh"))
    assert found("hộ kinh doanh") == ["1.000002", "1.000001"]


@pytest.mark.parametrize("query", WEIRD)
def test_anything_may_be_typed(query: str) -> None:
    made(*NAMES)
    list(Procedure.objects.search(query))


def test_signs_that_are_no_words_find_nothing_and_a_blank_finds_all() -> None:
    made(*NAMES)
    assert found("%_") == []
    assert len(found("   ")) == len(NAMES)


def test_a_typed_operator_never_reaches_the_tsquery() -> None:
    assert understand("a | b & !(c:*)").tsquery == "a & b & c:*"
    assert understand("'; drop").tsquery == "drop:*"


def test_the_vector_of_any_name_is_readable_to_postgresql() -> None:
    for name in ("O'Neil \\ a:1 'b'", "", "...", "a" * 1500, " ".join(["từ"] * 700)):
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::tsvector", [vector_text(name)])


def test_what_was_imported_is_found_at_once(tmp_path: Path) -> None:
    run(tmp_path, catalogue("1.000009", name="Cấp thẻ nhà báo"))
    assert found("the nha bao") == ["1.000009"]
    run(tmp_path, catalogue("1.000009", name="Thu hồi thẻ phóng viên"))
    assert (found("phong vien"), found("the nha bao")) == (["1.000009"], [])


def test_a_name_changed_by_hand_is_found_too() -> None:
    procedure = ProcedureFactory.create(name="Cũ")
    procedure.name = "Giấy phép lữ hành"
    procedure.save(update_fields=["name"])
    assert found("lu hanh") == [procedure.code]
