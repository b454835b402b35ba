"""Changed copies of the databases of a bench, served by a Datasette that nobody else looks at."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from datasette.app import Datasette
from datasette.database import Database

from .perturbing import make_variants
from .running import Bench

# Many databases on a busy machine: what Datasette reads of itself may take its time.
ROOMY: Mapping[str, Any] = {"settings": {"sql_time_limit_ms": 60_000}}


@asynccontextmanager
async def with_copies(
    bench: Bench, files: Mapping[str, Path], count: int, seed: int
) -> AsyncIterator[Bench]:
    """The bench with `count` changed copies of each database, in a folder that goes afterwards.

    `files` are by the name that a database has at the bench. Raises what make_variants raises.
    """
    if not count:
        yield bench
        return
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llm-tools-")))
        copies = Datasette([], **ROOMY)
        copies.root_enabled = True
        variants: dict[str, list[str]] = {}
        for number, (name, file) in enumerate(files.items()):
            below = folder / str(number)
            below.mkdir()
            made = await asyncio.to_thread(make_variants, file, below, count, seed)
            variants[name] = [f"{number}-{each.path.stem}" for each in made]
            for called, each in zip(variants[name], made, strict=True):
                copies.add_database(
                    Database(copies, path=str(each.path), is_mutable=True), name=called
                )
        stack.callback(copies.close)
        await copies.invoke_startup()
        stack.push_async_callback(copies.invoke_shutdown)
        await copies.refresh_schemas()
        yield replace(bench, copies=copies, variants=variants)
