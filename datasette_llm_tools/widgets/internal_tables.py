"""Our tables in the internal database as they are read and written: whole changes or none.

A full disk and a locked database are said in a sentence, since people can do something about them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import Conflict

if TYPE_CHECKING:
    from datasette.app import Datasette

Done = TypeVar("Done")


async def read(datasette: Datasette, sql: str, values: Any) -> list[Any]:
    """The rows of a query over our tables. Raises Conflict."""
    with _in_words():
        rows = await datasette.get_internal_database().execute(sql, values)
    return list(rows.rows)


async def write(datasette: Datasette, change: Callable[[sqlite3.Connection], Done]) -> Done:
    """Make a change in one transaction. Raises Conflict, and what the change raises."""
    with _in_words():
        done: Done = await datasette.get_internal_database().execute_write_fn(change)
    return done


@contextmanager
def _in_words() -> Iterator[None]:
    """What SQLite says of a disk that is full or locked, as a sentence with what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        said = str(error)
        if "full" in said or "readonly" in said or "disk I/O" in said:
            raise Conflict(
                "The internal database, in which these are kept, cannot be written to "
                f"({said}); nothing was changed. Make room there and try again."
            ) from error
        if "locked" in said or "busy" in said:
            raise Conflict(
                "The internal database, in which these are kept, is locked by another "
                "process; nothing was changed. Try again in a moment."
            ) from error
        raise


def insert(connection: sqlite3.Connection, table: str, columns: str, values: list[Any]) -> None:
    """Add a row."""
    marks = ", ".join("?" * len(values))
    connection.execute(f"insert into {table} ({columns}) values ({marks})", values)  # noqa: S608 -- no caller has names from people


def now() -> str:
    """The time as it is kept: ISO 8601 in UTC."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
