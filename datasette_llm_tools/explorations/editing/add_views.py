"""Adding what is found on other pages to an exploration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import NotFound

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


async def add(request: Request, datasette: Datasette) -> Any:
    """GET, POST /-/explorations/-/add: a block from a question, chart, widget, query or run."""
    raise NotFound("This page is not there yet.")
