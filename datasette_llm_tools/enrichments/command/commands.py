"""`datasette llm-tools enrich` and what goes with it: enrichments, retry, cancel, undo."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
from datasette.utils import parse_metadata

from ...command_line import (
    STOPPED_BY_SIGNAL,
    config_option,
    database_file,
    exit_after,
    json_option,
    model_option,
    opened,
    require_database,
)
from ...errors import BadInput, NotFound
from ..database import forgetting, results, store, undoing
from ..run_json import run_json, undone_json, whole_run_json
from ..values import Run, RunStatus
from ..wording import undone_words
from . import calling_off, console
from .command_runs import OWNER, Taken, Wanted, taken_run
from .command_work import Work

if TYPE_CHECKING:
    from datasette.app import Datasette


@click.command()
@database_file
@click.argument("table")
@click.option(
    "--prompt",
    required=True,
    help="What to ask of each row: a template with {{ column }} for what differs.",
)
@click.option("instructions", "--system", default="", help="Instructions, the same for every row.")
@click.option(
    "outputs",
    "--output",
    multiple=True,
    required=True,
    metavar="NAME:TYPE",
    help="A column to fill: text, text(200), integer, integer(1..5), float, boolean, date, json "
    "or label(one|another), with ? behind it if it may be empty. May be given several times.",
)
@click.option("--where", help="Rows to ask about: a condition in SQL.")
@model_option
@click.option(
    "--fallback", help="Model for rows whose reply did not fit, or of which the first is unsure."
)
@click.option(
    "options",
    "-o",
    "--option",
    multiple=True,
    nargs=2,
    metavar="NAME VALUE",
    help="An option of the model.",
)
@click.option(
    "--attach",
    multiple=True,
    metavar="COLUMN",
    help="A BLOB column that is sent along, or COLUMN:url for one that holds addresses of files.",
)
@click.option(
    "--rows-per-call",
    type=click.IntRange(1, 50),
    default=1,
    show_default=True,
    help="Short rows that go into one call.",
)
@click.option("--no-cache", is_flag=True, help="Ask again what was asked before.")
@click.option("--limit", type=click.IntRange(1), help="The most rows to ask about.")
@click.option(
    "--budget",
    type=click.FloatRange(0, min_open=True),
    help="The most to spend, in US dollars: the run pauses there.",
)
@click.option("--concurrency", type=click.IntRange(1), help="Rows to ask about at the same time.")
@click.option(
    "--overwrite",
    multiple=True,
    metavar="COLUMN",
    help="An output column that exists and may be written over; `undo` brings its values back.",
)
@click.option("--changed", is_flag=True, help="Only new rows, and rows whose input has changed.")
@click.option("--yes", is_flag=True, help="Start without a preview and without asking.")
@json_option
@config_option
def enrich(file: Path, as_json: bool, config: IO[str] | None, **options: Any) -> None:
    """Run a prompt over every row of a table and save the results in it.

    First a preview of a few rows and an estimate of the whole, and nothing is written. Ctrl-C
    pauses a run; the same command goes on with it. The exit code is 0 when no row has failed.
    """
    wanted = Wanted(as_json=as_json, **options)

    async def work(datasette: Datasette, database: str) -> int:
        taken = await taken_run(datasette, database, wanted, file)
        return 1 if taken is None else await _work(datasette, database, taken, file, as_json)

    _on(file, config, work)


@click.command()
@database_file
@click.option("--table", help="Only the runs over this table.")
@json_option
@config_option
def enrichments(file: Path, table: str | None, as_json: bool, config: IO[str] | None) -> None:
    """List the runs over the tables of a database, the newest first."""

    async def show(datasette: Datasette, database: str) -> int:
        runs = await store.runs(datasette, database, table)
        if as_json:
            click.echo(_json([run_json(datasette, run) for run in runs]))
        elif runs:
            for line in console.runs_lines(runs):
                click.echo(line)
        else:
            click.echo("Nothing was enriched here yet.", err=True)
        return 0

    _on(file, config, show)


@click.command()
@database_file
@click.argument("run")
@json_option
@config_option
def retry(file: Path, run: str, as_json: bool, config: IO[str] | None) -> None:
    """Ask the failed rows of a run again. RUN is its number in `enrichments`."""

    async def work(datasette: Datasette, database: str) -> int:
        found = await _run_named(datasette, database, run)
        if not await store.retry_failed(datasette, found, by=OWNER):
            raise BadInput(f"No row of run {found.number} has failed; there is nothing to retry.")
        found = await _run_named(datasette, database, run)
        return await _work(datasette, database, Taken(found), file, as_json)

    _on(file, config, work)


@click.command()
@database_file
@click.argument("run")
@json_option
@config_option
def cancel(file: Path, run: str, as_json: bool, config: IO[str] | None) -> None:
    """End a run; what it wrote stays until it is undone. RUN is its number in `enrichments`."""

    async def work(datasette: Datasette, database: str) -> int:
        found = await calling_off.cancelled(datasette, await _run_named(datasette, database, run))
        if found.status is RunStatus.RUNNING and not as_json:
            click.echo(f"Run {found.number} is being worked on, and ends within seconds.")
        else:
            await _tell(datasette, found, file, as_json)
        return 0

    _on(file, config, work)


@click.command()
@database_file
@click.argument("run")
@json_option
@config_option
def undo(file: Path, run: str, as_json: bool, config: IO[str] | None) -> None:
    """Bring back what the columns held before a run. RUN is its number in `enrichments`.

    A run that has not ended is cancelled first, unless it is being worked on.
    """

    async def work(datasette: Datasette, database: str) -> int:
        found = await _run_named(datasette, database, run)
        rests = await calling_off.at_rest(datasette, found, str(file))
        if rests is not found:
            was = found.status.value
            click.echo(f"Run {found.number} was {was}: it is cancelled first.", err=True)
        undone = await undoing.undo(datasette, found)
        if as_json:
            click.echo(_json({"run": found.number, **undone_json(undone)}))
        else:
            click.echo(undone_words(undone))
        return 0

    _on(file, config, work)


@click.command()
@database_file
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(file: Path, yes: bool) -> None:
    """Remove what a database keeps of runs: prompts, results, reviews. Values that were written
    stay; nothing can be undone, compared or retried afterwards."""
    if not yes and not sys.stdin.isatty():
        click.echo("Nothing was removed: add --yes to remove it.", err=True)
        sys.exit(1)
    if not yes:
        click.confirm(f"Remove what is kept of all runs in {file}?", abort=True, err=True)

    async def work(datasette: Datasette, database: str) -> int:
        forgotten = await forgetting.forget(datasette, database)
        if forgotten is None:
            click.echo("Nothing is kept of runs here.")
        else:
            runs = f"{forgotten.runs:,} run{'' if forgotten.runs == 1 else 's'}"
            rows = f"{forgotten.results:,} result{'' if forgotten.results == 1 else 's'}"
            click.echo(
                f"Removed what was kept of {runs} and {rows}. The values in the tables stay."
            )
        return 0

    _on(file, None, work)


COMMANDS = (enrich, enrichments, retry, cancel, undo, forget)


def _on(
    file: Path,
    config: IO[str] | None,
    work: Callable[[Datasette, str], Coroutine[Any, Any, int]],
) -> None:
    """Do something with a database file, and exit with the code that it gives."""

    async def inner() -> int:
        require_database(file)
        told = {"config": parse_metadata(config.read()) if config else None}
        async with opened(file, told) as (datasette, database):
            return await work(datasette, database)

    exit_after(inner(), "Stopped; nothing was begun.")


async def _run_named(datasette: Datasette, database: str, name: str) -> Run:
    """A run by its number or its id."""
    for run in await store.runs(datasette, database, limit=-1):
        if name in (str(run.number), run.id):
            return run
    raise NotFound(f"There is no run {name}; `datasette llm-tools enrichments` lists them.")


async def _work(
    datasette: Datasette, database: str, taken: Taken, file: Path, as_json: bool
) -> int:
    """Work on a run, or watch who has it, until it ends or rests; the exit code."""
    work = Work(datasette, database, taken)
    with work.listening():
        run = await work.to_the_end()
    await _tell(datasette, run, file, as_json)
    if run.status is RunStatus.DONE:
        return 1 if run.counts.failed else 0
    return STOPPED_BY_SIGNAL if work.signals else 1


async def _tell(datasette: Datasette, run: Run, file: Path, as_json: bool) -> None:
    """Print how a run ended or rests."""
    if as_json:
        click.echo(_json(await whole_run_json(datasette, run)))
    else:
        faults = await results.faults(datasette, run)
        for line in console.ending_lines(run, faults, str(file)):
            click.echo(line)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
