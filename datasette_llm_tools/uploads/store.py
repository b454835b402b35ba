"""A file becomes a table: all of it, or nothing.

The rows first go into a temporary SQLite file (staging.py), while nobody waits.
Then one transaction copies that finished table into the database.
The two have the same columns, which lets SQLite move whole records without
decoding them, so the database is locked for a small part of the load.
In Datasette the copy runs on the database's own write thread: a connection
beside it would make other people's writes fail with "database is locked".

A file whose sender chose no database goes into UPLOADS, which lies beside the internal database.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasette.database import Database
from datasette.events import CreateTableEvent
from datasette.utils.sqlite import sqlite3

from ..errors import UploadRejected
from ..kept_databases import KeptDatabase
from ..permissions import keep_from_anonymous
from ..sql_names import quoted
from .naming import table_name, unique_name
from .reading import FileColumn, Progress
from .staging import FILENAME, StagedTable, rejected, stage, stage_aside

if TYPE_CHECKING:
    from datasette.app import Datasette

# "llmu" in ASCII, as PRAGMA application_id holds it. What people dropped is not for everybody
# on a public server.
UPLOADS = KeptDatabase("uploads_database", 0x6C6C6D75, keep_from_anonymous)
# How many of SQLite's steps lie between two looks at whether to stop.
_STEPS = 100_000


@dataclass(frozen=True, slots=True)
class UploadResult:
    """The table that a file became. `notes` are sentences for the person who dropped it."""

    table: str
    rows: int
    columns: tuple[FileColumn, ...]
    notes: tuple[str, ...]


def load_file(
    path: Path,
    filename: str,
    database_path: Path,
    table: str | None = None,
    progress: Progress | None = None,
) -> UploadResult:
    """Load a file into a table of the SQLite file at `database_path`, which is made if need be.

    `table` is the wanted name, by default made from `filename`; a number is added where it is
    taken. Raises UploadRejected, and whatever `progress` raises; nothing is written then.
    """
    with tempfile.TemporaryDirectory(prefix="llm-tools-") as folder:
        staged = stage(path, filename, Path(folder), progress)
        with closing(sqlite3.connect(database_path)) as connection:
            name = copy_table(connection, Path(folder) / FILENAME, table or table_name(filename))
    return _result(name, staged)


async def load_upload(
    datasette: Datasette,
    database: Database,
    path: Path,
    filename: str,
    *,
    actor: dict[str, Any] | None,
    table: str | None = None,
) -> UploadResult:
    """Load a file into a table of a database that Datasette serves, and tell Datasette of it.

    The event loop stays free. Cancelling stops the load, waits until it has stopped, and leaves
    nothing. Raises UploadRejected.
    """
    stop = threading.Event()
    work = asyncio.ensure_future(_load(database, path, filename, table, stop))
    try:
        result = await asyncio.shield(work)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.gather(work, return_exceptions=True)
        raise
    await _announce(datasette, database, result.table)
    schema = await database.get_table_definition(result.table)
    await datasette.track_event(
        CreateTableEvent(actor, database=database.name, table=result.table, schema=schema)
    )
    return result


async def _load(
    database: Database, path: Path, filename: str, table: str | None, stop: threading.Event
) -> UploadResult:
    wanted = table or table_name(filename)
    async with temporary_folder() as folder:
        staged = await asyncio.to_thread(stage_aside, path, filename, folder, stop)
        # Our own transaction: SQLite attaches no file while one is open.
        name = await database.execute_write_fn(
            lambda connection: copy_table(connection, folder / FILENAME, wanted, stop.is_set),
            transaction=False,
        )
    return _result(name, staged)


@asynccontextmanager
async def temporary_folder() -> AsyncGenerator[Path, None]:
    """A folder that is deleted in a thread: that takes a second where it holds 200 MB."""
    folder = tempfile.TemporaryDirectory(prefix="llm-tools-")
    try:
        yield Path(folder.name)
    finally:
        await asyncio.to_thread(folder.cleanup)


def copy_table(
    connection: Any, staged: Path, wanted: str, is_stopped: Callable[[], bool] = lambda: False
) -> str:
    """Copy the table `rows` of the file `staged` in one transaction and return its new name.

    Raises UploadRejected if SQLite cannot, or if `is_stopped` says so in between.
    """
    try:
        connection.execute("ATTACH ? AS llm_tools_staged", [str(staged)])
        try:
            connection.set_progress_handler(is_stopped, _STEPS)
            connection.execute("BEGIN IMMEDIATE")
            taken = {row[0] for row in connection.execute("SELECT name FROM main.sqlite_master")}
            name = unique_name(wanted, taken)
            (sql,) = connection.execute(
                "SELECT sql FROM llm_tools_staged.sqlite_master WHERE name = 'rows'"
            ).fetchone()
            columns = sql[sql.index("(") :]
            connection.execute(f"CREATE TABLE main.{quoted(name)} {columns}")
            copied = "SELECT * FROM llm_tools_staged.rows"
            connection.execute(f"INSERT INTO main.{quoted(name)} {copied}")
            if is_stopped():
                raise UploadRejected("The upload was stopped; nothing was written.")
            connection.commit()
        finally:
            connection.set_progress_handler(None, 0)
            connection.rollback()
            connection.execute("DETACH llm_tools_staged")
    except sqlite3.Error as error:
        raise rejected(error) from error
    return name


def _result(name: str, staged: StagedTable) -> UploadResult:
    return UploadResult(name, staged.rows, staged.columns, staged.notes)


async def _announce(datasette: Datasette, database: Database, table: str) -> None:
    """Wait until Datasette's catalog, which permissions are decided by, has the table.

    A refresh that is under way when ours is asked for swallows it, and may have read the
    schema before our table was there.
    """
    internal = datasette.get_internal_database()
    sql = "SELECT 1 FROM catalog_tables WHERE database_name = ? AND table_name = ?"
    for _ in range(100):
        await datasette.refresh_schemas(force=True)
        if (await internal.execute(sql, [database.name, table])).rows:
            return
        await asyncio.sleep(0.05)
