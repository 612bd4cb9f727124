"""A file of officers on the page: shown line by line first, and no more than its sender may give."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import AccountEvent, User
from accounts.roles import Role
from agencies.models import Officer, OfficerRole
from tests.agencies.test_import_officers import HEADER, load
from tests.dossiers.pages import browser_of, page
from tests.factories import AgencyFactory
from tests.province import Province, make_province

URL = "/can-bo/nhap-csv/"
MONDAY = "2026-08-03T09:00+07:00"
TODAY = dt.date(2026, 8, 3)


@pytest.fixture
def province(db: Any) -> Province:
    return make_province()


def upload(client: Any, *lines: str, header: str = HEADER, content: bytes | None = None) -> Any:
    body = content if content is not None else "\n".join([header, *lines]).encode("utf-8-sig")
    return client.post(URL, {"file": SimpleUploadedFile("can-bo.csv", body)})


def write(client: Any, preview: Any) -> Any:
    found = re.search(r'name="text" type="hidden" value="([^"]*)"', page(preview), re.S)
    assert found
    return client.post(URL, {"text": unescape(found[1]), "step": "write"})


LINES = (
    "lan,Trần Thị Lan,Chuyên viên,H01.07,specialist;clerk",
    "hung,Lê Văn Hùng,Phó Giám đốc,H01.07,Lãnh đạo ký",
    "mai,Võ Thị Mai,,H01.08,clerk",
    "nam,Huỳnh Văn Nam,,H01.07,bep truong",
)


@time_machine.travel(MONDAY, tick=False)
def test_each_line_is_shown_before_anything_is_written(province: Province) -> None:
    client = browser_of(province.head)
    assert "specialist" in page(client.get(URL))
    preview = upload(client, *LINES)
    text = page(preview)
    assert "Xem trước, chưa ghi gì" in text
    assert "đọc 4, tạo 1, đổi 0, giữ nguyên 0, cảnh báo 0, từ chối 3" in text
    for told in (
        "không được giao vai trò Lãnh đạo ký",
        "không quản lý cán bộ của cơ quan này",
        "bep truong",
    ):
        assert told in text
    assert not User.objects.filter(username__in=["lan", "hung", "mai", "nam"]).exists()
    assert not AccountEvent.objects.exists()

    assert "Đã ghi" in page(write(client, preview))
    made = User.objects.filter(username__in=["lan", "hung", "mai", "nam"])
    assert [user.username for user in made] == ["lan"]
    lan = Officer.objects.get(user__username="lan")
    assert set(lan.roles.values_list("role", "valid_from")) == {
        ("specialist", TODAY),
        ("clerk", TODAY),
    }
    assert list(AccountEvent.objects.order_by("pk").values_list("kind", "by__username")) == [
        ("account_made", "lanhdao"),
        ("role_given", "lanhdao"),
        ("role_given", "lanhdao"),
    ]


@time_machine.travel(MONDAY, tick=False)
def test_the_same_file_again_changes_nothing_even_on_another_day(province: Province) -> None:
    write(browser_of(province.head), upload(browser_of(province.head), LINES[0]))
    before = set(OfficerRole.objects.values_list("pk", "valid_from", "valid_to"))
    with time_machine.travel("2026-08-20T09:00+07:00", tick=False):
        client = browser_of(province.head)
        preview = upload(client, LINES[0])
        assert "giữ nguyên 1" in page(preview)
        write(client, preview)
    assert set(OfficerRole.objects.values_list("pk", "valid_from", "valid_to")) == before


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("lanhdao,Tên Khác,,H01.07,clerk,,", "Không tự đổi vai trò của chính mình."),
        ("tiepnhan,Tên Khác,,H01.07,clerk,,", "nơi khác quản lý"),
        ("quantri,Tên Khác,,H01.07,clerk,,", "nơi khác quản lý"),
        ("vanthu,Tên Khác,,H01.07,clerk,,", "đã khoá"),
        ("thuly,Tên Khác,,H01.07.01,clerk,,", "điều chuyển trên trang của cán bộ"),
        ("thuly,,,H01.07,clerk,,", "full_name trống"),
        ("ThuLy,Tên Khác,,H01.07,clerk,,", "chỉ khác chữ hoa, chữ thường với “thuly”"),
        ("thuly,Tên Khác,,H01.07,clerk,2026-08-02,", "không giao vai trò lùi ngày"),
        ("thuly,Tên Khác,,H01.07,clerk,,2026-08-02", "không kết thúc lùi ngày"),
    ],
)
def test_a_file_does_not_do_what_the_page_would_refuse(
    province: Province, line: str, told: str
) -> None:
    AgencyFactory.create(code="H01.07.01", parent=province.department)
    User.objects.create_superuser("quantri", password="x" * 12, full_name="Quản trị")
    User.objects.filter(username="vanthu").update(is_active=False)
    before = list(
        OfficerRole.objects.values_list(
            "officer__user__username", "agency__code", "role", "valid_to"
        )
    )
    client = browser_of(province.head)
    preview = upload(client, line, header=f"{HEADER},valid_from,valid_to")
    assert told in page(preview)
    write(client, preview)
    assert before == list(
        OfficerRole.objects.values_list(
            "officer__user__username", "agency__code", "role", "valid_to"
        )
    )
    assert not Officer.objects.filter(full_name="Tên Khác").exists()
    assert not User.objects.filter(full_name="Tên Khác").exists()


def test_a_file_that_cannot_be_read_says_where(province: Province) -> None:
    client = browser_of(province.head)
    for content, told in (
        (f"{HEADER}\nlan,Trần".encode() + b"\xff", "Dòng 2 không phải là UTF-8"),
        (b"ten,vai tro\na,b\n", "thiếu cột username"),
        (HEADER.encode(), "Không đọc được dòng nào"),
        (b"x" * 500_001, "quá 500 kB"),
        (b"", "Tệp CSV"),
        (b"username\r" + b"x" * 200_000, "thiếu cột full_name"),
        (b"x" * 200_000, "thiếu cột username"),  # longer than any cell of CSV may be
    ):
        answer = upload(client, content=content)
        assert answer.status_code == 422, told
        assert told in page(answer)
    assert client.post(URL, {"text": "x" * 500_001, "step": "write"}).status_code == 404
    assert client.post(URL).status_code == 422


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_computer(province: Province, end: str) -> None:
    content = end.join([HEADER, LINES[0], LINES[0].replace("lan,", "lan2,")]).encode()
    assert "đọc 2, tạo 2" in page(upload(browser_of(province.head), content=content))


@given(text=st.text(max_size=300))
@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_whatever_is_sent_gets_an_answer(province: Province, text: str) -> None:
    client = browser_of(province.head)
    for body in (text, f"{HEADER}\n{text}"):
        try:
            content = body.encode()
        except UnicodeEncodeError:
            continue
        assert upload(client, content=content).status_code in {200, 422}
        if body:
            assert client.post(URL, {"text": body, "step": "write"}).status_code in {200, 422}


def test_the_roles_a_server_imports_are_in_the_history_too(
    province: Province, tmp_path: Any
) -> None:
    load(tmp_path, "lan,Trần Thị Lan,,H01.07,signer")
    rows: list[Any] = list(
        AccountEvent.objects.order_by("pk").values_list("kind", "by", "detail__role")
    )
    assert rows == [("account_made", None, None), ("role_given", None, Role.SIGNER.value)]
