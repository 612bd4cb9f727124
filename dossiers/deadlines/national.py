"""The official on-time test of the national measure (indicator 2.1 of QĐ 766, domain.md 3.6).

Apart from how the portal itself classes a dossier (`standing`): the national measure knows nothing
of our pauses, only of one request for papers, and forgives no second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Request:
    """One request for papers during processing; `answered_at` is None while they are owed."""

    asked_at: datetime
    answered_at: datetime | None = None


def is_on_time(
    due_at: datetime | None,
    ended_at: datetime | None,
    period_ends: datetime,
    requests: Sequence[Request] = (),
) -> bool:
    """Whether the national measure counts a dossier as on time.

    `due_at` is the synchronised NgayHenTra, or where there is none the end of the statutory limit
    from acceptance. `ended_at` is the time of state 9, else 10, else 8, 3 or 7 after acceptance;
    None while it is open, and then the end of the period counts. Early and equal are both good;
    what was waited for papers is taken off.
    """
    if len(requests) > 1:
        return False
    if due_at is None:
        return True
    return _end(ended_at, period_ends, requests) <= due_at


def _end(ended_at: datetime | None, period_ends: datetime, requests: Sequence[Request]) -> datetime:
    owed = [request.asked_at for request in requests if request.answered_at is None]
    if owed and ended_at is None:
        # Rule 11: while the applicant owes papers the moment of the request is the end.
        return owed[0]
    waited = sum(
        (request.answered_at - request.asked_at for request in requests if request.answered_at),
        timedelta(),
    )
    return min(ended_at or period_ends, period_ends) - waited
