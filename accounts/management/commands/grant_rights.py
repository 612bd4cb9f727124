"""Give the product's database role what it needs and no more."""

from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from psycopg import sql

READ_ONLY = frozenset({"django_migrations"})


class Command(BaseCommand):
    """Grant rights on every table: history may be read and added to, never changed."""

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the role's name."""
        parser.add_argument("role")

    def handle(self, *args: Any, **options: Any) -> None:
        """Revoke everything, then grant; raise CommandError when there is no such role."""
        role = options["role"]
        append_only = {
            model._meta.db_table
            for model in apps.get_models(include_auto_created=True)
            if getattr(model, "append_only", False)
        }
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT rolname = current_user FROM pg_roles WHERE rolname = %s", [role])
            known = cursor.fetchone()
            if known is None:
                raise CommandError(f"There is no role {role!r} in this database.")
            if known[0]:
                raise CommandError(f"{role!r} is the role that owns the tables.")
            name = sql.Identifier(role)
            for statement in (
                "GRANT USAGE ON SCHEMA public TO {}",
                "REVOKE CREATE ON SCHEMA public FROM {}",
                "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}",
                "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
            ):
                cursor.execute(sql.SQL(statement).format(name))
            for table in connection.introspection.table_names(cursor, include_views=True):
                rights = "SELECT, INSERT, UPDATE, DELETE"
                if table in append_only:
                    rights = "SELECT, INSERT"
                elif table in READ_ONLY:
                    rights = "SELECT"
                cursor.execute(
                    sql.SQL("GRANT {} ON TABLE public.{} TO {}").format(
                        sql.SQL(rights), sql.Identifier(table), name
                    )
                )
