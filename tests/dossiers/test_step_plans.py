"""The graph of internal steps: every fault named, and where a history leaves a dossier in it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from accounts.roles import Role
from dossiers.step_plans import (
    Branch,
    Plan,
    PlannedStep,
    Rules,
    faults_in,
    hours_text,
    rough_hours_text,
)
from dossiers.workflow import State

RULES = Rules(limits={"in_person": 2400, "online": 2400, "post": 2400}, empty_units={})


def to(*codes: str, kind: str = "forward") -> tuple[Branch, ...]:
    return tuple(Branch(code, kind) for code in codes)


def step(
    code: str,
    role: Role,
    state: State,
    hours: float,
    branches: tuple[Branch, ...] = (),
    **more: Any,
) -> PlannedStep:
    minutes = int(hours * 60)
    return PlannedStep(
        code=code,
        name=f"Bước {code}",
        role=role,
        state=state,
        minutes=more.pop("minutes", (minutes, minutes, minutes)),
        branches=branches,
        **more,
    )


def straight(**changes: Any) -> list[PlannedStep]:
    """The published example of Hà Nội: 2 + 3 + 2 + 1 hours (domain.md 3.11)."""
    steps = {
        "TN": step("TN", Role.RECEPTIONIST, State.RECEIVED, 2, to("TD"), unit="counter"),
        "TD": step("TD", Role.SPECIALIST, State.IN_PROGRESS, 3, to("KY")),
        "KY": step(
            "KY",
            Role.SIGNER,
            State.AWAITING_SIGNATURE,
            2,
            (*to("PH"), Branch("TD", "rework")),
            signs=True,
        ),
        "PH": step("PH", Role.CLERK, State.SIGNED, 1, to("TK")),
        "TK": step("TK", Role.RETURNER, State.SETTLED, 0, unit="counter"),
    }
    for code, change in changes.items():
        if change is None:
            del steps[code]
        elif isinstance(change, PlannedStep):
            steps[code] = change
        else:
            steps[code] = dataclasses.replace(steps[code], **change)
    return list(steps.values())


def consulting() -> list[PlannedStep]:
    """An examination, two opinions asked side by side, a summing up."""
    return straight(
        TD={"branches": (*to("Y1", "Y2", kind="parallel"),)},
        Y1=step("Y1", Role.CONSULTED_AGENCY, State.CONSULTING, 8, to("TH")),
        Y2=step("Y2", Role.CONSULTED_AGENCY, State.CONSULTING, 12, to("TH")),
        TH=step("TH", Role.SPECIALIST, State.IN_PROGRESS, 1, to("KY")),
    )


def texts(steps: list[PlannedStep], rules: Rules = RULES) -> list[str]:
    return [fault.text for fault in faults_in(Plan(steps), rules)]


# What is right


def test_the_published_example_has_no_fault() -> None:
    rules = dataclasses.replace(RULES, limits={"in_person": 480, "online": 480, "post": None})
    assert texts(straight(), rules) == []


def test_opinions_asked_side_by_side_that_join_have_no_fault() -> None:
    assert texts(consulting()) == []
    # The longer of the two counts, once: 2 + 3 + 12 + 1 + 2 + 1.
    assert Plan(consulting()).longest("TN", 0) == (
        21 * 60,
        ["TN", "TD", "Y2", "TH", "KY", "PH", "TK"],
    )


def test_refusals_are_ends_too() -> None:
    steps = straight(
        TN={
            "state": State.SUBMITTED,
            "branches": (Branch("TD", condition="đủ hồ sơ"), Branch("TC", condition="không đủ")),
        },
        TC=step("TC", Role.RECEPTIONIST, State.REFUSED, 0),
    )
    assert texts(steps) == []


# Each fault


def test_an_empty_process_is_told() -> None:
    assert texts([]) == ["Quy trình chưa có bước nào."]


def test_there_is_exactly_one_start() -> None:
    second = step("T2", Role.RECEPTIONIST, State.RECEIVED, 1, to("TD"))
    assert texts(straight(T2=second)) == ["Quy trình phải có đúng một bước đầu, hiện có 2: TN, T2."]


def test_the_start_lies_where_a_dossier_begins() -> None:
    steps = straight(TN=None)
    assert texts(steps) == [
        "Bước TD “Bước TD”: là bước đầu nên phải ở trạng thái “Chờ tiếp nhận” hoặc “Đã tiếp nhận”."
    ]


def test_a_circle_is_told_and_work_done_again_is_none() -> None:
    steps = straight(KY={"branches": to("PH", "TD")})
    found = texts(steps)
    assert len(found) == 1
    assert "vòng lặp TD → KY → TD" in found[0]
    assert "“trả lại”" in found[0]


def test_a_branch_to_nowhere_is_told() -> None:
    assert texts(straight(PH={"branches": to("XX")}))[0] == (
        "Bước PH “Bước PH”: dẫn tới bước XX không có trong quy trình."
    )


def test_a_process_ends_only_where_the_law_has_ends() -> None:
    steps = straight(PH={"branches": ()}, TK=None)
    assert texts(steps) == [
        "Bước PH “Bước PH”: là bước cuối nhưng trạng thái “Chờ phát hành” không phải trạng thái kết "
        "thúc (đã xử lý xong, dừng xử lý, không tiếp nhận, rút hồ sơ).",
        "Không bước cuối nào có kết quả (trạng thái “Chờ trả kết quả”).",
    ]


@pytest.mark.parametrize(
    ("state", "is_end"),
    [
        (State.SETTLED, True),
        (State.STOPPED, True),
        (State.REFUSED, True),
        (State.WITHDRAWN, True),
        (State.RETURNED, False),
        (State.SUSPENDED, False),
        (State.AWAITING_SUPPLEMENT, False),
    ],
)
def test_national_ends(state: State, *, is_end: bool) -> None:
    steps = straight(
        TD={"branches": (Branch("KY", condition="được"), Branch("XX", condition="không"))},
        XX=step("XX", Role.SIGNER, state, 1),
    )
    assert (not any("là bước cuối" in text for text in texts(steps))) is is_end


def test_the_sum_of_a_way_keeps_within_the_limit_of_every_channel() -> None:
    steps = straight(TD={"minutes": (180, 240, 180)})
    rules = dataclasses.replace(RULES, limits={"in_person": 480, "online": 480, "post": 475})
    assert texts(steps, rules) == [
        "Kênh trực tuyến: các bước TN → TD → KY → PH → TK cộng lại 9 giờ, quá thời hạn 8 giờ làm việc.",
        "Kênh bưu chính: các bước TN → TD → KY → PH → TK cộng lại 8 giờ, quá thời hạn 7,92 giờ làm "
        "việc.",
    ]


def test_time_before_acceptance_and_while_the_clock_stands_is_not_in_the_sum() -> None:
    steps = straight(
        TN={"state": State.SUBMITTED},
        TD={"branches": to("NT")},
        NT=step("NT", Role.RECEPTIONIST, State.AWAITING_PAYMENT, 80, to("KY")),
    )
    rules = dataclasses.replace(RULES, limits={"in_person": 360, "online": 360, "post": 360})
    assert texts(steps, rules) == []


def test_an_answer_to_a_submission_takes_no_more_than_eight_hours() -> None:
    steps = straight(TN={"state": State.SUBMITTED, "minutes": (480, 481, 480)})
    assert texts(steps) == [
        "Bước TN “Bước TN”: trả lời việc nộp trong 8 giờ làm việc, không được dài hơn."
    ]


def test_a_step_without_time_is_told() -> None:
    assert texts(straight(PH={"minutes": (60, 0, 60)})) == [
        "Bước PH “Bước PH”: chưa ghi thời gian."
    ]


def test_an_empty_unit_is_told_with_its_agencies() -> None:
    rules = dataclasses.replace(
        RULES, empty_units={"PH": ["UBND xã A", "UBND xã B", "C", "D", "E"]}
    )
    assert texts(straight(), rules) == [
        "Bước PH “Bước PH”: chưa có ai giữ vai trò văn thư ở UBND xã A, UBND xã B, C và 2 cơ quan khác."
    ]


def test_parallel_branches_that_do_not_join_are_told() -> None:
    steps = consulting()
    steps = [
        dataclasses.replace(each, branches=to("DG")) if each.code == "Y2" else each
        for each in steps
    ]
    steps.append(step("DG", Role.SIGNER, State.STOPPED, 0))
    assert any("Y1, Y2 không gặp lại nhau" in text for text in texts(steps))


def test_one_parallel_branch_alone_is_told() -> None:
    steps = straight(TD={"branches": to("KY", kind="parallel")})
    assert texts(steps) == ["Bước TD “Bước TD”: chỉ có một nhánh song song; cần ít nhất hai."]


def test_a_choice_says_when() -> None:
    steps = straight(TD={"branches": to("KY", "DG")}, DG=step("DG", Role.SIGNER, State.STOPPED, 0))
    assert texts(steps) == [
        "Bước TD “Bước TD”: có nhiều nhánh (KY, DG) nên mỗi nhánh phải ghi khi nào đi nhánh đó."
    ]


def test_a_role_that_does_nothing_in_the_state_is_told() -> None:
    assert texts(straight(KY={"role": Role.CLERK})) == [
        "Bước KY “Bước KY”: vai trò văn thư không có việc gì ở trạng thái “Trình ký”."
    ]


def test_a_step_that_signs_says_how() -> None:
    assert texts(straight(KY={"signs": False})) == [
        "Bước KY “Bước KY”: là bước ký nên phải nêu loại chữ ký."
    ]


def test_the_table_of_the_law_must_lead_from_step_to_step() -> None:
    steps = straight(TN={"branches": to("PH")}, TD=None, KY=None)
    found = texts(steps)
    # From received one comes to signed through states that no step covers: the law allows it.
    assert found == []
    back = straight(
        PH={"branches": to("TN2")}, TN2=step("TN2", Role.RECEPTIONIST, State.SUBMITTED, 1, to("TK"))
    )
    assert any(
        "không hành vi nào đưa hồ sơ từ “Chờ phát hành” sang “Chờ tiếp nhận”" in t
        for t in texts(back)
    )


FEE = dataclasses.replace(RULES, has_fee=True)


def test_a_procedure_that_costs_something_says_when_it_is_taken() -> None:
    assert texts(straight(), FEE) == [
        "Thủ tục có phí, lệ phí: quy trình phải nêu khi nào thu và bước nào thu."
    ]
    assert texts(straight(TN={"takes_fee": True}), FEE) == [
        "Bước TN “Bước TN”: thu phí nhưng quy trình ghi là không thu."
    ]


@pytest.mark.parametrize(
    ("rule", "right", "wrong"),
    [("at_reception", "TN", "TK"), ("at_return", "TK", "TN"), ("in_processing", None, "TN")],
)
def test_the_fee_step_stands_where_its_rule_says(rule: str, right: str | None, wrong: str) -> None:
    rules = dataclasses.replace(FEE, fee_rule=rule)
    assert texts(straight(), rules) == ["Chưa có bước nào thu phí, lệ phí như quy trình nêu."]
    if right:
        assert texts(straight(**{right: {"takes_fee": True}}), rules) == []
    assert (
        "không đúng lúc quy trình nêu" in texts(straight(**{wrong: {"takes_fee": True}}), rules)[0]
    )


def test_no_way_leads_round_the_fee() -> None:
    steps = straight(
        TD={
            "branches": (Branch("NT", condition="phải nộp"), Branch("KY", condition="được miễn")),
        },
        NT=step("NT", Role.RECEPTIONIST, State.AWAITING_PAYMENT, 0, to("KY"), takes_fee=True),
    )
    rules = dataclasses.replace(FEE, fee_rule="in_processing")
    assert texts(steps, rules) == ["Bước TK “Bước TK”: có kết quả mà không qua bước thu phí nào."]


def test_where_one_pays_before_it_is_signed_the_fee_comes_first() -> None:
    steps = straight(
        TD={
            "branches": (Branch("NT", condition="phải nộp"), Branch("KY", condition="khác")),
        },
        NT=step("NT", Role.RECEPTIONIST, State.AWAITING_PAYMENT, 0, to("KY"), takes_fee=True),
    )
    rules = dataclasses.replace(FEE, fee_rule="in_processing", signs_after_payment=True)
    assert "Bước KY “Bước KY”: phải sau bước thu phí: thủ tục nộp tiền xong mới trình ký." in texts(
        steps, rules
    )


# Where a history leaves a dossier

S = State


def stage(steps: list[PlannedStep], *states: State) -> tuple[Any, ...] | None:
    position = Plan(steps).position_after(tuple(s.value for s in states))
    return (position.stage.codes, position.since, position.pauses) if position else None


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([S.SUBMITTED], None),
        ([S.SUBMITTED, S.RECEIVED], (("TN",), 1, ())),
        # Waiting to be assigned has no step of its own: nobody's runs.
        ([S.SUBMITTED, S.RECEIVED, S.AWAITING_ASSIGNMENT], None),
        ([S.SUBMITTED, S.RECEIVED, S.AWAITING_ASSIGNMENT, S.IN_PROGRESS], (("TD",), 3, ())),
        # Given to somebody else: the step goes on.
        ([S.RECEIVED, S.IN_PROGRESS, S.IN_PROGRESS], (("TD",), 1, ())),
        # Asked within the step, where asking has none of its own.
        ([S.RECEIVED, S.IN_PROGRESS, S.CONSULTING, S.IN_PROGRESS], (("TD",), 1, ())),
        ([S.RECEIVED, S.IN_PROGRESS, S.CONSULTING], (("TD",), 1, ())),
        ([S.RECEIVED, S.IN_PROGRESS, S.AWAITING_SUPPLEMENT], (("TD",), 1, ((2, None),))),
        (
            [S.RECEIVED, S.IN_PROGRESS, S.AWAITING_SUPPLEMENT, S.IN_PROGRESS],
            (("TD",), 1, ((2, 3),)),
        ),
        (
            [S.RECEIVED, S.IN_PROGRESS, S.SUSPENDED, S.WITHDRAWAL_REQUESTED, S.IN_PROGRESS],
            (("TD",), 1, ((2, 4),)),
        ),
        ([S.RECEIVED, S.IN_PROGRESS, S.AWAITING_SIGNATURE], (("KY",), 2, ())),
        # Sent back: the step begins anew.
        ([S.RECEIVED, S.IN_PROGRESS, S.AWAITING_SIGNATURE, S.IN_PROGRESS], (("TD",), 3, ())),
        ([S.IN_PROGRESS, S.AWAITING_SIGNATURE, S.SIGNED], (("PH",), 2, ())),
        ([S.IN_PROGRESS, S.AWAITING_SIGNATURE, S.SIGNED, S.SETTLED], None),
        ([S.IN_PROGRESS, S.STOPPED], None),
    ],
)
def test_the_stage_after_a_history(states: list[State], expected: Any) -> None:
    assert stage(straight(), *states) == expected


def test_side_by_side_steps_are_one_stage_as_long_as_the_longest() -> None:
    plan = Plan(consulting())
    before = plan.position_after(("received", "in_progress"))
    asked = plan.position_after(("received", "in_progress", "consulting"))
    after = plan.position_after(("received", "in_progress", "consulting", "in_progress"))
    assert before is not None
    assert asked is not None
    assert after is not None
    assert before.stage.codes == ("TD",)
    assert asked.stage.codes == ("Y1", "Y2")
    assert asked.stage.allotted("post") == 12 * 60
    # What follows the opinions is another step than what came before them.
    assert after.stage.codes == ("TH",)
    assert after.since == 3


def test_steps_of_one_state_in_a_row_are_one_stage() -> None:
    steps = straight(
        TD={"branches": to("DC")}, DC=step("DC", Role.SPECIALIST, State.IN_PROGRESS, 5, to("KY"))
    )
    assert texts(steps) == []
    position = Plan(steps).position_after(("received", "in_progress"))
    assert position is not None
    assert position.stage.name == "Bước TD, Bước DC"
    assert position.stage.allotted("online") == 8 * 60


def test_hours_are_written_in_vietnamese() -> None:
    assert [hours_text(m) for m in (0, 60, 90, 100, 600)] == ["0", "1", "1,5", "1,67", "10"]
    told = [rough_hours_text(m) for m in (0, 1, 60, 91, 594, 600, 6313)]
    assert told == ["0", "0,1", "1", "1,6", "9,9", "10", "105"]
