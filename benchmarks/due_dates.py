"""The clock: how many due dates a core computes, and whether the oracle agrees."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.figures import Bar, Figure
from tests.dossiers.deadline_oracle import (
    disagreements,
    engine_answer,
    oracle_answer,
    random_cases,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.dossiers.deadline_oracle import Case

SEED = 20261122


def due_dates(*, rounds: int, cases: int, compared: int) -> list[Figure]:
    """Time the engine over the oracle's own questions, then compare other questions one by one."""
    asked = list(random_cases(cases, SEED))
    ours = min(_spent(engine_answer, asked) for _ in range(rounds))
    few = asked[: max(1, len(asked) // 20)]
    oracle = _spent(oracle_answer, few) / len(few)
    differing = sum(1 for _ in disagreements(compared, SEED + 1))
    return [
        Figure(
            "due_dates",
            "due dates on one core",
            len(asked) / ours,
            "/s",
            1 / oracle,
            "the oracle that walks minute by minute and day by day",
            Bar(100_000, ">="),
            note=f"{len(asked):,} random questions, three in ten with pauses; processor time",
        ),
        Figure(
            "due_dates_equal",
            f"due dates that differ from the oracle's, of {compared:,}",
            differing,
            "",
            bar=Bar(0, "=="),
        ),
    ]


def _spent(answer: Callable[[Case], object], asked: Sequence[Case]) -> float:
    start = time.process_time()
    for case in asked:
        answer(case)
    return time.process_time() - start
