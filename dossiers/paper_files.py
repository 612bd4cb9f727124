"""The stored PDF of a paper: written once, whole, and told by its digest ever after."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dossiers.models import PaperSlip
from dossiers.paperwork import render, signing, wording

if TYPE_CHECKING:
    import datetime as dt

logger = structlog.get_logger(__name__)

FOLDER = "papers"


def ensure_rendered(slip: PaperSlip) -> bytes:
    """Return the stored PDF of a slip, rendering it first where no task has yet.

    A second caller waits on the row's lock and reads what the first wrote, so doubled or retried
    tasks leave one file with one digest. A file that is gone or was altered is told in the log and
    made again under the same number; the altered one is kept beside it.
    """
    stored = _stored(slip)
    if stored is not None:
        return stored
    with transaction.atomic():
        # Not a key update: rows that refer to the slip may be written meanwhile.
        locked = PaperSlip.objects.select_for_update(of=("self",), no_key=True).get(pk=slip.pk)
        stored = _stored(locked)
        if stored is not None:
            return stored
        if locked.file:
            _set_aside(locked)
        content = _signed(locked)
        name = file_name(locked)
        write_whole(Path(settings.MEDIA_ROOT) / name, content)
        locked.file = name
        locked.file_digest = hashlib.sha256(content).hexdigest()
        locked.rendered_at = timezone.now()
        locked.save(update_fields=["file", "file_digest", "rendered_at"])
    return content


def _signed(slip: PaperSlip) -> bytes:
    """Return the paper with the portal's seal, unsigned where there is none or it cannot be used.

    A citizen waits at the counter: a seal that fails is told in the log and on the paper's page,
    and the paper is printed and signed by hand.
    """
    try:
        seal = signing.configured()
        if seal is not None:
            words = _("Ký số: %(name)s, %(when)s") % {
                "name": seal.subject,
                "when": wording.short_moment(timezone.now()),
            }
            return seal.sign(
                render(slip, signed=words),
                name=slip.agency.name,
                reason=f"{slip.get_kind_display()} {slip.number}/{slip.year}",
            )
    except signing.SigningError as error:
        logger.error("paper is not signed", slip=slip.pk, fault=str(error))
    return render(slip)


def file_name(slip: PaperSlip) -> str:
    """Return where a slip's PDF lies below MEDIA_ROOT: papers/2026/11/receipt-0000123.pdf.

    By the row and not by the person or the code: a list of files tells nothing. The same slip always
    has the same name, so what a killed worker left is overwritten, never doubled.
    """
    on: dt.date = timezone.localdate(slip.issued_at)
    return f"{FOLDER}/{on:%Y}/{on:%m}/{slip.kind}-{slip.pk:07d}.pdf"


def _stored(slip: PaperSlip) -> bytes | None:
    if not slip.file:
        return None
    try:
        content = (Path(settings.MEDIA_ROOT) / slip.file).read_bytes()
    except FileNotFoundError:
        logger.error("paper file is missing", slip=slip.pk)
        return None
    if hashlib.sha256(content).hexdigest() != slip.file_digest:
        logger.error("paper file was altered", slip=slip.pk)
        return None
    return content


def _set_aside(slip: PaperSlip) -> None:
    path = Path(settings.MEDIA_ROOT) / slip.file
    if path.exists():
        path.rename(path.with_name(f"{path.name}.altered-{timezone.now():%Y%m%dT%H%M%S%f}"))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is either there whole or not at all, also when the power goes."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=settings.FILE_UPLOAD_DIRECTORY_PERMISSIONS)
    # What a killed worker left of this very file; the slip's lock keeps living ones away.
    for left in path.parent.glob(f".{path.name}.*"):
        left.unlink(missing_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_whole(path: Path) -> None:
    """Let a file that another library wrote reach the disk before it takes its name."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Let the names in a folder reach the disk."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
