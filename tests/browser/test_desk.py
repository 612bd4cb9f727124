"""The desk on a low screen, in a real browser: in reach, in focus, without a fault in the console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dossiers.models import Dossier
from dossiers.services.intake import Person
from procedures.models import RequiredDocument
from tests.browser.looking import check
from tests.browser.test_walk import PASSWORD
from tests.province import Province, make_province

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONGEST = "Đ" * 200


@pytest.fixture
def province(transactional_db: Any) -> Province:
    return make_province()


@pytest.fixture
def desk(browser: Browser, live_server: Any, province: Province) -> Any:
    """The receptionist's screen of 1366 x 768; `faults` collects what the console complains of."""
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    faults: list[str] = []
    page.on(
        "console",
        lambda said: (
            # A form that comes back with what is wrong in it (422) is an answer.
            faults.append(said.text) if said.type == "error" and "422" not in said.text else None
        ),
    )
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{live_server.url}/dang-nhap/")
    page.get_by_label("Tên đăng nhập").fill("tiepnhan")
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_label("Mật khẩu").press("Enter")
    page.wait_for_url("**/tiep-nhan/")
    yield page
    page.close()
    assert faults == []


def test_the_desk_asks_once_and_keeps_its_buttons_in_reach(desk: Page, province: Province) -> None:
    version = province.procedure.versions.get()
    for position, name in enumerate(["Đơn", "Bản vẽ"]):
        RequiredDocument.objects.create(version=version, position=position, name=name)
    asked: list[str] = []
    desk.on("request", lambda sent: asked.append(sent.url) if "xem-truoc" in sent.url else None)

    # A scanner types into the page as it opens, and ends with Enter.
    desk.keyboard.type("089187004215")
    with desk.expect_response("**/xem-truoc/"):
        desk.keyboard.press("Enter")
    assert len(asked) == 1
    assert desk.locator("#id_personal_id").input_value() == "089187004215"

    desk.get_by_label("Họ và tên, hoặc tên tổ chức").fill(LONGEST)
    desk.get_by_label("Gõ vài chữ tên thủ tục").press_sequentially("thu tuc thu nghiem")
    desk.locator("#found").get_by_role("radio").first.wait_for()
    desk.wait_for_load_state("networkidle")
    asked.clear()
    desk.locator("#found").get_by_role("radio").first.check()
    desk.locator(".deadline").first.wait_for()
    desk.wait_for_timeout(300)
    assert len(asked) == 1

    for scrolled in (0, 700):
        desk.evaluate(f"scrollTo(0, {scrolled})")
        for act in ("receive", "save_draft"):
            box = desk.locator(f"button[value={act}]").bounding_box()
            assert box
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= 768

    # The papers arrive anew for another door; the box that ticks them all follows the new ones.
    desk.get_by_label("Đánh dấu tất cả").check()
    with desk.expect_response("**/xem-truoc/"):
        desk.get_by_label("Nộp qua").select_option("post")
    desk.wait_for_timeout(200)
    desk.locator("[name=paper]").first.uncheck()
    assert not desk.get_by_label("Đánh dấu tất cả").is_checked()
    assert desk.locator("[name=paper]:checked").count() == 1

    desk.get_by_label("Chủ hồ sơ là").select_option("organisation")
    assert desk.locator("#id_id_kind").input_value() == "tax_code"
    check(desk, "desk-low")


@pytest.mark.parametrize("width", [360, 1024, 1366])
def test_a_name_without_a_blank_pushes_no_page_sideways(
    desk: Page, live_server: Any, province: Province, width: int
) -> None:
    province.log(owner=Person(LONGEST, personal_id="089187004215"))
    code = Dossier.objects.get().code
    desk.set_viewport_size({"width": width, "height": 768})
    for name, path in (("inbox", "hop-viec"), ("list", "ho-so"), ("dossier", f"ho-so/{code}")):
        desk.goto(f"{live_server.url}/{path}/")
        check(desk, f"long-name-{name}")
