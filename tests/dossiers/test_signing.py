"""The seal of the portal: put on, read back, and told apart from one that does not hold."""

from __future__ import annotations

import datetime as dt
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pypdfium2
import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from dossiers.paper_files import ensure_rendered
from dossiers.paperwork import render, signing
from motcua.demo_certificate import make_certificate
from tests.dossiers import papers
from tests.dossiers.pages import page

if TYPE_CHECKING:
    from dossiers.models import PaperSlip

PASSPHRASE = "chỉ dùng trong một lần thử"
NAME = "UBND tỉnh An Giang"

pytestmark = pytest.mark.django_db


def certificate(folder: Path, name: str = NAME, *, now: dt.datetime | None = None) -> Path:
    """Make a certificate of this test alone."""
    file = folder / f"{name}.p12"
    make_certificate(file, PASSPHRASE, name=name, now=now or timezone.now())
    return file


@pytest.fixture
def seal(tmp_path: Path, settings: Any) -> signing.Signer:
    """Give the portal a seal made now."""
    settings.PAPER_SIGNING_FILE = str(certificate(tmp_path))
    settings.PAPER_SIGNING_PASSPHRASE = PASSPHRASE
    found = signing.configured()
    assert found is not None
    return found


def test_without_a_certificate_a_paper_is_not_signed() -> None:
    assert signing.configured() is None
    pdf = ensure_rendered(papers.slip())
    assert signing.verify(pdf) == signing.UNSIGNED
    assert "Ký số" not in papers.text_of(pdf)


def test_a_sealed_paper_says_by_whom_and_when_and_holds(seal: signing.Signer) -> None:
    before = timezone.now().replace(microsecond=0)
    pdf = ensure_rendered(papers.slip())
    report = signing.verify(pdf)
    assert report.is_signed
    assert report.is_valid, report.fault
    assert NAME in report.signer
    assert report.at is not None
    assert before <= report.at <= timezone.now()
    # The mark stands at the head of the first page (domain.md 4).
    assert f"Ký số: {NAME}" in papers.text_of(pdf)
    assert height_of("Ký số:", pdf) > height_of("GIẤY TIẾP NHẬN", pdf)
    if folder := os.environ.get("MOTCUA_LOOK"):
        (Path(folder) / "signed.pdf").write_bytes(pdf)


def height_of(words: str, pdf: bytes) -> float:
    """Return how high on the first page some words stand, in points from its foot."""
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    try:
        text = document[0].get_textpage()
        found = text.search(words).get_next()
        assert found is not None, words
        _left, bottom, _right, _top = text.get_charbox(found[0])
        return float(bottom)
    finally:
        document.close()


def test_the_seal_is_pades_over_the_whole_file_and_leaves_the_archive_file_one(
    seal: signing.Signer,
) -> None:
    slip = papers.slip()
    pdf = ensure_rendered(slip)
    reader = papers.read(pdf)
    root: Any = reader.trailer["/Root"]
    fields = [field.get_object() for field in root["/AcroForm"]["/Fields"]]
    (signature,) = [field["/V"].get_object() for field in fields if field["/FT"] == "/Sig"]
    assert signature["/SubFilter"] == "/ETSI.CAdES.detached"
    assert signature["/Name"] == slip.agency.name
    start, first, second, last = signature["/ByteRange"]
    assert (start, second + last) == (0, len(pdf))
    assert first < second
    assert 'pdfaid:conformance="A"' in root["/Metadata"].get_data().decode()
    assert root["/MarkInfo"]["/Marked"]
    assert papers.fonts_of(pdf) <= {"Tinos", "Tinos-Bold", "Tinos-Italic"}


def test_one_changed_byte_and_the_seal_does_not_hold(seal: signing.Signer) -> None:
    pdf = seal.sign(render(papers.slip()), name="An", reason="thử")
    assert signing.verify(pdf).is_valid
    at = pdf.index(b"/Title")
    changed = pdf[:at] + b"/TITLE" + pdf[at + 6 :]
    report = signing.verify(changed)
    assert report.is_signed
    assert not report.is_valid
    assert report.fault


def test_what_is_appended_after_the_seal_is_not_sealed(seal: signing.Signer) -> None:
    from pyhanko.pdf_utils.generic import pdf_name, pdf_string
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    pdf = seal.sign(render(papers.slip()), name="An", reason="thử")
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    writer.root[pdf_name("/Lang")] = pdf_string("en")
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    report = signing.verify(out.getvalue())
    assert report.is_signed
    assert not report.is_valid


def test_a_stranger_s_seal_is_not_ours(seal: signing.Signer, tmp_path: Path) -> None:
    stranger = signing.CertificateSigner(certificate(tmp_path, "Kẻ lạ"), PASSPHRASE)
    report = signing.verify(stranger.sign(render(papers.slip()), name="An", reason="thử"))
    assert report.is_signed
    assert not report.is_valid
    assert "Kẻ lạ" in report.signer


def test_an_old_paper_holds_after_its_certificate_ran_out(tmp_path: Path, settings: Any) -> None:
    with time_machine.travel("2020-01-02T09:00+07:00", tick=False):
        settings.PAPER_SIGNING_FILE = str(certificate(tmp_path, "Sáu năm trước"))
        settings.PAPER_SIGNING_PASSPHRASE = PASSPHRASE
        found = signing.configured()
        assert found is not None
        pdf = found.sign(render(papers.slip()), name="An", reason="thử")
    report = signing.verify(pdf)
    assert report.is_valid, report.fault
    # One made today by the same certificate does not hold.
    late = found.sign(
        render(papers.slip(of=papers.dossier(code="B-1", tracking_code="B"))),
        name="An",
        reason="thử",
    )
    assert not signing.verify(late).is_valid


def test_the_roots_of_an_older_seal_are_still_trusted(tmp_path: Path, settings: Any) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

    old = certificate(tmp_path, "Con dấu cũ")
    pdf = signing.CertificateSigner(old, PASSPHRASE).sign(
        render(papers.slip()), name="An", reason="thử"
    )
    assert not signing.verify(pdf).is_valid
    root = pkcs12.load_pkcs12(old.read_bytes(), PASSPHRASE.encode()).additional_certs[0]
    trusted = tmp_path / "roots.pem"
    trusted.write_bytes(root.certificate.public_bytes(Encoding.PEM))
    settings.PAPER_TRUST_FILE = str(trusted)
    assert signing.verify(pdf).is_valid


@pytest.mark.parametrize("fault", ["passphrase", "missing", "not a certificate"])
def test_a_seal_that_cannot_be_used_keeps_nobody_from_the_paper(
    tmp_path: Path, settings: Any, fault: str
) -> None:
    file = certificate(tmp_path)
    if fault == "missing":
        file.unlink()
    elif fault == "not a certificate":
        file.write_bytes(b"%PDF-1.7")
    settings.PAPER_SIGNING_FILE = str(file)
    settings.PAPER_SIGNING_PASSPHRASE = "khác" if fault == "passphrase" else PASSPHRASE
    with pytest.raises(signing.SigningError):
        signing.configured()
    pdf = ensure_rendered(papers.slip())
    assert pdf.startswith(b"%PDF")
    assert signing.verify(pdf) == signing.UNSIGNED
    assert "Ký số" not in papers.text_of(pdf)


def test_what_is_no_pdf_is_not_signed() -> None:
    assert signing.verify(b"abc") == signing.UNSIGNED
    report = signing.verify(b"abc /ByteRange")
    assert not report.is_signed
    assert report.fault


def test_only_its_owner_can_read_the_certificate(tmp_path: Path) -> None:
    assert certificate(tmp_path).stat().st_mode & 0o777 == 0o600


def shown(slip: PaperSlip) -> str:
    """Return what the page of a paper says of its seal."""
    client = Client()
    assert slip.issued_by is not None
    assert slip.issued_by.user is not None
    client.force_login(slip.issued_by.user)
    answer = client.get(f"/ho-so/{slip.dossier.code}/giay-to/{slip.pk}/")
    assert answer.status_code == 200
    text = page(answer)
    return text[text.index('id="signature"') :].split("</p>")[0]


def test_the_page_of_a_paper_says_that_it_is_not_signed() -> None:
    assert "Chưa ký số." in shown(papers.slip())


def test_the_page_of_a_paper_says_who_signed_it(seal: signing.Signer) -> None:
    words = shown(papers.slip())
    assert "Đã ký số bởi" in words
    assert NAME in words
    assert "hợp lệ" in words
    assert 'data-kind="good"' in words


def test_the_page_of_a_paper_says_when_the_seal_does_not_hold(
    seal: signing.Signer, tmp_path: Path, settings: Any
) -> None:
    slip = papers.slip()
    ensure_rendered(slip)
    settings.PAPER_SIGNING_FILE = str(certificate(tmp_path, "Con dấu khác"))
    words = shown(slip)
    assert "Chữ ký không hợp lệ" in words
    assert 'data-kind="wrong"' in words
