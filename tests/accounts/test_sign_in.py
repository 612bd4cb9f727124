"""Signing in leads each officer to their own first place; signing out is a deliberate act."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.roles import Role
from tests.budgets import count_queries
from tests.dossiers.pages import browser_of, page
from tests.factories import UserFactory
from tests.province import Province, give_role, make_province

PASSWORD = "mat-khau-thu-nghiem"


@pytest.fixture
def province(db: Any) -> Province:
    return make_province()


def sign_in(username: str, password: str = PASSWORD, query: str = "", **body: str) -> Any:
    return Client().post(
        f"/dang-nhap/{query}", {"username": username, "password": password, **body}
    )


@pytest.mark.parametrize(
    ("username", "place"),
    [
        ("tiepnhan", "/tiep-nhan/"),
        ("thuly", "/hop-viec/"),
        ("lanhdao", "/hop-viec/"),
        ("vanthu", "/hop-viec/"),
        ("kstthc", "/bang-dieu-hanh/"),
    ],
)
def test_an_officer_lands_in_their_own_first_place(
    province: Province, username: str, place: str
) -> None:
    client = Client()
    answer = client.post("/dang-nhap/", {"username": username, "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == place
    assert answer.status_code == 200
    assert client.get("/dang-nhap/", follow=True).redirect_chain[-1][0] == place


def test_the_sign_in_page_bears_the_name_of_the_portal(db: Any, settings: Any) -> None:
    settings.SITE_NAME = "Một Cửa Thử Nghiệm"
    text = page(Client().get("/dang-nhap/"))
    assert "<span>Một Cửa Thử Nghiệm<small>" in text
    assert "<span>testserver" not in text


def test_the_administrator_lands_in_the_admin_and_sees_no_dossier(province: Province) -> None:
    admin = User.objects.create_superuser("quantri", password=PASSWORD, full_name="Quản trị viên")
    client = Client()
    answer = client.post("/dang-nhap/", {"username": "quantri", "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == "/quan-tri/"
    dossier = province.log()
    assert client.get(f"/ho-so/{dossier.code}/").status_code == 404
    assert admin.is_superuser


def test_one_message_for_every_failure_and_the_name_is_kept(province: Province) -> None:
    province.clerk.user.is_active = False
    province.clerk.user.save()
    texts = []
    for username, password in (("thuly", "sai"), ("khong-co", "sai"), ("vanthu", PASSWORD)):
        answer = sign_in(username, password)
        assert answer.status_code == 200
        assert f'value="{username}"' in page(answer)
        assert password not in page(answer)
        assert "không đúng" in page(answer)
        texts.append(page(answer).replace(username, "").count("không đúng"))
    assert len(set(texts)) == 1


def test_a_page_that_was_asked_for_comes_after_signing_in_and_never_another_site(
    province: Province,
) -> None:
    asked = Client().get("/hop-viec/?xem=don-vi")
    assert asked["Location"] == "/dang-nhap/?next=/hop-viec/%3Fxem%3Ddon-vi"
    inside = sign_in("thuly", next="/hop-viec/?xem=don-vi")
    assert inside["Location"] == "/hop-viec/?xem=don-vi"
    outside = sign_in("thuly", next="https://evil.example/")
    assert outside["Location"] == "/bat-dau/"


def test_signing_out_takes_a_post(province: Province) -> None:
    client = browser_of(province.specialist)
    assert client.get("/dang-xuat/").status_code == 405
    assert client.post("/dang-xuat/").status_code == 302
    assert client.get("/hop-viec/").status_code == 302


@pytest.mark.parametrize(
    "path",
    ["/bat-dau/", "/hop-viec/", "/ho-so/", "/ho-so/X/", "/tiep-nhan/", "/bang-dieu-hanh/"],
)
def test_nobody_works_without_signing_in(path: str, db: Any) -> None:
    assert Client().get(path)["Location"].startswith("/dang-nhap/?next=")


def test_an_account_that_is_no_officer_finds_nothing(db: Any) -> None:
    client = Client()
    client.force_login(UserFactory.create())
    assert client.get("/bat-dau/")["Location"] == "/"
    for path in ("/hop-viec/", "/ho-so/", "/tiep-nhan/", "/bang-dieu-hanh/"):
        assert client.get(path).status_code == 404


def test_a_role_that_ended_opens_no_door(province: Province) -> None:
    import datetime as dt

    province.receptionist.roles.update(valid_to=dt.date(2020, 1, 1))
    assert browser_of(province.receptionist).get("/tiep-nhan/").status_code == 404


def test_an_officer_of_several_agencies_is_one_query(province: Province) -> None:
    give_role(province.specialist, province.centre, Role.RECEPTIONIST)
    client = browser_of(province.specialist)
    with count_queries() as queries:
        client.get("/bat-dau/")
    assert len(queries) == 1, str(queries)


ADMIN_PAGES = [
    "", "accounts/user/", "accounts/user/add/", "agencies/agency/", "agencies/agency/add/",
    "agencies/officer/", "agencies/officer/add/", "agencies/calendar/", "agencies/desk/",
    "agencies/administrativeunit/", "dossiers/dossier/", "dossiers/voidnumber/",
    "dossiers/paperslip/", "dossiers/outboxmessage/",
]  # fmt: skip


@pytest.fixture
def admin(province: Province) -> Client:
    client = Client()
    client.force_login(
        User.objects.create_superuser("quantri", password=PASSWORD, full_name="Quản trị viên")
    )
    return client


@pytest.mark.parametrize("path", ADMIN_PAGES)
def test_each_page_of_the_admin_opens_without_inline_code(admin: Client, path: str) -> None:
    answer = admin.get(f"/quan-tri/{path}")
    assert answer.status_code == 200
    assert "<script>" not in page(answer)
    assert "unsafe" not in answer["Content-Security-Policy"]


def test_the_admin_changes_no_dossier_and_shows_no_person(
    admin: Client, province: Province
) -> None:
    dossier = province.log()
    base = f"/quan-tri/dossiers/dossier/{dossier.pk}/"
    text = page(admin.get(f"{base}change/"))
    assert str(dossier.code) in text
    assert dossier.owner_name not in text
    assert admin.post(f"{base}change/", {"state": "returned"}).status_code == 403
    assert admin.post(f"{base}delete/", {"post": "yes"}).status_code == 403
    assert admin.get("/quan-tri/dossiers/dossier/add/").status_code == 403
    assert dossier.owner_name not in page(admin.get("/quan-tri/dossiers/dossier/"))


def test_an_administrator_makes_an_account(admin: Client) -> None:
    answer = admin.post(
        "/quan-tri/accounts/user/add/",
        {
            "username": "moi", "full_name": "Danh Thị Sà Phol", "usable_password": "true",
            "password1": "chiec-xuong-ba-la", "password2": "chiec-xuong-ba-la",
        },
    )  # fmt: skip
    assert answer.status_code == 302, page(answer)
    assert User.objects.get(username="moi").check_password("chiec-xuong-ba-la")


def test_a_day_added_to_a_calendar_makes_a_new_version(admin: Client, province: Province) -> None:
    from agencies.models import Calendar

    calendar = Calendar.objects.get()
    text = page(admin.get(f"/quan-tri/agencies/calendar/{calendar.pk}/change/"))
    windows, days = calendar.windows.all(), list(calendar.days.order_by("-on"))
    body: dict[str, Any] = {
        "name": calendar.name,
        "loaded_from": "2019-01-01",
        "loaded_until": calendar.loaded_until.isoformat(),
        "unannounced_years": "[2027]",
        "rest_weekdays": "[5, 6]",
        "counter_weekdays": "[5]",
        "windows-TOTAL_FORMS": len(windows),
        "windows-INITIAL_FORMS": len(windows),
        "days-TOTAL_FORMS": len(days) + 1,
        "days-INITIAL_FORMS": len(days),
    }
    for number, window in enumerate(windows):
        body |= {
            f"windows-{number}-id": window.pk,
            f"windows-{number}-season_month": window.season_month,
            f"windows-{number}-season_day": window.season_day,
            f"windows-{number}-opens": window.opens.isoformat(),
            f"windows-{number}-closes": window.closes.isoformat(),
        }
    for number, day in enumerate(days):
        body |= {
            f"days-{number}-id": day.pk,
            f"days-{number}-on": day.on.isoformat(),
            f"days-{number}-kind": day.kind,
            f"days-{number}-name": day.name,
            f"days-{number}-source": day.source,
        }
    new = f"days-{len(days)}-"
    body |= {new + "on": "2026-12-24", new + "kind": "holiday", new + "name": "Nghỉ bão"}
    body |= {new + "source": "Công điện thử nghiệm"}
    assert "Nghỉ bão" not in text
    answer = admin.post(f"/quan-tri/agencies/calendar/{calendar.pk}/change/", body)
    assert answer.status_code == 302, page(answer)[-3000:]
    assert Calendar.objects.get().version == calendar.version + 1
    # Saved again without a change, it stays.
    # (A version that grew for nothing would make every process read the calendar anew.)
    assert calendar.days.filter(name="Nghỉ bão").exists()


def test_the_admin_has_no_sign_in_of_its_own(province: Province) -> None:
    stranger = Client()
    answer = stranger.get("/quan-tri/agencies/officer/", follow=True)
    assert answer.redirect_chain[-1][0] == "/dang-nhap/?next=/quan-tri/agencies/officer/"
    tried = stranger.post("/quan-tri/login/", {"username": "quantri", "password": "x"})
    assert tried["Location"].startswith("/dang-nhap/")
    officer = browser_of(province.specialist)
    assert officer.get("/quan-tri/", follow=True).status_code == 404
