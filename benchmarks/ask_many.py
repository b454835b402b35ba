"""Fifty people asking at once: errors, throughput, and whether the server's memory grows.

    python benchmarks/ask_many.py [--people 50] [--rounds 8] [--seconds 0.5]

A scripted model streams every reply over half a second; everybody asks once in each round, at
the same moment. A first round warms the server and is not counted.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil
from ask_overhead import QUESTIONS
from serving import Person, served
from tables import machine, table

LIMIT_MB = 50.0


@dataclass(frozen=True)
class Memory:
    """Resident megabytes of the server and of the processes it started, and its open files."""

    server: float
    children: float
    files: int


@dataclass(frozen=True)
class Round:
    """One round: everybody's seconds to rows and to the end, and what went wrong."""

    wall: float
    to_rows: list[float]
    to_end: list[float]
    errors: list[str]
    memory: Memory


def memory_of(pid: int) -> Memory:
    server = psutil.Process(pid)
    children = sum(child.memory_info().rss for child in server.children(recursive=True))
    return Memory(server.memory_info().rss / 1e6, children / 1e6, server.num_fds())


def asked(person: Person, number: int, start: threading.Barrier) -> tuple[float, float, str]:
    """Ask once everybody is ready: seconds to rows and to the end, and an error or nothing."""
    question, sql, _ = QUESTIONS[number % len(QUESTIONS)]
    start.wait()
    posted = time.monotonic()
    try:
        events = list(person.events("/-/questions/demo", {"question": f"{question} «{sql}»"}))
    except (OSError, RuntimeError) as error:
        return 0.0, 0.0, str(error)
    rows = [event.at for event in events if event.name == "rows"]
    last = events[-1]
    if not rows or last.name != "done" or last.data["error"]:
        return 0.0, 0.0, f"{last.name}: {last.data.get('error')}"
    return rows[0] - posted, last.at - posted, ""


def asked_by_all(pool: ThreadPoolExecutor, people: list[Person], number: int, pid: int) -> Round:
    start = threading.Barrier(len(people) + 1)
    futures = [
        pool.submit(asked, person, number + place, start) for place, person in enumerate(people)
    ]
    start.wait()
    began = time.monotonic()
    results = [future.result() for future in futures]
    wall = time.monotonic() - began
    fine = [(rows, end) for rows, end, error in results if not error]
    return Round(
        wall,
        [rows for rows, _ in fine],
        [end for _, end in fine],
        [error for _, _, error in results if error],
        memory_of(pid),
    )


def report(before: Memory, rounds: list[Round]) -> str:
    heads = ["round", "wall s", "questions/s", "rows s", "slowest s", "errors"]
    heads += ["server MB", "children MB", "files"]
    rows = [["before", *[""] * 5, *memory_cells(before)]]
    for number, each in enumerate(rounds, 1):
        asked = len(each.to_end) + len(each.errors)
        rows.append(
            [
                str(number),
                f"{each.wall:.2f}",
                f"{asked / each.wall:.1f}",
                f"{statistics.median(each.to_rows or [0]):.2f}",
                f"{max(each.to_end, default=0):.2f}",
                str(len(each.errors)),
                *memory_cells(each.memory),
            ]
        )
    return table(heads, rows)


def memory_cells(memory: Memory) -> list[str]:
    return [f"{memory.server:.1f}", f"{memory.children:.1f}", str(memory.files)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=0.5, help="that a reply streams")
    options = parser.parse_args()
    print(machine())
    with (
        tempfile.TemporaryDirectory() as folder,
        served(
            Path(folder), environment={"BENCHMARK_REPLY_SECONDS": str(options.seconds)}
        ) as server,
        ThreadPoolExecutor(options.people) as pool,
    ):
        people = [Person(server.port, f"person-{n}") for n in range(options.people)]
        fresh = memory_of(server.pid)
        warming = asked_by_all(pool, people, 0, server.pid)
        rounds = [
            asked_by_all(pool, people, number, server.pid)
            for number in range(1, options.rounds + 1)
        ]
    print(report(warming.memory, rounds))
    last, warm = rounds[-1].memory, warming.memory
    print(
        f"Growth over {options.rounds} rounds: server {last.server - warm.server:+.1f} MB, "
        f"children {last.children - warm.children:+.1f} MB; wanted: less than {LIMIT_MB:.0f} MB. "
        f"Fresh, before the first round: {fresh.server:.1f} and {fresh.children:.1f} MB."
    )
    errors = [*warming.errors, *(error for each in rounds for error in each.errors)]
    print(f"Errors: {len(errors)}{': ' + errors[0] if errors else ''}. {machine()}")


if __name__ == "__main__":
    main()
