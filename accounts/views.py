"""Signing in and out, by Django's own views; where an officer goes next is LOGIN_REDIRECT_URL."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control

from accounts.signing_in import check_password
from accounts.tries import TooManyTriesError


class SignInForm(AuthenticationForm):
    """Name and password; one message for every failure, so that it tells nothing."""

    error_messages = {
        "invalid_login": _(
            "Tên đăng nhập hoặc mật khẩu không đúng. Mật khẩu phân biệt chữ hoa, chữ thường."
        ),
        "inactive": _("Tài khoản này đã ngừng hoạt động."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("Tên đăng nhập")
        self.fields["password"].label = _("Mật khẩu")

    def clean(self) -> dict[str, Any]:
        """Check name and password under the guard against guessing (accounts.signing_in)."""
        username, password = (self.cleaned_data.get(name) for name in ("username", "password"))
        if self.request is not None and username and password:
            try:
                self.user_cache = check_password(self.request, username, password)
            except TooManyTriesError as error:
                raise ValidationError(
                    _("Đã thử sai nhiều lần. Xin chờ %(minutes)s phút rồi thử lại."),
                    params={"minutes": -(-error.retry_after // 60)},
                ) from error
            if self.user_cache is None:
                raise self.get_invalid_login_error()
            self.confirm_login_allowed(self.user_cache)
        return self.cleaned_data


class _SignIn(LoginView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Leave `site` to the context processor: LoginView calls the host by that name."""
        context = super().get_context_data(**kwargs)
        del context["site"], context["site_name"]
        return context


sign_in = cache_control(private=True, no_store=True)(
    _SignIn.as_view(
        template_name="accounts/sign_in.html",
        authentication_form=SignInForm,
        redirect_authenticated_user=True,
    )
)

# POST only: a picture on a foreign page must not sign anybody out.
sign_out = LogoutView.as_view(http_method_names=["post", "options"])
