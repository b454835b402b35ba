"""Rows for a widget: by the name of a query and values, never SQL from the widget."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...errors import BadInput, QueryFailed
from ...queries import Limits, QueryResult, Value, run_query
from ...settings import read_settings
from ..contracts import columns_of, differences
from ..named_queries import bound
from ..values import Draft, NamedQuery

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ...permissions import Actor

MOST_SKIPPED = 10_000_000


async def rows_json(
    datasette: Datasette,
    actor: Actor,
    database: str,
    draft: Draft,
    asked: Mapping[str, Any],
) -> dict[str, Any]:
    """One page of a named query's rows: {columns, rows, truncated, next, changed}.

    `asked`: {query, params, page}; `page` counts the rows before it. `next` continues, None at
    the end. A page ends at the settings widget_rows and widget_result_bytes. `changed` says in
    sentences what is different since the revision was made. Raises BadInput, naming what is
    wrong, and all that run_query raises.
    """
    query = _named(draft.queries, asked.get("query"))
    params = asked.get("params")
    if params is not None and not isinstance(params, Mapping):
        raise BadInput(f"The parameters of the query {query.name} must be an object by name.")
    skip = _offset(asked.get("page"))
    settings = read_settings(datasette, database)
    limits = replace(
        Limits.of(settings),
        rows=settings.widget_rows,
        result_bytes=settings.widget_result_bytes,
        skip=skip,
    )
    values = bound(query, params or {})
    result = await run_query(datasette, database, query.sql, values, actor=actor, limits=limits)
    rows, is_cut = _within([plain_row(row) for row in result.rows], settings.widget_result_bytes)
    is_truncated = result.truncated or is_cut
    if is_truncated and not rows:
        raise QueryFailed(
            f"A row of the query {query.name} has more than {settings.widget_result_bytes:,} "
            "bytes; select less of it."
        )
    return {
        "columns": list(result.columns),
        "rows": rows,
        "truncated": is_truncated,
        "next": skip + len(rows) if is_truncated else None,
        "changed": [] if skip else list(_changed(query, draft, result)),
    }


def _named(queries: Sequence[NamedQuery], name: Any) -> NamedQuery:
    for query in queries:
        if query.name == name:
            return query
    there = ", ".join(each.name for each in queries) or "none"
    raise BadInput(f"This widget has no query called {str(name)[:60]!r}; it has: {there}.")


def _offset(page: Any) -> int:
    if page is None:
        return 0
    is_number = isinstance(page, int) and not isinstance(page, bool)
    if not is_number or not 0 <= page <= MOST_SKIPPED:
        raise BadInput("page must be what the rows before it gave as next.")
    return int(page)


def _changed(query: NamedQuery, draft: Draft, result: QueryResult) -> tuple[str, ...]:
    before = draft.contract.get(query.name)
    return differences(query.name, before, columns_of(result)) if before else ()


def plain_row(row: Sequence[Value]) -> list[Any]:
    """A row's cells as a widget gets them, all of them JSON."""
    return [_plain_value(value) for value in row]


def _plain_value(value: Value) -> Any:
    if isinstance(value, bytes):
        return {"$base64": True, "encoded": base64.b64encode(value).decode()}
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no infinity
    return value


def _within(rows: list[list[Any]], most_bytes: int) -> tuple[list[list[Any]], bool]:
    """The first rows that have so many bytes as JSON, and whether there were more."""
    is_cut = False
    while rows:
        size = len(json.dumps(rows, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        if size <= most_bytes:
            break
        rows = rows[: min(len(rows) - 1, int(len(rows) * most_bytes / size))]
        is_cut = True
    return rows, is_cut
