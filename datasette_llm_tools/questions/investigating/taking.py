"""A step: what a reply asks for is done as the person who asks, or the model is told why not."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...errors import QueryFailed, SqlRejected
from ...queries import Limits, QueryResult, run_query
from ..checking import unfounded_numbers
from ..prompts import error_facts
from . import looks, prompts
from .values import Action, Claim, Investigation, InvestigationStep, Tool

if TYPE_CHECKING:
    from ..asking import Asking
    from ..budget import Budget
    from .replies import Reading


@dataclass(frozen=True, slots=True)
class Taken:
    """A step, with what the model is told of it, in full and in short.

    `claims` or `cannot` end the investigation: the answer, or why there is none.
    """

    step: InvestigationStep
    told: str = ""
    short: str = ""
    claims: tuple[Claim, ...] = ()
    cannot: str | None = None


class Taking:
    """Takes the steps of one investigation; knows what it has done before."""

    def __init__(self, asking: Asking, budget: Budget) -> None:
        self._asking = asking
        self._budget = budget
        self._marker = secrets.token_hex(4)
        self._seen: set[str] = set()
        self._has_doubted = False

    async def take(self, reading: Reading, so_far: Investigation) -> Taken:
        """Do what a reply asks for. What goes wrong is told to the model, which may go on.

        Raises LimitReached, and what run_query raises for a person who may ask no longer.
        """
        action = reading.action
        step = InvestigationStep(len(so_far.steps) + 1, reading.thought)
        if action is None:
            return _failed(step, [reading.error or ""])
        step = replace(step, tool=action.tool)
        match action.tool:
            case Tool.SQL:
                return await self._query(replace(step, sql=action.sql))
            case Tool.VALUES:
                return await self._values(step, action)
            case Tool.TABLES:
                return self._describe(replace(step, about=action.names))
            case Tool.ANSWER:
                return self._conclude(step, action.claims, so_far)
        return Taken(step, cannot=action.reason or "The model found nothing about it.")

    async def _values(self, step: InvestigationStep, action: Action) -> Taken:
        """List values of a column, by a statement like any other."""
        step = replace(step, about=(action.table, action.column, action.like))
        try:
            sql = looks.values_sql(action, self._asking.schema)
        except looks.LookFailed as error:
            return _failed(step, [str(error)])
        return await self._query(replace(step, sql=sql))

    async def _query(self, step: InvestigationStep) -> Taken:
        """Run the statement of a step, unless it ran before."""
        asking, sql = self._asking, step.sql or ""
        if not self._is_new(looks.same_statement(sql)):
            return _failed(
                step,
                ["This was sent before and would give the same. Change it, or answer from rows."],
            )
        self._budget.count_run()
        started = time.perf_counter()
        try:
            result = await run_query(
                asking.datasette,
                asking.database,
                sql,
                actor=asking.actor,
                limits=Limits.of(asking.settings),
                tables=asking.tables,
            )
        except (QueryFailed, SqlRejected) as error:
            facts = [error.message]
            if isinstance(error, QueryFailed):
                facts = error_facts(sql, error.message, asking.schema)
            return _failed(step, facts, error.message, _since(started))
        return self._found(step, result, _since(started))

    def _found(self, step: InvestigationStep, result: QueryResult, milliseconds: float) -> Taken:
        step = replace(
            step,
            result=result,
            tables=result.tables,
            columns=result.columns,
            row_count=len(result.rows),
            truncated=result.truncated,
            milliseconds=milliseconds,
        )
        told, short = (
            tell(
                step.number,
                result.columns,
                result.rows,
                truncated=result.truncated,
                marker=self._marker,
            )
            for tell in (prompts.rows_outcome, prompts.short_outcome)
        )
        return Taken(step, told, short)

    def _describe(self, step: InvestigationStep) -> Taken:
        """Tell of tables as this actor may see them."""
        if not self._is_new(f"tables {' '.join(step.about)}"):
            return _failed(step, ["You have seen these tables; use sql."])
        try:
            text = looks.tables_text(step.about, self._asking.schema)
        except looks.LookFailed as error:
            return _failed(step, [str(error)])
        told = prompts.tables_outcome(step.number, text, marker=self._marker)
        return Taken(step, told, told)

    def _conclude(
        self, step: InvestigationStep, claims: tuple[Claim, ...], so_far: Investigation
    ) -> Taken:
        """Take an answer that rests on rows; otherwise say what it lacks.

        Numbers of no row are sent back once. What comes then is taken, with those numbers marked.
        """
        known = so_far.citable
        if not known:
            return _failed(step, ["No query has run yet: an answer needs rows. Run one first."])
        if any(not claim.steps or set(claim.steps) - set(known) for claim in claims):
            steps = ", ".join(map(str, known))
            return _failed(step, [f"Each claim must name steps that gave rows: {steps}."])
        checked = tuple(self._checked(claim, so_far) for claim in claims)
        missing = dict.fromkeys(number for each in checked for number in each.unfounded)
        if missing and not self._has_doubted and step.number < so_far.most:
            self._has_doubted = True
            return _failed(
                step,
                [
                    f"No row of the steps that you named has {', '.join(missing)}. Name the right "
                    "steps, compute it by sql, or answer without it."
                ],
            )
        return Taken(step, claims=checked)

    def _checked(self, claim: Claim, so_far: Investigation) -> Claim:
        """The claim with its numbers that are in no row of the steps it names."""
        steps = [each for each in so_far.steps if each.number in claim.steps]
        rows = [row for each in steps if each.result for row in each.result.rows]
        counts = [str(each.row_count) for each in steps]
        known = [self._asking.question, *counts, *(each.sql or "" for each in steps)]
        return replace(claim, unfounded=unfounded_numbers(claim.text, rows, *known))

    def _is_new(self, same: str) -> bool:
        is_new = same not in self._seen
        self._seen.add(same)
        return is_new


def _failed(
    step: InvestigationStep,
    facts: list[str],
    error: str | None = None,
    milliseconds: float = 0.0,
) -> Taken:
    """A step that came to nothing; `error` is what people read, the facts what the model does."""
    told = prompts.error_outcome(step.number, facts)
    step = replace(step, error=error or " ".join(facts), milliseconds=milliseconds)
    return Taken(step, told, told)


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
