"""The pages of a changed calendar: rehearsed, read, decided, applied; by whom and by whom not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.test import Client

from accounts.roles import Role
from agencies.models import Calendar, CalendarDay
from dossiers import clock
from dossiers.models import CalendarChange, CalendarMove, Dossier
from dossiers.services import calendar_changing
from dossiers.views import calendars as pages_of_calendars
from dossiers.views.calendars import working_words
from tests.budgets import count_queries
from tests.dossiers import stages
from tests.dossiers.pages import browser_of, page
from tests.factories import local
from tests.province import give_role

if TYPE_CHECKING:
    from tests.province import Province

DUE, LATER = local("2026-11-09 17:00"), local("2026-11-10 17:00")
URL = "/lich-lam-viec/"


@pytest.fixture(autouse=True)
def _day() -> Any:
    with time_machine.travel(local("2026-11-03 10:00"), tick=False):
        yield


@pytest.fixture
def dossier(province: Province) -> Dossier:
    with time_machine.travel(local("2026-11-02 09:00"), tick=False):
        return stages.in_progress(province)


def typed(*days: tuple[str, str, str], **changes: Any) -> dict[str, Any]:
    """Return what the page of a rehearsal sends; a day is (date, kind, name)."""
    body: dict[str, Any] = {
        "number": "77/TB-UBND",
        "announced_on": "2026-11-02",
        "calendar": Calendar.objects.order_by("pk").values_list("pk", flat=True)[0],
        "days-TOTAL_FORMS": max(4, len(days)),
        "days-INITIAL_FORMS": 0,
    }
    for place, (on, kind, name) in enumerate(days):
        body |= {
            f"days-{place}-on": on, f"days-{place}-kind": kind, f"days-{place}-name": name
        }  # fmt: skip
    return {**body, **changes}


OFF = ("2026-11-05", "swapped_off", "Nghỉ hoán đổi")
WORKED = ("2026-11-07", "make_up", "Làm bù")


def rehearsed(browser: Client, *days: tuple[str, str, str]) -> CalendarChange:
    answer = browser.post(f"{URL}thu/", typed(*days))
    assert answer.status_code == 302, page(answer)
    change = CalendarChange.objects.latest("pk")
    assert answer["Location"] == f"{URL}thu/{change.pk}/"
    return change


def decided(change: CalendarChange, **changes: Any) -> dict[str, Any]:
    return {"digest": bytes(change.digest).hex(), **changes}


def test_from_the_days_to_the_moved_promise(province: Province, dossier: Dossier) -> None:
    browser = browser_of(province.reformer)
    assert "Thử thay đổi lịch" in page(browser.get(URL))
    assert "Chọn loại" in page(browser.get(f"{URL}thu/"))
    change = rehearsed(browser, OFF)
    text = page(browser.get(f"{URL}thu/{change.pk}/"))
    for told in (
        "lịch và hồ sơ chưa thay đổi gì", "Sở Thử nghiệm", "1 ngày làm việc",
        str(dossier.code), "muộn hơn 1 ngày làm việc", "09/11/2026", "10/11/2026",
        "Nghỉ hoán đổi",
    ):  # fmt: skip
        assert told in text, told
    assert not CalendarDay.objects.filter(on="2026-11-05").exists()
    url = f"{URL}thu/{change.pk}/ap-dung/"
    # Later dates want a tick and a reason of their own.
    for missing in ({}, {"later_confirmed": "on"}, {"later_reason": "Bão"}):
        refused = browser.post(url, decided(change, later="move", **missing))
        assert refused.status_code == 422
        assert CalendarChange.objects.get().applied_at is None
    answer = browser.post(
        url, decided(change, later="move", later_confirmed="on", later_reason="Tránh bão"),
        follow=True,
    )  # fmt: skip
    assert "Đã áp dụng thay đổi lịch theo 77/TB-UBND" in page(answer)
    assert "Đã dời" in page(answer)
    assert "Danh sách lúc áp dụng đúng như lúc thử" in page(answer)
    dossier.refresh_from_db()
    assert dossier.due_at == LATER
    again = browser.post(url, decided(change, later="keep"), follow=True)
    assert "đã được áp dụng" in page(again)
    assert CalendarMove.objects.count() == 1
    told = page(browser.get(f"/ho-so/{dossier.code}/"))
    assert "Tránh bão" in told
    assert "Đã áp dụng" in page(browser.get(URL))


def test_by_default_the_promise_stands(province: Province, dossier: Dossier) -> None:
    browser = browser_of(province.reformer)
    change = rehearsed(browser, OFF)
    text = page(browser.get(f"{URL}thu/{change.pk}/"))
    assert text.count("checked") == 1  # the choice to keep
    browser.post(f"{URL}thu/{change.pk}/ap-dung/", decided(change, later="keep"))
    dossier.refresh_from_db()
    assert dossier.due_at == DUE
    assert CalendarMove.objects.get().outcome == "kept"


def test_the_administrator_keeps_the_calendar_and_sees_no_dossier(
    province: Province, dossier: Dossier
) -> None:
    keeper = province.stranger
    keeper.roles.all().delete()
    give_role(keeper, province.root, Role.ADMINISTRATOR)
    browser = browser_of(keeper)
    change = rehearsed(browser, OFF)
    text = page(browser.get(f"{URL}thu/{change.pk}/"))
    assert "Sở Thử nghiệm" in text  # counted by agency
    assert str(dossier.code) not in text
    assert 'name="later"' not in text
    # A choice that was not offered is not taken either.
    browser.post(
        f"{URL}thu/{change.pk}/ap-dung/",
        decided(change, later="move", later_confirmed="on", later_reason="Bão"),
    )
    dossier.refresh_from_db()
    assert dossier.due_at == DUE
    assert CalendarChange.objects.get().applied_by == keeper


def test_nobody_else_finds_the_pages(province: Province, dossier: Dossier) -> None:
    change = rehearsed(browser_of(province.reformer), OFF)
    addresses = ["", "thu/", f"thu/{change.pk}/"]
    acts = [f"thu/{change.pk}/thu-lai/", f"thu/{change.pk}/ap-dung/", "thu/"]
    for officer in (province.head, province.receptionist, province.specialist, province.clerk):
        browser = browser_of(officer)
        assert "Lịch làm việc" not in page(browser.get("/ho-so/"))
        for address in addresses:
            assert browser.get(URL + address).status_code == 404
        for address in acts:
            assert browser.post(URL + address, typed(OFF)).status_code == 404
    stranger = Client()
    assert stranger.get(URL)["Location"].startswith("/dang-nhap/")
    assert stranger.post(URL + acts[1])["Location"].startswith("/dang-nhap/")
    assert browser_of(province.reformer).get(f"{URL}thu/{change.pk}/ap-dung/").status_code == 405
    assert browser_of(province.reformer).get(f"{URL}thu/999999/").status_code == 404
    assert browser_of(province.reformer).get(f"{URL}thu/{10**30}/").status_code == 404
    assert CalendarChange.objects.get().applied_at is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"number": ""}, "Hãy ghi số văn bản công bố."),
        ({"announced_on": ""}, "Hãy ghi ngày văn bản."),
        ({"announced_on": "hôm qua"}, "Hãy ghi ngày như 31/08/2026."),
        ({"days-0-on": ""}, "Hãy ghi ngày."),
        ({"days-0-kind": ""}, "Hãy chọn loại ngày."),
        ({"days-0-name": ""}, "Hãy ghi tên của ngày này"),
        ({"days-0-on": "2026-11-07"}, "vốn là ngày nghỉ hằng tuần"),
        ({"days-0-kind": "remove"}, "không có gì để bỏ"),
        ({"days-0-kind": "x"}, "hợp lệ"),
        ({"calendar": "0"}, "hợp lệ"),
        ({"days-0-on": "", "days-0-kind": "", "days-0-name": ""}, "Hãy ghi từ 1 đến 31 ngày"),
        ({"number": "x" * 200}, "120"),
    ],
)
def test_what_is_wrong_stands_beside_what_was_typed(
    province: Province, body: dict[str, Any], told: str
) -> None:
    answer = browser_of(province.reformer).post(f"{URL}thu/", typed(OFF, **body))
    assert answer.status_code == 422
    assert told in page(answer)
    assert not CalendarChange.objects.exists()


def test_more_rows_without_a_script_lose_nothing(province: Province) -> None:
    browser = browser_of(province.reformer)
    answer = browser.post(f"{URL}thu/", typed(OFF, number="", more="1"))
    text = page(answer)
    assert answer.status_code == 200
    assert 'value="2026-11-05"' in text
    assert 'name="days-7-on"' in text
    assert 'role="alert"' not in text
    for asked in ("99999", "x", "31", ""):
        more = browser.post(f"{URL}thu/", typed(OFF, more="1", **{"days-TOTAL_FORMS": asked}))
        assert more.status_code == 200
        assert 'name="days-31-on"' not in page(more)
    assert not CalendarChange.objects.exists()


def test_a_rehearsal_nobody_read_is_not_applied(province: Province, dossier: Dossier) -> None:
    browser = browser_of(province.reformer)
    change = rehearsed(browser, OFF)
    url = f"{URL}thu/{change.pk}/"
    read = decided(change, later="keep")
    stages.in_progress(province)
    browser.post(f"{url}thu-lai/")
    assert "thử lại" in page(browser.post(f"{url}ap-dung/", read, follow=True)).lower()
    for digest in ("", "zz", "é", "00" * 32):
        browser.post(f"{url}ap-dung/", {"digest": digest, "later": "keep"})
    assert CalendarChange.objects.get().applied_at is None
    # Another change has come between: the page says so by itself.
    other = rehearsed(browser, WORKED)
    browser.post(f"{URL}thu/{other.pk}/ap-dung/", decided(other, earlier="keep"))
    assert "Lịch đã thay đổi sau lần thử này" in page(browser.get(url))
    browser.post(f"{url}thu-lai/")
    assert "Lịch đã thay đổi sau lần thử này" not in page(browser.get(url))


def test_a_large_rehearsal_is_left_to_the_queue(
    province: Province, dossier: Dossier, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = browser_of(province.reformer)
    knocked: list[Any] = []

    def later(task: Any, change_id: int) -> bool:
        knocked.append((task, change_id))
        return True

    monkeypatch.setattr(pages_of_calendars, "REHEARSED_AT_ONCE", 0)
    monkeypatch.setattr(clock, "knock_for_calendar", later)
    change = rehearsed(browser, OFF)
    assert "Đang tính trên toàn bộ hồ sơ" in page(browser.get(f"{URL}thu/{change.pk}/"))
    assert knocked == [(clock.rehearse_calendar, change.pk)]
    clock.rehearse_calendar(change.pk)
    assert str(dossier.code) in page(browser.get(f"{URL}thu/{change.pk}/"))
    # Applied, and its worker has not come yet.
    change.refresh_from_db()
    browser.post(f"{URL}thu/{change.pk}/ap-dung/", decided(change, later="keep"))
    assert "Đang thực hiện" in page(browser.get(f"{URL}thu/{change.pk}/"))
    assert knocked[-1] == (clock.change_calendar, change.pk)
    calendar_changing._planned(change.pk)
    assert "còn 1 hồ sơ" in page(browser.get(f"{URL}thu/{change.pk}/"))
    clock.rehearse_calendar(change.pk)  # a knock that came late changes nothing
    assert CalendarChange.objects.get().rehearsed_at == change.rehearsed_at


def test_the_list_is_paged_and_cut_by_agency(province: Province, dossier: Dossier) -> None:
    with time_machine.travel(local("2026-11-02 09:00"), tick=False):
        for _ in range(pages_of_calendars.PAGE_SIZE):
            province.log()
        other = province.log(competent_agency=province.elsewhere)
    browser = browser_of(province.reformer)
    change = rehearsed(browser, OFF)
    url = f"{URL}thu/{change.pk}/"
    first, second = page(browser.get(url)), page(browser.get(f"{url}?page=2"))
    assert first.count('class="code"') == pages_of_calendars.PAGE_SIZE
    assert second.count('class="code"') == 2
    assert "?page=2" in first
    only = page(browser.get(f"{url}?co-quan=H01.08"))
    assert only.count('class="code"') == 1
    assert str(other.code) in only
    assert "Hồ sơ của Sở Láng giềng" in only
    for odd in ("?page=0", "?page=x", "?co-quan=H99"):
        assert browser.get(url + odd).status_code == 200


def test_a_year_out_of_the_calendar_shows_its_nearest(province: Province) -> None:
    browser = browser_of(province.reformer)
    assert "Ngày đặc biệt năm 2027" in page(browser.get(f"{URL}?nam=2031"))
    assert "chưa công bố đủ" in page(browser.get(f"{URL}?nam=2027"))
    for odd in ("²026", "x", "99999999999", ""):
        assert "Ngày đặc biệt năm 2026" in page(browser.get(f"{URL}?nam={odd}"))
    assert browser.get(f"{URL}?lich=x").status_code == 200


@pytest.mark.parametrize("dossiers", [1, 12])
def test_the_page_of_a_change_runs_few_queries_for_any_number(
    province: Province, dossiers: int
) -> None:
    with time_machine.travel(local("2026-11-02 09:00"), tick=False):
        for _ in range(dossiers):
            province.log()
    browser = browser_of(province.reformer)
    change = rehearsed(browser, OFF)
    with count_queries() as reading:
        browser.get(f"{URL}thu/{change.pk}/")
    # Who asks, the change, its agencies, its days, how many are listed, the page of them.
    assert len(reading) <= 6, str(reading)
    browser.post(f"{URL}thu/{change.pk}/ap-dung/", decided(change, later="keep"))
    with count_queries() as applied:
        browser.get(f"{URL}thu/{change.pk}/")
    assert len(applied) <= 7, str(applied)
    with count_queries() as calendar:
        browser.get(URL)
    assert len(calendar) <= 5, str(calendar)


def test_a_template_never_lets_markup_through(province: Province, dossier: Dossier) -> None:
    browser = browser_of(province.reformer)
    change = rehearsed(browser, ("2026-11-05", "holiday", "<b>Nghỉ</b>"))
    text = page(browser.get(f"{URL}thu/{change.pk}/"))
    assert "<b>Nghỉ</b>" not in text
    assert "&lt;b&gt;Nghỉ" in text


def test_amounts_of_working_time_are_said_in_days_of_eight_hours() -> None:
    assert working_words(480) == "1 ngày làm việc"
    assert working_words(1035) == "2 ngày làm việc 1 giờ 15 phút"
    assert working_words(525, is_short=True) == "1 ngày 45 phút"
    assert working_words(0) == ""
