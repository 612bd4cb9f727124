"""Signing in by name and password, guarded against guessing, for the page and the API alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import authenticate

from accounts import tries
from accounts.client_address import client_address
from accounts.models import User
from accounts.personal_data import keyed_digest

if TYPE_CHECKING:
    from django.http import HttpRequest


def check_password(request: HttpRequest, username: str, password: str) -> User | None:
    """Return the account, None when name and password do not fit; raises TooManyTriesError.

    A name that nobody has is counted like one that somebody has, and the password hasher runs for
    both, so neither answer nor time tells whether an account exists.
    """
    user = authenticate(request, username=username, password=password)
    limits = tries.Limits(
        settings.SIGN_IN_TRIES_PER_ACCOUNT,
        settings.SIGN_IN_TRIES_PER_NETWORK,
        float(settings.SIGN_IN_WINDOW),
    )
    subject = keyed_digest("sign-in.account", username.strip().lower())
    tries.let_try("sign-in", subject, client_address(request), limits, is_wrong=user is None)
    return user if isinstance(user, User) else None
