"""An investigation by a plan, for a small model: a few questions, each answered as any question is.

Left to choose a tool and to write SQL in one reply, a model of 1.5 billion parameters repeats its
first mistake. Asked for one thing at a time it does not, and the SQL gets votes and mends.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from ...errors import LimitReached
from ..answering import Answering
from ..checking import NUMBER, is_rounded
from ..row_text import shown_value
from ..values import Event, SqlWritten, Status, Step, StepBegan
from . import plan_prompts
from .loop import Investigating
from .prompts import rows_outcome
from .replies import Reading
from .taking import Taken
from .values import (
    Action,
    Claim,
    InvestigationEvent,
    InvestigationStep,
    InvestigationStepBegan,
    InvestigationStepEnded,
    InvestigationWritten,
    Tool,
)

if TYPE_CHECKING:
    from ...prompt import Prompt
    from ...queries import QueryResult
    from ..asking import Asking
    from ..values import Answer

_CONCLUSIONS = 2  # the second one after an objection
_ROWS_TOKENS = 120
_OBJECTION = "Your answer before had numbers of no row. Use only those of the rows."
_MANY = 3  # rows that a sentence made by rule quotes


def investigating(asking: Asking) -> Investigating:
    """How this model investigates. Raises BadInput where it cannot."""
    return Planned(asking) if asking.model.info.is_local else Investigating(asking)


class Planned(Investigating):
    """Plans, looks up, concludes: at most three questions and two attempts to conclude."""

    def __init__(self, asking: Asking) -> None:
        steps = min(asking.settings.investigate_steps, plan_prompts.MOST_QUESTIONS + _CONCLUSIONS)
        settings = replace(asking.settings, investigate_steps=max(2, steps))
        super().__init__(replace(asking, settings=settings))
        self._marker = secrets.token_hex(4)
        self._told: list[tuple[str, str]] = []
        self._reply = ""

    async def _steps(self) -> AsyncGenerator[Event | InvestigationEvent, None]:
        yield InvestigationStepBegan(1, self._most)
        yield StepBegan(Step.READING if self.asking.model.is_loaded else Step.LOADING)
        questions = await self._plan()
        for number, question in enumerate(questions, 1):
            if number > 1:
                yield InvestigationStepBegan(number, self._most)
            async with aclosing(self._look_up(number, question)) as looking:
                async for event in looking:
                    yield event
        if not self._investigation.citable:
            self._give_up()
            return
        async with aclosing(self._conclude()) as concluding:
            async for event in concluding:
                yield event

    async def _plan(self) -> list[str]:
        """The questions to look up: the person's own where they asked several, else the model's."""
        most = min(self._most - 1, plan_prompts.MOST_QUESTIONS)
        asked = self.asking.question
        parts = plan_prompts.parts_of(asked)
        if 1 < len(parts) <= most:
            return parts
        schema = self.asking.schema
        await self._told_by("plan", plan_prompts.plan_prompt(schema, asked, marker=self._marker))
        return plan_prompts.read_questions(self._reply, asked, most)

    async def _look_up(
        self, number: int, question: str
    ) -> AsyncGenerator[Event | InvestigationEvent, None]:
        """Ask one question of the plan as a person would, with the names that are known by now."""
        if self._investigation.citable:
            await self._told_by(
                f"question {number}", plan_prompts.whole_prompt(self._told, question)
            )
            question = plan_prompts.read_question(self._reply, question)
        yield InvestigationWritten(number, "thought", question)
        part = Answering(
            replace(
                self.asking,
                question=question,
                in_words=False,
                previous=self.asking.previous if number == 1 else (),
                settings=self.budget.left(self.asking.settings),
            )
        )
        try:
            async with aclosing(part.events()) as events:
                async for event in events:
                    if isinstance(event, SqlWritten) and event.attempt == 1:
                        yield InvestigationWritten(number, "sql", event.delta)
                    elif isinstance(event, StepBegan):
                        yield event
        finally:
            self._take_over(number, part)
        step = _step(number, question, part.answer)
        self._keep(Taken(step), step.sql or "")
        if part.answer.result is not None and step.has_rows:
            self._told.append((question, self._outcome(number, part.answer.result)))
        yield InvestigationStepEnded(step)

    async def _conclude(self) -> AsyncGenerator[Event | InvestigationEvent, None]:
        """Have the question answered from the rows; by rule where the model does not manage to."""
        objection = ""
        for _ in range(_CONCLUSIONS):
            number = len(self._investigation.steps) + 1
            if number > self._most:
                break
            yield InvestigationStepBegan(number, self._most)
            yield StepBegan(Step.WORDING)
            prompt = plan_prompts.conclusion_prompt(self.asking.question, self._told, objection)
            self._reply = ""
            async with aclosing(self.ask(f"step {number}", prompt)) as chunks:
                async for chunk in chunks:
                    self._reply += chunk
                    yield InvestigationWritten(number, "answer", chunk)
            taken = await self._taking.take(self._concluded(), self._investigation)
            self._keep(taken, self._reply)
            yield InvestigationStepEnded(taken.step)
            if self.answer.status is not Status.RUNNING:
                return
            objection = _OBJECTION

    def _concluded(self) -> Reading:
        """The answer: the sentences that quote rows, each with the steps that it quotes, and by
        rule what the other steps gave.

        A small model concludes that what is more is less; beside the numbers it can be seen.
        """
        rows = [each for each in self._investigation.steps if each.has_rows]
        said = [
            Claim(text, steps)
            for text in plan_prompts.sentences(self._reply)
            if (steps := tuple(each.number for each in rows if _quotes(text, each)))
        ]
        told = {number for each in said for number in each.steps}
        rest = [_claim(each) for each in rows if each.number not in told]
        return Reading("", Action(Tool.ANSWER, claims=(*rest, *said)))

    async def _told_by(self, purpose: str, prompt: Prompt) -> None:
        """One model call whose reply is read when it is whole."""
        self._reply = ""
        async with aclosing(self.ask(purpose, prompt)) as chunks:
            async for chunk in chunks:
                self._reply += chunk

    def _take_over(self, number: int, part: Answering) -> None:
        """What a question of the plan cost is a cost of the investigation."""
        self.budget.add(part.budget)
        calls = tuple(
            replace(each, purpose=f"step {number}: {each.purpose}") for each in part.answer.calls
        )
        self.answer = replace(
            self.answer,
            calls=(*self.answer.calls, *calls),
            timings=(*self.answer.timings, *part.answer.timings),
        )

    def _outcome(self, number: int, result: QueryResult) -> str:
        """What the model is told of rows."""
        if not result.rows:
            return "There are no rows: nothing matched."
        return rows_outcome(
            number,
            result.columns,
            result.rows,
            truncated=result.truncated,
            marker=self._marker,
            budget_tokens=_ROWS_TOKENS,
        )

    def _give_up(self) -> None:
        """End it with what the last question came to. Raises LimitReached."""
        last = self._investigation.steps[-1].error or "Nothing was found."
        if all(each.error == last for each in self._investigation.steps):
            self.end(Status.UNANSWERABLE, last)
            return
        raise LimitReached(f"None of the questions of the plan could be answered: {last}")


def _step(number: int, question: str, answer: Answer) -> InvestigationStep:
    """A question of the plan with its answer."""
    step = InvestigationStep(number, question, tool=Tool.SQL, sql=answer.sql)
    if answer.result is None:
        return replace(step, error=answer.error or "There is no answer.")
    return replace(
        step,
        tables=answer.tables,
        columns=answer.columns,
        row_count=answer.row_count,
        truncated=answer.truncated,
        milliseconds=answer.result.milliseconds,
        result=answer.result,
    )


def _quotes(text: str, step: InvestigationStep) -> bool:
    """Whether a sentence says a value of a step's rows."""
    numbers = [match[0] for match in NUMBER.finditer(text)]
    rows = step.result.rows if step.result else ()
    return any(_says(text, numbers, value) for row in rows for value in row)


def _says(text: str, numbers: list[str], value: object) -> bool:
    if isinstance(value, (int, float)):
        return any(is_rounded(number, float(value)) for number in numbers)
    return isinstance(value, str) and bool(value.strip()) and value.casefold() in text.casefold()


def _claim(step: InvestigationStep) -> Claim:
    """What a step gave, as a sentence that no model wrote."""
    rows = step.result.rows[:_MANY] if step.result else ()
    shown = "; ".join(", ".join(map(_shown, row)) for row in rows)
    more = "; …" if (step.row_count or 0) > _MANY else ""
    return Claim(f"{step.thought} {shown or 'Nothing matched'}{more}.", (step.number,))


def _shown(value: object) -> str:
    return "nothing" if value is None else str(shown_value(value))
