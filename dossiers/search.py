"""What an officer types to find a dossier: a code, a tracking code, a number, words of a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q

from accounts.folding import words
from accounts.personal_data import keyed_digest, normalise_number
from dossiers import tracking_codes

if TYPE_CHECKING:
    from dossiers.models import DossierQuerySet

LONGEST_QUERY = 200  # characters
_FEWEST_DIGITS = 8  # an old identity card has 9, a passport a letter and 7: those go by the letter


def readable(typed: str) -> str:
    """Return what was typed without what no database takes; of a scanned QR, the code after "#"."""
    text = "".join(letter for letter in typed if letter.isprintable())[: LONGEST_QUERY * 2]
    if "#" in text and "/q/" in text:
        text = text.rpartition("#")[2]
    return text.strip()[:LONGEST_QUERY]


def is_code(typed: str) -> bool:
    return tracking_codes.looks_like_code(typed)


def found_by(dossiers: DossierQuerySet, typed: str) -> DossierQuerySet:
    """Return the dossiers that what was typed may mean; nothing typed finds everything."""
    text = readable(typed)
    if not text:
        return dossiers
    matches = Q()
    number = normalise_number(text)
    if is_code(text):
        matches |= Q(code__iexact=tracking_codes.normalise_code(text)) | Q(code__iexact=text)
        matches |= Q(tracking_code=tracking_codes.normalise(text))
    if sum(letter.isdigit() for letter in number) >= _FEWEST_DIGITS - 1 and len(number) <= 20:
        matches |= Q(owner_id_digest=keyed_digest("owner_id", number))
    elif not matches and (terms := words(text)):
        # Built from alphanumeric words only, never from the text: nothing in it is an operator.
        tsquery = " & ".join([*terms[:-1], f"{terms[-1]}:*"])
        matches |= Q(owner_search=SearchQuery(tsquery, config="simple", search_type="raw"))
    return dossiers.filter(matches) if matches else dossiers.none()
