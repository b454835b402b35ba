"""Cases, runs and results as rows of our tables, and as values."""

from __future__ import annotations

import base64
import json
import sqlite3
from dataclasses import fields
from typing import Any

from .values import (
    Accepted,
    Case,
    CaseResult,
    EvalRun,
    ExpectedRows,
    Instead,
    Plan,
    RunStatus,
    Value,
    Verdict,
)

RESULT_FIELDS = tuple(each.name for each in fields(CaseResult))
RUN_COLUMNS = (
    "id, suite, model_id, settings, sample, seed, variants, cases, status, created_at, ended_at, "
    "actor_id, reason"
)


def settings_json(plan: Plan) -> str:
    """A plan's settings as they are kept: the same text for the same settings."""
    return json.dumps(dict(plan.settings), sort_keys=True, ensure_ascii=False)


def case_row(suite: str, number: int, case: Case) -> list[Any]:
    """A case as a row of eval_cases; `number` is its place in the suite."""
    return [
        suite,
        case.id,
        number,
        case.question,
        case.database,
        accepted_json(case.accepted),
        json.dumps(case.tags, ensure_ascii=False),
    ]


def accepted_json(accepted: Accepted) -> str:
    """What counts as right as it is kept: a text, or a list of statements and of rows."""
    if isinstance(accepted, Instead):
        return json.dumps(accepted.value)
    kept = [
        each
        if isinstance(each, str)
        else {"rows": [list(map(_kept, row)) for row in each.rows], "in_order": each.in_order}
        for each in accepted
    ]
    return json.dumps(kept, ensure_ascii=False)


def accepted_from_json(text: str) -> Accepted:
    """What accepted_json wrote."""
    kept = json.loads(text)
    if isinstance(kept, str):
        return Instead(kept)
    return tuple(
        each
        if isinstance(each, str)
        else ExpectedRows(
            tuple(tuple(map(_unkept, row)) for row in each["rows"]), bool(each["in_order"])
        )
        for each in kept
    )


def _kept(value: Value) -> Any:
    if isinstance(value, bytes):
        return {"$base64": True, "encoded": base64.b64encode(value).decode()}
    return value


def _unkept(value: Any) -> Value:
    if isinstance(value, dict):
        return base64.b64decode(value["encoded"])
    kept: Value = value
    return kept


def case_of(row: sqlite3.Row) -> Case:
    """The case of a row of eval_cases."""
    return Case(
        id=row["id"],
        question=row["question"],
        database=row["database_name"],
        accepted=accepted_from_json(row["accepted"]),
        tags=tuple(json.loads(row["tags"])),
    )


def run_of(row: sqlite3.Row) -> EvalRun:
    """The run of a row of RUN_COLUMNS."""
    plan = Plan(
        model_id=row["model_id"],
        settings=json.loads(row["settings"]),
        sample=row["sample"],
        seed=row["seed"],
        variants=row["variants"],
    )
    return EvalRun(
        id=row["id"],
        suite=row["suite"],
        plan=plan,
        cases=row["cases"],
        status=RunStatus(row["status"]),
        created_at=row["created_at"],
        ended_at=row["ended_at"],
        actor_id=row["actor_id"],
        reason=row["reason"],
    )


def result_of(row: sqlite3.Row) -> CaseResult:
    """The result of a row of eval_results."""
    told = {name: row[name] for name in RESULT_FIELDS}
    told["verdict"] = Verdict(told["verdict"])
    told["accepted_empty"] = bool(told["accepted_empty"])
    return CaseResult(**told)


def result_row(result: CaseResult) -> list[Any]:
    """A result as RESULT_FIELDS, in their order."""
    told = [getattr(result, name) for name in RESULT_FIELDS]
    return [each.value if isinstance(each, Verdict) else each for each in told]
