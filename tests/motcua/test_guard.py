"""The guard ends what a killed launcher left, and nothing of anybody else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

from motcua.guard import Guard, members
from motcua.processes import spawn, stop, wait_until

BASE_DIR = Path(__file__).resolve().parents[2]
# Deaf to every request to end, as a program caught in its own start may be; so is its child.
DEAF = "trap '' TERM INT QUIT; sleep 300 & while :; do sleep 1; done"
LAUNCHER = textwrap.dedent(
    """
    import signal
    from motcua.guard import Guard
    from motcua.processes import spawn

    guard = Guard(grace=0.5)
    child = spawn(["sh", "-c", {script!r}])
    guard.watch([child.pid])
    print(child.pid, guard.process.pid, flush=True)
    signal.pause()
    """
)


def test_what_is_deaf_ends_after_the_launcher_was_killed() -> None:
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER.format(script=DEAF)],
        cwd=BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert launcher.stdout is not None
    child, guard = map(int, launcher.stdout.readline().split())
    stranger = spawn(["sleep", "300"])
    try:
        assert wait_until(lambda: len(members(child)) >= 2, seconds=10)
        launcher.kill()
        launcher.communicate(timeout=10)
        assert wait_until(lambda: not members(child), seconds=20), members(child)
        assert wait_until(lambda: not members(guard), seconds=10)
        assert stranger.poll() is None
    finally:
        stop(stranger)
        for pid in members(child):
            os.kill(pid, signal.SIGKILL)


def test_an_orderly_end_lets_the_guard_go_at_once() -> None:
    guard = Guard(grace=60)
    child = spawn(["sleep", "300"])
    try:
        guard.watch([child.pid])
        guard.watch([])
        guard.dismiss()
        assert guard.process.poll() == 0
        assert child.poll() is None
    finally:
        stop(child)


def test_a_guard_that_was_shot_stops_nobody() -> None:
    guard = Guard()
    guard.process.kill()
    guard.process.wait()
    guard.watch([1])
    guard.dismiss()
