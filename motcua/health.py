"""Is the house in order: database, queue, beat and disk, each told apart."""

import datetime as dt
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis
import structlog
from celery import shared_task
from django.conf import settings
from django.db import connections
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

logger = structlog.get_logger(__name__)

BEAT_KEY = "motcua:beat"  # seconds since 1970, set by the beat's task
BEAT_SILENCE = 180  # seconds; three beats missed
SMALLEST_FREE = 500_000_000  # bytes
CONNECT_SECONDS = 2
OPEN_DAYS = 2  # days without a root before somebody must look; one may wait for a long import
OK = "ok"


def _redis() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=CONNECT_SECONDS
    )


@shared_task(name="motcua.health.beat_tick")
def beat_tick() -> None:
    """Note that the beat beats and a worker hears it."""
    with _redis() as client:
        client.set(BEAT_KEY, int(time.time()))


@contextmanager
def _connected() -> Iterator[psycopg.Connection]:
    """Connect anew; the pool would wait for a dead server too long."""
    params = dict(connections["default"].get_connection_params())
    for name in ("cursor_factory", "context", "prepare_threshold"):
        params.pop(name, None)
    params["connect_timeout"] = CONNECT_SECONDS
    with psycopg.connect(**params) as connection:
        yield connection


def database() -> str:
    """Return ok when a new connection answers."""
    with _connected() as connection:
        connection.execute("SELECT 1")
    return OK


def history() -> str:
    """Return ok when no check of the history found anything since the last clean whole one.

    Fails too when days that are over have no root (`dossiers.day_roots`). The findings themselves
    are in the admin and in the log.
    """
    with _connected() as connection:
        found = connection.execute(
            "SELECT finding_count FROM dossiers_historycheck WHERE finding_count > 0 AND id >"
            " (SELECT coalesce(max(id), 0) FROM dossiers_historycheck"
            "  WHERE is_whole AND finding_count = 0) ORDER BY id DESC LIMIT 1"
        ).fetchone()
        if found is not None:
            return f"fails: {found[0]} findings"
        last, first = connection.execute(
            "SELECT (SELECT max(day) FROM dossiers_dayroot),"
            " (SELECT recorded_at FROM dossiers_dossierevent ORDER BY id LIMIT 1)"
        ).fetchone() or (None, None)
    if first is None:
        return OK
    since = last or timezone.localdate(first) - dt.timedelta(days=1)
    open_days = (timezone.localdate() - since).days - 1
    return OK if open_days <= OPEN_DAYS else f"fails: no root since {since}"


def queue() -> str:
    """Return ok when Redis answers."""
    with _redis() as client:
        client.ping()
    return OK


def beat() -> str:
    """Return ok when the beat was heard within BEAT_SILENCE."""
    with _redis() as client:
        heard = client.get(BEAT_KEY)
    if heard is None:
        return "fails: not heard yet"
    silence = time.time() - int(heard)
    return OK if silence < BEAT_SILENCE else f"fails: silent for {silence:.0f} s"


def disk() -> str:
    """Return ok when the files' disk has room."""
    folder = Path(settings.MEDIA_ROOT)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return OK if free > SMALLEST_FREE else f"fails: {free // 1_000_000} MB free"


CHECKS: dict[str, Callable[[], str]] = {
    "database": database,
    "queue": queue,
    "beat": beat,
    "disk": disk,
    "history": history,
}


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 with one word a part, 503 when the database is away."""
    parts: dict[str, str] = {}
    for name, check in CHECKS.items():
        try:
            parts[name] = check()
        except Exception as error:  # noqa: BLE001 - whatever it is, the part is not well
            # The kind only: the text of a connection error names hosts and users.
            parts[name] = f"fails: {type(error).__name__}"
            logger.warning("health", part=name, error=type(error).__name__)
    healthy = all(word == OK for word in parts.values())
    return JsonResponse(
        {"status": OK if healthy else "fails", **parts},
        status=200 if parts["database"] == OK else 503,
    )


if __name__ == "__main__":  # the beat's health check in docker-compose.yml
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "motcua.settings.prod")
    word = beat()
    sys.exit(0 if word == OK else word)
