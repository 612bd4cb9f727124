"""Số giấy tờ: the next number of a kind of paper in an agency and a year, without gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction

from dossiers.models import PaperNumber, PaperSlip, VoidPaperNumber

if TYPE_CHECKING:
    from agencies.models import Agency, Officer
    from dossiers.workflow import PaperKind

_TAKE = f"""
    INSERT INTO {PaperNumber._meta.db_table} AS counter (agency_id, year, kind, last)
    VALUES (%s, %s, %s, 1)
    ON CONFLICT (agency_id, year, kind) DO UPDATE SET last = counter.last + 1
    RETURNING last
"""  # noqa: S608 - the only name in it is our own table's


def next_number(agency: Agency, year: int, kind: PaperKind | str) -> int:
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


@transaction.atomic
def void_next_number(
    agency: Agency, year: int, kind: PaperKind, *, by: Officer, reason: str
) -> VoidPaperNumber:
    """Take the next number of a kind out of use, with who, when and why (domain.md 4).

    For a number that was written by hand while the portal was away, or spoilt. Runs two queries.
    """
    number = next_number(agency, year, kind)
    return VoidPaperNumber.objects.create(
        agency=agency, year=year, kind=kind, number=number, voided_by=by, reason=reason
    )


def gaps(agency: Agency, year: int, kind: PaperKind) -> list[int]:
    """Return the numbers that are neither a paper nor void: none, ever. Runs three queries."""
    of_the_kind = {"agency": agency, "year": year, "kind": kind}
    counter = PaperNumber.objects.filter(**of_the_kind).first()
    if counter is None:
        return []
    used = set(PaperSlip.objects.filter(**of_the_kind).values_list("number", flat=True))
    used |= set(VoidPaperNumber.objects.filter(**of_the_kind).values_list("number", flat=True))
    return sorted(set(range(1, counter.last + 1)) - used)
