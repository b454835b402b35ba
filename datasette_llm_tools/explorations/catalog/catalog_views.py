"""The list of explorations, pins and the feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import NotFound

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


async def catalog(request: Request, datasette: Datasette) -> Any:
    """GET /-/explorations: what this person may read, with search, author and tags."""
    raise NotFound("This page is not there yet.")


async def feed(request: Request, datasette: Datasette) -> Any:
    """GET /-/explorations/-/feed.atom: what was published for everybody, newest first."""
    raise NotFound("This page is not there yet.")


async def pin(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/pin: show it on the home page, or no more, {pinned}."""
    raise NotFound("This page is not there yet.")
