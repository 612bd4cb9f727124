"""The province's own steps of a procedure: who, where, in how much working time (domain.md 6.3)."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.roles import OFFICER_ROLES, Role
from agencies.models import Agency, Officer

STEP_CODE = r"[A-Z0-9][A-Z0-9_-]{0,11}"
# What a person in an office does in a step, or the machine by itself.
STEP_ROLES = [r for r in Role if r in OFFICER_ROLES - {Role.ADMINISTRATOR} or r is Role.SYSTEM]


class FeeRule(models.TextChoices):
    """Thu phí khi: when the fee is collected; national codes 1, 2, 4 (domain.md 6.2), and T19."""

    NONE = "none", _("Không thu")
    AT_RECEPTION = "at_reception", _("Khi tiếp nhận")
    AT_SUPPLEMENT = "at_supplement", _("Khi bổ sung")
    IN_PROCESSING = "in_processing", _("Khi có thông báo nghĩa vụ tài chính")
    AT_RETURN = "at_return", _("Khi trả kết quả")


class StepUnit(models.TextChoices):
    """Đơn vị làm bước: told by its part in the dossier, or by name."""

    COUNTER = "counter", _("Bộ phận một cửa tiếp nhận")
    SETTLING = "settling", _("Cơ quan giải quyết")
    NAMED = "named", _("Cơ quan nêu tên")


class SignType(models.TextChoices):
    """Loại chữ ký: what the step puts on its output paper."""

    NONE = "none", _("Không ký")
    INITIALS = "initials", _("Ký nháy")
    PERSON = "person", _("Chữ ký số cá nhân")
    AGENCY = "agency", _("Chữ ký số cơ quan")
    PAPER = "paper", _("Ký trên giấy")


class InternalProcessQuerySet(models.QuerySet["InternalProcess"]):
    # Named questions

    def binding(self) -> Self:
        """Return what was approved and published."""
        return self.filter(published_at__isnull=False)

    # What a page needs

    def for_page(self) -> Self:
        return self.select_related("version__procedure", "case", "approved_by")


class InternalProcess(models.Model):
    """Quy trình nội bộ: the approved steps of one procedure version, or of one case of it.

    Never changed once published: another one replaces it, and a dossier keeps the one that was
    valid on the day of its receipt.
    """

    version = models.ForeignKey(
        "procedures.ProcedureVersion", models.PROTECT, related_name="processes"
    )
    case = models.ForeignKey(
        "procedures.ProcedureCase",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="processes",
        verbose_name=_("trường hợp"),
    )
    number = models.PositiveSmallIntegerField(_("lần"))
    fee_rule = models.CharField(
        _("thu phí, lệ phí"), max_length=14, choices=FeeRule, default=FeeRule.NONE
    )
    created_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    # Signed by the chairman of the province, published by the reform office (R11).
    decision_number = models.CharField(
        _("quyết định phê duyệt số"), max_length=60, blank=True, default=""
    )
    decision_on = models.DateField(_("ngày quyết định"), null=True, blank=True)
    approved_by = models.ForeignKey(
        Officer, models.PROTECT, null=True, blank=True, related_name="+"
    )
    published_at = models.DateTimeField(_("công bố lúc"), null=True, blank=True)
    valid_from = models.DateField(_("áp dụng từ"), null=True, blank=True)
    valid_to = models.DateField(_("áp dụng đến"), null=True, blank=True)

    objects = InternalProcessQuerySet.as_manager()

    class Meta:
        verbose_name = _("quy trình nội bộ")
        verbose_name_plural = _("quy trình nội bộ")
        ordering = ["version", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "number"], name="internalprocess_number_once"
            ),
            models.UniqueConstraint(
                fields=["version", "case"],
                condition=Q(published_at__isnull=True),
                name="internalprocess_one_draft",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(published_at__isnull=True, valid_from__isnull=True)
                | Q(
                    published_at__isnull=False,
                    valid_from__isnull=False,
                    decision_on__isnull=False,
                    approved_by__isnull=False,
                )
                & ~Q(decision_number=""),
                name="internalprocess_published_with_decision",
                violation_error_message=_(
                    "Quy trình công bố phải có số, ngày quyết định và ngày áp dụng."
                ),
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True)
                | Q(valid_from__isnull=False, valid_to__gte=F("valid_from")),
                name="internalprocess_ends_after_it_starts",
            ),
        ]
        indexes = [
            models.Index(
                fields=["version", "valid_from"],
                name="internalprocess_in_force",
                condition=Q(published_at__isnull=False),
            )
        ]
        triggers = [
            # Of what is published only the last day may still be told, and only once.
            pgtrigger.Trigger(
                name="internalprocess_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__published_at__isnull=False),
                func="""
                    IF TG_OP = 'UPDATE' AND OLD.valid_to IS NULL
                       AND to_jsonb(NEW) - 'valid_to' = to_jsonb(OLD) - 'valid_to' THEN
                        RETURN NEW;
                    END IF;
                    RAISE EXCEPTION 'pgtrigger: a published process is never changed';
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.version_id}#{self.number}"

    @property
    def is_published(self) -> bool:
        return self.published_at is not None


_FROZEN = """
    IF EXISTS (
        SELECT 1 FROM procedures_internalprocess p
        WHERE p.published_at IS NOT NULL AND p.id IN ({ids})
    ) THEN
        RAISE EXCEPTION 'pgtrigger: the steps of a published process are never changed';
    END IF;
    RETURN COALESCE(NEW, OLD);
"""


class Step(models.Model):
    """Bước: what one role does in one unit, in how many working minutes, and what comes of it."""

    process = models.ForeignKey(InternalProcess, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(_("thứ tự"))
    code = models.CharField(
        _("mã bước"),
        max_length=12,
        validators=[
            RegexValidator(rf"^{STEP_CODE}$", _("Mã bước gồm chữ in không dấu và số, ví dụ TN."))
        ],
    )
    name = models.CharField(_("tên bước"), max_length=200)
    role = models.CharField(
        _("người làm"), max_length=20, choices=[(r.value, r.label) for r in STEP_ROLES]
    )
    unit = models.CharField(_("đơn vị"), max_length=8, choices=StepUnit, default=StepUnit.SETTLING)
    agency = models.ForeignKey(
        Agency,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("cơ quan nêu tên"),
    )
    # The state of the dossier in this step: a value of dossiers.workflow.State, which a lower app
    # cannot name; checked against it where the steps are published.
    state = models.CharField(_("trạng thái hồ sơ"), max_length=22)
    # Working minutes; null: as in person.
    minutes_in_person = models.PositiveIntegerField(_("thời gian, trực tiếp"), default=0)
    minutes_online = models.PositiveIntegerField(_("thời gian, trực tuyến"), null=True, blank=True)
    minutes_post = models.PositiveIntegerField(_("thời gian, bưu chính"), null=True, blank=True)
    input_paper = models.CharField(_("giấy tờ đầu vào"), max_length=300, blank=True, default="")
    output_paper = models.CharField(_("giấy tờ đầu ra"), max_length=300, blank=True, default="")
    may_pause = models.BooleanField(_("thời gian dừng không tính"), default=True)
    takes_fee = models.BooleanField(_("thu phí, lệ phí"), default=False)
    sign_type = models.CharField(
        _("loại chữ ký"), max_length=8, choices=SignType, default=SignType.NONE
    )

    class Meta:
        verbose_name = _("bước")
        verbose_name_plural = _("bước")
        ordering = ["process", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["process", "code"],
                name="step_code_once",
                violation_error_message=_("Mã bước này đã có."),
            ),
            models.CheckConstraint(
                condition=Q(unit="named", agency__isnull=False)
                | ~Q(unit="named") & Q(agency__isnull=True),
                name="step_agency_iff_named",
                violation_error_message=_("Hãy chọn cơ quan khi đơn vị là “cơ quan nêu tên”."),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="step_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func=_FROZEN.format(ids="COALESCE(NEW.process_id, OLD.process_id), OLD.process_id"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class StepBranch(models.Model):
    """Nhánh: which step may follow another, and when."""

    class Kind(models.TextChoices):
        FORWARD = "forward", _("đi tiếp")
        PARALLEL = "parallel", _("song song")
        # Back to an earlier step to do it again: its time is not allotted twice.
        REWORK = "rework", _("trả lại")

    step = models.ForeignKey(Step, models.CASCADE, related_name="branches")
    to = models.ForeignKey(Step, models.CASCADE, related_name="reached_from")
    kind = models.CharField(_("loại"), max_length=8, choices=Kind, default=Kind.FORWARD)
    condition = models.CharField(_("khi nào"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("nhánh")
        verbose_name_plural = _("nhánh")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["step", "to"], name="stepbranch_once"),
            models.CheckConstraint(condition=~Q(step=F("to")), name="stepbranch_between_two"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="stepbranch_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func=_FROZEN.format(
                    ids="(SELECT s.process_id FROM procedures_step s "
                    "WHERE s.id = COALESCE(NEW.step_id, OLD.step_id))"
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.step_id} → {self.to_id}"
