"""The life of runs, in the database that they write to.

What is asked in a run is in enrichment_store.py, who works on it in leases.py, what it may become
in states.py, what came of each row in results.py.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import Conflict, NotFound
from ...migrations import enriched
from ..values import Enrichment, Run, RunLimits, RunStatus, Selection, Wish
from .fitting import readable
from .own_tables import LeaseLost, now, read, write
from .records import RUN_COLUMNS, RUNS, run_of
from .records import to_json as as_json
from .states import (
    adopt,
    move,
    require_columns_free,
    require_wanted,
    seal_run,
    shared,
    state_of,
    writers,
)
from .tables import add_columns, check_outputs, read_target

if TYPE_CHECKING:
    from datasette.app import Datasette

_ACTIVE = tuple(each for each in RunStatus if each.is_active)


async def create_run(
    datasette: Datasette,
    database: str,
    enrichment: Enrichment,
    selection: Selection,
    limits: RunLimits,
    actor: Mapping[str, Any] | None,
    overwrite: Collection[str] = (),
    *,
    prompt_hash: str = "",
    lease: tuple[str, float] | None = None,
) -> Run:
    """Add a run, and the columns that its table lacks, in one transaction.

    It waits for anybody to take it; with `lease`, an owner and when it ends in seconds since
    1970, it is running for that owner at once.

    Raises BadInput where an output may not be written, Conflict where a run that has not
    ended writes one of them, TableGone, DatabaseLocked, RunPaused.
    """
    outputs = enrichment.specification.outputs
    run_id = secrets.token_hex(12)
    owner, until = lease or (None, None)
    status = RunStatus.WAITING if lease is None else RunStatus.RUNNING
    created_at = now()

    def change(connection: sqlite3.Connection) -> None:
        enriched.apply(connection)  # the enrichment may be older than our newest step
        target = read_target(connection, enrichment.table)
        check_outputs(target, outputs, overwrite)
        if other := writers(connection, enrichment, _ACTIVE):
            raise Conflict(
                f"Another run ({other[0].id}) writes to {shared(other[0], enrichment)} of "
                f"{target.name}: let it end or cancel it first."
            )
        created = add_columns(connection, target, outputs)
        cursor = connection.execute(
            "INSERT INTO _llm_tools_runs (id, enrichment_id, status, selection, limits, actor, "
            "created_columns, prompt_hash, lease_owner, lease_until, created_at, started_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                run_id,
                enrichment.id,
                status.value,
                as_json(selection),
                as_json(limits),
                None if actor is None else json.dumps(actor),
                json.dumps(created),
                prompt_hash,
                owner,
                until,
                created_at,
                None if lease is None else created_at,
            ],
        )
        seal_run(connection, int(cursor.lastrowid or 0))

    await write(datasette, database, change)
    return await _require_run(datasette, database, run_id)


async def get_run(datasette: Datasette, database: str, run_id: str) -> Run | None:
    """The run of that id, or None."""

    def ask(connection: sqlite3.Connection) -> Run | None:
        row = connection.execute(
            f"SELECT {RUN_COLUMNS} FROM {RUNS} WHERE r.id = ?",
            [run_id],
        ).fetchone()
        return run_of(row, database) if row else None

    return await read(datasette, database, ask, None)


async def runs(
    datasette: Datasette, database: str, table: str | None = None, *, limit: int = 200
) -> tuple[Run, ...]:
    """The newest runs of a database, or of one table in it, newest first."""

    def ask(connection: sqlite3.Connection) -> tuple[Run, ...]:
        rows = connection.execute(
            f"SELECT {RUN_COLUMNS} FROM {RUNS} "
            "WHERE ?1 IS NULL OR e.table_name = ?1 COLLATE NOCASE "
            "ORDER BY r.number DESC LIMIT ?2",
            [table, limit],
        )
        return tuple(readable(rows, lambda row: run_of(row, database)))

    return await read(datasette, database, ask, ())


async def release(
    datasette: Datasette,
    run: Run,
    owner: str,
    status: RunStatus = RunStatus.WAITING,
    reason: str | None = None,
) -> Run:
    """Give a run back with the status it has come to; waiting, anybody may take it at once.

    Raises LeaseLost.
    """
    return await set_status(datasette, run, status, reason, owner=owner)


async def set_status(
    datasette: Datasette,
    run: Run,
    status: RunStatus,
    reason: str | None = None,
    *,
    owner: str | None = None,
) -> Run:
    """Bring a run to another status, and end its lease.

    With `owner` only while the lease is theirs (LeaseLost). Raises Conflict where the run
    may not become that.
    """

    def change(connection: sqlite3.Connection) -> None:
        current, holder = state_of(connection, run.number)
        if owner is not None and (holder != owner or current is not RunStatus.RUNNING):
            raise LeaseLost("Somebody else works on this run now, or it has ended.")
        move(connection, run, current, status, reason)

    await write(datasette, run.enrichment.database, change)
    return await _require_run(datasette, run.enrichment.database, run.id)


async def wish(
    datasette: Datasette, run: Run, wanted: Wish, *, by: Mapping[str, Any] | None = None
) -> Run:
    """Pause, resume or cancel a run. A run that is worked on obeys with its next batch.

    A run that came with the file can be resumed `by` somebody only, who owns it then.
    Raises Conflict where the run has ended, or where another one writes its columns now.
    """

    def change(connection: sqlite3.Connection) -> None:
        if wanted is Wish.RUN and by is not None:
            adopt(connection, run, by)
        current, _ = state_of(connection, run.number)
        connection.execute(
            "UPDATE _llm_tools_runs SET wish = ? WHERE number = ?", [wanted.value, run.number]
        )
        becomes = {
            Wish.RUN: RunStatus.WAITING,
            Wish.PAUSE: RunStatus.PAUSED,
            Wish.CANCEL: RunStatus.CANCELLED,
        }[wanted]
        if current in (RunStatus.RUNNING, becomes):
            return
        if becomes is RunStatus.WAITING:
            require_columns_free(connection, run)
        move(connection, run, current, becomes, None)

    await write(datasette, run.enrichment.database, change)
    return await _require_run(datasette, run.enrichment.database, run.id)


async def set_limits(datasette: Datasette, run: Run, limits: RunLimits) -> Run:
    """Change what a run may take; one that is worked on sees it with its next batch.

    Raises Conflict for a run that came with the file and was not resumed here.
    """

    def change(connection: sqlite3.Connection) -> None:
        require_wanted(connection, run.number)
        connection.execute(
            "UPDATE _llm_tools_runs SET limits = ? WHERE number = ?",
            [as_json(limits), run.number],
        )
        seal_run(connection, run.number)

    await write(datasette, run.enrichment.database, change)
    return await _require_run(datasette, run.enrichment.database, run.id)


async def retry_failed(
    datasette: Datasette, run: Run, *, by: Mapping[str, Any] | None = None
) -> int:
    """Let a run that is not being worked on ask its failed rows again; returns how many.

    A run that came with the file belongs to whoever retries it, `by`, from then on. Raises
    Conflict where it is being worked on or was undone, or where another run has written its
    columns since.
    """

    def change(connection: sqlite3.Connection) -> int:
        if by is not None:
            adopt(connection, run, by)
        current, _ = state_of(connection, run.number)
        if current is RunStatus.RUNNING:
            raise Conflict(
                "The run is being worked on: pause it before its failed rows are retried."
            )
        require_columns_free(connection, run)
        marked = connection.execute(
            "UPDATE _llm_tools_results SET status = 'retry' WHERE run = ? AND status = 'failed'",
            [run.number],
        ).rowcount
        if marked:
            connection.execute(
                "UPDATE _llm_tools_runs SET failed = failed - ?, wish = ? WHERE number = ?",
                [marked, Wish.RUN.value, run.number],
            )
            if current is not RunStatus.WAITING:
                move(connection, run, current, RunStatus.WAITING, None)
        return marked

    return await write(datasette, run.enrichment.database, change)


async def _require_run(datasette: Datasette, database: str, run_id: str) -> Run:
    run = await get_run(datasette, database, run_id)
    if run is None:
        raise NotFound("There is no such run any more.")
    return run
