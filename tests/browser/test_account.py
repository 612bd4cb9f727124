"""One's own account in a real browser: an app, a passkey on a virtual device, codes, sessions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from accounts.models import AccountEvent, SecondFactor
from tests.accounts.test_second_factor import code_for
from tests.accounts.test_sign_in import PASSWORD
from tests.browser.looking import check
from tests.province import Province, make_province

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def province(transactional_db: Any) -> Province:
    return make_province()


def sign_in(page: Page, address: str, username: str = "thuly") -> None:
    page.goto(f"{address}/dang-nhap/")
    page.get_by_label("Tên đăng nhập").fill(username)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_label("Mật khẩu").press("Enter")
    page.wait_for_load_state()


def codes_on(page: Page) -> list[str]:
    codes = re.findall(r"\b[2-9A-Z]{5}-[2-9A-Z]{5}\b", page.locator("#recovery-codes").inner_text())
    assert len(codes) == 10
    return codes


def device(page: Page) -> tuple[CDPSession, str]:
    """Give the browser a device with a fingerprint reader, as DevTools has it."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    made = tools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
                "hasUserVerification": True, "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )  # fmt: skip
    return tools, made["authenticatorId"]


def test_an_app_is_set_up_and_asked_for(
    browser: Browser, live_server: Any, province: Province
) -> None:
    address = live_server.url
    for width in (360, 768, 1440):
        page = browser.new_page(viewport={"width": width, "height": 900})
        sign_in(page, address)
        if width == 360:
            page.goto(f"{address}/tai-khoan/")
            check(page, "account-bare")
            page.get_by_role("link", name="Thêm ứng dụng tạo mã").click()
            check(page, "account-app")
            secret = page.locator("code.secret").inner_text().replace(" ", "")
            page.get_by_label("Mã 6 chữ số trên ứng dụng").fill(code_for(secret))
            page.get_by_role("button", name="Bật xác thực hai lớp").click()
            page.get_by_role("heading", name="Mã dự phòng").wait_for()
            codes = codes_on(page)
            check(page, "account-first-codes")
        else:
            page.get_by_role("heading", name="Đăng nhập, bước hai").wait_for()
            check(page, "account-second")
            page.get_by_label("Mã xác thực").fill(codes.pop())
            page.get_by_role("button", name="Xác nhận").click()
            page.wait_for_url(re.compile("/hop-viec/"))
        page.goto(f"{address}/tai-khoan/")
        check(page, "account")
        page.goto(f"{address}/tai-khoan/mat-khau/")
        check(page, "account-password")
        page.goto(f"{address}/tai-khoan/yeu-to/{SecondFactor.objects.get().pk}/bo/")
        check(page, "account-remove")
        page.goto(f"{address}/tai-khoan/passkey/")
        check(page, "account-passkey")
        page.goto(f"{address}/tai-khoan/ung-dung/")
        check(page, "account-app")
        page.goto(f"{address}/tai-khoan/xac-nhan/")
        check(page, "account-confirm")
        page.goto(f"{address}/tai-khoan/")
        page.get_by_role("button", name="Lập mã dự phòng mới").click()
        page.get_by_role("heading", name="Mã dự phòng").wait_for()
        check(page, "account-codes")
        codes = codes_on(page)
    page.goto(f"{address}/tai-khoan/")
    page.get_by_role("button", name="Kết thúc mọi phiên khác").click()
    page.get_by_text("Đã kết thúc 2 phiên.").wait_for()
    page.close()


def test_a_passkey_is_made_and_opens_and_a_copied_one_does_not(
    browser: Browser, live_server: Any, province: Province
) -> None:
    address = live_server.url
    page = browser.new_page(viewport={"width": 360, "height": 800})
    tools, authenticator = device(page)
    sign_in(page, address)
    page.goto(f"{address}/tai-khoan/passkey/")
    check(page, "account-passkey")
    page.get_by_role("button", name="Tạo khoá").click()  # without a name: the browser says so
    assert not SecondFactor.objects.exists()
    page.get_by_label("Tên gợi nhớ").fill("Điện thoại của tôi")
    page.get_by_role("button", name="Tạo khoá").click()
    page.get_by_role("heading", name="Mã dự phòng").wait_for()
    factor = SecondFactor.objects.get()
    assert (factor.kind, factor.name, bytes(factor.secret)) == (
        "passkey",
        "Điện thoại của tôi",
        b"",
    )

    # The same device is not added twice.
    page.goto(f"{address}/tai-khoan/passkey/")
    page.get_by_label("Tên gợi nhớ").fill("Lần nữa")
    page.get_by_role("button", name="Tạo khoá").click()
    page.get_by_text("khoá đã có rồi").wait_for()

    page.goto(f"{address}/tai-khoan/")
    page.get_by_role("button", name="Đăng xuất").click()
    page.wait_for_load_state()
    sign_in(page, address)
    check(page, "account-second-passkey")
    page.get_by_role("button", name="Dùng khoá truy cập (passkey)").click()
    page.wait_for_url(re.compile("/hop-viec/"))
    assert AccountEvent.objects.latest("pk").detail == {"factor": "passkey"}
    factor.refresh_from_db()
    assert factor.sign_count > 0
    assert factor.used_at is not None

    # A key whose counter fell behind was copied: its signature is right and opens nothing.
    (key,) = tools.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})[
        "credentials"
    ]
    SecondFactor.objects.update(sign_count=key["signCount"] + 50)
    page.get_by_role("button", name="Đăng xuất").click()
    page.wait_for_load_state()
    sign_in(page, address)
    page.get_by_role("button", name="Dùng khoá truy cập (passkey)").click()
    page.get_by_text("Mã không đúng").wait_for()
    assert AccountEvent.objects.latest("pk").kind == "factor_failed"

    # Another device has no key of this account.
    tools.send("WebAuthn.clearCredentials", {"authenticatorId": authenticator})
    page.get_by_role("button", name="Dùng khoá truy cập (passkey)").click()
    page.get_by_text("Không dùng được khoá").wait_for()
    page.close()


def test_without_a_script_the_page_says_what_to_do_instead(
    browser: Browser, live_server: Any, province: Province
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/tai-khoan/passkey/")
    page.get_by_text("Việc này cần trình duyệt có JavaScript").wait_for()
    assert not page.get_by_role("button", name="Tạo khoá").is_visible()
    page.get_by_role("main").get_by_role("link", name="Thêm ứng dụng tạo mã").click()
    secret = page.locator("code.secret").inner_text().replace(" ", "")
    page.get_by_label("Mã 6 chữ số trên ứng dụng").fill(code_for(secret))
    page.get_by_role("button", name="Bật xác thực hai lớp").click()
    page.get_by_role("heading", name="Mã dự phòng").wait_for()
    context.close()
