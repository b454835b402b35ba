"""Whether an executed result is the accepted one. Pure: rows in, a verdict out.

Columns are matched by what they hold, one after the other, so that no number of columns needs
a try of every permutation. Their names never count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .bags import Row, same_bag, same_row, same_value
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
    """An executed result. `order`: how its rows must stand, where the accepted SQL says so."""

    columns: tuple[str, ...]
    rows: Sequence[Row]
    order: Order | None = None


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
        self._keys = _key_columns(accepted)
        self._in_order = columns_in_order
        self._tolerance = tolerance
        self._cells_left = _MOST_CELLS

    def is_there(self) -> bool:
        """Whether there is such a match."""
        right = [_Content(each) for each in self._right]
        candidates = []
        for number, values in enumerate(self._left):
            content = _Content(values)
            candidates.append(
                [
                    index
                    for index, other in enumerate(right)
                    if content.is_like(other, self._tolerance)
                    and self._is_in_place(number, self._right[index])
                ]
            )
        order = list(range(len(self._left)))
        if not self._in_order:
            # The column with the fewest candidates settles most.
            order.sort(key=lambda each: len(candidates[each]))
        return self._settle(order, candidates, [])

    def _is_in_place(self, number: int, values: Sequence[Value]) -> bool:
        """Whether a found column has its values where the order of rows wants them."""
        if self._keys is None or number not in self._keys:
            return True
        return same_row(self._left[number], values, self._tolerance)

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
        if self._keys is not None and set(wanted) <= set(self._keys):
            return True  # each value is in its place already
        if len(wanted) == 1:
            return True  # the column holds the same values already
        rows = len(self._left[0])
        self._cells_left -= rows * len(wanted)
        if self._cells_left < 0:
            return False
        return same_bag(
            list(zip(*(self._left[each] for each in wanted), strict=True)),
            list(zip(*(self._right[each] for each in found), strict=True)),
            self._tolerance,
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


def _key_columns(accepted: Table) -> frozenset[int] | None:
    """The accepted columns that say where a row stands; None where order does not count."""
    if accepted.order is None:
        return None
    everywhere = frozenset(range(len(accepted.columns)))
    names = [each.lower() for each in accepted.columns]
    keys = set()
    for column in accepted.order.columns or everywhere:
        if isinstance(column, str):
            if names.count(column) != 1:
                return everywhere  # ordered by what cannot be seen
            column = names.index(column)
        keys.add(column)
    return frozenset(keys) if keys <= everywhere else everywhere
