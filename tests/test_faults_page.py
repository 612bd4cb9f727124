"""docs/faults.md has every fault of the list, and each has a test that exists and bears its name."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = {
    "clock": "tests/dossiers/test_faults_of_peers.py",
    "rows": "tests/dossiers/test_faults_of_peers_rows.py",
    "figures": "tests/reports/test_faults_of_peers.py",
}
# Everything listed as wrong: OpenCPS 1-9 with what its issues say, the provincial system, the
# lessons of other engines.
LISTED = set(
    """
    opencps-1 opencps-2 opencps-3 opencps-4 opencps-5 opencps-6 opencps-7 opencps-8 opencps-9
    opencps-back opencps-substatus opencps-number opencps-quarter opencps-static opencps-five
    opencps-manual opencps-guess opencps-tamper
    opencps-1254 opencps-602 opencps-1269 opencps-1068 opencps-1070 opencps-1147 opencps-1149
    opencps-1293 opencps-1434 opencps-2030 opencps-1185
    td-sql td-wide td-saturday td-lunch td-year-one td-same td-or td-dummy td-5-6-8 td-reset
    td-supplement td-year
    glpi-10594 glpi-22678 frappe-2449 osticket-6739 dynamics alaveteli-6679
    zammad-3180 zammad-390 zammad-sla open-zaak-2388 open-zaak-747 open-zaak-cap
    helpdesk-typed helpdesk-list
    """.split()  # noqa: SIM905 - a list of fifty in quotes of their own is no easier to read
)
ROW = re.compile(r"^\| ([a-z][^|]*?) \| ((?:\\\||[^|])+) \|([^|]*)\|([^|]*)\|$", re.MULTILINE)
SHORT = re.compile(r"(clock|rows|figures) `(\w+)`")
LONG = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@cache
def found_in(path: str) -> frozenset[str]:
    module = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in module.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def rows() -> dict[str, list[tuple[str, str]]]:
    text = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    return {
        label: [
            *((FILES[file], name) for file, name in SHORT.findall(tried)),
            *LONG.findall(tried),
        ]
        for label, _what, tried, _nearest in ROW.findall(text)
        if label != "fault"
    }


def test_every_fault_of_the_list_is_on_the_page_and_tried() -> None:
    page = rows()
    assert {label.split(",")[0] for label in page} == LISTED
    assert [label for label, tests in page.items() if not tests] == []


def test_every_test_named_on_the_page_exists() -> None:
    named = {test for tests in rows().values() for test in tests}
    assert [f"{path}::{name}" for path, name in named if name not in found_in(path)] == []


def test_every_test_of_a_fault_is_on_the_page() -> None:
    named = {test for tests in rows().values() for test in tests}
    written = {(path, name) for path in FILES.values() for name in found_in(path)}
    assert written - named == set()
