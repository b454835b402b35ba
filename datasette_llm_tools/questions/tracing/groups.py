"""Which group a row of a result stands for, as conditions on the rows that were put together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...sql_names import fold
from ..explaining.written import Select, Written
from .aggregates import in_parentheses
from .group_keys import GroupKeys
from .items import Item, names_in
from .literals import literal


@dataclass(frozen=True, slots=True)
class Groups:
    """The keys of GROUP BY by whether the result shows their values.

    `shown` are expressions with the column that holds their value, `hidden` those that no column
    holds. `telling` are the columns by which a row then says which group it is.
    """

    select: Select
    items: tuple[Item, ...]
    shown: tuple[tuple[Written, int], ...]
    hidden: tuple[Written, ...]
    telling: frozenset[int]
    has_unsure_types: bool

    @property
    def are_hidden(self) -> bool:
        """Whether a group has to be found again by the row that it gave."""
        return bool(self.hidden)

    def conditions(self, row: Sequence[object], kept: Sequence[str]) -> list[str] | None:
        """`kept` and what holds for the rows of one group alone; None where that cannot be said."""
        conditions = list(kept)
        for expression, index in self.shown:
            value = literal(row[index])
            if value is None:
                return None
            # A column of a query inside may hold values of other types than SQLite takes it to
            # hold; a plus sign makes it compare them as they are (sqlite.org/datatype3.html, 4.2).
            plus = "+" if self.has_unsure_types and value != "null" else ""
            conditions.append(f"{plus}{in_parentheses(expression)} is {value}")
        if self.hidden:
            found = self._found_again(row, conditions)
            if found is None:
                return None
            conditions.append(found)
        return conditions

    def _found_again(self, row: Sequence[object], conditions: Sequence[str]) -> str | None:
        """The keys of a group that shows the very same row.

        Where two groups show the same row nobody can tell them apart, and either will do.
        """
        same = self._same_row(row)
        if same is None:
            return None
        keys = ", ".join(each.text for each in self.hidden)
        every = ", ".join(each.text for each in (*self.hidden, *(one for one, _ in self.shown)))
        where = f"\n  where {' and '.join(conditions)}" if conditions else ""
        tables = self.select.clauses["from"].text
        ends = f"group by {every}\n  having {' and '.join(same)}\n  limit 1"
        # All of it is the statement's own text and literals.
        inner = f"select {keys}\n  from {tables}{where}\n  {ends}"  # noqa: S608 - as said above
        return f"({keys}) is (\n  {inner}\n)"

    def _same_row(self, row: Sequence[object]) -> list[str] | None:
        """What HAVING keeps of the statement, and of its groups those with the values of a row."""
        having = self.select.clauses.get("having")
        aliases = {fold(each.alias) for each in self.items if each.alias}
        is_own = having is None or aliases.isdisjoint(names_in(having))
        same = [f"({having.text})"] if having is not None and is_own else []
        for index in sorted(self.telling):
            value, item = row[index], self.items[index]
            written = literal(value)
            if written is None:
                return None
            if isinstance(value, float) and math.isfinite(value) and item.aggregates:
                # Summed up in another order it may differ in its last digits.
                same.append(f"abs({item.expression.text} - {value!r}) <= {abs(value) * 1e-9:.0e}")
            else:
                same.append(f"({item.expression.text}) is {written}")
        return same


def read_groups(
    select: Select, items: tuple[Item, ...], numbers: frozenset[int], keys: GroupKeys
) -> Groups | None:
    """The groups of a SELECT; None where nothing in the result tells one from another.

    `numbers` are the columns that hold what was put together.
    """
    shown, hidden = [], []
    for group in select.clauses["group"].listed() if "group" in select.clauses else ():
        found = keys.column_of(group)
        if found is not None:
            shown.append(found)
        elif keys.may_be_hidden(group):
            hidden.append(group)
        else:
            return None
    telling = keys.telling() if hidden else frozenset()
    if hidden and not telling:
        return None
    return Groups(select, items, tuple(shown), tuple(hidden), telling | numbers, keys.has_queries)
