"""Mends SQL that names what is not there, by rule from the schema, without asking a model.

A column that its table does not have is looked for where it could have been meant; it is mended
only where one place alone comes into question. Pure: nothing is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from ..name_words import singular_words
from ..schema import Column, Schema, Table
from .joining import joins_to, links_between

_SQL_CHARS = 8000  # parsing takes about 1 ms for 300 characters
_MOST_MENDS = 12  # a statement that needs more than this was meant for another schema
_ROWID = frozenset({"rowid", "oid", "_rowid_"})


@dataclass(frozen=True, slots=True)
class Mended:
    """A statement and what was changed in it, a sentence for each change."""

    sql: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Source:
    """What stands in FROM or JOIN, by the name it goes by.

    `columns` is None where they are not known; `table` where it is no table of the schema.
    """

    alias: str
    columns: tuple[str, ...] | None
    table: Table | None = None

    def has(self, name: str) -> bool:
        return self.columns is None or name.lower() in {each.lower() for each in self.columns}

    def alike(self, name: str) -> list[str]:
        """Its columns that are written like `name` but for case, signs and number."""
        return [each for each in self.columns or () if _key(each) == _key(name)]

    def fuller(self, name: str) -> list[str]:
        """Its columns whose words contain all those of `name`: pet_age for age."""
        words = set(singular_words(name))
        return [each for each in self.columns or () if words < set(singular_words(each))]


def mended(sql: str, schema: Schema) -> Mended | None:
    """The statement with every unknown table and column mended, or None where that is not sure."""
    if len(sql) > _SQL_CHARS:
        return None
    try:
        tree = sqlglot.parse_one(sql, dialect="sqlite")
        changes = list(_Mending(tree, schema).changes())
        result = tree.sql(dialect="sqlite")
    except _NotSure:
        return None
    except Exception:  # whatever a parser stumbles over, the statement is left as it was
        return None
    return Mended(result, tuple(changes)) if changes else None


class _NotSure(Exception):
    """There is no mend, or more than one makes sense."""


class _Mending:
    """One statement being mended in place."""

    def __init__(self, tree: exp.Expr, schema: Schema) -> None:
        self._tree = tree
        self._schema = schema
        self._ctes = {
            each.alias.lower(): tuple(each.alias_column_names) or _outputs(each.this)
            for each in tree.find_all(exp.CTE)
        }

    def changes(self) -> Iterator[str]:
        """Mend one thing after the other and tell of each. Raises _NotSure."""
        for table in list(self._tree.find_all(exp.Table)):
            yield from self._mend_table(table)
        for _ in range(_MOST_MENDS):
            found = next(self._unknown(), None)
            if found is None:
                break
            yield self._mend_column(*found)
        else:
            raise _NotSure
        yield from self._settle_ambiguous()
        yield from self._group()

    def _settle_ambiguous(self) -> Iterator[str]:
        """Name the source of a bare column that several have, where they are joined on it."""
        for column in list(self._tree.find_all(exp.Column)):
            select = column.find_ancestor(exp.Select)
            if select is None or column.table or isinstance(column.this, exp.Star):
                continue
            sources = [each for each in self._sources(select) if each.columns]
            having = [each for each in sources if each.has(column.name)]
            if len(having) < 2 or _is_merged(select, column.name):
                continue
            if not _is_joined_on(select, column.name):
                raise _NotSure
            column.set("table", _identifier(having[0].alias))
            yield f"{column.name} is that of {having[0].alias}."

    def _group(self) -> Iterator[str]:
        """Group by what is returned where an order counts rows that nothing groups."""
        for select in list(self._tree.find_all(exp.Select)):
            order = select.args.get("order")
            if order is None or select.args.get("group") or not order.find(exp.AggFunc):
                continue
            plain = [each.unalias() for each in select.expressions]
            if any(each.find(exp.AggFunc) or isinstance(each, exp.Star) for each in plain):
                continue
            select.set("group", exp.Group(expressions=[each.copy() for each in plain]))
            yield f"Grouped by {', '.join(each.sql(dialect='sqlite') for each in plain)}."

    def _mend_table(self, table: exp.Table) -> Iterator[str]:
        name = table.name
        if not name or name.lower() in self._ctes or self._schema.table(name):
            return
        meant = _only(each.name for each in self._schema.tables if _key(each.name) == _key(name))
        if not table.alias:
            table.set("alias", exp.TableAlias(this=_identifier(name)))
        table.set("this", _identifier(meant))
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
        if not column.table and name.lower() in {each.lower() for each in _aliases(select)}:
            return True
        place: exp.Select | None = select
        while place is not None:
            for source in self._sources(place):
                if column.table:
                    if source.alias.lower() == column.table.lower():
                        return source.has(name)
                elif source.has(name):
                    return True
            place = place.find_ancestor(exp.Select)
        return False

    def _sources(self, select: exp.Select) -> list[_Source]:
        clause = select.args.get("from_") or select.args.get("from")
        nodes = [clause.this] if clause else []
        nodes += [join.this for join in select.args.get("joins") or []]
        return [self._source(each) for each in nodes]

    def _source(self, node: exp.Expr) -> _Source:
        alias = node.alias_or_name
        if isinstance(node, exp.Subquery):
            return _Source(alias, _outputs(node.this))
        if not isinstance(node, exp.Table):
            return _Source(alias, None)
        if node.name.lower() in self._ctes:
            return _Source(alias, self._ctes[node.name.lower()])
        table = self._schema.table(node.name)
        return _Source(alias, tuple(_names(table.columns)) if table else None, table)

    def _mend_column(self, column: exp.Column, select: exp.Select) -> str:
        """Change what is written to what alone can have been meant. Raises _NotSure."""
        sources = self._sources(select)
        named = [each for each in sources if each.alias.lower() == column.table.lower()]
        others = [each for each in sources if each not in named]
        told = self._mend_condition(column, sources) or self._mend_membership(column, select)
        if told:
            return told
        if column.table and not named and (table := self._schema.table(column.table)):
            if told := self._join(column, select, sources, [table]):
                return told
            raise _NotSure
        steps: list[Callable[[], str | None]] = [
            lambda: _rename(column, named, _Source.alike),
            lambda: _take_from(column, others, _exact),
            lambda: _take_from(column, others, _Source.alike),
            lambda: _as_text(column, self._schema),
            lambda: _rename(column, named or sources[:1], _Source.fuller),
            lambda: self._join(column, select, sources, self._holders(column.name)),
            lambda: _take_from(column, others, _Source.fuller),
        ]
        for step in steps:
            if told := step():
                return told
        raise _NotSure

    def _mend_condition(self, column: exp.Column, sources: list[_Source]) -> str | None:
        """A join on a column that is not there becomes the join along the one key there is."""
        equal = column.parent
        if not isinstance(equal, exp.EQ) or not isinstance(equal.parent, exp.Join):
            return None
        sides = [each for each in (equal.left, equal.right) if isinstance(each, exp.Column)]
        at = {each.alias.lower(): each for each in sources}
        ends = [at.get(each.table.lower()) for each in sides]
        if len(ends) != 2 or ends[0] is None or ends[1] is None or ends[0] is ends[1]:
            return None
        first, second = ends[0], ends[1]
        if first.table is None or second.table is None or first.table is second.table:
            return None
        links = links_between(first.table, second.table)
        if len(links) != 1:
            return None
        left, right = links[0]
        before = equal.sql(dialect="sqlite")
        equal.set("this", _column(left, first.alias))
        equal.set("expression", _column(right, second.alias))
        return f"{before} is now {equal.sql(dialect='sqlite')}, the key between the two."

    def _mend_membership(self, column: exp.Column, select: exp.Select) -> str | None:
        """`id IN (SELECT missing FROM other)` takes the one key that leads to the table of id."""
        member = select.parent.parent if isinstance(select.parent, exp.Subquery) else select.parent
        if not isinstance(member, exp.In) or not isinstance(member.this, exp.Column):
            return None
        inner = self._sources(select)
        outer_select = member.find_ancestor(exp.Select)
        if outer_select is None or len(inner) != 1 or select.expressions != [column]:
            return None
        outer = [
            each
            for each in self._sources(outer_select)
            if each.table and member.this.table.lower() in ("", each.alias.lower())
        ]
        if len(outer) != 1 or outer[0].table is None or inner[0].table is None:
            return None
        links = [
            right
            for left, right in links_between(outer[0].table, inner[0].table)
            if left.lower() == member.this.name.lower()
        ]
        if len(links) != 1:
            return None
        before = column.sql(dialect="sqlite")
        column.set("this", _identifier(links[0]))
        return f"{before} is now {links[0]}, which leads to {outer[0].table.name}."

    def _holders(self, name: str) -> list[Table]:
        exact = [each for each in self._schema.tables if each.column(name)]
        if exact:
            return exact
        return [
            t for t in self._schema.tables if any(_key(c.name) == _key(name) for c in t.columns)
        ]

    def _join(
        self,
        column: exp.Column,
        select: exp.Select,
        sources: list[_Source],
        holders: list[Table],
    ) -> str | None:
        """Join the one table in reach that has the column; None where no table is in reach."""
        starts = [(each.alias, each.table) for each in sources if each.table is not None]
        present = {each.table.name for each in sources if each.table is not None}
        found = [
            (holder, path)
            for holder in holders
            if holder.name not in present
            for path in joins_to(self._schema, starts, holder)
        ]
        if not found:
            return None
        nearest = min(len(path) for _, path in found)
        found = [each for each in found if len(each[1]) == nearest]
        if len(found) > 1:
            raise _NotSure
        holder, path = found[0]
        self._qualify(select, sources)
        taken = {each.alias.lower() for each in sources}
        names: dict[str, str] = {alias: alias for alias, _ in starts}
        for hop in path:
            name = _new_alias(hop.table.name, taken)
            names[hop.table.name] = name
            on = exp.EQ(
                this=_column(hop.left, names[hop.from_alias]),
                expression=_column(hop.right, name),
            )
            node = exp.Table(this=_identifier(hop.table.name))
            if name != hop.table.name:
                node.set("alias", exp.TableAlias(this=_identifier(name)))
            select.append("joins", exp.Join(this=node, on=on))
        before = column.sql(dialect="sqlite")
        spelled = _only(
            each.name
            for each in holder.columns
            if each.name.lower() == column.name.lower() or _key(each.name) == _key(column.name)
        )
        _set(column, names[holder.name], spelled)
        via = ", ".join(hop.table.name for hop in path)
        return f"{before} is a column of {holder.name}: joined {via}."

    def _qualify(self, select: exp.Select, sources: list[_Source]) -> None:
        """Name the source of each bare column, which a further table could make ambiguous."""
        aliases = {each.lower() for each in _aliases(select)}
        for column in select.find_all(exp.Column):
            if column.table or column.find_ancestor(exp.Select) is not select:
                continue
            if isinstance(column.this, exp.Star) or column.name.lower() in aliases:
                continue
            having = [each for each in sources if each.columns and each.has(column.name)]
            if len(having) == 1:
                column.set("table", _identifier(having[0].alias))


def _is_merged(select: exp.Select, name: str) -> bool:
    """Whether USING or NATURAL makes one column of those of that name."""
    joins = select.args.get("joins") or []
    return any(
        join.method or name.lower() in {each.name.lower() for each in join.args.get("using") or []}
        for join in joins
    )


def _is_joined_on(select: exp.Select, name: str) -> bool:
    """Whether a join says that the columns of that name are equal."""
    for join in select.args.get("joins") or []:
        for equal in join.find_all(exp.EQ):
            sides = [each for each in (equal.left, equal.right) if isinstance(each, exp.Column)]
            if len(sides) == 2 and all(each.name.lower() == name.lower() for each in sides):
                return True
    return False


def _exact(source: _Source, name: str) -> list[str]:
    return [each for each in source.columns or () if each.lower() == name.lower()]


def _rename(
    column: exp.Column, sources: list[_Source], like: Callable[[_Source, str], list[str]]
) -> str | None:
    """Another name for the column of the same source, if one alone is like it."""
    found = [name for source in sources for name in like(source, column.name)]
    if len(found) != 1:
        return None
    before = column.sql(dialect="sqlite")
    column.set("this", _identifier(found[0]))
    return f"{before} is called {found[0]}."


def _take_from(
    column: exp.Column, sources: list[_Source], like: Callable[[_Source, str], list[str]]
) -> str | None:
    """The column of another source, if one alone has it. Raises _NotSure for several."""
    found = [(source, name) for source in sources for name in like(source, column.name)]
    if not found:
        return None
    if len(found) > 1:
        raise _NotSure
    source, name = found[0]
    before = column.sql(dialect="sqlite")
    _set(column, source.alias if column.table else None, name)
    _require_sensible(column)
    return f"{before} is now {column.sql(dialect='sqlite')}."


def _require_sensible(column: exp.Column) -> None:
    """Refuse a join whose two sides have come to be of one source."""
    equal = column.parent
    if not isinstance(equal, exp.EQ) or equal.find_ancestor(exp.Join) is None:
        return
    sides = [each for each in (equal.left, equal.right) if isinstance(each, exp.Column)]
    if len(sides) == 2 and sides[0].table.lower() == sides[1].table.lower():
        raise _NotSure


def _as_text(column: exp.Column, schema: Schema) -> str | None:
    """A text in double quotes, which SQLite reads as a name, becomes a text."""
    quoted = isinstance(column.this, exp.Identifier) and column.this.quoted
    if not quoted or column.table or any(each.column(column.name) for each in schema.tables):
        return None
    literal = exp.Literal.string(column.name)
    column.replace(literal)
    return f'"{literal.name}" is a text.'


def _set(column: exp.Column, alias: str | None, name: str) -> None:
    column.set("this", _identifier(name))
    if alias is not None:
        column.set("table", _identifier(alias))


def _column(name: str, alias: str) -> exp.Column:
    return exp.Column(this=_identifier(name), table=_identifier(alias))


def _identifier(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=not name.isidentifier() or not name.isascii())


def _outputs(query: exp.Expr) -> tuple[str, ...] | None:
    """The names of what a query returns, or None where a star or an expression hides them."""
    while isinstance(query, (exp.Subquery, exp.SetOperation)):
        query = query.this
    if not isinstance(query, exp.Select):
        return None
    names = [each.alias_or_name for each in query.expressions]
    return None if not all(names) or "*" in names else tuple(names)


def _aliases(select: exp.Select) -> list[str]:
    return [each.alias for each in select.expressions if isinstance(each, exp.Alias)]


def _names(columns: Iterable[Column]) -> Iterator[str]:
    return (each.name for each in columns)


def _new_alias(name: str, taken: set[str]) -> str:
    alias, number = name, 2
    while alias.lower() in taken:
        alias, number = f"{name}_{number}", number + 1
    taken.add(alias.lower())
    return alias


def _key(name: str) -> str:
    """A name without what people and models mix up: case, signs and number."""
    return "".join(singular_words(name))


def _only(names: Iterable[str]) -> str:
    found = list(names)
    if len(found) != 1:
        raise _NotSure
    return found[0]
