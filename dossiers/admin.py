"""Dossiers in the admin: to look at, never to change; acts go through services alone.

An administrator has no right on dossier content (domain.md 2.1, R10), so no person's name, no
reason and no tracking code (the half of what a citizen proves) is shown: only what is needed to
tell where a dossier is stuck.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from dossiers.models import (
    DayRoot,
    Dossier,
    DossierEvent,
    HistoryCheck,
    OutboxMessage,
    PaperSlip,
    SurveyQuestion,
    VoidNumber,
    VoidPaperNumber,
)

DOSSIER_FIELDS: tuple[str, ...] = (
    "code_or_number",
    "procedure_code",
    "version_number",
    "state",
    "payment_state",
    "delivery_state",
    "sync_state",
    "received_in",
    "settled_in",
    "holder",
    "submitted_at",
    "received_at",
    "due_original_at",
    "due_at",
    "settled_at",
    "returned_at",
    "entry",
    "event_count",
)
VOID_FIELDS: tuple[str, ...] = ("on", "number", "voided_in", "voider", "voided_at")
VOID_PAPER_FIELDS: tuple[str, ...] = (
    "kind", "year", "number", "voided_in", "voider", "voided_at", "reason",
)  # fmt: skip
SLIP_FIELDS: tuple[str, ...] = (
    "kind",
    "form",
    "issued_in",
    "year",
    "number",
    "issued_at",
    "printed_at",
)
ROOT_FIELDS: tuple[str, ...] = ("day", "event_count", "reading_count", "root_text", "made_at")
CHECK_FIELDS: tuple[str, ...] = (
    "at",
    "is_whole",
    "dossier_count",
    "event_count",
    "reading_count",
    "finding_count",
    "seconds",
)
FOUND_FIELDS: tuple[str, ...] = (*CHECK_FIELDS, "findings_text")
MESSAGE_FIELDS: tuple[str, ...] = ("message_version", "written_at")


def shown(name: str, label: Any) -> Any:
    """Return a column that shows a field whose model gives it no Vietnamese name."""

    @admin.display(description=label, ordering=name)
    def column(_admin: Any, row: Any) -> Any:
        return getattr(row, name)

    return column


class ReadOnly:
    """No adding, changing or deleting, whoever asks."""

    show_full_result_count = False

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False


class EventInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg] # not generic at run time
    model = DossierEvent
    fields = ["seq", "at", "recorded_at", "act", "to_state", "actor_role", "done_in", "due_at"]
    readonly_fields = ["done_in"]
    ordering = ["seq"]
    done_in = shown("agency", _("cơ quan"))

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).select_related("agency")


@admin.register(Dossier)
class DossierAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    list_display = ["code_or_number", "procedure_code", "state", "holder", "due_on", "sync_state"]
    list_filter = ["state", "sync_state", "entry"]
    list_select_related = ["holder_agency", "procedure"]
    search_fields = ["code"]
    actions = None  # the box before each row would be labelled with the tracking code
    fields = DOSSIER_FIELDS
    readonly_fields = DOSSIER_FIELDS
    inlines = [EventInline]

    version_number = shown("version", _("phiên bản thủ tục"))
    received_in = shown("receiving_agency", _("cơ quan tiếp nhận"))
    settled_in = shown("competent_agency", _("cơ quan giải quyết"))
    holder = shown("holder_agency", _("cơ quan đang giữ"))

    @admin.display(description=_("mã hồ sơ"), ordering="code")
    def code_or_number(self, dossier: Dossier) -> str:
        return dossier.code or f"#{dossier.pk}"

    @admin.display(description=_("thủ tục"), ordering="procedure__code")
    def procedure_code(self, dossier: Dossier) -> str:
        return dossier.procedure.code

    def get_object(self, request: Any, object_id: str, from_field: str | None = None) -> Any:
        """Return the dossier named by its code or number: titles would show the tracking code.

        Nothing here is ever saved.
        """
        dossier = super().get_object(request, object_id, from_field)
        if dossier is not None:
            dossier.code = self.code_or_number(dossier)
        return dossier


@admin.register(VoidNumber)
class VoidNumberAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    list_display = VOID_FIELDS
    list_select_related = ["agency", "voided_by"]
    fields = VOID_FIELDS
    readonly_fields = VOID_FIELDS
    voided_in = shown("agency", _("cơ quan"))
    voider = shown("voided_by", _("người bỏ"))


@admin.register(VoidPaperNumber)
class VoidPaperNumberAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    list_display = VOID_PAPER_FIELDS
    list_select_related = ["agency", "voided_by"]
    fields = VOID_PAPER_FIELDS
    readonly_fields = VOID_PAPER_FIELDS
    voided_in = shown("agency", _("cơ quan"))
    voider = shown("voided_by", _("người bỏ"))


@admin.register(PaperSlip)
class PaperSlipAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    list_display = SLIP_FIELDS
    list_filter = ["kind"]
    list_select_related = ["agency"]
    fields = SLIP_FIELDS
    readonly_fields = SLIP_FIELDS
    issued_in = shown("agency", _("cơ quan"))
    printed_at = shown("rendered_at", _("tạo bản PDF lúc"))


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    list_display = ["event_number", "message_version", "written_at"]
    fields = MESSAGE_FIELDS
    readonly_fields = MESSAGE_FIELDS
    event_number = shown("event_id", _("sự kiện"))
    message_version = shown("payload_version", _("phiên bản nội dung"))
    written_at = shown("created_at", _("ghi lúc"))


@admin.register(DayRoot)
class DayRootAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    list_display = ROOT_FIELDS
    fields = ROOT_FIELDS
    readonly_fields = ROOT_FIELDS

    @admin.display(description=_("gốc"))
    def root_text(self, row: DayRoot) -> str:
        return bytes(row.root).hex()


@admin.register(HistoryCheck)
class HistoryCheckAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    list_display = CHECK_FIELDS
    list_filter = ["is_whole"]
    fields = FOUND_FIELDS
    readonly_fields = FOUND_FIELDS

    @admin.display(description=_("phát hiện"))
    def findings_text(self, row: HistoryCheck) -> str:
        return "\n".join(row.findings)


@admin.register(SurveyQuestion)
class SurveyQuestionAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """What the survey slips ask: a question is closed and another asked, never reworded."""

    list_display = ("position", "code", "text", "only_with", "valid_from", "valid_to")
    list_display_links = ("text",)

    def get_readonly_fields(self, request: Any, obj: SurveyQuestion | None = None) -> list[str]:
        return ["code", "text", "only_with", "valid_from"] if obj else []

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False
