"""Write the database, the files and the ids of the keys into a new folder."""

import os
import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from motcua import archive


class Command(BaseCommand):
    """Backup: what `restore` reads. The keys themselves are kept elsewhere (docs/operating.md)."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the folder."""
        parser.add_argument("folder", type=Path, metavar="DIR")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the backup; raise CommandError when the folder holds something."""
        folder: Path = options["folder"]
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise CommandError(f"{folder} is not an empty folder.")
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)  # personal data: for the owner's eyes only
        before = os.umask(0o077)
        try:
            rows, files = self._write(folder)
        finally:
            os.umask(before)
        self.stdout.write(
            f"{folder}: {len(rows)} tables, {sum(rows.values())} rows, {files} files."
        )

    def _write(self, folder: Path) -> tuple[dict[str, int], int]:
        """Write everything; return the rows of each table and how many files were copied."""
        # Rows are counted and dumped in one snapshot: the province goes on working meanwhile.
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT pg_export_snapshot()")
            snapshot = cursor.fetchone()[0]
            tables = archive.table_rows()
            archive.run(
                "pg_dump",
                "--format=custom",
                "--no-owner",
                "--no-privileges",
                f"--snapshot={snapshot}",
                f"--file={folder / archive.DUMP}",
            )
        # After the rows: a file without a row is harmless, a row without its file is not.
        media = Path(settings.MEDIA_ROOT)
        if media.exists():
            shutil.copytree(media, folder / archive.FILES)
            # The modes came along, and those of the product's files may be wider.
            for path in (folder / archive.FILES, *(folder / archive.FILES).rglob("*")):
                path.chmod(0o700 if path.is_dir() else 0o600)
        else:
            (folder / archive.FILES).mkdir()
        manifest = archive.write_manifest(folder, tables)
        return tables, len(manifest["digests"]) - 1
