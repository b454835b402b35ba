"""Reads and writes our tables in an enriched database; SQLite's refusals come out as our errors.

A lock or a full disk is nobody's mistake: what was to be written is still in the
caller's hands, and may be written later.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import Conflict, LlmToolsError, NotFound, RunPaused
from ...permissions import OWN_TABLES
from .fitting import MISFITS

if TYPE_CHECKING:
    from datasette.app import Datasette

T = TypeVar("T")

_logger = logging.getLogger("datasette_llm_tools.enrichments")


class LeaseLost(LlmToolsError):
    """Somebody else works on the run now, or it has ended: leave it alone."""

    status = 409


class DatabaseLocked(Conflict):
    """Another process holds the database's lock: the same can be written in a moment."""


class Unreadable(LlmToolsError):
    """What our tables hold was not written by this program, or not by this version."""

    status = 409

    def __init__(self, database: str) -> None:
        super().__init__(
            f"What the database {database} holds of runs was changed by something else than this "
            "program and cannot be read; enrich the table anew."
        )


async def read(
    datasette: Datasette, database: str, ask: Callable[[sqlite3.Connection], T], otherwise: T
) -> T:
    """What `ask` finds on a read connection, or `otherwise` where our tables were never made."""
    db = datasette.databases.get(database)
    if db is None:
        raise NotFound(f"There is no database called {database} here.")

    def inner(connection: sqlite3.Connection) -> T:
        return otherwise if _is_dressed_up(connection) else ask(connection)

    try:
        found: T = await db.execute_fn(inner)
    except sqlite3.Error as error:
        if "no such table: _llm_tools_" in str(error):
            return otherwise
        raise error_of(error, database) from error
    except MISFITS as error:
        _logger.exception("The runs of %s cannot be read.", database)
        raise Unreadable(database) from error
    return found


async def write(
    datasette: Datasette, database: str, change: Callable[[sqlite3.Connection], T]
) -> T:
    """Run `change` in one transaction on the database's write connection.

    Raises DatabaseLocked, RunPaused where the disk is full or may not be written to, and
    whatever `change` raises; nothing is changed then.
    """
    db = datasette.databases.get(database)
    if db is None:
        raise NotFound(f"There is no database called {database} here.")
    if not db.is_mutable:
        raise RunPaused(f"The database {database} is served as immutable; serve it to be written.")
    outcome = await db.execute_write_fn(_in_transaction(change, database), transaction=False)
    if isinstance(outcome, Exception):
        raise outcome
    changed: T = outcome
    return changed


def _in_transaction(
    change: Callable[[sqlite3.Connection], T], database: str
) -> Callable[[Any], T | Exception]:
    """The change in a transaction of ours, with what was expected to go wrong as a value.

    Datasette would print it, and would commit after `change` has returned, where a
    deferred foreign key can still refuse the whole (sqlite3.IntegrityError).
    """

    def inner(connection: Any) -> T | Exception:
        try:
            connection.execute("BEGIN IMMEDIATE")
            if _is_dressed_up(connection):
                raise Unreadable(database)
            changed = change(connection)
            connection.commit()
        except (LlmToolsError, sqlite3.IntegrityError) as error:
            connection.rollback()
            return error
        except sqlite3.Error as error:
            connection.rollback()
            return error_of(error, database)
        except MISFITS:
            connection.rollback()
            _logger.exception("The runs of %s cannot be read.", database)
            return Unreadable(database)
        except BaseException:
            connection.rollback()
            raise
        return changed

    return inner


def _is_dressed_up(connection: sqlite3.Connection) -> bool:
    """Whether a view goes by a name of ours: looking at it may take for ever."""
    found = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'view' AND substr(lower(name), 1, ?) = ?",
        [len(OWN_TABLES), OWN_TABLES],
    )
    return found.fetchone() is not None


def error_of(error: sqlite3.Error, database: str) -> LlmToolsError:
    """What SQLite's refusal means for a run."""
    said = str(error)
    if "locked" in said or "busy" in said:
        return DatabaseLocked(
            f"The database {database} is locked by another process; wait until that is done."
        )
    if "full" in said:
        return RunPaused(
            f"The disk that holds the database {database} is full; make room and resume the run."
        )
    if "readonly" in said or "unable to open" in said:
        return RunPaused(
            f"The database {database} cannot be written to; let the server write to the file "
            "and its folder, and resume the run."
        )
    return RunPaused(
        f"SQLite could not go on with the database {database}: {said}. Resume the run when "
        "that is mended."
    )


def now() -> str:
    """This moment as it is stored: ISO 8601 in UTC, to the millisecond."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
