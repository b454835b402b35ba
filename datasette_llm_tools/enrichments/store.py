"""Enrichments and the life of their runs, in the database that they write to.

A run is taken by a lease: `claim` writes its owner and a time, everything that the
owner writes later holds only while both are still theirs. What came of each row is in
results.py.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import Conflict, NotFound
from ..migrations import apply_enriched
from ..sql_names import fold
from .jobs import is_dead, may_become
from .own_tables import LeaseLost, now, read, write
from .records import ENRICHMENT_COLUMNS, RUN_COLUMNS, RUNS, enrichment_of, limits_from_json, run_of
from .records import to_json as as_json
from .tables import add_columns, check_outputs, read_target, require_target
from .values import (
    Enrichment,
    Run,
    RunLimits,
    RunStatus,
    Selection,
    Specification,
    Wish,
)

if TYPE_CHECKING:
    from datasette.app import Datasette

__all__ = ["LeaseLost"]

# How long a lease holds without a word of its owner, who says one every three seconds.
LEASE_SECONDS = 15.0
_ACTIVE = tuple(each for each in RunStatus if each.is_active)
_MARKS = ", ".join("?" for _ in _ACTIVE)


@dataclass(frozen=True, slots=True)
class Orders:
    """What the owner wants of a run, and the limits as they are now."""

    wish: Wish
    limits: RunLimits


async def create_enrichment(
    datasette: Datasette,
    database: str,
    table: str,
    name: str,
    specification: Specification,
    actor: Mapping[str, Any] | None,
) -> Enrichment:
    """Keep a specification for a table; our tables are made in its database with the first one.

    Raises BadInput for a table that cannot be enriched, TableGone, DatabaseLocked, RunPaused.
    """
    target = await require_target(datasette, database, table)
    known = (actor or {}).get("id")
    made = Enrichment(
        id=secrets.token_hex(12),
        database=database,
        table=target.name,
        name=name,
        specification=specification,
        actor_id=None if known is None else str(known),
        created_at=now(),
    )

    def change(connection: sqlite3.Connection) -> None:
        apply_enriched(connection)
        connection.execute(
            "INSERT INTO _llm_tools_enrichments "
            "(id, table_name, name, specification, actor_id, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            [
                made.id,
                made.table,
                made.name,
                as_json(specification),
                made.actor_id,
                made.created_at,
            ],
        )

    await write(datasette, database, change)
    return made


async def get_enrichment(
    datasette: Datasette, database: str, enrichment_id: str
) -> Enrichment | None:
    """The enrichment of that id, or None."""

    def ask(connection: sqlite3.Connection) -> Enrichment | None:
        row = connection.execute(
            f"SELECT {ENRICHMENT_COLUMNS} FROM _llm_tools_enrichments AS e WHERE e.id = ?",  # noqa: S608 -- ours
            [enrichment_id],
        ).fetchone()
        return enrichment_of(row, database) if row else None

    return await read(datasette, database, ask, None)


async def enrichments(
    datasette: Datasette, database: str, table: str | None = None
) -> tuple[Enrichment, ...]:
    """The enrichments of a database, or of one table in it, newest first."""

    def ask(connection: sqlite3.Connection) -> tuple[Enrichment, ...]:
        rows = connection.execute(
            f"SELECT {ENRICHMENT_COLUMNS} FROM _llm_tools_enrichments AS e "  # noqa: S608 -- ours
            "WHERE ?1 IS NULL OR e.table_name = ?1 COLLATE NOCASE ORDER BY e.rowid DESC",
            [table],
        )
        return tuple(enrichment_of(row, database) for row in rows)

    return await read(datasette, database, ask, ())


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
        target = read_target(connection, enrichment.table)
        check_outputs(target, outputs, overwrite)
        if other := writers(connection, enrichment, _ACTIVE):
            raise Conflict(
                f"Another run ({other[0].id}) writes to {_shared(other[0], enrichment)} of "
                f"{target.name}: let it end or cancel it first."
            )
        created = add_columns(connection, target, outputs)
        connection.execute(
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

    await write(datasette, database, change)
    return await _require_run(datasette, database, run_id)


async def get_run(datasette: Datasette, database: str, run_id: str) -> Run | None:
    """The run of that id, or None."""

    def ask(connection: sqlite3.Connection) -> Run | None:
        row = connection.execute(
            f"SELECT {RUN_COLUMNS} FROM {RUNS} WHERE r.id = ?",  # noqa: S608 -- ours
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
            f"SELECT {RUN_COLUMNS} FROM {RUNS} "  # noqa: S608 -- ours
            "WHERE ?1 IS NULL OR e.table_name = ?1 COLLATE NOCASE "
            "ORDER BY r.number DESC LIMIT ?2",
            [table, limit],
        )
        return tuple(run_of(row, database) for row in rows)

    return await read(datasette, database, ask, ())


async def claim(
    datasette: Datasette, database: str, owner: str, until: float, *, run_id: str | None = None
) -> Run | None:
    """Take the oldest run that waits or whose owner is dead, or None where there is none.

    `until` is when the lease ends, in seconds since 1970; `run_id` asks for that run only.
    Nothing is written, nor are our tables made, where there is nothing to take.
    """
    db = datasette.databases.get(database)
    if db is None or db.is_memory or not db.is_mutable:
        return None
    if await read(datasette, database, lambda each: _claimable(each, run_id), None) is None:
        return None

    def change(connection: sqlite3.Connection) -> str | None:
        _settle_wishes(connection)
        found = _claimable(connection, run_id)
        if found is not None:
            connection.execute(
                "UPDATE _llm_tools_runs SET status = ?, lease_owner = ?, lease_until = ?, "
                "started_at = coalesce(started_at, ?), reason = NULL WHERE id = ?",
                [RunStatus.RUNNING.value, owner, until, now(), found],
            )
        return found

    taken = await write(datasette, database, change)
    return await get_run(datasette, database, taken) if taken else None


async def begin(
    datasette: Datasette, run: Run, *, owner: str, prompt_hash: str, total: int | None
) -> Orders:
    """Note what a run asks and of how many rows, as known when it is worked on.

    If earlier runs asked the same, their results are indexed by input until this run ends.
    Raises LeaseLost.
    """

    def change(connection: sqlite3.Connection) -> Orders:
        connection.execute(
            "UPDATE _llm_tools_runs SET prompt_hash = ?, total = ? "
            "WHERE number = ? AND lease_owner = ?",
            [prompt_hash, total, run.number, owner],
        )
        if run.enrichment.specification.use_cache and _was_asked(connection, run, prompt_hash):
            connection.execute(
                f"CREATE INDEX IF NOT EXISTS {hash_index(run)} "
                f"ON _llm_tools_results(input_hash) WHERE run < {run.number} AND status = 'done'"
            )
        return renew(connection, run, owner)

    return await write(datasette, run.enrichment.database, change)


async def heartbeat(
    datasette: Datasette,
    run: Run,
    *,
    owner: str,
    until: float | None = None,
    seconds: float = 0.0,
) -> Orders:
    """Hold the lease for LEASE_SECONDS more, or `until`, and add working time. Raises LeaseLost."""
    return await write(
        datasette,
        run.enrichment.database,
        lambda connection: renew(connection, run, owner, seconds, until),
    )


def renew(
    connection: sqlite3.Connection,
    run: Run,
    owner: str,
    seconds: float = 0.0,
    until: float | None = None,
) -> Orders:
    """In a transaction: hold the lease, and say what is wanted now. Raises LeaseLost."""
    row = connection.execute(
        "UPDATE _llm_tools_runs SET lease_until = ?, seconds = seconds + ? "
        "WHERE number = ? AND lease_owner = ? AND status = ? RETURNING wish, limits",
        [
            until or time.time() + LEASE_SECONDS,
            seconds,
            run.number,
            owner,
            RunStatus.RUNNING.value,
        ],
    ).fetchone()
    if row is None:
        raise LeaseLost("Somebody else works on this run now, or it has ended.")
    return Orders(Wish(row[0]), limits_from_json(row[1]))


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


async def wish(datasette: Datasette, run: Run, wanted: Wish) -> Run:
    """Pause, resume or cancel a run. A run that is worked on obeys with its next batch.

    Raises Conflict where the run has ended, or where another one writes its columns now.
    """

    def change(connection: sqlite3.Connection) -> None:
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
    """Change what a run may take; one that is worked on sees it with its next batch."""
    await write(
        datasette,
        run.enrichment.database,
        lambda connection: connection.execute(
            "UPDATE _llm_tools_runs SET limits = ? WHERE number = ?",
            [as_json(limits), run.number],
        ).close(),
    )
    return await _require_run(datasette, run.enrichment.database, run.id)


async def retry_failed(datasette: Datasette, run: Run) -> int:
    """Let a run that is not being worked on ask its failed rows again; returns how many.

    Raises Conflict where it is being worked on or was undone, or where another run has
    written its columns since.
    """

    def change(connection: sqlite3.Connection) -> int:
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


def move(
    connection: sqlite3.Connection,
    run: Run,
    current: RunStatus,
    status: RunStatus,
    reason: str | None,
) -> None:
    """In a transaction: change a run's status, if it may become that (Conflict)."""
    if not may_become(current, status):
        raise Conflict(f"The run is {current.value} and cannot become {status.value}.")
    ends = not status.is_active
    connection.execute(
        "UPDATE _llm_tools_runs SET status = ?, reason = ?, lease_owner = NULL, "
        "lease_until = NULL, ended_at = ?, cursor = iif(?, '[]', cursor) WHERE number = ?",
        [status.value, reason, now() if ends else None, status is RunStatus.DONE, run.number],
    )
    if ends:
        connection.execute(f"DROP INDEX IF EXISTS {hash_index(run)}")
        # They were only remembered so that no row is counted twice.
        connection.execute(
            "DELETE FROM _llm_tools_results WHERE run = ? AND status = 'unchanged' "
            "AND (SELECT unchanged FROM _llm_tools_runs WHERE number = ?1) > 0",
            [run.number],
        )


def hash_index(run: Run) -> str:
    """The index by input of what was known before a run began.

    Inputs hash to anywhere, so an index that grows with each row would slow a run of a
    million rows by a third; this one holds earlier runs only and does not grow.
    """
    return f"_llm_tools_results_before_{run.number:d}"


def _was_asked(connection: sqlite3.Connection, run: Run, prompt_hash: str) -> bool:
    """Whether an earlier run has answers to the same prompt."""
    found = connection.execute(
        "SELECT 1 FROM _llm_tools_runs WHERE prompt_hash = ? AND number < ? AND done LIMIT 1",
        [prompt_hash, run.number],
    ).fetchone()
    return bool(prompt_hash) and found is not None


def require_columns_free(connection: sqlite3.Connection, run: Run, *, later: bool = True) -> None:
    """In a transaction: raise Conflict if another run writes this run's columns, or has since.

    With `later` runs count that began after this one and were not undone.
    """
    for other in writers(connection, run.enrichment, tuple(RunStatus)):
        if other.number == run.number or other.status is RunStatus.UNDONE:
            continue
        if other.status.is_active or (later and other.number > run.number and other.counts.done):
            raise Conflict(
                f"A later run ({other.id}) has written to {_shared(other, run.enrichment)}: "
                "work with that one, or undo it first."
                if not other.status.is_active
                else f"Another run ({other.id}) writes to {_shared(other, run.enrichment)}: "
                "let it end or cancel it first."
            )


def writers(
    connection: sqlite3.Connection, enrichment: Enrichment, statuses: Iterable[RunStatus]
) -> list[Run]:
    """The runs in these statuses that write a column which this enrichment writes."""
    wanted = tuple(each.value for each in statuses)
    marks = ", ".join("?" for _ in wanted)
    rows = connection.execute(
        f"SELECT {RUN_COLUMNS} FROM {RUNS} "  # noqa: S608 -- ours
        f"WHERE e.table_name = ? COLLATE NOCASE AND r.status IN ({marks})",
        [enrichment.table, *wanted],
    )
    found = [run_of(row, enrichment.database) for row in rows]
    return [each for each in found if _shared(each, enrichment)]


def _shared(run: Run, enrichment: Enrichment) -> str:
    """The names of the columns that a run and an enrichment both write."""
    names = {fold(each.name) for each in enrichment.specification.outputs}
    theirs = (each.name for each in run.enrichment.specification.outputs)
    return ", ".join(each for each in theirs if fold(each) in names)


def _claimable(connection: sqlite3.Connection, run_id: str | None) -> str | None:
    """The id of the oldest run to be taken, or None."""
    rows = connection.execute(
        "SELECT id, status, lease_owner, lease_until FROM _llm_tools_runs "
        "WHERE status IN (?, ?) AND (?3 IS NULL OR id = ?3) ORDER BY number",
        [RunStatus.WAITING.value, RunStatus.RUNNING.value, run_id],
    ).fetchall()
    for found, status, owner, until in rows:
        if status == RunStatus.WAITING.value or is_dead(owner or "", until or 0.0, time.time()):
            return str(found)
    return None


def _settle_wishes(connection: sqlite3.Connection) -> None:
    """Pause or cancel what was to be, where its owner died before it could obey."""
    rows = connection.execute(
        "SELECT number, wish, lease_owner, lease_until FROM _llm_tools_runs "
        "WHERE status = ? AND wish != ?",
        [RunStatus.RUNNING.value, Wish.RUN.value],
    ).fetchall()
    for number, wanted, owner, until in rows:
        if is_dead(owner or "", until or 0.0, time.time()):
            paused = wanted == Wish.PAUSE.value
            connection.execute(
                "UPDATE _llm_tools_runs SET status = ?, lease_owner = NULL, lease_until = NULL, "
                "ended_at = iif(?, NULL, ?) WHERE number = ?",
                [
                    (RunStatus.PAUSED if paused else RunStatus.CANCELLED).value,
                    paused,
                    now(),
                    number,
                ],
            )


def state_of(connection: sqlite3.Connection, number: int) -> tuple[RunStatus, str | None]:
    """A run's status and who holds its lease. Raises NotFound."""
    row = connection.execute(
        "SELECT status, lease_owner FROM _llm_tools_runs WHERE number = ?", [number]
    ).fetchone()
    if row is None:
        raise NotFound("There is no such run any more.")
    return RunStatus(row[0]), row[1]


async def _require_run(datasette: Datasette, database: str, run_id: str) -> Run:
    run = await get_run(datasette, database, run_id)
    if run is None:
        raise NotFound("There is no such run any more.")
    return run
