"""Mends SQL that names what is not there, by rule from the schema, without asking a model.

A column that its table does not have is looked for where it could have been meant; it is mended
only where one place alone comes into question. Pure: nothing is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sqlglot
from sqlglot import exp

from ...schema import Schema
from .column_mends import as_text, by_alias, identifier, in_sql, rename, sides, take_from
from .join_mends import holders, join, mend_condition, mend_membership
from .mended import MOST_CHARACTERS, Mended, NotSure, only
from .sources import Source, Sources, name_key, output_aliases

_MOST_MENDS = 12  # a statement that needs more than this was meant for another schema
_ROWID = frozenset({"rowid", "oid", "_rowid_"})


def mended(sql: str, schema: Schema) -> Mended | None:
    """The statement with every unknown table and column mended, or None where that is not sure."""
    if len(sql) > MOST_CHARACTERS:
        return None
    try:
        tree = sqlglot.parse_one(sql, dialect="sqlite")
        changes = list(_Mending(tree, schema).changes())
        result = in_sql(tree)
    except NotSure:
        return None
    except Exception:  # whatever a parser stumbles over, the statement is left as it was
        return None
    return Mended(result, tuple(dict.fromkeys(changes))) if changes else None


def with_own_memberships(sql: str, schema: Schema) -> Mended | None:
    """A statement that runs although a subquery returns a column that none of its tables has.

    `id NOT IN (SELECT id FROM other)`, where other has no id, compares each row with itself: SQLite
    takes the column from outside. None where there is nothing like that, or no sure mend.
    """
    if len(sql) > MOST_CHARACTERS:
        return None
    try:
        tree = sqlglot.parse_one(sql, dialect="sqlite")
        sources = Sources(tree, schema)
        if not any(
            _is_borrowed(column, select, sources)
            for select in tree.find_all(exp.Select)
            for column in select.expressions
        ):
            return None
    except Exception:  # whatever a parser stumbles over, the statement is left as it was
        return None
    return mended(sql, schema)


class _Mending:
    """One statement being mended in place."""

    def __init__(self, tree: exp.Expr, schema: Schema) -> None:
        self._tree = tree
        self._schema = schema
        self._sources = Sources(tree, schema)

    def changes(self) -> Iterator[str]:
        """Mend one thing after the other and tell of each. Raises NotSure."""
        for table in list(self._tree.find_all(exp.Table)):
            yield from self._mend_table(table)
        for _ in range(_MOST_MENDS):
            found = next(self._unknown(), None)
            if found is None:
                break
            yield self._mend_column(*found)
        else:
            raise NotSure
        yield from self._settle_ambiguous()
        yield from _grouped(self._tree)

    def _mend_table(self, table: exp.Table) -> Iterator[str]:
        name = table.name
        if not name or name.lower() in self._sources.ctes or self._schema.table(name):
            return
        known = (each.name for each in self._schema.tables)
        meant = only(each for each in known if name_key(each) == name_key(name))
        if not table.alias:
            table.set("alias", exp.TableAlias(this=identifier(name)))
        table.set("this", identifier(meant))
        yield f"The table {name} is called {meant}."

    def _unknown(self) -> Iterator[tuple[exp.Column, exp.Select]]:
        """The columns that nothing in reach has, each with the SELECT that it stands in."""
        for column in self._tree.find_all(exp.Column):
            select = column.find_ancestor(exp.Select)
            if select is None or isinstance(column.this, exp.Star) or not column.name:
                continue
            if not self._is_known(column, select):
                yield column, select

    def _is_known(self, column: exp.Column, select: exp.Select) -> bool:
        name = column.name
        if name.lower() in _ROWID:
            return True
        if not column.table and name.lower() in output_aliases(select):
            return True
        if _is_borrowed(column, select, self._sources):
            return False
        place: exp.Select | None = select
        while place is not None:
            for source in self._sources.of(place):
                if column.table:
                    if source.alias.lower() == column.table.lower():
                        return source.has(name)
                elif source.has(name):
                    return True
            place = place.find_ancestor(exp.Select)
        return False

    def _mend_column(self, column: exp.Column, select: exp.Select) -> str:
        """Change what is written to what alone can have been meant. Raises NotSure."""
        schema, sources = self._schema, self._sources.of(select)
        named = [each for each in sources if each.alias.lower() == column.table.lower()]
        others = [each for each in sources if each not in named]
        if not named and (told := by_alias(column, others)):
            return told
        told = mend_condition(column, sources, schema) or mend_membership(
            column, select, self._sources
        )
        if told:
            return told
        if column.table and not named and (table := schema.table(column.table)):
            if told := join(column, select, sources, [table], schema):
                return told
            raise NotSure
        is_summed_up = isinstance(column.find_ancestor(exp.AggFunc, exp.Select), exp.AggFunc)
        fuller = Source.fuller_to_sum_up if is_summed_up else Source.fuller
        steps: list[Callable[[], str | None]] = [
            lambda: rename(column, named, Source.alike),
            lambda: take_from(column, others, Source.exact),
            lambda: take_from(column, others, Source.alike),
            lambda: as_text(column, schema),
            lambda: rename(column, named or sources[:1], fuller),
            lambda: join(column, select, sources, holders(column.name, schema), schema),
            lambda: take_from(column, others, fuller),
        ]
        for step in steps:
            if told := step():
                return told
        raise NotSure

    def _settle_ambiguous(self) -> Iterator[str]:
        """Name the source of a bare column that several have, where they are joined on it."""
        for column in list(self._tree.find_all(exp.Column)):
            select = column.find_ancestor(exp.Select)
            if select is None or column.table or isinstance(column.this, exp.Star):
                continue
            sources = [each for each in self._sources.of(select) if each.columns]
            having = [each for each in sources if each.has(column.name)]
            if len(having) < 2 or _is_merged(select, column.name):
                continue
            if not _is_joined_on(select, column.name):
                raise NotSure
            column.set("table", identifier(having[0].alias))
            yield f"{column.name} is that of {having[0].alias}."


def _is_borrowed(column: exp.Expr, select: exp.Select, sources: Sources) -> bool:
    """Whether a bare column is all that a membership's subquery returns, and of none of its
    tables."""
    if not isinstance(column, exp.Column) or column.table or select.expressions != [column]:
        return False
    above = select.parent.parent if isinstance(select.parent, exp.Subquery) else select.parent
    inner = sources.of(select)
    return (
        isinstance(above, exp.In)
        and bool(inner)
        and not any(each.has(column.name) for each in inner)
    )


def _grouped(tree: exp.Expr) -> Iterator[str]:
    """Group by what is returned where an order counts rows that nothing groups."""
    for select in list(tree.find_all(exp.Select)):
        order = select.args.get("order")
        if order is None or select.args.get("group") or not order.find(exp.AggFunc):
            continue
        plain = [each.unalias() for each in select.expressions]
        if any(each.find(exp.AggFunc) or isinstance(each, exp.Star) for each in plain):
            continue
        select.set("group", exp.Group(expressions=[each.copy() for each in plain]))
        yield f"Grouped by {', '.join(map(in_sql, plain))}."


def _is_merged(select: exp.Select, name: str) -> bool:
    """Whether USING or NATURAL makes one column of those of that name."""
    return any(
        each.method or name.lower() in {used.name.lower() for used in each.args.get("using") or []}
        for each in select.args.get("joins") or []
    )


def _is_joined_on(select: exp.Select, name: str) -> bool:
    """Whether a join says that the columns of that name are equal."""
    for each in select.args.get("joins") or []:
        for equal in each.find_all(exp.EQ):
            both = sides(equal)
            if len(both) == 2 and all(side.name.lower() == name.lower() for side in both):
                return True
    return False
