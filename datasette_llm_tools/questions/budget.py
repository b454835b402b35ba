"""What one question may cost: model calls, statements, tokens, characters and seconds."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..bounded_replies import bounded
from ..errors import LimitReached
from ..prompt import Usage
from ..schema_text import estimate_tokens

if TYPE_CHECKING:
    from ..prompt import Prompt
    from ..settings import Settings

# Not every model takes a limit on its reply, so one that goes on past this many
# characters for each token that it may write is stopped; a token has about four.
_CHARACTERS_FOR_A_TOKEN = 40


class Budget:
    """The limits of one question and what has been used; its time runs from the beginning.

    Every method raises LimitReached with the limit that was met.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.started = time.monotonic()
        self._deadline = self.started + settings.max_seconds
        self._longest_reply = _CHARACTERS_FOR_A_TOKEN * settings.max_output_tokens
        self._calls = 0
        self._runs = 0
        self._tokens = 0

    def count_run(self) -> None:
        """One more statement."""
        self._runs += 1
        if self._runs > self._settings.max_sql_runs:
            raise LimitReached(f"Stopped after {self._settings.max_sql_runs} statements.")

    def count_call(self, prompt: Prompt) -> None:
        """One more model call, before it is made."""
        self._calls += 1
        if self._calls > self._settings.max_model_calls:
            raise LimitReached(f"Stopped after {self._settings.max_model_calls} model calls.")
        most = self._settings.max_tokens
        if self._tokens + _tokens_of(prompt) > most:
            raise LimitReached(f"Stopped at {most} tokens, the limit of a question.")

    def count_tokens(self, prompt: Prompt, reply: str, usage: Usage) -> None:
        """What a call used, estimated where the model does not say."""
        told = (usage.input_tokens or 0) + (usage.output_tokens or 0)
        self._tokens += told or _tokens_of(prompt) + estimate_tokens(reply)

    def left(self, settings: Settings) -> Settings:
        """The settings of a question that is a part of this one: no more than is left here."""
        seconds = max(1, int(self._deadline - time.monotonic()))
        tokens = max(1, self._settings.max_tokens - self._tokens)
        return replace(
            settings,
            max_seconds=min(settings.max_seconds, seconds),
            max_tokens=min(settings.max_tokens, tokens),
        )

    def add(self, part: Budget) -> None:
        """Count what a part used."""
        self._tokens += part._tokens

    def within(self, chunks: AsyncIterator[str]) -> AsyncGenerator[str, None]:
        """The same chunks, until the question's time or a reply's length is used up."""
        return bounded(
            chunks,
            self._deadline,
            self._longest_reply,
            too_late=f"Stopped after {self._settings.max_seconds} seconds, a question's limit.",
            too_long=f"Stopped a reply at {self._longest_reply:,} characters.",
        )


def cut_off(prompt: Prompt, reply: str, told: Usage) -> Usage:
    """About what a reply took that was cut off, where the model did not come to say it."""
    if told.input_tokens is not None:
        return told
    return Usage(_tokens_of(prompt), estimate_tokens(reply))


def _tokens_of(prompt: Prompt) -> int:
    return sum(estimate_tokens(each["text"]) for each in prompt.messages())
