"""Where pages lead to adding what they show to an exploration: action menus of Datasette."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from ...permissions import may
from ...sql_names import quoted
from ...table_reading import row_keys
from ..addresses import explorations_url
from ..opening import actor_id

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from ...permissions import Actor

Link = dict[str, str]
Links = Callable[[], Awaitable[list[Link]]]

_LABEL = "Add to exploration"
_ABOUT = "Put these rows on a page of your own, with words and charts around them."
_NOT_ROWS = {"_next", "_size"}


def table(
    datasette: Datasette, actor: Actor, database: str, name: str, request: Request | None
) -> Links:
    """The action menu of a table or view. Its page's filters and order go along."""
    given = parse_qsl(request.query_string, keep_blank_values=True) if request else []
    kept = [(key, value) for key, value in given if key not in _NOT_ROWS]
    # The name of the table first: of several `table` it is the first that counts.
    fields = [("source", "table"), ("database", database), ("table", name), *kept]
    return _action(datasette, actor, database, fields)


def row(
    datasette: Datasette, actor: Actor, database: str, name: str, values: Mapping[str, Any]
) -> Links:
    """The action menu of a row."""

    async def inner() -> list[Link]:
        keys = await row_keys(datasette.get_database(database), name)
        names = {f"key{n}": key for n, key in enumerate(keys, 1)}
        params = {name: values[key] for name, key in names.items()}
        if any(isinstance(each, bytes) for each in params.values()):
            return []
        where = " AND ".join(f"{quoted(key)} = :{name}" for name, key in names.items())
        sql = f"SELECT *\nFROM {quoted(name)}\nWHERE {where}"
        return await _query_links(datasette, actor, database, sql, params, name)

    return inner


def query(
    datasette: Datasette,
    actor: Actor,
    database: str,
    query_name: str | None,
    sql: str | None,
    params: Mapping[str, Any] | None,
) -> Links:
    """The action menu of a query page, one that is kept or not. Its values go along."""

    async def inner() -> list[Link]:
        given = {str(key): value for key, value in (params or {}).items() if key != "sql"}
        if query_name:
            fields = [("source", "query"), ("database", database), ("query", query_name)]
            return await _action(datasette, actor, database, [*fields, *_values(given)])()
        if not sql:
            return []
        return await _query_links(datasette, actor, database, sql, given, "")

    return inner


async def _query_links(
    datasette: Datasette,
    actor: Actor,
    database: str,
    sql: str,
    params: Mapping[str, Any],
    title: str,
) -> list[Link]:
    fields = [("source", "query"), ("database", database), ("sql", sql), *_values(params)]
    fields += [("title", title)] if title else []
    return await _action(datasette, actor, database, fields)()


def _values(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [("params", json.dumps(dict(params), ensure_ascii=False, default=str))] if params else []


def _action(
    datasette: Datasette, actor: Actor, database: str, fields: list[tuple[str, str]]
) -> Links:
    async def inner() -> list[Link]:
        if actor_id(actor) is None or not await may(datasette, actor, "execute-sql", database):
            return []
        href = f"{explorations_url(datasette, '/-/add')}?{urlencode(fields)}"
        return [{"href": href, "label": _LABEL, "description": _ABOUT}]

    return inner
