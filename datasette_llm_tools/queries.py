"""Runs guarded SQL as an actor, in processes that can be killed: the only way model SQL runs.

Blocking pipes read by threads, not asyncio's subprocesses: a killed or forgotten worker then
leaves no transport behind, and workers end with their Datasette even if nobody closes them.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import permissions
from .errors import (
    BadInput,
    LlmToolsError,
    NotAllowed,
    NotFound,
    QueryFailed,
    QueryTimedOut,
    SqlRejected,
)
from .settings import Settings, read_settings

if TYPE_CHECKING:
    from datasette.app import Datasette

Value = str | int | float | bytes | None

MAX_COPY_BYTES = 200_000_000  # of a database that lives in memory
_WORKER = Path(__file__).with_name("query_worker.py")
_GRACE_SECONDS = 1.0  # the worker's own alarm comes first
_START_SECONDS = 15.0  # for a process that has yet to start


@dataclass(frozen=True)
class QueryResult:
    """Rows of one statement. `sources` are (table, column) pairs that it read."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    truncated: bool
    milliseconds: float
    tables: tuple[str, ...]
    sources: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Limits:
    """What one statement may take: time, address space, rows, and bytes of cells."""

    milliseconds: int
    memory_bytes: int
    rows: int
    result_bytes: int

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        return cls(
            milliseconds=settings.query_ms,
            memory_bytes=settings.query_memory_bytes,
            rows=settings.max_rows,
            result_bytes=settings.max_result_bytes,
        )


async def run_query(
    datasette: Datasette,
    database: str,
    sql: str,
    params: Mapping[str, Value] | None = None,
    *,
    actor: permissions.Actor,
    limits: Limits | None = None,
    tables: frozenset[str] | None = None,
) -> QueryResult:
    """Run one SELECT as the actor, over the tables that they may view, and return its rows.

    `tables` saves asking for the visible tables again: pass what permissions.visible_tables
    gave for this actor in this request, after refresh_schemas(). Raises NotFound, NotAllowed
    without execute-sql, SqlRejected, QueryFailed with SQLite's own message, QueryTimedOut at
    the time or memory limit, and BadInput for an in-memory database too large to copy.
    """
    if database not in datasette.databases:
        raise NotFound(f"There is no database called {database} here.")
    if not await permissions.may(datasette, actor, "execute-sql", database):
        raise NotAllowed(f"You need the permission execute-sql on the database {database}.")
    if tables is None:
        # Permissions are answered from Datasette's catalog of tables, which Datasette
        # brings up to date on its own pages only, and at most once a second. Whoever has
        # just created a table calls refresh_schemas(force=True) before it is asked about.
        await datasette.refresh_schemas()
        tables = await permissions.visible_tables(datasette, actor, database)
    limits = limits or Limits.of(read_settings(datasette, database))
    engine = _engine(datasette)
    path, immutable = await engine.file_of(datasette, database)
    request = {
        "path": path,
        "immutable": immutable,
        "tables": sorted(tables),
        "sql": sql,
        "params": dict(params or {}),
        "milliseconds": limits.milliseconds,
        "memory_bytes": limits.memory_bytes,
        "rows": limits.rows,
        "result_bytes": limits.result_bytes,
    }
    answer = await engine.pool().ask(request, limits)
    if answer["kind"] != "rows":
        raise _error(answer, limits)
    return QueryResult(
        columns=tuple(answer["columns"]),
        rows=tuple(map(tuple, answer["rows"])),
        truncated=answer["truncated"],
        milliseconds=answer["milliseconds"],
        tables=tuple(answer["tables"]),
        sources=frozenset((table, column) for table, column in answer["sources"]),
    )


async def close_workers(datasette: Datasette) -> None:
    """End the worker processes of a Datasette and remove its copies; for the shutdown hook."""
    engine = _ENGINES.pop(datasette, None)
    if engine is not None:
        await asyncio.to_thread(engine.close)


def _error(answer: dict[str, Any], limits: Limits) -> LlmToolsError:
    kind = answer["kind"]
    if kind == "rejected":
        return SqlRejected(answer["message"], answer["name"])
    if kind == "failed":
        return QueryFailed(answer["message"])
    if kind == "late":
        return QueryTimedOut(
            f"The statement ran longer than {limits.milliseconds:,} ms and was stopped; "
            "ask for less, or raise the setting query_ms."
        )
    if kind == "memory":
        return QueryTimedOut(
            f"The statement needed more than {limits.memory_bytes:,} bytes of memory and was "
            "stopped; ask for less, or raise the setting query_memory_bytes."
        )
    return QueryFailed(
        "The process that runs queries stopped, perhaps at its limit of "
        f"{limits.memory_bytes:,} bytes of memory (query_memory_bytes); ask for less."
    )


class _Worker:
    """One process, started when it is first asked; a killed one answers no more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
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
        if self._process is not None:
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with suppress(OSError):  # what was still to be written has no reader
                        pipe.close()


class _Pool:
    """The workers of one event loop. Callers beyond their number wait in order."""

    def __init__(self, size: int) -> None:
        self._turns = asyncio.Semaphore(size)
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="llm-tools-query")
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()

    async def ask(self, request: dict[str, Any], limits: Limits) -> dict[str, Any]:
        line = json.dumps(request, default=_encode_blob).encode() + b"\n"
        most_bytes = 8 * limits.result_bytes + 1_000_000  # JSON may write a byte as six
        async with self._turns:
            worker = self._take()
            seconds = limits.milliseconds / 1000 + _GRACE_SECONDS
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
            answer: dict[str, Any] = json.loads(reply, object_hook=_decode_blob)
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
        for worker in (*self._busy, *self._idle):
            worker.end()
        self._idle.clear()
        self._threads.shutdown(wait=False)


def _encode_blob(value: bytes) -> dict[str, str]:
    return {"blob": base64.b64encode(value).decode()}


def _decode_blob(pair: dict[str, Any]) -> Any:
    return base64.b64decode(pair["blob"]) if pair.keys() == {"blob"} else pair


class _Copy:
    """A file with the content of a database that lives in memory, remade when that changed."""

    def __init__(self, folder: Path, database: str) -> None:
        self._folder = folder
        self._database = database
        self._lock = threading.Lock()
        self._number = 0
        # SQLite's data version means something within one connection only, and each
        # thread has its own: what each showed when the copy was last known to be right.
        self._stamps: dict[int, tuple[sqlite3.Connection, tuple[int, ...]]] = {}

    def path_for(self, connection: sqlite3.Connection) -> str:
        """Runs in Datasette's thread, on its connection."""
        with self._lock:
            stamp = (
                connection.execute("PRAGMA data_version").fetchone()[0],
                connection.execute("PRAGMA schema_version").fetchone()[0],
                connection.total_changes,
            )
            if self._stamps.get(id(connection)) != (connection, stamp):
                self._make(connection)
                self._stamps[id(connection)] = (connection, stamp)
            return str(self._file(self._number))

    def _file(self, number: int) -> Path:
        return self._folder / f"{number}.db"

    def _make(self, connection: sqlite3.Connection) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        size = pages * connection.execute("PRAGMA page_size").fetchone()[0]
        if size > MAX_COPY_BYTES:
            raise BadInput(
                f"The database {self._database} lives in memory and has {size:,} bytes, more "
                f"than the {MAX_COPY_BYTES:,} that can be asked about; keep it in a file."
            )
        self._folder.mkdir(mode=0o700, exist_ok=True)
        target = sqlite3.connect(self._file(self._number + 1))
        try:
            connection.backup(target)
        finally:
            target.close()
        self._number += 1
        # A statement that is about to start may still open the one before.
        self._file(self._number - 2).unlink(missing_ok=True)


class _Engine:
    """What one Datasette has running: a pool for each event loop, and copies by database."""

    def __init__(self, workers: int) -> None:
        self._workers = max(1, workers)
        self._pools: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Pool] = (
            weakref.WeakKeyDictionary()
        )
        self._folder: Path | None = None
        self._copies: dict[str, _Copy] = {}

    def pool(self) -> _Pool:
        loop = asyncio.get_running_loop()
        if loop not in self._pools:
            self._pools[loop] = _Pool(self._workers)
        return self._pools[loop]

    async def file_of(self, datasette: Datasette, database: str) -> tuple[str, bool]:
        """The file to open for a database, and whether it never changes."""
        db = datasette.get_database(database)
        if db.path is not None:
            return os.path.abspath(db.path), not db.is_mutable  # noqa: ASYNC240, PTH100 - no disk is touched
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="llm-tools-"))
        if database not in self._copies:
            self._copies[database] = _Copy(self._folder / str(len(self._copies)), database)
        return await db.execute_fn(self._copies[database].path_for), True

    def close(self) -> None:
        for pool in list(self._pools.values()):
            pool.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


_ENGINES: weakref.WeakKeyDictionary[Datasette, _Engine] = weakref.WeakKeyDictionary()


def _engine(datasette: Datasette) -> _Engine:
    engine = _ENGINES.get(datasette)
    if engine is None:
        engine = _ENGINES[datasette] = _Engine(read_settings(datasette).query_workers)
        weakref.finalize(datasette, engine.close)
    return engine
