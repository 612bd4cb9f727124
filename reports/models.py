from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency
from procedures.models import Procedure, Sector
from reports.settlement import Figures


class OnTimeRateQuerySet(models.QuerySet["OnTimeRate"]):
    # Named questions

    def of_agencies(self, agency_ids: list[int]) -> OnTimeRateQuerySet:
        """Return the rates of whole agencies: one row an agency and night."""
        return self.filter(grain=OnTimeRate.Grain.AGENCY, agency__in=agency_ids)


class OnTimeRate(models.Model):
    """Tỷ lệ đúng hạn: the figures of a month up to a day, as known the night after that day.

    One row for each agency with dossiers, for each of its sectors and for each of its procedures;
    rows of one grain add up, so a province is the sum of its agencies. A row stands as it was
    counted: what is entered later shows in the rows of later nights and in the live report.
    """

    class Grain(models.TextChoices):
        AGENCY = "agency", _("Cơ quan")
        SECTOR = "sector", _("Cơ quan và lĩnh vực")
        PROCEDURE = "procedure", _("Cơ quan và thủ tục")

    # From the first day of the calendar month to this local day, both inside.
    day = models.DateField(_("đến hết ngày"))
    month_start = models.DateField(_("từ ngày"))
    grain = models.CharField(_("theo"), max_length=9, choices=Grain)
    agency = models.ForeignKey(
        Agency, models.PROTECT, related_name="+", verbose_name=_("cơ quan giải quyết")
    )
    # Null in grain "sector": dossiers whose procedure has no sector.
    sector = models.ForeignKey(
        Sector, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("lĩnh vực")
    )
    procedure = models.ForeignKey(
        Procedure,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("thủ tục"),
    )

    # The columns (4)-(6), (8)-(10), (12), (13) of II.06a; the other three are their sums.
    received_online = models.PositiveIntegerField(_("tiếp nhận trực tuyến"))
    received_direct = models.PositiveIntegerField(_("tiếp nhận trực tiếp, bưu chính"))
    carried_over = models.PositiveIntegerField(_("kỳ trước chuyển sang"))
    settled_early = models.PositiveIntegerField(_("giải quyết trước hạn"))
    settled_on_time = models.PositiveIntegerField(_("giải quyết đúng hạn"))
    settled_late = models.PositiveIntegerField(_("giải quyết quá hạn"))
    open_in_time = models.PositiveIntegerField(_("đang giải quyết trong hạn"))
    open_overdue = models.PositiveIntegerField(_("đang giải quyết quá hạn"))
    computed_at = models.DateTimeField(_("tính lúc"))

    objects = OnTimeRateQuerySet.as_manager()

    class Meta:
        verbose_name = _("tỷ lệ đúng hạn")
        verbose_name_plural = _("tỷ lệ đúng hạn")
        ordering = ["-day", "grain", "agency"]
        constraints = [
            models.UniqueConstraint(
                fields=["day", "grain", "agency", "sector", "procedure"],
                name="ontimerate_once_a_night",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(grain="agency", sector__isnull=True, procedure__isnull=True)
                | Q(grain="sector", procedure__isnull=True)
                | Q(grain="procedure", sector__isnull=True, procedure__isnull=False),
                name="ontimerate_keys_fit_the_grain",
                violation_error_message=_("Dòng tỷ lệ chỉ mang khoá của chiều thống kê của nó."),
            ),
        ]
        indexes = [
            models.Index(fields=["grain", "agency", "day"], name="ontimerate_of_an_agency"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.grain} {self.agency_id}"

    @property
    def figures(self) -> Figures:
        """Return the row as columns of II.06a."""
        new = self.received_online + self.received_direct
        settled = self.settled_early + self.settled_on_time + self.settled_late
        still_open = self.open_in_time + self.open_overdue
        return Figures(
            received_total=new + self.carried_over,
            received_online=self.received_online,
            received_direct=self.received_direct,
            carried_over=self.carried_over,
            settled_total=settled,
            settled_early=self.settled_early,
            settled_on_time=self.settled_on_time,
            settled_late=self.settled_late,
            open_total=still_open,
            open_in_time=self.open_in_time,
            open_overdue=self.open_overdue,
        )
