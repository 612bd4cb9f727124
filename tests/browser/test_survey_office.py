"""Typing in a paper survey slip and reading what came of it: on a phone, a tablet, a desk screen."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.conf import settings

from accounts.roles import Role
from dossiers import survey_tokens, surveys
from dossiers.models import SurveyAnswer, SurveyQuestion
from procedures.models import ProcedureVersion
from tests.browser.looking import check
from tests.browser.test_walk import PASSWORD
from tests.dossiers import stages
from tests.province import Province, give_role, make_province

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

(_FILE,) = (settings.BASE_DIR / "dossiers" / "migrations").glob("*_ask_how_it_went.py")
MIGRATION: Any = importlib.import_module(f"dossiers.migrations.{_FILE.stem}")


@pytest.fixture
def province(transactional_db: Any, monkeypatch: pytest.MonkeyPatch) -> Province:
    monkeypatch.setattr("dossiers.tasks.knock", lambda slip_id: True)
    MIGRATION.ask_the_first_questions(apps, None)
    return make_province()


@pytest.mark.parametrize(("width", "height"), [(360, 740), (768, 1024), (1440, 900)])
def test_paper_slips_are_typed_in_and_counted(
    browser: Browser, live_server: Any, province: Province, width: int, height: int
) -> None:
    give_role(province.receptionist, province.centre, Role.SUPERVISOR)
    overall = SurveyQuestion.objects.get(code="overall")
    for score in (5, 5, 4, 2, 3, 5):
        surveys.answer(stages.received(province).slips.get(), {overall: score})
    slip = stages.returned(province).slips.get(kind="receipt")
    ProcedureVersion.objects.update(
        committed_value=3,
        committed_unit="working_day",
        committed_decision="Quyết định 12/QĐ-UBND ngày 05/01/2026",
    )
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(f"{live_server.url}/dang-nhap/")
    page.get_by_label("Tên đăng nhập").fill(province.receptionist.user.username)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    page.goto(f"{live_server.url}/khao-sat/nhap-phieu/")
    box = page.get_by_label("Mã hoặc địa chỉ in trên phiếu")
    # A scanner types and presses Enter.
    box.fill("https://sai.vn/ks/khong-co/")
    box.press("Enter")
    page.get_by_text("Không có phiếu này").wait_for()
    check(page, "survey-enter-wrong")
    box.fill(surveys.address_of(slip))
    box.press("Enter")
    page.get_by_role("heading", name="Phiếu kèm").wait_for()
    page.get_by_role("radio", name="Rất hài lòng", exact=True).first.check()
    check(page, "survey-enter")
    page.get_by_role("button", name="Ghi phiếu này").click()
    page.get_by_text("Đã ghi phiếu").wait_for()
    assert SurveyAnswer.objects.get(slip=slip).entered_by == province.receptionist
    page.goto(f"{live_server.url}/bao-cao/khao-sat/?place=receiving")
    page.get_by_role("heading", name="Khảo sát mức độ hài lòng").wait_for()
    check(page, "survey-report")
    page.goto(f"{live_server.url}/ban-giao/?xem=da-giao")
    check(page, "hand-over-trips")
    page.goto(f"{live_server.url}/thu-tuc/{province.procedure.code}/")
    page.get_by_text("Tỉnh cam kết", exact=True).wait_for()
    check(page, "procedure-committed")
    done = stages.returned(province)
    page.goto(f"{live_server.url}/tra-cuu/")
    page.get_by_label("Mã hồ sơ hoặc mã tra cứu").fill(str(done.code))
    page.get_by_label("4 ký tự cuối").fill("4215")
    page.get_by_role("button", name="Xem hồ sơ").click()
    page.get_by_role("link", name="Bạn thấy việc giải quyết thế nào?").wait_for()
    check(page, "tracking-survey")
    page.get_by_role("link", name="Bạn thấy việc giải quyết thế nào?").click()
    assert survey_tokens.make(done.slips.get(kind="receipt").pk) in page.url
    page.close()
