"""From a question to claims in several steps: the one place where an investigation meets a model.

What the model sees of data went through the guard as the person who asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from ...errors import BadInput, LimitReached
from ..budget import Budget
from ..values import Answer, Event, Status, Step, StepBegan
from ..work import Work
from . import prompts
from .prompts import Exchange
from .replies import ReplyStream, read_reply
from .taking import Taken, Taking
from .values import (
    ENDING,
    LOOKING,
    Action,
    Claim,
    Investigation,
    InvestigationEvent,
    InvestigationStepBegan,
    InvestigationStepEnded,
    InvestigationWritten,
    Tool,
)

if TYPE_CHECKING:
    from ...prompt import Prompt
    from ..asking import Asking

_MOST_MISTAKES = 3  # on end
_UNREAD_CHARACTERS = 1000


class Investigating(Work[Event | InvestigationEvent]):
    """One question being investigated: iterate `events()`, read `answer` at any time."""

    def __init__(self, asking: Asking) -> None:
        if not asking.model.info.takes_structure:
            raise BadInput(
                f"{asking.model.model_id} answers in one step only: it takes neither a JSON "
                "schema nor tools. Choose another model, or ask without investigating."
            )
        settings = asking.settings
        self._most = max(1, settings.investigate_steps)
        budget = Budget(
            replace(
                settings,
                max_model_calls=self._most,
                max_sql_runs=self._most,
                max_tokens=settings.investigate_tokens,
                max_seconds=settings.investigate_seconds,
            )
        )
        answer = Answer(model_id=asking.model.model_id, investigation=Investigation(self._most))
        super().__init__(asking, budget, answer)
        self._taking = Taking(asking, budget)
        self._exchanges: list[Exchange] = []
        self._sent: list[dict[str, str]] = []

    @property
    def _investigation(self) -> Investigation:
        assert self.answer.investigation is not None
        return self.answer.investigation

    async def _steps(self) -> AsyncGenerator[Event | InvestigationEvent, None]:
        asking = self.asking
        # A large schema is cut to the question, which takes tens of milliseconds.
        schema, marker = await asyncio.to_thread(asking.schema_text)
        first = prompts.first_turn(
            schema, asking.question, marker=marker, previous=asking.previous, about=asking.about
        )
        looking = LOOKING if schema.left_out else (Tool.SQL, Tool.VALUES)
        mistakes = 0
        for number in range(1, self._most + 1):
            yield InvestigationStepBegan(number, self._most)
            yield StepBegan(Step.READING if asking.model.is_loaded else Step.LOADING)
            stream = ReplyStream()
            prompt = self._prompt(first, looking)
            asked = self.ask(f"step {number}", prompt, messages=self._new(prompt))
            async with aclosing(asked) as chunks:
                async for chunk in chunks:
                    for part, delta in stream.feed(chunk):
                        yield InvestigationWritten(number, part, delta)
            reading = read_reply(stream.reply)
            if _runs(reading.action):
                yield StepBegan(Step.RUNNING)
            taken = await self._taking.take(reading, self._investigation)
            self._keep(taken, stream.reply)
            yield InvestigationStepEnded(taken.step)
            if self.answer.status is not Status.RUNNING:
                return
            mistakes = mistakes + 1 if taken.step.error else 0
            if mistakes == _MOST_MISTAKES:
                raise LimitReached(f"Stopped: {mistakes} steps on end came to nothing.")
        raise LimitReached(f"Stopped after {self._most} steps without an answer.")

    def _prompt(self, first: str, looking: tuple[Tool, ...]) -> Prompt:
        """The prompt of the next step; the last one may only end the investigation."""
        info = self.asking.model.info
        is_last = len(self._exchanges) + 1 == self._most
        citable = self._investigation.citable
        tools = ENDING if is_last else (*looking, *ENDING)
        if info.is_local and not citable:
            tools = tuple(each for each in tools if each is not Tool.ANSWER)
        return prompts.next_prompt(
            first,
            self._exchanges,
            self._most,
            max_tokens=self.asking.settings.max_output_tokens,
            schema=prompts.reply_schema(tools, citable if info.is_local else None),
        )

    def _answered(self, claims: tuple[Claim, ...]) -> None:
        """Keep the answer; the step that it names last stands for it in lists and follow-ups."""
        investigation = replace(self._investigation, claims=claims)
        main = investigation.step(claims[-1].steps[-1])
        assert main is not None and main.result is not None
        tables = (name for each in investigation.steps for name in each.tables)
        self.answer = replace(
            self.answer,
            status=Status.ANSWERED,
            investigation=investigation,
            sql=main.sql,
            text=" ".join(claim.text for claim in claims),
            unfounded=tuple(dict.fromkeys(n for claim in claims for n in claim.unfounded)),
            result=main.result,
            tables=tuple(dict.fromkeys(tables)),
            columns=main.columns,
            row_count=main.row_count,
            truncated=main.truncated,
        )

    def _keep(self, taken: Taken, reply: str) -> None:
        steps = (*self._investigation.steps, taken.step)
        investigation = replace(self._investigation, steps=steps)
        self.answer = replace(self.answer, investigation=investigation)
        if taken.step.milliseconds:
            self.answer = self.answer.timed("query", taken.step.milliseconds)
        # What could not be read is given back for the model to see its form, not all of it.
        said = reply if taken.step.tool else reply[:_UNREAD_CHARACTERS]
        self._exchanges.append(Exchange(said, taken.told, taken.short))
        if taken.claims:
            self._answered(taken.claims)
        if taken.cannot:
            self.end(Status.UNANSWERABLE, taken.cannot)

    def _new(self, prompt: Prompt) -> tuple[dict[str, str], ...]:
        """Those messages that the call before had not sent: the prompt grows at its end."""
        messages = prompt.messages()
        same = 0
        for old, new in zip(self._sent, messages, strict=False):
            if old != new:
                break
            same += 1
        self._sent = messages
        return tuple(messages[same:])


def _runs(action: Action | None) -> bool:
    return action is not None and action.tool in (Tool.SQL, Tool.VALUES)
