"""The end of a shift: what an officer took, per receipt, and gave back; nobody else's till."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.roles import Role
from dossiers import takings
from dossiers.models import Dossier, Refund
from dossiers.recording import ActDataError
from dossiers.services import closing, intake, payment, refunding
from dossiers.services.intake import FeeItem, Person
from tests.budgets import count_queries
from tests.dossiers.pages import browser_of, page
from tests.dossiers.stages import OWED, in_progress
from tests.dossiers.test_page_returning import ready
from tests.factories import OfficerFactory, UserFactory
from tests.province import Province, give_role

URL = "/so-thu/"
CSV = "/so-thu.csv"
DAY = "2026-08-20"  # Thursday
MORNING = f"{DAY}T08:30+07:00"

pytestmark = pytest.mark.django_db


def paid(number: str, *amounts: int) -> list[FeeItem]:
    return [
        FeeItem(f"Lệ phí {amount}", Decimal(amount), is_paid=True, receipt_number=number)
        for amount in amounts
    ]


def amounts(text: str) -> list[str]:
    return re.findall(r'<td class="number" role="cell">([−\d.]+ đ)</td>', text)


@time_machine.travel(MORNING, tick=False)
def test_the_sheet_of_a_day_is_by_receipt_and_adds_up(province: Province) -> None:
    one = province.log(fees=paid("0001", 30_000))
    two = province.log(fees=paid("0001", 20_000, 5_000))
    province.log(fees=paid("0002", 150_000))
    province.log(fees=paid("", 7_000))
    province.log(fees=[FeeItem("Chưa thu", Decimal(999_000))])
    client = browser_of(province.receptionist)
    text = page(client.get(URL))
    assert amounts(text) == ["55.000 đ", "150.000 đ", "7.000 đ"]
    for words in (str(one.code), str(two.code), "212.000 đ", "1 khoản thu chưa ghi số biên lai"):
        assert words in text
    assert "Hai trăm mười hai nghìn đồng" in text
    assert "999.000" not in text
    sheet = takings.sheet_of(province.receptionist, one.received_on)  # type: ignore[arg-type]
    assert sheet.taken_vnd == sheet.balance_vnd == 212_000


def test_money_is_of_the_day_and_the_officer_who_took_it(province: Province) -> None:
    colleague = OfficerFactory.create(
        user=UserFactory.create(username="quay2"),
        agency=province.centre,
        roles=[Role.RECEPTIONIST, Role.RETURNER],
    )
    owing = FeeItem("Lệ phí cấp phép", Decimal(150_000))
    with time_machine.travel("2026-08-19T23:59:59+07:00", tick=False):
        province.log(fees=paid("0001", 10_000))
        dossier = ready(province, fees=[owing])
    with time_machine.travel("2026-08-20T00:00+07:00", tick=False):
        province.log(fees=paid("0002", 20_000))
    with time_machine.travel(MORNING, tick=False):
        # Logged by one, paid to another when the result was handed over (T29).
        closing.return_result(dossier, by=colleague, fees_taken=True, receipt_number="0003")
        draft = intake.save_draft(province.submission(fees=paid("0004", 3_000)), by=colleague)
        # Written over: paid at a moment at which no act happened.
        later = province.submission(fees=paid("0005", 4_000))
        intake.update_draft(draft, later, by=colleague)
        own = browser_of(province.receptionist)
        assert amounts(page(own.get(URL))) == ["20.000 đ"]
        assert amounts(page(own.get(URL, {"ngay": "2026-08-19"}))) == ["10.000 đ"]
        assert amounts(page(browser_of(colleague).get(URL))) == ["150.000 đ", "4.000 đ"]
        # Neither what is no day nor one to come.
        for odd in ("hôm qua", "2027-01-01", "0001-01-01", "2026-02-30"):
            assert own.get(URL, {"ngay": odd}).status_code == 200


@time_machine.travel(MORNING, tick=False)
def test_what_is_paid_at_the_treasury_is_no_cash_of_the_counter(province: Province) -> None:
    dossier = payment.request_payment(in_progress(province), by=province.specialist, **OWED)
    payment.confirm_payment(
        dossier,
        by=province.receptionist,
        receipt_number="KB-1",
        amount_vnd=OWED["amount_vnd"],
    )
    assert "chưa thu khoản nào" in page(browser_of(province.receptionist).get(URL))
    with pytest.raises(ActDataError, match="amount_vnd"):
        refunding.refund(
            dossier,
            by=province.receptionist,
            amount_vnd=Decimal(1),
            voucher_number="PC1",
            reason="Thu thừa",
        )


@time_machine.travel(MORNING, tick=False)
def test_cash_given_back_is_written_down_and_taken_off(province: Province) -> None:
    dossier = province.log(fees=paid("0001", 100_000))
    client = browser_of(province.receptionist)
    body = {
        "code": f" {str(dossier.code).lower()} ",
        "amount_vnd": "40.000 đ",
        "voucher_number": "PC 12",
        "reason": "Thu thừa",
    }
    answer = client.post(URL, body, follow=True)
    assert answer.redirect_chain == [(URL, 302)]
    text = page(answer)
    assert amounts(text) == ["100.000 đ", "−40.000 đ"]
    assert "Phiếu chi PC 12" in text
    assert "Sáu mươi nghìn đồng" in text
    assert Refund.objects.get().officer == province.receptionist
    # The same voucher again, more than is left, nothing said: all of it stays as it was.
    for changes, words in (
        ({}, "Phiếu chi này đã được ghi"),
        ({"voucher_number": "PC 13", "amount_vnd": "60.001"}, "Chỉ còn 60.000 đồng"),
        ({"voucher_number": "PC 13", "amount_vnd": "0"}, "lớn hơn 0"),
        ({"voucher_number": "PC 13", "amount_vnd": ""}, "Hãy ghi số tiền"),
        ({"voucher_number": "", "reason": " "}, "Hãy ghi “Lý do”"),
        ({"code": "H01.01.01-260820-9999"}, "Không có hồ sơ mang mã này"),
    ):
        refused = client.post(URL, body | changes)
        assert refused.status_code == 422
        assert words in page(refused)
    assert Refund.objects.count() == 1
    by_tracking = body | {"code": dossier.tracking_code, "voucher_number": "PC 13"}
    assert client.post(URL, by_tracking).status_code == 302


@time_machine.travel(MORNING, tick=False)
def test_only_a_counter_of_the_dossier_gives_its_money_back(province: Province) -> None:
    dossier = province.log(fees=paid("0001", 100_000))
    body = {"code": dossier.code, "amount_vnd": "1", "voucher_number": "PC1", "reason": "Thừa"}
    assert browser_of(province.head).post(URL, body).status_code == 404
    stranger = browser_of(province.stranger).post(URL, body)
    assert "Không có hồ sơ mang mã này" in page(stranger)
    # In sight, yet no counter of this dossier.
    give_role(province.stranger, province.department, Role.SPECIALIST)
    assert "không giữ quầy của hồ sơ này" in page(browser_of(province.stranger).post(URL, body))
    assert not Refund.objects.exists()


@time_machine.travel(MORNING, tick=False)
def test_who_leads_an_agency_reads_the_tills_below_it_and_nobody_else_does(
    province: Province,
) -> None:
    province.log(fees=paid("0001", 30_000))
    dossier = province.log(fees=paid("0002", 20_000))
    refunding.refund(
        dossier,
        by=province.receptionist,
        amount_vnd=Decimal(5_000),
        voucher_number="PC1",
        reason="Thừa",
    )
    leader = OfficerFactory.create(
        user=UserFactory.create(username="giamdoc"), agency=province.centre, roles=[Role.HEAD]
    )
    asked = {"can-bo": "tiepnhan"}
    for officer in (leader, province.supervisor, province.reformer):
        client = browser_of(officer)
        text = page(client.get(URL))
        assert "?ngay=2026-08-20&amp;can-bo=tiepnhan" in text
        for words in ("50.000 đ", "5.000 đ", "45.000 đ"):
            assert words in text
        assert amounts(page(client.get(URL, asked)))[-3:] == ["30.000 đ", "20.000 đ", "−5.000 đ"]
        assert client.get(CSV, asked).status_code == 200
        # They read it; the money is not theirs to give back.
        assert "Hoàn tiền cho người nộp" not in page(client.get(URL, asked))
    # Another department's head, a colleague at the same counter, a receptionist elsewhere.
    colleague = OfficerFactory.create(
        user=UserFactory.create(username="quay2"), agency=province.centre, roles=[Role.RECEPTIONIST]
    )
    for officer in (province.head, province.stranger, colleague):
        client = browser_of(officer)
        assert client.get(URL, asked).status_code == 404
        assert client.get(CSV, asked).status_code == 404
        assert "can-bo=tiepnhan" not in page(client.get(URL))
    # Who leads one agency and serves at another's counter reads none of the colleagues there.
    give_role(province.head, province.centre, Role.RECEPTIONIST)
    assert browser_of(province.head).get(URL, asked).status_code == 404
    for officer in (province.specialist, province.clerk):
        assert browser_of(officer).get(URL).status_code == 404
    assert browser_of(leader).get(URL, {"can-bo": "khong-co"}).status_code == 404


@time_machine.travel(MORNING, tick=False)
def test_the_csv_says_the_same_and_starts_no_formula(province: Province) -> None:
    owner = Person("=HYPERLINK(1)", personal_id="089187004215")
    dossier = province.log(fees=paid("0001", 30_000), owner=owner)
    refunding.refund(
        dossier,
        by=province.receptionist,
        amount_vnd=Decimal(5_000),
        voucher_number="PC1",
        reason="Thừa",
    )
    answer: Any = browser_of(province.receptionist).get(CSV, {"ngay": DAY})
    assert answer["Content-Disposition"] == 'attachment; filename="so-thu-tiepnhan-2026-08-20.csv"'
    assert "no-store" in answer["Cache-Control"]
    text = answer.content.decode()
    assert text.startswith("\ufeff")
    lines = list(csv.reader(io.StringIO(text[1:]), delimiter=";"))
    assert lines[0][2] == "20/08/2026"
    assert [line[1:] for line in lines[2:]] == [
        ["0001", dossier.code, "'=HYPERLINK(1)", "Lệ phí 30000", "30000"],
        ["PC1", dossier.code, "'=HYPERLINK(1)", "Hoàn tiền: Thừa", "-5000"],
        ["", "", "", "Phải nộp quỹ", "25000"],
    ]


@time_machine.travel(MORNING, tick=False)
def test_a_long_day_takes_no_more_queries(province: Province) -> None:
    client = browser_of(province.supervisor)
    give_role(province.supervisor, province.centre, Role.RECEPTIONIST)
    counts = []
    for more in (1, 6):
        for number in range(more):
            logged = province.submission(fees=paid(f"{more}{number}", 10_000))
            intake.log_submission(logged, by=province.supervisor)
            province.log(fees=paid(f"x{more}{number}", 10_000))
        with count_queries() as counted:
            assert client.get(URL).status_code == 200
        counts.append(len(counted))
    assert Dossier.objects.count() == 14
    assert counts[0] == counts[1]
    assert counts[0] <= 7
