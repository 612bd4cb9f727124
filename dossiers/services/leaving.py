"""Leaving and moving with empty hands: an officer goes when nothing is held by them any more.

Handing over is its own act for each dossier (`handing_over`); here it is asked whether all of it
is done, under the same lock under which an act gives a dossier to somebody (`recording`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from agencies import staffing
from agencies.models import Agency, Officer
from dossiers.services.handing_over import held_by

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection

    from agencies.staffing import Keeper


class WorkLeftError(Exception):
    """The officer still holds dossiers; `count` says how many."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} dossiers are still held")
        self.count = count


@dataclass(frozen=True, slots=True)
class WorkLeft:
    """The dossiers an officer holds in one agency, and who there can hand them over."""

    agency: Agency
    count: int
    heads: list[Officer]


def work_left(officer: Officer, today: dt.date) -> list[WorkLeft]:
    """Return what an officer holds, agency by agency. Runs two queries, one more for each agency."""
    counted = dict(
        held_by(officer)
        .select_related(None)
        .order_by()
        .values_list("holder_agency")
        .annotate(count=Count("pk"))
    )
    return [
        WorkLeft(
            agency,
            counted[agency.pk],
            list(
                Officer.objects.working_in(agency, today, Role.HEAD)
                .exclude(pk=officer.pk)
                .order_by("name_sort")
            ),
        )
        for agency in Agency.objects.filter(pk__in=counted).order_by("name_sort")
    ]


def leave(*, by: Keeper, officer: Officer, today: dt.date | None = None) -> None:
    """Thôi việc: with empty hands, roles end, the account and everything that opens it close.

    Raises WorkLeftError while a dossier is held, PermissionError and StaffingError as
    `staffing.let_go`.
    """
    with transaction.atomic():
        _lock(officer)
        count = held_by(officer).count()
        if count:
            raise WorkLeftError(count)
        staffing.let_go(by=by, officer=officer, today=today)


def transfer(
    *,
    by: Keeper,
    officer: Officer,
    to: Agency,
    roles: Collection[Role],
    title: str = "",
    today: dt.date | None = None,
) -> None:
    """Điều chuyển: what is held where one stays a specialist stays; the rest is handed over first.

    Raises WorkLeftError while such a dossier is held, PermissionError and StaffingError as
    `staffing.transfer`.
    """
    today = today or timezone.localdate()
    with transaction.atomic():
        _lock(officer)
        count = work_at_stake(officer, today)
        if count:
            raise WorkLeftError(count)
        staffing.transfer(by=by, officer=officer, to=to, roles=roles, title=title, today=today)


def work_at_stake(officer: Officer, today: dt.date) -> int:
    """Count the dossiers held where a transfer would end the role. Runs two queries."""
    stays = {
        row.agency_id
        for row in officer.roles.on(today).filter(role=Role.SPECIALIST)
        if row.agency_id != officer.agency_id
    }
    return held_by(officer).exclude(holder_agency__in=stays).count()


def _lock(officer: Officer) -> None:
    User.objects.select_for_update(no_key=True).only("pk").get(pk=officer.user_id)
