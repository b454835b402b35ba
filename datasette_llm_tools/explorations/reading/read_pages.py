"""How the page of an exploration comes about, for whoever reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from markupsafe import Markup

from ...markdown import markdown
from ...pages import ANY_HOST
from ...queries import Value
from ...settings import read_settings
from ...times import said_time
from ...widgets.exporting.pictures import can_draw
from ..addresses import KEY, absolute, block_url, exploration_url, explorations_url
from ..checking.certificates import certificate, certificate_json
from ..contents import block_name, contents
from ..opening import Opened, actor_id
from ..parameters import PREFIX, follows, parameter_values
from ..running import Ran, thawed
from ..values import Block, ChartBlock, Frozen, Mode, RowsBlock, WidgetBlock
from .blocks_shown import blocks_html, shown_frozen, shown_live
from .contexts import ParameterShown, ReadPage, ReadPageWithFrames
from .rendering import with_key

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


async def read_page(
    datasette: Datasette, request: Request, found: Opened, block: Block | None = None
) -> ReadPage:
    """The page of an exploration, or of one block. Raises BadInput for a parameter's value."""
    exploration, document = found.exploration, found.document
    values = chosen_values(request, found)
    blocks = [block] if block else document.blocks
    shown = await blocks_html(datasette, request.actor, found, values, only=block)
    is_snapshot = found.mode is Mode.SNAPSHOT
    has_frames = any(isinstance(each, WidgetBlock) for each in blocks)
    return (ReadPageWithFrames if has_frames else ReadPage)(
        document=document,
        exploration=exploration,
        number=found.revision.number,
        url=exploration_url(datasette, exploration.id, key=found.key),
        alone=(block_name(block) or "Words") if block else None,
        key=found.key,
        summary_html=await asyncio.to_thread(markdown, document.summary, headings=True)
        if document.summary
        else None,
        tags=[
            (each, explorations_url(datasette, f"?{urlencode({'tag': each})}"))
            for each in document.tags
        ],
        published_at=said_time(exploration.published_at),
        as_of=said_time(exploration.published_at) if is_snapshot else None,
        is_live=not is_snapshot,
        switch_url=_switch_url(datasette, found, block),
        is_author=found.is_author,
        is_public=exploration.sharing.public and exploration.published is not None,
        is_draft=found.revision.number != exploration.published,
        urls_of=_addresses(datasette, request, found),
        origin_url=_origin_url(datasette, found),
        contents=() if block else contents(document),
        blocks=[Markup(with_key(shown[each.id], found.key)) for each in blocks],
        parameters=_parameters(found, values),
        follows=[
            each.id
            for each in document.blocks
            if isinstance(each, RowsBlock) and follows(each, document)
        ],
        mode=request.args.get("mode"),
        draws=any(isinstance(each, ChartBlock) for each in blocks),
        runs=has_frames,
        temporary=bool(datasette.get_internal_database().is_temp_disk),
        site=_site(datasette, request),
        can_embed=bool(read_settings(datasette).embed_sites),
        has_picture=can_draw(),
    )


def chosen_values(request: Request, found: Opened) -> dict[str, Value]:
    """The values of the parameters that the address has. Raises BadInput."""
    given = {name: request.args.get(name) for name in request.args if name.startswith(PREFIX)}
    return parameter_values(found.document, given)


async def block_json(
    datasette: Datasette, request: Request, found: Opened, block: Block
) -> dict[str, Any]:
    """One block with its rows: {block, mode, columns, rows, truncated, drawn?, certificate,
    refused?}; of words and of a widget without rows."""
    told: dict[str, Any] = {"block": block.id, "kind": block.kind.value, "mode": found.mode.value}
    exploration, document = found.exploration, found.document
    made = None
    if found.mode is Mode.SNAPSHOT:
        shown = await shown_frozen(datasette, exploration, block)
        if isinstance(shown, Frozen):
            made = certificate(block, shown, document)
            told["taken_at"] = shown.taken_at
            shown = shown.refused or thawed(shown)
    else:
        values = chosen_values(request, found)
        shown = await shown_live(datasette, request.actor, exploration, document, block, values)
    if isinstance(shown, str):
        return {**told, "refused": shown}
    if isinstance(shown, Ran) and isinstance(block, RowsBlock):
        told |= {"columns": shown.columns, "rows": shown.rows, "truncated": shown.truncated}
        told |= {"drawn": shown.drawn} if shown.drawn else {}
    return {**told, "certificate": certificate_json(made) if made else None}


def _site(datasette: Datasette, request: Request) -> str:
    """Scheme and host, which a page for visitors of every host does not know."""
    is_known = request.headers.get("host") != ANY_HOST
    return absolute(request, datasette, "/").rstrip("/") if is_known else ""


def _switch_url(datasette: Datasette, found: Opened, block: Block | None) -> str | None:
    """The same in the other mode, where there is one."""
    exploration = found.exploration
    has_snapshot = exploration.snapshot is not None
    if not has_snapshot or exploration.published not in (None, found.revision.number):
        return None
    other = Mode.LIVE if found.mode is Mode.SNAPSHOT else Mode.SNAPSHOT
    arguments = {"mode": other.value, **({KEY: found.key} if found.key else {})}
    page = block_url(datasette, exploration.id, block.id) if block else None
    start = page or exploration_url(datasette, exploration.id)
    is_as_reader = found.is_author and exploration.published != exploration.current
    arguments |= {"published": "1"} if is_as_reader else {}
    return f"{start}?{urlencode(arguments)}"


def _addresses(datasette: Datasette, request: Request, found: Opened) -> dict[str, str]:
    """What this reader may do, in the order of the page."""
    offered = {"certificate": "/-/certificate", "export": "/-/export", "verify": "/-/verify"}
    if found.is_author:
        offered = {"edit": "/-/edit", "share": "/-/share", "history": "/-/history", **offered}
    if actor_id(request.actor) is not None:
        offered["fork"] = "/-/fork"
    return {
        name: exploration_url(datasette, found.exploration.id, tail, key=found.key)
        for name, tail in offered.items()
    }


def _origin_url(datasette: Datasette, found: Opened) -> str | None:
    """Where a fork is compared with what it was made from."""
    if found.exploration.origin is None:
        return None
    return exploration_url(datasette, found.exploration.id, "/-/compare", key=found.key)


def _parameters(found: Opened, values: Mapping[str, Value]) -> list[ParameterShown]:
    return [
        ParameterShown(each.name, each.label, each.kind, str(values[each.name]), each.choices)
        for each in found.document.parameters
    ]
