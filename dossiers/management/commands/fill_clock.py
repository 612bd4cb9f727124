"""Set the second dates and intake timers of dossiers written before the portal kept them."""

from __future__ import annotations

from argparse import ArgumentParser
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand
from django.db.models import Prefetch, Q

from agencies.calendars import calendar_of
from dossiers import clockwork
from dossiers.models import Dossier, DossierEvent
from dossiers.workflow import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agencies.working_time import Calendar

BATCH = 1000  # dossiers held in memory with their events
FIELDS = ["due_statutory_at", "answer_by_at"]


class Command(BaseCommand):
    """Fill what is empty and never change what is there; may run twice, while people work.

    After an upgrade (docs/operating.md). Open dossiers with a limit get the law's own date, moved
    by their pauses; submissions that wait get their timer, from the act they began to wait with.
    """

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --dry-run, which only counts."""
        parser.add_argument("--dry-run", action="store_true", help="count, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print how many dossiers were looked at and filled."""
        calendars: dict[int | None, Calendar] = {}
        seen = filled = 0
        for batch in _batches(_empty().iterator(chunk_size=BATCH)):
            changed = []
            for dossier in batch:
                key = dossier.receiving_agency.calendar_id
                if key not in calendars:
                    calendars[key] = calendar_of(dossier.receiving_agency)
                if clockwork.fill(dossier, calendars[key]):
                    changed.append(dossier)
            if not options["dry_run"]:
                _write(changed)
            seen, filled = seen + len(batch), filled + len(changed)
        self.stdout.write(f"{seen} dossiers looked at, {filled} filled")


def _empty() -> Any:
    events = DossierEvent.objects.only("dossier_id", "seq", "at", "to_state").order_by("seq")
    return (
        Dossier.objects.filter(
            Q(state=State.SUBMITTED, answer_by_at__isnull=True)
            | Q(received_at__isnull=False, settled_at__isnull=True, due_statutory_at__isnull=True)
        )
        .select_related("version", "receiving_agency")
        .prefetch_related("pauses", Prefetch("events", events))
        .order_by("pk")
    )


def _batches(dossiers: Iterable[Dossier]) -> Iterator[list[Dossier]]:
    rows = iter(dossiers)
    while batch := list(islice(rows, BATCH)):
        yield batch


def _write(dossiers: list[Dossier]) -> None:
    """Write each where nobody acted on it meanwhile: an act fills what it finds empty itself."""
    for dossier in dossiers:
        untouched = Dossier.objects.filter(pk=dossier.pk, event_count=dossier.event_count)
        untouched.update(**{name: getattr(dossier, name) for name in FIELDS})
