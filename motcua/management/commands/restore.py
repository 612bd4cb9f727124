"""Read a backup into an empty database and an empty folder of files, and compare."""

import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from motcua import archive


class Command(BaseCommand):
    """Restore: nothing is written before digests, keys and emptiness have been looked at."""

    help = __doc__
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the folder."""
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument(
            "--role", default="", help="then give this role its rights (grant_rights)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore; raise CommandError when the backup is damaged or its place is taken."""
        folder: Path = options["folder"]
        manifest = archive.read_manifest(folder)
        self.check_backup(folder, manifest)
        media = Path(settings.MEDIA_ROOT)
        self.check_room(media)
        archive.load(folder / archive.DUMP)
        shutil.copytree(folder / archive.FILES, media, dirs_exist_ok=True)
        self.compare(folder, manifest, media)
        if options["role"]:
            call_command("grant_rights", options["role"])
        self.stdout.write(f"{folder}: restored, {sum(manifest['tables'].values())} rows.")

    def check_backup(self, folder: Path, manifest: dict[str, Any]) -> None:
        """Raise CommandError when a file differs from the manifest or a key is missing here."""
        found = archive.digests(folder)
        expected = manifest["digests"]
        differing = sorted(
            name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)
        )
        if differing:
            raise CommandError(f"The backup is damaged: {', '.join(differing[:5])}.")
        missing = [key for key in manifest["keys"] if key not in archive.key_ids()]
        if missing:
            raise CommandError(
                f"Keys of this backup are missing here: {', '.join(missing)}. "
                "Without them its personal data cannot be read."
            )

    def check_room(self, media: Path) -> None:
        """Raise CommandError when the database or the folder of files holds anything."""
        with connection.cursor() as cursor:
            tables = connection.introspection.table_names(cursor, include_views=True)
        if tables:
            raise CommandError(
                f"The database is not empty ({len(tables)} tables): restore into a new one."
            )
        if media.exists() and any(media.iterdir()):
            raise CommandError(f"{media} is not empty.")

    def compare(self, folder: Path, manifest: dict[str, Any], media: Path) -> None:
        """Raise CommandError when rows or files differ from the manifest."""
        rows = archive.table_rows()
        if rows != manifest["tables"]:
            names = sorted(
                name
                for name in rows.keys() | manifest["tables"].keys()
                if rows.get(name) != manifest["tables"].get(name)
            )
            raise CommandError(f"Rows differ after the restore: {', '.join(names[:5])}.")
        files = {f"{archive.FILES}/{name}": value for name, value in archive.digests(media).items()}
        kept = {name: value for name, value in manifest["digests"].items() if name != archive.DUMP}
        if files != kept:
            raise CommandError("Files differ after the restore.")
