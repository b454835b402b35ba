"""Joins along columns that have no value in common, though a key leads from the one table to the
other: `flights.airline = airlines.airline` compares numbers with names.

Such a join finds nothing whatever is asked, so that it can be put right without harm. Whether rows
match is asked by `look`, as the person may.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import sqlglot
from sqlglot import exp

from ...schema import Schema, Table
from ...sql_names import quoted
from .column_mends import in_sql, set_column
from .joining import links_between
from .literals import Look
from .mended import MOST_CHARACTERS, Mended
from .sources import resolved, source_name

_MOST_JOINS = 6


async def with_matching_joins(sql: str, schema: Schema, look: Look) -> Mended | None:
    """The statement with joins that match; None where all do, or none would do better."""
    if len(sql) > MOST_CHARACTERS:
        return None
    try:
        tree = await asyncio.to_thread(sqlglot.parse_one, sql, dialect="sqlite")
        changes = [
            told
            for left, right in _alone(_joined(tree), schema)[:_MOST_JOINS]
            if (told := await _replaced(left, right, schema, look))
        ]
    except LookupError:
        return None
    except Exception:  # whatever a parser stumbles over, the statement is left as it was
        return None
    return Mended(in_sql(tree), tuple(changes)) if changes else None


def _joined(tree: exp.Expr) -> Iterator[tuple[exp.Column, exp.Column]]:
    """The pairs of columns that are compared with one another."""
    for equal in tree.find_all(exp.EQ):
        if isinstance(equal.left, exp.Column) and isinstance(equal.right, exp.Column):
            yield equal.left, equal.right


def _alone(
    joined: Iterable[tuple[exp.Column, exp.Column]], schema: Schema
) -> Sequence[tuple[exp.Column, exp.Column]]:
    """Those that are all that joins their two tables: a further one narrows down what a key
    has joined, and is no join that went wrong."""
    pairs = [(_sources(left, right, schema), left, right) for left, right in joined]
    times = Counter(sources for sources, _, _ in pairs)
    return [(left, right) for sources, left, right in pairs if times[sources] == 1]


def _sources(left: exp.Column, right: exp.Column, schema: Schema) -> tuple[int, frozenset[str]]:
    """The query that a comparison stands in, and the names that its two tables have there."""
    names = {source_name(each, schema) or each.table.lower() for each in (left, right)}
    return id(left.find_ancestor(exp.Select)), frozenset(names)


async def _replaced(left: exp.Column, right: exp.Column, schema: Schema, look: Look) -> str | None:
    """Join along the one key instead and say so; None where that would not match, either."""
    one, other = resolved(left, schema), resolved(right, schema)
    if one is None or other is None or one[0] is other[0]:
        return None
    first, second = one[0], other[0]
    links = links_between(first, second)
    written = (one[1].name, other[1].name)
    if len(links) != 1 or links[0] == written:
        return None
    terms = [_matching(first, second, names) for names in (written, links[0])]
    ((matches, would_match),) = await look(f"SELECT {', '.join(terms)}")
    if matches or not would_match:
        return None
    before = f"{in_sql(left)} = {in_sql(right)}"
    for column, name in zip((left, right), links[0], strict=True):
        set_column(column, None, name)
    return f"Joined on {in_sql(left)} = {in_sql(right)}: {before} is never true."


def _matching(first: Table, second: Table, names: tuple[str, str]) -> str:
    """SQL that says whether two tables have a value in common."""
    on = f"a.{quoted(names[0])} = b.{quoted(names[1])}"
    tables = f"{quoted(first.name)} AS a JOIN {quoted(second.name)} AS b"
    return f"EXISTS (SELECT 1 FROM {tables} ON {on})"  # noqa: S608 -- names are quoted
