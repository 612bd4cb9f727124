"""The pages beside the board: where the time went, what comes due, the units, the list as a file."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import pytest
import time_machine

from accounts.roles import Role
from agencies.calendars import calendar_of
from dossiers import boards, outlook
from dossiers.models import Dossier
from dossiers.services import processing
from tests.budgets import count_queries
from tests.dossiers.pages import browser_of, page
from tests.dossiers.test_page_board import seen
from tests.factories import OfficerFactory, UserFactory, local
from tests.province import Province

MONDAY = "2026-08-03T09:00+07:00"
PAGES = ("", "khoi-luong/", "nguyen-nhan/", "muoi-ngay/", "don-vi/")


def looked_ahead(today: str = "2026-08-03") -> outlook.Outlook:
    return outlook.ahead(
        Dossier.objects.open(), Dossier.objects.all(), dt.date.fromisoformat(today), calendar_of()
    )


@time_machine.travel(MONDAY, tick=False)
def test_what_falls_due_is_set_against_the_pace(province: Province) -> None:
    for day in ("2026-07-30", "2026-08-03", "2026-08-04", "2026-08-04", "2026-08-14"):
        seen(province, f"{day} 17:00")
    seen(province, "2026-08-17 17:00")  # the eleventh working day
    seen(province, "2026-08-04 17:00", paused=True)
    for _each in range(10):
        seen(province, "2026-07-20 17:00", settled_at=local("2026-07-20 10:00"), state="settled")
    # Twenty working days before 3 August begin on 6 July: what was settled earlier is not the pace.
    seen(province, "2026-07-03 17:00", settled_at=local("2026-07-03 10:00"), state="settled")
    found = looked_ahead()
    assert (found.late, found.settled, found.since) == (1, 10, dt.date(2026, 7, 6))
    assert float(found.pace) == 0.5
    assert [day.due for day in found.days] == [1, 2, 0, 0, 0, 0, 0, 0, 0, 1]
    assert [day.to_do for day in found.days] == [2, 4, 4, 4, 4, 4, 4, 4, 4, 5]
    # 2 - 0,5 = 1,5: two dossiers, for half a one cannot be finished.
    assert [day.behind for day in found.days] == [2, 3, 3, 2, 2, 1, 1, 0, 0, 0]
    assert found.first_behind == found.days[0]
    text = page(browser_of(province.head).get("/bang-dieu-hanh/muoi-ngay/"))
    assert "0,5 hồ sơ mỗi ngày" in text
    assert "03/08/2026" in text


@time_machine.travel("2026-08-01T09:00+07:00", tick=False)  # a Saturday
def test_on_a_day_off_the_first_day_is_the_next_working_day(province: Province) -> None:
    found = looked_ahead("2026-08-01")
    assert found.days[0].on == dt.date(2026, 8, 3)
    assert len(found.days) == outlook.DAYS_AHEAD
    assert found.first_behind is None
    text = page(browser_of(province.head).get("/bang-dieu-hanh/muoi-ngay/"))
    assert "đủ cho mọi ngày hẹn" in text


def test_the_hours_add_up_and_name_who_had_it_longest(province: Province) -> None:
    with time_machine.travel("2026-08-03T08:00+07:00", tick=False):
        dossier = province.log()
    with time_machine.travel("2026-08-03T10:00+07:00", tick=False):
        processing.transfer(dossier, by=province.receptionist)
        processing.assign(dossier, by=province.head, assignee=province.specialist)
    now = local("2026-09-15 09:00")
    dossier.refresh_from_db()
    with time_machine.travel(now, tick=False):
        [cause] = outlook.causes([dossier], now, calendar_of())
        assert dossier.received_at is not None
        total = calendar_of().working_minutes_between(dossier.received_at, now)
        assert sum(spent.minutes for spent in cause.spent) == total
        assert cause.most is not None
        assert cause.most.holder.name.startswith(province.specialist.full_name)
        [first, second] = outlook.culprits([cause])
        assert (first.longest, second.longest) == (1, 0)
        assert second.minutes == 120
        text = page(browser_of(province.head).get("/bang-dieu-hanh/nguyen-nhan/"))
        assert dossier.code is not None
        assert dossier.code in text
        assert f"lâu nhất: {province.specialist.full_name}" in text


def test_the_applicants_time_is_nobodys_fault(province: Province) -> None:
    with time_machine.travel("2026-08-03T08:00+07:00", tick=False):
        dossier = processing.transfer(province.log(), by=province.receptionist)
        processing.assign(dossier, by=province.head, assignee=province.specialist)
        dossier.refresh_from_db()
        dossier = processing.request_supplement(
            dossier, by=province.head, reason="Thiếu bản vẽ", items=[], reply_by=None
        )
    now = local("2026-08-20 09:00")
    [cause] = outlook.causes([dossier], now, calendar_of())
    assert cause.most is None or cause.most.minutes == 0
    assert outlook.culprits([cause]) == []


@time_machine.travel(MONDAY, tick=False)
def test_the_units_add_up_and_lead_to_their_board(province: Province) -> None:
    seen(province, "2026-07-30 17:00")
    seen(province, "2026-08-03 17:00")
    seen(province, "2026-08-20 17:00", paused=True)
    seen(province, "2026-08-20 17:00", competent_agency=province.elsewhere)
    bounds = boards.Bounds.at(local("2026-08-03 09:00"), calendar_of())
    found = outlook.by_agency(Dossier.objects.open(), bounds)
    assert sum(row["total"] for row in found) == Dossier.objects.open().count()
    first = found[0]
    assert (first["qua_han"], first["hom_nay"], first["tam_dung"]) == (1, 1, 1)
    assert first["apologies"] == 2
    text = page(browser_of(province.head).get("/bang-dieu-hanh/don-vi/"))
    assert f"/bang-dieu-hanh/?co-quan={province.department.code}" in text


@time_machine.travel(MONDAY, tick=False)
def test_apologies_are_written_for_all_that_need_one(province: Province) -> None:
    with time_machine.travel("2026-07-01T08:00+07:00", tick=False):
        made = [processing.transfer(province.log(), by=province.receptionist) for _each in "ab"]
    due = made[0].due_on
    assert due is not None
    with time_machine.travel(local(f"{due} 08:30"), tick=False):
        client = browser_of(province.head)
        text = page(client.get("/bang-dieu-hanh/"))
        assert "2 hồ sơ đã đến hoặc quá ngày hẹn mà chưa có thư xin lỗi" in text
        asked = page(
            client.get(
                "/hop-viec/nhieu-ho-so/",
                {"nhom": "can-xin-loi", "viec": "xin-loi-hen-lai", "next": "board"},
            )
        )
        assert 'name="new_due_on"' in asked
        values = [f"{each.code}@{each.event_count}" for each in made]
        assert all(value in asked for value in values)
        new_due = calendar_of().add_working_days(due, 2)
        answer = client.post(
            "/hop-viec/nhieu-ho-so/",
            {
                "ho-so": values, "viec": "xin-loi-hen-lai", "next": "board",
                "new_due_on": new_due.isoformat(), "reason": "Chờ ý kiến liên ngành",
            },
        )  # fmt: skip
        assert answer.status_code == 302, page(answer)
        for each in made:
            each.refresh_from_db()
            assert each.due_promised_at is not None
            assert each.due_on == due or each.due_original_at is not None
            assert each.slips.filter(kind="apology").count() == 1
        assert "chưa có thư xin lỗi" not in page(client.get("/bang-dieu-hanh/"))
        again = client.get(
            "/hop-viec/nhieu-ho-so/", {"nhom": "can-xin-loi", "next": "board"}, follow=True
        )
        assert "Không hồ sơ nào cần thư xin lỗi" in page(again)


@time_machine.travel(MONDAY, tick=False)
def test_the_list_is_a_file_without_formulas(province: Province) -> None:
    late = seen(province, "2026-07-30 17:00", owner_name='=HYPERLINK("x")')
    seen(province, "2026-08-20 17:00")
    answer: Any = browser_of(province.head).get("/bang-dieu-hanh/danh-sach.csv?nhom=qua-han")
    assert answer["Content-Disposition"] == 'attachment; filename="qua-han-20260803.csv"'
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    lines = list(csv.reader(io.StringIO(text[1:])))
    assert len(lines) == 2
    assert lines[1][0] == late.code
    assert lines[1][2] == '\'=HYPERLINK("x")'
    assert lines[1][4].startswith("Quá hạn")


@pytest.mark.parametrize("name", [*PAGES, "danh-sach.csv"])
def test_only_who_supervises_looks(province: Province, name: str) -> None:
    address = f"/bang-dieu-hanh/{name}"
    assert browser_of(province.specialist).get(address).status_code in {403, 404}
    assert browser_of(province.head).get(address).status_code == 200


@time_machine.travel(MONDAY, tick=False)
def test_a_neighbours_dossier_is_on_none_of_them(province: Province) -> None:
    hidden = seen(province, "2026-07-30 17:00", owner_name="Người Ở Nơi Khác")
    client = browser_of(
        OfficerFactory.create(
            user=UserFactory.create(), agency=province.elsewhere, roles=[Role.HEAD]
        )
    )
    for name in PAGES:
        text = page(client.get(f"/bang-dieu-hanh/{name}"))
        assert str(hidden.code) not in text
        assert "Người Ở Nơi Khác" not in text
    answer: Any = client.get("/bang-dieu-hanh/danh-sach.csv")
    assert b"H01" not in b"".join(answer.streaming_content).split(b"\n", 1)[1]


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize("name", PAGES[1:])
def test_a_page_costs_the_same_for_few_and_for_many(province: Province, name: str) -> None:
    client = browser_of(province.head)
    page(client.get(f"/bang-dieu-hanh/{name}"))  # the calendar's days are read once
    counted = []
    for more in (1, 12):
        for _each in range(more):
            seen(province, "2026-07-30 17:00")
        with count_queries() as queries:
            page(client.get(f"/bang-dieu-hanh/{name}"))
        counted.append(queries)
    assert len(counted[0]) == len(counted[1]) <= 6, str(counted[1])


def test_nothing_to_supervise_is_said(province: Province) -> None:
    client = browser_of(province.head)
    for name in PAGES:
        answer = client.get(f"/bang-dieu-hanh/{name}")
        assert answer.status_code == 200
    assert "Không hồ sơ nào quá hạn" in page(client.get("/bang-dieu-hanh/nguyen-nhan/"))
