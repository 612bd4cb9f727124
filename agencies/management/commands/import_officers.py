"""`manage.py import_officers FILE.csv`: officers with their roles, several rows an officer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from agencies.import_report import Report, Telling
from agencies.importing_officers import OPTIONAL, REQUIRED, import_officers, refused_path


class Command(BaseCommand):
    help = (
        f"Read officers from CSV with the columns {', '.join(REQUIRED)} and, if wanted, "
        f"{', '.join(OPTIONAL)}. Roles are separated by a semicolon. Refused rows go into "
        "FILE.refused.csv. A second run changes nothing. Exit status 1 only when nothing could be read."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="check all, write nothing")
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        report = Report()
        path: Path = options["file"]
        with Telling(report, self.stderr, [path]) as telling:
            import_officers(path, report=report, dry_run=options["dry_run"])
            if report.counts.refused and not options["dry_run"]:
                telling.say(_("Các dòng bị từ chối ở %(path)s") % {"path": refused_path(path)})
            telling.finish(self.stdout if options["json"] else None, dry_run=options["dry_run"])
        if report.nothing_was_read:
            raise CommandError(_("Không đọc được dòng nào."))
