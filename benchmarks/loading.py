"""Old dossiers from a file, beside COPY of the same finished rows into the same tables."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from benchmarks.figures import Bar, Figure
from dossiers.importing import Outcome, import_dossiers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.made import History

TABLES = (
    "dossiers_dossier", "dossiers_dossierevent", "dossiers_outboxmessage", "dossiers_pause",
    "dossiers_duedatechange",
)  # fmt: skip
SLICES = 5
LARGEST_SLICE = 50_000


def load_all(
    history: History, *, folder: Path, url: str, twin_url: str, say: Callable[[str], None]
) -> list[Figure]:
    """Load the whole made history by the product; the first slices also by COPY into the twin."""
    size = history.size
    slice_size = min(max(1, size // SLICES), LARGEST_SLICE)
    ours: list[float] = []
    limits: list[float] = []
    done = refused = 0
    first = time.perf_counter()
    spent = 0.0
    last: dict[str, int] = dict.fromkeys(TABLES, 0)
    while done < size:
        path = folder / "old.csv"
        count = history.write(path, slice_size)
        start = time.perf_counter()
        outcome: Outcome = import_dossiers(path)
        seconds = time.perf_counter() - start
        spent += seconds
        assert outcome.loaded + outcome.refused == count, outcome
        refused += outcome.refused
        for each in folder.glob("old.csv*"):
            each.unlink()
        if len(ours) < SLICES and count == slice_size:
            ours.append(count / seconds)
            limits.append(count / _copy(url, twin_url, last))
        done += count
        say(
            f"{done:,} of {size:,} dossiers loaded, {done / (time.perf_counter() - first):,.0f} a second"
        )
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("VACUUM (ANALYZE)")
    return [
        Figure(
            "bulk_load",
            "bulk load of old dossiers",
            max(ours),
            "rows/s",
            max(limits),
            "COPY of the same finished rows into the same tables, indexes and triggers",
            Bar(0.4, ">=", "ratio"),
            note=f"{len(ours)} slices of {slice_size:,}; every row checked",
            details={
                "rows_per_second": [round(rate) for rate in ours],
                "limit_rows_per_second": [round(rate) for rate in limits],
                "whole_rows_per_second": round(done / spent),
            },
        ),
        Figure("bulk_load_refused", "bulk load, rows refused", refused, "", bar=Bar(0, "==")),
    ]  # fmt: skip


def _copy(url: str, twin_url: str, last: dict[str, int]) -> float:
    """COPY what is new since `last` into the twin; return the seconds of the COPY alone."""
    content: dict[str, list[bytes]] = {}
    with psycopg.connect(url) as conn:
        for table in TABLES:
            query = sql.SQL("COPY (SELECT * FROM {} WHERE id > {} ORDER BY id) TO STDOUT").format(
                sql.Identifier(table), sql.Literal(last[table])
            )
            with conn.cursor().copy(query) as copy:
                content[table] = [bytes(part) for part in copy]
            top = conn.execute(
                sql.SQL("SELECT max(id) FROM {}").format(sql.Identifier(table))
            ).fetchone()
            last[table] = (top[0] if top else None) or last[table]
    # A few large pieces, so that the limit does not wait for Python.
    joined = {table: _joined(parts) for table, parts in content.items()}
    with psycopg.connect(twin_url) as twin:
        start = time.perf_counter()
        for table in TABLES:
            with twin.cursor().copy(
                sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
            ) as copy:
                for part in joined[table]:
                    copy.write(part)
        twin.commit()
        return time.perf_counter() - start


def _joined(parts: list[bytes], size: int = 1 << 20) -> list[bytes]:
    pieces: list[Any] = []
    for part in parts:
        if pieces and len(pieces[-1]) < size:
            pieces[-1] += part
        else:
            pieces.append(bytearray(part))
    return [bytes(piece) for piece in pieces]
