"""Keeping officers: who may, within which agencies, and never backwards in time."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from accounts import second_factor
from accounts.checks import check_second_factor_roles
from accounts.models import AccountEvent, OfficeSession, SecondFactor, User
from accounts.roles import OFFICER_ROLES, Role
from agencies import staffing
from agencies.models import Agency, Delegation, Officer, OfficerRole
from agencies.staffing import Keeper, StaffingError, keeper_for
from tests.accounts.test_second_factor import code_for, kinds, signed_in
from tests.agencies.test_delegations import give
from tests.budgets import count_queries
from tests.dossiers.pages import browser_of, page
from tests.factories import AgencyFactory, OfficerFactory, UserFactory
from tests.province import Province, give_role, make_province

LIST = "/can-bo/"
MONDAY = "2026-08-03T09:00+07:00"
TODAY = dt.date(2026, 8, 3)
NEW = "chiec-xuong-ba-la"


@pytest.fixture
def province(db: Any) -> Province:
    return make_province()


@pytest.fixture
def administrator(province: Province) -> Officer:
    return OfficerFactory.create(
        user=UserFactory.create(username="quantri"),
        agency=province.root,
        roles=[Role.ADMINISTRATOR],
    )


def keeper(officer: Officer) -> Keeper:
    found = keeper_for(officer.user, officer, TODAY)
    assert found is not None
    return found


def at(username: str) -> str:
    return f"{LIST}nguoi/{username}/"


def typed(**changes: Any) -> dict[str, Any]:
    return {
        "username": "moi.tuyen",
        "full_name": "  Danh Thị   Sà Phol ",
        "title": "Chuyên viên",
        "roles": ["specialist", "clerk"],
        "valid_from": "2026-08-03",
        **changes,
    }


# Who keeps whom


def test_who_keeps_nobody_finds_no_door(province: Province, administrator: Officer) -> None:
    for officer in (
        province.receptionist,
        province.specialist,
        province.clerk,
        province.supervisor,
    ):
        client = browser_of(officer)
        for path in (
            "",
            "them/",
            "nhap-csv/",
            "nhat-ky/",
            "nguoi/thuly/",
            "nguoi/thuly/thoi-viec/",
        ):
            assert client.get(f"{LIST}{path}").status_code == 404
        assert 'href="/can-bo/"' not in page(client.get("/tai-khoan/"))
    assert Client().get(LIST)["Location"] == f"/dang-nhap/?next={LIST}"
    for officer in (province.head, province.reformer, administrator):
        client = browser_of(officer)
        assert client.get(LIST).status_code == 200
        assert 'href="/can-bo/"' in page(client.get("/tai-khoan/"))


@time_machine.travel(MONDAY, tick=False)
def test_who_stands_in_for_a_head_keeps_nobody(province: Province) -> None:
    give(province.head, province.clerk, province.department, Role.HEAD)
    client = browser_of(province.clerk)
    assert client.get("/bang-dieu-hanh/").status_code == 200
    assert client.get(LIST).status_code == 404


def test_each_sees_their_own_agencies_and_those_below(
    province: Province, administrator: Officer
) -> None:
    below = AgencyFactory.create(
        code="H01.07.01", name="Chi cục Thử nghiệm", parent=province.department
    )
    OfficerFactory.create(user=UserFactory.create(username="chicuc"), agency=below)
    # Works elsewhere by day, holds a role here too.
    give_role(province.stranger, province.department, Role.CLERK)
    text = page(browser_of(province.head).get(LIST))
    for name in ("thuly", "vanthu", "lanhdao", "chicuc", "nguoila"):
        assert f'href="{at(name)}"' in text
    for name in ("tiepnhan", "kstthc", "gopy"):
        assert f'href="{at(name)}"' not in text
        assert browser_of(province.head).get(at(name)).status_code == 404
    for officer in (province.reformer, administrator):
        assert (
            page(browser_of(officer).get(LIST)).count('href="/can-bo/nguoi/')
            == Officer.objects.count()
        )


def test_an_officer_is_found_by_name_without_marks_account_agency_and_state(
    province: Province,
) -> None:
    Officer.objects.filter(pk=province.specialist.pk).update(name_fold="danh thi sa phol")
    User.objects.filter(username="vanthu").update(is_active=False)
    client = browser_of(province.reformer)

    def found(query: str) -> set[str]:
        return set(re.findall(r'href="/can-bo/nguoi/(\w+)/"', page(client.get(f"{LIST}?{query}"))))

    assert found("q=Sà Phol") == {"thuly"}
    assert found("q=LANHDAO") == {"lanhdao"}
    assert found("co-quan=H01.07") == {"thuly", "lanhdao"}
    assert found("xem=da-khoa") == {"vanthu"}
    assert found("q=khong-co") == set()
    assert "Không có cán bộ nào" in page(client.get(f"{LIST}?q=khong-co"))


def test_the_list_asks_as_much_for_one_as_for_many(province: Province) -> None:
    client = browser_of(province.reformer)
    figures = []
    for count in (1, 40):
        for _each in range(count):
            OfficerFactory.create(agency=province.department, roles=[Role.CLERK, Role.SPECIALIST])
        with count_queries() as counted:
            assert client.get(LIST).status_code == 200
        figures.append(len(counted))
    # Who asks, the agency they keep, the count, the officers, their roles, the agencies to choose.
    assert figures[0] == figures[1] <= 6, str(counted)


def test_the_page_of_an_officer_asks_as_much_for_one_role_as_for_many(
    province: Province, administrator: Officer
) -> None:
    client = browser_of(administrator)
    figures = []
    for count in (1, 20):
        for _each in range(count):
            give_role(province.specialist, AgencyFactory.create(parent=province.root), Role.CLERK)
        with count_queries() as counted:
            assert client.get(at("thuly")).status_code == 200
        figures.append(len(counted))
    assert figures[0] == figures[1] <= 9, str(counted)


@pytest.mark.parametrize(
    ("username", "own", "below"),
    [
        # A head gives what nobody answers for by themselves; below, that too.
        (
            "lanhdao",
            OFFICER_ROLES
            - {Role.HEAD, Role.SIGNER, Role.REFORM_OFFICER, Role.SUPERVISOR, Role.ADMINISTRATOR},
            OFFICER_ROLES - {Role.REFORM_OFFICER, Role.ADMINISTRATOR},
        ),
        (
            "kstthc",
            OFFICER_ROLES - {Role.REFORM_OFFICER, Role.ADMINISTRATOR},
            OFFICER_ROLES - {Role.ADMINISTRATOR},
        ),
        ("quantri", OFFICER_ROLES, OFFICER_ROLES),
    ],
)
def test_the_roles_that_may_be_given(
    province: Province,
    administrator: Officer,
    username: str,
    own: frozenset[Role],
    below: frozenset[Role],
) -> None:
    officer = Officer.objects.get(user__username=username)
    child = AgencyFactory.create(parent=officer.agency)
    assert set(keeper(officer).roles_for(officer.agency)) == own
    assert set(keeper(officer).roles_for(child)) == below
    outside = AgencyFactory.create(parent=None)
    assert keeper(officer).roles_for(outside) == []


# Adding


@time_machine.travel(MONDAY, tick=False)
def test_an_officer_is_added_by_hand_and_sets_their_own_password(province: Province) -> None:
    client = browser_of(province.head)
    form = page(client.get(f"{LIST}them/"))  # one agency: nothing to choose
    assert "Sở Thử nghiệm" in form
    assert 'value="signer"' not in form
    answer = client.post(f"{LIST}them/", typed(), follow=True)
    assert answer.redirect_chain[-1][0] == at("moi.tuyen")
    added = Officer.objects.get(user__username="moi.tuyen")
    assert (added.full_name, added.user.full_name) == ("Danh Thị Sà Phol", "Danh Thị Sà Phol")
    assert (added.agency, added.title) == (province.department, "Chuyên viên")
    assert not added.user.has_usable_password()
    assert set(added.roles.values_list("role", "valid_from", "valid_to")) == {
        ("specialist", TODAY, None),
        ("clerk", TODAY, None),
    }
    assert kinds(added.user) == ["account_made", "role_given", "role_given"]
    assert AccountEvent.objects.latest("pk").by == province.head.user

    shown = page(client.post(f"{at('moi.tuyen')}mat-khau/"))
    link = re.search(r'id="password-link"[^>]*>http://testserver([^<]+)<', shown)
    assert link
    assert "password-link" not in page(client.get(at("moi.tuyen")))  # shown once
    newcomer = Client()
    to = newcomer.get(link[1], follow=True).redirect_chain[-1][0]
    newcomer.post(to, {"new_password1": NEW, "new_password2": NEW})
    signing = newcomer.post("/dang-nhap/", {"username": "moi.tuyen", "password": NEW})
    assert signing["Location"] == "/bat-dau/"
    assert newcomer.get("/hop-viec/").status_code == 200
    # From now on the password is theirs, and their head gets no link any more.
    assert client.post(f"{at('moi.tuyen')}mat-khau/").status_code == 404


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"username": "THULY"}, "đã có người dùng"),
        ({"username": "thu ly"}, "chỉ gồm chữ, số"),
        ({"full_name": " "}, "Họ và tên"),
        ({"roles": []}, "Vai trò"),
        ({"roles": ["signer"]}, "Vai trò"),
        ({"roles": ["applicant"]}, "Vai trò"),
        ({"valid_from": "2026-08-02"}, "Không giao vai trò lùi ngày."),
        ({"valid_to": "2026-08-02"}, "Ngày kết thúc phải sau ngày bắt đầu."),
        ({"email": "khong-phai"}, "Thư điện tử"),
    ],
    ids=str,
)
def test_a_wrong_account_is_refused_where_it_is_wrong(
    province: Province, changes: dict[str, Any], told: str
) -> None:
    answer = browser_of(province.head).post(f"{LIST}them/", typed(**changes))
    assert answer.status_code == 422
    assert told in page(answer)
    assert not User.objects.filter(username="moi.tuyen").exists()


def test_nobody_is_added_where_one_keeps_nobody(province: Province) -> None:
    client = browser_of(province.head)
    assert client.post(f"{LIST}them/?co-quan=H01.08", typed()).status_code == 404
    reformer = browser_of(province.reformer)
    assert reformer.post(f"{LIST}them/", typed()).status_code == 404  # which agency?
    assert 'value="H01.08"' in page(reformer.get(f"{LIST}them/"))
    assert reformer.get(f"{LIST}them/?co_quan=H01.08").status_code == 200
    with pytest.raises(PermissionError):
        staffing.add_officer(
            by=keeper(province.head), username="x", full_name="X", agency=province.elsewhere,
            roles=[Role.CLERK],
        )  # fmt: skip


# Roles and their days


@time_machine.travel(MONDAY, tick=False)
def test_a_role_begins_on_a_day_and_ends_on_one_and_the_past_stays(province: Province) -> None:
    client = browser_of(province.head)
    url = f"{at('vanthu')}vai-tro/?co-quan=H01.07"
    assert client.get(url).status_code == 200
    body = {"role": "specialist", "valid_from": "2026-08-10", "valid_to": "31/12/2026"}
    assert client.post(url, body)["Location"] == at("vanthu")
    row = OfficerRole.objects.get(officer=province.clerk, role="specialist")
    assert (row.valid_from, row.valid_to) == (dt.date(2026, 8, 10), dt.date(2026, 12, 31))
    for crossing in (
        {},
        {"valid_from": "2026-12-31", "valid_to": ""},
        {"valid_from": "2026-08-03"},
    ):
        assert client.post(url, {**body, **crossing}).status_code == 422
    assert client.post(url, {**body, "valid_from": "2027-01-01", "valid_to": ""}).status_code == 302
    assert client.post(url, {**body, "valid_from": "2026-08-02"}).status_code == 422

    end = f"{at('vanthu')}vai-tro/{row.pk}/"
    assert client.post(end, {"valid_to": "2026-08-02"}).status_code == 422
    assert client.post(end, {"valid_to": "2026-08-20"}).status_code == 302
    row.refresh_from_db()
    assert row.valid_to == dt.date(2026, 8, 20)
    # One that has not begun is taken back; one that began ends today at the earliest.
    assert client.post(end, {"valid_to": "2026-08-03"}).status_code == 302
    assert not OfficerRole.objects.filter(pk=row.pk).exists()
    old = province.clerk.roles.get(role="clerk")
    assert (
        client.post(f"{at('vanthu')}vai-tro/{old.pk}/", {"valid_to": "2026-08-03"}).status_code
        == 302
    )
    old.refresh_from_db()
    with time_machine.travel("2026-08-04T09:00+07:00", tick=False):
        client = browser_of(province.head)
        assert client.get(f"{at('vanthu')}vai-tro/{old.pk}/").status_code == 404
        by = keeper(province.head)
        with pytest.raises(StaffingError):
            staffing.end_role(by=by, row=old, last_day=dt.date(2026, 12, 31))
        assert "1 vai trò đã hết" in page(client.get(at("vanthu")))
    old.refresh_from_db()
    assert old.valid_to == TODAY
    assert kinds(province.clerk.user) == [
        "role_given",
        "role_given",
        "role_ended",
        "role_ended",
        "role_ended",
    ]


@time_machine.travel(MONDAY, tick=False)
def test_nobody_gives_or_ends_what_is_not_theirs_and_nobody_their_own(
    province: Province, administrator: Officer
) -> None:
    signer = province.head.roles.get(role="signer")
    deputy = OfficerFactory.create(
        user=UserFactory.create(username="phogiamdoc"),
        agency=province.department,
        roles=[Role.SIGNER],
    )
    client = browser_of(province.head)
    body = {"role": "signer", "valid_from": "2026-08-10"}
    assert client.post(f"{at('thuly')}vai-tro/?co-quan=H01.07", body).status_code == 422
    assert client.get(f"{at('thuly')}vai-tro/?co-quan=H01.08").status_code == 404
    assert client.get(f"{at('phogiamdoc')}vai-tro/{deputy.roles.get().pk}/").status_code == 404
    assert client.get(f"{at('lanhdao')}vai-tro/{signer.pk}/").status_code == 404
    for path in ("vai-tro/?co-quan=H01.07", "thoi-viec/", "dieu-chuyen/"):
        assert client.get(f"{at('lanhdao')}{path}").status_code == 404
    for officer in (province.head, administrator):
        with pytest.raises(PermissionError):
            staffing.give_role(
                by=keeper(officer), officer=officer, agency=officer.agency, role=Role.CLERK,
                valid_from=TODAY,
            )  # fmt: skip
        with pytest.raises(PermissionError):
            staffing.let_go(by=keeper(officer), officer=officer)
    with pytest.raises(PermissionError):
        staffing.end_role(by=keeper(province.head), row=deputy.roles.get(), last_day=TODAY)
    with pytest.raises(PermissionError):
        staffing.let_go(by=keeper(province.head), officer=deputy)
    assert client.get(f"{at('phogiamdoc')}thoi-viec/").status_code == 404
    # The reform office of the province stands above both, and below the administrator.
    assert browser_of(province.reformer).get(f"{at('phogiamdoc')}thoi-viec/").status_code == 200
    assert browser_of(province.reformer).get(f"{at('quantri')}thoi-viec/").status_code == 404
    assert OfficerRole.objects.filter(role="signer", valid_to__isnull=True).count() == 2


# Lost passwords, lost telephones


def test_only_the_administrator_opens_the_way_into_somebody_elses_account(
    province: Province, administrator: Officer
) -> None:
    user = province.specialist.user
    secret = second_factor.new_secret()
    second_factor.add_app(user, secret, code_for(secret))
    for officer in (province.head, province.reformer, province.stranger):
        client = browser_of(officer)
        for path in ("mat-khau/", "hai-lop/"):
            assert client.post(f"{at('thuly')}{path}").status_code == 404
    client = browser_of(administrator)
    assert client.get(f"{at('thuly')}mat-khau/").status_code == 405
    assert "password-link" in page(client.post(f"{at('thuly')}mat-khau/"))
    signed_in("thuly")
    assert client.post(f"{at('thuly')}hai-lop/")["Location"] == at("thuly")
    assert not SecondFactor.objects.exists()
    assert not OfficeSession.objects.filter(user=user).exists()
    assert {"password_link_made", "factor_reset"} <= set(kinds(user))
    # Its owner reads of it.
    assert administrator.full_name in page(signed_in("thuly").get("/tai-khoan/"))
    for path in ("mat-khau/", "hai-lop/"):
        assert client.post(f"{at('quantri')}{path}").status_code == 404  # nor one's own
    above = User.objects.create_superuser("goc", password=NEW, full_name="Quản trị gốc")
    Officer.objects.create(user=above, full_name="Quản trị gốc", agency=province.department)
    for path in ("mat-khau/", "hai-lop/", "thoi-viec/"):
        assert client.post(f"{at('goc')}{path}").status_code == 404


def test_an_administrator_ends_what_is_open_and_opens_what_was_closed(
    province: Province, administrator: Officer
) -> None:
    user = province.specialist.user
    desk = signed_in("thuly")
    AuthToken.objects.create(user)
    for officer in (province.head, province.reformer):
        for path in ("phien/", "mo-lai/"):
            assert browser_of(officer).post(f"{at('thuly')}{path}").status_code == 404
    client = browser_of(administrator)
    assert "Đã kết thúc 2 phiên" in page(client.post(f"{at('thuly')}phien/", follow=True))
    assert desk.get("/hop-viec/").status_code == 302
    assert not AuthToken.objects.exists()
    assert "đang mở" in page(client.post(f"{at('thuly')}mo-lai/", follow=True))
    staffing.let_go(by=keeper_for_today(administrator), officer=province.specialist)
    assert "Mở lại tài khoản" in page(client.get(at("thuly")))
    assert client.post(f"{at('thuly')}mo-lai/").status_code == 302
    user.refresh_from_db()
    assert user.is_active
    # The old password is not the way back in, and nothing of the old roles is there.
    assert not user.has_usable_password()
    assert not province.specialist.roles.filter(valid_to__isnull=True).exists()
    assert kinds(user)[-1] == "opened"
    assert client.post(f"{at('quantri')}mo-lai/").status_code == 404


def keeper_for_today(officer: Officer) -> Keeper:
    found = keeper_for(officer.user, officer, timezone.localdate())
    assert found is not None
    return found


def test_details_are_corrected_and_the_history_says_which(province: Province) -> None:
    client = browser_of(province.head)
    url = f"{at('thuly')}sua/"
    assert province.specialist.full_name in page(client.get(url))
    body = {"full_name": " Néang  Sóc Kha ", "title": "Chuyên viên", "phone": "0900 111 222"}
    assert client.post(url, {**body, "full_name": ""}).status_code == 422
    assert client.post(url, body)["Location"] == at("thuly")
    officer = Officer.objects.get(pk=province.specialist.pk)
    assert (officer.full_name, officer.user.full_name) == ("Néang Sóc Kha", "Néang Sóc Kha")
    assert (officer.name_fold, officer.phone) == ("neang soc kha", "0900 111 222")
    row = AccountEvent.objects.get()
    assert (row.kind, row.detail) == (
        "details_changed",
        {"fields": ["full_name", "title", "phone"]},
    )
    client.post(url, body)
    assert AccountEvent.objects.count() == 1  # nothing changed
    for name in ("lanhdao", "tiepnhan"):
        assert client.get(f"{at(name)}sua/").status_code == 404


# The admin, in which nothing goes round these rules


def test_the_admin_shows_roles_and_changes_none(province: Province) -> None:
    root = Client()
    root.force_login(User.objects.create_superuser("goc", password=NEW, full_name="Quản trị gốc"))
    officer = province.specialist
    url = f"/quan-tri/agencies/officer/{officer.pk}/change/"
    assert "Chuyên viên thụ lý" in page(root.get(url))
    body = {
        "full_name": "Tên Mới", "title": "", "phone": "", "agency": province.elsewhere.pk,
        "user": province.head.user.pk, "roles-TOTAL_FORMS": 1, "roles-INITIAL_FORMS": 0,
        "roles-0-role": "signer", "roles-0-agency": province.department.pk,
    }  # fmt: skip
    assert root.post(url, body).status_code == 302
    officer.refresh_from_db()
    assert (officer.full_name, officer.agency, officer.user.username) == (
        "Tên Mới", province.department, "thuly",
    )  # fmt: skip
    assert [row.role for row in officer.roles.all()] == ["specialist"]
    assert (
        root.post(f"/quan-tri/agencies/officer/{officer.pk}/delete/", {"post": "yes"}).status_code
        == 403
    )
    account = f"/quan-tri/accounts/user/{officer.user_id}/change/"
    root.post(
        account, {"username": "thuly", "full_name": "Tên Mới", "email": ""}
    )  # is_active unticked
    assert User.objects.get(username="thuly").is_active


def test_what_the_admin_does_to_accounts_is_in_their_history(province: Province) -> None:
    goc = User.objects.create_superuser("goc", password=NEW, full_name="Quản trị gốc")
    root = Client()
    root.force_login(goc)
    user = province.specialist.user
    desk = signed_in("thuly")
    address = f"/quan-tri/accounts/user/{user.pk}/password/"
    answer = root.post(address, {"password1": NEW, "password2": NEW, "usable_password": "true"})
    assert answer.status_code == 302
    assert desk.get("/hop-viec/").status_code == 302
    assert AccountEvent.objects.get(kind="password_changed").by == goc
    plain = UserFactory.create(username="khonglacanbo")
    body = {"username": plain.username, "full_name": plain.full_name, "email": ""}
    url = f"/quan-tri/accounts/user/{plain.pk}/change/"
    assert root.post(url, body).status_code == 302
    assert root.post(url, {**body, "is_active": "on"}).status_code == 302
    assert kinds(plain) == ["locked", "opened"]


def test_a_role_that_does_not_exist_is_no_setting(settings: Any) -> None:
    settings.SECOND_FACTOR_ROLES = ["head", "heads", "applicant"]
    told = [error.msg for error in check_second_factor_roles()]
    assert len(told) == 2
    assert "'heads'" in told[0]


# The log


def test_the_log_is_the_administrators_and_ends_at_their_agencies(
    province: Province, administrator: Officer
) -> None:
    below = OfficerFactory.create(
        user=UserFactory.create(username="quantrinho"), agency=province.department,
        roles=[Role.ADMINISTRATOR],
    )  # fmt: skip
    signed_in("thuly")
    signed_in("nguoila")
    Client().post("/dang-nhap/", {"username": "khong-co-ai", "password": "x"})
    log = f"{LIST}nhat-ky/"
    for officer in (province.head, province.reformer):
        assert browser_of(officer).get(log).status_code == 404
    text = page(browser_of(below).get(log))
    assert "thuly" in text
    assert "nguoila" not in text
    root = Client()
    root.force_login(User.objects.create_superuser("goc", password=NEW, full_name="Quản trị gốc"))
    text = page(root.get(log))
    assert "nguoila" in text
    assert "tên không có thật" in text
    assert "khong-co-ai" not in text
    assert "nguoila" not in page(root.get(f"{log}?q=thuly"))
    failed = page(root.get(f"{log}?viec=sign_in_failed"))
    assert "tên không có thật" in failed
    assert "thuly" not in failed
    for broken in ("?viec=x", "?truoc=x", "?truoc=99999999999999999999", "?truoc=-1"):
        assert root.get(f"{log}{broken}").status_code == 200


def test_the_log_has_pages_and_a_budget(province: Province, administrator: Officer) -> None:
    client = browser_of(administrator)
    user = province.specialist.user
    for number in range(60):
        AccountEvent.objects.create(kind="signed_in", user=user, network=f"10.0.{number}.0/24")
    with count_queries() as counted:
        first = page(client.get(f"{LIST}nhat-ky/"))
    assert len(counted) <= 3, str(counted)
    assert "10.0.59.0/24" in first
    assert "10.0.9.0/24" not in first
    following = re.search(r'href="(\?[^"]*truoc=\d+)" rel="next"', first)
    assert following
    second = page(client.get(f"{LIST}nhat-ky/{following[1]}"))
    assert "10.0.9.0/24" in second
    assert "10.0.10.0/24" not in second


def test_everything_of_this_is_there_for_an_agency_that_has_moved_on(province: Province) -> None:
    """The keeper of the root keeps an agency that was added a moment ago."""
    fresh = Agency.objects.create(
        code="H01.99", name="Sở Mới", level="province", parent=province.root
    )
    assert keeper(province.reformer).covers(fresh)
    assert fresh in keeper(province.reformer).agencies()
    assert not Delegation.objects.exists()
