"""The one background task of a server that works on runs, by leases in the databases themselves.

It polls: a run may be started by another server process or by the command line, which cannot
wake it. `wake` only spares the wait.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ...errors import LlmToolsError
from ...settings import read_settings
from .. import jobs
from ..database import leases
from ..values import Run
from .shifts import Shift

if TYPE_CHECKING:
    from datasette.app import Datasette

_POLL_SECONDS = 2.0

_logger = logging.getLogger("datasette_llm_tools.enrichments")


class Worker:
    """Takes runs that wait, or whose worker died, and works on several at once."""

    def __init__(self, datasette: Datasette) -> None:
        self._datasette = datasette
        self._owner = jobs.owner()
        self._woken = asyncio.Event()
        self._shifts: dict[asyncio.Task[None], Shift] = {}
        self._stopped = False
        self._taking = asyncio.Lock()

    async def work(self) -> None:
        """Work until cancelled or stopped."""
        try:
            while not self._stopped:
                self._woken.clear()
                async with self._taking:
                    await self._take()
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), _POLL_SECONDS)
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Take nothing more; what is under way writes what is settled and gives its lease back."""
        self._stopped = True
        self.wake()
        async with self._taking:  # what is being taken is stopped too
            for shift in self._shifts.values():
                shift.stop()
        if self._shifts:
            await asyncio.gather(*self._shifts, return_exceptions=True)

    def wake(self) -> None:
        """Look at once for runs to take and for changed wishes."""
        self._woken.set()
        for shift in self._shifts.values():
            shift.look()

    def note(self, run_id: str) -> str | None:
        """What a run waits for, where it is worked on here."""
        notes = (shift.note for shift in self._shifts.values() if shift.run.id == run_id)
        return next(notes, None)

    async def _take(self) -> None:
        """Take runs while there are any and there is room."""
        most = max(1, read_settings(self._datasette).enrich_runs_at_once)
        for name, database in list(self._datasette.databases.items()):
            if not database.is_mutable or database.is_memory:
                continue
            while len(self._shifts) < most and not self._stopped:
                run = await self._claimed(name)
                if run is None:
                    break
                self._begin(name, run)

    async def _claimed(self, database: str) -> Run | None:
        try:
            return await leases.claim(
                self._datasette,
                database,
                self._owner,
                time.time() + leases.LEASE_SECONDS,
                takes=self._takes,
            )
        except LlmToolsError as error:
            _logger.info("No run was taken from %s: %s", database, error.message)
        except Exception:
            _logger.exception("No run was taken from %s.", database)
        return None

    def _takes(self, run: Run) -> bool:
        """A run of the command line goes on there; here only where there is a root."""
        return bool(self._datasette.root_enabled) or not run.is_of_command_line

    def _begin(self, database: str, run: Run) -> None:
        shift = Shift(self._datasette, database, run, self._owner)
        task = asyncio.create_task(shift.work(), name=f"llm-tools run {run.id}")
        self._shifts[task] = shift
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        shift = self._shifts.pop(task)
        self._woken.set()
        if not task.cancelled() and task.exception() is not None:
            _logger.error("Run %s was dropped.", shift.run.id, exc_info=task.exception())


_workers: WeakKeyDictionary[Datasette, Worker] = WeakKeyDictionary()


async def run_jobs(datasette: Datasette) -> None:
    """Work on the runs of this server's databases, for ever; for datasette.add_background_task."""
    worker = _workers[datasette] = Worker(datasette)
    await worker.work()


async def stop(datasette: Datasette) -> None:
    """Stop working, before the processes and databases that it needs are closed."""
    worker = _workers.pop(datasette, None)
    if worker is not None:
        await worker.stop()


def wake(datasette: Datasette) -> None:
    """A run was started, or its owner wishes something else: see to it now."""
    worker = _workers.get(datasette)
    if worker is not None:
        worker.wake()


def note(datasette: Datasette, run_id: str) -> str | None:
    """What a run waits for right now in this process, such as a locked database; or None."""
    worker = _workers.get(datasette)
    return worker.note(run_id) if worker is not None else None


async def work_on(datasette: Datasette, database: str, run: Run, owner: str) -> None:
    """Work on one run, whose lease `owner` has, to its end; cancelling gives the lease back."""
    await Shift(datasette, database, run, owner).work()
