"""Check that nobody changed, removed, back-dated or cut off an event of any dossier."""

from __future__ import annotations

from argparse import ArgumentParser
from itertools import groupby, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from dossiers.chain import chain_faults, faults_in
from dossiers.models import Dossier, DossierEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BATCH = 1000  # dossiers held in memory with their events


class Command(BaseCommand):
    """Verify the chains: each dossier at fault on a line of standard output, exit status 1."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take codes; none means every dossier."""
        parser.add_argument("codes", nargs="*", metavar="CODE", help="only these dossiers")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what is wrong; raise CommandError when anything is, or a code is nobody's."""
        dossiers = Dossier.objects.all()
        if codes := options["codes"]:
            dossiers = dossiers.filter(code__in=codes)
            unknown = set(codes) - set(dossiers.values_list("code", flat=True))
            if unknown:
                raise CommandError(f"No dossier has the code {', '.join(sorted(unknown))}.")
        checked = at_fault = 0
        rows = dossiers.only("code", "tracking_code", "event_count", "last_digest").order_by("pk")
        for batch in _batches(rows.iterator(chunk_size=BATCH)):
            for dossier, faults in _examine(batch):
                at_fault += 1
                self.stdout.write(f"{dossier.public_code}: {'; '.join(faults)}")
            checked += len(batch)
            self.stderr.write(f"{checked} dossiers checked")
        if at_fault:
            raise CommandError(f"{at_fault} of {checked} dossiers have a broken history.")


def _batches(dossiers: Iterable[Dossier]) -> Iterator[list[Dossier]]:
    rows = iter(dossiers)
    while batch := list(islice(rows, BATCH)):
        yield batch


def _examine(batch: list[Dossier]) -> Iterator[tuple[Dossier, list[str]]]:
    """Yield the dossiers at fault with their faults. Runs one query, two more for each suspect."""
    events = DossierEvent.objects.filter(dossier__in=[d.pk for d in batch]).order_by(
        "dossier_id", "seq"
    )
    history = {pk: list(rows) for pk, rows in groupby(events, attrgetter("dossier_id"))}
    for dossier in batch:
        if faults_in(dossier, history.get(dossier.pk, [])):
            # An act may have been done between the two readings: look again under the lock.
            with transaction.atomic():
                locked = Dossier.objects.select_for_update(of=("self",), no_key=True).get(
                    pk=dossier.pk
                )
                faults = chain_faults(locked)
            if faults:
                yield locked, faults
