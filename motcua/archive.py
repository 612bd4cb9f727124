"""Backup and restore: the database, the files, the ids of the keys (never a key), a manifest.

A backup is a folder: `database.dump` (pg_dump's custom format), `files/` and `manifest.json`,
which holds the digest of every file, the rows of every table and the ids of the data keys.
"""

import contextlib
import hashlib
import itertools
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone
from psycopg import sql
from psycopg.conninfo import make_conninfo

from motcua.embedded import wheel_binaries
from motcua.processes import LaunchError

FORMAT = 1
MANIFEST = "manifest.json"
DUMP = "database.dump"
FILES = "files"
CHUNK = 1 << 20
HEAD_LINES = 60  # of a restore script: settings stand there, data never do
# A newer pg_restore sets what an older server does not know.
UNKNOWN_TO_OLDER = re.compile(rb"SET transaction_timeout\b")


def server_version() -> int:
    """Return the server's version as PostgreSQL counts it: 180004."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0])


def program(name: str) -> str:
    """Return a PostgreSQL program able to read this server: never older than the server is."""
    server = server_version() // 10000
    candidates = [shutil.which(name)]
    candidates += [str(path) for path in Path("/usr/lib/postgresql").glob(f"*/bin/{name}")]
    with contextlib.suppress(LaunchError):
        candidates.append(str(wheel_binaries() / name))
    versions: dict[int, str] = {}
    for candidate in filter(None, candidates):
        answer = subprocess.run(  # noqa: S603
            [candidate, "--version"], capture_output=True, text=True, check=False
        )
        if found := re.search(r"(\d+)\.", answer.stdout):
            versions.setdefault(int(found[1]), candidate)
    fitting = sorted(version for version in versions if version >= server)
    if not fitting:
        raise CommandError(
            f"{name} of PostgreSQL {server} or newer is missing: "
            f"apt-get install postgresql-client-{server}"
        )
    return versions[fitting[0]]


def _connection() -> tuple[str, dict[str, str]]:
    """Return conninfo and environment of the default database for a PostgreSQL program."""
    params = connection.get_connection_params()
    # In the environment, not in the arguments: those are there for everybody to read.
    secret = {"PGPASSWORD": params["password"]} if params.get("password") else {}
    known = {"dbname", "user", "host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey"}
    conninfo = make_conninfo(**{key: value for key, value in params.items() if key in known})
    return conninfo, {**os.environ, **secret}


def run(name: str, *arguments: str, **kwargs: Any) -> subprocess.CompletedProcess[bytes]:
    """Run a PostgreSQL program against the default database; raise CommandError when it fails."""
    conninfo, env = _connection()
    done = subprocess.run(  # noqa: S603
        [program(name), f"--dbname={conninfo}", "--no-password", *arguments],
        env=env,
        stderr=subprocess.PIPE,
        check=False,
        **kwargs,
    )
    if done.returncode != 0:
        raise CommandError(f"{name} failed: {done.stderr.decode(errors='replace').strip()}")
    return done


def load(dump: Path) -> None:
    """Load an archive in one transaction: all or nothing; raise CommandError when it fails."""
    reader = subprocess.Popen(  # noqa: S603
        [program("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(dump)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    params, env = _connection()
    writer = subprocess.Popen(  # noqa: S603
        [
            *(program("psql"), f"--dbname={params}", "--no-password", "--no-psqlrc", "--quiet"),
            *("--set=ON_ERROR_STOP=1", "--output=/dev/null"),
        ],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert reader.stdout is not None  # noqa: S101 - mypy: both are pipes
    assert writer.stdin is not None  # noqa: S101
    with contextlib.suppress(BrokenPipeError), writer.stdin as script:
        script.write(b"BEGIN;\n")
        for line in itertools.islice(reader.stdout, HEAD_LINES):
            if not UNKNOWN_TO_OLDER.match(line):
                script.write(line)
        shutil.copyfileobj(reader.stdout, script, CHUNK)
        # Only now: a reader that broke off must leave nothing, and psql takes its end for a good one.
        if reader.wait() == 0:
            script.write(b"COMMIT;\n")
    writer.stdin = None  # closed: communicate() would flush it
    for name, process in (("psql", writer), ("pg_restore", reader)):
        _, words = process.communicate()
        if process.returncode != 0:
            raise CommandError(f"{name} failed: {words.decode(errors='replace').strip()}")


def table_rows() -> dict[str, int]:
    """Return how many rows every table of the database holds."""
    with connection.cursor() as cursor:
        names = sorted(
            info.name
            for info in connection.introspection.get_table_list(cursor)
            if info.type in {"t", "p"}
        )
        rows = {}
        for name in names:
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)))
            rows[name] = cursor.fetchone()[0]
    return rows


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of every file below the folder, by relative path."""
    return {
        str(path.relative_to(folder)): digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / MANIFEST
    }


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest; raise CommandError when it is missing or of another format."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{folder} holds no readable {MANIFEST}: no backup.") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise CommandError(f"{folder / MANIFEST} is of another format than {FORMAT}.")
    return manifest


def key_ids() -> list[str]:
    """Return id and fingerprint of the data keys, the sealing one first, then of the other two.

    A fingerprint tells two keys apart and gives nothing of them away.
    """
    names = [f"data:{key_id}:{_fingerprint(key)}" for key_id, key in settings.DATA_KEYS.items()]
    names += [f"chain:{_fingerprint(settings.CHAIN_KEY)}"]
    names += [f"lookup:{_fingerprint(settings.LOOKUP_KEY)}"]
    return names


def _fingerprint(key: bytes) -> str:
    return hashlib.sha256(b"motcua key id\x00" + key).hexdigest()[:16]


def write_manifest(folder: Path, tables: dict[str, int]) -> dict[str, Any]:
    """Write what the folder holds; the last file written, so a broken-off backup has none."""
    manifest = {
        "format": FORMAT,
        "made_at": timezone.now().isoformat(),
        "postgresql": server_version(),
        "keys": key_ids(),
        "tables": tables,
        "digests": digests(folder),
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return manifest
