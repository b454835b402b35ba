"""What a name or number in GROUP BY stands for, and which columns of the result have its value.

A column of FROM goes before a name that SELECT gives.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from ...schema import Schema
from ...sql_names import fold
from ..explaining.row_keys import determined, has_value
from ..explaining.scopes import Scope
from ..explaining.written import Written
from .items import Item

_ROWIDS = {"rowid", "oid", "_rowid_"}


class GroupKeys:
    """The keys of one SELECT that groups.

    `sources` is what tables are called; `has_queries`: one of them may be a query or a view.
    """

    def __init__(
        self, tree: exp.Select, items: Sequence[Item], schema: Schema, ctes: set[str]
    ) -> None:
        self._items = items
        self._scope = scope = Scope(tree, schema, ctes, {})
        tables = [fold(each.name) for each in tree.find_all(exp.Table)]
        self.sources = frozenset([*tables, *(each.alias for each in scope.sources)])
        self.has_queries = any(
            each.table is None or each.table.kind == "view" for each in scope.sources
        )
        joins = tree.args.get("joins") or []
        self._merges = any(join.args.get("using") or join.args.get("method") for join in joins)

    def column_of(self, group: Written) -> tuple[Written, int] | None:
        """An expression of GROUP BY and the index of the column with its value, or None."""
        if len(group.tokens) == 1 and group.tokens[0].kind == "number":
            place = int(group.text) - 1 if group.text.isdigit() else -1
            if 0 <= place < len(self._items) and not self._items[place].aggregates:
                return self._items[place].expression, place
            return None
        for index, item in enumerate(self._items):
            if item.expression.plain == group.plain or self._is_same_column(item, group):
                # A name that SELECT gives to something else is that only if FROM has none of it.
                return group, index
        if len(group.tokens) == 1 and self._scope.is_known:
            name = fold(group.tokens[0].name or "")
            named = [i for i, each in enumerate(self._items) if fold(each.alias or "") == name]
            if name and not self._is_column(name) and len(named) == 1:
                item = self._items[named[0]]
                return None if item.aggregates else (item.expression, named[0])
        return None

    def may_be_hidden(self, group: Written) -> bool:
        """Whether it is an expression over columns of FROM, whatever SELECT calls by a name."""
        if len(group.tokens) != 1:
            return True
        name = fold(group.tokens[0].name or "")
        known = self._scope.is_known and self._is_column(name)
        return bool(name) and (known or all(fold(each.alias or "") != name for each in self._items))

    def telling(self) -> frozenset[int]:
        """The columns of the result that have one value for each group, as keys tell."""
        once = determined(self._scope, self._scope.groups)
        return frozenset(
            index
            for index, each in enumerate(self._items)
            if has_value(self._scope, each.tree.unalias(), once)
        )

    def _is_column(self, name: str) -> bool:
        """Whether a table of FROM has it."""
        return name in _ROWIDS or any(
            each.table and each.table.column(name) for each in self._scope.sources
        )

    def _is_same_column(self, item: Item, group: Written) -> bool:
        """Whether both name one column, one of them with its table and one without."""
        ours, theirs = item.expression.tokens, group.tokens
        if self._merges or {len(ours), len(theirs)} != {1, 3}:
            return False
        names = [each[-1].name for each in (ours, theirs)]
        long = ours if len(ours) == 3 else theirs
        return (
            long[1].text == "."
            and names[0] is not None
            and names[1] is not None
            and fold(names[0]) == fold(names[1])
        )
