"""What a reader may ask of the table: the period, the agency, the grouping."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.models import Agency
from reports import periods
from reports.periods import Period, PeriodError, Span, System
from reports.settlement import By, Counted

FREE = "free"
TYPED_DAY = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})", re.ASCII)
# How many periods of a span the list offers; any older one is a free range or its own address.
OFFERED = {Span.MONTH: 13, Span.QUARTER: 5, Span.HALF: 3, Span.YEAR: 3}


class DayField(forms.CharField):
    """A day typed as 22/11/2026, or as a link carries it, 2026-11-22.

    Plain text: a browser's own date control writes the day as the browser's language does, and an
    English one would show 11/22.
    """

    def __init__(self, label: str) -> None:
        super().__init__(
            label=label,
            required=False,
            widget=forms.TextInput(
                attrs={
                    "size": 10,
                    "inputmode": "numeric",
                    "autocomplete": "off",
                    "placeholder": _("ngày/tháng/năm"),
                }
            ),
        )

    def clean(self, value: Any) -> Any:
        """Return the day, or None when nothing was typed."""
        text = super().clean(value)
        if not text:
            return None
        typed = _iso(text)
        if not typed[:1].isdigit() or len(typed) != len("2026-11-22"):
            raise forms.ValidationError(_("Không đọc được ngày, viết như 22/11/2026."))
        try:
            return periods.parse_day(typed)
        except PeriodError as error:
            raise forms.ValidationError(str(error)) from error


def _iso(text: str) -> str:
    """Return a typed 22/11/2026 as 2026-11-22; anything else as it is."""
    text = text.strip()
    match = TYPED_DAY.fullmatch(text)
    return f"{match[3]}-{match[2]:0>2}-{match[1]:0>2}" if match else text


def _days_shown(days: dict[str, str]) -> str:
    """Return both days as one text, to be compared and not read."""
    return f"{days['from']}~{days['to']}"


def _typed(text: str) -> str:
    """Return a day of a link as one types it; anything else as it is."""
    try:
        return f"{periods.parse_day(text):%d/%m/%Y}"
    except PeriodError:
        return text


class SettlementForm(forms.Form):
    """The picker above the table; read from the address, so that a report can be sent as a link."""

    period = forms.CharField(label=gettext_lazy("Kỳ"), required=False, max_length=20)
    agency = forms.ChoiceField(label=gettext_lazy("Cơ quan"), required=False)
    by = forms.ChoiceField(
        required=False,
        choices=[(by.value, by.value) for by in By],
        widget=forms.HiddenInput,
        error_messages={
            "invalid_choice": gettext_lazy("Chỉ nhóm theo lĩnh vực hoặc theo cơ quan.")
        },
    )

    place = forms.ChoiceField(
        required=False,
        choices=[(each.value, each.value) for each in Counted],
        widget=forms.HiddenInput,
        error_messages={
            "invalid_choice": gettext_lazy("Chỉ tính theo cơ quan giải quyết hoặc nơi tiếp nhận.")
        },
    )

    def __init__(
        self, data: Any, *, today: date, in_sight: Sequence[Agency], shown: Agency
    ) -> None:
        """`shown` is the agency of the table, already found in sight."""
        # A bare address is the running month of the whole of what the reader sees.
        asked = {name: data.get(name, "") for name in ("period", "from", "to", "by", "place")}
        if not asked["period"]:
            given = asked["from"] or asked["to"]
            running = periods.containing(System.REPORTING, Span.MONTH, today)
            asked["period"] = FREE if given else running.code
        self.resolved = self._resolve(asked["period"])
        if self.resolved is not None:
            # A named period fills in its own days.
            own = {
                "from": self.resolved.start.isoformat(),
                "to": self.resolved.end.isoformat(),
            }
            days = {name: _iso(asked[name]) or own[name] for name in own}
            if days != own and _days_shown(days) != data.get("shown", ""):
                # Days typed over those the page filled in are meant: they win over the name.
                self.resolved, asked["period"] = None, FREE
                asked |= {name: asked[name] or own[name] for name in own}
            else:
                asked |= own
        # The days as they stand in the fields: sent along, they tell typed days from filled in ones.
        self.shown = _days_shown({name: _iso(asked[name]) for name in ("from", "to")})
        for name in ("from", "to"):
            asked[name] = _typed(asked[name])
        super().__init__(asked | {"agency": shown.code})
        self.fields["period"].widget = forms.Select(choices=_period_choices(today, self.resolved))
        self.fields["agency"].choices = _agency_choices(in_sight)  # type: ignore[attr-defined]
        self.fields["from"] = DayField(_("Từ ngày"))
        self.fields["to"] = DayField(_("Đến ngày"))
        self.order_fields(["period", "from", "to", "agency", "by", "place"])

    @staticmethod
    def _resolve(code: str) -> Period | None:
        try:
            return periods.from_code(code)
        except PeriodError:
            return None

    def clean(self) -> dict[str, Any]:
        """Put the period and the grouping together; name the field that stands in the way."""
        found: dict[str, Any] = super().clean() or {}
        if self.resolved is not None:
            found["period"] = self.resolved
        elif found.get("period") != FREE:
            self.add_error("period", _("Không có kỳ báo cáo này."))
        elif "from" in found and "to" in found:
            for name in ("from", "to"):
                if found[name] is None:
                    self.add_error(name, _("Chọn ngày."))
            if not self.errors:
                try:
                    found["period"] = periods.free(found["from"], found["to"])
                except PeriodError as error:
                    self.add_error("to", str(error))
        found["by"] = By(found.get("by") or By.SECTOR)
        found["place"] = Counted(found.get("place") or Counted.SETTLING)
        return found


def _period_choices(today: date, resolved: Period | None) -> list[tuple[str, Any]]:
    """Return the recent periods of both systems in groups, the free range last."""
    groups: list[tuple[str, Any]] = []
    offered: set[str] = set()
    for system, spans in periods.SPANS.items():
        for span in spans:
            recent = periods.recent(system, span, today, OFFERED[span])
            offered.update(period.code for period in recent)
            groups.append(
                (
                    f"{system.label}: {_span_label(span)}",
                    [(period.code, f"{period.label} ({period.days_label})") for period in recent],
                )
            )
    groups.append((System.FREE.label, [(FREE, _("Chọn ngày đầu và ngày cuối"))]))
    if resolved is not None and resolved.code not in offered:
        title = f"{resolved.label} ({resolved.days_label})"
        groups.insert(0, (resolved.system.label, [(resolved.code, title)]))
    return groups


def _span_label(span: Span) -> str:
    return {
        Span.MONTH: _("tháng"),
        Span.QUARTER: _("quý"),
        Span.HALF: _("6 tháng"),
        Span.YEAR: _("năm"),
    }[span]


def _agency_choices(in_sight: Sequence[Agency]) -> list[tuple[str, str]]:
    """Return the agencies as a tree: each below its parent, moved in by its depth."""
    choices = []
    open_paths: list[str] = []
    for agency in in_sight:
        while open_paths and not (open_paths[-1] and agency.path.startswith(open_paths[-1])):
            open_paths.pop()
        choices.append((agency.code, "\u2003" * len(open_paths) + agency.label))
        open_paths.append(agency.path)
    return choices
