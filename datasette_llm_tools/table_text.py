"""One table as a prompt tells of it: CREATE TABLE, with what its values are like as comments.

Names, values and descriptions are somebody's text: none of them can leave its line.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass
from math import ceil, floor

from .schema import SAMPLE_CHARS, SAMPLES, Column, ForeignKey, Scalar, Table

_NAME_CHARS = 100
_SAMPLES_CHARS = 75

# The words that SQLite does not take as a name unless they are quoted: its
# other keywords fall back to names (sqlite.org/lang_keywords.html, tried one by one).
_RESERVED_WORDS = """
    add all alter and as autoincrement between case cast check collate commit constraint
    create current_date current_time current_timestamp default deferrable delete distinct drop
    else escape except exists foreign from group having if in index insert intersect into is
    isnull join limit not nothing notnull null on or order primary raise references returning
    select set table then to transaction union unique update using values when where"""
_RESERVED = frozenset(_RESERVED_WORDS.split())
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]*( [A-Za-z]+)?( ?\(\d+(, ?\d+)?\))?")


@dataclass(frozen=True, slots=True)
class Detail:
    """How much is said: samples of a column, and letters of descriptions."""

    samples: int
    of_table: int
    of_column: int


def quoted_name(name: str) -> str:
    """A name as SQL needs it, on one line whatever it holds."""
    if _PLAIN_NAME.fullmatch(name) and name.lower() not in _RESERVED:
        return _cut(name, _NAME_CHARS)
    return '"{}"'.format(_printable(_cut(name, _NAME_CHARS)).replace('"', '""'))


def table_text(
    table: Table,
    columns: Iterable[Column],
    detail: Detail,
    *,
    among: Container[str] | None = None,
) -> str:
    """A table as CREATE TABLE; `among` are the tables that its keys may name, all if None."""
    columns = tuple(columns)
    names = {each.name.lower() for each in columns}
    keys = [
        key
        for key in table.foreign_keys
        if (among is None or key.other_table in among)
        and names.issuperset(name.lower() for name in key.columns)
    ]
    notes = _notes(table, detail)
    lines = [(_column_code(table, each, keys), notes[each.name]) for each in columns]
    pks = _primary_key(table)
    if len(pks) > 1:
        lines.append((f"PRIMARY KEY ({_names(pks)})", ""))
    for key in keys:
        if len(key.columns) > 1:
            lines.append((f"FOREIGN KEY ({_names(key.columns)}) {_references(key)}", ""))
    last = len(lines) - 1
    body = [
        f" {code}{',' if i < last else ''}{f' -- {note}' if note else ''}"
        for i, (code, note) in enumerate(lines)
    ]
    cut = len(table.columns) - len(columns)
    if cut:
        body.append(f" -- and {cut} more columns")
    head = f"CREATE {table.kind.upper()} {quoted_name(table.name)} ("
    return "\n".join([f"{head}{_table_note(table, detail)}", *body, ");"])


def column_lines(table: Table, detail: Detail) -> dict[str, str]:
    """The line that each column takes, by name, as long as it may get."""
    notes = _notes(table, detail)
    return {
        each.name: f" {_column_code(table, each, table.foreign_keys)}, -- {notes[each.name]}\n"
        for each in table.columns
    }


def _table_note(table: Table, detail: Detail) -> str:
    notes = []
    if table.row_count is not None and table.kind == "table":
        notes.append(_rows(table.row_count))
    told = one_line(table.description or "", detail.of_table)
    if told:
        notes.append(told)
    return f" -- {': '.join(notes)}" if notes else ""


def _rows(count: int) -> str:
    """About how many rows: the exact number is for the query to find."""
    for unit, letter in ((1_000_000, "m"), (1000, "k")):
        if count >= unit:
            return f"{count // unit}{letter} rows"
    return f"{count} row{'' if count == 1 else 's'}"


def _column_code(table: Table, column: Column, keys: Iterable[ForeignKey]) -> str:
    bits = [quoted_name(column.name)]
    if column.type and _PLAIN_TYPE.fullmatch(column.type) and len(column.type) <= 30:
        bits.append(column.type)
    if _primary_key(table) == [column.name]:
        bits.append("PRIMARY KEY")
    to = next((key for key in keys if _same(key.columns, column.name)), None)
    return " ".join([*bits, _references(to)] if to else bits)


def _notes(table: Table, detail: Detail) -> dict[str, str]:
    """The comment of each column: its description, and what its values are like.

    A value costs a token for each digit, so nothing is said twice: the range of
    numbers is not told of keys and views, that of times once for each table.
    """
    keys = {name.lower() for key in table.foreign_keys for name in key.columns}
    notes: dict[str, str] = {}
    dated = table.kind == "view"
    for column in table.columns:
        is_key = bool(column.pk) or column.name.lower() in keys
        values = ", ".join(map(_literal, _few(table, column, detail.samples, is_key)))
        if detail.samples and column.minimum is not None and column.maximum is not None:
            if isinstance(column.minimum, str):
                values = _date_range(column, shape_only=dated)
                dated = True
            elif not is_key and table.kind == "table":
                values = _number_range(float(column.minimum), float(column.maximum))
        told = one_line(column.description or column.column_type or "", detail.of_column)
        notes[column.name] = "; ".join(filter(None, [told, values]))
    return notes


def _few(table: Table, column: Column, number: int, is_key: bool) -> list[str]:
    """The first samples up to a number and a length, or all where they seem to be all."""
    if is_key or table.kind == "view":
        number = min(number, 1 if column.pk or table.kind == "view" else 2)
    elif number and len(column.samples) > SAMPLES:
        number = len(column.samples)  # the only values that there are
    few: list[str] = []
    room = _SAMPLES_CHARS
    for sample in column.samples[:number]:
        room -= len(sample)
        if few and room < 0:
            break
        few.append(sample)
    return few


def _number_range(low: float, high: float) -> str:
    """Bounds, rounded outwards where the range is wide enough for whole numbers."""
    if high - low >= 10:
        low, high = floor(low), ceil(high)
    return f"{low:.15g} to {high:.15g}" if high - low >= 10 else f"{low:.3g} to {high:.3g}"


def _date_range(column: Column, *, shape_only: bool) -> str:
    """First and last day, in the form in which the column writes its times."""
    low, high = str(column.minimum), str(column.maximum)
    if shape_only:
        return (
            re.sub(r"\d", "9", low).replace("9999-99-99", "YYYY-MM-DD").replace("99:99", "HH:MM", 1)
        )
    return f"{_literal(low)} to {_literal(high[:10])}"


def _references(key: ForeignKey) -> str:
    return f"REFERENCES {quoted_name(key.other_table)}({_names(key.other_columns)})"


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(quoted_name, names))


def _primary_key(table: Table) -> list[str]:
    return [c.name for c in sorted((c for c in table.columns if c.pk), key=lambda c: c.pk)]


def _same(names: tuple[str, ...], name: str) -> bool:
    return len(names) == 1 and names[0].lower() == name.lower()


def _literal(value: Scalar) -> str:
    """A value as SQL would write it, cut and on one line."""
    if isinstance(value, str):
        return "'{}'".format(_printable(_cut(value, SAMPLE_CHARS)).replace("'", "''"))
    return str(value)


def one_line(text: str, length: int) -> str:
    """As many of the text's sentences as the length holds, or the beginning of the first."""
    text = " ".join(text.split())
    if len(text) > length:
        end = text.rfind(". ", 0, length)
        text = text[: end + 1] if end > 0 else _cut(text, length)
    return _printable(text)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…" if length else ""


def _printable(text: str) -> str:
    """Everything that could end a line or a turn, escaped.

    Chat templates mark turns with `<|…|>`, and some tokenizers obey it anywhere.
    """
    text = text.replace("<|", "< |")
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
