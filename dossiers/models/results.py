from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Signature(models.TextChoices):
    """Chữ ký: how a result was signed (T27, T05).

    The portal keeps no file of a result, so it can check no signature: it says so, and says plainly
    where there is none to check.
    """

    HAND = "hand", _("Ký tay, không ký số")
    DIGITAL = "digital", _("Ký số ở hệ thống khác, cổng không kiểm tra được")


class Seal(models.TextChoices):
    """Con dấu: how the agency sealed a result (T28); said as of the signature."""

    INK = "ink", _("Đóng dấu mực, không có chữ ký số của cơ quan")
    DIGITAL = "digital", _("Chữ ký số của cơ quan ở hệ thống khác, cổng không kiểm tra được")
