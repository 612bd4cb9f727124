"""A day is closed once, in order, and not before all that was recorded on it is there."""

from __future__ import annotations

import datetime as dt
import threading
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import structlog
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from agencies.working_time import LOCAL_ZONE
from dossiers import clock, day_roots
from dossiers.day_roots import Root, close_days, root_of
from dossiers.models import DayRoot, DossierEvent, HistoryCheck
from dossiers.readings import note_reading
from tests.dossiers.stages import in_progress, received
from tests.dossiers.superuser import sql, superuser_without_triggers
from tests.dossiers.test_tampering import days_later, verify
from tests.province import Province, make_province

if TYPE_CHECKING:
    pass


def lines() -> list[str]:
    path = Path(django_settings.ROOTS_FILE)
    return path.read_text().splitlines() if path.exists() else []


def test_a_day_that_is_not_over_is_not_closed(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    received(province)
    assert close_days(patience=30) == []
    midnight = dt.datetime.combine(
        timezone.localdate() + dt.timedelta(days=1), dt.time(), tzinfo=LOCAL_ZONE
    )
    for minutes, closed in ((1, 0), (59, 0), (61, 1)):
        moment = midnight + dt.timedelta(minutes=minutes)
        monkeypatch.setattr(day_roots, "database_now", lambda moment=moment: moment)
        assert len(close_days(patience=30)) == closed, minutes


def test_the_root_stands_in_its_row_and_in_one_line(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    dossier = received(province)
    note_reading(dossier, by=province.head)
    days_later(monkeypatch)
    [row] = close_days(patience=30)
    row = DayRoot.objects.get(pk=row.pk)
    assert (row.day, row.event_count, row.reading_count) == (timezone.localdate(), 2, 1)
    [line] = lines()
    assert Root.of_line(line) == Root.of_row(row)
    assert Root.of_line(line).is_genuine
    assert line.startswith(f"{row.day} v1 events=2:")
    assert "Tuyết" not in line
    assert root_of(row.day).replace(" ", "") == bytes(row.root).hex()
    assert root_of(row.day + dt.timedelta(days=1)) == ""


def test_a_second_run_changes_nothing(province: Province, monkeypatch: pytest.MonkeyPatch) -> None:
    received(province)
    days_later(monkeypatch)
    assert len(close_days(patience=30)) == 1
    before = lines()
    assert close_days(patience=30) == []
    assert DayRoot.objects.count() == 1
    assert lines() == before


def test_missing_days_are_made_up_in_order_each_chained_to_the_one_before(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    received(province)
    days_later(monkeypatch)
    close_days(patience=30)
    days_later(monkeypatch, 5)
    made = close_days(patience=30)
    roots = [Root.of_row(row) for row in DayRoot.objects.order_by("day")]
    assert [row.day for row in made] == [root.day for root in roots[1:]]
    assert len(roots) == 5
    for before, root in pairwise(roots):
        assert root.day == before.day + dt.timedelta(days=1)
        assert root.previous == before.root
    assert [Root.of_line(line) for line in lines()] == roots
    assert verify()[1] == ""


def test_a_worker_killed_before_its_commit_leaves_a_line_that_the_next_run_says_again(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    received(province)
    days_later(monkeypatch)
    append = day_roots.append_lines

    def die(roots: Any) -> int:
        append(roots)
        raise SystemExit

    monkeypatch.setattr(day_roots, "append_lines", die)
    with pytest.raises(SystemExit):
        close_days(patience=30)
    assert not DayRoot.objects.exists()
    assert len(lines()) == 1
    monkeypatch.setattr(day_roots, "append_lines", append)
    assert len(close_days(patience=30)) == 1
    assert len(lines()) == 1
    assert verify()[1] == ""


def test_a_line_half_written_is_written_again(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    received(province)
    days_later(monkeypatch)
    close_days(patience=30)
    path = Path(django_settings.ROOTS_FILE)
    whole = path.read_text()
    path.write_text(whole[:200])
    assert close_days(patience=30) == []
    assert path.read_text() == f"{whole[:200]}\n{whole}"
    assert verify()[1] == ""


def test_a_file_that_cannot_be_written_closes_no_day(
    province: Province, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    received(province)
    days_later(monkeypatch)
    (tmp_path / "taken").write_text("")
    settings.ROOTS_FILE = tmp_path / "taken" / "roots.txt"
    with pytest.raises(OSError, match="taken"):
        close_days(patience=30)
    assert not DayRoot.objects.exists()


def test_the_file_never_lends_its_word_to_a_row_made_without_the_key(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    received(province)
    days_later(monkeypatch)
    close_days(patience=30)
    Path(django_settings.ROOTS_FILE).unlink()
    with superuser_without_triggers():
        sql("update dossiers_dayroot set event_count = 9")
    close_days(patience=30)
    assert lines() == []


# Several at once; these commit, so they clean up after themselves.


def other_connection() -> psycopg.Connection:
    params = connection.get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold"):
        params.pop(name, None)
    return psycopg.connect(**params)


@pytest.mark.django_db(transaction=True)
def test_an_event_that_commits_late_is_in_its_days_root(monkeypatch: pytest.MonkeyPatch) -> None:
    province = make_province()
    received(province)
    days_later(monkeypatch)
    with other_connection() as late:
        # Recorded today, and still not committed when the day is to be closed tomorrow.
        late.execute("set session_replication_role = replica")
        late.execute(
            "insert into dossiers_dossierreading (dossier_id, officer_id, at, way)"
            " select id, %s, clock_timestamp(), 'page' from dossiers_dossier",
            [province.head.pk],
        )
        with structlog.testing.capture_logs() as logged:
            assert close_days(patience=0.3) == []
        assert "days not closed" in [entry["event"] for entry in logged]
        assert not DayRoot.objects.exists()
        late.commit()
    [row] = close_days(patience=30)
    assert (row.event_count, row.reading_count) == (2, 1)
    assert verify()[1] == ""


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_ends_soon_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    received(make_province())
    days_later(monkeypatch)
    with other_connection() as late:
        late.execute("select pg_current_xact_id()")
        soon = threading.Timer(0.5, late.commit)
        soon.start()
        assert len(close_days(patience=20)) == 1
        soon.join()


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_close_each_day_once(monkeypatch: pytest.MonkeyPatch) -> None:
    received(make_province())
    days_later(monkeypatch, 6)
    start = threading.Barrier(3)
    made: list[int] = []

    def work() -> None:
        start.wait()
        made.append(len(close_days(patience=20)))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while more := close_days(patience=20):  # whoever was turned away leaves days to the next run
        made.append(len(more))
    assert sum(made) == DayRoot.objects.count() == 6
    assert len(lines()) == len(set(lines())) == 6
    assert verify()[1] == ""


# The nightly job


def test_the_job_closes_and_looks_once_and_health_tells(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    dossier = in_progress(province)
    days_later(monkeypatch)
    assert clock.close_days() == {"days": 1, "findings": 0}
    assert clock.close_days() == {"days": 0, "findings": 0}
    check = HistoryCheck.objects.get()
    assert (check.dossier_count, check.event_count, check.up_to) == (1, 4, timezone.localdate())
    assert not check.is_whole
    assert DossierEvent.objects.filter(dossier=dossier).count() == 4


def test_days_a_killed_worker_closed_are_looked_through_by_the_next(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_progress(province)
    days_later(monkeypatch)
    close_days(patience=30)  # and then the worker died
    assert clock.close_days() == {"days": 0, "findings": 0}
    assert HistoryCheck.objects.get().event_count == 4


def test_findings_are_logged_and_kept_without_personal_data(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    dossier = in_progress(province)
    with superuser_without_triggers():
        sql("update dossiers_dossierevent set reason = 'Ánh Tuyết' where dossier_id = %s and seq = 2",
            [dossier.pk])  # fmt: skip
    days_later(monkeypatch)
    with structlog.testing.capture_logs() as logged:
        assert clock.close_days() == {"days": 1, "findings": 1}
    [finding] = [entry for entry in logged if entry["event"] == "history finding"]
    assert finding["log_level"] == "error"
    assert (finding["dossier"], finding["row"]) == (dossier.pk, "event 2")
    assert "Tuyết" not in repr(logged)
    [kept] = HistoryCheck.objects.get().findings
    assert kept == f"{dossier.code}: event 2 does not match its digest"
    assert clock.verify_history() == 1
    assert HistoryCheck.objects.latest("id").is_whole
