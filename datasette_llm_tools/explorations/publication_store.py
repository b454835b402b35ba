"""Explorations being published, and what that ends; store.py has the rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import Conflict
from ..widgets.internal_tables import now, write
from .records import Base, all_frozen_values, sharing_values
from .snapshot_store import drop_snapshots, insert_frozen, snapshot_number
from .transactions import (
    EXPLORATIONS,
    LINKS,
    REVISIONS,
    exploration_in,
    forget_texts,
    make_searchable,
    revision_in,
    write_over,
)
from .values import Exploration, Frozen, Mode, Sharing

if TYPE_CHECKING:
    from datasette.app import Datasette


async def publish(
    datasette: Datasette,
    exploration_id: str,
    *,
    base: Base,
    publisher: Mapping[str, Any],
    sharing: Sharing,
    frozen: Sequence[Frozen],
) -> Exploration:
    """Let readers see a revision, with these rows; the snapshot before is forgotten.

    Raises NotFound, and Conflict where the revision has changed since `base` was read: what its
    author looked at is what becomes visible.
    """
    kept = await all_frozen_values(frozen)

    def change(connection: sqlite3.Connection) -> Exploration:
        at = now()
        before = exploration_in(connection, exploration_id)
        shown = revision_in(connection, exploration_id, base.number)
        if shown is None or shown.edition != base.edition:
            raise Conflict("The exploration has changed since; look at it again before publishing.")
        connection.execute(
            f"update {REVISIONS} set is_draft = 0 where exploration_id = ? and number = ?",
            [exploration_id, base.number],
        )
        number = snapshot_number(before.snapshot)
        drop_snapshots(connection, exploration_id)
        insert_frozen(connection, exploration_id, number, kept)
        after = replace(
            before,
            updated_at=at,
            published=base.number,
            published_at=at,
            publisher=publisher,
            # Live without frozen rows: there is no snapshot to look at instead.
            snapshot=number if frozen or sharing.mode is Mode.SNAPSHOT else None,
            sharing=sharing,
        )
        write_over(connection, after)
        make_searchable(connection, shown, "published")
        return after

    return await write(datasette, change)


async def share(datasette: Datasette, exploration_id: str, sharing: Sharing) -> None:
    """Change who may read what is published. Raises NotFound, Conflict."""

    def change(connection: sqlite3.Connection) -> None:
        exploration_in(connection, exploration_id)
        connection.execute(
            f"update {EXPLORATIONS} set public = ?, people = ?, mode = ?, "
            "pinned_at = case when ? then pinned_at end where id = ?",
            [*sharing_values(sharing), int(sharing.public), exploration_id],
        )

    await write(datasette, change)


async def unpublish(datasette: Datasette, exploration_id: str) -> None:
    """Let nobody but its author read it; links are revoked, rows forgotten. Raises NotFound."""

    def change(connection: sqlite3.Connection) -> None:
        before = exploration_in(connection, exploration_id)
        after = replace(
            before,
            published=None,
            published_at=None,
            publisher=None,
            snapshot=None,
            sharing=Sharing(mode=before.sharing.mode),
            pinned_at=None,
        )
        write_over(connection, after)
        drop_snapshots(connection, exploration_id)
        connection.execute(
            f"update {LINKS} set revoked_at = coalesce(revoked_at, ?) where exploration_id = ?",
            [now(), exploration_id],
        )
        forget_texts(connection, exploration_id, "published")

    await write(datasette, change)


async def pin(datasette: Datasette, exploration_id: str, pinned: bool) -> None:
    """Show a public exploration on the home page, or no more. Raises NotFound, Conflict."""

    def change(connection: sqlite3.Connection) -> None:
        before = exploration_in(connection, exploration_id)
        if pinned and not (before.sharing.public and before.published):
            raise Conflict("Publish the exploration for everybody before it is pinned.")
        at = (before.pinned_at or now()) if pinned else None
        write_over(connection, replace(before, pinned_at=at))

    await write(datasette, change)
