"""Yếu tố thứ hai: codes of an app (TOTP, RFC 6238) and recovery codes; passkeys have a module.

An account that has any factor is asked for one after its password. Secrets are sealed at rest,
a code opens once, a recovery code is known by its keyed digest alone (ADR 18).
"""

from __future__ import annotations

import base64
import functools
import os
import re
import secrets
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import RecoveryCode, SecondFactor, User
from accounts.personal_data import keyed_digest, seal, unseal

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from django.db.models import QuerySet

STEP = 30  # seconds a code lives
# Clocks of telephones differ: the code before and the one after are taken too (RFC 6238 5.2).
DRIFT = 1  # steps
RECOVERY_CODES = 10
# Without 0, 1, I, L, O, U: what is copied by hand is read back.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_LETTERS = 10  # of a recovery code: 49 bits


def is_set_up(user: User) -> bool:
    """Tell whether the account asks for a second factor. Runs one query."""
    return SecondFactor.objects.filter(user=user).exists()


# The app's codes


def new_secret() -> str:
    """Return a new shared secret in base32, as apps take it by hand: 160 bits (RFC 4226 4)."""
    return base64.b32encode(os.urandom(20)).decode()


def address_for_app(secret: str, user: User) -> str:
    """Return the otpauth:// address that the app reads from the QR."""
    return _generator(secret).get_provisioning_uri(user.username, settings.SITE_NAME)


def matching_step(secret: str, typed: str, now: dt.datetime) -> int | None:
    """Return the step of time whose code was typed, None when it is none of the three near now."""
    code = re.sub(r"\s", "", typed)
    if not re.fullmatch(r"\d{6}", code, re.ASCII):
        return None
    current = int(now.timestamp()) // STEP
    generator = _generator(secret)
    # All of them are compared, whichever fits: the time taken tells nothing.
    fitting = [
        step
        for step in range(current - DRIFT, current + DRIFT + 1)
        if bytes_eq(generator.generate(step * STEP), code.encode())
    ]
    return fitting[0] if fitting else None


def add_app(user: User, secret: str, typed: str) -> SecondFactor | None:
    """Set the app up once it has shown that it makes the right codes; None when it has not.

    The code that proved it opens nothing any more. An app that was set up before is replaced.
    """
    now = timezone.now()
    step = matching_step(secret, typed, now)
    if step is None:
        return None
    with transaction.atomic():
        _lock(user)  # a form sent twice sets up one app
        SecondFactor.objects.filter(user=user, kind=SecondFactor.Kind.TOTP).delete()
        return SecondFactor.objects.create(
            user=user,
            kind=SecondFactor.Kind.TOTP,
            name=str(SecondFactor.Kind.TOTP.label),
            secret=seal(secret),
            last_step=step,
            created_at=now,
        )


def _generator(secret: str) -> TOTP:
    # SHA-1, six digits, thirty seconds: what every app knows (RFC 6238 1.2); an HMAC does not need
    # its hash to resist collisions.
    return TOTP(base64.b32decode(secret), 6, SHA1(), STEP)  # noqa: S303


# Recovery codes


def new_recovery_codes(user: User) -> list[str]:
    """Make ten codes in place of all older ones and return them, for the only time."""
    codes = [
        "".join(secrets.choice(_ALPHABET) for _letter in range(_LETTERS))
        for _code in range(RECOVERY_CODES)
    ]
    with transaction.atomic():
        _lock(user)
        RecoveryCode.objects.filter(user=user).delete()
        RecoveryCode.objects.bulk_create(
            RecoveryCode(user=user, digest=_digest(user, code)) for code in codes
        )
    half = _LETTERS // 2
    return [f"{code[:half]}-{code[half:]}" for code in codes]


def recovery_codes_left(user: User) -> int:
    """Return how many codes were not used yet. Runs one query."""
    return RecoveryCode.objects.filter(user=user, used_at__isnull=True).count()


def _digest(user: User, code: str) -> bytes:
    return keyed_digest("recovery-code", f"{user.pk}:{code}", size=32)


# What was typed at the sign-in


def find_code(user: User, typed: str) -> tuple[SecondFactor.Kind | None, Callable[[], bool]] | None:
    """Return what the typed code is, and how to use it up; None when it opens nothing.

    The kind is None for a recovery code. Using it up tells False when another request was first.
    """
    app = SecondFactor.objects.filter(user=user, kind=SecondFactor.Kind.TOTP).first()
    step = matching_step(unseal(app.secret), typed, timezone.now()) if app else None
    if app and step is not None and step > app.last_step:
        before = SecondFactor.objects.filter(pk=app.pk, last_step__lt=step)
        return SecondFactor.Kind.TOTP, functools.partial(_use_up, before, last_step=step)
    code = re.sub(r"[^0-9A-Z]", "", typed.upper()[:40])
    unused = RecoveryCode.objects.filter(
        user=user, digest=_digest(user, code), used_at__isnull=True
    )
    return (None, functools.partial(_use_up, unused)) if unused.exists() else None


def _use_up(rows: QuerySet[Any], **changes: Any) -> bool:
    # One statement: of two requests with the same code only one finds the row as it was.
    return bool(rows.update(used_at=timezone.now(), **changes))


def remove(factor: SecondFactor) -> None:
    """Take a factor away; the recovery codes go with the last one."""
    with transaction.atomic():
        user = _lock(factor.user)
        factor.delete()
        if not is_set_up(user):
            RecoveryCode.objects.filter(user=user).delete()


def _lock(user: User) -> User:
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


def remove_all(user: User) -> int:
    """Take every factor and recovery code away, for who lost them; return how many factors."""
    with transaction.atomic():
        RecoveryCode.objects.filter(user=user).delete()
        count: int = SecondFactor.objects.filter(user=user).delete()[0]
    return count
