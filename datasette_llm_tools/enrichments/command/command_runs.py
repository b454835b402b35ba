"""From what `enrich` was asked for to a run: one that it left unfinished, or a new one.

A preview and an estimate come first, and a person says whether to start.
"""

from __future__ import annotations

import json
import shlex
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...command_line import ACTOR
from ...errors import BadInput, QueryFailed, SqlRejected
from ...model_choice import choose_model
from ...settings import read_settings
from ...sql_names import fold
from .. import jobs, previewing
from ..database import enrichment_store, leases, rows, store, tables
from ..database.selection import selection_from_where
from ..output_declarations import parse_output
from ..outputs import Output, check_outputs
from ..starting import name_of, require_columns_free, require_models
from ..values import (
    COMMAND_LINE,
    Attachment,
    Rows,
    Run,
    RunLimits,
    RunStatus,
    Selection,
    Specification,
    Wish,
)
from ..wording import rows_words
from . import console

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ..database.tables import TargetTable

_PREVIEW_ROWS = 3
# Servers can tell whose run it is: only one that has a root may go on with it.
OWNER = {**ACTOR, COMMAND_LINE: True}


@dataclass(frozen=True)
class Wanted:
    """What `enrich` was asked for."""

    table: str
    prompt: str
    instructions: str
    outputs: tuple[str, ...]
    where: str | None
    model: str | None
    fallback: str | None
    options: tuple[tuple[str, str], ...]
    attach: tuple[str, ...]
    rows_per_call: int
    no_cache: bool
    limit: int | None
    budget: float | None
    concurrency: int | None
    overwrite: tuple[str, ...]
    changed: bool
    yes: bool
    as_json: bool


@dataclass(frozen=True)
class Taken:
    """A run to work on. `is_ours`: this process has its lease already."""

    run: Run
    is_ours: bool = False


async def taken_run(
    datasette: Datasette, database: str, wanted: Wanted, file: Path
) -> Taken | None:
    """The run to work on: one that this command left unfinished, or a new one; None for neither."""
    target = await tables.require_target(datasette, database, wanted.table)
    outputs = tuple(parse_output(each) for each in wanted.outputs)
    check_outputs(outputs)
    specification = await _specification(datasette, database, wanted, outputs)
    _require_usable(specification, target)
    selection = _selection(wanted)
    limits = _limits(datasette, database, wanted)
    await require_models(datasette, ACTOR, database, specification, limits)
    earlier = [
        run
        for run in await store.runs(datasette, database, target.name)
        if run.enrichment.specification == specification and run.status is not RunStatus.UNDONE
    ]
    for run in earlier:
        if run.status.is_active and run.selection == selection:
            return Taken(await _gone_on_with(datasette, run, limits))
    await require_columns_free(datasette, database, target, specification)
    overwrite = _overwritten(target, wanted, outputs, earlier)
    await _require_rows(datasette, database, target, selection)
    say = _sayer(wanted.as_json)
    if not wanted.yes:
        say(f"{target.name} in {file.name}, {selection.description}, with {specification.model_id}")
        for output in outputs:
            say(f"  {console.output_words(output)}")
        await _preview(datasette, database, target, specification, selection, limits, say)
        if not _confirmed(wanted):
            return None
    enrichment = (
        earlier[0].enrichment
        if earlier
        else await enrichment_store.create_enrichment(
            datasette, database, target.name, name_of(specification), specification, OWNER
        )
    )
    run = await store.create_run(
        datasette,
        database,
        enrichment,
        selection,
        limits,
        OWNER,
        overwrite,
        lease=(jobs.owner(), time.time() + leases.LEASE_SECONDS),
    )
    return Taken(run, is_ours=True)


def _require_usable(specification: Specification, target: TargetTable) -> None:
    """Raise BadInput for a template, or a column to attach files from, that cannot be used."""
    previewing.needed_columns(specification, target)
    for each in specification.attachments:
        if target.column(each.column) is None:
            raise BadInput(f"There is no column {each.column} to attach files from.")


async def _require_rows(
    datasette: Datasette, database: str, target: TargetTable, selection: Selection
) -> None:
    """Raise BadInput where the condition cannot be used, or no row meets it."""
    try:
        found = await rows.count(datasette, ACTOR, database, target, selection)
    except (QueryFailed, SqlRejected) as error:
        raise BadInput(f"--where cannot be used: {error.message}") from error
    if not found:
        raise BadInput(f"There is no row to ask about in {target.name} ({selection.description}).")


async def _specification(
    datasette: Datasette, database: str, wanted: Wanted, outputs: tuple[Output, ...]
) -> Specification:
    model = await choose_model(datasette, ACTOR, previewing.PURPOSE, wanted.model, database)
    fallback = None
    if wanted.fallback:
        found = await choose_model(datasette, ACTOR, previewing.PURPOSE, wanted.fallback, database)
        fallback = found.model_id
    return Specification(
        template=wanted.prompt,
        outputs=outputs,
        model_id=model.model_id,
        instructions=wanted.instructions,
        options={name: _option_value(value) for name, value in wanted.options},
        fallback_model_id=fallback,
        rows_per_call=wanted.rows_per_call,
        attachments=tuple(_attachment(each) for each in wanted.attach),
        use_cache=not wanted.no_cache,
    )


def _option_value(text: str) -> Any:
    """A model's option: a number, true or false where it is one, text otherwise."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _attachment(text: str) -> Attachment:
    column, _, source = text.rpartition(":")
    if column and source in ("url", "blob"):
        return Attachment(column, "url" if source == "url" else "blob")
    return Attachment(text)


def _selection(wanted: Wanted) -> Selection:
    selection = selection_from_where(wanted.where) if wanted.where else Selection()
    return replace(selection, rows=Rows.CHANGED) if wanted.changed else selection


def _limits(datasette: Datasette, database: str, wanted: Wanted) -> RunLimits:
    settings = read_settings(datasette, database)
    most = settings.enrich_max_concurrency
    return RunLimits(
        usd=wanted.budget,
        rows=wanted.limit,
        concurrency=min(wanted.concurrency or settings.enrich_concurrency, most),
        seconds_per_row=float(settings.enrich_row_seconds),
    )


def _overwritten(
    target: TargetTable, wanted: Wanted, outputs: Sequence[Output], earlier: Sequence[Run]
) -> frozenset[str]:
    """Output columns that may be written over: those named; to bring them up to date, our own."""
    there = [each.name for each in outputs if target.column(each.name) is not None]
    tables.check_outputs(target, outputs, there)
    named = {fold(each) for each in wanted.overwrite}
    if wanted.changed:
        named.update(fold(column) for run in earlier for column in run.created_columns)
    refused = [each for each in there if fold(each) not in named]
    if refused:
        options = " ".join(f"--overwrite {shlex.quote(each)}" for each in refused)
        if earlier:
            raise BadInput(
                f"Run {earlier[0].number} has filled {refused[0]} with this: add --changed to ask "
                f"about new and changed rows only, or {options} to ask about all of them again."
            )
        raise BadInput(
            f"{target.name} has a column {refused[0]} already: add {options} to write over it, "
            "which `undo` takes back, or choose another name."
        )
    return frozenset(there)


async def _gone_on_with(datasette: Datasette, run: Run, limits: RunLimits) -> Run:
    """An unfinished run, with the limits of now, to be taken or watched."""
    settled = f"{run.counts.settled:,} of {rows_words(run.counts.total or 0)}"
    click.echo(f"Going on with run {run.number}, {settled} done.", err=True)
    run = await store.wish(datasette, run, Wish.RUN, by=OWNER)
    return run if limits == run.limits else await store.set_limits(datasette, run, limits)


async def _preview(
    datasette: Datasette,
    database: str,
    target: TargetTable,
    specification: Specification,
    selection: Selection,
    limits: RunLimits,
    say: Callable[[str], None],
) -> None:
    """Ask about a few rows, write nothing, and say what came and what the whole would take."""
    click.echo(f"Asking {specification.model_id} about a few rows first …", err=True)
    preview = await previewing.preview(
        datasette,
        ACTOR,
        database,
        target,
        specification,
        selection,
        limits,
        count=_PREVIEW_ROWS,
        seed=1,
    )
    say("")
    for line in console.preview_lines(preview, specification):
        say(line)
    say("")
    for line in console.estimate_lines(preview):
        say(line)


def _sayer(as_json: bool) -> Callable[[str], None]:
    """What a person reads goes to standard output, unless a program reads that."""
    return lambda text: click.echo(text, err=as_json)


def _confirmed(wanted: Wanted) -> bool:
    if not sys.stdin.isatty():
        click.echo("Nothing was written: add --yes to start.", err=True)
        return False
    # asyncio would take the first Ctrl-C for itself while this waits for an answer.
    asyncios = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return click.confirm("Start?", err=wanted.as_json)
    finally:
        signal.signal(signal.SIGINT, asyncios)
