"""The role of least rights: it may add to history and not change it."""

from __future__ import annotations

import os

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection

ROLE = f"motcua_test_web_{os.getpid()}"


@pytest.fixture
def role(db: None) -> str:
    """Make a role that lives as long as the test's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
    call_command("grant_rights", ROLE)
    return ROLE


def rights(table: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT privilege_type FROM information_schema.role_table_grants"
            " WHERE grantee = %s AND table_name = %s",
            [ROLE, table],
        )
        return {row[0] for row in cursor.fetchall()}


@pytest.mark.usefixtures("role")
def test_every_table_has_the_rights_of_its_kind() -> None:
    seen = set()
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy or not model._meta.managed:
            continue
        is_history = getattr(model, "append_only", False)
        seen.add(is_history)
        expected = {"SELECT", "INSERT"} | (set() if is_history else {"UPDATE", "DELETE"})
        assert rights(model._meta.db_table) == expected, model
    assert seen == {True, False}


@pytest.mark.usefixtures("role")
def test_migrations_may_only_be_read() -> None:
    assert rights("django_migrations") == {"SELECT"}


def test_a_second_run_changes_nothing(role: str) -> None:
    before = rights("dossiers_dossierevent")
    call_command("grant_rights", role)
    assert rights("dossiers_dossierevent") == before


@pytest.mark.django_db
def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(CommandError, match="no role 'nobody_here'"):
        call_command("grant_rights", "nobody_here")
