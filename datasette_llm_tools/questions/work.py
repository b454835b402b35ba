"""Work on one question: the answer so far, and each model call within what the question may cost.

It is iterated for events and holds the answer so far, so that whoever stops iterating (a person, a
page that was closed) keeps what was found.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, TypeVar

from ..errors import LimitReached, LlmToolsError
from .budget import Budget, cut_off
from .values import Answer, Call, Finished, Status

if TYPE_CHECKING:
    from ..model import Model
    from ..prompt import Prompt
    from ..queries import QueryResult
    from .asking import Asking

_Event = TypeVar("_Event")

NO_TABLES = "There is no table here that you may see. Add a file, or ask another database."


class Work(ABC, Generic[_Event]):
    """Iterate `events()`, read `answer` at any time."""

    def __init__(self, asking: Asking, budget: Budget, answer: Answer) -> None:
        self.asking = asking
        self.budget = budget
        self.answer = answer

    @abstractmethod
    def _steps(self) -> AsyncGenerator[_Event, None]:
        """What is done, which replaces `answer` as it goes on."""

    async def events(self) -> AsyncGenerator[_Event | Finished, None]:
        """Do it. The last event is Finished, whatever happened."""
        try:
            if self.asking.schema.tables:
                async with aclosing(self._steps()) as steps:
                    async for event in steps:
                        yield event
            else:
                self.end(Status.UNANSWERABLE, NO_TABLES)
        except LimitReached as error:
            self.end(Status.STOPPED, str(error))
        except LlmToolsError as error:
            self.end(Status.FAILED, error.message)
        yield Finished(self.answer)

    def stop(self) -> Answer:
        """The answer as it stands, marked as stopped if it was not finished."""
        if self.answer.status is Status.RUNNING:
            self.end(Status.STOPPED, "Stopped before there was an answer.")
        return self.answer

    def end(self, status: Status, error: str) -> None:
        """Keep an answer that has rows; otherwise say why there is none."""
        if self.answer.status is not Status.ANSWERED:
            self.answer = replace(self.answer, status=status)
        self.answer = replace(self.answer, error=error)

    def keep(self, sql: str, result: QueryResult) -> None:
        """Take these rows for the answer."""
        self.answer = replace(
            self.answer,
            status=Status.ANSWERED,
            sql=sql,
            result=result,
            tables=result.tables,
            columns=result.columns,
            row_count=len(result.rows),
            truncated=result.truncated,
        )

    async def ask(
        self,
        purpose: str,
        prompt: Prompt,
        model: Model | None = None,
        messages: tuple[dict[str, str], ...] | None = None,
    ) -> AsyncGenerator[str, None]:
        """One model call within the limits, recorded with its cost and its exact messages, or
        with those given: the ones that no call before has sent."""
        self.budget.count_call(prompt)
        text, is_whole = "", False
        async with (model or self.asking.model).reply(prompt) as reply:
            try:
                async with aclosing(self.budget.within(reply)) as chunks:
                    async for chunk in chunks:
                        text += chunk
                        yield chunk
                is_whole = True
            finally:
                # A model that is stopped, as when enough statements agree, never says its count.
                usage = reply.usage if is_whole else cut_off(prompt, text, reply.usage)
                self.budget.count_tokens(prompt, text, usage)
                call = Call(
                    purpose,
                    tuple(prompt.messages()) if messages is None else messages,
                    text,
                    usage,
                    reply.milliseconds_so_far,
                    reply.first_ms,
                )
                self.answer = replace(
                    self.answer.timed(purpose, call.milliseconds),
                    calls=(*self.answer.calls, call),
                )
