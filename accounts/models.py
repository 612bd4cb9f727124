from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AbstractUser
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.append_only import append_only

if TYPE_CHECKING:
    from accounts.sessions import SessionStore


class User(AbstractUser):
    """Tài khoản: somebody who signs in; what they may do hangs on `agencies.OfficerRole`."""

    # One name field: Vietnamese names do not split into first and last the Western way.
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    full_name = models.CharField(_("họ và tên"), max_length=200)

    REQUIRED_FIELDS = ["full_name"]

    class Meta:
        verbose_name = _("tài khoản")
        verbose_name_plural = _("tài khoản")

    def __str__(self) -> str:
        return self.full_name or self.username

    def get_full_name(self) -> str:
        return self.full_name

    def get_short_name(self) -> str:
        return self.full_name.rsplit(" ", 1)[-1]


class WrongTry(models.Model):
    """Lần thử sai: a wrong second fact or password, by keyed digests of what was tried and whence.

    Counted by the database function `count_try` (accounts.tries), so a block holds in every web
    process and asks no cache.
    """

    subject = models.BinaryField(max_length=16)
    at = models.DateTimeField(_("lúc"))

    class Meta:
        verbose_name = _("lần thử sai")
        verbose_name_plural = _("lần thử sai")
        indexes = [models.Index(fields=["subject", "at"], name="wrongtry_recent")]

    def __str__(self) -> str:
        return f"{self.at}"


class OfficeSession(AbstractBaseSession):
    """Phiên đăng nhập: where an account is signed in now, so that its owner sees and ends it.

    Written by the session engine (accounts.sessions). Of the address only the network is kept, of
    the browser only its make.
    """

    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="office_sessions")
    network = models.CharField(_("mạng"), max_length=50, blank=True, default="")
    browser = models.CharField(_("trình duyệt"), max_length=60, blank=True, default="")
    started_at = models.DateTimeField(_("đăng nhập lúc"), null=True)
    seen_at = models.DateTimeField(_("dùng gần nhất"), null=True)

    class Meta:
        verbose_name = _("phiên đăng nhập")
        verbose_name_plural = _("phiên đăng nhập")

    def __str__(self) -> str:
        return f"{self.user_id} {self.started_at}"

    @classmethod
    def get_session_store_class(cls) -> type[SessionStore]:
        from accounts.sessions import SessionStore  # it names this model

        return SessionStore


class SecondFactor(models.Model):
    """Yếu tố xác thực thứ hai: what is asked for after the password; an app's codes or a passkey."""

    class Kind(models.TextChoices):
        TOTP = "totp", _("Ứng dụng tạo mã")
        PASSKEY = "passkey", _("Khoá truy cập (passkey)")

    user = models.ForeignKey(User, models.CASCADE, related_name="second_factors")
    kind = models.CharField(_("loại"), max_length=10, choices=Kind)
    name = models.CharField(_("tên"), max_length=60)
    # TOTP: the shared secret, sealed (accounts.personal_data), and the last step that was used, so
    # that no code opens twice (RFC 6238 5.2).
    secret = models.BinaryField(default=b"")
    last_step = models.BigIntegerField(default=0)
    # Passkey: id and public key as the authenticator attested them, nothing secret; the counter
    # shows a copied key (WebAuthn 6.1.1).
    credential = models.BinaryField(default=b"")
    sign_count = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(_("lập lúc"))
    used_at = models.DateTimeField(_("dùng gần nhất"), null=True)

    class Meta:
        verbose_name = _("yếu tố xác thực thứ hai")
        verbose_name_plural = _("yếu tố xác thực thứ hai")
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(kind="totp"), name="secondfactor_one_app_each"
            ),
            models.CheckConstraint(
                condition=Q(kind="totp", credential=b"") & ~Q(secret=b"")
                | Q(kind="passkey", secret=b"") & ~Q(credential=b""),
                name="secondfactor_has_what_its_kind_needs",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind}"


class RecoveryCode(models.Model):
    """Mã dự phòng: opens once when the second factor is lost; only its keyed digest is kept."""

    user = models.ForeignKey(User, models.CASCADE, related_name="recovery_codes")
    digest = models.BinaryField(max_length=32)
    used_at = models.DateTimeField(_("dùng lúc"), null=True)

    class Meta:
        verbose_name = _("mã dự phòng")
        verbose_name_plural = _("mã dự phòng")
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="recoverycode_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.used_at}"


class AccountEvent(models.Model):
    """Nhật ký tài khoản: one thing that happened to an account; never changed.

    Keeps no name, address or password that was typed: whose account it was, from which network and
    with which make of browser. A wrong try at a name that nobody has names no account.
    """

    append_only = True  # read by `grant_rights`: the web role may only select and insert

    class Kind(models.TextChoices):
        SIGNED_IN = "signed_in", _("Đăng nhập")
        SIGN_IN_FAILED = "sign_in_failed", _("Sai mật khẩu")
        FACTOR_FAILED = "factor_failed", _("Sai yếu tố thứ hai")
        SIGNED_OUT = "signed_out", _("Đăng xuất")
        SESSION_ENDED = "session_ended", _("Kết thúc phiên")
        TOKEN_MADE = "token_made", _("Cấp khoá API")
        TOKEN_ENDED = "token_ended", _("Thu hồi khoá API")
        PASSWORD_CHANGED = "password_changed", _("Đổi mật khẩu")
        PASSWORD_LINK_MADE = "password_link_made", _("Cấp liên kết đặt mật khẩu")
        FACTOR_ADDED = "factor_added", _("Thêm yếu tố thứ hai")
        FACTOR_REMOVED = "factor_removed", _("Bỏ yếu tố thứ hai")
        CODES_MADE = "codes_made", _("Lập mã dự phòng")
        CODE_USED = "code_used", _("Dùng mã dự phòng")
        ACCOUNT_MADE = "account_made", _("Lập tài khoản")
        ROLE_GIVEN = "role_given", _("Giao vai trò")
        ROLE_ENDED = "role_ended", _("Ấn định ngày hết vai trò")
        TRANSFERRED = "transferred", _("Điều chuyển")
        DETAILS_CHANGED = "details_changed", _("Sửa thông tin")
        LEFT = "left", _("Thôi việc, khoá tài khoản")
        LOCKED = "locked", _("Khoá tài khoản")
        OPENED = "opened", _("Mở lại tài khoản")
        FACTOR_RESET = "factor_reset", _("Đặt lại xác thực hai lớp")

    at = models.DateTimeField(_("lúc"), default=timezone.now)
    kind = models.CharField(_("việc"), max_length=20, choices=Kind)
    user = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="account_events", verbose_name=_("tài khoản")
    )
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("người thực hiện")
    )
    network = models.CharField(_("mạng"), max_length=50, blank=True, default="")
    browser = models.CharField(_("trình duyệt"), max_length=60, blank=True, default="")
    # Codes of roles and agencies, kinds of factor, days; never what a person is called or typed.
    detail = models.JSONField(_("chi tiết"), default=dict, blank=True)

    class Meta:
        verbose_name = _("nhật ký tài khoản")
        verbose_name_plural = _("nhật ký tài khoản")
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["user", "-at"], name="accountevent_of_user"),
            models.Index(fields=["-at"], name="accountevent_newest"),
        ]
        triggers = append_only("accountevent")

    def __str__(self) -> str:
        return f"{self.at} {self.kind}"
