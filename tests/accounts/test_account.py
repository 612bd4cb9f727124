"""One's own account: what opens it, seen and ended; the password; what happened, never changed."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.contrib.auth.tokens import default_token_generator
from django.contrib.sessions.backends.base import UpdateError
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from knox.models import AuthToken

from accounts import events, sessions
from accounts.models import AccountEvent, OfficeSession, User
from tests.accounts.test_second_factor import kinds, signed_in
from tests.accounts.test_sign_in import PASSWORD
from tests.budgets import count_queries
from tests.dossiers.pages import browser_of, page
from tests.province import Province, make_province

ACCOUNT, NEW = "/tai-khoan/", "chiec-xuong-ba-la"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0"
)


@pytest.fixture
def province(db: Any) -> Province:
    return make_province()


def at_desk() -> Client:
    return signed_in("thuly", HTTP_USER_AGENT=EDGE, REMOTE_ADDR="203.0.113.77")


def at_home() -> Client:
    return signed_in("thuly", HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="2001:db8:1:2:3:4:5:6")


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox 140, Linux"),
        (EDGE, "Edge 138, Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) coc_coc_browser/130.0.1 "
         "Chrome/124.0.0.0 Safari/537.36", "Cốc Cốc 130, Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 "
         "Mobile Safari/537.36", "Chrome 138, Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Version/18.5 Mobile/15E148 Safari/604.1", "Safari 18, iOS"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Version/18.5 Safari/605.1.15", "Safari 18, macOS"),
        ("curl/8.5", ""),
        ("", ""),
        ("x" * 100_000, ""),
    ],
)  # fmt: skip
def test_a_browser_is_known_by_its_make_alone(agent: str, name: str) -> None:
    assert events.browser_name(agent) == name


def test_each_session_says_when_from_which_network_and_by_what(province: Province) -> None:
    with time_machine.travel("2026-11-24T08:15:00+07:00", tick=False):
        at_home()
    with time_machine.travel("2026-11-24T09:00:00+07:00", tick=False):
        client = at_desk()
        text = page(client.get(ACCOUNT))
    assert "Firefox 140, Linux" in text
    assert "2001:db8:1::/56" in text
    assert "203.0.113.0/24" in text
    assert "203.0.113.77" not in text
    assert "2001:db8:1:2:3" not in text
    assert "đăng nhập 08:15, 24/11/2026" in text
    for row in OfficeSession.objects.all():
        assert row.session_key not in text
    assert page(signed_in("lanhdao").get(ACCOUNT)).count("phiên này") == 1
    assert "Firefox" not in page(signed_in("lanhdao").get(ACCOUNT))  # nobody else's


def test_when_it_was_last_used_is_written_every_ten_minutes_and_not_at_every_page(
    province: Province,
) -> None:
    with time_machine.travel("2026-11-24T09:00:00+07:00", tick=False):
        client = at_desk()
    row = OfficeSession.objects.get()
    for minutes, is_written in ((9, False), (11, True), (20, False), (22, True)):
        moment = dt.datetime.fromisoformat("2026-11-24T09:00:00+07:00") + dt.timedelta(
            minutes=minutes
        )
        before = OfficeSession.objects.get().seen_at
        with time_machine.travel(moment, tick=False):
            assert client.get("/hop-viec/").status_code == 200
        after = OfficeSession.objects.get().seen_at
        assert (after != before) is is_written, minutes
    assert OfficeSession.objects.get().started_at == row.started_at


def test_a_citizen_gets_neither_cookie_nor_session(province: Province) -> None:
    client = Client()
    assert client.get("/").status_code == client.get("/thu-tuc/").status_code == 200
    assert "sessionid" not in client.cookies
    assert not OfficeSession.objects.exists()


def test_one_session_is_ended_and_the_rest_go_on(province: Province) -> None:
    home, other, desk = at_home(), at_home(), at_desk()
    key = home.session.session_key
    named = sessions.public_id(OfficeSession.objects.get(pk=key))
    ended = desk.post("/tai-khoan/phien/ket-thuc/", {"session": named}, follow=True)
    assert "Đã kết thúc 1 phiên" in page(ended)
    assert home.get("/hop-viec/").status_code == 302
    assert other.get("/hop-viec/").status_code == desk.get("/hop-viec/").status_code == 200
    assert kinds(province.specialist.user)[-1] == "session_ended"
    # A name that fits nothing, somebody else's, and the raw key end nothing.
    foreign = signed_in("lanhdao")
    theirs = sessions.public_id(OfficeSession.objects.get(pk=foreign.session.session_key))
    for nothing in ("x", theirs, str(other.session.session_key)):
        desk.post("/tai-khoan/phien/ket-thuc/", {"session": nothing})
    assert foreign.get("/hop-viec/").status_code == other.get("/hop-viec/").status_code == 200


def test_all_others_are_ended_at_once(province: Province) -> None:
    home, other, desk = at_home(), at_home(), at_desk()
    desk.post("/tai-khoan/phien/ket-thuc/")
    assert home.get("/hop-viec/").status_code == other.get("/hop-viec/").status_code == 302
    assert desk.get("/hop-viec/").status_code == 200
    assert desk.get("/tai-khoan/phien/ket-thuc/").status_code == 405


def test_a_session_that_was_ended_under_a_request_does_not_come_back(province: Province) -> None:
    client = at_desk()
    store = sessions.SessionStore(client.session.session_key)
    store["x"] = 1  # a request that is still running
    sessions.end(province.specialist.user)
    with pytest.raises(UpdateError):
        store.save()
    assert not OfficeSession.objects.exists()


def test_a_changed_password_ends_every_other_session_and_every_token(province: Province) -> None:
    user = province.specialist.user
    home, desk = at_home(), at_desk()
    AuthToken.objects.create(user)
    kept, _key = AuthToken.objects.create(province.head.user)
    text = {"new_password1": NEW, "new_password2": NEW}
    wrong = desk.post("/tai-khoan/mat-khau/", {"password": "sai", **text})
    assert wrong.status_code == 422
    slips = ({**text, "new_password2": "khac"}, {"new_password1": "123", "new_password2": "123"})
    for slip in slips:
        assert desk.post("/tai-khoan/mat-khau/", {"password": PASSWORD, **slip}).status_code == 422
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    # A slip in the new one is no try at the old one.
    assert kinds(user).count("sign_in_failed") == 1
    assert desk.post("/tai-khoan/mat-khau/", {"password": PASSWORD, **text}).status_code == 302
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert desk.get("/hop-viec/").status_code == 200
    assert home.get("/hop-viec/").status_code == 302
    assert OfficeSession.objects.filter(user=user).count() == 1
    assert list(AuthToken.objects.all()) == [kept]
    assert kinds(user)[-3:] == ["password_changed", "session_ended", "token_ended"]


def test_tokens_are_listed_and_revoked_one_by_one(province: Province) -> None:
    user = province.specialist.user
    (one, key), (two, other) = AuthToken.objects.create(user), AuthToken.objects.create(user)
    foreign, _key = AuthToken.objects.create(province.head.user)
    desk = at_desk()
    text = page(desk.get(ACCOUNT))
    assert one.token_key in text
    assert two.token_key in text
    assert key not in text
    assert foreign.token_key not in text
    for token in (one, foreign):
        desk.post("/tai-khoan/khoa-api/thu-hoi/", {"token": token.token_key})
    assert set(AuthToken.objects.all()) == {two, foreign}
    assert Client().get("/api/v1/dossiers/", HTTP_AUTHORIZATION=f"Bearer {key}").status_code == 401
    assert (
        Client().get("/api/v1/dossiers/", HTTP_AUTHORIZATION=f"Bearer {other}").status_code == 200
    )


def test_the_page_names_the_roles_of_today_and_tomorrow(province: Province) -> None:
    today = timezone.localdate()
    roles = province.specialist.roles
    roles.create(agency=province.centre, role="clerk", valid_to=today - dt.timedelta(days=1))
    roles.create(agency=province.centre, role="signer", valid_from=today + dt.timedelta(days=9))
    text = page(browser_of(province.specialist).get(ACCOUNT))
    part = re.search(r'id="roles-title".*?</section>', text, re.S)
    assert part
    assert "Chuyên viên thụ lý" in part[0]
    assert "Lãnh đạo ký" in part[0]
    assert "Văn thư" not in part[0]


def test_an_account_that_is_no_officer_has_the_page_too(db: Any) -> None:
    User.objects.create_superuser("quantri", password=PASSWORD, full_name="Quản trị viên")
    text = page(signed_in("quantri").get(ACCOUNT))
    assert "Quản trị viên" in text
    assert "chưa có vai trò" in text


def test_the_page_asks_as_much_for_one_as_for_many(province: Province) -> None:
    figures = []
    client = at_desk()
    for count in (1, 15):
        for _each in range(count):
            at_home()
            AuthToken.objects.create(province.specialist.user)
        with count_queries() as counted:
            assert client.get(ACCOUNT).status_code == 200
        figures.append(len(counted))
    # The officer and their roles, the roles of the page, factors, events.
    assert figures[0] == figures[1] <= 5, str(counted)


def test_what_has_run_out_is_forgotten(province: Province) -> None:
    at_home()
    AuthToken.objects.create(province.specialist.user)
    assert sessions.forget_expired(timezone.now()) == 0
    assert sessions.forget_expired(timezone.now() + dt.timedelta(hours=11)) == 2
    assert not OfficeSession.objects.exists()


# A link by which one sets a password


def link_for(user: User) -> str:
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return f"/dat-mat-khau/{uid}/{default_token_generator.make_token(user)}/"


def test_a_link_sets_a_password_once(province: Province) -> None:
    user = province.specialist.user
    user.set_unusable_password()
    user.save()
    address = link_for(user)
    client = Client()
    form = client.get(address, follow=True)
    assert "Đặt mật khẩu" in page(form)
    to = form.redirect_chain[-1][0]
    assert client.post(to, {"new_password1": "123", "new_password2": "123"}).status_code == 200
    done = client.post(to, {"new_password1": NEW, "new_password2": NEW}, follow=True)
    assert done.redirect_chain[-1][0] == "/dang-nhap/"
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert kinds(user) == ["password_changed"]
    again = Client().get(address, follow=True)
    assert "đã dùng, đã quá hạn" in page(again)


def test_a_link_of_a_locked_account_or_after_three_days_opens_nothing(province: Province) -> None:
    user = province.specialist.user
    address = link_for(user)
    with time_machine.travel(timezone.now() + dt.timedelta(days=3, hours=8)):
        assert "đã quá hạn" in page(Client().get(address, follow=True))
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert "đã quá hạn" in page(Client().get(address, follow=True))


# What happened


def test_sign_ins_leave_a_row_without_name_address_or_password(province: Province) -> None:
    Client(REMOTE_ADDR="198.51.100.9").post(
        "/dang-nhap/", {"username": "khong-co-ai", "password": "mat-khau-cua-toi"}
    )
    Client().post("/dang-nhap/", {"username": "thuly", "password": "sai"})
    desk = at_desk()
    desk.post("/dang-xuat/")
    rows = list(AccountEvent.objects.order_by("pk"))
    assert [row.kind for row in rows] == [
        "sign_in_failed",
        "sign_in_failed",
        "signed_in",
        "signed_out",
    ]
    assert [row.user and row.user.username for row in rows] == [None, "thuly", "thuly", "thuly"]
    assert rows[0].network == "198.51.100.0/24"
    said = " ".join(str(row.__dict__) for row in rows)
    for secret in ("khong-co-ai", "mat-khau-cua-toi", "198.51.100.9", "203.0.113.77", PASSWORD):
        assert secret not in said


def test_nothing_of_it_reaches_the_log(province: Province, caplog: Any, capsys: Any) -> None:
    desk = at_desk()
    desk.get(ACCOUNT)
    Client().post("/dang-nhap/", {"username": "thuly", "password": "sai-roi"})
    said = caplog.text + "".join(capsys.readouterr())
    for secret in ("203.0.113", "Edge", "sai-roi", "thuly", str(desk.session.session_key)):
        assert secret not in said


def test_no_row_of_it_can_be_changed(province: Province) -> None:
    at_desk()
    rows = AccountEvent.objects.all()
    for change in (lambda: rows.update(kind="signed_out"), rows.delete):
        with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
            change()
    assert AccountEvent.objects.get().kind == "signed_in"
