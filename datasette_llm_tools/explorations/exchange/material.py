"""What a file of an exploration is made of: what one person reads of it, at this moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ...errors import BadInput, LlmToolsError
from ...permissions import Actor
from ...widgets.internal_tables import now
from .. import snapshot_store
from ..checking.certificates import certificate
from ..checking.values import Certificate
from ..opening import Opened, withheld
from ..running import freeze, freeze_all, widget_of
from ..values import Block, Document, Exploration, Frozen, Mode, Origin, WidgetBlock, Words
from .aside import aside
from .files import About, File, TakenWidget, source_of, widget_key

if TYPE_CHECKING:
    from datasette.app import Datasette

_NOT_FROZEN = "It came after the snapshot."


async def material(datasette: Datasette, actor: Actor, found: Opened, url: str) -> File:
    """A file of an exploration as somebody reads it. `url` is its absolute address, without key.

    Rows are those of the snapshot that they read, without what is withheld; or, live, what
    blocks give them now. A block without rows says why.
    """
    frozen = await _frozen(datasette, actor, found)
    document = found.document if found.is_author else _readable(found.document, frozen)
    return File(
        about=_about(found, url),
        document=document,
        frozen=frozen,
        certificates=await aside(lambda: _certificates(document, frozen)),
        widgets=await _widgets(datasette, found.exploration, document, frozen),
    )


async def readable_block(datasette: Datasette, actor: Actor, found: Opened, block: Block) -> Frozen:
    """The rows of one block as somebody reads them. Raises BadInput for words."""
    exploration = found.exploration
    if isinstance(block, Words):
        raise BadInput("Words have no rows.")
    if found.mode is not Mode.SNAPSHOT:
        return await freeze(datasette, actor, exploration.actor_id, block, found.document)
    kept = await snapshot_store.frozen(datasette, exploration, block.id)
    return _as_read(block.id, kept, await withheld(datasette, exploration))


def origin_of(file: File, digest: str) -> Origin:
    """What is said of a file in a fork that is made of it. An address is for the web only."""
    about = file.about
    is_address = about.url.startswith(("https://", "http://"))
    return Origin(
        id=about.id,
        title=file.document.title,
        author=about.author,
        revision=about.revision,
        url=about.url if is_address else "",
        digest=digest,
        at=now(),
    )


def _about(found: Opened, url: str) -> About:
    exploration = found.exploration
    return About(
        id=exploration.id,
        url=url,
        author=exploration.actor_id,
        revision=found.revision.number,
        published_at=exploration.published_at,
        exported_at=now(),
        origin=exploration.origin,
    )


async def _frozen(datasette: Datasette, actor: Actor, found: Opened) -> tuple[Frozen, ...]:
    exploration, document = found.exploration, found.document
    snapshot = None
    if found.mode is Mode.SNAPSHOT:
        snapshot = await snapshot_store.snapshot(datasette, exploration)
    if snapshot is None:
        return await freeze_all(datasette, actor, exploration.actor_id, document)
    hidden = await withheld(datasette, exploration)
    by_block = {each.block_id: each for each in snapshot.blocks}
    return tuple(
        _as_read(block.id, by_block.get(block.id), hidden)
        for block in document.blocks
        if not isinstance(block, Words)
    )


def _as_read(block_id: str, frozen: Frozen | None, hidden: Mapping[str, str]) -> Frozen:
    """What readers get of a block of a snapshot."""
    if frozen is None:
        return Frozen(block_id, refused=_NOT_FROZEN)
    if block_id in hidden:
        return Frozen(
            block_id,
            database=frozen.database,
            taken_at=frozen.taken_at,
            refused=hidden[block_id],
        )
    return frozen


def _readable(document: Document, frozen: tuple[Frozen, ...]) -> Document:
    """The document without what is said of rows that this reader is not shown: it quotes them."""
    refused = {each.block_id for each in frozen if each.refused is not None}
    blocks = (replace(each, text="") if each.id in refused else each for each in document.blocks)
    return replace(document, blocks=tuple(blocks))


def _certificates(document: Document, frozen: tuple[Frozen, ...]) -> dict[str, Certificate]:
    found: dict[str, Certificate] = {}
    for each in frozen:
        block = document.block(each.block_id)
        made = certificate(block, each, document) if block else None
        if made is not None:
            found[each.block_id] = made
    return found


async def _widgets(
    datasette: Datasette, exploration: Exploration, document: Document, frozen: tuple[Frozen, ...]
) -> dict[str, TakenWidget]:
    """The widgets whose rows go along, so that they can be changed and run elsewhere."""
    found: dict[str, TakenWidget] = {}
    for each in frozen:
        block = document.block(each.block_id)
        if not isinstance(block, WidgetBlock) or each.refused is not None:
            continue
        key = widget_key(block.widget_id, block.revision)
        taken = await _taken(datasette, exploration, block, each)
        if taken is not None:
            found[key] = taken
    return found


async def _taken(
    datasette: Datasette, exploration: Exploration, block: WidgetBlock, frozen: Frozen
) -> TakenWidget | None:
    """A widget as its readers have it: its HTML as it is shown, without what was left out."""
    try:
        widget, revision = await widget_of(datasette, exploration.actor_id, block, was_run=False)
    except LlmToolsError:
        return None
    draft = revision.draft
    return TakenWidget(
        title=widget.title,
        database=widget.database,
        source=source_of(frozen),
        queries=draft.queries,
        contract=draft.contract,
        model_id=draft.writing.model_id,
    )
