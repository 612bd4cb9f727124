"""The demo's province: every state the acts reach, the same at every run, invented people only."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from accounts.models import User
from dossiers.chain import chain_faults
from dossiers.models import Dossier
from dossiers.workflow import TRANSITIONS, State
from motcua import demo_province
from motcua.demo_province import DemoProvince


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_province, "DOSSIERS", 12)


def build() -> None:
    DemoProvince(password="mat-khau-trinh-dien", say=lambda text: None).build()


@time_machine.travel("2026-11-20T16:00+07:00", tick=False)  # Friday
def test_the_demo_shows_every_state_once_and_is_built_once(db: Any, few: None) -> None:
    build()
    assert set(Dossier.objects.values_list("state", flat=True)) == {
        row.target for row in TRANSITIONS if isinstance(row.target, State)
    }
    assert all(chain_faults(dossier) == [] for dossier in Dossier.objects.all())
    assert not Dossier.objects.exclude(owner_name="").filter(entry="late").exists()
    count = Dossier.objects.count()
    build()
    assert Dossier.objects.count() == count
    assert all(
        User.objects.get(username=name).check_password("mat-khau-trinh-dien")
        for name in ("tiepnhan", "thuly", "lanhdao", "vanthu", "kstthc", "quantri")
    )
