"""Work the beat starts on dossiers: what a lost knock left undone, what nobody needs any more."""

from __future__ import annotations

import datetime as dt

from celery import shared_task
from django.utils import timezone

from accounts.tries import forget_tries_before
from dossiers import idempotency, tasks

# Longer than any span that blocks (settings.TRACKING_WINDOW, SIGN_IN_WINDOW).
TRIES_KEPT = dt.timedelta(days=1)
KEYS_KEPT = dt.timedelta(days=30)


@shared_task(name="dossiers.clock.sweep")
def sweep() -> dict[str, int]:
    """Knock for unrendered papers, forget old tries and old idempotency keys; may run twice."""
    now = timezone.now()
    return {
        "papers": tasks.sweep_unrendered(),
        "tries": forget_tries_before(now - TRIES_KEPT),
        "keys": idempotency.forget_before(now - KEYS_KEPT),
    }
