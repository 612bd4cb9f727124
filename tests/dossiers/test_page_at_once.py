"""A sheet of what is settled at once: a row each, whole or not at all, done once, one receipt."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.personal_data import unseal
from accounts.roles import Role
from agencies.models import Officer, OfficerRole
from dossiers.chain import chain_faults
from dossiers.models import Delivery, Dossier, DossierEvent, FeeDue, IdKind
from dossiers.workflow import Act, State
from procedures.models import Fee, Procedure
from tests.budgets import count_queries
from tests.dossiers.pages import browser_of, page
from tests.factories import OfficerFactory, ProcedureFactory, UserFactory
from tests.province import Province

MORNING = "2026-08-20T08:30+07:00"  # Thursday
URL = "/tiep-nhan/tra-ngay/"
PREVIEW = f"{URL}xem-truoc/"
HTMX = {"HX-Request": "true"}
CARD = "089187004215|351234567|Trần Thị Ngọc Diễm|14021987|Nữ|Khóm 3, phường Bình Đức|01012022"

pytestmark = pytest.mark.django_db


def copies_of(province: Province, **settings: Any) -> Procedure:
    """Make the certification of copies: 2.000 đ a page, settled at once by the counter itself."""
    procedure = ProcedureFactory.create(
        code="2.000815",
        name="Chứng thực bản sao từ bản chính",
        offering=province.centre,
        channels=[("in_person", "0", "working_day")],
        version_settings={"settles_at_once": True, **settings},
    )
    signer(province, "chutich")
    limit = procedure.versions.get().channel_limits.get()
    Fee.objects.create(channel_limit=limit, position=0, kind="Phí", amount_vnd=2000)
    return procedure


def signer(province: Province, username: str) -> Officer:
    """Let somebody sign for the counter's own agency (T05)."""
    return OfficerFactory.create(
        user=UserFactory.create(username=username), agency=province.centre, roles=[Role.SIGNER]
    )


def sheet(procedure: Procedure, *people: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a sheet as the page posts it; each of the people is a row."""
    fee = Fee.objects.filter(channel_limit__version__procedure=procedure).first()
    body: dict[str, Any] = {
        "token": "bang-1",
        "batch": "luot-1",
        "act": "settle",
        "procedure": procedure.code,
        "fee": str(fee.pk) if fee else "",
        "counted": str(fee.pk) if fee else "",
        "way": "page",
        "price": "2.000",
        "further": "1.000",
        "most": "200.000",
        "returned": "on",
        "receipt_number": "0000123",
    }
    for number, person in enumerate(people, start=1):
        body |= {f"d{number}-{name}": value for name, value in person.items()}
    return body | changes


def person(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "number_typed": f"0891870042{number:02d}",
        "name": f"Nguyễn Văn Số {number}",
        "pages": "3",
        "copies": "2",
        **changes,
    }


@time_machine.travel(MORNING, tick=False)
def test_ten_people_are_served_by_one_sheet_and_one_receipt(province: Province) -> None:
    procedure = copies_of(province)
    client = browser_of(province.receptionist)
    body = sheet(procedure, *(person(number) for number in range(1, 11)))
    answer = client.post(URL, body, follow=True)
    assert answer.redirect_chain == [(f"{URL}xong/luot-1/", 302)]
    made = list(Dossier.objects.order_by("pk"))
    assert [dossier.code for dossier in made] == [
        f"H01.01.01-260820-{number:04d}" for number in range(1, 11)
    ]
    for dossier in made:
        assert dossier.state == State.RETURNED
        acts = [str(event.act) for event in dossier.events.order_by("seq")]
        assert acts == [Act.REGISTER, Act.SETTLE_AT_ONCE, Act.RETURN_RESULT]
        assert not chain_faults(dossier)
        assert dossier.summary == "2 bản, mỗi bản 3 trang"
        assert dossier.payment_state == "paid"
        assert dossier.deliveries.get().proof == Delivery.Proof.IDENTITY
    fees = FeeDue.objects.all()
    assert {(f.amount_vnd, f.receipt_number) for f in fees} == {(Decimal(10_000), "0000123")}
    assert all(fee.paid_at for fee in fees)
    text = page(answer)
    assert "Đã trả kết quả 10 hồ sơ" in text
    assert "0000123" in text
    assert "100.000 đ" in text
    assert "Một trăm nghìn đồng" in text
    assert "H01.01.01-260820-0010" in text


@time_machine.travel(MORNING, tick=False)
def test_a_sheet_sent_twice_makes_nothing_twice(province: Province) -> None:
    procedure = copies_of(province)
    client = browser_of(province.receptionist)
    first = client.post(URL, sheet(procedure, person(1), person(2)))
    again = client.post(URL, sheet(procedure, person(1), person(2), person(3)), follow=True)
    assert again.redirect_chain == [(first["Location"], 302)]
    assert "không có hồ sơ mới nào" in page(again)
    assert Dossier.objects.count() == 2


@time_machine.travel(MORNING, tick=False)
def test_a_faulty_row_keeps_none_of_the_others_back(province: Province) -> None:
    procedure = copies_of(province)
    client = browser_of(province.receptionist)
    body = sheet(procedure, person(1), person(2, name=""), person(3, copies="nhiều"), person(4))
    answer = client.post(URL, body)
    assert Dossier.objects.count() == 2
    text = page(answer)
    assert "Đã xong 2 hồ sơ" in text
    assert "Hãy ghi họ tên" in text
    assert "Ghi một số nguyên" in text
    # What was not done stands in the first rows, nothing typed lost, under a new token.
    assert 'name="d1-number_typed" value="089187004202"' in text
    assert 'name="d2-name" value="Nguyễn Văn Số 3"' in text
    assert "Nguyễn Văn Số 4" not in text
    token = re.findall(r'name="token" value="([^"]+)"', text)[0]
    assert token != "bang-1"
    rest = sheet(procedure, person(2), person(3), token=token)
    done = client.post(URL, rest, follow=True)
    assert Dossier.objects.count() == 4
    # One receipt for the whole batch, however often it was sent.
    assert page(done).count("H01.01.01-260820-000") >= 4
    assert "40.000 đ" in page(done)


@time_machine.travel(MORNING, tick=False)
def test_a_sheet_of_faults_alone_may_be_sent_again(province: Province) -> None:
    procedure = copies_of(province)
    client = browser_of(province.receptionist)
    answer = client.post(URL, sheet(procedure, person(1, name="")))
    assert answer.status_code == 422
    assert 'value="bang-1"' in page(answer)
    assert client.post(URL, sheet(procedure, person(1))).status_code == 302
    assert Dossier.objects.count() == 1


@time_machine.travel(MORNING, tick=False)
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"receipt_number": ""}, "Hãy ghi số biên lai"),
        ({"price": "hai nghìn"}, "đồng nguyên"),
        ({"d1-number_typed": "", "d1-name": ""}, "Chưa có dòng nào"),
        ({"receipt_number": "0" * 41}, "Dài nhất 40"),
    ],
)
def test_a_fault_of_the_whole_sheet_makes_nothing(
    province: Province, changes: dict[str, str], words: str
) -> None:
    procedure = copies_of(province)
    answer = browser_of(province.receptionist).post(URL, sheet(procedure, person(1), **changes))
    assert answer.status_code == 422
    assert words in page(answer)
    assert not Dossier.objects.exists()


@time_machine.travel(MORNING, tick=False)
def test_who_pays_another_amount_or_nothing_says_so_in_the_row(province: Province) -> None:
    procedure = copies_of(province)
    people = (person(1, amount="0"), person(2, amount="7.500"), person(3))
    browser_of(province.receptionist).post(URL, sheet(procedure, *people))
    amounts = [
        [fee.amount_vnd for fee in dossier.fees_due.all()]
        for dossier in Dossier.objects.order_by("pk")
    ]
    assert amounts == [[], [7_500], [10_000]]
    free = sheet(procedure, person(4, amount="0"), token="bang-2", receipt_number="")
    browser_of(province.receptionist).post(URL, free)
    assert Dossier.objects.count() == 4


@time_machine.travel(MORNING, tick=False)
def test_a_scanned_card_is_taken_apart_without_a_script(province: Province) -> None:
    procedure = copies_of(province)
    client = browser_of(province.receptionist)
    body = sheet(procedure, {"number_typed": CARD, "copies": "4", "pages": "1"})
    text = page(client.post(PREVIEW, body | {"act": ""}))
    assert 'name="d1-number_typed" value="089187004215"' in text
    assert 'name="d1-name" value="Trần Thị Ngọc Diễm"' in text
    assert "8.000 đ" in text
    client.post(URL, body)
    dossier = Dossier.objects.get()
    assert (dossier.owner_name, dossier.owner_id) == ("Trần Thị Ngọc Diễm", "089187004215")
    assert unseal(dossier.owner_address_sealed) == "Khóm 3, phường Bình Đức"


@time_machine.travel(MORNING, tick=False)
def test_each_row_is_answered_with_what_it_costs(province: Province) -> None:
    procedure = copies_of(province)
    client = browser_of(province.receptionist)
    body = sheet(procedure, person(1), person(2, number_typed="0000"), shown="", act="")
    whole = page(client.post(PREVIEW, body, headers=HTMX))
    assert 'id="sheet"' in whole  # made for another fee: all of it is replaced
    shown = re.findall(r'name="shown" type="hidden" value="([^"]+)"', whole)[0]
    text = page(client.post(PREVIEW, body | {"shown": shown}, headers=HTMX))
    assert 'id="sheet"' not in text
    assert re.search(r'id="due-1"[^>]*>10.000 đ', text)
    assert re.search(r'id="due-3"[^>]*></output>', text)
    assert "20.000 đ" in text
    assert "doubt" in text  # four digits are nobody's number
    assert not Dossier.objects.exists()


@time_machine.travel(MORNING, tick=False)
def test_another_fee_brings_its_own_way_of_counting(province: Province) -> None:
    procedure = copies_of(province)
    text = page(browser_of(province.receptionist).get(f"{URL}?thu-tuc={procedure.code}"))
    assert 'name="price" value="2.000"' in text
    assert 'name="d1-pages"' in text
    body = sheet(procedure, person(1), fee="", act="")
    text = page(browser_of(province.receptionist).post(PREVIEW, body))
    assert 'name="price" value="0"' in text
    assert 'name="d1-pages"' not in text


@time_machine.travel(MORNING, tick=False)
@pytest.mark.parametrize(
    ("number", "kind", "owner_kind"),
    [
        ("089187004215", IdKind.PERSONAL_ID, "citizen"),
        ("351 234 567", IdKind.OLD_ID_CARD, "citizen"),
        ("0312345678-001", IdKind.TAX_CODE, "organisation"),
        ("C1234567", IdKind.PASSPORT, "citizen"),
        ("", IdKind.PERSONAL_ID, "citizen"),
    ],
)
def test_the_kind_of_a_number_is_told_by_its_shape(
    province: Province, number: str, kind: str, owner_kind: str
) -> None:
    body = sheet(copies_of(province), person(1, number_typed=number))
    browser_of(province.receptionist).post(URL, body)
    dossier = Dossier.objects.get()
    assert (dossier.owner_id_kind, dossier.owner_kind) == (kind, owner_kind)


@time_machine.travel(MORNING, tick=False)
def test_the_result_may_wait_and_must_where_another_hands_it_over(province: Province) -> None:
    procedure = copies_of(province)
    client = browser_of(province.receptionist)
    answer = client.post(URL, sheet(procedure, person(1), returned=""), follow=True)
    assert Dossier.objects.get().state == State.SETTLED
    assert "chờ trả" in page(answer)
    OfficerRole.objects.filter(role=Role.RETURNER).delete()
    assert 'name="returned"' not in page(client.get(f"{URL}?thu-tuc={procedure.code}"))
    refused = client.post(URL, sheet(procedure, person(2), token="bang-2"))
    assert refused.status_code == 422
    assert Dossier.objects.count() == 1


@time_machine.travel(MORNING, tick=False)
def test_only_what_settles_at_once_is_offered_and_taken(province: Province) -> None:
    procedure = copies_of(province)
    client = browser_of(province.receptionist)
    text = page(client.get(URL))
    assert f"?thu-tuc={procedure.code}" in text
    assert province.procedure.code not in text
    slow = client.get(f"{URL}?thu-tuc={province.procedure.code}", follow=True)
    assert "không trả kết quả ngay" in page(slow)
    for url in (URL, PREVIEW):
        answer = client.post(url, sheet(province.procedure, person(1)), follow=True)
        assert "không trả kết quả ngay" in page(answer)
    chained = copies_of_chain(province)
    assert "nhập từng hồ sơ" in page(client.get(f"{URL}?thu-tuc={chained.code}", follow=True))
    assert not Dossier.objects.exists()
    # One answer: the sheet opens at once. None: it is said.
    assert client.get(URL, {"q": "chung thuc ban sao"})["Location"] == f"{URL}?thu-tuc=2.000815"
    assert "Không có thủ tục trả ngay nào" in page(client.get(URL, {"q": "ket hon"}))


def copies_of_chain(province: Province) -> Procedure:
    return ProcedureFactory.create(
        name="Chứng thực liên thông",
        offering=province.centre,
        version_settings={"settles_at_once": True, "is_interlinked": True},
    )


@time_machine.travel(MORNING, tick=False)
def test_the_sheet_is_for_receptionists_and_its_receipt_for_who_made_it(province: Province) -> None:
    procedure = copies_of(province)
    assert browser_of(province.specialist).get(URL).status_code == 404
    browser_of(province.receptionist).post(URL, sheet(procedure, person(1)))
    done = f"{URL}xong/luot-1/"
    assert browser_of(province.receptionist).get(done).status_code == 200
    assert browser_of(province.stranger).get(done).status_code == 404
    assert browser_of(province.receptionist).get(f"{URL}xong/luot-2/").status_code == 404


@time_machine.travel(MORNING, tick=False)
def test_a_batch_that_could_read_another_ones_answers_is_none(province: Province) -> None:
    body = sheet(copies_of(province), person(1), batch="luot:1")
    answer = browser_of(province.receptionist).post(URL, body)
    assert answer.status_code == 200
    assert not Dossier.objects.exists()


@time_machine.travel(MORNING, tick=False)
def test_more_rows_keep_what_was_typed(province: Province) -> None:
    body = sheet(copies_of(province), person(1), act="more")
    text = page(browser_of(province.receptionist).post(URL, body))
    assert 'name="d20-name"' in text
    assert "Nguyễn Văn Số 1" in text
    assert not Dossier.objects.exists()


@time_machine.travel(MORNING, tick=False)
def test_each_row_of_a_sheet_costs_the_same(province: Province) -> None:
    procedure = copies_of(province)
    client = browser_of(province.receptionist)
    client.post(URL, sheet(procedure, person(1), token="a"))
    counts = {}
    for people in (1, 10):
        body = sheet(procedure, *(person(n) for n in range(people)), token=f"so-{people}")
        with count_queries() as counted:
            assert client.post(URL, body).status_code == 302
        counts[people] = len(counted)
    each = (counts[10] - counts[1]) / 9
    assert each <= 27, each
    assert counts[1] - each <= 8


@time_machine.travel(MORNING, tick=False)
def test_of_two_who_may_sign_one_is_chosen_for_the_whole_sheet(province: Province) -> None:
    procedure = copies_of(province)
    client = browser_of(province.receptionist)
    assert 'name="signer"' not in page(client.get(f"{URL}?thu-tuc={procedure.code}"))
    deputy = signer(province, "phochutich")
    assert 'name="signer"' in page(client.get(f"{URL}?thu-tuc={procedure.code}"))
    refused = client.post(URL, sheet(procedure, person(1)))
    assert refused.status_code == 422
    assert "Hãy chọn người ký kết quả" in page(refused)
    client.post(URL, sheet(procedure, person(1), person(2), signer="phochutich"))
    events = DossierEvent.objects.filter(act=Act.SETTLE_AT_ONCE)
    assert [event.data["signer"] for event in events] == [deputy.pk] * 2
    OfficerRole.objects.filter(role=Role.SIGNER).delete()
    nobody = client.post(URL, sheet(procedure, person(3), token="bang-3"))
    assert "chưa có lãnh đạo ký" in page(nobody)
    assert Dossier.objects.count() == 2
