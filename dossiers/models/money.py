from __future__ import annotations

from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from agencies.models import Officer
from dossiers.models.base import append_only
from dossiers.models.dossier import Dossier
from dossiers.models.events import DossierEvent

NOTHING = Decimal(0)


class FeeDueQuerySet(models.QuerySet["FeeDue"]):
    def open(self) -> Self:
        """Return what is still to be paid, whole or in part."""
        return self.filter(
            paid_at__isnull=True, exempted_at__isnull=True, cancelled_at__isnull=True
        )

    def taken(self) -> Self:
        """Return what was paid and is done with, whole or but for an exemption."""
        done = Q(paid_at__isnull=False) | Q(exempted_at__isnull=False)
        return self.filter(done, paid_vnd__gt=0)


class FeeDue(models.Model):
    """Khoản thu: a fee or charge due on a dossier, and what was paid, exempted or called off of it.

    Amounts in whole đồng. It is open until it is paid in full, the rest is exempted, or the
    dossier ends before it was paid.
    """

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="fees_due")
    name = models.CharField(_("tên khoản thu"), max_length=300)
    amount_vnd = models.DecimalField(_("số tiền (đồng)"), max_digits=15, decimal_places=0)
    paid_vnd = models.DecimalField(
        _("đã thu (đồng)"), max_digits=15, decimal_places=0, default=NOTHING, db_default=0
    )
    # When it was paid in full, and by which receipt the last of it.
    paid_at = models.DateTimeField(_("thu đủ lúc"), null=True, blank=True)
    receipt_number = models.CharField(_("số biên lai"), max_length=40, blank=True, default="")
    # Of a financial obligation notified during processing (T19); a counter's fee has none of them.
    payee = models.CharField(_("nơi thu"), max_length=300, blank=True, default="", db_default="")
    notice_number = models.CharField(
        _("số thông báo"), max_length=60, blank=True, default="", db_default=""
    )
    pay_by = models.DateField(_("hạn nộp"), null=True, blank=True)
    # When the applicant got the notice: nobody is stopped for a sum nobody told them of (T21).
    served_on = models.DateField(_("giao thông báo ngày"), null=True, blank=True)
    # What need not be paid was never received: it stands apart from the money (T20).
    exempt_vnd = models.DecimalField(
        _("được miễn, giảm (đồng)"), max_digits=15, decimal_places=0, default=NOTHING, db_default=0
    )
    exempted_at = models.DateTimeField(_("miễn, giảm lúc"), null=True, blank=True)
    exempt_reason = models.CharField(
        _("lý do miễn, giảm"), max_length=500, blank=True, default="", db_default=""
    )
    # The dossier ended first (T18, T21, T32, T35); reopening it (T37) makes the sum due again.
    cancelled_at = models.DateTimeField(_("thôi thu lúc"), null=True, blank=True)

    # Not a column: what the dossier owes back, where `fees.Ledger` read the row.
    owed_back: Decimal

    objects = FeeDueQuerySet.as_manager()

    class Meta:
        verbose_name = _("khoản thu")
        verbose_name_plural = _("khoản thu")
        # A day's takings (dossiers.takings).
        indexes = [
            models.Index(
                fields=["paid_at"],
                name="feedue_by_paid_at",
                condition=models.Q(paid_at__isnull=False),
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(paid_at__isnull=True) | Q(paid_vnd=F("amount_vnd")),
                name="feedue_paid_means_in_full",
                violation_error_message=_("Khoản đã thu phải thu đủ số tiền."),
            ),
            models.CheckConstraint(
                condition=Q(exempted_at__isnull=True, exempt_vnd=0)
                | Q(exempted_at__isnull=False, paid_at__isnull=True) & ~Q(exempt_reason=""),
                name="feedue_exempt_says_why",
                violation_error_message=_("Miễn, giảm phải có lý do và không tính là đã thu."),
            ),
            models.CheckConstraint(
                condition=Q(
                    paid_vnd__gte=0,
                    exempt_vnd__gte=0,
                    amount_vnd__gte=F("paid_vnd") + F("exempt_vnd"),
                ),
                name="feedue_takes_no_more_than_due",
                violation_error_message=_("Không thu, miễn quá số tiền của khoản."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.paid_at is None and self.exempted_at is None and self.cancelled_at is None

    @property
    def left_vnd(self) -> Decimal:
        """What is still to be paid of it, in đồng."""
        return self.amount_vnd - self.paid_vnd - self.exempt_vnd if self.is_open else NOTHING


class Payment(models.Model):
    """Khoản nộp: money received for a dossier, kept whatever it could be matched to.

    One receipt is one payment of a dossier: a callback may come twice.
    """

    append_only = True

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="payments")
    event = models.ForeignKey(DossierEvent, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("nhận lúc"))
    receipt_number = models.CharField(_("số biên lai, chứng từ"), max_length=40)
    amount_vnd = models.DecimalField(_("số tiền (đồng)"), max_digits=15, decimal_places=0)
    # The notice the payer named; blank: matched by the amount.
    notice_number = models.CharField(_("số thông báo"), max_length=60, blank=True, default="")
    taken_by = models.ForeignKey(Officer, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("khoản nộp")
        verbose_name_plural = _("khoản nộp")
        ordering = ["dossier", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dossier", "receipt_number"], name="payment_receipt_once"
            ),
            models.CheckConstraint(
                condition=Q(amount_vnd__gt=0) & ~Q(receipt_number=""),
                name="payment_has_amount_and_receipt",
                violation_error_message=_("Khoản nộp phải có số tiền và số biên lai."),
            ),
        ]
        triggers = append_only("payment")

    def __str__(self) -> str:
        return self.receipt_number


class PaymentShare(models.Model):
    """Phần nộp: how much of a payment went to which obligation, by which act."""

    append_only = True

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="shares")
    fee = models.ForeignKey(FeeDue, models.PROTECT, related_name="shares")
    event = models.ForeignKey(DossierEvent, models.PROTECT, related_name="+")
    amount_vnd = models.DecimalField(_("số tiền (đồng)"), max_digits=15, decimal_places=0)

    class Meta:
        verbose_name = _("phần nộp")
        verbose_name_plural = _("phần nộp")
        ordering = ["payment", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_vnd__gt=0), name="paymentshare_is_something"),
        ]
        triggers = append_only("paymentshare")

    def __str__(self) -> str:
        return f"{self.payment_id} → {self.fee_id}"


class RefundDue(models.Model):
    """Khoản phải hoàn trả: money received that the dossier does not owe, or no longer owes."""

    class Why(models.TextChoices):
        EXCESS = "excess", _("Nộp thừa hoặc không khớp khoản thu nào")
        ENDED = "ended", _("Hồ sơ dừng khi chưa nộp đủ")
        WITHDRAWN = "withdrawn", _("Rút hồ sơ")

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="refunds_due")
    event = models.ForeignKey(DossierEvent, models.PROTECT, related_name="+")
    # The payment that fits nothing, or the obligation whose money goes back.
    payment = models.ForeignKey(Payment, models.PROTECT, null=True, blank=True, related_name="+")
    fee = models.ForeignKey(FeeDue, models.PROTECT, null=True, blank=True, related_name="+")
    amount_vnd = models.DecimalField(_("số tiền (đồng)"), max_digits=15, decimal_places=0)
    why = models.CharField(_("vì sao"), max_length=9, choices=Why)
    # T37: the dossier goes on and the money is needed after all.
    called_off = models.ForeignKey(
        DossierEvent, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("khoản phải hoàn trả")
        verbose_name_plural = _("khoản phải hoàn trả")
        ordering = ["dossier", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_vnd__gt=0)
                & (
                    Q(payment__isnull=False, fee__isnull=True)
                    | Q(payment__isnull=True, fee__isnull=False)
                ),
                name="refunddue_is_of_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dossier_id} {self.amount_vnd}"
