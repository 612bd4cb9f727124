"""The groups of the live clock as database conditions: overdue, today, soon, later, paused.

They say of many rows what `deadlines.live` says of one (domain.md 3.7).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from agencies.working_time import LOCAL_ZONE

if TYPE_CHECKING:
    from agencies.working_time import Calendar
    from dossiers.models import DossierQuerySet

SOON_DAYS = 2  # as `deadlines.live`

# The words of the address, and those of the page.
GROUPS = {
    "qua-han": _("Quá hạn"),
    "hom-nay": _("Hẹn hôm nay"),
    "sap-den-han": _("Sắp đến hạn"),
    "tam-dung": _("Tạm dừng"),
    "con-han": _("Còn thời gian"),
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """The instants between the groups: now, the end of today, the end of what is soon."""

    now: dt.datetime
    today_ends: dt.datetime
    soon_ends: dt.datetime

    @classmethod
    def at(cls, now: dt.datetime, calendar: Calendar) -> Bounds:
        today = now.astimezone(LOCAL_ZONE).date()
        after_soon = calendar.add_working_days(today, SOON_DAYS + 1)
        return cls(now, _midnight(today + dt.timedelta(days=1)), _midnight(after_soon))

    def condition(self, group: str) -> Q:
        """Return the condition of a group among open dossiers."""
        running = Q(paused_at__isnull=True)
        # What is overdue since an hour ago is overdue, not due today.
        return {
            "qua-han": running & Q(due_at__lt=self.now),
            "hom-nay": running & Q(due_at__gte=self.now, due_at__lt=self.today_ends),
            "sap-den-han": running & Q(due_at__gte=self.today_ends, due_at__lt=self.soon_ends),
            "tam-dung": Q(paused_at__isnull=False),
            "con-han": running & (Q(due_at__gte=self.soon_ends) | Q(due_at__isnull=True)),
        }[group]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many open dossiers stand in each group, and how many of them need an apology today."""

    groups: dict[str, int]
    need_apology: int


def counts(open_dossiers: DossierQuerySet, bounds: Bounds) -> Counts:
    """Count open dossiers by the groups of the clock. Runs one query."""
    found: dict[str, int] = open_dossiers.order_by().aggregate(
        **by_group(bounds), need_apology=Count("pk", filter=needs_apology(bounds))
    )
    return Counts({group: found[_name(group)] for group in GROUPS}, found["need_apology"])


def by_group(bounds: Bounds) -> dict[str, Count]:
    """Return the counts of the groups as annotations: qua_han, hom_nay, sap_den_han …"""
    return {_name(group): Count("pk", filter=bounds.condition(group)) for group in GROUPS}


def needs_apology(bounds: Bounds) -> Q:
    """Return the condition of running dossiers whose date is past or today, without an apology.

    Source: domain.md 3.7 and T24: the apology goes out before the date, once.
    """
    return Q(paused_at__isnull=True, due_at__lt=bounds.today_ends, due_promised_at__isnull=True)


def _name(group: str) -> str:
    return group.replace("-", "_")


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=LOCAL_ZONE)
