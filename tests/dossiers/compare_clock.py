"""Compare the clock with the oracle on random cases, in several processes.

`python -m tests.dossiers.compare_clock --cases 1000000 --seed 20261122 --processes 2` prints what
was compared and each disagreement, and ends with 1 where there is one.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from collections.abc import Sequence

CHUNK = 5_000  # cases a seed: each chunk is drawn from a seed of its own
MOST_SHOWN = 20


def compare(cases: int, seed: int) -> list[str]:
    """Return each disagreement of so many cases in a line; nothing where all agree."""
    _set_up()
    from tests.dossiers.deadline_oracle import disagreements

    return [
        f"seed {seed}: {case}: engine {engine}, oracle {oracle}"
        for case, engine, oracle in disagreements(cases, seed)
    ]


def chunks(cases: int, seed: int) -> list[tuple[int, int]]:
    """Divide the cases into (cases, seed), a seed a chunk, so that any chunk can be run alone."""
    sizes = [CHUNK] * (cases // CHUNK) + ([cases % CHUNK] if cases % CHUNK else [])
    return [(size, seed + number) for number, size in enumerate(sizes)]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Compare the clock with the oracle.")
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--processes", type=int, default=1)
    asked = parser.parse_args(arguments)
    started, done, found = time.monotonic(), 0, list[str]()
    with ProcessPoolExecutor(asked.processes, get_context("spawn")) as pool:
        running = {
            pool.submit(compare, size, seed): size for size, seed in chunks(asked.cases, asked.seed)
        }
        for finished in as_completed(running):
            done += running[finished]
            found += finished.result()
            _say(f"{done:,} of {asked.cases:,} compared, {len(found)} differ")
    for line in found[:MOST_SHOWN]:
        _say(line)
    seconds = time.monotonic() - started
    _say(f"{done:,} cases from seed {asked.seed}: {len(found)} differ, {seconds:,.0f} s")
    return 1 if found else 0


def _set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "motcua.settings.test")
    django.setup()  # the words of the clock are translated; nothing is asked of a database


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
