"""What an officer waits for: the board, the submission logged, the receipt printed."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import Counter
from importlib import resources
from io import BytesIO
from typing import TYPE_CHECKING, Any

import psycopg
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from knox.models import AuthToken
from psycopg import sql
from psycopg.types.json import Jsonb

from accounts.sessions import SessionStore
from benchmarks.figures import Bar, Figure
from benchmarks.rounds import best_cpu, best_wall, interleaved
from benchmarks.servers import Server, ask
from dossiers import codes, paperwork
from dossiers.models import Dossier, PaperSlip
from dossiers.paperwork.contents import contents_of, for_paper
from dossiers.paperwork.printing import PDF_VARIANT, to_html

if TYPE_CHECKING:
    from django.db.models import Model

    from agencies.models import Officer
    from benchmarks.made import Province

JSON = {"Content-Type": "application/json"}
WRITERS = 8


def token_of(officer: Officer) -> str:
    """Return a token of the API as its door gives them out."""
    _row, token = AuthToken.objects.create(user=officer.user)
    return f"Bearer {token}"


def session_of(officer: Officer) -> str:
    """Return a session as sign-in would have made it."""
    store = SessionStore()
    store[SESSION_KEY] = str(officer.user.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = officer.user.get_session_auth_hash()
    store.save()
    assert store.session_key
    return f"{settings.SESSION_COOKIE_NAME}={store.session_key}"


def board(
    server: Server, province: Province, *, url: str, rounds: int, each: int = 40
) -> list[Figure]:
    """Measure the first page of what is overdue in one agency: the page and the API."""
    agency = province.communes[0]
    doors = {
        "overdue_api": (
            "overdue list of the API, first page, one agency",
            f"/api/v1/dossiers/?overdue=1&agency={agency}",
            {"Authorization": token_of(province.head)},
        )
    }
    try:
        # The reform office sees the province and picks the agency: the widest officer's way.
        page = f"{reverse('board')}?co-quan={agency}"
        cookie = {"Cookie": session_of(province.reformer)}
        doors["overdue_board"] = ("overdue board, first page, one agency", page, cookie)
    except NoReverseMatch:
        pass
    figures = [
        _page(server, name, title, path, headers, url=url, rounds=rounds, each=each)
        for name, (title, path, headers) in doors.items()
    ]
    # The bar is the page's; the API's list is judged only where there is no page.
    for figure in figures[:-1]:
        figure.judged = False
    return figures


def _page(
    server: Server,
    name: str,
    title: str,
    path: str,
    headers: dict[str, str],
    *,
    url: str,
    rounds: int,
    each: int,
) -> Figure:
    queries, size = _statements(path, headers)
    door = server.connect()
    pages: list[float] = []
    waits: list[float] = []

    def ask_page() -> None:
        cpu = server.cpu()
        for _ in range(each):
            start = time.perf_counter()
            answer, body = ask(door, "GET", path, headers=headers)
            waits.append(time.perf_counter() - start)
            assert answer.status == 200, (answer.status, body[:200])
        pages.append((server.cpu() - cpu) / each)

    with psycopg.connect(url, autocommit=True) as conn:

        def ask_sql() -> None:
            for _ in range(each):
                for query in queries:
                    conn.execute(query.encode()).fetchall()

        ask_page()  # warm up
        ask_sql()
        pages.clear()
        (_page_times, sql_times) = interleaved([ask_page, ask_sql], rounds)
    door.close()
    waits.sort()
    return Figure(
        name,
        f"{title}, application CPU",
        min(pages) * 1000,
        "ms",
        best_wall(sql_times) / each * 1000,
        "its SQL through psycopg, wall time",
        Bar(12),
        note=f"{len(queries)} queries, {size / 1000:.1f} kB",
        details={
            "queries": len(queries),
            "wall_p50_ms": round(waits[len(waits) // 2] * 1000, 2),
            "sql_cpu_ms": round(best_cpu(sql_times) / each * 1000, 3),
        },
    )


def _statements(path: str, headers: dict[str, str]) -> tuple[list[str], int]:
    """Return the statements a page asks, and the size of its answer."""
    client = Client(headers={**headers, "Host": "127.0.0.1"})
    client.get(path, secure=True)  # what is read once a process
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(path, secure=True)
    assert answer.status_code == 200, (path, answer.status_code)
    # The session's and the user's too: the page could not be without them.
    return [q["sql"] for q in asked if q["sql"].startswith(("SELECT", "WITH"))], len(answer.content)


def log_submissions(
    server: Server, province: Province, *, twin_url: str, rounds: int, each: int = 25
) -> list[Figure]:
    """Log submissions one after the other, beside two bare INSERTs; then eight at a time.

    The INSERTs go into the twin: a history that no act made has no place in the product.
    """
    headers = {"Authorization": token_of(province.receptionist), **JSON}
    door = server.connect()
    spent: list[float] = []
    waits: list[float] = []

    def log_some() -> None:
        cpu = server.cpu()
        for _ in range(each):
            start = time.perf_counter()
            status, body = _log(door, province, headers)
            waits.append(time.perf_counter() - start)
            assert status == 201, body
        spent.append((server.cpu() - cpu) / each)

    log_some()
    spent.clear()
    with psycopg.connect(twin_url) as conn:
        inserts = _Inserts(conn)

        def insert_some() -> None:
            for _ in range(each):
                inserts.once()

        insert_some()
        _log_times, insert_times = interleaved([log_some, insert_some], rounds)
    door.close()
    waits.sort()
    figures = [
        Figure(
            "log_submission",
            "log one submission, application CPU",
            min(spent) * 1000,
            "ms",
            best_wall(insert_times) / each * 1000,
            "INSERT dossier and event, commit, wall time",
            Bar(25),
            note=f"POST to receipt number, wall p50 {waits[len(waits) // 2] * 1000:.1f} ms",
            details={"insert_cpu_ms": round(best_cpu(insert_times) / each * 1000, 3)},
        )
    ]
    return [*figures, _together(server, province, headers, each=each)]


def _log(door: Any, province: Province, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    body = {
        "procedure": province.kinds[1].code,
        "channel": "in_person",
        "applicant": {
            "name": "Nguyễn Thị Ánh Tuyết",
            "kind": "citizen",
            "personal_id": "089187004215",
            "phone": "0900123456",
        },
    }
    headers = {**headers, "Idempotency-Key": str(uuid.uuid4())}
    answer, content = ask(door, "POST", "/api/v1/dossiers/", json.dumps(body).encode(), headers)
    return answer.status, json.loads(content)


class _Inserts:
    """The limit of logging: a finished dossier and one event, written by hand."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self.conn = conn
        self.number = 0
        source = Dossier.objects.filter(entry="live").order_by("-pk")[0]
        self.dossier, self.values = self._prepare(source)
        self.event, self.event_values = self._prepare(source.events.order_by("seq")[0])

    def _prepare(self, row: Model) -> tuple[sql.Composed, dict[str, Any]]:
        """Return the INSERT of a row like this one, and its values."""
        table = row._meta.db_table
        # What COPY brought into the twin did not move its sequence on.
        self.conn.execute(
            sql.SQL(
                "SELECT setval(pg_get_serial_sequence({}, 'id'), (SELECT max(id) FROM {}))"
            ).format(sql.Literal(table), sql.Identifier(table))
        )
        fields = [field for field in row._meta.concrete_fields if field.attname != "id"]
        names = [str(field.column) for field in fields]
        values = {
            name: getattr(row, field.attname) for name, field in zip(names, fields, strict=True)
        }
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING id").format(
            sql.Identifier(table),
            sql.SQL(", ").join(sql.Identifier(name) for name in names),
            sql.SQL(", ").join(sql.Placeholder(name) for name in names),
        )
        return statement, {n: Jsonb(v) if isinstance(v, dict) else v for n, v in values.items()}

    def once(self) -> None:
        self.number += 1
        code = f"BENCH-{self.number}"
        made = self.conn.execute(
            self.dossier, {**self.values, "code": code, "tracking_code": code}
        ).fetchone()
        assert made
        self.conn.execute(self.event, {**self.event_values, "dossier_id": made[0]})
        self.conn.commit()


def _together(server: Server, province: Province, headers: dict[str, str], *, each: int) -> Figure:
    """Log from eight connections on one agency: no failure, no number twice, no gap."""
    answers: list[tuple[int, dict[str, Any]]] = []
    faults: list[str] = []

    def write() -> None:
        door = server.connect()
        try:
            answers.extend(_log(door, province, headers) for _ in range(each))
        except OSError as error:
            faults.append(str(error))
        finally:
            door.close()

    threads = [threading.Thread(target=write) for _ in range(WRITERS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    statuses = Counter(status for status, _body in answers)
    given = [body.get("code", "") for status, body in answers if status == 201]
    agency = province.receptionist.agency
    missing = codes.gaps(agency, timezone.localdate())
    wrong = (
        len(faults)
        + sum(count for status, count in statuses.items() if status != 201)
        + (len(given) - len(set(given)))
        + len(missing)
        + (WRITERS * each - len(answers))
    )
    return Figure(
        "eight_writers",
        "eight writers on one agency: failures, repeats, gaps",
        wrong,
        "",
        bar=Bar(0, "=="),
        note=f"{len(given)} numbers, {len(given) / seconds:.0f} a second",
        details={
            "statuses": {str(status): count for status, count in statuses.items()},
            "repeated": len(given) - len(set(given)),
            "gaps": len(missing),
            "faults": faults[:5],
        },
    )


def receipt(*, rounds: int) -> Figure:
    """Print a receipt, beside WeasyPrint on the finished HTML with everything ready at hand."""
    import weasyprint
    from weasyprint.css import ColorProfile
    from weasyprint.text.fonts import FontConfiguration

    slip = PaperSlip.objects.filter(kind="receipt").order_by("-pk")[0]
    html = to_html(contents_of(for_paper(slip.pk)))
    fonts = FontConfiguration()
    sheet = weasyprint.CSS(
        filename=settings.BASE_DIR / "static" / "css" / "paper.css", font_config=fonts
    )
    icc = (resources.files("weasyprint.pdf") / "sRGB2014.icc").read_bytes()
    profile = ColorProfile(
        BytesIO(icc), "sRGB2014.icc", "relative-colorimetric", (["r"], ["g"], ["b"])
    )

    def static_page() -> None:
        weasyprint.HTML(string=html).write_pdf(
            stylesheets=[sheet],
            font_config=fonts,
            color_profiles={"--srgb": profile},
            output_intent="--srgb",
            pdf_variant=PDF_VARIANT,
            pdf_tags=True,
        )

    def ours() -> None:
        paperwork.render(slip)

    ours()
    static_page()
    our_times, static_times = interleaved([ours, static_page], rounds)
    return Figure(
        "receipt_pdf",
        "a receipt as PDF/A-2a, CPU",
        best_cpu(our_times) * 1000,
        "ms",
        best_cpu(static_times) * 1000,
        "WeasyPrint on the same finished HTML, style sheet and fonts ready",
        Bar(1.3, "<=", "ratio"),
        details={
            "wall_ms": round(best_wall(our_times) * 1000, 2),
            "limit_wall_ms": round(best_wall(static_times) * 1000, 2),
        },
    )
