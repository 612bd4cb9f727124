"""Real web servers (granian, as in docker-compose.yml) and a small client that loads them."""

from __future__ import annotations

import http.client
import os
import selectors
import socket
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.rounds import cpu_of, family
from motcua.embedded import free_port
from motcua.processes import LaunchError, spawn, stop, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# The proxy in front speaks TLS with the citizen and says so; without it prod answers by a redirect.
PROXY = {"X-Forwarded-Proto": "https", "Host": "127.0.0.1"}


@dataclass(frozen=True)
class Server:
    """A running server of ours."""

    port: int
    pid: int

    def cpu(self) -> float:
        """Return the processor seconds of the server and its workers so far."""
        return cpu_of(family(self.pid))

    def connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


@contextmanager
def serve(
    target: str, *, log: Path, env: dict[str, str], factory: bool = False, workers: int = 2
) -> Iterator[Server]:
    """Run an application as the province does: granian, WSGI, two workers of four threads."""
    port = free_port()
    argv = [
        sys.executable, "-m", "granian", "--interface=wsgi", "--host=127.0.0.1", f"--port={port}",
        f"--workers={workers}", "--blocking-threads=4", *(["--factory"] if factory else []), target,
    ]  # fmt: skip
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = spawn(argv, output=output, env={**os.environ, **env})
    try:
        # Each worker listens for itself: all must, or the first requests wait.
        ready = wait_until(lambda: _answers(port), seconds=60, process=process)
        if not ready:
            raise LaunchError(f"granian did not start {target}; its words are in {log}.")
        wait_until(lambda: len(family(process.pid)) > workers, seconds=10, process=process)
        time.sleep(0.3)
        yield Server(port, process.pid)
    finally:
        stop(process)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def request_bytes(
    method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> bytes:
    """Return a request as it goes over the wire."""
    lines = {**PROXY, "Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


@dataclass
class Load:
    """What a stretch of load came to."""

    seconds: float
    cpu: float
    statuses: Counter[int]
    latencies: list[float] = field(repr=False)

    @property
    def count(self) -> int:
        return len(self.latencies)

    @property
    def rate(self) -> float:
        return self.count / self.seconds

    @property
    def cpu_each(self) -> float:
        return self.cpu / max(1, self.count)


class _Line:
    """One connection that always has one question under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answer = b""
        self.missing = -1  # bytes of the answer still to come; -1: its head is not whole
        self.asked = 0.0

    def ask(self, request: bytes) -> None:
        self.answer, self.missing = b"", -1
        self.asked = time.perf_counter()
        self.socket.sendall(request)

    def hear(self) -> bool:
        """Read what came; return whether the answer is whole."""
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionError("the server hung up")
        if self.missing >= 0:
            self.missing -= len(part)
            return self.missing <= 0
        self.answer += part
        end = self.answer.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = self.answer[:end].lower()
        at = head.index(b"content-length:") + 15
        length = int(head[at:].split(b"\r\n", 1)[0])
        self.missing = end + 4 + length - len(self.answer)
        return self.missing <= 0


def load(server: Server, requests: Sequence[bytes], *, lines: int, seconds: float) -> Load:
    """Ask again and again over kept-alive connections; each request comes from the list in turn."""
    selector = selectors.DefaultSelector()
    opened = [_Line(server.port) for _ in range(lines)]
    statuses: Counter[int] = Counter()
    latencies: list[float] = []
    turn = 0
    try:
        for line in opened:
            selector.register(line.socket, selectors.EVENT_READ, line)
        cpu, start = server.cpu(), time.perf_counter()
        end = start + seconds
        for line in opened:
            line.ask(requests[turn % len(requests)])
            turn += 1
        busy = lines
        while busy:
            for key, _events in selector.select(30):
                line = key.data
                if not line.hear():
                    continue
                now = time.perf_counter()
                latencies.append(now - line.asked)
                statuses[int(line.answer[9:12])] += 1
                if now < end:
                    line.ask(requests[turn % len(requests)])
                    turn += 1
                else:
                    busy -= 1
        return Load(time.perf_counter() - start, server.cpu() - cpu, statuses, latencies)
    finally:
        for line in opened:
            line.socket.close()
        selector.close()


def ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[http.client.HTTPResponse, bytes]:
    """Ask once over a kept-alive connection."""
    connection.request(method, path, body, {**PROXY, **(headers or {})})
    answer = connection.getresponse()
    return answer, answer.read()


def alternating(loads: dict[str, Any], rounds: int) -> list[str]:
    """Return the names in an order that turns about from round to round."""
    names = list(loads)
    return [name for n in range(rounds) for name in (names if n % 2 == 0 else reversed(names))]
