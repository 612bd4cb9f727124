"""Personal data at rest: sealed for storage, found by keyed digest, masked for eyes.

Identity numbers and telephone numbers are stored encrypted with AES-256-GCM under a key that is
named beside them, so keys can be replaced one dossier at a time; look-ups go through an HMAC that
cannot be reversed without the key (design.md 3).
"""

from __future__ import annotations

import hmac
import os
import re
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_NONCE_BYTES = 12


class UnsealError(ValueError):
    """The sealed value cannot be opened: its key is not configured, or it was altered."""


@lru_cache(maxsize=8)
def _cipher(key: bytes) -> AESGCM:
    """Return the cipher of a data key; making one costs more than sealing with it."""
    return AESGCM(key)


def seal(plain: str) -> bytes:
    """Encrypt a value under the current data key; an empty value stays empty."""
    if not plain:
        return b""
    key_id, key = next(iter(settings.DATA_KEYS.items()))
    nonce = os.urandom(_NONCE_BYTES)
    name = key_id.encode()
    return bytes([len(name)]) + name + nonce + _cipher(key).encrypt(nonce, plain.encode(), name)


def unseal(sealed: bytes | memoryview) -> str:
    """Decrypt what `seal` made; raises UnsealError when the key is missing or the value altered."""
    sealed = bytes(sealed)
    if not sealed:
        return ""
    name = sealed[1 : 1 + sealed[0]]
    rest = sealed[1 + sealed[0] :]
    key = settings.DATA_KEYS.get(name.decode(errors="replace"))
    if key is None:
        raise UnsealError(f"data key {name!r} is not configured")
    try:
        return _cipher(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], name).decode()
    except InvalidTag as error:
        raise UnsealError("a sealed value does not open under its key") from error


def keyed_digest(purpose: str, value: str, *, size: int = 16) -> bytes:
    """Return the HMAC by which a value can be found again but not read."""
    message = f"{purpose}\x00{value}".encode()
    return hmac.digest(settings.LOOKUP_KEY, message, "sha256")[:size]


def normalise_number(value: str) -> str:
    """Return an identity, tax or telephone number with nothing but its letters and digits."""
    return re.sub(r"[^0-9A-Za-z]", "", value).upper()


def proof_of(value: str) -> str:
    """Return the last four characters that a citizen types as the second fact."""
    return normalise_number(value)[-4:]


def mask_number(value: str, *, shown: int = 3) -> str:
    """Return a number with all but its last characters hidden (domain.md 9.2: last 3 of a CCCD)."""
    if not value:
        return ""
    return "•" * max(0, len(value) - shown) + value[-shown:]


def mask_name(value: str) -> str:
    """Return a name with its leading syllables cut to initials: "N. T. Á. Tuyết"."""
    syllables = value.split()
    if not syllables:
        return ""
    return " ".join([*(s[0] + "." for s in syllables[:-1]), syllables[-1]])
