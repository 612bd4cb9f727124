"""Work the beat starts on dossiers: what a lost knock left undone, what nobody needs any more."""

from __future__ import annotations

import datetime as dt
import time

from celery import shared_task
from django.utils import timezone

from accounts.tries import forget_tries_before
from dossiers import day_roots, idempotency, registers, tasks, verifying

# Longer than any span that blocks (settings.TRACKING_WINDOW, SIGN_IN_WINDOW).
TRIES_KEPT = dt.timedelta(days=1)
KEYS_KEPT = dt.timedelta(days=30)
HISTORY_LIMIT = 3000  # seconds; below the broker's hour, after which it would start a second one
REGISTERS_KEPT = dt.timedelta(days=30)  # their files: lists of people, made again when needed


@shared_task(name="dossiers.clock.sweep")
def sweep() -> dict[str, int]:
    """Knock for unrendered papers and registers, forget what is old; may run twice."""
    now = timezone.now()
    return {
        "papers": tasks.sweep_unrendered(),
        "registers": tasks.sweep_registers(),
        "register_files": registers.forget_files_before(now - REGISTERS_KEPT),
        "tries": forget_tries_before(now - TRIES_KEPT),
        "keys": idempotency.forget_before(now - KEYS_KEPT),
    }


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
