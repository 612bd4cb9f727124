"""What the events of a dossier tell: its timeline, its pauses, whose time was used. No query of its own."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db.models import IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.templatetags.motcua import vn_date, vn_datetime, vn_number
from agencies.models import Officer
from dossiers import deadlines
from dossiers.deadlines import Hold
from dossiers.models import Dossier, DossierEvent, Entry, Pause
from dossiers.next_acts import ICONS
from dossiers.workflow import PAUSED_STATES, Act, ClockEffect, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agencies.working_time import Calendar

# What is written down within this time of happening was written down at once.
LATE_AFTER = dt.timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline, as templates/_timeline.html wants it."""

    title: str
    when: str
    who: str
    note: str = ""
    icon_name: str = ""
    step: str = "done"
    clock: str = ""
    link_url: str = ""
    link_text: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """The working time one holder used between receipt and end."""

    name: str
    tone: str
    minutes: int
    percent: float

    @property
    def hours(self) -> float:
        return self.minutes / 60


def with_principals(events: QuerySet[DossierEvent]) -> QuerySet[DossierEvent]:
    """Annotate `principal_name`: for whom an act was done, null for who acted for themselves."""
    names = Officer.objects.filter(pk=OuterRef("principal_id"))
    return events.annotate(
        principal_id=Cast(KT("data__on_behalf_of"), IntegerField()),
    ).annotate(principal_name=Subquery(names.values("full_name")[:1]))


def pauses_of(events: Iterable[DossierEvent]) -> list[Pause]:
    """Return the pauses as the events tell them; the rows say the same and cost a query."""
    found: list[Pause] = []
    for event in events:
        if event.clock_effect == ClockEffect.PAUSE:
            found.append(Pause(state=event.to_state, started_at=event.at))
        elif found and found[-1].ended_at is None and event.clock_effect != ClockEffect.NONE:
            found[-1].ended_at = event.at
            found[-1].restarts = event.clock_effect == ClockEffect.RESTART
    return found


def timeline(
    dossier: Dossier, events: Sequence[DossierEvent], papers: Mapping[int, tuple[str, str]]
) -> list[Line]:
    """Return the timeline, newest first; `papers` gives (url, text) of what an event issued."""
    entries = []
    due: dt.datetime | None = None
    for event in events:
        url, text = papers.get(event.pk, ("", ""))
        effect = ClockEffect(event.clock_effect)
        act = Act(event.act)
        entries.append(
            Line(
                title=_title(str(act.label), effect),
                when=vn_datetime(event.at),
                who=_who(dossier, event, due),
                note=_note(event),
                icon_name="pause" if effect is ClockEffect.PAUSE else ICONS.get(act, "check"),
                step="current" if event is events[-1] and not dossier.settled_at else "done",
                clock={"pause": "pause", "resume": "resume", "restart": "resume"}.get(effect, ""),
                link_url=url,
                link_text=text,
            )
        )
        due = event.due_at or due
    return entries[::-1]


def _title(act: str, effect: ClockEffect) -> str:
    if effect is ClockEffect.START:
        return _("%(act)s, đồng hồ bắt đầu chạy") % {"act": act}
    if effect is ClockEffect.PAUSE:
        return _("%(act)s, đồng hồ dừng") % {"act": act}
    if effect is ClockEffect.RESUME:
        return _("%(act)s, đồng hồ chạy tiếp") % {"act": act}
    if effect is ClockEffect.RESTART:
        return _("%(act)s, đồng hồ tính lại từ đầu") % {"act": act}
    if effect in {ClockEffect.STOP, ClockEffect.START_STOP}:
        return _("%(act)s, đồng hồ kết thúc") % {"act": act}
    return act


def _who(dossier: Dossier, event: DossierEvent, due_before: dt.datetime | None) -> str:
    agency = event.agency.label
    if event.actor is None:
        parts = [_("Hệ thống, %(agency)s") % {"agency": agency}]
    else:
        parts = [
            _("%(name)s, %(role)s, %(agency)s")
            % {
                "name": event.actor.full_name,
                "role": event.get_actor_role_display().lower(),
                "agency": agency,
            }
        ]
    principal = getattr(event, "principal_name", None)
    if principal:
        parts.append(_("thay mặt %(name)s") % {"name": principal})
    if event.act == Act.ASSIGN and event.holder_officer:
        parts.append(_("giao cho %(name)s") % {"name": event.holder_officer.full_name})
    if event.due_at and due_before and event.due_at != due_before:
        parts.append(
            _("hẹn trả %(before)s chuyển thành %(after)s")
            % {"before": vn_date(due_before), "after": vn_date(event.due_at)}
        )
    is_live = dossier.entry in {Entry.LIVE, Entry.LATE}
    if is_live and event.recorded_at - event.at > LATE_AFTER:
        parts.append(_("nhập muộn, ghi lúc %(when)s") % {"when": vn_datetime(event.recorded_at)})
    return " · ".join(parts)


# What an act's data says to a reader beside its reason.
_SAID = {
    "asked": _lazy("Đề nghị: %(value)s"),
    "declined": _lazy("Không chấp thuận: %(value)s"),
    "retracted": _lazy("Rút đề nghị: %(value)s"),
    "question": _lazy("Câu hỏi: %(value)s"),
    "answer_by": _lazy("Trả lời trước hết ngày %(value)s"),
    "amount_vnd": _lazy("Số tiền %(value)s đồng"),
    "payee": _lazy("Nơi thu: %(value)s"),
    "notice_number": _lazy("Thông báo số %(value)s"),
    "pay_by": _lazy("Hạn nộp %(value)s"),
    "served_on": _lazy("Đã giao thông báo ngày %(value)s"),
    "receipt_number": _lazy("Biên lai số %(value)s"),
    "received_vnd": _lazy("Đã nhận %(value)s đồng"),
    "missing_vnd": _lazy("Còn thiếu %(value)s đồng"),
    "excess_vnd": _lazy("Thừa %(value)s đồng, chờ hoàn trả"),
    "exempt_vnd": _lazy("Miễn, giảm %(value)s đồng"),
    "called_off_vnd": _lazy("Thôi thu %(value)s đồng"),
    "refund_vnd": _lazy("Phải hoàn trả %(value)s đồng"),
    "legal_basis": _lazy("Căn cứ: %(value)s"),
    "resume_expected": _lazy("Dự kiến tiếp tục %(value)s"),
    "new_due": _lazy("Hẹn lại %(value)s"),
    "corrected_by": _lazy("Hồ sơ đính chính %(value)s"),
    "corrects": _lazy("Đính chính hồ sơ %(value)s"),
}


def _told(value: Any) -> str:
    """Say a value of an event's data: a day, a moment, an act or an amount in the reader's words."""
    if isinstance(value, int):
        return vn_number(value)
    text = str(value)
    if text in Act.values:
        return str(Act(text).label)
    try:
        return vn_date(dt.datetime.fromisoformat(text))
    except ValueError:
        return text


def _note(event: DossierEvent) -> str:
    said = [event.reason] if event.reason else []
    said += [
        text % {"value": _told(event.data[key])}
        for key, text in _SAID.items()
        if event.data.get(key)
    ]
    items = event.data.get("items")
    if isinstance(items, list):
        said += [str(item) for item in items if str(item) != event.reason]
    return "; ".join(said)


class HolderKind(StrEnum):
    """Who may hold a dossier: the applicant while the clock stands, else the administration."""

    APPLICANT = "applicant"
    OFFICER = "officer"
    AGENCY = "agency"


@dataclass(frozen=True, slots=True)
class Holder:
    """Người giữ: the officer who has the dossier, else the agency; the applicant while it waits."""

    kind: HolderKind
    name: str
    agency_id: int | None = None
    agency_name: str = ""
    officer_id: int | None = None


def holds_of(events: Iterable[DossierEvent]) -> list[Hold[Holder]]:
    """Return who held a dossier from when, in the order of its events; no query."""
    return [Hold(event.at, _holder_after(event)) for event in events]


def _holder_after(event: DossierEvent) -> Holder:
    if State(event.to_state) in PAUSED_STATES:
        return Holder(HolderKind.APPLICANT, _("Người dân (đồng hồ dừng)"))
    agency = event.holder_agency
    if event.holder_officer is None:
        return Holder(HolderKind.AGENCY, agency.label, agency.pk, agency.label)
    officer = event.holder_officer
    name = f"{officer.full_name}, {agency.label}"
    return Holder(HolderKind.OFFICER, name, agency.pk, agency.label, officer.pk)


def clock_ends(dossier: Dossier, now: dt.datetime) -> dt.datetime:
    """Return up to when a received dossier's time is somebody's: its end, else now."""
    return min(dossier.settled_at or now, now)


def time_of_holders(
    dossier: Dossier, events: Iterable[DossierEvent], now: dt.datetime, calendar: Calendar
) -> dict[Holder, int]:
    """Return the working minutes since receipt by who held the dossier (design.md 4.8).

    They add up to the working minutes between receipt and `clock_ends` exactly.
    """
    if dossier.received_at is None:
        return {}
    end = clock_ends(dossier, now)
    return deadlines.shares(holds_of(events), dossier.received_at, end, calendar)


def tone_of(holder: Holder, dossier: Dossier) -> str:
    """Return how a holder's time is drawn: the applicant's, the settling agency's, another's."""
    if holder.kind is HolderKind.APPLICANT:
        return "paused"
    return "brand" if holder.agency_id == dossier.competent_agency_id else "soft"


def shares(
    dossier: Dossier, events: Sequence[DossierEvent], now: dt.datetime, calendar: Calendar
) -> list[Share]:
    """Return which agency used the working time since receipt, most first; the applicant apart."""
    minutes: dict[tuple[str, str], int] = {}
    for holder, held in time_of_holders(dossier, events, now, calendar).items():
        name = holder.name if holder.kind is HolderKind.APPLICANT else holder.agency_name
        key = (name, tone_of(holder, dossier))
        minutes[key] = minutes.get(key, 0) + held
    total = sum(minutes.values())
    ranked = sorted(minutes.items(), key=lambda pair: -pair[1])
    return [Share(name, tone, used, 100 * used / total) for (name, tone), used in ranked]
