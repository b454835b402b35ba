"""Certificates, running blocks again, and forks against their original."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import NotFound

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


async def certificate(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/certificate: what the blocks came from, with hashes."""
    raise NotFound("This page is not there yet.")


async def verify(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/verify: run blocks again and compare, {block}."""
    raise NotFound("This page is not there yet.")


async def compare(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/compare: a fork beside its original, or two versions."""
    raise NotFound("This page is not there yet.")
