"""A statement in plain words, clause by clause, in the order in which SQL is understood.

No model is asked. What is not understood is shown as SQL without words, and a sentence says only
what holds for any rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

import sqlglot
from sqlglot import exp

from ...schema import Schema
from ...sql_names import fold
from . import cautions
from .phrases import Phrases, listed
from .scopes import Scope, Source
from .values import Clause, Explanation, NotUnderstood
from .written import (
    UNREADABLE,
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
_DESCRIPTION = 120  # characters
_JOIN_WORDS = {"natural", "left", "right", "full", "inner", "outer", "cross", "join"}
_OPERATORS = {
    "union": "Puts the rows of {} and {} together and leaves out repeated ones.",
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
        found = explaining.query(read(sql), frozenset(), "", None)
    except UNREADABLE:
        return None
    warnings = tuple(dict.fromkeys(explaining.warnings))[:_MOST_WARNINGS]
    return Explanation(found.clauses, found.parts, warnings)


@dataclass
class _Explaining:
    """One statement being explained: the names of its queries, and warnings on the way."""

    schema: Schema
    warnings: list[str] = field(default_factory=list)
    _numbers: Any = field(default_factory=lambda: count(1))

    def query(self, query: Query, ctes: Set[str], name: str, outer: Scope | None) -> Explanation:
        """A query with its common tables. `ctes` are the folded names of those around it."""
        parts: list[Explanation] = []
        if query.is_recursive:
            ctes = ctes | {fold(each) for each, _ in query.ctes}
        for cte, written in query.ctes:
            inside = self._recursive if query.is_recursive else self._inside
            parts.append(inside(written, ctes, cte, outer))
            ctes = ctes | {fold(cte)}
        if len(query.selects) == 1:
            clauses, more = self._select(query.selects[0], query, ctes, outer)
        else:
            clauses, more = self._compound(query, ctes, outer)
        return Explanation(tuple(clauses), (*parts, *more), name=name)

    def _inside(
        self, written: Written, ctes: Set[str], name: str, outer: Scope | None
    ) -> Explanation:
        """A query inside another; one that cannot be cut up is shown as it is."""
        try:
            return self.query(read_query(written), ctes, name, outer)
        except UNREADABLE:
            return Explanation((Clause("SQL", written.text, None),), name=name)

    def _recursive(
        self, written: Written, ctes: Set[str], name: str, outer: Scope | None
    ) -> Explanation:
        """A common table that may be made of its own rows."""
        found = self._inside(written, ctes, name, outer)
        if len(found.parts) < 2 or not any(each.word == fold(name) for each in written.tokens):
            return found
        first, second = (each.name for each in found.parts[-2:])
        words = (
            f"Begins with {first}, then runs {second} on the rows just found until it finds none."
        )
        clauses = tuple(
            Clause(each.clause, each.sql, words if each.clause.startswith("UNION") else each.words)
            for each in found.clauses
        )
        return Explanation(clauses, found.parts, name=name)

    def _compound(
        self, query: Query, ctes: Set[str], outer: Scope | None
    ) -> tuple[list[Clause], list[Explanation]]:
        """Several SELECTs, each a part with a name, and how their rows come together."""
        parts = []
        for select in query.selects:
            name = self._name()
            alone = Query((select,))
            clauses, more = self._select(alone.selects[0], alone, ctes, outer)
            parts.append(Explanation(tuple(clauses), tuple(more), name=name))
        clauses = []
        for index, operator in enumerate(query.operators):
            first = parts[0].name if index == 0 else "the queries so far"
            words = _OPERATORS[operator].format(first, parts[index + 1].name)
            clauses.append(Clause(operator.upper(), operator.upper(), words))
        tree = sqlglot.parse_one("select * " + _ending(query), dialect="sqlite")
        clauses += _ordered(query, tree, Phrases(Scope(tree, self.schema, ctes, {})))
        return clauses, parts

    def _select(
        self, select: Select, query: Query, ctes: Set[str], outer: Scope | None
    ) -> tuple[list[Clause], list[Explanation]]:
        whole = Written(select.whole.sql, (*select.whole.tokens, *_ending_tokens(query)))
        text, inner = inner_queries(whole)
        tree = sqlglot.parse_one(text, dialect="sqlite")
        if not isinstance(tree, exp.Select):
            raise NotWritten("not a SELECT")
        aliases = _aliases(tree)
        names = {stand_in: aliases.get(stand_in) or self._name() for stand_in, _ in inner}
        scope = Scope(tree, self.schema, ctes, names, outer)
        parts = [self._inside(written, ctes, names[each], scope) for each, written in inner]
        self.warnings += cautions.cautions(scope)
        return _clauses(select, query, scope), parts

    def _name(self) -> str:
        number = next(self._numbers)
        if number > _MOST_QUERIES:
            raise NotWritten("too many queries")
        return f"query {number}"


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


def _aliases(tree: exp.Select) -> dict[str, str]:
    """The names that FROM gives to queries inside, by their stand-ins."""
    return {
        column.name: each.alias
        for each in tree.find_all(exp.Subquery)
        if each.alias
        for column in each.find_all(exp.Column)
    }


def _clauses(select: Select, query: Query, scope: Scope) -> list[Clause]:
    tree, written, phrases = scope.tree, select.clauses, Phrases(scope)
    clauses: list[Clause] = []

    def add(clause: str, sql: str, say: Callable[[], str]) -> None:
        clauses.append(_clause(clause, sql, say, phrases))

    if "from" in written:
        clauses += _from_clauses(written["from"], scope, phrases)
    if "where" in written:
        where = tree.args["where"].this
        add(
            "WHERE",
            written["where"].text,
            lambda: f"Keeps only rows where {phrases.condition(where)}.",
        )
    if "group" in written:
        add("GROUP BY", written["group"].text, lambda: _grouped(scope, phrases))
    if "having" in written:
        having = tree.args["having"].this
        add(
            "HAVING",
            written["having"].text,
            lambda: f"Keeps only groups where {phrases.condition(having)}.",
        )
    if "window" in written:
        clauses.append(Clause("WINDOW", written["window"].text, None))
    add("SELECT", written["select"].text, lambda: _shown(scope, phrases))
    if select.distinct:
        clauses.append(
            Clause(
                "DISTINCT",
                "DISTINCT",
                "Leaves out rows that repeat another one in all that is shown.",
            )
        )
    return clauses + _ordered(query, tree, phrases)


def _clause(clause: str, sql: str, say: Callable[[], str], phrases: Phrases) -> Clause:
    """A clause with its sentence, and with what its columns are described as the first time."""
    before = len(phrases.mentioned)
    try:
        words = say()
    except (NotUnderstood, KeyError, AttributeError):
        del phrases.mentioned[before:]
        return Clause(clause, sql, None)
    words = words[:1].upper() + words[1:]
    described = [
        f"{each.name}: {text[:_DESCRIPTION]}{'…' if len(text) > _DESCRIPTION else ''}"
        for each in phrases.mentioned[before:]
        if each.column and (text := " ".join((each.column.description or "").split()).rstrip("."))
    ]
    return Clause(clause, sql, f"{words} ({'; '.join(described)}.)" if described else words)


def _from_clauses(written: Written, scope: Scope, phrases: Phrases) -> list[Clause]:
    pieces = _joined(written)
    if len(pieces) != len(scope.sources) or not all(each.is_plain for each in scope.sources):
        return [Clause("FROM", written.text, None)]
    return [
        _clause("JOIN", piece.text, partial(_join, source, scope, phrases), phrases)
        if source.join is not None
        else _clause("FROM", piece.text, partial(_taken, source), phrases)
        for piece, source in zip(pieces, scope.sources, strict=True)
    ]


def _taken(source: Source) -> str:
    return f"Takes the rows of {source.shown}{_as(source)}."


def _as(source: Source) -> str:
    """Which table it is where it goes by another name, because it is there twice."""
    table = source.table
    return f" (the table {table.name})" if table and fold(table.name) != fold(source.shown) else ""


def _joined(written: Written) -> list[Written]:
    """The pieces of FROM, each join with its keywords."""
    depth = written.tokens[0].depth
    starts = [0]
    for index, token in enumerate(written.tokens):
        if token.depth != depth or not index:
            continue
        is_next = (
            written.tokens[index - 1].word in _JOIN_WORDS
            and written.tokens[index - 1].depth == depth
        )
        if token.text == "," or (token.word in _JOIN_WORDS and not is_next):
            starts.append(index)
    ends = [*starts[1:], len(written.tokens)]
    pieces = [written.cut(start, end) for start, end in zip(starts, ends, strict=True)]
    return [
        each.cut(1) if each.tokens[:1] and each.tokens[0].text == "," else each for each in pieces
    ]


def _join(source: Source, scope: Scope, phrases: Phrases) -> str:
    """What is matched, and whether rows may be lost or come several times."""
    join, name = source.join, source.shown + _as(source)
    method = str(join.args.get("method") or "").upper()
    if method not in ("", "NATURAL"):
        raise NotUnderstood(method)
    if source.kind == "cross":
        comma = " WHERE decides which of these stay." if scope.tree.args.get("where") else ""
        return f"Combines every row with every row of {name}.{comma}"
    if join.args.get("on") is not None:
        match = phrases.condition(join.args["on"])
    elif join.args.get("using"):
        columns = [each.name for each in join.args["using"]]
        match = f"{listed(columns)} {'is' if len(columns) == 1 else 'are'} the same in both"
    else:
        match = "all columns of the same name are the same"
    several = (
        "" if _matches_once(source, scope) else " A row with several matches comes once for each."
    )
    lost = {
        "inner": "A row without a match is left out.",
        "left": f"A row without a match stays, with nothing in the columns of {source.shown}.",
        "right": f"Every row of {source.shown} stays; other rows without a match are left out.",
        "full": "Rows without a match stay on both sides.",
    }[source.kind]
    return f"Adds {name} where {match}. {lost}{several}"


def _matches_once(source: Source, scope: Scope) -> bool:
    """Whether at most one row can match, because the primary key is matched."""
    place = scope.sources.index(source)
    if source.kind not in ("inner", "left") or source.table is None:
        return False
    if any(each.kind in ("right", "full") for each in scope.sources):
        return False
    return source.alias in scope.determined((), given=scope.sources[:place], only=source)


def _grouped(scope: Scope, phrases: Phrases) -> str:
    groups = scope.groups
    given = [phrases.value(each) for each in groups]
    each = f"combination of {listed(given)}" if len(given) > 1 else given[0]
    return (
        f"Makes one row for each {each}."
        if len(given) > 1
        else f"Makes one row for each value of {each}."
    )


def _shown(scope: Scope, phrases: Phrases) -> str:
    tree = scope.tree
    what = phrases.listed(tree.expressions)
    is_one = not tree.args.get("group") and cautions.aggregates(tree)
    return f"Puts all rows together into one and shows {what}." if is_one else f"Shows {what}."


def _ordered(query: Query, tree: Any, phrases: Phrases) -> list[Clause]:
    clauses = []
    if query.order is not None:
        order = tree.args["order"].expressions
        clauses.append(
            _clause(
                "ORDER BY",
                query.order.text,
                lambda: f"Rows come {phrases.order(order)}.",
                phrases,
            )
        )
    if query.limit is not None:
        clauses.append(_clause("LIMIT", query.limit.text, lambda: _limited(tree), phrases))
    return clauses


def _limited(tree: Any) -> str:
    limit, offset = tree.args.get("limit"), tree.args.get("offset")
    number = limit.expression.name if isinstance(limit.expression, exp.Literal) else ""
    skipped = ""
    if offset is not None:
        skipped = offset.expression.name if isinstance(offset.expression, exp.Literal) else "?"
    if not number.isdigit() or (skipped and not skipped.isdigit()) or limit.args.get("offset"):
        raise NotUnderstood("LIMIT")
    rows = "row" if number == "1" else f"{number} rows"
    first = "next" if skipped and skipped != "0" else "first"
    left_out = "row" if skipped == "1" else f"{skipped} rows"
    skip = f"Leaves out the first {left_out} and keeps" if first == "next" else "Keeps"
    return f"{skip} only the {first} {rows}."
