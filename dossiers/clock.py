"""Work the beat starts on dossiers: what a lost knock left undone, what nobody needs any more."""

from __future__ import annotations

import datetime as dt

from celery import shared_task
from django.utils import timezone

from dossiers import idempotency, tasks, throttle

KEYS_KEPT = dt.timedelta(days=30)


@shared_task(name="dossiers.clock.sweep")
def sweep() -> dict[str, int]:
    """Knock for unrendered papers, forget old tries and old idempotency keys; may run twice."""
    now = timezone.now()
    return {
        "papers": tasks.sweep_unrendered(),
        "attempts": throttle.forget_old_attempts(now),
        "keys": idempotency.forget_before(now - KEYS_KEPT),
    }
