"""The local model on twenty questions about demo.db: how soon, and how often right.

    python benchmarks/ask_local.py [--model MODEL] [--words]

A real server on loopback answers the questions of tests/local_model/questions.json one after
the other, once the model is loaded and has read the schema, as opening the Ask page makes it do.
The local model must be installed: `datasette llm-tools local-model install`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from serving import ROOT, Event, Person, served
from tables import machine, table

from datasette_llm_tools.local_model.files import QWEN

sys.path.insert(0, str(ROOT))
from tests.local_model.matching import Expected

WANTED = (
    "Wanted at the median: 3 s to the first SQL, 8 s to rows; 14 right; prompts of 1500 tokens."
)


@dataclass(frozen=True)
class Answered:
    """Seconds since the POST; None where it did not come so far."""

    question: str
    first_sql: float | None
    rows: float | None
    end: float
    right: bool
    sql_calls: int
    prompt_tokens: int
    sql: str


def answered(person: Person, question: str, expected: Expected, *, in_words: bool) -> Answered:
    """Ask once, then read the rows as the page's JSON has them."""
    posted = time.monotonic()
    fields = {"question": question, "in_words": str(int(in_words))}
    events = list(person.events("/-/questions/demo", fields))
    found = person.json("GET", f"{events[0].data['url']}.json")
    calls = [call for call in found["calls"] if call["purpose"] == "sql"]

    def since_post(name: str) -> float | None:
        return next((event.at - posted for event in events if event.name == name), None)

    return Answered(
        question,
        since_post("sql"),
        since_post("rows"),
        events[-1].at - posted,
        expected.is_right(question, found["rows"]),
        len(calls),
        (calls[0]["usage"]["input_tokens"] or 0) if calls else 0,
        " ".join((found["sql"] or found["error"] or "").split()),
    )


def warmed(person: Person) -> list[Event]:
    """Load the model and let it read the schema; raises RuntimeError where it cannot."""
    events = list(person.events("/-/questions/demo/-/warm", {}))
    if events[-1].name != "ready":
        raise RuntimeError(f"The model did not get ready: {events[-1].data}")
    return events


def report(results: list[Answered]) -> str:
    """The table, medians last."""

    def seconds(value: float | None) -> str:
        return "–" if value is None else f"{value:.1f}"

    def median(values: list[float | None]) -> str:
        return f"{statistics.median(value for value in values if value is not None):.2f}"

    heads = ["question", "first SQL s", "rows s", "end s", "right", "calls", "first tokens"]
    rows = [
        [
            each.question,
            seconds(each.first_sql),
            seconds(each.rows),
            seconds(each.end),
            "yes" if each.right else "no",
            str(each.sql_calls),
            str(each.prompt_tokens),
        ]
        for each in results
    ]
    last = [
        "median, right, most",
        median([each.first_sql for each in results]),
        median([each.rows for each in results]),
        median([each.end for each in results]),
        f"{sum(each.right for each in results)} of {len(results)}",
        str(max(each.sql_calls for each in results)),
        str(max(each.prompt_tokens for each in results)),
    ]
    wrong = [f"  {each.question}\n    {each.sql}" for each in results if not each.right]
    return "\n".join([table(heads, [*rows, last]), "", "Not right:", *wrong])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default=QWEN.model_id)
    parser.add_argument("--words", action="store_true", help="with an answer in words as well")
    options = parser.parse_args()
    expected = Expected(ROOT / "demo.db")
    config = {"plugins": {"datasette-llm-tools": {"model": options.model}}}
    print(machine())
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder), config=config, plugin="signing_in.py") as server,
    ):
        person = Person(server.port)
        started = time.monotonic()
        warmed(person)
        print(f"Model loaded and schema read in {time.monotonic() - started:.1f} s.")
        results = []
        for question in expected.results:
            results.append(answered(person, question, expected, in_words=options.words))
            # What takes minutes shows that it goes on.
            print(f"{results[-1].end:6.1f} s  {question}", file=sys.stderr, flush=True)
    print(report(results))
    print(f"\n{WANTED}\n{machine()}")


if __name__ == "__main__":
    main()
