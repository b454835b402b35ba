"""The command line as a worker on one run.

It takes its run by a lease as servers do: a server on the same file leaves the run alone, and
where a server has it already, the command watches.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from ...command_line import ACTOR
from ...errors import Conflict
from .. import jobs
from ..database import leases, store
from ..values import Run, RunStatus, Wish
from ..work.shifts import Shift
from . import console
from .command_runs import Taken

if TYPE_CHECKING:
    from datasette.app import Datasette

_LOOK_SECONDS = 0.25


class Work:
    """The command's part in a run. The first Ctrl-C pauses it, the second leaves at once."""

    def __init__(self, datasette: Datasette, database: str, taken: Taken) -> None:
        self.signals = 0
        self._datasette = datasette
        self._database = database
        self._run = taken.run
        self._is_ours = taken.is_ours
        self._shown = console.ProgressShown()
        self._shift: Shift | None = None
        self._task: asyncio.Task[None] | None = None
        self._pausing: asyncio.Task[None] | None = None

    async def to_the_end(self) -> Run:
        """Work or watch until the run rests."""
        try:
            while self._run.status in (RunStatus.WAITING, RunStatus.RUNNING):
                if self._is_ours or await self._take():
                    await self._work()
                elif self.signals > 1:
                    break
                else:
                    self._shown.show(self._run, None)
                    await asyncio.sleep(_LOOK_SECONDS)
                await self._look()
            if self._pausing is not None:
                await self._pausing
                await self._look()
        finally:
            self._shown.end()
        return self._run

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Signals pause the run while the block lasts."""
        loop = asyncio.get_running_loop()
        heard = (signal.SIGINT, signal.SIGTERM)
        with suppress(NotImplementedError):  # Windows has only KeyboardInterrupt
            for each in heard:
                loop.add_signal_handler(each, self._stop)
        try:
            yield
        finally:
            with suppress(NotImplementedError):
                for each in heard:
                    loop.remove_signal_handler(each)

    def _stop(self) -> None:
        self.signals += 1
        if self.signals == 1:
            self._pausing = asyncio.ensure_future(self._pause())
        elif self._task is not None:
            self._task.cancel()

    async def _pause(self) -> None:
        click.echo("\nPausing: what is under way may finish. Again to stop at once.", err=True)
        with suppress(Conflict):  # it has ended meanwhile
            await store.wish(self._datasette, self._run, Wish.PAUSE)
        if self._shift is not None:
            self._shift.look()

    async def _take(self) -> bool:
        """Whether the run could be taken: it waits, or whoever had it is dead."""
        until = time.time() + leases.LEASE_SECONDS
        run = await leases.claim(
            self._datasette, self._database, jobs.owner(), until, run_id=self._run.id
        )
        self._run = run or self._run
        return run is not None

    async def _work(self) -> None:
        """Work on the run, which is ours now, and show how far it is."""
        self._is_ours = False
        # Whoever holds the file may do anything with it, whoever started the run.
        run = replace(self._run, actor=ACTOR)
        self._shift = Shift(self._datasette, self._database, run, jobs.owner())
        self._task = asyncio.create_task(self._shift.work())
        while not self._task.done():
            await self._look()
            self._shown.show(self._run, self._shift.note)
            await asyncio.wait({self._task}, timeout=_LOOK_SECONDS)
        if not self._task.cancelled():
            self._task.result()

    async def _look(self) -> None:
        self._run = await store.get_run(self._datasette, self._database, self._run.id) or self._run
