"""Frozen rows of what was published, and the HTML that was made of them.

Rows and HTML of a block lie compressed beside what may be asked without reading them.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import NotFound
from ..widgets.internal_tables import insert, read, write
from .records import FROZEN_COLUMNS, all_frozen_values, frozen_of
from .values import Exploration, Frozen, Snapshot

if TYPE_CHECKING:
    from datasette.app import Datasette

_TABLE = "llm_tools_exploration_snapshots"
_OF_SNAPSHOT = (
    f"from {_TABLE} where exploration_id = :id and number = :number "
    "and (:block is null or block_id = :block) order by position"
)
_FROZEN = f"select {FROZEN_COLUMNS} {_OF_SNAPSHOT}"
_READS = f"select block_id, database_name, tables, row_count, taken_at, refused {_OF_SNAPSHOT}"
_FRAGMENTS = f"select block_id, html, html_for {_OF_SNAPSHOT}"


@dataclass(frozen=True, slots=True)
class Read:
    """What was read for a frozen block: its database and tables. `refused`: it has no rows."""

    block_id: str
    database: str | None
    tables: tuple[str, ...]
    row_count: int
    taken_at: str
    refused: str | None


@dataclass(frozen=True, slots=True)
class Fragment:
    """The HTML of a frozen block, and a key of what it was made for."""

    html: str
    html_for: str


async def snapshot(datasette: Datasette, exploration: Exploration) -> Snapshot | None:
    """All frozen blocks of an exploration, or None where there are none."""
    if exploration.snapshot is None:
        return None
    rows = await _rows(datasette, _FROZEN, exploration)
    blocks = await asyncio.to_thread(lambda: tuple(map(frozen_of, rows)))
    return Snapshot(exploration.snapshot, blocks)


async def frozen(datasette: Datasette, exploration: Exploration, block_id: str) -> Frozen | None:
    """What was frozen of one block, or None."""
    rows = await _rows(datasette, _FROZEN, exploration, block_id)
    return await asyncio.to_thread(frozen_of, rows[0]) if rows else None


async def reads(datasette: Datasette, exploration: Exploration) -> tuple[Read, ...]:
    """What each frozen block has read, without its rows."""
    return tuple(
        Read(
            block_id=row["block_id"],
            database=row["database_name"],
            tables=tuple(json.loads(row["tables"])),
            row_count=row["row_count"],
            taken_at=row["taken_at"],
            refused=row["refused"],
        )
        for row in await _rows(datasette, _READS, exploration)
    )


async def fragments(datasette: Datasette, exploration: Exploration) -> dict[str, Fragment]:
    """The HTML that is kept of frozen blocks, by the block's id."""
    rows = await _rows(datasette, _FRAGMENTS, exploration)
    kept = [row for row in rows if row["html"] is not None]
    return await asyncio.to_thread(
        lambda: {
            row["block_id"]: Fragment(zlib.decompress(row["html"]).decode(), row["html_for"])
            for row in kept
        }
    )


async def keep_fragments(
    datasette: Datasette, exploration: Exploration, html: Mapping[str, str], html_for: str
) -> None:
    """Keep the HTML of frozen blocks; nothing is done where they were forgotten meanwhile."""

    def compress() -> list[tuple[Any, ...]]:
        return [
            (zlib.compress(text.encode()), html_for, exploration.id, exploration.snapshot, block_id)
            for block_id, text in html.items()
        ]

    values = await asyncio.to_thread(compress)

    def change(connection: sqlite3.Connection) -> None:
        connection.executemany(
            f"update {_TABLE} set html = ?, html_for = ? "
            "where exploration_id = ? and number = ? and block_id = ?",
            values,
        )

    await write(datasette, change)


async def keep_imported(
    datasette: Datasette, exploration_id: str, imported: Sequence[Frozen]
) -> None:
    """Keep the rows that came with a file as the snapshot of an exploration that is not published.

    Raises NotFound, Conflict.
    """
    values = await all_frozen_values(imported)
    number = snapshot_number(None)

    def change(connection: sqlite3.Connection) -> None:
        changed = connection.execute(
            "update llm_tools_explorations set snapshot = ? where id = ? and published is null",
            [number, exploration_id],
        )
        if not changed.rowcount:
            raise NotFound("There is no such exploration that is not published.")
        drop_snapshots(connection, exploration_id)
        insert_frozen(connection, exploration_id, number, values)

    await write(datasette, change)


def snapshot_number(before: int | None) -> int:
    """A number for a new snapshot that no earlier one has had, not even a forgotten one: what is
    kept of a page is kept by it. Milliseconds since 1970."""
    return max(int(time.time() * 1000), (before or 0) + 1)


def insert_frozen(
    connection: sqlite3.Connection, exploration_id: str, number: int, values: Sequence[list[Any]]
) -> None:
    """Add frozen blocks, as records.all_frozen_values gives them, within a transaction."""
    for each in values:
        columns = f"exploration_id, number, {FROZEN_COLUMNS}"
        insert(connection, _TABLE, columns, [exploration_id, number, *each])


def drop_snapshots(connection: sqlite3.Connection, exploration_id: str) -> None:
    """Forget all frozen blocks of an exploration, within a transaction."""
    connection.execute(f"delete from {_TABLE} where exploration_id = ?", [exploration_id])


async def _rows(
    datasette: Datasette, sql: str, exploration: Exploration, block_id: str | None = None
) -> list[Any]:
    values = {"id": exploration.id, "number": exploration.snapshot, "block": block_id}
    return await read(datasette, sql, values)
