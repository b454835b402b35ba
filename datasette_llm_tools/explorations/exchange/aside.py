"""What takes a tenth of a second for a large exploration is done off the event loop, two at a time:
whoever asks for many files keeps nobody from reading."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

Done = TypeVar("Done")

_AT_ONCE = 2
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def aside(work: Callable[[], Done]) -> Done:
    """Do the work in a thread when it is its turn."""
    turns = _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_AT_ONCE))
    async with turns:
        return await asyncio.to_thread(work)
