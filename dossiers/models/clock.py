from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from agencies.models import Officer
from dossiers.models.base import append_only
from dossiers.models.dossier import Dossier
from dossiers.models.events import DossierEvent
from dossiers.workflow import State


class SupplementRound(models.Model):
    """Lần bổ sung: one request and its answer, with the date before and after (domain.md 3.5)."""

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="supplement_rounds")
    number = models.PositiveSmallIntegerField(_("lần"))
    before_acceptance = models.BooleanField(default=False)
    requested_at = models.DateTimeField(_("yêu cầu lúc"))
    requested_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    reason = models.TextField(_("lý do"))
    items = models.JSONField(_("nội dung cần bổ sung"), default=list)
    reply_by = models.DateField(_("hạn bổ sung"), null=True, blank=True)
    answered_at = models.DateTimeField(_("nhận bổ sung lúc"), null=True, blank=True)
    due_before = models.DateTimeField(_("hẹn trả trước"), null=True, blank=True)
    due_after = models.DateTimeField(_("hẹn trả sau"), null=True, blank=True)

    class Meta:
        verbose_name = _("lần bổ sung")
        verbose_name_plural = _("lần bổ sung")
        ordering = ["dossier", "requested_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["dossier", "number", "before_acceptance"], name="supplementround_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.dossier_id} {self.number}"


class Pause(models.Model):
    """Tạm dừng: a stretch in which the clock stands, and why (domain.md 3.5)."""

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="pauses")
    state = models.CharField(_("trạng thái"), max_length=22, choices=State)
    started_at = models.DateTimeField(_("từ"))
    # An imported pause: since when it moves the date, for nobody recorded when it began.
    counted_from = models.DateTimeField(_("tính từ"), null=True, blank=True)
    ended_at = models.DateTimeField(_("đến"), null=True, blank=True)
    # RESTART: the whole limit again from the end of this pause.
    restarts = models.BooleanField(_("tính lại từ đầu"), default=False)

    class Meta:
        verbose_name = _("tạm dừng")
        verbose_name_plural = _("tạm dừng")
        ordering = ["dossier", "started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["dossier"], condition=Q(ended_at__isnull=True), name="pause_one_open"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="pause_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dossier_id} {self.started_at}"


class DueOrigin(models.TextChoices):
    """Nguồn thay đổi: who or what moved a date."""

    PAUSE = "pause", _("Tạm dừng")
    RESTART = "restart", _("Tính lại từ đầu")
    APOLOGY = "apology", _("Xin lỗi, hẹn lại")
    CALENDAR = "calendar", _("Lịch làm việc thay đổi")
    EXTERNAL = "external", _("Hệ thống khác")
    CORRECTION = "correction", _("Đính chính")


class DueDateChange(models.Model):
    """Thay đổi ngày hẹn: old, new, why and whence; the first promise is never overwritten.

    `due_*` is the appointment, which the figures judge by; `promised_*` the date of an apology,
    which the applicant reads and no figure does.
    """

    append_only = True

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="due_date_changes")
    event = models.ForeignKey(DossierEvent, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("lúc"))
    due_before = models.DateTimeField(_("hẹn trước"), null=True)
    due_after = models.DateTimeField(_("hẹn sau"), null=True)
    promised_before = models.DateTimeField(_("hẹn lại trước"), null=True)
    promised_after = models.DateTimeField(_("hẹn lại sau"), null=True)
    origin = models.CharField(
        _("nguồn"),
        max_length=10,
        choices=DueOrigin,
        default=DueOrigin.PAUSE,
        db_default=DueOrigin.PAUSE.value,
    )
    # The number of the announcement, or the id of the message of another system.
    reference = models.CharField(
        _("số, ký hiệu"), max_length=200, blank=True, default="", db_default=""
    )
    reason = models.CharField(_("lý do"), max_length=500)

    class Meta:
        verbose_name = _("thay đổi ngày hẹn")
        verbose_name_plural = _("thay đổi ngày hẹn")
        ordering = ["dossier", "at"]
        triggers = append_only("duedatechange")

    def __str__(self) -> str:
        return f"{self.dossier_id} {self.due_before} → {self.due_after}"
