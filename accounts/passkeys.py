"""Passkeys: a key in the officer's telephone, computer or on a stick answers a challenge (WebAuthn).

Yubico's fido2 makes the challenges and checks the answers; ours are the rows, and the rule that a
key belongs to the name of the host by which the page was opened.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import UnsupportedAlgorithm
from django.conf import settings
from django.utils import timezone
from fido2 import cbor
from fido2.server import Fido2Server
from fido2.utils import websafe_decode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    UserVerificationRequirement,
)

from accounts.models import SecondFactor
from accounts.personal_data import keyed_digest

if TYPE_CHECKING:
    from django.http import HttpRequest

    from accounts.models import User

_STATE = "passkey"  # in the session: the challenge that waits for its answer
MOST_KEYS = 10  # of one account
MOST_CHARACTERS = 20_000  # of an answer; an attested key with certificates has some thousands
_PARTS = ("clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle")
# What fido2 raises at an answer that is no answer: it reads bytes that a stranger may have written.
_UNREADABLE = (
    ValueError, KeyError, TypeError, AttributeError, IndexError, AssertionError, struct.error,
    NotImplementedError, UnsupportedAlgorithm, RecursionError,
)  # fmt: skip


class PasskeyError(ValueError):
    """The answer does not fit the challenge, or is none."""


def begin_registration(request: HttpRequest, user: User) -> str:
    """Return what navigator.credentials.create() wants, as JSON; the challenge stays here."""
    options, state = _server(request).register_begin(
        PublicKeyCredentialUserEntity(
            # Not the account's number: whoever holds the key would read it there (WebAuthn 14.6.1).
            id=keyed_digest("passkey.user", str(user.pk), size=32),
            name=user.username,
            display_name=user.full_name or user.username,
        ),
        credentials=_credentials(user),
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    request.session[_STATE] = state
    return json.dumps(dict(options)["publicKey"])


def finish_registration(request: HttpRequest, user: User, answer: str, name: str) -> SecondFactor:
    """Keep the new key; raises PasskeyError when the answer is not one to our challenge."""
    state = request.session.pop(_STATE, None)
    try:
        made = _server(request).register_complete(state, _read(answer))
    except _UNREADABLE as error:
        raise PasskeyError("the answer to the challenge cannot be taken") from error
    credential = made.credential_data
    if credential is None or SecondFactor.objects.filter(user=user).count() >= MOST_KEYS:
        raise PasskeyError("no key, or too many of them")
    return SecondFactor.objects.create(
        user=user,
        kind=SecondFactor.Kind.PASSKEY,
        name=name,
        credential=bytes(credential),
        sign_count=made.counter,
        created_at=timezone.now(),
    )


def begin_proof(request: HttpRequest, user: User) -> str:
    """Return what navigator.credentials.get() wants, as JSON; "" for who has no passkey."""
    credentials = _credentials(user)
    if not credentials:
        return ""
    options, state = _server(request).authenticate_begin(
        credentials, user_verification=UserVerificationRequirement.PREFERRED
    )
    request.session[_STATE] = state
    return json.dumps(dict(options)["publicKey"])


def is_proof(request: HttpRequest, user: User, answer: str) -> bool:
    """Tell whether the answer is the signature of one of the account's keys on our challenge.

    A challenge is answered once. A counter that did not grow is that of a copied key, and opens
    nothing; keys that do not count say 0 (WebAuthn 7.2, step 22).
    """
    state = request.session.pop(_STATE, None)
    factors = list(SecondFactor.objects.filter(user=user, kind=SecondFactor.Kind.PASSKEY))
    credentials = [AttestedCredentialData(bytes(factor.credential)) for factor in factors]
    try:
        said = _read(answer)
        used = _server(request).authenticate_complete(state, credentials, said)
        counter = AuthenticationResponse.from_dict(said).response.authenticator_data.counter
    except _UNREADABLE:
        return False
    factor = factors[credentials.index(used)]
    fresh = SecondFactor.objects.filter(pk=factor.pk)
    if counter or factor.sign_count:
        fresh = fresh.filter(sign_count__lt=counter)
    return bool(fresh.update(sign_count=counter, used_at=timezone.now()))


def _read(answer: str) -> dict[str, Any]:
    """Return the parts of an answer that are looked at, each of them a text.

    fido2 makes bytes of whatever stands where bytes belong, and of a number as many zeros: one line
    of JSON or CBOR would take all the memory there is. So no number gets that far.
    """
    if len(answer) > MOST_CHARACTERS:
        raise ValueError("an answer is not that long")
    said = json.loads(answer)
    given = said["response"]
    response = {name: given[name] for name in _PARTS if given.get(name) is not None}
    read = {name: said[name] for name in ("id", "rawId", "type")}
    if not all(isinstance(part, str) for part in (*read.values(), *response.values())):
        raise TypeError("a part of the answer is no text")
    if "attestationObject" in response:
        attested: Any = cbor.decode(websafe_decode(response["attestationObject"]))
        if not isinstance(attested["authData"], bytes):
            raise TypeError("the attested data are no bytes")
    return {**read, "response": response}


def _server(request: HttpRequest) -> Fido2Server:
    origin = f"{request.scheme}://{request.get_host()}"
    host = request.get_host().rsplit(":", 1)[0]
    return Fido2Server(
        PublicKeyCredentialRpEntity(name=settings.SITE_NAME, id=host),
        verify_origin=lambda said: said == origin,
    )


def _credentials(user: User) -> list[Any]:
    rows = SecondFactor.objects.filter(user=user, kind=SecondFactor.Kind.PASSKEY)
    return [
        AttestedCredentialData(bytes(sealed))
        for sealed in rows.values_list("credential", flat=True)
    ]
