"""Two officers at once, and the role of least rights: what the services may rely on."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from dossiers.chain import chain_faults
from dossiers.models import Dossier, DossierEvent, OutboxMessage
from dossiers.recording import StaleVersionError
from dossiers.services import closing, processing
from dossiers.workflow import IllegalTransitionError
from motcua.processes import wait_until
from tests.dossiers.conftest import OfficerClient
from tests.dossiers.stages import EVERY_ACT, in_progress, received
from tests.province import make_province

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.province import Province


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do all of them at the same moment, each over its own connection."""
    start = Barrier(len(acts))

    def do(act: Callable[[], Any]) -> Any:
        try:
            start.wait(timeout=20)
            return act()
        except (IllegalTransitionError, StaleVersionError) as error:
            return type(error)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(do, acts))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("papers_wait")
def test_of_four_clicks_at_the_same_moment_one_counts() -> None:
    province = make_province()
    dossier = in_progress(province)
    version = dossier.event_count

    def click() -> Dossier:
        return processing.request_supplement(
            dossier, by=province.specialist, version=version, reason="Thiếu bản vẽ"
        )

    done = at_once(click, click, click, click)
    assert len([each for each in done if isinstance(each, Dossier)]) == 1
    dossier.refresh_from_db()
    assert (dossier.event_count, dossier.supplement_count) == (version + 1, 1)
    assert dossier.pauses.count() == dossier.supplement_rounds.count() == 1
    assert dossier.slips.filter(kind="supplement_request").count() == 1
    assert OutboxMessage.objects.filter(event__dossier=dossier).count() == version + 1
    assert chain_faults(dossier) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("papers_wait")
def test_who_waited_for_an_act_that_moved_the_dossier_finds_it_all_the_same() -> None:
    """The act waited for changes the holder: a lock that joins the holder would find no row."""
    province = make_province()
    dossier = in_progress(province)
    version = dossier.event_count

    def propose() -> object:
        try:
            return processing.propose(dossier, by=province.specialist, version=version)
        except (IllegalTransitionError, StaleVersionError) as error:
            return type(error)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            closing.stop(dossier, by=province.head, version=version, reason="Trùng")
            slower = pool.submit(propose)
            assert wait_until(somebody_waits_for_a_lock, seconds=20)
        assert slower.result(timeout=20) is IllegalTransitionError
    dossier.refresh_from_db()
    assert (dossier.state, dossier.event_count) == ("stopped", version + 1)
    assert chain_faults(dossier) == []


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        # Not pg_stat_activity: a transaction sees one and the same picture of it.
        cursor.execute("select count(*) from pg_locks where not granted")
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("papers_wait")
def test_the_api_answers_the_slower_one_with_what_is_open_now() -> None:
    province = make_province()
    dossier = received(province)
    answers = at_once(
        *[
            lambda: OfficerClient(province.receptionist).act(
                str(dossier.code), "transfer", dossier.event_count
            )
            for _ in range(3)
        ]
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    for answer in answers:
        if answer.status_code == 409:
            assert "transfer" not in answer.json()["allowed"]
            assert "request_withdrawal" in answer.json()["allowed"]


@pytest.fixture
def least_rights(province: Province) -> Any:
    """Go on as the role of the product itself: it may add to history and not change it."""
    role = f"motcua_test_acts_{os.getpid()}"
    with connection.cursor() as cursor:
        cursor.execute(f"create role {role}")
        call_command("grant_rights", role)
        cursor.execute(f"set role {role}")
    yield role
    with connection.cursor() as cursor:
        cursor.execute("reset role")


@pytest.mark.usefixtures("least_rights")
def test_every_act_can_be_done_with_the_least_rights(province: Province) -> None:
    for expected in EVERY_ACT:
        done = expected.do(province, expected.stage(province))
        assert expected.makes_new or done.state == expected.target, expected.name
        province.procedure.versions.update(settles_at_once=False, signs_after_payment=False)
    codes = [str(code) for code in Dossier.objects.values_list("code", flat=True) if code]
    reader = OfficerClient(province.reformer)
    assert reader.get(f"/api/v1/dossiers/{codes[0]}/").status_code == 200
    call_command("verify_events", verbosity=0)


@pytest.mark.usefixtures("least_rights")
@pytest.mark.parametrize(
    "statement", ["update {} set reason = 'x'", "delete from {}", "truncate {}"]
)
def test_the_least_rights_do_not_reach_history(province: Province, statement: str) -> None:
    processing.transfer(province.log(), by=province.receptionist)
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format("dossiers_dossierevent"))
    assert DossierEvent.objects.count() == 3
