"""Reads one table or view: its columns and keys, and a little of its data.

Every read is bounded in time; what did not come in time is not told. All of it
runs in a thread of Datasette's, on its connection.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any, cast

from datasette.utils import detect_primary_keys, sqlite_timelimit

from .schema import SAMPLE_CHARS, SAMPLES, Column, ForeignKey, Kind, Scalar, Table
from .sql_names import quoted

if TYPE_CHECKING:
    from datasette.database import Database

_COUNT_MS = 50
_SAMPLE_MS = 50
_RANGE_MS = 80
_COUNT_ROWS = 10_000_000
_SAMPLE_ROWS = 1000
_ENUM = 6  # a column with no more values than this shows all of them

_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")


async def row_keys(database: Database, table: str) -> list[str]:
    """The columns that tell the rows of a table apart: its primary key, or the rowid."""
    keys = await database.execute_fn(lambda conn: detect_primary_keys(conn, table))
    return list(keys) or ["rowid"]


def table_names(conn: sqlite3.Connection) -> list[tuple[str, Kind]]:
    rows = conn.execute(
        "select name, type from sqlite_master where type in ('table', 'view') "
        "and name not like 'sqlite\\_%' escape '\\' order by type, name"
    )
    return [(name, kind) for name, kind in rows]


def read_table(conn: sqlite3.Connection, name: str, kind: Kind, deadline: float) -> Table | None:
    """Read one table, or None where SQLite cannot: a broken view, a missing module."""
    try:
        info = conn.execute(f"PRAGMA table_xinfo({quoted(name)})").fetchall()
        keys = conn.execute(f"PRAGMA foreign_key_list({quoted(name)})").fetchall()
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


def _row_count(conn: sqlite3.Connection, table: str) -> int | None:
    """Count the rows, or None where that takes too long.

    A bare count(*) is one instruction that nothing can interrupt, hence the subquery.
    """
    row = _first_row(
        conn,
        f"select count(*) from (select 1 from {quoted(table)} limit {_COUNT_ROWS + 1})",  # noqa: S608 -- names are quoted
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
        f"case typeof({name}) when 'text' then substr({name}, 1, {SAMPLE_CHARS + 1}) "
        f"when 'blob' then null else {name} end"
        for name in (quoted(each.name) for each in columns)
    )
    values: list[list[Scalar]] = [[] for _ in columns]
    try:
        with sqlite_timelimit(conn, _SAMPLE_MS):
            for row in conn.execute(
                f"select {expressions} from {quoted(table)} limit {_SAMPLE_ROWS}"  # noqa: S608 -- names are quoted
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
    short = [each for each in distinct if len(each) <= SAMPLE_CHARS and each.isprintable()]
    if not short or len(short) * 2 < len(distinct):
        return ()
    if len(distinct) == len(texts) >= 20:
        length = sum(map(len, short)) / len(short)
        if length > 30 or (length > 15 and not any(" " in each for each in short)):
            return ()
    if len(distinct) == len(short) <= _ENUM and len(texts) > len(short):
        return tuple(short)
    return tuple(short[:SAMPLES])


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
    source = f"from {quoted(table)}"
    if count is not None:
        both = ", ".join(f"min({quoted(name)}), max({quoted(name)})" for name in names)
        row = _first_row(conn, f"select {both} {source}", _RANGE_MS)
        if row:
            found = {name: (row[2 * i], row[2 * i + 1]) for i, name in enumerate(names)}
    if not found:
        for name in _indexed(conn, table) & set(names):
            low = _first_row(conn, f"select min({quoted(name)}) {source}", _RANGE_MS)
            high = _first_row(conn, f"select max({quoted(name)}) {source}", _RANGE_MS)
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
    for index in conn.execute(f"PRAGMA index_list({quoted(table)})").fetchall():
        first = conn.execute(f"PRAGMA index_info({quoted(index[1])})").fetchone()
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
