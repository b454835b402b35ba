"""Whether the words about a result hold to its rows. Pure; finds numbers, judges no meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence

# 1,234.5 and 12 but not the digits inside a word such as N14228.
NUMBER = re.compile(r"(?<![\w.,-])-?\d+(?:,\d{3})*(?:\.\d+)?(?![\w])")


def unfounded_numbers(text: str, rows: Sequence[Sequence[object]], *known: str) -> tuple[str, ...]:
    """The numbers of a text that are in no row, not the count of rows, and in no `known` text.

    A number of the text may be rounded: 18.4 is found where a row has 18.4409. That there is one
    row says nothing where that is one number: a count of 0 is not "1 flight".
    """
    is_number = len(rows) == 1 and len(rows[0]) == 1 and isinstance(rows[0][0], (int, float))
    values: set[float] = set() if is_number else {float(len(rows))}
    for each in known:
        values |= numbers_in(each)
    for row in rows:
        for value in row:
            if isinstance(value, (int, float)):
                values.add(abs(float(value)))
            elif isinstance(value, str):
                values |= _parts(value)
    found = dict.fromkeys(match[0] for match in NUMBER.finditer(text))
    return tuple(number for number in found if not _is_founded(number, values))


def is_rounded(number: str, value: float) -> bool:
    """Whether a number as it is written, like 1,234.5, is a value or a value rounded to that."""
    plain = number.replace(",", "").lstrip("-")
    decimals = len(plain.partition(".")[2])
    close = 10.0 ** -(decimals + 2)
    return abs(round(abs(value), decimals) - float(plain)) < close


def _is_founded(number: str, values: set[float]) -> bool:
    return any(is_rounded(number, value) for value in values)


def numbers_in(text: str) -> set[float]:
    """The numbers of a text, without signs."""
    return {float(match[0].replace(",", "").lstrip("-")) for match in NUMBER.finditer(text)}


def _parts(text: str) -> set[float]:
    """Every run of digits in a cell, so that the parts of a date or a code count as well."""
    runs = re.findall(r"\d+(?:\.\d+)?", text[:500])
    return {float(run) for run in runs if len(run) < 16} | numbers_in(text[:500])
