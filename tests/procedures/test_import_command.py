"""`manage.py import_procedures`: what goes where, and with which exit status."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from procedures.models import Procedure, ProcedureCase, ProcedureVersion
from tests.procedures.rows import catalogue, detail, write


def call(*args: object, **options: Any) -> tuple[dict[str, Any], str]:
    """Return (summary, standard error)."""
    out, err = io.StringIO(), io.StringIO()
    call_command("import_procedures", *map(str, args), json=True, stdout=out, stderr=err, **options)
    return json.loads(out.getvalue()), err.getvalue()


@pytest.mark.django_db
def test_the_summary_is_all_there_is_on_standard_output(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", catalogue(" 1.000001"), "hỏng", detail())
    summary, err = call(path)
    assert {name: summary[name] for name in summary if isinstance(summary[name], int)} == {
        "read": 3,
        "created": 1,
        "changed": 1,  # the mended code waits until the clean rows are in
        "unchanged": 0,
        "warned": 1,
        "refused": 1,
        "dry_run": False,
    }
    assert summary["files"]["rows.jsonl"]["read"] == 3
    assert "rows.jsonl:2" in err
    assert "JSON" in err


@pytest.mark.django_db
def test_without_json_standard_output_stays_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("import_procedures", str(write(tmp_path / "a.jsonl", catalogue())))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "tạo 1" in captured.err


@pytest.mark.django_db
@pytest.mark.parametrize("content", [None, b"", b"\n\n", b"x\ny\n"])
def test_it_fails_when_nothing_could_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "thieu.jsonl"
    if content is not None:
        path.write_bytes(content)
    err = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("import_procedures", str(path), stderr=err)
    assert caught.value.returncode == 1
    if content is None:
        assert "thieu.jsonl" in err.getvalue()


@pytest.mark.django_db
def test_a_missing_file_beside_a_good_one_is_told_and_no_failure(tmp_path: Path) -> None:
    good = write(tmp_path / "a.jsonl", catalogue())
    summary, err = call(tmp_path / "khong-co.jsonl", good)
    assert summary["created"] == 1
    assert any("khong-co" in name for name in summary["unreadable"])
    assert "khong-co" in err


@pytest.mark.django_db
def test_rows_that_were_read_and_all_refused_are_no_failure(tmp_path: Path) -> None:
    summary, _err = call(write(tmp_path / "a.jsonl", catalogue("9.1")))
    assert summary["refused"] == 1


@pytest.mark.django_db
def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(CommandError):
        call(tmp_path)


@pytest.mark.data
@pytest.mark.django_db
def test_the_national_files_come_in_and_a_second_run_changes_nothing(shared_data: Path) -> None:
    files = [shared_data / "procedures-catalog.jsonl", shared_data / "procedures-detail.jsonl"]
    first, _err = call(*files)
    listing = first["files"]["procedures-catalog.jsonl"]
    assert (listing["read"], listing["created"], listing["refused"]) == (5670, 5669, 1)
    assert first["files"]["procedures-detail.jsonl"]["changed"] == 400
    assert Procedure.objects.count() == ProcedureVersion.objects.count() == 5669
    assert ProcedureVersion.objects.exclude(detail_digest="").count() == 400
    assert ProcedureCase.objects.count() == 374
    refused = [remark for remark in first["remarks"] if remark["outcome"] == "refused"]
    assert [(r["line"], r["key"]) for r in refused] == [(973, "1.014325")]
    assert "“ 1.014325”" in " ".join(refused[0]["reasons"])
    assert all(remark["reasons"] for remark in first["remarks"])
    assert sum(r["outcome"] == "warned" for r in first["remarks"]) == first["warned"]
    assert Procedure.objects.get(code="1.014325").name.startswith("Xây dựng chương trình công tác")
    assert Procedure.objects.filter(is_internal=True).count() == 188
    second, _err = call(*files)
    assert (second["unchanged"], second["created"], second["changed"]) == (6069, 0, 0)
