"""Dossiers in the admin: to look at, never to change; acts go through services alone.

An administrator has no right on dossier content (domain.md 2.1), so no person's name and no reason
is shown: only what is needed to tell where a dossier is stuck.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from dossiers.models import Dossier, DossierEvent, OutboxMessage, PaperSlip, VoidNumber


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
    fields = ["seq", "at", "recorded_at", "act", "to_state", "actor_role", "agency", "due_at"]
    ordering = ["seq"]

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).select_related("agency")


@admin.register(Dossier)
class DossierAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    list_display = ["public_code", "procedure_id", "state", "holder_agency", "due_on", "sync_state"]
    list_filter = ["state", "sync_state", "entry"]
    list_select_related = ["holder_agency"]
    search_fields = ["code", "tracking_code"]
    fields = [
        "code",
        "tracking_code",
        "procedure",
        "version",
        "state",
        "payment_state",
        "delivery_state",
        "sync_state",
        "receiving_agency",
        "competent_agency",
        "holder_agency",
        "submitted_at",
        "received_at",
        "due_original_at",
        "due_at",
        "settled_at",
        "returned_at",
        "entry",
        "event_count",
    ]
    inlines = [EventInline]


@admin.register(VoidNumber)
class VoidNumberAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    list_display = ["agency", "on", "number", "voided_by", "voided_at", "reason"]
    list_select_related = ["agency", "voided_by"]


@admin.register(PaperSlip)
class PaperSlipAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    list_display = ["kind", "form", "agency", "year", "number", "issued_at", "rendered_at"]
    list_filter = ["kind"]
    list_select_related = ["agency"]
    fields = ["kind", "form", "agency", "year", "number", "issued_at", "rendered_at"]


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    list_display = ["event_id", "payload_version", "created_at"]
    fields = ["payload_version", "created_at"]
