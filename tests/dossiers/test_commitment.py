"""The time a province commits to instead of the law's (domain.md 3.10)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from agencies.calendar_data import default_calendar
from agencies.working_time import LOCAL_ZONE
from dossiers.deadlines import Limit, LimitError, Unit, committed_limit, due_at
from dossiers.deadlines.commitment import fewest_days
from dossiers.models import Dossier
from dossiers.paperwork.printing import render
from procedures.models import ProcedureVersion
from tests.dossiers import papers
from tests.dossiers.pages import browser_of, page, typed
from tests.factories import ProcedureFactory

if TYPE_CHECKING:
    from tests.province import Province

at = dt.datetime.fromisoformat
CALENDAR = default_calendar()
TENTH = Decimal("0.9")


@pytest.mark.parametrize(
    ("value", "unit", "expected", "expected_unit"),
    [
        # domain.md 3.10: 15 → 13, 10 → 9; 3 wd = 24 h → 21.6 → 21.5 h.
        ("15", "working_day", "13", "working_day"),
        ("10", "working_day", "9", "working_day"),
        ("6", "working_day", "5", "working_day"),
        ("5.5", "working_day", "4", "working_day"),
        ("5", "working_day", "36", "working_hour"),
        ("3", "working_day", "21.5", "working_hour"),
        ("1", "working_day", "7", "working_hour"),
        ("0.5", "working_day", "3.5", "working_hour"),
        ("40", "working_hour", "36", "working_hour"),
        ("1", "working_hour", "0.5", "working_hour"),
        ("30", "day", "27", "day"),
        ("15", "day", "13", "day"),
        ("1", "month", "25", "day"),  # of 28 days, the shortest month
        ("2", "month", "53", "day"),  # of 59
        ("1.5", "month", "38", "day"),  # of 28 + 15
        ("12", "month", "328", "day"),  # of 365
    ],
)
def test_a_tenth_is_cut_and_rounded_down(
    value: str, unit: str, expected: str, expected_unit: str
) -> None:
    shorter = committed_limit(Limit(Decimal(value), Unit(unit)))
    assert shorter is not None
    assert (shorter.value, shorter.unit) == (Decimal(expected), Unit(expected_unit))


@pytest.mark.parametrize(
    ("value", "unit"), [(None, "same_day"), (None, "none"), ("0.5", "working_hour"), ("1", "day")]
)
def test_where_nothing_is_left_nothing_is_committed(value: str | None, unit: str) -> None:
    assert committed_limit(Limit(Decimal(value) if value else None, Unit(unit))) is None


def test_another_cut_may_be_ordered_and_a_cut_of_all_may_not() -> None:
    twenty = Limit(Decimal(20), Unit.WORKING_DAY, dt.time(11))
    shorter = committed_limit(twenty, Decimal("0.3"))
    assert shorter == Limit(Decimal(14), Unit.WORKING_DAY, dt.time(11))
    for wrong in ("0", "1", "-0.1", "1.5"):
        with pytest.raises(LimitError) as refused:
            committed_limit(twenty, Decimal(wrong))
        assert str(refused.value) == "cut: a cut lies between 0 and 1"


def test_the_shortest_months_are_those_of_february() -> None:
    assert [fewest_days(n) for n in (0, 1, 2, 3, 12, 13)] == [0, 28, 59, 89, 365, 393]


@given(
    st.decimals("0.25", 60, places=2),
    st.sampled_from([Unit.WORKING_HOUR, Unit.WORKING_DAY, Unit.DAY, Unit.MONTH]),
    st.datetimes(
        dt.datetime(2019, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
        dt.datetime(2027, 12, 31),  # noqa: DTZ001
        timezones=st.just(LOCAL_ZONE),
    ),
)
def test_the_committed_date_is_never_later_and_the_cut_never_smaller(
    value: Decimal, unit: Unit, received: dt.datetime
) -> None:
    limit = Limit(value, unit)
    shorter = committed_limit(limit)
    if shorter is None:
        return
    assert shorter.value is not None
    if shorter.unit is unit:
        assert shorter.value <= value * TENTH
    elif unit is Unit.WORKING_DAY:
        assert shorter.value <= value * 8 * TENTH
    by_law, promised = due_at(limit, received, CALENDAR), due_at(shorter, received, CALENDAR)
    assert by_law is not None
    assert promised is not None
    assert promised <= by_law


# On dossiers.

RECEIVED = "2026-11-09T09:00+07:00"  # Monday
COMMITTED: dict[str, Any] = {
    "committed_value": Decimal(9),
    "committed_unit": "working_day",
    "committed_decision": "1234/QĐ-UBND",
}


def log(
    province: Province, limit: tuple[str | None, str] = ("10", "working_day"), **commitment: Any
) -> Dossier:
    procedure = ProcedureFactory.create(
        offering=province.department, cases=[limit], version_settings=commitment or COMMITTED
    )
    with time_machine.travel(RECEIVED, tick=False):
        logged = province.log(procedure=procedure)
    return Dossier.objects.get(pk=logged.pk)


def test_the_appointment_is_the_committed_date_and_the_law_keeps_its_own(
    province: Province,
) -> None:
    dossier = log(province)
    assert dossier.due_at == dossier.due_original_at == at("2026-11-20T17:00+07:00")  # 9 days
    assert dossier.due_statutory_at == at("2026-11-23T17:00+07:00")  # 10 days
    assert (dossier.limit_value, dossier.limit_unit) == (Decimal(10), "working_day")
    assert (dossier.committed_value, dossier.committed_unit) == (Decimal(9), "working_day")
    assert dossier.committed_decision == "1234/QĐ-UBND"
    event = dossier.events.get(act="receive")
    assert event.data["committed"] == ["9.000", "working_day", "1234/QĐ-UBND"]


def test_past_the_committed_date_it_is_overdue_and_past_the_laws_it_is_so_twice(
    province: Province,
) -> None:
    log(province)
    between = at("2026-11-21T09:00+07:00")
    assert Dossier.objects.overdue(between).count() == 1
    assert Dossier.objects.statutory_overdue(between).count() == 0
    assert Dossier.objects.statutory_overdue(at("2026-11-23T17:01+07:00")).count() == 1


@pytest.mark.parametrize(
    ("days", "applies"),
    [
        ({}, True),
        ({"committed_from": dt.date(2026, 11, 9), "committed_until": dt.date(2026, 11, 9)}, True),
        ({"committed_from": dt.date(2026, 11, 10)}, False),
        ({"committed_until": dt.date(2026, 11, 8)}, False),
    ],
    ids=str,
)
def test_a_commitment_holds_on_its_days(
    province: Province, days: dict[str, Any], applies: bool
) -> None:
    dossier = log(province, **{**COMMITTED, **days})
    assert bool(dossier.committed_unit) is applies
    assert (dossier.due_at != dossier.due_statutory_at) is applies


def test_a_commitment_longer_than_the_law_binds_nobody(province: Province) -> None:
    dossier = log(province, ("5", "working_day"))
    assert (dossier.committed_value, dossier.committed_unit) == (None, "")
    assert dossier.due_at == dossier.due_statutory_at == at("2026-11-16T17:00+07:00")


def test_where_the_law_states_no_time_a_commitment_does(province: Province) -> None:
    dossier = log(province, (None, "none"))
    assert dossier.due_statutory_at is None
    assert dossier.due_at == at("2026-11-20T17:00+07:00")


def test_the_receipt_says_both_times_and_whose_decision_it_was(province: Province) -> None:
    slip = log(province).slips.get()
    text = papers.text_of(render(slip))
    assert (
        "Thời gian giải quyết theo quy định: 09 ngày làm việc (cắt giảm theo 1234/QĐ-UBND; "
        "luật định: 10 ngày làm việc)"
    ) in text
    assert "Thời hạn 9 ngày làm việc, không kể ngày tiếp nhận" in text
    assert "17 giờ 00 phút, ngày 20 tháng 11 năm 2026" in text


def test_the_counter_promises_what_it_will_give(province: Province) -> None:
    province.procedure.versions.update(**{**COMMITTED, "committed_value": Decimal(3)})
    with time_machine.travel(RECEIVED, tick=False):
        client = browser_of(province.receptionist)
        body = typed(province, act="", pick=province.procedure.code, procedure="")
        told = page(client.post("/tiep-nhan/xem-truoc/", body, headers={"HX-Request": "true"}))
        dossier = province.log()
    assert dossier.due_on == dt.date(2026, 11, 12)
    assert "12/11/2026" in told
    assert "16/11/2026" not in told


def test_the_page_and_the_board_tell_the_laws_date_too(province: Province) -> None:
    dossier = log(province)
    with time_machine.travel("2026-11-23T16:00+07:00", tick=False):
        text = page(browser_of(province.head).get(f"/ho-so/{dossier.code}/"))
    assert "Hẹn theo thời hạn cam kết (1234/QĐ-UBND); hạn theo luật: 17:00, 23/11/2026" in text
    assert "quá cả hạn theo luật" not in text
    with time_machine.travel("2026-11-25T09:00+07:00", tick=False):
        board = page(browser_of(province.head).get("/bang-dieu-hanh/"))
    assert "Quá hạn 2 ngày làm việc, quá cả hạn theo luật" in board


@pytest.mark.parametrize(
    "half",
    [
        {"committed_value": Decimal(9)},
        {"committed_unit": "working_day", "committed_decision": "1"},
        {"committed_value": Decimal(0), "committed_unit": "day", "committed_decision": "1"},
        {"committed_value": Decimal(9), "committed_unit": "working_day"},
        {"committed_value": Decimal(9), "committed_unit": "same_day", "committed_decision": "1"},
        {"committed_from": dt.date(2026, 2, 1), "committed_until": dt.date(2026, 1, 1)},
    ],
    ids=str,
)
def test_half_a_commitment_is_refused(province: Province, half: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="commitment"), transaction.atomic():
        ProcedureVersion.objects.update(**half)
