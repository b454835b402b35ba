"""What the commands of widgets share: a Datasette on the file, its widgets, files that come out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
from datasette.utils import parse_metadata

from ...command_line import ACTOR, exit_after, is_database, opened, require_database
from ...errors import BadInput, NotFound
from .. import catalog_store
from ..exporting import exports
from ..values import Widget

if TYPE_CHECKING:
    from datasette.app import Datasette


def internal_option(text: str, *, required: bool = False) -> Callable[[Any], Any]:
    """`--internal FILE`, as Datasette has it; `text` says what it is for here."""
    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option("--internal", type=kind, required=required, metavar="FILE", help=text)


def output_option(text: str, *, required: bool = False) -> Callable[[Any], Any]:
    """`-o FILE`, whose ending says what is written."""
    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option(
        "output", "-o", "--output", type=kind, required=required, metavar="FILE", help=text
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command works: the database, what keeps widgets, and the configuration."""

    file: Path
    internal: Path | None = None
    config: IO[str] | None = None
    must_exist: bool = False  # the file of widgets


def run(place: Place, work: Callable[[Datasette, str], Coroutine[Any, Any, int]]) -> None:
    """Open the database, do the work, and end with its exit code; errors in one sentence."""

    async def inner() -> int:
        _check(place)
        told: dict[str, Any] = {"internal": str(place.internal) if place.internal else None}
        told["config"] = parse_metadata(place.config.read()) if place.config else None
        async with opened(place.file, told) as (datasette, database):
            return await work(datasette, database)

    try:
        exit_after(inner(), "Stopped.")
    except OSError as error:
        raise click.ClickException(str(error)) from error


def _check(place: Place) -> None:
    require_database(place.file)
    internal = place.internal
    if internal is not None and place.must_exist and not internal.is_file():
        raise BadInput(f"There is no file {internal}; it is made by `widgets create --internal`.")
    if internal is not None and not internal.absolute().parent.is_dir():
        raise BadInput(f"There is no folder {internal.parent} for {internal.name}; make it first.")
    if internal is not None and internal.is_file() and internal.stat().st_size:
        if not is_database(internal):
            raise BadInput(f"{internal} is not a SQLite database.")
        if internal.samefile(place.file):
            raise BadInput("--internal is a file of its own, beside the database.")


async def widget_named(datasette: Datasette, database: str, name: str) -> Widget:
    """A widget by its id or the beginning of it, over this database. Raises NotFound, BadInput."""
    found = [each for each in await all_widgets(datasette, database) if each.id.startswith(name)]
    if not name or not found:
        raise NotFound(f"There is no widget {name} here; `widgets list` shows those that are.")
    if len(found) > 1:
        raise BadInput(f"{len(found)} widgets begin with {name}; give more of the id.")
    return found[0]


async def all_widgets(datasette: Datasette, database: str) -> list[Widget]:
    """Widgets over this database that the command line made, and shared ones, newest first."""
    found: list[Widget] = []
    after: str | None = None
    while True:
        page = await catalog_store.catalog(
            datasette, ACTOR["id"], [database], after=after, size=200
        )
        found += page.widgets
        after = page.next
        if after is None:
            return found


async def write_export(
    datasette: Datasette, made_of: exports.Material, output: Path, query: str | None = None
) -> None:
    """Write a widget to a file in the format that the file's ending names. Raises BadInput."""
    content = await exports.content(datasette, made_of, kind_of(output), query)
    try:
        await asyncio.to_thread(output.write_bytes, content)
    except OSError as error:
        raise BadInput(f"{output} cannot be written: {error.strerror}.") from error
    click.echo(f"Wrote {output}, {len(content):,} bytes.", err=True)


def kind_of(output: Path) -> str:
    """The format that a file's ending names. Raises BadInput, also where it has no folder."""
    kind = output.suffix.lower().removeprefix(".")
    if kind not in exports.MEDIA_TYPES:
        there = ", ".join(f".{each}" for each in exports.MEDIA_TYPES)
        raise BadInput(f"A file's ending says what is written; {output.name} has none of {there}.")
    if not output.parent.is_dir():
        raise BadInput(f"There is no folder {output.parent}.")
    return kind


def as_json(value: Any) -> str:
    """JSON to read."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)
