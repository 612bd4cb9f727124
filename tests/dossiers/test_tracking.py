"""What a citizen may see: a sentence for every state, the way it went, and never a person."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.personal_data import seal
from dossiers import tracking, tracking_words
from dossiers.api_tracking import as_json
from dossiers.deadlines import Timeliness
from dossiers.models import Dossier, DossierEvent, FeeDue, Pause, SupplementRound
from dossiers.services import closing, processing
from dossiers.services.intake import Person
from dossiers.workflow import Act, State
from tests.factories import AgencyFactory, DossierFactory, OfficerFactory, UserFactory, local
from tests.province import Province

NOW = local("2026-08-05 09:00")  # Wednesday; the factory's dossier is due on Monday 10/08
AFTER = local("2026-08-11 09:00")
ENDED = {State.SETTLED, State.RETURNED, State.WITHDRAWN, State.STOPPED}
PAUSED = {State.AWAITING_SUPPLEMENT, State.AWAITING_PAYMENT, State.SUSPENDED}
BEFORE = {State.SUBMITTED, State.AWAITING_COMPLETION, State.REFUSED}


def in_state(state: State, **changes: Any) -> Dossier:
    parts: dict[str, Any] = {"state": state, "submitted_only": state in BEFORE}
    if state in ENDED:
        parts["settled_at"] = local("2026-08-06 10:00")
    if state is State.RETURNED:
        parts["returned_at"] = local("2026-08-07 10:00")
    if state in PAUSED:
        parts["paused_at"] = local("2026-08-04 10:00")
    return DossierFactory.create(**{**parts, **changes})


def see(dossier: Dossier, now: dt.datetime = NOW) -> tracking.TrackingView:
    return tracking.track(dossier.public_code, "7890", address="203.0.113.5", now=now)


# The sentence


@pytest.mark.parametrize(
    ("state", "now", "sentence"),
    [
        (State.SUBMITTED, NOW, "Hồ sơ đã nộp, đang chờ tiếp nhận."),
        (
            State.AWAITING_COMPLETION,
            NOW,
            "Hồ sơ chưa được tiếp nhận, đang chờ bạn hoàn thiện giấy tờ.",
        ),
        (State.REFUSED, NOW, "Hồ sơ không được tiếp nhận."),
        (State.RECEIVED, NOW, "Hồ sơ đã được tiếp nhận, còn trong hạn."),
        (State.AWAITING_ASSIGNMENT, NOW, "Hồ sơ đã đến cơ quan giải quyết, còn trong hạn."),
        (State.IN_PROGRESS, NOW, "Hồ sơ đang được giải quyết, còn trong hạn."),
        (
            State.IN_PROGRESS,
            local("2026-08-10 09:00"),
            "Hồ sơ đang được giải quyết, hôm nay là ngày hẹn trả.",
        ),
        (State.IN_PROGRESS, AFTER, "Hồ sơ đang được giải quyết và đã quá ngày hẹn trả."),
        (State.CONSULTING, NOW, "Hồ sơ đang chờ ý kiến của cơ quan liên quan, còn trong hạn."),
        (
            State.AWAITING_SUPPLEMENT,
            AFTER,
            "Hồ sơ đang chờ bạn bổ sung giấy tờ, thời gian chờ không tính vào hạn.",
        ),
        (
            State.AWAITING_PAYMENT,
            AFTER,
            "Hồ sơ đang chờ bạn nộp khoản tiền được thông báo, thời gian chờ không tính vào hạn.",
        ),
        (
            State.SUSPENDED,
            AFTER,
            "Hồ sơ đang tạm dừng theo quy định, thời gian này không tính vào hạn.",
        ),
        (State.AWAITING_SIGNATURE, NOW, "Hồ sơ đã xem xét xong, đang chờ ký, còn trong hạn."),
        (State.SIGNED, AFTER, "Kết quả đã ký, đang chờ đóng dấu và đã quá ngày hẹn trả."),
        (State.SETTLED, AFTER, "Hồ sơ đã có kết quả, sớm hơn ngày hẹn."),
        (State.RETURNED, AFTER, "Hồ sơ đã xong sớm hơn ngày hẹn, kết quả đã trả."),
        (State.WITHDRAWAL_REQUESTED, NOW, "Bạn đã xin rút hồ sơ, cơ quan đang xem xét."),
        (State.WITHDRAWN, NOW, "Hồ sơ đã được rút theo yêu cầu của bạn."),
        (State.STOPPED, NOW, "Hồ sơ đã dừng giải quyết, không có kết quả."),
    ],
)
def test_each_state_has_its_sentence(
    db: Any, state: State, now: dt.datetime, sentence: str
) -> None:
    seen = see(in_state(state), now)
    assert seen.sentence == sentence
    assert seen.todo
    assert seen.holder_sentence.endswith(".")


@pytest.mark.parametrize("state", [state for state in State if state is not State.DRAFT])
@pytest.mark.parametrize("due", [True, False])
def test_every_state_can_be_told_with_a_date_and_without(db: Any, state: State, due: bool) -> None:
    changes: dict[str, Any] = {} if due else {"due_at": None, "limit_unit": "none"}
    for now in (NOW, AFTER):
        seen = see(in_state(state, **changes), now)
        assert "%(" not in seen.sentence + seen.todo + seen.holder_sentence
        assert json.dumps(as_json(seen))
        assert seen.is_promised is (due and state not in BEFORE | {State.WITHDRAWN, State.STOPPED})


@pytest.mark.parametrize(
    ("settled", "timeliness", "settled_sentence"),
    [
        ("2026-08-07 10:00", Timeliness.EARLY, "Hồ sơ đã có kết quả, sớm hơn ngày hẹn."),
        ("2026-08-10 16:59", Timeliness.ON_TIME, "Hồ sơ đã có kết quả, đúng ngày hẹn."),
        ("2026-08-10 17:30", Timeliness.LATE, "Hồ sơ đã có kết quả, muộn hơn giờ hẹn."),
    ],
)
def test_a_result_says_whether_the_promise_was_kept(
    db: Any, settled: str, timeliness: Timeliness, settled_sentence: str
) -> None:
    seen = see(in_state(State.SETTLED, settled_at=local(settled)), AFTER)
    assert (seen.timeliness, seen.sentence) == (timeliness, settled_sentence)


def test_a_procedure_without_a_limit_promises_nothing(db: Any) -> None:
    seen = see(in_state(State.IN_PROGRESS, due_at=None, limit_unit="none", limit_value=None))
    assert seen.sentence == "Hồ sơ đang được giải quyết."
    assert seen.todo == "Bạn chưa cần làm gì: khi có kết quả, trang này sẽ báo nơi nhận."
    assert (seen.due_at, seen.days, seen.timeliness) == (None, (), Timeliness.NONE)


# What to do


def test_what_to_do_follows_how_the_result_is_returned(db: Any) -> None:
    counter = AgencyFactory.create(name="Trung tâm Phục vụ hành chính công phường Ỷ La")

    def todo(**changes: Any) -> str:
        return see(in_state(State.SETTLED, receiving_agency=counter, **changes)).todo

    name = counter.name
    assert todo() == f"Mời bạn mang giấy hẹn và căn cước đến {name} để nhận kết quả."
    assert "nộp khoản phí, lệ phí còn lại" in todo(payment_state="due")
    assert "bưu chính" in todo(result_channel="post")
    assert "Bản điện tử" in todo(result_channel="electronic")
    assert "nộp khoản phí" in todo(result_channel="electronic", payment_state="due")


@pytest.mark.parametrize("channel", ["in_person", "electronic", "post"])
def test_unpaid_fees_are_told_as_one_amount(db: Any, channel: str) -> None:
    for state in (State.SETTLED, State.IN_PROGRESS):
        dossier = in_state(state, payment_state="due", result_channel=channel)
        for amount, more in (
            (100_000, {}),
            (9_000, {"paid_vnd": 1_000}),  # paid in part
            (5_000, {"paid_vnd": 5_000, "paid_at": dossier.received_at}),
            (6_000, {"cancelled_at": dossier.received_at}),
            (
                7_000,
                {
                    "exempt_vnd": 7_000,
                    "exempted_at": dossier.received_at,
                    "exempt_reason": "Hộ nghèo",
                },
            ),
        ):
            FeeDue.objects.create(dossier=dossier, name="Lệ phí", amount_vnd=amount, **more)
        assert "108.000\u00a0đồng phí, lệ phí" in see(dossier).todo or (
            "còn phải nộp là 108.000\u00a0đồng" in see(dossier).todo
        )
        dossier.payment_state = "paid"
        dossier.save()
        assert "đồng" not in see(dossier).todo


def test_a_late_agency_says_so_and_where_to_ask(db: Any) -> None:
    agency = AgencyFactory.create(name="Sở Thử nghiệm", phone="0296 3000 113")
    dossier = in_state(State.IN_PROGRESS, receiving_agency=agency)
    seen = see(dossier, AFTER)
    assert seen.todo == (
        "Bạn không phải làm gì thêm: Sở Thử nghiệm đang chậm hẹn, bạn có thể hỏi theo số "
        "0296 3000 113."
    )
    assert seen.timeliness is Timeliness.OVERDUE
    assert seen.timeliness_text == "Quá hạn 1 ngày làm việc"


def test_a_supplement_names_its_last_day_and_not_its_reason(db: Any) -> None:
    dossier = in_state(State.AWAITING_SUPPLEMENT)
    SupplementRound.objects.create(
        dossier=dossier,
        number=1,
        requested_at=NOW,
        reason="LÝ DO RIÊNG",
        items=["GIẤY RIÊNG"],
        reply_by=dt.date(2026, 8, 20),
    )
    seen = see(dossier)
    assert "trước hết ngày 20/08/2026" in seen.todo
    assert seen.is_waiting_for_citizen
    assert seen.timeliness is Timeliness.PAUSED
    assert "RIÊNG" not in repr(seen)


# The way it went


@time_machine.travel("2026-08-20T08:30+07:00", tick=False)
def test_the_way_is_told_oldest_first_with_what_is_to_come(province: Province) -> None:
    dossier = province.log()
    with time_machine.travel("2026-08-20T14:10+07:00", tick=False):
        processing.transfer(dossier, by=province.receptionist)
    with time_machine.travel("2026-08-21T08:05+07:00", tick=False):
        processing.assign(
            Dossier.objects.get(pk=dossier.pk), by=province.head, assignee=province.specialist
        )
        seen = tracking.track(str(dossier.code), "4215", address="203.0.113.5", now=timezone.now())
    assert [(entry.title, entry.step, entry.when) for entry in seen.path] == [
        ("Đã nộp hồ sơ", "done", "08:30, thứ Năm 20/08/2026"),
        ("Đã tiếp nhận", "done", "08:30, thứ Năm 20/08/2026"),
        ("Đã chuyển tới cơ quan giải quyết", "done", "14:10, thứ Năm 20/08/2026"),
        ("Bắt đầu thẩm tra", "current", "08:05, thứ Sáu 21/08/2026"),
        ("Ký kết quả", "to-come", ""),
        ("Trả kết quả", "to-come", "trước 17:00, thứ Tư 26/08/2026"),
    ]
    assert seen.holder == "Sở Thử nghiệm"
    assert seen.holder_sentence == "Sở Thử nghiệm giữ hồ sơ từ 14:10, thứ Năm 20/08/2026."


def test_a_dossier_that_ended_has_nothing_to_come(db: Any) -> None:
    for state in (State.RETURNED, State.WITHDRAWN, State.STOPPED, State.REFUSED):
        seen = see(in_state(state))
        assert seen.steps_to_come == ()
        assert "current" not in [entry.step for entry in seen.timeline]


def test_a_date_that_passed_is_not_promised_again(db: Any) -> None:
    assert [entry.when for entry in see(in_state(State.SIGNED), AFTER).steps_to_come] == ["", ""]


def test_every_act_has_words_for_a_citizen_but_a_draft() -> None:
    inside = {Act.SAVE_DRAFT, Act.ASK_APPROVAL, Act.DECLINE, Act.RETRACT}
    assert set(Act) - set(tracking_words.ACT_LABELS) == inside


# What is old, odd or broken


def test_an_imported_dossier_without_history_is_told_by_its_dates(db: Any) -> None:
    dossier = in_state(State.RETURNED, entry="imported", case=None, limit_unit="none")
    seen = see(dossier)
    assert [entry.label for entry in seen.timeline] == [
        "Đã nộp hồ sơ",
        "Đã tiếp nhận",
        "Đã có kết quả",
        "Đã trả kết quả",
    ]


@pytest.mark.parametrize(
    ("value", "unit"),
    [("5", "working_day"), (None, "none"), (None, "other"), ("3", "other"), (None, "same_day")],
)
@pytest.mark.parametrize(
    "due",
    ["2026-08-12 17:00", "2026-08-08 12:34", "2026-08-03 08:30", "2026-07-01 10:00",
     "2031-02-03 04:05", "2600-01-01 00:00", "9998-12-30 00:00"],
)  # fmt: skip
def test_a_date_the_limit_would_not_give_stands_and_is_explained_or_left_out(
    db: Any, due: str, value: str | None, unit: str
) -> None:
    dossier = in_state(
        State.IN_PROGRESS,
        entry="imported",
        case=None,
        due_at=local(due),
        limit_value=value,
        limit_unit=unit,
    )
    seen = see(dossier)
    assert seen.due_at == local(due)
    assert not seen.days or seen.days[0].date == dt.date(2026, 8, 3)
    assert seen.timeliness_text
    json.dumps(as_json(seen))


@pytest.mark.parametrize(
    ("value", "unit"),
    [("0", "working_day"), ("99999", "day"), ("0.0001", "month"), (None, "working_day")],
)
def test_a_limit_no_calendar_can_answer_leaves_the_days_out(
    db: Any, value: str | None, unit: str
) -> None:
    dossier = in_state(
        State.IN_PROGRESS, limit_value=Decimal(value) if value else None, limit_unit=unit
    )
    assert see(dossier).due_at == dossier.due_at


def test_pauses_are_part_of_the_explanation(db: Any) -> None:
    dossier = in_state(State.IN_PROGRESS, due_at=local("2026-08-11 17:00"))
    Pause.objects.create(
        dossier=dossier,
        state=State.AWAITING_SUPPLEMENT,
        started_at=local("2026-08-05 07:00"),
        ended_at=local("2026-08-05 17:00"),
    )
    seen = see(dossier, local("2026-08-06 09:00"))
    assert [(day.date.day, day.why.value) for day in seen.days if not day.counts][:2] == [
        (3, "received"),
        (5, "paused"),
    ]
    assert seen.is_moved is False


def test_a_moved_date_keeps_the_first_promise_beside_it(db: Any) -> None:
    dossier = in_state(
        State.IN_PROGRESS,
        due_at=local("2026-08-14 17:00"),
        due_original_at=local("2026-08-10 17:00"),
    )
    assert see(dossier).is_moved


# No person in it

MARK = "RIÊNGTƯ"


@time_machine.travel("2026-08-20T08:30+07:00", tick=False)
def test_no_personal_word_and_no_officers_word_is_in_the_answer(province: Province) -> None:
    for number, officer in enumerate((province.receptionist, province.specialist, province.head)):
        officer.full_name = f"{MARK} Cán Bộ {number}"
        officer.phone = "0987654000"
        officer.save()
    dossier = province.log(
        owner=Person(
            f"{MARK} Chủ",
            personal_id="089187004215",
            phone="0900 123 456",
            address=f"{MARK} đường",
            email=f"{MARK}@example.test",
        ),
        representative=Person(
            f"{MARK} Được uỷ quyền", personal_id="089187004999", phone="0911000111"
        ),
        summary=f"{MARK} trích yếu",
    )
    again = Dossier.objects.get
    processing.transfer(dossier, by=province.receptionist)
    processing.assign(again(pk=dossier.pk), by=province.head, assignee=province.specialist)
    processing.request_supplement(
        again(pk=dossier.pk), by=province.specialist, reason=f"{MARK} lý do", items=[f"{MARK} giấy"]
    )
    processing.accept_supplement(again(pk=dossier.pk), by=province.receptionist)
    processing.propose(again(pk=dossier.pk), by=province.specialist, note=f"{MARK} ghi chú")
    processing.send_back(again(pk=dossier.pk), by=province.head, reason=f"{MARK} làm lại")
    processing.propose(again(pk=dossier.pk), by=province.specialist)
    processing.approve(again(pk=dossier.pk), by=province.head)
    closing.publish(again(pk=dossier.pk), by=province.clerk, result_number=f"{MARK}/GP")
    closing.return_result(
        again(pk=dossier.pk), by=province.receptionist, receiver=f"{MARK} người nhận"
    )
    Dossier.objects.filter(pk=dossier.pk).update(
        late_reason=f"{MARK} muộn",
        due_reason=f"{MARK} ấn định",
        owner_email_sealed=seal(f"{MARK}@example.test"),
    )
    seen = tracking.track(str(dossier.code), "4215", address="203.0.113.5", now=timezone.now())
    assert DossierEvent.objects.filter(dossier=dossier, reason__contains=MARK).exists()
    for told in (repr(seen), json.dumps(as_json(seen), ensure_ascii=False)):
        assert MARK not in told
        for digits in ("089187004215", "4215", "123456", "123 456", "4999", "0911000111", "654000"):
            assert digits not in told


def test_the_view_holds_nothing_but_what_is_listed_here() -> None:
    # A new field is a decision about what strangers may see: it is made here too.
    assert {field.name for field in dataclasses.fields(tracking.TrackingView)} == {
        "code", "procedure", "procedure_code", "state", "state_label", "national_status",
        "holder", "held_since", "received_at", "due_at", "due_original_at",
        "settled_at", "timeliness", "explanation", "todo", "counter", "counter_address",
        "counter_phone", "timeline", "is_elsewhere", "asked_at", "parent", "parts", "system_of_record", "calendar",
        # Told to nobody: by it the page asks for the survey of a finished dossier.
        "dossier_id",
    }  # fmt: skip
    read = " ".join(tracking._COLUMNS.values())
    for private in ("owner_", "representative", "reason", "summary", "actor", "officer", "sealed"):
        assert private not in read


def test_the_number_of_the_row_is_told_to_nobody(db: Any) -> None:
    seen = see(in_state(State.IN_PROGRESS))
    assert seen.dossier_id
    assert "dossier_id" not in repr(seen)
    assert "dossier_id" not in as_json(seen)


def test_the_officer_who_holds_it_is_not_named(db: Any) -> None:
    officer = OfficerFactory.create(user=UserFactory.create(full_name=MARK))
    assert MARK not in repr(see(in_state(State.IN_PROGRESS, holder_officer=officer)))
