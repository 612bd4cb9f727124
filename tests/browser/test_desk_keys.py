"""The desk by keyboard and scanner alone: how many keys a dossier takes, and receipts that open."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from dossiers.models import Dossier, DossierDocument, FeeDue
from dossiers.paperwork.contents import qr_text
from procedures.models import ChannelLimit, Fee, RequiredDocument
from tests.browser.looking import check
from tests.browser.test_desk import desk, province
from tests.factories import ProcedureFactory
from tests.province import Province

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["desk", "province"]  # fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CARD = "089187004215|351234567|Trần Thị Ngọc Diễm|14021987|Nữ|Khóm 3, phường Bình Đức|01012022"
MOST_KEYS = 8  # the issue allows 25
PAPERS = ("Tờ khai đăng ký kết hôn", "Căn cước", "Giấy xác nhận tình trạng hôn nhân", "Ảnh")


class Keys:
    """A keyboard that counts what is pressed besides typed words, and no mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pressed = 0

    def press(self, *keys: str) -> None:
        for key in keys:
            if key.startswith("Alt+"):
                access_key(self.page, key.removeprefix("Alt+"))
            else:
                self.page.keyboard.press(key)
            self.pressed += 1

    def type(self, words: str) -> None:
        self.page.keyboard.type(words)


def access_key(page: Page, key: str) -> None:
    """Press Alt and a key as a keyboard does: Playwright's own leaves out what accesskey reads."""
    session = page.context.new_cdp_session(page)
    pressed = {
        "modifiers": 1,
        "key": key,
        "unmodifiedText": key,
        "windowsVirtualKeyCode": ord(key.upper()),
    }
    for kind in ("keyDown", "keyUp"):
        session.send("Input.dispatchKeyEvent", {"type": kind, **pressed})
    session.detach()


def marriage(province: Province) -> None:
    """Make a procedure of four papers and one fee, told apart from others by its initials."""
    procedure = ProcedureFactory.create(name="Đăng ký kết hôn", offering=province.department)
    ProcedureFactory.create(name="Đăng ký khai sinh", offering=province.department)
    version = procedure.versions.get()
    for position, name in enumerate(PAPERS):
        RequiredDocument.objects.create(version=version, position=position, name=name, originals=1)
    limit = ChannelLimit.objects.create(
        version=version, position=0, channel="in_person", limit_value="5", limit_unit="working_day"
    )
    Fee.objects.create(channel_limit=limit, position=0, kind="Lệ phí", amount_vnd=30_000)


def test_a_dossier_of_four_papers_takes_few_keys_and_no_mouse(
    desk: Page, province: Province
) -> None:
    marriage(province)
    desk.add_init_script(
        "addEventListener('pointerdown', () => { document.title = 'a pointer' }, true)"
    )
    desk.reload()
    keys = Keys(desk)
    # The page opens with its focus where the scanner types; the scanner ends with Enter itself.
    with desk.expect_response("**/xem-truoc/"):
        keys.type(CARD)
        desk.keyboard.press("Enter")
    expect(desk.locator("#id_name")).to_have_value("Trần Thị Ngọc Diễm")
    keys.press("Alt+2")
    keys.type("dk kh")
    # "kh" begins "khai sinh" too: what the letters stand for comes first.
    expect(desk.locator("#found label")).to_have_text([re.compile("kết hôn"), re.compile("khai")])
    with desk.expect_response("**/xem-truoc/"):
        keys.press("ArrowDown")
    desk.get_by_label("Đánh dấu tất cả").wait_for()
    keys.press("Alt+3", "Tab", "Space")
    assert desk.locator("[name=paper]:checked").count() == len(PAPERS)
    keys.press("Alt+n")
    desk.get_by_role("heading", name="Đã nhận hồ sơ").wait_for()
    # A PDF has no page here: what matters is that the key asks for it, in a page of its own.
    link = desk.get_by_role("link", name="Mở giấy hẹn để in")
    with desk.context.expect_page() as opened:
        keys.press("Alt+i")
    opened.value.close()
    assert str(link.get_attribute("href")).endswith(".pdf")
    assert desk.title() != "a pointer"
    assert keys.pressed <= MOST_KEYS, keys.pressed
    dossier = Dossier.objects.get()
    assert (dossier.owner_name, dossier.procedure.name) == ("Trần Thị Ngọc Diễm", "Đăng ký kết hôn")
    assert DossierDocument.objects.filter(dossier=dossier).count() == len(PAPERS)
    assert FeeDue.objects.get().amount_vnd == 30_000
    check(desk, "desk-keys")


def test_a_scanned_receipt_opens_its_dossier_wherever_the_focus_is(
    desk: Page, live_server: Any, province: Province
) -> None:
    dossier = province.log()
    slip = dossier.slips.get()
    slip.dossier = dossier
    scanned = qr_text(slip)
    address = f"{live_server.url}/ho-so/{dossier.code}/"
    for path, focus in (
        ("/hop-viec/", "body"),
        ("/ho-so/", "#search-all"),
        ("/tiep-nhan/cho/", "body"),
        ("/tiep-nhan/", "#id_name"),
        ("/tiep-nhan/", "#id_channel"),
    ):
        desk.goto(f"{live_server.url}{path}")
        desk.locator(focus).focus()
        desk.keyboard.type(scanned)
        desk.keyboard.press("Enter")
        desk.wait_for_url(address)


def test_a_receipt_scanned_over_what_was_typed_loses_none_of_it(
    desk: Page, live_server: Any, province: Province
) -> None:
    dossier = province.log()
    slip = dossier.slips.get()
    slip.dossier = dossier
    desk.locator("#id_name").focus()
    desk.keyboard.type("Lê Thị Bình")
    desk.wait_for_timeout(200)  # nobody scans while typing
    with desk.context.expect_page() as opened:
        desk.keyboard.type(qr_text(slip))
        desk.keyboard.press("Enter")
    opened.value.wait_for_url(f"{live_server.url}/ho-so/{dossier.code}/")
    opened.value.close()
    assert desk.locator("#id_name").input_value() == "Lê Thị Bình"
    # Slow fingers open nothing.
    desk.keyboard.type("0900", delay=120)
    desk.keyboard.press("Enter")
    assert desk.url == f"{live_server.url}/tiep-nhan/"


def test_an_earlier_applicant_is_taken_over_by_one_key(desk: Page, province: Province) -> None:
    province.log()
    desk.keyboard.type("089187004215")
    desk.keyboard.press("Enter")
    desk.get_by_role("button", name="Lấy họ tên, điện thoại, địa chỉ lần trước").wait_for()
    for width in (360, 768, 1440):
        desk.set_viewport_size({"width": width, "height": 900})
        check(desk, "desk-earlier")
    access_key(desk, "l")
    expect(desk.locator("#id_name")).to_have_value("Nguyễn Thị Ánh Tuyết")
    expect(desk.locator("#id_phone")).to_have_value("0900 123 456")
