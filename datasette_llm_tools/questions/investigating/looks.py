"""Looks at a database that are no SQL of the model: values of a column, columns of tables. Pure.

A look at values is a statement all the same: it is shown, counted and run like any other.
"""

from __future__ import annotations

import re

from ...schema import Schema, Table
from ...sql_names import quoted
from ...table_text import Detail, table_text
from .values import Action

VALUES_SHOWN = 20
_DETAIL = Detail(samples=3, of_table=80, of_column=80)
_NAMES = 200
_WORDS = 5
_STRING = re.compile(r"('(?:[^']|'')*')")


class LookFailed(Exception):
    """A look that cannot be: what is missing, as a sentence for the model."""


def values_sql(action: Action, schema: Schema) -> str:
    """The statement that lists values of a column, most frequent first, with how often each is.

    With `like` only those that hold the text or one of its words, and those with all of it first.
    Raises LookFailed for a table or column that this actor does not have.
    """
    table = _table(action.table, schema)
    column = table.column(action.column)
    if column is None:
        names = ", ".join(each.name for each in table.columns[:60])
        raise LookFailed(f"{table.name} has no column {action.column}; it has {names}.")
    name = quoted(column.name)
    patterns = [f"{name} LIKE {_pattern(text)} ESCAPE '\\'" for text in _texts(action.like)]
    where = f"\nWHERE {' OR '.join(patterns)}" if patterns else ""
    first = f"{patterns[0]} DESC, " if len(patterns) > 1 else ""
    return (
        f"SELECT {name}, COUNT(*) AS count FROM {quoted(table.name)}{where}\n"  # noqa: S608 -- names are quoted
        f"GROUP BY {name} ORDER BY {first}count DESC, {name} LIMIT {VALUES_SHOWN}"
    )


def tables_text(names: tuple[str, ...], schema: Schema) -> str:
    """The tables of these names with their columns; without names, the names of all.

    Raises LookFailed for a table that this actor does not have.
    """
    if not names:
        return all_names(schema)
    return "\n".join(
        table_text(table, table.columns, _DETAIL)
        for table in (_table(name, schema) for name in names)
    )


def all_names(schema: Schema) -> str:
    """The names of the tables, or as many as are fit to be read."""
    names = ", ".join(each.name for each in schema.tables[:_NAMES])
    more = len(schema.tables) - _NAMES
    return f"{names} and {more} more" if more > 0 else names


def same_statement(sql: str) -> str:
    """A statement as it compares with others: space and case count within strings only."""
    parts = _STRING.split(sql.strip().rstrip(";"))
    return "".join(
        part if number % 2 else " ".join(part.lower().split()) for number, part in enumerate(parts)
    )


def _table(name: str, schema: Schema) -> Table:
    table = schema.table(name)
    if table is None:
        raise LookFailed(f"There is no table {name}. The tables are: {all_names(schema)}.")
    return table


def _texts(like: str) -> list[str]:
    """The text itself, then its words where it has several."""
    words = [each for each in like.split() if len(each) > 2]
    return list(dict.fromkeys([like, *words[:_WORDS]] if len(words) > 1 else [like])) * bool(like)


def _pattern(text: str) -> str:
    escaped = re.sub(r"([\\%_])", r"\\\1", text.replace("\0", ""))
    return "'%{}%'".format(escaped.replace("'", "''"))
