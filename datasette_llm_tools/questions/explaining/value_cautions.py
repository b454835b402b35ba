"""What a careful reader should know of single values: comparisons, days and divisions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlglot import exp

from .phrases import Phrases
from .scopes import Scope, conjuncts
from .sources import Named
from .values import NotUnderstood

COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_OTHER_DATE = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}(?!\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def value_cautions(scope: Scope) -> Iterator[str]:
    """The warnings about the values of one SELECT."""
    yield from _compared(scope)
    yield from _times_of_day(scope)
    yield from _other_dates(scope)
    yield from _divided(scope)


def _compared(scope: Scope) -> Iterator[str]:
    """Comparisons with NULL, of text with numbers, and names that are taken for text."""
    for node in scope.tree.find_all(*COMPARED, exp.Between, exp.In):
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


def _times_of_day(scope: Scope) -> Iterator[str]:
    """Conditions of WHERE by which a day does not have the times that are in it."""
    for node in conjuncts(scope.tree.args.get("where")):
        if isinstance(node, exp.Between):
            day = node.args["high"]
        elif isinstance(node, (exp.EQ, exp.LTE, exp.GT)):
            day = node.expression
        else:
            continue
        named = scope.column(node.this)
        latest = named.column.maximum if named and named.column else None
        if not isinstance(day, exp.Literal) or not _DAY.fullmatch(day.name) or named is None:
            continue
        if isinstance(latest, str) and len(latest) > len(day.name):
            become = "kept" if isinstance(node, exp.GT) else "left out"
            yield (
                f"{named.name} has times of day, so rows of {day.name} that have one are {become}: "
                f"as text they come after the day alone."
            )


def _other_dates(scope: Scope) -> Iterator[str]:
    """Dates that begin with the day or the month, which SQLite neither compares nor reads as such.

    https://sqlite.org/lang_datefunc.html
    """
    asked = [each.this for each in scope.tree.find_all(exp.Date, exp.TsOrDsToTimestamp)]
    for node in scope.tree.find_all(exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between):
        other = node.args["low"] if isinstance(node, exp.Between) else node.expression
        if isinstance(other, exp.Literal) and _DAY.fullmatch(other.name):
            asked.append(node.this)
    for column in asked:
        named = scope.column(column)
        samples = named.column.samples if named and named.column else ()
        if named and samples and all(map(_OTHER_DATE.match, samples)):
            yield (
                f"Dates in {named.name} are not written year first ({samples[0]}), so SQLite "
                f"takes them for mere text."
            )


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
        elif all(_may_be_whole(each, scope) for each in (node.this, node.expression)):
            yield (
                "Where both sides of a division are whole numbers, it cuts off what comes after "
                "the point: 7 / 2 is 3."
            )


def _may_be_whole(node: Any, scope: Scope) -> bool:
    """Whether a value is one, or of a query inside whose types are not known."""
    match node:
        case exp.Paren() | exp.Neg() | exp.Sum() | exp.Min() | exp.Max() | exp.Abs():
            return not node.expressions and _may_be_whole(node.this, scope)
        case exp.Add() | exp.Sub() | exp.Mul():
            return all(_may_be_whole(each, scope) for each in (node.this, node.expression))
        case exp.Column():
            named = scope.column(node)
            table = named.source.table if named else None
            if named and table and table.kind == "table":
                return named.affinity == "integer"
            return not scope.is_known
    return _is_whole(node, scope)


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
        case exp.Subquery() if (inner := scope.inner_query(node)) and inner.scopes:
            return all(_is_whole(each.tree.expressions[0].unalias(), each) for each in inner.scopes)
    return False
