"""One dossier: what is next, what happened, whose it is; acts that lose nothing."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from dossiers.act_forms import ACT_FORMS
from dossiers.models import Dossier, DossierReading
from dossiers.next_acts import SEGMENTS, asks_first
from dossiers.services import processing
from dossiers.services.intake import Paper, Person
from dossiers.workflow import Act, State
from tests.budgets import count_queries
from tests.dossiers.pages import browser_of, page
from tests.dossiers.stages import EVERY_ACT
from tests.province import Province

MORNING = "2026-08-20T08:30+07:00"  # Thursday before a make-up Saturday


def at_the_specialist(province: Province, **changes: Any) -> Dossier:
    dossier = province.log(**changes)
    processing.transfer(dossier, by=province.receptionist)
    return processing.assign(dossier, by=province.head)


@time_machine.travel(MORNING, tick=False)
def test_a_dossier_goes_from_the_counter_to_its_result_by_pages(province: Province) -> None:
    code = str(province.log().code)
    desk, head = browser_of(province.receptionist), browser_of(province.head)
    specialist, clerk = browser_of(province.specialist), browser_of(province.clerk)
    steps: list[tuple[Any, Act, dict[str, str], State]] = [
        (desk, Act.TRANSFER, {}, State.AWAITING_ASSIGNMENT),
        (head, Act.ASSIGN, {"assignee": "thuly"}, State.IN_PROGRESS),
        (specialist, Act.REQUEST_SUPPLEMENT, {"reason": "Thiếu bản vẽ"}, State.AWAITING_SUPPLEMENT),
        (desk, Act.ACCEPT_SUPPLEMENT, {"papers": "Bản vẽ"}, State.IN_PROGRESS),
        (specialist, Act.PROPOSE, {}, State.AWAITING_SIGNATURE),
        (head, Act.APPROVE, {}, State.SIGNED),
        (clerk, Act.PUBLISH, {"result_number": "12/GP"}, State.SETTLED),
        (desk, Act.RETURN_RESULT, {"proof": "receipt"}, State.RETURNED),
    ]
    for version, (who, act, data, state) in enumerate(steps, start=2):
        url = f"/ho-so/{code}/{SEGMENTS[act]}/"
        assert str(act.label) in page(who.get(f"/ho-so/{code}/"))
        assert who.get(url).status_code == 200
        answer = who.post(url, {"version": version, **data}, follow=True)
        assert answer.redirect_chain == [(f"/ho-so/{code}/", 302)], (act, page(answer))
        assert Dossier.objects.get(code=code).state == state
    text = page(desk.get(f"/ho-so/{code}/"))
    assert "Hồ sơ đã kết thúc" in text
    assert "đồng hồ dừng" in text
    assert "đồng hồ chạy tiếp" in text
    assert "Thiếu bản vẽ" in text
    assert "bổ sung lần 1" in text


@time_machine.travel(MORNING, tick=False)
@pytest.mark.parametrize("act", [Act.REDIRECT, Act.ANSWER_CONSULTATION])
def test_who_gave_a_dossier_out_of_sight_finds_their_inbox_and_what_was_done(
    province: Province, act: Act
) -> None:
    expected = next(e for e in EVERY_ACT if e.act is act)
    dossier = expected.stage(province)
    browser = browser_of(getattr(province, expected.actor))
    url = f"/ho-so/{dossier.code}/{SEGMENTS[act]}/"
    body = {"version": dossier.event_count, **expected.typed(province)}
    answer = browser.post(url, body, follow=True)
    assert answer.redirect_chain == [("/hop-viec/", 302)]
    assert answer.status_code == 200
    assert f"{act.label}: đã xong hồ sơ {dossier.code}" in page(answer)
    assert browser.get(f"/ho-so/{dossier.code}/").status_code == 404


@time_machine.travel(MORNING, tick=False)
def test_who_was_late_with_a_dossier_that_left_them_finds_their_inbox(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second head sends it elsewhere between the look at the dossier and the lock."""
    dossier = at_the_specialist(province)

    def faster(*_args: Any, **rest: Any) -> Dossier:
        monkeypatch.undo()
        processing.redirect(
            dossier, by=province.head, agency=province.elsewhere, reason="Không thuộc sở"
        )
        return processing.redirect(dossier, **rest)

    monkeypatch.setattr(ACT_FORMS[Act.REDIRECT], "service", staticmethod(faster))
    answer = browser_of(province.head).post(
        f"/ho-so/{dossier.code}/chuyen-lai/",
        {"version": dossier.event_count, "agency": "H01.08", "reason": "x"},
        follow=True,
    )
    assert answer.redirect_chain == [("/hop-viec/", 302)]
    assert "vừa được người khác xử lý" in page(answer)


@time_machine.travel(MORNING, tick=False)
def test_each_opening_is_written_down(province: Province) -> None:
    dossier = province.log()
    client = browser_of(province.receptionist)
    client.get(f"/ho-so/{dossier.code}/")
    client.get(f"/ho-so/{dossier.tracking_code.lower()}/")
    client.head(f"/ho-so/{dossier.code}/")
    assert DossierReading.objects.filter(officer=province.receptionist).count() == 2


@time_machine.travel(MORNING, tick=False)
def test_the_owners_number_is_hidden_until_it_is_asked_for(province: Province) -> None:
    dossier = province.log()
    client = browser_of(province.receptionist)
    text = page(client.get(f"/ho-so/{dossier.code}/"))
    assert "089187004215" not in text
    assert "•••••••••215" in text
    assert client.get(f"/ho-so/{dossier.code}/so-giay-to/").status_code == 405
    answer = client.post(f"/ho-so/{dossier.code}/so-giay-to/")
    assert "089187004215" in page(answer)
    assert "no-store" in answer["Cache-Control"]
    assert DossierReading.objects.count() == 2
    part = client.post(f"/ho-so/{dossier.code}/so-giay-to/", headers={"HX-Request": "true"})
    assert "089187004215" in page(part)
    assert "<html" not in page(part)


@time_machine.travel(MORNING, tick=False)
def test_out_of_sight_is_404_for_every_page_of_a_dossier(province: Province) -> None:
    dossier = province.log()
    slip = dossier.slips.get()
    stranger = browser_of(province.stranger)
    base = f"/ho-so/{dossier.code}/"
    for path in ("", "chuyen/", "yeu-cau-rut/", f"giay-to/{slip.pk}.pdf"):
        assert stranger.get(base + path).status_code == 404, path
    for path in ("chuyen/", "so-giay-to/"):
        assert stranger.post(base + path, {"version": 2}).status_code == 404, path
    assert stranger.get("/ho-so/KHONG-CO/").status_code == 404
    assert stranger.get(f"/ho-so/{'9' * 60}/").status_code == 404
    assert not DossierReading.objects.exists()


@time_machine.travel(MORNING, tick=False)
def test_in_sight_but_not_theirs_gets_a_message_and_changes_nothing(province: Province) -> None:
    dossier = province.log()
    reformer = browser_of(province.reformer)
    for answer in (
        reformer.get(f"/ho-so/{dossier.code}/chuyen/", follow=True),
        reformer.post(f"/ho-so/{dossier.code}/chuyen/", {"version": 2}, follow=True),
    ):
        assert answer.status_code == 200
        assert "Chưa thực hiện được" in page(answer)
    assert Dossier.objects.get(pk=dossier.pk).state == State.RECEIVED
    assert "Hiện chưa đến lượt bạn" in page(reformer.get(f"/ho-so/{dossier.code}/"))


@time_machine.travel(MORNING, tick=False)
def test_a_stale_version_loses_nothing_that_was_typed(province: Province) -> None:
    dossier = at_the_specialist(province)
    client = browser_of(province.specialist)
    url = f"/ho-so/{dossier.code}/yeu-cau-bo-sung/"
    answer = client.post(url, {"version": 2, "reason": "Thiếu chữ ký của bên thừa kế"})
    assert answer.status_code == 409
    assert "vừa được người khác xử lý" in page(answer)
    assert "Thiếu chữ ký của bên thừa kế" in page(answer)
    assert f'name="version" type="hidden" value="{dossier.event_count}"' in page(answer)
    # The page that came back can be sent again.
    again = client.post(url, {"version": 4, "reason": "Thiếu chữ ký của bên thừa kế"})
    assert again.status_code == 302
    # Now the act is closed: the words stay to be copied, the button is dead.
    closed = client.post(url, {"version": 5, "reason": "Thêm một ý"})
    assert closed.status_code == 409
    assert "Thêm một ý" in page(closed)
    assert 'aria-disabled="true"' in page(closed)


@time_machine.travel(MORNING, tick=False)
def test_a_second_click_changes_nothing(province: Province) -> None:
    dossier = province.log()
    client = browser_of(province.receptionist)
    url = f"/ho-so/{dossier.code}/chuyen/"
    client.post(url, {"version": 2})
    answer = client.post(url, {"version": 2}, follow=True)
    assert "Chưa thực hiện được" in page(answer)
    assert dossier.events.count() == 3


@time_machine.travel(MORNING, tick=False)
@pytest.mark.parametrize("version", ["", "x", "٣", "-1", "99999999999999999999999", "2.0"])
def test_a_version_that_is_no_number_is_a_message(province: Province, version: str) -> None:
    dossier = province.log()
    answer = browser_of(province.receptionist).post(
        f"/ho-so/{dossier.code}/chuyen/", {"version": version}, follow=True
    )
    assert answer.status_code == 200
    assert Dossier.objects.get(pk=dossier.pk).state == State.RECEIVED


@time_machine.travel(MORNING, tick=False)
def test_a_missing_reason_names_its_field_and_keeps_the_rest(province: Province) -> None:
    dossier = at_the_specialist(province)
    answer = browser_of(province.specialist).post(
        f"/ho-so/{dossier.code}/yeu-cau-bo-sung/",
        {"version": 4, "reason": " ", "items": "Bản vẽ\nTờ khai", "reply_by": "2026-08-01"},
    )
    assert answer.status_code == 422
    assert 'href="#id_reason"' in page(answer)
    assert "Bản vẽ\nTờ khai" in page(answer)
    late = browser_of(province.specialist).post(
        f"/ho-so/{dossier.code}/yeu-cau-bo-sung/",
        {"version": 4, "reason": "Thiếu", "reply_by": "01/08/2026"},  # day first
    )
    assert late.status_code == 422
    assert "Hạn bổ sung không được trước" in page(late)


@time_machine.travel(MORNING, tick=False)
def test_an_act_from_the_inbox_leads_back_there_and_never_outside(province: Province) -> None:
    client = browser_of(province.receptionist)
    for back, target in (
        ("inbox", "/hop-viec/"),
        ("https://evil.example/", None),
        ("admin:index", None),
    ):
        dossier = province.log()
        answer = client.post(f"/ho-so/{dossier.code}/chuyen/", {"version": 2, "next": back})
        assert answer["Location"] == (target or f"/ho-so/{dossier.code}/")


@time_machine.travel(MORNING, tick=False)
def test_what_people_typed_is_never_code(province: Province) -> None:
    evil = "<script>alert(1)</script>"
    dossier = at_the_specialist(
        province,
        owner=Person(f"Ỷ {evil}", personal_id="089187004215", address=evil),
        papers=[Paper(evil)],
    )
    processing.request_supplement(dossier, by=province.specialist, reason=evil, items=[f"{evil} 2"])
    for officer, path in (
        (province.specialist, f"/ho-so/{dossier.code}/"),
        (province.specialist, "/ho-so/"),
        (province.receptionist, f"/ho-so/{dossier.code}/nhan-bo-sung/"),
        (province.receptionist, "/hop-viec/"),
        (province.head, "/bang-dieu-hanh/?nhom=tam-dung"),
        (province.receptionist, f"/tiep-nhan/da-nhan/{dossier.code}/"),
        (province.specialist, f"/ho-so/?q={evil}"),
    ):
        answer = browser_of(officer).get(path)
        assert answer.status_code == 200
        assert evil not in page(answer), path


@time_machine.travel(MORNING, tick=False)
def test_a_late_entry_is_marked_for_ever(province: Province) -> None:
    from tests.factories import local

    dossier = province.log(received_at=local("2026-08-18 09:00"), reason="Mất điện cả ngày")
    text = page(browser_of(province.receptionist).get(f"/ho-so/{dossier.code}/"))
    assert "Nhập muộn" in text
    assert "Mất điện cả ngày" in text
    assert "nhập muộn, ghi lúc" in text


@time_machine.travel(MORNING, tick=False)
def test_the_dossier_page_asks_at_most_nine_queries_whatever_happened_to_it(
    province: Province,
) -> None:
    short = province.log()
    long = at_the_specialist(province, papers=[Paper(f"Giấy {n}") for n in range(30)])
    for number in range(15):
        processing.propose(long, by=province.specialist)
        processing.send_back(long, by=province.head, reason=f"Sửa lần {number}")
    client = browser_of(province.specialist)
    client.get(f"/ho-so/{short.code}/")
    counts = []
    for dossier in (short, long):
        with count_queries() as queries:
            assert client.get(f"/ho-so/{dossier.code}/").status_code == 200
        counts.append(len(queries))
    assert long.events.count() > 30
    assert counts[0] == counts[1] <= 9


def test_every_act_with_a_form_has_an_address_of_its_own() -> None:
    from dossiers.act_forms import ACT_FORMS

    assert set(ACT_FORMS) <= set(SEGMENTS)
    assert len(set(SEGMENTS.values())) == len(SEGMENTS)
    assert not asks_first(Act.PROPOSE)
    assert asks_first(Act.REFUSE)
