"""What one may only ask for: who asks, who decides, and what happens to it in between."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from accounts.roles import Role
from dossiers.chain import chain_faults
from dossiers.models import ActProposal, Dossier
from dossiers.recording import ActDataError, open_acts
from dossiers.services import approval, pausing, processing
from dossiers.workflow import Act, IllegalTransitionError
from tests.dossiers.conftest import OfficerClient
from tests.dossiers.stages import in_progress
from tests.factories import OfficerFactory

if TYPE_CHECKING:
    from tests.province import Province

SUSPENSION: dict[str, Any] = {
    "reason": "Chờ kết luận giám định",
    "legal_basis": "Điều 12 Luật Thử nghiệm",
    "resume_expected": dt.date(2099, 1, 5),
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
    assert (dossier.asked_act, dossier.asked_by) == ("suspend", "specialist")
    event = dossier.events.get(act="ask_approval")
    assert (event.reason, event.data, event.clock_effect) == ("Chờ", {"asked": "suspend"}, "none")
    assert not chain_faults(Dossier.objects.get(pk=dossier.pk))


def test_one_thing_is_asked_for_at_a_time(province: Province) -> None:
    with pytest.raises(IllegalTransitionError):
        approval.ask(Act.EXTEND, asked(province), by=province.specialist)


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
    assert dossier.asked_act == ""


def test_another_way_on_overtakes_it(province: Province) -> None:
    dossier = approval.ask(
        Act.REDIRECT, in_progress(province), by=province.specialist, reason="Không thuộc sở"
    )
    dossier = processing.propose(dossier, by=province.specialist)
    assert dossier.asked_act == ""
    assert dossier.proposals.get().outcome == ActProposal.Outcome.OVERTAKEN


def test_what_can_still_be_done_stays_asked_for(province: Province) -> None:
    dossier = processing.propose(asked(province), by=province.specialist)
    assert dossier.asked_act == "suspend"
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
    assert (dossier.state, dossier.asked_act) == ("in_progress", "")
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
        resume_expected="2099-01-05",
    )
    assert told.status_code == 200, told.json()
    assert told.json()["asked"] == "suspend"
    assert told.json()["state"] == "in_progress"
    assert "suspend" not in told.json()["may_ask"]
    assert dossier.proposals.get().given == {
        "reason": "Chờ giám định",
        "legal_basis": "Điều 12",
        "resume_expected": "2099-01-05",
    }
    again = asks.act(dossier.code, "suspend", told.json()["version"], reason="x")
    assert again.status_code == 409


def test_on_the_page_one_asks_and_the_other_finds_it_filled_in(
    province: Province, client: object
) -> None:
    dossier = in_progress(province)
    page = f"/ho-so/{dossier.code}/"
    client.force_login(province.specialist.user)  # type: ignore[attr-defined]
    shown = client.get(page)  # type: ignore[attr-defined]
    assert "Đề nghị: Tạm dừng" in shown.content.decode()
    form = {
        "version": dossier.event_count,
        "reason": "Chờ giám định",
        "legal_basis": "Điều 12",
        "resume_expected": "2099-01-05",
    }
    answer = client.post(f"{page}tam-dung/", form, follow=True)  # type: ignore[attr-defined]
    assert "Đã trình đề nghị “Tạm dừng”" in answer.content.decode()
    client.force_login(province.head.user)  # type: ignore[attr-defined]
    inbox = client.get("/hop-viec/").content.decode()  # type: ignore[attr-defined]
    assert dossier.code in inbox
    assert "Quyết định: Tạm dừng" in inbox
    filled = client.get(f"{page}tam-dung/").content.decode()  # type: ignore[attr-defined]
    assert "Chờ giám định" in filled
    assert 'value="2099-01-05"' in filled
    assert province.specialist.full_name in filled
