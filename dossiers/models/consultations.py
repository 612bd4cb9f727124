from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency
from dossiers.models.dossier import Dossier
from dossiers.models.events import DossierEvent


class Consultation(models.Model):
    """Lấy ý kiến: a question to one agency and its answer; silence is recorded as none (T14, T15)."""

    class Outcome(models.TextChoices):
        OPEN = "open", _("Chờ trả lời")
        ANSWERED = "answered", _("Đã trả lời")
        # domain.md 2.5 T15: the responsibility stays with the agency that was asked.
        NO_OPINION = "no_opinion", _("Không có ý kiến")
        CALLED_OFF = "called_off", _("Không còn cần trả lời")

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="consultations")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="consultations")
    question = models.TextField(_("nội dung lấy ý kiến"))
    # The agency's own deadline, the end of its working time on a day; the legal clock runs on.
    answer_by = models.DateTimeField(_("hạn trả lời"))
    asked_event = models.ForeignKey(DossierEvent, models.PROTECT, related_name="consultations")
    answered_event = models.ForeignKey(
        DossierEvent, models.PROTECT, null=True, blank=True, related_name="+"
    )
    outcome = models.CharField(_("kết quả"), max_length=10, choices=Outcome, default=Outcome.OPEN)
    answer = models.TextField(_("ý kiến"), blank=True, default="")

    class Meta:
        verbose_name = _("lấy ý kiến")
        verbose_name_plural = _("lấy ý kiến")
        ordering = ["dossier", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["dossier", "agency"],
                condition=Q(outcome="open"),
                name="consultation_one_open",
            )
        ]
        indexes = [
            models.Index(
                fields=["answer_by"], name="consultation_open", condition=Q(outcome="open")
            )
        ]

    def __str__(self) -> str:
        return f"{self.dossier_id} {self.agency_id} {self.outcome}"
