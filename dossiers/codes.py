"""Dossier codes: agency, local day of receipt, running number (domain.md 5.2).

Numbers are given inside the transaction that makes the dossier, under the lock of one counter row:
a rollback gives the number back, so a number is a dossier or a void row, and nothing between.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from django.db import connection, transaction

from dossiers.models import DayNumber, Dossier, VoidNumber

if TYPE_CHECKING:
    import datetime as dt

    from agencies.models import Agency, Officer

_CODE = re.compile(r"^(?P<agency>[0-9A-Z.]+)-(?P<day>\d{6})-(?P<number>\d{4,})$")


class Allocated(NamedTuple):
    """A running number, the number of its receipt when one was asked for, and the database's now."""

    number: int
    paper_number: int | None
    now: dt.datetime


# One statement: the counter of the day, the counter of the paper, the clock. The row locks are held
# to the end of the transaction, so eight writers on one agency queue here and nowhere else.
_ALLOCATE = """
with day as (
    insert into dossiers_daynumber (agency_id, "on", last) values (%(agency)s, %(on)s, 1)
    on conflict (agency_id, "on") do update set last = dossiers_daynumber.last + 1
    returning last
), paper as (
    insert into dossiers_papernumber (agency_id, year, kind, last)
    select %(agency)s, %(year)s, %(kind)s::text, 1 from day where %(kind)s::text is not null
    on conflict (agency_id, year, kind) do update set last = dossiers_papernumber.last + 1
    returning last
)
select day.last, (select last from paper), clock_timestamp() from day
"""


def allocate(
    agency: Agency, on: dt.date, *, paper: str | None = None, year: int | None = None
) -> Allocated:
    """Give the agency's next number of the local day, and the next of a paper of its year.

    Must run inside the transaction that uses the number. Runs one query.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ALLOCATE, {"agency": agency.pk, "on": on, "kind": paper, "year": year})
        return Allocated(*cursor.fetchone())


def format_code(agency_code: str, on: dt.date, number: int) -> str:
    """Write a code: "H01.151-260825-0012"; a day with more than 9,999 widens."""
    return f"{agency_code}-{on:%y%m%d}-{number:04d}"


def read_code(code: str) -> tuple[str, str, int] | None:
    """Return (agency code, yymmdd, number) of a code of our pattern, None for a foreign one."""
    match = _CODE.match(code.upper())
    return (match["agency"], match["day"], int(match["number"])) if match else None


@transaction.atomic
def void_next_number(agency: Agency, on: dt.date, *, by: Officer, reason: str) -> VoidNumber:
    """Take the next number of a day out of use, with who, when and why."""
    number = allocate(agency, on).number
    return VoidNumber.objects.create(
        agency=agency, on=on, number=number, voided_by=by, reason=reason
    )


# One order for all, so that two imports cannot lock the counters crosswise.
_RAISE = """
insert into dossiers_daynumber (agency_id, "on", last)
select * from unnest(%s::bigint[], %s::date[], %s::int[]) as used (agency, day, number)
order by agency, day
on conflict (agency_id, "on") do update
set last = greatest(dossiers_daynumber.last, excluded.last)
"""


def move_on(numbers: dict[tuple[int, dt.date], int]) -> None:
    """Move the counters of days on past the numbers that imported codes have used. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            _RAISE,
            [
                [agency for agency, _on in numbers],
                [on for _agency, on in numbers],
                list(numbers.values()),
            ],
        )


def gaps(agency: Agency, on: dt.date) -> list[int]:
    """Return the numbers of a day that are neither a dossier nor void; none, unless imported.

    The day is the one in the code. The national portal's codes are none of the agency's numbers.
    """
    counter = DayNumber.objects.filter(agency=agency, on=on).first()
    if counter is None:
        return []
    prefix = f"-{on:%y%m%d}-"
    used = {
        read[2]
        for code in Dossier.objects.filter(
            receiving_agency=agency, national_code="", code__contains=prefix
        ).values_list("code", flat=True)
        if code and (read := read_code(code))
    }
    used |= set(VoidNumber.objects.filter(agency=agency, on=on).values_list("number", flat=True))
    return sorted(set(range(1, counter.last + 1)) - used)
