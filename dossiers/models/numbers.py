from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency, Officer
from dossiers.models.base import DatabaseClock, append_only
from dossiers.workflow import PaperKind


class DayNumber(models.Model):
    """Số trong ngày: the last running number given by an agency on a local day (domain.md 5.2)."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    on = models.DateField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "on"], name="daynumber_once")]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.on} {self.last}"


class VoidNumber(models.Model):
    """Số bỏ: a number that became no dossier, with who, when and why, so that no gap is silent."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    on = models.DateField(_("ngày"))
    number = models.PositiveIntegerField(_("số"))
    voided_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    voided_at = models.DateTimeField(_("bỏ lúc"), db_default=DatabaseClock())
    reason = models.CharField(_("lý do"), max_length=500)

    class Meta:
        verbose_name = _("số bỏ")
        verbose_name_plural = _("số bỏ")
        constraints = [
            models.UniqueConstraint(fields=["agency", "on", "number"], name="voidnumber_once")
        ]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.on} {self.number}"


class PaperNumber(models.Model):
    """Số giấy tờ: the last number an agency gave to a kind of paper in a year."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=20)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "year", "kind"], name="papernumber_once")
        ]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.year} {self.kind} {self.last}"


class VoidPaperNumber(models.Model):
    """Số giấy tờ bỏ: a paper's number that became no paper, with who, when and why."""

    append_only = True

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField(_("năm"))
    kind = models.CharField(_("loại"), max_length=20, choices=PaperKind)
    number = models.PositiveIntegerField(_("số"))
    voided_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    voided_at = models.DateTimeField(_("bỏ lúc"), db_default=DatabaseClock())
    reason = models.CharField(_("lý do"), max_length=500)

    class Meta:
        verbose_name = _("số giấy tờ bỏ")
        verbose_name_plural = _("số giấy tờ bỏ")
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "year", "kind", "number"], name="voidpapernumber_once"
            ),
            models.CheckConstraint(
                condition=~models.Q(reason=""),
                name="voidpapernumber_has_a_reason",
                violation_error_message=_("Hãy ghi lý do bỏ số."),
            ),
        ]
        triggers = append_only("voidpapernumber")

    def __str__(self) -> str:
        return f"{self.agency_id} {self.year} {self.kind} {self.number}"
