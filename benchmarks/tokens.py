"""Counts a prompt's tokens with the local model's own tokenizer and chat template."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from datasette_llm_tools.local_model import files
from datasette_llm_tools.local_model.engine import Engine, EngineSettings
from datasette_llm_tools.schema_text import estimate_tokens

Count = Callable[[dict[str, Any]], int]


@contextmanager
def counter() -> Iterator[tuple[Count, str]]:
    """Yield a function from a recorded call to its tokens, and how it counts.

    Without the local model the tokens are estimated, as for a schema's budget.
    """
    if not files.has_runtime() or files.glance(files.QWEN) is not files.Status.INSTALLED:
        yield estimated, "estimated from the text: the local model is not installed"
        return
    engine = Engine(files.path_of(files.QWEN), EngineSettings(threads=1, context=512, slots=1))
    try:
        running = engine.load().result()

        def counted(call: dict[str, Any]) -> int:
            body = {
                "messages": call["messages"],
                **({"tools": call["tools"]} if call["tools"] else {}),
            }
            text = ask(running.address, running.key, "/apply-template", body)["prompt"]
            asked = {"content": text, "parse_special": True}
            return len(ask(running.address, running.key, "/tokenize", asked)["tokens"])

        yield counted, f"counted by {files.QWEN.model_id}"
    finally:
        engine.close()


def estimated(call: dict[str, Any]) -> int:
    texts = [str(message["content"]) for message in call["messages"]]
    texts += [json.dumps(tool) for tool in call["tools"]]
    return sum(map(estimate_tokens, texts))


def ask(address: str, key: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    request = urllib.request.Request(address + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as response:
        found: dict[str, Any] = json.load(response)
    return found
