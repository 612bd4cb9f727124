"""The counter that hands results over: found, compared, paid, signed, in one go; or sent by post."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.personal_data import unseal
from accounts.roles import Role
from agencies.models import OfficerRole
from dossiers.chain import chain_faults
from dossiers.models import Delivery, Dossier, DossierReading, FeeDue, Posting, ResultChannel
from dossiers.recording import ActDataError
from dossiers.services import closing, posting, processing
from dossiers.services.intake import FeeItem, Person
from dossiers.workflow import Act, IllegalTransitionError, State
from tests.budgets import count_queries
from tests.dossiers.pages import browser_of, page
from tests.province import Province, give_role

MORNING = "2026-08-20T08:30+07:00"  # Thursday
URL = "/tra-ket-qua/"
DO = f"{URL}tra/"
OWNER = "089187004215"
OTHER = "089187004299"
CARD = f"{OTHER}||Lê Văn Được Uỷ Quyền|14021987|Nam|Khóm 3, phường Bình Đức|01012022"

pytestmark = pytest.mark.django_db


def ready(province: Province, **changes: Any) -> Dossier:
    """Return a dossier whose result lies at the counter."""
    dossier = processing.transfer(province.log(**changes), by=province.receptionist)
    dossier = processing.assign(dossier, by=province.head)
    dossier = processing.propose(dossier, by=province.specialist)
    dossier = processing.approve(dossier, by=province.head)
    return closing.publish(dossier, by=province.clerk, result_number="12/GP")


def form(*dossiers: Dossier, **changes: Any) -> dict[str, Any]:
    """Return the form of a person as the page posts it, every result ticked."""
    return {
        "act": "hand_over",
        "of": dossiers[0].tracking_code,
        "dossier": [dossier.tracking_code for dossier in dossiers],
        **{f"version_{dossier.tracking_code}": str(dossier.event_count) for dossier in dossiers},
        "proof": "receipt",
        **changes,
    }


@time_machine.travel(MORNING, tick=False)
@pytest.mark.parametrize("by", ["code", "tracking", "number"])
def test_everything_ready_for_a_person_is_found_by_code_or_number(
    province: Province, by: str
) -> None:
    first, second = ready(province), ready(province)
    province.log()  # of the same owner, not ready
    ready(province, owner=Person("Người Khác", personal_id=OTHER))
    client = browser_of(province.receptionist)
    typed = {"code": second.code, "tracking": second.tracking_code, "number": "089 187 004 215"}
    answer = client.post(URL, {"q": typed[by]}, follow=True)
    text = page(answer)
    assert set(re.findall(r'name="dossier" type="checkbox" value="(\w+)" checked', text)) == {
        first.tracking_code,
        second.tracking_code,
    }
    assert "Nguyễn Thị Ánh Tuyết" in text
    assert OWNER not in text.replace(f'value="{typed[by]}"', "")
    assert answer.redirect_chain == []  # a number has no place in an address
    assert set(DossierReading.objects.values_list("dossier", "officer")) == {
        (first.pk, province.receptionist.pk),
        (second.pk, province.receptionist.pk),
    }


@time_machine.travel(MORNING, tick=False)
def test_one_submit_hands_over_all_and_prints_what_was_signed(province: Province) -> None:
    first, second = ready(province), ready(province)
    client = browser_of(province.receptionist)
    body = form(first, second, identity=OWNER, note="Ký sổ trang 12")
    answer = client.post(DO, body, follow=True)
    assert answer.redirect_chain == [(f"{URL}xong/?ho-so={first.code}&ho-so={second.code}", 302)]
    for dossier in (first, second):
        dossier.refresh_from_db()
        assert dossier.state == State.RETURNED
        assert not chain_faults(dossier)
        event = dossier.events.get(act=Act.RETURN_RESULT)
        assert event.reason == "Ký sổ trang 12"
        delivery = dossier.deliveries.get()
        assert (delivery.proof, delivery.channel) == ("identity", ResultChannel.COUNTER)
        assert unseal(delivery.receiver_sealed) == "Nguyễn Thị Ánh Tuyết"
    text = page(answer)
    for words in ("Đã trả 2 kết quả", "Phiếu giao nhận kết quả", "12/GP", "Ký sổ trang 12"):
        assert words in text
    # A second click, or the same page in another window, hands nothing over twice.
    again = client.post(DO, body, follow=True)
    assert "đã được trả" in page(again)
    assert Delivery.objects.count() == 2


@time_machine.travel(MORNING, tick=False)
def test_only_what_is_ticked_is_handed_over(province: Province) -> None:
    first, second = ready(province), ready(province)
    client = browser_of(province.receptionist)
    client.post(DO, form(first, second) | {"dossier": [second.tracking_code]})
    assert [Dossier.objects.get(pk=each.pk).state for each in (first, second)] == [
        State.SETTLED,
        State.RETURNED,
    ]
    nothing = client.post(DO, form(first) | {"dossier": []})
    assert nothing.status_code == 422
    assert "Hãy đánh dấu kết quả" in page(nothing)


@time_machine.travel(MORNING, tick=False)
@pytest.mark.parametrize(
    ("changes", "fault", "receiver", "proof"),
    [
        ({"identity": OWNER}, "", "Nguyễn Thị Ánh Tuyết", "identity"),
        ({"identity": ""}, "", "Nguyễn Thị Ánh Tuyết", "receipt"),
        ({"identity": OTHER}, "Không phải số của chủ hồ sơ", "", ""),
        ({"identity": CARD}, "Không phải số của chủ hồ sơ", "", ""),
        ({"identity": CARD, "proof": "authorisation"}, "", "Lê Văn Được Uỷ Quyền", "authorisation"),
        ({"identity": OTHER, "proof": "authorisation"}, "người được uỷ quyền", "", ""),
        ({"proof": "authorisation"}, "người được uỷ quyền", "", ""),
        ({"proof": "authorisation", "receiver": "Lê A"}, "", "Lê A", "authorisation"),
        ({"proof": "posted"}, "proof", "", ""),
        ({"note": "Ỷ" * 501}, "Dài nhất 500", "", ""),
    ],
)
def test_who_takes_it_is_compared_with_whose_it_is(
    province: Province, changes: dict[str, str], fault: str, receiver: str, proof: str
) -> None:
    dossier = ready(province)
    answer = browser_of(province.receptionist).post(DO, form(dossier, **changes))
    dossier.refresh_from_db()
    if fault:
        assert answer.status_code == 422
        assert fault in page(answer)
        assert dossier.state == State.SETTLED
    else:
        delivery = dossier.deliveries.get()
        assert (unseal(delivery.receiver_sealed), delivery.proof) == (receiver, proof)


@time_machine.travel(MORNING, tick=False)
def test_who_handed_the_papers_in_may_take_the_result(province: Province) -> None:
    dossier = ready(province, representative=Person("Lê Văn Thay", personal_id=OTHER))
    browser_of(province.receptionist).post(DO, form(dossier, identity=OTHER))
    delivery = dossier.deliveries.get()
    assert unseal(delivery.receiver_sealed) == "Lê Văn Thay"
    assert delivery.proof == Delivery.Proof.AUTHORISATION


@time_machine.travel(MORNING, tick=False)
def test_enter_without_a_script_compares_the_card_and_hands_nothing_over(
    province: Province,
) -> None:
    dossier = ready(province)
    client = browser_of(province.receptionist)
    text = page(client.post(DO, form(dossier, act="", identity=OWNER)))
    assert "Đúng căn cước của chủ hồ sơ" in text
    assert "Đúng căn cước" not in page(client.post(DO, form(dossier, act="", identity=OTHER)))
    dossier.refresh_from_db()
    assert dossier.state == State.SETTLED


@time_machine.travel(MORNING, tick=False)
def test_what_is_still_owed_is_taken_with_its_receipt(province: Province) -> None:
    owing = ready(province, fees=[FeeItem("Lệ phí cấp phép", Decimal(150_000))])
    free = ready(province)
    client = browser_of(province.receptionist)
    assert "Còn thu 150.000 đ" in page(client.get(URL, {"q": str(owing.code)}))
    refused = client.post(DO, form(owing, free))
    assert refused.status_code == 422
    assert "hãy thu đủ và ghi số biên lai" in page(refused)
    assert not Delivery.objects.exists()
    done = client.post(DO, form(owing, free, receipt_number="0000777"), follow=True)
    fee = FeeDue.objects.get()
    assert fee.receipt_number == "0000777"
    assert fee.paid_at is not None
    assert "150.000 đ, biên lai 0000777" in page(done)
    assert Dossier.objects.filter(state=State.RETURNED).count() == 2


@time_machine.travel(MORNING, tick=False)
def test_all_of_a_persons_results_or_none(province: Province) -> None:
    first, second = ready(province), ready(province)
    body = form(first, second)
    closing.return_result(second, by=province.receptionist)
    answer = browser_of(province.receptionist).post(DO, body)
    # What is gone is not on the page any more; the rest goes.
    assert answer.status_code == 302
    third, fourth = ready(province), ready(province)
    stale = form(third, fourth) | {f"version_{fourth.tracking_code}": "1"}
    answer = browser_of(province.receptionist).post(DO, stale, follow=True)
    assert "chưa trả kết quả nào" in page(answer)
    assert {Dossier.objects.get(pk=each.pk).state for each in (third, fourth)} == {State.SETTLED}


@time_machine.travel(MORNING, tick=False)
def test_what_is_not_ready_says_where_it_is(province: Province) -> None:
    client = browser_of(province.receptionist)
    working = province.log()
    assert "Hồ sơ chưa có kết quả" in page(client.get(URL, {"q": str(working.code)}))
    gone = closing.return_result(ready(province), by=province.receptionist)
    assert "Kết quả đã trả" in page(client.get(URL, {"q": str(gone.code)}))
    elsewhere = ready(province, collecting_agency=province.elsewhere)
    assert "Sở Láng giềng" in page(client.get(URL, {"q": str(elsewhere.code)}))
    assert "Không tìm thấy" in page(client.get(URL, {"q": "H01.01.01-260820-9999"}))
    # The counter it was sent to hands it over, and only officers who may.
    give_role(province.stranger, province.elsewhere, Role.RETURNER)
    there = browser_of(province.stranger)
    there.post(DO, form(elsewhere))
    elsewhere.refresh_from_db()
    assert elsewhere.state == State.RETURNED
    mine = ready(province)
    assert "Không tìm thấy" in page(there.get(URL, {"q": str(mine.code)}))
    there.post(DO, form(mine))
    mine.refresh_from_db()
    assert mine.state == State.SETTLED
    assert browser_of(province.specialist).get(URL).status_code == 404


@time_machine.travel(MORNING, tick=False)
def test_of_two_people_of_one_name_one_is_chosen(province: Province) -> None:
    first = ready(province)
    second = ready(province, owner=Person("Nguyễn Thị Ánh Tuyết", personal_id=OTHER))
    text = page(browser_of(province.receptionist).post(URL, {"q": "anh tuyet"}))
    assert "Trả cho ai?" in text
    for dossier in (first, second):
        assert f"?q={dossier.tracking_code}" in text
    assert 'name="dossier"' not in text


@time_machine.travel(MORNING, tick=False)
def test_a_result_goes_by_post_and_is_handed_over_when_the_post_says_so(
    province: Province,
) -> None:
    dossier = ready(province, result_channel=ResultChannel.POST)
    client = browser_of(province.receptionist)
    assert "Cần gửi bưu chính" in page(client.get(URL))
    missing = client.post(DO, form(dossier, act="post"))
    assert missing.status_code == 422
    assert "Hãy ghi số vận đơn" in page(missing)
    sent = client.post(
        DO, form(dossier, act="post", tracking_number="  ra123456789vn "), follow=True
    )
    assert "Đã gửi bưu chính 1 kết quả" in page(sent)
    text = page(client.get(URL))
    assert "Bưu chính đang giữ" in text
    assert "RA123456789VN" in text
    assert "Cần gửi bưu chính" not in text
    dossier.refresh_from_db()
    assert dossier.state == State.SETTLED
    assert "đang ở bưu chính, vận đơn RA123456789VN" in page(
        client.get(URL, {"q": str(dossier.code)})
    )
    way = f"{URL}buu-chinh/{dossier.tracking_code}/"
    # It came back, goes out again under another number, and arrives.
    back = client.post(
        way, {"act": "came_back", "version": dossier.event_count, "note": "Vắng"}, follow=True
    )
    assert "đã về quầy" in page(back)
    assert "bưu chính đã trả lại" in page(back)
    client.post(DO, form(dossier, act="post", tracking_number="RA2"))
    done = client.post(way, {"act": "delivered", "version": dossier.event_count}, follow=True)
    assert "Đã trả kết quả" in page(done)
    dossier.refresh_from_db()
    assert dossier.state == State.RETURNED
    event = dossier.events.get(act=Act.RETURN_RESULT)
    assert event.data == {"channel": "post", "proof": "posted", "tracking_number": "RA2"}
    assert not chain_faults(dossier)
    assert [
        (row.kind, row.tracking_number, row.note) for row in Posting.objects.order_by("pk")
    ] == [
        ("sent", "RA123456789VN", ""),
        ("came_back", "RA123456789VN", "Vắng"),
        ("sent", "RA2", ""),
    ]
    assert "RA2" in page(client.get(f"/ho-so/{dossier.code}/"))
    again = client.post(way, {"act": "delivered", "version": dossier.event_count}, follow=True)
    assert "chưa có gì thay đổi" in page(again)


@time_machine.travel(MORNING, tick=False)
def test_the_post_takes_no_money_nothing_twice_and_nothing_of_others(province: Province) -> None:
    owing = ready(province, fees=[FeeItem("Lệ phí", Decimal(150_000))])
    by = province.receptionist
    answer = browser_of(by).post(DO, form(owing, act="post", tracking_number="RA1"))
    assert "hãy thu đủ trước khi gửi bưu chính" in page(answer)
    with pytest.raises(ActDataError, match="fees_taken"):
        posting.send(owing, by=by, tracking_number="RA1")
    dossier = ready(province)
    with pytest.raises(ActDataError, match="tracking_number"):
        posting.bring_back(dossier, by=by)
    with pytest.raises(ActDataError, match="tracking_number"):
        posting.send(dossier, by=by, tracking_number=" ")
    posting.send(dossier, by=by, tracking_number="RA1")
    with pytest.raises(ActDataError, match="RA1"):
        posting.send(dossier, by=by, tracking_number="RA2")
    posting.bring_back(dossier, by=by)
    with pytest.raises(ActDataError, match="tracking_number"):
        posting.send(dossier, by=by, tracking_number="ra1")
    with pytest.raises(IllegalTransitionError):
        posting.send(dossier, by=province.specialist, tracking_number="RA3")
    way = f"{URL}buu-chinh/{dossier.tracking_code}/"
    lost = browser_of(by).post(
        way, {"act": "delivered", "version": dossier.event_count}, follow=True
    )
    assert "không gửi bưu chính" in page(lost)
    OfficerRole.objects.filter(role=Role.RETURNER).delete()
    assert browser_of(by).post(way, {"act": "delivered"}).status_code == 404


@time_machine.travel(MORNING, tick=False)
def test_what_one_officer_handed_over_is_no_other_ones_sheet(province: Province) -> None:
    dossier = closing.return_result(ready(province), by=province.receptionist)
    url = f"{URL}xong/?ho-so={dossier.code}"
    assert browser_of(province.receptionist).get(url).status_code == 200
    give_role(province.supervisor, province.centre, Role.RETURNER)
    assert browser_of(province.supervisor).get(url).status_code == 404
    assert browser_of(province.receptionist).get(f"{URL}xong/").status_code == 404


@time_machine.travel(MORNING, tick=False)
def test_the_page_costs_the_same_however_much_lies_there(province: Province) -> None:
    client = browser_of(province.receptionist)
    counts = []
    for more in (1, 4):
        for number in range(more):
            ready(
                province,
                result_channel=ResultChannel.POST,
                owner=Person(f"Nguyễn {number}", personal_id=f"0891870{more}{number:04d}"),
            )
        client.get(URL)
        with count_queries() as counted:
            client.get(URL)
        counts.append(len(counted))
    assert counts[0] == counts[1]
    assert counts[0] <= 6
