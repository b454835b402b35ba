"""Several statements for one question, grouped by what they return. Pure.

The group with most votes is the answer, and how many agree says how sure it is: among statements
of which nearly all agree about nine in ten are right, where hardly any do, one in three.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..queries import QueryResult
from .empty_results import is_empty
from .values import Agreement, Group

_AT_ONCE = 8  # replies that one call of the local model gives at most


def result_key(result: QueryResult) -> str:
    """What two results have in common that hold the same rows, whatever the order of rows and
    columns. Numbers count as equal up to the ninth digit."""
    columns = [
        [cell_key(row[index]) for row in result.rows] for index in range(len(result.columns))
    ]
    order = sorted(range(len(columns)), key=lambda index: sorted(columns[index]))
    rows = sorted(tuple(columns[index][row] for index in order) for row in range(len(result.rows)))
    text = repr((len(columns), result.truncated, rows))
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


def cell_key(value: object) -> str:
    """What two cells have in common that count as equal."""
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, str):
        return f"'{value.strip()}"
    return repr(value)


@dataclass(frozen=True, slots=True)
class _Held:
    """A group while votes are counted; `key` is None for statements that do not run."""

    key: str
    group: Group
    result: QueryResult


class Ballot:
    """Counts votes. `expected` is how many there may be in all."""

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self._held: list[_Held] = []
        self._asked = 0
        self._failed = 0

    def add(
        self,
        sql: str,
        result: QueryResult | None,
        *,
        changes: tuple[str, ...] = (),
        written: str | None = None,
    ) -> None:
        """Count a statement and what it returned; None where it did not run.

        `changes` say how a rule made it of what was `written`.
        """
        self._asked += 1
        if result is None:
            self._failed += 1
            return
        index = self._place(sql, result, changes, written)
        held = self._held[index]
        self._held[index] = replace(held, group=replace(held.group, votes=held.group.votes + 1))

    def decide(
        self,
        sql: str,
        result: QueryResult,
        *,
        changes: tuple[str, ...] = (),
        written: str | None = None,
    ) -> None:
        """Let the second model's statement decide: what returns the same leads, whatever its votes.

        It is asked only where the first model disagrees with itself, so that it is not to be
        outvoted; yet a result that says nothing does not lead even then.
        """
        index = self._place(sql, result, changes, written)
        held = self._held[index]
        self._held[index] = replace(held, group=replace(held.group, second=True))

    def _place(
        self, sql: str, result: QueryResult, changes: tuple[str, ...], written: str | None
    ) -> int:
        """Where the group of a result stands; a new one has no votes yet."""
        key = result_key(result)
        for index, held in enumerate(self._held):
            if held.key == key:
                return index
        group = Group(
            sql,
            0,
            result.columns,
            len(result.rows),
            result.truncated,
            result.tables,
            changes,
            written if changes else None,
        )
        self._held.append(_Held(key, group, result))
        return len(self._held) - 1

    def result(self, sql: str) -> QueryResult | None:
        """What the statement that stands for a group returned."""
        return next((each.result for each in self._held if each.group.sql == sql), None)

    @property
    def leader(self) -> QueryResult | None:
        """The result that the answer would be now; None where nothing ran."""
        ranked = self._ranked()
        return ranked[0].result if ranked else None

    @property
    def is_settled(self) -> bool:
        """Whether further votes could not change, or are not worth asking for, the answer.

        Four that agree from the first are enough.
        """
        ranked = self._ranked()
        if not ranked:
            return False
        first = ranked[0].group.votes
        second = ranked[1].group.votes if len(ranked) > 1 else 0
        unanimous = first == self._asked and first >= 4
        return unanimous or first - second > self.expected - self._asked

    @property
    def agreement(self) -> Agreement:
        """The votes as they stand, the leading group first."""
        return Agreement(self._asked, tuple(each.group for each in self._ranked()), self._failed)

    def _ranked(self) -> list[_Held]:
        """Groups by rank: those with rows first, the second model's, by votes, as they came."""
        return sorted(
            self._held,
            key=lambda held: (
                is_empty(held.result),
                not held.group.second,
                -held.group.votes,
            ),
        )


def rounds(candidates: int) -> Sequence[int]:
    """How many statements to ask for at a time beside the first, which is there already.

    Few at first: where they agree with the first, no more are needed. Never more than a call
    gives at a time.
    """
    sizes = [3, 4]
    while sum(sizes) < candidates - 1:
        sizes.append(_AT_ONCE)
    left, found = candidates - 1, []
    for size in sizes:
        found.append(min(size, left))
        left -= found[-1]
    return [each for each in found if each > 0]
