"""Databases of our own on the server of DATABASE_URL: made for one run and dropped at its end."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "bench_motcua_"
MARK = "made by `make bench` for one run"


def named(url: str, database: str) -> str:
    """Return the URL with another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


class Databases:
    """The database of the product and the twin that takes the limit's rows."""

    def __init__(self, server_url: str) -> None:
        self.server_url = server_url
        self.product = f"{PREFIX}{os.getpid()}"
        self.twin = f"{PREFIX}{os.getpid()}_twin"

    @property
    def product_url(self) -> str:
        return named(self.server_url, self.product)

    @property
    def twin_url(self) -> str:
        return named(self.server_url, self.twin)

    def create(self, name: str, template: str | None = None) -> None:
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            made = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template or "template0")
            )
            connection.execute(made)
            connection.execute(
                sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                    sql.Identifier(name), sql.Literal(MARK)
                )
            )

    def drop(self) -> None:
        """Drop what this run made, and what a killed run left: marked as ours, its process gone."""
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            marked = connection.execute(
                "SELECT datname FROM pg_database d JOIN pg_shdescription s"
                " ON s.objoid = d.oid AND s.classoid = 'pg_database'::regclass"
                " WHERE s.description = %s AND starts_with(datname, %s)"
                " AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.datname = d.datname)",
                [MARK, PREFIX],
            ).fetchall()
            for (name,) in marked:
                if name not in {self.product, self.twin} and _runs(name):
                    continue
                connection.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name))
                )
            for name in (self.product, self.twin):
                connection.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
                )


def _runs(database: str) -> bool:
    """Whether the run that made a database is still there (on this machine)."""
    number = database.removeprefix(PREFIX).partition("_")[0]
    if not number.isdecimal():
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def own_databases(server_url: str) -> Iterator[Databases]:
    """Make the product's database, and drop both when done, however that is."""
    databases = Databases(server_url)
    databases.drop()
    try:
        databases.create(databases.product)
        yield databases
    finally:
        databases.drop()
