"""Addresses of explorations and of what is below them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

KEY = "key"  # the argument that holds the token of a secret link


def explorations_url(datasette: Datasette, tail: str = "") -> str:
    """The list of explorations, or what is beside it: `/-/import`."""
    return str(datasette.urls.path(f"/-/explorations{tail}"))


def exploration_url(
    datasette: Datasette, exploration_id: str, tail: str = "", *, key: str | None = None
) -> str:
    """An exploration's page, or what is below it: `/-/edit`, `/-/export.html`, `.json`.

    `key` is the token by which its reader came, for whatever they follow from here.
    """
    return explorations_url(datasette, f"/{exploration_id}{tail}") + _with_key(key)


def block_url(
    datasette: Datasette,
    exploration_id: str,
    block_id: str,
    tail: str = "",
    *,
    key: str | None = None,
) -> str:
    """A block by itself, or what is below it: `.csv`, `.svg`, `/-/rows`."""
    return exploration_url(datasette, exploration_id, f"/-/block/{block_id}{tail}", key=key)


def absolute(request: Request, datasette: Datasette, path: str) -> str:
    """A path of this site with scheme and host, as Datasette would write it."""
    return str(datasette.absolute_url(request, path))


def _with_key(key: str | None) -> str:
    return f"?{urlencode({KEY: key})}" if key else ""
