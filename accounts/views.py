"""Signing in and out, by Django's own views; where an officer goes next is LOGIN_REDIRECT_URL."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm, SetPasswordForm
from django.contrib.auth.views import LoginView, LogoutView, PasswordResetConfirmView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from accounts import events, passkeys, second_factor, sessions, signing_in
from accounts.models import User
from accounts.signing_in import check_password
from accounts.tries import TooManyTriesError

not_stored = cache_control(private=True, no_store=True)


def wait_error(error: TooManyTriesError) -> ValidationError:
    """Return what a form says to who has to wait."""
    return ValidationError(
        _("Đã thử sai nhiều lần. Xin chờ %(minutes)s phút rồi thử lại."),
        params={"minutes": -(-error.retry_after // 60)},
    )


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
                raise wait_error(error) from error
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

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in, or ask for the second factor who has one."""
        user = form.get_user()
        assert isinstance(user, User)  # noqa: S101 - AUTH_USER_MODEL
        if second_factor.is_set_up(user):
            signing_in.wait_for_second(self.request, user, self.get_redirect_url())
            return redirect("sign-in-second")
        signing_in.finish(self.request, user)
        return HttpResponseRedirect(self.get_success_url())


sign_in = not_stored(
    _SignIn.as_view(
        template_name="accounts/sign_in.html",
        authentication_form=SignInForm,
        redirect_authenticated_user=True,
    )
)


class CodeForm(forms.Form):
    """Six digits of the app, or a recovery code."""

    code = forms.CharField(
        label=_("Mã xác thực"),
        help_text=_("6 chữ số trên ứng dụng tạo mã, hoặc một mã dự phòng chưa dùng."),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "spellcheck": "false", "autofocus": True}
        ),
    )


@not_stored
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_second(request: HttpRequest) -> HttpResponse:
    """Ask who gave the right password for their second factor: a code, or a passkey's signature."""
    owing = signing_in.waiting(request)
    if owing is None:
        messages.info(request, gettext("Phiên đăng nhập đã quá 5 phút, xin đăng nhập lại."))
        return redirect("sign-in")
    user, next_page = owing
    answer = request.POST.get("passkey", "")
    form = CodeForm(request.POST if request.method == "POST" and not answer else None)
    fault = ""
    if request.method == "POST" and (answer or form.is_valid()):
        try:
            if answer:
                used = signing_in.check_passkey(request, user, answer)
            else:
                used = signing_in.check_code(request, user, form.cleaned_data["code"])
        except TooManyTriesError as error:
            fault = " ".join(wait_error(error).messages)
        else:
            if used:
                signing_in.finish(request, user, used)
                if used == events.RECOVERY:
                    messages.warning(request, _codes_left(user))
                return redirect(next_page or resolve_url(settings.LOGIN_REDIRECT_URL))
            fault = gettext("Mã không đúng, đã hết hạn hoặc đã dùng rồi.")
    if fault:
        # A form that was valid as a form carries the fault; one for a passkey has no field for it.
        if answer:
            messages.error(request, fault)
        else:
            form.add_error("code", fault)
    return render(
        request,
        "accounts/sign_in_second.html",
        {"form": form, "passkey": passkeys.begin_proof(request, user)},
    )


def _codes_left(user: User) -> str:
    left = second_factor.recovery_codes_left(user)
    return gettext("Đã dùng một mã dự phòng, còn %(count)d mã.") % {"count": left}


class _SignOut(LogoutView):
    # POST only: a picture on a foreign page must not sign anybody out.
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, *args: str, **kwargs: Any) -> HttpResponse:
        if isinstance(request.user, User):
            events.record(events.Kind.SIGNED_OUT, request.user, request=request)
        return super().post(request, *args, **kwargs)


sign_out = _SignOut.as_view()


class NewPasswordForm(SetPasswordForm):  # type: ignore[type-arg] # not generic at run time
    """A new password, twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].label = _("Mật khẩu mới")
        self.fields["new_password1"].help_text = _(
            "Ít nhất 10 ký tự, không giống tên đăng nhập hay họ tên."
        )
        self.fields["new_password2"].label = _("Nhắc lại mật khẩu mới")
        self.fields["new_password2"].help_text = ""


class _SetPassword(PasswordResetConfirmView):
    """The page of a link that an administrator gave: one sets the password nobody else knows."""

    template_name = "accounts/set_password.html"
    form_class = NewPasswordForm
    success_url = reverse_lazy("sign-in")

    def get_user(self, uidb64: str) -> Any:
        """Return the account of the link; a locked one has none."""
        user = super().get_user(uidb64)
        return user if user is not None and user.is_active else None

    def form_valid(self, form: Any) -> HttpResponse:
        answer = super().form_valid(form)
        password_was_changed(self.request, form.user)
        messages.success(self.request, gettext("Đã đặt mật khẩu. Xin đăng nhập."))
        return answer


def password_was_changed(request: HttpRequest, user: User) -> None:
    """End what the old password opened, but for the session that asks, and write it down."""
    events.record(events.Kind.PASSWORD_CHANGED, user, request=request)
    keep = request.session.session_key if request.user == user else None
    sessions.end(user, request=request, keep=keep)
    sessions.end_tokens(user, request=request)


set_password = not_stored(_SetPassword.as_view())
