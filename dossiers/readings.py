"""Lượt xem: write down that an officer read a dossier, and tell its owner who did (design.md 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dossiers.chain import reading_digest
from dossiers.models import DossierReading, ReadingWay
from dossiers.recording import database_now

if TYPE_CHECKING:
    import datetime as dt

    from agencies.models import Officer
    from dossiers.models import Dossier


@dataclass(frozen=True, slots=True)
class Opening:
    """One opening of a dossier, in the words its owner reads."""

    at: dt.datetime
    officer: str
    agency: str
    way: str


def note_reading(
    dossier: Dossier,
    *,
    by: Officer,
    way: ReadingWay = ReadingWay.PAGE,
    at: dt.datetime | None = None,
) -> DossierReading:
    """Write down that an officer reads a dossier now, signed (domain.md 2.6).

    `at` is the database's clock, for who asked it together with the dossier
    (`Dossier.objects.opened_now`). Runs one query, one more without `at`.
    """
    at = at or getattr(dossier, "opened_at", None) or database_now()
    reading = DossierReading(dossier=dossier, officer=by, at=at, way=way)
    reading.digest = reading_digest(reading, dossier.tracking_code)
    reading.save(force_insert=True)
    return reading


def who_opened(dossier: Dossier, limit: int = 200) -> list[Opening]:
    """Return who opened a dossier, the newest first, for its owner to see. Runs one query."""
    rows = dossier.readings.select_related("officer__agency").order_by("-at", "-id")[:limit]
    return [
        Opening(row.at, row.officer.full_name, row.officer.agency.name, row.get_way_display())
        for row in rows
    ]
