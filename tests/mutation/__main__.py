"""`python -m tests.mutation [--inside] [--outside] [--again] [path ...]`: judge the mutants.

Of the modules that [tool.mutmut] names: first mutmut's own inside functions, then the changes of
what it leaves alone. Writes mutants/inside.jsonl and mutants/outside.jsonl, prints the figures.
Exit status 1 where the tests fail without any change, or more survivors than the bar allows are
not explained in docs/mutation.md.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import sys
import time
import tomllib
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from mutmut.__main__ import create_mutants
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.utils.file_utils import (
    copy_also_copy_files,
    copy_src_dir,
    setup_source_paths,
    walk_mutatable_files,
)

from tests.mutation.changes import changes_of
from tests.mutation.judging import ARGUMENTS, Judge, TableJudge, in_fork, judge_at_import
from tests.mutation.report import BAR, read, report, unexplained_share

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.mutation.changes import Change

TREE = Path("mutants")
JUDGED, INSIDE, OUTSIDE = TREE / "judged.jsonl", TREE / "inside.jsonl", TREE / "outside.jsonl"
# Imported once, before the processes are forked; none of them asks for a setting.
BEFOREHAND = (
    "django.core.management", "django.db.models", "django.test", "django.views.generic", "factory",
    "hypothesis.strategies", "psycopg", "pytest_django.plugin", "time_machine",
)  # fmt: skip
# What is at work while modules are imported is judged by these alone: all of them are asked for
# every mutant. Inside functions each mutant is asked the tests that reach it.
TESTS = {
    "agencies/working_time.py": ["agencies/test_working_time", "dossiers/test_deadlines"],
    "dossiers/codes.py": ["dossiers/test_codes"],
    "dossiers/workflow.py": ["dossiers/test_workflow"],
}
OF_DEADLINES = [
    "dossiers/test_deadlines", "dossiers/test_explanation_words", "dossiers/test_intake_timer",
    "dossiers/test_commitment", "dossiers/test_national",
]  # fmt: skip


def main() -> int:
    """Make the mutants, judge them, print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description="Judge mutants.")
    parser.add_argument("paths", nargs="*", help="of modules; none: all of them")
    parser.add_argument("--inside", action="store_true", help="functions alone")
    parser.add_argument("--outside", action="store_true", help="tables and constants alone")
    parser.add_argument("--again", action="store_true", help="what was not killed the last time")
    asked = parser.parse_args()
    os.environ["MUTANT_UNDER_TEST"] = "mutant_generation"
    os.environ["PY_IGNORE_IMPORTMISMATCH"] = "1"  # the tests of the checkout judge the tree in it
    os.environ.setdefault("MOTCUA_ORACLE_CASES", "60")
    with contextlib.redirect_stdout(None):
        copy_src_dir()
        copy_also_copy_files()
        setup_source_paths()
        create_mutants(1)
    files = [
        str(path)
        for path in sorted(walk_mutatable_files())
        if path.name != "__init__.py" and str(path).startswith(tuple(asked.paths or [""]))
    ]
    for name in BEFOREHAND:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if not asked.outside:
        _write(INSIDE, _inside(files, again=asked.again))
    if not asked.inside:
        known = read(OUTSIDE)
        others = [line for line in known if line["path"] not in files]
        _write(OUTSIDE, chain(others, _outside(files, known if asked.again else [])))
    lines = [*read(INSIDE), *read(OUTSIDE)]
    sys.stdout.write(report(lines) + "\n")
    return int(unexplained_share(lines) > BAR)


def _write(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    with path.with_suffix(".new").open("w") as out:
        for line in lines:
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
            out.flush()
    path.with_suffix(".new").rename(path)


def _inside(files: list[str], *, again: bool) -> Iterator[dict[str, Any]]:
    """Judge mutmut's own mutants."""
    mutants: dict[str, str] = {}
    for file in walk_mutatable_files():
        data = SourceFileMutationData(path=file)
        data.load()
        mutants |= dict.fromkeys(data.exit_code_by_key, str(file))
    asked = {name for name, path in mutants.items() if path in files}
    kept = {
        line["mutant"]: line
        for line in read(JUDGED)
        if line["mutant"] in mutants
        and (line["mutant"] not in asked or (again and line["verdict"] == "killed"))
    }
    JUDGED.write_text("".join(json.dumps(line) + "\n" for line in kept.values()))
    left = sorted(asked - kept.keys())
    settings = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["mutmut"]
    results = JUDGED.absolute()

    def work() -> int:
        os.chdir(TREE)
        set_mutant_under_test("stats")
        tests = settings["pytest_add_cli_args_test_selection"]
        code = pytest.main([*ARGUMENTS, *tests], plugins=[Judge(left, results)])
        return int(code not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED})

    if in_fork(work, seconds=36_000, waiting=36_000) != "survived":
        sys.exit("the tests fail without any change")
    for line in read(JUDGED):
        path = mutants[line["mutant"]]
        start = time.monotonic()
        if line.pop("at_import") and line["verdict"] != "killed":
            line["verdict"] = judge_at_import(_tests(path), mutant=line["mutant"], tree=TREE)
            line["seconds"] += round(time.monotonic() - start, 2)
        if line["verdict"] != "killed":
            diff = get_diff_for_mutant(line["mutant"], path=path).splitlines()[2:]
            line["diff"] = [each for each in diff if each[0] in "+-"]
        yield {"path": path, **line}


def _outside(files: list[str], known: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Judge what mutmut leaves alone."""
    killed = {
        (line["path"], line["number"], line["before"], line["after"]): line
        for line in known
        if line["verdict"] == "killed"
    }
    for path in files:
        changes = changes_of(path)
        if changes and judge_at_import(_tests(path), tree=TREE) != "survived":
            sys.exit(f"the tests of {path} fail without any change")
        keys = [(path, number, c.before, c.after) for number, c in enumerate(changes)]
        left = [change for key, change in zip(keys, changes, strict=True) if key not in killed]
        quick = iter(_quickly(path, left))
        for (_path, number, before, after), change in zip(keys, changes, strict=True):
            key = (path, number, before, after)
            if key in killed:
                yield killed[key]
                continue
            start = time.monotonic()
            verdict, seconds = next(quick)
            if verdict == "survived":  # what no statement shows, a new import may
                verdict = judge_at_import(_tests(path), change=change, tree=TREE)
                seconds += round(time.monotonic() - start, 2)
            yield {
                "path": path,
                "number": number,
                "line": change.line,
                "before": before,
                "after": after,
                "verdict": verdict,
                "seconds": seconds,
            }


def _quickly(path: str, changes: list[Change]) -> list[tuple[str, float]]:
    """Return a verdict and the seconds it took for each change; survived where it cannot be told."""
    results = (TREE / "tables.jsonl").absolute()
    results.write_text("")

    def work() -> int:
        os.chdir(TREE)
        pytest.main([*ARGUMENTS, *_tests(path)], plugins=[TableJudge(changes, results)])
        return 0

    if changes:
        in_fork(work, seconds=36_000, waiting=36_000)
    found = [(line["verdict"], line["seconds"]) for line in read(results)]
    return found if len(found) == len(changes) else [("survived", 0.0)] * len(changes)


def _tests(path: str) -> list[str]:
    return [f"tests/{name}.py" for name in TESTS.get(path, OF_DEADLINES)]


if __name__ == "__main__":
    sys.exit(main())
