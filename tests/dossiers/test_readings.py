"""Every door through which an officer reads a dossier writes down that they did."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from dossiers.chain import reading_digest
from dossiers.models import DossierReading, ReadingWay
from dossiers.readings import note_reading, who_opened
from dossiers.recording import database_now
from tests.budgets import count_queries
from tests.dossiers.conftest import OfficerClient
from tests.dossiers.pages import browser_of
from tests.dossiers.stages import draft, in_progress
from tests.factories import OfficerFactory

if TYPE_CHECKING:
    from collections.abc import Callable

    from dossiers.models import Dossier
    from tests.province import Province

MORNING = "2026-08-20T08:30+07:00"  # Thursday


def by_page(path: str, *, method: str = "get", **data: Any) -> Callable[[Province, Dossier], int]:
    def read(province: Province, dossier: Dossier) -> int:
        client = browser_of(province.receptionist)
        slip = dossier.slips.get()
        address = path.format(code=dossier.code, slip=slip.pk)
        status: int = getattr(client, method)(address, data).status_code
        return status

    return read


def by_api(path: str) -> Callable[[Province, Dossier], int]:
    def read(province: Province, dossier: Dossier) -> int:
        slip = dossier.slips.get()
        address = f"/api/v1/dossiers/{path}".format(code=dossier.code, slip=slip.pk)
        status: int = OfficerClient(province.receptionist).get(address).status_code
        return status

    return read


DOORS = {
    "page": (by_page("/ho-so/{code}/"), 200, ReadingWay.PAGE),
    "numbers": (by_page("/ho-so/{code}/so-giay-to/", method="post"), 200, ReadingWay.NUMBERS),
    "form of an act": (by_page("/ho-so/{code}/yeu-cau-rut/"), 200, ReadingWay.FORM),
    "form that comes back": (
        by_page("/ho-so/{code}/yeu-cau-rut/", method="post", version=2),
        422,
        ReadingWay.FORM,
    ),
    "form that was stale": (
        by_page("/ho-so/{code}/yeu-cau-rut/", method="post", version=1, reason="Đổi ý"),
        409,
        ReadingWay.FORM,
    ),
    "paper": (by_page("/ho-so/{code}/giay-to/{slip}.pdf"), 200, ReadingWay.PAPER),
    "copy of a paper": (by_page("/ho-so/{code}/giay-to/{slip}.pdf?ban=sao"), 200, ReadingWay.PAPER),
    "after logging": (by_page("/tiep-nhan/da-nhan/{code}/"), 200, ReadingWay.PAGE),
    "API": (by_api("{code}/"), 200, ReadingWay.API),
    "API's papers": (by_api("{code}/papers/"), 200, ReadingWay.API),
    "API's paper": (by_api("{code}/papers/{slip}.pdf"), 200, ReadingWay.PAPER),
}


@time_machine.travel(MORNING, tick=False)
@pytest.mark.parametrize("door", DOORS)
def test_each_door_writes_a_signed_reading(province: Province, door: str) -> None:
    dossier = province.log()
    read, status, way = DOORS[door]
    assert read(province, dossier) == status
    reading = DossierReading.objects.get()
    assert (reading.dossier_id, reading.officer_id) == (dossier.pk, province.receptionist.pk)
    assert reading.way == way
    # The database's clock and not the travelled one of this machine.
    assert dt.timedelta(0) <= database_now() - reading.at < dt.timedelta(minutes=5)
    assert bytes(reading.digest or b"") == reading_digest(reading, dossier.tracking_code)


@time_machine.travel(MORNING, tick=False)
def test_lists_boards_and_what_shows_nothing_write_none(province: Province) -> None:
    dossier = province.log()
    slip = dossier.slips.get()
    client = browser_of(province.receptionist)
    for path in ("/ho-so/", "/ho-so/?q=Tuyết", "/hop-viec/"):
        assert client.get(path).status_code == 200
    client.head(f"/ho-so/{dossier.code}/giay-to/{slip.pk}.pdf")
    client.head(f"/ho-so/{dossier.code}/yeu-cau-rut/")
    client.head(f"/tiep-nhan/da-nhan/{dossier.code}/")
    assert client.get(f"/ho-so/{dossier.code}/giay-to/{slip.pk + 99}.pdf").status_code == 404
    assert not DossierReading.objects.exists()


@time_machine.travel(MORNING, tick=False)
def test_a_draft_that_is_opened_to_go_on_is_read(province: Province) -> None:
    saved = draft(province)
    path = f"/tiep-nhan/?nhap={saved.tracking_code}"
    assert browser_of(province.receptionist).get(path).status_code == 200
    assert DossierReading.objects.get(dossier=saved).way == ReadingWay.FORM


def test_everything_a_reading_says_is_in_its_digest(province: Province) -> None:
    dossier = province.log()
    reading = note_reading(dossier, by=province.receptionist)
    known = reading_digest(reading, dossier.tracking_code)
    assert reading_digest(reading, "khác") != known
    for name, value in (
        ("officer_id", reading.officer_id + 1),
        ("at", reading.at + dt.timedelta(microseconds=1)),
        ("way", ReadingWay.PAPER),
    ):
        other = DossierReading.objects.get(pk=reading.pk)
        setattr(other, name, value)
        assert reading_digest(other, dossier.tracking_code) != known, name


def test_a_reading_costs_one_query_where_the_clock_came_with_the_dossier(
    province: Province,
) -> None:
    dossier = province.log()
    with count_queries() as queries:
        note_reading(dossier, by=province.head, at=database_now())
    assert len(queries) == 2, str(queries)
    found = type(dossier).objects.opened_now().get(pk=dossier.pk)
    with count_queries() as queries:
        note_reading(found, by=province.head)
    assert len(queries) == 1, str(queries)


def test_the_owner_is_told_who_when_and_how_the_newest_first(province: Province) -> None:
    dossier, other = in_progress(province), province.log()
    note_reading(other, by=province.clerk)
    note_reading(dossier, by=province.receptionist)
    note_reading(dossier, by=province.head, way=ReadingWay.NUMBERS)
    for _n in range(3):
        note_reading(dossier, by=OfficerFactory.create(agency=province.root))
    with count_queries() as queries:
        openings = who_opened(dossier)
    assert len(queries) == 1, str(queries)
    assert len(openings) == 5
    assert [opening.at for opening in openings] == sorted(
        (opening.at for opening in openings), reverse=True
    )
    first, second = openings[-1], openings[-2]
    assert (first.officer, first.agency) == (
        province.receptionist.full_name,
        "Trung tâm Phục vụ hành chính công",
    )
    assert (first.way, second.way) == ("Trang hồ sơ", "Số giấy tờ, số điện thoại")
    assert len(who_opened(dossier, limit=2)) == 2
