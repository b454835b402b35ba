"""A statement in plain words, clause by clause: the queries inside it first, then the whole.

No model is asked. What is not understood is shown as SQL without words, and a sentence says only
what holds for any rows.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import sqlglot
from sqlglot import exp

from ...schema import Schema
from ...sql_names import fold
from . import cautions
from .clauses import ending_clauses, select_clauses
from .phrases import Phrases, listed
from .scopes import Inner, Scope
from .values import Clause, Explanation
from .written import (
    UNREADABLE,
    CommonTable,
    NotWritten,
    Query,
    Select,
    Written,
    inner_queries,
    read,
    read_query,
)

_MOST_QUERIES = 30
_MOST_WARNINGS = 8
_OPERATORS = {
    "union": "Puts the rows of {} and {} together; the same row is kept only once.",
    "union all": "Puts the rows of {} and {} together; repeated ones stay.",
    "intersect": "Keeps only rows that are in both {} and {}, each once.",
    "except": "Keeps the rows of {} that are not in {}, each once.",
}


def explain(sql: str, schema: Schema) -> Explanation | None:
    """Say what a SELECT statement does; None where it cannot be told apart into clauses.

    Takes some milliseconds for 1,000 characters: call it in a thread. Longer statements than
    written.MOST_CHARACTERS are not explained.
    """
    explaining = _Explaining(schema)
    try:
        found = explaining.query(read(sql), frozenset(), None)
    except UNREADABLE:
        return None
    warnings = tuple(dict.fromkeys(explaining.warnings))[:_MOST_WARNINGS]
    return Explanation(found.clauses, found.parts, warnings)


@dataclass(frozen=True, slots=True)
class _Explained:
    """A query with its SELECTs, as far as they could be read. It has no name yet."""

    clauses: tuple[Clause, ...]
    parts: tuple[Explanation, ...] = ()
    scopes: tuple[Scope, ...] = ()

    def named(self, name: str) -> Explanation:
        return Explanation(self.clauses, self.parts, name=name)


@dataclass
class _Explaining:
    """One statement being explained: numbers for its queries, and warnings on the way.

    Queries get their numbers in the order in which they are read.
    """

    schema: Schema
    warnings: list[str] = field(default_factory=list)
    _numbers: Any = field(default_factory=lambda: count(1))
    _read: int = 0

    def query(self, query: Query, ctes: Set[str], outer: Scope | None) -> _Explained:
        """A query with its common tables. `ctes` are the folded names of those around it."""
        parts: list[Explanation] = []
        if query.is_recursive:
            ctes = ctes | {fold(each.name) for each in query.ctes}
        for cte in query.ctes:
            parts.append(self._common_table(cte, query.is_recursive, ctes, outer))
            ctes = ctes | {fold(cte.name)}
        if len(query.selects) == 1:
            found = self._select(query.selects[0], query, ctes, outer)
        else:
            found = self._compound(query, ctes, outer)
        return replace(found, parts=(*parts, *found.parts))

    def _inside(self, written: Written, ctes: Set[str], outer: Scope | None) -> _Explained:
        """A query inside another; one that cannot be cut up is shown as it is."""
        try:
            return self.query(read_query(written), ctes, outer)
        except UNREADABLE:
            return _Explained((Clause("SQL", written.text, None),))

    def _common_table(
        self, cte: CommonTable, may_recur: bool, ctes: Set[str], outer: Scope | None
    ) -> Explanation:
        """A query of WITH, which may be made of its own rows and name its columns anew."""
        found = self._inside(cte.inside, ctes, outer)
        clauses = found.clauses
        if may_recur and any(fold(each.name or "") == fold(cte.name) for each in cte.inside.tokens):
            clauses = _recursive(found)
        if cte.columns:
            names = [each.tokens[0].name or "" for each in cte.columns.listed()]
            words = f"Calls {'its column' if len(names) == 1 else 'its columns'} {listed(names)}."
            clauses = (*clauses, Clause("AS", f"{cte.name}({cte.columns.text})", words))
        return Explanation(clauses, found.parts, name=cte.name)

    def _compound(self, query: Query, ctes: Set[str], outer: Scope | None) -> _Explained:
        """Several SELECTs, each a part with a name, and how their rows come together."""
        parts: list[Explanation] = []
        scopes: tuple[Scope, ...] = ()
        self._count(len(query.selects))
        for select in query.selects:
            found = self._select(select, Query((select,)), ctes, outer)
            parts.append(found.named(self._name()))
            scopes += found.scopes
        clauses = []
        for index, operator in enumerate(query.operators):
            first = parts[0].name if index == 0 else "the queries so far"
            words = _OPERATORS[operator].format(first, parts[index + 1].name)
            clauses.append(Clause(operator.upper(), operator.upper(), words))
        tree = sqlglot.parse_one("select * " + _ending(query), dialect="sqlite")
        clauses += ending_clauses(query, tree, Phrases(Scope(tree, self.schema, ctes, {})))
        return _Explained(tuple(clauses), tuple(parts), scopes)

    def _select(
        self, select: Select, query: Query, ctes: Set[str], outer: Scope | None
    ) -> _Explained:
        """One SELECT; the queries in FROM, which cannot name its columns, before the others."""
        whole = Written(select.whole.sql, (*select.whole.tokens, *_ending_tokens(query)))
        text, inside = inner_queries(whole)
        tree = sqlglot.parse_one(text, dialect="sqlite")
        if not isinstance(tree, exp.Select):
            raise NotWritten("not a SELECT")
        self._count(len(inside))
        aliases = _in_from(tree)
        inner: dict[str, Inner] = {}
        parts: list[Explanation] = []

        def explain_inner(stand_in: str, written: Written, around: Scope | None) -> None:
            found = self._inside(written, ctes, around)
            name = aliases.get(stand_in) or self._name()
            inner[stand_in] = Inner(name, found.scopes)
            parts.append(_for_each_row(found, inner[stand_in]).named(name))

        for stand_in, written in inside:
            if stand_in in aliases:
                explain_inner(stand_in, written, outer)
        scope = Scope(tree, self.schema, ctes, inner, outer)
        for stand_in, written in inside:
            if stand_in not in aliases:
                explain_inner(stand_in, written, scope)
        self.warnings += cautions.cautions(scope)
        return _Explained(tuple(select_clauses(select, query, scope)), tuple(parts), (scope,))

    def _name(self) -> str:
        return f"query {next(self._numbers)}"

    def _count(self, queries: int) -> None:
        """Count queries that are to be explained; raise NotWritten where they are too many."""
        self._read += queries
        if self._read > _MOST_QUERIES:
            raise NotWritten("too many queries")


def _for_each_row(found: _Explained, inner: Inner) -> _Explained:
    """The same with a word on when it is done, where that is more than once."""
    if not found.clauses or (around := inner.around) is None:
        return found
    first, *others = found.clauses
    remark = f"All of this is done anew for each row of {around}."
    return replace(found, clauses=(replace(first, remarks=(*first.remarks, remark)), *others))


def _recursive(found: _Explained) -> tuple[Clause, ...]:
    """The clauses of a query that is made of its own rows."""
    if len(found.parts) < 2:
        return found.clauses
    first, second = (each.name for each in found.parts[-2:])
    words = f"Begins with {first}, then runs {second} on the rows just found until it finds none."
    once = "Rows that were there before are left out."
    return tuple(
        Clause(each.clause, each.sql, words, () if each.clause == "UNION ALL" else (once,))
        if each.clause.startswith("UNION")
        else each
        for each in found.clauses
    )


def _in_from(tree: exp.Select) -> dict[str, str]:
    """The queries in FROM by their stand-ins, with the names that they have there, if any."""
    clause = tree.args.get("from_")
    sources = [clause.this if clause else None, *(each.this for each in tree.args.get("joins", ()))]
    return {
        column.name: each.alias
        for each in sources
        if isinstance(each, exp.Subquery)
        for column in each.find_all(exp.Column)
    }


def _ending_tokens(query: Query) -> Sequence[Any]:
    """ORDER BY and LIMIT with all that is in them, as they come after the last SELECT."""
    last = query.limit or query.order
    if last is None:
        return ()
    start = query.selects[-1].whole.tokens[-1].end
    every = [
        *(query.order.tokens if query.order else ()),
        *(query.limit.tokens if query.limit else ()),
    ]
    return [each for each in every if each.start >= start]


def _ending(query: Query) -> str:
    order = f"order by {query.order.text} " if query.order else ""
    return order + (f"limit {query.limit.text}" if query.limit else "")
