from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import time_machine
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.roles import Role
from agencies.models import Agency
from reports import clock
from tests.factories import AgencyFactory, OfficerFactory, ProcedureFactory
from tests.reports import made
from tests.reports.test_exports import text_of

pytestmark = pytest.mark.django_db
PAGE = "/bao-cao/"
JUNE = {"from": "2026-06-01", "to": "2026-06-30"}


def client_of(agency: Agency, *roles: Role) -> Client:
    client = Client()
    client.force_login(OfficerFactory.create(agency=agency, roles=list(roles)).user)
    return client


def show(client: Client, **asked: str) -> str:
    answer = client.get(PAGE, JUNE | asked)
    assert answer.status_code == 200
    return answer.content.decode()


def cells(page: str, part: str = "tfoot") -> list[str]:
    body = re.search(rf'<table class="table report">.*?<{part}>(.*?)</{part}>', page, re.DOTALL)
    assert body is not None
    return [
        re.sub(r"<[^>]+>", "", cell).strip()
        for cell in re.findall(r"<td.*?</td>", body[1], re.DOTALL)
    ]


def test_the_page_shows_the_table_its_checks_and_its_denominators() -> None:
    here = made.province()
    made.dossier(
        here.commune,
        here.birth,
        received="2026-06-10 09:00",
        due="2026-06-17 17:00",
        settled="2026-06-12 09:00",
    )
    made.dossier(
        here.commune,
        here.birth,
        received="2026-06-10 09:00",
        due="2026-06-17 17:00",
        settled="2026-06-18 09:00",
    )
    page = show(client_of(here.root, Role.REFORM_OFFICER))
    assert cells(page)[1:] == ["2", "0", "2", "0", "2", "1", "0", "1", "0", "0", "0", "50,00"]
    assert "(3) = (7) + (11)" in page
    assert "((8) + (9)) / (7)" in page
    assert 'class="fill-overdue"' in page
    assert "Chưa đạt mục tiêu" in page
    assert "style=" not in page


@pytest.mark.parametrize("by", ["agency", "sector"])
def test_the_files_say_what_the_page_says(by: str) -> None:
    here = made.province()
    made.dossier(here.commune, here.birth, received="2026-06-10 09:00", due="2026-06-17 17:00")
    client = client_of(here.root, Role.REFORM_OFFICER)
    page = show(client, by=by)
    links = [
        link.replace("&amp;", "&") for link in re.findall(r'href="(/bao-cao/ii-06a[^"]+)"', page)
    ]
    xlsx, pdf = (client.get(link) for link in links)
    assert xlsx.headers["Content-Disposition"].endswith(f'{by}.xlsx"')
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx.content))["II.06a"]
    last = [str(cell.value) for cell in list(sheet.rows)[-1]][2:]
    assert last == cells(page)[1:-1]
    assert f"Tổng số {' '.join(last)}" in re.sub(r"\s+", " ", text_of(pdf.content))


def test_both_systems_of_periods_and_a_free_range_can_be_chosen() -> None:
    here = made.province()
    client = client_of(here.root, Role.REFORM_OFFICER)
    assert (
        "15/05/2026 - 14/06/2026" in client.get(PAGE, {"period": "nd09-2026-m6"}).content.decode()
    )
    assert (
        "01/04/2026 - 30/06/2026" in client.get(PAGE, {"period": "qd766-2026-q2"}).content.decode()
    )
    assert "05/03/2019 - 07/03/2019" in show(client, **{"from": "2019-03-05", "to": "2019-03-07"})
    typed = show(client, **{"from": "5/3/2019", "to": "07/03/2019"})
    assert "05/03/2019 - 07/03/2019" in typed
    assert 'value="07/03/2019"' in typed
    # An old period is not in the list, but its address works and shows in the picker.
    assert "Tháng 3/2019" in client.get(PAGE, {"period": "nd09-2019-m3"}).content.decode()


@time_machine.travel("2026-11-22T09:00+07:00", tick=False)
def test_a_bare_address_is_the_running_month_of_the_whole_province() -> None:
    here = made.province()
    page = client_of(here.root, Role.REFORM_OFFICER).get(PAGE).content.decode()
    assert "Tháng 12/2026" in page
    assert "Kỳ chưa kết thúc" in page
    assert f'value="{here.root.code}" selected' in page


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"from": "", "to": "2026-06-30"}, "Chọn ngày."),
        ({"from": "2026-07-01"}, "Ngày cuối kỳ phải từ ngày đầu kỳ trở đi."),
        ({"to": "9999-12-31"}, "Năm phải trong khoảng"),
        ({"from": "hôm qua"}, "viết như 22/11/2026"),
        ({"period": "nd09-2026-m13"}, "Không có kỳ báo cáo này."),
        ({"period": "x" * 200}, "Không có kỳ báo cáo này."),
        ({"by": "officer"}, "Chỉ nhóm theo lĩnh vực hoặc theo cơ quan."),
        ({"period": "nd09-2026-m6", "from": "32/06/2026"}, "Không có ngày này trong lịch."),
    ],
)
def test_bad_input_is_said_beside_the_field_and_no_table_is_shown(
    asked: dict[str, str], said: str
) -> None:
    here = made.province()
    client = client_of(here.root, Role.REFORM_OFFICER)
    answer = client.get(PAGE, JUNE | asked)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert '<table class="table report">' not in answer.content.decode()
    for extension in ("pdf", "xlsx"):
        file = client.get(f"/bao-cao/ii-06a.{extension}", JUNE | asked)
        assert file.status_code == 400
        assert file.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert said in file.content.decode()
        assert "<" not in file.content.decode()


def shown_days(page: str) -> str:
    found = re.search(r'name="shown" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_days_typed_over_those_of_a_named_period_win() -> None:
    here = made.province()
    client = client_of(here.root, Role.REFORM_OFFICER)
    named = client.get(PAGE, {"period": "nd09-2026-m6"}).content.decode()
    sent = {"period": "nd09-2026-m6", "shown": shown_days(named)}
    typed = client.get(PAGE, sent | {"from": "01/06/2026", "to": "14/06/2026"}).content.decode()
    assert "01/06/2026 - 14/06/2026</h2>" in typed
    assert '<option value="free" selected>' in typed
    # An address written by hand says nothing of what was shown; a missing day is the period's own.
    half = client.get(PAGE, {"period": "nd09-2026-m6", "from": "2026-06-01"}).content.decode()
    assert "01/06/2026 - 14/06/2026</h2>" in half


def test_another_period_chosen_over_untouched_days_brings_its_own() -> None:
    here = made.province()
    client = client_of(here.root, Role.REFORM_OFFICER)
    for before in ({"period": "nd09-2026-m6"}, {"from": "2026-06-01", "to": "2026-06-09"}):
        page = client.get(PAGE, before).content.decode()
        days = re.findall(r'name="(from|to)" value="([^"]+)"', page)
        assert len(days) == 2
        asked = {"period": "qd766-2026-q2", "shown": shown_days(page)} | dict(days)
        after = client.get(PAGE, asked).content.decode()
        assert "01/04/2026 - 30/06/2026" in after
        assert '<option value="qd766-2026-q2" selected>' in after


@pytest.mark.parametrize("edge", [{"period": "nd09-2198-y"}, {"period": "qd766-1901-m1"},
                                  {"from": "1900-01-01", "to": "2199-12-31"}])  # fmt: skip
def test_the_ends_of_the_calendar_are_pages_too(edge: dict[str, str]) -> None:
    here = made.province()
    assert client_of(here.root, Role.REFORM_OFFICER).get(PAGE, edge).status_code == 200


def test_another_agencys_head_gets_404_on_page_and_files() -> None:
    here = made.province()
    stranger = client_of(here.commune, Role.HEAD)
    for address in (PAGE, "/bao-cao/ii-06a.pdf", "/bao-cao/ii-06a.xlsx"):
        assert stranger.get(address, JUNE | {"agency": "H01.07"}).status_code == 404
        assert stranger.get(address, JUNE | {"agency": "H01.51"}).status_code == 200
        assert Client().get(address, JUNE).status_code == 302
    assert client_of(here.root, Role.ADMINISTRATOR).get(PAGE, JUNE).status_code == 404


def test_the_picker_offers_what_is_in_sight_as_a_tree() -> None:
    here = made.province()
    page = show(client_of(here.department, Role.HEAD))
    options = re.findall(r'<option value="(H01[^"]*)"[^>]*>([^<]*)<', page)
    assert options == [
        ("H01.07", "Sở Nông nghiệp và Môi trường"),
        ("H01.07.01", "\u2003Chi cục Quản lý đất đai"),
    ]


def test_no_row_of_the_table_hides_in_a_box_that_scrolls_down() -> None:
    here = made.province()
    page = show(client_of(here.root, Role.REFORM_OFFICER), by="agency")
    box = re.search(r'<div class="([^"]+)"[^>]*>\s*<table class="table report">', page)
    assert box is not None
    assert box[1] == "scroll"
    for sheet in ("css/utilities.css", "css/components/scroll.css"):
        path = finders.find(sheet)
        assert isinstance(path, str)
        assert "max-block-size" not in Path(path).read_text(encoding="utf-8")


def test_a_row_of_an_agency_leads_to_its_sectors() -> None:
    here = made.province()
    page = show(client_of(here.root, Role.REFORM_OFFICER), by="agency")
    link = re.search(r'<th scope="row"><a href="([^"]+)">Sở Nông nghiệp', page)
    assert link is not None
    assert link[1] == "/bao-cao/?from=2026-06-01&amp;to=2026-06-30&amp;agency=H01.07"


@time_machine.travel("2026-11-22T09:00+07:00", tick=False)
def test_what_is_overdue_today_leads_to_the_board() -> None:
    here = made.province()
    for agency in (here.department, here.division, here.commune):
        made.dossier(agency, here.land, received="2026-11-02 09:00", due="2026-11-09 17:00")
    running, over = (
        {"from": "2026-11-01", "to": "2026-11-30"},
        {"from": "2026-11-01", "to": "2026-11-20"},
    )
    chief = client_of(here.root, Role.REFORM_OFFICER)
    page = show(chief, by="agency", **running)
    # The department's board has its division's dossiers too, so its row leads nowhere.
    assert re.findall(r"co-quan=([^&\"]+)&amp;nhom=qua-han", page) == ["H01.07.01", "H01.51", "H01"]
    assert "co-quan=" not in show(chief, by="agency", **over)
    assert "co-quan=" not in show(client_of(here.commune, Role.CLERK), **running)


def test_thirty_rows_cost_as_many_queries_as_one() -> None:
    here = made.province()
    client = client_of(here.root, Role.REFORM_OFFICER)

    def queries(**asked: str) -> list[str]:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            show(client, **asked)
        return [
            query["sql"]
            for query in seen.captured_queries
            if "accounts_officesession" not in query["sql"]
            and 'FROM "accounts_user"' not in query["sql"]
        ]

    one = {by: len(queries(by=by)) for by in ("agency", "sector")}
    assert max(one.values()) <= 6
    for _ in range(30):
        agency = made.place(AgencyFactory.create(), here.root)
        procedure = ProcedureFactory.create()
        made.dossier(agency, procedure, received="2026-06-10 09:00", due=None)
    assert {by: len(queries(by=by)) for by in ("agency", "sector")} == one


def test_the_nights_show_as_a_trend(settings: Any) -> None:
    here = made.province()
    made.dossier(
        here.commune,
        here.birth,
        received="2026-06-01 09:00",
        due="2026-06-17 17:00",
        settled="2026-06-02 09:00",
    )
    made.dossier(
        here.commune,
        here.birth,
        received="2026-06-01 09:00",
        due="2026-06-02 17:00",
        settled="2026-06-04 09:00",
    )
    for day in ("2026-06-02", "2026-06-03", "2026-06-04"):
        clock.compute_on_time_rates(day)
    page = show(client_of(here.root, Role.REFORM_OFFICER))
    assert 'class="spark"' in page
    assert "02/06/2026 - 04/06/2026: từ 100,00\u00a0% đến 50,00\u00a0%" in page
