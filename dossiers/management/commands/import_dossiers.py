from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dossiers.importing import UnreadableFileError, import_dossiers


class Command(BaseCommand):
    """Load old dossiers from a CSV file; the summary alone goes to standard output."""

    help = "Nhập hồ sơ cũ từ tệp CSV; dòng bị từ chối được ghi vào tệp .refused.csv bên cạnh."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="Chỉ kiểm tra, không ghi.")
        parser.add_argument("--json", action="store_true", help="In tóm tắt dạng JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        def progress(read: int) -> None:
            self.stderr.write(f"{read:,} dòng".replace(",", "."))

        try:
            outcome = import_dossiers(
                options["file"], dry_run=options["dry_run"], progress=progress
            )
        except UnreadableFileError as error:
            raise CommandError(str(error)) from error
        summary = outcome.as_json()
        if options["json"]:
            json.dump(summary, sys.stdout, ensure_ascii=False)
            self.stdout.write("")
            return
        self.stdout.write(
            f"Đã đọc {outcome.read}, nạp {outcome.loaded}, đã có {outcome.present}, "
            f"từ chối {outcome.refused}, cảnh báo {outcome.warned}."
        )
        for path in (outcome.refusals_file, outcome.warnings_file):
            if path:
                self.stdout.write(f"Xem {path}")
