from __future__ import annotations

import datetime as dt
from typing import Any, Self

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import BooleanField, Case, F, Func, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Length
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.folding import fold
from accounts.roles import Role
from agencies.models import Agency
from procedures import process_models  # noqa: F401 - Django finds a model through this module
from procedures import search as typed_search

# domain.md 5.3: 5. and 6. are internal, -Xoa is withdrawn, 7 or 9 digits occur. The local suffix is
# stripped before a code becomes a key; -Xoa is not, since 1.014955 and 1.014955-Xoa both exist.
PROCEDURE_CODE = r"[1-6]\.\d{6,9}(-Xoa)?"


class Channel(models.TextChoices):
    """Kênh thực hiện: how a dossier is handed in; national numbers 1, 2, 3 (domain.md 2.2)."""

    IN_PERSON = "in_person", _("Trực tiếp")
    ONLINE = "online", _("Trực tuyến")
    POST = "post", _("Bưu chính công ích")


class LimitUnit(models.TextChoices):
    """Đơn vị thời hạn: the units of domain.md 3.1; `other` is kept as the source said it."""

    WORKING_HOUR = "working_hour", _("giờ làm việc")
    WORKING_DAY = "working_day", _("ngày làm việc")
    DAY = "day", _("ngày")
    MONTH = "month", _("tháng")
    SAME_DAY = "same_day", _("trong ngày")
    NONE = "none", _("không hẹn")
    OTHER = "other", _("khác")


class Decider(models.TextChoices):
    """Người quyết định: who decides an act that the law leaves open, and whoever stands above."""

    SPECIALIST = Role.SPECIALIST.value, Role.SPECIALIST.label
    HEAD = Role.HEAD.value, Role.HEAD.label
    SIGNER = Role.SIGNER.value, Role.SIGNER.label


class Authority(models.TextChoices):
    """Thẩm quyền: which agency settles, by the procedure and its object (domain.md 6.4)."""

    FIXED = "fixed", _("Cơ quan ấn định")
    OBJECT = "object", _("Cấp xã nơi có đối tượng")
    COUNTER = "counter", _("Cơ quan tiếp nhận")


class Sector(models.Model):
    """Lĩnh vực: the field of state work a procedure belongs to."""

    # The national catalogue names sectors; only the details carry codes such as G15-TP07.
    code = models.CharField(_("mã"), max_length=30, blank=True, default="")
    name = models.CharField(_("tên"), max_length=300, unique=True)
    source_id = models.CharField(max_length=40, blank=True, default="")
    name_fold = models.CharField(max_length=300, editable=False, default="")

    class Meta:
        verbose_name = _("lĩnh vực")
        verbose_name_plural = _("lĩnh vực")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        self.name_fold = fold(self.name)[:300]
        super().save(*args, **kwargs)  # type: ignore[arg-type]


class ProcedureQuerySet(models.QuerySet["Procedure"]):
    # Who may see

    def public(self) -> Self:
        """Return what citizens may see: neither internal nor withdrawn."""
        return self.filter(is_internal=False, is_withdrawn=False)

    # Named questions

    def search(self, query: str, *, today: dt.date | None = None) -> Self:
        """Return what a code or words without marks find, best first; blank finds everything.

        A whole code comes first, then what the province offers (on `today`, by default the local
        day), then names holding the words as typed, then shorter names. Each row is annotated
        with `is_offered`.
        """
        found = self.with_offered(today or timezone.localdate())
        typed = typed_search.understand(query)
        if typed.is_blank:
            # Some names begin with a stray ". " or "- ".
            by_name = Func(F("name_fold"), Value(" .,-*+\"'(“"), function="LTRIM")
            return found.order_by("-is_offered", by_name, "code").defer("search")
        if not typed.finds_anything:
            return found.none()
        matches = Q()
        if typed.code:
            matches |= Q(code__startswith=typed.code)
        if typed.tsquery:
            matches |= Q(search=SearchQuery(typed.tsquery, config="simple", search_type="raw"))
        tiers = []
        if typed.initials:
            as_initials = SearchQuery(typed.initials, config="simple", search_type="raw")
            tiers.append(When(search=as_initials, then=1))
        if typed.phrase:
            folded = fold(typed.phrase)
            if folded != typed.phrase:
                # "hộ" is not "hồ": typed with its marks, a word wants them. Two spellings instead
                # of icontains, because upper() of every match costs more than all the rest.
                as_typed = Q(name__contains=typed.phrase)
                as_typed |= Q(name__contains=typed.phrase[:1].upper() + typed.phrase[1:])
                tiers.append(When(as_typed, then=2))
            tiers.append(When(name_fold__contains=folded, then=3))
        order: list[Any] = ["-is_offered"]
        if typed.code:
            order.insert(0, Case(When(code=typed.code, then=0), default=1))
        if tiers:
            order.append(Case(*tiers, default=4, output_field=models.SmallIntegerField()))
        return found.filter(matches).order_by(*order, Length("name_fold"), "code").defer("search")

    def with_offered(self, today: dt.date) -> Self:
        """Annotate `is_offered`: whether the province takes the procedure in on the day."""
        offered = Q(offering__isnull=False, is_withdrawn=False)
        offered &= Q(offering__valid_from__isnull=True) | Q(offering__valid_from__lte=today)
        offered &= Q(offering__valid_to__isnull=True) | Q(offering__valid_to__gte=today)
        return self.annotate(
            is_offered=Case(When(offered, then=True), default=False, output_field=BooleanField())
        )

    def with_version(self, today: dt.date) -> Self:
        """Annotate `version_id_now`: the version in force on the day."""
        versions = ProcedureVersion.objects.filter(procedure=OuterRef("pk")).valid_on(today)
        return self.annotate(version_id_now=Subquery(versions.values("pk")[:1]))

    def offered_on(self, day: dt.date) -> Self:
        """Return what the province takes in on the day."""
        return self.filter(
            Q(offering__valid_from__isnull=True) | Q(offering__valid_from__lte=day),
            Q(offering__valid_to__isnull=True) | Q(offering__valid_to__gte=day),
            offering__isnull=False,
            is_withdrawn=False,
        )


class Procedure(models.Model):
    """Thủ tục hành chính: one entry of the national catalogue, keyed by its whole code."""

    code = models.CharField(
        _("mã thủ tục"),
        max_length=20,
        unique=True,
        validators=[RegexValidator(rf"^{PROCEDURE_CODE}$", _("Mã thủ tục có dạng 1.000948."))],
    )
    is_internal = models.BooleanField(_("thủ tục nội bộ"), default=False)
    is_withdrawn = models.BooleanField(_("đã bãi bỏ"), default=False)
    # Copied from the newest version so that search and lists need no join.
    name = models.CharField(_("tên"), max_length=1500)
    name_fold = models.TextField(editable=False, default="")
    search = SearchVectorField(null=True, editable=False)
    source_id = models.CharField(max_length=40, blank=True, default="")
    source_state = models.CharField(_("tình trạng ở nguồn"), max_length=20, blank=True, default="")
    kind = models.CharField(_("loại"), max_length=30, blank=True, default="")
    # Such a row gives way to another procedure whose code is written cleanly (procedures.importing).
    code_is_mended = models.BooleanField(
        _("mã đã phải sửa"), default=False, db_default=False, editable=False
    )

    # Annotations: with_offered(), search(); with_version().
    is_offered: bool
    version_id_now: int | None

    objects = ProcedureQuerySet.as_manager()

    class Meta:
        verbose_name = _("thủ tục hành chính")
        verbose_name_plural = _("thủ tục hành chính")
        ordering = ["code"]
        indexes = [
            GinIndex(fields=["search"], name="procedure_by_words"),
            models.Index(
                fields=["code"], name="procedure_by_code_start", opclasses=["varchar_pattern_ops"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.fold_name()
        fields = kwargs.get("update_fields")
        if fields is not None and "name" in fields:
            kwargs["update_fields"] = {*fields, "name_fold", "search"}
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("procedure-detail", args=[self.code])

    def fold_name(self) -> None:
        """Renew what search reads; whoever writes in bulk calls it before."""
        self.name_fold = fold(self.name)
        self.search = typed_search.vector(self.name)


class ProcedureVersionQuerySet(models.QuerySet["ProcedureVersion"]):
    def valid_on(self, day: dt.date) -> Self:
        """Return the versions in force on the day, newest first."""
        return self.filter(
            Q(valid_from__isnull=True) | Q(valid_from__lte=day),
            Q(valid_to__isnull=True) | Q(valid_to__gte=day),
        ).order_by("-number")


class ProcedureVersion(models.Model):
    """Phiên bản thủ tục: what the procedure said in a span of days; a dossier keeps its own."""

    class SupplementPolicy(models.TextChoices):
        # domain.md 3.5: two legal patterns exist.
        RESUME = "resume", _("Tính tiếp thời gian còn lại")
        RESTART = "restart", _("Tính lại từ đầu")

    class WithdrawalRefund(models.TextChoices):
        DECIDED = "decided", _("Người cho rút quyết định")
        ALL = "all", _("Hoàn toàn bộ")
        NONE = "none", _("Không hoàn")

    procedure = models.ForeignKey(Procedure, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("số"))
    valid_from = models.DateField(_("hiệu lực từ"), null=True, blank=True)
    valid_to = models.DateField(_("hiệu lực đến"), null=True, blank=True)
    decision = models.CharField(_("quyết định công bố"), max_length=200, blank=True, default="")

    # What the catalogue file owns (import_procedures writes each half from its own file).
    name = models.CharField(_("tên"), max_length=1500)
    sectors: models.ManyToManyField[Sector, ProcedureSector] = models.ManyToManyField(
        Sector, through="ProcedureSector", related_name="versions", verbose_name=_("lĩnh vực")
    )
    promulgating_agency = models.CharField(
        _("cơ quan ban hành"), max_length=300, blank=True, default=""
    )
    executing_agencies = models.JSONField(_("cơ quan thực hiện"), default=list, blank=True)
    targets = models.JSONField(_("đối tượng"), default=list, blank=True)
    source_state = models.CharField(
        _("tình trạng ở nguồn"), max_length=20, blank=True, default="", db_default=""
    )
    kind = models.CharField(_("loại"), max_length=30, blank=True, default="", db_default="")
    catalogue_digest = models.CharField(max_length=64, blank=True, default="", editable=False)

    # What the detail file owns.
    requirements = models.TextField(_("yêu cầu, điều kiện"), blank=True, default="")
    steps_text = models.JSONField(_("trình tự thực hiện"), default=list, blank=True)
    results = models.JSONField(_("kết quả"), default=list, blank=True)
    source = models.JSONField(_("nguồn"), default=dict, blank=True)
    detail_digest = models.CharField(max_length=64, blank=True, default="", editable=False)

    # What the province decides.
    supplement_policy = models.CharField(
        _("sau khi bổ sung"),
        max_length=8,
        choices=SupplementPolicy,
        default=SupplementPolicy.RESUME,
    )
    # domain.md 3.3: the second 15:00 rule belongs to same-day procedures alone.
    same_day_cutoff = models.TimeField(_("giờ chốt trong ngày"), default=dt.time(15, 0))
    settles_at_once = models.BooleanField(_("trả kết quả ngay"), default=False)
    # The first 15:00 rule, of handing over to the settling agency; null: as the province has it.
    transfer_cutoff = models.TimeField(_("giờ chốt chuyển hồ sơ"), null=True, blank=True)
    # domain.md 3.10: the time the province commits to, below the statutory one of case or channel.
    committed_value = models.DecimalField(
        _("thời hạn cam kết"), max_digits=9, decimal_places=3, null=True, blank=True
    )
    committed_unit = models.CharField(
        _("đơn vị thời hạn cam kết"),
        max_length=12,
        choices=LimitUnit,
        blank=True,
        default="",
        db_default="",
    )
    committed_decision = models.CharField(
        _("quyết định cắt giảm"), max_length=200, blank=True, default="", db_default=""
    )
    committed_from = models.DateField(_("cam kết từ ngày"), null=True, blank=True)
    committed_until = models.DateField(_("cam kết đến ngày"), null=True, blank=True)

    # What the law leaves open of the acts T01-T37 (domain.md 2.5), as decided for this procedure.
    completion_days = models.PositiveSmallIntegerField(
        _("hạn hoàn thiện trước tiếp nhận, ngày"), default=30, db_default=30
    )
    supplement_days = models.PositiveSmallIntegerField(
        _("hạn bổ sung, ngày"), default=30, db_default=30
    )
    payment_days = models.PositiveSmallIntegerField(
        _("hạn nộp tiền, ngày"), default=30, db_default=30
    )
    lapse_grace_days = models.PositiveSmallIntegerField(
        _("gia hạn trước khi coi là không trả lời, ngày"), default=3, db_default=3
    )
    consultation_days = models.PositiveSmallIntegerField(
        _("hạn trả lời lấy ý kiến, ngày làm việc"), default=3, db_default=3
    )
    collection_reminder_days = models.PositiveSmallIntegerField(
        _("nhắc đến nhận kết quả sau mỗi, ngày"), default=15, db_default=15
    )
    # The longest that may be asked for by hand. No source fixes either (domain.md 2.5: periods are
    # configured per procedure), so both are the province's to set.
    longest_reply_days = models.PositiveSmallIntegerField(
        _("hạn trả lời, hạn nộp xa nhất, ngày"), default=90, db_default=90
    )
    longest_suspension_days = models.PositiveSmallIntegerField(
        _("tạm dừng dự kiến lâu nhất, ngày"), default=365, db_default=365
    )
    # T18 "reminder sent", T21 "notice served": how long before the lapse is not said (domain.md
    # 2.5, not confirmed).
    lapse_warning_days = models.PositiveSmallIntegerField(
        _("nhắc, giao thông báo trước khi dừng ít nhất, ngày"), default=3, db_default=3
    )
    # T32 "refund rule per fee" (domain.md 2.5, not confirmed): until the province has decided for
    # the procedure, whoever grants the withdrawal does.
    withdrawal_refund = models.CharField(
        _("hoàn phí khi cho rút hồ sơ"),
        max_length=8,
        choices=WithdrawalRefund,
        default=WithdrawalRefund.DECIDED,
        db_default=WithdrawalRefund.DECIDED,
    )
    supplement_decided_by = models.CharField(
        _("yêu cầu bổ sung lần đầu do"),
        max_length=10,
        choices=Decider,
        default=Decider.SPECIALIST,
        db_default=Decider.SPECIALIST,
    )
    further_supplement_decided_by = models.CharField(
        _("yêu cầu bổ sung lần sau do"),
        max_length=10,
        choices=Decider,
        default=Decider.HEAD,
        db_default=Decider.HEAD,
    )
    apology_signed_by = models.CharField(
        _("văn bản xin lỗi do"),
        max_length=10,
        choices=[(d.value, d.label) for d in (Decider.HEAD, Decider.SIGNER)],
        default=Decider.SIGNER,
        db_default=Decider.SIGNER,
    )
    # domain.md 3.8: no general maximum; by default not longer than the original time.
    extension_cap_percent = models.PositiveSmallIntegerField(
        _("gia hạn tối đa, phần trăm thời hạn"), default=100, db_default=100
    )
    signs_after_payment = models.BooleanField(
        _("nộp tiền xong thì trình ký"), default=False, db_default=False
    )
    # domain.md 6.4: where a ministry's system settles it, the province only tracks.
    system_of_record = models.CharField(
        _("hệ thống giải quyết của bộ"),
        max_length=200,
        blank=True,
        default="",
        db_default="",
    )

    # domain.md 6.4: one request, several procedures in several agencies; the rows say which.
    is_interlinked = models.BooleanField(_("thủ tục liên thông"), default=False, db_default=False)

    objects = ProcedureVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("phiên bản thủ tục")
        verbose_name_plural = _("phiên bản thủ tục")
        ordering = ["procedure", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["procedure", "number"], name="procedureversion_number_once"
            ),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True)
                | Q(valid_to__isnull=True)
                | Q(valid_to__gte=F("valid_from")),
                name="procedureversion_ends_after_it_starts",
                violation_error_message=_("Ngày hết hiệu lực phải sau ngày có hiệu lực."),
            ),
            models.CheckConstraint(
                condition=Q(committed_unit="", committed_value__isnull=True)
                | Q(committed_value__gt=0, committed_value__isnull=False)
                & Q(committed_unit__in=["working_hour", "working_day", "day", "month"])
                & ~Q(committed_decision=""),
                name="procedureversion_commitment_is_whole",
                violation_error_message=_(
                    "Thời hạn cam kết phải có số, đơn vị và quyết định cắt giảm."
                ),
            ),
            models.CheckConstraint(
                condition=Q(committed_from__isnull=True)
                | Q(committed_until__isnull=True)
                | Q(committed_until__gte=F("committed_from")),
                name="procedureversion_commitment_ends_after_it_starts",
                violation_error_message=_("Ngày hết cam kết phải sau ngày bắt đầu."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.procedure_id} v{self.number}"


class ProcedureLink(models.Model):
    """Thủ tục thành phần: one of the procedures that an interlinked one stands for (domain.md 6.4).

    In the order of `position`; a part that starts after another waits for the result of the one
    right before it. A part never has parts of its own: they would not be made.
    """

    class Starts(models.TextChoices):
        AT_ONCE = "at_once", _("Ngay khi tiếp nhận")
        AFTER = "after", _("Sau kết quả của thủ tục trước")

    version = models.ForeignKey(ProcedureVersion, models.CASCADE, related_name="links")
    position = models.PositiveSmallIntegerField(_("thứ tự"))
    procedure = models.ForeignKey(
        Procedure, models.PROTECT, related_name="+", verbose_name=_("thủ tục")
    )
    starts = models.CharField(_("bắt đầu"), max_length=8, choices=Starts, default=Starts.AT_ONCE)
    authority = models.CharField(
        _("thẩm quyền"), max_length=8, choices=Authority, default=Authority.COUNTER
    )
    agency = models.ForeignKey(
        Agency,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("cơ quan ấn định"),
    )

    class Meta:
        verbose_name = _("thủ tục thành phần")
        verbose_name_plural = _("thủ tục thành phần")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "position"], name="procedurelink_once_per_position"
            ),
            models.CheckConstraint(
                condition=Q(authority=Authority.FIXED, agency__isnull=False)
                | ~Q(authority=Authority.FIXED) & Q(agency__isnull=True),
                name="procedurelink_agency_iff_fixed",
                violation_error_message=_("Chỉ nêu cơ quan khi thẩm quyền là ấn định."),
            ),
            models.CheckConstraint(
                condition=Q(position__gt=0) | Q(starts="at_once"),
                name="procedurelink_first_starts_at_once",
                violation_error_message=_("Thủ tục đầu (thứ tự 0) bắt đầu ngay khi tiếp nhận."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.procedure_id}"


class ProcedureSector(models.Model):
    """The sectors of a version in the order of the source: statistics count under the first."""

    version = models.ForeignKey(ProcedureVersion, models.CASCADE, related_name="sector_rows")
    sector = models.ForeignKey(Sector, models.PROTECT)
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "position"], name="proceduresector_once_per_position"
            ),
            models.UniqueConstraint(fields=["version", "sector"], name="proceduresector_once"),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.sector_id}"


class ProcedureCase(models.Model):
    """Trường hợp: a variant of a procedure with its own limit; keyed by code and position.

    A code may repeat within one procedure (national-portal-and-data.md 4.1), so it is not a key.
    """

    version = models.ForeignKey(ProcedureVersion, models.CASCADE, related_name="cases")
    position = models.PositiveSmallIntegerField(_("thứ tự"))
    code = models.CharField(_("mã trường hợp"), max_length=40)
    name = models.CharField(_("tên"), max_length=500, blank=True, default="")
    limit_value = models.DecimalField(
        _("thời hạn"), max_digits=9, decimal_places=3, null=True, blank=True
    )
    limit_unit = models.CharField(_("đơn vị"), max_length=12, choices=LimitUnit)
    limit_text = models.TextField(_("nguyên văn"), blank=True, default="")

    class Meta:
        verbose_name = _("trường hợp")
        verbose_name_plural = _("trường hợp")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "position"], name="procedurecase_once_per_position"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class ChannelLimit(models.Model):
    """Cách thức thực hiện: a channel with the time the agency commits to on it."""

    version = models.ForeignKey(ProcedureVersion, models.CASCADE, related_name="channel_limits")
    position = models.PositiveSmallIntegerField(_("thứ tự"))
    channel = models.CharField(_("kênh"), max_length=10, choices=Channel)
    limit_value = models.DecimalField(
        _("thời hạn"), max_digits=9, decimal_places=3, null=True, blank=True
    )
    limit_unit = models.CharField(_("đơn vị"), max_length=12, choices=LimitUnit)
    limit_text = models.TextField(_("nguyên văn"), blank=True, default="")
    note = models.TextField(_("ghi chú"), blank=True, default="")

    class Meta:
        verbose_name = _("cách thức thực hiện")
        verbose_name_plural = _("cách thức thực hiện")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "position"], name="channellimit_once_per_position"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.limit_value} {self.limit_unit}"


class Fee(models.Model):
    """Phí, lệ phí: what is due on a channel; an amount of null is told in words only."""

    channel_limit = models.ForeignKey(ChannelLimit, models.CASCADE, related_name="fees")
    position = models.PositiveSmallIntegerField(_("thứ tự"))
    kind = models.CharField(_("loại"), max_length=30, blank=True, default="")
    amount_vnd = models.DecimalField(
        _("số tiền (đồng)"), max_digits=15, decimal_places=2, null=True, blank=True
    )
    # A number that cannot be đồng (5, 90): other currencies occur in the source and go unnamed.
    amount_said = models.CharField(
        _("số tiền theo nguồn"), max_length=60, blank=True, default="", db_default=""
    )
    text = models.TextField(_("diễn giải"), blank=True, default="")

    class Meta:
        verbose_name = _("phí, lệ phí")
        verbose_name_plural = _("phí, lệ phí")
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.amount_vnd}"


class RequiredDocument(models.Model):
    """Thành phần hồ sơ: a paper the procedure asks for, in the group (case) the source puts it in."""

    version = models.ForeignKey(ProcedureVersion, models.CASCADE, related_name="required_documents")
    position = models.PositiveSmallIntegerField(_("thứ tự"))
    group = models.TextField(_("nhóm"), blank=True, default="")
    name = models.TextField(_("tên giấy tờ"))
    code = models.CharField(_("mã"), max_length=60, blank=True, default="")
    originals = models.PositiveSmallIntegerField(_("bản chính"), default=0)
    copies = models.PositiveSmallIntegerField(_("bản sao"), default=0)
    has_electronic_form = models.BooleanField(_("có biểu mẫu điện tử"), default=False)
    attachments = models.JSONField(_("mẫu đơn, tờ khai"), default=list, blank=True)

    class Meta:
        verbose_name = _("thành phần hồ sơ")
        verbose_name_plural = _("thành phần hồ sơ")
        ordering = ["position"]

    def __str__(self) -> str:
        return self.name[:80]


class LegalBasis(models.Model):
    """Căn cứ pháp lý: a text a version rests on."""

    version = models.ForeignKey(ProcedureVersion, models.CASCADE, related_name="legal_bases")
    position = models.PositiveSmallIntegerField(_("thứ tự"))
    code = models.CharField(_("số hiệu"), max_length=200, blank=True, default="")
    name = models.TextField(_("trích yếu"), blank=True, default="")

    class Meta:
        verbose_name = _("căn cứ pháp lý")
        verbose_name_plural = _("căn cứ pháp lý")
        ordering = ["position"]

    def __str__(self) -> str:
        return self.code


class Offering(models.Model):
    """Thủ tục tỉnh tiếp nhận: that the province takes a procedure in, and which agency settles it.

    Authority comes from here and from the place of the object, not from the counter (domain.md
    6.4): the competent agency named here; else the commune where the object is, when the offering
    follows it; else the agency of the receiving officer.
    """

    procedure = models.OneToOneField(Procedure, models.PROTECT, related_name="offering")
    competent_agency = models.ForeignKey(
        Agency,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="offerings",
        verbose_name=_("cơ quan giải quyết"),
    )
    # Land, birth, business seat: the commune of the object settles, wherever it is handed in.
    follows_object = models.BooleanField(
        _("cấp xã nơi có đối tượng giải quyết"), default=False, db_default=False
    )
    valid_from = models.DateField(_("từ ngày"), null=True, blank=True)
    valid_to = models.DateField(_("đến ngày"), null=True, blank=True)

    class Meta:
        verbose_name = _("thủ tục tỉnh tiếp nhận")
        verbose_name_plural = _("thủ tục tỉnh tiếp nhận")
        constraints = [
            models.CheckConstraint(
                condition=Q(follows_object=False) | Q(competent_agency__isnull=True),
                name="offering_follows_object_or_names_agency",
                violation_error_message=_(
                    "Đã nêu cơ quan giải quyết thì không theo nơi có đối tượng."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.procedure_id}"

    @property
    def authority(self) -> Authority:
        """By what the settling agency is found; runs no query."""
        if self.competent_agency_id is not None:
            return Authority.FIXED
        return Authority.OBJECT if self.follows_object else Authority.COUNTER
