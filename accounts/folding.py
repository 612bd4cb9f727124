"""Vietnamese text for machines: normal form, search without marks, alphabetical order."""

from __future__ import annotations

import re
import unicodedata

_MARKS = re.compile(r"[\u0300-\u036f]")
_BLANKS = re.compile(r"\s+")
# Ð (U+00D0) is a wrong-codepoint Đ seen in old data; typographic apostrophes occur in "K’Bri".
_STROKES = str.maketrans({"đ": "d", "Đ": "d", "ð": "d", "Ð": "d", "’": "'", "‘": "'", "ʼ": "'"})

# The order of the Vietnamese alphabet (style.md 9: An Ánh Ăn Ân Dung Đào Em Ý Yến), then the tone
# order of dictionaries: ngang, huyền, hỏi, ngã, sắc, nặng.
_LETTERS = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_LETTER_RANK = {letter: f"{rank:02d}" for rank, letter in enumerate(_LETTERS, start=11)}
_TONES = {"\u0300": "1", "\u0309": "2", "\u0303": "3", "\u0301": "4", "\u0323": "5"}


def tidy(text: str) -> str:
    """Return the text in NFC with every run of blanks made one space and the ends trimmed."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def fold(text: str) -> str:
    """Return the text lower-cased and without marks, as it is typed in a hurry (measurements.md C)."""
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", text))
    return _BLANKS.sub(" ", bare.translate(_STROKES).lower()).strip()


def words(text: str, *, limit: int = 12) -> list[str]:
    """Return the folded alphanumeric words of what a person typed, ready for a tsquery."""
    return re.findall(r"[a-z0-9]+", fold(text))[:limit]


def sort_key(text: str) -> str:
    """Return a string whose byte order is the Vietnamese alphabetical order of the text.

    Letters decide first and tones second, so "An" < "Ánh" < "Ăn"; PostgreSQL without ICU cannot
    say so itself (style.md 9).
    """
    letters: list[str] = []
    tones: list[str] = []
    for char in unicodedata.normalize("NFC", tidy(text).lower().replace("ð", "đ")):
        base, tone = char, "0"
        parts = unicodedata.normalize("NFD", char)
        for mark in parts[1:]:
            if mark in _TONES:
                tone = _TONES[mark]
                base = unicodedata.normalize("NFC", parts.replace(mark, ""))
        if base == " ":
            letters.append("00")
        elif base.isdigit():
            letters.append("0" + base)
        else:
            letters.append(_LETTER_RANK.get(base, "99"))
        tones.append(tone)
    return f"{''.join(letters)}:{''.join(tones)}"[:255]
