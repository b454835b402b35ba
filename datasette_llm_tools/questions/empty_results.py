"""What is said of a result that holds no value: by rule, never by a model. Pure.

A small model, asked to word no rows at all, words the question instead: that nothing is so. What is
known is only that the statement ran and what it kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..queries import QueryResult
from .explaining.values import Explanation

_KEEPING = ("WHERE", "HAVING")


@dataclass(frozen=True, slots=True)
class EmptyResult:
    """What is said of it in a sentence, and the conditions that it met, in words."""

    sentence: str
    conditions: tuple[str, ...] = ()


def is_empty(result: QueryResult) -> bool:
    """Whether a result has no rows, or nothing but NULL in them. A zero is an answer."""
    return all(value is None for row in result.rows for value in row)


def empty_result(result: QueryResult, explanation: Explanation | None) -> EmptyResult | None:
    """What to say of a result, and where to look; None where it holds values."""
    if not is_empty(result):
        return None
    sentence = (
        "The query ran, and all that it returned is NULL: no row had a value to show."
        if result.rows
        else "The query ran, and nothing matched."
    )
    return EmptyResult(sentence, tuple(_conditions(explanation)) if explanation else ())


def _conditions(explanation: Explanation) -> list[str]:
    """Which rows and groups a statement keeps, each with the name of its query, if it has one."""
    return [
        f"{query.name}: {clause.words}" if query.name else clause.words
        for query in explanation.in_order()
        for clause in query.clauses
        if clause.clause in _KEEPING and clause.words
    ]
