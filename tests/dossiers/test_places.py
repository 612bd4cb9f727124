"""Phi địa giới: who helps, receives, settles and hands over are four things (domain.md 6.4, rule 22)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from accounts.roles import Role
from agencies.models import Agency, OfficerRole, Succession
from agencies.scope import scope_of
from dossiers.models import Dossier
from dossiers.opening import OpeningError, places_named, version_for
from dossiers.recording import ActDataError, open_acts
from dossiers.services import closing, intake, processing
from dossiers.workflow import Act, IllegalTransitionError
from procedures.models import Offering
from tests.dossiers.conftest import OfficerClient
from tests.dossiers.pages import browser_of, page, typed
from tests.dossiers.test_page_desk import shown
from tests.factories import AgencyFactory, DossierFactory, OfficerFactory, ProcedureFactory
from tests.province import Province

if TYPE_CHECKING:
    from agencies.models import Officer
    from procedures.models import Procedure


@pytest.fixture
def commune(province: Province) -> Agency:
    return AgencyFactory.create(
        code="H01.151", name="Uỷ ban nhân dân xã Thử", level="commune", parent=province.root
    )


@pytest.fixture
def birth(province: Province) -> Procedure:
    """A procedure that the commune of the object settles."""
    procedure = ProcedureFactory.create(offering=None)
    Offering.objects.filter(procedure=procedure).update(follows_object=True)
    return procedure


def opened(province: Province, procedure: Procedure, **asked: Any) -> Any:
    today = timezone.localdate()
    places = places_named(on=today, **asked)
    return version_for(procedure.code, on=today, officer=province.receptionist, places=places)


# Authority


def test_the_commune_of_the_object_settles_not_the_counter(
    province: Province, commune: Agency, birth: Procedure
) -> None:
    assert opened(province, birth, object="H01.151").competent_agency == commune
    assert not opened(province, birth, object="H01.151").lacks_object
    assert opened(province, birth).lacks_object


def test_an_agency_of_the_offering_stands_whatever_the_object(
    province: Province, commune: Agency
) -> None:
    chosen = opened(province, province.procedure, object="H01.151")
    assert (chosen.competent_agency, chosen.lacks_object) == (province.department, False)


def test_an_agency_elsewhere_may_be_named(
    province: Province, commune: Agency, birth: Procedure
) -> None:
    chosen = opened(province, birth, competent="H01.08")
    assert (chosen.competent_agency, chosen.lacks_object) == (province.elsewhere, False)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"object": "H01.07"}, "object_agency"),  # a department is no place
        ({"object": "H09"}, "object_agency"),
        ({"supporting": "H09"}, "supporting_agency"),
        ({"collecting": "H09"}, "collecting_agency"),
        ({"competent": "H09"}, "agency"),
    ],
)
def test_an_unknown_place_is_named_by_its_field(
    province: Province, asked: dict[str, str], field: str
) -> None:
    with pytest.raises(OpeningError) as raised:
        opened(province, province.procedure, **asked)
    assert raised.value.field == field


def test_a_result_is_collected_only_where_there_is_a_counter(province: Province) -> None:
    Agency.objects.filter(code="H01.08").update(is_desk_host=False)
    with pytest.raises(OpeningError) as raised:
        opened(province, province.procedure, collecting="H01.08")
    assert raised.value.field == "collecting_agency"


def test_what_was_registered_without_its_place_is_not_received(
    province: Province, birth: Procedure
) -> None:
    registered = intake.register(
        province.submission(procedure=birth, papers=[]), by=province.receptionist
    )
    with pytest.raises(ActDataError) as raised:
        intake.receive(registered, by=province.receptionist)
    assert list(raised.value.errors) == ["object_agency"]


# The counter's page and the API


def test_the_desk_names_all_places(province: Province, commune: Agency, birth: Procedure) -> None:
    client = browser_of(province.receptionist)
    body = typed(province, of=birth, act="receive")
    body["shown"] = shown(birth)
    assert client.post("/tiep-nhan/", body).status_code == 422
    body |= {
        "object_agency": "H01.151 UBND xã Thử",
        "supporting_agency": "H01.08",
        "collecting_agency": "H01.151",
        "token": "t2",
    }
    assert client.post("/tiep-nhan/", body).status_code == 302
    dossier = Dossier.objects.get()
    assert dossier.receiving_agency == province.centre
    assert dossier.object_agency == dossier.competent_agency == commune
    assert dossier.supporting_agency == province.elsewhere
    assert dossier.collecting_agency == commune
    shown_page = page(client.get(f"/ho-so/{dossier.code}/"))
    assert "Nơi hỗ trợ nộp" in shown_page
    assert "Uỷ ban nhân dân xã Thử" in shown_page


def test_a_wrong_place_stays_on_the_page_with_its_fault(
    province: Province, birth: Procedure
) -> None:
    body = typed(province, of=birth, act="receive", object_agency="H01.07 Sở Thử nghiệm")
    body["shown"] = shown(birth)
    answer = browser_of(province.receptionist).post("/tiep-nhan/", body)
    assert answer.status_code == 422
    assert "Nơi có đối tượng phải là xã, phường, đặc khu." in page(answer)
    assert "H01.07 Sở Thử nghiệm" in page(answer)


def test_a_draft_comes_back_with_its_places(
    province: Province, commune: Agency, birth: Procedure
) -> None:
    client = browser_of(province.receptionist)
    body = typed(
        province, of=birth, act="save_draft", object_agency="H01.151", collecting_agency="H01.08"
    )
    body["shown"] = shown(birth)
    assert client.post("/tiep-nhan/", body).status_code == 302
    draft = Dossier.objects.get()
    again = page(client.get(f"/tiep-nhan/?nhap={draft.tracking_code}"))
    assert "H01.151 Uỷ ban nhân dân xã Thử" in again
    assert "H01.08 Sở Láng giềng" in again


def test_the_api_takes_and_tells_the_places(
    province: Province, commune: Agency, birth: Procedure
) -> None:
    client = OfficerClient(province.receptionist)
    body = province.body(procedure=birth.code)
    wrong = client.post("/api/v1/dossiers/", body, HTTP_IDEMPOTENCY_KEY="k1")
    assert list(wrong.json()["errors"]) == ["object_agency"]
    body |= {
        "object_agency": "H01.151",
        "supporting_agency": "H01.08",
        "collecting_agency": "H01.151",
    }
    made = client.post("/api/v1/dossiers/", body, HTTP_IDEMPOTENCY_KEY="k2")
    assert made.status_code == 201
    told = client.get(f"/api/v1/dossiers/{made.json()['code']}/").json()
    assert {name: told[name] for name in told if name.endswith("_agency")} == {
        "receiving_agency": "H01.01.01",
        "supporting_agency": "H01.08",
        "object_agency": "H01.151",
        "competent_agency": "H01.151",
        "collecting_agency": "H01.151",
    }
    assert (told["parent"], told["parts"], told["system_of_record"]) == (None, [], None)


# Who sees and who hands over


def officer_in(agency: Agency, *roles: Role) -> Officer:
    return OfficerFactory.create(agency=agency, roles=list(roles))


def test_the_supporting_point_sees_and_does_nothing(province: Province) -> None:
    helper = officer_in(province.elsewhere, Role.RECEPTIONIST, Role.RETURNER, Role.HEAD)
    other = province.log()
    helped = province.log(supporting_agency=province.elsewhere)
    seen = Dossier.objects.visible_to(scope_of(helper, timezone.localdate()))
    assert list(seen) == [helped]
    assert other not in seen
    assert open_acts(helped, helper) == []


def settled(province: Province, **places: Any) -> Dossier:
    dossier = processing.transfer(province.log(**places), by=province.receptionist)
    dossier = processing.assign(dossier, by=province.head)
    dossier = processing.propose(dossier, by=province.specialist)
    return closing.publish(
        processing.approve(dossier, by=province.head), by=province.clerk, result_number="12/KQ"
    )


def test_the_named_counter_hands_the_result_over(province: Province) -> None:
    there = officer_in(province.elsewhere, Role.RETURNER)
    dossier = settled(province, collecting_agency=province.elsewhere)
    assert dossier.holder_agency == province.elsewhere
    assert dossier in Dossier.objects.visible_to(scope_of(there, timezone.localdate()))
    done = closing.return_result(dossier, by=there)
    event = done.events.get(act=Act.RETURN_RESULT)
    assert (done.state, event.agency) == ("returned", province.elsewhere)


def test_the_receiving_counter_may_still_hand_it_over(province: Province) -> None:
    dossier = settled(province, collecting_agency=province.elsewhere)
    assert closing.return_result(dossier, by=province.receptionist).state == "returned"


def test_no_other_counter_hands_it_over(province: Province, commune: Agency) -> None:
    for places in ({}, {"collecting_agency": province.elsewhere}):
        dossier = settled(province, **places)
        with pytest.raises(IllegalTransitionError):
            closing.return_result(dossier, by=officer_in(commune, Role.RETURNER))
    no_returner = officer_in(province.elsewhere, Role.RECEPTIONIST, Role.SPECIALIST)
    with pytest.raises(IllegalTransitionError):
        closing.return_result(dossier, by=no_returner)


def test_the_receiving_counter_named_is_the_one_anyway(province: Province) -> None:
    assert province.log(collecting_agency=province.centre).collecting_agency is None


# A code of the national portal


def test_a_national_code_stays_the_only_code(province: Province) -> None:
    dossier = province.log(channel="online", national_code="g22.99-260825-000012")
    assert dossier.code == dossier.national_code == "G22.99-260825-000012"
    assert dossier.slips.get().kind == "receipt"
    # No number of the counter was used up.
    assert province.log().code.endswith("-0001")  # type: ignore[union-attr]
    found = Dossier.objects.with_public_code("g22.99-260825-000012")
    assert list(found) == [dossier]


def test_before_acceptance_it_is_the_code_already(province: Province) -> None:
    waiting = intake.register(
        province.submission(channel="online", national_code="G22.99-260825-000012"),
        by=province.receptionist,
    )
    assert waiting.public_code == "G22.99-260825-000012"
    assert intake.receive(waiting, by=province.receptionist).code == waiting.code


@pytest.mark.parametrize("code", ["H01.01-260825-0001", "G22.99", "G22.99-260825-12; x"])
def test_what_is_no_national_code_is_refused(province: Province, code: str) -> None:
    with pytest.raises(ActDataError) as raised:
        province.log(national_code=code)
    assert list(raised.value.errors) == ["national_code"]


def test_a_national_code_comes_once(province: Province) -> None:
    province.log(national_code="G22.99-260825-000012")
    with pytest.raises(ActDataError) as raised:
        province.log(national_code="G22.99-260825-000012")
    assert list(raised.value.errors) == ["national_code"]


def test_a_national_code_is_searched_by_officers_and_tracked_by_citizens(
    province: Province, client: Any
) -> None:
    dossier = province.log(channel="online", national_code="G22.99-260825-000012")
    found = browser_of(province.receptionist).get("/ho-so/", {"q": "g22.99-260825-000012"})
    assert found.headers["Location"] == f"/ho-so/{dossier.code}/"
    answer = client.post(
        "/api/v1/tracking/",
        {"code": "G22.99-260825-000012", "proof": "4215"},
        content_type="application/json",
    )
    assert answer.json()["code"] == dossier.code


# Agencies that ended


@pytest.fixture
def district(province: Province) -> Agency:
    """A district of before 1/7/2025, with an open dossier of its day, taken over by H01.08."""
    ended = AgencyFactory.create(
        code="H01.33",
        name="Uỷ ban nhân dân huyện Xưa",
        level="district",
        parent=province.root,
        valid_to=dt.date(2025, 6, 30),
    )
    Succession.objects.create(
        predecessor=ended, successor=province.elsewhere, on=dt.date(2025, 7, 1), source="NQ 1"
    )
    return ended


def old_dossier(district: Agency) -> Dossier:
    return DossierFactory.create(
        receiving_agency=district, code="H01.33-250620-0001", state="in_progress"
    )


def test_the_successor_sees_and_goes_on_without_rewriting(
    province: Province, district: Agency
) -> None:
    dossier = old_dossier(district)
    heir = province.stranger  # receptionist, specialist and head in H01.08
    assert dossier in Dossier.objects.visible_to(scope_of(heir, timezone.localdate()))
    done = processing.propose(dossier, by=heir)
    assert done.holder_agency == done.competent_agency == done.receiving_agency == district
    assert done.events.get().agency == province.elsewhere
    assert "Cơ quan tiếp tục xử lý" in page(browser_of(heir).get(f"/ho-so/{dossier.code}/"))


def test_nobody_else_goes_on_with_it(province: Province, district: Agency) -> None:
    dossier = old_dossier(district)
    for officer in (province.head, province.receptionist):
        assert dossier not in Dossier.objects.visible_to(scope_of(officer, timezone.localdate()))
        assert open_acts(dossier, officer) == []


def test_not_before_the_day_it_took_over(province: Province, district: Agency) -> None:
    heir = province.stranger
    held = {agency for _role, agency in heir.held_roles(dt.date(2025, 6, 30))}
    assert held == {province.elsewhere.pk}
    heir.__dict__.pop("_held_roles")
    assert district.pk in {agency for _role, agency in heir.held_roles(dt.date(2025, 7, 1))}


def test_a_successor_of_a_successor_goes_on(province: Province, district: Agency) -> None:
    Succession.objects.create(
        predecessor=province.elsewhere,
        successor=province.department,
        on=dt.date(2026, 1, 1),
        source="NQ 2",
    )
    assert dossier_is_seen_by(province.specialist, old_dossier(district))
    today = timezone.localdate()
    assert set(district.successors(today)) == {province.elsewhere, province.department}


def dossier_is_seen_by(officer: Officer, dossier: Dossier) -> bool:
    seen = Dossier.objects.visible_to(scope_of(officer, timezone.localdate()))
    return seen.filter(pk=dossier.pk).exists()


def test_work_is_assigned_to_the_successors_people(province: Province, district: Agency) -> None:
    dossier = old_dossier(district)
    Dossier.objects.filter(pk=dossier.pk).update(state="awaiting_assignment")
    done = processing.assign(Dossier.objects.get(pk=dossier.pk), by=province.stranger)
    assert done.holder_officer == province.stranger


def test_a_role_that_is_over_takes_nothing_over(province: Province, district: Agency) -> None:
    OfficerRole.objects.filter(officer=province.stranger).update(valid_to=dt.date(2025, 12, 31))
    assert not dossier_is_seen_by(province.stranger, old_dossier(district))
