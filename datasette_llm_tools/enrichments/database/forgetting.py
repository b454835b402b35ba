"""Removes what is kept of runs in a database; the values that were written stay."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import Conflict, LlmToolsError
from ...migrations import enriched
from .own_tables import error_of, write
from .records import RUN_COLUMNS, RUNS, is_held

if TYPE_CHECKING:
    from datasette.app import Datasette

_RUNS_KEPT = "SELECT count(*) FROM _llm_tools_runs"
_RESULTS_KEPT = "SELECT count(*) FROM _llm_tools_results"
_STEPS_KEPT = f"SELECT count(*) FROM {enriched.RECORD}"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed: how many runs, and results of rows."""

    runs: int
    results: int


async def forget(datasette: Datasette, database: str) -> Forgotten | None:
    """Drop our tables and their records, and clear unused pages of them; None without any.

    Raises Conflict where somebody works on a run, DatabaseLocked, RunPaused.
    """
    forgotten = await write(datasette, database, _forget)
    if forgotten is not None:
        refused = await datasette.get_database(database).execute_write_fn(
            lambda connection: _vacuum(connection, database), transaction=False
        )
        if refused is not None:
            raise refused
    return forgotten


def _forget(connection: sqlite3.Connection) -> Forgotten | None:
    """In a transaction: drop what is there of our tables."""
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    ours = [name for name in enriched.TABLES if name in there]
    if not ours:
        return None
    if there.issuperset(("_llm_tools_runs", "_llm_tools_enrichments")):
        _require_idle(connection)
    forgotten = Forgotten(
        runs=_count(connection, _RUNS_KEPT) if "_llm_tools_runs" in there else 0,
        results=_count(connection, _RESULTS_KEPT) if "_llm_tools_results" in there else 0,
    )
    for name in reversed(ours):  # runs refer to enrichments
        connection.execute(f"DROP TABLE {name}")
    if enriched.RECORD in there:
        enriched.forget_steps(connection)
        if not _count(connection, _STEPS_KEPT):
            connection.execute(f"DROP TABLE {enriched.RECORD}")
    return forgotten


def _require_idle(connection: sqlite3.Connection) -> None:
    """Raise Conflict where somebody works on a run: what they write would be lost."""
    for row in connection.execute(f"SELECT {RUN_COLUMNS} FROM {RUNS} WHERE r.status = 'running'"):
        if is_held(row):
            raise Conflict(f"Run {row['number']} is being worked on: pause or cancel it first.")


def _count(connection: sqlite3.Connection, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0])


def _vacuum(connection: Any, database: str) -> LlmToolsError | None:
    """What was dropped stays in the file until its pages are used again or given back."""
    try:
        connection.execute("VACUUM")
    except sqlite3.Error as error:
        return error_of(error, database)
    return None
