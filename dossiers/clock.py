"""Work the beat starts on dossiers: what a lost knock left undone, what nobody needs any more."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

import structlog
from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from accounts import sessions
from accounts.tries import forget_tries_before
from dossiers import day_roots, digests, idempotency, registers, tasks, verifying
from dossiers.models import CalendarChange
from dossiers.services import calendar_changing

if TYPE_CHECKING:
    from celery.app.task import Task

logger = structlog.get_logger(__name__)

# Longer than any span that blocks (settings.TRACKING_WINDOW, SIGN_IN_WINDOW).
TRIES_KEPT = dt.timedelta(days=1)
KEYS_KEPT = dt.timedelta(days=30)
HISTORY_LIMIT = 3000  # seconds; below the broker's hour, after which it would start a second one
REGISTERS_KEPT = dt.timedelta(days=30)  # their files: lists of people, made again when needed
# A change of calendar works this long before it makes room for others, well within the soft limit
# of a task; who has not reported for as long as two of these is taken for dead.
CALENDAR_STRETCH = 100  # seconds
CALENDAR_SILENCE = dt.timedelta(minutes=5)


@shared_task(name="dossiers.clock.sweep")
def sweep() -> dict[str, int]:
    """Knock for what lost its knock, forget what nobody needs any more; may run twice."""
    now = timezone.now()
    waiting = calendar_changing.unfinished_since(now - CALENDAR_SILENCE)
    for change_id in waiting:
        knock_for_calendar(change_calendar, change_id)
    return {
        "calendars": len(waiting),
        "rehearsals": calendar_changing.forget_rehearsals(now),
        "papers": tasks.sweep_unrendered(),
        "registers": tasks.sweep_registers(),
        "register_files": registers.forget_files_before(now - REGISTERS_KEPT),
        "tries": forget_tries_before(now - TRIES_KEPT),
        "sessions": sessions.forget_expired(now),
        "keys": idempotency.forget_before(now - KEYS_KEPT),
    }


@shared_task(name="dossiers.clock.send_digests")
def send_digests() -> dict[str, int]:
    """Send the morning's mails to officers within the hours for them; may run twice."""
    now = timezone.now()
    if not digests.is_time(now):
        return {}
    digests.prepare(timezone.localdate(now))
    return digests.send_waiting(now)


@shared_task(
    name="dossiers.clock.close_days", soft_time_limit=HISTORY_LIMIT - 60, time_limit=HISTORY_LIMIT
)
def close_days() -> dict[str, int]:
    """Close the days that are over, then look through what they recorded; may run twice.

    Findings are logged, kept in HistoryCheck and told by /healthz.
    """
    started = time.monotonic()
    closed = day_roots.close_days()
    # Not those just closed: a worker killed after closing leaves its days to the next.
    since, up_to = verifying.first_day_to_verify(), verifying.newest_closed_day()
    if since is None or up_to is None or since > up_to:
        return {"days": len(closed), "findings": 0}
    outcome = verifying.verify_recorded(since, up_to)
    verifying.note(outcome, is_whole=False, up_to=up_to, started=started)
    return {"days": len(closed), "findings": len(outcome.findings)}


@shared_task(
    name="dossiers.clock.verify_history",
    soft_time_limit=HISTORY_LIMIT - 60,
    time_limit=HISTORY_LIMIT,
)
def verify_history() -> int:
    """Look through the whole history, as `verify_events` does; return how much was found."""
    started = time.monotonic()
    up_to = verifying.newest_closed_day()
    outcome = verifying.verify_everything()
    verifying.note(outcome, is_whole=True, up_to=up_to, started=started)
    return len(outcome.findings)


@shared_task(name="dossiers.clock.change_calendar")
def change_calendar(change_id: int) -> None:
    """Deal with the promises of an applied change of calendar; a second time it changes nothing."""
    until = time.monotonic() + CALENDAR_STRETCH
    if not calendar_changing.carry_out(change_id, goes_on=lambda: time.monotonic() < until):
        knock_for_calendar(change_calendar, change_id)


@shared_task(name="dossiers.clock.rehearse_calendar")
def rehearse_calendar(change_id: int) -> None:
    """Rehearse a change of calendar that touches too many dossiers for a page to wait for."""
    try:
        calendar_changing.rehearse(CalendarChange.objects.get(pk=change_id))
    except calendar_changing.ChangeError:
        logger.info("calendar not rehearsed", change=change_id)


def knock_for_calendar(task: Task[[int], None], change_id: int) -> bool:
    """Ask the queue to work on a change; False when the broker is away: the sweep finds it."""
    try:
        task.apply_async((change_id,), retry=False)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning(
            "queue is away, calendar waits", change=change_id, error=type(error).__name__
        )
        return False
    return True
