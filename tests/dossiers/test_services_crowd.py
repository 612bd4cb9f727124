"""Many officers in many processes on the same dossiers: the short form of `make bench`'s part."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.db.models import F

from benchmarks.databases import named
from benchmarks.together import act_together, make_office
from dossiers.models import DayNumber, Dossier, OutboxMessage, PaperNumber
from tests.dossiers.stages import in_progress
from tests.dossiers.truth import history_faults, number_faults

if TYPE_CHECKING:
    from tests.province import Province


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("papers_wait")
def test_four_processes_on_the_same_dossiers_lose_and_double_nothing() -> None:
    make_office()
    url = named(os.environ["DATABASE_URL"], str(connection.settings_dict["NAME"]))
    outcome = act_together(workers=4, seconds=3, url=url)
    assert outcome.faults == []
    assert outcome.broken == []  # no deadlock, and nothing the database had to refuse
    # It was a crowd: many different acts, and some came too late.
    assert outcome.done.total() >= 20
    assert len(outcome.done) >= 8
    assert outcome.refused.total() > 0


def test_what_is_asked_afterwards_would_find_a_lost_update_and_a_burnt_number(
    province: Province,
) -> None:
    dossier = in_progress(province)
    assert history_faults(dossier) == []
    assert number_faults() == []
    Dossier.objects.filter(pk=dossier.pk).update(state="signed", supplement_count=1)
    OutboxMessage.objects.filter(event__dossier=dossier, event__seq=1).delete()
    dossier.refresh_from_db()
    faults = history_faults(dossier)
    assert [fault.split(" ")[0] for fault in faults] == ["the", "state", "supplement_count", "3"]
    PaperNumber.objects.update(last=F("last") + 1)
    DayNumber.objects.update(last=F("last") + 1)
    assert [fault.split(" ")[0] for fault in number_faults()] == ["codes", "papers"]
