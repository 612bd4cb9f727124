"""How an official paper writes dates, numbers, money and names (domain.md 4, 4.1). Pure."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal

from django.utils.translation import gettext

from agencies.working_time import LOCAL_ZONE

# Control, format (bidi overrides among them), surrogate, private and unassigned characters: they
# print as empty boxes, which PDF/A forbids, or turn a sentence round on a legal paper.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
# Signs that Tinos lacks and people type, by the nearest it has: another font must not slip in.
_NEAREST = str.maketrans({"☐": "□", "☑": "■", "☒": "■", "✓": "√", "✔": "√"})
_BLANKS = re.compile(r"[^\S\n]+")
_UNIT_WORD = re.compile(
    r"^(Tỉnh|Thành phố|Quận|Huyện|Thị xã|Thị trấn|Phường|Xã|Đặc khu)\s+(?=\D)", re.IGNORECASE
)
_PEOPLES_COMMITTEE = re.compile(r"^(Uỷ|Ủy) ban nhân dân\b", re.IGNORECASE)
# "1.", "2)", "a)", "-", "+", "*": how a source numbers its papers; "2.1" and "10 ảnh" are kept whole.
_NUMBERING = re.compile(r"^(?:\s*(?:\d{1,2}[.)](?!\d)|[a-zđ]\)|[-+*•–]))+\s*", re.IGNORECASE)
_BEFORE_FIGURE = re.compile(r" (?=\d)")
# Joins words of several syllables in a body's name and is left out of its initials: SGDĐT.
_LINK_WORDS = frozenset({"và", "của", "các", "về"})


def plain(text: str) -> str:
    """Return the text in NFC without characters that cannot be printed, blanks made one.

    Tinos draws composed letters; a name typed on a Mac comes decomposed (NFD).
    """
    composed = unicodedata.normalize("NFC", text.translate(_NEAREST).replace("\t", " "))
    kept = "".join(
        char for char in composed if char == "\n" or unicodedata.category(char) not in _UNPRINTABLE
    )
    return "\n".join(_BLANKS.sub(" ", line).strip() for line in kept.split("\n")).strip()


def unnumbered(text: str) -> str:
    """Return a name without the number or bullet it has in its source; the table has its own."""
    name = plain(text)
    return _NUMBERING.sub("", name) or name


def long_date(day: dt.date) -> str:
    """Return "ngày 07 tháng 6 năm 2023": day < 10 and month < 3 padded (domain.md 4.1)."""
    month = f"{day.month:02d}" if day.month < 3 else f"{day.month}"
    said = gettext("ngày %(day)s tháng %(month)s năm %(year)s") % {
        "day": f"{day.day:02d}",
        "month": month,
        "year": day.year,
    }
    # A line may end between the parts but not between a word and its number.
    return _BEFORE_FIGURE.sub("\N{NO-BREAK SPACE}", said)


def long_moment(instant: dt.datetime) -> str:
    """Return "08 giờ 42 phút, ngày 20 tháng 11 năm 2026" in local time."""
    local = instant.astimezone(LOCAL_ZONE)
    return gettext("%(hour)s giờ %(minute)s phút, %(date)s") % {
        "hour": f"{local.hour:02d}",
        "minute": f"{local.minute:02d}",
        "date": long_date(local.date()),
    }


def short_moment(instant: dt.datetime) -> str:
    """Return "08 giờ 42 phút, ngày 20/11/2026" for the cells of a table."""
    local = instant.astimezone(LOCAL_ZONE)
    return gettext("%(hour)s giờ %(minute)s phút, ngày %(date)s") % {
        "hour": f"{local.hour:02d}",
        "minute": f"{local.minute:02d}",
        "date": f"{local:%d/%m/%Y}",
    }


def unbroken(text: str) -> str:
    """Return a telephone number or an amount that no line end cuts in two."""
    return plain(text).replace(" ", "\N{NO-BREAK SPACE}")


def count(number: int | Decimal) -> str:
    """Return a count with numbers below 10 padded and a decimal comma: "05", "12", "7,5"."""
    exact = Decimal(number)
    if exact != exact.to_integral_value():
        return f"{exact.normalize():f}".replace(".", ",")
    return f"{int(exact):02d}"


def money(amount: Decimal | int) -> str:
    """Return an amount in đồng with dots between thousands: "100.000 đồng"."""
    return unbroken(gettext("%(amount)s đồng") % {"amount": f"{int(amount):,}".replace(",", ".")})


_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_THOUSANDS = ("", " nghìn", " triệu", " tỷ")


def money_in_words(amount: int) -> str:
    """Return an amount in đồng in words, a capital first: "Một trăm linh năm nghìn đồng".

    Reads 21 as "hai mươi mốt", 15 as "mười lăm", 1.005 as "một nghìn không trăm linh năm". Beyond
    999 tỷ the "tỷ" is counted in thousands again: "một nghìn hai trăm tỷ". Whole, not negative.
    """
    words = f"{_in_words(amount)} đồng"
    return words[0].upper() + words[1:]


def _in_words(number: int) -> str:
    if number < 0:
        raise ValueError("an amount to pay is not negative")
    if number == 0:
        return _DIGITS[0]
    billions, rest = divmod(number, 1_000_000_000)
    parts = [f"{_in_words(billions)}{_THOUSANDS[3]}"] if billions else []
    for power in (2, 1, 0):
        group, rest = divmod(rest, 1000**power)
        if group:
            parts.append(f"{_hundreds(group, is_first=not parts)}{_THOUSANDS[power]}")
    return " ".join(parts)


def _hundreds(group: int, *, is_first: bool) -> str:
    """Return a number of up to three digits; one that follows others says its empty places."""
    hundreds, (tens, ones) = group // 100, divmod(group % 100, 10)
    parts = [] if is_first and not hundreds else [f"{_DIGITS[hundreds]} trăm"]
    if tens > 1:
        parts.append(f"{_DIGITS[tens]} mươi")
    elif tens == 1:
        parts.append("mười")
    elif ones and parts:
        parts.append("linh")
    if ones == 1 and tens > 1:
        parts.append("mốt")
    elif ones == 5 and tens:
        parts.append("lăm")
    elif ones:
        parts.append(_DIGITS[ones])
    return " ".join(parts)


def masked(number: str) -> str:
    """Return a number with only its last three characters: "••••215", its length hidden too.

    The paper is handed to its owner, who knows the number; whoever finds a lost one must not learn
    it. Three and not four: the last four are the second fact that opens the public look-up beside
    the code printed above (domain.md 9.2, issue "tracking").
    """
    return f"••••{number[-3:]}" if len(number) > 3 else "••••" if number else ""


def in_capitals(name: str) -> str:
    """Return the name of a body as the head of a paper prints it: "UBND PHƯỜNG LONG XUYÊN"."""
    return _PEOPLES_COMMITTEE.sub("UBND", plain(name)).upper()


def place_of(unit_name: str) -> str:
    """Return the place for the date line without the kind of unit: "Phường Long Xuyên" → "Long Xuyên".

    A unit that is only numbered keeps its word: "Phường 1".
    """
    return _UNIT_WORD.sub("", plain(unit_name))


def initials(name: str) -> str:
    """Return the initials of a body for its number: "Sở Giáo dục và Đào tạo" → "SGDĐT"."""
    short = _PEOPLES_COMMITTEE.sub("UBND", plain(name))
    if short.startswith("UBND"):
        return "UBND"  # NĐ 30/2020, Phụ lục VI: a committee signs as UBND whatever its place
    letters = [
        word[0].upper()
        for word in re.findall(r"\w+", short)
        if word.lower() not in _LINK_WORDS and not word.isdigit()
    ]
    return "".join(letters)[:12]


def without_place_of(superior: str, unit: str) -> str:
    """Return a unit's name without the place that the line above it says already.

    Below "UBND phường Long Xuyên" stands "Trung tâm Phục vụ hành chính công" alone: the head of an
    A5 slip has room for no more.
    """
    place = _PEOPLES_COMMITTEE.sub("UBND", plain(superior)).removeprefix("UBND").strip()
    name = plain(unit)
    if not place or name.casefold() == place.casefold():
        return name
    cut = len(name) - len(place)
    if cut > 0 and name[cut:].casefold() == place.casefold():
        return name[:cut].strip()
    return name
