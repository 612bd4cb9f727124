"""The board: what is late, what comes due, who holds it; for those who answer for it."""

from __future__ import annotations

import re
from typing import Any

import pytest
import time_machine

from dossiers import boards
from dossiers import pages as keyset
from dossiers.deadlines import Timeliness
from dossiers.models import Dossier
from dossiers.services import processing
from dossiers.views import rows
from tests.budgets import count_queries
from tests.dossiers.pages import browser_of, page
from tests.dossiers.test_page_list import codes
from tests.factories import DossierFactory, local
from tests.province import Province

MONDAY = "2026-08-03T09:00+07:00"


def seen(province: Province, due: str, **changes: Any) -> Dossier:
    parts = {
        "procedure": province.procedure,
        "receiving_agency": province.centre,
        "competent_agency": province.department,
        "holder_officer": province.specialist,
        "received_at": local("2026-07-20 08:00"),
        "due_at": local(due),
    }
    return DossierFactory.create(**{**parts, **changes})


@time_machine.travel(MONDAY, tick=False)
def test_the_groups_are_counted_and_listed(province: Province) -> None:
    made = {
        "qua-han": seen(province, "2026-07-31 17:00"),
        "hom-nay": seen(province, "2026-08-03 17:00"),
        "sap-den-han": seen(province, "2026-08-05 17:00"),
        "tam-dung": seen(province, "2026-07-31 17:00", paused=True),
        "con-han": seen(province, "2026-08-06 17:00"),
    }
    seen(province, "2026-07-30 17:00", settled=True)
    client = browser_of(province.head)
    for group, dossier in made.items():
        text = page(client.get("/bang-dieu-hanh/", {"nhom": group}))
        assert codes(text) == [dossier.code], group
        assert "Trần" not in text
        assert text.count('<span class="figure">1</span>') == 5
        assert "trên 5 hồ sơ" in text
    assert codes(page(client.get("/bang-dieu-hanh/"))) == [made["qua-han"].code]
    assert str(province.specialist) in page(client.get("/bang-dieu-hanh/"))


@time_machine.travel("2026-08-21T16:00+07:00", tick=False)  # Friday before a make-up Saturday
def test_the_groups_say_of_many_what_the_clock_says_of_one(province: Province) -> None:
    from django.utils import timezone

    from agencies.calendars import calendar_of

    for day in range(15, 32):
        seen(province, f"2026-08-{day} 11:30")
    now, calendar = timezone.now(), calendar_of()
    bounds = boards.Bounds.at(now, calendar)
    group_of = {
        Timeliness.OVERDUE: "qua-han",
        Timeliness.TODAY: "hom-nay",
        Timeliness.SOON: "sap-den-han",
        Timeliness.IN_TIME: "con-han",
    }
    for group in group_of.values():
        for dossier in Dossier.objects.open().filter(bounds.condition(group)):
            value = rows.clock_of(dossier, now, calendar).value
            assert group_of[Timeliness(value)] == group, dossier.due_at
    assert sum(boards.counts(Dossier.objects.open(), bounds).groups.values()) == 17


@time_machine.travel(MONDAY, tick=False)
def test_the_board_shows_who_holds_it_and_since_when(province: Province) -> None:
    dossier = province.log(received_at=local("2026-07-20 08:00"), reason="Nhập muộn")
    processing.transfer(dossier, by=province.receptionist, at=local("2026-07-21 14:10"))
    text = page(browser_of(province.head).get("/bang-dieu-hanh/"))
    assert codes(text) == [dossier.code]
    assert "Sở Thử nghiệm" in text
    assert "từ 14:10, 21/07/2026" in text
    assert "phan-cong" in text


@time_machine.travel(MONDAY, tick=False)
def test_an_agency_is_chosen_among_those_in_sight(province: Province) -> None:
    here = seen(province, "2026-07-31 17:00")
    there = seen(province, "2026-07-30 17:00", competent_agency=province.elsewhere)
    everything = browser_of(province.reformer)
    assert codes(page(everything.get("/bang-dieu-hanh/"))) == [there.code, here.code]
    text = page(everything.get("/bang-dieu-hanh/", {"co-quan": "H01.07"}))
    assert codes(text) == [here.code]
    assert "co-quan=H01.07" in text  # the other groups keep the choice
    head = browser_of(province.head)
    assert codes(page(head.get("/bang-dieu-hanh/", {"co-quan": "H01.08"}))) == [here.code]


@time_machine.travel(MONDAY, tick=False)
def test_the_board_is_for_those_who_answer_for_it(province: Province) -> None:
    for officer in (province.receptionist, province.specialist, province.clerk):
        assert browser_of(officer).get("/bang-dieu-hanh/").status_code == 404
    for officer in (province.head, province.reformer, province.stranger):
        assert browser_of(officer).get("/bang-dieu-hanh/").status_code == 200


@time_machine.travel(MONDAY, tick=False)
def test_every_row_comes_once_over_the_pages(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyset.page_of, "__defaults__", (3,))
    wanted = [seen(province, "2026-07-31 17:00").code for _ in range(8)]
    client = browser_of(province.head)
    found: list[str] = []
    url = "/bang-dieu-hanh/"
    while url:
        text = page(client.get(url))
        found += codes(text)
        following = re.search(r'href="(\?[^"]+)" rel="next"', text)
        url = "/bang-dieu-hanh/" + following[1].replace("&amp;", "&") if following else ""
    assert found == wanted
    assert client.get("/bang-dieu-hanh/?sau=x").status_code == 302


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize("who", ["head", "reformer"])
def test_the_board_asks_at_most_six_queries_for_one_row_and_for_thirty(
    province: Province, who: str
) -> None:
    client = browser_of(getattr(province, who))
    seen(province, "2026-07-31 17:00")
    client.get("/bang-dieu-hanh/")
    counts = []
    for more in (0, 29):
        for _ in range(more):
            seen(province, "2026-07-31 17:00")
        with count_queries() as queries:
            assert client.get("/bang-dieu-hanh/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6


@time_machine.travel(MONDAY, tick=False)
def test_an_empty_board_says_so(province: Province) -> None:
    assert "Không hồ sơ nào quá hạn" in page(browser_of(province.head).get("/bang-dieu-hanh/"))


HTMX = {"HX-Request": "true"}


@time_machine.travel("2026-11-10T09:00+07:00", tick=False)
def test_the_board_explains_a_date_without_leaving_it(province: Province) -> None:
    dossier = province.log()
    head = browser_of(province.head)
    text = page(head.get("/bang-dieu-hanh/?nhom=con-han"))
    assert 'id="vi-sao"' not in text
    link = re.findall(r'href="(\?[^"]*vi-sao=[^"]*)#vi-sao"', text)
    assert link == [f"?nhom=con-han&amp;vi-sao={dossier.code}"]
    told = page(head.get(f"/bang-dieu-hanh/?nhom=con-han&vi-sao={dossier.code}"))
    assert f"Vì sao hẹn 17/11/2026: hồ sơ {dossier.code}" in told
    assert "Thứ Tư 11/11/2026: ngày làm việc thứ 1." in told
    # The other groups are looked at without it.
    assert "nhom=qua-han&amp;vi-sao" not in told
    # And the table answers htmx alone, as before.
    part = head.get("/bang-dieu-hanh/?nhom=con-han", headers={**HTMX, "HX-Target": "dossiers"})
    assert 'id="vi-sao"' not in page(part)


@time_machine.travel("2026-11-10T09:00+07:00", tick=False)
def test_a_dossier_out_of_sight_is_not_explained(province: Province) -> None:
    dossier = province.log()
    stranger = browser_of(province.stranger)
    for code in (dossier.code, "KHONG-CO", "9" * 60, ""):
        answer = stranger.get(f"/bang-dieu-hanh/?vi-sao={code}")
        assert answer.status_code == 200
        assert 'id="vi-sao"' not in page(answer)
