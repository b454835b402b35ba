"""`datasette llm-tools eval`: how often a model is right on questions whose answers are known."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from datasette.utils import StartupError

from ..command_line import STOPPED_BY_SIGNAL, table_lines
from ..errors import LlmToolsError
from . import plans
from .command_runs import STOPPED, Ran, Wanted, evaluated
from .reports import agreement_rows, head_and_rows, notes, part_rows, report_json


@click.command(name="eval")
@click.argument("suite")
@click.option(
    "models",
    "-m",
    "--model",
    multiple=True,
    help="Model to ask, as `llm models` names it. May be given several times, to compare.",
)
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Ask N cases, drawn by chance.")
@click.option(
    "--seed", type=int, default=0, show_default=True, help="What chance goes by: same, same cases."
)
@click.option(
    "settings",
    "--set",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting of the plugin, other than by default. May be given several times.",
)
@click.option(
    "--variants",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Judge right answers on N changed copies of their database, too.",
)
@click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="SQLite file that keeps suites, runs and results.",
)
@click.option("--resume", is_flag=True, help="Go on with the latest run of the same kind in FILE.")
@click.option(
    "--concurrency",
    type=click.IntRange(1),
    help="Questions to ask at the same time: 1 of a model on this machine, else 8.",
)
@click.option("as_json", "--json", is_flag=True, help="Print everything as JSON.")
def eval_command(as_json: bool, settings: tuple[str, ...], **options: Any) -> None:
    """Ask the questions of a suite and compare the rows with the accepted ones.

    SUITE is a file named .yaml, .yml or .jsonl, or the name of a suite in FILE. Databases are
    only read. Ctrl-C ends it and reports what was done; the exit code is 0 where every case was
    asked.
    """
    try:
        ran = asyncio.run(evaluated(Wanted(settings=settings_of(settings), **options)))
    except (LlmToolsError, StartupError) as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        raise click.ClickException("Stopped; nothing was begun.") from None
    if as_json:
        told = report_json(ran.suite.name, ran.cases, ran.runs)
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _print(ran)
    if ran.stopped:
        click.echo(ran.stopped, err=True)
        sys.exit(STOPPED_BY_SIGNAL if ran.stopped == STOPPED else 1)


def _print(ran: Ran) -> None:
    plan = ran.runs[0].run.plan
    head = [ran.suite.name, f"{len(ran.cases):,} cases"]
    if len(ran.cases) < len(ran.suite.cases):
        head[1] = f"{len(ran.cases):,} of {len(ran.suite.cases):,} cases by seed {plan.seed}"
    head += [f"{name}={value}" for name, value in plan.settings.items()]
    click.echo(", ".join(head))
    tables = (head_and_rows(ran.runs), part_rows(ran.cases, ran.runs), agreement_rows(ran.runs))
    for heads, rows in tables:
        if rows:
            click.echo()
            for line in table_lines(heads, rows):
                click.echo(line)
    said = list(notes(len(ran.cases), ran.runs))
    if said:
        click.echo("\n" + "\n".join(said))


def settings_of(written: Sequence[str]) -> dict[str, Any]:
    """The values of --set as settings of their types. Raises BadInput."""
    return plans.settings_of(written, "--set ")
