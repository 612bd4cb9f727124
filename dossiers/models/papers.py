from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency, Officer
from dossiers.models.base import DatabaseClock, append_only
from dossiers.models.dossier import Dossier
from dossiers.models.events import DossierEvent
from dossiers.workflow import (
    PaperKind,
)


class DossierDocument(models.Model):
    """Giấy tờ đã nộp: a paper handed in with a dossier; versions are linked, old ones kept."""

    class Kind(models.TextChoices):
        ORIGINAL = "original", _("Bản chính")
        COPY = "copy", _("Bản sao")
        PHOTOCOPY = "photocopy", _("Bản chụp")
        ELECTRONIC = "electronic", _("Bản điện tử")

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="documents")
    required = models.ForeignKey(
        "procedures.RequiredDocument", models.PROTECT, null=True, blank=True, related_name="+"
    )
    position = models.PositiveSmallIntegerField(default=0)
    name = models.TextField(_("tên giấy tờ"))
    kind = models.CharField(_("loại"), max_length=10, choices=Kind, default=Kind.COPY)
    quantity = models.PositiveSmallIntegerField(_("số lượng"), default=1)
    supplement_round = models.PositiveSmallIntegerField(_("lần bổ sung"), default=0)
    replaces = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    file = models.CharField(max_length=200, blank=True, default="")
    file_digest = models.CharField(max_length=64, blank=True, default="")
    added_at = models.DateTimeField(db_default=DatabaseClock())

    class Meta:
        verbose_name = _("giấy tờ đã nộp")
        verbose_name_plural = _("giấy tờ đã nộp")
        ordering = ["supplement_round", "position", "id"]

    def __str__(self) -> str:
        return self.name[:80]


class PaperSlip(models.Model):
    """Giấy tờ phát hành: an official form issued on a dossier; a reprint keeps its number."""

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="slips")
    event = models.ForeignKey(DossierEvent, models.PROTECT, related_name="slips")
    kind = models.CharField(_("loại"), max_length=20, choices=PaperKind)
    # The layout in force on the day of issue (domain.md 0): "TT 01/2018 Mẫu 01".
    form = models.CharField(_("mẫu"), max_length=60)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField(_("năm"))
    number = models.PositiveIntegerField(_("số"))
    issued_at = models.DateTimeField(_("lập lúc"))
    issued_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    due_at = models.DateTimeField(_("hẹn trả ghi trên giấy"), null=True)
    # A changed date makes a new slip that names the old one.
    replaces = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    # The QR's opaque token: only its digest is stored, so a stolen database opens no page.
    qr_sealed = models.BinaryField(default=b"")
    qr_digest = models.BinaryField(max_length=32, default=b"", db_index=True)
    qr_revoked_at = models.DateTimeField(_("QR thu hồi lúc"), null=True, blank=True)
    file = models.CharField(max_length=200, blank=True, default="")
    file_digest = models.CharField(max_length=64, blank=True, default="")
    rendered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("giấy tờ phát hành")
        verbose_name_plural = _("giấy tờ phát hành")
        ordering = ["issued_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "year", "kind", "number"], name="paperslip_number_once"
            )
        ]
        indexes = [
            # The sweeper looks for what a lost knock left unrendered.
            models.Index(
                fields=["id"], name="paperslip_unrendered", condition=Q(rendered_at__isnull=True)
            ),
            # How many survey slips went out in a span of days (reports.satisfaction).
            models.Index(
                fields=["issued_at"],
                name="paperslip_with_survey",
                condition=Q(kind__in=["receipt", "supplement_request", "refusal"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}/{self.year}"


class PaperReprint(models.Model):
    """Lần in lại: a copy printed of a paper, counted on its face; the paper keeps its number."""

    append_only = True

    slip = models.ForeignKey(PaperSlip, models.PROTECT, related_name="reprints")
    number = models.PositiveSmallIntegerField(_("lần"))
    printed_at = models.DateTimeField(_("in lúc"))
    printed_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("lần in lại")
        verbose_name_plural = _("lần in lại")
        ordering = ["slip", "number"]
        constraints = [
            models.UniqueConstraint(fields=["slip", "number"], name="paperreprint_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="paperreprint_from_one"),
        ]
        triggers = append_only("paperreprint")

    def __str__(self) -> str:
        return f"{self.slip_id} {self.number}"
