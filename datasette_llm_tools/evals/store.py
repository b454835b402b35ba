"""Suites, cases, runs and results as plain tables; the only SQL over them.

They have a database of their own, which Datasette shows like any other: EVALS on a server, a file
on the command line. Whoever has the database may read questions, accepted rows and SQL in it.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from datasette.database import Database

from ..errors import BadInput, NotFound
from ..kept_databases import KeptDatabase
from ..migrations import apply_evals
from ..permissions import keep_for_root
from .records import (
    RESULT_FIELDS,
    RUN_COLUMNS,
    case_of,
    case_row,
    result_of,
    result_row,
    run_of,
    settings_json,
)
from .values import Case, CaseResult, EvalRun, Plan, RunStatus, Suite

if TYPE_CHECKING:
    from datasette.app import Datasette

# "llme" in ASCII, as PRAGMA application_id holds it.
EVALS = KeptDatabase("evals_database", 0x6C6C6D65, keep_for_root)


_ready: WeakKeyDictionary[Datasette, Database] = WeakKeyDictionary()


async def opened(datasette: Datasette) -> Database:
    """The database of suites of a server, made at its first use. Raises BadInput."""
    if datasette not in _ready:
        database = await EVALS.add(datasette)
        await database.execute_write_fn(apply_evals, transaction=False)
        _ready[datasette] = database
    return _ready[datasette]


def is_there(datasette: Datasette) -> bool:
    """Whether a server has a database of suites already."""
    return EVALS.name(datasette) in datasette.databases


async def opened_file(datasette: Datasette, path: Path) -> Database:
    """The file that keeps suites and runs, made if need be. Raises BadInput."""
    await asyncio.to_thread(_make_file, path)
    database = Database(datasette, path=str(path), is_mutable=True)
    datasette.add_database(database, name=f"kept in {path.name}")
    try:
        await database.execute_write_fn(apply_evals, transaction=False)
    except sqlite3.Error as error:
        raise BadInput(f"{path} cannot keep runs: {error}; name another file.") from error
    return database


def _make_file(path: Path) -> None:
    if path.exists() and path.stat().st_size:
        return
    try:
        EVALS.make_file(path)
    except sqlite3.Error as error:
        raise BadInput(f"{path} cannot be written: {error}.") from error


async def save_suite(database: Database, suite: Suite) -> None:
    """Keep a suite, over one of the same name; results of cases that are gone stay."""

    def write(connection: sqlite3.Connection) -> None:
        connection.execute(
            """
            INSERT INTO eval_suites (name, description, columns_in_order, tolerance, updated_at)
            VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET description = excluded.description,
                columns_in_order = excluded.columns_in_order, tolerance = excluded.tolerance,
                updated_at = excluded.updated_at
            """,
            [suite.name, suite.description, suite.columns_in_order, suite.tolerance, _now()],
        )
        connection.execute("DELETE FROM eval_cases WHERE suite = ?", [suite.name])
        connection.executemany(
            "INSERT INTO eval_cases VALUES (?, ?, ?, ?, ?, ?, ?)",
            [case_row(suite.name, number, case) for number, case in enumerate(suite.cases)],
        )

    await database.execute_write_fn(write)


async def add_case(database: Database, suite: str, case: Case) -> None:
    """Add a case to a suite, which is made if need be, or put it in the place of its id's."""

    def write(connection: sqlite3.Connection) -> None:
        new = Suite(suite, ())
        connection.execute(
            "INSERT OR IGNORE INTO eval_suites VALUES (?, '', ?, ?, ?)",
            [suite, new.columns_in_order, new.tolerance, _now()],
        )
        (number,) = connection.execute(
            """
            SELECT coalesce(max(CASE WHEN id = ? THEN position END), max(position) + 1, 0)
            FROM eval_cases WHERE suite = ?
            """,
            [case.id, suite],
        ).fetchone()
        connection.execute(
            "INSERT OR REPLACE INTO eval_cases VALUES (?, ?, ?, ?, ?, ?, ?)",
            case_row(suite, number, case),
        )

    await database.execute_write_fn(write)


async def drop_case(database: Database, suite: str, case_id: str) -> bool:
    """Take a case out of a suite; its results stay. Whether it was there."""

    def write(connection: sqlite3.Connection) -> bool:
        sql = "DELETE FROM eval_cases WHERE suite = ? AND id = ?"
        return bool(connection.execute(sql, [suite, case_id]).rowcount)

    was_there: bool = await database.execute_write_fn(write)
    return was_there


async def suites_with(database: Database, case_id: str) -> tuple[str, ...]:
    """The suites that have a case of that id."""
    found = await _read(
        database, "SELECT suite FROM eval_cases WHERE id = ? ORDER BY suite", case_id
    )
    return tuple(row["suite"] for row in found)


async def delete_suite(database: Database, name: str) -> None:
    """Forget a suite with its cases, runs and results."""

    def write(connection: sqlite3.Connection) -> None:
        # By hand: whether references are enforced is up to each connection.
        connection.execute(
            "DELETE FROM eval_results WHERE run IN (SELECT id FROM eval_runs WHERE suite = ?)",
            [name],
        )
        for table, column in (("runs", "suite"), ("cases", "suite"), ("suites", "name")):
            connection.execute(f"DELETE FROM eval_{table} WHERE {column} = ?", [name])  # noqa: S608 -- ours

    await database.execute_write_fn(write)


async def suite_names(database: Database) -> tuple[str, ...]:
    """The suites that are kept, by name."""
    found = await _read(database, "SELECT name FROM eval_suites ORDER BY name")
    return tuple(row["name"] for row in found)


async def suite_of(database: Database, name: str) -> Suite:
    """A suite with its cases. Raises NotFound."""
    found = await _read(database, "SELECT * FROM eval_suites WHERE name = ?", name)
    if not found:
        known = ", ".join(await suite_names(database)) or "none"
        raise NotFound(f"There is no suite called {name} here, only: {known}.")
    cases = await _read(
        database, "SELECT * FROM eval_cases WHERE suite = ? ORDER BY position", name
    )
    return Suite(
        name=name,
        cases=tuple(map(case_of, cases)),
        description=found[0]["description"],
        columns_in_order=bool(found[0]["columns_in_order"]),
        tolerance=found[0]["tolerance"],
    )


async def begin(
    database: Database,
    suite: str,
    plan: Plan,
    cases: int,
    *,
    status: RunStatus = RunStatus.RUNNING,
    actor_id: str | None = None,
) -> EvalRun:
    """Keep a new run that is about to ask `cases` cases."""
    run = replace(new_run(suite, plan, cases), status=status, actor_id=actor_id)
    values = [
        run.id,
        run.suite,
        plan.model_id,
        settings_json(plan),
        plan.sample,
        plan.seed,
        plan.variants,
        run.cases,
        run.status.value,
        run.created_at,
        run.ended_at,
        run.actor_id,
        run.reason,
    ]
    marks = ", ".join("?" for _ in values)
    await database.execute_write(
        f"INSERT INTO eval_runs ({RUN_COLUMNS}) VALUES ({marks})",  # noqa: S608 -- ours
        values,
    )
    return run


def new_run(suite: str, plan: Plan, cases: int) -> EvalRun:
    """A run that is about to begin, kept nowhere yet."""
    return EvalRun(secrets.token_hex(6), suite, plan, cases, RunStatus.RUNNING, _now())


async def latest(database: Database, suite: str, plan: Plan) -> EvalRun | None:
    """The latest run of the same plan, to go on with."""
    found = await _read(
        database,
        f"""
        SELECT {RUN_COLUMNS} FROM eval_runs
        WHERE suite = ? AND model_id = ? AND settings = ? AND sample IS ? AND seed = ?
          AND variants = ?
        ORDER BY created_at DESC LIMIT 1
        """,  # noqa: S608 -- our columns
        suite,
        plan.model_id,
        settings_json(plan),
        plan.sample,
        plan.seed,
        plan.variants,
    )
    return run_of(found[0]) if found else None


async def save_result(database: Database, run: EvalRun, result: CaseResult) -> None:
    """Keep what came of a case, over an earlier result of the same case."""
    names = ", ".join(RESULT_FIELDS)
    marks = ", ".join("?" for _ in RESULT_FIELDS)
    await database.execute_write(
        f"INSERT OR REPLACE INTO eval_results (run, {names}) VALUES (?, {marks})",  # noqa: S608 -- ours
        [run.id, *result_row(result)],
    )


async def end(
    database: Database,
    run: EvalRun,
    status: RunStatus,
    *,
    reason: str | None = None,
    cases: int | None = None,
) -> EvalRun:
    """Say that a run has come to its end, was stopped, or goes on.

    `cases`: how many it has now, where its suite has changed since.
    """
    changed = replace(
        run,
        status=status,
        ended_at=None if status.is_active else _now(),
        reason=reason,
        cases=run.cases if cases is None else cases,
    )
    await database.execute_write(
        "UPDATE eval_runs SET status = ?, ended_at = ?, reason = ?, cases = ? WHERE id = ?",
        [status.value, changed.ended_at, reason, changed.cases, run.id],
    )
    return changed


async def stop_all(database: Database, reason: str) -> None:
    """Say of every run that is said to go on that it was stopped."""
    await database.execute_write(
        "UPDATE eval_runs SET status = ?, ended_at = ?, reason = ? WHERE status IN (?, ?)",
        [
            RunStatus.STOPPED.value,
            _now(),
            reason,
            RunStatus.WAITING.value,
            RunStatus.RUNNING.value,
        ],
    )


async def get_run(database: Database, suite: str, run_id: str) -> EvalRun | None:
    """The run of that id in a suite, or None."""
    found = await _read(
        database,
        f"SELECT {RUN_COLUMNS} FROM eval_runs WHERE suite = ? AND id = ?",  # noqa: S608 -- our columns
        suite,
        run_id,
    )
    return run_of(found[0]) if found else None


async def runs_of(database: Database, suite: str) -> tuple[EvalRun, ...]:
    """The runs of a suite, newest first."""
    found = await _read(
        database,
        f"SELECT {RUN_COLUMNS} FROM eval_runs WHERE suite = ? ORDER BY created_at DESC",  # noqa: S608 -- our columns
        suite,
    )
    return tuple(map(run_of, found))


async def results_of(database: Database, run_id: str) -> tuple[CaseResult, ...]:
    """What came of the cases of a run, in the order in which they were answered."""
    found = await _read(
        database, "SELECT * FROM eval_results WHERE run = ? ORDER BY answered_at, rowid", run_id
    )
    return tuple(map(result_of, found))


async def _read(database: Database, sql: str, *values: Any) -> list[sqlite3.Row]:
    """All rows: Datasette's own reading stops at a thousand."""

    def read(connection: sqlite3.Connection) -> list[sqlite3.Row]:
        with closing(connection.cursor()) as cursor:
            cursor.row_factory = sqlite3.Row
            return cursor.execute(sql, values).fetchall()

    found: list[sqlite3.Row] = await database.execute_fn(read)
    return found


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
