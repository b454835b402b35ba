"""Explorations as files, out and in, and as JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import NotFound

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


async def read(request: Request, datasette: Datasette) -> Any:
    """GET …/ID.json: the document, state and, with ?rows=1, rows."""
    raise NotFound("This page is not there yet.")


async def export(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/export: which files there are."""
    raise NotFound("This page is not there yet.")


async def html(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/export.html: one file that opens from disk, offline."""
    raise NotFound("This page is not there yet.")


async def json_file(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/export.json: the document with rows and certificates."""
    raise NotFound("This page is not there yet.")


async def markdown_file(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/export.md: Markdown with pictures."""
    raise NotFound("This page is not there yet.")


async def notebook(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/export.ipynb: a Jupyter notebook."""
    raise NotFound("This page is not there yet.")


async def queries(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/export.yaml: its queries for Datasette's configuration."""
    raise NotFound("This page is not there yet.")


async def rows(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/block/BLOCK.csv: the rows of a block."""
    raise NotFound("This page is not there yet.")


async def import_file(request: Request, datasette: Datasette) -> Any:
    """GET, POST /-/explorations/-/import: an HTML file or its JSON, as a fork."""
    raise NotFound("This page is not there yet.")


async def fork(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/fork: one's own copy, which names its origin."""
    raise NotFound("This page is not there yet.")
