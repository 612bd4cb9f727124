"""The nightly count: per agency, sector and procedure; running it twice changes nothing."""

from __future__ import annotations

from datetime import date

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from agencies.scope import Scope
from dossiers.models import Dossier
from motcua.celery import BEAT_SCHEDULE, app
from reports import clock, periods, settlement, timeliness
from reports.models import OnTimeRate
from reports.settlement import By, Figures
from tests.reports import made

pytestmark = pytest.mark.django_db

Grain = OnTimeRate.Grain
SEEN = (
    "grain",
    "agency__code",
    "sector__name",
    "procedure__code",
    "settled_early",
    "settled_late",
    "open_overdue",
)


def history() -> made.Province:
    here = made.province()
    made.dossier(
        here.commune,
        here.birth,
        received="2026-06-01 09:00",
        due="2026-06-05 17:00",
        settled="2026-06-03 09:00",
    )
    made.dossier(
        here.commune,
        here.birth,
        received="2026-05-25 09:00",
        due="2026-06-01 17:00",
        settled="2026-06-04 09:00",
    )
    lost = made.dossier(
        here.commune, here.land, received="2026-05-25 09:00", due="2026-06-01 17:00"
    )
    Dossier.objects.filter(pk=lost.pk).update(sector=None)
    made.dossier(
        here.department,
        here.land,
        received="2026-06-02 09:00",
        due="2026-06-30 17:00",
        settled="2026-06-04 09:00",
    )
    return here


def rows() -> list[tuple[object, ...]]:
    return sorted(OnTimeRate.objects.values_list(*SEEN), key=str)


@time_machine.travel("2026-06-05T01:30+07:00", tick=False)
def test_the_night_counts_the_month_up_to_yesterday() -> None:
    here = history()
    made_rows = clock.compute_on_time_rates()
    birth, land = here.birth.code, here.land.code
    assert rows() == sorted(
        [
            (Grain.AGENCY, "H01.07", None, None, 1, 0, 0),
            (Grain.AGENCY, "H01.51", None, None, 1, 1, 1),
            (Grain.SECTOR, "H01.07", "Đất đai", None, 1, 0, 0),
            (Grain.SECTOR, "H01.51", "Hộ tịch", None, 1, 1, 0),
            (Grain.SECTOR, "H01.51", None, None, 0, 0, 1),
            (Grain.PROCEDURE, "H01.07", None, land, 1, 0, 0),
            (Grain.PROCEDURE, "H01.51", None, birth, 1, 1, 0),
            (Grain.PROCEDURE, "H01.51", None, land, 0, 0, 1),
        ],
        key=str,
    )
    assert made_rows == 8
    night = OnTimeRate.objects.first()
    assert night is not None
    assert (night.month_start, night.day) == (date(2026, 6, 1), date(2026, 6, 4))


def test_running_twice_changes_nothing_but_the_hour() -> None:
    history()
    clock.compute_on_time_rates("2026-06-04")
    before, keys = rows(), set(OnTimeRate.objects.values_list("pk", flat=True))
    clock.compute_on_time_rates("2026-06-04")
    assert rows() == before
    assert set(OnTimeRate.objects.values_list("pk", flat=True)) == keys


def test_a_second_run_takes_in_what_was_entered_late_and_drops_what_left() -> None:
    here = history()
    clock.compute_on_time_rates("2026-06-04")
    Dossier.objects.filter(competent_agency=here.department).update(competent_agency=here.division)
    made.dossier(
        here.commune,
        here.birth,
        received="2026-06-01 09:00",
        due=None,
        settled="2026-06-04 09:00",
        entry="late",
    )
    clock.compute_on_time_rates("2026-06-04")
    agencies = OnTimeRate.objects.filter(grain=Grain.AGENCY)
    assert {rate.agency.code: rate.settled_on_time for rate in agencies} == {
        "H01.07.01": 0,
        "H01.51": 1,
    }


def test_every_grain_sums_to_the_live_report() -> None:
    here = history()
    day = date(2026, 6, 4)
    clock.compute_on_time_rates("2026-06-04")
    live = settlement.count(
        periods.free(date(2026, 6, 1), day),
        agency=here.root,
        in_sight=settlement.agencies_in_sight(Scope(sees_everything=True)),
        by=By.AGENCY,
        today=day,
    )
    for grain in Grain:
        nightly = OnTimeRate.objects.filter(day=day, grain=grain)
        assert sum((rate.figures for rate in nightly), Figures()) == live.totals


def test_the_nights_of_several_agencies_are_summed_oldest_first() -> None:
    here = history()
    for day in ("2026-06-03", "2026-06-04"):
        clock.compute_on_time_rates(day)
    nights = timeliness.nights([here.commune.pk, here.department.pk], count=30)
    assert [night.day.day for night in nights] == [3, 4]
    assert [night.figures.settled_total for night in nights] == [1, 3]
    assert len(timeliness.nights([here.commune.pk], count=1)) == 1
    assert timeliness.nights([here.root.pk], count=30) == []


def test_the_beat_knows_the_task_by_its_name() -> None:
    assert BEAT_SCHEDULE["on-time rates"]["task"] in app.tasks
    assert clock.compute_on_time_rates.name == "reports.clock.compute_on_time_rates"


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(periods.PeriodError):
        clock.compute_on_time_rates("2026-02-30")


def test_the_database_refuses_a_second_row_and_keys_that_do_not_fit() -> None:
    history()
    clock.compute_on_time_rates("2026-06-04")
    rate = OnTimeRate.objects.filter(grain=Grain.AGENCY).first()
    assert rate is not None
    rate.pk, rate.computed_at = None, timezone.now()
    with pytest.raises(IntegrityError, match="ontimerate_once_a_night"), transaction.atomic():
        rate.save(force_insert=True)
    rate.grain = Grain.PROCEDURE
    with pytest.raises(IntegrityError, match="ontimerate_keys_fit_the_grain"), transaction.atomic():
        rate.save(force_insert=True)
