"""Prompts in groups of a few hundred, for plugins that account for money; and what a door is."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Protocol

import anyio

from ...model import Completion, ModelInfo
from ...prompt import Prompt

# Prompts whose money an accounting plugin reserves and settles together.
_PROMPTS_PER_GROUP = 200

if sys.version_info >= (3, 11):
    _within = asyncio.timeout  # half as dear as anyio's
else:

    @asynccontextmanager
    async def _within(seconds: float) -> AsyncIterator[None]:
        with anyio.fail_after(seconds):
            yield


class Door(Protocol):
    """What a run needs of a model; model.Model is one."""

    info: ModelInfo
    model_id: str

    async def complete(self, prompt: Prompt) -> Completion: ...

    def group(self) -> AbstractAsyncContextManager[Door]: ...

    async def aclose(self) -> None: ...


class Groups:
    """Puts prompts into groups of a few hundred, each settled when its last prompt is back."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._group: _Group | None = None
        self._open: set[_Group] = set()
        self._opening = asyncio.Lock()

    async def complete(self, prompt: Prompt, seconds: float) -> Completion:
        """Send within a group; raises TimeoutError after so many seconds."""
        group = self._group
        if group is None or group.given >= _PROMPTS_PER_GROUP:
            group = await self._next()
        group.given += 1
        group.in_flight += 1
        try:
            async with _within(seconds):
                return await group.door.complete(prompt)
        finally:
            group.in_flight -= 1
            if not group.in_flight and group is not self._group:
                await self._close(group)

    async def aclose(self) -> None:
        self._group = None
        for group in list(self._open):
            await self._close(group)

    async def _next(self) -> _Group:
        async with self._opening:
            last = self._group
            if last is not None and last.given < _PROMPTS_PER_GROUP:
                return last
            group = _Group()
            group.door = await group.stack.enter_async_context(self._door.group())
            self._group = group
            self._open.add(group)
        if last is not None and not last.in_flight:
            await self._close(last)
        return group

    async def _close(self, group: _Group) -> None:
        if group in self._open:
            self._open.discard(group)
            await group.stack.aclose()


class _Group:
    door: Door

    def __init__(self) -> None:
        self.stack = AsyncExitStack()
        self.given = 0
        self.in_flight = 0
