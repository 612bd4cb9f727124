"""What every receipt of a dossier needs: its code, its date, the proof its owner tracks it by."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from accounts.personal_data import keyed_digest, proof_of
from dossiers.clockwork import set_due
from dossiers.codes import allocate, format_code
from dossiers.models import Dossier, local_day
from dossiers.paper_numbers import next_number
from dossiers.recording import database_now

if TYPE_CHECKING:
    import datetime as dt

    from dossiers.recording import Record
    from dossiers.workflow import PaperKind

# Given on the national portal: "G22.99-260825-000012" (domain.md 5.2; the digits after the day are
# from knowledge, not confirmed, so their number is left open).
_NATIONAL_CODE = re.compile(r"G\d{2}\.\d{2,3}-\d{6}-\d{1,12}", re.ASCII)


def is_national_code(code: str) -> bool:
    """Tell whether a code is one that the national portal gives."""
    return _NATIONAL_CODE.fullmatch(code) is not None


def give_code(
    dossier: Dossier,
    record: Record,
    *,
    at: dt.datetime,
    paper: PaperKind | None,
    issued_at: dt.datetime | None = None,
) -> int | None:
    """Receive a dossier at a moment under a new code; return the number of its paper, if any.

    A code of the national portal stays: nothing is issued beside it (domain.md 5.2). Runs one
    query, two for such a dossier.
    """
    on = local_day(at)
    year = local_day(issued_at or at).year
    dossier.received_at, dossier.received_on = at, on
    if dossier.national_code:
        record.recorded_at = database_now()
        number = next_number(dossier.receiving_agency, year, paper) if paper else None
    else:
        given = allocate(dossier.receiving_agency, on, paper=paper, year=year)
        dossier.code = format_code(dossier.receiving_agency.code, on, given.number)
        record.recorded_at, number = given.now, given.paper_number
    for event in record.events:
        event.recorded_at = record.recorded_at
    return number


def promise(dossier: Dossier, due: dt.datetime | None) -> None:
    """Make a moment the first promise and the date that runs."""
    dossier.due_original_at = due
    set_due(dossier, due)


def second_fact(tracking_code: str, number: str) -> bytes:
    """Return the digest of a number's last four characters, bound to one dossier."""
    return keyed_digest("proof", f"{tracking_code}:{proof_of(number)}") if number else b""
