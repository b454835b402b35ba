"""Rows of a table, read by key in pages, as the person who started the run.

The condition that chooses rows is somebody's SQL, so it runs behind the guard with
limits of its own. BLOBs are not read with a page: such a cell comes as `b""`.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING

from ...errors import BadInput
from ...permissions import Actor
from ...sql_names import quoted
from ..values import Key, Row, Run, Selection, Value
from .batch import RETRY
from .own_tables import read
from .row_reader import PAGE_ROWS, Reader
from .tables import TargetTable, key_from_json, key_json, where_key

if TYPE_CHECKING:
    from datasette.app import Datasette


async def pages(
    datasette: Datasette,
    run: Run,
    target: TargetTable,
    columns: Sequence[str],
    *,
    after: Key | None,
) -> AsyncGenerator[Sequence[Row], None]:
    """The rows that a run has not settled: those behind the key `after`, then those to be retried.

    `after` None begins at the beginning, `()` reads only what is to be retried. A page has
    from one to PAGE_ROWS rows. A row to be retried that is gone comes with NULLs. Raises
    TableGone, NotAllowed, SqlRejected, QueryFailed and QueryTimedOut.
    """
    reader = Reader(datasette, run.actor, target, run.enrichment.database, columns, run.selection)
    anew = not await _with_results(datasette, run, None)
    while after != ():
        found, last = await reader.page(after)
        if found:
            settled = set() if anew else await _with_results(datasette, run, found)
            if page := [row for row in found if key_json(row.key) not in settled]:
                yield page
        if last is None:
            break
        after = last
    retried: str | None = ""
    while retried is not None:
        keys, retried = await _to_retry(datasette, run, retried)
        if keys:
            there = {row.key: row for row in await reader.rows(keys)}
            nothing = dict.fromkeys(columns)
            yield [there.get(key) or Row(key, nothing) for key in keys]


async def count(
    datasette: Datasette,
    actor: Actor,
    database: str,
    target: TargetTable,
    selection: Selection,
    *,
    milliseconds: int | None = None,
) -> int:
    """How many rows a selection has. Raises what `run_query` does, and TableGone."""
    reader = Reader(datasette, actor, target, database, (), selection, milliseconds)
    result = await reader.run(f"SELECT count(*) {reader.source}", {})
    return int(str(result.rows[0][0]))


async def sample(
    datasette: Datasette,
    actor: Actor,
    database: str,
    target: TargetTable,
    selection: Selection,
    columns: Sequence[str],
    n: int,
    seed: int,
    *,
    milliseconds: int | None = None,
) -> tuple[Row, ...]:
    """At most `n` rows from all over the selection, the same ones for the same seed.

    Of more than 20,000 rows with keys that are not one number, from the first 20,000.
    """
    reader = Reader(datasette, actor, target, database, columns, selection, milliseconds)
    keys = await reader.some_keys(n, random.Random(seed))
    return tuple(await reader.rows(keys)) if keys else ()


async def read_row(
    datasette: Datasette,
    actor: Actor,
    database: str,
    target: TargetTable,
    key: Key,
    columns: Sequence[str],
) -> Row | None:
    """One row, or None where it is gone."""
    reader = Reader(datasette, actor, target, database, columns, Selection())
    found = await reader.rows([key])
    return found[0] if found else None


async def read_rows(
    datasette: Datasette,
    actor: Actor,
    database: str,
    target: TargetTable,
    keys: Sequence[Key],
    columns: Sequence[str],
) -> dict[Key, Row]:
    """The rows of these keys that are there, by key."""
    reader = Reader(datasette, actor, target, database, columns, Selection())
    return {row.key: row for row in await reader.rows(keys)}


async def read_blob(
    datasette: Datasette,
    database: str,
    target: TargetTable,
    key: Key,
    column: str,
    *,
    max_bytes: int,
) -> bytes | None:
    """The BLOB of a cell, None where it is NULL or the row is gone.

    The permission to view the table is the caller's to check. Raises BadInput for a BLOB
    of more than `max_bytes`, which is not read then, and for a cell that holds no BLOB.
    """
    cell = f"{quoted(target.name)}.{quoted(column)}"
    source = f"FROM {quoted(target.name)} WHERE {where_key(target)}"

    def ask(connection: sqlite3.Connection) -> bytes | None:
        row = connection.execute(f"SELECT typeof({cell}), length({cell}) {source}", key).fetchone()
        if row is None or row[0] == "null":
            return None
        if row[0] != "blob":
            raise BadInput(f"The column {column} holds no BLOB in this row but {row[0]}.")
        if row[1] > max_bytes:
            raise BadInput(
                f"The BLOB in {column} has {row[1]:,} bytes, more than the {max_bytes:,} that "
                "are sent (max_attachment_bytes)."
            )
        (blob,) = connection.execute(f"SELECT {cell} {source}", key).fetchone()
        return bytes(blob)

    found: bytes | None = await datasette.get_database(database).execute_fn(ask)
    return found


async def _with_results(datasette: Datasette, run: Run, rows: Sequence[Row] | None) -> set[str]:
    """The stored keys of those rows that have a result in this run; of any row with None."""
    if rows is None:
        keys = ""
        params: list[Value] = [run.number]
    else:
        keys = "AND row_key IN (SELECT value FROM json_each(?)) "
        params = [run.number, json.dumps([key_json(row.key) for row in rows])]

    def ask(connection: sqlite3.Connection) -> set[str]:
        found = connection.execute(
            f"SELECT row_key FROM _llm_tools_results WHERE run = ? {keys}"  # noqa: S608 -- one of two literals
            f"LIMIT {1 if rows is None else len(rows)}",
            params,
        )
        return {key for (key,) in found}

    return await read(datasette, run.enrichment.database, ask, set())


async def _to_retry(datasette: Datasette, run: Run, after: str) -> tuple[list[Key], str | None]:
    """Keys of rows to be retried behind a stored key, and where to go on, None at the end."""

    def ask(connection: sqlite3.Connection) -> list[str]:
        found = connection.execute(
            "SELECT row_key FROM _llm_tools_results WHERE run = ? AND status != 'done' "
            "AND status = ? AND row_key > ? ORDER BY row_key LIMIT ?",
            [run.number, RETRY, after, PAGE_ROWS],
        )
        return [key for (key,) in found]

    nothing: list[str] = []
    keys = await read(datasette, run.enrichment.database, ask, nothing)
    return [key_from_json(each) for each in keys], keys[-1] if keys else None
