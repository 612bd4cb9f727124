"""Internal steps as stored: publishing, what binds a dossier, whose step is late; never a legal date."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.db import Error, connection, transaction

from accounts.roles import Role
from dossiers import processes, steps
from dossiers.deadlines import Limit, Unit
from dossiers.models import Dossier
from dossiers.recording import ActDataError
from dossiers.services import closing, processing
from dossiers.step_plans import Branch
from procedures.models import ChannelLimit, Fee, ProcedureVersion
from procedures.process_models import InternalProcess, Step, StepBranch
from tests.budgets import count_queries
from tests.dossiers import stages
from tests.dossiers.pages import browser_of, page
from tests.factories import OfficerFactory, local
from tests.province import Province, give_role

if TYPE_CHECKING:
    from decimal import Decimal

MONDAY = "2026-08-03T08:00+07:00"
TODAY = dt.date(2026, 8, 3)


def step(code: str, role: Role, state: str, hours: float, **more: Any) -> Step:
    return Step(
        code=code,
        name=f"Bước {code}",
        role=role,
        state=state,
        minutes_in_person=int(hours * 60),
        **more,
    )


def to(*codes: str, kind: str = "forward") -> tuple[Branch, ...]:
    return tuple(Branch(code, kind) for code in codes)


def straight_rows(**minutes: int) -> list[processes.StepRow]:
    """Reception, examination, signature, publication, hand-over: 4 + 16 + 4 + 2 working hours."""
    rows = [
        (step("TN", Role.RECEPTIONIST, "received", 4, unit="counter"), to("TD")),
        (step("TD", Role.SPECIALIST, "in_progress", 16), to("KY")),
        (
            step("KY", Role.SIGNER, "awaiting_signature", 4, sign_type="person"),
            (*to("PH"), Branch("TD", "rework")),
        ),
        (step("PH", Role.CLERK, "signed", 2, sign_type="agency"), to("TK")),
        (step("TK", Role.RETURNER, "settled", 0, unit="counter"), ()),
    ]
    for row, _branches in rows:
        row.minutes_online = minutes.get(row.code)
    return [processes.StepRow(row, branches) for row, branches in rows]


def version_of(province: Province) -> ProcedureVersion:
    return province.procedure.versions.get()


def draft(province: Province, rows: list[processes.StepRow] | None = None) -> InternalProcess:
    made = processes.draft_for(version_of(province), None, by=province.reformer)
    with transaction.atomic():
        processes.replace_steps(
            processes.draft_locked(made), straight_rows() if rows is None else rows
        )
    return made


def published(province: Province, **changes: Any) -> InternalProcess:
    rows = changes.pop("rows", None)
    parts: dict[str, Any] = {
        "by": province.reformer,
        "decision_number": "1234/QĐ-UBND",
        "decision_on": dt.date(2026, 7, 1),
        "valid_from": TODAY,
        "today": TODAY,
    }
    return processes.publish(draft(province, rows), **{**parts, **changes})


def faults(province: Province, rows: list[processes.StepRow] | None = None) -> list[str]:
    return [f.text for f in processes.faults_of(draft(province, rows), today=TODAY)]


# Publishing


def test_a_whole_process_is_published_with_its_decision(province: Province) -> None:
    done = published(province)
    assert (done.decision_number, done.valid_from, done.valid_to) == ("1234/QĐ-UBND", TODAY, None)
    assert done.approved_by == province.reformer


@pytest.mark.parametrize("who", ["head", "specialist", "receptionist", "clerk", "stranger"])
def test_only_the_reform_office_publishes(province: Province, who: str) -> None:
    with pytest.raises(PermissionError):
        published(province, by=getattr(province, who))
    assert not InternalProcess.objects.binding().exists()


def test_faults_keep_it_a_draft(province: Province) -> None:
    rows = straight_rows()
    rows[1].step.minutes_in_person = 60 * 31
    with pytest.raises(processes.NotApprovedError) as refused:
        published(province, rows=rows)
    assert [f.text for f in refused.value.faults] == [
        f"Kênh {channel}: các bước TN → TD → KY → PH → TK cộng lại 41 giờ, "
        "quá thời hạn 40 giờ làm việc."
        for channel in ("trực tiếp", "trực tuyến", "bưu chính")
    ]
    assert not InternalProcess.objects.binding().exists()


def test_each_channel_has_its_own_limit(province: Province) -> None:
    version = version_of(province)
    version.cases.all().delete()
    for position, (channel, hours) in enumerate([("in_person", 40), ("online", 24)]):
        ChannelLimit.objects.create(
            version=version,
            position=position,
            channel=channel,
            limit_value=hours,
            limit_unit="working_hour",
        )
    assert faults(province) == [
        "Kênh trực tuyến: các bước TN → TD → KY → PH → TK cộng lại 26 giờ, "
        "quá thời hạn 24 giờ làm việc."
    ]
    assert faults(province, straight_rows(TD=14 * 60)) == []


def test_a_unit_without_the_role_is_named(province: Province) -> None:
    province.clerk.user.is_active = False
    province.clerk.user.save()
    assert faults(province) == [
        "Bước PH “Bước PH”: chưa có ai giữ vai trò văn thư ở Sở Thử nghiệm."
    ]
    give_role(province.stranger, province.elsewhere, Role.CLERK)
    rows = straight_rows()
    rows[3].step.unit, rows[3].step.agency = "named", province.elsewhere
    assert faults(province, rows) == []


def test_what_communes_settle_needs_people_in_each_that_receives(province: Province) -> None:
    offering = province.procedure.offering
    offering.competent_agency = None
    offering.save()
    commune = province.elsewhere
    commune.desks.create(kind="commune", name="Trung tâm xã")
    told = faults(province)
    assert "Bước TK “Bước TK”: chưa có ai giữ vai trò cán bộ trả kết quả ở Sở Láng giềng." in told
    for role in (Role.SIGNER, Role.CLERK, Role.RETURNER):
        give_role(province.stranger, commune, role)
    assert faults(province) == []


def test_a_fee_asks_for_a_step_that_takes_it(province: Province) -> None:
    limit = ChannelLimit.objects.create(
        version=version_of(province), position=0, channel="in_person", limit_unit="none"
    )
    Fee.objects.create(channel_limit=limit, position=0, amount_vnd=150000)
    assert len(faults(province)) == 1
    made = draft(province)
    made.fee_rule = "at_return"
    made.save()
    made.steps.filter(code="TK").update(takes_fee=True)
    assert processes.faults_of(made, today=TODAY) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"decision_number": " "}, "decision_number"),
        ({"decision_on": dt.date(2026, 8, 4)}, "decision_on"),
        ({"valid_from": dt.date(2026, 8, 2)}, "valid_from"),
    ],
)
def test_a_decision_is_whole_and_binds_nobody_backwards(
    province: Province, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(ActDataError) as refused:
        published(province, **changes)
    assert set(refused.value.errors) == {field}


def test_another_process_replaces_it_and_never_on_the_same_day(province: Province) -> None:
    first = published(province)
    with pytest.raises(ActDataError):
        published(province, valid_from=TODAY)
    second = published(province, valid_from=dt.date(2026, 8, 10))
    first.refresh_from_db()
    assert first.valid_to == dt.date(2026, 8, 9)
    assert (second.number, second.valid_to) == (2, None)


# Never changed


def test_the_database_keeps_what_is_published(province: Province) -> None:
    done = published(province)
    for change in (
        "UPDATE procedures_step SET minutes_in_person = 1",
        "DELETE FROM procedures_stepbranch",
        "DELETE FROM procedures_step",
        "UPDATE procedures_internalprocess SET decision_number = 'x'",
        "UPDATE procedures_internalprocess SET valid_from = valid_from - 30",
        "DELETE FROM procedures_internalprocess",
    ):
        with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
    with pytest.raises(Error), transaction.atomic():
        Step.objects.create(
            process=done, position=9, code="X", name="X", role="clerk", state="signed"
        )
    with pytest.raises(processes.PublishedError), transaction.atomic():
        processes.draft_locked(done)
    other = draft(province)
    step_of_other = other.steps.get(code="TD")
    step_of_other.process = done
    with pytest.raises(Error), transaction.atomic():
        step_of_other.save()
    with pytest.raises(Error), transaction.atomic():
        StepBranch.objects.create(step=done.steps.get(code="TN"), to=done.steps.get(code="KY"))


def test_its_last_day_is_told_once(province: Province) -> None:
    done = published(province)
    done.valid_to = dt.date(2026, 9, 1)
    done.save()
    done.valid_to = dt.date(2026, 10, 1)
    with pytest.raises(Error), transaction.atomic():
        done.save()


@pytest.mark.parametrize(
    "changes",
    [
        {"published_at": dt.datetime(2026, 8, 3, tzinfo=dt.UTC)},
        {"valid_from": TODAY},
        {"valid_to": TODAY},
    ],
)
def test_no_row_is_half_published(province: Province, changes: dict[str, Any]) -> None:
    with pytest.raises(Error), transaction.atomic():
        InternalProcess.objects.create(version=version_of(province), number=7, **changes)


def test_a_draft_is_made_once_and_goes_with_its_steps(province: Province) -> None:
    made = draft(province)
    assert processes.draft_for(version_of(province), None, by=province.reformer) == made
    made.delete()
    assert not Step.objects.exists()


def test_a_copy_is_a_draft_for_the_version_in_force(province: Province) -> None:
    done = published(province)
    newer = ProcedureVersion.objects.create(procedure=province.procedure, number=2, name="Mới")
    copy = processes.copy_to_draft(done, by=province.reformer, today=TODAY)
    assert (copy.version, copy.is_published) == (newer, False)
    told = [
        [
            (s.code, s.minutes_in_person, [(b.to.code, b.kind) for b in s.branches.all()])
            for s in each
        ]
        for each in (done.steps.all(), copy.steps.all())
    ]
    assert told[0] == told[1]
    assert done.steps.count() == 5


# Which process binds


@time_machine.travel(MONDAY, tick=False)
def test_a_dossier_keeps_the_process_of_its_receipt_day(province: Province) -> None:
    first = published(province)
    dossier = province.log()
    second = published(province, valid_from=dt.date(2026, 8, 4))
    with time_machine.travel("2026-08-04T08:00+07:00", tick=False):
        later = province.log()
    found = steps.with_process(Dossier.objects.order_by("pk"))
    assert [(d.pk, d.process_id_now) for d in found] == [  # type: ignore[attr-defined]
        (dossier.pk, first.pk),
        (later.pk, second.pk),
    ]


@time_machine.travel(MONDAY, tick=False)
def test_the_process_of_a_case_comes_before_that_of_all(province: Province) -> None:
    published(province)
    case = version_of(province).cases.get()
    own = processes.draft_for(version_of(province), case, by=province.reformer)
    with transaction.atomic():
        processes.replace_steps(own, straight_rows())
    processes.publish(
        own,
        by=province.reformer,
        decision_number="2",
        decision_on=TODAY,
        valid_from=TODAY,
        today=TODAY,
    )
    dossier = province.log()
    assert steps.with_process(Dossier.objects.all()).get(pk=dossier.pk).process_id_now == own.pk  # type: ignore[attr-defined]


@time_machine.travel(MONDAY, tick=False)
def test_without_a_process_there_is_no_step(province: Province) -> None:
    dossier = province.log()
    assert clock(dossier, "2026-08-20 08:00") is None
    draft(province)
    assert clock(dossier, "2026-08-20 08:00") is None


# Whose step is late


def clock(dossier: Dossier, now: str) -> steps.StepClock | None:
    """Return the step clock by both ways of reading it, which must agree."""
    from agencies.calendars import calendar_of

    moment, calendar = local(now), calendar_of()
    row = steps.with_trail(Dossier.objects.filter(pk=dossier.pk)).get()
    by_row = steps.clock_of_row(row, moment, calendar)
    one = steps.with_process(Dossier.objects.filter(pk=dossier.pk)).get()
    by_events = steps.clock_of(one, list(one.events.order_by("seq")), moment, calendar)
    assert by_row == by_events
    return by_row


@time_machine.travel(MONDAY, tick=False)
def test_the_running_step_and_its_time(province: Province) -> None:
    published(province)
    dossier = province.log()
    found = clock(dossier, "2026-08-03 10:00")
    assert found is not None
    assert (found.codes, found.since, found.allotted, found.used, found.is_late) == (
        ("TN",),
        local("2026-08-03 08:00"),
        240,
        120,
        False,
    )
    late = clock(dossier, "2026-08-03 15:31")  # half past one to now, and the morning: 5 h 31 min
    assert late is not None
    assert late.is_late
    assert late.over_hours == "1,6"


@time_machine.travel(MONDAY, tick=False)
def test_waiting_to_be_assigned_is_nobodys_step(province: Province) -> None:
    published(province)
    assert clock(stages.awaiting_assignment(province), "2026-08-10 08:00") is None


@pytest.mark.parametrize(("may_pause", "used"), [(True, 8 * 60), (False, 24 * 60)])
def test_time_that_stands_counts_only_where_the_step_may_not_pause(
    province: Province, may_pause: bool, used: int
) -> None:
    rows = straight_rows()
    rows[1].step.may_pause = may_pause
    published(province, rows=rows)
    with time_machine.travel("2026-08-03T07:00+07:00", tick=False):
        dossier = stages.in_progress(province)
    with time_machine.travel("2026-08-03T11:00+07:00", tick=False):
        processing.request_supplement(dossier, by=province.specialist, reason="Thiếu")
    standing = clock(dossier, "2026-08-04 11:00")
    assert standing is not None
    assert standing.stands
    assert standing.used == (4 * 60 if may_pause else 12 * 60)
    with time_machine.travel("2026-08-05T11:00+07:00", tick=False):
        processing.accept_supplement(dossier, by=province.receptionist)
    found = clock(dossier, "2026-08-05 17:00")
    assert found is not None
    assert (found.codes, found.used, found.stands) == (("TD",), used, False)


@time_machine.travel(MONDAY, tick=False)
def test_the_channel_decides_the_time(province: Province) -> None:
    published(province, rows=straight_rows(TN=30))
    assert clock(province.log(), "2026-08-03 09:00").allotted == 240  # type: ignore[union-attr]
    online = clock(province.log(channel="online"), "2026-08-03 09:00")
    assert online is not None
    assert (online.allotted, online.is_late) == (30, True)


@time_machine.travel(MONDAY, tick=False)
def test_after_the_end_no_step_runs(province: Province) -> None:
    published(province)
    settled = stages.settled(province)
    assert clock(settled, "2026-09-30 08:00") is None
    assert (
        clock(closing.return_result(settled, by=province.receptionist), "2026-09-30 08:00") is None
    )


# On the pages, and only there


@pytest.fixture
def late(province: Province) -> Dossier:
    """A dossier whose examination took 20 of 16 hours; its promise is not over."""
    published(province)
    with time_machine.travel("2026-08-03T07:00+07:00", tick=False):
        return stages.in_progress(province)


NOW = "2026-08-05T11:00+07:00"  # 20 working hours on; due on Monday the 10th


@time_machine.travel(NOW, tick=False)
def test_the_officer_sees_the_step_on_the_dossier(province: Province, late: Dossier) -> None:
    text = page(browser_of(province.specialist).get(f"/ho-so/{late.code}/"))
    assert "Bước nội bộ" in text
    assert "Trễ bước 4 giờ" in text
    assert "16 giờ làm việc" in text
    assert 'data-timeliness="overdue"' not in text


@time_machine.travel(NOW, tick=False)
def test_the_board_marks_the_step_beside_the_promise(province: Province, late: Dossier) -> None:
    text = page(browser_of(province.head).get("/bang-dieu-hanh/", {"nhom": "con-han"}))
    assert "Trễ bước 4 giờ" in text
    assert 'data-timeliness="in-time"' in text
    # It counts among nothing: no dossier is overdue.
    assert "Quá hạn: 0 hồ sơ" in page(browser_of(province.head).get("/bang-dieu-hanh/"))


@time_machine.travel(NOW, tick=False)
def test_a_citizen_sees_nothing_of_it(province: Province, late: Dossier) -> None:
    from django.test import Client

    answer = Client().post("/tra-cuu/ket-qua/", {"code": late.code, "proof": "4215"}, follow=True)
    text = page(answer)
    assert str(late.code) in text
    assert "Trễ bước" not in text
    assert "Bước nội bộ" not in text
    assert "Bước TD" not in text


@time_machine.travel(NOW, tick=False)
def test_no_report_knows_of_it(province: Province, late: Dossier) -> None:
    from agencies.calendars import calendar_of
    from dossiers import boards

    counted = boards.counts(
        Dossier.objects.open(), boards.Bounds.at(local("2026-08-05 11:00"), calendar_of())
    )
    assert counted.groups["qua-han"] == 0
    assert Dossier.objects.overdue(local("2026-08-05 11:00")).count() == 0


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize("who", ["head", "reformer"])
def test_the_board_asks_no_query_more_for_its_steps(
    province: Province, late: Dossier, who: str
) -> None:
    client = browser_of(getattr(province, who))
    client.get("/bang-dieu-hanh/?nhom=con-han")  # reads the plan once for this process
    figures = []
    for more in (0, 29):
        with time_machine.travel("2026-08-03T07:00+07:00", tick=False):
            for _ in range(more):
                stages.in_progress(province)
        with count_queries() as counted:
            text = page(client.get("/bang-dieu-hanh/?nhom=con-han"))
        assert text.count("Trễ bước") == more + 1
        figures.append(len(counted))
    assert figures[0] == figures[1] <= 6, str(counted)


@time_machine.travel(NOW, tick=False)
def test_a_dossier_with_a_step_is_read_with_at_most_8_queries(
    province: Province, late: Dossier
) -> None:
    client = browser_of(province.specialist)
    client.get(f"/ho-so/{late.code}/")
    with count_queries() as counted:
        assert "Trễ bước" in page(client.get(f"/ho-so/{late.code}/"))
    assert len(counted) <= 8, str(counted)


@time_machine.travel(NOW, tick=False)
def test_the_timeline_says_for_whom_it_was_done(province: Province, late: Dossier) -> None:
    from agencies.delegations import delegate

    colleague = OfficerFactory.create(agency=province.department, full_name="Bùi Thị Đào")
    delegate(
        by=province.specialist,
        giver=province.specialist,
        to=colleague,
        agency=province.department,
        roles=[Role.SPECIALIST],
        valid_from=dt.date(2026, 8, 5),
        valid_to=dt.date(2026, 8, 7),
        document_number="1",
        reason="Nghỉ",
    )
    processing.propose(late, by=colleague)
    client = browser_of(province.head)
    client.get(f"/ho-so/{late.code}/")
    with count_queries() as counted:
        text = page(client.get(f"/ho-so/{late.code}/"))
    assert f"thay mặt {province.specialist.full_name}" in text
    assert len(counted) <= 8, str(counted)


# The limit in working minutes


@pytest.mark.parametrize(
    ("value", "unit", "minutes"),
    [
        ("5", Unit.WORKING_DAY, 2400),
        ("7.5", Unit.WORKING_DAY, 3600),
        ("21.5", Unit.WORKING_HOUR, 1290),
        ("7", Unit.DAY, 2400),
        ("10", Unit.DAY, 6 * 480),
        ("1", Unit.DAY, 480),
        ("1", Unit.MONTH, 20 * 480),
        (None, Unit.SAME_DAY, 480),
        (None, Unit.NONE, None),
    ],
)
def test_a_limit_in_working_minutes(value: Decimal | None, unit: Unit, minutes: int | None) -> None:
    from decimal import Decimal as Number

    assert processes.limit_minutes(Limit(Number(value) if value else None, unit)) == minutes
