"""`datasette llm-tools …`: the same features from the command line.

`ask` does not ask back: what is missing is an error with a sentence, and the
exit code is 0 only when there is an answer.
"""

from __future__ import annotations

import asyncio
import csv
import json
import sys
import tempfile
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import click
from datasette.utils import BadMetadataError, StartupError, parse_metadata

from .command_line import ACTOR, config_option, is_database, model_option, opened, table_lines
from .enrichments.command.commands import COMMANDS
from .errors import BadInput, LlmToolsError
from .evals.command import eval_command
from .evals.suite_commands import eval_case, eval_suite
from .explorations.command.exploration_commands import explorations
from .local_model.commands import local_model
from .questions.answering import Answering
from .questions.asking import prepare
from .questions.empty_results import empty_result
from .questions.explaining.reading import explain
from .questions.explaining.values import Explanation, explanation_lines
from .questions.investigating.lines import claim_line, step_lines
from .questions.investigating.loop import Investigating
from .questions.investigating.planned import investigating
from .questions.investigating.reading import investigation_json, just_read
from .questions.investigating.values import InvestigationStepEnded
from .questions.values import Answer, Status, Step, StepBegan, answer_json
from .uploads.store import load_file
from .widgets.command.draw_command import draw
from .widgets.command.widget_commands import widgets

_TABLE_FILES = {".csv", ".tsv", ".tab", ".txt", ".json", ".jsonl", ".ndjson", ".geojson"}
_TABLE_ROWS = 50


@click.group(name="llm-tools")
def llm_tools() -> None:
    """Ask databases questions with language models, draw charts and widgets, enrich tables."""


llm_tools.add_command(local_model)
llm_tools.add_command(eval_command)
for each in (*COMMANDS, draw, widgets, eval_case, eval_suite, explorations):
    llm_tools.add_command(each)


@dataclass(frozen=True)
class Output:
    """Which form of the answer was asked for; at most one of them."""

    sql: bool = False
    json: bool = False
    csv: bool = False
    table: bool = False

    def __post_init__(self) -> None:
        if sum((self.sql, self.json, self.csv, self.table)) > 1:
            raise BadInput("Choose one of --sql, --json, --csv and --table.")

    @property
    def wants_words(self) -> bool:
        """Only a person and --json read the answer in words."""
        return self.json or not (self.sql or self.csv or self.table)


@dataclass(frozen=True)
class Asked:
    """A question and how it is to be answered."""

    question: str
    model: str | None
    in_words: bool
    investigate: bool


@llm_tools.command()
@click.argument("arguments", nargs=-1, required=True, metavar="FILE... QUESTION")
@click.option("sql", "--sql", is_flag=True, help="Print only the SQL.")
@click.option("as_json", "--json", is_flag=True, help="Print everything as JSON.")
@click.option("as_csv", "--csv", is_flag=True, help="Print the rows as CSV.")
@click.option("as_table", "--table", is_flag=True, help="Print the rows as a table.")
@click.option("explain_it", "--explain", is_flag=True, help="Say in words what the SQL does.")
@click.option(
    "--investigate",
    is_flag=True,
    help="Find out in several steps; each is told on standard error as it ends.",
)
@model_option
@click.option(
    "--metadata",
    type=click.File(),
    help="Datasette metadata (YAML or JSON); descriptions help the model.",
)
@config_option
def ask(
    arguments: tuple[str, ...],
    sql: bool,
    as_json: bool,
    as_csv: bool,
    as_table: bool,
    explain_it: bool,
    investigate: bool,
    model: str | None,
    metadata: IO[str] | None,
    config: IO[str] | None,
) -> None:
    """Ask a question about a SQLite database or about CSV, TSV and JSON files."""
    *files, question = arguments
    try:
        output = Output(sql, as_json, as_csv, as_table)
        told = {
            "metadata": parse_metadata(metadata.read()) if metadata else None,
            "config": parse_metadata(config.read()) if config else None,
        }
        asked = Asked(question, model, output.wants_words, investigate)
        answer, explanation = asyncio.run(_answer(_existing(files), asked, told))
    except (LlmToolsError, BadMetadataError, StartupError) as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        raise click.ClickException("Stopped.") from None
    _print(question, answer, output, explanation)
    if explain_it and answer.result is not None and not output.json:
        # Beside SQL, CSV or a table that a program reads, it goes where a person looks.
        for line in explanation_lines(explanation):
            click.echo(line, err=not output.wants_words)
    sys.exit(0 if answer.status is Status.ANSWERED else 1)


def _existing(files: list[str]) -> list[Path]:
    """The files to ask: one database, or any number of files that become tables of one."""
    if not files:
        raise BadInput("Name a file and then the question, as in: ask data.csv 'How many rows?'")
    paths = [Path(each) for each in files]
    for path in paths:
        if not path.is_file():
            raise BadInput(f"There is no file {path}; put the question last, in quotes.")
    databases = [path for path in paths if path.suffix.lower() not in _TABLE_FILES]
    for path in databases:
        if not is_database(path):
            raise BadInput(f"{path} is not a SQLite database, nor named .csv, .tsv or .json.")
    if databases and len(paths) > 1:
        raise BadInput(
            "Ask one database at a time, or several CSV, TSV and JSON files without a database."
        )
    return paths


async def _answer(
    paths: list[Path], asked: Asked, told: dict[str, Any]
) -> tuple[Answer, Explanation | None]:
    async with AsyncExitStack() as stack:
        path = paths[0]
        if path.suffix.lower() in _TABLE_FILES:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="llm-tools-"))
            path = _load(paths, Path(folder) / f"{path.stem or 'data'}.db")
        datasette, database = await stack.enter_async_context(opened(path, told))
        asking = await prepare(
            datasette,
            ACTOR,
            database,
            asked.question,
            model_id=asked.model,
            in_words=asked.in_words,
        )
        answer = await _watch(investigating(asking) if asked.investigate else Answering(asking))
        explanation = None
        if answer.sql and answer.status is Status.ANSWERED:
            explanation = explain(answer.sql, asking.schema)
        return answer, explanation


def _load(paths: list[Path], database: Path) -> Path:
    for path in paths:
        for note in load_file(path, path.name, database).notes:
            click.echo(f"{path.name}: {note}", err=True)
    return database


async def _watch(answering: Answering | Investigating) -> Answer:
    """Follow an answer, saying on a terminal what is being done, and each step as it ends."""
    watched = sys.stderr.isatty()
    async with aclosing(answering.events()) as events:
        async for event in events:
            if watched and isinstance(event, StepBegan):
                _say(event.step)
            if isinstance(event, InvestigationStepEnded):
                if watched:
                    _say(None)
                click.echo("\n".join(step_lines(event.step)), err=True)
    if watched:
        _say(None)
    return answering.answer


def _say(step: Step | None) -> None:
    click.echo("\r\x1b[K" + (f"{step.value}…" if step else ""), nl=False, err=True)


def _print(question: str, answer: Answer, output: Output, explanation: Explanation | None) -> None:
    if output.json:
        told = answer_json(question, answer, explanation)
        if answer.investigation is not None:
            told = investigation_json(question, answer, just_read(answer.investigation))
        del told["calls"]  # every word that was sent: pages of it
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    if answer.result is None:
        if answer.sql:
            click.echo(answer.sql, err=not output.sql)
        click.echo(f"Error: {answer.error}", err=True)
        return
    if output.csv or output.table:
        click.echo(answer.sql, err=True)
    if output.csv:
        writer = csv.writer(sys.stdout)
        writer.writerows([answer.columns, *answer.result.rows])
    elif output.sql:
        click.echo(answer.sql)
    elif output.table:
        _print_table(answer)
    else:
        click.echo(f"{answer.sql}\n")
        _print_table(answer)
        click.echo(f"\n{_words(answer)}".rstrip())
        if answer.unfounded:
            click.echo(f"Not in the rows: {', '.join(answer.unfounded)}.", err=True)
    _print_asked_back(answer)
    if answer.truncated:
        click.echo(f"Only the first {answer.row_count} rows are given; there are more.", err=True)


def _print_asked_back(answer: Answer) -> None:
    """Which reading was meant is for a person to say: the question, and the SQL of each."""
    asked = answer.asked_back
    if asked is not None:
        click.echo(f"\n{asked.question}", err=True)
        for option in asked.options:
            click.echo(f"  {option.button}\n    {' '.join(option.sql.split())}", err=True)


def _words(answer: Answer) -> str:
    """The answer in words; of an investigation a line for each claim."""
    claims = answer.investigation.claims if answer.investigation else ()
    said = "\n".join(map(claim_line, claims)) or answer.text or answer.error
    if said or answer.result is None:
        return said or ""
    empty = empty_result(answer.result, None)
    return empty.sentence if empty else ""


def _print_table(answer: Answer) -> None:
    rows = answer.result.rows if answer.result else ()
    for line in table_lines(answer.columns, rows[:_TABLE_ROWS]):
        click.echo(line)
    if len(rows) > _TABLE_ROWS:
        click.echo(f"… and {len(rows) - _TABLE_ROWS} more rows; --csv gives them all.")
