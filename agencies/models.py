from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from accounts.folding import fold, sort_key
from accounts.roles import OFFICER_ROLES, Role

if TYPE_CHECKING:
    from collections.abc import Iterable

# QĐ 20/2020/QĐ-TTg, root to leaf; QCVN 102:2016, leaf to root (domain.md 5.1).
NEW_CODE = r"(H|G)\d{2}(\.\d{2,3}){0,3}"
OLD_CODE = r"\d{3}\.\d{2}\.\d{2}\.(H|G)\d{2}"
agency_code_validator = RegexValidator(
    rf"^({NEW_CODE}|{OLD_CODE})$",
    _("Mã định danh có dạng H01, H01.07, H01.151 hoặc 000.00.07.H01."),
)


class AdministrativeUnit(models.Model):
    """Đơn vị hành chính: a province or a commune, keyed by its GSO code and never by its name."""

    class Kind(models.TextChoices):
        PROVINCE = "province", _("Tỉnh, thành phố")
        COMMUNE = "commune", _("Xã, phường, đặc khu")

    code = models.CharField(_("mã"), max_length=5, unique=True)
    kind = models.CharField(_("loại"), max_length=10, choices=Kind)
    name = models.CharField(_("tên"), max_length=200)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("tỉnh"),
    )
    # A province merged away points to the one that took it over (2025: 63 became 34).
    successor_name = models.CharField(_("nhập vào"), max_length=200, blank=True, default="")
    valid_to = models.DateField(_("hết hiệu lực"), null=True, blank=True)
    name_sort = models.CharField(max_length=255, editable=False, db_index=True, default="")

    class Meta:
        verbose_name = _("đơn vị hành chính")
        verbose_name_plural = _("đơn vị hành chính")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        self.name_sort = sort_key(self.name)
        super().save(*args, **kwargs)  # type: ignore[arg-type]


class Calendar(models.Model):
    """Lịch làm việc: working windows, rest days, days off and swapped days, counter days.

    Law is data: each day carries the announcement it comes from (domain.md 3.9). `version` grows
    with each change, so that a promise can name the calendar it was made by.
    """

    name = models.CharField(_("tên"), max_length=100, unique=True)
    version = models.PositiveIntegerField(_("phiên bản"), default=1)
    loaded_from = models.DateField(_("có dữ liệu từ"), default=dt.date(2019, 1, 1))
    loaded_until = models.DateField(_("có dữ liệu đến"))
    # Years loaded by rule whose swaps nobody has announced: promises in them are provisional.
    unannounced_years = models.JSONField(_("năm chưa công bố"), default=list, blank=True)
    # ISO weekdays less one (Monday 0): the weekly rest, and the rest days on which counters open.
    rest_weekdays = models.JSONField(_("ngày nghỉ hằng tuần"), default=list)
    counter_weekdays = models.JSONField(_("ngày nghỉ có trực quầy"), default=list)

    class Meta:
        verbose_name = _("lịch làm việc")
        verbose_name_plural = _("lịch làm việc")

    def __str__(self) -> str:
        return self.name


class WorkingWindow(models.Model):
    """Khung giờ làm việc: one stretch of work of a season; a season runs to the start of the next.

    Summer and winter hours are decided anew: of the decisions valid on a day the latest counts, and
    a later one moves no day before it (working_time.Season).
    """

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="windows")
    season_month = models.PositiveSmallIntegerField(_("từ tháng"), default=1)
    season_day = models.PositiveSmallIntegerField(_("từ ngày"), default=1)
    opens = models.TimeField(_("mở"))
    closes = models.TimeField(_("đóng"))
    valid_from = models.DateField(_("hiệu lực từ"), null=True, blank=True)
    valid_until = models.DateField(_("hiệu lực đến"), null=True, blank=True)

    class Meta:
        verbose_name = _("khung giờ làm việc")
        verbose_name_plural = _("khung giờ làm việc")
        ordering = ["season_month", "season_day", "opens"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")),
                name="workingwindow_closes_after_opening",
                violation_error_message=_("Giờ đóng phải sau giờ mở."),
            ),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True)
                | Q(valid_until__isnull=True)
                | Q(valid_until__gte=F("valid_from")),
                name="workingwindow_ends_after_it_starts",
                violation_error_message=_("Ngày hết hiệu lực phải sau ngày có hiệu lực."),
            ),
            # Two, each an index of its own kind, so that neither locks the table to be added.
            models.UniqueConstraint(
                fields=["calendar", "season_month", "season_day", "opens"],
                condition=Q(valid_from__isnull=True),
                name="workingwindow_once_undated",
            ),
            models.UniqueConstraint(
                fields=["calendar", "season_month", "season_day", "opens", "valid_from"],
                condition=Q(valid_from__isnull=False),
                name="workingwindow_once_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"


class CalendarDay(models.Model):
    """Ngày đặc biệt: a holiday, a weekday swapped off, or a make-up working day."""

    class Kind(models.TextChoices):
        HOLIDAY = "holiday", _("Nghỉ lễ, tết")
        SWAPPED_OFF = "swapped_off", _("Nghỉ hoán đổi")
        MAKE_UP = "make_up", _("Làm bù")

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="days")
    on = models.DateField(_("ngày"))
    kind = models.CharField(_("loại"), max_length=12, choices=Kind)
    name = models.CharField(_("tên"), max_length=200)
    source = models.CharField(_("căn cứ"), max_length=300)

    class Meta:
        verbose_name = _("ngày đặc biệt")
        verbose_name_plural = _("ngày đặc biệt")
        ordering = ["on"]
        constraints = [
            models.UniqueConstraint(fields=["calendar", "on"], name="calendarday_once_per_day"),
        ]

    def __str__(self) -> str:
        return f"{self.on:%d/%m/%Y} {self.name}"


class AgencyQuerySet(models.QuerySet["Agency"]):
    def at_or_below(self, agency: Agency) -> Self:
        """Return the agency and everything under it."""
        return self.filter(path__startswith=agency.path)

    def with_code(self, code: str) -> Self:
        """Return the agency that bears or ever bore the code, in either form."""
        return self.filter(codes__code__iexact=code.strip())

    def valid_on(self, day: dt.date) -> Self:
        return self.filter(
            Q(valid_from__isnull=True) | Q(valid_from__lte=day),
            Q(valid_to__isnull=True) | Q(valid_to__gte=day),
        )

    def with_a(self, role: Role, today: dt.date) -> Self:
        """Return those in which somebody holds a role on the day: without one nobody delegates it."""
        held = OfficerRole.objects.on(today).filter(role=role, officer__user__is_active=True)
        return self.filter(pk__in=held.values("agency"))


class Agency(models.Model):
    """Cơ quan: a body of the tree that receives, settles or supervises (domain.md 5.1)."""

    class Level(models.TextChoices):
        PROVINCE = "province", _("Cấp tỉnh")
        COMMUNE = "commune", _("Cấp xã")
        DISTRICT = "district", _("Cấp huyện (trước 01/07/2025)")
        VERTICAL = "vertical", _("Ngành dọc")

    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("cơ quan cấp trên"),
    )
    # The present code, new form; every code ever borne stands in AgencyCode.
    code = models.CharField(
        _("mã định danh"), max_length=20, unique=True, validators=[agency_code_validator]
    )
    name = models.CharField(_("tên"), max_length=250)
    short_name = models.CharField(_("tên ngắn"), max_length=100, blank=True, default="")
    level = models.CharField(_("cấp"), max_length=10, choices=Level)
    is_desk_host = models.BooleanField(_("có bộ phận một cửa"), default=False)
    address = models.CharField(_("địa chỉ"), max_length=300, blank=True, default="")
    phone = models.CharField(_("điện thoại"), max_length=30, blank=True, default="")
    unit = models.ForeignKey(
        AdministrativeUnit, models.PROTECT, null=True, blank=True, verbose_name=_("địa bàn")
    )
    calendar = models.ForeignKey(
        Calendar, models.PROTECT, null=True, blank=True, verbose_name=_("lịch làm việc riêng")
    )
    valid_from = models.DateField(_("hoạt động từ"), null=True, blank=True)
    valid_to = models.DateField(_("hoạt động đến"), null=True, blank=True)
    # The way from the root in fixed-width ids, so that "at or below" is one indexed prefix.
    path = models.CharField(max_length=400, editable=False, default="", db_index=True)
    name_sort = models.CharField(max_length=255, editable=False, default="")

    objects = AgencyQuerySet.as_manager()

    class Meta:
        verbose_name = _("cơ quan")
        verbose_name_plural = _("cơ quan")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True)
                | Q(valid_to__isnull=True)
                | Q(valid_to__gte=F("valid_from")),
                name="agency_ends_after_it_starts",
                violation_error_message=_("Ngày kết thúc phải sau ngày bắt đầu."),
            ),
        ]
        indexes = [
            models.Index(fields=["path"], name="agency_by_path", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        self.name_sort = sort_key(self.name)
        with transaction.atomic():
            super().save(*args, **kwargs)  # type: ignore[arg-type]
            self._find_path()

    @property
    def label(self) -> str:
        """The short name where there is one."""
        return self.short_name or self.name

    def successors(self, today: dt.date) -> AgencyQuerySet:
        """Return who goes on with the agency's dossiers since it ended, and who after them."""
        return Agency.objects.filter(
            pk__in=RawSQL(
                "WITH RECURSIVE after (id) AS ("
                " SELECT successor_id FROM agencies_succession"
                ' WHERE predecessor_id = %s AND "on" <= %s'
                " UNION SELECT s.successor_id FROM agencies_succession s"
                ' JOIN after a ON s.predecessor_id = a.id WHERE s."on" <= %s'
                ") SELECT id FROM after",
                [self.pk, today, today],
            )
        )

    def _find_path(self) -> None:
        """Write the way from the root; with a new parent the whole branch moves along."""
        above = self.parent.path if self.parent else ""
        path = f"{above}{self.pk:06d}."
        if path == self.path:
            return
        if self.path.endswith(f"{self.pk:06d}.") and path.startswith(self.path):
            raise ValueError("an agency cannot stand below itself")
        branch = list(Agency.objects.filter(path__startswith=self.path)) if self.path else []
        for below in branch:
            below_path = path + below.path[len(self.path) :]
            Agency.objects.filter(pk=below.pk).update(path=below_path)
        Agency.objects.filter(pk=self.pk).update(path=path)
        self.path = path


class AgencyCode(models.Model):
    """Mã định danh: a code that an agency bears or bore, with its days; old dossiers keep old codes."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="codes")
    code = models.CharField(_("mã"), max_length=20, validators=[agency_code_validator])
    valid_from = models.DateField(_("từ ngày"), null=True, blank=True)
    valid_to = models.DateField(_("đến ngày"), null=True, blank=True)

    class Meta:
        verbose_name = _("mã định danh")
        verbose_name_plural = _("mã định danh")
        constraints = [
            models.UniqueConstraint(fields=["code", "agency"], name="agencycode_once_per_agency"),
        ]
        indexes = [models.Index(fields=["code"], name="agencycode_by_code")]

    def __str__(self) -> str:
        return self.code


class Succession(models.Model):
    """Kế thừa: an agency that ended and the one that took over its open dossiers."""

    predecessor = models.ForeignKey(Agency, models.PROTECT, related_name="successions")
    successor = models.ForeignKey(Agency, models.PROTECT, related_name="precedents")
    on = models.DateField(_("từ ngày"))
    source = models.CharField(_("căn cứ"), max_length=300)

    class Meta:
        verbose_name = _("kế thừa")
        verbose_name_plural = _("kế thừa")
        constraints = [
            models.UniqueConstraint(fields=["predecessor", "successor"], name="succession_once"),
            models.CheckConstraint(
                condition=~Q(predecessor=F("successor")), name="succession_between_two"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.predecessor} → {self.successor}"


class Desk(models.Model):
    """Bộ phận Một cửa, Trung tâm Phục vụ hành chính công: where dossiers are handed in."""

    class Kind(models.TextChoices):
        PROVINCE = "province", _("Trung tâm cấp tỉnh")
        COMMUNE = "commune", _("Trung tâm cấp xã")

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="desks")
    kind = models.CharField(_("cấp"), max_length=10, choices=Kind)
    name = models.CharField(_("tên"), max_length=200)
    address = models.CharField(_("địa chỉ"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("bộ phận một cửa")
        verbose_name_plural = _("bộ phận một cửa")
        constraints = [
            models.UniqueConstraint(fields=["agency", "name"], name="desk_name_once_per_agency")
        ]

    def __str__(self) -> str:
        return self.name


class OfficerQuerySet(models.QuerySet["Officer"]):
    def working_in(self, agency: Agency, today: dt.date, role: Role | None = None) -> Self:
        """Return who holds a role, or this one, in the agency on the day, be it by delegation.

        Of an agency that ended, in those that took over its dossiers (domain.md 6.4).
        """
        named = {"role": role} if role else {}
        own = OfficerRole.objects.on(today).filter(
            Q(agency=agency) | Q(agency__in=agency.successors(today)), **named
        )
        given = own.delegated_on(today)
        return self.filter(
            Q(pk__in=own.values("officer"))
            | Q(pk__in=given.values("officer__delegations_given__delegate")),
            user__is_active=True,
        )


class Officer(models.Model):
    """Cán bộ, công chức: a person of the administration; roles are held in agencies, with dates."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="officer")
    full_name = models.CharField(_("họ và tên"), max_length=200)
    title = models.CharField(_("chức danh"), max_length=150, blank=True, default="")
    phone = models.CharField(_("điện thoại"), max_length=30, blank=True, default="")
    # Where the officer works day to day: the desk of the receptionist, the unit of the specialist.
    agency = models.ForeignKey(
        Agency, models.PROTECT, related_name="officers", verbose_name=_("cơ quan")
    )
    desk = models.ForeignKey(
        Desk,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="officers",
        verbose_name=_("bộ phận một cửa"),
    )
    name_sort = models.CharField(max_length=255, editable=False, default="")
    name_fold = models.CharField(max_length=255, editable=False, default="")

    objects = OfficerQuerySet.as_manager()

    class Meta:
        verbose_name = _("cán bộ")
        verbose_name_plural = _("cán bộ")
        ordering = ["name_sort"]

    def __str__(self) -> str:
        return self.full_name

    def save(self, *args: object, **kwargs: object) -> None:
        self.name_sort = sort_key(self.full_name)
        self.name_fold = fold(self.full_name)[:255]
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def held_roles(self, today: dt.date) -> list[tuple[str, int]]:
        """Return (role, agency id) pairs held on the day, delegated ones too.

        A role in an agency is held in those too whose dossiers it took over when they ended: their
        dossiers keep their agency, and the successor works on them (domain.md 6.4). Runs one query,
        remembered.
        """
        remembered: dict[dt.date, list[tuple[str, int]]] = self.__dict__.setdefault(
            "_held_roles", {}
        )
        if today not in remembered:
            rows = OfficerRole.objects.held_by(today, officer=self.pk).select_related("agency")
            self.remember_roles(today, rows)
        return remembered[today]

    def remember_roles(self, today: dt.date, rows: Iterable[OfficerRole]) -> None:
        """Keep the rows of `OfficerRoleQuerySet.held_by`, with their agency, for the day: own first."""
        own: dict[tuple[str, int], None] = {}
        givers: dict[tuple[str, int], list[int]] = {}
        roots: set[int] = set()
        for row in rows:
            if row.agency.parent_id is None:
                roots.add(row.agency_id)
            for agency_id in (row.agency_id, *row.taken_over):
                key = (row.role, agency_id)
                if row.officer_id == self.pk:
                    own[key] = None
                else:
                    givers.setdefault(key, []).append(row.officer_id)
        self.__dict__.setdefault("_held_roles", {})[today] = [
            *own,
            *(key for key in givers if key not in own),
        ]
        self.__dict__.setdefault("_given_roles", {})[today] = givers
        self.__dict__.setdefault("_own_roles", {})[today] = frozenset(own)
        self.__dict__.setdefault("_roots", {})[today] = frozenset(roots)

    def own_roles(self, today: dt.date) -> frozenset[tuple[str, int]]:
        """Return the pairs held on the day without anybody's delegation; shares that query."""
        self.held_roles(today)
        own: frozenset[tuple[str, int]] = self.__dict__["_own_roles"][today]
        return own

    def roots(self, today: dt.date) -> frozenset[int]:
        """Return the agencies above all others in which a role is held on the day; shares that query.

        What is done over the whole province is done from there (domain.md 2.1, R11).
        """
        self.held_roles(today)
        found: frozenset[int] = self.__dict__["_roots"][today]
        return found

    def stands_for(self, role: Role, agency_id: int, today: dt.date) -> list[int]:
        """Return the ids of those who delegated the role in the agency to this officer.

        Shares the query of `held_roles`.
        """
        self.held_roles(today)
        givers: dict[tuple[str, int], list[int]] = self.__dict__["_given_roles"][today]
        return givers.get((role.value, agency_id), [])

    def roles_in(self, agency_ids: Iterable[int], today: dt.date) -> frozenset[Role]:
        """Return the roles held on the day in any of the agencies. Runs one query, remembered."""
        wanted = set(agency_ids)
        return frozenset(
            Role(role) for role, agency_id in self.held_roles(today) if agency_id in wanted
        )


class OfficerRoleQuerySet(models.QuerySet["OfficerRole"]):
    def on(self, today: dt.date) -> Self:
        """Return the roles held on the day."""
        return self.filter(
            Q(valid_from__isnull=True) | Q(valid_from__lte=today),
            Q(valid_to__isnull=True) | Q(valid_to__gte=today),
        )

    def delegated_on(self, today: dt.date, **delegate: Any) -> Self:
        """Return the roles that their holders have delegated on the day.

        The keywords are look-ups of Delegation that say to whom. It is the holder's own role that counts: who loses
        it or is locked out has nothing to delegate, and what was delegated goes no further.
        """
        # In one filter(): role, agency, days and delegate must be those of one and the same row.
        given: dict[str, Any] = {
            "agency": F("agency"),
            "roles__contains": [F("role")],
            "valid_from__lte": today,
            "valid_to__gte": today,
            "revoked_at__isnull": True,
            **delegate,
        }
        return self.on(today).filter(
            officer__user__is_active=True,
            **{f"officer__delegations_given__{name}": value for name, value in given.items()},
        )

    def held_by(
        self, today: dt.date, *, officer: int | None = None, user: int | None = None
    ) -> Self:
        """Return the roles somebody holds on the day, by themselves or for who delegated them.

        They are named by their id or by that of their account.
        """
        whom = {"": officer} if officer is not None else {"__user": user}
        every = OfficerRole.objects.on(today)
        own = every.filter(**{f"officer{name}": pk for name, pk in whom.items()}).values("pk")
        given = every.delegated_on(
            today, **{f"delegate{name}": pk for name, pk in whom.items()}
        ).values("pk")
        # A union of two searches by index; one condition with OR would read every role there is.
        return self.filter(pk__in=own.union(given)).with_taken_over(today)

    def with_taken_over(self, today: dt.date) -> Self:
        """Annotate `taken_over`: the ended agencies whose dossiers the role's own took over."""
        return self.annotate(
            taken_over=RawSQL(
                "ARRAY(WITH RECURSIVE before (id) AS ("
                " SELECT predecessor_id FROM agencies_succession"
                ' WHERE successor_id = agencies_officerrole.agency_id AND "on" <= %s'
                " UNION SELECT s.predecessor_id FROM agencies_succession s"
                ' JOIN before b ON s.successor_id = b.id WHERE s."on" <= %s'
                ") SELECT id FROM before ORDER BY id)",
                [today, today],
                output_field=ArrayField(models.IntegerField()),
            )
        )


class OfficerRole(models.Model):
    """Vai trò: what an officer may do, where and when; several in several agencies at once."""

    officer = models.ForeignKey(Officer, models.CASCADE, related_name="roles")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="role_holders")
    role = models.CharField(
        _("vai trò"),
        max_length=20,
        choices=[(r.value, r.label) for r in Role if r in OFFICER_ROLES],
    )
    valid_from = models.DateField(_("từ ngày"), null=True, blank=True)
    valid_to = models.DateField(_("đến ngày"), null=True, blank=True)

    taken_over: list[int]  # annotation: with_taken_over()

    objects = OfficerRoleQuerySet.as_manager()

    class Meta:
        verbose_name = _("vai trò")
        verbose_name_plural = _("vai trò")
        constraints = [
            models.UniqueConstraint(
                fields=["officer", "agency", "role", "valid_from"],
                name="officerrole_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True)
                | Q(valid_to__isnull=True)
                | Q(valid_to__gte=F("valid_from")),
                name="officerrole_ends_after_it_starts",
                violation_error_message=_("Ngày kết thúc phải sau ngày bắt đầu."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} · {self.agency_id}"


class Delegation(models.Model):
    """Uỷ quyền: an officer's roles in an agency given to a colleague from day to day.

    Who acts by it is named in every event with the one they act for. It ends by itself, or is
    revoked from a moment on; nothing of it is ever changed or deleted.
    """

    giver = models.ForeignKey(
        Officer,
        models.PROTECT,
        related_name="delegations_given",
        verbose_name=_("người uỷ quyền"),
    )
    delegate = models.ForeignKey(
        Officer,
        models.PROTECT,
        related_name="delegations_taken",
        verbose_name=_("người được uỷ quyền"),
    )
    agency = models.ForeignKey(
        Agency, models.PROTECT, related_name="delegations", verbose_name=_("cơ quan")
    )
    roles = ArrayField(
        models.CharField(max_length=20, choices=[(r.value, r.label) for r in Role]),
        verbose_name=_("vai trò"),
    )
    valid_from = models.DateField(_("từ ngày"))
    valid_to = models.DateField(_("đến ngày"))
    document_number = models.CharField(_("văn bản số"), max_length=60)
    reason = models.CharField(_("lý do"), max_length=500)
    created_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("lập lúc"))
    revoked_at = models.DateTimeField(_("thu hồi lúc"), null=True, blank=True)
    revoked_by = models.ForeignKey(Officer, models.PROTECT, null=True, blank=True, related_name="+")
    revoke_reason = models.CharField(_("lý do thu hồi"), max_length=500, blank=True, default="")

    class Meta:
        verbose_name = _("uỷ quyền")
        verbose_name_plural = _("uỷ quyền")
        ordering = ["-valid_from", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__gte=F("valid_from")),
                name="delegation_ends_after_it_starts",
                violation_error_message=_("Ngày kết thúc phải sau ngày bắt đầu."),
            ),
            models.CheckConstraint(
                condition=~Q(giver=F("delegate")),
                name="delegation_between_two",
                violation_error_message=_("Không uỷ quyền cho chính mình."),
            ),
            models.CheckConstraint(
                condition=~Q(roles__contains=[Role.ADMINISTRATOR.value]) & ~Q(roles=[]),
                name="delegation_never_of_the_system",
                violation_error_message=_("Vai trò quản trị hệ thống không được uỷ quyền."),
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="delegation_revoked_by_somebody",
            ),
        ]
        indexes = [
            models.Index(
                fields=["delegate", "valid_to"],
                name="delegation_taken",
                condition=Q(revoked_at__isnull=True),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="delegation_no_delete", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="delegation_only_revoked_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__revoked_at__isnull=False),
            ),
            pgtrigger.ReadOnly(
                name="delegation_as_given",
                fields=[
                    "giver",
                    "delegate",
                    "agency",
                    "roles",
                    "valid_from",
                    "valid_to",
                    "document_number",
                    "reason",
                    "created_by",
                    "created_at",
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.giver_id} → {self.delegate_id} {self.valid_from}"

    def runs_on(self, day: dt.date) -> bool:
        """Tell whether it is in force on the day."""
        return self.revoked_at is None and self.valid_from <= day <= self.valid_to
