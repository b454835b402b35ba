"""Suites and cases as plain tables; with run_store.py the only SQL over them.

They have a database of their own, which Datasette shows like any other: EVALS on a server, a file
on the command line. Whoever has the database may read questions, accepted rows and SQL in it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from datasette.database import Database

from ..errors import BadInput, NotFound
from ..kept_databases import KeptDatabase
from ..migrations import evals
from ..permissions import keep_for_root
from .records import case_of, case_row
from .values import Case, Suite

if TYPE_CHECKING:
    from datasette.app import Datasette

# "llme" in ASCII, as PRAGMA application_id holds it.
EVALS = KeptDatabase("evals_database", 0x6C6C6D65, keep_for_root)


_ready: WeakKeyDictionary[Datasette, Database] = WeakKeyDictionary()


async def opened(datasette: Datasette) -> Database:
    """The database of suites of a server, made at its first use. Raises BadInput."""
    if datasette not in _ready:
        database = await EVALS.add(datasette)
        await database.execute_write_fn(evals.apply, transaction=False)
        _ready[datasette] = database
    return _ready[datasette]


def is_there(datasette: Datasette) -> bool:
    """Whether a server has a database of suites already."""
    return EVALS.name(datasette) in datasette.databases


async def opened_file(datasette: Datasette, path: Path) -> Database:
    """The file that keeps suites and runs, made if need be. Raises BadInput."""
    await asyncio.to_thread(_make_file, path)
    database = Database(datasette, path=str(path), is_mutable=True)
    datasette.add_database(database, name=f"kept in {path.name}")
    try:
        await database.execute_write_fn(evals.apply, transaction=False)
    except sqlite3.Error as error:
        raise BadInput(f"{path} cannot keep runs: {error}; name another file.") from error
    return database


def _make_file(path: Path) -> None:
    if path.exists() and path.stat().st_size:
        return
    try:
        EVALS.make_file(path)
    except sqlite3.Error as error:
        raise BadInput(f"{path} cannot be written: {error}.") from error


async def save_suite(database: Database, suite: Suite) -> None:
    """Keep a suite, over one of the same name; results of cases that are gone stay."""

    def write(connection: sqlite3.Connection) -> None:
        connection.execute(
            """
            INSERT INTO eval_suites (name, description, columns_in_order, tolerance, updated_at)
            VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET description = excluded.description,
                columns_in_order = excluded.columns_in_order, tolerance = excluded.tolerance,
                updated_at = excluded.updated_at
            """,
            [suite.name, suite.description, suite.columns_in_order, suite.tolerance, now()],
        )
        connection.execute("DELETE FROM eval_cases WHERE suite = ?", [suite.name])
        connection.executemany(
            "INSERT INTO eval_cases VALUES (?, ?, ?, ?, ?, ?, ?)",
            [case_row(suite.name, number, case) for number, case in enumerate(suite.cases)],
        )

    await database.execute_write_fn(write)


async def add_case(database: Database, suite: str, case: Case) -> None:
    """Add a case to a suite, which is made if need be, or put it in the place of its id's."""

    def write(connection: sqlite3.Connection) -> None:
        new = Suite(suite, ())
        connection.execute(
            "INSERT OR IGNORE INTO eval_suites VALUES (?, '', ?, ?, ?)",
            [suite, new.columns_in_order, new.tolerance, now()],
        )
        (number,) = connection.execute(
            """
            SELECT coalesce(max(CASE WHEN id = ? THEN position END), max(position) + 1, 0)
            FROM eval_cases WHERE suite = ?
            """,
            [case.id, suite],
        ).fetchone()
        connection.execute(
            "INSERT OR REPLACE INTO eval_cases VALUES (?, ?, ?, ?, ?, ?, ?)",
            case_row(suite, number, case),
        )

    await database.execute_write_fn(write)


async def drop_case(database: Database, suite: str, case_id: str) -> bool:
    """Take a case out of a suite; its results stay. Whether it was there."""

    def write(connection: sqlite3.Connection) -> bool:
        sql = "DELETE FROM eval_cases WHERE suite = ? AND id = ?"
        return bool(connection.execute(sql, [suite, case_id]).rowcount)

    was_there: bool = await database.execute_write_fn(write)
    return was_there


async def suites_with(database: Database, case_id: str) -> tuple[str, ...]:
    """The suites that have a case of that id."""
    found = await read_rows(
        database, "SELECT suite FROM eval_cases WHERE id = ? ORDER BY suite", case_id
    )
    return tuple(row["suite"] for row in found)


async def delete_suite(database: Database, name: str) -> None:
    """Forget a suite with its cases, runs and results."""

    def write(connection: sqlite3.Connection) -> None:
        # By hand: whether references are enforced is up to each connection.
        connection.execute(
            "DELETE FROM eval_results WHERE run IN (SELECT id FROM eval_runs WHERE suite = ?)",
            [name],
        )
        for sql in (
            "DELETE FROM eval_runs WHERE suite = ?",
            "DELETE FROM eval_cases WHERE suite = ?",
            "DELETE FROM eval_suites WHERE name = ?",
        ):
            connection.execute(sql, [name])

    await database.execute_write_fn(write)


async def suite_names(database: Database) -> tuple[str, ...]:
    """The suites that are kept, by name."""
    found = await read_rows(database, "SELECT name FROM eval_suites ORDER BY name")
    return tuple(row["name"] for row in found)


async def suite_of(database: Database, name: str) -> Suite:
    """A suite with its cases. Raises NotFound."""
    found = await read_rows(database, "SELECT * FROM eval_suites WHERE name = ?", name)
    if not found:
        known = ", ".join(await suite_names(database)) or "none"
        raise NotFound(f"There is no suite called {name} here, only: {known}.")
    cases = await read_rows(
        database, "SELECT * FROM eval_cases WHERE suite = ? ORDER BY position", name
    )
    return Suite(
        name=name,
        cases=tuple(map(case_of, cases)),
        description=found[0]["description"],
        columns_in_order=bool(found[0]["columns_in_order"]),
        tolerance=found[0]["tolerance"],
    )


async def read_rows(database: Database, sql: str, *values: Any) -> list[sqlite3.Row]:
    """All rows, for us alone: Datasette's own reading stops at a thousand."""

    def read(connection: sqlite3.Connection) -> list[sqlite3.Row]:
        with closing(connection.cursor()) as cursor:
            cursor.row_factory = sqlite3.Row
            return cursor.execute(sql, values).fetchall()

    found: list[sqlite3.Row] = await database.execute_fn(read)
    return found


def now() -> str:
    """The time as our tables keep it."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
