"""What a head looks at beside the list: where the time went, what comes due, how the units stand.

Reads dossiers and events of what the caller may see; decides nothing. Hours are working hours.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from django.db.models import Count

from accounts.folding import sort_key
from agencies.working_time import LOCAL_ZONE
from dossiers import boards, history
from dossiers.history import HolderKind
from dossiers.models import DossierEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agencies.working_time import Calendar
    from dossiers.history import Holder
    from dossiers.models import Dossier, DossierQuerySet

DAYS_AHEAD = 10  # working days, today the first of them if it is one
DAYS_BACK = 20  # working days before today, over which the pace is counted
MOST_EXPLAINED = 200  # overdue dossiers whose time is told, the latest first


# Where the time went


@dataclass(frozen=True, slots=True)
class Spent:
    """The working time one holder used of one dossier."""

    holder: Holder
    minutes: int
    tone: str

    @property
    def hours(self) -> float:
        return self.minutes / 60


@dataclass(frozen=True, slots=True)
class Cause:
    """A dossier and who used its working time since receipt, most first."""

    dossier: Dossier
    spent: list[Spent]

    @property
    def most(self) -> Spent | None:
        """Who of the administration had it longest: the applicant's time stops the clock."""
        return next((s for s in self.spent if s.holder.kind is not HolderKind.APPLICANT), None)


@dataclass(slots=True)
class Culprit:
    """A holder over many dossiers: hours used, and of how many they had most."""

    holder: Holder
    minutes: int = 0
    dossiers: int = 0
    longest: int = 0

    @property
    def hours(self) -> float:
        return self.minutes / 60


def causes(dossiers: Sequence[Dossier], now: dt.datetime, calendar: Calendar) -> list[Cause]:
    """Return whose working time each dossier's was, from its events. Runs one query."""
    events: dict[int, list[DossierEvent]] = {dossier.pk: [] for dossier in dossiers}
    found = (
        DossierEvent.objects.filter(dossier__in=list(events))
        .select_related("holder_agency", "holder_officer")
        .only(
            "dossier_id", "seq", "at", "to_state",
            "holder_agency__name", "holder_agency__short_name", "holder_officer__full_name",
        )
        .order_by("dossier_id", "seq")
    )  # fmt: skip
    for event in found:
        events[event.dossier_id].append(event)
    return [
        Cause(dossier, _spent(dossier, events[dossier.pk], now, calendar)) for dossier in dossiers
    ]


def _spent(
    dossier: Dossier, events: list[DossierEvent], now: dt.datetime, calendar: Calendar
) -> list[Spent]:
    times = history.time_of_holders(dossier, events, now, calendar)
    return [
        Spent(holder, minutes, history.tone_of(holder, dossier))
        for holder, minutes in sorted(times.items(), key=lambda pair: -pair[1])
    ]


def culprits(found: Sequence[Cause]) -> list[Culprit]:
    """Return the holders of the causes by hours used, most first; the applicants are not among them."""
    known: dict[Holder, Culprit] = {}
    for cause in found:
        for spent in cause.spent:
            if spent.holder.kind is HolderKind.APPLICANT:
                continue
            entry = known.setdefault(spent.holder, Culprit(spent.holder))
            entry.minutes += spent.minutes
            entry.dossiers += 1
            entry.longest += spent is cause.most
    return sorted(known.values(), key=lambda each: (-each.minutes, each.holder.name))


# What comes due


@dataclass(frozen=True, slots=True)
class Day:
    """A working day ahead: what falls due on it, and what the pace leaves undone by its end."""

    on: dt.date
    due: int
    to_do: int  # due up to and on this day, what is late already with it
    can_do: Fraction  # at the pace, from today to the end of this day

    @property
    def behind(self) -> int:
        """How many would be late at the end of the day; whole dossiers, rounded up."""
        short = self.to_do - self.can_do
        return max(0, -(-short.numerator // short.denominator))


@dataclass(frozen=True, slots=True)
class Outlook:
    """Mười ngày tới: what falls due against the pace of the last weeks."""

    late: int
    settled: int  # in the days the pace is counted over
    since: dt.date
    pace: Fraction  # dossiers settled a working day
    days: list[Day] = field(default_factory=list)

    @property
    def first_behind(self) -> Day | None:
        return next((day for day in self.days if day.behind), None)


def ahead(
    open_dossiers: DossierQuerySet,
    settled_dossiers: DossierQuerySet,
    today: dt.date,
    calendar: Calendar,
) -> Outlook:
    """Return what falls due in the next ten working days against the pace. Runs two queries.

    The pace is what was settled in the last twenty working days before today, a day. A paused
    dossier has no date that runs and is left out; one without a date never falls due.
    """
    days = [
        calendar.add_working_days(today - dt.timedelta(days=1), n + 1) for n in range(DAYS_AHEAD)
    ]
    running = open_dossiers.filter(paused_at__isnull=True, due_on__isnull=False)
    end = dt.datetime.combine(days[-1] + dt.timedelta(days=1), dt.time(), LOCAL_ZONE)
    due_on = dict(
        running.filter(due_at__lt=end).order_by().values_list("due_on").annotate(count=Count("pk"))
    )
    since = _working_days_before(today, DAYS_BACK, calendar)
    settled = settled_dossiers.filter(settled_on__gte=since, settled_on__lt=today).count()
    pace = Fraction(settled, DAYS_BACK)
    late = sum(count for on, count in due_on.items() if on < today)
    outlook = Outlook(late, settled, since, pace)
    to_do = late
    last = today - dt.timedelta(days=1)
    for number, on in enumerate(days, start=1):
        # A date that a changed calendar left on a day off is due by the next working day.
        due = sum(count for day, count in due_on.items() if last < day <= on)
        to_do += due
        outlook.days.append(Day(on, due, to_do, pace * number))
        last = on
    return outlook


def _working_days_before(today: dt.date, days: int, calendar: Calendar) -> dt.date:
    day = today
    while days:
        day -= dt.timedelta(days=1)
        days -= calendar.is_working_day(day)
    return day


# How the units stand


def by_agency(open_dossiers: DossierQuerySet, bounds: boards.Bounds) -> list[dict[str, Any]]:
    """Return the groups of the clock for each settling agency, most overdue first. One query."""
    found = (
        open_dossiers.order_by()
        .values("competent_agency__code", "competent_agency__name", "competent_agency__short_name")
        .annotate(
            total=Count("pk"),
            **boards.by_group(bounds),
            apologies=Count("pk", filter=boards.needs_apology(bounds)),
        )
    )
    rows: list[dict[str, Any]] = [
        {
            **row,
            "code": row["competent_agency__code"],
            "name": row["competent_agency__short_name"] or row["competent_agency__name"],
        }
        for row in found
    ]
    return sorted(rows, key=lambda row: (-row["qua_han"], -row["total"], sort_key(row["name"])))
