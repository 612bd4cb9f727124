from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.models import Officer
from dossiers.models.base import DatabaseClock, append_only
from dossiers.models.dossier import Dossier


class ReadingWay(models.TextChoices):
    """Cách xem: what of a dossier an officer had before their eyes."""

    PAGE = "page", _("Trang hồ sơ")
    NUMBERS = "numbers", _("Số giấy tờ, số điện thoại")
    FORM = "form", _("Biểu mẫu xử lý")
    PAPER = "paper", _("Giấy tờ phát hành")
    SCAN = "scan", _("Giấy tờ đã nộp")
    API = "api", _("Hệ thống kết nối")


class DossierReading(models.Model):
    """Lượt xem: that an officer opened a dossier, for its owner to ask (design.md 3)."""

    append_only = True

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="readings")
    officer = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=DatabaseClock())
    way = models.CharField(
        _("cách xem"), max_length=7, choices=ReadingWay, db_default=ReadingWay.PAGE
    )
    # Over this row alone: no chain for which two readers would wait. None before version 0.2.
    digest = models.BinaryField(max_length=32, null=True)

    class Meta:
        verbose_name = _("lượt xem")
        verbose_name_plural = _("lượt xem")
        triggers = append_only("dossierreading")
        # One day of ten million rows: they lie on the disk in the order they were written.
        indexes = [BrinIndex(fields=["at"], name="dossierreading_by_day", autosummarize=True)]

    def __str__(self) -> str:
        return f"{self.dossier_id} {self.officer_id} {self.at}"
