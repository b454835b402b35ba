"""Worker processes that run statements, and can be killed.

Blocking pipes read by threads, not asyncio's subprocesses: a killed or forgotten worker then
leaves no transport behind, and workers end with their Datasette even if nobody closes them.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from .query_lines import decode_line, encode_line

_WORKER = Path(__file__).with_name("query_worker.py")
_GRACE_SECONDS = 1.0  # the worker's own alarm comes first
_START_SECONDS = 15.0  # for a process that has yet to start


class QueryPool:
    """The workers of one event loop. Callers beyond their number wait in order."""

    def __init__(self, size: int) -> None:
        self._turns = asyncio.Semaphore(size)
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="llm-tools-query")
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()

    async def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Let a worker run one request of query_worker.py, and return its answer.

        Two kinds of answer come from here: `late` at the deadline, and `stopped`
        when the process ended without an answer.
        """
        line = encode_line(request)
        most_bytes = 8 * request["result_bytes"] + 1_000_000  # JSON may write a byte as six
        async with self._turns:
            worker = self._take()
            seconds = request["milliseconds"] / 1000 + _GRACE_SECONDS
            if not worker.is_started:
                seconds += _START_SECONDS
            loop = asyncio.get_running_loop()
            self._busy.add(worker)
            try:
                reply = await asyncio.wait_for(
                    loop.run_in_executor(self._threads, worker.ask, line, most_bytes), seconds
                )
            except asyncio.TimeoutError:
                worker.kill()
                return {"kind": "late"}
            except BaseException:
                worker.kill()
                raise
            finally:
                self._busy.discard(worker)
            if not reply:
                return {"kind": "late" if worker.was_stopped_by_alarm else "stopped"}
            answer = decode_line(reply)
            if answer["kind"] == "memory":
                worker.end()  # it is ending by itself
            else:
                self._idle.append(worker)
            return answer

    def _take(self) -> _Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.is_usable:
                return worker
            worker.end()
        return _Worker()

    def close(self) -> None:
        """End all workers; what they were asked fails as `stopped`."""
        for worker in (*self._busy, *self._idle):
            worker.end()
        self._idle.clear()
        self._threads.shutdown(wait=False)


class _Worker:
    """One process, started when it is first asked; a killed one answers no more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ending: weakref.finalize[[subprocess.Popen[bytes]], _Worker] | None = None
        self._killed = False

    @property
    def is_usable(self) -> bool:
        return not self._killed and (self._process is None or self._process.poll() is None)

    @property
    def is_started(self) -> bool:
        return self._process is not None

    def ask(self, line: bytes, most_bytes: int) -> bytes:
        """Send one line and return the answer's line; b"" when the process ended instead."""
        process = self._start()
        assert process.stdin and process.stdout
        try:
            process.stdin.write(line)
            process.stdin.flush()
            reply = process.stdout.readline(most_bytes)
        except (OSError, ValueError):
            reply = b""
        if not reply.endswith(b"\n"):
            self.end()
            return b""
        return reply

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._process is None:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(_WORKER)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
                # Whoever waited for it may be gone before a thread came to read from it.
                self._ending = weakref.finalize(self, _end, self._process)
                if self._killed:
                    self._process.kill()
            return self._process

    @property
    def was_stopped_by_alarm(self) -> bool:
        return (
            self._process is not None
            and hasattr(signal, "SIGALRM")
            and self._process.returncode == -signal.SIGALRM
        )

    def kill(self) -> None:
        """Stop it at once, without waiting; the thread that reads from it clears up."""
        with self._lock:
            self._killed = True
            if self._process is not None:
                self._process.kill()

    def end(self) -> None:
        """Stop it, wait for its end, and close its pipes."""
        self.kill()
        if self._ending is not None:
            self._ending()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):  # what was still to be written has no reader
                pipe.close()
