"""What one wish for a widget may cost, and what it has cost: seconds, characters, tokens, money."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING

from ..bounded_replies import bounded
from ..pricing import price_usd
from ..prompt import Prompt, Usage
from .values import Writing

if TYPE_CHECKING:
    from ..model import Model
    from ..settings import Settings

# Not every model takes a limit on its reply, so one that goes on past this many characters for
# each token that it may write is stopped; a token of HTML has about three.
_CHARACTERS_FOR_A_TOKEN = 20


class Spending:
    """One model's work on one wish. Its time runs from the beginning, over all its replies."""

    def __init__(self, model: Model, settings: Settings) -> None:
        self.model = model
        self._started = time.monotonic()
        self._seconds = settings.max_seconds
        self._most_tokens = settings.widget_output_tokens
        self._longest_reply = _CHARACTERS_FOR_A_TOKEN * settings.widget_output_tokens
        self._usage = Usage()
        self._latest = Usage()

    @property
    def was_cut(self) -> bool:
        """Whether the latest reply took all the tokens that a reply may have."""
        return (self._latest.output_tokens or 0) >= self._most_tokens

    def writing(self, prompt: str) -> Writing:
        """What the work has taken so far. `prompt` is what the person typed."""
        info = self.model.info
        return Writing(
            prompt=prompt,
            model_id=info.model_id,
            usage=self._usage,
            usd=0.0 if info.is_local else price_usd(info.model_id, self._usage),
            milliseconds=(time.monotonic() - self._started) * 1000,
        )

    async def ask(self, prompt: Prompt) -> AsyncGenerator[str, None]:
        """A reply as it streams. Whoever closes the generator stops the model.

        Raises LimitReached at the time or the length of a reply, ModelFailed.
        """
        async with self.model.reply(prompt) as reply:
            try:
                async with aclosing(self._within(reply)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            finally:
                # A model that was stopped does not say what it took.
                self._latest = reply.usage
                self._usage += reply.usage

    def _within(self, chunks: AsyncIterator[str]) -> AsyncGenerator[str, None]:
        return bounded(
            chunks,
            self._started + self._seconds,
            self._longest_reply,
            too_late=f"Stopped after {self._seconds} seconds, the limit of a prompt (max_seconds).",
            too_long=f"Stopped the model at {self._longest_reply:,} characters, the limit of a "
            "reply (widget_output_tokens).",
        )
