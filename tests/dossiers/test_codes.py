"""Running numbers: no repeats, no gaps, whatever happens at eight counters at once."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from dossiers import codes
from dossiers.models import DayNumber, Dossier, PaperSlip, VoidNumber
from tests.factories import HANOI_TIME, AgencyFactory, DossierFactory
from tests.province import make_province

if TYPE_CHECKING:
    from tests.province import Province

DAY = dt.date(2026, 11, 20)
FRIDAY = "2026-11-20T10:00+07:00"


def local(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(8, 30), HANOI_TIME)


def numbers(day: dt.date) -> list[int]:
    found = [codes.read_code(str(code)) for code in Dossier.objects.values_list("code", flat=True)]
    return sorted(read[2] for read in found if read and read[1] == f"{day:%y%m%d}")


@pytest.fixture
def papers_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the PDFs to the sweeper: tasks run inline in tests, and eight threads would render."""
    monkeypatch.setattr("dossiers.tasks.knock", lambda slip_id: True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("papers_wait")
def test_eight_counters_of_one_agency_neither_repeat_nor_skip_a_number() -> None:
    province = make_province()
    threads, each = 8, 4
    start = Barrier(threads)
    with time_machine.travel(FRIDAY, tick=False):
        submission = province.submission()

        class TornPaperError(Exception):
            pass

        def attempt(torn: bool) -> None:
            with transaction.atomic():
                province.log()
                if torn:
                    raise TornPaperError

        def counter(index: int) -> int:
            start.wait(timeout=20)
            done = 0
            try:
                for turn in range(each):
                    try:
                        attempt(torn=(index + turn) % 4 == 0)
                    except TornPaperError:
                        continue
                    done += 1
            finally:
                connection.close()
            return done

        with ThreadPoolExecutor(threads) as pool:
            logged = sum(pool.map(counter, range(threads)))

    assert submission.received_at is None
    assert logged == 24
    assert numbers(DAY) == list(range(1, 25))
    assert DayNumber.objects.get().last == 24
    assert codes.gaps(province.centre, DAY) == []
    # The receipts' own numbers, of the year, likewise.
    assert sorted(PaperSlip.objects.values_list("number", flat=True)) == list(range(1, 25))


@time_machine.travel(FRIDAY, tick=False)
def test_a_rollback_gives_the_number_back(province: Province) -> None:
    class PowerCutError(Exception):
        pass

    def cut() -> None:
        with transaction.atomic():
            assert str(province.log().code).endswith("-0002")
            raise PowerCutError

    province.log()
    with pytest.raises(PowerCutError):
        cut()
    assert str(province.log().code).endswith("-0002")
    assert codes.gaps(province.centre, DAY) == []


@time_machine.travel(FRIDAY, tick=False)
def test_a_number_out_of_use_is_a_void_row_with_who_when_and_why(province: Province) -> None:
    province.log()
    void = codes.void_next_number(
        province.centre, DAY, by=province.receptionist, reason="In hỏng giấy tiếp nhận"
    )
    assert str(province.log().code).endswith("-0003")
    row = VoidNumber.objects.get(pk=void.pk)
    assert (row.number, row.voided_by, row.reason) == (
        2,
        province.receptionist,
        "In hỏng giấy tiếp nhận",
    )
    assert row.voided_at
    assert codes.gaps(province.centre, DAY) == []
    with pytest.raises(IntegrityError), transaction.atomic():
        VoidNumber.objects.create(
            agency=province.centre, on=DAY, number=2, voided_by=province.head, reason="r"
        )


@time_machine.travel(FRIDAY, tick=False)
def test_a_gap_shows(province: Province) -> None:
    province.log()
    codes.allocate(province.centre, DAY)
    province.log()
    assert codes.gaps(province.centre, DAY) == [2]


def test_a_gap_is_hidden_by_no_other_agency_and_no_other_day(province: Province) -> None:
    other, day_before = AgencyFactory.create(code="H01.02.01"), DAY - dt.timedelta(days=1)
    for agency, on in ((other, DAY), (province.centre, day_before)):
        codes.void_next_number(agency, on, by=province.receptionist, reason="In hỏng")
        for number in (2, 3):
            code = codes.format_code(agency.code, on, number)
            DossierFactory.create(receiving_agency=agency, code=code, received_at=local(on))
            codes.allocate(agency, on)
        assert codes.gaps(agency, on) == []
    for _ in range(3):
        codes.allocate(province.centre, DAY)
    assert codes.gaps(province.centre, DAY) == [1, 2, 3]
    assert codes.gaps(province.centre, DAY + dt.timedelta(days=1)) == []


@time_machine.travel(FRIDAY, tick=False)
def test_a_code_of_the_national_portal_hides_no_gap(province: Province) -> None:
    codes.allocate(province.centre, DAY)
    assert province.log(channel="online", national_code="G22.99-261120-0001").received_on == DAY
    assert codes.gaps(province.centre, DAY) == [1]


def test_an_imported_number_counts_on_the_day_in_its_code(province: Province) -> None:
    DossierFactory.create(
        receiving_agency=province.centre,
        code=codes.format_code(province.centre.code, DAY, 1),
        received_at=local(DAY - dt.timedelta(days=1)),
    )
    codes.move_on({(province.centre.pk, DAY): 1})
    assert codes.gaps(province.centre, DAY) == []


@time_machine.travel(FRIDAY, tick=False)
def test_a_day_of_more_than_9999_widens(province: Province) -> None:
    DayNumber.objects.create(agency=province.centre, on=DAY, last=9998)
    assert province.log().code == "H01.01.01-261120-9999"
    wide = province.log().code
    assert wide == "H01.01.01-261120-10000"
    assert codes.read_code(str(wide)) == ("H01.01.01", "261120", 10000)


@time_machine.travel(FRIDAY, tick=False)
def test_a_late_entry_takes_the_next_number_of_its_own_day(province: Province) -> None:
    assert province.log().code == "H01.01.01-261120-0001"
    yesterday = dt.datetime.fromisoformat("2026-11-19T16:00+07:00")
    late = province.log(received_at=yesterday, reason="Mất điện")
    assert late.code == "H01.01.01-261119-0001"
    assert province.log(received_at=yesterday, reason="Mất điện").code == "H01.01.01-261119-0002"
    assert province.log().code == "H01.01.01-261120-0002"


@pytest.mark.parametrize(
    ("moment", "day"),
    [("2026-11-19T23:59:59+07:00", "261119"), ("2026-11-19T17:00:00+00:00", "261120")],
)
def test_the_day_of_a_code_is_the_local_one(province: Province, moment: str, day: str) -> None:
    with time_machine.travel(moment, tick=False):
        assert str(province.log().code).split("-")[1] == day


@time_machine.travel(FRIDAY, tick=False)
def test_each_agency_counts_for_itself(province: Province) -> None:
    other = AgencyFactory.create(code="H01.02.01")
    assert codes.allocate(province.centre, DAY).number == 1
    assert codes.allocate(other, DAY).number == 1
    assert codes.allocate(province.centre, DAY + dt.timedelta(days=1)).number == 1
    assert codes.allocate(province.centre, DAY).number == 2


def test_imported_codes_move_the_days_counter_on_and_never_back(province: Province) -> None:
    codes.move_on({(province.centre.pk, DAY): 17})
    codes.move_on({(province.centre.pk, DAY): 5})
    with time_machine.travel(FRIDAY, tick=False):
        assert str(province.log().code).endswith("-0018")


@pytest.mark.parametrize(
    ("code", "read"),
    [
        ("H01.151-260825-0012", ("H01.151", "260825", 12)),
        ("h01.151-260825-0012", ("H01.151", "260825", 12)),
        ("000.00.07.H01-260825-12345", ("000.00.07.H01", "260825", 12345)),
        ("H01.151-260825-012", None),
        ("H01.151-260825", None),
        ("HS-2023/0001", None),
        ("", None),
    ],
)
def test_codes_are_read_back(code: str, read: tuple[str, str, int] | None) -> None:
    assert codes.read_code(code) == read


def test_codes_are_written_as_domain_5_2_says() -> None:
    assert codes.format_code("H01.151", dt.date(2026, 8, 25), 12) == "H01.151-260825-0012"
