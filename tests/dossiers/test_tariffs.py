"""What certified copies cost, by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dossiers.tariffs import Tariff, tariff_for

COPY = tariff_for("2.000815", Decimal(2000))


@pytest.mark.parametrize(
    ("copies", "pages", "due"),
    [
        (1, 1, 2_000),
        (1, 2, 4_000),
        (1, 3, 5_000),  # 2 x 2.000 + 1.000
        (4, 3, 20_000),
        (1, 198, 200_000),  # 4.000 + 196.000
        (1, 199, 200_000),  # no more than 200.000 a copy
        (2, 500, 400_000),
    ],
)
def test_a_certified_copy_is_paid_by_the_page_up_to_a_limit(
    copies: int, pages: int, due: int
) -> None:
    assert COPY.due(copies, pages) == due


def test_a_signature_is_paid_by_the_piece() -> None:
    assert tariff_for("2.000884", Decimal(10_000)).due(3, 40) == 30_000


def test_a_province_with_another_amount_has_no_presumed_pages() -> None:
    assert tariff_for("2.000815", Decimal(1500)) == Tariff(Decimal(1500))


def test_no_further_price_is_the_same_price() -> None:
    assert Tariff(Decimal(2000), by_page=True).due(1, 5) == 10_000
