"""How fast: beside the peer and beside the bare ceiling, with a slow model, and a million rows."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from pathlib import Path

import psutil
from enrich_measure import Place, rate, said
from enrich_rows import query, wrong_rows
from findings import Finding, note

ROWS = 10_000
# The peer's rows a second do not depend on how many it does, but its table has as many.
PEER_ROWS = 400
TIMES_PEER = 80
SHARE_OF_CEILING = 1 / 3
SLOW_SECONDS, SLOW_AT_ONCE = 0.1, 64
SHARE_OF_SLOW = 0.9
MOST_MB = 50
SHARE_OF_RATE = 0.8


def at_once(place: Place) -> list[Finding]:
    """A model that answers at once; the three take turns, and medians of ratios count."""
    times_peer, shares, rates = [], [], []
    for number in range(place.rounds):
        bare = rate(place.measured("enrich_ceiling.py", place.database("ceiling", ROWS)))
        ours_file = place.database("ours", ROWS)
        ours = rate(place.measured("enrich_work.py", ours_file))
        assert wrong_rows(ours_file) == 0
        rates.append(ours)
        shares.append(ours / bare)
        told = f"ours {ours:,.0f} rows/s, ceiling {bare:,.0f}"
        if place.peer_python:
            peer = rate(
                place.measured(
                    "enrich_peer.py",
                    place.database("peer", ROWS),
                    "--rows",
                    str(PEER_ROWS),
                    python=place.peer_python,
                )
            )
            times_peer.append(ours / peer)
            told += f", peer {peer:.1f}"
        note(f"  round {number + 1}: {told}")
    share, ours = statistics.median(shares), statistics.median(rates)
    found = [
        Finding(
            f"instant model, {ROWS:,} rows: rows/s as a share of the ceiling",
            f"{SHARE_OF_CEILING:.2f}",
            f"{share:.2f} ({ours:,.0f} rows/s)",
            share >= SHARE_OF_CEILING,
        )
    ]
    if times_peer:
        times = statistics.median(times_peer)
        found.insert(
            0,
            Finding(
                f"instant model, {ROWS:,} rows: times the peer's rows/s",
                f"{TIMES_PEER}",
                f"{times:.0f}",
                times >= TIMES_PEER,
            ),
        )
    return found


def slow_model(place: Place) -> list[Finding]:
    """A model that takes 100 ms, 64 rows in flight: 640 rows/s if nothing were lost."""
    found = place.measured(
        "enrich_work.py",
        place.database("slow", ROWS),
        "--concurrency",
        str(SLOW_AT_ONCE),
        environment={"BENCHMARK_REPLY_SECONDS": str(SLOW_SECONDS)},
    )
    most = SLOW_AT_ONCE / SLOW_SECONDS
    return [
        Finding(
            f"{SLOW_SECONDS * 1000:.0f} ms model, {SLOW_AT_ONCE} in flight: share of {most:.0f}",
            f"{SHARE_OF_SLOW:.0%}",
            f"{rate(found) / most:.0%} ({rate(found):.0f} rows/s)",
            rate(found) >= SHARE_OF_SLOW * most,
        )
    ]


def many_rows(place: Place) -> list[Finding]:
    """Memory and rows a second of a very large table, beside a small one before and after."""
    before = rate(place.measured("enrich_work.py", place.database("before", ROWS)))
    database = place.database("big", place.big_rows)
    early, last, big = _watched(place, database)
    after = rate(place.measured("enrich_work.py", place.database("after", ROWS)))
    small = (before + after) / 2
    note(f"  {ROWS:,} rows: {before:,.0f} and {after:,.0f} rows/s; memory {early:.0f} MB then")
    assert wrong_rows(database) == 0
    return [
        Finding(
            f"{place.big_rows:,} rows: MB more at the end than at {ROWS:,}",
            f"{MOST_MB}",
            f"{last - early:+.0f} (of {last:.0f})",
            last - early <= MOST_MB,
        ),
        Finding(
            f"{place.big_rows:,} rows: rows/s as a share of those of {ROWS:,}",
            f"{SHARE_OF_RATE:.2f}",
            f"{big / small:.2f} ({big:,.0f} rows/s)",
            big / small >= SHARE_OF_RATE,
        ),
    ]


def _watched(place: Place, database: Path) -> tuple[float, float, float]:
    """Megabytes at ROWS rows and the most in the last tenth, and rows a second."""
    process = subprocess.Popen(
        place.command("enrich_work.py", database), stdout=subprocess.PIPE, text=True, env=os.environ
    )
    memory: list[tuple[int, float]] = []
    told = 0
    while process.poll() is None:
        done = _done(database)
        if done:
            memory.append((done, _megabytes(process.pid)))
            if done // 100_000 > told:
                told = done // 100_000
                note(f"  {done:,} rows: {memory[-1][1]:.0f} MB")
        time.sleep(0.1 if done < 2 * ROWS else 1.0)
    assert process.stdout is not None
    found = said(process.stdout.read())
    early = next(megabytes for done, megabytes in memory if done >= ROWS)
    last = max(megabytes for done, megabytes in memory if done >= 0.9 * memory[-1][0])
    return early, last, rate(found)


def _done(database: Path) -> int:
    """Rows done in the run over all comments; the second, after the one to warm up with."""
    try:
        found = query(database, "select done from _llm_tools_runs where number = 2")
    except Exception:  # there is no such table yet
        return 0
    return int(found[0][0]) if found else 0


def _megabytes(pid: int) -> float:
    """Resident memory of a process and those that it started."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return sum(each.memory_info().rss for each in family) / 1e6
    except psutil.NoSuchProcess:
        return 0.0
