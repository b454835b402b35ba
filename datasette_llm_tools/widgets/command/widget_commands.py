"""`datasette llm-tools widgets …`: make, list, revise and export charts and documents."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from ...command_line import (
    ACTOR,
    config_option,
    database_file,
    json_option,
    model_option,
    table_lines,
)
from ...errors import BadInput, NotAllowed
from .. import store
from ..access import revision_of
from ..documents.generating import Wish, prepare
from ..documents.keeping import Keeping
from ..exporting import export_data, exports
from ..values import Kind, Origin, Widget
from ..widget_pages import widget_json
from .command_site import (
    Place,
    all_widgets,
    as_json,
    internal_option,
    kind_of,
    output_option,
    run,
    widget_named,
    write_export,
)
from .draw_command import changed_chart
from .outcomes import ended, made

if TYPE_CHECKING:
    from datasette.app import Datasette

_KEPT = "The file in which widgets are kept, as Datasette's own --internal."
_HTML = "Write one HTML file that shows it from disk, with the rows as they are now."


@click.group()
def widgets() -> None:
    """Make charts and interactive widgets by prompting, and export them as files."""


@widgets.command(name="list")
@database_file
@internal_option(_KEPT, required=True)
@json_option
@config_option
def list_widgets(file: Path, internal: Path, as_json: bool, config: IO[str] | None) -> None:
    """List the widgets over a database, the newest first."""

    async def show(datasette: Datasette, database: str) -> int:
        found = await all_widgets(datasette, database)
        if as_json:
            _echo_json([widget_json(datasette, each) for each in found])
        elif found:
            heads = ("id", "kind", "title", "version", "changed")
            rows = [(w.id, w.kind.value, w.title, w.current, w.updated_at[:19]) for w in found]
            _echo_lines(table_lines(heads, rows))
        else:
            click.echo("There are no widgets over this database yet.", err=True)
        return 0

    run(Place(file, internal, config, must_exist=True), show)


@widgets.command()
@database_file
@click.argument("widget")
@internal_option(_KEPT, required=True)
@click.option("--source", is_flag=True, help="Print only the source of the version.")
@click.option("--number", type=click.IntRange(1), help="A version other than the current one.")
@json_option
@config_option
def show(
    file: Path,
    widget: str,
    internal: Path,
    source: bool,
    number: int | None,
    as_json: bool,
    config: IO[str] | None,
) -> None:
    """Show a widget: its versions, its queries and its source. WIDGET is its id in `list`."""

    async def work(datasette: Datasette, database: str) -> int:
        found = await widget_named(datasette, database, widget)
        revision = await revision_of(datasette, found, number)
        if source:
            click.echo(revision.draft.source)
        elif as_json:
            is_owner = found.actor_id == ACTOR["id"]
            told = export_data.widget_json(datasette, found, is_owner=is_owner, number=number)
            _echo_json(await told)
        else:
            await _tell(datasette, found)
            for query in revision.draft.queries:
                click.echo(f"\n{query.name}:\n{query.sql}")
        return 0

    run(Place(file, internal, config, must_exist=True), work)


@widgets.command()
@database_file
@click.argument("prompt")
@click.option("--sql", help="A query to start from.")
@model_option
@internal_option("Keep the widget in this file, as Datasette's own --internal.")
@output_option(_HTML)
@json_option
@config_option
def create(
    file: Path,
    prompt: str,
    sql: str | None,
    model: str | None,
    internal: Path | None,
    output: Path | None,
    as_json: bool,
    config: IO[str] | None,
) -> None:
    """Make an interactive widget over a database by a prompt. The exit code is 0 if it is whole."""

    async def work(datasette: Datasette, database: str) -> int:
        _check_outputs(internal, output)
        wish = Wish(prompt, model_id=model, sql=sql)
        generating = await prepare(datasette, ACTOR, database, wish)
        keeping = Keeping(datasette, ACTOR, generating)
        return await made(datasette, keeping, internal, output, as_json)

    run(Place(file, internal, config), work)


@widgets.command()
@database_file
@click.argument("widget")
@click.argument("prompt")
@model_option
@internal_option(_KEPT, required=True)
@output_option(_HTML)
@json_option
@config_option
def revise(
    file: Path,
    widget: str,
    prompt: str,
    model: str | None,
    internal: Path,
    output: Path | None,
    as_json: bool,
    config: IO[str] | None,
) -> None:
    """Change a widget by a prompt: a new version, and the earlier ones stay."""

    async def work(datasette: Datasette, database: str) -> int:
        _check_outputs(internal, output)
        found = await widget_named(datasette, database, widget)
        if found.actor_id != ACTOR["id"]:
            raise NotAllowed("Only its owner may change this widget.")
        base = await revision_of(datasette, found)
        if found.kind is Kind.CHART:
            chart = await changed_chart(datasette, database, base, prompt, model)
            draft = chart.draft(Origin.CHANGED)
            added = await store.add_revision(
                datasette, found.id, draft, parent=base.number, actor_id=ACTOR["id"]
            )
            return await ended(datasette, found, added, chart.notes, None, output, as_json)
        wish = Wish(prompt, model_id=model, base=base)
        generating = await prepare(datasette, ACTOR, database, wish)
        keeping = Keeping(datasette, ACTOR, generating, widget=found, parent=base.number)
        return await made(datasette, keeping, internal, output, as_json)

    run(Place(file, internal, config, must_exist=True), work)


@widgets.command()
@database_file
@click.argument("widget")
@internal_option(_KEPT, required=True)
@output_option(
    "Where to: .html for a file that shows it from disk, .svg or .png for a picture of a chart, "
    ".csv for its rows, .json for its source.",
    required=True,
)
@click.option("--number", type=click.IntRange(1), help="A version other than the current one.")
@click.option("--query", help="With .csv, which of the widget's queries.")
@config_option
def export(
    file: Path,
    widget: str,
    internal: Path,
    output: Path,
    number: int | None,
    query: str | None,
    config: IO[str] | None,
) -> None:
    """Write a widget to a file, with the rows as they are now. WIDGET is its id in `list`."""

    async def work(datasette: Datasette, database: str) -> int:
        kind_of(output)
        found = await widget_named(datasette, database, widget)
        revision = await revision_of(datasette, found, number)
        made_of = await exports.material(datasette, ACTOR, found, revision)
        await write_export(datasette, made_of, output, query)
        return 0

    run(Place(file, internal, config, must_exist=True), work)


def _check_outputs(internal: Path | None, output: Path | None) -> None:
    """Before a model is paid: there is somewhere to put what it writes."""
    if internal is None and output is None:
        raise BadInput(
            "Say where the widget goes: -o widget.html writes a file, --internal FILE keeps it."
        )
    if output is not None and kind_of(output) not in ("html", "csv", "json"):
        raise BadInput("There are pictures of charts only; write an .html file.")


async def _tell(datasette: Datasette, widget: Widget) -> None:
    """The title of a widget and its versions."""
    click.echo(f"{widget.title} ({widget.kind.value}, {widget.id})\n")
    found = await store.revisions(datasette, widget.id)
    heads = ("version", "from", "how", "model", "made", "prompt")
    rows = [
        (
            each.number,
            each.parent,
            each.origin.value,
            each.writing.model_id,
            each.created_at[:19],
            each.writing.prompt,
        )
        for each in found
    ]
    _echo_lines(table_lines(heads, rows))


def _echo_lines(lines: Any) -> None:
    for line in lines:
        click.echo(line)


def _echo_json(value: Any) -> None:
    click.echo(as_json(value))
