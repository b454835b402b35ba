"""Runs cases: each is asked as a person's question is, without words, and then judged.

There is no second way of answering here, or the figures would be of something else. Results come
out as they are ready, in any order; whoever stops iterating stops the questions under way.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ..errors import NotFound, RunPaused
from ..model_choice import choose_model
from ..permissions import Actor, visible_tables
from ..pricing import price_usd
from ..prompt import Usage
from ..queries import Limits
from ..questions.answering import Answering
from ..questions.asking import PURPOSE, Asking, prepare
from ..questions.pairs import Pair
from ..questions.values import Answer, Status
from ..settings import Settings, read_settings, settings_from
from .editions import edition_of
from .executing import Place, roomy
from .judging import Judge
from .values import Case, CaseResult, Plan, Suite, Verdict

if TYPE_CHECKING:
    from datasette.app import Datasette

# So many cases without an answer of the model, one after the other: it is not there any more.
MOST_FAILURES = 5
AT_ONCE = 8  # questions to a model that is not on this machine
_ROOT = {"id": "root"}


@dataclass(frozen=True)
class Bench:
    """Where cases are asked: a Datasette, the actor, and the databases of the suite in it.

    `databases` maps what a case calls its database to the name it has there. `copies` is a
    Datasette of its own, where nobody else looks, with the changed copies that `variants` names
    for each of those; root reads them there, as far as the actor may.
    """

    datasette: Datasette
    actor: Actor
    databases: Mapping[str, str]
    variants: Mapping[str, Sequence[str]] = field(default_factory=dict)
    copies: Datasette | None = None

    async def place(self, case: Case, limits: Limits) -> Place:
        """Where a case is asked. Raises NotFound."""
        database = self.databases.get(case.database)
        if database is None:
            raise NotFound(f"There is no database {case.database}, which the case {case.id} asks.")
        await self.datasette.refresh_schemas()
        visible = await visible_tables(self.datasette, self.actor, database)
        return Place(self.datasette, self.actor, database, visible, limits)

    def copies_of(self, place: Place) -> list[Place]:
        """The changed copies of the database at a place."""
        if self.copies is None:
            return []
        there = replace(place, datasette=self.copies, actor=_ROOT)
        return [replace(there, database=each) for each in self.variants.get(place.database, ())]


def chosen_cases(suite: Suite, plan: Plan) -> tuple[Case, ...]:
    """The cases that a plan draws from a suite, those of one database next to each other.

    A model that keeps the beginning of its prompt reads each schema once then.
    """
    cases = list(suite.cases)
    if plan.sample is not None and plan.sample < len(cases):
        cases = random.Random(plan.seed).sample(cases, plan.sample)
    places: dict[str, int] = {}
    for number, each in enumerate(suite.cases):
        places.setdefault(each.database, number)
    position = {each.id: number for number, each in enumerate(suite.cases)}
    return tuple(sorted(cases, key=lambda each: (places[each.database], position[each.id])))


async def with_model(bench: Bench, plan: Plan) -> tuple[Plan, int]:
    """The plan with the full id of its model, and how many questions it is asked at once.

    Raises NoModel.
    """
    wanted = plan.model_id or plan.settings.get("model")
    model = await choose_model(bench.datasette, bench.actor, PURPOSE, wanted)
    return replace(plan, model_id=model.model_id), 1 if model.info.is_local else AT_ONCE


def overridden(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Settings with some changed. Raises BadInput for an unknown one or a wrong value."""
    settings_from(dict(changes))
    return replace(settings, **changes)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A result, and whether the model failed rather than the question."""

    result: CaseResult
    model_failed: bool = False


async def run_cases(
    bench: Bench, suite: Suite, plan: Plan, cases: Sequence[Case], *, concurrency: int = 1
) -> AsyncGenerator[CaseResult, None]:
    """Ask the cases, `concurrency` at the same time, and give what came of each as it is ready.

    Where the model fails for several cases on end, those are not given, so that they are asked
    when the run is resumed. Raises RunPaused then, and NoModel and NotFound at once.
    """
    limits = roomy(Limits.of(overridden(read_settings(bench.datasette), plan.settings)))
    judge = Judge(suite)
    waiting = iter(cases)
    held: list[CaseResult] = []
    tasks: set[asyncio.Task[_Asked]] = set()
    try:
        while True:
            while len(tasks) < concurrency and (case := next(waiting, None)) is not None:
                tasks.add(asyncio.create_task(_ask(bench, judge, plan, case, limits)))
            if not tasks:
                break
            done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for asked in [each.result() for each in done]:
                if asked.model_failed:
                    held.append(asked.result)
                    continue
                for result in (*held, asked.result):
                    yield result
                held.clear()
            if len(held) >= MOST_FAILURES:
                raise RunPaused(
                    f"{plan.model_id} failed {len(held)} times on end: {held[-1].error} "
                    "Resume the run when it answers."
                )
        for result in held:
            yield result
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _ask(bench: Bench, judge: Judge, plan: Plan, case: Case, limits: Limits) -> _Asked:
    """Ask one case and judge the answer; `limits` are for accepted statements."""
    place = await bench.place(case, limits)
    key = await judge.key(case, place)
    if key.error is not None:
        unscored = CaseResult(case.id, Verdict.UNSCORED, error=key.error, answered_at=_now())
        return _Asked(replace(unscored, edition=edition_of(case)))
    began = time.perf_counter()
    asking = await prepare(
        bench.datasette,
        bench.actor,
        place.database,
        case.question,
        model_id=plan.model_id,
        in_words=False,
    )
    settings = overridden(asking.settings, plan.settings)
    pairs = _without(case, asking.pairs) if settings.verified_pairs else ()
    asking = replace(asking, settings=settings, pairs=pairs)
    try:
        answer = await _answer(asking)
    finally:
        await asking.model.aclose()
    seconds = time.perf_counter() - began
    judged = await judge.judge(case, key, answer, place, bench.copies_of(place))
    told = answer.escalation
    agreement = None if told is not None and told.was_asked else answer.agreement
    return _Asked(
        CaseResult(
            case_id=case.id,
            verdict=judged.verdict,
            sql=answer.sql,
            error=judged.error or answer.error,
            accepted_empty=judged.accepted_empty,
            attempts=len(answer.attempts),
            calls=len(answer.calls),
            input_tokens=answer.usage.input_tokens,
            output_tokens=answer.usage.output_tokens,
            usd=_usd(asking, answer),
            seconds=seconds,
            variants=judged.variants,
            variants_wrong=judged.variants_wrong,
            answered_at=_now(),
            asked=agreement.asked if agreement else 0,
            votes=agreement.votes if agreement else 0,
            edition=edition_of(case),
        ),
        model_failed=answer.status is Status.FAILED and not answer.attempts,
    )


def _usd(asking: Asking, answer: Answer) -> float | None:
    """What an answer cost; a second model has another price."""
    told = answer.escalation
    first = [each.usage for each in answer.calls if each.purpose != "escalation"]
    usage = sum(first, Usage())
    model = asking.model
    usd = 0.0 if model.info.is_local or not first else price_usd(model.model_id, usage)
    if told is None or not told.was_asked or len(first) == len(answer.calls):
        return usd
    return None if usd is None or told.usd is None else usd + told.usd


def _without(case: Case, pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """The verified pairs but for the case's own: it would be answered by what it is judged by."""
    return tuple(each for each in pairs if _plain(each.question) != _plain(case.question))


def _plain(question: str) -> str:
    return " ".join(re.findall(r"\w+", question.casefold()))


async def _answer(asking: Asking) -> Answer:
    answering = Answering(asking)
    async with aclosing(answering.events()) as events:
        async for _ in events:
            pass
    return answering.answer


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
