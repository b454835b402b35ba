"""The addresses of an exploration as readers see it, whole or by its blocks."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Response

from ...errors import BadInput
from ...leaving import unless_left
from ...pages import json_response, posted, render, wants_json
from ..addresses import exploration_url
from ..opening import Opened, block_of, opened
from ..parameters import PREFIX
from ..values import Mode, WidgetBlock
from . import widget_frames
from .kept_pages import Kept, keepable
from .read_pages import block_json, read_page
from .visitors import kept_response, warm

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from ..values import Block, Exploration

_JSON = "application/json; charset=utf-8"


async def exploration(request: Request, datasette: Datasette) -> Any:
    """GET …/ID: the page, from the snapshot or live."""
    if wants_json(request):
        return Response.redirect(
            exploration_url(datasette, request.url_vars["id"], ".json") + _query(request)
        )
    make = partial(page_for_visitors, datasette)
    kept = await kept_response(request, datasette, "page", make, says_host=True)
    if kept is not None:
        return kept
    found = await reading(request, datasette)
    page = await unless_left(request, read_page(datasette, request, found))
    return private(await render(datasette, request, page), found)


async def block(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/block/BLOCK: one block by itself, as a page, part of one (?part=1), or JSON."""
    if wants_json(request):
        return await _block_json(request, datasette)
    is_part = request.args.get("part") == "1"
    found = await reading(request, datasette)
    shown = block_of(request, found)
    page = await unless_left(request, read_page(datasette, request, found, shown))
    if is_part:
        html = Response.html(str(page.blocks[0]), headers=dict(_PRIVATE))
        return private(html, found)
    return private(await render(datasette, request, page), found)


async def frame(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/block/BLOCK/-/frame: a frame for the widget of a block."""
    found, shown = await _widget(request, datasette)
    return json_response(await widget_frames.start(datasette, request.actor, found, shown))


async def rows(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/block/BLOCK/-/rows: {query, params, page} -> rows for that widget."""
    found, shown = await _widget(request, datasette)
    asked = await posted(request)
    answering = widget_frames.rows(datasette, request.actor, found, shown, asked)
    return json_response(await unless_left(request, answering))


async def reading(request: Request, datasette: Datasette) -> Opened:
    """The exploration as its reader wants it: parameters are of rows of now."""
    found = await opened(request, datasette)
    if any(name.startswith(PREFIX) for name in request.args):
        return replace(found, mode=Mode.LIVE)
    return found


async def warm_page(datasette: Datasette, request: Request, found: Exploration) -> None:
    """Make the page of a public exploration ready for its next visitor."""
    await warm(datasette, request, found, "page", partial(page_for_visitors, datasette))


_PRIVATE = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


def private(response: Response, found: Opened) -> Response:
    """A page for one reader; who came by a secret link must not give it away."""
    if found.key:
        response.headers |= {"X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}
    return response


async def page_for_visitors(datasette: Datasette, found: Opened, request: Request) -> Kept:
    """The page as everybody gets it who is not known; `request` is a visitor's."""
    page = await read_page(datasette, request, found)
    response = await render(datasette, request, page)
    headers = {name: each for name, each in response.headers.items() if name != "Cache-Control"}
    return await keepable(response.body, "text/html; charset=utf-8", headers)


async def _block_json(request: Request, datasette: Datasette) -> Any:
    async def make(found: Opened, visitors: Request) -> Kept:
        told = await block_json(datasette, visitors, found, block_of(visitors, found))
        return await keepable(_dumped(told), _JSON, {})

    what = f"block {request.url_vars['block']}"
    kept = await kept_response(request, datasette, what, make)
    if kept is not None:
        return kept
    found = await reading(request, datasette)
    telling = block_json(datasette, request, found, block_of(request, found))
    return private(json_response(await unless_left(request, telling)), found)


def _dumped(told: dict[str, Any]) -> str:
    text = json.dumps({"ok": True, **told}, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode()


async def _widget(request: Request, datasette: Datasette) -> tuple[Opened, WidgetBlock]:
    found = await opened(request, datasette)
    shown: Block = block_of(request, found)
    if not isinstance(shown, WidgetBlock):
        raise BadInput("This block is no widget: it is shown without a frame.")
    return found, shown


def _query(request: Request) -> str:
    return f"?{request.query_string}" if request.query_string else ""
