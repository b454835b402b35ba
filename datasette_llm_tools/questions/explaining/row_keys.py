"""Which rows of a SELECT name a row of another table, as its keys and equal columns tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import Any

from sqlglot import exp

from ...sql_names import fold
from .scopes import Scope, conjuncts
from .sources import Named, Place, Source


def determined(
    scope: Scope, start: Iterable[Any], *, given: Iterable[Source] = (), only: Source | None = None
) -> set[str]:
    """The sources of which at most one row goes with given columns, or with given rows.

    `only`: by what this source is joined on alone, whatever else is required of rows.
    """
    known: set[Place] = set()
    rows = {each.alias for each in given}
    for node in start:
        if named := scope.column(node):
            known.add(named.place)
    links = list(_equalities(scope, only))
    while True:
        before = len(known), len(rows)
        for left, right in links:
            if right is None or right.place in known or right.source.alias in rows:
                known.add(left.place)
        for source in scope.sources:
            keys = [each for each in source.table.columns if each.pk] if source.table else []
            if keys and all((source.alias, fold(each.name)) in known for each in keys):
                rows.add(source.alias)
        if before == (len(known), len(rows)):
            return rows


def matched(scope: Scope, source: Source) -> Iterator[tuple[Named, Named]]:
    """The pairs of columns that a source is joined on, if they have to be equal."""
    for condition in conjuncts(source.join.args.get("on")):
        for left, right in _equal(scope, condition):
            if right and left.source.alias == source.alias != right.source.alias:
                yield left, right
    for name in source.join.args.get("using") or ():
        for left, right in _used(scope, source, name.name):
            if right and left.source.alias == source.alias:
                yield left, right


def has_value(scope: Scope, node: Any, rows: Set[str]) -> bool:
    """Whether a column has one value only where one row of each of these sources is given."""
    named = scope.column(node)
    return named is not None and named.source.alias in rows


def _equalities(scope: Scope, only: Source | None) -> Iterator[tuple[Named, Named | None]]:
    """Columns that have the value of another column, or of a constant (None)."""
    for condition in conjuncts(scope.tree.args.get("where")) if only is None else ():
        yield from _equal(scope, condition)
    for source in scope.sources:
        if source.join is None or source.kind in ("right", "full"):
            continue
        if only is not None and source is not only:
            continue
        for condition in conjuncts(source.join.args.get("on")):
            for left, right in _equal(scope, condition):
                if source.kind != "left" or left.source.alias == source.alias:
                    yield left, right
        for name in source.join.args.get("using") or ():
            yield from _used(scope, source, name.name)


def _equal(scope: Scope, condition: Any) -> Iterator[tuple[Named, Named | None]]:
    if not isinstance(condition, exp.EQ):
        return
    sides = [scope.column(condition.this), scope.column(condition.expression)]
    nodes = [condition.expression, condition.this]
    for here, there, other in zip(sides, reversed(sides), nodes, strict=True):
        if here and (there or isinstance(other, exp.Literal)):
            yield here, there


def _used(scope: Scope, source: Source, name: str) -> Iterator[tuple[Named, Named | None]]:
    place = scope.sources.index(source)
    for earlier in scope.sources[:place]:
        if earlier.table and source.table and earlier.table.column(name):
            here = Named(source, name, source.table.column(name))
            there = Named(earlier, name, earlier.table.column(name))
            yield here, there
            if source.kind != "left":
                yield there, here
