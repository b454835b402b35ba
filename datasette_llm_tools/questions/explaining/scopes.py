"""What the names in one SELECT stand for.

Trees are sqlglot's, of a text whose inner queries were replaced by names (written.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from ...schema import Schema
from ...sql_names import fold
from .sources import Named, Source

_ROWIDS = {"rowid", "oid", "_rowid_"}


@dataclass(frozen=True, slots=True)
class Inner:
    """A query inside another, with its SELECTs, which may be several and may be unknown."""

    name: str
    scopes: tuple[Scope, ...] = ()

    @property
    def around(self) -> str | None:
        """What it names columns of, be it around it, so that it finds others for each row."""
        for scope in self.scopes:
            for node in scope.names_around():
                return scope.around(node) or "the query around it"
        return None

    @property
    def has_values(self) -> bool:
        """Whether none of the values in its first column is empty; False where not known."""
        return bool(self.scopes) and all(_has_values(each) for each in self.scopes)

    @property
    def may_be_empty(self) -> Named | None:
        """Its first column, if its table lets it be empty and nothing leaves that out."""
        for scope in self.scopes:
            named = scope.column(scope.tree.expressions[0].unalias())
            if named and named.may_be_null and not _has_values(scope):
                return named
        return None


def _has_values(scope: Scope) -> bool:
    node = scope.tree.expressions[0].unalias()
    if isinstance(node, exp.Count):
        return True
    named = scope.column(node)
    if named is None:
        return False
    asked = [
        scope.column(each.this.this)
        for each in conjuncts(scope.tree.args.get("where"))
        if isinstance(each, exp.Not)
        and isinstance(each.this, exp.Is)
        and isinstance(each.this.expression, exp.Null)
    ]
    return named.has_value or any(each and each.place == named.place for each in asked)


class Scope:
    """The sources of one SELECT.

    `inner` are the queries inside by their stand-ins; `outer` is the SELECT around it, whose
    columns it may name.
    """

    def __init__(
        self,
        tree: Any,
        schema: Schema,
        ctes: Set[str],
        inner: Mapping[str, Inner],
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
                shown = table.name if table else node.name
        elif not shown and (query := self.inner_query(node)):
            shown = query.name
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

    def inner_query(self, node: Any) -> Inner | None:
        """The query that a stand-in stands for."""
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
            return Named(sources[0], column.name if column else node.name, column)
        if not self.is_known:
            return None
        found = [
            Named(source, column.name, column)
            for source in self.sources
            if source.table and (column := source.table.column(node.name))
        ]
        return found[0] if len(found) == 1 else None

    def may_have(self, node: exp.Column) -> bool:
        """Whether a column may be one of its sources."""
        if node.table:
            return any(each.alias == fold(node.table) for each in self.sources)
        return not self.is_known or any(
            each.table and each.table.column(node.name) for each in self.sources
        )

    def names_around(self) -> Iterator[exp.Column]:
        """The columns that it, or a query inside it, takes from a query around it."""
        own = self.aliases | _ROWIDS
        for node in self.tree.find_all(exp.Column):
            if node.name in self.inner:
                for scope in self.inner[node.name].scopes:
                    yield from (each for each in scope.names_around() if not self.may_have(each))
            elif isinstance(node.this, exp.Star) or self.may_have(node):
                continue
            elif (node.table or fold(node.name) not in own) and self.around(node) is not None:
                yield node

    def around(self, node: exp.Column) -> str | None:
        """What the source of a column is called if it is one of a query around this one."""
        if self.may_have(node) or self.outer is None:
            return None
        outer = self.outer
        if not outer.may_have(node):
            return outer.around(node)
        if node.table:
            return outer.shown(node.table)
        if named := outer.column(node):
            return named.source.shown
        if node.this.args.get("quoted"):
            return None  # SQLite may take it for text
        return outer.sources[0].shown if len(outer.sources) == 1 else "the query around it"

    def shown(self, alias: str) -> str:
        """What a source is called in sentences, be it of a query around this one."""
        named = [each.shown for each in self.sources if each.alias == fold(alias)]
        if named:
            return named[0]
        return self.outer.shown(alias) if self.outer else alias

    def is_text(self, node: exp.Column) -> bool:
        """Whether SQLite takes a name in double quotes for text, because no column has it."""
        return (
            self._surely_lacks(node)
            and bool(self.sources)
            and not node.table
            and bool(node.this.args.get("quoted"))
            and fold(node.name) not in self.aliases | _ROWIDS
        )

    def _surely_lacks(self, node: exp.Column) -> bool:
        """Whether no query around it has such a column, nor it itself."""
        if self.may_have(node):
            return False
        return self.outer is None or self.outer._surely_lacks(node)

    def item(self, node: Any) -> Any:
        """What a place number or a name that SELECT gave stands for; else the node itself."""
        items = self.tree.expressions
        if isinstance(node, exp.Literal) and not node.is_string and node.name.isdigit():
            place = int(node.name)
            if any(each.is_star for each in items) or not 1 <= place <= len(items):
                return node
            return items[place - 1].unalias()
        if isinstance(node, exp.Column) and not node.table and not self.may_have(node):
            return self._aliased(node)
        return node

    def sorted_by(self, node: Any) -> Any:
        """The same in ORDER BY, where a name that SELECT gave goes before a column."""
        is_name = isinstance(node, exp.Column) and not node.table
        return self._aliased(node) if is_name else self.item(node)

    def called(self, node: Any) -> str | None:
        """The name that SELECT gives to one of its items."""
        found = [each.alias for each in self.tree.expressions if each.unalias() is node]
        return found[0] or None if found else None

    def _aliased(self, node: exp.Column) -> Any:
        named = [
            each for each in self.tree.expressions if fold(each.alias or "") == fold(node.name)
        ]
        return named[0].unalias() if len(named) == 1 else node

    @property
    def groups(self) -> list[Any]:
        """The expressions of GROUP BY, with names and place numbers resolved."""
        group = self.tree.args.get("group")
        return [self.item(each) for each in group.expressions] if group else []


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
