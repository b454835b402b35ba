"""Explorations and blocks on other sites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Response

from ...embed_sites import frame_ancestors
from ...errors import LlmToolsError
from ...leaving import unless_left
from ...pages import Page, json_response, render
from ...widgets.exporting.export_views import FILE_HEADERS
from ..opening import Opened, block_of
from ..reading.kept_pages import Kept, keepable
from ..reading.read_pages import chosen_values
from ..reading.read_views import private, reading
from ..reading.visitors import kept_response
from . import previews
from .embed_pages import as_readers, embed_page, note, sites, theme_of
from .oembed import oembed_json

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

_HTML = "text/html; charset=utf-8"
# A picture is for everybody's pages, but for nothing to be run in.
_PICTURE_HEADERS = {**FILE_HEADERS, "Cross-Origin-Resource-Policy": "cross-origin"}


async def embed(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/embed: the exploration without what is around it, for a frame."""
    return await _embedded(request, datasette)


async def embed_block(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/block/BLOCK/-/embed: one block for a frame."""
    return await _embedded(request, datasette)


async def oembed(request: Request, datasette: Datasette) -> Any:
    """GET /-/explorations/-/oembed: how a page here is embedded, by its address."""
    try:
        return json_response(await oembed_json(request, datasette))
    except LlmToolsError as error:  # whoever asks is a program, whatever it says it accepts
        return json_response({"ok": False, "error": error.message}, status=error.status)


async def picture(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/picture.png: a picture for previews of links."""
    previews.require_pictures()

    async def drawn(found: Opened, _: Request) -> bytes:
        return await previews.card_png(datasette, found)

    return await _picture(request, datasette, "image/png", as_readers, drawn)


async def block_picture(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/block/BLOCK.svg: the chart of a block as a picture."""
    previews.require_pictures()

    async def drawn(found: Opened, asked: Request) -> bytes:
        block, values = block_of(asked, found), chosen_values(asked, found)
        return await previews.block_svg(datasette, asked.actor, found, block, values)

    return await _picture(request, datasette, "image/svg+xml", reading, drawn)


async def _embedded(request: Request, datasette: Datasette) -> Any:
    """The page for a frame; what is wrong with it is said in the frame, too."""
    theme = theme_of(request)

    async def make(found: Opened, asked: Request) -> Kept:
        response = await _page(found, asked)
        headers = {name: each for name, each in response.headers.items() if name != "Cache-Control"}
        return await keepable(response.body, _HTML, headers)

    async def _page(found: Opened, asked: Request) -> Response:
        block = block_of(asked, found) if "block" in asked.url_vars else None
        page = await embed_page(datasette, asked, found, theme, block)
        return await _framed(datasette, asked, page)

    what = f"embed {theme} {request.url_vars.get('block', '')}"
    try:
        kept = await kept_response(request, datasette, what, make)
        if kept is not None:
            return kept
        found = await as_readers(request, datasette)
        return private(await unless_left(request, _page(found, request)), found)
    except LlmToolsError as error:
        return await _framed(datasette, request, note(datasette, theme, error), error.status)


async def _framed(
    datasette: Datasette, request: Request, page: Page, status: int = 200
) -> Response:
    ancestors = frame_ancestors(sites(datasette))
    return await render(datasette, request, page, status=status, ancestors=ancestors)


async def _picture(
    request: Request, datasette: Datasette, media_type: str, opening: Any, drawn: Any
) -> Any:
    """A picture of what `opening` opens, kept where its rows are."""

    async def make(found: Opened, asked: Request) -> Kept:
        headers = {name: each for name, each in _PICTURE_HEADERS.items() if name != "Cache-Control"}
        return await keepable(await drawn(found, asked), media_type, headers)

    what = f"picture {request.url_vars.get('block', '')}"
    kept = await kept_response(request, datasette, what, make)
    if kept is not None:
        return kept
    found = await opening(request, datasette)
    body = await unless_left(request, drawn(found, request))
    response = Response(body, headers=dict(_PICTURE_HEADERS), content_type=media_type)
    return private(response, found)
