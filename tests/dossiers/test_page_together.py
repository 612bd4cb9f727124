"""Several dossiers at once: one form, an answer for each, nothing done twice."""

from __future__ import annotations

from typing import Any

import pytest

from dossiers import together
from dossiers.models import Dossier
from dossiers.services import processing
from dossiers.workflow import Act, State
from tests.budgets import count_queries
from tests.dossiers.pages import browser_of, page
from tests.province import Province

ADDRESS = "/hop-viec/nhieu-ho-so/"


def waiting(province: Province, count: int) -> list[Dossier]:
    """Return dossiers that lie at the department, waiting to be assigned."""
    return [processing.transfer(province.log(), by=province.receptionist) for _each in range(count)]


def ticked(dossiers: list[Dossier]) -> list[str]:
    return [f"{dossier.public_code}@{dossier.event_count}" for dossier in dossiers]


def states(dossiers: list[Dossier]) -> list[str]:
    found = Dossier.objects.filter(pk__in=[dossier.pk for dossier in dossiers]).order_by("pk")
    return [dossier.state for dossier in found]


def test_the_inbox_offers_a_box_for_each_row_and_its_filters(province: Province) -> None:
    dossiers = waiting(province, 2)
    client = browser_of(province.head)
    text = page(client.get("/hop-viec/"))
    for value in ticked(dossiers):
        assert f'value="{value}" form="together"' in text
    assert (
        page(client.get("/hop-viec/", {"q": str(dossiers[0].code)})).count('form="together"') == 2
    )
    shown = page(client.get("/hop-viec/", {"han": "qua-han"}))
    assert "Không có hồ sơ nào khớp bộ lọc" in shown
    shown = page(client.get("/hop-viec/", {"trang-thai": State.AWAITING_ASSIGNMENT.value}))
    assert str(dossiers[1].code) in shown
    # What no filter knows filters nothing.
    assert str(dossiers[0].code) in page(client.get("/hop-viec/", {"han": "x", "trang-thai": "y"}))


def test_one_form_does_the_act_for_each(province: Province) -> None:
    dossiers = waiting(province, 3)
    client = browser_of(province.head)
    choice = page(client.get(ADDRESS, {"ho-so": ticked(dossiers), "next": "inbox"}))
    assert 'value="phan-cong"' in choice
    assert "3 trên 3 hồ sơ" in choice
    asked = page(client.get(ADDRESS, {"ho-so": ticked(dossiers), "viec": "phan-cong"}))
    assert 'name="assignee"' in asked
    answer = client.post(
        ADDRESS, {"ho-so": ticked(dossiers), "viec": "phan-cong", "note": "Làm trong tuần"}
    )
    assert answer.status_code == 302
    assert answer["Location"] == "/hop-viec/"
    assert states(dossiers) == [State.IN_PROGRESS] * 3
    for dossier in dossiers:
        event = dossier.events.order_by("-seq")[0]
        assert (event.act, event.reason) == (Act.ASSIGN, "Làm trong tuần")


def test_a_double_click_does_nothing_twice(province: Province) -> None:
    dossiers = waiting(province, 2)
    client = browser_of(province.head)
    body = {"ho-so": ticked(dossiers), "viec": "phan-cong"}
    assert client.post(ADDRESS, body).status_code == 302
    counts = list(Dossier.objects.order_by("pk").values_list("event_count", flat=True))
    assert client.post(ADDRESS, body).status_code == 302
    assert list(Dossier.objects.order_by("pk").values_list("event_count", flat=True)) == counts


def test_each_is_answered_for_itself(province: Province) -> None:
    fine, moved, further = waiting(province, 3)
    values = ticked([fine, moved])
    processing.assign(moved, by=province.head)
    further = processing.assign(further, by=province.head)
    further = processing.propose(further, by=province.specialist)
    values += ticked([further])
    foreign = province.log()
    client = browser_of(province.head)
    text = page(
        client.post(
            ADDRESS,
            {
                "ho-so": [*values, f"{foreign.code}@{foreign.event_count}", "khong@1", "sai"],
                "viec": "phan-cong",
                "note": "Chia việc",
            },
        )
    )
    assert states([fine, further]) == [State.IN_PROGRESS, State.AWAITING_SIGNATURE]
    assert foreign.events.count() == Dossier.objects.get(pk=foreign.pk).event_count
    # The other one was assigned by the same head a moment ago: that is what was asked for.
    assert "Đã xong 2 hồ sơ" in text
    assert "3 hồ sơ chưa làm được" in text
    assert "Chia việc" in text  # what was typed is still there
    assert "khong</span>" in text


def test_a_missing_reason_touches_none(province: Province) -> None:
    dossiers = waiting(province, 2)
    client = browser_of(province.head)
    answer = client.post(ADDRESS, {"ho-so": ticked(dossiers), "viec": "dung-giai-quyet"})
    assert answer.status_code == 200  # not an act for many: asked again which
    before = [dossier.event_count for dossier in dossiers]
    answer = client.post(ADDRESS, {"ho-so": ticked(dossiers), "viec": "chuyen-lai"})
    assert answer.status_code == 422
    assert [Dossier.objects.get(pk=d.pk).event_count for d in dossiers] == before
    assert "chỗ cần sửa" in page(answer)


def test_nothing_ticked_says_so(province: Province) -> None:
    client = browser_of(province.head)
    answer = client.get(ADDRESS, {"next": "board"}, follow=True)
    assert answer.redirect_chain == [("/bang-dieu-hanh/", 302)]
    assert "đánh dấu ít nhất một hồ sơ" in page(answer)
    answer = client.get(ADDRESS, {"next": "https://evil.example/"})
    assert answer["Location"] == "/hop-viec/"


@pytest.mark.parametrize("typed", [["x@"], ["@3"], ["a@1@b"], ["a@99999999999"], []])
def test_what_is_not_a_box_names_nothing(typed: list[str]) -> None:
    assert together.read_versions(typed) == {}


def test_no_more_than_a_page_is_taken() -> None:
    typed = [f"M-{n}@1" for n in range(500)]
    assert len(together.read_versions(typed)) == together.MOST_AT_ONCE


def test_choosing_costs_the_same_for_one_and_for_many(province: Province) -> None:
    client = browser_of(province.head)
    counted: list[Any] = []
    for dossiers in (waiting(province, 1), waiting(province, 6)):
        Dossier.objects.exclude(pk__in=[d.pk for d in dossiers]).update(holder_officer=None)
        with count_queries() as queries:
            page(client.get(ADDRESS, {"ho-so": ticked(dossiers), "viec": "phan-cong"}))
        counted.append(queries)
    assert len(counted[0]) == len(counted[1]), str(counted[1])
