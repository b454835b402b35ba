"""Widgets and their revisions in the internal database; lists and votes have stores of their own.

A revision is never changed, but for when its owner pressed Run. Whoever saves over a version
that is no longer the current one gets a revision beside it: nothing of anybody's is lost.
"""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import NotFound
from ..prompt import Usage
from .internal_tables import insert, now, read, write
from .records import (
    REVISION_COLUMNS,
    SUMMARY_COLUMNS,
    WIDGET_COLUMNS,
    RevisionSummary,
    revision_of,
    revision_values,
    summary_of,
    widget_of,
    widget_values,
)
from .values import Draft, Kind, Revision, Widget, Writing

if TYPE_CHECKING:
    from datasette.app import Datasette

MOST_TITLE_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Added:
    """A revision that was kept. `conflict` is the current one, where it is not the parent."""

    revision: Revision
    is_current: bool
    conflict: RevisionSummary | None = None


async def create(
    datasette: Datasette,
    *,
    database: str,
    kind: Kind,
    title: str,
    draft: Draft,
    actor_id: str | None,
    question_id: str | None = None,
    copied_from: str | None = None,
) -> tuple[Widget, Revision]:
    """Keep a new widget with its first revision, number 1. Raises Conflict."""
    at = now()
    widget = Widget(
        id=secrets.token_hex(12),
        database=database,
        kind=kind,
        title=_title(title),
        actor_id=actor_id,
        created_at=at,
        updated_at=at,
        current=1,
        question_id=question_id,
        copied_from=copied_from,
    )
    first = Revision(widget.id, 1, None, draft, actor_id, at)

    def change(connection: sqlite3.Connection) -> None:
        insert(connection, "llm_tools_widgets", WIDGET_COLUMNS, widget_values(widget))
        insert(connection, "llm_tools_widget_revisions", REVISION_COLUMNS, revision_values(first))

    await write(datasette, change)
    return widget, first


async def get(datasette: Datasette, widget_id: str) -> Widget | None:
    """The widget of that id, or None."""
    rows = await read(
        datasette,
        f"select {WIDGET_COLUMNS} from llm_tools_widgets where id = ?",
        [widget_id],
    )
    return widget_of(rows[0]) if rows else None


async def revision(datasette: Datasette, widget_id: str, number: int) -> Revision | None:
    """One revision with its source, or None."""
    rows = await read(
        datasette,
        f"select {REVISION_COLUMNS} from llm_tools_widget_revisions "
        "where widget_id = ? and number = ?",
        [widget_id, number],
    )
    return revision_of(rows[0]) if rows else None


async def revisions(datasette: Datasette, widget_id: str) -> tuple[RevisionSummary, ...]:
    """All revisions of a widget without their sources, newest first."""
    rows = await read(
        datasette,
        f"select {SUMMARY_COLUMNS} from llm_tools_widget_revisions "
        "where widget_id = ? order by number desc",
        [widget_id],
    )
    return tuple(map(summary_of, rows))


async def add_revision(
    datasette: Datasette,
    widget_id: str,
    draft: Draft,
    *,
    parent: int | None,
    actor_id: str | None,
    current: bool = True,
) -> Added:
    """Keep a further revision, made from `parent`; None means from the current one.

    It becomes the current one if `current` says so and `parent` still is. Otherwise it is kept
    beside the others, and `conflict` tells what is current. Raises NotFound, Conflict.
    """

    def change(connection: sqlite3.Connection) -> Added:
        at = now()
        was = _current(connection, widget_id)
        made_from = was if parent is None else parent
        newest = connection.execute(
            "select max(number), sum(number = ?) from llm_tools_widget_revisions "
            "where widget_id = ?",
            [made_from, widget_id],
        ).fetchone()
        if not newest[1]:
            raise NotFound(f"This widget has no revision {made_from}.")
        added = Revision(widget_id, newest[0] + 1, made_from, draft, actor_id, at)
        insert(connection, "llm_tools_widget_revisions", REVISION_COLUMNS, revision_values(added))
        is_current = current and made_from == was
        _touch(connection, widget_id, at, added.number if is_current else was)
        in_the_way = None if made_from == was else _summary(connection, widget_id, was)
        return Added(added, is_current, in_the_way)

    return await write(datasette, change)


async def make_current(datasette: Datasette, widget_id: str, number: int) -> None:
    """Show another of the revisions from now on. Raises NotFound, Conflict."""

    def change(connection: sqlite3.Connection) -> None:
        _current(connection, widget_id)
        if _summary(connection, widget_id, number) is None:
            raise NotFound(f"This widget has no revision {number}.")
        _touch(connection, widget_id, now(), number)

    await write(datasette, change)


async def approve(datasette: Datasette, widget_id: str, number: int) -> str:
    """Note that the owner pressed Run for a revision, and return when they first did."""

    def change(connection: sqlite3.Connection) -> str:
        connection.execute(
            "update llm_tools_widget_revisions set approved_at = coalesce(approved_at, ?) "
            "where widget_id = ? and number = ?",
            [now(), widget_id, number],
        )
        found = _summary(connection, widget_id, number)
        if found is None or found.approved_at is None:
            raise NotFound(f"This widget has no revision {number}.")
        return found.approved_at

    return await write(datasette, change)


async def rename(datasette: Datasette, widget_id: str, title: str) -> None:
    """Give a widget another title. Raises Conflict."""
    await _change(
        datasette,
        "update llm_tools_widgets set title = ?, updated_at = ? where id = ?",
        [_title(title), now(), widget_id],
    )


async def share(datasette: Datasette, widget_id: str, shared: bool) -> None:
    """Let everybody who may run queries on the database see the widget, or nobody else."""
    await _change(
        datasette,
        "update llm_tools_widgets set shared = ?, updated_at = ? where id = ?",
        [int(shared), now(), widget_id],
    )


async def delete(datasette: Datasette, widget_id: str) -> None:
    """Forget a widget with its revisions. Votes stay: models are ranked by them."""

    def change(connection: sqlite3.Connection) -> None:
        connection.execute("delete from llm_tools_widgets where id = ?", [widget_id])
        connection.execute(
            "delete from llm_tools_widget_revisions where widget_id = ?", [widget_id]
        )

    await write(datasette, change)


async def version_for_readers(datasette: Datasette, widget: Widget) -> int:
    """The version that others than its owner see: the current one, or the nearest of those that
    it was made from which its owner has run; the current one where none has been."""
    if widget.kind is Kind.CHART:
        return widget.current
    rows = await read(
        datasette,
        """
        with recursive line(number, parent, approved_at) as (
            select number, parent, approved_at from llm_tools_widget_revisions
            where widget_id = :id and number = :current
            union
            select made.number, made.parent, made.approved_at
            from line join llm_tools_widget_revisions as made on made.number = line.parent
            where made.widget_id = :id and line.approved_at is null
        )
        select number from line where approved_at is not null
        """,
        {"id": widget.id, "current": widget.current},
    )
    return int(rows[0]["number"]) if rows else widget.current


def for_readers(found: Revision) -> Revision:
    """The revision as somebody else may read it: what its owner typed and paid is theirs."""
    writing = Writing(model_id=found.draft.writing.model_id, usage=Usage(None, None))
    return replace(found, draft=replace(found.draft, writing=writing))


def _current(connection: sqlite3.Connection, widget_id: str) -> int:
    row = connection.execute(
        "select current from llm_tools_widgets where id = ?", [widget_id]
    ).fetchone()
    if row is None:
        raise NotFound("There is no such widget any more; somebody may have deleted it.")
    number: int = row[0]
    return number


def _summary(connection: sqlite3.Connection, widget_id: str, number: int) -> RevisionSummary | None:
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    row = cursor.execute(
        f"select {SUMMARY_COLUMNS} from llm_tools_widget_revisions "
        "where widget_id = ? and number = ?",
        [widget_id, number],
    ).fetchone()
    return summary_of(row) if row else None


def _touch(connection: sqlite3.Connection, widget_id: str, at: str, current: int) -> None:
    connection.execute(
        "update llm_tools_widgets set updated_at = ?, current = ? where id = ?",
        [at, current, widget_id],
    )


async def _change(datasette: Datasette, sql: str, values: list[Any]) -> None:
    def change(connection: sqlite3.Connection) -> None:
        connection.execute(sql, values)

    await write(datasette, change)


def _title(title: str) -> str:
    return " ".join(title.split())[:MOST_TITLE_CHARACTERS] or "Untitled"
