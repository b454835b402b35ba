"""One llama.cpp server process for each model file, started at first use, and chats with it.

Closing a stream ends its connection, and the server stops that work at its next batch. The
server process ends with ours, whatever it is doing.

Settings, all from the environment:
DATASETTE_LLM_TOOLS_THREADS  threads; by default all cores up to four, else all but one
DATASETTE_LLM_TOOLS_CONTEXT  tokens of prompts and replies held at once; by default 8192
DATASETTE_LLM_TOOLS_SLOTS    requests that run at the same time; by default 4
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import secrets
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from .completions import Finished, Reply, count_of, is_idle, prompt_of, refusal, request_of
from .errors import LocalModelError
from .slots import BRIEF_TOKENS, Place, Slot, Slots

# Between two pieces of a stream the server sends at least a ping every 30 s.
_TIMEOUT = httpx2.Timeout(10, read=120)
# The server is on loopback and speaks no TLS; a context without certificates saves loading them,
# 20 ms for every client.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
# llama.cpp's threads wait for each other by turning in circles, by default for about a
# millisecond, and what they wait for does not run where another program has that core: with one
# busy program on two cores a token took 1.6 s, and takes 0.1 s where they soon sleep instead.
_PATIENCE = {"GOMP_SPINCOUNT": "2000"}
# How often to look whether a slot whose request was cancelled is idle; about 1 s in all.
_SETTLING_SECONDS = 0.05


# A request may ask for so many replies beside its first.
COMPANIONS = 7


@dataclass(frozen=True)
class EngineSettings:
    """`context` in tokens, shared by all `slots`."""

    threads: int
    context: int = 8192
    slots: int = 4


@dataclass(frozen=True)
class _Running:
    process: subprocess.Popen[str]
    address: str
    key: str


class Engine:
    """Chats with one model file. May be used from any thread and any event loop.

    `check` is called before loading and raises LocalModelError where the file is not to be used.
    """

    def __init__(
        self, path: Path, settings: EngineSettings, check: Callable[[], None] | None = None
    ) -> None:
        self.path = path
        self.settings = settings
        self._check = check
        self._slots = Slots(settings.slots, first=COMPANIONS)
        self._lock = threading.Lock()
        self._loading: Future[_Running] | None = None
        self._process: subprocess.Popen[str] | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether a request would start at once, without loading the model first."""
        running = self._running()
        return running is not None and running.process.poll() is None

    def load(self) -> Future[_Running]:
        """Start loading, or join whoever does; done when the model is ready.

        Its exception is a LocalModelError; the next call after a failure tries again.
        """
        with self._lock:
            future = self._loading
            if future is None or (future.done() and not self.is_loaded):
                future = self._loading = Future()
                # From now on a caller that goes away cannot cancel it for the others.
                future.set_running_or_notify_cancel()
                threading.Thread(target=self._load, args=(future,), daemon=True).start()
            return future

    def chat(self, body: dict[str, Any]) -> Generator[str | Finished, None, None]:
        """Yield the reply's text in pieces, then Finished.

        `body` is a chat completion request: messages and sampling options. With `n` above 1 each
        piece is a whole reply, as a line of JSON. Raises LocalModelError. Closing the generator
        stops the work.
        """
        running = self.load().result()
        place = self._enter(body)
        sent: Slot | None = None
        try:
            slot = place.ready.result()
            with httpx2.Client(**_client_options(running)) as client:
                while slot.unsettled:
                    slot.unsettled = not is_idle(client.get("/slots").json(), slot.number)
                    time.sleep(_SETTLING_SECONDS)
                sent = slot
                with client.stream(**request_of(body, slot.number)) as response:
                    if response.status_code != 200:
                        raise refusal(response.read())
                    reply = Reply(count_of(body))
                    for line in response.iter_lines():
                        yield from reply.read(line)
                sent = None
        except httpx2.HTTPError as error:
            raise self._broken_off() from error
        finally:
            if sent is not None:
                sent.unsettled = True
            self._slots.leave(place)

    async def achat(self, body: dict[str, Any]) -> AsyncGenerator[str | Finished, None]:
        """The same for an event loop, which it never blocks; aclose() stops the work."""
        running = await asyncio.wrap_future(self.load())
        place = self._enter(body)
        sent: Slot | None = None
        try:
            slot = await asyncio.wrap_future(place.ready)
            async with httpx2.AsyncClient(**_client_options(running)) as client:
                while slot.unsettled:
                    states = await client.get("/slots")
                    slot.unsettled = not is_idle(states.json(), slot.number)
                    await asyncio.sleep(_SETTLING_SECONDS)
                sent = slot
                async with client.stream(**request_of(body, slot.number)) as response:
                    if response.status_code != 200:
                        raise refusal(await response.aread())
                    reply = Reply(count_of(body))
                    async for line in response.aiter_lines():
                        for piece in reply.read(line):
                            yield piece
                sent = None
        except httpx2.HTTPError as error:
            raise self._broken_off() from error
        finally:
            if sent is not None:
                sent.unsettled = True
            self._slots.leave(place)

    def _enter(self, body: dict[str, Any]) -> Place:
        tokens = body.get("max_tokens")
        several = count_of(body) > 1
        brief = tokens is not None and tokens <= BRIEF_TOKENS and not several
        return self._slots.enter(prompt_of(body), brief=brief, several=several)

    def close(self) -> None:
        """End the process, whatever it is doing; a later request starts a new one."""
        process = self._process
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()

    def _running(self) -> _Running | None:
        future = self._loading
        if future is None or not future.done() or future.exception() is not None:
            return None
        return future.result()

    def _load(self, future: Future[_Running]) -> None:
        try:
            if self._check:
                self._check()
            running = self._start_process()
        except LocalModelError as error:
            future.set_exception(error)
        except Exception as error:  # reaches the callers, who wait for nothing else
            future.set_exception(LocalModelError(f"The local model could not start: {error}"))
        else:
            future.set_result(running)

    def _start_process(self) -> _Running:
        self.close()
        self._slots.forget()
        key = secrets.token_urlsafe(32)
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
            process = self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("server.py"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**_PATIENCE, **os.environ},
            )
            assert process.stdin and process.stdout
            settings = {
                "path": str(self.path.resolve()),
                "key": key,
                "threads": self.settings.threads,
                "context": self.settings.context,
                "slots": self.settings.slots + COMPANIONS,
            }
            try:
                process.stdin.write(json.dumps(settings) + "\n")
                process.stdin.flush()
                answer = json.loads(process.stdout.readline() or "{}")
            except (OSError, ValueError):
                answer = {}
            if "address" not in answer:
                self.close()
                log.seek(0)
                raise LocalModelError(_why_not_loaded(self.path, answer, log.read()))
        return _Running(process, answer["address"], key)

    def _broken_off(self) -> LocalModelError:
        if self.is_loaded:
            return LocalModelError("The local model did not answer in time; ask again.")
        return LocalModelError(
            "The local model's process ended while it was answering, perhaps for want of memory "
            "(it needs about 2.3 GB). Ask again: it starts anew."
        )


def settings_from_environment() -> EngineSettings:
    """Read the variables named at the head of this file; raises LocalModelError for nonsense."""
    return EngineSettings(
        threads=_whole_number("DATASETTE_LLM_TOOLS_THREADS", default_threads()),
        context=_whole_number("DATASETTE_LLM_TOOLS_CONTEXT", EngineSettings.context),
        slots=_whole_number("DATASETTE_LLM_TOOLS_SLOTS", EngineSettings.slots),
    )


def default_threads() -> int:
    """All cores that this process may use up to four, else all but one."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        cores = os.cpu_count() or 1
    return cores if cores <= 4 else cores - 1


_engines: dict[Path, Engine] = {}
_engines_lock = threading.Lock()


def engine_for(path: Path, check: Callable[[], None] | None = None) -> Engine:
    """The process's one engine for a model file; loads nothing yet."""
    with _engines_lock:
        if path not in _engines:
            _engines[path] = Engine(path, settings_from_environment(), check)
        return _engines[path]


@atexit.register
def close_all() -> None:
    """End every engine's process."""
    for engine in list(_engines.values()):
        engine.close()


def _whole_number(variable: str, default: int) -> int:
    text = os.environ.get(variable)
    if not text:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise LocalModelError(f"{variable} must be a whole number above 0, not {text!r}.")
    return int(text)


def _client_options(running: _Running) -> dict[str, Any]:
    return {
        "base_url": running.address,
        "headers": {"Authorization": f"Bearer {running.key}"},
        "timeout": _TIMEOUT,
        "trust_env": False,  # a proxy has no business with loopback
        "verify": _NO_TLS,
    }


def _why_not_loaded(path: Path, answer: dict[str, str], log: str) -> str:
    reason = answer.get("error") or "its process ended, perhaps for want of memory"
    # llama.cpp's first error is the cause, what follows are consequences.
    lines = [line.strip() for line in log.splitlines() if " E " in line]
    if lines:
        reason = lines[0].split(" E ", 1)[1].strip()
    return f"The local model {path.name} could not be loaded: {reason[:300]}"
