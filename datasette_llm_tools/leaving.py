"""Work that ends when its client goes away: streams of events, and answers that take a while.

Nothing in Datasette or below it cancels a view whose client has left; only
waiting for ASGI's `http.disconnect` beside the work tells.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import ClientLeft

if TYPE_CHECKING:
    from datasette.utils.asgi import Request

Done = TypeVar("Done")
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

_PING_SECONDS = 15.0


class EventStream:
    """A response of server-sent events. When the client leaves, the work is cancelled."""

    def __init__(
        self, request: Request, events: AsyncGenerator[tuple[str, Mapping[str, Any]], None]
    ) -> None:
        self._receive = request.receive
        self._events = events

    async def asgi_send(self, send: Send) -> None:
        """Send the events as they come; called by Datasette."""
        headers = {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "private, no-store",
            "x-accel-buffering": "no",
            "x-content-type-options": "nosniff",
        }
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": encoded})
        tasks = [
            asyncio.create_task(self._write(send)),
            asyncio.create_task(self._ping(send)),
            asyncio.create_task(_gone(self._receive)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await send({"type": "http.response.body", "body": b""})
        if tasks[0].done() and not tasks[0].cancelled():
            tasks[0].result()

    async def _write(self, send: Send) -> None:
        async with aclosing(self._events) as events:
            async for name, data in events:
                text = json.dumps(data, ensure_ascii=False, default=str)
                body = f"event: {name}\ndata: {text}\n\n".encode()
                await send({"type": "http.response.body", "body": body, "more_body": True})

    async def _ping(self, send: Send) -> None:
        while True:
            await asyncio.sleep(_PING_SECONDS)
            await send({"type": "http.response.body", "body": b": ping\n\n", "more_body": True})


async def unless_left(request: Request, work: Coroutine[Any, Any, Done]) -> Done:
    """Await `work`; when the client goes away, cancel it and wait until it has cleaned up.

    Raises ClientLeft then, which nobody is there to read. The body must have been read.
    """
    task = asyncio.ensure_future(work)
    left = asyncio.ensure_future(_gone(request.receive))
    try:
        await asyncio.wait({task, left}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientLeft("The client went away; the work was stopped.")
        return task.result()
    finally:
        left.cancel()
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _gone(receive: Callable[[], Awaitable[Mapping[str, Any]]]) -> None:
    """Return when the client goes away. Its body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass
