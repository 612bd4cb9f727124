"""Clocks: interleaved rounds, their best, and the processor time of other processes."""

from __future__ import annotations

import gc
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Time:
    """Seconds of one call, by the clock on the wall and of this process's processor."""

    wall: float
    cpu: float


def timed(call: Callable[[], object]) -> Time:
    """Return how long a call takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return Time(time.perf_counter() - wall, time.process_time() - cpu)


def interleaved(calls: Sequence[Callable[[], object]], rounds: int) -> list[list[Time]]:
    """Return for each call its times; each round calls every one, so a busy moment hits all."""
    times: list[list[Time]] = [[] for _ in calls]
    for number in range(rounds):
        gc.collect()
        # Turn about, so that nobody always comes after the same neighbour.
        order = range(len(calls)) if number % 2 == 0 else range(len(calls) - 1, -1, -1)
        for index in order:
            times[index].append(timed(calls[index]))
    return times


def best_wall(times: Iterable[Time]) -> float:
    return min(each.wall for each in times)


def best_cpu(times: Iterable[Time]) -> float:
    return min(each.cpu for each in times)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def family(pid: int) -> list[int]:
    """Return a process and its children's children."""
    found, ahead = [], [pid]
    while ahead:
        each = ahead.pop()
        found.append(each)
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            ahead.extend(int(child) for child in task.read_text(encoding="ascii").split())
    return found


def cpu_of(pids: Iterable[int]) -> float:
    """Return the processor seconds of processes so far, to a hundredth."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS
