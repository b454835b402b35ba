"""The one background task of a server that asks the cases of runs, one run after the other.

At the same time they would measure each other's seconds. Cases are asked as whoever started the
run, whom nobody knows after a restart: it is stopped then, until they resume it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ..errors import BadInput, LlmToolsError
from ..permissions import Actor
from ..questions.agreeing import store as agreement_store
from . import access, run_store, store
from .calibration import threshold
from .copying import with_copies
from .editions import answered
from .running import Bench, chosen_cases, run_cases, with_model
from .values import Case, CaseResult, EvalRun, Plan, RunStatus, Suite

if TYPE_CHECKING:
    from datasette.app import Datasette

SERVER_STOPPED = "The server was stopped."

_logger = logging.getLogger("datasette_llm_tools.evals")


@dataclass(frozen=True)
class Job:
    """A run that waits for its turn or is asked, and whoever started it."""

    run: EvalRun
    actor: Actor


class Runner:
    """Takes runs in the order in which they were started."""

    def __init__(self, datasette: Datasette) -> None:
        self._datasette = datasette
        self._waiting: deque[Job] = deque()
        self._woken = asyncio.Event()
        self._asked: Job | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopped = False
        self._rests = asyncio.Event()
        self._rests.set()

    async def work(self) -> None:
        """Work until cancelled or stopped."""
        try:
            if store.is_there(self._datasette):
                await run_store.stop_all(await store.opened(self._datasette), SERVER_STOPPED)
            while not self._stopped:
                self._woken.clear()
                while self._waiting and not self._stopped:
                    await self._take(self._waiting.popleft())
                if not self._stopped:
                    await self._woken.wait()
        finally:
            await self.stop()

    def add(self, job: Job) -> None:
        """Ask the cases of a run when it is its turn; once, however often it is added."""
        if self._asked is not None and self._asked.run.id == job.run.id:
            return
        if not any(each.run.id == job.run.id for each in self._waiting):
            self._waiting.append(job)
        self._woken.set()

    def status(self, run: EvalRun) -> RunStatus:
        """Where a run stands: what is kept may be of a server that was killed."""
        if self._asked is not None and self._asked.run.id == run.id:
            return RunStatus.RUNNING
        if any(each.run.id == run.id for each in self._waiting):
            return RunStatus.WAITING
        return RunStatus.STOPPED if run.status.is_active else run.status

    async def call_off(self, run: EvalRun) -> None:
        """Stop a run; questions under way are stopped at once, and asked when it is resumed."""
        for job in [each for each in self._waiting if each.run.id == run.id]:
            self._waiting.remove(job)
            await self._end(job, RunStatus.STOPPED, None)
        if self._asked is not None and self._asked.run.id == run.id and self._task is not None:
            self._task.cancel()
            await self._rests.wait()

    async def stop(self) -> None:
        """Take nothing more and stop what is under way."""
        self._stopped = True
        self._woken.set()
        if self._task is not None:
            self._task.cancel()
        while self._waiting:
            await self._end(self._waiting.popleft(), RunStatus.STOPPED, SERVER_STOPPED)
        await self._rests.wait()

    async def _take(self, job: Job) -> None:
        self._rests.clear()
        self._asked = job
        self._task = task = asyncio.create_task(self._ask(job), name=f"llm-tools eval {job.run.id}")
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()  # where it is the whole server that goes
            await asyncio.gather(task, return_exceptions=True)
            await asyncio.shield(self._settle(job, task))

    async def _settle(self, job: Job, task: asyncio.Task[None]) -> None:
        try:
            if task.cancelled():
                await self._end(job, RunStatus.STOPPED, SERVER_STOPPED if self._stopped else None)
                return
            error = task.exception()
            if error is None:
                await self._end(job, RunStatus.DONE, None)
            elif isinstance(error, LlmToolsError):
                await self._end(job, RunStatus.STOPPED, error.message)
            else:
                _logger.error("Run %s broke off.", job.run.id, exc_info=error)
                told = "It broke off by an error that the server's log tells; resume it, or not."
                await self._end(job, RunStatus.STOPPED, told)
        finally:
            self._asked = self._task = None
            self._rests.set()

    async def _end(self, job: Job, status: RunStatus, reason: str | None) -> None:
        kept = await store.opened(self._datasette)
        now = await run_store.get_run(kept, job.run.suite, job.run.id)
        if now is not None:  # its suite may have been deleted meanwhile
            await run_store.end(kept, now, status, reason=reason)

    async def _calibrate(self, job: Job, suite: Suite, plan: Plan) -> None:
        """Keep for each database how many statements must agree for an answer to be believed."""
        kept = await store.opened(self._datasette)
        found = _by_database(suite, await run_store.results_of(kept, job.run.id))
        for database, results in found.items():
            below, name = threshold(results), access.served(self._datasette, database)
            if below is not None and name is not None:
                await agreement_store.calibrate(
                    self._datasette, name, plan.model_id, below, len(results)
                )

    async def _ask(self, job: Job) -> None:
        """Ask what is left of a run. Raises what the model, the suite or a permission is about."""
        kept, suite = await access.require_suite(self._datasette, job.actor, job.run.suite)
        asked = answered(suite.cases, await run_store.results_of(kept, job.run.id))
        rest = cases_left(suite, job.run.plan, asked)
        bench, files = bench_for(self._datasette, job.actor, rest, job.run.plan)
        await run_store.end(kept, job.run, RunStatus.RUNNING, cases=len(asked) + len(rest))
        plan, at_once = await with_model(bench, job.run.plan)
        async with with_copies(bench, files, plan.variants, plan.seed) as whole:
            found = run_cases(whole, suite, plan, rest, concurrency=at_once)
            async with aclosing(found) as results:
                async for result in results:
                    await run_store.save_result(kept, job.run, result)
        await self._calibrate(job, suite, plan)


def _by_database(suite: Suite, results: Iterable[CaseResult]) -> dict[str, list[CaseResult]]:
    """Results by the database that their case is about."""
    databases = {each.id: each.database for each in suite.cases}
    found: dict[str, list[CaseResult]] = {}
    for each in results:
        if each.case_id in databases:
            found.setdefault(databases[each.case_id], []).append(each)
    return found


def cases_left(suite: Suite, plan: Plan, asked: set[str]) -> list[Case]:
    """The cases of a plan that were not asked yet.

    The suite may have changed since: a sample grows no larger by that.
    """
    left = [each for each in chosen_cases(suite, plan) if each.id not in asked]
    return left if plan.sample is None else left[: max(0, plan.sample - len(asked))]


def bench_for(
    datasette: Datasette, actor: Actor, cases: list[Case], plan: Plan
) -> tuple[Bench, dict[str, Path]]:
    """Where the cases are asked, and the files to make changed copies of, if any are wanted.

    Raises BadInput where a database is not served, or has no file to copy.
    """
    absent = access.missing(datasette, cases)
    if absent:
        raise BadInput(
            f"{', '.join(absent)}: not served here. Serve {'it' if len(absent) == 1 else 'them'}, "
            "or take the cases out."
        )
    names = {each.database: access.served(datasette, each.database) or "" for each in cases}
    files: dict[str, Path] = {}
    for name in names.values() if plan.variants else ():
        path = datasette.get_database(name).path
        if path is None:
            raise BadInput(f"{name} is in memory: there is no file to make changed copies of.")
        files[name] = Path(path)
    return Bench(datasette, actor, names), files


_runners: WeakKeyDictionary[Datasette, Runner] = WeakKeyDictionary()


def _runner(datasette: Datasette) -> Runner:
    return _runners.setdefault(datasette, Runner(datasette))


async def run_jobs(datasette: Datasette) -> None:
    """Ask the cases of this server's runs, for ever; for datasette.add_background_task."""
    await _runner(datasette).work()


async def stop(datasette: Datasette) -> None:
    """Stop asking, before the processes and databases that it needs are closed."""
    if datasette in _runners:
        await _runner(datasette).stop()


def begin(datasette: Datasette, run: EvalRun, actor: Actor) -> None:
    """Ask the cases of a kept run, or those that are left, when it is its turn."""
    _runner(datasette).add(Job(run, actor))


async def call_off(datasette: Datasette, run: EvalRun) -> None:
    """Stop a run and wait until it has stopped."""
    await _runner(datasette).call_off(run)


def now(datasette: Datasette, run: EvalRun) -> EvalRun:
    """The run with the status that it really has."""
    return replace(run, status=_runner(datasette).status(run))
