from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.models import Officer
from dossiers.models.base import append_only
from dossiers.models.dossier import Dossier


class Refund(models.Model):
    """Hoàn tiền: cash the counter gave back, against a voucher the receiver signed.

    Whole đồng. It says what left the till and moves nothing: status and money are two axes
    (domain.md 2.1).
    """

    append_only = True

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="refunds")
    amount_vnd = models.DecimalField(_("số tiền (đồng)"), max_digits=15, decimal_places=0)
    voucher_number = models.CharField(_("số phiếu chi"), max_length=40)
    reason = models.CharField(_("lý do"), max_length=500)
    at = models.DateTimeField(_("lúc"))
    officer = models.ForeignKey(Officer, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("hoàn tiền")
        verbose_name_plural = _("hoàn tiền")
        ordering = ["dossier", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dossier", "voucher_number"],
                name="refund_voucher_once",
                violation_error_message=_("Phiếu chi này đã được ghi cho hồ sơ."),
            ),
            models.CheckConstraint(
                condition=models.Q(amount_vnd__gt=0)
                & ~models.Q(voucher_number="")
                & ~models.Q(reason=""),
                name="refund_has_amount_voucher_reason",
                violation_error_message=_("Hoàn tiền phải có số tiền, số phiếu chi và lý do."),
            ),
        ]
        indexes = [models.Index(fields=["officer", "at"], name="refund_by_officer")]
        triggers = append_only("refund")

    def __str__(self) -> str:
        return self.voucher_number
