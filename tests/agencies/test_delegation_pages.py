"""The page of delegations: for oneself, and for heads over their people."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from accounts.roles import Role
from agencies.models import Delegation, Officer
from tests.agencies.test_delegations import FRIDAY, MONDAY, give
from tests.budgets import count_queries
from tests.dossiers.pages import browser_of, page
from tests.factories import OfficerFactory, UserFactory
from tests.province import Province, give_role, make_province

LIST, ADD = "/uy-quyen/", "/uy-quyen/them/"
OWN = f"{ADD}?cua=thuly@H01.07"


@pytest.fixture
def province(db: Any) -> Province:
    return make_province()


@pytest.fixture
def colleague(province: Province) -> Officer:
    return OfficerFactory.create(
        user=UserFactory.create(username="dongnghiep", full_name="Bùi Thị Đào"),
        agency=province.department,
    )


def typed(**changes: Any) -> dict[str, Any]:
    return {
        "delegate": "dongnghiep",
        "roles": ["specialist"],
        "valid_from": "2026-08-03",
        "valid_to": "07/08/2026",
        "document_number": "12/UQ-STN",
        "reason": "Nghỉ phép",
        **changes,
    }


@time_machine.travel(MONDAY, tick=False)
def test_one_delegates_ones_own_roles_and_takes_them_back(
    province: Province, colleague: Officer
) -> None:
    client = browser_of(province.specialist)
    text = page(client.get(LIST))
    assert 'value="thuly@H01.07"' in text
    assert text.count("<option") == 1  # nobody else's
    assert "Bùi Thị Đào" in page(client.get(OWN))
    answer = client.post(OWN, typed(), follow=True)
    assert answer.redirect_chain == [(LIST, 302)]
    given = Delegation.objects.get()
    assert (given.giver, given.delegate, given.valid_to) == (province.specialist, colleague, FRIDAY)
    assert given.roles == ["specialist"]
    assert "chuyên viên thụ lý" in page(client.get(LIST))
    assert "Bùi Thị Đào" in page(browser_of(colleague).get(LIST))
    url = f"/uy-quyen/{given.pk}/thu-hoi/"
    assert client.get(url).status_code == 200
    assert client.post(url, {"reason": " "}).status_code == 422
    assert "Đã thu hồi" in page(client.post(url, {"reason": "Về sớm"}, follow=True))
    assert "Về sớm" in page(client.get(LIST))


@time_machine.travel(MONDAY, tick=False)
def test_a_head_finds_their_people_and_gives_only_what_is_theirs_to_give(
    province: Province, colleague: Officer
) -> None:
    boss = OfficerFactory.create(
        user=UserFactory.create(username="giamdoc"),
        agency=province.department,
        roles=[Role.HEAD, Role.SIGNER],
    )
    give_role(boss, province.department, Role.SPECIALIST)
    client = browser_of(province.head)
    text = page(client.get(LIST))
    for name in ("lanhdao", "thuly", "vanthu", "giamdoc"):
        assert f'value="{name}@H01.07"' in text
    form = page(client.get(f"{ADD}?cua=giamdoc@H01.07"))
    assert 'value="specialist"' in form
    assert 'value="signer"' not in form
    assert client.post(f"{ADD}?cua=giamdoc@H01.07", typed(roles=["signer"])).status_code == 422
    assert client.post(OWN, typed()).status_code == 302
    assert Delegation.objects.get().created_by == province.head
    assert f"do {province.head.full_name} lập" in page(client.get(LIST))


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"delegate": "nguoila"}, "Người được uỷ quyền"),
        ({"roles": []}, "Vai trò uỷ quyền"),
        ({"roles": ["head"]}, "Vai trò uỷ quyền"),
        ({"valid_to": "2026-08-01"}, "Ngày kết thúc phải sau ngày bắt đầu."),
        ({"valid_from": "2026-08-01"}, "Không uỷ quyền lùi ngày."),
        ({"valid_to": "32/08/2026"}, "Đến hết ngày"),
        ({"document_number": ""}, "Văn bản uỷ quyền số"),
    ],
)
def test_a_wrong_form_says_where_and_keeps_what_was_typed(
    province: Province, colleague: Officer, changes: dict[str, Any], told: str
) -> None:
    answer = browser_of(province.specialist).post(OWN, typed(**changes))
    assert answer.status_code == 422
    assert told in page(answer)
    assert ">Nghỉ phép</textarea>" in page(answer).replace("\n", "")
    assert not Delegation.objects.exists()


@time_machine.travel(MONDAY, tick=False)
def test_nobody_opens_what_is_not_theirs(province: Province, colleague: Officer) -> None:
    given = give(province.specialist, colleague, province.department, Role.SPECIALIST)
    for officer in (province.stranger, province.clerk, province.reformer, colleague):
        client = browser_of(officer)
        assert client.get(OWN).status_code == 404
        assert client.post(OWN, typed()).status_code == 404
        assert client.get(f"/uy-quyen/{given.pk}/thu-hoi/").status_code == 404
        assert client.post(f"/uy-quyen/{given.pk}/thu-hoi/", {"reason": "x"}).status_code == 404
    assert "Bùi Thị Đào" not in page(browser_of(province.stranger).get(LIST))
    client = browser_of(province.specialist)
    for broken in ("", "?cua=thuly", "?cua=@", "?cua=thuly@H01.99", "?cua=x@H01.07"):
        assert client.get(f"{ADD}{broken}").status_code == 404
    assert client.get(f"/uy-quyen/{2**70}/thu-hoi/").status_code == 404
    given.refresh_from_db()
    assert given.revoked_at is None


@time_machine.travel(MONDAY, tick=False)
def test_who_stands_in_for_the_head_opens_their_doors(
    province: Province, colleague: Officer
) -> None:
    client = browser_of(colleague)
    assert client.get("/bang-dieu-hanh/").status_code == 404
    give(province.head, colleague, province.department, Role.HEAD)
    assert client.get("/bang-dieu-hanh/").status_code == 200
    assert client.get("/ban-giao/").status_code == 200
    # But gives nobody's roles away.
    assert "<option" not in page(client.get(LIST))


@time_machine.travel(MONDAY, tick=False)
def test_the_list_asks_as_much_for_one_as_for_many(province: Province, colleague: Officer) -> None:
    client = browser_of(province.head)
    figures = []
    for count in (1, 20):
        for number in range(count):
            giver = OfficerFactory.create(agency=province.department, roles=[Role.CLERK])
            give(giver, colleague, province.department, Role.CLERK, document_number=str(number))
        with count_queries() as counted:
            assert client.get(LIST).status_code == 200
        figures.append(len(counted))
    assert figures[0] == figures[1] <= 6, str(counted)
