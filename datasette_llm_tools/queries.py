"""Runs guarded SQL as an actor, in processes that can be killed: the only way model SQL runs."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from . import permissions
from .errors import (
    LlmToolsError,
    NotAllowed,
    NotFound,
    QueryFailed,
    QueryTimedOut,
    SqlRejected,
)
from .memory_copies import MemoryCopy
from .query_pool import QueryPool
from .settings import Settings, read_settings

if TYPE_CHECKING:
    from datasette.app import Datasette

Value = str | int | float | bytes | None


class Rows(Protocol):
    """A result: the names of its columns, and rows as long as they are."""

    @property
    def columns(self) -> Sequence[str]: ...
    @property
    def rows(self) -> Sequence[Sequence[Any]]: ...


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
    """What one statement may take: time, address space, rows, and bytes of cells.

    `skip` rows come before them that nobody wants. The names are those of a request to
    query_worker.py.
    """

    milliseconds: int
    memory_bytes: int
    rows: int
    result_bytes: int
    skip: int = 0

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
        **asdict(limits),
    }
    answer = await engine.pool().ask(request)
    if answer["kind"] != "rows":
        raise _error(answer, limits)
    return _result(answer)


async def close_workers(datasette: Datasette) -> None:
    """End the worker processes of a Datasette and remove its copies; for the shutdown hook."""
    engine = _ENGINES.pop(datasette, None)
    if engine is not None:
        await asyncio.to_thread(engine.close)


def _result(answer: dict[str, Any]) -> QueryResult:
    return QueryResult(
        columns=tuple(answer["columns"]),
        rows=tuple(map(tuple, answer["rows"])),
        truncated=answer["truncated"],
        milliseconds=answer["milliseconds"],
        tables=tuple(answer["tables"]),
        sources=frozenset((table, column) for table, column in answer["sources"]),
    )


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


class _Engine:
    """What one Datasette has running: a pool for each event loop, and copies by database."""

    def __init__(self, workers: int) -> None:
        self._workers = max(1, workers)
        self._pools: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, QueryPool] = (
            weakref.WeakKeyDictionary()
        )
        self._folder: Path | None = None
        self._copies: dict[str, MemoryCopy] = {}

    def pool(self) -> QueryPool:
        loop = asyncio.get_running_loop()
        if loop not in self._pools:
            self._pools[loop] = QueryPool(self._workers)
        return self._pools[loop]

    async def file_of(self, datasette: Datasette, database: str) -> tuple[str, bool]:
        """The file to open for a database, and whether it never changes."""
        db = datasette.get_database(database)
        if db.path is not None:
            return os.path.abspath(db.path), not db.is_mutable  # noqa: ASYNC240, PTH100 - no disk is touched
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="llm-tools-"))
        if database not in self._copies:
            self._copies[database] = MemoryCopy(self._folder / str(len(self._copies)), database)
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
