"""Accounts in the admin: who may sign in. What they may do is set on the officer."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from knox.models import AuthToken

from accounts.models import User

admin.site.site_header = _("Quản trị hệ thống")
admin.site.site_title = _("Quản trị")
admin.site.index_title = _("Cơ quan, cán bộ, lịch làm việc, danh mục")
admin.site.site_url = "/"
# Rights hang on roles held in agencies (agencies.OfficerRole), never on groups.
admin.site.unregister(Group)
# Who mints a token for an officer reads dossiers with it: no right of an administrator (domain.md
# R10). A token is given for the officer's own password alone (accounts.api); here tokens are only
# taken away.
admin.site.unregister(AuthToken)


def sign_in_at_the_front(request: HttpRequest, extra_context: object = None) -> HttpResponse:
    """Send to the portal's own sign-in, which is guarded against guessing; others find no door."""
    if request.user.is_authenticated:
        raise Http404
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))


admin.site.login = sign_in_at_the_front  # type: ignore[method-assign]


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg] # not generic at run time
    list_display = ["username", "full_name", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["username", "full_name"]
    ordering = ["username"]
    filter_horizontal = ()
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = (
        (None, {"fields": ["username", "password"]}),
        (_("Người dùng"), {"fields": ["full_name", "email"]}),
        (_("Đăng nhập"), {"fields": ["is_active", "is_staff", "is_superuser"]}),
        (_("Thời điểm"), {"fields": ["last_login", "date_joined"]}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ["wide"],
                "fields": ["username", "full_name", "usable_password", "password1", "password2"],
            },
        ),
    )

    actions = ["revoke_tokens"]

    @admin.action(description=_("Thu hồi khoá truy cập API của các tài khoản đã chọn"))
    def revoke_tokens(self, request: HttpRequest, users: QuerySet[User]) -> None:
        """Delete the API tokens of the accounts: whoever holds one asks again with a password."""
        count, _by_model = AuthToken.objects.filter(user__in=users).delete()
        self.message_user(request, _("Đã thu hồi %(count)s khoá.") % {"count": count})

    def has_delete_permission(self, request: Any, obj: User | None = None) -> bool:
        """An account that signed acts is never deleted, only switched off."""
        return False
