"""Quét mã độc: ask a ClamAV daemon whether a file carries anything known to it.

Its protocol is one command and length-prefixed chunks; the kept client library is GPL-2.0, which
a program under Apache-2.0 cannot be handed on with. Without MOTCUA_CLAMAV nothing is asked and the
file says so.
"""

from __future__ import annotations

import socket
import struct

import structlog
from django.conf import settings

logger = structlog.get_logger(__name__)

TIMEOUT = 20  # seconds
_CHUNK = 64 * 1024


class InfectedError(ValueError):
    """The daemon knows what the file carries; the message is its name for it."""


def is_clean(content: bytes) -> bool:
    """Tell whether the daemon looked and found nothing; False where none is there to ask.

    Raises InfectedError with the name of what was found. A daemon that does not answer stops no
    counter: the file is kept as unchecked, and the log says so.
    """
    address = settings.CLAMAV_ADDRESS
    if not address:
        return False
    host, _sign, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=TIMEOUT) as daemon:
            daemon.sendall(b"zINSTREAM\0")
            for start in range(0, len(content), _CHUNK):
                part = content[start : start + _CHUNK]
                daemon.sendall(struct.pack("!L", len(part)) + part)
            daemon.sendall(struct.pack("!L", 0))
            answer = daemon.makefile("rb").read(4096).rstrip(b"\0\n").decode(errors="replace")
    except (OSError, ValueError) as error:
        logger.error("virus scanner is away", error=type(error).__name__)
        return False
    if answer.endswith("FOUND"):
        raise InfectedError(answer.removeprefix("stream: ").removesuffix(" FOUND"))
    if not answer.endswith("OK"):
        logger.error("virus scanner could not tell", answer=answer[:100])
        return False
    return True
