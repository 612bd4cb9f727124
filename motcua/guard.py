"""Chốt chặn cuối: ends what a killed launcher left, when the signal of its death was not enough.

The kernel asks each child to end when the launcher dies (processes.spawn), but a program may be
caught by that signal in the middle of its own start and wait for ever. The guard outlives the
launcher by some seconds and ends what still lives. Run as `python -m motcua.guard`; its standard
input is a pipe whose other end nobody but the launcher holds, so its end is the launcher's.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from motcua.processes import spawn, wait_until

BASE_DIR = Path(__file__).resolve().parents[1]
GRACE = 8  # seconds in which everything may still end in order


class Guard:
    """The launcher's end of the pipe."""

    def __init__(self, grace: float = GRACE) -> None:
        """Start the guard process; it knows of nothing yet. `grace` is in seconds."""
        reading, self._writing = os.pipe()  # not inherited by any other child
        try:
            self.process = spawn(
                [sys.executable, "-m", "motcua.guard", str(grace)],
                source=reading,
                output=subprocess.DEVNULL,  # or it would hold the launcher's open
                cwd=BASE_DIR,
                death_signal=None,
            )
        finally:
            os.close(reading)

    def watch(self, sessions: Iterable[int]) -> None:
        """Say which sessions (the numbers of their leaders) live now; replaces what was said."""
        # A guard that was shot protects no longer; that is no reason to stop the product.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._writing, (" ".join(map(str, sessions)) + "\n").encode())

    def dismiss(self) -> None:
        """Let the guard go; what it still watches is ended after its grace."""
        os.close(self._writing)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE * 2)


def members(session: int) -> list[int]:
    """Return the living processes of a session; a zombie does not count."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            # After the command in brackets: state, parent, group, session (proc_pid_stat(5)).
            fields = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            state, _parent, _group, sid = fields.rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(sid) == session and state not in "ZX":
            found.append(int(entry.name))
    return found


def main() -> None:
    """Wait for the launcher's end, then for its children's, then end what is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sessions: list[int] = []
    for line in sys.stdin:
        sessions = [int(word) for word in line.split()]
    # A session that is empty once is over: its number may be a stranger's the next moment.
    living = {session for session in sessions if members(session)}
    end = time.monotonic() + float(sys.argv[1])
    while living and time.monotonic() < end:
        time.sleep(0.1)
        living = {session for session in living if members(session)}
    # A database goes down by SIGQUIT and recovers at its next start; the rest has no say.
    for how in (signal.SIGQUIT, signal.SIGKILL):
        for session in living:
            for pid in members(session):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, how)
        if wait_until(lambda: not any(members(session) for session in living), seconds=3):
            return


if __name__ == "__main__":
    main()
