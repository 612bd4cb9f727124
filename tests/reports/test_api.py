from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.roles import Role
from agencies.models import Agency
from reports.settlement import FIGURE_NAMES
from tests.factories import AgencyFactory, OfficerFactory, UserFactory
from tests.reports import made

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/reports/settlement/"
JUNE = {"from": "2026-06-01", "to": "2026-06-30"}


def client_of(agency: Agency, *roles: Role) -> APIClient:
    client = APIClient()
    client.force_authenticate(OfficerFactory.create(agency=agency, roles=list(roles)).user)
    return client


def get(client: APIClient, **asked: Any) -> Any:
    return client.get(ADDRESS, JUNE | asked)


def test_the_reform_office_gets_the_whole_province() -> None:
    here = made.province()
    made.dossier(
        here.division,
        here.land,
        received="2026-06-10 09:00",
        due="2026-06-17 17:00",
        channel="online",
    )
    answer = get(client_of(here.root, Role.REFORM_OFFICER), by="agency")
    assert answer.status_code == 200
    assert set(answer.json()) == {"rows", "totals"}
    rows = answer.json()["rows"]
    assert [row["code"] for row in rows] == ["H01", "H01.07", "H01.07.01", "H01.51"]
    assert list(rows[0]) == ["code", "name", *FIGURE_NAMES]
    assert rows[2]["received_online"] == 1
    assert list(answer.json()["totals"]) == list(FIGURE_NAMES)
    assert answer.json()["totals"]["open_overdue"] == 1


def test_both_groupings_have_the_same_totals_and_sector_is_the_first() -> None:
    here = made.province()
    made.dossier(here.commune, here.birth, received="2026-06-10 09:00", due=None)
    client = client_of(here.root, Role.REFORM_OFFICER)
    by_sector = get(client).json()
    assert [row["name"] for row in by_sector["rows"]] == ["Đất đai", "Hộ tịch"]
    assert by_sector == get(client, by="sector").json()
    assert by_sector["totals"] == get(client, by="agency").json()["totals"]


def test_a_head_gets_the_own_agency_and_all_below() -> None:
    here = made.province()
    client = client_of(here.department, Role.HEAD)
    assert [row["code"] for row in get(client, by="agency").json()["rows"]] == [
        "H01.07",
        "H01.07.01",
    ]
    below = get(client, by="agency", agency="H01.07.01").json()
    assert [row["code"] for row in below["rows"]] == ["H01.07.01"]


def test_a_specialist_gets_the_own_agency_alone() -> None:
    here = made.province()
    client = client_of(here.department, Role.SPECIALIST)
    assert [row["code"] for row in get(client, by="agency").json()["rows"]] == ["H01.07"]


def test_an_agency_out_of_sight_is_404_like_one_that_does_not_exist() -> None:
    here = made.province()
    stranger = client_of(here.commune, Role.HEAD)
    for code in ("H01", "H01.07", "H99", "\u0130", "x" * 300):
        answer = get(stranger, agency=code)
        assert (answer.status_code, set(answer.json())) == (404, {"detail"})
    assert get(client_of(here.root, Role.ADMINISTRATOR)).status_code == 404


def test_without_a_token_or_an_office_there_is_no_answer() -> None:
    assert get(APIClient()).status_code == 401
    client = APIClient()
    client.force_authenticate(UserFactory.create())
    assert get(client).status_code == 403


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"from": ""}, {"from"}),
        ({"from": "", "to": ""}, {"from", "to"}),
        ({"from": "2026-02-30"}, {"from"}),
        ({"from": "01/06/2026"}, {"from"}),
        ({"to": "9999-12-31"}, {"to"}),
        ({"to": "NaN", "by": "officer"}, {"to", "by"}),
        ({"to": "1e400"}, {"to"}),
        ({"to": "2026-06-30T00:00:00+07:00"}, {"to"}),
        ({"from": "2026-07-01"}, {"to"}),
        ({"by": "procedure"}, {"by"}),
    ],
)
def test_bad_input_is_400_and_names_the_fields(asked: dict[str, str], named: set[str]) -> None:
    here = made.province()
    answer = get(client_of(here.root, Role.REFORM_OFFICER), **asked)
    assert answer.status_code == 400
    assert set(answer.json()) == {"detail", "errors"}
    assert set(answer.json()["errors"]) == named


def test_what_was_entered_a_moment_ago_is_in_it_and_the_end_may_lie_ahead() -> None:
    here = made.province()
    client = client_of(here.root, Role.REFORM_OFFICER)
    today = timezone.localdate()
    asked = {"from": today.isoformat(), "to": (today + timedelta(days=300)).isoformat()}
    assert get(client, **asked).json()["totals"]["received_total"] == 0
    made.dossier(
        here.commune,
        here.birth,
        received=f"{today} 00:00",
        due=f"{today + timedelta(days=3)} 17:00",
    )
    totals = get(client, **asked).json()["totals"]
    assert (totals["received_total"], totals["open_in_time"]) == (1, 1)
    assert date.fromisoformat(asked["to"]) > today


def test_thirty_agencies_cost_as_many_queries_as_one(django_assert_num_queries: Any) -> None:
    here = made.province()
    client = client_of(here.root, Role.REFORM_OFFICER)
    get(client)  # the test client's own user remembers its officer
    # scope, agencies, count; the officer is one more
    with django_assert_num_queries(3):
        get(client, by="agency")
    for _ in range(30):
        agency = made.place(AgencyFactory.create(), here.root)
        made.dossier(agency, here.birth, received="2026-06-10 09:00", due=None)
    with django_assert_num_queries(3):
        get(client, by="agency")
