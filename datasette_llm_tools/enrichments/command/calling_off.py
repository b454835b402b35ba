"""Ends a run from the command line.

Whoever has the file may, so only a process that still works on the run is in the way.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ...errors import Conflict
from .. import jobs
from ..database import leases, store
from ..values import Run, RunStatus, Wish

if TYPE_CHECKING:
    from datasette.app import Datasette


async def cancelled(datasette: Datasette, run: Run) -> Run:
    """The run after it was cancelled; still running where somebody works on it, who will obey.

    Raises Conflict where it has ended.
    """
    if not run.status.is_active:
        raise Conflict(f"The run is {run.status.value} already.")
    return await _ended(datasette, run) or await store.wish(datasette, run, Wish.CANCEL)


async def at_rest(datasette: Datasette, run: Run, file: str) -> Run:
    """The run, cancelled if it has not ended, so that it can be undone.

    Raises Conflict where somebody works on it.
    """
    rests = await _ended(datasette, run)
    if rests is None:
        raise Conflict(
            f"Run {run.number} is being worked on: cancel it first, with "
            f"`datasette llm-tools cancel {file} {run.number}`."
        )
    return rests


async def _ended(datasette: Datasette, run: Run) -> Run | None:
    """The run, cancelled unless it has ended; None where somebody works on it."""
    if run.status is RunStatus.RUNNING:
        owner = jobs.owner()
        until = time.time() + leases.LEASE_SECONDS
        database = run.enrichment.database
        ours = await leases.claim(datasette, database, owner, until, run_id=run.id)
        if ours is not None:  # whoever worked on it was killed
            return await store.release(datasette, ours, owner, RunStatus.CANCELLED)
        run = await store.get_run(datasette, database, run.id) or run
    if run.status is RunStatus.RUNNING:
        return None
    return await store.wish(datasette, run, Wish.CANCEL) if run.status.is_active else run
