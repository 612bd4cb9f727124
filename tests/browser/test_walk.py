"""The first stone: reception, processing, result, the citizen's page and the report in one walk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from accounts.personal_data import unseal
from dossiers.models import Dossier
from dossiers.qr_tokens import digest_of
from tests.browser.looking import check
from tests.province import Province, make_province

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "mat-khau-thu-nghiem"
WIDTHS = {"tiepnhan": 1440, "thuly": 768, "lanhdao": 1440, "vanthu": 360, "kstthc": 1440}


@pytest.fixture
def province(transactional_db: Any) -> Province:
    return make_province()


def sign_in(browser: Browser, address: str, username: str) -> Page:
    page = browser.new_page(viewport={"width": WIDTHS[username], "height": 900})
    page.goto(f"{address}/dang-nhap/")
    page.get_by_label("Tên đăng nhập").fill(username)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_label("Mật khẩu").press("Enter")
    page.wait_for_load_state()
    return page


def act(page: Page, address: str, code: str, button: str, name: str) -> None:
    """Open the dossier, press the next act, and confirm where it asks for more."""
    page.goto(f"{address}/ho-so/{code}/")
    check(page, f"walk-{name}")
    before = Dossier.objects.get(code=code).event_count
    door = page.locator(".next [data-kind=primary]").first
    assert button in door.inner_text()
    door.click()
    page.wait_for_load_state("networkidle")
    if Dossier.objects.get(code=code).event_count == before:
        confirm = page.locator("main form:has(textarea, input:visible, select) button").filter(
            has_text=button
        )
        confirm.last.wait_for()
        if (number := page.locator("main [name=result_number]")).count():
            number.fill("12/KQ")
        check(page, f"walk-{name}-form")
        confirm.last.click()
        page.wait_for_load_state("networkidle")
    assert Dossier.objects.get(code=code).event_count == before + 1


def test_a_dossier_walks_from_the_counter_to_the_report(
    browser: Browser, live_server: Any, province: Province
) -> None:
    address = live_server.url

    desk = sign_in(browser, address, "tiepnhan")
    desk.goto(f"{address}/tiep-nhan/")
    desk.get_by_label("Quét căn cước hoặc gõ số giấy tờ").fill("089187004215")
    desk.get_by_label("Họ và tên, hoặc tên tổ chức").fill("Nguyễn Thị Ánh Tuyết")
    desk.get_by_label("Điện thoại nhận tin").fill("0900123456")
    desk.get_by_label("Gõ vài chữ tên thủ tục").press_sequentially("thu tuc thu nghiem")
    desk.locator("#found").get_by_role("radio").first.check()
    desk.locator(".deadline").first.wait_for()
    desk.get_by_label("Tôi xác nhận hồ sơ đủ giấy tờ").check()
    check(desk, "walk-desk")
    desk.get_by_role("button", name="Nhận và in giấy hẹn").click()
    desk.get_by_role("heading", name="Đã nhận hồ sơ").wait_for()
    check(desk, "walk-logged")

    dossier = Dossier.objects.get()
    code = str(dossier.code)
    assert desk.locator("#dossier-code").inner_text() == code
    receipt = desk.request.get(
        address + str(desk.get_by_role("link", name="Mở giấy hẹn để in").get_attribute("href"))
    )
    assert receipt.headers["content-type"] == "application/pdf"
    assert receipt.body().startswith(b"%PDF-")

    act(desk, address, code, "Chuyển cơ quan giải quyết", "transfer")
    head = sign_in(browser, address, "lanhdao")
    head.goto(f"{address}/hop-viec/")
    check(head, "walk-inbox")
    act(head, address, code, "Phân công", "assign")
    specialist = sign_in(browser, address, "thuly")
    act(specialist, address, code, "Trình ký", "propose")
    act(head, address, code, "Ký duyệt", "approve")
    head.goto(f"{address}/bang-dieu-hanh/")
    check(head, "walk-board")
    clerk = sign_in(browser, address, "vanthu")
    act(clerk, address, code, "Phát hành kết quả", "publish")
    act(desk, address, code, "Trả kết quả", "return")
    dossier.refresh_from_db()
    assert dossier.state == "returned"

    citizen = browser.new_page(viewport={"width": 360, "height": 740})
    citizen.goto(f"{address}/thu-tuc/?q=thu+nghiem")
    check(citizen, "walk-catalogue")
    citizen.goto(f"{address}/thu-tuc/{province.procedure.code}/")
    check(citizen, "walk-procedure")
    citizen.get_by_role("heading", level=1, name=province.procedure.name).wait_for()
    citizen.goto(address)
    check(citizen, "walk-home")
    citizen.get_by_label("Gõ mã hồ sơ trên giấy hẹn").fill(code.lower())
    citizen.get_by_role("button", name="Tìm").click()
    citizen.get_by_label("4 ký tự cuối").fill("3456")
    citizen.get_by_role("button", name="Xem hồ sơ").click()
    citizen.get_by_text("trả kết quả").first.wait_for()
    check(citizen, "walk-citizen")
    assert "Tuyết" not in citizen.content()
    slip = dossier.slips.get(kind="receipt")
    token = unseal(slip.qr_sealed)
    assert digest_of(token) == bytes(slip.qr_digest)
    citizen.goto(f"{address}/q/{token}/")
    check(citizen, "walk-qr")
    assert "Tuyết" not in citizen.content()

    reform = sign_in(browser, address, "kstthc")
    reform.goto(f"{address}/bao-cao/")
    check(reform, "walk-report")
    assert "trước hạn" in reform.content()
    table = reform.locator("table.report").first
    assert table.locator("tfoot td, tfoot th").filter(has_text="1").count() > 0
    for page in (desk, head, specialist, clerk, citizen, reform):
        page.close()
