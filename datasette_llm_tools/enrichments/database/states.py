"""What a run may become, and which runs write a column; all inside a caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from ...errors import Conflict, NotFound
from ...sql_names import fold
from ..jobs import may_become
from ..values import Enrichment, Run, RunStatus
from .own_tables import now
from .records import RUN_COLUMNS, RUNS, run_of


def state_of(connection: sqlite3.Connection, number: int) -> tuple[RunStatus, str | None]:
    """A run's status and who holds its lease. Raises NotFound."""
    row = connection.execute(
        "SELECT status, lease_owner FROM _llm_tools_runs WHERE number = ?", [number]
    ).fetchone()
    if row is None:
        raise NotFound("There is no such run any more.")
    return RunStatus(row[0]), row[1]


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
    wanted = tuple(each.value for each in statuses)
    marks = ", ".join("?" for _ in wanted)
    rows = connection.execute(
        f"SELECT {RUN_COLUMNS} FROM {RUNS} "  # noqa: S608 -- ours
        f"WHERE e.table_name = ? COLLATE NOCASE AND r.status IN ({marks})",
        [enrichment.table, *wanted],
    )
    found = [run_of(row, enrichment.database) for row in rows]
    return [each for each in found if shared(each, enrichment)]


def shared(run: Run, enrichment: Enrichment) -> str:
    """The names of the columns that a run and an enrichment both write."""
    names = {fold(each.name) for each in enrichment.specification.outputs}
    theirs = (each.name for each in run.enrichment.specification.outputs)
    return ", ".join(each for each in theirs if fold(each) in names)
