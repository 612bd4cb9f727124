"""Keeping officers in a real browser: found, added, given roles, moved, let go; a file; the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from accounts.models import User
from accounts.roles import Role
from agencies.models import Officer
from tests.accounts.test_sign_in import PASSWORD
from tests.browser.looking import check
from tests.browser.test_account import sign_in
from tests.dossiers.test_hand_over import held, specialist
from tests.factories import OfficerFactory, UserFactory
from tests.province import Province, make_province

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def province(transactional_db: Any, monkeypatch: pytest.MonkeyPatch) -> Province:
    monkeypatch.setattr("dossiers.tasks.knock", lambda slip_id: True)
    return make_province()


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_an_officer_comes_and_goes(
    browser: Browser, live_server: Any, province: Province, width: int
) -> None:
    address = live_server.url
    specialist(province, "an", "Lê Văn An")
    held(province, 2)
    page = browser.new_page(viewport={"width": width, "height": 900})
    sign_in(page, address, "lanhdao")
    page.get_by_role("link", name="Cán bộ", exact=True).click()
    check(page, "officers")

    page.get_by_role("link", name="Thêm cán bộ").click()
    page.get_by_label("Tên đăng nhập").fill("moi")
    page.get_by_label("Họ và tên").fill("Danh Thị Sà Phol")
    page.get_by_label("Chuyên viên thụ lý").check()
    check(page, "officer-add")
    page.get_by_role("button", name="Lập tài khoản").click()
    page.get_by_role("button", name="Cấp liên kết đặt mật khẩu").click()
    check(page, "officer-link")
    link = page.locator("#password-link").inner_text()

    newcomer = browser.new_page(viewport={"width": width, "height": 900})
    newcomer.goto(link)
    check(newcomer, "set-password")
    newcomer.get_by_label("Mật khẩu mới", exact=True).fill("chiec-xuong-ba-la")
    newcomer.get_by_label("Nhắc lại mật khẩu mới").fill("chiec-xuong-ba-la")
    newcomer.get_by_role("button", name="Đặt mật khẩu").click()
    newcomer.get_by_text("Đã đặt mật khẩu").wait_for()
    newcomer.goto(link)
    check(newcomer, "set-password-used")
    newcomer.close()

    page.goto(f"{address}/can-bo/nguoi/moi/")
    page.get_by_role("button", name="Giao vai trò").click()
    check(page, "role-add")
    page.get_by_label("Vai trò").select_option("clerk")
    page.get_by_role("button", name="Giao vai trò").click()
    page.get_by_text("Đã giao vai trò Văn thư").wait_for()
    page.get_by_role("link", name="Kết thúc Văn thư").click()
    check(page, "role-end")

    page.goto(f"{address}/can-bo/nguoi/moi/sua/")
    check(page, "officer-edit")
    page.goto(f"{address}/can-bo/nguoi/thuly/thoi-viec/")
    check(page, "officer-leave")
    assert page.get_by_role("button", name="Cho thôi việc").is_disabled()
    page.get_by_role("link", name="Bàn giao", exact=True).click()
    page.get_by_label("Lý do bàn giao").fill("Nghỉ hưu")
    page.get_by_role("button", name="Bàn giao").click()
    page.goto(f"{address}/can-bo/nguoi/thuly/thoi-viec/")
    check(page, "officer-leave-ready")
    page.get_by_role("button", name="Cho thôi việc").click()
    page.get_by_text("đã thôi việc").wait_for()
    assert not Officer.objects.get(user__username="thuly").user.is_active
    page.close()


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_a_file_and_the_log(
    browser: Browser, live_server: Any, province: Province, width: int
) -> None:
    address = live_server.url
    OfficerFactory.create(
        user=UserFactory.create(username="quantri"),
        agency=province.root,
        roles=[Role.ADMINISTRATOR],
    )
    page = browser.new_page(viewport={"width": width, "height": 900})
    sign_in(page, address, "quantri")
    page.goto(f"{address}/can-bo/nhap-csv/")
    page.get_by_text("Tên cột và vai trò").click()
    check(page, "officer-import")
    page.get_by_label("Tệp CSV").set_input_files(
        {
            "name": "can-bo.csv",
            "mimeType": "text/csv",
            "buffer": (
                "username,full_name,agency,roles\nlan,Trần Thị Lan,H01.07,clerk\nxx,Võ Thị Mai,H99,clerk\n"
            ).encode(),
        }
    )
    page.get_by_role("button", name="Xem trước").click()
    check(page, "officer-import-preview")
    page.get_by_role("button", name="Ghi các dòng hợp lệ").click()
    page.get_by_role("heading", name="Đã ghi").wait_for()
    assert User.objects.filter(username="lan").exists()

    page.goto(f"{address}/can-bo/nguoi/thuly/dieu-chuyen/")
    check(page, "officer-transfer-where")
    page.get_by_label("Cơ quan").select_option("H01.08")
    page.get_by_role("button", name="Tiếp tục").click()
    page.get_by_label("Văn thư").check()
    check(page, "officer-transfer")
    page.get_by_role("button", name="Điều chuyển").click()
    page.get_by_text("Đã điều chuyển").wait_for()
    check(page, "officer")
    page.goto(f"{address}/can-bo/nhat-ky/")
    check(page, "account-events")
    page.goto(f"{address}/can-bo/them/")
    check(page, "officer-add-where")
    assert PASSWORD not in page.content()
    page.close()
