"""The receipt's QR: an opaque signed token that opens one dossier's page and nothing else.

Pure: random bytes and their HMAC under a key of this purpose, derived from SECRET_KEY. What is
stored is the token's digest (`PaperSlip.qr_digest`), so a stolen database opens no page; a token of
our making is told from a guess before any query. SECRET_KEY_FALLBACKS keeps old papers readable
when the key is replaced.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from django.conf import settings

_RANDOM_BYTES = 16
_SEAL_BYTES = 8  # tells ours from a guess; the secret is the 16 random bytes
LENGTH = 32  # characters of the whole token in base64url, without padding


def make_token() -> tuple[str, bytes]:
    """Return a new token for the paper and the digest to store."""
    random = secrets.token_bytes(_RANDOM_BYTES)
    token = base64.urlsafe_b64encode(random + _seal(random, settings.SECRET_KEY)).decode()
    return token, _digest(token)


def digest_of(token: str) -> bytes | None:
    """Return the digest to look a token up by, None when it was not signed here. Asks no database."""
    if len(token) != LENGTH or not token.isascii():
        return None
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except ValueError:
        return None
    random, seal = raw[:_RANDOM_BYTES], raw[_RANDOM_BYTES:]
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if not any(hmac.compare_digest(seal, _seal(random, key)) for key in keys):
        return None
    return _digest(token)


def _seal(random: bytes, key: str | bytes) -> bytes:
    secret = key.encode() if isinstance(key, str) else key
    return hmac.digest(secret, b"dossiers.qr_tokens\x00" + random, hashlib.sha256)[:_SEAL_BYTES]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
