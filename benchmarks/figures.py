"""A figure beside its limit, and the two forms in which figures are shown: table and JSON."""

from __future__ import annotations

import dataclasses
import json
import operator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
}
_SIGNS = {"<=": "≤", ">=": "≥", "==": "="}


@dataclass(frozen=True)
class Bar:
    """What must hold of the value or, `of="ratio"`, of value / limit (design.md 5)."""

    than: float
    sign: str = "<="
    of: str = "value"

    def holds(self, value: float, ratio: float | None) -> bool:
        measured = ratio if self.of == "ratio" else value
        return measured is not None and _HOLDS[self.sign](measured, self.than)

    def __str__(self) -> str:
        return f"{_SIGNS[self.sign]} {self.than:g}" + (" ×" if self.of == "ratio" else "")


@dataclass
class Figure:
    """One measured number; `value` and `limit` have the same unit."""

    name: str
    title: str
    value: float
    unit: str
    limit: float | None = None
    limit_is: str = ""
    bar: Bar | None = None
    judged: bool = True
    note: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        return self.value / self.limit if self.limit else None

    @property
    def holds(self) -> bool | None:
        """Return whether the bar holds; None where there is none."""
        return self.bar.holds(self.value, self.ratio) if self.bar else None

    @property
    def is_missed(self) -> bool:
        return self.judged and self.holds is False

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "value": _rounded(self.value),
            "unit": self.unit,
            "limit": _rounded(self.limit),
            "limit_is": self.limit_is,
            "ratio": _rounded(self.ratio),
            "bar": dataclasses.asdict(self.bar) if self.bar else None,
            "judged": self.judged and self.bar is not None,
            "holds": self.holds,
            "note": self.note,
            "details": self.details,
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.5g}")


def show(figures: list[Figure], left_out: list[str], *, heading: str) -> None:
    """Print the figures as a table, then the notes and what was left out."""
    console = Console(width=None if Console().is_terminal else 150, highlight=False)
    table = Table(title=heading, box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("figure", ratio=3)
    for name in ("measured", "limit", "ratio", "bar", "holds"):
        table.add_column(name, justify="right", no_wrap=True)
    for figure in figures:
        table.add_row(
            figure.title,
            f"{figure.value:,.4g} {figure.unit}"
            if figure.value < 1e4
            else f"{figure.value:,.0f} {figure.unit}",
            "-"
            if figure.limit is None
            else f"{figure.limit:,.4g}"
            if figure.limit < 1e4
            else f"{figure.limit:,.0f}",
            "-" if figure.ratio is None else f"{figure.ratio:.3g}",
            str(figure.bar) if figure.bar else "-",
            _verdict(figure),
        )
    console.print(table)
    for figure in figures:
        if figure.note or figure.limit_is:
            limit = f"limit: {figure.limit_is}" if figure.limit_is else ""
            console.print(f"{figure.name}: {'; '.join(filter(None, (limit, figure.note)))}")
    for text in left_out:
        console.print(f"left out: {text}")


def _verdict(figure: Figure) -> str:
    if figure.bar is None:
        return "info"
    word = "yes" if figure.holds else "NO"
    return word if figure.judged else f"({word.lower()})"


def write(path: Path, figures: list[Figure], left_out: list[str], head: dict[str, Any]) -> None:
    """Write everything as JSON, whole or not at all."""
    content = {
        **head,
        "holds": not any(figure.is_missed for figure in figures),
        "figures": [figure.as_json() for figure in figures],
        "left_out": left_out,
    }
    scratch = path.with_name(f".{path.name}.new")
    scratch.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    scratch.replace(path)
