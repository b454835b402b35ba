"""JSON that is the same bytes for the same value, and hashes over it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

LABELS = "labels"  # in `more`: what keys are called (labels.py), which is no part of the rows


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces; 1 and 1.0 stay different, as SQLite tells them apart."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def digest(value: Any) -> str:
    """SHA-256 over the canonical JSON of a value, as `sha256:` and 64 hexadecimal digits."""
    # Half a surrogate pair, which SQLite may hold, is hashed as it is.
    text = canonical_json(value).encode("utf-8", "surrogatepass")
    return "sha256:" + hashlib.sha256(text).hexdigest()


def rows_digest(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """The hash of a result: its columns and its rows in order, cells as JSON has them."""
    return digest({"columns": list(columns), "rows": [list(row) for row in rows]})


def frozen_digest(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], more: Mapping[str, Any]
) -> str:
    """The hash of what was frozen of a block: of its rows, and where there is more, of that too.

    Of a chart or a widget a table of rows is only a part of what readers see. LABELS have a hash
    of their own.
    """
    counted = {name: value for name, value in more.items() if name != LABELS}
    if not counted:
        return rows_digest(columns, rows)
    told = {"columns": list(columns), "rows": [list(row) for row in rows], "more": counted}
    return digest(told)
