"""Where Datasette's own pages lead to questions: menus, action menus, the jump bar."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from datasette.jump import JumpSQL

from ..permissions import ASK, may
from .addresses import ask_url

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ..permissions import Actor

Link = dict[str, str]
Links = Callable[[], Awaitable[list[Link]]]


def menu(datasette: Datasette, actor: Actor) -> Links:
    """The menu of every page, for whoever may ask at least one database."""

    async def inner() -> list[Link]:
        allowed = await datasette.allowed_resources(ASK, actor, limit=1)
        if not allowed.resources:
            return []
        return [{"href": ask_url(datasette), "label": "Ask a question"}]

    return inner


def database(datasette: Datasette, actor: Actor, name: str) -> Links:
    """The action menu of a database."""
    return _action(
        datasette,
        actor,
        name,
        {},
        "Ask a question",
        "In plain words; you see the SQL and the rows.",
    )


def table(datasette: Datasette, actor: Actor, name: str, table_name: str) -> Links:
    """The action menu of a table or view."""
    return _action(
        datasette,
        actor,
        name,
        {"table": table_name},
        "Ask about this table",
        "In plain words; you see the SQL and the rows.",
    )


def query(datasette: Datasette, actor: Actor, name: str, sql: str | None) -> Links:
    """The action menu of a query page."""
    return _action(
        datasette,
        actor,
        name,
        {"sql": sql} if sql else {},
        "Change this query in words",
        "Say what should be different; a model rewrites the SQL.",
    )


def jump(datasette: Datasette, actor: Actor) -> Callable[[], Awaitable[list[JumpSQL]]]:
    """One entry of the jump bar for each database that may be asked."""

    async def inner() -> list[JumpSQL]:
        allowed = await datasette.allowed_resources(ASK, actor, limit=100)
        return [
            JumpSQL.menu_item(
                label=f"Ask {resource.parent} a question",
                url=ask_url(datasette, resource.parent),
                description="Plain words to SQL, rows and an answer",
                item_type="ask",
            )
            for resource in allowed.resources
        ]

    return inner


def _action(
    datasette: Datasette,
    actor: Actor,
    name: str,
    query: dict[str, str],
    label: str,
    description: str,
) -> Links:
    async def inner() -> list[Link]:
        if not await may(datasette, actor, ASK, name):
            return []
        href = ask_url(datasette, name) + (f"?{urlencode(query)}" if query else "")
        return [{"href": href, "label": label, "description": description}]

    return inner
