"""HTML to PDF/A-2a: tagged, in Vietnamese, in one embedded family.

The stylesheet and its fonts are read once a process: that is a third of the time of a receipt
(measurements.md B). The same FontConfiguration must go to CSS() and to write_pdf(), or fonts named
in the sheet are silently ignored. Pango is not safe across threads, so one paper is set at a time.
"""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from dossiers.paperwork.contents import contents_of, for_paper
from dossiers.paperwork.parts import Paper

if TYPE_CHECKING:
    from dossiers.models import PaperReprint, PaperSlip

PDF_VARIANT = "pdf/a-2a"  # for the archive and for screen readers in one file

_PROFILE = "--srgb"

_press = threading.Lock()


def render(slip: PaperSlip, *, reprint: PaperReprint | None = None, signed: str = "") -> bytes:
    """Return the paper of a slip as PDF and store nothing.

    `reprint` prints the mark of a counted copy; `signed` says at the head who is about to sign the
    file. The same arguments give the same bytes under the same versions of the libraries.
    """
    # An official form is Vietnamese whatever the officer's own language is.
    with translation.override("vi"):
        return to_pdf(to_html(contents_of(for_paper(slip.pk), reprint=reprint, signed=signed)))


def to_html(paper: Paper) -> str:
    return render_to_string(paper.layout.template, {"paper": paper})


def to_pdf(html: str) -> bytes:
    import weasyprint

    with _press:
        tools = _tools()
        document = weasyprint.HTML(string=html, url_fetcher=tools.fetcher)
        made: bytes = document.write_pdf(
            stylesheets=[tools.sheet],
            font_config=tools.fonts,
            color_profiles={_PROFILE: tools.profile},
            output_intent=_PROFILE,
            pdf_variant=PDF_VARIANT,
            pdf_tags=True,
        )
    return made


@dataclass(frozen=True, slots=True)
class _Tools:
    """What every paper of a process shares."""

    sheet: Any
    fonts: Any
    fetcher: Any
    profile: Any


@cache
def _tools() -> _Tools:
    import weasyprint
    from weasyprint.css import ColorProfile
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

    fonts = FontConfiguration()
    # PDF/A names the colours of its screen. WeasyPrint's own default opens this file anew for each
    # document and leaves it open.
    profile = (resources.files("weasyprint.pdf") / "sRGB2014.icc").read_bytes()
    return _Tools(
        sheet=weasyprint.CSS(
            filename=settings.BASE_DIR / "static" / "css" / "paper.css", font_config=fonts
        ),
        fonts=fonts,
        # What a person typed must never make the server read a file or an address.
        fetcher=URLFetcher(allowed_protocols={"data"}),
        profile=ColorProfile(
            io.BytesIO(profile), "sRGB2014.icc", "relative-colorimetric", (["r"], ["g"], ["b"])
        ),
    )
