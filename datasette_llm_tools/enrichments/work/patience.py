"""Steps that write to a database which others may have locked for a while."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ...errors import LlmToolsError
from ..database.own_tables import DatabaseLocked

_RETRY_SECONDS = 1.0

_logger = logging.getLogger("datasette_llm_tools.enrichments")
Result = TypeVar("Result")


class Patience:
    """Takes a run's steps again and again. `note` says what is waited for, None if nothing."""

    def __init__(self, run_id: str) -> None:
        self.note: str | None = None
        self._run_id = run_id

    async def take(self, step: Callable[[], Awaitable[Result]]) -> Result:
        """What a step that writes comes to, once the database is not locked."""
        while True:
            try:
                done = await uninterrupted(step())
            except DatabaseLocked as error:
                await self.wait(error)
            else:
                self.note = None
                return done

    async def wait(self, error: LlmToolsError) -> None:
        """Let a moment pass after an error that others may mend, and say it once in the log."""
        if self.note != error.message:
            _logger.warning("Run %s waits: %s", self._run_id, error.message)
        self.note = error.message
        await asyncio.sleep(_RETRY_SECONDS)


async def uninterrupted(step: Awaitable[Result]) -> Result:
    """Await a step that must not be left half-way: a cancellation comes after its end."""
    task = asyncio.ensure_future(step)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
