from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dossiers.models.dossier import Dossier, ResultChannel
from dossiers.models.events import DossierEvent


class Delivery(models.Model):
    """Trả kết quả: to whom, how and on what proof the result was handed over (T29)."""

    class Proof(models.TextChoices):
        IDENTITY = "identity", _("Căn cước")
        RECEIPT = "receipt", _("Giấy hẹn")
        AUTHORISATION = "authorisation", _("Giấy uỷ quyền")
        ELECTRONIC = "electronic", _("Gửi điện tử")
        POSTED = "posted", _("Vận đơn bưu chính")

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="deliveries")
    event = models.OneToOneField(DossierEvent, models.PROTECT, related_name="delivery")
    channel = models.CharField(_("hình thức"), max_length=10, choices=ResultChannel)
    receiver_sealed = models.BinaryField(default=b"")
    proof = models.CharField(_("giấy tờ xuất trình"), max_length=13, choices=Proof)

    class Meta:
        verbose_name = _("trả kết quả")
        verbose_name_plural = _("trả kết quả")

    def __str__(self) -> str:
        return f"{self.dossier_id}"
