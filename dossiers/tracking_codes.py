"""Mã tra cứu and typed codes: pure, no database.

A tracking code is eight random characters of Crockford's base32 and a check character (design.md
4.2): 40 bits nobody can count through, no letter that looks like a figure, and a slip of the finger
is seen before anything is asked of the database.
"""

import re
import secrets
import unicodedata

from stdnum import luhn

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
RANDOM_LENGTH = 8
LENGTH = RANDOM_LENGTH + 1
LONGEST = 100  # beyond every stored code: what is typed longer matches none

# What the eye takes for a figure, and what stands between the parts of a code.
_LOOK_ALIKES = {"O": "0", "I": "1", "L": "1"}
_SEPARATORS = " .-_/\N{EN DASH}\N{EM DASH}\N{NO-BREAK SPACE}"
_FIGURES = str.maketrans(_LOOK_ALIKES)
_FOLDING = str.maketrans(_LOOK_ALIKES | dict.fromkeys(_SEPARATORS, ""))

_FEWEST_FIGURES = 8  # a code has a date and a number; "NĐ 61/2018" has less
_DATE = re.compile(r"\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
# domain.md 5.1: root to leaf, or the old form from leaf to root.
_NEW_AGENCY = re.compile(r"[HG]\d{2}(\.\d{2,3}){0,3}")
_OLD_AGENCY = re.compile(r"\d{3}\.\d{2}\.\d{2}\.[HG]\d{2}")
_PROCEDURE_CODE = re.compile(r"[1-6]\.\d{6,9}(-xoa)?(\.000\.00\.00)?(\.[hg]\d{2})?", re.IGNORECASE)


# Every two characters and what they add to the sum that the check character fills up to a whole
# round (Luhn, every second doubled): a bulk load makes millions of codes.
_PAIRS = [
    (a + b, luhn.checksum(a + b + "0", alphabet=ALPHABET)) for a in ALPHABET for b in ALPHABET
]


def make() -> str:
    """Return a new tracking code as it is stored, for example "K7MQ2XWPC"."""
    while True:
        bits = secrets.randbits(5 * RANDOM_LENGTH)  # one draw: ten of them choose a pair
        pairs = [_PAIRS[bits >> 5 * n & 1023] for n in range(0, RANDOM_LENGTH, 2)]
        body = "".join(characters for characters, _weight in pairs)
        # A code without a figure could be a word, for people and for the box of the home page.
        if not body.isalpha():
            return body + ALPHABET[-sum(weight for _characters, weight in pairs) % len(ALPHABET)]


def grouped(code: str) -> str:
    """Return a tracking code as it is printed and read aloud: "K7MQ 2XWP C"."""
    return " ".join(filter(None, (code[:4], code[4:8], code[8:])))


def fold(typed: str) -> str:
    """Return what is compared of a typed code: case, blanks, dashes, O/0 and I/1/L do not matter.

    Two codes that fold alike are one code, for the look-up and for counting wrong tries. `fold_sql`
    says the same of a column.
    """
    text = unicodedata.normalize("NFKC", typed[: LONGEST * 10])
    bare = "".join(character for character in text if not _is_nothing(character))
    # Once more: a mark that stood apart may have come to stand on a letter, so that folding twice
    # would say something else.
    return unicodedata.normalize("NFKC", bare.upper()).translate(_FOLDING)[:LONGEST]


def _is_nothing(character: str) -> bool:
    """Whether it is a blank (Z), a dash (Pd, minus) or what a paste brings along unseen (C)."""
    kind = unicodedata.category(character)
    return kind[0] in "ZC" or kind == "Pd" or character == "\N{MINUS SIGN}"


def fold_sql(column: str) -> str:
    """Return the SQL by which the index `dossier_by_folded_code` and the look-up fold a column."""
    letters = "".join(_LOOK_ALIKES)
    figures = "".join(_LOOK_ALIKES.values())
    return f"translate(upper({column}), '{letters}{_SEPARATORS}', '{figures}')"


def normalise(typed: str) -> str:
    """Return a typed tracking code as it is stored."""
    return fold(typed)


def has_shape(typed: str) -> bool:
    """Whether what was typed is as long as a tracking code and written in its characters."""
    code = fold(typed)
    return (
        len(code) == LENGTH
        and all(character in ALPHABET for character in code)
        and any(character.isdigit() for character in typed)
    )


def is_valid(code: str) -> bool:
    """Whether the check character agrees: each single slip and each swap but 0 with Z is seen."""
    folded = fold(code)
    return len(folded) == LENGTH and bool(luhn.is_valid(folded, alphabet=ALPHABET))


def normalise_code(typed: str) -> str:
    """Return a typed dossier code as it is printed: "h01.151 – 26O825 oo12" is H01.151-260825-0012.

    What is no code of domain.md 5.2 comes back trimmed and in capitals: old systems had their own.
    """
    trimmed = unicodedata.normalize("NFKC", typed[: LONGEST * 10]).strip().upper()
    parts = re.split(r"[^0-9A-Z]+", trimmed.translate(_FIGURES))
    if len(parts) >= 3:
        agency, day, number = ".".join(parts[:-2]), parts[-2], parts[-1]
        known = _NEW_AGENCY.fullmatch(agency) or _OLD_AGENCY.fullmatch(agency)
        if known and _DATE.fullmatch(day) and re.fullmatch(r"\d{4,}", number):
            return f"{agency}-{day}-{number}"
    return trimmed


def looks_like_code(typed: str) -> bool:
    """Whether a person who typed this into one box for everything meant a dossier, not words.

    A procedure code such as 1.000948.H38 is words: it leads to the catalogue.
    """
    text = typed.strip()
    if _PROCEDURE_CODE.fullmatch(text):
        return False
    code = fold(text)
    figures = sum(character.isdigit() for character in code)
    return has_shape(text) or (figures >= _FEWEST_FIGURES and figures * 2 > len(code))
