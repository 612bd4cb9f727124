"""The survey slip in a real browser: answered on a telephone, without a script and without an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dossiers import survey_tokens
from dossiers.models import SurveyAnswer, SurveyQuestion
from tests.browser.looking import check
from tests.dossiers import stages
from tests.factories import local
from tests.province import make_province

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_a_slip_is_answered_once_on_any_screen(
    browser: Browser, live_server: Any, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr("dossiers.tasks.knock", lambda slip_id: True)
    SurveyQuestion.objects.all().delete()
    for position, text in enumerate(("Thái độ của cán bộ", "Trả kết quả đúng hẹn")):
        SurveyQuestion.objects.create(
            code=f"q{position}",
            text=text,
            position=position,
            valid_from=local("2026-01-01 00:00").date(),
        )
    slip = stages.received(make_province()).slips.get(kind="receipt")
    context = browser.new_context(
        viewport={"width": width, "height": 800}, java_script_enabled=width != 360
    )
    page = context.new_page()
    page.goto(f"{live_server.url}/ks/{survey_tokens.make(slip.pk)}/")
    if width != 360:
        check(page, "survey")
    page.get_by_role("button", name="Gửi trả lời").click()
    page.get_by_text("Hãy chọn mức độ cho ít nhất một câu.").wait_for()
    group = page.get_by_role("group", name="Thái độ của cán bộ")
    group.get_by_label("Rất hài lòng").check()
    page.get_by_label("Góp ý thêm").fill("Cảm ơn")
    page.get_by_role("button", name="Gửi trả lời").click()
    page.get_by_role("heading", name="Đã ghi nhận trả lời").wait_for()
    if width != 360:
        check(page, "survey-thanks")
    row = SurveyAnswer.objects.get()
    assert [score.score for score in row.scores.all()] == [5]
    assert row.comment == "Cảm ơn"
    context.close()
