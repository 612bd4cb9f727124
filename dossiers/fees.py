"""Money of a dossier: what is owed, what came in and for what, what must be given back.

Amounts are whole đồng. A payment goes to the obligations it names, else to the one whose amount it
is, else to the oldest; what fits none is kept and owed back. Nothing here moves a dossier: status
and money are two axes (domain.md 2.1, rule 25).
"""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from django.db.models import F, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from dossiers.models import FeeDue, Payment, PaymentShare, RefundDue

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from agencies.models import Officer
    from dossiers.models import Dossier, DossierEvent
    from dossiers.models.money import FeeDueQuerySet

NOTHING = Decimal(0)


def shares_of(
    amount: Decimal, fees: Sequence[FeeDue], *, notice_number: str = ""
) -> tuple[list[tuple[FeeDue, Decimal]], Decimal]:
    """Return how an amount is shared among open obligations, and what fits none.

    A named notice takes money for itself alone. Pure.
    """
    named = [fee for fee in fees if fee.notice_number == notice_number] if notice_number else fees
    wanted = [fee for fee in named if fee.left_vnd > 0]
    exact = [fee for fee in wanted if fee.left_vnd == amount]
    shares: list[tuple[FeeDue, Decimal]] = []
    for fee in exact[:1] or wanted:
        part = min(fee.left_vnd, amount)
        if part > 0:
            shares.append((fee, part))
            amount -= part
    return shares, amount


class Ledger:
    """Sổ thu: the obligations of a locked dossier and what an act does to them.

    Change it, take `state` for `dossier.payment_state`, write the act, then `save` with its event.
    """

    def __init__(self, dossier: Dossier) -> None:
        """Read the obligations, notified ones by their last day first.

        Runs one query, none where the dossier never had to do with money.
        """
        self.dossier = dossier
        self.fees = [] if dossier.payment_state == "none" else list(_with_refunds(dossier))
        self._payments: list[Payment] = []
        self._shares: list[PaymentShare] = []
        self._new_refunds: list[RefundDue] = []
        self._called_off: list[RefundDue] = []

    @functools.cached_property
    def refunds(self) -> list[RefundDue]:
        """What was owed back before the act. Runs one query, none without money."""
        if self.dossier.payment_state == "none":
            return []
        rows = self.dossier.refunds_due.filter(called_off__isnull=True)
        return list(rows.select_related("payment"))

    @classmethod
    def ended(cls, dossier: Dossier, *, at: dt.datetime) -> Self:
        """Return the ledger of a dossier that ends with this act; sets `payment_state`."""
        ledger = cls(dossier)
        ledger.call_off(at=at)
        dossier.payment_state = ledger.state
        return ledger

    @property
    def left_vnd(self) -> Decimal:
        """What is still to be paid of everything."""
        return _sum(fee.left_vnd for fee in self.fees)

    @property
    def notified_left_vnd(self) -> Decimal:
        """What is still to be paid of what was notified by T19."""
        return _sum(fee.left_vnd for fee in self.fees if fee.pay_by)

    @property
    def refund_vnd(self) -> Decimal:
        """What must be given back."""
        if "refunds" in self.__dict__ or not self.fees:
            before = _sum(refund.amount_vnd for refund in self.refunds)
        else:
            before = self.fees[0].owed_back  # read with the obligations
        return before + _sum(refund.amount_vnd for refund in self._new_refunds)

    @property
    def state(self) -> str:
        """The financial axis: what is owed comes before what is owed back."""
        owed = [fee for fee in self.fees if fee.is_open]
        if owed:
            return "part" if any(fee.paid_vnd for fee in owed) else "due"
        if self.refund_vnd:
            return "refund"
        if any(fee.paid_vnd for fee in self.fees):
            return "paid"
        if any(fee.exempted_at for fee in self.fees):
            return "exempt"
        return "void" if self.fees else "none"

    def known(self, receipt_number: str) -> Decimal | None:
        """Return the amount written down for a receipt, None for a new one. Runs one query."""
        payment = self.dossier.payments.filter(receipt_number=receipt_number).first()
        if payment is not None:
            return payment.amount_vnd
        # Taken with the submission: the obligation itself has the receipt.
        taken = [fee for fee in self.fees if fee.receipt_number == receipt_number and fee.paid_vnd]
        return _sum(fee.paid_vnd for fee in taken) if taken else None

    def take(
        self,
        amount: Decimal,
        *,
        receipt_number: str,
        notice_number: str = "",
        by: Officer | None,
        at: dt.datetime,
    ) -> Decimal:
        """Write money down and match it; return what fits no obligation and is owed back."""
        payment = Payment(
            dossier=self.dossier,
            at=at,
            receipt_number=receipt_number,
            amount_vnd=amount,
            notice_number=notice_number,
            taken_by=by,
        )
        self._payments.append(payment)
        return self._match(payment, amount, notice_number=notice_number, at=at)

    def _match(
        self, payment: Payment, amount: Decimal, *, notice_number: str = "", at: dt.datetime
    ) -> Decimal:
        shares, left = shares_of(amount, self.fees, notice_number=notice_number)
        for fee, part in shares:
            fee.paid_vnd += part
            fee.receipt_number = payment.receipt_number
            if fee.left_vnd == 0:
                fee.paid_at = at
            self._shares.append(PaymentShare(payment=payment, fee=fee, amount_vnd=part))
        if left:
            self._owe_back(left, RefundDue.Why.EXCESS, payment=payment)
        return left

    def exempt(self, *, reason: str, at: dt.datetime) -> Decimal:
        """Exempt from what is left of the notified obligations; return how much."""
        exempted = self.notified_left_vnd
        for fee in self.fees:
            if fee.pay_by and fee.left_vnd:
                fee.exempt_vnd = fee.left_vnd
                fee.exempted_at, fee.exempt_reason = at, reason
        return exempted

    def call_off(self, *, at: dt.datetime) -> Decimal:
        """Call off what is not paid in full: the dossier ended; a part already paid goes back.

        Return how much was called off.
        """
        called_off = self.left_vnd
        for fee in self.fees:
            if fee.is_open:
                fee.cancelled_at = at
                if fee.paid_vnd:
                    self._owe_back(fee.paid_vnd, RefundDue.Why.ENDED, fee=fee)
        return called_off

    def give_back(self) -> Decimal:
        """Owe back what was paid in full: the withdrawal gives it back (T32); return how much."""
        paid = [fee for fee in self.fees if fee.paid_vnd and fee.cancelled_at is None]
        for fee in paid:
            self._owe_back(fee.paid_vnd, RefundDue.Why.WITHDRAWN, fee=fee)
        return _sum(fee.paid_vnd for fee in paid)

    def renew(self, *, at: dt.datetime) -> Decimal:
        """Make due again what the end called off; the money that came since pays for it (T37).

        Return what is to be paid then.
        """
        for fee in self.fees:
            fee.cancelled_at = None
        for refund in self.refunds:
            self._called_off.append(refund)
        kept, self.refunds = self.refunds, []
        for refund in kept:
            if refund.payment is not None:
                self._match(
                    refund.payment,
                    refund.amount_vnd,
                    notice_number=refund.payment.notice_number,
                    at=at,
                )
        return self.left_vnd

    def _owe_back(
        self,
        amount: Decimal,
        why: RefundDue.Why,
        *,
        payment: Payment | None = None,
        fee: FeeDue | None = None,
    ) -> None:
        self._new_refunds.append(
            RefundDue(dossier=self.dossier, amount_vnd=amount, why=why, payment=payment, fee=fee)
        )

    def save(self, event: DossierEvent) -> Self:
        """Write everything down under the event of the act; call after the act is written.

        Runs no query where nothing changed but one for the obligations, if there are any.
        """
        if self.fees:
            FeeDue.objects.bulk_update(
                self.fees,
                ["paid_vnd", "paid_at", "receipt_number", "exempt_vnd", "exempted_at",
                 "exempt_reason", "cancelled_at"],
            )  # fmt: skip
        for payment in self._payments:
            payment.event = event
            payment.save(force_insert=True)
        for share in self._shares:
            share.event = event
        PaymentShare.objects.bulk_create(self._shares)
        for refund in self._new_refunds:
            refund.event = event
        RefundDue.objects.bulk_create(self._new_refunds)
        if self._called_off:
            RefundDue.objects.filter(pk__in=[row.pk for row in self._called_off]).update(
                called_off=event
            )
        return self


def _with_refunds(dossier: Dossier) -> FeeDueQuerySet:
    """Return the obligations, each with all that the dossier owes back as `owed_back`."""
    owed_back = (
        RefundDue.objects.filter(dossier=OuterRef("dossier"), called_off__isnull=True)
        .order_by()
        .values("dossier")
        .annotate(total=Sum("amount_vnd"))
        .values("total")
    )
    told = dossier.fees_due.annotate(owed_back=Coalesce(Subquery(owed_back), Value(NOTHING)))  # type: ignore[no-redef]
    return told.order_by(F("pay_by").asc(nulls_last=True), "pk")


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, start=NOTHING)
