"""The survey slip's address: an opaque token of one paper, that opens its survey and nothing else.

Pure, and stored nowhere: the number of the paper is sealed under a key of this purpose derived from
SECRET_KEY (a synthetic initialisation vector, as in RFC 5297), so that the same paper always has the
same token, a reprint too, and nobody reads from it how many papers there are. It is another token
than the receipt's QR: a slip dropped into the box at the counter must not open the dossier's page.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

_SEAL_BYTES = 12  # 96 bits tell ours from a guess
_BODY_BYTES = 6  # papers up to 2**48
LENGTH = 24  # characters of the whole token in base64url


def make(slip_id: int) -> str:
    """Return the token of a paper."""
    key = next(_keys())
    body = slip_id.to_bytes(_BODY_BYTES, "big")
    seal = _mac(key, b"seal", body)[:_SEAL_BYTES]
    return base64.urlsafe_b64encode(seal + _masked(key, seal, body)).decode()


def slip_id_of(token: str) -> int | None:
    """Return the paper of a token, None when it was not made here. Asks no database."""
    if len(token) != LENGTH or not token.isascii():
        return None
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except ValueError:
        return None
    seal, hidden = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
    for key in _keys():
        body = _masked(key, seal, hidden)
        if hmac.compare_digest(seal, _mac(key, b"seal", body)[:_SEAL_BYTES]):
            return int.from_bytes(body, "big")
    return None


def _keys() -> Iterator[bytes]:
    # SECRET_KEY_FALLBACKS keep old slips answerable when the key is replaced.
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield key.encode() if isinstance(key, str) else key


def _mac(key: bytes, use: bytes, message: bytes) -> bytes:
    return hmac.digest(key, b"dossiers.survey_tokens\x00" + use + b"\x00" + message, hashlib.sha256)


def _masked(key: bytes, seal: bytes, body: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(body, _mac(key, b"mask", seal), strict=False))
