"""Runs and their results as plain tables, in the database that store.py opens."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from .records import RESULT_FIELDS, RUN_COLUMNS, result_of, result_row, run_of, settings_json
from .store import now, read_rows
from .values import CaseResult, EvalRun, Plan, RunStatus

if TYPE_CHECKING:
    from datasette.database import Database

_RUN_MARKS = ", ".join("?" for _ in RUN_COLUMNS.split(", "))
_RESULT_COLUMNS = ", ".join(RESULT_FIELDS)
_RESULT_MARKS = ", ".join("?" for _ in RESULT_FIELDS)


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
    await database.execute_write(
        f"INSERT INTO eval_runs ({RUN_COLUMNS}) VALUES ({_RUN_MARKS})", values
    )
    return run


def new_run(suite: str, plan: Plan, cases: int) -> EvalRun:
    """A run that is about to begin, kept nowhere yet."""
    return EvalRun(secrets.token_hex(6), suite, plan, cases, RunStatus.RUNNING, now())


async def latest(database: Database, suite: str, plan: Plan) -> EvalRun | None:
    """The latest run of the same plan, to go on with."""
    found = await read_rows(
        database,
        f"""
        SELECT {RUN_COLUMNS} FROM eval_runs
        WHERE suite = ? AND model_id = ? AND settings = ? AND sample IS ? AND seed = ?
          AND variants = ?
        ORDER BY created_at DESC LIMIT 1
        """,
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
    await database.execute_write(
        f"INSERT OR REPLACE INTO eval_results (run, {_RESULT_COLUMNS}) VALUES (?, {_RESULT_MARKS})",
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
        ended_at=None if status.is_active else now(),
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
            now(),
            reason,
            RunStatus.WAITING.value,
            RunStatus.RUNNING.value,
        ],
    )


async def get_run(database: Database, suite: str, run_id: str) -> EvalRun | None:
    """The run of that id in a suite, or None."""
    found = await read_rows(
        database,
        f"SELECT {RUN_COLUMNS} FROM eval_runs WHERE suite = ? AND id = ?",
        suite,
        run_id,
    )
    return run_of(found[0]) if found else None


async def runs_of(database: Database, suite: str) -> tuple[EvalRun, ...]:
    """The runs of a suite, newest first."""
    found = await read_rows(
        database,
        f"SELECT {RUN_COLUMNS} FROM eval_runs WHERE suite = ? ORDER BY created_at DESC",
        suite,
    )
    return tuple(map(run_of, found))


async def results_of(database: Database, run_id: str) -> tuple[CaseResult, ...]:
    """What came of the cases of a run, in the order in which they were answered."""
    found = await read_rows(
        database, "SELECT * FROM eval_results WHERE run = ? ORDER BY answered_at, rowid", run_id
    )
    return tuple(map(result_of, found))
