"""The statement that gives the rows behind a number which a statement put together.

Conditions are taken over as they are written and the group's values become conditions of their
own. Where it cannot be told for sure which rows a number stands for there is no statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from ...schema import Schema
from ...sql_names import fold, quoted
from ..explaining.written import UNREADABLE, Query, Select, inner_queries, read
from .aggregates import in_parentheses, own_conditions
from .group_keys import GroupKeys
from .groups import Groups, read_groups
from .items import Item, item, names_in

_MOST_SQL = 4000  # it stands in an address


@dataclass(frozen=True, slots=True)
class NumbersBehind:
    """A statement that puts rows together, read once for all numbers of its result.

    `columns` are the indexes of those that hold what was put together.
    """

    columns: frozenset[int]
    _query: Query
    _items: tuple[Item, ...]
    _groups: Groups
    _shown: str  # all columns, as SELECT writes them

    def statement(self, row: Sequence[object], column: int) -> str | None:
        """The SQL of the rows behind one cell, or None where that cannot be told."""
        if column not in self.columns:
            return None
        clauses = self._query.selects[0].clauses
        kept = [in_parentheses(clauses["where"])] if "where" in clauses else []
        conditions = self._groups.conditions(row, kept)
        if conditions is None:
            return None
        shown, order = self._shown, ""
        if (one := self._items[column].aggregate) is not None:
            conditions += own_conditions(one)
            if one.distinct:
                if shown != "*":
                    return None
                shown = f"distinct {one.argument.text}"
            elif one.name in ("min", "max"):
                order = f"\norder by {one.argument.text}{' desc' if one.name == 'max' else ''}"
        before = f"{self._query.before.text}\n" if self._query.before.tokens else ""
        where = "\nwhere " + "\n  and ".join(conditions) if conditions else ""
        sql = f"{before}select {shown}\nfrom {clauses['from'].text}{where}{order}"
        return sql if len(sql) <= _MOST_SQL else None


def rows_behind(
    sql: str, result_columns: Sequence[str], row: Sequence[object], column: int, schema: Schema
) -> str | None:
    """The statement of the rows behind one number of a result, or None.

    `row` is the row with the number, `column` the index of the number in it. DISTINCT aggregates
    give the distinct values. None for what is no aggregate, and where it cannot be told.
    """
    read_once = numbers_behind(sql, result_columns, schema)
    return read_once.statement(row, column) if read_once else None


def numbers_behind(sql: str, result_columns: Sequence[str], schema: Schema) -> NumbersBehind | None:
    """Read a statement once for all numbers of its result; None where it groups nothing."""
    try:
        return _read(read(sql), len(result_columns), schema)
    except UNREADABLE:
        return None


def _read(query: Query, width: int, schema: Schema) -> NumbersBehind | None:
    select = query.selects[0]
    words = {each.word for each in select.clauses["select"].tokens}
    if (
        len(query.selects) != 1
        or "from" not in select.clauses
        or "window" in select.clauses
        or words & {"over", "random"}
    ):
        return None
    skeleton, _ = inner_queries(select.whole)
    tree = sqlglot.parse_one(skeleton, dialect="sqlite")
    written = select.clauses["select"].listed()
    if not isinstance(tree, exp.Select) or not len(tree.expressions) == len(written) == width:
        return None
    items = tuple(map(item, written, tree.expressions))
    columns = frozenset(
        index
        for index, each in enumerate(items)
        if each.aggregates and not each.tree.find(exp.Select)
    )
    keys = GroupKeys(tree, items, schema, {fold(each.name) for each in query.ctes})
    groups = read_groups(select, items, columns, keys)
    shown = _all_columns(select, items, keys.sources)
    if not columns or groups is None or (groups.are_hidden and shown != "*"):
        return None
    return NumbersBehind(columns, query, items, groups, shown)


def _all_columns(select: Select, items: Sequence[Item], sources: frozenset[str]) -> str:
    """All columns, and what a condition calls by the name that SELECT gave it."""
    used = names_in(select.clauses["from"]) - sources
    if "where" in select.clauses:
        used |= names_in(select.clauses["where"])
    named = [
        f", {each.expression.text} as {quoted(each.alias)}"
        for each in items
        if each.alias and not each.aggregates and fold(each.alias) in used
    ]
    return "*" + "".join(named)
