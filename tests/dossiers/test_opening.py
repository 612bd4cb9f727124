"""What a submission is for: the version of the day, its case, the agency that settles it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from agencies.models import AgencyCode
from dossiers.opening import OpeningError, levels_named, version_for
from procedures.models import Offering, Procedure, ProcedureCase, ProcedureVersion
from tests.budgets import count_queries
from tests.factories import AgencyFactory, ProcedureFactory

if TYPE_CHECKING:
    from tests.province import Province

DAY = dt.date(2026, 11, 20)


def chosen(province: Province, procedure: Procedure, **asked: Any) -> Any:
    code = asked.pop("code", procedure.code)
    on = asked.pop("on", DAY)
    return version_for(code, on=on, officer=province.receptionist, **asked)


def refused(province: Province, procedure: Procedure, **asked: Any) -> str:
    with pytest.raises(OpeningError) as error:
        chosen(province, procedure, **asked)
    assert error.value.message
    return error.value.field


def test_the_version_valid_on_the_day_is_taken(province: Province) -> None:
    procedure = ProcedureFactory.create()
    first = procedure.versions.get()
    second = ProcedureVersion.objects.create(
        procedure=procedure, number=2, name="Hai", valid_from=DAY
    )
    ProcedureVersion.objects.filter(pk=first.pk).update(
        valid_from=DAY - dt.timedelta(days=30), valid_to=DAY - dt.timedelta(days=1)
    )
    assert chosen(province, procedure).version == second
    assert chosen(province, procedure, on=DAY - dt.timedelta(days=1)).version == first
    # Before all of them: the earliest.
    assert chosen(province, procedure, on=DAY - dt.timedelta(days=31)).version == first


def test_the_newest_of_two_that_are_valid_is_taken(province: Province) -> None:
    procedure = ProcedureFactory.create()
    newest = ProcedureVersion.objects.create(procedure=procedure, number=2, name="Hai")
    assert chosen(province, procedure).version == newest


def test_without_a_case_the_first_in_file_order_is_taken(province: Province) -> None:
    procedure = ProcedureFactory.create(cases=[("5", "working_day"), ("3", "day")])
    first, second = procedure.versions.get().cases.order_by("position")
    assert chosen(province, procedure).case == first
    assert chosen(province, procedure, case=second.code).case == second
    assert chosen(province, procedure, case=f" {second.code} ").case == second
    assert refused(province, procedure, case="x") == "case"
    ProcedureCase.objects.all().delete()
    assert chosen(province, procedure).case is None


@pytest.mark.parametrize("suffix", ["", ".H01", ".000.00.00.H01", ".h01", ".G22"])
def test_a_local_form_of_the_code_is_the_same_procedure(province: Province, suffix: str) -> None:
    procedure = ProcedureFactory.create()
    assert chosen(province, procedure, code=f" {procedure.code}{suffix} ").version.number == 1


def test_what_the_province_does_not_offer_on_the_day_names_procedure(province: Province) -> None:
    assert refused(province, ProcedureFactory.create(offering=False)) == "procedure"
    assert refused(province, ProcedureFactory.create(), code="9.999999") == "procedure"
    for changes in (
        {"valid_from": DAY + dt.timedelta(days=1)},
        {"valid_to": DAY - dt.timedelta(days=1)},
    ):
        procedure = ProcedureFactory.create()
        Offering.objects.filter(procedure=procedure).update(**changes)
        assert refused(province, procedure) == "procedure"
    withdrawn = ProcedureFactory.create(is_withdrawn=True)
    assert refused(province, withdrawn) == "procedure"


def test_the_settling_agency_is_the_given_one_else_the_procedures_else_the_officers(
    province: Province,
) -> None:
    with_agency = ProcedureFactory.create(offering=province.department)
    without = ProcedureFactory.create()
    assert chosen(province, with_agency).competent_agency == province.department
    assert chosen(province, without).competent_agency == province.centre
    given = chosen(province, with_agency, agency="H01.08")
    assert given.competent_agency == province.elsewhere
    assert refused(province, with_agency, agency="H01.99") == "agency"


def test_an_agency_is_known_by_its_old_code_and_only_while_it_exists(province: Province) -> None:
    procedure = ProcedureFactory.create()
    agency = AgencyFactory.create(code="H01.55", valid_to=DAY - dt.timedelta(days=1))
    AgencyCode.objects.create(agency=agency, code="000.00.55.H01")
    assert refused(province, procedure, agency="000.00.55.H01") == "agency"
    before = DAY - dt.timedelta(days=1)
    assert chosen(province, procedure, agency="000.00.55.H01", on=before).competent_agency == agency


def test_it_asks_two_queries_and_three_with_an_agency(province: Province) -> None:
    procedure = ProcedureFactory.create(offering=province.department)
    for asked, budget in (({}, 2), ({"agency": "H01.08"}, 3)):
        with count_queries() as counted:
            chosen(province, procedure, **asked)
        assert len(counted) == budget, str(counted)


@pytest.mark.parametrize(
    ("names", "levels"),
    [
        (["Ủy ban nhân dân cấp xã"], {"commune"}),
        (["Cơ quan chuyên môn về y tế thuộc UBND cấp xã"], {"commune"}),
        (["Uỷ ban Nhân dân xã, phường, thị trấn."], {"commune"}),
        (["Sở Nông nghiệp và Môi trường tỉnh Đồng Tháp"], {"province"}),
        (["Chủ tịch ủy ban nhân dân cấp tỉnh", "", "Sở Y tế"], {"province"}),
        (["Ban quản lý khu công nghiệp, khu kinh tế"], {"province"}),
        (["Văn phòng đăng ký đất đai"], {"province"}),
        (["Thuế tỉnh, thành phố"], {"vertical"}),
        (["Công an cấp Xã", "Ủy ban nhân dân cấp xã"], {"vertical", "commune"}),
        (["Bảo hiểm xã hội tỉnh"], {"vertical"}),
        # What is not understood limits nothing: better an officer's judgement than a wrong wall.
        (["Ủy ban nhân dân cấp xã", "Cơ sở giáo dục"], set()),
        (["Bộ Y tế"], set()),
        (["Ủy ban nhân dân cấp huyện"], set()),
        ([""], set()),
        ([], set()),
    ],
)
def test_the_level_is_read_from_the_names_of_those_who_do_it(
    names: list[str], levels: set[str]
) -> None:
    assert levels_named(names) == levels
