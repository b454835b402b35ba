"""Enrichments, runs and results as our tables hold them, and as values.

What was written by another version of this package is read all the same: unknown
fields are left out, missing ones have their defaults.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, TypeVar

from ...prompt import Usage
from ..jobs import is_dead, rows_to_settle
from ..outputs import Output, OutputType
from ..values import (
    Attachment,
    Counts,
    Enrichment,
    Fault,
    Key,
    OutcomeStatus,
    Rows,
    Run,
    RunLimits,
    RunStatus,
    Selection,
    Specification,
    Value,
    Wish,
)
from .fitting import fitting
from .seals import is_sealed
from .tables import json_value, key_from_json, value_from_json

T = TypeVar("T")

ENRICHMENT_COLUMNS = (
    "e.id AS enrichment_id, e.table_name, e.name, e.specification, "
    "e.actor_id, e.created_at AS enrichment_created_at"
)
RUN_COLUMNS = f"r.*, {ENRICHMENT_COLUMNS}"
RUNS = "_llm_tools_runs AS r JOIN _llm_tools_enrichments AS e ON e.id = r.enrichment_id"
FOREIGN = (
    "It came with the file, or was changed there: look at what it asks, then resume it as yours "
    "or cancel it."
)
# Clocks of machines that share a file may differ; leases are of seconds.
_LONGEST_LEASE_SECONDS = 600.0
_COUNTS = tuple(each.name for each in fields(Counts))


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one row in one run.

    `values` are by output as JSON has them, `previous` what those columns held before
    (None where they held nothing). `fault`, `message` and `reply` are of a failed row;
    `fault` is the value of a Fault, whoever wrote it.
    """

    run: int
    key: Key
    status: OutcomeStatus
    values: Mapping[str, Any] | None
    previous: Mapping[str, Value] | None
    input_hash: bytes | None
    usage: Usage
    usd: float | None
    milliseconds: float
    attempts: int
    cached: bool
    model_id: str | None
    fault: str | None
    message: str | None
    reply: str | None
    answered_at: str


def enrichment_of(row: sqlite3.Row, database: str) -> Enrichment:
    """The enrichment of a row of ENRICHMENT_COLUMNS; one of MISFITS where it is none."""
    enrichment = Enrichment(
        id=row["enrichment_id"],
        database=database,
        table=row["table_name"],
        name=row["name"],
        specification=_specification(row["specification"]),
        actor_id=row["actor_id"],
        created_at=row["enrichment_created_at"],
    )
    return fitting(enrichment)


def run_of(row: sqlite3.Row, database: str) -> Run:
    """The run of a row of RUN_COLUMNS; one of MISFITS where it is none."""
    is_foreign = not is_sealed(row)
    status, reason = RunStatus(row["status"]), row["reason"]
    if is_foreign and status.is_active and not is_held(row):
        status, reason = RunStatus.PAUSED, FOREIGN
    counts = fitting(Counts(**{name: row[name] for name in _COUNTS}))
    if min(getattr(counts, name) or 0 for name in _COUNTS) < 0:
        raise ValueError("a run counts from 0")
    limits = limits_from_json(row["limits"])
    run = Run(
        number=row["number"],
        id=row["id"],
        enrichment=enrichment_of(row, database),
        status=status,
        selection=_selection(row["selection"]),
        limits=limits,
        actor=json.loads(row["actor"]) if row["actor"] else None,
        counts=replace(counts, total=rows_to_settle(counts, limits.rows)),
        wish=Wish(row["wish"]),
        reason=reason,
        created_columns=tuple(json.loads(row["created_columns"])),
        prompt_hash=row["prompt_hash"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        cursor=cursor_from_json(row["cursor"]),
        is_foreign=is_foreign,
    )
    return fitting(run)


def is_held(row: sqlite3.Row) -> bool:
    """Whether somebody works on a run; a lease that is far too long was never one."""
    until = row["lease_until"]
    moment = time.time()
    if not isinstance(until, float | int) or until > moment + _LONGEST_LEASE_SECONDS:
        return False
    return row["status"] == RunStatus.RUNNING and not is_dead(
        str(row["lease_owner"]), until, moment
    )


def result_of(row: sqlite3.Row) -> Result:
    """The result of a row of _llm_tools_results; one of MISFITS where it is none."""
    result = Result(
        run=row["run"],
        key=key_from_json(row["row_key"]),
        status=OutcomeStatus(row["status"]),
        values=json.loads(row["reply_values"]) if row["reply_values"] else None,
        previous=previous_from_json(row["previous"]),
        input_hash=row["input_hash"],
        usage=Usage(row["input_tokens"], row["output_tokens"]),
        usd=row["usd"],
        milliseconds=row["milliseconds"] or 0.0,
        attempts=row["attempts"],
        cached=bool(row["cached"]),
        model_id=row["model_id"],
        fault=row["fault"],
        message=row["message"],
        reply=row["reply"],
        answered_at=row["answered_at"] or "",
    )
    fitting(result.usage)
    return fitting(result)


def cursor_from_json(text: str | None) -> Key | None:
    """How far a run has read, as it was stored."""
    if text is None:
        return None
    return key_from_json(text) if text != "[]" else ()


def previous_from_json(text: str | None) -> dict[str, Value] | None:
    """What columns held before, as it was stored with a result."""
    if text is None:
        return None
    return {name: value_from_json(value) for name, value in json.loads(text).items()}


def to_json(value: Any) -> str:
    """A dataclass as it is stored."""
    return json.dumps(asdict(value), ensure_ascii=False, default=json_value)


def limits_from_json(text: str) -> RunLimits:
    """The limits that were stored."""
    return _known(RunLimits, json.loads(text))


def _specification(text: str) -> Specification:
    stored = json.loads(text)
    stored["outputs"] = tuple(_output(each) for each in stored["outputs"])
    stored["attachments"] = tuple(
        _known(Attachment, each) for each in stored.get("attachments", ())
    )
    return _known(Specification, stored)


def _output(stored: dict[str, Any]) -> Output:
    stored["type"] = OutputType(stored["type"])
    stored["labels"] = tuple(stored.get("labels", ()))
    return _known(Output, stored)


def _selection(text: str) -> Selection:
    stored = json.loads(text)
    stored["rows"] = Rows(stored.get("rows", Rows.ALL.value))
    stored["params"] = {
        name: value_from_json(value) for name, value in stored.get("params", {}).items()
    }
    return _known(Selection, stored)


def _known(kind: type[T], stored: Mapping[str, Any]) -> T:
    """A dataclass of those of the stored fields that it has."""
    names = {each.name for each in fields(kind)}  # type: ignore[arg-type]  # a dataclass, always
    return fitting(kind(**{name: value for name, value in stored.items() if name in names}))


def fault_name(fault: Fault | None) -> str | None:
    """A fault as it is stored."""
    return None if fault is None else fault.value
