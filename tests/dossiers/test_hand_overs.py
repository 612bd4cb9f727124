"""Phiếu bàn giao: numbers without gaps, papers in one place at a time, ticks that stay."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from accounts.roles import Role
from dossiers import hand_overs
from dossiers.hand_overs import POST, HandOverError, Place
from dossiers.models import HandOver, HandOverItem, PaperFile, PaperMove
from dossiers.services import closing, processing
from tests.budgets import count_queries
from tests.dossiers import stages
from tests.factories import DossierFactory, local
from tests.province import give_role, make_province

if TYPE_CHECKING:
    from collections.abc import Callable

    from dossiers.models import Dossier
    from tests.province import Province

pytestmark = pytest.mark.django_db


def today() -> Any:
    return timezone.localdate()


def sheet_of(p: Province, *dossiers: Dossier, **more: Any) -> HandOver:
    """Write a sheet from the centre to the department."""
    return hand_overs.write(
        Place(p.centre), Place(p.department), [d.pk for d in dossiers], by=p.receptionist, **more
    )


def ids(handover: HandOver) -> list[int]:
    return list(handover.items.order_by("position").values_list("pk", flat=True))


def place_of(dossier: Dossier) -> tuple[int | None, str, int | None]:
    file = PaperFile.objects.get(dossier=dossier)
    return file.agency_id, file.shelf, file.under_way_id


# What is proposed


def test_what_the_counter_transferred_waits_for_its_department(province: Province) -> None:
    gone = stages.awaiting_assignment(province)
    stages.received(province)  # still worked on at the counter
    stages.submitted(province)
    proposed = hand_overs.proposed(Place(province.centre), province.centre, None, today())
    assert list(proposed) == [gone]
    (found,) = hand_overs.targets(Place(province.centre), province.centre, today())
    assert found == (Place(province.department), 1)
    assert not hand_overs.proposed(Place(province.elsewhere), province.elsewhere, None, today())


def test_what_came_online_has_no_papers_to_hand_over(province: Province) -> None:
    dossier = province.log(channel="online")
    processing.transfer(dossier, by=province.receptionist)
    assert not hand_overs.proposed(Place(province.centre), province.centre, None, today())


def test_a_published_result_waits_for_the_counter(province: Province) -> None:
    dossier = stages.settled(province)
    source = Place(province.department)
    assert list(hand_overs.proposed(source, province.department, None, today())) == [dossier]
    assert hand_overs.targets(source, province.department, today()) == [(Place(province.centre), 1)]
    # The counter, where its papers were handed in, is asked for nothing: the work is there.
    assert not hand_overs.proposed(Place(province.centre), province.centre, None, today())


def test_a_result_asked_for_by_post_waits_for_the_post(province: Province) -> None:
    dossier = stages.settled(province)
    type(dossier).objects.filter(pk=dossier.pk).update(result_channel="post")
    sheet = hand_overs.write(
        Place(province.department), Place(province.centre), [dossier.pk], by=province.clerk
    )
    hand_overs.receive(sheet, ids(sheet), by=province.receptionist)
    centre = Place(province.centre)
    assert list(hand_overs.proposed(centre, province.centre, POST, today())) == [dossier]
    assert hand_overs.targets(centre, province.centre, today()) == [(POST, 1)]


def test_what_is_under_way_or_returned_is_proposed_no_more(province: Province) -> None:
    sheet_of(province, stages.awaiting_assignment(province))
    returned = stages.settled(province)
    closing.return_result(returned, by=province.receptionist)
    for agency in (province.centre, province.department):
        assert not hand_overs.proposed(Place(agency), agency, None, today())


def test_the_papers_of_what_was_stopped_go_back_to_the_counter(province: Province) -> None:
    dossier = stages.in_progress(province)
    hand_overs.put(dossier, province.department, "Tủ 1", by=province.specialist)
    closing.stop(dossier, by=province.head, reason="Trùng hồ sơ")
    source = Place(province.department)
    assert list(hand_overs.proposed(source, province.department, None, today())) == [dossier]
    later = today() + hand_overs.LOOKED_BACK + dt.timedelta(days=1)
    assert not hand_overs.proposed(source, province.department, None, later)


def test_what_ended_early_is_found_without_reading_the_archive(province: Province) -> None:
    found = hand_overs.proposed(Place(province.centre), province.centre, None, today())
    # Enough that the planner has something to weigh: of an empty table every way is as good.
    DossierFactory.create_batch(
        200, procedure=province.procedure, receiving_agency=province.centre,
        competent_agency=province.department, holder_agency=province.department,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute("analyze dossiers_dossier")
    assert "dossier_ended_early" in found.explain()


def test_what_the_post_has_is_proposed_to_those_it_concerns(province: Province) -> None:
    dossier = stages.awaiting_assignment(province)
    out = hand_overs.write(Place(province.centre), POST, [dossier.pk], by=province.receptionist)
    hand_overs.receive(out, ids(out), by=province.receptionist)
    for agency, expected in ((province.department, [dossier]), (province.elsewhere, [])):
        assert list(hand_overs.proposed(POST, agency, None, today())) == expected


# Writing


def test_a_sheet_takes_the_papers_off_their_shelf(province: Province) -> None:
    dossier = stages.awaiting_assignment(province)
    hand_overs.put(dossier, province.centre, "Kệ 3, ngăn B", by=province.receptionist)
    before = (dossier.state, dossier.event_count)
    sheet = sheet_of(province, dossier, is_sealed=True, note="Một túi")
    (item,) = sheet.items.all()
    assert (item.shelf_before, item.sets, item.has_result) == ("Kệ 3, ngăn B", 1, False)
    assert place_of(dossier) == (province.centre.pk, "", sheet.pk)
    dossier.refresh_from_db()
    assert (dossier.state, dossier.event_count) == before
    assert [m.is_leaving for m in PaperMove.objects.filter(dossier=dossier)] == [False, True]


def test_papers_are_counted_as_they_were_handed_in(province: Province) -> None:
    dossier = stages.awaiting_assignment(province)
    dossier.documents.create(name="Đơn", quantity=2)
    dossier.documents.create(name="Bản vẽ", quantity=3)
    (item,) = sheet_of(province, dossier).items.all()
    assert item.papers == 5


def test_numbers_run_by_agency_and_year_without_gaps(province: Province, time_machine: Any) -> None:
    time_machine.move_to(local("2026-12-30 09:00"))
    province.receptionist.__dict__.pop("_held_roles", None)
    numbers = [sheet_of(province, stages.awaiting_assignment(province)).number for _n in range(2)]
    dossier = stages.awaiting_assignment(province)
    with transaction.atomic():
        assert sheet_of(province, dossier).number == 3
        transaction.set_rollback(True)  # the power goes
    numbers.append(sheet_of(province, dossier).number)
    assert numbers == [1, 2, 3]
    back = stages.settled(province)
    other = hand_overs.write(
        Place(province.department), Place(province.centre), [back.pk], by=province.clerk
    )
    assert other.number == 1
    time_machine.move_to(local("2027-01-04 09:00"))
    next_year = sheet_of(province, stages.awaiting_assignment(province))
    assert (next_year.year, next_year.number) == (2027, 1)


@pytest.mark.parametrize("who", ["specialist", "stranger", "reformer"])
def test_only_who_carries_papers_of_the_agency_writes_its_sheets(
    province: Province, who: str
) -> None:
    dossier = stages.awaiting_assignment(province)
    with pytest.raises(HandOverError, match="không giữ hồ sơ giấy"):
        hand_overs.write(
            Place(province.centre),
            Place(province.department),
            [dossier.pk],
            by=getattr(province, who),
        )
    assert not HandOver.objects.exists()


def test_papers_go_one_way_at_a_time(province: Province) -> None:
    first, second = stages.awaiting_assignment(province), stages.awaiting_assignment(province)
    sheet = sheet_of(province, first)
    with pytest.raises(HandOverError, match=f"{first.code} đang trên phiếu số 1/{sheet.year}"):
        sheet_of(province, first, second)
    assert not PaperFile.objects.filter(dossier=second, under_way__isnull=False).exists()
    hand_overs.receive(sheet, ids(sheet), by=province.specialist)
    with pytest.raises(HandOverError, match=f"{first.code} đang ở {province.department.name}"):
        sheet_of(province, first)


@pytest.mark.parametrize("count", [0, hand_overs.MOST_ITEMS + 1])
def test_a_sheet_has_one_to_two_hundred_files(province: Province, count: int) -> None:
    with pytest.raises(HandOverError):
        hand_overs.write(
            Place(province.centre),
            Place(province.department),
            list(range(1, count + 1)),
            by=province.receptionist,
        )


def test_a_sheet_goes_between_two_places(province: Province) -> None:
    dossier = stages.awaiting_assignment(province)
    for source, target in ((Place(province.centre), Place(province.centre)), (POST, POST)):
        with pytest.raises(HandOverError, match="phải khác nhau"):
            hand_overs.write(source, target, [dossier.pk], by=province.receptionist)


# Receiving


def test_the_receiving_side_ticks_and_the_papers_are_there(province: Province) -> None:
    dossier = stages.awaiting_assignment(province)
    sheet = sheet_of(province, dossier)
    found = hand_overs.receive(sheet, ids(sheet), by=province.specialist, shelf="Tủ 2")
    assert found == hand_overs.Found(ticked=1, missing=0, is_closed=True)
    assert place_of(dossier) == (province.department.pk, "Tủ 2", None)
    sheet.refresh_from_db()
    assert sheet.received_by == province.specialist
    assert dossier.state == "awaiting_assignment"


def test_a_tick_stays_with_who_ticked_first(province: Province) -> None:
    sheet = sheet_of(
        province, stages.awaiting_assignment(province), stages.awaiting_assignment(province)
    )
    one, two = ids(sheet)
    assert hand_overs.receive(sheet, [one], by=province.specialist).ticked == 1
    moves = PaperMove.objects.count()
    again = hand_overs.receive(sheet, [one], by=province.head)
    assert again == hand_overs.Found(ticked=0, missing=1, is_closed=False)
    assert PaperMove.objects.count() == moves
    assert HandOverItem.objects.get(pk=one).received_by == province.specialist
    assert hand_overs.receive(sheet, [one, two], by=province.head).ticked == 1
    assert HandOverItem.objects.get(pk=one).received_by == province.specialist


def test_what_is_missing_is_stated_and_may_turn_up_later(province: Province) -> None:
    dossiers = [stages.awaiting_assignment(province) for _n in range(3)]
    sheet = sheet_of(province, *dossiers)
    first, second, third = ids(sheet)
    found = hand_overs.receive(
        sheet, [first], by=province.specialist, closes=True, notes={second: "Túi rách"}
    )
    assert found == hand_overs.Found(ticked=1, missing=2, is_closed=True)
    assert hand_overs.difference(found.missing) == "thiếu 2 hồ sơ"
    assert HandOverItem.objects.get(pk=second).missing_note == "Túi rách"
    closed_at = HandOver.objects.get(pk=sheet.pk).received_at
    # Still on the road: nobody may put it on another sheet.
    assert place_of(dossiers[1]) == (province.centre.pk, "", sheet.pk)
    late = hand_overs.receive(sheet, [second], by=province.head)
    assert late == hand_overs.Found(ticked=1, missing=1, is_closed=True)
    assert HandOver.objects.get(pk=sheet.pk).received_at == closed_at
    assert hand_overs.take_back(sheet, [third], by=province.receptionist) == 1
    assert place_of(dossiers[2]) == (province.centre.pk, "", None)
    assert hand_overs.take_back(sheet, [third], by=province.receptionist) == 0
    assert hand_overs.receive(sheet, [third], by=province.head).ticked == 0
    assert sheet_of(province, dossiers[2]).number == 2


def test_nothing_is_taken_back_before_the_other_side_signed(province: Province) -> None:
    sheet = sheet_of(province, stages.awaiting_assignment(province))
    with pytest.raises(HandOverError, match="chưa ký nhận"):
        hand_overs.take_back(sheet, ids(sheet), by=province.receptionist)


@pytest.mark.parametrize("who", ["receptionist", "stranger", "reformer"])
def test_only_the_receiving_side_ticks(province: Province, who: str) -> None:
    sheet = sheet_of(province, stages.awaiting_assignment(province))
    with pytest.raises(HandOverError):
        hand_overs.receive(sheet, ids(sheet), by=getattr(province, who))
    assert not HandOverItem.objects.filter(received_at__isnull=False).exists()


def test_items_of_another_sheet_are_not_ticked(province: Province) -> None:
    mine = sheet_of(province, stages.awaiting_assignment(province))
    other = sheet_of(province, stages.awaiting_assignment(province))
    found = hand_overs.receive(mine, ids(other), by=province.specialist)
    assert found == hand_overs.Found(ticked=0, missing=1, is_closed=False)
    assert HandOverItem.objects.get(handover=other).received_at is None


def test_what_the_post_takes_is_recorded_by_who_gave_it(province: Province) -> None:
    dossier = stages.awaiting_assignment(province)
    out = hand_overs.write(Place(province.centre), POST, [dossier.pk], by=province.receptionist)
    with pytest.raises(HandOverError):
        hand_overs.receive(out, ids(out), by=province.specialist)
    hand_overs.receive(out, ids(out), by=province.receptionist, shelf="Kệ 1", courier="Lê Văn Bưu")
    assert place_of(dossier) == (None, "", None)
    out.refresh_from_db()
    assert out.courier_name == "Lê Văn Bưu"
    inward = hand_overs.write(
        POST, Place(province.department), [dossier.pk], by=province.specialist
    )
    assert (inward.agency, inward.number) == (province.department, 1)
    hand_overs.receive(inward, ids(inward), by=province.head)
    assert place_of(dossier)[0] == province.department.pk


# Cancelling and shelves


def test_a_cancelled_sheet_keeps_its_number_and_frees_its_papers(province: Province) -> None:
    dossier = stages.awaiting_assignment(province)
    sheet = sheet_of(province, dossier)
    with pytest.raises(HandOverError, match="lý do"):
        hand_overs.cancel(sheet, by=province.receptionist, reason="  ")
    with pytest.raises(HandOverError):
        hand_overs.cancel(sheet, by=province.specialist, reason="Nhầm")
    hand_overs.cancel(sheet, by=province.receptionist, reason="Nhầm nơi nhận")
    assert place_of(dossier) == (province.centre.pk, "", None)
    assert sheet_of(province, dossier).number == 2
    for act in (
        lambda: hand_overs.cancel(sheet, by=province.receptionist, reason="Lần nữa"),
        lambda: hand_overs.receive(sheet, ids(sheet), by=province.specialist),
    ):
        with pytest.raises(HandOverError, match="đã huỷ"):
            act()


def test_a_sheet_somebody_ticked_is_not_cancelled(province: Province) -> None:
    sheet = sheet_of(
        province, stages.awaiting_assignment(province), stages.awaiting_assignment(province)
    )
    hand_overs.receive(sheet, ids(sheet)[:1], by=province.specialist)
    with pytest.raises(HandOverError, match="không huỷ được"):
        hand_overs.cancel(sheet, by=province.receptionist, reason="Nhầm")


def test_who_has_the_papers_says_where_they_lie(province: Province) -> None:
    dossier = stages.in_progress(province)
    hand_overs.put(dossier, province.department, " Tủ 4 ", by=province.specialist)
    assert place_of(dossier) == (province.department.pk, "Tủ 4", None)
    with pytest.raises(HandOverError):
        hand_overs.put(dossier, province.centre, "Kệ 1", by=province.specialist)
    hand_overs.put(dossier, province.centre, "Kệ 1", by=province.receptionist)
    assert place_of(dossier) == (province.centre.pk, "Kệ 1", None)
    sheet_of(province, dossier)
    with pytest.raises(HandOverError, match="đang trên phiếu"):
        hand_overs.put(dossier, province.centre, "Kệ 2", by=province.receptionist)


# The database refuses the rest


def test_the_database_freezes_a_sheet_and_its_rows(province: Province) -> None:
    sheet = sheet_of(province, stages.awaiting_assignment(province))
    hand_overs.receive(sheet, ids(sheet), by=province.specialist)
    item = sheet.items.get()
    other = stages.awaiting_assignment(province)
    attempts: list[Callable[[], Any]] = [
        lambda: HandOver.objects.filter(pk=sheet.pk).update(number=9),
        lambda: HandOver.objects.filter(pk=sheet.pk).update(to_agency=province.elsewhere),
        lambda: HandOver.objects.filter(pk=sheet.pk).update(received_at=local("2026-01-05 08:00")),
        lambda: HandOver.objects.filter(pk=sheet.pk).update(received_at=None, received_by=None),
        lambda: HandOverItem.objects.filter(pk=item.pk).update(dossier=other),
        lambda: HandOverItem.objects.filter(pk=item.pk).update(received_at=None, received_by=None),
        lambda: HandOverItem.objects.filter(pk=item.pk).delete(),
        lambda: HandOver.objects.filter(pk=sheet.pk).delete(),
        lambda: PaperMove.objects.all().delete(),
        lambda: PaperMove.objects.update(shelf="x"),
    ]
    for attempt in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    sheet.refresh_from_db()
    assert (sheet.number, sheet.to_agency) == (1, province.department)


def test_each_constraint_refuses_its_nonsense(province: Province) -> None:
    dossier = stages.awaiting_assignment(province)
    sheet = sheet_of(province, dossier)
    now, officer = sheet.created_at, province.receptionist
    common = {"agency": province.centre, "year": 2026, "created_by": officer, "created_at": now}
    attempts: dict[str, Callable[[], Any]] = {
        "handover_between_two_places": lambda: HandOver.objects.create(
            **common, number=2, from_agency=province.centre, to_agency=province.centre
        ),
        "handover_between_two_places ": lambda: HandOver.objects.create(**common, number=2),
        "handover_numbered_by_a_side": lambda: HandOver.objects.create(
            **common, number=2, to_agency=province.department
        ),
        "handover_numbered_by_a_side ": lambda: HandOver.objects.create(
            **common, number=2, from_agency=province.department, to_agency=province.elsewhere
        ),
        "handover_number_once": lambda: HandOver.objects.create(
            **{**common, "year": sheet.year},
            number=1,
            from_agency=province.centre,
            to_agency=province.elsewhere,
        ),
        "handover_received_by_somebody": lambda: HandOver.objects.filter(pk=sheet.pk).update(
            received_at=now
        ),
        "handover_cancelled_with_a_reason": lambda: HandOver.objects.filter(pk=sheet.pk).update(
            cancelled_at=now, cancelled_by=officer
        ),
        "handoveritem_received_by_somebody": lambda: sheet.items.update(received_at=now),
        "handoveritem_taken_back_by_somebody": lambda: sheet.items.update(taken_back_at=now),
        "handoveritem_once": lambda: HandOverItem.objects.create(
            handover=sheet,
            position=2,
            dossier=dossier,
            taken_back_at=now,
            taken_back_by=officer,
        ),
        "handoveritem_one_way_at_a_time": lambda: HandOverItem.objects.create(
            handover=HandOver.objects.create(
                **common, number=7, from_agency=province.centre, to_agency=province.elsewhere
            ),
            position=1,
            dossier=dossier,
        ),
        "paperfile_on_a_shelf_of_an_agency": lambda: PaperFile.objects.filter(
            dossier=dossier
        ).update(shelf="Kệ 1"),
    }
    for name, attempt in attempts.items():
        with pytest.raises(IntegrityError, match=name.strip()), transaction.atomic():
            attempt()


# Budgets


def test_a_sheet_of_thirty_costs_what_a_sheet_of_one_costs(province: Province) -> None:
    province.specialist.held_roles(today())  # read once a request, by whoever asks first
    figures = []
    for size in (1, 30):
        dossiers = [stages.awaiting_assignment(province) for _n in range(size)]
        with count_queries() as wrote:
            sheet = sheet_of(province, *dossiers)
        assert len(wrote) <= 12, str(wrote)
        items = ids(sheet)
        with count_queries() as took:
            hand_overs.receive(sheet, items, by=province.specialist)
        assert len(took) <= 8, str(took)
        figures.append((len(wrote), len(took)))
    assert figures[0] == figures[1]


# Two officers at once


@pytest.fixture
def papers_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the PDFs of receipts to the sweeper: tasks run inline in tests."""
    monkeypatch.setattr("dossiers.tasks.knock", lambda slip_id: True)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do all of them at the same moment, each over its own connection."""
    start = Barrier(len(acts))

    def do(act: Callable[[], Any]) -> Any:
        try:
            start.wait(timeout=20)
            return act()
        except HandOverError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(do, acts))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("papers_wait")
def test_of_four_sheets_with_the_same_file_at_the_same_moment_one_is_written() -> None:
    province = make_province()
    shared = stages.awaiting_assignment(province)
    others = [stages.awaiting_assignment(province) for _n in range(4)]

    def sheet_with(other: Dossier) -> Callable[[], Any]:
        return lambda: sheet_of(province, shared, other)

    done = at_once(*(sheet_with(other) for other in others))
    written = [each for each in done if isinstance(each, HandOver)]
    assert len(written) == 1, done
    assert [each.number for each in written] == [1]
    assert HandOverItem.objects.filter(dossier=shared).count() == 1
    assert PaperFile.objects.filter(under_way__isnull=False).count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("papers_wait")
def test_sheets_written_at_the_same_moment_are_numbered_one_after_the_other() -> None:
    province = make_province()
    dossiers = [stages.awaiting_assignment(province) for _n in range(8)]

    def sheet_with(dossier: Dossier) -> Callable[[], Any]:
        return lambda: sheet_of(province, dossier)

    done = at_once(*(sheet_with(dossier) for dossier in dossiers))
    assert sorted(each.number for each in done) == list(range(1, 9))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("papers_wait")
def test_two_officers_tick_the_same_sheet_at_the_same_moment() -> None:
    province = make_province()
    give_role(province.clerk, province.department, Role.SPECIALIST)
    dossiers = [stages.awaiting_assignment(province) for _n in range(6)]
    sheet = sheet_of(province, *dossiers)
    items = ids(sheet)
    done = at_once(
        lambda: hand_overs.receive(sheet, items[:4], by=province.specialist, shelf="Tủ 1"),
        lambda: hand_overs.receive(sheet, items[2:], by=province.clerk, shelf="Tủ 2"),
        lambda: hand_overs.receive(sheet, items[::-1], by=province.head, shelf="Tủ 3"),
    )
    assert all(isinstance(each, hand_overs.Found) for each in done), done
    assert sum(each.ticked for each in done) == 6
    assert HandOverItem.objects.filter(handover=sheet, received_at__isnull=False).count() == 6
    assert PaperMove.objects.filter(handover=sheet, is_leaving=False).count() == 6
    assert HandOver.objects.get(pk=sheet.pk).received_at is not None


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("papers_wait")
def test_a_sheet_is_either_cancelled_or_received() -> None:
    province = make_province()
    dossier = stages.awaiting_assignment(province)
    sheet = sheet_of(province, dossier)
    items = ids(sheet)
    done = at_once(
        lambda: hand_overs.cancel(sheet, by=province.receptionist, reason="Nhầm"),
        lambda: hand_overs.receive(sheet, items, by=province.specialist),
    )
    assert len([each for each in done if isinstance(each, HandOverError)]) == 1, done
    sheet.refresh_from_db()
    assert (sheet.cancelled_at is None) != (sheet.received_at is None)
