"""Search in the whole national catalogue, when its files are there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
from django.conf import settings

from benchmarks.figures import Bar, Figure
from benchmarks.rounds import percentile
from benchmarks.servers import ask, serve

FILES = ("procedures-catalog.jsonl", "procedures-detail.jsonl")
TYPED = ("khai sinh", "dang ky ket hon", "cap giay phep xay dung", "dat dai", "ho tich", "1.001193",
         "2.000", "cap lai", "thue", "lai xe", "chung thuc ban sao", "giay", "bao hiem y te")  # fmt: skip
LIMIT = (
    "SELECT id, code, name FROM procedures_procedure"
    " WHERE name ILIKE '%%' || %s || '%%' OR code LIKE %s || '%%' ORDER BY name LIMIT 20"
)


def data_folder() -> Path | None:
    """Return the folder of the data files: MOTCUA_DATA, else beside the checkout."""
    folder = Path(os.environ.get("MOTCUA_DATA") or settings.BASE_DIR.parent / "shared" / "data")
    return folder if all((folder / name).exists() for name in FILES) else None


def search(folder: Path, *, url: str, logs: Path, rounds: int) -> Figure:
    """Import both files into the twin and ask its server what people type."""
    env = {"DATABASE_URL": url}
    begun = time.perf_counter()
    with (logs / "import.log").open("ab") as log:
        subprocess.run(
            [sys.executable, "manage.py", "import_procedures", *(folder / name for name in FILES)],
            env={**os.environ, **env}, cwd=settings.BASE_DIR, check=True, stdout=log, stderr=log,
        )  # fmt: skip
    imported = time.perf_counter() - begun
    waits: list[float] = []
    plain: list[float] = []
    with (
        psycopg.connect(url, autocommit=True) as conn,
        serve("motcua.wsgi:application", log=logs / "catalogue.log", env=env) as server,
    ):
        conn.execute("ANALYZE")
        count = conn.execute("SELECT count(*) FROM procedures_procedure").fetchone()
        door = server.connect()
        for number in range(rounds + 1):
            for typed in TYPED:
                start = time.perf_counter()
                answer, body = ask(door, "GET", f"/api/v1/procedures/?q={quote(typed)}")
                middle = time.perf_counter()
                assert answer.status == 200, body[:200]
                conn.execute(LIMIT, [typed, typed]).fetchall()
                if number:  # the first round warms up
                    waits.append(middle - start)
                    plain.append(time.perf_counter() - middle)
        door.close()
    assert count
    return Figure(
        "catalogue_search",
        f"catalogue search over {count[0]:,} procedures, p50",
        percentile(waits, 50) * 1000,
        "ms",
        percentile(plain, 50) * 1000,
        "an ILIKE over the names through psycopg (finds less: no marks, no order of merit)",
        Bar(15),
        judged=False,
        note=f"p99 {percentile(waits, 99) * 1000:.1f} ms, wall time of GET /api/v1/procedures/?q=; "
        f"import of both files {imported:.1f} s (wanted: under 60)",
    )
