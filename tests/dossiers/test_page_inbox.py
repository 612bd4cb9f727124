"""The inbox shows what waits for the officer, by the clock, and costs the same for 1 row and 30."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from accounts.roles import Role
from agencies.models import Officer
from dossiers.models import Dossier
from dossiers.services import closing, processing
from dossiers.views import inboxes, rows
from tests.budgets import count_queries
from tests.dossiers.pages import browser_of, page
from tests.factories import DossierFactory, OfficerFactory, UserFactory, local
from tests.province import Province

MONDAY = "2026-08-03T09:00+07:00"


def held(province: Province, **changes: object) -> Dossier:
    parts = {
        "procedure": province.procedure,
        "receiving_agency": province.centre,
        "competent_agency": province.department,
        "holder_agency": province.department,
        "holder_officer": province.specialist,
    }
    return DossierFactory.create(**{**parts, **changes})


@time_machine.travel(MONDAY, tick=False)
def test_the_most_urgent_comes_first_under_the_headings_of_the_clock(province: Province) -> None:
    later = held(province, due_at=local("2026-08-20 17:00"))
    overdue = held(
        province, received_at=local("2026-07-20 08:00"), due_at=local("2026-07-31 17:00")
    )
    today = held(province, due_at=local("2026-08-03 17:00"))
    soon = held(province, due_at=local("2026-08-05 17:00"))
    text = page(browser_of(province.specialist).get("/hop-viec/")).partition("</thead>")[2]
    places = [text.index(str(each.code)) for each in (overdue, today, soon, later)]
    assert places == sorted(places)
    headings = ["Đã quá hẹn", "Hẹn hôm nay", "Trong hai ngày làm việc tới", "Còn thời gian"]
    found = [text.index(heading) for heading in headings]
    assert found == sorted(found)


@time_machine.travel(MONDAY, tick=False)
def test_each_officer_finds_their_own_work_and_its_button(province: Province) -> None:
    dossier = province.log()
    code = str(dossier.code)
    assert code in page(browser_of(province.receptionist).get("/hop-viec/"))
    assert code not in page(browser_of(province.head).get("/hop-viec/"))
    processing.transfer(dossier, by=province.receptionist)
    assert code not in page(browser_of(province.receptionist).get("/hop-viec/"))
    text = page(browser_of(province.head).get("/hop-viec/"))
    assert code in text
    assert f'href="/ho-so/{code}/phan-cong/?next=inbox"' in text
    processing.assign(dossier, by=province.head)
    # The head may ask for a supplement, but no dossier lies in the inbox for that.
    assert code not in page(browser_of(province.head).get("/hop-viec/"))
    text = page(browser_of(province.specialist).get("/hop-viec/"))
    assert f'action="/ho-so/{code}/trinh-ky/"' in text


@time_machine.travel(MONDAY, tick=False)
def test_a_colleagues_dossier_is_in_the_units_list_only(province: Province) -> None:
    colleague = OfficerFactory.create(
        user=UserFactory.create(), agency=province.department, roles=[Role.SPECIALIST]
    )
    dossier = held(province, holder_officer=colleague)
    mine = browser_of(province.specialist)
    assert str(dossier.code) not in page(mine.get("/hop-viec/"))
    assert str(dossier.code) in page(mine.get("/hop-viec/?xem=don-vi"))


@time_machine.travel(MONDAY, tick=False)
def test_what_waits_for_the_citizen_stands_last_and_a_result_waits_before_it(
    province: Province,
) -> None:
    counter = {"holder_agency": province.centre, "holder_officer": None}
    paused = held(province, paused=True, due_at=local("2026-08-03 17:00"))
    settled = held(province, settled=True, **counter)
    running = held(province, state="received", due_at=local("2026-08-20 17:00"), **counter)
    text = page(browser_of(province.receptionist).get("/hop-viec/"))
    places = [text.index(str(each.code)) for each in (running, settled, paused)]
    assert places == sorted(places)


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_every_row_comes_once_however_the_pages_are_cut(province: Province, size: int) -> None:
    counter = {"holder_agency": province.centre, "holder_officer": None}
    for day in (4, 5, 6):
        held(province, state="received", due_at=local(f"2026-08-0{day} 17:00"), **counter)
    held(province, state="received", due_at=None, due_on=None, **counter)
    for _ in range(3):
        held(province, settled=True, **counter)
    held(province, paused=True)
    officer = Officer.objects.get(pk=province.receptionist.pk)
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        found, cursor = inboxes.page_of(
            rows.slim(Dossier.objects.all()), officer, dt.date(2026, 8, 3), cursor, size=size
        )
        assert len(found) <= size
        seen += [dossier.pk for dossier in found]
    assert len(seen) == len(set(seen)) == 8


@time_machine.travel(MONDAY, tick=False)
def test_a_made_up_cursor_leads_to_the_first_page(province: Province) -> None:
    for cursor in ("x", "rzzz", "r", "\u0661", "p" + "A" * 500):
        answer = browser_of(province.specialist).get("/hop-viec/", {"sau": cursor})
        assert answer.status_code in {200, 302}


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize("who", ["specialist", "receptionist"])
def test_the_inbox_asks_at_most_six_queries_for_one_row_and_for_thirty(
    province: Province, who: str
) -> None:
    officer = getattr(province, who)
    here = {} if who == "specialist" else {"holder_agency": province.centre, "state": "received"}
    counts = []
    client = browser_of(officer)
    held(province, **here)
    client.get("/hop-viec/")  # the calendar is read once a process
    for more in (0, 29):
        for _ in range(more):
            held(province, **here)
        with count_queries() as queries:
            assert client.get("/hop-viec/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6


def test_a_result_leaves_the_inbox_when_it_is_handed_over(province: Province) -> None:
    dossier = province.log()
    processing.transfer(dossier, by=province.receptionist)
    processing.assign(dossier, by=province.head)
    processing.propose(dossier, by=province.specialist)
    processing.approve(dossier, by=province.head)
    closing.publish(dossier, by=province.clerk, result_number="12/KQ")
    desk = browser_of(province.receptionist)
    assert str(dossier.code) in page(desk.get("/hop-viec/"))
    closing.return_result(dossier, by=province.receptionist, at=timezone.now())
    assert str(dossier.code) not in page(desk.get("/hop-viec/"))


def test_an_empty_inbox_says_so(province: Province) -> None:
    assert "Không còn việc nào chờ bạn" in page(browser_of(province.clerk).get("/hop-viec/"))
