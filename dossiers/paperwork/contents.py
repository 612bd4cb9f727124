"""What stands on each paper: one typed record per form, read from a slip and its dossier.

A paper is reprinted years later and must say the same, so what may have changed since is taken as
of the slip's own event: its date, its papers, its pauses. Fields and their order: domain.md 4.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import segno
from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext, pgettext

from accounts.personal_data import unseal
from accounts.roles import Role
from agencies.calendars import calendar_of
from agencies.models import Agency, Desk
from dossiers import deadlines, tracking_codes
from dossiers.clockwork import explain_by_limit, pause_spans
from dossiers.models import (
    Dossier,
    DossierDocument,
    DossierEvent,
    IdKind,
    PaperSlip,
    ResultChannel,
    SupplementRound,
)
from dossiers.paperwork import wording
from dossiers.paperwork.layouts import Layout, layout_named
from dossiers.workflow import Act, PaperKind, State
from procedures.models import LimitUnit

# How many lines of variable length an A5 page holds at full size and at the smaller one.
LINE_OF_A_NAME = 48  # letters
EASY_LINES = 5
LONGEST_HEADING = 160  # letters; some groups of the source are named by a paragraph
MOST_LINES = 14
WIDEST_STRIP = 14  # days that fit side by side on A5; a longer story is told by its sentence alone


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
    is_copy: bool
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
    with_survey: bool


@dataclass(frozen=True, slots=True)
class PaperRow:
    """One line of the table of papers handed in."""

    name: str
    kind: str
    quantity: str
    group: str = ""  # heading above the line, where its group begins


@dataclass(frozen=True, slots=True)
class DayCell:
    """One day between receipt and promise."""

    weekday: str
    label: str
    mark: str
    counts: bool
    is_due: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(Paper):
    """Mẫu 01."""

    papers: tuple[PaperRow, ...]
    sets: str
    limit: str
    received: str
    due: str
    why: str
    days: tuple[DayCell, ...]
    result_place: str
    fees: tuple[str, ...]
    volume: str
    entry: str

    @property
    def density(self) -> str:
        """ "dense" where smaller letters bring the paper onto one page, else "normal"."""
        lines = sum(1 + len(row.name) // LINE_OF_A_NAME for row in self.papers)
        lines += sum(1 + len(row.group) // LINE_OF_A_NAME for row in self.papers if row.group)
        lines += len(self.procedure) // LINE_OF_A_NAME + (2 if self.days else 0)
        return "dense" if EASY_LINES < lines <= MOST_LINES else "normal"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplementRequest(Paper):
    """Mẫu 02."""

    items: tuple[PaperRow, ...]
    reason: str
    reply_by: str
    contact: str
    signer_title: str
    signer: str
    round: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Paper):
    """Mẫu 03."""

    reason: str
    contact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopNotice(Paper):
    """Mẫu 05 of TT 03/2025; an ordinary notice before it."""

    received: str
    trigger: str
    reason: str
    papers_to_return: str
    fees_paid: tuple[str, ...]
    contact: str
    signer_title: str
    signer: str
    archive: str


@dataclass(frozen=True, slots=True)
class Hop:
    """One hand-over: who gave the dossier to whom, when, and how it stood."""

    place: str
    given: str
    giver: str
    taken: str
    taker: str
    outcome: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSlip(Paper):
    """Mẫu 05 (TT 01/2018), Mẫu 06 (TT 03/2025)."""

    received: str
    due: str
    settling_agency: str
    hops: tuple[Hop, ...]


def contents_of(slip: PaperSlip, *, copy: bool = False) -> Paper:
    """Return what stands on the paper; runs about six queries when the slip came by `for_paper`."""
    kind = PaperKind(slip.kind)
    layout = layout_named(kind, slip.form)
    return _BUILDERS[kind](slip, layout, _common(slip, layout, is_copy=copy))


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


def _common(slip: PaperSlip, layout: Layout, *, is_copy: bool) -> dict[str, Any]:
    dossier = slip.dossier
    head = _head(slip, layout)
    desk = _desk_of(dossier)
    title = layout.subtitle or layout.title.capitalize()
    return {
        "layout": layout,
        "document_title": gettext("%(title)s số %(number)s")
        % {"title": title, "number": head.number},
        "head": head,
        "is_copy": is_copy,
        "qr": segno.make(qr_text(slip), error="m", micro=False).svg_data_uri(
            border=0, omitsize=True
        ),
        # A code is issued at acceptance only (domain.md 5.2); before it a paper names the other.
        "code_label": gettext("Mã hồ sơ") if dossier.code else gettext("Mã tra cứu"),
        "code": dossier.code or tracking_codes.grouped(dossier.tracking_code),
        "party": _party(dossier, layout),
        "desk": _desk_words(layout, desk, dossier.receiving_agency),
        "procedure": wording.plain(dossier.version.name),
        # domain.md 5.3: a published code carries the province's suffix.
        "procedure_code": f"{dossier.procedure.code}.{settings.PROVINCE_CODE}",
        "replaces": _replaces(slip, layout),
        "officer": wording.plain(slip.issued_by.full_name) if slip.issued_by else "",
        "hotline": wording.unbroken(
            slip.agency.phone
            or dossier.receiving_agency.phone
            or (slip.agency.parent.phone if slip.agency.parent else "")
        ),
        "site": _site(),
        "tracking_code": tracking_codes.grouped(dossier.tracking_code),
        # TT 01/2018 Chương III: a survey goes out together with forms 01, 02 and 03.
        "with_survey": layout.kind
        in {PaperKind.RECEIPT, PaperKind.SUPPLEMENT_REQUEST, PaperKind.REFUSAL},
    }


def _site() -> str:
    parts = urlsplit(settings.PUBLIC_URL)
    return f"{parts.netloc}{parts.path.rstrip('/')}/tra-cuu"


def _desk_of(dossier: Dossier) -> Desk | None:
    return dossier.desk


def _head(slip: PaperSlip, layout: Layout) -> Head:
    agency = slip.agency
    desk = _desk_of(slip.dossier)
    superior = agency.parent.name if agency.parent else ""
    unit = agency.name
    at_commune = agency.level == Agency.Level.COMMUNE
    if layout.kind is not PaperKind.STOP_NOTICE and desk and desk.agency_id == agency.pk:
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


def _party(dossier: Dossier, layout: Layout) -> Party:
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


def _replaces(slip: PaperSlip, layout: Layout) -> str:
    if slip.replaces is None:
        return ""
    return gettext("Thay %(title)s số %(number)s, %(date)s") % {
        "title": layout.title.lower(),
        "number": layout.number_words(slip.replaces.number),
        "date": wording.long_date(timezone.localdate(slip.replaces.issued_at)),
    }


def _receipt(slip: PaperSlip, layout: Layout, common: dict[str, Any]) -> Receipt:
    dossier = slip.dossier
    received_at = dossier.received_at or slip.issued_at
    why, days = _why_this_date(slip)
    return Receipt(
        **common,
        papers=_papers(slip),
        sets=gettext("%(count)s bộ") % {"count": wording.count(1)},
        limit=_limit_words(dossier),
        received=wording.long_moment(received_at),
        due=wording.long_moment(slip.due_at)
        if slip.due_at
        else gettext("không hẹn ngày; cơ quan giải quyết sẽ thông báo"),
        why=why,
        days=days,
        result_place=_result_place(dossier),
        fees=_fees(dossier),
        volume=str(slip.year),
        entry=layout.number_words(slip.number),
    )


def _papers(slip: PaperSlip) -> tuple[PaperRow, ...]:
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


def _limit_words(dossier: Dossier) -> str:
    """Return the time for settling; where the province committed to less, that and the law's."""
    by_law = _statutory_words(dossier)
    if not dossier.committed_unit or dossier.committed_value is None:
        return by_law
    return gettext("%(committed)s (cắt giảm theo %(decision)s; luật định: %(by_law)s)") % {
        "committed": f"{wording.count(dossier.committed_value)} "
        f"{LimitUnit(dossier.committed_unit).label}",
        "decision": wording.plain(dossier.committed_decision),
        "by_law": by_law,
    }


def _statutory_words(dossier: Dossier) -> str:
    unit = LimitUnit(dossier.limit_unit)
    if unit is LimitUnit.SAME_DAY:
        return gettext("trong ngày làm việc")
    if unit is LimitUnit.NONE:
        return gettext("pháp luật không quy định thời hạn")
    if unit is LimitUnit.OTHER or dossier.limit_value is None:
        said = dossier.case.limit_text if dossier.case else ""
        return wording.plain(said) or gettext("theo quy định của thủ tục")
    return f"{wording.count(dossier.limit_value)} {unit.label}"


def _why_this_date(slip: PaperSlip) -> tuple[str, tuple[DayCell, ...]]:
    """Return the sentence that explains the promised date and its days, both empty without one."""
    dossier = slip.dossier
    if dossier.received_at is None or slip.due_at is None:
        return "", ()
    if dossier.due_reason:
        reason = wording.plain(dossier.due_reason)
        return gettext("Cơ quan ấn định ngày hẹn: %(reason)s.") % {"reason": reason.rstrip(".")}, ()
    try:
        explained = explain_by_limit(
            dossier,
            pause_spans(dossier.pauses.filter(ended_at__lte=slip.issued_at)),
            calendar_of(dossier.receiving_agency),
        )
    except deadlines.LimitError:
        return "", ()
    if explained.due_at != slip.due_at:
        # The calendar changed after the promise; the promise stands and the old reason is gone.
        return "", ()
    if len(explained.days) > WIDEST_STRIP:
        return explained.summary, ()
    received = [note.date for note in explained.days if note.why == deadlines.Why.RECEIVED]
    start = received[-1] if len(received) > 1 else None
    return explained.summary, tuple(
        _day_cell(note, explained.due_on, start) for note in explained.days
    )


def _weekday(day: dt.date) -> str:
    return (
        pgettext("weekday", "T2"),
        pgettext("weekday", "T3"),
        pgettext("weekday", "T4"),
        pgettext("weekday", "T5"),
        pgettext("weekday", "T6"),
        pgettext("weekday", "T7"),
        pgettext("weekday", "CN"),
    )[day.weekday()]


def _day_cell(note: deadlines.DayNote, due_on: dt.date | None, start: dt.date | None) -> DayCell:
    is_due = note.date == due_on
    number = ""
    if note.counts and note.number is not None:
        number = f"{note.number}".replace(".", ",")
    mark = {
        deadlines.Why.RECEIVED: number or pgettext("day cell", "nhận"),
        deadlines.Why.WEEKEND: pgettext("day cell", "nghỉ"),
        deadlines.Why.HOLIDAY: pgettext("day cell", "lễ"),
        deadlines.Why.SWAPPED_OFF: pgettext("day cell", "nghỉ"),
        deadlines.Why.PAUSED: pgettext("day cell", "dừng"),
        deadlines.Why.ROLLED: "–",
    }.get(note.why, number or "–")
    if note.date == start and not number:
        mark = pgettext("day cell", "tính từ")
    if is_due:
        mark = pgettext("day cell", "%(mark)s, trả") % {"mark": mark} if mark != "–" else "trả"
    return DayCell(
        weekday=_weekday(note.date),
        label=f"{note.date:%d/%m}",
        mark=mark,
        counts=note.counts or is_due or note.why == deadlines.Why.RECEIVED,
        is_due=is_due,
    )


def _result_place(dossier: Dossier) -> str:
    channel = ResultChannel(dossier.result_channel)
    if channel is ResultChannel.ELECTRONIC:
        email = wording.plain(dossier.owner_email)
        return (
            gettext("bản điện tử trên Cổng Dịch vụ công quốc gia và thư điện tử %(email)s")
            % {"email": email}
            if email
            else gettext("bản điện tử trên Cổng Dịch vụ công quốc gia")
        )
    if channel is ResultChannel.POST:
        address = wording.plain(dossier.owner_address)
        return (
            gettext("bưu chính công ích, giao tới %(address)s") % {"address": address}
            if address
            else gettext("bưu chính công ích")
        )
    desk = _desk_of(dossier)
    place = desk or dossier.receiving_agency
    name, address = wording.plain(place.name), wording.plain(place.address)
    return f"{name}, {address}" if address else name


def _fees(dossier: Dossier) -> tuple[str, ...]:
    lines = []
    for fee in dossier.fees_due.order_by("pk"):
        words = {
            "name": wording.plain(fee.name),
            "amount": wording.money(fee.amount_vnd),
            "receipt": wording.plain(fee.receipt_number),
        }
        if fee.paid_at is None:
            lines.append(gettext("%(name)s: %(amount)s, chưa nộp") % words)
        elif words["receipt"]:
            lines.append(gettext("%(name)s: %(amount)s, đã nộp, biên lai %(receipt)s") % words)
        else:
            lines.append(gettext("%(name)s: %(amount)s, đã nộp") % words)
    return tuple(lines) or (gettext("không thu"),)


def _contact(slip: PaperSlip) -> str:
    officer = slip.issued_by
    if officer is None:
        return wording.unbroken(slip.agency.phone)
    phone = wording.unbroken(officer.phone or slip.agency.phone)
    name = wording.plain(officer.full_name)
    if not phone:
        return name
    return gettext("%(name)s, điện thoại %(phone)s") % {"name": name, "phone": phone}


def _reason(event: DossierEvent) -> str:
    return wording.plain(event.reason) or gettext("không nêu")


def _supplement_request(
    slip: PaperSlip, layout: Layout, common: dict[str, Any]
) -> SupplementRequest:
    event = slip.event
    asked = _round_of(slip)
    reply_by = event.data.get("reply_by")
    items = [item for item in event.data.get("items") or [] if item != event.reason]
    before = event.act == Act.REQUEST_COMPLETION
    # domain.md 4: signed by who guides at the counter, by the head of the unit during processing.
    signs = before or event.actor_role == Role.HEAD
    return SupplementRequest(
        **common,
        items=_items(items),
        reason=_reason(event),
        reply_by=wording.long_date(dt.date.fromisoformat(reply_by)) if reply_by else "",
        contact=_contact(slip),
        signer_title=gettext("NGƯỜI HƯỚNG DẪN") if before else gettext("THỦ TRƯỞNG ĐƠN VỊ"),
        signer=common["officer"] if signs else "",
        round=wording.count(asked.number) if asked and not before else "",
    )


def _round_of(slip: PaperSlip) -> SupplementRound | None:
    return slip.dossier.supplement_rounds.filter(requested_at=slip.event.at).last()


def _items(items: list[Any]) -> tuple[PaperRow, ...]:
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


def _refusal(slip: PaperSlip, layout: Layout, common: dict[str, Any]) -> Refusal:
    return Refusal(**common, reason=_reason(slip.event), contact=_contact(slip))


def _stop_notice(slip: PaperSlip, layout: Layout, common: dict[str, Any]) -> StopNotice:
    dossier, event = slip.dossier, slip.event
    originals = dossier.documents.exclude(kind="electronic").count()
    paid = [
        f"{wording.plain(fee.name)}: {wording.money(fee.amount_vnd)}"
        for fee in dossier.fees_due.filter(paid_at__isnull=False).order_by("pk")
    ]
    trigger, reason = _stop_trigger(slip)
    at_commune = slip.agency.level == Agency.Level.COMMUNE
    return StopNotice(
        **common,
        received=wording.long_moment(dossier.received_at) if dossier.received_at else "",
        trigger=trigger,
        reason=reason,
        papers_to_return=wording.count(originals) if originals else "",
        fees_paid=tuple(paid),
        contact=wording.unbroken(slip.agency.phone or dossier.receiving_agency.phone),
        signer_title=gettext("TM. UỶ BAN NHÂN DÂN")
        if at_commune
        else gettext("THỦ TRƯỞNG CƠ QUAN"),
        signer=common["officer"] if event.actor_role in {Role.HEAD, Role.SIGNER} else "",
        archive=gettext("Lưu: VT, %(unit)s.") % {"unit": wording.initials(slip.agency.label)},
    )


def _stop_trigger(slip: PaperSlip) -> tuple[str, str]:
    """Return what set the stop off and the reason given for it (domain.md 4, Mẫu 05)."""
    event = slip.event
    if event.act == Act.GRANT_WITHDRAWAL:
        request = (
            slip.dossier.events.filter(act=Act.REQUEST_WITHDRAWAL, seq__lt=event.seq)
            .order_by("-seq")
            .first()
        )
        if request is None:
            return gettext("yêu cầu rút hồ sơ của người nộp"), _reason(event)
        day = wording.long_date(timezone.localdate(request.at))
        return gettext("yêu cầu rút hồ sơ của người nộp, %(date)s") % {"date": day}, (
            wording.plain(request.reason) or _reason(event)
        )
    triggers = {
        Act.LAPSE_SUPPLEMENT: gettext("đã hết thời hạn bổ sung mà hồ sơ chưa được bổ sung"),
        Act.LAPSE_PAYMENT: gettext("đã hết thời hạn nộp mà nghĩa vụ tài chính chưa được thực hiện"),
    }
    return triggers.get(Act(event.act), gettext("căn cứ quy định của pháp luật")), _reason(event)


def _control_slip(slip: PaperSlip, layout: Layout, common: dict[str, Any]) -> ControlSlip:
    dossier = slip.dossier
    return ControlSlip(
        **common,
        received=wording.long_moment(dossier.received_at) if dossier.received_at else "",
        due=wording.long_moment(slip.due_at) if slip.due_at else gettext("không hẹn ngày"),
        settling_agency=wording.plain(dossier.competent_agency.name),
        hops=_hops(slip),
    )


def _hops(slip: PaperSlip) -> tuple[Hop, ...]:
    """Return the hand-overs up to the slip's event, one row where agency or officer changed."""
    events = list(
        slip.dossier.events.filter(seq__lte=slip.event.seq)
        .select_related("actor", "holder_agency", "holder_officer")
        .order_by("seq")
    )
    hops: list[Hop] = []
    held: tuple[int, int | None] | None = None
    for place, event in enumerate(events):
        holder = (event.holder_agency_id, event.holder_officer_id)
        if holder == held or (held is None and event.act != Act.RECEIVE):
            continue
        held = holder
        later = events[place + 1] if place + 1 < len(events) else None
        taker = event.holder_officer or (later.actor if later else None)
        where = wording.plain(event.holder_agency.name)
        first = event.act == Act.RECEIVE
        giver = slip.dossier.owner_name if first else event.actor.full_name if event.actor else ""
        if first:
            taker = event.actor
        taken_at = event.at if first or event.holder_officer else later.at if later else None
        hops.append(
            Hop(
                place=where,
                given=wording.short_moment(event.at),
                giver=wording.plain(giver),
                taken=wording.short_moment(taken_at) if taken_at else "",
                taker=wording.plain(taker.full_name) if taker else "",
                outcome=_outcome(event),
                note=str(Act(event.act).label),
            )
        )
    return tuple(hops)


def _outcome(event: DossierEvent) -> str:
    """Return trước hạn, đúng hạn or quá hạn where the act ended the processing (domain.md 3.7)."""
    if event.to_state not in {State.SETTLED, State.WITHDRAWN, State.STOPPED}:
        return ""
    words = {
        deadlines.Timeliness.EARLY: gettext("Trước hạn"),
        deadlines.Timeliness.ON_TIME: gettext("Đúng hạn"),
        deadlines.Timeliness.LATE: gettext("Quá hạn"),
    }
    judged = deadlines.timeliness(event.due_at, event.at)
    return words.get(judged, "") if judged else ""


_BUILDERS: Mapping[PaperKind, Callable[[PaperSlip, Layout, dict[str, Any]], Paper]] = (
    MappingProxyType(
        {
            PaperKind.RECEIPT: _receipt,
            PaperKind.SUPPLEMENT_REQUEST: _supplement_request,
            PaperKind.REFUSAL: _refusal,
            PaperKind.STOP_NOTICE: _stop_notice,
            PaperKind.CONTROL_SLIP: _control_slip,
        }
    )
)
