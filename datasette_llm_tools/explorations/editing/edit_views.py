"""The addresses where an author writes, arranges and goes back to earlier versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import NotFound

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


async def create(request: Request, datasette: Datasette) -> Any:
    """POST /-/explorations/-/new: a new exploration, empty or with a title."""
    raise NotFound("This page is not there yet.")


async def edit(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/edit: the page to write and arrange."""
    raise NotFound("This page is not there yet.")


async def save(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/save: autosave, or a version to keep: {document, base, keep}."""
    raise NotFound("This page is not there yet.")


async def preview(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/preview: one block as it would be shown, run as its author."""
    raise NotFound("This page is not there yet.")


async def propose(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/propose: title, summary and headings that a model proposes."""
    raise NotFound("This page is not there yet.")


async def history(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/history: all versions, and one with ?number=."""
    raise NotFound("This page is not there yet.")


async def restore(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/restore: an earlier version becomes the current one again."""
    raise NotFound("This page is not there yet.")


async def delete(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/delete: forget an exploration with all its versions."""
    raise NotFound("This page is not there yet.")
