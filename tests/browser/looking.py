"""What every page of a walk owes its reader: no barrier, no sideways scrolling, a picture kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Where the run keeps its pictures; looked at by people.
PICTURES = Path(os.environ.get("MOTCUA_PICTURES", "var/pictures"))


def check(page: Page, name: str) -> None:
    """Keep a picture and refuse any violation of accessibility and any sideways scrolling."""
    page.wait_for_load_state("load")  # the sheets, not only the words
    width = page.viewport_size["width"] if page.viewport_size else 0
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # preload: axe would fetch the sheets' @imports again, against the wrong address.
    found = Axe().run(page, options={"preload": False})
    assert found.violations_count == 0, found.generate_report()


def sign_in(page: Page, address: str, username: str, password: str) -> None:
    """Sign in as the keyboard does; return when the next page is there."""
    page.goto(f"{address}/dang-nhap/")
    page.get_by_label("Tên đăng nhập").fill(username)
    page.get_by_label("Mật khẩu").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "dang-nhap" not in url)
