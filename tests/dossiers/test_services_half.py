"""An act is done whole or not at all, wherever it is cut off: at a statement, at COMMIT, by a kill.

These tests commit. A cut that leaves every table as it was leaves the same dossier for the next
cut, one statement later, until the act runs through.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, connection
from rest_framework.test import APIClient

from dossiers.models import Dossier, DossierEvent
from motcua.processes import spawn, wait_until
from tests.dossiers.dying import WAITING
from tests.dossiers.stages import EVERY_ACT, MAKING, Expected
from tests.dossiers.truth import history_faults, number_faults, whole_database
from tests.factories import ProcedureFactory
from tests.province import make_province

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.province import Province

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("papers_wait"),
]
# As many as workers may be busy with; neighbours in the table take about the same time.
SHARES = [EVERY_ACT[first::8] for first in range(8)]
MOST_STATEMENTS = 40  # an act that never runs through is a fault of the test


@pytest.fixture(autouse=True)
def _joins_as_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the planner its search for an order of twelve joins over tables of ten rows.

    It took four fifths of an act's time here, and an act is done some thirty times.
    """
    options = {**connection.settings_dict["OPTIONS"], "options": "-c join_collapse_limit=1"}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    connection.close()


class PowerCutError(Exception):
    """Nothing of ours: nobody may catch it."""


class PowerCut:
    """Fails at the statement of a number, before the database hears of it."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.count = 0
        self.sql = ""

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        self.count += 1
        if self.count == self.at:
            self.sql = sql
            raise PowerCutError
        return execute(sql, params, many, context)


def cut_off_everywhere(do: Callable[[], object]) -> int:
    """Cut an act off at each of its statements; return how many there are, when it is done."""
    before = whole_database()
    for at in range(1, MOST_STATEMENTS):
        cut = PowerCut(at)
        with contextlib.suppress(PowerCutError), connection.execute_wrapper(cut):
            do()
        if cut.count < at:
            return cut.count
        assert whole_database() == before, f"cut at statement {at}: {cut.sql[:200]}"
        assert not connection.in_atomic_block
    raise AssertionError("it never ran through")


def lose_the_session_at_commit(monkeypatch: pytest.MonkeyPatch, do: Callable[[], object]) -> None:
    """Let the database end our session when everything is written and COMMIT is about to be sent."""
    before = whole_database()
    commit: Callable[[], None] = getattr(connection, "_commit")  # noqa: B009 - not in its stubs

    def too_late() -> None:
        backend = connection.connection.info.backend_pid
        with psycopg.connect(**connection.get_connection_params()) as other:
            other.execute("select pg_terminate_backend(%s, 10000)", [backend])
        commit()

    with monkeypatch.context() as patch:
        patch.setattr(connection, "_commit", too_late)
        with pytest.raises(OperationalError):
            do()
    connection.close()
    assert whole_database() == before, "cut at COMMIT"


def doing(expected: Expected, province: Province, dossier: Dossier) -> Callable[[], object]:
    """Return the act as the first of its process: nothing remembered, the version just seen."""

    def do() -> object:
        getattr(province, expected.actor).__dict__.pop("_held_roles", None)
        return expected.do(province, Dossier(pk=dossier.pk), version=dossier.event_count)

    return do


@pytest.mark.parametrize("acts", SHARES, ids=lambda acts: acts[0].name)
def test_an_act_cut_off_anywhere_leaves_nothing_and_can_be_done_after(
    acts: list[Expected], monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    """Each act has a dossier and a procedure of its own; a share of them has one province.

    To make a province and to empty the tables after it takes longer than an act.
    """
    province = make_province()
    for expected in acts:
        with subtests.test(act=expected.name):
            province.procedure = ProcedureFactory.create(offering=province.department)
            dossier = expected.stage(province)
            do = doing(expected, province, dossier)
            lose_the_session_at_commit(monkeypatch, do)
            assert cut_off_everywhere(do) >= 5  # lock, row, roles; row, event with its message
            after = Dossier.objects.get(pk=dossier.pk)
            assert (after.state, after.event_count) == (expected.target, dossier.event_count + 1)
            assert_all_true()


def test_every_act_is_in_one_share() -> None:
    assert sorted(e.name for acts in SHARES for e in acts) == sorted(e.name for e in EVERY_ACT)


@pytest.mark.parametrize("name", MAKING)
def test_a_dossier_whose_making_is_cut_off_was_never_there(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    province = make_province()

    def do() -> object:
        province.receptionist.__dict__.pop("_held_roles", None)
        return MAKING[name](province)

    lose_the_session_at_commit(monkeypatch, do)
    assert cut_off_everywhere(do) >= 4
    assert Dossier.objects.count() == 1
    assert_all_true()


def test_a_submission_cut_off_under_its_key_is_logged_once_when_sent_again() -> None:
    """The key of a request and its dossier are one whole: no key without a dossier."""
    province = make_province()
    client = APIClient(raise_request_exception=True)
    client.force_authenticate(province.receptionist.user)
    body = province.body()

    def do() -> None:
        answer = client.post("/api/v1/dossiers/", body, headers={"Idempotency-Key": "mot"})
        assert answer.status_code == 201

    cut_off_everywhere(do)
    do()
    assert Dossier.objects.count() == 1
    assert_all_true()


def assert_all_true() -> None:
    """Whatever was cut off before: contiguous histories, and numbers without a gap."""
    assert number_faults() == []
    for dossier in Dossier.objects.all():
        assert history_faults(dossier) == []


# A process that dies in the middle


KILLED = [
    # What takes numbers of both kinds, opens a pause and a round, makes a dossier, asks an agency.
    ("receive", "commit"),
    ("receive", "7"),
    ("request_supplement", "commit"),
    ("correct_result", "commit"),
    ("correct_result", "12"),
    ("consult", "commit"),
    ("return_result", "commit"),
]


@pytest.mark.parametrize(("name", "where"), KILLED)
def test_a_process_killed_in_the_middle_of_an_act_leaves_nothing(name: str, where: str) -> None:
    expected = next(e for e in EVERY_ACT if e.name == name)
    province = make_province()
    dossier = expected.stage(province)
    before = whole_database()
    with spawn(
        [sys.executable, "-m", "tests.dossiers.dying", name, str(dossier.pk), where],
        output=subprocess.PIPE,
        env={**os.environ, "DYING_DATABASE": str(connection.settings_dict["NAME"])},
        cwd=settings.BASE_DIR,
        death_signal=signal.SIGKILL,
    ) as process:
        try:
            assert process.stdout is not None
            said: list[str] = []  # its log, then the word, or its end
            while WAITING not in said:
                line = process.stdout.readline().decode()
                assert line, said
                said.append(line.strip())
            assert somebody_holds(dossier)
        finally:
            process.kill()
    assert wait_until(lambda: not somebody_holds(dossier), seconds=20)
    assert whole_database() == before
    doing(expected, province, dossier)()
    assert DossierEvent.objects.filter(dossier=dossier).count() == dossier.event_count + 1
    assert_all_true()


def somebody_holds(dossier: Dossier) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from (select 1 from dossiers_dossier where id = %s"
            " for no key update skip locked) as free",
            [dossier.pk],
        )
        return not cursor.fetchone()[0]
