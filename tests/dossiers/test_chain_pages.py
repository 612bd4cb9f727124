"""A chain and a tracked dossier as their people see them: the citizen, the officer, the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from dossiers.models import Dossier
from dossiers.services import closing, mirroring, processing
from tests.budgets import count_queries
from tests.dossiers.conftest import OfficerClient
from tests.dossiers.linked import Linked, make_linked
from tests.dossiers.pages import browser_of, page
from tests.factories import local
from tests.province import Province

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client


@pytest.fixture
def linked(province: Province) -> Linked:
    return make_linked(province)


@pytest.fixture
def monday() -> Iterator[Any]:
    with time_machine.travel("2026-07-06T08:00+07:00", tick=False) as clock:
        yield clock


@pytest.fixture
def chain(linked: Linked, monday: Any) -> Dossier:
    return linked.log()


def look_up(client: Client, code: str | None) -> Any:
    return client.post("/tra-cuu/ket-qua/", {"code": code, "proof": "4215"})


def test_the_citizen_sees_each_agencys_part_in_plain_words(
    client: Client, chain: Dossier, linked: Linked, monday: Any
) -> None:
    linked.settle(linked.part(chain, 0))
    monday.move_to(local("2026-07-16 08:00"))
    seen = page(look_up(client, chain.code))
    assert "Từng cơ quan đang làm gì" in seen
    assert "Uỷ ban nhân dân xã Thử" in seen
    assert "Hồ sơ đã có kết quả, sớm hơn ngày hẹn." in seen
    assert "Hồ sơ đã đến cơ quan giải quyết." in seen
    assert "Đang quá hẹn." in seen
    for part in chain.parts.all():
        assert str(part.code) in seen
    # A part is late, so the whole is: its own date was the day before.
    assert "đã quá ngày hẹn trả" in seen


def test_the_code_of_a_part_leads_to_the_whole_as_well(
    client: Client, chain: Dossier, linked: Linked
) -> None:
    part = linked.part(chain, 0)
    seen = page(look_up(client, part.code))
    assert "Đây là một phần của hồ sơ liên thông" in seen
    assert f"{chain.code}</b>" in seen
    assert "Hẹn trả chung: 15/07/2026." in seen


def test_an_ordinary_page_says_nothing_of_parts(
    client: Client, province: Province, monday: Any
) -> None:
    seen = page(look_up(client, province.log().code))
    assert "liên thông" not in seen
    assert "cổng chỉ theo dõi" not in seen


def test_the_look_up_of_a_chain_takes_no_query_more(
    client: Client, chain: Dossier, province: Province
) -> None:
    codes = [province.log().code, chain.code, chain.parts.earliest("pk").code]
    look_up(client, codes[0])
    counts = []
    for code in codes:
        with count_queries() as counted:
            assert look_up(client, code).status_code == 200
        counts.append(len(counted))
    assert len(set(counts)) == 1, counts
    assert counts[0] <= 3


def test_the_tracking_api_tells_the_parts_of_a_chain_alone(
    client: Client, chain: Dossier, province: Province
) -> None:
    def told(code: str | None) -> Any:
        return client.post(
            "/api/v1/tracking/",
            {"code": code, "proof": "4215"},
            content_type="application/json",
        ).json()

    whole = told(chain.code)
    assert [part["agency"] for part in whole["parts"]] == [
        "Uỷ ban nhân dân xã Thử",
        "Sở Láng giềng",
    ]
    assert set(whole["parts"][0]) == {"code", "procedure", "agency", "standing", "due_at"}
    part = told(whole["parts"][0]["code"])
    assert part["parent"]["code"] == chain.code
    assert not {"parent", "parts", "system_of_record"} & set(told(province.log().code))


def test_the_officers_pages_link_both_ways(
    chain: Dossier, linked: Linked, province: Province
) -> None:
    desk = browser_of(province.receptionist)
    whole = page(desk.get(f"/ho-so/{chain.code}/"))
    for part in chain.parts.all():
        assert f'href="/ho-so/{part.code}/"' in whole
        assert f'href="/ho-so/{chain.code}/"' in page(desk.get(f"/ho-so/{part.code}/"))
    # Who works on one part reads the whole, and of the other parts only how they stand.
    clerk = browser_of(linked.officers[linked.commune.pk])
    whole = page(clerk.get(f"/ho-so/{chain.code}/"))
    mine, other = linked.part(chain, 0), linked.part(chain, 2)
    assert f'href="/ho-so/{mine.code}/"' in whole
    assert f'href="/ho-so/{other.code}/"' not in whole
    assert str(other.code) in whole
    assert clerk.get(f"/ho-so/{other.code}/").status_code == 404


def test_the_page_of_a_chain_takes_as_many_queries_with_more_parts(
    chain: Dossier, linked: Linked, province: Province
) -> None:
    desk = browser_of(province.receptionist)
    desk.get(f"/ho-so/{chain.code}/")
    counts = []
    for _parts in (2, 3):
        with count_queries() as counted:
            desk.get(f"/ho-so/{chain.code}/")
        counts.append(len(counted))
        if len(counts) == 1:
            linked.settle(linked.part(chain, 0))
    assert counts[0] == counts[1] <= 11


def test_the_head_decides_on_a_page(chain: Dossier, linked: Linked) -> None:
    linked.stop(linked.part(chain, 0))
    head = browser_of(linked.centre_head)
    assert str(chain.code) in page(head.get("/hop-viec/"))
    shown = page(head.get(f"/ho-so/{chain.code}/"))
    assert "chờ lãnh đạo nơi tiếp nhận quyết định" in shown
    address = f"/ho-so/{chain.code}/quyet-dinh-lien-thong/"
    assert "Tiếp tục, không có hồ sơ thành phần đó" in page(head.get(address))
    chain.refresh_from_db()
    answer = head.post(
        address,
        {"decision": "go_on", "reason": "Đã có giấy khai sinh", "version": chain.event_count},
    )
    assert answer.status_code == 302
    chain.refresh_from_db()
    assert (chain.parts_undecided, chain.parts.count()) == (0, 3)


def test_the_inbox_of_a_head_holds_no_work_that_is_not_theirs(
    chain: Dossier, linked: Linked
) -> None:
    assert str(chain.code) not in page(browser_of(linked.centre_head).get("/hop-viec/"))


def test_the_board_has_a_chain_by_its_parts(
    chain: Dossier, linked: Linked, province: Province, monday: Any
) -> None:
    monday.move_to(local("2026-07-16 08:00"))
    board = page(browser_of(province.reformer).get("/bang-dieu-hanh/"))
    assert str(chain.code) not in board
    for part in chain.parts.all():
        assert str(part.code) in board


def test_the_api_of_officers_tells_parts_and_parent(
    chain: Dossier, province: Province, linked: Linked
) -> None:
    client = OfficerClient(province.receptionist)
    whole = client.get(f"/api/v1/dossiers/{chain.code}/").json()
    assert [part["agency"] for part in whole["parts"]] == ["H01.151", "H01.08"]
    part = client.get(f"/api/v1/dossiers/{whole['parts'][0]['code']}/").json()
    assert (part["parent"], part["parts"]) == (chain.code, [])


def test_a_tracked_dossier_says_who_settles_it(
    client: Client, province: Province, monday: Any
) -> None:
    province.procedure.versions.update(system_of_record="Đăng ký doanh nghiệp")
    dossier = processing.transfer(province.log(), by=province.receptionist)
    words = "Do hệ thống Đăng ký doanh nghiệp của bộ giải quyết; cổng chỉ theo dõi."
    assert words in page(look_up(client, dossier.code))
    assert words in page(browser_of(province.head).get(f"/ho-so/{dossier.code}/"))
    monday.move_to(local("2026-07-08 08:00"))
    mirroring.mirror(
        dossier, state=9, at=local("2026-07-07 09:00"), reference="tin-1", reason="Đã xong"
    )
    assert "Cập nhật từ hệ thống của bộ" in page(look_up(client, dossier.code))


def test_the_citizen_is_sent_to_the_counter_that_was_named(
    client: Client, province: Province, monday: Any
) -> None:
    province.elsewhere.address = "Số 1 đường Thử"
    province.elsewhere.save()
    dossier = processing.transfer(
        province.log(collecting_agency=province.elsewhere), by=province.receptionist
    )
    dossier = processing.propose(
        processing.assign(dossier, by=province.head), by=province.specialist
    )
    closing.publish(
        processing.approve(dossier, by=province.head), by=province.clerk, result_number="12/KQ"
    )
    seen = page(look_up(client, dossier.code))
    assert "đến Sở Láng giềng để nhận kết quả" in seen
    assert "Số 1 đường Thử" in seen
