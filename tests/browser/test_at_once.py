"""A sheet of certified copies by keyboard and scanner alone, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dossiers.models import Dossier
from dossiers.workflow import State
from tests.browser.looking import PICTURES, check
from tests.browser.test_desk import desk, province
from tests.dossiers.test_page_at_once import copies_of
from tests.province import Province

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["desk", "province"]  # fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = "Tôn Nữ Huyền Trân Nguyễn Thị Ánh Tuyết Quỳnh Như"


def card(number: int, name: str) -> str:
    """Return what the scanner of a citizen card types."""
    return f"0891870042{number:02d}||{name}|14021987|Nữ|Khóm {number}, phường Bình Đức|01012022"


def test_ten_copies_in_a_row_without_a_mouse(
    desk: Page, live_server: Any, province: Province
) -> None:
    copies_of(province)
    desk.goto(f"{live_server.url}/tiep-nhan/tra-ngay/")
    check(desk, "at-once-choose")
    desk.keyboard.type("ct bs")
    desk.keyboard.press("Enter")
    desk.locator("#sheet").wait_for()
    for width in (360, 768, 1440):
        desk.set_viewport_size({"width": width, "height": 900})
        check(desk, "at-once-empty")
    for number in range(1, 11):
        # The scanner ends with Enter; pages, Enter, copies, Enter, and the next card.
        desk.keyboard.type(card(number, LONG if number == 1 else f"Nguyễn Văn Số {number}"))
        desk.keyboard.press("Enter")
        desk.keyboard.type("3")
        desk.keyboard.press("Enter")
        desk.keyboard.type("2")
        if number == 10:
            with desk.expect_response("**/xem-truoc/"):
                desk.keyboard.press("Enter")
        else:
            desk.keyboard.press("Enter")
    # After the last row stands the number of the receipt.
    desk.locator("#total", has_text="100.000").wait_for()
    desk.keyboard.type("0000123")
    for width in (360, 768, 1440):
        desk.set_viewport_size({"width": width, "height": 900})
        check(desk, "at-once-full")
    desk.keyboard.press("Enter")
    desk.keyboard.press("Enter")
    desk.get_by_role("heading", name="Đã trả kết quả 10 hồ sơ").wait_for()
    for width in (360, 768, 1440):
        desk.set_viewport_size({"width": width, "height": 900})
        check(desk, "at-once-done")
    desk.emulate_media(media="print")
    desk.screenshot(path=PICTURES / "at-once-printed.png", full_page=True)
    assert not desk.locator("nav.rail").is_visible()
    made = list(Dossier.objects.order_by("pk"))
    assert [dossier.owner_name for dossier in made[:2]] == [LONG, "Nguyễn Văn Số 2"]
    assert {dossier.state for dossier in made} == {State.RETURNED}
    assert len(made) == 10


def test_a_row_left_empty_leads_to_the_receipt(
    desk: Page, live_server: Any, province: Province
) -> None:
    copies_of(province)
    desk.goto(f"{live_server.url}/tiep-nhan/tra-ngay/?thu-tuc=2.000815")
    for typed in ("089187004299", "Lê Thị Bình", "1", "1", ""):
        desk.keyboard.type(typed)
        desk.keyboard.press("Enter")
    assert desk.evaluate("document.activeElement.name") == "receipt_number"
    # A doubt is told beside the row and stops nothing; another fee asks for no pages.
    desk.get_by_label("Khoản thu").select_option("")
    desk.locator("[name=d1-pages]").wait_for(state="detached")
    assert desk.locator("[name=d1-name]").input_value() == "Lê Thị Bình"
    desk.locator("[name=price]").fill("5.000")
    desk.keyboard.press("Tab")
    desk.locator("#total", has_text="5.000").wait_for()
    desk.get_by_label("Số biên lai").press("Enter")
    desk.keyboard.press("Enter")
    desk.get_by_text("Hãy ghi số biên lai").first.wait_for()
    for width in (360, 768, 1440):
        desk.set_viewport_size({"width": width, "height": 900})
        check(desk, "at-once-faults")
    assert not Dossier.objects.exists()
