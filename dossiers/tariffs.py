"""What a certified copy or signature costs: so much for each, or for each page of each copy.

Pure: whole đồng in, whole đồng out. The catalogue names one amount and no way of counting, so the
tariffs of Thông tư 226/2016/TT-BTC stand here (from knowledge, not confirmed) and the officer may
write others over them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

PAGES_AT_FIRST = 2  # from the third page on the further price is taken (Điều 4)


@dataclass(frozen=True, slots=True)
class Tariff:
    """Mức thu: `price` for one, or for one page where `by_page`; whole đồng.

    `further`: for each page after the second, None for the same price. `most`: for one copy, None
    for no limit.
    """

    price: Decimal
    by_page: bool = False
    further: Decimal | None = None
    most: Decimal | None = None

    def due(self, copies: int, pages: int = 1) -> Decimal:
        """Return what so many copies of so many pages cost; pages count only by the page."""
        each = self.price
        if self.by_page:
            first = min(pages, PAGES_AT_FIRST)
            further = self.price if self.further is None else self.further
            each = self.price * first + further * (pages - first)
        if self.most is not None:
            each = min(each, self.most)
        return each * copies


# By the procedure's code and the amount its catalogue names: a province that decided otherwise names
# another amount, and then nothing is presumed of how it counts.
_BY_PAGE = {
    "2.000815": Tariff(Decimal(2000), True, Decimal(1000), Decimal(200_000)),
    "2.000843": Tariff(Decimal(2000), True, Decimal(1000), Decimal(200_000)),
}


def tariff_for(code: str, amount: Decimal) -> Tariff:
    """Return how the fee of a procedure is counted, the amount being what its catalogue names."""
    known = _BY_PAGE.get(code)
    return known if known is not None and known.price == amount else Tariff(amount)
