"""`python -m benchmarks`: measure against the limits, print the table, write results.json.

Exit status 1 where a bar is missed. It stops by itself, talks to this machine alone, ends only what
it started and drops its databases.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import datetime as dt
import importlib.metadata
import os
import platform
import secrets
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.figures import Figure

BASE_DIR = Path(__file__).resolve().parents[1]
RESULTS = BASE_DIR / "benchmarks" / "results.json"
VAR = Path(os.environ.get("BENCH_VAR") or BASE_DIR / "var" / "bench")
PARTS = (
    "load", "history", "look-up", "board", "log", "receipt", "register", "table", "due-dates",
    "first-view", "search", "acts", "calendar",
)  # fmt: skip
LIBRARIES = (
    "django",
    "djangorestframework",
    "psycopg",
    "granian",
    "whitenoise",
    "weasyprint",
    "duckdb",
)
FULL_SIZE = 10_000_000  # the size design.md 5 names


def main() -> int:
    """Run what was asked for; return 0 when every judged bar holds."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--size", type=int, default=int(os.environ.get("SIZE") or 100_000))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of one stretch of load")
    parser.add_argument(
        "--oracle-cases", type=int, default=int(os.environ.get("MOTCUA_ORACLE_CASES") or 20_000)
    )
    parser.add_argument("--only", choices=PARTS, action="append", help="may be given again")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    if options.size < 1000:
        parser.error("SIZE is at least 1000 dossiers")
    if not os.environ.get("DATABASE_URL") or not os.environ.get("REDIS_URL"):
        # What the environment does not name is started beside us and stopped after us.
        command = [sys.executable, "-m", "benchmarks", *sys.argv[1:]]
        os.execv(  # noqa: S606 - this very program
            sys.executable,
            [sys.executable, "-m", "motcua.embedded", str(VAR), *command],
        )
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    start, busy = time.monotonic(), os.getloadavg()[0]
    if busy > (os.cpu_count() or 1) / 2:
        say(f"others work on this machine (load {busy:.1f}): read ratios, not milliseconds")
    with ExitStack() as stack:
        VAR.mkdir(parents=True, exist_ok=True)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="run-", dir=VAR)))
        run = Run(options, folder, stack)
        run.measure()
    return run.tell(time.monotonic() - start, busy)


def _end(number: int, _frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the way out is not to be cut short
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise SystemExit(128 + number)


def say(text: str) -> None:
    print(f"· {text}", file=sys.stderr, flush=True)


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


class Run:
    """One run: its databases, its made province, what it measured."""

    def __init__(self, options: argparse.Namespace, folder: Path, stack: ExitStack) -> None:
        self.options = options
        self.folder = folder
        self.stack = stack
        self.logs = VAR / "log"
        self.figures: list[Figure] = []
        self.left_out: list[str] = []
        self.versions: dict[str, str] = {}

    def wants(self, part: str) -> bool:
        return not self.options.only or part in self.options.only

    def measure(self) -> None:
        self._set_up()
        from django.utils import timezone

        from benchmarks import (
            calendars,
            catalogue,
            due_dates,
            loading,
            made,
            office,
            proving,
            public,
            registers,
            tables,
            together,
        )  # fmt: skip
        from benchmarks.servers import serve

        options, rounds = self.options, self.options.rounds
        # The same seed makes the same rows up to the same day.
        until = timezone.localdate() - dt.timedelta(days=1)
        say(f"a province of 163 units and {options.size:,} dossiers up to {until}")
        province = made.build()
        self._close_connections()
        self.databases.create(self.databases.twin, template=self.databases.product)
        history = made.History(province, options.size, until)
        loaded = loading.load_all(
            history,
            folder=self.folder,
            url=self.databases.product_url,
            twin_url=self.databases.twin_url,
            say=say,
        )
        if self.wants("load"):
            self.figures += loaded
        if self.wants("history"):
            say("the whole history")
            self.figures += proving.verify(url=self.databases.product_url, rounds=rounds)
        if self.wants("table"):
            say("the official table")
            self.figures += tables.official_table(
                until=until, url=self.databases.product_url, folder=self.folder, rounds=rounds
            )
        self.left_out.append(
            "full recompute of a quarter from events: nothing recomputes one yet, there is nothing"
            " to measure"
        )
        web = serve("motcua.wsgi:application", log=self.logs / "web.log", env={})
        with web as server:
            if self.wants("look-up"):
                say("the look-up")
                self.figures += public.look_up(
                    server, history.known, logs=self.logs, seconds=options.seconds, rounds=rounds
                )
            if self.wants("board"):
                say("the board")
                self.figures += office.board(
                    server, province, url=self.databases.product_url, rounds=rounds
                )
            if self.wants("log") or self.wants("receipt"):
                say("logging submissions")
                logged = office.log_submissions(
                    server, province, twin_url=self.databases.twin_url, rounds=rounds
                )
                self.figures += logged if self.wants("log") else []
            if self.wants("first-view"):
                say("the first view")
                self.figures += public.first_view(server)
        if self.wants("acts"):
            say("acts done together")
            # Ten stretches: what goes wrong together goes wrong seldom.
            self.figures.append(
                together.acts_together(seconds=10 * options.seconds, url=self.databases.product_url)
            )
        if self.wants("receipt"):
            say("a receipt")
            self.figures.append(office.receipt(rounds=max(10, rounds)))
        if self.wants("register"):
            say("a register of 300 pages")
            self.figures += registers.memory(self.folder)
        if self.wants("due-dates"):
            say(f"due dates, {options.oracle_cases:,} beside the oracle")
            self.figures += due_dates.due_dates(
                rounds=rounds, cases=50_000, compared=options.oracle_cases
            )
        if self.wants("calendar"):
            say(f"a changed calendar over {options.size:,} open dossiers")
            self.figures += calendars.change_calendar(
                province, size=options.size, url=self.databases.product_url
            )
        data = catalogue.data_folder()
        if data is None:
            self.left_out.append(
                "catalogue search: no data files; name their folder by MOTCUA_DATA"
            )
        elif self.wants("search"):
            say("the catalogue")
            self.figures.append(
                catalogue.search(data, url=self.databases.twin_url, logs=self.logs, rounds=rounds)
            )
        self._close_connections()

    def _set_up(self) -> None:
        """Make the database and the settings of a province, then its tables and static files."""
        from benchmarks.databases import own_databases

        self.databases = self.stack.enter_context(own_databases(os.environ["DATABASE_URL"]))
        prefix = f"bench-{os.getpid()}:"
        os.environ.update(
            {
                "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
                "DATABASE_URL": self.databases.product_url,
                "BENCH_PREFIX": prefix,
                "SECRET_KEY": secrets.token_urlsafe(50),
                "MOTCUA_DATA_KEYS": f"bench1:{_key()}",
                "MOTCUA_CHAIN_KEY": _key(),
                "MOTCUA_LOOKUP_KEY": _key(),
                "MOTCUA_PROVINCE_CODE": "H01",
                "MOTCUA_PROVINCE_NAME": "An Giang",
                "MOTCUA_TRUSTED_PROXIES": "127.0.0.1/32",
                "MOTCUA_FILES": str(self.folder / "files"),
                "MOTCUA_ROOTS_FILE": str(self.folder / "day-roots.txt"),
                "MOTCUA_STATIC": str(self.folder / "static"),
                "MOTCUA_PUBLIC_URL": "https://127.0.0.1",
                "ALLOWED_HOSTS": "127.0.0.1",
                "MOTCUA_ROLE": "",
            }
        )
        self.stack.callback(_forget_tasks, os.environ["REDIS_URL"], prefix)
        shutil.rmtree(self.logs, ignore_errors=True)
        self.logs.mkdir(parents=True)
        import django
        from django.core.management import call_command
        from django.db import connection

        django.setup()
        self.stack.callback(self._close_connections)
        say("tables and static files")
        call_command("migrate", verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False)
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            self.versions["postgresql"] = cursor.fetchone()[0]
            for name in ("shared_buffers", "fsync", "synchronous_commit"):
                cursor.execute(f"SHOW {name}")
                self.versions[f"postgresql {name}"] = cursor.fetchone()[0]

    def _close_connections(self) -> None:
        from django.db import connections

        connections.close_all()

    def tell(self, seconds: float, busy: float) -> int:
        """Print the table and write the results; return the exit status."""
        from benchmarks import figures

        size = self.options.size
        self.versions["python"] = platform.python_version()
        self.versions |= {name: importlib.metadata.version(name) for name in LIBRARIES}
        head: dict[str, Any] = {
            "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "command": f"make bench SIZE={size}"
            if len(sys.argv) == 1
            else f"python -m benchmarks {' '.join(sys.argv[1:])}",
            "size": size,
            "seconds": round(seconds),
            "processors": os.cpu_count(),
            "load_before": round(busy, 2),  # others' work, where it is not near zero
            "versions": self.versions,
        }
        if size < FULL_SIZE:
            self.left_out.append(
                f"the same at 1 M and 10 M: not judged with SIZE={size:,}; run both sizes and compare"
            )
        figures.show(
            self.figures,
            self.left_out,
            heading=f"{size:,} dossiers, {head['date']}, {seconds:.0f} s",
        )
        figures.write(self.options.results, self.figures, self.left_out, head)
        missed = [figure.name for figure in self.figures if figure.is_missed]
        print(f"{self.options.results}: ", end="")
        print(f"missed: {', '.join(missed)}" if missed else "every bar holds")
        return 1 if missed else 0


def _forget_tasks(redis_url: str, prefix: str) -> None:
    """Take this run's own keys out of Redis."""
    import redis

    client = redis.Redis.from_url(redis_url)
    with contextlib.suppress(redis.ConnectionError):  # gone, and our keys with it
        for key in client.scan_iter(match=f"{prefix}*", count=1000):
            client.delete(key)
    client.close()


if __name__ == "__main__":
    sys.exit(main())
