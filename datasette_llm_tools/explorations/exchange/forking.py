"""A file becomes an exploration of one's own: after an import, and when somebody forks.

An import is nothing but a document: its SQL goes through the guard when it runs, its widgets are
new ones that nobody has run, its rows are a snapshot that only the importer sees.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...errors import BadInput
from ...permissions import WIDGET, Actor, may
from ...settings import read_settings
from ...widgets import store as widget_store
from ...widgets.values import Draft, Kind, Writing
from ...widgets.values import Origin as WidgetOrigin
from .. import snapshot_store, store
from ..canonical import canonical_json, digest
from ..contents import block_name
from ..documents import document_json
from ..opening import require_author
from ..values import Block, Document, Exploration, Frozen, RevisionOrigin, WidgetBlock
from .aside import aside
from .files import File, TakenWidget, widget_key
from .material import origin_of
from .portable import safe_frozen

if TYPE_CHECKING:
    from datasette.app import Datasette


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of a file. `warnings` are sentences for whoever took it in."""

    exploration: Exploration
    warnings: tuple[str, ...] = ()


async def take_in(
    datasette: Datasette,
    actor: Actor,
    file: File,
    how: RevisionOrigin = RevisionOrigin.IMPORTED,
) -> TakenIn:
    """Keep a file as an exploration of the actor's. Raises NotAllowed, BadInput, Conflict."""
    owner = require_author(actor)
    document = file.document
    most = read_settings(datasette).exploration_bytes
    size = len(canonical_json(document_json(document)).encode())
    if size > most:
        raise BadInput(
            f"The exploration has {size:,} bytes without its rows; it may have {most:,}."
        )
    warnings = [_misfit(document, key, said) for key, said in file.misfits.items()]
    frozen, unsafe = await aside(lambda: _safe(file))
    numbers, left_out = await _made_widgets(datasette, actor, owner, file)
    kept = _renumbered(document, numbers)
    exploration, _ = await store.create(
        datasette,
        document=kept,
        actor_id=owner,
        how=how,
        # Of what the fork begins with, whose widgets have other ids: is it still word for word?
        origin=origin_of(file, digest(document_json(kept))),
    )
    if frozen:
        await snapshot_store.keep_imported(datasette, exploration.id, frozen)
    return TakenIn(exploration, (*warnings, *unsafe, *left_out))


def _safe(file: File) -> tuple[list[Frozen], list[str]]:
    """The rows of a file as they are kept, and what was taken away."""
    kept: list[Frozen] = []
    said: list[str] = []
    for each in file.frozen:
        block = file.document.block(each.block_id)
        if block is None:
            continue
        try:
            kept.append(safe_frozen(each, block, file.misfits.get(block.id, ())))
        except BadInput as error:
            said.append(f"{called(file.document, block)} has come without rows: {error.message}")
            empty = Frozen(block.id, database=each.database, taken_at=each.taken_at)
            kept.append(replace(empty, refused=f"What came with the file was not taken: {error}"))
    return kept, said


async def _made_widgets(
    datasette: Datasette, actor: Actor, owner: str, file: File
) -> tuple[dict[str, str], list[str]]:
    """The ids of new widgets by what the file calls them, and sentences about those left out."""
    made: dict[str, str] = {}
    said: list[str] = []
    for key, taken in file.widgets.items():
        fault = await _fault(datasette, actor, taken)
        if fault is not None:
            said.append(f"The widget “{taken.title[:60]}” was left out: {fault}")
            continue
        widget, _ = await widget_store.create(
            datasette,
            database=taken.database,
            kind=Kind.DOCUMENT,
            title=taken.title,
            draft=Draft(
                WidgetOrigin.COPIED,
                taken.source,
                taken.queries,
                taken.contract,
                Writing(model_id=taken.model_id),
            ),
            actor_id=owner,
        )
        made[key] = widget.id
    return made, said


async def _fault(datasette: Datasette, actor: Actor, taken: TakenWidget) -> str | None:
    """Why a widget cannot be kept here, as a sentence; None where it can."""
    is_here = taken.database in datasette.databases
    if is_here and not await may(datasette, actor, WIDGET, taken.database):
        return f"you need the permission {WIDGET} on the database {taken.database}."
    most = read_settings(datasette, taken.database).max_widget_bytes
    size = len(taken.source.encode())
    return f"it has {size:,} bytes, and may have {most:,}." if size > most else None


def _renumbered(document: Document, made: dict[str, str]) -> Document:
    """The document with the widgets that were made for it."""

    def one(block: Block) -> Block:
        if not isinstance(block, WidgetBlock):
            return block
        widget_id = made.get(widget_key(block.widget_id, block.revision))
        return block if widget_id is None else replace(block, widget_id=widget_id, revision=1)

    return replace(document, blocks=tuple(map(one, document.blocks)))


def _misfit(document: Document, block_id: str, said: tuple[str, ...]) -> str:
    block = document.block(block_id)
    name = called(document, block) if block else f"Block {block_id}"
    return f"{name} does not fit its certificate: {'; '.join(said)}."


def called(document: Document, block: Block) -> str:
    """A block as messages call it: Block 3, “Delays”."""
    name = block_name(block)
    return f"Block {document.blocks.index(block) + 1}" + (f", “{name[:60]}”," if name else "")
