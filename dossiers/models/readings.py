from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.models import Officer
from dossiers.models.base import DatabaseClock, append_only
from dossiers.models.dossier import Dossier


class DossierReading(models.Model):
    """Lượt xem: that an officer opened a dossier, for its owner to ask (design.md 3)."""

    append_only = True

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="readings")
    officer = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=DatabaseClock())

    class Meta:
        verbose_name = _("lượt xem")
        verbose_name_plural = _("lượt xem")
        triggers = append_only("dossierreading")

    def __str__(self) -> str:
        return f"{self.dossier_id} {self.officer_id} {self.at}"
