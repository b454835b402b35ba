"""`datasette llm-tools eval-case` and `eval-suite`: suites that a file keeps, but for running."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from datasette.utils import StartupError

from ..command_line import opened_files
from ..errors import LlmToolsError
from ..kept_databases import settle
from . import store
from .marking import suite_name
from .suites import read_suite
from .values import Accepted, Case, Instead
from .yaml_suites import suite_yaml

if TYPE_CHECKING:
    from datasette.database import Database

Done = TypeVar("Done")

save_option = click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="SQLite file that keeps suites; that of a server is called evals.db by default.",
)


@click.command(name="eval-case")
@click.argument("suite")
@click.argument("question")
@click.argument("sql", nargs=-1)
@save_option
@click.option(
    "--database",
    required=True,
    metavar="DATABASE",
    help="What is asked: a SQLite file, or the name of a database that a server has.",
)
@click.option(
    "--expect",
    type=click.Choice([each.value for each in Instead]),
    help="What is right in place of rows.",
)
@click.option("--id", "case_id", help="What the case is called, over one of that name.")
@click.option("tags", "--tag", multiple=True, help="A word to read results apart by; several.")
def eval_case(
    suite: str,
    question: str,
    sql: tuple[str, ...],
    save: Path,
    database: str,
    expect: str | None,
    case_id: str | None,
    tags: tuple[str, ...],
) -> None:
    """Add a case to a suite that is kept, which is made if need be.

    Each SQL is a statement whose rows are right.
    """
    if bool(sql) == bool(expect):
        raise click.ClickException("Give SQL whose rows are right, or --expect; one of the two.")
    accepted: Accepted = Instead(expect) if expect else sql
    file = Path(database)
    place = str(file.resolve()) if file.is_file() else database
    case = Case(case_id or secrets.token_hex(4), question, place, accepted, tags)

    async def add(kept: Database) -> int:
        await store.add_case(kept, suite_name(suite), case)
        return len((await store.suite_of(kept, suite_name(suite))).cases)

    number = _done(save, add)
    click.echo(f"{suite}: {number:,} case{'' if number == 1 else 's'}")


@click.group(name="eval-suite")
def eval_suite() -> None:
    """Suites that a file keeps: put one in, write one out, list them."""


@eval_suite.command(name="import")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@save_option
@click.option("--name", help="What the suite is called, other than in its file.")
def import_(file: Path, save: Path, name: str | None) -> None:
    """Keep the suite of a YAML or JSONL file, over one of the same name."""

    async def keep(kept: Database) -> str:
        suite = await asyncio.to_thread(read_suite, file)
        suite = replace(suite, name=suite_name(name or suite.name))
        await store.save_suite(kept, suite)
        return f"{suite.name}: {len(suite.cases):,} cases"

    click.echo(_done(save, keep))


@eval_suite.command()
@click.argument("suite")
@save_option
def export(suite: str, save: Path) -> None:
    """Print a suite as YAML, to be kept in this folder."""

    async def written(kept: Database) -> str:
        return suite_yaml(await store.suite_of(kept, suite), Path.cwd())

    click.echo(_done(save, written, must_exist=True), nl=False)


@eval_suite.command(name="list")
@save_option
def list_(save: Path) -> None:
    """Print the names of the suites."""

    async def names(kept: Database) -> list[str]:
        return list(await store.suite_names(kept))

    for name in _done(save, names, must_exist=True):
        click.echo(name)


def _done(
    save: Path, work: Callable[[Database], Awaitable[Done]], *, must_exist: bool = False
) -> Done:
    """Do something with the file that keeps suites; errors become one sentence."""

    async def done() -> Done:
        try:
            async with opened_files([], {}) as (datasette, _):
                return await work(await store.opened_file(datasette, save))
        finally:
            settle(save)

    if must_exist and not save.is_file():
        raise click.ClickException(f"There is no file {save}.")
    try:
        return asyncio.run(done())
    except (LlmToolsError, StartupError) as error:
        raise click.ClickException(str(error)) from error
