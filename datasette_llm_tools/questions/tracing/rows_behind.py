"""The statement that gives the rows behind a number which a statement put together.

Conditions are taken over as they are written and the group's values become conditions of their
own. Where it cannot be told for sure which rows a number stands for there is no statement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from ...schema import Schema
from ...sql_names import fold, quoted
from ..explaining.written import UNREADABLE, Query, Written, inner_queries, read
from .aggregates import in_parentheses, own_conditions
from .group_keys import GroupKeys
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
    _groups: tuple[tuple[Written, int], ...]  # an expression, and the column that holds its value
    _hidden: tuple[Written, ...]  # expressions of GROUP BY whose values the result does not have
    _telling: frozenset[int]  # columns that have one value for each group, and say which it is
    _sources: frozenset[str]  # what tables are called
    _unsure_types: bool

    def statement(self, row: Sequence[object], column: int) -> str | None:
        """The SQL of the rows behind one cell, or None where that cannot be told."""
        if column not in self.columns:
            return None
        select = self._query.selects[0]
        item = self._items[column]
        conditions = []
        if "where" in select.clauses:
            conditions.append(in_parentheses(select.clauses["where"]))
        for expression, index in self._groups:
            value = literal(row[index])
            if value is None:
                return None
            # A column of a query inside may hold values of other types than SQLite takes it to
            # hold; a plus sign makes it compare them as they are (sqlite.org/datatype3.html, 4.2).
            plus = "+" if self._unsure_types and value != "null" else ""
            conditions.append(f"{plus}{in_parentheses(expression)} is {value}")
        if self._hidden:
            group = self._hidden_group(row, conditions)
            if group is None:
                return None
            conditions.append(group)
        shown, order = self._shown(), ""
        if (one := item.aggregate) is not None:
            conditions += own_conditions(one)
            if one.distinct:
                if shown != "*":
                    return None
                shown = f"distinct {one.argument.text}"
            elif one.name in ("min", "max"):
                order = f"\norder by {one.argument.text}{' desc' if one.name == 'max' else ''}"
        before = f"{self._query.before.text}\n" if self._query.before.tokens else ""
        where = "\nwhere " + "\n  and ".join(conditions) if conditions else ""
        sql = f"{before}select {shown}\nfrom {select.clauses['from'].text}{where}{order}"
        return sql if len(sql) <= _MOST_SQL else None

    def _hidden_group(self, row: Sequence[object], conditions: Sequence[str]) -> str | None:
        """Which group it is where its keys are not shown: one that shows the very same row.

        Where two groups show the same row nobody can tell them apart, and either will do.
        """
        select = self._query.selects[0]
        having = select.clauses.get("having")
        if self._shown() != "*":
            return None
        is_own = having is None or self._aliases().isdisjoint(names_in(having))
        same = [f"({having.text})"] if having is not None and is_own else []
        for index in sorted(self.columns | self._telling):
            value, item = row[index], self._items[index]
            written = literal(value)
            if written is None:
                return None
            if isinstance(value, float) and math.isfinite(value) and item.aggregates:
                # Summed up in another order it may differ in its last digits.
                same.append(f"abs({item.expression.text} - {written}) <= {abs(value) * 1e-9:.0e}")
            else:
                same.append(f"({item.expression.text}) is {written}")
        keys = ", ".join(each.text for each in self._hidden)
        where = f"\n  where {' and '.join(conditions)}" if conditions else ""
        every = ", ".join(each.text for each in (*self._hidden, *(one for one, _ in self._groups)))
        tables = select.clauses["from"].text
        ends = f"group by {every}\n  having {' and '.join(same)}\n  limit 1"
        # All of it is the statement's own text and literals.
        inner = f"select {keys}\n  from {tables}{where}\n  {ends}"  # noqa: S608 - as said above
        return f"({keys}) is (\n  {inner}\n)"

    def _shown(self) -> str:
        """All columns, and what a condition calls by the name that SELECT gave it."""
        clauses = self._query.selects[0].clauses
        used = names_in(clauses["from"]) - self._sources
        if "where" in clauses:
            used |= names_in(clauses["where"])
        named = [
            f", {each.expression.text} as {quoted(each.alias)}"
            for each in self._items
            if each.alias and not each.aggregates and fold(each.alias) in used
        ]
        return "*" + "".join(named)

    def _aliases(self) -> set[str]:
        return {fold(each.alias) for each in self._items if each.alias}


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


def literal(value: object) -> str | None:
    """A value as SQL that is equal to it, or None where no text of it could be sent."""
    if value is None:
        return "null"
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ("9e999" if value > 0 else "-9e999")
    if isinstance(value, int):
        return str(int(value))
    text = str(value)
    # Bytes that are no UTF-8 came as U+FFFD; which ones they were is lost.
    if "\x00" in text or "\ufffd" in text or any("\ud800" <= each <= "\udfff" for each in text):
        return None
    return "'" + text.replace("'", "''") + "'"


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
    names = GroupKeys(tree, items, schema, {fold(each.name) for each in query.ctes})
    groups, hidden = [], []
    for group in select.clauses["group"].listed() if "group" in select.clauses else ():
        found = names.column_of(group)
        if found is not None:
            groups.append(found)
        elif names.may_be_hidden(group):
            hidden.append(group)
        else:
            return None
    telling = names.telling() if hidden else frozenset()
    if hidden and not telling:
        return None
    if not columns:
        return None
    return NumbersBehind(
        columns,
        query,
        items,
        tuple(groups),
        tuple(hidden),
        telling,
        names.sources,
        names.has_queries,
    )
