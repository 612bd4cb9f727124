"""Which procedures the desk offers for what is typed: what this officer takes in most comes first."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING

from django.db.models import Count
from django.utils import timezone

from dossiers.models import Dossier
from procedures.models import Procedure

if TYPE_CHECKING:
    from agencies.models import Officer
    from procedures.models import ProcedureQuerySet

FOUND = 8  # procedures offered
_LOOKED_AT = 32  # of the best, among which habit may choose
_HABIT = dt.timedelta(days=30)


def procedures_for(
    typed: str, officer: Officer, *, of: ProcedureQuerySet | None = None
) -> list[Procedure]:
    """Return the offered procedures that the words find, the officer's own first; none for no words.

    Runs two queries.
    """
    if not typed.strip():
        return []
    today = timezone.localdate()
    among = Procedure.objects.offered_on(today) if of is None else of
    found = list(among.search(typed, today=today).only("code", "name")[:_LOOKED_AT])
    if len(found) > 1:
        used = _used(officer, [procedure.pk for procedure in found])
        # A stable sort: what nobody uses stays in the order of the search.
        found.sort(key=lambda procedure: -used[procedure.pk])
    return found[:FOUND]


def most_used(officer: Officer, *, of: ProcedureQuerySet | None = None) -> list[Procedure]:
    """Return what the officer took in most, of late; filled up by name where `of` is given.

    Runs two queries, three where it is filled up.
    """
    today = timezone.localdate()
    used = _used(officer)
    among = Procedure.objects.offered_on(today) if of is None else of
    by_key = among.only("code", "name").in_bulk(
        [key for key, _count in used.most_common(4 * FOUND)]
    )
    found = [by_key[key] for key, _count in used.most_common(4 * FOUND) if key in by_key][:FOUND]
    if of is not None and len(found) < FOUND:
        rest = among.only("code", "name").exclude(pk__in=[each.pk for each in found])
        found += rest.order_by("name_fold", "code")[: FOUND - len(found)]
    return found


def _used(officer: Officer, among: list[int] | None = None) -> Counter[int]:
    """Return how often the officer logged each procedure in the last thirty days."""
    logged = Dossier.objects.filter(
        created_by=officer, submitted_at__gte=timezone.now() - _HABIT, parent__isnull=True
    )
    if among is not None:
        logged = logged.filter(procedure__in=among)
    counted = logged.order_by().values("procedure").annotate(count=Count("pk"))
    return Counter({row["procedure"]: row["count"] for row in counted})
