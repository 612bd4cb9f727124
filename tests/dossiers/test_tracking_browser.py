"""The citizen's journey in a real browser, on a small and a large screen, without JavaScript too."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe

from dossiers import qr_tokens, tracking_codes
from dossiers.models import Dossier, DossierEvent, PaperSlip
from tests.factories import AgencyFactory, DossierFactory, ProcedureFactory, local

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Where the run keeps its pictures; looked at by people.
PICTURES = Path(os.environ.get("MOTCUA_PICTURES", "var/pictures"))
NOW = "2026-08-05T09:00+07:00"  # Wednesday


@pytest.fixture
def now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


def make_dossier(**changes: Any) -> Dossier:
    counter = AgencyFactory.create(
        name="Trung tâm Phục vụ hành chính công phường Ỷ La",
        address="số 1 đường Hùng Vương, phường Ỷ La",
        phone="0296 3000 000",
    )
    department = AgencyFactory.create(
        name="Chi nhánh Văn phòng Đăng ký đất đai khu vực Long Xuyên", phone="0296 3000 113"
    )
    procedure = ProcedureFactory.create(name="Cấp đổi giấy chứng nhận quyền sử dụng đất")
    dossier = DossierFactory.create(
        **{
            "code": "H01.151-260803-0042",
            "tracking_code": tracking_codes.make(),
            "procedure": procedure,
            "receiving_agency": counter,
            "competent_agency": department,
            "holder_agency": department,
            **changes,
        }
    )
    history = [
        ("register", "submitted", counter, counter, "2026-08-03 08:28"),
        ("receive", "received", counter, counter, "2026-08-03 08:30"),
        ("transfer", "awaiting_assignment", counter, department, "2026-08-03 14:10"),
        ("assign", "in_progress", department, department, "2026-08-04 08:05"),
    ]
    for seq, (act, state, agency, holder, at) in enumerate(history, start=1):
        DossierEvent.objects.create(
            dossier=dossier,
            seq=seq,
            at=local(at),
            act=act,
            to_state=state,
            actor_role="head",
            agency=agency,
            holder_agency=holder,
            digest=b"",
        )
    return dossier


def check(page: Page, name: str) -> None:
    """Keep a picture and refuse any violation of accessibility and any sideways scrolling."""
    page.wait_for_load_state("load")  # the sheets, not only the words
    width = page.viewport_size["width"] if page.viewport_size else 0
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"tracking-{name}-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, options={"preload": False})
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1440, 900)])
def test_a_citizen_finds_a_dossier_in_two_steps(
    browser: Browser, live_server: Any, now: None, width: int, height: int
) -> None:
    dossier = make_dossier()
    page = browser.new_page(viewport={"width": width, "height": height})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(live_server.url)
    check(page, "home")
    page.get_by_label("Gõ mã hồ sơ trên giấy hẹn").fill("h01.151 260803 oo42")
    page.get_by_role("button", name="Tìm").click()
    check(page, "form")
    page.get_by_label("4 ký tự cuối").fill("0000")
    page.get_by_role("button", name="Xem hồ sơ").click()
    page.get_by_text("Không tìm thấy hồ sơ").first.wait_for()
    check(page, "not-found")
    page.get_by_label("4 ký tự cuối").fill("7890")
    page.get_by_role("button", name="Xem hồ sơ").click()
    page.get_by_role("heading", name="Hồ sơ đang được giải quyết, còn trong hạn.").wait_for()
    check(page, "result")
    assert all(url.startswith((live_server.url, "data:")) for url in asked)
    assert not any("7890" in url or str(dossier.code) in url for url in asked)
    page.close()


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("overdue", {"due_at": local("2026-08-04 17:00")}),
        (
            "paused",
            {"state": "awaiting_supplement", "paused_at": local("2026-08-04 10:00")},
        ),
        (
            "settled",
            {
                "state": "settled",
                "settled_at": local("2026-08-05 08:00"),
                "payment_state": "due",
            },
        ),
        ("month", {"due_at": local("2026-09-03 17:00"), "limit_unit": "month", "limit_value": 1}),
    ],
)
@pytest.mark.parametrize("width", [360, 1440])
def test_the_receipts_qr_opens_the_page_without_a_script(
    browser: Browser, live_server: Any, now: None, name: str, changes: dict[str, Any], width: int
) -> None:
    dossier = make_dossier(**changes)
    token, digest = qr_tokens.make_token()
    PaperSlip.objects.create(
        dossier=dossier,
        event=dossier.events.get(seq=2),
        kind="receipt",
        form="TT 03/2025 Mẫu 01",
        agency=dossier.receiving_agency,
        year=2026,
        number=1,
        issued_at=local("2026-08-03 08:30"),
        qr_digest=digest,
    )
    page = browser.new_context(
        java_script_enabled=False, viewport={"width": width, "height": 740}
    ).new_page()
    page.goto(f"{live_server.url}/q/{token}/")
    page.get_by_role("heading", name="Bạn cần làm gì?").wait_for()
    page.context.close()
    with_script = browser.new_page(viewport={"width": width, "height": 740})
    with_script.goto(f"{live_server.url}/q/{token}/")
    check(with_script, name)
    with_script.close()


def test_a_citizen_finds_a_dossier_without_a_script(
    browser: Browser, live_server: Any, now: None
) -> None:
    dossier = make_dossier()
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(live_server.url)
    page.get_by_label("Gõ mã hồ sơ trên giấy hẹn").fill(dossier.tracking_code)
    page.get_by_role("button", name="Tìm").click()
    page.get_by_label("4 ký tự cuối").fill("3456")
    page.get_by_role("button", name="Xem hồ sơ").click()
    page.get_by_role("heading", name="Hồ sơ đã đi đến đâu").wait_for()
    page.context.close()
