"""From a question to rows and words: the one place where model, guard and query meet.

An Answering is iterated for events and holds the answer so far, so that
whoever stops iterating (a person, a page that was closed) keeps what was found.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import LimitReached, LlmToolsError, QueryFailed, QueryTimedOut
from ..prompt import Prompt
from ..queries import Limits, QueryResult, run_query
from . import prompts
from .asking import Asking
from .budget import Budget
from .checking import unfounded_numbers
from .values import (
    Answer,
    Attempt,
    AttemptEnded,
    Call,
    Event,
    Finished,
    RowsFound,
    SqlWritten,
    Status,
    Step,
    StepBegan,
    WordsWritten,
)

if TYPE_CHECKING:
    pass


class Answering:
    """One question being answered: iterate `events()`, read `answer` at any time."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.answer = Answer(model_id=asking.model.model_id)
        self._budget = Budget(asking.settings)

    async def events(self) -> AsyncGenerator[Event, None]:
        """Answer the question. The last event is Finished, whatever happened."""
        try:
            async with aclosing(self._steps()) as steps:
                async for event in steps:
                    yield event
        except LimitReached as error:
            self._end(Status.STOPPED, str(error))
        except LlmToolsError as error:
            self._end(Status.FAILED, error.message)
        yield Finished(self.answer)

    def stop(self) -> Answer:
        """The answer as it stands, marked as stopped if it was not finished."""
        if self.answer.status is Status.RUNNING:
            self._end(Status.STOPPED, "Stopped before there was an answer.")
        return self.answer

    async def _steps(self) -> AsyncGenerator[Event, None]:
        async with aclosing(self._find_rows()) as finding:
            async for event in finding:
                yield event
        result = self.answer.result
        if result is None or not self.asking.in_words:
            return
        async with aclosing(self._say_in_words(result)) as saying:
            async for event in saying:
                yield event

    async def _find_rows(self) -> AsyncGenerator[Event, None]:
        """Write SQL and run it; ask for a correction while it does not run."""
        # A large schema is cut to the question, which takes tens of milliseconds.
        prompt = await asyncio.to_thread(self.asking.prompt)
        for number in range(1, self.asking.settings.repairs + 2):
            yield StepBegan(self._before_writing(number))
            stream = prompts.SqlStream()
            async with aclosing(self._ask("sql", prompt)) as chunks:
                async for chunk in chunks:
                    if not stream.reply:
                        yield StepBegan(Step.WRITING)
                    if delta := stream.feed(chunk):
                        yield SqlWritten(number, delta)
            reading = prompts.read_sql(stream.reply)
            if reading.sql is None:
                self._end(Status.UNANSWERABLE, reading.cannot or "The model wrote no SQL.")
                return
            if any(reading.sql == each.sql for each in self.answer.attempts):
                break  # the same again would fail again
            yield StepBegan(Step.RUNNING)
            attempt, error = await self._run(reading.sql)
            yield AttemptEnded(number, attempt)
            if self.answer.result is not None:
                yield RowsFound(reading.sql, self.answer.result)
                return
            if error is not None and not _can_be_mended(error):
                raise error
            prompt = prompts.correction_prompt(
                prompt, reading.sql, attempt.error or "", self.asking.schema
            )
        error_text = self.answer.attempts[-1].error or ""
        self._end(Status.FAILED, prompts.failure(error_text, self.asking.schema))

    def _before_writing(self, attempt: int) -> Step:
        """What a model does until its first word: seconds to minutes for a cold local one."""
        if not self.asking.model.is_loaded:
            return Step.LOADING
        return Step.READING if attempt == 1 else Step.MENDING

    async def _run(self, sql: str) -> tuple[Attempt, LlmToolsError | None]:
        """Run one statement and note how it went."""
        asking = self.asking
        self._budget.count_run()
        started = time.perf_counter()
        error: LlmToolsError | None = None
        try:
            result = await run_query(
                asking.datasette,
                asking.database,
                sql,
                actor=asking.actor,
                limits=Limits.of(asking.settings),
                tables=asking.tables,
            )
        except LlmToolsError as caught:
            error = caught
        milliseconds = (time.perf_counter() - started) * 1000
        attempt = Attempt(sql, error.message if error else None, milliseconds=milliseconds)
        self.answer = replace(
            self.answer.timed("query", milliseconds),
            sql=sql,
            attempts=(*self.answer.attempts, attempt),
        )
        if error is None:
            self._keep(result)
        return attempt, error

    def _keep(self, result: QueryResult) -> None:
        self.answer = replace(
            self.answer,
            status=Status.ANSWERED,
            result=result,
            tables=result.tables,
            columns=result.columns,
            row_count=len(result.rows),
            truncated=result.truncated,
        )

    async def _say_in_words(self, result: QueryResult) -> AsyncGenerator[Event, None]:
        """Stream a paragraph. A failure here loses the words, never the rows."""
        yield StepBegan(Step.WORDING)
        prompt = prompts.words_prompt(
            self.asking.question,
            self.answer.sql or "",
            result.columns,
            result.rows,
            truncated=result.truncated,
            budget_tokens=300,
            max_tokens=200,
        )
        try:
            async with aclosing(self._ask("words", prompt)) as chunks:
                async for chunk in chunks:
                    self.answer = replace(self.answer, text=(self.answer.text or "") + chunk)
                    yield WordsWritten(chunk)
        except LlmToolsError as error:
            self.answer = replace(self.answer, error=error.message)
        unfounded = unfounded_numbers(
            self.answer.text or "", result.rows, self.asking.question, self.answer.sql or ""
        )
        self.answer = replace(self.answer, unfounded=unfounded)

    async def _ask(self, purpose: str, prompt: Prompt) -> AsyncGenerator[str, None]:
        """One model call within the limits, recorded with its exact messages and cost."""
        self._budget.count_call(prompt)
        text = ""
        async with self.asking.model.reply(prompt) as reply:
            try:
                async with aclosing(self._budget.within(reply)) as chunks:
                    async for chunk in chunks:
                        text += chunk
                        yield chunk
            finally:
                self._budget.count_tokens(prompt, text, reply.usage)
                call = Call(
                    purpose,
                    tuple(prompt.messages()),
                    text,
                    reply.usage,
                    reply.milliseconds_so_far,
                    reply.first_ms,
                )
                self.answer = replace(
                    self.answer.timed(purpose, call.milliseconds),
                    calls=(*self.answer.calls, call),
                )

    def _end(self, status: Status, error: str) -> None:
        """Keep an answer that has rows; otherwise say why there is none."""
        if self.answer.status is not Status.ANSWERED:
            self.answer = replace(self.answer, status=status)
        self.answer = replace(self.answer, error=error)


def _can_be_mended(error: LlmToolsError) -> bool:
    """Whether other SQL may do: not for a refusal, which a model is not to get around."""
    return isinstance(error, QueryFailed) and not isinstance(error, QueryTimedOut)
