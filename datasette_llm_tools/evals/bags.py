"""Whether two lists of rows are the same bag: duplicates count, order does not. Pure.

Numbers are equal within a tolerance, so rows cannot simply be counted. What is exactly the
same on both sides is counted away first; only the rest is paired up.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from .values import Value

Row = tuple[Value, ...]

_ABSOLUTE = 1e-9  # so far a number may be off zero
_WHOLE = 1e15  # above, floats are whole numbers even where they differ by rounding


def same_value(left: Value, right: Value, tolerance: float) -> bool:
    """Whether two values count as equal; text, BLOBs, NULL and numbers never equal each other.

    Numbers are equal when they are within `tolerance` of each other, relative; two whole numbers
    only when they are the same.
    """
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        if left == right:
            return True
        if _is_whole(left) and _is_whole(right):
            return False
        return math.isclose(left, right, rel_tol=tolerance, abs_tol=_ABSOLUTE)
    return type(left) is type(right) and left == right


def same_row(left: Sequence[Value], right: Sequence[Value], tolerance: float) -> bool:
    """Whether two rows of one width are equal, value by value."""
    return all(same_value(a, b, tolerance) for a, b in zip(left, right, strict=True))


def same_bag(left: Sequence[Row], right: Sequence[Row], tolerance: float) -> bool:
    """Whether two lists hold equal rows equally often, in any order."""
    if len(left) != len(right):
        return False
    missing = Counter(left)
    missing.subtract(right)
    # Rows can only be equal where all but their numbers is the same.
    wanted: dict[Any, list[list[float]]] = defaultdict(list)
    got: dict[Any, list[list[float]]] = defaultdict(list)
    for row, count in missing.items():
        plain, numbers = _parted(row)
        if count:
            (wanted if count > 0 else got)[plain].extend([numbers] * abs(count))
    return wanted.keys() == got.keys() and all(
        _pair_up(wanted[plain], got[plain], tolerance) for plain in wanted
    )


def _pair_up(left: list[list[float]], right: list[list[float]], tolerance: float) -> bool:
    """Whether each row of numbers has one of its own on the other side that is equal."""
    if len(left) != len(right) or not left[0]:
        return False
    # Sorted by the column that tells rows apart best, equal rows are close together.
    best = max(range(len(left[0])), key=lambda each: len({row[each] for row in left}))
    left.sort(key=lambda row: row[best])
    right.sort(key=lambda row: row[best])
    is_free = [True] * len(right)
    begin = 0
    for row in left:
        while begin < len(right) and not is_free[begin]:
            begin += 1
        for index in range(begin, len(right)):
            other = right[index]
            if is_free[index] and same_row(row, other, tolerance):
                is_free[index] = False
                break
            if other[best] > row[best] and not same_value(row[best], other[best], tolerance):
                return False  # and so are all behind it
        else:
            return False
    return True


def _parted(row: Row) -> tuple[Any, list[float]]:
    """What must be the same in a row, with a mark for each number, and its numbers."""
    plain = tuple((None,) if isinstance(each, (int, float)) else each for each in row)
    return plain, [each for each in row if isinstance(each, (int, float))]


def _is_whole(number: float) -> bool:
    return isinstance(number, int) or (number.is_integer() and abs(number) < _WHOLE)
