"""Runs accepted statements and those of answers where their rows can be compared.

All of it goes through the guard, as an answer itself does, with room for more rows and time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import LlmToolsError, QueryFailed
from ..permissions import Actor
from ..queries import Limits, QueryResult, run_query
from .bags import Row
from .kinds import cut_of, keyed, order_of
from .scoring import Table

if TYPE_CHECKING:
    from datasette.app import Datasette

_MOST_ROWS = 100_000
_MOST_BYTES = 50_000_000
_LEAST_MS = 30_000


def roomy(limits: Limits) -> Limits:
    """Limits under which an accepted statement runs: at least so much of everything."""
    return replace(
        limits,
        milliseconds=max(limits.milliseconds, _LEAST_MS),
        rows=max(limits.rows, _MOST_ROWS),
        result_bytes=max(limits.result_bytes, _MOST_BYTES),
    )


@dataclass(frozen=True, slots=True)
class Place:
    """A database in a Datasette, an actor there, and the tables that they may view."""

    datasette: Datasette
    actor: Actor
    database: str
    visible: frozenset[str]
    limits: Limits

    async def run(self, sql: str) -> QueryResult:
        """Run a statement. Raises what run_query raises."""
        return await run_query(
            self.datasette,
            self.database,
            sql,
            actor=self.actor,
            limits=self.limits,
            tables=self.visible,
        )

    async def accepted(self, sql: str) -> Table:
        """The result of an accepted statement, with how its rows must stand.

        Raises what run_query raises, and QueryFailed for too many rows.
        """
        result = await self.run(sql)
        if result.truncated:
            raise QueryFailed(f"It has more than {len(result.rows):,} rows, which are compared.")
        table = Table(result.columns, result.rows, order_of(sql))
        if table.order is None or table.order.columns is not None or len(result.rows) < 2:
            return table
        return replace(table, ties=await self._ties(sql, result))

    async def is_unsettled(self, sql: str) -> bool:
        """Whether its LIMIT cuts between rows that its ORDER BY does not tell apart.

        Raises LookupError where that cannot be seen, and what run_query raises.
        """
        cut = cut_of(sql)
        if cut is None:
            return False
        rows = (await self.run(cut.sql)).rows
        if not 0 < cut.at < len(rows):
            return False
        return rows[cut.at - 1][-cut.keys :] == rows[cut.at][-cut.keys :]

    async def _ties(self, sql: str, result: QueryResult) -> list[Row] | None:
        """What each row was ordered by, where the result does not show it; None if unknown."""
        with_keys = keyed(sql)
        if with_keys is None:
            return None
        try:
            rows = (await self.run(with_keys)).rows
        except LlmToolsError:
            return None
        width = len(result.columns)
        if [row[:width] for row in rows] != list(result.rows):
            return None
        return [row[width:] for row in rows]
