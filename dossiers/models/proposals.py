from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from agencies.models import Officer
from dossiers.models.dossier import Dossier
from dossiers.models.events import DossierEvent
from dossiers.workflow import Act


class ActProposal(models.Model):
    """Đề nghị: an act with its data put before those who decide it (domain.md 2.5, "Who")."""

    class Outcome(models.TextChoices):
        OPEN = "open", _("Chờ quyết định")
        DONE = "done", _("Đã thực hiện")
        DECLINED = "declined", _("Không chấp thuận")
        OVERTAKEN = "overtaken", _("Không còn áp dụng")
        RETRACTED = "retracted", _("Đã rút")

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="proposals")
    act = models.CharField(_("hành vi"), max_length=22, choices=Act)
    # What the form of the act was filled in with, as typed: the decider finds it filled in.
    given = models.JSONField(_("nội dung"), default=dict)
    # None: the machine asks, for a time that is over.
    asked_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    asked_event = models.OneToOneField(DossierEvent, models.PROTECT, related_name="proposal")
    outcome = models.CharField(_("kết quả"), max_length=10, choices=Outcome, default=Outcome.OPEN)
    decided_event = models.ForeignKey(
        DossierEvent, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("đề nghị")
        verbose_name_plural = _("đề nghị")
        ordering = ["dossier", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["dossier", "act"],
                condition=Q(outcome="open"),
                name="actproposal_one_open_of_an_act",
            )
        ]

    def __str__(self) -> str:
        return f"{self.dossier_id} {self.act} {self.outcome}"
