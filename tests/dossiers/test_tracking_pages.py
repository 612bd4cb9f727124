"""The citizen's pages: home, look-up, result, and the page behind the receipt's QR."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import WrongTry
from dossiers import qr_tokens, survey_tokens, surveys, tracking_codes
from dossiers.models import Dossier, DossierEvent, PaperSlip, SurveyQuestion
from dossiers.services import intake
from tests.budgets import count_queries
from tests.dossiers import stages
from tests.factories import DossierFactory

if TYPE_CHECKING:
    from tests.province import Province

TRACK, RESULT = "/tra-cuu/", "/tra-cuu/ket-qua/"


def text_of(answer: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def with_qr(dossier: Dossier) -> tuple[str, PaperSlip]:
    token, digest = qr_tokens.make_token()
    event = DossierEvent.objects.create(
        dossier=dossier,
        seq=1,
        at=timezone.now(),
        act="receive",
        to_state="received",
        actor_role="receptionist",
        agency=dossier.receiving_agency,
        holder_agency=dossier.receiving_agency,
        digest=b"",
    )
    slip = PaperSlip.objects.create(
        dossier=dossier,
        event=event,
        kind="receipt",
        form="TT 03/2025 Mẫu 01",
        agency=dossier.receiving_agency,
        year=2026,
        number=1,
        issued_at=timezone.now(),
        qr_digest=digest,
    )
    return token, slip


# Home


def test_the_home_page_asks_one_question_without_a_query(client: Client, db: Any) -> None:
    with CaptureQueriesContext(connection) as caught:
        answer = client.get("/")
    assert answer.status_code == 200
    assert len(caught) == 0
    assert "Hồ sơ của bạn đang ở đâu?" in text_of(answer)
    assert answer.content.decode().count('name="q"') == 1


@pytest.mark.parametrize("typed", ["h01.151 260825 0012", "H01.151-260825-0012"])
def test_a_code_leads_to_the_second_fact(client: Client, db: Any, typed: str) -> None:
    with CaptureQueriesContext(connection) as caught:
        answer = client.post(TRACK, {"q": typed})
    assert answer.status_code == 200
    assert len(caught) == 0
    assert 'value="H01.151-260825-0012"' in answer.content.decode()
    assert 'name="proof"' in answer.content.decode()


def test_words_lead_to_the_catalogue(client: Client, db: Any) -> None:
    answer = client.post(TRACK, {"q": "cấp đổi sổ đỏ"})
    assert answer.status_code == 302
    assert answer["Location"].endswith("?q=c%E1%BA%A5p+%C4%91%E1%BB%95i+s%E1%BB%95+%C4%91%E1%BB%8F")


def test_nothing_typed_leads_to_the_look_up(client: Client, db: Any) -> None:
    assert 'name="code"' in client.post(TRACK, {"q": " "}).content.decode()


def test_a_slip_is_seen_by_the_check_character_before_any_query(client: Client, db: Any) -> None:
    code = tracking_codes.make()
    slip = code[:-1] + ("2" if code[-1] != "2" else "3")
    with CaptureQueriesContext(connection) as caught:
        answer = client.post(TRACK, {"q": slip})
        again = client.post(RESULT, {"code": slip, "proof": "7890"})
    assert len(caught) == 0
    assert "một ký tự của mã tra cứu gõ nhầm" in text_of(answer)
    assert again.status_code == 400
    assert "một ký tự của mã tra cứu gõ nhầm" in text_of(again)
    assert slip in again.content.decode()
    assert not WrongTry.objects.exists()


def test_a_code_that_only_looks_like_ours_is_looked_up_when_it_is_typed_again(
    client: Client, db: Any
) -> None:
    code = next(c for c in ("A12345678", "A12345679") if not tracking_codes.is_valid(c))
    DossierFactory.create(code=code)
    first = client.post(RESULT, {"code": code, "proof": "7890"})
    assert first.status_code == 400
    pointed_out = re.search(r'name="pointed_out" value="([^"]+)"', first.content.decode())
    assert pointed_out is not None
    second = client.post(
        RESULT, {"code": code, "proof": "7890", "pointed_out": pointed_out.group(1)}
    )
    assert second.status_code == 200


# The look-up


def test_two_facts_open_the_page_and_it_names_nobody(client: Client, db: Any) -> None:
    dossier = DossierFactory.create(owner_name="Nguyễn Riêng Tư")
    answer = client.post(RESULT, {"code": dossier.code, "proof": "7890"})
    assert answer.status_code == 200
    told = text_of(answer)
    assert str(dossier.code) in told
    assert "Thứ Hai 10/08/2026" in told
    assert "Hẹn trả kết quả" in told
    assert "Bạn cần làm gì?" in told
    assert "Hồ sơ đã đi đến đâu" in told
    assert "Riêng Tư" not in told
    assert "7890" not in answer.content.decode()
    assert "<form" not in answer.content.decode()


def test_the_result_is_closed_to_search_engines_caches_and_referrers(
    client: Client, db: Any
) -> None:
    dossier = DossierFactory.create()
    answer = client.post(RESULT, {"code": dossier.code, "proof": "7890"})
    assert answer["Cache-Control"] == "private, no-store"
    assert "noindex" in answer["X-Robots-Tag"]
    assert answer["Referrer-Policy"] == "no-referrer"
    assert '<meta name="robots" content="noindex' in answer.content.decode()


def test_the_form_keeps_a_policy_under_which_a_browser_can_send_it(client: Client, db: Any) -> None:
    # "no-referrer" would make the browser post with "Origin: null", which is refused as forged.
    assert client.get(TRACK)["Referrer-Policy"] == "same-origin"
    strict = Client(enforce_csrf_checks=True)
    strict.get(TRACK)
    token = strict.cookies["csrftoken"].value
    data = {"code": "H01.9-260825-0001", "proof": "7890", "csrfmiddlewaretoken": token}
    assert strict.post(RESULT, data).status_code == 404
    assert strict.post(RESULT, {**data, "csrfmiddlewaretoken": ""}).status_code == 403


def test_every_failure_is_the_same_page(client: Client, db: Any) -> None:
    dossier = DossierFactory.create(code="H01.151-260825-0012")
    DossierFactory.create(submitted_only=True, state="draft", tracking_code="DRAFT0001")
    pages = []
    for code, proof in [(dossier.code, "0000"), ("H01.151-260825-9999", "0000")]:
        answer = client.post(RESULT, {"code": code, "proof": proof})
        assert answer.status_code == 404
        page = answer.content.decode().replace(str(code), "?")
        pages.append(re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page))
    assert pages[0] == pages[1]
    assert "Không tìm thấy hồ sơ" in pages[0]
    assert 'value="0000"' in pages[0]  # what was typed stays in the form


def test_a_blocked_code_says_how_long_to_wait(client: Client, db: Any) -> None:
    dossier = DossierFactory.create()
    for _ in range(5):
        client.post(RESULT, {"code": dossier.code, "proof": "0000"})
    answer = client.post(RESULT, {"code": dossier.code, "proof": "7890"})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    said = text_of(answer)
    assert "sau khoảng 15 phút" in said
    assert "mã QR trên giấy hẹn" in said
    assert "ít phút" not in said


@pytest.mark.parametrize("data", [{}, {"code": ""}, {"code": "H01-260825-0001"}, {"proof": "7890"}])
def test_a_missing_fact_is_asked_for(client: Client, db: Any, data: dict[str, str]) -> None:
    answer = client.post(RESULT, data)
    assert answer.status_code == 400
    assert "chỗ cần sửa" in text_of(answer)


def test_a_reloaded_result_asks_again(client: Client, db: Any) -> None:
    answer = client.get(RESULT)
    assert (answer.status_code, answer["Location"]) == (302, TRACK)


def test_the_result_page_costs_no_more_than_the_look_up(client: Client, db: Any) -> None:
    dossier = DossierFactory.create()
    client.post(RESULT, {"code": dossier.code, "proof": "7890"})
    with CaptureQueriesContext(connection) as caught:
        client.post(RESULT, {"code": dossier.code, "proof": "7890"})
    assert len(caught) <= 3


# The QR


def test_the_qr_opens_the_page_alone(client: Client, db: Any) -> None:
    dossier = DossierFactory.create(owner_name="Nguyễn Riêng Tư")
    token, _slip = with_qr(dossier)
    client.get(f"/q/{token}/")
    with CaptureQueriesContext(connection) as caught:
        answer = client.get(f"/q/{token}/")
    assert answer.status_code == 200
    assert len(caught) == 1
    told = text_of(answer)
    assert str(dossier.code) in told
    assert "Riêng Tư" not in told
    assert "7890" not in told
    assert token not in answer.content.decode()
    assert "<form" not in answer.content.decode()
    assert "hx-post" not in answer.content.decode()
    assert "noindex" in answer["X-Robots-Tag"]
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "private, no-store"
    assert client.post(f"/q/{token}/").status_code == 405


def test_a_wrong_or_revoked_token_is_one_plain_404(client: Client, db: Any) -> None:
    token, slip = with_qr(DossierFactory.create())
    slip.qr_revoked_at = timezone.now()
    slip.save(update_fields=["qr_revoked_at"])
    unknown, _ = qr_tokens.make_token()
    tokens = [token, unknown, "A" * 32, "x", token[:-1]]
    answers = [client.get(f"/q/{each}/") for each in tokens]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(answer.items())) for answer in answers}) == 1


def test_a_forged_token_costs_no_query(client: Client, db: Any) -> None:
    with CaptureQueriesContext(connection) as caught:
        client.get("/q/" + "A" * 32 + "/")
    assert len(caught) == 0


@pytest.mark.parametrize(
    ("hotline", "words"),
    [("0296 3000 000", "Hoặc hỏi cán bộ tại quầy"), ("", "Hãy hỏi cán bộ tại quầy")],
)
def test_the_foot_names_the_help_there_is(
    client: Client, db: Any, settings: Any, hotline: str, words: str
) -> None:
    settings.HOTLINE = hotline
    said = text_of(client.get("/"))
    assert words in said
    assert ("0296 3000 000" in said) is bool(hotline)


# The survey of what is over


def looked_up(client: Client, dossier: Dossier) -> str:
    return text_of(client.post(RESULT, {"code": dossier.public_code, "proof": "4215"}))


def survey_link(client: Client, dossier: Dossier) -> str:
    answer = client.post(RESULT, {"code": dossier.public_code, "proof": "4215"})
    found = re.findall(r'href="(/ks/[^"]+/)"', answer.content.decode())
    return found[0] if found else ""


@pytest.mark.parametrize("name", ["returned", "stopped"])
def test_a_finished_dossier_leads_to_its_survey(
    client: Client, province: Province, name: str
) -> None:
    dossier = getattr(stages, name)(province)
    link = survey_link(client, dossier)
    slip = dossier.slips.get(kind="receipt")
    assert link == f"/ks/{survey_tokens.make(slip.pk)}/"
    assert "Bạn thấy việc giải quyết thế nào?" in looked_up(client, dossier)
    overall, _made = SurveyQuestion.objects.get_or_create(
        code="overall",
        valid_from=dt.date(2019, 1, 6),
        defaults={"text": "Chung", "position": 1},
    )
    assert client.get(link).status_code == 200
    surveys.answer(slip, {overall: 5})
    assert survey_link(client, dossier) == ""


def test_a_refused_one_leads_to_the_survey_of_its_refusal(
    client: Client, province: Province
) -> None:
    refused = intake.refuse(
        stages.submitted(province), by=province.receptionist, reason="Không thuộc thẩm quyền"
    )
    slip = refused.slips.get(kind="refusal")
    assert survey_link(client, refused) == f"/ks/{survey_tokens.make(slip.pk)}/"


@pytest.mark.parametrize("name", ["in_progress", "awaiting_supplement", "settled"])
def test_what_is_still_worked_on_or_waits_to_be_collected_asks_nothing(
    client: Client, province: Province, name: str
) -> None:
    assert survey_link(client, getattr(stages, name)(province)) == ""


def test_a_survey_that_is_closed_is_not_linked(client: Client, province: Province) -> None:
    dossier = stages.returned(province)
    with time_machine.travel(timezone.now() + dt.timedelta(days=31), tick=False):
        assert survey_link(client, dossier) == ""


def test_the_link_costs_one_query_and_only_where_it_stands(
    client: Client, province: Province
) -> None:
    done, running = stages.returned(province), stages.in_progress(province)
    figures = []
    for dossier in (done, running):
        looked_up(client, dossier)
        with count_queries() as counted:
            looked_up(client, dossier)
        figures.append(len(counted))
    assert figures[0] == figures[1] + 1 <= 4
