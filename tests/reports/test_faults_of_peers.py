"""The faults seen in other systems' statistics, each tried here by name.

Source: national-portal-and-data.md 1.1 ("Statistics columns", "What is wrong with it", what users
asked for) and 1.2; anchors-systems.md part B. What happens is done by the services, and the table
is counted before and after.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.contrib.admin.sites import site
from django.test import RequestFactory

from agencies.scope import Scope
from dossiers.models import Dossier
from dossiers.services import closing, correcting, intake, pausing, payment, processing
from reports import exports, periods, settlement, timeliness
from reports.models import OnTimeRate
from reports.periods import Period
from reports.settlement import By, Counted, Settlement
from tests.budgets import count_queries
from tests.dossiers import stages
from tests.factories import local
from tests.province import make_province
from tests.reports import made
from tests.reports.test_chains import make_chain

if TYPE_CHECKING:
    from tests.province import Province

pytestmark = pytest.mark.django_db

JUNE = periods.from_code("qd766-2026-m6")
LATER = dt.date(2026, 12, 1)


def table(
    period: Period = JUNE, *, today: dt.date = LATER, counted: Counted = Counted.SETTLING
) -> Settlement:
    in_sight = settlement.agencies_in_sight(Scope(sees_everything=True))
    root = settlement.default_agency(in_sight, None)
    return settlement.count(
        period, agency=root, in_sight=in_sight, by=By.AGENCY, today=today, counted=counted
    )


def on(*days: str) -> Period:
    first, last = dt.date.fromisoformat(days[0]), dt.date.fromisoformat(days[-1])
    return periods.free(first, last)


def nonzero(report: Settlement) -> dict[str, int]:
    return {name: value for name, value in report.totals.as_dict().items() if value}


def in_june(province: Province) -> dict[str, Dossier]:
    """A dossier in every situation in which a month may end; all of 1 June, a Monday."""
    with time_machine.travel("2026-06-01T09:00+07:00", tick=False):
        return {
            name: stage(province)
            for name, stage in (
                ("running", stages.in_progress),
                ("to be late", stages.in_progress),
                ("waiting for papers", stages.awaiting_supplement),
                ("waiting for money", stages.awaiting_payment),
                ("suspended", stages.suspended),
                ("to be withdrawn", stages.withdrawal_requested),
                ("to be stopped", stages.in_progress),
                ("stopped", stages.stopped),
                ("waiting for its owner", stages.settled),
                ("returned", stages.returned),
                ("not accepted", stages.submitted),
            )
        }


def all_that_can_happen(p: Province, dossiers: dict[str, Dossier]) -> None:
    """Do in July whatever may be done with what June left."""
    there = {name: Dossier.objects.get(pk=d.pk) for name, d in dossiers.items()}
    with time_machine.travel("2026-07-06T09:00+07:00", tick=False):
        pausing.extend(
            there["running"], by=p.head, reason="Nhiều hồ sơ", new_due_on=dt.date(2026, 8, 3)
        )
        proposed = processing.propose(there["to be late"], by=p.specialist)
        closing.publish(processing.approve(proposed, by=p.head), by=p.clerk, result_number="1/KQ")
        processing.accept_supplement(there["waiting for papers"], by=p.receptionist)
        payment.confirm_payment(there["waiting for money"], by=p.receptionist, **stages.PAID)
        pausing.resume(there["suspended"], by=p.head)
        closing.grant_withdrawal(there["to be withdrawn"], by=p.head)
        closing.stop(there["to be stopped"], by=p.head, reason="Trùng hồ sơ")
        closing.return_result(there["waiting for its owner"], by=p.receptionist)
        correcting.correct_result(there["returned"], by=p.head, reason="Sai tên")
        intake.receive(there["not accepted"], by=p.receptionist)


def test_opencps_1_a_closed_month_stays_as_it_was_whatever_happens_after() -> None:
    """Theirs counted the status of today, so that a closed month changed later."""
    province = make_province()
    dossiers = in_june(province)
    before = table(today=dt.date(2026, 7, 1))
    # The statements of "as of the end of June", by hand: seven of ten open, four of them late.
    assert nonzero(before) == {
        "received_total": 10,
        "received_direct": 10,
        "settled_total": 3,
        "settled_early": 3,
        "open_total": 7,
        "open_in_time": 3,
        "open_overdue": 4,
    }
    all_that_can_happen(province, dossiers)
    after = table(today=LATER)
    assert after.totals == before.totals
    assert {row.code: row.figures for row in after.rows} == {
        row.code: row.figures for row in before.rows
    }
    # And it did happen: July says so, and begins with what June left.
    july = table(periods.from_code("qd766-2026-m7"))
    assert july.totals.carried_over == before.totals.open_total
    assert july.totals.settled_total == 3


def test_opencps_2_what_was_received_and_what_was_settled_have_days_of_their_own() -> None:
    """Theirs took the Saturday of receipt for the Saturday of release."""
    province = make_province()
    with time_machine.travel("2026-06-06T09:00+07:00", tick=False):  # a Saturday on duty
        saturday = stages.signed(province)
    with time_machine.travel("2026-06-08T09:00+07:00", tick=False):
        closing.publish(saturday, by=province.clerk, result_number="1/KQ")
        monday = stages.signed(province)
    with time_machine.travel("2026-06-13T09:00+07:00", tick=False):  # and the next
        closing.publish(monday, by=province.clerk, result_number="2/KQ")
    days = {
        day: (found.received_direct, found.settled_total)
        for day in ("2026-06-06", "2026-06-08", "2026-06-13")
        for found in [table(on(day)).totals]
    }
    assert days == {"2026-06-06": (1, 0), "2026-06-08": (1, 1), "2026-06-13": (0, 1)}


def test_opencps_3_lateness_is_counted_with_who_was_late_and_never_always() -> None:
    """Theirs counted every delay as inside and none as outside.

    Whose delay it was by holder is a report of the later issue; the table has it by agency.
    """
    here = made.province()
    make_chain(
        here,
        [
            (here.department, "2026-06-10 17:00", "2026-06-09 09:00"),  # in time
            (here.commune, "2026-06-10 17:00", "2026-06-12 09:00"),  # and late
        ],
    )
    late = {row.code: row.figures.settled_late for row in table().rows}
    assert late == {"H01": 0, "H01.07": 0, "H01.07.01": 0, "H01.51": 1}


@pytest.mark.parametrize("extended", [False, True])
def test_opencps_4_without_a_due_date_nothing_is_early_and_with_one_no_extension_is_needed(
    extended: bool,
) -> None:
    here = made.province()
    made.dossier(
        here.commune, here.birth, received="2026-06-01 09:00", due=None, settled="2026-06-02 09:00"
    )
    early = made.dossier(
        here.commune,
        here.birth,
        received="2026-06-01 09:00",
        due="2026-06-10 17:00",
        settled="2026-06-02 09:00",
    )
    if extended:
        Dossier.objects.filter(pk=early.pk).update(due_promised_at=local("2026-06-20 17:00"))
    totals = table().totals
    assert (totals.settled_early, totals.settled_on_time) == (1, 1)


def test_opencps_no_figure_is_written_in_by_hand() -> None:
    """Theirs kept a second table of corrections; a rate changed here is computed back."""
    here = made.province()
    made.dossier(
        here.commune,
        here.birth,
        received="2026-06-01 09:00",
        due="2026-06-10 17:00",
        settled="2026-06-12 09:00",
    )
    day, now = dt.date(2026, 6, 30), local("2026-07-01 02:00")
    timeliness.compute(day, now=now)
    figures: list[Any] = list(OnTimeRate.objects.order_by("pk").values())
    late = next(name for name in figures[0] if "late" in name)
    assert any(row[late] for row in figures)
    OnTimeRate.objects.update(**{late: 0})
    timeliness.compute(day, now=now)
    assert list(OnTimeRate.objects.order_by("pk").values()) == figures
    request = RequestFactory().get("/")
    for model, admin in site._registry.items():
        if model._meta.app_label == "reports":
            assert not admin.has_add_permission(request)
            assert not admin.has_change_permission(request)


def test_opencps_1068_all_columns_asked_for_are_there_and_in_the_workbook() -> None:
    here = made.province()
    made.dossier(here.commune, here.birth, received="2026-06-01 09:00", due="2026-06-10 17:00")
    report = table()
    assert set(report.totals.as_dict()) >= {
        "carried_over", "received_total", "settled_late", "settled_total", "open_total",
    }  # fmt: skip
    assert exports.to_xlsx(report).startswith(b"PK")


def test_opencps_1293_who_had_nothing_has_a_row_of_noughts() -> None:
    """Theirs left out departments without dossiers."""
    here = made.province()
    made.dossier(here.commune, here.birth, received="2026-06-01 09:00", due="2026-06-10 17:00")
    rows = {row.code: row.figures.received_total for row in table().rows}
    assert rows == {"H01": 0, "H01.07": 0, "H01.07.01": 0, "H01.51": 1}


def test_opencps_1434_a_chain_is_one_request_and_never_counted_twice() -> None:
    here = made.province()
    parts: list[tuple[Any, str, str | None]] = [
        (here.department, "2026-06-10 17:00", None),
        (here.commune, "2026-06-10 17:00", None),
    ]
    make_chain(here, parts)
    assert table(counted=Counted.RECEIVING).totals.received_total == 1
    assert table(counted=Counted.SETTLING).totals.received_total == len(parts)


@pytest.mark.parametrize("dossiers", [1, 30])
def test_opencps_2030_the_table_is_one_statement_however_much_there_is(dossiers: int) -> None:
    """Theirs were too slow; docs/benchmarks.md has the milliseconds."""
    here = made.province()
    for number in range(dossiers):
        made.dossier(
            [here.commune, here.department][number % 2],
            here.birth,
            received="2026-06-01 09:00",
            due="2026-06-10 17:00",
        )
    in_sight = settlement.agencies_in_sight(Scope(sees_everything=True))
    with count_queries() as counted:
        settlement.count(JUNE, agency=here.root, in_sight=in_sight, by=By.AGENCY, today=LATER)
    assert len(counted) == 1, str(counted)


def test_td_overdue_and_in_time_are_two_figures() -> None:
    """Theirs asked one condition for both columns, so that they were equal."""
    here = made.province()
    for due in ("2026-06-10 17:00", "2026-06-11 17:00", "2026-07-15 17:00"):
        made.dossier(here.commune, here.birth, received="2026-06-01 09:00", due=due)
    totals = table().totals
    assert (totals.open_total, totals.open_in_time, totals.open_overdue) == (3, 1, 2)


def test_td_a_wait_and_a_refusal_are_in_no_column_of_the_settled() -> None:
    """Theirs told 5, 6 and 8 as 9: what waits is open, and what was not accepted is nowhere."""
    province = make_province()
    with time_machine.travel("2026-06-01T09:00+07:00", tick=False):
        stages.awaiting_supplement(province)
        stages.awaiting_payment(province)
        intake.refuse(stages.submitted(province), by=province.receptionist, reason="Sai nơi")
    assert nonzero(table()) == {
        "received_total": 2,
        "received_direct": 2,
        "open_total": 2,
        "open_in_time": 2,
    }


def test_zammad_a_limit_changed_later_changes_no_past_figure() -> None:
    """Theirs says itself that its update statistics may be wrong after a change of the limits."""
    province = make_province()
    with time_machine.travel("2026-06-01T09:00+07:00", tick=False):
        dossier = stages.signed(province)
    with time_machine.travel("2026-06-08T09:00+07:00", tick=False):
        closing.publish(dossier, by=province.clerk, result_number="3/KQ")
    before = table().totals
    province.procedure.versions.get().cases.update(limit_value=1)
    assert table().totals == before
    assert (before.settled_on_time, before.settled_early, before.settled_late) == (1, 0, 0)
