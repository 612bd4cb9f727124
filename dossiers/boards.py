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


def counts(open_dossiers: DossierQuerySet, bounds: Bounds) -> dict[str, int]:
    """Return how many open dossiers stand in each group. Runs one query."""
    found: dict[str, int] = open_dossiers.order_by().aggregate(
        **{group.replace("-", "_"): Count("pk", filter=bounds.condition(group)) for group in GROUPS}
    )
    return {group: found[group.replace("-", "_")] for group in GROUPS}


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=LOCAL_ZONE)
