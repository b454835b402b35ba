"""What a careful reader should know of a SELECT, as far as SQL and schema tell it for sure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlglot import exp

from ...sql_names import fold
from .orders import is_random
from .row_keys import determined, has_value, matched
from .scopes import Scope, conjuncts
from .summaries import aggregates
from .value_cautions import COMPARED, value_cautions

_SUMS = (exp.Sum, exp.Avg)
_WITH_SEVERAL = (exp.Min, exp.Max)


def cautions(scope: Scope) -> list[str]:
    """The warnings about one SELECT."""
    found = [
        *_lost_by_joins(scope),
        *_undone_joins(scope),
        *_none_is_outside(scope),
        *_multiplied(scope),
        *_bare_columns(scope),
        *_skipped_nulls(scope),
        *_counted_all(scope),
        *_meant_otherwise(scope),
        *value_cautions(scope),
        *_limited(scope),
    ]
    return list(dict.fromkeys(found))


def _lost_by_joins(scope: Scope) -> Iterator[str]:
    """Inner joins on columns that may be empty."""
    if any(each.kind in ("right", "full") for each in scope.sources):
        return
    for source in scope.sources:
        if source.kind != "inner":
            continue
        for pair in matched(scope, source):
            for named in pair:
                if named.may_be_null:
                    yield (
                        f"Rows of {named.source.shown} with an empty {named.name}, if there are "
                        "any, are left out: an empty value matches nothing."
                    )


def _undone_joins(scope: Scope) -> Iterator[str]:
    """Conditions of WHERE that no row without a match fulfils."""
    for condition in conjuncts(scope.tree.args.get("where")):
        node = condition.this if isinstance(condition, exp.Not) else condition
        is_negated = node is not condition
        if isinstance(node, COMPARED):
            sides = [node.this, node.expression]
        elif isinstance(node, (exp.In, exp.Between, exp.Like)) or (
            is_negated and isinstance(node, exp.Is) and isinstance(node.expression, exp.Null)
        ):
            sides = [node.this]
        else:
            continue
        for side in sides:
            named = scope.column(side)
            if named and named.source.kind == "left":
                yield (
                    f"WHERE wants a value in {named.name} of {named.source.shown}, so rows that "
                    "LEFT JOIN kept without a match are left out after all."
                )


def _multiplied(scope: Scope) -> Iterator[str]:
    """Sums over values that a join repeats."""
    for each in aggregates(scope.tree):
        if not isinstance(each, _SUMS) or isinstance(each.this, exp.Distinct):
            continue
        named = [scope.column(column) for column in each.find_all(exp.Column)]
        origins = {one.source.alias: one.source for one in named if one}
        if None in named or len(origins) != 1:
            continue
        (source,) = origins.values()
        once = determined(scope, scope.groups, given=[source])
        for other in scope.sources:
            is_table = other.table is not None and other.table.kind == "table"
            if is_table and other.alias not in once and other.has_key:
                what = "sum" if isinstance(each, exp.Sum) else "average"
                yield (
                    f"A row of {source.shown} that matches several rows of {other.shown} counts "
                    f"several times in the {what} of {named[0].name if named[0] else ''}."
                )


def _none_is_outside(scope: Scope) -> Iterator[str]:
    """NOT IN of values of which one may be empty: that is then among none and outside of none."""
    for condition in conjuncts(scope.tree.args.get("where")):
        of = condition.this if isinstance(condition, exp.Not) else None
        query = of.args.get("query") if isinstance(of, exp.In) else None
        inner = scope.inner_query(query) if query is not None else None
        if inner and (named := inner.may_be_empty):
            kept = "does not keep that row" if inner.around else "keeps no row at all"
            yield f"If {inner.name} finds an empty {named.name}, NOT IN {kept}."


def _bare_columns(scope: Scope) -> Iterator[str]:
    """Columns beside aggregates that are neither grouped nor put together."""
    found = aggregates(scope.tree)
    groups = scope.groups
    if not found and not groups:
        return
    if not scope.is_known and any(
        isinstance(each, exp.Column) and scope.column(each) is None for each in groups
    ):
        return  # it may be grouped by what another item is called
    once = determined(scope, groups)
    grouped = {named.place for each in groups if (named := scope.column(each))}
    extremes = [each for each in found if isinstance(each, _WITH_SEVERAL)]
    for item in scope.tree.expressions:
        if item.find(exp.Select, exp.Window):
            continue
        for column in _outside(item.unalias(), groups, found):
            named = scope.column(column)
            if named is None or named.place in grouped or named.source.alias in once:
                continue
            if named.source.table is None or named.source.table.kind != "table":
                continue  # it may have one value for each group, which cannot be told
            which = "any row of each group" if groups else "any row"
            if len(extremes) == 1:
                word = "smallest" if isinstance(extremes[0], exp.Min) else "largest"
                which = f"a row with the {word} value, any of them if there are several"
            yield f"{named.name} is neither grouped nor put together: SQLite takes it from {which}."


def _outside(node: Any, groups: list[Any], found: list[Any]) -> Iterator[exp.Column]:
    """The columns of an expression that stand in no aggregate and no grouped expression."""
    if any(node is each for each in found) or any(node == each for each in groups):
        return
    if isinstance(node, exp.Filter):
        return
    if isinstance(node, exp.Column):
        if not isinstance(node.this, exp.Star):
            yield node
        return
    for child in node.iter_expressions():
        yield from _outside(child, groups, found)


def _skipped_nulls(scope: Scope) -> Iterator[str]:
    for each in aggregates(scope.tree):
        named = scope.column(each.this) if isinstance(each, exp.Count) else None
        if named and named.may_be_null:
            yield f"COUNT({named.name}) leaves out rows in which {named.name} is empty."


def _counted_all(scope: Scope) -> Iterator[str]:
    """COUNT of a CASE that has a value in each branch."""
    for each in aggregates(scope.tree):
        of = each.this
        if not isinstance(each, exp.Count) or not isinstance(of, exp.Case):
            continue
        if isinstance(each.parent, exp.Filter):
            continue
        chosen = [*(one.args["true"] for one in of.args["ifs"]), of.args.get("default")]
        if all(isinstance(one, exp.Literal) for one in chosen):
            yield "COUNT of this CASE counts every row: all of its branches give a value, even 0."


def _meant_otherwise(scope: Scope) -> Iterator[str]:
    """Names in HAVING and WHERE that are a column, and what SELECT makes of something else, too."""
    made = {
        fold(each.alias): each
        for each in scope.tree.expressions
        if each.alias and not isinstance(each.unalias(), exp.Column)
    }
    for clause in ("where", "having"):
        node = scope.tree.args.get(clause)
        for column in node.find_all(exp.Column) if node else ():
            named = scope.column(column)
            if named is None or column.table or column.find_ancestor(exp.AggFunc):
                continue
            if fold(column.name) in made:
                yield (
                    f"{named.name} in {clause.upper()} is the column of {named.source.shown}, not "
                    f"what SELECT calls {column.name}."
                )


def _limited(scope: Scope) -> Iterator[str]:
    """LIMIT without an order, or with one that leaves ties."""
    tree, groups = scope.tree, scope.groups
    if tree.args.get("limit") is None or (not groups and aggregates(tree)):
        return
    order = tree.args.get("order")
    if order is None:
        yield "LIMIT without ORDER BY keeps whichever rows come first: it may be others next time."
        return
    if is_random(order.expressions):
        return
    keys = [scope.sorted_by(each.this) for each in order.expressions]
    once = determined(scope, keys)
    if groups:
        is_sure = all(
            any(group == key for key in keys) or has_value(scope, group, once) for group in groups
        )
    else:
        is_sure = all(each.alias in once for each in scope.sources)
    if not is_sure:
        yield "Where rows tie in what they are sorted by, LIMIT may cut off any of them."
