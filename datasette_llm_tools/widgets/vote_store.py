"""Votes on two variants of a widget, in the internal database; models are ranked by them."""

from __future__ import annotations

import secrets
import sqlite3
from typing import TYPE_CHECKING

from .internal_tables import insert, now, read, write
from .records import VOTE_COLUMNS, vote_of, vote_values
from .values import Candidate, Choice, Vote, Widget

if TYPE_CHECKING:
    from datasette.app import Datasette


async def add_vote(
    datasette: Datasette,
    widget: Widget,
    *,
    left: Candidate,
    right: Candidate,
    prompt: str,
    prompt_kind: str,
    choice: Choice,
    actor_id: str | None,
) -> Vote:
    """Keep what somebody said of two revisions, instead of what they said of them before."""
    vote = Vote(
        id=secrets.token_hex(12),
        widget_id=widget.id,
        question_id=widget.question_id,
        prompt=prompt,
        prompt_kind=prompt_kind,
        left=left,
        right=right,
        choice=choice,
        actor_id=actor_id,
        voted_at=now(),
    )

    def change(connection: sqlite3.Connection) -> None:
        connection.execute(
            "delete from llm_tools_widget_votes where widget_id = ? and actor_id is ? "
            "and min(left_number, right_number) = ? and max(left_number, right_number) = ?",
            [widget.id, actor_id, *sorted((left.number, right.number))],
        )
        insert(connection, "llm_tools_widget_votes", VOTE_COLUMNS, vote_values(vote))

    await write(datasette, change)
    return vote


async def votes(datasette: Datasette, widget_id: str | None = None) -> tuple[Vote, ...]:
    """The votes on a widget's revisions, or all of them; oldest first."""
    rows = await read(
        datasette,
        f"select {VOTE_COLUMNS} from llm_tools_widget_votes "
        "where :widget_id is null or widget_id = :widget_id order by voted_at, rowid",
        {"widget_id": widget_id},
    )
    return tuple(map(vote_of, rows))
