"""Liên thông: one parent, parts in several agencies, one appointment (domain.md 6.4)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.roles import Role
from agencies.scope import scope_of
from dossiers.act_forms import ACT_FORMS
from dossiers.chain import chain_faults
from dossiers.models import Dossier, FeeDue, PaperSlip
from dossiers.paperwork.layouts import NoLayoutError, layout_for
from dossiers.recording import ActDataError, StaleVersionError, open_acts
from dossiers.services import (
    approval,
    chains,
    closing,
    correcting,
    intake,
    mirroring,
    pausing,
    payment,
    processing,
)
from dossiers.workflow import Act, Facts, IllegalTransitionError, Standing, State, acts_open_to
from procedures.models import ProcedureLink
from tests.budgets import count_queries
from tests.dossiers.linked import Linked, make_linked
from tests.factories import ProcedureFactory, local
from tests.province import Province, give_role, make_province

if TYPE_CHECKING:
    from collections.abc import Iterator

MONDAY = "2026-07-06T08:00+07:00"  # no holiday near


@pytest.fixture
def linked(province: Province) -> Linked:
    return make_linked(province)


@pytest.fixture
def lent_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a notice that no circular lays out be issued on the sheet of another: not the subject."""

    def lent(kind: Any, on: Any) -> Any:
        try:
            return layout_for(kind, on)
        except NoLayoutError:
            return layout_for("stop_notice", on)

    monkeypatch.setattr("dossiers.paper_issue.layout_for", lent)


@pytest.fixture
def monday() -> Iterator[Any]:
    with time_machine.travel(MONDAY, tick=False) as clock:
        yield clock


@pytest.fixture
def chain(linked: Linked, monday: Any) -> Dossier:
    return linked.log()


def again(dossier: Dossier) -> Dossier:
    return Dossier.objects.for_page().get(pk=dossier.pk)


# At the acceptance


def test_acceptance_makes_the_parts_that_start_at_once(linked: Linked, chain: Dossier) -> None:
    parts = list(chain.parts.order_by("link__position"))
    assert [part.link.position for part in parts if part.link] == [0, 2]
    assert {part.state for part in parts} == {"awaiting_assignment"}
    assert [part.competent_agency for part in parts] == [
        linked.commune,
        linked.province.elsewhere,
    ]
    assert all(part.holder_agency == part.competent_agency for part in parts)
    assert all(part.receiving_agency == chain.receiving_agency for part in parts)
    assert len({chain.code, *(part.code for part in parts)}) == 3
    assert all(part.received_at == chain.received_at for part in parts)
    assert (chain.state, chain.parts_open, chain.holder_agency) == (
        "in_progress",
        2,
        linked.province.centre,
    )
    assert [chain_faults(each) for each in (chain, *parts)] == [[], [], []]


def test_each_part_has_its_own_date_and_the_chain_the_last(chain: Dossier, linked: Linked) -> None:
    # Monday 6/7: two days Wednesday 8/7, seven days Wednesday 15/7; the card waits for the birth.
    # What ends at 17:00 is received by the next the morning after (domain.md 3.2): three days from
    # Thursday 9/7 are Tuesday 14/7.
    assert linked.part(chain, 0).due_at == local("2026-07-08 17:00")
    assert linked.part(chain, 2).due_at == local("2026-07-15 17:00")
    assert chain.due_original_at == chain.due_at == local("2026-07-15 17:00")


def test_a_sequence_counts_from_the_date_of_the_part_before(linked: Linked, monday: Any) -> None:
    ProcedureLink.objects.filter(position=2).update(starts="after")
    chain = linked.log()
    # 8/7 17:00; three days from Thursday 9/7: 14/7 17:00; seven from Wednesday 15/7: Friday 24/7.
    assert chain.due_at == local("2026-07-24 17:00")
    assert chain.parts.count() == 1


def test_the_citizen_gets_one_receipt(chain: Dossier) -> None:
    slips = PaperSlip.objects.filter(dossier__in=[chain, *chain.parts.all()])
    assert [slip.dossier_id for slip in slips] == [chain.pk]


def test_a_part_without_an_appointment_leaves_the_chain_without(
    linked: Linked, monday: Any
) -> None:
    link = ProcedureLink.objects.get(position=2)
    link.procedure.versions.get().cases.update(limit_value=None, limit_unit="none")
    assert linked.log().due_at is None


def test_the_papers_handed_in_are_listed_with_each_part(linked: Linked, monday: Any) -> None:
    chain = linked.log(papers=[intake.Paper("Tờ khai", quantity=2)])
    for part in chain.parts.all():
        assert [(d.name, d.quantity) for d in part.documents.all()] == [("Tờ khai", 2)]


def test_without_the_place_of_the_object_nothing_is_received(linked: Linked) -> None:
    with pytest.raises(ActDataError) as raised:
        linked.log(object_agency=None)
    assert list(raised.value.errors) == ["object_agency"]
    assert not Dossier.objects.exists()


def test_a_chain_without_parts_is_not_received(linked: Linked) -> None:
    ProcedureLink.objects.all().delete()
    with pytest.raises(ActDataError) as raised:
        linked.log()
    assert list(raised.value.errors) == ["procedure"]


def test_nobody_sets_the_date_of_a_chain_by_hand(linked: Linked, monday: Any) -> None:
    with pytest.raises(ActDataError) as raised:
        linked.log(due_on=timezone.localdate(), reason="Tự hẹn")
    assert list(raised.value.errors) == ["due_on"]


def test_a_registered_chain_has_no_parts_until_it_is_received(linked: Linked, monday: Any) -> None:
    p = linked.province
    registered = intake.register(
        p.submission(procedure=linked.procedure, object_agency=linked.commune, papers=[]),
        by=p.receptionist,
    )
    assert not registered.parts.exists()
    received = intake.receive(registered, by=p.receptionist, version=1)
    assert received.parts.count() == 2
    with pytest.raises((StaleVersionError, IllegalTransitionError)):
        intake.receive(registered, by=p.receptionist, version=1)
    assert received.parts.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_double_click_makes_the_parts_once() -> None:
    linked = make_linked(make_province())
    p = linked.province
    registered = intake.register(
        p.submission(procedure=linked.procedure, object_agency=linked.commune, papers=[]),
        by=p.receptionist,
    )

    def click(_number: int) -> bool:
        try:
            intake.receive(Dossier.objects.get(pk=registered.pk), by=p.receptionist, version=1)
        except (StaleVersionError, IllegalTransitionError):
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(click, range(4))) == [False, False, False, True]
    assert registered.parts.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_parts_that_end_at_once_settle_the_chain_once() -> None:
    linked = make_linked(make_province())
    ProcedureLink.objects.filter(position=1).delete()
    chain = linked.log()
    signed = []
    for part in chain.parts.all():
        by = linked.officers[part.competent_agency_id]
        done = processing.approve(processing.propose(processing.assign(part, by=by), by=by), by=by)
        signed.append((done.pk, by))

    def publish(given: Any) -> None:
        try:
            closing.publish(Dossier.objects.get(pk=given[0]), by=given[1], result_number="12/KQ")
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(publish, signed))
    chain = again(chain)
    assert (chain.state, chain.parts_settled) == ("settled", 2)
    assert chain.events.filter(act=Act.CLOSE_CHAIN).count() == 1
    assert chain_faults(chain) == []


def test_the_database_knows_each_part_once(chain: Dossier, linked: Linked) -> None:
    part = linked.part(chain, 0)
    part.pk, part.code, part.tracking_code = None, "H01-1", "KHAC-MA"
    with pytest.raises(IntegrityError, match="dossier_part_once"), transaction.atomic():
        part.save(force_insert=True)


def test_an_ordinary_dossier_still_takes_twelve_queries(province: Province) -> None:
    province.log()
    submission = province.submission()
    with count_queries() as counted:
        intake.log_submission(submission, by=province.receptionist)
    assert len(counted) <= 12, str(counted)


# As the parts go on


def test_the_next_part_starts_with_the_result_of_the_one_before(
    linked: Linked, chain: Dossier, monday: Any
) -> None:
    monday.move_to(local("2026-07-07 10:00"))
    linked.settle(linked.part(chain, 0))
    card = linked.part(chain, 1)
    assert (card.received_at, card.state) == (local("2026-07-07 10:00"), "awaiting_assignment")
    # Settled a day early: its own three days run from Tuesday 7/7, the promise stays.
    assert card.due_at == local("2026-07-10 17:00")
    chain = again(chain)
    assert chain.due_at == chain.due_original_at == local("2026-07-15 17:00")
    assert (chain.parts_open, chain.parts_settled, chain.state) == (2, 1, "in_progress")


def test_the_chain_is_settled_when_every_part_is(
    linked: Linked, chain: Dossier, monday: Any
) -> None:
    for day, position in ((7, 0), (8, 1), (9, 2)):
        assert again(chain).settled_at is None
        monday.move_to(local(f"2026-07-{day:02d} 10:00"))
        linked.settle(linked.part(chain, position))
    chain = again(chain)
    assert (chain.state, chain.result_kind) == ("settled", "granted")
    assert chain.settled_at == local("2026-07-09 10:00")
    closing_event = chain.events.get(act=Act.CLOSE_CHAIN)
    assert (closing_event.actor, closing_event.actor_role) == (None, "system")
    assert closing_event.clock_effect == "stop"
    assert chain_faults(chain) == []


def test_a_later_date_of_a_part_moves_the_one_appointment(
    linked: Linked, chain: Dossier, monday: Any
) -> None:
    part = linked.part(chain, 2)
    by = linked.officers[part.competent_agency_id]
    part = processing.assign(part, by=by)
    part = processing.request_supplement(part, by=by, reason="Thiếu bản vẽ")
    monday.move_to(local("2026-07-08 08:00"))
    part = processing.accept_supplement(part, by=linked.province.receptionist)
    chain = again(chain)
    assert part.due_at == local("2026-07-17 17:00")
    assert chain.due_at == part.due_at
    assert chain.due_original_at == local("2026-07-15 17:00")
    change = chain.due_date_changes.get()
    assert (change.due_before, change.due_after) == (chain.due_original_at, chain.due_at)
    assert change.event.act == Act.ADJUST_DUE
    assert change.event.due_at == chain.due_at


def test_a_shorter_part_moves_nothing(
    linked: Linked, chain: Dossier, monday: Any, lent_forms: None
) -> None:
    part = linked.part(chain, 0)
    by = linked.officers[part.competent_agency_id]
    part = pausing.suspend(
        processing.assign(part, by=by),
        by=by,
        reason="Chờ toà",
        legal_basis="Điều 1",
        resume_expected=timezone.localdate(),
    )
    monday.move_to(local("2026-07-07 08:00"))
    pausing.resume(part, by=by)
    chain = again(chain)
    assert not chain.due_date_changes.exists()
    assert chain.part_due_at == local("2026-07-09 17:00")


def test_the_chain_is_overdue_as_soon_as_one_part_is(
    linked: Linked, chain: Dossier, monday: Any
) -> None:
    before, after = local("2026-07-08 17:00"), local("2026-07-08 17:01")
    assert set(Dossier.objects.overdue(before)) == set()
    assert set(Dossier.objects.overdue(after)) == {chain, linked.part(chain, 0)}
    assert again(chain).judged_due_at(after) == local("2026-07-08 17:00")
    monday.move_to(local("2026-07-09 08:00"))
    linked.settle(linked.part(chain, 0))  # late: the chain stays so
    assert chain in Dossier.objects.overdue(local("2026-07-09 09:00"))
    linked.settle(linked.part(chain, 1))
    linked.settle(linked.part(chain, 2))
    chain = again(chain)
    assert chain.settled_at is not None
    assert chain.due_at is not None
    assert chain.settled_at < chain.due_at
    assert chain.judged_due_at(timezone.now()) == local("2026-07-08 17:00")


def test_the_chain_stands_only_while_every_open_part_does(
    linked: Linked, chain: Dossier, monday: Any
) -> None:
    for position in (0, 2):
        assert not again(chain).is_paused
        part = linked.part(chain, position)
        by = linked.officers[part.competent_agency_id]
        part = processing.assign(part, by=by)
        processing.request_supplement(part, by=by, reason="Thiếu bản vẽ")
    assert again(chain).is_paused
    assert not Dossier.objects.overdue(local("2026-12-01 08:00")).exists()
    monday.move_to(local("2026-07-07 08:00"))
    processing.accept_supplement(linked.part(chain, 0), by=linked.province.receptionist)
    assert not again(chain).is_paused


def test_every_act_that_moves_a_part_moves_its_chain(
    linked: Linked, chain: Dossier, monday: Any, lent_forms: None
) -> None:
    """What is kept of the parts is what a fresh look at them says, after each act."""
    part = linked.part(chain, 2)
    by, desk = linked.officers[part.competent_agency_id], linked.province.receptionist
    give_role(by, linked.province.centre, Role.RECEPTIONIST)

    def step(number: int, act: Any) -> None:
        nonlocal part
        monday.move_to(local(f"2026-07-{number:02d} 09:00"))
        part = act(Dossier.objects.get(pk=part.pk))
        kept = again(chain)
        fresh = list(chain.parts.all())
        running = [
            each.due_at
            for each in fresh
            if each.settled_at is None and not each.is_paused and each.due_at
        ]
        assert kept.part_due_at == min(running), act
        assert kept.due_at == max(
            kept.due_original_at,
            *(each.due_at for each in fresh),  # type: ignore[type-var]
        ), act

    step(6, lambda d: processing.assign(d, by=by))
    step(7, lambda d: processing.request_supplement(d, by=by, reason="Thiếu bản vẽ"))
    step(8, lambda d: processing.accept_supplement(d, by=desk))
    step(
        8,
        lambda d: payment.request_payment(d, by=by, amount_vnd=Decimal(1000), payee="Kho bạc"),
    )
    step(
        9,
        lambda d: payment.confirm_payment(
            d, by=desk, receipt_number="12", amount_vnd=Decimal(1000)
        ),
    )
    step(
        10,
        lambda d: pausing.suspend(
            d,
            by=by,
            reason="Chờ toà",
            legal_basis="Điều 1",
            resume_expected=timezone.localdate(),
        ),
    )
    step(13, lambda d: pausing.resume(d, by=by))
    step(13, lambda d: processing.request_supplement(d, by=by, reason="Thiếu", items=[]))
    step(14, lambda d: closing.request_withdrawal(d, by=desk, reason="Không cần nữa"))
    step(15, lambda d: closing.refuse_withdrawal(d, by=by, reason="Cần giải quyết"))
    step(16, lambda d: processing.accept_supplement(d, by=desk))
    assert chain_faults(again(chain)) == []


# When a part ends without a result


def test_a_stopped_part_waits_for_the_head_of_the_centre(linked: Linked, chain: Dossier) -> None:
    linked.stop(linked.part(chain, 0))
    chain = again(chain)
    assert (chain.state, chain.parts_undecided) == ("in_progress", 1)
    assert chain.parts.count() == 2  # what was to follow it does not start
    assert Act.DECIDE_CHAIN in open_acts(chain, linked.centre_head)
    for officer in (*linked.officers.values(), linked.province.receptionist):
        assert Act.DECIDE_CHAIN not in open_acts(chain, officer)
        with pytest.raises(IllegalTransitionError):
            chains.decide_chain(chain, by=officer, decision="go_on", reason="Không cần")


def test_going_on_without_it_starts_what_follows(linked: Linked, chain: Dossier) -> None:
    linked.stop(linked.part(chain, 0))
    chain = chains.decide_chain(
        again(chain), by=linked.centre_head, decision="go_on", reason="Có giấy khai sinh rồi"
    )
    assert (chain.state, chain.parts_undecided, chain.parts_open) == ("in_progress", 0, 2)
    linked.settle(linked.part(chain, 1))
    linked.settle(linked.part(chain, 2))
    assert again(chain).state == "settled"


def test_the_whole_is_stopped_only_when_no_part_is_open(linked: Linked, chain: Dossier) -> None:
    linked.stop(linked.part(chain, 0))
    with pytest.raises(ActDataError) as raised:
        chains.decide_chain(
            again(chain), by=linked.centre_head, decision="stop", reason="Không giải quyết được"
        )
    assert list(raised.value.errors) == ["decision"]
    linked.stop(linked.part(chain, 2))
    chain = chains.decide_chain(
        again(chain), by=linked.centre_head, decision="stop", reason="Không giải quyết được"
    )
    assert chain.state == "stopped"
    assert chain.slips.filter(kind="stop_notice").exists()
    assert chain_faults(chain) == []


def test_an_unknown_decision_is_none(linked: Linked, chain: Dossier) -> None:
    linked.stop(linked.part(chain, 0))
    with pytest.raises(ActDataError) as raised:
        chains.decide_chain(again(chain), by=linked.centre_head, decision="?", reason="Vì sao")
    assert list(raised.value.errors) == ["decision"]


def test_nothing_is_decided_while_nothing_failed(linked: Linked, chain: Dossier) -> None:
    with pytest.raises(IllegalTransitionError):
        chains.decide_chain(chain, by=linked.centre_head, decision="go_on", reason="Vì sao")


def test_a_reopened_part_reopens_its_chain(linked: Linked, chain: Dossier) -> None:
    for position in (0, 1, 2):
        linked.settle(linked.part(chain, position))
    assert again(chain).state == "settled"
    part = linked.part(chain, 2)
    supervisor = linked.centre_head
    asked = approval.ask(
        Act.REOPEN, part, by=supervisor, given={"to": "in_progress"}, reason="Sai kết quả"
    )
    correcting.reopen(asked, by=linked.province.reformer, to="in_progress", reason="Sai kết quả")
    chain = again(chain)
    assert (chain.state, chain.settled_at, chain.parts_open) == ("in_progress", None, 1)
    linked.settle(linked.part(chain, 2))
    assert again(chain).state == "settled"
    assert chain_faults(again(chain)) == []


# Withdrawal and hand-over


def test_withdrawing_the_chain_asks_every_part(linked: Linked, chain: Dossier) -> None:
    desk = linked.province.receptionist
    chain = closing.request_withdrawal(again(chain), by=desk, reason="Không cần nữa")
    assert chain.state == "withdrawal_requested"
    assert {part.state for part in chain.parts.all()} == {"withdrawal_requested"}
    # The whole is granted when every part has been.
    with pytest.raises(IllegalTransitionError):
        closing.grant_withdrawal(chain, by=linked.centre_head)
    for part in chain.parts.all():
        closing.grant_withdrawal(part, by=linked.officers[part.competent_agency_id])
    chain = again(chain)
    with pytest.raises(IllegalTransitionError):
        closing.refuse_withdrawal(chain, by=linked.centre_head, reason="Không được")
    chain = closing.grant_withdrawal(chain, by=linked.centre_head)
    assert chain.state == "withdrawn"
    assert {part.state for part in chain.parts.all()} == {"withdrawn"}


def test_a_part_with_a_result_keeps_the_chain_from_being_withdrawn(
    linked: Linked, chain: Dossier, lent_forms: None
) -> None:
    linked.settle(linked.part(chain, 0))
    chain = closing.request_withdrawal(
        again(chain), by=linked.province.receptionist, reason="Không cần nữa"
    )
    for part in chain.parts.filter(state="withdrawal_requested"):
        closing.grant_withdrawal(part, by=linked.officers[part.competent_agency_id])
    chain = again(chain)
    with pytest.raises(IllegalTransitionError):
        closing.grant_withdrawal(chain, by=linked.centre_head)
    chain = closing.refuse_withdrawal(chain, by=linked.centre_head, reason="Đã có kết quả")
    assert again(chain).parts_undecided == 2
    chain = chains.decide_chain(
        again(chain), by=linked.centre_head, decision="go_on", reason="Trả phần đã có"
    )
    assert chain.state == "settled"


def test_one_hand_over_hands_over_every_result(linked: Linked, chain: Dossier) -> None:
    for position in (0, 1, 2):
        linked.settle(linked.part(chain, position))
    first = linked.part(chain, 0)
    closing.return_result(first, by=linked.province.receptionist)
    chain = closing.return_result(again(chain), by=linked.province.receptionist)
    assert chain.state == "returned"
    assert {part.state for part in chain.parts.all()} == {"returned"}
    assert chain.deliveries.count() == 1


def test_a_part_whose_result_is_being_corrected_stays_at_the_counter(
    linked: Linked, chain: Dossier
) -> None:
    for position in (0, 1, 2):
        linked.settle(linked.part(chain, position))
    wrong = linked.part(chain, 1)
    head = linked.officers[wrong.competent_agency_id]
    correcting.correct_result(wrong, by=head, reason="Sai năm sinh")
    chain = closing.return_result(again(chain), by=linked.province.receptionist)
    assert chain.state == "returned"
    states = list(chain.parts.order_by("link__position").values_list("state", flat=True))
    assert states == ["returned", "settled", "returned"]


def test_what_is_due_for_a_part_is_taken_with_the_hand_over_of_the_whole(
    linked: Linked, chain: Dossier
) -> None:
    for position in (0, 1, 2):
        linked.settle(linked.part(chain, position))
    part = linked.part(chain, 1)
    FeeDue.objects.create(dossier=part, name="Lệ phí", amount_vnd=Decimal(5000))
    Dossier.objects.filter(pk=part.pk).update(payment_state="due")
    desk = linked.province.receptionist
    with pytest.raises(ActDataError) as raised:
        closing.return_result(again(chain), by=desk)
    assert list(raised.value.errors) == ["fees_taken"]
    assert again(chain).state == "settled"
    assert "fees_taken" in ACT_FORMS[Act.RETURN_RESULT](again(chain)).fields
    closing.return_result(again(chain), by=desk, fees_taken=True, receipt_number="BL-3")
    part.refresh_from_db()
    assert (part.state, part.payment_state) == ("returned", "paid")


def test_a_part_that_a_ministry_settles_is_withdrawn_by_its_word(
    linked: Linked, monday: Any
) -> None:
    link = ProcedureLink.objects.get(position=2)
    link.procedure.versions.update(system_of_record="Hệ thống của bộ")
    chain = linked.log()
    closing.request_withdrawal(chain, by=linked.province.receptionist, reason="Không cần nữa")
    birth, residence = linked.part(chain, 0), linked.part(chain, 2)
    assert (birth.state, residence.state) == ("withdrawal_requested", "awaiting_assignment")
    closing.grant_withdrawal(birth, by=linked.officers[birth.competent_agency_id])
    with pytest.raises(IllegalTransitionError):
        closing.grant_withdrawal(again(chain), by=linked.centre_head)
    mirroring.mirror(
        residence, state=7, at=timezone.now(), reference="tin-1", reason="Công dân rút"
    )
    assert closing.grant_withdrawal(again(chain), by=linked.centre_head).state == "withdrawn"


# Who may do and see what


def test_nobody_does_the_work_of_a_part_on_the_chain() -> None:
    everywhere = Standing(*[frozenset(set(Role) - {Role.SYSTEM})] * 5)
    facts = Facts(is_chain=True, parts_open=2)
    for state in State:
        offered = set(acts_open_to(state, everywhere, facts))
        assert not offered & {
            Act.TRANSFER, Act.ASSIGN, Act.REDIRECT, Act.CONSULT, Act.REQUEST_SUPPLEMENT,
            Act.REQUEST_PAYMENT, Act.SUSPEND, Act.PROPOSE, Act.PROPOSE_DENIAL, Act.APPROVE,
            Act.PUBLISH, Act.STOP, Act.SETTLE_AT_ONCE, Act.CORRECT_RESULT, Act.REOPEN,
            Act.DECIDE_CHAIN, Act.OPEN_PART, Act.CLOSE_CHAIN, Act.MIRROR,
        }  # fmt: skip
    for act in (Act.OPEN_PART, Act.CLOSE_CHAIN, Act.DECIDE_CHAIN):
        for state in State:
            assert act not in acts_open_to(state, everywhere, Facts(parts_undecided=1))


def test_who_works_on_a_part_sees_the_chain_and_not_the_other_parts(
    linked: Linked, chain: Dossier
) -> None:
    today = timezone.localdate()
    birth, residence = linked.part(chain, 0), linked.part(chain, 2)
    clerk = linked.officers[linked.commune.pk]
    seen = Dossier.objects.visible_to(scope_of(clerk, today))
    assert set(seen) == {chain, birth}
    assert residence not in seen
    assert open_acts(again(chain), clerk) == []
    stranger = linked.officers[linked.province.department.pk]  # its part has not begun
    assert not Dossier.objects.visible_to(scope_of(stranger, today)).exists()


def test_a_part_that_a_ministry_settles_moves_the_chain_too(linked: Linked, monday: Any) -> None:
    link = ProcedureLink.objects.get(position=2)
    link.procedure.versions.update(system_of_record="Hệ thống của bộ")
    chain = linked.log()
    part = linked.part(chain, 2)
    monday.move_to(local("2026-07-10 09:00"))
    mirroring.mirror(
        part, state=9, at=local("2026-07-09 09:00"), reference="tin-1", reason="Đã xong"
    )
    assert again(chain).parts_settled == 1


def test_an_ordinary_procedure_has_no_parts(province: Province) -> None:
    dossier = province.log(procedure=ProcedureFactory.create(offering=province.department))
    assert (dossier.is_chain, dossier.parts.count(), dossier.state) == (False, 0, "received")
