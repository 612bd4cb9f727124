"""B4: the date is adjusted by the reform office or by another system, and never silently."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from accounts.roles import Role
from agencies.calendars import calendar_of
from dossiers.chain import chain_faults
from dossiers.clockwork import changes_of, pause_spans, recompute
from dossiers.models import Dossier, DueDateChange, OutboxMessage, PaperSlip
from dossiers.recording import ActDataError, StaleVersionError
from dossiers.services import closing, processing
from dossiers.services.adjusting import adjust_due
from dossiers.verifying import verify_these
from dossiers.workflow import IllegalTransitionError
from tests.dossiers import stages
from tests.dossiers.conftest import OfficerClient
from tests.dossiers.pages import browser_of, page
from tests.factories import local
from tests.province import give_role

if TYPE_CHECKING:
    from tests.province import Province

pytestmark = pytest.mark.django_db
MONDAY = local("2026-11-02 09:00")
NEW = local("2026-11-12 17:00")  # a Thursday; five working days lead to 09/11


def adjusted(dossier: Dossier, province: Province, **changes: Any) -> Dossier:
    given: dict[str, Any] = {
        "by": province.reformer, "new_due": NEW, "origin": "correction",
        "reference": "115/VPUBND-KSTT", "reason": "Nhập nhầm trường hợp", **changes,
    }  # fmt: skip
    return adjust_due(dossier, **given)


@pytest.fixture
def dossier(province: Province) -> Dossier:
    with time_machine.travel(MONDAY, tick=False):
        return stages.in_progress(province)


@time_machine.travel(local("2026-11-03 10:00"), tick=False)
def test_a_correction_leaves_event_change_receipt_and_message(
    province: Province, dossier: Dossier
) -> None:
    old = dossier.slips.get(kind="receipt")
    done = adjusted(dossier, province, version=dossier.event_count)
    assert (done.due_at, done.due_on) == (NEW, dt.date(2026, 11, 12))
    assert done.due_original_at == local("2026-11-09 17:00")
    assert (done.state, done.holder_officer) == (dossier.state, province.specialist)
    event = done.events.get(act="adjust_due")
    assert event.actor_role == Role.REFORM_OFFICER
    moments = [
        dt.datetime.fromisoformat(event.data.pop(name)) for name in ("due_before", "new_due")
    ]
    assert moments == [local("2026-11-09 17:00"), NEW]
    assert event.data == {"origin": "correction", "reference": "115/VPUBND-KSTT"}
    assert event.due_at == NEW
    change = DueDateChange.objects.get(dossier=dossier)
    assert (change.origin, change.reference) == ("correction", "115/VPUBND-KSTT")
    assert (change.due_before, change.due_after) == (local("2026-11-09 17:00"), NEW)
    receipt = done.slips.order_by("-pk").first()
    assert receipt is not None
    assert (receipt.kind, receipt.replaces_id, receipt.due_at) == ("receipt", old.pk, NEW)
    assert OutboxMessage.objects.filter(event=event).exists()
    assert done.due_statutory_at == local("2026-11-09 17:00")
    assert chain_faults(Dossier.objects.get(pk=done.pk)) == []
    assert verify_these([done.pk]).findings == []


@time_machine.travel(local("2026-11-03 10:00"), tick=False)
def test_the_same_message_of_another_system_changes_nothing_twice(
    province: Province, dossier: Dossier
) -> None:
    first = adjusted(dossier, province, by=None, origin="external", reference="MSG-1")
    later = local("2026-11-17 17:00")
    adjusted(first, province, by=None, origin="external", reference="MSG-2", new_due=later)
    again = adjusted(first, province, by=None, origin="external", reference="MSG-1")
    assert again.due_at == later
    assert again.events.filter(act="adjust_due").count() == 2
    assert PaperSlip.objects.filter(dossier=dossier, kind="receipt").count() == 3
    other = stages.in_progress(province)
    assert adjusted(other, province, by=None, origin="external", reference="MSG-1").due_at == NEW


@time_machine.travel(local("2026-11-03 10:00"), tick=False)
def test_a_message_that_says_the_same_date_is_remembered_and_prints_nothing(
    province: Province, dossier: Dossier
) -> None:
    assert dossier.due_at is not None
    for _time in range(2):
        adjusted(
            dossier, province, by=None, origin="external", reference="M", new_due=dossier.due_at
        )
    assert dossier.events.filter(act="adjust_due").count() == 1
    assert not DueDateChange.objects.exists()
    assert dossier.slips.filter(kind="receipt").count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"new_due": local("2026-11-09 17:00")}, "new_due_on"),  # what it is already
        ({"new_due": local("2026-11-14 17:00")}, "new_due_on"),  # a Saturday
        ({"new_due": local("2026-11-01 17:00")}, "new_due_on"),  # before the receipt
        ({"new_due": local("2300-01-03 17:00")}, "new_due_on"),
        ({"new_due": dt.datetime(2026, 11, 12, 17)}, "new_due_on"),  # noqa: DTZ001 - that is it
        ({"reference": "  "}, "reference"),
        ({"origin": "calendar"}, "origin"),
        ({"origin": "x"}, "origin"),
        ({"reason": " "}, "reason"),
    ],
)
@time_machine.travel(local("2026-11-03 10:00"), tick=False)
def test_what_nobody_could_keep_is_refused_by_name(
    province: Province, dossier: Dossier, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(ActDataError) as caught:
        adjusted(dossier, province, **changes)
    assert list(caught.value.errors) == [field]
    assert not dossier.events.filter(act="adjust_due").exists()


def test_nobody_else_adjusts_and_nothing_after_the_end(
    province: Province, dossier: Dossier
) -> None:
    give_role(province.stranger, province.elsewhere, Role.ADMINISTRATOR)
    for officer in (province.receptionist, province.head, province.specialist, province.stranger):
        with pytest.raises(IllegalTransitionError):
            adjusted(dossier, province, by=officer)
    with pytest.raises(StaleVersionError):
        adjusted(dossier, province, version=1)
    ended = closing.publish(
        processing.approve(processing.propose(dossier, by=province.specialist), by=province.head),
        by=province.clerk,
        result_number="12/KQ",
    )
    with pytest.raises(IllegalTransitionError):
        adjusted(ended, province)


def test_later_pauses_are_added_to_the_adjusted_date(province: Province, dossier: Dossier) -> None:
    with time_machine.travel(local("2026-11-03 07:00"), tick=False):
        paused = processing.request_supplement(dossier, by=province.specialist, reason="Thiếu")
    with time_machine.travel(local("2026-11-04 07:00"), tick=False):  # one working day later
        processing.accept_supplement(paused, by=province.receptionist)
    with time_machine.travel(local("2026-11-04 10:00"), tick=False):
        adjusted(paused, province)
    with time_machine.travel(local("2026-11-05 07:00"), tick=False):
        processing.request_supplement(paused, by=province.head, reason="Thiếu bản vẽ")
    with time_machine.travel(local("2026-11-09 07:00"), tick=False):  # two working days later
        resumed = processing.accept_supplement(paused, by=province.receptionist)
    # The pause of before is in the adjusted date already.
    assert resumed.due_at == local("2026-11-16 17:00")
    fresh = Dossier.objects.for_page().get(pk=dossier.pk)
    spans, calendar = pause_spans(fresh.pauses.all()), calendar_of(province.centre)
    assert recompute(fresh, spans, calendar, changes_of(fresh)) == resumed.due_at


@time_machine.travel(local("2026-11-03 10:00"), tick=False)
def test_the_reform_office_adjusts_from_the_page_and_by_the_api(
    province: Province, dossier: Dossier
) -> None:
    url = f"/ho-so/{dossier.code}/dieu-chinh-ngay-hen/"
    browser = browser_of(province.reformer)
    assert "Ngày hẹn trả mới" in page(browser.get(url))
    body = {
        "version": dossier.event_count, "new_due_on": "2026-11-14",
        "reference": "115/VPUBND", "reason": "Nhập nhầm",
    }  # fmt: skip
    refused = browser.post(url, body)
    assert refused.status_code == 422
    assert "phải là ngày làm việc" in page(refused)
    assert browser.post(url, {**body, "new_due_on": "2026-11-12"}).status_code == 302
    fresh = Dossier.objects.get(pk=dossier.pk)
    assert fresh.due_at == NEW
    answer = OfficerClient(province.reformer).act(
        str(dossier.code), "adjust_due", fresh.event_count,
        new_due_on="2026-11-16", reference="HT-9", reason="Bộ báo", origin="external",
    )  # fmt: skip
    assert answer.status_code == 200, answer.json()
    assert DueDateChange.objects.latest("pk").origin == "external"
    assert OfficerClient(province.specialist).act(
        str(dossier.code), "adjust_due", fresh.event_count + 1,
        new_due_on="2026-11-17", reference="HT-10", reason="Bộ báo",
    ).status_code == 409  # fmt: skip
