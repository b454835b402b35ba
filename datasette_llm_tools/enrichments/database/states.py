"""What a run may become, and which runs write a column; all inside a caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import Conflict, NotFound
from ...sql_names import fold
from ..jobs import may_become
from ..values import Enrichment, Run, RunStatus
from .fitting import readable
from .own_tables import now
from .records import FOREIGN, RUN_COLUMNS, RUNS, is_held, run_of
from .seals import is_sealed, seal
from .tables import check_outputs, read_target


def state_of(connection: sqlite3.Connection, number: int) -> tuple[RunStatus, str | None]:
    """A run's status and who holds its lease. Raises NotFound."""
    row = _row(connection, number)
    return run_of(row, "").status, row["lease_owner"]


def seal_run(connection: sqlite3.Connection, number: int) -> None:
    """In a transaction: note that a run is, as it stands now, what somebody here wants."""
    connection.execute(
        "UPDATE _llm_tools_runs SET seal = ? WHERE number = ?",
        [seal(_row(connection, number)), number],
    )


def is_wanted(connection: sqlite3.Connection, number: int) -> bool:
    """Whether a run is, as it stands now, what somebody here has started or resumed."""
    return is_sealed(_row(connection, number))


def require_wanted(connection: sqlite3.Connection, number: int) -> None:
    """In a transaction: raise Conflict for a run that nobody here is known to want."""
    if not is_wanted(connection, number):
        raise Conflict(f"Run {number} does not go on by itself. {FOREIGN}")


def adopt(connection: sqlite3.Connection, run: Run, by: Mapping[str, Any]) -> None:
    """In a transaction: a run that came with the file is `by`'s from now on, as they saw it.

    Raises Conflict where somebody works on it or it has changed since it was looked at, and
    BadInput where it would write what no run may.
    """
    row = _row(connection, run.number)
    if is_sealed(row):
        return
    if is_held(row):
        raise Conflict("Somebody else works on this run now; wait until they are done.")
    now_there = run_of(row, run.enrichment.database)
    if (now_there.enrichment, now_there.selection, now_there.limits) != (
        run.enrichment,
        run.selection,
        run.limits,
    ):
        raise Conflict("The run has changed meanwhile: look at it again.")
    outputs = run.enrichment.specification.outputs
    target = read_target(connection, run.enrichment.table)
    check_outputs(target, outputs, [each.name for each in outputs])
    connection.execute(
        "UPDATE _llm_tools_runs SET actor = ?, lease_owner = NULL, lease_until = NULL, "
        "status = iif(status IN ('waiting', 'running'), 'paused', status) WHERE number = ?",
        [json.dumps(by), run.number],
    )
    seal_run(connection, run.number)


def _row(connection: sqlite3.Connection, number: int) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(
        f"SELECT {RUN_COLUMNS} FROM {RUNS} WHERE r.number = ?",
        [number],
    ).fetchone()
    if row is None:
        raise NotFound("There is no such run any more.")
    return row


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
    if status is RunStatus.WAITING:
        require_wanted(connection, run.number)
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


def require_columns_free(connection: sqlite3.Connection, run: Run, *, later: bool = True) -> None:
    """In a transaction: raise Conflict if another run writes this run's columns, or has since.

    With `later` runs count that began after this one and were not undone.
    """
    for other in writers(connection, run.enrichment, tuple(RunStatus)):
        if other.number == run.number or other.status is RunStatus.UNDONE:
            continue
        if other.status.is_active or (later and other.number > run.number and other.counts.done):
            raise Conflict(
                f"A later run ({other.id}) has written to {shared(other, run.enrichment)}: "
                "work with that one, or undo it first."
                if not other.status.is_active
                else f"Another run ({other.id}) writes to {shared(other, run.enrichment)}: "
                "let it end or cancel it first."
            )


def writers(
    connection: sqlite3.Connection, enrichment: Enrichment, statuses: Iterable[RunStatus]
) -> list[Run]:
    """The runs in these statuses that write a column which this enrichment writes."""
    rows = connection.execute(
        f"SELECT {RUN_COLUMNS} FROM {RUNS} WHERE e.table_name = ? COLLATE NOCASE "
        "AND r.status IN (SELECT value FROM json_each(?))",
        [enrichment.table, json.dumps([each.value for each in statuses])],
    )
    found = readable(rows, lambda row: run_of(row, enrichment.database))
    return [each for each in found if shared(each, enrichment)]


def shared(run: Run, enrichment: Enrichment) -> str:
    """The names of the columns that a run and an enrichment both write."""
    names = {fold(each.name) for each in enrichment.specification.outputs}
    theirs = (each.name for each in run.enrichment.specification.outputs)
    return ", ".join(each for each in theirs if fold(each) in names)
