"""What stands on each paper: one typed record per form, read from a slip and its dossier."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from dossiers.models import PaperReprint, PaperSlip
from dossiers.paperwork import letters, slips
from dossiers.paperwork.layouts import Layout, layout_named
from dossiers.paperwork.parts import Paper, common, for_paper, qr_text
from dossiers.paperwork.slips import Receipt
from dossiers.workflow import PaperKind

__all__ = ["Paper", "Receipt", "contents_of", "for_paper", "qr_text"]


def contents_of(slip: PaperSlip, *, reprint: PaperReprint | None = None, signed: str = "") -> Paper:
    """Return what stands on the paper; runs about six queries when the slip came by `for_paper`.

    `reprint` puts the mark of a counted copy on it, `signed` says who signs the file and when.
    """
    kind = PaperKind(slip.kind)
    layout = layout_named(kind, slip.form)
    return _READERS[kind](slip, layout, common(slip, layout, reprint=reprint, signed=signed))


_READERS: Mapping[PaperKind, Callable[[PaperSlip, Layout, dict[str, Any]], Paper]] = (
    MappingProxyType(
        {
            PaperKind.RECEIPT: slips.receipt,
            PaperKind.SUPPLEMENT_REQUEST: slips.supplement_request,
            PaperKind.REFUSAL: slips.refusal,
            PaperKind.CONTROL_SLIP: slips.control_slip,
            PaperKind.ACKNOWLEDGEMENT: slips.acknowledgement,
            PaperKind.APOLOGY: letters.apology,
            PaperKind.STOP_NOTICE: letters.stop_notice,
            PaperKind.CONSULTATION: letters.consultation,
            PaperKind.PAYMENT_NOTICE: letters.payment_notice,
            PaperKind.SUSPENSION_NOTICE: letters.suspension_notice,
            PaperKind.WITHDRAWAL_REFUSAL: letters.withdrawal_refusal,
        }
    )
)
