"""The tags and filters of the house, in the lowest app so that every template may load them.

`{% load motcua %}` gives icons, badges, the explained due date, places of the navigation, small
charts, and the way a date, a number or a masked fact is written in Vietnamese.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django import template
from django.core.paginator import Paginator
from django.forms import BoundField
from django.template import Context
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from accounts import day_strip, events
from accounts.models import AccountEvent
from accounts.personal_data import mask_name, mask_number

register = template.Library()

# domain.md 2.4: which sign stands for which state. Tones live in components/badge.css.
STATE_ICONS = {
    "draft": "pen",
    "submitted": "inbox",
    "awaiting-completion": "fileadd",
    "refused": "refuse",
    "received": "file",
    "awaiting-assignment": "users",
    "in-progress": "user",
    "consulting": "chat",
    "awaiting-supplement": "fileadd",
    "awaiting-payment": "coin",
    "suspended": "pause",
    "awaiting-signature": "pen",
    "signed": "stamp",
    "settled": "check",
    "returned": "good",
    "withdrawal-requested": "undo",
    "withdrawn": "undo",
    "stopped": "stop",
}
TIMELINESS_ICONS = {
    "in-time": "clock",
    "soon": "soon",
    "today": "soon",
    "overdue": "overdue",
    "paused": "pause",
    "early": "good",
    "on-time": "good",
    "late": "overdue",
    "none": "calendar",
}
NO_VALUE = "–"


# Signs


@register.simple_tag
@functools.lru_cache(maxsize=256)  # a list of fifty rows draws two hundred, of a dozen kinds
def icon(name: str, extra: str = "") -> SafeString:
    """Draw an icon of the sprite; it says nothing by itself and always stands beside a word."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#i-{}"></use></svg>',
        f" {extra}" if extra else "",
        static("icons.svg"),
        name,
    )


@register.simple_tag
def motif(name: str) -> SafeString:
    """Draw the horizon of palms and water: "hero" on the citizen's side, "rail" in the office."""
    box = {"hero": "0 0 1440 190", "rail": "0 0 200 92"}[name]
    return format_html(
        '<svg class="motif" viewBox="{}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        box,
        static("motif.svg"),
        name,
    )


@register.simple_tag
def state_badge(dossier_or_state: Any, label: str = "") -> SafeString:
    """Show where a dossier stands: give the dossier, a member of State, or a value and its label.

    Raises ValueError for a state without a sign, and for a bare value without a label.
    """
    state = getattr(dossier_or_state, "state", dossier_or_state)
    if not label and state is not dossier_or_state:
        label = dossier_or_state.get_state_display()
    label = label or getattr(state, "label", "")
    value = str(getattr(state, "value", state)).replace("_", "-")
    if value not in STATE_ICONS or not label:
        raise ValueError(f"no badge for state {value!r} with label {label!r}")
    return _badge("state", value, STATE_ICONS[value], conditional_escape(label))


@register.simple_tag
def timeliness_badge(value: str, text: str) -> SafeString:
    """Show how a dossier stands to its promise; raises ValueError for a value without a sign."""
    value = str(value).replace("_", "-")
    if value not in TIMELINESS_ICONS:
        raise ValueError(f"no badge for timeliness {value!r}")
    return _badge("timeliness", value, TIMELINESS_ICONS[value], conditional_escape(text))


# No template of its own, as little as `row_cells`: a list shows fifty rows, and a template takes
# ten times as long.
@functools.lru_cache(maxsize=512)
def _badge(axis: str, value: str, icon_name: str, words: SafeString) -> SafeString:
    return format_html(
        '<span class="badge" data-{}="{}">{}{}</span>', axis, value, icon(icon_name), words
    )


@register.inclusion_tag("_deadline.html")
def deadline(
    explanation: day_strip.Explanation | None, today: date, layout: str = ""
) -> dict[str, Any]:
    """Show every day from receipt to the promise, and what each one did to the clock."""
    return {
        "explanation": explanation,
        "strip": day_strip.arrange(explanation, today=today, layout=layout)
        if explanation is not None and explanation.days
        else None,
        "today": today,
    }


@register.simple_tag
def tick_cell(row: Any) -> SafeString:
    """Write the cell with the box that chooses a row for an act on several, in form "together"."""
    return format_html(
        '<td class="pick no-print" role="cell"><label class="tick">'
        '<input name="ho-so" type="checkbox" value="{}@{}" form="together">'
        '<span class="visually-hidden">{}</span></label></td>',
        row.code,
        row.dossier.event_count,
        row.code,
    )


@register.simple_tag
def row_cells(row: Any) -> SafeString:
    """Write the cells every list of dossiers begins with: clock, code, procedure and owner."""
    return format_html(
        '<td role="cell">{}{}</td>'
        '<td role="cell"><a class="code" href="{}">{}</a></td>'
        '<td class="wide" role="cell"><b>{}</b><span class="sub">{}</span></td>',
        timeliness_badge(row.clock.value, row.clock.text),
        _due_words(row),
        row.url,
        row.code,
        row.procedure,
        row.owner,
    )


def _due_words(row: Any) -> SafeString | str:
    """Write the date of a row, as a link where the page explains it."""
    if not row.due:
        return ""
    if not row.why_url:
        return format_html('<span class="sub">{}</span>', row.due)
    return format_html(
        '<span class="sub"><a href="{}">{}<span class="visually-hidden"> {} {}</span></a></span>',
        row.why_url,
        row.due,
        gettext("vì sao, hồ sơ"),
        row.code,
    )


# Places


@register.inclusion_tag("_place.html", takes_context=True)
def place(
    context: Context, url_name: str, icon_name: str, label: str, count: int | None = None
) -> dict[str, Any]:
    """Show one door of the navigation, marked when the reader stands in it.

    A page inside a place names it in its context as `place` (the URL name of that place). A door
    whose page is not wired is left out.
    """
    try:
        address = reverse(url_name)
    except NoReverseMatch:
        address = ""
    request = context.get("request")
    match = getattr(request, "resolver_match", None)
    current = ""
    if match is not None and match.view_name == url_name:
        current = "page"
    elif context.get("place") == url_name:
        current = "true"
    return {
        "address": address,
        "icon_name": icon_name,
        "label": label,
        "count": count,
        "current": current,
    }


@register.filter
def pages_around(paginator: Paginator[Any], number: int) -> list[int]:
    """List the pages to offer around one, with 0 where pages are left out."""
    return [
        page if isinstance(page, int) else 0
        for page in paginator.get_elided_page_range(number, on_each_side=1, on_ends=1)
    ]


# Forms


@register.filter
def field_kind(field: BoundField) -> str:
    """Tell how a field is laid out: "hidden", "check", "choices" (a fieldset) or "line"."""
    if field.is_hidden:
        return "hidden"
    if getattr(field.field.widget, "input_type", "") == "checkbox" and not field.use_fieldset:
        return "check"
    return "choices" if field.use_fieldset else "line"


@register.filter
def control(field: BoundField, extra: str = "") -> SafeString:
    """Render the widget in the class of the house; Django ties hint and error to it."""
    widget = field.field.widget
    classes = [widget.attrs.get("class", ""), extra]
    if field_kind(field) == "line":
        classes.insert(0, "input")
    joined = " ".join(filter(None, classes))
    attrs: dict[str, str | bool] = {"class": joined} if joined else {}
    return field.as_widget(attrs=attrs)


@register.filter
def error_count(form: Any) -> int:
    """Count what must be corrected: as many as the list below the number has lines."""
    return sum(len(faults) for faults in form.errors.values())


@register.filter
def event_detail(event: AccountEvent) -> str:
    """Say what a row of an account's history is about: which factor, role, agency, days."""
    return events.describe(event)


# Small charts: SVG whose lengths are attributes, because the policy of the page forbids style="".


@dataclass(frozen=True, slots=True)
class Segment:
    """One coloured part of a bar, in hundredths of its length."""

    tone: str
    start: str
    length: str


@register.inclusion_tag("_bar.html")
def bar(parts: Iterable[tuple[str, float | int]], label: str, total: float = 0) -> dict[str, Any]:
    """Draw a bar of parts: (tone, amount) with tone overdue, soon, brand, soft, paused, line.

    `total` is the amount a full bar stands for, left out: the sum. `label` says it in words.
    """
    amounts = [(tone, float(amount)) for tone, amount in parts]
    whole = float(total) or sum(amount for _, amount in amounts)
    segments = []
    at = 0.0
    for tone, amount in amounts:
        length = 100 * amount / whole if whole else 0.0
        if length > 0:
            gap = 0.4 if length > 1 and at + length < 99.9 else 0.0
            segments.append(Segment(tone, f"{at:.2f}", f"{length - gap:.2f}"))
        at += length
    return {"segments": segments, "label": label}


@register.inclusion_tag("_spark.html")
def spark(values: Sequence[float | int | Decimal], label: str) -> dict[str, Any]:
    """Draw the small line of a trend, oldest value first; `label` says it in words."""
    numbers = [float(value) for value in values]
    low, high = min(numbers, default=0.0), max(numbers, default=0.0)
    span = (high - low) or 1.0
    step = 88 / max(1, len(numbers) - 1)
    points = [
        (f"{4 + step * index:.1f}", f"{24 - 20 * (value - low) / span:.1f}")
        for index, value in enumerate(numbers)
    ]
    return {
        "points": " ".join(f"{x},{y}" for x, y in points),
        "last": points[-1] if points else None,
        "label": label,
    }


@register.inclusion_tag("_light.html")
def light(level: str, text: str) -> dict[str, str]:
    """Show whether a target is "met", "near" or "missed": the shape says it before the colour."""
    if level not in {"met", "near", "missed"}:
        raise ValueError(f"no light {level!r}")
    return {"level": level, "text": text}


# How a thing is written


def _local(value: date | datetime) -> date | datetime:
    if isinstance(value, datetime) and timezone.is_aware(value):
        return timezone.localtime(value)
    return value


@register.filter
def vn_date(value: date | datetime | None) -> str:
    """Write a day as 22/11/2026; an instant is taken in the local zone."""
    return f"{_local(value):%d/%m/%Y}" if value else ""


@register.filter
def vn_datetime(value: datetime | None) -> str:
    """Write an instant as "14:10, 20/11/2026" in the local zone."""
    return f"{_local(value):%H:%M, %d/%m/%Y}" if value else ""


@register.filter
def vn_time(value: datetime | None) -> str:
    """Write the hour of an instant as 17:00 in the local zone."""
    return f"{_local(value):%H:%M}" if value else ""


@register.filter
def vn_weekday_date(value: date | datetime | None) -> str:
    """Write a day as "thứ Hai 30/11/2026"; at the head of a sentence add |capfirst."""
    if not value:
        return ""
    day = _local(value)
    return f"{day_strip.weekday_within(day)} {day:%d/%m/%Y}"


def _decimal(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() else None


def _written(number: Decimal, decimals: int | None) -> str:
    if decimals is not None and number.adjusted() < 20:  # beyond it quantize would overflow
        number = number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    text = f"{number:,f}"
    if decimals is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.translate(str.maketrans(",.", ".,"))


@register.filter
def vn_number(value: float | Decimal | str | None, decimals: int | None = None) -> str:
    """Write a number as 45.981 or 1,5; what is missing or not a number is a dash."""
    number = _decimal(value)
    return NO_VALUE if number is None else _written(number, decimals)


@register.filter
def vn_percent(value: float | Decimal | str | None, decimals: int = 2) -> str:
    """Write a value given in percent as "99,40 %"; what is missing is a dash."""
    number = _decimal(value)
    return NO_VALUE if number is None else f"{_written(number, decimals)}\u00a0%"


@register.filter
def mask_id(value: str | None) -> str:
    """Write an identity or tax number with all but its last characters hidden (domain.md 9.2)."""
    return mask_number(value or "")


@register.filter
def mask_phone(value: str | None) -> str:
    """Write a telephone number with all but its last three figures hidden."""
    return mask_number(value or "")


@register.filter
def initials_name(value: str | None) -> str:
    """Write a person's name with its leading syllables cut: "N. T. Á. Tuyết"."""
    return mask_name(value or "")
