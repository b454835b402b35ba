"""A run begins, or goes on: what must hold before a model is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import BadInput, Conflict, NotAllowed
from ..permissions import Actor
from ..questions.store import actor_id
from ..settings import read_settings
from . import run_store, work
from .editions import answered
from .plans import plan_of
from .run_pages import may_resume
from .running import chosen_cases, overridden, with_model
from .values import EvalRun, RunStatus, Suite

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.database import Database

MOST_MODELS = 10


async def start(
    datasette: Datasette,
    actor: Actor,
    kept: Database,
    suite: Suite,
    form: Mapping[str, Any],
    models: Sequence[str],
) -> list[EvalRun]:
    """Start a run for each model, one after the other; without any, for the default one.

    Raises BadInput for what the form says, NoModel, and NotAllowed for visitors.
    """
    if actor_id(actor) is None:
        raise NotAllowed("Sign in to run a suite: its questions are asked as you.")
    if len(models) > MOST_MODELS:
        raise BadInput(f"At most {MOST_MODELS} models are run at once.")
    current = read_settings(datasette)
    plan = plan_of(form, current)
    overridden(current, plan.settings)
    cases = list(chosen_cases(suite, plan))
    if not cases:
        raise BadInput("The suite has no cases; add some first.")
    bench, _ = work.bench_for(datasette, actor, cases, plan)
    plans = [
        (await with_model(bench, replace(plan, model_id=each)))[0]
        for each in dict.fromkeys(models or ("",))
    ]
    runs = []
    for each in plans:
        run = await run_store.begin(
            kept,
            suite.name,
            each,
            len(cases),
            status=RunStatus.WAITING,
            actor_id=actor_id(actor),
        )
        work.begin(datasette, run, actor)
        runs.append(run)
    return runs


async def resume(
    datasette: Datasette, actor: Actor, kept: Database, suite: Suite, run: EvalRun
) -> None:
    """Go on with a run that was stopped. Raises Conflict, NotAllowed, BadInput and NoModel."""
    if run.status is not RunStatus.STOPPED:
        raise Conflict(f"The run is {run.status.value}; only a stopped one can be resumed.")
    if not may_resume(actor, run):
        raise NotAllowed("Only the person who started the run may resume it: it is asked as them.")
    asked = answered(suite.cases, await run_store.results_of(kept, run.id))
    left = work.cases_left(suite, run.plan, asked)
    bench, _ = work.bench_for(datasette, actor, left, run.plan)
    await with_model(bench, run.plan)
    waiting = await run_store.end(kept, run, RunStatus.WAITING)
    work.begin(datasette, waiting, actor)
