"""The reception desk: one page, nothing lost, nothing doubled, doubts that stop nobody."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.roles import Role
from dossiers.chain import chain_faults
from dossiers.forms import fee_names, money, read_card
from dossiers.models import Dossier, DossierReading, Entry, FeeDue
from dossiers.services import intake
from dossiers.services.intake import Person
from dossiers.workflow import State
from procedures.models import Fee, Procedure, ProcedureCase, ProcedureVersion, RequiredDocument
from tests.budgets import count_queries
from tests.dossiers.pages import browser_of, page, typed
from tests.dossiers.truth import history_faults
from tests.factories import OfficerFactory, ProcedureFactory
from tests.province import Province, give_role

MORNING = "2026-08-20T08:30+07:00"  # Thursday before a make-up Saturday
HTMX = {"HX-Request": "true"}


def with_papers(procedure: Procedure) -> tuple[RequiredDocument, RequiredDocument]:
    version = procedure.versions.get()
    return (
        RequiredDocument.objects.create(version=version, position=0, name="Đơn", originals=1),
        RequiredDocument.objects.create(version=version, position=1, name="Bản vẽ", copies=2),
    )


def shown(procedure: Procedure, channel: str = "in_person") -> str:
    """Return what the page says it was made for."""
    return f"{procedure.code}|{procedure.versions.get().pk}|{channel}"


def with_fee(province: Province, amount: int = 100_000) -> tuple[Procedure, Fee]:
    procedure = ProcedureFactory.create(
        offering=province.department, channels=[("in_person", "5", "working_day")]
    )
    limit = procedure.versions.get().channel_limits.get()
    return procedure, Fee.objects.create(
        channel_limit=limit, position=0, kind="Lệ phí", amount_vnd=amount
    )


@time_machine.travel(MORNING, tick=False)
def test_an_accepted_dossier_shows_its_code_receipt_and_qr(province: Province) -> None:
    first, second = with_papers(province.procedure)
    client = browser_of(province.receptionist)
    body = typed(
        province,
        vouched="",
        paper=[str(first.pk), str(second.pk)],
        **{f"paper_kind_{second.pk}": "photocopy", f"paper_quantity_{second.pk}": "3"},
        paper_name_x1="Giấy uỷ quyền",
    )
    answer = client.post("/tiep-nhan/", body, follow=True)
    dossier = Dossier.objects.get()
    assert answer.redirect_chain == [(f"/tiep-nhan/da-nhan/{dossier.code}/", 302)]
    assert (dossier.state, dossier.entry) == (State.RECEIVED, Entry.LIVE)
    text = page(answer)
    assert "H01.01.01-260820-0001" in text
    assert f'href="/ho-so/{dossier.code}/giay-to/{dossier.slips.get().pk}.pdf"' in text
    assert "data:image/svg+xml" in text
    assert "Thứ Tư 26/08/2026" in text
    papers = [(p.name, p.kind, p.quantity, p.required_id) for p in dossier.documents.all()]
    assert papers == [
        ("Đơn", "original", 1, first.pk),
        ("Bản vẽ", "photocopy", 3, second.pk),
        ("Giấy uỷ quyền", "copy", 1, None),
    ]
    assert not dossier.papers_vouched


@time_machine.travel(MORNING, tick=False)
def test_the_same_page_sent_twice_leads_to_the_same_dossier(province: Province) -> None:
    client = browser_of(province.receptionist)
    first = client.post("/tiep-nhan/", typed(province))
    again = client.post("/tiep-nhan/", typed(province, name="Sửa rồi gửi lại"), follow=True)
    assert again.redirect_chain == [(first["Location"], 302)]
    assert "không có hồ sơ mới nào được tạo" in page(again)
    assert Dossier.objects.count() == 1
    client.post("/tiep-nhan/", typed(province, token="phieu-2"))
    assert Dossier.objects.count() == 2


@time_machine.travel(MORNING, tick=False)
def test_every_empty_page_carries_a_token_of_its_own(province: Province) -> None:
    client = browser_of(province.receptionist)
    found = {
        re.findall(r'name="token" value="([^"]+)"', page(client.get("/tiep-nhan/")))[0]
        for _ in range(3)
    }
    assert len(found) == 3


@time_machine.travel(MORNING, tick=False)
@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"name": " "}, "name", "Hãy ghi “Họ và tên, hoặc tên tổ chức”"),
        ({"procedure": ""}, "procedure", "Hãy chọn thủ tục"),
        ({"procedure": "9.999999"}, "procedure", "không tiếp nhận"),
        ({"personal_id": "", "phone": ""}, "personal_id", "4 ký tự cuối"),
        ({"personal_id": "1" * 40}, "personal_id", "30 ký tự"),
        ({"vouched": ""}, "vouched", "đánh dấu giấy tờ"),
        ({"case": "77"}, "case", ""),
        ({"channel": "telepathy"}, "channel", ""),
        ({"paper_quantity_x1": "0"}, "paper_quantity_x1", ""),
        ({"paper_quantity_x1": "1e400"}, "paper_quantity_x1", ""),
        ({"extra_fee_amount": "NaN", "extra_fee_name": "Phí"}, "extra_fee_amount", "đồng nguyên"),
        ({"extra_fee_amount": "5000"}, "extra_fee_name", "tên khoản thu"),
        ({"received_at": "2026-08-19T09:00"}, "reason", "Nhập muộn phải ghi lý do"),
        ({"received_at": "9999-12-31T23:59", "reason": "x"}, "received_at", "1990 đến 2199"),
        ({"received_at": "2026-08-21T09:00", "reason": "x"}, "received_at", "tương lai"),
        ({"received_at": "hôm qua"}, "received_at", ""),
        ({"due_on": "2026-09-01", "reason": "x"}, "due_on", "đã quy định thời hạn"),
        ({"name": "Ỷ" * 201}, "name", ""),
        ({"name": "A\x00B"}, "name", ""),
    ],
)
def test_a_fault_names_its_field_and_nothing_typed_is_lost(
    province: Province, changes: dict[str, str], field: str, words: str
) -> None:
    body = typed(province, summary="Tách thửa cho con", **changes)
    answer = browser_of(province.receptionist).post("/tiep-nhan/", body)
    assert answer.status_code == 422
    text = page(answer)
    assert f'href="#id_{field}"' in text
    assert words in text
    assert "Tách thửa cho con" in text
    assert 'value="phieu-1"' in text
    if "address" not in changes:
        assert "Khóm Đông Thạnh" in text
    assert not Dossier.objects.exists()


@time_machine.travel(MORNING, tick=False)
@pytest.mark.parametrize("number", ["123", "999999999999", "chưa rõ", "089 999 004 215"])
def test_a_doubtful_number_warns_and_stops_nothing(province: Province, number: str) -> None:
    client = browser_of(province.receptionist)
    preview = client.post(
        "/tiep-nhan/xem-truoc/", typed(province, personal_id=number), headers=HTMX
    )
    assert 'data-kind="soon"' in page(preview)
    answer = client.post("/tiep-nhan/", typed(province, personal_id=number), follow=True)
    assert Dossier.objects.get().owner_id == number
    assert "Vẫn nhận được hồ sơ" in page(answer)


@time_machine.travel(MORNING, tick=False)
def test_a_probable_duplicate_is_pointed_out_and_taken_all_the_same(province: Province) -> None:
    before = province.log()
    client = browser_of(province.receptionist)
    text = page(client.post("/tiep-nhan/xem-truoc/", typed(province), headers=HTMX))
    assert "Có thể đã nộp rồi" in text
    assert str(before.code) in text
    answer = client.post("/tiep-nhan/", typed(province), follow=True)
    assert "Có thể đã nộp rồi" in page(answer)
    assert Dossier.objects.count() == 2


@time_machine.travel(MORNING, tick=False)
def test_the_promise_is_told_before_and_with_or_without_a_script(province: Province) -> None:
    client = browser_of(province.receptionist)
    body = typed(province, act="", pick=province.procedure.code, procedure="")
    part = page(client.post("/tiep-nhan/xem-truoc/", body, headers=HTMX))
    assert "<html" not in part
    assert 'id="promise"' in part
    assert "26/08/2026" in part
    assert 'id="papers"' in part
    whole = page(client.post("/tiep-nhan/xem-truoc/", body))
    assert "<html" in whole
    assert "26/08/2026" in whole
    assert 'value="1"' in re.findall(r'<input[^>]*id="id_paper_quantity_x1"[^>]*>', whole)[0]
    assert "Nguyễn Thị Ánh Tuyết" in whole
    assert "chỗ cần sửa" not in whole
    same = typed(province, shown=shown(province.procedure))
    assert 'id="papers"' not in page(client.post("/tiep-nhan/xem-truoc/", same, headers=HTMX))
    assert not Dossier.objects.exists()


@time_machine.travel(MORNING, tick=False)
def test_enter_in_a_field_accepts_nothing(province: Province) -> None:
    body = typed(province)
    del body["act"]
    answer = browser_of(province.receptionist).post("/tiep-nhan/", body)
    assert answer.status_code == 200
    assert "Nguyễn Thị Ánh Tuyết" in page(answer)
    assert not Dossier.objects.exists()


@time_machine.travel(MORNING, tick=False)
def test_a_scanned_card_fills_the_owner(province: Province) -> None:
    card = "089187004215|351234567|Trần Thị Ngọc Diễm|14021987|Nữ|Khóm 3, phường Bình Đức|01012022"
    body = typed(province, personal_id=card, name="", address="")
    text = page(browser_of(province.receptionist).post("/tiep-nhan/xem-truoc/", body, headers=HTMX))
    assert 'id="owner-fields"' in text
    assert 'value="Trần Thị Ngọc Diễm"' in text
    assert 'value="089187004215"' in text
    assert read_card("089187004215") is None
    assert read_card("|||||||") is None


@time_machine.travel(MORNING, tick=False)
def test_procedures_are_found_without_marks_and_only_those_offered(province: Province) -> None:
    ProcedureFactory.create(name="Đăng ký kết hôn", offering=province.department)
    ProcedureFactory.create(name="Đăng ký kết hôn nước ngoài", offering=False)
    client = browser_of(province.receptionist)
    text = page(client.get("/tiep-nhan/thu-tuc/", {"q": "dang ky ket"}))
    assert "Đăng ký kết hôn<" in text
    assert "nước ngoài" not in text
    assert page(client.get("/tiep-nhan/thu-tuc/", {"q": " "})).strip() == ""
    assert "Không có thủ tục nào" in page(client.get("/tiep-nhan/thu-tuc/", {"q": "<b>&'|!:*"}))
    # Without a script the same words are answered in the whole page.
    body = typed(province, act="", procedure="", q="ket hon")
    assert "Đăng ký kết hôn<" in page(client.post("/tiep-nhan/xem-truoc/", body))


@time_machine.travel(MORNING, tick=False)
def test_fees_are_due_or_taken_as_ticked(province: Province) -> None:
    procedure, fee = with_fee(province)
    client = browser_of(province.receptionist)
    body = typed(province, of=procedure, fee=[str(fee.pk)], extra_fee_name="Phí sao chụp")
    body |= {f"fee_amount_{fee.pk}": "120.000", "extra_fee_amount": "5.000 đ"}
    body |= {"extra_fee_paid": "on", "receipt_number": "0007"}
    client.post("/tiep-nhan/", body)
    rows = list(
        FeeDue.objects.order_by("pk").values_list("amount_vnd", "paid_at", "receipt_number")
    )
    assert [(amount, paid is not None, number) for amount, paid, number in rows] == [
        (Decimal(120_000), False, ""),
        (Decimal(5_000), True, "0007"),
    ]
    assert Dossier.objects.get().payment_state == "due"
    assert money("1.250.000 đ") == 1_250_000


@time_machine.travel(MORNING, tick=False)
def test_a_submission_may_wait_and_is_answered_from_the_list(province: Province) -> None:
    client = browser_of(province.receptionist)
    answer = client.post("/tiep-nhan/", typed(province, act="register"), follow=True)
    assert "chưa tiếp nhận" in page(answer)
    dossier = Dossier.objects.get()
    assert (dossier.state, dossier.code) == (State.SUBMITTED, None)
    text = page(client.get("/tiep-nhan/cho/"))
    assert dossier.tracking_code in text
    # domain.md 2.5: 8 working hours from 08:30 on Thursday.
    assert "Trả lời trước 08:30, 21/08/2026" in text
    for segment in ("tiep-nhan", "yeu-cau-hoan-thien", "tu-choi-tiep-nhan"):
        assert f"/ho-so/{dossier.tracking_code}/{segment}/" in text
    url = f"/ho-so/{dossier.tracking_code}/tiep-nhan/"
    received = client.post(url, {"version": 1, "next": "desk-waiting"})
    assert received["Location"] == "/tiep-nhan/cho/"
    dossier.refresh_from_db()
    assert dossier.state == State.RECEIVED
    assert "Không có hồ sơ nào chờ" in page(client.get("/tiep-nhan/cho/"))


@time_machine.travel(MORNING, tick=False)
def test_a_draft_is_kept_with_what_there_is(province: Province) -> None:
    client = browser_of(province.receptionist)
    body = typed(province, act="save_draft", personal_id="", phone="", vouched="")
    client.post("/tiep-nhan/", body)
    dossier = Dossier.objects.get()
    assert dossier.state == State.DRAFT
    text = page(client.get("/tiep-nhan/cho/"))
    assert f"/ho-so/{dossier.tracking_code}/ghi-nhan/" in text
    # One button submits it, named after the door it came in by.
    assert f"/ho-so/{dossier.tracking_code}/nop/" not in text
    assert f"/tiep-nhan/?nhap={dossier.tracking_code}" in text


@time_machine.travel(MORNING, tick=False)
def test_what_settles_at_once_is_settled_in_one_go(province: Province) -> None:
    fast = ProcedureFactory.create(
        offering=province.department, version_settings={"settles_at_once": True}
    )
    client = browser_of(province.receptionist)
    assert 'value="settle_at_once"' not in page(client.get("/tiep-nhan/"))
    preview = client.post("/tiep-nhan/xem-truoc/", typed(province, of=fast), headers=HTMX)
    assert 'value="settle_at_once"' in page(preview)
    answer = client.post("/tiep-nhan/", typed(province, of=fast, act="settle_at_once"), follow=True)
    dossier = Dossier.objects.get()
    assert dossier.state == State.SETTLED
    assert f"/ho-so/{dossier.code}/tra-ket-qua/" in page(answer)
    assert "Hẹn trả" not in page(answer)
    assert dossier.papers_vouched
    # What does not settle at once is refused whole: no half dossier is left.
    slow = client.post("/tiep-nhan/", typed(province, act="settle_at_once", token="phieu-2"))
    assert slow.status_code == 422
    assert Dossier.objects.count() == 1


@time_machine.travel(MORNING, tick=False)
def test_a_late_entry_and_a_date_set_by_hand_carry_their_reason(province: Province) -> None:
    none = ProcedureFactory.create(offering=province.department, cases=[(None, "none")])
    client = browser_of(province.receptionist)
    body = typed(
        province, of=none, received_at="2026-08-19T09:00", due_on="2026-09-04", reason="Mất điện"
    )
    preview = page(client.post("/tiep-nhan/xem-truoc/", body, headers=HTMX))
    assert "04/09/2026" in preview
    client.post("/tiep-nhan/", body)
    dossier = Dossier.objects.get()
    assert (dossier.entry, dossier.late_reason) == (Entry.LATE, "Mất điện")
    assert str(dossier.due_on) == "2026-09-04"


@time_machine.travel(MORNING, tick=False)
def test_cases_of_one_code_are_told_apart_by_their_place(province: Province) -> None:
    procedure = ProcedureFactory.create(
        offering=province.department, cases=[("5", "working_day"), ("10", "working_day")]
    )
    procedure.versions.get().cases.update(code="1.000001.01")
    body = typed(province, of=procedure, case="1")
    browser_of(province.receptionist).post("/tiep-nhan/", body)
    assert Dossier.objects.get().limit_value == 10


@time_machine.travel(MORNING, tick=False)
def test_the_desk_is_for_receptionists(province: Province) -> None:
    for path in ("/tiep-nhan/", "/tiep-nhan/cho/", "/tiep-nhan/thu-tuc/?q=a"):
        assert browser_of(province.specialist).get(path).status_code == 404
    dossier = province.log()
    path = f"/tiep-nhan/da-nhan/{dossier.code}/"
    assert browser_of(province.stranger).get(path).status_code == 404
    assert browser_of(province.specialist).post("/tiep-nhan/", typed(province)).status_code == 404


@time_machine.travel(MORNING, tick=False)
def test_a_receptionist_elsewhere_only_gets_a_word(province: Province) -> None:
    give_role(province.specialist, province.centre, Role.RECEPTIONIST)
    answer = browser_of(province.specialist).post("/tiep-nhan/", typed(province))
    assert answer.status_code == 422
    assert "vai trò tiếp nhận" in page(answer)


@time_machine.travel(MORNING, tick=False)
def test_logging_by_page_costs_the_same_for_one_paper_and_thirty(province: Province) -> None:
    client = browser_of(province.receptionist)
    client.post("/tiep-nhan/", typed(province, token="warm"))
    counts = []
    for papers in (1, 30):
        procedure = ProcedureFactory.create(offering=province.department)
        version = procedure.versions.get()
        made = [
            RequiredDocument.objects.create(version=version, position=n, name=f"Giấy {n}")
            for n in range(papers)
        ]
        body: dict[str, Any] = typed(
            province, of=procedure, token=f"t{papers}", paper=[str(p.pk) for p in made]
        )
        body["shown"] = shown(procedure)
        with count_queries() as queries:
            assert client.post("/tiep-nhan/", body).status_code == 302
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12


@time_machine.travel(MORNING, tick=False)
def test_what_was_taken_is_due_as_well(province: Province) -> None:
    procedure, fee = with_fee(province)
    body = typed(province, of=procedure, fee_paid=[str(fee.pk)], receipt_number="0012")
    browser_of(province.receptionist).post("/tiep-nhan/", body)
    row = FeeDue.objects.get()
    assert (row.name, row.amount_vnd, row.receipt_number) == ("Lệ phí", Decimal(100_000), "0012")
    assert row.paid_at is not None
    assert Dossier.objects.get().payment_state == "paid"


@time_machine.travel(MORNING, tick=False)
@pytest.mark.parametrize("has_seen", [True, False])
def test_fees_named_but_not_ticked_are_asked_about_once(province: Province, has_seen: bool) -> None:
    procedure, fee = with_fee(province)
    client = browser_of(province.receptionist)
    body = typed(province, of=procedure)
    if has_seen:
        body |= {"shown": shown(procedure), "fee_named": [str(fee.pk)]}
    answer = client.post("/tiep-nhan/", body)
    assert answer.status_code == 422
    assert 'href="#id_no_fee"' in page(answer)
    assert not Dossier.objects.exists()
    both = client.post("/tiep-nhan/", body | {"no_fee": "on", "fee": [str(fee.pk)]})
    assert 'href="#id_no_fee"' in page(both)
    client.post("/tiep-nhan/", body | {"no_fee": "on"})
    assert Dossier.objects.get().payment_state == "none"


@time_machine.travel(MORNING, tick=False)
def test_a_draft_is_not_asked_about_its_fees(province: Province) -> None:
    procedure, _fee = with_fee(province)
    body = typed(province, of=procedure, act="save_draft")
    assert browser_of(province.receptionist).post("/tiep-nhan/", body).status_code == 302


@time_machine.travel(MORNING, tick=False)
def test_a_fee_without_an_amount_or_of_another_channel_is_not_dropped(province: Province) -> None:
    procedure, fee = with_fee(province)
    client = browser_of(province.receptionist)
    body = typed(province, of=procedure, fee=[str(fee.pk)]) | {f"fee_amount_{fee.pk}": ""}
    assert f'href="#id_fee_amount_{fee.pk}"' in page(client.post("/tiep-nhan/", body))
    body = typed(province, of=procedure, fee=[str(fee.pk)], channel="post")
    assert "thuộc cách nộp" in page(client.post("/tiep-nhan/", body))
    assert not Dossier.objects.exists()


def test_fees_bear_names_that_tell_them_apart(province: Province) -> None:
    _procedure, fee = with_fee(province)
    limit = fee.channel_limit
    made = [
        Fee.objects.create(channel_limit=limit, position=n, kind=kind, amount_vnd=amount, text=text)
        for n, (kind, amount, text) in enumerate(
            [
                ("FEE", 5_000, ""),
                ("SERVICE_FEE", 8_000, "Mỗi bản"),
                ("FEE", 50_000, ""),
                ("FEE", 50_000, ""),
            ],
            start=1,
        )
    ]
    assert list(fee_names(made).values()) == [
        "Phí (5.000 đ)",
        "Lệ phí: Mỗi bản",
        "Phí (50.000 đ)",
        "Phí (50.000 đ), khoản 2",
    ]


@time_machine.travel(MORNING, tick=False)
def test_one_goes_on_with_a_draft_where_it_was_left(province: Province) -> None:
    procedure, fee = with_fee(province)
    first, second = with_papers(procedure)
    client = browser_of(province.receptionist)
    body = typed(
        province, of=procedure, act="save_draft", vouched="", paper=[str(second.pk)], channel="post"
    )
    body |= {f"paper_quantity_{second.pk}": "4", "paper_name_x1": "Giấy uỷ quyền"}
    body |= {"channel": "in_person", "fee_paid": [str(fee.pk)], "receipt_number": "0099"}
    body |= {"representative_name": "Lê Văn Tám", "representative_id": "089087001234"}
    client.post("/tiep-nhan/", body)
    draft = Dossier.objects.get()
    paid_at = draft.fees_due.get().paid_at

    answer = client.get(f"/tiep-nhan/?nhap={draft.tracking_code}")
    text = page(answer)
    form = answer.context["form"]
    assert 'value="089187004215"' in text
    assert f'name="draft" value="{draft.tracking_code}"' in text
    assert [(row.name, row.is_ticked) for row in form.paper_rows()] == [
        ("Đơn", False),
        ("Bản vẽ", True),
    ]
    assert [(row.is_due, row.is_paid) for row in form.fee_rows()] == [(True, True)]
    assert "chỗ cần sửa" not in text
    assert "Có thể đã nộp rồi" not in text
    # The owner's numbers stood there whole.
    assert DossierReading.objects.filter(dossier=draft, officer=province.receptionist).exists()

    going_on = {name: form.data.getlist(name) for name in form.data}
    going_on |= {"name": "Trần Văn Bình", "paper": [str(first.pk), str(second.pk)]}
    with time_machine.travel("2026-08-20T09:30+07:00", tick=False):
        client.post("/tiep-nhan/", going_on | {"act": "save_draft"})
        draft.refresh_from_db()
        assert (draft.state, draft.owner_name) == (State.DRAFT, "Trần Văn Bình")
        assert [p.name for p in draft.documents.all()] == ["Đơn", "Bản vẽ", "Giấy uỷ quyền"]
        assert draft.fees_due.get().paid_at == paid_at
        assert chain_faults(draft) == []

        # The page that is sent to be accepted is accepted once.
        done = client.post("/tiep-nhan/", going_on | {"act": "receive"})
        again = client.post("/tiep-nhan/", going_on | {"act": "receive"}, follow=True)
    draft.refresh_from_db()
    assert draft.state == State.RECEIVED
    assert done["Location"] == again.redirect_chain[0][0] == f"/tiep-nhan/da-nhan/{draft.code}/"
    assert draft.documents.get(name="Bản vẽ").quantity == 4
    assert Dossier.objects.count() == 1
    late = client.post("/tiep-nhan/", going_on | {"act": "save_draft", "token": "khac"})
    assert late.status_code == 422
    assert "đã được nộp" in page(late)
    assert client.get(f"/tiep-nhan/?nhap={draft.tracking_code}")["Location"].startswith("/ho-so/")


@time_machine.travel(MORNING, tick=False)
def test_two_who_edit_one_draft_do_not_write_over_each_other(province: Province) -> None:
    colleague = OfficerFactory.create(agency=province.centre, roles=[Role.RECEPTIONIST])
    mine, theirs = browser_of(province.receptionist), browser_of(colleague)
    mine.post("/tiep-nhan/", typed(province, act="save_draft"))
    draft = Dossier.objects.get()
    pages = {}
    for browser in (mine, theirs):
        form = browser.get(f"/tiep-nhan/?nhap={draft.tracking_code}").context["form"]
        pages[browser] = {name: form.data.getlist(name) for name in form.data}
    theirs.post("/tiep-nhan/", pages[theirs] | {"act": "save_draft", "name": "Trần Văn Bình"})
    draft.refresh_from_db()
    changed = draft.events.order_by("-seq")[0]
    assert (draft.owner_name, draft.event_count) == ("Trần Văn Bình", 2)
    assert (changed.act, changed.actor, changed.data) == (
        "save_draft",
        colleague,
        {"changed": ["owner_name"]},
    )
    assert "Trần Văn Bình" not in str(changed.data)  # personal data stand in no event

    for act in ("save_draft", "register", "receive"):
        late = mine.post("/tiep-nhan/", pages[mine] | {"act": act, "summary": "Nhà hai tầng"})
        text = page(late)
        assert late.status_code == 409
        assert f"Bản nháp đã được {colleague.full_name} sửa lúc 08:30, 20/08/2026" in text
        assert "Nhà hai tầng" in text
        assert "Nguyễn Thị Ánh Tuyết" in text
    draft.refresh_from_db()
    assert (draft.state, draft.owner_name, draft.summary) == (State.DRAFT, "Trần Văn Bình", "")

    # Who has read that may write over it: the page has the version it told of.
    form = late.context["form"]
    again = {name: form.data.getlist(name) for name in form.data} | {"act": "save_draft"}
    assert mine.post("/tiep-nhan/", again).status_code == 302
    draft.refresh_from_db()
    assert (draft.owner_name, draft.summary) == ("Nguyễn Thị Ánh Tuyết", "Nhà hai tầng")
    assert draft.events.order_by("-seq")[0].actor == province.receptionist
    assert history_faults(draft) == []


@time_machine.travel(MORNING, tick=False)
def test_a_draft_saved_twice_as_it_is_leaves_nothing(province: Province) -> None:
    client = browser_of(province.receptionist)
    client.post("/tiep-nhan/", typed(province, act="save_draft"))
    draft = Dossier.objects.get()
    form = client.get(f"/tiep-nhan/?nhap={draft.tracking_code}").context["form"]
    going_on = {name: form.data.getlist(name) for name in form.data} | {"act": "save_draft"}
    assert client.post("/tiep-nhan/", going_on).status_code == 302
    assert draft.events.count() == 1


@time_machine.travel(MORNING, tick=False)
def test_a_page_that_shows_no_version_writes_over_no_draft(province: Province) -> None:
    client = browser_of(province.receptionist)
    client.post("/tiep-nhan/", typed(province, act="save_draft"))
    draft = Dossier.objects.get()
    for version in ({}, {"version": "x"}, {"version": "0"}):
        body = typed(province, draft=draft.tracking_code, act="save_draft", name="Khác", **version)
        assert client.post("/tiep-nhan/", body).status_code == 409
    draft.refresh_from_db()
    assert draft.owner_name == "Nguyễn Thị Ánh Tuyết"


@time_machine.travel(MORNING, tick=False)
def test_two_signers_are_told_apart_at_the_desk(province: Province) -> None:
    give_role(province.clerk, province.department, Role.SIGNER)
    fast = ProcedureFactory.create(
        offering=province.department, version_settings={"settles_at_once": True}
    )
    client = browser_of(province.receptionist)
    body = typed(province, of=fast, act="settle_at_once")
    refused = client.post("/tiep-nhan/", body)
    assert refused.status_code == 422
    assert "Hãy chọn người ký kết quả." in page(refused)
    assert not Dossier.objects.exists()
    client.post("/tiep-nhan/", body | {"signer": province.clerk.user.username})
    event = Dossier.objects.get().events.get(act="settle_at_once")
    assert event.data["signer"] == province.clerk.pk


@time_machine.travel(MORNING, tick=False)
def test_a_draft_of_another_counter_is_out_of_reach(province: Province) -> None:
    client = browser_of(province.receptionist)
    client.post("/tiep-nhan/", typed(province, act="save_draft"))
    draft = Dossier.objects.get()
    stranger = browser_of(province.stranger)
    assert stranger.get(f"/tiep-nhan/?nhap={draft.tracking_code}").status_code == 404
    body = typed(province, draft=draft.tracking_code, act="receive")
    assert stranger.post("/tiep-nhan/", body).status_code == 404
    draft.refresh_from_db()
    assert draft.state == State.DRAFT


@time_machine.travel(MORNING, tick=False)
@pytest.mark.parametrize("act", ["save_draft", "register"])
def test_who_vouched_for_the_papers_is_kept_until_acceptance(province: Province, act: str) -> None:
    client = browser_of(province.receptionist)
    client.post("/tiep-nhan/", typed(province, act=act))
    dossier = Dossier.objects.get()
    assert dossier.papers_vouched
    assert "xác nhận hồ sơ đủ giấy tờ" in page(client.get(f"/ho-so/{dossier.tracking_code}/"))
    if act == "register":
        received = intake.receive(dossier, by=province.receptionist)
        assert received.papers_vouched
        assert received.events.get(act="receive").data["papers_vouched"] is True


@time_machine.travel(MORNING, tick=False)
def test_a_new_version_of_the_catalogue_is_told_and_keeps_the_ticks(province: Province) -> None:
    first, second = with_papers(province.procedure)
    client = browser_of(province.receptionist)
    body = typed(province, vouched="", paper=[str(first.pk), str(second.pk)])
    body |= {"shown": shown(province.procedure), f"paper_quantity_{second.pk}": "3"}
    old = province.procedure.versions.get()
    new = ProcedureVersion.objects.get(pk=old.pk)
    new.pk, new.number = None, old.number + 1
    new.save(force_insert=True)
    ProcedureCase.objects.create(
        version=new, position=0, code="x", limit_value=5, limit_unit="working_day"
    )
    ProcedureVersion.objects.filter(pk=old.pk).update(valid_to="2026-08-19")
    ProcedureVersion.objects.filter(pk=new.pk).update(valid_from="2026-08-20")
    plan = RequiredDocument.objects.create(version=new, position=0, name="Bản vẽ", copies=2)

    answer = client.post("/tiep-nhan/", body)
    assert answer.status_code == 422
    assert "có bản khác với lúc mở" in page(answer)
    form = answer.context["form"]
    assert [(row.key, row.is_ticked) for row in form.paper_rows()] == [(str(plan.pk), True)]
    assert form["paper_name_x1"].value() == "Đơn"

    again = {name: form.data.getlist(name) for name in form.data}
    client.post("/tiep-nhan/", again | {"shown": form.shown})
    dossier = Dossier.objects.get()
    papers = [(p.name, p.quantity) for p in dossier.documents.all()]
    assert (dossier.version_id, papers) == (new.pk, [("Bản vẽ", 3), ("Đơn", 1)])


@time_machine.travel(MORNING, tick=False)
@pytest.mark.parametrize("key", ["999999999", "abc", "9" * 30])
def test_a_ticked_paper_nobody_knows_is_not_lost_in_silence(province: Province, key: str) -> None:
    first, _second = with_papers(province.procedure)
    body = typed(province, vouched="", paper=[str(first.pk), key])
    answer = browser_of(province.receptionist).post("/tiep-nhan/", body)
    assert answer.status_code == 422
    assert "không thuộc thủ tục này" in page(answer)
    assert not Dossier.objects.exists()


@time_machine.travel(MORNING, tick=False)
def test_seven_papers_of_their_own_are_taken_down(province: Province) -> None:
    names = {f"paper_name_x{n}": f"Giấy {n}" for n in range(1, 8)}
    browser_of(province.receptionist).post("/tiep-nhan/", typed(province, vouched="", **names))
    assert Dossier.objects.get().documents.count() == 7


@time_machine.travel(MORNING, tick=False)
def test_a_tax_code_is_taken_for_one_and_kinds_that_disagree_are_told(province: Province) -> None:
    client = browser_of(province.receptionist)
    company = {"owner_kind": "organisation", "name": "Công ty Thử Nghiệm"}
    client.post("/tiep-nhan/", typed(province, personal_id="0100109106", **company))
    assert Dossier.objects.get().owner_id_kind == "tax_code"
    for changes, words in (
        (company, "là tổ chức nhưng số giấy tờ"),
        ({"id_kind": "tax_code", "personal_id": "0100109106"}, "là cá nhân nhưng mã số thuế"),
        ({"representative_name": "B", "representative_id": "12"}, "Người nộp thay: Số định danh"),
    ):
        body = typed(province, **changes)
        assert words in page(client.post("/tiep-nhan/xem-truoc/", body, headers=HTMX))


@time_machine.travel(MORNING, tick=False)
def test_one_field_is_complained_about_once_and_the_count_is_the_lines(province: Province) -> None:
    body = typed(province, extra_fee_name="Phí", extra_fee_amount="NaN", name="", personal_id="")
    text = page(browser_of(province.receptionist).post("/tiep-nhan/", body | {"phone": ""}))
    lines = re.findall(r'<li><a href="#id_', text)
    assert f"Có {len(lines)} chỗ cần sửa" in text
    assert len(lines) == 3


@time_machine.travel(MORNING, tick=False)
def test_the_keys_of_the_blocks_tick_nothing(province: Province) -> None:
    with_papers(province.procedure)
    text = page(browser_of(province.receptionist).post("/tiep-nhan/xem-truoc/", typed(province)))
    with_key = re.findall(r"<(\w+)[^>]*accesskey=\"(\d)\"[^>]*>", text)
    assert sorted(with_key, key=lambda found: found[1]) == [
        ("input", "1"),
        ("input", "2"),
        ("h2", "3"),
        ("h2", "4"),
    ]


@time_machine.travel(MORNING, tick=False)
def test_a_refusal_leads_to_its_paper(province: Province) -> None:
    client = browser_of(province.receptionist)
    client.post("/tiep-nhan/", typed(province, act="register"))
    dossier = Dossier.objects.get()
    answer = client.post(
        f"/ho-so/{dossier.tracking_code}/tu-choi-tiep-nhan/",
        {"version": 1, "next": "desk-waiting", "reason": "Không thuộc thẩm quyền."},
        follow=True,
    )
    slip = dossier.slips.get()
    assert f'href="/ho-so/{dossier.tracking_code}/giay-to/{slip.pk}.pdf"' in page(answer)


@time_machine.travel(MORNING, tick=False)
def test_an_earlier_applicant_is_offered_and_taken_over_by_who_may_see_them(
    province: Province,
) -> None:
    earlier = province.log(
        owner=Person(
            "Nguyễn Thị Ánh Tuyết",
            personal_id="089187004215",
            phone="0900 123 456",
            address="Khóm Đông Thạnh",
        )
    )
    client = browser_of(province.receptionist)
    body = typed(province, act="", name="", phone="", address="", personal_id="089 187 004 215")
    text = page(client.post("/tiep-nhan/xem-truoc/", body, headers=HTMX))
    assert f'name="take" value="{earlier.tracking_code}"' in text
    assert "0900" not in text  # the numbers are not read until they are asked for
    assert not DossierReading.objects.exists()
    taken = page(
        client.post("/tiep-nhan/xem-truoc/", body | {"take": earlier.tracking_code}, headers=HTMX)
    )
    for value in ("Nguyễn Thị Ánh Tuyết", "0900 123 456", "Khóm Đông Thạnh"):
        assert f'value="{value}"' in taken
    assert 'name="take"' not in taken
    reading = DossierReading.objects.get()
    assert (reading.dossier, reading.officer) == (earlier, province.receptionist)
    # The same without a script, and nothing for another number or another counter.
    assert 'value="0900 123 456"' in page(
        client.post("/tiep-nhan/xem-truoc/", body | {"take": earlier.tracking_code})
    )
    other = body | {"take": earlier.tracking_code, "personal_id": "089187004216"}
    assert "0900" not in page(client.post("/tiep-nhan/xem-truoc/", other, headers=HTMX))
    stranger = browser_of(province.stranger)
    for sent in (body, body | {"take": earlier.tracking_code}):
        text = page(stranger.post("/tiep-nhan/xem-truoc/", sent, headers=HTMX))
        assert "0900" not in text
        assert 'name="take"' not in text


@time_machine.travel(MORNING, tick=False)
def test_another_name_under_a_known_number_is_pointed_out(province: Province) -> None:
    province.log()
    client = browser_of(province.receptionist)
    same = typed(province, act="", name="NGUYỄN THỊ ÁNH TUYẾT")
    assert 'name="take"' not in page(client.post("/tiep-nhan/xem-truoc/", same, headers=HTMX))
    other = page(
        client.post("/tiep-nhan/xem-truoc/", same | {"name": "Trần Thị Bình"}, headers=HTMX)
    )
    assert "đã có hồ sơ mang tên <b>Nguyễn Thị Ánh Tuyết</b>" in other


@time_machine.travel(MORNING, tick=False)
def test_what_an_officer_takes_in_most_is_offered_first(province: Province) -> None:
    rare = ProcedureFactory.create(name="Đăng ký kết hôn", offering=province.department)
    usual = ProcedureFactory.create(
        name="Đăng ký kết hôn có yếu tố nước ngoài", offering=province.department
    )
    client = browser_of(province.receptionist)

    def order() -> list[str]:
        text = page(client.get("/tiep-nhan/thu-tuc/", {"q": "dk kh"}))
        return re.findall(r'value="(1\.\d+)"', text)

    assert order() == [rare.code, usual.code]
    for _ in range(2):
        province.log(procedure=usual)
    province.log(procedure=rare)
    assert order() == [usual.code, rare.code]
    # Nothing typed: one's own, and nobody else's.
    blank = page(client.get("/tiep-nhan/"))
    assert "Bạn hay nhận" in blank
    assert re.findall(r'name="pick" type="radio" value="([^"]+)"', blank) == [
        usual.code,
        rare.code,
    ]
    give_role(province.supervisor, province.centre, Role.RECEPTIONIST)
    assert "Bạn hay nhận" not in page(browser_of(province.supervisor).get("/tiep-nhan/"))
    # What the province no longer takes in is not offered, however often it was.
    usual.offering.delete()
    assert usual.code not in page(client.get("/tiep-nhan/"))


def test_what_waits_is_in_the_order_of_its_eight_hours(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browser_of(province.receptionist)
    with time_machine.travel("2026-08-19T15:30+07:00", tick=False):  # Wednesday
        asked = intake.register(province.submission(papers=[]), by=province.receptionist)
    with time_machine.travel("2026-08-20T07:00+07:00", tick=False):
        draft = intake.save_draft(province.submission(papers=[]), by=province.receptionist)
        second = intake.register(province.submission(papers=[]), by=province.receptionist)
        third = intake.register(province.submission(papers=[]), by=province.receptionist)
        intake.request_completion(asked, by=province.receptionist, reason="Thiếu đơn")
    with time_machine.travel("2026-08-20T14:00+07:00", tick=False):
        # It came first and is answered last: its eight hours began anew.
        intake.resubmit(asked, by=province.receptionist)

    def listed(path: str = "") -> list[str]:
        text = page(client.get(f"/tiep-nhan/cho/{path}"))
        return re.findall(r'<a class="code" href="/ho-so/(\w+)/"', text)

    order = [d.tracking_code for d in (second, third, asked, draft)]
    with time_machine.travel("2026-08-20T15:30+07:00", tick=False):
        assert listed() == order
        text = page(client.get("/tiep-nhan/cho/"))
        # 7:00-11:30 and 13:30-15:30 are gone of eight hours; 14:00-15:30 of the newer eight.
        assert "còn 1 giờ 30 phút làm việc" in text
        assert "còn 6 giờ 30 phút làm việc" in text
    with time_machine.travel("2026-08-21T08:00+07:00", tick=False):
        assert "quá 1 giờ làm việc" in page(client.get("/tiep-nhan/cho/"))
        monkeypatch.setattr("dossiers.pages.page_of.__defaults__", (2,))
        cursor = re.findall(r'href="\?sau=([^"]+)"', page(client.get("/tiep-nhan/cho/")))[0]
        assert listed(f"?sau={cursor}") == order[2:]
