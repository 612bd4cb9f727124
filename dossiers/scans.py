"""Bản quét: files of the papers handed in, checked before they are kept, shown to who sees the dossier.

A file is what its first bytes say, never what its name says: PDF, JPEG or PNG. It is told by its
SHA-256; what is taken off the list stays, with who took it off and why.
"""

from __future__ import annotations

import hashlib
import io
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pikepdf
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import Image

from accounts.folding import fold
from dossiers import virus_scanning
from dossiers.models import DossierDocument, Scan
from dossiers.paper_files import write_whole
from dossiers.recording import ActDataError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agencies.models import Officer
    from dossiers.models import DossierQuerySet

FOLDER = "scans"
MOST_BYTES = 20 * 1024 * 1024  # a file
MOST_FILES = 40  # on one paper
MOST_PAGES = 500
MOST_PIXELS = 60_000_000  # A3 at 400 dpi is 31 million
MOST_CANDIDATES = 5
_JPEG, _PNG, _PDF = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"%PDF-"
_EXTENSIONS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}
# What a reader would run or unpack; where to begin reading ("/OpenAction [page]") is harmless.
_ACTIVE_NAMES = ("/JavaScript", "/EmbeddedFiles")
_ACTIVE_ACTIONS = ("/JavaScript", "/Launch", "/ImportData", "/SubmitForm")


class ScanError(ValueError):
    """A file cannot be taken; the message says why, in the reader's words."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file is, read from the file itself."""

    content: bytes
    content_type: str
    pages: int
    digest: str
    is_clean: bool


def check(content: bytes) -> Checked:
    """Return what a file is; raise ScanError for what is no scan, too large, active or infected."""
    if not content:
        raise ScanError(_("Tệp rỗng."))
    if len(content) > MOST_BYTES:
        raise ScanError(
            _("Tệp lớn hơn %(size)s MB; hãy quét với độ phân giải thấp hơn.")
            % {"size": MOST_BYTES // 2**20}
        )
    if content.startswith(_PDF):
        kind, pages = "application/pdf", _pages_of(content)
    elif content.startswith((_JPEG, _PNG)):
        kind, pages = _picture(content), 1
    else:
        raise ScanError(_("Chỉ nhận tệp PDF, JPEG hoặc PNG."))
    try:
        clean = virus_scanning.is_clean(content)
    except virus_scanning.InfectedError as error:
        raise ScanError(_("Tệp có mã độc (%(name)s), không nhận.") % {"name": error}) from error
    return Checked(content, kind, pages, hashlib.sha256(content).hexdigest(), clean)


def _pages_of(content: bytes) -> int:
    try:
        with pikepdf.open(io.BytesIO(content)) as pdf:
            pages = len(pdf.pages)
            is_active = _is_active(pdf)
    except pikepdf.PasswordError as error:
        raise ScanError(_("Tệp PDF có mật khẩu; hãy bỏ mật khẩu rồi gửi lại.")) from error
    except (pikepdf.PdfError, ValueError, TypeError, RecursionError) as error:
        raise ScanError(_("Tệp PDF bị hỏng, không mở được.")) from error
    if is_active:
        raise ScanError(_("Tệp PDF có mã chạy hoặc tệp đính kèm; hãy in lại thành PDF thường."))
    if not 1 <= pages <= MOST_PAGES:
        raise ScanError(_("Tệp PDF phải có từ 1 đến %(pages)s trang.") % {"pages": MOST_PAGES})
    return pages


def _is_active(pdf: pikepdf.Pdf) -> bool:
    root = pdf.Root
    names: Any = root.get("/Names", {})
    if "/AA" in root or any(name in names for name in _ACTIVE_NAMES):
        return True
    action = root.get("/OpenAction")
    return isinstance(action, pikepdf.Dictionary) and str(action.get("/S")) in _ACTIVE_ACTIONS


def _picture(content: bytes) -> str:
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ScanError(_("Ảnh quá lớn; hãy chụp với độ phân giải thấp hơn."))
            kind = Image.MIME[image.format or ""]
            image.verify()
    except ScanError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ScanError(_("Ảnh bị hỏng, không mở được.")) from error
    return kind


def attach(
    document: DossierDocument, files: Iterable[tuple[str, bytes]], *, by: Officer
) -> tuple[list[Scan], list[tuple[str, str]]]:
    """Keep files on a paper, in their order; return what is kept and, by name, why others are not.

    A file that is on the paper already is not added again. A good file is kept though another is
    refused.
    """
    kept: list[Scan] = []
    refused: list[tuple[str, str]] = []
    for name, content in files:
        try:
            checked = check(content)
            kept.append(_keep(document, name, checked, by))
        except ScanError as error:
            refused.append((name, str(error)))
    return kept, refused


def _keep(document: DossierDocument, name: str, checked: Checked, by: Officer) -> Scan:
    source = (
        Scan.Source.ELECTRONIC
        if document.kind == DossierDocument.Kind.ELECTRONIC
        else Scan.Source.DIGITISED
    )
    on = timezone.localdate()
    # A name nobody can guess and that tells nothing: neither the dossier nor the paper.
    file = f"{FOLDER}/{on:%Y}/{on:%m}/{secrets.token_hex(16)}.{_EXTENSIONS[checked.content_type]}"
    with transaction.atomic():
        there = _locked(document).filter(digest=checked.digest).first()
        if there is not None:
            return there
        # Before the row: a row never speaks of a file that is not there.
        write_whole(Path(settings.MEDIA_ROOT) / file, checked.content)
        return Scan.objects.create(
            document=document,
            position=_next_position(document),
            source=source,
            name=_readable(name),
            file=file,
            digest=checked.digest,
            size=len(checked.content),
            content_type=checked.content_type,
            pages=checked.pages,
            virus=Scan.Virus.CLEAN if checked.is_clean else Scan.Virus.UNCHECKED,
            added_by=by,
        )


def _locked(document: DossierDocument) -> QuerySet[Scan]:
    """Lock the paper, so that two at once add one after the other; return what is on it."""
    DossierDocument.objects.select_for_update(no_key=True).get(pk=document.pk)
    return on_paper(document)


def on_paper(document: DossierDocument) -> QuerySet[Scan]:
    """Return the scans of a paper in their order, without those taken off."""
    return Scan.objects.filter(document=document, removed_at__isnull=True).order_by(
        "position", "id"
    )


def _next_position(document: DossierDocument) -> int:
    found = on_paper(document)
    if found.count() >= MOST_FILES:
        raise ScanError(_("Mỗi giấy tờ nhiều nhất %(files)s tệp.") % {"files": MOST_FILES})
    last = found.aggregate(last=Max("position"))["last"]
    return 1 if last is None else int(last) + 1


def _readable(name: str) -> str:
    text = "".join(letter for letter in Path(name).name if letter.isprintable())
    return text[-200:] or _("không tên")


def move(scan: Scan, *, up: bool) -> None:
    """Change places with the scan before or after it; at the end of the list nothing happens."""
    with transaction.atomic():
        there = list(_locked(scan.document))
        index = next((n for n, each in enumerate(there) if each.pk == scan.pk), None)
        if index is None:
            return
        other = index - 1 if up else index + 1
        if not 0 <= other < len(there):
            return
        there[index], there[other] = there[other], there[index]
        for position, each in enumerate(there, start=1):
            each.position = position
        Scan.objects.bulk_update(there, ["position"])


def remove(scan: Scan, *, by: Officer, why: str) -> None:
    """Take a scan off its paper; the file and who took it off stay. Raises ActDataError: why."""
    if not why.strip():
        raise ActDataError({"why": _("Hãy ghi vì sao bỏ.")})
    Scan.objects.filter(pk=scan.pk, removed_at__isnull=True).update(
        removed_at=timezone.now(), removed_by=by, removed_why=why.strip()[:300]
    )


def candidates(document: DossierDocument, seen: DossierQuerySet) -> list[Scan]:
    """Return scans of the same paper that the owner gave with earlier dossiers in sight, newest first.

    The same paper: the same component of a procedure, else the same name without marks and case.
    Runs one query.
    """
    dossier = document.dossier
    if not dossier.owner_id_digest:
        return []
    mine = seen.filter(owner_id_digest=dossier.owner_id_digest).exclude(pk=dossier.pk)
    found = (
        Scan.objects.filter(
            document__dossier__in=mine.values("pk"),
            removed_at__isnull=True,
            reused_from__isnull=True,
        )
        .select_related("document__dossier")
        .order_by("-added_at")[:200]
    )
    wanted = fold(document.name)
    same = [
        scan
        for scan in found
        if fold(scan.document.name) == wanted
        or (document.required_id and scan.document.required_id == document.required_id)
    ]
    on_it = set(on_paper(document).values_list("digest", flat=True))
    return [scan for scan in same if scan.digest not in on_it][:MOST_CANDIDATES]


def reuse(document: DossierDocument, scan: Scan, *, by: Officer) -> Scan:
    """Put a scan the owner gave before on this paper too: the same file, a row that names it.

    Raises ScanError where the paper is full. A second click finds it there.
    """
    try:
        with transaction.atomic():
            there = _locked(document).filter(digest=scan.digest).first()
            if there is not None:
                return there
            return Scan.objects.create(
                document=document,
                position=_next_position(document),
                source=Scan.Source.REUSED,
                reused_from=scan,
                name=scan.name,
                file=scan.file,
                digest=scan.digest,
                size=scan.size,
                content_type=scan.content_type,
                pages=scan.pages,
                virus=scan.virus,
                added_by=by,
            )
    except IntegrityError as error:
        raise ScanError(_("Giấy tờ này vừa có người thêm; hãy xem lại.")) from error


def read(scan: Scan) -> bytes:
    """Return the file; raise ScanError when it is gone or was altered, which the log tells."""
    try:
        content = (Path(settings.MEDIA_ROOT) / scan.file).read_bytes()
    except FileNotFoundError as error:
        raise ScanError(_("Không tìm thấy tệp; hãy báo quản trị hệ thống.")) from error
    if hashlib.sha256(content).hexdigest() != scan.digest:
        raise ScanError(_("Tệp đã bị sửa ngoài hệ thống; hãy báo quản trị hệ thống."))
    return content
