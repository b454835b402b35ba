"""Texts that a statement compares with a column that holds no such text, and what it holds instead.

A model writes 'North Carolina' where the data have 'NorthCarolina', or compares a key with a name.
Such a condition is never true, so a text that can alone have been meant is put in its place; a
text that is there is never touched. What the data hold is asked by `look`, as the person may.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import sqlglot
from rapidfuzz import fuzz
from sqlglot import exp

from ...schema import Column, Schema, Table
from ...sql_names import quoted
from .joining import implied_key
from .mended import MOST_CHARACTERS, Mended
from .sources import resolved

# Runs a statement that only reads and returns its rows. Raises LookupError where it may not be
# run or takes too long.
Look = Callable[[str], Awaitable[Sequence[Sequence[object]]]]

_MOST_LITERALS = 8
_MOST_VALUES = 2000  # distinct values that are compared letter by letter
_ALIKE = 86  # of 100, as rapidfuzz counts; Bachelors is 94 like Bachelor
_TEXT_TYPES = ("", "text", "char", "clob", "string")


class Freedom(IntEnum):
    """How far the text that is put in place of another one may be from it."""

    SPELLING = 1  # it differs in case, spaces and signs alone: Austria is no Australia
    KEY = 2  # or it stands behind the key that the column is; but no spaces around it
    LIKENESS = 3  # or it is alike, or stands in another column: where no rows are surely wrong


@dataclass(frozen=True, slots=True)
class UnknownText:
    """A text that no row of a table has in a column.

    `is_excluded`: the statement leaves out rows that have it.
    """

    text: str
    table: str
    column: str
    is_excluded: bool = False


@dataclass(frozen=True, slots=True)
class _Compared:
    """A text literal, the column that it is compared with, and their comparison."""

    literal: exp.Literal
    node: exp.Column
    table: Table
    column: Column

    @property
    def text(self) -> str:
        return str(self.literal.this)

    @property
    def is_excluded(self) -> bool:
        """Whether rows with the text are left out: <>, NOT IN, NOT."""
        comparison = self.literal.parent
        return isinstance(comparison, exp.NEQ) or (
            comparison is not None and isinstance(comparison.parent, exp.Not)
        )


async def with_known_texts(
    sql: str, schema: Schema, look: Look, *, freedom: Freedom = Freedom.LIKENESS
) -> Mended | None:
    """The statement with texts that are in the data; None where nothing is to be changed."""
    if len(sql) > MOST_CHARACTERS or "'" not in sql:
        return None
    try:
        tree = await asyncio.to_thread(sqlglot.parse_one, sql, dialect="sqlite")
        compared = list(_compared(tree, schema))[:_MOST_LITERALS]
        if not compared:
            return None
        changes = [
            told
            for each in await _absent(compared, look)
            if (told := await _replaced(each, schema, look, freedom))
        ]
    except LookupError:
        return None
    except Exception:  # whatever a parser stumbles over, the statement is left as it was
        return None
    return Mended(tree.sql(dialect="sqlite"), tuple(changes)) if changes else None


async def unknown_texts(sql: str, schema: Schema, look: Look) -> tuple[UnknownText, ...] | None:
    """The texts of a statement that the columns which it compares them with do not hold.

    None for a statement that cannot be read, or data that cannot be looked at.
    """
    if len(sql) > MOST_CHARACTERS:
        return None
    try:
        tree = await asyncio.to_thread(sqlglot.parse_one, sql, dialect="sqlite")
        compared = list(_compared(tree, schema))
        absent = await _absent(compared[:_MOST_LITERALS], look) if compared else []
    except Exception:  # whatever a parser stumbles over, or a look that took too long
        return None
    return tuple(
        UnknownText(each.text, each.table.name, each.column.name, each.is_excluded)
        for each in absent
    )


def _compared(tree: exp.Expr, schema: Schema) -> Iterator[_Compared]:
    """The comparisons of a column of a known table with a text."""
    for equal in tree.find_all(exp.EQ, exp.NEQ, exp.In):
        column = equal.this
        values = equal.expressions if isinstance(equal, exp.In) else [equal.expression]
        if not isinstance(column, exp.Column):
            continue
        found = resolved(column, schema)
        if found is None:
            continue
        for value in values:
            if isinstance(value, exp.Literal) and value.is_string and value.this:
                yield _Compared(value, column, *found)


async def _absent(compared: Sequence[_Compared], look: Look) -> list[_Compared]:
    """Those whose text their column does not hold."""
    terms = [
        f"EXISTS ({_selecting('1', each.table.name, each.column.name, each.text)})"
        for each in compared
    ]
    (row,) = await look(f"SELECT {', '.join(terms)}")
    return [each for each, is_there in zip(compared, row, strict=True) if not is_there]


async def _replaced(each: _Compared, schema: Schema, look: Look, freedom: Freedom) -> str | None:
    """Change one comparison and say how; None where nothing alone comes into question."""
    alike = await _alike(each, look, freedom)
    if alike is not None:
        before = each.text
        each.literal.replace(exp.Literal.string(alike))
        column = f"{each.table.name} has {each.column.name}"
        return f"No row of {column} “{before}”; “{alike}” is there."
    if freedom < Freedom.KEY or await _is_key(each, schema, look):
        return None
    if told := await _through_key(each, schema, look):
        return told
    return await _in_other_column(each, look) if freedom is Freedom.LIKENESS else None


async def _alike(each: _Compared, look: Look, freedom: Freedom) -> str | None:
    """The value of the column that is the text but for case, spaces or a letter or two."""
    name = quoted(each.column.name)
    distinct = f"SELECT DISTINCT {name} FROM {quoted(each.table.name)}"  # noqa: S608 -- names are quoted
    rows = await look(f"{distinct} WHERE typeof({name}) = 'text' LIMIT {_MOST_VALUES + 1}")
    values = [str(row[0]) for row in rows]
    if freedom is Freedom.KEY:
        # Joins stumble over spaces around a text, too: who counts is told of them, and decides.
        values = [value for value in values if value == value.strip()]
    same = [value for value in values if _squeezed(value) == _squeezed(each.text)]
    if len(same) == 1:
        return same[0]
    is_narrow = freedom < Freedom.LIKENESS
    if is_narrow or same or len(values) > _MOST_VALUES or len(each.text) < 4:
        return None
    # Another day or number is another thing, however alike it is written.
    near = [value for value in values if _digits(value) == _digits(each.text)]
    scored = sorted(
        ((fuzz.ratio(value.lower(), each.text.lower()), value) for value in near), reverse=True
    )
    best = [value for score, value in scored[:2] if score >= _ALIKE]
    return best[0] if len(best) == 1 else None


async def _through_key(each: _Compared, schema: Schema, look: Look) -> str | None:
    """Where the column is a key of another table, the one text of that table that is equal."""
    led_to = _led_to(each, schema)
    if led_to is None or isinstance(each.literal.parent, exp.In):
        return None
    other, key_column = led_to
    found = await _holding(other, each, look)
    if found is None:
        return None
    column, value = found
    inner = _selecting(quoted(key_column), other.name, column, value)
    comparison = each.literal.parent
    if comparison is None:
        return None
    is_not = isinstance(comparison, exp.NEQ)
    condition: exp.Expr = exp.In(
        this=each.node.copy(), query=exp.Subquery(this=sqlglot.parse_one(inner, dialect="sqlite"))
    )
    comparison.replace(exp.Not(this=condition) if is_not else condition)
    return f"“{value}” is a {column} of {other.name}, to which {each.column.name} leads."


def _led_to(each: _Compared, schema: Schema) -> tuple[Table, str] | None:
    """The table and column of the one key that the compared column alone makes up: a declared
    one, else that of the table which the column is called after."""
    declared = [
        (other, key.other_columns[0])
        for key in each.table.foreign_keys
        if [name.lower() for name in key.columns] == [each.column.name.lower()]
        and (other := schema.table(key.other_table))
    ]
    found = declared or [
        (other, key)
        for other in schema.tables
        if other is not each.table and (key := implied_key(each.column.name, other))
    ]
    return found[0] if len(found) == 1 else None


async def _is_key(each: _Compared, schema: Schema, look: Look) -> bool:
    """Whether the text is a key of the table that the column leads to: nothing has it yet."""
    led_to = _led_to(each, schema)
    if led_to is None:
        return False
    other, key_column = led_to
    ((is_there,),) = await look(
        f"SELECT EXISTS ({_selecting('1', other.name, key_column, each.text)})"
    )
    return bool(is_there)


async def _in_other_column(each: _Compared, look: Look) -> str | None:
    """The one other column of the same table that holds the text."""
    if isinstance(each.literal.parent, exp.In):
        return None
    found = await _holding(each.table, each, look)
    if found is None:
        return None
    column, value = found
    before = each.column.name
    each.node.set("this", exp.to_identifier(column, quoted=not column.isidentifier()))
    each.literal.replace(exp.Literal.string(value))
    return f"“{value}” stands in {column}, not in {before}."


async def _holding(table: Table, each: _Compared, look: Look) -> tuple[str, str] | None:
    """The one text column of a table that holds the text, whatever its case and spaces, and how
    it does."""
    columns = [
        column
        for column in table.columns
        if _is_text(column) and not (table is each.table and column is each.column)
    ][:20]
    if not columns:
        return None
    closed_up = _text(each.text.replace(" ", ""))
    terms = [
        f"(SELECT {name} FROM {quoted(table.name)} "  # noqa: S608 -- names are quoted
        f"WHERE replace({name}, ' ', '') = {closed_up} COLLATE NOCASE LIMIT 1)"
        for name in (quoted(column.name) for column in columns)
    ]
    (row,) = await look(f"SELECT {', '.join(terms)}")
    found = [
        (column.name, str(value))
        for column, value in zip(columns, row, strict=True)
        if value is not None
    ]
    return found[0] if len(found) == 1 else None


def _is_text(column: Column) -> bool:
    kind = column.type.lower()
    return not kind or any(each in kind for each in _TEXT_TYPES if each)


def _selecting(what: str, table: str, column: str, text: str) -> str:
    where = f"{quoted(column)} = {_text(text)}"
    return f"SELECT {what} FROM {quoted(table)} WHERE {where}"  # noqa: S608 -- names are quoted


def _squeezed(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


def _text(text: str) -> str:
    return "'{}'".format(text.replace("'", "''"))
