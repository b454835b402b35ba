"""One question as a person asks it: written down, answered, and kept whatever happens.

Leaving early (Stop, a closed page, a server that shuts down) cancels the work
and keeps what was found so far.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ..errors import LimitReached
from ..queries import QueryResult, run_query
from ..settings import read_settings
from . import store
from .agreeing.reading import is_settled
from .answering import Answering
from .asking import Asking
from .investigating.loop import Investigating
from .investigating.values import InvestigationEvent
from .values import Answer, Attempt, Event, Status

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ..permissions import Actor

# How many questions each person (None for all visitors) has under way, by server.
_under_way: WeakKeyDictionary[Any, Counter[str | None]] = WeakKeyDictionary()


class Session:
    """A question under way: `async with` it. `question` has the answer once that block is left.

    Raises LimitReached, when it is made and when it begins, if the server is answering too many.
    """

    def __init__(
        self,
        asking: Asking,
        parent_id: str | None = None,
        answering: Answering | Investigating | None = None,
    ) -> None:
        self._actor_id = store.actor_id(asking.actor)
        _check_load(asking.datasette, self._actor_id)
        self.asking = asking
        self.answering = answering or Answering(asking)
        self.question = store.new_question(
            database=asking.database,
            actor_id=self._actor_id,
            question=asking.question,
            parent_id=parent_id,
            model_id=asking.model.model_id,
        )

    async def __aenter__(self) -> Session:
        # Others may have come between; from here on nothing is awaited until it is counted.
        _check_load(self.asking.datasette, self._actor_id)
        _under_way.setdefault(self.asking.datasette, Counter())[self._actor_id] += 1
        # Written down while the model is at work already: a disk takes its time.
        self._writing = asyncio.create_task(store.begin(self.asking.datasette, self.question))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Keep the answer, however this ended."""
        _under_way[self.asking.datasette][self._actor_id] -= 1
        answer = self.answering.stop()
        self.question = replace(self.question, answer=answer)
        # Shielded: a second cancellation, as at shutdown, must not lose the answer.
        await asyncio.shield(self._keep(answer))

    async def _keep(self, answer: Answer) -> None:
        await self._writing
        await store.save_answer(self.asking.datasette, self.question.id, answer)

    def events(self) -> AsyncGenerator[Event | InvestigationEvent, None]:
        """The events of the answer, to be iterated inside `async with`."""
        return self.answering.events()

    async def run(self) -> store.Question:
        """Answer without watching."""
        async with self, aclosing(self.events()) as events:
            async for _ in events:
                pass
        return self.question


def _check_load(datasette: Datasette, actor_id: str | None) -> None:
    """Raise LimitReached where the server has enough to do, or one person asks for most of it."""
    limit = read_settings(datasette).max_questions_at_once
    counts = _under_way.get(datasette, Counter())
    if counts.total() >= limit:
        raise LimitReached(f"{limit} questions are being answered; ask again in a moment.")
    if counts[actor_id] >= max(1, limit // 2):
        raise LimitReached(
            f"{counts[actor_id]} questions of yours are being answered; wait for one."
        )


async def rerun(
    datasette: Datasette, actor: Actor, question: store.Question, sql: str
) -> tuple[store.Question, QueryResult]:
    """Run SQL that a person edited or took from among the model's, and keep it if it ran.

    The words below described other rows then and are dropped. Raises what run_query raises.
    """
    result = await run_query(datasette, question.database, sql, actor=actor)
    attempt = _attempt_by_person(question.answer, sql, result.milliseconds)
    is_same = sql.strip() == (question.answer.sql or "").strip()
    if is_same and (not attempt.chosen_by or is_settled(question.answer)):
        return question, result
    answer = replace(
        question.answer,
        status=Status.ANSWERED,
        sql=sql,
        text=question.answer.text if is_same else None,
        unfounded=question.answer.unfounded if is_same else (),
        error=question.answer.error if is_same else None,
        pair=question.answer.pair if is_same else None,
        tables=result.tables,
        columns=result.columns,
        row_count=len(result.rows),
        truncated=result.truncated,
        attempts=(*question.answer.attempts, attempt),
    )
    await store.save_answer(datasette, question.id, answer)
    verified = question.verified if is_same else None
    return replace(question, answer=answer, verified=verified), result


def _attempt_by_person(answer: Answer, sql: str, milliseconds: float) -> Attempt:
    """A statement as a person ran it: one of the model's that they took stays the model's."""
    group = answer.agreement.group(sql) if answer.agreement else None
    if group is None:
        return Attempt(sql, written_by="person", milliseconds=milliseconds)
    return Attempt(
        sql,
        milliseconds=milliseconds,
        changes=group.changes,
        written=group.written,
        chosen_by="person",
    )
