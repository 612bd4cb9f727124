"""Tracking codes and typed codes: pure."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum import luhn

from dossiers import tracking_codes
from dossiers.tracking_codes import ALPHABET, fold, is_valid, normalise_code

codes = st.text(ALPHABET, min_size=8, max_size=8).map(
    lambda body: body + luhn.calc_check_digit(body, alphabet=ALPHABET)
)


def test_a_code_is_random_valid_and_grouped_for_reading() -> None:
    made = {tracking_codes.make() for _ in range(500)}
    assert len(made) == 500
    assert all(is_valid(code) and len(code) == 9 for code in made)
    assert all(any(character.isdigit() for character in code) for code in made)
    assert tracking_codes.grouped("K7MQ2XWPC") == "K7MQ 2XWP C"


@given(codes, st.integers(0, 8), st.sampled_from(ALPHABET))
def test_each_wrong_character_is_seen(code: str, place: int, other: str) -> None:
    typed = code[:place] + other + code[place + 1 :]
    assert is_valid(typed) is (typed == code)


@given(codes, st.integers(0, 7))
def test_two_swapped_characters_are_seen_but_for_0_and_z(code: str, place: int) -> None:
    one, two = code[place], code[place + 1]
    swapped = code[:place] + two + one + code[place + 2 :]
    assert is_valid(swapped) is (one == two or {one, two} == {"0", "Z"})


@given(codes)
def test_typing_is_forgiven(code: str) -> None:
    for typed in (
        code.lower(),
        tracking_codes.grouped(code),
        "-".join(code),
        f"  {code}\t",
        code.replace("0", "O").replace("1", "l"),
        code.replace("0", "o").replace("1", "I"),
        "\N{NO-BREAK SPACE}".join(code),
        " – ".join([code[:4], code[4:]]),
        "".join(chr(ord(c) - 0x30 + 0xFF10) if c.isdigit() else c for c in code),  # full width
    ):
        assert fold(typed) == code
        assert tracking_codes.normalise(typed) == code
        assert is_valid(typed)
        assert tracking_codes.has_shape(typed) or not any(c.isdigit() for c in typed)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("H01.151-260825-0012", "H01.151-260825-0012"),
        ("h01.151-260825-0012", "H01.151-260825-0012"),
        ("  h01.151 260825 0012 ", "H01.151-260825-0012"),
        ("H01.151–260825—0012", "H01.151-260825-0012"),
        ("H01.151\N{MINUS SIGN}260825\N{NON-BREAKING HYPHEN}0012", "H01.151-260825-0012"),
        ("hO1.15l-26O825-OOI2", "H01.151-260825-0012"),
        ("H01. 151 - 260825 - 0012", "H01.151-260825-0012"),
        ("H01.151.03-260825-12345", "H01.151.03-260825-12345"),
        ("h01-260825-0001", "H01-260825-0001"),
        ("000.00.19.h26-210315-0012", "000.00.19.H26-210315-0012"),
        ("g22.99-260101-00012", "G22.99-260101-00012"),
        ("HS/2020/44", "HS/2020/44"),  # an old system's own code stays as it is
        ("H01.151-261399-0012", "H01.151-261399-0012"),  # no such day
        ("", ""),
    ],
)
def test_a_dossier_code_is_read_however_it_is_typed(typed: str, code: str) -> None:
    assert normalise_code(typed) == code
    assert fold(typed) == fold(code)


@given(st.text())
@example("R\u200b\u0327")  # what is left out stood between a letter and its mark
@example("R\u00b4")  # NFKC makes a blank and a mark of it
def test_nothing_typed_breaks_the_reading(typed: str) -> None:
    folded = fold(typed)
    assert len(folded) <= tracking_codes.LONGEST
    assert fold(folded) == folded
    normalise_code(typed)
    tracking_codes.looks_like_code(typed)
    is_valid(typed)


def test_a_very_long_text_is_cut_before_it_costs_anything() -> None:
    assert len(fold("1" * 1_000_000)) == tracking_codes.LONGEST
    assert normalise_code("9" * 1_000_000)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("H01.151-260825-0012", True),
        ("h01.151 260825 0012", True),
        ("000.00.19.H26-210315-0012", True),
        ("k7mq 2xwp c", True),
        ("K7MQ2XWPX", True),  # a slip of a tracking code is still meant as one
        ("cap doi so do", False),
        ("khai sinh", False),
        ("cấp đổi sổ đỏ", False),
        ("1.000948", False),  # a procedure's code belongs to the catalogue
        ("1.000948.000.00.00.H38", False),
        ("1.000948.H38", False),
        ("Nghị định 61/2018/NĐ-CP", False),
        ("đất 2024", False),
        ("", False),
    ],
)
def test_a_code_is_told_from_words(typed: str, expected: bool) -> None:
    assert tracking_codes.looks_like_code(typed) is expected
