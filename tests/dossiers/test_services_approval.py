"""What one may only ask for: who asks, who decides, and what happens to it in between."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from accounts.roles import Role
from dossiers.chain import chain_faults
from dossiers.models import ActProposal, Dossier
from dossiers.recording import ActDataError, open_acts
from dossiers.services import approval, closing, pausing, processing
from dossiers.workflow import Act, IllegalTransitionError
from tests.dossiers.conftest import OfficerClient
from tests.dossiers.stages import in_progress, new_date
from tests.dossiers.truth import history_faults
from tests.factories import OfficerFactory

if TYPE_CHECKING:
    from django.test import Client

    from tests.province import Province

SOON = timezone.localdate() + dt.timedelta(days=30)
SUSPENSION: dict[str, Any] = {
    "reason": "Chờ kết luận giám định",
    "legal_basis": "Điều 12 Luật Thử nghiệm",
    "resume_expected": SOON,
}


def asked(province: Province) -> Dossier:
    return approval.ask(
        Act.SUSPEND,
        in_progress(province),
        by=province.specialist,
        given={"reason": "Chờ giám định"},
        reason="Chờ giám định",
    )


def test_what_is_asked_for_moves_nothing_and_stands_in_the_log(province: Province) -> None:
    before = in_progress(province)
    dossier = approval.ask(
        Act.SUSPEND, before, by=province.specialist, given={"reason": "Chờ"}, reason="Chờ"
    )
    assert (dossier.state, dossier.due_at, dossier.holder_officer) == (
        before.state,
        before.due_at,
        province.specialist,
    )
    assert dossier.asked == {"suspend": {"role": "specialist", "people": [province.specialist.pk]}}
    event = dossier.events.get(act="ask_approval")
    assert (event.reason, event.data, event.clock_effect) == ("Chờ", {"asked": "suspend"}, "none")
    assert not chain_faults(Dossier.objects.get(pk=dossier.pk))


def test_the_same_is_not_asked_for_twice(province: Province) -> None:
    with pytest.raises(IllegalTransitionError):
        approval.ask(Act.SUSPEND, asked(province), by=province.specialist, reason="Lần nữa")


def test_what_is_of_another_kind_waits_beside_it(province: Province) -> None:
    dossier = approval.ask(Act.STOP, asked(province), by=province.specialist, reason="Trùng hồ sơ")
    dossier = approval.ask(Act.REOPEN, dossier, by=province.supervisor, reason="Sai bước")
    assert dossier.asked_acts == [Act.SUSPEND, Act.STOP, Act.REOPEN]
    assert dossier.proposals.filter(outcome="open").count() == 3
    assert Act.REOPEN in open_acts(dossier, province.reformer)
    assert Act.STOP not in open_acts(dossier, province.reformer)
    # Decided is the one; the other may still be done, and waits on.
    dossier = pausing.extend(
        approval.ask(Act.EXTEND, dossier, by=province.specialist, reason="Chậm giám định"),
        by=province.head,
        new_due_on=new_date(province),
        reason="Chậm giám định",
    )
    assert dossier.asked_acts == [Act.SUSPEND, Act.STOP, Act.REOPEN]
    assert dossier.proposals.get(act=Act.EXTEND).outcome == ActProposal.Outcome.DONE
    assert history_faults(dossier) == []
    # An end leaves nothing to suspend; it may still be taken back.
    dossier = closing.stop(dossier, by=province.head, reason="Trùng hồ sơ")
    assert {row.act: row.outcome for row in dossier.proposals.all()} == {
        "suspend": "overtaken",
        "stop": "done",
        "extend": "done",
        "reopen": "open",
    }
    assert dossier.asked_acts == [Act.REOPEN]
    assert history_faults(dossier) == []


def test_of_several_one_is_declined_by_name(province: Province) -> None:
    dossier = approval.ask(Act.STOP, asked(province), by=province.specialist, reason="Trùng hồ sơ")
    with pytest.raises(ActDataError) as refused:
        approval.decline(dossier, by=province.head, reason="Chưa cần")
    assert set(refused.value.errors) == {"asked"}
    with pytest.raises(IllegalTransitionError):
        approval.decline(dossier, by=province.head, asked=Act.EXTEND, reason="Chưa cần")
    dossier = approval.decline(dossier, by=province.head, asked=Act.STOP, reason="Chưa cần")
    assert dossier.asked_acts == [Act.SUSPEND]
    assert dossier.events.latest("seq").data == {"declined": "stop"}
    assert dossier.proposals.get(act=Act.STOP).outcome == ActProposal.Outcome.DECLINED
    assert dossier.proposals.get(act=Act.SUSPEND).outcome == ActProposal.Outcome.OPEN


def test_who_asked_may_take_it_back(province: Province) -> None:
    dossier = asked(province)
    colleague = OfficerFactory.create(agency=province.department, roles=[Role.SPECIALIST])
    for other in (colleague, province.head):
        assert Act.RETRACT not in open_acts(dossier, other)
        with pytest.raises(IllegalTransitionError):
            approval.retract(dossier, by=other)
    assert Act.RETRACT in open_acts(dossier, province.specialist)
    done = approval.retract(dossier, by=province.specialist, note="Đã có kết luận")
    assert (done.state, done.due_at, done.asked_acts) == (dossier.state, dossier.due_at, [])
    assert done.holder_officer == province.specialist
    event = done.events.latest("seq")
    assert (event.act, event.actor_role) == ("retract", "specialist")
    assert (event.reason, event.data) == ("Đã có kết luận", {"retracted": "suspend"})
    proposal = done.proposals.get()
    assert (proposal.outcome, proposal.decided_event) == ("retracted", event)
    assert history_faults(done) == []
    assert not chain_faults(Dossier.objects.get(pk=done.pk))
    with pytest.raises(IllegalTransitionError):
        approval.retract(done, by=province.specialist)
    assert approval.ask(Act.SUSPEND, done, by=province.specialist, reason="Lần nữa").asked_acts


def test_of_several_one_is_taken_back_by_name(province: Province) -> None:
    dossier = approval.ask(Act.STOP, asked(province), by=province.specialist, reason="Trùng hồ sơ")
    dossier = approval.ask(Act.REOPEN, dossier, by=province.supervisor, reason="Sai bước")
    with pytest.raises(ActDataError) as refused:
        approval.retract(dossier, by=province.specialist)
    assert set(refused.value.errors) == {"asked"}
    with pytest.raises(IllegalTransitionError):
        approval.retract(dossier, by=province.specialist, asked=Act.REOPEN)
    told = OfficerClient(province.specialist).act(
        dossier.code, "retract", dossier.event_count, asked="stop"
    )
    assert told.status_code == 200, told.json()
    assert [row["act"] for row in told.json()["asked"]] == ["suspend", "reopen"]
    # The supervisor has but one.
    assert approval.retract(dossier, by=province.supervisor).asked_acts == [Act.SUSPEND]


def test_a_proposal_does_not_follow_the_dossier_to_another_agency(province: Province) -> None:
    """T13: the heads it was put before decide nothing there, and those there were not asked."""
    dossier = approval.ask(Act.STOP, asked(province), by=province.specialist, reason="Trùng hồ sơ")
    dossier = approval.ask(Act.REOPEN, dossier, by=province.supervisor, reason="Sai bước")
    dossier = processing.redirect(
        dossier, by=province.head, agency=province.elsewhere, reason="Không thuộc sở"
    )
    assert {row.act: row.outcome for row in dossier.proposals.all()} == {
        "suspend": "overtaken",
        "stop": "overtaken",
        "reopen": "open",
    }
    assert dossier.asked_acts == [Act.REOPEN]
    assert history_faults(dossier) == []


@pytest.mark.parametrize("act", [Act.SUSPEND, Act.STOP, Act.EXTEND, Act.REDIRECT])
def test_who_asks_for_what_needs_a_reason_gives_one(province: Province, act: Act) -> None:
    dossier = in_progress(province)
    for blank in ("", " \n"):
        with pytest.raises(ActDataError) as refused:
            approval.ask(act, dossier, by=province.specialist, reason=blank)
        assert set(refused.value.errors) == {"reason"}
    assert not dossier.proposals.exists()
    # And it is found in the form of who decides, whichever door it came by.
    approval.ask(act, dossier, by=province.specialist, reason="Lý do của chuyên viên")
    assert dossier.proposals.get().given == {"reason": "Lý do của chuyên viên"}


@pytest.mark.parametrize(
    ("act", "asker", "data", "missing"),
    [
        ("suspend", "specialist", {"reason": "Giám định"}, {"legal_basis", "resume_expected"}),
        ("stop", "specialist", {}, {"reason"}),
        ("extend", "specialist", {"reason": "Chậm"}, {"new_due_on"}),
        ("redirect", "specialist", {"agency": "H01.08"}, {"reason"}),
        ("reopen", "supervisor", {"reason": "Sai"}, {"to"}),
    ],
)
def test_asking_wants_what_doing_wants(
    province: Province, act: str, asker: str, data: dict[str, str], missing: set[str]
) -> None:
    dossier = in_progress(province)
    client = OfficerClient(getattr(province, asker))
    told = client.act(dossier.code, act, dossier.event_count, **data)
    assert told.status_code == 400
    assert set(told.json()["errors"]) == missing
    assert not dossier.proposals.exists()


def test_who_may_decide_does_not_ask(province: Province) -> None:
    """The head is a signer too: what they may do they do."""
    with pytest.raises(IllegalTransitionError):
        approval.ask(Act.SUSPEND, in_progress(province), by=province.head)


@pytest.mark.parametrize("act", [Act.APPROVE, Act.PUBLISH, Act.LAPSE_SUPPLEMENT, Act.REOPEN])
def test_nobody_asks_for_what_is_not_theirs_to_ask(province: Province, act: Act) -> None:
    with pytest.raises(IllegalTransitionError):
        approval.ask(act, in_progress(province), by=province.specialist)


def test_doing_it_settles_what_was_asked(province: Province) -> None:
    dossier = pausing.suspend(asked(province), by=province.head, **SUSPENSION)
    proposal = dossier.proposals.get()
    assert proposal.outcome == ActProposal.Outcome.DONE
    assert proposal.decided_event == dossier.events.get(act="suspend")
    assert dossier.asked_acts == []


def test_another_way_on_overtakes_it(province: Province) -> None:
    dossier = approval.ask(
        Act.REDIRECT, in_progress(province), by=province.specialist, reason="Không thuộc sở"
    )
    dossier = processing.propose(dossier, by=province.specialist)
    assert dossier.asked_acts == []
    assert dossier.proposals.get().outcome == ActProposal.Outcome.OVERTAKEN


def test_what_can_still_be_done_stays_asked_for(province: Province) -> None:
    dossier = processing.propose(asked(province), by=province.specialist)
    assert dossier.asked_acts == [Act.SUSPEND]
    assert dossier.proposals.get().outcome == ActProposal.Outcome.OPEN


def test_who_decides_may_decline_and_says_why(province: Province) -> None:
    dossier = asked(province)
    assert Act.DECLINE in open_acts(dossier, province.head)
    assert Act.DECLINE not in open_acts(dossier, province.specialist)
    with pytest.raises(ActDataError) as refused:
        approval.decline(dossier, by=province.head, reason=" ")
    assert set(refused.value.errors) == {"reason"}
    with pytest.raises(IllegalTransitionError):
        approval.decline(dossier, by=province.specialist, reason="Tự rút")
    dossier = approval.decline(dossier, by=province.head, reason="Chưa cần")
    assert dossier.proposals.get().outcome == ActProposal.Outcome.DECLINED
    assert (dossier.state, dossier.asked_acts) == ("in_progress", [])
    with pytest.raises(IllegalTransitionError):
        approval.decline(dossier, by=province.head, reason="Lần nữa")


def test_the_version_says_who_decides_a_first_supplement(province: Province) -> None:
    province.procedure.versions.update(supplement_decided_by="signer")
    dossier = in_progress(province)
    deputy = OfficerFactory.create(agency=province.department, roles=[Role.HEAD])
    for officer in (province.specialist, deputy):
        with pytest.raises(IllegalTransitionError):
            processing.request_supplement(dossier, by=officer, reason="Thiếu bản vẽ")
    dossier = approval.ask(Act.REQUEST_SUPPLEMENT, dossier, by=deputy, reason="Thiếu bản vẽ")
    done = processing.request_supplement(dossier, by=province.head, reason="Thiếu bản vẽ")
    assert done.state == "awaiting_supplement"


def test_through_the_api_a_form_filled_in_waits_and_is_decided(province: Province) -> None:
    dossier = in_progress(province)
    asks = OfficerClient(province.specialist)
    told = asks.act(
        dossier.code,
        "suspend",
        dossier.event_count,
        reason="Chờ giám định",
        legal_basis="Điều 12",
        resume_expected=SOON.isoformat(),
    )
    assert told.status_code == 200, told.json()
    [asked] = told.json()["asked"]
    assert (asked["act"], asked["by"]) == ("suspend", province.specialist.full_name)
    assert (asked["role"], asked["given"]["legal_basis"]) == ("specialist", "Điều 12")
    assert told.json()["state"] == "in_progress"
    assert "suspend" not in told.json()["may_ask"]
    assert dossier.proposals.get().given == {
        "reason": "Chờ giám định",
        "legal_basis": "Điều 12",
        "resume_expected": SOON.isoformat(),
    }
    again = asks.act(dossier.code, "suspend", told.json()["version"], reason="x")
    assert again.status_code == 409


def test_on_the_page_one_asks_and_the_other_finds_it_filled_in(
    province: Province, client: Client
) -> None:
    dossier = in_progress(province)
    page = f"/ho-so/{dossier.public_code}/"
    client.force_login(province.specialist.user)
    shown = client.get(page)
    assert "Đề nghị: Tạm dừng" in shown.content.decode()
    form = {
        "version": dossier.event_count,
        "reason": "Chờ giám định",
        "legal_basis": "Điều 12",
        "resume_expected": SOON.isoformat(),
    }
    answer = client.post(f"{page}tam-dung/", form, follow=True)
    assert "Đã trình đề nghị “Tạm dừng”" in answer.content.decode()
    client.force_login(province.head.user)
    inbox = client.get("/hop-viec/").content.decode()
    assert dossier.public_code in inbox
    assert "Quyết định: Tạm dừng" in inbox
    filled = client.get(f"{page}tam-dung/").content.decode()
    assert "Chờ giám định" in filled
    assert f'value="{SOON.isoformat()}"' in filled
    assert province.specialist.full_name in filled


def test_on_the_page_who_asked_takes_it_back(province: Province, client: Client) -> None:
    dossier = asked(province)
    page = f"/ho-so/{dossier.public_code}/"
    client.force_login(province.head.user)
    assert "Rút đề nghị" not in client.get(page).content.decode()
    client.force_login(province.specialist.user)
    assert "Rút đề nghị" in client.get(page).content.decode()
    form = client.get(f"{page}rut-de-nghi/").content.decode()
    assert '<option value="suspend" selected>Tạm dừng</option>' in form
    answer = client.post(f"{page}rut-de-nghi/", {"version": dossier.event_count}, follow=True)
    assert "Rút đề nghị: Tạm dừng" in answer.content.decode()  # in its timeline
    assert Dossier.objects.get(pk=dossier.pk).asked_acts == []


def test_two_proposals_stand_on_the_page_each_with_its_decision(
    province: Province, client: Client
) -> None:
    dossier = approval.ask(Act.STOP, asked(province), by=province.specialist, reason="Trùng hồ sơ")
    client.force_login(province.head.user)
    shown = client.get(f"/ho-so/{dossier.code}/").content.decode()
    for words in ("Quyết định: Tạm dừng", "Quyết định: Dừng giải quyết", "Trùng hồ sơ"):
        assert words in shown
    assert "Trùng hồ sơ" in client.get(f"/ho-so/{dossier.code}/dung-giai-quyet/").content.decode()
    page = f"/ho-so/{dossier.code}/khong-chap-thuan/"
    body = {"version": dossier.event_count, "reason": "Chưa cần"}
    assert client.post(page, body).status_code == 422
    assert client.post(page, {**body, "asked": "stop"}).status_code == 302
    assert Dossier.objects.get(pk=dossier.pk).asked_acts == [Act.SUSPEND]
