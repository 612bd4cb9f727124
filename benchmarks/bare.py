"""The limit of the look-up: one hand-written SELECT and a JSON string, in Django and without it."""

from __future__ import annotations

import datetime as dt
import json
import os
from functools import cache
from typing import TYPE_CHECKING, Any

import psycopg_pool
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

# What a citizen is told, without days, protections or words: the row, its names, its timeline.
SELECT = """
SELECT d.code, p.name, d.state, a.name, d.received_at, d.due_at,
       (SELECT json_agg(json_build_array(e.at, e.act, e.to_state) ORDER BY e.seq)
        FROM dossiers_dossierevent e WHERE e.dossier_id = d.id)::text
FROM dossiers_dossier d
JOIN procedures_procedureversion p ON p.id = d.version_id
JOIN agencies_agency a ON a.id = d.holder_agency_id
WHERE d.code = %s
"""


def written(row: tuple[Any, ...] | None) -> bytes:
    """Return the row as JSON."""
    if row is None:
        return b"null"
    code, procedure, state, holder, received_at, due_at, timeline = row
    head = {
        "code": code,
        "procedure": procedure,
        "state": state,
        "holder": holder,
        "received_at": _iso(received_at),
        "due_at": _iso(due_at),
    }
    return f'{json.dumps(head, ensure_ascii=False)[:-1]}, "timeline": {timeline}}}'.encode()


def _iso(instant: dt.datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def view(request: HttpRequest) -> HttpResponse:
    """Answer a look-up through Django's own connection."""
    code = json.loads(request.body)["code"]
    with connection.cursor() as cursor:
        cursor.execute(SELECT, [code])
        row = cursor.fetchone()
    body = written(row)
    return HttpResponse(body, "application/json", headers={"Content-Length": str(len(body))})


urlpatterns = [path("api/v1/tracking/", view)]


@cache
def _pool() -> psycopg_pool.ConnectionPool[Any]:
    return psycopg_pool.ConnectionPool(
        os.environ["DATABASE_URL"], min_size=1, max_size=8, kwargs={"autocommit": True}, open=True
    )


def wsgi(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer a look-up with nothing between the server and the database."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    code = json.loads(environ["wsgi.input"].read(length))["code"]
    with _pool().connection() as conn:
        row = conn.execute(SELECT, [code]).fetchone()
    body = written(row)
    start_response(
        "200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    )
    return [body]


def django() -> Any:
    """Return the bare Django application; the pool is as large as the product's."""
    os.environ.setdefault("MOTCUA_DB_POOL", "8")
    return get_wsgi_application()
