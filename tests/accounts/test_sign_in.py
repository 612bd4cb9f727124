"""Signing in leads each officer to their own first place; signing out is a deliberate act."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from knox.models import AuthToken

from accounts.models import User
from accounts.roles import Role
from agencies.models import Calendar
from tests.budgets import count_queries
from tests.dossiers.pages import browser_of, page
from tests.factories import DossierFactory, UserFactory
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
    "dossiers/voidpapernumber/",
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


def calendar_body(calendar: Calendar, *new: tuple[str, str], **changes: str) -> dict[str, Any]:
    """Return what the page of a calendar sends, with new days of (date, kind)."""
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
        "days-TOTAL_FORMS": len(days) + len(new),
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
    for number, (on, kind) in enumerate(new, start=len(days)):
        body |= {f"days-{number}-on": on, f"days-{number}-kind": kind}
        body |= {f"days-{number}-name": "Nghỉ bão", f"days-{number}-source": "Công điện thử"}
    return body | changes


def test_a_day_sent_to_a_calendar_in_use_is_refused_with_the_way_to_rehearse_it(
    admin: Client, province: Province
) -> None:
    calendar = Calendar.objects.get()
    before = calendar.days.count()
    url = f"/quan-tri/agencies/calendar/{calendar.pk}/change/"
    text = page(admin.get(url))
    assert 'href="/lich-lam-viec/thu/"' in text
    assert 'name="days-0-on"' not in text
    assert "Ngày Văn hóa" in text  # the days are there to read
    answer = admin.post(url, calendar_body(calendar, ("2026-12-24", "holiday")), follow=True)
    assert "phải thử trước" in page(answer)
    taken = admin.post(url, {**calendar_body(calendar), "days-0-DELETE": "on"}, follow=True)
    assert "phải thử trước" in page(taken)
    assert calendar.days.count() == before
    assert Calendar.objects.get().version == calendar.version


def without_days(calendar: Calendar, **changes: str) -> dict[str, Any]:
    """Return what the page of a calendar in use sends: its days are only shown."""
    body = calendar_body(calendar, **changes)
    return {name: value for name, value in body.items() if not re.match(r"days-\d", name)}


def test_another_change_of_a_calendar_makes_a_new_version(
    admin: Client, province: Province
) -> None:
    calendar = Calendar.objects.get()
    url = f"/quan-tri/agencies/calendar/{calendar.pk}/change/"
    answer = admin.post(url, without_days(calendar, unannounced_years="[]"))
    assert answer.status_code == 302, page(answer)[-3000:]
    assert Calendar.objects.get().version == calendar.version + 1


NEW_CALENDAR = {
    "name": "Lịch đặc khu", "loaded_from": "2026-01-01", "loaded_until": "2027-12-31",
    "unannounced_years": "[]", "rest_weekdays": "[5, 6]", "counter_weekdays": "[5]",
    "windows-TOTAL_FORMS": 0, "windows-INITIAL_FORMS": 0, "days-INITIAL_FORMS": 0,
}  # fmt: skip


def with_days(*days: tuple[str, str]) -> dict[str, Any]:
    body = {**NEW_CALENDAR, "days-TOTAL_FORMS": len(days)}
    for number, (on, kind) in enumerate(days):
        body |= {f"days-{number}-on": on, f"days-{number}-kind": kind}
        body |= {f"days-{number}-name": "Nghỉ bão", f"days-{number}-source": "Công điện thử"}
    return body


def test_a_new_calendar_comes_with_its_days(admin: Client, province: Province) -> None:
    answer = admin.post("/quan-tri/agencies/calendar/add/", with_days(("2026-12-24", "holiday")))
    assert answer.status_code == 302, page(answer)[-3000:]
    assert Calendar.objects.get(name="Lịch đặc khu").days.get().name == "Nghỉ bão"


@pytest.mark.parametrize(
    ("new", "told"),
    [
        ([("2026-12-23", "make_up")], "làm bù chỉ vào ngày nghỉ hằng tuần"),  # a Wednesday
        ([("2026-12-26", "swapped_off")], "vốn là ngày nghỉ hằng tuần"),  # a Saturday
        ([("2200-01-01", "holiday")], "Năm phải từ 1990 đến 2199"),
        ([("1989-12-31", "holiday")], "Năm phải từ 1990 đến 2199"),
        ([("2026-12-23", "holiday"), ("2026-12-23", "swapped_off")], "hai dòng"),
    ],
)
def test_a_day_that_makes_no_sense_is_refused_in_words(
    admin: Client, province: Province, new: list[tuple[str, str]], told: str
) -> None:
    answer = admin.post("/quan-tri/agencies/calendar/add/", with_days(*new))
    assert answer.status_code == 200
    assert told in page(answer)
    assert not Calendar.objects.filter(name="Lịch đặc khu").exists()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"windows-1-opens": "11:00"}, "trùng với khung giờ khác cùng mùa"),
        ({"windows-0-season_month": "2", "windows-0-season_day": "30"}, "Không có ngày 30/2"),
        ({"windows-0-season_month": "13"}, "Không có ngày 1/13"),
        ({"windows-0-valid_until": "2030-12-31"}, "hết hiệu lực cùng ngày"),
        (
            {"windows-0-valid_from": "2027-01-01", "windows-0-valid_until": "2026-12-31"},
            "Ngày hết hiệu lực phải sau ngày có hiệu lực",
        ),
    ],
    ids=str,
)
def test_hours_no_calendar_can_be_made_of_are_refused_in_words(
    admin: Client, province: Province, changes: dict[str, str], told: str
) -> None:
    calendar = Calendar.objects.get()
    url = f"/quan-tri/agencies/calendar/{calendar.pk}/change/"
    answer = admin.post(url, without_days(calendar, **changes))
    assert answer.status_code == 200
    assert told in page(answer)
    assert Calendar.objects.get().version == calendar.version


@pytest.mark.parametrize("days", ["[7]", "[-1]", '["5"]', "5", '{"a": 1}', "[true]", "[5.5]"])
def test_a_weekly_rest_that_is_no_weekday_is_refused(
    admin: Client, province: Province, days: str
) -> None:
    calendar = Calendar.objects.get()
    url = f"/quan-tri/agencies/calendar/{calendar.pk}/change/"
    answer = admin.post(url, without_days(calendar, rest_weekdays=days))
    assert answer.status_code == 200
    assert "từ 0 (thứ hai) đến 6 (chủ nhật)" in page(answer)
    assert Calendar.objects.get().rest_weekdays == calendar.rest_weekdays


@pytest.mark.parametrize("path", [path for path in ADMIN_PAGES if path])
def test_the_columns_of_the_admin_have_vietnamese_names(admin: Client, path: str) -> None:
    text = page(admin.get(f"/quan-tri/{path}"))
    for english in ("Public code", "Rendered at", "Auth token", "Payload version", "Created at",
                    ">Agency<", "Agency:", "User:", "Successor", "Voided by", "Holder agency",
                    ">Event<", ">Procedure<"):  # fmt: skip
        assert english not in text


def test_the_admin_has_no_sign_in_of_its_own(province: Province) -> None:
    stranger = Client()
    answer = stranger.get("/quan-tri/agencies/officer/", follow=True)
    assert answer.redirect_chain[-1][0] == "/dang-nhap/?next=/quan-tri/agencies/officer/"
    tried = stranger.post("/quan-tri/login/", {"username": "quantri", "password": "x"})
    assert tried["Location"].startswith("/dang-nhap/")
    officer = browser_of(province.specialist)
    assert officer.get("/quan-tri/", follow=True).status_code == 404


def test_an_administrator_mints_no_token_and_can_only_take_tokens_away(
    admin: Client, province: Province
) -> None:
    user = province.specialist.user
    for address in ("", "knox/", "knox/authtoken/", "knox/authtoken/add/"):
        answer = admin.get(f"/quan-tri/{address}")
        assert answer.status_code == (404 if address else 200)
        assert "authtoken" not in page(answer)
    assert admin.post("/quan-tri/knox/authtoken/add/", {"user": user.pk}).status_code == 404
    assert not AuthToken.objects.exists()

    token, _key = AuthToken.objects.create(user)
    kept, _key = AuthToken.objects.create(province.receptionist.user)
    chosen = {"action": "revoke_tokens", "_selected_action": [user.pk]}
    answer = admin.post("/quan-tri/accounts/user/", chosen)
    assert answer.status_code == 302
    assert list(AuthToken.objects.values_list("digest", flat=True)) == [kept.digest]
    assert token.digest != kept.digest


def test_no_page_of_the_admin_shows_a_tracking_code(admin: Client, province: Province) -> None:
    accepted = province.log()
    waiting = DossierFactory.create(submitted_only=True)
    base = "/quan-tri/dossiers/dossier/"
    texts = [page(admin.get(base)), page(admin.get(base, {"q": waiting.tracking_code}))]
    for dossier in (accepted, waiting):
        texts += [page(admin.get(f"{base}{dossier.pk}/{name}/")) for name in ("change", "history")]
    assert f"#{waiting.pk}" in texts[0]
    assert str(accepted.code) in texts[0]
    for typed in (f'value="{waiting.tracking_code}"', f"q={waiting.tracking_code}"):
        texts[1] = texts[1].replace(typed, "")
    for text in texts:
        assert accepted.tracking_code not in text
        assert waiting.tracking_code not in text
    assert f"#{waiting.pk}" not in texts[1]  # nor is it found by it
