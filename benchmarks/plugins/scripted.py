"""A model that answers at once, for any Datasette: loaded with --plugins-dir, needs only llm.

It answers with SQL in plain text, or through the tool sql_query where it is given tools, and
afterwards with a sentence. A question holds its SQL between `«` and `»`, so that this file
knows no data; with `[describe TABLE…]` in it, a model with tools looks at those tables first.

`BENCHMARK_REPLY_SECONDS` spreads each reply over that time. GET /-/benchmark/calls answers the
calls since it was asked last, with times of CLOCK_MONOTONIC, which all processes share. The
header `x-benchmark-actor` signs its sender in.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import AsyncGenerator
from typing import Any

import llm
from datasette import Response, hookimpl
from llm.parts import StreamEvent
from llm.plugins import load_plugins
from llm.plugins import pm as llm_plugins

WORDS = "The rows above answer the question."
REPLY_SECONDS = float(os.environ.get("BENCHMARK_REPLY_SECONDS", "0"))
# More than one run leaves behind; the rest is forgotten, so that memory measures the server.
KEPT_CALLS = 100

calls: list[dict[str, Any]] = []


class Scripted(llm.AsyncModel):
    """Yields its reply word by word."""

    model_id = "scripted"
    can_stream = True
    supports_tools = True

    async def execute(
        self, prompt: Any, stream: bool, response: Any, conversation: Any
    ) -> AsyncGenerator[Any, None]:
        call = {
            "began": time.monotonic(),
            "messages": messages_of(prompt),
            "tools": tools_of(prompt),
        }
        kind, pieces = reply_to(prompt)
        call["kind"] = kind
        for number, piece in enumerate(pieces, 1):
            if REPLY_SECONDS:
                await asyncio.sleep(REPLY_SECONDS / len(pieces))
            if number == len(pieces):
                call["ended"] = time.monotonic()
            yield piece
        for name, arguments, call_id in called(pieces):
            response.add_tool_call(llm.ToolCall(name, arguments, call_id))
        response.set_usage(input=1000, output=len(pieces))
        calls.append(call)
        del calls[:-KEPT_CALLS]


def reply_to(prompt: Any) -> tuple[str, list[Any]]:
    """What a reply is (sql, table or words) and its pieces: text, or one tool call."""
    question = ""
    done: list[str] = []
    for message in prompt.messages:
        for part in message.parts:
            if message.role == "user" and "«" in getattr(part, "text", ""):
                question = part.text
                done = []
            elif message.role == "tool":
                done.append(getattr(part, "name", ""))
    last = prompt.messages[-1]
    sql = re.search("«(.*?)»", question, re.DOTALL)
    if sql is None or "sql_query" in done or "<rows " in text_of(last):
        return "words", words(WORDS)
    if not prompt.tools:
        return "sql", words(f"{sql[1]};")
    described = re.search(r"\[describe ([^\]]+)\]", question)
    left = described[1].split()[done.count("describe_table") :] if described else []
    if left:
        return "table", tool_call(
            "describe_table", {"database": "demo", "table": left[0]}, len(done)
        )
    arguments = {"database": "demo", "sql": sql[1], "display": "both"}
    return "sql", tool_call("sql_query", arguments, len(done))


def tool_call(name: str, arguments: dict[str, str], number: int) -> list[StreamEvent]:
    """One call of a tool as a provider streams it."""
    call_id = f"call_{number}"
    named = StreamEvent(type="tool_call_name", chunk=name, tool_call_id=call_id)
    pieces = words(json.dumps(arguments))
    return [
        named,
        *(StreamEvent(type="tool_call_args", chunk=each, tool_call_id=call_id) for each in pieces),
    ]


def called(pieces: list[Any]) -> list[tuple[str, dict[str, Any], str]]:
    """The tool call that streamed pieces make up, as llm wants to be told of it at the end."""
    events = [piece for piece in pieces if isinstance(piece, StreamEvent)]
    if not events:
        return []
    name, *arguments = events
    parsed = json.loads("".join(event.chunk for event in arguments))
    return [(name.chunk, parsed, str(name.tool_call_id))]


def words(text: str) -> list[str]:
    return re.findall(r"\s*\S+", text)


def text_of(message: Any) -> str:
    return "".join(getattr(part, "text", "") or "" for part in message.parts)


def messages_of(prompt: Any) -> list[dict[str, Any]]:
    """The messages as an OpenAI-compatible server gets them."""
    found: list[dict[str, Any]] = []
    if prompt.system and all(message.role != "system" for message in prompt.messages):
        found.append({"role": "system", "content": prompt.system})
    for message in prompt.messages:
        if message.role == "tool":
            found += [
                {"role": "tool", "content": part.output, "tool_call_id": part.tool_call_id}
                for part in message.parts
            ]
            continue
        found.append({"role": message.role, "content": text_of(message)})
        made = [part for part in message.parts if hasattr(part, "arguments")]
        if made:
            found[-1]["tool_calls"] = [
                {
                    "id": part.tool_call_id,
                    "type": "function",
                    "function": {"name": part.name, "arguments": json.dumps(part.arguments)},
                }
                for part in made
            ]
    return found


def tools_of(prompt: Any) -> list[dict[str, Any]]:
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.input_schema,
            },
        }
        for tool in prompt.tools
    ]


class SyncFace(llm.Model):
    """llm lists a model by its sync half; nobody calls it."""

    model_id = "scripted"

    def execute(self, *args: Any) -> Any:
        raise NotImplementedError


class LlmPlugin:
    @llm.hookimpl
    def register_models(self, register: Any) -> None:
        register(SyncFace(), Scripted())


@hookimpl
def startup(datasette: Any) -> None:
    load_plugins()
    llm_plugins.register(LlmPlugin())


@hookimpl
def actor_from_request(datasette: Any, request: Any) -> dict[str, str] | None:
    name = request.headers.get("x-benchmark-actor")
    return {"id": name} if name else None


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    async def recorded() -> Any:
        found = list(calls)
        calls.clear()
        return Response.json(found)

    return [(r"/-/benchmark/calls$", recorded)]
