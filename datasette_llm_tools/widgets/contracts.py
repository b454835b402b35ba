"""What a query gave when a widget was made, and in words what is different now.

A widget is written for columns. When these change, its reader is told, instead of being shown
a drawing that may mean nothing any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..queries import QueryResult, Value
from .values import Column

# That the rows looked at hold whole numbers today and others tomorrow is no change.
_NUMBERS = frozenset({"integer", "float"})


def columns_of(result: QueryResult) -> tuple[Column, ...]:
    """The columns of a result, with the types of what its rows hold."""
    return tuple(
        Column(name, _type_of(row[number] for row in result.rows))
        for number, name in enumerate(result.columns)
    )


def differences(query: str, before: Sequence[Column], now: Sequence[Column]) -> tuple[str, ...]:
    """What is different in a query's columns, a sentence for each; empty where nothing is.

    A column without values, then or now, has no type to differ.
    """
    types = {each.name: each.type for each in before}
    types_now = {each.name: each.type for each in now}
    found = [
        f"The query {query} no longer has the column {name}." for name in types.keys() - types_now
    ]
    found += [
        f"The query {query} has a column {name} that it did not have when the widget was made."
        for name in types_now.keys() - types
    ]
    found += [
        f"The column {name} of the query {query} holds {_PLURALS[types_now[name]]}; when the "
        f"widget was made it held {_PLURALS[kind]}."
        for name, kind in types.items()
        if name in types_now and not _are_alike(kind, types_now[name])
    ]
    return tuple(sorted(found))


def _are_alike(before: str, now: str) -> bool:
    return before == now or "null" in (before, now) or {before, now} <= _NUMBERS


def _type_of(values: Iterable[Value]) -> str:
    found = {_NAMES[type(each)] for each in values if each is not None}
    if len(found) > 1:
        return "float" if found <= _NUMBERS else "mixed"
    return found.pop() if found else "null"


_NAMES = {int: "integer", bool: "integer", float: "float", str: "text", bytes: "blob"}
_PLURALS = {
    "integer": "whole numbers",
    "float": "numbers",
    "text": "text",
    "blob": "binary data",
    "mixed": "values of several types",
    "null": "nothing",
}
