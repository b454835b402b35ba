"""What asking costs beside the model: our Ask and datasette-agent, driven by one scripted model.

    python benchmarks/ask_overhead.py [--rounds 10] [--peer-python PYTHON] [--no-peer]

Both run as real servers on loopback over copies of demo.db; the model answers at once with the
same SQL, as text for us and as a call of the tool sql_query for datasette-agent. Rounds take
turns. datasette-agent's first prompt names tables but no columns, so it is driven twice: by a
model that guesses the columns, and by one that describes the tables first.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peer import peer_python
from serving import Event, Person, served
from tables import machine, table
from tokens import Count, counter

PEER = "datasette-agent==0.4a0"
LIMIT_MS = 25.0
LIMIT_TOKENS = 1500
# Question, SQL, and the tables that a model without columns has to look at.
QUESTIONS = (
    (
        "How many flights left from JFK?",
        "select count(*) from flights where origin = 'JFK'",
        "flights",
    ),
    (
        "Which ten airlines had the most flights?",
        "select a.name, count(*) from flights f join airlines a on a.carrier = f.carrier "
        "group by a.carrier order by 2 desc limit 10",
        "flights airlines",
    ),
    (
        "The hundred highest airports",
        "select * from airports order by altitude desc limit 100",
        "airports",
    ),
    (
        "Some flights to Boston",
        "select * from flights where destination = 'BOS' limit 20",
        "flights",
    ),
    (
        "What was the highest temperature at each origin?",
        "select origin, max(temperature_f) from weather group by origin",
        "weather",
    ),
)
OURS, GUESSING, DESCRIBING = "ours", "agent guessing", "agent describing"


@dataclass(frozen=True)
class Run:
    """One question: times in milliseconds, and the model calls up to the rows and in all."""

    before_model: float
    to_rows: float
    post_to_rows: float
    post_to_end: float
    calls_to_rows: list[dict[str, Any]]
    calls: int


def ask_us(person: Person, text: str) -> Iterable[Event]:
    return person.events("/-/questions/demo", {"question": text})


def ask_agent(person: Person, conversation: str, text: str) -> Iterable[Event]:
    path = f"/-/agent/{conversation}/stream"
    return person.events(path, {"message": text}, as_json=True)


def has_rows(event: Event) -> bool:
    """Whether the rows are there: our event `rows`, the agent's result of sql_query."""
    return event.name == "rows" or (
        event.name == "tool_result" and event.data["name"] == "sql_query"
    )


def measured(person: Person, text: str, *, peer: bool) -> Run:
    """Ask once. A conversation with the agent is begun before the clock starts."""
    person.json("GET", "/-/benchmark/calls")
    if peer:
        made = person.json("POST", "/-/agent/api/conversations", {})
    posted = time.monotonic()
    events = list(
        ask_agent(person, made["conversation_id"], text) if peer else ask_us(person, text)
    )
    rows_at = next(event.at for event in events if has_rows(event))
    calls = person.json("GET", "/-/benchmark/calls")
    # The words may come in the same packet as the rows, so calls are told by what they wrote.
    before_rows = [call for call in calls if call["kind"] != "words"]
    return Run(
        (calls[0]["began"] - posted) * 1000,
        (rows_at - before_rows[-1]["ended"]) * 1000,
        (rows_at - posted) * 1000,
        (events[-1].at - posted) * 1000,
        before_rows,
        len(calls),
    )


def compared(rounds: int, python: str | None, folder: Path) -> dict[str, list[Run]]:
    """Ask every contestant the same questions, taking turns; a first round warms the servers."""
    with ExitStack() as stack:
        ours = Person(stack.enter_context(served(folder / "ours")).port)
        contestants: dict[str, Callable[[str, str], Run]] = {
            OURS: lambda text, tables: measured(ours, text, peer=False)
        }
        if python:
            agent = Person(stack.enter_context(served(folder / "agent", python=python)).port)
            contestants[GUESSING] = lambda text, tables: measured(agent, text, peer=True)
            contestants[DESCRIBING] = lambda text, tables: measured(
                agent, f"{text} [describe {tables}]", peer=True
            )
        runs: dict[str, list[Run]] = {name: [] for name in contestants}
        for number in range(-len(QUESTIONS), rounds * len(QUESTIONS)):
            question, sql, tables = QUESTIONS[number % len(QUESTIONS)]
            turns = list(contestants.items())
            for name, turn in turns if number % 2 else reversed(turns):
                run = turn(f"{question} «{sql}»", tables)
                if number >= 0:
                    runs[name].append(run)
    return runs


def figures(runs: dict[str, list[Run]], count: Count) -> list[list[str]]:
    """Rows of the table: medians, the 90th percentile of times, and ratios to ours."""
    times: dict[str, Callable[[Run], float]] = {
        "POST to the model's call, ms": lambda run: run.before_model,
        "model's last byte to rows, ms": lambda run: run.to_rows,
        "both, ms": lambda run: run.before_model + run.to_rows,
        "POST to rows, ms": lambda run: run.post_to_rows,
        "POST to the end, ms": lambda run: run.post_to_end,
    }
    counts: dict[str, Callable[[Run], float]] = {
        "model calls to rows": lambda run: len(run.calls_to_rows),
        "model calls in all": lambda run: run.calls,
        "prompt tokens, largest to rows": lambda run: max(map(count, run.calls_to_rows)),
        "prompt tokens, sum to rows": lambda run: sum(map(count, run.calls_to_rows)),
    }
    rows = []
    for label, value in times.items():
        found = {name: sorted(map(value, each)) for name, each in runs.items()}
        medians = {name: statistics.median(each) for name, each in found.items()}
        cells = [
            f"{medians[name]:.1f} ({each[len(each) * 9 // 10]:.1f})" for name, each in found.items()
        ]
        rows.append([label, *cells, *ratios(medians)])
    for label, value in counts.items():
        # Every question occurs in every round, so one round has all that differs.
        medians = {
            name: statistics.median(map(value, each[: len(QUESTIONS)]))
            for name, each in runs.items()
        }
        rows.append([label, *(f"{each:.0f}" for each in medians.values()), *ratios(medians)])
    return rows


def ratios(medians: dict[str, float]) -> list[str]:
    ours, *others = medians.values()
    return [f"{other / ours:.1f}" for other in others]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=10, help="rounds of five questions")
    parser.add_argument("--peer-python", help=f"a Python that has {PEER}")
    parser.add_argument("--no-peer", action="store_true", help="measure ours alone")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        python = (
            None if options.no_peer else stack.enter_context(peer_python(options.peer_python, PEER))
        )
        runs = compared(options.rounds, python, Path(folder))
    with counter() as (count, how):
        rows = figures(runs, count)
    heads = ["median (90th percentile)", *runs, *(f"{name} / ours" for name in list(runs)[1:])]
    print(table(heads, rows))
    print(f"{len(runs[OURS])} questions each; tokens {how}. {machine()}")
    both = statistics.median(run.before_model + run.to_rows for run in runs[OURS])
    print(f"Wanted: at most {LIMIT_MS} ms for both ({both:.1f}), {LIMIT_TOKENS} tokens, one call.")


if __name__ == "__main__":
    main()
