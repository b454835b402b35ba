"""How a widget that a command made or changed is followed, told of and written to a file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...command_line import ACTOR
from .. import store
from ..documents.events import Finished, StepBegan
from ..documents.keeping import Keeping
from ..exporting import export_data, exports
from ..values import Widget
from ..widget_pages import widget_json
from .command_site import as_json, write_export

if TYPE_CHECKING:
    from datasette.app import Datasette


async def made(
    datasette: Datasette,
    keeping: Keeping,
    internal: Path | None,
    output: Path | None,
    in_json: bool,
) -> int:
    """Follow a widget being written, tell how it ended, and export it; the exit code."""
    async with keeping:
        finished = await _watched(keeping)
    if keeping.widget is None or keeping.added is None:
        click.echo(finished.error, err=True)
        return 1
    return await ended(
        datasette,
        keeping.widget,
        keeping.added,
        finished.notes,
        finished.error,
        output,
        in_json,
        is_kept=internal is not None,
    )


async def ended(
    datasette: Datasette,
    widget: Widget,
    added: store.Added,
    notes: Sequence[str],
    error: str | None,
    output: Path | None,
    in_json: bool,
    *,
    is_kept: bool = True,
) -> int:
    """Tell what a version became, and export it if it is whole; the exit code."""
    for note in (*notes, error):
        if note:
            click.echo(note, err=True)
    revision = added.revision
    if in_json:
        told = export_data.version_json(widget, revision)
        said = {"revision": told, "error": error, "notes": list(notes)}
        click.echo(as_json({**widget_json(datasette, widget), **said}))
    elif is_kept:
        click.echo(f"{widget.id}  version {revision.number}  {widget.title}")
    if output is not None and error is None:
        made_of = await exports.material(datasette, ACTOR, widget, revision)
        await write_export(datasette, made_of, output)
        if not is_kept:
            click.echo("Nothing else is kept; --internal FILE keeps a widget.", err=True)
    return 0 if error is None else 1


async def _watched(keeping: Keeping) -> Finished:
    watched = sys.stderr.isatty()
    async with aclosing(keeping.events()) as events:
        async for event in events:
            if watched and isinstance(event, StepBegan):
                click.echo(f"\r\x1b[K{event.text}…", nl=False, err=True)
    if watched:
        click.echo("\r\x1b[K", nl=False, err=True)
    return keeping.finished
