"""The local model as llm sees it: sync and async, with the same options."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import llm
from pydantic import Field

from . import files
from .completions import Finished
from .engine import COMPANIONS, Engine, engine_for
from .errors import LocalModelError


class LocalOptions(llm.Options):
    """Options of the local model."""

    max_tokens: int = Field(
        default=1024, ge=1, description="Most tokens of a reply; a small model may not end."
    )
    temperature: float = Field(
        default=0, ge=0, le=2, description="0 always takes the likeliest token, more varies."
    )
    top_p: float | None = Field(
        default=None, gt=0, le=1, description="Only tokens within this share of probability."
    )
    seed: int | None = Field(
        default=None, ge=0, description="With a temperature: the same seed, the same reply."
    )
    grammar: str | None = Field(
        default=None, description="A GBNF grammar that the reply must follow."
    )
    stop: str | None = Field(default=None, description="The reply ends before this text.")
    n: int | None = Field(
        default=None,
        ge=1,
        le=1 + COMPANIONS,
        description="How many replies: with more than 1, each is a line, a JSON string.",
    )


class _Local:
    """What the sync and the async model have in common."""

    needs_key = None
    can_stream = True
    supports_schema = True
    is_local = True
    # A prompt that begins like an earlier one pays only for the rest: other code may evaluate a
    # shared beginning ahead of time, by a prompt with max_tokens=1.
    keeps_prefix = True

    def __init__(self, model_id: str, path: Path, known: files.ModelFile | None = None) -> None:
        self.model_id = model_id
        self.path = path
        self._known = known

    @property
    def engine(self) -> Engine:
        """The process's engine for this file; raises LocalModelError for wrong settings."""
        return engine_for(self.path, self._check)

    @property
    def is_loaded(self) -> bool:
        """Whether a prompt would be answered at once, without loading the model first."""
        return self.engine.is_loaded

    def _check(self) -> None:
        if self._known is not None and files.verify(self._known) is files.Status.WRONG:
            raise LocalModelError(
                f"{self.path} is not the model {self.model_id}: run `datasette llm-tools "
                "local-model remove`, then install it again."
            )
        if not self.path.is_file():
            raise LocalModelError(
                f"There is no model file {self.path}: install the model again or correct the path."
            )


class LocalModel(_Local, llm.Model):
    """A GGUF file through llama.cpp, for llm's synchronous calls."""

    Options = LocalOptions

    def execute(
        self,
        prompt: llm.Prompt,
        stream: bool,
        response: llm.Response,
        conversation: llm.Conversation | None,
    ) -> Iterator[str]:
        """Yield the reply in pieces; closing the iterator stops the work."""
        chat = self.engine.chat(request_body(prompt))
        try:
            for piece in chat:
                if isinstance(piece, Finished):
                    _note(response, piece)
                else:
                    yield piece
        finally:
            chat.close()


class AsyncLocalModel(_Local, llm.AsyncModel):
    """The same for llm's asynchronous calls; never blocks the event loop."""

    Options = LocalOptions

    async def execute(
        self,
        prompt: llm.Prompt,
        stream: bool,
        response: llm.AsyncResponse,
        conversation: llm.AsyncConversation | None,
    ) -> AsyncGenerator[str, None]:
        """Yield the reply in pieces; aclose() or cancelling the task stops the work."""
        async with aclosing(self.engine.achat(request_body(prompt))) as chat:
            async for piece in chat:
                if isinstance(piece, Finished):
                    _note(response, piece)
                else:
                    yield piece


def request_body(prompt: llm.Prompt) -> dict[str, Any]:
    """A prompt as a chat completion request; raises LocalModelError for what cannot be sent."""
    options: dict[str, Any] = prompt.options.model_dump(exclude_none=True)
    messages = [
        {"role": message.role, "content": "".join(_text(part) for part in message.parts)}
        for message in prompt.messages
    ]
    if not messages:
        raise LocalModelError("The prompt is empty.")
    body = {"messages": messages, **options}
    if prompt.schema:
        if "grammar" in options:
            raise LocalModelError("Give either a schema or a grammar, not both.")
        schema = {"name": "reply", "strict": True, "schema": prompt.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body


def _text(part: Any) -> str:
    if not isinstance(getattr(part, "text", None), str):
        raise LocalModelError("The local model reads text only: no attachments, no tools.")
    return str(part.text)


def _note(response: Any, finished: Finished) -> None:
    response.set_usage(
        input=finished.input, output=finished.output, details={"cached": finished.cached}
    )
    response.response_json = {"finish_reason": finished.reason}
