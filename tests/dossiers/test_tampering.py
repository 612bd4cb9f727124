"""Who changes the database without the key, whatever their rights, is found and the row named."""

# ruff: noqa: S608 - a forger writes SQL by hand

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection

from dossiers import day_roots, verifying
from dossiers.day_roots import close_days
from dossiers.models import DayRoot, Dossier, DossierReading, HistoryCheck
from dossiers.readings import note_reading
from dossiers.recording import database_now
from dossiers.services import closing, processing
from tests.dossiers.stages import in_progress, received, settled
from tests.dossiers.superuser import sql, superuser_without_triggers
from tests.dossiers.test_recording import with_history

if TYPE_CHECKING:
    from tests.province import Province

EVENTS, DOSSIERS = "dossiers_dossierevent", "dossiers_dossier"


def days_later(monkeypatch: pytest.MonkeyPatch, days: int = 1) -> None:
    """Let the database's clock be days further when a day is to be closed."""
    monkeypatch.setattr(day_roots, "database_now", lambda: database_now() + dt.timedelta(days=days))


def verify(*arguments: str) -> tuple[str, str]:
    """Run the command; return what it printed, and the word with which it failed or nothing."""
    out = io.StringIO()
    failure = ""
    try:
        call_command("verify_events", *arguments, stdout=out, stderr=io.StringIO())
    except CommandError as failed:
        failure = str(failed) if failed.returncode == 1 else ""
    return out.getvalue(), failure


@pytest.fixture
def closed(province: Province, monkeypatch: pytest.MonkeyPatch) -> Dossier:
    """Return a dossier of a day that is closed, among others."""
    dossier = in_progress(province)
    received(province)
    settled(province)
    note_reading(dossier, by=province.head)
    note_reading(dossier, by=province.specialist)
    days_later(monkeypatch)
    assert len(close_days(patience=30)) == 1
    assert verify()[1] == ""
    return dossier


# Each statement is run by a superuser without triggers; `%(id)s` is the dossier's.
ROLL_BACK = """
with gone as (delete from {events} where dossier_id = %(id)s and seq = 4 returning from_state),
last as (select * from {events} where dossier_id = %(id)s and seq = 3)
update {dossiers} d set event_count = 3, last_digest = last.digest, state = last.to_state,
  previous_state = last.from_state, holder_agency_id = last.holder_agency_id,
  holder_officer_id = last.holder_officer_id, due_at = last.due_at
from last where d.id = %(id)s
"""
CHANGES = {
    **{
        f"event's {column}": (
            f"update {{events}} set {column} = {value} where dossier_id = %(id)s and seq = 3",
            "event 3 does not match its digest",
        )
        for column, value in {
            "reason": "'x'",
            "at": "at - interval '3 days'",
            "recorded_at": "recorded_at - interval '1 second'",
            "actor_id": "(select max(id) from agencies_officer)",
            "agency_id": "(select max(id) from agencies_agency)",
            "actor_role": "'head'",
            "to_state": "'signed'",
            "due_at": "due_at + interval '1 day'",
            "data": """'{{"a": 1}}'""",
            "act": "'approve'",
        }.items()
    },
    "event with its digest": (
        "update {events} set reason = 'x', digest = sha256('x') where dossier_id = %(id)s and seq = 3",
        "event 3 does not match its digest",
    ),
    "last event and the dossier's memory of it": (
        "with e as (update {events} set reason = 'x', digest = sha256('x')"
        " where dossier_id = %(id)s and seq = 4 returning digest)"
        " update {dossiers} set last_digest = e.digest from e where id = %(id)s",
        "event 4 does not match its digest",
    ),
    "removed from the middle": (
        "delete from {events} where dossier_id = %(id)s and seq = 3",
        "event 3 is missing",
    ),
    "cut off": (
        "delete from {events} where dossier_id = %(id)s and seq = 4",
        "the dossier counts 4 events, 3 are there",
    ),
    "cut off with the dossier set back": (ROLL_BACK, "event 4 was there when"),
    "inserted": (
        "insert into {events} (dossier_id, seq, at, recorded_at, act, from_state, to_state,"
        " actor_role, agency_id, holder_agency_id, reason, clock_effect, due_at, data, digest)"
        " select dossier_id, 5, at, recorded_at, act, from_state, to_state, actor_role, agency_id,"
        " holder_agency_id, reason, clock_effect, due_at, data, digest from {events}"
        " where dossier_id = %(id)s and seq = 4",
        "event 5 does not match its digest",
    ),
    "another dossier's digest": (
        "update {events} e set digest = o.digest from {events} o"
        " where e.dossier_id = %(id)s and e.seq = 2 and o.seq = 2 and o.dossier_id <> %(id)s",
        "event 2 does not match its digest",
    ),
    "replaced by another dossier's event": (
        "update {events} e set digest = o.digest, reason = o.reason, at = o.at, data = o.data,"
        " recorded_at = o.recorded_at from {events} o"
        " where e.dossier_id = %(id)s and e.seq = 1 and o.seq = 1 and o.dossier_id <> %(id)s",
        "event 1 does not match its digest",
    ),
    "emptied": (
        "with e as (delete from {events} where dossier_id = %(id)s)"
        " update {dossiers} set event_count = 0, last_digest = '' where id = %(id)s",
        "event 4 was there when",
    ),
    **{
        f"dossier's {column}": (
            f"update {{dossiers}} set {column} = {value} where id = %(id)s",
            f"says {name} otherwise than its events",
        )
        for column, value, name in (
            ("state", "'signed'", "state"),
            ("previous_state", "'signed'", "previous_state"),
            ("holder_agency_id", "receiving_agency_id", "holder_agency"),
            ("holder_officer_id", "(select max(id) from agencies_officer)", "holder_officer"),
            ("due_at", "due_at + interval '1 day'", "due_at"),
            ("due_on", "due_on + 1", "due_on"),
            ("due_original_at", "due_original_at + interval '1 day'", "due_original_at"),
            ("received_at", "received_at + interval '1 hour'", "received_at"),
            ("received_on", "received_on - 1", "received_on"),
            ("code", "'H01-260101-9999'", "code"),
        )
    },
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_change_past_the_product_is_found_and_its_row_named(closed: Dossier, how: str) -> None:
    statement, told = CHANGES[how]
    with superuser_without_triggers():
        assert sql(statement.format(events=EVENTS, dossiers=DOSSIERS), {"id": closed.pk})
    code = Dossier.objects.get(pk=closed.pk).code
    printed, failed = verify()
    assert "findings in" in failed
    named = [line for line in printed.splitlines() if line.startswith(f"{code}: ")]
    assert any(told in line for line in named), printed
    if how not in {"cut off with the dossier set back", "emptied"}:
        # The chain alone shows it, so that no day need be closed.
        assert verify("--dossier", str(code))[1]
        assert verify("--since", "2026-01-01")[1]
    else:
        assert verify("--since", "2026-01-01")[1]


@pytest.mark.parametrize("column", ["settled_at", "settled_on", "returned_at", "returned_on"])
def test_an_end_that_is_moved_is_found(province: Province, column: str) -> None:
    dossier = closing.return_result(settled(province), by=province.receptionist)
    step = "interval '1 day'" if column.endswith("_at") else "1"
    with superuser_without_triggers():
        sql(f"update {DOSSIERS} set {column} = {column} - {step} where id = %s", [dossier.pk])
    printed, _failed = verify("--dossier", str(dossier.code))
    assert printed == f"{dossier.code}: the dossier says {column} otherwise than its events\n"


def test_a_dossier_that_went_whole_is_named_by_its_number(closed: Dossier) -> None:
    with superuser_without_triggers():
        for table in ("dossiers_paperslip", "dossiers_dossierreading", EVENTS):
            sql(f"delete from {table} where dossier_id = %s", [closed.pk])
        sql("delete from dossiers_outboxmessage m where not exists"
            " (select from dossiers_dossierevent e where e.id = m.event_id)")  # fmt: skip
        sql(f"delete from {DOSSIERS} where id = %s", [closed.pk])
    printed, failed = verify()
    assert failed
    for seq in range(1, 5):
        assert f"dossier #{closed.pk}: event {seq} was there when" in printed
    assert printed.count(f"dossier #{closed.pk}: reading ") == 2
    assert "had 13 events when it was closed, has 9" in printed


def test_events_whose_dossier_went_are_named(closed: Dossier) -> None:
    with superuser_without_triggers():
        sql(f"delete from {DOSSIERS} where id = %s", [closed.pk])
    printed, _failed = verify()
    assert f"dossier #{closed.pk}: event 1 belongs to a dossier that is gone" in printed
    assert f"dossier #{closed.pk}: reading " in printed


def test_two_histories_that_change_places_are_found(closed: Dossier) -> None:
    other = Dossier.objects.exclude(pk=closed.pk).order_by("pk").first()
    assert other is not None
    swap = (
        "update {} set {} = case {} when %(a)s then %(b)s else %(a)s end where {} in (%(a)s, %(b)s)"
    )
    with superuser_without_triggers():
        column = "dossier_id"
        # Past the unique constraint on their numbers.
        sql(f"update {EVENTS} set seq = seq + 100 where dossier_id = %s", [other.pk])
        sql(swap.format(EVENTS, *[column] * 3), {"a": closed.pk, "b": other.pk})
        sql(f"update {EVENTS} set seq = seq - 100 where seq > 100")
        sql(
            f"update {DOSSIERS} d set event_count = o.event_count, last_digest = o.last_digest,"
            f" state = o.state, holder_agency_id = o.holder_agency_id, due_at = o.due_at"
            f" from {DOSSIERS} o where (d.id, o.id) in ((%(a)s, %(b)s), (%(b)s, %(a)s))",
            {"a": closed.pk, "b": other.pk},
        )
    printed, _failed = verify()
    for dossier in (closed, other):
        assert f"{dossier.code}: event 1 does not match its digest" in printed


def test_what_the_product_itself_appended_after_a_cut_does_not_hide_it(
    closed: Dossier, province: Province
) -> None:
    with superuser_without_triggers():
        sql(ROLL_BACK.format(events=EVENTS, dossiers=DOSSIERS), {"id": closed.pk})
    processing.assign(closed, by=province.head)  # the history is a whole chain again
    assert verify("--dossier", str(closed.code))[1] == ""
    printed, failed = verify()
    assert failed
    assert f"{closed.code}: event 4 was another when" in printed


def test_a_truncated_history_is_found(closed: Dossier) -> None:
    with superuser_without_triggers():
        for table in (EVENTS, "dossiers_dossierreading", "dossiers_outboxmessage"):
            sql(f"alter table {table} disable trigger all")
        sql(f"truncate {EVENTS}, {DOSSIERS}, dossiers_dossierreading cascade")
    printed, failed = verify()
    assert failed
    assert "had 13 events when it was closed, has 0" in printed
    assert f"dossier #{closed.pk}: event 4 was there when" in printed


def test_an_older_backup_is_found_by_the_file(
    closed: Dossier, province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything of the last closed day is gone from the database, its root too."""
    days_later(monkeypatch, 2)
    assert len(close_days(patience=30)) == 1
    last = DayRoot.objects.latest("day")
    with superuser_without_triggers():
        sql("delete from dossiers_dayroot where day = %s", [last.day])
    assert f"root of {last.day} is in the file and not in the database" in verify()[0]
    with superuser_without_triggers():
        sql(f"truncate {EVENTS}, {DOSSIERS}, dossiers_dossierreading, dossiers_dayroot cascade")
    printed, _failed = verify()
    assert printed.count("is in the file and not in the database") == 2
    assert f"dossier #{closed.pk}: event 1 was there when" in printed


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("update {} set root = sha256('x')", "was not made with the key"),
        ("update {} set event_count = event_count - 1", "was not made with the key"),
        ("update {} set sketch = ''", "was not made with the key"),
        ("update {} set day = day - 1", "was not made with the key"),
        ("delete from {}", "is in the file and not in the database"),
    ],
)
def test_a_root_made_without_the_key_is_found(closed: Dossier, statement: str, told: str) -> None:
    with superuser_without_triggers():
        sql(statement.format("dossiers_dayroot"))
    printed, failed = verify()
    assert failed
    assert told in printed


def test_a_root_from_the_middle_is_missed(closed: Dossier, monkeypatch: pytest.MonkeyPatch) -> None:
    days_later(monkeypatch, 4)
    assert len(close_days(patience=30)) == 3
    Path(django_settings.ROOTS_FILE).unlink()  # the database alone tells it too
    days = list(DayRoot.objects.order_by("day").values_list("day", flat=True))
    with superuser_without_triggers():
        sql("delete from dossiers_dayroot where day = %s", [days[1]])
    printed, _failed = verify()
    assert f"root of {days[2]} does not follow the one before it" in printed
    assert "the file of roots is not there or empty" in printed


def test_days_before_the_first_root_are_no_hiding_place(closed: Dossier) -> None:
    """Rows moved before the first root, digest and all, belong to a day that has none."""
    with superuser_without_triggers():
        sql("update dossiers_dossierreading set at = at - interval '9 days'")
    printed, _failed = verify()
    assert "has rows and no root" in printed


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda text: "", "the file of roots is not there or empty"),
        (lambda text: text.replace("events=13", "events=12"), "line 1 of the file of roots"),
        (lambda text: "nonsense\n" + text, "line 1 of the file of roots is not the line of a day"),
        (lambda text: text * 2, "line 2 of the file of roots tells"),
        (lambda text: text.splitlines()[0].rpartition(" ")[0], "is in the database and not"),
    ],
)
def test_a_changed_file_is_found(closed: Dossier, edit: Any, told: str) -> None:
    path = Path(django_settings.ROOTS_FILE)
    path.write_text(edit(path.read_text()))
    printed, failed = verify()
    assert failed
    assert told in printed


# Rows that hang on events


def test_changed_dates_papers_and_messages_answer_for_their_events(province: Province) -> None:
    with_history(province)
    assert verify()[1] == ""
    other = received(province)
    for statement, told in (
        ("delete from dossiers_duedatechange", "event 6 moved the date and no row says from which"),
        (
            "update dossiers_duedatechange set due_before = due_before - interval '1 day'",
            "event 6 moved the date and no row says from which",
        ),
        (
            "update dossiers_duedatechange set due_after = due_after + interval '1 day'",
            "is not the date its event left",
        ),
        (
            "update dossiers_paperslip set due_at = due_at + interval '1 day'",
            "prints another date than its event left",
        ),
        (
            f"update dossiers_paperslip set dossier_id = {other.pk}",
            "is of an event that is gone or another dossier's",
        ),
        (
            "update dossiers_paperslip set event_id = 0",
            "is of an event that is gone or another dossier's",
        ),
        ("update dossiers_outboxmessage set event_id = 0 where event_id ="
         " (select max(event_id) from dossiers_outboxmessage)", "its event is gone"),
    ):  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("savepoint untouched")
        with superuser_without_triggers():
            assert sql(statement)
        printed, failed = verify()
        assert failed, statement
        assert told in printed, statement
        sql("rollback to savepoint untouched")


# Readings


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("set officer_id = (select max(id) from agencies_officer)", "does not match its digest"),
        ("set at = at - interval '1 minute'", "does not match its digest"),
        ("set way = 'paper'", "does not match its digest"),
        ("set digest = null", "carries no digest"),
    ],
)
def test_a_changed_reading_is_named(closed: Dossier, change: str, told: str) -> None:
    reading = DossierReading.objects.order_by("-pk").first()
    assert reading is not None
    with superuser_without_triggers():
        sql(f"update dossiers_dossierreading {change} where id = %s", [reading.pk])
    printed, _failed = verify()
    assert f"dossier #{closed.pk}: reading {reading.pk} {told}" in printed


def test_a_removed_reading_is_named(closed: Dossier) -> None:
    reading = DossierReading.objects.order_by("pk").first()
    assert reading is not None
    with superuser_without_triggers():
        sql("delete from dossiers_dossierreading where id = %s", [reading.pk])
    printed, _failed = verify()
    assert f"{closed.code}: reading {reading.pk} was there when" in printed
    assert "had 2 readings when it was closed, has 1" in printed


def test_readings_of_the_version_before_are_no_finding_and_yet_in_the_root(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    dossier = received(province)
    old = DossierReading.objects.create(dossier=dossier, officer=province.head)
    note_reading(dossier, by=province.head)
    days_later(monkeypatch)
    close_days(patience=30)
    assert verify()[1] == ""
    with superuser_without_triggers():
        sql("update dossiers_dossierreading set officer_id = %s where id = %s",
            [province.clerk.pk, old.pk])  # fmt: skip
    assert f"{dossier.code}: reading {old.pk} was another when" in verify()[0]


# The command


def test_an_untouched_province_is_told_with_counts(province: Province) -> None:
    note_reading(in_progress(province), by=province.head)
    received(province)
    printed, failed = verify()
    assert failed == ""
    assert printed.startswith("Nothing was changed: 2 dossiers, 6 events, 1 readings in ")
    assert HistoryCheck.objects.get().event_count == 6


def test_each_dossier_at_fault_is_on_its_lines_whatever_the_batch(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "BATCH", 2)
    dossiers = [in_progress(province) for _ in range(5)]
    with superuser_without_triggers():
        for touched in (dossiers[1], dossiers[4]):
            sql(f"update {EVENTS} set reason = 'x' where dossier_id = %s and seq = 3", [touched.pk])
        sql(f"delete from {EVENTS} where dossier_id = %s", [dossiers[2].pk])
    printed, _failed = verify()
    codes = {line.split(": ")[0] for line in printed.splitlines() if line.startswith("H01.")}
    assert codes == {str(dossiers[n].code) for n in (1, 2, 4)}
    untouched = [argument for n in (0, 3) for argument in ("--dossier", str(dossiers[n].code))]
    assert verify(*untouched)[1] == ""
    assert verify("--agency", province.department.code)[1]
    assert verify("--agency", province.elsewhere.code)[1] == ""
    tomorrow = (dt.datetime.now(dt.UTC) + dt.timedelta(days=2)).date()
    assert verify("--since", tomorrow.isoformat())[1] == ""
    assert "H01-1" in verify("--dossier", "H01-1")[1]
    assert "H99" in verify("--agency", "H99")[1]


def test_so_many_findings_that_the_key_must_be_another_end_the_run(
    province: Province, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(verifying, "BATCH", 2)
    monkeypatch.setattr(verifying, "MOST_FINDINGS", 3)
    for _n in range(5):
        note_reading(received(province), by=province.head)
    settings.CHAIN_KEY = b"o" * 32
    printed, failed = verify()
    assert "in 2 dossiers, 4 events" in failed
    assert "the verification found so much that it stopped after dossier #" in printed
    assert printed.count(": reading ") == 3


def test_an_act_done_while_we_look_is_no_finding(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    dossier = received(province)
    read = verifying._events_of
    acts = iter([lambda: processing.transfer(dossier, by=province.receptionist)])

    def between(dossiers: list[int]) -> list[Any]:
        for act in acts:
            act()
        return read(dossiers)

    monkeypatch.setattr(verifying, "_events_of", between)
    assert verify()[1] == ""
    assert dossier.events.count() == 3


@pytest.mark.django_db(transaction=True)
def test_more_processes_find_the_same() -> None:
    from tests.province import make_province

    province = make_province()
    dossiers = [received(province) for _ in range(6)]
    assert "6 dossiers, 12 events" in verify("--processes", "2")[0]
    with superuser_without_triggers():
        sql(f"update {EVENTS} set reason = 'x' where dossier_id = %s", [dossiers[3].pk])
    printed, failed = verify("--processes", "2")
    assert failed.startswith("2 findings in 6 dossiers, 12 events")
    assert f"{dossiers[3].code}: event 1 does not match its digest" in printed
