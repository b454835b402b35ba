"""Explorations and blocks on other sites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import NotFound

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


async def embed(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/embed: the exploration without what is around it, for a frame."""
    raise NotFound("This page is not there yet.")


async def embed_block(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/block/BLOCK/-/embed: one block for a frame."""
    raise NotFound("This page is not there yet.")


async def oembed(request: Request, datasette: Datasette) -> Any:
    """GET /-/explorations/-/oembed: how a page here is embedded, by its address."""
    raise NotFound("This page is not there yet.")


async def picture(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/picture.png: a picture for previews of links."""
    raise NotFound("This page is not there yet.")


async def block_picture(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/block/BLOCK.svg: the chart of a block as a picture."""
    raise NotFound("This page is not there yet.")
