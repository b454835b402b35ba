"""The addresses of an exploration as readers see it, whole or by its blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import NotFound

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


async def exploration(request: Request, datasette: Datasette) -> Any:
    """GET …/ID: the page, from the snapshot or live."""
    raise NotFound("This page is not there yet.")


async def block(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/block/BLOCK: one block by itself, as a page, part of one, or JSON."""
    raise NotFound("This page is not there yet.")


async def frame(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/block/BLOCK/-/frame: a frame for the widget of a block."""
    raise NotFound("This page is not there yet.")


async def rows(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/block/BLOCK/-/rows: {query, params, page} -> rows for that widget."""
    raise NotFound("This page is not there yet.")
