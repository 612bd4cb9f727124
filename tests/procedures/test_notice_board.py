"""Niêm yết: who takes what in, on the screen and on paper, bounded however long the list."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import TYPE_CHECKING, Any

import pypdf
import pytest
from django.core.cache import cache
from django.utils import timezone

from agencies.models import Agency
from procedures import notice_board, views
from procedures.models import Fee, Procedure
from tests.budgets import count_queries
from tests.factories import AgencyFactory, ProcedureFactory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_printed_yet() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def commune() -> Agency:
    made = AgencyFactory.create(code="H01.151", name="UBND xã Thử", level=Agency.Level.COMMUNE)
    made.desks.create(kind="commune", name="Trung tâm xã Thử")
    return made


@pytest.fixture
def centre() -> Agency:
    made = AgencyFactory.create(code="H01.01.01", name="Trung tâm tỉnh")
    made.desks.create(kind="province", name="Trung tâm Phục vụ hành chính công tỉnh")
    return made


@pytest.fixture
def department() -> Agency:
    return AgencyFactory.create(code="H01.07", name="Sở Thử nghiệm")


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def printed(answer: Any) -> Any:
    assert answer["Content-Type"] == "application/pdf"
    return pypdf.PdfReader(io.BytesIO(answer.content))


def test_each_counter_lists_what_is_handed_in_there(
    client: Client, commune: Agency, centre: Agency, department: Agency
) -> None:
    ProcedureFactory.create(code="1.000001", name="khai sinh", offering=True)
    ProcedureFactory.create(code="1.000002", name="giấy phép", offering=department)
    ProcedureFactory.create(code="1.000003", name="việc riêng của xã", offering=commune)
    ProcedureFactory.create(code="1.000004", name="không tiếp nhận", offering=False)
    ProcedureFactory.create(code="1.000005", name="nội bộ", is_internal=True, offering=department)
    codes = {
        agency.code: re.findall(r"1\.00000\d\.H01", text(client.get(f"/niem-yet/{agency.code}/")))
        for agency in (commune, centre, department)
    }
    assert codes == {
        "H01.151": ["1.000001.H01", "1.000003.H01"],
        "H01.01.01": ["1.000002.H01"],
        "H01.07": ["1.000002.H01"],
    }


def test_the_index_names_the_counters_before_the_agencies(
    client: Client, commune: Agency, centre: Agency, department: Agency
) -> None:
    ProcedureFactory.create(offering=department)
    AgencyFactory.create(code="H01.09", name="Sở không có gì")
    page = text(client.get("/niem-yet/"))
    places = re.findall(r"/niem-yet/([H0-9.]+)/", page)
    assert places == ["H01.01.01", "H01.151", "H01.07"]


def test_a_line_tells_limit_commitment_fee_authority_and_level(
    client: Client, centre: Agency, department: Agency
) -> None:
    made = ProcedureFactory.create(
        code="1.000002",
        offering=department,
        cases=[("10", "working_day")],
        channels=[("in_person", "9", "working_day"), ("online", "7.5", "working_day")],
    )
    limit = made.versions.get().channel_limits.get(channel="in_person")
    Fee.objects.create(channel_limit=limit, position=0, kind="FEE", amount_vnd=100000)
    page = text(client.get("/niem-yet/H01.01.01/"))
    assert "10 ngày làm việc" in page
    assert "9 ngày làm việc (trực tiếp); 7,5 ngày làm việc (trực tuyến)" in page
    assert "100.000 đ" in page
    assert "Sở Thử nghiệm" in page
    assert "Cấp tỉnh" in page
    assert 'href="/thu-tuc/1.000002/"' in page


@pytest.mark.parametrize(
    ("cases", "channels", "told"),
    [
        ([("10", "working_day")], [("in_person", "9", "working_day")], "9 ngày làm việc"),
        ([("10", "working_day")], [("in_person", "10", "working_day")], ""),
        ([("10", "working_day")], [("in_person", "12", "working_day")], ""),  # the law binds
        ([("10", "working_day")], [("in_person", "9", "day")], ""),  # another unit
        ([("10", "working_day"), ("2", "month")], [("in_person", "9", "working_day")], ""),
        ([], [("in_person", "9", "working_day")], ""),
    ],
)
def test_a_commitment_is_what_is_shorter_than_the_law(
    centre: Agency, department: Agency, cases: Any, channels: Any, told: str
) -> None:
    made = ProcedureFactory.create(offering=department, cases=cases, channels=channels)
    today = timezone.localdate()
    (line,) = notice_board.board_of(centre, on=today).groups[0].lines
    assert line.committed == told
    assert line.code.startswith(made.code)


def test_what_the_province_committed_to_by_decision_is_on_the_board(
    centre: Agency, department: Agency
) -> None:
    made = ProcedureFactory.create(
        offering=department,
        cases=[("10", "working_day")],
        channels=[("in_person", "9", "working_day")],
    )
    made.versions.update(
        committed_value=7,
        committed_unit="working_day",
        committed_decision="Quyết định 12/QĐ-UBND",
        committed_until="2026-12-31",
    )
    for day, told in ((31, "7 ngày làm việc"), (32, "9 ngày làm việc")):
        on = dt.date(2026, 12, 1) + dt.timedelta(days=day - 1)
        (line,) = notice_board.board_of(centre, on=on).groups[0].lines
        assert line.committed == told


def test_the_paper_is_tagged_a4_and_its_codes_lead_to_the_procedures(
    client: Client, centre: Agency, department: Agency, settings: Any, monkeypatch: Any
) -> None:
    settings.PUBLIC_URL = "https://mot-cua.example/"
    drawn: list[str] = []
    from accounts.printing import qr_image as real

    def draw(url: str) -> str:
        drawn.append(url)
        return real(url)

    monkeypatch.setattr(views, "qr_image", draw)
    ProcedureFactory.create(code="1.000002", name="giấy phép xây dựng", offering=department)
    pdf = printed(client.get("/niem-yet/H01.01.01/niem-yet.pdf"))
    assert drawn == [
        "https://mot-cua.example/niem-yet/H01.01.01/",
        "https://mot-cua.example/thu-tuc/1.000002/",
    ]
    assert [round(float(side)) for side in pdf.pages[0].mediabox[2:]] == [842, 595]
    assert pdf.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert pdf.trailer["/Root"]["/Lang"] == "vi"
    words = re.sub(r"\s+", " ", pdf.pages[0].extract_text())
    assert "DANH MỤC THỦ TỤC HÀNH CHÍNH" in words
    assert "1.000002.H01" in words
    assert "Giấy phép xây dựng" in words


def test_the_head_of_the_table_stands_on_every_page(
    client: Client, centre: Agency, department: Agency
) -> None:
    for _n in range(30):
        ProcedureFactory.create(offering=department)
    pdf = printed(client.get("/niem-yet/H01.01.01/niem-yet.pdf"))
    assert len(pdf.pages) > 1
    for page in pdf.pages[:-1]:
        assert "Cơ quan giải quyết" in re.sub(r"\s+", " ", page.extract_text())


def test_the_same_board_is_printed_once(
    client: Client, centre: Agency, department: Agency, monkeypatch: Any
) -> None:
    prints: list[str] = []

    def print_it(html: str, *, sheet: str) -> bytes:
        prints.append(html)
        return b"%PDF-"

    monkeypatch.setattr(views, "to_pdf", print_it)
    ProcedureFactory.create(code="1.000002", offering=department)
    for _n in range(3):
        client.get("/niem-yet/H01.01.01/niem-yet.pdf")
    assert len(prints) == 1
    Procedure.objects.filter(code="1.000002").update(name="tên mới")
    client.get("/niem-yet/H01.01.01/niem-yet.pdf")
    assert len(prints) == 2
    assert "Tên mới" in prints[1]


def test_a_long_board_is_read_and_printed_by_sector(
    client: Client, centre: Agency, department: Agency, monkeypatch: Any
) -> None:
    monkeypatch.setattr(views, "LONGEST_BOARD", 2)
    monkeypatch.setattr(notice_board, "MOST_PRINTED", 2)
    made = [ProcedureFactory.create(offering=department) for _n in range(3)]
    page = text(client.get("/niem-yet/H01.01.01/"))
    assert made[0].name not in page
    keys = re.findall(r"\?linh-vuc=([^\"]+)", page)
    assert len(keys) == 3
    one = text(client.get(f"/niem-yet/H01.01.01/?linh-vuc={keys[0]}"))
    assert [each.name in one for each in made].count(True) == 1
    whole = client.get("/niem-yet/H01.01.01/niem-yet.pdf")
    assert whole.status_code == 302
    assert whole.headers["Location"] == "/niem-yet/H01.01.01/"
    assert printed(client.get(f"/niem-yet/H01.01.01/niem-yet.pdf?linh-vuc={keys[0]}"))


@pytest.mark.parametrize(
    "address",
    [
        "/niem-yet/H99/",
        "/niem-yet/H01.07/",
        "/niem-yet/H01.01.01/?linh-vuc=khong-co",
        "/niem-yet/x/",
    ],
)
def test_what_has_no_board_is_404(
    client: Client, centre: Agency, department: Agency, address: str
) -> None:
    assert client.get(address).status_code == 404
    assert client.get(address.replace("/?", "/niem-yet.pdf?")).status_code == 404


def test_what_an_agency_is_called_is_never_code(client: Client, department: Agency) -> None:
    ProcedureFactory.create(name="<script>alert(1)</script>", offering=department)
    assert "<script>alert" not in text(client.get("/niem-yet/H01.07/"))


def test_a_board_asks_at_most_eight_queries_for_one_line_and_for_thirty(
    client: Client, centre: Agency, department: Agency
) -> None:
    figures = []
    for wanted in (1, 30):
        while Procedure.objects.count() < wanted:
            ProcedureFactory.create(
                offering=department, channels=[("in_person", "3", "working_day")]
            )
        with count_queries() as counted:
            assert client.get("/niem-yet/H01.01.01/").status_code == 200
        assert len(counted) <= 8, str(counted)
        figures.append(len(counted))
    assert figures[0] == figures[1]


def test_the_index_asks_two_queries_however_many_counters(client: Client, centre: Agency) -> None:
    figures = []
    for wanted in (1, 20):
        while Agency.objects.count() < wanted:
            AgencyFactory.create(level=Agency.Level.COMMUNE).desks.create(
                kind="commune", name="Trung tâm"
            )
        with count_queries() as counted:
            client.get("/niem-yet/")
        figures.append(len(counted))
    assert figures == [2, 2], figures
