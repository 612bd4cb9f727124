"""The figures of a run, against what docs/mutation.md explains of the survivors."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

PAGE = Path("docs", "mutation.md")
BAR = 0.05  # of all mutants: survivors that nobody has explained
GROUPS = {
    "working_time": "agencies/working_time.py",
    "codes": "dossiers/codes.py",
    "deadlines": "dossiers/deadlines/",
    "workflow": "dossiers/workflow.py",
}


def change_of(line: dict[str, Any]) -> tuple[str, str]:
    """Return what a mutant changed: the text before it and after it, on one line each."""
    if "before" in line:
        return _one_line(line["before"]), _one_line(line["after"])
    minus = [text[1:] for text in line["diff"] if text[0] == "-"]
    plus = [text[1:] for text in line["diff"] if text[0] == "+"]
    return _one_line(" ".join(minus)), _one_line(" ".join(plus))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def report(lines: list[dict[str, Any]]) -> str:
    """Return the table of a run and the survivors that nobody has explained."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in GROUPS}
    seconds: Counter[str] = Counter()
    for line in lines:
        name = next(name for name, path in GROUPS.items() if line["path"].startswith(path))
        counts[name][_fate(line)] += 1
        seconds[name] += line["seconds"]
    rows = [
        "| Module | mutants | killed | survived, explained | survived, unexplained | seconds |",
        "|---|---|---|---|---|---|",
    ]
    total = sum(counts.values(), Counter[str]())
    seconds["all"] = sum(seconds.values())
    for name, count in [*counts.items(), ("all", total)]:
        figures = [count.total(), *(count[fate] for fate in ("killed", "explained", "unexplained"))]
        rows.append(f"| {name} | {' | '.join(map(str, figures))} | {seconds[name]:.0f} |")
    left = [_row(line) for line in lines if _fate(line) == "unexplained"]
    share = f"Unexplained: {unexplained_share(lines):.1%}; the bar is {BAR:.0%}."
    return "\n".join([*rows, "", *left, share])


def unexplained_share(lines: list[dict[str, Any]]) -> float:
    """Return which part of all mutants survived and is not explained."""
    return sum(_fate(line) == "unexplained" for line in lines) / max(len(lines), 1)


def _fate(line: dict[str, Any]) -> str:
    if line["verdict"] in {"killed", "timeout"}:
        return "killed"
    return "explained" if _row(line) in _explained() else "unexplained"


@cache
def _explained() -> frozenset[str]:
    """Return the rows of the page without their last cell, the reason."""
    rows = PAGE.read_text().splitlines() if PAGE.exists() else []
    return frozenset(row.rstrip("|").rpartition(" | ")[0] for row in rows if row.startswith("| `"))


def _row(line: dict[str, Any]) -> str:
    """Return the cells that name a survivor: where it is, before, after."""
    place = line["path"].removesuffix(".py")
    if "mutant" in line:
        place = line["mutant"].rpartition("__mutmut_")[0].replace(".x_", ".").replace("xǁ", "")
        place = place.replace("ǁ", ".")
    before, after = (text.replace("|", "\\|").replace("`", "'") for text in change_of(line))
    return f"| `{place}` | `{before}` | `{after}`"


def read(path: Path) -> list[dict[str, Any]]:
    """Return the verdicts of a run, none before the first."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
