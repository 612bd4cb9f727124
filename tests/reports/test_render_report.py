from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.management import CommandError, call_command

from tests.reports import made

pytestmark = pytest.mark.django_db


def render(out: Path, **changed: Any) -> None:
    asked = {"--from": "2026-06-01", "--to": "2026-06-30", "--agency": "H01", "--format": "xlsx"}
    asked |= {f"--{name}": value for name, value in changed.items()}
    arguments = [part for pair in asked.items() for part in pair]
    call_command("render_report", "settlement", *arguments, "--out", str(out), stderr=io.StringIO())


def test_the_file_holds_the_report(tmp_path: Path) -> None:
    here = made.province()
    made.dossier(here.commune, here.birth, received="2026-06-10 09:00", due=None)
    render(tmp_path / "r.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "r.xlsx")["II.06a"]
    assert [sheet["B10"].value, sheet["C10"].value] == ["Hộ tịch", 1]
    render(tmp_path / "r.xlsx", by="agency", agency="h01.51")
    sheet = openpyxl.load_workbook(tmp_path / "r.xlsx")["II.06a"]
    assert [sheet["B9"].value, sheet["C9"].value] == ["UBND xã Ỷ La", 1]
    render(tmp_path / "r.pdf", format="pdf")
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF-")
    assert {path.name for path in tmp_path.iterdir()} == {"r.xlsx", "r.pdf"}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"from": "31/05/2026"}, "--from"),
        ({"from": "2026-02-29"}, "--from"),
        ({"to": "9999-12-31"}, "--to"),
        ({"to": "2026-05-31"}, "--to"),
        ({"agency": "H99"}, "--agency"),
        ({"agency": "x" * 200}, "--agency"),
        ({"format": "docx"}, "--format"),
        ({"by": "procedure"}, "--by"),
    ],
)
def test_bad_input_names_the_option_and_writes_nothing(
    tmp_path: Path, changed: dict[str, str], named: str
) -> None:
    made.province()
    with pytest.raises(CommandError, match=named) as error:
        render(tmp_path / "r.xlsx", **changed)
    assert error.value.returncode in {1, 2}  # argparse itself exits with 2 on a command line
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    made.province()
    with pytest.raises(CommandError, match="--out") as error:
        render(tmp_path / "nowhere" / "r.xlsx")
    assert error.value.returncode == 2
    with pytest.raises(CommandError, match="--out"):
        render(tmp_path)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: Any) -> None:
    made.province()
    out = tmp_path / "r.xlsx"
    out.write_bytes(b"old")

    def no_room(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_room)
    with pytest.raises(CommandError, match="No space left"):
        render(out)
    assert out.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [out]
