"""The slips of the counter: Mẫu 01, 02, 03, the control slip, and the electronic acknowledgement."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext, pgettext

from accounts.roles import Role
from agencies.calendars import calendar_of
from agencies.models import Agency, Officer
from dossiers import deadlines
from dossiers.clockwork import explain_by_limit, pause_spans
from dossiers.models import Dossier, DossierEvent, PaperSlip, ResultChannel, SupplementRound
from dossiers.paperwork import wording
from dossiers.paperwork.layouts import Layout
from dossiers.paperwork.parts import (
    Paper,
    PaperRow,
    contact_of,
    desk_of,
    fees_of,
    items_of,
    moment_in,
    papers_of,
    reason_of,
)
from dossiers.workflow import ENDED_STATES, Act
from procedures.models import LimitUnit

# How many lines of variable length an A5 page holds at full size and at the smaller one.
LINE_OF_A_NAME = 48  # letters
EASY_LINES = 5
MOST_LINES = 14
ANSWER_MINUTES = 8 * 60  # working minutes
WIDEST_STRIP = 14  # days that fit side by side on A5; a longer story is told by its sentence alone


def lines_of(papers: tuple[PaperRow, ...]) -> int:
    """Return about how many lines a table of papers takes on A5."""
    lines = sum(1 + len(row.name) // LINE_OF_A_NAME for row in papers)
    return lines + sum(1 + len(row.group) // LINE_OF_A_NAME for row in papers if row.group)


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
        lines = (
            lines_of(self.papers) + len(self.procedure) // LINE_OF_A_NAME + (2 if self.days else 0)
        )
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
    consulted: str
    hops: tuple[Hop, ...]


def receipt(slip: PaperSlip, layout: Layout, common: dict[str, Any]) -> Receipt:
    """Read Mẫu 01."""
    dossier = slip.dossier
    received_at = dossier.received_at or slip.issued_at
    why, days = _why_this_date(slip)
    return Receipt(
        **common,
        papers=papers_of(slip),
        sets=gettext("%(count)s bộ") % {"count": wording.count(1)},
        limit=_limit_words(dossier),
        received=wording.long_moment(received_at),
        due=wording.long_moment(slip.due_at)
        if slip.due_at
        else gettext("không hẹn ngày; cơ quan giải quyết sẽ thông báo"),
        why=why,
        days=days,
        result_place=_result_place(dossier),
        fees=fees_of(dossier),
        volume=str(slip.year),
        entry=layout.number_words(slip.number),
    )


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
            calendar_of(dossier.clock_agency),
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
    desk = desk_of(dossier)
    place = desk or dossier.receiving_agency
    name, address = wording.plain(place.name), wording.plain(place.address)
    return f"{name}, {address}" if address else name


def supplement_request(
    slip: PaperSlip, layout: Layout, common: dict[str, Any]
) -> SupplementRequest:
    """Read Mẫu 02."""
    event = slip.event
    asked = _round_of(slip)
    reply_by = event.data.get("reply_by")
    items = [item for item in event.data.get("items") or [] if item != event.reason]
    before = event.act == Act.REQUEST_COMPLETION
    # domain.md 4: signed by who guides at the counter, by the head of the unit during processing.
    signs = before or event.actor_role == Role.HEAD
    return SupplementRequest(
        **common,
        items=items_of(items),
        reason=reason_of(event),
        reply_by=wording.long_date(dt.date.fromisoformat(reply_by)) if reply_by else "",
        contact=contact_of(slip),
        signer_title=gettext("NGƯỜI HƯỚNG DẪN") if before else gettext("THỦ TRƯỞNG ĐƠN VỊ"),
        signer=common["officer"] if signs else "",
        round=wording.count(asked.number) if asked and not before else "",
    )


def _round_of(slip: PaperSlip) -> SupplementRound | None:
    return slip.dossier.supplement_rounds.filter(requested_at=slip.event.at).last()


def refusal(slip: PaperSlip, layout: Layout, common: dict[str, Any]) -> Refusal:
    """Read Mẫu 03."""
    return Refusal(**common, reason=reason_of(slip.event), contact=contact_of(slip))


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement(Paper):
    """Xác nhận đã nhận hồ sơ nộp trực tuyến: before any acceptance, and no promise of a date."""

    papers: tuple[PaperRow, ...]
    submitted: str
    answer_by: str

    @property
    def density(self) -> str:
        """ "dense" where smaller letters bring the paper onto one page, else "normal"."""
        return "dense" if EASY_LINES < lines_of(self.papers) <= MOST_LINES else "normal"


def acknowledgement(slip: PaperSlip, layout: Layout, common: dict[str, Any]) -> Acknowledgement:
    """Read the answer to a submission online (T02), with the time by which an officer answers."""
    # NĐ 45/2020: 8 working hours from the system's receipt, its own clock (domain.md 3.2).
    answer = calendar_of(slip.dossier.receiving_agency).add_working_minutes(
        timezone.localtime(slip.event.at), ANSWER_MINUTES
    )
    return Acknowledgement(
        **common,
        papers=papers_of(slip),
        submitted=wording.long_moment(slip.event.at),
        answer_by=wording.long_moment(answer),
    )


def control_slip(slip: PaperSlip, layout: Layout, common: dict[str, Any]) -> ControlSlip:
    """Read the control slip from the events up to the slip's own.

    Runs two queries, one more where somebody acted for another.
    """
    dossier = slip.dossier
    events = list(
        dossier.events.filter(seq__lte=slip.event.seq)
        .select_related("actor", "holder_agency", "holder_officer")
        .order_by("seq")
    )
    asked = {
        event.data.get("agency")
        for event in events
        if event.act == Act.CONSULT and isinstance(event.data.get("agency"), int)
    }
    names = Agency.objects.filter(pk__in=asked).order_by("name_sort") if asked else ()
    return ControlSlip(
        **common,
        received=wording.long_moment(dossier.received_at) if dossier.received_at else "",
        due=wording.long_moment(slip.due_at) if slip.due_at else gettext("không hẹn ngày"),
        settling_agency=wording.plain(dossier.competent_agency.name),
        consulted=", ".join(wording.plain(agency.name) for agency in names) or gettext("không"),
        hops=_hops(dossier, events, _principals(events)),
    )


def _principals(events: list[DossierEvent]) -> dict[int, str]:
    """Return the names of those for whom something was done by delegation, by their ids."""
    ids = {of for event in events if isinstance(of := event.data.get("on_behalf_of"), int)}
    if not ids:
        return {}
    return dict(Officer.objects.filter(pk__in=ids).values_list("pk", "full_name"))


def _who_acted(event: DossierEvent, principals: dict[int, str]) -> str:
    """Return who did an act, and for whom: "Trần A, thay mặt Lê B"; empty for the machine."""
    if event.actor is None:
        return ""
    name = wording.plain(event.actor.full_name)
    principal = principals.get(event.data.get("on_behalf_of", 0), "")
    if not principal:
        return name
    return gettext("%(name)s, thay mặt %(principal)s") % {
        "name": name,
        "principal": wording.plain(principal),
    }


def _hops(
    dossier: Dossier, events: list[DossierEvent], principals: dict[int, str]
) -> tuple[Hop, ...]:
    """Return one row for each change of agency or officer, from the reception on."""
    spans: list[list[DossierEvent]] = []
    held: tuple[int, int | None] | None = None
    for event in events:
        holder = (event.holder_agency_id, event.holder_officer_id)
        if holder == held:
            spans[-1].append(event)
        elif held is not None or event.act in {Act.RECEIVE, Act.SETTLE_AT_ONCE}:
            held = holder
            spans.append([event])
    return tuple(
        _hop(dossier, span, spans[place + 1][0] if place + 1 < len(spans) else None, principals)
        for place, span in enumerate(spans)
    )


def _hop(
    dossier: Dossier,
    span: list[DossierEvent],
    handed_on: DossierEvent | None,
    principals: dict[int, str],
) -> Hop:
    """Return the row of one holder: `span` are the acts while it held the dossier."""
    first = span[0]
    note = str(Act(first.act).label)
    if first.act in {Act.RECEIVE, Act.SETTLE_AT_ONCE}:
        giver, taker = wording.plain(dossier.owner_name), _who_acted(first, principals)
        taken_at: dt.datetime | None = first.at
    else:
        giver = _who_acted(first, principals)
        # Whom the dossier was given to by name has it at once; an agency has it when it first acts.
        later = span[1] if len(span) > 1 else handed_on
        if first.holder_officer:
            taker, taken_at = wording.plain(first.holder_officer.full_name), first.at
        else:
            taker = _who_acted(later, principals) if later else ""
            taken_at = later.at if later else None
    return Hop(
        place=wording.plain(first.holder_agency.name),
        given=wording.short_moment(first.at),
        giver=giver,
        taken=wording.short_moment(taken_at) if taken_at else "",
        taker=taker,
        outcome=_outcome(span, handed_on),
        note=note,
    )


def _outcome(span: list[DossierEvent], handed_on: DossierEvent | None) -> str:
    """Return how the holder kept its time: trước hạn, đúng hạn, quá hạn (domain.md 3.7, 4).

    Judged when the dossier is handed on, by the step's own time where the act that gave it set one
    (`step_due_at` in its data), by the dossier's where it ended the processing. A holder without a
    time of its own is late only where it kept the dossier past the promised date.
    """
    first = span[0]
    if first.to_state in ENDED_STATES or handed_on is None:
        return ""
    step_due = moment_in(first.data, "step_due_at")
    ended = handed_on.to_state in ENDED_STATES
    due = step_due or handed_on.due_at
    if step_due is None and not ended:
        if due is None:
            return ""
        return gettext("Quá hạn") if handed_on.at > due else gettext("Trong hạn")
    words = {
        deadlines.Timeliness.EARLY: gettext("Trước hạn"),
        deadlines.Timeliness.ON_TIME: gettext("Đúng hạn"),
        deadlines.Timeliness.LATE: gettext("Quá hạn"),
    }
    judged = deadlines.timeliness(due, handed_on.at)
    return words.get(judged, "") if judged else ""
