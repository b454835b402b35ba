"""Two lists of rows against each other: the same, in another order, or which rows are not. Pure.

Every step takes time in proportion to the rows, whatever they hold: what is equal on both sides is
counted away, and only the rest is paired up, first by all cells but the last, then by fewer.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..canonical import canonical_json

TOLERANCE = 1e-9  # of a number, relative; a sum may come out so when rows are added up anew
_MOST_FIRST = 8  # columns that are tried together, so that wide rows take no longer
_WHOLE = 1e15  # above, floats are whole numbers even where they differ by rounding

Cells = tuple[Hashable, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Rows that are not the same, by their index on both sides; None where there is no such row."""

    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of two lists. `is_rounded`: some numbers are equal within TOLERANCE only."""

    pairs: tuple[Pair, ...]
    is_reordered: bool
    is_rounded: bool


def compared(before: Sequence[Sequence[Any]], after: Sequence[Sequence[Any]]) -> Compared:
    """Compare two lists of rows of one width, cells as JSON has them.

    Rows count as often as they are there. Pairs come in the order of the rows after, lost ones
    last.
    """
    left, right, is_rounded = _comparable(before, after)
    if left == right:
        return Compared((), False, is_rounded)
    lost, new = _only(left, right), _only(right, left)
    if not lost and not new:
        return Compared((), True, is_rounded)
    changed = dict(_paired(left, right, lost, new))
    pairs = [
        *(Pair(index, after_index) for after_index, index in changed.items()),
        *(Pair(None, index) for index in new if index not in changed),
    ]
    pairs.sort(key=lambda each: each.after or 0)
    gone = set(lost) - set(changed.values())
    pairs += [Pair(index, None) for index in sorted(gone)]
    return Compared(tuple(pairs), False, is_rounded)


def _only(rows: Sequence[Cells], others: Sequence[Cells]) -> list[int]:
    """Indexes of the rows that have no equal of their own among the others."""
    left = Counter(others)
    found = []
    for index, row in enumerate(rows):
        if left[row] > 0:
            left[row] -= 1
        else:
            found.append(index)
    return found


def _paired(
    left: Sequence[Cells], right: Sequence[Cells], lost: Sequence[int], new: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Rows that are likely to be one row with other values: (index after, index before)."""
    lost, new = list(lost), list(new)
    for columns in _keys(left, right):
        if not lost or not new:
            return
        waiting: dict[Cells, list[int]] = defaultdict(list)
        for index in reversed(lost):
            waiting[_part(left[index], columns)].append(index)
        still_new = []
        taken = set()
        for index in new:
            same = waiting.get(_part(right[index], columns))
            if same:
                taken.add(same[-1])
                yield index, same.pop()
            else:
                still_new.append(index)
        new = still_new
        lost = [index for index in lost if index not in taken]


def _keys(left: Sequence[Cells], right: Sequence[Cells]) -> Iterator[Sequence[int]]:
    """Columns that tell which rows belong together: the first ones, then each that is a key."""
    width = len((left or right)[0])
    if width > 1:
        yield range(width - 1)
    for size in range(min(width - 2, _MOST_FIRST), 0, -1):
        yield range(size)
    for column in range(1, width):
        if all(len({row[column] for row in side}) == len(side) for side in (left, right)):
            yield (column,)


def _part(row: Cells, columns: Sequence[int]) -> Cells:
    return tuple(row[each] for each in columns)


def _comparable(
    before: Sequence[Sequence[Any]], after: Sequence[Sequence[Any]]
) -> tuple[list[Cells], list[Cells], bool]:
    """Both sides with cells that can be hashed, and numbers that are all but equal made equal."""
    left, right = [_cells(row) for row in before], [_cells(row) for row in after]
    if left == right or not left or not right:
        return left, right, False
    near = [_near(*columns) for columns in zip(_columns(left), _columns(right), strict=True)]
    if not any(near):
        return left, right, False
    mended = [
        tuple(each.get(cell, cell) for each, cell in zip(near, row, strict=True)) for row in right
    ]
    return left, mended, True


def _columns(rows: Sequence[Cells]) -> Iterator[tuple[Hashable, ...]]:
    return zip(*rows, strict=True)


def _cells(row: Sequence[Any]) -> Cells:
    # A BLOB is an object in JSON; in a tuple it equals no text.
    return tuple(
        (canonical_json(cell),) if isinstance(cell, (dict, list)) else cell for cell in row
    )


def _near(before: Sequence[Hashable], after: Sequence[Hashable]) -> Mapping[Hashable, float]:
    """For the new numbers of a column, the earlier one that each equals but for rounding."""
    new = {each for each in set(after) - set(before) if isinstance(each, (int, float))}
    if not new:
        return {}
    there = sorted({each for each in before if isinstance(each, (int, float))})
    found: dict[Hashable, float] = {}
    for number in new:
        place = bisect_left(there, number)
        for other in there[max(0, place - 1) : place + 1]:
            if _is_near(number, other):
                found[number] = other
    return found


def _is_near(left: float, right: float) -> bool:
    if _is_whole(left) and _is_whole(right):
        return False  # ids and counts
    return math.isclose(left, right, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _is_whole(number: float) -> bool:
    return isinstance(number, int) or (number.is_integer() and abs(number) < _WHOLE)
