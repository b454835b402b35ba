"""Rows of explorations within a transaction that somebody else has begun; store.py begins them."""

from __future__ import annotations

import sqlite3

from ..errors import NotFound
from ..widgets.internal_tables import insert
from .records import (
    EXPLORATION_COLUMNS,
    REVISION_COLUMNS,
    SUMMARY_COLUMNS,
    RevisionSummary,
    exploration_of,
    exploration_values,
    revision_of,
    revision_values,
    searched_texts,
    summary_of,
)
from .values import Document, Exploration, Revision

EXPLORATIONS = "llm_tools_explorations"
REVISIONS = "llm_tools_exploration_revisions"
LINKS = "llm_tools_exploration_links"
SEARCHED = "llm_tools_explorations_fts"
_ALL_COLUMNS_SET = ", ".join(f"{name} = ?" for name in EXPLORATION_COLUMNS.split(", "))


def exploration_in(connection: sqlite3.Connection, exploration_id: str) -> Exploration:
    """The exploration of that id. Raises NotFound."""
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    row = cursor.execute(
        f"select {EXPLORATION_COLUMNS} from {EXPLORATIONS} where id = ?",
        [exploration_id],
    ).fetchone()
    if row is None:
        raise NotFound("There is no such exploration any more; somebody may have deleted it.")
    return exploration_of(row)


def newest_number(connection: sqlite3.Connection, exploration_id: str) -> int:
    """The highest number of its revisions."""
    row = connection.execute(
        f"select max(number) from {REVISIONS} where exploration_id = ?",
        [exploration_id],
    ).fetchone()
    return int(row[0])


def summary_in(connection: sqlite3.Connection, exploration_id: str, number: int) -> RevisionSummary:
    """One revision without its document. Raises NotFound."""
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    row = cursor.execute(
        f"select {SUMMARY_COLUMNS} from {REVISIONS} where exploration_id = ? and number = ?",
        [exploration_id, number],
    ).fetchone()
    if row is None:
        raise NotFound(f"This exploration has no version {number}.")
    return summary_of(row)


def revision_in(
    connection: sqlite3.Connection, exploration_id: str, number: int
) -> Revision | None:
    """One revision with its document, or None."""
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    row = cursor.execute(
        f"select {REVISION_COLUMNS} from {REVISIONS} where exploration_id = ? and number = ?",
        [exploration_id, number],
    ).fetchone()
    return revision_of(row) if row else None


def replace_draft(
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
        f"delete from {REVISIONS} where exploration_id = ? and number = ?",
        [exploration_id, draft.number],
    )
    insert(connection, REVISIONS, REVISION_COLUMNS, revision_values(kept))
    return kept


def make_current(connection: sqlite3.Connection, made: Revision, at: str) -> None:
    """Let its author work on a revision from now on, and find it by its words."""
    connection.execute(
        f"update {EXPLORATIONS} set current = ?, updated_at = ? where id = ?",
        [made.number, at, made.exploration_id],
    )
    make_searchable(connection, made, "draft")


def write_over(connection: sqlite3.Connection, each: Exploration) -> None:
    """Write down an exploration as it is now."""
    connection.execute(
        f"update {EXPLORATIONS} set {_ALL_COLUMNS_SET} where id = ?",
        [*exploration_values(each), each.id],
    )


def make_searchable(connection: sqlite3.Connection, found: Revision, edition: str) -> None:
    """Let a revision be found: as its author has it (draft) or as readers do (published)."""
    forget_texts(connection, found.exploration_id, edition)
    texts = searched_texts(found, is_published=edition == "published")
    insert(
        connection,
        SEARCHED,
        "exploration_id, edition, title, summary, tags, words",
        [found.exploration_id, edition, *texts],
    )


def forget_texts(connection: sqlite3.Connection, exploration_id: str, edition: str) -> None:
    """Let an edition of an exploration be found no more."""
    connection.execute(
        f"delete from {SEARCHED} where exploration_id = ? and edition = ?",
        [exploration_id, edition],
    )
