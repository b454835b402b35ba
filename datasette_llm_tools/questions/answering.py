"""From a question to rows and words: the one place where model, guard and query meet.

An Answering is iterated for events and holds the answer so far, so that
whoever stops iterating (a person, a page that was closed) keeps what was found.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from ..errors import LimitReached, LlmToolsError
from ..model import Model
from ..pricing import price_usd
from ..prompt import Prompt
from ..queries import QueryResult
from . import prompts
from .agreeing.asking_back import asked_back
from .agreeing.escalating import escalation, second_model
from .asking import PURPOSE, Asking
from .budget import Budget
from .candidates import Ballot, rounds
from .checking import unfounded_numbers
from .pairs import Pair, PairUsed, recurring
from .statements.trying import Tried, Trying
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
    VotesCounted,
    WordsWritten,
)


class Answering:
    """One question being answered: iterate `events()`, read `answer` at any time."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.answer = Answer(model_id=asking.model.model_id)
        self._budget = Budget(asking.settings)
        self._trying = Trying(asking, self._budget)

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
        if result is None or not self.asking.in_words or self.answer.pair:
            return
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
        count = self._candidates()
        if count > 1:
            async with aclosing(self._compared(prompt, first, count)) as comparing:
                async for event in comparing:
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
        self._keep(tried.sql, tried.result)
        yield RowsFound(tried.sql, tried.result)

    def _fitting_pairs(self) -> list[Pair]:
        """The pairs of the table that the person was looking at, if it was one."""
        about = self.asking.about
        return [each for each in self.asking.pairs if about is None or about in each.tables]

    async def _written(self, number: int, prompt: Prompt) -> AsyncGenerator[Event, None]:
        """Have one statement written, as it is shown, and run it."""
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
        if any(reading.sql == _written(each) for each in self.answer.attempts):
            return  # the same again would fail again
        yield StepBegan(Step.RUNNING)
        tried = await self._trying.tried(reading.sql)
        attempt = self._note(tried)
        yield AttemptEnded(number, attempt)
        if tried.result is not None:
            self._keep(tried.sql, tried.result)
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
        self._end(Status.FAILED, prompts.failure(error_text, self.asking.schema))

    def _candidates(self) -> int:
        """How many statements may be compared."""
        settings = self.asking.settings
        is_local = self.asking.model.info.is_local
        return settings.candidates if is_local else settings.candidates_paid

    async def _compared(
        self, prompt: Prompt, first: Tried, count: int
    ) -> AsyncGenerator[Event, None]:
        """Ask for further statements, as long as there is time; most votes win."""
        ballot = Ballot(count)
        _count(ballot, first)
        deadline = self._budget.started + self.asking.settings.candidate_seconds
        yield StepBegan(Step.COMPARING)
        for seed, size in enumerate(rounds(count), 1):
            if time.monotonic() > deadline:
                break
            async with aclosing(self._several(prompt, size, seed)) as replies:
                async for reply in replies:
                    reading = prompts.read_sql(reply)
                    if reading.sql is None:
                        ballot.add("", None)
                        continue
                    tried = await self._trying.tried(reading.sql)
                    await asyncio.to_thread(_count, ballot, tried)
                    self.answer = replace(self.answer, agreement=ballot.agreement)
                    yield VotesCounted(ballot.agreement)
                    if ballot.is_settled:
                        break
            if ballot.is_settled:
                break
        async with aclosing(self._escalated(prompt, ballot)) as escalating:
            async for event in escalating:
                yield event
        self.answer = replace(self.answer, agreement=ballot.agreement)
        if ballot.leader is not None and ballot.leader is not self.answer.result:
            sql = ballot.agreement.groups[0].sql
            self._keep(sql, ballot.leader)
            yield RowsFound(sql, ballot.leader)
        # Parsing takes milliseconds, which other requests need not wait for.
        asked = await asyncio.to_thread(asked_back, ballot, self.asking.schema)
        self.answer = replace(self.answer, asked_back=asked)

    async def _escalated(self, prompt: Prompt, ballot: Ballot) -> AsyncGenerator[Event, None]:
        """Ask a second model where too few agree; its statement decides."""
        usage = self.answer.calls[0].usage
        told = await escalation(self.asking, ballot.agreement, usage)
        self.answer = replace(self.answer, escalation=told)
        if told is None or not told.was_asked:
            return
        yield StepBegan(Step.ESCALATING)
        try:
            second = await second_model(self.asking, PURPOSE, told.model_id)
            told = replace(told, model_id=second.model_id)
            try:
                async with aclosing(self._ask("escalation", prompt, second)) as chunks:
                    reply = "".join([chunk async for chunk in chunks])
            finally:
                await second.aclose()
            call = self.answer.calls[-1]
            usd = 0.0 if second.info.is_local else price_usd(second.model_id, call.usage)
            told = replace(told, usd=usd, error=await self._decided(ballot, reply))
        except LlmToolsError as error:
            told = replace(told, error=error.message)
        self.answer = replace(self.answer, escalation=told)

    async def _decided(self, ballot: Ballot, reply: str) -> str | None:
        """Let the second model's reply decide; why it cannot, if so."""
        reading = prompts.read_sql(reply)
        if reading.sql is None:
            return reading.cannot or "It wrote no SQL."
        tried = await self._trying.tried(reading.sql)
        if tried.result is None:
            return tried.error.message if tried.error else None
        ballot.decide(tried.sql, tried.result, changes=tried.changes, written=tried.written)
        return None if ballot.agreement.groups[0].second else "Its statement finds nothing."

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

    def _keep(self, sql: str, result: QueryResult) -> None:
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

    async def _ask(
        self, purpose: str, prompt: Prompt, model: Model | None = None
    ) -> AsyncGenerator[str, None]:
        """One model call within the limits, recorded with its exact messages and cost."""
        self._budget.count_call(prompt)
        text = ""
        async with (model or self.asking.model).reply(prompt) as reply:
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

    async def _several(self, prompt: Prompt, count: int, seed: int) -> AsyncGenerator[str, None]:
        """Further replies to a prompt, each as it is ready: in one call where the model can."""
        model = self.asking.model
        varied = replace(prompt, options=model.varied(count, seed))
        if model.info.supports_several:
            text = ""
            async with aclosing(self._ask("candidates", varied)) as chunks:
                async for chunk in chunks:
                    *lines, text = (text + chunk).split("\n")
                    for line in lines:
                        yield json.loads(line)
            return
        for _ in range(count):
            async with aclosing(self._ask("candidates", varied)) as chunks:
                yield "".join([chunk async for chunk in chunks])

    def _end(self, status: Status, error: str) -> None:
        """Keep an answer that has rows; otherwise say why there is none."""
        if self.answer.status is not Status.ANSWERED:
            self.answer = replace(self.answer, status=status)
        self.answer = replace(self.answer, error=error)


def _count(ballot: Ballot, tried: Tried) -> None:
    ballot.add(tried.sql, tried.result, changes=tried.changes, written=tried.written)


def _written(attempt: Attempt) -> str:
    """What the model wrote, before it was mended."""
    return attempt.written or attempt.sql
