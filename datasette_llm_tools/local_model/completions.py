"""What goes to llama.cpp's server for a chat and what comes back, as values; no I/O."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

from .errors import LocalModelError, PromptTooLong


@dataclass(frozen=True)
class Finished:
    """The end of a reply: tokens in (`cached` of them not evaluated again) and out, and why."""

    input: int
    output: int
    cached: int
    reason: str  # "stop", or "length" where the reply was cut


def prompt_of(body: dict[str, Any]) -> str:
    """The whole prompt as text, to compare beginnings by."""
    return "\n".join(f"{message['role']}\n{message['content']}" for message in body["messages"])


def request_of(body: dict[str, Any], slot: int) -> dict[str, Any]:
    """What to send for a chat: `body` holds messages and sampling options."""
    return {
        "method": "POST",
        "url": "/v1/chat/completions",
        "json": {
            **body,
            "id_slot": slot,
            "stream": True,
            "stream_options": {"include_usage": True},
            "cache_prompt": True,
        },
    }


def is_idle(slots: list[dict[str, Any]], number: int) -> bool:
    """Whether the server's list of slots shows that one without work."""
    return not any(slot["id"] == number and slot["is_processing"] for slot in slots)


def count_of(body: dict[str, Any]) -> int:
    """How many replies a chat asks for."""
    return int(body.get("n", 1))


class Reply:
    """Reads the lines of one event stream.

    Of several replies each is one piece of text, a JSON string and a line break, once it ends.
    """

    def __init__(self, count: int = 1) -> None:
        self._reason = "stop"
        self._texts = [""] * count
        self._finished: list[Finished] = []

    def read(self, line: str) -> Generator[str | Finished, None, None]:
        """What one line holds: text, the end, or nothing."""
        if not line.startswith("data: ") or line == "data: [DONE]":
            return
        event = json.loads(line[len("data: ") :])
        if "error" in event:
            raise refusal(json.dumps(event).encode())
        for choice in event.get("choices", ()):
            self._reason = choice.get("finish_reason") or self._reason
            text = choice["delta"].get("content") or ""
            if len(self._texts) == 1:
                if text:
                    yield text
                continue
            self._texts[choice["index"]] += text
            if choice.get("finish_reason"):
                yield json.dumps(self._texts[choice["index"]]) + "\n"
        if usage := event.get("usage"):
            details = usage.get("prompt_tokens_details") or {}
            ended = Finished(
                input=usage["prompt_tokens"],
                output=usage["completion_tokens"],
                cached=details.get("cached_tokens", 0),
                reason=self._reason,
            )
            self._finished.append(ended)
            if len(self._finished) == len(self._texts):
                # The prompt was read once, whatever the server counts for each.
                output = sum(each.output for each in self._finished)
                yield replace(ended, output=output)


def refusal(content: bytes) -> LocalModelError:
    """The server's error answer as one of ours."""
    try:
        error = json.loads(content)["error"]
        kind, message = str(error.get("type")), str(error.get("message"))
    except (ValueError, KeyError, AttributeError, TypeError):
        kind, message = "", content.decode("utf-8", "replace")
    if kind == "exceed_context_size_error":
        return PromptTooLong(
            f"The prompt has {error.get('n_prompt_tokens')} tokens, and the local model holds "
            f"{error.get('n_ctx')}: shorten it, or raise DATASETTE_LLM_TOOLS_CONTEXT."
        )
    if "Context size has been exceeded" in message:
        return LocalModelError(
            "Too many long prompts for the local model at the same time; ask again in a moment."
        )
    return LocalModelError(f"The local model refused the request: {message}")
