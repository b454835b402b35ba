"""Prompts that belong together, for datasette-llm's accounting plugins.

datasette-llm's own `LLM.group()` rebuilds llm's whole registry and forgets options and actor each
time, so its Group is put around a model that has been looked up already.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import copy
from typing import Any

from datasette.plugins import pm
from datasette_llm import Group


def is_accounted() -> bool:
    """Whether any plugin wants to know of prompts and groups."""
    hook = pm.hook
    return bool(hook.llm_prompt_context.get_hookimpls() or hook.llm_group_exit.get_hookimpls())


class PromptGroup:
    """The prompts of one group, sent through `wrapped`, a model of datasette-llm's."""

    def __init__(self, wrapped: Any) -> None:
        self._group = Group(wrapped.model_id, purpose=wrapped.purpose, actor=wrapped._actor)
        self._wrapped = copy(wrapped)
        self._wrapped._group = self._group
        # An accounting plugin reserves at the first prompt of a group, and would reserve twice
        # for two that begin at the same time: the first one goes alone.
        self._first = asyncio.Lock() if pm.hook.llm_prompt_context.get_hookimpls() else None

    @classmethod
    @asynccontextmanager
    async def opened(cls, wrapped: Any) -> AsyncIterator[PromptGroup]:
        """A group that is settled when the block ends."""
        group = cls(wrapped)
        try:
            yield group
        finally:
            await group._settle()

    async def prompt(self, prompt_text: str, **arguments: Any) -> Any:
        """llm's finished response; raises what llm, the provider or a plugin raises."""
        if self._first is None:
            return await self._send(prompt_text, arguments)
        async with self._first:
            if self._first is not None:
                response = await self._send(prompt_text, arguments)
                self._first = None
                return response
        return await self._send(prompt_text, arguments)

    async def _send(self, prompt_text: str, arguments: dict[str, Any]) -> Any:
        seen = len(self._group._responses)
        messages = arguments["messages"]
        try:
            return await self._wrapped.prompt(prompt_text, **arguments)
        except Exception:
            # A plugin may object once the reply is here and paid for: then it counts.
            for response in self._group._responses[seen:]:
                sent = response.prompt.messages
                if sent and messages and sent[0] is messages[0]:
                    return response
            raise

    async def _settle(self) -> None:
        for result in pm.hook.llm_group_exit(datasette=self._wrapped._datasette, group=self._group):
            if inspect.isawaitable(result):
                await result
