"""Who may see a dossier is decided in one queryset method (domain.md 2.1, style.md 0)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from accounts.roles import OFFICER_ROLES, Role
from agencies.models import OfficerRole
from agencies.scope import Scope, officer_and_scope, scope_of
from dossiers.models import Dossier
from dossiers.services import processing
from tests.dossiers.conftest import OfficerClient
from tests.factories import AgencyFactory, DossierFactory, OfficerFactory, UserFactory
from tests.province import give_role

if TYPE_CHECKING:
    from agencies.models import Agency, Officer
    from tests.province import Province

WIDE = {Role.HEAD, Role.SUPERVISOR, Role.REFORM_OFFICER}


def seen_by(officer: Officer) -> set[str | None]:
    scope = scope_of(officer, timezone.localdate())
    return set(Dossier.objects.visible_to(scope).values_list("code", flat=True))


@pytest.fixture
def places(province: Province) -> dict[str, str]:
    """Return the codes of dossiers by where they are: received, settled, held."""
    below = AgencyFactory.create(code="H01.07.01", parent=province.department)
    beside = AgencyFactory.create(code="H01.071", parent=province.root)  # looks alike, is not below

    def code(receiving: Agency, competent: Agency, holder: Agency) -> str:
        return str(
            DossierFactory.create(
                receiving_agency=receiving,
                competent_agency=competent,
                holder_agency=holder,
                procedure=province.procedure,
            ).code
        )

    centre, department, elsewhere = province.centre, province.department, province.elsewhere
    return {
        "received": code(department, elsewhere, elsewhere),
        "settling": code(centre, department, centre),
        "held": code(centre, elsewhere, department),
        "below": code(below, below, below),
        "beside": code(beside, beside, beside),
        "elsewhere": code(elsewhere, elsewhere, elsewhere),
    }


@pytest.mark.parametrize("role", sorted(OFFICER_ROLES), ids=str)
def test_a_role_in_an_agency_sees_what_the_agency_received_settles_or_holds(
    province: Province, places: dict[str, str], role: Role
) -> None:
    officer = OfficerFactory.create(agency=province.department, roles=[role])
    own = {places["received"], places["settling"], places["held"]}
    if role is Role.ADMINISTRATOR:
        expected: set[str] = set()
    elif role in WIDE:
        expected = own | {places["below"]}
    else:
        expected = own
    assert seen_by(officer) == expected


def test_the_reform_office_of_the_province_sees_all(
    province: Province, places: dict[str, str]
) -> None:
    assert seen_by(province.reformer) == set(places.values())


def test_the_administrator_sees_nothing_even_at_the_top(
    province: Province, places: dict[str, str]
) -> None:
    assert places
    admin = OfficerFactory.create(agency=province.root, roles=[Role.ADMINISTRATOR])
    assert seen_by(admin) == set()
    answer = OfficerClient(admin).get(f"/api/v1/dossiers/{places['held']}/")
    assert answer.status_code == 404
    assert OfficerClient(admin).get("/api/v1/dossiers/").json()["results"] == []


def test_an_administrator_who_is_a_clerk_besides_sees_as_a_clerk(
    province: Province, places: dict[str, str]
) -> None:
    officer = OfficerFactory.create(agency=province.root, roles=[Role.ADMINISTRATOR])
    give_role(officer, province.elsewhere, Role.CLERK)
    assert seen_by(officer) == {places["received"], places["held"], places["elsewhere"]}


def test_roles_in_several_agencies_add_up(province: Province, places: dict[str, str]) -> None:
    officer = OfficerFactory.create(agency=province.department, roles=[Role.SPECIALIST])
    give_role(officer, province.elsewhere, Role.SPECIALIST)
    assert seen_by(officer) == set(places.values()) - {places["below"], places["beside"]}


def test_to_work_in_an_agency_without_a_role_shows_nothing(
    province: Province, places: dict[str, str]
) -> None:
    assert places
    officer = OfficerFactory.create(agency=province.department)
    assert seen_by(officer) == set()
    assert OfficerClient(officer).get("/api/v1/dossiers/").json()["results"] == []


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "sees"),
    [(None, None, True), (0, 0, True), (1, None, False), (None, -1, False), (-9, 9, True)],
)
def test_a_role_counts_only_on_its_days(
    province: Province,
    places: dict[str, str],
    valid_from: int | None,
    valid_to: int | None,
    sees: bool,
) -> None:
    today = timezone.localdate()
    officer = OfficerFactory.create(agency=province.elsewhere)
    OfficerRole.objects.create(
        officer=officer,
        agency=province.elsewhere,
        role=Role.SPECIALIST,
        valid_from=None if valid_from is None else today + dt.timedelta(days=valid_from),
        valid_to=None if valid_to is None else today + dt.timedelta(days=valid_to),
    )
    assert (places["elsewhere"] in seen_by(officer)) is sees
    scope = officer_and_scope(officer.user_id, today)[1]
    assert scope.covers(province.elsewhere) is sees


def test_nobody_in_particular_sees_nothing(province: Province, places: dict[str, str]) -> None:
    assert places
    assert not Dossier.objects.visible_to(Scope()).exists()
    assert officer_and_scope(UserFactory.create().pk, timezone.localdate()) == (None, Scope())


def test_covers_says_what_the_queryset_shows(province: Province, places: dict[str, str]) -> None:
    assert places
    for officer in (province.head, province.specialist, province.reformer, province.stranger):
        scope = scope_of(officer, timezone.localdate())
        for dossier in Dossier.objects.filter(receiving_agency__code__startswith="H01.07"):
            shown = dossier.code in seen_by(officer)
            at = (dossier.receiving_agency, dossier.competent_agency, dossier.holder_agency)
            assert shown == any(scope.covers(agency) for agency in at)


def test_out_of_sight_is_404_everywhere(province: Province) -> None:
    dossier = province.log()
    stranger = OfficerClient(province.stranger)
    code = dossier.code
    slip = dossier.slips.get()
    for path in ("", "papers/", f"papers/{slip.pk}.pdf"):
        assert stranger.get(f"/api/v1/dossiers/{code}/{path}").status_code == 404
    assert stranger.act(str(code), "transfer", 2).status_code == 404
    own = OfficerClient(province.receptionist)
    assert own.get(f"/api/v1/dossiers/{code}/").status_code == 200


def test_the_paper_of_one_dossier_is_not_served_under_another(province: Province) -> None:
    mine, other = province.log(), province.log()
    url = f"/api/v1/dossiers/{mine.code}/papers/{other.slips.get().pk}.pdf"
    assert OfficerClient(province.receptionist).get(url).status_code == 404


def test_a_receptionist_goes_on_seeing_what_was_sent_on(province: Province) -> None:
    dossier = processing.transfer(province.log(), by=province.receptionist)
    assert dossier.holder_agency == province.department
    assert seen_by(province.receptionist) == {dossier.code}


def test_a_reading_is_kept_with_who_and_when(province: Province) -> None:
    dossier = province.log()
    OfficerClient(province.head).get(f"/api/v1/dossiers/{dossier.code}/")
    OfficerClient(province.stranger).get(f"/api/v1/dossiers/{dossier.code}/")
    reading = dossier.readings.get()
    assert reading.officer == province.head
    assert reading.at


def test_the_list_shows_only_the_overdue_that_are_not_paused(province: Province) -> None:
    now = timezone.now()
    past, future = now - dt.timedelta(days=3), now + dt.timedelta(days=3)
    made: dict[str, Any] = {
        "procedure": province.procedure,
        "receiving_agency": province.centre,
        "competent_agency": province.department,
        "received_at": now - dt.timedelta(days=9),
    }
    late = DossierFactory.create(due_at=past, **made)
    DossierFactory.create(due_at=past, paused=True, **made)
    DossierFactory.create(due_at=future, **made)
    DossierFactory.create(due_at=None, due_on=None, **made)
    DossierFactory.create(due_at=past, settled=True, **made)
    client = OfficerClient(province.head)
    assert len(client.get("/api/v1/dossiers/").json()["results"]) == 5
    rows = client.get("/api/v1/dossiers/?overdue=1").json()["results"]
    assert [row["code"] for row in rows] == [late.code]
    assert set(rows[0]) == {
        "code", "state", "national_status", "version", "received_at", "due_at", "due_on", "holder",
    }  # fmt: skip
