"""The sheets around a dossier as PDF: the hand-over of paper files, the survey slip.

They are printed when they are asked for and kept nowhere: what stands on them are rows that no longer
change, or ticks that a later print has to show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext

from accounts.personal_data import mask_name
from accounts.printing import qr_image, to_pdf
from dossiers import hand_overs, surveys
from dossiers.models import Score
from dossiers.paperwork import wording
from dossiers.workflow import PaperKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dossiers.models import HandOver, HandOverItem, PaperSlip

SHEET = "paper-sheets.css"


def hand_over(sheet: HandOver, items: Sequence[HandOverItem]) -> bytes:
    """Return a hand-over sheet as PDF, A4, with columns to sign for each file and for the whole.

    Select the sheet by `for_page`, the items with dossier and procedure. What the post carries names
    no owner in full (domain.md 4, decision on personal data).
    """
    with translation.override("vi"):
        return to_pdf(hand_over_html(sheet, items), sheet=SHEET)


def hand_over_html(sheet: HandOver, items: Sequence[HandOverItem]) -> str:
    by_post = sheet.from_agency is None or sheet.to_agency is None
    day = timezone.localdate(sheet.created_at)
    unit = sheet.agency.unit
    place = wording.place_of(unit.name) if unit else settings.PROVINCE_NAME
    parent = sheet.agency.parent
    missing = [item for item in items if item.is_missing]
    return render_to_string(
        "dossiers/paper/hand_over.html",
        {
            "sheet": sheet,
            # NĐ 30/2020: numbers below 10 are padded (domain.md 4.1).
            "number": f"{sheet.number:02d}/PBG-{wording.initials(sheet.agency.name)}",
            "superior": wording.in_capitals(parent.name) if parent else "",
            "unit": wording.in_capitals(sheet.agency.name),
            "place_and_date": f"{place}, {wording.long_date(day)}",
            "rows": [
                (
                    item,
                    wording.plain(item.dossier.procedure.name),
                    mask_name(item.dossier.owner_name)
                    if by_post
                    else wording.plain(item.dossier.owner_name),
                    _remark(sheet, item),
                )
                for item in items
            ],
            "papers": sum(item.papers for item in items),
            "sets": sum(item.sets for item in items),
            "by_post": by_post,
            "missing": [item.dossier.public_code for item in missing],
            "difference": hand_overs.difference(len(missing)) if sheet.received_at else "",
            "qr": qr_image(f"{settings.PUBLIC_URL.rstrip('/')}{sheet.get_absolute_url()}"),
        },
    )


def survey(slip: PaperSlip) -> bytes:
    """Return the survey slip that goes out with a form as PDF, A5 like the form. Runs four queries."""
    with translation.override("vi"):
        return to_pdf(survey_html(slip), sheet=SHEET)


def survey_html(slip: PaperSlip) -> str:
    """Return the slip's page: no name and no code of a dossier, for it ends in a box at the counter."""
    address = surveys.address_of(slip)
    dossier = slip.dossier
    parent = slip.agency.parent
    return render_to_string(
        "dossiers/paper/survey.html",
        {
            "superior": wording.in_capitals(parent.name) if parent else "",
            "unit": wording.in_capitals(slip.agency.name),
            "form": str(slip.get_kind_display()),
            "issued_on": f"{timezone.localdate(slip.issued_at):%d/%m/%Y}",
            "procedure": wording.plain(dossier.version.name),
            "agency": dossier.competent_agency.name,
            "questions": surveys.questions_of(slip),
            "scores": [str(score.label) for score in Score],
            "days": surveys.ANSWER_DAYS,
            "is_receipt": slip.kind == PaperKind.RECEIPT,
            "address": address,
            "qr": qr_image(address),
        },
    )


def _remark(sheet: HandOver, item: HandOverItem) -> str:
    """Say beside a file what is not as usual: "kèm kết quả; thiếu: không có trong túi"."""
    said = []
    if item.has_result:
        said.append(gettext("kèm kết quả"))
    if item.taken_back_at:
        said.append(gettext("ở lại bên giao"))
    elif item.is_missing and sheet.received_at:
        said.append(gettext("thiếu"))
    if item.missing_note:
        said.append(wording.plain(item.missing_note))
    return "; ".join(said)
