"""A model's reply that is given up when its time or its length is used up.

Not every model takes a limit on its reply, so whoever asks stops listening to it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator

from .errors import LimitReached


async def bounded(
    chunks: AsyncIterator[str], deadline: float, longest: int, *, too_late: str, too_long: str
) -> AsyncGenerator[str, None]:
    """The same chunks until `deadline`, by `time.monotonic()`, or until `longest` characters.

    Raises LimitReached with the sentence of the limit that was met.
    """
    length = 0
    while True:
        left = deadline - time.monotonic()
        try:
            if left <= 0:  # wait_for would still take a piece that is there already
                raise asyncio.TimeoutError
            chunk = await asyncio.wait_for(anext(chunks, None), left)
        except asyncio.TimeoutError:
            raise LimitReached(too_late) from None
        if chunk is None:
            return
        yield chunk[: longest - length]
        length += len(chunk)
        if length >= longest:
            raise LimitReached(too_long)
