"""GET /api/v1/procedures/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import ProcedureFactory
from tests.procedures.rows import catalogue, detail, run
from tests.procedures.test_search import WEIRD

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.procedures.urls")]
URL = "/api/v1/procedures/"


def ask(client: Client, **params: str) -> dict[str, Any]:
    response = client.get(URL, params)
    assert response.status_code == 200, response.content
    answer: dict[str, Any] = response.json()
    return answer


def test_a_procedure_has_code_name_sector_offered_and_cases(client: Client, tmp_path: Path) -> None:
    case = {"case_code": "1.000001.01", "unit": "WORKING_DAY"}
    cases = [case | {"qty": 7.5}, case | {"qty": 5}, case | {"qty": "Theo mô tả", "unit": "OTHER"}]
    run(tmp_path, catalogue(), detail(processing_cases=cases))
    assert ask(client, q="khai sinh") == {
        "results": [
            {
                "code": "1.000001",
                "name": "Thủ tục đăng ký khai sinh",
                "sector": "Hộ tịch",
                "offered": False,
                "cases": [
                    {"code": "1.000001.01", "value": 7.5, "unit": "working_day"},
                    {"code": "1.000001.01", "value": 5, "unit": "working_day"},
                    {"code": "1.000001.01", "value": None, "unit": "other"},
                ],
            }
        ],
        "next": None,
    }


def test_next_leads_through_all_pages_once(client: Client) -> None:
    for number in range(120):
        ProcedureFactory.create(name=f"Thủ tục cấp phép {number}", offering=number % 3 == 0)
    seen, url, pages = [], URL + "?q=c%E1%BA%A5p+ph%C3%A9p", 0
    while url:
        answer = client.get(url).json()
        seen += answer["results"]
        url, pages = answer["next"], pages + 1
    codes = [row["code"] for row in seen]
    assert (len(codes), len(set(codes)), pages) == (120, 120, 3)
    offered = [row["offered"] for row in seen]
    assert offered == sorted(offered, reverse=True)


@pytest.mark.parametrize("query", [q for q in WEIRD if q != "\ud800"])
def test_anything_may_be_asked(client: Client, query: str) -> None:
    ProcedureFactory.create()
    assert client.get(URL, {"q": query}).status_code in {200, 400}


@pytest.mark.parametrize("cursor", ["x", "-1", "1e9", "99999999", "١"])
def test_a_cursor_of_nobodys_making_names_the_field(client: Client, cursor: str) -> None:
    response = client.get(URL, {"cursor": cursor})
    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["cursor"]


def test_internal_and_withdrawn_procedures_are_not_shown(client: Client, tmp_path: Path) -> None:
    run(tmp_path, catalogue("5.000001"), catalogue("1.000001-Xoa"), catalogue("1.000002"))
    assert [row["code"] for row in ask(client)["results"]] == ["1.000002"]


def test_a_broken_token_does_not_stand_in_the_way(client: Client) -> None:
    response = client.get(URL, headers={"authorization": "Bearer nonsense"})
    assert response.status_code == 200


def test_the_newest_version_in_force_is_told(client: Client, tmp_path: Path) -> None:
    run(tmp_path, catalogue(), detail())
    case = {"case_code": "1.000001.01", "qty": 3, "unit": "DAY"}
    run(tmp_path, detail(processing_cases=[case]), today=timezone.localdate())
    assert ask(client, q="1.000001")["results"][0]["cases"] == [
        {"code": "1.000001.01", "value": 3, "unit": "day"}
    ]


def test_thirty_rows_take_the_queries_of_one(client: Client) -> None:
    counts = []
    for number in (1, 29):
        for _ in range(number):
            ProcedureFactory.create(offering=True)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            ask(client, q="thu tuc")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 4
