"""A hand-computed month, every class of domain.md 3.7 in it, and what must hold for any month."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from agencies.models import Agency
from agencies.scope import Scope
from dossiers.models import Dossier
from procedures.models import Offering
from reports import periods, settlement
from reports.periods import Period
from reports.settlement import By, Figures, IdentityError, Settlement
from tests.factories import AgencyFactory, DossierFactory, ProcedureFactory, local
from tests.reports import made

pytestmark = pytest.mark.django_db

JUNE = periods.from_code("qd766-2026-m6")
LATER = date(2026, 8, 1)


def table(
    period: Period = JUNE, *, agency: Agency | None = None, by: By = By.AGENCY, today: date = LATER
) -> Settlement:
    in_sight = settlement.agencies_in_sight(Scope(sees_everything=True))
    root = agency or settlement.default_agency(in_sight, None)
    return settlement.count(period, agency=root, in_sight=in_sight, by=by, today=today)


def nonzero(figures: Figures) -> dict[str, int]:
    return {name: value for name, value in figures.as_dict().items() if value}


# One dossier each: what happened, and where the month of June 2026 counts it.
CASES: dict[str, tuple[dict[str, Any], tuple[str, str] | None]] = {
    "settled the day before the promise": (
        {"received": "2026-06-01 09:00", "due": "2026-06-05 17:00", "settled": "2026-06-04 16:00", "channel": "online"},
        ("received_online", "settled_early"),
    ),
    "settled on the day of the promise": (
        {"received": "2026-06-01 09:00", "due": "2026-06-05 17:00", "settled": "2026-06-05 16:00"},
        ("received_direct", "settled_on_time"),
    ),
    "settled half an hour after the promised hour": (
        {"received": "2026-06-02 09:00", "due": "2026-06-05 17:00", "settled": "2026-06-05 17:30", "channel": "post"},
        ("received_direct", "settled_late"),
    ),
    "settled at the very instant of the promise": (
        {"received": "2026-06-02 09:00", "due": "2026-06-05 17:00", "settled": "2026-06-05 17:00"},
        ("received_direct", "settled_on_time"),
    ),
    "carried in and settled late": (
        {"received": "2026-05-29 09:00", "due": "2026-06-03 17:00", "settled": "2026-06-08 09:00", "channel": "online"},
        ("carried_over", "settled_late"),
    ),
    "settled before the month": (
        {"received": "2026-05-25 09:00", "due": "2026-06-03 17:00", "settled": "2026-05-31 23:59"},
        None,
    ),
    "settled without a promise": (
        {"received": "2026-06-20 09:00", "due": None, "settled": "2026-06-25 09:00"},
        ("received_direct", "settled_on_time"),
    ),
    "withdrawn in time": (
        {"received": "2026-06-19 09:00", "due": "2026-06-26 17:00", "settled": "2026-06-22 09:00",
         "state": "withdrawn"},
        ("received_direct", "settled_early"),
    ),
    "stopped after the promise": (
        {"received": "2026-06-19 09:00", "due": "2026-06-25 17:00", "settled": "2026-06-27 09:00", "state": "stopped"},
        ("received_direct", "settled_late"),
    ),
    "result waiting to be collected": (
        {"received": "2026-06-01 09:00", "due": "2026-06-05 17:00", "settled": "2026-06-04 16:00", "state": "returned",
         "returned_at": local("2026-06-20 08:00")},
        ("received_direct", "settled_early"),
    ),
    "open, due the day before the last": (
        {"received": "2026-06-22 09:00", "due": "2026-06-29 17:00"},
        ("received_direct", "open_overdue"),
    ),
    "open, due in the morning of the last day": (
        {"received": "2026-06-23 09:00", "due": "2026-06-30 10:00"},
        ("received_direct", "open_in_time"),
    ),
    "open without a promise": (
        {"received": "2026-06-23 09:00", "due": None},
        ("received_direct", "open_in_time"),
    ),
    "settled after the month, overdue at its end": (
        {"received": "2026-06-10 09:00", "due": "2026-06-20 17:00", "settled": "2026-07-02 09:00"},
        ("received_direct", "open_overdue"),
    ),
    "received in the first minute of the month": (
        {"received": "2026-06-01 00:00", "due": "2026-07-01 17:00", "settled": "2026-06-30 23:59"},
        ("received_direct", "settled_early"),
    ),
    "received in the last minute before the month": (
        {"received": "2026-05-31 23:59", "due": "2026-07-10 17:00"},
        ("carried_over", "open_in_time"),
    ),
    "received after the month": (
        {"received": "2026-07-01 00:00", "due": "2026-07-10 17:00"},
        None,
    ),
    "entered weeks later": (
        {"received": "2026-06-10 09:00", "due": "2026-06-17 17:00", "settled": "2026-06-16 09:00", "entry": "late"},
        ("received_direct", "settled_early"),
    ),
    "imported with a result older than its receipt": (
        {"received": "2026-06-10 09:00", "due": "2026-06-20 17:00", "settled": "2026-05-05 09:00", "entry": "imported"},
        ("received_direct", "settled_early"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CASES))
def test_a_dossier_is_counted_in_one_column_of_each_half(name: str) -> None:
    here = made.province()
    happened, expected = CASES[name]
    made.dossier(here.department, here.land, **happened)
    totals = nonzero(table().totals)
    if expected is None:
        assert totals == {}
        return
    origin, outcome = expected
    half = "open_total" if outcome.startswith("open") else "settled_total"
    assert totals == {"received_total": 1, origin: 1, half: 1, outcome: 1}


def test_a_hand_computed_month() -> None:
    here = made.province()
    for happened, _ in CASES.values():
        made.dossier(here.department, here.land, **happened)
    assert table().totals.as_dict() == {
        "received_total": 17,
        "received_online": 1,
        "received_direct": 14,
        "carried_over": 2,
        "settled_total": 12,
        "settled_early": 6,
        "settled_on_time": 3,
        "settled_late": 3,
        "open_total": 5,
        "open_in_time": 3,
        "open_overdue": 2,
    }


def test_a_dossier_not_accepted_is_outside_the_table() -> None:
    here = made.province()
    DossierFactory.create(
        receiving_agency=here.department, procedure=here.land, submitted_only=True
    )
    DossierFactory.create(
        receiving_agency=here.department, procedure=here.land, submitted_only=True, state="refused"
    )
    assert table().totals == Figures()


def test_a_later_promise_does_not_mend_a_past_month() -> None:
    here = made.province()
    open_one = made.dossier(
        here.department, here.land, received="2026-06-15 09:00", due="2026-07-15 17:00",
        due_original_at=local("2026-06-26 17:00"),
    )  # fmt: skip
    made.change_due(open_one, "2026-07-02 09:00", "2026-06-26 17:00", "2026-07-15 17:00")
    assert table().totals.open_overdue == 1
    july = periods.free(date(2026, 7, 1), date(2026, 7, 14))
    assert table(july).totals.open_in_time == 1


def test_a_promise_moved_within_the_month_counts_as_moved() -> None:
    here = made.province()
    open_one = made.dossier(
        here.department, here.land, received="2026-06-15 09:00", due="2026-07-10 17:00",
        due_original_at=local("2026-06-20 17:00"),
    )  # fmt: skip
    made.change_due(open_one, "2026-06-18 09:00", "2026-06-20 17:00", "2026-07-08 17:00")
    made.change_due(open_one, "2026-07-03 09:00", "2026-07-08 17:00", "2026-07-10 17:00")
    assert table().totals.open_in_time == 1


def test_a_promise_first_made_after_the_month_is_none_in_it() -> None:
    here = made.province()
    open_one = made.dossier(
        here.department, here.land, received="2026-06-01 09:00", due="2026-06-10 17:00"
    )
    made.change_due(open_one, "2026-07-03 09:00", None, "2026-06-10 17:00")
    assert table().totals.open_in_time == 1


@pytest.mark.parametrize(
    ("start", "end", "outcome"),
    [
        ("2026-06-12 09:00", "2026-07-05 09:00", "open_in_time"),
        ("2026-06-12 09:00", "2026-07-01 00:00", "open_in_time"),
        ("2026-06-12 09:00", "2026-06-30 23:59", "open_overdue"),
        ("2026-06-12 09:00", "2026-06-13 09:00", "open_overdue"),
        ("2026-07-01 00:00", "2026-07-05 09:00", "open_overdue"),
    ],
)
def test_a_pause_counts_as_it_stood_at_the_end_of_the_period(
    start: str, end: str, outcome: str
) -> None:
    here = made.province()
    open_one = made.dossier(
        here.department, here.land, received="2026-06-10 09:00", due="2026-06-17 17:00"
    )
    made.pause(open_one, start, end)
    assert nonzero(table().totals).get(outcome) == 1


def test_a_dossier_still_paused_is_in_time() -> None:
    here = made.province()
    paused = made.dossier(
        here.department, here.land, received="2026-06-10 09:00", due="2026-06-17 17:00",
        state="awaiting_supplement", paused_at=local("2026-06-12 09:00"),
    )  # fmt: skip
    made.pause(paused, "2026-06-12 09:00", None)
    assert table().totals.open_in_time == 1


def test_while_a_period_runs_its_open_dossiers_are_judged_today() -> None:
    here = made.province()
    made.dossier(here.department, here.land, received="2026-06-10 09:00", due="2026-06-17 17:00")
    assert table(today=date(2026, 6, 17)).totals.open_in_time == 1
    assert table(today=date(2026, 6, 18)).totals.open_overdue == 1
    ahead = periods.free(date(2026, 6, 1), date(2199, 12, 31))
    assert table(ahead, today=date(2026, 6, 17)).totals.open_in_time == 1


def test_a_period_that_lies_ahead_holds_what_is_open() -> None:
    here = made.province()
    made.dossier(here.department, here.land, received="2026-06-10 09:00", due="2026-06-17 17:00")
    ahead = periods.free(date(2030, 1, 1), date(2030, 1, 31))
    assert nonzero(table(ahead, today=date(2026, 6, 11)).totals) == {
        "received_total": 1,
        "carried_over": 1,
        "open_total": 1,
        "open_in_time": 1,
    }


def test_an_agency_has_only_its_own_dossiers_and_a_row_even_without_any() -> None:
    here = made.province()
    made.dossier(here.division, here.land, received="2026-06-10 09:00", due="2026-06-17 17:00")
    made.dossier(here.department, here.land, received="2026-06-10 09:00", due="2026-06-17 17:00")
    made.dossier(here.commune, here.birth, received="2026-06-10 09:00", due="2026-06-17 17:00")
    rows = {row.code: row.figures.received_total for row in table().rows}
    assert rows == {"H01": 0, "H01.07": 1, "H01.07.01": 1, "H01.51": 1}
    below = table(agency=here.department)
    assert [row.code for row in below.rows] == ["H01.07", "H01.07.01"]
    assert below.totals.received_total == 2


def test_an_agency_dissolved_before_the_period_has_a_row_only_with_dossiers() -> None:
    here = made.province()
    gone = made.place(
        AgencyFactory.create(code="H01.30", level="district", valid_to=date(2025, 6, 30)), here.root
    )
    assert gone.code not in {row.code for row in table().rows}
    made.dossier(gone, here.land, received="2025-06-10 09:00", due="2025-06-17 17:00")
    assert gone.code in {row.code for row in table().rows}


def test_sectors_stand_in_vietnamese_order_with_zero_rows_and_the_unknown_last() -> None:
    here = made.province()
    other = ProcedureFactory.create(offering=False)
    other.versions.get().sectors.update(name="An toàn thực phẩm")
    lost = made.dossier(here.commune, here.birth, received="2026-06-10 09:00", due=None)
    Dossier.objects.filter(pk=lost.pk).update(sector=None)
    rows = table(by=By.SECTOR).rows
    assert [(row.code, row.name, row.figures.received_total) for row in rows] == [
        ("G09-TN01", "Đất đai", 0),
        ("", "Hộ tịch", 0),
        ("", "Chưa xác định lĩnh vực", 1),
    ]
    # A sector that the province does not offer shows once it has a dossier.
    made.dossier(here.commune, other, received="2026-06-10 09:00", due=None)
    assert table(by=By.SECTOR).rows[0].name == "An toàn thực phẩm"


def test_a_period_before_the_catalogue_has_zero_rows_of_the_sectors_of_today() -> None:
    here = made.province()
    Offering.objects.filter(procedure=here.land).update(valid_from=date(2026, 1, 1))
    Offering.objects.filter(procedure=here.birth).update(valid_from=date(2026, 7, 1))
    past = periods.free(date(2019, 1, 1), date(2019, 1, 31))
    assert [row.name for row in table(past, by=By.SECTOR).rows] == ["Đất đai", "Hộ tịch"]
    # What is not yet offered today is not, and a period that has offerings keeps to them.
    early = table(past, by=By.SECTOR, today=date(2026, 6, 30))
    assert [row.name for row in early.rows] == ["Đất đai"]
    assert [row.name for row in table(by=By.SECTOR).rows] == ["Đất đai"]


def test_agencies_stand_as_the_tree_by_level_and_with_codes_read_as_numbers() -> None:
    root = made.place(AgencyFactory.create(code="H01"))
    for code, level in (
        ("H01.110", "commune"),
        ("H01.11", "commune"),
        ("H01.109", "commune"),
        ("H01.30", "vertical"),
        ("H01.101", "province"),
        ("H01.20", "province"),
    ):
        made.place(AgencyFactory.create(code=code, level=level), root)
    below = Agency.objects.get(code="H01.20")
    for code in ("H01.20.10", "H01.20.09"):
        made.place(AgencyFactory.create(code=code), below)
    expected = [
        "H01", "H01.20", "H01.20.09", "H01.20.10", "H01.101",
        "H01.30", "H01.11", "H01.109", "H01.110",
    ]  # fmt: skip
    assert [row.code for row in table().rows] == expected
    in_sight = settlement.agencies_in_sight(Scope(sees_everything=True))
    assert [agency.code for agency in in_sight] == expected


def test_an_agency_valid_on_one_day_of_the_period_has_a_row() -> None:
    here = made.province()
    Agency.objects.filter(pk=here.commune.pk).update(valid_from=date(2026, 6, 30))
    Agency.objects.filter(pk=here.division.pk).update(valid_to=date(2026, 6, 1))
    Agency.objects.filter(pk=here.department.pk).update(valid_from=date(2026, 7, 1))
    assert [row.code for row in table().rows] == ["H01", "H01.07.01", "H01.51"]


def test_a_department_shows_no_sector_that_only_communes_settle() -> None:
    here = made.province()
    assert [row.name for row in table(by=By.SECTOR, agency=here.department).rows] == ["Đất đai"]
    assert [row.name for row in table(by=By.SECTOR, agency=here.commune).rows] == ["Hộ tịch"]


def test_an_old_code_finds_its_agency() -> None:
    here = made.province()
    here.department.codes.create(code="000.00.07.H01")
    found = settlement.pick_agency("000.00.07.h01", here.all)
    assert found.pk == here.department.pk
    for unknown in ("H99", "", "x" * 200):
        with pytest.raises(settlement.UnknownAgencyError):
            settlement.pick_agency(unknown, here.all)


def test_tien_giang_2023() -> None:
    """domain.md 7.3: 45.981 = 18.320 + 25.079 + 2.582, and 42,21 % online over new receipts."""
    here = made.province()
    made.tien_giang(here.commune, here.birth)
    report = table(periods.free(date(2023, 1, 1), date(2023, 6, 7)))
    assert report.totals.as_dict() == {
        "received_total": 45_981,
        "received_online": 18_320,
        "received_direct": 25_079,
        "carried_over": 2_582,
        "settled_total": 43_889,
        "settled_early": 20_902,
        "settled_on_time": 20_000,
        "settled_late": 2_987,
        "open_total": 2_092,
        "open_in_time": 2_092,
        "open_overdue": 0,
    }
    assert f"{report.totals.online_rate:.2f}" == "42.21"
    by_sector = table(periods.free(date(2023, 1, 1), date(2023, 6, 7)), by=By.SECTOR)
    assert by_sector.totals == report.totals


def _random_history(here: made.Province, rng: random.Random, count: int) -> None:
    first = local("2026-01-01 00:00")

    def instant(days: float) -> str:
        return f"{first + timedelta(days=days):%Y-%m-%d %H:%M}"

    for _ in range(count):
        received = rng.uniform(0, 120)
        due = received + rng.uniform(0, 20) if rng.random() < 0.9 else None
        settled = received + rng.uniform(-2, 40) if rng.random() < 0.7 else None
        agency = rng.choice([here.root, here.department, here.division, here.commune])
        one = made.dossier(
            agency,
            rng.choice([here.land, here.birth]),
            received=instant(received),
            due=instant(due) if due is not None else None,
            settled=instant(settled) if settled is not None else None,
            channel=rng.choice(["online", "in_person", "post"]),
        )
        if rng.random() < 0.3:
            made.pause(one, instant(received + 1), instant(received + rng.uniform(1, 30)))
        if due is not None and rng.random() < 0.3:
            made.change_due(one, instant(received + 2), instant(due - 3), instant(due))
        if rng.random() < 0.1:
            Dossier.objects.filter(pk=one.pk).update(sector=None)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_happened_the_identities_hold(seed: int) -> None:
    rng = random.Random(seed)
    here = made.province()
    _random_history(here, rng, 60)
    days = sorted(date(2026, 1, 1) + timedelta(days=rng.randrange(150)) for _ in range(4))
    start, cut, end = days[0], days[1], days[3]
    whole = table(periods.free(start, end))
    assert table(periods.free(start, end), by=By.SECTOR).totals == whole.totals
    if cut == end:
        return
    parts = [table(periods.free(start, cut)), table(periods.free(cut + timedelta(days=1), end))]
    # What is carried into a period is what the one before it left open.
    assert parts[1].totals.carried_over == parts[0].totals.open_total
    for name in ("received_online", "received_direct", "settled_early", "settled_on_time",
                 "settled_late"):  # fmt: skip
        assert sum(getattr(part.totals, name) for part in parts) == getattr(whole.totals, name)
    assert parts[0].totals.carried_over == whole.totals.carried_over
    for name in ("open_in_time", "open_overdue"):
        assert getattr(parts[1].totals, name) == getattr(whole.totals, name)


def test_the_days_are_local_whatever_the_session_says() -> None:
    here = made.province()
    made.dossier(here.department, here.land, received="2026-06-10 09:00", due="2026-06-30 00:30")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'America/New_York'")
    assert table().totals.open_in_time == 1


def test_a_broken_identity_stops_the_report() -> None:
    made.province()
    report = table()
    wrong = settlement.Row("H01", "Sai", Figures(received_total=1))
    with pytest.raises(IdentityError, match=r"\(3\) = \(7\) \+ \(11\)"):
        settlement.check(
            Settlement(
                **{
                    **{name: getattr(report, name) for name in report.__dataclass_fields__},
                    "rows": (wrong,),
                    "totals": wrong.figures,
                }
            )
        )


def test_rates_print_what_they_are_counted_from() -> None:
    here = made.province()
    assert [rate.value for rate in table().rates] == [None, None, None]
    for happened, _ in CASES.values():
        made.dossier(here.department, here.land, **happened)
    assert [(rate.formula, rate.part, rate.whole) for rate in table().rates] == [
        ("((8) + (9)) / (7)", 9, 12),
        ("((8) + (9) + (12)) / (3)", 12, 17),
        ("(4) / ((4) + (5))", 1, 15),
    ]


def test_rule_19_a_channel_left_out_is_direct() -> None:
    here = made.province()
    one = made.dossier(here.commune, here.birth, received="2026-06-01 09:00", due=None)
    Dossier.objects.filter(pk=one.pk).update(channel="")
    assert nonzero(table().totals) == {
        "received_total": 1,
        "received_direct": 1,
        "open_total": 1,
        "open_in_time": 1,
    }


def test_rule_20_no_rate_is_clamped_and_no_rate_is_made_of_nothing() -> None:
    assert settlement.percent(213, 200) == Decimal("106.5")
    assert settlement.percent(0, 200) == 0
    assert settlement.percent(0, 0) is None
