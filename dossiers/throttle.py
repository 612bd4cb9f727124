"""Chặn đoán mò mã hồ sơ: what wrong look-ups are counted under, and how many there may be.

The counting itself is accounts.tries; limits are settings.TRACKING_*.
"""

from __future__ import annotations

from django.conf import settings

from accounts import tries
from accounts.personal_data import keyed_digest

TooManyTriesError = tries.TooManyTriesError


def subject_of_dossier(dossier_id: int) -> bytes:
    """Return what wrong tries on either code of a dossier are counted under."""
    return keyed_digest("tracking.dossier", str(dossier_id))


def subject_of_code(folded: str) -> bytes:
    """Return what wrong tries on a code that no dossier has are counted under."""
    return keyed_digest("tracking.code", folded)


def let_try(subject: bytes, address: str, *, is_wrong: bool) -> None:
    """Let a look-up be answered and count it when it is wrong; raises TooManyTriesError."""
    limits = tries.Limits(
        settings.TRACKING_TRIES_PER_CODE,
        settings.TRACKING_TRIES_PER_NETWORK,
        float(settings.TRACKING_WINDOW),
    )
    tries.let_try("tracking", subject, address, limits, is_wrong=is_wrong)
