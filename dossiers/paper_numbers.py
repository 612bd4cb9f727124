"""Số giấy tờ: the next number of a kind of paper in an agency and a year, without gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

from dossiers.models import PaperNumber

if TYPE_CHECKING:
    from agencies.models import Agency
    from dossiers.workflow import PaperKind

_TAKE = f"""
    INSERT INTO {PaperNumber._meta.db_table} AS counter (agency_id, year, kind, last)
    VALUES (%s, %s, %s, 1)
    ON CONFLICT (agency_id, year, kind) DO UPDATE SET last = counter.last + 1
    RETURNING last
"""  # noqa: S608 - the only name in it is our own table's


def next_number(agency: Agency, year: int, kind: PaperKind) -> int:
    """Take the next number in the caller's transaction; a rollback gives it back (domain.md 4).

    Runs one query. The row stays locked until the caller commits, so two papers of one counter are
    numbered one after the other and no number is ever missing. Raises RuntimeError outside a
    transaction, where a failure after this call would burn the number.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a paper's number is taken in the transaction of its act")
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [agency.pk, year, str(kind)])
        (number,) = cursor.fetchone()
    return int(number)
