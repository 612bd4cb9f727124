from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from agencies.models import Officer
from dossiers.models.base import DatabaseClock, append_only
from dossiers.models.dossier import Dossier


class Note(models.Model):
    """Ghi chú nội bộ: what officers tell each other about a dossier, apart from its record.

    No event, no paper, no clock; neither the owner nor another system ever reads it.
    """

    append_only = True

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="notes")
    author = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    text = models.CharField(_("nội dung"), max_length=2000)
    at = models.DateTimeField(_("lúc"), db_default=DatabaseClock())
    # The form it was typed into: a second click finds the note there.
    token = models.CharField(max_length=36)

    class Meta:
        verbose_name = _("ghi chú nội bộ")
        verbose_name_plural = _("ghi chú nội bộ")
        ordering = ["dossier", "at"]
        constraints = [
            models.UniqueConstraint(fields=["author", "token"], name="note_once"),
        ]
        triggers = append_only("note")

    def __str__(self) -> str:
        return f"{self.dossier_id} {self.at}"


class Notice(models.Model):
    """Thông báo: that a colleague wants an officer to look at a dossier, until they have read it."""

    class Kind(models.TextChoices):
        REMINDER = "reminder", _("Nhắc xử lý")
        MENTION = "mention", _("Nhắc tên trong ghi chú")

    officer = models.ForeignKey(Officer, models.PROTECT, related_name="notices")
    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="+")
    kind = models.CharField(_("loại"), max_length=8, choices=Kind)
    sender = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    text = models.CharField(_("nội dung"), max_length=500, blank=True)
    at = models.DateTimeField(_("lúc"), db_default=DatabaseClock())
    on = models.DateField(_("ngày"))
    read_at = models.DateTimeField(_("đã xem lúc"), null=True, blank=True)
    note = models.ForeignKey(Note, models.PROTECT, null=True, blank=True, related_name="notices")

    class Meta:
        verbose_name = _("thông báo")
        verbose_name_plural = _("thông báo")
        ordering = ["-at", "-id"]
        constraints = [
            # A reminder is one a day from one colleague; a mention one for each note.
            models.UniqueConstraint(
                fields=["officer", "dossier", "sender", "on"],
                condition=Q(kind="reminder"),
                name="notice_one_reminder_a_day",
            ),
            models.UniqueConstraint(
                fields=["officer", "note"], condition=Q(kind="mention"), name="notice_one_mention"
            ),
            models.CheckConstraint(
                condition=Q(kind="reminder") | Q(note__isnull=False), name="notice_mention_has_note"
            ),
        ]
        indexes = [
            models.Index(fields=["officer", "-at", "-id"], name="notice_newest"),
            models.Index(
                fields=["officer"], name="notice_unread", condition=Q(read_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.officer_id} {self.dossier_id} {self.kind}"


class Digest(models.Model):
    """Thư tổng hợp: the morning's e-mail to an officer, and what became of it."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("Chờ gửi")
        SENT = "sent", _("Đã gửi")
        FAILED = "failed", _("Gửi không được")
        EMPTY = "empty", _("Không có việc gấp, không gửi")

    officer = models.ForeignKey(Officer, models.PROTECT, related_name="digests")
    on = models.DateField(_("ngày"))
    outcome = models.CharField(_("kết quả"), max_length=7, choices=Outcome, default=Outcome.WAITING)
    counts = models.JSONField(_("số liệu"), default=dict)
    tries = models.PositiveSmallIntegerField(_("số lần thử"), default=0)
    tried_at = models.DateTimeField(_("thử lúc"), null=True, blank=True)
    fault = models.CharField(_("lỗi"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("thư tổng hợp")
        verbose_name_plural = _("thư tổng hợp")
        ordering = ["-on", "officer"]
        constraints = [
            models.UniqueConstraint(fields=["officer", "on"], name="digest_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.officer_id} {self.on}"


class DigestChoice(models.Model):
    """Lựa chọn nhận thư: an officer who wants no morning e-mail; without a row it is sent."""

    officer = models.OneToOneField(Officer, models.CASCADE, related_name="digest_choice")
    wants_mail = models.BooleanField(_("nhận thư tổng hợp buổi sáng"), default=True)

    class Meta:
        verbose_name = _("lựa chọn nhận thư")
        verbose_name_plural = _("lựa chọn nhận thư")

    def __str__(self) -> str:
        return f"{self.officer_id} {self.wants_mail}"
