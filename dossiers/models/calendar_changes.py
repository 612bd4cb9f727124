from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency, Calendar, CalendarDay, Officer
from dossiers.models.base import append_only
from dossiers.models.dossier import Dossier
from dossiers.models.events import DossierEvent


class CalendarChange(models.Model):
    """Thay đổi lịch: the days of one announcement, rehearsed before they are saved, applied once.

    Rehearsed, it has changed nothing. Applied, its days are in the calendar and the promises it
    touches are dealt with one by one until `finished_at` (domain.md 3.9; docs/adr/0012).
    """

    class Choice(models.TextChoices):
        KEEP = "keep", _("Giữ ngày đã hẹn")
        MOVE = "move", _("Dời ngày hẹn")

    calendar = models.ForeignKey(
        Calendar, models.PROTECT, related_name="changes", verbose_name=_("lịch")
    )
    number = models.CharField(_("số văn bản"), max_length=120)
    announced_on = models.DateField(_("ngày văn bản"))
    # The version of the calendar it was rehearsed against.
    base_version = models.PositiveIntegerField(_("phiên bản lịch khi thử"))
    rehearsed_by = models.ForeignKey(
        Officer, models.PROTECT, related_name="+", verbose_name=_("người thử")
    )
    created_at = models.DateTimeField(_("lập lúc"))
    rehearsed_at = models.DateTimeField(_("thử lúc"), null=True, blank=True)
    # By settling agency: how many come earlier, later, stay, lie on a new day off; median and most.
    counts = models.JSONField(_("số hồ sơ theo cơ quan"), default=list, blank=True)
    digest = models.BinaryField(_("mã kiểm danh sách"), max_length=32, default=b"")

    earlier = models.CharField(_("hẹn sớm hơn"), max_length=4, choices=Choice, default=Choice.KEEP)
    later = models.CharField(_("hẹn muộn hơn"), max_length=4, choices=Choice, default=Choice.KEEP)
    later_reason = models.CharField(
        _("vì sao dời muộn hơn"), max_length=500, blank=True, default=""
    )
    applied_by = models.ForeignKey(
        Officer, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("người áp dụng"),
    )  # fmt: skip
    applied_at = models.DateTimeField(_("áp dụng lúc"), null=True, blank=True)
    version_after = models.PositiveIntegerField(_("phiên bản lịch mới"), null=True, blank=True)
    # The list as it was on the day of application, and how it differs from the rehearsed one.
    planned_at = models.DateTimeField(_("lập danh sách lúc"), null=True, blank=True)
    plan_digest = models.BinaryField(max_length=32, default=b"")
    differences = models.JSONField(_("khác với lần thử"), default=dict, blank=True)
    progress_at = models.DateTimeField(_("làm tới lúc"), null=True, blank=True)
    finished_at = models.DateTimeField(_("xong lúc"), null=True, blank=True)

    class Meta:
        verbose_name = _("thay đổi lịch")
        verbose_name_plural = _("thay đổi lịch")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    applied_at__isnull=True, applied_by__isnull=True, version_after__isnull=True
                )
                | Q(
                    applied_at__isnull=False,
                    applied_by__isnull=False,
                    version_after__isnull=False,
                    rehearsed_at__isnull=False,
                ),
                name="calendarchange_applied_whole",
                violation_error_message=_("Thay đổi lịch phải được thử trước khi áp dụng."),
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(planned_at__isnull=False),
                name="calendarchange_finished_after_plan",
            ),
            models.CheckConstraint(
                condition=~Q(later="move") | ~Q(later_reason=""),
                name="calendarchange_later_has_reason",
                violation_error_message=_("Dời ngày hẹn muộn hơn phải ghi lý do."),
            ),
            # Each version of a calendar is left by one change, and one is under way at a time.
            models.UniqueConstraint(
                fields=["calendar", "version_after"], name="calendarchange_one_per_version"
            ),
            models.UniqueConstraint(
                fields=["calendar"],
                condition=Q(applied_at__isnull=False, finished_at__isnull=True),
                name="calendarchange_one_under_way",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_applied(self) -> bool:
        return self.applied_at is not None


class CalendarChangeDay(models.Model):
    """Ngày của thay đổi lịch: what becomes of one day, and what it was before."""

    append_only = True

    change = models.ForeignKey(CalendarChange, models.PROTECT, related_name="days")
    on = models.DateField(_("ngày"))
    # Empty: the day is ordinary again.
    kind = models.CharField(
        _("trở thành"), max_length=12, choices=CalendarDay.Kind, blank=True, default=""
    )
    name = models.CharField(_("tên"), max_length=200, blank=True, default="")
    kind_before = models.CharField(
        _("trước là"), max_length=12, choices=CalendarDay.Kind, blank=True, default=""
    )
    name_before = models.CharField(max_length=200, blank=True, default="")
    source_before = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("ngày của thay đổi lịch")
        verbose_name_plural = _("ngày của thay đổi lịch")
        ordering = ["on"]
        constraints = [
            models.UniqueConstraint(fields=["change", "on"], name="calendarchangeday_once"),
            models.CheckConstraint(
                condition=~Q(kind="", kind_before=""), name="calendarchangeday_changes"
            ),
        ]
        triggers = append_only("calendarchangeday")

    def __str__(self) -> str:
        return f"{self.on:%d/%m/%Y} {self.kind or '–'}"


class CalendarShift(models.Model):
    """Hồ sơ sẽ đổi hẹn: one line of a rehearsal, or of the list made on the day of application.

    Working rows: those of a rehearsal nobody applied are swept away; what was done stands in
    CalendarMove for good.
    """

    class Stage(models.TextChoices):
        REHEARSED = "rehearsed", _("Khi thử")
        PLANNED = "planned", _("Khi áp dụng")

    change = models.ForeignKey(CalendarChange, models.PROTECT, related_name="shifts")
    stage = models.CharField(_("danh sách"), max_length=9, choices=Stage)
    # No constraint in the database: it would lock each dossier it looks up, and a rehearsal, which
    # changes nothing, must stand in nobody's way.
    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="+", db_constraint=False)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+", db_constraint=False)
    due_before = models.DateTimeField(_("hẹn trước"))
    due_after = models.DateTimeField(_("hẹn sau"))
    minutes = models.IntegerField(_("phút làm việc dời"))

    class Meta:
        verbose_name = _("hồ sơ sẽ đổi hẹn")
        verbose_name_plural = _("hồ sơ sẽ đổi hẹn")
        constraints = [
            models.UniqueConstraint(
                fields=["change", "stage", "dossier"], name="calendarshift_once"
            ),
            models.CheckConstraint(
                condition=~Q(due_before=F("due_after")), name="calendarshift_moves"
            ),
        ]
        indexes = [
            models.Index(
                fields=["change", "stage", "agency", "dossier"], name="calendarshift_by_agency"
            )
        ]

    def __str__(self) -> str:
        return f"{self.dossier_id} {self.due_before} → {self.due_after}"


class CalendarMove(models.Model):
    """Hồ sơ trong thay đổi lịch: what was done with one promise, once and for good."""

    append_only = True

    class Direction(models.TextChoices):
        EARLIER = "earlier", _("Sớm hơn")
        LATER = "later", _("Muộn hơn")

    class Outcome(models.TextChoices):
        MOVED = "moved", _("Đã dời")
        KEPT = "kept", _("Giữ ngày đã hẹn")
        OVERTAKEN = "overtaken", _("Không còn phải đổi")

    change = models.ForeignKey(CalendarChange, models.PROTECT, related_name="moves")
    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="calendar_moves")
    at = models.DateTimeField(_("lúc"))
    due_before = models.DateTimeField(_("hẹn trước"))
    due_by_rule = models.DateTimeField(_("theo lịch mới"))
    due_after = models.DateTimeField(_("hẹn sau"), null=True)
    direction = models.CharField(_("hướng"), max_length=7, choices=Direction)
    outcome = models.CharField(_("đã làm"), max_length=9, choices=Outcome)
    event = models.OneToOneField(
        DossierEvent, models.PROTECT, null=True, related_name="calendar_move"
    )

    class Meta:
        verbose_name = _("hồ sơ trong thay đổi lịch")
        verbose_name_plural = _("hồ sơ trong thay đổi lịch")
        constraints = [
            models.UniqueConstraint(fields=["change", "dossier"], name="calendarmove_once"),
            models.CheckConstraint(
                # A comparison with NULL would let a row through: say that there is a date.
                condition=Q(
                    outcome="moved",
                    event__isnull=False,
                    due_after__isnull=False,
                    due_after=F("due_by_rule"),
                )
                | Q(
                    outcome="kept",
                    event__isnull=True,
                    due_after__isnull=False,
                    due_after=F("due_before"),
                )
                | Q(outcome="overtaken", event__isnull=True),
                name="calendarmove_says_what_was_done",
            ),
        ]
        triggers = append_only("calendarmove")

    def __str__(self) -> str:
        return f"{self.dossier_id} {self.due_before} → {self.due_after}"
