from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.roles import Role
from agencies.models import Agency, Officer
from dossiers.models.base import DatabaseClock, append_only
from dossiers.models.dossier import Dossier
from dossiers.workflow import (
    Act,
    ClockEffect,
    State,
)


class DossierEvent(models.Model):
    """Sự kiện: one act on a dossier; the only history, never changed (domain.md 2.6)."""

    append_only = True  # read by `grant_rights`: the web role may only select and insert

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="events")
    seq = models.PositiveIntegerField(_("thứ tự"))
    # When it happened in law, and when the database learned of it.
    at = models.DateTimeField(_("lúc"))
    recorded_at = models.DateTimeField(_("ghi lúc"), db_default=DatabaseClock())
    act = models.CharField(_("hành vi"), max_length=22, choices=Act)
    from_state = models.CharField(
        _("từ trạng thái"), max_length=22, choices=State, blank=True, default=""
    )
    to_state = models.CharField(_("sang trạng thái"), max_length=22, choices=State)
    actor = models.ForeignKey(Officer, models.PROTECT, null=True, blank=True, related_name="+")
    actor_role = models.CharField(_("vai trò"), max_length=20, choices=Role)
    # The agency in which the act was done, and where the dossier is after it.
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    holder_agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    holder_officer = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    reason = models.TextField(_("lý do"), blank=True, default="")
    clock_effect = models.CharField(
        _("đồng hồ"),
        max_length=10,
        choices=[(c.value, c.value) for c in ClockEffect],
        default=ClockEffect.NONE,
    )
    # The due date as this act left it: any past day can be rebuilt from events alone.
    due_at = models.DateTimeField(_("hẹn trả sau hành vi"), null=True)
    data = models.JSONField(_("dữ liệu"), default=dict)
    digest = models.BinaryField(max_length=32)

    class Meta:
        verbose_name = _("sự kiện")
        verbose_name_plural = _("sự kiện")
        ordering = ["dossier", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["dossier", "seq"], name="dossierevent_seq_once"),
        ]
        triggers = append_only("dossierevent")
        # One day of ten million rows: they lie on the disk in the order they were recorded.
        indexes = [
            BrinIndex(fields=["recorded_at"], name="dossierevent_by_day", autosummarize=True)
        ]

    def __str__(self) -> str:
        return f"{self.dossier_id}#{self.seq} {self.act}"


class OutboxMessage(models.Model):
    """Thư chờ gửi: written with its act in one transaction; exchange adapters work it off."""

    event = models.OneToOneField(DossierEvent, models.PROTECT, related_name="outbox_message")
    payload_version = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField(db_default=DatabaseClock())

    class Meta:
        verbose_name = _("thư chờ gửi")
        verbose_name_plural = _("thư chờ gửi")

    def __str__(self) -> str:
        return f"{self.event_id}"
