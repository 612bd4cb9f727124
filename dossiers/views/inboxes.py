"""The inbox's order: what runs, what waits for an answer, what waits to be handed over, what stands.

Each lane is keyset-paged by due date; a page goes from one lane into the next, so a lane that is
empty costs one query and none is ever sorted whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from dossiers import next_acts, pages
from dossiers.workflow import INTAKE_STATES, PAUSED_STATES, State

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from agencies.models import Officer
    from dossiers.models import Dossier, DossierQuerySet
    from dossiers.views.rows import Row

# In this order, and each with the states that may lie in it.
_HANDED_OVER = frozenset({State.SETTLED})
_LANES: tuple[tuple[str, frozenset[State]], ...] = (
    ("r", frozenset(State) - INTAKE_STATES - PAUSED_STATES - _HANDED_OVER),
    ("i", INTAKE_STATES),
    ("h", _HANDED_OVER),
    ("p", PAUSED_STATES),
)

_HEADINGS = {
    "overdue": _("Đã quá hẹn"),
    "today": _("Hẹn hôm nay"),
    "soon": _("Trong hai ngày làm việc tới"),
    "in_time": _("Còn thời gian"),
    "none": _("Không hẹn ngày"),
    "intake": _("Chờ quầy trả lời người nộp"),
    "settled": _("Đã có kết quả, chờ trả"),
    "paused": _("Đồng hồ đang dừng, chờ người nộp"),
}


def page_of(
    dossiers: DossierQuerySet,
    officer: Officer,
    today: dt.date,
    cursor: str,
    *,
    whole_unit: bool = False,
    size: int = pages.PAGE_SIZE,
) -> tuple[list[Dossier], str | None]:
    """Return a page of what waits for the officer and the cursor of the next, None on the last.

    Runs one query for each lane the officer's roles can have work in, until the page is full.
    """
    waiting = dossiers.filter(next_acts.waiting_for(officer, today, whole_unit=whole_unit))
    states = next_acts.states_waiting_for(officer, today)
    lane, place = (cursor[:1], cursor[1:]) if cursor else (_LANES[0][0], "")
    names = [name for name, _states in _LANES]
    if lane not in names:
        raise pages.CursorError
    found: list[Dossier] = []
    for name, of_lane in _LANES[names.index(lane) :]:
        here = of_lane & states
        if not here:
            continue
        wanted = size - len(found)
        if not wanted:
            if waiting.filter(state__in=sorted(here)).exists():
                return found, name
            continue
        rows, following = pages.page_of(
            waiting.filter(state__in=sorted(here)), place if name == lane else "", wanted
        )
        found += rows
        if following is not None:
            return found, f"{name}{following}"
    return found, None


def grouped(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Return the rows under the headings of the clock, in the order they came."""
    groups: list[tuple[str, list[Row]]] = []
    for row in rows:
        heading = str(_HEADINGS[_group_of(row)])
        if not groups or groups[-1][0] != heading:
            groups.append((heading, []))
        groups[-1][1].append(row)
    return groups


def _group_of(row: Row) -> str:
    state = State(row.dossier.state)
    if state in INTAKE_STATES:
        return "intake"
    if state in _HANDED_OVER:
        return "settled"
    return row.clock.value if row.clock.value in _HEADINGS else "none"
