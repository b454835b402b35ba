"""Secret links to explorations."""

from __future__ import annotations

import secrets
import sqlite3
from typing import TYPE_CHECKING

from ..errors import NotFound
from ..widgets.internal_tables import insert, now, read, write
from .records import LINK_COLUMNS, link_of, link_values
from .values import Link

if TYPE_CHECKING:
    from datasette.app import Datasette

_TABLE = "llm_tools_exploration_links"
_MOST_LABEL = 200


async def add(
    datasette: Datasette,
    exploration_id: str,
    *,
    label: str,
    actor_id: str | None,
    expires_at: str | None,
) -> Link:
    """Make a link; `expires_at` is ISO 8601 in UTC as internal_tables.now() writes it."""
    link = Link(
        token=secrets.token_urlsafe(24),
        exploration_id=exploration_id,
        label=" ".join(label.split())[:_MOST_LABEL],
        actor_id=actor_id,
        created_at=now(),
        expires_at=expires_at,
    )
    await write(
        datasette, lambda connection: insert(connection, _TABLE, LINK_COLUMNS, link_values(link))
    )
    return link


async def links(datasette: Datasette, exploration_id: str) -> tuple[Link, ...]:
    """All links of an exploration, those that are revoked or expired too, newest first."""
    rows = await read(
        datasette,
        f"select {LINK_COLUMNS} from {_TABLE} "
        "where exploration_id = ? order by created_at desc, token",
        [exploration_id],
    )
    return tuple(map(link_of, rows))


async def find(datasette: Datasette, token: str) -> Link | None:
    """The link of that token, open or not, or None."""
    rows = await read(
        datasette,
        f"select {LINK_COLUMNS} from {_TABLE} where token = ?",
        [token],
    )
    return link_of(rows[0]) if rows else None


async def revoke(datasette: Datasette, exploration_id: str, token: str) -> None:
    """Let a link open nothing from now on. Raises NotFound, Conflict."""

    def change(connection: sqlite3.Connection) -> None:
        changed = connection.execute(
            f"update {_TABLE} set revoked_at = coalesce(revoked_at, ?) "
            "where token = ? and exploration_id = ?",
            [now(), token, exploration_id],
        )
        if not changed.rowcount:
            raise NotFound("There is no such link.")

    await write(datasette, change)
