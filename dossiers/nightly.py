"""What only time does to dossiers: silence recorded, applicants reminded, lapses asked for.

domain.md 2.5: T15 (no answer), T18's reminder, T08/T18/T21 (the machine asks, an officer confirms),
T30. Each dossier is a transaction of its own and is looked at again under its lock, so that a run
may come twice, at the same time, or be killed half way.
"""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING

import structlog
from celery import shared_task
from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone

from dossiers.models import Consultation, Dossier, Posting
from dossiers.recording import ActDataError, StaleVersionError
from dossiers.services import approval, consulting, waiting
from dossiers.workflow import Act, IllegalTransitionError, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

logger = structlog.get_logger(__name__)

# An applicant is reminded so long before the last day to answer.
REMIND_AHEAD = dt.timedelta(days=3)
# A result nobody collects is not reminded of for ever.
REMIND_OF_RESULT_FOR = dt.timedelta(days=180)

LAPSES = {
    State.AWAITING_COMPLETION: Act.LAPSE_COMPLETION,
    State.AWAITING_SUPPLEMENT: Act.LAPSE_SUPPLEMENT,
    State.AWAITING_PAYMENT: Act.LAPSE_PAYMENT,
}


@shared_task(name="dossiers.nightly.pass_time")
def pass_time() -> dict[str, int]:
    """Do what the day that has come does to waiting dossiers; return how many of each."""
    now = timezone.now()
    today = timezone.localdate(now)
    return {
        "no_opinion": record_silence(now),
        "reminded": remind_applicants(today),
        "lapses": ask_for_lapses(today),
        "collect": remind_of_results(today),
    }


def record_silence(now: dt.datetime) -> int:
    """Answer for agencies whose time is over: no opinion, and theirs is the responsibility (T15)."""
    silent = Consultation.objects.filter(
        outcome=Consultation.Outcome.OPEN, answer_by__lt=now, dossier__state=State.CONSULTING
    ).select_related("dossier", "agency")
    return _each(
        (
            row.dossier,
            partial(consulting.answer_consultation, row.dossier, by=None, agency=row.agency),
        )
        for row in silent.iterator()
    )


def remind_applicants(today: dt.date) -> int:
    """Remind once of papers or a payment shortly before the last day (B3, T18)."""
    waiting_for = Dossier.objects.filter(
        state__in=LAPSES, reply_by__lte=today + REMIND_AHEAD, reminded_at__isnull=True
    )
    return _each(
        (row, partial(waiting.remind_applicant, row, by=None, version=row.event_count))
        for row in waiting_for.iterator()
    )


def ask_for_lapses(today: dt.date) -> int:
    """Put the lapse before who confirms it when the time and its grace are over (T08, T18, T21)."""
    asked = [act.value for act in LAPSES.values()]
    silent = (
        Dossier.objects.select_related("version")
        .filter(state__in=LAPSES, reply_by__lt=today)
        .exclude(asked__has_any_keys=asked)
    )
    return _each(
        (
            row,
            partial(approval.ask, LAPSES[State(row.state)], row, by=None, version=row.event_count),
        )
        for row in silent.iterator()
        if row.reply_is_overdue()
    )


def remind_of_results(today: dt.date) -> int:
    """Remind of a result that lies at the counter, every so many days of the procedure (T30).

    Not of one that the post has: nobody could come for it.
    """
    newest = Posting.objects.filter(dossier=OuterRef("pk")).order_by("-pk")
    lying = (
        Dossier.objects.filter(
            state=State.SETTLED, delivery_state="due", settled_on__gte=today - REMIND_OF_RESULT_FOR
        )
        .annotate(
            every=F("version__collection_reminder_days"),
            last_posting=Subquery(newest.values("kind")[:1]),
        )
        .filter(
            Q(every__gt=0),
            Q(last_posting__isnull=True) | Q(last_posting=Posting.Kind.CAME_BACK),
        )
    )
    return _each(
        (row, partial(waiting.remind_collection, row, by=None, version=row.event_count))
        for row in lying.iterator()
        if _is_due(row, today)
    )


def _is_due(dossier: Dossier, today: dt.date) -> bool:
    last = timezone.localdate(dossier.reminded_at) if dossier.reminded_at else dossier.settled_on
    every: int = dossier.every  # type: ignore[attr-defined]  # annotated above
    return last is not None and last + dt.timedelta(days=every) <= today


def _each(work: Iterable[tuple[Dossier, Callable[[], object]]]) -> int:
    """Do each piece of work; one that another was faster with, or that fails, stops no other."""
    done = 0
    for dossier, act in work:
        try:
            act()
        except (IllegalTransitionError, StaleVersionError, ActDataError):
            continue  # somebody acted since it was looked up
        except Exception:
            logger.exception("time did not pass for a dossier", dossier=dossier.pk)
        else:
            done += 1
    return done
