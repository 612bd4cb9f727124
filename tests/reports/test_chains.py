"""A chain stands once in each report: whole where it was received, in parts where they are settled."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from accounts.roles import Role
from agencies.scope import Scope
from dossiers.models import Dossier
from procedures.models import ProcedureLink
from reports import periods, settlement, timeliness
from reports.models import OnTimeRate
from reports.settlement import By, Counted, Settlement
from tests.dossiers.conftest import OfficerClient
from tests.factories import OfficerFactory, ProcedureFactory, local
from tests.reports import made

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db

JUNE = periods.from_code("qd766-2026-m6")
JULY = periods.from_code("qd766-2026-m7")
LATER = date(2026, 12, 1)


def table(
    counted: Counted, *, by: By = By.AGENCY, period: Any = JUNE, today: date = LATER
) -> Settlement:
    in_sight = settlement.agencies_in_sight(Scope(sees_everything=True))
    root = settlement.default_agency(in_sight, None)
    return settlement.count(
        period, agency=root, in_sight=in_sight, by=by, today=today, counted=counted
    )


def figures(report: Settlement, code: str) -> dict[str, int]:
    row = next(row for row in report.rows if row.code == code)
    return {name: value for name, value in row.figures.as_dict().items() if value}


def make_chain(
    here: made.Province, parts: list[tuple[Any, str, str | None]], **more: Any
) -> Dossier:
    """Make a chain received at the root on 1 June, due on 19 June, and its parts by rows alone.

    Each part is (agency, due, settled).
    """
    procedure = ProcedureFactory.create(version_settings={"is_interlinked": True})
    chain = made.dossier(
        here.root,
        procedure,
        received="2026-06-01 09:00",
        due="2026-06-19 17:00",
        state=more.pop("state", "in_progress"),
        is_chain=True,
        **more,
    )
    for position, (agency, due, settled) in enumerate(parts):
        link = ProcedureLink.objects.create(
            version=procedure.versions.get(),
            position=position,
            procedure=here.birth,
            authority="counter",
        )
        part = made.dossier(
            agency,
            here.birth,
            received="2026-06-01 09:00",
            due=due,
            settled=settled,
            state="settled" if settled else "in_progress",
        )
        Dossier.objects.filter(pk=part.pk).update(
            parent=chain, link=link, receiving_agency=here.root
        )
    return chain


def test_a_chain_is_counted_once_in_each_report() -> None:
    here = made.province()
    make_chain(
        here,
        [
            (here.commune, "2026-06-05 17:00", "2026-06-04 09:00"),
            (here.department, "2026-06-19 17:00", None),
        ],
    )
    made.dossier(
        here.commune,
        here.birth,
        received="2026-06-02 09:00",
        due="2026-07-20 17:00",
        state="in_progress",
    )
    received, settled = table(Counted.RECEIVING), table(Counted.SETTLING)
    assert received.totals.received_total == 2  # the chain, and the ordinary one
    assert settled.totals.received_total == 3  # two parts, and the ordinary one
    assert figures(received, "H01")["received_total"] == 1
    assert figures(received, "H01.51")["received_total"] == 1
    assert "H01.07" not in {row.code for row in received.rows if row.figures.received_total}
    assert figures(settled, "H01.07")["received_total"] == 1
    assert figures(settled, "H01.51") == {
        "received_total": 2,
        "received_direct": 2,
        "settled_total": 1,
        "settled_early": 1,
        "open_total": 1,
        "open_in_time": 1,
    }
    assert figures(settled, "H01") == {}


@pytest.mark.parametrize("counted", list(Counted))
@pytest.mark.parametrize("by", list(By))
@pytest.mark.parametrize("period", [JUNE, JULY])
def test_the_identities_hold_in_both_reports(counted: Counted, by: By, period: Any) -> None:
    here = made.province()
    make_chain(here, [(here.commune, "2026-06-05 17:00", None)])
    make_chain(
        here,
        [(here.commune, "2026-06-05 17:00", "2026-06-08 09:00")],
        settled="2026-06-18 09:00",
        state="settled",
        part_due_at=local("2026-06-05 17:00"),
    )
    made.dossier(here.department, here.land, received="2026-06-02 09:00", due="2026-06-09 17:00")
    report = table(counted, by=by, period=period)  # raises where one does not hold
    assert report.totals.received_total > 0
    assert sum(row.figures.received_total for row in report.rows) == report.totals.received_total


def test_carried_over_is_what_was_left_open_in_both() -> None:
    here = made.province()
    make_chain(here, [(here.commune, "2026-06-05 17:00", None)])
    for counted in Counted:
        june, july = table(counted).totals, table(counted, period=JULY).totals
        assert july.carried_over == june.open_total == 1


def test_an_open_chain_is_overdue_when_one_part_is() -> None:
    here = made.province()
    on_time = date(2026, 6, 5)
    make_chain(
        here,
        [
            (here.commune, "2026-06-05 17:00", None),
            (here.department, "2026-06-19 17:00", None),
        ],
    )
    days = periods.free(date(2026, 6, 1), on_time)
    assert table(Counted.RECEIVING, period=days).totals.open_overdue == 0
    days = periods.free(date(2026, 6, 1), date(2026, 6, 8))
    totals = table(Counted.RECEIVING, period=days).totals
    assert (totals.open_overdue, totals.open_in_time) == (1, 0)
    assert table(Counted.SETTLING, period=days).totals.open_overdue == 1


def test_a_chain_stays_overdue_after_its_late_part_is_done() -> None:
    here = made.province()
    make_chain(
        here,
        [
            (here.commune, "2026-06-05 17:00", "2026-06-09 09:00"),
            (here.department, "2026-06-30 17:00", None),
        ],
    )
    days = periods.free(date(2026, 6, 1), date(2026, 6, 12))
    assert table(Counted.RECEIVING, period=days).totals.open_overdue == 1


def test_a_part_that_stands_stops_its_chain() -> None:
    here = made.province()
    chain = make_chain(here, [(here.commune, "2026-06-05 17:00", None)])
    made.pause(chain.parts.get(), "2026-06-03 09:00", "2026-07-10 09:00")
    for counted in Counted:
        assert table(counted).totals.open_overdue == 0
        assert table(counted, period=JULY).totals.open_overdue == 1


def test_a_chain_with_a_late_part_is_settled_late() -> None:
    here = made.province()
    late = {"settled": "2026-06-18 09:00", "state": "settled"}
    make_chain(
        here,
        [(here.commune, "2026-06-05 17:00", "2026-06-08 09:00")],
        part_due_at=local("2026-06-05 17:00"),
        **late,
    )
    make_chain(here, [(here.commune, "2026-06-05 17:00", "2026-06-04 09:00")], **late)
    totals = table(Counted.RECEIVING).totals
    assert (totals.settled_total, totals.settled_late, totals.settled_early) == (2, 1, 1)


def test_the_nightly_rates_count_parts_where_they_are_settled() -> None:
    here = made.province()
    make_chain(here, [(here.commune, "2026-06-05 17:00", "2026-06-04 09:00")])
    timeliness.compute(date(2026, 6, 30), now=local("2026-07-01 01:00"))
    kept = OnTimeRate.objects.filter(grain="agency")
    assert [rate.agency_id for rate in kept] == [here.commune.pk]


def test_the_page_and_the_api_offer_both(client: Client) -> None:
    here = made.province()
    make_chain(here, [(here.commune, "2026-06-05 17:00", None)])
    reformer = OfficerFactory.create(agency=here.root, roles=[Role.REFORM_OFFICER])
    client.force_login(reformer.user)
    asked = {"period": "qd766-2026-m6", "by": "agency"}
    page = client.get("/bao-cao/", asked | {"place": "receiving"}).content.decode()
    assert "Theo nơi tiếp nhận" in page
    assert "Nơi tiếp nhận" in page
    assert "hồ sơ liên thông tính một lần" in page
    assert 'aria-current="page">Theo nơi tiếp nhận' in page
    assert "place=receiving" in page
    for kind in ("pdf", "xlsx"):
        answer = client.get(f"/bao-cao/ii-06a.{kind}", asked | {"place": "receiving"})
        assert "agency_receiving" in answer.headers["Content-Disposition"]
    assert client.get("/bao-cao/", asked | {"place": "?"}).status_code == 400
    days = {"from": "2026-06-01", "to": "2026-06-30", "by": "agency"}
    api = OfficerClient(reformer)
    told = {
        place: api.get("/api/v1/reports/settlement/", days | {"place": place}).json()
        for place in ("settling", "receiving")
    }
    counts = {
        place: {row["code"]: row["received_total"] for row in told[place]["rows"]} for place in told
    }
    assert (counts["receiving"]["H01"], counts["receiving"]["H01.51"]) == (1, 0)
    assert (counts["settling"]["H01"], counts["settling"]["H01.51"]) == (0, 1)
    wrong = api.get("/api/v1/reports/settlement/", days | {"place": "?"})
    assert list(wrong.json()["errors"]) == ["place"]
