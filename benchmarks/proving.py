"""The verification of the whole history, beside reading the same rows and nothing else."""

from __future__ import annotations

import time

import psycopg

from benchmarks.figures import Bar, Figure


def verify(*, url: str, rounds: int) -> list[Figure]:
    """Measure what `verify_events` does over the made province, and the sum of a day."""
    from dossiers import day_roots, verifying

    processor: list[float] = []
    alone: list[float] = []
    shared: list[float] = []
    limits: list[float] = []
    events = 0
    for _round in range(rounds):
        limits.append(_read(url))
        start, used = time.perf_counter(), time.process_time()
        outcome = verifying.verify_everything()
        processor.append(time.process_time() - used)
        alone.append(time.perf_counter() - start)
        assert not outcome.findings, outcome.findings[:3]
        events = outcome.events
        start = time.perf_counter()
        assert verifying.verify_everything(processes=2).events == events
        shared.append(time.perf_counter() - start)
    used = time.process_time()
    tallied = sum(tally.events.count for tally in day_roots.tally_days(sketching=True).values())
    closing = time.process_time() - used
    assert tallied == events
    return [
        Figure(
            "verify_history",
            "verify the whole history, a second of application CPU",
            events / min(processor),
            "events",
            bar=Bar(30_000, ">="),
            note=f"{events:,} events with their dossiers, papers and days",
        ),
        Figure(
            "verify_history_wall",
            "the same by the clock, one process",
            events / min(alone),
            "events/s",
            events / min(limits),
            "psycopg reading the same events in order and nothing else",
            details={"seconds": [round(each, 2) for each in alone]},
        ),
        Figure(
            "verify_history_two",
            "the same by the clock, two processes",
            events / min(shared),
            "events/s",
            details={"seconds": [round(each, 2) for each in shared]},
        ),
        Figure(
            "close_day",
            "sum up a day for its root, a second of application CPU",
            events / closing,
            "events",
        ),
    ]


def _read(url: str) -> float:
    start = time.perf_counter()
    with psycopg.connect(url) as conn, conn.cursor(name="events") as cursor:
        cursor.execute("select * from dossiers_dossierevent order by dossier_id, seq")
        while cursor.fetchmany(5000):
            pass
    return time.perf_counter() - start
