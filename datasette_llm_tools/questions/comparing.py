"""Further statements for a question, compared with the first by what they return.

Most votes win; where too few agree, a second model is asked, and its statement decides.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import LlmToolsError
from ..pricing import price_usd
from . import prompts
from .agreeing.asking_back import asked_back
from .agreeing.escalating import escalation, second_model
from .asking import PURPOSE
from .candidates import Ballot, rounds
from .values import Event, RowsFound, Step, StepBegan, VotesCounted

if TYPE_CHECKING:
    from ..prompt import Prompt
    from .asking import Asking
    from .statements.trying import Tried, Trying
    from .work import Work


def candidates(asking: Asking) -> int:
    """How many statements may be compared, the first one included."""
    is_local = asking.model.info.is_local
    return asking.settings.candidates if is_local else asking.settings.candidates_paid


class Comparing:
    """The votes on one question: iterate `events()`. What they come to goes into the work's answer.

    `first` is what came of the statement that is there already, which `prompt` asked for.
    """

    def __init__(self, work: Work[Any], trying: Trying, prompt: Prompt, first: Tried) -> None:
        self._work = work
        self._asking = work.asking
        self._trying = trying
        self._prompt = prompt
        self._ballot = Ballot(candidates(work.asking))
        self._count(first)

    async def events(self) -> AsyncGenerator[Event, None]:
        """Ask for further statements, as long as there is time, and keep what won."""
        ballot = self._ballot
        yield StepBegan(Step.COMPARING)
        async with aclosing(self._vote()) as voting:
            async for event in voting:
                yield event
        async with aclosing(self._escalate()) as escalating:
            async for event in escalating:
                yield event
        self._work.answer = replace(self._work.answer, agreement=ballot.agreement)
        if ballot.leader is not None and ballot.leader is not self._work.answer.result:
            sql = ballot.agreement.groups[0].sql
            self._work.keep(sql, ballot.leader)
            yield RowsFound(sql, ballot.leader)
        # Parsing takes milliseconds, which other requests need not wait for.
        asked = await asyncio.to_thread(asked_back, ballot, self._asking.schema)
        self._work.answer = replace(self._work.answer, asked_back=asked)

    async def _vote(self) -> AsyncGenerator[Event, None]:
        """Count statement after statement until more would not change what leads."""
        ballot = self._ballot
        # From here, not from the question: a model that had to be loaded gives just as many.
        deadline = time.monotonic() + self._asking.settings.candidate_seconds
        for seed, size in enumerate(rounds(ballot.expected), 1):
            if time.monotonic() >= deadline:
                return
            async with aclosing(self._several(size, seed)) as replies:
                async for reply in replies:
                    reading = prompts.read_sql(reply)
                    if reading.sql is None:
                        ballot.add("", None)
                        continue
                    tried = await self._trying.tried(reading.sql)
                    await asyncio.to_thread(self._count, tried)
                    self._work.answer = replace(self._work.answer, agreement=ballot.agreement)
                    yield VotesCounted(ballot.agreement)
                    if ballot.is_settled:
                        return
            if ballot.is_settled:
                return

    async def _several(self, count: int, seed: int) -> AsyncGenerator[str, None]:
        """Further replies to the prompt, each as it is ready: in one call where the model can."""
        model = self._asking.model
        varied = replace(self._prompt, options=model.varied(count, seed))
        if model.info.supports_several:
            text = ""
            async with aclosing(self._work.ask("candidates", varied)) as chunks:
                async for chunk in chunks:
                    *lines, text = (text + chunk).split("\n")
                    for line in lines:
                        yield json.loads(line)
            return
        for _ in range(count):
            async with aclosing(self._work.ask("candidates", varied)) as chunks:
                yield "".join([chunk async for chunk in chunks])

    async def _escalate(self) -> AsyncGenerator[Event, None]:
        """Ask a second model where too few agree; its statement decides."""
        usage = self._work.answer.calls[0].usage
        told = await escalation(self._asking, self._ballot.agreement, usage)
        self._work.answer = replace(self._work.answer, escalation=told)
        if told is None or not told.was_asked:
            return
        yield StepBegan(Step.ESCALATING)
        try:
            second = await second_model(self._asking, PURPOSE, told.model_id)
            told = replace(told, model_id=second.model_id)
            try:
                asked = self._work.ask("escalation", self._prompt, second)
                async with aclosing(asked) as chunks:
                    reply = "".join([chunk async for chunk in chunks])
            finally:
                await second.aclose()
            call = self._work.answer.calls[-1]
            usd = 0.0 if second.info.is_local else price_usd(second.model_id, call.usage)
            told = replace(told, usd=usd, error=await self._decided(reply))
        except LlmToolsError as error:
            told = replace(told, error=error.message)
        self._work.answer = replace(self._work.answer, escalation=told)

    async def _decided(self, reply: str) -> str | None:
        """Let the second model's reply decide; why it cannot, if so."""
        reading = prompts.read_sql(reply)
        if reading.sql is None:
            return reading.cannot or "It wrote no SQL."
        tried = await self._trying.tried(reading.sql)
        if tried.result is None:
            return tried.error.message if tried.error else None
        ballot = self._ballot
        ballot.decide(tried.sql, tried.result, changes=tried.changes, written=tried.written)
        return None if ballot.agreement.groups[0].second else "Its statement finds nothing."

    def _count(self, tried: Tried) -> None:
        self._ballot.add(tried.sql, tried.result, changes=tried.changes, written=tried.written)
