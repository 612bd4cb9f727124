"""The demo's internal processes: a few procedures with published steps, as a reform office has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.roles import Role
from agencies.models import Agency
from dossiers import processes
from dossiers.processes import StepRow
from dossiers.step_plans import FORWARD, PARALLEL, REWORK, Branch
from dossiers.workflow import State
from procedures.models import Fee, ProcedureVersion
from procedures.process_models import FeeRule, SignType, Step, StepUnit

if TYPE_CHECKING:
    import datetime as dt

    from agencies.models import Officer

# Permits of the Sở Xây dựng, and two that each commune settles: of five working days, and longer.
SHORT = ("1.013233", "1.013235", "1.013228")
WITH_OPINIONS = ("1.013236",)
LONG = ("1.013225",)
_AGENCIES_ASKED = ("H01.07", "H01.20")


def publish_all(*, by: Officer, on: dt.date) -> None:
    """Publish the demo's processes as of a day, so that its older dossiers have them too."""
    with transaction.atomic():
        for code in SHORT:
            _publish(code, _straight(examining=24), by=by, on=on)
        for code in LONG:
            _publish(code, _straight(examining=60), by=by, on=on)
        for code in WITH_OPINIONS:
            _publish(code, _with_opinions(), by=by, on=on)


def _publish(code: str, rows: list[StepRow], *, by: Officer, on: dt.date) -> None:
    version = ProcedureVersion.objects.filter(procedure__code=code).order_by("-number").first()
    assert version is not None, code  # noqa: S101 - the demo's own catalogue
    draft = processes.draft_for(version, None, by=by)
    if Fee.objects.filter(channel_limit__version=version, amount_vnd__gt=0).exists():
        draft.fee_rule = FeeRule.AT_RETURN
        draft.save(update_fields=["fee_rule"])
        rows[-1].step.takes_fee = True
    processes.replace_steps(processes.draft_locked(draft), rows)
    processes.publish(
        draft,
        by=by,
        decision_number="1001/QĐ-UBND",
        decision_on=on,
        valid_from=on,
        today=on,
    )


def _straight(*, examining: int) -> list[StepRow]:
    return [
        *_beginning("TL"),
        _row(
            "TL",
            "Thẩm định hồ sơ",
            Role.SPECIALIST,
            State.IN_PROGRESS,
            examining,
            "KY",
            output_paper="Dự thảo giấy phép",
        ),
        *_end(),
    ]


def _with_opinions() -> list[StepRow]:
    """An examination, two agencies asked side by side, a summing up."""
    asked = [
        _row(
            f"Y{number}",
            "Cho ý kiến chuyên ngành",
            Role.SPECIALIST,
            State.CONSULTING,
            24,
            "TH",
            unit=StepUnit.NAMED,
            agency=Agency.objects.get(code=code),
            output_paper="Văn bản ý kiến",
        )
        for number, code in enumerate(_AGENCIES_ASKED, start=1)
    ]
    examined = _row("TL", "Thẩm định hồ sơ", Role.SPECIALIST, State.IN_PROGRESS, 32)
    sides = tuple(Branch(row.step.code, PARALLEL) for row in asked)
    return [
        *_beginning("TL"),
        StepRow(examined.step, sides),
        *asked,
        _row(
            "TH",
            "Tổng hợp, dự thảo kết quả",
            Role.SPECIALIST,
            State.IN_PROGRESS,
            16,
            "KY",
            output_paper="Dự thảo giấy phép",
        ),
        *_end(),
    ]


def _beginning(following: str) -> list[StepRow]:
    return [
        _row(
            "TN",
            "Tiếp nhận, chuyển hồ sơ",
            Role.RECEPTIONIST,
            State.RECEIVED,
            2,
            "PC",
            unit=StepUnit.COUNTER,
            input_paper="Hồ sơ của người nộp",
            output_paper="Giấy tiếp nhận và hẹn trả",
        ),
        _row("PC", "Phân công thụ lý", Role.HEAD, State.AWAITING_ASSIGNMENT, 2, following),
    ]


def _end() -> list[StepRow]:
    signed = _row(
        "KY",
        "Ký duyệt",
        Role.SIGNER,
        State.AWAITING_SIGNATURE,
        4,
        "PH",
        sign_type=SignType.PERSON,
        output_paper="Giấy phép đã ký",
    )
    return [
        StepRow(signed.step, (*signed.branches, Branch("TL", REWORK, "chưa đạt"))),
        _row("PH", "Phát hành", Role.CLERK, State.SIGNED, 2, "TK", sign_type=SignType.AGENCY),
        _row("TK", "Trả kết quả", Role.RETURNER, State.SETTLED, 0, unit=StepUnit.COUNTER),
    ]


def _row(
    code: str,
    name: str,
    role: Role,
    state: State,
    hours: int,
    *following: str,
    unit: StepUnit = StepUnit.SETTLING,
    agency: Agency | None = None,
    sign_type: SignType = SignType.NONE,
    input_paper: str = "",
    output_paper: str = "",
) -> StepRow:
    step = Step(
        code=code,
        name=name,
        role=role,
        state=state,
        unit=unit,
        agency=agency,
        minutes_in_person=hours * 60,
        sign_type=sign_type,
        input_paper=input_paper,
        output_paper=output_paper,
    )
    return StepRow(step, tuple(Branch(to, FORWARD) for to in following))
