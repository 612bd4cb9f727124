from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.personal_data import mask_number, unseal
from accounts.roles import Role
from agencies.models import Agency, Desk, Officer
from dossiers.models.base import DatabaseClock, local_day
from dossiers.workflow import (
    ENDED_STATES,
    PAUSED_STATES,
    Act,
    Facts,
    Standing,
    State,
    national_status,
)
from procedures.models import (
    Channel,
    LimitUnit,
    Procedure,
    ProcedureCase,
    ProcedureLink,
    ProcedureVersion,
    Sector,
)

if TYPE_CHECKING:
    from agencies.scope import Scope


class ResultChannel(models.TextChoices):
    """Hình thức trả: chosen apart from the channel of submission (domain.md 2.2)."""

    COUNTER = "counter", _("Tại quầy")
    ELECTRONIC = "electronic", _("Bản điện tử")
    POST = "post", _("Bưu chính công ích")


class OwnerKind(models.TextChoices):
    CITIZEN = "citizen", _("Cá nhân")
    ORGANISATION = "organisation", _("Tổ chức, doanh nghiệp")


class IdKind(models.TextChoices):
    """Loại giấy tờ: of the owner's identity number (domain.md 5.4, 5.5)."""

    PERSONAL_ID = "personal_id", _("Số định danh cá nhân")
    OLD_ID_CARD = "old_id_card", _("CMND 9 số")
    PASSPORT = "passport", _("Hộ chiếu")
    TAX_CODE = "tax_code", _("Mã số thuế")
    OTHER = "other", _("Giấy tờ khác")


class Entry(models.TextChoices):
    """How a dossier came in: as it happened, afterwards, from old books, or made for a demo."""

    LIVE = "live", _("Ghi ngay")
    LATE = "late", _("Nhập muộn")
    IMPORTED = "imported", _("Nhập từ hệ thống cũ")
    SEEDED = "seeded", _("Dữ liệu trình diễn")


class DossierQuerySet(models.QuerySet["Dossier"]):
    # Who may see

    def visible_to(self, scope: Scope) -> Self:
        """Return what an officer may see: where a role is held, or everything below a wide one."""
        if scope.sees_everything:
            return self
        if not scope.agency_ids and not scope.paths:
            return self.none()
        seen = Q()
        agencies = scope.agencies()
        for place in ("receiving_agency", "competent_agency", "holder_agency"):
            seen |= Q(**{f"{place}__in": agencies})
        # The supporting point helped to hand it in; whoever works on a part sees the chain.
        seen |= Q(supporting_agency__isnull=False, supporting_agency__in=agencies)
        seen |= Q(is_chain=True, part_agencies__overlap=sorted(scope.agency_ids))
        # Who is asked for an opinion sees what it is about, until it is given (T14).
        seen |= Q(state=State.CONSULTING, consulted_agencies__overlap=sorted(scope.agency_ids))
        return self.filter(seen)

    # Named questions

    def open(self) -> Self:
        """Return the received dossiers whose processing has not ended."""
        return self.filter(received_at__isnull=False, settled_at__isnull=True)

    def overdue(self, now: dt.datetime) -> Self:
        """Return the open ones past their due instant, not paused (domain.md 3.7, live board).

        A chain is overdue as soon as one of its parts is (domain.md 6.4).
        """
        late = Q(due_at__lt=now) | Q(part_due_at__lt=now)
        return self.open().filter(late, paused_at__isnull=True)

    def statutory_overdue(self, now: dt.datetime) -> Self:
        """Return the open ones past the law's own date, not paused (domain.md 3.10)."""
        return self.open().filter(due_statutory_at__lt=now, paused_at__isnull=True)

    def unanswered(self, now: dt.datetime) -> Self:
        """Return the submissions nobody answered within 8 working hours (domain.md 3.2)."""
        return self.filter(answer_by_at__lt=now)

    def with_public_code(self, code: str) -> Self:
        """Return the dossier by its code or, before acceptance, by its tracking code."""
        return self.filter(Q(code__iexact=code) | Q(tracking_code__iexact=code))

    # What a page needs

    def for_list(self) -> Self:
        return self.select_related(
            "procedure", "holder_agency", "holder_officer", "competent_agency"
        )

    def opened_now(self) -> Self:
        """Return them with `opened_at`, the database's clock, for the reading to be noted."""
        return self.annotate(opened_at=DatabaseClock())

    def with_correction(self) -> Self:
        """Annotate `is_being_corrected`, which the guard of the hand-over asks (T29)."""
        return self.annotate(is_being_corrected=Exists(open_corrections()))

    def for_page(self) -> Self:
        return self.with_correction().select_related(
            "procedure",
            "version",
            "case",
            "sector",
            "receiving_agency",
            "supporting_agency",
            "object_agency",
            "collecting_agency",
            "competent_agency",
            "holder_agency",
            "holder_officer",
            "created_by",
            "paper_file__agency",
            "paper_file__under_way",
        )


def open_corrections() -> models.QuerySet[Dossier]:
    """Return the dossiers that correct the result of the one of the outer query and have not ended."""
    # That it corrects one at all is said twice, so that no plan reads every open dossier for it.
    return Dossier.objects.filter(
        corrects__isnull=False, corrects=OuterRef("pk"), settled_at__isnull=True
    )


_ROLES = {role.value: role for role in Role}  # an enum looked up by value costs more than a dict


class Dossier(models.Model):
    """Hồ sơ: one applicant's request, from the counter to the result."""

    # Issued at acceptance and never again (domain.md 5.2).
    code = models.CharField(_("mã hồ sơ"), max_length=40, unique=True, null=True, blank=True)
    tracking_code = models.CharField(_("mã tra cứu"), max_length=16, unique=True)

    procedure = models.ForeignKey(Procedure, models.PROTECT, related_name="dossiers")
    version = models.ForeignKey(ProcedureVersion, models.PROTECT, related_name="dossiers")
    case = models.ForeignKey(
        ProcedureCase, models.PROTECT, null=True, blank=True, related_name="dossiers"
    )
    # The procedure's first sector on the day of receipt: what the official table counts under.
    sector = models.ForeignKey(Sector, models.PROTECT, null=True, blank=True, related_name="+")

    # Given by the national portal (G22.99-...): it is the code from the start, and no other is ever
    # issued (domain.md 5.2).
    national_code = models.CharField(
        _("mã trên cổng quốc gia"), max_length=40, blank=True, default="", db_default=""
    )

    # domain.md 6.4, liên thông: a chain has parts, each a dossier with its own clock and state.
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="parts", db_index=False
    )
    link = models.ForeignKey(
        ProcedureLink, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    is_chain = models.BooleanField(_("hồ sơ liên thông"), default=False, db_default=False)
    # Of a chain, kept by `services.chains` with every act on a part: how many parts are open, have
    # a result, ended without one and wait for a decision; who works on them and so may look.
    parts_open = models.PositiveSmallIntegerField(default=0, db_default=0)
    parts_settled = models.PositiveSmallIntegerField(default=0, db_default=0)
    parts_undecided = models.PositiveSmallIntegerField(default=0, db_default=0)
    part_agencies = ArrayField(models.IntegerField(), default=list, blank=True, db_default=[])
    # The earliest date of a part whose clock runs; of an ended chain, of a part that was late: the
    # chain is overdue, or late, as soon as one of its parts is.
    part_due_at = models.DateTimeField(null=True, blank=True)

    # domain.md 6.4: three places, the commune of the object, and who holds it now.
    receiving_agency = models.ForeignKey(Agency, models.PROTECT, related_name="received_dossiers")
    supporting_agency = models.ForeignKey(
        Agency, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    object_agency = models.ForeignKey(
        Agency, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    # Where the result is handed over, when not at the counter that received it.
    collecting_agency = models.ForeignKey(
        Agency, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    competent_agency = models.ForeignKey(Agency, models.PROTECT, related_name="settled_dossiers")
    holder_agency = models.ForeignKey(Agency, models.PROTECT, related_name="held_dossiers")
    holder_officer = models.ForeignKey(
        Officer, models.PROTECT, null=True, blank=True, related_name="held_dossiers"
    )
    desk = models.ForeignKey(Desk, models.PROTECT, null=True, blank=True, related_name="+")
    created_by = models.ForeignKey(Officer, models.PROTECT, null=True, blank=True, related_name="+")

    channel = models.CharField(_("kênh nộp"), max_length=10, choices=Channel)
    result_channel = models.CharField(
        _("nhận kết quả"), max_length=10, choices=ResultChannel, default=ResultChannel.COUNTER
    )

    # The owner stays the principal whoever hands the papers in. Numbers are sealed; digests find.
    owner_kind = models.CharField(_("loại chủ hồ sơ"), max_length=12, choices=OwnerKind)
    owner_name = models.CharField(_("chủ hồ sơ"), max_length=200)
    owner_search = SearchVectorField(null=True, editable=False)
    owner_id_kind = models.CharField(
        _("loại giấy tờ"), max_length=12, choices=IdKind, default=IdKind.PERSONAL_ID
    )
    owner_id_sealed = models.BinaryField(default=b"")
    owner_id_digest = models.BinaryField(max_length=16, default=b"", db_index=True)
    owner_phone_sealed = models.BinaryField(default=b"")
    owner_address_sealed = models.BinaryField(default=b"")
    owner_email_sealed = models.BinaryField(default=b"")
    representative_name = models.CharField(
        _("người được uỷ quyền"), max_length=200, blank=True, default=""
    )
    representative_id_sealed = models.BinaryField(default=b"")
    representative_phone_sealed = models.BinaryField(default=b"")
    # Keyed digests of the last four characters, bound to this dossier: the citizen's second fact.
    id_proof = models.BinaryField(max_length=16, default=b"")
    phone_proof = models.BinaryField(max_length=16, default=b"")

    summary = models.CharField(_("trích yếu"), max_length=1000, blank=True, default="")
    papers_vouched = models.BooleanField(_("cán bộ xác nhận đủ giấy tờ"), default=False)

    # The four axes (domain.md 2.1): none of the last three ever moves the first.
    state = models.CharField(_("trạng thái"), max_length=22, choices=State, default=State.DRAFT)
    previous_state = models.CharField(max_length=22, choices=State, blank=True, default="")
    payment_state = models.CharField(
        _("tài chính"),
        max_length=8,
        # dossiers.fees.Ledger.state; an exemption is no payment, nor is a sum called off.
        choices=[
            ("none", _("Không thu")),
            ("due", _("Chưa thu")),
            ("part", _("Thu một phần")),
            ("paid", _("Đã thu")),
            ("exempt", _("Được miễn, giảm")),
            ("refund", _("Chờ hoàn trả")),
            ("void", _("Thôi thu")),
        ],
        default="none",
    )
    delivery_state = models.CharField(
        _("giao nhận"),
        max_length=8,
        choices=[("none", _("Không")), ("due", _("Chờ giao")), ("done", _("Đã giao"))],
        default="none",
    )
    sync_state = models.CharField(
        _("đồng bộ"),
        max_length=8,
        choices=[("pending", _("Chờ gửi")), ("sent", _("Đã gửi")), ("failed", _("Lỗi"))],
        default="pending",
    )

    # The rules of the day of receipt (domain.md 0, decision).
    limit_value = models.DecimalField(
        _("thời hạn"), max_digits=9, decimal_places=3, null=True, blank=True
    )
    limit_unit = models.CharField(
        _("đơn vị"), max_length=12, choices=LimitUnit, default=LimitUnit.NONE
    )
    # domain.md 3.10: what the province committed to instead, shorter than the limit; blank: nothing.
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
    due_reason = models.CharField(
        _("lý do ngày hẹn do cán bộ ấn định"), max_length=500, blank=True, default=""
    )
    calendar_version = models.PositiveIntegerField(null=True, blank=True)

    # Instants beside their local days: a report must never depend on a session's time zone.
    submitted_at = models.DateTimeField(_("nộp lúc"), null=True, blank=True)
    received_at = models.DateTimeField(_("tiếp nhận lúc"), null=True, blank=True)
    received_on = models.DateField(_("ngày tiếp nhận"), null=True, blank=True)
    due_original_at = models.DateTimeField(_("hẹn trả ban đầu"), null=True, blank=True)
    due_at = models.DateTimeField(_("hẹn trả"), null=True, blank=True)
    due_on = models.DateField(_("ngày hẹn trả"), null=True, blank=True)
    # The law's own date, where the appointment is the committed one: the second, harsher flag.
    due_statutory_at = models.DateTimeField(_("hạn theo luật"), null=True, blank=True)
    # The date an apology promised (domain.md 3.7); it makes no late dossier on time.
    due_promised_at = models.DateTimeField(_("hẹn lại trong thư xin lỗi"), null=True, blank=True)
    # The intake timer, while it runs: 8 working hours to answer a submission (domain.md 3.2).
    answer_by_at = models.DateTimeField(_("trả lời trước"), null=True, blank=True)
    # The end of processing whatever its kind (NgayKetThucXuLy, domain.md 3.6): 9, 7 or 8.
    settled_at = models.DateTimeField(_("kết thúc xử lý lúc"), null=True, blank=True)
    settled_on = models.DateField(_("ngày kết thúc xử lý"), null=True, blank=True)
    returned_at = models.DateTimeField(_("trả kết quả lúc"), null=True, blank=True)
    returned_on = models.DateField(_("ngày trả kết quả"), null=True, blank=True)
    paused_at = models.DateTimeField(_("đồng hồ dừng từ"), null=True, blank=True)
    # A promise kept when the calendar changed: no limit gives it any more, and only the pauses after
    # `due_base_from` are added to it. Empty again as soon as the date is set anew.
    due_base_at = models.DateTimeField(_("ngày hẹn được giữ"), null=True, blank=True)
    due_base_from = models.DateTimeField(_("giữ từ lúc"), null=True, blank=True)
    # Until when the applicant's papers or payment are waited for, and when they were reminded.
    reply_by = models.DateField(_("hạn trả lời của người nộp"), null=True, blank=True)
    reminded_at = models.DateTimeField(_("nhắc lần cuối lúc"), null=True, blank=True)
    # Of the payment waited for: when the applicant got the last notice still unpaid (T21).
    notice_served_on = models.DateField(_("thông báo đã giao ngày"), null=True, blank=True)
    # Acts put before those who decide them, each with the role it was asked for in and the officers
    # behind it: {"stop": {"role": "specialist", "people": [12]}}. ActProposal's open rows say more.
    asked = models.JSONField(default=dict, blank=True, db_default={})
    # Agencies whose opinion is asked and not given yet: they see the dossier as long (T14, T15).
    consulted_agencies = ArrayField(models.IntegerField(), default=list, blank=True, db_default=[])
    # T36: the settled dossier whose result this one corrects; that one stays closed.
    corrects = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="corrections"
    )

    result_kind = models.CharField(
        _("kết quả"),
        max_length=8,
        choices=[("granted", _("Chấp thuận")), ("denied", _("Từ chối"))],
        blank=True,
        default="",
    )
    result_number = models.CharField(_("số kết quả"), max_length=60, blank=True, default="")

    supplement_count = models.PositiveSmallIntegerField(_("số lần yêu cầu bổ sung"), default=0)
    entry = models.CharField(_("cách nhập"), max_length=8, choices=Entry, default=Entry.LIVE)
    late_reason = models.CharField(_("lý do nhập muộn"), max_length=500, blank=True, default="")

    # The chain: how many events there are and the digest of the last, so a cut-off tail shows.
    event_count = models.PositiveIntegerField(_("phiên bản"), default=0)
    last_digest = models.BinaryField(max_length=32, default=b"")

    # Not a column: the database's clock when an act read the locked row (recording.locked_for_act).
    read_at: dt.datetime
    # Nor this: whether a dossier that corrects its result is open (`with_correction`).
    is_being_corrected = False

    objects = DossierQuerySet.as_manager()

    class Meta:
        verbose_name = _("hồ sơ")
        verbose_name_plural = _("hồ sơ")
        constraints = [
            models.CheckConstraint(
                condition=Q(received_at__isnull=True, received_on__isnull=True)
                | Q(received_at__isnull=False, received_on__isnull=False, code__isnull=False),
                name="dossier_code_iff_received",
                violation_error_message=_("Hồ sơ đã tiếp nhận phải có mã và ngày tiếp nhận."),
            ),
            models.CheckConstraint(
                condition=Q(due_at__isnull=True, due_on__isnull=True)
                | Q(due_at__isnull=False, due_on__isnull=False, received_at__isnull=False),
                name="dossier_due_only_when_received",
                violation_error_message=_("Chỉ hồ sơ đã tiếp nhận mới có ngày hẹn trả."),
            ),
            models.CheckConstraint(
                condition=Q(due_promised_at__isnull=True) | Q(due_at__isnull=False),
                name="dossier_promised_only_when_due",
                violation_error_message=_("Chỉ hồ sơ có ngày hẹn trả mới được hẹn lại."),
            ),
            models.CheckConstraint(
                condition=Q(answer_by_at__isnull=True) | Q(state="submitted"),
                name="dossier_answer_only_while_submitted",
                violation_error_message=_("Chỉ hồ sơ chờ tiếp nhận mới có hạn trả lời."),
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True, settled_on__isnull=True)
                | Q(
                    settled_at__isnull=False,
                    settled_on__isnull=False,
                    received_at__isnull=False,
                ),
                name="dossier_settled_only_when_received",
                violation_error_message=_("Chỉ hồ sơ đã tiếp nhận mới kết thúc xử lý."),
            ),
            models.CheckConstraint(
                condition=Q(returned_at__isnull=True)
                | Q(returned_at__isnull=False, settled_at__isnull=False),
                name="dossier_returned_only_when_settled",
                violation_error_message=_("Chỉ hồ sơ đã có kết quả mới được trả."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=sorted(ENDED_STATES), settled_at__isnull=False)
                # Cancelled before acceptance (T10): withdrawn, and nothing was ever settled.
                | Q(state=State.WITHDRAWN, received_at__isnull=True)
                | ~Q(state__in=sorted(ENDED_STATES)) & Q(settled_at__isnull=True),
                name="dossier_ended_iff_settled_at",
                violation_error_message=_("Trạng thái kết thúc phải có thời điểm kết thúc."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=sorted(PAUSED_STATES), paused_at__isnull=False)
                | ~Q(state__in=sorted(PAUSED_STATES)),
                name="dossier_paused_has_start",
                violation_error_message=_("Hồ sơ tạm dừng phải có thời điểm dừng."),
            ),
            models.CheckConstraint(
                condition=Q(parent__isnull=True, link__isnull=True)
                | Q(parent__isnull=False, link__isnull=False, is_chain=False),
                name="dossier_part_has_its_link",
                violation_error_message=_(
                    "Hồ sơ thành phần phải có thủ tục thành phần và không có thành phần riêng."
                ),
            ),
            # However often the acceptance is clicked, each part is made once.
            models.UniqueConstraint(
                fields=["parent", "link"],
                name="dossier_part_once",
                condition=Q(parent__isnull=False),
            ),
            # And so as unique as the code.
            models.CheckConstraint(
                condition=Q(national_code="")
                | Q(code__isnull=False, code=models.F("national_code")),
                name="dossier_keeps_its_national_code",
                violation_error_message=_("Hồ sơ từ cổng quốc gia giữ nguyên mã của cổng."),
            ),
        ]
        indexes = [
            models.Index(
                fields=["supporting_agency", "id"],
                name="dossier_supported",
                condition=Q(supporting_agency__isnull=False),
            ),
            models.Index(
                fields=["part_due_at", "id"],
                name="dossier_chain_by_part_due",
                condition=Q(part_due_at__isnull=False),
            ),
            GinIndex(
                fields=["part_agencies"], name="dossier_chain_parts", condition=Q(is_chain=True)
            ),
            # The board: overdue, due today, due soon of one agency, keyset-paged (measurements D).
            models.Index(
                fields=["competent_agency", "due_at", "id"],
                name="dossier_open_by_due",
                condition=Q(received_at__isnull=False, settled_at__isnull=True),
            ),
            models.Index(
                fields=["due_at", "id"],
                name="dossier_open_by_due_all",
                condition=Q(received_at__isnull=False, settled_at__isnull=True),
            ),
            # The inbox: what an agency or an officer holds now.
            models.Index(
                fields=["holder_agency", "state", "due_at", "id"],
                name="dossier_held",
                condition=~Q(state__in=["returned", "withdrawn", "stopped", "refused"]),
            ),
            # Whose papers go back without a result (dossiers.hand_overs.proposed).
            models.Index(
                fields=["settled_on"],
                name="dossier_ended_early",
                condition=Q(state__in=["withdrawn", "stopped"]),
            ),
            # What the applicant is waited for: reminders and lapses look here every day.
            models.Index(
                fields=["reply_by"],
                name="dossier_reply_by",
                condition=Q(reply_by__isnull=False),
            ),
            # What is put before those who decide it.
            models.Index(fields=["id"], name="dossier_asked", condition=~Q(asked={})),
            # What waits for an answer at a counter, the longest wait first.
            models.Index(
                fields=["receiving_agency", "answer_by_at"],
                name="dossier_unanswered",
                condition=Q(answer_by_at__isnull=False),
            ),
            # The official table: received and settled in a span of days.
            models.Index(fields=["received_on", "competent_agency"], name="dossier_by_received_on"),
            models.Index(fields=["settled_on", "competent_agency"], name="dossier_by_settled_on"),
            GinIndex(
                fields=["consulted_agencies"],
                name="dossier_consulted",
                condition=Q(state="consulting"),
            ),
            GinIndex(fields=["owner_search"], name="dossier_by_owner_words", fastupdate=True),
        ]

    def __str__(self) -> str:
        return self.public_code

    @property
    def public_code(self) -> str:
        """The code, or before acceptance the tracking code."""
        return self.code or self.tracking_code

    @property
    def clock_agency(self) -> Agency:
        """The agency by whose calendar the date runs: the counter's, of a part its own."""
        return self.competent_agency if self.parent_id else self.receiving_agency

    @property
    def collecting_place(self) -> Agency:
        """The counter where the result is handed over."""
        return self.collecting_agency or self.receiving_agency

    def judged_due_at(self, now: dt.datetime) -> dt.datetime | None:
        """Return the date a dossier is judged by: a chain's late part judges the chain."""
        if self.part_due_at is None:
            return self.due_at
        is_late = self.settled_at is not None or self.part_due_at < now
        return self.part_due_at if is_late else self.due_at

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None

    @property
    def owes(self) -> bool:
        """Whether something is still to be paid, whole or in part."""
        return self.payment_state in {"due", "part"}

    @property
    def due_told_at(self) -> dt.datetime | None:
        """The date the applicant reads: the later of the appointment and an apology's date.

        An apology only ever puts the date off (T24): where later pauses, a restart or another
        system moved the appointment beyond it, the appointment stands (domain.md 3.5, 3.7).
        """
        dates = [date for date in (self.due_at, self.due_promised_at) if date is not None]
        return max(dates, default=None)

    @property
    def is_open(self) -> bool:
        return self.received_at is not None and self.settled_at is None

    @property
    def national_status(self) -> int | None:
        # domain.md 2.3: 7 is sent only for what had been accepted.
        if self.state == State.WITHDRAWN and self.received_at is None:
            return None
        return national_status(self.state)

    @property
    def owner_id(self) -> str:
        return unseal(self.owner_id_sealed)

    @property
    def owner_id_masked(self) -> str:
        return mask_number(self.owner_id)

    @property
    def owner_phone(self) -> str:
        return unseal(self.owner_phone_sealed)

    @property
    def owner_phone_masked(self) -> str:
        return mask_number(self.owner_phone)

    @property
    def owner_address(self) -> str:
        return unseal(self.owner_address_sealed)

    @property
    def owner_email(self) -> str:
        return unseal(self.owner_email_sealed)

    @property
    def asked_acts(self) -> list[Act]:
        """What is put before those who decide it, in the order of the table."""
        return [act for act in Act if act in self.asked] if self.asked else []

    @property
    def facts(self) -> Facts:
        """What the guards ask; reads `version`, so select it with the dossier."""
        version = self.version
        return Facts(
            is_received=self.received_at is not None,
            settles_at_once=version.settles_at_once,
            supplement_rounds=self.supplement_count,
            fee_outstanding=self.owes,
            supplement_by=_ROLES[version.supplement_decided_by],
            further_supplement_by=_ROLES[version.further_supplement_decided_by],
            apology_by=_ROLES[version.apology_signed_by],
            signs_after_payment=version.signs_after_payment,
            is_tracked_only=bool(version.system_of_record),
            is_extended=self.due_promised_at is not None,
            reply_is_overdue=self.reply_by is not None and self.reply_is_overdue(),
            is_reminded=self._was_told(self.reminded_at and local_day(self.reminded_at)),
            is_notice_served=self._was_told(self.notice_served_on),
            is_being_corrected=self.is_being_corrected,
            open_consultations=len(self.consulted_agencies),
            asked=tuple((act, self.asked[act]["role"]) for act in self.asked),
            is_chain=self.is_chain,
            parts_open=self.parts_open,
            parts_settled=self.parts_settled,
            parts_undecided=self.parts_undecided,
        )

    def reply_is_overdue(self) -> bool:
        """Tell whether the applicant's time is over, with the grace of the procedure."""
        if self.reply_by is None:
            return False
        grace = dt.timedelta(days=self.version.lapse_grace_days)
        # Not `reply_by + grace`: a date typed as late as dates go has no day after it.
        return self.reply_by < timezone.localdate() - grace

    def _was_told(self, on: dt.date | None) -> bool:
        """Tell whether the applicant was told long enough ago for the version, before a lapse."""
        ahead = dt.timedelta(days=self.version.lapse_warning_days)
        return on is not None and timezone.localdate() - on >= ahead

    def standing_of(self, officer: Officer, today: dt.date) -> Standing:
        """Return the roles the officer holds at the holder and at the counter of this dossier."""
        return Standing(
            at_holder=officer.roles_in([self.holder_agency_id], today),
            at_counter=officer.roles_in([self.receiving_agency_id], today),
            at_competent=officer.roles_in([self.competent_agency_id], today),
            at_consulted=officer.roles_in(self.consulted_agencies, today)
            if self.consulted_agencies
            else frozenset(),
            in_province=self._roles_over(officer, today),
        )

    def _roles_over(self, officer: Officer, today: dt.date) -> frozenset[Role]:
        return frozenset(
            Role(role)
            for role, agency_id in officer.held_roles(today)
            if self.is_under(officer, role, agency_id, today)
        )

    def is_under(self, officer: Officer, role: str, agency_id: int, today: dt.date) -> bool:
        """Tell whether a role in an agency counts over the dossier, wherever it lies.

        R11 at the root of the province sees all, as in `agencies.scope`; R12 watches the centre that
        received the dossier (domain.md 2.1). Reads the officer's remembered roles.
        """
        if role == Role.REFORM_OFFICER:
            return agency_id in officer.roots(today)
        return role == Role.SUPERVISOR and agency_id == self.receiving_agency_id
