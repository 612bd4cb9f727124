"""Officers from CSV: several rows an officer, each a place and its roles. All people are invented."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from agencies.importing_officers import refused_path
from agencies.models import AgencyCode, Desk, Officer, OfficerRole
from tests.factories import AgencyFactory

HEADER = "username,full_name,title,agency,roles"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _two_agencies() -> None:
    centre = AgencyFactory.create(code="H01.01", name="Trung tâm")
    AgencyFactory.create(code="H01.07", name="Sở Xây dựng")
    AgencyCode.objects.create(agency=centre, code="000.00.01.H01")
    Desk.objects.create(agency=centre, kind=Desk.Kind.PROVINCE, name="Quầy số 3")


def load(tmp_path: Path, *lines: str, header: str = HEADER, **options: Any) -> dict[str, Any]:
    path = tmp_path / "officers.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8-sig")
    return call(path, **options)


def call(path: Path, **options: Any) -> dict[str, Any]:
    out = io.StringIO()
    call_command(
        "import_officers", str(path), json=True, stdout=out, stderr=io.StringIO(), **options
    )
    summary: dict[str, Any] = json.loads(out.getvalue())
    return summary


def roles(username: str) -> set[tuple[str, str]]:
    rows = OfficerRole.objects.filter(officer__user__username=username)
    return set(rows.values_list("agency__code", "role"))


ROWS = (
    "lan,Trần Thị Lan,Chuyên viên,H01.01,receptionist;returner",
    "lan,,,000.00.01.H01,Giám sát trung tâm",
    "lan,,,H01.07,can bo tiep nhan",
    "hung,Lê Văn Hùng,Phó Giám đốc,H01.07,HEAD | signer",
)


def test_several_rows_make_one_officer_with_roles_in_several_agencies(tmp_path: Path) -> None:
    summary = load(tmp_path, *ROWS)
    assert (summary["created"], summary["changed"], summary["refused"]) == (2, 2, 0)
    assert roles("lan") == {
        ("H01.01", "receptionist"),
        ("H01.01", "returner"),
        ("H01.01", "supervisor"),
        ("H01.07", "receptionist"),
    }
    assert roles("hung") == {("H01.07", "head"), ("H01.07", "signer")}
    lan = Officer.objects.get(user__username="lan")
    assert (lan.full_name, lan.title, lan.agency.code) == ("Trần Thị Lan", "Chuyên viên", "H01.01")
    assert (lan.name_fold, bool(lan.name_sort)) == ("tran thi lan", True)
    assert lan.user.full_name == "Trần Thị Lan"
    assert not lan.user.has_usable_password()
    assert not lan.user.is_staff


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    load(tmp_path, *ROWS)
    passwords = set(User.objects.values_list("username", "password"))
    summary = load(tmp_path, *ROWS)
    assert (summary["unchanged"], summary["created"], summary["changed"]) == (4, 0, 0)
    assert set(User.objects.values_list("username", "password")) == passwords
    assert OfficerRole.objects.count() == 6


def test_a_later_file_changes_what_it_says_and_takes_nothing_away(tmp_path: Path) -> None:
    load(tmp_path, *ROWS)
    summary = load(tmp_path, "hung,Lê Văn Hùng,Giám đốc,H01.07,clerk")
    assert summary["changed"] == 1
    assert Officer.objects.get(user__username="hung").title == "Giám đốc"
    assert roles("hung") == {("H01.07", "head"), ("H01.07", "signer"), ("H01.07", "clerk")}


def test_an_account_that_is_there_gets_its_roles_and_keeps_its_password(tmp_path: Path) -> None:
    user = User.objects.create_user("lan", password="mat-khau-rieng-01", full_name="Lan")
    load(tmp_path, *ROWS)
    user.refresh_from_db()
    assert user.check_password("mat-khau-rieng-01")
    assert user.full_name == "Trần Thị Lan"


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (",Không Tên,,H01.01,clerk", "username"),
        ("a b,Không Tên,,H01.01,clerk", "username"),
        ("LAN,Trần Thị Lan,,H01.01,clerk", "username"),
        ("x" * 151 + ",Dài,,H01.01,clerk", "username"),
        ("moi,,,H01.01,clerk", "full_name"),
        ("moi,Mới,,H99.99,clerk", "agency"),
        ("moi,Mới,,,clerk", "agency"),
        ("moi,Mới,,H01.01,", "roles"),
        ("moi,Mới,,H01.01,vua", "roles"),
        ("moi,Mới,,H01.01,system", "roles"),
        ("moi,Mới,,H01.01,clerk;applicant", "roles"),
        ("moi,Mới\x00,,H01.01,clerk", "full_name"),
        ("moi,Mới,,H01.01,clerk,thừa", "Số cột"),
    ],
)
def test_a_bad_row_is_refused_by_line_into_a_file_beside(
    tmp_path: Path, line: str, column: str
) -> None:
    summary = load(tmp_path, ROWS[0], line, ROWS[3])
    assert (summary["created"], summary["refused"]) == (2, 1)
    with refused_path(tmp_path / "officers.csv").open(encoding="utf-8-sig") as file:
        (refused,) = csv.DictReader(file)
    assert refused["line"] == "3"
    assert column in refused["reason"]
    assert not Officer.objects.filter(user__username="moi").exists()


def test_the_file_of_refusals_goes_when_all_is_well(tmp_path: Path) -> None:
    load(tmp_path, "moi,Mới,,H99.99,clerk")
    assert refused_path(tmp_path / "officers.csv").exists()
    load(tmp_path, *ROWS)
    assert not refused_path(tmp_path / "officers.csv").exists()


@pytest.mark.parametrize(
    ("days", "good"),
    [
        ("2026-01-01,2026-12-31", True),
        ("01/02/2026,", True),
        ("2026-13-01,", False),
        ("hôm qua,", False),
        ("2026-02-02,2026-01-01", False),
    ],
)
def test_a_role_may_have_its_days(tmp_path: Path, days: str, good: bool) -> None:
    header = f"{HEADER},valid_from,valid_to"
    summary = load(tmp_path, f"moi,Mới,,H01.01,clerk,{days}", header=header)
    assert summary["refused"] == (0 if good else 1)


def test_desk_phone_and_email_are_read_where_given(tmp_path: Path) -> None:
    header = f"{HEADER},desk,phone,email"
    summary = load(
        tmp_path,
        "lan,Lan,,H01.01,receptionist,quay so 3,0296 3000 000,lan@example.vn",
        "hung,Hùng,,H01.01,receptionist,,,khong-phai-thu",
        "moi,Mới,,H01.07,receptionist,Quầy số 3,,",
        header=header,
    )
    assert (summary["created"], summary["warned"], summary["refused"]) == (2, 1, 1)
    lan = Officer.objects.get(user__username="lan")
    assert lan.desk is not None
    assert (lan.desk.name, lan.phone, lan.user.email) == (
        "Quầy số 3",
        "0296 3000 000",
        "lan@example.vn",
    )


def test_semicolons_between_columns_are_understood(tmp_path: Path) -> None:
    summary = load(tmp_path, 'lan;Lan;;H01.01;"clerk;head"', header=HEADER.replace(",", ";"))
    assert summary["created"] == 1
    assert roles("lan") == {("H01.01", "clerk"), ("H01.01", "head")}


def test_a_line_in_another_encoding_is_refused_alone(tmp_path: Path) -> None:
    path = tmp_path / "officers.csv"
    path.write_bytes(f"{HEADER}\nlan,Tr\xffn,,H01.01,clerk\n".encode("latin-1") + ROWS[3].encode())
    summary = call(path)
    assert (summary["created"], summary["refused"]) == (1, 1)


def test_a_dry_run_writes_nothing_anywhere(tmp_path: Path) -> None:
    summary = load(tmp_path, *ROWS, "moi,Mới,,H99.99,clerk", dry_run=True)
    assert (summary["created"], summary["refused"]) == (2, 1)
    assert not Officer.objects.exists()
    assert not refused_path(tmp_path / "officers.csv").exists()


@pytest.mark.parametrize("content", [None, "", "a,b\n1,2\n", HEADER])
def test_it_fails_when_nothing_could_be_read(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "officers.csv"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(CommandError):
        call(path)


def test_a_province_of_three_thousand_comes_in(tmp_path: Path) -> None:
    lines = [f"cb{n},Nguyễn Văn {n},Chuyên viên,H01.07,specialist;clerk" for n in range(3000)]
    summary = load(tmp_path, *lines)
    assert summary["created"] == 3000
    assert load(tmp_path, *lines)["unchanged"] == 3000
