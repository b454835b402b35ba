"""Who may read a question that is kept: its owner, and where it is shared all who may ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import NotFound
from ..permissions import ASK, require
from . import store

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ..permissions import Actor


def may_read(actor: Actor, question: store.Question) -> bool:
    """Whether it is this actor's question, or shared; permission to ask is another matter."""
    return question.shared or question.actor_id == store.actor_id(actor)


async def readable_question(
    datasette: Datasette, actor: Actor, question_id: str, database: str | None = None
) -> store.Question:
    """The question of that id, if this actor may read it; its prompts are for its owner.

    `database` is where it must be, if the address says so. Raises NotFound, NotAllowed.
    """
    if database is not None:
        await require(datasette, actor, ASK, database)
    found = await store.get(datasette, question_id)
    is_there = found is not None and database in (None, found.database)
    if found is None or not is_there or not may_read(actor, found):
        raise NotFound("There is no such question, or its owner has not shared it.")
    if database is None:
        await require(datasette, actor, ASK, found.database)
    return found if found.actor_id == store.actor_id(actor) else store.without_prompts(found)
