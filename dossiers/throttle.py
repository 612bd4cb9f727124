"""Chặn đoán mò: how often a code or a network may be wrong before it has to wait.

Wrong tries are rows of `TrackingAttempt`, so a block holds in every web process and does not ask
Redis; who tried what is kept as keyed digests only. Limits: settings.TRACKING_*.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import connection

from accounts.client_address import network_of
from accounts.personal_data import keyed_digest
from dossiers.models import TrackingAttempt


class TooManyTriesError(Exception):
    """The code or the network has to wait; `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"blocked for {retry_after} s")
        self.retry_after = retry_after


def subject_of_dossier(dossier_id: int) -> bytes:
    """Return what wrong tries on either code of a dossier are counted under."""
    return keyed_digest("tracking.dossier", str(dossier_id))


def subject_of_code(folded: str) -> bytes:
    """Return what wrong tries on a code that no dossier has are counted under."""
    return keyed_digest("tracking.code", folded)


def subject_of_network(address: str) -> bytes:
    """Return what wrong tries from the network of an address are counted under."""
    return keyed_digest("tracking.network", network_of(address))


def let_try(subject: bytes, address: str, *, is_wrong: bool) -> None:
    """Let a try be answered and count it when it is wrong; raises TooManyTriesError.

    Whether the try was wrong is known before and told to nobody when it is blocked: a right answer
    is blocked too, and a blocked one is not counted. Runs one query, in a transaction of its own
    unless the caller is in one, so the lock lasts no longer than the counting.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tracking_try(%s, %s, %s, %s, %s, %s)",
            [
                subject,
                subject_of_network(address),
                is_wrong,
                settings.TRACKING_TRIES_PER_CODE,
                settings.TRACKING_TRIES_PER_NETWORK,
                float(settings.TRACKING_WINDOW),
            ],
        )
        (wait,) = cursor.fetchone()
    if wait:
        raise TooManyTriesError(wait)


def forget_old_attempts(now: dt.datetime) -> int:
    """Delete the wrong tries that block nobody any more; return how many."""
    span = dt.timedelta(seconds=settings.TRACKING_WINDOW)
    count, _ = TrackingAttempt.objects.filter(at__lt=now - span).delete()
    return count
