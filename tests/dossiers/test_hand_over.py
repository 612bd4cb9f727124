"""Handing over: many dossiers at once, each an act of its own, nothing lost when one fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from accounts.roles import Role
from agencies.models import OfficerRole
from dossiers.chain import chain_faults
from dossiers.models import Dossier
from dossiers.recording import ActDataError
from dossiers.services import processing
from dossiers.services.handing_over import Outcome, hand_over
from tests.budgets import count_queries
from tests.dossiers import stages
from tests.dossiers.pages import browser_of, page
from tests.factories import AgencyFactory, OfficerFactory, UserFactory
from tests.province import Province, give_role

if TYPE_CHECKING:
    from collections.abc import Collection

    from agencies.models import Officer

MONDAY = "2026-08-03T09:00+07:00"
PAGE = "/ban-giao-viec/"


def specialist(province: Province, username: str, name: str) -> Officer:
    return OfficerFactory.create(
        user=UserFactory.create(username=username, full_name=name),
        agency=province.department,
        roles=[Role.SPECIALIST],
    )


@pytest.fixture
def an(province: Province) -> Officer:
    return specialist(province, "an", "Lê Văn An")


@pytest.fixture
def binh(province: Province) -> Officer:
    return specialist(province, "binh", "Phạm Thị Bình")


def held(province: Province, count: int = 1, by: Officer | None = None) -> list[Dossier]:
    """Return dossiers in the hands of a specialist."""
    return [
        processing.assign(
            stages.awaiting_assignment(province),
            by=province.head,
            assignee=by or province.specialist,
        )
        for _ in range(count)
    ]


def versions(dossiers: Collection[Dossier]) -> dict[str, int]:
    return {str(dossier.code): dossier.event_count for dossier in dossiers}


def give(
    province: Province, dossiers: Collection[Dossier], *to: Officer, **changes: Any
) -> list[Any]:
    parts: dict[str, Any] = {
        "among": Dossier.objects.all(),
        "by": province.head,
        "giver": province.specialist,
        "to": to,
        "reason": "Chuyển công tác",
    }
    return hand_over(changes.pop("versions", versions(dossiers)), **{**parts, **changes})


# The service


@time_machine.travel(MONDAY, tick=False)
def test_all_go_to_one_colleague_by_one_act_each(province: Province, an: Officer) -> None:
    dossiers = held(province, 3)
    rows = give(province, dossiers, an)
    assert {(row.code, row.outcome, row.to) for row in rows} == {
        (str(d.code), Outcome.DONE, "Lê Văn An") for d in dossiers
    }
    for dossier in Dossier.objects.all():
        event = dossier.events.latest("seq")
        assert dossier.holder_officer == an
        assert (event.act, event.from_state, event.to_state) == (
            "assign",
            "in_progress",
            "in_progress",
        )
        assert (event.actor, event.reason) == (province.head, "Chuyển công tác")
        assert chain_faults(dossier) == []


@time_machine.travel(MONDAY, tick=False)
def test_due_dates_do_not_move(province: Province, an: Officer) -> None:
    dossier = held(province)[0]
    give(province, [dossier], an)
    assert Dossier.objects.get().due_at == dossier.due_at


@time_machine.travel(MONDAY, tick=False)
def test_several_take_them_by_their_load(province: Province, an: Officer, binh: Officer) -> None:
    held(province, 2, by=an)
    rows = give(province, held(province, 4), an, binh)
    assert [row.outcome for row in rows] == [Outcome.DONE] * 4
    assert an.held_dossiers.count() == 3
    assert binh.held_dossiers.count() == 3


@time_machine.travel(MONDAY, tick=False)
def test_nobody_named_means_everybody_there_but_the_giver(
    province: Province, an: Officer, binh: Officer
) -> None:
    give(province, held(province, 4))
    assert [o.held_dossiers.count() for o in (an, binh, province.specialist)] == [2, 2, 0]


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize(
    "stage", [stages.awaiting_supplement, stages.in_progress], ids=["paused", "running"]
)
def test_every_working_state_changes_hands_and_stays(
    province: Province, an: Officer, stage: Any
) -> None:
    before = stage(province)
    holder = before.holder_officer
    if holder != province.specialist:
        processing.assign(before, by=province.head, assignee=province.specialist)
        before.refresh_from_db()
    (row,) = give(province, [before], an)
    after = Dossier.objects.get()
    assert row.outcome == Outcome.DONE
    assert (after.state, after.paused_at) == (before.state, before.paused_at)


@time_machine.travel(MONDAY, tick=False)
def test_the_same_request_again_changes_nothing(province: Province, an: Officer) -> None:
    dossiers = held(province, 2)
    give(province, dossiers, an)
    counts = [d.events.count() for d in Dossier.objects.order_by("pk")]
    assert {row.outcome for row in give(province, dossiers, an)} == {Outcome.ALREADY}
    assert [d.events.count() for d in Dossier.objects.order_by("pk")] == counts


@time_machine.travel(MONDAY, tick=False)
def test_what_cannot_go_is_told_and_the_rest_goes(
    province: Province, an: Officer, binh: Officer
) -> None:
    fine, stale, elsewhere = held(province, 3)
    asked = versions([fine, stale, elsewhere])
    processing.request_supplement(stale, by=province.specialist, reason="Thiếu")
    processing.assign(elsewhere, by=province.head, assignee=binh)
    ended = stages.settled(province)
    asked |= {str(ended.code): ended.event_count, "H01.07-000000-0001": 3}
    rows = {row.code: row.outcome for row in give(province, [], an, versions=asked)}
    assert rows == {
        str(fine.code): Outcome.DONE,
        str(stale.code): Outcome.STALE,
        str(elsewhere.code): Outcome.STALE,
        str(ended.code): Outcome.STALE,
        "H01.07-000000-0001": Outcome.ILLEGAL,
    }
    assert Dossier.objects.get(pk=stale.pk).holder_officer == province.specialist
    assert Dossier.objects.get(pk=elsewhere.pk).holder_officer == binh


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize("who", ["specialist", "clerk", "reformer", "stranger"])
def test_only_the_head_of_the_agency_that_holds_it(
    province: Province, an: Officer, who: str
) -> None:
    dossier = held(province)[0]
    (row,) = give(province, [dossier], an, by=getattr(province, who))
    assert row.outcome == Outcome.ILLEGAL
    assert Dossier.objects.get().holder_officer == province.specialist


@time_machine.travel(MONDAY, tick=False)
def test_out_of_sight_is_as_if_not_there(province: Province, an: Officer) -> None:
    dossier = held(province)[0]
    (row,) = give(province, [dossier], an, among=Dossier.objects.none())
    assert row.outcome == Outcome.ILLEGAL


@time_machine.travel(MONDAY, tick=False)
def test_a_colleague_must_work_where_it_lies(province: Province) -> None:
    (row,) = give(province, held(province), province.stranger)
    assert row.outcome == Outcome.NO_COLLEAGUE


@time_machine.travel(MONDAY, tick=False)
def test_a_reason_is_asked_for(province: Province, an: Officer) -> None:
    with pytest.raises(ActDataError):
        give(province, held(province), an, reason=" ")


# The page


@time_machine.travel(MONDAY, tick=False)
def test_who_can_no_longer_work_is_shown_first(
    province: Province, an: Officer, binh: Officer
) -> None:
    held(province, 2)
    held(province, 1, by=an)
    held(province, 1, by=binh)
    OfficerRole.objects.filter(officer=an).delete()
    binh.user.is_active = False
    binh.user.save()
    client = browser_of(province.head)
    text = page(client.get(PAGE))
    assert text.index("Phạm Thị Bình") < text.index("Lê Văn An")
    assert text.index("Lê Văn An") < text.index(province.specialist.full_name)
    assert "Tài khoản đã khoá, hồ sơ chưa bàn giao" in text
    assert "Không còn vai trò chuyên viên" in text
    board = page(client.get("/bang-dieu-hanh/khoi-luong/"))
    assert "Tài khoản đã khoá, cần bàn giao" in board
    assert "/ban-giao-viec/?tu=binh" in board


@time_machine.travel(MONDAY, tick=False)
def test_the_head_hands_over_by_the_page(province: Province, an: Officer) -> None:
    first, second = held(province, 2)
    client = browser_of(province.head)
    text = page(client.get(f"{PAGE}?tu=thuly"))
    assert text.count('name="dossier"') == 2
    assert text.count(" checked") == 2  # all, unless one unticks
    assert "đang giữ 0" in text
    body = {
        "dossier": [f"{first.code}@{first.event_count}"],
        "to": ["an"],
        "reason": "Nghỉ thai sản",
    }
    answer = client.post(f"{PAGE}?tu=thuly", body)
    assert answer.status_code == 200
    assert "Đã bàn giao 1 hồ sơ" in page(answer)
    assert str(second.code) in page(answer)
    assert Dossier.objects.get(pk=first.pk).holder_officer == an
    again = page(client.post(f"{PAGE}?tu=thuly", body))
    assert "đã giao từ trước" in again


@time_machine.travel(MONDAY, tick=False)
def test_the_page_tells_what_failed_by_code(province: Province, an: Officer) -> None:
    dossier = held(province)[0]
    body = {"dossier": [f"{dossier.code}@1"], "to": ["an"], "reason": "Nghỉ"}
    text = page(browser_of(province.head).post(f"{PAGE}?tu=thuly", body))
    assert "1 hồ sơ chưa bàn giao được" in text
    assert f'<span class="code">{dossier.code}</span>: hồ sơ vừa được người khác xử lý' in text


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"reason": "Nghỉ", "to": ["an"]}, "Hãy chọn ít nhất một hồ sơ."),
        (
            {"dossier": ["x", "@", "y@z", "q@" + "9" * 40], "reason": "R"},
            "Hãy chọn ít nhất một hồ sơ.",
        ),
        ({"dossier": ["H01@3"], "reason": "R", "to": ["ma"]}, "Hãy chọn lại người nhận."),
        ({"dossier": ["H01@3"], "reason": " ", "to": ["an"]}, "Hãy ghi lý do."),
    ],
)
def test_what_is_missing_is_told_and_nothing_typed_is_lost(
    province: Province, an: Officer, body: dict[str, Any], told: str
) -> None:
    held(province)
    answer = browser_of(province.head).post(f"{PAGE}?tu=thuly", body)
    assert answer.status_code == 422
    assert told in page(answer)
    if body["reason"] == "Nghỉ":
        assert ">Nghỉ</textarea>" in page(answer)


@time_machine.travel(MONDAY, tick=False)
def test_nobody_else_opens_the_page(province: Province, an: Officer) -> None:
    held(province)
    for officer in (province.specialist, province.clerk, province.receptionist, province.reformer):
        assert browser_of(officer).get(PAGE).status_code == 404
        assert browser_of(officer).post(f"{PAGE}?tu=thuly").status_code == 404
    stranger = browser_of(province.stranger)  # a head, of another agency
    assert province.specialist.full_name not in page(stranger.get(PAGE))
    assert stranger.get(f"{PAGE}?tu=thuly").status_code == 404
    assert browser_of(province.head).get(f"{PAGE}?tu=khong-co").status_code == 404
    assert browser_of(province.head).post(PAGE).status_code == 404


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize("url", [PAGE, f"{PAGE}?tu=thuly"])
def test_the_pages_ask_at_most_eight_queries_for_one_dossier_and_for_thirty(
    province: Province, an: Officer, url: str
) -> None:
    client = browser_of(province.head)
    held(province)
    client.get(url)
    figures = []
    for more in (0, 29):
        held(province, more)
        with count_queries() as counted:
            assert client.get(url).status_code == 200
        figures.append(len(counted))
    assert figures[0] == figures[1] <= 8, str(counted)


# Sending it to the right unit (T13)


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize("stage", [stages.awaiting_assignment, stages.in_progress])
def test_what_came_to_the_wrong_unit_goes_to_the_right_one(province: Province, stage: Any) -> None:
    before = stage(province)
    client = browser_of(province.head)
    url = f"/ho-so/{before.code}/chuyen-lai/"
    assert "Cơ quan có thẩm quyền" in page(client.get(url))
    answer = client.post(
        url,
        {"version": before.event_count, "agency": "H01.08", "reason": "Thuộc Sở Láng giềng"},
        follow=True,
    )
    assert answer.status_code in {200, 404}  # out of the head's sight now, if they see no other
    after = Dossier.objects.get()
    event = after.events.latest("seq")
    assert (after.state, after.holder_officer) == ("awaiting_assignment", None)
    assert after.holder_agency == after.competent_agency == province.elsewhere
    assert after.receiving_agency == province.centre
    assert (after.due_at, event.clock_effect) == (before.due_at, "none")
    assert event.data == {"from": province.department.pk, "to": province.elsewhere.pk}
    assert event.reason == "Thuộc Sở Láng giềng"
    assert chain_faults(after) == []


@time_machine.travel(MONDAY, tick=False)
def test_a_specialist_asks_for_it_and_the_head_decides(province: Province) -> None:
    dossier = stages.in_progress(province)
    url = f"/ho-so/{dossier.code}/chuyen-lai/"
    body = {"version": dossier.event_count, "agency": "H01.08", "reason": "Không thuộc đây"}
    browser_of(province.specialist).post(url, body)
    asked = Dossier.objects.get()
    assert (asked.asked_acts, asked.holder_agency) == (["redirect"], province.department)
    head = browser_of(province.head)
    assert "Không thuộc đây" in page(head.get(url))  # what was asked fills the form in
    head.post(url, {**body, "version": asked.event_count})
    assert Dossier.objects.get().holder_agency == province.elsewhere


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize(
    ("agency", "told"),
    [
        ("H01.07", "Hồ sơ đang ở chính cơ quan này."),
        ("H01.01.01", "Cơ quan này chưa có lãnh đạo đơn vị để nhận hồ sơ."),
    ],
)
def test_it_goes_only_where_somebody_takes_it(province: Province, agency: str, told: str) -> None:
    dossier = stages.in_progress(province)
    answer = browser_of(province.head).post(
        f"/ho-so/{dossier.code}/chuyen-lai/",
        {"version": dossier.event_count, "agency": agency, "reason": "R"},
    )
    assert answer.status_code == 422
    assert told in page(answer)
    assert Dossier.objects.get().holder_agency == province.department


@time_machine.travel(MONDAY, tick=False)
def test_a_closed_agency_is_not_offered(province: Province) -> None:
    import datetime as dt

    closed = AgencyFactory.create(
        code="H01.55", parent=province.root, valid_to=dt.date(2025, 6, 30), name="Huyện cũ"
    )
    give_role(province.stranger, closed, Role.HEAD)
    dossier = stages.in_progress(province)
    answer = browser_of(province.head).post(
        f"/ho-so/{dossier.code}/chuyen-lai/",
        {"version": dossier.event_count, "agency": "H01.55", "reason": "R"},
    )
    assert answer.status_code == 422
    assert "Huyện cũ" not in page(answer)
