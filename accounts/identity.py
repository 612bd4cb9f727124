"""Identity and tax numbers: what looks wrong about one, as warnings and never as a refusal.

Numbers get re-issued and births corrected, so an officer may go on in spite of a warning
(domain.md 5.4, 5.5).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from stdnum.exceptions import ValidationError
from stdnum.vn import mst

from accounts.personal_data import normalise_number

if TYPE_CHECKING:
    import datetime as dt

# Provinces of birth registration, as numbered before the mergers; they stay valid for ever.
# TT 59/2021/TT-BCA; domain.md 5.4 gives the range 001-096 with gaps.
PROVINCES_OF_BIRTH = frozenset(
    f"{number:03d}"
    for number in (
        1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31, 33, 34, 35, 36,
        37, 38, 40, 42, 44, 45, 46, 48, 49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74,
        75, 77, 79, 80, 82, 83, 84, 86, 87, 89, 91, 92, 93, 94, 95, 96,
    )
)  # fmt: skip


def personal_id_warnings(number: str, today: dt.date) -> list[str]:
    """Return what looks wrong about a personal identity number (số định danh, 12 digits)."""
    digits = normalise_number(number)
    if not re.fullmatch(r"\d{12}", digits):
        return [_("Số định danh cá nhân có 12 chữ số.")]
    found = []
    if digits[:3] not in PROVINCES_OF_BIRTH:
        found.append(_("Ba số đầu không phải mã tỉnh đăng ký khai sinh."))
    # Digit 4: century and sex; digits 5-6: year of birth.
    year = 1900 + 100 * (int(digits[3]) // 2) + int(digits[4:6])
    if year > today.year:
        found.append(_("Năm sinh trong số định danh (%(year)s) ở tương lai.") % {"year": year})
    return found


def old_id_card_warnings(number: str) -> list[str]:
    """Return what looks wrong about an old identity card number (CMND, 9 digits)."""
    if re.fullmatch(r"\d{9}", normalise_number(number)):
        return []
    return [_("Số CMND cũ có 9 chữ số.")]


def tax_code_warnings(number: str) -> list[str]:
    """Return what looks wrong about a tax code; a person's is the 12-digit personal number."""
    digits = normalise_number(number)
    if re.fullmatch(r"\d{12}", digits):
        return []
    if not re.fullmatch(r"\d{10}(\d{3})?", digits):
        return [_("Mã số thuế có 10 chữ số, hoặc 13 với đơn vị phụ thuộc.")]
    try:
        mst.validate(digits)
    except ValidationError:
        return [_("Số kiểm tra của mã số thuế không khớp.")]
    return []


def warnings_for(id_kind: str, number: str, today: dt.date) -> list[str]:
    """Return the warnings for a number of a kind (`dossiers.models.IdKind`); none when empty."""
    if not number.strip():
        return []
    if id_kind == "personal_id":
        return personal_id_warnings(number, today)
    if id_kind == "old_id_card":
        return old_id_card_warnings(number)
    if id_kind == "tax_code":
        return tax_code_warnings(number)
    return []
