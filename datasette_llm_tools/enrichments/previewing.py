"""A preview: a few sampled rows are asked about for real, and nothing is written.

Knows neither requests nor templates; pages and the command line show what it finds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ..errors import LimitReached, LlmToolsError, ModelFailed, RunPaused
from ..model import Model, ModelInfo
from ..model_choice import choose_model
from ..prompt import Prompt, Usage
from ..settings import Settings, read_settings
from . import jobs
from .attaching import attachments
from .database import rows
from .database.tables import TargetTable
from .engine.asking import Asking
from .engine.concurrency import at_once
from .engine.preparing import promptings_for
from .fences import new_marker
from .prompts import Prompting
from .row_templates import RowTemplate
from .values import (
    Counts,
    Outcome,
    OutcomeStatus,
    Row,
    RunLimits,
    Selection,
    Specification,
)

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ..permissions import Actor

PURPOSE = "enrichments"
_ATTEMPTS = 2  # somebody is waiting
_MOST_AT_ONCE = 20
_MOST_OF_A_PERSON = 2
_under_way: WeakKeyDictionary[Any, Counter[str | None]] = WeakKeyDictionary()


@dataclass(frozen=True)
class PreviewedRow:
    """A sampled row with what was sent and what came of it.

    `prompt` is None where it could not be built, `outcome` None where the preview
    ended before it was asked about.
    """

    row: Row
    prompt: Prompt | None
    outcome: Outcome | None


@dataclass(frozen=True)
class Preview:
    """What a preview found. `total` is how many rows the selection has.

    `estimate` is of the whole run within its limits, with `at_once` prompts in flight;
    None where no reply came.
    `stopped` says why the model could not go on.
    """

    rows: tuple[PreviewedRow, ...]
    total: int
    counts: Counts
    estimate: jobs.Estimate | None
    at_once: int
    stopped: str | None
    model: ModelInfo
    fallback: ModelInfo | None


@asynccontextmanager
async def opened_models(
    datasette: Datasette, actor: Actor, database: str, specification: Specification
) -> AsyncIterator[tuple[Model, ...]]:
    """The models of a specification, the fallback last. Raises NoModel."""
    async with AsyncExitStack() as stack:
        opened = []
        for name in (specification.model_id, specification.fallback_model_id):
            if name is not None:
                model = await choose_model(datasette, actor, PURPOSE, name, database)
                stack.push_async_callback(model.aclose)
                opened.append(model)
        yield tuple(opened)


def needed_columns(specification: Specification, target: TargetTable) -> tuple[str, ...]:
    """Columns that a row is read with. Raises BadInput for a template that cannot be used."""
    template = RowTemplate(specification.template, target.columns)
    return tuple(dict.fromkeys([*template.columns, *attachments.url_columns(specification)]))


async def preview(
    datasette: Datasette,
    actor: Actor,
    database: str,
    target: TargetTable,
    specification: Specification,
    selection: Selection,
    limits: RunLimits,
    *,
    count: int,
    seed: int,
) -> Preview:
    """Ask about `count` sampled rows; the same seed gives the same rows.

    Raises BadInput for a template that cannot be used, NoModel, LimitReached, and what reading
    rows raises.
    """
    columns = needed_columns(specification, target)
    with _counted(datasette, actor):
        total = await rows.count(datasette, actor, database, target, selection)
        sampled = await rows.sample(
            datasette, actor, database, target, selection, columns, count, seed
        )
        async with opened_models(datasette, actor, database, specification) as doors:
            infos = [door.info for door in doors]
            prompting = _prompting(specification, target, infos[0])
            await _warm(doors[0], promptings_for(specification, target.columns, infos)[0], sampled)
            settings = read_settings(datasette, database)
            asking = Asking(
                specification,
                _limits_of_preview(limits, settings),
                target.columns,
                doors,
                load=attachments.loader(
                    datasette, database, target, specification, settings, infos
                ),
            )
            outcomes, stopped = await _ask(asking, sampled)
    counts = counts_of(tuple(outcomes.values()))
    together = at_once(
        limits.concurrency,
        is_local=infos[0].is_local,
        with_files=bool(specification.attachments),
    )
    wanted = total if limits.rows is None else min(total, limits.rows)
    return Preview(
        rows=tuple(
            PreviewedRow(row, _prompt(prompting, row), outcomes.get(row.key)) for row in sampled
        ),
        total=total,
        counts=counts,
        estimate=_estimate(counts, wanted, together),
        at_once=together,
        stopped=stopped,
        model=infos[0],
        fallback=infos[1] if len(infos) > 1 else None,
    )


@contextmanager
def _counted(datasette: Datasette, actor: Actor) -> Iterator[None]:
    """One more preview while the block lasts. Raises LimitReached: they have no limit of money."""
    known = (actor or {}).get("id")
    who = None if known is None else str(known)
    counts = _under_way.setdefault(datasette, Counter())
    if counts.total() >= _MOST_AT_ONCE or counts[who] >= _MOST_OF_A_PERSON:
        raise LimitReached("There are too many previews under way; look again in a moment.")
    counts[who] += 1
    try:
        yield
    finally:
        counts[who] -= 1


def counts_of(outcomes: Sequence[Outcome]) -> Counts:
    """Outcomes added up. `seconds` is the model's time, as if the rows went one after another."""
    usage = sum((each.usage for each in outcomes), Usage())
    priced = [each.usd for each in outcomes if each.usd is not None]
    asked = [each for each in outcomes if each.attempts]

    def having(status: OutcomeStatus) -> int:
        return sum(each.status is status for each in outcomes)

    return Counts(
        total=len(outcomes),
        done=having(OutcomeStatus.DONE),
        failed=having(OutcomeStatus.FAILED),
        skipped=having(OutcomeStatus.SKIPPED),
        cached=sum(each.cached for each in outcomes),
        unpriced=sum(each.usd is None for each in asked),
        input_tokens=usage.input_tokens or 0,
        output_tokens=usage.output_tokens or 0,
        usd=sum(priced) if priced else None,
        seconds=sum(each.milliseconds for each in outcomes) / 1000,
    )


def _estimate(counts: Counts, wanted: int, together: int) -> jobs.Estimate | None:
    if not counts.done + counts.failed:
        return None
    estimate = jobs.estimate(counts, wanted)
    return replace(
        estimate,
        seconds_low=estimate.seconds_low / together,
        seconds_high=estimate.seconds_high / together,
    )


async def _warm(door: Model, prompting: Prompting, sampled: Sequence[Row]) -> None:
    """Have a local model loaded, and what all rows' prompts share read, before time is taken."""
    if not door.info.is_local:
        return
    prompt = next(filter(None, (_prompt(prompting, row) for row in sampled)), None)
    # What is wrong with the model is told by the rows themselves.
    with suppress(ModelFailed):
        if prompt is not None:
            await door.complete(replace(prompt, max_tokens=1))


def _limits_of_preview(limits: RunLimits, settings: Settings) -> RunLimits:
    return replace(
        limits,
        usd=None,
        rows=None,
        rows_per_second=None,
        failures_in_a_row=10**6,
        attempts=min(limits.attempts, _ATTEMPTS),
        seconds_per_row=float(settings.enrich_row_seconds),
    )


async def _ask(asking: Asking, sampled: Sequence[Row]) -> tuple[dict[object, Outcome], str | None]:
    """Outcomes by key, and why there are no more."""

    async def page() -> AsyncIterator[Sequence[Row]]:
        yield sampled

    found: dict[object, Outcome] = {}
    try:
        async with aclosing(asking.outcomes(page())) as batches:
            async for batch in batches:
                found.update((each.key, each) for each in batch)
    except RunPaused as error:
        return found, error.message
    return found, None


def _prompting(specification: Specification, target: TargetTable, info: ModelInfo) -> Prompting:
    return Prompting(
        specification,
        target.columns,
        supports_schema=info.supports_schema,
        supports_grammar=info.supports_grammar,
        marker=new_marker(),
    )


def _prompt(prompting: Prompting, row: Row) -> Prompt | None:
    """What is sent for a row, to be read; the mark around the row differs from the real one."""
    try:
        return prompting.prompt(row.values)
    except LlmToolsError:
        return None  # the outcome says why
