"""The demo from its first start to its end, in a checkout of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from motcua.embedded import SERVICE_HOME, free_port
from motcua.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE_DIR = Path(__file__).resolve().parents[2]
SECOND_START = 25  # seconds; 10 on a machine that has nothing else to do, and tests share theirs
LEFT_OUT = {".git", ".venv", "var", "tests", "benchmarks", "docs", "node_modules"}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a copy of the code with no state; without the seed, which has tests of its own."""
    folder = tmp_path_factory.mktemp("demo") / "checkout"

    def left_out(path: str, names: list[str]) -> set[str]:
        top = LEFT_OUT if Path(path) == BASE_DIR else set()
        return (top & set(names)) | ({"__pycache__", "seed_demo.py"} & set(names))

    shutil.copytree(BASE_DIR, folder, ignore=left_out)
    yield folder
    pointer = folder / "var" / "postgres"
    if pointer.exists():
        place = Path(pointer.read_text().strip())
        if place.parent == SERVICE_HOME:
            shutil.rmtree(place)


class Running:
    """A demo started as a script starts a job in the background: SIGINT ignored, a group apart."""

    def __init__(self, checkout: Path, **env: str) -> None:
        """Start it and wait for its `Ready:` line."""
        self.checkout = checkout
        self.port = free_port()
        hidden = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "MOTCUA_FILES"}
        self.clean = {name: value for name, value in os.environ.items() if name not in hidden}
        started = time.monotonic()
        self.process = subprocess.Popen(
            ["sh", "-c", 'trap "" INT; exec "$0" -m motcua.demo', sys.executable],
            cwd=checkout,
            env={**self.clean, "PORT": str(self.port), **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if line.startswith("Ctrl-C"):
                break
        self.seconds = time.monotonic() - started
        assert f"Ready: http://127.0.0.1:{self.port}" in self.lines, "\n".join(self.lines)

    def health(self) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=10) as answer:
            return json.load(answer)

    def is_healthy(self) -> bool:
        try:
            return bool(self.health()["status"] == "ok")
        except OSError:
            return False

    def everything(self) -> list[str]:
        """Return every living process, number and command, whose command or folder is ours."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                cwd = (entry / "cwd").readlink()
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            place = (self.checkout / "var" / "postgres").read_text().strip()
            ours = (str(self.checkout), place)
            if str(cwd).startswith(ours) or any(each.encode() in command for each in ours):
                found.append(f"{entry.name} {command.replace(bytes(1), b' ').decode()}")
        return found

    def manage(self, *arguments: str) -> str:
        """Run manage.py with no variable of ours set."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.checkout,
            env=self.clean,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def end(self, number: signal.Signals) -> int:
        """Send a signal to the process group, return the exit status."""
        os.killpg(self.process.pid, number)
        self.process.communicate(timeout=60)
        return self.process.returncode

    def ended(self) -> bool:
        """Return whether nothing lives on; the guard waits GRACE before it uses force."""
        return wait_until(lambda: not self.everything(), seconds=30)


def test_the_demo_starts_serves_recovers_and_ends(checkout: Path) -> None:
    first = Running(checkout, DEMO_PASSWORD="made-up-by-hand")
    try:
        accounts = [line.split()[0] for line in first.lines if "made-up-by-hand" in line]
        assert accounts == ["tiepnhan", "thuly", "lanhdao", "vanthu", "kstthc", "quantri"]
        assert wait_until(first.is_healthy, seconds=20), first.health()
        # manage.py without any variable: the same database, the role of least rights.
        shell = "from django.db import connection as c; u = c.cursor().execute('SELECT 1'); print("
        assert "motcua_web" in first.manage(
            "shell", "-v0", "-c", f"{shell}c.settings_dict['USER'])"
        )
        for name in ("demo.env", "demo-password", "admin-url"):
            assert (checkout / "var" / name).stat().st_mode & 0o777 == 0o600, name
        # A second one from the same checkout is refused, and harms nothing.
        second = subprocess.run(
            [sys.executable, "-m", "motcua.demo"],
            cwd=checkout,
            env={**first.clean, "PORT": str(free_port())},
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 1
        assert "already runs" in second.stderr
        # The database is shot: it comes back.
        lock = Path((checkout / "var" / "postgres").read_text().strip(), "data", "postmaster.pid")
        os.kill(int(lock.read_text().splitlines()[0]), signal.SIGKILL)
        assert wait_until(lambda: not first.is_healthy(), seconds=5)
        assert wait_until(first.is_healthy, seconds=30)
        assert first.end(signal.SIGTERM) == 0
        assert first.ended(), first.everything()
    finally:
        if first.process.poll() is None:
            first.process.kill()

    again = Running(checkout)
    try:
        assert again.seconds < SECOND_START
        assert any("made-up-by-hand" in line for line in again.lines)
        again.process.kill()  # kill -9 of the launcher: nothing of it may live on
        assert again.ended(), again.everything()
    finally:
        again.process.communicate(timeout=60)

    third = Running(checkout)
    try:
        # Ctrl-C, although SIGINT came ignored.
        assert third.end(signal.SIGINT) == 0
        assert third.ended(), third.everything()
    finally:
        if third.process.poll() is None:
            third.process.kill()


@pytest.mark.parametrize("port", ["http", "0", "70000"])
def test_a_port_that_is_none_is_refused(checkout: Path, port: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "motcua.demo"],
        cwd=checkout,
        env={**os.environ, "PORT": port},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.strip()) == (1, f"PORT={port} is not a port number.")
