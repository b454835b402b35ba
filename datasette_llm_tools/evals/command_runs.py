"""What the command does: opens databases, runs each plan, keeps results as they come."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..command_line import ACTOR, is_database, opened_files
from ..errors import BadInput, NotFound, RunPaused
from ..kept_databases import settle
from ..settings import Settings
from . import run_store, store
from .copying import ROOMY, with_copies
from .editions import answered
from .reports import percent
from .running import Bench, chosen_cases, overridden, run_cases, with_model
from .suites import JSONL_FILES, YAML_FILES, databases_of, read_suite
from .summaries import Reported, summary
from .values import Case, CaseResult, EvalRun, Plan, RunStatus, Suite

if TYPE_CHECKING:
    from datasette.database import Database

STOPPED = "Stopped."
_LINE_SECONDS = 30.0  # between lines of progress where there is no terminal


@dataclass(frozen=True)
class Wanted:
    """What the command was asked to do. `settings` are the changed ones."""

    suite: str
    models: tuple[str, ...] = ()
    sample: int | None = None
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    variants: int = 0
    save: Path | None = None
    resume: bool = False
    concurrency: int | None = None


@dataclass(frozen=True)
class Ran:
    """The cases, what came of them in each run, and why it ended early, if it did."""

    suite: Suite
    cases: tuple[Case, ...]
    runs: tuple[Reported, ...]
    stopped: str | None = None


async def evaluated(wanted: Wanted) -> Ran:
    """Run what is wanted, one model after the other. Results are kept as they come.

    Raises BadInput, NotFound and NoModel.
    """
    overridden(Settings(), wanted.settings)  # what is wrong there is told before anything else
    if wanted.resume and wanted.save is None:
        raise BadInput("--resume goes on with a run that is kept: name its file with --save.")
    suite = await _suite(wanted)
    plan = Plan("", dict(wanted.settings), wanted.sample, wanted.seed, wanted.variants)
    cases = chosen_cases(suite, plan)
    async with AsyncExitStack() as stack:
        if wanted.save is not None:
            stack.callback(settle, wanted.save)
        bench = await stack.enter_async_context(_bench(cases, plan, wanted.save))
        kept = None
        if wanted.save is not None:
            kept = await store.opened_file(bench.datasette, wanted.save)
            await store.save_suite(kept, suite)
        # Every model is looked up before the first is asked.
        plans = [
            await with_model(bench, replace(plan, model_id=each))
            for each in dict.fromkeys(wanted.models or ("",))
        ]
        runs: list[Reported] = []
        stopped = None
        for each, at_once in plans:
            work = Work(bench, suite, each, cases, kept, wanted.concurrency or at_once)
            runs.append(await work.reported(each.model_id, resume=wanted.resume))
            stopped = work.stopped
            if stopped:
                break
    return Ran(suite, cases, tuple(runs), stopped)


class Work:
    """One plan on its way. Ctrl-C ends it; `stopped` says why it ended early."""

    def __init__(
        self,
        bench: Bench,
        suite: Suite,
        plan: Plan,
        cases: Sequence[Case],
        kept: Database | None,
        concurrency: int,
    ) -> None:
        self.stopped: str | None = None
        self._bench, self._suite, self._plan = bench, suite, plan
        self._cases, self._kept, self._concurrency = cases, kept, concurrency
        self._results: dict[str, CaseResult] = {}

    async def reported(self, name: str, *, resume: bool) -> Reported:
        """Run the plan, or go on with it, to its end or until it is stopped."""
        run = await self._begun(resume)
        shown = _Progress(name, len(self._cases))
        task = asyncio.create_task(self._ask(run, shown))
        try:
            with _interrupted(lambda: self._stop(task)):
                await task
        except asyncio.CancelledError:
            if self.stopped is None:
                raise
        except RunPaused as error:
            self.stopped = error.message
        finally:
            shown.end()
            is_done = len(self._results) == len(self._cases)
            run = replace(run, status=RunStatus.DONE if is_done else RunStatus.STOPPED)
            if self._kept is not None:
                run = await run_store.end(self._kept, run, run.status)
        return Reported(name, run, tuple(self._results.values()))

    def _stop(self, task: asyncio.Task[None]) -> None:
        self.stopped = STOPPED
        task.cancel()

    async def _begun(self, resume: bool) -> EvalRun:
        """A new run, or the one to go on with, whose results are taken over."""
        if self._kept is None:
            return run_store.new_run(self._suite.name, self._plan, len(self._cases))
        run = await run_store.latest(self._kept, self._suite.name, self._plan) if resume else None
        if run is None:
            return await run_store.begin(self._kept, self._suite.name, self._plan, len(self._cases))
        found = await run_store.results_of(self._kept, run.id)
        asked = answered(self._cases, found) & {each.id for each in self._cases}
        for result in found:
            if result.case_id in asked:
                self._results[result.case_id] = result
        return await run_store.end(self._kept, run, RunStatus.RUNNING)

    async def _ask(self, run: EvalRun, shown: _Progress) -> None:
        rest = [each for each in self._cases if each.id not in self._results]
        asked = run_cases(self._bench, self._suite, self._plan, rest, concurrency=self._concurrency)
        shown.show(self._results)
        async with aclosing(asked) as results:
            async for result in results:
                if self._kept is not None:
                    await run_store.save_result(self._kept, run, result)
                self._results[result.case_id] = result
                shown.show(self._results)


class _Progress:
    """How far a run is, on standard error: one line that changes, or lines where it cannot."""

    def __init__(self, name: str, cases: int) -> None:
        self._name, self._cases = name, cases
        self._on_terminal = sys.stderr.isatty()
        self._tenth = -1
        self._said_at = time.monotonic()

    def show(self, results: Mapping[str, CaseResult]) -> None:
        told = summary(list(results.values()))
        text = f"{self._name}: {len(results):,} of {self._cases:,}"
        if told.right.of:
            text += f", {percent(told.right)} right, {told.median_seconds:.1f} s at the median"
        tenth = 10 * len(results) // max(1, self._cases)
        if self._on_terminal:
            click.echo(f"\r\x1b[K{text}", nl=False, err=True)
        elif tenth > self._tenth or time.monotonic() - self._said_at > _LINE_SECONDS:
            self._tenth, self._said_at = tenth, time.monotonic()
            click.echo(text, err=True)

    def end(self) -> None:
        """Leave the line, so that what follows has its own."""
        if self._on_terminal:
            click.echo("\r\x1b[K", nl=False, err=True)


@contextmanager
def _interrupted(stop: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C and an end of the process call `stop` while the block lasts."""
    loop = asyncio.get_running_loop()
    heard = (signal.SIGINT, signal.SIGTERM)
    # Windows has only KeyboardInterrupt, and only the main thread hears signals.
    with suppress(NotImplementedError, ValueError, RuntimeError):
        for each in heard:
            loop.add_signal_handler(each, stop)
    try:
        yield
    finally:
        with suppress(NotImplementedError, ValueError, RuntimeError):
            for each in heard:
                loop.remove_signal_handler(each)


async def _suite(wanted: Wanted) -> Suite:
    """The suite of a file, or one that is kept under that name."""
    path = Path(wanted.suite)
    if path.suffix.lower() in YAML_FILES | JSONL_FILES:
        return await asyncio.to_thread(read_suite, path)
    if wanted.save is None or not await asyncio.to_thread(wanted.save.is_file):
        raise BadInput(
            f"{wanted.suite} is no file named .yaml, .yml or .jsonl; for a suite that is kept, "
            "name the file that keeps it with --save."
        )
    async with opened_files([wanted.save], ROOMY) as (datasette, _):
        return await store.suite_of(await store.opened_file(datasette, wanted.save), wanted.suite)


@asynccontextmanager
async def _bench(cases: Sequence[Case], plan: Plan, save: Path | None) -> AsyncIterator[Bench]:
    """A Datasette on the databases of the cases and on their changed copies."""
    files = {each: Path(each) for each in databases_of(cases)}
    for case in cases:
        _require_database(files[case.database], case, save)
    async with opened_files(list(files.values()), ROOMY) as (datasette, names):
        bench = Bench(datasette, ACTOR, dict(zip(files, names, strict=True)))
        by_name = dict(zip(names, files.values(), strict=True))
        async with with_copies(bench, by_name, plan.variants, plan.seed) as whole:
            yield whole


def _require_database(path: Path, case: Case, save: Path | None) -> None:
    if not path.is_file():
        raise NotFound(f"There is no file {path}, whose data the case {case.id} asks about.")
    if not is_database(path):
        raise BadInput(f"{path} is not a SQLite database; the case {case.id} asks about it.")
    if save is not None and save.exists() and save.samefile(path):
        raise BadInput(f"{path} is asked about and only read: name another file with --save.")
