"""The tree of agencies, officers with their roles, and the calendars, in the admin."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.db.models import F
from django.forms.models import BaseInlineFormSet
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
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
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString


FIRST_YEAR, LAST_YEAR = 1990, 2199  # the years of every moment the portal takes
YEARS = _("Năm phải từ 1990 đến 2199.")
WEEKDAYS = _("Hãy ghi một danh sách số từ 0 (thứ hai) đến 6 (chủ nhật), ví dụ [5, 6].")

# What the models give no Vietnamese name.
LABELS = {
    "predecessor": _("cơ quan kết thúc"),
    "successor": _("cơ quan kế thừa"),
    "agency": _("cơ quan"),
    "user": _("tài khoản"),
}


def name_fields(form: forms.ModelForm[Any]) -> None:
    """Give the fields of a form the names their models lack."""
    for name, field in form.fields.items():
        if name in LABELS:
            field.label = capfirst(LABELS[name])


class NamedForm(forms.ModelForm):  # type: ignore[type-arg] # not generic at run time
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name_fields(self)


class LabelledForm(NamedForm):
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
    """Roles to read: they are given and ended on the page of the officer, never backwards in time."""

    model = OfficerRole
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Officer)
class OfficerAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    form = NamedForm
    list_display = ["full_name", "title", "agency", "desk", "is_active"]
    list_filter = ["roles__role"]
    list_select_related = ["agency", "desk", "user"]
    search_fields = ["full_name", "name_fold", "user__username"]
    autocomplete_fields = ["user", "agency", "desk"]
    inlines = [OfficerRoleInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Officer | None = None) -> list[str]:
        """Whose it is stays; where they work changes with their hands empty (staffing.transfer)."""
        return ["user", "agency"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Officer | None = None) -> bool:
        """Whoever held a role is part of the past."""
        return False

    @admin.display(description=_("đang hoạt động"), boolean=True)
    def is_active(self, officer: Officer) -> bool:
        return officer.user.is_active


@admin.register(Desk)
class DeskAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    form = NamedForm
    list_display = ["name", "host", "kind"]
    list_select_related = ["agency"]
    search_fields = ["name", "agency__name"]
    autocomplete_fields = ["agency"]

    @admin.display(description=_("cơ quan"), ordering="agency__name")
    def host(self, desk: Desk) -> str:
        return desk.agency.name


class WorkingWindowFormSet(BaseInlineFormSet):  # type: ignore[type-arg] # not generic at run time
    """Windows a calendar can be computed with: two at once would stop every promise."""

    def clean(self) -> None:
        seasons: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        for form in self.forms:
            values = form.cleaned_data
            if not form.is_valid() or values.get("DELETE") or not values:
                continue
            month, day = values["season_month"], values["season_day"]
            try:
                dt.date(2000, month, day)
            except ValueError:
                form.add_error("season_day", _("Không có ngày %d/%d.") % (day, month))
                continue
            others = seasons.setdefault((month, day, values["valid_from"]), [])
            if any(values["opens"] < o["closes"] and o["opens"] < values["closes"] for o in others):
                form.add_error("opens", _("Khung giờ này trùng với khung giờ khác cùng mùa."))
            if any(values["valid_until"] != other["valid_until"] for other in others):
                form.add_error(
                    "valid_until", _("Các khung giờ của một quyết định hết hiệu lực cùng ngày.")
                )
            others.append(values)


class WorkingWindowInline(admin.TabularInline):  # type: ignore[type-arg] # not generic at run time
    model = WorkingWindow
    form = LabelledForm
    formset = WorkingWindowFormSet
    extra = 0


class CalendarDayForm(LabelledForm):
    class Meta:
        error_messages = {
            NON_FIELD_ERRORS: {"unique_together": _("Lịch này đã có một dòng cho ngày đó.")}
        }

    def clean_on(self) -> dt.date:
        """Refuse years in which nothing is ever promised."""
        on: dt.date = self.cleaned_data["on"]
        if not FIRST_YEAR <= on.year <= LAST_YEAR:
            raise forms.ValidationError(YEARS)
        return on


class CalendarDayFormSet(BaseInlineFormSet):  # type: ignore[type-arg] # not generic at run time
    """Days that change something: a rest day made up for, a working day swapped off."""

    def clean(self) -> None:
        rest = self.instance.rest_weekdays if isinstance(self.instance.rest_weekdays, list) else []
        seen: set[dt.date] = set()
        for form in self.forms:
            on, kind = form.cleaned_data.get("on"), form.cleaned_data.get("kind")
            if on is None or form.cleaned_data.get("DELETE"):
                continue
            if on in seen:
                form.add_error("on", _("Ngày này có hai dòng, chỉ giữ một."))
            seen.add(on)
            # Old rows stay as they are when the weekly rest changes.
            if not form.has_changed():
                continue
            if kind == CalendarDay.Kind.MAKE_UP and on.weekday() not in rest:
                form.add_error(
                    "on", _("Ngày này vốn là ngày làm việc; làm bù chỉ vào ngày nghỉ hằng tuần.")
                )
            if kind == CalendarDay.Kind.SWAPPED_OFF and on.weekday() in rest:
                form.add_error("on", _("Ngày này vốn là ngày nghỉ hằng tuần, không cần hoán đổi."))

    def validate_unique(self) -> None:
        """Leave it to `clean`, which says which day stands twice."""


class CalendarDayInline(admin.TabularInline):  # type: ignore[type-arg] # not generic at run time
    model = CalendarDay
    form = CalendarDayForm
    formset = CalendarDayFormSet
    extra = 1
    ordering = ["-on"]

    # Days are written with a calendar nobody works by yet. From then on a day may move promises, so
    # it comes by way of the rehearsal and is only shown here.

    def has_add_permission(self, request: HttpRequest, obj: Calendar | None = None) -> bool:
        return obj is None and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Calendar | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Calendar | None = None) -> bool:
        return False


class CalendarForm(forms.ModelForm):  # type: ignore[type-arg] # not generic at run time
    """A calendar that can be computed with: a wrong weekday would stop every promise."""

    def clean_rest_weekdays(self) -> list[int]:
        return self._whole_numbers("rest_weekdays", 0, 6, WEEKDAYS)

    def clean_counter_weekdays(self) -> list[int]:
        return self._whole_numbers("counter_weekdays", 0, 6, WEEKDAYS)

    def clean_unannounced_years(self) -> list[int]:
        return self._whole_numbers("unannounced_years", FIRST_YEAR, LAST_YEAR, YEARS)

    def clean_loaded_until(self) -> dt.date:
        day: dt.date = self.cleaned_data["loaded_until"]
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise forms.ValidationError(YEARS)
        return day

    def _whole_numbers(self, name: str, low: int, high: int, text: Any) -> list[int]:
        given = self.cleaned_data[name] or []
        if not isinstance(given, list) or not all(
            type(number) is int and low <= number <= high for number in given
        ):
            raise forms.ValidationError(text)
        return given


_DAY_SENT = re.compile(r"days-\d+-(on|kind|DELETE)")


def _rehearse_first() -> SafeString:
    """Say where a day is added or removed, and why not here."""
    return format_html(
        '{} <a href="{}">{}</a>',
        _(
            "Thêm, sửa hay bỏ một ngày có thể làm đổi ngày hẹn của hồ sơ đang giải quyết, nên phải "
            "thử trước và ghi cùng số văn bản công bố."
        ),
        reverse("calendar-rehearse"),
        _("Thử thay đổi lịch"),
    )


@admin.register(Calendar)
class CalendarAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """A calendar's name, hours and years; its days come by way of the rehearsal (docs/adr/0012)."""

    form = CalendarForm
    list_display = ["name", "version", "loaded_from", "loaded_until"]
    readonly_fields = ["version"]
    inlines = [WorkingWindowInline, CalendarDayInline]

    def get_fieldsets(self, request: HttpRequest, obj: Calendar | None = None) -> Any:
        """Say on the page of a calendar in use where its days are changed."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets
        (name, options), *rest = fieldsets
        return [(name, {**options, "description": _rehearse_first()}), *rest]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Refuse days sent by hand to a calendar in use, aloud: nobody changes one silently."""
        if request.method == "POST" and object_id and any(map(_DAY_SENT.fullmatch, request.POST)):
            messages.error(request, _rehearse_first())
            return redirect("admin:agencies_calendar_change", object_id)
        return super().changeform_view(request, object_id, form_url, extra_context)

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
