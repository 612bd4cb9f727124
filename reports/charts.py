"""Charts of a report as geometry: a template turns it into SVG, for the screen and for paper."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from reports.settlement import Settlement

LONGEST_CHART = 12  # rows: more no longer compare at a glance
NAME_LETTERS = 34
NAME_WIDTH, BAR_WIDTH, COUNT_WIDTH = 226, 470, 64  # of the drawing, in its own units
ROW_HEIGHT, BAR_HEIGHT, LEGEND_HEIGHT = 24, 14, 30


@dataclass(frozen=True, slots=True)
class Part:
    """One tone of a bar; on paper it is told apart by `shade` alone."""

    tone: str
    shade: str
    x: str
    width: str
    y: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: its name, its parts and the sum at its end."""

    name: str
    parts: tuple[Part, ...]
    total: int
    text_y: int
    total_x: str


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of the legend."""

    tone: str
    shade: str
    label: str
    x: int
    text_x: int


@dataclass(frozen=True, slots=True)
class StackedBars:
    """Settled dossiers of the largest rows, early, on time and late end to end."""

    bars: tuple[Bar, ...]
    legend: tuple[Key, ...]
    width: int
    height: int
    left_out: int
    label: str
    name_x: int = NAME_WIDTH - 10
    axis_x: int = NAME_WIDTH
    axis_y: int = LEGEND_HEIGHT - 2


# (tone on the screen, shade on paper): dark, light, and red that prints as the darkest grey but one.
TONES = (("brand", "#0f5964"), ("soft", "#a9cfd2"), ("overdue", "#b3261e"))


def settled_bars(report: Settlement) -> StackedBars | None:
    """Return the bars of the rows that settled most; None when nothing was settled."""
    busy = sorted(
        (row for row in report.rows if row.figures.settled_total),
        key=lambda row: (-row.figures.settled_total, row.name),
    )
    if not busy:
        return None
    shown = busy[:LONGEST_CHART]
    longest = shown[0].figures.settled_total
    bars = []
    for place, row in enumerate(shown):
        f = row.figures
        top = LEGEND_HEIGHT + place * ROW_HEIGHT + (ROW_HEIGHT - BAR_HEIGHT) // 2
        x = float(NAME_WIDTH)
        parts = []
        amounts = (f.settled_early, f.settled_on_time, f.settled_late)
        for (tone, shade), amount in zip(TONES, amounts, strict=True):
            if amount:
                # A late dossier among thousands must still be seen: at least one unit wide.
                width = max(1.0, BAR_WIDTH * amount / longest)
                parts.append(Part(tone, shade, f"{x:.1f}", f"{width:.1f}", top))
                x += width
        bars.append(
            Bar(
                _short(row.name),
                tuple(parts),
                f.settled_total,
                top + BAR_HEIGHT - 3,
                f"{x + 6:.1f}",
            )
        )
    totals = report.totals
    return StackedBars(
        bars=tuple(bars),
        legend=_legend(),
        width=NAME_WIDTH + BAR_WIDTH + COUNT_WIDTH,
        height=LEGEND_HEIGHT + len(bars) * ROW_HEIGHT + 4,
        left_out=len(busy) - len(shown),
        label=_(
            "Hồ sơ đã giải quyết: %(early)d trước hạn, %(on_time)d đúng hạn, %(late)d quá hạn. "
            "Số của từng dòng ở bảng."
        )
        % {
            "early": totals.settled_early,
            "on_time": totals.settled_on_time,
            "late": totals.settled_late,
        },
    )


def _legend() -> tuple[Key, ...]:
    labels = (_("Trước hạn"), _("Đúng hạn"), _("Quá hạn"))
    return tuple(
        Key(tone, shade, label, NAME_WIDTH + place * 110, NAME_WIDTH + place * 110 + 16)
        for place, ((tone, shade), label) in enumerate(zip(TONES, labels, strict=True))
    )


def _short(name: str) -> str:
    return name if len(name) <= NAME_LETTERS else name[: NAME_LETTERS - 1].rstrip() + "…"
