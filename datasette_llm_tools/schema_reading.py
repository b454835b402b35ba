"""Reads a database's schema and a little of its data into a Schema.

What is read is the same for every actor and is kept until the data changes;
what an actor gets is a filter over it. Every read is bounded in time, and a
table that cannot be read is left out rather than failing the rest.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import sqlite3
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast
from weakref import WeakKeyDictionary

from datasette.utils import sqlite_timelimit

from .permissions import Actor, visible_tables
from .schema import Column, ForeignKey, Scalar, Schema, Table

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.database import Database

_DATABASE_SECONDS = 3.0  # after that the remaining tables come without statistics
_COUNT_MS = 50
_SAMPLE_MS = 50
_RANGE_MS = 80
_COUNT_ROWS = 10_000_000
_SAMPLE_ROWS = 1000
_SAMPLES = 3
_ENUM = 6  # a column with no more values than this shows all of them
_SAMPLE_CHARS = 40
_VIEWS_KEPT = 32
# File times tick in steps of some milliseconds: a file touched this recently
# may change again without its time or size showing it.
_SETTLED_NS = 100_000_000

_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")

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
    if key not in kept.views:
        visible = _visible(kept.tables, tables)
        schema = _described(database, visible, description, described, typed)
        while len(kept.views) >= _VIEWS_KEPT:
            kept.views.pop(next(iter(kept.views)))
        kept.views[key] = schema
    return kept.views[key]


def _visible(tables: Iterable[Table], names: frozenset[str]) -> Iterable[Table]:
    """The tables of these names, without the foreign keys that leave them."""
    for table in tables:
        if table.name in names:
            keys = tuple(each for each in table.foreign_keys if each.other_table in names)
            yield table if keys == table.foreign_keys else replace(table, foreign_keys=keys)


def _described(
    database: str,
    tables: Iterable[Table],
    description: str | None,
    described: Mapping[str, Mapping[str | None, str]],
    typed: Mapping[str, Mapping[str, str]],
) -> Schema:
    """The tables with their descriptions and column types, as a Schema."""
    complete = tuple(
        _describe(table, described.get(table.name, {}), typed.get(table.name, {}))
        for table in tables
    )
    digest = hashlib.sha256(repr((database, description, complete)).encode())
    return Schema(database, complete, digest.hexdigest()[:12], description)


def _describe(
    table: Table, descriptions: Mapping[str | None, str], types: Mapping[str, str]
) -> Table:
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
    names = await db.execute_fn(_table_names)
    deadline = time.monotonic() + _DATABASE_SECONDS
    tables: list[Table] = []
    for name, kind in names:
        if name not in hidden:
            table = await db.execute_fn(lambda conn, n=name, k=kind: _table(conn, n, k, deadline))
            if table is not None:
                tables.append(table)
    return _with_resolved_keys(tables)


def _table_names(conn: sqlite3.Connection) -> list[tuple[str, Literal["table", "view"]]]:
    rows = conn.execute(
        "select name, type from sqlite_master where type in ('table', 'view') "
        "and name not like 'sqlite\\_%' escape '\\' order by type, name"
    )
    return [(name, kind) for name, kind in rows]


def _table(
    conn: sqlite3.Connection, name: str, kind: Literal["table", "view"], deadline: float
) -> Table | None:
    """Read one table, or None where SQLite cannot: a broken view, a missing module."""
    try:
        info = conn.execute(f"PRAGMA table_xinfo({_quoted(name)})").fetchall()
        keys = conn.execute(f"PRAGMA foreign_key_list({_quoted(name)})").fetchall()
    except sqlite3.Error:
        return None
    # The last field is 1 for the hidden columns of virtual tables.
    columns = [
        Column(name=column, type=type_, pk=pk, not_null=bool(not_null))
        for _, column, type_, not_null, _, pk, hidden in info
        if hidden != 1
    ]
    if not columns:
        return None
    count = None
    if time.monotonic() < deadline:
        count = _row_count(conn, name)
        columns = _with_statistics(conn, name, columns, count)
    return Table(name, kind, tuple(columns), _foreign_keys(keys), count)


def _foreign_keys(rows: Iterable[tuple[Any, ...]]) -> tuple[ForeignKey, ...]:
    """Foreign keys as declared; a target column left out in the declaration is ''.

    SQLite lists the last declared first.
    """
    pairs: dict[tuple[int, str], list[tuple[str, str]]] = {}
    for number, _, other, column, other_column, *_ in sorted(
        rows, key=lambda row: (-row[0], row[1])
    ):
        pairs.setdefault((number, other), []).append((column, other_column or ""))
    return tuple(
        ForeignKey(tuple(pair[0] for pair in each), other, tuple(pair[1] for pair in each))
        for (_, other), each in pairs.items()
    )


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


def _row_count(conn: sqlite3.Connection, table: str) -> int | None:
    """Count the rows, or None where that takes too long.

    A bare count(*) is one instruction that nothing can interrupt, hence the subquery.
    """
    row = _first_row(
        conn,
        f"select count(*) from (select 1 from {_quoted(table)} limit {_COUNT_ROWS + 1})",  # noqa: S608 - quoted
        _COUNT_MS,
    )
    return cast(int, row[0]) if row and row[0] <= _COUNT_ROWS else None


def _with_statistics(
    conn: sqlite3.Connection, table: str, columns: list[Column], count: int | None
) -> list[Column]:
    """The columns with samples of their text, and ranges of their numbers and dates."""
    values = _first_values(conn, table, columns)
    ranged = [each.name for each, seen in zip(columns, values, strict=True) if _is_ranged(seen)]
    ranges = _ranges(conn, table, ranged, count) if ranged else {}
    return [
        replace(
            each,
            samples=() if each.name in ranged else sample_values(seen),
            minimum=ranges.get(each.name, (None, None))[0],
            maximum=ranges.get(each.name, (None, None))[1],
        )
        for each, seen in zip(columns, values, strict=True)
    ]


def _first_values(
    conn: sqlite3.Connection, table: str, columns: list[Column]
) -> list[list[Scalar]]:
    """For each column the values of the first rows, as far as they came in time.

    No NULLs, no BLOBs, and no more of a long text than tells that it is long.
    """
    expressions = ", ".join(
        f"case typeof({name}) when 'text' then substr({name}, 1, {_SAMPLE_CHARS + 1}) "
        f"when 'blob' then null else {name} end"
        for name in (_quoted(each.name) for each in columns)
    )
    values: list[list[Scalar]] = [[] for _ in columns]
    try:
        with sqlite_timelimit(conn, _SAMPLE_MS):
            for row in conn.execute(
                f"select {expressions} from {_quoted(table)} limit {_SAMPLE_ROWS}"  # noqa: S608 - quoted
            ):
                for seen, value in zip(values, row, strict=True):
                    if value is not None:
                        seen.append(value)
    except sqlite3.Error:
        pass  # out of time, or a view that fails on a row: what came will do
    return values


def sample_values(seen: list[Scalar]) -> tuple[str, ...]:
    """Choose a few values that teach what a column holds, from those of its first rows.

    All of them where there are few; none of prose, hashes and the like.
    """
    texts = [each for each in seen if isinstance(each, str) and each.strip()]
    distinct = list(dict.fromkeys(texts))
    short = [each for each in distinct if len(each) <= _SAMPLE_CHARS and each.isprintable()]
    if not short or len(short) * 2 < len(distinct):
        return ()
    if len(distinct) == len(texts) >= 20:
        length = sum(map(len, short)) / len(short)
        if length > 30 or (length > 15 and not any(" " in each for each in short)):
            return ()
    if len(distinct) == len(short) <= _ENUM and len(texts) > len(short):
        return tuple(short)
    return tuple(short[:_SAMPLES])


def _is_ranged(seen: list[Scalar]) -> bool:
    """Whether these are all numbers, or all ISO dates."""
    if not seen:
        return False
    if all(isinstance(each, (int, float)) for each in seen):
        return True
    return all(isinstance(each, str) and _ISO_DATE.fullmatch(each) for each in seen)


def _ranges(
    conn: sqlite3.Connection, table: str, names: list[str], count: int | None
) -> dict[str, tuple[Scalar, Scalar]]:
    """Exact smallest and largest values: of all columns in time, or else of the indexed ones."""
    found: dict[str, tuple[Scalar, Scalar]] = {}
    source = f"from {_quoted(table)}"
    if count is not None:
        both = ", ".join(f"min({_quoted(name)}), max({_quoted(name)})" for name in names)
        row = _first_row(conn, f"select {both} {source}", _RANGE_MS)
        if row:
            found = {name: (row[2 * i], row[2 * i + 1]) for i, name in enumerate(names)}
    if not found:
        for name in _indexed(conn, table) & set(names):
            low = _first_row(conn, f"select min({_quoted(name)}) {source}", _RANGE_MS)
            high = _first_row(conn, f"select max({_quoted(name)}) {source}", _RANGE_MS)
            if low and high:
                found[name] = (low[0], high[0])
    return {name: pair for name, pair in found.items() if _is_range(*pair)}


def _is_range(low: Any, high: Any) -> bool:
    if isinstance(low, str) and isinstance(high, str):
        return bool(_ISO_DATE.fullmatch(low) and _ISO_DATE.fullmatch(high))
    return all(isinstance(each, (int, float)) and isfinite(each) for each in (low, high))


def _indexed(conn: sqlite3.Connection, table: str) -> set[str]:
    """Columns that stand first in an index, whose extremes SQLite finds at once."""
    names: set[str] = set()
    for index in conn.execute(f"PRAGMA index_list({_quoted(table)})").fetchall():
        first = conn.execute(f"PRAGMA index_info({_quoted(index[1])})").fetchone()
        partial = index[4]
        if first and first[2] and not partial:
            names.add(first[2])
    return names


def _first_row(conn: sqlite3.Connection, sql: str, ms: int) -> tuple[Any, ...] | None:
    """The first row, or None on an error or when time is up."""
    try:
        with sqlite_timelimit(conn, ms):
            return cast("tuple[Any, ...] | None", conn.execute(sql).fetchone())
    except sqlite3.Error:
        return None


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))
