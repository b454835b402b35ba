"""Pictures of an exploration, drawn on the server: the card for links, and a block's chart.

Only rows of a snapshot get onto a card: whoever is shown a link has asked for no rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...errors import BadInput, LlmToolsError, NotFound
from ...markdown import markdown
from ...permissions import Actor
from ...queries import Value
from ...times import said_time
from ...widgets.exporting.export_html import chart_notes
from ...widgets.exporting.exports import chart_picture
from ...widgets.exporting.pictures import can_draw, drawable, png_of
from ..contents import block_name
from ..opening import Opened
from ..reading.blocks_shown import shown_frozen, shown_live
from ..reading.kept_pages import Kept, keepable, kept_pages
from ..running import Ran, thawed
from ..values import Block, ChartBlock, Frozen, Mode
from .cards import card_svg

if TYPE_CHECKING:
    from datasette.app import Datasette


def require_pictures() -> None:
    """Raise NotFound where the server cannot draw."""
    if not can_draw():
        raise NotFound(
            "This server draws no pictures: pip install 'datasette-llm-tools[pictures]'."
        )


async def card_png(datasette: Datasette, found: Opened) -> bytes:
    """A PNG of 1200 × 630: the first chart of the snapshot, or the title alone.

    One without rows is the same for all, and kept: drawing takes a process of its own.
    """
    if found.mode is Mode.SNAPSHOT:
        return await _card(found, await _first_chart(datasette, found))

    async def made() -> Kept:
        return await keepable(await _card(found, None), "image/png", {})

    exploration = found.exploration
    key = ("card", exploration.id, found.revision.number, exploration.published_at)
    return (await kept_pages(datasette).get(key, made)).body


async def _card(found: Opened, chart: str | None) -> bytes:
    document, exploration = found.document, found.exploration
    author = f"By {exploration.actor_id}" if exploration.actor_id else ""
    said = [author, said_time(exploration.published_at) or "", "Datasette"]
    summary = (await asyncio.to_thread(markdown, document.summary, headings=True)).striptags()
    svg = card_svg(document.title, " · ".join(filter(None, said)), summary, chart)
    return await png_of(str(drawable(svg)))


async def block_svg(
    datasette: Datasette, actor: Actor, found: Opened, block: Block, values: Mapping[str, Value]
) -> bytes:
    """The chart of a block, from the snapshot or drawn now as the actor.

    Raises NotFound where this reader is shown no rows, BadInput for what is no chart.
    """
    if not isinstance(block, ChartBlock):
        raise BadInput("There are pictures of charts only.")
    if found.mode is Mode.SNAPSHOT:
        shown = await shown_frozen(datasette, found.exploration, block)
        if isinstance(shown, Frozen):
            shown = shown.refused or thawed(shown)
    else:
        document = found.document
        shown = await shown_live(datasette, actor, found.exploration, document, block, values)
    if not isinstance(shown, Ran) or shown.drawn is None:
        raise NotFound(shown if isinstance(shown, str) else "There is no chart to be drawn.")
    # What was left out, and the name where there is one, stand beside it on the page.
    title = "" if block_name(block) else str(shown.drawn.get("title") or "")
    return await chart_picture(shown.drawn, "svg", title=title)


async def _first_chart(datasette: Datasette, found: Opened) -> str | None:
    """The first chart of the snapshot that can be drawn, as SVG."""
    for block in found.document.blocks:
        if isinstance(block, ChartBlock):
            shown = await shown_frozen(datasette, found.exploration, block)
            if isinstance(shown, Frozen) and not shown.refused:
                return await _svg_or_none(thawed(shown).drawn)
    return None


async def _svg_or_none(drawn: Mapping[str, Any] | None) -> str | None:
    try:
        notes = chart_notes(drawn) if drawn else []
        return (await chart_picture(drawn, "svg", notes=notes)).decode() if drawn else None
    except LlmToolsError:
        return None  # the title alone, then
