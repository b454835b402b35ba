"""Where Datasette's own pages lead to explorations: the menu and the jump bar."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from datasette.jump import JumpSQL

from .. import catalog_store, opening
from ..addresses import explorations_url

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ...permissions import Actor


def menu(datasette: Datasette, actor: Actor) -> Callable[[], Awaitable[list[dict[str, str]]]]:
    """The menu of every page, for whoever may read or keep explorations."""

    async def inner() -> list[dict[str, str]]:
        if opening.actor_id(actor) is None and not await opening.sees_public(datasette, actor):
            return []
        return [{"href": explorations_url(datasette), "label": "Explorations"}]

    return inner


def jump(datasette: Datasette, actor: Actor) -> Callable[[], Awaitable[list[JumpSQL]]]:
    """The explorations that this person may read, in the jump bar."""

    async def inner() -> list[JumpSQL]:
        sees_public = await opening.sees_public(datasette, actor)
        url = explorations_url(datasette, "/")
        known = opening.actor_id(actor)
        sql, values = catalog_store.jump_items(known, url, sees_public=sees_public)
        return [JumpSQL(sql, values)]

    return inner
