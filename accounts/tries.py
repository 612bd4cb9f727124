"""Chặn đoán mò: how often a thing or a network may be wrong before it has to wait.

A try has two subjects: what was tried (a dossier's code, an account) and the network it came from.
Wrong ones are rows of `WrongTry` by keyed digest, so nobody reads there who tried what.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection

from accounts.client_address import network_of
from accounts.models import WrongTry
from accounts.personal_data import keyed_digest


class TooManyTriesError(Exception):
    """What was tried, or the network, has to wait; `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"blocked for {retry_after} s")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Limits:
    """How many wrong tries in a span of seconds block a subject, and how many a network."""

    per_subject: int
    per_network: int
    seconds: float


def let_try(purpose: str, subject: bytes, address: str, limits: Limits, *, is_wrong: bool) -> None:
    """Let a try be answered and count it when it is wrong; raises TooManyTriesError.

    Whether the try was wrong is known before and told to nobody when it is blocked: a right answer
    is blocked too, and a blocked one is not counted. Networks are counted per purpose. Runs one
    query, in a transaction of its own unless the caller is in one, so the lock lasts no longer
    than the counting.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count_try(%s, %s, %s, %s, %s, %s)",
            [
                subject,
                keyed_digest(f"{purpose}.network", network_of(address)),
                is_wrong,
                limits.per_subject,
                limits.per_network,
                limits.seconds,
            ],
        )
        (wait,) = cursor.fetchone()
    if wait:
        raise TooManyTriesError(wait)


def forget_tries_before(moment: dt.datetime) -> int:
    """Delete the wrong tries that block nobody any more; return how many."""
    count, _rows = WrongTry.objects.filter(at__lt=moment).delete()
    return count
