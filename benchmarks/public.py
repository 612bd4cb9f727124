"""What a citizen waits for: the look-up under load, and the bytes of the first page."""

from __future__ import annotations

import http.client
import json
import random
import re
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from benchmarks.figures import Bar, Figure
from benchmarks.made import SEED
from benchmarks.rounds import percentile
from benchmarks.servers import Load, Server, ask, load, request_bytes, serve

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.made import Known

LINES = 16
PAGES = {"home": "/", "look-up": "/tra-cuu/"}
MOST_BYTES = 60_000


def look_up(
    product: Server, known: Sequence[Known], *, logs: Path, seconds: float, rounds: int
) -> list[Figure]:
    """Load the look-up and its limits in turns; every answer must be a 200."""
    random_ = random.Random(SEED)
    requests = [
        request_bytes(
            "POST",
            "/api/v1/tracking/",
            json.dumps({"code": each.code, "proof": each.proof}).encode(),
            {
                "Content-Type": "application/json",
                # Citizens come from everywhere; the proxy says from where.
                "X-Forwarded-For": f"10.{random_.randrange(256)}.{random_.randrange(256)}.7",
            },
        )
        for each in random_.sample(list(known), len(known))
    ]
    results: dict[str, list[Load]] = {"product": [], "bare Django": [], "bare WSGI": []}
    with ExitStack() as stack:
        servers = {
            "product": product,
            "bare Django": stack.enter_context(
                serve(
                    "benchmarks.bare:django",
                    factory=True,
                    log=logs / "bare-django.log",
                    env={"DJANGO_SETTINGS_MODULE": "benchmarks.bare_settings"},
                )
            ),
            "bare WSGI": stack.enter_context(
                serve("benchmarks.bare:wsgi", log=logs / "bare-wsgi.log", env={})
            ),
        }
        for server in servers.values():
            load(server, requests, lines=LINES, seconds=1)  # warm up
        names = list(servers)
        for number in range(rounds):
            for name in names if number % 2 == 0 else reversed(names):
                results[name].append(load(servers[name], requests, lines=LINES, seconds=seconds))
    statuses: Counter[int] = Counter()
    for each in results["product"]:
        statuses += each.statuses
    best = {name: max(loads, key=lambda each: each.rate) for name, loads in results.items()}
    details = {
        name: {
            "requests_per_second": round(best[name].rate, 1),
            "p50_ms": round(percentile(best[name].latencies, 50) * 1000, 2),
            "p99_ms": round(percentile(best[name].latencies, 99) * 1000, 2),
            "app_cpu_ms_each": round(min(each.cpu_each for each in loads) * 1000, 4),
        }
        for name, loads in results.items()
    }
    cpu = {name: min(each.cpu_each for each in loads) * 1000 for name, loads in results.items()}
    told = details["product"]
    return [
        Figure(
            "look_up",
            "public look-up, all protections on",
            best["product"].rate,
            "requests/s",
            best["bare Django"].rate,
            "a bare Django view doing the one SELECT",
            Bar(0.5, ">=", "ratio"),
            note=(
                f"p50 {told['p50_ms']} ms, p99 {told['p99_ms']} ms; bare WSGI"
                f" {best['bare WSGI'].rate:,.0f} requests/s; {LINES} connections, {len(known):,} codes"
            ),
            details=details,
        ),
        Figure(
            "look_up_cpu",
            "public look-up, application CPU of a request",
            cpu["product"],
            "ms",
            cpu["bare Django"],
            "the bare Django view",
            note=f"bare WSGI {cpu['bare WSGI']:.3f} ms; compare runs of 1 M and 10 M: ± 20 %",
        ),
        Figure(
            "look_up_failures",
            "public look-up, answers other than 200",
            statuses.total() - statuses[200],
            "",
            bar=Bar(0, "=="),
        ),
    ]  # fmt: skip


def first_view(server: Server) -> list[Figure]:
    """Count what a browser fetches for a first view: page, style sheets, scripts, images, fonts."""
    figures = []
    for name, path in PAGES.items():
        connection = server.connect()
        try:
            parts = _fetch_all(connection, path)
        finally:
            connection.close()
        bodies = sum(part.body for part in parts.values())
        heads = sum(part.head for part in parts.values())
        kinds: Counter[str] = Counter()
        for part in parts.values():
            kinds[part.kind] += part.body
        figures.append(
            Figure(
                f"first_view_{name.replace('-', '_')}",
                f"first view of {path}, bytes transferred",
                bodies / 1000,
                "kB",
                bar=Bar(MOST_BYTES / 1000),
                note=(
                    f"compressed bodies of {len(parts)} answers; their headers, which HTTP/2"
                    f" compresses too, {heads / 1000:.1f} kB plain"
                ),
                details={"bodies": bodies, "headers": heads, "requests": len(parts), **kinds},
            )
        )
    return figures


class _Part:
    def __init__(self, kind: str, body: int, head: int, text: str) -> None:
        self.kind, self.body, self.head, self.text = kind, body, head, text


_LINKS = re.compile(
    r"""<link\b[^>]*\brel="(?:stylesheet|icon|modulepreload|preload)"[^>]*>|"""
    r"""<(?:script|img|source)\b[^>]*>""",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"""\b(?:href|src)="([^"]+)\"""")
_IN_STYLE = re.compile(r"""@import\s+(?:url\()?["']?([^"')\s]+)|url\(["']?([^"')]+)""")


def _fetch_all(connection: http.client.HTTPConnection, start: str) -> dict[str, _Part]:
    """Fetch a page and all it asks for; another host is an error (design.md 5)."""
    parts: dict[str, _Part] = {}
    ahead = [start]
    while ahead:
        path = ahead.pop()
        if path in parts or path.startswith("data:"):
            continue
        assert path.startswith("/"), f"a page asks another host: {path}"
        part = _fetch(connection, path)
        parts[path] = part
        if part.kind == "text/html":
            for tag in _LINKS.findall(part.text):
                ahead += [urljoin(path, found) for found in _ADDRESS.findall(tag)]
        elif part.kind == "text/css":
            text = re.sub(r"/\*.*?\*/", "", part.text, flags=re.DOTALL)
            ahead += [
                urljoin(path, imported or named)
                for imported, named in _IN_STYLE.findall(text)
                if not (imported or named).startswith(("data:", "#"))
            ]
    return parts


def _fetch(connection: http.client.HTTPConnection, path: str) -> _Part:
    address, _, _fragment = path.partition("#")
    answer, body = ask(connection, "GET", address, headers={"Accept-Encoding": "br, gzip"})
    assert answer.status == 200, f"{address}: {answer.status}"
    kind = (answer.getheader("content-type") or "").partition(";")[0]
    head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders()) + 17
    text = ""
    if kind in {"text/html", "text/css"}:
        # Read again as it is, for a decompressor would only be one more thing to trust.
        _plain, content = ask(connection, "GET", address, headers={"Accept-Encoding": "identity"})
        text = content.decode()
    return _Part(kind, len(body), head, text)
