"""Khảo sát theo cơ quan: n and response rate beside every rate, nothing shown of too few."""

from __future__ import annotations

import datetime as dt
import importlib
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.apps import apps
from django.conf import settings
from django.db import connection

from agencies.models import Agency
from dossiers import surveys
from dossiers.models import PaperSlip, SurveyAnswer, SurveyQuestion
from reports import periods, satisfaction
from reports.satisfaction import Line, Satisfaction
from reports.settlement import Counted
from tests.budgets import count_queries
from tests.dossiers import stages
from tests.dossiers.pages import browser_of, page
from tests.factories import ProcedureFactory
from tests.province import make_province

if TYPE_CHECKING:
    from tests.province import Province

pytestmark = pytest.mark.django_db

(_FILE,) = (settings.BASE_DIR / "dossiers" / "migrations").glob("*_ask_how_it_went.py")
MIGRATION: Any = importlib.import_module(f"dossiers.migrations.{_FILE.stem}")
JUNE = periods.from_code("qd766-2026-m6")
JULY = periods.from_code("qd766-2026-m7")
ADDRESS = "/bao-cao/khao-sat/?period=qd766-2026-m6"


@pytest.fixture
def province() -> Province:
    MIGRATION.ask_the_first_questions(apps, None)
    return make_province()


def answered(p: Province, *scores: int | None, day: str = "2026-06-10") -> list[SurveyAnswer]:
    """Hand a receipt out on the day for each score and answer it next day; None leaves it out."""
    overall = SurveyQuestion.objects.get(code="overall")
    officer = SurveyQuestion.objects.get(code="officer")
    found = []
    for score in scores:
        with time_machine.travel(f"{day}T09:00+07:00", tick=False):
            slip = stages.received(p).slips.get()
        with time_machine.travel(f"{day}T16:00+07:00", tick=False):
            given = {overall: score} if score else {officer: 5}
            found.append(surveys.answer(slip, given))
    return found


def table(period: Any = JUNE) -> Satisfaction:
    return satisfaction.count(period, list(Agency.objects.order_by("code")))


def figures(line: Line) -> tuple[int, ...]:
    return (line.handed_out, line.answered, line.on_paper, line.scored, line.satisfied)


def flat(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page(answer)))


def test_a_hand_computed_month(province: Province) -> None:
    answered(province, 5, 4, 3, 2, 1, 5, None)
    with time_machine.travel("2026-06-10T09:00+07:00", tick=False):
        stages.received(province)
        stages.awaiting_supplement(province)  # two slips: its receipt and its request
    (line,) = table().lines
    assert (line.code, figures(line), line.disliked) == ("H01.07", (10, 7, 0, 6, 3), 2)
    assert (line.rate, line.response_rate) == (Decimal(50), Decimal(70))
    assert figures(table().totals) == figures(line)
    asked = {question.text: question for question in table().questions}
    officer = asked["Thái độ và hướng dẫn của cán bộ"]
    assert (officer.scored, officer.satisfied, officer.rate) == (1, 1, None)


def test_an_answer_stands_with_who_settled_it_and_in_the_other_table_with_who_received_it(
    province: Province,
) -> None:
    answered(province, 5, 4)
    agencies = list(Agency.objects.order_by("code"))
    codes = {
        counted: [(line.code, figures(line)) for line in found.lines]
        for counted in Counted
        for found in [satisfaction.count(JUNE, agencies, counted=counted)]
    }
    assert codes == {
        Counted.SETTLING: [("H01.07", (2, 2, 0, 2, 2))],
        Counted.RECEIVING: [("H01.01.01", (2, 2, 0, 2, 2))],
    }
    counter = browser_of(province.receptionist)
    assert "Kỳ này chưa phát phiếu" in flat(counter.get(ADDRESS))
    assert "Trung tâm Phục vụ hành chính công 2 2 0 100" in flat(
        counter.get(f"{ADDRESS}&place=receiving")
    )


def test_two_agencies_have_two_lines_and_one_sum(province: Province) -> None:
    answered(province, 5, 1)
    other = ProcedureFactory.create(offering=province.elsewhere)
    with time_machine.travel("2026-06-10T09:00+07:00", tick=False):
        slip = province.log(procedure=other).slips.get()
        surveys.answer(slip, dict.fromkeys(surveys.questions_of(slip), 4))
    report = table()
    assert {line.code: figures(line) for line in report.lines} == {
        "H01.07": (2, 2, 0, 2, 1),
        "H01.08": (1, 1, 0, 1, 1),
    }
    assert figures(report.totals) == (3, 3, 0, 3, 2)
    assert {question.scored for question in report.questions} == {3, 1}


def test_a_slip_counts_on_its_day_and_an_answer_on_its_own(province: Province) -> None:
    with time_machine.travel("2026-06-30T23:30+07:00", tick=False):
        slip = stages.received(province).slips.get()
    overall = SurveyQuestion.objects.get(code="overall")
    with time_machine.travel("2026-07-01T00:10+07:00", tick=False):
        surveys.answer(slip, {overall: 5})
    assert figures(table(JUNE).totals) == (1, 0, 0, 0, 0)
    assert figures(table(JULY).totals) == (0, 1, 0, 1, 1)


def test_nothing_handed_out_has_no_rate_and_more_than_all_is_said() -> None:
    assert Line("", "").response_rate is None
    assert Line("", "", handed_out=2, answered=3).response_rate == 150
    assert Line("", "", scored=0).rate is None


@pytest.mark.parametrize(("answers", "shown"), [(4, False), (5, True)])
def test_what_too_few_said_is_not_shown(province: Province, answers: int, shown: bool) -> None:
    answered(province, *[1] * answers)
    line = table().totals
    assert (line.rate is not None, line.is_too_few) == (shown, not shown)
    said = flat(browser_of(province.reformer).get(ADDRESS))
    assert bool(re.search(r"– 4 quá ít", said)) is not shown
    assert bool(re.search(r" 0 5 0(,0+)? ?%", said)) is shown


def test_the_page_has_n_and_the_response_rate_and_never_the_word(province: Province) -> None:
    answered(province, 5, 5, 5, 4, 2)
    answer = browser_of(province.reformer).get(ADDRESS)
    said = flat(answer)
    assert "Sở Thử nghiệm 5 5 0 100" in said
    assert "4 5 80" in said
    assert "SIPAS" not in page(answer).upper()


def test_only_agencies_in_sight_are_on_the_page(province: Province) -> None:
    answered(province, 5)
    assert "Sở Thử nghiệm" not in flat(browser_of(province.stranger).get(ADDRESS))
    out = browser_of(province.stranger).get(f"{ADDRESS}&agency={province.department.code}")
    assert out.status_code == 404


def test_no_code_and_no_name_of_a_dossier_is_on_the_page(province: Province) -> None:
    (row,) = answered(province, 5)
    said = page(browser_of(province.reformer).get(ADDRESS))
    for hidden in (str(row.dossier.code), row.dossier.tracking_code, "4215"):
        assert hidden not in said


def test_thirty_answers_cost_as_many_queries_as_one(province: Province) -> None:
    figures = []
    for size in (1, 30):
        answered(province, *[5] * (size - SurveyAnswer.objects.count()))
        office = browser_of(province.reformer)
        with count_queries() as counted:
            office.get(ADDRESS)
        figures.append(len(counted))
    assert figures[0] == figures[1] <= 5


def test_bad_days_are_said_and_an_empty_period_says_so(province: Province) -> None:
    officer = browser_of(province.reformer)
    wrong = officer.get("/bao-cao/khao-sat/?period=free&from=2026-06-09&to=hom-qua")
    assert wrong.status_code == 400
    empty = flat(officer.get("/bao-cao/khao-sat/?from=2019-02-01&to=2019-02-02"))
    assert "Kỳ này chưa phát phiếu và chưa có trả lời" in empty


def test_the_slips_of_a_period_are_found_by_their_index(province: Province) -> None:
    found = PaperSlip.objects.filter(
        kind__in=["receipt", "refusal", "supplement_request"],
        issued_at__gte=dt.datetime(2026, 6, 1, tzinfo=dt.UTC),
    ).order_by()
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
    assert "paperslip_with_survey" in found.explain()
