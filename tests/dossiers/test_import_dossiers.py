"""Old dossiers come in as they are, are refused by line, and count in reports by `at`."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from agencies.calendars import calendar_of
from dossiers import clockwork, importing
from dossiers.chain import chain_faults
from dossiers.importing import REQUIRED, import_dossiers
from dossiers.models import DayNumber, Dossier, DossierEvent, OutboxMessage
from tests.dossiers.conftest import OfficerClient

if TYPE_CHECKING:
    from pathlib import Path

    from tests.province import Province


def row(province: Province, **changes: str) -> dict[str, str]:
    return {
        "code": "H01.01.01-230607-0001",
        "procedure": province.procedure.code,
        "agency": "H01.07",
        "channel": "in_person",
        "owner_name": "Lê Văn Đông",
        "owner_id": "089187004215",
        "phone": "0900123456",
        "submitted_at": "2023-06-07T08:00:00+07:00",
        "received_at": "2023-06-07T08:10:00+07:00",
        "due_at": "2023-06-14T17:00:00+07:00",
        "settled_at": "2023-06-13T10:00:00+07:00",
        "returned_at": "2023-06-14T09:00:00+07:00",
        "national_status": "10",
        **changes,
    }


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    names = list(dict.fromkeys([*REQUIRED, *(name for r in rows for name in r)]))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, names, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def refused(path: Path) -> list[dict[str, str]]:
    with path.with_name(f"{path.name}.refused.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_finished_dossier_comes_in_with_its_history(province: Province, tmp_path: Path) -> None:
    outcome = import_dossiers(write(tmp_path / "old.csv", [row(province)]))
    assert (outcome.read, outcome.loaded, outcome.refused, outcome.warned) == (1, 1, 0, 0)
    dossier = Dossier.objects.get(code="H01.01.01-230607-0001")
    assert dossier.receiving_agency == province.centre
    assert dossier.competent_agency == province.department
    assert dossier.owner_phone == "0900123456"
    assert (dossier.state, dossier.entry, dossier.sector_id is not None) == (
        "returned",
        "imported",
        True,
    )
    assert [e.act for e in dossier.events.all()] == [
        "register",
        "receive",
        "publish",
        "return_result",
    ]
    assert chain_faults(dossier) == []
    assert OutboxMessage.objects.count() == 4
    dossier.code = "H01.01.01-230607-0002"
    assert chain_faults(dossier) == ["the dossier says code otherwise than its events"]


def test_an_imported_dossier_is_found_by_its_owners_words(
    province: Province, tmp_path: Path
) -> None:
    import_dossiers(write(tmp_path / "old.csv", [row(province)]))
    assert Dossier.objects.filter(owner_search="dong").count() == 1


def test_what_means_something_to_copy_comes_in_as_it_stands(
    province: Province, tmp_path: Path
) -> None:
    name, code = r"\N Lê\tVăn \. \\ Đông", r"CŨ\x41\1"
    path = write(tmp_path / "old.csv", [row(province, owner_name=name, code=code)])
    assert import_dossiers(path).loaded == 1
    dossier = Dossier.objects.get()
    assert (dossier.owner_name, dossier.code) == (name, code)
    assert chain_faults(dossier) == []
    assert import_dossiers(path).present == 1


def test_a_second_run_loads_only_what_is_missing(province: Province, tmp_path: Path) -> None:
    path = write(tmp_path / "old.csv", [row(province)])
    import_dossiers(path)
    again = import_dossiers(
        write(path, [row(province), row(province, code="H01.01.01-230607-0002")])
    )
    assert (again.loaded, again.present) == (1, 1)
    assert Dossier.objects.count() == 2


def test_imported_codes_move_the_days_counter_on(province: Province, tmp_path: Path) -> None:
    import_dossiers(write(tmp_path / "old.csv", [row(province, code="H01.01.01-230607-0041")]))
    assert DayNumber.objects.get(agency=province.centre, on="2023-06-07").last == 41


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"code": ""}, "code"),
        ({"procedure": "9.999999"}, "procedure"),
        ({"agency": "H99"}, "agency"),
        ({"channel": "fax"}, "channel"),
        ({"owner_name": ""}, "owner_name"),
        ({"owner_name": "A" * 201}, "owner_name"),
        ({"received_at": "2023-06-07T08:10:00"}, "received_at"),
        ({"received_at": "hôm qua"}, "received_at"),
        ({"received_at": "9999-12-31T23:59:59-12:00"}, "received_at"),
        ({"received_at": ""}, "received_at"),
        ({"settled_at": "2023-06-06T10:00:00+07:00"}, "settled_at"),
        ({"returned_at": "2999-01-01T00:00:00+07:00"}, "returned_at"),
        ({"national_status": "11"}, "national_status"),
        ({"national_status": "4"}, "settled_at"),
        ({"state": "flying"}, "state"),
        ({"state": "in_progress"}, "state"),
        ({"holder": "H99"}, "holder"),
        ({"case": "1.000001.99"}, "case"),
        ({"supplement_requests": "hai"}, "supplement_requests"),
    ],
)
def test_a_wrong_row_is_refused_with_its_line_and_column(
    province: Province, tmp_path: Path, changes: dict[str, str], column: str
) -> None:
    good = row(province, code="H01.01.01-230607-0002")
    path = write(tmp_path / "old.csv", [good, row(province, **changes)])
    outcome = import_dossiers(path)
    assert (outcome.loaded, outcome.refused) == (1, 1)
    told = refused(path)[0]
    assert (told["line"], told["column"]) == ("3", column)
    assert told["reason"]
    assert told["agency"] == changes.get("agency", "H01.07")


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"due_at": "2023-06-20T17:00:00+07:00"}, "due_at"),
        ({"due_at": "2023-06-11T17:00:00+07:00"}, "due_at"),
        ({"received_at": "2023-06-04T08:00:00+07:00", "submitted_at": ""}, "received_at"),
        ({"due_at": ""}, "due_at"),
        ({"settled_at": ""}, "settled_at"),
    ],
)
def test_a_doubtful_date_is_a_warning(
    province: Province, tmp_path: Path, changes: dict[str, str], column: str
) -> None:
    outcome = import_dossiers(write(tmp_path / "old.csv", [row(province, **changes)]))
    assert (outcome.loaded, outcome.refused) == (1, 0)
    assert outcome.warnings[column] >= 1


@pytest.mark.parametrize("number", range(1, 11))
def test_every_national_status_has_a_state(province: Province, tmp_path: Path, number: int) -> None:
    ended = number in {7, 8, 9, 10}
    changes = {
        "national_status": str(number),
        "settled_at": "2023-06-13T10:00:00+07:00" if ended else "",
        "returned_at": "2023-06-14T09:00:00+07:00" if number == 10 else "",
    }
    outcome = import_dossiers(write(tmp_path / "old.csv", [row(province, **changes)]))
    assert outcome.loaded == 1, refused(tmp_path / "old.csv")
    dossier = Dossier.objects.get()
    assert dossier.national_status == number
    assert chain_faults(dossier) == []
    assert dossier.events.order_by("-seq")[0].to_state == dossier.state


def test_an_open_dossier_goes_on_with_its_acts(province: Province, tmp_path: Path) -> None:
    changes = {
        "national_status": "4",
        "state": "in_progress",
        "settled_at": "",
        "returned_at": "",
    }
    import_dossiers(write(tmp_path / "old.csv", [row(province, **changes)]))
    done = OfficerClient(province.specialist).act("H01.01.01-230607-0001", "propose", 3)
    assert done.status_code == 200, done.json()
    assert chain_faults(Dossier.objects.get()) == []


def test_nothing_is_half_loaded_when_a_batch_fails(
    province: Province, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)
    rows = [row(province, code=f"H01.01.01-230607-{n:04d}") for n in range(1, 6)]
    path = write(tmp_path / "old.csv", rows)
    real, calls = importing._copy_in, []

    def failing(model: type[Any], *given: Any) -> None:
        calls.append(model)
        if calls.count(OutboxMessage) == 2:
            raise RuntimeError("the power went")
        real(model, *given)

    monkeypatch.setattr(importing, "_copy_in", failing)
    with pytest.raises(RuntimeError):
        import_dossiers(path)
    assert Dossier.objects.count() == 2
    assert DossierEvent.objects.count() == 8
    monkeypatch.setattr(importing, "_copy_in", real)
    outcome = import_dossiers(path)
    assert (outcome.present, outcome.loaded) == (2, 3)


def test_a_file_that_cannot_be_read_is_said(province: Province, tmp_path: Path) -> None:
    for content in (b"", b"ma;ten\n", b"\xff\xfe\x00", b"code,procedure\n"):
        path = tmp_path / "bad.csv"
        path.write_bytes(content)
        with pytest.raises(CommandError):
            call_command("import_dossiers", path)
    with pytest.raises(CommandError):
        call_command("import_dossiers", tmp_path / "nowhere.csv")


def test_the_summary_is_json_alone(
    province: Province, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("import_dossiers", write(tmp_path / "old.csv", [row(province)]), "--json")
    assert json.loads(capsys.readouterr().out)["loaded"] == 1


def test_a_dry_run_writes_nothing(province: Province, tmp_path: Path) -> None:
    outcome = import_dossiers(write(tmp_path / "old.csv", [row(province)]), dry_run=True)
    assert outcome.loaded == 1
    assert Dossier.objects.count() == 0


def test_the_moment_of_a_refusal_is_kept_and_is_no_end_of_processing(
    province: Province, tmp_path: Path
) -> None:
    changes = {"national_status": "3", "received_at": "", "due_at": "", "returned_at": ""}
    outcome = import_dossiers(write(tmp_path / "old.csv", [row(province, **changes)]))
    assert (outcome.loaded, outcome.warnings["settled_at"]) == (1, 1)
    dossier = Dossier.objects.get()
    assert (dossier.state, dossier.settled_at) == ("refused", None)
    last = dossier.events.order_by("-seq")[0]
    assert last.at.isoformat() == "2023-06-13T03:00:00+00:00"


def test_a_row_with_too_many_cells_is_kept_whole_in_its_refusal(
    province: Province, tmp_path: Path
) -> None:
    path = write(tmp_path / "old.csv", [row(province)])
    path.write_text(path.read_text(encoding="utf-8").rstrip() + ",thừa\n", encoding="utf-8")
    assert import_dossiers(path).refused == 1
    kept = path.with_name(f"{path.name}.refused.csv").read_text(encoding="utf-8")
    assert "H01.01.01-230607-0001" in kept
    assert "thừa" in kept


def test_the_laws_date_and_the_intake_timer_come_in_where_the_file_tells_them(
    province: Province, tmp_path: Path
) -> None:
    """An appointment that the limit gives is the law's; of any other nobody knows what the law said."""
    rows = [
        row(province, code="H01.01.01-230607-0001"),
        row(province, code="H01.01.01-230607-0002", due_at="2023-06-16T17:00:00+07:00"),
        row(
            province,
            code="H01.01.01-230607-0003",
            received_at="",
            due_at="",
            settled_at="",
            returned_at="",
            national_status="1",
        ),
    ]
    import_dossiers(write(tmp_path / "old.csv", rows))
    by_law, other, waiting = Dossier.objects.order_by("pk")
    assert by_law.due_statutory_at == by_law.due_at
    assert (other.due_statutory_at, other.due_at is None) == (None, False)
    assert waiting.state == "submitted"
    assert waiting.answer_by_at is not None
    assert waiting.answer_by_at.isoformat() == "2023-06-08T01:00:00+00:00"


def test_a_date_the_old_system_had_moved_says_so_and_is_moved_on_from_there(
    province: Province, tmp_path: Path
) -> None:
    moved = row(
        province,
        due_original="2023-06-14T17:00:00+07:00",
        due_at="2023-06-21T17:00:00+07:00",
        settled_at="",
        returned_at="",
        national_status="5",
    )
    import_dossiers(write(tmp_path / "old.csv", [moved]))
    dossier = Dossier.objects.get()
    assert dossier.due_date_changes.get().origin == "external"
    pause = dossier.pauses.get()
    assert pause.counted_from is not None
    # Paused from the import to eight working hours later.
    calendar = calendar_of()
    opening = calendar.normalise(pause.counted_from)
    pause.counted_from, pause.ended_at = opening, calendar.add_working_minutes(opening, 480)
    clockwork.move_dates(dossier, [pause], clockwork.changes_of(dossier))
    assert dossier.due_at is not None
    assert dossier.due_at.isoformat() == "2023-06-22T17:00:00+07:00"
