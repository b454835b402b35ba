"""From a question to rows and words: the one place where model, guard and query meet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from ..errors import LlmToolsError
from ..prompt import Prompt
from ..queries import QueryResult
from . import prompts
from .asking import Asking
from .budget import Budget
from .checking import unfounded_numbers
from .comparing import Comparing, candidates
from .empty_results import says_nothing
from .pairs import Pair, PairUsed, recurring
from .statements.trying import Tried, Trying
from .values import (
    Answer,
    Attempt,
    AttemptEnded,
    Event,
    RowsFound,
    SqlWritten,
    Status,
    Step,
    StepBegan,
    WordsWritten,
)
from .work import Work


class Answering(Work[Event]):
    """One question being answered: iterate `events()`, read `answer` at any time."""

    def __init__(self, asking: Asking) -> None:
        super().__init__(asking, Budget(asking.settings), Answer(model_id=asking.model.model_id))
        self._trying = Trying(asking, self.budget)

    async def _steps(self) -> AsyncGenerator[Event, None]:
        async with aclosing(self._find_rows()) as finding:
            async for event in finding:
                yield event
        result = self.answer.result
        if result is None or not self.asking.in_words or self.answer.pair or says_nothing(result):
            return  # what is not there is not for a model to word
        async with aclosing(self._say_in_words(result)) as saying:
            async for event in saying:
                yield event

    async def _find_rows(self) -> AsyncGenerator[Event, None]:
        """Write SQL and run it; compare it with further statements, or have it corrected."""
        async with aclosing(self._asked_before()) as known:
            async for event in known:
                yield event
        if self.answer.result is not None:
            return
        # A large schema is cut to the question, which takes tens of milliseconds.
        prompt = await asyncio.to_thread(self.asking.prompt)
        async with aclosing(self._written(1, prompt)) as writing:
            async for event in writing:
                yield event
        if not self.answer.attempts:
            return
        first = await self._trying.tried(_written(self.answer.attempts[0]))
        if candidates(self.asking) > 1:
            comparing = Comparing(self, self._trying, prompt, first)
            async with aclosing(comparing.events()) as events:
                async for event in events:
                    yield event
        if self.answer.status is Status.RUNNING:
            async with aclosing(self._corrected(prompt)) as correcting:
                async for event in correcting:
                    yield event

    async def _asked_before(self) -> AsyncGenerator[Event, None]:
        """Rows by SQL that a person called right for this question, with other values perhaps."""
        if self.asking.previous:
            return
        found = await asyncio.to_thread(recurring, self.asking.question, self._fitting_pairs())
        if found is None:
            return
        tried = await self._trying.asked_before(found)
        if tried is None or tried.result is None:
            return
        used = PairUsed(found.pair.question_id, found.pair.question, found.values)
        self.answer = replace(self.answer, pair=used, model_id=None)
        yield AttemptEnded(1, self._note(tried, written_by="pair"))
        self.keep(tried.sql, tried.result)
        yield RowsFound(tried.sql, tried.result)

    def _fitting_pairs(self) -> list[Pair]:
        """The pairs of the table that the person was looking at, if it was one."""
        about = self.asking.about
        return [each for each in self.asking.pairs if about is None or about in each.tables]

    async def _written(self, number: int, prompt: Prompt) -> AsyncGenerator[Event, None]:
        """Have one statement written, as it is shown, and run it."""
        yield StepBegan(self._before_writing(number))
        stream = prompts.SqlStream()
        async with aclosing(self.ask("sql", prompt)) as chunks:
            async for chunk in chunks:
                if not stream.reply:
                    yield StepBegan(Step.WRITING)
                if delta := stream.feed(chunk):
                    yield SqlWritten(number, delta)
        reading = prompts.read_sql(stream.reply)
        if reading.sql is None:
            self.end(Status.UNANSWERABLE, reading.cannot or "The model wrote no SQL.")
            return
        if any(reading.sql == _written(each) for each in self.answer.attempts):
            return  # the same again would fail again
        yield StepBegan(Step.RUNNING)
        tried = await self._trying.tried(reading.sql)
        attempt = self._note(tried)
        yield AttemptEnded(number, attempt)
        if tried.result is not None:
            self.keep(tried.sql, tried.result)
            yield RowsFound(tried.sql, tried.result)
        elif tried.error is not None and not tried.can_be_mended:
            raise tried.error

    async def _corrected(self, prompt: Prompt) -> AsyncGenerator[Event, None]:
        """Ask the model to mend what did not run, as often as is allowed."""
        for number in range(2, self.asking.settings.repairs + 2):
            last = self.answer.attempts[-1]
            prompt = prompts.correction_prompt(
                prompt, _written(last), last.error or "", self.asking.schema
            )
            async with aclosing(self._written(number, prompt)) as writing:
                async for event in writing:
                    yield event
            if self.answer.status is not Status.RUNNING:
                return
            if len(self.answer.attempts) < number:
                break
        error_text = self.answer.attempts[-1].error or ""
        self.end(Status.FAILED, prompts.failure(error_text, self.asking.schema))

    def _before_writing(self, attempt: int) -> Step:
        """What a model does until its first word: seconds to minutes for a cold local one."""
        if not self.asking.model.is_loaded:
            return Step.LOADING
        return Step.READING if attempt == 1 else Step.MENDING

    def _note(self, tried: Tried, written_by: str = "model") -> Attempt:
        """Keep how a statement went."""
        attempt = Attempt(
            tried.sql,
            tried.error.message if tried.error else None,
            written_by=written_by,
            milliseconds=tried.milliseconds,
            changes=tried.changes,
            written=tried.written if tried.changes else None,
        )
        self.answer = replace(
            self.answer.timed("query", tried.milliseconds),
            sql=tried.sql,
            attempts=(*self.answer.attempts, attempt),
        )
        return attempt

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
            async with aclosing(self.ask("words", prompt)) as chunks:
                async for chunk in chunks:
                    self.answer = replace(self.answer, text=(self.answer.text or "") + chunk)
                    yield WordsWritten(chunk)
        except LlmToolsError as error:
            self.answer = replace(self.answer, error=error.message)
        unfounded = unfounded_numbers(
            self.answer.text or "", result.rows, self.asking.question, self.answer.sql or ""
        )
        self.answer = replace(self.answer, unfounded=unfounded)


def _written(attempt: Attempt) -> str:
    """What the model wrote, before it was mended."""
    return attempt.written or attempt.sql
