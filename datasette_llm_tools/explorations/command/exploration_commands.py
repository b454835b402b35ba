"""`datasette llm-tools explorations …`: list, show, export and import them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from ...command_line import config_option, json_option, table_lines
from ...errors import BadInput
from ...widgets.command.command_site import as_json as json_text
from ...widgets.command.command_site import internal_option, output_option
from ..catalog_store import Entry, catalog
from ..contents import block_name
from ..documents import document_json
from ..exchange import formats
from ..exchange.files import File
from ..exchange.forking import take_in
from ..exchange.material import material
from ..exchange.offers import state_json
from ..exchange.received import file_of
from ..opening import Opened
from ..values import Mode, RowsBlock, Words
from .exploration_site import Place, opened_as, run

if TYPE_CHECKING:
    from datasette.app import Datasette

_KEPT = "The file in which explorations are kept, as Datasette's own --internal."
_databases = click.argument(
    "databases", nargs=-1, type=click.Path(dir_okay=False, path_type=Path), metavar="[DATABASE]..."
)
_actor = click.option(
    "--actor",
    default="root",
    metavar="ID",
    help="As whom, root if not said.",
)
_live = click.option(
    "--live", is_flag=True, help="Take rows as they are now, instead of those of the snapshot."
)


@click.group()
def explorations() -> None:
    """List, show, export and import explorations."""


@explorations.command(name="list")
@internal_option(_KEPT, required=True)
@click.option("--search", default="", help="Only those in which these words stand.")
@click.option("--tag", help="Only those with this tag.")
@_actor
@json_option
@config_option
def list_explorations(
    internal: Path,
    search: str,
    tag: str | None,
    actor: str,
    as_json: bool,
    config: IO[str] | None,
) -> None:
    """List one's own explorations and those that one may read."""

    async def show(datasette: Datasette) -> int:
        found = await _all(datasette, actor, search, tag)
        if as_json:
            _echo_json([_entry_json(datasette, each) for each in found])
        elif found:
            heads = ("id", "title", "author", "published", "changed")
            rows = [
                (
                    each.exploration.id,
                    each.title,
                    each.exploration.actor_id,
                    (each.exploration.published_at or "")[:19],
                    each.exploration.updated_at[:19],
                )
                for each in found
            ]
            _echo_lines(table_lines(heads, rows))
        else:
            click.echo("There are no such explorations.", err=True)
        return 0

    run(Place((), internal, config), show)


@explorations.command()
@click.argument("exploration")
@internal_option(_KEPT, required=True)
@_actor
@json_option
@config_option
def show(
    exploration: str, internal: Path, actor: str, as_json: bool, config: IO[str] | None
) -> None:
    """Show an exploration: its words, its blocks and their SQL. EXPLORATION is its id in `list`."""

    async def work(datasette: Datasette) -> int:
        found = await opened_as(datasette, actor, exploration)
        if as_json:
            state = state_json(datasette, found.exploration, found)
            _echo_json({"exploration": state, "document": document_json(found.document)})
        else:
            _tell(found)
        return 0

    run(Place((), internal, config), work)


@explorations.command()
@click.argument("exploration")
@_databases
@internal_option(_KEPT, required=True)
@output_option(
    "Where to: .html for a file that opens from disk, .json for all of it, .md for Markdown, "
    ".ipynb for a notebook, .yaml for its queries, .csv for the rows of one --block.",
    required=True,
)
@click.option("--block", "block_id", metavar="ID", help="With .csv: which block.")
@click.option("--query", help="With .csv of a widget: which of its queries.")
@_live
@_actor
@config_option
def export(
    exploration: str,
    databases: tuple[Path, ...],
    internal: Path,
    output: Path,
    block_id: str | None,
    query: str | None,
    live: bool,
    actor: str,
    config: IO[str] | None,
) -> None:
    """Write an exploration to a file.

    Rows are those of its snapshot. Where there is none, and with --live, its queries are run on
    the files of the DATABASEs that it reads.
    """

    async def work(datasette: Datasette) -> int:
        kind = _kind_of(output)
        found = await opened_as(datasette, actor, exploration, Mode.LIVE if live else None)
        file = await material(datasette, {"id": actor}, found, "")
        if kind == "csv":
            block = found.document.block(block_id or "")
            frozen = file.of(block_id or "")
            if block is None or frozen is None:
                names = ", ".join(each.block_id for each in file.frozen) or "none"
                raise BadInput(f"Choose a block with rows by --block; there are: {names}.")
            text = formats.block_csv(block, frozen, query)
        else:
            has_run = found.mode is Mode.LIVE or found.exploration.published is not None
            text = await formats.content(datasette, file, kind, has_run=has_run)
        for each in file.frozen:
            if each.refused is not None:
                click.echo(f"Block {each.block_id} has no rows: {each.refused}", err=True)
        content = text.encode("utf-8", "replace")
        await asyncio.to_thread(output.write_bytes, content)
        click.echo(f"Wrote {output}, {len(content):,} bytes.", err=True)
        return 0

    run(Place(databases, internal, config), work)


@explorations.command(name="import")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_databases
@internal_option("The file to keep it in, as Datasette's own --internal.", required=True)
@_actor
@json_option
@config_option
def import_exploration(
    file: Path,
    databases: tuple[Path, ...],
    internal: Path,
    actor: str,
    as_json: bool,
    config: IO[str] | None,
) -> None:
    """Take in an HTML or JSON file of an exploration, as a fork that names its origin."""

    async def work(datasette: Datasette) -> int:
        read = await asyncio.to_thread(_read, file)
        taken = await take_in(datasette, {"id": actor}, read)
        for each in taken.warnings:
            click.echo(each, err=True)
        if as_json:
            state = state_json(datasette, taken.exploration)
            _echo_json({"exploration": state, "warnings": list(taken.warnings)})
        else:
            click.echo(f"{taken.exploration.id}  {read.document.title}")
        return 0

    run(Place(databases, internal, config, must_exist=False), work)


async def _all(datasette: Datasette, actor: str, search: str, tag: str | None) -> list[Entry]:
    found: list[Entry] = []
    after: str | None = None
    while True:
        page = await catalog(datasette, actor, search=search, tag=tag, after=after, size=200)
        found += page.entries
        after = page.next
        if after is None:
            return found


def _read(path: Path) -> File:
    if not path.is_file():
        raise BadInput(f"There is no file {path}.")
    return file_of(path.read_bytes())


def _entry_json(datasette: Datasette, entry: Entry) -> dict[str, Any]:
    told = {"title": entry.title, "summary": entry.summary, "tags": list(entry.tags)}
    return {**state_json(datasette, entry.exploration), **told}


def _tell(found: Opened) -> None:
    """The words and the SQL, for a terminal."""
    document = found.document
    click.echo(f"{document.title} ({found.exploration.id}, version {found.revision.number})")
    if document.summary:
        click.echo(f"\n{document.summary}")
    for block in document.blocks:
        if isinstance(block, Words):
            click.echo(f"\n{block.text}")
            continue
        click.echo(f"\n{block.id}  {block.kind.value}  {block_name(block)}")
        if isinstance(block, RowsBlock):
            click.echo(f"{block.database}: {block.sql}")
        if block.text:
            click.echo(block.text)


def _kind_of(output: Path) -> str:
    """The format that a file's ending names. Raises BadInput, also where it has no folder."""
    kind = output.suffix.lower().removeprefix(".").replace("yml", "yaml")
    if kind not in formats.MEDIA_TYPES and kind != "csv":
        there = ", ".join(f".{each}" for each in (*formats.MEDIA_TYPES, "csv"))
        raise BadInput(f"A file's ending says what is written; {output.name} has none of {there}.")
    if not output.parent.is_dir():
        raise BadInput(f"There is no folder {output.parent}.")
    return kind


def _echo_lines(lines: Any) -> None:
    for line in lines:
        click.echo(line)


def _echo_json(value: Any) -> None:
    click.echo(json_text(value))
