"""Where Datasette's own pages lead to charts and widgets: the menu and the action menus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from ..permissions import WIDGET, may
from .access import widgets_url
from .charts.chart_sources import draw_url

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from ..permissions import Actor

Link = dict[str, str]
Links = Callable[[], Awaitable[list[Link]]]

_DRAW = "A chart at once, from the columns; change it in words or by hand."
_MAKE = "A small interactive page over these data, made by prompting."


def menu(datasette: Datasette, actor: Actor) -> Links:
    """The menu of every page, for whoever may make widgets over at least one database."""

    async def inner() -> list[Link]:
        allowed = await datasette.allowed_resources(WIDGET, actor, limit=1)
        if not allowed.resources:
            return []
        return [{"href": widgets_url(datasette), "label": "Charts and widgets"}]

    return inner


def database(datasette: Datasette, actor: Actor, name: str) -> Links:
    """The action menu of a database."""

    async def inner() -> list[Link]:
        return [
            *await _draw(datasette, actor, name, "Draw a chart", draw_url(datasette, name)),
            *await _make(datasette, actor, name, {}),
        ]

    return inner


def table(
    datasette: Datasette, actor: Actor, name: str, table_name: str, request: Request | None
) -> Links:
    """The action menu of a table or view. Its page's filters and order go along."""

    async def inner() -> list[Link]:
        given = parse_qsl(request.query_string, keep_blank_values=True) if request else []
        query = urlencode([("table", table_name), *_without(given, {"_next", "_size"})])
        address = f"{draw_url(datasette, name)}?{query}"
        return await _draw(datasette, actor, name, "Draw these rows", address)

    return inner


def query(
    datasette: Datasette,
    actor: Actor,
    name: str,
    sql: str | None,
    params: Mapping[str, Any] | None,
) -> Links:
    """The action menu of a query page. The values of its parameters go along."""

    async def inner() -> list[Link]:
        if not sql:
            return []
        given = {str(key): str(value) for key, value in (params or {}).items() if key != "sql"}
        address = f"{draw_url(datasette, name)}?{urlencode({'sql': sql, **given})}"
        return [
            *await _draw(datasette, actor, name, "Draw these rows", address),
            *await _make(datasette, actor, name, {"sql": sql}),
        ]

    return inner


def _without(given: list[tuple[str, str]], names: set[str]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in given if name not in names]


async def _draw(datasette: Datasette, actor: Actor, name: str, label: str, href: str) -> list[Link]:
    if not await may(datasette, actor, "execute-sql", name):
        return []
    return [{"href": href, "label": label, "description": _DRAW}]


async def _make(
    datasette: Datasette, actor: Actor, name: str, query: Mapping[str, str]
) -> list[Link]:
    if not await may(datasette, actor, WIDGET, name):
        return []
    href = widgets_url(datasette, name) + (f"?{urlencode(query)}" if query else "")
    return [{"href": href, "label": "Make a widget", "description": _MAKE}]
