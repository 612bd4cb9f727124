"""The pictures of the guide, taken by walking the product.

Taken anew into the guide with
`MOTCUA_PICTURES=docs/guide/pictures make test PYTEST_ARGS=tests/browser/test_guide.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from dossiers.models import Dossier
from dossiers.services import processing
from motcua import guide
from tests.browser.looking import PICTURES, sign_in
from tests.browser.test_walk import PASSWORD
from tests.dossiers.test_page_board import seen
from tests.province import Province, make_province

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def province(transactional_db: Any) -> Province:
    return make_province()


def signed_in(browser: Browser, address: str, username: str) -> Page:
    page = browser.new_page(viewport={"width": 1200, "height": 760})
    sign_in(page, address, username, PASSWORD)
    return page


def shoot(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.evaluate("document.fonts.ready")
    page.screenshot(path=PICTURES / f"{name}.png")


def test_the_pictures_of_the_guide(browser: Browser, live_server: Any, province: Province) -> None:
    address = live_server.url
    for name in ("Nguyễn Thị Ánh Tuyết", "Công ty TNHH Cửu Long Phát", "Trần Kim Tuyết"):
        dossier = processing.transfer(province.log(), by=province.receptionist)
        Dossier.objects.filter(pk=dossier.pk).update(owner_name=name)
        seen(province, "2026-07-30 17:00", owner_name=name, holder_agency=province.department)
        seen(province, "2036-07-30 17:00", owner_name=name, holder_agency=province.department)

    desk = signed_in(browser, address, "tiepnhan")
    desk.goto(f"{address}/tiep-nhan/")
    desk.get_by_label("Quét căn cước hoặc gõ số giấy tờ").fill("089187004215")
    desk.get_by_label("Họ và tên, hoặc tên tổ chức").fill("Nguyễn Thị Ánh Tuyết")
    desk.get_by_label("Gõ vài chữ tên thủ tục").press_sequentially("thu tuc thu nghiem")
    desk.locator("#found").get_by_role("radio").first.check()
    desk.locator(".deadline").first.wait_for()
    desk.evaluate("scrollTo(0, 0)")
    shoot(desk, "quay-tiep-nhan")

    head = signed_in(browser, address, "lanhdao")
    head.goto(f"{address}/hop-viec/")
    for box in head.locator("td.pick input").all()[:2]:
        box.check()
    head.evaluate("scrollTo(0, 0)")
    shoot(head, "hop-viec")
    head.goto(f"{address}/bang-dieu-hanh/")
    shoot(head, "bang-dieu-hanh")
    reform = signed_in(browser, address, "kstthc")
    reform.goto(f"{address}/bang-dieu-hanh/don-vi/")
    shoot(reform, "don-vi")

    citizen = browser.new_page(viewport={"width": 390, "height": 780})
    citizen.goto(address)
    citizen.get_by_label("Gõ mã hồ sơ trên giấy hẹn").fill(str(dossier.code))
    citizen.get_by_role("button", name="Tìm").click()
    citizen.get_by_label("4 ký tự cuối").fill("3456")
    citizen.get_by_role("button", name="Xem hồ sơ").click()
    citizen.wait_for_load_state()
    shoot(citizen, "tra-cuu")

    for name in guide.PAGES:
        citizen.goto(f"{address}/huong-dan/{name}/")
        assert citizen.evaluate("document.documentElement.scrollWidth") <= 390
        found = Axe().run(citizen, options={"preload": False})
        assert found.violations_count == 0, found.generate_report()
    for page in (desk, head, reform, citizen):
        page.close()
