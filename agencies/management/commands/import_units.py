"""`manage.py import_units administrative-units.json provinces.json`: provinces and communes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from agencies.import_report import Report, Telling
from agencies.importing_units import import_units


class Command(BaseCommand):
    help = (
        "Read provinces and communes from the public lists (JSON). A second run changes nothing. "
        "Exit status 1 only when nothing could be read."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="check all, write nothing")
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        report = Report()
        with Telling(report, self.stderr) as telling:
            import_units(options["files"], report=report, dry_run=options["dry_run"])
            telling.finish(self.stdout if options["json"] else None, dry_run=options["dry_run"])
        if report.nothing_was_read:
            raise CommandError(_("Không đọc được đơn vị hành chính nào."))
