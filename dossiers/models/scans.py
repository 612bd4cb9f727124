from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from agencies.models import Officer
from dossiers.models.base import DatabaseClock
from dossiers.models.papers import DossierDocument


class Scan(models.Model):
    """Bản quét: a file of a paper that was handed in; taken off the list, it is kept all the same."""

    class Source(models.TextChoices):
        """How the paper came to be a file: the states of digitisation (domain.md 6.2)."""

        DIGITISED = "digitised", _("Số hoá tại quầy")
        ELECTRONIC = "electronic", _("Người nộp gửi điện tử")
        REUSED = "reused", _("Dùng lại từ hồ sơ trước")

    class Virus(models.TextChoices):
        CLEAN = "clean", _("Đã quét mã độc")
        UNCHECKED = "unchecked", _("Chưa quét mã độc")

    document = models.ForeignKey(DossierDocument, models.PROTECT, related_name="scans")
    position = models.PositiveSmallIntegerField(_("thứ tự"))
    source = models.CharField(_("nguồn"), max_length=10, choices=Source)
    reused_from = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="reuses"
    )
    name = models.CharField(_("tên tệp"), max_length=200)
    file = models.CharField(max_length=200)
    digest = models.CharField(_("mã băm SHA-256"), max_length=64)
    size = models.PositiveIntegerField(_("số byte"))
    content_type = models.CharField(_("loại tệp"), max_length=40)
    pages = models.PositiveSmallIntegerField(_("số trang"))
    virus = models.CharField(_("mã độc"), max_length=9, choices=Virus)
    added_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(_("lúc"), db_default=DatabaseClock())
    removed_at = models.DateTimeField(_("bỏ lúc"), null=True, blank=True)
    removed_by = models.ForeignKey(Officer, models.PROTECT, null=True, blank=True, related_name="+")
    removed_why = models.CharField(_("vì sao bỏ"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("bản quét")
        verbose_name_plural = _("bản quét")
        ordering = ["document", "position", "id"]
        constraints = [
            # The same file twice on one paper is one scan: a second click adds nothing.
            models.UniqueConstraint(
                fields=["document", "digest"],
                condition=Q(removed_at__isnull=True),
                name="scan_once_on_a_paper",
            ),
            models.CheckConstraint(
                condition=Q(source="reused", reused_from__isnull=False)
                | (~Q(source="reused") & Q(reused_from__isnull=True)),
                name="scan_reuse_names_its_source",
            ),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True, removed_by__isnull=True)
                | Q(removed_at__isnull=False, removed_by__isnull=False),
                name="scan_removed_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} {self.position}"
