"""Frozen cells for people and for CSV, which have no JSON of BLOBs. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from ..labels import labels_of
from ..values import Frozen


def cell_text(value: Any) -> str:
    """A cell in words."""
    if value is None:
        return "NULL"
    if isinstance(value, Mapping):
        size = len(_bytes(value))
        return f"Binary: {size:,} byte{'' if size == 1 else 's'}"
    return str(value)


def sqlite_rows(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Rows with BLOBs as bytes again, as SQLite gave them."""
    return [[_bytes(each) if isinstance(each, Mapping) else each for each in row] for row in rows]


def named_rows(frozen: Frozen) -> Sequence[Sequence[Any]]:
    """Rows with keys behind what they are called: Mesa Airlines Inc. (YV)."""
    found = labels_of(frozen.more)
    if not found:
        return frozen.rows
    rows = [list(row) for row in frozen.rows]
    for at, column in found.items():
        for row in rows:
            name = column.name_of(row[at])
            row[at] = f"{name} ({row[at]})" if name else row[at]
    return rows


def results_of(frozen: Frozen) -> list[tuple[str, str, list[str], list[list[Any]]]]:
    """The queries of a frozen widget with their defaults: name, SQL, columns, rows."""
    return [
        (
            str(each["name"]),
            str(each["sql"]),
            each["results"][0]["columns"],
            each["results"][0]["rows"],
        )
        for each in frozen.more.get("queries") or ()
        if each.get("results")
    ]


def _bytes(value: Mapping[str, Any]) -> bytes:
    try:
        return base64.b64decode(str(value.get("encoded", "")))
    except binascii.Error:  # a file may hold anything
        return b""
