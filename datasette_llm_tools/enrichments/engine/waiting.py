"""Coroutines that wait until something has changed, and look again."""

from __future__ import annotations

import asyncio
from collections import deque


class Waiting:
    """First come, first woken. Whoever is woken checks anew whether it may go on."""

    def __init__(self) -> None:
        self._waiters: deque[asyncio.Future[None]] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiters)

    async def wait(self) -> None:
        """Wait for wake()."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except BaseException:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            else:
                self.wake(1)  # woken and cancelled at once: it is the next one's turn
            raise

    def wake(self, most: int | None = None) -> None:
        """Wake so many, or all."""
        left = len(self._waiters) if most is None else most
        while left > 0 and self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                left -= 1
