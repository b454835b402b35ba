"""An investigation as somebody reads it: rows read now, as the reader, and nothing else to see.

What follows on a step that the reader may not read was written by a model that had seen its rows:
it is held back with them, and so is the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ...errors import LlmToolsError, QueryFailed, QueryTimedOut
from ...queries import Limits, QueryResult, run_query
from ...settings import read_settings
from ..store import Question, actor_id
from ..values import Answer, answer_json, rows_json
from . import looks
from .values import Investigation, InvestigationStep, Tool

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ...permissions import Actor
    from ...schema import Schema

_CHECK_MS = 200
_AFTER = "This step followed on one that you may not read."
_UNREAD = "This step came to nothing."


@dataclass(frozen=True)
class ReadStep:
    """A step with its rows or, of a look at tables, `described`; or why the reader gets neither."""

    step: InvestigationStep
    result: QueryResult | None = None
    described: str | None = None
    refused: str | None = None


async def read_investigation(
    datasette: Datasette, actor: Actor, question: Question, schema: Schema
) -> list[ReadStep]:
    """The steps as this actor may read them; `schema` is what they may see.

    Rows that an investigation still has, because it has just ended, are not read again.
    """
    investigation, database = question.answer.investigation, question.database
    is_owner = question.actor_id == actor_id(actor)
    found: list[ReadStep] = []
    may_go_on = True
    for step in investigation.steps if investigation else ():
        if may_go_on:
            read = await _read(datasette, actor, database, step, schema, is_owner=is_owner)
            may_go_on = read.refused is None
        else:
            read = ReadStep(InvestigationStep(step.number), refused=_AFTER)
        found.append(read)
    return found


def as_read(answer: Answer, steps: list[ReadStep]) -> Answer:
    """The answer as far as the reader of these steps may have it: whole, or without words."""
    refused = next((each.refused for each in steps if each.refused), None)
    if refused is None:
        main = next((each.result for each in steps if each.step.sql == answer.sql), None)
        return replace(answer, result=main)
    calls = tuple(replace(call, messages=(), reply="") for call in answer.calls)
    return replace(answer, sql=None, text=None, tables=(), unfounded=(), error=refused, calls=calls)


def investigation_json(question: str, answer: Answer, steps: list[ReadStep]) -> dict[str, Any]:
    """The answer for programs, as `answer_json` gives it, with `investigation`."""
    investigation = answer.investigation
    assert investigation is not None
    read = as_read(answer, steps)
    return {
        **answer_json(question, read),
        "investigation": {
            "most": investigation.most,
            "steps": [step_json(each) for each in steps],
            "claims": [
                {"text": claim.text, "steps": list(claim.steps)}
                for claim in (investigation.claims if read.text else ())
            ],
        },
    }


def just_read(investigation: Investigation) -> list[ReadStep]:
    """The steps of an investigation that has just ended, for whoever asked."""
    return [ReadStep(step, result=step.result) for step in investigation.steps]


def step_json(read: ReadStep) -> Mapping[str, Any]:
    """One step for programs."""
    step, result = read.step, read.result
    return {
        "number": step.number,
        "thought": step.thought,
        "tool": step.tool.value if step.tool else None,
        "about": list(step.about),
        "sql": step.sql,
        "columns": list(result.columns) if result else None,
        "rows": rows_json(result) if result else None,
        "truncated": bool(result and result.truncated),
        "error": read.refused or step.error,
        "milliseconds": round(step.milliseconds, 1),
    }


async def _read(
    datasette: Datasette,
    actor: Actor,
    database: str,
    step: InvestigationStep,
    schema: Schema,
    *,
    is_owner: bool,
) -> ReadStep:
    if step.result is not None:
        return ReadStep(step, step.result)
    if step.has_rows:
        try:
            result = await run_query(datasette, database, step.sql or "", actor=actor)
        except LlmToolsError as error:
            return ReadStep(InvestigationStep(step.number), refused=error.message)
        return ReadStep(step, result)
    if step.tool is Tool.TABLES and not step.error:
        try:
            return ReadStep(step, described=looks.tables_text(step.about, schema))
        except looks.LookFailed as error:
            return ReadStep(InvestigationStep(step.number), refused=str(error))
    if (
        step.error
        and not is_owner
        and not await _may_read_failure(datasette, actor, database, step)
    ):
        # Names of tables and columns as their owner sees them.
        return ReadStep(InvestigationStep(step.number, tool=step.tool, error=_UNREAD))
    return ReadStep(step)


async def _may_read_failure(
    datasette: Datasette, actor: Actor, database: str, step: InvestigationStep
) -> bool:
    """Whether a statement that did not run fails in the same words for this reader."""
    if step.sql is None:
        return False
    limits = replace(Limits.of(read_settings(datasette, database)), milliseconds=_CHECK_MS, rows=1)
    try:
        await run_query(datasette, database, step.sql, actor=actor, limits=limits)
    except QueryTimedOut:
        return True
    except QueryFailed as error:
        return error.message == step.error
    except LlmToolsError:
        return False
    return True
