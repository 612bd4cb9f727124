"""Finding dossiers by code, number, words of a name and filters, page by page."""

from __future__ import annotations

import re
from typing import Any

import pytest
import time_machine

from dossiers import pages as keyset
from dossiers.models import Dossier
from dossiers.services.intake import Person
from tests.budgets import count_queries
from tests.dossiers.pages import browser_of, page
from tests.factories import DossierFactory, local
from tests.province import Province

MONDAY = "2026-08-03T09:00+07:00"


def seen(province: Province, **changes: Any) -> Dossier:
    parts = {
        "procedure": province.procedure,
        "receiving_agency": province.centre,
        "competent_agency": province.department,
    }
    return DossierFactory.create(**{**parts, **changes})


def codes(text: str) -> list[str]:
    return re.findall(r'<a class="code" href="/ho-so/([^/]+)/"', text)


@time_machine.travel(MONDAY, tick=False)
def test_a_name_is_found_by_words_without_marks_in_any_order(province: Province) -> None:
    wanted = province.log(owner=Person("Nguyễn Thị Ánh Tuyết", personal_id="089187004215"))
    province.log(owner=Person("Trần Văn Ỷ", personal_id="089187004216"))
    client = browser_of(province.specialist)
    for typed in ("tuyet nguyen", "anh tuy", "NGUYỄN THỊ"):
        assert codes(page(client.get("/ho-so/", {"q": typed}))) == [wanted.code], typed
    assert codes(page(client.get("/ho-so/", {"q": "khong co ai"}))) == []


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize(
    "typed", ["a & b", "'; drop table", "!!:*", "<->", "\\", "%", "()|", "ỷ" * 500]
)
def test_what_is_typed_is_words_and_never_an_operator(province: Province, typed: str) -> None:
    province.log()
    assert browser_of(province.specialist).get("/ho-so/", {"q": typed}).status_code == 200


@time_machine.travel(MONDAY, tick=False)
def test_a_code_in_any_writing_opens_its_dossier(province: Province) -> None:
    dossier = province.log()
    province.log()
    client = browser_of(province.specialist)
    code = str(dossier.code)
    scanned = f"https://motcua.example/q/abc/#{code}"
    for typed in (code, code.lower(), code.replace("-", " - "), dossier.tracking_code, scanned):
        answer = client.get("/ho-so/", {"q": typed})
        assert answer.status_code == 302, typed
        assert answer["Location"] == f"/ho-so/{code}/"
    headers = {"HX-Request": "true", "HX-Target": "dossiers"}
    assert client.get("/ho-so/", {"q": code}, headers=headers)["HX-Redirect"] == f"/ho-so/{code}/"


@time_machine.travel(MONDAY, tick=False)
def test_an_identity_number_finds_its_dossiers(province: Province) -> None:
    owner = Person("Nguyễn Thị Ánh Tuyết", personal_id="089187004215")
    wanted = {province.log(owner=owner).code, province.log(owner=owner).code}
    province.log(owner=Person("Trần Văn Ỷ", personal_id="089187004216"))
    text = page(browser_of(province.specialist).get("/ho-so/", {"q": "089 187 004 215"}))
    assert set(codes(text)) == wanted


@time_machine.travel(MONDAY, tick=False)
def test_nothing_out_of_sight_is_found(province: Province) -> None:
    dossier = province.log()
    client = browser_of(province.stranger)
    for typed in (str(dossier.code), "tuyet", "089187004215", ""):
        assert codes(page(client.get("/ho-so/", {"q": typed}))) == []


@time_machine.travel(MONDAY, tick=False)
def test_filters_stand_in_the_address_and_hold_together(province: Province) -> None:
    overdue = seen(
        province, due_at=local("2026-07-31 17:00"), received_at=local("2026-07-20 08:00")
    )
    paused = seen(province, paused=True, due_at=local("2026-07-31 17:00"),
                  received_at=local("2026-07-20 08:00"))  # fmt: skip
    later = seen(province, due_at=local("2026-08-30 17:00"))
    elsewhere = seen(province, competent_agency=province.elsewhere)
    client = browser_of(province.reformer)
    for query, wanted in (
        ({"han": "qua-han"}, [overdue]),
        ({"han": "tam-dung"}, [paused]),
        ({"han": "con-han"}, [elsewhere, later]),
        ({"trang-thai": "awaiting_supplement"}, [paused]),
        ({"co-quan": "H01.08"}, [elsewhere]),
        ({"co-quan": "H01.08", "han": "qua-han"}, []),
        ({"co-quan": "KHONG", "han": "x", "trang-thai": "y"}, [elsewhere, later, paused, overdue]),
    ):
        text = page(client.get("/ho-so/", query))
        assert codes(text) == [each.code for each in wanted], query


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize("query", ["", "han=con-han"])
def test_every_dossier_comes_once_over_the_pages(
    province: Province, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setattr(keyset, "PAGE_SIZE", 3)
    monkeypatch.setattr(keyset.page_of, "__defaults__", (3,))
    wanted = {seen(province, due_at=local("2026-08-30 17:00")).code for _ in range(8)}
    client = browser_of(province.specialist)
    found: list[str] = []
    url = f"/ho-so/?{query}"
    while url:
        text = page(client.get(url))
        found += codes(text)
        following = re.search(r'href="(\?[^"]+)" rel="next"', text)
        url = "/ho-so/" + following[1].replace("&amp;", "&") if following else ""
    assert len(found) == 8
    assert set(found) == wanted
    for cursor in ("x", "-1", "9" * 40, "²", "%00"):
        assert client.get(f"/ho-so/?{query}", {"sau": cursor}).status_code in {200, 302, 400}


@time_machine.travel(MONDAY, tick=False)
def test_htmx_gets_the_list_alone(province: Province) -> None:
    headers = {"HX-Request": "true", "HX-Target": "dossiers"}
    text = page(browser_of(province.specialist).get("/ho-so/", headers=headers))
    assert "<html" not in text
    assert 'id="dossiers"' in text


@time_machine.travel(MONDAY, tick=False)
def test_an_old_code_that_no_address_can_hold_is_reached_by_the_other(province: Province) -> None:
    seen(province, code="12/HS 2019?#", tracking_code="T12345678")
    client = browser_of(province.specialist)
    assert codes(page(client.get("/ho-so/"))) == ["T12345678"]
    assert client.get("/ho-so/T12345678/").status_code == 200


@time_machine.travel(MONDAY, tick=False)
def test_the_list_costs_the_same_for_one_row_and_for_thirty(province: Province) -> None:
    client = browser_of(province.reformer)
    seen(province)
    client.get("/ho-so/")
    counts = []
    for more in (0, 29):
        for _ in range(more):
            seen(province)
        with count_queries() as queries:
            client.get("/ho-so/")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6
