"""Publishing: who may read, what becomes visible, links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import NotFound

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


async def share(request: Request, datasette: Datasette) -> Any:
    """GET, POST …/ID/-/share: who may read; POST {public, people, mode}."""
    raise NotFound("This page is not there yet.")


async def publish(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/publish: the current version, with its rows frozen, for its readers."""
    raise NotFound("This page is not there yet.")


async def unpublish(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/unpublish: for nobody but its author again."""
    raise NotFound("This page is not there yet.")


async def link(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/link: a secret link, {label, expires}."""
    raise NotFound("This page is not there yet.")


async def revoke(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/revoke: a secret link opens nothing any more, {token}."""
    raise NotFound("This page is not there yet.")
