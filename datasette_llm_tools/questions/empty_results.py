"""What is said of a result that says nothing: by rule, never by a model. Pure.

A small model, asked to word no rows at all, words the question instead: that nothing is so; and of
a count of 0 it says that there was one. What is known is that the statement ran, and what it kept.
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


def says_nothing(result: QueryResult) -> bool:
    """Whether a result holds no value, or is one row of zeros: a count of nothing."""
    if len(result.rows) > 1:
        return is_empty(result)
    return all(value is None or value == 0 for row in result.rows for value in row)


def empty_result(result: QueryResult, explanation: Explanation | None) -> EmptyResult | None:
    """What to say of a result, and where to look; None where it says something itself."""
    if not says_nothing(result):
        return None
    return EmptyResult(_sentence(result), tuple(_conditions(explanation)) if explanation else ())


def _sentence(result: QueryResult) -> str:
    if not result.rows:
        return "The query ran, and nothing matched."
    if is_empty(result):
        return "The query ran, and all that it returned is NULL: no row had a value to show."
    if None in result.rows[0]:
        return "The query ran, and all that it returned is 0 and NULL."
    if len(result.rows[0]) > 1:
        return "The query ran, and all that it returned is 0."
    return "The query ran, and its result is 0."


def _conditions(explanation: Explanation) -> list[str]:
    """Which rows and groups a statement keeps, each with the name of its query, if it has one."""
    return [
        f"{query.name}: {clause.words}" if query.name else clause.words
        for query in explanation.in_order()
        for clause in query.clauses
        if clause.clause in _KEEPING and clause.words
    ]
