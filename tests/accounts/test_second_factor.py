"""The second factor: codes of an app, recovery codes, one counter of wrong tries for everything."""

from __future__ import annotations

import base64
import datetime as dt
import io
import re
import threading
from typing import Any

import pytest
import segno
import time_machine
import zxingcpp
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from accounts import second_factor
from accounts.models import AccountEvent, OfficeSession, RecoveryCode, SecondFactor, User, WrongTry
from accounts.personal_data import unseal
from accounts.roles import Role
from tests.accounts.test_sign_in import PASSWORD
from tests.agencies.test_delegations import give
from tests.dossiers.pages import page
from tests.province import Province, make_province

NOON = "2026-11-25T12:00:10+07:00"  # ten seconds into a step


@pytest.fixture
def province(db: Any) -> Province:
    return make_province()


def signed_in(username: str, **headers: Any) -> Client:
    """Return a browser in which somebody has typed name and password, as people do."""
    client = Client(**headers)
    answer = client.post("/dang-nhap/", {"username": username, "password": PASSWORD})
    assert answer.status_code == 302, page(answer)
    return client


def code_of(user: User, *, steps: int = 0) -> str:
    """Return what the app of the user shows now, or some steps of thirty seconds later."""
    factor = SecondFactor.objects.get(user=user, kind="totp")
    return code_for(unseal(factor.secret), steps=steps)


def code_for(secret: str, *, steps: int = 0) -> str:
    """Return the code by the seed and the clock, computed apart from the product's own module."""
    return generator(secret).generate(timezone.now().timestamp() + 30 * steps).decode()


def generator(secret: str) -> TOTP:
    return TOTP(base64.b32decode(secret), 6, SHA1(), 30)  # noqa: S303 - RFC 6238


def enrol(client: Client, user: User) -> list[str]:
    """Set an app up through the page and return the recovery codes it shows."""
    text = page(client.get("/tai-khoan/ung-dung/"))
    found = re.search(r'class="secret">([A-Z2-7 ]+)<', text)
    assert found
    answer = client.post("/tai-khoan/ung-dung/", {"code": code_for(found[1].replace(" ", ""))})
    assert answer.status_code == 200, page(answer)
    return re.findall(r"<code>(\w{5}-\w{5})</code>", page(answer))


def second(client: Client, code: str, **more: Any) -> Any:
    return client.post("/dang-nhap/buoc-hai/", {"code": code, **more})


def kinds(user: User) -> list[str]:
    return list(
        AccountEvent.objects.filter(user=user).order_by("pk").values_list("kind", flat=True)
    )


# RFC 6238, appendix B: the SHA-1 rows, of whose eight digits an app of six shows the last six.
@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"),
     (2000000000, "279037"), (20000000000, "353130")],
)  # fmt: skip
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # base32 of "12345678901234567890"
    now = dt.datetime.fromtimestamp(seconds, dt.UTC)
    assert second_factor.matching_step(secret, code, now) == seconds // 30
    assert second_factor.matching_step(secret, f" {code[:3]} {code[3:]} ", now) == seconds // 30
    for wrong in ("000000", code[:5], f"{code}0", "١" * 6, ""):
        assert second_factor.matching_step(secret, wrong, now) is None


@given(st.integers(0, 4_000_000_000), st.integers(-3, 3))
def test_a_clock_may_be_half_a_minute_off_and_no_more(seconds: int, off: int) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    shown = generator(secret)
    step = seconds // 30 + off
    if step < 0:
        return
    now = dt.datetime.fromtimestamp(seconds + 90, dt.UTC)
    code = shown.generate((step + 3) * 30).decode()
    found = second_factor.matching_step(secret, code, now)
    near = {shown.generate((seconds // 30 + 3 + each) * 30).decode() for each in (-1, 0, 1)}
    assert (found is not None) == (code in near)


@time_machine.travel(NOON, tick=False)
def test_an_app_is_set_up_by_its_qr_and_its_first_code(province: Province) -> None:
    user = province.specialist.user
    client = signed_in("thuly")
    text = page(client.get("/tai-khoan/ung-dung/"))
    found = re.search(r'class="secret">([A-Z2-7 ]+)<', text)
    assert found
    secret = found[1].replace(" ", "")
    # The picture says the same as the letters, to any app that reads QR.
    address = second_factor.address_for_app(secret, user)
    assert segno.make(address, error="m", micro=False).svg_data_uri(
        border=2, dark="#000", light="#fff"
    ) in text.replace("&#x27;", "'")
    picture = io.BytesIO()
    segno.make(address, error="m", micro=False).save(picture, kind="png", scale=4, border=4)
    read = zxingcpp.read_barcodes(Image.open(picture))[0].text
    assert read.startswith("otpauth://totp/")
    assert f"secret={secret}" in read
    assert "thuly" in read

    wrong = client.post("/tai-khoan/ung-dung/", {"code": "000000"})
    assert wrong.status_code == 422
    assert secret[:4] in page(wrong)  # the same secret still
    assert not SecondFactor.objects.exists()
    codes = enrol(client, user)
    assert len(codes) == len(set(codes)) == 10
    factor = SecondFactor.objects.get()
    assert unseal(factor.secret) == secret
    assert secret.encode() not in bytes(factor.secret)
    assert kinds(user) == ["signed_in", "factor_added", "codes_made"]
    # Shown once: no page says them again, and no row keeps them.
    assert codes[0] not in page(client.get("/tai-khoan/"))
    assert all(
        codes[0].replace("-", "").encode() not in bytes(row.digest)
        for row in RecoveryCode.objects.all()
    )


def test_the_secret_that_waits_in_the_session_is_sealed(province: Province) -> None:
    client = signed_in("thuly")
    text = page(client.get("/tai-khoan/ung-dung/"))
    found = re.search(r'class="secret">([A-Z2-7 ]+)<', text)
    assert found
    said = str(dict(client.session.items()))
    assert found[1].replace(" ", "") not in said
    assert found[1] in page(client.get("/tai-khoan/ung-dung/"))  # a reload changes nothing


def test_after_the_password_comes_the_code_and_only_then_is_one_signed_in(
    province: Province,
) -> None:
    user = province.specialist.user
    with time_machine.travel(NOON, tick=False):
        enrol(signed_in("thuly"), user)
    with time_machine.travel("2026-11-25T13:00:10+07:00", tick=False):
        client = Client()
        answer = client.post(
            "/dang-nhap/",
            {"username": "thuly", "password": PASSWORD, "next": "/hop-viec/?xem=don-vi"},
        )
        assert answer["Location"] == "/dang-nhap/buoc-hai/"
        assert client.get("/hop-viec/").status_code == 302
        assert "_auth_user_id" not in client.session
        text = page(client.get("/dang-nhap/buoc-hai/"))
        assert "passkey" not in text
        assert 'autocomplete="one-time-code"' in text
        wrong = second(client, "000000")
        assert "Mã không đúng" in page(wrong)
        assert client.get("/hop-viec/").status_code == 302
        done = second(client, code_of(user))
        assert done["Location"] == "/hop-viec/?xem=don-vi"
        assert client.get("/hop-viec/").status_code == 200
        assert kinds(user)[-2:] == ["factor_failed", "signed_in"]
        assert AccountEvent.objects.latest("pk").detail == {"factor": "totp"}


def test_the_same_code_opens_nothing_twice(province: Province) -> None:
    user = province.specialist.user
    with time_machine.travel(NOON, tick=False):
        enrol(signed_in("thuly"), user)
        proof = code_of(user)
        assert "Mã không đúng" in page(second(signed_in("thuly"), proof))  # it set the app up
        later = code_of(user, steps=1)
        assert second(signed_in("thuly"), later).status_code == 302
        assert "Mã không đúng" in page(second(signed_in("thuly"), later))
        # Nor one that is older than the last.
        assert "Mã không đúng" in page(second(signed_in("thuly"), proof))
        # A code seen over a shoulder is a guess like any other: each counted, account and network.
        assert WrongTry.objects.count() == 2 * 3
    with time_machine.travel("2026-11-25T12:02:10+07:00", tick=False):
        assert second(signed_in("thuly"), code_of(user)).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_of_two_requests_with_one_code_only_one_gets_in() -> None:
    user = make_province().specialist.user
    secret = second_factor.new_secret()
    assert second_factor.add_app(user, secret, code_for(secret))
    (recovery, *_rest) = second_factor.new_recovery_codes(user)
    for typed in (code_for(secret, steps=1), recovery):
        found = [second_factor.find_code(user, typed) for _each in range(4)]
        used: list[bool] = []

        def use(one: Any, used: list[bool] = used) -> None:
            used.append(one[1]())
            connection.close()

        threads = [threading.Thread(target=use, args=[one]) for one in found]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(used) == [False, False, False, True]


@pytest.mark.django_db(transaction=True)
def test_an_app_that_is_set_up_twice_at_once_is_one_app() -> None:
    user = make_province().specialist.user
    secret = second_factor.new_secret()
    code = code_for(secret)
    failed: list[BaseException] = []

    def add() -> None:
        try:
            second_factor.add_app(user, secret, code)
        except DatabaseError as error:
            failed.append(error)
        connection.close()

    threads = [threading.Thread(target=add) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert SecondFactor.objects.filter(user=user).count() == 1


@time_machine.travel(NOON, tick=False)
def test_a_recovery_code_opens_once_however_it_is_written(province: Province) -> None:
    user = province.specialist.user
    codes = enrol(signed_in("thuly"), user)
    client = signed_in("thuly")
    done = client.post(
        "/dang-nhap/buoc-hai/", {"code": f" {codes[3].lower().replace('-', ' ')} "}, follow=True
    )
    assert "còn 9 mã" in page(done)
    assert "Mã không đúng" in page(second(signed_in("thuly"), codes[3]))
    assert second(signed_in("thuly"), codes[4]).status_code == 302
    # Nobody else's.
    secret = second_factor.new_secret()
    second_factor.add_app(province.head.user, secret, code_for(secret))
    assert "Mã không đúng" in page(second(signed_in("lanhdao"), codes[5]))
    assert "code_used" in kinds(user)


@time_machine.travel(NOON, tick=False)
def test_new_recovery_codes_end_the_old_ones(province: Province) -> None:
    user = province.specialist.user
    client = signed_in("thuly")
    assert client.post("/tai-khoan/ma-du-phong/").status_code == 404  # nothing to recover
    old = enrol(client, user)
    assert client.get("/tai-khoan/ma-du-phong/").status_code == 405
    new = re.findall(r"<code>(\w{5}-\w{5})</code>", page(client.post("/tai-khoan/ma-du-phong/")))
    assert len(new) == 10
    assert not set(new) & set(old)
    assert "Mã không đúng" in page(second(signed_in("thuly"), old[0]))
    assert second(signed_in("thuly"), new[0]).status_code == 302


def test_wrong_codes_are_counted_with_wrong_passwords_and_block_right_ones(
    province: Province,
) -> None:
    user = province.specialist.user
    codes = enrol(signed_in("thuly"), user)
    client = signed_in("thuly")
    for _try in range(2):
        Client().post("/dang-nhap/", {"username": "thuly", "password": "sai"})
    for number in range(3):
        assert "Mã không đúng" in page(second(client, f"00000{number}"))
    for code in (codes[0], "000009"):
        assert "Đã thử sai nhiều lần" in page(second(client, code))
    blocked = Client().post("/dang-nhap/", {"username": "thuly", "password": PASSWORD})
    assert "Đã thử sai nhiều lần" in page(blocked)
    # The right one was not used up by being blocked.
    assert RecoveryCode.objects.filter(used_at__isnull=True).count() == 10
    # Blocked tries leave no row: they would let anybody fill the table.
    assert kinds(user).count("factor_failed") == 3


def test_the_second_step_waits_five_minutes_for_the_same_password_and_an_open_account(
    province: Province,
) -> None:
    user = province.specialist.user
    codes = iter(enrol(signed_in("thuly"), user))
    stranger = Client()
    for nobody in (stranger.get("/dang-nhap/buoc-hai/"), second(stranger, next(codes))):
        assert nobody["Location"] == "/dang-nhap/"
    late = signed_in("thuly")
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=5, seconds=1)):
        assert second(late, next(codes))["Location"] == "/dang-nhap/"
        assert "quá 5 phút" in page(late.get("/dang-nhap/"))
    locked = signed_in("thuly")
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert second(locked, next(codes))["Location"] == "/dang-nhap/"
    User.objects.filter(pk=user.pk).update(is_active=True)
    changed = signed_in("thuly")
    user.set_password("mat-khau-moi-tinh")
    user.save()
    assert second(changed, next(codes))["Location"] == "/dang-nhap/"
    assert OfficeSession.objects.filter(user=user).count() == 1  # the one that set the app up


@time_machine.travel(NOON, tick=False)
def test_a_factor_is_removed_after_asking_and_the_codes_go_with_the_last(
    province: Province,
) -> None:
    user = province.specialist.user
    client = signed_in("thuly")
    enrol(client, user)
    factor = SecondFactor.objects.get()
    url = f"/tai-khoan/yeu-to/{factor.pk}/bo/"
    assert "cuối cùng" in page(client.get(url))
    assert SecondFactor.objects.exists()
    other = signed_in("lanhdao")
    for answer in (other.get(url), other.post(url), client.post(f"/tai-khoan/yeu-to/{2**70}/bo/")):
        assert answer.status_code == 404
    assert client.post(url)["Location"] == "/tai-khoan/"
    assert not SecondFactor.objects.exists()
    assert not RecoveryCode.objects.exists()
    assert kinds(user)[-1] == "factor_removed"
    assert signed_in("thuly").get("/hop-viec/").status_code == 200


def test_what_changes_the_way_in_asks_for_the_password_after_a_quarter_of_an_hour(
    province: Province,
) -> None:
    with time_machine.travel(NOON, tick=False):
        client = signed_in("thuly")
        assert client.get("/tai-khoan/ung-dung/").status_code == 200
    with time_machine.travel("2026-11-25T12:16:00+07:00", tick=False):
        for path in ("ung-dung", "passkey"):
            asked = client.get(f"/tai-khoan/{path}/")
            assert asked["Location"] == f"/tai-khoan/xac-nhan/?next=/tai-khoan/{path}/"
            assert client.post(f"/tai-khoan/{path}/")["Location"].startswith("/tai-khoan/xac-nhan/")
        wrong = client.post(asked["Location"], {"password": "sai"})
        assert wrong.status_code == 422
        assert AccountEvent.objects.filter(kind="sign_in_failed").count() == 1
        right = client.post(asked["Location"], {"password": PASSWORD})
        assert right["Location"] == "/tai-khoan/passkey/"
        assert client.get("/tai-khoan/ung-dung/").status_code == 200
        away = client.post("/tai-khoan/xac-nhan/?next=//evil.example/", {"password": PASSWORD})
        assert away["Location"] == "/tai-khoan/"
    for path in ("", "ung-dung/", "xac-nhan/", "mat-khau/", "passkey/"):
        assert Client().get(f"/tai-khoan/{path}")["Location"].startswith("/dang-nhap/?next=")


def test_adding_a_factor_ends_the_sessions_that_were_opened_without(province: Province) -> None:
    other, client = signed_in("thuly"), signed_in("thuly")
    assert other.get("/hop-viec/").status_code == 200
    enrol(client, province.specialist.user)
    assert other.get("/hop-viec/").status_code == 302
    assert client.get("/hop-viec/").status_code == 200


# Roles that work only with a second factor


def test_who_must_have_a_second_factor_gets_to_no_other_page_before(
    province: Province, settings: Any
) -> None:
    settings.SECOND_FACTOR_ROLES = ["head", "administrator"]
    client = signed_in("lanhdao")
    for path in ("/hop-viec/", "/bang-dieu-hanh/", "/bat-dau/", "/ho-so/"):
        assert client.get(path)["Location"] == "/tai-khoan/"
    assert "bắt buộc xác thực hai lớp" in page(client.get("/tai-khoan/"))
    enrol(client, province.head.user)
    assert client.get("/bang-dieu-hanh/").status_code == 200
    factor = SecondFactor.objects.get()
    client.post(f"/tai-khoan/yeu-to/{factor.pk}/bo/")
    assert client.get("/bang-dieu-hanh/")["Location"] == "/tai-khoan/"
    assert signed_in("thuly").get("/hop-viec/").status_code == 200  # no such role
    User.objects.create_superuser("quantri", password=PASSWORD, full_name="Quản trị viên")
    assert signed_in("quantri").get("/quan-tri/")["Location"] == "/tai-khoan/"


def test_who_stands_in_for_such_a_role_must_have_one_too(province: Province, settings: Any) -> None:
    settings.SECOND_FACTOR_ROLES = ["signer"]
    client = signed_in("vanthu")
    assert client.get("/hop-viec/").status_code == 200
    today = timezone.localdate()
    give(
        province.head, province.clerk, province.department, Role.SIGNER,
        valid_from=today, valid_to=today, today=today,
    )  # fmt: skip
    assert client.get("/hop-viec/")["Location"] == "/tai-khoan/"


# The API's token


def token(**body: Any) -> Any:
    return Client().post("/api/v1/token/", body, content_type="application/json")


def test_a_token_takes_the_code_of_who_has_a_second_factor(province: Province) -> None:
    user = province.specialist.user
    body = {"username": "thuly", "password": PASSWORD}
    assert token(**body, code="").status_code == 200
    codes = enrol(signed_in("thuly"), user)
    asked = token(**body)
    assert (asked.status_code, "code" in asked.json()["detail"]) == (401, True)
    assert token(**body, code="000000").status_code == 401
    assert token(**body, code=codes[0]).status_code == 200
    assert token(**body, code=codes[0]).status_code == 401
    assert kinds(user).count("token_made") == 2


def test_a_token_without_the_factor_that_a_role_demands_opens_nothing(
    province: Province, settings: Any
) -> None:
    key = token(username="lanhdao", password=PASSWORD).json()["token"]
    headers: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {key}"}
    assert Client(**headers).get("/api/v1/dossiers/").status_code == 200
    settings.SECOND_FACTOR_ROLES = ["head"]
    assert Client(**headers).get("/api/v1/dossiers/").status_code == 403
    secret = second_factor.new_secret()
    second_factor.add_app(province.head.user, secret, code_for(secret))
    assert Client(**headers).get("/api/v1/dossiers/").status_code == 200
