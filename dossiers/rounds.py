"""So sánh các lần bổ sung: what each round asked for, what came, and what was asked for again.

Pure over rows that were read; a paper asked for twice is what the law tells an officer to avoid
(all that is missing in one request, domain.md 3.5) and what the national measure counts (3.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from accounts.folding import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dossiers.models import DossierDocument, SupplementRound


@dataclass(frozen=True, slots=True)
class Item:
    """A thing asked for, and whether an earlier round asked for it already."""

    text: str
    is_again: bool


@dataclass(frozen=True, slots=True)
class Round:
    """One request and its answer, beside the others."""

    row: SupplementRound
    items: list[Item]
    papers: list[DossierDocument]

    @property
    def asks_again(self) -> bool:
        return any(item.is_again for item in self.items)


def compare(rows: Iterable[SupplementRound], documents: Iterable[DossierDocument]) -> list[Round]:
    """Return the rounds in their order, each thing marked that was asked for before."""
    papers: dict[int, list[DossierDocument]] = {}
    for document in documents:
        if document.supplement_round:
            papers.setdefault(document.supplement_round, []).append(document)
    asked: set[str] = set()
    found = []
    for row in rows:
        items = [Item(str(text), fold(str(text)) in asked) for text in row.items]
        asked |= {fold(item.text) for item in items}
        # Before acceptance no round of the dossier is counted: papers taken in then bear none.
        found.append(Round(row, items, [] if row.before_acceptance else papers.get(row.number, [])))
    return found
