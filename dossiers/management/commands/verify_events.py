"""Check that nobody changed, removed, inserted, back-dated or cut off history past the product."""

from __future__ import annotations

import datetime as dt
import time
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from agencies.models import Agency
from dossiers import verifying
from dossiers.models import Dossier
from dossiers.verifying import Outcome


class Command(BaseCommand):
    """Verify history: each finding on a line of standard output, exit status 1 when there is one.

    Without a choice it looks at everything: dossiers, papers, readings, roots of the days in the
    database and in the file.
    """

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to look at; nothing means everything."""
        parser.add_argument(
            "--dossier", action="append", default=[], metavar="CODE", help="only this dossier"
        )
        parser.add_argument(
            "--agency", default="", metavar="CODE", help="only dossiers of it and of those below it"
        )
        parser.add_argument(
            "--since", type=_day, metavar="DATE", help="only what was recorded from this day on"
        )
        parser.add_argument("--processes", type=_count, default=1, metavar="N")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what is wrong; raise CommandError when anything is, or a code is nobody's."""
        started = time.monotonic()
        codes, agency, since = options["dossier"], options["agency"], options["since"]
        if codes or agency:
            outcome = self._chosen(codes, agency, since)
        elif since:
            outcome = verifying.verify_recorded(since)
        else:
            up_to = verifying.newest_closed_day()
            outcome = verifying.verify_everything(
                processes=options["processes"],
                tell=lambda count: self.stderr.write(f"{count} dossiers looked at"),
            )
            verifying.note(outcome, is_whole=True, up_to=up_to, started=started)
        for finding in outcome.findings:
            self.stdout.write(str(finding))
        seconds = time.monotonic() - started
        looked = (
            f"{outcome.dossiers} dossiers, {outcome.events} events, {outcome.readings} readings "
            f"in {seconds:.1f} s ({outcome.events / seconds:.0f} events/s)"
        )
        if outcome.findings:
            raise CommandError(f"{len(outcome.findings)} findings in {looked}.")
        self.stdout.write(f"Nothing was changed: {looked}.")

    def _chosen(self, codes: list[str], agency: str, since: dt.date | None) -> Outcome:
        """Look at some dossiers whole; the roots of days need every dossier and are left out."""
        dossiers = Dossier.objects.all()
        if codes:
            wanted = Q(code__in=codes) | Q(tracking_code__in=codes)
            dossiers = dossiers.filter(wanted)
            known = {code for row in dossiers.values_list("code", "tracking_code") for code in row}
            if unknown := set(codes) - known:
                raise CommandError(f"No dossier has the code {', '.join(sorted(unknown))}.")
        if agency:
            found = Agency.objects.filter(code=agency).first()
            if found is None:
                raise CommandError(f"No agency has the code {agency}.")
            places = Agency.objects.at_or_below(found)
            dossiers = dossiers.filter(
                Q(receiving_agency__in=places) | Q(competent_agency__in=places)
            )
        only = list(dossiers.values_list("pk", flat=True))
        if since:
            only = sorted(set(only) & set(verifying.dossiers_recorded_since(since)))
        return verifying.verify_these(only)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is no day: write YYYY-MM-DD") from None


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 64:
        raise ArgumentTypeError("between 1 and 64")
    return int(text)
