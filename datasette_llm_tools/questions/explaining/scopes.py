"""What the names in one SELECT stand for, and which of its rows name a row of another table.

Trees are sqlglot's, of a text whose inner queries were replaced by names (written.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from sqlglot import exp

from ...schema import Column, Schema, Table
from ...sql_names import fold

Place: TypeAlias = tuple[str, str]  # alias and column, both folded


@dataclass(frozen=True, slots=True)
class Source:
    """What stands in FROM or JOIN; `table` is None for queries inside and common tables.

    `is_plain`: it is a table or one of those, not a function or several joined in parentheses.
    """

    alias: str
    shown: str
    table: Table | None
    join: Any = None
    is_plain: bool = True
    may_be_missing: bool = False

    @property
    def has_key(self) -> bool:
        """Whether a primary key is known, by which one row can be told from others."""
        return self.table is not None and any(each.pk for each in self.table.columns)

    @property
    def kind(self) -> str:
        """How it is joined: inner, left, right, full or cross; empty for the first one."""
        if self.join is None:
            return ""
        side = str(self.join.args.get("side") or "").lower()
        matches = any(self.join.args.get(each) for each in ("on", "using", "method"))
        return side or ("inner" if matches else "cross")


@dataclass(frozen=True, slots=True)
class Named:
    """A column with where it comes from; `column` is None where its table is not known."""

    source: Source
    name: str
    column: Column | None

    @property
    def place(self) -> Place:
        return self.source.alias, fold(self.name)

    @property
    def may_be_null(self) -> bool:
        """Whether its table lets it be empty; False where that is not known."""
        table, column = self.source.table, self.column
        if table is None or column is None or table.kind != "table":
            return False
        return not column.not_null and not column.pk

    @property
    def affinity(self) -> str:
        """text, number or nothing, by its declared type (sqlite.org/datatype3.html, 3.1)."""
        declared = self.column.type.upper() if self.column and self.source.table else ""
        if self.source.table is None or self.source.table.kind != "table":
            return ""
        if "INT" in declared:
            return "integer"
        if any(each in declared for each in ("CHAR", "CLOB", "TEXT")):
            return "text"
        return "number" if any(each in declared for each in ("REAL", "FLOA", "DOUB")) else ""


class Scope:
    """The sources of one SELECT.

    `inner` gives names to the queries inside by their stand-ins; `outer` is the SELECT around it,
    whose columns it may name.
    """

    def __init__(
        self,
        tree: Any,
        schema: Schema,
        ctes: Set[str],
        inner: Mapping[str, str],
        outer: Scope | None = None,
    ) -> None:
        self.tree = tree
        self.inner = inner
        self.outer = outer
        self.aliases = {fold(each.alias) for each in tree.expressions if each.alias}
        clause = tree.args.get("from_")
        joins = list(tree.args.get("joins") or [])
        found = [(clause.this, None)] if clause else []
        found += [(join.this, join) for join in joins]
        names = [fold(node.name) for node, _ in found if isinstance(node, exp.Table)]
        self.sources: list[Source] = []
        for node, join in found:
            self.sources.append(self._source(node, join, schema, ctes, names))
        self._mark_missing()
        self.is_known = all(each.table for each in self.sources)

    def _source(
        self, node: Any, join: Any, schema: Schema, ctes: Set[str], names: list[str]
    ) -> Source:
        table = None
        shown = node.alias_or_name
        if isinstance(node, exp.Table) and fold(node.db) in ("", "main"):
            if fold(node.name) not in ctes:
                table = schema.table(node.name)
            if names.count(fold(node.name)) == 1:
                shown = node.name
        elif not shown:
            shown = self.inner_name(node)
        is_table = isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier)
        is_query = isinstance(node, exp.Subquery) and isinstance(node.this, exp.Select)
        is_plain = (is_table or is_query) and not node.args.get("joins")
        return Source(fold(node.alias_or_name), shown or "a query", table, join, is_plain)

    def _mark_missing(self) -> None:
        """Outer joins give rows in which the columns of a source are empty."""
        for index, source in enumerate(self.sources):
            later = {each.kind for each in self.sources[index + 1 :]}
            if source.kind in ("left", "full") or later & {"right", "full"}:
                self.sources[index] = replace(source, may_be_missing=True)

    def inner_name(self, node: Any) -> str | None:
        """The name of the query that a stand-in stands for."""
        for column in node.find_all(exp.Column):
            if column.name in self.inner:
                return self.inner[column.name]
        return None

    def column(self, node: Any) -> Named | None:
        """Where a column comes from, or None where that is not sure."""
        if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
            return None
        if node.table:
            sources = [each for each in self.sources if each.alias == fold(node.table)]
            if len(sources) != 1:
                return None
            column = sources[0].table.column(node.name) if sources[0].table else None
            return Named(sources[0], node.name, column)
        if not self.is_known:
            return None
        found = [
            Named(source, node.name, column)
            for source in self.sources
            if source.table and (column := source.table.column(node.name))
        ]
        return found[0] if len(found) == 1 else None

    def shown(self, alias: str) -> str:
        """What a source is called in sentences, be it of a query around this one."""
        named = [each.shown for each in self.sources if each.alias == fold(alias)]
        if named:
            return named[0]
        return self.outer.shown(alias) if self.outer else alias

    def is_text(self, node: exp.Column) -> bool:
        """Whether SQLite takes a name in double quotes for text, because no column has it."""
        return (
            self.is_known
            and self.outer is None
            and bool(self.sources)
            and not node.table
            and bool(node.this.args.get("quoted"))
            and fold(node.name) not in self.aliases | {"rowid", "oid", "_rowid_"}
            and not any(each.table and each.table.column(node.name) for each in self.sources)
        )

    def item(self, node: Any) -> Any:
        """What a place number or a name that SELECT gave stands for; else the node itself."""
        items = self.tree.expressions
        if isinstance(node, exp.Literal) and not node.is_string and node.name.isdigit():
            place = int(node.name)
            if any(each.is_star for each in items) or not 1 <= place <= len(items):
                return node
            return items[place - 1].unalias()
        if isinstance(node, exp.Column) and not node.table and self.column(node) is None:
            named = [each for each in items if fold(each.alias or "") == fold(node.name)]
            return named[0].unalias() if len(named) == 1 else node
        return node

    @property
    def groups(self) -> list[Any]:
        """The expressions of GROUP BY, with names and place numbers resolved."""
        group = self.tree.args.get("group")
        return [self.item(each) for each in group.expressions] if group else []

    def determined(
        self, start: Iterable[Any], *, given: Iterable[Source] = (), only: Source | None = None
    ) -> set[str]:
        """The sources of which at most one row goes with given columns, or with given rows.

        `only`: by what this source is joined on alone, whatever else is required of rows.
        """
        known: set[Place] = set()
        rows = {each.alias for each in given}
        for node in start:
            if named := self.column(node):
                known.add(named.place)
        links = list(self._equalities(only))
        while True:
            before = len(known), len(rows)
            for left, right in links:
                if right is None or right.place in known or right.source.alias in rows:
                    known.add(left.place)
            for source in self.sources:
                keys = [each for each in source.table.columns if each.pk] if source.table else []
                if keys and all((source.alias, fold(each.name)) in known for each in keys):
                    rows.add(source.alias)
            if before == (len(known), len(rows)):
                return rows

    def matched(self, source: Source) -> Iterator[tuple[Named, Named]]:
        """The pairs of columns that a source is joined on, if they have to be equal."""
        for condition in conjuncts(source.join.args.get("on")):
            for left, right in self._equal(condition):
                if right and left.source.alias == source.alias != right.source.alias:
                    yield left, right
        for name in source.join.args.get("using") or ():
            for left, right in self._used(source, name.name):
                if right and left.source.alias == source.alias:
                    yield left, right

    def has_value(self, node: Any, rows: Set[str]) -> bool:
        """Whether a column has one value only where one row of each of these sources is given."""
        named = self.column(node)
        return named is not None and named.source.alias in rows

    def _equalities(self, only: Source | None) -> Iterator[tuple[Named, Named | None]]:
        """Columns that have the value of another column, or of a constant (None)."""
        for condition in conjuncts(self.tree.args.get("where")) if only is None else ():
            yield from self._equal(condition)
        for source in self.sources:
            if source.join is None or source.kind in ("right", "full"):
                continue
            if only is not None and source is not only:
                continue
            for condition in conjuncts(source.join.args.get("on")):
                for left, right in self._equal(condition):
                    if source.kind != "left" or left.source.alias == source.alias:
                        yield left, right
            for name in source.join.args.get("using") or ():
                yield from self._used(source, name.name)

    def _equal(self, condition: Any) -> Iterator[tuple[Named, Named | None]]:
        if not isinstance(condition, exp.EQ):
            return
        sides = [self.column(condition.this), self.column(condition.expression)]
        nodes = [condition.expression, condition.this]
        for here, there, other in zip(sides, reversed(sides), nodes, strict=True):
            if here and (there or isinstance(other, exp.Literal)):
                yield here, there

    def _used(self, source: Source, name: str) -> Iterator[tuple[Named, Named | None]]:
        place = self.sources.index(source)
        for earlier in self.sources[:place]:
            if earlier.table and source.table and earlier.table.column(name):
                here = Named(source, name, source.table.column(name))
                there = Named(earlier, name, earlier.table.column(name))
                yield here, there
                if source.kind != "left":
                    yield there, here


def conjuncts(node: Any) -> Iterator[Any]:
    """The conditions that all have to hold."""
    node = node.this if isinstance(node, exp.Where) else node
    waiting = [node] if node is not None else []
    while waiting:
        one = waiting.pop()
        one = one.unnest() if isinstance(one, exp.Paren) else one
        if isinstance(one, exp.And):
            waiting += [one.expression, one.this]
        else:
            yield one
