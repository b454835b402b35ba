"""Values as SQL writes them."""

from __future__ import annotations

import math

_SURE_DIGITS = 15
_MOST_EXACT = 2**53


def literal(value: object) -> str | None:
    """A value as SQL that is equal to it, or None where no text of it could be sent.

    Floats of many digits far from 1 may be read a last digit off.
    """
    if value is None:
        return "null"
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, int):
        return str(int(value))
    text = str(value)
    # Bytes that are no UTF-8 came as U+FFFD; which ones they were is lost.
    if "\x00" in text or "\ufffd" in text or any("\ud800" <= each <= "\udfff" for each in text):
        return None
    return "'" + text.replace("'", "''") + "'"


def _float(value: float) -> str:
    """A float as SQLite reads it to the last bit.

    Of 16 and more digits it rounds about one in 10,000 to a neighbour (measured with 3.40), but it
    divides a whole number by a power of two exactly.
    """
    if not math.isfinite(value):
        return "9e999" if value > 0 else "-9e999"
    text = repr(value)
    above, below = value.as_integer_ratio()
    if sum(map(str.isdigit, text)) <= _SURE_DIGITS or max(abs(above), below) > _MOST_EXACT:
        return text
    return f"({above} / {below}.0)"
