"""A pytest plugin of the mutation run alone: few examples, no database where none is needed."""

from __future__ import annotations

import gc
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.databases import needs_database

# The phases of mutmut that are no mutant.
PHASES = {"", "stats", "list_all_tests", "fail", "mutant_generation"}
EXAMPLES = 25
STATS = Path("mutmut-stats.json")  # how long each test took

settings.register_profile(
    "mutation",
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("mutation")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Judge by tests without a database what such tests reach, and ask the quick ones first."""
    if os.environ.get("MUTANT_UNDER_TEST", "") in PHASES:
        return
    pure = [item for item in items if not needs_database(item)]
    if pure and len(pure) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if needs_database(item)])
        items[:] = pure
    seconds = json.loads(STATS.read_text())["duration_by_test"] if STATS.exists() else {}
    items.sort(key=lambda item: seconds.get(item.nodeid, 0))


def pytest_unconfigure() -> None:
    """Keep what is imported out of the collector's way in the processes that are forked."""
    gc.freeze()
