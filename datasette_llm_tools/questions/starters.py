"""Questions to begin with, made from a schema without a model.

Each can be answered by one simple statement over what the schema holds. They
take turns by kind and by table, so that the first few show what can be asked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from ..name_words import name_words, singular
from ..schema import Column, Schema, Table

_UNCOUNTABLE = frozenset(["weather", "data", "news", "information", "staff", "equipment", "stock"])
# Last words of names whose numbers are names themselves, or places and times.
_NAMING_NUMBERS = """
    id number no nr num code key zip phone year month day hour minute latitude lat longitude
    long lon lng direction offset position index version rowid"""
_NO_MEASURE = frozenset(_NAMING_NUMBERS.split())
_KEY_WORDS = frozenset(["id", "code", "key", "no", "number", "ref", "fk"])
_LABELS = ("name", "title", "label")
_UNIT_WORDS = "c f k m g s km kg lb mb ms mph kmh usd eur gbp pct percent inches miles"
_UNITS = frozenset(_UNIT_WORDS.split())
_PROSE_WORDS = """
    comment text body description review message content note summary abstract feedback answer
    question story remark"""
_PROSE = frozenset(_PROSE_WORDS.split())


@dataclass(frozen=True, slots=True)
class _Noun:
    """What one row of a table is called, and many."""

    one: str
    many: str


def starter_questions(
    schema: Schema, limit: int = 6, *, table: str | None = None
) -> tuple[str, ...]:
    """Return up to `limit` questions in English, the most telling first, or those on one table."""
    full = [each for each in schema.tables if each.row_count != 0 and table in (None, each.name)]
    tables = [each for each in full if each.kind == "table"] or full
    # Tables that refer to others hold what happened: flights rather than airports.
    tables.sort(key=lambda each: (-len(each.foreign_keys), -(each.row_count or 0)))
    waiting = [
        [(each.name, question) for each in tables for question in kind(each, schema)]
        for kind in _KINDS
    ]
    chosen: list[str] = []
    used: Counter[str] = Counter()
    while len(chosen) < limit and any(waiting):
        for questions in filter(None, waiting):
            # A table gives way after three; of equals min() keeps the first.
            best = min(questions, key=lambda pair: max(0, used[pair[0]] - 2))
            questions.remove(best)
            if best[1] not in chosen and len(chosen) < limit:
                used[best[0]] += 1
                chosen.append(best[1])
    return tuple(chosen)


# Kinds of questions


def _most(table: Table, schema: Schema) -> Iterator[str]:
    for one in _parents(table, schema):
        yield f"Which {one} has the most {_noun(table).many}?"


def _trend(table: Table, schema: Schema) -> Iterator[str]:
    for column in table.columns:
        days = _days(column)
        if days:
            unit = "day" if days <= 62 else "month" if days <= 1500 else "year"
            yield f"How many {_noun(table).many} were there each {unit}?"
            return


def _average(table: Table, schema: Schema) -> Iterator[str]:
    for measure, group in zip(_measures(table, 1), _groups(table, schema), strict=False):
        name = f"number of {measure}" if singular(measure) != measure else measure
        yield f"What is the average {name} for each {group}?"


def _lowest_prose(table: Table, schema: Schema) -> Iterator[str]:
    if any(_is_prose(column) for column in table.columns):
        measures = _measures(table, 1)
        if measures:
            yield f"Show ten {_noun(table).many} with the lowest {measures[0]}"
        elif any(_days(column) for column in table.columns):
            yield f"Show the ten latest {_noun(table).many}"


def _highest(table: Table, schema: Schema) -> Iterator[str]:
    if _label(table) or _text_key(table):
        for measure in _measures(table, 9):
            superlative = "most" if singular(measure) != measure else "highest"
            yield f"Which {_noun(table).one} has the {superlative} {measure}?"


def _search(table: Table, schema: Schema) -> Iterator[str]:
    label = _label(table)
    if label is None:
        return
    usual = set(name_words(_noun(table).many)) | set(name_words(_noun(table).one))
    for sample in label.samples:
        for word in sample.split():
            if len(word) >= 4 and word.isalpha() and word.lower() not in usual:
                column = _phrase(label)
                yield f"Which {_noun(table).many} have \u201c{word}\u201d in their {column}?"
                return


def _categories(table: Table, schema: Schema) -> Iterator[str]:
    for column in _category_columns(table):
        yield f"How many {_noun(table).many} are there for each {_phrase(column)}?"


def _flags(table: Table, schema: Schema) -> Iterator[str]:
    for column in table.columns:
        if (column.minimum, column.maximum) == (0, 1) and column.name.lower().endswith("ed"):
            yield f"How many {_noun(table).many} were {_phrase(column)}?"


def _count(table: Table, schema: Schema) -> Iterator[str]:
    yield f"How many {_noun(table).many} are there?"


_KINDS: tuple[Callable[[Table, Schema], Iterator[str]], ...] = (
    _most,
    _trend,
    _average,
    _lowest_prose,
    _highest,
    _flags,
    _categories,
    _search,
    _count,
)

# What tables and columns are called, and what they hold


def _noun(table: Table) -> _Noun:
    words = list(name_words(table.name)) or [table.name]
    # The rows of a view are rarely what it is called, nor are those of a file with a number.
    if table.kind == "view" or any(word.isdigit() for word in words):
        return _Noun(f"row of {' '.join(words)}", f"rows of {' '.join(words)}")
    last = words[-1]
    if last in _UNCOUNTABLE:
        return _Noun(" ".join([*words, "record"]), " ".join([*words, "records"]))
    one = singular(last)
    return _Noun(
        " ".join([*words[:-1], one]),
        " ".join([*words[:-1], last if one != last else _plural(last)]),
    )


def _plural(word: str) -> str:
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "ch", "sh", "z")) else f"{word}s"


def _phrase(column: Column) -> str:
    return " ".join(name_words(column.name)) or column.name


def _without_unit(column: Column) -> str:
    words = name_words(column.name)
    return " ".join(words[:-1] if len(words) > 1 and words[-1] in _UNITS else words)


def _parents(table: Table, schema: Schema) -> Iterator[str]:
    """What the tables are called that this one refers to, in their roles: destination airport."""
    for key in table.foreign_keys:
        other = schema.table(key.other_table)
        if other is None or other.name == table.name or len(key.columns) != 1:
            continue
        if (other.row_count or 0) * 2 > (table.row_count or 0) > 0:
            continue  # most would have one or none
        one = _noun(other).one
        role = [word for word in name_words(key.columns[0]) if word not in _KEY_WORDS]
        is_plain = key.columns[0].lower() == key.other_columns[0].lower()
        if is_plain or not role or singular(role[-1]) in one.split():
            yield one
        else:
            yield f"{' '.join(role)} {one}"


def _groups(table: Table, schema: Schema) -> list[str]:
    return [*_parents(table, schema), *map(_phrase, _category_columns(table))]


def _measures(table: Table, spread: float) -> list[str]:
    """Numbers that can be averaged and range over more than `spread`, by their names."""
    keys = {name.lower() for key in table.foreign_keys for name in key.columns}
    return [
        _without_unit(column)
        for column in table.columns
        if isinstance(column.minimum, (int, float))
        and isinstance(column.maximum, (int, float))
        and column.maximum - column.minimum > spread
        and not column.pk
        and column.name.lower() not in keys
        and not _NO_MEASURE & set(name_words(column.name)[-1:])
    ]


def _category_columns(table: Table) -> list[Column]:
    keys = {name.lower() for key in table.foreign_keys for name in key.columns}
    return [
        column
        for column in table.columns
        if 2 <= len(column.samples) <= (table.row_count or 100) // 3
        and not re.fullmatch(r"column_\d+", column.name)
        and not column.pk
        and column.name.lower() not in keys
        and column.name.lower() not in _LABELS
        and all(len(each) <= 30 for each in column.samples)
        and column is not _label(table)
    ]


def _days(column: Column) -> int:
    """How many days lie between the first and last date of a column, 0 if it holds none."""
    try:
        low = date.fromisoformat(str(column.minimum)[:10])
        return (date.fromisoformat(str(column.maximum)[:10]) - low).days
    except ValueError:
        return 0


def _is_prose(column: Column) -> bool:
    words = name_words(column.name)
    return not column.samples and bool(words) and singular(words[-1]) in _PROSE


def _label(table: Table) -> Column | None:
    """The column that names a row to a reader."""
    for column in table.columns:
        if column.samples and (name_words(column.name) or ("",))[-1] in _LABELS:
            return column
    return None


def _text_key(table: Table) -> bool:
    return [bool(column.samples) for column in table.columns if column.pk] == [True]
