"""Ways to mend one column of a statement: another name, another source, a text after all. Pure.

Each changes the column in place and tells of it in a sentence, or returns None where it does not
apply.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from ...schema import Schema
from .mended import NotSure
from .sources import Source

# Which columns of a source are meant by a name.
Like = Callable[[Source, str], list[str]]


def rename(column: exp.Column, sources: Sequence[Source], like: Like) -> str | None:
    """Another name for the column of the same source, if one alone is like it."""
    found = [name for source in sources for name in like(source, column.name)]
    if len(found) != 1:
        return None
    before = in_sql(column)
    column.set("this", identifier(found[0]))
    return f"{before} is called {found[0]}."


def take_from(column: exp.Column, sources: Sequence[Source], like: Like) -> str | None:
    """The column of another source, if one alone has it. Raises NotSure for several."""
    found = [(source, name) for source in sources for name in like(source, column.name)]
    if not found:
        return None
    if len(found) > 1:
        raise NotSure
    source, name = found[0]
    before, table, is_same = in_sql(column), column.table, name.lower() == column.name.lower()
    set_column(column, source.alias if table else None, name)
    _require_sensible(column)
    if table and is_same:
        return f"{name} is a column of {source.alias}, not of {table}."
    return f"{before} is called {in_sql(column)}."


def by_alias(column: exp.Column, sources: Sequence[Source]) -> str | None:
    """The alias in place of the table's name, which SQLite knows no more once it has one."""
    name = column.table.lower()
    meant = [each for each in sources if each.table is not None and each.table.name.lower() == name]
    if len(meant) != 1 or not meant[0].exact(column.name):
        return None
    before = column.table
    set_column(column, meant[0].alias, column.name)
    _require_sensible(column)
    return f"{before} is called {meant[0].alias} here."


def as_text(column: exp.Column, schema: Schema) -> str | None:
    """A text in double quotes, which SQLite reads as a name, becomes a text."""
    quoted = isinstance(column.this, exp.Identifier) and column.this.quoted
    if not quoted or column.table or any(each.column(column.name) for each in schema.tables):
        return None
    literal = exp.Literal.string(column.name)
    column.replace(literal)
    return f'"{literal.name}" is a text.'


def set_column(column: exp.Column, alias: str | None, name: str) -> None:
    """Let a column stand for another one; `alias` None leaves what it is qualified with."""
    column.set("this", identifier(name))
    if alias is not None:
        column.set("table", identifier(alias))


def new_column(name: str, alias: str) -> exp.Column:
    """A column of a source."""
    return exp.Column(this=identifier(name), table=identifier(alias))


def identifier(name: str) -> exp.Identifier:
    """A name, quoted where it must be."""
    return exp.to_identifier(name, quoted=not name.isidentifier() or not name.isascii())


def in_sql(node: exp.Expr) -> str:
    """A part of a statement as it is written for SQLite."""
    return node.sql(dialect="sqlite")


def sides(equal: exp.EQ) -> list[exp.Column]:
    """The columns on both sides of a comparison."""
    return [each for each in (equal.left, equal.right) if isinstance(each, exp.Column)]


def _require_sensible(column: exp.Column) -> None:
    """Refuse a join whose two sides have come to be of one source."""
    equal = column.parent
    if not isinstance(equal, exp.EQ) or equal.find_ancestor(exp.Join) is None:
        return
    both = sides(equal)
    if len(both) == 2 and both[0].table.lower() == both[1].table.lower():
        raise NotSure
