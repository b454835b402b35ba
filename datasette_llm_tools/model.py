"""The only door to a model: a Prompt in, text and Usage out, streamed or whole.

Which models there are, who may use them and with which key is datasette-llm's
business (model_choice.py); this module adds errors that say what to do.
A streamed reply is retried before its first word; a whole one never, since whoever
asks for many of them counts attempts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llm

from .model_connections import keep_connections
from .model_failures import failure
from .model_groups import PromptGroup, is_accounted
from .model_replies import Reply, sound
from .prompt import Prompt, Turn, Usage


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that this actor may use. `keeps_prefix`: a repeated start of a prompt is free.

    `attachment_types` are media types. `is_local`: it runs on this machine and costs nothing.
    `supports_several`: one call may give several replies, each as a line of JSON.
    """

    model_id: str
    keeps_prefix: bool
    supports_schema: bool
    supports_grammar: bool = False
    supports_tools: bool = False
    attachment_types: frozenset[str] = frozenset()
    is_local: bool = False
    supports_several: bool = False

    @property
    def takes_structure(self) -> bool:
        """Whether it is made to reply in a given form: by a JSON schema, or to call tools."""
        return self.supports_schema or self.supports_tools


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole reply and the tokens it took."""

    text: str
    usage: Usage


class Model:
    """A model looked up for one actor and one purpose; cheap to keep for a request or a job.

    `wrapped` is datasette-llm's around the same model. Its connections last until aclose().
    """

    def __init__(self, model: Any, wrapped: Any) -> None:
        self._model, self._connections = keep_connections(model)
        self._wrapped = wrapped
        # The one that llm made for `wrapped` is of the same kind, with connections of its own.
        self._wrapped._model = self._model
        self._options = frozenset(self._model.Options.model_fields)
        self._group: PromptGroup | None = None
        self.info = info_of(model)
        self.model_id = self.info.model_id

    @property
    def is_loaded(self) -> bool:
        """False for a local model that has to be loaded before it can begin."""
        return bool(getattr(self._model, "is_loaded", True))

    @asynccontextmanager
    async def reply(self, prompt: Prompt) -> AsyncIterator[Reply]:
        """Send a prompt; leaving the block early stops the model's work.

        Raises ModelFailed with a sentence that says what to do.
        """
        sent = self._sent(prompt)
        options = self._options_for(prompt)

        def chain() -> Any:
            return self._wrapped.chain(**sent, options=options)

        async with aclosing(Reply(self.model_id, chain)) as reply:
            yield reply

    def varied(self, count: int, seed: int) -> dict[str, Any]:
        """Options for `count` replies that differ from each other, as far as the model has them.

        Another `seed` gives other replies, the same one the same.
        """
        wanted = {"temperature": 0.7, "top_p": 0.95, "seed": seed, "n": count}
        if not self.info.supports_several:
            del wanted["n"], wanted["seed"]
        return {name: value for name, value in wanted.items() if name in self._options}

    async def complete(self, prompt: Prompt) -> Completion:
        """Send a prompt once and return the whole reply. Cancelling it stops the model's work.

        Raises ModelOverloaded, ModelUnusable or another ModelFailed; retries nothing.
        """
        sent = {**self._sent(prompt), "stream": False, **self._options_for(prompt)}
        try:
            if self._group is None:
                response = await self._wrapped.prompt(**sent)
            else:
                response = await self._group.prompt(**sent)
            text = sound(response.text_or_raise())
        except Exception as error:
            raise failure(self.model_id, error) from error
        return Completion(text, Usage(response.input_tokens, response.output_tokens))

    @asynccontextmanager
    async def group(self) -> AsyncIterator[Model]:
        """This model for prompts that accounting plugins reserve and settle money for together.

        Keeps every reply in memory until the block ends: a few hundred prompts, not a whole run.
        Where no plugin asks, nothing is kept, since that would halve the speed.
        """
        if not is_accounted():
            yield self
            return
        async with PromptGroup.opened(self._wrapped) as group:
            grouped = Model.__new__(Model)
            grouped.__dict__.update(self.__dict__)
            grouped._group = group
            yield grouped

    async def warm(self, prompt: Prompt) -> None:
        """Load the model and evaluate a prompt's start, so that the next reply begins at once."""
        async with self.reply(prompt) as reply:
            await reply.text()

    async def aclose(self) -> None:
        """Close connections that are kept; a later prompt opens new ones."""
        if self._connections is not None:
            await self._connections.aclose()

    def _sent(self, prompt: Prompt) -> dict[str, Any]:
        """The last turn apart from what goes before it, as llm and its plugins want it."""
        *earlier, last = prompt.turns
        schema = dict(prompt.schema) if prompt.schema and self.info.supports_schema else None
        return {
            "prompt_text": last.text,
            "messages": [llm.system(prompt.system), *map(_message, earlier)],
            "schema": schema,
            "attachments": [
                llm.Attachment(type=each.type, content=each.content) for each in prompt.attachments
            ],
        }

    def _options_for(self, prompt: Prompt) -> dict[str, Any]:
        """The prompt's options; of ours, those that the model has none for are left out."""
        wanted = {"max_tokens": prompt.max_tokens, "grammar": prompt.grammar}
        ours = {
            name: value
            for name, value in wanted.items()
            if value is not None and name in self._options
        }
        return {**ours, **prompt.options} if prompt.options else ours


def keys_folder() -> Path:
    """Where llm keeps the keys of models. Raises OSError where there can be no such folder."""
    return Path(llm.user_dir())


def info_of(model: Any) -> ModelInfo:
    """What is known of one of llm's models."""
    return ModelInfo(
        model_id=model.model_id,
        keeps_prefix=bool(getattr(model, "keeps_prefix", False)),
        supports_schema=bool(model.supports_schema),
        supports_grammar="grammar" in model.Options.model_fields,
        supports_tools=bool(model.supports_tools),
        attachment_types=frozenset(model.attachment_types),
        is_local=bool(getattr(model, "is_local", False)),
        supports_several="n" in model.Options.model_fields and bool(getattr(model, "is_local", 0)),
    )


def _message(turn: Turn) -> Any:
    return llm.user(turn.text) if turn.role == "user" else llm.assistant(turn.text)
