"""The demo: one province on this machine, every part of it started here and stopped here."""

import base64
import contextlib
import datetime as dt
import hashlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict, deque
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import psycopg

from motcua.celery import QUEUES
from motcua.demo_certificate import make_certificate
from motcua.embedded import WEB, Postgres, Redis, only_one
from motcua.environment import read_env_file
from motcua.guard import Guard
from motcua.processes import LaunchError, kept_secret, spawn, stop, write_secret

BASE_DIR = Path(__file__).resolve().parents[1]
VAR = BASE_DIR / "var"
ENV_FILE = VAR / "demo.env"
SEED_STAMP = VAR / "seed.stamp"
PASSWORD_FILE = VAR / "demo-password"
SEAL_FILE = VAR / "demo-seal.p12"
SEAL_PASSPHRASE_FILE = VAR / "demo-seal-passphrase"
LOCK_FILE = BASE_DIR / "requirements" / "base.txt"
READY_SECONDS = 120
RESTARTS = 5  # within RESTART_WINDOW; more often means that something is broken for good
RESTART_WINDOW = 60  # seconds
LARGEST_LOG = 5_000_000  # bytes; a log larger than this begins anew, the old one is kept once
ACCOUNTS = (
    ("tiepnhan", "tiếp nhận hồ sơ"),
    ("thuly", "thụ lý hồ sơ"),
    ("lanhdao", "lãnh đạo, ký duyệt"),
    ("vanthu", "văn thư"),
    ("kstthc", "kiểm soát TTHC, thấy mọi hồ sơ"),
    ("quantri", "quản trị hệ thống"),
)


class Stopped(BaseException):
    """Ctrl-C or SIGTERM: unwinds whatever the demo is doing."""


def say(text: str) -> None:
    """Print one line now; a terminal that has gone away must not stop the tidying up."""
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)  # noqa: T201


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Say what begins and, when it took a while, how long it was."""
    say(f"· {text}")
    started = time.monotonic()
    yield
    if (seconds := time.monotonic() - started) > 1:
        say(f"  {seconds:.1f} s")


class Demo:
    """PostgreSQL, Redis, web, worker and beat: started in order, watched, stopped in order."""

    def __init__(self, host: str, port: int) -> None:
        """Take the address the web process listens on."""
        self.host = host
        self.port = port
        self.postgres = None if os.environ.get("DATABASE_URL") else Postgres(VAR)
        self.redis = None if os.environ.get("REDIS_URL") else Redis(VAR)
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.restarts: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=RESTARTS))
        self.env: dict[str, str] = {}
        self.guard: Guard | None = None

    def commands(self) -> dict[str, list[str]]:
        """Return the command line of each of our own three processes."""
        celery = [sys.executable, "-m", "celery", "-A", "motcua"]
        web = [sys.executable, "-m", "granian", "--interface", "wsgi", "motcua.wsgi:application"]
        worker = ["worker", "-Q", ",".join(QUEUES), "--concurrency", "2", "-l", "INFO"]
        return {
            "web": [
                *(*web, "--host", self.host, "--port", str(self.port)),
                *("--workers", "2", "--blocking-threads", "4", "--respawn-failed-workers"),
            ],
            "worker": [*celery, *worker, "--without-gossip", "--without-mingle"],
            "beat": [*celery, "beat", "-l", "WARNING", "-s", str(VAR / "beat-schedule")],
        }

    def start(self) -> None:
        """Start everything; the page answers when this returns."""
        self.guard = Guard()
        if self.postgres:
            with step("PostgreSQL"):
                self.postgres.start()
                self.tell_guard()
        if self.redis:
            with step("Redis"):
                self.redis.start()
                self.tell_guard()
        self.env = self.write_environment()
        self.migrate()
        self.collect_static()
        self.start_child("web")
        # A first start leaves them time while the province is made; at a second the page comes
        # first, for on two cores they would start in its way.
        behind = ("worker", "beat")
        if self.needs_seed():
            for name in behind:
                self.start_child(name)
            self.seed()
        self.wait_until_it_answers()
        for name in behind:
            if name not in self.children:
                self.start_child(name)

    def write_environment(self) -> dict[str, str]:
        """Keep addresses and keys in var/demo.env for manage.py; return the children's environment.

        A variable set by hand wins and is kept; a key once made is never made again.
        """
        known = read_env_file(ENV_FILE)
        values = {
            "DATABASE_URL": self.postgres.web_url() if self.postgres else "",
            "MOTCUA_OWNER_URL": self.postgres.owner_url() if self.postgres else "",
            "REDIS_URL": self.redis.url if self.redis else "",
        }
        made = {
            "SECRET_KEY": secrets.token_urlsafe(48),
            "MOTCUA_DATA_KEYS": f"demo1:{_new_key()}",
            "MOTCUA_CHAIN_KEY": _new_key(),
            "MOTCUA_LOOKUP_KEY": _new_key(),
        }
        for name in ("DATABASE_URL", "MOTCUA_OWNER_URL", "REDIS_URL"):
            values[name] = values[name] or os.environ.get(name, "")
        for name, new in made.items():
            values[name] = os.environ.get(name) or known.get(name) or new
        values["MOTCUA_PUBLIC_URL"] = os.environ.get("MOTCUA_PUBLIC_URL") or self.address
        for name in (
            "MOTCUA_FILES",
            "MOTCUA_ROOTS_FILE",
            "MOTCUA_TRUSTED_PROXIES",
            "MOTCUA_SIGNING_FILE",
            "MOTCUA_SIGNING_PASSPHRASE",
            "MOTCUA_TRUST_FILE",
        ):
            values[name] = os.environ.get(name, "")
        values = {name: value for name, value in values.items() if value}
        if "MOTCUA_SIGNING_FILE" not in values:
            values |= self.own_seal()
        head = "# Written by `make demo` at every start. Without these keys the sealed data are lost.\n"
        write_secret(ENV_FILE, head + "".join(f"{k}={v}\n" for k, v in values.items()))
        if os.environ.get("DEMO_PASSWORD"):
            write_secret(PASSWORD_FILE, os.environ["DEMO_PASSWORD"] + "\n")
        settings = {
            "DJANGO_SETTINGS_MODULE": "motcua.settings.dev",
            "DEMO_PASSWORD": kept_secret(PASSWORD_FILE, 9),
            "PYTHONUNBUFFERED": "1",
        }
        return {**os.environ, **values, **settings}

    def own_seal(self) -> dict[str, str]:
        """Return where the demo's own signing certificate lies; made here at the first start."""
        passphrase = kept_secret(SEAL_PASSPHRASE_FILE)
        if not SEAL_FILE.exists():
            now = dt.datetime.now(dt.UTC)
            make_certificate(SEAL_FILE, passphrase, name="Một Cửa An Giang", now=now)
        return {"MOTCUA_SIGNING_FILE": str(SEAL_FILE), "MOTCUA_SIGNING_PASSPHRASE": passphrase}

    def manage(self, *arguments: str) -> None:
        """Run one management command to its end; its words go to the terminal."""
        process = spawn([sys.executable, "manage.py", *arguments], env=self.env, cwd=BASE_DIR)
        try:
            code = process.wait()
        finally:
            stop(process)
        if code != 0:
            raise LaunchError(f"manage.py {arguments[0]} failed (status {code}).")

    def migrate(self) -> None:
        """Bring the tables up to date and give the web role its rights on them.

        Nothing is started when the database itself says that it holds every migration of ours.
        """
        files = sorted(BASE_DIR.glob("*/migrations/[0-9]*.py"))
        ours = {(path.parent.parent.name, path.stem) for path in files}
        digest = hashlib.sha256(LOCK_FILE.read_bytes())
        for path in files:
            digest.update(path.read_bytes())
        stamp = VAR / "migrate.stamp"
        known = stamp.exists() and stamp.read_text(encoding="utf-8") == digest.hexdigest()
        if known and ours <= self.applied_migrations():
            return
        with step("Cấu trúc cơ sở dữ liệu (migrate)"):
            self.manage("migrate", "--verbosity", "0", "--no-input")
            if self.postgres:
                self.manage("grant_rights", WEB)
        stamp.write_text(digest.hexdigest(), encoding="utf-8")

    def seed_digest(self) -> str:
        """Return what tells whether the province was made by this code with this password."""
        sources = [BASE_DIR / "motcua" / "demo_province.py", *BASE_DIR.glob("motcua/demo_data/*")]
        digest = hashlib.sha256(self.env["DEMO_PASSWORD"].encode())
        for path in sorted(each for each in sources if each.is_file()):
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def needs_seed(self) -> bool:
        """Return whether the province or its accounts are not there yet."""
        command = BASE_DIR / "motcua" / "management" / "commands" / "seed_demo.py"
        if not command.exists():  # the launcher alone, in its tests
            return False
        known = SEED_STAMP.exists() and SEED_STAMP.read_text(encoding="utf-8") == self.seed_digest()
        return not (known and self.has_dossiers())

    def seed(self) -> None:
        """Make the province and its accounts; what is there already stays."""
        with step("Dữ liệu minh hoạ của tỉnh An Giang (seed_demo)"):
            self.manage("seed_demo")
        write_secret(SEED_STAMP, self.seed_digest())

    def has_dossiers(self) -> bool:
        """Return whether the database holds a dossier."""
        with psycopg.connect(self.env["DATABASE_URL"], connect_timeout=10) as connection:
            return (
                connection.execute("SELECT 1 FROM dossiers_dossier LIMIT 1").fetchone() is not None
            )

    def applied_migrations(self) -> set[tuple[str, str]]:
        """Return app and name of every migration the database holds."""
        try:
            with psycopg.connect(self.env["DATABASE_URL"], connect_timeout=10) as connection:
                return set(connection.execute("SELECT app, name FROM django_migrations").fetchall())
        except psycopg.errors.UndefinedTable:
            return set()
        except psycopg.OperationalError as error:
            raise LaunchError(f"The database of DATABASE_URL does not answer: {error}") from error

    def collect_static(self) -> None:
        """Collect static files when one of ours or a dependency has changed."""
        digest = hashlib.sha256(LOCK_FILE.read_bytes())
        for path in sorted((BASE_DIR / "static").rglob("*")):
            if path.is_file():
                digest.update(f"{path}:{path.stat().st_mtime_ns}:{path.stat().st_size}\n".encode())
        stamp = VAR / "static.stamp"
        if stamp.exists() and stamp.read_text(encoding="utf-8") == digest.hexdigest():
            return
        with step("Tệp tĩnh (collectstatic)"):
            self.manage("collectstatic", "--no-input", "--clear", "--verbosity", "0")
        stamp.write_text(digest.hexdigest(), encoding="utf-8")

    def start_child(self, name: str) -> None:
        """Start web, worker or beat; its words go to var/log."""
        path = VAR / "log" / f"{name}.log"
        path.parent.mkdir(exist_ok=True)
        if path.exists() and path.stat().st_size > LARGEST_LOG:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as log:
            self.children[name] = spawn(
                self.commands()[name], output=log, env=self.env, cwd=BASE_DIR
            )
        self.tell_guard()

    def tell_guard(self) -> None:
        """Let the guard know what lives now."""
        servers = [server.process for server in (self.postgres, self.redis) if server]
        living = [process.pid for process in (*servers, *self.children.values()) if process]
        if self.guard:
            self.guard.watch(living)

    def wait_until_it_answers(self) -> None:
        """Return when /healthz answers 200; raise LaunchError when it does not."""
        end = time.monotonic() + READY_SECONDS
        # No proxy of the environment: the address is this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while time.monotonic() < end:
            self.look_after()
            with (
                contextlib.suppress(OSError),  # urllib's errors are OSErrors
                opener.open(f"{self.address}/healthz", timeout=5) as answer,
            ):
                if answer.status == 200:
                    return
            time.sleep(0.1)
        raise LaunchError(f"/healthz does not answer; see {VAR / 'log' / 'web.log'}.")

    @property
    def address(self) -> str:
        """Return the address to open on this machine."""
        return f"http://127.0.0.1:{self.port}"

    def look_after(self) -> None:
        """Start again what has died; raise LaunchError when it keeps dying."""
        for server in (self.postgres, self.redis):
            if server and server.process and server.process.poll() is not None:
                name = type(server).__name__
                self.note_death(name, server.process.returncode, server.log_path)
                server.start()
                self.tell_guard()
        for name, child in list(self.children.items()):
            if child.poll() is not None:
                self.note_death(name, child.returncode, VAR / "log" / f"{name}.log")
                stop(child)  # what is left of its session
                self.start_child(name)

    def note_death(self, name: str, code: int, log: Path) -> None:
        """Say who died; raise LaunchError at the sixth time within a minute."""
        say(f"! {name} đã dừng (mã {code}); khởi động lại. Nhật ký: {log}")
        deaths = self.restarts[name]
        now = time.monotonic()
        if len(deaths) == RESTARTS and now - deaths[0] < RESTART_WINDOW:
            raise LaunchError(f"{name} keeps dying; see {log}.")
        deaths.append(now)

    def stop(self) -> None:
        """Stop what was started, the servers last."""
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        for child in self.children.values():
            stop(child)
        for server in (self.redis, self.postgres):
            if server:
                server.stop()
        if self.guard:
            self.children.clear()
            self.tell_guard()
            self.guard.dismiss()


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def chosen_port() -> int:
    """Return PORT, 8000 when unset; raise LaunchError when it is no port or is taken."""
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise LaunchError(f"PORT={text} is not a port number.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((os.environ.get("HOST") or "127.0.0.1", int(text)))
        except OSError as error:
            raise LaunchError(
                f"Port {text} cannot be used ({error.strerror}). Choose one: make demo PORT=8001"
            ) from error
    return int(text)


def announce(demo: Demo) -> None:
    """Print the line that says it answers, then who may sign in."""
    say(f"Ready: {demo.address}")
    password = kept_secret(PASSWORD_FILE, 9)
    for name, role in ACCOUNTS:
        say(f"  {name:<9} {password}   {role}")
    say("Ctrl-C để dừng.")


def run() -> None:
    """Start the demo and look after it until somebody ends it."""
    demo = Demo(os.environ.get("HOST") or "127.0.0.1", chosen_port())
    try:
        demo.start()
        announce(demo)
        while True:
            demo.look_after()
            time.sleep(0.2)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave orphans
        say("· Đang dừng")
        demo.stop()


def _end(number: int, _frame: FrameType | None) -> None:
    raise Stopped(number)


def main() -> int:
    """Run the demo; return 0 when it was asked to end, 1 with a clear word otherwise."""
    signal.signal(signal.SIGINT, _end)  # also where it came ignored (a background job of a script)
    signal.signal(signal.SIGTERM, _end)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _end)
    try:
        VAR.mkdir(exist_ok=True)
        with only_one(VAR / "demo.lock", "The demo already runs from this checkout."):
            run()
    except Stopped:
        return 0
    except LaunchError as error:
        print(error, file=sys.stderr, flush=True)  # noqa: T201
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr, flush=True)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())
