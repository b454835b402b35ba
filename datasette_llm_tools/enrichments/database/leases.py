"""Who works on a run: a lease, taken by one worker, renewed by a heartbeat, lost by silence.

Whatever a worker writes, it writes while its lease holds, in the same transaction.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..jobs import is_dead
from ..values import Run, RunLimits, RunStatus, Wish
from .fitting import readable
from .own_tables import LeaseLost, now, read, write
from .records import RUN_COLUMNS, RUNS, limits_from_json, run_of
from .seals import is_sealed
from .states import hash_index, is_wanted

if TYPE_CHECKING:
    from datasette.app import Datasette

# How long a lease holds without a word of its owner, who says one every three seconds.
LEASE_SECONDS = 15.0
# A file may come with any number of runs that nobody here wants.
_MOST_LOOKED_AT = 1_000


@dataclass(frozen=True, slots=True)
class Orders:
    """What the owner wants of a run, and the limits as they are now."""

    wish: Wish
    limits: RunLimits


async def claim(
    datasette: Datasette,
    database: str,
    owner: str,
    until: float,
    *,
    run_id: str | None = None,
    takes: Callable[[Run], bool] = lambda run: True,
) -> Run | None:
    """Take the oldest run that waits or whose owner is dead, or None where there is none.

    `until` is when the lease ends, in seconds since 1970; `run_id` asks for that run only,
    `takes` says which runs are taken.
    Nothing is written, nor are our tables made, where there is nothing to take.
    """
    db = datasette.databases.get(database)
    if db is None or db.is_memory or not db.is_mutable:
        return None
    if (
        await read(
            datasette, database, lambda each: _claimable(each, database, run_id, takes), None
        )
        is None
    ):
        return None

    def change(connection: sqlite3.Connection) -> Run | None:
        _settle_wishes(connection)
        found = _claimable(connection, database, run_id, takes)
        if found is None:
            return None
        connection.execute(
            "UPDATE _llm_tools_runs SET status = ?, lease_owner = ?, lease_until = ?, "
            "started_at = coalesce(started_at, ?), reason = NULL WHERE id = ?",
            [RunStatus.RUNNING.value, owner, until, now(), found],
        )
        row = connection.execute(
            f"SELECT {RUN_COLUMNS} FROM {RUNS} WHERE r.id = ?",
            [found],
        ).fetchone()
        return run_of(row, database)

    return await write(datasette, database, change)


async def begin(
    datasette: Datasette, run: Run, *, owner: str, prompt_hash: str, total: int | None
) -> Orders:
    """Note what a run asks, and how many rows were chosen whatever its limit is.

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
    if not is_wanted(connection, run.number):
        raise LeaseLost("Something else than this program has changed what the run is to do.")
    return Orders(Wish(row[0]), limits_from_json(row[1]))


def _was_asked(connection: sqlite3.Connection, run: Run, prompt_hash: str) -> bool:
    """Whether an earlier run has answers to the same prompt."""
    found = connection.execute(
        "SELECT 1 FROM _llm_tools_runs WHERE prompt_hash = ? AND number < ? AND done LIMIT 1",
        [prompt_hash, run.number],
    ).fetchone()
    return bool(prompt_hash) and found is not None


def _claimable(
    connection: sqlite3.Connection,
    database: str,
    run_id: str | None,
    takes: Callable[[Run], bool],
) -> str | None:
    """The id of the oldest run to be taken, or None."""
    rows = connection.execute(
        f"SELECT {RUN_COLUMNS} FROM {RUNS} "
        "WHERE r.status IN (?, ?) AND (?3 IS NULL OR r.id = ?3) ORDER BY r.number LIMIT ?4",
        [RunStatus.WAITING.value, RunStatus.RUNNING.value, run_id, _MOST_LOOKED_AT],
    )
    free = (
        row
        for row in rows
        if is_sealed(row)
        and (
            row["status"] == RunStatus.WAITING.value
            or _is_abandoned(row["lease_owner"], row["lease_until"])
        )
    )
    runs = readable(free, lambda row: run_of(row, database))
    return next((run.id for run in runs if takes(run)), None)


def _is_abandoned(owner: object, until: object) -> bool:
    """Whether nobody holds a lease that was stored so."""
    ends = until if isinstance(until, float | int) else 0.0
    return is_dead(str(owner or ""), ends, time.time())


def _settle_wishes(connection: sqlite3.Connection) -> None:
    """Pause or cancel what was to be, where its owner died before it could obey."""
    rows = connection.execute(
        "SELECT number, wish, lease_owner, lease_until FROM _llm_tools_runs "
        "WHERE status = ? AND wish != ?",
        [RunStatus.RUNNING.value, Wish.RUN.value],
    ).fetchall()
    for number, wanted, owner, until in rows:
        if _is_abandoned(owner, until):
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
