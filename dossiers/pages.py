"""Keyset paging: a cursor is the place of the last row seen, so page 1,000 costs what page 1 does."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from typing import TYPE_CHECKING

from django.db.models import Q

if TYPE_CHECKING:
    from dossiers.models import Dossier, DossierQuerySet

PAGE_SIZE = 50


class CursorError(ValueError):
    """The cursor was not made by `cursor_after`."""


def after(dossiers: DossierQuerySet, cursor: str, *, by: str = "due_at") -> DossierQuerySet:
    """Return the rows after the cursor, by a date (`by`) and id, those without one last."""
    ordered = dossiers.order_by(by, "id")
    if not cursor:
        return ordered
    due, pk = _read(cursor)
    if due is None:
        return ordered.filter(Q(**{f"{by}__isnull": True}), pk__gt=pk)
    later = Q(**{f"{by}__gt": due}) | Q(**{by: due}, pk__gt=pk) | Q(**{f"{by}__isnull": True})
    return ordered.filter(later)


def cursor_after(dossier: Dossier, *, by: str = "due_at") -> str:
    """Return the cursor by which the next page starts after this row."""
    due: dt.datetime | None = getattr(dossier, by)
    place = [due.isoformat() if due else None, dossier.pk]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[dt.datetime | None, int]:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        due, pk = json.loads(text)
        instant = dt.datetime.fromisoformat(due) if due is not None else None
        if (instant and instant.tzinfo is None) or not isinstance(pk, int) or abs(pk) > 2**62:
            raise ValueError
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise CursorError from error
    return instant, pk


def page_of(
    dossiers: DossierQuerySet, cursor: str, size: int = PAGE_SIZE, *, by: str = "due_at"
) -> tuple[list[Dossier], str | None]:
    """Return a page of rows and the cursor of the next page, None on the last. Runs one query."""
    rows = list(after(dossiers, cursor, by=by)[: size + 1])
    if len(rows) <= size:
        return rows, None
    return rows[:size], cursor_after(rows[size - 1], by=by)
