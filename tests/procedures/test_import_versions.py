"""Who owns what, when a version is new, whose the code is, and what a broken run leaves."""

from __future__ import annotations

import datetime as dt
import itertools
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from django.db import DataError, connection

from agencies.import_report import Report
from procedures import importing
from procedures.importing import import_procedures
from procedures.models import (
    Fee,
    LegalBasis,
    Procedure,
    ProcedureCase,
    ProcedureVersion,
    RequiredDocument,
    Sector,
)
from tests.procedures.rows import TODAY, catalogue, detail, reasons, run, write

pytestmark = pytest.mark.django_db
TOMORROW = TODAY + dt.timedelta(days=1)


def snapshot() -> list[Any]:
    """Everything the import writes, keys apart."""
    return [
        list(
            Procedure.objects.order_by("code").values("code", "name", "source_id", "source_state")
        ),
        [
            {
                name: value
                for name, value in row.items()
                if name not in {"id", "procedure_id", "version_id"}
            }
            for model in (ProcedureVersion, ProcedureCase, RequiredDocument, LegalBasis)
            for row in model._default_manager.order_by("pk").values()
        ],
    ]


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    rows = [catalogue(), detail(), catalogue(" 1.000002", name="Khác"), catalogue("5.000001")]
    run(tmp_path, *rows)
    before = snapshot()
    report = run(tmp_path, *rows, today=TOMORROW)
    assert report.counts.unchanged == 4
    assert snapshot() == before


def test_blanks_and_normal_forms_make_no_new_version(tmp_path: Path) -> None:
    run(tmp_path, catalogue(), detail(steps_raw=[{"name": "", "text": "Nộp hồ sơ\nNhận phiếu"}]))
    report = run(
        tmp_path,
        catalogue(name=unicodedata.normalize("NFD", " Thủ tục  đăng ký\nkhai sinh")),
        detail(steps_raw=[{"name": " ", "text": "  Nộp hồ sơ  Nhận phiếu \n"}]),
    )
    assert report.counts.unchanged == 2
    assert ProcedureVersion.objects.count() == 1


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_order_of_the_two_files_does_not_matter(tmp_path: Path, order: tuple[int, int]) -> None:
    rows = [catalogue(name="Tên trong danh mục"), detail(name="Tên trong chi tiết")]
    run(tmp_path, *(rows[i] for i in order))
    version = ProcedureVersion.objects.get()
    assert version.name == version.procedure.name == "Tên trong danh mục"
    assert version.targets == ["Công dân Việt Nam"]
    assert version.cases.count() == 1


def test_a_detail_creates_a_procedure_with_its_name_and_sector_until_the_catalogue_has_it(
    tmp_path: Path,
) -> None:
    run(tmp_path, detail(name="Tên tạm", category={"code": "G01", "name": "Tạm"}))
    version = ProcedureVersion.objects.get()
    assert (version.name, version.promulgating_agency, version.targets) == ("Tên tạm", "", [])
    report = run(tmp_path, detail(name="Tên tạm hai"))
    assert report.counts.changed == 1
    report = run(tmp_path, catalogue())
    assert report.counts.changed == 1
    version = ProcedureVersion.objects.get()
    assert version.name == "Thủ tục đăng ký khai sinh"
    assert [sector.name for sector in version.sectors.all()] == ["Hộ tịch"]
    report = run(tmp_path, detail(name="Tên tạm ba"))
    assert report.counts.unchanged == 1
    assert Procedure.objects.get().name == "Thủ tục đăng ký khai sinh"


def test_a_detail_without_a_name_needs_a_known_procedure(tmp_path: Path) -> None:
    assert run(tmp_path, detail(name="")).counts.refused == 1
    run(tmp_path, catalogue())
    assert run(tmp_path, detail(name="")).counts.changed == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Tên mới"},
        {"categories": ["Thuế"]},
        {"departments": ["Sở Tư pháp"]},
        {"departmentPromulgate": "Bộ Tài chính"},
        {"formalityTargetType": ["Doanh nghiệp"]},
        {"state": "UPDATED"},
        {"type": "SPECIFIC"},
    ],
)
def test_a_changed_value_of_the_catalogue_makes_a_version_that_keeps_the_details(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    run(tmp_path, catalogue(), detail())
    report = run(tmp_path, catalogue(**changes), today=TOMORROW)
    assert report.counts.changed == 1
    old, new = ProcedureVersion.objects.order_by("number")
    assert (old.valid_to, new.number, new.valid_from, new.valid_to) == (TODAY, 2, TOMORROW, None)
    assert old.name == "Thủ tục đăng ký khai sinh"
    for name in ("cases", "channel_limits", "required_documents", "legal_bases"):
        assert getattr(new, name).count() == getattr(old, name).count() == 1
    assert Fee.objects.count() == 2
    assert new.detail_digest == old.detail_digest
    assert run(tmp_path, detail(), catalogue(**changes)).counts.unchanged == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"processing_cases": []},
        {"channels": []},
        {"checklist_raw": []},
        {"results": []},
        {"legal_basis": []},
        {"requirements": "Đủ 18 tuổi"},
    ],
)
def test_a_changed_detail_makes_a_version_that_keeps_the_catalogue_half(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    run(tmp_path, catalogue(), detail())
    run(tmp_path, detail(name="Chi tiết gọi khác", **changes), today=TOMORROW)
    old, new = ProcedureVersion.objects.order_by("number")
    assert old.cases.count() == old.channel_limits.count() == 1
    assert new.name == old.name == Procedure.objects.get().name
    assert [s.name for s in new.sectors.all()] == [s.name for s in old.sectors.all()] == ["Hộ tịch"]
    assert new.catalogue_digest == old.catalogue_digest


def test_when_it_was_crawled_and_the_portals_own_ids_make_no_version(tmp_path: Path) -> None:
    run(tmp_path, catalogue(), detail())
    run(
        tmp_path, detail(source={"crawled_at": "2026-09-01"}), catalogue(departmentPromulgateId="x")
    )
    assert ProcedureVersion.objects.count() == 1


def test_two_versions_of_one_day_are_both_kept_and_the_later_counts(tmp_path: Path) -> None:
    for name in ("Một", "Hai", "Ba"):
        run(tmp_path, catalogue(name=name))
    versions = ProcedureVersion.objects.order_by("number")
    assert [v.name for v in versions] == ["Một", "Hai", "Ba"]
    newest = ProcedureVersion.objects.valid_on(TODAY).first()
    assert newest is not None
    assert newest.name == "Ba"
    assert Procedure.objects.with_version(TODAY).get().version_id_now == newest.pk
    yesterday = ProcedureVersion.objects.valid_on(TODAY - dt.timedelta(days=1)).first()
    assert yesterday is not None
    assert yesterday.name == "Một"


def test_what_was_entered_by_hand_is_not_written_over(tmp_path: Path) -> None:
    procedure = Procedure.objects.create(code="1.000001", name="Nhập tay")
    version = ProcedureVersion.objects.create(procedure=procedure, number=1, name="Nhập tay")
    ProcedureCase.objects.create(version=version, position=0, code="01", limit_unit="none")
    run(tmp_path, detail())
    assert version.cases.get().limit_unit == "none"
    assert procedure.versions.count() == 2


CLEAN = catalogue("1.014325", name="Xây dựng chương trình công tác", id="lao-cai")
MENDED = catalogue(" 1.014325", name="Hỗ trợ tư vấn pháp luật", id="tuyen-quang")


@pytest.mark.parametrize("rows", [(CLEAN, MENDED), (MENDED, CLEAN)])
def test_a_mended_code_gives_way_whatever_the_order(
    tmp_path: Path, rows: tuple[dict[str, Any], ...]
) -> None:
    report = run(tmp_path, *rows)
    assert (report.counts.created, report.counts.refused) == (1, 1)
    procedure = Procedure.objects.get()
    assert (procedure.name, procedure.code_is_mended) == (CLEAN["name"], False)
    assert procedure.versions.count() == 1
    assert "một thủ tục khác" in reasons(report)


def test_a_mended_code_gives_way_across_the_files_of_a_run(tmp_path: Path) -> None:
    report = Report()
    paths = [write(tmp_path / "a.jsonl", MENDED), write(tmp_path / "b.jsonl", CLEAN)]
    import_procedures(paths, today=TODAY, report=report)
    assert (report.counts.created, report.counts.refused) == (1, 1)
    assert Procedure.objects.get().name == CLEAN["name"]


def test_a_mended_code_gives_way_to_a_clean_one_of_an_earlier_run(tmp_path: Path) -> None:
    run(tmp_path, CLEAN)
    assert run(tmp_path, MENDED).counts.refused == 1


def test_a_clean_code_takes_over_from_a_mended_one_of_an_earlier_run(tmp_path: Path) -> None:
    other = detail(" 1.014325", name=MENDED["name"], source_id="tuyen-quang")
    run(tmp_path, MENDED, other)
    assert ProcedureVersion.objects.get().cases.count() == 1
    report = run(tmp_path, CLEAN, today=TOMORROW)
    assert report.counts.changed == 1
    old, new = ProcedureVersion.objects.order_by("number")
    assert old.name == MENDED["name"]
    assert (new.name, new.cases.count(), new.detail_digest) == (CLEAN["name"], 0, "")
    assert not Procedure.objects.get().code_is_mended
    assert run(tmp_path, MENDED).counts.refused == 1
    assert run(tmp_path, CLEAN).counts.unchanged == 1


def test_a_mended_detail_of_the_same_procedure_comes_in(tmp_path: Path) -> None:
    run(tmp_path, catalogue())
    assert run(tmp_path, detail(" 1.000001")).counts.changed == 1
    assert run(tmp_path, detail("1.000001 ", source_id="khác")).counts.refused == 1


def test_a_code_written_twice_in_one_file_counts_once(tmp_path: Path) -> None:
    rows = [catalogue(), catalogue(name="Lần hai"), catalogue("1.000001.H01", name="Lần ba")]
    for expected in ("created", "unchanged"):
        report = run(tmp_path, *rows)
        assert (getattr(report.counts, expected), report.counts.refused) == (1, 2)
    assert Procedure.objects.get().name == "Thủ tục đăng ký khai sinh"


def test_sectors_of_one_name_are_one_and_keep_their_first_code(tmp_path: Path) -> None:
    run(
        tmp_path,
        catalogue("1.000001", categoryIds=["x"]),
        catalogue("1.000002", categoryIds=["y"]),
        detail("1.000001"),
        detail("1.000002", category={"code": "G08-NG07", "name": "Hộ tịch"}),
    )
    sector = Sector.objects.get()
    assert (sector.code, sector.source_id) == ("G15-TP07", "x")


def test_a_dry_run_tells_all_and_writes_nothing(tmp_path: Path) -> None:
    run(tmp_path, catalogue("1.000001"))
    before = snapshot()
    rows: list[dict[str, Any] | str] = [
        catalogue("1.000001", name="Khác"),
        catalogue("1.000002"),
        detail("1.000003"),
        "x",
    ]
    dry = run(tmp_path, *rows, dry_run=True)
    assert snapshot() == before
    assert not Sector.objects.exclude(name="Hộ tịch").exists()
    assert run(tmp_path, *rows).counts == dry.counts


def test_a_row_the_database_refuses_is_refused_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry_out = importing._Import.carry_out

    def breaking(self: Any, plan: Any) -> None:
        if any(p.code == "1.000002" for p in plan.procedures):
            raise DataError("value too long")
        carry_out(self, plan)

    monkeypatch.setattr(importing._Import, "carry_out", breaking)
    report = run(tmp_path, *(catalogue(f"1.00000{n}") for n in range(1, 4)))
    assert (report.counts.created, report.counts.refused) == (2, 1)
    assert report.remarks[0].key == "1.000002"


def test_a_killed_run_leaves_whole_batches_and_the_next_one_completes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 3)
    rows: list[dict[str, Any]] = [
        *(catalogue(f"1.00000{n}") for n in range(1, 9)),
        detail("1.000001"),
    ]
    calls = itertools.count()
    write_details = importing._Import.write_details

    def dying(self: Any, plan: Any) -> None:
        write_details(self, plan)
        if next(calls) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(importing._Import, "write_details", dying)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, *rows)
    assert Procedure.objects.count() == 6
    assert ProcedureVersion.objects.exclude(catalogue_digest="").count() == 6
    report = run(tmp_path, *rows)
    assert (report.counts.unchanged, report.counts.created, report.counts.changed) == (6, 2, 1)


def test_every_batch_takes_its_turn_with_other_imports(
    tmp_path: Path, django_assert_num_queries: Any
) -> None:
    seen: list[str] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        run(tmp_path, catalogue())
    statements = [sql for sql in seen if "SAVEPOINT" not in sql]
    assert "pg_advisory_xact_lock" in statements[0]
