"""The sheet at the end of a shift and what waits at the counter, as people see them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from accounts.roles import Role
from dossiers.services import intake, refunding
from dossiers.services.intake import Person
from tests.browser.looking import PICTURES, check
from tests.browser.test_desk import desk, province
from tests.browser.test_returning import LONG, look
from tests.dossiers.test_page_shift_sheet import paid
from tests.province import Province, give_role

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["desk", "province"]  # fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_shift_is_read_printed_and_its_refunds_written_down(
    desk: Page, live_server: Any, province: Province
) -> None:
    desk.goto(f"{live_server.url}/so-thu/")
    look(desk, "shift-empty")
    owner = Person(LONG, personal_id="089187004215")
    for number in range(3):
        province.log(fees=paid(f"000{number}", 30_000 + number), owner=owner)
    province.log(fees=paid("0001", 5_000), owner=owner)
    dossier = province.log(fees=paid("", 20_000), owner=owner)
    refunding.refund(
        dossier,
        by=province.receptionist,
        amount_vnd=Decimal(5_000),
        voucher_number="PC 1",
        reason="Thu thừa một bản",
    )
    give_role(province.receptionist, province.centre, Role.HEAD)
    desk.goto(f"{live_server.url}/so-thu/")
    look(desk, "shift-full")
    desk.emulate_media(media="print")
    desk.screenshot(path=PICTURES / "shift-printed.png", full_page=True)
    desk.emulate_media(media="screen")
    desk.get_by_text("Hoàn tiền cho người nộp").click()
    desk.get_by_label("Mã hồ sơ", exact=True).fill(str(dossier.code))
    desk.get_by_label("Số tiền hoàn").fill("999.000")
    desk.get_by_label("Số phiếu chi").fill("PC 2")
    desk.get_by_label("Lý do").fill("Thu thừa")
    desk.get_by_role("button", name="Ghi hoàn tiền").click()
    desk.get_by_text("Chỉ còn 15.000 đồng").first.wait_for()
    look(desk, "shift-faults")


def test_what_waits_at_the_counter_is_seen(
    desk: Page, live_server: Any, province: Province
) -> None:
    desk.goto(f"{live_server.url}/tiep-nhan/cho/")
    look(desk, "waiting-empty")
    owner = Person(LONG, personal_id="089187004215")
    for _ in range(2):
        intake.register(province.submission(owner=owner, papers=[]), by=province.receptionist)
    intake.save_draft(province.submission(owner=owner, papers=[]), by=province.receptionist)
    desk.goto(f"{live_server.url}/tiep-nhan/cho/")
    look(desk, "waiting-full")
    check(desk, "waiting-full")
