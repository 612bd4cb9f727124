"""Signing in by password and second factor, guarded against guessing, for the page and the API.

Wrong passwords and wrong second factors are counted together: who has guessed the one has no fresh
tries at the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import authenticate, login
from django.utils import timezone

from accounts import events, passkeys, second_factor, sessions, tries
from accounts.client_address import client_address
from accounts.models import SecondFactor, User
from accounts.personal_data import keyed_digest

if TYPE_CHECKING:
    from django.http import HttpRequest

_PENDING = "pending"  # in the session: who gave the right password and owes the second factor
_CONFIRMED = "confirmed_at"
_FACTOR = "second_factor"
PENDING_SECONDS = 5 * 60
# How long after giving the password one may change how one signs in.
CONFIRMED_SECONDS = 15 * 60


def check_password(request: HttpRequest, username: str, password: str) -> User | None:
    """Return the account, None when name and password do not fit; raises TooManyTriesError.

    A name that nobody has is counted like one that somebody has, and the password hasher runs for
    both, so neither answer nor time tells whether an account exists.
    """
    user = authenticate(request, username=username, password=password)
    _let_try(request, username, is_wrong=user is None)
    if isinstance(user, User):
        return user
    known = User.objects.filter(username=username).first()
    events.record(events.Kind.SIGN_IN_FAILED, known, request=request)
    return None


def check_code(request: HttpRequest, user: User, typed: str) -> str:
    """Return what the typed code is, "" when it opens nothing; raises TooManyTriesError.

    A code that was used before opens nothing; a blocked one is not used up.
    """
    found = second_factor.find_code(user, typed)
    _let_try(request, user.username, is_wrong=found is None)
    if found is None or not found[1]():
        events.record(events.Kind.FACTOR_FAILED, user, request=request)
        return ""
    if found[0] is None:
        left = second_factor.recovery_codes_left(user)
        events.record(events.Kind.CODE_USED, user, request=request, left=left)
        return events.RECOVERY
    return found[0].value


def check_passkey(request: HttpRequest, user: User, answer: str) -> str:
    """Return the kind when a passkey of the account signed our challenge; as `check_code`."""
    is_right = passkeys.is_proof(request, user, answer)
    _let_try(request, user.username, is_wrong=not is_right)
    if not is_right:
        events.record(events.Kind.FACTOR_FAILED, user, request=request)
        return ""
    return SecondFactor.Kind.PASSKEY.value


def _let_try(request: HttpRequest, username: str, *, is_wrong: bool) -> None:
    limits = tries.Limits(
        settings.SIGN_IN_TRIES_PER_ACCOUNT,
        settings.SIGN_IN_TRIES_PER_NETWORK,
        float(settings.SIGN_IN_WINDOW),
    )
    subject = keyed_digest("sign-in.account", username.strip().lower())
    tries.let_try("sign-in", subject, client_address(request), limits, is_wrong=is_wrong)


# Between the password and the second factor


def wait_for_second(request: HttpRequest, user: User, next_page: str) -> None:
    """Remember who gave the right password; nobody is signed in yet."""
    request.session[_PENDING] = {
        "user": user.pk,
        "password": user.get_session_auth_hash(),
        "until": timezone.now().timestamp() + PENDING_SECONDS,
        "next": next_page,
    }


def waiting(request: HttpRequest) -> tuple[User, str] | None:
    """Return who owes the second factor and the page they asked for; None when it took too long.

    A password that was changed meanwhile, or an account that was locked, ends the waiting.
    """
    pending: dict[str, Any] | None = request.session.get(_PENDING)
    if not pending or pending["until"] < timezone.now().timestamp():
        return None
    user = User.objects.filter(pk=pending["user"], is_active=True).first()
    if user is None or user.get_session_auth_hash() != pending["password"]:
        return None
    return user, pending["next"]


def finish(request: HttpRequest, user: User, factor: str = "") -> None:
    """Sign in: a new session that says whence it is, and a row in the account's history."""
    request.session.pop(_PENDING, None)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    sessions.note_start(request)
    request.session[_FACTOR] = factor
    note_confirmed(request)
    events.record(events.Kind.SIGNED_IN, user, request=request, factor=factor)


# What a session has proven


def note_confirmed(request: HttpRequest) -> None:
    """Remember that the password was given just now."""
    request.session[_CONFIRMED] = timezone.now().timestamp()


def is_confirmed(request: HttpRequest) -> bool:
    """Tell whether the password was given within the last quarter of an hour."""
    age: float = timezone.now().timestamp() - request.session.get(_CONFIRMED, 0)
    return 0 <= age < CONFIRMED_SECONDS


def note_factor(request: HttpRequest, factor: str) -> None:
    """Remember that this session's account now has a second factor, or with "" none any more."""
    request.session[_FACTOR] = factor


def has_factor(request: HttpRequest) -> bool:
    """Tell whether this session was opened, or has since been secured, by a second factor."""
    return bool(request.session.get(_FACTOR))
