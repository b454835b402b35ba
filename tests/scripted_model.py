"""A model that says what a test tells it to, registered through llm's own plugin hook.

`ScriptedModel.script` maps the last user's turn to a reply, given as text or as
a list of pieces; `delay` is slept before each piece, so that a test can watch a
reply stream or stop it half-way.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import llm
from llm.plugins import load_plugins, pm

Script = Callable[[str], "str | Sequence[str] | Exception"]


class ScriptedModel(llm.AsyncModel):
    """`prompts` holds the messages of every call; `closed` counts replies that were cut off."""

    can_stream = True

    def __init__(self, script: Script, model_id: str = "scripted", delay: float = 0.0) -> None:
        self.model_id = model_id
        self.script = script
        self.delay = delay
        self.prompts: list[list[dict[str, str]]] = []
        self.closed = 0

    async def execute(
        self, prompt: Any, stream: bool, response: Any, conversation: Any
    ) -> AsyncGenerator[str, None]:
        messages = [
            {"role": each.role, "text": "".join(part.text for part in each.parts)}
            for each in prompt.messages
        ]
        self.prompts.append(messages)
        reply = self.script(messages[-1]["text"])
        if isinstance(reply, Exception):
            raise reply
        pieces = [reply] if isinstance(reply, str) else reply
        finished = False
        try:
            for piece in pieces:
                if self.delay:
                    await asyncio.sleep(self.delay)
                yield piece
            finished = True
        finally:
            self.closed += not finished
        response.set_usage(
            input=sum(len(each["text"]) for each in messages) // 4,
            output=sum(map(len, pieces)) // 4,
        )


class SeveralModel(ScriptedModel):
    """A model like the local one: asked for `n` replies, it gives those, each as a line of JSON.

    `ballots` are what it gives beside the first reply, by the last user's turn.
    """

    is_local = True

    class Options(llm.Options):  # type: ignore[misc] # llm has no types
        n: int = 1
        seed: int | None = None
        temperature: float | None = None
        top_p: float | None = None

    def __init__(
        self,
        script: Script,
        ballots: Callable[[str], Sequence[str]],
        model_id: str = "scripted",
        delay: float = 0.0,
    ) -> None:
        super().__init__(script, model_id, delay)
        self._first, self._ballots = script, ballots
        self._left: list[str] = []

    async def execute(
        self, prompt: Any, stream: bool, response: Any, conversation: Any
    ) -> AsyncGenerator[str, None]:
        count = prompt.options.n
        text = prompt.messages[-1].parts[-1].text
        self.script = self._first
        if count > 1 or prompt.options.temperature is not None:
            replies = [self._left.pop(0) for _ in range(count)]
            self.script = lambda _: [json.dumps(each) + "\n" for each in replies]
        elif "<rows " not in text:
            self._left = list(self._ballots(text))
        async for piece in super().execute(prompt, stream, response, conversation):
            yield piece


@contextmanager
def registered(*models: ScriptedModel) -> Iterator[None]:
    """Make the models known to llm while the block lasts."""

    class Plugin:
        @llm.hookimpl
        def register_models(self, register: Any) -> None:
            for model in models:
                register(_SyncFace(model.model_id), model)

    plugin = Plugin()
    load_plugins()
    pm.register(plugin)
    try:
        yield
    finally:
        pm.unregister(plugin)


class _SyncFace(llm.Model):
    """llm lists a model by its sync half; nobody here calls it."""

    def __init__(self, model_id: str) -> None:
        self.model_id = model_id

    def execute(self, *args: Any) -> Any:
        raise NotImplementedError
