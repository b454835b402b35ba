"""What the rows are called that foreign keys name, as on Datasette's table pages.

Datasette's own function asks for permissions again, which takes longer than all the rest; here a
schema that holds only what an actor may see stands for them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from datasette.database import QueryInterrupted
from datasette.utils.sqlite import sqlite3

from .column_origins import Origin, column_origins, key_links
from .queries import Rows
from .schema import Schema
from .sql_names import quoted

if TYPE_CHECKING:
    from datasette.app import Datasette

_LABEL_COLUMNS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class KeyLabels:
    """Values of a result's column that name rows of `table` by its column `key`.

    `labels` are what those rows are called, out of its column `column`.
    """

    table: str
    key: str
    column: str
    labels: Mapping[str | int, str]


async def labels_of(
    datasette: Datasette, database: str, sql: str, result: Rows, schema: Schema
) -> dict[int, KeyLabels]:
    """By the index of a column, the labels of its keys: of columns that have any.

    Only tables in `schema`, which is what the actor may see, are read.
    """
    if not result.rows or not any(each.foreign_keys for each in schema.tables):
        return {}
    origins = await asyncio.to_thread(column_origins, sql, schema)
    return await key_labels(
        datasette, database, result, key_links(origins, schema), origins, schema
    )


async def key_labels(
    datasette: Datasette,
    database: str,
    result: Rows,
    links: Mapping[int, str],
    origins: Mapping[int, Origin],
    schema: Schema,
) -> dict[int, KeyLabels]:
    """The same, where origins and links of the columns are known (column_origins.py)."""
    found: dict[int, KeyLabels] = {}
    for index, name in links.items():
        other = schema.table(name)
        values = {row[index] for row in result.rows if isinstance(row[index], (str, int))}
        if other is None or origins[index][0].lower() == name.lower() or not values:
            continue
        key = next(column.name for column in other.columns if column.pk)
        try:
            label = await _label_column(datasette, database, name, schema)
            if label is None or label.lower() == key.lower():
                continue
            rows = await datasette.get_database(database).execute(
                f"select {quoted(key)}, {quoted(label)} from {quoted(name)} "  # noqa: S608 -- names are quoted
                f"where {quoted(key)} in (select value from json_each(?))",
                [json.dumps(list(values))],
                page_size=len(values),
                log_sql_errors=False,
            )
        except (QueryInterrupted, sqlite3.Error):
            continue  # keys without labels are a result all the same
        labels = {
            value: str(text) for value, text in rows.rows if isinstance(text, (str, int, float))
        }
        if labels:
            found[index] = KeyLabels(other.name, key, label, labels)
    return found


_label_columns: WeakKeyDictionary[Any, dict[tuple[str, str], str | None]] = WeakKeyDictionary()


async def _label_column(
    datasette: Datasette, database: str, table: str, schema: Schema
) -> str | None:
    """The column that Datasette labels a table's rows by, kept while the schema stays the same."""
    kept = _label_columns.setdefault(datasette.get_database(database), {})
    if (schema.version, table) not in kept:
        if len(kept) > _LABEL_COLUMNS_KEPT:
            kept.clear()
        label = await datasette.get_database(database).label_column_for_table(table)
        kept[schema.version, table] = label
    return kept[schema.version, table]
