"""`datasette llm-tools draw`: a chart of a query or a table, suggested or by a prompt."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
from rapidfuzz import process

from ...command_line import (
    ACTOR,
    config_option,
    database_file,
    json_option,
    model_option,
    table_lines,
)
from ...errors import BadInput
from ...model_choice import choose_model
from ...permissions import visible_tables
from ...sql_names import quoted
from .. import store
from ..charts import chart_data, drawing
from ..charts.drawn import Drawn, drawn_json
from ..charts.spec import spec_json
from ..exporting import exports
from ..named_queries import checked_queries
from ..values import Column, Draft, Kind, NamedQuery, Origin, Revision, Widget, Writing
from .command_site import (
    Place,
    as_json,
    internal_option,
    kind_of,
    output_option,
    run,
    write_export,
)

if TYPE_CHECKING:
    from datasette.app import Datasette

_QUERY = "rows"  # what the query of a chart is called
_TABLE_ROWS = 50
_SELECT = re.compile(r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*(?:select|with|values)\b", re.I | re.S)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart that was drawn, with who wrote its spec."""

    sql: str
    drawn: Drawn
    writing: Writing
    notes: tuple[str, ...] = ()

    def draft(self, origin: Origin) -> Draft:
        """The chart as a revision that is not kept yet."""
        columns = tuple(Column(each.name, each.type) for each in self.drawn.columns)
        queries = checked_queries([NamedQuery(_QUERY, self.sql)])
        source = json.dumps(spec_json(self.drawn.spec), ensure_ascii=False)
        return Draft(origin, source, queries, {_QUERY: columns}, self.writing)


@click.command()
@database_file
@click.argument("query", metavar="SQL|TABLE")
@click.argument("prompt", required=False)
@output_option(
    "Write the chart to a file: .svg or .png for a picture, .html for a page that opens from "
    "disk, .csv for the rows that are drawn, .json for its spec."
)
@click.option("--spec", help="Draw by this spec, a JSON object, instead of what is suggested.")
@click.option("--title", help="The chart's title, instead of one made from its columns.")
@model_option
@internal_option("Keep the chart in this file, as Datasette's own --internal.")
@json_option
@config_option
def draw(
    file: Path,
    query: str,
    prompt: str | None,
    output: Path | None,
    spec: str | None,
    title: str | None,
    model: str | None,
    internal: Path | None,
    as_json: bool,
    config: IO[str] | None,
) -> None:
    """Draw a query or a table of a database.

    Without a prompt the chart is suggested by the columns, and no model is asked. Without a file
    to write, its numbers are printed.
    """

    async def work(datasette: Datasette, database: str) -> int:
        if output is not None:
            kind_of(output)
        sql = await _select(datasette, database, query)
        chart = await _chart(datasette, database, sql, _spec(spec), prompt, model)
        if title:
            chart = replace(chart, drawn=replace(chart.drawn, title=title))
        for note in (*chart.notes, *chart.drawn.notes):
            click.echo(note, err=True)
        if internal is not None:
            kept, _ = await _kept(datasette, database, chart)
            click.echo(f"Kept as {kept.id}.", err=True)
        if as_json:
            click.echo(_drawn_text(chart))
        if output is not None:
            await write_export(datasette, _unkept(database, chart), output)
        elif not as_json:
            _print(chart.drawn)
        return 0

    run(Place(file, internal, config), work)


async def changed_chart(
    datasette: Datasette, database: str, base: Revision, prompt: str, model: str | None
) -> Chart:
    """A revision of a chart, changed by a prompt. Raises what charts/drawing.py raises."""
    (query,) = base.draft.queries
    if query.parameters:
        raise BadInput("The query of this chart has parameters; change the chart on its page.")
    return await _chart(
        datasette, database, query.sql, json.loads(base.draft.source), prompt, model
    )


async def _chart(
    datasette: Datasette,
    database: str,
    sql: str,
    spec: Mapping[str, Any] | None,
    prompt: str | None,
    model_id: str | None,
) -> Chart:
    if not prompt:
        return Chart(
            sql, await chart_data.draw(datasette, ACTOR, database, sql, {}, spec), Writing()
        )
    model = await choose_model(datasette, ACTOR, drawing.PURPOSE, model_id, database)
    changed = await drawing.change(datasette, ACTOR, database, sql, {}, spec, prompt, model)
    drawn = await chart_data.draw(datasette, ACTOR, database, sql, {}, changed.spec, changed.looked)
    return Chart(sql, drawn, changed.writing, changed.notes)


async def _select(datasette: Datasette, database: str, text: str) -> str:
    """The statement to draw: the text, or all rows of the table that it names."""
    tables = await visible_tables(datasette, ACTOR, database)
    if text in tables:
        return f"select * from {quoted(text)}"  # noqa: S608 -- names are quoted
    if _SELECT.match(text):
        return text
    near = process.extractOne(text, sorted(tables), score_cutoff=60)
    meant = f" Did you mean {near[0]}?" if near else ""
    raise BadInput(f"There is no table {text[:80]!r}, and it is no SELECT statement.{meant}")


def _spec(text: str | None) -> Mapping[str, Any] | None:
    if text is None:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput("--spec is not valid JSON.") from error
    if not isinstance(value, dict):
        raise BadInput('--spec must be a JSON object, such as {"mark": "bar"}.')
    return value


async def _kept(datasette: Datasette, database: str, chart: Chart) -> tuple[Widget, Revision]:
    return await store.create(
        datasette,
        database=database,
        kind=Kind.CHART,
        title=chart.drawn.title,
        draft=chart.draft(Origin.CREATED),
        actor_id=ACTOR["id"],
    )


def _unkept(database: str, chart: Chart) -> exports.Material:
    """What a file of a chart is made of that is kept nowhere."""
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    widget = Widget("", database, Kind.CHART, chart.drawn.title, ACTOR["id"], now, now, 1)
    revision = Revision("", 1, None, chart.draft(Origin.CREATED), ACTOR["id"], now)
    return exports.Material(widget, revision, drawn=drawn_json(chart.drawn))


def _drawn_text(chart: Chart) -> str:
    told = drawn_json(chart.drawn)
    writing = chart.writing
    tokens = {"input": writing.usage.input_tokens, "output": writing.usage.output_tokens}
    return as_json({**told, "model": writing.model_id, "tokens": tokens, "usd": writing.usd})


def _print(drawn: Drawn) -> None:
    """The chart in words and numbers, for a terminal."""
    click.echo(f"{drawn.title}\n{drawn.summary}\n")
    for line in table_lines(drawn.titles, drawn.rows[:_TABLE_ROWS]):
        click.echo(line)
    if len(drawn.rows) > _TABLE_ROWS:
        click.echo(f"… and {len(drawn.rows) - _TABLE_ROWS:,} more; -o chart.csv writes them all.")
    for each in (drawn.note, *drawn.left_out):
        if each:
            click.echo(each, err=True)
    click.echo(f"\nSpec: {json.dumps(spec_json(drawn.spec), ensure_ascii=False)}")
