"""Corrections to SQL that runs but would not give what people expect. Pure.

SQLite divides whole numbers without a remainder, so that a share of counts is 0: a ratio gets
decimals. Groups without an order come as they are found: they get the largest first, or the order
of time where they are days, months or years. A join that only looks for matches returns a row once
for each of them: it is returned once. Two values asked of one row are asked of two (one_value).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sqlglot
from sqlglot import exp

from ...name_words import name_words
from ...schema import Column, Schema, Table
from .mended import MOST_CHARACTERS, Mended
from .one_value import of_two_rows
from .sources import resolved

_TIMES = frozenset({"date", "day", "week", "month", "quarter", "year", "hour", "decade", "time"})
_TIME_FUNCTIONS = ("strftime", "date", "datetime", "substr", "julianday")


def corrected(sql: str, schema: Schema) -> Mended | None:
    """The statement as people mean it, or None where nothing is to be changed."""
    if len(sql) > MOST_CHARACTERS:
        return None
    try:
        tree = sqlglot.parse_one(sql, dialect="sqlite")
        changes = [
            *of_two_rows(tree, schema),
            *_with_decimals(tree, schema),
            *_in_order(tree, schema),
            *_each_once(tree, schema),
        ]
        return Mended(tree.sql(dialect="sqlite"), tuple(changes)) if changes else None
    except Exception:  # whatever a parser stumbles over, the statement is left as it was
        return None


def _with_decimals(tree: exp.Expr, schema: Schema) -> Iterator[str]:
    """Let a ratio of whole numbers have decimals; what makes steps of numbers is left alone."""
    for division in list(tree.find_all(exp.Div)):
        if not _is_ratio(division):
            continue
        if _is_whole(division.left, schema) and _is_whole(division.right, schema):
            before = division.sql(dialect="sqlite")
            division.set("this", exp.cast(division.left.copy(), "REAL"))
            yield f"{before} is divided with decimals."


def _is_ratio(division: exp.Div) -> bool:
    """Whether two numbers are compared: counts or sums, or two columns, in what is returned.

    `year / 10 * 10` and `cents / 100` are steps and units, which want whole numbers.
    """
    if isinstance(division.parent, exp.Cast) and "INT" in division.parent.to.sql().upper():
        return False
    if division.find_ancestor(exp.Group, exp.Where, exp.Limit, exp.Offset, exp.Mod):
        return False
    around = division.parent.parent if isinstance(division.parent, exp.Paren) else division.parent
    if isinstance(around, exp.Mul) and isinstance(division.right, exp.Literal):
        return False
    sides = [division.left.unnest(), division.right.unnest()]
    counted = any(side.find(exp.AggFunc) for side in sides)
    return counted or all(isinstance(side, exp.Column) for side in sides)


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
    if isinstance(node, exp.Select):
        return len(node.expressions) == 1 and _is_whole(node.expressions[0].unalias(), schema)
    if not isinstance(node, exp.Column):
        return False
    kinds = [each.type.upper() for each in _meant(node, schema)]
    return bool(kinds) and all("INT" in each for each in kinds)


def _meant(node: exp.Column, schema: Schema) -> list[Column]:
    """The column that a name stands for; where that is not known, all of that name."""
    found = resolved(node, schema)
    if found is not None:
        return [found[1]]
    named = (table.column(node.name) for table in schema.tables)
    return [each for each in named if each is not None]


def _in_order(tree: exp.Expr, schema: Schema) -> Iterator[str]:
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
    times = [each for each in keys if _is_time(each, tree, schema)]
    if times:
        tree.set("order", exp.Order(expressions=[each.copy() for each in keys]))
        yield "Ordered by time."
        return
    first = numbers[0]
    by = exp.column(first.alias) if first.alias else first.copy()
    tree.set("order", exp.Order(expressions=[exp.Ordered(this=by, desc=True)]))
    yield "Ordered by the number, largest first."


def _each_once(tree: exp.Expr, schema: Schema) -> Iterator[str]:
    """Return rows of one table once, where joins repeat them for each match in another."""
    if not isinstance(tree, exp.Select) or tree.args.get("distinct") or tree.args.get("group"):
        return
    if tree.args.get("limit"):
        return
    clause = tree.args.get("from_") or tree.args.get("from")
    if clause is None:
        return
    nodes = [clause.this, *(join.this for join in tree.args.get("joins") or [])]
    if not all(isinstance(node, exp.Table) for node in nodes):
        return
    tables = {node.alias_or_name.lower(): schema.table(node.name) for node in nodes}
    columns = [each.unalias() for each in tree.expressions]
    if not all(isinstance(each, exp.Column) and each.name != "*" for each in columns):
        return
    if len(nodes) == 1:
        table = schema.table(nodes[0].name)
        if len(columns) == 1 and table is not None and _is_reference(table, columns[0].name):
            tree.set("distinct", exp.Distinct())
            yield f"Each {columns[0].name} is returned once."
        return
    owners = {_owner(each, tables) for each in columns}
    alias = owners.pop() if len(owners) == 1 else None
    if alias is None or not _may_repeat(tree, alias, tables):
        return
    owner = tables[alias]
    keys = [each.name for each in owner.columns if each.pk] if owner is not None else []
    if keys:
        # Two people of one name stay two.
        group = [exp.column(key, table=alias, quoted=not key.isidentifier()) for key in keys]
        tree.set("group", exp.Group(expressions=group))
    else:
        tree.set("distinct", exp.Distinct())
    yield "Each row is returned once, however many matches it has."


def _is_reference(table: Table, column: str) -> bool:
    """Whether a column names rows of another table, many times perhaps."""
    keys = [each.name.lower() for each in table.columns if each.pk]
    return keys != [column.lower()] and any(
        [name.lower() for name in key.columns] == [column.lower()] for key in table.foreign_keys
    )


def _owner(column: exp.Expr, tables: Mapping[str, Table | None]) -> str | None:
    """The alias of the table that a column is of; None where it cannot be told."""
    assert isinstance(column, exp.Column)
    if column.table:
        return column.table.lower() if column.table.lower() in tables else None
    having = [alias for alias, table in tables.items() if table and table.column(column.name)]
    return having[0] if len(having) == 1 else None


def _may_repeat(tree: exp.Select, alias: str, tables: Mapping[str, Table | None]) -> bool:
    """Whether some other table is joined by what is not its key, so that it may match twice."""
    repeats = False
    for join in tree.args["joins"]:
        condition = join.args.get("on")
        if condition is None:
            return False
        for equal in condition.find_all(exp.EQ):
            for side in (equal.left, equal.right):
                if not isinstance(side, exp.Column):
                    continue
                owner = _owner(side, tables)
                table = tables.get(owner or "")
                if table is not None and owner != alias:
                    key = [each.name.lower() for each in table.columns if each.pk]
                    repeats = repeats or key != [side.name.lower()]
    return repeats


def _is_time(key: exp.Expr, tree: exp.Select, schema: Schema) -> bool:
    """Whether groups are days, months, years: by a date function, or by the name of the column."""
    if isinstance(key, exp.Column) and not key.table:
        meant = next((each.this for each in tree.expressions if each.alias == key.name), key)
    else:
        meant = key
    if isinstance(meant, exp.Column):
        known = [column for table in schema.tables if (column := table.column(meant.name))]
        typed = any(each.type.upper().startswith(("DATE", "TIME")) for each in known)
        # A text with a least and a greatest value is an ISO date.
        dated = any(isinstance(each.minimum, str) for each in known)
        return typed or dated or not _TIMES.isdisjoint(name_words(meant.name))
    text = meant.sql(dialect="sqlite").lower()
    return text.startswith(tuple(f"{each}(" for each in _TIME_FUNCTIONS)) or (
        text.startswith("cast(") and any(f"{each}(" in text for each in _TIME_FUNCTIONS)
    )
