"""Every kind of paper in every era, read back as a reader's program, an archive and a camera do."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp

from accounts.personal_data import unseal
from dossiers.paperwork import render
from dossiers.paperwork.contents import qr_text
from dossiers.paperwork.layouts import LAYOUTS, Book
from dossiers.workflow import PaperKind
from tests.dossiers import every_paper, papers
from tests.dossiers.every_paper import SAMPLES, Sample

pytestmark = pytest.mark.django_db

TINOS = {"Tinos", "Tinos-Bold", "Tinos-Italic", "Tinos-Bold-Italic"}
MM = 25.4 / 72
DPI = 200  # a receipt printer's or a telephone's reading of A5


def picture(pdf: bytes, page: int = 0) -> Any:
    """Return a page as a picture, as a printer would draw it."""
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    try:
        return document[page].render(scale=DPI / 72).to_pil()
    finally:
        document.close()


def embedded(pdf: bytes) -> dict[str, bool]:
    """Return each font of a file by name, and whether its program is in the file."""
    found: dict[str, bool] = {}
    for page in papers.read(pdf).pages:
        resources: Any = page["/Resources"]
        for reference in resources["/Font"].values():
            font = reference.get_object()
            name = str(font["/BaseFont"]).lstrip("/").split("+")[-1]
            inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
            descriptor = inner["/FontDescriptor"].get_object()
            found[name] = bool({"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor))
    return found


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_a_paper_reads_back_whole(sample: Sample) -> None:
    slip = every_paper.issued(sample)
    pdf = render(slip)
    if folder := os.environ.get("MOTCUA_LOOK"):
        picture(pdf).save(Path(folder) / f"{sample}.png")
    reader = papers.read(pdf)
    text = papers.text_of(pdf)

    # What a person reads.
    assert sample.title in text
    places = []
    for words in sample.words:
        assert words in text, words
        places.append(text.index(words))
    assert places == sorted(places), "the fields stand in another order than the form's"
    for words in every_paper.HEAD:
        assert words in text, words
        assert text.index(words) < text.index(sample.title)
    # Another agency is not told how the owner follows the dossier.
    is_for_the_owner = sample.kind != PaperKind.CONSULTATION
    for words in every_paper.FOOT:
        assert (words in text) is is_for_the_owner
    if sample.source:
        assert sample.source in text
    else:
        assert "ban hành kèm theo" not in text

    # What a printer needs.
    assert len(reader.pages) == 1
    box = reader.pages[0].mediabox
    assert (float(box.width) * MM, float(box.height) * MM) == pytest.approx(sample.page, abs=0.1)
    fonts = embedded(pdf)
    assert fonts
    assert set(fonts) <= TINOS
    assert all(fonts.values())

    # What an archive and a screen reader need.
    root: Any = reader.trailer["/Root"]
    xmp = root["/Metadata"].get_data().decode()
    assert 'pdfaid:part="2"' in xmp
    assert 'pdfaid:conformance="A"' in xmp
    assert root["/OutputIntents"][0].get_object()["/S"] == "/GTS_PDFA1"
    assert root["/Lang"] == "vi"
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert reader.trailer["/ID"]
    assert reader.metadata
    assert reader.metadata.title
    assert "Tuyết" not in reader.metadata.title

    # What a telephone reads.
    token = unseal(slip.qr_sealed)
    told = [each.text for each in zxingcpp.read_barcodes(picture(pdf))]
    assert told == [qr_text(slip)]
    assert told == [f"http://127.0.0.1:8000/q/{token}/#{slip.dossier.public_code}"]
    for secret in ("Tuyết", "089187004215", "0918204452"):
        assert secret not in told[0]


def test_there_is_a_sample_of_every_layout() -> None:
    wanted = {
        (layout.kind, layout.regulation) for layout in LAYOUTS if layout.kind != Book.REGISTER
    }
    made = {
        (sample.kind, layout.regulation)
        for sample in SAMPLES
        for layout in LAYOUTS
        if layout.kind == sample.kind and (layout.source_line or "") == sample.source
    }
    assert made == wanted
    assert {sample.kind for sample in SAMPLES} == set(PaperKind)


@pytest.mark.parametrize("sample", [s for s in SAMPLES if s.page == every_paper.A4], ids=str)
def test_a_letter_keeps_the_margins_of_state_documents(sample: Sample) -> None:
    """NĐ 30/2020: left 30-35 mm, right 15-20 mm, top and bottom 20-25 mm (domain.md 4.1)."""
    image = picture(render(every_paper.issued(sample))).convert("L")
    mm = DPI / 25.4
    # The line of the source stands in the bottom margin, where a footer belongs.
    body = image.crop((0, 0, image.width, int(image.height - 20 * mm)))
    left, top, right, _bottom = body.point(lambda grey: 255 if grey < 128 else 0).getbbox()
    assert 29.5 <= left / mm <= 35
    assert 15 <= (image.width - right) / mm <= 20.5
    assert 19.5 <= top / mm <= 25
