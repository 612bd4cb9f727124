"""What a person types to find a procedure: a code, its beginning, words without marks, initials."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.contrib.postgres.search import SearchVectorField
from django.db.models import Value
from django.db.models.functions import Cast

from accounts.folding import fold, tidy, words

LONGEST_QUERY = 200  # characters; what is typed beyond them adds nothing
_CODE_START = re.compile(r"[1-6](\.\d{0,9}(-xoa)?)?(\.000\.00\.00)?(\.[hg]\d{0,2})?\.?", re.I)
_LOCAL_SUFFIX = re.compile(r"(\.000\.00\.00)?\.[hg]\d{0,2}\.?$", re.I)
_BARE_CODE = re.compile(r"([1-6])(\d{6,9})")
# No Vietnamese syllable lacks a vowel, so such a word can only be initials: "dkkh" = đăng ký kết hôn.
_INITIALS = re.compile(r"[b-df-hj-np-tv-xz]{2,6}")
_INITIALS_MARK = "~"  # keeps initials apart from words in the same tsvector
_LAST_POSITION = 16_383  # a tsvector counts no further


@dataclass(frozen=True, slots=True)
class Typed:
    """What was understood: the start of a code, a safe tsquery, the words as they were typed."""

    code: str = ""
    tsquery: str = ""
    phrase: str = ""  # left out where it could tell nothing that the tsquery does not
    initials: str = ""  # a tsquery too: "dk kh" meant as đăng ký kết hôn
    is_blank: bool = False

    @property
    def finds_anything(self) -> bool:
        return bool(self.code or self.tsquery)


def understand(query: str) -> Typed:
    """Read what was typed; the tsquery is built from alphanumeric words only, never from the text."""
    text = tidy("".join(letter for letter in query[:LONGEST_QUERY] if _is_readable(letter)))
    if not text:
        return Typed(is_blank=True)
    if "." in (code := _code_start(text)):
        return Typed(code=code)
    found = words(text)
    terms = []
    for position, word in enumerate(found):
        ending = ":*" if position == len(found) - 1 else ""
        term = f"{word}{ending}"
        if _INITIALS.fullmatch(word):
            term = f"({term} | '{_INITIALS_MARK}{word}'{ending})"
        terms.append(term)
    tsquery = " & ".join(terms)
    initials = ""
    if found and all(_INITIALS.fullmatch(word) for word in found):
        initials = f"'{_INITIALS_MARK}{''.join(found)}'"
        tsquery = f"({tsquery}) | {initials}:*"
    has_marks = fold(text) != text.lower()
    return Typed(
        code=code,
        tsquery=tsquery,
        phrase=text.lower() if has_marks or len(found) > 1 else "",
        initials=initials,
    )


def vector(name: str) -> Cast:
    """Return the expression to store in Procedure.search for a name: its words and initials."""
    return Cast(Value(vector_text(name)), SearchVectorField())


def vector_text(name: str) -> str:
    """Return the tsvector of a name as text: words with positions, initials of 2-5 words without.

    Built here and not by to_tsvector, whose parser takes "xa/phuong" for a file name.
    """
    found = words(name, limit=_LAST_POSITION)
    lexemes = [f"{word}:{position}" for position, word in enumerate(found, start=1)]
    letters = "".join(word[0] if word[0].isalpha() else " " for word in found)
    initials = {
        letters[start : start + length]
        for length in range(2, 6)
        for start in range(len(letters) - length + 1)
    }
    lexemes += [f"{_INITIALS_MARK}{text}" for text in sorted(initials) if " " not in text]
    return " ".join(lexemes)


def _code_start(text: str) -> str:
    """Return the start of a code in the form it is stored in, or nothing."""
    bare = re.sub(r"\s", "", fold(text))
    if joined := _BARE_CODE.fullmatch(bare):
        return f"{joined[1]}.{joined[2]}"
    if not _CODE_START.fullmatch(bare):
        return ""
    return _LOCAL_SUFFIX.sub("", bare).replace("-xoa", "-Xoa")


def _is_readable(letter: str) -> bool:
    return letter != "\x00" and not "\ud800" <= letter <= "\udfff"
