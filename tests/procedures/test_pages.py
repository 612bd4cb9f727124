"""The catalogue for citizens: found without JavaScript, read in four answers."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from procedures.models import ProcedureCase, ProcedureVersion
from tests.factories import ProcedureFactory
from tests.procedures.rows import catalogue, detail, run, with_fee
from tests.procedures.test_search import WEIRD

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.procedures.urls")]


def test_the_list_is_found_by_words_and_links_to_the_procedure(client: Client) -> None:
    ProcedureFactory.create(code="1.000001", name="cấp thẻ nhà báo")
    ProcedureFactory.create(code="1.000002", name="Đăng ký tàu cá")
    page = client.get("/thu-tuc/", {"q": "the nha"}).content.decode()
    assert "/thu-tuc/1.000001/" in page
    assert "Cấp thẻ nhà báo" in page
    assert "1.000002" not in page


def test_htmx_gets_only_the_results(client: Client) -> None:
    ProcedureFactory.create(code="1.000001")
    response = client.get("/thu-tuc/", headers={"hx-request": "true"})
    page = response.content.decode()
    assert page.strip().startswith('<section class="stack" id="procedures"')
    assert "HX-Request" in response["Vary"]


def test_nothing_found_says_what_to_do(client: Client) -> None:
    page = client.get("/thu-tuc/", {"q": "zzzz"}).content.decode()
    assert "Không tìm thấy thủ tục nào" in page


@pytest.mark.parametrize("query", [q for q in WEIRD if q != "\ud800"])
def test_anything_may_be_typed(client: Client, query: str) -> None:
    ProcedureFactory.create()
    # An address with a NUL in it is refused before any view (motcua.requests).
    expected = 400 if "\x00" in query else 200
    assert client.get("/thu-tuc/", {"q": query, "page": query}).status_code == expected


def test_only_what_the_province_offers_may_be_asked_for(client: Client) -> None:
    ProcedureFactory.create(code="1.000001", offering=False)
    ProcedureFactory.create(code="1.000002", offering=True)
    page = client.get("/thu-tuc/", {"offered": "1"}).content.decode()
    assert "1.000002" in page
    assert "1.000001" not in page


def test_the_page_tells_what_to_bring_how_much_how_long_and_where(
    client: Client, tmp_path: Path
) -> None:
    run(tmp_path, catalogue(), detail())
    page = client.get("/thu-tuc/1.000001/").content.decode()
    for text in (
        "1 giấy tờ",
        "8.000\u00a0đ",
        "5 ngày",
        "Ủy ban nhân dân cấp xã",
        "Tờ khai",
        "7,5 ngày làm việc",
        "60/2014/QH13",
        "Giấy khai sinh",
        "https://dichvucong.gov.vn/x",
    ):
        assert text in page


def test_a_procedure_known_by_name_alone_says_so(client: Client, tmp_path: Path) -> None:
    run(tmp_path, catalogue())
    page = client.get("/thu-tuc/1.000001/").content.decode()
    assert "Chưa rõ" in page
    assert "hỏi tại quầy" in page


def test_a_fee_in_an_unnamed_currency_is_not_called_dong(client: Client, tmp_path: Path) -> None:
    run(tmp_path, with_fee(90))
    page = client.get("/thu-tuc/1.000001/").content.decode()
    assert "90 (nguồn không ghi loại tiền)" in page
    assert "90\u00a0đ" not in page


def test_markup_in_the_catalogue_is_text(client: Client, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    run(
        tmp_path,
        catalogue(name=evil, departments=[evil]),
        detail(requirements=evil, results=[evil], steps_raw=[{"name": evil, "text": evil}]),
    )
    for url in ("/thu-tuc/", "/thu-tuc/1.000001/"):
        assert "<script>alert" not in client.get(url).content.decode()


def test_a_code_as_decisions_print_it_leads_to_the_page(client: Client) -> None:
    ProcedureFactory.create(code="1.000948")
    response = client.get("/thu-tuc/1.000948.H01/")
    assert response.headers["Location"] == "/thu-tuc/1.000948/"


@pytest.mark.parametrize("code", ["1.999999", "5.000001", "abc", "%00", "1.0"])
def test_what_is_not_for_citizens_is_not_found(client: Client, tmp_path: Path, code: str) -> None:
    run(tmp_path, catalogue("5.000001"))
    assert client.get(f"/thu-tuc/{code}/").status_code in {400, 404}


def test_a_withdrawn_procedure_says_so(client: Client, tmp_path: Path) -> None:
    run(tmp_path, catalogue("1.000001-Xoa"))
    page = client.get("/thu-tuc/1.000001-Xoa/").content.decode()
    assert "đã bãi bỏ" in page
    assert "noindex" in page


def test_thirty_rows_take_the_queries_of_one(client: Client) -> None:
    counts = []
    for number in (1, 19):
        for _ in range(number):
            ProcedureFactory.create(offering=True)
        with CaptureQueriesContext(connection) as queries:
            client.get("/thu-tuc/")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 5


def test_a_rich_page_takes_the_queries_of_a_poor_one(client: Client, tmp_path: Path) -> None:
    case = {"case_code": "1.000001.01", "qty": 3, "unit": "DAY"}
    channel = detail()["channels"][0]
    rich = detail("1.000002", processing_cases=[case] * 30, channels=[channel] * 30)
    run(tmp_path, detail("1.000001"), rich)
    counts = []
    for code in ("1.000001", "1.000002"):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/thu-tuc/{code}/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8


def bare_version(code: str = "1.000001") -> ProcedureVersion:
    version: ProcedureVersion = ProcedureFactory.create(code=code, cases=[]).versions.get()
    return version


def case(version: ProcedureVersion, position: int, days: int) -> None:
    version.cases.create(
        position=position,
        code=f"{version.procedure.code}.0{position}",
        limit_value=days,
        limit_unit="working_day",
    )


def test_a_limit_of_nought_is_told_as_within_the_day(client: Client) -> None:
    version = bare_version()
    case(version, 1, 0)
    page = client.get("/thu-tuc/1.000001/").content.decode()
    assert "Trong ngày" in page
    assert "0 ngày làm việc" not in page
    listed = client.get("/thu-tuc/").content.decode()
    assert "Trong ngày" in listed
    assert "0 ngày" not in listed


def test_one_case_needs_no_table_and_several_have_names(client: Client) -> None:
    version = bare_version()
    case(version, 1, 5)
    assert "Trường hợp" not in client.get("/thu-tuc/1.000001/").content.decode()
    case(version, 2, 0)
    page = client.get("/thu-tuc/1.000001/").content.decode()
    assert 'Trường hợp 2 <span class="soft">(<span class="code">1.000001.02</span>)' in page
    assert "5 ngày làm việc · trong ngày" in page


def test_many_papers_and_long_texts_are_folded_and_all_there(client: Client) -> None:
    version = bare_version()
    long = "Bản sao giấy chứng nhận của người đề nghị; " * 40
    for position in range(12):
        version.required_documents.create(
            position=position,
            name=f"Giấy số {position}." if position else long,
            copies=1,
        )
    page = client.get("/thu-tuc/1.000001/").content.decode()
    assert "Xem thêm 4 giấy tờ" in page
    assert page.count("Đọc tiếp") == 1
    assert page.count("của người đề nghị") == 40
    assert all(page.count(f"Giấy số {position}.") == 1 for position in range(1, 12))


def committed(**settings: object) -> ProcedureVersion:
    made = ProcedureFactory.create(code="1.000001", offering=True, cases=[("10", "working_day")])
    version: ProcedureVersion = made.versions.get()
    parts = {
        "committed_value": 7,
        "committed_unit": "working_day",
        "committed_decision": "Quyết định 12/QĐ-UBND",
    }
    ProcedureVersion.objects.filter(pk=version.pk).update(**{**parts, **settings})
    return version


def test_the_committed_time_stands_beside_the_statutory_one(client: Client) -> None:
    committed()
    page = " ".join(client.get("/thu-tuc/1.000001/").content.decode().split())
    assert "<dt>Theo quy định</dt><dd>10 ngày làm việc</dd>" in page
    assert "<dt>Tỉnh cam kết</dt><dd><b>7 ngày làm việc</b>" in page
    assert "Quyết định 12/QĐ-UBND" in page
    assert "tỉnh cam kết 7 ngày làm việc" in page


@pytest.mark.parametrize(
    "changed",
    [
        {"committed_from": dt.date(2999, 1, 1)},
        {"committed_until": dt.date(2020, 1, 1)},
        {"committed_value": 10},
        {"committed_value": None, "committed_unit": "", "committed_decision": ""},
    ],
    ids=["not yet", "no more", "no shorter", "none"],
)
def test_what_binds_nobody_today_is_not_promised(
    client: Client, changed: dict[str, object]
) -> None:
    committed(**changed)
    page = client.get("/thu-tuc/1.000001/").content.decode()
    assert "cam kết" not in page
    assert "<b>10 ngày làm việc</b>" in page.replace("\n", "")


def test_several_cases_are_told_for_which_the_promise_is(client: Client) -> None:
    made = committed().procedure
    ProcedureCase.objects.create(
        version=made.versions.get(),
        position=1,
        code="1.000001.02",
        limit_value=5,
        limit_unit="working_day",
    )
    page = " ".join(client.get("/thu-tuc/1.000001/").content.decode().split())
    assert "<b>7 ngày làm việc</b> cho trường hợp quy định cho lâu hơn" in page
    assert "<caption" in page


def test_what_the_province_does_not_offer_it_does_not_promise(client: Client) -> None:
    made = committed().procedure
    made.offering.delete()
    assert "cam kết" not in client.get("/thu-tuc/1.000001/").content.decode()
