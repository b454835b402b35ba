"""One reply of a model while it streams, with retries before the first word.

Nothing is retried once text has been shown.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing
from typing import Any

import stamina

from .model_failures import failure, is_passing
from .prompt import Usage

_ATTEMPTS = 3


class Reply:
    """One reply while it streams: iterate it for text, read `usage` afterwards.

    `chain` makes a new llm chain for each attempt. Raises ModelFailed.
    """

    def __init__(self, model_id: str, chain: Callable[[], Any]) -> None:
        self._model_id = model_id
        self._chain = chain
        self._chunks = self._stream()
        self._started = time.perf_counter()
        self.usage = Usage(None, None)
        self.first_ms: float | None = None

    @property
    def milliseconds_so_far(self) -> float:
        """Time since the prompt was sent."""
        return (time.perf_counter() - self._started) * 1000

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        return await anext(self._chunks)

    async def text(self) -> str:
        """The whole reply."""
        return "".join([chunk async for chunk in self])

    async def aclose(self) -> None:
        """Stop the model's work."""
        await self._chunks.aclose()

    async def _stream(self) -> AsyncGenerator[str, None]:
        """Text as it comes. Only the wait for the first piece is retried."""
        try:
            async with AsyncExitStack() as stack:
                async for attempt in stamina.retry_context(
                    on=is_passing, attempts=_ATTEMPTS, wait_initial=0.5, wait_max=8.0
                ):
                    with attempt:
                        chunks = await stack.enter_async_context(aclosing(self._send()))
                        first = await anext(chunks, None)
                self.first_ms = self.milliseconds_so_far
                if first is not None:
                    yield first
                async for chunk in chunks:
                    yield chunk
        except Exception as error:
            raise failure(self._model_id, error) from error

    async def _send(self) -> AsyncGenerator[str, None]:
        """One attempt at sending the prompt."""
        async with aclosing(self._chain().responses()) as responses:
            async for response in responses:
                async with aclosing(response.astream_events()) as events:
                    async for event in events:
                        if event.type == "text" and event.chunk:
                            yield sound(event.chunk)
                self.usage = Usage(response.input_tokens, response.output_tokens)


def sound(text: str) -> str:
    """Text without half surrogate pairs, which could be neither sent nor stored."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
