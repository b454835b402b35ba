"""The rows of a widget's queries at one moment, as they go into a file that leaves the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ...errors import QueryFailed
from ...queries import Limits, Value, run_query
from ...settings import read_settings
from ..named_queries import bound
from ..sandbox.rows import plain_row
from ..values import NamedQuery, Revision

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ...permissions import Actor

_MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one query gave with the defaults of its parameters. `truncated`: there was more."""

    query: NamedQuery
    params: Mapping[str, Value]
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    truncated: bool


async def snapshots(
    datasette: Datasette, actor: Actor, database: str, revision: Revision
) -> tuple[Snapshot, ...]:
    """Run each query of a revision as the actor; settings.widget_result_bytes for each at most.

    Raises QueryFailed, SqlRejected or QueryTimedOut, naming the query, where one does not run.
    """
    settings = read_settings(datasette, database)
    limits = replace(
        Limits.of(settings), rows=_MOST_ROWS, result_bytes=settings.widget_result_bytes
    )
    return tuple(
        [
            await _snapshot(datasette, actor, database, query, limits)
            for query in revision.draft.queries
        ]
    )


def snapshots_json(taken: Sequence[Snapshot]) -> dict[str, Any]:
    """{queries: [{name, params, columns, rows, truncated}]}, cells as a widget gets them."""
    return {
        "queries": [
            {
                "name": each.query.name,
                "params": dict(each.params),
                "columns": list(each.columns),
                "rows": list(map(plain_row, each.rows)),
                "truncated": each.truncated,
            }
            for each in taken
        ]
    }


async def _snapshot(
    datasette: Datasette, actor: Actor, database: str, query: NamedQuery, limits: Limits
) -> Snapshot:
    params = bound(query, {})
    try:
        found = await run_query(datasette, database, query.sql, params, actor=actor, limits=limits)
    except QueryFailed as error:
        raise type(error)(f"The query {query.name} does not run: {error.message}") from error
    return Snapshot(query, params, found.columns, found.rows, found.truncated)
