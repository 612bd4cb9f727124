"""Khảo sát: a slip goes out with forms 01 to 03, is answered once, and tells nobody who answered."""

from __future__ import annotations

import datetime as dt
import importlib
import io
import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pypdf
import pytest
import time_machine
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from dossiers import survey_tokens, surveys
from dossiers.models import SurveyAnswer, SurveyQuestion, SurveyScore
from dossiers.services import closing, intake
from tests.budgets import count_queries
from tests.dossiers import stages
from tests.dossiers.pages import browser_of, page
from tests.province import make_province

if TYPE_CHECKING:
    from dossiers.models import PaperSlip
    from tests.province import Province

pytestmark = pytest.mark.django_db

# By its name: numbers of migrations change when branches meet.
(_FILE,) = (settings.BASE_DIR / "dossiers" / "migrations").glob("*_ask_how_it_went.py")
MIGRATION: Any = importlib.import_module(f"dossiers.migrations.{_FILE.stem}")


@pytest.fixture(autouse=True)
def _questions(request: pytest.FixtureRequest, db: Any) -> None:
    """Ask what the migration asks: a transactional test before this one has emptied the table."""
    if not request.node.get_closest_marker("django_db").kwargs.get("transaction"):
        MIGRATION.ask_the_first_questions(apps, None)


def receipt(p: Province) -> PaperSlip:
    return stages.received(p).slips.get(kind="receipt")


def address(slip: PaperSlip) -> str:
    return f"/ks/{survey_tokens.make(slip.pk)}/"


def said(slip: PaperSlip, score: int = 5, **more: Any) -> dict[str, Any]:
    return {f"q{question.pk}": score for question in surveys.questions_of(slip)} | more


def flat(answer: Any) -> str:
    return re.sub(r"\s+", " ", page(answer))


# The token


def test_a_token_names_one_paper_and_shows_no_number() -> None:
    tokens = {survey_tokens.make(number) for number in range(1, 2000)}
    assert len(tokens) == 1999
    assert {len(token) for token in tokens} == {survey_tokens.LENGTH}
    assert survey_tokens.slip_id_of(survey_tokens.make(77)) == 77
    assert survey_tokens.make(77) == survey_tokens.make(77)
    # Neighbours have nothing in common: the number is masked as well as sealed.
    assert survey_tokens.make(77)[-4:] != survey_tokens.make(78)[-4:]


def test_a_changed_token_is_nobodys() -> None:
    token = survey_tokens.make(77)
    for place in range(len(token)):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert survey_tokens.slip_id_of(changed) is None
    for wrong in ("", token[:-1], token + "A", "!" * 24, "ư" * 24, "=" * 24):
        assert survey_tokens.slip_id_of(wrong) is None


def test_old_slips_open_after_the_key_was_replaced(settings: Any) -> None:
    token, old = survey_tokens.make(77), settings.SECRET_KEY
    settings.SECRET_KEY = "another"
    assert survey_tokens.slip_id_of(token) is None
    settings.SECRET_KEY_FALLBACKS = [old]
    assert survey_tokens.slip_id_of(token) == 77


# The questions


def test_each_form_asks_its_own_questions(province: Province) -> None:
    supplement = stages.awaiting_supplement(province).slips.get(kind="supplement_request")
    refusal = intake.refuse(
        stages.submitted(province), by=province.receptionist, reason="Không thuộc thẩm quyền"
    ).slips.get(kind="refusal")
    asked = {
        slip.kind: {question.code for question in surveys.questions_of(slip)}
        for slip in (receipt(province), supplement, refusal)
    }
    shared = {"overall", "access", "procedure", "officer", "contacts", "feedback"}
    assert asked == {
        "receipt": shared | {"punctuality"},
        "supplement_request": shared | {"supplement"},
        "refusal": shared | {"refusal"},
    }


def test_a_slip_asks_what_was_asked_on_the_day_it_was_issued(province: Province) -> None:
    slip = receipt(province)
    on = timezone.localdate(slip.issued_at)
    SurveyQuestion.objects.filter(code="officer").update(valid_to=on - dt.timedelta(days=1))
    SurveyQuestion.objects.create(
        code="later", text="Sau này", position=1, valid_from=on + dt.timedelta(days=1)
    )
    SurveyQuestion.objects.create(code="now", text="Hôm nay", position=2, valid_from=on)
    codes = [question.code for question in surveys.questions_of(slip)]
    assert codes[0] == "now"
    assert "officer" not in codes
    assert "later" not in codes


def test_the_first_questions_are_written_once() -> None:
    MIGRATION.ask_the_first_questions(apps, None)
    assert SurveyQuestion.objects.count() == len(MIGRATION.QUESTIONS)


def test_what_was_asked_is_never_reworded(province: Province) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        SurveyQuestion.objects.filter(code="officer").update(text="Khác")
    SurveyQuestion.objects.filter(code="officer").update(valid_to=dt.date(2030, 1, 1))


# Answering


def test_a_slip_is_answered_without_signing_in(client: Client, province: Province) -> None:
    slip = receipt(province)
    shown = flat(client.get(address(slip)))
    for hidden in (slip.dossier.owner_name, str(slip.dossier.code), slip.dossier.tracking_code):
        assert hidden not in shown
    assert province.procedure.name in shown
    answer = client.post(address(slip), said(slip, 4, comment=" Quầy đông "), follow=True)
    assert "Đã ghi nhận trả lời" in flat(answer)
    row = SurveyAnswer.objects.get()
    assert (row.slip, row.dossier) == (slip, slip.dossier)
    assert (row.receiving_agency, row.competent_agency) == (province.centre, province.department)
    assert (row.liked, row.comment) == (True, "Quầy đông")
    assert row.answered_on == timezone.localdate(row.answered_at)
    assert b"Qu" not in bytes(row.comment_sealed)
    scores = dict(row.scores.values_list("question__code", "score"))
    assert len(scores) == 7
    assert set(scores.values()) == {4}


def test_some_questions_may_be_left_out_but_not_all(client: Client, province: Province) -> None:
    slip = receipt(province)
    empty = client.post(address(slip), {"comment": "Chỉ có lời"})
    assert empty.status_code == 400
    assert "Hãy chọn mức độ cho ít nhất một câu." in flat(empty)
    assert "Chỉ có lời" in flat(empty)
    last = surveys.questions_of(slip)[-1]
    client.post(address(slip), {f"q{last.pk}": "1"})
    row = SurveyAnswer.objects.get()
    assert [score.score for score in row.scores.all()] == [1]
    assert row.liked is None


@pytest.mark.parametrize(
    ("score", "liked"), [(5, True), (4, True), (3, None), (2, False), (1, False)]
)
def test_likes_follow_from_the_question_about_the_whole(
    province: Province, score: int, liked: bool | None
) -> None:
    slip = receipt(province)
    overall = SurveyQuestion.objects.get(code="overall")
    assert surveys.answer(slip, {overall: score}).liked is liked


@pytest.mark.parametrize("score", ["0", "6", "-1", "x", "5.0", "9" * 50])
def test_a_score_off_the_scale_is_refused(client: Client, province: Province, score: str) -> None:
    slip = receipt(province)
    question = surveys.questions_of(slip)[0]
    assert client.post(address(slip), {f"q{question.pk}": score}).status_code == 400
    assert not SurveyAnswer.objects.exists()


def test_questions_of_another_form_are_not_stored(client: Client, province: Province) -> None:
    slip = receipt(province)
    foreign = SurveyQuestion.objects.get(code="refusal")
    client.post(address(slip), said(slip) | {f"q{foreign.pk}": "1"})
    assert not SurveyScore.objects.filter(question=foreign).exists()


def test_a_slip_is_answered_once(client: Client, province: Province) -> None:
    slip = receipt(province)
    client.post(address(slip), said(slip, 5))
    again = client.post(address(slip), said(slip, 1), follow=True)
    assert "Phiếu này đã được trả lời" in flat(again)
    assert set(SurveyScore.objects.values_list("score", flat=True)) == {5}
    other = receipt(province)
    client.post(address(other), said(other, 3))
    assert SurveyAnswer.objects.count() == 2


def test_the_second_answer_of_a_slip_is_an_error_of_the_service(province: Province) -> None:
    slip = receipt(province)
    question = surveys.questions_of(slip)[0]
    surveys.answer(slip, {question: 3})
    with pytest.raises(surveys.AlreadyAnsweredError):
        surveys.answer(slip, {question: 4})
    assert SurveyScore.objects.get().score == 3


@pytest.mark.parametrize("token", ["x", "A" * 24, "../../etc", "%20" * 8])
def test_a_wrong_token_is_404(client: Client, token: str) -> None:
    assert client.get(f"/ks/{token}/").status_code == 404
    assert client.post(f"/ks/{token}/").status_code == 404


def test_only_forms_01_to_03_have_a_survey(client: Client, province: Province) -> None:
    dossier = closing.stop(stages.in_progress(province), by=province.head, reason="Trùng hồ sơ")
    notice = dossier.slips.get(kind="stop_notice")
    assert client.get(address(notice)).status_code == 404
    desk = browser_of(province.receptionist)
    assert desk.get(f"/ho-so/{dossier.code}/giay-to/{notice.pk}/khao-sat.pdf").status_code == 404


@pytest.mark.parametrize(
    ("kind", "changes", "days", "expected"),
    [
        ("receipt", {}, 400, True),  # worked on
        ("receipt", {"returned_at": 0}, 30, True),
        ("receipt", {"returned_at": 0}, 31, False),
        ("receipt", {"settled_at": 0, "state": "settled"}, 400, True),  # waits to be collected
        ("receipt", {"settled_at": 0, "state": "withdrawn"}, 31, False),
        ("receipt", {"settled_at": 0, "state": "stopped"}, 30, True),
        ("refusal", {}, 30, True),
        ("refusal", {}, 31, False),
        ("supplement_request", {}, 31, False),
    ],
)
def test_a_slip_is_open_until_thirty_days_after_the_end(
    province: Province, kind: str, changes: dict[str, Any], days: int, expected: bool
) -> None:
    slip = receipt(province)
    slip.kind = kind
    for name, value in changes.items():
        setattr(slip.dossier, name, slip.issued_at if value == 0 else value)
    now = slip.issued_at + dt.timedelta(days=days)
    assert surveys.is_open(slip, now) is expected


def test_a_closed_slip_says_so_and_takes_nothing(
    client: Client, province: Province, time_machine: Any
) -> None:
    slip = intake.refuse(
        stages.submitted(province), by=province.receptionist, reason="Không thuộc thẩm quyền"
    ).slips.get(kind="refusal")
    values = said(slip)
    time_machine.move_to(slip.issued_at + dt.timedelta(days=31))
    for answer in (client.get(address(slip)), client.post(address(slip), values)):
        assert "Phiếu đã hết hạn trả lời" in flat(answer)
    assert not SurveyAnswer.objects.exists()
    with pytest.raises(surveys.ClosedError):
        surveys.answer(slip, {})


def test_refused_answers_are_throttled(client: Client, province: Province, settings: Any) -> None:
    settings.TRACKING_TRIES_PER_CODE = 3
    settings.TRACKING_TRIES_PER_NETWORK = 1000
    slip = receipt(province)
    client.post(address(slip), said(slip))
    statuses = [client.post(address(slip), said(slip)).status_code for _n in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert client.post(address(slip)).headers["Retry-After"]
    settings.TRACKING_TRIES_PER_NETWORK = 5
    wrong = [client.post(f"/ks/{'A' * 20}{n:04d}/").status_code for n in range(8)]
    assert wrong[-1] == 429
    # Reading is not throttled: who only looks guesses nothing.
    assert client.get(address(slip)).status_code == 200


def test_the_page_is_kept_nowhere_and_found_by_nobody(client: Client, province: Province) -> None:
    answer = client.get(address(receipt(province)))
    assert answer["Cache-Control"] == "private, no-store"
    assert "noindex" in answer["X-Robots-Tag"]
    assert answer["Referrer-Policy"] == "same-origin"


def test_an_answer_needs_the_protection_against_forged_requests(province: Province) -> None:
    slip = receipt(province)
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(address(slip), said(slip)).status_code == 403
    form = flat(strict.get(address(slip)))
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert token
    strict.post(address(slip), said(slip, csrfmiddlewaretoken=token[1]))
    assert SurveyAnswer.objects.count() == 1


def test_the_log_names_neither_slip_nor_dossier(
    client: Client, province: Province, caplog: Any
) -> None:
    slip = receipt(province)
    caplog.clear()
    client.post(address(slip), said(slip, comment="Bí mật"))
    lines = " ".join(str(record.msg) for record in caplog.records)
    assert "survey answered" in lines
    for secret in (survey_tokens.make(slip.pk), str(slip.dossier.code), "Bí mật"):
        assert secret not in lines


# The database refuses the rest


def test_answers_are_history(province: Province) -> None:
    slip = receipt(province)
    surveys.answer(slip, {surveys.questions_of(slip)[0]: 5})
    for attempt in (
        lambda: SurveyAnswer.objects.update(liked=True),
        lambda: SurveyScore.objects.update(score=1),
        lambda: SurveyScore.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    row = SurveyAnswer.objects.get()
    question = SurveyQuestion.objects.order_by("-pk")[0]
    for name, score, of in (
        ("surveyscore_on_the_scale", 6, question),
        ("surveyscore_on_the_scale", 0, question),
        ("surveyscore_once", 3, row.scores.get().question),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            SurveyScore.objects.create(answer=row, question=of, score=score)


def test_a_question_ends_after_it_starts_and_stands_once() -> None:
    first = SurveyQuestion.objects.get(code="officer")
    for name, changes in (
        ("surveyquestion_once", {"code": first.code, "valid_from": first.valid_from}),
        (
            "surveyquestion_ends_after_it_starts",
            {"valid_from": dt.date(2026, 2, 1), "valid_to": dt.date(2026, 1, 1), "code": "x"},
        ),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            SurveyQuestion.objects.create(position=1, text="?", **changes)


# Paper


def test_the_slip_is_printed_beside_its_form(
    province: Province, settings: Any, monkeypatch: Any
) -> None:
    settings.PUBLIC_URL = "https://mot-cua.example/"
    from accounts.printing import qr_image as real

    drawn: list[str] = []

    def draw(text: str) -> str:
        drawn.append(text)
        return real(text)

    monkeypatch.setattr("dossiers.sheets.qr_image", draw)
    slip = receipt(province)
    desk = browser_of(province.receptionist)
    link = f"/ho-so/{slip.dossier.tracking_code}/giay-to/{slip.pk}/khao-sat.pdf"
    assert link in page(desk.get(f"/ho-so/{slip.dossier.code}/"))
    done = page(desk.get(f"/tiep-nhan/da-nhan/{slip.dossier.code}/"))
    assert f"/ho-so/{slip.dossier.code}/giay-to/{slip.pk}/khao-sat.pdf" in done
    answer = desk.get(link)
    assert answer["Content-Type"] == "application/pdf"
    assert drawn == [f"https://mot-cua.example{address(slip)}"]
    pdf: Any = pypdf.PdfReader(io.BytesIO(answer.content))
    assert len(pdf.pages) == 1
    assert [round(float(side)) for side in pdf.pages[0].mediabox[2:]] == [420, 595]  # A5
    assert pdf.trailer["/Root"]["/MarkInfo"]["/Marked"]
    words = re.sub(r"\s+", " ", pdf.pages[0].extract_text())
    assert "PHIẾU KHẢO SÁT MỨC ĐỘ HÀI LÒNG" in words
    for question in surveys.questions_of(slip):
        assert question.text.split(":")[0] in words
    assert survey_tokens.make(slip.pk) in re.sub(r"\s", "", words)
    for hidden in (slip.dossier.owner_name, str(slip.dossier.code), slip.dossier.tracking_code):
        assert hidden not in words
    assert browser_of(province.stranger).get(link).status_code == 404


# Budgets, and two clicks at once


def test_the_page_and_the_answer_have_their_budgets(client: Client, province: Province) -> None:
    slip = receipt(province)
    values = said(slip)
    with count_queries() as shown:
        client.get(address(slip))
    assert len(shown) <= 2, str(shown)
    with count_queries() as answered:
        client.post(address(slip), values)
    assert len(answered) <= 5, str(answered)  # the paper, the count, the questions, two inserts


@pytest.mark.django_db(transaction=True)
def test_of_four_answers_at_the_same_moment_one_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dossiers.tasks.knock", lambda slip_id: True)
    MIGRATION.ask_the_first_questions(apps, None)
    slip = receipt(make_province())
    question = surveys.questions_of(slip)[0]
    start = Barrier(4)

    def answer(score: int) -> Any:
        try:
            start.wait(timeout=20)
            return surveys.answer(slip, {question: score})
        except surveys.AlreadyAnsweredError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(answer, [1, 2, 3, 4]))
    assert len([each for each in done if isinstance(each, SurveyAnswer)]) == 1, done
    assert SurveyAnswer.objects.count() == SurveyScore.objects.count() == 1


# Answers on paper


ENTER = "/khao-sat/nhap-phieu/"


def on_paper(slip: PaperSlip, **more: Any) -> dict[str, Any]:
    return said(slip, 4) | {"answered_on": timezone.localdate().isoformat()} | more


def test_a_paper_slip_is_typed_in_at_the_counter(province: Province) -> None:
    slip = receipt(province)
    desk = browser_of(province.receptionist)
    for typed in (surveys.address_of(slip), survey_tokens.make(slip.pk)):
        shown = flat(desk.get(ENTER, {"phieu": typed}))
        assert province.procedure.name in shown
        # No more than stands on the slip: who types must not learn whose it is.
        for hidden in (str(slip.dossier.code), slip.dossier.tracking_code, "4215"):
            assert hidden not in shown
    sent = desk.post(
        f"{ENTER}?phieu={survey_tokens.make(slip.pk)}",
        on_paper(slip, comment="Chờ lâu"),
        follow=True,
    )
    assert "Đã ghi phiếu. Quét phiếu tiếp theo." in flat(sent)
    row = SurveyAnswer.objects.get()
    assert (row.slip, row.entered_by, row.liked) == (slip, province.receptionist, True)
    assert (row.answered_on, row.comment) == (timezone.localdate(), "Chờ lâu")
    assert row.entered_at is not None
    assert row.answered_at <= row.entered_at


def test_the_day_on_paper_is_the_day_of_the_answer(province: Province) -> None:
    with time_machine.travel("2026-11-02T09:00+07:00", tick=False):
        slip = receipt(province)
    with time_machine.travel("2026-11-20T09:00+07:00", tick=False):
        sent = browser_of(province.receptionist).post(
            f"{ENTER}?phieu={survey_tokens.make(slip.pk)}",
            on_paper(slip, answered_on="2026-11-05"),
        )
    assert sent.status_code == 302
    row = SurveyAnswer.objects.get()
    assert timezone.localdate(row.answered_at) == row.answered_on == dt.date(2026, 11, 5)
    assert row.entered_at is not None
    assert timezone.localdate(row.entered_at) == dt.date(2026, 11, 20)


def test_what_was_in_the_box_in_time_is_taken_after_the_last_day(province: Province) -> None:
    with time_machine.travel("2026-09-01T09:00+07:00", tick=False):
        slip = stages.awaiting_supplement(province).slips.get(kind="supplement_request")
    overall = SurveyQuestion.objects.get(code="overall")
    with time_machine.travel("2026-10-20T09:00+07:00", tick=False):
        for late in (dt.date(2026, 10, 20), dt.date(2026, 8, 31), dt.date(2026, 10, 21)):
            with pytest.raises(surveys.ClosedError):
                surveys.answer(slip, {overall: 5}, on_paper=late, by=province.receptionist)
        surveys.answer(slip, {overall: 5}, on_paper=dt.date(2026, 9, 30), by=province.receptionist)
    assert SurveyAnswer.objects.get().answered_on == dt.date(2026, 9, 30)


@pytest.mark.parametrize(
    ("day", "fault"),
    [
        ("2026-10-31", "Phiếu này phát ngày 02/11/2026"),
        ("2026-11-21", "không thể ở tương lai"),
        ("hôm qua", "Ngày không đọc được"),
        ("", "Hãy ghi ngày bỏ phiếu vào hòm"),
    ],
)
def test_a_day_that_cannot_be_is_said_and_nothing_is_lost(
    province: Province, day: str, fault: str
) -> None:
    with time_machine.travel("2026-11-02T09:00+07:00", tick=False):
        slip = receipt(province)
    with time_machine.travel("2026-11-20T09:00+07:00", tick=False):
        answer = browser_of(province.receptionist).post(
            f"{ENTER}?phieu={survey_tokens.make(slip.pk)}",
            on_paper(slip, answered_on=day, comment="Ghi dài"),
        )
    assert answer.status_code == 400
    assert fault in flat(answer)
    assert "Ghi dài" in flat(answer)
    assert not SurveyAnswer.objects.exists()


def test_a_slip_answered_online_is_not_typed_in_again(province: Province) -> None:
    slip = receipt(province)
    overall = SurveyQuestion.objects.get(code="overall")
    surveys.answer(slip, {overall: 1})
    desk = browser_of(province.receptionist)
    where = f"{ENTER}?phieu={survey_tokens.make(slip.pk)}"
    assert "đã được trả lời" in flat(desk.get(where))
    assert "đã được trả lời" in flat(desk.post(where, on_paper(slip)))
    assert SurveyAnswer.objects.get().entered_by is None


@pytest.mark.parametrize("typed", ["abc", "https://x.vn/ks/", "/", "ư" * 400, "' OR 1=1 --"])
def test_what_is_no_slip_is_said(province: Province, typed: str) -> None:
    answer = browser_of(province.receptionist).get(ENTER, {"phieu": typed})
    assert answer.status_code == 404
    assert "Không có phiếu này" in flat(answer)


def test_another_counters_slip_is_none_and_others_have_no_such_page(province: Province) -> None:
    slip = receipt(province)
    where = f"{ENTER}?phieu={survey_tokens.make(slip.pk)}"
    answer = browser_of(province.stranger).post(where, on_paper(slip))
    assert answer.status_code == 404
    assert province.procedure.name not in flat(answer)
    assert browser_of(province.specialist).get(ENTER).status_code == 404
    assert Client().get(ENTER).status_code == 302
    assert not SurveyAnswer.objects.exists()
    assert browser_of(province.reformer).get(where).status_code == 200


def test_a_typed_in_answer_needs_a_mark_too(province: Province) -> None:
    slip = receipt(province)
    answer = browser_of(province.receptionist).post(
        f"{ENTER}?phieu={survey_tokens.make(slip.pk)}",
        {"answered_on": timezone.localdate().isoformat(), "comment": "Chỉ có lời"},
    )
    assert answer.status_code == 400
    assert "ít nhất một câu" in flat(answer)


def test_who_typed_it_in_and_when_stand_together(province: Province) -> None:
    overall = SurveyQuestion.objects.get(code="overall")
    row = surveys.answer(receipt(province), {overall: 5})
    row.pk, row.slip = None, stages.received(province).slips.get(kind="receipt")
    row.entered_by = province.receptionist
    with pytest.raises(IntegrityError, match="surveyanswer_entered_by_somebody"):
        row.save(force_insert=True)


def test_typing_in_asks_at_most_six_queries(province: Province) -> None:
    slip = receipt(province)
    desk = browser_of(province.receptionist)
    with count_queries() as counted:
        desk.get(ENTER, {"phieu": survey_tokens.make(slip.pk)})
    assert len(counted) <= 6, str(counted)
