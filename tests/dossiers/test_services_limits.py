"""Which stated limit binds: the case's, else the channel's, else none."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import time_machine

from dossiers.clockwork import explain, stated_limit
from dossiers.deadlines import Limit, LimitError, Unit
from dossiers.models import Dossier
from dossiers.services import intake
from procedures.models import ChannelLimit, ProcedureCase
from tests.dossiers.stages import submitted
from tests.factories import ProcedureFactory

if TYPE_CHECKING:
    from tests.province import Province

Stated = tuple[str | None, str] | None
FIVE, THREE = ("5", "working_day"), ("3", "day")
OTHER, NONE, SAME_DAY = (None, "other"), (None, "none"), (None, "same_day")


def limit(value: str | None, unit: str) -> Limit:
    return Limit(Decimal(value) if value is not None else None, Unit(unit))


# fmt: off
TABLE: list[tuple[Stated, Stated, Limit]] = [
    # the case           the channel           what binds
    (FIVE,               None,                 limit(*FIVE)),
    (FIVE,               THREE,                limit(*FIVE)),
    (OTHER,              THREE,                limit(*THREE)),
    (("7", "other"),     THREE,                limit(*THREE)),
    (OTHER,              OTHER,                limit(*NONE)),
    (OTHER,              None,                 limit(*NONE)),
    (None,               THREE,                limit(*THREE)),
    (None,               OTHER,                limit(*NONE)),
    (None,               None,                 limit(*NONE)),
    ((None, "day"),      THREE,                limit(*THREE)),
    ((None, "day"),      (None, "month"),      limit(*NONE)),
    (SAME_DAY,           THREE,                limit(*SAME_DAY)),
    (NONE,               THREE,                limit(*NONE)),
    (("0", "day"),       THREE,                limit(*SAME_DAY)),
    (("0", "month"),     None,                 limit(*SAME_DAY)),
    (("0.000", "working_hour"), None,          limit(*SAME_DAY)),
    (None,               ("0", "working_day"), limit(*SAME_DAY)),
    (("7.5", "working_day"), None,             limit("7.5", "working_day")),
    (("6.25", "month"),  None,                 limit("6.25", "month")),
]
# fmt: on


@pytest.mark.parametrize(("case", "channel", "binds"), TABLE, ids=str)
def test_the_cases_limit_binds_else_the_channels(
    case: Stated, channel: Stated, binds: Limit
) -> None:
    rows = [ChannelLimit(channel="online", limit_value=Decimal(1), limit_unit="day")]
    if channel:
        rows.append(
            ChannelLimit(channel="in_person", limit_unit=channel[1], limit_value=number(channel))
        )
    stated = ProcedureCase(limit_unit=case[1], limit_value=number(case)) if case else None
    assert stated_limit(stated, rows, "in_person") == binds


def number(stated: tuple[str | None, str]) -> Decimal | None:
    return Decimal(stated[0]) if stated[0] is not None else None


def test_only_the_channel_of_the_submission_counts() -> None:
    rows = [
        ChannelLimit(channel="in_person", limit_value=Decimal(5), limit_unit="working_day"),
        ChannelLimit(channel="online", limit_value=Decimal(3), limit_unit="working_day"),
    ]
    assert stated_limit(None, rows, "online") == limit("3", "working_day")
    assert stated_limit(None, rows, "in_person") == limit("5", "working_day")
    assert stated_limit(None, rows, "post") == limit(None, "none")


@pytest.mark.parametrize(("value", "unit"), [("3661", "day"), ("121", "month"), ("-1", "day")])
def test_a_stored_limit_out_of_all_bounds_is_an_error(value: str, unit: str) -> None:
    with pytest.raises(LimitError):
        stated_limit(ProcedureCase(limit_value=Decimal(value), limit_unit=unit), [], "post")


@time_machine.travel("2026-11-16T09:00+07:00", tick=False)  # a Monday
@pytest.mark.parametrize(
    ("cases", "channel", "due_on"),
    [
        ([("5", "working_day")], "in_person", "2026-11-23"),
        ([("5", "working_day")], "online", "2026-11-23"),
        ([(None, "other")], "in_person", "2026-11-19"),
        ([(None, "other")], "online", "2026-11-17"),
        ([(None, "other")], "post", None),
        ([], "online", "2026-11-17"),
        ([("0", "working_day")], "online", "2026-11-16"),
    ],
)
def test_a_dossier_is_promised_by_the_limit_that_binds(
    province: Province, cases: list[tuple[str | None, str]], channel: str, due_on: str | None
) -> None:
    procedure = ProcedureFactory.create(
        cases=cases,
        channels=[
            ("in_person", "3", "working_day"),
            ("online", "1", "working_day"),
            ("post", None, "other"),
        ],
        offering=province.department,
    )
    expected = dt.date.fromisoformat(due_on) if due_on else None
    assert province.log(procedure=procedure, channel=channel).due_on == expected
    # The same whichever way it came in.
    waiting = submitted(province, procedure=procedure, channel=channel)
    assert intake.receive(waiting, by=province.receptionist).due_on == expected


@time_machine.travel("2026-11-16T15:30+07:00", tick=False)
def test_the_cut_off_of_the_version_decides_a_same_day_promise(province: Province) -> None:
    procedure = ProcedureFactory.create(cases=[(None, "same_day")], offering=province.department)
    assert province.log(procedure=procedure).due_on == dt.date(2026, 11, 17)
    procedure.versions.update(same_day_cutoff=dt.time(16))
    assert province.log(procedure=procedure).due_on == dt.date(2026, 11, 16)


@time_machine.travel("2026-11-16T09:00+07:00", tick=False)
def test_a_dossier_keeps_the_limit_of_the_day_of_receipt(province: Province) -> None:
    dossier = province.log()
    ProcedureCase.objects.update(limit_value=Decimal(99))
    row = Dossier.objects.get(pk=dossier.pk)
    assert row.limit_value == Decimal(5)
    told = explain(row)
    assert told is not None
    assert told.due_at == row.due_at
    assert [day.counts for day in told.days].count(True) == 5


def test_a_dossier_without_a_date_has_nothing_to_explain(province: Province) -> None:
    procedure = ProcedureFactory.create(cases=[(None, "none")], offering=province.department)
    assert explain(province.log(procedure=procedure)) is None
