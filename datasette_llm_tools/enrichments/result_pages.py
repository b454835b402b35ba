"""What came of rows in a run, as tables show it and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ..errors import LlmToolsError
from . import links
from .contexts import ResultLine, ResultsPage
from .database import results, rows
from .database.records import Result
from .database.tables import json_value, key_json, require_target
from .previewing import needed_columns
from .values import Fault, Key, OutcomeStatus, Row, Run
from .wording import cell_text, input_words, key_label, seconds_words, tokens_words

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ..permissions import Actor

_PER_PAGE = 100


def kind_of(status: OutcomeStatus | None, fault: Fault | None) -> dict[str, str]:
    """Which results, as an address says it."""
    found = {"status": status.value} if status else {}
    return {**found, "fault": fault.name.lower()} if fault else found


async def results_page(
    datasette: Datasette,
    actor: Actor,
    run: Run,
    *,
    status: OutcomeStatus | None,
    fault: Fault | None,
    after: Key | None,
) -> tuple[ResultsPage, tuple[Result, ...]]:
    """A page of a run's results, by key, perhaps only those of one kind, and the results."""
    found = await results.results(
        datasette, run, status=status, fault=fault, after=after, limit=_PER_PAGE
    )
    url = links.run_url(datasette, run.enrichment.database, run.id)
    query = kind_of(status, fault)
    following = {**query, "after": key_json(found[-1].key)} if len(found) == _PER_PAGE else None
    choices: list[tuple[str, OutcomeStatus | None]] = [
        ("All", None),
        ("Done", OutcomeStatus.DONE),
        ("Failed", OutcomeStatus.FAILED),
        ("Skipped", OutcomeStatus.SKIPPED),
    ]
    views = [
        (label, f"?{urlencode(kind_of(each, None))}", each is status and fault is None)
        for label, each in choices
    ]
    page = ResultsPage(
        database=run.enrichment.database,
        table=run.enrichment.table,
        title=fault.value if fault else "Results",
        run_url=url,
        outputs=output_names(run),
        lines=await result_lines(datasette, actor, run, found),
        views=views,
        next_url=f"?{urlencode(following)}" if following else None,
    )
    return page, found


def result_json(result: Result) -> dict[str, Any]:
    """A result for a program."""
    return {
        "key": [json_value(each) for each in result.key],
        "status": result.status.value,
        "values": result.values,
        "fault": result.fault,
        "message": result.message,
        "reply": result.reply,
        "model": result.model_id,
        "input_tokens": result.usage.input_tokens,
        "output_tokens": result.usage.output_tokens,
        "usd": result.usd,
        "milliseconds": result.milliseconds,
        "attempts": result.attempts,
        "cached": result.cached,
        "answered_at": result.answered_at,
    }


async def result_lines(
    datasette: Datasette, actor: Actor, run: Run, found: Sequence[Result]
) -> list[ResultLine]:
    """Results as tables show them, with the rows as the reader may read them now."""
    there = await _rows_of(datasette, actor, run, [each.key for each in found])
    return [_line(datasette, run, each, there.get(each.key)) for each in found]


async def _rows_of(
    datasette: Datasette, actor: Actor, run: Run, keys: Sequence[Key]
) -> dict[Key, Row]:
    """What the prompt used of these rows; nothing where that cannot be read any more."""
    enrichment = run.enrichment
    try:
        target = await require_target(datasette, enrichment.database, enrichment.table)
        columns = needed_columns(enrichment.specification, target)
        return await rows.read_rows(datasette, actor, enrichment.database, target, keys, columns)
    except LlmToolsError:
        return {}


def _line(datasette: Datasette, run: Run, result: Result, row: Row | None) -> ResultLine:
    enrichment = run.enrichment
    values = result.values or {}
    message = result.message
    if result.fault:
        message = f"{result.fault}: {message}" if message else result.fault
    return ResultLine(
        label=key_label(result.key),
        url=links.row_url(datasette, enrichment.database, enrichment.table, result.key),
        input=input_words(row.values) if row else "",
        status=result.status.value,
        cells=[cell_text(values.get(each)) for each in output_names(run)],
        message=message,
        reply=result.reply,
        how=_how(run, result),
    )


def output_names(run: Run) -> list[str]:
    """The columns that a run fills."""
    return [each.name for each in run.enrichment.specification.outputs]


def _how(run: Run, result: Result) -> str:
    """Model, tokens and time of a result, as far as they say anything."""
    if result.cached:
        return "as the same prompt before"
    if not result.attempts:
        return ""
    parts = (
        []
        if result.model_id in (None, run.enrichment.specification.model_id)
        else [str(result.model_id)]
    )
    parts += [tokens_words(result.usage), seconds_words(result.milliseconds / 1000)]
    if result.attempts > 1:
        parts.append(f"{result.attempts} attempts")
    return ", ".join(parts)
