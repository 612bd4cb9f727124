"""Rounds beside each other: what was asked for again shows; what came stands with its round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import time_machine

from dossiers import rounds
from dossiers.services import processing
from dossiers.services.intake import Paper
from tests.dossiers.pages import browser_of, page
from tests.dossiers.stages import in_progress

if TYPE_CHECKING:
    from tests.province import Province


def test_a_paper_asked_for_twice_shows(province: Province) -> None:
    with time_machine.travel("2026-11-16T09:00+07:00", tick=False):
        dossier = in_progress(province)
        dossier = processing.request_supplement(
            dossier, by=province.specialist, reason="Thiếu", items=["Bản vẽ móng", "Sổ đỏ"]
        )
    with time_machine.travel("2026-11-17T09:00+07:00", tick=False):
        dossier = processing.accept_supplement(
            dossier, by=province.receptionist, papers=[Paper("Sổ đỏ", kind="copy")]
        )
    with time_machine.travel("2026-11-18T09:00+07:00", tick=False):
        dossier = processing.request_supplement(
            dossier, by=province.head, reason="Còn thiếu", items=["BẢN VẼ  MÓNG", "Ảnh"]
        )
        first, second = rounds.compare(
            dossier.supplement_rounds.order_by("requested_at"), dossier.documents.all()
        )
        assert not first.asks_again
        assert [paper.name for paper in first.papers] == ["Sổ đỏ"]
        assert [item.is_again for item in second.items] == [True, False]
        assert second.papers == []
        text = page(browser_of(province.specialist).get(f"/ho-so/{dossier.code}/"))
    assert text.count("đã yêu cầu lần trước") == 1
    assert "Các lần bổ sung" in text


def test_without_a_round_nothing_is_compared(province: Province) -> None:
    dossier = in_progress(province)
    assert rounds.compare([], dossier.documents.all()) == []
    assert "Các lần bổ sung" not in page(
        browser_of(province.specialist).get(f"/ho-so/{dossier.code}/")
    )
