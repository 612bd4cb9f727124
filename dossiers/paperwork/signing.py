"""Ký số: the portal's seal on a finished PDF, by PAdES, behind one interface; and its reading back.

The seal is one certificate with its key in a PKCS#12 file that the environment names; without one
no paper is signed. It says that the portal made the file and nobody changed it. It is not the
signature of a head under a letter: that is the head's own key, on a device the portal never holds.
Level B-B of ETSI EN 319 142-1: no time stamp and no revocation data inside, for neither is asked of
another machine while a citizen waits. (Luật GDĐT 20/2023, NĐ 30/2020 Phụ lục I: domain.md 1, 4.1.)
"""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import structlog
from django.conf import settings

logger = structlog.get_logger(__name__)

FIELD = "MotcuaSeal"
# Every signature names the bytes it covers, and cannot do so in a compressed object.
_MARK = b"/ByteRange"


class SigningError(Exception):
    """The file could not be signed: the key, the passphrase or the certificate is not usable."""


class Signer(Protocol):
    """Who can put a seal on a PDF."""

    @property
    def subject(self) -> str:
        """Whose certificate it is, as a person reads it."""

    def sign(self, pdf: bytes, *, name: str, reason: str) -> bytes:
        """Return the file with a signature over all of it; raises SigningError.

        `name` is the body in whose name the paper is issued, `reason` says which paper it is.
        """


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """What the signature of a file says: none, valid, or not, with why."""

    is_signed: bool
    is_valid: bool = False
    signer: str = ""
    at: dt.datetime | None = None
    fault: str = ""  # for the log, in English; empty when valid


UNSIGNED = SignatureReport(is_signed=False)


class CertificateSigner:
    """The seal of a PKCS#12 file."""

    def __init__(self, file: Path, passphrase: str) -> None:
        """Read the key; raises SigningError when the file or its passphrase is wrong."""
        from pyhanko.sign import signers

        try:
            loaded = signers.SimpleSigner.load_pkcs12_data(
                file.read_bytes(), other_certs=[], passphrase=passphrase.encode()
            )
        except (OSError, ValueError) as error:
            raise SigningError(f"{file.name} cannot be read: {type(error).__name__}") from error
        if loaded is None:
            # pyHanko logs why and returns nothing.
            raise SigningError(f"{file.name}: not a PKCS#12 file, or another passphrase")
        self._signer = loaded

    @property
    def subject(self) -> str:
        return _name_of(self._signer.signing_cert)

    @property
    def roots(self) -> list[Any]:
        """The self-issued certificates that came with the key."""
        found = [self._signer.signing_cert, *self._signer.cert_registry]
        return [each for each in found if each.self_issued]

    def sign(self, pdf: bytes, *, name: str, reason: str) -> bytes:
        """Return the file with an invisible signature appended; its own pages are untouched."""
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.pdf_utils.misc import PdfError
        from pyhanko.sign import fields, signers
        from pyhanko.sign.general import SigningError as LibrarySigningError

        metadata = signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha256",
            subfilter=fields.SigSeedSubFilter.PADES,
            name=name,
            reason=reason,
        )
        try:
            signed: io.BytesIO = signers.sign_pdf(
                IncrementalPdfFileWriter(io.BytesIO(pdf)), metadata, signer=self._signer
            )
        except (PdfError, LibrarySigningError, ValueError) as error:
            raise SigningError(type(error).__name__) from error
        return signed.getvalue()


def configured() -> Signer | None:
    """Return the portal's seal, None where none is configured; raises SigningError when unusable."""
    if not settings.PAPER_SIGNING_FILE:
        return None
    return _loaded(settings.PAPER_SIGNING_FILE, settings.PAPER_SIGNING_PASSPHRASE)


@lru_cache(maxsize=4)  # opening the file derives a key from the passphrase: slow by design
def _loaded(file: str, passphrase: str) -> CertificateSigner:
    return CertificateSigner(Path(file), passphrase)


def verify(pdf: bytes) -> SignatureReport:
    """Tell whether a file is signed, by whom, when, and whether the signature holds.

    It holds when it covers the whole file, nothing was changed, and the certificate leads to a root
    that this portal trusts: those of its own seal and of PAPER_TRUST_FILE. Judged at the time the
    signature claims, for an old paper stays good when its certificate has run out; that the claim
    is true the stored digest and time of the paper say. Asks no other machine.
    """
    if _MARK not in pdf:
        return UNSIGNED  # told without the library, which takes a third of a second to load
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader

    try:
        signatures = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    except (PdfError, ValueError) as error:
        return SignatureReport(is_signed=False, fault=type(error).__name__)
    if not signatures:
        return UNSIGNED
    reports = [_read(each, is_last=each is signatures[-1]) for each in signatures]
    # One that does not hold spoils the file, whichever it is; else the last one speaks.
    return next((report for report in reports if not report.is_valid), reports[-1])


def _read(signature: Any, *, is_last: bool) -> SignatureReport:
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    signer, at = "", None
    try:
        signer = _name_of(signature.signer_cert)
        at = signature.self_reported_timestamp
        context = ValidationContext(
            trust_roots=_trusted(), moment=at or dt.datetime.now(dt.UTC), allow_fetching=False
        )
        status = validate_pdf_signature(signature, signer_validation_context=context)
    except (PdfError, SignatureValidationError, ValueError) as error:
        return SignatureReport(True, signer=signer, at=at, fault=type(error).__name__)
    # What follows the last signature was said by nobody who signed.
    whole = not is_last or status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    is_valid = bool(status.bottom_line) and whole
    return SignatureReport(
        True, is_valid, signer, at, fault="" if is_valid else str(status.summary())
    )


def _trusted() -> list[Any]:
    roots: list[Any] = []
    try:
        seal = configured()
    except SigningError as error:
        logger.error("the seal cannot be read", fault=str(error))
        seal = None
    if isinstance(seal, CertificateSigner):
        roots += seal.roots
    if settings.PAPER_TRUST_FILE:
        roots += _certificates(settings.PAPER_TRUST_FILE)
    return roots


@lru_cache(maxsize=4)
def _certificates(file: str) -> tuple[Any, ...]:
    from pyhanko.keys import load_certs_from_pemder

    read: Any = load_certs_from_pemder
    return tuple(read([file]))


def _name_of(certificate: Any) -> str:
    """Return the common name of a certificate's subject, with its organisation where that differs."""
    subject = certificate.subject.native
    name = str(subject.get("common_name") or certificate.subject.human_friendly)
    organisation = str(subject.get("organization_name") or "")
    return f"{name}, {organisation}" if organisation and organisation not in name else name
