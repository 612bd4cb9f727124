"""The tree of agencies, officers with their roles, and the calendars, in the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from agencies.models import (
    AdministrativeUnit,
    Agency,
    AgencyCode,
    Calendar,
    CalendarDay,
    Desk,
    Officer,
    OfficerRole,
    Succession,
    WorkingWindow,
)

if TYPE_CHECKING:
    from django.forms import ModelForm
    from django.http import HttpRequest


class LabelledForm(forms.ModelForm):  # type: ignore[type-arg] # not generic at run time
    """A row of a table of the admin whose fields say their names: its columns alone do not."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.setdefault("aria-label", str(field.label))


class AgencyCodeInline(admin.TabularInline):  # type: ignore[type-arg] # not generic at run time
    model = AgencyCode
    form = LabelledForm
    extra = 0


class DeskInline(admin.TabularInline):  # type: ignore[type-arg] # not generic at run time
    model = Desk
    form = LabelledForm
    extra = 0
    show_change_link = True


class SuccessionInline(admin.TabularInline):  # type: ignore[type-arg] # not generic at run time
    model = Succession
    form = LabelledForm
    fk_name = "predecessor"
    autocomplete_fields = ["successor"]
    extra = 0


@admin.register(Agency)
class AgencyAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    list_display = ["code", "name", "level", "parent", "is_desk_host", "valid_from", "valid_to"]
    list_filter = ["level", "is_desk_host"]
    list_select_related = ["parent"]
    search_fields = ["code", "name", "short_name", "codes__code"]
    autocomplete_fields = ["parent", "unit"]
    inlines = [AgencyCodeInline, DeskInline, SuccessionInline]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Keep the present code among the codes the agency bears, or it is not found by it."""
        super().save_related(request, form, formsets, change)
        agency: Agency = form.instance
        agency.codes.get_or_create(code=agency.code, defaults={"valid_from": agency.valid_from})


@admin.register(AdministrativeUnit)
class AdministrativeUnitAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    list_display = ["code", "name", "kind", "parent"]
    list_filter = ["kind"]
    list_select_related = ["parent"]
    search_fields = ["code", "name"]
    autocomplete_fields = ["parent"]


class OfficerRoleInline(admin.TabularInline):  # type: ignore[type-arg] # not generic at run time
    model = OfficerRole
    form = LabelledForm
    autocomplete_fields = ["agency"]
    extra = 0


@admin.register(Officer)
class OfficerAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    list_display = ["full_name", "title", "agency", "desk", "is_active"]
    list_filter = ["roles__role"]
    list_select_related = ["agency", "desk", "user"]
    search_fields = ["full_name", "name_fold", "user__username"]
    autocomplete_fields = ["user", "agency", "desk"]
    inlines = [OfficerRoleInline]

    @admin.display(description=_("đang hoạt động"), boolean=True)
    def is_active(self, officer: Officer) -> bool:
        return officer.user.is_active


@admin.register(Desk)
class DeskAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    list_display = ["name", "agency", "kind"]
    list_select_related = ["agency"]
    search_fields = ["name", "agency__name"]
    autocomplete_fields = ["agency"]


class WorkingWindowInline(admin.TabularInline):  # type: ignore[type-arg] # not generic at run time
    model = WorkingWindow
    form = LabelledForm
    extra = 0


class CalendarDayInline(admin.TabularInline):  # type: ignore[type-arg] # not generic at run time
    model = CalendarDay
    form = LabelledForm
    extra = 1
    ordering = ["-on"]


@admin.register(Calendar)
class CalendarAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """Days are added with the announcement they come from (domain.md 3.9)."""

    list_display = ["name", "version", "loaded_from", "loaded_until"]
    readonly_fields = ["version"]
    inlines = [WorkingWindowInline, CalendarDayInline]

    def save_related(
        self, request: HttpRequest, form: ModelForm[Calendar], formsets: Any, change: bool
    ) -> None:
        """Count the version on, in the same transaction: processes read anew by it."""
        super().save_related(request, form, formsets, change)
        if change and (form.has_changed() or any(f.has_changed() for f in formsets)):
            Calendar.objects.filter(pk=form.instance.pk).update(version=F("version") + 1)

    def has_delete_permission(self, request: HttpRequest, obj: Calendar | None = None) -> bool:
        """Promises name the calendar they were made by."""
        return False
