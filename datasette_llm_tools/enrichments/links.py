"""Addresses of enrichments and runs, and where Datasette's own menus lead to them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from datasette.resources import TableResource
from datasette.utils import tilde_encode

from ..permissions import ENRICH, OWN_TABLES
from ..table_addresses import SHOWING
from ..table_reading import row_keys
from .database.results import results_of_row
from .database.tables import key_json
from .values import Key

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from ..permissions import Actor

Link = dict[str, str]
Links = Callable[[], Awaitable[list[Link]]]

# In the address of the form: the form that was chosen, one row, the run to begin with.
FORM, KEY, RUN = "_form", "_key", "_run"

# Of a table page's address, these do not say which rows are meant.
_NOT_ROWS = SHOWING | {"_sort", "_sort_desc", "_col", "_nocol", FORM, RUN}


def home_url(datasette: Datasette) -> str:
    """The page of one's own runs."""
    return str(datasette.urls.path("/-/enrichments"))


def table_url(datasette: Datasette, database: str, table: str) -> str:
    """The page where a table is enriched, with its runs."""
    return f"{home_url(datasette)}/{tilde_encode(database)}/{tilde_encode(table)}"


def run_url(datasette: Datasette, database: str, run_id: str) -> str:
    """A run's page."""
    return str(datasette.urls.path(f"/-/runs/{tilde_encode(database)}/{run_id}"))


def row_url(datasette: Datasette, database: str, table: str, key: Key) -> str | None:
    """Datasette's page of a row, or None for a key that no address can hold."""
    if any(value is None or isinstance(value, bytes) for value in key):
        return None
    path = ",".join(tilde_encode(str(value)) for value in key)
    return str(datasette.urls.row(database, table, path))


def provenance_url(datasette: Datasette, database: str, table: str, key: Key) -> str:
    """The page that says where a row's values come from."""
    query = urlencode({"key": key_json(key)})
    return f"{table_url(datasette, database, table)}/-/row?{query}"


def filters_of(query: str) -> str:
    """The part of a page's query string that says which rows."""
    kept = [
        (name, value)
        for name, value in parse_qsl(query, keep_blank_values=True)
        if name not in _NOT_ROWS
    ]
    return urlencode(kept)


def with_query(url: str, query: str) -> str:
    """An address with a query string, which may be empty."""
    return f"{url}?{query}" if query else url


def menu(datasette: Datasette, actor: Actor) -> Links:
    """The menu of every page, for whoever signed in and may enrich at least one table."""

    async def inner() -> list[Link]:
        if actor is None:
            return []
        allowed = await datasette.allowed_resources(ENRICH, actor, limit=1)
        if not allowed.resources:
            return []
        return [{"href": home_url(datasette), "label": "Enrichments"}]

    return inner


def table(
    datasette: Datasette, actor: Actor, database: str, name: str, request: Request | None
) -> Links:
    """The action menu of a table, whose filters choose the rows."""

    async def inner() -> list[Link]:
        if not await _may_enrich(datasette, actor, database, name):
            return []
        filters = filters_of(request.query_string) if request else ""
        label = "Enrich these rows" if filters else "Enrich this table"
        return [
            {
                "href": with_query(table_url(datasette, database, name), filters),
                "label": label,
                "description": "Run a prompt over every row and save typed results.",
            }
        ]

    return inner


def row(
    datasette: Datasette, actor: Actor, database: str, name: str, values: Mapping[str, Any]
) -> Links:
    """The action menu of a row: a run over this row alone, and where its values come from."""

    async def inner() -> list[Link]:
        keys = await row_keys(datasette.get_database(database), name)
        key = tuple(values[column] for column in keys)
        links = []
        if await _may_enrich(datasette, actor, database, name) and _is_addressable(key):
            query = urlencode({KEY: json.dumps(key, ensure_ascii=False)})
            links.append(
                {
                    "href": f"{table_url(datasette, database, name)}?{query}",
                    "label": "Enrich this row",
                    "description": "Run a prompt over this row and save typed results.",
                }
            )
        if await results_of_row(datasette, database, name, key):
            links.append(
                {
                    "href": provenance_url(datasette, database, name, key),
                    "label": "Where values come from",
                    "description": "Which model or person filled this row, when and how.",
                }
            )
        return links

    return inner


def _is_addressable(key: Key) -> bool:
    return not any(isinstance(value, bytes) for value in key)


async def _may_enrich(datasette: Datasette, actor: Actor, database: str, name: str) -> bool:
    """Whether the action menu offers it: the page itself asks for every permission."""
    if name.startswith(OWN_TABLES) or not datasette.get_database(database).is_mutable:
        return False
    resource = TableResource(database=database, table=name)
    return bool(await datasette.allowed(action=ENRICH, resource=resource, actor=actor))
