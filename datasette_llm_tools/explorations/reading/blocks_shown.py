"""The blocks of an exploration as HTML: from its snapshot, or run now as somebody.

What stands for the token of a link is still marked in it: rendering.with_key() makes it whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from ...errors import LlmToolsError
from ...permissions import Actor, require
from ...queries import Value
from ...widgets.exporting.pictures import can_draw
from .. import snapshot_store
from ..addresses import block_url
from ..checking.certificates import certificate
from ..contents import block_anchor, contents, heading_top
from ..opening import Opened, withheld
from ..parameters import PREFIX, params_of
from ..running import run_block, widget_of
from ..values import Block, Document, Exploration, Frozen, Mode, WidgetBlock, Words
from . import rendering
from .rendering import Shown

if TYPE_CHECKING:
    from datasette.app import Datasette

# Queries of one page that wait for a worker at the same time, so that others get their turn.
_AT_ONCE = 4
_NOT_FROZEN = "There are no rows of this block in the snapshot."


async def blocks_html(
    datasette: Datasette,
    actor: Actor,
    found: Opened,
    values: Mapping[str, Value],
    *,
    only: Block | None = None,
) -> dict[str, str]:
    """All blocks, or `only` one, by id, as `found.mode` has them. Rows of now are read as the
    actor, with these values of the parameters."""
    blocks = [only] if only else list(found.document.blocks)
    if found.mode is Mode.SNAPSHOT:
        return await snapshot_html(datasette, found.exploration, found.document, blocks)
    shown = await _run_all(datasette, actor, found, values, blocks)
    levels = await _levels(found.document)
    arguments = {"mode": Mode.LIVE.value, **_arguments(values)}
    return {
        block.id: await rendering.fragment_html(
            datasette,
            block,
            shown[block.id],
            address=block_url(datasette, found.exploration.id, block.id),
            level=levels.get(block_anchor(block.id), 2),
            arguments=arguments,
        )
        for block in blocks
    }


async def shown_live(
    datasette: Datasette,
    actor: Actor,
    exploration: Exploration,
    document: Document,
    block: Block,
    values: Mapping[str, Value],
) -> Shown:
    """What a block gives this reader now; a sentence where it gives nothing."""
    if isinstance(block, Words):
        return None
    try:
        if isinstance(block, WidgetBlock):
            await require(datasette, actor, "execute-sql", block.database)
            await widget_of(datasette, exploration.actor_id, block)
            return None
        return await run_block(datasette, actor, block, params_of(block, document, values))
    except LlmToolsError as error:
        return error.message


async def shown_frozen(datasette: Datasette, exploration: Exploration, block: Block) -> Shown:
    """What the snapshot has of a block for readers."""
    if isinstance(block, Words):
        return None
    said = (await withheld(datasette, exploration)).get(block.id)
    return said or await snapshot_store.frozen(datasette, exploration, block.id) or _NOT_FROZEN


async def snapshot_html(
    datasette: Datasette,
    exploration: Exploration,
    document: Document,
    blocks: Sequence[Block] | None = None,
) -> dict[str, str]:
    """Blocks from the snapshot, as they are kept; what is kept for another version of this
    package, or not yet, is rendered from the frozen rows and kept."""
    wanted = document.blocks if blocks is None else blocks
    hidden = await withheld(datasette, exploration)
    # What was imported may be edited while its rows stay: its HTML is not kept.
    is_published = exploration.published is not None
    kept = await snapshot_store.fragments(datasette, exploration) if is_published else {}
    good = html_for(datasette)
    ready = {name: each.html for name, each in kept.items() if each.html_for == good}
    missing = [
        each for each in document.blocks if not isinstance(each, Words) and each.id not in ready
    ]
    if missing:
        ready |= await _render_frozen(datasette, exploration, document, missing)
    levels = await _levels(document)
    for block in wanted:
        if isinstance(block, Words) or block.id in hidden or block.id not in ready:
            said = None if isinstance(block, Words) else hidden.get(block.id, _NOT_FROZEN)
            ready[block.id] = await _fragment(datasette, exploration, block, said, levels)
    return {block.id: ready[block.id] for block in wanted}


@cache
def _package_version() -> str:
    return version("datasette-llm-tools")


def html_for(datasette: Datasette) -> str:
    """What kept HTML of a block must have been rendered for to be sent today."""
    base = datasette.setting("base_url")
    pictures = "pictures" if can_draw() else "no pictures"
    return f"{_package_version()} {rendering.VERSION} {pictures} {base}"


async def _render_frozen(
    datasette: Datasette, exploration: Exploration, document: Document, blocks: Sequence[Block]
) -> dict[str, str]:
    """Render blocks from their frozen rows, and keep the HTML."""
    levels = await _levels(document)
    made: dict[str, str] = {}
    for block in blocks:
        frozen = await snapshot_store.frozen(datasette, exploration, block.id)
        if frozen is None:
            continue
        made[block.id] = await _fragment(datasette, exploration, block, frozen, levels, document)
        await asyncio.sleep(0)  # others' requests get their turn
    if made and exploration.published is not None:
        await snapshot_store.keep_fragments(datasette, exploration, made, html_for(datasette))
    return made


async def _fragment(
    datasette: Datasette,
    exploration: Exploration,
    block: Block,
    shown: Frozen | str | None,
    levels: Mapping[str, int],
    document: Document | None = None,
) -> str:
    is_frozen = isinstance(shown, Frozen) and document is not None
    return await rendering.fragment_html(
        datasette,
        block,
        shown,
        address=block_url(datasette, exploration.id, block.id),
        level=levels.get(block_anchor(block.id), 2),
        certificate=certificate(block, shown, document) if is_frozen else None,  # type: ignore[arg-type] # both are there
    )


async def _run_all(
    datasette: Datasette,
    actor: Actor,
    found: Opened,
    values: Mapping[str, Value],
    blocks: Sequence[Block],
) -> dict[str, Shown]:
    places = asyncio.Semaphore(_AT_ONCE)

    async def run(block: Block) -> Shown:
        async with places:
            return await shown_live(
                datasette, actor, found.exploration, found.document, block, values
            )

    shown = await asyncio.gather(*map(run, blocks))
    return {block.id: each for block, each in zip(blocks, shown, strict=True)}


async def _levels(document: Document) -> dict[str, int]:
    """The levels of blocks' headings by their anchors, of words that of `#`."""

    def levels() -> dict[str, int]:
        words = [each for each in document.blocks if isinstance(each, Words)]
        top = heading_top(document)
        found = {each.anchor: each.level for each in contents(document)}
        return found | {block_anchor(each.id): top for each in words}

    # Long words take a while to be read, and are remembered then.
    return await asyncio.to_thread(levels)


def _arguments(values: Mapping[str, Value]) -> dict[str, str]:
    return {PREFIX + name: str(each) for name, each in values.items()}
