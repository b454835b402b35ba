"""What the commands of explorations share: a Datasette on files, and an exploration in it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
from datasette.utils import parse_metadata

from ...command_line import exit_after, is_database, opened_files, require_database
from ...errors import BadInput, NotFound
from ...widgets.internal_tables import now
from .. import access, store
from ..catalog_store import catalog
from ..opening import Opened
from ..values import Exploration, Mode

if TYPE_CHECKING:
    from datasette.app import Datasette

_ID_DIGITS = 24


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command works: databases, the file of explorations, and the configuration."""

    databases: tuple[Path, ...]
    internal: Path
    config: IO[str] | None = None
    must_exist: bool = True  # the file of explorations


def run(place: Place, work: Callable[[Datasette], Coroutine[Any, Any, int]]) -> None:
    """Open the files, do the work, and end with its exit code; errors in one sentence."""

    async def inner() -> int:
        _check(place)
        told: dict[str, Any] = {"internal": str(place.internal)}
        told["config"] = parse_metadata(place.config.read()) if place.config else None
        async with opened_files(place.databases, told) as (datasette, _):
            return await work(datasette)

    try:
        exit_after(inner(), "Stopped.")
    except OSError as error:
        raise click.ClickException(str(error)) from error


async def opened_as(
    datasette: Datasette, actor: str, name: str, wanted: Mode | None = None
) -> Opened:
    """An exploration by its id or the beginning of it, as this actor reads it.

    Raises NotFound, BadInput.
    """
    exploration = await _named(datasette, actor, name)
    by = access.door(exploration, actor, None, now())
    number = access.number(exploration, by) if by else 0
    revision = await store.revision(datasette, exploration.id, number)
    if by is None or revision is None:
        raise NotFound(_no_such(name, actor))
    mode = access.mode(exploration, number, wanted)
    return Opened(exploration=exploration, door=by, link=None, revision=revision, mode=mode)


async def _named(datasette: Datasette, actor: str, name: str) -> Exploration:
    if len(name) == _ID_DIGITS:
        exploration = await store.get(datasette, name)
        if exploration is not None:
            return exploration
    page = await catalog(datasette, actor, size=1000)
    found = [each.exploration for each in page.entries if each.exploration.id.startswith(name)]
    if not name or not found:
        raise NotFound(_no_such(name, actor))
    if len(found) > 1:
        raise BadInput(f"{len(found)} explorations begin with {name}; give more of the id.")
    return found[0]


def _no_such(name: str, actor: str) -> str:
    return f"{actor} has no exploration {name} to read here; `explorations list` shows them."


def _check(place: Place) -> None:
    for path in place.databases:
        require_database(path)
    internal = place.internal
    if place.must_exist and not internal.is_file():
        raise BadInput(f"There is no file {internal}; it is Datasette's own --internal.")
    if not internal.absolute().parent.is_dir():
        raise BadInput(f"There is no folder {internal.parent} for {internal.name}; make it first.")
    if internal.is_file() and internal.stat().st_size and not is_database(internal):
        raise BadInput(f"{internal} is not a SQLite database.")
