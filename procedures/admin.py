"""The catalogue in the administrator's hands: looked at, offered, hardly ever typed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from procedures.models import Offering, Procedure, ProcedureLink, ProcedureVersion, Sector


class OfferingInline(admin.StackedInline):  # type: ignore[type-arg] # not generic at run time
    model = Offering
    extra = 0
    raw_id_fields = ("competent_agency",)


class VersionInline(admin.TabularInline):  # type: ignore[type-arg] # not generic at run time
    """Versions to look at; what the province decides is edited on the version's own page."""

    model = ProcedureVersion
    extra = 0
    can_delete = False
    show_change_link = True
    fields = ("number", "valid_from", "valid_to", "decision", "promulgating_agency")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Procedure | None = None) -> bool:
        return False


@admin.register(Sector)
class SectorAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    list_display = ("name", "code")
    search_fields = ("name_fold", "name", "code")


@admin.register(Procedure)
class ProcedureAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    list_display = ("code", "name", "kind", "is_internal", "is_withdrawn")
    list_filter = ("is_internal", "is_withdrawn", "kind")
    search_fields = ("code", "name")
    fields = ("code", "name", "kind", "source_state", "is_internal", "is_withdrawn", "national_id")
    readonly_fields = ("code", "name", "kind", "source_state", "national_id")
    inlines = (OfferingInline, VersionInline)

    @admin.display(description=_("số hiệu trong Cơ sở dữ liệu quốc gia"))
    def national_id(self, procedure: Procedure) -> str:
        return str(procedure.source_id or "")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Procedure], search_term: str
    ) -> tuple[QuerySet[Procedure], bool]:
        """Search as everywhere else: by code or by words without marks."""
        if not search_term.strip():
            return queryset, False
        found = Procedure.objects.search(search_term).values("pk")
        return queryset.filter(pk__in=found.order_by()), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # import_procedures brings them in

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LinkInline(admin.TabularInline):  # type: ignore[type-arg] # not generic at run time
    """The parts of an interlinked procedure, in order (domain.md 6.4)."""

    model = ProcedureLink
    extra = 0
    raw_id_fields = ("procedure", "agency")


@admin.register(ProcedureVersion)
class ProcedureVersionAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """What the province decides about a version; the rest belongs to the national catalogue."""

    list_display = ("of_procedure", "number", "valid_from", "valid_to")
    list_select_related = ("procedure",)
    search_fields = ("procedure__code",)
    fields = (
        "of_procedure",
        "number",
        "name",
        "valid_from",
        "valid_to",
        "decision",
        "supplement_policy",
        "same_day_cutoff",
        "transfer_cutoff",
        "settles_at_once",
        "committed_value",
        "committed_unit",
        "committed_decision",
        "committed_from",
        "committed_until",
        "completion_days",
        "supplement_days",
        "payment_days",
        "longest_reply_days",
        "longest_suspension_days",
        "lapse_warning_days",
        "lapse_grace_days",
        "consultation_days",
        "collection_reminder_days",
        "supplement_decided_by",
        "further_supplement_decided_by",
        "apology_signed_by",
        "extension_cap_percent",
        "signs_after_payment",
        "withdrawal_refund",
        "system_of_record",
        "is_interlinked",
    )
    inlines = (LinkInline,)
    readonly_fields = ("of_procedure", "number", "name", "valid_from", "valid_to")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("thủ tục"), ordering="procedure__code")
    def of_procedure(self, version: ProcedureVersion) -> str:
        return str(version.procedure)
