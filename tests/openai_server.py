"""An OpenAI-compatible server on loopback that answers, stumbles and dawdles as a script says.

    async with serving(lambda request: Answer('{"label": "good"}')) as server:
        with registered(openai_model(server)):
            ...

Real HTTP through llm's own OpenAI support. Knows chat completions, whole and streamed.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from llm.default_plugins.openai_models import AsyncChat


@dataclass(frozen=True)
class Request:
    """One request: the how manieth, and its JSON body."""

    number: int
    body: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The last message."""
        content = self.body["messages"][-1]["content"]
        return content if isinstance(content, str) else content[0]["text"]


@dataclass(frozen=True)
class Answer:
    """What is sent back.

    `raw` is a body instead of a completion. `is_cut`: the connection ends half-way through.
    `is_endless`: the body goes on until the client goes away.
    """

    text: str = "ok"
    status: int = 200
    code: str | None = None
    delay_s: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    is_cut: bool = False
    is_endless: bool = False


Script = Callable[[Request], Answer]


@dataclass
class OpenAIServer:
    """`requests` counts all of them, `most_at_once` those being answered together, `left` those
    whose client went away before the end."""

    script: Script
    port: int = 0
    requests: int = 0
    connections: int = 0
    most_at_once: int = 0
    left: int = 0
    _at_once: int = 0

    @property
    def url(self) -> str:
        """What llm calls `api_base`."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._answer_next(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            self.left += 1
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer_next(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; False when the connection is over."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError:
            return False
        lines = (line.partition(":") for line in head.splitlines()[1:])
        headers = {name.strip().lower(): value.strip() for name, _, value in lines}
        body = json.loads(await reader.readexactly(int(headers.get("content-length", 0))))
        self.requests += 1
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            answer = self.script(Request(self.requests, body))
            await _wait(answer.delay_s, reader)
            return await _send(writer, answer, is_stream=bool(body.get("stream")))
        finally:
            self._at_once -= 1


async def _wait(seconds: float, reader: asyncio.StreamReader) -> None:
    """Dawdle; raises ConnectionResetError as soon as the client has gone."""
    if seconds:
        waiting = asyncio.ensure_future(reader.read(1))
        done, _ = await asyncio.wait([waiting], timeout=seconds)
        if done:
            raise ConnectionResetError
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting


async def _send(writer: asyncio.StreamWriter, answer: Answer, *, is_stream: bool) -> bool:
    body, kind = _body(answer, is_stream)
    head = {
        "content-type": kind,
        "content-length": str(10**9 if answer.is_endless else len(body)),
        **answer.headers,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    writer.write(f"HTTP/1.1 {answer.status} said\r\n{lines}\r\n".encode())
    writer.write(body[: len(body) // 2] if answer.is_cut else body)
    await writer.drain()
    while answer.is_endless:
        await asyncio.sleep(0.01)
        writer.write(b" ")
        await writer.drain()
    return not answer.is_cut


def _body(answer: Answer, is_stream: bool) -> tuple[bytes, str]:
    if answer.raw is not None:
        return answer.raw, "application/json"
    if answer.status != 200:
        error = {"message": "scripted failure", "type": "scripted", "code": answer.code}
        return json.dumps({"error": error}).encode(), "application/json"
    usage = {"prompt_tokens": 50, "completion_tokens": 5, "total_tokens": 55}
    base = {"id": "1", "created": 1, "model": "fake", "usage": usage}
    if not is_stream:
        message = {"role": "assistant", "content": answer.text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        whole = {**base, "object": "chat.completion", "choices": [choice]}
        return json.dumps(whole).encode(), "application/json"
    piece = {"index": 0, "delta": {"content": answer.text}, "finish_reason": "stop"}
    chunk = {**base, "object": "chat.completion.chunk", "choices": [piece]}
    return f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode(), "text/event-stream"


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[OpenAIServer]:
    """A server while the block lasts."""
    server = OpenAIServer(script)
    listening = await asyncio.start_server(server._serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        # Connections that a client keeps open end with the client.


def stumbling(
    script: Script,
    *,
    refused: float = 0.0,
    failed: float = 0.0,
    seed: int = 1,
    headers: Mapping[str, str] | None = None,
) -> Script:
    """The same script, but that share of requests gets a 429 (with `headers`), and that a 500."""
    chance = random.Random(seed)

    def stumble(request: Request) -> Answer:
        drawn = chance.random()
        if drawn < refused:
            return Answer(status=429, headers=headers or {})
        if drawn < refused + failed:
            return Answer(status=500)
        return script(request)

    return stumble


def openai_model(server: OpenAIServer, model_id: str = "fake", **features: Any) -> AsyncChat:
    """llm's own model for OpenAI's API, pointed at the server; needs no key."""
    features.setdefault("supports_schema", True)
    model = AsyncChat(model_id, model_name="fake", api_base=server.url, **features)
    model.needs_key = None
    return model
