"""Paper files change hands in a real browser: written at the counter, received on a telephone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dossiers.models import HandOver, PaperFile
from tests.browser.looking import check
from tests.browser.test_walk import sign_in
from tests.dossiers import stages
from tests.province import Province, make_province

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def province(transactional_db: Any, monkeypatch: pytest.MonkeyPatch) -> Province:
    monkeypatch.setattr("dossiers.tasks.knock", lambda slip_id: True)
    return make_province()


def test_two_files_go_and_one_arrives(
    browser: Browser, live_server: Any, province: Province
) -> None:
    kept, lost = stages.awaiting_assignment(province), stages.awaiting_assignment(province)
    desk = sign_in(browser, live_server.url, "tiepnhan")
    desk.goto(f"{live_server.url}/ban-giao/")
    check(desk, "hand-over-none")
    desk.get_by_role("link", name="Lập phiếu bàn giao").click()
    check(desk, "hand-over-choose")
    desk.get_by_role("link", name=province.department.name).click()
    desk.get_by_label(str(kept.code)).check()
    desk.get_by_label("Thêm hồ sơ theo mã").fill(str(lost.code).lower())
    desk.get_by_label("Túi hồ sơ có niêm phong").check()
    check(desk, "hand-over-new")
    desk.get_by_role("button", name="Lập phiếu").click()
    desk.get_by_text("Đã lập phiếu bàn giao số 1").wait_for()
    check(desk, "hand-over-written")
    sheet = HandOver.objects.get()
    address = live_server.url + sheet.get_absolute_url()
    pdf = desk.request.get(f"{address}phieu.pdf")
    assert pdf.body().startswith(b"%PDF-")

    clerk = sign_in(browser, live_server.url, "vanthu")  # on a telephone
    clerk.goto(f"{live_server.url}/ban-giao/")
    check(clerk, "hand-over-awaited")
    clerk.get_by_role("link", name=f"1/{sheet.year}").click()
    clerk.get_by_label(str(kept.code), exact=True).check()
    clerk.get_by_label("Để vào (kệ, tủ, ngăn)").fill("Tủ 2")
    check(clerk, "hand-over-receive")
    clerk.get_by_role("button", name="Ký nhận, phần không đánh dấu là thiếu").click()
    clerk.get_by_text("Thiếu 1 hồ sơ.", exact=True).wait_for()
    check(clerk, "hand-over-short")
    assert PaperFile.objects.get(dossier=kept).shelf == "Tủ 2"

    desk.goto(f"{live_server.url}/ho-so/{lost.code}/ho-so-giay/")
    desk.get_by_text("Đang đi đường").wait_for()
    check(desk, "hand-over-place")
    desk.goto(address)
    desk.get_by_label(str(lost.code), exact=True).check()
    desk.get_by_role("button", name="Hồ sơ đã đánh dấu vẫn ở bên giao").click()
    desk.get_by_text("1 hồ sơ vẫn ở bên giao.").wait_for()
    desk.goto(f"{live_server.url}/ho-so/{lost.code}/")
    check(desk, "hand-over-dossier")
    assert PaperFile.objects.get(dossier=lost).agency == province.centre
    for page in (desk, clerk):
        page.close()


def test_the_board_of_procedures_fits_a_telephone_and_a_screen(
    browser: Browser, live_server: Any, province: Province
) -> None:
    for width in (360, 768, 1440):
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto(f"{live_server.url}/niem-yet/")
        check(page, "notice-board-list")
        page.get_by_role("link", name="Trung tâm Phục vụ hành chính công tỉnh").click()
        page.get_by_role("link", name=province.procedure.name).wait_for()
        check(page, "notice-board")
        page.close()
