"""What every paper has: its head, its party, its QR, and the words that several forms share.

A paper is reprinted years later and must say the same, so what may have changed since is taken as
of the slip's own event: its date, its papers, its pauses. Fields and their order: domain.md 4.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import Any
from urllib.parse import urlsplit

import segno
from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from accounts.personal_data import unseal
from agencies.models import Agency, Desk
from dossiers import tracking_codes
from dossiers.models import (
    Dossier,
    DossierDocument,
    DossierEvent,
    IdKind,
    PaperReprint,
    PaperSlip,
)
from dossiers.paperwork import wording
from dossiers.paperwork.layouts import Layout, layout_named
from dossiers.workflow import PaperKind

LONGEST_HEADING = 160  # letters; some groups of the source are named by a paragraph


@dataclass(frozen=True, slots=True)
class Head:
    """Phần đầu: the issuing body, the number, the place and the day (domain.md 4, 4.1)."""

    superior: str
    unit: str
    number: str
    place_and_date: str


@dataclass(frozen=True, slots=True)
class Party:
    """Chủ hồ sơ: whom the paper is handed to; numbers are masked (wording.masked)."""

    name: str
    representative: str
    identity_label: str
    identity: str
    address: str
    phone: str
    email: str

    @property
    def signer(self) -> str:
        return self.representative or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What every form has."""

    layout: Layout
    document_title: str  # of the file: without a person's name
    head: Head
    mark: str  # of a reprint, on every page; empty on the paper itself
    signed: str  # by whom and when, where the file bears a digital signature
    qr: str  # an SVG as a data URI
    code_label: str
    code: str
    party: Party
    desk: str
    procedure: str
    procedure_code: str
    replaces: str
    officer: str
    hotline: str
    site: str
    tracking_code: str
    with_look_up: bool  # how the owner follows the dossier; not for a letter to another agency
    with_survey: bool


@dataclass(frozen=True, slots=True)
class PaperRow:
    """One line of the table of papers handed in."""

    name: str
    kind: str
    quantity: str
    group: str = ""  # heading above the line, where its group begins


def for_paper(pk: int) -> PaperSlip:
    """Return a slip with all the rows its paper names in one query."""
    return PaperSlip.objects.select_related(
        "agency__parent",
        "agency__unit",
        "issued_by",
        "replaces",
        "event",
        "dossier__procedure",
        "dossier__version",
        "dossier__sector",
        "dossier__case",
        "dossier__desk",
        "dossier__receiving_agency__parent",
        "dossier__receiving_agency__unit",
        "dossier__competent_agency",
    ).get(pk=pk)


def qr_text(slip: PaperSlip) -> str:
    """Return what the QR holds: the page's address with its opaque token, and the code, no name.

    The code follows "#", which a browser never sends, so that no server log pairs it with the
    token (domain.md 4, decision). A paper without a token leads to the look-up.
    """
    token = unseal(slip.qr_sealed)
    code = slip.dossier.public_code
    page = f"q/{token}/" if token else "tra-cuu/"
    return f"{settings.PUBLIC_URL.rstrip('/')}/{page}#{code}"


def common(
    slip: PaperSlip, layout: Layout, *, reprint: PaperReprint | None, signed: str
) -> dict[str, Any]:
    """Return what `Paper` itself asks for; asks the database nothing of a slip by `for_paper`."""
    dossier = slip.dossier
    head = _head(slip, layout)
    desk = desk_of(dossier)
    title = layout.subtitle or layout.title.capitalize()
    return {
        "layout": layout,
        "document_title": gettext("%(title)s số %(number)s")
        % {"title": title, "number": head.number},
        "head": head,
        "mark": copy_mark(reprint) if reprint else "",
        "signed": signed,
        "qr": segno.make(qr_text(slip), error="m", micro=False).svg_data_uri(
            border=0, omitsize=True
        ),
        # A code is issued at acceptance only (domain.md 5.2); before it a paper names the other.
        "code_label": gettext("Mã hồ sơ") if dossier.code else gettext("Mã tra cứu"),
        "code": dossier.code or tracking_codes.grouped(dossier.tracking_code),
        "party": party_of(dossier, layout),
        "desk": _desk_words(layout, desk, dossier.receiving_agency),
        "procedure": wording.plain(dossier.version.name),
        # domain.md 5.3: a published code carries the province's suffix.
        "procedure_code": f"{dossier.procedure.code}.{settings.PROVINCE_CODE}",
        "replaces": _replaces(slip),
        "officer": wording.plain(slip.issued_by.full_name) if slip.issued_by else "",
        "hotline": wording.unbroken(
            slip.agency.phone
            or dossier.receiving_agency.phone
            or (slip.agency.parent.phone if slip.agency.parent else "")
        ),
        "site": _site(),
        "tracking_code": tracking_codes.grouped(dossier.tracking_code),
        "with_look_up": layout.kind is not PaperKind.CONSULTATION,
        # TT 01/2018 Chương III: a survey goes out together with forms 01, 02 and 03.
        "with_survey": layout.kind
        in {PaperKind.RECEIPT, PaperKind.SUPPLEMENT_REQUEST, PaperKind.REFUSAL},
    }


def copy_mark(reprint: PaperReprint) -> str:
    """Return the mark of a reprint: the number stays, the copy is counted (domain.md 4)."""
    return gettext("BẢN SAO – in lại lần %(number)s, ngày %(day)s") % {
        "number": reprint.number,
        "day": f"{timezone.localdate(reprint.printed_at):%d/%m/%Y}",
    }


def _site() -> str:
    parts = urlsplit(settings.PUBLIC_URL)
    return f"{parts.netloc}{parts.path.rstrip('/')}/tra-cuu"


def desk_of(dossier: Dossier) -> Desk | None:
    """Return the desk that received the dossier, where it is known."""
    return dossier.desk


def _head(slip: PaperSlip, layout: Layout) -> Head:
    agency = slip.agency
    desk = desk_of(slip.dossier)
    superior = agency.parent.name if agency.parent else ""
    unit = agency.name
    at_commune = agency.level == Agency.Level.COMMUNE
    if not layout.by_agency and desk and desk.agency_id == agency.pk:
        # A commune's desk is a unit of its committee; the provincial centre is an agency itself.
        if desk.kind == Desk.Kind.COMMUNE:
            superior, unit = agency.name, desk.name
    elif at_commune:
        superior = ""
    day = timezone.localdate(slip.issued_at)
    place = wording.place_of(agency.unit.name) if agency.unit else settings.PROVINCE_NAME
    below_province = agency.level in {Agency.Level.COMMUNE, Agency.Level.DISTRICT}
    suffix = (layout.commune_suffix if below_province else "") or layout.suffix
    suffix = suffix.format(agency=wording.initials(agency.label))
    return Head(
        superior=wording.in_capitals(superior),
        unit=wording.in_capitals(wording.without_place_of(superior, unit)),
        number=f"{layout.number_words(slip.number)}/{suffix}",
        place_and_date=f"{place}, {wording.long_date(day)}",
    )


def _desk_words(layout: Layout, desk: Desk | None, agency: Agency) -> str:
    name = wording.plain(desk.name if desk else agency.name)
    return name if name.casefold().startswith("bộ phận") else f"{layout.desk} {name}"


def party_of(dossier: Dossier, layout: Layout) -> Party:
    """Return whom the paper is handed to; what is not known says so."""
    nothing = gettext("không có")
    return Party(
        name=wording.plain(dossier.owner_name),
        representative=wording.plain(dossier.representative_name),
        identity_label=str(IdKind(dossier.owner_id_kind).label),
        identity=wording.masked(dossier.owner_id) if layout.shows_identity else "",
        address=wording.plain(dossier.owner_address) or nothing,
        phone=wording.masked(dossier.owner_phone) or nothing,
        email=wording.plain(dossier.owner_email) or nothing,
    )


def _replaces(slip: PaperSlip) -> str:
    old = slip.replaces
    if old is None:
        return ""
    # In the words of the form the old one was issued in: names differ between the circulars.
    layout = layout_named(old.kind, old.form)
    return gettext("Thay %(title)s số %(number)s, %(date)s") % {
        "title": layout.title.lower(),
        "number": layout.number_words(old.number),
        "date": wording.long_date(timezone.localdate(old.issued_at)),
    }


def papers_of(slip: PaperSlip) -> tuple[PaperRow, ...]:
    """Return the papers handed in when the slip was issued. Runs one query."""
    dossier = slip.dossier
    # The first set, what had come before the act that issued this paper, and what came with it.
    rows = dossier.documents.filter(
        Q(supplement_round=0)
        | Q(added_at__lte=slip.event.recorded_at)
        | Q(supplement_round__lte=slip.event.data.get("round", 0))
    )
    found = _grouped(list(rows.select_related("required")))
    if found or not dossier.papers_vouched:
        return found
    vouched = gettext("Đủ thành phần hồ sơ theo quy định của thủ tục, cán bộ tiếp nhận xác nhận")
    return (PaperRow(vouched, "–", wording.count(1)),)


def _grouped(documents: Sequence[DossierDocument]) -> tuple[PaperRow, ...]:
    """Return the lines with a heading where a group begins, when there are several groups."""
    groups = [
        shorten(wording.unnumbered(document.required.group), LONGEST_HEADING, placeholder="…")
        if document.required
        else ""
        for document in documents
    ]
    has_headings = len(set(groups)) > 1
    if has_headings:
        groups = [group or gettext("Giấy tờ khác") for group in groups]
    rows = []
    before = ""
    for document, group in zip(documents, groups, strict=True):
        rows.append(
            PaperRow(
                wording.unnumbered(document.name),
                str(document.get_kind_display()),
                wording.count(document.quantity),
                group if has_headings and group != before else "",
            )
        )
        before = group
    return tuple(rows)


def fees_of(dossier: Dossier) -> tuple[str, ...]:
    """Return the fees and charges, each paid or not. Runs one query."""
    lines = []
    for fee in dossier.fees_due.order_by("pk"):
        words = {
            "name": wording.plain(fee.name),
            "amount": wording.money(fee.amount_vnd),
            "receipt": wording.plain(fee.receipt_number),
        }
        if fee.exempted_at is not None:
            lines.append(gettext("%(name)s: %(amount)s, được miễn, giảm") % words)
        elif fee.paid_at is None and fee.paid_vnd:
            words["left"] = wording.money(fee.left_vnd)
            lines.append(gettext("%(name)s: %(amount)s, còn phải nộp %(left)s") % words)
        elif fee.paid_at is None:
            lines.append(gettext("%(name)s: %(amount)s, chưa nộp") % words)
        elif words["receipt"]:
            lines.append(gettext("%(name)s: %(amount)s, đã nộp, biên lai %(receipt)s") % words)
        else:
            lines.append(gettext("%(name)s: %(amount)s, đã nộp") % words)
    return tuple(lines) or (gettext("không thu"),)


def contact_of(slip: PaperSlip) -> str:
    """Return whom to ask: the officer by name and telephone, else the agency's telephone."""
    officer = slip.issued_by
    if officer is None:
        return wording.unbroken(slip.agency.phone)
    phone = wording.unbroken(officer.phone or slip.agency.phone)
    name = wording.plain(officer.full_name)
    if not phone:
        return name
    return gettext("%(name)s, điện thoại %(phone)s") % {"name": name, "phone": phone}


def reason_of(event: DossierEvent) -> str:
    """Return the reason given with the act."""
    return wording.plain(event.reason) or gettext("không nêu")


def items_of(items: list[Any]) -> tuple[PaperRow, ...]:
    """Read the items of a request: texts, or records of name, kind and quantity."""
    rows = []
    for item in items:
        if isinstance(item, Mapping):
            name, kind = str(item.get("name", "")), str(item.get("kind", ""))
            quantity = item.get("quantity")
        else:
            name, kind, quantity = str(item), "", None
        rows.append(
            PaperRow(
                wording.plain(name),
                _kind_words(kind),
                wording.count(quantity) if isinstance(quantity, int) else "–",
            )
        )
    return tuple(rows)


def _kind_words(kind: str) -> str:
    known = {value: str(label) for value, label in DossierDocument.Kind.choices}
    return known.get(kind, wording.plain(kind)) or "–"


def moment_in(data: Mapping[str, Any], key: str) -> dt.datetime | None:
    """Return a moment from the data of an event, None where it is missing or no moment."""
    try:
        moment = dt.datetime.fromisoformat(str(data.get(key) or ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def day_in(data: Mapping[str, Any], key: str) -> dt.date | None:
    """Return a day from the data of an event, None where it is missing or no day."""
    try:
        return dt.date.fromisoformat(str(data.get(key) or ""))
    except ValueError:
        return None
