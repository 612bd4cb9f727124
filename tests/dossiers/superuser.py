"""What only who owns the server can do: change history past its triggers and foreign keys."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterator


def sql(statement: str, parameters: list[Any] | dict[str, Any] | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


@contextmanager
def superuser_without_triggers() -> Iterator[None]:
    """Do what only who owns the server can do; foreign keys are not looked at either."""
    sql("set constraints all immediate")
    sql("set session_replication_role = replica")
    yield
    sql("set session_replication_role = origin")
