"""The frozen rows of a block as a file holds them, and back. Pure.

What readers' browsers are given as it is (the drawing of a chart, the HTML of a widget) is not
believed here: portable.py makes it safe before it is kept.
"""

from __future__ import annotations

import math
from typing import Any

from ..strict_json import ObjectReader, is_sayable
from ..values import Block, Frozen

_NAME = 10_000  # characters of a column or a table
_MOST_ROWS = 1_000_000
_MOST_COLUMNS = 2000
_MOST_TABLES = 1000
_DEEPEST = 40
_LARGEST_INTEGER = 2**63


def frozen_json(frozen: Frozen) -> dict[str, Any]:
    """Frozen rows as JSON, without the id of the block, keys always in the same order."""
    return {
        "columns": list(frozen.columns),
        "rows": [list(row) for row in frozen.rows],
        "truncated": frozen.truncated,
        "database": frozen.database,
        "tables": list(frozen.tables),
        "rows_hash": frozen.rows_hash,
        "schema_hash": frozen.schema_hash,
        "taken_at": frozen.taken_at,
        "more": dict(frozen.more),
        "refused": frozen.refused,
    }


def frozen_from_json(value: Any, block: Block, place: str) -> Frozen:
    """The rows that a file has of a block. Raises BadInput; `place` begins the message."""
    read = ObjectReader(value, place)
    columns = _names(read, "columns", _MOST_COLUMNS)
    truncated = read.get("truncated")
    if not isinstance(truncated, bool):
        raise read.wrong("truncated", "must be true or false")
    frozen = Frozen(
        block_id=block.id,
        columns=columns,
        rows=_rows(read, len(columns)),
        truncated=truncated,
        database=read.text("database", 200) or None,
        tables=_names(read, "tables", _MOST_TABLES),
        rows_hash=read.text("rows_hash", 200),
        schema_hash=read.text("schema_hash", 200),
        taken_at=read.text("taken_at", 40),
        more=_more(read),
        refused=read.text("refused", _NAME) or None,
    )
    read.end()
    return frozen


def _names(read: ObjectReader, key: str, most: int) -> tuple[str, ...]:
    value = read.items(key, most)
    if not all(isinstance(each, str) and len(each) <= _NAME for each in value):
        raise read.wrong(key, "must be texts")
    if not all(map(is_sayable, value)):
        raise read.wrong(key, "have characters that cannot be stored")
    return tuple(value)


def _rows(read: ObjectReader, width: int) -> tuple[tuple[Any, ...], ...]:
    value = read.items("rows", _MOST_ROWS)
    for number, row in enumerate(value, 1):
        if not isinstance(row, list) or len(row) != width:
            raise read.wrong(
                "rows", f"must be lists of {width} cells, as its row {number:,} is not"
            )
        if not all(map(is_cell, row)):
            raise read.wrong("rows", f"have a cell in row {number:,} that SQLite does not have")
    return tuple(map(tuple, value))


def is_cell(value: Any) -> bool:
    """Whether a value is what cells become in JSON (widgets/sandbox/rows.py)."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, str):
        return is_sayable(value)
    if isinstance(value, int):
        return -_LARGEST_INTEGER <= value < _LARGEST_INTEGER
    if isinstance(value, float):
        return math.isfinite(value)
    return (
        isinstance(value, dict)
        and set(value) == {"$base64", "encoded"}
        and isinstance(value["encoded"], str)
        and is_sayable(value["encoded"])
    )


def _more(read: ObjectReader) -> dict[str, Any]:
    value = read.get("more")
    if value is None:
        return {}
    if not isinstance(value, dict) or not _is_shallow(value, _DEEPEST):
        raise read.wrong(
            "more", f"must be an object of at most {_DEEPEST} levels, of texts that can be stored"
        )
    return value


def _is_shallow(value: Any, levels: int) -> bool:
    """Whether nothing lies deeper than so many levels, no number is endless, no text is broken."""
    if isinstance(value, str):
        return is_sayable(value)
    if isinstance(value, float):
        return math.isfinite(value)
    if not isinstance(value, (dict, list)):
        return True
    inner = [*value, *value.values()] if isinstance(value, dict) else value
    return levels > 0 and all(_is_shallow(each, levels - 1) for each in inner)
