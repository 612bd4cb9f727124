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

from accounts import events, sessions
from accounts.events import Kind
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


def _actor(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the admin lets nobody else in
    return request.user


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
        count = sum(
            sessions.end_tokens(user, request=request, by=_actor(request)) for user in users
        )
        self.message_user(request, _("Đã thu hồi %(count)s khoá.") % {"count": count})

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """An officer's account is locked and opened on their page: their work is handed over first."""
        fields = list(super().get_readonly_fields(request, obj))
        return [*fields, "is_active"] if obj and hasattr(obj, "officer") else fields

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Write down what was locked or opened, and end what a locked account had open."""
        super().save_model(request, obj, form, change)
        if not change:
            events.record(Kind.ACCOUNT_MADE, obj, request=request, by=_actor(request))
        elif "is_active" in form.changed_data:
            kind = Kind.OPENED if obj.is_active else Kind.LOCKED
            events.record(kind, obj, request=request, by=_actor(request))
            if not obj.is_active:
                sessions.end(obj, request=request, by=_actor(request))
                sessions.end_tokens(obj, request=request, by=_actor(request))

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002 - Django's name
        form_url: str = "",
    ) -> HttpResponse:
        """As Django's; the account's own history tells its owner who set a password for them."""
        answer = super().user_change_password(request, id, form_url)
        if request.method == "POST" and answer.status_code == 302:
            user = User.objects.get(pk=id)
            events.record(Kind.PASSWORD_CHANGED, user, request=request, by=_actor(request))
            keep = request.session.session_key if user == request.user else None
            sessions.end(user, request=request, by=_actor(request), keep=keep)
            sessions.end_tokens(user, request=request, by=_actor(request))
        return answer

    def has_delete_permission(self, request: Any, obj: User | None = None) -> bool:
        """An account that signed acts is never deleted, only switched off."""
        return False
