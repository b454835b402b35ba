"""Prompts to begin a widget with, made from a schema without a model. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..name_words import name_words
from ..schema import Column, Schema, Table

_LATITUDES = {"latitude", "lat"}
_TIMES = {"date", "day", "time", "created", "updated", "when", "at"}
_MOST_CATEGORY_SAMPLES = 3


def ideas(schema: Schema, limit: int = 4) -> tuple[str, ...]:
    """Up to `limit` wishes that the data could fulfil, tables that hold what happened first."""
    tables = [each for each in schema.tables if each.kind == "table" and each.row_count != 0]
    tables.sort(key=lambda each: (-len(each.foreign_keys), -(each.row_count or 0)))
    found: dict[str, None] = {}
    waiting = [_of_table(each) for each in tables]
    while waiting and len(found) < limit:
        # Tables take turns, so that the first few do not all say the same.
        for each in list(waiting):
            text = next(each, None)
            if text is None:
                waiting.remove(each)
            else:
                found.setdefault(text)
    return tuple(found)[:limit]


def _of_table(table: Table) -> Iterator[str]:
    name = " ".join(name_words(table.name)) or table.name
    category = next(filter(_is_category, table.columns), None)
    number = next((each for each in table.columns if _is_number(each)), None)
    if any(_LATITUDES & set(name_words(each.name)) for each in table.columns):
        yield f"A map of {name} that shows a row's details when I click on it"
    if category and any(_TIMES & set(name_words(each.name)) for each in table.columns):
        yield f"A dashboard of {name} over time, with a menu to choose the {_words(category)}"
    elif category and number:
        yield f"Compare {name} by {_words(category)}: the {_words(number)} of two that I choose"
    yield f"A search over {name} that filters the rows as I type"


def _is_category(column: Column) -> bool:
    return (
        not column.pk
        and "text" in column.type.lower()
        and _TIMES.isdisjoint(name_words(column.name))
        and len(column.samples) >= _MOST_CATEGORY_SAMPLES
    )


def _is_number(column: Column) -> bool:
    is_key = {"id", "number", "code", "year"} & set(name_words(column.name))
    return not column.pk and not is_key and column.minimum is not None


def _words(column: Column) -> str:
    return " ".join(name_words(column.name)) or column.name
