"""What stands in FROM and JOIN of a statement, and which columns it has. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from ...name_words import singular_words
from ...schema import Column, Schema, Table

_SUMMED_UP = frozenset({"average", "avg", "mean", "median", "total", "sum"})


@dataclass(frozen=True, slots=True)
class Source:
    """What stands in FROM or JOIN, by the name it goes by.

    `columns` is None where they are not known; `table` where it is no table of the schema.
    """

    alias: str
    columns: tuple[str, ...] | None
    table: Table | None = None

    def has(self, name: str) -> bool:
        """Whether it has a column of that name, as far as is known."""
        return self.columns is None or bool(self.exact(name))

    def exact(self, name: str) -> list[str]:
        """Its columns of that name, whatever their case."""
        return [each for each in self.columns or () if each.lower() == name.lower()]

    def alike(self, name: str) -> list[str]:
        """Its columns that are written like `name` but for case, signs and number."""
        return [each for each in self.columns or () if name_key(each) == name_key(name)]

    def fuller(self, name: str) -> list[str]:
        """Its columns whose words contain all those of `name`: pet_age for age."""
        words = set(singular_words(name))
        return [each for each in self.columns or () if words < set(singular_words(each))]

    def fuller_to_sum_up(self, name: str) -> list[str]:
        """The same but for those summed up already: an average of averages is no average."""
        before = set(singular_words(name))
        return [
            each
            for each in self.fuller(name)
            if _SUMMED_UP.isdisjoint(set(singular_words(each)) - before)
        ]


class Sources:
    """The sources of every SELECT of a statement, the tables of its WITH among them."""

    def __init__(self, tree: exp.Expr, schema: Schema) -> None:
        self._schema = schema
        self.ctes = {
            each.alias.lower(): tuple(each.alias_column_names) or _outputs(each.this)
            for each in tree.find_all(exp.CTE)
        }

    def of(self, select: exp.Select) -> list[Source]:
        """The sources of one SELECT, as they stand now, in order."""
        return [self._source(each) for each in source_nodes(select)]

    def _source(self, node: exp.Expr) -> Source:
        alias = node.alias_or_name
        if isinstance(node, exp.Subquery):
            return Source(alias, _outputs(node.this))
        if not isinstance(node, exp.Table):
            return Source(alias, None)
        if node.name.lower() in self.ctes:
            return Source(alias, self.ctes[node.name.lower()])
        table = self._schema.table(node.name)
        return Source(alias, tuple(each.name for each in table.columns) if table else None, table)


def source_nodes(select: exp.Select) -> list[exp.Expr]:
    """What stands in FROM and in each JOIN, in order."""
    clause = select.args.get("from_") or select.args.get("from")
    nodes = [clause.this] if clause else []
    return nodes + [join.this for join in select.args.get("joins") or []]


def resolved(column: exp.Column, schema: Schema) -> tuple[Table, Column] | None:
    """The table and column that a name stands for, where one alone can be meant."""
    found = _resolved(column, schema)
    return found[1:] if found else None


def source_name(column: exp.Column, schema: Schema) -> str | None:
    """What the table of a column is called in its query, in lower case."""
    found = _resolved(column, schema)
    return found[0] if found else None


def _resolved(column: exp.Column, schema: Schema) -> tuple[str, Table, Column] | None:
    select = column.find_ancestor(exp.Select)
    if select is None:
        return None
    found = []
    for node in source_nodes(select):
        name = node.alias_or_name.lower()
        if not isinstance(node, exp.Table):
            return None
        if column.table and name != column.table.lower():
            continue
        table = schema.table(node.name)
        known = table.column(column.name) if table else None
        if table is not None and known is not None:
            found.append((name, table, known))
    return found[0] if len(found) == 1 else None


def output_aliases(select: exp.Select) -> set[str]:
    """The names that a SELECT gives to what it returns, in lower case."""
    return {each.alias.lower() for each in select.expressions if isinstance(each, exp.Alias)}


def name_key(name: str) -> str:
    """A name without what people and models mix up: case, signs and number."""
    return "".join(singular_words(name))


def _outputs(query: exp.Expr) -> tuple[str, ...] | None:
    """The names of what a query returns, or None where a star or an expression hides them."""
    while isinstance(query, (exp.Subquery, exp.SetOperation)):
        query = query.this
    if not isinstance(query, exp.Select):
        return None
    names = [each.alias_or_name for each in query.expressions]
    return None if not all(names) or "*" in names else tuple(names)
