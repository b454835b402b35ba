"""Keeps the statements that Datasette's own connections run, and those that our workers are given.

GET /-/benchmark/queries answers those since it was asked last, each as [database, SQL].
"""

from __future__ import annotations

import functools
from typing import Any

from datasette import Response, hookimpl

log: list[tuple[str, str]] = []


@hookimpl
def prepare_connection(conn: Any, database: str) -> None:
    conn.set_trace_callback(lambda sql: log.append((database, sql)))


@hookimpl
def startup() -> None:
    from datasette_llm_tools import query_pool

    ask = query_pool.QueryPool.ask  # the one way to a worker

    @functools.wraps(ask)
    async def logged(self: Any, *arguments: Any, **more: Any) -> Any:
        log.append(("worker", repr(arguments)[:500]))
        return await ask(self, *arguments, **more)

    query_pool.QueryPool.ask = logged


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    async def queries() -> Response:
        told = list(log)
        log.clear()
        return Response.json({"queries": told})

    return [(r"^/-/benchmark/queries$", queries)]
