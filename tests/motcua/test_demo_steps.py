"""The demo's internal processes and its one delegation: published without a fault, seen at work."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.utils import timezone

from agencies.calendars import calendar_of
from agencies.models import Delegation, Officer
from dossiers import steps
from dossiers.models import Dossier
from motcua import demo_province, demo_steps
from motcua.demo_province import DemoProvince
from procedures.process_models import InternalProcess


@time_machine.travel("2026-11-20T16:00+07:00", tick=False)  # Friday
def test_the_demo_has_processes_late_steps_and_a_delegation(
    db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_province, "DOSSIERS", 12)
    for _ in range(2):
        DemoProvince(password="mat-khau-trinh-dien", say=lambda text: None).build()
    wanted = {*demo_steps.SHORT, *demo_steps.WITH_OPINIONS, *demo_steps.LONG}
    processes = InternalProcess.objects.binding().select_related("version__procedure")
    assert {p.version.procedure.code for p in processes} == wanted
    assert InternalProcess.objects.count() == len(wanted)
    now, calendar = timezone.now(), calendar_of()
    clocks = [
        steps.clock_of_row(dossier, now, calendar)
        for dossier in steps.with_trail(Dossier.objects.open())
    ]
    assert {clock.is_late for clock in clocks if clock} == {True, False}
    given = Delegation.objects.get()
    deputy = Officer.objects.get(user__username="xaydung2")
    assert ("clerk", given.agency_id) in deputy.held_roles(timezone.localdate())
