from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


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
