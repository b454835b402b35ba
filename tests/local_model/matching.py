"""Whether a result answers a question: it holds the columns of an accepted one, with its rows.

Columns may come in any order, with others beside them; rows may come in any order, but as often
as they should. Numbers are compared to two decimals.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

QUESTIONS = Path(__file__).with_name("questions.json")
Rows = Sequence[Sequence[object]]


class Expected:
    """The questions of questions.json with the results of their accepted statements."""

    def __init__(self, database: Path) -> None:
        connection = sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)
        try:
            self.results: dict[str, list[Rows]] = {
                each["question"]: [connection.execute(sql).fetchall() for sql in each["accepted"]]
                for each in json.loads(QUESTIONS.read_text(encoding="utf-8"))
            }
        finally:
            connection.close()

    def is_right(self, question: str, rows: Rows | None) -> bool:
        """Whether the rows found, None for no result, match an accepted result."""
        if rows is None:
            return False
        return any(matches(rows, accepted) for accepted in self.results[question])


def matches(rows: Rows, accepted: Rows) -> bool:
    """Whether the columns of `accepted` are among those of `rows`, row by row, in any order."""
    if len(rows) != len(accepted):
        return False
    found, wanted = columns_of(rows), columns_of(accepted)
    bag = Counter(zip(*wanted, strict=True))
    return any(Counter(zip(*chosen, strict=True)) == bag for chosen in choices(found, wanted))


Column = tuple[object, ...]


def choices(found: Sequence[Column], wanted: Sequence[Column]) -> Iterator[tuple[Column, ...]]:
    """Ways to take one found column, no column twice, for each wanted one with the same values."""
    if not wanted:
        yield ()
        return
    for number, column in enumerate(found):
        if Counter(column) == Counter(wanted[0]):
            for rest in choices([*found[:number], *found[number + 1 :]], wanted[1:]):
                yield (column, *rest)


def columns_of(rows: Rows) -> list[Column]:
    return list(zip(*([comparable(value) for value in row] for row in rows), strict=True))


def comparable(value: object) -> object:
    return round(float(value), 2) if isinstance(value, int | float) else value
