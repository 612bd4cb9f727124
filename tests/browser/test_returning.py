"""Results handed over by scanner and keyboard, and how the counter's pages look."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from dossiers.models import Dossier, ResultChannel
from dossiers.paperwork.contents import qr_text
from dossiers.services import posting
from dossiers.services.intake import FeeItem, Person
from dossiers.workflow import State
from tests.browser.looking import PICTURES, check
from tests.browser.test_desk import desk, province
from tests.browser.test_desk_keys import access_key
from tests.dossiers.test_page_returning import ready
from tests.province import Province

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["desk", "province"]  # fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = "Công Tằng Tôn Nữ Huyền Trân Nguyễn Thị Ánh Tuyết Quỳnh Như"
CARD = f"089187004215||{LONG}|14021987|Nữ|Khóm 3, phường Bình Đức|01012022"


def look(page: Page, name: str) -> None:
    for width in (360, 768, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        check(page, name)


def test_a_receipt_a_card_and_a_number_hand_a_result_over(
    desk: Page, live_server: Any, province: Province
) -> None:
    desk.goto(f"{live_server.url}/tra-ket-qua/")
    look(desk, "returning-empty")
    owner = Person(LONG, personal_id="089187004215")
    dossier = ready(province, owner=owner, fees=[FeeItem("Lệ phí cấp phép", Decimal(150_000))])
    ready(province, owner=owner)
    slip = dossier.slips.order_by("pk")[0]
    slip.dossier = dossier
    desk.goto(f"{live_server.url}/tra-ket-qua/")
    # On this page a scanned receipt finds the result, and not the dossier's own page.
    desk.keyboard.type(qr_text(slip))
    desk.keyboard.press("Enter")
    desk.get_by_role("heading", name="Người nhận").wait_for()
    look(desk, "returning-person")
    desk.locator("#id_identity").focus()
    desk.keyboard.type(CARD)
    desk.keyboard.press("Enter")
    desk.keyboard.type("0000777")
    desk.keyboard.press("Enter")
    desk.keyboard.press("Enter")
    desk.get_by_role("heading", name="Đã trả 2 kết quả").wait_for()
    look(desk, "returning-done")
    desk.emulate_media(media="print")
    desk.screenshot(path=PICTURES / "returning-printed.png", full_page=True)
    assert {each.state for each in Dossier.objects.all()} == {State.RETURNED}


def test_faults_and_the_post_are_shown(desk: Page, live_server: Any, province: Province) -> None:
    for number in range(3):
        owner = Person(LONG, personal_id=f"0891870042{number:02d}")
        made = ready(province, owner=owner, result_channel=ResultChannel.POST)
        if number:
            posting.send(made, by=province.receptionist, tracking_number=f"RA12345678{number}VN")
    desk.goto(f"{live_server.url}/tra-ket-qua/")
    desk.locator("details summary").first.click()
    look(desk, "returning-post")
    desk.locator("#id_find").fill("huyen tran")
    desk.keyboard.press("Enter")
    desk.get_by_role("heading", name="Người nhận").wait_for()
    desk.locator("#id_identity").fill("089187004299")
    access_key(desk, "n")
    desk.get_by_text("Không phải số của chủ hồ sơ").first.wait_for()
    look(desk, "returning-faults")
    desk.goto(f"{live_server.url}/tra-ket-qua/?q={made.code}")
    look(desk, "returning-not-ready")
    assert not Dossier.objects.filter(state=State.RETURNED).exists()
