from __future__ import annotations

from typing import TYPE_CHECKING, Self

import pgtrigger
from django.db import models
from django.db.models import Count, F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency, Officer
from dossiers.models.base import DatabaseClock, append_only
from dossiers.models.dossier import Dossier

if TYPE_CHECKING:
    from agencies.scope import Scope


def _once_set(name: str, field: str) -> pgtrigger.Trigger:
    """Return the trigger by which an instant that was written stays as it was written."""
    was = {f"old__{field}__isnull": False}
    return pgtrigger.Protect(
        name=name,
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(**was)
        & pgtrigger.Q(**{f"old__{field}__df": pgtrigger.F(f"new__{field}")}),
    )


class HandOverQuerySet(models.QuerySet["HandOver"]):
    # Who may see

    def visible_to(self, scope: Scope) -> Self:
        """Return the sheets that leave or reach an agency in sight."""
        if scope.sees_everything:
            return self
        if not scope.agency_ids and not scope.paths:
            return self.none()
        seen = scope.agencies()
        return self.filter(Q(from_agency__in=seen) | Q(to_agency__in=seen))

    # Named questions

    def under_way(self) -> Self:
        """Return the sheets whose receiving side has not signed yet."""
        return self.filter(received_at__isnull=True, cancelled_at__isnull=True)

    # What a page needs

    def for_page(self) -> Self:
        return self.select_related(
            "agency__parent", "agency__unit", "from_agency", "to_agency",
            "created_by", "received_by", "cancelled_by",
        )  # fmt: skip

    def with_counts(self) -> Self:
        """Annotate `item_count`, `arrived_count` and `missing_count`."""
        arrived = Q(items__received_at__isnull=False)
        lost = Q(items__received_at__isnull=True, items__taken_back_at__isnull=True)
        return self.annotate(
            item_count=Count("items"),
            arrived_count=Count("items", filter=arrived),
            missing_count=Count("items", filter=lost),
        )


class HandOver(models.Model):
    """Phiếu bàn giao: paper files that go from one place to another on a day (domain.md 4).

    A place is an agency, or the public post (BCCI) where it is null. The sheet is numbered in the
    agency that writes it: the giving one, else the one that takes from the post. It is written whole
    and never changed; what the receiving side finds is ticked on its rows. It moves papers and never
    the state of a dossier.
    """

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField(_("năm"))
    number = models.PositiveIntegerField(_("số"))
    from_agency = models.ForeignKey(
        Agency, models.PROTECT, null=True, related_name="+", verbose_name=_("bên giao")
    )
    to_agency = models.ForeignKey(
        Agency, models.PROTECT, null=True, related_name="+", verbose_name=_("bên nhận")
    )
    created_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("lập lúc"))
    is_sealed = models.BooleanField(_("có niêm phong"), default=False)
    note = models.CharField(_("ghi chú"), max_length=300, blank=True, default="")
    # Whom the post sent; the post has no account here.
    courier_name = models.CharField(
        _("nhân viên bưu chính"), max_length=200, blank=True, default=""
    )
    received_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    received_at = models.DateTimeField(_("ký nhận lúc"), null=True)
    cancelled_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    cancelled_at = models.DateTimeField(_("huỷ lúc"), null=True)
    cancel_reason = models.CharField(_("lý do huỷ"), max_length=300, blank=True, default="")

    # Annotations: with_counts().
    item_count: int
    arrived_count: int
    missing_count: int

    objects = HandOverQuerySet.as_manager()

    class Meta:
        verbose_name = _("phiếu bàn giao")
        verbose_name_plural = _("phiếu bàn giao")
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "year", "number"], name="handover_number_once"
            ),
            models.CheckConstraint(
                condition=Q(from_agency__isnull=False, to_agency__isnull=True)
                | Q(from_agency__isnull=True, to_agency__isnull=False)
                | (
                    Q(from_agency__isnull=False, to_agency__isnull=False)
                    & ~Q(from_agency=F("to_agency"))
                ),
                name="handover_between_two_places",
                violation_error_message=_("Bên giao và bên nhận phải khác nhau."),
            ),
            models.CheckConstraint(
                condition=Q(from_agency__isnull=False, agency=F("from_agency"))
                | Q(from_agency__isnull=True, to_agency__isnull=False, agency=F("to_agency")),
                name="handover_numbered_by_a_side",
                violation_error_message=_("Phiếu phải do một bên lập."),
            ),
            models.CheckConstraint(
                condition=Q(received_at__isnull=True, received_by__isnull=True)
                | Q(
                    received_at__isnull=False,
                    received_by__isnull=False,
                    cancelled_at__isnull=True,
                ),
                name="handover_received_by_somebody",
                violation_error_message=_("Phiếu đã ký nhận phải có người nhận."),
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True, cancelled_by__isnull=True)
                | Q(
                    cancelled_at__isnull=False,
                    cancelled_by__isnull=False,
                    received_at__isnull=True,
                )
                & ~Q(cancel_reason=""),
                name="handover_cancelled_with_a_reason",
                violation_error_message=_("Phiếu huỷ phải có người huỷ và lý do."),
            ),
        ]
        indexes = [
            models.Index(
                fields=["to_agency", "created_at"],
                name="handover_awaited",
                condition=Q(received_at__isnull=True, cancelled_at__isnull=True),
            ),
            models.Index(fields=["from_agency", "created_at"], name="handover_given"),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="handover_frozen",
                fields=[
                    "agency", "year", "number", "from_agency", "to_agency", "created_by",
                    "created_at", "is_sealed", "note",
                ],
            ),
            _once_set("handover_received_once", "received_at"),
            _once_set("handover_cancelled_once", "cancelled_at"),
            pgtrigger.Protect(name="handover_no_delete", operation=pgtrigger.Delete),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.agency_id} {self.number}/{self.year}"

    def get_absolute_url(self) -> str:
        """Return the sheet's page; reads `agency`, so select it with the sheet."""
        return reverse("hand-over-detail", args=[self.agency.code, self.year, self.number])

    @property
    def is_under_way(self) -> bool:
        return self.received_at is None and self.cancelled_at is None

    @property
    def giver(self) -> str:
        return self.from_agency.name if self.from_agency else str(_("Bưu chính công ích"))

    @property
    def receiver(self) -> str:
        return self.to_agency.name if self.to_agency else str(_("Bưu chính công ích"))

    @property
    def receiving_agency_id(self) -> int:
        """The agency that ticks: the receiving one; what the post takes, the giving one records."""
        return self.to_agency_id or self.from_agency_id or self.agency_id

    @property
    def giving_agency_id(self) -> int:
        """The agency that takes back what never left; of what the post brought, the receiving one."""
        return self.from_agency_id or self.to_agency_id or self.agency_id


class HandOverItem(models.Model):
    """Hồ sơ trên phiếu: one paper file of a sheet, and whether it arrived."""

    handover = models.ForeignKey(HandOver, models.PROTECT, related_name="items")
    position = models.PositiveSmallIntegerField(_("thứ tự"))
    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="hand_over_items")
    papers = models.PositiveIntegerField(_("số giấy tờ"), default=0)
    sets = models.PositiveSmallIntegerField(_("số bộ"), default=1)
    has_result = models.BooleanField(_("kèm kết quả"), default=False)
    shelf_before = models.CharField(_("nơi để trước"), max_length=60, blank=True, default="")
    received_at = models.DateTimeField(_("nhận lúc"), null=True)
    received_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    # What did not arrive and was found where it came from; rows of a cancelled sheet too.
    taken_back_at = models.DateTimeField(_("giữ lại lúc"), null=True)
    taken_back_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    missing_note = models.CharField(_("ghi chú thiếu"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("hồ sơ trên phiếu")
        verbose_name_plural = _("hồ sơ trên phiếu")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["handover", "position"], name="handoveritem_position"),
            models.UniqueConstraint(fields=["handover", "dossier"], name="handoveritem_once"),
            models.UniqueConstraint(
                fields=["dossier"],
                condition=Q(received_at__isnull=True, taken_back_at__isnull=True),
                name="handoveritem_one_way_at_a_time",
                violation_error_message=_("Hồ sơ giấy đang nằm trên một phiếu khác."),
            ),
            models.CheckConstraint(
                condition=Q(received_at__isnull=True, received_by__isnull=True)
                | Q(
                    received_at__isnull=False,
                    received_by__isnull=False,
                    taken_back_at__isnull=True,
                ),
                name="handoveritem_received_by_somebody",
                violation_error_message=_("Hồ sơ đã nhận phải có người nhận."),
            ),
            models.CheckConstraint(
                condition=Q(taken_back_at__isnull=True, taken_back_by__isnull=True)
                | Q(taken_back_at__isnull=False, taken_back_by__isnull=False),
                name="handoveritem_taken_back_by_somebody",
                violation_error_message=_("Hồ sơ giữ lại phải có người giữ."),
            ),
        ]
        # What arrived on some days, for the trips of the post.
        indexes = [
            models.Index(
                fields=["received_at"],
                name="handoveritem_arrived",
                condition=Q(received_at__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="handoveritem_frozen",
                fields=[
                    "handover", "position", "dossier", "papers", "sets", "has_result",
                    "shelf_before",
                ],
            ),
            _once_set("handoveritem_received_once", "received_at"),
            _once_set("handoveritem_taken_back_once", "taken_back_at"),
            pgtrigger.Protect(name="handoveritem_no_delete", operation=pgtrigger.Delete),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.handover_id} {self.position}"

    @property
    def is_missing(self) -> bool:
        """Neither arrived nor found where it came from."""
        return self.received_at is None and self.taken_back_at is None


class PaperFile(models.Model):
    """Hồ sơ giấy: where the papers of a dossier are now; no agency means with the public post.

    Written from the first hand-over or shelf on: before it the papers are where they were handed in.
    """

    dossier = models.OneToOneField(Dossier, models.PROTECT, related_name="paper_file")
    agency = models.ForeignKey(
        Agency, models.PROTECT, null=True, related_name="+", verbose_name=_("cơ quan giữ giấy")
    )
    shelf = models.CharField(_("nơi để (kệ, ngăn)"), max_length=60, blank=True, default="")
    # On its way: given on this sheet and not yet ticked; the giving agency still answers for it.
    under_way = models.ForeignKey(HandOver, models.PROTECT, null=True, related_name="+")
    changed_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(_("cập nhật lúc"))

    class Meta:
        verbose_name = _("hồ sơ giấy")
        verbose_name_plural = _("hồ sơ giấy")
        constraints = [
            models.CheckConstraint(
                condition=Q(shelf="") | Q(agency__isnull=False, under_way__isnull=True),
                name="paperfile_on_a_shelf_of_an_agency",
                violation_error_message=_("Chỉ giấy đang ở một cơ quan mới có nơi để."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dossier_id} {self.agency_id} {self.shelf}"


class PaperMove(models.Model):
    """Lần chuyển giấy: that the papers of a dossier changed place, for whoever looks for them."""

    append_only = True

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="paper_moves")
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+")
    shelf = models.CharField(max_length=60, blank=True, default="")
    handover = models.ForeignKey(HandOver, models.PROTECT, null=True, related_name="+")
    is_leaving = models.BooleanField(default=False)  # given on the sheet, not yet arrived
    by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=DatabaseClock())

    class Meta:
        verbose_name = _("lần chuyển giấy")
        verbose_name_plural = _("lần chuyển giấy")
        ordering = ["at", "id"]
        triggers = append_only("papermove")

    def __str__(self) -> str:
        return f"{self.dossier_id} {self.agency_id} {self.at}"
