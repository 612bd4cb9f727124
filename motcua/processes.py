"""Child processes that never outlive us: how the demo and the tests start and stop them."""

import contextlib
import ctypes
import os
import pwd
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: a forked child should do as little as it can.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class LaunchError(Exception):
    """Something the person has to mend before the demo can start; the text says what."""


def spawn(
    argv: Sequence[str | Path],
    *,
    output: IO[bytes] | int | None = None,
    source: int = subprocess.DEVNULL,
    user: pwd.struct_passwd | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    death_signal: signal.Signals | None = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own that gets `death_signal` when we die, however we die.

    In its own session it hears neither Ctrl-C nor a SIGTERM to our group: we stop it in order.
    Without a death signal it outlives us.
    """
    parent = os.getpid()

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # it may have come ignored from a shell
        if _libc is not None and death_signal is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
            if os.getppid() != parent:  # died in between
                os._exit(1)

    return subprocess.Popen(  # noqa: S603 - our own fixed commands
        [str(each) for each in argv],
        stdin=source,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        env=None if env is None else dict(env),
        cwd=cwd,
        start_new_session=True,
        # After the change of user: the kernel forgets the death signal when credentials change.
        preexec_fn=prepare,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
    )


def stop(
    process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM, seconds: float = 20
) -> None:
    """Ask a child to end, wait, then end it and what is left of its session."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def wait_until(
    is_done: Callable[[], bool], *, seconds: float, process: subprocess.Popen[bytes] | None = None
) -> bool:
    """Return whether it came true in time; False at once when the process has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_done():
            return True
        if process is not None and process.poll() is not None:
            return False
        time.sleep(0.05)
    return False


def working_in(directory: Path, programs: set[str]) -> list[int]:
    """Return the living processes of these programs whose working directory it is.

    A zombie does not count: after kill -9 it stays in the table until somebody reaps it, in a
    container without an init for ever.
    """
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() != directory:  # a zombie has no working directory
                continue
            program = (entry / "exe").readlink().name.removesuffix(" (deleted)")
        except OSError:
            continue
        if program in programs:
            found.append(int(entry.name))
    return found


def end_leftovers(directory: Path, programs: set[str], how: signal.Signals) -> None:
    """End what a killed run left behind in a directory of ours; the caller holds our lock."""
    if wait_until(lambda: not working_in(directory, programs), seconds=1):
        return
    for sent in (how, signal.SIGKILL):
        for pid in working_in(directory, programs):
            try:
                os.kill(pid, sent)
            except ProcessLookupError:
                continue
        if wait_until(lambda: not working_in(directory, programs), seconds=30):
            return
    raise LaunchError(f"A process of an earlier run still works in {directory}; end it first.")


def write_secret(path: Path, text: str) -> None:
    """Write a file only its owner may read, whole or not at all."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    scratch.replace(path)


def kept_secret(path: Path, size: int = 24) -> str:
    """Return the password kept in a file; made of `size` random bytes at the first call."""
    if not path.exists():
        write_secret(path, secrets.token_urlsafe(size) + "\n")
    return path.read_text(encoding="utf-8").strip()
