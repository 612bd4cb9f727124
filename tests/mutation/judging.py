"""Each mutant in a process of its own, forked where it needs to know no more than it must.

A mutant inside a function is judged by a fork of a process that has collected the tests and run
none; one that is at work while modules are imported, by a fork of one that has imported no module
of ours.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib.util
import itertools
import json
import os
import resource
import signal
import sys
import time
import traceback
from datetime import date
from importlib.abc import MetaPathFinder
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.template import engines
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state

from tests.databases import needs_database
from tests.mutation.changes import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType

    from tests.mutation.changes import Change

WORKING_TIME = "agencies.working_time."
_LAID_OUT = date(2040, 1, 1).toordinal()
SECONDS = 10  # of the processor: an endless loop is caught
ENOUGH = float(os.environ.get("MUTATION_SECONDS", "2"))  # of tests a mutant, the quickest first
WAITING = 300  # by the clock: threads that wait for each other are
MEMORY = 8 * 2**30
ARGUMENTS = ["-x", "-q", "-p", "no:randomly", "-p", "tests.mutation.plugin", "--reuse-db"]
ARGUMENTS += [
    f"-pno:{name}" for name in ("schemathesis", "playwright", "xdist", "cacheprovider", "faker")
]
ARGUMENTS += ["--assert=plain", "--tb=no"]  # nobody reads why a mutant was caught
ARGUMENTS += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # imported before the fork


def in_fork(work: Callable[[], int], *, seconds: float = SECONDS, waiting: float = WAITING) -> str:
    """Do the work in a process of its own; return survived, killed, no tests or timeout."""
    child = os.fork()
    if not child:
        code = 3
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            code = work()
        except BaseException:  # noqa: BLE001 - a process of its own ends here, whatever happens
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)
    deadline, pause = time.monotonic() + waiting, 0.001
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            if code in {-signal.SIGXCPU, -signal.SIGKILL}:
                return "timeout"
            return {0: "survived", 5: "no tests"}.get(code, "killed")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timeout"


def silent() -> None:
    """Send what the tests of a mutant print nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


class Judge:
    """A pytest plugin in place of the loop that runs the tests: every mutant, test by test."""

    def __init__(self, mutants: Sequence[str], results: Path) -> None:
        self.mutants = mutants
        self.results = results
        self.reached = results.with_name("reached.json")
        self.at_import: set[str] = set()
        self.is_judging = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[Any]) -> None:
        """End with the first failure, unless a database must be left in order."""
        failed = call.excinfo is not None and not isinstance(
            call.excinfo.value, pytest.skip.Exception
        )
        if self.is_judging and failed and not needs_database(item):
            os._exit(1)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Learn which tests reach which function, then judge.

        The imports have been noted since MUTANT_UNDER_TEST was set to "stats", before the session.
        """
        self.at_import = set(state()._stats)
        set_mutant_under_test("")
        new = self._unknown(session)
        if new and in_fork(lambda: self._learn(new), seconds=3600, waiting=3600) != "survived":
            raise pytest.UsageError("the tests fail without any change")
        self.is_judging = True
        pure = [item for item in session.items if not needs_database(item)]
        if in_fork(lambda: self._run(session, "", pure), seconds=3600) != "survived":
            raise pytest.UsageError("the tests fail in a fork without any change")
        engines["django"]  # a second of imports, before the processes are forked
        known = json.loads(self.reached.read_text())
        gc.collect()
        gc.freeze()
        calendar = [mutant for mutant in self.mutants if mutant.startswith(WORKING_TIME)]
        others = [mutant for mutant in self.mutants if not mutant.startswith(WORKING_TIME)]
        with self.results.open("a") as results:
            for mutant in [*calendar, *others]:
                if others and mutant == others[0]:
                    _lay_out_calendars()
                function = mutant.rpartition("__mutmut_")[0]
                names = {*known["tests"].get(function, ())}
                if function.startswith(WORKING_TIME):
                    # Its tables are laid out once, by the first test that asks for a year.
                    names |= {*known["tests"][f"{WORKING_TIME}xǁCalendarǁ_reach"]}
                tests = {name: known["seconds"][name] for name in names}
                items = [item for item in session.items if item.nodeid in tests]
                items = [item for item in items if not needs_database(item)] or items
                items.sort(key=lambda item: tests[item.nodeid])
                if items and not needs_database(items[0]):
                    sums = itertools.accumulate(tests[item.nodeid] for item in items)
                    items = [item for item, sum_ in zip(items, sums, strict=True) if sum_ < ENOUGH]
                start = time.monotonic()
                verdict = "no tests"
                if items:
                    most = SECONDS + 2 * sum(tests[item.nodeid] for item in items)
                    verdict = in_fork(lambda: self._run(session, mutant, items), seconds=most)  # noqa: B023
                line = {
                    "mutant": mutant,
                    "verdict": verdict,
                    "tests": len(items),
                    "seconds": round(time.monotonic() - start, 2),
                    "at_import": function in self.at_import,
                }
                results.write(json.dumps(line) + "\n")
                results.flush()
        return True

    def _unknown(self, session: pytest.Session) -> list[pytest.Item]:
        known = json.loads(self.reached.read_text())["seconds"] if self.reached.exists() else {}
        return [item for item in session.items if item.nodeid not in known]

    def _learn(self, items: list[pytest.Item]) -> int:
        """Note for each test which functions it reaches, and its time."""
        known: dict[str, Any] = {"tests": {}, "seconds": {}}
        if self.reached.exists():
            known = json.loads(self.reached.read_text())
        set_mutant_under_test("stats")
        for item, following in zip(items, [*items[1:], None], strict=True):
            state()._stats.clear()
            start = time.process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            known["seconds"][item.nodeid] = time.process_time() - start
            if item.session.testsfailed:
                reporter: Any = item.config.pluginmanager.get_plugin("terminalreporter")
                reporter.summary_errors()
                reporter.summary_failures()
                return 1
            for function in state()._stats:
                known["tests"].setdefault(function, []).append(item.nodeid)
        self.reached.write_text(json.dumps(known))
        return 0

    def _run(self, session: pytest.Session, mutant: str, items: list[pytest.Item]) -> int:
        silent()
        set_mutant_under_test(mutant)
        session.items = items  # of which no database may be needed
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                session._setupstate.teardown_exact(None)
                return 1
        return 0


def _lay_out_calendars() -> None:
    """Spare every fork the tables of the tests' calendars: no mutant is at work in them any more."""
    from agencies.working_time import Calendar, CalendarError  # of the tree, not of the checkout

    for module in list(sys.modules.values()):
        for value in list(getattr(module, "__dict__", {}).values()):
            if isinstance(value, Calendar):
                with contextlib.suppress(CalendarError):
                    value.hours_or_none(_LAID_OUT)
    gc.freeze()


class TableJudge(Judge):
    """The same for changes of tables: the statements from the change on are run once more."""

    def __init__(self, changes: Sequence[Change], results: Path) -> None:
        super().__init__([], results)
        self.changes = changes

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Judge each change, where running the statements once more can show it."""
        set_mutant_under_test("")
        engines["django"]
        self.is_judging = True
        seconds = json.loads(self.reached.read_text())["seconds"] if self.reached.exists() else {}
        items = sorted(
            (item for item in session.items if not needs_database(item)),
            key=lambda item: seconds.get(item.nodeid, 1),
        )
        if not items or in_fork(lambda: self._run(session, "", items)) != "survived":
            return True  # by importing anew
        gc.collect()
        gc.freeze()
        with self.results.open("w") as results:
            for number, change in enumerate(self.changes):
                start = time.monotonic()
                verdict = in_fork(lambda: self._run_changed(session, change, items))  # noqa: B023
                passed = round(time.monotonic() - start, 2)
                line = {"number": number, "verdict": verdict, "seconds": passed}
                results.write(json.dumps(line) + "\n")
                results.flush()
        return True

    def _run_changed(
        self, session: pytest.Session, change: Change, items: list[pytest.Item]
    ) -> int:
        silent()
        if not _run_once_more(change):
            return 0
        return self._run(session, "", items)


def _run_once_more(change: Change) -> bool:
    """Change the module's names in place, here and where they were imported; False in a class."""
    name = change.path.removesuffix(".py").replace("/", ".")
    own = vars(sys.modules[name])
    body = [
        node
        for node in ast.parse(change.applied()).body
        if node.end_lineno is not None and node.end_lineno >= change.line
    ]
    if isinstance(body[0], ast.ClassDef):
        return False
    again: list[ast.stmt] = [
        node
        for node in body
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        or (isinstance(node, ast.FunctionDef) and node.decorator_list)
    ]
    before = dict(own)
    exec(compile(ast.Module(again, []), change.path, "exec"), own)  # noqa: S102 - of our own text
    for module in list(sys.modules.values()):
        for key, value in list(getattr(module, "__dict__", {}).items()):
            if key in before and value is before[key] and own[key] is not value:
                setattr(module, key, own[key])
    for value in own.values():
        if hasattr(value, "cache_clear"):
            value.cache_clear()
    return True


class _ChangedText(SourceFileLoader):
    """Loads a module from its changed text, and from no compiled file."""

    def __init__(self, name: str, change: Change) -> None:
        super().__init__(name, str(CHECKOUT / change.path))
        self.text = change.applied()

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.text, self.path, "exec")


class _Finder(MetaPathFinder):
    """Finds the changed text of one module, and nothing else."""

    def __init__(self, change: Change) -> None:
        name = change.path.removesuffix(".py").replace("/", ".")
        self.loader = _ChangedText(name, change)

    def find_spec(
        self, name: str, path: Any, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self.loader.name:
            return None
        return importlib.util.spec_from_loader(name, self.loader)


def judge_at_import(
    tests: Sequence[str], *, tree: Path, mutant: str = "", change: Change | None = None
) -> str:
    """Judge by tests that import every module of ours anew, with a mutant at work or a change."""

    def work() -> int:
        silent()
        set_mutant_under_test(mutant or "change")
        if change is not None:
            sys.meta_path.insert(0, _Finder(change))
        os.chdir(tree)
        return int(pytest.main([*ARGUMENTS, *tests]))

    return in_fork(work, seconds=120)
