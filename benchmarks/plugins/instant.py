"""Models for filling columns, for any Datasette: loaded with --plugins-dir, needs only llm.

`instant` answers with the number that stands behind `#` in a row's text, as the JSON object
that was asked for, or bare. `BENCHMARK_REPLY_SECONDS` is how long it takes; every number asked
about becomes a line of the file `BENCHMARK_ASKED`, which outlives a kill. `fake` is llm's own
model for OpenAI's API, at the address `BENCHMARK_API_BASE`.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from typing import Any

import llm
from datasette import hookimpl
from llm.default_plugins.openai_models import AsyncChat
from llm.plugins import load_plugins
from llm.plugins import pm as llm_plugins

REPLY_SECONDS = float(os.environ.get("BENCHMARK_REPLY_SECONDS", "0"))
ASKED = os.environ.get("BENCHMARK_ASKED")
API_BASE = os.environ.get("BENCHMARK_API_BASE")
DIGITS = 7


class Instant(llm.AsyncModel):
    """Answers in one piece."""

    model_id = "instant"
    can_stream = True
    supports_schema = True

    def __init__(self) -> None:
        self._asked = os.open(ASKED, os.O_WRONLY | os.O_CREAT | os.O_APPEND) if ASKED else None

    async def execute(
        self, prompt: Any, stream: bool, response: Any, conversation: Any
    ) -> AsyncGenerator[str, None]:
        number = number_in(prompt.messages[-1].parts[0].text)
        if self._asked is not None:
            os.write(self._asked, f"{number}\n".encode())
        if REPLY_SECONDS:
            await asyncio.sleep(REPLY_SECONDS)
        yield reply(number, prompt.schema)
        response.set_usage(input=50, output=10)


def number_in(text: str) -> str:
    at = text.find("#") + 1
    return text[at : at + DIGITS]


def reply(number: str, schema: dict[str, Any] | None) -> str:
    return json.dumps(dict.fromkeys(schema["properties"], number)) if schema else number


class SyncFace(llm.Model):
    """llm lists a model by its sync half; nobody calls it."""

    def __init__(self, model_id: str) -> None:
        self.model_id = model_id

    def execute(self, *args: Any) -> Any:
        raise NotImplementedError


def fake() -> AsyncChat:
    model = AsyncChat("fake", model_name="fake", api_base=API_BASE, supports_schema=True)
    model.needs_key = None
    return model


class LlmPlugin:
    def __init__(self) -> None:
        # llm asks for its models again and again; these are to stay the same.
        self._models = [Instant(), *([fake()] if API_BASE else [])]

    @llm.hookimpl
    def register_models(self, register: Any) -> None:
        for model in self._models:
            register(SyncFace(model.model_id), model)


@hookimpl
def startup(datasette: Any) -> None:
    load_plugins()
    llm_plugins.register(LlmPlugin())
