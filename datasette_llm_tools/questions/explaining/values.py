"""A statement in plain words, clause by clause, as frozen values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# Clauses whose SQL has its keyword in it, or has none.
_WITH_KEYWORD = {"AS", "JOIN", "DISTINCT", "UNION", "UNION ALL", "INTERSECT", "EXCEPT", "SQL"}


class NotUnderstood(ValueError):
    """There are no sure words for this; its SQL is shown without any."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: its keyword, as it is written, and in one sentence; None where not understood.

    `remarks` are sentences on what comes of it, and on what its columns are.
    """

    clause: str
    sql: str
    sentence: str | None
    remarks: tuple[str, ...] = ()

    @property
    def words(self) -> str | None:
        """All that is said of it."""
        return " ".join((self.sentence, *self.remarks)) if self.sentence else None

    @property
    def written(self) -> str:
        """Its SQL with the keyword before it."""
        if self.clause in _WITH_KEYWORD:
            return self.sql
        return f"{self.clause} {self.sql}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """A query in the order in which SQL is understood.

    `parts` are the queries inside, which come first; each has a name that the sentences use.
    `warnings` are what a careful reader should know of all of it.
    """

    clauses: tuple[Clause, ...]
    parts: tuple[Explanation, ...] = ()
    warnings: tuple[str, ...] = ()
    name: str = ""

    def in_order(self) -> Iterator[Explanation]:
        """The queries inside and then this one, as they are to be read."""
        for part in self.parts:
            yield from part.in_order()
        yield self


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """For programs: a list of queries in the order of reading, the last one the whole."""
    return {
        "queries": [
            {
                "name": each.name or None,
                "clauses": [
                    {"clause": one.clause, "sql": one.sql, "words": one.words}
                    for one in each.clauses
                ],
            }
            for each in explanation.in_order()
        ],
        "warnings": list(explanation.warnings),
    }


def explanation_lines(explanation: Explanation | None) -> list[str]:
    """For a terminal: each clause below its sentence, after a heading for each query."""
    if explanation is None:
        return ["", "This SQL is not explained: its clauses cannot be told apart for sure."]
    lines = []
    for query in explanation.in_order():
        name = query.name or ("the whole" if explanation.parts else "The SQL in plain words")
        lines += ["", f"{name[:1].upper()}{name[1:]}:"]
        for number, clause in enumerate(query.clauses, 1):
            written = " ".join(clause.written.split())
            lines += (
                [f"{number:>3}. {clause.words}", f"     {written}"]
                if clause.words
                else [f"{number:>3}. {written}"]
            )
    if explanation.warnings:
        lines += ["", "Things to know:", *(f"  - {each}" for each in explanation.warnings)]
    return lines
