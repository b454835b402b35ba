"""Corrections to SQL that runs but would not give what people expect. Pure.

SQLite divides whole numbers without a remainder, so that a share of counts is 0; and groups
without an order come as they are found. A ratio gets decimals, and groups the largest first, or in
the order of time where they are days, months or years.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlglot
from sqlglot import exp

from ..name_words import name_words
from ..schema import Schema
from .mending import Mended

_SQL_CHARS = 8000
_TIMES = frozenset({"date", "day", "week", "month", "quarter", "year", "hour", "decade", "time"})
_TIME_FUNCTIONS = ("strftime", "date", "datetime", "substr", "julianday")


def corrected(sql: str, schema: Schema) -> Mended | None:
    """The statement as people mean it, or None where nothing is to be changed."""
    if len(sql) > _SQL_CHARS:
        return None
    try:
        tree = sqlglot.parse_one(sql, dialect="sqlite")
        changes = [*_with_decimals(tree, schema), *_in_order(tree)]
        return Mended(tree.sql(dialect="sqlite"), tuple(changes)) if changes else None
    except Exception:  # whatever a parser stumbles over, the statement is left as it was
        return None


def _with_decimals(tree: exp.Expr, schema: Schema) -> Iterator[str]:
    """Let a division of whole numbers have decimals, unless it is made whole again at once."""
    for division in list(tree.find_all(exp.Div)):
        if isinstance(division.parent, exp.Cast) and "INT" in division.parent.to.sql().upper():
            continue
        if _is_whole(division.left, schema) and _is_whole(division.right, schema):
            before = division.sql(dialect="sqlite")
            division.set("this", exp.cast(division.left.copy(), "REAL"))
            yield f"{before} is divided with decimals."


def _is_whole(node: exp.Expr, schema: Schema) -> bool:
    """Whether a value is surely a whole number: a count, or of a column of whole numbers."""
    node = node.unnest()
    if isinstance(node, exp.Count):
        return True
    if isinstance(node, exp.Filter):
        return _is_whole(node.this, schema)
    if isinstance(node, (exp.Sum, exp.Min, exp.Max)):
        return _is_whole(node.this, schema)
    if isinstance(node, exp.Literal):
        return not node.is_string and node.this.isdigit()
    if isinstance(node, exp.Case):
        values = [each.args["true"] for each in node.args["ifs"]]
        values += [node.args["default"]] if node.args.get("default") else []
        return all(_is_whole(each, schema) for each in values)
    if isinstance(node, (exp.Mul, exp.Add, exp.Sub)):
        return _is_whole(node.left, schema) and _is_whole(node.right, schema)
    if isinstance(node, exp.Subquery):
        select = node.this
        outputs = select.expressions if isinstance(select, exp.Select) else []
        return len(outputs) == 1 and _is_whole(outputs[0].unalias(), schema)
    if not isinstance(node, exp.Column):
        return False
    kinds = [
        column.type.upper()
        for table in schema.tables
        if (column := table.column(node.name)) is not None
    ]
    return bool(kinds) and all("INT" in each for each in kinds)


def _in_order(tree: exp.Expr) -> Iterator[str]:
    """Order groups that have no order: by their time, else by their first number, largest first."""
    if not isinstance(tree, exp.Select) or not tree.args.get("group"):
        return
    if tree.args.get("order") or tree.args.get("limit"):
        return
    keys = tree.args["group"].expressions
    numbers = [
        each for each in tree.expressions if each.find(exp.AggFunc) and not each.find(exp.Window)
    ]
    if not numbers or not keys:
        return
    times = [each for each in keys if _is_time(each, tree)]
    if times:
        tree.set("order", exp.Order(expressions=[each.copy() for each in keys]))
        yield "Ordered by time."
        return
    first = numbers[0]
    by = exp.column(first.alias) if first.alias else first.copy()
    tree.set("order", exp.Order(expressions=[exp.Ordered(this=by, desc=True)]))
    yield "Ordered by the number, largest first."


def _is_time(key: exp.Expr, tree: exp.Select) -> bool:
    """Whether groups are days, months, years: by a date function, or by the name of the column."""
    if isinstance(key, exp.Column) and not key.table:
        meant = next((each.this for each in tree.expressions if each.alias == key.name), key)
    else:
        meant = key
    if isinstance(meant, exp.Column):
        return not _TIMES.isdisjoint(name_words(meant.name))
    text = meant.sql(dialect="sqlite").lower()
    return text.startswith(tuple(f"{each}(" for each in _TIME_FUNCTIONS)) or (
        text.startswith("cast(") and any(f"{each}(" in text for each in _TIME_FUNCTIONS)
    )
