"""Sổ thu của ca: what an officer took at the counter on a day, per receipt, and gave back.

Who took a fee is who did the act at whose moment it was paid (T01, T03, T04, T29): events are the
only history of people. What is paid elsewhere, at the treasury or the bank, names its payee and is
no cash of the counter. Days are of Asia/Ho_Chi_Minh, amounts whole đồng.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from agencies.models import Officer
from dossiers.models import DossierEvent, FeeDue, Refund

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

NOTHING = Decimal(0)


@dataclass(slots=True)
class Receipt:
    """Biên lai: one number and the fees it was written for; "" where no number was written."""

    number: str
    at: dt.datetime
    fees: list[FeeDue] = field(default_factory=list)

    @property
    def amount_vnd(self) -> Decimal:
        return sum((fee.amount_vnd for fee in self.fees), start=NOTHING)


@dataclass(frozen=True, slots=True)
class ShiftSheet:
    """What one officer took and gave back on one day."""

    officer: Officer
    day: dt.date
    receipts: list[Receipt]
    refunds: list[Refund]

    @property
    def taken_vnd(self) -> Decimal:
        return sum((receipt.amount_vnd for receipt in self.receipts), start=NOTHING)

    @property
    def refunded_vnd(self) -> Decimal:
        return sum((refund.amount_vnd for refund in self.refunds), start=NOTHING)

    @property
    def balance_vnd(self) -> Decimal:
        """What is to be handed in; below nothing where more was given back than taken."""
        return self.taken_vnd - self.refunded_vnd

    @property
    def unnumbered(self) -> int:
        """How many fees were taken without a receipt's number."""
        return sum(len(receipt.fees) for receipt in self.receipts if not receipt.number)


@dataclass(slots=True)
class Till:
    """What one officer's day comes to, for the list of an agency."""

    officer: Officer
    receipts: int = 0
    taken_vnd: Decimal = NOTHING
    refunded_vnd: Decimal = NOTHING

    @property
    def balance_vnd(self) -> Decimal:
        return self.taken_vnd - self.refunded_vnd


def sheet_of(officer: Officer, day: dt.date) -> ShiftSheet:
    """Return what an officer took and gave back on a day, receipts by time. Runs two queries."""
    taken = _taken_on(day).filter(taker=officer.pk).select_related("dossier__procedure")
    refunds = Refund.objects.filter(officer=officer, **_on(day, "at")).select_related(
        "dossier__procedure"
    )
    return ShiftSheet(
        officer, day, _by_receipt(taken.order_by("paid_at", "pk")), list(refunds.order_by("at"))
    )


def tills(officers: Iterable[Officer], day: dt.date) -> list[Till]:
    """Return what each of the officers who took or gave back anything comes to. Runs two queries."""
    known = {officer.pk: Till(officer) for officer in officers}
    numbers: dict[int, set[str]] = {}
    rows = _taken_on(day).filter(taker__in=list(known))
    for taker, number, key, amount in rows.values_list(
        "taker", "receipt_number", "pk", "amount_vnd"
    ):
        known[taker].taken_vnd += amount
        # One without a number is one of its own.
        numbers.setdefault(taker, set()).add(number or f"#{key}")
    for taker, found in numbers.items():
        known[taker].receipts = len(found)
    back = Refund.objects.filter(officer__in=list(known), **_on(day, "at"))
    for taker, amount in back.values_list("officer", "amount_vnd"):
        known[taker].refunded_vnd += amount
    return [till for till in known.values() if till.receipts or till.refunded_vnd]


def _taken_on(day: dt.date) -> QuerySet[Any]:
    """Return the fees taken at a counter on a day, each with the key of its `taker`."""
    acted = DossierEvent.objects.filter(dossier=OuterRef("dossier"), at=OuterRef("paid_at"))
    return FeeDue.objects.filter(payee="", **_on(day, "paid_at")).annotate(
        # A draft written over (T01) leaves no event at that moment: its maker took the money.
        taker=Coalesce(
            Subquery(acted.order_by("seq").values("actor")[:1]),
            "dossier__created_by_id",
            output_field=BigIntegerField(),
        )
    )


def _on(day: dt.date, column: str) -> dict[str, dt.datetime]:
    start = timezone.make_aware(dt.datetime.combine(day, dt.time.min))
    return {f"{column}__gte": start, f"{column}__lt": start + dt.timedelta(days=1)}


def _by_receipt(fees: Iterable[FeeDue]) -> list[Receipt]:
    receipts: dict[str, Receipt] = {}
    for fee in fees:
        assert fee.paid_at is not None  # noqa: S101 - filtered by it
        # Without a number each dossier stands alone: nobody can say they are one paper.
        key = fee.receipt_number or f"#{fee.dossier_id}"
        receipt = receipts.setdefault(key, Receipt(fee.receipt_number, fee.paid_at))
        receipt.fees.append(fee)
    return list(receipts.values())
