"""Strictness: a database by name, no network beyond this machine, no undefined template variable."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pgtrigger
import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from django.template import engines
from django.template.base import FilterExpression, Node

from tests.databases import needs_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from playwright.sync_api import Browser

BASE_DIR = Path(__file__).resolve().parents[1]
OUR_TEMPLATES = str(BASE_DIR / "templates")
# A variable that passes through one of these says itself that it may be missing.
EXCUSING_FILTERS = {"default", "default_if_none", "yesno"}


def pytest_configure(config: pytest.Config) -> None:
    """Stop with a clear word when nobody says which database to use."""
    if not os.environ.get("DATABASE_URL"):
        pytest.exit("DATABASE_URL is not set: type `make test`, or name a database.", returncode=2)


@pytest.fixture(autouse=True, scope="session")
def _history_ends_with_its_test() -> Iterator[None]:
    """Let the flush after a transactional test empty tables whose triggers refuse TRUNCATE."""
    flush = DatabaseOperations.execute_sql_flush

    def unhindered(self: DatabaseOperations, sql_list: Any) -> None:
        with pgtrigger.ignore():
            flush(self, sql_list)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", unhindered)
        yield


class NetworkForbiddenError(Exception):
    """A test reached for a machine that is not this one."""


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Refuse every connection that leaves this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        yield


def _guarded(connect: Any) -> Any:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_loopback(address[0]):
            raise NetworkForbiddenError(f"{address[0]} is not this machine")
        return connect(self, address)

    return guarded


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class UndefinedVariable(str):
    """Django's string_if_invalid: raises where a template of ours prints what nobody gave it."""

    __slots__ = ()

    def __bool__(self) -> bool:
        """Raise AssertionError naming variable and template; other people's templates may pass."""
        frame: FrameType | None = sys._getframe(1)
        expression = frame.f_locals.get("self") if frame else None
        if not isinstance(expression, FilterExpression):
            return False
        if any(each.__name__ in EXCUSING_FILTERS for each, _ in expression.filters):
            return False
        while frame is not None:
            node = frame.f_locals.get("self")
            if isinstance(node, Node) and node.origin is not None:
                if str(node.origin.name).startswith(OUR_TEMPLATES):
                    raise AssertionError(f"{expression.token} is undefined in {node.origin.name}")
                return False
            frame = frame.f_back
        return False


@pytest.fixture(autouse=True, scope="session")
def _undefined_variables_fail() -> None:
    """Put the strict placeholder into the template engine."""
    engine: Any = engines["django"]
    engine.engine.string_if_invalid = UndefinedVariable()


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    """Give each test a folder of files of its own."""
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.ROOTS_FILE = tmp_path / "day-roots.txt"


@pytest.fixture(autouse=True, scope="session")
def _nobody_left_inside(request: pytest.FixtureRequest) -> Iterator[None]:
    """End the sessions that abandoned requests left on the test database, so that it can go.

    A page that a browser closes while the live server still answers leaves a thread behind. Where
    no test asks for a database none is made: the arithmetic is tested in a second.
    """
    if not any(needs_database(item) for item in request.session.items):
        yield
        return
    request.getfixturevalue("django_db_setup")
    blocker = request.getfixturevalue("django_db_blocker")
    yield
    with blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )


@pytest.fixture
def shared_data() -> Path:
    """Return the folder of the national data files; MOTCUA_DATA, else beside the checkout."""
    folder = Path(os.environ.get("MOTCUA_DATA") or BASE_DIR.parent / "shared" / "data")
    if not (folder / "procedures-catalog.jsonl").exists():
        text = f"no data files in {folder}: name their folder by MOTCUA_DATA"
        if os.environ.get("CI") == "true":
            pytest.fail(text)
        pytest.skip(text)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium once: Debian's, elsewhere Playwright's own; without one the test fails."""
    from playwright.sync_api import Error, sync_playwright

    # Playwright's loop lives in this thread, and Django takes that for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
                timeout=60_000,
            )
        except Error as error:
            pytest.fail(
                "No browser. Debian: apt-get install -y --no-install-recommends chromium; "
                "elsewhere: .venv/bin/python -m playwright install --with-deps chromium\n"
                f"{error.message.splitlines()[0]}"
            )
        yield chromium
        chromium.close()


assert django_settings.CELERY_TASK_ALWAYS_EAGER, "tests run tasks inline"
