"""A slip becomes its PDF: what stands on it, set by its template, printed by `accounts.printing`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.template.loader import render_to_string
from django.utils import translation

from accounts.printing import PDF_VARIANT, to_pdf
from dossiers.paperwork.contents import contents_of, for_paper
from dossiers.paperwork.parts import Paper

if TYPE_CHECKING:
    from dossiers.models import PaperReprint, PaperSlip

__all__ = ["PDF_VARIANT", "render", "to_html", "to_pdf"]


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
