"""Text fields of every API: text that came as text, and nothing in it that lies about itself."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

UNPRINTABLE = _("Có ký tự điều khiển không được phép.")

# C0 and C1 controls; the marks that turn the direction of writing, so that a name reads as another
# one than it is (U+061C, U+200E-200F, U+202A-202E, U+2066-2069); line and paragraph separators.
_IN_A_LINE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
_LINE_BREAKS = re.compile(r"\r\n|[\r\n\t]")
_PHONE = re.compile(r"[0-9 +().-]+")
_PHONE_DIGITS = 4  # what a citizen types of it as the second fact


def is_printable(text: str, *, lines: bool = False) -> bool:
    """Tell whether a text holds no control character; `lines` allows line breaks and tabs."""
    return _IN_A_LINE.search(_LINE_BREAKS.sub(" ", text) if lines else text) is None


class TextField(serializers.CharField):
    """A text and nothing that could be made into one: a number, a truth, a list are mistakes."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text


class LineField(TextField):
    """One line of text without control characters; blanks around it are cut off first."""

    default_error_messages = {"unprintable": UNPRINTABLE}
    takes_lines = False

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not is_printable(text, lines=self.takes_lines):
            self.fail("unprintable")
        return text


class LinesField(LineField):
    """Text of several lines, as a reason or a note is."""

    takes_lines = True


class PhoneField(LineField):
    """A telephone number as people write it: digits, blanks and + - . ( ), six digits at least."""

    default_error_messages = {
        "phone": _("Số điện thoại gồm ít nhất 4 chữ số và chỉ có chữ số, dấu cách, + - . ( ).")
    }

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        digits = sum(letter.isdigit() for letter in text)
        if not _PHONE.fullmatch(text) or digits < _PHONE_DIGITS:
            self.fail("phone")
        return text
