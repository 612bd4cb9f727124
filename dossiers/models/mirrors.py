from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dossiers.models.base import DatabaseClock, append_only
from dossiers.models.dossier import Dossier
from dossiers.models.events import DossierEvent


class MirrorMessage(models.Model):
    """Tin của hệ thống bộ: what a ministry's system said of a dossier, applied or only noted.

    Nothing it sends is lost: what came late or cannot be is kept with the reason (domain.md 6.4).
    """

    append_only = True

    class Outcome(models.TextChoices):
        APPLIED = "applied", _("Đã ghi")
        SAME = "same", _("Không đổi trạng thái")
        LATE = "late", _("Đến muộn, không áp dụng")
        REFUSED = "refused", _("Không áp dụng được")

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="mirror_messages")
    reference = models.CharField(_("mã tin"), max_length=100)
    national_status = models.PositiveSmallIntegerField(_("trạng thái quốc gia"))
    at = models.DateTimeField(_("lúc"))
    recorded_at = models.DateTimeField(_("ghi lúc"), db_default=DatabaseClock())
    reason = models.TextField(_("nội dung"))
    result_number = models.CharField(_("số kết quả"), max_length=60, blank=True, default="")
    outcome = models.CharField(_("cách xử lý"), max_length=8, choices=Outcome)
    event = models.OneToOneField(
        DossierEvent, models.PROTECT, null=True, related_name="mirror_message"
    )

    class Meta:
        verbose_name = _("tin của hệ thống bộ")
        verbose_name_plural = _("tin của hệ thống bộ")
        ordering = ["dossier", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dossier", "reference"], name="mirrormessage_reference_once"
            )
        ]
        triggers = append_only("mirrormessage")

    def __str__(self) -> str:
        return f"{self.dossier_id} {self.reference}"
