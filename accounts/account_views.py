"""Tài khoản của tôi: one's roles, second factor, sessions, API tokens and password."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import segno
from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from knox.models import AuthToken

from accounts import events, passkeys, second_factor, sessions, signing_in
from accounts.models import AccountEvent, SecondFactor, User
from accounts.personal_data import seal, unseal
from accounts.tries import TooManyTriesError
from accounts.views import NewPasswordForm, not_stored, password_was_changed, wait_error

if TYPE_CHECKING:
    from collections.abc import Callable

    View = Callable[..., HttpResponse]

MOST_EVENTS = 20  # on one's own page
_SECRET = "new_app"  # in the session, sealed: the secret of an app that has not proven itself  # noqa: S105


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - after login_required
    return request.user


def recently_confirmed(view: View) -> View:
    """Ask again for the password who gave it long ago: a desk may stand open at a counter."""

    @functools.wraps(view)
    @login_required
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not signing_in.is_confirmed(request):
            to = request.path if request.method != "POST" else reverse("account")
            return redirect(f"{reverse('account-confirm')}?next={to}")
        return view(request, *args, **kwargs)

    return guarded


@not_stored
@login_required
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Show everything that opens the account, and what happened to it."""
    user = _user(request)
    factors = list(SecondFactor.objects.filter(user=user))
    return render(
        request,
        "accounts/account.html",
        {
            "place": "account",
            "roles": own_roles(user),
            "factors": factors,
            "has_app": any(factor.kind == SecondFactor.Kind.TOTP for factor in factors),
            "codes_left": second_factor.recovery_codes_left(user) if factors else 0,
            "sessions": [
                {
                    "row": row,
                    "id": sessions.public_id(row),
                    "is_this": row.session_key == request.session.session_key,
                }
                for row in sessions.live(user)
            ],
            "tokens": list(
                AuthToken.objects.filter(
                    Q(expiry__isnull=True) | Q(expiry__gt=timezone.now()), user=user
                ).order_by("-created")
            ),
            "events": list(
                AccountEvent.objects.filter(user=user).select_related("by")[:MOST_EVENTS]
            ),
        },
    )


def own_roles(user: User) -> list[Any]:
    """Return the roles the account's officer holds or will hold, none for who is no officer."""
    # By the row alone: accounts knows no agency (style.md 2).
    officer = getattr(user, "officer", None)
    if officer is None:
        return []
    today = timezone.localdate()
    rows = officer.roles.select_related("agency").order_by("agency__name_sort", "role")
    return [row for row in rows if row.valid_to is None or row.valid_to >= today]


class PasswordForm(forms.Form):
    """The password that one signs in with, counted like a sign-in when it is wrong."""

    password = forms.CharField(
        label=_("Mật khẩu hiện tại"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        user = _user(self.request)
        try:
            known = signing_in.check_password(self.request, user.username, password)
        except TooManyTriesError as error:
            raise wait_error(error) from error
        if known is None or known.pk != user.pk:
            raise ValidationError(_("Mật khẩu không đúng."))
        return password


@not_stored
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Take the password once more, then go where one wanted to."""
    form = PasswordForm(request, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        signing_in.note_confirmed(request)
        to = request.GET.get("next", "")
        safe = url_has_allowed_host_and_scheme(
            to, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )
        return redirect(to if safe else "account")
    return render(
        request,
        "accounts/confirm.html",
        {"form": form, "place": "account"},
        status=422 if form.errors else 200,
    )


# The second factor


class AppForm(forms.Form):
    """The first code of a new app."""

    code = forms.CharField(
        label=_("Mã 6 chữ số trên ứng dụng"),
        max_length=10,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
        ),
    )


@not_stored
@recently_confirmed
@require_http_methods(["GET", "HEAD", "POST"])
def add_app(request: HttpRequest) -> HttpResponse:
    """Show a secret as QR and in letters; keep it once the app has shown a right code."""
    user = _user(request)
    sealed = request.session.get(_SECRET)
    secret = unseal(bytes.fromhex(sealed)) if sealed else second_factor.new_secret()
    if not sealed:
        request.session[_SECRET] = seal(secret).hex()
    form = AppForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        factor = second_factor.add_app(user, secret, form.cleaned_data["code"]) if sealed else None
        if factor is not None:
            del request.session[_SECRET]
            return _added(request, user, factor)
        form.add_error("code", _("Mã không đúng. Hãy xem lại giờ trên điện thoại rồi gõ mã mới."))
    code = segno.make(second_factor.address_for_app(secret, user), error="m", micro=False)
    return render(
        request,
        "accounts/add_app.html",
        {
            "place": "account",
            "form": form,
            "qr": code.svg_data_uri(border=2, dark="#000", light="#fff"),
            "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        },
        status=422 if form.errors else 200,
    )


class PasskeyForm(forms.Form):
    """A new passkey: what its owner calls it, and what the browser answered."""

    name = forms.CharField(
        label=_("Tên gợi nhớ"),
        help_text=_("Chẳng hạn: Điện thoại của tôi, Khoá USB ở cơ quan."),
        max_length=60,
    )
    passkey = forms.CharField(
        max_length=passkeys.MOST_CHARACTERS, required=False, widget=forms.HiddenInput
    )

    def clean_passkey(self) -> str:
        answer: str = self.cleaned_data["passkey"]
        if not answer:
            raise ValidationError(_("Trình duyệt chưa tạo được khoá."))
        return answer


@not_stored
@recently_confirmed
@require_http_methods(["GET", "HEAD", "POST"])
def add_passkey(request: HttpRequest) -> HttpResponse:
    """Let the browser make a key for this host; needs JavaScript, and the page says so."""
    user = _user(request)
    form = PasskeyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            factor = passkeys.finish_registration(
                request, user, form.cleaned_data["passkey"], form.cleaned_data["name"]
            )
        except passkeys.PasskeyError:
            form.add_error(None, _("Không nhận được khoá vừa tạo. Xin thử lại."))
        else:
            return _added(request, user, factor)
    return render(
        request,
        "accounts/add_passkey.html",
        {"place": "account", "form": form, "options": passkeys.begin_registration(request, user)},
        status=422 if form.errors else 200,
    )


def _added(request: HttpRequest, user: User, factor: SecondFactor) -> HttpResponse:
    """Write the new factor down; who had none before gets recovery codes with it."""
    events.record(events.Kind.FACTOR_ADDED, user, request=request, factor=factor.kind)
    signing_in.note_factor(request, factor.kind)
    sessions.end(user, request=request, keep=request.session.session_key)
    if second_factor.recovery_codes_left(user):
        messages.success(request, gettext("Đã thêm: %(name)s.") % {"name": factor.name})
        return redirect("account")
    return _show_codes(request, user)


def _show_codes(request: HttpRequest, user: User) -> HttpResponse:
    codes = second_factor.new_recovery_codes(user)
    events.record(events.Kind.CODES_MADE, user, request=request, count=len(codes))
    return render(request, "accounts/recovery_codes.html", {"codes": codes, "place": "account"})


@not_stored
@recently_confirmed
@require_POST
def new_codes(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes and show them in this answer alone; the old ones open nothing."""
    user = _user(request)
    if not second_factor.is_set_up(user):
        raise Http404
    return _show_codes(request, user)


@not_stored
@recently_confirmed
@require_http_methods(["GET", "HEAD", "POST"])
def remove_factor(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then take a factor away."""
    user = _user(request)
    factor = SecondFactor.objects.filter(user=user, pk=pk).first() if pk < 2**63 else None
    if factor is None:
        raise Http404
    if request.method == "POST":
        second_factor.remove(factor)
        events.record(events.Kind.FACTOR_REMOVED, user, request=request, factor=factor.kind)
        if not second_factor.is_set_up(user):
            signing_in.note_factor(request, "")
        messages.success(request, gettext("Đã bỏ: %(name)s.") % {"name": factor.name})
        return redirect("account")
    is_last = SecondFactor.objects.filter(user=user).count() == 1
    return render(
        request,
        "accounts/remove_factor.html",
        {"factor": factor, "is_last": is_last, "place": "account"},
    )


# Sessions, tokens, password


@not_stored
@login_required
@require_POST
def end_session(request: HttpRequest) -> HttpResponse:
    """End one session by its public id, or with none named all but this one."""
    user, named = _user(request), request.POST.get("session") or None
    this = request.session.session_key
    count = sessions.end(user, request=request, named=named, keep=this)
    messages.success(request, gettext("Đã kết thúc %(count)d phiên.") % {"count": count})
    return redirect("account")


@not_stored
@login_required
@require_POST
def end_token(request: HttpRequest) -> HttpResponse:
    """Revoke one API token by its visible beginning, or with none named all."""
    key = request.POST.get("token") or None
    count = sessions.end_tokens(_user(request), request=request, key=key)
    messages.success(request, gettext("Đã thu hồi %(count)d khoá API.") % {"count": count})
    return redirect("account")


@not_stored
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """Take the old and the new password; every other session and every API token ends."""
    user = _user(request)
    data = request.POST if request.method == "POST" else None
    old, new = PasswordForm(request, data), NewPasswordForm(user, data)
    # The new one first: a slip in it costs no try at the old one.
    if request.method == "POST" and new.is_valid() and old.is_valid():
        new.save()
        update_session_auth_hash(request, user)
        signing_in.note_confirmed(request)
        password_was_changed(request, user)
        messages.success(
            request, gettext("Đã đổi mật khẩu; các phiên khác và khoá API đã kết thúc.")
        )
        return redirect("account")
    is_wrong = request.method == "POST"
    return render(
        request,
        "accounts/change_password.html",
        {"old": old, "new": new, "place": "account"},
        status=422 if is_wrong else 200,
    )
