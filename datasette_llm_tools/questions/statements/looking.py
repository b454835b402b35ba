"""Looks into the data for what a statement compares with, as the person may."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...errors import LlmToolsError
from ...queries import Limits, run_query
from .literals import Look

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ...permissions import Actor

# Looking a text up must not take as long as the question.
_LOOK_MS = 1000
_MOST_ROWS = 5000


def looking(
    datasette: Datasette,
    actor: Actor,
    database: str,
    limits: Limits,
    tables: frozenset[str] | None = None,
) -> Look:
    """What runs looks into a database; `tables` as run_query takes them."""
    limits = replace(limits, milliseconds=min(limits.milliseconds, _LOOK_MS), rows=_MOST_ROWS)

    async def look(sql: str) -> tuple[tuple[object, ...], ...]:
        try:
            result = await run_query(
                datasette, database, sql, actor=actor, limits=limits, tables=tables
            )
        except LlmToolsError as error:
            raise LookupError(str(error)) from error
        return result.rows

    return look
