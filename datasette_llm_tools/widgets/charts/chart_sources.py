"""What the Draw page is asked to draw: a query with its parameters, or the rows of a table page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from datasette.utils import named_parameters

from ...errors import BadInput, NotFound
from ...permissions import visible_tables
from ...queries import Value
from ...table_addresses import SHOWING
from ..access import widgets_url

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

# Of this page's own address; the underscore keeps them apart from a query's parameters.
SPEC, QUESTION = "_spec", "_question"


@dataclass(frozen=True, slots=True)
class ChartSource:
    """One SELECT with its parameters, and Datasette's page of the same rows."""

    sql: str
    url: str
    params: Mapping[str, Value] = field(default_factory=dict)
    table: str | None = None


def draw_url(datasette: Datasette, database: str, **query: str) -> str:
    """The Draw page, for a query (`sql=`, and its parameters) or a table (`table=`, filters)."""
    address = f"{widgets_url(datasette, database)}/-/chart"
    return f"{address}?{urlencode(query)}" if query else address


async def source_of(datasette: Datasette, request: Request, database: str) -> ChartSource | None:
    """What the address asks to be drawn, or None where it names nothing.

    A query may have a parameter called table, and a table a column called sql or table: of
    several `table`, the first is the table that is drawn.

    Raises NotFound for a table that the actor may not see, BadInput for filters that Datasette
    does not take.
    """
    table = request.args.get("table")
    sql = (request.args.get("sql") or "").strip()
    names = dict.fromkeys(named_parameters(sql))
    if table and "table" not in names:
        return await _table_source(datasette, request, database, table)
    if not sql:
        return None
    params = {name: request.args.get(name) or "" for name in names}
    return ChartSource(sql, query_url(datasette, database, sql, params), params)


def query_url(
    datasette: Datasette, database: str, sql: str, params: Mapping[str, Value] | None = None
) -> str:
    """Datasette's page of a query."""
    given = {name: "" if value is None else value for name, value in (params or {}).items()}
    return f"{datasette.urls.database(database)}/-/query?{urlencode({'sql': sql, **given})}"


async def _table_source(
    datasette: Datasette, request: Request, database: str, table: str
) -> ChartSource:
    """The rows of a table page with its filters and its order, all of them.

    Datasette itself writes their SQL, so that every filter counts that its page knows, those of
    other plugins included.
    """
    if table not in await visible_tables(datasette, request.actor, database):
        raise NotFound(f"There is no table called {table} in a database called {database} here.")
    given = parse_qsl(request.query_string, keep_blank_values=True)
    given.remove(("table", table))  # the first one
    ours = SHOWING | {SPEC, QUESTION}
    kept = [(name, value) for name, value in given if name not in ours]
    page = str(datasette.urls.table(database, table))
    asked = urlencode([*kept, ("_size", "0"), ("_extra", "query"), ("_nocount", "1")])
    # The client adds the base_url itself.
    path = page.removeprefix(str(datasette.urls.path("")).rstrip("/"))
    response = await datasette.client.get(f"{path}.json?{asked}", actor=request.actor)
    answer: dict[str, Any] = response.json()
    if response.status_code != 200 or "query" not in answer:
        raise BadInput(f"Datasette does not take these filters: {answer.get('error', 'no rows')}.")
    query = answer["query"]
    sql = query["sql"].removesuffix(" limit 1")
    address = f"{page}?{urlencode(kept)}" if kept else page
    return ChartSource(sql, address, query.get("params") or {}, table)


def spec_of(request: Request) -> Mapping[str, Any] | None:
    """The spec in the address, as JSON, or None. Raises BadInput for what is no JSON object."""
    text = request.args.get(SPEC)
    if not text:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput("The chart in this address is not valid JSON; open it anew.") from error
    if not isinstance(value, dict):
        raise BadInput("The chart in this address is not a JSON object; open it anew.")
    return value
