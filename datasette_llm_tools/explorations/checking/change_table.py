"""Rows that changed as a table for people: what a cell was, and what it is. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .row_differences import numbered
from .values import RowChange, Verification

_MOST_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class ChangedCell:
    """A cell before and after as text; None where there is no such cell."""

    before: str | None
    after: str | None
    is_same: bool


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row; `number` counts from 1 in the rows that have it."""

    kind: Literal["changed", "added", "lost"]
    number: int
    cells: tuple[ChangedCell, ...]


@dataclass(frozen=True, slots=True)
class ChangeTable:
    """`columns` are those of today, then those that are gone."""

    columns: tuple[str, ...]
    rows: tuple[ChangedRow, ...]


def change_table(verification: Verification) -> ChangeTable:
    """The rows that a verification lists."""
    before, after = numbered(verification.columns_before), numbered(verification.columns_after)
    columns = [*after, *(each for each in before if each not in after)]
    rows = [_row(each, before, after, columns) for each in verification.changes]
    return ChangeTable(tuple(name for name, _ in columns), tuple(rows))


def _row(
    change: RowChange,
    before: Mapping[tuple[str, int], int],
    after: Mapping[tuple[str, int], int],
    columns: Sequence[tuple[str, int]],
) -> ChangedRow:
    cells = tuple(
        _cell(_value(change.before, before.get(each)), _value(change.after, after.get(each)))
        for each in columns
    )
    if change.before is None:
        return ChangedRow("added", change.at + 1, cells)
    return ChangedRow("lost" if change.after is None else "changed", change.at + 1, cells)


def _cell(before: str | None, after: str | None) -> ChangedCell:
    return ChangedCell(_cut(before), _cut(after), before == after)


def _value(row: tuple[Any, ...] | None, place: int | None) -> str | None:
    if row is None or place is None:
        return None
    value = row[place]
    if value is None:
        return "NULL"
    return value if isinstance(value, str) else json.dumps(value)


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
