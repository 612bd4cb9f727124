"""HTML to PDF/A-2a: tagged, in Vietnamese, in one embedded family; and QR codes to print on it.

A stylesheet and its fonts are read once a process: that is a third of the time of a receipt
(measurements.md B). The same FontConfiguration must go to CSS() and to write_pdf(), or fonts named
in the sheet are silently ignored. Pango is not safe across threads, so one paper is set at a time.
"""

from __future__ import annotations

import io
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import segno
from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

PDF_VARIANT = "pdf/a-2a"  # for the archive and for screen readers in one file

_PROFILE = "--srgb"

_press = threading.Lock()


def to_pdf(html: str, *, sheet: str = "paper.css") -> bytes:
    """Return a page as PDF, laid out by a stylesheet of static/css; nothing in it is fetched.

    The same page gives the same bytes under the same versions of the libraries.
    """
    with press(html, sheet) as document:
        return as_archive_file(document, PDF_VARIANT)


@contextmanager
def press(html: str, sheet: str) -> Iterator[Any]:
    """Set an HTML page with a style sheet and give its pages; one document at a time."""
    import weasyprint

    with _press:
        tools = _tools(sheet)
        yield weasyprint.HTML(string=html, url_fetcher=tools.fetcher).render(
            stylesheets=[tools.sheet],
            font_config=tools.fonts,
            color_profiles={_PROFILE: tools.profile},
            output_intent=_PROFILE,
        )


def as_archive_file(document: Any, variant: str, *, tagged: bool = True) -> bytes:
    """Return set pages as PDF/A of a variant, "pdf/a-2a" or "pdf/a-2u" without tags."""
    made: bytes = document.write_pdf(output_intent=_PROFILE, pdf_variant=variant, pdf_tags=tagged)
    return made


def qr_image(text: str) -> str:
    """Return a QR code of level M as an SVG in a data URI, without its quiet zone.

    The sheet must leave four modules of white around it (ISO/IEC 18004).
    """
    code = segno.make(text, error="m", micro=False)
    return str(code.svg_data_uri(border=0, omitsize=True))


@dataclass(frozen=True, slots=True)
class _Tools:
    """What every paper of one stylesheet in a process shares."""

    sheet: Any
    fonts: Any
    fetcher: Any
    profile: Any


@cache
def _tools(sheet: str) -> _Tools:
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
            filename=settings.BASE_DIR / "static" / "css" / sheet, font_config=fonts
        ),
        fonts=fonts,
        # What a person typed must never make the server read a file or an address.
        fetcher=URLFetcher(allowed_protocols={"data"}),
        profile=ColorProfile(
            io.BytesIO(profile), "sRGB2014.icc", "relative-colorimetric", (["r"], ["g"], ["b"])
        ),
    )
