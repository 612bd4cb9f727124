"""docs/rules.md names tests that exist, one at least for each rule that is not open."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \|([^|]*)\|([^|]*)\|$", re.MULTILINE)
NODE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> list[tuple[int, list[tuple[str, str]], str]]:
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    return [
        (int(number), NODE.findall(held), still_open.strip())
        for number, _rule, held, still_open in ROW.findall(text)
    ]


def test_the_page_has_the_25_rules_in_order() -> None:
    assert [number for number, _tests, _open in rows()] == list(range(1, 26))


def test_every_rule_is_held_by_a_test_or_says_what_is_open() -> None:
    for number, tests, still_open in rows():
        assert tests or still_open, number
    assert sum(1 for _number, tests, _open in rows() if tests) >= 24


def test_every_test_that_is_named_exists() -> None:
    for _number, tests, _open in rows():
        for path, name in tests:
            module = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            found = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
            assert name in found, f"{path}::{name}"
