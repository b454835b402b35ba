"""A server with nothing but our own tables, in a file that a test may open beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from datasette.app import Datasette


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Datasette]:
    """Datasette that has started, with `internal.db` in the folder."""
    datasette = Datasette(memory=True, internal=str(folder / "internal.db"))
    await datasette.invoke_startup()
    try:
        yield datasette
    finally:
        await datasette.invoke_shutdown()
