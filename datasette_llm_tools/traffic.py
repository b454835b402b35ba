"""Requests in flight, so that work in the background can give way to pages.

A run that goes flat out shares one event loop and Python's lock with every page. It stops
between rows while a page is being made, but only for so long, and takes a turn then: a server
that is never quiet slows it down and does not starve it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import anyio

if TYPE_CHECKING:
    from datasette.app import Datasette

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Message, Receive, Send], Awaitable[None]]

# A request that takes longer waits for a model or for its own SQL, not for us.
_PAGE_SECONDS = 0.25
# Between two pages of one reader there is no pause worth working in.
_LINGER_SECONDS = 0.002
_LONGEST_WAIT_SECONDS = 0.3
_TURN_SECONDS = 0.05


class Traffic:
    """The requests of one Datasette that are being answered right now."""

    def __init__(self) -> None:
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._flying = 0
        self._turn_until = 0.0

    @property
    def in_flight(self) -> int:
        """Requests that others give way to: no event streams, none that takes long anyway."""
        return self._flying

    def enter(self) -> Callable[[], None]:
        """Count a request; call what this returns when it is answered, once or more often."""
        if not self._flying:
            self._quiet = asyncio.Event()
        self._flying += 1
        counted = True

        def leave() -> None:
            nonlocal counted
            if counted:
                counted = False
                overdue.cancel()
                self._flying -= 1
                if not self._flying:
                    self._quiet.set()

        overdue = asyncio.get_running_loop().call_later(_PAGE_SECONDS, leave)
        return leave

    async def give_way(self) -> None:
        """Wait while a page is being made, but not for ever; costs nothing when none is."""
        if not self._flying or time.monotonic() < self._turn_until:
            return
        with anyio.move_on_after(_LONGEST_WAIT_SECONDS) as scope:
            while self._flying:
                await self._quiet.wait()
                await asyncio.sleep(_LINGER_SECONDS)
        if scope.cancelled_caught:
            self._turn_until = time.monotonic() + _TURN_SECONDS


_traffic: WeakKeyDictionary[Datasette, Traffic] = WeakKeyDictionary()


def traffic(datasette: Datasette) -> Traffic:
    """The traffic of a Datasette."""
    if datasette not in _traffic:
        _traffic[datasette] = Traffic()
    return _traffic[datasette]


def counting(datasette: Datasette) -> Callable[[Asgi], Asgi]:
    """What Datasette's hook asgi_wrapper wants: an application that counts its requests."""
    counted = traffic(datasette)

    def wrap(app: Asgi) -> Asgi:
        async def wrapped(scope: Message, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            leave = counted.enter()

            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start" and _is_event_stream(message):
                    leave()
                await send(message)

            try:
                await app(scope, receive, sending)
            finally:
                leave()

        return wrapped

    return wrap


def _is_event_stream(start: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in start.get("headers") or ()
    )
