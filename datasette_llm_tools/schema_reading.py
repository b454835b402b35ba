"""Reads a database's schema and a little of its data into a Schema.

What is read is the same for every actor and is kept until the data changes;
what an actor gets is a filter over it. Every read is bounded in time, and a
table that cannot be read is left out rather than failing the rest.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from .permissions import Actor, visible_tables
from .schema import ForeignKey, Schema, Table
from .table_reading import read_table, table_names

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.database import Database

_DATABASE_SECONDS = 3.0  # after that the remaining tables come without statistics
_VIEWS_KEPT = 32
# File times tick in steps of some milliseconds: a file touched this recently
# may change again without its time or size showing it.
_SETTLED_NS = 100_000_000

_State = tuple[Any, ...]


@dataclass
class _Kept:
    """What was read of one database, the state it was in, and the recent actors' views of it."""

    state: _State | None = None
    tables: tuple[Table, ...] = ()
    views: dict[Any, Schema] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


_kept: WeakKeyDictionary[Database, _Kept] = WeakKeyDictionary()


async def read_schema(
    datasette: Datasette,
    database: str,
    actor: Actor,
    *,
    tables: frozenset[str] | None = None,
) -> Schema:
    """Return what `actor` may see of a database: tables first, then views, each by name.

    `tables` are the names the actor may view, asked of Datasette if not given.
    Permissions on the database itself are for the caller to check.
    """
    if tables is None:
        tables = await visible_tables(datasette, actor, database)
    kept = await _read_statistics(datasette.get_database(database))
    description, described, typed = await _read_metadata(datasette, database)
    key = (tables, repr((description, described, typed)))
    views = kept.views  # when the data changes, another dict takes its place
    if key not in views:
        visible = _visible(kept.tables, tables)
        # In a thread, because ten thousand columns take 15 ms and more.
        schema = await asyncio.to_thread(
            _as_schema, database, visible, description, described, typed
        )
        while len(views) >= _VIEWS_KEPT:
            views.pop(next(iter(views)))
        views.setdefault(key, schema)
    return views[key]


def _visible(tables: Iterable[Table], names: frozenset[str]) -> Iterable[Table]:
    """The tables of these names, without the foreign keys that leave them."""
    for table in tables:
        if table.name in names:
            keys = tuple(each for each in table.foreign_keys if each.other_table in names)
            yield table if keys == table.foreign_keys else replace(table, foreign_keys=keys)


def _as_schema(
    database: str,
    tables: Iterable[Table],
    description: str | None,
    described: Mapping[str, Mapping[str | None, str]],
    typed: Mapping[str, Mapping[str, str]],
) -> Schema:
    """The tables with their descriptions and column types, as a Schema."""
    complete = tuple(
        _described(table, described.get(table.name, {}), typed.get(table.name, {}))
        for table in tables
    )
    digest = hashlib.sha256(repr((database, description, complete)).encode())
    return Schema(database, complete, digest.hexdigest()[:12], description)


def _described(
    table: Table, descriptions: Mapping[str | None, str], types: Mapping[str, str]
) -> Table:
    """The table with its description, found under None, and its columns' ones and types."""
    if not descriptions and not types:
        return table
    columns = tuple(
        replace(each, description=descriptions.get(each.name), column_type=types.get(each.name))
        for each in table.columns
    )
    return replace(table, columns=columns, description=descriptions.get(None))


async def _read_metadata(
    datasette: Datasette, database: str
) -> tuple[str | None, dict[str, dict[str | None, str]], dict[str, dict[str, str]]]:
    """Descriptions of the database, its tables (key None) and columns, and the column types.

    Read for all tables at once: Datasette's own getters would cost a query a column.
    """
    internal = datasette.get_internal_database()
    rows = await internal.execute(
        "select resource_name, null as column_name, value from metadata_resources "
        "where database_name = :database and key = 'description' union all "
        "select resource_name, column_name, value from metadata_columns "
        "where database_name = :database and key = 'description' order by 1, 2",
        {"database": database},
    )
    described: dict[str, dict[str | None, str]] = {}
    for table, column, value in rows.rows:
        if isinstance(value, str) and value.strip():
            described.setdefault(table, {})[column] = value
    assigned = await internal.execute(
        "select distinct resource_name from column_types where database_name = ? order by 1",
        [database],
    )
    typed = {
        table: {
            column: each.name
            for column, each in (await datasette.get_column_types(database, table)).items()
        }
        for (table,) in assigned.rows
    }
    of_database = await datasette.get_database_metadata(database)
    return of_database.get("description"), described, typed


async def _read_statistics(db: Database) -> _Kept:
    """Return what is kept of the database, read anew if it has changed since."""
    kept = _kept.setdefault(db, _Kept())
    async with kept.lock:
        state, settled = await db.execute_fn(lambda conn: _state(db, conn))
        if state != kept.state:
            kept.tables = await _read_tables(db)
            kept.views = {}
        kept.state = state if settled else None
    return kept


def _state(db: Database, conn: sqlite3.Connection) -> tuple[_State, bool]:
    """What changes whenever the data does, and whether it can be relied on next time.

    Files are looked at from outside only: closing a file that SQLite has open
    in this process would drop its locks (sqlite.org/howtocorrupt.html, 2.2).
    `data_version` means something on one connection only, so a database in
    memory is read once for each of Datasette's threads.
    """
    if db.is_memory:
        (version,) = conn.execute("PRAGMA data_version").fetchone()
        (cookie,) = conn.execute("PRAGMA schema_version").fetchone()
        return ("memory", id(conn), version, cookie), True
    if not db.is_mutable:
        return ("immutable",), True
    path = Path(db.path).resolve()
    state: list[Any] = ["file"]
    newest = 0
    for file in (path, path.with_name(f"{path.name}-wal")):
        try:
            stat = file.stat()
        except FileNotFoundError:
            continue
        if stat.st_size:  # an empty -wal comes and goes with connections and holds nothing
            state.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
            newest = max(newest, stat.st_mtime_ns)
    return tuple(state), time.time_ns() - newest > _SETTLED_NS


async def _read_tables(db: Database) -> tuple[Table, ...]:
    """Read every table and view that Datasette does not hide.

    One hop to Datasette's threads for each table, so that other people's
    queries get their turn in between.
    """
    hidden = set(await db.hidden_table_names())
    names = await db.execute_fn(table_names)
    deadline = time.monotonic() + _DATABASE_SECONDS
    tables: list[Table] = []
    for name, kind in names:
        if name not in hidden:
            table = await db.execute_fn(
                lambda conn, n=name, k=kind: read_table(conn, n, k, deadline)
            )
            if table is not None:
                tables.append(table)
    return _with_resolved_keys(tables)


def _with_resolved_keys(tables: list[Table]) -> tuple[Table, ...]:
    """Targets of foreign keys spelled as their tables spell them; those without one left out."""
    by_name = {table.name.lower(): table for table in tables}

    def resolved(key: ForeignKey) -> ForeignKey | None:
        other = by_name.get(key.other_table.lower())
        if other is None:
            return None
        names = key.other_columns
        if not all(names):
            pks = sorted((each for each in other.columns if each.pk), key=lambda each: each.pk)
            names = tuple(each.name for each in pks)
        found = [each.name for name in names if (each := other.column(name))]
        if len(found) != len(key.columns):
            return None
        return ForeignKey(key.columns, other.name, tuple(found))

    return tuple(
        replace(
            table, foreign_keys=tuple(key for each in table.foreign_keys if (key := resolved(each)))
        )
        if table.foreign_keys
        else table
        for table in tables
    )
