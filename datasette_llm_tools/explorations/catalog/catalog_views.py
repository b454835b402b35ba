"""The list of explorations, pins and the feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Response

from ...pages import json_response, posted, render, wants_json
from .. import opening, publication_store, store
from ..addresses import exploration_url
from . import catalog_pages
from .feed import feed_response

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


async def catalog(request: Request, datasette: Datasette) -> Any:
    """GET /-/explorations: what this person may read, with search, author and tags."""
    page = await catalog_pages.catalog_page(datasette, request)
    if wants_json(request):
        return json_response(catalog_pages.page_json(page))
    return await render(datasette, request, page)


async def feed(request: Request, datasette: Datasette) -> Any:
    """GET /-/explorations/-/feed.atom: what was published for everybody, newest first."""
    return await feed_response(datasette, request)


async def pin(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/pin: show it on the home page, or no more, {pinned}."""
    found = await opening.opened(request, datasette)
    exploration = found.exploration
    published = exploration.published or exploration.current
    revision = await store.revision(datasette, exploration.id, published) or found.revision
    await opening.require_publish(datasette, request.actor, revision.document)
    pinned = str((await posted(request)).get("pinned", "1")).lower() in ("1", "true", "on")
    await publication_store.pin(datasette, exploration.id, pinned)
    if wants_json(request):
        return json_response({"exploration": exploration.id, "pinned": pinned})
    said = "on the home page now" if pinned else "not on the home page any more"
    datasette.add_message(request, f"“{revision.document.title}” is {said}.", datasette.INFO)
    return Response.redirect(exploration_url(datasette, exploration.id), status=303)
