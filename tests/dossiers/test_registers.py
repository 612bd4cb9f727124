"""Sổ theo dõi hồ sơ: its rows, its files, who may take them, and what a dead worker leaves."""

from __future__ import annotations

import datetime as dt
import io
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import time_machine
from django.conf import settings as django_settings
from django.utils import timezone

from accounts.personal_data import seal
from accounts.roles import Role
from benchmarks.registers import _entries
from dossiers import day_roots, registers, tasks
from dossiers.clock import sweep
from dossiers.day_roots import DayTally, Root
from dossiers.models import DayRoot, Delivery, Register
from dossiers.paper_numbers import void_next_number
from dossiers.paperwork import layout_for, register
from dossiers.paperwork.layouts import Book
from dossiers.sketches import Sketch
from dossiers.workflow import Act, PaperKind
from tests.budgets import count_queries
from tests.dossiers import papers
from tests.dossiers.pages import browser_of, page
from tests.dossiers.test_papers_read_back import TINOS, embedded
from tests.factories import AgencyFactory, OfficerFactory, local

if TYPE_CHECKING:
    from agencies.models import Agency, Officer
    from dossiers.models import Dossier

START, END = dt.date(2026, 11, 1), dt.date(2026, 11, 30)
NOW = "2026-12-01T09:00+07:00"
MM = 25.4 / 72

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def made(ward: Agency, number: int, *, day: int = 20, **fields: Any) -> Dossier:
    """Make a dossier received in November 2026."""
    return papers.dossier(
        ward,
        code=f"H01.151-2611{day:02d}-{number:04d}",
        tracking_code=f"T{number:08d}",
        received_at=local(f"2026-11-{day:02d} 08:42"),
        **fields,
    )


def asked(ward: Agency, by: Officer, start: dt.date = START, end: dt.date = END) -> Register:
    row = registers.ask(ward, start, end, by=by)
    assert registers.ensure_made(row.pk)
    row.refresh_from_db()
    return row


def lines_of(row: Register) -> list[dict[str, Any]]:
    """Return the rows of the workbook by the names of their columns."""
    content = registers.content_of(row, "xlsx")
    assert content is not None
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    head, *rest = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, head), line, strict=True)) for line in rest]


def entry(number: int, **fields: Any) -> register.Entry:
    at = local("2026-11-20 08:42")
    return register.Entry(
        **{
            "number": f"{number:04d}",
            "code": f"H01.151-261120-{number:04d}",
            "procedure": papers.LAND,
            "sets": "01",
            "owner": "Nguyễn Thị Ánh Tuyết",
            "contact": "Khóm Đông Thạnh, phường Long Xuyên, tỉnh An Giang; 0918 204 452",
            "agency": "Uỷ ban nhân dân phường Long Xuyên",
            "received": at,
            "due": at + dt.timedelta(days=10),
            "returned": None,
            "channel": "Tại quầy",
            "receiver": "",
            "note": "",
            **fields,
        }
    )


ROOT = " ".join(["0123abcd"] * 8)


def cover(count: int, day: dt.date = dt.date(2026, 12, 1)) -> register.Cover:
    return register.Cover(
        layout=layout_for(Book.REGISTER, day),
        superior="UBND TỈNH AN GIANG",
        agency="UBND PHƯỜNG LONG XUYÊN",
        desk="Trung tâm Phục vụ hành chính công phường Long Xuyên",
        volume="2026",
        start=START,
        end=END,
        made_at=local("2026-12-01 09:00"),
        place_and_date="Long Xuyên, ngày 01 tháng 12 năm 2026",
        count=count,
        root=ROOT,
    )


def printed(entries: list[register.Entry], folder: Path) -> tuple[register.Printed, bytes]:
    work = folder / "parts"
    work.mkdir()
    told = register.to_pdf(cover(len(entries)), entries, folder / "register.pdf", work)
    return told, (folder / "register.pdf").read_bytes()


# What stands in it


def test_a_row_says_all_that_the_form_asks() -> None:
    ward = papers.ward()
    by = papers.receptionist(ward)
    dossier = made(
        ward,
        7,
        state="returned",
        settled_at=local("2026-11-27 15:00"),
        settled_on=dt.date(2026, 11, 27),
        returned_at=local("2026-11-28 10:05"),
        returned_on=dt.date(2026, 11, 28),
        due_original_at=local("2026-11-27 17:00"),
        supplement_count=1,
        owner_phone_sealed=seal("0918204452"),
    )
    first = papers.slip(of=dossier, by=by)
    papers.slip(of=dossier, by=by, act=Act.ACCEPT_SUPPLEMENT, replaces=first)
    Delivery.objects.create(
        dossier=dossier,
        event=papers.event(dossier, Act.RETURN_RESULT),
        channel="post",
        receiver_sealed=seal("Lê Văn Tám"),
        proof="receipt",
    )
    assert lines_of(asked(ward, by)) == [
        {
            "STT": "0001",
            "Mã hồ sơ": "H01.151-261120-0007",
            "Tên thủ tục hành chính": papers.LAND,
            "Số lượng hồ sơ (bộ)": "01",
            "Tên cá nhân, tổ chức": "Nguyễn Thị Ánh Tuyết",
            "Địa chỉ, số điện thoại": "Khóm Đông Thạnh, phường Long Xuyên, tỉnh An Giang; 0918204452",
            "Cơ quan chủ trì giải quyết": dossier.competent_agency.name,
            "Nhận hồ sơ": dt.datetime(2026, 11, 20, 8, 42),  # noqa: DTZ001 - a cell has no zone
            "Hẹn trả kết quả": dt.datetime(2026, 11, 27, 17, 0),  # noqa: DTZ001
            "Trả kết quả": dt.datetime(2026, 11, 28, 10, 5),  # noqa: DTZ001
            "Phương thức nhận kết quả": "Bưu chính công ích",
            "Ký nhận": "Lê Văn Tám",
            "Ghi chú": "Giấy hẹn thay số 0002; Hẹn lại 17:00 30/11/2026; Bổ sung 1 lần",
        }
    ]


def test_the_number_is_the_one_the_receipt_prints_and_a_void_one_stands_among_them() -> None:
    ward = papers.ward()
    by = papers.receptionist(ward)
    papers.slip(of=made(ward, 1, day=2), by=by)
    with time_machine.travel("2026-11-03T09:00+07:00", tick=False):
        void = void_next_number(ward, 2026, PaperKind.RECEIPT, by=by, reason="Giấy in hỏng")
    # The database's own clock stamped it: the tests' days are not its.
    on = dt.datetime.fromtimestamp(void.voided_at.timestamp(), local("2026-01-01 00:00").tzinfo)
    papers.slip(of=made(ward, 2, day=4), by=by)
    row = asked(ward, by, START, max(END, on.date()))
    numbers = [line["STT"] for line in lines_of(row)]
    assert sorted(numbers) == ["0001", "0002", "0003"]
    (bad,) = [line for line in lines_of(row) if line["STT"] == "0002"]
    assert (bad["Tên thủ tục hành chính"], bad["Ghi chú"]) == ("Số bỏ", "Giấy in hỏng")


def test_only_the_agency_and_the_days_asked_for_by_time_of_receipt() -> None:
    ward = papers.ward()
    by = papers.receptionist(ward)
    made(ward, 3, day=30)
    made(ward, 1, day=1)
    made(ward, 2, day=15)
    other = AgencyFactory.create()
    papers.dossier(other, code="X-1", tracking_code="X1", received_at=local("2026-11-15 09:00"))
    papers.dossier(ward, code="X-2", tracking_code="X2", received_at=local("2026-10-31 09:00"))
    papers.dossier(ward, code="X-3", tracking_code="X3", received_at=local("2026-12-01 08:00"))
    row = asked(ward, by)
    assert [line["Mã hồ sơ"][-4:] for line in lines_of(row)] == ["0001", "0002", "0003"]
    assert row.row_count == 3


def test_a_name_that_begins_like_a_formula_stays_a_name() -> None:
    ward = papers.ward()
    made(ward, 1, owner_name='=HYPERLINK("https://evil.example")')
    row = asked(ward, papers.receptionist(ward))
    assert lines_of(row)[0]["Tên cá nhân, tổ chức"] == '=HYPERLINK("https://evil.example")'
    assert b"HYPERLINK" not in (registers.content_of(row, "pdf") or b"")


def test_the_rows_cost_as_many_queries_for_one_dossier_as_for_thirty() -> None:
    ward = papers.ward()
    by = papers.receptionist(ward)
    counts = []
    for number in range(1, 31):
        papers.slip(of=made(ward, number), by=by)
        if number in {1, 30}:
            row = registers.ask(ward, START, END, by=by)
            with count_queries() as counted:
                registers.ensure_made(row.pk)
            counts.append(len(counted))
    assert counts[0] == counts[1] <= 12, counts


# The PDF


@pytest.mark.parametrize(
    ("day", "form"),
    [
        (dt.date(2025, 9, 14), "Mẫu số 06 ban hành kèm theo Thông tư số 01/2018/TT-VPCP"),
        (dt.date(2025, 9, 15), "Mẫu số 07 ban hành kèm theo Thông tư số 03/2025/TT-VPCP"),
    ],
)
def test_the_register_uses_the_form_of_the_day_it_is_made(
    day: dt.date, form: str, tmp_path: Path
) -> None:
    (tmp_path / "parts").mkdir()
    register.to_pdf(cover(1, day), [entry(1)], tmp_path / "r.pdf", tmp_path / "parts")
    assert form in papers.text_of((tmp_path / "r.pdf").read_bytes())


def test_a_short_register_is_one_tagged_archive_file(tmp_path: Path) -> None:
    told, pdf = printed([entry(number) for number in range(1, 31)], tmp_path)
    if folder := os.environ.get("MOTCUA_LOOK"):
        (Path(folder) / "register.pdf").write_bytes(pdf)
    reader = papers.read(pdf)
    root: Any = reader.trailer["/Root"]
    xmp = root["/Metadata"].get_data().decode()
    assert told == register.Printed(len(reader.pages), is_tagged=True)
    assert 'pdfaid:part="2"' in xmp
    assert 'pdfaid:conformance="A"' in xmp
    assert root["/Lang"] == "vi"
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    text = papers.text_of(pdf)
    for words in (
        "UBND PHƯỜNG LONG XUYÊN",
        "SỔ THEO DÕI HỒ SƠ",
        "Quyển số: 2026",
        "Hồ sơ tiếp nhận từ ngày 01/11/2026 đến ngày 30/11/2026",
        "Số hồ sơ: 30",
        f"Mốc toàn vẹn của ngày 30/11/2026: {ROOT}",
        "Long Xuyên, ngày 01 tháng 12 năm 2026",
        "NGƯỜI LẬP SỔ",
        "THỦ TRƯỞNG ĐƠN VỊ",
        "Số liệu lúc 09:00 01/12/2026",
        *(column.title for column in register.columns()),
    ):
        assert words in text, words
    for sheet in reader.pages:
        size = (float(sheet.mediabox.width) * MM, float(sheet.mediabox.height) * MM)
        assert size == pytest.approx((297, 210), abs=0.1)
    fonts = embedded(pdf)
    assert set(fonts) <= TINOS
    assert all(fonts.values())
    assert "Trang 1" not in text


def test_a_long_register_is_joined_without_losing_doubling_or_moving_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "WHOLE_PAGES", 2)
    monkeypatch.setattr(register, "CHUNK_ROWS", 25)
    told, pdf = printed([entry(number) for number in range(1, 91)], tmp_path)
    assert not told.is_tagged
    assert len(list((tmp_path / "parts").iterdir())) > 3
    reader = papers.read(pdf)
    assert told.pages == len(reader.pages)
    root: Any = reader.trailer["/Root"]
    xmp = root["/Metadata"].get_data().decode()
    assert 'pdfaid:part="2"' in xmp
    assert 'pdfaid:conformance="U"' in xmp
    assert root["/Lang"] == "vi"
    assert root["/OutputIntents"][0].get_object()["/S"] == "/GTS_PDFA1"
    assert "/StructTreeRoot" not in root
    assert reader.trailer["/ID"]
    fonts = embedded(pdf)
    assert set(fonts) <= TINOS
    assert all(fonts.values())

    pages = [sheet.extract_text() for sheet in reader.pages]
    codes = [word for text in pages for word in "".join(text.split()).split("H01.151-261120-")[1:]]
    assert [word[:4] for word in codes] == [f"{number:04d}" for number in range(1, 91)]
    # Every page but the first has its number and the head of the table.
    for number, text in enumerate(pages[1:], start=2):
        assert str(number) in text.split()
        assert "Tên thủ tục hành chính" in " ".join(text.split())
    # No page but the last is left half empty where two chunks meet.
    rows_on = [text.count("H01.151") for text in pages[1:-1]]
    assert max(rows_on) - min(rows_on) <= 1, rows_on
    assert [text.count("SỔ THEO DÕI HỒ SƠ") for text in pages] == [1] + [0] * (len(pages) - 1)
    assert [text.count("NGƯỜI LẬP SỔ") for text in pages] == [0] * (len(pages) - 1) + [1]


def test_a_joined_register_is_the_same_bytes_for_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "WHOLE_PAGES", 1)
    monkeypatch.setattr(register, "CHUNK_ROWS", 15)
    files = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        files.append(printed([entry(n) for n in range(1, 31)], tmp_path / name)[1])
    assert files[0] == files[1]


def test_more_pages_than_a_chunk_gives_go_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "CHUNK_PAGES", 2)
    told, pdf = printed([entry(number) for number in range(1, 41)], tmp_path)
    text = "".join(papers.text_of(pdf).split())
    assert not told.is_tagged
    for number in range(1, 41):
        assert text.count(f"H01.151-261120-{number:04d}") == 1


def test_sixty_pages_of_usual_rows_are_one_tagged_file() -> None:
    """How many that are is told by the height of the rows; docs/benchmarks.md has the memory."""
    usual = list(_entries(700))
    whole = register.rows_within(usual, register.WHOLE_PAGES)
    assert 575 <= whole <= 620
    tall = [entry(number, contact="Khóm 9, " * 30) for number in range(700)]
    assert register.rows_within(tall, register.WHOLE_PAGES) < 250
    assert register.rows_within([], 5) == 0
    assert register.rows_within([entry(1, procedure="Cấp " * 5000)] * 3, 1) == 2  # cut


@pytest.mark.parametrize("number", [7, 40])
def test_the_height_told_of_a_row_is_about_the_height_it_has(tmp_path: Path, number: int) -> None:
    """Told too low, a file would be set that memory does not hold; too high, one is not tagged."""
    rows = [
        entry(
            n, procedure="Cấp giấy chứng nhận " * number, contact="Khóm 9, phường Long Xuyên; " * 3
        )
        for n in range(60)
    ]
    told, _pdf = printed(rows, tmp_path)
    body = told.pages - 1  # less the cover
    assert register.rows_within(rows, body + 1 + body // 10) == len(rows)
    assert register.rows_within(rows, body - 1 - body // 10) < len(rows)


def test_the_root_of_the_last_day_is_printed_once_the_day_is_closed() -> None:
    ward = papers.ward()
    by = papers.receptionist(ward)
    made(ward, 1)
    root = Root.of(END, DayTally(sketch=Sketch()), b"")
    DayRoot.objects.create(**asdict(root))
    row = asked(ward, by)
    kept = day_roots.root_of(row.end)
    assert len(kept.replace(" ", "")) == 64
    assert kept in " ".join(papers.text_of((registers.content_of(row, "pdf")) or b"").split())
    sheet = openpyxl.load_workbook(io.BytesIO(registers.content_of(row, "xlsx") or b""))[
        "Thông tin"
    ]
    assert ("Mốc toàn vẹn ngày cuối", kept) in list(sheet.iter_rows(values_only=True))


def test_a_day_that_is_not_closed_says_so() -> None:
    ward = papers.ward()
    made(ward, 1)
    row = asked(ward, papers.receptionist(ward))
    assert day_roots.root_of(row.end) == ""
    text = papers.text_of(registers.content_of(row, "pdf") or b"")
    assert "ngày chưa chốt, mốc có từ đêm sau" in " ".join(text.split())


def test_a_register_of_nothing_says_so(tmp_path: Path) -> None:
    told, pdf = printed([], tmp_path)
    assert told.pages == 2
    assert "Không có hồ sơ nào được tiếp nhận trong kỳ này." in papers.text_of(pdf)


def test_a_row_with_the_longest_words_stays_on_one_page(tmp_path: Path) -> None:
    long = entry(1, procedure="Cấp giấy chứng nhận " * 75, owner="W" * 200, contact="Khóm 9, " * 60)
    told, pdf = printed([long, entry(2)], tmp_path)
    text = papers.text_of(pdf).replace(" ", "")
    # Cut, so that the row fits; the workbook has the words whole.
    assert text.count("Cấpgiấychứngnhận") == 20
    assert "W" * 200 in text
    assert told.pages == 2


# The job


def folder_of(row: Register, settings: Any) -> Path:
    """Return where the files of a register lie: by the month, of the database's clock."""
    on = timezone.localdate(row.asked_at)
    return Path(settings.MEDIA_ROOT) / "registers" / f"{on:%Y}" / f"{on:%m}"


def test_the_files_lie_where_only_the_portal_reads_and_nothing_is_left_beside(
    settings: Any,
) -> None:
    ward = papers.ward()
    made(ward, 1)
    row = asked(ward, papers.receptionist(ward))
    folder = folder_of(row, settings)
    assert {row.pdf, row.xlsx} == {
        (folder / f"register-{row.pk:07d}.{kind}").relative_to(settings.MEDIA_ROOT).as_posix()
        for kind in ("pdf", "xlsx")
    }
    assert sorted(file.name for file in folder.iterdir()) == sorted(
        Path(name).name for name in (row.pdf, row.xlsx)
    )
    for file in folder.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
    assert (row.tries, row.rendered_at is not None) == (1, True)
    assert not registers.ensure_made(row.pk)  # a doubled knock changes nothing
    row.refresh_from_db()
    assert row.tries == 1


def test_what_a_dead_worker_left_is_found_and_made(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ward = papers.ward()
    made(ward, 1)
    row = registers.ask(ward, START, END, by=papers.receptionist(ward))
    folder = folder_of(row, settings)

    class PowerCutError(Exception):
        pass

    def cut(*_: Any) -> Any:
        # As a killed process leaves it: its folder with half a file.
        left = folder / f".register-{row.pk:07d}.abc"
        (left / "parts").mkdir(parents=True)
        (left / "parts" / "0000.pdf").write_bytes(b"%PDF-")
        raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(register, "to_pdf", cut)
        with pytest.raises(PowerCutError):
            registers.ensure_made(row.pk)
    row.refresh_from_db()
    assert (row.rendered_at, row.tries) == (None, 1)
    assert sweep()["registers"] == 1  # tasks run inline in tests
    row.refresh_from_db()
    assert row.rendered_at is not None
    assert [file for file in folder.iterdir() if file.name.startswith(".")] == []
    assert sweep()["registers"] == 0


def test_one_that_kills_every_worker_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    ward = papers.ward()
    by = papers.receptionist(ward)
    row = registers.ask(ward, START, END, by=by)

    def cut(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(register, "to_pdf", cut)
    for _ in range(registers.MOST_TRIES):
        with pytest.raises(MemoryError):
            registers.ensure_made(row.pk)
    assert not registers.ensure_made(row.pk)
    assert tasks.sweep_registers() == 0
    assert "Không lập được" in page(browser_of(by).get("/so-theo-doi/"))


def test_a_long_one_is_made_as_a_workbook_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    ward = papers.ward()
    for number in (1, 2, 3):
        made(ward, number)
    monkeypatch.setattr(registers, "PDF_ROWS", 2)
    row = asked(ward, papers.receptionist(ward))
    assert (row.pdf, row.page_count, row.row_count) == ("", None, 3)
    assert len(lines_of(row)) == 3


def test_the_files_go_after_a_while_and_the_row_stays() -> None:
    ward = papers.ward()
    by = papers.receptionist(ward)
    row = asked(ward, by)
    with time_machine.travel("2026-12-30T09:00+07:00", tick=False):
        assert sweep()["register_files"] == 0
    with time_machine.travel("2027-01-01T09:00+07:00", tick=False):
        assert sweep()["register_files"] == 1
        assert sweep()["register_files"] == 0
        assert browser_of(by).get(f"/so-theo-doi/{row.pk}.pdf").status_code == 404
        assert "Đã hết hạn giữ tệp" in page(browser_of(by).get("/so-theo-doi/"))
    assert Register.objects.get().asked_by == by
    assert not list((Path(django_settings.MEDIA_ROOT) / "registers").rglob("*.*"))


def test_an_altered_file_is_not_given(settings: Any) -> None:
    ward = papers.ward()
    by = papers.receptionist(ward)
    row = asked(ward, by)
    (Path(settings.MEDIA_ROOT) / row.pdf).write_bytes(b"%PDF-1.7 other")
    assert browser_of(by).get(f"/so-theo-doi/{row.pk}.pdf").status_code == 404
    assert browser_of(by).get(f"/so-theo-doi/{row.pk}.xlsx").status_code == 200


# The page


def test_an_officer_asks_for_a_short_register_and_has_it_at_once() -> None:
    ward = papers.ward()
    by = papers.receptionist(ward)
    papers.slip(of=made(ward, 1), by=by)
    client = browser_of(by)
    assert client.get("/so-theo-doi/").status_code == 200
    assert not Register.objects.exists()
    asked_for = {"agency": ward.code, "start": "2026-11-01", "end": "30/11/2026"}
    answer = client.post("/so-theo-doi/", asked_for)
    assert (answer.status_code, answer["Location"]) == (302, "/so-theo-doi/")
    row = Register.objects.get()
    assert (row.asked_by, row.start, row.end, row.row_count) == (by, START, END, 1)
    assert "Đã lập sổ." in page(client.get("/so-theo-doi/"))
    pdf, xlsx = (client.get(f"/so-theo-doi/{row.pk}.{kind}") for kind in ("pdf", "xlsx"))
    assert pdf.content.startswith(b"%PDF")
    assert xlsx.content.startswith(b"PK")
    for answer in (pdf, xlsx):
        assert "no-store" in answer["Cache-Control"]
        assert "so-theo-doi_" in answer["Content-Disposition"]


def test_a_long_register_is_left_to_the_queue(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    ward = papers.ward()
    by = papers.receptionist(ward)
    made(ward, 1)
    made(ward, 2)
    monkeypatch.setattr(registers, "AT_ONCE_ROWS", 1)
    knocked: list[int] = []
    monkeypatch.setattr(tasks, "knock_register", knocked.append)
    client = browser_of(by)
    client.post("/so-theo-doi/", {"agency": ward.code, "start": "2026-11-01", "end": "2026-11-30"})
    row = Register.objects.get()
    assert knocked == [row.pk]
    assert row.rendered_at is None
    text = page(client.get("/so-theo-doi/"))
    assert "Đang lập sổ" in text
    assert f"/so-theo-doi/{row.pk}.pdf" not in text
    assert client.get(f"/so-theo-doi/{row.pk}.pdf").status_code == 404


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"start": "2026-12-01"}, "Ngày cuối không được trước ngày đầu."),
        ({"start": ""}, "Hãy ghi ngày đầu của kỳ."),
        ({"end": ""}, "Hãy ghi ngày cuối của kỳ."),
        ({"agency": "H99"}, "Hãy chọn cơ quan trong danh sách."),
    ],
)
def test_a_wrong_question_is_answered_in_words(changes: dict[str, str], words: str) -> None:
    ward = papers.ward()
    client = browser_of(papers.receptionist(ward))
    asked_for = {"agency": ward.code, "start": "2026-11-01", "end": "2026-11-30"} | changes
    answer = client.post("/so-theo-doi/", asked_for)
    assert answer.status_code == 422
    assert words in page(answer)
    assert not Register.objects.exists()


def test_a_period_too_long_for_one_register_is_refused_with_its_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ward = papers.ward()
    made(ward, 1)
    made(ward, 2)
    monkeypatch.setattr(registers, "MOST_ROWS", 1)
    answer = browser_of(papers.receptionist(ward)).post(
        "/so-theo-doi/", {"agency": ward.code, "start": "2026-11-01", "end": "2026-11-30"}
    )
    assert answer.status_code == 422
    assert "Kỳ này có 2 hồ sơ" in page(answer)


def test_another_agency_s_register_is_not_there() -> None:
    ward = papers.ward()
    row = asked(ward, papers.receptionist(ward))
    stranger = OfficerFactory.create(roles=[Role.RECEPTIONIST])
    client = browser_of(stranger)
    assert client.get(f"/so-theo-doi/{row.pk}.pdf").status_code == 404
    assert client.get(f"/so-theo-doi/{2**64}.pdf").status_code == 404
    answer = client.post(
        "/so-theo-doi/", {"agency": ward.code, "start": "2026-11-01", "end": "2026-11-30"}
    )
    assert answer.status_code == 422
    reform = OfficerFactory.create(agency=ward.parent, roles=[Role.REFORM_OFFICER])
    assert browser_of(reform).get(f"/so-theo-doi/{row.pk}.pdf").status_code == 200


def test_who_has_no_right_on_dossiers_finds_no_register() -> None:
    administrator = OfficerFactory.create(roles=[Role.ADMINISTRATOR])
    assert browser_of(administrator).get("/so-theo-doi/").status_code == 404


def test_the_page_costs_the_same_for_one_register_as_for_twenty() -> None:
    ward = papers.ward()
    by = papers.receptionist(ward)
    client = browser_of(by)
    counts = []
    for number in range(1, 21):
        registers.ask(ward, START, END, by=by)
        if number in {1, 20}:
            with count_queries() as counted:
                client.get("/so-theo-doi/")
            counts.append(len(counted))
    assert counts[0] == counts[1] <= 6, counts
