from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dossiers.models.dossier import Dossier


class FeeDue(models.Model):
    """Khoản thu: a fee or charge due on a dossier and whether it was taken at the counter."""

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="fees_due")
    name = models.CharField(_("tên khoản thu"), max_length=300)
    amount_vnd = models.DecimalField(_("số tiền (đồng)"), max_digits=15, decimal_places=0)
    paid_at = models.DateTimeField(_("thu lúc"), null=True, blank=True)
    # Of a financial obligation notified during processing (T19); a counter's fee has none of them.
    payee = models.CharField(_("nơi thu"), max_length=300, blank=True, default="", db_default="")
    notice_number = models.CharField(
        _("số thông báo"), max_length=60, blank=True, default="", db_default=""
    )
    pay_by = models.DateField(_("hạn nộp"), null=True, blank=True)
    exempt_reason = models.CharField(
        _("lý do miễn, giảm"), max_length=500, blank=True, default="", db_default=""
    )
    receipt_number = models.CharField(_("số biên lai"), max_length=40, blank=True, default="")

    class Meta:
        verbose_name = _("khoản thu")
        verbose_name_plural = _("khoản thu")

    def __str__(self) -> str:
        return self.name
