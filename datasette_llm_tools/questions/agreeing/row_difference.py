"""What two results have in common and what only one of them has, rows with their repetitions. Pure.

Columns go together by name, else by what is in them, else, where as many are left on both sides,
by their order; only these are compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...queries import QueryResult
from ...sql_names import fold
from ..candidates import cell_key

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class RowDifference:
    """Of an answer and another result. Rows are whole; how many both have is `same`.

    `columns_only_*` are those that were not compared. `is_partial`: one of the two was cut, so
    that this is only of the rows that were read.
    """

    only_answer: tuple[Row, ...]
    only_other: tuple[Row, ...]
    same: int
    columns_only_answer: tuple[str, ...] = ()
    columns_only_other: tuple[str, ...] = ()
    is_partial: bool = False

    @property
    def is_none(self) -> bool:
        """Whether both hold the same rows and columns, perhaps in another order."""
        return not (
            self.only_answer
            or self.only_other
            or self.columns_only_answer
            or self.columns_only_other
        )


def row_difference(answer: QueryResult, other: QueryResult) -> RowDifference:
    """Compare two results; takes some milliseconds for a thousand rows: call it in a thread."""
    pairs = _pairs(answer, other)
    left = [_key(row, [index for index, _ in pairs]) for row in answer.rows]
    right = [_key(row, [index for _, index in pairs]) for row in other.rows]
    only_answer, only_other = _without(left, answer.rows, right), _without(right, other.rows, left)
    return RowDifference(
        only_answer=only_answer,
        only_other=only_other,
        same=len(answer.rows) - len(only_answer),
        columns_only_answer=_others(answer.columns, {index for index, _ in pairs}),
        columns_only_other=_others(other.columns, {index for _, index in pairs}),
        is_partial=answer.truncated or other.truncated,
    )


def _pairs(answer: QueryResult, other: QueryResult) -> list[tuple[int, int]]:
    """Columns that go together, as (place in the answer, place in the other)."""
    pairs: list[tuple[int, int]] = []
    here, there = list(range(len(answer.columns))), list(range(len(other.columns)))

    def pair(left: Sequence[Any], right: Sequence[Any]) -> None:
        for index in list(here):
            match = next((each for each in there if right[each] == left[index]), None)
            if match is not None:
                pairs.append((index, match))
                here.remove(index)
                there.remove(match)

    pair([fold(each) for each in answer.columns], [fold(each) for each in other.columns])
    pair(_values(answer), _values(other))
    if len(here) == len(there):
        pairs += zip(here, there, strict=True)
    return pairs


def _values(result: QueryResult) -> list[Counter[str] | int]:
    """What is in each column; of a result without rows nothing that could be compared."""
    if not result.rows:
        return [-1 - index for index in range(len(result.columns))]
    return [
        Counter(cell_key(row[index]) for row in result.rows) for index in range(len(result.columns))
    ]


def _key(row: Row, places: Sequence[int]) -> tuple[str, ...]:
    return tuple(cell_key(row[each]) for each in places)


def _without(
    keys: Sequence[tuple[str, ...]], rows: Sequence[Row], others: Sequence[tuple[str, ...]]
) -> tuple[Row, ...]:
    """The rows that are left when each of the others has taken one of its kind away."""
    left = Counter(others)
    found = []
    for key, row in zip(keys, rows, strict=True):
        if left[key]:
            left[key] -= 1
        else:
            found.append(row)
    return tuple(found)


def _others(columns: Sequence[str], taken: set[int]) -> tuple[str, ...]:
    return tuple(name for index, name in enumerate(columns) if index not in taken)
