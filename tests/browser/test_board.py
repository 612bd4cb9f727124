"""The head's morning by keyboard alone: several dossiers at once, the board and its pages, notices.

With JavaScript and without, on an office screen and on a phone; each page without a barrier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dossiers import notices
from dossiers.models import Dossier, Notice
from dossiers.services import processing
from dossiers.workflow import State
from tests.browser.looking import check, sign_in
from tests.browser.test_walk import PASSWORD
from tests.dossiers.test_page_board import seen
from tests.province import Province, make_province

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def province(transactional_db: Any) -> Province:
    return make_province()


def press(page: Page, name: str) -> None:
    """Reach a button or a link by its name and press it as the keyboard does."""
    target = page.locator("main").get_by_role("button", name=name, exact=True).first
    target.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.mark.parametrize(
    ("width", "has_script"), [(1440, True), (360, False)], ids=["office", "phone without script"]
)
def test_the_heads_morning(
    browser: Browser, live_server: Any, province: Province, width: int, has_script: bool
) -> None:
    address = live_server.url
    made = [processing.transfer(province.log(), by=province.receptionist) for _each in "abc"]
    late = seen(
        province, "2026-07-30 17:00", holder_agency=province.department,
        owner_name="Công ty TNHH Một thành viên Thương mại Dịch vụ Xuất nhập khẩu Nguyễn Phương",
    )  # fmt: skip
    notices.write_note(
        late, by=province.specialist, text=f"Nhờ @{province.head.user.username} gọi", token="1"
    )
    context = browser.new_context(
        viewport={"width": width, "height": 900}, java_script_enabled=has_script
    )
    page = context.new_page()
    sign_in(page, address, "lanhdao", PASSWORD)

    page.goto(f"{address}/hop-viec/")
    if has_script:
        page.get_by_role("link", name="1 thông báo mới").wait_for()
    for dossier in made[:2]:
        page.get_by_role("checkbox", name=str(dossier.code)).focus()
        page.keyboard.press("Space")
    look(page, f"inbox-{width}", has_script)
    press(page, "Làm cùng lúc")
    look(page, f"together-choose-{width}", has_script)
    press(page, "Phân công")
    look(page, f"together-{width}", has_script)
    press(page, "Phân công")
    assert "đã xong 2 hồ sơ" in page.content()
    states = Dossier.objects.filter(pk__in=[each.pk for each in made]).order_by("pk")
    assert [each.state for each in states] == [
        State.IN_PROGRESS, State.IN_PROGRESS, State.AWAITING_ASSIGNMENT,
    ]  # fmt: skip

    for name in ("", "khoi-luong/", "nguyen-nhan/", "muoi-ngay/", "don-vi/"):
        page.goto(f"{address}/bang-dieu-hanh/{name}")
        look(page, f"board-{name.strip('/') or 'list'}", has_script)
    page.goto(f"{address}/bang-dieu-hanh/")
    page.get_by_role("checkbox", name=str(late.code)).focus()
    page.keyboard.press("Space")
    press(page, "Nhắc người giữ")
    look(page, "remind", has_script)
    press(page, "Nhắc")
    assert Notice.objects.filter(officer=province.specialist, dossier=late).count() == 1

    page.goto(f"{address}/thong-bao/")
    look(page, "notices", has_script)
    press(page, "Đánh dấu đã xem hết")
    assert "Không có gì chưa xem" in page.content()
    page.goto(f"{address}/ho-so/{late.code}/")
    look(page, "dossier-with-notes", has_script)
    context.close()


def look(page: Page, name: str, has_script: bool) -> None:
    """Check the page; without a script only that it does not slide sideways: axe is one itself."""
    if has_script:
        check(page, f"head-{name}")
    else:
        width = page.viewport_size["width"] if page.viewport_size else 0
        box = page.locator("main").bounding_box()
        assert box is not None
        assert box["width"] <= width
