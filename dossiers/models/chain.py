from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dossiers.models.base import DatabaseClock, append_only


class DayRoot(models.Model):
    """Gốc ngày: what was recorded on a local day, under the key, chained to the day before.

    The same stands as one line in a file outside the database (`day_roots`).
    """

    append_only = True

    day = models.DateField(_("ngày"), unique=True)
    event_count = models.PositiveIntegerField(_("số sự kiện"))
    events_digest = models.BinaryField(max_length=32)
    reading_count = models.PositiveIntegerField(_("số lượt xem"))
    readings_digest = models.BinaryField(max_length=32)
    # Names the rows that are gone or too many, where they are few (`sketches`).
    sketch = models.BinaryField()
    previous = models.BinaryField(max_length=32)
    root = models.BinaryField(max_length=32)
    made_at = models.DateTimeField(_("lập lúc"), db_default=DatabaseClock())

    class Meta:
        verbose_name = _("gốc ngày")
        verbose_name_plural = _("gốc ngày")
        ordering = ["-day"]
        triggers = append_only("dayroot")

    def __str__(self) -> str:
        return f"{self.day} {bytes(self.root).hex()}"


class HistoryCheck(models.Model):
    """Lần kiểm tra lịch sử: what a run of the verification looked at and found."""

    append_only = True

    at = models.DateTimeField(_("kiểm tra lúc"), db_default=DatabaseClock())
    # Only a run over everything can say that an earlier finding is no more.
    is_whole = models.BooleanField(_("toàn bộ"))
    # The last closed day it looked at: the next run begins after it.
    up_to = models.DateField(_("đến hết ngày"), null=True)
    dossier_count = models.PositiveIntegerField(_("số hồ sơ"))
    event_count = models.PositiveBigIntegerField(_("số sự kiện"))
    reading_count = models.PositiveBigIntegerField(_("số lượt xem"))
    finding_count = models.PositiveIntegerField(_("số phát hiện"))
    findings = models.JSONField(_("phát hiện"), default=list)  # the first of them, as text
    seconds = models.FloatField(_("số giây"))

    class Meta:
        verbose_name = _("lần kiểm tra lịch sử")
        verbose_name_plural = _("lần kiểm tra lịch sử")
        ordering = ["-id"]
        triggers = append_only("historycheck")

    def __str__(self) -> str:
        return f"{self.at} {self.finding_count}"
