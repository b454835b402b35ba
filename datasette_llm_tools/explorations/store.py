"""Explorations and their revisions in the internal database.

What somebody saves is never lost: whoever saves over what is no longer current gets a revision
beside it. Searched texts change in the same transaction as what they were taken from.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import Conflict, NotFound
from ..widgets.internal_tables import insert, now, read, write
from .records import (
    EXPLORATION_COLUMNS,
    REVISION_COLUMNS,
    SUMMARY_COLUMNS,
    RevisionSummary,
    all_frozen_values,
    exploration_of,
    exploration_values,
    revision_of,
    revision_values,
    searched_texts,
    sharing_values,
    summary_of,
)
from .snapshot_store import drop_snapshots, insert_frozen, snapshot_number
from .values import (
    Document,
    Exploration,
    Frozen,
    Origin,
    Revision,
    RevisionOrigin,
    Sharing,
)

if TYPE_CHECKING:
    from datasette.app import Datasette

__all__ = ["RevisionSummary"]

_EXPLORATIONS = "llm_tools_explorations"
_REVISIONS = "llm_tools_exploration_revisions"
_LINKS = "llm_tools_exploration_links"
_SEARCHED = "llm_tools_explorations_fts"
_GONE = "There is no such exploration any more; somebody may have deleted it."


@dataclass(frozen=True, slots=True)
class Base:
    """The revision that somebody began to write over, as it was then."""

    number: int
    edition: int


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
        insert(connection, _EXPLORATIONS, EXPLORATION_COLUMNS, exploration_values(exploration))
        insert(connection, _REVISIONS, REVISION_COLUMNS, revision_values(first))
        _make_searchable(connection, first, "draft")

    await write(datasette, change)
    return exploration, first


async def get(datasette: Datasette, exploration_id: str) -> Exploration | None:
    """The exploration of that id, or None."""
    rows = await read(
        datasette,
        f"select {EXPLORATION_COLUMNS} from {_EXPLORATIONS} where id = ?",  # noqa: S608 -- ours
        [exploration_id],
    )
    return exploration_of(rows[0]) if rows else None


async def revision(datasette: Datasette, exploration_id: str, number: int) -> Revision | None:
    """One revision with its document, or None."""
    rows = await read(
        datasette,
        f"select {REVISION_COLUMNS} from {_REVISIONS} "  # noqa: S608 -- ours
        "where exploration_id = ? and number = ?",
        [exploration_id, number],
    )
    return revision_of(rows[0]) if rows else None


async def revisions(datasette: Datasette, exploration_id: str) -> tuple[RevisionSummary, ...]:
    """All revisions without their documents, newest first."""
    rows = await read(
        datasette,
        f"select {SUMMARY_COLUMNS} from {_REVISIONS} "  # noqa: S608 -- ours
        "where exploration_id = ? order by number desc",
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
        current = _summary(connection, exploration_id, _current(connection, exploration_id))
        over = current if base is None else _summary(connection, exploration_id, base.number)
        is_unchanged = base is None or base.edition == over.edition
        if is_unchanged and over.is_draft:
            kept = _replaced(connection, exploration_id, over, document, at, is_draft=not keep)
        else:
            number = _newest(connection, exploration_id) + 1
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
            insert(connection, _REVISIONS, REVISION_COLUMNS, revision_values(kept))
        is_current = is_unchanged and over.number == current.number
        if is_current:
            _make_current(connection, kept, at)
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
        _current(connection, exploration_id)
        restored = replace(
            earlier,
            number=_newest(connection, exploration_id) + 1,
            edition=1,
            parent=number,
            origin=RevisionOrigin.RESTORED,
            actor_id=actor_id,
            created_at=at,
            saved_at=at,
            is_draft=False,
        )
        insert(connection, _REVISIONS, REVISION_COLUMNS, revision_values(restored))
        _make_current(connection, restored, at)
        return restored

    return await write(datasette, change)


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
    shown = await revision(datasette, exploration_id, base.number)
    if shown is None or shown.edition != base.edition:
        raise Conflict("The exploration has changed since; look at it again before publishing.")
    published = replace(shown, is_draft=False)

    def change(connection: sqlite3.Connection) -> Exploration:
        at = now()
        before = _exploration(connection, exploration_id)
        sealed = connection.execute(
            f"update {_REVISIONS} set is_draft = 0 "  # noqa: S608 -- ours
            "where exploration_id = ? and number = ? and edition = ?",
            [exploration_id, base.number, base.edition],
        )
        if not sealed.rowcount:
            raise Conflict("The exploration has changed since; look at it again before publishing.")
        number = snapshot_number(before.snapshot)
        drop_snapshots(connection, exploration_id)
        insert_frozen(connection, exploration_id, number, kept)
        after = replace(
            before,
            updated_at=at,
            published=base.number,
            published_at=at,
            publisher=publisher,
            snapshot=number,
            sharing=sharing,
        )
        _write_over(connection, after)
        _make_searchable(connection, published, "published")
        return after

    return await write(datasette, change)


async def share(datasette: Datasette, exploration_id: str, sharing: Sharing) -> None:
    """Change who may read what is published. Raises NotFound, Conflict."""

    def change(connection: sqlite3.Connection) -> None:
        _exploration(connection, exploration_id)
        connection.execute(
            f"update {_EXPLORATIONS} set public = ?, people = ?, mode = ?, "  # noqa: S608 -- ours
            "pinned_at = case when ? then pinned_at end where id = ?",
            [*sharing_values(sharing), int(sharing.public), exploration_id],
        )

    await write(datasette, change)


async def unpublish(datasette: Datasette, exploration_id: str) -> None:
    """Let nobody but its author read it; links are revoked, rows forgotten. Raises NotFound."""

    def change(connection: sqlite3.Connection) -> None:
        before = _exploration(connection, exploration_id)
        after = replace(
            before,
            published=None,
            published_at=None,
            publisher=None,
            snapshot=None,
            sharing=Sharing(mode=before.sharing.mode),
            pinned_at=None,
        )
        _write_over(connection, after)
        drop_snapshots(connection, exploration_id)
        connection.execute(
            f"update {_LINKS} set revoked_at = coalesce(revoked_at, ?) "  # noqa: S608 -- ours
            "where exploration_id = ?",
            [now(), exploration_id],
        )
        _forget_texts(connection, exploration_id, "published")

    await write(datasette, change)


async def pin(datasette: Datasette, exploration_id: str, pinned: bool) -> None:
    """Show a public exploration on the home page, or no more. Raises NotFound, Conflict."""

    def change(connection: sqlite3.Connection) -> None:
        before = _exploration(connection, exploration_id)
        if pinned and not (before.sharing.public and before.published):
            raise Conflict("Publish the exploration for everybody before it is pinned.")
        at = (before.pinned_at or now()) if pinned else None
        _write_over(connection, replace(before, pinned_at=at))

    await write(datasette, change)


async def delete(datasette: Datasette, exploration_id: str) -> None:
    """Forget an exploration with its versions, links and rows. Widgets and questions stay."""

    def change(connection: sqlite3.Connection) -> None:
        connection.execute(f"delete from {_EXPLORATIONS} where id = ?", [exploration_id])  # noqa: S608 -- ours
        for table in (_REVISIONS, _LINKS, _SEARCHED):
            connection.execute(
                f"delete from {table} where exploration_id = ?",  # noqa: S608 -- ours
                [exploration_id],
            )
        drop_snapshots(connection, exploration_id)

    await write(datasette, change)


def _exploration(connection: sqlite3.Connection, exploration_id: str) -> Exploration:
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    row = cursor.execute(
        f"select {EXPLORATION_COLUMNS} from {_EXPLORATIONS} where id = ?",  # noqa: S608 -- ours
        [exploration_id],
    ).fetchone()
    if row is None:
        raise NotFound(_GONE)
    return exploration_of(row)


def _current(connection: sqlite3.Connection, exploration_id: str) -> int:
    return _exploration(connection, exploration_id).current


def _newest(connection: sqlite3.Connection, exploration_id: str) -> int:
    row = connection.execute(
        f"select max(number) from {_REVISIONS} where exploration_id = ?",  # noqa: S608 -- ours
        [exploration_id],
    ).fetchone()
    return int(row[0])


def _summary(connection: sqlite3.Connection, exploration_id: str, number: int) -> RevisionSummary:
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    row = cursor.execute(
        f"select {SUMMARY_COLUMNS} from {_REVISIONS} "  # noqa: S608 -- ours
        "where exploration_id = ? and number = ?",
        [exploration_id, number],
    ).fetchone()
    if row is None:
        raise NotFound(f"This exploration has no version {number}.")
    return summary_of(row)


def _replaced(
    connection: sqlite3.Connection,
    exploration_id: str,
    draft: RevisionSummary,
    document: Document,
    at: str,
    *,
    is_draft: bool,
) -> Revision:
    """The draft with another document, counted as its next edition."""
    kept = Revision(
        exploration_id,
        draft.number,
        draft.edition + 1,
        draft.parent,
        draft.origin,
        document,
        draft.actor_id,
        draft.created_at,
        at,
        is_draft=is_draft,
    )
    connection.execute(
        f"delete from {_REVISIONS} where exploration_id = ? and number = ?",  # noqa: S608 -- ours
        [exploration_id, draft.number],
    )
    insert(connection, _REVISIONS, REVISION_COLUMNS, revision_values(kept))
    return kept


def _make_current(connection: sqlite3.Connection, made: Revision, at: str) -> None:
    connection.execute(
        f"update {_EXPLORATIONS} set current = ?, updated_at = ? where id = ?",  # noqa: S608 -- ours
        [made.number, at, made.exploration_id],
    )
    _make_searchable(connection, made, "draft")


def _write_over(connection: sqlite3.Connection, each: Exploration) -> None:
    columns = ", ".join(f"{name} = ?" for name in EXPLORATION_COLUMNS.split(", "))
    connection.execute(
        f"update {_EXPLORATIONS} set {columns} where id = ?",  # noqa: S608 -- ours
        [*exploration_values(each), each.id],
    )


def _make_searchable(connection: sqlite3.Connection, found: Revision, edition: str) -> None:
    _forget_texts(connection, found.exploration_id, edition)
    insert(
        connection,
        _SEARCHED,
        "exploration_id, edition, title, summary, tags, words",
        [found.exploration_id, edition, *searched_texts(found)],
    )


def _forget_texts(connection: sqlite3.Connection, exploration_id: str, edition: str) -> None:
    connection.execute(
        f"delete from {_SEARCHED} where exploration_id = ? and edition = ?",  # noqa: S608 -- ours
        [exploration_id, edition],
    )
