"""Addresses of our pages that questions lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datasette.utils import tilde_encode

if TYPE_CHECKING:
    from datasette.app import Datasette


def ask_url(datasette: Datasette, database: str | None = None) -> str:
    """The page where a database is asked, or the one that lists them."""
    tail = f"/{tilde_encode(database)}" if database else ""
    return str(datasette.urls.path(f"/-/questions{tail}"))


def draw_url(datasette: Datasette, database: str) -> str:
    """The page of the feature widgets/ that draws the rows of a query (`?sql=`)."""
    return str(datasette.urls.path(f"/-/widgets/{tilde_encode(database)}/-/chart"))
