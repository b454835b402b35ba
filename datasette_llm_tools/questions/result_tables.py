"""A result as pages show it: cells as HTML, and where Datasette shows the same SQL."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ..cells import display_rows
from ..queries import QueryResult
from ..schema import Schema
from .contexts import ResultTable
from .tracing.number_links import NumberLinks

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


async def result_table(
    datasette: Datasette,
    request: Request,
    database: str,
    sql: str,
    result: QueryResult,
    schema: Schema,
) -> ResultTable:
    """Rows as Datasette shows them, with links to its own pages for the same SQL."""
    base = f"{datasette.urls.database(database)}/-/query"
    query = urlencode({"sql": sql})
    rows = await display_rows(datasette, request, database, sql, result, schema)
    links = await asyncio.to_thread(NumberLinks, base, sql, result, schema)
    return ResultTable(
        columns=result.columns,
        rows=await asyncio.to_thread(links.cells, rows),
        links=links,
        numeric=tuple(
            all(value is None or isinstance(value, (int, float)) for value in column)
            for column in zip(*result.rows, strict=True)
        ),
        truncated=result.truncated,
        milliseconds=result.milliseconds,
        query_url=f"{base}?{query}",
        csv_url=f"{base}.csv?{query}&_size=max",
        json_url=f"{base}.json?{query}",
    )
