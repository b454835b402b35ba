"""Connections to a provider that last as long as the model they belong to.

llm's models for OpenAI and compatible servers make a new client for every prompt: 36 ms of
certificates, no connection used twice, and two silent retries inside. Whoever sends a prompt for
every row of a table wants one client, and counts attempts itself.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any


class Connections:
    """Stands in for such a model's `get_client(key)`: makes the asynchronous client once."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make
        self._client: Any = None

    def __call__(self, key: str | None, *, async_: bool = False) -> Any:
        if not async_:
            return self._make(key)
        if self._client is None:
            self._client = self._make(key, async_=True).with_options(max_retries=0)
        return self._client

    async def aclose(self) -> None:
        """Close what is open; the next prompt opens it again."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()


def keep_connections(model: Any) -> tuple[Any, Connections | None]:
    """A copy of llm's model that keeps its connections, or the model itself where it has none."""
    make = getattr(model, "get_client", None)
    if make is None:
        return model, None
    kept = copy(model)
    kept.get_client = connections = Connections(make)
    return kept, connections
