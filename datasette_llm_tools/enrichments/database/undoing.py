"""Undoes a run: what its columns held before comes back, columns that it made go.

In batches, each in one transaction with how far the undo has got, so that one that was
cut off goes on where it stopped. Nothing that was edited since is touched.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import Conflict
from ...sql_names import quoted
from ..outputs import Output, to_sqlite
from ..values import Run, RunStatus, Value
from .own_tables import write
from .records import previous_from_json
from .states import move, require_columns_free, state_of
from .tables import TargetTable, key_from_json, read_target, where_key

if TYPE_CHECKING:
    from datasette.app import Datasette

_BATCH_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did. `restored` counts rows, `edited_since` values that were left as they
    are because somebody has changed them since, or because the table refuses what was there
    before. `kept_columns` were made by the run and stay: they hold something else by now, or
    an index or a view needs them.
    """

    restored: int
    edited_since: int
    dropped_columns: tuple[str, ...]
    kept_columns: tuple[str, ...] = ()


async def undo(datasette: Datasette, run: Run) -> Undone:
    """Undo a run that has ended. Counts are of this call, if an earlier one was cut off.

    Raises Conflict where the run has not ended or a later one has written its columns,
    TableGone, DatabaseLocked, and RunPaused where the database cannot be written to.
    """
    database = run.enrichment.database
    restored = edited = 0
    try:
        while True:
            part = await write(datasette, database, lambda each: _undo_part(each, run))
            restored += part.restored
            edited += part.edited
            if part.is_last:
                break
        dropped, kept = await write(datasette, database, lambda each: _finish(each, run))
    except sqlite3.IntegrityError as error:  # a trigger that rolls back, a deferred foreign key
        raise Conflict(
            f"The table {run.enrichment.table} refuses what was there before: {error}. "
            "Mend that and undo again."
        ) from error
    return Undone(restored, edited, dropped, kept)


@dataclass(frozen=True, slots=True)
class _Part:
    restored: int
    edited: int
    is_last: bool


def _undo_part(connection: sqlite3.Connection, run: Run) -> _Part:
    """Restore the rows of one batch, from the last stored key down."""
    target = _require_undoable(connection, run)
    rows = connection.execute(
        "SELECT row_key, reply_values, previous FROM _llm_tools_results "
        "WHERE run = ?1 AND status = 'done' AND row_key < coalesce("
        "  (SELECT undone_to FROM _llm_tools_runs WHERE number = ?1), ']'"
        ") ORDER BY row_key DESC LIMIT ?2",
        [run.number, _BATCH_ROWS],
    ).fetchall()
    restored = edited = 0
    for row_key, values, previous in rows:
        written = json.loads(values) if values else {}
        changed = [
            _restore(connection, target, each, row_key, written, previous)
            for each in run.enrichment.specification.outputs
            if target.column(each.name) is not None
        ]
        restored += any(each is True for each in changed)
        edited += sum(each is False for each in changed)
    if rows:
        connection.execute(
            "UPDATE _llm_tools_runs SET undone_to = ? WHERE number = ?",
            [rows[-1][0], run.number],
        )
    return _Part(restored, edited, is_last=len(rows) < _BATCH_ROWS)


def _restore(
    connection: sqlite3.Connection,
    target: TargetTable,
    output: Output,
    row_key: str,
    written: Mapping[str, Any],
    previous: str | None,
) -> bool | None:
    """Bring one cell back if it still holds what was written; None where the row is gone."""
    key = key_from_json(row_key)
    before: Value = (previous_from_json(previous) or {}).get(output.name)
    name = quoted(output.name)
    table, where = quoted(target.name), where_key(target)
    # SQLite compares with the column's affinity, as it stored the value.
    sql = f"UPDATE OR ABORT {table} SET {name} = ? WHERE {where} AND {name} IS ? COLLATE BINARY"  # noqa: S608 -- names are quoted
    try:
        changed = connection.execute(
            sql, [before, *key, to_sqlite(output, written.get(output.name))]
        ).rowcount
    except sqlite3.IntegrityError:
        if not connection.in_transaction:
            raise
        return False
    if changed:
        return True
    there = connection.execute(f"SELECT 1 FROM {table} WHERE {where}", key).fetchone()  # noqa: S608 -- names are quoted
    return False if there else None


def _finish(connection: sqlite3.Connection, run: Run) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Drop the columns that the run made, where nothing is left in them, and end it."""
    target = _require_undoable(connection, run)
    dropped: list[str] = []
    kept: list[str] = []
    for name in run.created_columns:
        column = target.column(name)
        if column is not None:
            (dropped if _dropped(connection, target, column) else kept).append(column)
    current, _ = state_of(connection, run.number)
    move(connection, run, current, RunStatus.UNDONE, None)
    return tuple(dropped), tuple(kept)


def _dropped(connection: sqlite3.Connection, target: TargetTable, column: str) -> bool:
    """Drop a column that holds nothing; says whether it could be."""
    table, name = quoted(target.name), quoted(column)
    used = connection.execute(
        f"SELECT 1 FROM {table} WHERE {name} IS NOT NULL LIMIT 1"  # noqa: S608 -- names are quoted
    ).fetchone()
    if used:
        return False
    connection.execute("SAVEPOINT llm_tools_drop")
    try:
        connection.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
    except sqlite3.OperationalError as error:
        # An index, a view or a trigger names it; anything else is for the caller.
        if not str(error).startswith(("error in", "cannot drop column", 'near "DROP"')):
            raise
        connection.execute("ROLLBACK TO llm_tools_drop")
        connection.execute("RELEASE llm_tools_drop")
        return False
    connection.execute("RELEASE llm_tools_drop")
    return True


def _require_undoable(connection: sqlite3.Connection, run: Run) -> TargetTable:
    current, _ = state_of(connection, run.number)
    if current is RunStatus.UNDONE:
        raise Conflict("The run is undone already.")
    if current.is_active:
        raise Conflict(f"The run is {current.value}: cancel it before it is undone.")
    require_columns_free(connection, run)
    return read_target(connection, run.enrichment.table)
