"""A date moved from outside: the old one stays, whence the new one comes is told, once."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from dossiers.models import Dossier, DueOrigin
from dossiers.recording import ActDataError
from dossiers.services import adjusting, closing, processing
from dossiers.workflow import IllegalTransitionError
from tests.dossiers.stages import in_progress, settled

if TYPE_CHECKING:
    from tests.province import Province

at = dt.datetime.fromisoformat
MONDAY = at("2026-08-10T09:00+07:00")
DUE = at("2026-08-17T17:00+07:00")


def moved(province: Province, dossier: Dossier, **changes: Any) -> Dossier:
    given: dict[str, Any] = {
        "by": province.reformer,
        "new_due_on": dt.date(2026, 8, 20),
        "reference": "12/CĐ-UBND",
        "reason": "Nghỉ phòng chống bão",
        **changes,
    }
    return adjusting.adjust_due(dossier, **given)


@time_machine.travel(MONDAY, tick=False)
def test_the_old_date_stays_beside_the_new_and_a_new_receipt_names_the_old(
    province: Province,
) -> None:
    dossier = moved(province, in_progress(province))
    assert dossier.due_at == at("2026-08-20T17:00+07:00")
    assert (dossier.due_original_at, dossier.due_statutory_at) == (DUE, DUE)
    change = dossier.due_date_changes.get()
    assert (change.origin, change.reference, change.due_before) == ("correction", "12/CĐ-UBND", DUE)
    first, second = dossier.slips.filter(kind="receipt").order_by("pk")
    assert second.replaces == first
    assert second.number == first.number + 1


@time_machine.travel(MONDAY, tick=False)
def test_a_message_that_comes_twice_moves_it_once(province: Province) -> None:
    told = {"by": None, "origin": DueOrigin.EXTERNAL, "reference": "msg-1"}
    dossier = moved(province, in_progress(province), **told)
    again = moved(province, dossier, **told)
    assert again.event_count == dossier.event_count
    assert dossier.events.filter(act="adjust_due").count() == 1


@time_machine.travel(MONDAY, tick=False)
def test_a_pause_after_it_counts_from_the_moved_date(province: Province) -> None:
    dossier = moved(province, in_progress(province))
    dossier = processing.request_supplement(dossier, by=province.specialist, reason="Thiếu")
    with time_machine.travel(at("2026-08-11T09:00+07:00"), tick=False):
        dossier = processing.accept_supplement(dossier, by=province.receptionist)
    assert dossier.due_at == at("2026-08-21T17:00+07:00")


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"reference": " "}, "reference"),
        ({"new_due_on": dt.date(2026, 8, 23)}, "new_due_on"),
        ({"new_due_on": dt.date(2026, 8, 17)}, "new_due_on"),
        ({"new_due_on": dt.date(2026, 8, 7)}, "new_due_on"),
    ],
    ids=["no reference", "a Sunday", "the same", "before receipt"],
)
def test_what_is_wrong_names_its_field(
    province: Province, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(ActDataError) as refused:
        moved(province, in_progress(province), **given)
    assert set(refused.value.errors) == {field}


def test_only_the_reform_office_and_only_while_it_runs(province: Province) -> None:
    for officer in (province.head, province.receptionist, province.supervisor):
        with pytest.raises(IllegalTransitionError):
            moved(province, in_progress(province), by=officer)
    for ended in (
        settled(province),
        closing.return_result(settled(province), by=province.receptionist),
    ):
        with pytest.raises(IllegalTransitionError):
            moved(province, ended)
