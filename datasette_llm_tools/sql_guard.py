"""May this SQL run for this actor? SQLite's own authorizer asks, on a connection of our own.

A statement is compiled and judged before it runs, and judged again while it does.
Standard library only: query_worker.py loads this file.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Collection, Mapping
from itertools import count
from typing import Any, TypeVar

from .sql_catalog import Catalog, read_catalog
from .sql_functions import bound_printf
from .sql_judgement import Allowed, Judgement, Rejected, check_text
from .sql_limits import Limits
from .sql_names import fold

T = TypeVar("T")


def database_uri(path: str, immutable: bool) -> str:
    """The `file:` URI that opens exactly this file for reading, whatever its name contains."""
    full = os.fsencode(os.path.abspath(path))  # noqa: PTH100 - pathlib costs the worker 10 ms
    if os.sep == "\\":
        full = b"/" + full.replace(b"\\", b"/")
    plain = b"/:-_.~"
    escaped = "".join(
        chr(byte) if (byte < 128 and chr(byte).isalnum()) or byte in plain else f"%{byte:02X}"
        for byte in full
    )
    return f"file://{escaped}?{'immutable=1' if immutable else 'mode=ro'}"


class Guard:
    """A read-only connection to one database file on which only allowed statements run.

    `tables` are the names that the actor may see. Raises sqlite3.Error when the file
    cannot be opened as a database.
    """

    def __init__(self, path: str, *, immutable: bool, tables: Collection[str]) -> None:
        self._visible = {fold(name) for name in tables}
        self._statements = count()
        self._catalog: Catalog | None = None
        self._schema_version: int | None = None
        self._judgement: Judgement | None = None  # None: the statement is our own
        self.deadline = float("inf")  # by time.perf_counter(); "interrupted" is raised then
        self.connection = sqlite3.connect(
            database_uri(path, immutable),
            uri=True,
            timeout=2.0,
            isolation_level=None,
            cached_statements=0,
        )
        self.connection.text_factory = lambda raw: str(raw, "utf-8", "replace")
        self._limits = Limits(self.connection)
        for pragma in (
            "query_only=1",
            "trusted_schema=0",
            "cell_size_check=1",
            "mmap_size=0",
            "temp_store=2",  # a large sort must meet the memory limit, not fill the disk
        ):
            self.connection.execute(f"PRAGMA {pragma}")
        if not self._limits.are_kept:
            bound_printf(self.connection)
        self.connection.set_authorizer(self._authorize)
        self.connection.set_progress_handler(self._is_late, 5000)

    def close(self) -> None:
        self.connection.close()

    def judge(self, sql: str, params: Mapping[str, Any] | None = None) -> Allowed | Rejected:
        """Compile a statement without running it. Raises sqlite3.Error when it is faulty."""
        outcome: tuple[Allowed, list[None]] | Rejected = self._run(sql, params or {}, None)
        return outcome if isinstance(outcome, Rejected) else outcome[0]

    def run(
        self, sql: str, params: Mapping[str, Any], take: Callable[[sqlite3.Cursor], T]
    ) -> tuple[Allowed, T] | Rejected:
        """Run one statement and return what `take` made of its cursor, or the rejection.

        Raises sqlite3.Error with SQLite's own message, and MemoryError.
        """
        outcome = self._run(sql, params, take)
        if isinstance(outcome, Rejected):
            return outcome
        return outcome[0], outcome[1][0]

    def _run(
        self, sql: str, params: Mapping[str, Any], take: Callable[[sqlite3.Cursor], T] | None
    ) -> tuple[Allowed, list[T]] | Rejected:
        """Judge a statement and, with `take`, run it; the list holds what was taken."""
        if rejected := check_text(sql):
            return rejected
        taken: list[T] = []
        # One transaction: the schema that is studied is the schema that is read, and no
        # writer's lock can cut a study short.
        self.connection.execute("BEGIN")
        try:
            judgement = self._judgement = Judgement(sql, self._current_catalog())
            judgement.read_program(self._execute("EXPLAIN " + sql, params))
            if take is not None and judgement.rejected is None:
                cursor = self._execute(sql, params)
                taken.append(take(cursor))
                cursor.close()
            return judgement.rejected or (judgement.allowed(), taken)
        except (sqlite3.Error, sqlite3.Warning) as error:
            if self._judgement and (rejected := self._judgement.rejection_behind(error)):
                return rejected
            raise
        finally:
            self._judgement = None
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    def _execute(self, sql: str, params: Mapping[str, Any]) -> sqlite3.Cursor:
        # sqlite3 in Python 3.10 reuses compiled statements, past the authorizer, whatever
        # it is told: a number makes each one new.
        return self.connection.execute(f"/*{next(self._statements)}*/{sql}", params)

    def _current_catalog(self) -> Catalog:
        """What the database holds, studied anew when its schema has changed."""
        (version,) = self.connection.execute("PRAGMA schema_version").fetchone()
        if self._catalog is None or version != self._schema_version:
            self._limits.lift()
            try:
                self._catalog = read_catalog(self.connection, self._visible)
            finally:
                self.connection.set_authorizer(self._authorize)
            self._limits.impose()
            self._schema_version = version
        return self._catalog

    def _authorize(
        self, action: int, first: str | None, second: str | None, _: str | None, via: str | None
    ) -> int:
        if self._judgement is None:
            return sqlite3.SQLITE_OK
        objection = self._judgement.objection(action, first or "", second or "", via)
        return sqlite3.SQLITE_DENY if objection else sqlite3.SQLITE_OK

    def _is_late(self) -> bool:
        # Never in a study: a virtual table that came too late would count as a broken one.
        return self._judgement is not None and time.perf_counter() > self.deadline
