"""What came of each row: written with the values themselves, and read for pages.

A batch is one transaction: the values in the table, the results, the run's counts and
its lease. Whatever kills it, a row has its value and its result, or neither. A batch
that is written twice changes nothing the second time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..values import Key, Outcome, OutcomeStatus, Run
from .batch import Batch, unwritable
from .fitting import readable
from .leases import Orders
from .own_tables import read, write
from .records import RUN_COLUMNS, RUNS, Result, result_of, run_of
from .tables import TargetTable, key_from_json, key_json

if TYPE_CHECKING:
    from datasette.app import Datasette

_KEYS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class FaultGroup:
    """Failed rows of a run that say the same. `keys` are the first of them."""

    fault: str
    message: str
    count: int
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """What came of one row in one run, with the run."""

    run: Run
    result: Result


async def write_batch(
    datasette: Datasette,
    run: Run,
    target: TargetTable,
    outcomes: Sequence[Outcome],
    *,
    owner: str,
    cursor: Key | None,
    seconds: float,
) -> Orders:
    """Write values, results, progress and lease in one transaction; returns the orders now.

    `cursor` is the key up to which every row is settled with this batch, None to leave it;
    `seconds` is working time since the last batch. A row that is gone is skipped, a value
    that the table refuses fails its row only. Raises LeaseLost, DatabaseLocked, RunPaused
    and TableGone; nothing is written then.
    """
    batch = Batch(run, target, owner, cursor, seconds)
    try:
        return await write(
            datasette, run.enrichment.database, lambda connection: batch.write(connection, outcomes)
        )
    except sqlite3.IntegrityError as error:
        # A deferred foreign key: SQLite says at the end of the transaction that there
        # is one, not whose. Rows on their own tell.
        if len(outcomes) > 1:
            middle = len(outcomes) // 2
            for half in (outcomes[:middle], outcomes[middle:]):
                await write_batch(
                    datasette, run, target, half, owner=owner, cursor=None, seconds=0.0
                )
            outcomes = ()
        refused = [unwritable(each, str(error)) for each in outcomes]
        return await write(
            datasette, run.enrichment.database, lambda connection: batch.write(connection, refused)
        )


async def results(
    datasette: Datasette,
    run: Run,
    *,
    status: OutcomeStatus | None = None,
    fault: str | None = None,
    after: Key | None = None,
    limit: int = 100,
) -> tuple[Result, ...]:
    """Results of a run in the order of their stored keys; `after` is the last key of a page."""
    conditions = ["run = :run", "status NOT IN ('retry', 'unchanged')"]
    if status is not None:
        conditions.append("status = :status")
    if status not in (None, OutcomeStatus.DONE) or fault is not None:
        conditions.append("status != 'done'")  # as the index says it
    if fault is not None:
        conditions.append("fault = :fault")
    if after is not None:
        conditions.append("row_key > :after")

    def ask(connection: sqlite3.Connection) -> tuple[Result, ...]:
        rows = connection.execute(
            f"SELECT * FROM _llm_tools_results WHERE {' AND '.join(conditions)} "  # noqa: S608 -- literals, above
            "ORDER BY row_key LIMIT :limit",
            {
                "run": run.number,
                "status": status.value if status else None,
                "fault": fault,
                "after": None if after is None else key_json(after),
                "limit": limit,
            },
        )
        return tuple(readable(rows, result_of))

    return await read(datasette, run.enrichment.database, ask, ())


async def latest(datasette: Datasette, run: Run, n: int = 10) -> tuple[Result, ...]:
    """Some of the rows that were done last, the newest first; at most LATEST."""

    def ask(connection: sqlite3.Connection) -> tuple[Result, ...]:
        rows = connection.execute(
            "SELECT each.* FROM _llm_tools_runs AS r JOIN json_each(r.latest) AS k "
            "JOIN _llm_tools_results AS each ON each.run = r.number AND each.row_key = k.value "
            "WHERE r.number = ? AND each.status = 'done' ORDER BY k.key DESC LIMIT ?",
            [run.number, n],
        )
        return tuple(readable(rows, result_of))

    return await read(datasette, run.enrichment.database, ask, ())


async def faults(datasette: Datasette, run: Run) -> tuple[FaultGroup, ...]:
    """The failed rows of a run by what went wrong, the most frequent first; at most 50 groups."""

    def ask(connection: sqlite3.Connection) -> tuple[FaultGroup, ...]:
        groups = connection.execute(
            "SELECT fault, message, count(*) FROM _llm_tools_results WHERE run = ? "
            "AND status != 'done' AND status = 'failed' GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 50",
            [run.number],
        ).fetchall()
        return tuple(
            FaultGroup(
                str(fault or ""),
                str(message or ""),
                count,
                tuple(
                    readable(
                        connection.execute(
                            "SELECT row_key FROM _llm_tools_results WHERE run = ? "
                            "AND status != 'done' AND status = 'failed' "
                            "AND fault IS ? AND message IS ? LIMIT ?",
                            [run.number, fault, message, _KEYS_SHOWN],
                        ),
                        lambda row: key_from_json(row[0]),
                    )
                ),
            )
            for fault, message, count in groups
        )

    return await read(datasette, run.enrichment.database, ask, ())


async def results_of_row(
    datasette: Datasette, database: str, table: str, key: Key
) -> tuple[Provenance, ...]:
    """What every run has said of one row, the newest run first."""

    def ask(connection: sqlite3.Connection) -> tuple[Provenance, ...]:
        rows = connection.execute(
            "SELECT each.* FROM _llm_tools_results AS each "
            "WHERE each.row_key = ? AND each.status NOT IN ('retry', 'unchanged') "
            "ORDER BY each.run DESC",
            [key_json(key)],
        ).fetchall()

        def of(row: sqlite3.Row) -> Provenance | None:
            run = connection.execute(
                f"SELECT {RUN_COLUMNS} FROM {RUNS} "  # noqa: S608 -- constants of records.py
                "WHERE r.number = ? AND e.table_name = ? COLLATE NOCASE",
                [row["run"], table],
            ).fetchone()
            return None if run is None else Provenance(run_of(run, database), result_of(row))

        return tuple(each for each in readable(rows, of) if each is not None)

    return await read(datasette, database, ask, ())
