"""One question as a person asks it: written down first, answered, and kept whatever happens.

Leaving early (Stop, a closed page, a server that shuts down) cancels the work
and keeps what was found so far.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ..errors import LimitReached
from ..queries import QueryResult, run_query
from . import store
from .answering import Answering, Asking
from .values import Attempt, Event, Status

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ..permissions import Actor

_under_way: WeakKeyDictionary[Any, int] = WeakKeyDictionary()


class Session:
    """A question under way: `async with` it. `question` has the answer once that block is left."""

    def __init__(self, asking: Asking, question: store.Question) -> None:
        self.asking = asking
        self.question = question
        self.answering = Answering(asking)

    @classmethod
    async def begin(cls, asking: Asking, parent_id: str | None = None) -> Session:
        """Write the question down. Raises LimitReached when the server is answering too many."""
        datasette, limit = asking.datasette, asking.settings.max_questions_at_once
        if _under_way.get(datasette, 0) >= limit:
            raise LimitReached(f"{limit} questions are being answered; ask again in a moment.")
        _count(datasette, 1)
        try:
            question = await store.begin(
                datasette,
                database=asking.database,
                actor_id=store.actor_id(asking.actor),
                question=asking.question,
                parent_id=parent_id,
                model_id=asking.model.model_id,
            )
        except BaseException:
            _count(datasette, -1)
            raise
        return cls(asking, question)

    async def __aenter__(self) -> Session:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Keep the answer, however this ended."""
        _count(self.asking.datasette, -1)
        answer = self.answering.stop()
        self.question = replace(self.question, answer=answer)
        # Shielded: a second cancellation, as at shutdown, must not lose the answer.
        await asyncio.shield(store.save_answer(self.asking.datasette, self.question.id, answer))

    def events(self) -> AsyncGenerator[Event, None]:
        """The events of the answer, to be iterated inside `async with`."""
        return self.answering.events()

    async def run(self) -> store.Question:
        """Answer without watching."""
        async with self, aclosing(self.events()) as events:
            async for _ in events:
                pass
        return self.question


def _count(datasette: Datasette, more: int) -> None:
    _under_way[datasette] = _under_way.get(datasette, 0) + more


async def rerun(
    datasette: Datasette, actor: Actor, question: store.Question, sql: str
) -> tuple[store.Question, QueryResult]:
    """Run SQL that a person edited, and keep it as the question's SQL if it ran.

    The words below described other rows then and are dropped. Raises what run_query raises.
    """
    result = await run_query(datasette, question.database, sql, actor=actor)
    if sql.strip() == (question.answer.sql or "").strip():
        return question, result
    attempt = Attempt(sql, written_by="person", milliseconds=result.milliseconds)
    answer = replace(
        question.answer,
        status=Status.ANSWERED,
        sql=sql,
        text=None,
        error=None,
        tables=result.tables,
        columns=result.columns,
        row_count=len(result.rows),
        truncated=result.truncated,
        attempts=(*question.answer.attempts, attempt),
    )
    await store.save_answer(datasette, question.id, answer)
    return replace(question, answer=answer), result
