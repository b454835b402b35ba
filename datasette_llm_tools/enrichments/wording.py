"""What previews and runs hold, in words: money, time, rows, keys and values. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..pricing import usd_words as usd_words
from ..prompt import Usage
from .values import Key, Value

if TYPE_CHECKING:
    from .database.undoing import Undone

NO_FEE = "no fee"
UNKNOWN = "unknown"
_CELL_CHARACTERS = 2_000
_INPUT_CHARACTERS = 300


def rows_words(number: int) -> str:
    """`1 row`, `12,345 rows`."""
    return f"{number:,} row{'' if number == 1 else 's'}"


def undone_words(undone: Undone) -> str:
    """What undoing a run did, in sentences."""
    one = undone.restored == 1
    said = (
        f"{rows_words(undone.restored)} {'holds what it' if one else 'hold what they'} held before."
    )
    if undone.edited_since == 1:
        said += " 1 value was edited since and stays."
    elif undone.edited_since:
        said += f" {undone.edited_since:,} values were edited since and stay."
    if undone.dropped_columns:
        said += f" Removed: {', '.join(undone.dropped_columns)}."
    if undone.kept_columns:
        them = "it" if len(undone.kept_columns) == 1 else "them"
        kept = ", ".join(undone.kept_columns)
        said += f" Kept, because something else needs {them}: {kept}."
    return said


def price_words(usd: float | None, *, is_local: bool, unpriced: int = 0, asked: bool = True) -> str:
    """What replies cost. A price that is not known is never shown as nothing.

    `unpriced` of the replies came from models without a price; `asked` is False
    where no model was asked at all.
    """
    if is_local and not unpriced and not usd:
        return NO_FEE
    if usd is None:
        return UNKNOWN if asked else usd_words(0)
    if unpriced:
        return f"{usd_words(usd)} and what has no known price ({unpriced:,})"
    return usd_words(usd)


def usd_range_words(low: float | None, high: float | None, *, is_local: bool) -> str:
    """`$1.20 to $1.60`."""
    if low is None or high is None:
        return NO_FEE if is_local else UNKNOWN
    if is_local and not high:
        return NO_FEE
    return _range(usd_words(low), usd_words(high))


def seconds_words(seconds: float) -> str:
    """`0.4 s`, `45 s`, `3 min 20 s`, `2 h 5 min`, `3 days 4 h`."""
    if seconds < 10:
        return f"{seconds:.1f} s" if seconds >= 0.1 else f"{seconds * 1000:.0f} ms"
    whole = round(seconds)
    for size, unit, smaller, smaller_unit in (
        (86_400, "days", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            many, rest = divmod(whole, size)
            name = "day" if unit == "days" and many == 1 else unit
            rest //= smaller
            return f"{many} {name} {rest} {smaller_unit}" if rest else f"{many} {name}"
    return f"{whole} s"


def seconds_range_words(low: float, high: float) -> str:
    """`3 min to 5 min`."""
    return _range(seconds_words(low), seconds_words(high))


def rate_words(rows_per_second: float) -> str:
    """Rows a second: `0.42`, `12.5`, `1,234`."""
    if rows_per_second >= 100:
        return f"{rows_per_second:,.0f}"
    return f"{rows_per_second:.1f}" if rows_per_second >= 10 else f"{rows_per_second:.2f}"


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"


def key_label(key: Key) -> str:
    """A key as people read it."""
    return ", ".join("…" if isinstance(each, bytes) else str(each) for each in key)


def cell_text(value: Any) -> str:
    """A value of an output as a cell shows it."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _CELL_CHARACTERS else f"{text[:_CELL_CHARACTERS]}…"


def input_words(values: Mapping[str, Value]) -> str:
    """What a prompt uses of a row, cut short: one value bare, several with their columns."""
    if len(values) == 1:
        return _short(next(iter(values.values())), _INPUT_CHARACTERS)
    each = max(_INPUT_CHARACTERS // max(len(values), 1), 40)
    return "\n".join(f"{name}: {_short(value, each)}" for name, value in values.items())


def _short(value: Value, most: int) -> str:
    text = "a file (BLOB)" if isinstance(value, bytes) else cell_text(value)
    return text if len(text) <= most else f"{text[:most]}…"


def tokens_words(usage: Usage) -> str:
    """`120 in, 8 out`, or that the model did not count them."""
    if usage.input_tokens is None and usage.output_tokens is None:
        return "not counted"
    return f"{usage.input_tokens or 0:,} in, {usage.output_tokens or 0:,} out"
