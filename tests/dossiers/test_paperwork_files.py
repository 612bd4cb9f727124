"""Numbers without gaps, one file with one digest, and a queue that may be away."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pgtrigger
import pytest
from django.db import connection, transaction
from kombu.exceptions import OperationalError

from dossiers import paper_issue, tasks
from dossiers.models import DossierEvent, PaperNumber, PaperSlip
from dossiers.paper_numbers import next_number
from dossiers.paperwork import render
from dossiers.workflow import Act, PaperKind
from tests.dossiers import papers
from tests.factories import AgencyFactory, local

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agencies.models import Agency


# Numbers


@pytest.mark.django_db
def test_numbers_run_by_agency_year_and_kind() -> None:
    here, there = AgencyFactory.create(), AgencyFactory.create()
    receipt, refusal = PaperKind.RECEIPT, PaperKind.REFUSAL
    assert [next_number(here, 2026, receipt) for _ in range(3)] == [1, 2, 3]
    assert next_number(here, 2026, refusal) == 1
    assert next_number(here, 2027, receipt) == 1
    assert next_number(there, 2026, receipt) == 1


@pytest.mark.django_db
def test_a_number_costs_one_query(django_assert_num_queries: Any) -> None:
    agency = AgencyFactory.create()
    for _ in range(2):
        with django_assert_num_queries(1):
            next_number(agency, 2026, PaperKind.RECEIPT)


@pytest.mark.django_db
def test_issuing_costs_two_queries(django_assert_num_queries: Any) -> None:
    made = papers.dossier()
    by = papers.receptionist(made.receiving_agency)
    happened = papers.event(made, Act.RECEIVE, by=by)
    with django_assert_num_queries(2):
        paper_issue.issue(
            PaperKind.RECEIPT,
            dossier=made,
            event=happened,
            agency=made.receiving_agency,
            officer=by,
            at=local("2026-11-20 08:42"),
        )


@pytest.mark.django_db
def test_a_failed_act_gives_its_number_back() -> None:
    agency = AgencyFactory.create()
    assert next_number(agency, 2026, PaperKind.RECEIPT) == 1
    with transaction.atomic():
        assert next_number(agency, 2026, PaperKind.RECEIPT) == 2
        transaction.set_rollback(True)
    assert next_number(agency, 2026, PaperKind.RECEIPT) == 2


@pytest.fixture
def real_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Let a test commit; it removes its own rows, since no table of events may be truncated."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def committed_agency(real_database: None) -> Iterator[Agency]:
    agency = AgencyFactory.create()
    yield agency
    PaperNumber.objects.filter(agency=agency).delete()
    agency.codes.all().delete()
    agency.delete()


def test_a_number_is_not_given_outside_a_transaction(committed_agency: Agency) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        next_number(committed_agency, 2026, PaperKind.RECEIPT)


def test_eight_counters_at_once_leave_neither_gap_nor_double(committed_agency: Agency) -> None:
    """Every third act fails after taking its number, as acts do."""
    wanted, kept = 24, []

    def act(place: int) -> None:
        try:
            with transaction.atomic():
                number = next_number(committed_agency, 2026, PaperKind.RECEIPT)
                if place % 3 == 2:
                    raise ZeroDivisionError
                kept.append(number)
        except ZeroDivisionError:
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as counters:
        list(counters.map(act, range(wanted)))
    assert sorted(kept) == list(range(1, wanted * 2 // 3 + 1))


# Files


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.django_db
def test_a_paper_is_rendered_after_its_act_commits(
    settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        slip = papers.slip()
    slip.refresh_from_db()
    assert slip.rendered_at
    content = (Path(settings.MEDIA_ROOT) / slip.file).read_bytes()
    assert hashlib.sha256(content).hexdigest() == slip.file_digest
    assert content.startswith(b"%PDF")


@pytest.mark.django_db
def test_nothing_is_asked_of_the_queue_before_the_act_commits(
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks() as waiting:
        slip = papers.slip()
    assert len(waiting) == 1
    slip.refresh_from_db()
    assert not slip.rendered_at


@pytest.mark.django_db
def test_a_second_task_changes_nothing(settings: Any) -> None:
    slip = papers.slip()
    tasks.render_paper(slip.pk)
    first = PaperSlip.objects.values().get(pk=slip.pk)
    [path] = files_below(settings.MEDIA_ROOT)
    written = path.stat().st_mtime_ns
    tasks.render_paper(slip.pk)
    assert PaperSlip.objects.values().get(pk=slip.pk) == first
    assert files_below(settings.MEDIA_ROOT) == [path]
    assert path.stat().st_mtime_ns == written


@pytest.mark.django_db
def test_a_task_that_looked_before_the_other_wrote_still_reads_its_file(settings: Any) -> None:
    slip = papers.slip()
    stale = PaperSlip.objects.get(pk=slip.pk)
    first = tasks.ensure_rendered(slip)
    assert tasks.ensure_rendered(stale) == first
    assert len(files_below(settings.MEDIA_ROOT)) == 1


@pytest.mark.django_db
def test_the_name_of_the_file_tells_nothing_about_a_person(settings: Any) -> None:
    slip = papers.slip()
    tasks.render_paper(slip.pk)
    slip.refresh_from_db()
    assert slip.file == f"papers/2026/11/receipt-{slip.pk:07d}.pdf"
    [path] = files_below(settings.MEDIA_ROOT)
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.django_db
def test_a_worker_killed_while_writing_leaves_nothing_that_counts(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slip = papers.slip()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", _power_cut)
        with pytest.raises(KeyboardInterrupt):
            tasks.render_paper(slip.pk)
    assert files_below(settings.MEDIA_ROOT) == []
    slip.refresh_from_db()
    assert (slip.file, slip.file_digest, slip.rendered_at) == ("", "", None)
    # And what a kill -9 leaves is swept away by the next try.
    left = Path(settings.MEDIA_ROOT) / "papers/2026/11" / f".receipt-{slip.pk:07d}.pdf.x8a"
    left.write_bytes(b"%PDF half")
    tasks.render_paper(slip.pk)
    assert [path.name for path in files_below(settings.MEDIA_ROOT)] == [
        f"receipt-{slip.pk:07d}.pdf"
    ]


def _power_cut(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.django_db
def test_a_failure_after_the_file_is_written_is_made_good_by_the_next_try(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slip = papers.slip()
    with monkeypatch.context() as patch:
        patch.setattr(PaperSlip, "save", _power_cut)
        with pytest.raises(KeyboardInterrupt):
            tasks.render_paper(slip.pk)
    tasks.render_paper(slip.pk)
    slip.refresh_from_db()
    [path] = files_below(settings.MEDIA_ROOT)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == slip.file_digest


@pytest.mark.django_db
@pytest.mark.parametrize("damage", ["gone", "altered"])
def test_a_file_that_is_gone_or_altered_is_never_handed_out(settings: Any, damage: str) -> None:
    slip = papers.slip()
    original = tasks.ensure_rendered(slip)
    slip.refresh_from_db()
    path = Path(settings.MEDIA_ROOT) / slip.file
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(original + b"% forged")
    again = tasks.ensure_rendered(slip)
    slip.refresh_from_db()
    # Made anew under the same number: the same words, not the same bytes (it was made later).
    assert papers.text_of(again) == papers.text_of(original)
    assert path.read_bytes() == again
    assert hashlib.sha256(again).hexdigest() == slip.file_digest
    kept = [each for each in files_below(settings.MEDIA_ROOT) if each != path]
    assert len(kept) == (1 if damage == "altered" else 0)


@pytest.fixture
def committed_slip(real_database: None) -> Iterator[PaperSlip]:
    slip = papers.slip()
    yield slip
    _remove(slip)


def _remove(slip: PaperSlip) -> None:
    made = slip.dossier
    agency, procedure = made.receiving_agency, made.procedure
    PaperSlip.objects.filter(dossier=made).delete()
    with pgtrigger.ignore("dossiers.DossierEvent:dossierevent_no_delete"):
        DossierEvent.objects.filter(dossier=made).delete()
    made.documents.all().delete()
    made.fees_due.all().delete()
    made.delete()
    sectors = list(made.version.sectors.all())
    procedure.offering.delete()
    procedure.versions.all().delete()
    procedure.delete()
    for sector in sectors:
        sector.delete()
    PaperNumber.objects.filter(agency=agency).delete()
    for officer in agency.officers.all():
        officer.roles.all().delete()
        officer.delete()
        officer.user.delete()
    agency.desks.all().delete()
    for each in (agency, agency.parent):
        if each:
            each.codes.all().delete()
            each.delete()
    if agency.unit:
        agency.unit.delete()


def test_four_workers_at_once_leave_one_file_with_one_digest(
    committed_slip: PaperSlip, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    renders = []

    def counted(slip: PaperSlip) -> bytes:
        renders.append(threading.get_ident())
        return render(slip)

    monkeypatch.setattr("dossiers.paper_files.render", counted)
    PaperSlip.objects.filter(pk=committed_slip.pk).update(file="", file_digest="", rendered_at=None)
    for path in files_below(settings.MEDIA_ROOT):
        path.unlink()

    def work(_: int) -> bytes:
        try:
            return tasks.ensure_rendered(PaperSlip.objects.get(pk=committed_slip.pk))
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=4) as workers:
        made = set(workers.map(work, range(4)))
    assert len(made) == 1
    assert len(renders) == 1
    assert len(files_below(settings.MEDIA_ROOT)) == 1


# The queue


@pytest.mark.django_db
@pytest.mark.parametrize("failure", [OperationalError("away"), ConnectionRefusedError(), OSError()])
def test_an_act_stands_when_the_broker_is_away(
    failure: Exception,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(tasks.render_paper, "apply_async", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        slip = papers.slip()
    slip.refresh_from_db()
    assert not slip.rendered_at


def test_a_broker_that_really_is_away_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    app = tasks.render_paper.app
    monkeypatch.setitem(app.conf, "task_always_eager", False)
    nobody = app.connection_for_write("redis://127.0.0.1:1/0")
    monkeypatch.setattr(app, "connection_for_write", lambda url=None: nobody)
    monkeypatch.setattr(app.amqp, "_producer_pool", None)  # made anew from the connection above
    assert tasks.knock(1) is False
    # An officer must not wait for retries.
    assert app.conf.broker_transport_options["max_retries"] == 0


@pytest.mark.django_db
def test_the_sweeper_renders_what_no_task_has() -> None:
    first = papers.slip()
    second = papers.slip(
        PaperKind.CONTROL_SLIP, first.dossier, by=first.issued_by, act=Act.TRANSFER
    )
    tasks.render_paper(first.pk)
    assert tasks.sweep_unrendered() == 1
    second.refresh_from_db()
    assert second.rendered_at
    assert tasks.sweep_unrendered() == 0


@pytest.mark.django_db
def test_the_sweeper_stops_while_the_broker_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    papers.slip()
    monkeypatch.setattr(tasks, "knock", lambda _: False)
    assert tasks.sweep_unrendered() == 0


@pytest.mark.django_db
def test_the_download_renders_at_once_when_no_task_has() -> None:
    slip = papers.slip()
    assert tasks.ensure_rendered(slip).startswith(b"%PDF")


def test_papers_are_rendered_on_a_queue_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(tasks.render_paper, "apply_async", lambda _, **how: asked.append(how))
    assert tasks.knock(1)
    assert tasks.render_paper.name == "dossiers.tasks.render_paper"
    assert asked == [{"queue": "pdf", "retry": False}]
