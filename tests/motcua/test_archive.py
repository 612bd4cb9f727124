"""backup and restore: what comes back is what was put away, or a clear refusal."""

from __future__ import annotations

import io
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection, connections

from motcua import archive

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db(transaction=True)

EMPTY = f"motcua_restore_{os.getpid()}"


def call(command: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def _files() -> None:
    folder = Path(django_settings.MEDIA_ROOT)
    (folder / "papers").mkdir(parents=True)
    (folder / "papers" / "receipt.pdf").write_bytes(b"%PDF made up")
    (folder / "papers").chmod(0o755)
    (folder / "papers" / "receipt.pdf").chmod(0o644)
    get_user_model().objects.create(username="thu", full_name="Nguyễn Thị Ánh Tuyết")


@pytest.fixture
def backup(_files: None, tmp_path: Path) -> Path:
    """Return a backup of the test database."""
    folder = tmp_path / "backup"
    call("backup", str(folder))
    return folder


@contextmanager
def _empty_database() -> Iterator[None]:
    """Point Django's default connection at a new empty database for a while."""
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {EMPTY}")
        admin.execute(f"CREATE DATABASE {EMPTY}")
    before = connections["default"].settings_dict["NAME"]
    connection.close()
    connections["default"].settings_dict["NAME"] = EMPTY
    try:
        yield
    finally:
        connection.close()
        connections["default"].settings_dict["NAME"] = before
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {EMPTY} WITH (FORCE)")


def test_a_backup_restores_into_an_empty_database(
    backup: Path, settings: Any, tmp_path: Path
) -> None:
    rows = archive.table_rows()
    content = _content()
    settings.MEDIA_ROOT = tmp_path / "restored"
    with _empty_database():
        assert "restored" in call("restore", str(backup))
        assert archive.table_rows() == rows
        assert _content() == content
        assert get_user_model().objects.get(username="thu").full_name == "Nguyễn Thị Ánh Tuyết"
        # The same schema, triggers and all: nothing is left to migrate.
        call_command("migrate", check_unapplied=True, verbosity=0)
    receipt = tmp_path / "restored" / "papers" / "receipt.pdf"
    assert receipt.read_bytes() == b"%PDF made up"


def _content() -> dict[str, list[str]]:
    """Return every row of every table as text."""
    with connection.cursor() as cursor:
        content = {}
        for name in archive.table_rows():
            cursor.execute(f'SELECT t::text FROM "{name}" t ORDER BY 1')  # noqa: S608
            content[name] = [row[0] for row in cursor.fetchall()]
    return content


def test_a_backup_holds_no_key_and_is_for_its_owner_only(backup: Path) -> None:
    manifest = (backup / archive.MANIFEST).read_text()
    assert [each.split(":")[:2] for each in json.loads(manifest)["keys"][:2]] == [
        ["data", "t2"],
        ["data", "t1"],
    ]
    for key in [*django_settings.DATA_KEYS.values(), django_settings.CHAIN_KEY]:
        assert key.decode() not in manifest
    assert all(path.stat().st_mode & 0o077 == 0 for path in [backup, *backup.rglob("*")])


@pytest.mark.usefixtures("_files")
def test_a_backup_leaves_the_process_as_it_was(tmp_path: Path) -> None:
    # The mask of a process that goes on working is not the backup's to change.
    before = os.umask(0o027)
    try:
        call("backup", str(tmp_path / "backup"))
        assert os.umask(before) == 0o027
    finally:
        os.umask(before)


def test_a_backup_needs_an_empty_folder(backup: Path) -> None:
    with pytest.raises(CommandError, match="not an empty folder"):
        call("backup", str(backup))


def test_a_database_with_tables_is_not_overwritten(backup: Path) -> None:
    with pytest.raises(CommandError, match="database is not empty"):
        call("restore", str(backup))


def test_files_are_not_overwritten(backup: Path) -> None:
    with _empty_database(), pytest.raises(CommandError, match="files is not empty"):
        call("restore", str(backup))


def test_a_damaged_backup_is_refused(backup: Path) -> None:
    (backup / "files" / "papers" / "receipt.pdf").write_bytes(b"%PDF other")
    with pytest.raises(CommandError, match=r"damaged: files/papers/receipt\.pdf"):
        call("restore", str(backup))


def test_a_missing_key_is_named(backup: Path, settings: Any) -> None:
    settings.DATA_KEYS = {"t2": settings.DATA_KEYS["t2"], "t1": b"x" * 32}
    with pytest.raises(CommandError, match=r"missing here: data:t1:"):
        call("restore", str(backup))


@pytest.mark.parametrize("text", [None, "{", "[]", '{"format": 99}'])
def test_a_folder_that_is_no_backup_is_refused(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / archive.MANIFEST).write_text(text)
    with pytest.raises(CommandError, match=r"no backup|another format"):
        call("restore", str(tmp_path))


def test_a_broken_off_restore_leaves_the_database_empty(
    backup: Path, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "restored"
    dump = backup / archive.DUMP
    dump.write_bytes(dump.read_bytes()[:-2000])
    with _empty_database():
        with pytest.raises(CommandError, match="failed"):
            archive.load(dump)
        assert archive.table_rows() == {}
