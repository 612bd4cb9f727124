from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency, Officer
from dossiers.models.base import DatabaseClock


class Register(models.Model):
    """Sổ theo dõi hồ sơ: one register asked for by an officer, and the files it became (Mẫu 06/07).

    The row is the job: a worker that dies leaves it unrendered and the sweeper knocks again. It is
    also the record of who took a list of people out of the portal, and is kept.
    """

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    start = models.DateField(_("từ ngày"))
    end = models.DateField(_("đến ngày"))
    # The layout in force on the day it was asked for, as of a slip.
    form = models.CharField(_("mẫu"), max_length=60)
    asked_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("yêu cầu lúc"), db_default=DatabaseClock())
    row_count = models.PositiveIntegerField(_("số dòng"), null=True, blank=True)
    page_count = models.PositiveIntegerField(_("số trang"), null=True, blank=True)
    pdf = models.CharField(max_length=200, blank=True, default="")
    pdf_digest = models.CharField(max_length=64, blank=True, default="")
    xlsx = models.CharField(max_length=200, blank=True, default="")
    xlsx_digest = models.CharField(max_length=64, blank=True, default="")
    tries = models.PositiveSmallIntegerField(_("số lần lập"), default=0, db_default=0)
    rendered_at = models.DateTimeField(_("lập xong lúc"), null=True, blank=True)

    class Meta:
        verbose_name = _("sổ theo dõi hồ sơ")
        verbose_name_plural = _("sổ theo dõi hồ sơ")
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(end__gte=F("start")),
                name="register_ends_after_it_starts",
                violation_error_message=_("Ngày cuối không được trước ngày đầu."),
            )
        ]
        indexes = [
            models.Index(
                fields=["id"], name="register_unrendered", condition=Q(rendered_at__isnull=True)
            ),
            models.Index(fields=["asked_by", "-asked_at"], name="register_of_an_officer"),
        ]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.start}..{self.end}"
