"""Explorations and their revisions in the internal database; publication_store.py publishes them.

What somebody saves is never lost: whoever saves over what is no longer current gets a revision
beside it. Searched texts change in the same transaction as what they were taken from.
"""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import NotFound
from ..widgets.internal_tables import insert, now, read, write
from .records import (
    EXPLORATION_COLUMNS,
    REVISION_COLUMNS,
    SUMMARY_COLUMNS,
    Base,
    RevisionSummary,
    exploration_of,
    exploration_values,
    revision_of,
    revision_values,
    summary_of,
)
from .snapshot_store import drop_snapshots
from .transactions import (
    EXPLORATIONS,
    LINKS,
    REVISIONS,
    SEARCHED,
    exploration_in,
    make_current,
    make_searchable,
    newest_number,
    replace_draft,
    summary_in,
)
from .values import Document, Exploration, Origin, Revision, RevisionOrigin

if TYPE_CHECKING:
    from datasette.app import Datasette


@dataclass(frozen=True, slots=True)
class Saved:
    """A revision that was kept. `conflict` is the current one, where that is another."""

    revision: Revision
    is_current: bool
    conflict: RevisionSummary | None = None


async def create(
    datasette: Datasette,
    *,
    document: Document,
    actor_id: str | None,
    how: RevisionOrigin = RevisionOrigin.CREATED,
    origin: Origin | None = None,
) -> tuple[Exploration, Revision]:
    """Keep a new exploration with its first revision, number 1. Raises Conflict."""
    at = now()
    exploration = Exploration(
        id=secrets.token_hex(12),
        actor_id=actor_id,
        created_at=at,
        updated_at=at,
        current=1,
        origin=origin,
    )
    first = Revision(exploration.id, 1, 1, None, how, document, actor_id, at, at, is_draft=False)

    def change(connection: sqlite3.Connection) -> None:
        insert(connection, EXPLORATIONS, EXPLORATION_COLUMNS, exploration_values(exploration))
        insert(connection, REVISIONS, REVISION_COLUMNS, revision_values(first))
        make_searchable(connection, first, "draft")

    await write(datasette, change)
    return exploration, first


async def get(datasette: Datasette, exploration_id: str) -> Exploration | None:
    """The exploration of that id, or None."""
    rows = await read(
        datasette,
        f"select {EXPLORATION_COLUMNS} from {EXPLORATIONS} where id = ?",
        [exploration_id],
    )
    return exploration_of(rows[0]) if rows else None


async def revision(datasette: Datasette, exploration_id: str, number: int) -> Revision | None:
    """One revision with its document, or None."""
    rows = await read(
        datasette,
        f"select {REVISION_COLUMNS} from {REVISIONS} where exploration_id = ? and number = ?",
        [exploration_id, number],
    )
    return revision_of(rows[0]) if rows else None


async def revisions(datasette: Datasette, exploration_id: str) -> tuple[RevisionSummary, ...]:
    """All revisions without their documents, newest first."""
    rows = await read(
        datasette,
        f"select {SUMMARY_COLUMNS} from {REVISIONS} where exploration_id = ? order by number desc",
        [exploration_id],
    )
    return tuple(map(summary_of, rows))


async def save(
    datasette: Datasette,
    exploration_id: str,
    document: Document,
    *,
    base: Base | None,
    actor_id: str | None,
    keep: bool,
    how: RevisionOrigin = RevisionOrigin.SAVED,
) -> Saved:
    """Keep what somebody wrote over `base`; None means over what is current.

    A draft is written over in place; `keep` makes it a version that stays. Where `base` is not
    what is current any more, the document is kept beside it, and `conflict` tells what is
    current. Raises NotFound, Conflict.
    """

    def change(connection: sqlite3.Connection) -> Saved:
        at = now()
        current = summary_in(
            connection, exploration_id, exploration_in(connection, exploration_id).current
        )
        over = current if base is None else summary_in(connection, exploration_id, base.number)
        is_unchanged = base is None or base.edition == over.edition
        if is_unchanged and over.is_draft:
            kept = replace_draft(connection, exploration_id, over, document, at, is_draft=not keep)
        else:
            number = newest_number(connection, exploration_id) + 1
            kept = Revision(
                exploration_id=exploration_id,
                number=number,
                edition=1,
                parent=over.number,
                origin=how,
                document=document,
                actor_id=actor_id,
                created_at=at,
                saved_at=at,
                is_draft=not keep,
            )
            insert(connection, REVISIONS, REVISION_COLUMNS, revision_values(kept))
        is_current = is_unchanged and over.number == current.number
        if is_current:
            make_current(connection, kept, at)
        return Saved(kept, is_current, None if is_current else current)

    return await write(datasette, change)


async def restore(
    datasette: Datasette, exploration_id: str, number: int, actor_id: str | None
) -> Revision:
    """Make an earlier revision's document the current one again, as a new revision.

    Raises NotFound, Conflict.
    """
    earlier = await revision(datasette, exploration_id, number)
    if earlier is None:
        raise NotFound(f"This exploration has no version {number}.")

    def change(connection: sqlite3.Connection) -> Revision:
        at = now()
        exploration_in(connection, exploration_id)
        restored = replace(
            earlier,
            number=newest_number(connection, exploration_id) + 1,
            edition=1,
            parent=number,
            origin=RevisionOrigin.RESTORED,
            actor_id=actor_id,
            created_at=at,
            saved_at=at,
            is_draft=False,
        )
        insert(connection, REVISIONS, REVISION_COLUMNS, revision_values(restored))
        make_current(connection, restored, at)
        return restored

    return await write(datasette, change)


async def delete(datasette: Datasette, exploration_id: str) -> None:
    """Forget an exploration with its versions, links and rows. Widgets and questions stay."""

    def change(connection: sqlite3.Connection) -> None:
        for sql in (
            f"delete from {EXPLORATIONS} where id = ?",
            f"delete from {REVISIONS} where exploration_id = ?",
            f"delete from {LINKS} where exploration_id = ?",
            f"delete from {SEARCHED} where exploration_id = ?",
        ):
            connection.execute(sql, [exploration_id])
        drop_snapshots(connection, exploration_id)

    await write(datasette, change)
