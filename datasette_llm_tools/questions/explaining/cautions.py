"""What a careful reader should know of a SELECT, as far as SQL and schema tell it for sure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlglot import exp

from .phrases import Phrases
from .scopes import Named, Scope, conjuncts
from .values import NotUnderstood

_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_SUMS = (exp.Sum, exp.Avg)
_WITH_SEVERAL = (exp.Min, exp.Max)


def cautions(scope: Scope) -> list[str]:
    """The warnings about one SELECT."""
    found = [
        *_lost_by_joins(scope),
        *_undone_joins(scope),
        *_multiplied(scope),
        *_bare_columns(scope),
        *_skipped_nulls(scope),
        *_compared(scope),
        *_divided(scope),
        *_limited(scope),
    ]
    return list(dict.fromkeys(found))


def aggregates(tree: Any) -> list[Any]:
    """The aggregates of a SELECT that put its own rows together."""
    nodes = [*tree.expressions, tree.args.get("having"), tree.args.get("order")]
    return [
        each
        for node in nodes
        if node is not None
        for each in node.find_all(exp.AggFunc, exp.Anonymous)
        if (
            not isinstance(each, exp.Anonymous)
            or each.name.lower() in ("total", "json_group_array")
        )
        and each.find_ancestor(exp.Window) is None
        and not isinstance(each, (exp.RowNumber, exp.Lag, exp.Lead))
        and not (isinstance(each, _WITH_SEVERAL) and each.expressions)
    ]


def _lost_by_joins(scope: Scope) -> Iterator[str]:
    """Inner joins on columns that may be empty."""
    if any(each.kind in ("right", "full") for each in scope.sources):
        return
    for source in scope.sources:
        if source.kind != "inner":
            continue
        for pair in scope.matched(source):
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
        if isinstance(node, _COMPARED):
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
        once = scope.determined(scope.groups, given=[source])
        for other in scope.sources:
            is_table = other.table is not None and other.table.kind == "table"
            if is_table and other.alias not in once and other.has_key:
                what = "sum" if isinstance(each, exp.Sum) else "average"
                yield (
                    f"A row of {source.shown} that matches several rows of {other.shown} counts "
                    f"several times in the {what} of {named[0].name if named[0] else ''}."
                )


def _bare_columns(scope: Scope) -> Iterator[str]:
    """Columns beside aggregates that are neither grouped nor put together."""
    found = aggregates(scope.tree)
    groups = scope.groups
    if not found and not groups:
        return
    once = scope.determined(groups)
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


def _compared(scope: Scope) -> Iterator[str]:
    """Comparisons with NULL, of text with numbers, and names that are taken for text."""
    for node in scope.tree.find_all(*_COMPARED, exp.Between, exp.In):
        if isinstance(node, (exp.EQ, exp.NEQ)) and isinstance(node.expression, exp.Null):
            sign = "=" if isinstance(node, exp.EQ) else "<>"
            yield f"A comparison with NULL by {sign} holds for no row; IS is what compares with it."
            continue
        if isinstance(node, exp.Between):
            others = [node.args["low"], node.args["high"]]
        else:
            others = node.expressions if isinstance(node, exp.In) else [node.expression]
        for left, right in [(node.this, other) for other in others]:
            if isinstance(left, exp.Literal):
                left, right = right, left
            if (named := scope.column(left)) and (said := _of_other_type(named, right)):
                yield said
    for column in scope.tree.find_all(exp.Column):
        if scope.is_text(column):
            yield f'No column is called "{column.name}", so SQLite takes it for text.'


def _of_other_type(named: Named, value: Any) -> str | None:
    value = value.this if isinstance(value, exp.Neg) else value
    if not isinstance(value, exp.Literal):
        return None
    if named.affinity == "text" and not value.is_string:
        return (
            f"{named.name} holds text, so it is compared with {value.name} letter by letter: "
            f'"10" comes before "9".'
        )
    if named.affinity in ("integer", "number") and value.is_string and not _is_number(value.name):
        return (
            f'{named.name} holds numbers by its type, but is compared with the text "{value.name}".'
        )
    return None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _divided(scope: Scope) -> Iterator[str]:
    for node in scope.tree.find_all(exp.Div):
        if _is_whole(node.this, scope) and _is_whole(node.expression, scope):
            try:
                phrases = Phrases(scope)
                what = f"{phrases.value(node.this)} and {phrases.value(node.expression)} are"
            except NotUnderstood:
                what = "Both sides of a division are"
            yield (
                f"{what[:1].upper()}{what[1:]} whole numbers by their types, so dividing them cuts "
                f"off what comes after the point: 7 / 2 is 3."
            )


def _is_whole(node: Any, scope: Scope) -> bool:
    """Whether a value is a whole number by its type."""
    match node:
        case exp.Literal():
            return not node.is_string and node.name.isdigit()
        case exp.Paren() | exp.Neg() | exp.Sum() | exp.Min() | exp.Max() | exp.Abs():
            return not node.expressions and _is_whole(node.this, scope)
        case exp.Filter():
            return _is_whole(node.this, scope)
        case exp.Count() | exp.Length():
            return True
        case exp.Add() | exp.Sub() | exp.Mul():
            return _is_whole(node.this, scope) and _is_whole(node.expression, scope)
        case exp.Case() if node.args.get("default") is not None:
            chosen = [each.args["true"] for each in node.args["ifs"]]
            return all(_is_whole(each, scope) for each in [*chosen, node.args["default"]])
        case exp.Cast():
            return bool(node.args["to"].sql(dialect="sqlite").upper() == "INTEGER")
        case exp.Column():
            named = scope.column(node)
            return named is not None and named.affinity == "integer"
    return False


def _limited(scope: Scope) -> Iterator[str]:
    """LIMIT without an order, or with one that leaves ties."""
    tree, groups = scope.tree, scope.groups
    if tree.args.get("limit") is None or (not groups and aggregates(tree)):
        return
    order = tree.args.get("order")
    if order is None:
        yield "LIMIT without ORDER BY keeps whichever rows come first: it may be others next time."
        return
    keys = [scope.item(each.this) for each in order.expressions]
    once = scope.determined(keys)
    if groups:
        is_sure = all(
            any(group == key for key in keys) or scope.has_value(group, once) for group in groups
        )
    else:
        is_sure = all(each.alias in once for each in scope.sources)
    if not is_sure:
        yield "Where rows are equal in what they are sorted by, LIMIT may cut off any of them."
