"""A dossier as a row of a list: its clock in words, its address, what to do with it next."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.templatetags.motcua import vn_date, vn_datetime
from dossiers import deadlines, next_acts
from dossiers.deadlines import Timeliness
from dossiers.recording import open_acts
from dossiers.workflow import INTAKE_STATES, Act, State
from procedures.models import Channel

if TYPE_CHECKING:
    from agencies.models import Officer
    from agencies.working_time import Calendar
    from dossiers.models import Dossier, DossierQuerySet

MOST_WORDS = 24
_ANY_CODE = "ANY-CODE"


@dataclass(frozen=True, slots=True)
class Clock:
    """How a dossier stands to its promise: the value of the badge and the words on it."""

    value: str
    text: str


@dataclass(frozen=True, slots=True)
class ActButton:
    """An act as a button: a form that posts at once, or a link to the page that asks first."""

    act: Act
    label: str
    url: str
    icon: str
    is_direct: bool
    is_grave: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an inbox, a list or a board."""

    dossier: Dossier
    url: str
    code: str
    state: State
    clock: Clock
    due: str
    procedure: str
    owner: str
    holder: str
    holder_agency: str  # where `holder` is a person
    button: ActButton | None = None
    buttons: list[ActButton] = field(default_factory=list)
    draft_url: str = ""
    since: str = ""
    why_url: str = ""  # where the due date is explained without leaving the page
    # By how much the internal step is late: a mark of its own beside the clock of the promise.
    late_step: str = ""


def slim(dossiers: DossierQuerySet) -> DossierQuerySet:
    """Read only what a row shows; anything else read from it asks the database once a row."""
    seen = dossiers.with_correction()
    return seen.select_related("procedure", "version", "holder_agency", "holder_officer").only(
        "code",
        "tracking_code",
        "owner_name",
        "state",
        "event_count",
        "channel",
        "submitted_at",
        "received_at",
        "due_at",
        "due_on",
        "due_statutory_at",
        "answer_by_at",
        "settled_at",
        "paused_at",
        "supplement_count",
        "payment_state",
        "due_promised_at",
        "reply_by",
        "reminded_at",
        "notice_served_on",
        "asked",
        "consulted_agencies",
        "is_chain",
        "parts_open",
        "parts_settled",
        "parts_undecided",
        "part_due_at",
        "parent",
        "receiving_agency",
        "competent_agency",
        "procedure__code",
        "procedure__name",
        "version__settles_at_once",
        "version__supplement_decided_by",
        "version__further_supplement_decided_by",
        "version__apology_signed_by",
        "version__signs_after_payment",
        "version__system_of_record",
        "version__lapse_grace_days",
        "version__lapse_warning_days",
        "holder_agency__name",
        "holder_agency__short_name",
        "holder_officer__full_name",
    )


def address(dossier: Dossier) -> str:
    """Return the page of a dossier; an old code that no address can hold gives way to the other."""
    return _pattern("dossier-detail").replace(_ANY_CODE, address_code(dossier))


@functools.cache
def _pattern(url_name: str) -> str:
    """Return an address with a place for the code: resolved once, not for every row and act."""
    return reverse(url_name, args=[_ANY_CODE])


def address_code(dossier: Dossier) -> str:
    """Return the code that stands in addresses: imported codes may carry a slash or a blank."""
    code = dossier.code
    if code and code.isascii() and code.replace("-", "").replace(".", "").isalnum():
        return code
    return dossier.tracking_code


def act_url_name(act: Act) -> str:
    """Return the URL name of an act: dossier-request-supplement."""
    return f"dossier-{act.value.replace('_', '-')}"


def act_url(dossier: Dossier, act: Act) -> str:
    return _pattern(act_url_name(act)).replace(_ANY_CODE, address_code(dossier))


def button_for(dossier: Dossier, act: Act) -> ActButton:
    return ActButton(
        act=act,
        label=_label(dossier, act),
        url=act_url(dossier, act),
        icon=next_acts.ICONS.get(act, "right"),
        is_direct=act not in dossier.asked and not next_acts.asks_first(act),
        is_grave=act in next_acts.GRAVE,
    )


def _label(dossier: Dossier, act: Act) -> str:
    if act in dossier.asked:
        # Decided with what who asked filled in before one's eyes.
        return _("Quyết định: %(act)s") % {"act": act.label}
    if act is Act.ASSIGN and dossier.state != State.AWAITING_ASSIGNMENT:
        return _("Phân công lại")
    return str(act.label)


def asking_button(dossier: Dossier, act: Act) -> ActButton:
    """Return the button that puts an act before those who decide it."""
    return ActButton(
        act=act,
        label=_("Đề nghị: %(act)s") % {"act": act.label},
        url=act_url(dossier, act),
        icon="arrow",
        is_direct=False,
        is_grave=False,
    )


def buttons_of(dossier: Dossier, officer: Officer) -> list[ActButton]:
    """Return what the officer may do now, the act that leads on first. Asks nothing.

    A draft is submitted by one button, named after the door it came in by: the service does the
    same for both.
    """
    acts = next_acts.in_order(open_acts(dossier, officer), State(dossier.state), dossier.asked)
    if dossier.state == State.DRAFT:
        other = Act.REGISTER if dossier.channel == Channel.ONLINE else Act.SUBMIT
        acts = [act for act in acts if act is not other]
    return [button_for(dossier, act) for act in acts]


def first_of(dossier: Dossier, buttons: list[ActButton]) -> ActButton | None:
    """Return the one act that is expected next of those that are open, None if there is none."""
    if not buttons:
        return None
    act = buttons[0].act
    expected = act in dossier.asked or not next_acts.turns_aside(act, State(dossier.state))
    return buttons[0] if expected else None


def draft_url(dossier: Dossier, buttons: list[ActButton]) -> str:
    """Return where one goes on with a draft, empty when it is none or not the officer's to submit."""
    if dossier.state != State.DRAFT or not any(
        button.act in {Act.SUBMIT, Act.REGISTER} for button in buttons
    ):
        return ""
    return f"{reverse('desk')}?nhap={dossier.tracking_code}"


def holder_of(dossier: Dossier) -> str:
    """Name who holds it: the person where one does, else the agency."""
    if dossier.holder_officer is not None:
        return dossier.holder_officer.full_name
    return dossier.holder_agency.label


def _cut(name: str) -> str:
    """Cut the name of a procedure, which may be a paragraph, to what fits a row."""
    words = name.split()
    return " ".join(words if len(words) <= MOST_WORDS else [*words[:MOST_WORDS], "…"])


def clock_of(dossier: Dossier, now: dt.datetime, calendar: Calendar) -> Clock:
    """Say how a dossier stands to its promise now."""
    if dossier.state == State.DRAFT:
        return Clock("none", _("Chưa nộp"))
    if dossier.received_at is None:
        return _intake_clock(dossier, now, calendar)
    due_at = dossier.judged_due_at(now)
    settled = deadlines.timeliness(due_at, dossier.settled_at)
    if settled is not None:
        words = {
            Timeliness.EARLY: _("Trước hạn"),
            Timeliness.ON_TIME: _("Đúng hạn"),
            Timeliness.LATE: _("Trễ hạn"),
        }
        return Clock(settled.value, words[settled])
    if dossier.is_paused:
        return Clock(Timeliness.PAUSED.value, _("Đang dừng"))
    clock = _running_clock(due_at, now, calendar, get_language())
    by_law = dossier.due_statutory_at
    if by_law is not None and by_law != dossier.due_at and by_law < now:
        # domain.md 3.10: past the committed date it is overdue, past the law's it is so twice.
        return Clock(clock.value, _("%(late)s, quá cả hạn theo luật") % {"late": clock.text})
    return clock


@functools.lru_cache(maxsize=256)  # the rows of a page fall due on few days, at the same hour
def _running_clock(
    due_at: dt.datetime | None, now: dt.datetime, calendar: Calendar, language: str | None
) -> Clock:
    value = deadlines.live(due_at, now, calendar)
    text = deadlines.remaining(due_at, now, calendar).text
    if value is Timeliness.TODAY and due_at is not None:
        text = _("Hôm nay, trước %(time)s") % {"time": f"{timezone.localtime(due_at):%H:%M}"}
    elif value is Timeliness.NONE:
        text = _("Không hẹn ngày")
    return Clock(value.value, text)


def _intake_clock(dossier: Dossier, now: dt.datetime, calendar: Calendar) -> Clock:
    """Say by when a submission must be answered: 8 working hours (domain.md 2.5, T02)."""
    if dossier.state not in INTAKE_STATES or dossier.state == State.REFUSED:
        return Clock("none", _("Đã kết thúc"))
    if dossier.state == State.AWAITING_COMPLETION:
        return Clock("paused", _("Chờ người nộp"))
    if dossier.submitted_at is None:
        return Clock("none", _("Chưa nộp"))
    # Rows written before the timer was kept have none: it started when they were submitted.
    answer_by = dossier.answer_by_at or deadlines.answer_by(dossier.submitted_at, calendar)
    if answer_by < now:
        return Clock("overdue", _("Quá 8 giờ chưa trả lời"))
    return Clock("soon", _("Trả lời trước %(when)s") % {"when": vn_datetime(answer_by)})


def row_of(
    dossier: Dossier,
    now: dt.datetime,
    calendar: Calendar,
    officer: Officer | None = None,
    *,
    why: str = "",
    late_step: str = "",
) -> Row:
    """Arrange a dossier of `slim` as a row; with an officer, their next act at its end.

    `why` is the address that explains the date of the dossier whose code is appended to it.
    """
    buttons = buttons_of(dossier, officer) if officer else []
    first = first_of(dossier, buttons)
    annotated: Any = dossier
    since = getattr(annotated, "last_event_at", None)
    return Row(
        dossier=dossier,
        url=address(dossier),
        code=dossier.public_code,
        state=State(dossier.state),
        clock=clock_of(dossier, now, calendar),
        # In words already: a template takes ten times as long to fill in a translated sentence.
        due=_("hẹn %(day)s") % {"day": vn_date(dossier.due_on)} if dossier.due_on else "",
        procedure=_cut(dossier.procedure.name),
        owner=dossier.owner_name,
        holder=holder_of(dossier),
        holder_agency=dossier.holder_agency.label if dossier.holder_officer else "",
        button=first,
        buttons=buttons,
        draft_url=draft_url(dossier, buttons),
        since=_("từ %(when)s") % {"when": vn_datetime(since)} if since else "",
        why_url=f"{why}{address_code(dossier)}#vi-sao" if why and dossier.due_on else "",
        late_step=late_step,
    )
