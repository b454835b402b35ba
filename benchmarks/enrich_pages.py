"""What visitors notice of a job that runs flat out in the same server."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path

from enrich_measure import PLUGIN, Place
from enrich_rows import CONFIG, new_run, query
from enrich_work import WARM_TABLE
from findings import Finding, note
from serving import Person, served

from datasette_llm_tools.command_line import opened
from datasette_llm_tools.enrichments.values import RunLimits

ROWS = 200_000
REQUESTS = 100
PAUSE_SECONDS = 0.02
MOST_TIMES = 2.0


def table_page(place: Place) -> list[Finding]:
    """One visitor opens a table page again and again, without a job, with one, and without."""
    database = place.database("pages", ROWS)
    with served(
        database.parent / "server", database=database, plugin=PLUGIN, config=CONFIG
    ) as server:
        person = Person(server.port)
        path = f"/{database.stem}/{WARM_TABLE}"
        _seconds(person, path, REQUESTS // 5)
        idle = _seconds(person, path, REQUESTS)
        asyncio.run(_start(database))
        while _done(database) < 1000:
            time.sleep(0.05)
        before, began = _done(database), time.monotonic()
        busy = _seconds(person, path, REQUESTS)
        rows = (_done(database) - before) / (time.monotonic() - began)
        if _status(database) != "running":
            raise RuntimeError("The job ended before the visitor; it needs more rows.")
        began, before = time.monotonic(), _done(database)
        time.sleep(2)
        alone = (_done(database) - before) / (time.monotonic() - began)
        asyncio.run(_cancel(database))
        while _status(database) == "running":
            time.sleep(0.05)
        idle += _seconds(person, path, REQUESTS)
    times = statistics.median(busy) / statistics.median(idle)
    note(f"  {rows:,.0f} rows/s while somebody reads, {alone:,.0f} before and after")
    return [
        Finding(
            "a job flat out: median latency of a table page, times that without",
            f"{MOST_TIMES}",
            f"{times:.2f} ({statistics.median(idle) * 1000:.1f} ms without, 90% within "
            f"{statistics.quantiles(busy, n=10)[-1] * 1000:.0f} ms with)",
            times <= MOST_TIMES,
        )
    ]


def _seconds(person: Person, path: str, count: int) -> list[float]:
    found = []
    for _ in range(count):
        found.append(person.page(path))
        time.sleep(PAUSE_SECONDS)
    return found


async def _start(database: Path) -> None:
    async with opened(database, {}) as (datasette, name):
        await new_run(datasette, name, RunLimits(concurrency=64))


async def _cancel(database: Path) -> None:
    from datasette_llm_tools.enrichments.database import store
    from datasette_llm_tools.enrichments.values import Wish

    async with opened(database, {}) as (datasette, name):
        (run,) = await store.runs(datasette, name)
        await store.wish(datasette, run, Wish.CANCEL)


def _done(database: Path) -> int:
    return int(query(database, "select done from _llm_tools_runs")[0][0])


def _status(database: Path) -> str:
    return str(query(database, "select status from _llm_tools_runs")[0][0])
