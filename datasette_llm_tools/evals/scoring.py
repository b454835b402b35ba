"""Whether an executed result is the accepted one. Pure: rows in, a verdict out.

Columns are matched by what they hold, one after the other, so that no number of columns needs
a try of every permutation. Their names never count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate, pairwise
from typing import Any

from .bags import Row, same_bag, same_value
from .kinds import Order
from .values import TOLERANCE, Value

# Cells that may be looked at while columns are matched. Only columns that hold the same values
# in other rows need more than a glance; results that need more than this count as different.
_MOST_CELLS = 20_000_000


class Match(Enum):
    """How a result compares with the accepted one."""

    SAME = "same"
    EXTRA_COLUMNS = "extra columns"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Table:
    """An executed result. `order`: how its rows must stand, where the accepted SQL says so.

    `ties` are, for each row, the values that it was ordered by, where they are not among its
    columns and are known all the same.
    """

    columns: tuple[str, ...]
    rows: Sequence[Row]
    order: Order | None = None
    ties: Sequence[Row] | None = None


def compare(
    accepted: Table, found: Table, *, columns_in_order: bool = False, tolerance: float = TOLERANCE
) -> Match:
    """Compare a result with the accepted one, whose `order` counts.

    Rows are a bag otherwise; duplicates count. Text is trimmed; bags.py says which values are
    equal. Without `columns_in_order` columns may stand in any order. Extra columns are found
    where the others are the same rows without them.
    """
    width = len(accepted.columns)
    if len(accepted.rows) != len(found.rows) or len(found.columns) < width:
        return Match.DIFFERENT
    if not _Matching(accepted, found, columns_in_order, tolerance).is_there():
        return Match.DIFFERENT
    return Match.SAME if len(found.columns) == width else Match.EXTRA_COLUMNS


class _Matching:
    """Looks for a found column of its own for each accepted one, so that the rows are the same."""

    def __init__(
        self, accepted: Table, found: Table, columns_in_order: bool, tolerance: float
    ) -> None:
        self._left = _columns(accepted)
        self._right = _columns(found)
        self._places = _places(accepted)
        self._in_order = columns_in_order
        self._tolerance = tolerance
        self._cells_left = _MOST_CELLS

    def is_there(self) -> bool:
        """Whether there is such a match."""
        right = [_Content(each) for each in self._right]
        candidates = []
        for values in self._left:
            content = _Content(values)
            candidates.append(
                [
                    index
                    for index, other in enumerate(right)
                    if content.is_like(other, self._tolerance)
                ]
            )
        order = list(range(len(self._left)))
        if not self._in_order:
            # The column with the fewest candidates settles most.
            order.sort(key=lambda each: len(candidates[each]))
        return self._settle(order, candidates, [])

    def _settle(
        self, order: Sequence[int], candidates: Sequence[Sequence[int]], chosen: list[int]
    ) -> bool:
        """Go on from the found columns `chosen` for the first accepted ones of `order`."""
        if len(chosen) == len(order):
            return True
        tried: list[Sequence[Value]] = []
        for index in candidates[order[len(chosen)]]:
            if index in chosen or (self._in_order and chosen and index < chosen[-1]):
                continue
            if self._right[index] in tried and not self._in_order:
                continue  # a column like one that led nowhere
            tried.append(self._right[index])
            columns = [*chosen, index]
            if self._agree(order[: len(columns)], columns) and self._settle(
                order, candidates, columns
            ):
                return True
        return False

    def _agree(self, wanted: Sequence[int], found: Sequence[int]) -> bool:
        """Whether the rows are the same as far as these columns go."""
        if len(wanted) == 1 and self._places is None:
            return True  # the column holds the same values already
        left = [self._left[each] for each in wanted]
        right = [self._right[each] for each in found]
        if self._places is not None:
            # Rows that have their place are a bag of rows that know it.
            left.append(self._places)
            right.append(self._places)
        self._cells_left -= len(left[0]) * len(left)
        return self._cells_left >= 0 and same_bag(
            list(zip(*left, strict=True)), list(zip(*right, strict=True)), self._tolerance
        )


class _Content:
    """What a column holds, whatever the order of its rows."""

    def __init__(self, values: Sequence[Value]) -> None:
        self._numbers = sorted(each for each in values if isinstance(each, (int, float)))
        self._others: Counter[Any] = Counter(
            each for each in values if not isinstance(each, (int, float))
        )

    def is_like(self, other: _Content, tolerance: float) -> bool:
        return (
            len(self._numbers) == len(other._numbers)
            and self._others == other._others
            and all(
                same_value(a, b, tolerance)
                for a, b in zip(self._numbers, other._numbers, strict=True)
            )
        )


def _columns(table: Table) -> list[tuple[Value, ...]]:
    """The columns of a result, its text trimmed."""
    trimmed = (
        [each.strip() if isinstance(each, str) else each for each in row] for row in table.rows
    )
    return list(zip(*trimmed, strict=True)) or [() for _ in table.columns]


def _places(accepted: Table) -> tuple[int, ...] | None:
    """The place of each row, the same for rows that may change places; None without an order."""
    if accepted.order is None:
        return None
    keys = accepted.ties or _visible_keys(accepted)
    if keys is None:
        return tuple(range(len(accepted.rows)))
    changes = (1 if key != before else 0 for before, key in pairwise(keys))
    return tuple(accumulate(changes, initial=0)) if keys else ()


def _visible_keys(accepted: Table) -> list[Row] | None:
    """The values of each row that it is ordered by; None where they are not among its columns."""
    names = [each.lower() for each in accepted.columns]
    numbers = []
    for column in (accepted.order and accepted.order.columns) or ():
        if isinstance(column, str):
            if names.count(column) != 1:
                return None
            column = names.index(column)
        if column >= len(names):
            return None
        numbers.append(column)
    if not numbers:
        return None
    return [tuple(row[each] for each in numbers) for row in accepted.rows]
