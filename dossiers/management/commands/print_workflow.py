"""Print the table of transitions as Markdown and a Mermaid diagram into docs/workflow.md."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.roles import Role
from dossiers.workflow import (
    FINAL_STATES,
    NATIONAL_STATUS,
    PAUSED_STATES,
    TRANSITIONS,
    Aim,
    ClockEffect,
    Move,
    Place,
    State,
    Transition,
)

PAGE = Path("docs", "workflow.md")
START = "[*]"

_HEAD = """\
# The life of a dossier

Written by `manage.py print_workflow` from `dossiers/workflow.py`; a test fails when it is stale.
What is not in the table cannot happen. States, acts and roles: domain.md 2.3-2.5.

"""
_PLACES = {
    Place.HOLDER: "holder",
    Place.COUNTER: "holder or counter",
    Place.COMPETENT: "settling agency",
    Place.CONSULTED: "agency asked",
    Place.PROVINCE: "over the province",
}
_AIMS = {Aim.SAME: "stays", Aim.PREVIOUS: "the state before", Aim.CHOSEN: "as chosen"}
_MOVES = {
    Move.STAY: "",
    Move.TO_COUNTER: "receiving agency",
    Move.TO_COMPETENT: "settling agency",
    Move.TO_NAMED: "as named",
}


class Command(BaseCommand):
    """Print the workflow: the page that a reader of the decree and a reader of the code share."""

    help = __doc__
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --check: write nothing, fail when the page is stale."""
        parser.add_argument("--check", action="store_true", help="only compare, exit 1 when stale")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the page; raise CommandError with --check when it is stale."""
        page = settings.BASE_DIR / PAGE
        wanted = workflow_page()
        if options["check"]:
            if not page.exists() or page.read_text(encoding="utf-8") != wanted:
                raise CommandError(f"{PAGE} is stale: run manage.py print_workflow.")
            return
        page.parent.mkdir(exist_ok=True)
        page.write_text(wanted, encoding="utf-8")
        self.stdout.write(str(PAGE))


def workflow_page() -> str:
    """Return the page: the states, the table of acts, the diagram."""
    return _HEAD + "\n".join([*_states(), "", *_acts(), "", *_diagram(), ""])


def _states() -> list[str]:
    lines = [
        "## States",
        "",
        "| State | Trạng thái | National number | Clock |",
        "|---|---|---|---|",
    ]
    for state in State:
        number = NATIONAL_STATUS[state]
        clock = "stands" if state in PAUSED_STATES else "end" if state in FINAL_STATES else ""
        lines.append(f"| `{state.value}` | {state.label} | {number or '–'} | {clock} |")
    return lines


def _acts() -> list[str]:
    lines = [
        "## Acts",
        "",
        "| T | Act | Hành vi | From | To | Who | Who may ask | Held at | Clock | Goes to | Reason | Paper |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [f"| {' | '.join(_cells(row))} |" for row in TRANSITIONS]
    return lines


def _cells(row: Transition) -> list[str]:
    return [
        row.number,
        f"`{row.act.value}`",
        str(row.act.label),
        ", ".join(f"`{state.value}`" for state in _ordered(row)) or "–",
        f"`{row.target.value}`" if isinstance(row.target, State) else _AIMS[row.target],
        _roles(row.roles) or "as the act that is asked for",
        _roles(row.proposers),
        _PLACES[row.place],
        "" if row.clock is ClockEffect.NONE else row.clock.value,
        _MOVES[row.move],
        "yes" if row.needs_reason else "",
        f"`{row.paper.value}`" if row.paper else "",
    ]


def _diagram() -> list[str]:
    lines = ["## Diagram", "", "```mermaid", "stateDiagram-v2"]
    for row in TRANSITIONS:
        if not isinstance(row.target, State):
            continue  # it stays, goes back, or goes where it is told: the table says which
        sources = [state.value for state in _ordered(row)] or [START]
        lines += [f"    {source} --> {row.target.value}: {row.act.value}" for source in sources]
    lines += [f"    {state.value} --> {START}" for state in State if state in FINAL_STATES]
    return [*lines, "```"]


def _roles(roles: frozenset[Role]) -> str:
    return ", ".join(f"`{role.value}`" for role in sorted(roles))


def _ordered(row: Transition) -> list[State]:
    return [state for state in State if state in row.sources]
