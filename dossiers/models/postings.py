from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.models import Officer
from dossiers.models.base import DatabaseClock, append_only
from dossiers.models.dossier import Dossier


class Posting(models.Model):
    """Bưu gửi: a result given to the post, or brought back by it, under its tracking number.

    It moves nothing: the result is handed over when the post says that somebody took it (T29). The
    newest row of a dossier says where the result is.
    """

    append_only = True

    class Kind(models.TextChoices):
        SENT = "sent", _("Đã gửi bưu chính")
        CAME_BACK = "came_back", _("Bưu chính trả lại")

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="postings")
    kind = models.CharField(_("việc"), max_length=9, choices=Kind)
    tracking_number = models.CharField(_("số vận đơn"), max_length=40)
    at = models.DateTimeField(_("lúc"), db_default=DatabaseClock())
    officer = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    note = models.CharField(_("ghi chú"), max_length=500, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("bưu gửi")
        verbose_name_plural = _("bưu gửi")
        ordering = ["dossier", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dossier", "kind", "tracking_number"],
                name="posting_once_each_way",
                violation_error_message=_("Số vận đơn này đã được ghi cho hồ sơ."),
            ),
            models.CheckConstraint(
                condition=~models.Q(tracking_number=""),
                name="posting_has_a_number",
                violation_error_message=_("Hãy ghi số vận đơn."),
            ),
        ]
        triggers = append_only("posting")

    def __str__(self) -> str:
        return self.tracking_number
