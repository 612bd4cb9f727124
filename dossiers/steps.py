"""Which internal process binds a dossier, and which of its steps runs, read from the events.

Lateness of a step is derived from the events of a dossier and shown to those who manage it; it
never touches the legal date, a report or the citizen's page (domain.md 3.11).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BigIntegerField, F, OuterRef, Q, Subquery, TextField, Value
from django.db.models.functions import Cast, Concat, Extract

from accounts.roles import Role
from agencies.working_time import LOCAL_ZONE
from dossiers.models import DossierEvent
from dossiers.step_plans import (
    Branch,
    Plan,
    PlannedStep,
    hours_text,
    rough_hours_text,
)
from dossiers.workflow import State
from procedures.process_models import InternalProcess, SignType, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agencies.working_time import Calendar
    from dossiers.models import Dossier, DossierQuerySet

DAY_MINUTES = 8 * 60  # domain.md 3.4: the default windows, 8.0 hours

# Published processes never change: what a process of ours has read once stays true.
_read: dict[int, Plan] = {}


@dataclass(frozen=True, slots=True)
class StepClock:
    """Where a dossier is among its internal steps; times in working minutes, instants aware."""

    name: str
    codes: tuple[str, ...]
    since: dt.datetime
    allotted: int
    used: int
    stands: bool

    @property
    def is_late(self) -> bool:
        return self.used > self.allotted > 0

    @property
    def over_hours(self) -> str:
        """By how many working hours it is late, in words of the page."""
        return rough_hours_text(max(0, self.used - self.allotted))

    @property
    def allotted_hours(self) -> str:
        return hours_text(self.allotted)

    @property
    def used_hours(self) -> str:
        return rough_hours_text(self.used)


# Which process binds


def with_process(dossiers: DossierQuerySet) -> DossierQuerySet:
    """Annotate `process_id_now`: the process that was valid on the day of receipt, null if none.

    That of the dossier's case comes before that of the whole version.
    """
    binding = (
        InternalProcess.objects.binding()
        .filter(
            Q(case=OuterRef("case")) | Q(case__isnull=True),
            Q(valid_to__isnull=True) | Q(valid_to__gte=OuterRef("received_on")),
            version=OuterRef("version"),
            valid_from__lte=OuterRef("received_on"),
        )
        .order_by(F("case").desc(nulls_last=True), "-number")
    )
    return dossiers.annotate(process_id_now=Subquery(binding.values("pk")[:1]))


def with_trail(dossiers: DossierQuerySet) -> DossierQuerySet:
    """Annotate what `clock_of_row` reads: the process, and each change of state with its second.

    In the same query, so that a list pays no other.
    """
    # In UTC, or the zone would be added to the second.
    second = Cast(Extract("at", "epoch", tzinfo=dt.UTC), BigIntegerField())
    mark = Concat("to_state", Value("@"), Cast(second, TextField()), output_field=TextField())
    events = (
        DossierEvent.objects.filter(dossier=OuterRef("pk"))
        .exclude(to_state=F("from_state"))
        .order_by("seq")
        .annotate(mark=mark)
    )
    return with_process(dossiers).annotate(trail=ArraySubquery(events.values("mark")))


def plan_of(process_id: int) -> Plan:
    """Return the plan of a published process. Runs two queries the first time, then none."""
    plan = _read.get(process_id)
    if plan is None:
        plan = _read[process_id] = plan_from(rows_in(process_id))
    return plan


def rows_in(process_id: int) -> list[Step]:
    """Return the steps of a process in their order, with branches. Runs two queries."""
    return list(
        Step.objects.filter(process=process_id)
        .order_by("position", "pk")
        .select_related("agency")
        .prefetch_related("branches__to")
    )


def plan_from(steps: Iterable[Step]) -> Plan:
    """Return the graph of steps read with their branches. Runs no query."""
    return Plan(
        [
            PlannedStep(
                code=step.code,
                name=step.name,
                role=Role(step.role),
                state=State(step.state),
                minutes=(
                    step.minutes_in_person,
                    _or(step.minutes_online, step.minutes_in_person),
                    _or(step.minutes_post, step.minutes_in_person),
                ),
                unit=step.unit,
                agency_id=step.agency_id,
                may_pause=step.may_pause,
                takes_fee=step.takes_fee,
                signs=step.sign_type != SignType.NONE,
                branches=tuple(
                    Branch(branch.to.code, branch.kind, branch.condition)
                    for branch in step.branches.all()
                ),
            )
            for step in steps
        ]
    )


def _or(value: int | None, other: int) -> int:
    return other if value is None else value


# Which step runs


def clock_of_row(dossier: Dossier, now: dt.datetime, calendar: Calendar) -> StepClock | None:
    """Return the step clock of a dossier annotated by `with_trail`; None without a running step."""
    annotated: Any = dossier
    if annotated.process_id_now is None:
        return None
    marks = [mark.split("@") for mark in annotated.trail]
    plan = plan_of(annotated.process_id_now)
    return _clock(
        plan,
        dossier.channel,
        [state for state, _second in marks],
        lambda index: dt.datetime.fromtimestamp(int(marks[index][1]), LOCAL_ZONE),
        now,
        calendar,
    )


def clock_of(
    dossier: Dossier, events: Sequence[DossierEvent], now: dt.datetime, calendar: Calendar
) -> StepClock | None:
    """Return the step clock of a dossier annotated by `with_process`, from its events in order."""
    annotated: Any = dossier
    if annotated.process_id_now is None or not events:
        return None
    return _clock(
        plan_of(annotated.process_id_now),
        dossier.channel,
        [event.to_state for event in events],
        lambda index: events[index].at,
        now,
        calendar,
    )


def _clock(
    plan: Plan,
    channel: str,
    states: list[str],
    at: Any,
    now: dt.datetime,
    calendar: Calendar,
) -> StepClock | None:
    position = plan.position_after(tuple(states))
    if position is None:
        return None
    stage, since = position.stage, at(position.since)
    used = max(0, calendar.working_minutes_between(since, now))
    if stage.may_pause:
        for begun, ended in position.pauses:
            until = now if ended is None else at(ended)
            used -= max(0, calendar.working_minutes_between(at(begun), until))
    return StepClock(
        name=stage.name,
        codes=stage.codes,
        since=since,
        allotted=stage.allotted(channel),
        used=max(0, used),
        stands=bool(position.pauses) and position.pauses[-1][1] is None,
    )
