"""Query budgets of the API and of every act: the same for one row and for thirty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction
from django.test import Client
from knox.models import AuthToken
from rest_framework.test import APIClient

from dossiers.models import Dossier
from dossiers.next_acts import SEGMENTS
from dossiers.services import processing
from tests.budgets import count_queries
from tests.dossiers.stages import EVERY_ACT

if TYPE_CHECKING:
    from agencies.models import Officer
    from tests.budgets import Counted
    from tests.dossiers.stages import Expected
    from tests.province import Province

LOGGING, DETAIL, LIST, ACT = 12, 8, 6, 14
TABLE = "/api/v1/dossiers/"


def client_of(officer: Officer) -> APIClient:
    """Return a client that pays for its token as a real one does."""
    client = APIClient()
    _row, token = AuthToken.objects.create(officer.user)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def log(client: APIClient, body: dict[str, Any], key: str) -> Counted:
    with count_queries() as counted:
        answer = client.post(TABLE, body, headers={"Idempotency-Key": key})
    assert answer.status_code == 201, answer.json()
    return counted


def test_logging_runs_at_most_12_queries_with_one_paper_and_with_thirty(
    province: Province,
) -> None:
    desk = client_of(province.receptionist)
    log(desk, province.body(), "warm")  # the calendar is read once by each process
    papers = [{"name": f"Giấy tờ {n}", "kind": "copy", "quantity": 1} for n in range(30)]
    one = log(desk, province.body(papers=papers[:1]), "one")
    thirty = log(desk, province.body(papers=papers), "thirty")
    assert len(one) <= LOGGING, str(one)
    assert len(one) == len(thirty), str(thirty)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"channel": "online"},
        {"agency": "H01.07"},
        {"received_at": "2026-01-05T09:00:00", "reason": "Mất điện"},
        {"representative": {"name": "Lê Văn Thử", "personal_id": "1", "phone": "0900123457"}},
    ],
    ids=["plain", "online", "agency", "late", "representative"],
)
def test_no_way_of_logging_costs_more(province: Province, changes: dict[str, Any]) -> None:
    desk = client_of(province.receptionist)
    log(desk, province.body(), "warm")
    counted = log(desk, province.body(**changes), "k")
    assert len(counted) <= LOGGING, str(counted)


def test_a_repeated_key_costs_next_to_nothing(province: Province) -> None:
    desk = client_of(province.receptionist)
    log(desk, province.body(), "k")
    again = log(desk, province.body(), "k")
    assert len(again) <= 2, str(again)


def test_a_dossier_is_read_with_at_most_8_queries_whatever_its_history(
    province: Province,
) -> None:
    short = province.log()
    long = province.log()
    processing.transfer(long, by=province.receptionist)
    processing.assign(long, by=province.head)
    for _ in range(14):
        processing.propose(long, by=province.specialist)
        processing.send_back(long, by=province.head, reason="Làm lại")
    assert long.events.count() == 32
    reader = client_of(province.reformer)
    figures = []
    for dossier in (short, long):
        with count_queries() as counted:
            answer = reader.get(f"{TABLE}{dossier.code}/")
        assert answer.status_code == 200
        assert len(counted) <= DETAIL, str(counted)
        figures.append(len(counted))
    assert figures[0] == figures[1]


def test_the_list_runs_at_most_6_queries_for_one_row_and_for_thirty(province: Province) -> None:
    desk = client_of(province.receptionist)
    figures = []
    for wanted in (1, 30):
        while (count := desk.get(TABLE).json()["results"].__len__()) < wanted:
            province.log()
        assert count == wanted
        with count_queries() as counted:
            assert len(desk.get(f"{TABLE}?agency=H01.07").json()["results"]) == wanted
        assert len(counted) <= LIST, str(counted)
        figures.append(len(counted))
    assert figures[0] == figures[1]


def test_an_act_costs_the_same_on_every_dossier(province: Province) -> None:
    """No budget of the issue: a bound of our own, so that an act does not grow unseen."""
    desk = client_of(province.receptionist)
    figures = []
    for _ in range(2):
        code = province.log().code
        with count_queries() as counted:
            answer = desk.post(f"{TABLE}{code}/acts/", {"act": "transfer", "version": 2})
        assert answer.status_code == 200
        assert len(counted) <= ACT, str(counted)
        figures.append(len(counted))
    assert figures[0] == figures[1]


# Lock, row with the clock, roles; row, event with its message: five that every act runs. Beside
# them its own.
OF_A_SERVICE = 12
# A page asks twice who may do what (before the lock and under it) and looks for the paper it made.
OF_A_PAGE = 3


@pytest.mark.parametrize("expected", EVERY_ACT, ids=lambda e: e.name)
def test_an_act_runs_at_most_12_queries_and_its_page_three_more(
    province: Province, expected: Expected
) -> None:
    actor = getattr(province, expected.actor)
    dossier = expected.stage(province)
    actor.__dict__.pop("_held_roles", None)
    with count_queries() as service:
        expected.do(province, Dossier(pk=dossier.pk), version=dossier.event_count)
    assert 5 <= len(service) <= OF_A_SERVICE, str(service)
    dossier = expected.stage(province)
    act = expected.asks or expected.act
    browser = Client()
    browser.force_login(actor.user)
    with count_queries() as page:
        answer = browser.post(
            f"/ho-so/{dossier.public_code}/{SEGMENTS[act]}/",
            {**expected.typed(province), "version": dossier.event_count},
        )
    assert answer.status_code == 302, answer.content.decode()
    # A calendar that nobody has read in this process costs one more, once.
    assert len(page) <= len(service) + OF_A_PAGE, str(page)


def test_the_counter_of_queries_leaves_out_what_no_page_chose(province: Province) -> None:
    with count_queries() as counted, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select 1")
        cursor.execute('select * from "accounts_officesession"')
        cursor.execute('SELECT 1 FROM "accounts_user"')
        cursor.execute('SELECT 1 FROM "agencies_agency"')
    assert list(counted) == ["select 1", 'SELECT 1 FROM "agencies_agency"']
