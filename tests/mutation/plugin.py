"""A pytest plugin of the mutation run: few examples, the same each time."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.databases import needs_database

settings.register_profile(
    "mutation",
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # a mutant is caught by any example, not the least
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("mutation")


# A mutated module is slow, and a fork of a fork starts no pool of processes.
_LEFT_OUT = (
    "test_the_longest_limits_are_explained_quickly",
    "test_the_command_compares_and_says_so",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what cannot be asked; ask the tests of many examples last.

    A change that is at work at import asks no database where a test without one is among them.
    """
    items[:] = [item for item in items if not item.name.startswith(_LEFT_OUT)]
    if os.environ["MUTANT_UNDER_TEST"] != "stats":
        items[:] = [item for item in items if not needs_database(item)] or items
    items.sort(key=lambda item: hasattr(getattr(item, "function", None), "hypothesis"))
